//! Owner of all account tasks: one thread with a tokio runtime, told what to do by the faces.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use crate::config::{AccountSettings, Paths, Settings};
use crate::env::{Ear, Env, Neighbours, harden};
use crate::model::Secret;
use crate::net::Ways;
use crate::store::{Change, Priority, Reader, Store, StoreError, Tx, Watch};
use crate::store::{accounts, journal, local, requests};

use super::SyncError;
use super::account::Task;
use super::care::{CALM, Care};
use super::desk::Desk;
use super::indexing::Indexing;
use super::neighbours::Letter;
use super::plan::backoff;
use super::signal::Signal;

/// How often the clocks are compared to see a suspend (SAFETY R16); after one it is done at once.
const LOOK: Duration = Duration::from_secs(15);
/// How long after a change of the network it is used.
const SETTLED: Duration = Duration::from_secs(1);
/// What others wrote is looked through at most so often.
const BREATH: Duration = Duration::from_millis(20);

type Signals = BTreeMap<String, Arc<Signal>>;

/// The running sync of all accounts. Dropping it stops it within a few seconds.
pub struct Supervisor {
    shared: Arc<Shared>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    end: Option<oneshot::Sender<()>>,
    ended: std::sync::mpsc::Receiver<()>,
    _watch: Watch,
    _care: Option<Care>,
    _indexing: Option<Indexing>,
}

struct Shared {
    env: Env,
    store: Store,
    data: PathBuf,
    signals: Mutex<Signals>,
    tasks: Mutex<JoinSet<()>>,
    neighbours: Neighbours,
    /// Another process has committed.
    others: Notify,
}

impl Shared {
    /// What another process tells. On the thread that listens: it may wait for the store.
    fn heard(&self, letter: Letter) {
        match letter {
            Letter::Look => {
                if let Err(error) = self.store.look().wait() {
                    tracing::warn!(%error, "cannot see what another process wrote");
                }
            }
            Letter::Forget { account } => {
                if let Some(signal) = self.signals().get(&account) {
                    signal.ask(|wishes| {
                        wishes.secret = None;
                        wishes.forget = true;
                    });
                }
            }
            Letter::Password {
                account,
                request,
                secret,
            } => {
                let Some(signal) = self.signals().get(&account).cloned() else {
                    tracing::info!(account, "a password came for an account that is not synced");
                    return;
                };
                signal.ask(|wishes| wishes.secret = Some(secret));
                // Whoever answers the request from now on has tried the password.
                let open = requests::Progress::Open;
                let open = move |tx: &Tx<'_>| requests::set_progress(tx, request, &open);
                self.store.write(Priority::Person, open).forget();
            }
        }
    }

    fn signals(&self) -> MutexGuard<'_, Signals> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Supervisor({:?})", self.shared.signals().keys())
    }
}

impl Supervisor {
    /// Starts a task for each account of `settings` that has a server.
    ///
    /// Returns at once: nothing is dialled and no keyring asked on this thread.
    pub fn start(
        env: Env,
        store: Store,
        settings: &Settings,
        paths: &Paths,
    ) -> Result<Self, SyncError> {
        let failed = |source: std::io::Error| SyncError::System {
            what: "start the network".to_owned(),
            source,
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("net")
            .on_thread_start(harden::stand_back)
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let shared = Arc::new(Shared {
            env,
            store: store.clone(),
            data: paths.data.clone(),
            signals: Mutex::default(),
            tasks: Mutex::default(),
            neighbours: Neighbours::of(paths),
            others: Notify::new(),
        });
        // The writer's thread as well: a wish is shown before it is written.
        let stand_back = |_: &Tx<'_>| {
            harden::stand_back();
            Ok(())
        };
        shared.store.write(Priority::Bulk, stand_back).forget();
        let (end, until) = oneshot::channel();
        let (tell_ended, ended) = std::sync::mpsc::channel();
        let watched = shared.clone();
        let thread = std::thread::Builder::new()
            .name("sync".to_owned())
            .spawn(move || {
                // On a thread of the runtime: a look then wakes one thread, not two.
                let looking = runtime.spawn(look_after(watched, until));
                if runtime.block_on(looking).is_err() {
                    tracing::error!("the clocks are not compared any more");
                }
                runtime.shutdown_timeout(Duration::from_millis(500));
                // Nobody listens when the supervisor gave up waiting.
                let _ = tell_ended.send(());
            })
            .map_err(failed)?;
        let told = shared.clone();
        let watch = store.watch(move |changes| {
            if changes.contains(&Change::Others) {
                told.others.notify_one();
            }
            let work = |change: &Change| matches!(change, Change::Journal | Change::Requests);
            if changes.iter().any(work) {
                for signal in told.signals().values() {
                    signal.ask(|wishes| wishes.work = true);
                }
            }
        });
        let care = Care::start(&store, CALM)
            .inspect_err(|error| tracing::error!(%error, "nobody looks after the mail store"))
            .ok();
        let supervisor = Self {
            shared,
            handle,
            thread: Some(thread),
            end: Some(end),
            ended,
            _watch: watch,
            _care: care,
            _indexing: Indexing::beside(&store, paths),
        };
        for account in &settings.accounts {
            supervisor.add(account);
        }
        Ok(supervisor)
    }

