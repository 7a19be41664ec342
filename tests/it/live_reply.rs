//! Two accounts of two addresses each, at the screen before a real Postfix and Dovecot: an answer from
//! a list over both is from the address that the message came to, goes over the server of that
//! account, and its copy lies in the Sent of that account.

use std::fs;

use crate::harness::desk::Desk;
use crate::harness::postfix::Exchange;
use crate::harness::program::Home;
use crate::harness::{SOON, eventually};

/// A message: its subject, whose mailbox has it, its To, and the one that it answers.
const MAILS: [(&str, &str, &str, &str); 7] = [
    ("Anvil", "alice", "alice@example.test", ""),
    ("Apron", "alice", "alice.desk@example.test", ""),
    ("Bolt", "bob", "bob@example.test", ""),
    ("Brick", "bob", "bob.club@example.test", ""),
    ("Crate", "bob", "bob.club@example.test", ""),
    ("Drum", "alice", "alice@example.test", ""),
    ("Drummer", "bob", "bob.club@example.test", "Drum"),
];

fn letter(subject: &str, to: &str, above: &str) -> Vec<u8> {
    let references = match above {
        "" => String::new(),
        above => format!("References: <{above}@x>\r\n"),
    };
    format!(
        "From: Carol <carol@example.test>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@x>\r\n{references}Date: Sat, 21 Nov 2026 08:02:00 +0000\r\n\r\n\
         What of the {subject}?\r\n"
    )
    .into_bytes()
}

/// A home with the accounts of alice and bob, each with a second address.
fn home(exchange: &Exchange) -> Home {
    let home = Home::new();
    let path = home.path("config.toml");
    for (user, second) in [("alice", "alice.desk"), ("bob", "bob.club")] {
        exchange.add_account(&home, user, &[]);
        let mut config = fs::read_to_string(&path).unwrap();
        config.push_str(&format!(
            "\n[[account.identity]]\naddress = \"{second}@example.test\"\n"
        ));
        fs::write(&path, config).unwrap();
    }
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("[send]\nundo_delay = 1\n{config}")).unwrap();
    home
}

/// Puts the cursor on the row of a message.
fn put_at(desk: &mut Desk, subject: &str) {
    desk.sees(subject);
    desk.press("\x1b[H");
    let mut row = 1;
    cursor_on(desk, row);
    loop {
        let text = desk.screen.text();
        if text.lines().nth(row).unwrap().contains(subject) {
            return;
        }
        row += 1;
        desk.press("\x1b[B");
        cursor_on(desk, row);
    }
}

fn cursor_on(desk: &mut Desk, row: usize) {
    let what = format!("the cursor on row {row}");
    desk.screen.wait(&what, SOON, move |screen| {
        let text = screen.contents();
        text.lines()
            .nth(row)
            .is_some_and(|row| row.starts_with('>'))
    });
}

/// Opens a message by a search of all mail.
fn find(desk: &mut Desk, subject: &str) {
    desk.press("/");
    desk.sees("Search INBOX:");
    desk.press("/");
    desk.sees("Search all mail:");
    desk.press(subject);
    desk.sees("1 found");
    desk.press("\r");
    desk.sees(&format!("What of the {subject}?"));
}

/// Answers the message at the cursor.
fn answer(desk: &mut Desk, subject: &str) {
    desk.press("r");
    desk.sees(&format!("> What of the {subject}?"));
    desk.press("Thanks.");
    desk.sees("Thanks.");
    desk.press("\x18");
    desk.sees("Send to");
    desk.press("y");
    desk.sees(&format!("Sent: \"Re: {subject}\""));
}

fn text(message: &[u8]) -> String {
    String::from_utf8_lossy(message).replace("\r\n", "\n")
}

