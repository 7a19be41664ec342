//! Servers' results on the search screen, in a pseudo-terminal before a real Dovecot: below a line, with
//! a server that is slow, gone, or refuses the password, and where another process owns the account.

use std::fs;
use std::time::Duration;

use crate::harness::house::{House, letter};
use crate::harness::pty::Terminal;
use crate::harness::{SOON, eventually};

/// Two messages whose headers are here, one of a folder that is not kept, all with a word in them
/// that only a subject here has.
fn house() -> Option<House> {
    let house = House::with(&[
        ("INBOX", "Zebra crossing", "Look left."),
        ("INBOX", "Stripes", "A zebra crossed."),
        ("INBOX", "Plain", "A horse stood."),
        ("Attic", "Old", "Seven zebras."),
    ])?;
    let config = house.home.path("config.toml");
    let mut settings = fs::read_to_string(&config).unwrap();
    settings.push_str("[account.mailboxes.Attic]\noffline = \"none\"\n");
    fs::write(&config, settings).unwrap();
    house.home.run(&["sync"]).exits(0);
    Some(house)
}

/// Its screen, with the link in that state.
fn screen_of(house: &House, state: &str) -> Terminal {
    let mut screen = house.home.terminal(&[], 24, 80);
    screen.wait_text(state);
    screen.wait_text("Plain");
    screen
}

fn row_of(screen: &vt100::Screen, text: &str) -> Option<usize> {
    screen.contents().lines().position(|row| row.contains(text))
}

/// Waits for these texts, each in a row below the one before.
fn stands(screen: &mut Terminal, texts: &'static [&'static str]) {
    screen.wait(&format!("{texts:?} one below the other"), SOON, |screen| {
        let rows: Vec<_> = texts.iter().map(|text| row_of(screen, text)).collect();
        rows.iter().all(Option::is_some) && rows.is_sorted_by(|a, b| a < b)
    });
}

fn types(screen: &mut Terminal, text: &str) {
    screen.press("/");
    screen.wait_text("Search INBOX:");
    screen.press("/");
    screen.wait_text("Search all mail:");
    screen.press(text);
}

