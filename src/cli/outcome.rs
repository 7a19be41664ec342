//! What came of an action: it is in the store, it is sent where a server can be reached, and what
//! the server says of it is told. Exit code 0 means that the server has it.

use std::collections::BTreeSet;
use std::io::{self, Write as _};

use super::error::{Exit, Failure};
use super::start::Start;
use super::{ids, json, online, queue};
use crate::model::journal::Cause;
use crate::model::{
    ActionId, Kept, MailboxKey, MessageKey, Operation, OperationKind, OperationState,
};
use crate::ops::queue::Group;
use crate::ops::triage::Acted;
use crate::store::{Reader, accounts, contents, journal, mailboxes, messages, remains};

/// What is sent in one session can free something that another account sends in the next one: the
/// bytes of a message, then its upload, then its deletion where it was.
const ROUNDS: usize = 4;

/// What a command did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Its actions, each with its word.
    pub actions: Vec<(ActionId, String)>,
    /// Messages that changed.
    pub messages: Vec<MessageKey>,
    /// Messages that were as wished already.
    pub unchanged: usize,
    /// Messages that are not there.
    pub missing: Vec<MessageKey>,
    /// Copies that were made.
    pub copies: Vec<MessageKey>,
    /// Mailboxes into which messages went, or that changed.
    pub mailboxes: Vec<json::NamedMailbox>,
    /// The word of an action that was taken back.
    pub undone: Option<String>,
    /// What a person reads if nothing went wrong; empty says nothing.
    pub line: String,
}

impl Outcome {
    /// Adds what an action on messages came to.
    pub fn add(&mut self, reader: &Reader, word: &str, acted: Acted) -> Result<(), Failure> {
        self.actions
            .extend(acted.action.map(|action| (action, word.to_owned())));
        self.messages.extend(acted.changed);
        self.unchanged += acted.unchanged;
        self.missing.extend(acted.missing);
        self.copies.extend(acted.made);
        for mailbox in acted.into {
            self.mailboxes.extend(mailbox_name(reader, mailbox)?);
        }
        Ok(())
    }
}

/// A mailbox as a person names it, as long as it is there.
pub fn mailbox_name(
    reader: &Reader,
    key: MailboxKey,
) -> Result<Option<json::NamedMailbox>, Failure> {
    let row = mailboxes::get(reader, key)?;
    let account = accounts::get(reader, row.account)?.id;
    Ok(row.name.map(|name| json::NamedMailbox { account, name }))
}

/// Sends what was done and tells what came of it. Everything that went wrong is told; what went
/// wrong for good decides the exit code, then what waits.
pub fn finish(start: &mut Start, outcome: Outcome) -> Result<(), Failure> {
    let actions: Vec<ActionId> = outcome.actions.iter().map(|(id, _)| *id).collect();
    let sent = send(start, &actions);
    let reader = start.store()?.reader()?;
    let refused = refused(&reader, &actions)?;
    if start.out.json {
        let operations = queue::groups(&reader, |group| actions.contains(&group.action))?;
        start.out.object(&object(&outcome, operations))?;
    } else if refused.is_none() && !outcome.line.is_empty() {
        start.out.line(&outcome.line)?;
    }
    let mut failures = [refused, sent.err(), ids::missing(&outcome.missing)]
        .into_iter()
        .flatten();
    let first = failures.next();
    for more in failures {
        // As after a sync: each failure is told, the first one decides the code.
        let _ = io::stderr().lock().write_all(more.text().as_bytes());
    }
    first.map_or(Ok(()), Err)
}

fn object(outcome: &Outcome, operations: Vec<json::Operation>) -> json::Acted {
    let keys = |keys: &[MessageKey]| keys.iter().map(|key| key.0).collect();
    json::Acted {
        actions: outcome
            .actions
            .iter()
            .map(|(id, word)| json::Action {
                id: id.0,
                word: word.clone(),
            })
            .collect(),
        messages: keys(&outcome.messages),
        unchanged: outcome.unchanged,
        missing: keys(&outcome.missing),
        copies: keys(&outcome.copies),
        mailboxes: outcome.mailboxes.clone(),
        undone: outcome.undone.clone(),
        operations,
    }
}

/// Sends what these actions left to be sent, until nothing of it waits or nothing more can be done.
pub fn send(start: &Start, actions: &[ActionId]) -> Result<(), Failure> {
    let reader = start.store()?.reader()?;
    let mut before = Vec::new();
    for _ in 0..ROUNDS {
        let left = waiting(&reader, actions)?;
        if left.is_empty() || left == before {
            break;
        }
        fetch(start, &reader, &left)?;
        push(start, &carriers(&reader, &left)?)?;
        before = left;
    }
    match waiting(&reader, actions)?.first() {
        None => Ok(()),
        Some(first) => Err(still_waits(start, &reader, first)?),
    }
}

