//! One sync of one account with a deadline, for the command line.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::config::{AccountSettings, Paths};
use crate::env::Env;
use crate::model::LinkState;
use crate::store::{Store, links};

use super::SyncError;
use super::account::Task;
use super::desk::{Desk, Progress, Tally};
use super::dialogue::endpoint;
use super::outbox::Outbox;
use super::owner::Owner;
use super::signal::Signal;
use super::worker::{Aim, Ended};

/// What [`once`] is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The work.
    pub work: Work,
    /// After this long it gives up; what came until then is kept.
    pub deadline: Duration,
}

/// How much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// All wanted mailboxes.
    All,
    /// One mailbox, by its decoded name.
    Mailbox(String),
    /// What waits in the journal and the requests; nothing is pulled.
    Errands,
}

/// Makes store and server equal once, on this thread. What came before an error is in the store.
///
/// Refuses with [`SyncError::Owned`] while another process syncs the account.
pub fn once(
    env: &Env,
    store: &Store,
    account: &AccountSettings,
    paths: &Paths,
    once: &Once,
    progress: impl Fn(&Progress) + Send + Sync + 'static,
) -> Result<Tally, SyncError> {
    if !account.has_server() {
        endpoint(account)?;
    }
    let _owner = Owner::take(&paths.data, &account.id)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| SyncError::System {
            what: "start the network".to_owned(),
            source,
        })?;
    let outcome = runtime.block_on(run(env, store, account, paths, once, Box::new(progress)));
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

/// Sends what waits; what keeps it from that stands at the messages and among the notices. Where
/// copies go is asked for first, on a machine that has not seen the account yet.
async fn send(task: &mut Task, tally: &mut Tally) {
    let mut outbox = Outbox::new(task.desk.clone());
    let outcome = async {
        if !outbox.has_due()? {
            return Ok(());
        }
        if outbox.awaits_listing()? {
            let listing = Work::Mailbox("INBOX".to_owned());
            // Sending does not need it.
            let _ = task.session(Aim::Once(listing), tally).await;
        }
        outbox.once().await
    };
    if let Err(error) = outcome.await {
        tracing::info!(%error, "not all that waits was sent");
    }
}

async fn run(
    env: &Env,
    store: &Store,
    account: &AccountSettings,
    paths: &Paths,
    once: &Once,
    progress: Box<dyn Fn(&Progress) + Send + Sync>,
) -> Result<Tally, SyncError> {
    let signal = Arc::new(Signal::default());
    let desk = Desk::open(env, store, account, signal, Some(progress)).await?;
    let key = desk.key;
    let mut task = Task::new(desk, paths.data.clone());
    let mut tally = Tally::default();
    let clock = env.clock.clone();
    let late = clock.sleep_until(clock.monotonic().after(once.deadline));
    let work = async {
        send(&mut task, &mut tally).await;
        if task.desk.account.endpoint().is_none() {
            return Ok(Ended::Done);
        }
        task.session(Aim::Once(once.work.clone()), &mut tally).await
    };
    let outcome = tokio::select! {
        outcome = work => outcome.map(|_| ()),
        () = late => Err(SyncError::Late {
            what: format!("the sync of {}", account.id),
            seconds: once.deadline.as_secs(),
        }),
    };
    match &outcome {
        Ok(()) => task.desk.bulk(move |tx| links::clear(tx, key)).await?,
        Err(error) if error.is_sign_in() => {
            let state = LinkState::SignInNeeded;
            task.desk.link(state, None, &error.to_string()).await?;
        }
        Err(error) => {
            let state = LinkState::Offline;
            task.desk.link(state, None, &error.to_string()).await?;
        }
    }
    outcome.map(|()| tally)
}
