//! The program against a real Dovecot, by its command line: read, flag, unplug, read again, plug in
//! again; other clients; lesser servers; killed and cut at any time.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::ca::Certificate;
use crate::harness::dovecot::{Dovecot, Options};
use crate::harness::generate::{Dice, Generator, Sizes};
use crate::harness::program::{Home, finish};
use crate::harness::proxy::Proxy;
use crate::harness::{corpus, lacebark};

fn letter(subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{}@example.org>\r\n\r\n{text}\r\n",
        subject.replace(' ', ".")
    )
    .into_bytes()
}

/// A home with alice's account on that server; everything is kept off line.
fn home_of(server: &Dovecot) -> Home {
    Home::of_alice(server, server.imaps_port(), "all")
}

fn list(home: &Home) -> Vec<Value> {
    let json = home
        .run(&["--json", "list", "inbox", "--limit", "5000"])
        .exits(0)
        .json();
    json["messages"].as_array().unwrap().clone()
}

fn by_subject(home: &Home, subject: &str) -> Value {
    list(home)
        .into_iter()
        .find(|message| message["subject"] == subject)
        .unwrap_or_else(|| panic!("no {subject}"))
}

fn id_of(home: &Home, subject: &str) -> String {
    by_subject(home, subject)["id"].to_string()
}

#[test]
fn mail_is_read_flagged_unplugged_and_plugged_in_again() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    let old = server.deliver(
        "alice",
        "INBOX",
        &letter("Rings", "Count them."),
        &["\\Seen"],
        None,
    );
    server.deliver(
        "alice",
        "INBOX",
        &letter("Needles", "Sharp ones."),
        &[],
        None,
    );
    let home = home_of(&server);
    home.run(&["sync", "work"]).exits(0);
    assert_eq!(list(&home).len(), 2);
    assert_eq!(by_subject(&home, "Needles")["unread"], true);
    let id = id_of(&home, "Rings");
    assert!(
        home.run(&["show", &id])
            .exits(0)
            .out
            .contains("Count them.")
    );

    server.stop();
    assert!(
        home.run(&["show", &id])
            .exits(0)
            .out
            .contains("Count them."),
        "kept mail needs no server"
    );
    home.run(&["flag", &id]).exits(3);
    home.run(&["unflag", "--as", "seen", &id]).exits(3);
    let shown = by_subject(&home, "Rings");
    assert_eq!(
        (&shown["unread"], &shown["flags"][0]),
        (&Value::Bool(true), &Value::from("\\Flagged"))
    );
    let queue = home.run(&["--json", "queue", "list"]).exits(0).json();
    assert!(
        !queue["operations"].as_array().unwrap().is_empty(),
        "{queue}"
    );

    server.start_again();
    home.run(&["sync", "work"]).exits(0);
    assert_eq!(
        server.client("alice").flags("INBOX", old).unwrap(),
        ["\\Flagged"]
    );
    let queue = home.run(&["--json", "queue", "list"]).exits(0).json();
    assert_eq!(queue["operations"].as_array().unwrap().len(), 0, "{queue}");
}

#[test]
fn what_another_client_changes_appears_here() {
    for hide in [vec![], vec!["CONDSTORE", "QRESYNC"]] {
        let Some(server) = Dovecot::with(Options {
            hide,
            ..Options::default()
        }) else {
            return;
        };
        let first = server.deliver("alice", "INBOX", &letter("Root", "deep"), &[], None);
        let second = server.deliver("alice", "INBOX", &letter("Crown", "high"), &[], None);
        let home = home_of(&server);
        home.run(&["sync", "work"]).exits(0);
        let mut other = server.client("alice");
        other.store("INBOX", first, "+FLAGS", &["\\Seen", "\\Flagged"]);
        other.expunge("INBOX", second);
        other.logout();
        server.deliver("alice", "INBOX", &letter("Seed", "new"), &[], None);
        home.run(&["sync", "work"]).exits(0);
        let subjects: Vec<Value> = list(&home)
            .into_iter()
            .map(|message| message["subject"].clone())
            .collect();
        assert_eq!(subjects, ["Seed", "Root"]);
        assert_eq!(by_subject(&home, "Root")["unread"], false);
        assert_eq!(
            by_subject(&home, "Root")["flags"],
            serde_json::json!(["\\Seen", "\\Flagged"])
        );
    }
}