fn waiting(reader: &Reader, actions: &[ActionId]) -> Result<Vec<Operation>, Failure> {
    if actions.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for one in journal::all(reader)? {
        // What goes from this machine once it stands on a server goes by itself; what is to come to it
        // waits for its bytes.
        let ours = actions.contains(&one.action) && !one.state.is_failed();
        let comes = matches!(one.kind, OperationKind::Append { .. });
        if ours && (comes || !remains::is_local(reader, one.account)?) {
            all.push(one);
        }
    }
    Ok(all)
}

/// Fetches what lies in a maildrop and waits for its bytes to go to another account.
fn fetch(start: &Start, reader: &Reader, operations: &[Operation]) -> Result<(), Failure> {
    let store = start.store()?;
    for operation in operations {
        let OperationKind::Append {
            message,
            source: Some(source),
            ..
        } = &operation.kind
        else {
            continue;
        };
        if let Some(row) = messages::find(reader, *source)?
            && row.base.is_none()
            && contents::kept(reader, row.content)? != Kept::All
        {
            online::fetch(start, &store, *message).map_err(|mut failure| {
                if failure.exit == Exit::Failed {
                    failure.exit = Exit::Queued;
                }
                let error = "Queued: the message has to be fetched first".to_owned();
                let cause = std::mem::replace(&mut failure.error, error);
                failure.causes.insert(0, cause);
                failure
            })?;
        }
    }
    Ok(())
}

/// The accounts that have something to do: who carries an operation out, and who has the bytes.
fn carriers(reader: &Reader, operations: &[Operation]) -> Result<BTreeSet<String>, Failure> {
    let mut keys = BTreeSet::new();
    for operation in operations {
        if !remains::is_local(reader, operation.account)? {
            keys.insert(operation.account);
        }
        if let OperationKind::Append {
            source: Some(source),
            ..
        } = &operation.kind
            && let Some(row) = messages::find(reader, *source)?
            && let Some(base) = row.base
        {
            keys.insert(mailboxes::get(reader, base.mailbox)?.account);
        }
    }
    keys.into_iter()
        .map(|key| Ok(accounts::get(reader, key)?.id))
        .collect()
}

/// Sends what waits for these accounts. The first account that is offline or has no sign-in
/// decides the exit code; the others are tried all the same.
pub fn push(start: &Start, ids: &BTreeSet<String>) -> Result<(), Failure> {
    let mut first = None;
    for id in ids {
        // Mail of an account that is not configured any more has nobody to send to.
        let Some(account) = start.settings.account(id) else {
            continue;
        };
        if let Err(failure) = online::push(start, account) {
            first = first.or(Some(failure));
        }
    }
    first.map_or(Ok(()), Err)
}

fn still_waits(start: &Start, reader: &Reader, one: &Operation) -> Result<Failure, Failure> {
    let id = accounts::get(reader, one.account)?.id;
    let hint = format!(
        "`lacebark queue list` shows what waits; `lacebark queue drop {}` takes it back.",
        one.id
    );
    let error = if start.settings.account(&id).is_none() {
        format!("Queued: the account {id} is not configured")
    } else if one.state == OperationState::Unsure {
        format!("Queued: nobody knows yet whether {id} has done it")
    } else {
        format!("Queued: {id} has not taken it yet")
    };
    Ok(Failure::queued(error).hint(hint))
}

/// The failure when the server refused something of these actions, or something else makes it
/// impossible.
pub fn refused(reader: &Reader, actions: &[ActionId]) -> Result<Option<Failure>, Failure> {
    if actions.is_empty() {
        return Ok(None);
    }
    let failed = |group: Group| match group.state {
        OperationState::Failed { why, cause } if actions.contains(&group.action) => {
            Some(failure(group.id.0, why, cause))
        }
        _ => None,
    };
    Ok(crate::ops::queue::list(reader)?
        .into_iter()
        .find_map(failed))
}

fn failure(id: i64, why: String, cause: Cause) -> Failure {
    let (error, keep) = match cause {
        Cause::Refused => ("The server refused the change", "tries again"),
        Cause::Gone => (
            "Another program moved or deleted the message first",
            "keeps your change",
        ),
        Cause::MailboxGone => ("The mailbox is gone", "makes it again"),
        Cause::Renumbered => (
            "The server renumbered the mailbox before the change was sent",
            "sends it after all",
        ),
        Cause::Arrived => (
            "Mail is in the mailbox that you have not seen",
            "deletes it all the same",
        ),
    };
    Failure::new(error).cause(why).hint(format!(
        "`lacebark queue retry {id}` {keep}, `lacebark queue drop {id}` takes it back."
    ))
}
