//! The screen under bad conditions: what was asked off line comes with the link, another process's
//! change shows by itself, and one mailbox that is gone does not hold up the rest.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::harness::dovecot::Dovecot;
use crate::harness::lacebark;
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::pty::Terminal;

const LIMIT: Duration = Duration::from_secs(30);
const OLD: &[u8] = b"From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\n\
Subject: Train tickets\r\nDate: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <a@b>\r\n\r\n\
The tickets are in the drawer.\r\n";

fn screen(home: &Home) -> Terminal {
    let env = home.env();
    let env: Vec<(&str, &Path)> = env
        .iter()
        .map(|(name, path)| (*name, path.as_path()))
        .collect();
    Terminal::start(lacebark(), &[], &env, 24, 80)
}

#[test]
fn a_text_asked_for_off_line_comes_with_the_next_link() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", OLD, &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(&server, proxy.port(), "headers");
    home.run(&["sync"]).exits(0);
    proxy.set(|faults| faults.refuse = true);
    let mut screen = screen(&home);
    screen.wait_text("offline since");
    screen.press("\r");
    screen.wait_text("Will be fetched when online.");
    screen.press("l");
    screen.wait_text("next try");
    // Another try fails meanwhile; what was asked outlives it.
    let next = |text: &str| text.split("next try").nth(1).map(|at| at[..9].to_owned());
    let first = next(&screen.text());
    screen.wait("another try", LIMIT, |screen| {
        let now = next(&screen.contents());
        now.is_some() && now != first
    });
    screen.press("i\r");
    screen.wait_text("Will be fetched when online.");
    proxy.set(|faults| faults.refuse = false);
    screen.wait_text("The tickets are in the drawer.");
    assert!(!screen.text().contains("new message"), "{}", screen.text());
    screen.quit();
}

#[test]
fn r10_a_mailbox_that_cannot_be_opened_holds_up_nothing_but_its_own_changes() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", OLD, &[], None);
    server.doveadm(&["mailbox", "create", "-u", "alice", "-s", "Trips"]);
    server.deliver("alice", "Trips", OLD, &[], None);
    let home = Home::new();
    let proxy = Proxy::before(server.imaps_port());
    home.add_account("work", "alice", &server, proxy.port(), &[]);
    home.run(&["sync"]).exits(0);
    let id = |mailbox: &str| {
        let list = home.run(&["list", mailbox, "--json"]).exits(0).json();
        list["messages"][0]["id"].to_string()
    };
    let (trip, inbox) = (id("Trips"), id("INBOX"));
    proxy.set(|faults| faults.refuse = true);
    home.run(&["flag", &trip, &inbox]).exits(3);
    // Dovecot lists it still and refuses to open it.
    let dir = server.maildir("alice", "Trips");
    let shut = |mode| std::fs::set_permissions(&dir, PermissionsExt::from_mode(mode)).unwrap();
    shut(0o000);
    proxy.set(|faults| faults.refuse = false);
    home.run(&["sync"]);
    shut(0o700);
    let flags = server.client("alice").flags("INBOX", 1).unwrap();
    assert!(flags.iter().any(|flag| flag == "\\Flagged"), "{flags:?}");
    let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
    let waiting: Vec<&serde_json::Value> = queue["operations"].as_array().unwrap().iter().collect();
    assert_eq!(waiting.len(), 1, "{queue}");
    assert_eq!(waiting[0]["messages"][0].to_string(), trip, "{queue}");
}

#[test]
fn another_processs_flag_shows_by_itself_and_reaches_the_server() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", OLD, &[], None);
    let home = Home::new();
    home.add_account("work", "alice", &server, server.imaps_port(), &[]);
    home.run(&["sync"]).exits(0);
    let mut screen = screen(&home);
    screen.wait_text("online");
    let list = home.run(&["list", "--json"]).exits(0).json();
    let id = list["messages"][0]["id"].to_string();
    home.run(&["flag", &id]).exits(0);
    screen.wait("the flag, confirmed", LIMIT, |screen| {
        let text = screen.contents();
        text.contains(">*N") && !text.contains('~')
    });
    let flags = server.client("alice").flags("INBOX", 1).unwrap();
    assert!(flags.iter().any(|flag| flag == "\\Flagged"), "{flags:?}");
    screen.quit();
}
