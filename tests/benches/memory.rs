//! What a running program holds and does while nobody does anything.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::figures::{Figures, megabytes, millis};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::Sizes;
use crate::harness::program::Home;
use crate::keys::first_index;

/// A fresh start with 100,000 messages, 1,000 rows paged through; then thirty idle seconds.
pub fn all(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(100_000, 16, Sizes::Small) else {
        return;
    };
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
    let run = home.run(&["sync", "work"]).exits(0);
    figures.note("100,000 envelopes by lacebark sync", millis(run.wall));
    let mut terminal = home.terminal(&[], 24, 80);
    first_index(&mut terminal);
    for _ in 0..50 {
        terminal.press(" ");
        terminal.next_output(Duration::from_secs(1));
    }
    terminal.settle(Duration::from_secs(5));
    let pid = terminal.pid();
    figures.under(
        "RssAnon with 100,000 messages, 1,000 rows paged",
        rss_anon(pid),
        40_000_000,
        megabytes,
    );
    let (switches, cpu) = activity(pid);
    thread::sleep(Duration::from_secs(30));
    let (switches_after, cpu_after) = activity(pid);
    figures.at_most(
        "idle 30 s: voluntary switches",
        switches_after - switches,
        10,
    );
    figures.under(
        "idle 30 s: CPU",
        cpu_after - cpu,
        Duration::from_millis(5),
        millis,
    );
}

fn rss_anon(pid: u32) -> u64 {
    status_number(&format!("/proc/{pid}/status"), "RssAnon:") * 1024
}

/// Voluntary switches and CPU time of all threads of a process.
fn activity(pid: u32) -> (u64, Duration) {
    let mut switches = 0;
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let task = task.unwrap().path();
        switches += status_number(
            &task.join("status").to_string_lossy(),
            "voluntary_ctxt_switches:",
        );
        let schedule = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        nanos += schedule
            .split(' ')
            .next()
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or(0);
    }
    (switches, Duration::from_nanos(nanos))
}

/// A number of a file of `/proc`.
pub fn status_number(path: &str, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap_or("0");
    line.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
