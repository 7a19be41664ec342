//! Threads: which conversation a message belongs to, over the whole store.
//!
//! `msgid` holds every Message-ID that was seen or referred to, as a keyed hash, so that a parent
//! that comes late (the normal case, newest first) joins the thread that already waits for it. The
//! smaller thread joins the larger; an expunge never splits one.

use rusqlite::OptionalExtension;

use crate::model::{Envelope, MailboxKey, MessageKey, ThreadKey};

use super::columns::count;
use super::{Rows, StoreError, Tx};

/// Adds a new content's envelope to its thread, which is made or joined as needed.
pub(super) fn link(tx: &Tx<'_>, envelope: &Envelope) -> Result<ThreadKey, StoreError> {
    let sql = tx.connection();
    let mut fresh = Vec::new();
    let mut found: Vec<i64> = Vec::new();
    {
        let mut lookup = sql.prepare_cached("SELECT thread FROM msgid WHERE hash = ?1")?;
        for id in ids(envelope) {
            let hash = hash(tx.thread_key(), id);
            let thread = lookup.query_row([hash], |row| row.get(0)).optional()?;
            match thread {
                None => fresh.push(hash),
                Some(thread) if found.contains(&thread) => {}
                Some(thread) => found.push(thread),
            }
        }
    }
    let thread = match found.as_slice() {
        [] => make(tx)?,
        _ => grow(tx, &found)?,
    };
    let mut insert =
        sql.prepare_cached("INSERT OR IGNORE INTO msgid (hash, thread) VALUES (?1, ?2)")?;
    for hash in fresh {
        insert.execute((hash, thread))?;
    }
    Ok(ThreadKey(thread))
}

/// The messages of a thread in one mailbox, oldest first.
pub fn messages(
    rows: &impl Rows,
    thread: ThreadKey,
    mailbox: MailboxKey,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key FROM message WHERE thread = ?1 AND mailbox = ?2 ORDER BY arrival, key",
    )?;
    let found = query
        .query_map((thread.0, mailbox.0), |row| Ok(MessageKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// One conversation in one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxThread {
    /// The thread.
    pub thread: ThreadKey,
    /// Arrival of its newest message there.
    pub newest: i64,
    /// Unread messages there.
    pub unread: u64,
    /// Messages there.
    pub total: u64,
}

pub(super) const NEWEST: &str = "SELECT thread, newest, unread, total FROM mailbox_thread
         WHERE mailbox = ?1 ORDER BY newest DESC, thread DESC LIMIT ?2";

/// The newest threads of a mailbox, at most `limit`.
pub fn newest(
    rows: &impl Rows,
    mailbox: MailboxKey,
    limit: usize,
) -> Result<Vec<MailboxThread>, StoreError> {
    let mut query = rows.connection().prepare_cached(NEWEST)?;
    let found = query
        .query_map(
            (mailbox.0, i64::try_from(limit).unwrap_or(i64::MAX)),
            |row| {
                Ok(MailboxThread {
                    thread: ThreadKey(row.get(0)?),
                    newest: row.get(1)?,
                    unread: count(row.get(2)?),
                    total: count(row.get(3)?),
                })
            },
        )?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn ids(envelope: &Envelope) -> impl Iterator<Item = &str> {
    let own = std::iter::once(envelope.message_id.as_str());
    // The latest references are the nearest relatives (SAFETY M4 bounds them at 200).
    let references = envelope.references.iter().rev().take(200);
    own.chain(
        references
            .chain(envelope.in_reply_to.iter().take(20))
            .map(String::as_str),
    )
    .filter(|id| !id.is_empty())
}

/// 128 bits, keyed by the store, so that nobody can aim a Message-ID at another's thread.
fn hash(key: &[u8; 32], id: &str) -> [u8; 16] {
    let hash = blake3::keyed_hash(key, id.as_bytes());
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    short
}

/// A thread of one content.
fn make(tx: &Tx<'_>) -> Result<i64, StoreError> {
    let sql = tx.connection();
    sql.prepare_cached("INSERT INTO thread (contents) VALUES (1)")?
        .execute([])?;
    Ok(sql.last_insert_rowid())
}

/// The thread that the ones found become, with one content more.
fn grow(tx: &Tx<'_>, found: &[i64]) -> Result<i64, StoreError> {
    let thread = join(tx, found)?;
    tx.connection()
        .prepare_cached("UPDATE thread SET contents = contents + 1 WHERE key = ?1")?
        .execute([thread])?;
    Ok(thread)
}

/// Follows `into_thread` to the thread that stands for this one now, with its size. Smaller ones
/// join larger ones, so the way is short; a salvaged store may have it broken, and then it ends there.
fn resolve(tx: &Tx<'_>, thread: i64) -> Result<(i64, i64), StoreError> {
    let mut query = tx
        .connection()
        .prepare_cached("SELECT into_thread, contents FROM thread WHERE key = ?1")?;
    let mut at = thread;
    for _ in 0..64 {
        let row: Option<(Option<i64>, i64)> = query
            .query_row([at], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match row {
            Some((Some(next), _)) => at = next,
            Some((None, contents)) => return Ok((at, contents)),
            None => break,
        }
    }
    Ok((at, 0))
}

fn join(tx: &Tx<'_>, found: &[i64]) -> Result<i64, StoreError> {
    let mut roots: Vec<(i64, i64)> = Vec::new();
    for thread in found {
        let root = resolve(tx, *thread)?;
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    // The largest stays; among equals the oldest.
    roots.sort_by_key(|(key, contents)| (std::cmp::Reverse(*contents), *key));
    let Some(((large, _), small)) = roots.split_first().map(|(first, rest)| (*first, rest)) else {
        return make(tx);
    };
    for (key, contents) in small {
        let sql = tx.connection();
        sql.prepare_cached(
            "UPDATE content SET thread = ?2
             WHERE key IN (SELECT content FROM message WHERE thread = ?1)",
        )?
        .execute((key, large))?;
        sql.prepare_cached("UPDATE message SET thread = ?2 WHERE thread = ?1")?
            .execute((key, large))?;
        sql.prepare_cached("UPDATE thread SET into_thread = ?2, contents = 0 WHERE key = ?1")?
            .execute((key, large))?;
        sql.prepare_cached("UPDATE thread SET contents = contents + ?2 WHERE key = ?1")?
            .execute((large, contents))?;
    }
    Ok(large)
}
