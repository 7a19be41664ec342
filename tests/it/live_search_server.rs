//! Searching on the server for mail whose text is not kept, before a real Dovecot: by a command alone,
//! and by one that asks the screen's process.

use std::fs;

use serde_json::Value;

use crate::harness::dovecot::Dovecot;
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;

fn letter(subject: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <{subject}@x>\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    )
    .into_bytes()
}

fn subjects(home: &Home, arguments: &[&str]) -> Vec<String> {
    let all = [&["search", "--json"], arguments].concat();
    let found = home.run(&all).exits(0).json();
    let messages = found["messages"].as_array().unwrap();
    let subject = |one: &Value| one["subject"].as_str().unwrap().to_owned();
    messages.iter().map(subject).collect()
}

#[test]
fn text_that_is_not_kept_is_found_on_the_server_alone_and_by_the_owner() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    for (mailbox, subject, body) in [
        ("INBOX", "Stripes", "A zebra crossed."),
        ("INBOX", "Plain", "A horse stood."),
        ("Archive", "Old", "Seven zebras, one caf\u{e9}."),
        ("Trash", "Gone", "The zebra is no more."),
    ] {
        server.deliver("alice", mailbox, &letter(subject, body), &[], None);
    }
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(&server, proxy.port(), "headers");
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
    screen.press("q");
    assert_eq!(screen.exit_code(std::time::Duration::from_secs(30)), 0);
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
    let Some(server) = Dovecot::start() else {
        return;
    };
    for (mailbox, subject, body) in [
        ("INBOX", "Stripes", "A zebra crossed."),
        ("Attic", "Old", "Seven zebras."),
        ("Attic", "Dust", "Nothing here."),
        ("Cellar", "Deep", "A zebra below."),
        ("Trash", "Gone", "The zebra is no more."),
    ] {
        server.deliver("alice", mailbox, &letter(subject, body), &[], None);
    }
    server.doveadm(&["mailbox", "unsubscribe", "-u", "alice", "Cellar"]);
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
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
