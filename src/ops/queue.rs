//! The queue: what was asked for and has not reached the server.

use std::collections::BTreeMap;

use super::conflict;
use crate::model::journal::{Cause, PutOff};
use crate::model::{
    AccountKey, ActionId, FlagChange, MailboxKey, MessageKey, Operation, OperationId,
    OperationKind, OperationState,
};
use crate::store::batches::{self, Batch, Part};
use crate::store::outgoing::{self, Addressee};
use crate::store::{
    Pending, Priority, Rows, Store, StoreError, accounts, contents, journal, messages, verdicts,
};

/// Operations of one action, kind and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The id by which the group is named: that of its first operation.
    pub id: OperationId,
    /// All its operations.
    pub ids: Vec<OperationId>,
    /// The key press.
    pub action: ActionId,
    /// Who carries it out.
    pub account: AccountKey,
    /// `flag` …
    pub kind: &'static str,
    /// Where it stands.
    pub state: OperationState,
    /// The messages that it names, as a person knows them.
    pub messages: Vec<MessageKey>,
    /// Whether it deletes what they left behind when they went to another account.
    pub remains: bool,
    /// How often the first was handed to the server.
    pub tries: u32,
    /// Of a flag operation, the change; of several, that of the first.
    pub change: Option<FlagChange>,
    /// The mailbox into which its messages go.
    pub to: Option<MailboxKey>,
    /// The mailbox that it changes as a mailbox.
    pub mailbox: Option<MailboxKey>,
    /// The name that a mailbox is to have.
    pub name: Option<String>,
    /// Whether a mailbox is to be subscribed.
    pub subscribed: Option<bool>,
    /// The subject of a message that is to be sent.
    pub subject: Option<String>,
    /// When it was asked for, in seconds since 1970.
    pub asked: i64,
}

/// The queue, oldest first, grouped by equal action, kind and state.
pub fn list(rows: &impl Rows) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = BTreeMap::new();
    for operation in journal::all(rows)? {
        let why = match &operation.state {
            OperationState::Failed { why, .. }
            | OperationState::Queued {
                put_off: Some(PutOff { why, .. }),
            } => why.clone(),
            OperationState::Queued { put_off: None }
            | OperationState::InFlight { .. }
            | OperationState::Unsure => String::new(),
        };
        let (kind, state) = (operation.kind.word(), operation.state.word());
        let place = (
            operation.action.0,
            operation.account.0,
            kind,
            state,
            why,
            (
                operation.kind.target(),
                operation.kind.mailbox(),
                operation.kind.is_of_remains(),
            ),
        );
        let next = groups.len();
        let at = *places.entry(place).or_insert(next);
        match groups.get_mut(at) {
            Some(group) => {
                group.ids.push(operation.id);
                group.messages.extend(operation.kind.known_as());
            }
            None => groups.push(Group::of(operation)),
        }
    }
    Ok(groups)
}

impl Group {
    fn of(operation: Operation) -> Self {
        let change = match &operation.kind {
            OperationKind::Flag { change, .. } => Some(change.clone()),
            _ => None,
        };
        let name = match &operation.kind {
            OperationKind::Create { name, .. } | OperationKind::Rename { to: name, .. } => {
                Some(name.clone())
            }
            _ => None,
        };
        let subscribed = match &operation.kind {
            OperationKind::Subscribe { subscribed, .. } => Some(*subscribed),
            _ => None,
        };
        let subject = match &operation.kind {
            OperationKind::Submit { subject, .. } => Some(subject.clone()),
            _ => None,
        };
        Self {
            id: operation.id,
            ids: vec![operation.id],
            action: operation.action,
            account: operation.account,
            kind: operation.kind.word(),
            messages: operation.kind.known_as().into_iter().collect(),
            remains: operation.kind.is_of_remains(),
            tries: operation.tries,
            change,
            to: operation.kind.target(),
            mailbox: operation.kind.mailbox(),
            name,
            subscribed,
            subject,
            asked: operation.asked,
            state: operation.state,
        }
    }
}

