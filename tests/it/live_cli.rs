//! The command line against a real server: from set-up to a flag that waited for the network.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cli::{Home, modes};
use crate::harness::dovecot::Dovecot;
use crate::harness::keyring::{self, Keyring};
use crate::harness::postfix::Exchange;
use crate::harness::proxy::Proxy;

const TICKETS: &[u8] = b"From: Zo\xc3\xab M\xc3\xbcller <zoe@example.org>\r\n\
To: Alice <alice@example.test>\r\n\
Subject: Train tickets\r\n\
Date: Sat, 21 Nov 2026 08:02:00 +0000\r\n\
Message-ID: <a@b>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=cut\r\n\
\r\n\
--cut\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
The tickets are attached.\r\n\
\x1b]0;owned\x07 is no title.\r\n\
--cut\r\n\
Content-Type: application/pdf\r\n\
Content-Disposition: attachment; filename=\"../ticket.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
JVBERi0xLjQKAAEC\r\n\
--cut--\r\n";

const PDF: &[u8] = b"%PDF-1.4\n\x00\x01\x02";

/// Sets the account `work` up through `port`, its password printed by a command.
fn set_up(home: &Home, exchange: &Exchange, port: u16) {
    let (server, smtp) = (&exchange.dovecot, exchange.postfix.smtps_port());
    let password = home.path("password");
    std::fs::write(&password, format!("{}\n", server.password("alice"))).unwrap();
    let run = home.run(&format!(
        "setup --address alice@example.test --name Alice --account work --login alice \
         --imap imaps://localhost:{port} --smtp smtps://localhost:{smtp} --tls-ca-file {} \
         --password-command cat\\ {} --keep command",
        server.ca_file().display(),
        password.display(),
    ));
    assert_eq!(run.code, 2, "a blank in an argument of this test: {run:?}");
    let run = home.finish(
        &mut home.command([
            "setup",
            "--address",
            "alice@example.test",
            "--name",
            "Alice",
            "--account",
            "work",
            "--login",
            "alice",
            "--imap",
            &format!("imaps://localhost:{port}"),
            "--smtp",
            &format!("smtps://localhost:{smtp}"),
            "--tls-ca-file",
            &server.ca_file().display().to_string(),
            "--password-command",
            &format!("cat {}", password.display()),
        ]),
        "",
    );
    assert_eq!(run.code, 0, "{run:?}");
}

fn id_of(home: &Home, subject: &str) -> String {
    let list = home.run("list --json").json();
    let messages = list["messages"].as_array().unwrap();
    let message = messages.iter().find(|m| m["subject"] == subject).unwrap();
    message["id"].to_string()
}

