//! The composer in a real pseudo-terminal: killed while a person types, hung up, and lent to an
//! editor.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::program::Home;
use crate::harness::pty::Terminal;
use crate::harness::{SOON, lacebark};

/// What may be lost.
const AT_MOST: Duration = Duration::from_secs(5);

/// A home with an account whose server nobody is.
fn home() -> Home {
    let home = Home::new();
    let account = [
        "setup",
        "--address",
        "alice@example.test",
        "--account",
        "alice",
        "--name",
        "Alice Example",
        "--imap",
        "imaps://localhost:1",
        "--keep",
        "ask",
        "--no-test",
    ];
    home.run(&account).exits(0);
    home
}

fn start(home: &Home, more: &[(&str, &Path)]) -> Terminal {
    let mut env = home.env();
    env.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    let mut env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    env.extend(more);
    let mut screen = Terminal::start(lacebark(), &[], &env, 24, 80);
    screen.wait("the first screen", SOON, |screen| {
        screen.contents().contains("? Help")
    });
    screen
}

/// Opens the composer and goes into its text.
fn compose(screen: &mut Terminal) {
    screen.press("c");
    screen.wait_text("COMPOSE");
    screen.press("\t\t\t\t");
    screen.wait_text("line 1 of 1");
}

fn kill(screen: &Terminal, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(screen.pid()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// The last number in the draft that the next start finds.
fn found(home: &Home) -> Option<usize> {
    let mut screen = start(home, &[]);
    screen.press("\x1bc");
    screen.wait("the list", SOON, |screen| {
        let text = screen.contents();
        text.contains("draft ") || text.contains("Nothing is being written")
    });
    if screen.text().contains("Nothing is being written") {
        return None;
    }
    screen.press("\r");
    screen.wait_text("Message text");
    screen.press("\x1b>");
    screen.settle(Duration::from_millis(200));
    let text = screen.text();
    let words = text.split_whitespace();
    let numbers = words.filter_map(|word| word.strip_prefix('w')?.parse().ok());
    numbers.max()
}

/// Types numbered words until a random moment, is killed there, and gives how much typing is lost.
fn killed(seed: u64) -> Duration {
    let home = home();
    let mut screen = start(&home, &[]);
    compose(&mut screen);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let until = Duration::from_millis(200 + random(8_800));
    let begun = Instant::now();
    let mut typed = Vec::new();
    while begun.elapsed() < until {
        screen.press(&format!("w{} ", typed.len()));
        typed.push(Instant::now());
        // Mostly without a pause, as a person types; now and then with one that is saved at.
        let pause = if random(40) == 0 {
            1_300
        } else {
            20 + random(60)
        };
        screen.settle(Duration::from_millis(pause));
    }
    let ended = Instant::now();
    kill(&screen, Signal::KILL);
    screen.exit_code(SOON);
    let kept = found(&home).map_or(0, |last| last + 1);
    // All that was typed from here on is lost.
    let first_lost = typed.get(kept).copied();
    first_lost.map_or(Duration::ZERO, |at| ended.saturating_duration_since(at))
}

#[test]
fn r4_a_kill_while_typing_loses_at_most_five_seconds() {
    let rounds = match std::env::var_os("LACEBARK_LONG") {
        Some(_) => 1_000,
        None => 50,
    };
    let mut losses = Vec::new();
    for first in (0..rounds).step_by(10) {
        let round: Vec<_> = (first..first + 10)
            .map(|seed| thread::spawn(move || (seed, killed(seed + 1))))
            .collect();
        for one in round {
            losses.push(one.join().unwrap());
        }
    }
    let most = losses.iter().max_by_key(|(_, lost)| *lost).unwrap();
    eprintln!("{rounds} kills while typing: at most {:?} lost", most.1);
    assert!(most.1 <= AT_MOST, "{most:?}");
}

#[test]
fn r4_a_hang_up_while_typing_loses_nothing() {
    let home = home();
    for signal in [Signal::HUP, Signal::TERM] {
        let mut screen = start(&home, &[]);
        compose(&mut screen);
        screen.press("w41 w42 w43 ");
        screen.wait_text("w43");
        kill(&screen, signal);
        screen.exit_code(SOON);
        assert_eq!(found(&home), Some(43), "{signal:?}");
        let mut screen = start(&home, &[]);
        screen.wait_text("A draft was found");
        screen.press("\x1bc");
        screen.wait_text("draft ");
        screen.press("\r");
        screen.wait_text("w43");
        screen.press("\x03");
        screen.wait_text("Discard");
        screen.press("d");
        screen.wait_text("discarded");
        screen.quit();
        assert_eq!(found(&home), None, "{signal:?}");
    }
}

#[test]
fn r4_q_keeps_what_is_written() {
    let home = home();
    let mut screen = start(&home, &[]);
    compose(&mut screen);
    screen.press("w7 \x1bc");
    screen.wait_text("WRITING");
    screen.quit();
    assert_eq!(found(&home), Some(7));
}

fn script(home: &Home, text: &str) -> std::path::PathBuf {
    let (plain, path) = (home.path("editor"), home.path("editor.sh"));
    fs::write(&plain, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o700)).unwrap();
    // Another test that forks meanwhile has what is written here open, and then it cannot be started.
    let copied = Command::new("cp").arg(&plain).arg(&path).status().unwrap();
    assert!(copied.success());
    path
}

#[test]
fn the_editor_has_the_whole_terminal_and_the_text_comes_back() {
    let home = home();
    let seen = home.path("seen");
    // It reads a key from the terminal: nothing of the program's reads beside it.
    let editor = script(
        &home,
        &format!(
            "stat -c %a \"$1\" > {seen}; echo EDITING; read line; printf '%s\\nfrom outside' \"$line\" >> \"$1\"",
            seen = seen.display()
        ),
    );
    let mut screen = start(&home, &[("EDITOR", &editor)]);
    compose(&mut screen);
    assert!(
        screen.text().contains("^_ opens editor.sh"),
        "{}",
        screen.text()
    );
    screen.press("Hello \x1f");
    screen.wait_text("EDITING");
    assert!(!screen.screen().alternate_screen());
    screen.press("quick\r");
    screen.wait_text("from outside");
    screen.wait_text("Hello quick");
    assert!(screen.screen().alternate_screen());
    assert_eq!(fs::read_to_string(seen).unwrap().trim(), "600");
    // The keys are the composer's again.
    screen.press("x");
    screen.wait_text("Hello xquick");
}

#[test]
fn an_editor_that_fails_or_is_absent_leaves_the_text_as_it_was() {
    let home = home();
    let editor = script(&home, "echo spoiled > \"$1\"; exit 3");
    for (editor, words) in [
        (editor.as_path(), "ended with code 3"),
        (Path::new("/nowhere/editor"), "cannot start"),
    ] {
        let mut screen = start(&home, &[("EDITOR", editor)]);
        compose(&mut screen);
        screen.press("Hello \x1f");
        screen.wait_text(words);
        screen.wait_text("Hello");
        assert!(!screen.text().contains("spoiled"));
        screen.press("\x03");
        screen.wait_text("Discard");
        screen.press("d");
        screen.wait_text("discarded");
        screen.press("q");
        screen.exit_code(SOON);
    }
}

#[test]
fn an_interrupt_meant_for_the_editor_does_not_end_the_program() {
    let home = home();
    let editor = script(
        &home,
        "trap 'echo CAUGHT; exit 0' INT; echo EDITING; while :; do sleep 0.1; done",
    );
    let mut screen = start(&home, &[("EDITOR", &editor)]);
    compose(&mut screen);
    screen.press("Hello \x1f");
    screen.wait_text("EDITING");
    screen.press("\x03");
    screen.wait_text("Message text");
    screen.press("again");
    screen.wait_text("Hello again");
}

/// The demo has nobody to send with: answering and passing on work up to the draft, and say so.
#[test]
fn in_the_demo_mail_is_answered_and_passed_on_up_to_the_draft() {
    let home = Home::new();
    let env = home.env();
    let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let mut screen = Terminal::start(lacebark(), &["demo"], &env, 24, 80);
    screen.wait_text("? Help");
    screen.press("\x1b[B\x1b[B\x1b[B");
    screen.settle(Duration::from_millis(200));
    screen.press("r");
    screen.wait_text("Message text");
    screen.wait_text("> ");
    screen.wait_text("wrote:");
    screen.wait_text("it cannot be sent");
    screen.press("Thanks.");
    screen.wait_text("Thanks.");
    screen.press("\x0f");
    screen.wait_text("Postponed");
    screen.press("f");
    screen.wait_text("Forward the message");
    screen.press("\r");
    screen.wait_text("Forwarded message");
    screen.press("\x1bc");
    screen.wait_text("2 messages");
    screen.quit();
}

#[test]
fn enter_in_drafts_goes_on_with_what_another_program_left() {
    let home = Home::new();
    let env = home.env();
    let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let mut screen = Terminal::start(lacebark(), &["demo"], &env, 24, 80);
    screen.wait("the first screen", SOON, |screen| {
        screen.contents().contains("? Help")
    });
    screen.press("g");
    screen.wait_text("Go to folder");
    screen.press("drafts\r");
    screen.wait_text("Message 1 of 2");
    screen.press("\r");
    screen.wait_text("Message text");
    let first = screen.text();
    let subject = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Subject :"));
        line.unwrap().trim().to_owned()
    };
    assert!(subject(&first).len() > "Subject :".len(), "{first}");
    // What was typed there, and no word of ours.
    assert!(first.contains("[something about the elm here]"), "{first}");
    screen.press("and one line more\x0f");
    screen.wait_text("Postponed");
    // The second time it is ours, as it was left. Its copy in Drafts is replaced about now, and a row
    // that goes in that moment is said to be gone: then the new one on top is opened.
    let mut tries = 0;
    while !screen.text().contains("and one line more") {
        tries += 1;
        assert!(tries < 40, "{}", screen.text());
        screen.press("\x1b[H\r");
        screen.settle(Duration::from_millis(500));
    }
    assert_eq!(subject(&screen.text()), subject(&first));
}

