//! SAFETY on the real program: its processes, files, terminal and network are looked at from
//! outside.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lacebark::env::SystemClock;
use lacebark::model::{Flags, Role};
use lacebark::ops::import::{self, RawMessage};
use lacebark::store::Store;

use crate::harness::fake::{Fake, ordinary};
use crate::harness::program::Home;
use crate::harness::{SOON, eventually, find, is_long};
use crate::safety_wire::home_of;

const CANARY: &str = "canary-4f1c9a";

/// A server with one message, whose flags can be changed.
#[derive(Default)]
pub struct OneMessage {
    mail: Vec<u8>,
    seen: AtomicBool,
    stores: AtomicUsize,
    refuses: AtomicBool,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl OneMessage {
    pub fn new(mail: &str) -> Arc<OneMessage> {
        Arc::new(OneMessage {
            mail: mail.as_bytes().to_vec(),
            ..OneMessage::default()
        })
    }

    pub fn serve(self: &Arc<OneMessage>) -> Fake {
        let state = Arc::clone(self);
        Fake::serving(move |conn| {
            if state.refuses.load(Ordering::SeqCst) {
                conn.say("* BYE not now\r\n");
                return;
            }
            let now = state.open.fetch_add(1, Ordering::SeqCst) + 1;
            state.most_open.fetch_max(now, Ordering::SeqCst);
            conn.serve("IMAP4rev1 LITERAL+", |_, command| {
                Some(state.answer(command))
            });
            state.open.fetch_sub(1, Ordering::SeqCst);
        })
    }

    fn answer(&self, command: &str) -> String {
        let upper = command.to_ascii_uppercase();
        if upper.starts_with("UID STORE") {
            self.stores.fetch_add(1, Ordering::SeqCst);
            self.seen.store(upper.contains("+FLAGS"), Ordering::SeqCst);
            return String::new();
        }
        if !upper.contains("FETCH") {
            return ordinary(command, 1);
        }
        let flags = if self.seen.load(Ordering::SeqCst) {
            "\\Flagged"
        } else {
            ""
        };
        let mut items = format!("UID 1 FLAGS ({flags})");
        let text = String::from_utf8_lossy(&self.mail);
        if upper.contains("ENVELOPE") {
            items += &format!(
                " INTERNALDATE \"18-Nov-2026 00:00:00 +0000\" RFC822.SIZE {} ENVELOPE (NIL \
                 \"{CANARY} subject\" ((NIL NIL \"zoe\" \"example.org\")) NIL NIL NIL NIL NIL NIL \
                 \"<{CANARY}@x>\") BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" {} 3) \
                 BODY[HEADER.FIELDS (REFERENCES LIST-ID)] {{2}}\r\n\r\n",
                self.mail.len(),
                self.mail.len()
            );
        }
        if upper.contains("BODY.PEEK[]") {
            items += &format!(" BODY[] {{{}}}\r\n{text}", self.mail.len());
        }
        format!("* 1 FETCH ({items})\r\n")
    }
}

const PLAIN: &str = "From: zoe@example.org\r\nSubject: canary-4f1c9a subject\r\n\
    Message-ID: <canary-4f1c9a@x>\r\n\r\nThe canary-4f1c9a sings.\r\n";

/// Every file below a folder.
fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            files(&path, out);
        } else if kind.is_file() {
            out.push(path);
        }
    }
}

fn holds(path: &Path, needle: &str) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    memchr::memmem::find(&bytes, needle.as_bytes()).is_some()
}

/// Files of a home that hold a text; how many were looked at.
fn search(home: &Home, needle: &str) -> (Vec<PathBuf>, usize) {
    let mut all = Vec::new();
    files(&home.path(""), &mut all);
    let count = all.len();
    all.retain(|path| holds(path, needle));
    (all, count)
}

