//! Threads: which conversation a message belongs to, over the whole store.
//!
//! `msgid` holds every Message-ID that was seen or referred to, as a keyed hash, so that a parent
//! that comes late (the normal case, newest first) joins the thread that already waits for it. The
//! smaller thread joins the larger; an expunge never splits one.
//!
//! Rows of messages and contents name the thread that they came into, and `thread.into_thread` the one
//! that stands for it, one step away: a join writes no message. So whoever reads by thread asks for
//! each of its parts, and whoever answers with a thread answers with the one that stands.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use crate::model::thread::{IdHash, Lineage};
use crate::model::{BlobKey, ContentKey, Envelope, MailboxKey, MessageKey, ThreadKey};

use super::{Change, Rows, StoreError, Tx, contents, mutes};

pub use members::{Standing, members, members_of, messages, oldest, oldest_unread};
pub use walk::{
    Conversation, Sums, Towards, Turn, by_ordinal, counts, next_unread, start, sums, turn_of, walk,
};

pub(super) use rejoin::rejoin;

#[cfg(test)]
pub(super) use members::{members_sql, messages_sql, oldest_sql};
#[cfg(test)]
pub(super) use walk::{SUMS, alone_sql, turns_sql};

mod members;
mod rejoin;
mod walk;

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

/// Keeps what a content says about its place in its thread.
pub(super) fn trace(
    tx: &Tx<'_>,
    content: ContentKey,
    envelope: &Envelope,
) -> Result<(), StoreError> {
    let lineage = Lineage::of(envelope, |id| short(hash(tx.thread_key(), id)));
    keep(tx, content, envelope.date, &lineage)
}

fn keep(
    tx: &Tx<'_>,
    content: ContentKey,
    date: Option<i64>,
    lineage: &Lineage,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("INSERT OR REPLACE INTO lineage (content, date, ids) VALUES (?1, ?2, ?3)")?
        .execute((content.0, date, lineage.encode()))?;
    Ok(())
}

/// A copy of a content says what its original says.
pub(super) fn trace_copy(tx: &Tx<'_>, from: ContentKey, to: ContentKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT OR REPLACE INTO lineage (content, date, ids)
             SELECT ?2, date, ids FROM lineage WHERE content = ?1",
        )?
        .execute((from.0, to.0))?;
    Ok(())
}

/// SQL for the thread that stands for the one in this column, which may have joined another since.
pub(super) fn standing(column: &str) -> String {
    format!("coalesce((SELECT into_thread FROM thread WHERE key = {column}), {column})")
}

/// The thread that stands for this one: itself, unless it has joined another.
pub fn root(rows: &impl Rows, thread: ThreadKey) -> Result<ThreadKey, StoreError> {
    Ok(ThreadKey(resolve(rows, thread.0)?.0))
}

/// SQL for the threads whose messages are those of thread ?1: itself, and what joined it.
pub(super) const PARTS: &str =
    "(SELECT ?1 AS key UNION ALL SELECT key FROM thread WHERE into_thread = ?1)";

/// A message of a thread that is shown somewhere; `None` if there is no such thread.
pub fn any_message(rows: &impl Rows, thread: ThreadKey) -> Result<Option<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT min(m.key) FROM {PARTS} part CROSS JOIN message m INDEXED BY message_thread
         WHERE m.thread = part.key AND m.mailbox IS NOT NULL"
    ))?;
    let root = root(rows, thread)?;
    let found: Option<i64> = query.query_row([root.0], |row| row.get(0))?;
    Ok(found.map(MessageKey))
}

/// The thread of a message that is shown; `None` when it is gone or has no envelope yet.
pub fn of_message(rows: &impl Rows, key: MessageKey) -> Result<Option<ThreadKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {thread} FROM message WHERE key = ?1 AND mailbox IS NOT NULL",
        thread = standing("message.thread")
    ))?;
    let thread: Option<i64> = query.query_row([key.0], |row| row.get(0)).optional()?;
    Ok(thread.filter(|thread| *thread != 0).map(ThreadKey))
}

/// What a content of an older store says about its place, read from its envelope.
pub fn look_up(
    rows: &impl Rows,
    content: ContentKey,
) -> Result<(Option<i64>, Lineage), StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT thread_key FROM store WHERE id = 1")?;
    let key: [u8; 32] = query.query_row([], |row| row.get(0))?;
    let envelope = contents::get(rows, content)?.envelope;
    let lineage = Lineage::of(&envelope, |id| short(hash(&key, id)));
    Ok((envelope.date, lineage))
}

