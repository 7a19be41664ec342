//! `lacebark send` as a person, a script and other programs use it, through a real Postfix into a
//! real Dovecot; and killed at every step of a scripted server.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::cli_send::fed;
use crate::harness::fake_smtp::{FakeSmtp, Script};
use crate::harness::postfix::Exchange;
use crate::harness::program::Home;
use crate::harness::{eventually, free_port, lacebark, skip};

fn text(message: &[u8]) -> String {
    String::from_utf8_lossy(message).into_owned()
}

#[test]
fn c4_r3_what_is_sent_arrives_once_and_its_copy_stands_in_sent_once() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let home = Home::new();
    exchange.add_account(&home, "alice", &[]);
    let file = home.path("zoë.txt");
    fs::write(&file, "an attachment, with ü\n").unwrap();
    let args = [
        "send",
        "--to",
        "bob@example.test",
        "--bcc",
        "carol@example.test",
        "--subject",
        "Grüße",
        "--attach",
        file.to_str().unwrap(),
    ];
    fed(&home, &args, "Hello Bob,\n.\nFrom here.\n").exits(0);
    let bob = text(&exchange.received("bob", "INBOX", 1)[0]);
    let carol = text(&exchange.received("carol", "INBOX", 1)[0]);
    for got in [&bob, &carol] {
        assert!(
            got.contains("To: <bob@example.test>") && got.contains("Hello Bob,"),
            "{got}"
        );
        assert!(
            !got.to_lowercase().contains("bcc") && !got.contains("To: <carol"),
            "{got}"
        );
    }
    let sent = exchange.received("alice", "Sent", 1);
    assert_eq!(sent.len(), 1);
    let copy = text(&sent[0]);
    assert!(copy.contains("Bcc: <carol@example.test>"), "{copy}");
    let id = |message: &str| {
        let line = message.lines().find(|line| line.starts_with("Message-ID:"));
        line.unwrap().to_owned()
    };
    assert_eq!(id(&copy), id(&bob));
    let queue = home.run(&["queue", "list", "--json"]).exits(0).json();
    assert_eq!(queue["operations"].as_array().unwrap().len(), 0, "{queue}");
    home.run(&["sync"]).exits(0);
    assert_eq!(
        exchange.received("alice", "Sent", 1).len(),
        1,
        "a second copy"
    );
}

#[test]
fn a_whole_message_goes_as_sendmail_takes_it_and_waits_without_a_connection() {
    let Some(mut exchange) = Exchange::start() else {
        return;
    };
    let home = Home::new();
    exchange.add_account(&home, "alice", &[]);
    let message = "From: alice@example.test\nTo: bob@example.test\nBcc: carol@example.test\n\
                   Subject: by hand\n\nline\n.\nlast\n";
    fed(
        &home,
        &["send", "-t", "-oi", "-oem", "-f", "alice@example.test"],
        message,
    )
    .exits(0);
    let bob = text(&exchange.received("bob", "INBOX", 1)[0]);
    assert!(bob.contains("\r\n\r\nline\r\n.\r\nlast\r\n"), "{bob}");
    assert!(!bob.to_lowercase().contains("bcc:"), "{bob}");
    exchange.received("carol", "INBOX", 1);
    // Recipients behind the options are all there are.
    fed(&home, &["send", "-i", "carol@example.test"], message).exits(0);
    exchange.received("carol", "INBOX", 2);
    assert_eq!(exchange.received("bob", "INBOX", 1).len(), 1);
    // What has no @ is refused, never given a domain; and nobody is nobody.
    let run = fed(&home, &["send", "postmaster"], message).exits(2);
    assert!(
        run.err.contains("\"postmaster\" is no mail address"),
        "{}",
        run.err
    );
    let run = fed(&home, &["send", "-t"], "Subject: x\n\nx\n").exits(2);
    assert!(run.err.contains("no recipient"), "{}", run.err);
    // One of three is refused; the others have it.
    let run = fed(
        &home,
        &["send", "bob@example.test", "nobody@example.test"],
        message,
    )
    .exits(1);
    assert!(
        run.err.contains("1 of 2 have it") && run.err.contains("550 5.1.1"),
        "{}",
        run.err
    );
    exchange.received("bob", "INBOX", 2);
    // Off line it waits, and the next connection sends it.
    exchange.postfix.stop();
    let run = fed(&home, &["send", "bob@example.test"], message).exits(3);
    assert!(run.err.starts_with("error: Queued"), "{}", run.err);
    exchange.postfix.start_again();
    home.run(&["sync"]).exits(0);
    assert_eq!(exchange.received("bob", "INBOX", 3).len(), 3);
}

