//! Drafts, into the store and out of it, and their copies in the server's Drafts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::env::Env;
use crate::mime::write::WriteError;
use crate::model::{AccountKey, Draft, DraftKey, DraftSave, MessageKey, Recipient};
use crate::ops::{accounts, drafts, message};
use crate::store::accounts::AccountKind;
use crate::store::drafts::Kept;
use crate::store::{Reader, Store, StoreError};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::{Anchor, Saved};

use crate::tui::screen::compose::recipients::shown;

use super::sending;

/// The last save of each composer. Saves run one after the other, and each follows the one before,
/// also where the screen has not heard of that yet.
#[derive(Default)]
pub struct Saves(Mutex<BTreeMap<u64, DraftSave>>);

impl Saves {
    /// The save that the next one of a composer follows; `told` is what the screen knows.
    pub fn last(&self, composer: u64, told: Option<DraftSave>) -> Option<DraftSave> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&composer).copied().or(told)
    }

    fn note(&self, composer: u64, save: DraftSave) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(composer, save);
    }
}

/// Keeps a draft; called on the waiting thread. What it says is on the disk when it is said.
pub fn save(
    store: &Store,
    saves: &Saves,
    composer: u64,
    told: Option<DraftSave>,
    draft: Draft,
) -> Ended {
    let saved = (|| {
        let account = account_of(store, &draft.account)?;
        let last = saves.last(composer, told);
        drafts::save(store, account, last, draft).wait()
    })();
    match saved {
        Ok(save) => {
            saves.note(composer, save);
            Ended::Saved(save, store.now())
        }
        Err(error) => Ended::Failed(format!("{error}")),
    }
}

/// The account that a draft is written for; its row may not be there yet in the first moment of its
/// first run.
pub fn account_of(store: &Store, id: &str) -> Result<AccountKey, StoreError> {
    let reader = store.reader()?;
    match accounts::find(&reader, id)? {
        Some(account) => Ok(account.key),
        // A local account has a mailbox, and so a row, before anybody can write for it.
        None => accounts::ensure(store, id, AccountKind::Imap).wait(),
    }
}

/// Throws a draft away.
pub fn discard(store: &Store, seen: Option<DraftSave>) -> Ended {
    let Some(seen) = seen else {
        return Ended::Done(String::new());
    };
    match drafts::delete(store, seen).wait() {
        Ok(true) => Ended::Done(String::new()),
        Ok(false) => Ended::Done(
            "Another program saved this draft since: what it wrote there is kept.".to_owned(),
        ),
        Err(error) => Ended::Failed(format!("The draft is not discarded: {error}")),
    }
}

/// Puts a copy of a draft into the server's Drafts.
pub fn mirror(store: &Store, env: &Env, key: DraftKey) -> Ended {
    let failed = |error: &dyn std::fmt::Display| {
        Ended::Failed(format!("The copy in Drafts is not up to date: {error}."))
    };
    let given = match sending::given(store, env) {
        Ok(given) => given,
        Err(error) => return failed(&error),
    };
    let mirrored = (|| {
        let reader = store.reader()?;
        let Some(kept) = drafts::open(&reader, key)? else {
            return Ok(None);
        };
        let mut open = |place: usize| sending::opened(&reader, &kept.draft, place);
        drafts::mirror(store, key, &given, &mut open)?;
        Ok(replaced(store, key, kept.base)?)
    })();
    match mirrored {
        Ok(None) => Ended::Done(String::new()),
        Ok(Some(ended)) => ended,
        // A file that is gone, or a message that is on the server only: it is told at sending.
        Err(drafts::MirrorError::Write(why @ WriteError::Attachment { .. })) => {
            tracing::info!(%why, "a draft has no copy on the server");
            Ended::Done(String::new())
        }
        Err(error) => failed(&error),
    }
}

/// The row that took the place of a draft's earlier copy.
fn replaced(
    store: &Store,
    key: DraftKey,
    was: Option<MessageKey>,
) -> Result<Option<Ended>, StoreError> {
    let reader = store.reader()?;
    let now = drafts::open(&reader, key)?.and_then(|kept| kept.base);
    let (Some(was), Some(now)) = (was, now.filter(|now| Some(*now) != was)) else {
        return Ok(None);
    };
    let row = message::source(&reader, now)?.message;
    Ok(row.mailbox.map(|mailbox| Ended::Mirrored {
        was,
        mailbox,
        now: Anchor {
            arrival: row.arrival,
            key: now,
        },
    }))
}

/// Copies what an earlier run saved and did not copy.
pub fn mirror_rest(store: &Store, env: &Env) {
    let left = store
        .reader()
        .and_then(|reader| drafts::unmirrored(&reader));
    let left = match left {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(%error, "it is not known which drafts the server lacks");
            return;
        }
    };
    for kept in left {
        if let Ended::Failed(why) = mirror(store, env, kept.key) {
            tracing::warn!(why, "a draft has no copy on the server");
        }
    }
}

/// All drafts.
pub fn list(reader: &Reader) -> Result<Answer, StoreError> {
    let all = drafts::list(reader)?;
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
    let found = drafts::open(reader, key)?;
    Ok(Answer::Draft(
        found.map(|kept| (kept.at(), kept.saved, Box::new(kept.draft))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Bed;

    fn draft(text: &str) -> Draft {
        Draft {
            account: "work".to_owned(),
            text: text.to_owned(),
            ..Draft::default()
        }
    }

    #[test]
    fn r4_saves_follow_each_other_also_before_the_screen_hears_of_them() {
        let bed = Bed::new();
        let saves = Saves::default();
        let save = |composer: u64, told, text: &str| match save(
            &bed.store,
            &saves,
            composer,
            told,
            draft(text),
        ) {
            Ended::Saved(save, _) => save,
            other => panic!("{other:?}"),
        };
        let texts = || {
            let all = drafts::list(&bed.store.reader().unwrap()).unwrap();
            all.into_iter()
                .map(|kept| kept.draft.text)
                .collect::<Vec<_>>()
        };
        // Nobody has signed in to the account yet.
        let other = Draft {
            account: "new".to_owned(),
            ..draft("")
        };
        let fresh = super::save(&bed.store, &saves, 9, None, other);
        assert!(matches!(fresh, Ended::Saved(..)), "{fresh:?}");
        assert_eq!(
            discard(&bed.store, saves.last(9, None)),
            Ended::Done(String::new())
        );
        // The screen asked for the second one before the first one ended.
        let first = save(1, None, "one");
        let second = save(1, None, "two");
        assert_eq!((first.key, second.version), (second.key, 2));
        assert_eq!(texts(), ["two"]);
        // Another program goes on from what it read.
        let theirs = drafts::save(&bed.store, bed.account, Some(second), draft("theirs"));
        assert_eq!(theirs.wait().unwrap().key, second.key);
        let parted = save(1, Some(second), "three");
        assert_ne!(parted.key, second.key);
        assert_eq!(texts(), ["three", "theirs"]);
        // What is discarded is our own.
        let seen = saves.last(1, Some(second));
        assert_eq!(discard(&bed.store, seen), Ended::Done(String::new()));
        assert!(
            matches!(discard(&bed.store, Some(first)), Ended::Done(words) if !words.is_empty())
        );
        assert_eq!(texts(), ["theirs"]);
    }
}
