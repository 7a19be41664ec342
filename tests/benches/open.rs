//! From Enter on a kept message to its first screen.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::figures::{Figures, millis};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::Dice;
use crate::harness::program::Home;
use crate::harness::pty::Terminal;
use crate::keys::first_index;

/// A letter of 30 KB, a message of 50 MB, and a newsletter of 500 KB.
pub fn all(figures: &mut Figures) {
    let Some(server) = Dovecot::start() else {
        return;
    };
    for number in 0..12 {
        server.deliver(
            "alice",
            "INBOX",
            letter(number, 2_000).as_bytes(),
            &["\\Seen"],
            Some(&date(number)),
        );
    }
    let home = Home::of_alice(&server, server.imaps_port(), "all");
    let cases = [
        (
            "open a kept message of 30 KB",
            letter(90, 30_000),
            Duration::from_millis(20),
        ),
        (
            "first screen of a 50 MB message",
            huge(),
            Duration::from_millis(200),
        ),
        (
            "first screen of a 500 KB HTML mail",
            newsletter(),
            Duration::from_millis(150),
        ),
    ];
    for (number, (what, message, budget)) in (20..).zip(cases) {
        // The newest message is the one under the cursor of a fresh start.
        server.deliver(
            "alice",
            "INBOX",
            message.as_bytes(),
            &[],
            Some(&date(number)),
        );
        home.run(&["sync", "work"]).exits(0);
        let mut terminal = home.terminal(&[], 24, 80);
        first_index(&mut terminal);
        terminal.settle(Duration::from_secs(1));
        let pressed = terminal.press("\r");
        let seen = terminal.wait(
            "the text of the message",
            Duration::from_secs(30),
            |screen| screen.contents().contains("Opening words"),
        );
        figures.under(
            what,
            seen.saturating_duration_since(pressed),
            budget,
            millis,
        );
        if what.contains("HTML") {
            let last = last_words(&message);
            let seen = to_the_end(&mut terminal, &last);
            figures.under(
                "the rest of it, off the UI thread",
                seen.saturating_duration_since(pressed),
                Duration::from_secs(1),
                millis,
            );
        }
    }
}

/// The last line of the list of links below the text of [`newsletter`], which ends at a thousand.
fn last_words(newsletter: &str) -> String {
    let links = newsletter.matches("<a href").count().min(1_000);
    format!("[{links}] https://news.example.com/{links}")
}

/// Goes to the end again and again, as a person does, until the end is there.
fn to_the_end(terminal: &mut Terminal, last: &str) -> Instant {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        terminal.press("\x1b[F");
        while let Some(seen) = terminal.next_output(Duration::from_millis(20)) {
            if terminal.text().contains(last) {
                return seen;
            }
        }
        assert!(Instant::now() < until, "no {last}\n{}", terminal.text());
    }
}

fn date(number: u32) -> String {
    format!("{:02}-Nov-2026 08:00:00 +0000", 1 + number % 28)
}

fn head(subject: &str) -> String {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{}@example.org>\r\nMIME-Version: 1.0\r\n",
        subject.replace(' ', ".")
    )
}

fn letter(number: u32, size: usize) -> String {
    let mut text = head(&format!("A letter {number}"));
    text.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\nOpening words\r\n");
    while text.len() < size {
        text.push_str("The path under the pines is dry again, and the bench has a new board.\r\n");
    }
    text
}

fn huge() -> String {
    let mut dice = Dice::new(5);
    let bytes: Vec<u8> = (0..38_000_000 / 8)
        .flat_map(|_| dice.roll().to_le_bytes())
        .collect();
    let encoded = BASE64.encode(bytes);
    let mut text = head("Fifty megabytes");
    text.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nOpening words\r\n--b\r\n");
    text.push_str("Content-Type: application/octet-stream; name=backup.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for line in encoded.as_bytes().chunks(76) {
        text.push_str(std::str::from_utf8(line).unwrap());
        text.push_str("\r\n");
    }
    text.push_str("--b--\r\n");
    text
}

fn newsletter() -> String {
    let mut text = head("A long newsletter");
    text.push_str(
        "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Opening words</p>\r\n",
    );
    let mut number = 0;
    while text.len() < 500_000 {
        number += 1;
        text.push_str(&format!(
            "<table><tr><td><h3>Item {number}</h3><p>Bark, needles and <b>cones</b> of the week, with a \
             <a href=\"https://news.example.com/{number}\">link</a>.</p></td></tr></table>\r\n"
        ));
    }
    text.push_str("</body></html>\r\n");
    text
}
