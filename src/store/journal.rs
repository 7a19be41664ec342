//! The journal's rows: what the user asked for and the server has not confirmed. What a verdict
//! changes beside the row is told in [`super::verdicts`].

use rusqlite::{Connection, Row};

use crate::model::journal::{Cause, Proof, PutOff, Spot};
use crate::model::{
    AccountKey, ActionId, Flags, MailboxKey, MessageKey, Operation, OperationId, OperationKind,
    OperationState,
};

use super::columns::{flags, json, uid};
use super::{Change, Rows, StoreError, Tx};

/// An operation that waits to be sent, with what must be known of its messages now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The row.
    pub operation: Operation,
    /// Whether it may be sent now; one that may not still holds up what was asked for after it.
    pub due: bool,
    /// Where its message stands on the server, in the current epoch; `None` while it stands
    /// nowhere, or its mailbox is being renumbered: then it cannot be sent yet.
    pub spot: Option<Spot>,
    /// The same of the other message that it names.
    pub other: Option<Spot>,
    /// The flags that the server confirmed.
    pub base: Flags,
    /// Whether every byte of the message is here (an upload waits for that).
    pub kept: bool,
}

const FIELDS: &str = "j.id, j.action, j.account, j.mailbox, j.detail, j.state, j.not_before,
    j.attempt, j.why, j.asked, j.cause";

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
        "failed" => OperationState::Failed {
            why: row.get(8)?,
            cause: cause(&kind, row.get_ref(10)?.as_str()?),
        },
        _ => OperationState::Queued {
            put_off: match row.get(6)? {
                Some(until) => Some(PutOff {
                    until,
                    why: row.get(8)?,
                }),
                None => None,
            },
        },
    };
    Ok(Some(Operation {
        id: OperationId(row.get(0)?),
        action: ActionId(row.get(1)?),
        account: AccountKey(row.get(2)?),
        mailbox: row.get::<_, Option<i64>>(3)?.map(MailboxKey),
        kind,
        state,
        tries: row.get(7)?,
        asked: row.get(9)?,
    }))
}

/// The word of a cause in the table, which knows four of them: a deletion of a mailbox is never
/// [`Cause::Gone`], and that word there is [`Cause::Arrived`].
pub(super) fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Arrived => Cause::Gone.word(),
        other => other.word(),
    }
}

fn cause(kind: &OperationKind, word: &str) -> Cause {
    match (kind, Cause::parse(word)) {
        (OperationKind::Remove { .. }, Cause::Gone) => Cause::Arrived,
        (_, cause) => cause,
    }
}

/// The operations that a condition on `?1` chooses, oldest first.
fn chosen(rows: &impl Rows, condition: &str, by: i64) -> Result<Vec<Operation>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {FIELDS} FROM journal j WHERE {condition} ORDER BY j.id"
    ))?;
    collect(query.query_map([by], read)?)
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

/// Rows of a kind that this version knows which it cannot read all the same: they are damaged.
pub(super) fn damaged(sql: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut query = sql.prepare(
        "SELECT id, detail FROM journal WHERE kind IN ('flag', 'move', 'copy', 'append', 'expunge',
           'create', 'rename', 'remove', 'subscribe', 'submit')",
    )?;
    let mut found = query.query([])?;
    let mut damaged = Vec::new();
    while let Some(row) = found.next()? {
        let detail = row.get_ref(1)?.as_str().unwrap_or_default();
        if serde_json::from_str::<OperationKind>(detail).is_err() {
            damaged.push(row.get(0)?);
        }
    }
    Ok(damaged)
}

/// All operations, oldest first.
pub fn all(rows: &impl Rows) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.id >= ?1", 0)
}

/// The operations that change one message, oldest first.
pub fn of_message(rows: &impl Rows, message: MessageKey) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.message = ?1", message.0)
}

