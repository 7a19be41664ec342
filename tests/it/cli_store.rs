//! The commands over a store that was filled beforehand: whole outputs, JSON, exit codes.

use std::io::Read as _;
use std::sync::Arc;

use lacebark::env::SystemClock;
use lacebark::model::{Flags, Role};
use lacebark::ops::import::{self, RawMessage};
use lacebark::store::Store;

use crate::cli::{Home, modes};

const TICKETS: &[u8] = b"From: Zo\xc3\xab M\xc3\xbcller <zoe@example.org>\r\n\
To: Alice <alice@example.org>, bob@example.org\r\n\
Cc: carol@example.org\r\n\
Subject: =?utf-8?Q?Train_tickets?=\r\n\
Date: Sat, 21 Nov 2026 09:02:00 +0100\r\n\
Message-ID: <a@b>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=cut\r\n\
\r\n\
--cut\r\n\
Content-Type: multipart/alternative; boundary=alt\r\n\
\r\n\
--alt\r\n\
Content-Type: text/plain; charset=iso-8859-1\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
Gr=FC=DFe, the tickets are attached.\r\n\
--alt\r\n\
Content-Type: text/html; charset=utf-8\r\n\
\r\n\
<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n\
--alt--\r\n\
--cut\r\n\
Content-Type: application/pdf\r\n\
Content-Disposition: attachment; filename=\"ticket.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
JVBERi0xLjQKAAEC\r\n\
--cut--\r\n";

