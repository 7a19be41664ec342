//! Owner of all account tasks: one thread with a tokio runtime, told what to do by the faces.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::{AccountKind, AccountSettings, Paths, Settings};
use crate::env::{Env, harden};
use crate::model::Secret;
use crate::store::{Change, Priority, Reader, Store, Tx, Watch};

use super::SyncError;
use super::account::Task;
use super::desk::Desk;
use super::plan::backoff;
use super::signal::Signal;

/// How often the clocks are compared to see a suspend (SAFETY R16).
const LOOK: Duration = Duration::from_secs(9);

type Signals = BTreeMap<String, Arc<Signal>>;

/// The running sync of all accounts. Dropping it stops it within a few seconds.
pub struct Supervisor {
    shared: Arc<Shared>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    end: Option<oneshot::Sender<()>>,
    ended: std::sync::mpsc::Receiver<()>,
    _watch: Watch,
}

struct Shared {
    env: Env,
    store: Store,
    data: PathBuf,
    signals: Mutex<Signals>,
    tasks: Mutex<JoinSet<()>>,
}

impl Shared {
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
    /// Starts a task for each IMAP account of `settings`.
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
            let work = |change: &Change| {
                matches!(change, Change::Journal | Change::Requests | Change::Others)
            };
            if changes.iter().any(work) {
                for signal in told.signals().values() {
                    signal.ask(|wishes| wishes.work = true);
                }
            }
        });
        let supervisor = Self {
            shared,
            handle,
            thread: Some(thread),
            end: Some(end),
            ended,
            _watch: watch,
        };
        for account in &settings.accounts {
            supervisor.add(account);
        }
        Ok(supervisor)
    }

    /// Starts the task of an account, as when it was just set up; in place of an older one.
    pub fn add(&self, account: &AccountSettings) {
        if !matches!(account.kind, AccountKind::Imap(_)) {
            return;
        }
        let signal = Arc::new(Signal::default());
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

/// Notices what other processes wrote: the clocks are compared anyway, so that this wakes nobody.
struct Lookout {
    reader: Option<Reader>,
    seen: Option<i64>,
}

impl Lookout {
    fn over(store: &Store) -> Self {
        Self {
            reader: store.reader().ok(),
            seen: None,
        }
    }

    /// Has the writer tell of others' commits, if anybody committed at all.
    fn look(&mut self, store: &Store) {
        let now = self.reader.as_ref().and_then(|r| r.version().ok());
        if now != self.seen {
            self.seen = now;
            store.look().forget();
        }
    }
}

/// Compares the clocks until the end, then waits for the tasks.
async fn look_after(shared: Arc<Shared>, mut until: oneshot::Receiver<()>) {
    let clock = shared.env.clock.clone();
    let (mut boot, mut monotonic) = (clock.boot(), clock.monotonic());
    let mut lookout = Lookout::over(&shared.store);
    loop {
        tokio::select! {
            _ = &mut until => break,
            () = clock.sleep_until(monotonic.after(LOOK)) => {}
        }
        let now = (clock.boot(), clock.monotonic());
        if backoff::slept(now.0.since(boot), now.1.since(monotonic)) {
            for signal in shared.signals().values() {
                signal.ask(|wishes| wishes.slept = true);
            }
        }
        (boot, monotonic) = now;
        lookout.look(&shared.store);
    }
    let mut tasks =
        std::mem::take(&mut *shared.tasks.lock().unwrap_or_else(PoisonError::into_inner));
    while tasks.join_next().await.is_some() {}
}
