//! Accounts: removing one with all that it left, and dropping old bodies.

use crate::model::{AccountKey, MailboxKey, Offline, OnServer, Role};
use crate::store::bodies;
use crate::store::{
    Pending, Priority, Rows, Store, StoreError, Tx, accounts, local, mailboxes, maildrop,
};

pub use crate::store::accounts::{Account, AccountKind};
pub use crate::store::maildrop::Counts;

/// All accounts that the store has rows of.
pub fn all(rows: &impl Rows) -> Result<Vec<Account>, StoreError> {
    accounts::all(rows)
}

/// The account with this configured id.
pub fn find(rows: &impl Rows, id: &str) -> Result<Option<Account>, StoreError> {
    accounts::find(rows, id)
}

/// The key of an account, its row made at first sight.
pub fn ensure(store: &Store, id: &str, kind: AccountKind) -> Pending<AccountKey> {
    let id = id.to_owned();
    store.write(Priority::Person, move |tx| accounts::ensure(tx, &id, kind))
}

/// Sees to it that an account whose mailboxes are on this machine has them before it is used first.
pub fn furnish(store: &Store, id: &str, kind: AccountKind) -> Result<(), StoreError> {
    if kind.is_remote() {
        return Ok(());
    }
    let is_there = store.glance(|reader| {
        Ok(match accounts::find(reader, id)? {
            Some(account) => mailboxes::by_role(reader, account.key, Role::Inbox)?.is_some(),
            None => false,
        })
    })?;
    if is_there {
        return Ok(());
    }
    let id = id.to_owned();
    let furnish = move |tx: &Tx<'_>| {
        let key = accounts::ensure(tx, &id, kind)?;
        local::furnish(tx, key)
    };
    store.write(Priority::Person, furnish).wait()
}

/// What was agreed to last about mail on the account's POP3 server, if anything was, and how much of
/// it is where.
pub fn on_server(
    rows: &impl Rows,
    key: AccountKey,
) -> Result<(Option<OnServer>, Counts), StoreError> {
    Ok((accounts::agreed(rows, key)?, maildrop::counts(rows, key)?))
}

/// A person agreed to what becomes of mail on the account's POP3 server.
pub fn agree(store: &Store, key: AccountKey, policy: OnServer) -> Pending<()> {
    store.write(Priority::Person, move |tx| accounts::agree(tx, key, policy))
}

/// Deletes every row of an account, and its bytes from the file (SAFETY S7). Slow with a large
/// store, and other processes should not hold it open. Waits on this thread.
pub fn remove(store: &Store, key: AccountKey) -> Result<(), StoreError> {
    store
        .write(Priority::Person, move |tx| accounts::remove(tx, key))
        .wait()?;
    store.compact().wait()
}

/// What a prune dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Messages whose bytes went; their envelopes stay.
    pub messages: usize,
}

/// Drops the bodies of one mailbox that its policy does not keep; never those of mail that no server
/// has. Waits on this thread, in short transactions.
pub fn prune(store: &Store, mailbox: MailboxKey, policy: Offline) -> Result<Pruned, StoreError> {
    let before = match policy {
        Offline::All => return Ok(Pruned::default()),
        Offline::Days(days) => store.now().saturating_sub(i64::from(days) * 86_400),
        Offline::Headers | Offline::None => i64::MAX,
    };
    let mut pruned = Pruned::default();
    loop {
        let dropped = store
            .write(Priority::Bulk, move |tx| {
                bodies::prune(tx, mailbox, before, 100)
            })
            .wait()?;
        pruned.messages += dropped;
        if dropped == 0 {
            break;
        }
    }
    if pruned.messages > 0 {
        store.trim()?;
    }
    Ok(pruned)
}

/// Drops the bodies of a whole account that one policy does not keep.
pub fn prune_all(
    store: &Store,
    account: AccountKey,
    policy: impl Fn(&str) -> Offline,
) -> Result<Pruned, StoreError> {
    let reader = store.reader()?;
    let mut pruned = Pruned::default();
    for mailbox in mailboxes::all(&reader, account)? {
        let name = mailbox.name.as_deref().unwrap_or_default();
        pruned.messages += prune(store, mailbox.key, policy(name))?.messages;
    }
    Ok(pruned)
}
