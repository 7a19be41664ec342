//! Undo rows: what was shown before an action and after it. The last fifty actions are kept, over
//! restarts.

use rusqlite::OptionalExtension;

use crate::model::journal::Placed;
use crate::model::{ActionId, MailboxKey, MessageKey, OperationId};

use super::columns::{flags_at, of_flags};
use super::mutes::{self, Mute, Topic};
use super::{Rows, StoreError, Tx, saved};

const KEPT: i64 = 50;

/// What one message looked like before an action and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The message.
    pub message: MessageKey,
    /// How it was shown.
    pub before: Placed,
    /// What the action made of it.
    pub after: Placed,
}

/// What one mailbox looked like before an action and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousMailbox {
    /// The mailbox.
    pub mailbox: MailboxKey,
    /// Its name then; `None` if it was not there.
    pub name: Option<String>,
    /// Whether it was subscribed.
    pub subscribed: bool,
    /// What the action named it; `None` if it deleted it.
    pub now_name: Option<String>,
    /// Whether the action subscribed it.
    pub now_subscribed: bool,
}

/// One thing that an action muted, or muted no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousMute {
    /// Its row, as it was.
    pub mute: Mute,
    /// Whether the action ended it.
    pub ended: bool,
}

/// An action that can be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoable {
    /// The action.
    pub action: ActionId,
    /// What it was: `flag`, `move` …
    pub word: String,
    /// Messages that it changed.
    pub messages: Vec<Previous>,
    /// Whether it changed more than these.
    pub more: bool,
    /// Mailboxes that it changed.
    pub mailboxes: Vec<PreviousMailbox>,
    /// Messages that it queued, whether or not they are still in the outbox.
    pub submitted: Vec<OperationId>,
    /// What it muted, and what it muted no more.
    pub mutes: Vec<PreviousMute>,
}

/// Remembers what an action does to a message; of several changes of one action what was before the
/// first and what is after the last.
pub fn remember(
    tx: &Tx<'_>,
    action: ActionId,
    message: MessageKey,
    before: &Placed,
    after: &Placed,
) -> Result<(), StoreError> {
    let (flags, keywords) = of_flags(&before.flags);
    let (now_flags, now_keywords) = of_flags(&after.flags);
    tx.connection()
        .prepare_cached(
            "INSERT INTO undo (action, message, mailbox, flags, keywords, now_mailbox,
               now_flags, now_keywords) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (action, message) DO UPDATE SET now_mailbox = excluded.now_mailbox,
               now_flags = excluded.now_flags, now_keywords = excluded.now_keywords",
        )?
        .execute((
            action.0,
            message.0,
            before.mailbox.map(|m| m.0),
            flags,
            keywords,
            after.mailbox.map(|m| m.0),
            now_flags,
            now_keywords,
        ))?;
    Ok(())
}

/// Remembers what an action does to a mailbox.
pub fn remember_mailbox(
    tx: &Tx<'_>,
    action: ActionId,
    one: &PreviousMailbox,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT OR IGNORE INTO undo_mailbox (action, mailbox, name, subscribed, now_name,
               now_subscribed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            action.0,
            one.mailbox.0,
            &one.name,
            one.subscribed,
            &one.now_name,
            one.now_subscribed,
        ))?;
    Ok(())
}

/// Remembers that an action put a message into the outbox.
pub fn remember_submit(
    tx: &Tx<'_>,
    action: ActionId,
    operation: OperationId,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("INSERT OR REPLACE INTO undo_submit (action, operation) VALUES (?1, ?2)")?
        .execute((action.0, operation.0))?;
    Ok(())
}

/// Remembers what an action muted, or muted no more.
pub fn remember_mute(
    tx: &Tx<'_>,
    action: ActionId,
    previous: &PreviousMute,
) -> Result<(), StoreError> {
    let mute = &previous.mute;
    let (thread, list) = match &mute.topic {
        Topic::Thread(thread) => (Some(thread.0), None),
        Topic::List(list) => (None, Some(list)),
    };
    tx.connection()
        .prepare_cached(
            "INSERT OR REPLACE INTO undo_mute (action, mute, thread, list, what, since, ended)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            action.0,
            mute.key.0,
            thread,
            list,
            &mute.called,
            mute.since,
            previous.ended,
        ))?;
    Ok(())
}

/// Forgets all but the last fifty actions, and the names of actions that nothing refers to.
pub fn prune(tx: &Tx<'_>) -> Result<(), StoreError> {
    let sql = tx.connection();
    let oldest: Option<i64> = sql
        .prepare_cached(
            "SELECT action FROM (SELECT action FROM undo UNION SELECT action FROM undo_mailbox
               UNION SELECT action FROM undo_submit UNION SELECT action FROM undo_mute
               UNION SELECT action FROM saved_search WHERE action IS NOT NULL)
             ORDER BY action DESC LIMIT 1 OFFSET ?1",
        )?
        .query_row([KEPT - 1], |row| row.get(0))
        .optional()?;
    let Some(oldest) = oldest else {
        return Ok(());
    };
    delete(tx, "action < ?1", oldest)?;
    sql.prepare_cached(
        "DELETE FROM action WHERE id < ?1
           AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.action = action.id)",
    )?
    .execute([oldest])?;
    Ok(())
}