#[test]
fn lesser_servers_are_read_and_flagged_too() {
    let lesser: [&[&str]; 8] = [
        &["LITERAL+", "SASL-IR"],
        &["UIDPLUS", "MOVE"],
        &["SPECIAL-USE", "LIST-EXTENDED", "LIST-STATUS"],
        &["CONDSTORE", "QRESYNC", "ENABLE"],
        &["ESEARCH", "SEARCHRES", "WITHIN"],
        &["NAMESPACE", "ID", "UNSELECT"],
        &["IDLE", "STATUS=SIZE", "CHILDREN"],
        &[
            "LITERAL+",
            "SASL-IR",
            "UIDPLUS",
            "MOVE",
            "SPECIAL-USE",
            "LIST-EXTENDED",
            "LIST-STATUS",
            "CONDSTORE",
            "QRESYNC",
            "ENABLE",
            "ESEARCH",
            "NAMESPACE",
            "ID",
            "UNSELECT",
            "IDLE",
            "CHILDREN",
            "BINARY",
            "PREVIEW",
            "SAVEDATE",
            "NOTIFY",
        ],
    ];
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    let uid = server.deliver("alice", "INBOX", &letter("Bark", "rough"), &[], None);
    server.deliver(
        "alice",
        "Trips/S&APw-d",
        &letter("South", "warm"),
        &[],
        None,
    );
    for hide in lesser {
        server.restart_with(|options| options.hide = hide.to_vec());
        let home = home_of(&server);
        home.run(&["sync", "work"]).exits(0);
        let id = id_of(&home, "Bark");
        home.run(&["flag", &id]).exits(0);
        assert_eq!(
            server.client("alice").flags("INBOX", uid).unwrap(),
            ["\\Flagged"],
            "without {hide:?}"
        );
        home.run(&["unflag", &id]).exits(0);
        let left = server.client("alice").flags("INBOX", uid).unwrap();
        assert!(left.is_empty(), "{left:?} without {hide:?}");
    }
}

#[test]
fn t7_no_sign_in_is_tried_behind_a_bad_certificate() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    for certificate in Certificate::REFUSED {
        server.restart_with(|options| options.certificate = certificate);
        let home = Home::new();
        let (url, ca) = (server.url(), server.ca_file());
        let mut args = vec![
            "setup",
            "--address",
            "alice@example.test",
            "--account",
            "work",
            "--login",
            "alice",
        ];
        args.extend(["--imap", &url, "--tls-ca-file", ca.to_str().unwrap()]);
        args.extend(["--password-command", "echo never-sent", "--keep", "command"]);
        let run = home.run(&args).exits(1);
        assert!(
            run.err.contains("certificate"),
            "{certificate:?}: {}",
            run.err
        );
        let accounts = home.run(&["--json", "account", "list"]).json();
        assert_eq!(
            accounts["accounts"].as_array().map_or(0, Vec::len),
            0,
            "nothing is stored: {accounts}"
        );
    }
    assert!(
        !server.log().contains("never-sent") && !server.log().contains("auth failed"),
        "{}",
        server.log()
    );
}