/// Controls in every place that a command prints, encoded and not.
const HOSTILE: &[u8] = b"From: \"ceo@bank.example\" <evil@example.net>\r\n\
To: =?utf-8?Q?a=1B=5D0=3Bx=07b?= <x@example.org>\r\n\
Subject: =?utf-8?Q?red=1B=5B31m_=0D=0Afake_row_=E2=80=AEgpj.exe=C2=9B2J?=\r\n\
Date: Fri, 20 Nov 2026 08:00:00 +0000\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
\x1b]52;c;aGk=\x07\x1b[2J\xc2\x9b31mclear\x08\x7f\r\n\
\xe2\x80\xaeright to left\r\n";

const FORBIDDEN: [char; 8] = [
    '\u{1b}', '\u{7}', '\u{8}', '\u{7f}', '\u{9b}', '\u{202e}', '\r', '\0',
];

/// A home with one account without a server: TICKETS is message 1, HOSTILE is message 2.
fn home() -> Home {
    let home = Home::new();
    home.settings(
        "[[account]]\nid = \"here\"\nkind = \"local\"\naddress = \"alice@example.org\"\n",
    );
    fill(&home, "here");
    home
}

fn fill(home: &Home, account: &str) {
    let path = home.path("data/lacebark/mail.db");
    let store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
    let raw = |bytes: &[u8], flags: &str| RawMessage {
        bytes: bytes.to_vec(),
        flags: Flags::parse(flags.split_whitespace()),
        arrival: None,
    };
    let (_, inbox) = import::mailbox(&store, account, "INBOX", Some(Role::Inbox))
        .wait()
        .unwrap();
    let messages = vec![raw(TICKETS, "\\Flagged $Forwarded"), raw(HOSTILE, "\\Seen")];
    import::messages(&store, inbox, messages).wait().unwrap();
    import::mailbox(&store, account, "Lists/a:b", None)
        .wait()
        .unwrap();
}

#[test]
fn the_text_of_each_reading_command_is_as_shown() {
    let home = home();
    let mut all = String::new();
    for line in [
        "account list",
        "account show here",
        "mailbox list",
        "list",
        "list --unread",
        "list here:Lists/a:b",
        "show 1",
        "show 2",
        "show 1 --html",
        "queue list",
        "flag 2",
        "list --limit 1",
        "unflag --as seen 2",
        "list",
        "account prune",
    ] {
        all += &format!("$ lacebark {line}\n{}\n", home.run(line).ends(0));
    }
    insta::assert_snapshot!("reading", all);
    assert!(!all.contains(FORBIDDEN), "D1, P14");
}

#[test]
fn what_is_not_there_is_exit_1_with_a_hint() {
    let home = home();
    let mut all = String::new();
    for line in [
        "list --account nobody",
        "list nothere",
        "list sent",
        "list nobody:INBOX",
        "show 99",
        "show 1 --part 9",
        "show 2 --html",
        "save 99",
        "save 1 --part 7",
        "save 1 --to missing",
        "flag 1 99",
        "queue drop 5",
        "queue retry 5",
        "account show nobody",
        "account test nobody",
        "account test here",
        "account remove nobody --yes",
        "login nobody --password-stdin",
        "logout nobody",
        "sync nobody",
        "sync here",
        "sync --mailbox inbox",
        "open missing.eml",
    ] {
        all += &format!("$ lacebark {line}\n{}\n", home.run(line).ends(1));
    }
    insta::assert_snapshot!("missing", all);
    let list = home.run("list --json").json();
    assert_eq!(list["messages"][0]["flags"][0], "\\Flagged");
    assert_eq!(list["messages"][0]["flags"].as_array().unwrap().len(), 2);
}

#[test]
fn a_setup_that_cannot_be_meant_is_exit_2() {
    let home = Home::new();
    let mut all = String::new();
    for more in [
        "--address alice",
        "--address a@nowhere.test --password-stdin",
        "--address a@b.test --imap imap.b.test --password-stdin",
        "--address a@b.test --imap https://b.test --password-stdin",
        "--address a@b.test --imap imaps://b.test:0 --password-stdin",
        "--address a@b.test --imap imaps://u:secret@b.test --password-stdin",
        "--address a@b.test --imap imap+plain://mail.b.test --password-stdin",
        "--address a@b.test --imap imap+plain://192.0.2.1 --password-stdin",
        "--address a@b.test --imap imaps://b.test/INBOX --password-stdin",
        "--address a@b.test --imap imaps://b.test --account a:b --password-stdin",
        "--address a@b.test --imap imaps://b.test --auth xoauth2 --password-stdin",
        "--address a@b.test --imap imaps://b.test --keep command --password-stdin",
        "--address a@b.test --imap imaps://b.test --password-command x|y",
        "--address a@b.test --imap imaps://b.test",
        "--address a@b.test --imap imaps://b.test --password-stdin",
    ] {
        let run = home.run(&format!("setup {more}"));
        assert!(!run.err.contains("secret@"), "{run:?}");
        all += &format!("$ lacebark setup {more}\n{}\n", run.ends(2));
    }
    insta::assert_snapshot!("setup_usage", all);
    assert!(!home.path("config/lacebark/config.toml").exists());
}

#[test]
fn a_server_that_does_not_answer_is_exit_1_and_nothing_is_stored() {
    let home = Home::new();
    let port = crate::harness::free_port();
    let line =
        format!("setup --address a@b.test --imap imap+plain://localhost:{port} --password-stdin");
    let run = home.run_with(&line, "canary\n");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains(&format!("localhost:{port}")), "{run:?}");
    assert!(!run.err.contains("canary"), "{run:?}");
    assert!(!home.path("config/lacebark/config.toml").exists());
    let run = home.run_with(
        &format!("{line} --no-test --keep ask --account later"),
        "canary\n",
    );
    assert_eq!(run.code, 0, "{run:?}");
    let run = home.run("sync later");
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.err.contains("hint:"), "{run:?}");
    for (path, _) in modes(&home.path(".")) {
        let content = std::fs::read(&path).unwrap_or_default();
        assert!(
            !content.windows(6).any(|w| w == b"canary"),
            "S3 {}",
            path.display()
        );
    }
}

