//! The one writing connection, on a thread of its own. Both begin with the first write: most
//! commands only read.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};

use crate::model::courtesy;
use crate::protocol::Clock;

use super::bus::{Bus, lock};
use super::{Change, Rows, StoreError, open, schema};

/// After how many steps of SQLite's machine the writer looks whether a person waits.
const STEPS: i32 = 500;

/// Whose transaction goes first, and whether its commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// What a person did, or what must not be forgotten: goes first, is synced to the disk.
    Person,
    /// What can be fetched again. Keep each one short (20 ms, 4 MB): a person waits behind it.
    Bulk,
}

/// A write transaction. It commits when its closure answers `Ok`.
pub struct Tx<'c> {
    connection: &'c Connection,
    now: i64,
    key: [u8; 32],
    durable: Cell<bool>,
    changes: RefCell<BTreeSet<Change>>,
}

impl Tx<'_> {
    /// The wall clock at the start of the transaction.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The key of the Message-ID hashes.
    pub(super) fn thread_key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Tells the bus after the commit.
    pub fn changed(&self, change: Change) {
        self.changes.borrow_mut().insert(change);
    }

    /// Has the commit synced to the disk even if it is a bulk one.
    pub fn durable(&self) {
        self.durable.set(true);
    }
}

impl Rows for Tx<'_> {
    fn connection(&self) -> &Connection {
        self.connection
    }
}

/// It is told if there is nothing to work with.
type Job = Box<dyn FnOnce(Result<&mut Bench, StoreError>) + Send>;

/// What a writer is about.
#[derive(Clone)]
pub(super) struct Post {
    pub path: PathBuf,
    pub key: [u8; 32],
    pub bus: Arc<Bus>,
    pub clock: Arc<dyn Clock>,
}

/// What a job works with.
struct Bench {
    connection: Connection,
    post: Post,
    full: bool,
    /// `None` before the first look: what was committed before this connection was opened it cannot
    /// tell.
    others: Option<i64>,
}

#[derive(Default)]
struct Queues {
    person: VecDeque<Job>,
    bulk: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Desk {
    queues: Mutex<Queues>,
    work: Condvar,
}

pub(super) struct Writer {
    desk: Arc<Desk>,
    post: Post,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn new(post: Post) -> Self {
        Self {
            desk: Arc::new(Desk::default()),
            post,
            thread: Mutex::new(None),
        }
    }

    fn start(&self) -> Result<(), StoreError> {
        let mut thread = lock(&self.thread);
        if thread.is_none() {
            let (desk, post) = (self.desk.clone(), self.post.clone());
            let begun = std::thread::Builder::new()
                .name("store".into())
                .spawn(move || run(&desk, &post))
                .map_err(|e| StoreError::fault(format!("no thread for the store: {e}")))?;
            *thread = Some(begun);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn is_begun(&self) -> bool {
        lock(&self.thread).is_some()
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        priority: Priority,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        self.queue(priority, move |bench| bench.transact(priority, work))
    }

    pub(super) fn look(&self) -> Pending<bool> {
        self.queue(Priority::Person, Bench::look)
    }

    pub(super) fn trim(&self) -> Pending<bool> {
        self.queue(Priority::Bulk, Bench::trim)
    }

    pub(super) fn compact(&self) -> Pending<()> {
        self.queue(Priority::Bulk, Bench::compact)
    }

    fn queue<T: Send + 'static>(
        &self,
        priority: Priority,
        work: impl FnOnce(&mut Bench) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        let answer = Arc::new(Answer::default());
        let promise = Promise(Some(answer.clone()));
        let job: Job = Box::new(move |bench| {
            let out = catch_unwind(AssertUnwindSafe(|| work(bench?)));
            promise.keep(out.unwrap_or_else(|_| Err(StoreError::fault("see the log"))));
        });
        if let Err(error) = self.start() {
            job(Err(error));
            return Pending { answer };
        }
        let mut queues = lock(&self.desk.queues);
        if !queues.closed {
            match priority {
                Priority::Person => queues.person.push_back(job),
                Priority::Bulk => queues.bulk.push_back(job),
            }
            self.desk.work.notify_one();
        }
        Pending { answer }
    }
}

impl Drop for Writer {
    /// What is queued is still written; then the thread ends.
    fn drop(&mut self) {
        lock(&self.desk.queues).closed = true;
        self.desk.work.notify_all();
        let Some(thread) = lock(&self.thread).take() else {
            return;
        };
        // The last clone may be dropped by a watcher, that is on the thread itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the store's thread broke off");
        }
    }
}

fn run(desk: &Desk, post: &Post) {
    let mut bench = None;
    while let Some(job) = desk.next() {
        let open = match bench.take() {
            Some(bench) => Ok(bench),
            // Where it fails the next job tries again.
            None => Bench::open(post),
        };
        match open {
            Ok(open) => job(Ok(bench.insert(open))),
            Err(error) => {
                if let StoreError::Damaged { .. } = error {
                    open::suspect(&post.path);
                }
                job(Err(error));
            }
        }
    }
}

impl Desk {
    /// The next job, a person's before bulk; `None` at the end.
    fn next(&self) -> Option<Job> {
        let mut queues = lock(&self.queues);
        loop {
            if let Some(job) = queues.person.pop_front() {
                return Some(job);
            }
            if let Some(job) = queues.bulk.pop_front() {
                return Some(job);
            }
            if queues.closed {
                return None;
            }
            queues = match self.work.wait(queues) {
                Ok(queues) => queues,
                Err(poisoned) => poisoned.into_inner(),
            };
        }
    }
}

impl Bench {
    fn open(post: &Post) -> Result<Self, StoreError> {
        let mut connection = open::connect(&post.path)?;
        open::tune_writing(&connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Reading pages and looking rows up, some tenth of a millisecond each time.
        connection.progress_handler(
            STEPS,
            Some(|| {
                if courtesy::person_waits() {
                    std::thread::yield_now();
                }
                false
            }),
        )?;
        Ok(Self {
            connection,
            post: post.clone(),
            full: true,
            others: None,
        })
    }

    fn transact<T>(
        &mut self,
        priority: Priority,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let out = self.attempt(priority, work);
        if let Err(StoreError::Damaged { .. }) = &out
            && let Some(path) = self.connection.path()
        {
            open::suspect(std::path::Path::new(path));
        }
        out
    }

    fn attempt<T>(
        &mut self,
        priority: Priority,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.sync_to_disk(priority == Priority::Person)?;
        let now = self.post.clock.wall();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        refuse_another(&transaction)?;
        let tx = Tx {
            connection: &transaction,
            now,
            key: self.post.key,
            durable: Cell::new(false),
            changes: RefCell::default(),
        };
        let value = work(&tx)?;
        let (durable, changes) = (tx.durable.get(), tx.changes.take());
        transaction.commit()?;
        // It is committed whatever comes next, so everybody is told of it.
        self.post.bus.send(&changes.into_iter().collect::<Vec<_>>());
        if durable && !self.full {
            // A synced commit takes with it what was written to the WAL before.
            self.sync_to_disk(true)?;
            self.connection
                .execute("UPDATE store SET made = made", [])?;
        }
        Ok(value)
    }

    fn sync_to_disk(&mut self, full: bool) -> Result<(), StoreError> {
        if self.full != full {
            let mode = if full { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", mode)?;
            self.full = full;
        }
        Ok(())
    }

    fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    fn look(&mut self) -> Result<bool, StoreError> {
        let now = Some(self.data_version()?);
        let others = now != self.others;
        self.others = now;
        if others {
            self.post.bus.send(&[Change::Others]);
        }
        Ok(others)
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        refuse_another(&self.connection)?;
        self.connection.execute_batch("VACUUM")?;
        // Until the checkpoint ends, the file itself still holds the old pages.
        let busy: bool =
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            Err(StoreError::Locked)
        } else {
            Ok(())
        }
    }

    /// Frees some pages at a time, so that a person's write waits for one step only.
    fn trim(&mut self) -> Result<bool, StoreError> {
        refuse_another(&self.connection)?;
        self.sync_to_disk(false)?;
        let free = |connection: &Connection| {
            connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))
        };
        let before = free(&self.connection)?;
        let mut step = self.connection.prepare("PRAGMA incremental_vacuum(2000)")?;
        let mut rows = step.query([])?;
        while rows.next()?.is_some() {}
        drop(rows);
        drop(step);
        let after = free(&self.connection)?;
        Ok(after > 0 && after < before)
    }
}

