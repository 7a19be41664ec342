//! What is done with mailboxes: create, rename, delete, subscribe.

use super::error::Failure;
use super::json::NamedMailbox;
use super::outcome::{self, Outcome};
use super::places::{self, Place};
use super::start::Start;
use super::{list, prompt};
use crate::config::AccountSettings;
use crate::model::{AccountKey, Role};
use crate::ops::accounts::{self, AccountKind};
use crate::ops::mailbox::{self, Changed};

/// `mailbox create`.
pub fn create(start: &mut Start, name: &str, role: Option<Role>) -> Result<(), Failure> {
    let place = places::place(&start.settings, None, name)?;
    let (id, name) = (place.account.id.clone(), place.name);
    let key = account(start, place.account)?;
    let store = start.store()?;
    let changed = mailbox::create(&store, key, &name, role).wait()?;
    // The server's own prefix may have been put in front.
    let made = outcome::mailbox_name(&store.reader()?, changed.mailbox)?;
    let made = made.unwrap_or(NamedMailbox { account: id, name });
    finish(start, changed, "create", "Created", made)
}

/// `mailbox rename`.
pub fn rename(start: &mut Start, from: &str, to: &str) -> Result<(), Failure> {
    let place = places::place(&start.settings, None, from)?;
    let to = match places::prefixed(&start.settings, to) {
        Some((account, name)) if account.id == place.account.id => name,
        Some((account, _)) => {
            return Err(Failure::usage(format!(
                "A mailbox of {} cannot become one of {}",
                place.account.id, account.id
            ))
            .hint("Create one there and move the messages."));
        }
        None => to,
    };
    let store = start.store()?;
    let reader = store.reader()?;
    let mailbox = list::find(&reader, &place)?;
    let changed = mailbox::rename(&store, mailbox.key, to).wait()?;
    let renamed = outcome::mailbox_name(&reader, changed.mailbox)?;
    let renamed = renamed.unwrap_or(named(&place, to));
    let old = mailbox.name.unwrap_or_default();
    finish(
        start,
        changed,
        "rename",
        &format!("Renamed \"{old}\" to"),
        renamed,
    )
}

/// `mailbox delete`.
pub fn delete(start: &mut Start, name: &str, yes: bool) -> Result<(), Failure> {
    let place = places::place(&start.settings, None, name)?;
    let store = start.store()?;
    let mailbox = list::find(&store.reader()?, &place)?;
    let there = mailbox.status.messages.map_or(0, u64::from);
    let deleted = named(&place, &mailbox.name.unwrap_or_default());
    let (account, name) = (&deleted.account, &deleted.name);
    prompt::agree(
        yes,
        &format!(
            "Delete the mailbox \"{name}\" of {account} and its messages ({})? This cannot be \
             undone once it is done.",
            mailbox.total.max(there)
        ),
        &format!("Not deleting the mailbox \"{name}\" without being asked"),
        &format!("The mailbox \"{name}\" stays"),
    )?;
    let changed = mailbox::remove(&store, mailbox.key).wait()?;
    finish(start, changed, "remove", "Deleted", deleted)
}

/// `mailbox subscribe` and `mailbox unsubscribe`.
pub fn subscribe(start: &mut Start, name: &str, subscribed: bool) -> Result<(), Failure> {
    let place = places::place(&start.settings, None, name)?;
    let store = start.store()?;
    let mailbox = list::find(&store.reader()?, &place)?;
    let changed = named(&place, &mailbox.name.unwrap_or_default());
    if mailbox.subscribed == subscribed {
        let outcome = Outcome {
            line: "Nothing changed.".to_owned(),
            ..Outcome::default()
        };
        return outcome::finish(start, outcome);
    }
    let (word, told) = if subscribed {
        ("subscribe", "Subscribed")
    } else {
        ("unsubscribe", "Unsubscribed")
    };
    let done = mailbox::subscribe(&store, mailbox.key, subscribed).wait()?;
    finish(start, done, word, told, changed)
}

fn named(place: &Place<'_>, name: &str) -> NamedMailbox {
    NamedMailbox {
        account: place.account.id.clone(),
        name: name.to_owned(),
    }
}

fn finish(
    start: &mut Start,
    changed: Changed,
    word: &str,
    told: &str,
    mailbox: NamedMailbox,
) -> Result<(), Failure> {
    let outcome = Outcome {
        actions: vec![(changed.action, word.to_owned())],
        line: format!("{told} \"{}\" of {}.", mailbox.name, mailbox.account),
        mailboxes: vec![mailbox],
        ..Outcome::default()
    };
    outcome::finish(start, outcome)
}

/// The account's row. Mail on this machine alone starts with its first mailbox; what a server has is
/// known only after it was asked.
fn account(start: &Start, settings: &AccountSettings) -> Result<AccountKey, Failure> {
    let store = start.store()?;
    if let Some(row) = accounts::find(&store.reader()?, &settings.id)? {
        return Ok(row.key);
    }
    match settings.stored_kind() {
        kind @ (AccountKind::Local | AccountKind::Pop3) => {
            Ok(accounts::ensure(&store, &settings.id, kind).wait()?)
        }
        AccountKind::Imap => Err(Failure::new(format!(
            "The mailboxes of {} are not known yet",
            settings.id
        ))
        .hint(format!("`lacebark sync {}` asks its server.", settings.id))),
    }
}
