//! Stores that are filled to be measured: a million messages that need nothing to be made.

use std::time::{Duration, Instant};

use lacebark::model::{Address, Envelope, Flags, MailboxKey};
use lacebark::store::accounts::{self, AccountKind};
use lacebark::store::mailboxes::{self, Epoch, Listed};
use lacebark::store::messages::{self, Arrived};
use lacebark::store::{Priority, Store};

/// The INBOX of an account that is made if it is not there.
pub fn inbox(store: &Store, account: &'static str) -> MailboxKey {
    store
        .write(Priority::Person, move |tx| {
            let account = accounts::ensure(tx, account, AccountKind::Imap)?;
            let line = Listed {
                name: "INBOX".into(),
                shown: "INBOX".into(),
                ..Listed::default()
            };
            mailboxes::record_list(tx, account, &[line])?;
            Ok(mailboxes::by_name(tx, account, "INBOX")?.unwrap().key)
        })
        .wait()
        .unwrap()
}

/// What differs from message to message without an order in it.
pub fn noise(uid: u32) -> u32 {
    uid.wrapping_mul(2_654_435_761) >> 8
}

/// A message of one of 500 people, a fifth of them unread, three minutes after the one before; `more`
/// says what its envelope has beside From and Date.
pub fn arrived(uid: u32, more: Envelope) -> Arrived {
    let noise = noise(uid);
    let at = 1_600_000_000 + i64::from(uid) * 180;
    Arrived {
        uid,
        flags: Flags::of(u8::from(!noise.is_multiple_of(5))),
        arrival: at,
        size: u64::from(noise % 90_000) + 2_000,
        envelope: Some(Envelope {
            date: more.date.or(Some(at)),
            from: vec![Address {
                name: format!("Person Number {}", noise % 500),
                address: format!("person{}@example.org", noise % 500),
            }],
            ..more
        }),
        ..Arrived::default()
    }
}

/// Stores messages as they come.
pub fn put(store: &Store, mailbox: MailboxKey, rows: Vec<Arrived>) {
    store
        .write(Priority::Bulk, move |tx| {
            messages::insert(tx, mailbox, Epoch(1), &rows)
        })
        .wait()
        .unwrap();
}

/// Stores messages newest first, as a pull does; `into` says where the thousand above a UID goes.
pub fn fill(
    store: &Store,
    messages: u32,
    into: impl Fn(u32) -> MailboxKey,
    arrived: fn(u32) -> Arrived,
) {
    let mut high = messages;
    while high > 0 {
        let low = high.saturating_sub(1_000);
        let rows = (low + 1..=high).rev().map(arrived).collect();
        put(store, into(low), rows);
        high = low;
    }
}

/// What some work gives, and how long it takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let out = work();
    (start.elapsed(), out)
}
