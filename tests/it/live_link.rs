//! A link that stalls, is cut, drops its packets or sleeps, seen from the screen.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::dovecot::Dovecot;
use crate::harness::lacebark;
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::pty::Terminal;

const LIMIT: Duration = Duration::from_secs(30);

fn mail(subject: &str, lines: usize) -> Vec<u8> {
    let mut text = format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <{subject}@b>\r\n\r\n"
    );
    for line in 0..lines {
        text.push_str(&format!("Line {line} of {subject}, which says little.\r\n"));
    }
    text.into_bytes()
}

/// The screen of an account whose link goes through a proxy, on line and at rest.
fn on_line(server: &Dovecot, proxy: &Proxy) -> (Home, Terminal) {
    let home = Home::of_alice(server, proxy.port(), "headers");
    let env = home.env();
    let env: Vec<(&str, &Path)> = env
        .iter()
        .map(|(name, path)| (*name, path.as_path()))
        .collect();
    let mut screen = Terminal::start(lacebark(), &[], &env, 24, 80);
    screen.wait("on line", LIMIT, |screen| {
        screen.contents().contains("online")
    });
    (home, screen)
}

fn end(mut screen: Terminal) {
    screen.press("Q");
    assert_eq!(screen.exit_code(LIMIT), 0);
}

/// Polls what the proxy saw; nothing tells of it.
fn within(limit: Duration, what: &str, seen: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !seen() {
        assert!(begun.elapsed() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}

#[test]
fn r17_ctrl_c_closes_a_fetch_that_stalls_in_its_literal_and_connects_again_at_once() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", &mail("long", 8_000), &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let (_home, mut screen) = on_line(&server, &proxy);
    screen.wait_text("long");
    let (left, made) = (proxy.left(), proxy.connections());
    proxy.set(|faults| faults.stall_at = Some(proxy.bytes_down() + 60_000));
    screen.press("\r");
    screen.wait_text("from server");
    within(LIMIT, "nothing stalled", || proxy.stalled() == 1);
    screen.press("\x03");
    let took = within(LIMIT, "the link stays", || proxy.left() > left);
    println!("^C to the closed link: {took:?}");
    assert!(took < Duration::from_millis(200), "{took:?}");
    let took = within(LIMIT, "no new link", || proxy.connections() == made + 1);
    assert!(took < Duration::from_millis(500), "{took:?}");
    screen.wait("on line again", LIMIT, |screen| {
        let text = screen.contents();
        assert!(!text.contains("offline since"), "{text}");
        text.contains("^R fetches it")
    });
    screen.press("\x12");
    screen.wait_text("Line 0 of long");
    end(screen);
}

#[test]
fn r16_a_link_that_is_closed_is_told_within_a_second_and_made_anew() {
    is_told("FIN", Proxy::cut_now);
}

#[test]
fn r16_a_link_that_is_reset_is_told_within_a_second_and_made_anew() {
    is_told("RST", Proxy::reset_now);
}

fn is_told(how: &str, end_links: fn(&Proxy)) {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", &mail("first", 3), &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let (_home, mut screen) = on_line(&server, &proxy);
    proxy.set(|faults| faults.refuse = true);
    let cut = Instant::now();
    end_links(&proxy);
    let told = screen.wait("off line", LIMIT, |screen| {
        screen.contents().contains("offline")
    });
    let took = told - cut;
    println!("{how} to the word on the screen: {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    server.deliver("alice", "INBOX", &mail("second", 3), &[], None);
    proxy.set(|faults| faults.refuse = false);
    let flows = Instant::now();
    let seen = screen.wait("new mail", LIMIT, |screen| {
        screen.contents().contains("second")
    });
    assert!(seen - flows < Duration::from_secs(10), "{:?}", seen - flows);
    end(screen);
}

/// The process is stopped, as by a lid on a machine without suspend, and its link dies meanwhile.
#[test]
fn r16_a_process_that_was_stopped_finds_its_link_dead_and_new_mail_at_once() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    // A look at the clocks that is half a minute late tells of it; hours are played with a clock
    // of our own elsewhere.
    let long = std::env::var_os("LACEBARK_LONG").is_some();
    server.deliver("alice", "INBOX", &mail("first", 3), &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let (_home, mut screen) = on_line(&server, &proxy);
    let signal = |name: &str| {
        let pid = screen.pid().to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &pid])
            .status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    if long {
        // Packets are dropped while it sleeps, and nobody tells.
        proxy.set(|faults| faults.silent = true);
        std::thread::sleep(Duration::from_secs(42));
    } else {
        proxy.cut_now();
    }
    server.deliver("alice", "INBOX", &mail("second", 3), &[], None);
    proxy.set(|faults| faults.silent = false);
    signal("-CONT");
    let woken = Instant::now();
    let seen = screen.wait("new mail", LIMIT, |screen| {
        screen.contents().contains("second")
    });
    println!("woken to new mail: {:?}", seen - woken);
    assert!(seen - woken < Duration::from_secs(10), "{:?}", seen - woken);
    end(screen);
}

/// The figure has its bench; here it is held.
#[test]
fn thirty_idle_seconds_switch_ten_times_at_most() {
    if std::env::var_os("LACEBARK_LONG").is_none() {
        eprintln!("skipped: 30 idle seconds are waited for with --long only");
        return;
    }
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", &mail("first", 3), &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let (_home, mut screen) = on_line(&server, &proxy);
    screen.settle(Duration::from_secs(5));
    let before = switches(screen.pid());
    std::thread::sleep(Duration::from_secs(30));
    let count = switches(screen.pid()) - before;
    println!("voluntary switches in 30 idle seconds: {count}");
    assert!(count <= 10, "{count}");
    end(screen);
}

/// Voluntary switches of all threads of a process.
fn switches(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of = |task: std::fs::DirEntry| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|count| count.trim().parse::<u64>().ok())
    };
    tasks.flatten().filter_map(of).sum()
}

