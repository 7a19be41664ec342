//! The search index when the program that writes it is killed at any write, finds the disk full, or
//! is not alone. Whatever happened, the next search finds exactly what is there.

use std::collections::BTreeSet;

use lacebark::env::SystemClock;
use lacebark::model::{Flags, MailboxKey, Role};
use lacebark::ops::import::{self, RawMessage};
use lacebark::store::Store;

use crate::harness::is_long;
use crate::harness::program::Home;
use crate::safety_load::{FULL, Failing, failing_below, shim};
use crate::safety_run::filled;

struct Bed {
    home: Home,
    store: Store,
    inbox: MailboxKey,
    /// Numbers of the messages that are there.
    there: BTreeSet<usize>,
    next: usize,
}

impl Bed {
    fn new() -> Bed {
        let home = filled(&[]);
        let path = home.data().join("mail.db");
        let store = Store::open(&path, std::sync::Arc::new(SystemClock::start())).unwrap();
        let inbox = import::mailbox(&store, "here", "INBOX", Some(Role::Inbox));
        let (_, inbox) = inbox.wait().unwrap();
        Bed {
            home,
            store,
            inbox,
            there: BTreeSet::new(),
            next: 0,
        }
    }

    /// New mail, whose words differ from those of all other.
    fn arrives(&mut self, count: usize) {
        let letter = |n: usize| RawMessage {
            bytes: format!("Subject: letter{n}\r\n\r\ncommon words of number{n}x\r\n").into_bytes(),
            flags: Flags::none(),
            arrival: Some(1_700_000_000 + i64::try_from(n).unwrap()),
        };
        let batch = (self.next..self.next + count).map(letter).collect();
        import::messages(&self.store, self.inbox, batch)
            .wait()
            .unwrap();
        self.there.extend(self.next..self.next + count);
        self.next += count;
    }

    /// The oldest is deleted for good.
    fn loses_one(&mut self) {
        let first = self.there.pop_first().unwrap();
        let found = self
            .home
            .run(&["search", "--json", &format!("number{first}x")]);
        let id = found.exits(0).json()["messages"][0]["id"].to_string();
        let gone = ["delete", &id, "--for-good", "--yes"];
        self.home.run(&gone).exits(0);
    }

    fn is_found(&self, what: &str) {
        let found = self
            .home
            .run(&["search", "--json", "common", "--limit", "9999"]);
        let found = found.exits(0).json();
        assert_eq!(found["unindexed"], 0, "{what}");
        let mut subjects = BTreeSet::new();
        for one in found["messages"].as_array().unwrap() {
            let subject = one["subject"].as_str().unwrap();
            let number = subject.strip_prefix("letter").unwrap().parse().unwrap();
            assert!(subjects.insert(number), "{what}: {subject} twice");
        }
        assert_eq!(subjects, self.there, "{what}");
        let last = self.next - 1;
        let one = format!("number{last}x");
        let one = self.home.run(&["search", "--json", &one]).exits(0).json();
        assert_eq!(one["messages"].as_array().unwrap().len(), 1, "{what}");
    }
}

/// A search that has mail to read, with that fate at each write in turn, from one that finds no index
/// to one that goes on with it.
fn swept(code: i32, step: usize) -> Option<usize> {
    let shim = shim()?;
    let mut bed = Bed::new();
    bed.arrives(30);
    let root = bed.home.path("");
    let mut rounds = 0;
    for at in (1..).step_by(step) {
        if rounds % 4 == 3 {
            bed.loses_one();
        }
        if rounds % 5 == 4 {
            std::fs::remove_file(bed.home.path("cache/search.db")).unwrap();
        }
        bed.arrives(3);
        let how = Failing { at, times: 0, code };
        let (_, tried) = failing_below(&bed.home, &root, shim, &["search", "common"], how);
        bed.is_found(&format!("{how:?}"));
        rounds += 1;
        if tried > 0 && tried < at {
            break;
        }
    }
    Some(rounds)
}

#[test]
fn a_kill_at_any_write_of_the_index_loses_no_word_and_doubles_none() {
    let step = 1;
    let Some(rounds) = swept(0, step) else {
        return;
    };
    println!("every {step}. write: {rounds} rounds");
    assert!(rounds * step > 20, "only {rounds} rounds");
}

#[test]
fn a_disk_that_is_full_from_any_write_on_leaves_an_index_that_goes_on() {
    let step = if is_long() { 1 } else { 2 };
    let Some(rounds) = swept(FULL, step) else {
        return;
    };
    println!("every {step}. write: {rounds} rounds");
    assert!(rounds * step > 20, "only {rounds} rounds");
}

#[test]
fn several_programs_that_search_at_once_share_one_index() {
    let mut bed = Bed::new();
    for round in 0..5 {
        bed.arrives(200);
        let searches: Vec<_> = (0..4)
            .map(|_| bed.home.spawn(&["search", "common", "--limit", "5"]))
            .collect();
        for mut child in searches {
            assert!(child.wait().unwrap().success(), "round {round}");
        }
        if round == 2 {
            std::fs::remove_file(bed.home.path("cache/search.db")).unwrap();
        }
        bed.is_found(&format!("round {round}"));
    }
}
