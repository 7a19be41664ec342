//! The journal: what the user asked for and the server has not confirmed.

use rusqlite::{OptionalExtension, Row};

use crate::model::{
    AccountKey, ActionId, Flags, MailboxKey, MessageKey, Operation, OperationId, OperationKind,
    OperationState, Uid,
};

use super::columns::json;
use super::{Change, Rows, StoreError, Tx, messages};

/// An operation that waits to be sent, with what must be known of its message now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The row.
    pub operation: Operation,
    /// The message's UID in the current epoch of the operation's mailbox; `None` while it has none,
    /// as during a renumbering: then it cannot be sent yet.
    pub uid: Option<Uid>,
    /// The flags that the server confirmed.
    pub base: Flags,
}

const COLUMNS: &str =
    "SELECT j.id, j.action, j.account, j.mailbox, j.detail, j.state, j.not_before,
    j.attempt, j.why, j.asked FROM journal j";

fn read(row: &Row<'_>) -> Result<Option<Operation>, rusqlite::Error> {
    // A kind of a later version stays in the journal untouched.
    let Ok(kind) = serde_json::from_str::<OperationKind>(row.get_ref(4)?.as_str()?) else {
        return Ok(None);
    };
    let state = match row.get_ref(5)?.as_str()? {
        "in-flight" => OperationState::InFlight {
            attempt: row.get(7)?,
        },
        "unsure" => OperationState::Unsure,
        "failed" => OperationState::Failed { why: row.get(8)? },
        _ => OperationState::Queued {
            not_before: row.get(6)?,
        },
    };
    Ok(Some(Operation {
        id: OperationId(row.get(0)?),
        action: ActionId(row.get(1)?),
        account: AccountKey(row.get(2)?),
        mailbox: row.get::<_, Option<i64>>(3)?.map(MailboxKey),
        kind,
        state,
        asked: row.get(9)?,
    }))
}

/// All operations, oldest first.
pub fn all(rows: &impl Rows) -> Result<Vec<Operation>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} ORDER BY j.id"))?;
    collect(query.query_map([], read)?)
}

/// The operations on one message, oldest first.
pub fn of_message(rows: &impl Rows, message: MessageKey) -> Result<Vec<Operation>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE j.message = ?1 ORDER BY j.id"))?;
    collect(query.query_map([message.0], read)?)
}

/// The operation with this id.
pub fn find(rows: &impl Rows, id: OperationId) -> Result<Option<Operation>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE j.id = ?1"))?;
    Ok(query.query_row([id.0], read).optional()?.flatten())
}

fn collect(
    found: impl Iterator<Item = Result<Option<Operation>, rusqlite::Error>>,
) -> Result<Vec<Operation>, StoreError> {
    let mut operations = Vec::new();
    for row in found {
        operations.extend(row?);
    }
    Ok(operations)
}

/// What of an account may be sent now, oldest first: queued and due, or unsure (flags are simply
/// sent again).
pub fn waiting(
    rows: &impl Rows,
    account: AccountKey,
    now: i64,
) -> Result<Vec<Waiting>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT j.id, j.action, j.account, j.mailbox, j.detail, j.state, j.not_before, j.attempt,
           j.why, j.asked, m.base_flags, m.base_keywords,
           CASE WHEN m.base_epoch = b.epoch AND m.base_mailbox = j.mailbox THEN m.base_uid END
         FROM journal j LEFT JOIN message m ON m.key = j.message
           LEFT JOIN mailbox b ON b.key = m.base_mailbox
         WHERE j.account = ?1 AND (j.state = 'unsure'
           OR (j.state = 'queued' AND NOT coalesce(j.not_before, 0) BETWEEN ?2 + 1 AND ?3))
         ORDER BY j.id",
    )?;
    // Nothing is put off for more than a day: a later time means that the clock was set back
    // (SAFETY R18).
    let horizon = now.saturating_add(86_400);
    let mut waiting = Vec::new();
    let mut found = query.query((account.0, now, horizon))?;
    while let Some(row) = found.next()? {
        let Some(operation) = read(row)? else {
            continue;
        };
        let system: Option<i64> = row.get(10)?;
        let keywords: Option<String> = row.get(11)?;
        waiting.push(Waiting {
            operation,
            uid: row.get::<_, Option<i64>>(12)?.and_then(super::columns::uid),
            base: super::columns::flags(
                system.unwrap_or_default(),
                keywords.as_deref().unwrap_or_default(),
            ),
        });
    }
    Ok(waiting)
}

/// A new action: what one key press makes together and undoes together.
pub fn action(tx: &Tx<'_>, word: &str) -> Result<ActionId, StoreError> {
    tx.connection()
        .prepare_cached("INSERT INTO action (word, made) VALUES (?1, ?2)")?
        .execute((word, tx.now()))?;
    Ok(ActionId(tx.connection().last_insert_rowid()))
}

