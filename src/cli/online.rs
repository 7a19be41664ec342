//! What needs a server: the process that owns the account is asked, and where there is none this one
//! takes its lock for one short session.

use std::sync::Arc;
use std::time::Duration;

use super::error::{Exit, Failure, sentence};
use super::prompt;
use super::start::Start;
use crate::config::secrets::Wait;
use crate::config::{AccountSettings, Keep, SecretError, Secrets};
use crate::model::{
    AccountKey, ContentKey, Kept, Link, LinkState, MailboxKey, MessageKey, OperationId, PartPath,
    Secret,
};
use crate::ops::requests::{self, Progress as Served};
use crate::store::requests::Asked;
use crate::store::{Store, accounts, contents, mailboxes, messages, remains};
use crate::sync::asking::{self, Answer};
use crate::sync::{self, Once, Progress, SyncError, Tally, Work};

/// How long a command waits that only wants to send or fetch one thing.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the owner of an account may take for one message once it is at it.
const LARGE: Duration = Duration::from_secs(600);

/// Owners may come and go while a command looks for one. After so many it gives up.
const ROUNDS: u32 = 16;

/// Shows how far a sync is.
pub type Show = Arc<dyn Fn(&Progress) + Send + Sync>;

/// One sync of an account: by the process that owns it, else by this one.
pub fn session(
    start: &Start,
    account: &AccountSettings,
    work: &Work,
    deadline: Duration,
    progress: &Show,
) -> Result<Tally, Failure> {
    let id = &account.id;
    for _ in 0..ROUNDS {
        match by_owner(start, account, work, deadline, progress)? {
            Answer::Done(tally) => return Ok(tally),
            Answer::Failed { why, link } => return Err(not_synced(id, why, link.as_ref())),
            Answer::Silent { pid, stopped } => return Err(silent(id, pid, stopped)),
            Answer::Alone => {}
        }
        let once = Once {
            work: work.clone(),
            deadline,
        };
        let shown = progress.clone();
        match by_itself(start, account, &once, move |now| shown(now))? {
            Err(SyncError::Owned { .. }) => {}
            done => return done.map_err(|error| failure(id, &error)),
        }
    }
    Err(contended(id))
}

/// The owner's part of [`session`]. A mailbox that is not known here may be new on the server, so
/// that the list of mailboxes comes first.
fn by_owner(
    start: &Start,
    account: &AccountSettings,
    work: &Work,
    patience: Duration,
    progress: &Show,
) -> Result<Answer, Failure> {
    let store = start.store()?;
    let ask = |mailbox| {
        let asked = Asked::Sync { mailbox };
        let progress = |now: &Progress| progress(now);
        asking::ask(&store, &start.paths, &account.id, asked, patience, progress)
    };
    let Work::Mailbox(name) = work else {
        return Ok(ask(None)?);
    };
    let reader = store.reader()?;
    let find = || -> Result<Option<MailboxKey>, Failure> {
        let Some(row) = accounts::find(&reader, &account.id)? else {
            return Ok(None);
        };
        Ok(mailboxes::by_name(&reader, row.key, name)?.map(|mailbox| mailbox.key))
    };
    if let Some(mailbox) = find()? {
        return Ok(ask(Some(mailbox))?);
    }
    let listed = ask(None)?;
    if !matches!(listed, Answer::Done(_)) {
        return Ok(listed);
    }
    match find()? {
        Some(mailbox) => Ok(ask(Some(mailbox))?),
        None => Err(failure(
            &account.id,
            &SyncError::NoMailbox {
                account: account.id.clone(),
                mailbox: name.clone(),
            },
        )),
    }
}

/// One session of this process; refused with [`SyncError::Owned`] while another owns the account.
pub(super) fn by_itself(
    start: &Start,
    account: &AccountSettings,
    once: &Once,
    progress: impl Fn(&Progress) + Send + Sync + 'static,
) -> Result<Result<Tally, SyncError>, Failure> {
    let with = With::of(start, account)?;
    let store = start.store()?;
    Ok(sync::once(
        &with.env,
        &store,
        &with.account,
        &start.paths,
        once,
        progress,
    ))
}