/// Nobody is asked for anything any more.
fn is_quiet(house: &House) -> bool {
    let path = house.home.data().join("mail.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let count: i64 = sql
        .query_row("SELECT count(*) FROM request", [], |row| row.get(0))
        .unwrap();
    count == 0
}

#[test]
fn what_the_server_finds_stands_below_a_line_and_is_opened() {
    let Some(house) = house() else { return };
    let mut screen = screen_of(&house, "online");
    types(&mut screen, "zebra");
    stands(
        &mut screen,
        &["Zebra crossing", "on the server, not", "Stripes"],
    );
    stands(&mut screen, &["on the server, not", "Old"]);
    screen.wait_text("(2 folders searched)");
    screen.wait_text("2 on the server");
    eventually("no request is left", SOON, || is_quiet(&house));
    // A letter more drops what was found for the line before.
    screen.press("s");
    screen.wait("only what has zebras", SOON, |screen| {
        row_of(screen, "Stripes").is_none() && row_of(screen, "Old").is_some()
    });
    screen.press("\r");
    screen.wait_text("Seven zebras.");
    screen.press("<");
    screen.wait_text("SEARCH   all mail");
    screen.press("\x1b");
    screen.wait_text("INBOX   alice");
    screen.quit();
}

#[test]
fn a_slow_server_holds_up_no_key_and_is_asked_no_more_once_the_screen_is_left() {
    let Some(house) = house() else { return };
    let mut screen = screen_of(&house, "online");
    house
        .proxy
        .set(|faults| faults.delay = Duration::from_secs(4));
    types(&mut screen, "zebra");
    screen.wait_text("Zebra crossing");
    screen.wait_text("on the server, not kept offline");
    assert!(!screen.text().contains("Stripes"), "{}", screen.text());
    // The prompt takes letters, and what they find here is there, while the server thinks.
    screen.press("\x15stri");
    screen.wait_text("Search all mail: stri");
    screen.wait("what is here of it", Duration::from_secs(3), |screen| {
        row_of(screen, "Stripes").is_some() && row_of(screen, "Zebra").is_none()
    });
    screen.press("\x1b");
    screen.wait_text("INBOX   alice");
    eventually("no request is left", SOON, || is_quiet(&house));
    screen.quit();
}

#[test]
fn a_server_that_is_gone_is_one_line_and_what_is_here_is_found() {
    let Some(house) = house() else { return };
    house.proxy.set(|faults| faults.refuse = true);
    let mut screen = screen_of(&house, "offline");
    types(&mut screen, "zebra");
    stands(
        &mut screen,
        &[
            "Zebra crossing",
            "on the server, not",
            "work was not searched: offline",
        ],
    );
    screen.press("\x1b");
    screen.wait_text("INBOX   alice");
    eventually("no request is left", SOON, || is_quiet(&house));
    screen.quit();
}

#[test]
fn a_refused_password_is_one_line_and_opens_no_question() {
    let Some(mut house) = house() else {
        return;
    };
    house.server.set_password("alice", "another one");
    // Within the second of a sign-in the running one would still take the old one.
    house.server.restart();
    let mut screen = screen_of(&house, "sign-in needed");
    types(&mut screen, "zebra");
    stands(
        &mut screen,
        &[
            "Zebra crossing",
            "on the server, not",
            "work was not searched: sign-in needed",
        ],
    );
    screen.wait_text("Search all mail: zebra");
    screen.press("\x1b");
    screen.wait_text("INBOX   alice");
    screen.quit();
}

#[test]
fn the_owner_of_the_account_searches_for_another_process() {
    let Some(house) = house() else { return };
    let mut first = screen_of(&house, "online");
    let mut second = screen_of(&house, "online");
    types(&mut second, "zebra");
    stands(
        &mut second,
        &["Zebra crossing", "on the server, not", "Stripes"],
    );
    second.wait_text("Old");
    // What it no longer waits for is taken from the store.
    second.press("\x1b");
    second.wait_text("INBOX   alice");
    eventually("no request is left", SOON, || is_quiet(&house));
    second.quit();
    first.quit();
}

#[test]
fn a_kept_search_is_in_the_folder_list_finds_new_mail_and_outlives_the_program() {
    let Some(house) = house() else { return };
    let mut screen = screen_of(&house, "online");
    types(&mut screen, "zebra");
    screen.wait_text("Zebra crossing");
    screen.press("\x13");
    screen.wait_text("Keep this search as: zebra");
    screen.press("Stripy\r");
    screen.wait_text("Kept as \"Stripy\"");
    screen.quit();
    let mail = letter("Zebra news", "A foal.");
    house.server.deliver("alice", "INBOX", &mail, &[], None);
    house.home.run(&["sync"]).exits(0);
    let mut screen = screen_of(&house, "online");
    screen.press("L");
    stands(&mut screen, &["Searches", "Stripy", "INBOX"]);
    // From the heading of the account, up to the search.
    screen.press("\x1b[H\x1b[B\x1b[B\x1b[B");
    screen.wait("the cursor on the search", SOON, |screen| {
        let rows = screen.contents();
        rows.lines()
            .any(|row| row.starts_with('>') && row.contains("Stripy"))
    });
    screen.press("\r");
    screen.wait_text("SEARCH   Stripy: all mail");
    stands(
        &mut screen,
        &["Zebra news", "on the server, not", "Stripes"],
    );
    screen.press("\x1b");
    screen.wait_text("FOLDERS");
    screen.press("D");
    screen.wait_text("Deleted the search Stripy");
    screen.press("U");
    screen.wait_text("Took back deleting the search: Stripy");
    stands(&mut screen, &["Searches", "Stripy", "INBOX"]);
    screen.quit();
}
