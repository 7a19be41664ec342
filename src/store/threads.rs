//! Threads: which conversation a message belongs to, over the whole store.
//!
//! `msgid` holds every Message-ID that was seen or referred to, as a keyed hash, so that a parent
//! that comes late (the normal case, newest first) joins the thread that already waits for it. The
//! smaller thread joins the larger; an expunge never splits one.
//!
//! Rows of messages and contents name the thread that they came into, and `thread.into_thread` the one
//! that stands for it, one step away: a join writes no message. So whoever reads by thread asks for
//! each of its [`PARTS`], and whoever answers with a thread answers with the one that is [`standing`].

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use crate::model::thread::{IdHash, Lineage};
use crate::model::{BlobKey, ContentKey, Envelope, Flags, MailboxKey, MessageKey, ThreadKey};

use super::columns::count;
use super::{Change, Rows, StoreError, Tx, contents, messages, mutes};

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

/// The messages of a thread in one mailbox, oldest first.
pub fn messages(
    rows: &impl Rows,
    thread: ThreadKey,
    mailbox: MailboxKey,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(&messages_sql())?;
    let found = query
        .query_map((thread.0, mailbox.0), |row| Ok(MessageKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

pub(super) fn messages_sql() -> String {
    format!(
        "SELECT m.key FROM {PARTS} part CROSS JOIN message m INDEXED BY message_thread
           ON m.thread = part.key AND m.mailbox = ?2 ORDER BY m.arrival, m.key"
    )
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

/// How many messages of a thread stand in these mailboxes, and how many of them are unread.
pub fn counts(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    thread: ThreadKey,
) -> Result<(u64, u64), StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT total, unread FROM mailbox_thread WHERE mailbox = ?1 AND thread = ?2",
    )?;
    let (mut total, mut unread) = (0, 0);
    for mailbox in mailboxes {
        let found = query.query_row((mailbox.0, thread.0), |row| {
            Ok((count(row.get(0)?), count(row.get(1)?)))
        });
        if let Some((all, new)) = found.optional()? {
            total += all;
            unread += new;
        }
    }
    Ok((total, unread))
}

/// The oldest message of a thread in these mailboxes, by arrival.
pub fn oldest(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    thread: ThreadKey,
) -> Result<Option<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(&oldest_sql(""))?;
    let mut oldest: Option<(i64, i64)> = None;
    for mailbox in mailboxes {
        let found = query.query_row((thread.0, mailbox.0), |row| Ok((row.get(0)?, row.get(1)?)));
        oldest = oldest.into_iter().chain(found.optional()?).min();
    }
    Ok(oldest.map(|(_, key)| MessageKey(key)))
}

/// The oldest unread message of a thread in these mailboxes, with its arrival.
pub fn oldest_unread(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    thread: ThreadKey,
) -> Result<Option<(i64, MessageKey)>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&oldest_sql("AND flags & 1 = 0"))?;
    let mut oldest: Option<(i64, i64)> = None;
    for mailbox in mailboxes {
        let found = query.query_row((thread.0, mailbox.0), |row| Ok((row.get(0)?, row.get(1)?)));
        oldest = oldest.into_iter().chain(found.optional()?).min();
    }
    Ok(oldest.map(|(arrival, key)| (arrival, MessageKey(key))))
}

/// Of each part the oldest, and of these the oldest: no part is read further than to its first.
pub(super) fn oldest_sql(only: &str) -> String {
    format!(
        "SELECT m.arrival, m.key FROM {PARTS} part CROSS JOIN message m ON m.key =
           (SELECT key FROM message INDEXED BY message_thread
            WHERE thread = part.key AND mailbox = ?2 {only} ORDER BY arrival, key LIMIT 1)
         ORDER BY m.arrival, m.key LIMIT 1"
    )
}

/// One message of a thread, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The message.
    pub key: MessageKey,
    /// What it holds.
    pub content: ContentKey,
    /// Where it is shown.
    pub mailbox: MailboxKey,
    /// INTERNALDATE.
    pub arrival: i64,
    /// Its Date field, in seconds since 1970.
    pub date: Option<i64>,
    /// What it says about its place; `None` in a row of an older store, for [`look_up`].
    pub lineage: Option<Lineage>,
}

pub(super) fn members_sql() -> String {
    format!(
        "SELECT m.key, m.content, m.mailbox, m.arrival, l.date, l.ids
         FROM {PARTS} part CROSS JOIN message m INDEXED BY message_thread
           ON m.thread = part.key AND m.mailbox IS NOT NULL
         LEFT JOIN lineage l ON l.content = m.content"
    )
}

