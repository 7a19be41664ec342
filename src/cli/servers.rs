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
    /// What there is to say of it, as that not all was looked at.
    pub notes: Vec<String>,
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
        // What is found here is shown all the same.
        let asked = ask(start, account, row.key, mailbox, query);
        let ended = asked.unwrap_or_else(|failure| Ended {
            failure: Some(failure),
            ..Ended::default()
        });
        for key in ended.found {
            far.hits.extend(hit(&reader, key)?);
        }
        if !ended.words.is_empty() {
            far.notes.push(format!("{}: {}", account.id, ended.words));
        }
        far.failure = far.failure.or(ended.failure);
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
#[derive(Default)]
struct Ended {
    found: Vec<MessageKey>,
    words: String,
    failure: Option<Failure>,
}

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
        let searched = asking::search(&store, &start.paths, id, mailbox, &text, PATIENCE)?;
        let failure = match searched.answer {
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
        return Ok(Ended {
            found: searched.found,
            words: searched.words,
            failure,
        });
    }
    Ok(Ended {
        failure: Some(online::contended(id)),
        ..Ended::default()
    })
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
    let served = requests::find(&reader, request)?;
    let found = requests::found(&reader, request)?;
    requests::remove(&store, request).wait()?;
    let words = served.as_ref().map(|served| served.report.clone());
    let failure = match (outcome?, served.map(|served| served.progress)) {
        (Err(SyncError::Owned { .. }), _) => return Ok(None),
        (Err(error), _) => Some(online::failure(id, &error)),
        (Ok(_), Some(Progress::Failed { why })) => Some(refused(id, &why)),
        (Ok(_), Some(Progress::Done)) => None,
        (Ok(_), Some(Progress::Open | Progress::Taken) | None) => {
            Some(refused(id, "there was no time for all of it"))
        }
    };
    Ok(Some(Ended {
        found,
        words: words.unwrap_or_default(),
        failure,
    }))
}

fn refused(id: &str, why: &str) -> Failure {
    Failure::new(format!("{id} was not searched whole")).cause(why)
}
