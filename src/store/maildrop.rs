//! What is known of the messages on POP3 servers: which are here, under which name the server has
//! them, and which were deleted there (SAFETY R20).
//!
//! A row outlives the message that came: what a person deletes here is not fetched again. `uidl` is
//! the server's word for the message and nothing more; `head` and `hash` say which message it is.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};

use crate::model::maildrop::{Digest, Seen, SeenKey, State};
use crate::model::{AccountKey, ContentKey, MailboxKey, MessageKey, OperationId};

use super::{Change, Rows, StoreError, Tx};

/// A message that just came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The server's name for it.
    pub uidl: Option<Vec<u8>>,
    /// Of its header.
    pub head: Digest,
    /// Of all its bytes, if they are here.
    pub hash: Option<Digest>,
    /// Its row in the mailbox.
    pub message: MessageKey,
}

const COLUMNS: &str = "SELECT key, uidl, head, state, since FROM pop3_seen";

fn read(row: &Row<'_>) -> Result<Seen, rusqlite::Error> {
    Ok(Seen {
        key: SeenKey(row.get(0)?),
        uidl: row.get(1)?,
        head: row.get(2)?,
        state: State::parse(row.get_ref(3)?.as_str()?),
        since: row.get(4)?,
    })
}

/// All that is known of an account's server, oldest first.
pub fn all(rows: &impl Rows, account: AccountKey) -> Result<Vec<Seen>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE account = ?1 ORDER BY key"))?;
    let found = query.query_map([account.0], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The row of the message that holds a content, or that left it behind on its way to another account;
/// `None` for one that came by no POP3 server.
pub fn of_content(rows: &impl Rows, content: ContentKey) -> Result<Option<Seen>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE message IN (SELECT key FROM message WHERE content = ?1
           UNION ALL SELECT j.message FROM message o CROSS JOIN journal j ON j.other = o.key
             WHERE o.content = ?1 AND j.kind = 'append') ORDER BY key"
    ))?;
    Ok(query.query_row([content.0], read).optional()?)
}

/// The message that a row is about, with its content, if it is still here.
pub fn message(
    rows: &impl Rows,
    key: SeenKey,
) -> Result<Option<(MessageKey, ContentKey)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT m.key, m.content FROM pop3_seen s JOIN message m ON m.key = s.message
         WHERE s.key = ?1",
    )?;
    Ok(query.query_row([key.0], super::messages::pair).optional()?)
}

