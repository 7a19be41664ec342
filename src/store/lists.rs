//! Lists of messages: the cost of a page depends on the window, not on the mailbox.
//!
//! "Newest first" is (arrival, key) descending, which never changes for a message, so paging is
//! stable. An index orders; the rows of the window are looked up. Several mailboxes are walked side
//! by side, each along its own index.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row};

use crate::model::thread::TreeCell;
use crate::model::{Address, ContentKey, Flags, Kept, MailboxKey, MessageKey, ThreadKey};

use super::columns::{count, flags_at, list};
use super::{Rows, StoreError, contents};

pub use crate::model::Filter;
pub use strands::{Walk, count_beyond, merged, nth};

pub mod ranks;
mod strands;

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
    /// Older than any message.
    pub const END: Place = Place {
        arrival: i64::MIN,
        key: MessageKey(i64::MIN),
    };
}

/// What a list shows of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    /// The message.
    pub key: MessageKey,
    /// Where it is; `None` for one that is nowhere any more.
    pub mailbox: Option<MailboxKey>,
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
    /// Its place in a tree, in a list that shows one.
    pub tree: Option<TreeCell>,
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

/// The thread is the one that stands, as [`super::threads::root`] finds it.
const ROW: &str = "SELECT m.key, m.content, m.flags, m.keywords,
    EXISTS (SELECT 1 FROM journal j WHERE j.message = m.key AND j.state <> 'failed'),
    c.senders, c.recipients, c.subject, c.date, m.arrival, m.size, c.attachments, c.list_id, c.kept,
    coalesce((SELECT into_thread FROM thread WHERE key = m.thread), m.thread), m.mailbox";

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
        mailbox: row.get::<_, Option<i64>>(15)?.map(MailboxKey),
        tree: None,
    })
}

const WITH_CONTENT: &str = "CROSS JOIN content c ON c.key = m.content";

/// Which side of a place is read, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What is newer.
    Newer,
    /// The place and what is newer.
    AtAndNewer,
    /// What is older.
    Older,
    /// The place and what is older.
    AtAndOlder,
}

impl Reach {
    /// Whether it goes to older messages.
    pub fn is_older(self) -> bool {
        matches!(self, Reach::Older | Reach::AtAndOlder)
    }

    /// How it goes on behind a place that was read.
    fn behind(self) -> Self {
        if self.is_older() {
            Reach::Older
        } else {
            Reach::Newer
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Reach::Newer => (">", "ASC"),
            Reach::AtAndNewer => (">=", "ASC"),
            Reach::Older => ("<", "DESC"),
            Reach::AtAndOlder => ("<=", "DESC"),
        }
    }
}

/// Which messages of a mailbox are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// By their flags.
    pub filter: Filter,
    /// Only those that stand in no other mailbox.
    pub alone: bool,
}

impl From<Filter> for Portion {
    fn from(filter: Filter) -> Self {
        Self {
            filter,
            alone: false,
        }
    }
}

impl Portion {
    /// The index that has these messages in order, and what a query says so that it is taken.
    fn index(self) -> (&'static str, &'static str) {
        match (self.alone, self.filter) {
            (false, Filter::All) => ("message_list", ""),
            (false, Filter::Unread) => ("message_unread", "AND m.flags & 1 = 0"),
            (false, Filter::Flagged) => ("message_flagged", "AND m.flags & 4 <> 0"),
            // No list shows all of them: there is no index for it.
            (true, Filter::All) => ("message_list", "AND m.alone = 1"),
            (true, Filter::Unread) => (
                "message_alone_unread",
                "AND m.alone = 1 AND m.flags & 1 = 0",
            ),
            (true, Filter::Flagged) => (
                "message_alone_flagged",
                "AND m.alone = 1 AND m.flags & 4 <> 0",
            ),
        }
    }
}

fn page_sql(select: &str, with: Option<&str>, portion: Portion, reach: Reach) -> String {
    let (index, only) = portion.index();
    let (than, order) = reach.words();
    let with = with.unwrap_or_default();
    format!(
        "{select} FROM message m INDEXED BY {index} {with}
         WHERE m.mailbox = ?1 {only} AND (m.arrival, m.key) {than} (?2, ?3)
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
    let walk = Walk::of(mailbox, filter);
    merged(rows, &walk, place, Reach::AtAndOlder, limit)
}

/// The mailbox of a message that is unread there.
pub fn unread_in(rows: &impl Rows, key: MessageKey) -> Result<Option<MailboxKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT mailbox FROM message WHERE key = ?1 AND flags & 1 = 0 AND mailbox IS NOT NULL",
    )?;
    let found = query.query_row([key.0], |row| row.get(0)).optional()?;
    Ok(found.map(MailboxKey))
}

/// Whether a message of a server's list of all mail stands in no other mailbox.
pub fn is_alone(rows: &impl Rows, key: MessageKey) -> Result<bool, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT alone FROM message WHERE key = ?1")?;
    Ok(query.query_row([key.0], |row| row.get(0)).optional()? == Some(true))
}

/// One message as a list shows it.
pub fn row(rows: &impl Rows, key: MessageKey) -> Result<Option<IndexRow>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{ROW} FROM message m JOIN content c ON c.key = m.content WHERE m.key = ?1"
    ))?;
    Ok(query.query_row([key.0], read).optional()?)
}

