//! A bed for tests of the room, and tests that span its modules.

use std::sync::Arc;

use crate::model::{AccountKey, Address, Envelope, Flags, MailboxKey};
use crate::protocol::{Clock, Time};

use super::accounts::AccountKind;
use super::mailboxes::{Listed, Selected};
use super::messages::Arrived;
use super::{Priority, Store, accounts, mailboxes};

/// A clock that stands.
pub(crate) struct Still(pub i64);

impl Clock for Still {
    fn monotonic(&self) -> Time {
        Time::default()
    }
    fn boot(&self) -> Time {
        Time::default()
    }
    fn wall(&self) -> i64 {
        self.0
    }
}

/// A store in a folder of its own, with one account and an INBOX.
pub(crate) struct Bed {
    pub store: Store,
    pub account: AccountKey,
    pub inbox: MailboxKey,
    pub folder: tempfile::TempDir,
}

pub(crate) const NOW: i64 = 1_795_000_000;

impl Bed {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (account, inbox) = store
            .write(Priority::Person, |tx| {
                let account = accounts::ensure(tx, "work", AccountKind::Imap)?;
                let made = mailboxes::record_list(tx, account, &[line("INBOX")])?;
                Ok((account, made.new[0]))
            })
            .wait()
            .unwrap();
        Self {
            store,
            account,
            inbox,
            folder,
        }
    }
}

pub(crate) fn open(folder: &std::path::Path) -> Store {
    Store::open(&folder.join("mail.db"), Arc::new(Still(NOW))).unwrap()
}

/// Does to the file what no function does: triggers that refuse, rows that lie.
pub(crate) fn damage(store: &Store, sql: &str) {
    let other = rusqlite::Connection::open(store.path()).unwrap();
    other.execute_batch(sql).unwrap();
}

/// Overwrites the list of messages in a file that nobody has open, as a failing disk does.
fn deface(path: &std::path::Path) {
    let sql = rusqlite::Connection::open(path).unwrap();
    let index = "SELECT rootpage FROM sqlite_schema WHERE name = 'message_list'";
    let page: i64 = sql.query_row(index, [], |row| row.get(0)).unwrap();
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(sql);
    let mut bytes = std::fs::read(path).unwrap();
    let at = usize::try_from((page - 1) * 4096).unwrap();
    bytes[at..at + 4096].fill(0x55);
    std::fs::write(path, bytes).unwrap();
}

pub(crate) fn line(name: &str) -> Listed {
    Listed {
        name: name.into(),
        shown: name.into(),
        delimiter: Some('/'),
        ..Listed::default()
    }
}

pub(crate) fn selected(uidvalidity: u64) -> Selected {
    Selected {
        uidvalidity: Some(crate::model::UidValidity(uidvalidity)),
        ..Selected::default()
    }
}

/// A message with this UID whose Message-ID is `id`.
pub(crate) fn arrived(uid: u32, id: &str) -> Arrived {
    Arrived {
        uid,
        flags: Flags::none(),
        arrival: NOW - 100_000 + i64::from(uid) * 10,
        size: 1000,
        envelope: Some(Envelope {
            subject: format!("About {id}"),
            message_id: id.into(),
            from: vec![Address {
                name: "Zoë Müller".into(),
                address: "zoe@example.org".into(),
            }],
            ..Envelope::default()
        }),
        ..Arrived::default()
    }
}

mod alone;
mod bytes;
mod files;
mod kill;
mod maildrop;
mod mutes;
mod roles;
mod rows;
mod schema;
mod shared;
pub(crate) mod threads;
