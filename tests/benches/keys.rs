//! From the key at the pseudo-terminal to the bytes of the frame.

use std::time::{Duration, Instant};

use crate::figures::{Figures, median, millis, quantile};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::{Sizes, write_maildir};
use crate::harness::program::Home;
use crate::harness::pty::Terminal;

/// In an index of 10,000 messages, with nothing else going on.
pub fn quiet(figures: &mut Figures) {
    let Some(server) = Dovecot::start() else {
        return;
    };
    write_maildir(
        &server.maildir("alice", "INBOX"),
        server.owner(),
        10_000,
        14,
        Sizes::Small,
    );
    let home = Home::new();
    home.add_account(
        "work",
        "alice",
        &server,
        server.imaps_port(),
        &["--offline", "headers"],
    );
    home.run(&["sync", "work"]).exits(0);
    let mut terminal = home.terminal(&[], 24, 80);
    first_index(&mut terminal);
    terminal.settle(Duration::from_secs(2));
    let mut samples = walk(&mut terminal, 1_000);
    figures.under(
        "key to frame at 10,000 messages, at the pty: median",
        median(&mut samples),
        Duration::from_micros(500),
        millis,
    );
    figures.under(
        "key to frame at 10,000 messages, at the pty: p99",
        quantile(&mut samples, 0.99),
        Duration::from_millis(3),
        millis,
    );
}

/// While 100,000 messages come in; server and sync threads run at a lower priority.
pub fn while_syncing(figures: &mut Figures) {
    let Some(server) = Dovecot::start() else {
        return;
    };
    write_maildir(
        &server.maildir("alice", "INBOX"),
        server.owner(),
        100_000,
        15,
        Sizes::Small,
    );
    let home = Home::new();
    home.add_account(
        "work",
        "alice",
        &server,
        server.imaps_port(),
        &["--offline", "headers"],
    );
    server.client("alice").select("INBOX");
    server.nice();
    let mut terminal = home.terminal(&[], 24, 80);
    first_index(&mut terminal);
    let mut samples = walk(&mut terminal, 2_000);
    let slowest = samples.iter().max().copied().unwrap_or_default();
    figures.under(
        "the same while 100,000 sync: p99 at the pty",
        quantile(&mut samples, 0.99),
        Duration::from_millis(16),
        millis,
    );
    figures.note(
        "the same while 100,000 sync: median, slowest",
        format!("{}, {}", millis(median(&mut samples)), millis(slowest)),
    );
}

/// Waits for an index with rows in it.
pub fn first_index(terminal: &mut Terminal) -> Instant {
    terminal.wait("an index with rows", Duration::from_secs(60), |screen| {
        let text = screen.contents();
        text.contains("INBOX")
            && text
                .lines()
                .skip(1)
                .take(20)
                .filter(|line| line.trim().len() > 30)
                .count()
                >= 10
    })
}

/// Walks down and up with a key at a time, and hands back how long each frame took.
fn walk(terminal: &mut Terminal, keys: usize) -> Vec<Duration> {
    let mut samples = Vec::with_capacity(keys);
    for step in 0..keys {
        let key = if (step / 15) % 2 == 0 {
            "\x1b[B"
        } else {
            "\x1b[A"
        };
        while terminal.next_output(Duration::ZERO).is_some() {}
        let pressed = terminal.press(key);
        if let Some(seen) = terminal.next_output(Duration::from_secs(2)) {
            samples.push(seen.saturating_duration_since(pressed));
        }
        // A person's pace is slower; this one keeps the screen free of queued keys.
        std::thread::sleep(Duration::from_millis(3));
    }
    assert!(
        samples.len() > keys * 9 / 10,
        "only {} of {keys} keys drew something\n{}",
        samples.len(),
        terminal.text()
    );
    samples
}
