//! Undo rows: what was shown before an action. The last fifty actions are kept, over restarts.

use rusqlite::OptionalExtension;

use crate::model::{ActionId, Flags, MailboxKey, MessageKey};

use super::columns::{flags_at, of_flags};
use super::messages::Message;
use super::{Rows, StoreError, Tx};

const KEPT: i64 = 50;

/// What one message looked like before an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The message.
    pub message: MessageKey,
    /// Where it was shown.
    pub mailbox: Option<MailboxKey>,
    /// Its flags then.
    pub flags: Flags,
}

/// Remembers how `message` is shown now.
pub fn remember(tx: &Tx<'_>, action: ActionId, message: &Message) -> Result<(), StoreError> {
    let (flags, keywords) = of_flags(&message.flags);
    tx.connection()
        .prepare_cached(
            "INSERT OR IGNORE INTO undo (action, message, mailbox, flags, keywords)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            action.0,
            message.key.0,
            message.mailbox.map(|m| m.0),
            flags,
            keywords,
        ))?;
    Ok(())
}

/// Forgets all but the last fifty actions.
pub fn prune(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "DELETE FROM undo WHERE action <= (SELECT action FROM (SELECT DISTINCT action FROM undo)
               ORDER BY action DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([KEPT])?;
    Ok(())
}

/// The latest action that can be undone, with its word and what was shown before.
pub fn latest(rows: &impl Rows) -> Result<Option<(ActionId, String, Vec<Previous>)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT u.action, coalesce(a.word, '') FROM undo u LEFT JOIN action a ON a.id = u.action
         ORDER BY u.action DESC LIMIT 1",
    )?;
    let Some((action, word)) = query
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .optional()?
    else {
        return Ok(None);
    };
    let mut query = rows.connection().prepare_cached(
        "SELECT message, mailbox, flags, keywords FROM undo WHERE action = ?1 ORDER BY message",
    )?;
    let previous = query
        .query_map([action], |row| {
            Ok(Previous {
                message: MessageKey(row.get(0)?),
                mailbox: row.get::<_, Option<i64>>(1)?.map(MailboxKey),
                flags: flags_at(row, 2)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some((ActionId(action), word, previous)))
}