#[test]
fn s3_without_a_keyring_nothing_is_stored_and_status_says_why() {
    let home = home();
    let status = home.run("status --json").json();
    assert_eq!(status["keyring"]["available"], false, "{status}");
    assert!(
        status["keyring"]["why"]
            .as_str()
            .is_some_and(|why| !why.is_empty())
    );
    assert_eq!(status["accounts"][0]["id"], "here");
    assert_eq!(status["accounts"][0]["state"], "idle");
    assert_eq!(status["accounts"][0]["unread"], 1);
    assert_eq!(status["accounts"][0]["total"], 2);
    let run = home.run_with(
        "setup --address a@b.test --imap imaps://b.test --no-test --password-stdin",
        "canary\n",
    );
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.err.contains("hint:"), "{run:?}");
    assert_eq!(
        home.run("account list --json").json()["accounts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn json_is_as_the_contract_says() {
    let home = home();
    let list = home.run("list --json --limit 1").json();
    let expected = serde_json::json!({"schema": 1, "messages": [{
        "id": 1, "account": "here", "mailbox": "INBOX", "date": "2026-11-21T08:02:00Z",
        "from": [{"name": "Zoë Müller", "address": "zoe@example.org"}],
        "to": [{"name": "Alice", "address": "alice@example.org"}, {"name": "", "address": "bob@example.org"}],
        "cc": [{"name": "", "address": "carol@example.org"}],
        "subject": "Train tickets", "message_id": "<a@b>",
        "flags": ["\\Flagged", "$Forwarded"], "unread": true,
        "size": TICKETS.len(), "thread": list["messages"][0]["thread"],
        "attachments": [{"part": "2", "name": "ticket.pdf", "type": "application/pdf", "size": 16}],
        "kept": "all",
    }]});
    assert_eq!(list, expected);
    assert!(list["messages"][0]["thread"].as_i64().unwrap() > 0);
    let shown = home.run("show 2 --json").json();
    assert_eq!(shown["messages"][0]["message_id"], serde_json::Value::Null);
    assert!(
        shown["messages"][0]["text"]
            .as_str()
            .unwrap()
            .contains("clear")
    );
    assert_eq!(
        home.run("queue list --json").json(),
        serde_json::json!({"schema": 1, "operations": []})
    );
    let boxes = home.run("mailbox list --json").json();
    assert_eq!(boxes["mailboxes"][0]["role"], "inbox");
    assert_eq!(boxes["mailboxes"][0]["total"], 2);
    assert_eq!(boxes["mailboxes"][0]["unread"], 1);
    let accounts = home.run("account show here --json").json();
    assert_eq!(accounts["accounts"][0]["kind"], "local");
    assert_eq!(
        home.run("flag 1 --json").json()["operations"],
        serde_json::json!([])
    );
}

/// A message of a conversation, with this date in minutes.
fn answer(id: &str, above: &str, minute: u32) -> RawMessage {
    let bytes = format!(
        "From: zoe@example.org\r\nTo: alice@example.org\r\nSubject: Re: Tickets {id}\r\n\
         Date: Sat, 21 Nov 2026 09:{minute:02}:00 +0000\r\nMessage-ID: <{id}>\r\n\
         References: {above}\r\n\r\nText of {id}.\r\n"
    );
    RawMessage {
        bytes: bytes.into_bytes(),
        flags: Flags::none(),
        arrival: None,
    }
}

#[test]
fn conversations_are_listed_whole_as_trees_with_mail_of_other_mailboxes() {
    let home = home();
    {
        let path = home.path("data/lacebark/mail.db");
        let store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
        let put = |mailbox: &str, role, messages| {
            let (_, key) = import::mailbox(&store, "here", mailbox, role)
                .wait()
                .unwrap();
            import::messages(&store, key, messages).wait().unwrap();
        };
        let inbox = vec![
            answer("d@b", "<a@b> <c@b>", 20),
            answer("e@b", "<a@b>", 30),
            answer("z@b", "", 10),
        ];
        put("INBOX", Some(Role::Inbox), inbox);
        put("Sent", Some(Role::Sent), vec![answer("c@b", "<a@b>", 15)]);
        put("Trash", Some(Role::Trash), vec![answer("t@b", "<a@b>", 40)]);
    }
    let json = home.run("list --threads --json").json();
    let told: Vec<String> = json["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let word = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
            format!("{} {}", word("mailbox"), word("message_id"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "INBOX <a@b>",
            "Sent <c@b>",
            "INBOX <d@b>",
            "INBOX <e@b>",
            "INBOX <z@b>",
            "INBOX -"
        ]
    );
    let thread = |at: usize| json["messages"][at]["thread"].as_i64().unwrap();
    assert!(thread(0) > 0 && thread(0) == thread(1) && thread(0) == thread(3));
    assert!(thread(4) != thread(0) && thread(5) != thread(4));
    let text = home.run("list --threads --limit 2").ends(0);
    insta::assert_snapshot!(text);
    // Of HOSTILE alone nothing is unread.
    let unread = home.run("list --threads --unread --json").json();
    assert_eq!(unread["messages"].as_array().unwrap().len(), 5);
}

#[test]
fn r21_bytes_leave_as_they_came() {
    let home = home();
    assert_eq!(home.run("show 1 --raw").bytes, TICKETS);
    assert_eq!(home.run("show 2 --raw").bytes, HOSTILE);
    assert_eq!(home.run("show 1 --part 2").bytes, b"%PDF-1.4\n\x00\x01\x02");
    assert_eq!(
        home.run("show 1 --part 1.1").bytes,
        b"Gr\xfc\xdfe, the tickets are attached."
    );
    let headers = home.run("show 1 --headers").bytes;
    assert!(TICKETS.starts_with(&headers) && headers.ends_with(b"boundary=cut\r\n\r\n"));
    let raw = home.run("show 2 --raw --json").json();
    assert!(
        raw["messages"][0]["base64"]
            .as_str()
            .unwrap()
            .starts_with("RnJvbTog")
    );
    for name in ["Train tickets.eml", "Train tickets (1).eml"] {
        assert_eq!(home.run("save 1").out, format!("{name}\n"));
        assert_eq!(std::fs::read(home.path(name)).unwrap(), TICKETS);
    }
    assert_eq!(home.run("save 1 --part 1.2").out, "part-1.2.html\n");
    let hostile = home.run("save 2 --json").json();
    let path = hostile["files"][0]["path"].as_str().unwrap();
    assert!(
        !path.contains(FORBIDDEN) && !path.contains('/'),
        "A1 {path:?}"
    );
}

#[test]
fn d1_nothing_that_a_terminal_obeys_reaches_it() {
    let home = home();
    for line in [
        "list",
        "show 2",
        "show 2 --raw",
        "show 2 --headers",
        "show 2 --part 1",
        "show 2 --json",
        "list --json",
        "save 2",
    ] {
        let printed = on_terminal(&home, line);
        assert!(
            !printed.contains("\u{1b}") && printed.len() > 5,
            "{line}: {printed:?}"
        );
        assert!(
            !printed.replace("\r\n", "\n").contains(FORBIDDEN),
            "{line}: {printed:?}"
        );
    }
    let refused = on_terminal(&home, "show 1 --part 2");
    assert!(
        refused.contains("not text") && refused.contains("lacebark save 1 --part 2"),
        "{refused}"
    );
}

/// What a command writes to a terminal of 80 columns.
fn on_terminal(home: &Home, line: &str) -> String {
    let pty = portable_pty::native_pty_system()
        .openpty(portable_pty::PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        })
        .unwrap();
    let plain = home.command(line.split(' '));
    let mut command = portable_pty::CommandBuilder::new(plain.get_program());
    command.args(plain.get_args());
    command.env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap());
    }
    command.cwd(home.path("."));
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // A terminal whose last program has ended answers with an error instead of an end.
    while let Ok(read @ 1..) = reader.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..read]);
    }
    child.wait().unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn s4_under_an_open_umask_every_file_is_private() {
    let home = home();
    for line in [
        "flag 1",
        "save 1",
        "--log log list",
        "--transcript wire account test here",
    ] {
        let mut command = std::process::Command::new("/bin/sh");
        let plain = home.command(line.split(' '));
        command.args(["-c", "umask 000; exec \"$@\"", "sh"]);
        command
            .arg(plain.get_program())
            .args(plain.get_args())
            .env_clear();
        command.envs(plain.get_envs().map(|(k, v)| (k, v.unwrap())));
        home.finish(command.current_dir(home.path(".")), "");
    }
    for (path, mode) in modes(&home.path(".")) {
        let ours = path.starts_with(home.path("./data/lacebark")) || path.is_file();
        let made_by_test = path.ends_with("config.toml");
        assert!(
            !ours || made_by_test || mode & 0o077 == 0,
            "{} {mode:o}",
            path.display()
        );
    }
}