#[test]
fn s1_a_process_at_work_shows_the_password_nowhere() {
    // The server stops in the middle of a body, so that the process is there to be looked at.
    let asked = Arc::new(AtomicBool::new(false));
    let stalls = Arc::clone(&asked);
    let one = OneMessage::new(PLAIN);
    let server = Fake::serving(move |conn| {
        conn.serve("IMAP4rev1", |conn, command| {
            if !command.contains("BODY.PEEK[]") {
                return Some(one.answer(command));
            }
            conn.say("* 1 FETCH (UID 1 BODY[] {5000}\r\nThe beginning");
            stalls.store(true, Ordering::SeqCst);
            while conn.line().is_some() {}
            None
        });
    });
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, "canary-71d3e8\n").unwrap();
    let home = home_of(&server);
    let config = fs::read_to_string(home.path("config.toml")).unwrap();
    let command = format!("[\"cat\", \"{}\"]", secret.display());
    let config = config.replace("[\"printf\", \"canary-4f1c9a\"]", &command);
    fs::write(home.path("config.toml"), config).unwrap();
    let (log, transcript) = (home.path("log"), home.path("transcript"));
    let mut child = home.spawn(&[
        "-vv",
        "--log",
        log.to_str().unwrap(),
        "--transcript",
        transcript.to_str().unwrap(),
        "sync",
        "work",
    ]);
    eventually("the body is asked for", SOON, || {
        asked.load(Ordering::SeqCst)
    });
    assert!(server.heard().contains("canary-71d3e8"), "it signed in");
    let mut seen = 0;
    for name in ["cmdline", "environ"] {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            // What may not be read shows nothing.
            let Ok(bytes) = fs::read(process.path().join(name)) else {
                continue;
            };
            seen += 1;
            let found = memchr::memmem::find(&bytes, b"canary-71d3e8");
            assert!(found.is_none(), "{}", process.path().display());
        }
    }
    // A crash leaves no core either, and nobody can allow one again.
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|l| l.starts_with("Max core file size"));
    let words: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let mut status = None;
    eventually("the process is dead", SOON, || {
        // The first is taken for a stack overflow and given back to the system.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::SEGV);
        status = child.try_wait().unwrap();
        status.is_some()
    });
    let status = status.unwrap();
    let core = status.core_dumped();
    assert!(!core && status.signal() == Some(11), "{status}");
    for needle in ["canary-71d3e8", "Y2FuYXJ5LTcxZDNlO", "jYW5hcnktNzFkM2U4"] {
        let (found, count) = search(&home, needle);
        assert!(found.is_empty(), "{needle} is in {found:?}");
        assert!(seen > 2 && count > 4, "{seen} processes, {count} files");
    }
    assert!(fs::metadata(transcript).unwrap().len() > 100);
}

#[test]
fn s3_without_a_keyring_a_prompt_signs_in_keeps_nothing_and_asks_again() {
    let one = OneMessage::new("Subject: x\r\n\r\nx\r\n");
    let server = one.serve();
    let home = home_of(&server);
    let config = fs::read_to_string(home.path("config.toml")).unwrap();
    let config: Vec<&str> = config
        .lines()
        .filter(|line| !line.starts_with("password_command"))
        .collect();
    let config = config.join("\n").replace("\"command\"", "\"ask\"");
    fs::write(home.path("config.toml"), config).unwrap();
    for round in 1..=2 {
        let mut terminal = home.terminal(&["sync", "work"], 24, 80);
        terminal.wait_text("Password of work:");
        terminal.press("canary-93b2\r");
        assert_eq!(terminal.exit_code(SOON), 0, "{}", terminal.text());
        let shown = String::from_utf8_lossy(terminal.raw()).into_owned();
        assert!(!shown.contains("canary"), "it is echoed: {shown}");
        assert_eq!(server.heard().matches("canary-93b2").count(), round);
    }
    // A keyring that is not there is no reason to keep it anywhere else.
    let run = home.run(&["login", "work", "--password-stdin"]);
    assert_ne!(run.code, 0, "{run:?}");
    let (found, count) = search(&home, "canary-93b2");
    assert!(found.is_empty() && count > 0, "{found:?} of {count}");
}