#[test]
fn a_wrong_password_is_named_with_the_words_of_the_server() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let home = Home::new();
    let (url, ca) = (server.url(), server.ca_file());
    let mut args = vec![
        "setup",
        "--address",
        "alice@example.test",
        "--account",
        "work",
        "--login",
        "alice",
    ];
    args.extend(["--imap", &url, "--tls-ca-file", ca.to_str().unwrap()]);
    args.extend([
        "--password-command",
        "echo not-the-key",
        "--keep",
        "command",
    ]);
    let run = home.run(&args).exits(4);
    assert!(
        run.err.contains("AUTHENTICATIONFAILED") || run.err.contains("Authentication failed"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("not-the-key"), "{}", run.err);
    assert!(
        !fs::read_to_string(home.path("config.toml"))
            .unwrap_or_default()
            .contains("work")
    );
}

#[test]
fn r5_a_changed_uidvalidity_hits_no_wrong_message_and_fetches_no_body_twice() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    for number in 1..=6 {
        let text = format!("{}\r\n", "a body of some length ".repeat(2_000));
        server.deliver(
            "alice",
            "INBOX",
            &letter(&format!("Ring {number}"), &text),
            &[],
            None,
        );
    }
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(&server, proxy.port(), "all");
    home.run(&["sync", "work"]).exits(0);
    let whole = proxy.bytes_down();
    let ids: BTreeMap<String, String> = list(&home)
        .iter()
        .map(|m| {
            (
                m["subject"].as_str().unwrap().to_owned(),
                m["id"].to_string(),
            )
        })
        .collect();
    let mut other = server.client("alice");
    other.expunge("INBOX", 2);
    other.logout();
    server.stop();
    home.run(&["flag", &ids["Ring 4"]]).exits(3);
    server.renumber("alice", "INBOX");
    server.start_again();
    home.run(&["sync", "work"]).exits(0);
    home.run(&["sync", "work"]).exits(0);

    let mut check = server.client("alice");
    let flagged: Vec<u32> = check
        .uids("INBOX")
        .into_iter()
        .filter(|uid| {
            check
                .flags("INBOX", *uid)
                .unwrap()
                .contains(&"\\Flagged".to_owned())
        })
        .collect();
    for uid in &flagged {
        let bytes = check.message("INBOX", *uid);
        assert!(
            String::from_utf8_lossy(&bytes).contains("Subject: Ring 4"),
            "a wrong message is flagged"
        );
    }
    assert!(
        flagged.len() == 1 || still_queued(&home),
        "the wish is neither sent nor shown as waiting"
    );
    let now = list(&home);
    assert_eq!(now.len(), 5, "{now:?}");
    for message in &now {
        let subject = message["subject"].as_str().unwrap();
        assert_eq!(
            message["id"].to_string(),
            ids[subject],
            "{subject} keeps its id"
        );
    }
    let again = proxy.bytes_down() - whole;
    assert!(
        again < whole / 2,
        "{again} bytes came again, {whole} the first time"
    );
}

fn still_queued(home: &Home) -> bool {
    let queue = home.run(&["--json", "queue", "list"]).json();
    !queue["operations"].as_array().unwrap().is_empty()
}