/// One line of the queue as a person reads it: operations that belong together, with names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Their first operation, whose id names them all.
    pub first: Operation,
    /// How many there are.
    pub count: u64,
    /// The account that carries them out.
    pub account: String,
    /// The mailbox in which the messages were shown.
    pub from: Option<String>,
    /// The mailbox into which they go.
    pub to: Option<String>,
    /// The mailbox that is changed as a mailbox, as it is shown.
    pub mailbox: Option<String>,
    /// The same as the server calls it.
    pub known_as: Option<String>,
    /// The subject, of one message alone.
    pub subject: Option<String>,
    /// Of a message that is to be sent: everybody, with what the server said.
    pub recipients: Vec<Addressee>,
}

/// What is refused or of an unknown end, then what is with the server or waits, oldest first: at
/// most `limit` lines of each, and whether there are more.
pub fn lines(rows: &impl Rows, limit: usize) -> Result<(Vec<Line>, bool), StoreError> {
    let mut found = stuck(rows, limit + 1)?;
    let mut more = found.len() > limit;
    found.truncate(limit);
    let moving = batches::list(rows, Part::Moving, limit + 1)?;
    more |= moving.len() > limit;
    for batch in moving.into_iter().take(limit) {
        found.push(named(rows, batch)?);
    }
    Ok((found, more))
}

/// What is refused or of an unknown end, oldest first: at most `limit` lines.
pub fn stuck(rows: &impl Rows, limit: usize) -> Result<Vec<Line>, StoreError> {
    batches::list(rows, Part::Stuck, limit)?
        .into_iter()
        .map(|batch| named(rows, batch))
        .collect()
}

/// How many operations there are, and how many of them are refused.
pub fn counts(rows: &impl Rows) -> Result<(u64, u64), StoreError> {
    journal::counts(rows)
}

/// How many lines of the queue are refused, or may have been sent, up to `limit`: nothing goes on
/// there before a person answers.
pub fn refused(rows: &impl Rows, limit: usize) -> Result<usize, StoreError> {
    let stuck = batches::list(rows, Part::Stuck, limit)?;
    let refused = stuck.iter().filter(|batch| {
        batch.first.state.is_failed() || matches!(batch.first.kind, OperationKind::Submit { .. })
    });
    Ok(refused.count())
}

fn named(rows: &impl Rows, batch: Batch) -> Result<Line, StoreError> {
    let Batch { first, count } = batch;
    let name = |key: Option<MailboxKey>| match key {
        Some(key) => batches::names(rows, key),
        None => Ok((None, None)),
    };
    let kind = &first.kind;
    let (mailbox, known_as) = name(kind.mailbox())?;
    let from = first.mailbox.filter(|_| kind.message().is_some());
    Ok(Line {
        count,
        account: accounts::get(rows, first.account)?.id,
        from: name(from)?.0,
        to: name(kind.target())?.0,
        mailbox,
        known_as,
        subject: match (kind, kind.message().filter(|_| count == 1)) {
            (OperationKind::Submit { subject, .. }, _) => Some(subject.clone()),
            (_, Some(key)) => subject(rows, key)?,
            (_, None) => None,
        },
        recipients: recipients(rows, &first)?,
        first,
    })
}

/// Whom a message is to be sent to, and how far it has come for each.
pub fn recipients(rows: &impl Rows, operation: &Operation) -> Result<Vec<Addressee>, StoreError> {
    match operation.kind {
        OperationKind::Submit { .. } => {
            let out = outgoing::find(rows, operation.id)?;
            Ok(out.map(|out| out.recipients).unwrap_or_default())
        }
        _ => Ok(Vec::new()),
    }
}

fn subject(rows: &impl Rows, key: MessageKey) -> Result<Option<String>, StoreError> {
    match messages::find(rows, key)? {
        Some(row) => Ok(Some(contents::get(rows, row.content)?.envelope.subject)),
        None => Ok(None),
    }
}

/// A message that leaves later than in so many seconds was put off by the person, or by the server.
const SOON: i64 = 600;

