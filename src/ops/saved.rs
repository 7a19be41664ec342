//! What a person does with searches that are kept: keep one, give it another name, delete it; each can
//! be undone.

use crate::model::{ActionId, SearchKey};
use crate::store::{Pending, Priority, Store, StoreError, Tx, journal, saved, undo};

pub use crate::store::saved::{Saved, Within, all};

/// Keeps a search under a name.
pub fn keep(store: &Store, name: String, query: String, within: Within) -> Pending<SearchKey> {
    change(store, "keep-search", move |tx, action| {
        saved::keep(tx, action, &name, &query, within)
    })
}

/// Gives a search another name.
pub fn rename(store: &Store, key: SearchKey, to: String) -> Pending<String> {
    change(store, "rename-search", move |tx, action| {
        saved::rename(tx, action, key, Some(&to))
    })
}

/// Deletes a search; no message is touched. Answers the name that it had.
pub fn remove(store: &Store, key: SearchKey) -> Pending<String> {
    change(store, "delete-search", move |tx, action| {
        saved::rename(tx, action, key, None)
    })
}

fn change<T: Send + 'static>(
    store: &Store,
    word: &'static str,
    work: impl FnOnce(&Tx<'_>, ActionId) -> Result<T, StoreError> + Send + 'static,
) -> Pending<T> {
    store.write(Priority::Person, move |tx| {
        let action = journal::action(tx, word)?;
        let done = work(tx, action)?;
        undo::prune(tx)?;
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::undo::undo;
    use crate::store::tests::Bed;

    fn names(bed: &Bed) -> Vec<String> {
        let reader = bed.store.reader().unwrap();
        let all = all(&reader).unwrap();
        all.into_iter().map(|one| one.name).collect()
    }

    fn kept(bed: &Bed, name: &str) -> SearchKey {
        let (name, query) = (name.to_owned(), "contract".to_owned());
        let pending = keep(&bed.store, name, query, Within::All);
        pending.wait().unwrap()
    }

    #[test]
    fn each_change_of_a_kept_search_is_undone_the_latest_first() {
        let bed = Bed::new();
        let key = kept(&bed, "Contracts");
        kept(&bed, "Bills");
        rename(&bed.store, key, "Deals".to_owned()).wait().unwrap();
        assert_eq!(names(&bed), ["Bills", "Deals"]);
        remove(&bed.store, key).wait().unwrap();
        assert_eq!(names(&bed), ["Bills"]);
        // A search knows its last change alone: what was before that is not undone.
        let undone = undo(&bed.store).wait().unwrap();
        assert_eq!(
            (undone.word.as_str(), names(&bed)),
            ("delete-search", vec!["Bills".into(), "Deals".into()])
        );
        assert_eq!(undone.mailboxes, ["Deals"]);
        let undone = undo(&bed.store).wait().unwrap();
        assert_eq!(
            (undone.word.as_str(), names(&bed)),
            ("keep-search", vec!["Deals".to_owned()])
        );
        assert!(undo(&bed.store).wait().is_err());
    }

    #[test]
    fn a_name_is_given_once_and_what_is_gone_is_not_renamed() {
        let bed = Bed::new();
        let key = kept(&bed, "Contracts");
        let again = keep(&bed.store, "Contracts".into(), "x".into(), Within::All);
        let why = again.wait().unwrap_err().to_string();
        assert!(why.contains("already"), "{why}");
        remove(&bed.store, key).wait().unwrap();
        assert!(rename(&bed.store, key, "Deals".into()).wait().is_err());
        // Its name is free again, so that it does not come back under it.
        kept(&bed, "Contracts");
        undo(&bed.store).wait().unwrap();
        undo(&bed.store).wait().unwrap();
        assert_eq!(names(&bed), ["Contracts"]);
    }
}
