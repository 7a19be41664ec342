//! What happens when a mailbox's UIDVALIDITY changes (SAFETY R5).
//!
//! A new epoch begins. The old rows stay on screen with their keys, bodies and pending operations,
//! while the new pull fills the epoch with hidden rows. When all are there, rows are paired by
//! Message-ID, INTERNALDATE and size; a pair that is unique on both sides keeps the old key and
//! body and takes the new UID and flags. The rest of the old goes, the rest of the new appears.

use std::collections::BTreeMap;

use crate::model::{ContentKey, MailboxKey, MessageKey, Uid};

use super::mailboxes::{Epoch, Mailbox};
use super::messages::{Base, pair};
use super::{Change, Rows, StoreError, Tx, mailboxes, messages};

/// What a renumbering came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renumbered {
    /// Rows that kept their key and body.
    pub kept: usize,
    /// Old rows that the server has no longer, or that could not be told apart.
    pub gone: usize,
    /// New rows.
    pub new: usize,
}

/// Begins a new epoch; what an unfinished one had filled goes.
pub(super) fn begin(tx: &Tx<'_>, mailbox: &Mailbox) -> Result<Epoch, StoreError> {
    let hidden: Vec<_> = {
        let mut query = tx.connection().prepare_cached(
            "SELECT key, content FROM message WHERE base_mailbox = ?1 AND base_epoch > ?2",
        )?;
        query
            .query_map((mailbox.key.0, mailbox.settled.0), pair)?
            .collect::<Result<_, _>>()?
    };
    for (key, content) in hidden {
        messages::remove(tx, key, content)?;
    }
    let epoch = Epoch(mailbox.epoch.0 + 1);
    // With nothing on screen there is nothing to wait for.
    let settled = if mailbox.total == 0 {
        epoch
    } else {
        mailbox.settled
    };
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET epoch = ?2, settled = ?3, highestmodseq = NULL, uidnext = NULL,
               cursor_top = 0, cursor_missing = '' WHERE key = ?1",
        )?
        .execute((mailbox.key.0, epoch.0, settled.0))?;
    tx.changed(Change::Mailboxes(mailbox.account));
    Ok(epoch)
}

/// Ends a renumbering once every message of the new epoch is inserted with its envelope. Does
/// nothing in a mailbox where none runs.
pub fn finish(tx: &Tx<'_>, mailbox: MailboxKey) -> Result<Renumbered, StoreError> {
    let row = mailboxes::get(tx, mailbox)?;
    let mut outcome = Renumbered::default();
    if row.settled == row.epoch {
        return Ok(outcome);
    }
    let mut old = by_mark(tx, &row, Side::Old)?;
    let new = by_mark(tx, &row, Side::New)?;
    for (mark, fresh) in new {
        let stale = old.get(&mark).map(Vec::as_slice);
        if let (Some([stale]), [fresh]) = (stale, fresh.as_slice()) {
            take_over(tx, *stale, *fresh)?;
            old.remove(&mark);
            outcome.kept += 1;
        } else {
            outcome.new += fresh.len();
        }
    }
    for (key, content) in old.into_values().flatten() {
        messages::remove(tx, key, content)?;
        outcome.gone += 1;
    }
    tx.connection()
        .prepare_cached(
            "UPDATE message SET mailbox = ?1
             WHERE base_mailbox = ?1 AND base_epoch = ?2 AND mailbox IS NULL",
        )?
        .execute((mailbox.0, row.epoch.0))?;
    tx.connection()
        .prepare_cached("UPDATE mailbox SET settled = epoch WHERE key = ?1")?
        .execute([mailbox.0])?;
    tx.changed(Change::Messages(mailbox));
    tx.changed(Change::Mailboxes(row.account));
    Ok(outcome)
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

/// What a message is known by when its UID is not.
type Mark = (String, i64, i64);

fn by_mark(
    tx: &Tx<'_>,
    mailbox: &Mailbox,
    side: Side,
) -> Result<BTreeMap<Mark, Vec<(MessageKey, ContentKey)>>, StoreError> {
    let side = match side {
        Side::Old => "base_epoch < ?2",
        Side::New => "base_epoch = ?2",
    };
    let mut query = tx.connection().prepare_cached(&format!(
        "SELECT m.key, m.content, c.message_id, m.arrival, m.size
         FROM message m JOIN content c ON c.key = m.content
         WHERE m.base_mailbox = ?1 AND m.{side}"
    ))?;
    let mut marks: BTreeMap<Mark, Vec<_>> = BTreeMap::new();
    let mut found = query.query((mailbox.key.0, mailbox.epoch.0))?;
    while let Some(row) = found.next()? {
        let mark = (row.get(2)?, row.get(3)?, row.get(4)?);
        marks.entry(mark).or_default().push(pair(row)?);
    }
    Ok(marks)
}

/// The old row takes what the server says of the new one, which goes.
fn take_over(
    tx: &Tx<'_>,
    (old, _): (MessageKey, ContentKey),
    (new, content): (MessageKey, ContentKey),
) -> Result<(), StoreError> {
    let Some(Base {
        mailbox,
        epoch,
        uid: Uid(uid),
        flags,
        modseq,
    }) = messages::get(tx, new)?.base
    else {
        return Err(StoreError::missing("message", new.0));
    };
    messages::remove(tx, new, content)?;
    tx.connection()
        .prepare_cached(
            "UPDATE message SET base_mailbox = ?2, base_epoch = ?3, base_uid = ?4,
               base_modseq = NULL WHERE key = ?1",
        )?
        .execute((old.0, mailbox.0, epoch.0, uid))?;
    messages::set_base_flags(tx, old, &flags, modseq)?;
    messages::refold(tx, old)?;
    Ok(())
}