#[test]
fn settings_with_faults_are_told_by_line_and_the_rest_goes_on() {
    let home = home();
    home.settings(
        "colour = true\n[[account]]\nid = \"here\"\nkind = \"local\"\n[[account]]\nid = \"bad\"\nimap = \"ftp://x\"\n",
    );
    let run = home.run("list --limit 1");
    assert_eq!(run.code, 0, "{run:?}");
    insta::assert_snapshot!("settings_faults", run.err);
    assert_eq!(home.run("account show bad").code, 1);
    home.settings("[[account]\nid = \n");
    let run = home.run("list");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("config.toml:1"), "{run:?}");
    let line =
        "setup --address a@b.test --imap imaps://b.test --no-test --keep ask --password-stdin";
    let run = home.run_with(line, "x\n");
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn r14_a_newer_store_is_refused_and_a_foreign_file_is_left_alone() {
    let home = home();
    let path = home.path("data/lacebark/mail.db");
    let good = std::fs::read(&path).unwrap();
    let mut newer = good.clone();
    newer[63] = 200;
    std::fs::write(&path, &newer).unwrap();
    for line in ["list", "flag 1", "status"] {
        let run = home.run(line);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.err.contains("newer"), "{run:?}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), newer);
    std::fs::write(&path, &good).unwrap();
    assert_eq!(home.run("list").code, 0);
}

#[test]
fn s7_a_removed_account_leaves_no_word_behind() {
    let home = home();
    let run = home.run("account remove here");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("--yes"), "{run:?}");
    assert_eq!(home.run("list --json").code, 0);
    let run = home.run("account remove here --yes");
    assert_eq!(run.code, 0, "{run:?}");
    for (path, _) in modes(&home.path("data")) {
        let content = std::fs::read(&path).unwrap_or_default();
        for word in [
            &b"Train tickets"[..],
            b"tickets are attached",
            b"evil@example.net",
        ] {
            assert!(
                !content.windows(word.len()).any(|w| w == word),
                "{}",
                path.display()
            );
        }
    }
    assert_eq!(
        home.run("account list --json").json()["accounts"],
        serde_json::json!([])
    );
}

