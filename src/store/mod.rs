//! The only SQL: schema, rows, bodies, threads, journal, undo, notices, change bus.
//!
//! One file, `mail.db`, is the truth (DESIGN sections 6 and 10). [`Store`] owns one writing
//! connection on a thread of its own, from the first write on, which puts a person's actions before
//! bulk, and hands out query-only [`Reader`]s. What several processes see is what is committed; each
//! commit sends the [`Change`]s that it made.
//!
//! Modules hold the rows of one table each: functions that read take anything that is [`Rows`] (a
//! [`Reader`] or the [`Tx`] of a write), functions that write take a [`Tx`]. Nothing here calls the
//! network, and nothing outside names SQL.

pub mod accounts;
pub mod batches;
mod behind;
pub mod bodies;
mod bus;
pub mod care;
mod columns;
pub mod contacts;
pub mod contents;
pub mod counts;
pub mod drafts;
pub mod effective;
mod error;
mod expected;
pub mod filed;
pub mod imports;
pub mod journal;
pub mod links;
pub mod lists;
pub mod local;
pub mod mailboxes;
pub mod maildrop;
pub mod messages;
pub mod mutes;
pub mod notices;
mod open;
pub mod outgoing;
pub mod people;
mod reader;
pub mod remains;
pub mod removal;
mod renumber;
pub mod requests;
mod roles;
mod salvage;
pub mod saved;
mod schema;
pub mod search;
#[cfg(test)]
pub(crate) mod tests;
pub mod threads;

pub mod undo;
pub mod verdicts;
mod writer;

pub use bus::{Change, Changes, Watch};
pub use error::{Refusal, StoreError};
pub use reader::Reader;
pub use renumber::{Ending, Renumbered, finish as finish_renumber};
pub use writer::{Pending, Priority, Tx};

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::Connection;

use crate::protocol::Clock;

use bus::Bus;
use writer::{Post, Writer};

/// Something that rows can be read from: a [`Reader`], or a [`Tx`], which sees its own writes.
pub trait Rows {
    /// The connection; only this room uses it.
    fn connection(&self) -> &Connection;
}

/// The mail store: cheap to clone; the file closes with the last clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// A connection between two glances. It closes before the writer's; the last one empties the WAL.
    idle: Mutex<Option<Reader>>,
    writer: Writer,
    bus: Arc<Bus>,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    announcing: OnceLock<Watch>,
    _presence: std::fs::File,
}

impl Store {
    /// Opens the store at `path` (a file; a folder that is not there is made, 0700), creating, migrating or, when
    /// the file is damaged, salvaging it. What was done about damage stands in a notice.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let opened = open::open(path, clock.wall())?;
        let bus = Arc::new(Bus::default());
        let writer = Writer::new(Post {
            path: path.to_owned(),
            key: opened.key,
            bus: bus.clone(),
            clock: clock.clone(),
        });
        Ok(Self {
            inner: Arc::new(Inner {
                // It has read the schema, which is most of what opening costs.
                idle: Mutex::new(Some(Reader::over(opened.connection)?)),
                writer,
                bus,
                path: path.to_owned(),
                clock,
                announcing: OnceLock::new(),
                _presence: opened.presence,
            }),
        })
    }

    /// Runs `work` as one transaction on the writer's thread, a person's before bulk. A person's
    /// commit is on the disk when it answers; a bulk one when the system gets to it.
    pub fn write<T: Send + 'static>(
        &self,
        priority: Priority,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        self.inner.writer.write(priority, work)
    }

    /// A query-only connection of one's own. Keep it: opening one costs about a millisecond.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        match self.idle().take() {
            Some(reader) => Ok(reader),
            None => Reader::open(&self.inner.path),
        }
    }

    /// Reads something that is over at once, and keeps the connection for who reads next.
    pub fn glance<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let reader = self.reader()?;
        let out = read(&reader)?;
        *self.idle() = Some(reader);
        Ok(out)
    }

    fn idle(&self) -> MutexGuard<'_, Option<Reader>> {
        self.inner
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A queue of what changes from now on, merged until it is taken.
    pub fn subscribe(&self) -> Changes {
        self.inner.bus.subscribe()
    }

    /// Calls `tell` on the writer's thread after each commit, until the [`Watch`] is dropped. It
    /// must be quick and must not wait for the store.
    pub fn watch(&self, tell: impl Fn(&[Change]) + Send + Sync + 'static) -> Watch {
        self.inner.bus.watch(tell)
    }

    /// Calls `tell` after each commit of this process for as long as the store is open, so that
    /// other processes hear of it; a second call changes nothing. It must be quick.
    pub fn announce(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.inner.announcing.get_or_init(|| {
            self.watch(move |changes| {
                // What others did they know.
                if !changes.contains(&Change::Others) {
                    tell();
                }
            })
        });
    }

    /// Looks whether another process has committed since the last look; if so, sends
    /// [`Change::Others`] and answers true, as the first look does in any case. Called on a wake-up,
    /// never as a poll.
    pub fn look(&self) -> Pending<bool> {
        self.inner.writer.look()
    }

    /// Gives freed pages back: overwrites deleted bytes, truncates the WAL, rebuilds the file
    /// (SAFETY S7). Slow with a large file.
    pub fn compact(&self) -> Pending<()> {
        self.inner.writer.compact()
    }

    /// Gives freed pages back to the file system in short steps, after much was deleted. Waits on
    /// this thread.
    pub fn trim(&self) -> Result<(), StoreError> {
        while self.inner.writer.trim().wait()? {}
        Ok(())
    }

    /// Files beside the store that an earlier damage or migration left: they hold mail, also of an
    /// account that was removed since.
    pub fn copies(&self) -> Vec<PathBuf> {
        salvage::copies(&self.inner.path)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The wall clock, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.inner.clock.wall()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Store({})", self.inner.path.display())
    }
}
