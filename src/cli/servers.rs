//! `search --server`: what servers find in mail whose text is not kept here. The process that owns an
//! account asks its server; where there is none, this one does.

use std::time::Duration;

use super::error::Failure;
use super::online;
use super::start::Start;
use crate::config::AccountSettings;
use crate::model::{AccountKey, AccountKind, MailboxKey, MessageKey, Query};
use crate::ops::requests::{self, Progress};
use crate::store::search::{Hit, Scope};
use crate::store::{Reader, accounts, mailboxes, messages};
use crate::sync::asking::{self, Answer};
use crate::sync::{Once, SyncError, Work};

/// How long one server may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Owners may come and go while one is looked for.
const ROUNDS: u32 = 16;

/// What servers found.
#[derive(Default)]
pub struct Far {
    /// The messages, those of each account newest first.
    pub hits: Vec<Hit>,
    /// The first account whose server could not be asked.
    pub failure: Option<Failure>,
}

/// Asks the servers of all accounts that are meant, one after the other.
pub fn search(start: &Start, scope: Scope, query: &Query) -> Result<Far, Failure> {
    let reader = start.store()?.reader()?;
    let (only, mailbox) = match scope {
        Scope::All => (None, None),
        Scope::Account(key) => (Some(key), None),
        Scope::Mailbox(key) => (Some(mailboxes::get(&reader, key)?.account), Some(key)),
    };
    let mut far = Far::default();
    for account in &start.settings.accounts {
        let Some(row) = accounts::find(&reader, &account.id)? else {
            continue;
        };
        if row.kind != AccountKind::Imap || only.is_some_and(|key| key != row.key) {
            continue;
        }
        let (keys, failure) = ask(start, account, row.key, mailbox, query)?;
        for key in keys {
            far.hits.extend(hit(&reader, key)?);
        }
        far.failure = far.failure.or(failure);
    }
    Ok(far)
}

fn hit(reader: &Reader, key: MessageKey) -> Result<Option<Hit>, Failure> {
    let found = messages::find(reader, key)?;
    Ok(found.and_then(|row| {
        Some(Hit {
            message: key,
            content: row.content,
            mailbox: row.mailbox?,
        })
    }))
}

/// What one server found, and what kept it from more.
type Ended = (Vec<MessageKey>, Option<Failure>);

fn ask(
    start: &Start,
    account: &AccountSettings,
    owner: AccountKey,
    mailbox: Option<MailboxKey>,
    query: &Query,
) -> Result<Ended, Failure> {
    let (id, store) = (&account.id, start.store()?);
    for _ in 0..ROUNDS {
        let text = query.to_string();
        let (answer, found) = asking::search(&store, &start.paths, id, mailbox, &text, PATIENCE)?;
        let failure = match answer {
            Answer::Done(_) => None,
            // A link that is there has refused something; one that is not says why by itself.
            Answer::Failed { why, link } => match link.filter(|link| !link.state.is_up()) {
                None => Some(refused(id, &why)),
                down => Some(online::not_synced(id, why, down.as_ref())),
            },
            Answer::Silent { pid, stopped } => Some(online::silent(id, pid, stopped)),
            Answer::Alone => {
                let Some(ended) = by_itself(start, account, owner, mailbox, query)? else {
                    continue;
                };
                return Ok(ended);
            }
        };
        return Ok((found, failure));
    }
    Ok((Vec::new(), Some(online::contended(id))))
}

/// The same without an owner; `None` where one came meanwhile.
fn by_itself(
    start: &Start,
    account: &AccountSettings,
    owner: AccountKey,
    mailbox: Option<MailboxKey>,
    query: &Query,
) -> Result<Option<Ended>, Failure> {
    let (id, store) = (&account.id, start.store()?);
    let request = requests::search(&store, owner, mailbox, query, PATIENCE).wait()?;
    let errand = Once {
        work: Work::Errands,
        deadline: PATIENCE,
    };
    let outcome = online::by_itself(start, account, &errand, |_| {});
    let reader = store.reader()?;
    let served = requests::progress(&reader, request)?;
    let found = requests::found(&reader, request)?;
    requests::remove(&store, request).wait()?;
    let failure = match (outcome?, served) {
        (Err(SyncError::Owned { .. }), _) => return Ok(None),
        (Err(error), _) => Some(online::failure(id, &error)),
        (Ok(_), Some(Progress::Failed { why })) => Some(refused(id, &why)),
        (Ok(_), _) => None,
    };
    Ok(Some((found, failure)))
}

fn refused(id: &str, why: &str) -> Failure {
    Failure::new(format!("{id} was not searched whole")).cause(why)
}
