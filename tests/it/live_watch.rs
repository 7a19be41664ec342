//! The program on a real terminal against a real server: what a person sees when mail comes, when
//! a key is pressed, and when the server goes and comes back.

use std::time::Duration;

use crate::harness::dovecot::{Dovecot, Options};
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::pty::Terminal;
use crate::harness::{SOON, eventually};

fn letter(subject: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{}@example.org>\r\n\r\nText of {subject}.\r\n",
        subject.replace(' ', ".")
    )
    .into_bytes()
}

/// The index of a running program whose INBOX holds one message, `Rings`, with that UID.
fn screen_of(server: &Dovecot, port: u16) -> (Home, Terminal, u32) {
    let uid = server.deliver("alice", "INBOX", &letter("Rings"), &[], None);
    let home = Home::of_alice(server, port, "all");
    let mut terminal = home.terminal(&[], 24, 80);
    terminal.wait_text("Rings");
    terminal.wait_text("online");
    (home, terminal, uid)
}

fn flags(server: &Dovecot, uid: u32) -> Vec<String> {
    server.client("alice").flags("INBOX", uid).unwrap()
}

#[test]
fn a_key_changes_the_row_and_then_the_server() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let (_home, mut terminal, uid) = screen_of(&server, server.imaps_port());
    terminal.press("*");
    terminal.wait("the star in the row", SOON, |screen| {
        screen
            .contents()
            .lines()
            .any(|line| line.contains("Rings") && line.contains('*'))
    });
    eventually("the flag on the server", SOON, || {
        flags(&server, uid) == ["\\Flagged"]
    });
    terminal.press("\r");
    terminal.wait_text("Text of Rings.");
    eventually("the read mark on the server", SOON, || {
        flags(&server, uid) == ["\\Flagged", "\\Seen"]
    });
    terminal.quit();
}

#[test]
fn new_mail_and_flags_of_others_appear_by_themselves() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let (_home, mut terminal, uid) = screen_of(&server, server.imaps_port());
    server.deliver("alice", "INBOX", &letter("Seed"), &[], None);
    terminal.wait_text("Seed");
    server
        .client("alice")
        .store("INBOX", uid, "+FLAGS", &["\\Flagged"]);
    terminal.wait("the star of another client", SOON, |screen| {
        screen
            .contents()
            .lines()
            .any(|line| line.contains("Rings") && line.contains('*'))
    });
}

#[test]
fn a_key_pressed_off_line_reaches_the_server_when_it_is_back() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    let (home, mut terminal, uid) = screen_of(&server, server.imaps_port());
    server.stop();
    terminal.wait_text("offline");
    terminal.press("\r");
    terminal.wait_text("Text of Rings.");
    terminal.press("*");
    terminal.wait_text("out");
    terminal.quit();
    server.start_again();
    let mut again = home.terminal(&[], 24, 80);
    again.wait_text("Rings");
    eventually("both marks on the server", SOON, || {
        flags(&server, uid) == ["\\Flagged", "\\Seen"]
    });
}

#[test]
fn a_cut_link_comes_back_unaided() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let proxy = Proxy::before(server.imaps_port());
    let (_home, mut terminal, _) = screen_of(&server, proxy.port());
    let before = proxy.connections();
    proxy.cut_now();
    eventually("a new connection", Duration::from_secs(40), || {
        proxy.connections() > before
    });
    server.deliver("alice", "INBOX", &letter("After the cut"), &[], None);
    terminal.wait("mail after the cut", Duration::from_secs(40), |screen| {
        screen.contents().contains("After the cut")
    });
}

#[test]
fn a_server_without_idle_is_asked_by_hand_before_its_time() {
    let hide = vec!["IDLE", "CONDSTORE", "QRESYNC"];
    let Some(server) = Dovecot::with(Options {
        hide,
        ..Options::default()
    }) else {
        return;
    };
    let (_home, mut terminal, _) = screen_of(&server, server.imaps_port());
    server.deliver("alice", "INBOX", &letter("Asked for"), &[], None);
    terminal.press("\x12");
    // By itself INBOX is looked at each 30 s only.
    terminal.wait("what came", Duration::from_secs(25), |screen| {
        screen.contents().contains("Asked for")
    });
}

#[test]
fn the_terminal_is_put_back_by_the_end_and_by_a_signal() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    for signal in [
        None,
        Some(rustix::process::Signal::TERM),
        Some(rustix::process::Signal::HUP),
    ] {
        let (_home, mut terminal, _) = screen_of(&server, server.imaps_port());
        assert!(
            terminal.screen().alternate_screen(),
            "the screen of the program is an alternate one"
        );
        match signal {
            None => drop(terminal.press("q")),
            Some(signal) => {
                let pid =
                    rustix::process::Pid::from_raw(i32::try_from(terminal.pid()).unwrap()).unwrap();
                rustix::process::kill_process(pid, signal).unwrap();
            }
        }
        terminal.exit_code(SOON);
        assert!(
            !terminal.screen().alternate_screen(),
            "{signal:?} leaves the alternate screen on"
        );
        assert!(
            !terminal.screen().hide_cursor(),
            "{signal:?} leaves no cursor"
        );
        assert!(
            !terminal.screen().bracketed_paste(),
            "{signal:?} leaves bracketed paste on"
        );
    }
}