/// Adds an operation; its transaction is synced to the disk.
pub fn add(
    tx: &Tx<'_>,
    action: ActionId,
    account: AccountKey,
    mailbox: Option<MailboxKey>,
    kind: &OperationKind,
) -> Result<OperationId, StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO journal (action, account, mailbox, message, kind, detail, state, asked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7)",
        )?
        .execute((
            action.0,
            account.0,
            mailbox.map(|m| m.0),
            kind.message().map(|m| m.0),
            kind.word(),
            json(kind)?,
            tx.now(),
        ))?;
    tx.durable();
    tx.changed(Change::Journal);
    Ok(OperationId(tx.connection().last_insert_rowid()))
}

/// Marks operations as handed to the server. Commit this before the first byte leaves.
///
/// False, and nothing is marked, if one of them waits no longer: a person changed their mind since
/// they were read, and the old wish must not be sent.
pub fn mark_in_flight(tx: &Tx<'_>, ids: &[OperationId]) -> Result<bool, StoreError> {
    let mut waits = tx.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE id = ?1 AND state IN ('queued', 'unsure'))",
    )?;
    for id in ids {
        if !waits.query_row([id.0], |row| row.get::<_, bool>(0))? {
            return Ok(false);
        }
    }
    let mut update = tx.connection().prepare_cached(
        "UPDATE journal SET state = 'in-flight', attempt = attempt + 1, not_before = NULL
         WHERE id = ?1",
    )?;
    for id in ids {
        update.execute([id.0])?;
    }
    tx.durable();
    tx.changed(Change::Journal);
    Ok(true)
}

/// The server did it: base takes the change, the row goes. `modseq` is that of the STORE's answer.
pub fn done(tx: &Tx<'_>, id: OperationId, modseq: Option<u64>) -> Result<(), StoreError> {
    let Some(operation) = find(tx, id)? else {
        return Ok(());
    };
    remove(tx, id)?;
    if let Some(mailbox) = operation.mailbox {
        // Its rows no longer wait, whether or not their flags look otherwise.
        tx.changed(Change::Messages(mailbox));
    }
    match &operation.kind {
        OperationKind::Flag { message, change } => {
            let Some(row) = messages::find(tx, *message)? else {
                return Ok(());
            };
            if let Some(base) = &row.base {
                messages::set_base_flags(tx, *message, &change.apply(&base.flags), modseq)?;
                messages::refold(tx, *message)?;
            }
        }
    }
    Ok(())
}

/// The server refused it: the row stays with the server's words, and what is shown takes it back.
pub fn fail(tx: &Tx<'_>, id: OperationId, why: &str) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE journal SET state = 'failed', why = ?2 WHERE id = ?1")?
        .execute((id.0, why))?;
    settle(tx, id)
}

/// Puts it back into the queue, to be sent not before a time.
pub fn requeue(tx: &Tx<'_>, id: OperationId, not_before: Option<i64>) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE journal SET state = 'queued', not_before = ?2, why = '' WHERE id = ?1",
        )?
        .execute((id.0, not_before))?;
    settle(tx, id)
}

/// Nobody knows whether it happened.
pub fn unsure(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE journal SET state = 'unsure' WHERE id = ?1")?
        .execute([id.0])?;
    settle(tx, id)
}

/// Takes an operation back: what is shown reverts by itself.
pub fn withdraw(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let message = find(tx, id)?.and_then(|operation| operation.kind.message());
    remove(tx, id)?;
    if let Some(message) = message {
        messages::refold(tx, message)?;
    }
    tx.durable();
    Ok(())
}

fn settle(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    if let Some(message) = find(tx, id)?.and_then(|operation| operation.kind.message()) {
        messages::refold(tx, message)?;
    }
    tx.durable();
    tx.changed(Change::Journal);
    Ok(())
}

/// Removes a row without a word on what is shown.
pub fn remove(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM journal WHERE id = ?1")?
        .execute([id.0])?;
    tx.changed(Change::Journal);
    Ok(())
}

/// What the last owner of the account had handed over when it ended is unsure now. Called by who
/// takes the account's lock.
pub fn unsettle(tx: &Tx<'_>, account: AccountKey) -> Result<usize, StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE journal SET state = 'unsure' WHERE account = ?1 AND state = 'in-flight'",
        )?
        .execute([account.0])?;
    if changed > 0 {
        tx.durable();
        tx.changed(Change::Journal);
    }
    Ok(changed)
}

/// How many operations of an account there are, in whatever state.
pub fn count_of(rows: &impl Rows, account: AccountKey) -> Result<u64, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT count(*) FROM journal WHERE account = ?1")?;
    Ok(query.query_row([account.0], |row| Ok(super::columns::count(row.get(0)?)))?)
}

/// How many operations wait, and how many of them failed.
pub fn counts(rows: &impl Rows) -> Result<(u64, u64), StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT count(*), coalesce(sum(state = 'failed'), 0) FROM journal")?;
    Ok(query.query_row([], |row| {
        Ok((
            super::columns::count(row.get(0)?),
            super::columns::count(row.get(1)?),
        ))
    })?)
}
