//! What is shown: base with every pending operation applied in order.
//!
//! A failed operation counts no longer: that is how a refusal takes itself back.

use std::collections::BTreeMap;

use super::{Operation, OperationKind};
use crate::model::{Flags, MailboxKey};

/// What the server last confirmed of a message, or what the user sees of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The mailbox; `None` is gone.
    pub mailbox: Option<MailboxKey>,
    /// The flags.
    pub flags: Flags,
}

/// What is shown of one message.
pub fn fold<'a>(base: &Placed, operations: impl IntoIterator<Item = &'a Operation>) -> Placed {
    let mut shown = base.clone();
    for operation in operations {
        if !operation.state.is_failed() {
            apply(&mut shown, &operation.kind);
        }
    }
    shown
}

fn apply(shown: &mut Placed, kind: &OperationKind) {
    match kind {
        OperationKind::Flag { change, .. } => shown.flags = change.apply(&shown.flags),
        OperationKind::Move { to, .. } => shown.mailbox = Some(*to),
        OperationKind::Copy { to, flags, .. } | OperationKind::Append { to, flags, .. } => {
            shown.mailbox = Some(*to);
            shown.flags = flags.clone();
        }
        OperationKind::Expunge { .. } => shown.mailbox = None,
        OperationKind::Create { .. }
        | OperationKind::Rename { .. }
        | OperationKind::Remove { .. }
        | OperationKind::Subscribe { .. }
        | OperationKind::Submit { .. } => {}
    }
}

/// What the server last confirmed of a mailbox, or what the user sees of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxPlaced {
    /// Its name, decoded; `None` is not there.
    pub name: Option<String>,
    /// The hierarchy delimiter.
    pub delimiter: Option<char>,
    /// Whether it is listed.
    pub subscribed: bool,
}

/// What is shown of all the mailboxes of one account. It takes all of them, because a rename takes
/// along what lies below.
pub fn fold_mailboxes<'a>(
    base: &BTreeMap<MailboxKey, MailboxPlaced>,
    operations: impl IntoIterator<Item = &'a Operation>,
) -> BTreeMap<MailboxKey, MailboxPlaced> {
    let mut shown = base.clone();
    for operation in operations {
        if !operation.state.is_failed() {
            apply_to_mailboxes(&mut shown, &operation.kind);
        }
    }
    shown
}

/// One step of [`fold_mailboxes`].
pub fn apply_to_mailboxes(shown: &mut BTreeMap<MailboxKey, MailboxPlaced>, kind: &OperationKind) {
    match kind {
        OperationKind::Create { mailbox, name } => {
            if let Some(one) = shown.get_mut(mailbox) {
                one.name = Some(name.clone());
                one.subscribed = true;
            }
        }
        OperationKind::Rename { mailbox, to } => rename(shown, *mailbox, to),
        OperationKind::Remove { mailbox, .. } => {
            if let Some(one) = shown.get_mut(mailbox) {
                one.name = None;
            }
        }
        OperationKind::Subscribe {
            mailbox,
            subscribed,
        } => {
            if let Some(one) = shown.get_mut(mailbox) {
                one.subscribed = *subscribed;
            }
        }
        OperationKind::Flag { .. }
        | OperationKind::Move { .. }
        | OperationKind::Copy { .. }
        | OperationKind::Append { .. }
        | OperationKind::Expunge { .. }
        | OperationKind::Submit { .. } => {}
    }
}

fn rename(shown: &mut BTreeMap<MailboxKey, MailboxPlaced>, key: MailboxKey, to: &str) {
    let Some(from) = shown.get(&key).and_then(|one| one.name.clone()) else {
        return;
    };
    for one in shown.values_mut() {
        if let Some(name) = &one.name
            && let Some(new) = renamed(name, &from, to, one.delimiter)
        {
            one.name = Some(new);
        }
    }
}

/// What `name` becomes when `from` is renamed to `to`; `None` if it is neither that mailbox nor
/// below it (RFC 9051 section 6.3.6).
pub fn renamed(name: &str, from: &str, to: &str, delimiter: Option<char>) -> Option<String> {
    let rest = name.strip_prefix(from)?;
    (rest.is_empty() || is_within(name, from, delimiter)).then(|| format!("{to}{rest}"))
}

/// Whether `name` lies below `above` in the hierarchy.
pub fn is_within(name: &str, above: &str, delimiter: Option<char>) -> bool {
    delimiter.is_some_and(|delimiter| {
        name.strip_prefix(above)
            .is_some_and(|rest| rest.starts_with(delimiter))
    })
}