/// The operations that name a message beside the one that they change: copies of it, uploads of
/// it, and what waits until it stands on a server.
pub fn naming(rows: &impl Rows, message: MessageKey) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.other = ?1", message.0)
}

/// The operations that put messages into a mailbox, oldest first.
pub fn into_mailbox(rows: &impl Rows, mailbox: MailboxKey) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.target = ?1", mailbox.0)
}

/// The operations that change a mailbox as a mailbox, oldest first.
pub fn of_mailbox(rows: &impl Rows, mailbox: MailboxKey) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.message IS NULL AND j.mailbox = ?1", mailbox.0)
}

/// The operations that change the mailboxes of an account, oldest first.
pub fn on_mailboxes(rows: &impl Rows, account: AccountKey) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.account = ?1 AND j.message IS NULL", account.0)
}

/// What was handed over and whose end is not known, of all accounts.
pub(super) fn undecided(rows: &impl Rows) -> Result<Vec<Operation>, StoreError> {
    chosen(rows, "j.state IN ('in-flight', 'unsure') AND j.id >= ?1", 0)
}

/// The operation with this id.
pub fn find(rows: &impl Rows, id: OperationId) -> Result<Option<Operation>, StoreError> {
    Ok(chosen(rows, "j.id = ?1", id.0)?.pop())
}

/// Whether anything of an account waits to be sent, now or later.
pub fn any_waiting(rows: &impl Rows, account: AccountKey) -> Result<bool, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM journal
         WHERE account = ?1 AND state IN ('queued', 'unsure'))",
    )?;
    Ok(query.query_row([account.0], |row| row.get(0))?)
}

/// What of an account is not refused, oldest first: what may be sent now, and what holds it up.
/// Messages to submit are not among it: those are in [`super::outgoing`].
pub fn waiting(
    rows: &impl Rows,
    account: AccountKey,
    now: i64,
) -> Result<Vec<Waiting>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {FIELDS}, m.base_flags, m.base_keywords,
           m.base_mailbox, m.base_epoch, m.base_uid, b.epoch,
           o.base_mailbox, o.base_epoch, o.base_uid, p.epoch, coalesce(c.kept = 3, 0)
         FROM journal j LEFT JOIN message m ON m.key = j.message
           LEFT JOIN mailbox b ON b.key = m.base_mailbox
           LEFT JOIN message o ON o.key = j.other
           LEFT JOIN mailbox p ON p.key = o.base_mailbox
           LEFT JOIN content c ON c.key = m.content
         WHERE j.account = ?1 AND j.state <> 'failed' AND j.kind <> 'submit' ORDER BY j.id"
    ))?;
    let mut waiting = Vec::new();
    let mut found = query.query([account.0])?;
    while let Some(row) = found.next()? {
        let Some(operation) = read(row)? else {
            continue;
        };
        let system: Option<i64> = row.get(11)?;
        let keywords: Option<String> = row.get(12)?;
        waiting.push(Waiting {
            due: is_due(&operation.state, now),
            operation,
            spot: spot(row, 13)?,
            other: spot(row, 17)?,
            base: flags(
                system.unwrap_or_default(),
                keywords.as_deref().unwrap_or_default(),
            ),
            kept: row.get(21)?,
        });
    }
    Ok(waiting)
}

fn is_due(state: &OperationState, now: i64) -> bool {
    match state {
        // Nothing is put off for more than a day: a later time means that the clock was set back
        // (SAFETY R18).
        OperationState::Queued { put_off } => put_off.as_ref().is_none_or(|put_off| {
            put_off.until <= now || put_off.until > now.saturating_add(86_400)
        }),
        OperationState::Unsure => true,
        OperationState::InFlight { .. } | OperationState::Failed { .. } => false,
    }
}

