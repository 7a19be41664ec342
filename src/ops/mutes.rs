//! Muting a conversation or a list, and ending it. What a mute does is in [`crate::store::mutes`].

use crate::model::thread::base_subject;
use crate::model::{ActionId, FlagChange, Flags, MessageKey, MuteKey, ThreadKey};
use crate::store::undo::PreviousMute;
use crate::store::{
    Pending, Priority, Rows, Store, StoreError, Tx, contents, journal, lists, messages, mutes,
    threads, undo,
};

use super::triage::{Acted, Acting, Undoable};

pub use crate::store::mutes::{Mute, Topic};

/// What of a message is to be muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its conversation.
    Thread,
    /// The list that it came over.
    List,
}

/// What muting came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Muted {
    /// The action; `None` when nothing was muted that was not so before.
    pub action: Option<ActionId>,
    /// What is muted now.
    pub done: Vec<Mute>,
    /// What was so before, by its name.
    pub already: Vec<String>,
    /// Messages that came over no list, or whose envelope is not here.
    pub nothing: usize,
}

/// Mutes the conversations or the lists of messages, as one action.
pub fn mute(store: &Store, keys: Vec<MessageKey>, kind: Kind) -> Pending<Muted> {
    store.write(Priority::Person, move |tx| {
        let mut muted = Muted::default();
        let mut topics: Vec<(Topic, String)> = Vec::new();
        for key in keys {
            match topic(tx, key, kind)? {
                None => muted.nothing += 1,
                Some(found) if topics.iter().any(|(one, _)| *one == found.0) => {}
                Some(found) => topics.push(found),
            }
        }
        put(tx, &mut muted, topics)?;
        Ok(muted)
    })
}

/// Mutes a list by its List-Id.
pub fn mute_list(store: &Store, id: &str) -> Pending<Muted> {
    let id = id.trim().to_owned();
    store.write(Priority::Person, move |tx| {
        let mut muted = Muted::default();
        put(tx, &mut muted, vec![(Topic::list(&id), id)])?;
        Ok(muted)
    })
}

/// Mutes a conversation by its number, as lists print it; `None` if there is none.
pub fn mute_thread(store: &Store, thread: ThreadKey) -> Pending<Option<Muted>> {
    store.write(Priority::Person, move |tx| {
        let Some(message) = threads::any_message(tx, thread)? else {
            return Ok(None);
        };
        let mut muted = Muted::default();
        let topics = topic(tx, message, Kind::Thread)?.into_iter().collect();
        put(tx, &mut muted, topics)?;
        Ok(Some(muted))
    })
}

fn put(tx: &Tx<'_>, muted: &mut Muted, topics: Vec<(Topic, String)>) -> Result<(), StoreError> {
    for (topic, called) in topics {
        let Some(mute) = mutes::add(tx, &topic, &called)? else {
            muted.already.push(called);
            continue;
        };
        let action = match muted.action {
            Some(action) => action,
            None => journal::action(tx, "mute")?,
        };
        muted.action = Some(action);
        let previous = PreviousMute {
            mute: mute.clone(),
            ended: false,
        };
        undo::remember_mute(tx, action, &previous)?;
        muted.done.push(mute);
    }
    if muted.action.is_some() {
        undo::prune(tx)?;
    }
    Ok(())
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

/// Ends mutes, as one action. What they filed and is still read in the same place comes back to where
/// it arrived, unread.
pub fn unmute(store: &Store, keys: Vec<MuteKey>) -> Pending<Acted> {
    store.write(Priority::Person, move |tx| {
        let mut acting = Acting::new(tx, "unmute");
        for mute in mutes::all(tx)? {
            if !keys.contains(&mute.key) {
                continue;
            }
            let action = acting.action()?;
            let key = mute.key;
            undo::remember_mute(tx, action, &PreviousMute { mute, ended: true })?;
            end(&mut acting, key)?;
        }
        acting.end()
    })
}

/// Ends a mute, and brings back what it filed; answers which messages those are.
pub(super) fn end(acting: &mut Acting<'_>, key: MuteKey) -> Result<Vec<MessageKey>, StoreError> {
    let unread = FlagChange::remove(Flags::of(Flags::SEEN));
    let mut back = Vec::new();
    for (message, came_into) in mutes::filed(acting.tx, key)? {
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
        back.push(message);
    }
    mutes::remove(acting.tx, key)?;
    Ok(back)
}
