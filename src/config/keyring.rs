//! The system keyring, on threads of its own.
//!
//! The call into the keyring can block for ever: a locked one waits for a prompt that nobody may
//! see. So a worker thread makes the calls, a keeper thread waits for it with a limit, and a worker
//! that hangs is abandoned and replaced, at most three times. Nobody ever joins one.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::secrets::{SERVICE, SecretError, Secrets, Wait};
use crate::model::Secret;

/// How long one call may take.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How many workers may hang before no more are made.
const ABANDONED: usize = 3;

/// One call into a keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Read the secret of this account.
    Get(String),
    /// Write it.
    Set(String, Secret),
    /// Remove it.
    Delete(String),
}

/// What makes the calls; it may block.
pub type Backend = dyn Fn(&Call) -> Result<Option<Secret>, SecretError> + Send + Sync;

type Outcome = Result<Option<Secret>, SecretError>;

/// The system keyring as [`Secrets`].
#[derive(Debug)]
pub struct Keyring {
    jobs: Mutex<Sender<Job>>,
}

struct Job {
    call: Call,
    reply: Box<dyn FnOnce(Outcome) + Send>,
}

impl Keyring {
    /// The Secret Service of this session. Nothing is asked of it yet.
    pub fn start() -> Self {
        Self::with(Arc::new(system), LIMIT)
    }

    /// A keyring whose calls are made by `backend`, each within `limit`.
    pub fn with(backend: Arc<Backend>, limit: Duration) -> Self {
        let (jobs, queue) = channel();
        let keeper = Keeper {
            backend,
            limit,
            worker: None,
            abandoned: Vec::new(),
        };
        // Without the thread the queue is gone and every call is answered by `Absent`.
        let _ = std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || keeper.run(&queue));
        Self {
            jobs: Mutex::new(jobs),
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        call: Call,
        shape: impl FnOnce(Outcome) -> Result<T, SecretError> + Send + 'static,
    ) -> Wait<T> {
        let (answer, wait) = Wait::pair();
        let job = Job {
            call,
            reply: Box::new(move |outcome| {
                // Whoever asked may have given up.
                let _ = answer.send(shape(outcome));
            }),
        };
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // A job that cannot be sent is dropped, and its wait says so.
        let _ = jobs.send(job);
        wait
    }
}

impl Secrets for Keyring {
    fn get(&self, account: &str) -> Wait<Secret> {
        let id = account.to_owned();
        self.ask(Call::Get(id.clone()), move |outcome| {
            outcome?.ok_or(SecretError::Missing { account: id })
        })
    }

    fn set(&self, account: &str, secret: Secret) -> Wait<()> {
        self.ask(Call::Set(account.to_owned(), secret), |outcome| {
            outcome.map(|_| ())
        })
    }

    fn delete(&self, account: &str) -> Wait<()> {
        self.ask(Call::Delete(account.to_owned()), |outcome| {
            outcome.map(|_| ())
        })
    }

    fn status(&self, account: &str) -> Wait<String> {
        self.ask(Call::Get(account.to_owned()), |outcome| {
            outcome.map(|_| BACK_END.to_owned())
        })
    }
}

#[cfg(target_os = "macos")]
const BACK_END: &str = "Keychain";
#[cfg(not(target_os = "macos"))]
const BACK_END: &str = "Secret Service";

/// Waits for workers, so that nobody else has to.
struct Keeper {
    backend: Arc<Backend>,
    limit: Duration,
    worker: Option<Worker>,
    abandoned: Vec<Worker>,
}

struct Worker {
    calls: Sender<Call>,
    outcomes: Receiver<Outcome>,
}

impl Keeper {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            let outcome = self.call(job.call);
            (job.reply)(outcome);
        }
    }

    fn call(&mut self, call: Call) -> Outcome {
        let hung = SecretError::Hung {
            seconds: self.limit.as_secs(),
        };
        // A worker that came back after all is fit again; its late answer is nobody's.
        self.abandoned
            .retain(|worker| matches!(worker.outcomes.try_recv(), Err(TryRecvError::Empty)));
        if self.worker.is_none() && self.abandoned.len() >= ABANDONED {
            return Err(hung);
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => self.hire()?,
        };
        let sent = worker.calls.send(call).is_ok();
        match worker.outcomes.recv_timeout(self.limit) {
            Ok(outcome) => {
                self.worker = Some(worker);
                outcome
            }
            Err(RecvTimeoutError::Timeout) if sent => {
                self.abandoned.push(worker);
                Err(hung)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(SecretError::Absent {
                    why: "its thread ended".to_owned(),
                })
            }
        }
    }

    fn hire(&self) -> Result<Worker, SecretError> {
        let (calls, asked) = channel::<Call>();
        let (answers, outcomes) = channel();
        let backend = self.backend.clone();
        std::thread::Builder::new()
            .name("keyring call".to_owned())
            .spawn(move || {
                while let Ok(call) = asked.recv() {
                    if answers.send(backend(&call)).is_err() {
                        return;
                    }
                }
            })
            .map_err(|error| SecretError::Absent {
                why: error.to_string(),
            })?;
        Ok(Worker { calls, outcomes })
    }
}