#[test]
fn d3_files_are_chosen_in_the_browser_whatever_their_names_hold() {
    let home = home();
    let folder = home.path("Papers");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("invoice.pdf"), b"PK\x03\x04....").unwrap();
    fs::write(folder.join("a \u{1b}[31m\u{202e}fdp.exe"), b"latin").unwrap();
    fs::write(folder.join("gone.txt"), b"x").unwrap();
    let mut screen = start(&home, &[]);
    screen.press("c");
    screen.wait_text("COMPOSE");
    screen.press("\x0a");
    screen.wait_text("File to attach");
    screen.press("\x15~/Papers/\x14");
    screen.wait_text("Papers");
    screen.wait_text("1 of 3");
    // What the file holds is told, whatever its name says.
    screen.press("\x1b[F");
    screen.wait_text("application/zip  ! named pdf, is zip");
    screen.press(" \x1b[H ");
    screen.wait_text("2 selected");
    fs::remove_file(folder.join("gone.txt")).unwrap();
    screen.press(" \x1b[F\r");
    screen.wait_text("gone.txt cannot be read: No such file");
    screen.wait_text("1. a [31mfdp.exe (5 B)   2. invoice.pdf (8 B)");
    screen.press("\x03");
    screen.wait_text("Discard");
    screen.press("d");
    screen.wait_text("discarded");
    screen.quit();
}
