//! `lacebark send` and whom it writes as: accounts, identities, aliases, and what programs that expect
//! sendmail give it. The servers are scripted.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::harness::fake_smtp::{Delivered, FakeSmtp, Script};
use crate::harness::free_port;
use crate::harness::program::{Home, Run};

/// Runs the program with this on its standard input.
pub fn fed(home: &Home, args: &[&str], input: &str) -> Run {
    let mut child = home
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // What refuses its arguments reads nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
    }
}

/// Two accounts with a server each, and one whose server is not there. Nobody listens where mail would
/// be read.
struct Desk {
    home: Home,
    one: FakeSmtp,
    two: FakeSmtp,
}

impl Desk {
    fn new() -> Desk {
        let (one, two) = (
            FakeSmtp::start(Script::default()),
            FakeSmtp::start(Script::default()),
        );
        let home = Home::new();
        let account = |id: &str, name: &str, smtp: &str| {
            format!(
                "[[account]]\nid = \"{id}\"\nname = \"{name}\"\naddress = \"alice@{id}.example\"\n\
                 imap = \"imap+plain://alice@127.0.0.1:{}\"\nsmtp = \"{smtp}\"\n\
                 keep = \"command\"\npassword_command = [\"printf\", \"key\"]\n\
                 sent_copy = \"server\"\nsignature = \"The signature\"\n",
                free_port()
            )
        };
        let away = format!("smtp+plain://127.0.0.1:{}", free_port());
        let settings = format!(
            "[aliases]\nroot = \"alice@one.example\"\ncrew = [\"tom@x.example\", \"sven@x.example\"]\n\
             {}[[account.identity]]\naddress = \"sales@one.example\"\nname = \"The Sales\"\n\
             reply_to = \"desk@one.example\"\n{}{}",
            account("one", "Alice One", &one.url()),
            account("two", "Alice Two", &two.url()),
            account("away", "Alice Away", &away),
        );
        let config = home.path("config.toml");
        fs::write(&config, settings).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        Desk { home, one, two }
    }

    fn sends(&self, args: &[&str], input: &str) -> Run {
        let args: Vec<&str> = ["send"].iter().chain(args).copied().collect();
        fed(&self.home, &args, input)
    }
}

fn last(server: &FakeSmtp) -> Delivered {
    server.delivered().pop().expect("nothing came")
}

fn field(message: &Delivered, name: &str) -> String {
    let text = message.text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_default().to_owned()
}

#[test]
fn c11_who_writes_picks_account_and_identity_and_a_script_signs_nothing() {
    let desk = Desk::new();
    desk.sends(
        &["--to", "Bob Example <bob@x.example>", "--cc", "crew"],
        "Hi\n",
    )
    .exits(0);
    let plain = last(&desk.one);
    assert_eq!(plain.from, "alice@one.example");
    assert_eq!(
        plain.to,
        ["bob@x.example", "tom@x.example", "sven@x.example"]
    );
    assert!(field(&plain, "From").contains("Alice One"), "{plain:?}");
    assert!(field(&plain, "To").contains("Bob Example"), "{plain:?}");
    assert!(!plain.text().contains("The signature"));
    // An identity of the account, by its address in any case.
    desk.sends(
        &["-f", "SALES@one.example", "--to", "bob@x.example"],
        "Hi\n",
    )
    .exits(0);
    let sales = last(&desk.one);
    assert!(field(&sales, "From").contains("The Sales"), "{sales:?}");
    assert!(field(&sales, "Reply-To").contains("desk@one.example"));
    assert_eq!(desk.two.delivered().len(), 0);
    // Another account: by -f, by From of a whole message, and by name.
    let whole = "Subject: x\n\nx\n";
    desk.sends(&["-f", "alice@two.example", "bob@x.example"], whole)
        .exits(0);
    assert!(field(&last(&desk.two), "From").contains("Alice Two"));
    let from = format!("From: A <alice@two.example>\nTo: bob@x.example\n{whole}");
    desk.sends(&["-t", "-oi"], &from).exits(0);
    desk.sends(&["--account", "two", "--to", "bob@x.example"], "Hi\n")
        .exits(0);
    assert_eq!(
        (desk.one.delivered().len(), desk.two.delivered().len()),
        (2, 3)
    );
    // A list bounces to an address of its own; who writes still says whose account it is.
    desk.sends(&["-t", "-f", "bounces@list.example"], &from)
        .exits(0);
    assert_eq!(last(&desk.two).from, "bounces@list.example");
}

