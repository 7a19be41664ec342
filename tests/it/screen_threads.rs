//! A person reads by thread in the real program, over the demo: folds, deletes one, takes it back.

use crate::harness::SOON;
use crate::harness::pty::Terminal;
use crate::screen_triage::demo;

/// Rows of the list, as they stand on the screen.
fn rows(screen: &vt100::Screen) -> Vec<String> {
    let contents = screen.contents();
    let lines = contents.lines().skip(1).map(str::to_owned);
    lines.filter(|line| line.len() > 31).collect()
}

fn wait(screen: &mut Terminal, what: &'static str, is_so: impl Fn(&[String]) -> bool) {
    screen.wait(what, SOON, |screen| is_so(&rows(screen)));
}

#[test]
fn threads_are_folded_deleted_whole_and_taken_back_at_once() {
    let (_home, mut screen) = demo(24, 80);
    screen.press("$");
    screen.wait_text("Sort INBOX by");
    screen.press("h");
    screen.wait_text("Sorted by thread");
    screen.wait_text("alice@example.org   thread");
    // The walk: five messages in INBOX, and what Alice wrote lies in Sent.
    let folded = |rows: &[String]| {
        rows.iter()
            .any(|row| row.contains("+5 N") || row.contains("+4 N"))
    };
    wait(&mut screen, "a folded thread", folded);
    screen.press("W");
    screen.wait_text("Word to find");
    screen.press("walk\r");
    screen.press("]");
    wait(&mut screen, "an open thread", |rows| {
        rows.iter().any(|row| row.contains("└─"))
    });
    screen.wait_text("Sent");
    screen.press("[");
    wait(&mut screen, "a folded thread again", |rows| {
        !rows.iter().any(|row| row.contains("└─"))
    });
    screen.press("\x04");
    screen.wait_text("messages of the thread.  U undoes.");
    screen.press("U");
    screen.wait_text("Took back deleting:");
    wait(&mut screen, "the thread is back", folded);
    screen.press("Q");
    assert_eq!(screen.exit_code(SOON), 0);
}
