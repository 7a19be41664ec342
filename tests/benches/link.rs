//! How long the truth about a link takes to the screen.

use std::time::{Duration, Instant};

use crate::figures::{Figures, median, millis, seconds};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::Sizes;
use crate::harness::program::Home;
use crate::harness::proxy::Proxy;
use crate::harness::pty::Terminal;
use crate::keys::first_index;

const LIMIT: Duration = Duration::from_secs(60);
const TRIP: Duration = Duration::from_millis(50);

/// New mail, and links that are cut or fall silent.
pub fn all(figures: &mut Figures) {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", &mail("first"), &[], None);
    new_mail(figures, &server);
    for (how, end_links) in [
        ("FIN", Proxy::cut_now as fn(&Proxy)),
        ("RST", Proxy::reset_now),
    ] {
        cut(figures, &server, how, end_links);
    }
    silence(figures, &server);
    while_bodies_come(figures);
}

fn mail(subject: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 08:02:00 +0000\r\nMessage-ID: <{subject}@b>\r\n\r\nShort.\r\n"
    )
    .into_bytes()
}

fn wait_for(screen: &mut Terminal, limit: Duration, words: &str) -> Instant {
    screen.wait(words, limit, |screen| screen.contents().contains(words))
}

/// In clear, so that the line can be seen on the wire; each answer is held up for a round trip.
fn new_mail(figures: &mut Figures, server: &Dovecot) {
    let proxy = Proxy::before(server.imap_port());
    let home = Home::new();
    let url = format!("imap+plain://alice@127.0.0.1:{}", proxy.port());
    home.add_account_at("work", "alice", server, &url, &[]);
    let mut screen = home.terminal(&[], 24, 80);
    wait_for(&mut screen, LIMIT, "online");
    for (trip, name) in [(Duration::ZERO, "none"), (TRIP, "50 ms")] {
        proxy.set(|faults| {
            faults.delay = trip;
            faults.watch_for = Some(b" EXISTS");
        });
        let mut times = Vec::new();
        for n in 0..10 {
            screen.settle(Duration::from_millis(300));
            proxy.heard();
            let subject = format!("fresh{}x{n}", trip.as_millis());
            server.deliver("alice", "INBOX", &mail(&subject), &[], None);
            let row = wait_for(&mut screen, LIMIT, &subject);
            let Some(exists) = proxy.heard() else {
                return figures.note("new mail", "its EXISTS was not seen on the wire");
            };
            // What comes unasked is not held up.
            times.push(row - exists);
        }
        let worst = times.iter().max().copied().unwrap_or_default();
        let what = |which: &str| format!("new mail, EXISTS to row, round trip {name}, {which}");
        let budget = Duration::from_millis(100) + trip;
        figures.under(what("median"), median(&mut times), budget, millis);
        figures.under(what("worst of 10"), worst, budget, millis);
    }
    screen.press("Q");
}

fn cut(figures: &mut Figures, server: &Dovecot, how: &str, end_links: fn(&Proxy)) {
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(server, proxy.port(), "headers");
    let mut screen = home.terminal(&[], 24, 80);
    wait_for(&mut screen, LIMIT, "online");
    proxy.set(|faults| faults.refuse = true);
    let begun = Instant::now();
    end_links(&proxy);
    let told = wait_for(&mut screen, LIMIT, "offline");
    let budget = Duration::from_secs(1);
    figures.under(
        format!("cut link noticed, {how}, at the pty"),
        told - begun,
        budget,
        millis,
    );
    screen.press("Q");
}

fn silence(figures: &mut Figures, server: &Dovecot) {
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(server, proxy.port(), "headers");
    let mut screen = home.terminal(&[], 24, 80);
    wait_for(&mut screen, LIMIT, "online");
    proxy.set(|faults| faults.silent = true);
    let begun = Instant::now();
    let told = wait_for(&mut screen, Duration::from_secs(100), "offline");
    let budget = Duration::from_secs(90);
    figures.under(
        "cut link noticed, silence, at the pty",
        told - begun,
        budget,
        seconds,
    );
    server.deliver("alice", "INBOX", &mail("after"), &[], None);
    proxy.set(|faults| faults.silent = false);
    let begun = Instant::now();
    let seen = wait_for(&mut screen, LIMIT, "after");
    let budget = Duration::from_secs(10);
    figures.under(
        "packets flow again to new mail",
        seen - begun,
        budget,
        seconds,
    );
    screen.press("Q");
}

/// A text that is not here is opened while all bodies are being fetched over a line of 4 MB/s.
fn while_bodies_come(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(3_000, 23, Sizes::Whole) else {
        return;
    };
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(&server, proxy.port(), "headers");
    home.run(&["sync", "work"]).exits(0);
    let settings = std::fs::read_to_string(home.path("config.toml")).unwrap();
    let settings = settings.replace("\"headers\"", "\"all\"");
    std::fs::write(home.path("config.toml"), settings).unwrap();
    proxy.set(|faults| faults.rate = Some(4_000_000));
    let mut screen = home.terminal(&[], 24, 80);
    first_index(&mut screen);
    // The other end of what is being fetched.
    screen.press("\x1b[H");
    screen.settle(Duration::from_millis(500));
    let mut times = Vec::new();
    for _ in 0..10 {
        let asked = screen.press("\r");
        let shown = screen.wait("the text", LIMIT, |screen| {
            let text = screen.contents();
            text.contains("Subject :")
                && !text.contains("from server")
                && !text.contains("Not kept")
        });
        times.push(shown - asked);
        screen.press("i");
        screen.settle(Duration::from_millis(200));
        screen.press("\x1b[B");
        screen.settle(Duration::from_millis(200));
    }
    let left = 3_000 * 32_000 > proxy.bytes_down();
    let worst = times.iter().max().copied().unwrap_or_default();
    let what = |which: &str| format!("a text opened while all bodies come at 4 MB/s, {which}");
    figures.note(what("median"), millis(median(&mut times)));
    figures.note(what("worst of 10"), millis(worst));
    figures.note("bodies were still coming at the end", left);
    screen.press("Q");
}
