//! Scripts that file mail against a real server: exit code 0 means that the server has it, in every
//! dress and beside a process that owns the account.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::compare::Stored;
use crate::harness::dovecot::Dovecot;
use crate::harness::dress::{Dress, Dressed};
use crate::harness::program::{Home, Run};
use crate::harness::{SOON, eventually};

fn letter(name: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {name}\r\n\
         Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{name}@example.org>\r\n\r\n\
         Text of {name}.\r\n"
    )
    .into_bytes()
}

/// A server, a home and what the two say of a mailbox.
struct Desk<'a> {
    server: &'a Dovecot,
    home: &'a Home,
}

impl Desk<'_> {
    fn run(&self, line: &str) -> Run {
        self.home.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn done(&self, line: &str) {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {run:?}");
    }

    /// The key of a message that `list` shows in a mailbox.
    fn id(&self, mailbox: &str, name: &str) -> String {
        let list = self.run(&format!("list --json {mailbox}")).json();
        let messages = list["messages"].as_array().unwrap();
        let found = messages.iter().find(|message| message["subject"] == name);
        found.unwrap_or_else(|| panic!("{name} in {list}"))["id"].to_string()
    }

    /// What is in a mailbox of the server, by subject; what is marked as deleted counts as gone.
    fn there(&self, user: &str, mailbox: &str) -> String {
        let Some(listing) = self.server.client(user).listing(mailbox) else {
            return "none".to_owned();
        };
        let mut names: Vec<String> = listing
            .iter()
            .filter(|one| !one.flags.iter().any(|flag| flag == "\\Deleted"))
            .filter_map(|one| Some(one.message_id.split_once('@')?.0.to_owned()))
            .collect();
        names.sort_unstable();
        names.join(" ")
    }

    fn here(&self, mailbox: &str) -> String {
        let list = self.run(&format!("list --json {mailbox}")).json();
        let subject = |message: &serde_json::Value| message["subject"].as_str().unwrap().to_owned();
        let mut names: Vec<String> = list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(subject)
            .collect();
        names.sort_unstable();
        names.join(" ")
    }

    #[track_caller]
    fn both(&self, mailbox: &str, expected: &str) {
        assert_eq!(
            (
                self.here(mailbox).as_str(),
                self.there("alice", mailbox).as_str()
            ),
            (expected, expected),
            "{mailbox}"
        );
    }
}

/// What a person does in a day, each line confirmed by the server before the next one.
fn a_day(desk: &Desk<'_>) {
    let id = |name: &str| desk.id("INBOX", name);
    let (ash, birch, cedar, elder) = (id("ash"), id("birch"), id("cedar"), id("elder"));
    desk.done("mailbox create Trips");
    desk.both("Trips", "");
    desk.done(&format!("move --to Trips {ash} {birch}"));
    desk.both("Trips", "ash birch");
    desk.both("INBOX", "cedar elder");
    desk.done(&format!("copy --to Trips {cedar}"));
    desk.both("Trips", "ash birch cedar");
    desk.both("INBOX", "cedar elder");
    desk.done("undo");
    desk.both("Trips", "ash birch");
    desk.done("undo");
    desk.both("Trips", "");
    desk.both("INBOX", "ash birch cedar elder");
    assert_eq!(id("ash"), ash, "a message keeps its key");

    desk.done(&format!("archive {ash}"));
    desk.both("Archive", "ash");
    desk.done(&format!("delete {birch}"));
    desk.both("Trash", "birch");
    desk.done(&format!("delete {birch} --yes"));
    desk.both("Trash", "");
    desk.done(&format!("delete --for-good --yes {elder}"));
    desk.both("INBOX", "cedar");

    desk.done(&format!("flag --as seen {cedar}"));
    desk.done(&format!("move --to Trips {cedar}"));
    desk.done("mailbox rename Trips Journeys");
    desk.both("Journeys", "cedar");
    assert_eq!(desk.there("alice", "Trips"), "none");
    desk.done("undo");
    desk.both("Trips", "cedar");
    desk.done("mailbox unsubscribe Trips");
    desk.done("mailbox subscribe Trips");
    desk.done("mailbox delete Trips --yes");
    assert_eq!(desk.there("alice", "Trips"), "none");
    let undone = desk.run("undo");
    assert_eq!(undone.code, 1, "{undone:?}");
}

fn settled(desk: &Desk<'_>, dress: Dress) {
    desk.done("sync");
    let stored = Stored::read(&desk.home.data());
    let mut client = desk.server.client("alice");
    assert_eq!(stored.against(&mut client), Vec::<String>::new());
    assert_eq!(stored.unsettled(dress), Vec::<String>::new());
}

fn check(dress: Dress) {
    let Some(dressed) = Dressed::start(dress) else {
        return;
    };
    for name in ["ash", "birch", "cedar", "elder"] {
        dressed
            .dovecot
            .deliver("alice", "INBOX", &letter(name), &[], None);
    }
    let home = dressed.home();
    let desk = Desk {
        server: &dressed.dovecot,
        home: &home,
    };
    desk.done("sync");
    a_day(&desk);
    settled(&desk, dress);
}