#[test]
fn what_cron_and_mailx_hand_over_leaves_and_what_nobody_knows_does_not() {
    let desk = Desk::new();
    let cron = "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> x\n\nall is well\n";
    desk.sends(&["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"], cron)
        .exits(0);
    let came = last(&desk.one);
    assert_eq!(
        (came.from.as_str(), came.to.len()),
        ("alice@one.example", 1)
    );
    assert_eq!(came.to, ["alice@one.example"]);
    let from = field(&came, "From");
    assert!(
        from.contains("Cron Daemon") && from.contains("alice@one.example"),
        "{from}"
    );
    assert!(field(&came, "To").contains("alice@one.example"));
    desk.sends(&["-t", "-f", "root"], cron).exits(0);
    let mailx = "To: bob@x.example\nSubject: by mailx\n\nHi\n";
    desk.sends(
        &[
            "-oi",
            "-bm",
            "-r",
            "alice@one.example",
            "--",
            "bob@x.example",
        ],
        mailx,
    )
    .exits(0);
    assert_eq!(desk.one.delivered().len(), 3);
    for (args, input, word) in [
        (&["postmaster"][..], mailx, "postmaster"),
        (&["-t"], "To: nobody\n\nx\n", "nobody"),
        (&["--to", "a@x.example\r\nBcc: b@x.example"], "x", "control"),
        (&["--to", "a@b@c"], "x", "a@b@c"),
        (&["-bs", "a@x.example"], mailx, "-b"),
        (&["-t", "--subject", "x"], mailx, "--subject"),
    ] {
        let run = desk.sends(args, input).exits(2);
        assert!(run.err.contains(word), "{args:?}: {}", run.err);
    }
    assert_eq!(desk.one.delivered().len(), 3);
    let queue = desk.home.run(&["queue", "list", "--json"]).exits(0).json();
    assert_eq!(queue["operations"].as_array().unwrap().len(), 0, "{queue}");
}

#[test]
fn a5_only_a_file_that_is_there_is_attached() {
    let desk = Desk::new();
    let file = desk.home.path("notes.txt");
    fs::write(&file, "a note\n").unwrap();
    let to = [
        "--to",
        "bob@x.example",
        "--bcc",
        "carol@x.example",
        "--attach",
    ];
    let attach = |path: &str| desk.sends(&[&to[..], &[path]].concat(), "Hi\n");
    attach(file.to_str().unwrap()).exits(0);
    let came = last(&desk.one).text();
    assert!(
        came.contains("notes.txt") && came.contains("YSBub3RlCg=="),
        "{came}"
    );
    assert!(!came.contains("carol"), "{came}");
    for (path, word) in [
        ("/dev/zero", "device"),
        ("/tmp", "folder"),
        ("/nowhere/x", "nowhere"),
    ] {
        let run = attach(path).exits(1);
        assert!(run.err.contains(word), "{path}: {}", run.err);
    }
    assert_eq!(desk.one.delivered().len(), 1);
}

