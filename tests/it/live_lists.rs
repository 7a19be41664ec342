//! One list over two accounts, at the screen: selecting, zoom, and one action for both, taken back.

use serde_json::Value;

use crate::harness::dovecot::Dovecot;
use crate::harness::program::Home;
use crate::harness::{SOON, eventually};

fn letter(subject: &str) -> Vec<u8> {
    format!(
        "From: Bob <bob@example.test>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.test>\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\n\r\nHello.\r\n"
    )
    .into_bytes()
}

fn subjects(home: &Home, mailbox: &str) -> Vec<String> {
    let listed = home.run(&["list", mailbox, "--json"]).exits(0).json();
    let messages = listed["messages"].as_array().unwrap();
    let subject = |message: &Value| message["subject"].as_str().unwrap().to_owned();
    let mut all: Vec<String> = messages.iter().map(subject).collect();
    all.sort();
    all
}

#[test]
fn what_is_selected_in_all_inboxes_goes_to_its_own_trash_and_comes_back_by_one_undo() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    for (user, subject) in [
        ("alice", "Lunch"),
        ("bob", "Tickets"),
        ("alice", "Offer"),
        ("bob", "Minutes"),
    ] {
        server.deliver(user, "INBOX", &letter(subject), &[], None);
    }
    let home = Home::new();
    for user in ["alice", "bob"] {
        home.add_account(user, user, &server, server.imaps_port(), &[]);
    }
    home.run(&["sync"]).exits(0);
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_row(&["2 of 2 online"]);
    // Alt-0: each row says whose it is.
    screen.press("\x1b0");
    screen.wait_row(&["All inboxes   2 accounts", "of 4"]);
    screen.wait_row(&["Lunch", "alice"]);
    screen.wait_row(&["Tickets", "bob"]);
    // Two of them, one of each account, by a text and by another one.
    screen.press(";");
    screen.wait_row(&["Select messages by"]);
    screen.press("t");
    screen.wait_row(&["Text in sender"]);
    screen.press("lunch\r");
    screen.wait_row(&["1 selected of 4"]);
    screen.press(";");
    screen.wait_row(&["Alter the selection"]);
    screen.press("b");
    screen.wait_row(&["Select also those by"]);
    screen.press("t");
    screen.wait_row(&["Text in sender"]);
    screen.press("ticket\r");
    screen.wait_row(&["2 selected of 4"]);
    screen.press("Z");
    screen.wait_row(&["zoomed", "2 selected of 2"]);
    screen.wait("the others out of sight", SOON, |screen| {
        let text = screen.contents();
        !text.contains("Offer") && !text.contains("Minutes") && text.contains("Tickets")
    });
    screen.press("A");
    screen.wait_row(&["Apply to 2 selected messages"]);
    screen.press("d");
    screen.wait_row(&["Moved 2 messages to"]);
    // Nothing is left of the selection, and all are shown again.
    screen.wait_row(&["All inboxes", "of 2"]);
    screen.wait_row(&["Offer", "alice"]);
    eventually("both servers have it", SOON, || {
        let count = |user: &str, mailbox: &str| server.client(user).uids(mailbox).len();
        ["alice", "bob"]
            .iter()
            .all(|user| (count(user, "INBOX"), count(user, "Trash")) == (1, 1))
    });
    assert_eq!(subjects(&home, "alice:trash"), ["Lunch"]);
    assert_eq!(subjects(&home, "bob:trash"), ["Tickets"]);
    screen.press("U");
    screen.wait_row(&["Took back deleting: 2 messages"]);
    screen.wait_row(&["All inboxes", "of 4"]);
    screen.wait_row(&["Lunch", "alice"]);
    screen.wait_row(&["Tickets", "bob"]);
    eventually("both servers have it back", SOON, || {
        let count = |user: &str| server.client(user).uids("INBOX").len();
        ["alice", "bob"].iter().all(|user| count(user) == 2)
    });
    // By subject, and so again after a restart.
    screen.press("$");
    screen.wait_row(&["Sort All inboxes by"]);
    screen.press("s");
    screen.wait_row(&["All inboxes", "subject"]);
    screen.quit();
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_row(&["2 of 2 online"]);
    screen.press("\x1b0");
    screen.wait_row(&["All inboxes", "subject"]);
    screen.wait("the rows in their order", SOON, |screen| {
        let text = screen.contents();
        let at = |word: &str| text.find(word);
        let places = [at("Lunch"), at("Minutes"), at("Offer"), at("Tickets")];
        places.iter().all(Option::is_some) && places.is_sorted()
    });
    screen.quit();
}
