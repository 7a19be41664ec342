//! From the key at the pseudo-terminal to the bytes of the frame.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::figures::{Figures, median, millis, quantile};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::Sizes;
use crate::harness::lacebark;
use crate::harness::program::Home;
use crate::harness::pty::Terminal;

/// In an index of 10,000 messages, with nothing else going on.
pub fn quiet(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(10_000, 14, Sizes::Small) else {
        return;
    };
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
    home.run(&["sync", "work"]).exits(0);
    let mut watched = Watched::start(&home);
    watched.terminal.settle(Duration::from_secs(2));
    let mut seen = watched.walk(1_000);
    figures.under(
        "key to frame at 10,000 messages, at the pty: median",
        median(&mut seen.pty),
        Duration::from_micros(500),
        millis,
    );
    figures.under(
        "key to frame at 10,000 messages, at the pty: p99",
        quantile(&mut seen.pty, 0.99),
        Duration::from_millis(3),
        millis,
    );
    seen.note(figures, "key to frame at 10,000 messages");
}

/// Actions in an index of 10,000, each of which is journalled and sent: on the message at the cursor,
/// and on 1,000 that are selected.
pub fn actions(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(10_000, 18, Sizes::Small) else {
        return;
    };
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
    home.run(&["sync", "work"]).exits(0);
    for (what, keys) in [
        ("flag", ["*", "\x1b[B"]),
        ("delete", ["d", "d"]),
        ("archive", ["y", "y"]),
        ("delete and undo", ["d", "u"]),
    ] {
        let mut watched = Watched::start(&home);
        watched.terminal.settle(Duration::from_secs(1));
        let mut seen = watched.press_each(300, |step| keys[step % 2]);
        let what = format!("{what}: key to frame at 10,000 messages");
        seen.compare(figures, &what);
    }
    select_newest(&server, SELECTED);
    home.run(&["sync", "work"]).exits(0);
    for (what, keys) in [
        ("flag", &["*", "*"][..]),
        ("delete and undo", &["d", "u"]),
        ("archive and undo", &["y", "u"]),
    ] {
        let mut watched = Watched::start(&home);
        watched.terminal.settle(Duration::from_secs(1));
        let mut seen = watched.press_for_selected(25, keys);
        let what = format!("{what} of 1,000 selected: key to frame at 10,000 messages");
        seen.compare(figures, &what);
    }
}

/// So many messages are selected at once.
const SELECTED: usize = 1_000;

/// The newest messages are new, and no others: that is what `;` can select.
fn select_newest(server: &Dovecot, count: usize) {
    let mut other = server.client("alice");
    let uids = other.uids("INBOX");
    let first = uids[uids.len() - count];
    other.select("INBOX");
    other.ok("UID STORE 1:* +FLAGS.SILENT (\\Seen)");
    other.ok(&format!("UID STORE {first}:* -FLAGS.SILENT (\\Seen)"));
    other.logout();
}

/// While 100,000 messages come in; server and sync threads run at a lower priority.
pub fn while_syncing(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(100_000, 15, Sizes::Small) else {
        return;
    };
    let home = Home::of_alice(&server, server.imaps_port(), "headers");
    server.client("alice").select("INBOX");
    server.nice();
    let mut watched = Watched::start(&home);
    let mut seen = watched.walk(2_000);
    figures.note(
        "the same while 100,000 sync: messages here at the last key",
        here(&home),
    );
    figures.under(
        "the same while 100,000 sync: p99 at the pty",
        quantile(&mut seen.pty, 0.99),
        Duration::from_millis(16),
        millis,
    );
    figures.under(
        "the same while 100,000 sync: p99 from event to bytes written",
        quantile(&mut seen.inside, 0.99),
        Duration::from_millis(3),
        millis,
    );
    figures.under(
        "the same while 100,000 sync: longest from event to bytes written",
        quantile(&mut seen.inside, 1.0),
        Duration::from_millis(16),
        millis,
    );
    seen.note(figures, "the same while 100,000 sync");
}

/// How many messages are in the store now: below 100,000 the sync still ran at the last key.
fn here(home: &Home) -> String {
    let json = home.run(&["--json", "mailbox", "list"]).json();
    json["mailboxes"][0]["total"].to_string()
}

/// The program on a terminal with its frame log, and beside it `cat` on another one: what the
/// machine itself takes for a key to come back, while other programs run.
struct Watched<'a> {
    home: &'a Home,
    terminal: Terminal,
    echo: Terminal,
}

/// How long keys took.
struct Seen {
    /// From the key to the first byte of the frame, outside.
    pty: Vec<Duration>,
    /// From the key's event to the last byte of the frame, inside.
    inside: Vec<Duration>,
    /// From a key to its echo by `cat`.
    echo: Vec<Duration>,
    /// How long the thread of the screen was ready and other programs had the cores.
    waited: Duration,
}

impl Seen {
    /// An action is in the frame that follows its key.
    fn compare(&mut self, figures: &mut Figures, what: &str) {
        figures.under(
            format!("{what}, at the pty: p99"),
            quantile(&mut self.pty, 0.99),
            Duration::from_millis(5),
            millis,
        );
        self.note(figures, what);
    }