#[test]
fn c7_compose_opens_the_composer_and_sends_nothing_by_itself() {
    let desk = Desk::new();
    let link = "mailto:bob@x.example?body=Is%20it%20free%3F&attach=/etc/passwd&from=boss@x.example";
    let args = ["compose", link, "--cc", "crew", "--subject", "The hut"];
    let mut screen = desk.home.terminal(&args, 24, 80);
    for words in [
        "COMPOSE",
        "bob@x.example",
        "tom@x.example",
        "The hut",
        "Is it free?",
    ] {
        screen.wait_text(words);
    }
    screen.settle(Duration::from_millis(200));
    let shown = screen.text();
    assert!(
        !shown.contains("passwd") && !shown.contains("boss@"),
        "{shown}"
    );
    assert!(shown.contains("alice@one.example"), "{shown}");
    drop(screen);
    assert_eq!(desk.one.delivered().len(), 0);
    let run = desk.home.run(&["compose", "postmaster"]).exits(2);
    assert!(run.err.contains("postmaster"), "{}", run.err);
    let run = desk
        .home
        .run(&["compose", "--attach", "/nowhere/x"])
        .exits(1);
    assert!(run.err.contains("/nowhere/x"), "{}", run.err);
}

#[test]
fn off_line_it_waits_and_says_so() {
    let desk = Desk::new();
    let away = [
        "--account",
        "away",
        "--to",
        "bob@x.example",
        "--subject",
        "Later",
    ];
    let run = desk.sends(&away, "Hi\n").exits(3);
    assert!(
        run.err.starts_with("error: Queued: \"Later\""),
        "{}",
        run.err
    );
    let queued = [&away[..], &["--queue-only"]].concat();
    let run = desk.sends(&queued, "Hi\n").exits(0);
    assert!(run.out.contains("outbox"), "{}", run.out);
    let json = [&queued[..], &["--json"]].concat();
    assert_eq!(desk.sends(&json, "Hi\n").exits(0).json()["state"], "queued");
    let queue = desk.home.run(&["queue", "list", "--json"]).exits(0).json();
    let waiting = queue["operations"].as_array().unwrap();
    assert_eq!(waiting.len(), 3, "{queue}");
    assert!(
        waiting
            .iter()
            .all(|one| one["kind"] == "submit" && one["state"] == "queued")
    );
}

#[test]
fn r3_mail_of_an_account_of_this_machine_leaves_and_its_copy_lies_in_sent_once() {
    let pop3 = format!("pop3 = \"pop3+plain://alice@127.0.0.1:{}\"", free_port());
    for kind in ["kind = \"local\"", &pop3] {
        let server = FakeSmtp::start(Script::default());
        let home = Home::new();
        // A provider that files copies itself: but who of us reads its Sent?
        let settings = |more: &str| {
            let text = format!(
                "[[account]]\nid = \"here\"\n{kind}\naddress = \"alice@gmail.com\"\n\
                 smtp = \"{}\"\nkeep = \"command\"\n\
                 password_command = [\"printf\", \"key\"]\n{more}",
                server.url()
            );
            let config = home.path("config.toml");
            fs::write(&config, text).unwrap();
            fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        };
        let came = || {
            let listed = home.run(&["list", "sent", "--json"]).exits(0).json();
            let waiting = home.run(&["queue", "list", "--json"]).exits(0).json();
            assert_eq!(waiting["operations"].as_array().unwrap().len(), 0);
            let sent = listed["messages"].as_array().unwrap().len();
            (server.delivered().len(), sent)
        };
        settings("");
        let send = ["send", "--to", "bob@x.example", "--subject", "One"];
        fed(&home, &send, "Hi\n").exits(0);
        assert_eq!(came(), (1, 1), "{kind}");
        let later = ["send", "--to", "bob@x.example", "--queue-only"];
        fed(&home, &later, "Later\n").exits(0);
        assert_eq!(server.delivered().len(), 1);
        let synced = home.run(&["sync", "here"]);
        assert!(synced.code == 0 || kind == pop3, "{synced:?}");
        assert_eq!(came(), (2, 2), "{kind}");
        // Where the person says so, the server files it.
        settings("sent_copy = \"server\"\n");
        fed(&home, &send, "Unfiled\n").exits(0);
        assert_eq!(came(), (3, 2), "{kind}");
    }
}