#[test]
fn two_people_write_to_each_other_by_commands_alone_off_line_and_on() {
    let Some(mut exchange) = Exchange::start() else {
        return;
    };
    let (alice, bob) = (Home::new(), Home::new());
    exchange.add_account(&alice, "alice", &[]);
    exchange.add_account(&bob, "bob", &[]);
    let photo: Vec<u8> = (0..200_000_u32).map(|n| ((n * 7919) >> 5) as u8).collect();
    let file = alice.path("photo.bin");
    fs::write(&file, &photo).unwrap();
    let (to, attach) = ("bob@example.test", file.to_str().unwrap());
    let first = [
        "send",
        "--to",
        to,
        "--subject",
        "The hut",
        "--attach",
        attach,
    ];
    fed(&alice, &first, "Is it free?\n").exits(0);
    exchange.received("bob", "INBOX", 1);
    let newest = |home: &Home| {
        home.run(&["sync"]).exits(0);
        let list = home
            .run(&["list", "--json", "--limit", "1"])
            .exits(0)
            .json();
        list["messages"][0].clone()
    };
    let came = newest(&bob);
    assert_eq!(came["attachments"][0]["name"], "photo.bin", "{came}");
    let id = came["id"].to_string();
    let part = came["attachments"][0]["part"].as_str().unwrap();
    let folder = bob.path("got");
    fs::create_dir(&folder).unwrap();
    let into = folder.to_str().unwrap();
    bob.run(&["save", &id, "--part", part, "--to", into])
        .exits(0);
    assert!(
        fs::read(folder.join("photo.bin")).unwrap() == photo,
        "other octets"
    );
    // Bob answers off line; it leaves with the next connection.
    let parent = came["message_id"].as_str().unwrap();
    let answer = format!(
        "To: alice@example.test\nSubject: Re: The hut\nIn-Reply-To: {parent}\nReferences: {parent}\n\n\
         It is.\n"
    );
    exchange.postfix.stop();
    fed(&bob, &["send", "-t"], &answer).exits(3);
    exchange.postfix.start_again();
    bob.run(&["sync"]).exits(0);
    exchange.received("alice", "INBOX", 1);
    let answered = newest(&alice);
    assert_eq!(answered["subject"], "Re: The hut", "{answered}");
    let sent = alice.run(&["list", "sent", "--json"]).exits(0).json();
    assert_eq!(sent["messages"][0]["thread"], answered["thread"], "{sent}");
    assert_eq!(exchange.received("bob", "Sent", 1).len(), 1);
}

#[test]
fn the_owner_of_the_account_delivers_what_another_process_queues() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let home = Home::new();
    exchange.add_account(&home, "alice", &[]);
    let mut owner = home.spawn(&["sync", "--watch"]);
    eventually("the owner is on line", Duration::from_secs(30), || {
        home.run(&["status"]).out.contains("online")
    });
    let message = "To: bob@example.test\nSubject: owner\n\nx\n";
    fed(&home, &["send", "-t", "--wait"], message).exits(0);
    exchange.received("bob", "INBOX", 1);
    fed(&home, &["send", "-t", "--queue-only"], message).exits(0);
    exchange.received("bob", "INBOX", 2);
    exchange.received("alice", "Sent", 2);
    kill_process(Pid::from_child(&owner), Signal::TERM).unwrap();
    owner.wait().unwrap();
}

