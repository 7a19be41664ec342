//! `lacebark search`: the language, whole outputs, exit codes, and what is not read yet.

use std::fs;

use crate::harness::program::Home;
use crate::safety_run::filled;

fn letter(from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: alice@example.org\r\nSubject: {subject}\r\n\
         Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

/// Message 1 is older than message 2, and so on.
fn home() -> Home {
    filled(&[
        letter(
            "Zoë <zoe@example.org>",
            "Train tickets",
            "the contract is signed",
        ),
        letter(
            "acme@example.com",
            "Weekly deals",
            "no contract here, page three",
        ),
        letter(
            "evil@example.net",
            "=?utf-8?Q?red=1B=5B31m_=0D=0Afake?=",
            "会議の議事録",
        ),
    ])
}

fn ids(home: &Home, args: &[&str]) -> Vec<i64> {
    let args: Vec<&str> = ["search", "--json"].iter().chain(args).copied().collect();
    let run = home.run(&args).exits(0);
    let found = run.json();
    assert_eq!(found["schema"], 1);
    assert_eq!(found["unindexed"], 0);
    let messages = found["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|one| one["id"].as_i64().unwrap())
        .collect()
}

#[test]
fn a_search_names_what_fits_newest_first() {
    let home = home();
    let check = |args: &[&str], want: &[i64]| assert_eq!(ids(&home, args), want, "{args:?}");
    check(&["contract"], &[2, 1]);
    check(&["contr", "signed"], &[1]);
    check(&["contract", "--limit", "1"], &[2]);
    check(&["\"page three\""], &[2]);
    check(&["from:zoe", "OR", "議事"], &[3, 1]);
    check(&["--", "contract", "-from:acme"], &[1]);
    check(&["contract", "NOT", "from:acme"], &[1]);
    check(&["is:unread", "--mailbox", "inbox"], &[3, 2, 1]);
    check(&["is:unread", "--account", "here"], &[3, 2, 1]);
    check(&["is:unread", "in:trash"], &[]);
    check(&["nothing-of-that"], &[]);
    let run = home.run(&["search", "contract"]).exits(0);
    assert!(
        run.out.contains("ID  FLAGS") && run.out.contains("MAILBOX"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("INBOX") && run.out.contains("Train tickets"),
        "{}",
        run.out
    );
    // What is deleted is found in Trash alone.
    home.run(&["delete", "1"]).exits(0);
    check(&["contract"], &[2]);
    check(&["contract", "in:trash"], &[1]);
}

#[test]
fn d2_d3_a_hostile_subject_takes_one_row_in_what_is_found() {
    let home = home();
    let run = home.run(&["search", "from:evil"]).exits(0);
    assert_eq!(run.out.lines().count(), 2, "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "{}", run.out);
}

#[test]
fn a_query_that_is_not_understood_is_pointed_at() {
    let home = home();
    let check = |args: &[&str], words: &str| {
        let args: Vec<&str> = ["search"].iter().chain(args).copied().collect();
        let run = home.run(&args).exits(2);
        assert!(run.err.contains(words), "{}", run.err);
        run.err
    };
    let told = check(&["say \"page"], "at character 5");
    assert!(told.contains("cause: say \"page\nhint:      ^"), "{told:?}");
    check(&["is:red"], "at character 4");
    check(&["()"], "no word to look for");
    check(&[], "QUERY");
    let run = home.run(&["search", "in:nowhere x"]).exits(1);
    assert!(
        run.err.contains("no mailbox or account \"nowhere\""),
        "{}",
        run.err
    );
    home.run(&["search", "x", "--account", "nobody"]).exits(1);
    home.run(&["search", "x", "--mailbox", "nowhere"]).exits(1);
}

#[test]
fn an_index_that_is_damaged_or_gone_is_made_anew_without_a_word() {
    let home = home();
    assert_eq!(ids(&home, &["contract"]), [2, 1]);
    let index = home.path("cache/search.db");
    assert!(index.exists(), "{}", index.display());
    for bytes in [&b"something else"[..], &[0x55; 40_960]] {
        fs::write(&index, bytes).unwrap();
        let run = home.run(&["search", "contract"]).exits(0);
        assert_eq!((run.out.lines().count(), run.err.as_str()), (3, ""));
    }
    fs::remove_file(&index).unwrap();
    assert_eq!(ids(&home, &["contract"]), [2, 1]);
}

#[test]
fn sync_reads_the_mail_of_accounts_without_a_server_for_the_search() {
    let home = home();
    let run = home.run(&["sync"]).exits(0);
    assert!(run.out.contains("No account here has a server"), "{run:?}");
    assert!(home.path("cache/search.db").exists());
    let run = home.run(&["sync", "--json"]).exits(0);
    assert_eq!(run.json()["accounts"].as_array().unwrap().len(), 0);
    home.run(&["sync", "here"]).exits(1);
    // What cannot be read of the settings may be the account that was meant.
    let path = home.path("config.toml");
    let faulty = fs::read_to_string(&path).unwrap() + "\n[[account]]\nid = \"work\"\nimap = 7\n";
    fs::write(&path, faulty).unwrap();
    let run = home.run(&["sync"]).exits(1);
    assert!(run.err.contains("the account work have a fault"), "{run:?}");
}
