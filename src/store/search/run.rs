//! Asking: hits as they are found, newest first.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, InterruptHandle};

use super::compile::{self, Around, Facts, Node, Plan, Scope, Test};
use super::file::{self, File};
use super::indexer;
use super::places::Places;
use super::walk::Walk;
use crate::model::{ContentKey, MailboxKey, MessageKey, Query};
use crate::store::bus::lock;
use crate::store::columns::count;
use crate::store::{Reader, Rows, Store, StoreError};

/// Hits outside of the mailboxes that are asked for, after which those are read instead.
const PATIENCE: usize = 200;
/// So many messages are looked at between two questions whether there is enough.
const NOW_AND_THEN: usize = 64;
/// Messages of mailboxes that are small enough to be read for that.
const FEW: u64 = 5_000;

/// Ends a question from another thread; each question has its own.
#[derive(Clone, Default)]
pub struct Stop(Arc<Stopping>);

#[derive(Default)]
struct Stopping {
    is_over: AtomicBool,
    running: Mutex<Vec<InterruptHandle>>,
}

impl Stop {
    /// Ends it, or keeps it from beginning.
    pub fn stop(&self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        for one in lock(&self.0.running).iter() {
            one.interrupt();
        }
    }

    /// Whether it was ended.
    pub fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::SeqCst)
    }
}

/// What is asked.
pub struct Ask<'a> {
    /// For what.
    pub query: &'a Query,
    /// Whether it is being typed: then its last word may be a beginning of anything, and so may
    /// the names of mailboxes.
    pub is_typing: bool,
    /// Where.
    pub scope: Scope,
    /// The time by which `7d` is meant.
    pub now: i64,
    /// How many seconds local time is ahead of UTC at a second.
    pub zone: &'a dyn Fn(i64) -> i32,
    /// Asked now and then once there is a hit: whether what is there is enough for now.
    pub is_enough: &'a dyn Fn() -> bool,
}

/// A message that is what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The message; of several ones with the same content the one in the nearest mailbox.
    pub message: MessageKey,
    /// What it holds.
    pub content: ContentKey,
    /// Where it stands.
    pub mailbox: MailboxKey,
}

/// How a question ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether it was ended before its end.
    pub is_stopped: bool,
    /// Whether it ended because there was enough, and there may be more.
    pub is_cut: bool,
    /// Contents whose words are not in the index yet, about; 0 for a question without words.
    pub unindexed: u64,
    /// Mailboxes and accounts that the query names and that are not there.
    pub unknown: Vec<String>,
}

/// Asks the index and the store.
pub struct Searcher {
    reader: Reader,
    path: PathBuf,
    name: [u8; 16],
    file: Option<File>,
}

impl Searcher {
    /// Opens a reader of the store and, if it is there, the index at `path`.
    pub fn open(store: &Store, path: &Path) -> Result<Self, StoreError> {
        let reader = store.reader()?;
        let name = file::name_of(&reader)?;
        Ok(Self {
            reader,
            file: File::read(path, name),
            path: path.to_owned(),
            name,
        })
    }

    /// The reader of the store, for the rows of what was found.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Whether nothing came, changed or went since the index was written.
    pub fn is_current(&self) -> Result<bool, StoreError> {
        let state = self.file.as_ref().and_then(|file| file.state().ok());
        let Some(state) = state else {
            return Ok(false);
        };
        Ok(state.through >= indexer::newest(&self.reader)?
            && state.tombstone >= indexer::last_tombstone(&self.reader)?)
    }

    /// Contents whose words are not in the index yet, about.
    pub fn unindexed(&self) -> Result<u64, StoreError> {
        let newest = indexer::newest(&self.reader)?;
        let file = self.file.as_ref();
        let through = file
            .and_then(|file| file.state().ok())
            .map_or(0, |s| s.through);
        Ok(count((newest - through).max(0)))
    }

