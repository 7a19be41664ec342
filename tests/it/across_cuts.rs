//! Moves and copies between a server and mailboxes of this machine, in every direction, with the link
//! ended at every command and the program killed: one copy, never none (SAFETY R9).

use std::collections::BTreeMap;
use std::sync::Arc;

use lacebark::env::SystemClock;
use lacebark::model::{AccountKind, Flags, MailboxKey, MessageKey, Role};
use lacebark::ops::import::{self, RawMessage};
use lacebark::ops::message::raw;
use lacebark::ops::triage::{Target, Wish, act};
use lacebark::store::{Priority, Reader, Store, accounts, contents, imports, local, mailboxes};
use lacebark::store::{journal, messages};

use crate::harness::dress::{Cut, Dress};
use crate::harness::is_long;
use crate::triage_bed::{Bed, census, letter};

const HERE: [(&str, AccountKind); 2] = [("here", AccountKind::Local), ("pop", AccountKind::Pop3)];

/// What is asked of a letter, and how often it is on the server and here in the end.
const WISHES: [(&str, &str, bool, (u32, u32)); 8] = [
    ("work", "here", true, (0, 1)),
    ("work", "pop", true, (0, 1)),
    ("work", "here", false, (1, 1)),
    ("here", "work", true, (1, 0)),
    ("pop", "work", true, (1, 0)),
    ("here", "work", false, (1, 1)),
    ("here", "pop", true, (0, 1)),
    ("pop", "here", false, (0, 2)),
];

fn furnish(store: &Store) {
    let furnish = |tx: &lacebark::store::Tx<'_>| {
        for (id, kind) in HERE {
            let key = accounts::ensure(tx, id, kind)?;
            local::furnish(tx, key)?;
        }
        Ok(())
    };
    store.write(Priority::Person, furnish).wait().unwrap();
}

fn inbox(reader: &Reader, account: &str) -> MailboxKey {
    let account = accounts::find(reader, account).unwrap().unwrap();
    let found = mailboxes::by_role(reader, account.key, Role::Inbox).unwrap();
    found.unwrap().key
}

fn id(number: usize, round: usize) -> String {
    format!("{number}.across{round}@example.org")
}

/// The letters of one round, each where it begins, and what is asked of them, off line.
fn wishes(bed: &Bed, round: usize) {
    let mut other = bed.other();
    for (number, (from, ..)) in WISHES.iter().enumerate() {
        let bytes = letter(&id(number, round));
        if *from == "work" {
            other.append("INBOX", &bytes, &[], None);
        } else {
            let given = RawMessage {
                bytes,
                flags: Flags::none(),
                arrival: Some(1_795_000_000),
            };
            let inbox = inbox(&bed.store.reader().unwrap(), from);
            import::messages(&bed.store, inbox, vec![given])
                .wait()
                .unwrap();
        }
    }
    bed.sync().unwrap();
    bed.server.online(false);
    let reader = bed.store.reader().unwrap();
    for (number, (from, to, moves, _)) in WISHES.iter().enumerate() {
        let found = shown(&reader, inbox(&reader, from), &id(number, round));
        let to = Target::Mailbox(inbox(&reader, to));
        let wish = if *moves {
            Wish::Move(to)
        } else {
            Wish::Copy(to)
        };
        act(&bed.store, found, wish).wait().unwrap();
    }
    bed.server.online(true);
}

fn shown(reader: &Reader, mailbox: MailboxKey, id: &str) -> Vec<MessageKey> {
    let mut found = imports::all(reader, mailbox).unwrap();
    found.retain(|key| {
        let content = messages::get(reader, *key).unwrap().content;
        contents::get(reader, content).unwrap().envelope.message_id == id
    });
    found
}

