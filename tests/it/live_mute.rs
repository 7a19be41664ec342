//! Muting with a real server: later mail of a muted thread is filed there too, by IMAP and by POP3.

use std::path::Path;
use std::sync::Arc;

use lacebark::env::SystemClock;
use lacebark::model::MessageKey;
use lacebark::ops::mutes::{Kind, mute};
use lacebark::store::Store;

use crate::harness::compare::Stored;
use crate::harness::dovecot::{Dovecot, Pop3};
use crate::harness::dress::{Dress, Dressed};
use crate::harness::program::Home;

fn letter(id: &str, above: &str, to: &str) -> Vec<u8> {
    format!(
        "From: Bob <bob@example.test>\r\nTo: {to}\r\nSubject: Re: Tickets\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <{id}@example.org>\r\n\
         References: {above}\r\n\r\nText of {id}.\r\n"
    )
    .into_bytes()
}

fn mute_thread_of(data: &Path, id: &str) {
    let stored = Stored::read(data);
    let id = format!("{id}@example.org");
    let shown = stored.shown_in("INBOX");
    let key = shown.iter().find(|one| one.message_id == id).unwrap().key;
    let path = data.join("mail.db");
    let store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
    let muted = mute(&store, vec![MessageKey(key)], Kind::Thread)
        .wait()
        .unwrap();
    assert_eq!(muted.done[0].called, "Tickets");
}

/// The ids in a mailbox on the server, each with whether it is read.
fn there(server: &Dovecot, mailbox: &str) -> Vec<(String, bool)> {
    let listed = server.client("alice").listing(mailbox).unwrap_or_default();
    let mut found: Vec<_> = listed
        .into_iter()
        .filter(|one| !one.flags.iter().any(|flag| flag == "\\Deleted"))
        .map(|one| {
            let seen = one.flags.iter().any(|flag| flag == "\\Seen");
            (one.message_id.replace("@example.org", ""), seen)
        })
        .collect();
    found.sort();
    found
}

/// What `list` tells of a mailbox: ids, each with whether it is read.
fn here(home: &Home, mailbox: &str) -> Vec<(String, bool)> {
    let listed = home.run(&["list", mailbox, "--json"]).exits(0).json();
    let mut found: Vec<_> = listed["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let id = one["message_id"].as_str().unwrap();
            let id = id.trim_matches(['<', '>']).replace("@example.org", "");
            (id, !one["unread"].as_bool().unwrap())
        })
        .collect();
    found.sort();
    found
}

fn named(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
    expected
        .iter()
        .map(|(id, seen)| ((*id).to_owned(), *seen))
        .collect()
}

#[test]
fn later_mail_of_a_muted_thread_is_archived_on_the_server_whatever_it_can() {
    for dress in Dress::ALL {
        let Some(server) = Dressed::start(dress) else {
            return;
        };
        let home = server.home();
        let deliver = |id: &str, above: &str, to: &str| {
            let text = letter(id, above, to);
            server.dovecot.deliver("alice", "INBOX", &text, &[], None);
        };
        deliver("a", "", "users@example.org");
        home.run(&["sync", "work"]).exits(0);
        mute_thread_of(&home.data(), "a");
        deliver("b", "<a@example.org>", "users@example.org");
        deliver(
            "c",
            "<a@example.org> <b@example.org>",
            "alice@example.test, bob@example.test",
        );
        deliver("d", "<a@example.org>", "alice@example.test");
        deliver("z", "", "users@example.org");
        for _ in 0..2 {
            home.run(&["sync", "work"]).exits(0);
        }
        let stays = named(&[("a", false), ("d", false), ("z", false)]);
        let filed = named(&[("b", true), ("c", true)]);
        assert_eq!(here(&home, "INBOX"), stays, "{dress:?}");
        assert_eq!(here(&home, "archive"), filed, "{dress:?}");
        assert_eq!(there(&server.dovecot, "INBOX"), stays, "{dress:?}");
        assert_eq!(there(&server.dovecot, "Archive"), filed, "{dress:?}");
    }
}

#[test]
fn later_mail_of_a_muted_thread_is_archived_here_when_it_comes_by_pop3() {
    let Some(server) = Dovecot::with_pop3(Pop3::default()) else {
        return;
    };
    let home = Home::new();
    let url = server.pop3_url().replace("pop3s://", "pop3s://alice@");
    home.add_pop3_account("work", server.password("alice"), &url, &[]);
    let deliver = |id: &str, above: &str, to: &str| {
        let text = letter(id, above, to);
        server.deliver("alice", "INBOX", &text, &[], None);
    };
    deliver("a", "", "users@example.org");
    home.run(&["sync", "work"]).exits(0);
    mute_thread_of(&home.data(), "a");
    deliver("b", "<a@example.org>", "users@example.org");
    deliver("d", "<a@example.org>", "alice@example.test");
    home.run(&["sync", "work"]).exits(0);
    // POP3 tells no time of arrival; that of the header is within the day that clocks may differ.
    assert_eq!(here(&home, "archive"), named(&[("b", true)]));
    assert_eq!(here(&home, "INBOX"), named(&[("a", false), ("d", false)]));
}
