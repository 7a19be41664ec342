//! Walks the lists of mailboxes together, newest first: for questions that no word narrows.

use std::collections::{BTreeSet, VecDeque};

use super::compile::{Facts, Node, Test};
use super::places::Places;
use super::run::{Hit, mailboxes};
use crate::model::{ContentKey, Flags, MailboxKey, MessageKey};
use crate::store::columns::count;
use crate::store::{Reader, Rows, StoreError};

/// Rows that are read of a mailbox at first; the next page is longer.
const FIRST: i64 = 32;
const LONGEST: i64 = 1_024;

/// A message on the way.
pub(super) struct Stride {
    pub hit: Hit,
    pub docid: i64,
    arrival: i64,
    flags: i64,
    keywords: String,
    size: u64,
    has_attachment: bool,
}

impl Stride {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            mailbox: self.hit.mailbox,
            flags: self.flags,
            keywords: &self.keywords,
            arrivals: (self.arrival, self.docid >> 20),
            size: self.size,
            has_attachment: self.has_attachment,
        }
    }
}

/// One mailbox, a page at a time.
struct Lane {
    mailbox: MailboxKey,
    ahead: VecDeque<Stride>,
    /// Where the next page begins; `None` at the end.
    from: Option<(i64, i64)>,
    page: i64,
}

pub(super) struct Walk<'a> {
    reader: &'a Reader,
    sql: String,
    /// No older than this.
    since: i64,
    lanes: Vec<Lane>,
    /// The next message of each lane that has one, by (arrival, key).
    order: BTreeSet<(i64, i64, usize)>,
    is_begun: bool,
}

/// Which messages of a mailbox an index has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Unread,
    Flagged,
}

pub(super) fn page_sql(which: Which) -> String {
    let (index, which) = match which {
        Which::All => ("message_list", ""),
        Which::Unread => ("message_unread", "AND m.flags & 1 = 0"),
        Which::Flagged => ("message_flagged", "AND m.flags & 4 <> 0"),
    };
    format!(
        "SELECT m.key, m.content, m.arrival, m.flags, m.keywords, m.size, c.docid, c.attachments
         FROM message m INDEXED BY {index} CROSS JOIN content c ON c.key = m.content
         WHERE m.mailbox = ?1 {which} AND m.arrival >= ?2 AND (m.arrival, m.key) < (?3, ?4)
         ORDER BY m.arrival DESC, m.key DESC LIMIT ?5"
    )
}

impl<'a> Walk<'a> {
    pub fn new(reader: &'a Reader, places: &Places, tree: &Node) -> Self {
        let (mut since, mut until, mut which) = (i64::MIN, i64::MAX, Which::All);
        for test in tree.tests() {
            match test {
                Test::Since(at) => since = since.max(*at),
                Test::Until(at) => until = until.min(*at),
                Test::Flags { clear, .. } if clear & Flags::SEEN != 0 => which = Which::Unread,
                Test::Flags { set, .. } if set & Flags::FLAGGED != 0 => which = Which::Flagged,
                _ => {}
            }
        }
        let those = mailboxes(tree).into_iter();
        let lanes = those
            .filter(|key| places.get(*key).is_some_and(|place| place.total > 0))
            .map(|mailbox| Lane {
                mailbox,
                ahead: VecDeque::new(),
                from: Some((until, i64::MIN)),
                page: FIRST,
            });
        Self {
            reader,
            sql: page_sql(which),
            since,
            lanes: lanes.collect(),
            order: BTreeSet::new(),
            is_begun: false,
        }
    }

    /// The next older message.
    pub fn next(&mut self) -> Result<Option<Stride>, StoreError> {
        if !self.is_begun {
            self.is_begun = true;
            for at in 0..self.lanes.len() {
                self.queue(at)?;
            }
        }
        let Some((_, _, at)) = self.order.pop_last() else {
            return Ok(None);
        };
        let stride = self
            .lanes
            .get_mut(at)
            .and_then(|lane| lane.ahead.pop_front());
        self.queue(at)?;
        Ok(stride)
    }

    fn queue(&mut self, at: usize) -> Result<(), StoreError> {
        let Some(lane) = self.lanes.get_mut(at) else {
            return Ok(());
        };
        if lane.ahead.is_empty() {
            lane.read(self.reader, &self.sql, self.since)?;
        }
        if let Some(next) = lane.ahead.front() {
            self.order.insert((next.arrival, next.hit.message.0, at));
        }
        Ok(())
    }
}

impl Lane {
    fn read(&mut self, reader: &Reader, sql: &str, since: i64) -> Result<(), StoreError> {
        let Some((arrival, key)) = self.from else {
            return Ok(());
        };
        let mut query = reader.connection().prepare_cached(sql)?;
        let mut found = query.query((self.mailbox.0, since, arrival, key, self.page))?;
        let mut rows = 0;
        while let Some(row) = found.next()? {
            rows += 1;
            let stride = Stride {
                hit: Hit {
                    message: MessageKey(row.get(0)?),
                    content: ContentKey(row.get(1)?),
                    mailbox: self.mailbox,
                },
                docid: row.get(6)?,
                arrival: row.get(2)?,
                flags: row.get(3)?,
                keywords: row.get(4)?,
                size: count(row.get(5)?),
                has_attachment: row.get(7)?,
            };
            self.from = Some((stride.arrival, stride.hit.message.0));
            self.ahead.push_back(stride);
        }
        if rows < self.page {
            self.from = None;
        }
        self.page = (self.page * 2).min(LONGEST);
        Ok(())
    }
}
