//! Lists of messages: the cost of a page depends on the window, not on the mailbox.
//!
//! "Newest first" is (arrival, key) descending, which never changes for a message, so paging is
//! stable. An index orders; the rows of the window are looked up.

use rusqlite::{OptionalExtension, Row};

use crate::model::{Address, ContentKey, Flags, Kept, MailboxKey, MessageKey, ThreadKey};

use super::columns::{count, flags_at};
use super::{Rows, StoreError, contents};

/// A message's place in the order of its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// INTERNALDATE.
    pub arrival: i64,
    /// The key, among equal arrivals.
    pub key: MessageKey,
}

impl Place {
    /// Newer than any message.
    pub const TOP: Place = Place {
        arrival: i64::MAX,
        key: MessageKey(i64::MAX),
    };
}

/// Which messages of a mailbox a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those without `\Seen`.
    Unread,
}

/// What a list shows of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    /// The message.
    pub key: MessageKey,
    /// What it holds.
    pub content: ContentKey,
    /// Its flags as the user sees them.
    pub flags: Flags,
    /// Whether something asked of it has not reached the server yet.
    pub pending: bool,
    /// From.
    pub from: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Subject.
    pub subject: String,
    /// The Date field, in seconds since 1970.
    pub date: Option<i64>,
    /// INTERNALDATE, by which lists are ordered.
    pub arrival: i64,
    /// RFC822.SIZE.
    pub size: u64,
    /// Whether it has attachments.
    pub has_attachments: bool,
    /// The id of the mailing list; may be empty.
    pub list_id: String,
    /// How much of it is here.
    pub kept: Kept,
    /// Its thread.
    pub thread: ThreadKey,
}

impl IndexRow {
    /// Its place in the order of the list.
    pub fn place(&self) -> Place {
        Place {
            arrival: self.arrival,
            key: self.key,
        }
    }
}

const ROW: &str = "SELECT m.key, m.content, m.flags, m.keywords,
    EXISTS (SELECT 1 FROM journal j WHERE j.message = m.key AND j.state <> 'failed'),
    c.senders, c.recipients, c.subject, c.date, m.arrival, m.size, c.attachments, c.list_id, c.kept,
    m.thread";

fn read(row: &Row<'_>) -> Result<IndexRow, rusqlite::Error> {
    Ok(IndexRow {
        key: MessageKey(row.get(0)?),
        content: ContentKey(row.get(1)?),
        flags: flags_at(row, 2)?,
        pending: row.get(4)?,
        from: contents::addresses(row.get_ref(5)?.as_str()?),
        to: contents::addresses(row.get_ref(6)?.as_str()?),
        subject: row.get(7)?,
        date: row.get(8)?,
        arrival: row.get(9)?,
        size: count(row.get(10)?),
        has_attachments: row.get(11)?,
        list_id: row.get(12)?,
        kept: Kept::of_code(row.get(13)?),
        thread: ThreadKey(row.get(14)?),
    })
}

/// The direction of a walk through a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Towards {
    Newer,
    Older,
}

fn page_sql(select: &str, filter: Filter, towards: Towards) -> String {
    let (index, unread) = match filter {
        Filter::All => ("message_list", ""),
        Filter::Unread => ("message_unread", "AND m.flags & 1 = 0"),
    };
    let (than, order) = match towards {
        Towards::Newer => (">", "ASC"),
        Towards::Older => ("<=", "DESC"),
    };
    format!(
        "{select} FROM message m INDEXED BY {index} CROSS JOIN content c ON c.key = m.content
         WHERE m.mailbox = ?1 {unread} AND (m.arrival, m.key) {than} (?2, ?3)
         ORDER BY m.arrival {order}, m.key {order} LIMIT ?4"
    )
}

/// Rows at `place` and older, newest first.
pub fn older(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    place: Place,
    limit: usize,
) -> Result<Vec<IndexRow>, StoreError> {
    walk(rows, mailbox, filter, place, limit, Towards::Older)
}

/// Rows newer than `place`, newest first: the `limit` nearest to it.
pub fn newer(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    place: Place,
    limit: usize,
) -> Result<Vec<IndexRow>, StoreError> {
    let mut found = walk(rows, mailbox, filter, place, limit, Towards::Newer)?;
    found.reverse();
    Ok(found)
}

fn walk(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    place: Place,
    limit: usize,
    towards: Towards,
) -> Result<Vec<IndexRow>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&page_sql(ROW, filter, towards))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = query
        .query_map((mailbox.0, place.arrival, place.key.0, limit), read)?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// One message as a list shows it.
pub fn row(rows: &impl Rows, key: MessageKey) -> Result<Option<IndexRow>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{ROW} FROM message m JOIN content c ON c.key = m.content WHERE m.key = ?1"
    ))?;
    Ok(query.query_row([key.0], read).optional()?)
}

const PLACE: &str = "SELECT arrival, key FROM message WHERE key = ?1";
const NEWEST_UNREAD: &str = "SELECT arrival, key FROM message INDEXED BY message_unread
    WHERE mailbox = ?1 AND flags & 1 = 0 AND (arrival, key) < (?2, ?3)
    ORDER BY arrival DESC, key DESC LIMIT 1";
const COUNT_NEWER: &str = "SELECT count(*) FROM message INDEXED BY message_list
    WHERE mailbox = ?1 AND (arrival, key) > (?2, ?3)";