#[test]
fn git_send_email_is_driven_by_it() {
    if !Path::new("/usr/lib/git-core/git-send-email").exists() {
        return skip("git-email not installed (tests/run installs it)");
    }
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let home = Home::new();
    exchange.add_account(&home, "alice", &[]);
    let work = home.path("work");
    fs::create_dir(&work).unwrap();
    let git = |args: &[&str]| {
        let output = Command::new("/usr/bin/git")
            .args(args)
            .current_dir(&work)
            .env_clear()
            .envs(home.env())
            .env("PATH", "/usr/bin:/bin")
            .env("GIT_AUTHOR_NAME", "Alice")
            .env("GIT_AUTHOR_EMAIL", "alice@example.test")
            .env("GIT_COMMITTER_NAME", "Alice")
            .env("GIT_COMMITTER_EMAIL", "alice@example.test")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
    };
    git(&["init", "-q"]);
    for number in 1..=2 {
        fs::write(work.join("file"), format!("Zeile {number} mit ü\n")).unwrap();
        git(&["add", "file"]);
        git(&["commit", "-q", "-m", &format!("change {number} with ü")]);
    }
    let command = format!("--sendmail-cmd={} send -i", lacebark().display());
    git(&[
        "send-email",
        &command,
        "--to=bob@example.test",
        "--from=Alice <alice@example.test>",
        "--confirm=never",
        "--no-annotate",
        "--root",
        "HEAD",
    ]);
    let received = exchange.received("bob", "INBOX", 2);
    let all: Vec<String> = received.iter().map(|one| text(one)).collect();
    for number in 1..=2 {
        let subject = format!("[PATCH {number}/2]");
        assert!(all.iter().any(|one| one.contains(&subject)), "{all:?}");
    }
}

#[test]
fn r1_r12_killed_at_every_step_it_sends_once_or_not_at_all() {
    let fake = FakeSmtp::start(Script::default());
    let home = Home::new();
    let secret = home.path("secret");
    fs::write(&secret, "key\n").unwrap();
    let imap = format!("imap+plain://alice@127.0.0.1:{}", free_port());
    let command = format!("cat {}", secret.display());
    home.run(&[
        "setup",
        "--address",
        "alice@example.test",
        "--account",
        "work",
        "--imap",
        &imap,
        "--smtp",
        &fake.url(),
        "--password-command",
        &command,
        "--keep",
        "command",
        "--no-test",
    ])
    .exits(0);
    let config = home.path("config.toml");
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(&config, settings + "\nsent_copy = \"server\"\n").unwrap();
    let (mut kills, mut unsure) = (0, 0);
    for step in 0..200_usize {
        let words = format!("Subject: number {step}");
        let message = format!("To: bob@example.test\n{words}\n\nx\n");
        fed(&home, &["send", "-t", "--queue-only"], &message).exits(0);
        let (pid, count) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicUsize::new(0)));
        let (victim, steps) = (pid.clone(), count.clone());
        fake.at_each_step(move || {
            if steps.fetch_add(1, Ordering::SeqCst) == step {
                let pid = i32::try_from(victim.load(Ordering::SeqCst)).unwrap();
                let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
        });
        let mut child = home.spawn(&["sync"]);
        pid.store(child.id(), Ordering::SeqCst);
        let killed = child.wait().unwrap().code().is_none();
        fake.at_each_step(|| {});
        let copies = || {
            let all = fake.delivered();
            all.iter().filter(|one| one.text().contains(&words)).count()
        };
        // Whoever comes next finishes what can be finished.
        home.run(&["sync"]);
        home.run(&["queue", "retry", "--all"]);
        let queue = home.run(&["queue", "list", "--json"]).json();
        let left = queue["operations"].as_array().unwrap().clone();
        match left.as_slice() {
            [] => assert_eq!(copies(), 1, "step {step}"),
            [one] => {
                assert_eq!(one["state"], "unsure", "step {step}: {one}");
                assert!(copies() <= 1, "step {step}");
                unsure += 1;
                home.run(&["queue", "drop", &one["id"].to_string()])
                    .exits(0);
            }
            more => panic!("step {step}: {more:?}"),
        }
        if !killed {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 8, "only {kills} kills");
    assert!(unsure >= 1, "never killed between the dot and its answer");
}