    fn note(&mut self, figures: &mut Figures, what: &str) {
        let three = |samples: &mut Vec<Duration>| {
            format!(
                "{}, {}, {}",
                millis(median(samples)),
                millis(quantile(samples, 0.99)),
                millis(quantile(samples, 1.0))
            )
        };
        figures.note(
            format!("{what}: median, p99, longest at the pty"),
            three(&mut self.pty),
        );
        figures.note(
            format!("{what}: median, p99, longest inside"),
            three(&mut self.inside),
        );
        figures.note(
            format!("{what}: an echo by cat beside it"),
            three(&mut self.echo),
        );
        figures.note(
            format!("{what}: in all, the screen's thread waited for a core"),
            millis(self.waited),
        );
    }
}

impl Watched<'_> {
    fn start(home: &Home) -> Watched<'_> {
        let log = home.path("frames");
        let mut env = home.env();
        env.push(("LACEBARK_FRAME_LOG", log));
        let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
        let mut terminal = Terminal::start(lacebark(), &[], &env, 24, 80);
        first_index(&mut terminal);
        let script = ["-c", "stty raw -echo; echo ready; exec cat"];
        let mut echo = Terminal::start(Path::new("/bin/sh"), &script, &[], 24, 80);
        echo.wait_text("ready");
        echo.settle(Duration::from_millis(100));
        Watched {
            home,
            terminal,
            echo,
        }
    }

    /// Walks down and up with a key at a time, then quits.
    fn walk(&mut self, keys: usize) -> Seen {
        self.press_each(keys, |step| match (step / 15) % 2 {
            0 => "\x1b[B",
            _ => "\x1b[A",
        })
    }

    /// Presses a key at a time, then quits.
    fn press_each(&mut self, keys: usize, key: impl Fn(usize) -> &'static str) -> Seen {
        let (mut pty, mut echo) = (Vec::with_capacity(keys), Vec::new());
        let before = core_wait(self.terminal.pid());
        for step in 0..keys {
            pty.extend(one(&mut self.terminal, key(step)));
            // A person's pace is slower; this one keeps the screen free of queued keys.
            std::thread::sleep(Duration::from_millis(3));
            if step % 4 == 0 {
                echo.extend(one(&mut self.echo, "x"));
            }
        }
        assert!(
            pty.len() > keys * 9 / 10,
            "only {} of {keys} keys drew something\n{}",
            pty.len(),
            self.terminal.text()
        );
        let waited = core_wait(self.terminal.pid()).saturating_sub(before);
        // The last line is the key that quits.
        let inside = self.quit().into_iter().take(keys).collect();
        Seen {
            pty,
            inside,
            echo,
            waited,
        }
    }

    /// Selects what is new, presses these keys for it one after the other, each when all of the last
    /// is done, so many times, then quits. The keys that select are not counted.
    fn press_for_selected(&mut self, rounds: usize, keys: &[&'static str]) -> Seen {
        let rest = Duration::from_millis(200);
        let (mut pty, mut echo, mut counted) = (Vec::new(), Vec::new(), Vec::new());
        let mut pressed = 0;
        let mut waited = Duration::ZERO;
        for _ in 0..rounds {
            for key in [";", "n"] {
                self.terminal.press(key);
                self.terminal.settle(rest);
            }
            pressed += 2;
            let text = self.terminal.text();
            assert!(text.contains("1000 selected of"), "{text}");
            for key in keys {
                let before = core_wait(self.terminal.pid());
                let drawn = one(&mut self.terminal, key);
                waited += core_wait(self.terminal.pid()).saturating_sub(before);
                pty.push(drawn.unwrap_or_else(|| panic!("{key}\n{}", self.terminal.text())));
                counted.push(pressed);
                pressed += 1;
                // What is sent and written meanwhile is no part of the next key.
                let limit = Duration::from_secs(20);
                self.terminal.wait("all of it sent", limit, |screen| {
                    screen.contents().contains(" 0 out  online")
                });
                self.terminal.settle(rest);
                echo.extend(one(&mut self.echo, "x"));
            }
        }
        let all = self.quit();
        let inside = counted.into_iter().map(|at| all[at]).collect();
        Seen {
            pty,
            inside,
            echo,
            waited,
        }
    }

    /// Quits, and reads how long each key took inside.
    fn quit(&mut self) -> Vec<Duration> {
        self.terminal.press("q");
        self.terminal.exit_code(Duration::from_secs(20));
        let log = fs::read_to_string(self.home.path("frames")).unwrap();
        let inside = log.lines().map(|line| line.parse().unwrap());
        inside.map(Duration::from_micros).collect()
    }
}

/// How long the first thread of a process was ready to run and did not run.
fn core_wait(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let nanos = text.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// One key, and how long until something came back.
fn one(terminal: &mut Terminal, key: &str) -> Option<Duration> {
    while terminal.next_output(Duration::ZERO).is_some() {}
    let pressed = terminal.press(key);
    let seen = terminal.next_output(Duration::from_secs(2))?;
    Some(seen.saturating_duration_since(pressed))
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
