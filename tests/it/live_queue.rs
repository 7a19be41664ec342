//! The Queue screen against a real server that goes away and comes back.

use crate::harness::dovecot::Dovecot;
use crate::harness::program::Home;
use crate::harness::{SOON, eventually};

const TICKETS: &[u8] = b"From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\n\
Subject: Train tickets\r\nDate: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <a@b>\r\n\r\n\
The tickets are in the drawer.\r\n";
const ALT_O: &str = "\x1bo";
const CONTROL_R: &str = "\x12";

#[test]
fn what_waits_for_a_server_is_in_the_queue_and_is_taken_back_or_sent() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    let uid = server.deliver("alice", "INBOX", TICKETS, &[], None);
    let home = Home::of_alice(&server, server.imaps_port(), "all");
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait_text("Train tickets");
    screen.wait_text("online");
    server.stop();
    screen.wait_text("offline since");
    screen.press("*");
    screen.wait_text("1 out");
    screen.press(ALT_O);
    screen.wait_text("Mark \"Train tickets\" important");
    screen.wait_text("Waits for the connection.");
    screen.press("x");
    screen.wait_text("Nothing waits: every change has reached its server.");
    screen.wait_text("0 out");
    // Taken back, the row has no star, so that the key sets it again.
    screen.press("<*");
    screen.wait_text("1 out");
    screen.press(ALT_O);
    screen.wait_text("Mark \"Train tickets\" important");
    server.start_again();
    screen.press(CONTROL_R);
    screen.wait_text("Nothing waits: every change has reached its server.");
    eventually("the flag on the server", SOON, || {
        server.client("alice").flags("INBOX", uid).unwrap() == ["\\Flagged"]
    });
    screen.quit();
}