    /// Asks, and hands each hit to `each` until that breaks off.
    pub fn find(
        &mut self,
        ask: &Ask<'_>,
        stop: &Stop,
        each: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<Found, StoreError> {
        if self
            .file
            .as_ref()
            .is_none_or(|file| file.is_replaced(&self.path))
        {
            self.file = File::read(&self.path, self.name);
        }
        self.register(stop);
        // Of what is ended before it begins nothing is under way that could be interrupted.
        let found = match stop.is_over() {
            true => Ok(Found {
                is_stopped: true,
                ..Found::default()
            }),
            false => self.ask(ask, stop, each),
        };
        lock(&stop.0.running).clear();
        match found {
            Err(_) if stop.is_over() => Ok(Found {
                is_stopped: true,
                ..Found::default()
            }),
            found => found,
        }
    }

    fn register(&self, stop: &Stop) {
        let mut running = lock(&stop.0.running);
        running.push(self.reader.connection().get_interrupt_handle());
        running.extend(
            self.file
                .as_ref()
                .map(|file| file.sql.get_interrupt_handle()),
        );
    }

    fn ask(
        &mut self,
        ask: &Ask<'_>,
        stop: &Stop,
        each: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<Found, StoreError> {
        let places = Places::read(&self.reader)?;
        let plan = compile::plan(
            ask.query,
            &Around {
                places: &places,
                scope: ask.scope,
                is_typing: ask.is_typing,
                now: ask.now,
                zone: ask.zone,
            },
        );
        let mut found = Found {
            unknown: plan.unknown.clone(),
            ..Found::default()
        };
        if !plan.leaves.is_empty() {
            found.unindexed = self.unindexed()?;
        }
        let asking = Asking {
            reader: &self.reader,
            places: &places,
            plan: &plan,
            stop,
            is_enough: ask.is_enough,
            is_cut: Cell::new(false),
        };
        let ended = match (&plan.drivers, &self.file) {
            (None, file) => asking.walk(file.as_ref().map(|file| &file.sql), each),
            (Some(drivers), Some(file)) => asking.drive(&file.sql, drivers, each),
            (Some(_), None) => Ok(()),
        };
        match ended {
            Ok(()) => {}
            Err(Trouble::Mail(error)) => return Err(error),
            Err(Trouble::Index(_)) if stop.is_over() => {}
            Err(Trouble::Index(error)) => {
                // Whoever indexes notices that it is gone, and makes it anew.
                tracing::warn!(%error, "the search index cannot be read: it is put aside");
                self.file = None;
                file::remove(&self.path)?;
                found.unindexed = self.unindexed()?;
            }
        }
        found.is_cut = asking.is_cut.get();
        found.is_stopped = stop.is_over();
        Ok(found)
    }
}

/// Whose fault it is.
pub(super) enum Trouble {
    Mail(StoreError),
    Index(rusqlite::Error),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Trouble::Mail(error)
    }
}

pub(super) const ROWS_OF: &str =
    "SELECT c.key, c.attachments, m.key, m.mailbox, m.flags, m.keywords, m.arrival, m.size
     FROM content c JOIN message m ON m.content = c.key WHERE c.docid = ?1 AND m.mailbox IS NOT NULL";

pub(super) const DOCIDS: &str = "SELECT c.docid FROM message m INDEXED BY message_list
     CROSS JOIN content c ON c.key = m.content WHERE m.mailbox = ?1";

pub(super) const LEAF: &str = "SELECT rowid FROM word WHERE word MATCH ?1
     AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC";

struct Asking<'a> {
    reader: &'a Reader,
    places: &'a Places,
    plan: &'a Plan,
    stop: &'a Stop,
    is_enough: &'a dyn Fn() -> bool,
    is_cut: Cell<bool>,
}