#[test]
fn r12_killed_at_any_time_the_store_ends_equal_to_the_server() {
    let Some(server) = Dovecot::holding(150, 21, Sizes::Whole) else {
        return;
    };
    server.client("alice").select("INBOX");
    let kills: usize = std::env::var("LACEBARK_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(8);
    let mut dice = Dice::new(22);
    let home = home_of(&server);
    for round in 0..kills {
        if round % 8 == 7 {
            home.forget_mail();
        }
        let mut sync = home.spawn(&["sync", "work"]);
        thread::sleep(Duration::from_millis(dice.below(700) as u64));
        let _ = sync.kill();
        let _ = sync.wait();
        if round % 4 == 0 {
            is_intact(&home);
        }
    }
    home.run(&["sync", "work"]).exits(0);
    is_intact(&home);
    same_as_server(&home, &server, 150);
}

#[test]
fn r6_cut_at_any_byte_the_store_ends_equal_to_the_server() {
    let Some(server) = Dovecot::holding(60, 23, Sizes::Whole) else {
        return;
    };
    server.client("alice").select("INBOX");
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::of_alice(&server, proxy.port(), "all");
    let mut dice = Dice::new(24);
    for _ in 0..6 {
        let limit = 3_000 + dice.below(400_000) as u64;
        proxy.set(|faults| faults.cut_after = Some(limit));
        let mut sync = home.spawn(&["sync", "work"]);
        thread::sleep(Duration::from_millis(900));
        let _ = sync.kill();
        let _ = sync.wait();
        is_intact(&home);
    }
    proxy.set(|faults| faults.cut_after = None);
    home.run(&["sync", "work"]).exits(0);
    same_as_server(&home, &server, 60);
}

pub fn is_intact(home: &Home) {
    let path = home.data().join("mail.db");
    if !path.exists() {
        return;
    }
    let connection =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

/// Every message of the server is here once, none else is, and what is here has its bytes.
fn same_as_server(home: &Home, server: &Dovecot, count: usize) {
    let messages = list(home);
    assert_eq!(messages.len(), count);
    let mut check = server.client("alice");
    let mut theirs: Vec<Vec<u8>> = check
        .uids("INBOX")
        .into_iter()
        .map(|uid| check.message("INBOX", uid))
        .collect();
    theirs.sort();
    let mut ours: Vec<Vec<u8>> = messages
        .iter()
        .map(|message| raw(home, &message["id"].to_string()))
        .collect();
    ours.sort();
    assert!(ours == theirs, "the bytes of some message differ");
}

fn raw(home: &Home, id: &str) -> Vec<u8> {
    let output = home.command(&["show", id, "--raw"]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[test]
fn r21_odd_messages_come_back_byte_for_byte() {
    let Some(corpus) = corpus() else { return };
    let Some(server) = Dovecot::start() else {
        return;
    };
    let mut count = 0;
    for bytes in some_files(&corpus.join("messages"), 150) {
        let date = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + count as u64);
        server.drop_into("alice", "INBOX", &bytes, "S", date);
        count += 1;
    }
    let home = home_of(&server);
    home.run(&["sync", "work"]).exits(0);
    same_as_server(&home, &server, count);
}

/// What our own list of oddities asks for; the corpus is asked where it is at hand.
#[test]
fn r21_our_own_odd_messages_come_back_byte_for_byte_and_duplicates_are_both_there() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let twins = ["one", "other"]
        .map(|body| format!("Message-ID: <same@x>\r\nSubject: twin\r\n\r\n{body}\r\n"));
    let long = format!("Subject: long\r\n\r\n{}\r\n", "x".repeat(70_000));
    let odd: Vec<&[u8]> = vec![
        b"Subject: bare\nX: lf\n\nlines\nof\nlf\n",
        b"Subject: bare\rX: cr\r\n\r\nlines\rof\rcr\r\n",
        b"Subject: no end\r\n\r\nno line end",
        b"Subject: header only\r\n",
        b"\r\nbody only\r\n",
        b"\r\n",
        b"no header at all and no end",
        b"Subject: \xe9\xff 8 bit\r\n\r\n\x80\x81\xfe\xff\r\n",
        b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n.\r\n",
        b"Subject: mbox\r\n\r\nFrom here on\r\n>From there\r\n",
        b"From MAILER-DAEMON Fri Jan  1 00:00:00 2026\nSubject: mbox line\n\nx\n",
        b"Subject: nul\r\n\r\na\0b\0\r\n",
        b"Subject: blanks   \r\n\t \r\n \r\n\r\n  \r\n\r\n\r\n\r\n",
        b"Subject: twice\r\nSubject: again\r\nDate: never\r\n\r\nx\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno end of b\r\n",
        b"\xef\xbb\xbfSubject: mark\r\n\r\nx\r\n",
        b"\xff\xfeS\0u\0b\0j\0",
        long.as_bytes(),
        twins[0].as_bytes(),
        twins[1].as_bytes(),
    ];
    for (number, bytes) in odd.iter().enumerate() {
        let date = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number as u64);
        server.drop_into("alice", "INBOX", bytes, "S", date);
    }
    let home = home_of(&server);
    home.run(&["sync", "work"]).exits(0);
    same_as_server(&home, &server, odd.len());
    let twins = list(&home)
        .iter()
        .filter(|message| message["subject"] == "twin")
        .count();
    assert_eq!(twins, 2, "the same Message-ID twice is two messages");
}

fn some_files(dir: &Path, most: usize) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                paths.push(path)
            }
        }
    }
    paths.sort();
    let step = (paths.len() / most).max(1);
    let small = |bytes: &Vec<u8>| !bytes.is_empty() && bytes.len() < 2_000_000;
    paths
        .iter()
        .step_by(step)
        .map(|path| fs::read(path).unwrap())
        .filter(small)
        .collect()
}