/// How often each letter lies here with all its bytes, shown; and whether its bytes are here at all.
fn here(store: &Store, round: usize) -> BTreeMap<usize, u32> {
    let reader = store.reader().unwrap();
    let count = |number: usize| {
        let mut whole = 0;
        for (account, _) in HERE {
            for key in shown(&reader, inbox(&reader, account), &id(number, round)) {
                let content = messages::get(&reader, key).unwrap().content;
                let bytes = raw(&reader, content).unwrap();
                whole += u32::from(bytes == Some(letter(&id(number, round))));
            }
        }
        (number, whole)
    };
    (0..WISHES.len()).map(count).collect()
}

/// Letters whose bytes are in the store, in whatever row.
fn kept(store: &Store, round: usize) -> Vec<usize> {
    let reader = store.reader().unwrap();
    let newest = imports::newest(&reader).unwrap();
    let mut found = Vec::new();
    for key in 1..=newest.0 {
        let Some(row) = messages::find(&reader, MessageKey(key)).unwrap() else {
            continue;
        };
        let content = contents::get(&reader, row.content).unwrap();
        for number in 0..WISHES.len() {
            let mine = content.envelope.message_id == id(number, round);
            if mine && raw(&reader, row.content).unwrap().is_some() {
                found.push(number);
            }
        }
    }
    found
}

fn on_server(bed: &Bed, round: usize) -> BTreeMap<usize, u32> {
    let all = census(&mut bed.other());
    let count = |number: usize| all.get(&id(number, round)).copied().unwrap_or(0);
    (0..WISHES.len())
        .map(|number| (number, count(number)))
        .collect()
}

fn cut_everywhere(dress: Dress) {
    let Some(bed) = Bed::new(dress) else {
        return;
    };
    bed.sync().unwrap();
    furnish(&bed.store);
    let (mut round, mut whole) = (0, 0);
    for how in [Cut::Before, Cut::After] {
        let step = if is_long() { 1 } else { 3 };
        for at in (1..).step_by(step) {
            round += 1;
            wishes(&bed, round);
            let cuts = bed.server.filter.cuts();
            bed.server.filter.forget();
            bed.server.filter.cut_at(at, how);
            let ended = bed.sync();
            let cut = bed.server.filter.cuts() > cuts;
            bed.server.filter.cut_at(usize::MAX, how);
            let what = format!("{dress:?}, cut {how:?} command {at}: {ended:?}");
            // Wherever it stopped, no letter is nowhere.
            let (there, kept) = (on_server(&bed, round), kept(&bed.store, round));
            for (number, count) in there {
                assert!(
                    count > 0 || kept.contains(&number),
                    "{what}: {number} is lost"
                );
            }
            let dropped = bed.settle().unwrap();
            assert!(dropped.is_empty(), "{what}: {dropped:#?}");
            let (there, here) = (on_server(&bed, round), here(&bed.store, round));
            for (number, (from, to, moves, expected)) in WISHES.iter().enumerate() {
                let found = (there[&number], here[&number]);
                assert_eq!(found, *expected, "{what}: {from} {to} {moves}");
            }
            if !cut {
                whole = at;
                break;
            }
        }
    }
    assert!(whole > 8, "only {whole} commands");
    let reader = bed.store.reader().unwrap();
    assert!(journal::all(&reader).unwrap().is_empty());
}

#[test]
fn r9_cut_at_every_command_a_letter_between_here_and_a_server_is_there_once() {
    cut_everywhere(Dress::Full);
}

#[test]
fn r9_cut_at_every_command_without_uidplus_no_letter_between_here_and_there_is_lost() {
    cut_everywhere(Dress::NoUidPlus);
}

#[test]
fn r9_r12_a_store_that_is_opened_again_between_the_steps_ends_the_same() {
    let Some(mut bed) = Bed::new(Dress::Full) else {
        return;
    };
    bed.sync().unwrap();
    furnish(&bed.store);
    wishes(&bed, 1);
    // What waits is known to the next process, and goes on there.
    let path = bed.paths.mail_db();
    bed.store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
    assert_eq!(bed.settle().unwrap(), [""; 0]);
    let (there, here) = (on_server(&bed, 1), here(&bed.store, 1));
    for (number, (.., expected)) in WISHES.iter().enumerate() {
        assert_eq!((there[&number], here[&number]), *expected);
    }
}
