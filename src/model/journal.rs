//! Operations: what the user asked for and the server has not confirmed, and how they fold.
//!
//! `effective = fold(base, operations)`. The store keeps the result in its effective columns and
//! the screen applies the same function in the frame of the key press.

use serde::{Deserialize, Serialize};

use super::{AccountKey, ActionId, FlagChange, Flags, MailboxKey, MessageKey, OperationId};

/// What one operation does. Later kinds (move, copy, append, expunge, create, rename, remove,
/// subscribe, submit) have their words in the schema already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum OperationKind {
    /// Change flags of one message.
    Flag {
        /// The message.
        message: MessageKey,
        /// The change.
        change: FlagChange,
    },
}

impl OperationKind {
    /// The word in the schema, command line and log.
    pub fn word(&self) -> &'static str {
        match self {
            OperationKind::Flag { .. } => "flag",
        }
    }

    /// The message that it names, if it names one.
    pub fn message(&self) -> Option<MessageKey> {
        match self {
            OperationKind::Flag { message, .. } => Some(*message),
        }
    }
}

/// Where an operation stands; success deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum OperationState {
    /// Waits; not before this second since 1970, if it has one.
    Queued {
        /// Seconds since 1970.
        not_before: Option<i64>,
    },
    /// Was handed to the server; found at start it becomes `Unsure`.
    InFlight {
        /// Which try, from 1.
        attempt: u32,
    },
    /// Handed over, and nobody knows whether it happened.
    Unsure,
    /// Refused; stays until retried or dropped.
    Failed {
        /// The server's own words.
        why: String,
    },
}

impl OperationState {
    /// The word in the schema, command line and `--json`.
    pub fn word(&self) -> &'static str {
        match self {
            OperationState::Queued { .. } => "queued",
            OperationState::InFlight { .. } => "in-flight",
            OperationState::Unsure => "unsure",
            OperationState::Failed { .. } => "failed",
        }
    }
}

/// One journal row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id on the command line.
    pub id: OperationId,
    /// The key press that it belongs to.
    pub action: ActionId,
    /// The account that carries it out.
    pub account: AccountKey,
    /// The mailbox in which it acts, for ordering.
    pub mailbox: Option<MailboxKey>,
    /// What it does.
    pub kind: OperationKind,
    /// Where it stands.
    pub state: OperationState,
    /// When it was asked for, in seconds since 1970.
    pub asked: i64,
}

/// What the server last confirmed of a message, or what the user sees of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The mailbox; `None` is gone.
    pub mailbox: Option<MailboxKey>,
    /// The flags.
    pub flags: Flags,
}

/// What is shown of one message: base with every pending operation on it applied in order.
///
/// A failed operation counts no longer: that is how a refusal takes itself back.
pub fn fold<'a>(base: &Placed, operations: impl IntoIterator<Item = &'a Operation>) -> Placed {
    let mut shown = base.clone();
    for operation in operations {
        if matches!(operation.state, OperationState::Failed { .. }) {
            continue;
        }
        match &operation.kind {
            OperationKind::Flag { change, .. } => shown.flags = change.apply(&shown.flags),
        }
    }
    shown
}

/// The one change that stands for all queued flag operations on one message, in order; `None` when
/// there are none.
pub fn coalesce_flags<'a>(
    operations: impl IntoIterator<Item = &'a Operation>,
) -> Option<FlagChange> {
    let mut all: Option<FlagChange> = None;
    for operation in operations {
        match (&operation.state, &operation.kind) {
            (OperationState::Failed { .. }, _) => {}
            (_, OperationKind::Flag { change, .. }) => {
                all = Some(all.map_or_else(|| change.clone(), |before| before.then(change)));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(bits: u32) -> Flags {
        let mut flags = Flags::of(u8::try_from(bits & 31).unwrap());
        for (bit, name) in [(32, "$Forwarded"), (64, "work")] {
            if bits & bit != 0 {
                flags.insert(name);
            }
        }
        flags
    }

    fn operation(id: i64, state: OperationState, change: FlagChange) -> Operation {
        Operation {
            id: OperationId(id),
            action: ActionId(id),
            account: AccountKey(1),
            mailbox: None,
            kind: OperationKind::Flag {
                message: MessageKey(1),
                change,
            },
            state,
            asked: 0,
        }
    }

    #[test]
    fn one_coalesced_change_shows_what_all_operations_show() {
        let mut seed = 3u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        for _ in 0..500 {
            let base = Placed {
                mailbox: None,
                flags: flags(next()),
            };
            let operations: Vec<Operation> = (0..i64::from(next() % 6))
                .map(|id| {
                    let state = match next() % 4 {
                        0 => OperationState::Failed { why: "no".into() },
                        1 => OperationState::Unsure,
                        2 => OperationState::InFlight { attempt: 1 },
                        _ => OperationState::Queued { not_before: None },
                    };
                    let add = flags(next());
                    let remove = flags(next()).minus(&add);
                    operation(id, state, FlagChange { add, remove })
                })
                .collect();
            let whole = fold(&base, &operations).flags;
            let one =
                coalesce_flags(&operations).map_or(base.flags.clone(), |c| c.apply(&base.flags));
            assert_eq!(whole, one, "{operations:?}");
        }
    }
}