#[test]
fn s7_files_set_aside_before_are_named_when_an_account_is_removed() {
    let home = home();
    let copies = [
        "mail.db.damaged-2026-11-21-080200",
        "mail.db.before-migration-3-1795000000",
    ];
    for name in copies {
        std::fs::write(home.path("data/lacebark").join(name), "old mail").unwrap();
    }
    let run = home.run("account remove here --yes");
    assert_eq!(run.code, 0, "{run:?}");
    for name in copies {
        assert!(run.out.contains(name), "{run:?}");
        assert!(home.path("data/lacebark").join(name).exists(), "kept");
    }
    let other = self::home();
    std::fs::write(other.path("data/lacebark").join(copies[0]), "old mail").unwrap();
    let run = other.run("account remove here --yes --json").json();
    assert_eq!(run["copies"].as_array().unwrap().len(), 1, "{run}");
    let plain = self::home().run("account remove here --yes");
    assert_eq!(plain.out.lines().count(), 1, "{plain:?}");
}

#[test]
fn s4_a_data_folder_that_others_share_is_refused_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let shared = home.path("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
    let run = home.run(&format!("--data {} status", shared.display()));
    assert_eq!(run.code, 1, "{run:?}");
    for words in ["shared can be changed by others", "hint:", "chmod 700"] {
        assert!(run.err.contains(words), "{words}: {run:?}");
    }
    let mode = std::fs::metadata(&shared).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o1777);
    assert_eq!(std::fs::read_dir(&shared).unwrap().count(), 0);
}

#[test]
fn an_account_that_is_not_configured_keeps_its_mail() {
    let home = home();
    fill(&home, "old");
    let accounts = home.run("account list --json").json();
    assert_eq!(accounts["accounts"][1]["id"], "old");
    assert_eq!(accounts["accounts"][1]["configured"], false);
    assert_eq!(home.run("show 3 --raw").bytes, TICKETS);
    assert_eq!(home.run("account remove old --yes").code, 0);
    assert_eq!(home.run("show 3").code, 1);
    assert_eq!(home.run("show 1 --raw").bytes, TICKETS);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = home();
    let mut command = home.command(["show", "1", "--raw"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command
        .stdin(std::process::Stdio::null())
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}
