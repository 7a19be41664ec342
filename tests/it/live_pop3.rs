//! A POP3 user at the screen: set up, read, file, answer, delete and take back, on line and off line,
//! under every policy, with a real Postfix and a real Dovecot; and what is on the server afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::desk::Desk;
use crate::harness::dovecot::{Dovecot, Options, Pop3};
use crate::harness::fake_pop3::{FakePop3, Script};
use crate::harness::postfix::Exchange;
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::pty::Terminal;
use crate::harness::{SOON, eventually, lacebark};

fn letter(subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <{subject}@example.test>\r\n\r\n\
         {text}\r\n"
    )
    .into_bytes()
}

/// The subjects in a mailbox, in order of their letters.
fn subjects(home: &Home, mailbox: &str) -> Vec<String> {
    let listed = home.run(&["list", mailbox, "--json"]).exits(0).json();
    let messages = listed["messages"].as_array().unwrap();
    let subject = |message: &Value| message["subject"].as_str().unwrap().to_owned();
    let mut all: Vec<String> = messages.iter().map(subject).collect();
    all.sort();
    all
}

fn count(server: &Dovecot, mailbox: &str) -> usize {
    server.client("alice").uids(mailbox).len()
}

/// Adds alice's account by the screen of a first start.
fn set_up_on_screen(exchange: &Exchange, home: &Home) -> Terminal {
    let table = home.path("providers.toml");
    let providers = format!(
        "[[provider]]\nname = \"Test\"\ndomains = [\"example.test\"]\n\
         imap = \"imaps://localhost:{}\"\nsmtp = \"smtps://localhost:{}\"\nlogin = \"local\"\n\
         tls_ca_file = \"{}\"\n",
        exchange.dovecot.imaps_port(),
        exchange.postfix.smtps_port(),
        exchange.dovecot.ca_file().display()
    );
    fs::write(&table, providers).unwrap();
    let secret = home.path("secret");
    fs::write(&secret, exchange.dovecot.password("alice")).unwrap();
    let mut env: Vec<(&str, PathBuf)> = home.env();
    env.push(("LACEBARK_PROVIDERS", table));
    let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let mut screen = Terminal::start(lacebark(), &[], &env, 24, 80);
    screen.wait_text("ADD ACCOUNT");
    screen.press("Alice\ralice@example.test\r");
    screen.wait_text("table of providers (Test)");
    screen.wait_text("(*) ask me at every start");
    // ^T goes to the protocol; the port of the table is that of IMAP.
    screen.press("\x14");
    screen.wait_text("Spc changes the protocol");
    screen.press(" ");
    screen.wait_text("POP3");
    screen.press(&format!("\t\t\x15{}", exchange.dovecot.pop3s_port()));
    // Security, three of SMTP and the login name stay.
    screen.press("\t\t\t\t\t\t ");
    screen.wait_text("(*) a command prints it");
    screen.press(&format!("\tcat {}\t ", secret.display()));
    screen.wait_text("(*) delete what is here");
    screen.wait_text("here is the only copy.");
    screen.press("\x18");
    screen
}

