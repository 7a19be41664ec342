//! Writing and sending on the screen alone, through a real Postfix into a real Dovecot.

use std::fs;

use crate::harness::SOON;
use crate::harness::desk::Desk;
use crate::harness::postfix::Exchange;
use crate::harness::program::Home;

/// A user with INBOX in sight and the server there.
fn desk_of(exchange: &Exchange, user: &str, settings: &str) -> Desk {
    let home = Home::new();
    exchange.add_account(&home, user, &[]);
    let path = home.path("config.toml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{settings}\n{config}")).unwrap();
    let mut desk = Desk::open(home);
    desk.sees("online");
    desk
}

fn text(message: &[u8]) -> String {
    String::from_utf8_lossy(message).into_owned()
}

/// How many messages there are, at this moment.
fn count(exchange: &Exchange, user: &str, mailbox: &str) -> usize {
    exchange.dovecot.client(user).uids(mailbox).len()
}

const DELAY: &str = "[send]\nundo_delay = 2\n";

#[test]
fn a_conversation_with_attachments_is_held_on_the_screen_alone() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", DELAY);
    let mut bob = desk_of(&exchange, "bob", DELAY);
    let file = alice.home.path("menu.txt");
    fs::write(&file, "soup\nfish\n").unwrap();
    alice.write("bob@example.test", "Lunch", "See the attached menu.");
    alice.attach(&file);
    alice.send();
    alice.sees("Sent: \"Lunch\"");
    let got = text(&exchange.received("bob", "INBOX", 1)[0]);
    assert!(
        got.contains("filename=\"menu.txt\"") || got.contains("filename=menu.txt"),
        "{got}"
    );
    assert_eq!(exchange.received("alice", "Sent", 1).len(), 1);
    bob.sees("Lunch");
    bob.press("\r");
    bob.sees("See the attached menu.");
    bob.sees("menu.txt");
    bob.press("r");
    bob.sees("> See the attached menu.");
    bob.press("Fish, thanks.");
    let order = bob.home.path("order.pdf");
    fs::write(&order, b"%PDF-1.7\nnothing\n").unwrap();
    bob.attach(&order);
    bob.send();
    bob.sees("Sent: \"Re: Lunch\"");
    alice.sees("Re: Lunch");
    alice.press("\x1b[H\r");
    alice.sees("Fish, thanks.");
    alice.sees("> See the attached menu.");
    alice.sees("order.pdf");
    let answer = text(&exchange.received("alice", "INBOX", 1)[0]);
    let id = got
        .lines()
        .find_map(|line| line.strip_prefix("Message-ID: "))
        .unwrap();
    assert!(answer.contains(&format!("In-Reply-To: {id}")), "{answer}");
    // Bob's copy of the question is marked as answered.
    bob.press("<");
    bob.screen.wait("the mark", SOON, |screen| {
        let rows = screen.contents();
        rows.lines()
            .any(|row| row.contains("Lunch") && row.contains("A"))
    });
    let uid = exchange.dovecot.client("bob").uids("INBOX")[0];
    let mut flags = Vec::new();
    crate::harness::eventually("\\Answered on the server", SOON, || {
        flags = exchange.dovecot.client("bob").flags("INBOX", uid).unwrap();
        flags.iter().any(|flag| flag == "\\Answered")
    });
    alice.quits();
    bob.quits();
}

#[test]
fn r1_what_is_taken_back_in_its_delay_is_never_sent() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", "[send]\nundo_delay = 4\n");
    alice.write("bob@example.test", "Too soon", "Not like this.");
    alice.send();
    alice.press("u");
    alice.sees("Taken back");
    alice.sees("Not like this.");
    assert_eq!(count(&exchange, "bob", "INBOX"), 0);
    // What is sent after it is the only one that arrives.
    alice.press(" But so.");
    alice.sees("But so.");
    alice.send();
    alice.sees("Sent: \"Too soon\"");
    let all = exchange.received("bob", "INBOX", 1);
    assert_eq!(all.len(), 1);
    assert!(text(&all[0]).contains("But so."), "{}", text(&all[0]));
    let drafts = exchange.received("alice", "Sent", 1);
    assert_eq!(drafts.len(), 1);
    alice.quits();
}

#[test]
fn q_asks_while_a_message_waits_and_sends_it_first() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", "[send]\nundo_delay = 120\n");
    alice.write("bob@example.test", "Last words", "Good night.");
    alice.send();
    alice.press("q");
    alice.sees("1 message waits in the Outbox. Quit?");
    alice.press("c");
    alice.press("q");
    alice.sees("Quit?");
    alice.press("s");
    assert_eq!(alice.screen.exit_code(SOON), 0);
    assert_eq!(exchange.received("bob", "INBOX", 1).len(), 1);
}