/// Sends what waits for the server, or waits until the owner of the account has.
pub fn push(start: &Start, account: &AccountSettings) -> Result<(), Failure> {
    let id = &account.id;
    let store = start.store()?;
    for _ in 0..ROUNDS {
        match asking::sent(&store, &start.paths, id)? {
            Answer::Done(_) => return Ok(()),
            Answer::Failed { why, link } => {
                return Err(match link {
                    Some(link) if link.state == LinkState::SignInNeeded => {
                        waits(id, needs_sign_in(id, why))
                    }
                    Some(link) if link.state == LinkState::OfflineAsked => {
                        offline(id).cause(sentence(&why)).hint(on_line_again(&link))
                    }
                    _ => offline(id).cause(sentence(&why)),
                });
            }
            Answer::Silent { pid, stopped } => {
                let mut failure = waits(id, silent(id, pid, stopped));
                failure.exit = Exit::Queued;
                return Err(failure);
            }
            Answer::Alone => {}
        }
        let outcome = by_itself(start, account, &ERRAND, |_| {});
        match outcome.map_err(|failure| waits(id, failure))? {
            Ok(_) => return Ok(()),
            Err(SyncError::Owned { .. }) => {}
            Err(error) if error.is_sign_in() || error.needs_person() => {
                return Err(waits(id, failure(id, &error)));
            }
            Err(error) => return Err(offline(id).caused_by(&error)),
        }
    }
    Err(waits(id, contended(id)))
}

/// Sends one message of the outbox, or waits until the owner of the account has. How it ended stands
/// at the message; an error is what kept it from being tried.
pub fn submit(
    start: &Start,
    account: &AccountSettings,
    message: OperationId,
    patience: Duration,
) -> Result<(), Failure> {
    let id = &account.id;
    let store = start.store()?;
    for _ in 0..ROUNDS {
        match asking::submitted(&store, &start.paths, id, message, patience)? {
            Answer::Done(_) => return Ok(()),
            Answer::Failed { why, .. } => return Err(offline(id).cause(sentence(&why))),
            Answer::Silent { pid, stopped } => {
                let mut failure = waits(id, silent(id, pid, stopped));
                failure.exit = Exit::Queued;
                return Err(failure);
            }
            Answer::Alone => {}
        }
        let errands = Once {
            work: Work::Errands,
            deadline: patience,
        };
        match by_itself(start, account, &errands, |_| {})? {
            Ok(_) => return Ok(()),
            Err(SyncError::Owned { .. }) => {}
            Err(error) => return Err(failure(id, &error)),
        }
    }
    Err(waits(id, contended(id)))
}

fn offline(account: &str) -> Failure {
    Failure::queued(format!("Queued: {account} is offline"))
        .hint("It is sent when a connection is there; `lacebark sync` tries now.")
}