/// The user that a message from an address was submitted for, as Postfix tells it.
fn submitted_by(log: &str, from: &str, id: &str) -> Vec<String> {
    let mut users = Vec::new();
    let wanted = [format!("message-id=<{id}>"), format!("from=<{from}>")];
    for line in log.lines() {
        let Some((head, user)) = line.split_once("sasl_username=") else {
            continue;
        };
        let Some(queue) = head.split(": ").nth(1) else {
            continue;
        };
        let of_it = |what: &String| {
            let mut lines = log.lines().filter(|line| line.contains(queue));
            lines.any(|line| line.contains(what))
        };
        if wanted.iter().all(of_it) {
            users.push(user.trim().to_owned());
        }
    }
    users
}

#[test]
fn an_answer_from_a_list_of_two_accounts_leaves_by_the_account_of_its_message() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    for (subject, user, to, above) in MAILS {
        let mail = letter(subject, to, above);
        exchange
            .dovecot
            .deliver(user, "INBOX", &mail, &["\\Flagged"], None);
    }
    let home = home(&exchange);
    home.run(&["sync"]).exits(0);
    let mut desk = Desk::open(home);
    desk.sees("2 of 2 online");
    // Each list while the other account's INBOX was looked at last.
    desk.press("\x1b1\x1b0");
    desk.sees("All inboxes   2 accounts");
    put_at(&mut desk, "Bolt");
    answer(&mut desk, "Bolt");
    desk.press("\x1b2");
    desk.command("all-unread");
    desk.sees("All unread   2 accounts");
    put_at(&mut desk, "Apron");
    answer(&mut desk, "Apron");
    desk.press("\x1b1");
    desk.command("all-flagged");
    desk.sees("All flagged   2 accounts");
    put_at(&mut desk, "Brick");
    answer(&mut desk, "Brick");
    desk.press("\x1b1");
    desk.sees("INBOX   alice");
    find(&mut desk, "Crate");
    answer(&mut desk, "Crate");
    desk.press("\x1b2");
    desk.sees("INBOX   bob");
    find(&mut desk, "Anvil");
    desk.press("<");
    desk.sees("SEARCH   all mail");
    answer(&mut desk, "Anvil");
    // A conversation that goes on in the other account.
    desk.press("\x1b1");
    desk.sees("INBOX   alice");
    desk.press("$");
    desk.sees("Sort");
    desk.press("h");
    desk.sees("Sorted by thread");
    desk.sees("alice@example.test   thread");
    put_at(&mut desk, "Drum");
    desk.press("\r");
    desk.sees("THREAD   Drum");
    desk.press("\x1b[H");
    desk.sees("Message 1 of 2");
    desk.press("n");
    desk.sees("Message 2 of 2");
    answer(&mut desk, "Drummer");
    desk.press("\x1b[H");
    desk.sees("Message 1 of");
    answer(&mut desk, "Drum");
    desk.quits();
    let received: Vec<String> = exchange
        .received("carol", "INBOX", MAILS.len())
        .iter()
        .map(|message| text(message))
        .collect();
    for (subject, user, address, _) in MAILS {
        let wanted = format!("Subject: Re: {subject}\n");
        let of_it: Vec<_> = received
            .iter()
            .filter(|one| one.contains(&wanted))
            .collect();
        let [arrived] = of_it.as_slice() else {
            panic!("{subject} is answered {} times", of_it.len());
        };
        let line = |name: &str| {
            let line = arrived.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        let from = line("From: ");
        assert!(from.contains(&format!("<{address}>")), "{subject}: {from}");
        assert_eq!(line("Return-Path: "), format!("<{address}>"), "{subject}");
        let id = line("Message-ID: ");
        let id = id.trim_matches(['<', '>']);
        eventually("the log of Postfix", SOON, || {
            submitted_by(&exchange.postfix.log(), address, id) == [user]
        });
        for owner in ["alice", "bob"] {
            let own = MAILS.iter().filter(|mail| mail.1 == owner).count();
            let sent = exchange.received(owner, "Sent", own);
            assert_eq!(sent.len(), own, "{owner}");
            let has = sent.iter().any(|one| text(one).contains(id));
            assert_eq!(has, owner == user, "{subject} in the Sent of {owner}");
        }
    }
}