const COUNT_NEWER_UNREAD: &str = "SELECT count(*) FROM message INDEXED BY message_unread
    WHERE mailbox = ?1 AND flags & 1 = 0 AND (arrival, key) > (?2, ?3)";
const BY_ORDINAL: &str = "SELECT arrival, key FROM message INDEXED BY message_list
    WHERE mailbox = ?1 ORDER BY arrival DESC, key DESC LIMIT 1 OFFSET ?2";
const BY_ORDINAL_UNREAD: &str = "SELECT arrival, key FROM message INDEXED BY message_unread
    WHERE mailbox = ?1 AND flags & 1 = 0 ORDER BY arrival DESC, key DESC LIMIT 1 OFFSET ?2";

fn read_place(row: &Row<'_>) -> Result<Place, rusqlite::Error> {
    Ok(Place {
        arrival: row.get(0)?,
        key: MessageKey(row.get(1)?),
    })
}

/// The place of a message, if it is still there.
pub fn place_of(rows: &impl Rows, key: MessageKey) -> Result<Option<Place>, StoreError> {
    let mut query = rows.connection().prepare_cached(PLACE)?;
    Ok(query.query_row([key.0], read_place).optional()?)
}

/// The newest unread message older than `place`.
pub fn newest_unread(
    rows: &impl Rows,
    mailbox: MailboxKey,
    place: Place,
) -> Result<Option<Place>, StoreError> {
    let mut query = rows.connection().prepare_cached(NEWEST_UNREAD)?;
    Ok(query
        .query_row((mailbox.0, place.arrival, place.key.0), read_place)
        .optional()?)
}

/// How many rows of the list are newer than `place`: its ordinal from 0. Cost grows with the
/// number.
pub fn count_newer(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    place: Place,
) -> Result<u64, StoreError> {
    let sql = match filter {
        Filter::All => COUNT_NEWER,
        Filter::Unread => COUNT_NEWER_UNREAD,
    };
    let mut query = rows.connection().prepare_cached(sql)?;
    Ok(count(query.query_row(
        (mailbox.0, place.arrival, place.key.0),
        |row| row.get(0),
    )?))
}

/// The row with this ordinal from 0, newest first. Cost grows with the ordinal.
pub fn by_ordinal(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    ordinal: u64,
) -> Result<Option<Place>, StoreError> {
    let sql = match filter {
        Filter::All => BY_ORDINAL,
        Filter::Unread => BY_ORDINAL_UNREAD,
    };
    let mut query = rows.connection().prepare_cached(sql)?;
    Ok(query
        .query_row(
            (mailbox.0, i64::try_from(ordinal).unwrap_or(i64::MAX)),
            read_place,
        )
        .optional()?)
}

/// The messages of a mailbox that are shown with `\Deleted`, oldest first.
pub fn marked_deleted(
    rows: &impl Rows,
    mailbox: MailboxKey,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key FROM message WHERE mailbox = ?1 AND flags & 8 <> 0 ORDER BY arrival, key",
    )?;
    let found = query
        .query_map([mailbox.0], |row| Ok(MessageKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Bed;

    fn plan(sql: &str) -> String {
        let bed = Bed::new();
        let reader = bed.store.reader().unwrap();
        let mut query = reader
            .connection()
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let count = query.parameter_count();
        for n in 1..=count {
            query.raw_bind_parameter(n, 1).unwrap();
        }
        let mut lines = Vec::new();
        let mut rows = query.raw_query();
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get::<_, String>(3).unwrap());
        }
        lines.join("\n")
    }

    #[test]
    fn every_list_is_ordered_by_its_index_and_bounded_by_its_window() {
        for (filter, index) in [
            (Filter::All, "message_list"),
            (Filter::Unread, "message_unread"),
        ] {
            for (towards, bound) in [(Towards::Older, "arrival<?"), (Towards::Newer, "arrival>?")] {
                let plan = plan(&page_sql(ROW, filter, towards));
                assert_eq!(
                    plan,
                    format!(
                        "SEARCH m USING INDEX {index} (mailbox=? AND {bound})\n\
                         SEARCH c USING INTEGER PRIMARY KEY (rowid=?)\n\
                         CORRELATED SCALAR SUBQUERY 1\n\
                         SEARCH j USING INDEX journal_message (message=?)"
                    )
                );
            }
        }
    }

    #[test]
    fn what_is_to_be_fetched_comes_from_an_index_in_order() {
        use crate::store::{bodies, messages};
        for (sql, index) in [
            (bodies::WANTED, "message_wanted"),
            (messages::WITHOUT_ENVELOPE, "message_wanted"),
        ] {
            let plan = plan(sql);
            assert!(plan.contains(index), "{plan}");
            assert!(
                !plan.contains("TEMP B-TREE") && !plan.contains("SCAN"),
                "{plan}"
            );
        }
    }

    #[test]
    fn jumps_and_ordinals_read_an_index_alone() {
        for sql in [
            NEWEST_UNREAD,
            COUNT_NEWER,
            COUNT_NEWER_UNREAD,
            BY_ORDINAL,
            BY_ORDINAL_UNREAD,
        ] {
            let plan = plan(sql);
            assert!(plan.starts_with("SEARCH message USING"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
