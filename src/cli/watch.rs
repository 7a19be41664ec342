//! `sync --watch`: store and servers kept equal without a screen, until a signal ends it.
//!
//! Nothing goes to standard output, and to standard error only what a person must know, once: that
//! an account waits for a password, or that its server shows a wrong certificate. All else is in the
//! log. The settings are those of the start.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::error::Failure;
use super::output;
use super::places;
use super::start::Start;
use crate::config::Settings;
use crate::model::LinkState;
use crate::store::{Change, Reader, accounts, links};
use crate::sync::Supervisor;

/// How long the servers are given for a goodbye: the whole end takes less than a second.
const GOODBYE: Duration = Duration::from_millis(700);

/// `sync --watch`.
pub fn run(start: &mut Start, ids: &[String]) -> Result<(), Failure> {
    let settings = chosen(start, ids)?;
    let store = start.store()?;
    let runtime = Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(cannot_start)?;
    // Caught before anything else runs, so that none of them ends the process on its own.
    let mut signals = {
        let _inside = runtime.enter();
        Signals::catch().map_err(cannot_start)?
    };
    let news = Arc::new(Notify::new());
    let told = news.clone();
    let _watch = store.watch(move |changes| {
        let link = |change: &Change| matches!(change, Change::Link(_));
        if changes.iter().any(link) {
            told.notify_one();
        }
    });
    let mut needs = Needs {
        reader: store.reader()?,
        told: BTreeMap::new(),
    };
    let supervisor = Supervisor::start(start.env()?, store, &settings, &start.paths)?;
    let name = runtime.block_on(async {
        loop {
            tokio::select! {
                name = signals.next() => return name,
                () = news.notified() => needs.tell(&settings),
            }
        }
    });
    tracing::info!(signal = name, "the watch ends");
    supervisor.stop(GOODBYE);
    Ok(())
}

fn cannot_start(error: io::Error) -> Failure {
    Failure::new("Cannot start the watch").cause(error)
}

/// The settings with the accounts that are to be watched and no others.
fn chosen(start: &Start, ids: &[String]) -> Result<Settings, Failure> {
    for id in ids {
        places::with_server(&start.settings, id)?;
    }
    let mut settings = start.settings.clone();
    settings
        .accounts
        .retain(|account| account.has_server() && (ids.is_empty() || ids.contains(&account.id)));
    if settings.accounts.is_empty() {
        return Err(places::no_server());
    }
    Ok(settings)
}

/// The signals that end a daemon.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}

/// What a person must do, told once for each time that it begins.
struct Needs {
    reader: Reader,
    told: BTreeMap<String, LinkState>,
}

impl Needs {
    fn tell(&mut self, settings: &Settings) {
        for account in &settings.accounts {
            let id = &account.id;
            let row = accounts::find(&self.reader, id).ok().flatten();
            let Some(link) = row.and_then(|row| links::get(&self.reader, row.key).ok().flatten())
            else {
                continue;
            };
            let hint = match link.state {
                LinkState::SignInNeeded => format!("`lacebark login {id}` gives it a password"),
                LinkState::CertificateRefused => "it is tried again now and then".to_owned(),
                LinkState::Syncing | LinkState::Online => {
                    self.told.remove(id);
                    continue;
                }
                LinkState::Idle
                | LinkState::Connecting
                | LinkState::Offline
                | LinkState::OfflineAsked => continue,
            };
            if self.told.insert(id.clone(), link.state) != Some(link.state) {
                output::warn(&format!("{id} waits: {}; {hint}", link.why));
            }
        }
    }
}