#[test]
fn a_script_files_mail_and_the_server_has_it() {
    check(Dress::Full);
}

#[test]
fn a_script_files_mail_without_move() {
    check(Dress::NoMove);
}

#[test]
fn a_script_files_mail_without_move_and_uidplus() {
    check(Dress::NoUidPlus);
}

/// Ends with the test, whatever its end is.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

#[test]
fn a_script_files_mail_beside_the_owner_of_the_account() {
    let Some(dressed) = Dressed::start(Dress::Full) else {
        return;
    };
    for name in ["ash", "birch", "cedar", "elder"] {
        dressed
            .dovecot
            .deliver("alice", "INBOX", &letter(name), &[], None);
    }
    let home = dressed.home();
    let desk = Desk {
        server: &dressed.dovecot,
        home: &home,
    };
    let _watching = Watching(home.spawn(&["sync", "--watch"]));
    eventually("the watch is on line and has the mail", SOON, || {
        let status = desk.run("status --json").json();
        status["accounts"][0]["state"] == "online" && desk.here("INBOX") == "ash birch cedar elder"
    });
    a_day(&desk);
}

#[test]
fn what_waited_off_line_is_sent_with_the_next_sync() {
    let Some(dressed) = Dressed::start(Dress::Full) else {
        return;
    };
    for name in ["ash", "birch", "cedar", "elder"] {
        dressed
            .dovecot
            .deliver("alice", "INBOX", &letter(name), &[], None);
    }
    let home = dressed.home();
    let desk = Desk {
        server: &dressed.dovecot,
        home: &home,
    };
    desk.done("sync");
    let id = |name: &str| desk.id("INBOX", name);
    let (ash, birch, cedar) = (id("ash"), id("birch"), id("cedar"));
    dressed.online(false);
    for line in [
        "mailbox create Trips".to_owned(),
        format!("move --to Trips {ash} {birch}"),
        format!("copy --to Trips {cedar}"),
        "mailbox create Trips/2026".to_owned(),
        format!("move --to Trips/2026 {birch}"),
        format!("delete {cedar}"),
        "mailbox rename Trips Journeys".to_owned(),
    ] {
        let run = desk.run(&line);
        assert_eq!(run.code, 3, "{line}: {run:?}");
    }
    assert_eq!(desk.here("Journeys"), "ash cedar");
    assert_eq!(desk.here("Journeys/2026"), "birch");
    dressed.online(true);
    desk.done("sync");
    desk.both("Journeys", "ash cedar");
    desk.both("Journeys/2026", "birch");
    desk.both("Trash", "cedar");
    desk.both("INBOX", "elder");
    settled(&desk, Dress::Full);
}

#[test]
fn a_move_goes_to_another_account_and_back() {
    let Some(dressed) = Dressed::start(Dress::Full) else {
        return;
    };
    for name in ["ash", "birch"] {
        dressed
            .dovecot
            .deliver("alice", "INBOX", &letter(name), &["\\Flagged"], None);
    }
    let home = dressed.home();
    let url = format!("imap+plain://bob@127.0.0.1:{}", dressed.proxy.port());
    home.add_account_at("home", "bob", &dressed.dovecot, &url, &[]);
    let desk = Desk {
        server: &dressed.dovecot,
        home: &home,
    };
    desk.done("sync");
    let ash = desk.id("INBOX", "ash");
    desk.done(&format!("move --to home:INBOX {ash}"));
    assert_eq!(desk.there("alice", "INBOX"), "birch");
    assert_eq!(desk.there("bob", "INBOX"), "ash");
    assert_eq!(desk.id("home:INBOX", "ash"), ash);
    let listing = dressed.dovecot.client("bob").listing("INBOX").unwrap();
    assert_eq!(listing[0].flags, ["\\Flagged"]);
    desk.done("undo");
    assert_eq!(desk.there("alice", "INBOX"), "ash birch");
    assert_eq!(desk.there("bob", "INBOX"), "");
    let birch = desk.id("INBOX", "birch");
    desk.done(&format!("copy --to home:INBOX {birch}"));
    assert_eq!(desk.there("alice", "INBOX"), "ash birch");
    assert_eq!(desk.there("bob", "INBOX"), "birch");
    settled(&desk, Dress::Full);
}

#[test]
fn a_refusal_is_told_in_the_servers_words() {
    let Some(dressed) = Dressed::start(Dress::Full) else {
        return;
    };
    let home = dressed.home();
    let desk = Desk {
        server: &dressed.dovecot,
        home: &home,
    };
    desk.done("sync");
    let long = "x".repeat(400);
    let run = desk.run(&format!("mailbox create {long}"));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.err.contains("cause:") && run.err.contains("too long"),
        "{run:?}"
    );
    let queue = desk.run("queue list --json").json();
    let operation = &queue["operations"][0];
    assert_eq!(operation["state"], "failed", "{queue}");
    assert_eq!(operation["cause"], "refused", "{queue}");
    desk.done("queue drop --all");
    settled(&desk, Dress::Full);
}