    /// Gives an account its row, in its own kind, before anything else is written about it.
    fn introduce(&self, account: &AccountSettings) {
        let (id, kind) = (account.id.clone(), account.stored_kind());
        let ensure = move |tx: &Tx<'_>| {
            let there = accounts::ensure(tx, &id, kind);
            let furnished = there.and_then(|key| match kind.is_remote() {
                true => Ok(()),
                false => local::furnish(tx, key),
            });
            if let Err(error) = furnished {
                tracing::error!(account = %id, %error, "the account has no place in the store");
            }
            Ok(())
        };
        self.shared.store.write(Priority::Person, ensure).forget();
    }

    /// Starts the task of an account, as when it was just set up; in place of an older one.
    pub fn add(&self, account: &AccountSettings) {
        self.introduce(account);
        // Mail may leave without a server that it comes from.
        if !account.has_server() {
            return;
        }
        let signal = Arc::new(Signal::default());
        signal.set_offline(self.is_offline());
        let before = self
            .shared
            .signals()
            .insert(account.id.clone(), signal.clone());
        if let Some(before) = before {
            before.ask(|wishes| wishes.stop = true);
        }
        let (shared, account) = (self.shared.clone(), account.clone());
        let work = async move {
            match Desk::open(&shared.env, &shared.store, &account, signal, None).await {
                Ok(desk) => Task::new(desk, shared.data.clone()).run().await,
                Err(error) => {
                    tracing::error!(account = %account.id, %error, "the sync did not start");
                }
            }
        };
        let mut tasks = self
            .shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tasks.spawn_on(work, &self.handle);
    }

    fn ask(&self, account: Option<&str>, add: impl Fn(&Signal)) {
        for (id, signal) in self.shared.signals().iter() {
            if account.is_none_or(|account| account == id) {
                add(signal);
            }
        }
    }

    /// Tells that something was put into the journal or the requests of an account.
    pub fn wake(&self, account: &str) {
        self.ask(Some(account), |signal| {
            signal.ask(|wishes| wishes.work = true);
        });
    }

    /// Tries and pulls now, whatever the back-off says (`^R`): one account, or all.
    pub fn sync_now(&self, account: Option<&str>) {
        self.shared.store.look().forget();
        self.ask(account, |signal| {
            signal.ask(|wishes| wishes.sync_now = true);
        });
    }

    /// Closes all links, or lets them be made again.
    pub fn go_offline(&self, offline: bool) {
        self.ask(None, |signal| signal.set_offline(offline));
    }

    /// Gives all accounts up before the process is stopped, so that other processes work for them
    /// meanwhile. What is under way ends in order or is broken off as by any cut of a link (SAFETY
    /// R17), and no write of ours is half done. Waits for the tasks no longer than `limit`: an
    /// account that is still owned then stays so.
    pub fn step_aside(&self, limit: Duration) {
        self.ask(None, |signal| signal.set_away(true));
        let signals: Vec<Arc<Signal>> = self.shared.signals().values().cloned().collect();
        let given_up = async move {
            for signal in signals {
                signal.wait_until(|| !signal.is_owner()).await;
            }
        };
        let in_time = async { tokio::time::timeout(limit, given_up).await.is_ok() };
        if !self.handle.block_on(in_time) {
            tracing::warn!("an account stays owned while the process is stopped");
        }
        let idle = |_: &Tx<'_>| Ok(());
        if let Err(error) = self.shared.store.write(Priority::Bulk, idle).wait() {
            tracing::warn!(%error, "it is not known whether a write is under way");
        }
    }

    /// Takes the accounts again that [`Supervisor::step_aside`] gave up, or waits for who has them.
    pub fn come_back(&self) {
        self.shared.store.look().forget();
        self.ask(None, |signal| signal.set_away(false));
    }

    /// Whether the user wants no connection.
    pub fn is_offline(&self) -> bool {
        self.shared
            .signals()
            .values()
            .any(|signal| signal.is_offline())
    }

    /// Signs an account in with a password that a person gave; it stays in memory alone.
    pub fn sign_in(&self, account: &str, secret: Secret) {
        self.ask(Some(account), |signal| {
            let secret = secret.clone();
            signal.ask(move |wishes| wishes.secret = Some(secret));
        });
    }

    /// Ends all tasks, with a goodbye to the servers as far as `limit` allows; never waits longer.
    pub fn stop(mut self, limit: Duration) {
        self.end_within(limit);
    }

    fn end_within(&mut self, limit: Duration) {
        let until = Instant::now() + limit;
        self.ask(None, |signal| signal.ask(|wishes| wishes.stop = true));
        if let Some(end) = self.end.take() {
            // The thread may have ended already.
            let _ = end.send(());
        }
        let left = until.saturating_duration_since(Instant::now());
        let Some(thread) = self.thread.take() else {
            return;
        };
        if self.ended.recv_timeout(left).is_ok() && thread.join().is_err() {
            tracing::error!("the sync broke off");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end_within(Duration::from_secs(3));
    }
}