/// Several messages as a list shows them; those that are gone are left out.
pub fn rows_of(
    rows: &impl Rows,
    keys: impl Iterator<Item = MessageKey>,
) -> Result<HashMap<MessageKey, IndexRow>, StoreError> {
    let some = list(keys.map(|key| key.0));
    let mut query = rows.connection().prepare_cached(&rows_sql())?;
    let found = query
        .query_map([some], |row| read(row).map(|row| (row.key, row)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn rows_sql() -> String {
    format!(
        "{ROW} FROM json_each(?1) some CROSS JOIN message m ON m.key = some.value {WITH_CONTENT}"
    )
}

const PLACE: &str = "SELECT arrival, key FROM message WHERE key = ?1";

/// The newest unread one of a portion; of all mail that is the first of those that are unread.
fn newest_unread_sql(portion: Portion) -> String {
    let filter = match portion.filter {
        Filter::All | Filter::Unread => Filter::Unread,
        Filter::Flagged => Filter::Flagged,
    };
    let (index, only) = Portion { filter, ..portion }.index();
    format!(
        "SELECT m.arrival, m.key FROM message m INDEXED BY {index}
         WHERE m.mailbox = ?1 {only} AND m.flags & 1 = 0 AND (m.arrival, m.key) < (?2, ?3)
         ORDER BY m.arrival DESC, m.key DESC LIMIT 1"
    )
}

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

/// The newest unread message of a list that is older than `place`.
pub fn newest_unread(
    rows: &impl Rows,
    walk: &Walk,
    place: Place,
) -> Result<Option<Place>, StoreError> {
    let mut newest = None;
    for (mailbox, portion) in walk.portions() {
        let sql = newest_unread_sql(portion);
        let mut query = rows.connection().prepare_cached(&sql)?;
        let place = (mailbox.0, place.arrival, place.key.0);
        newest = newest.max(query.query_row(place, read_place).optional()?);
    }
    Ok(newest)
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
pub(super) mod tests {
    use super::*;
    use crate::store::tests::Bed;

    pub(super) fn plan(sql: &str) -> String {
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

    const INDEXES: [(Filter, bool, &str); 5] = [
        (Filter::All, false, "message_list"),
        (Filter::Unread, false, "message_unread"),
        (Filter::Flagged, false, "message_flagged"),
        (Filter::Unread, true, "message_alone_unread"),
        (Filter::Flagged, true, "message_alone_flagged"),
    ];
    const REACHES: [(Reach, &str); 4] = [
        (Reach::AtAndOlder, "arrival<?"),
        (Reach::Older, "arrival<?"),
        (Reach::AtAndNewer, "arrival>?"),
        (Reach::Newer, "arrival>?"),
    ];

    #[test]
    fn every_list_is_ordered_by_its_index_and_bounded_by_its_window() {
        for (filter, alone, index) in INDEXES {
            let portion = Portion { filter, alone };
            for (reach, bound) in REACHES {
                let plan = plan(&page_sql(ROW, Some(WITH_CONTENT), portion, reach));
                assert_eq!(
                    plan,
                    format!(
                        "SEARCH m USING INDEX {index} (mailbox=? AND {bound})\n\
                         SEARCH c USING INTEGER PRIMARY KEY (rowid=?)\n\
                         CORRELATED SCALAR SUBQUERY 1\n\
                         SEARCH j USING INDEX journal_message (message=?)\n\
                         CORRELATED SCALAR SUBQUERY 2\n\
                         SEARCH thread USING INTEGER PRIMARY KEY (rowid=?)"
                    )
                );
            }
        }
    }

    #[test]
    fn rows_by_their_keys_are_looked_up_one_by_one() {
        assert_eq!(
            plan(&rows_sql()),
            "SCAN some VIRTUAL TABLE INDEX 1:\n\
             SEARCH m USING INTEGER PRIMARY KEY (rowid=?)\n\
             SEARCH c USING INTEGER PRIMARY KEY (rowid=?)\n\
             CORRELATED SCALAR SUBQUERY 1\n\
             SEARCH j USING INDEX journal_message (message=?)\n\
             CORRELATED SCALAR SUBQUERY 2\n\
             SEARCH thread USING INTEGER PRIMARY KEY (rowid=?)"
        );
    }

    #[test]
    fn a_strand_of_a_merged_list_and_its_count_go_along_their_index() {
        for (filter, alone, index) in INDEXES {
            let portion = Portion { filter, alone };
            for (reach, bound) in REACHES {
                let how = match filter {
                    Filter::All => "COVERING INDEX",
                    Filter::Unread | Filter::Flagged => "INDEX",
                };
                let wanted = format!("SEARCH m USING {how} {index} (mailbox=? AND {bound})");
                let places = page_sql("SELECT m.arrival, m.key", None, portion, reach);
                assert_eq!(plan(&places), wanted);
                assert_eq!(plan(&strands::count_sql(portion, reach)), wanted);
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
    fn jumps_to_unread_messages_read_an_index_in_order() {
        for (filter, alone, index) in INDEXES {
            let plan = plan(&newest_unread_sql(Portion { filter, alone }));
            let index = match filter {
                Filter::All => "message_unread",
                Filter::Unread | Filter::Flagged => index,
            };
            let wanted = format!("SEARCH m USING INDEX {index} (mailbox=? AND arrival<?)");
            assert_eq!(plan, wanted);
        }
    }
}
