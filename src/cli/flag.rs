//! `flag` and `unflag`: written to the journal first, sent at once where that is possible.

use super::args::FlagArgs;
use super::error::Failure;
use super::start::Start;
use super::triage;
use crate::model::FlagChange;
use crate::ops::triage::{Undoable, Wish};

/// Whether a flag is set or cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Set it.
    Set,
    /// Clear it.
    Clear,
}

/// `flag` and `unflag`.
pub fn change(start: &mut Start, arguments: &FlagArgs, value: Value) -> Result<(), Failure> {
    let Some(keys) = triage::chosen(start, &arguments.ids)? else {
        return Ok(());
    };
    let flags = arguments.flag.0.clone();
    let change = match value {
        Value::Set => FlagChange::add(flags),
        Value::Clear => FlagChange::remove(flags),
    };
    let wish = Wish::Flags(change, Undoable::Yes);
    triage::act_and_tell(start, &keys, &wish, |_| String::new())
}
