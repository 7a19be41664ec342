//! Drafts, into the store and out of it.

use crate::model::{AccountKey, Draft, DraftKey, Recipient};
use crate::ops::accounts;
use crate::store::drafts::{self, Kept};
use crate::store::{Priority, Reader, Store, StoreError};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::Saved;

use crate::tui::screen::compose::recipients::shown;

/// Keeps a draft; called on the waiting thread. What it says is on the disk when it is said.
pub fn save(store: &Store, key: Option<DraftKey>, draft: Draft) -> Ended {
    let saved = (|| {
        let account = account(store, &draft.account)?;
        let pending = store.write(Priority::Person, move |tx| {
            let known = match key {
                Some(key) => drafts::update(tx, key, account, &draft)?.then_some(key),
                None => None,
            };
            let key = match known {
                Some(key) => key,
                // It was sent or discarded elsewhere: what is on this screen is kept anew.
                None => drafts::insert(tx, account, &draft, None)?,
            };
            Ok((key, tx.now()))
        });
        pending.wait()
    })();
    match saved {
        Ok((key, at)) => Ended::Saved(key, at),
        Err(error) => Ended::Failed(format!("{error}")),
    }
}

fn account(store: &Store, id: &str) -> Result<AccountKey, StoreError> {
    let reader = store.reader()?;
    let found = accounts::find(&reader, id)?;
    found.map(|account| account.key).ok_or(StoreError::Missing {
        what: "account",
        key: 0,
    })
}

/// Throws a draft away.
pub fn discard(store: &Store, key: DraftKey) -> Ended {
    let pending = store.write(Priority::Person, move |tx| drafts::remove(tx, key));
    match pending.wait() {
        Ok(_) => Ended::Done(String::new()),
        Err(error) => Ended::Failed(format!("The draft is not discarded: {error}")),
    }
}

/// All drafts.
pub fn list(reader: &Reader) -> Result<Answer, StoreError> {
    let all = drafts::all(reader)?;
    Ok(Answer::Drafts(all.iter().map(saved).collect()))
}

fn saved(kept: &Kept) -> Saved {
    let to: &[Recipient] = &kept.draft.to;
    let name = kept.draft.subject.trim();
    Saved {
        key: kept.key,
        saved: kept.saved,
        to: to.first().map_or(String::new(), shown),
        name: match name {
            "" => "(no subject)".to_owned(),
            name => name.to_owned(),
        },
    }
}

/// One draft.
pub fn find(reader: &Reader, key: DraftKey) -> Result<Answer, StoreError> {
    let found = drafts::find(reader, key)?;
    Ok(Answer::Draft(
        found.map(|kept| (kept.key, kept.saved, Box::new(kept.draft))),
    ))
}