/// Packets are dropped both ways while the link idles, for longer than a NAT remembers it.
#[test]
fn r16_dropped_packets_are_off_line_in_90_seconds_and_mail_comes_in_10_after_them() {
    if std::env::var_os("LACEBARK_LONG").is_none() {
        eprintln!("skipped: 90 seconds of silence are waited for with --long only");
        return;
    }
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", &mail("first", 3), &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let (_home, mut screen) = on_line(&server, &proxy);
    proxy.set(|faults| faults.silent = true);
    let dropped = Instant::now();
    let told = screen.wait("off line", Duration::from_secs(100), |screen| {
        screen.contents().contains("offline")
    });
    println!("silence to the word on the screen: {:?}", told - dropped);
    assert!(
        told - dropped <= Duration::from_secs(90),
        "{:?}",
        told - dropped
    );
    server.deliver("alice", "INBOX", &mail("second", 3), &[], None);
    proxy.set(|faults| faults.silent = false);
    let flows = Instant::now();
    let seen = screen.wait("new mail", LIMIT, |screen| {
        screen.contents().contains("second")
    });
    println!("packets to new mail: {:?}", seen - flows);
    assert!(
        seen - flows <= Duration::from_secs(10),
        "{:?}",
        seen - flows
    );
    end(screen);
}

#[test]
fn a_part_and_a_save_that_were_asked_for_off_line_need_no_second_key() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let mixed = b"From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: papers\r\n\
Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <papers@b>\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n\
See the paper.\r\n--x\r\nContent-Type: text/plain; name=paper.txt\r\n\
Content-Disposition: attachment; filename=paper.txt\r\n\r\nInk on paper.\r\n--x--\r\n";
    server.deliver("alice", "INBOX", mixed, &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(&server, proxy.port(), "headers");
    home.run(&["sync"]).exits(0);
    proxy.set(|faults| faults.refuse = true);
    let mut screen = home.terminal(&[], 24, 80);
    screen.wait("off line", LIMIT, |screen| {
        screen.contents().contains("offline since")
    });
    screen.press("V");
    screen.wait_text("paper.txt");
    screen.press("\x1b[B");
    screen.press("S");
    screen.settle(Duration::from_millis(300));
    let to = home.path("saved.txt");
    screen.press(&format!("\x15{}\r", to.display()));
    screen.wait_text("online.");
    assert!(!to.exists());
    proxy.set(|faults| faults.refuse = false);
    screen.wait("the file", LIMIT, |screen| {
        screen.contents().contains("Saved")
    });
    let saved = std::fs::read_to_string(&to).unwrap();
    assert!(saved.starts_with("Ink on paper."), "{saved}");
    end(screen);
}
