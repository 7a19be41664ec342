//! The terminal as a person finds it after a signal, and after `^Z` and `fg`: under a real shell.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::Home;
use crate::harness::pty::Terminal;
use crate::harness::{SOON, lacebark};

const FIRST: &str = "Tickets for the weekend";
/// A shell with job control; nothing of the person's own is read.
fn shell(home: &Home) -> Terminal {
    fs::create_dir_all(home.path("tmp")).unwrap();
    let paths = [
        ("HOME", home.path(".")),
        ("XDG_CONFIG_HOME", home.path("config")),
        ("XDG_DATA_HOME", home.path("data")),
        ("XDG_CACHE_HOME", home.path("cache")),
        ("XDG_RUNTIME_DIR", home.path("run")),
        ("TMPDIR", home.path("tmp")),
        ("PS1", "ready> ".into()),
    ];
    let env: Vec<(&str, &Path)> = paths.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let bash = Path::new("/bin/bash");
    let mut screen = Terminal::start(
        bash,
        &["--norc", "--noprofile", "--noediting", "-i"],
        &env,
        24,
        80,
    );
    screen.wait_text("ready> ");
    screen
}

/// Starts the demo from the shell and gives its process.
fn demo(home: &Home, screen: &mut Terminal) -> Pid {
    let note = home.path("pid");
    let program = lacebark().display().to_string();
    let note_name = note.display().to_string();
    screen.press(&format!(
        "sh -c 'echo $$ > {note_name}; exec {program} demo'\r"
    ));
    screen.wait_text(FIRST);
    // The rest of the frame is here too, or it would come after a stop, over what the shell says.
    screen.wait_text("O OtherCmds");
    assert!(screen.screen().alternate_screen());
    let number = fs::read_to_string(note).unwrap();
    Pid::from_raw(number.trim().parse().unwrap()).unwrap()
}

/// The shell's screen is back, with its cursor, and lines are edited by the terminal again.
fn assert_given_back(screen: &mut Terminal) {
    screen.wait("the shell's screen", SOON, |screen| {
        // The prompt comes when the shell has the terminal; what is typed earlier is not its own.
        let prompt = screen.contents().trim_end().ends_with("ready>");
        prompt && !screen.alternate_screen() && !screen.hide_cursor()
    });
    assert!(!screen.screen().bracketed_paste());
    // Letters that are typed into a raw terminal would not be shown twice: by echo and by `echo`.
    screen.press("stty -a | tr ';' '\\n' | grep -c -- '-icanon\\|-echo \\|-isig'\r");
    screen.press("echo line$((40 + 2))\r");
    screen.wait_text("line42");
    let counted = screen.text().lines().any(|line| line.trim() == "0");
    assert!(counted, "{}", screen.text());
}

fn check(signal: Signal) {
    let home = Home::new();
    let mut screen = shell(&home);
    let pid = demo(&home, &mut screen);
    kill_process(pid, signal).unwrap();
    assert_given_back(&mut screen);
    let start = Instant::now();
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(start.elapsed() < SOON, "it goes on after {signal:?}");
        screen.settle(Duration::from_millis(20));
    }
    let left = crate::cli::modes(&home.path("tmp"));
    let mail = left.iter().filter(|(path, _)| path.ends_with("mail.db"));
    assert_eq!(mail.count(), 0, "the demo leaves nothing behind");
}

#[test]
fn sigterm_gives_the_terminal_back() {
    check(Signal::TERM);
}

#[test]
fn sighup_gives_the_terminal_back() {
    check(Signal::HUP);
}

#[test]
fn a_suspend_gives_the_terminal_back_and_fg_draws_everything_anew() {
    let home = Home::new();
    let mut screen = shell(&home);
    demo(&home, &mut screen);
    screen.press("\x1a");
    screen.wait_text("Stopped");
    assert_given_back(&mut screen);
    screen.press("fg\r");
    screen.wait("the index again", SOON, |screen| {
        screen.alternate_screen() && screen.contents().contains(FIRST)
    });
    screen.press("\r");
    screen.wait_text("From    :");
    screen.press("q");
    assert_given_back(&mut screen);
}

#[test]
fn after_a_stop_from_outside_fg_takes_the_terminal_and_its_keys_again() {
    let home = Home::new();
    let mut screen = shell(&home);
    let pid = demo(&home, &mut screen);
    kill_process(pid, Signal::TSTP).unwrap();
    screen.wait_text("Stopped");
    screen.press("fg\r");
    screen.wait("the index alone", SOON, |screen| {
        let text = screen.contents();
        screen.alternate_screen() && text.contains(FIRST) && !text.contains("Stopped")
    });
    screen.press("\r");
    screen.wait_text("From    :");
    screen.press("q");
    assert_given_back(&mut screen);
}

#[test]
fn what_is_typed_behind_q_is_the_shells() {
    let home = Home::new();
    let mut screen = shell(&home);
    demo(&home, &mut screen);
    screen.press("q");
    screen.wait("the shell's screen", SOON, |screen| {
        !screen.alternate_screen()
    });
    // The program may still be ending; the shell has not shown its prompt.
    screen.press("echo line$((40 + 2))\n");
    screen.wait_text("line42");
}

#[test]
fn what_is_typed_before_the_first_frame_is_no_command() {
    let home = Home::new();
    let mut screen = shell(&home);
    let program = lacebark().display().to_string();
    screen.press(&format!("{program} demo\rl"));
    screen.wait_text(FIRST);
    screen.press("?");
    screen.wait_text("HELP");
    assert!(
        screen.text().contains("the message index"),
        "{}",
        screen.text()
    );
}
