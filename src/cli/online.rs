//! What needs a server: one short session for one purpose, unless another process works for the
//! account already.

use std::sync::Arc;
use std::time::Duration;

use super::error::{Failure, sentence};
use super::prompt;
use super::start::Start;
use crate::config::secrets::Wait;
use crate::config::{AccountSettings, Keep, SecretError, Secrets};
use crate::model::{MessageKey, PartPath, Secret};
use crate::ops::requests::{self, Progress as Served};
use crate::store::{Store, contents, messages};
use crate::sync::{self, Once, Progress, SyncError, Tally, Work};

/// How long a command waits that only wants to send or fetch one thing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of operations that were to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The server was told.
    Sent,
    /// Another process works for the account and sends them.
    ByOwner,
}

/// One session for an account.
pub fn session(
    start: &Start,
    account: &AccountSettings,
    once: &Once,
    progress: impl Fn(&Progress) + Send + Sync + 'static,
) -> Result<Tally, Failure> {
    let asked = Asked::of(start, account)?;
    let store = start.store()?;
    sync::once(
        &asked.env,
        &store,
        &asked.account,
        &start.paths,
        once,
        progress,
    )
    .map_err(|error| failure(&account.id, &error))
}

/// Sends what waits for the server.
pub fn push(start: &Start, account: &AccountSettings) -> Result<Pushed, Failure> {
    if sync::owner::of(&start.paths.data, &account.id)?.is_some() {
        return Ok(Pushed::ByOwner);
    }
    let asked = Asked::of(start, account).map_err(|failure| waits(&account.id, failure))?;
    let store = start.store()?;
    let outcome = sync::once(
        &asked.env,
        &store,
        &asked.account,
        &start.paths,
        &ERRAND,
        |_| {},
    );
    match outcome {
        Ok(_) => Ok(Pushed::Sent),
        Err(SyncError::Owned { .. }) => Ok(Pushed::ByOwner),
        Err(error) if error.is_sign_in() || error.needs_person() => {
            Err(waits(&account.id, failure(&account.id, &error)))
        }
        Err(error) => Err(
            Failure::queued(format!("Queued: {} is offline", account.id))
                .caused_by(&error)
                .hint("It is sent when a connection is there; `lacebark sync` tries now."),
        ),
    }
}

const ERRAND: Once = Once {
    work: Work::Errands,
    deadline: PATIENCE,
};

/// The failure with the word that nothing of the wish is lost.
fn waits(account: &str, mut failure: Failure) -> Failure {
    let error = format!("Queued: it cannot be sent to {account} now");
    failure
        .causes
        .insert(0, std::mem::replace(&mut failure.error, error));
    failure
}

/// Fetches the whole of a message into the store.
pub fn fetch(start: &Start, store: &Store, key: MessageKey) -> Result<(), Failure> {
    let reader = store.reader()?;
    let content = contents::get(&reader, messages::get(&reader, key)?.content)?;
    let id = crate::store::accounts::get(&reader, content.account)?.id;
    let missing = || Failure::new(format!("Message {key} is not kept here"));
    let Some(account) = start.settings.account(&id) else {
        return Err(missing().cause(format!("the account {id} is not configured")));
    };
    if let Some(pid) = sync::owner::of(&start.paths.data, &id)? {
        return Err(missing()
            .cause(format!("process {pid} works for the account {id}"))
            .hint("Open the message there, or end that process."));
    }
    let asked = Asked::of(start, account)?;
    let request = requests::fetch_body(
        store,
        content.account,
        content.key,
        &PartPath::root(),
        PATIENCE,
    )
    .wait()?;
    let outcome = sync::once(
        &asked.env,
        store,
        &asked.account,
        &start.paths,
        &ERRAND,
        |_| {},
    );
    let served = requests::progress(&reader, request)?;
    requests::remove(store, request).wait()?;
    match (outcome, served) {
        (Err(error), _) => {
            let failure = failure(&id, &error);
            Err(Failure {
                exit: failure.exit,
                hint: failure.hint,
                ..missing().cause("it cannot be fetched now").cause(error)
            })
        }
        (Ok(_), Some(Served::Failed { why })) => Err(missing().cause(why)),
        (Ok(_), _) => Ok(()),
    }
}

/// A sync error as a command reports it.
pub fn failure(account: &str, error: &SyncError) -> Failure {
    let text = sentence(&error.to_string());
    let failure = if error.is_sign_in() {
        Failure::sign_in(format!("Cannot sign in to {account}")).cause(text)
    } else {
        match error {
            SyncError::NoAccount(_)
            | SyncError::Local(_)
            | SyncError::NoMailbox { .. }
            | SyncError::Owned { .. } => Failure::new(text),
            _ => Failure::new(format!("Cannot sync {account}")).cause(text),
        }
    };
    failure.hint(error.hint().replace("ACCOUNT", account))
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        Self::new(sentence(&error.to_string())).hint(error.hint())
    }
}

/// The account and the world it is signed in with: a password that is asked for at each start is
/// asked for here, if there is a person to ask.
struct Asked {
    env: crate::env::Env,
    account: AccountSettings,
}

impl Asked {
    fn of(start: &Start, account: &AccountSettings) -> Result<Self, Failure> {
        let mut env = start.env()?;
        let mut account = account.clone();
        if account.keep == Keep::Ask {
            if !prompt::possible() {
                return Err(
                    Failure::sign_in(format!("Cannot sign in to {}", account.id))
                        .cause("its password is asked for at each start, and nobody is here to ask")
                        .hint("Run it on a terminal, or keep the password in the keyring."),
                );
            }
            let secret = prompt::password(&format!("Password of {}:", account.id))?;
            env.secrets = Arc::new(Given(secret));
            account.keep = Keep::Keyring;
        }
        Ok(Self { env, account })
    }
}

/// A keyring of one password for one session: the one that was just typed.
struct Given(Secret);

impl Secrets for Given {
    fn get(&self, _: &str) -> Wait<Secret> {
        Wait::ready(Ok(self.0.clone()))
    }

    fn set(&self, _: &str, _: Secret) -> Wait<()> {
        Wait::ready(Err(SecretError::Ask))
    }

    fn delete(&self, _: &str) -> Wait<()> {
        Wait::ready(Ok(()))
    }

    fn status(&self, _: &str) -> Wait<String> {
        Wait::ready(Err(SecretError::Ask))
    }
}
