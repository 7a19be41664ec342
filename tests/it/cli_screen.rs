//! What starts a screen, in a real pseudo-terminal: `demo`, `open`, and a bare start.

use std::path::Path;
use std::time::Duration;

use crate::cli::Home;
use crate::harness::lacebark;
use crate::harness::pty::Terminal;

const LIMIT: Duration = Duration::from_secs(20);

fn start(home: &Home, args: &[&str]) -> Terminal {
    std::fs::create_dir_all(home.path("tmp")).unwrap();
    let paths = [
        ("HOME", home.path(".")),
        ("XDG_CONFIG_HOME", home.path("config")),
        ("XDG_DATA_HOME", home.path("data")),
        ("XDG_CACHE_HOME", home.path("cache")),
        ("XDG_RUNTIME_DIR", home.path("run")),
        ("TMPDIR", home.path("tmp")),
        ("LC_ALL", "C.UTF-8".into()),
        ("TZ", "UTC".into()),
    ];
    let env: Vec<(&str, &Path)> = paths.iter().map(|(k, v)| (*k, v.as_path())).collect();
    Terminal::start(lacebark(), args, &env, 24, 80)
}

/// Files below the folder for temporary files that hold mail.
fn left_over(home: &Home) -> usize {
    crate::cli::modes(&home.path("tmp"))
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "db"))
        .count()
}

#[test]
fn a4_the_demo_shows_mail_and_leaves_nothing_behind() {
    let home = Home::new();
    let mut screen = start(&home, &["demo"]);
    screen.wait_text("Tickets for the weekend");
    assert!(left_over(&home) > 0);
    screen.quit();
    assert_eq!(left_over(&home), 0);
    assert!(
        !home.path("data/lacebark").exists(),
        "the person's own store"
    );
}

#[test]
fn a4_what_a_killed_demo_left_the_next_one_removes() {
    let home = Home::new();
    let mut screen = start(&home, &["demo"]);
    screen.wait_text("Tickets for the weekend");
    let pid = rustix::process::Pid::from_raw(i32::try_from(screen.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    screen.exit_code(LIMIT);
    assert!(left_over(&home) > 0);
    let mut screen = start(&home, &["demo"]);
    screen.wait_text("Tickets for the weekend");
    screen.quit();
    assert_eq!(left_over(&home), 0);
}

#[test]
fn open_shows_the_messages_of_files() {
    let home = Home::new();
    let message = b"From: a@example.org\r\nSubject: from a file\r\n\r\nthe body of the file\r\n";
    std::fs::write(home.path("one.eml"), message).unwrap();
    let file = home.path("one.eml");
    let mut screen = start(&home, &["open", file.to_str().unwrap()]);
    screen.wait_text("from a file");
    if !screen.text().contains("the body of the file") {
        screen.press("\r");
        screen.wait_text("the body of the file");
    }
    assert_eq!(std::fs::read(&file).unwrap(), message);
}

#[test]
fn a_first_start_asks_for_an_address() {
    let home = Home::new();
    let mut screen = start(&home, &[]);
    screen.wait_text("ADD ACCOUNT");
}

#[test]
fn without_a_terminal_a_screen_says_so() {
    let home = Home::new();
    let run = home.run("demo");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("needs a terminal"), "{run:?}");
}
