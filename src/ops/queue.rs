//! The queue: what was asked for and has not reached the server.

use std::collections::BTreeMap;

use super::conflict;
use crate::model::{
    AccountKey, ActionId, FlagChange, MailboxKey, MessageKey, Operation, OperationId,
    OperationKind, OperationState,
};
use crate::store::{Pending, Priority, Rows, Store, StoreError, journal, verdicts};

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
    /// The messages that it names.
    pub messages: Vec<MessageKey>,
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
    /// When it was asked for, in seconds since 1970.
    pub asked: i64,
}

/// The queue, oldest first, grouped by equal action, kind and state.
pub fn list(rows: &impl Rows) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = BTreeMap::new();
    for operation in journal::all(rows)? {
        let why = match &operation.state {
            OperationState::Failed { why, .. } => why.clone(),
            OperationState::Queued { .. }
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
            (operation.kind.target(), operation.kind.mailbox()),
        );
        let next = groups.len();
        let at = *places.entry(place).or_insert(next);
        match groups.get_mut(at) {
            Some(group) => {
                group.ids.push(operation.id);
                group.messages.extend(operation.kind.message());
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
        Self {
            id: operation.id,
            ids: vec![operation.id],
            action: operation.action,
            account: operation.account,
            kind: operation.kind.word(),
            messages: operation.kind.message().into_iter().collect(),
            change,
            to: operation.kind.target(),
            mailbox: operation.kind.mailbox(),
            name,
            subscribed,
            asked: operation.asked,
            state: operation.state,
        }
    }
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
/// first, this is "keep mine": see `conflict`.
pub fn retry(store: &Store, which: Which) -> Pending<Touched> {
    touch(store, which, conflict::keep_mine)
}

/// Takes operations back: what is shown reverts to what the server has ("take theirs").
pub fn withdraw(store: &Store, which: Which) -> Pending<Touched> {
    touch(store, which, verdicts::withdraw)
}

fn touch(
    store: &Store,
    which: Which,
    act: impl Fn(&crate::store::Tx<'_>, OperationId) -> Result<(), StoreError> + Send + 'static,
) -> Pending<Touched> {
    store.write(Priority::Person, move |tx| {
        let mut touched = Touched::default();
        let groups = list(tx)?;
        let mut chosen: Vec<&Group> = Vec::new();
        match &which {
            Which::All => chosen.extend(&groups),
            Which::Ids(ids) => {
                for id in ids {
                    match groups.iter().find(|group| group.ids.contains(id)) {
                        Some(group) if chosen.iter().any(|known| known.id == group.id) => {}
                        Some(group) => chosen.push(group),
                        None => touched.missing.push(*id),
                    }
                }
            }
        }
        for group in chosen {
            if matches!(group.state, OperationState::InFlight { .. }) {
                touched.in_flight += group.ids.len();
                continue;
            }
            for id in &group.ids {
                act(tx, *id)?;
                touched.operations += 1;
            }
        }
        Ok(touched)
    })
}