#[test]
fn s4_under_umask_000_every_file_is_private() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver("alice", "INBOX", &letter("Private", "mine"), &[], None);
    let home = home_of(&server);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "umask 000; exec \"$@\"", "sh"])
        .arg(lacebark())
        .args(["--log"])
        .arg(home.path("log"));
    command
        .arg("--transcript")
        .arg(home.path("transcript"))
        .args(["sync", "work"])
        .env_clear()
        .envs(home.env());
    command.env("PATH", "/usr/bin:/bin");
    finish(&mut command).exits(0);
    let mut seen = 0;
    for path in [
        home.data(),
        home.path("cache"),
        home.path("config.toml"),
        home.path("log"),
        home.path("transcript"),
    ] {
        seen += private(&path);
    }
    assert!(seen > 3, "only {seen} files were made");
}

fn private(path: &Path) -> usize {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return 0;
    };
    let mode = meta.permissions().mode() & 0o777;
    assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    let below = if meta.is_dir() {
        fs::read_dir(path)
            .unwrap()
            .map(|entry| private(&entry.unwrap().path()))
            .sum()
    } else {
        0
    };
    1 + below
}

#[test]
fn s1_the_password_is_in_no_file_and_no_process_list() {
    let Some(mut server) = Dovecot::start() else {
        return;
    };
    server.set_password("alice", "canary-4f1c9a");
    server.deliver("alice", "INBOX", &letter("Quiet", "shh"), &[], None);
    let home = home_of(&server);
    let (log, transcript) = (home.path("log"), home.path("transcript"));
    let args = [
        "-vv",
        "--log",
        log.to_str().unwrap(),
        "--transcript",
        transcript.to_str().unwrap(),
        "sync",
        "work",
    ];
    home.run(&args).exits(0);
    fs::remove_file(home.path("work.secret")).unwrap();
    let needles = [
        "canary-4f1c9a",
        "Y2FuYXJ5LTRmMWM5Y",
        "NhbmFyeS00ZjFjOW",
        "jYW5hcnktNGYxYzlh",
    ];
    let mut read = 0;
    for bytes in some_files(&home.path(""), usize::MAX) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !needles.iter().any(|needle| text.contains(needle)),
            "the password is in a file"
        );
        read += 1;
    }
    assert!(
        read >= 3 && fs::metadata(transcript).unwrap().len() > 0,
        "{read} files were looked at"
    );
}

#[test]
fn a_mailbox_of_many_shapes_is_listed_and_shown_whole() {
    let Some(server) = Dovecot::holding(40, 31, Sizes::Whole) else {
        return;
    };
    let home = home_of(&server);
    home.run(&["sync", "work"]).exits(0);
    let expected: Vec<_> = Generator::new(31, Sizes::Whole).take(40).collect();
    let messages = list(&home);
    assert_eq!(messages.len(), expected.len());
    for message in messages {
        let shown = home.run(&["show", &message["id"].to_string()]).exits(0);
        assert!(shown.out.lines().count() > 3, "{message} shows nothing");
        assert!(
            !shown.out.chars().any(|c| c.is_control() && c != '\n'),
            "a control character is printed"
        );
    }
}
