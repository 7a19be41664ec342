//! Changes of the address book, and how they ended.

use crate::model::{Address, MessageKey};
use crate::ops::contacts::{self, Kept};
use crate::ops::message;
use crate::store::{Pending, Store, StoreError};
use crate::tui::app::book::{BookChange, BookEnd};
use crate::tui::app::event::Ended;

/// Puts a change into the writer's queue; the result waits for its commit.
pub(super) fn change(store: &Store, change: BookChange) -> Box<dyn FnOnce() -> Ended + Send> {
    match change {
        BookChange::Keep { key: None, contact } => {
            ending(contacts::add(store, *contact), BookEnd::Kept)
        }
        BookChange::Keep {
            key: Some(key),
            contact,
        } => ending(contacts::edit(store, key, *contact), move |()| {
            BookEnd::Kept(key)
        }),
        BookChange::Drop(key) => ending(contacts::remove(store, key), |gone| {
            BookEnd::Gone(Box::new(gone))
        }),
        BookChange::Take(who) => {
            let pending = contacts::take(store, who.clone());
            ending(pending, move |kept| match kept {
                Kept::New(key) => BookEnd::Taken {
                    key,
                    who,
                    known: false,
                },
                Kept::Known(key) => BookEnd::Taken {
                    key,
                    who,
                    known: true,
                },
            })
        }
        BookChange::TakeFrom(messages) => {
            let store = store.clone();
            Box::new(move || take_from(&store, &messages).unwrap_or_else(failed))
        }
    }
}

fn ending<T: Send + 'static>(
    pending: Pending<T>,
    end: impl FnOnce(T) -> BookEnd + Send + 'static,
) -> Box<dyn FnOnce() -> Ended + Send> {
    Box::new(move || match pending.wait() {
        Ok(done) => Ended::Book(end(done)),
        Err(error) => failed(error),
    })
}

fn failed(error: StoreError) -> Ended {
    Ended::Failed(match error {
        StoreError::Refused(why) => format!("Not kept: {why}."),
        error => format!("The address book was not changed: {error}"),
    })
}

/// The senders of all these messages, each once; those that are gone or have none are passed over.
fn take_from(store: &Store, messages: &[MessageKey]) -> Result<Ended, StoreError> {
    let reader = store.reader()?;
    let mut senders: Vec<Address> = Vec::new();
    for key in messages {
        let Ok(source) = message::source(&reader, *key) else {
            continue;
        };
        let sender = source.content.envelope.from.into_iter().next();
        let is_there = |one: &Address| senders.iter().any(|other| other.address == one.address);
        senders.extend(sender.filter(|one| one.address.contains('@') && !is_there(one)));
    }
    drop(reader);
    let (mut new, mut known) = (0, 0);
    for who in senders {
        match contacts::take(store, who).wait() {
            Ok(Kept::New(_)) => new += 1,
            Ok(Kept::Known(_)) => known += 1,
            // One that cannot be written to is no reason to leave the others.
            Err(StoreError::Refused(why)) => tracing::debug!(%why, "an address is not taken"),
            Err(error) => return Err(error),
        }
    }
    Ok(match (new, known) {
        (0, 0) => Ended::Failed("None of them has a sender with an address.".to_owned()),
        (new, known) => Ended::Book(BookEnd::ManyTaken { new, known }),
    })
}
