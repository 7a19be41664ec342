//! The messages of a thread, read over each of its parts.

use std::collections::HashMap;

use rusqlite::OptionalExtension;

use crate::model::thread::Lineage;
use crate::model::{ContentKey, MailboxKey, MessageKey, ThreadKey};
use crate::store::columns::list;
use crate::store::{Rows, StoreError};

use super::PARTS;

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

pub(in crate::store) fn messages_sql() -> String {
    format!(
        "SELECT m.key FROM {PARTS} part CROSS JOIN message m INDEXED BY message_thread
           ON m.thread = part.key AND m.mailbox = ?2 ORDER BY m.arrival, m.key"
    )
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
pub(in crate::store) fn oldest_sql(only: &str) -> String {
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
    /// Whether it is not read.
    pub unread: bool,
    /// Its Date field, in seconds since 1970.
    pub date: Option<i64>,
    /// What it says about its place; `None` in a row of an older store, for [`super::look_up`].
    pub lineage: Option<Lineage>,
}

const MEMBER: &str = "m.key, m.content, m.mailbox, m.arrival, m.flags & 1 = 0, l.date, l.ids";
const MEMBERS: &str = "CROSS JOIN message m INDEXED BY message_thread";
const LINEAGE: &str = "AND m.mailbox IS NOT NULL LEFT JOIN lineage l ON l.content = m.content";

/// What came into some threads themselves, and what came into those that joined them.
pub(in crate::store) fn members_sql() -> [String; 2] {
    [
        format!(
            "SELECT some.value, {MEMBER} FROM json_each(?1) some
             {MEMBERS} ON m.thread = some.value {LINEAGE}"
        ),
        format!(
            "SELECT some.value, {MEMBER} FROM json_each(?1) some
             CROSS JOIN thread part ON part.into_thread = some.value
             {MEMBERS} ON m.thread = part.key {LINEAGE}"
        ),
    ]
}

/// The messages of a thread in all mailboxes, in no order.
pub fn members(rows: &impl Rows, thread: ThreadKey) -> Result<Vec<Standing>, StoreError> {
    let mut found = members_of(rows, &[thread])?;
    Ok(found.remove(&thread).unwrap_or_default())
}

/// As [`members`], of several threads at once.
pub fn members_of(
    rows: &impl Rows,
    threads: &[ThreadKey],
) -> Result<HashMap<ThreadKey, Vec<Standing>>, StoreError> {
    let some = list(threads.iter().map(|thread| thread.0));
    let mut all: HashMap<ThreadKey, Vec<Standing>> = HashMap::new();
    for sql in members_sql() {
        let mut query = rows.connection().prepare_cached(&sql)?;
        let mut found = query.query([&some])?;
        while let Some(row) = found.next()? {
            let ids = row.get_ref(7)?.as_blob_or_null()?;
            let one = Standing {
                key: MessageKey(row.get(1)?),
                content: ContentKey(row.get(2)?),
                mailbox: MailboxKey(row.get(3)?),
                arrival: row.get(4)?,
                unread: row.get(5)?,
                date: row.get(6)?,
                lineage: ids.map(Lineage::decode),
            };
            all.entry(ThreadKey(row.get(0)?)).or_default().push(one);
        }
    }
    Ok(all)
}
