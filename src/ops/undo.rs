//! Undo: a new action from what was to what is, of the last fifty that can be taken back, over
//! restarts and after they reached the server.
//!
//! Only what the action changed is turned back: what another program did to the same messages since
//! then stays. Undoing is not itself undone, so that pressing `U` again goes further back.

use crate::model::journal::Placed;
use crate::model::{FlagChange, MessageKey};
use crate::store::undo::{Previous, PreviousMailbox};
use crate::store::{
    Pending, Priority, Refusal, Rows, Store, StoreError, Tx, accounts, journal, mailboxes, undo,
    verdicts,
};

use super::mailbox;
use super::triage::{Acting, Undoable};

/// What an undo came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// The word of the action that was taken back: `move`, `delete`, `rename` …
    pub word: String,
    /// Messages that are as they were.
    pub messages: Vec<MessageKey>,
    /// Messages that are no longer there to be turned back.
    pub gone: usize,
    /// Names of mailboxes that are as they were.
    pub mailboxes: Vec<String>,
}

/// The action that [`undo()`] would take back: its word, and how many messages it changed.
pub fn next(rows: &impl Rows) -> Result<Option<(String, usize)>, StoreError> {
    Ok(undo::latest(rows)?.map(|latest| (latest.word, latest.messages.len())))
}

/// Takes the last action back.
pub fn undo(store: &Store) -> Pending<Undone> {
    store.write(Priority::Person, |tx| {
        let Some(latest) = undo::latest(tx)? else {
            return Err(Refusal::NothingToUndo.into());
        };
        let mut undone = Undone {
            word: latest.word.clone(),
            ..Undone::default()
        };
        let mut acting = Acting::new(tx, "undo");
        for previous in &latest.messages {
            if turn_back(&mut acting, previous)? {
                undone.messages.push(previous.message);
            } else {
                undone.gone += 1;
            }
        }
        for previous in &latest.mailboxes {
            undone.mailboxes.extend(turn_mailbox_back(tx, previous)?);
        }
        // Neither the action nor its undoing is taken back again.
        undo::forget_since(tx, latest.action)?;
        Ok(undone)
    })
}

/// One message; false if there is nothing to turn back any more.
fn turn_back(acting: &mut Acting<'_>, previous: &Previous) -> Result<bool, StoreError> {
    let Placed { mailbox, flags } = &previous.before;
    let after = &previous.after;
    let Some(shown) = acting.shown(previous.message)? else {
        return Ok(false);
    };
    let Some(mailbox) = *mailbox else {
        // The action made it.
        acting.expunge(&shown)?;
        return Ok(true);
    };
    let change = FlagChange {
        add: flags.minus(&after.flags),
        remove: after.flags.minus(flags),
    };
    if !change.is_empty() {
        acting.flag(&shown, &change, Undoable::Yes)?;
    }
    if after.mailbox == Some(mailbox) {
        return Ok(true);
    }
    if acting
        .mailbox(mailbox)
        .map(|row| row.name.is_none())
        .unwrap_or(true)
    {
        return Err(Refusal::NotUndoable {
            what: "this".to_owned(),
            why: "the mailbox that the messages were in is gone",
        }
        .into());
    }
    if let Some(shown) = acting.shown(previous.message)? {
        acting.relocate(&shown, mailbox)?;
    }
    Ok(true)
}

fn turn_mailbox_back(
    tx: &Tx<'_>,
    previous: &PreviousMailbox,
) -> Result<Option<String>, StoreError> {
    let Ok(row) = mailboxes::get(tx, previous.mailbox) else {
        return Err(not_undoable(previous, "the server has confirmed it"));
    };
    let account = accounts::get(tx, row.account)?;
    let action = journal::action(tx, "undo")?;
    match (&previous.name, &previous.now_name) {
        (None, Some(name)) => {
            if row.total > 0 {
                return Err(not_undoable(previous, "the mailbox holds messages now"));
            }
            if row.name.is_some() {
                mailbox::remove_there(tx, action, &row)?;
            }
            Ok(Some(name.clone()))
        }
        (Some(name), None) => {
            let waiting = journal::of_mailbox(tx, row.key)?;
            let remove = waiting.iter().find(|one| {
                matches!(one.kind, crate::model::OperationKind::Remove { .. })
                    && !one.state.is_undecided()
            });
            let Some(remove) = remove else {
                return Err(not_undoable(previous, "the server has it already"));
            };
            verdicts::withdraw(tx, remove.id)?;
            Ok(Some(name.clone()))
        }
        (Some(name), Some(now)) => {
            if name != now {
                if mailboxes::by_name(tx, row.account, name)?.is_some() {
                    return Err(not_undoable(previous, "its old name is taken"));
                }
                mailbox::rename_to(tx, action, &account, &row, name)?;
            }
            if previous.subscribed != previous.now_subscribed {
                mailbox::subscribe_to(tx, action, &row, previous.subscribed)?;
            }
            Ok(Some(name.clone()))
        }
        (None, None) => Ok(None),
    }
}

fn not_undoable(previous: &PreviousMailbox, why: &'static str) -> StoreError {
    let name = previous.name.as_ref().or(previous.now_name.as_ref());
    let name = name.cloned().unwrap_or_default();
    let what = match (&previous.name, &previous.now_name) {
        (None, _) => format!("making \"{name}\""),
        (_, None) => format!("deleting \"{name}\""),
        _ => format!("the change of \"{name}\""),
    };
    Refusal::NotUndoable { what, why }.into()
}
