//! The commands that change messages and mailboxes, without a network: what is shown at once, what
//! waits, what is refused and what can be taken back.

use std::sync::Arc;

use lacebark::env::SystemClock;
use lacebark::model::journal::{Cause, PutOff};
use lacebark::model::{Envelope, Flags, Role, UidValidity};
use lacebark::ops::import::{self, RawMessage};
use lacebark::store::accounts::AccountKind;
use lacebark::store::mailboxes::{Listed, PermanentFlags, Selected};
use lacebark::store::messages::Arrived;
use lacebark::store::{
    Priority, Store, StoreError, Tx, accounts, journal, mailboxes, messages, verdicts,
};

use crate::cli::Home;

const MAILBOXES: [(&str, Option<Role>); 5] = [
    ("INBOX", Some(Role::Inbox)),
    ("Trash", Some(Role::Trash)),
    ("Trips", None),
    ("Trips/2026", None),
    ("Archive", Some(Role::Archive)),
];

/// Two accounts whose server does not answer, and one without a server. Messages 1 to 3 are in
/// work:INBOX, 4 in work:Trash, 5 in home:INBOX, 6 in here:INBOX.
fn home() -> Home {
    let home = Home::new();
    let port = crate::harness::free_port();
    let imap = |id: &str| {
        format!(
            "[[account]]\nid = \"{id}\"\naddress = \"alice@example.org\"\n\
             imap = \"imap+plain://localhost:{port}\"\nkeep = \"command\"\n\
             password_command = [\"echo\", \"x\"]\n"
        )
    };
    let local = "[[account]]\nid = \"here\"\nkind = \"local\"\n";
    home.settings(&(imap("work") + &imap("home") + local));
    let store = store(&home);
    put(&store, |tx| {
        let work = accounts::ensure(tx, "work", AccountKind::Imap)?;
        mailboxes::record_list(tx, work, &listed(&MAILBOXES))?;
        insert(tx, work, "INBOX", &[1, 2, 3])?;
        insert(tx, work, "Trash", &[4])?;
        let home = accounts::ensure(tx, "home", AccountKind::Imap)?;
        mailboxes::record_list(tx, home, &listed(&[MAILBOXES[0], ("Files", None)]))?;
        insert(tx, home, "INBOX", &[5])
    });
    let (_, inbox) = import::mailbox(&store, "here", "INBOX", Some(Role::Inbox))
        .wait()
        .unwrap();
    let raw = RawMessage {
        bytes: b"Subject: Here\r\n\r\nhere\r\n".to_vec(),
        flags: Flags::none(),
        arrival: Some(1_795_000_000),
    };
    import::messages(&store, inbox, vec![raw]).wait().unwrap();
    home
}

fn store(home: &Home) -> Store {
    let path = home.path("data/lacebark/mail.db");
    Store::open(&path, Arc::new(SystemClock::start())).unwrap()
}

fn put<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(Priority::Person, work).wait().unwrap()
}

fn listed(mailboxes: &[(&str, Option<Role>)]) -> Vec<Listed> {
    let row = |(name, role): &(&str, Option<Role>)| Listed {
        name: (*name).into(),
        shown: (*name).into(),
        delimiter: Some('/'),
        subscribed: true,
        role: *role,
        ..Listed::default()
    };
    mailboxes.iter().map(row).collect()
}

fn insert(
    tx: &Tx<'_>,
    account: lacebark::model::AccountKey,
    mailbox: &str,
    uids: &[u32],
) -> Result<(), StoreError> {
    let mailbox = mailboxes::by_name(tx, account, mailbox)?.unwrap().key;
    let selected = Selected {
        uidvalidity: Some(UidValidity(7)),
        permanentflags: Some(PermanentFlags {
            flags: Flags::parse(["$Junk"]),
            any: false,
        }),
        ..Selected::default()
    };
    mailboxes::record_select(tx, mailbox, &selected)?;
    let epoch = mailboxes::get(tx, mailbox)?.epoch;
    let arrived = |uid: &u32| Arrived {
        uid: *uid,
        arrival: 1_795_000_000 + i64::from(*uid),
        size: 100,
        envelope: Some(Envelope {
            subject: format!("Number {uid}"),
            message_id: format!("{uid}@example.org"),
            ..Envelope::default()
        }),
        ..Arrived::default()
    };
    let arrived: Vec<Arrived> = uids.iter().map(arrived).collect();
    messages::insert(tx, mailbox, epoch, &arrived)?;
    Ok(())
}