/// A day at the screen; `stays` of five messages are on the server in the end.
fn day(policy: &str, by_screen: bool, stays: usize) {
    let options = Options {
        pop3: Some(Pop3::default()),
        ..Options::default()
    };
    let Some(exchange) = Exchange::with(options, "") else {
        return;
    };
    let server = &exchange.dovecot;
    for subject in ["Lunch", "Tickets", "Offer", "Mistake"] {
        let text = format!("What about the {subject}?");
        server.deliver("alice", "INBOX", &letter(subject, &text), &[], None);
    }
    let home = Home::new();
    let mut alice = match by_screen {
        true => {
            let screen = set_up_on_screen(&exchange, &home);
            Desk { home, screen }
        }
        false => {
            exchange.add_pop3_account(&home, "alice", &["--on-server", policy]);
            Desk::open(home)
        }
    };
    for subject in ["Lunch", "Tickets", "Offer", "Mistake"] {
        alice.sees(subject);
    }
    alice.sees("online");
    let first = if policy == "delete" { 0 } else { 4 };
    eventually("the first look has ended", SOON, || {
        count(server, "INBOX") == first
    });

    // She reads and answers.
    alice.at("Lunch");
    alice.press("\r");
    alice.sees("What about the Lunch?");
    alice.press("r");
    alice.sees("> What about the Lunch?");
    alice.press("At noon, thanks.");
    alice.sees("At noon, thanks.");
    alice.press("\x18");
    alice.sees("Send to");
    alice.press("y");
    alice.sees("Sending in");
    alice.sees("Sent: \"Re: Lunch\"");
    let answer = exchange.received("bob", "INBOX", 1).remove(0);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("At noon, thanks."), "{answer}");
    assert!(answer.contains("In-Reply-To: <Lunch@example.test>"));
    alice.press("I");
    alice.screen.wait_row(&["Lunch", "A"]);

    // Off line she files, deletes, and takes a deletion back.
    alice.command("go-offline");
    alice.sees("offline (asked)");
    alice.press("L");
    alice.sees("FOLDERS");
    alice.press("+");
    alice.sees("folder");
    alice.press("Trips\r");
    alice.screen.wait_row(&["Trips", " 0 "]);
    alice.press("I");
    alice.at("Tickets");
    alice.press("S");
    alice.sees("Move 1 message to folder");
    alice.press("Trips\r");
    alice.misses("Tickets");
    alice.at("Mistake");
    alice.press("D");
    alice.misses("Mistake");
    alice.press("U");
    alice.sees("Mistake");
    alice.at("Offer");
    alice.press("D");
    alice.misses("Offer");
    assert_eq!(count(server, "INBOX"), first, "off line nothing is said");

    // On line again, with something new.
    server.deliver("alice", "INBOX", &letter("Late", "Still up?"), &[], None);
    alice.command("go-online");
    alice.sees("Late");
    alice.sees("online");
    eventually("the server has what the policy says", SOON, || {
        count(server, "INBOX") == stays
    });
    alice.quits();

    // Another look changes nothing, here or there.
    alice.home.run(&["sync"]).exits(0);
    assert_eq!(count(server, "INBOX"), stays, "{policy}");
    assert_eq!(subjects(&alice.home, "inbox"), ["Late", "Lunch", "Mistake"]);
    assert_eq!(subjects(&alice.home, "Trips"), ["Tickets"]);
    assert_eq!(subjects(&alice.home, "trash"), ["Offer"]);
    assert_eq!(subjects(&alice.home, "sent"), ["Re: Lunch"]);
    // What is sent stands here alone: the server of POP3 keeps an INBOX and nothing else.
    assert_eq!(count(server, "Sent"), 0);
    assert_eq!(exchange.received("bob", "INBOX", 1).len(), 1);
}

#[test]
fn a_day_with_a_pop3_account_that_keeps_everything_on_the_server() {
    day("keep", false, 5);
}

#[test]
fn a_day_with_a_pop3_account_of_the_screen_that_deletes_on_the_server() {
    day("delete", true, 0);
}

#[test]
fn a_day_with_a_pop3_account_that_deletes_on_the_server_after_two_weeks() {
    day("14d", false, 5);
}

#[test]
fn a_day_with_a_pop3_account_that_mirrors_what_is_deleted_here() {
    day("mirror", false, 4);
}

/// Two of POP3 and one of IMAP; each says how it is, and one that fails stops no other.
#[test]
fn accounts_of_both_protocols_stand_side_by_side_each_with_its_state() {
    let Some(server) = Dovecot::with_pop3(Pop3::default()) else {
        return;
    };
    for user in ["alice", "bob", "carol"] {
        let subject = format!("For-{user}");
        server.deliver(user, "INBOX", &letter(&subject, "Hello."), &[], None);
    }
    let proxy = Proxy::before(server.pop3s_port());
    let home = Home::new();
    home.add_account("work", "carol", &server, server.imaps_port(), &[]);
    for (id, port) in [("alice", server.pop3s_port()), ("bob", proxy.port())] {
        let url = format!("pop3s://{id}@localhost:{port}");
        home.add_pop3_account(id, server.password(id), &url, &[]);
    }
    let mut desk = Desk::open(home);
    desk.sees("3 of 3 online");
    desk.press("L");
    desk.sees("3 accounts   3 unread");
    desk.screen.wait_row(&["POP3", "online, synced"]);
    for (at, user) in [(1, "carol"), (2, "alice"), (3, "bob")] {
        desk.press(&format!("L\x1b{at}"));
        desk.sees(&format!("For-{user}"));
    }
    // One of them cannot be reached any more.
    proxy.set(|faults| faults.refuse = true);
    desk.press("\x12");
    desk.sees("2 of 3 online");
    desk.press("L");
    desk.screen.wait_row(&["POP3", "offline since"]);
    desk.screen.wait_row(&["POP3", "online, synced"]);
    proxy.set(|faults| faults.refuse = false);
    server.deliver("bob", "INBOX", &letter("Back", "Again."), &[], None);
    desk.press("\x12");
    desk.sees("3 of 3 online");
    desk.press("\x1b3");
    desk.sees("Back");
    desk.quits();
}