/// Notices what other processes wrote, and wakes the tasks for which there is work among it.
struct Lookout {
    shared: Arc<Shared>,
    reader: Option<Reader>,
    ear: Option<Ear>,
}

impl Lookout {
    fn over(shared: Arc<Shared>) -> Self {
        let mut lookout = Self {
            reader: shared.store.reader().ok(),
            ear: None,
            shared,
        };
        lookout.listen();
        lookout
    }

    fn listen(&mut self) {
        // The name of a socket that was not found goes before it is taken again.
        self.ear = None;
        let shared = Arc::downgrade(&self.shared);
        let heard = move |letter: &[u8]| {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            match Letter::read(letter) {
                Some(letter) => shared.heard(letter),
                None => tracing::warn!("another process sent what is no letter"),
            }
        };
        match self.shared.neighbours.listen(heard) {
            Ok(ear) => self.ear = Some(ear),
            Err(error) => tracing::warn!(%error, "other processes are not heard"),
        }
    }

    /// Now and then: whoever writes must find us. Where nobody can, the store is looked at instead.
    fn look(&mut self) {
        if self.ear.as_ref().is_some_and(Ear::is_found) {
            return;
        }
        self.listen();
        self.shared.store.look().forget();
    }

    /// Wakes the tasks of accounts that have open requests or changes to send.
    fn wake(&self) {
        let Some(reader) = &self.reader else { return };
        for (id, signal) in self.shared.signals().iter() {
            match work_for(reader, id) {
                Ok(true) => signal.ask(|wishes| wishes.work = true),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "cannot see what another process wants"),
            }
        }
    }
}

fn work_for(reader: &Reader, id: &str) -> Result<bool, StoreError> {
    let Some(account) = accounts::find(reader, id)? else {
        return Ok(false);
    };
    Ok(!requests::open(reader, account.key)?.is_empty()
        || journal::any_waiting(reader, account.key)?)
}

/// Waits for a change of the network, where somebody tells.
async fn changed(ways: &mut Option<Box<dyn Ways>>) {
    match ways {
        Some(ways) => ways.changed().await,
        None => std::future::pending().await,
    }
}

/// Compares the clocks until the end, then waits for the tasks.
async fn look_after(shared: Arc<Shared>, mut until: oneshot::Receiver<()>) {
    let clock = shared.env.clock.clone();
    let (mut boot, mut monotonic) = (clock.boot(), clock.monotonic());
    let mut lookout = Lookout::over(shared.clone());
    let mut ways = shared.env.dial.ways();
    loop {
        tokio::select! {
            _ = &mut until => break,
            () = shared.others.notified() => {
                lookout.wake();
                // Another process may write all the time.
                tokio::time::sleep(BREATH).await;
                continue;
            }
            () = changed(&mut ways) => {
                // It comes in a burst, and an address is not of use at once.
                tokio::select! {
                    _ = &mut until => break,
                    () = tokio::time::sleep(SETTLED) => {}
                }
                for signal in shared.signals().values() {
                    signal.ask(|wishes| wishes.moved = true);
                }
                continue;
            }
            () = clock.rest_until(boot.after(LOOK)) => {}
        }
        let now = (clock.boot(), clock.monotonic());
        if backoff::slept(now.0.since(boot), now.1.since(monotonic), LOOK) {
            for signal in shared.signals().values() {
                signal.ask(|wishes| wishes.slept = true);
            }
        }
        (boot, monotonic) = now;
        lookout.look();
    }
    drop(lookout);
    let mut tasks =
        std::mem::take(&mut *shared.tasks.lock().unwrap_or_else(PoisonError::into_inner));
    while tasks.join_next().await.is_some() {}
}
