//! What waits behind an operation that cannot be done.
//!
//! A message that stands on no server is one that an operation is to put there. If that fails, what
//! was asked of the message since can neither be done nor fail by itself: it would wait for ever,
//! and hold back what waits for the mailboxes that it names. So the two become one: the operation
//! that failed is what a person tries again or drops, and it holds the last that was wished.

use crate::model::journal::Cause;
use crate::model::{Kept, MessageKey, Operation, OperationKind};

use super::{StoreError, Tx, contents, journal, messages, verdicts};

/// What became of an operation and of what waited behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// It puts its message where it would have before.
    Alone,
    /// It is to put it into another mailbox now.
    Elsewhere,
    /// The message is not wanted any more.
    Unwanted,
}

/// Makes `failing` one with what was asked of its message since, if nothing of that can be done
/// without it. What was to be made of the message is made of what it was to be made of, or fails.
pub(super) fn join(
    tx: &Tx<'_>,
    failing: &Operation,
    why: &str,
    cause: Cause,
) -> Result<Joined, StoreError> {
    let Some(message) = failing.kind.message() else {
        return Ok(Joined::Alone);
    };
    let all = journal::of_message(tx, message)?;
    let comes = |one: &Operation| {
        one.id < failing.id && one.kind.target().is_some() && !one.state.is_failed()
    };
    if failing.kind.target().is_none() || verdicts::stands(tx, message)? || all.iter().any(comes) {
        return Ok(Joined::Alone);
    }
    copies(tx, failing, message, why, cause)?;
    let mut kind = failing.kind.clone();
    let mut joined = Joined::Alone;
    for one in &all {
        if one.id == failing.id || one.state.is_undecided() {
            continue;
        }
        // What was refused before, or is older, is not asked again.
        let wished = one.id > failing.id && !one.state.is_failed();
        match &one.kind {
            // A server copies the flags of the original: what was asked beside that fails with it.
            OperationKind::Flag { .. } if matches!(kind, OperationKind::Copy { .. }) => continue,
            OperationKind::Flag { change, .. } => {
                if let OperationKind::Append { flags, .. } = &mut kind
                    && wished
                {
                    *flags = change.apply(flags);
                }
            }
            OperationKind::Move { to: last, .. } if one.id > failing.id => {
                if let OperationKind::Move { to, .. }
                | OperationKind::Copy { to, .. }
                | OperationKind::Append { to, .. } = &mut kind
                    && wished
                    && to != last
                {
                    *to = *last;
                    joined = Joined::Elsewhere;
                }
            }
            OperationKind::Expunge { .. } if wished => joined = Joined::Unwanted,
            OperationKind::Expunge { .. } => {}
            OperationKind::Move { .. }
            | OperationKind::Copy { .. }
            | OperationKind::Append { .. }
            | OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => continue,
        }
        journal::remove(tx, one.id)?;
    }
    if kind != failing.kind {
        let failing = failing.clone();
        journal::rewrite(tx, &Operation { kind, ..failing })?;
    }
    Ok(joined)
}

/// Copies and uploads of a message that is not made: of its own original where that stands and is
/// not what was wrong, else they wait for a person as it does.
fn copies(
    tx: &Tx<'_>,
    failing: &Operation,
    message: MessageKey,
    why: &str,
    cause: Cause,
) -> Result<(), StoreError> {
    let original = match (&failing.kind, cause) {
        (OperationKind::Copy { source, .. }, Cause::Refused | Cause::MailboxGone)
            if verdicts::stands(tx, *source)? =>
        {
            Some(*source)
        }
        _ => None,
    };
    for mut copy in journal::naming(tx, message)? {
        if copy.state.is_failed() || copy.state.is_undecided() {
            continue;
        }
        match (&mut copy.kind, original) {
            (OperationKind::Append { message, .. }, _) if is_kept(tx, *message)? => {}
            (OperationKind::Copy { source, .. }, Some(original)) => {
                *source = original;
                journal::rewrite(tx, &copy)?;
            }
            (OperationKind::Append { source, .. }, Some(_)) => {
                *source = original;
                journal::rewrite(tx, &copy)?;
            }
            (OperationKind::Copy { .. } | OperationKind::Append { .. }, None) => {
                verdicts::fail(tx, copy.id, why, Cause::Gone)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_kept(tx: &Tx<'_>, message: MessageKey) -> Result<bool, StoreError> {
    Ok(match messages::find(tx, message)? {
        Some(row) => contents::kept(tx, row.content)? == Kept::All,
        None => false,
    })
}