/// The messages of a thread in all mailboxes, in no order.
pub fn members(rows: &impl Rows, thread: ThreadKey) -> Result<Vec<Standing>, StoreError> {
    let mut query = rows.connection().prepare_cached(&members_sql())?;
    let found = query
        .query_map([thread.0], |row| {
            let ids = row.get_ref(5)?.as_blob_or_null()?;
            Ok(Standing {
                key: MessageKey(row.get(0)?),
                content: ContentKey(row.get(1)?),
                mailbox: MailboxKey(row.get(2)?),
                arrival: row.get(3)?,
                date: row.get(4)?,
                lineage: ids.map(Lineage::decode),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
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

/// Where a conversation stands in a list: by its newest message. What is listed without an envelope
/// is a conversation of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// Arrival of its newest message in the mailboxes that are listed.
    pub newest: i64,
    /// The thread, or a message behind [`ALONE`].
    id: i64,
}

/// Where the numbers of messages without an envelope begin; no thread has such a number.
const ALONE: i64 = 1 << 62;

impl Turn {
    /// Before every other in "newest first".
    pub const TOP: Turn = Turn {
        newest: i64::MAX,
        id: i64::MAX,
    };
    /// Behind every other.
    pub const END: Turn = Turn {
        newest: i64::MIN,
        id: i64::MIN,
    };

    /// That of a thread.
    pub fn of(thread: ThreadKey, newest: i64) -> Self {
        let id = thread.0;
        Self { newest, id }
    }

    /// That of a message without an envelope.
    pub fn alone(key: MessageKey, newest: i64) -> Self {
        let id = ALONE.saturating_add(key.0);
        Self { newest, id }
    }

    /// What stands there.
    pub fn what(self) -> Conversation {
        match self.id.checked_sub(ALONE) {
            Some(key) if key >= 0 => Conversation::Alone(MessageKey(key)),
            Some(_) | None => Conversation::Thread(ThreadKey(self.id)),
        }
    }

    /// As a key of messages that stand alone.
    fn as_alone(self) -> i64 {
        match self.what() {
            Conversation::Alone(key) => key.0,
            Conversation::Thread(_) if self.id == i64::MAX => i64::MAX,
            // At one second threads stand before messages.
            Conversation::Thread(_) => i64::MIN,
        }
    }
}

/// What stands in one place of a list of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversation {
    /// A thread.
    Thread(ThreadKey),
    /// A message whose envelope is not here.
    Alone(MessageKey),
}

/// The direction of a walk through a list of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// To newer ones.
    Newer,
    /// To older ones.
    Older,
}

/// Where a walk in that direction begins.
pub fn start(towards: Towards) -> Turn {
    match towards {
        Towards::Older => Turn::TOP,
        Towards::Newer => Turn::END,
    }
}

pub(super) fn turns_sql(towards: Towards) -> String {
    let (than, order) = match towards {
        Towards::Newer => (">", "ASC"),
        Towards::Older => ("<", "DESC"),
    };
    format!(
        "SELECT newest, thread FROM mailbox_thread INDEXED BY mailbox_thread_newest
         WHERE mailbox = ?1 AND (newest, thread) {than} (?2, ?3) AND thread <> 0
         ORDER BY newest {order}, thread {order} LIMIT ?4"
    )
}

pub(super) fn alone_sql(towards: Towards) -> String {
    let (than, order) = match towards {
        Towards::Newer => (">", "ASC"),
        Towards::Older => ("<", "DESC"),
    };
    format!(
        "SELECT arrival, key FROM message INDEXED BY message_thread
         WHERE thread = 0 AND mailbox = ?1 AND (arrival, key) {than} (?2, ?3)
         ORDER BY arrival {order}, key {order} LIMIT ?4"
    )
}

/// The conversations of these mailboxes beyond `from`, the nearest first, at most `limit`. One that
/// stands in several of them stands where its newest message does.
pub fn walk(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    from: Turn,
    towards: Towards,
    limit: usize,
) -> Result<Vec<Turn>, StoreError> {
    let mut found = Vec::new();
    let mut from = from;
    while found.len() < limit {
        let mut turns = Vec::new();
        for mailbox in mailboxes {
            for turn in some_turns(rows, *mailbox, from, towards, limit)? {
                turns.push((turn, *mailbox));
            }
        }
        turns.sort_by(|(one, _), (other, _)| match towards {
            Towards::Newer => one.cmp(other),
            Towards::Older => other.cmp(one),
        });
        turns.truncate(limit);
        let Some((last, _)) = turns.last().copied() else {
            break;
        };
        from = last;
        for (turn, mailbox) in turns {
            if found.len() < limit && stands_there(rows, mailboxes, turn, mailbox)? {
                found.push(turn);
            }
        }
    }
    Ok(found)
}

fn some_turns(
    rows: &impl Rows,
    mailbox: MailboxKey,
    from: Turn,
    towards: Towards,
    limit: usize,
) -> Result<Vec<Turn>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = rows.connection().prepare_cached(&turns_sql(towards))?;
    let mut found: Vec<Turn> = query
        .query_map((mailbox.0, from.newest, from.id, limit), |row| {
            Ok(Turn::of(ThreadKey(row.get(1)?), row.get(0)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut query = rows.connection().prepare_cached(&alone_sql(towards))?;
    let alone = query.query_map((mailbox.0, from.newest, from.as_alone(), limit), |row| {
        Ok(Turn::alone(MessageKey(row.get(1)?), row.get(0)?))
    })?;
    for turn in alone {
        found.push(turn?);
    }
    Ok(found)
}

/// Whether a conversation has nothing newer in another of the mailboxes.
fn stands_there(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    turn: Turn,
    mailbox: MailboxKey,
) -> Result<bool, StoreError> {
    let Conversation::Thread(thread) = turn.what() else {
        return Ok(true);
    };
    if mailboxes.len() == 1 {
        return Ok(true);
    }
    let newest = newest_in(rows, mailboxes, thread)?;
    Ok(newest == Some((turn.newest, mailbox)))
}

/// Where the newest message of a thread stands, and when it arrived; the first mailbox of equals.
fn newest_in(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    thread: ThreadKey,
) -> Result<Option<(i64, MailboxKey)>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT newest FROM mailbox_thread WHERE mailbox = ?1 AND thread = ?2")?;
    let mut best: Option<(i64, MailboxKey)> = None;
    for mailbox in mailboxes {
        let found = query.query_row((mailbox.0, thread.0), |row| row.get::<_, i64>(0));
        if let Some(newest) = found.optional()?
            && best.is_none_or(|(known, _)| newest > known)
        {
            best = Some((newest, *mailbox));
        }
    }
    Ok(best)
}

/// Where the conversation of a message stands in the list of these mailboxes; `None` when it is not
/// in it.
pub fn turn_of(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    key: MessageKey,
) -> Result<Option<Turn>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {thread}, mailbox, arrival FROM message WHERE key = ?1",
        thread = standing("message.thread")
    ))?;
    let found = query.query_row([key.0], |row| {
        Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?, row.get(2)?))
    });
    let Some((thread, mailbox, arrival)) = found.optional()? else {
        return Ok(None);
    };
    if thread == 0 {
        let listed = mailbox.is_some_and(|key| mailboxes.contains(&MailboxKey(key)));
        return Ok(listed.then(|| Turn::alone(key, arrival)));
    }
    let thread = ThreadKey(thread);
    let newest = newest_in(rows, mailboxes, thread)?;
    Ok(newest.map(|(newest, _)| Turn::of(thread, newest)))
}

