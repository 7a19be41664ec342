//! Muting a conversation or a list, and ending it. What a mute does is in [`crate::store::mutes`].

use crate::model::thread::base_subject;
use crate::model::{FlagChange, Flags, MessageKey};
use crate::store::mutes::{Mute, MuteKey, Topic};
use crate::store::{
    Pending, Priority, Rows, Store, StoreError, contents, lists, messages, mutes, threads,
};

use super::triage::{Acted, Acting, Undoable};

/// What of a message is to be muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its conversation.
    Thread,
    /// The list that it came over.
    List,
}

/// What muting came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Muted {
    /// It is muted now, under this name.
    Done(String),
    /// It was so before.
    Already(String),
    /// The message came over no list, or its envelope is not here.
    Nothing,
}

/// Mutes the conversation or the list of a message.
pub fn mute(store: &Store, key: MessageKey, kind: Kind) -> Pending<Muted> {
    store.write(Priority::Person, move |tx| {
        let Some((topic, called)) = topic(tx, key, kind)? else {
            return Ok(Muted::Nothing);
        };
        Ok(match mutes::add(tx, &topic, &called)? {
            true => Muted::Done(called),
            false => Muted::Already(called),
        })
    })
}

fn topic(
    rows: &impl Rows,
    key: MessageKey,
    kind: Kind,
) -> Result<Option<(Topic, String)>, StoreError> {
    let Some(message) = messages::find(rows, key)? else {
        return Ok(None);
    };
    match kind {
        Kind::Thread => {
            let Some(thread) = threads::of_message(rows, key)? else {
                return Ok(None);
            };
            let row = lists::row(rows, key)?;
            let subject = row.map(|row| base_subject(&row.subject).to_owned());
            let subject = subject.filter(|subject| !subject.is_empty());
            let called = subject.unwrap_or_else(|| "(no subject)".to_owned());
            Ok(Some((Topic::Thread(thread), called)))
        }
        Kind::List => {
            let list = contents::get(rows, message.content)?.envelope.list_id;
            let list = Some(list.trim().to_owned()).filter(|list| !list.is_empty());
            Ok(list.map(|list| (Topic::list(&list), list)))
        }
    }
}

/// Everything that is muted, the latest first.
pub fn all(rows: &impl Rows) -> Result<Vec<Mute>, StoreError> {
    mutes::all(rows)
}

/// What a message is muted for.
pub fn of_message(rows: &impl Rows, key: MessageKey) -> Result<Vec<Mute>, StoreError> {
    let mut topics = Vec::new();
    for kind in [Kind::Thread, Kind::List] {
        topics.extend(topic(rows, key, kind)?.map(|(topic, _)| topic));
    }
    let mut found = mutes::all(rows)?;
    found.retain(|mute| topics.contains(&mute.topic));
    Ok(found)
}

/// Ends a mute. What it filed and is still read in the same place comes back to where it arrived,
/// unread; that much can be undone.
pub fn unmute(store: &Store, key: MuteKey) -> Pending<Acted> {
    store.write(Priority::Person, move |tx| {
        let mut acting = Acting::new(tx, "unmute");
        let unread = FlagChange::remove(Flags::of(Flags::SEEN));
        for (message, came_into) in mutes::filed(tx, key)? {
            let is_there = acting
                .mailbox(came_into)
                .is_ok_and(|row| row.name.is_some());
            let Some(shown) = acting.shown(message)?.filter(|_| is_there) else {
                continue;
            };
            let role = acting.mailbox(shown.here)?.role;
            let untouched = shown.here == came_into || role == Some(crate::model::Role::Archive);
            if !untouched || !shown.message.flags.has(Flags::SEEN) {
                continue;
            }
            acting.flag(&shown, &unread, Undoable::Yes)?;
            if let Some(shown) = acting.shown(message)?.filter(|one| one.here != came_into) {
                acting.relocate(&shown, came_into)?;
            }
        }
        mutes::remove(tx, key)?;
        acting.end()
    })
}
