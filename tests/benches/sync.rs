//! Against a real server: round trips to the first page, envelopes and whole messages beside a bare
//! client that reads the same answers to nowhere.

use std::fs;
use std::time::{Duration, Instant};

use crate::figures::{Figures, megabytes, millis, seconds, times};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::{Sizes, write_maildir};
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::raw::Raw;

/// Round trips until fifty envelopes of INBOX are in the store.
pub fn round_trips(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(500, 11, Sizes::Small) else {
        return;
    };
    server.client("alice").select("INBOX");
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::new();
    home.add_account(
        "work",
        "alice",
        &server,
        proxy.port(),
        &["--offline", "headers", "--no-test"],
    );
    assert_eq!(proxy.connections(), 0, "--no-test makes no connection");
    // Each answer is late enough for the list to be asked between two of them.
    proxy.set(|faults| faults.delay = Duration::from_millis(400));
    let mut sync = home.spawn(&["sync", "work"]);
    let start = Instant::now();
    // The answer that brings the fifty is late, and the list is asked many times meanwhile: the last
    // count while they are missing is the number of trips that it takes, whatever is asked next.
    let (mut trips, mut there) = (0, false);
    while !there {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no fifty envelopes within a minute"
        );
        let count = proxy.round_trips();
        let run = home.run(&["--json", "list", "inbox", "--limit", "50"]);
        there = run.code == 0 && listed(&run.json()) >= 50;
        if !there {
            trips = count;
            assert!(
                sync.try_wait().unwrap().is_none(),
                "the sync ended without fifty envelopes: {}",
                run.out
            );
        }
    }
    let _ = sync.kill();
    let _ = sync.wait();
    figures.at_most("round trips to the first 50 envelopes stored", trips, 5);
}

fn listed(json: &serde_json::Value) -> usize {
    let messages = json["messages"].as_array().map_or(&[][..], Vec::as_slice);
    messages
        .iter()
        .filter(|message| message["kept"] != "none")
        .count()
}

/// 10,000 envelopes into the store.
pub fn envelopes(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(10_000, 12, Sizes::Small) else {
        return;
    };
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
    let items = fetch_items(&home, "ENVELOPE");
    // Dovecot reads each message once to fill its cache; nobody is measured by that.
    drain_all(&server, &items);
    let (raw, bytes) = drain_all(&server, &items);
    home.forget_mail();
    let run = home.run(&["sync", "work"]).exits(0);
    figures.note(
        "10,000 envelopes: raw client",
        format!("{} ({})", millis(raw), megabytes(bytes)),
    );
    figures.note("10,000 envelopes: lacebark sync", millis(run.wall));
    figures.under(
        "10,000 envelopes against raw",
        run.wall.as_secs_f64() / raw.as_secs_f64(),
        4.0,
        times,
    );
    figures.under(
        "10,000 envelopes: our CPU",
        run.cpu,
        Duration::from_secs(1),
        seconds,
    );
    let count = home.run(&["--json", "mailbox", "list"]).json();
    assert_eq!(
        count["mailboxes"][0]["messages"]
            .as_u64()
            .or(count["mailboxes"][0]["total"].as_u64()),
        Some(10_000),
        "{count}"
    );
}

/// 10,000 whole messages into the store.
pub fn whole_messages(figures: &mut Figures) {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let bytes = write_maildir(
        &server.maildir("alice", "INBOX"),
        server.owner(),
        10_000,
        13,
        Sizes::Whole,
    );
    let home = Home::of_alice(&server, server.imaps_port(), "all");
    let items = "(UID BODY.PEEK[])";
    drain_all(&server, items);
    let (raw, _) = drain_all(&server, items);
    let run = home.run(&["sync", "work"]).exits(0);
    let json = home
        .run(&["--json", "list", "inbox", "--limit", "10000"])
        .exits(0)
        .json();
    let kept = json["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["kept"] == "all");
    assert_eq!(kept.count(), 10_000, "every message is kept whole");
    figures.note("10,000 whole messages: size", megabytes(bytes));
    figures.note("10,000 whole messages: raw client", seconds(raw));
    figures.note(
        "10,000 whole messages: lacebark sync, envelopes too",
        seconds(run.wall),
    );
    figures.under(
        "10,000 whole messages against raw (aim 2)",
        run.wall.as_secs_f64() / raw.as_secs_f64(),
        3.0,
        times,
    );
    figures.under(
        "10,000 whole messages: our CPU",
        run.cpu,
        Duration::from_secs(4),
        seconds,
    );
}

/// Reads the answer to a FETCH of everything to nowhere: how long that took, and its size.
pub fn drain_all(server: &Dovecot, items: &str) -> (Duration, u64) {
    let mut client: Raw = server.client("alice");
    client.select("INBOX");
    let start = Instant::now();
    let bytes = client.drain(&format!("UID FETCH 1:* {items}"));
    (start.elapsed(), bytes)
}

/// The items that the program itself asks for, from its transcript, so that both read the same.
fn fetch_items(home: &Home, with: &str) -> String {
    let transcript = home.path("transcript");
    home.run(&["--transcript", transcript.to_str().unwrap(), "sync", "work"])
        .exits(0);
    let text = fs::read_to_string(transcript).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("FETCH") && line.contains(with) && line.contains("C:"));
    let line = line.unwrap_or_else(|| panic!("no FETCH with {with} in the transcript"));
    let (_, rest) = line.split_once(" (").unwrap();
    let end = rest.rfind(')').unwrap();
    let items = rest[..end].replace("(CHANGEDSINCE", "").trim().to_owned();
    format!("({items})")
}
