//! SAFETY under load: large messages, and disks that fail at any write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::harness::compare::{Stored, StoredMessage};
use crate::harness::dress::{Dress, Dressed};
use crate::harness::generate::Dice;
use crate::harness::program::{Home, Run, finish};
use crate::harness::{is_long, need, run};
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

/// A library that makes writes fail, built once.
pub fn shim() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        if !need(&["cc"]) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("f.c"), folder.path().join("f.so"));
        fs::write(&source, include_str!("../harness/failing.c")).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library);
        run(cc.arg(&source).args(["-ldl", "-lpthread"]));
        Some((folder, library))
    });
    built.as_ref().map(|(_, library)| library.as_path())
}

/// Writes from the `at`th on fail with `code`: `times` of them, or all that follow if 0.
#[derive(Clone, Copy, Debug)]
pub struct Failing {
    pub at: usize,
    pub times: usize,
    pub code: i32,
}

pub const FULL: i32 = 28;
pub const BROKEN: i32 = 5;

/// Runs the program so; how it ended, and how many writes it tried.
fn failing(home: &Home, shim: &Path, args: &[&str], how: Failing) -> (Run, usize) {
    failing_below(home, &home.data(), shim, args, how)
}

/// The same where writes below a folder fail.
pub fn failing_below(
    home: &Home,
    below: &Path,
    shim: &Path,
    args: &[&str],
    how: Failing,
) -> (Run, usize) {
    let count = home.path("count");
    let mut command = home.command(args);
    command
        .env("LD_PRELOAD", shim)
        .env("LACEBARK_FAIL_BELOW", below)
        .env("LACEBARK_FAIL_AT", how.at.to_string())
        .env("LACEBARK_FAIL_TIMES", how.times.to_string())
        .env("LACEBARK_FAIL_WITH", how.code.to_string())
        .env("LACEBARK_FAIL_COUNT", &count);
    let run = finish(&mut command);
    let killed = how.code == 0 && how.at > 0;
    assert!(
        killed || (0..=4).contains(&run.code),
        "{how:?} {args:?}: {run:?}"
    );
    let tried = fs::read_to_string(count).unwrap_or_default();
    (run, tried.trim().parse().unwrap_or(0))
}