impl Asking<'_> {
    /// Whether nothing more is looked at, after so many messages of which some were hits or none.
    fn ends(&self, looked: &mut usize, any: bool) -> bool {
        *looked += 1;
        if any && looked.is_multiple_of(NOW_AND_THEN) && (self.is_enough)() {
            self.is_cut.set(true);
        }
        self.is_cut.get() || self.stop.is_over()
    }

    /// Contents that the index names, newest first.
    fn drive(
        &self,
        index: &Connection,
        drivers: &BTreeSet<usize>,
        each: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<(), Trouble> {
        let (from, to) = range(&self.plan.tree);
        let mut statements = Vec::new();
        for _ in &self.plan.leaves {
            statements.push(index.prepare(LEAF).map_err(Trouble::Index)?);
        }
        let mut leaves = Vec::new();
        for (statement, words) in statements.iter_mut().zip(&self.plan.leaves) {
            let rows = statement.query((words, from, to)).map_err(Trouble::Index)?;
            leaves.push(Leaf { rows, at: None });
        }
        for leaf in &mut leaves {
            leaf.advance()?;
        }
        let (mut looked, mut any) = (0, false);
        let mut outside = 0;
        let mut within: Option<BTreeSet<i64>> = None;
        loop {
            let newest = drivers.iter().filter_map(|n| leaves.get(*n)?.at).max();
            let Some(docid) = newest else {
                return Ok(());
            };
            if self.ends(&mut looked, any) {
                return Ok(());
            }
            for leaf in &mut leaves {
                while leaf.at.is_some_and(|at| at > docid) {
                    leaf.advance()?;
                }
            }
            let is_in = |n: usize| leaves.get(n).is_some_and(|leaf| leaf.at == Some(docid));
            if within.as_ref().is_none_or(|some| some.contains(&docid)) {
                match self.best(docid, &is_in)? {
                    Some(hit) => {
                        any = true;
                        if each(hit).is_break() {
                            return Ok(());
                        }
                    }
                    None => outside += 1,
                }
            }
            if outside == PATIENCE {
                outside += 1;
                within = self.few()?;
            }
            for leaf in &mut leaves {
                if leaf.at == Some(docid) {
                    leaf.advance()?;
                }
            }
        }
    }

    /// The docids of the mailboxes that are asked for, if they are small.
    fn few(&self) -> Result<Option<BTreeSet<i64>>, StoreError> {
        let those = mailboxes(&self.plan.tree);
        let total = |key: &MailboxKey| self.places.get(*key).map_or(0, |place| place.total);
        if those.iter().map(total).sum::<u64>() > FEW {
            return Ok(None);
        }
        let mut query = self.reader.connection().prepare_cached(DOCIDS)?;
        let mut all = BTreeSet::new();
        for key in those {
            let mut found = query.query([key.0])?;
            while let Some(row) = found.next()? {
                all.insert(row.get(0)?);
            }
        }
        Ok(Some(all))
    }

    /// The message of a content that is shown for it, if one of them is what was asked for.
    fn best(&self, docid: i64, leaves: &dyn Fn(usize) -> bool) -> Result<Option<Hit>, StoreError> {
        let mut query = self.reader.connection().prepare_cached(ROWS_OF)?;
        let mut found = query.query([docid])?;
        let mut best: Option<(u8, Hit)> = None;
        while let Some(row) = found.next()? {
            let mailbox = MailboxKey(row.get(3)?);
            let Some(place) = self.places.get(mailbox) else {
                continue;
            };
            let facts = Facts {
                mailbox,
                flags: row.get(4)?,
                keywords: row.get_ref(5)?.as_str()?,
                arrivals: (row.get(6)?, docid >> 20),
                size: count(row.get(7)?),
                has_attachment: row.get(1)?,
            };
            let rank = place.rank();
            let hit = Hit {
                message: MessageKey(row.get(2)?),
                content: ContentKey(row.get(0)?),
                mailbox,
            };
            let is_better =
                best.is_none_or(|(than, other)| (rank, hit.message) < (than, other.message));
            if is_better && self.plan.tree.holds(leaves, &facts) {
                best = Some((rank, hit));
            }
        }
        Ok(best.map(|(_, hit)| hit))
    }

    /// All messages of the mailboxes that are asked for, newest first, where no word narrows them.
    fn walk(
        &self,
        index: Option<&Connection>,
        each: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<(), Trouble> {
        let mut known = Vec::new();
        for words in &self.plan.leaves {
            known.push(match index {
                Some(index) => self.all_of(index, words)?,
                None => BTreeSet::new(),
            });
        }
        let mut walk = Walk::new(self.reader, self.places, &self.plan.tree);
        let mut seen = BTreeSet::new();
        let (mut looked, mut any) = (0, false);
        while let Some(step) = walk.next()? {
            if self.ends(&mut looked, any) {
                return Ok(());
            }
            let is_in = |n: usize| known.get(n).is_some_and(|some| some.contains(&step.docid));
            let facts = step.facts();
            if !self.plan.tree.holds(&is_in, &facts) || !seen.insert(step.hit.content) {
                continue;
            }
            let hit = match self.places.is_labelled(step.hit.mailbox) {
                true => self.best(step.docid, &is_in)?.unwrap_or(step.hit),
                false => self.best_of_copies(&step.hit, step.docid, &is_in)?,
            };
            any = true;
            if each(hit).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Copies are rare where mailboxes are not labels: most contents have one message.
    fn best_of_copies(
        &self,
        hit: &Hit,
        docid: i64,
        is_in: &dyn Fn(usize) -> bool,
    ) -> Result<Hit, StoreError> {
        let mut query = self.reader.connection().prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM message WHERE content = ?1 LIMIT 2)",
        )?;
        let messages: i64 = query.query_row([hit.content.0], |row| row.get(0))?;
        if messages < 2 {
            return Ok(*hit);
        }
        Ok(self.best(docid, is_in)?.unwrap_or(*hit))
    }

    /// Every content in which the words stand.
    fn all_of(&self, index: &Connection, words: &str) -> Result<BTreeSet<i64>, Trouble> {
        let (from, to) = range(&self.plan.tree);
        let all = || -> Result<BTreeSet<i64>, rusqlite::Error> {
            let mut query = index.prepare(LEAF)?;
            let mut found = query.query((words, from, to))?;
            let mut all = BTreeSet::new();
            while let Some(row) = found.next()?
                && !self.stop.is_over()
            {
                all.insert(row.get(0)?);
            }
            Ok(all)
        };
        all().map_err(Trouble::Index)
    }
}

/// One question to the index, under way.
struct Leaf<'s> {
    rows: rusqlite::Rows<'s>,
    at: Option<i64>,
}

impl Leaf<'_> {
    fn advance(&mut self) -> Result<(), Trouble> {
        let row = self.rows.next().map_err(Trouble::Index)?;
        self.at = match row {
            Some(row) => Some(row.get(0).map_err(Trouble::Index)?),
            None => None,
        };
        Ok(())
    }
}

/// The docids in which everything lies that the tree can hold of.
pub(super) fn range(tree: &Node) -> (i64, i64) {
    let docid = |second: i64| second.clamp(0, 1 << 40) << 20;
    let (mut from, mut to) = (0, i64::MAX);
    for test in tree.tests() {
        match test {
            Test::Since(at) => from = from.max(docid(*at)),
            Test::Until(at) => to = to.min(docid(*at)),
            _ => {}
        }
    }
    (from, to)
}

/// The mailboxes in which everything stands that the tree can hold of.
pub(super) fn mailboxes(tree: &Node) -> BTreeSet<MailboxKey> {
    let mut those: Option<BTreeSet<MailboxKey>> = None;
    for test in tree.tests() {
        if let Test::Mailbox(some) = test {
            those = Some(match those {
                None => some.clone(),
                Some(those) => those.intersection(some).copied().collect(),
            });
        }
    }
    those.unwrap_or_default()
}
