//! What a face asks of the owner of an account: fetch this, sync now, sign in.

use std::time::Duration;

use crate::model::{AccountKey, ContentKey, MailboxKey, MessageKey, PartPath, Query, RequestId};
use crate::store::requests::Asked;
use crate::store::{Pending, Priority, Rows, Store, StoreError, requests};

pub use crate::store::requests::{Progress, Request};

/// Asks for the bytes of a part; the empty path is the whole message.
pub fn fetch_body(
    store: &Store,
    account: AccountKey,
    content: ContentKey,
    path: &PartPath,
    patience: Duration,
) -> Pending<RequestId> {
    let section = path.to_string();
    ask(
        store,
        account,
        Asked::FetchBody { content, section },
        patience,
    )
}

/// Asks for a sync of the account, or of one of its mailboxes.
pub fn sync(
    store: &Store,
    account: AccountKey,
    mailbox: Option<MailboxKey>,
    patience: Duration,
) -> Pending<RequestId> {
    ask(store, account, Asked::Sync { mailbox }, patience)
}

/// Asks the server to search for what is not kept here.
pub fn search(
    store: &Store,
    account: AccountKey,
    mailbox: Option<MailboxKey>,
    query: &Query,
    patience: Duration,
) -> Pending<RequestId> {
    let query = query.to_string();
    ask(store, account, Asked::Search { mailbox, query }, patience)
}

/// Whether there is anything that [`search`] could find and a search on this machine could not.
pub fn is_worth_searching(
    rows: &impl Rows,
    account: AccountKey,
    mailbox: Option<MailboxKey>,
) -> Result<bool, StoreError> {
    requests::lacks_any(rows, account, mailbox)
}

/// A request; `None` when it was removed.
pub fn find(rows: &impl Rows, id: RequestId) -> Result<Option<Request>, StoreError> {
    requests::find(rows, id)
}

/// What a search has found on the server so far, newest first.
pub fn found(rows: &impl Rows, id: RequestId) -> Result<Vec<MessageKey>, StoreError> {
    requests::found(rows, id)
}

/// Asks for another try to sign in.
pub fn sign_in(store: &Store, account: AccountKey, patience: Duration) -> Pending<RequestId> {
    ask(store, account, Asked::SignIn, patience)
}

fn ask(store: &Store, account: AccountKey, asked: Asked, patience: Duration) -> Pending<RequestId> {
    let patience = i64::try_from(patience.as_secs()).unwrap_or(i64::MAX);
    store.write(Priority::Person, move |tx| {
        requests::ask(tx, account, &asked, tx.now().saturating_add(patience))
    })
}

/// Where a request stands; `None` when it was removed.
pub fn progress(rows: &impl Rows, id: RequestId) -> Result<Option<Progress>, StoreError> {
    Ok(requests::find(rows, id)?.map(|request| request.progress))
}

/// The asker has the answer, or waits no longer.
pub fn remove(store: &Store, id: RequestId) -> Pending<()> {
    store.write(Priority::Bulk, move |tx| requests::remove(tx, id))
}
