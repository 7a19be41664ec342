//! What a command starts from: paths, settings, and store and world opened when they are needed.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::Global;
use super::error::Failure;
use super::output::{self, Out};
use crate::config::Fault;
use crate::config::{self, Overrides, Paths, Settings, Warning};
use crate::env::{Env, SystemClock};
use crate::ops::accounts::furnish;
use crate::ops::notices;
use crate::store::Store;
use crate::sync;

/// One command under way.
#[derive(Debug)]
pub struct Start {
    /// Where things are.
    pub paths: Paths,
    /// What the file of settings says.
    pub settings: Settings,
    /// What it says that is not understood.
    pub warnings: Vec<Warning>,
    /// Where the result goes.
    pub out: Out,
    transcript: Option<PathBuf>,
    store: OnceCell<Store>,
    env: OnceCell<Env>,
}

impl Start {
    /// Finds the paths, makes the folders private and reads the settings.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let paths = Paths::find(Overrides {
            config: global.config.clone(),
            data: global.data.clone(),
            cache: global.cache.clone(),
        })
        .map_err(|error| Failure::new("Cannot find the folders of lacebark").caused_by(&error))?;
        let found = paths.prepare().map_err(|error| {
            Failure::new("Cannot use the folders of lacebark")
                .caused_by(&error)
                .hint(error.hint())
        })?;
        for one in found {
            output::warn(&one.to_string());
        }
        let (settings, warnings) = config::load(&paths.config).map_err(|error| {
            Failure::new(format!(
                "Cannot use the settings in {}",
                paths.config.display()
            ))
            .caused_by(&error)
            .hint("Correct the file; nothing was changed.")
        })?;
        Ok(Self {
            paths,
            settings,
            warnings,
            out: Out::standard(global.json),
            transcript: global.transcript.clone(),
            store: OnceCell::new(),
            env: OnceCell::new(),
        })
    }

    /// Refuses a file that names accounts of which none can be used: the screen would take it for a
    /// first start.
    pub fn need_readable(&self) -> Result<(), Failure> {
        let broken = |warning: &&Warning| matches!(warning.fault, Fault::Account | Fault::Syntax);
        let first = self.warnings.iter().find(broken);
        match first.filter(|_| self.settings.accounts.is_empty()) {
            None => Ok(()),
            Some(first) => {
                self.tell_warnings();
                Err(Failure::new("No account can be read from the settings")
                    .cause(first)
                    .hint("Correct the file; nothing was changed."))
            }
        }
    }

    /// Prints what the settings hold that is not understood.
    pub fn tell_warnings(&self) {
        for warning in &self.warnings {
            output::warn(&warning.to_string());
        }
    }

    /// The mail store, opened at the first call.
    pub fn store(&self) -> Result<Store, Failure> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = Store::open(&self.paths.mail_db(), Arc::new(SystemClock::start()))?;
        tell_salvage(&store)?;
        for account in &self.settings.accounts {
            if let Err(error) = furnish(&store, &account.id, account.stored_kind()) {
                tracing::error!(account = %account.id, %error, "it has no place in the store");
            }
        }
        sync::announce(&store, &self.paths);
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// The world (links, keyring, other programs), opened at the first call.
    pub fn env(&self) -> Result<Env, Failure> {
        if let Some(env) = self.env.get() {
            return Ok(env.clone());
        }
        let env = Env::real(&self.paths, self.transcript.as_deref())
            .map_err(|error| Failure::new("Cannot start").cause(error))?;
        Ok(self.env.get_or_init(|| env).clone())
    }
}

/// For so many seconds every command tells that the store was damaged.
const NEWS: i64 = 600;

/// Prints what opening the store has done about damage, now or just before.
fn tell_salvage(store: &Store) -> Result<(), Failure> {
    for told in store.glance(notices::attention)? {
        if told.notice.topic == "store" && told.last.saturating_add(NEWS) >= store.now() {
            output::warn(&format!("{} {}", told.notice.text, told.notice.hint));
        }
    }
    Ok(())
}
