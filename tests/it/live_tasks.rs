//! The everyday tasks, each in as few keys as we promise: counted at the real program in a
//! pseudo-terminal, before a real Dovecot and a real Postfix, and looked at where it matters: on the
//! server and on the disk. What a person types of names and text is not counted; each control key
//! and each Enter is one key.

use std::fs;

use crate::harness::desk::Desk;
use crate::harness::dovecot::Options;
use crate::harness::postfix::Exchange;
use crate::harness::program::Home;
use crate::harness::{SOON, eventually};

/// Alice, who counts.
struct Alice {
    desk: Desk,
    keys: usize,
}

impl Alice {
    fn sees(&mut self, text: &str) {
        self.desk.sees(text);
    }

    fn misses(&mut self, text: &str) {
        self.desk.misses(text);
    }

    /// One key.
    fn key(&mut self, key: &str) {
        self.keys += 1;
        self.desk.press(key);
    }

    /// Names and text.
    fn types(&mut self, text: &str) {
        self.desk.press(text);
    }

    /// Puts the cursor on the message with this subject in INBOX; what a task starts from.
    fn at(&mut self, subject: &str) {
        self.desk.press("\x1b1");
        self.sees(" INBOX   alice");
        self.desk.at(subject);
        self.keys = 0;
    }

    fn stands_at(&mut self, text: &str) {
        self.desk.screen.wait_cursor(text);
    }

    fn took(&self, task: &str, most: usize) {
        eprintln!("{task}: {} keys of {most}", self.keys);
        assert!(self.keys <= most, "{task}: {} keys, not {most}", self.keys);
    }
}

fn letter(subject: &str, more: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Carol Example <carol@example.test>\r\nTo: alice@example.test, dave@example.test\r\n\
         Subject: {subject}\r\nDate: Sat, 21 Nov 2026 08:02:00 +0000\r\n\
         Message-ID: <{subject}@example.test>\r\n{more}\r\n{body}\r\n"
    )
    .into_bytes()
}

/// Alice has mail, a folder and a second account; links and files are opened by a command that
/// writes down what it got.
fn alice(exchange: &Exchange) -> Alice {
    let server = &exchange.dovecot;
    let html = "MIME-Version: 1.0\r\nContent-Type: text/html\r\n";
    let page = "<p>Deals at <a href=\"https://shop.example.test/deals\">our shop</a></p>";
    let parts = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let file = "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\n\
        Content-Type: text/plain; name=plan.txt\r\n\
        Content-Disposition: attachment; filename=plan.txt\r\n\r\nthe plan\r\n--b--";
    let reply = "In-Reply-To: <Bikeshed@example.test>\r\n";
    for (subject, more, body) in [
        ("Tickets", "", "The tickets are in the drawer."),
        ("Lunch", "", "At noon?"),
        ("Deals", html, page),
        ("Plan", parts, file),
        ("Bikeshed", "", "Green?"),
        ("Greener", reply, "No, blue."),
    ] {
        server.deliver(
            "alice",
            "INBOX",
            &letter(subject, more, body),
            &["\\Seen"],
            None,
        );
    }
    let old = letter("Contract", "", "The zebra clause.");
    server.deliver("alice", "Archive", &old, &["\\Seen"], None);
    let new = letter("News", "", "Unread so far.");
    server.deliver("alice", "INBOX", &new, &[], None);
    server.deliver("bob", "INBOX", &letter("Bobs", "", "Hi."), &[], None);
    let home = Home::new();
    exchange.add_account(&home, "alice", &[]);
    exchange.add_account(&home, "bob", &[]);
    let config = home.path("config.toml");
    let opened = home.path("opened");
    let settings = format!(
        "[send]\nundo_delay = 1\n[open]\n\"x-scheme-handler/https\" = [\"mkdir\", \"-p\", \"{}/%s\"]\n{}",
        opened.display(),
        fs::read_to_string(&config).unwrap()
    );
    fs::write(&config, settings).unwrap();
    let mut desk = Desk::open(home);
    desk.sees("2 of 2 online");
    desk.sees("News");
    Alice { desk, keys: 0 }
}

