//! `flag` and `unflag`: written to the journal first, sent at once where that is possible.

use std::collections::BTreeSet;

use super::args::FlagArgs;
use super::error::Failure;
use super::online;
use super::start::Start;
use super::{json, queue};
use crate::model::{FlagChange, MessageKey};
use crate::ops::flags::{self, Undoable};
use crate::store::{Reader, accounts, contents, messages};

/// Whether a flag is set or cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Set it.
    Set,
    /// Clear it.
    Clear,
}

/// `flag` and `unflag`. A message that is not there stops the whole command before anything
/// changes.
pub fn change(start: &mut Start, arguments: &FlagArgs, wish: Wish) -> Result<(), Failure> {
    let store = start.store()?;
    let reader = store.reader()?;
    let keys: Vec<MessageKey> = arguments.ids.iter().map(|id| id.0).collect();
    let ids = accounts_of(&reader, &keys)?;
    let flags = arguments.flag.0.clone();
    let change = match wish {
        Wish::Set => FlagChange::add(flags),
        Wish::Clear => FlagChange::remove(flags),
    };
    flags::change(&store, keys.clone(), change, Undoable::Yes).wait()?;
    let pushed = push(start, &ids);
    if start.out.json {
        let operations = queue::groups(&reader, |group| {
            group.messages.iter().any(|key| keys.contains(key))
        })?;
        start.out.object(&json::Operations { operations })?;
    }
    pushed?;
    queue::refuse_failed(&reader, &keys)
}

/// The accounts that have operations to send for these messages.
fn accounts_of(reader: &Reader, keys: &[MessageKey]) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    for key in keys {
        let Some(message) = messages::find(reader, *key)?.filter(|m| m.mailbox.is_some()) else {
            return Err(Failure::new(format!("There is no message {key}"))
                .hint("Nothing was changed; `lacebark list` prints the IDs."));
        };
        if message.base.is_some() {
            let account = contents::get(reader, message.content)?.account;
            ids.insert(accounts::get(reader, account)?.id);
        }
    }
    Ok(ids)
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
