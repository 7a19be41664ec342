//! Undo: a new action from what was to what is, of the last fifty that can be taken back, over
//! restarts and after they reached the server.
//!
//! Only what the action changed is turned back: what another program did to the same messages since
//! then stays. Undoing is not itself undone, so that pressing `U` again goes further back.

use crate::model::journal::Placed;
use crate::model::{ActionId, DraftKey, FlagChange, MessageKey, OperationId};
use crate::store::undo::{Previous, PreviousMailbox};
use crate::store::{
    Pending, Priority, Refusal, Rows, Store, StoreError, Tx, accounts, journal, mailboxes, mutes,
    outgoing, saved, undo, verdicts,
};

use super::mailbox;
use super::triage::{Acting, SLICE, Undoable};

/// What an undo came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// The word of the action that was taken back: `move`, `delete`, `rename` …
    pub word: String,
    /// The actions that take it back at the server; none if it had not been sent.
    pub actions: Vec<ActionId>,
    /// Messages that are as they were.
    pub messages: Vec<MessageKey>,
    /// Messages that are no longer there to be turned back.
    pub gone: usize,
    /// Messages that stay where they are, because the mailbox that they were in is gone.
    pub stay: usize,
    /// Messages that are drafts again instead of in the outbox.
    pub drafts: Vec<DraftKey>,
    /// Names of mailboxes, and of searches that are kept, that are as they were.
    pub mailboxes: Vec<String>,
    /// What is muted again, or is no more.
    pub mutes: Vec<String>,
    /// Why a mailbox is not as it was. The action is given up: pressing `U` again goes further back.
    pub refused: Option<Refusal>,
}

/// The action that [`undo()`] would take back: its word, and how many messages it changed.
pub fn next(rows: &impl Rows) -> Result<Option<(String, usize)>, StoreError> {
    Ok(undo::latest(rows, usize::MAX)?.map(|latest| (latest.word, latest.messages.len())))
}

/// Takes the last action back, in one transaction.
pub fn undo(store: &Store) -> Pending<Undone> {
    store.write(Priority::Person, |tx| {
        step(tx, None, usize::MAX).map(|step| step.undone)
    })
}

/// As [`undo()`], but in transactions of [`SLICE`] messages, so that nobody else's key waits long.
/// Waits on this thread. What a cut leaves is still to be undone.
pub fn undo_in_slices(store: &Store) -> Result<Undone, StoreError> {
    let mut all = Undone::default();
    let mut action = None;
    loop {
        let step = store
            .write(Priority::Person, move |tx| step(tx, action, SLICE))
            .wait()?;
        all.word = step.undone.word;
        all.actions.extend(step.undone.actions);
        all.messages.extend(step.undone.messages);
        all.gone += step.undone.gone;
        all.stay += step.undone.stay;
        all.drafts.extend(step.undone.drafts);
        all.refused = step.undone.refused;
        all.mailboxes.extend(step.undone.mailboxes);
        all.mutes.extend(step.undone.mutes);
        action = step.left;
        if action.is_none() {
            return Ok(all);
        }
    }
}

struct Step {
    undone: Undone,
    /// The action, while not all of it is undone.
    left: Option<ActionId>,
}