#[test]
fn the_everyday_tasks_take_the_keys_that_we_promise() {
    let mut options = Options::default();
    options
        .users
        .insert("dave".to_owned(), "dave's key".to_owned());
    let Some(exchange) = Exchange::with(options, "") else {
        return;
    };
    let mut alice = alice(&exchange);
    let server = &exchange.dovecot;
    let count = |user: &str, mailbox: &str| server.client(user).uids(mailbox).len();

    alice.at("Lunch");
    alice.key("\t");
    alice.stands_at("News");
    alice.key("\r");
    alice.sees("Unread so far.");
    alice.took("read the next unread message", 2);

    alice.at("Lunch");
    alice.key("r");
    alice.sees("Reply to");
    alice.key("\r");
    alice.sees("> At noon?");
    alice.types("Yes.");
    alice.sees("Yes.");
    alice.key("\x18");
    alice.sees("Send to 2");
    alice.key("\r");
    alice.sees("Sending in");
    alice.took("answer all, quoted", 4);
    let got = exchange.received("carol", "INBOX", 1).remove(0);
    let got = String::from_utf8_lossy(&got).into_owned();
    assert!(got.contains("Yes.") && got.contains("> At noon?"), "{got}");

    let file = alice.desk.home.path("menu.txt");
    fs::write(&file, "soup\n").unwrap();
    alice.at("Lunch");
    alice.key("c");
    alice.sees("COMPOSE");
    alice.types("carol@example.test");
    alice.key("\r");
    alice.key("\r");
    alice.sees("^J Attach");
    alice.key("\x0a");
    alice.sees("File to attach");
    alice.types(&format!("\x15{}", file.display()));
    alice.key("\r");
    alice.sees("Attached");
    alice.types("The menu");
    alice.sees("Subject : The menu");
    alice.key("\x18");
    alice.sees("Send to 1");
    alice.key("\r");
    alice.sees("Sending in");
    alice.took("write, attach and send", 7);
    let got = exchange.received("carol", "INBOX", 2).remove(1);
    let got = String::from_utf8_lossy(&got).into_owned();
    assert!(
        got.contains("menu.txt") && got.contains("The menu"),
        "{got}"
    );

    alice.at("Lunch");
    alice.key("/");
    alice.sees("Search INBOX");
    alice.key("/");
    alice.sees("Search all mail");
    alice.types("zebra");
    alice.sees("Contract");
    alice.key("\r");
    alice.sees("The zebra clause.");
    alice.took("find a word in all mail", 3);

    alice.at("Lunch");
    alice.key("/");
    alice.sees("Search INBOX");
    alice.types("drawer");
    alice.misses("Bikeshed");
    alice.key("\r");
    alice.sees("The tickets are in the drawer.");
    alice.took("find a word in this folder", 2);

    alice.at("Tickets");
    alice.key("s");
    alice.sees("Move 1 message to folder");
    alice.types("\x15Archive");
    alice.sees("Archive");
    alice.key("\r");
    alice.misses("Tickets");
    alice.took("file a message", 2);
    eventually("filed on the server", SOON, || {
        count("alice", "Archive") == 2
    });

    alice.at("Bikeshed");
    alice.key("\x04");
    alice.misses("Greener");
    alice.misses("Bikeshed");
    alice.took("delete a conversation", 1);
    eventually("deleted on the server", SOON, || {
        count("alice", "Trash") == 2
    });

    alice.at("Lunch");
    alice.key("t");
    alice.sees("ddress");
    alice.key("\r");
    alice.took("take the sender into the address book", 2);
    alice.types("\x1bt");
    alice.sees("carol@example.test");
    alice.types("<");

    alice.at("Deals");
    alice.key("\r");
    alice.sees("our shop");
    alice.types("1");
    alice.keys += 1;
    alice.sees("shop.example.test/deals");
    alice.key("\r");
    let page = alice
        .desk
        .home
        .path("opened/https:/shop.example.test/deals");
    eventually("the link was opened", SOON, || page.exists());
    alice.took("read an HTML message and open a link", 3);

    alice.at("Plan");
    alice.key("v");
    alice.sees("plan.txt");
    // The arrow to the attachment is not counted.
    alice.types("\x1b[B\x1b[B");
    alice.stands_at("plan.txt");
    alice.key("s");
    alice.sees("Save part");
    let plan = alice.desk.home.path("plan.txt");
    alice.types(&format!("\x15{}", plan.display()));
    alice.key("\r");
    eventually("saved", SOON, || plan.exists());
    alice.took("save an attachment", 3);
    assert_eq!(fs::read(&plan).unwrap(), b"the plan");

    alice.at("Lunch");
    alice.key("\x1b2");
    alice.sees("Bobs");
    alice.took("change the account", 1);
    alice.types("q");
    assert_eq!(alice.desk.screen.exit_code(SOON), 0);
}
