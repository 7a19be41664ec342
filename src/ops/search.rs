//! Searching, as both faces do it: the index brought up to the mail, and the rows of what was found.

use std::path::Path;

use crate::store::lists::{self, IndexRow};
use crate::store::search::{Hit, Indexer, Searcher, Step};
use crate::store::{Store, StoreError};

pub use crate::store::search::{Ask, Found, Place, Scope, Stop};

/// Brings the index up to the mail for as long as `go_on` wants to, which is told how many contents
/// are left. Another process that does so is not waited for. Answers how many are left.
pub fn catch_up(
    store: &Store,
    path: &Path,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<u64, StoreError> {
    let Some(mut indexer) = Indexer::begin(store, path)? else {
        return Searcher::open(store, path)?.unindexed();
    };
    loop {
        match indexer.step()? {
            Step::All => return Ok(0),
            Step::More(left) if !go_on(left) => return Ok(left),
            Step::More(_) => {}
        }
    }
}

/// Takes the index away, with every word of an account that was removed (SAFETY S7). It is made anew
/// from what is left.
pub fn forget(path: &Path) -> Result<(), StoreError> {
    crate::store::search::remove(path)
}

/// The rows of what was found, as lists show them; what is gone since is left out.
pub fn rows(searcher: &Searcher, hits: &[Hit]) -> Result<Vec<(Hit, IndexRow)>, StoreError> {
    let mut found = Vec::with_capacity(hits.len());
    for hit in hits {
        found.extend(lists::row(searcher.reader(), hit.message)?.map(|row| (*hit, row)));
    }
    Ok(found)
}
