//! Flags: shown at once, journalled with their undo rows, sent when a connection is there.

use crate::model::{FlagChange, MessageKey};
use crate::store::{Pending, Store};

use super::triage::{Acted, Wish, act};

pub use super::triage::Undoable;

/// Changes the flags of any number of messages: one transaction {effective, journal, undo}. Queued
/// changes of the same message become one; one that takes a queued one back cancels it. A keyword
/// that a mailbox does not keep (PERMANENTFLAGS) refuses the whole action.
pub fn change(
    store: &Store,
    keys: Vec<MessageKey>,
    change: FlagChange,
    undoable: Undoable,
) -> Pending<Acted> {
    act(store, keys, Wish::Flags(change, undoable))
}