/// The rows whose message holds these very bytes, oldest first.
pub fn by_hash(
    rows: &impl Rows,
    account: AccountKey,
    hash: &Digest,
) -> Result<Vec<SeenKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key FROM pop3_seen WHERE account = ?1 AND hash = ?2 ORDER BY key",
    )?;
    let found = query.query_map((account.0, hash), |row| Ok(SeenKey(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Of all bytes of the message, if they were ever here.
pub fn hash(rows: &impl Rows, key: SeenKey) -> Result<Option<Digest>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT hash FROM pop3_seen WHERE key = ?1")?;
    Ok(query
        .query_row([key.0], |row| row.get(0))
        .optional()?
        .flatten())
}

/// The rows whose messages a person deleted here: for good, or into Trash if all bytes are here.
pub fn deleted_here(
    rows: &impl Rows,
    account: AccountKey,
) -> Result<BTreeSet<SeenKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT s.key FROM pop3_seen s LEFT JOIN message m ON m.key = s.message
           LEFT JOIN mailbox b ON b.key = m.mailbox
         WHERE s.account = ?1 AND s.state <> 'left'
           AND (s.message IS NULL OR b.role = 'trash' AND s.hash IS NOT NULL)",
    )?;
    let found = query.query_map([account.0], |row| Ok(SeenKey(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A message of which only the header is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderOnly {
    /// Its row.
    pub key: SeenKey,
    /// What it holds.
    pub content: ContentKey,
    /// When it arrived, in seconds since 1970.
    pub arrival: i64,
    /// Its octets, as the server reckons.
    pub size: u64,
}

/// Another row is the message now: one that was filed elsewhere came back as what it left behind.
pub(super) fn stands_for(tx: &Tx<'_>, was: MessageKey, is: MessageKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE pop3_seen SET message = ?2 WHERE message IN (?1, -?1)")?
        .execute((was.0, is.0))?;
    Ok(())
}

/// A message of which only the header is here and for whose bytes an upload to another account waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Its row.
    pub key: SeenKey,
    /// What the bytes go into; the upload has them from there.
    pub content: ContentKey,
    /// The upload.
    pub upload: OperationId,
}

/// What uploads to other accounts wait for, the oldest first.
pub fn awaited(rows: &impl Rows, account: AccountKey) -> Result<Vec<Awaited>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT j.id, o.content FROM journal j JOIN message o ON o.key = j.other
           JOIN content c ON c.key = o.content
         WHERE j.kind = 'append' AND j.state = 'queued' AND c.account = ?1 AND c.kept < 3
         ORDER BY j.id",
    )?;
    let waiting = query.query_map([account.0], |row| {
        Ok((OperationId(row.get(0)?), ContentKey(row.get(1)?)))
    })?;
    let mut awaited = Vec::new();
    for one in waiting {
        let (upload, content) = one?;
        if let Some(seen) = of_content(rows, content)? {
            awaited.push(Awaited {
                key: seen.key,
                content,
                upload,
            });
        }
    }
    Ok(awaited)
}

/// All messages of which only the header is here, newest first; without those that go to another
/// account, see [`awaited`].
pub fn header_only(rows: &impl Rows, account: AccountKey) -> Result<Vec<HeaderOnly>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT s.key, m.content, m.arrival, m.size FROM pop3_seen s
           JOIN message m ON m.key = s.message
         WHERE s.account = ?1 AND s.state = 'listed'
           AND NOT EXISTS (SELECT 1 FROM journal j
             WHERE j.message = m.key AND j.kind = 'append' AND j.other IS NOT NULL)
         ORDER BY m.arrival DESC, m.key DESC",
    )?;
    let found = query.query_map([account.0], |row| {
        Ok(HeaderOnly {
            key: SeenKey(row.get(0)?),
            content: ContentKey(row.get(1)?),
            arrival: row.get(2)?,
            size: super::columns::count(row.get(3)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Notes a message that came. Whatever had its name before has none any more.
pub fn note(tx: &Tx<'_>, account: AccountKey, fresh: &Fresh) -> Result<SeenKey, StoreError> {
    if let Some(uidl) = &fresh.uidl {
        free_name(tx, account, uidl)?;
    }
    let state = match fresh.hash {
        Some(_) => State::Here,
        None => State::Listed,
    };
    tx.connection()
        .prepare_cached(
            "INSERT INTO pop3_seen (account, uidl, head, hash, message, state, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            account.0,
            &fresh.uidl,
            fresh.head,
            fresh.hash,
            fresh.message.0,
            state.word(),
            tx.now(),
        ))?;
    Ok(SeenKey(tx.connection().last_insert_rowid()))
}

/// The bytes of a message of which only the header was here have come.
pub fn complete(tx: &Tx<'_>, key: SeenKey, hash: &Digest, octets: u64) -> Result<(), StoreError> {
    let size = super::columns::number(octets).unwrap_or(i64::MAX);
    tx.connection()
        .prepare_cached(
            "UPDATE message SET size = ?2 WHERE key = (SELECT message FROM pop3_seen WHERE key = ?1)",
        )?
        .execute((key.0, size))?;
    tx.connection()
        .prepare_cached(
            "UPDATE pop3_seen SET hash = ?2, state = 'here', since = ?3 WHERE key = ?1",
        )?
        .execute((key.0, hash, tx.now()))?;
    Ok(())
}

/// The server has another name for a message now, or none of use. One that it was thought to have
/// deleted is there again.
pub fn rename(
    tx: &Tx<'_>,
    account: AccountKey,
    key: SeenKey,
    uidl: Option<&[u8]>,
) -> Result<(), StoreError> {
    if let Some(uidl) = uidl {
        free_name(tx, account, uidl)?;
    }
    tx.connection()
        .prepare_cached(
            "UPDATE pop3_seen SET uidl = ?2,
               state = CASE WHEN state <> 'left' THEN state
                 WHEN hash IS NULL THEN 'listed' ELSE 'here' END
             WHERE key = ?1",
        )?
        .execute((key.0, uidl))?;
    Ok(())
}

fn free_name(tx: &Tx<'_>, account: AccountKey, uidl: &[u8]) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE pop3_seen SET uidl = NULL WHERE account = ?1 AND uidl = ?2")?
        .execute((account.0, uidl))?;
    Ok(())
}

/// DELEs are about to be sent: from here on nobody knows whether these are still on the server.
pub fn leaving(tx: &Tx<'_>, keys: &[SeenKey]) -> Result<(), StoreError> {
    set_state(
        tx,
        keys,
        "UPDATE pop3_seen SET state = 'leaving' WHERE key = ?1",
    )
}

/// They are still there, and are to stay.
pub fn stays(tx: &Tx<'_>, keys: &[SeenKey]) -> Result<(), StoreError> {
    set_state(
        tx,
        keys,
        "UPDATE pop3_seen SET state = CASE WHEN hash IS NULL THEN 'listed' ELSE 'here' END
         WHERE key = ?1",
    )
}

/// The server has confirmed that they are gone.
pub fn left(tx: &Tx<'_>, keys: &[SeenKey]) -> Result<(), StoreError> {
    let mut update = tx
        .connection()
        .prepare_cached("UPDATE pop3_seen SET state = 'left', since = ?2 WHERE key = ?1")?;
    for key in keys {
        update.execute((key.0, tx.now()))?;
    }
    Ok(())
}

/// The server was asked just now what there is for this mailbox.
pub fn looked(tx: &Tx<'_>, inbox: MailboxKey) -> Result<(), StoreError> {
    let account = super::mailboxes::get(tx, inbox)?.account;
    tx.connection()
        .prepare_cached("UPDATE mailbox SET synced = ?2 WHERE key = ?1")?
        .execute((inbox.0, tx.now()))?;
    tx.changed(Change::Mailboxes(account));
    Ok(())
}

/// Forgets what left the server before `before`, so that the list does not grow for ever.
pub fn forget_left(tx: &Tx<'_>, account: AccountKey, before: i64) -> Result<usize, StoreError> {
    Ok(tx
        .connection()
        .prepare_cached(
            "DELETE FROM pop3_seen WHERE account = ?1 AND state = 'left' AND since < ?2",
        )?
        .execute((account.0, before))?)
}

fn set_state(tx: &Tx<'_>, keys: &[SeenKey], sql: &str) -> Result<(), StoreError> {
    let mut update = tx.connection().prepare_cached(sql)?;
    for key in keys {
        update.execute([key.0])?;
    }
    Ok(())
}

/// How many messages of the account are on the server alone but for their header, and how many are
/// on this disk alone, for the words of settings and lists.
pub fn counts(rows: &impl Rows, account: AccountKey) -> Result<Counts, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT count(*) FILTER (WHERE state = 'listed'),
           count(*) FILTER (WHERE state IN ('here', 'leaving')),
           count(*) FILTER (WHERE state = 'left')
         FROM pop3_seen WHERE account = ?1",
    )?;
    Ok(query.query_row([account.0], |row| {
        Ok(Counts {
            listed: super::columns::count(row.get(0)?),
            both: super::columns::count(row.get(1)?),
            left: super::columns::count(row.get(2)?),
        })
    })?)
}

/// What [`counts`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages of which only the header is here.
    pub listed: u64,
    /// Messages that are here and were not deleted on the server by us.
    pub both: u64,
    /// Messages that we deleted on the server.
    pub left: u64,
}
