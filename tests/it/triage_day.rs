//! A day with the program: off line a person files, deletes, reorganises and takes back on the
//! screen, in an account of 10,000 messages that a second client works on; then the line is there
//! again and is cut every few seconds. Both sides end equal.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::compare::Stored;
use crate::harness::dress::{Dress, Dressed};
use crate::harness::generate::{Dice, Sizes, write_maildir};
use crate::harness::is_long;
use crate::harness::pty::Terminal;
use crate::harness::raw::{Listed, Raw};
use crate::triage_bed::{Ledger, census, letter};

const MESSAGES: usize = 10_000;
const DOWN: &str = "\u{1b}[B";
const SHORT: Duration = Duration::from_millis(20);

/// What the second client does meanwhile; it never takes the last of a letter but on purpose.
fn elsewhere(mut other: Raw, actions: usize) -> (Ledger, Raw) {
    let (mut dice, mut ledger) = (Dice::new(77), Ledger::default());
    let listing = other.listing("INBOX").unwrap();
    listing.iter().for_each(|one| ledger.born(&one.message_id));
    let mut live: Vec<Listed> = listing;
    other.select("INBOX");
    for number in 0..actions {
        // Half of it among the newest, where the person works too.
        let recent = live.len().saturating_sub(120);
        let at = match dice.chance(50) {
            true => recent + dice.below(live.len() - recent),
            false => dice.below(live.len()),
        };
        let (uid, id) = (live[at].uid, live[at].message_id.clone());
        match dice.below(10) {
            0..=4 => {
                let flag = ["\\Flagged", "\\Answered", "$Later"][dice.below(3)];
                other.ok(&format!("UID STORE {uid} +FLAGS ({flag})"));
            }
            5..=6 => {
                other.ok(&format!("UID MOVE {uid} Archive"));
                live.remove(at);
            }
            7 => {
                ledger.copied(&id);
                other.ok(&format!("UID COPY {uid} Junk"));
            }
            8 => {
                ledger.destroyed(&id);
                other.ok(&format!("UID STORE {uid} +FLAGS (\\Deleted)"));
                other.ok(&format!("UID EXPUNGE {uid}"));
                live.remove(at);
            }
            _ => {
                let id = format!("day{number}@example.org");
                other.append("INBOX", &letter(&id), &[], None);
                ledger.born(&id);
                other.select("INBOX");
            }
        }
    }
    (ledger, other)
}

/// Keys of a person who looks at what each of them did.
fn press(screen: &mut Terminal, keys: &[&str]) {
    for key in keys {
        screen.press(key);
        screen.settle(SHORT);
    }
}

fn save_to(screen: &mut Terminal, name: &str) {
    screen.press("s");
    screen.wait_text("to folder:");
    screen.press(name);
    screen.settle(SHORT);
    screen.press("\r");
    screen.wait_text(&format!("Moved 1 message to {name}"));
}

/// What the person does, key by key.
fn day(screen: &mut Terminal) {
    press(screen, &["d"; 20]);
    screen.wait_text("to Trash");
    press(screen, &["y"; 12]);
    screen.wait_text("to Archive");
    for _ in 0..8 {
        press(screen, &["*", DOWN, "k", DOWN]);
    }
    for _ in 0..6 {
        save_to(screen, "Trips");
        press(screen, &[DOWN]);
    }
    screen.press("l");
    screen.wait_text("FOLDERS");
    screen.press("+");
    screen.wait_text("Name of the new folder");
    press(screen, &["Plans", "\r"]);
    // In its row, not in what was typed or told.
    screen.wait("the new folder", Duration::from_secs(20), |screen| {
        let text = screen.contents();
        let rows: Vec<&str> = text.lines().take(20).collect();
        rows.iter().any(|row| row.contains("Plans"))
    });
    screen.press("i");
    screen.wait_text("Message ");
    for _ in 0..5 {
        save_to(screen, "Plans");
    }
    press(screen, &["u"; 3]);
    screen.wait_text("Took back");
    press(screen, &["d", "d", "d", "u"]);
}

/// How many operations of each kind wait.
fn kinds(stored: &Stored) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for one in &stored.waiting {
        let kind = one.split(' ').nth(1).unwrap();
        *found.entry(kind.to_owned()).or_default() += 1;
    }
    found
}

#[test]
fn a_day_off_line_beside_a_second_client_ends_equal_over_a_line_that_is_cut() {
    let Some(server) = Dressed::start(Dress::Full) else {
        return;
    };
    let inbox = server.dovecot.maildir("alice", "INBOX");
    let count = if is_long() { MESSAGES } else { MESSAGES / 4 };
    write_maildir(&inbox, server.dovecot.owner(), count, 41, Sizes::Small);
    let mut other = server.dovecot.client("alice");
    assert!(other.create("Trips"));
    let home = server.home_that_keeps("headers");
    home.run(&["sync", "work"]).exits(0);
    assert_eq!(Stored::read(&home.data()).shown_in("INBOX").len(), count);

    server.online(false);
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_text("INBOX");
    screen.wait_text("offline");
    let second = thread::spawn(move || elsewhere(other, 300));
    day(&mut screen);
    let (ledger, mut other) = second.join().unwrap();
    let waiting = kinds(&Stored::read(&home.data()));
    let at_least = |kind: &str, least: usize| {
        let here = waiting.get(kind).copied().unwrap_or(0);
        assert!(here >= least, "{kind}: {waiting:?}\n{}", screen.text());
    };
    at_least("move", 35);
    at_least("flag", 12);
    at_least("create", 1);
    // What was typed as Plans went nowhere else.
    let stored = Stored::read(&home.data());
    assert!(stored.shown_in("Trips").len() <= 6, "{:#?}", stored.waiting);
    assert!(
        !stored.shown_in("Plans").is_empty(),
        "{:#?}",
        stored.waiting
    );

    server.online(true);
    let start = Instant::now();
    let limit = Duration::from_secs(180);
    let mut cuts = 0;
    loop {
        // A person who sees the link go asks for it again.
        screen.press("\u{12}");
        screen.settle(Duration::from_millis(if cuts < 6 { 700 } else { 3_000 }));
        if cuts < 6 {
            server.proxy.cut_now();
            cuts += 1;
            continue;
        }
        let waiting = Stored::read(&home.data()).waiting;
        if waiting.iter().all(|one| one.contains(" failed ")) {
            break;
        }
        assert!(start.elapsed() < limit, "{waiting:#?}\n{}", screen.text());
    }
    screen.press("q");
    screen.exit_code(Duration::from_secs(20));

    // What the second client took first is shown as refused; the person lets it be.
    let refused = Stored::read(&home.data()).waiting;
    let gone = |one: &String| one.contains("another program") || one.contains("gone");
    assert!(refused.iter().all(gone), "{refused:#?}");
    if !refused.is_empty() {
        home.run(&["queue", "drop", "--all"]);
    }
    home.run(&["sync", "work"]).exits(0);
    let stored = Stored::read(&home.data());
    let mut found = stored.against(&mut other);
    found.extend(stored.unsettled(Dress::Full));
    found.extend(ledger.against(&census(&mut other)));
    assert!(found.is_empty(), "{found:#?}");
    assert!(stored.shown_in("Trips").len() + stored.shown_in("Plans").len() > 4);
}
