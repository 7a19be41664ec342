//! Where mail of a sender or list was last filed, to propose it again.

use rusqlite::OptionalExtension;

use crate::model::{AccountKey, ContentKey, MailboxKey};

use super::{Rows, StoreError, Tx, contents};

/// Rows that are kept; the oldest go.
const MOST: i64 = 5_000;

/// Remembers that a message was filed into a mailbox.
pub fn remember(
    tx: &Tx<'_>,
    account: AccountKey,
    content: ContentKey,
    mailbox: MailboxKey,
) -> Result<(), StoreError> {
    let sql = tx.connection();
    for who in whose(tx, content)? {
        sql.prepare_cached(
            "INSERT INTO filed (account, who, mailbox, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account, who) DO UPDATE SET mailbox = ?3, at = ?4",
        )?
        .execute((account.0, who, mailbox.0, tx.now()))?;
    }
    sql.prepare_cached(
        "DELETE FROM filed WHERE (SELECT count(*) FROM filed) > ?1
           AND at < (SELECT at FROM filed ORDER BY at DESC LIMIT 1 OFFSET ?1)",
    )?
    .execute([MOST])?;
    Ok(())
}

/// Where mail of the same list, else of the same sender, went last, if that mailbox is still shown.
pub fn proposal(
    rows: &impl Rows,
    account: AccountKey,
    content: ContentKey,
) -> Result<Option<MailboxKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT f.mailbox FROM filed f JOIN mailbox b ON b.key = f.mailbox
         WHERE f.account = ?1 AND f.who = ?2 AND b.name IS NOT NULL",
    )?;
    for who in whose(rows, content)? {
        let found: Option<i64> = query
            .query_row((account.0, who), |row| row.get(0))
            .optional()?;
        if let Some(found) = found {
            return Ok(Some(MailboxKey(found)));
        }
    }
    Ok(None)
}

/// What a message is known by: its list, then its sender.
fn whose(rows: &impl Rows, content: ContentKey) -> Result<Vec<String>, StoreError> {
    let envelope = contents::get(rows, content)?.envelope;
    let mut whose = Vec::new();
    if !envelope.list_id.is_empty() {
        whose.push(format!("list {}", envelope.list_id.to_lowercase()));
    }
    if let Some(from) = envelope
        .from
        .first()
        .filter(|from| !from.address.is_empty())
    {
        whose.push(format!("from {}", from.address.to_lowercase()));
    }
    Ok(whose)
}
