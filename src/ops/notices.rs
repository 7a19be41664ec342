//! What was told: the Log, and what waits for the user.

use crate::model::Notice;
use crate::store::{Pending, Priority, Rows, Store, StoreError, notices};

pub use crate::store::notices::Logged;

/// The latest notices, newest first.
pub fn log(rows: &impl Rows, limit: usize) -> Result<Vec<Logged>, StoreError> {
    notices::latest(rows, limit)
}

/// What waits for the user, oldest first.
pub fn attention(rows: &impl Rows) -> Result<Vec<Logged>, StoreError> {
    notices::attention(rows)
}

/// Tells something.
pub fn tell(store: &Store, notice: Notice) -> Pending<i64> {
    store.write(Priority::Bulk, move |tx| notices::add(tx, &notice))
}

/// The user has seen it.
pub fn dismiss(store: &Store, id: i64) -> Pending<()> {
    store.write(Priority::Person, move |tx| notices::dismiss(tx, id))
}

/// What a topic was about is over.
pub fn settle(store: &Store, account: &str, topic: &'static str) -> Pending<()> {
    let account = account.to_owned();
    store.write(Priority::Bulk, move |tx| {
        notices::settle(tx, &account, topic)
    })
}