/// Messages that are being sent, or leave by themselves within ten minutes.
pub fn leaving(rows: &impl Rows, now: i64) -> Result<Vec<OperationId>, StoreError> {
    let all = outgoing::list(rows, None)?;
    let soon = |out: &outgoing::Outgoing| {
        let wakes = out.wakes(now).is_some_and(|at| at <= now + SOON);
        wakes || matches!(out.state, OperationState::InFlight { .. })
    };
    let soon = all.iter().filter(|out| soon(out));
    Ok(soon.map(|out| out.operation).collect())
}

/// How far what is with the servers just now is, in octets, and how many it has; `None` before the
/// first of them are told.
pub fn sending(rows: &impl Rows) -> Result<Option<(u64, u64)>, StoreError> {
    let all = outgoing::list(rows, None)?;
    let under_way = all
        .iter()
        .filter(|out| matches!(out.state, OperationState::InFlight { .. }) && out.done > 0);
    Ok(under_way.fold(None, |sum, out| {
        let (done, size) = sum.unwrap_or_default();
        Some((done + out.done, size + out.size))
    }))
}

/// Which operations a call means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The groups that these ids belong to.
    Ids(Vec<OperationId>),
    /// All of them; unsure submissions are left alone.
    All,
}

/// What a retry or drop came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Operations that were changed.
    pub operations: usize,
    /// Ids that name no operation.
    pub missing: Vec<OperationId>,
    /// Operations that are with the server just now and were left alone.
    pub in_flight: usize,
}

/// Puts failed, waiting and unsure operations back to be sent at once. Where another program was
/// first, this is "keep mine": see `conflict`. Who means all of them does not mean to delete mail that
/// came to a mailbox since.
pub fn retry(store: &Store, which: Which) -> Pending<Touched> {
    let all = which == Which::All;
    let is_meant = move |one: &Operation| !all || !deletes_what_came(one);
    touch(store, which, is_meant, conflict::keep_mine)
}

fn deletes_what_came(one: &Operation) -> bool {
    let arrived = |state: &OperationState| matches!(state, OperationState::Failed { cause, .. } if *cause == Cause::Arrived);
    matches!(one.kind, OperationKind::Remove { .. }) && arrived(&one.state)
}

/// Takes operations back: what is shown reverts to what the server has ("take theirs").
pub fn withdraw(store: &Store, which: Which) -> Pending<Touched> {
    touch(store, which, |_| true, verdicts::withdraw)
}

fn touch(
    store: &Store,
    which: Which,
    is_meant: impl Fn(&Operation) -> bool + Send + 'static,
    act: impl Fn(&crate::store::Tx<'_>, OperationId) -> Result<(), StoreError> + Send + 'static,
) -> Pending<Touched> {
    store.write(Priority::Person, move |tx| {
        let mut touched = Touched::default();
        for operation in chosen(tx, &which, &mut touched.missing)? {
            if matches!(operation.state, OperationState::InFlight { .. }) {
                touched.in_flight += 1;
                continue;
            }
            if !is_meant(&operation) {
                continue;
            }
            act(tx, operation.id)?;
            touched.operations += 1;
        }
        Ok(touched)
    })
}

/// A message that may have been sent: only who names it sends it again or gives it up (SAFETY R1).
fn is_unsure_submission(one: &Operation) -> bool {
    matches!(one.kind, OperationKind::Submit { .. }) && one.state == OperationState::Unsure
}

/// The operations that are meant, each once.
fn chosen(
    rows: &impl Rows,
    which: &Which,
    missing: &mut Vec<OperationId>,
) -> Result<Vec<Operation>, StoreError> {
    let ids = match which {
        Which::All => {
            let mut all = journal::all(rows)?;
            all.retain(|one| !is_unsure_submission(one));
            return Ok(all);
        }
        Which::Ids(ids) => ids,
    };
    let mut chosen: BTreeMap<OperationId, Operation> = BTreeMap::new();
    for id in ids {
        if chosen.contains_key(id) {
            continue;
        }
        let Some(operation) = journal::find(rows, *id)? else {
            missing.push(*id);
            continue;
        };
        for member in batches::members(rows, &operation)? {
            let found = journal::find(rows, member)?;
            chosen.extend(found.map(|one| (member, one)));
        }
    }
    Ok(chosen.into_values().collect())
}