/// Makes a call into the system's keyring. The bus is found by `DBUS_SESSION_BUS_ADDRESS`, else at
/// `$XDG_RUNTIME_DIR/bus`, else at `/run/user/UID/bus`, so that it is there under cron and ssh too.
fn system(call: &Call) -> Outcome {
    let (Call::Get(account) | Call::Set(account, _) | Call::Delete(account)) = call;
    let once = || -> keyring_core::Result<Option<Secret>> {
        let entry = keyring_core::Entry::new(SERVICE, account)?;
        match call {
            Call::Get(_) => entry.get_password().map(|text| Some(Secret::new(text))),
            Call::Set(_, secret) => entry.set_password(secret.expose()).map(|()| None),
            Call::Delete(_) => entry.delete_credential().map(|()| None),
        }
    };
    let connected = match keyring::Entry::store_status() {
        Ok(()) => once(),
        Err(_) => Err(keyring_core::Error::NoDefaultStore),
    };
    // The connection is made once for the process; a service that came, or came back, since then
    // is found only by a new one.
    let outcome = match connected {
        Err(keyring_core::Error::NoDefaultStore | keyring_core::Error::PlatformFailure(_)) => {
            reconnect().and_then(|()| once())
        }
        outcome => outcome,
    };
    match outcome {
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(error) => Err(sorted(&error)),
        Ok(found) => Ok(found),
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn reconnect() -> keyring_core::Result<()> {
    let store = zbus_secret_service_keyring_store::Store::new()?;
    keyring_core::set_default_store(store);
    Ok(())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn reconnect() -> keyring_core::Result<()> {
    Err(keyring_core::Error::NoDefaultStore)
}

fn sorted(error: &keyring_core::Error) -> SecretError {
    use keyring_core::Error::{NoDefaultStore, NoStorageAccess, PlatformFailure};
    match error {
        NoStorageAccess(inner) => {
            let why = plain(inner);
            if format!("{inner:?}").contains("NoResult") {
                SecretError::NoCollection { why }
            } else {
                SecretError::Locked { why }
            }
        }
        PlatformFailure(inner) => SecretError::Absent { why: plain(inner) },
        NoDefaultStore => SecretError::Absent {
            why: "there is none on this system".to_owned(),
        },
        other => SecretError::Refused {
            why: other.to_string(),
        },
    }
}

/// The service's words without the library's name for it.
fn plain(inner: &impl ToString) -> String {
    let words = inner.to_string();
    words
        .strip_prefix("SS error: ")
        .unwrap_or(&words)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_services_words() {
        assert_eq!(plain(&"SS error: prompt dismissed"), "prompt dismissed");
        assert_eq!(plain(&"no such object"), "no such object");
    }

    fn keyring(limit: u64, backend: impl Fn(&Call) -> Outcome + Send + Sync + 'static) -> Keyring {
        Keyring::with(Arc::new(backend), Duration::from_millis(limit))
    }

    #[test]
    fn each_answer_of_the_keyring_has_its_own_words() {
        let ring = keyring(10_000, |call| match call {
            Call::Get(id) if id == "work" => Ok(Some(Secret::new("pw"))),
            Call::Get(id) if id == "locked" => Err(SecretError::Locked {
                why: "Prompt".into(),
            }),
            Call::Get(_) | Call::Set(..) | Call::Delete(_) => Ok(None),
        });
        assert_eq!(ring.get("work").wait().unwrap().expose(), "pw");
        let missing = ring.get("home").wait().unwrap_err();
        assert!(missing.hint().contains("lacebark login home") && !missing.retry());
        assert!(ring.get("locked").wait().unwrap_err().retry());
        assert!(matches!(
            ring.status("locked").wait(),
            Err(SecretError::Locked { .. })
        ));
        assert_eq!(ring.status("home").wait().unwrap(), BACK_END);
        assert_eq!(ring.set("home", Secret::new("x")).wait(), Ok(()));
        assert_eq!(ring.delete("home").wait(), Ok(()));
    }

    #[test]
    fn a_keyring_that_hangs_is_given_up_three_times_and_used_again_once_it_answers() {
        let (release, held) = channel::<()>();
        let held = Mutex::new(held);
        let ring = keyring(30, move |call| {
            if *call == Call::Get("hang".into()) {
                let _ = held.lock().unwrap().recv();
            }
            Ok(Some(Secret::new("pw")))
        });
        for _ in 0..ABANDONED {
            assert!(matches!(
                ring.get("hang").wait(),
                Err(SecretError::Hung { .. })
            ));
        }
        // All three threads hang: the fourth call is refused at once and makes no fourth thread.
        assert!(matches!(
            ring.get("work").wait(),
            Err(SecretError::Hung { .. })
        ));
        drop(release);
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while ring.get("work").wait().is_err() && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        assert_eq!(ring.get("work").wait().unwrap().expose(), "pw");
    }

    #[test]
    fn a_back_end_that_panics_is_replaced() {
        let ring = keyring(10_000, |call| match call {
            Call::Delete(_) => panic!("back end"),
            Call::Get(_) | Call::Set(..) => Ok(None),
        });
        assert!(matches!(
            ring.delete("work").wait(),
            Err(SecretError::Absent { .. })
        ));
        assert!(matches!(
            ring.get("work").wait(),
            Err(SecretError::Missing { .. })
        ));
    }
}
