//! Searches that are kept, for the screen: read with the folders, and changed.

use crate::model::AccountKey;
use crate::ops::saved::{self, Saved, Within};
use crate::store::{Reader, Store, StoreError, accounts};
use crate::tui::app::event::Ended;
use crate::tui::app::kept::{KeptChange, KeptSearch};
use crate::tui::app::search::Reach;

use super::triage::Under;

/// All of them, by name. One of an account that is not there is left out.
pub fn all(reader: &Reader) -> Result<Vec<KeptSearch>, StoreError> {
    let known = accounts::all(reader)?;
    let id = |key: AccountKey| {
        known
            .iter()
            .find(|one| one.key == key)
            .map(|one| one.id.clone())
    };
    let kept = |one: Saved| {
        let reach = match one.within {
            Within::All => Reach::All,
            Within::Account(key) => Reach::Account(id(key)?),
            Within::Mailbox(key) => Reach::Mailbox(key),
        };
        Some(KeptSearch {
            key: one.key,
            name: one.name,
            text: one.query,
            reach,
        })
    };
    Ok(saved::all(reader)?.into_iter().filter_map(kept).collect())
}

/// Changes them.
pub fn change(store: &Store, change: KeptChange) -> Under {
    match change {
        KeptChange::Keep { name, text, reach } => {
            let within = match within(store, &reach) {
                Ok(within) => within,
                Err(error) => return Box::new(move || failed(&error)),
            };
            let pending = saved::keep(store, name.clone(), text, within);
            let words = format!("Kept as \"{name}\": L shows it.  U undoes.");
            Box::new(move || ended(pending.wait().map(|_| words)))
        }
        KeptChange::Rename { key, to } => {
            let pending = saved::rename(store, key, to.clone());
            Box::new(move || {
                let words = |was| format!("The search {was} is {to} now.  U undoes.");
                ended(pending.wait().map(words))
            })
        }
        KeptChange::Remove(key) => {
            let pending = saved::remove(store, key);
            Box::new(move || {
                let words =
                    |was| format!("Deleted the search {was}; its messages stay.  U undoes.");
                ended(pending.wait().map(words))
            })
        }
    }
}

fn within(store: &Store, reach: &Reach) -> Result<Within, StoreError> {
    Ok(match reach {
        Reach::All => Within::All,
        Reach::Mailbox(key) => Within::Mailbox(*key),
        Reach::Account(id) => match accounts::find(&store.reader()?, id)? {
            Some(account) => Within::Account(account.key),
            None => Within::All,
        },
    })
}

fn ended(outcome: Result<String, StoreError>) -> Ended {
    outcome.map_or_else(|error| failed(&error), Ended::Done)
}

fn failed(error: &StoreError) -> Ended {
    Ended::Failed(format!("Not changed: {error}."))
}
