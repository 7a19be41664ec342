//! SAFETY under load: large messages, and disks that fail at any write.

use std::fs;
use std::time::{Duration, Instant};

use crate::harness::program::Home;
use crate::safety_run::{OneMessage, filled};
use crate::safety_wire::{home_of, peak};

const SIZE: usize = 50 << 20;
const LIMIT: Duration = Duration::from_secs(60);

/// Messages of 50 MB whose first words are the same: one long text, and an attachment.
fn large() -> [(&'static str, Vec<u8>); 2] {
    let line = "The path under the pines is dry again, and the bench has a new board.\r\n";
    let head = "Subject: fifty megabytes\r\nMessage-ID: <large@x>\r\nMIME-Version: 1.0\r\n";
    let text = format!(
        "{head}Content-Type: text/plain\r\n\r\nOpening words\r\n{}",
        line.repeat(SIZE / line.len())
    );
    let coded = "QmFyayBhbmQgbmVlZGxlcywgYmFyayBhbmQgbmVlZGxlcywgYmFyayBhbmQgbmVlZGxlcywh\r\n";
    let attached = format!(
        "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\
         \r\nOpening words\r\n--b\r\nContent-Type: application/octet-stream; name=backup.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--b--\r\n",
        coded.repeat(SIZE / coded.len())
    );
    [("text", text.into()), ("attachment", attached.into())]
}

/// Less than twice the message, program and all.
fn is_bounded(what: &str, pid: u32) {
    let most = peak(&pid.to_string()).unwrap();
    assert!(most > 4 << 20, "{what}: {most} octets is no program");
    assert!((most as usize) < 2 * SIZE, "{what}: {} MiB", most >> 20);
}

/// Opens the only message on a screen, goes to its end and to its parts.
fn look(home: &Home, args: &[&str], what: &str) {
    let mut screen = home.terminal(args, 24, 80);
    screen.wait_text("fifty megabytes");
    screen.settle(Duration::from_millis(200));
    let pressed = screen.press("\r");
    let shown = screen.wait_text("Opening words");
    let spent = shown.saturating_duration_since(pressed);
    // Test builds are slower than what people run; the benches tell the figure.
    assert!(spent < Duration::from_secs(10), "{what}: {spent:?}");
    for key in [" ", " ", "\u{1b}[F", "v"] {
        screen.press(key);
        screen.settle(Duration::from_millis(400));
    }
    is_bounded(what, screen.pid());
    screen.press("q");
    screen.exit_code(LIMIT);
}

#[test]
fn m6_a_message_of_50_mb_is_shown_in_less_than_twice_its_size() {
    for (kind, bytes) in large() {
        let home = filled(std::slice::from_ref(&bytes));
        look(&home, &[], &format!("{kind} in the store"));
        let path = home.path("large.eml");
        fs::write(&path, &bytes).unwrap();
        let open = ["open", path.to_str().unwrap()];
        look(&Home::new(), &open, &format!("{kind} in a file"));
    }
}

#[test]
fn m6_a_message_of_50_mb_is_fetched_in_less_than_twice_its_size() {
    let [_, (_, bytes)] = large();
    let one = OneMessage::new(&String::from_utf8(bytes).unwrap());
    let server = one.serve();
    let home = home_of(&server);
    let mut sync = home.spawn(&["sync", "work"]);
    let (start, mut most) = (Instant::now(), 0);
    // The peak is of the past: what is read just before the end misses nothing large.
    while sync.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < LIMIT, "the sync does not end");
        most = most.max(peak(&sync.id().to_string()).unwrap_or(0));
    }
    assert!((4 << 20..2 * SIZE as u64).contains(&most), "{most} octets");
    let kept = home.run(&["--json", "list", "inbox"]).exits(0).json();
    assert_eq!(kept["messages"][0]["kept"], "all", "{kept}");
}