pub fn is_whole(home: &Home, what: &str) {
    let path = home.data().join("mail.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let check = "PRAGMA integrity_check";
    let verdict: String = sql.query_row(check, [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{what}");
}

/// The messages that carry `\Flagged` to the user.
fn flagged(home: &Home) -> usize {
    let stored = Stored::read(&home.data());
    let is = |m: &&StoredMessage| m.flags.contains(&"\\Flagged".to_owned());
    stored.messages.iter().filter(is).count()
}

#[test]
fn r11_a_command_whose_write_fails_says_so_and_what_was_queued_stays() {
    let (Some(shim), Some(server)) = (shim(), Dressed::start(Dress::Full)) else {
        return;
    };
    let mut other = server.dovecot.client("alice");
    for number in 0..if is_long() { 400 } else { 140 } {
        let letter = format!("Message-ID: <{number}@x>\r\nSubject: {number}\r\n\r\nx\r\n");
        other.append("INBOX", letter.as_bytes(), &[], None);
    }
    let home = server.home();
    home.run(&["sync", "work"]).exits(0);
    server.online(false);
    let mut keys: Vec<String> = Stored::read(&home.data())
        .messages
        .iter()
        .map(|m| m.key.to_string())
        .collect();
    let never = Failing {
        at: 0,
        times: 0,
        code: 0,
    };
    let (run, writes) = failing(&home, shim, &["flag", &keys.pop().unwrap()], never);
    run.exits(3);
    assert!((4..99).contains(&writes), "{writes} writes in a command");
    let step = if is_long() { 1 } else { 3 };
    let (mut done, mut refused) = (1, 0);
    for code in [FULL, BROKEN] {
        for (times, at) in (1..=writes + 1)
            .step_by(step)
            .flat_map(|at| [(0, at), (1, at)])
        {
            let how = Failing { at, times, code };
            let key = keys.pop().unwrap();
            let (run, tried) = failing(&home, shim, &["flag", &key], how);
            is_whole(&home, &format!("{how:?}"));
            // Code 3 promises that it waits in the queue, and so do these words when the disk failed
            // later; else 1 says that nothing was done.
            match run.code {
                1 if run.err.starts_with("error: Queued") => done += 1,
                3 => done += 1,
                1 => {
                    assert!(tried >= at, "{how:?}: no write failed, yet {run:?}");
                    refused += 1;
                }
                _ => panic!("{how:?}: {run:?}"),
            }
            assert_eq!(flagged(&home), done, "{how:?}: {run:?}");
            let waiting = Stored::read(&home.data()).waiting.len();
            assert_eq!(waiting, done, "{how:?}: {run:?}");
        }
    }
    assert!(done > 0 && refused > 3, "{done} done, {refused} refused");
    server.online(true);
    home.run(&["sync", "work"]).exits(0);
    let stored = Stored::read(&home.data());
    assert_eq!(stored.against(&mut other), [""; 0]);
    assert_eq!(stored.unsettled(Dress::Full), [""; 0]);
    assert_eq!(flagged(&home), done);
}

#[test]
fn r11_a_sync_on_a_disk_that_fails_at_any_write_loses_nothing() {
    let (Some(shim), Some(server)) = (shim(), Dressed::start(Dress::Full)) else {
        return;
    };
    let rounds = if is_long() { 400 } else { 24 };
    let home = server.home();
    let mut dice = Dice::new(11);
    let mut other = server.dovecot.client("alice");
    let mut hit = 0;
    for round in 0..rounds {
        let size = 200 + dice.below(400_000);
        let head = format!("Message-ID: <{round}@x>\r\nSubject: {round}\r\n\r\n");
        let letter = format!("{head}{}\r\n", "some words\r\n".repeat(size / 12));
        let dovecot = &server.dovecot;
        dovecot.deliver("alice", "INBOX", letter.as_bytes(), &[], None);
        let how = Failing {
            at: 1 + dice.below(60),
            times: dice.below(2),
            code: [FULL, BROKEN][round % 2],
        };
        // A wish that waits, on a message that is here.
        let known = Stored::read_if(&home.data());
        let target = known.and_then(|stored| Some(stored.shown_in("INBOX").first()?.key));
        let wish = target.map(|key| {
            server.online(false);
            let verb = if round % 2 == 0 { "flag" } else { "unflag" };
            let run = home.run(&[verb, &key.to_string()]);
            // It takes back the wish before it, if that was never sent.
            let waits = !Stored::read(&home.data()).waiting.is_empty();
            run.exits(if waits { 3 } else { 0 });
            server.online(true);
            verb == "flag"
        });
        let (run, tried) = failing(&home, shim, &["sync", "work"], how);
        hit += usize::from(tried >= how.at);
        if home.data().join("mail.db").exists() {
            is_whole(&home, &format!("{how:?}"));
        }
        let Some(wish) = wish else { continue };
        // What is seen stays what was asked for; it waits, or the server has it.
        let stored = Stored::read(&home.data());
        let shown = stored.shown_in("INBOX")[0].clone();
        let here = shown.flags.contains(&"\\Flagged".to_owned());
        assert_eq!(here, wish, "{how:?}: {run:?}");
        let there = other.flags("INBOX", shown.base.unwrap().1).unwrap();
        let there = there.contains(&"\\Flagged".to_owned()) == wish;
        assert!(
            there || !stored.waiting.is_empty(),
            "{how:?}: lost, {run:?}"
        );
    }
    assert!(
        hit > rounds / 4,
        "only {hit} of {rounds} runs met a failure"
    );
    home.run(&["sync", "work"]).exits(0);
    let stored = Stored::read(&home.data());
    assert_eq!(stored.against(&mut other), [""; 0]);
    assert_eq!(stored.unsettled(Dress::Full), [""; 0]);
    assert_eq!(stored.messages.len(), rounds);
}