/// The action is undone.
pub fn forget(tx: &Tx<'_>, action: ActionId) -> Result<(), StoreError> {
    delete(tx, "action = ?1", action.0)
}

fn delete(tx: &Tx<'_>, which: &str, action: i64) -> Result<(), StoreError> {
    let sql = tx.connection();
    for table in ["undo", "undo_mailbox", "undo_submit"] {
        sql.prepare_cached(&format!("DELETE FROM {table} WHERE {which}"))?
            .execute([action])?;
    }
    saved::forget(tx, which, action)?;
    let mutes = sql
        .prepare_cached(&format!("DELETE FROM undo_mute WHERE {which}"))?
        .execute([action])?;
    match mutes {
        0 => Ok(()),
        _ => mutes::sweep(tx),
    }
}

/// One message of an action is as it was.
pub fn forget_message(
    tx: &Tx<'_>,
    action: ActionId,
    message: MessageKey,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM undo WHERE action = ?1 AND message = ?2")?
        .execute((action.0, message.0))?;
    Ok(())
}

/// The latest action that can be undone, with at most `most` of the messages that it changed.
pub fn latest(rows: &impl Rows, most: usize) -> Result<Option<Undoable>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT max(action) FROM (SELECT max(action) AS action FROM undo
           UNION SELECT max(action) AS action FROM undo_mailbox
           UNION SELECT max(action) AS action FROM undo_submit
           UNION SELECT max(action) AS action FROM undo_mute
           UNION SELECT max(action) AS action FROM saved_search)",
    )?;
    match query.query_row([], |row| row.get::<_, Option<i64>>(0))? {
        Some(action) => of_action(rows, ActionId(action), most),
        None => Ok(None),
    }
}

/// What is left to undo of one action, with at most `most` messages.
pub fn of_action(
    rows: &impl Rows,
    action: ActionId,
    most: usize,
) -> Result<Option<Undoable>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT word FROM action WHERE id = ?1")?;
    let word: Option<String> = query.query_row([action.0], |row| row.get(0)).optional()?;
    let mut messages = messages(rows, action.0, most.saturating_add(1))?;
    let more = messages.len() > most;
    messages.truncate(most);
    Ok(Some(Undoable {
        action,
        word: word.unwrap_or_default(),
        messages,
        more,
        mailboxes: mailboxes(rows, action.0)?,
        submitted: submitted(rows, action.0)?,
        mutes: muted(rows, action.0)?,
    }))
}

fn messages(rows: &impl Rows, action: i64, most: usize) -> Result<Vec<Previous>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT message, mailbox, flags, keywords, now_mailbox, now_flags, now_keywords FROM undo
         WHERE action = ?1 ORDER BY message LIMIT ?2",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found = query
        .query_map([action, most], |row| {
            let mailbox = |at: usize| -> Result<_, rusqlite::Error> {
                Ok(row.get::<_, Option<i64>>(at)?.map(MailboxKey))
            };
            Ok(Previous {
                message: MessageKey(row.get(0)?),
                before: Placed {
                    mailbox: mailbox(1)?,
                    flags: flags_at(row, 2)?,
                },
                after: Placed {
                    mailbox: mailbox(4)?,
                    flags: flags_at(row, 5)?,
                },
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn submitted(rows: &impl Rows, action: i64) -> Result<Vec<OperationId>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT operation FROM undo_submit WHERE action = ?1 ORDER BY operation")?;
    let found = query
        .query_map([action], |row| Ok(OperationId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn muted(rows: &impl Rows, action: i64) -> Result<Vec<PreviousMute>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT mute, thread, list, what, since, 0, ended FROM undo_mute WHERE action = ?1
         ORDER BY mute",
    )?;
    let found = query
        .query_map([action], |row| {
            Ok(PreviousMute {
                mute: mutes::at(row)?,
                ended: row.get(6)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn mailboxes(rows: &impl Rows, action: i64) -> Result<Vec<PreviousMailbox>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT mailbox, name, subscribed, now_name, now_subscribed FROM undo_mailbox
         WHERE action = ?1 ORDER BY mailbox",
    )?;
    let found = query
        .query_map([action], |row| {
            Ok(PreviousMailbox {
                mailbox: MailboxKey(row.get(0)?),
                name: row.get(1)?,
                subscribed: row.get(2)?,
                now_name: row.get(3)?,
                now_subscribed: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}
