//! A person files, deletes, finds and takes back in the real program, over the demo.

use std::path::Path;
use std::time::Duration;

use crate::cli::Home;
use crate::harness::lacebark;
use crate::harness::pty::Terminal;

const FIRST: &str = "Tickets for the weekend";
const LIMIT: Duration = Duration::from_secs(20);

pub fn demo(rows: u16, cols: u16) -> (Home, Terminal) {
    let home = Home::new();
    std::fs::create_dir_all(home.path("tmp")).unwrap();
    let paths = [
        ("HOME", home.path(".")),
        ("XDG_CONFIG_HOME", home.path("config")),
        ("XDG_DATA_HOME", home.path("data")),
        ("XDG_CACHE_HOME", home.path("cache")),
        ("XDG_RUNTIME_DIR", home.path("run")),
        ("TMPDIR", home.path("tmp")),
    ];
    let env: Vec<(&str, &Path)> = paths.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let mut screen = Terminal::start(lacebark(), &["demo"], &env, rows, cols);
    screen.wait_text(FIRST);
    (home, screen)
}

fn gone(screen: &mut Terminal, text: &'static str) {
    screen.wait(text, LIMIT, |screen| !screen.contents().contains(text));
}

#[test]
fn mail_is_deleted_filed_and_taken_back() {
    let (_home, mut screen) = demo(24, 80);
    let parcel = "Your parcel is waiting";
    screen.wait_text(parcel);
    screen.press("W");
    screen.wait_text("Word to find");
    screen.press("parcel\r");
    screen.press("d");
    gone(&mut screen, parcel);
    screen.wait_text("Moved 1 message to Trash.  U undoes.");
    screen.press("G");
    screen.wait_text("Go to folder");
    screen.press("tra\r");
    screen.wait_text("Trash   alice@example.org");
    screen.wait_text(parcel);
    screen.press("D");
    screen.wait_text("There is no undo");
    screen.press("n");
    screen.press("S");
    screen.wait_text("Move 1 message to folder");
    screen.press("arch\r");
    screen.wait_text("This folder is empty.");
    screen.press("U");
    screen.wait_text("Took back the move: 1 message.");
    screen.wait_text(parcel);
    screen.press("U");
    screen.wait_text("Took back deleting: 1 message.");
    screen.press(".");
    screen.wait_text("Command:");
    screen.press("goto inb\r");
    screen.wait_text(parcel);
    screen.wait_text("Message 3 of 30");
    screen.press("Q");
    assert_eq!(screen.exit_code(LIMIT), 0);
}

#[test]
fn the_message_pane_follows_the_cursor_on_a_wide_screen() {
    let (_home, mut screen) = demo(45, 160);
    screen.wait_text("Enjoy the shade.");
    screen.press("\x1b[F");
    gone(&mut screen, "Enjoy the shade.");
    screen.press("\x1b[H");
    screen.wait_text("Enjoy the shade.");
    screen.quit();
}
