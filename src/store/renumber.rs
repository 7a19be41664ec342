//! What happens when a mailbox's UIDVALIDITY changes (SAFETY R5).
//!
//! A new epoch begins. The old rows stay on screen with their keys, bodies and pending operations,
//! while the new pull fills the epoch with hidden rows. When all are there, rows are paired by
//! Message-ID, INTERNALDATE and size; a pair that is unique on both sides keeps the old key and
//! body and takes the new UID and flags. The rest of the old goes, the rest of the new appears.

use std::collections::BTreeMap;

use crate::model::{ContentKey, MailboxKey, MessageKey};

use super::mailboxes::{Epoch, Mailbox};
use super::messages::{Message, pair};
use super::{Change, Rows, StoreError, Tx, bodies, effective, mailboxes, messages};

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
            "SELECT key, content FROM message
             WHERE base_mailbox = ?1 AND base_epoch > ?2 AND mailbox IS NULL",
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
    let Some(mut ending) = Ending::of(tx, mailbox)? else {
        return Ok(Renumbered::default());
    };
    while !ending.step(tx, usize::MAX)? {}
    Ok(ending.outcome)
}

/// What is left to do to end a renumbering: found in one look, done in steps, so that a person's
/// change waits for one step only. It may be dropped after any step and begun anew.
#[derive(Debug)]
pub struct Ending {
    mailbox: Mailbox,
    pairs: Vec<(Row, Row)>,
    gone: Vec<Row>,
    /// UIDs up to this one are on screen.
    shown: i64,
    outcome: Renumbered,
}

type Row = (MessageKey, ContentKey);

impl Ending {
    /// Looks at both sides; `None` in a mailbox where no renumbering runs.
    pub fn of(rows: &impl Rows, mailbox: MailboxKey) -> Result<Option<Self>, StoreError> {
        let row = mailboxes::get(rows, mailbox)?;
        if row.settled == row.epoch {
            return Ok(None);
        }
        let mut outcome = Renumbered::default();
        let mut pairs = Vec::new();
        let mut old = by_mark(rows, &row, Side::Old)?;
        for (mark, fresh) in by_mark(rows, &row, Side::New)? {
            let stale = old.get(&mark).map(Vec::as_slice);
            if let (Some([stale]), [fresh]) = (stale, fresh.as_slice()) {
                pairs.push((*stale, *fresh));
                old.remove(&mark);
            } else {
                outcome.new += fresh.len();
            }
        }
        let gone: Vec<Row> = old.into_values().flatten().collect();
        outcome.kept = pairs.len();
        outcome.gone = gone.len();
        Ok(Some(Self {
            mailbox: row,
            pairs,
            gone,
            shown: 0,
            outcome,
        }))
    }

    /// Works on at most `most` rows; true when the renumbering has ended.
    pub fn step(&mut self, tx: &Tx<'_>, most: usize) -> Result<bool, StoreError> {
        tx.changed(Change::Messages(self.mailbox.key));
        tx.changed(Change::Mailboxes(self.mailbox.account));
        let mut room = most;
        while let Some((stale, fresh)) = self.pairs.pop().filter(|_| room > 0) {
            take_over(tx, &self.mailbox, stale, fresh)?;
            room -= 1;
            if room == 0 {
                return Ok(false);
            }
        }
        let why = messages::left_words(&self.mailbox);
        while let Some((key, content)) = self.gone.pop() {
            if !effective::leave(tx, key, content, &why)? {
                effective::forget_base(tx, key)?;
            }
            room -= 1;
            if room == 0 {
                return Ok(false);
            }
        }
        if self.show(tx, room)? {
            return Ok(false);
        }
        tx.connection()
            .prepare_cached("UPDATE mailbox SET settled = epoch WHERE key = ?1 AND epoch = ?2")?
            .execute((self.mailbox.key.0, self.mailbox.epoch.0))?;
        Ok(true)
    }

    /// Puts rows of the new epoch on the screen; whether there were any.
    fn show(&mut self, tx: &Tx<'_>, most: usize) -> Result<bool, StoreError> {
        let (mailbox, epoch) = (self.mailbox.key.0, self.mailbox.epoch.0);
        let last: Option<i64> = tx
            .connection()
            .prepare_cached(
                "SELECT max(base_uid) FROM (SELECT base_uid FROM message
                   WHERE base_mailbox = ?1 AND base_epoch = ?2 AND base_uid > ?3
                   ORDER BY base_uid LIMIT ?4)",
            )?
            .query_row(
                (
                    mailbox,
                    epoch,
                    self.shown,
                    i64::try_from(most).unwrap_or(i64::MAX),
                ),
                |row| row.get(0),
            )?;
        let Some(last) = last else {
            return Ok(false);
        };
        tx.connection()
            .prepare_cached(
                "UPDATE message SET mailbox = ?1 WHERE base_mailbox = ?1 AND base_epoch = ?2
                   AND base_uid > ?3 AND base_uid <= ?4 AND mailbox IS NULL",
            )?
            .execute((mailbox, epoch, self.shown, last))?;
        self.shown = last;
        Ok(true)
    }
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

/// What a message is known by when its UID is not.
type Mark = (String, i64, i64);

fn by_mark(
    rows: &impl Rows,
    mailbox: &Mailbox,
    side: Side,
) -> Result<BTreeMap<Mark, Vec<Row>>, StoreError> {
    let side = match side {
        Side::Old => "base_epoch < ?2",
        Side::New => "base_epoch = ?2",
    };
    let mut query = rows.connection().prepare_cached(&format!(
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
    mailbox: &Mailbox,
    (old, held): Row,
    (new, content): Row,
) -> Result<(), StoreError> {
    let is = |message: &Option<Message>, now: bool| {
        let base = message.as_ref().and_then(|message| message.base.as_ref());
        base.is_some_and(|base| (base.epoch == mailbox.epoch) == now)
    };
    let fresh = messages::find(tx, new)?;
    // The look was in an earlier transaction: only what is still so is changed.
    if !is(&messages::find(tx, old)?, false) || !is(&fresh, true) {
        return Ok(());
    }
    let Some(base) = fresh.and_then(|message| message.base) else {
        return Ok(());
    };
    messages::remove(tx, new, content)?;
    tx.connection()
        .prepare_cached(
            "UPDATE message SET base_epoch = ?2, base_uid = ?3, base_modseq = NULL WHERE key = ?1",
        )?
        .execute((old.0, base.epoch.0, base.uid.0))?;
    messages::set_base_flags(tx, old, &base.flags, base.modseq)?;
    effective::refold(tx, old)?;
    // Half a message is not continued under another UID: its bytes might be another's.
    bodies::forget_half(tx, held)
}
