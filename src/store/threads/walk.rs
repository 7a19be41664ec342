//! Lists of conversations: in which order they stand, and what is kept of them in a mailbox.

use std::collections::HashMap;

use rusqlite::OptionalExtension;

use crate::model::{Flags, MailboxKey, MessageKey, ThreadKey};
use crate::store::columns::{count, list};
use crate::store::{Rows, StoreError, messages};

use super::standing;

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

    fn thread(self) -> Option<ThreadKey> {
        match self.what() {
            Conversation::Thread(thread) => Some(thread),
            Conversation::Alone(_) => None,
        }
    }

    /// As a key of messages that stand alone.
    fn as_alone(self) -> i64 {
        match self.what() {
            Conversation::Alone(key) => key.0,
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

pub(in crate::store) fn turns_sql(towards: Towards) -> String {
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

pub(in crate::store) fn alone_sql(towards: Towards) -> String {
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
        let standing = standing_there(rows, mailboxes, turns)?;
        found.extend(standing.into_iter().take(limit - found.len()));
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

/// Those conversations that have nothing newer in another of the mailboxes.
fn standing_there(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    turns: Vec<(Turn, MailboxKey)>,
) -> Result<Vec<Turn>, StoreError> {
    if mailboxes.len() == 1 {
        return Ok(turns.into_iter().map(|(turn, _)| turn).collect());
    }
    let threads = turns.iter().filter_map(|(turn, _)| turn.thread());
    let sums = sums(rows, mailboxes, threads)?;
    let there = turns.into_iter().filter(|(turn, mailbox)| {
        let Some(thread) = turn.thread() else {
            return true;
        };
        sums.get(&thread)
            .is_some_and(|sums| (sums.newest, sums.at) == (turn.newest, *mailbox))
    });
    Ok(there.map(|(turn, _)| turn).collect())
}

/// What is kept of a thread in the mailboxes that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// How many messages it has there.
    pub total: u64,
    /// How many of them are unread.
    pub unread: u64,
    /// When the newest of them arrived.
    pub newest: i64,
    /// Where that stands; the first mailbox of equals.
    pub at: MailboxKey,
}

pub(in crate::store) const SUMS: &str =
    "SELECT t.thread, t.total, t.unread, t.newest FROM json_each(?2) some
       CROSS JOIN mailbox_thread t ON t.mailbox = ?1 AND t.thread = some.value";

/// What is kept of some threads in these mailboxes, of each that stands in one of them.
pub fn sums(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    threads: impl Iterator<Item = ThreadKey>,
) -> Result<HashMap<ThreadKey, Sums>, StoreError> {
    let threads = list(threads.map(|thread| thread.0));
    let mut query = rows.connection().prepare_cached(SUMS)?;
    let mut all: HashMap<ThreadKey, Sums> = HashMap::new();
    for at in mailboxes {
        let mut found = query.query((at.0, &threads))?;
        while let Some(row) = found.next()? {
            let here = Sums {
                total: count(row.get(1)?),
                unread: count(row.get(2)?),
                newest: row.get(3)?,
                at: *at,
            };
            all.entry(ThreadKey(row.get(0)?))
                .and_modify(|known| known.add(here))
                .or_insert(here);
        }
    }
    Ok(all)
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.total += other.total;
        self.unread += other.unread;
        if other.newest > self.newest {
            (self.newest, self.at) = (other.newest, other.at);
        }
    }
}

/// How many messages of a thread stand in these mailboxes, and how many of them are unread.
pub fn counts(
    rows: &impl Rows,
    mailboxes: &[MailboxKey],
    thread: ThreadKey,
) -> Result<(u64, u64), StoreError> {
    let sums = sums(rows, mailboxes, std::iter::once(thread))?;
    let sums = sums.get(&thread);
    Ok(sums.map_or((0, 0), |sums| (sums.total, sums.unread)))
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
    let sums = sums(rows, mailboxes, std::iter::once(thread))?;
    let sums = sums.get(&thread);
    Ok(sums.map(|sums| Turn::of(thread, sums.newest)))
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

/// The next conversation below `from` that has something unread in these mailboxes. Cost grows with
/// what lies between.
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
        let sums = sums(
            rows,
            mailboxes,
            turns.iter().filter_map(|turn| turn.thread()),
        )?;
        for turn in turns {
            let unread = match turn.what() {
                Conversation::Thread(thread) => sums.get(&thread).is_some_and(|one| one.unread > 0),
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
