//! Raw messages into a mailbox that no server knows: the demo, and files that are opened.

use crate::mime::{envelope, structure};
use crate::model::{AccountKey, Flags, MailboxKey, MessageKey, Role};
use crate::store::accounts::AccountKind;
use crate::store::bodies::{self, BodyWriter};
use crate::store::messages::Arrived;
use crate::store::{Pending, Priority, Store, accounts, local, messages};

/// A message to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// The bytes, kept as they are.
    pub bytes: Vec<u8>,
    /// The flags that it starts with.
    pub flags: Flags,
    /// When it arrived, in seconds since 1970; else its Date field says.
    pub arrival: Option<i64>,
}

/// The mailbox of a local account, both made at first sight.
pub fn mailbox(
    store: &Store,
    account: &str,
    name: &str,
    role: Option<Role>,
) -> Pending<(AccountKey, MailboxKey)> {
    let (account, name) = (account.to_owned(), name.to_owned());
    store.write(Priority::Person, move |tx| {
        let account = accounts::ensure(tx, &account, AccountKind::Local)?;
        let mailbox = local::ensure(tx, account, &name, role)?;
        Ok((account, mailbox))
    })
}

/// Puts messages into a local mailbox, in one transaction; they are read on this thread. Answers
/// their keys in the order given.
pub fn messages(
    store: &Store,
    mailbox: MailboxKey,
    raw: Vec<RawMessage>,
) -> Pending<Vec<MessageKey>> {
    let now = store.now();
    let read: Vec<(Arrived, Vec<u8>)> = raw
        .into_iter()
        .map(|raw| (arrived(&raw, now), raw.bytes))
        .collect();
    store.write(Priority::Person, move |tx| {
        let mut keys = Vec::with_capacity(read.len());
        for (arrived, bytes) in &read {
            let (key, content) = messages::insert_local(tx, mailbox, arrived)?;
            bodies::store(tx, &BodyWriter::whole(content, "", bytes))?;
            keys.push(key);
        }
        Ok(keys)
    })
}

fn arrived(raw: &RawMessage, now: i64) -> Arrived {
    let envelope = envelope::of_message(&raw.bytes);
    let (tree, _) = structure::of_message(&raw.bytes);
    Arrived {
        flags: raw.flags.clone(),
        arrival: raw.arrival.or(envelope.date).unwrap_or(now),
        size: raw.bytes.len() as u64,
        envelope: Some(envelope),
        structure: Some(tree),
        ..Arrived::default()
    }
}
