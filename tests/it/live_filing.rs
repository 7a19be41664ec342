//! Filing off line, then on line, against Dovecot in its three dresses, over a link that is cut.

use std::collections::BTreeMap;

use crate::harness::compare::Stored;
use crate::harness::dress::{Cut, Dress, Dressed};
use crate::harness::program::Home;

fn letter(name: &str) -> Vec<u8> {
    let body = "A line of some length, so that sizes differ.\r\n".repeat(name.len());
    format!("Message-ID: <{name}@example.org>\r\nSubject: {name}\r\n\r\n{body}").into_bytes()
}

/// The key of the message that the user sees with this Message-ID in a mailbox.
fn key(home: &Home, mailbox: &str, name: &str) -> String {
    let stored = Stored::read(&home.data());
    let id = format!("{name}@example.org");
    let shown = stored.shown_in(mailbox);
    let found = shown.iter().find(|m| m.message_id == id);
    found
        .unwrap_or_else(|| panic!("{name} is not in {mailbox}"))
        .key
        .to_string()
}

/// How often each message is on the server, marked ones left out, by mailbox.
fn there(server: &Dressed) -> BTreeMap<String, Vec<String>> {
    let mut client = server.dovecot.client("alice");
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in client.mailboxes() {
        for one in client.listing(&name).unwrap_or_default() {
            if !one.flags.iter().any(|flag| flag == "\\Deleted") {
                let id = one.message_id.replace("@example.org", "");
                all.entry(name.clone()).or_default().push(id);
            }
        }
    }
    all.values_mut().for_each(|ids| ids.sort());
    all
}

fn assert_equal(server: &Dressed, home: &Home, what: &str) {
    let stored = Stored::read(&home.data());
    let mut client = server.dovecot.client("alice");
    assert_eq!(stored.against(&mut client), [""; 0], "{what}");
    assert_eq!(stored.unsettled(server.dress), [""; 0], "{what}");
    assert!(server.filter.tried().is_empty(), "{what}");
    for line in server.filter.heard() {
        let verb = line.split(' ').next().unwrap_or_default();
        assert!(verb != "EXPUNGE" && verb != "CLOSE", "{what}: {line}");
    }
}

/// One round of filing with messages of its own; the link is cut at the `count`th command.
fn round(server: &Dressed, home: &Home, at: usize, cut: Option<Cut>) {
    let name = |n: usize| {
        format!(
            "r{at}{}m{n}",
            if cut == Some(Cut::After) { "a" } else { "" }
        )
    };
    for n in 1..=5 {
        let text = letter(&name(n));
        server.dovecot.deliver("alice", "INBOX", &text, &[], None);
    }
    home.run(&["sync", "work"]).exits(0);
    server.online(false);
    let inbox = |n| key(home, "INBOX", &name(n));
    home.run(&["flag", &inbox(1)]).exits(3);
    home.run(&["move", "--to", "Archive", &inbox(1), &inbox(2)])
        .exits(3);
    home.run(&["copy", "--to", "Archive", &inbox(3)]).exits(3);
    home.run(&["delete", "--for-good", "--yes", &inbox(4)])
        .exits(3);
    let trips = format!("Trips{}", name(0));
    home.run(&["mailbox", "create", &trips]).exits(3);
    home.run(&["move", "--to", &trips, &inbox(5)]).exits(3);
    let before = there(server);
    server.online(true);
    if let Some(cut) = cut {
        server.filter.cut_at(at, cut);
        // It fails wherever it was cut.
        home.run(&["sync", "work"]);
    }
    let what = format!("{:?} {cut:?} at {at}", server.dress);
    for _ in 0..2 {
        home.run(&["sync", "work"]).exits(0);
    }
    let mut expect = before;
    let own = |n: usize| name(n);
    expect
        .get_mut("INBOX")
        .unwrap()
        .retain(|id| ![1, 2, 4, 5].map(own).contains(id));
    expect
        .entry("Archive".to_owned())
        .or_default()
        .extend([1, 2, 3].map(own));
    expect.insert(trips, vec![name(5)]);
    expect.values_mut().for_each(|ids| ids.sort());
    expect.retain(|_, ids| !ids.is_empty());
    assert_eq!(there(server), expect, "{what}");
    assert_equal(server, home, &what);
}

#[test]
fn r9_filing_over_a_link_that_is_cut_neither_loses_nor_doubles() {
    for dress in Dress::ALL {
        let Some(server) = Dressed::start(dress) else {
            return;
        };
        let home = server.home();
        round(&server, &home, 0, None);
        for at in [6, 8, 9, 10, 11, 12, 14, 16] {
            let cut = if at % 2 == 0 { Cut::After } else { Cut::Before };
            round(&server, &home, at, Some(cut));
        }
    }
}

#[test]
fn a_thousand_moves_take_ten_round_trips_and_lines_below_8000_octets() {
    for dress in Dress::ALL {
        let Some(server) = Dressed::start(dress) else {
            return;
        };
        let mut client = server.dovecot.client("alice");
        for n in 0..1200 {
            let text = letter(&format!("m{n}"));
            client.append("INBOX", &text, &[], None);
        }
        let home = server.home();
        home.run(&["sync", "work"]).exits(0);
        server.online(false);
        // With gaps, so that no range makes the line short.
        let keys: Vec<String> = {
            let stored = Stored::read(&home.data());
            let mut shown = stored.shown_in("INBOX");
            shown.sort_by_key(|m| m.base.map(|(_, uid)| uid));
            let some = shown.iter().enumerate().filter(|(at, _)| at % 6 != 0);
            some.map(|(_, m)| m.key.to_string()).collect()
        };
        let mut arguments = vec!["move", "--to", "Archive"];
        arguments.extend(keys.iter().map(String::as_str));
        home.run(&arguments).exits(3);
        server.online(true);
        server.filter.forget();
        // All of it counts, to the LOGOUT.
        let run = home.run(&["sync", "work"]).exits(0);
        let (flights, longest) = (server.filter.flights(), server.filter.longest_line());
        let turns = flights.len();
        println!(
            "{dress:?}: 1,000 moves: {turns} round trips after the sign-in (budget 10), \
             longest line {longest} octets (budget 8,000), {:?}",
            run.wall
        );
        assert!(longest < 8000, "{longest}");
        assert!(turns <= 10, "{dress:?}: {turns} round trips: {flights:#?}");
        assert_equal(&server, &home, "a thousand moves");
        assert_eq!(there(&server)["Archive"].len(), 1000);
        home.run(&["sync", "work"]).exits(0);
        assert_equal(&server, &home, "a sync after a thousand moves");
        let (flights, news) = (server.filter.flights(), "what the push changed");
        println!("{dress:?}: {news}: {} round trips", flights.len());
        assert!(flights.len() <= 4, "{dress:?}: {news}: {flights:#?}");
    }
}
