//! What is done with messages: move, copy, archive, delete, expunge, and taking it back.
//!
//! A message that is not there stops the whole command before anything changes. What is done is in
//! the store at once; `outcome` sends it.

use std::collections::BTreeSet;

use super::args::{Delete, IdArgument, Transfer};
use super::error::Failure;
use super::outcome::{self, Outcome};
use super::places::{self, Place};
use super::start::Start;
use super::{ids, json, list, output, prompt, refusal};
use crate::model::{AccountKey, MailboxKey, MessageKey, Role};
use crate::ops::triage::{self, Target, Wish};
use crate::ops::undo;
use crate::store::{Reader, Refusal, accounts, mailboxes, messages};

/// Whether the originals stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `move`.
    Move,
    /// `copy`.
    Copy,
}

/// `move` and `copy`.
pub fn transfer(start: &mut Start, arguments: &Transfer, way: Way) -> Result<(), Failure> {
    let Some(keys) = chosen(start, &arguments.ids)? else {
        return Ok(());
    };
    let target = target(start, &keys, &arguments.to)?;
    let (wish, word) = match way {
        Way::Move => (Wish::Move(target), "Moved"),
        Way::Copy => (Wish::Copy(target), "Copied"),
    };
    act_and_tell(start, &keys, &wish, |into| format!("{word} {into}."))
}

/// `archive`.
pub fn archive(start: &mut Start, arguments: &[IdArgument]) -> Result<(), Failure> {
    let Some(keys) = chosen(start, arguments)? else {
        return Ok(());
    };
    let wish = Wish::Move(Target::Role(Role::Archive));
    act_and_tell(start, &keys, &wish, |into| format!("Moved {into}."))
}

/// `delete`: into the trash, and what is there already for good.
pub fn delete(start: &mut Start, arguments: &Delete) -> Result<(), Failure> {
    let Some(keys) = chosen(start, &arguments.ids)? else {
        return Ok(());
    };
    let store = start.store()?;
    let reader = store.reader()?;
    let last = if arguments.for_good {
        keys.clone()
    } else {
        triage::in_trash(&reader, &keys)?
    };
    let trashed: BTreeSet<MessageKey> = last.iter().copied().collect();
    let first: Vec<MessageKey> = keys.into_iter().filter(|k| !trashed.contains(k)).collect();
    if !last.is_empty() {
        let where_from = if arguments.for_good {
            ""
        } else {
            " in the trash"
        };
        ask(arguments.yes, last.len(), where_from)?;
    }
    let mut outcome = Outcome::default();
    // What can be refused comes first: nothing is destroyed by a command that fails.
    let mut lines = Vec::new();
    if !first.is_empty() {
        let wish = Wish::Move(Target::Role(Role::Trash));
        let acted = triage::act_in_slices(&store, &first, &wish)?;
        outcome.add(&reader, wish.word(), acted)?;
        let into = label(start, &outcome.mailboxes);
        lines.push(format!("Moved {} to {into}.", count(first.len())));
    }
    if !last.is_empty() {
        let acted = triage::act_in_slices(&store, &last, &Wish::Expunge)?;
        outcome.add(&reader, Wish::Expunge.word(), acted)?;
        lines.push(format!("Deleted {} for good.", count(last.len())));
    }
    outcome.line = lines.join(" ");
    outcome::finish(start, outcome)
}

/// `expunge`.
pub fn expunge(start: &mut Start, mailbox: &str, yes: bool) -> Result<(), Failure> {
    let store = start.store()?;
    let reader = store.reader()?;
    let mailbox = list::find(&reader, &places::place(&start.settings, None, mailbox)?)?;
    let keys = triage::marked_deleted(&reader, mailbox.key)?;
    let mut outcome = Outcome::default();
    if keys.is_empty() {
        let name = mailbox.name.unwrap_or_default();
        outcome.line = format!("No message of {name} is marked as deleted.");
        return outcome::finish(start, outcome);
    }
    ask(yes, keys.len(), " marked as deleted")?;
    let acted = triage::act_in_slices(&store, &keys, &Wish::Expunge)?;
    outcome.line = format!("Deleted {} for good.", count(acted.changed.len()));
    outcome.add(&reader, Wish::Expunge.word(), acted)?;
    outcome::finish(start, outcome)
}

/// `undo`.
pub fn undo(start: &mut Start) -> Result<(), Failure> {
    let store = start.store()?;
    let undone = undo::undo_in_slices(&store)?;
    if let Some(refusal) = &undone.refused {
        return Err(refusal::failure(refusal).hint(BEFORE));
    }
    if undone.messages.is_empty() && undone.gone + undone.stay > 0 {
        let words = format!("Nothing of the last action ({}) comes back", undone.word);
        let cause = if undone.stay > 0 {
            "the mailbox that its messages were in is gone"
        } else {
            "its messages are no longer there"
        };
        return Err(Failure::new(words).cause(cause).hint(BEFORE));
    }
    let mut what: Vec<String> = undone
        .mailboxes
        .iter()
        .map(|m| format!("\"{m}\""))
        .collect();
    what.extend(undone.mutes.iter().map(|called| format!("\"{called}\"")));
    if !undone.messages.is_empty() {
        what.push(count(undone.messages.len()));
    }
    match undone.drafts.len() {
        0 => {}
        1 => what.push("1 draft".to_owned()),
        many => what.push(format!("{many} drafts")),
    }
    for (left, why) in [
        (undone.gone, "no longer there"),
        (undone.stay, "left where they are, as their mailbox is gone"),
    ] {
        if left > 0 {
            output::note(&format!("{}: {why}", count(left)));
        }
    }
    let actions = undone.actions.iter().map(|id| (*id, "undo".to_owned()));
    let outcome = Outcome {
        actions: actions.collect(),
        line: format!("Undone: {}, {}.", undone.word, what.join(", ")),
        messages: undone.messages,
        undone: Some(undone.word),
        ..Outcome::default()
    };
    outcome::finish(start, outcome)
}

