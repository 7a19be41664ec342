//! Searching on the server for mail whose text is not kept, before a real Dovecot: by a command alone,
//! and by one that asks the screen's process.

use std::fs;

use serde_json::Value;

use crate::harness::dovecot::Dovecot;
use crate::harness::generate::Sizes;
use crate::harness::house::{House, letter};
use crate::harness::program::Home;

fn subjects(home: &Home, arguments: &[&str]) -> Vec<String> {
    let all = [&["search", "--json"], arguments].concat();
    let found = home.run(&all).exits(0).json();
    let messages = found["messages"].as_array().unwrap();
    let subject = |one: &Value| one["subject"].as_str().unwrap().to_owned();
    messages.iter().map(subject).collect()
}

#[test]
fn text_that_is_not_kept_is_found_on_the_server_alone_and_by_the_owner() {
    let Some(House {
        server: _server,
        proxy,
        home,
    }) = House::with(&[
        ("INBOX", "Stripes", "A zebra crossed."),
        ("INBOX", "Plain", "A horse stood."),
        ("Archive", "Old", "Seven zebras, one caf\u{e9}."),
        ("Trash", "Gone", "The zebra is no more."),
    ])
    else {
        return;
    };
    home.run(&["sync"]).exits(0);
    assert_eq!(subjects(&home, &["zebra"]), Vec::<String>::new());
    let check = |home: &Home| {
        for (arguments, found) in [
            (&["zebra", "--server"][..], &["Old", "Stripes"][..]),
            (&["zebra", "in:Archive", "--server"], &["Old"]),
            (&["zebra", "in:trash", "--server"], &["Gone"]),
            (&["zebra", "--mailbox", "inbox", "--server"], &["Stripes"]),
            (&["café", "--server"], &["Old"]),
            (&["zebra -seven", "--server"], &["Stripes"]),
            (&["horse OR seven", "--server"], &["Old", "Plain"]),
            (&["subject:plain", "body:horse", "--server"], &["Plain"]),
            (&["zebra", "has:attachment", "--server"], &[]),
            (&["zebra", "before:2000", "--server"], &[]),
            // What is found here too is there once.
            (&["from:zoe", "subject:stripes", "--server"], &["Stripes"]),
        ] {
            let mut got = subjects(home, arguments);
            got.sort();
            assert_eq!(got, found, "{arguments:?}");
        }
    };
    check(&home);
    // The process of the screen owns the account now.
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_text("online");
    check(&home);
    let check_refused = |home: &Home, query: &str, words: &str| {
        let run = home.run(&["search", query, "--server"]);
        assert_eq!(run.code, 1, "{query}: {run:?}");
        assert!(run.err.contains(words), "{query}: {}", run.err);
    };
    let cases = [
        ("zebra OR has:attachment", "no word for has:attachment"),
        // What cannot be written on the wire is no empty answer.
        ("zebra flag:\"no atom\"", "may not hold"),
    ];
    for (query, words) in cases {
        check_refused(&home, query, words);
    }
    screen.quit();
    for (query, words) in cases {
        check_refused(&home, query, words);
    }
    let many: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
    let many = format!("horse OR {}", many.join(" OR "));
    assert_eq!(subjects(&home, &[&many, "--server"]), ["Plain"]);
    // A server that is gone is told of, and what is here is found.
    proxy.set(|faults| faults.refuse = true);
    let run = home.run(&["search", "stripes", "--server"]);
    assert_ne!(run.code, 0);
    assert!(run.out.contains("Stripes"), "{}", run.out);
    assert!(run.err.contains("error:"), "{}", run.err);
}

#[test]
fn folders_that_are_not_kept_here_are_searched_on_the_server() {
    let Some(House {
        server,
        proxy: _proxy,
        home,
    }) = House::with(&[
        ("INBOX", "Stripes", "A zebra crossed."),
        ("Attic", "Old", "Seven zebras."),
        ("Attic", "Dust", "Nothing here."),
        ("Cellar", "Deep", "A zebra below."),
        ("Trash", "Gone", "The zebra is no more."),
    ])
    else {
        return;
    };
    server.doveadm(&["mailbox", "unsubscribe", "-u", "alice", "Cellar"]);
    // Attic is listed and not kept; Cellar is not even subscribed.
    let config = home.path("config.toml");
    let mut settings = fs::read_to_string(&config).unwrap();
    settings.push_str("[account.mailboxes.Attic]\noffline = \"none\"\n");
    fs::write(&config, settings).unwrap();
    home.run(&["sync"]).exits(0);
    let listed = |mailbox: &str| {
        let rows = home.run(&["list", mailbox, "--json"]).exits(0).json();
        rows["messages"].as_array().unwrap().len()
    };
    assert_eq!((listed("Attic"), listed("Cellar")), (0, 0));
    let mut found = subjects(&home, &["zebra", "--server"]);
    found.sort();
    assert_eq!(found, ["Deep", "Old", "Stripes"]);
    assert_eq!(
        subjects(&home, &["zebra", "in:Cellar", "--server"]),
        ["Deep"]
    );
    assert_eq!(
        subjects(&home, &["zebra", "in:trash", "--server"]),
        ["Gone"]
    );
    // Only what was found has a row, and what it holds can be fetched.
    assert_eq!((listed("Attic"), listed("Cellar")), (1, 1));
    let id = home
        .run(&["search", "subject:old", "--json"])
        .exits(0)
        .json();
    let id = id["messages"][0]["id"].to_string();
    let text = home.run(&["show", &id]).exits(0).out;
    assert!(text.contains("Seven zebras"), "{text}");
    // A sync of the folder takes the rest, and loses nothing of what was there.
    home.run(&["sync", "--mailbox", "Attic"]).exits(0);
    assert_eq!(listed("Attic"), 2);
    // What goes on the server meanwhile goes with the next sync of the folder.
    home.run(&["search", "nothing", "in:Attic", "--server"])
        .exits(0);
    server.doveadm(&["expunge", "-u", "alice", "mailbox", "Attic", "all"]);
    home.run(&["sync", "--mailbox", "Attic"]).exits(0);
    assert_eq!(listed("Attic"), 0);
}

#[test]
fn a_search_on_the_server_that_ends_early_says_what_it_left_out() {
    let Some(server) = Dovecot::holding(1_010, 5, Sizes::Small) else {
        return;
    };
    server.deliver("alice", "Attic", &letter("Old", "An old tree."), &[], None);
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
    home.run(&["sync"]).exits(0);
    let search = |home: &Home| {
        let words = "\"from under a tree\"";
        let run = home.run(&["search", words, "--server", "--limit", "5000", "--json"]);
        let found = run.json()["messages"].as_array().unwrap().len();
        let said = "warning: work: only the first 1000 that were found are shown; \
             1 more folder was not searched";
        assert!(run.err.contains(said), "{}", run.err);
        found
    };
    assert_eq!(search(&home), 1_000);
    // The same by the process that owns the account.
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_text("online");
    assert_eq!(search(&home), 1_000);
    screen.quit();
}