/// Keeps what [`look_up`] finds of these contents.
pub fn learn(tx: &Tx<'_>, of: &[ContentKey]) -> Result<(), StoreError> {
    for content in of {
        match look_up(tx, *content) {
            Ok((date, lineage)) => keep(tx, *content, date, &lineage)?,
            // It went meanwhile.
            Err(StoreError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The bytes of these contents, where they are here whole.
pub fn blob_of(rows: &impl Rows, content: ContentKey) -> Result<Option<BlobKey>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT blob FROM content WHERE key = ?1 AND kept = 3")?;
    let blob: Option<Option<i64>> = query.query_row([content.0], |row| row.get(0)).optional()?;
    Ok(blob.flatten().map(BlobKey))
}

/// Mailboxes whose mail belongs to no conversation of others: what is thrown away or not written
/// yet, and mailboxes that are being deleted.
pub fn apart(rows: &impl Rows) -> Result<BTreeSet<MailboxKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key FROM mailbox WHERE name IS NULL OR role IN ('trash', 'junk', 'drafts')",
    )?;
    let found = query
        .query_map([], |row| Ok(MailboxKey(row.get(0)?)))?
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

/// What of it tells the messages of one thread apart.
fn short(hash: [u8; 16]) -> IdHash {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(hash) {
        *to = from;
    }
    IdHash(u64::from_be_bytes(eight).max(1))
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
fn resolve(rows: &impl Rows, thread: i64) -> Result<(i64, i64), StoreError> {
    let mut query = rows
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
        absorb(tx, *key, large, *contents)?;
    }
    Ok(large)
}

/// One thread joins another: what had joined it, its counts in each mailbox, and what is muted go over.
/// Contents and messages keep the thread that they came into.
fn absorb(tx: &Tx<'_>, small: i64, large: i64, contents: i64) -> Result<(), StoreError> {
    let sql = tx.connection();
    let within = mailboxes_of(tx, small)?;
    sql.prepare_cached("UPDATE thread SET into_thread = ?2 WHERE into_thread = ?1")?
        .execute((small, large))?;
    sql.prepare_cached("UPDATE thread SET into_thread = ?2, contents = 0 WHERE key = ?1")?
        .execute((small, large))?;
    sql.prepare_cached("UPDATE thread SET contents = contents + ?2 WHERE key = ?1")?
        .execute((large, contents))?;
    mutes::join(tx, small, large)?;
    for mailbox in within {
        sql.prepare_cached(
            "INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
             SELECT mailbox, ?3, newest, unread, total FROM mailbox_thread
               WHERE mailbox = ?1 AND thread = ?2
             ON CONFLICT (mailbox, thread) DO UPDATE SET newest = max(newest, excluded.newest),
               unread = unread + excluded.unread, total = total + excluded.total",
        )?
        .execute((mailbox, small, large))?;
        sql.prepare_cached("DELETE FROM mailbox_thread WHERE mailbox = ?1 AND thread = ?2")?
            .execute((mailbox, small))?;
        tx.changed(Change::Messages(MailboxKey(mailbox)));
    }
    Ok(())
}

/// The mailboxes that a thread stands in: of each part the next mailbox is one step in the index.
fn mailboxes_of(tx: &Tx<'_>, thread: i64) -> Result<Vec<i64>, StoreError> {
    let mut query = tx.connection().prepare_cached(&mailboxes_sql())?;
    let found = query
        .query_map([thread], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

pub(super) fn mailboxes_sql() -> String {
    format!(
        "WITH RECURSIVE step (thread, mailbox) AS (
           SELECT key, (SELECT min(mailbox) FROM message INDEXED BY message_thread
               WHERE thread = part.key AND mailbox IS NOT NULL) FROM {PARTS} part
           UNION ALL SELECT thread, (SELECT min(mailbox) FROM message INDEXED BY message_thread
               WHERE thread = step.thread AND mailbox > step.mailbox) FROM step
             WHERE mailbox IS NOT NULL)
         SELECT DISTINCT mailbox FROM step WHERE mailbox IS NOT NULL"
    )
}
