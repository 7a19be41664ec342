//! A mailbox that a person deletes, and what came to it since: what nobody has seen is not deleted.

use rusqlite::OptionalExtension;

use crate::model::journal::{Cause, KnownMailbox};
use crate::model::{
    AccountKey, MailboxKey, OperationId, OperationKind, OperationState, Uid, UidSet,
};

use super::columns::{count, uid};
use super::mailboxes::{Epoch, Mailbox};
use super::{Rows, StoreError, Tx, journal, mailboxes, verdicts};

/// What is known of a mailbox now.
pub fn known(rows: &impl Rows, row: &Mailbox) -> Result<KnownMailbox, StoreError> {
    let base = row.base.as_ref();
    let top = top(rows, row.key, row.epoch)?;
    let stored: i64 = rows
        .connection()
        .prepare_cached("SELECT count(*) FROM message WHERE base_mailbox = ?1 AND base_epoch = ?2")?
        .query_row((row.key.0, row.epoch.0), |row| row.get(0))?;
    let said = row.status.messages.map_or(0, u64::from);
    let newest: Option<i64> = rows
        .connection()
        .prepare_cached("SELECT max(key) FROM message")?
        .query_row([], |row| row.get(0))?;
    Ok(KnownMailbox {
        uid_validity: base.and_then(|base| base.uidvalidity),
        uid_next: base
            .and_then(|base| base.uidnext)
            .max(top.map(|uid| uid.0.saturating_add(1))),
        messages: count(stored).max(said),
        newest: newest.unwrap_or(0),
        stranded: stranded(rows, row.key)?,
    })
}

fn top(rows: &impl Rows, mailbox: MailboxKey, epoch: Epoch) -> Result<Option<Uid>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT base_uid FROM message WHERE base_mailbox = ?1 AND base_epoch = ?2
           AND base_uid IS NOT NULL ORDER BY base_uid DESC LIMIT 1",
    )?;
    let found: Option<i64> = query
        .query_row((mailbox.0, epoch.0), |row| row.get(0))
        .optional()?;
    Ok(found.and_then(uid))
}

/// The UIDs, from one on, of messages that were there or on their way there when the mailbox was
/// deleted.
pub fn own(
    rows: &impl Rows,
    row: &Mailbox,
    from: u32,
    known: &KnownMailbox,
) -> Result<UidSet, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT base_uid FROM message WHERE base_mailbox = ?1 AND base_epoch = ?2
           AND base_uid >= ?3 AND key <= ?4",
    )?;
    let found = query
        .query_map((row.key.0, row.epoch.0, from, known.newest), |row| {
            row.get::<_, i64>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter_map(uid).collect())
}

/// How many messages of a mailbox were to be moved or copied out of it and could not.
pub fn stranded(rows: &impl Rows, mailbox: MailboxKey) -> Result<u64, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT count(DISTINCT m.key) FROM journal j
           JOIN message m ON m.key = j.message OR m.key = j.other
         WHERE j.state = 'failed' AND j.kind IN ('move', 'copy', 'append')
           AND m.base_mailbox = ?1",
    )?;
    Ok(query.query_row([mailbox.0], |row| Ok(count(row.get(0)?)))?)
}

/// Deletions of an account that wait for other accounts, because these have still to fetch bytes
/// from the mailbox.
pub fn held(rows: &impl Rows, account: AccountKey) -> Result<Vec<MailboxKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT DISTINCT r.mailbox FROM journal r JOIN message m ON m.base_mailbox = r.mailbox
           JOIN journal j ON j.other = m.key
           JOIN content c ON c.key = m.content
         WHERE r.account = ?1 AND r.kind = 'remove' AND r.state <> 'failed'
           AND j.kind = 'append' AND j.state <> 'failed' AND c.kept < 3",
    )?;
    let found = query
        .query_map([account.0], |row| Ok(MailboxKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// The mailbox is not deleted, because of what came to it: a person chooses, who is told of what is
/// there now.
pub fn refuse(
    tx: &Tx<'_>,
    id: OperationId,
    now: KnownMailbox,
    why: &str,
) -> Result<(), StoreError> {
    write(tx, id, now)?;
    verdicts::fail(tx, id, why, Cause::Arrived)
}

/// It is to be deleted all the same, with what is known of it by now.
pub fn insist(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    if let Some(operation) = journal::find(tx, id)?
        && let OperationKind::Remove {
            mailbox,
            known: told,
        } = operation.kind
        && matches!(
            operation.state,
            OperationState::Failed {
                cause: Cause::Arrived,
                ..
            }
        )
    {
        let mut now = known(tx, &mailboxes::get(tx, mailbox)?)?;
        if let Some(told) = told {
            // Of two numberings the one that the server was found with stands.
            if now.uid_validity != told.uid_validity {
                (now.uid_validity, now.uid_next) = (told.uid_validity, told.uid_next);
            }
            now.uid_next = now.uid_next.max(told.uid_next);
            now.messages = now.messages.max(told.messages);
        }
        write(tx, id, now)?;
    }
    verdicts::requeue(tx, id, None)
}

fn write(tx: &Tx<'_>, id: OperationId, now: KnownMailbox) -> Result<(), StoreError> {
    let Some(mut operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    if let OperationKind::Remove { known, .. } = &mut operation.kind {
        *known = Some(now);
    }
    journal::rewrite(tx, &operation)
}