const BEFORE: &str = "`lacebark undo` takes back the action before it.";

/// The messages that are meant. `None` if none are: standard input listed nothing, and there is
/// nothing to do.
pub fn chosen(
    start: &mut Start,
    arguments: &[IdArgument],
) -> Result<Option<Vec<MessageKey>>, Failure> {
    let named = ids::named(&start.store()?.reader()?, arguments)?;
    if let Some(failure) = ids::missing(&named.missing) {
        if start.out.json {
            let missing = named.missing.iter().map(|key| key.0).collect();
            start.out.object(&json::Acted {
                missing,
                ..json::Acted::default()
            })?;
        }
        return Err(failure.hint("Nothing was changed; `lacebark list` prints the IDs."));
    }
    if named.keys.is_empty() {
        outcome::finish(start, Outcome::default())?;
        return Ok(None);
    }
    Ok(Some(named.keys))
}

/// Does it, sends it and tells it; `told` makes a sentence of what went where.
pub fn act_and_tell(
    start: &mut Start,
    keys: &[MessageKey],
    wish: &Wish,
    told: impl Fn(&str) -> String,
) -> Result<(), Failure> {
    let store = start.store()?;
    let acted = triage::act_in_slices(&store, keys, wish)?;
    let mut outcome = Outcome::default();
    outcome.add(&store.reader()?, wish.word(), acted)?;
    outcome.line = if outcome.messages.is_empty() {
        "Nothing changed.".to_owned()
    } else {
        let into = label(start, &outcome.mailboxes);
        told(&format!("{} to {into}", count(outcome.messages.len())))
    };
    outcome::finish(start, outcome)
}

/// `1 message`, `2 messages`.
pub(super) fn count(messages: usize) -> String {
    match messages {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    }
}

/// Mailboxes for a person; the account is named where there are several.
fn label(start: &Start, mailboxes: &[json::NamedMailbox]) -> String {
    let names: Vec<String> = mailboxes
        .iter()
        .map(|mailbox| match start.settings.accounts.len() {
            0 | 1 => mailbox.name.clone(),
            _ => format!("{}:{}", mailbox.account, mailbox.name),
        })
        .collect();
    names.join(", ")
}

fn ask(yes: bool, messages: usize, which: &str) -> Result<(), Failure> {
    let what = format!("{}{which}", count(messages));
    prompt::agree(
        yes,
        &format!("Delete {what} for good? This cannot be undone."),
        &format!("Not deleting {what} for good without being asked"),
        "Nothing was deleted",
    )
}

/// The mailbox that `--to` names. Without an account in front it is one of the messages' own
/// account, because mail does not leave for another provider by an abbreviation.
fn target(start: &Start, keys: &[MessageKey], to: &str) -> Result<Target, Failure> {
    let reader = start.store()?.reader()?;
    if let Some((account, name)) = places::prefixed(&start.settings, to) {
        return found(
            &reader,
            &places::place(&start.settings, Some(&account.id), name)?,
        );
    }
    let mut owners = BTreeSet::new();
    for key in keys {
        owners.extend(owner(&reader, *key)?);
    }
    match (owners.len(), Role::parse(to)) {
        (0 | 1, _) => {
            let id = match owners.first() {
                Some(owner) => Some(accounts::get(&reader, *owner)?.id),
                None => None,
            };
            found(&reader, &places::place(&start.settings, id.as_deref(), to)?)
        }
        (_, Some(role)) => Ok(Target::Role(role)),
        (_, None) => Err(
            Failure::usage(format!("The messages are of {} accounts", owners.len())).hint(format!(
                "Name the account of the mailbox: --to ACCOUNT:{to}"
            )),
        ),
    }
}

fn found(reader: &Reader, place: &Place<'_>) -> Result<Target, Failure> {
    match (list::find(reader, place), place.role) {
        (Ok(mailbox), _) => Ok(Target::Mailbox(mailbox.key)),
        (Err(_), Some(role)) => Err(refusal::failure(&Refusal::NoRole {
            account: place.account.id.clone(),
            role: role.word(),
        })),
        (Err(failure), None) => Err(failure.hint(format!(
            "`lacebark mailbox create {}:{}` makes it.",
            place.account.id, place.name
        ))),
    }
}

/// The account in which a message is shown.
fn owner(reader: &Reader, key: MessageKey) -> Result<Option<AccountKey>, Failure> {
    let here: Option<MailboxKey> = messages::find(reader, key)?.and_then(|row| row.mailbox);
    match here {
        Some(here) => Ok(Some(mailboxes::get(reader, here)?.account)),
        None => Ok(None),
    }
}