/// How an account comes on line again that its owner keeps off line on purpose: to ask that owner to
/// try does nothing.
fn on_line_again(link: &Link) -> String {
    format!(
        "`.` go-online on the screen of process {} connects again.",
        link.pid
    )
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

/// Fetches the whole of a message into the store: the owner of its account does, else this process.
pub fn fetch(start: &Start, store: &Store, key: MessageKey) -> Result<(), Failure> {
    let reader = store.reader()?;
    let content = messages::get(&reader, key)?.content;
    let source = remains::source_of(&reader, content)?;
    let content = contents::get(&reader, source.map_or(content, |(_, source)| source))?;
    let id = accounts::get(&reader, content.account)?.id;
    let missing = || Failure::new(format!("Message {key} is not kept here"));
    let Some(account) = start.settings.account(&id) else {
        return Err(missing().cause(format!("the account {id} is not configured")));
    };
    for _ in 0..ROUNDS {
        // Who asked for the same may have taken the answer away.
        if contents::get(&reader, content.key)?.kept == Kept::All {
            return Ok(());
        }
        let asked = Asked::FetchBody {
            content: content.key,
            section: String::new(),
        };
        match asking::ask(store, &start.paths, &id, asked, LARGE, |_| {})? {
            Answer::Done(_) => return Ok(()),
            Answer::Failed { why, link } => {
                let failure = not_synced(&id, why.clone(), link.as_ref());
                let exit = if failure.exit == Exit::SignIn {
                    Exit::SignIn
                } else {
                    Exit::Failed
                };
                return Err(Failure {
                    exit,
                    hint: failure.hint,
                    ..missing().cause("it cannot be fetched now").cause(why)
                });
            }
            Answer::Silent { pid, stopped } => {
                let Failure {
                    error,
                    causes,
                    hint,
                    ..
                } = silent(&id, pid, stopped);
                let failure = missing().cause(error).hint(hint);
                return Err(causes.into_iter().fold(failure, Failure::cause));
            }
            Answer::Alone => {}
        }
        if fetch_alone(
            start,
            store,
            account,
            content.account,
            content.key,
            &missing,
        )? {
            return Ok(());
        }
    }
    Err(contended(&id))
}

/// The session of this process for [`fetch`]. False if another process has become the owner.
fn fetch_alone(
    start: &Start,
    store: &Store,
    account: &AccountSettings,
    owner: AccountKey,
    content: ContentKey,
    missing: &impl Fn() -> Failure,
) -> Result<bool, Failure> {
    let request =
        requests::fetch_body(store, owner, content, &PartPath::root(), PATIENCE).wait()?;
    let outcome = by_itself(start, account, &ERRAND, |_| {});
    let served = requests::progress(&store.reader()?, request)?;
    requests::remove(store, request).wait()?;
    match (outcome?, served) {
        (Err(SyncError::Owned { .. }), _) => Ok(false),
        (Err(error), _) => {
            let failure = failure(&account.id, &error);
            let exit = if failure.exit == Exit::SignIn {
                Exit::SignIn
            } else {
                Exit::Failed
            };
            Err(Failure {
                exit,
                hint: failure.hint,
                ..missing().cause("it cannot be fetched now").cause(error)
            })
        }
        (Ok(_), Some(Served::Failed { why })) => Err(missing().cause(why)),
        (Ok(_), _) => Ok(true),
    }
}

/// What a failure of the owner means here.
pub(super) fn not_synced(account: &str, why: String, link: Option<&Link>) -> Failure {
    match link.map(|link| link.state) {
        Some(LinkState::SignInNeeded) => needs_sign_in(account, why),
        Some(LinkState::Offline | LinkState::OfflineAsked | LinkState::Connecting) => {
            let failure = Failure::queued(format!("Cannot sync {account}: it is offline"))
                .cause(sentence(&why));
            match link.filter(|link| link.state == LinkState::OfflineAsked) {
                Some(link) => failure.hint(on_line_again(link)),
                None => failure,
            }
        }
        Some(
            LinkState::Idle
            | LinkState::Syncing
            | LinkState::Online
            | LinkState::CertificateRefused,
        )
        | None => Failure::new(format!("Cannot sync {account}")).cause(sentence(&why)),
    }
}

fn needs_sign_in(account: &str, why: String) -> Failure {
    Failure::sign_in(format!("Cannot sign in to {account}"))
        .cause(sentence(&why))
        .hint(format!(
            "`lacebark login {account}` takes the right password."
        ))
}

/// The owner of an account does not answer.
pub fn silent(account: &str, pid: u32, stopped: bool) -> Failure {
    let failure = Failure::new(format!(
        "Process {pid}, which works for the account {account}, does not answer"
    ));
    if stopped {
        failure
            .cause("it is stopped")
            .hint("Continue it (`fg` in its shell) or end it.")
    } else {
        failure.hint("End it if it hangs: then the command does the work itself.")
    }
}

/// Owners came and went, and none of them did it.
pub(super) fn contended(account: &str) -> Failure {
    Failure::new(format!("Other processes keep the account {account} busy"))
        .hint("Try again when they have ended.")
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
            _ if error.is_offline() => {
                Failure::queued(format!("Cannot sync {account}: it is offline")).cause(text)
            }
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
struct With {
    env: crate::env::Env,
    account: AccountSettings,
}

impl With {
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
