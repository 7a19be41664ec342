//! Which queued operations a new one replaces, and what a message's departure does to them.

use super::{Operation, OperationKind, OperationState};
use crate::model::{FlagChange, Flags, OperationId};

/// What a new operation does to the ones that already wait for the same message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coalesced {
    /// Rows that are not needed any more.
    pub removed: Vec<OperationId>,
    /// The row to add, if one is still needed.
    pub added: Option<OperationKind>,
    /// The message never left this machine and is to be forgotten.
    pub forget: bool,
}

/// Adds `new` to the operations on one message, oldest first, so that what is sent is as little as
/// what is shown allows: `fold(base, coalesced) == fold(base, operations + new)`. What was handed
/// over already stays as it is, and so does what failed. `base_flags` are the flags that the server
/// confirmed.
pub fn coalesce(
    operations: &[Operation],
    new: OperationKind,
    base_flags: Option<&Flags>,
) -> Coalesced {
    // Only what follows the last operation handed over can be changed; and only what is one's own.
    let tail = operations
        .iter()
        .rposition(|operation| operation.state.is_undecided())
        .map_or(0, |at| at + 1);
    let queued: Vec<&Operation> = operations
        .iter()
        .skip(tail)
        .filter(|operation| matches!(operation.state, OperationState::Queued { .. }))
        .collect();
    match new {
        OperationKind::Flag { .. } => flags(operations, &queued, new, base_flags),
        OperationKind::Move { .. } => moves(&queued, new),
        OperationKind::Expunge { .. } => expunge(operations, &queued, new),
        OperationKind::Copy { .. }
        | OperationKind::Append { .. }
        | OperationKind::Create { .. }
        | OperationKind::Rename { .. }
        | OperationKind::Remove { .. }
        | OperationKind::Subscribe { .. }
        | OperationKind::Submit { .. } => Coalesced {
            added: Some(new),
            ..Coalesced::default()
        },
    }
}

fn flags(
    operations: &[Operation],
    queued: &[&Operation],
    new: OperationKind,
    base_flags: Option<&Flags>,
) -> Coalesced {
    let OperationKind::Flag { message, change } = new else {
        return Coalesced::default();
    };
    let mut coalesced = Coalesced::default();
    let mut all: Option<FlagChange> = None;
    for operation in queued {
        if let OperationKind::Flag { change, .. } = &operation.kind {
            all = Some(all.map_or_else(|| change.clone(), |before| before.then(change)));
            coalesced.removed.push(operation.id);
        }
    }
    let all = all.map_or_else(|| change.clone(), |before| before.then(&change));
    // Where nothing is under way, what the server has already need not be asked for.
    let under_way = operations
        .iter()
        .any(|operation| operation.state.is_undecided());
    let left = match base_flags {
        Some(flags) if !under_way => all.against(flags),
        _ => all,
    };
    coalesced.added = (!left.is_empty()).then_some(OperationKind::Flag {
        message,
        change: left,
    });
    coalesced
}

fn moves(queued: &[&Operation], new: OperationKind) -> Coalesced {
    let OperationKind::Move {
        message,
        mut from,
        to,
        proof,
    } = new
    else {
        return Coalesced::default();
    };
    let mut coalesced = Coalesced::default();
    for operation in queued {
        if let OperationKind::Move { from: first, .. } = &operation.kind {
            if coalesced.removed.is_empty() {
                from = *first;
            }
            coalesced.removed.push(operation.id);
        }
    }
    coalesced.added = (from != to || coalesced.removed.is_empty()).then_some(OperationKind::Move {
        message,
        from,
        to,
        proof,
    });
    coalesced
}

fn expunge(operations: &[Operation], queued: &[&Operation], new: OperationKind) -> Coalesced {
    let removed = queued.iter().map(|operation| operation.id).collect();
    let never_left = queued.len() == operations.len()
        && queued.iter().any(|operation| {
            matches!(
                operation.kind,
                OperationKind::Copy { .. } | OperationKind::Append { .. }
            )
        });
    Coalesced {
        removed,
        added: (!never_left).then_some(new),
        forget: never_left,
    }
}

/// The one change that stands for all flag operations on one message, in order; `None` when there
/// are none.
pub fn coalesce_flags<'a>(
    operations: impl IntoIterator<Item = &'a Operation>,
) -> Option<FlagChange> {
    let mut all: Option<FlagChange> = None;
    for operation in operations {
        if let OperationKind::Flag { change, .. } = &operation.kind
            && !operation.state.is_failed()
        {
            all = Some(all.map_or_else(|| change.clone(), |before| before.then(change)));
        }
    }
    all
}

/// What becomes of a message that the server says is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Its row goes, and what waited for it means nothing any more.
    Forget,
    /// Something of it was handed over, and its verdict says where the message is.
    WaitForVerdict,
    /// Somebody else moved or deleted it first, against a wish that still waits: the row stays,
    /// unseen, until a person has chosen.
    Conflict,
}

/// Decides by the operations that name the message, as their own or as the one that they copy. A
/// flag never conflicts, and to delete what is gone is done.
pub fn leaving<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Leaving {
    let mut leaving = Leaving::Forget;
    for operation in operations {
        match &operation.kind {
            OperationKind::Move { .. }
            | OperationKind::Copy { .. }
            | OperationKind::Append { .. } => {}
            OperationKind::Flag { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => continue,
        }
        if operation.state.is_undecided() {
            return Leaving::WaitForVerdict;
        }
        leaving = Leaving::Conflict;
    }
    leaving
}