#[test]
fn s7_after_account_remove_no_file_holds_its_mail() {
    let one = OneMessage::new(PLAIN);
    let server = one.serve();
    let home = home_of(&server);
    home.run(&["sync", "work"]).exits(0);
    home.run(&["flag", "1"]).exits(0);
    assert!(home.run(&["show", "1"]).exits(0).out.contains("sings"));
    // One wish is done, one waits.
    one.refuses.store(true, Ordering::SeqCst);
    home.run(&["unflag", "1"]).exits(3);
    let before = rows(&home);
    assert!(before.len() > 8, "only {before:?} hold something");
    assert!(home.run(&["search", "sings"]).exits(0).out.lines().count() > 1);
    let index = home.path("cache/search.db");
    assert!(index.exists());
    home.run(&["account", "remove", "work", "--yes"]).exits(0);
    let (found, count) = search(&home, "canary-4f1c9a");
    assert!(found.is_empty() && count > 0, "{found:?} of {count}");
    assert!(!index.exists(), "its words are in the search index");
    // Words that are packed or coded are not found so: no row is left that could hold any. Actions
    // are a word of ours and a time; threads, tombstones and how far people and words were read are numbers.
    let harmless = [
        "store",
        "action",
        "thread",
        "tombstone",
        "person_through",
        "search_through",
    ];
    let mut left = rows(&home);
    left.retain(|table, _| !harmless.contains(&table.as_str()));
    assert_eq!(left, BTreeMap::new());
}