/// Takes at most `most` messages of an action back: of the latest, or the one that was begun.
fn step(tx: &Tx<'_>, begun: Option<ActionId>, most: usize) -> Result<Step, StoreError> {
    let found = match begun {
        None => undo::latest(tx, most)?,
        Some(action) => undo::of_action(tx, action, most)?,
    };
    let Some(latest) = found else {
        return Err(Refusal::NothingToUndo.into());
    };
    let mut undone = Undone {
        word: latest.word.clone(),
        ..Undone::default()
    };
    let mut acting = Acting::undoing(tx);
    for previous in &latest.messages {
        match turn_back(&mut acting, previous)? {
            Turned::Back => undone.messages.push(previous.message),
            Turned::Gone => undone.gone += 1,
            Turned::Stays => undone.stay += 1,
        }
        undo::forget_message(tx, latest.action, previous.message)?;
    }
    for previous in latest.mutes.iter().filter(|_| !latest.more) {
        let mute = &previous.mute;
        match previous.ended {
            true => drop(mutes::restore(tx, mute)?),
            false => undone
                .messages
                .extend(super::mutes::end(&mut acting, mute.key)?),
        }
        undone.mutes.push(mute.called.clone());
    }
    undone.actions.extend(acting.outcome.action);
    if latest.more {
        return Ok(Step {
            undone,
            left: Some(latest.action),
        });
    }
    for previous in &latest.mailboxes {
        let action = journal::action(tx, "undo")?;
        undone.actions.push(action);
        match turn_mailbox_back(tx, previous, action) {
            Ok(name) => undone.mailboxes.extend(name),
            Err(StoreError::Refused(refusal)) => undone.refused = Some(refusal),
            Err(error) => return Err(error),
        }
    }
    match saved::turn_back(tx, latest.action) {
        Ok(names) => undone.mailboxes.extend(names),
        Err(StoreError::Refused(refusal)) => undone.refused = Some(refusal),
        Err(error) => return Err(error),
    }
    for id in latest.submitted {
        match unsend(tx, id) {
            Ok(draft) => undone.drafts.push(draft),
            Err(StoreError::Refused(refusal)) => undone.refused = Some(refusal),
            Err(error) => return Err(error),
        }
    }
    undo::forget(tx, latest.action)?;
    Ok(Step { undone, left: None })
}

/// Takes a message back from the outbox.
fn unsend(tx: &Tx<'_>, id: OperationId) -> Result<DraftKey, StoreError> {
    if outgoing::find(tx, id)?.is_none() {
        return Err(Refusal::NotUndoable {
            what: "sending".to_owned(),
            why: "the message is no longer in the outbox",
        }
        .into());
    }
    outgoing::take_back(tx, id, None)
}

/// What undoing did to one message.
enum Turned {
    Back,
    /// It is no longer there.
    Gone,
    /// Where it was is no longer there.
    Stays,
}

fn turn_back(acting: &mut Acting<'_>, previous: &Previous) -> Result<Turned, StoreError> {
    let Placed { mailbox, flags } = &previous.before;
    let after = &previous.after;
    let Some(shown) = acting.shown(previous.message)? else {
        return Ok(Turned::Gone);
    };
    let Some(mailbox) = *mailbox else {
        // The action made it.
        acting.expunge(&shown)?;
        return Ok(Turned::Back);
    };
    let change = FlagChange {
        add: flags.minus(&after.flags),
        remove: after.flags.minus(flags),
    };
    if !change.is_empty() {
        acting.flag(&shown, &change, Undoable::Yes)?;
    }
    if after.mailbox == Some(mailbox) {
        return Ok(Turned::Back);
    }
    match acting.mailbox(mailbox) {
        Ok(row) if row.name.is_some() => {}
        Ok(_) | Err(StoreError::Missing { .. }) => return Ok(Turned::Stays),
        Err(error) => return Err(error),
    }
    if let Some(shown) = acting.shown(previous.message)? {
        acting.relocate(&shown, mailbox)?;
    }
    Ok(Turned::Back)
}

fn turn_mailbox_back(
    tx: &Tx<'_>,
    previous: &PreviousMailbox,
    action: ActionId,
) -> Result<Option<String>, StoreError> {
    let Ok(row) = mailboxes::get(tx, previous.mailbox) else {
        return Err(not_undoable(previous, "the server has confirmed it"));
    };
    let account = accounts::get(tx, row.account)?;
    match (&previous.name, &previous.now_name) {
        (None, Some(name)) => {
            if row.total > 0 {
                return Err(not_undoable(previous, "the mailbox holds messages now"));
            }
            if row.name.is_some() {
                mailbox::remove_anywhere(tx, action, &account, &row)?;
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
