//! Copies of sent mail for which no mailbox was known when it left: no list of mailboxes had come yet.
//! Each waits here with its bytes, and is filed once, in the transaction in which it goes from here.

use crate::model::journal::SentAs;
use crate::model::{AccountKey, ContentKey, MailboxKey};
use crate::store::columns::{count, json};
use crate::store::{Rows, StoreError, Tx, contents, journal};

use super::{Copy, Outgoing, file, sent_as, size_of_copy};

/// Keeps the copy until a mailbox is known.
pub(super) fn keep(tx: &Tx<'_>, out: &Outgoing) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT OR IGNORE INTO unfiled (content, account, size, sent_as) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((
            out.copy.0,
            out.account.0,
            i64::try_from(size_of_copy(tx, out)?).unwrap_or(i64::MAX),
            json(&sent_as(tx, out)?)?,
        ))?;
    Ok(())
}

/// How many copies of an account wait for a mailbox.
pub fn unfiled(rows: &impl Rows, account: AccountKey) -> Result<u64, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT count(*) FROM unfiled WHERE account = ?1")?;
    Ok(query.query_row([account.0], |row| Ok(count(row.get(0)?)))?)
}

/// A mailbox for sent mail is known: what waits is filed there. How many copies that were.
pub fn file_rest(
    tx: &Tx<'_>,
    account: AccountKey,
    mailbox: MailboxKey,
) -> Result<usize, StoreError> {
    let waiting: Vec<(i64, u64, String)> = tx
        .connection()
        .prepare_cached(
            "SELECT content, size, sent_as FROM unfiled WHERE account = ?1 ORDER BY content",
        )?
        .query_map([account.0], |row| {
            Ok((row.get(0)?, count(row.get(1)?), row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    for (content, size, sent) in &waiting {
        let content = ContentKey(*content);
        tx.connection()
            .prepare_cached("DELETE FROM unfiled WHERE content = ?1")?
            .execute([content.0])?;
        let Ok(sent_as) = serde_json::from_str::<SentAs>(sent) else {
            // Written by another version: without its Message-ID it could be filed twice.
            contents::release(tx, content)?;
            continue;
        };
        let copy = Copy {
            content,
            size: *size,
            sent_as,
        };
        let action = journal::action(tx, "send")?;
        file(tx, action, copy, mailbox)?;
    }
    if !waiting.is_empty() {
        tx.durable();
    }
    Ok(waiting.len())
}