#[test]
fn r2_a_refused_recipient_is_named_and_the_message_edited_and_sent() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", DELAY);
    alice.write(
        "bob@example.test, nobody@example.test",
        "Plans",
        "For both.",
    );
    alice.send();
    alice.sees("!1");
    assert_eq!(exchange.received("bob", "INBOX", 1).len(), 1);
    alice.press("\x1ba");
    alice.sees("what needs you");
    alice.sees("Refused: send \"Plans\"");
    alice.press("e");
    alice.sees("nobody@example.test");
    alice.sees("For both.");
    let screen = alice.screen.text();
    assert!(!screen.contains("bob@example.test"), "{screen}");
    // The address is cut and another one written in its place.
    alice.press("\x1b<\x1b[Z\x1b[Z\x1b[Z\x1b[Z");
    alice.press("\x0bcarol@example.test\t");
    alice.send();
    alice.sees("Sent: \"Plans\"");
    assert_eq!(exchange.received("carol", "INBOX", 1).len(), 1);
    assert_eq!(count(&exchange, "bob", "INBOX"), 1, "bob has it once");
    alice.quits();
}

#[test]
fn off_line_a_message_waits_and_leaves_when_there_is_a_server() {
    let Some(mut exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", DELAY);
    exchange.postfix.stop();
    alice.write("bob@example.test", "Patience", "It waits.");
    alice.send();
    alice.press("\x1bo");
    alice.sees("Send \"Patience\"");
    alice.sees("QUEUE");
    alice.press("<");
    exchange.postfix.start_again();
    // ^R tries at once what would be tried a moment later.
    alice.press("\x12");
    alice.sees("Sent: \"Patience\"");
    assert_eq!(exchange.received("bob", "INBOX", 1).len(), 1);
    alice.quits();
}

#[test]
fn a_message_is_sent_on_as_it_is_and_passed_on_with_its_attachment() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", DELAY);
    let file = alice.home.path("menu.txt");
    fs::write(&file, "soup\nfish\n").unwrap();
    alice.write("bob@example.test", "Menu", "Here it is.");
    alice.attach(&file);
    alice.send();
    let first = text(&exchange.received("bob", "INBOX", 1)[0]);
    let mut bob = desk_of(&exchange, "bob", DELAY);
    bob.sees("Menu");
    bob.press("b");
    bob.sees("Send the message on");
    bob.press("carol@example.test\r");
    bob.sees("Sending in");
    let on = text(&exchange.received("carol", "INBOX", 1)[0]);
    assert!(
        on.contains("Resent-From: ") && on.contains("Resent-To: "),
        "{on}"
    );
    let id = |message: &str| {
        let line = message.lines().find(|line| line.starts_with("Message-ID:"));
        line.unwrap().to_owned()
    };
    assert_eq!(id(&on), id(&first));
    bob.sees("Sent: \"Menu\"");
    bob.press("\r");
    bob.sees("Here it is.");
    bob.press("f");
    bob.sees("Forward the message");
    bob.press("\r");
    bob.sees("Forwarded message");
    bob.sees("menu.txt");
    bob.press("carol@example.test\t");
    bob.send();
    let passed = text(&exchange.received("carol", "INBOX", 2)[1]);
    assert!(passed.contains("Subject: Fwd: Menu"), "{passed}");
    assert!(
        passed.contains("menu.txt") && passed.contains("c291cApmaXNoCg=="),
        "{passed}"
    );
    bob.sees("Sent: \"Fwd: Menu\"");
    bob.quits();
    alice.quits();
}

#[test]
fn what_is_postponed_stands_in_the_servers_drafts_until_it_is_sent() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let mut alice = desk_of(&exchange, "alice", DELAY);
    alice.write("bob@example.test", "Later", "Not finished");
    alice.press("\x0f");
    alice.sees("Postponed");
    let draft = text(&exchange.received("alice", "Drafts", 1)[0]);
    assert!(
        draft.contains("Not finished") && draft.contains("Subject: Later"),
        "{draft}"
    );
    alice.press("\x1bc");
    alice.sees("Later");
    alice.press("\r");
    alice.sees("Not finished");
    alice.press("Finished. ");
    alice.send();
    alice.sees("Sent: \"Later\"");
    assert_eq!(exchange.received("bob", "INBOX", 1).len(), 1);
    crate::harness::eventually("no draft is left", SOON, || {
        count(&exchange, "alice", "Drafts") == 0
    });
    alice.quits();
}