/// The tables that hold rows, and how many.
fn rows(home: &Home) -> BTreeMap<String, i64> {
    let sql = rusqlite::Connection::open(home.data().join("mail.db")).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut names = sql.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names
        .map(Result::unwrap)
        .map(|name| {
            let count = format!("SELECT count(*) FROM {name}");
            let count = sql.query_row(&count, [], |row| row.get(0)).unwrap();
            (name, count)
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[test]
fn r15_two_starts_at_once_send_one_change_once() {
    let rounds = if is_long() { 100 } else { 20 };
    let one = OneMessage::new(PLAIN);
    let server = one.serve();
    let home = home_of(&server);
    home.run(&["sync", "work"]).exits(0);
    for round in 0..rounds {
        one.refuses.store(true, Ordering::SeqCst);
        let verb = if round % 2 == 0 { "flag" } else { "unflag" };
        home.run(&[verb, "1"]).exits(3);
        one.refuses.store(false, Ordering::SeqCst);
        one.stores.store(0, Ordering::SeqCst);
        let pair: Vec<Child> = (0..2).map(|_| home.spawn(&["sync", "work"])).collect();
        let codes: Vec<Option<i32>> = pair
            .into_iter()
            .map(|mut child| child.wait().unwrap().code())
            .collect();
        // The second works after the first, or is told who works.
        assert!(codes.contains(&Some(0)), "{codes:?}");
        let told = codes.iter().all(|code| matches!(code, Some(0 | 1)));
        assert!(told, "{codes:?}");
        assert_eq!(one.stores.load(Ordering::SeqCst), 1, "round {round}");
        assert_eq!(one.seen.load(Ordering::SeqCst), round % 2 == 0);
        assert_eq!(one.most_open.load(Ordering::SeqCst), 1, "round {round}");
    }
}

/// A home with a local account that holds these messages, as numbers from 1.
pub fn filled(messages: &[Vec<u8>]) -> Home {
    let home = Home::new();
    let text = "[[account]]\nid = \"here\"\nkind = \"local\"\naddress = \"alice@example.org\"\n";
    fs::write(home.path("config.toml"), text).unwrap();
    // The program makes the folder as it wants it.
    home.run(&["status"]).exits(0);
    let path = home.data().join("mail.db");
    let store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
    let (_, inbox) = import::mailbox(&store, "here", "INBOX", Some(Role::Inbox))
        .wait()
        .unwrap();
    let raw = |bytes: &Vec<u8>| RawMessage {
        bytes: bytes.clone(),
        flags: Flags::none(),
        arrival: None,
    };
    import::messages(&store, inbox, messages.iter().map(raw).collect())
        .wait()
        .unwrap();
    home
}

/// What no terminal may get, in 13 classes; each names itself so that a leak is known.
const CONTROLS: [&str; 13] = [
    "\u{1b}[31;1337m",
    "\u{1b}]0;title-1337\u{7}",
    "\u{1b}]2;title-1337\u{1b}\\",
    "\u{1b}]8;;http://1337.example/\u{7}",
    "\u{1b}]52;c;MTMzNw==\u{7}",
    "\u{1b}P1337\u{1b}\\",
    "\u{1b}_1337\u{1b}\\",
    "\u{1b}^1337\u{1b}\\",
    "\u{1b}X1337\u{1b}\\",
    "\u{1b}c1337",
    "\u{9b}31;1337m\u{9d}0;1337\u{9c}",
    "\r1337\u{8}\u{8}\u{7}\u{0}\u{7f}",
    "\u{202e}1337\u{2066}\u{200f}",
];

fn quoted_printable(text: &str) -> String {
    text.bytes().map(|byte| format!("={byte:02X}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Each class in each place where a sender can put text.
fn hostile() -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for control in CONTROLS {
        let bare = control.replace(['\r', '\0'], "\u{1b}");
        let word = format!("=?utf-8?B?{}?=", base64(control.as_bytes()));
        let q = format!("=?utf-8?Q?{}?=", quoted_printable(control));
        let entities: String = control
            .chars()
            .map(|c| format!("&#{};", u32::from(c)))
            .collect();
        let name = percent(control);
        out.push(
            format!(
                "From: \"{bare}\" <a{bare}@evil.example>\r\nTo: {word} <b@x>, {q} <c@x>\r\n\
                 Cc: g{bare}:;\r\nSubject: {word} {q} {bare}\r\nMessage-ID: <{bare}@x>\r\n\
                 Date: {bare}\r\nReply-To: {q} <{bare}@x>\r\nList-Id: {q} <{bare}.x>\r\n\
                 MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                 --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{bare} plain\r\n\
                 --b\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n\
                 --b\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n{} quoted\r\n\
                 --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
                 <p>{entities} <a href=\"http://x.example/{entities}\">l{entities}</a>\
                 <img alt=\"{entities}\" src=x></p>\r\n\
                 --b\r\nContent-Type: application/x-{bare}; name=\"{bare}.txt\"\r\n\
                 Content-Disposition: attachment; filename*=utf-8''{name}.exe\r\n\
                 Content-Description: {q} {bare}\r\n\r\nx\r\n\
                 --b\r\nContent-Type: text/plain; charset=\"{bare}\"\r\n\r\nodd charset\r\n\
                 --b\r\nContent-Type: message/delivery-status\r\n\r\n\
                 Reporting-MTA: dns; {bare}\r\n\r\nFinal-Recipient: rfc822; {bare}@x\r\n\
                 Action: failed\r\nDiagnostic-Code: smtp; 550 {bare}\r\n\
                 --b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n\
                 SUMMARY:{bare}\r\nLOCATION:{bare}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\
                 --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: {q}\r\nFrom: {q} <{bare}@x>\
                 \r\n\r\n{bare} inner\r\n--b--\r\n",
                base64(format!("{control} in base64").as_bytes()),
                quoted_printable(control),
            )
            .into_bytes(),
        );
    }
    out
}

/// Texts in other charsets that carry an escape only when they are decoded.
fn charsets() -> Vec<Vec<u8>> {
    let utf16: Vec<u8> = "a\u{1b}[31;1337m"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let bodies: [(&str, Vec<u8>); 12] = [
        ("utf-7", b"a+ABs-[31;1337m".to_vec()),
        ("iso-2022-jp", b"a\x1b[31;1337m\x1b$B\x1b(B".to_vec()),
        ("hz-gb-2312", b"~{\x1b~}\x1b[31;1337m".to_vec()),
        ("utf-16be", utf16.clone()),
        ("utf-16", utf16),
        ("iso-8859-1", b"\x9b31;1337m\x85\x90".to_vec()),
        (
            "windows-1252",
            b"\x9b31;1337m\x81\x8d\x1b[31;1337m".to_vec(),
        ),
        ("gb18030", b"\x81\x30\x81\x30\x1b[31;1337m".to_vec()),
        ("shift_jis", b"\x1b[31;1337m\x80\xa0".to_vec()),
        ("koi8-r", b"\x9b\x1b[31;1337m".to_vec()),
        ("x-user-defined", b"\x9b31;1337m\x1b[31;1337m".to_vec()),
        ("../../etc/passwd", b"\x1b[31;1337m\xff".to_vec()),
    ];
    let message = |(charset, body): (&str, Vec<u8>)| {
        let head = format!(
            "Subject: =?{charset}?B?{}?=\r\nContent-Type: text/plain; charset=\"{charset}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(&body),
            base64(&body)
        );
        head.into_bytes()
    };
    bodies.into_iter().map(message).collect()
}

/// No forbidden character, as text that is printed line by line.
fn is_clean(text: &str, what: &str) {
    let bad = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200f}' | '\u{61c}')
    };
    let found = text.find(bad);
    assert_eq!(
        found.map(|at| &text[at..(at + 20).min(text.len())]),
        None,
        "{what}"
    );
}

#[test]
fn d1_m8_m10_the_hostile_set_is_listed_and_shown_in_visible_form_and_raw_is_as_it_came() {
    let mut messages = hostile();
    messages.extend(charsets());
    let home = filled(&messages);
    for line in ["list", "mailbox list", "status", "list --unread"] {
        let words: Vec<&str> = line.split(' ').collect();
        is_clean(&home.run(&words).exits(0).out, line);
    }
    for (number, bytes) in (1..).zip(&messages) {
        let id = number.to_string();
        let shown = home.run(&["show", &id]).exits(0).out;
        assert!(!shown.trim().is_empty(), "{number} shows nothing");
        is_clean(&shown, &format!("message {number}"));
        // A pipe gets the bytes as they came, a terminal none of them that acts.
        for way in ["--headers", "--html", "--raw"] {
            let mut terminal = home.terminal(&["show", &id, way], 200, 80);
            terminal.exit_code(SOON);
            // The last bytes may come after the end.
            terminal.settle(Duration::from_secs(2));
            let got = terminal.raw();
            assert!(!got.is_empty(), "message {number} {way}");
            terminal_got(got, &format!("message {number} {way}"));
        }
        let raw = home.command(&["show", &id, "--raw"]).output().unwrap();
        assert!(raw.stdout == *bytes, "message {number} is not as it came");
    }
}

/// Fails if what a terminal got holds anything of [`CONTROLS`], or any control of another kind than
/// our own escape sequences.
fn terminal_got(raw: &[u8], what: &str) {
    let text = String::from_utf8_lossy(raw);
    for (at, _) in text.match_indices('\u{1b}') {
        let rest = &text[at + 1..];
        let Some(parameters) = rest.strip_prefix('[') else {
            // Cursor saved and restored, key pad, character set; the sequence may be cut at the end.
            let ours = rest.is_empty() || rest.starts_with(['7', '8', '=', '>', '(']);
            assert!(
                ours,
                "{what}: {:?}",
                &rest.chars().take(12).collect::<String>()
            );
            continue;
        };
        let end = parameters.find(|c: char| !matches!(c, '0'..='?'));
        let parameters = &parameters[..end.unwrap_or(parameters.len())];
        assert!(!parameters.contains("1337"), "{what}: {parameters}");
    }
    let bad = |c: &char| {
        matches!(c, '\u{80}'..='\u{9f}' | '\u{0}' | '\u{7}' | '\u{8}' | '\u{7f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200f}')
    };
    let found = text.char_indices().find(|(_, c)| bad(c));
    let around = found.map(|(at, _)| text[..at].chars().rev().take(30).collect::<String>());
    assert_eq!(around, None, "{what}");
}

#[test]
fn d1_the_hostile_set_reaches_a_terminal_in_visible_form_on_every_screen() {
    let mut messages = hostile();
    messages.extend(charsets());
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new();
    let mut args = vec!["open".to_owned()];
    for (number, bytes) in messages.iter().enumerate() {
        let path = folder.path().join(format!("{number:02}.eml"));
        fs::write(&path, bytes).unwrap();
        args.push(path.display().to_string());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut screen = home.terminal(&args, 24, 80);
    screen.wait_text("Message 1 of 25");
    screen.settle(Duration::from_millis(300));
    for _ in 0..messages.len() {
        screen.press("\r");
        screen.settle(Duration::from_millis(60));
        // Its headers, its parts, each of them previewed, its raw text where there is a key.
        for key in [
            "h", " ", "h", "v", "\u{1b}[B", "\u{1b}[B", "\u{1b}[B", "\u{1b}[B", "<", "<",
        ] {
            screen.press(key);
            screen.settle(Duration::from_millis(25));
        }
        screen.press("\u{1b}[B");
    }
    let text = String::from_utf8_lossy(screen.raw()).into_owned();
    assert!(text.contains("1337"), "nothing hostile was on the screen");
    terminal_got(screen.raw(), "the screens");
    screen.press("q");
    screen.exit_code(SOON);
}

#[test]
fn p14_words_of_a_server_reach_a_terminal_in_visible_form() {
    let words = "\u{1b}[31;1337mred\u{9b}2J\u{202e}right\u{7}\u{1b}]0;title-1337\u{7}";
    let refusing = move |code: &str| format!("* OK [CAPABILITY IMAP4rev1] {code}{words}\r\n");
    for (what, greeting, answer) in [
        ("a refusal", refusing(""), format!("NO {words}")),
        ("a bad command", refusing(""), format!("BAD {words}")),
        ("a goodbye", format!("* BYE {words}\r\n"), String::new()),
        ("garbage", format!("{words}\r\n"), String::new()),
        (
            "a refusal after an alert",
            refusing("[ALERT] "),
            format!("NO [ALERT] {words}"),
        ),
    ] {
        let server = Fake::serving(move |conn| {
            conn.say(&greeting);
            while let Some((tag, command)) = conn.command() {
                // It repeats all that it heard.
                conn.say(&format!(
                    "* NO [ALERT] {words}\r\n{tag} {answer} {command}\r\n"
                ));
            }
        });
        let home = home_of(&server);
        let run = home.run(&["sync", "work"]);
        assert_ne!(run.code, 0, "{what}");
        is_clean(&run.err, what);
        assert!(!run.err.contains(CANARY), "{what}: {}", run.err);
        for line in [
            &["status"][..],
            &["--json", "status"],
            &["account", "test", "work"],
        ] {
            let run = home.run(line);
            is_clean(&run.out, what);
            is_clean(&run.err, what);
            assert!(!format!("{run:?}").contains(CANARY), "{what}: {run:?}");
        }
        let mut screen = home.terminal(&[], 24, 80);
        screen.wait_text("INBOX");
        screen.wait("the end of the try", SOON, |_| server.connections() > 2);
        for keys in ["", "\u{1b}l", "<", "\u{1b}a", "\r"] {
            screen.press(keys);
            screen.settle(Duration::from_millis(150));
        }
        terminal_got(screen.raw(), what);
        let raw = String::from_utf8_lossy(screen.raw()).into_owned();
        assert!(!raw.contains(CANARY), "{what}");
        screen.press("q");
        screen.exit_code(SOON);
    }
}

/// Messages that want something of the world when they are looked at.
fn reaching_out(port: u16, file: &Path) -> Vec<Vec<u8>> {
    let url = format!("http://127.0.0.1:{port}");
    let file = file.display();
    let html = format!(
        "<html><head><link rel=stylesheet href='{url}/a'><link rel=dns-prefetch href='//127.0.0.1:{port}'>\
         <meta http-equiv=refresh content='0;url={url}/b'><base href='{url}/'>\
         <style>@import url({url}/c); body {{ background: url({url}/d) }}</style>\
         <script src='{url}/e'></script></head><body background='{url}/f'>\
         <img src='{url}/g' srcset='{url}/h 2x'><iframe src='{url}/i'></iframe>\
         <video poster='{url}/j' src='{url}/k'></video><audio src='{url}/l' autoplay></audio>\
         <object data='{url}/m'></object><embed src='{url}/n'><svg><image href='{url}/o'/></svg>\
         <form action='{url}/p'><input type=image src='{url}/q'></form>\
         <img src='file://{file}'><a href='{url}/r' ping='{url}/s'>link</a>\
         <p>seen text</p></body></html>"
    );
    let external = |access: &str| {
        format!(
            "Subject: outside {access}\r\nContent-Type: message/external-body; \
             access-type={access}; name=\"{file}\"; site=\"127.0.0.1:{port}\"; \
             url=\"{url}/t\"; directory=\"/\"\r\n\r\nContent-Type: text/plain\r\n\r\n"
        )
    };
    vec![
        format!("Subject: html\r\nContent-Type: text/html\r\n\r\n{html}").into_bytes(),
        format!(
            "Subject: both\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\
             Content-Type: text/html\r\nContent-Location: {url}/u\r\n\r\n{html}\r\n--b--\r\n"
        )
        .into_bytes(),
        external("local-file").into_bytes(),
        external("url").into_bytes(),
        external("anon-ftp").into_bytes(),
        b"Subject: partial\r\nContent-Type: message/partial; id=\"x\"; number=1; total=2\r\n\r\n\
          From: a@x\r\n\r\nfirst half\r\n"
            .to_vec(),
        format!(
            "Subject: receipt\r\nDisposition-Notification-To: a@x\r\nList-Unsubscribe: <{url}/v>\r\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Face-URL: {url}/w\r\n\r\nhi\r\n"
        )
        .into_bytes(),
    ]
}

#[test]
fn h1_m11_p11_looking_at_a_message_reaches_nobody_opens_no_file_and_starts_nothing() {
    let visited = Arc::new(Mutex::new(0));
    let count = Arc::clone(&visited);
    let server = Fake::serving(move |_| *count.lock().unwrap() += 1);
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("canary-file");
    fs::write(&file, "canary-55aa in a local file\n").unwrap();
    let messages = reaching_out(server.port(), &file);
    let home = filled(&messages);
    // Where it is installed, the system's own record of what the process asked for.
    let strace = find("strace");
    for number in 1..=messages.len() {
        for more in [&[][..], &["--html"], &["--headers"], &["--raw"]] {
            let id = number.to_string();
            let mut words = vec!["show", &id];
            words.extend(more);
            let trace = home.path("trace");
            let mut command = match &strace {
                Some(strace) if more != ["--raw"] => {
                    let mut command = Command::new(strace);
                    command
                        .args(["-f", "-qq", "-e", "trace=network,execve,openat,open", "-o"])
                        .arg(&trace)
                        .arg(crate::harness::lacebark())
                        .args(&words);
                    command
                }
                _ => home.command(&words),
            };
            command
                .env_clear()
                .envs(home.env())
                .env("PATH", "/usr/bin:/bin");
            let output = command.stdin(Stdio::null()).output().unwrap();
            let shown = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(!shown.contains("canary-55aa"), "message {number}: {shown}");
            assert!(more == ["--html"] || !shown.is_empty(), "message {number}");
            if strace.is_some() && more != ["--raw"] {
                let told = fs::read_to_string(&trace).unwrap();
                assert!(told.contains("mail.db"), "nothing was recorded: {told}");
                let dials = ["AF_INET", "canary-file", "connect("];
                let found = dials.iter().find(|word| told.contains(**word));
                assert_eq!(found, None, "message {number} {more:?}:\n{told}");
                assert_eq!(told.matches("execve(").count(), 1, "{told}");
            }
        }
    }
    let mut args = vec!["open".to_owned()];
    for (number, bytes) in messages.iter().enumerate() {
        let path = outside.path().join(format!("{number}.eml"));
        fs::write(&path, bytes).unwrap();
        args.push(path.display().to_string());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut screen = home.terminal(&args, 24, 80);
    screen.wait_text("receipt");
    for _ in &messages {
        for key in ["\r", "v", "\u{1b}[B", "<", "h", "<", "\u{1b}[B"] {
            screen.press(key);
            screen.settle(Duration::from_millis(40));
        }
    }
    let raw = String::from_utf8_lossy(screen.raw()).into_owned();
    assert!(raw.contains("seen text") && !raw.contains("canary-55aa"));
    screen.press("q");
    screen.exit_code(SOON);
    assert_eq!(*visited.lock().unwrap(), 0, "a connection was made");
}