/// `INBOX:1.2 Trash:4` of work, by what `list` says.
fn shown(home: &Home) -> String {
    let boxes = home.run("mailbox list --account work --json").json();
    let mut all = Vec::new();
    for mailbox in boxes["mailboxes"].as_array().unwrap() {
        let name = mailbox["name"].as_str().unwrap();
        let list = home
            .finish(
                &mut home.command(["list", "--json", "--account", "work", name]),
                "",
            )
            .json();
        let mut ids: Vec<i64> = list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["id"].as_i64().unwrap())
            .collect();
        ids.sort_unstable();
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        if !ids.is_empty() {
            all.push(format!("{name}:{}", ids.join(".")));
        }
    }
    all.join(" ")
}

/// `move 1.2 queued`: what the queue holds.
fn queue(home: &Home) -> String {
    let queue = home.run("queue list --json").json();
    let words = |operation: &serde_json::Value| {
        let ids: Vec<String> = operation["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        let field = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
        let words = [
            field("kind"),
            ids.join("."),
            field("mailbox"),
            field("to"),
            field("state"),
        ];
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ")
    };
    let all = queue["operations"].as_array().unwrap();
    all.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// Runs a line off line, and undoes it: (line, what is shown of work, what waits).
fn check(line: &str, expected: (&str, &str)) {
    let home = home();
    let run = home.run(line);
    assert_eq!(run.code, 3, "{line}: {run:?}");
    assert!(run.err.starts_with("error: Queued: "), "{line}: {run:?}");
    assert_eq!(
        (shown(&home).as_str(), queue(&home).as_str()),
        expected,
        "{line}"
    );
    let run = home.run("undo");
    assert_eq!(run.code, 0, "{line}: {run:?}");
    assert!(run.out.starts_with("Undone: "), "{line}: {run:?}");
    assert_eq!(
        (shown(&home).as_str(), queue(&home).as_str()),
        (START, ""),
        "undo of {line}"
    );
    assert_eq!(home.run("undo").code, 1, "{line} is undone once");
}

const START: &str = "INBOX:1.2.3 Trash:4";

#[test]
fn off_line_a_command_is_shown_waits_and_can_be_taken_back() {
    check(
        "move --to Trips 1 2 1",
        ("INBOX:3 Trash:4 Trips:1.2", "move 1.2 Trips queued"),
    );
    check(
        "move --to work:Trips/2026 4",
        ("INBOX:1.2.3 Trips/2026:4", "move 4 Trips/2026 queued"),
    );
    check(
        "copy --to Trips 1 1",
        ("INBOX:1.2.3 Trash:4 Trips:7", "copy 7 Trips queued"),
    );
    check(
        "archive 2 3",
        ("INBOX:1 Archive:2.3 Trash:4", "move 2.3 Archive queued"),
    );
    check(
        "move --to archive 2",
        ("INBOX:1.3 Archive:2 Trash:4", "move 2 Archive queued"),
    );
    check("delete 1", ("INBOX:2.3 Trash:1.4", "move 1 Trash queued"));
    check("flag --as seen 1", (START, "flag 1 queued"));
    check("flag --as $junk 1 3", (START, "flag 1.3 queued"));
    check(
        "move --to home:Files 1",
        (
            "INBOX:2.3 Trash:4",
            "append 1 Files queued, expunge 1 queued",
        ),
    );
    check(
        "move --to work:Trips 6",
        (
            "INBOX:1.2.3 Trash:4 Trips:6",
            "append 6 Trips queued, expunge 6 queued",
        ),
    );
    check(
        "move --to here:INBOX 1",
        (
            "INBOX:2.3 Trash:4",
            "append 1 INBOX queued, expunge 1 queued",
        ),
    );
}

#[test]
fn mailboxes_change_at_once_off_line_too() {
    let names = |home: &Home| {
        let boxes = home.run("mailbox list --account work --json").json();
        let names = boxes["mailboxes"].as_array().unwrap().iter();
        let names: Vec<String> = names
            .map(|m| m["name"].as_str().unwrap().to_owned())
            .collect();
        names.join(" ")
    };
    let before = "INBOX Archive Trash Trips Trips/2026";
    let check = |line: &str, expected: (&str, &str)| {
        let home = home();
        assert_eq!(names(&home), before);
        let run = home.run(line);
        assert_eq!(run.code, 3, "{line}: {run:?}");
        assert_eq!(
            (names(&home).as_str(), queue(&home).as_str()),
            expected,
            "{line}"
        );
        assert_eq!(home.run("undo").code, 0, "{line}");
        assert_eq!(
            (names(&home).as_str(), queue(&home).as_str()),
            (before, ""),
            "{line}"
        );
    };
    check(
        "mailbox create Lists/rust",
        (
            "INBOX Archive Trash Lists/rust Trips Trips/2026",
            "create Lists/rust queued",
        ),
    );
    check(
        "mailbox create work:Bulk --role junk",
        (
            "INBOX Archive Bulk Trash Trips Trips/2026",
            "create Bulk queued",
        ),
    );
    check(
        "mailbox delete Trips/2026 --yes",
        ("INBOX Archive Trash Trips", "remove Trips/2026 queued"),
    );
    check(
        "mailbox unsubscribe Trips",
        (before, "subscribe Trips queued"),
    );
}

#[test]
fn what_cannot_be_done_is_refused_by_name_and_changes_nothing() {
    let home = home();
    let mut all = String::new();
    for line in [
        "delete 5",
        "archive 5",
        "archive 1 5",
        "move --to home:trash 1",
        "move --to Nowhere 1",
        "move --to nobody:x 1",
        "copy --to Trips 5",
        "flag --as Receipt 1",
        "flag 1 98 99",
        "move --to Trips 99",
        "delete 99 --yes",
        "expunge Nowhere --yes",
        "undo",
        "mailbox create Trips",
        "mailbox create a*b",
        "mailbox create Trips//x",
        "mailbox create Bin --role trash",
        "mailbox rename inbox x",
        "mailbox rename Trips Trips/2025",
        "mailbox rename Trips Archive",
        "mailbox delete inbox --yes",
        "mailbox delete Trips --yes",
        "mailbox delete Nowhere --yes",
        "mailbox subscribe Nowhere",
    ] {
        all += &format!("$ lacebark {line}\n{}\n", home.run(line).ends(1));
    }
    for line in [
        "delete 4",
        "delete 1 4",
        "delete --for-good 1 2",
        "mailbox delete Trips/2026",
        "mailbox rename Trips home:Trips",
        "move --to Trips 1 5",
    ] {
        all += &format!("$ lacebark {line}\n{}\n", home.run(line).ends(2));
    }
    insta::assert_snapshot!("refused", all);
    assert_eq!((shown(&home).as_str(), queue(&home).as_str()), (START, ""));
}

#[test]
fn ids_come_from_standard_input_too() {
    let check = |line: &str, stdin: &str, code: i32, expected: &str| {
        let home = home();
        let run = home.run_with(line, stdin);
        assert_eq!(run.code, code, "{line} {stdin:?}: {run:?}");
        assert_eq!(shown(&home), expected, "{line} {stdin:?}");
    };
    check(
        "move --to Trips -",
        "1\n3\n",
        3,
        "INBOX:2 Trash:4 Trips:1.3",
    );
    check("move --to Trips 2 -", "1 2", 3, "INBOX:3 Trash:4 Trips:1.2");
    let list = home().run("list --json work:INBOX").out;
    check("archive -", &list, 3, "Archive:1.2.3 Trash:4");
    check("archive -", "", 0, START);
    check("archive -", "1 99", 1, START);
    check("archive -", "INBOX", 2, START);
    check("delete --for-good -", "1", 2, START);
    check("delete --for-good - --yes", "1", 3, "INBOX:2.3 Trash:4");
}

#[test]
fn mail_without_a_server_is_done_at_once() {
    let home = home();
    for (line, told) in [
        ("mailbox create here:Kept", "Created \"Kept\" of here.\n"),
        (
            "mailbox create here:Bin --role trash",
            "Created \"Bin\" of here.\n",
        ),
        ("copy --to Kept 6", "Copied 1 message to here:Kept.\n"),
        ("move --to Kept 6", "Moved 1 message to here:Kept.\n"),
        ("move --to Kept 6", "Nothing changed.\n"),
        ("delete 6", "Moved 1 message to here:Bin.\n"),
        ("undo", "Undone: delete, 1 message.\n"),
        ("delete 6", "Moved 1 message to here:Bin.\n"),
        ("delete 6 --yes", "Deleted 1 message for good.\n"),
        (
            "mailbox rename here:Kept Held",
            "Renamed \"Kept\" to \"Held\" of here.\n",
        ),
        ("undo", "Undone: rename, \"Kept\".\n"),
        (
            "mailbox unsubscribe here:Kept",
            "Unsubscribed \"Kept\" of here.\n",
        ),
        ("mailbox unsubscribe here:Kept", "Nothing changed.\n"),
        (
            "expunge here:Kept --yes",
            "No message of Kept is marked as deleted.\n",
        ),
        (
            "mailbox delete here:Kept --yes",
            "Deleted \"Kept\" of here.\n",
        ),
    ] {
        assert_eq!(home.run(line).ends(0), told, "{line}");
    }
    let left = home.run("mailbox list --account here --json").json();
    assert_eq!(left["mailboxes"].as_array().unwrap().len(), 2, "{left}");
    assert_eq!(queue(&home), "");
}

#[test]
fn json_tells_what_an_action_did() {
    let home = home();
    let object = |line: &str, code: i32| -> serde_json::Value {
        let run = home.run(line);
        assert_eq!(run.code, code, "{line}: {run:?}");
        serde_json::from_str(&run.out).unwrap()
    };
    let copied = object("copy --to Trips 1 2 --json", 3);
    assert_eq!(
        copied,
        serde_json::json!({
            "schema": 1,
            "actions": [{"id": copied["actions"][0]["id"], "word": "copy"}],
            "messages": [1, 2], "unchanged": 0, "missing": [], "copies": [7, 8],
            "mailboxes": [{"account": "work", "name": "Trips"}],
            "operations": [{
                "id": 1, "ids": [1, 2], "action": copied["actions"][0]["id"], "account": "work",
                "kind": "copy", "state": "queued", "messages": [7, 8], "to": "Trips",
                "mailbox": null, "subscribed": null, "add": [], "remove": [], "why": null,
                "tries": 0, "next": null, "remains": false,
                "cause": null, "asked": copied["operations"][0]["asked"],
            }],
        })
    );
    let deleted = object("delete 3 4 --yes --json", 3);
    let words: Vec<&serde_json::Value> = deleted["actions"].as_array().unwrap().iter().collect();
    assert_eq!(words.len(), 2, "{deleted}");
    assert_eq!(
        (&words[0]["word"], &words[1]["word"]),
        (&"delete".into(), &"expunge".into())
    );
    assert_eq!(deleted["messages"], serde_json::json!([3, 4]));
    let missing = object("archive 1 98 99 --json", 1);
    assert_eq!(missing["missing"], serde_json::json!([98, 99]));
    assert_eq!(missing["messages"], serde_json::json!([]));
    let undone = object("undo --json", 0);
    assert_eq!(
        (&undone["undone"], &undone["messages"]),
        (&"delete".into(), &serde_json::json!([3]))
    );
    let made = object("mailbox create Lists --json", 3);
    assert_eq!(made["mailboxes"][0]["name"], "Lists");
    assert_eq!(made["actions"][0]["word"], "create");
}

#[test]
fn the_queue_says_what_waits_and_why() {
    let home = home();
    for line in [
        "move --to Trips/2026 1",
        "copy --to Trips 2 3",
        "move --to home:Files 3",
        "mailbox rename Trips Journeys",
        "mailbox create Lists/rust",
        "mailbox unsubscribe Archive",
        "flag --as $junk 2",
        "delete 4 --yes",
    ] {
        assert_eq!(home.run(line).code, 3, "{line}");
    }
    let store = store(&home);
    put(&store, |tx| {
        let all = journal::all(tx)?;
        let first = |word: &str| all.iter().find(|one| one.kind.word() == word).unwrap().id;
        let why = "[OVERQUOTA] Quota exceeded (mailbox for user is full), and no more room will be \
                   made before somebody pays";
        verdicts::fail(tx, first("move"), why, Cause::Refused)?;
        verdicts::gone(tx, first("copy"), "the message is not there any more")?;
        let append = first("append");
        for _ in 0..2 {
            journal::mark_in_flight(tx, &[append])?;
            let why = "[LIMIT] Too many uploads; wait a little".to_owned();
            let until = 1_795_248_120;
            verdicts::requeue(tx, append, Some(PutOff { until, why }))?;
        }
        verdicts::unsure(tx, first("rename"))
    });
    let text = home.run("queue list").ends(0);
    let text = redacted(&text);
    insta::assert_snapshot!("queue", text);
    let queue = home.run("queue list --json").json();
    let operations = queue["operations"].as_array().unwrap();
    let append = operations.iter().find(|one| one["kind"] == "append");
    let append = append.unwrap();
    assert_eq!(
        (&append["tries"], &append["next"], &append["why"]),
        (
            &2.into(),
            &"2026-11-21T08:02:00Z".into(),
            &"[LIMIT] Too many uploads; wait a little".into()
        )
    );
    let failed = &operations[0];
    assert_eq!(
        (&failed["state"], &failed["cause"]),
        (&"failed".into(), &"refused".into())
    );
    assert_eq!(
        shown(&home).split(' ').next(),
        Some("INBOX:1.2"),
        "a refusal takes itself back"
    );
    assert_eq!(
        home.run("queue drop --unsure").ends(0),
        "Operations taken back: 1\n"
    );
    assert_eq!(home.run("queue retry 1").code, 3);
    assert_eq!(home.run("queue drop --all").code, 0);
    assert_eq!(self::queue(&home), "");
}

/// Times as `MM-DD hh:mm` are those of the run.
fn redacted(text: &str) -> String {
    let is_time = |word: &str| word.len() == 5 && word.as_bytes()[2] == b':';
    let is_day = |word: &str| word.len() == 5 && word.as_bytes()[2] == b'-';
    let lines = text.lines().map(|line| {
        let mut line = line.to_owned();
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        for word in words.iter().filter(|word| is_time(word) || is_day(word)) {
            if word
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b':' || b == b'-')
            {
                line = line.replace(word.as_str(), if is_time(word) { "hh:mm" } else { "MM-DD" });
            }
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn completions_and_manual_are_made_of_the_grammar_and_need_no_home() {
    let home = Home::new();
    home.settings("[[account]\nid = \n");
    for (line, words) in [
        ("completions bash", ["_lacebark()", "--for-good"]),
        ("completions zsh", ["#compdef lacebark", "--for-good"]),
        ("completions fish", ["complete -c lacebark", "for-good"]),
        ("man", [".TH lacebark 1", ".SS \"lacebark mailbox create\""]),
    ] {
        let mut command = home.command(line.split(' '));
        command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
        let text = home.finish(&mut command, "").ends(0);
        for word in words {
            assert!(text.contains(word), "{line}: {word}");
        }
    }
    assert!(
        std::fs::read_dir(home.path("data"))
            .unwrap()
            .next()
            .is_none()
    );
}

#[test]
fn what_is_muted_is_listed_ended_and_taken_back() {
    let home = home();
    let none: serde_json::Value = serde_json::from_str(&home.run("--json mute").out).unwrap();
    assert_eq!(none["mutes"], serde_json::json!([]));
    let muted = home.run("mute add --list News.Example.org");
    assert_eq!(
        (muted.code, muted.out.as_str()),
        (
            0,
            "Muted \"News.Example.org\": later mail goes to Archive, read.\n"
        )
    );
    let listed: serde_json::Value =
        serde_json::from_str(&home.run("--json mute list").out).unwrap();
    let one = &listed["mutes"][0];
    assert_eq!(
        (&one["kind"], &one["list"]),
        (&"list".into(), &"news.example.org".into())
    );
    assert_eq!(
        (&one["thread"], &one["filed"]),
        (&serde_json::Value::Null, &0.into())
    );
    assert!(home.run("mute").out.contains("News.Example.org"));
    let again = home.run("mute add --list news.example.ORG");
    assert!(again.out.ends_with("is muted already.\n"), "{again:?}");
    assert_eq!(home.run("mute remove --list news.example.org").code, 0);
    assert_eq!(home.run("mute remove --list news.example.org").code, 1);
    let undone = home.run("undo");
    assert_eq!(
        undone.out, "Undone: unmute, \"News.Example.org\".\n",
        "{undone:?}"
    );
    assert!(home.run("mute").out.contains("News.Example.org"));
    assert_eq!(
        home.run("undo").out,
        "Undone: mute, \"News.Example.org\".\n"
    );
    assert!(!home.run("mute").out.contains("News"));
    for (line, code) in [
        ("mute add", 2),
        ("mute add --thread 99", 1),
        ("mute add --list a --thread 1", 2),
        ("mute remove --thread 99", 1),
    ] {
        assert_eq!(home.run(line).code, code, "{line}");
    }
}