/// Reads (mailbox, epoch, UID, current epoch) from four neighbouring columns.
fn spot(row: &Row<'_>, at: usize) -> Result<Option<Spot>, rusqlite::Error> {
    let mailbox: Option<i64> = row.get(at)?;
    let epoch: Option<i64> = row.get(at + 1)?;
    let known = row.get::<_, Option<i64>>(at + 2)?.and_then(uid);
    let current: Option<i64> = row.get(at + 3)?;
    Ok(match (mailbox, epoch, known) {
        (Some(mailbox), Some(epoch), Some(uid)) if current == Some(epoch) => Some(Spot {
            mailbox: MailboxKey(mailbox),
            epoch,
            uid,
        }),
        _ => None,
    })
}

/// Messages of this account that uploads to other accounts wait for, because their bytes are not
/// here yet.
pub fn bytes_awaited(rows: &impl Rows, account: AccountKey) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT DISTINCT o.key FROM journal j JOIN message o ON o.key = j.other
           JOIN content c ON c.key = o.content JOIN mailbox b ON b.key = o.base_mailbox
         WHERE j.kind = 'append' AND j.state = 'queued' AND b.account = ?1 AND c.kept < 3",
    )?;
    let found = query
        .query_map([account.0], |row| Ok(MessageKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// A new action: what one key press makes together and undoes together.
pub fn action(tx: &Tx<'_>, word: &str) -> Result<ActionId, StoreError> {
    tx.connection()
        .prepare_cached("INSERT INTO action (word, made) VALUES (?1, ?2)")?
        .execute((word, tx.now()))?;
    Ok(ActionId(tx.connection().last_insert_rowid()))
}

/// Adds an operation; its transaction is synced to the disk. Who calls it also writes what is shown.
pub fn add(
    tx: &Tx<'_>,
    action: ActionId,
    account: AccountKey,
    mailbox: Option<MailboxKey>,
    kind: &OperationKind,
) -> Result<OperationId, StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO journal (action, account, mailbox, message, other, target, kind, detail,
               state, asked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'queued', ?9)",
        )?
        .execute((
            action.0,
            account.0,
            mailbox.or_else(|| kind.mailbox()).map(|m| m.0),
            kind.message().map(|m| m.0),
            kind.other().map(|m| m.0),
            kind.target().map(|m| m.0),
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
        "UPDATE journal SET state = 'in-flight', attempt = attempt + 1, not_before = NULL, why = ''
         WHERE id = ?1",
    )?;
    for id in ids {
        update.execute([id.0])?;
    }
    tx.durable();
    tx.changed(Change::Journal);
    Ok(true)
}

/// Writes down, in the transaction that marks it as handed over, what a check will need.
pub fn write_proof(tx: &Tx<'_>, id: OperationId, proof: &Proof) -> Result<(), StoreError> {
    let Some(operation) = find(tx, id)? else {
        return Ok(());
    };
    let kind = operation.kind.with_proof(Some(proof.clone()));
    tx.connection()
        .prepare_cached("UPDATE journal SET detail = ?2 WHERE id = ?1")?
        .execute((id.0, json(&kind)?))?;
    tx.durable();
    Ok(())
}

/// What was written down says nothing any more: it did not happen, and may be sent as if for the
/// first time.
pub fn forget_proof(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = find(tx, id)? else {
        return Ok(());
    };
    let kind = operation.kind.with_proof(None);
    tx.connection()
        .prepare_cached("UPDATE journal SET detail = ?2 WHERE id = ?1")?
        .execute((id.0, json(&kind)?))?;
    Ok(())
}

/// It waits for the other message no longer: that one stands where it should.
pub(super) fn free(tx: &Tx<'_>, operation: &Operation) -> Result<(), StoreError> {
    let mut kind = operation.kind.clone();
    if let OperationKind::Expunge { after, .. } = &mut kind {
        *after = None;
    }
    tx.connection()
        .prepare_cached("UPDATE journal SET detail = ?2, other = ?3 WHERE id = ?1")?
        .execute((operation.id.0, json(&kind)?, kind.other().map(|m| m.0)))?;
    Ok(())
}

/// Copies of a message that wait are made of another row from now on, which stands where the message
/// did: the message itself goes to another account.
pub(super) fn copy_from(tx: &Tx<'_>, from: MessageKey, to: MessageKey) -> Result<(), StoreError> {
    for mut operation in naming(tx, from)? {
        if let OperationKind::Copy { source, .. } = &mut operation.kind {
            *source = to;
            rewrite(tx, &operation)?;
        }
    }
    Ok(())
}

/// Copies of a message that is not to stand on their server any more are uploaded.
pub(super) fn upload_copies(
    tx: &Tx<'_>,
    of: MessageKey,
    bytes: Option<MessageKey>,
) -> Result<(), StoreError> {
    for mut operation in naming(tx, of)? {
        if operation.state.is_undecided() {
            continue;
        }
        if let OperationKind::Copy {
            message, to, flags, ..
        } = operation.kind
        {
            operation.kind = OperationKind::Append {
                message,
                source: bytes,
                to,
                flags,
                proof: None,
                sent_as: None,
            };
            rewrite(tx, &operation)?;
        }
    }
    Ok(())
}

/// Writes anew what a row asks for, in its old place: what waits behind it goes on waiting for it.
pub fn rewrite(tx: &Tx<'_>, operation: &Operation) -> Result<(), StoreError> {
    let kind = &operation.kind;
    tx.connection()
        .prepare_cached(
            "UPDATE journal SET kind = ?2, detail = ?3, other = ?4, target = ?5 WHERE id = ?1",
        )?
        .execute((
            operation.id.0,
            kind.word(),
            json(kind)?,
            kind.other().map(|m| m.0),
            kind.target().map(|m| m.0),
        ))?;
    tx.changed(Change::Journal);
    Ok(())
}

/// Writes the state of one row, and nothing else.
pub(super) fn set_state(
    tx: &Tx<'_>,
    id: OperationId,
    state: &OperationState,
) -> Result<(), StoreError> {
    let (not_before, why, cause) = match state {
        OperationState::Queued {
            put_off: Some(PutOff { until, why }),
        } => (Some(*until), why.as_str(), Cause::Refused),
        OperationState::Queued { put_off: None }
        | OperationState::InFlight { .. }
        | OperationState::Unsure => (None, "", Cause::Refused),
        OperationState::Failed { why, cause } => (None, why.as_str(), *cause),
    };
    tx.connection()
        .prepare_cached(
            "UPDATE journal SET state = ?2, not_before = ?3, why = ?4, cause = ?5 WHERE id = ?1",
        )?
        .execute((id.0, state.word(), not_before, why, cause_word(cause)))?;
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

/// What was under way when the last connection of the account ended is unsure now. Messages to
/// submit go over another one: see [`super::outgoing::unsettle`].
pub fn unsettle(tx: &Tx<'_>, account: AccountKey) -> Result<usize, StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE journal SET state = 'unsure'
             WHERE account = ?1 AND state = 'in-flight' AND kind <> 'submit'",
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
        .prepare_cached("SELECT coalesce(sum(operations), 0) FROM batch WHERE account = ?1")?;
    Ok(query.query_row([account.0], |row| Ok(super::columns::count(row.get(0)?)))?)
}

/// How many operations there are, and how many of them failed.
pub fn counts(rows: &impl Rows) -> Result<(u64, u64), StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT coalesce(sum(operations), 0), coalesce(sum(iif(state = 'failed', operations, 0)), 0)
         FROM batch",
    )?;
    let count = super::columns::count;
    Ok(query.query_row([], |row| Ok((count(row.get(0)?), count(row.get(1)?))))?)
}

/// Whether any operation names a message, in whatever state.
pub(super) fn is_named(rows: &impl Rows, message: MessageKey) -> Result<bool, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE message = ?1)
           OR EXISTS (SELECT 1 FROM journal WHERE other = ?1)",
    )?;
    Ok(query.query_row([message.0], |row| row.get(0))?)
}