/// Another process may have migrated the file while we had it open: then nothing is written any more.
fn refuse_another(connection: &Connection) -> Result<(), StoreError> {
    let found = schema::version(connection)?;
    if found == schema::VERSION {
        return Ok(());
    }
    Err(StoreError::Newer {
        path: connection.path().unwrap_or_default().into(),
        found,
        known: schema::VERSION,
    })
}

/// The answer of a write that was queued: wait for it, await it, or drop it (the write goes on).
#[must_use = "a failed write is only known to who waits for it"]
pub struct Pending<T> {
    answer: Arc<Answer<T>>,
}

struct Answer<T> {
    slot: Mutex<Slot<T>>,
    ready: Condvar,
}

struct Slot<T> {
    value: Option<Result<T, StoreError>>,
    gone: bool,
    waker: Option<Waker>,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self {
            slot: Mutex::new(Slot {
                value: None,
                gone: false,
                waker: None,
            }),
            ready: Condvar::new(),
        }
    }
}

/// The job's half: whoever drops it unkept answers `Closed`.
struct Promise<T>(Option<Arc<Answer<T>>>);

impl<T> Promise<T> {
    fn keep(mut self, value: Result<T, StoreError>) {
        if let Some(answer) = self.0.take() {
            if let Err(error) = &value
                && Arc::strong_count(&answer) == 1
            {
                tracing::warn!(%error, "a change to the mail store that nobody waits for failed");
            }
            answer.set(Some(value));
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            answer.set(None);
        }
    }
}

impl<T> Answer<T> {
    fn set(&self, value: Option<Result<T, StoreError>>) {
        let mut slot = lock(&self.slot);
        slot.value = value;
        slot.gone = true;
        let waker = slot.waker.take();
        drop(slot);
        self.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Pending<T> {
    /// Waits on this thread. Never on the UI thread, never inside a transaction.
    pub fn wait(self) -> Result<T, StoreError> {
        let mut slot = lock(&self.answer.slot);
        while !slot.gone {
            slot = match self.answer.ready.wait(slot) {
                Ok(slot) => slot,
                Err(poisoned) => poisoned.into_inner(),
            };
        }
        slot.value.take().unwrap_or(Err(StoreError::Closed))
    }

    /// Lets the write go on without anybody asking how it ended, apart from the log.
    pub fn forget(self) {}
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.answer.slot);
        if slot.gone {
            return Poll::Ready(slot.value.take().unwrap_or(Err(StoreError::Closed)));
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