#[test]
fn an_account_is_set_up_read_flagged_unplugged_and_plugged_in_again() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let server = &exchange.dovecot;
    let first = server.deliver(
        "alice",
        "INBOX",
        b"Subject: Older\r\n\r\nold\r\n",
        &["\\Seen"],
        None,
    );
    let uid = server.deliver("alice", "INBOX", TICKETS, &[], None);
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::new();
    set_up(&home, &exchange, proxy.port());

    let synced = home.run("sync --json").json();
    assert_eq!(synced["accounts"][0]["id"], "work", "{synced}");
    assert_eq!(synced["accounts"][0]["done"], true, "{synced}");
    let list = home.run("list --json").json();
    let message = &list["messages"][0];
    assert_eq!(message["subject"], "Train tickets");
    assert_eq!(message["mailbox"], "INBOX");
    assert_eq!(message["account"], "work");
    assert_eq!(message["date"], "2026-11-21T08:02:00Z");
    assert_eq!(message["from"][0]["name"], "Zoë Müller");
    assert_eq!(message["message_id"], "<a@b>");
    assert_eq!(message["unread"], true);
    assert_eq!(message["size"], TICKETS.len());
    assert_eq!(message["kept"], "all");
    assert_eq!(message["attachments"][0]["part"], "2");
    assert_eq!(message["attachments"][0]["type"], "application/pdf");
    assert_eq!(
        home.run("list --unread --json").json()["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let id = id_of(&home, "Train tickets");
    let shown = home.run(&format!("show {id}")).ends(0);
    assert!(
        shown.contains("From:     Zoë Müller <zoe@example.org>"),
        "{shown}"
    );
    assert!(shown.contains("The tickets are attached."), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
    assert_eq!(home.run(&format!("show {id} --raw")).bytes, TICKETS, "R21");
    assert_eq!(home.run(&format!("show {id} --part 2")).bytes, PDF);
    saves(&home, &id);

    assert_eq!(home.run(&format!("flag {id}")).code, 0);
    let flags = server.client("alice").flags("INBOX", uid).unwrap();
    assert_eq!(flags, ["\\Flagged"]);

    proxy.set(|faults| faults.refuse = true);
    proxy.cut_now();
    let older = id_of(&home, "Older");
    let run = home.run(&format!("flag --as seen {id}"));
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(home.run(&format!("unflag --as seen {older}")).code, 3);
    let queue = home.run("queue list --json").json();
    assert_eq!(queue["operations"][0]["state"], "queued", "{queue}");
    assert_eq!(
        home.run("list --json").json()["messages"][0]["unread"],
        false
    );
    assert_eq!(home.run(&format!("show {id} --raw")).bytes, TICKETS);
    assert_ne!(home.run("sync").code, 0);

    proxy.set(|faults| faults.refuse = false);
    assert_eq!(home.run("sync").code, 0);
    let mut client = server.client("alice");
    assert_eq!(client.flags("INBOX", uid).unwrap(), ["\\Flagged", "\\Seen"]);
    assert_eq!(client.flags("INBOX", first).unwrap(), Vec::<String>::new());
    let queue = home.run("queue list --json").json();
    assert_eq!(queue["operations"], serde_json::json!([]));
    s4_files_are_private(&home);
}

#[test]
fn what_is_not_kept_is_fetched_when_it_is_asked_for_and_possible() {
    let Some(exchange) = Exchange::start() else {
        return;
    };
    let server = &exchange.dovecot;
    for subject in ["one", "two"] {
        let raw = format!("Subject: {subject}\r\n\r\nbody of {subject}\r\n");
        server.deliver("alice", "INBOX", raw.as_bytes(), &[], None);
    }
    let proxy = Proxy::before(server.imaps_port());
    let home = Home::new();
    set_up(&home, &exchange, proxy.port());
    let file = home.path("config/lacebark/config.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let headers = settings.replace("id = \"work\"", "id = \"work\"\noffline = \"headers\"");
    std::fs::write(&file, headers).unwrap();
    assert_eq!(home.run("sync").code, 0);
    let list = home.run("list --json").json();
    assert_eq!(list["messages"][0]["kept"], "headers", "{list}");
    let (one, two) = (id_of(&home, "one"), id_of(&home, "two"));
    let shown = home.run(&format!("show {one}")).ends(0);
    assert!(shown.contains("body of one"), "{shown}");

    proxy.set(|faults| faults.refuse = true);
    let offline = home.run(&format!("show {two}")).ends(1);
    assert!(offline.contains("is not kept here"), "{offline}");
    assert_eq!(home.run(&format!("show {one}")).code, 0);
}

fn saves(home: &Home, id: &str) {
    std::fs::create_dir(home.path("out")).unwrap();
    for name in ["ticket.pdf", "ticket (1).pdf"] {
        let run = home.run(&format!("save {id} --part 2 --to out"));
        assert_eq!(
            (run.code, run.out.as_str()),
            (0, format!("out/{name}\n").as_str())
        );
        let path = home.path("out").join(name);
        assert_eq!(std::fs::read(&path).unwrap(), PDF);
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let run = home.run(&format!("save {id} --to out --json")).json();
    let path = run["files"][0]["path"].as_str().unwrap();
    assert_eq!(std::fs::read(home.path(path)).unwrap(), TICKETS);
    assert_eq!(home.run(&format!("save {id} --part 9 --to out")).code, 1);
    assert_eq!(home.run(&format!("save {id} --to nowhere")).code, 1);
}

fn s4_files_are_private(home: &Home) {
    for name in ["data", "cache", "run", "config"] {
        for (path, mode) in modes(&home.path(name)) {
            assert_eq!(mode & 0o077, 0, "{} {mode:o}", path.display());
        }
    }
}

#[test]
fn what_the_server_refuses_is_told_in_its_words_and_nothing_is_stored() {
    let Some(server) = Dovecot::start() else {
        return;
    };
    let home = Home::new();
    let url = server.url();
    let ca = server.ca_file().display().to_string();
    let setup = |more: &str, password: &str| {
        home.run_with(
            &format!("setup --address alice@example.test --login alice --imap {url} {more}"),
            password,
        )
    };
    let foreign = setup("--password-stdin --keep ask", server.password("alice"));
    assert_eq!(foreign.code, 1, "{foreign:?}");
    assert!(foreign.err.contains("certificate"), "{foreign:?}");
    let wrong = setup(
        &format!("--password-stdin --keep ask --tls-ca-file {ca}"),
        "canary-wrong",
    );
    assert_eq!(wrong.code, 4, "{wrong:?}");
    assert!(wrong.err.contains("Authentication failed"), "{wrong:?}");
    assert!(!wrong.err.contains("canary"), "{wrong:?}");
    let list = home.run("account list --json").json();
    assert_eq!(list["accounts"], serde_json::json!([]));
}

#[test]
fn a_password_goes_into_the_keyring_and_out_again_with_the_account() {
    let test = "live_cli::a_password_goes_into_the_keyring_and_out_again_with_the_account";
    if !keyring::inside(test, Keyring::Unlocked) {
        return;
    }
    let Some(server) = Dovecot::start() else {
        return;
    };
    server.deliver(
        "alice",
        "INBOX",
        b"Subject: canary-subject\r\n\r\nx\r\n",
        &[],
        None,
    );
    let home = Home::new();
    let cron = |line: &str, stdin: &str| {
        let mut command = home.command(line.split_whitespace());
        command.env(
            "XDG_RUNTIME_DIR",
            std::env::var_os("XDG_RUNTIME_DIR").unwrap(),
        );
        home.finish(&mut command, stdin)
    };
    let setup = format!(
        "setup --address alice@example.test --account work --login alice --imap {} \
         --tls-ca-file {} --password-stdin",
        server.url(),
        server.ca_file().display()
    );
    let run = cron(&setup, server.password("alice"));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(cron("sync", "").code, 0);
    assert_eq!(
        cron("list --json", "").json()["messages"][0]["subject"],
        "canary-subject"
    );
    let status = cron("status --json", "").json();
    assert_eq!(status["keyring"]["available"], true, "{status}");
    assert!(
        !holds(&home.path("."), server.password("alice").as_bytes()),
        "S1"
    );

    assert_eq!(cron("logout work", "").code, 0);
    let run = cron("sync", "");
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.err.contains("lacebark login work"), "{run:?}");
    assert_eq!(cron("login work --password-stdin", "wrong").code, 4);
    assert_eq!(
        cron("login work --password-stdin", server.password("alice")).code,
        0
    );
    assert_eq!(cron("account test work", "").code, 0);

    let run = cron("account remove work", "");
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(cron("account remove work --yes", "").code, 0);
    for name in ["data", "cache", "config"] {
        assert!(!holds(&home.path(name), b"canary-subject"), "S7 in {name}");
    }
}

#[test]
fn a_locked_keyring_is_a_sign_in_that_is_needed() {
    let test = "live_cli::a_locked_keyring_is_a_sign_in_that_is_needed";
    if !keyring::inside(test, Keyring::Locked) {
        return;
    }
    let home = Home::new();
    home.settings(
        "[[account]]\nid = \"locked-away\"\naddress = \"alice@example.test\"\n\
         imap = \"imaps://localhost:1\"\n",
    );
    let cron = |line: &str| {
        let mut command = home.command(line.split_whitespace());
        command.env(
            "XDG_RUNTIME_DIR",
            std::env::var_os("XDG_RUNTIME_DIR").unwrap(),
        );
        home.finish(&mut command, "")
    };
    let run = cron("sync");
    assert_eq!(run.code, 4, "{run:?}");
    assert!(
        run.err.contains("locked") && run.err.contains("hint:"),
        "{run:?}"
    );
    let status = cron("status --json").json();
    assert_eq!(status["keyring"]["available"], false, "{status}");
}

/// Whether any file below `dir` holds these bytes.
fn holds(dir: &Path, bytes: &[u8]) -> bool {
    let files = modes(dir).into_iter().map(|(path, _)| path);
    files.filter(|path| path.is_file()).any(|path| {
        let content = std::fs::read(&path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