/// Only headers came; what is filed elsewhere comes whole, and goes on to the other server.
#[test]
fn a_header_is_filed_on_an_imap_server_and_on_this_machine_with_all_its_bytes() {
    let Some(server) = Dovecot::with_pop3(Pop3::default()) else {
        return;
    };
    let (far, near) = (letter("To-carol", "One."), letter("To-here", "Two."));
    for mail in [&far, &near] {
        server.deliver("alice", "INBOX", mail, &[], None);
    }
    let home = Home::new();
    home.add_account("work", "carol", &server, server.imaps_port(), &[]);
    let url = format!("pop3s://alice@localhost:{}", server.pop3s_port());
    home.add_pop3_account(
        "pop",
        server.password("alice"),
        &url,
        &["--offline", "headers"],
    );
    let local = ["setup", "--local", "--account", "here", "--address"];
    home.run(&[&local[..], &["h@example.test"]].concat())
        .exits(0);
    home.run(&["sync"]).exits(0);
    let listed = home.run(&["list", "pop:INBOX", "--json"]).exits(0).json();
    let id = |subject: &str| {
        let messages = listed["messages"].as_array().unwrap();
        let found = messages.iter().find(|one| one["subject"] == subject);
        let found = found.unwrap();
        assert_eq!(found["kept"], "headers");
        found["id"].to_string()
    };
    let (to_carol, to_here) = (id("To-carol"), id("To-here"));
    home.run(&["move", "--to", "here:INBOX", &to_here]).exits(0);
    home.run(&["move", "--to", "work:INBOX", &to_carol])
        .exits(0);
    home.run(&["sync"]).exits(0);
    let raw = home.run(&["show", &to_here, "--raw"]).exits(0);
    assert_eq!(raw.out.as_bytes(), near);
    assert_eq!(server.client("carol").uids("INBOX").len(), 1);
    let raw = home.run(&["show", &to_carol, "--raw"]).exits(0);
    assert_eq!(raw.out.as_bytes(), far);
    assert_eq!(
        home.run(&["queue", "list", "--json"]).exits(0).json()["operations"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    // Kept on the server, as the account says.
    assert_eq!(count(&server, "INBOX"), 2);
}

/// What the screen says of a server that refuses, locks, is slow, or is not there.
#[test]
fn a_pop3_server_that_refuses_or_is_gone_is_told_of_and_met_again() {
    let fake = FakePop3::start(Script::default());
    fake.deliver(&letter("First", "Hello."));
    let home = Home::new();
    let url = fake.url().replace("//", "//alice@");
    home.add_pop3_account("alice", "key", &url, &[]);
    let mut desk = Desk::open(home);
    desk.sees("First");
    desk.sees("online");

    // Locked by another program: it waits, and says so.
    let locked = "-ERR [IN-USE] another session has it";
    fake.now(
        Script::default()
            .reply("PASS", locked)
            .reply("AUTH", locked),
    );
    fake.deliver(&letter("Second", "Hello."));
    desk.press("\x12");
    desk.sees("offline since");
    desk.press("\x1bl");
    desk.sees("another session has it");
    desk.press("<");
    assert!(!desk.screen.text().contains("!1"), "nobody is asked for it");
    fake.now(Script::default());
    desk.press("I\x12");
    desk.sees("Second");
    desk.sees("online");

    // A server that says nothing more: keys answer meanwhile, and the end is not held up.
    fake.deliver(&letter("Third", "Hello."));
    let stalls = Script {
        stall_before: Some("RETR 3".to_owned()),
        ..Script::default()
    };
    fake.now(stalls);
    fake.forget();
    desk.press("\x12");
    fake.until_heard("RETR 3");
    desk.sees("sync 0%");
    desk.at("First");
    desk.press("\r");
    desk.sees("Hello.");
    desk.press("<");
    desk.quits();

    // The password is refused: it is asked for once, and the server is not asked again by itself.
    let wrong = "-ERR [AUTH] no such user or password";
    fake.now(Script::default().reply("PASS", wrong).reply("AUTH", wrong));
    let mut desk = Desk::open(desk.home);
    desk.sees("sign-in needed");
    desk.sees("!1");
    desk.press("\x1ba");
    desk.sees("such user or password");
    fake.now(Script::default());
    desk.press("R");
    desk.press("<");
    desk.sees("Third");
    desk.sees("online");
    desk.quits();
}