/// The conversation with this number from 0 of a walk. Cost grows with the number.
pub fn by_ordinal(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    towards: Towards,
    ordinal: u64,
) -> Result<Option<Turn>, StoreError> {
    let mut from = start(towards);
    let mut left = usize::try_from(ordinal).unwrap_or(usize::MAX);
    loop {
        let step = left.saturating_add(1).min(1_000);
        let turns = walk(rows, mailboxes, from, towards, step)?;
        if let Some(turn) = turns.get(left) {
            return Ok(Some(*turn));
        }
        match turns.last() {
            Some(last) if turns.len() == step => from = *last,
            Some(_) | None => return Ok(None),
        }
        left -= turns.len();
    }
}

/// The newest unread message of these mailboxes that stands in a conversation below `from`.
pub fn next_unread(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    from: Turn,
) -> Result<Option<Turn>, StoreError> {
    let mut from = from;
    loop {
        let turns = walk(rows, mailboxes, from, Towards::Older, 500)?;
        let Some(last) = turns.last().copied() else {
            return Ok(None);
        };
        for turn in turns {
            let unread = match turn.what() {
                Conversation::Thread(thread) => counts(rows, mailboxes, thread)?.1 > 0,
                Conversation::Alone(key) => {
                    messages::find(rows, key)?.is_some_and(|row| !row.flags.has(Flags::SEEN))
                }
            };
            if unread {
                return Ok(Some(turn));
            }
        }
        from = last;
    }
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
