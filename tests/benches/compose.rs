//! From a key in the composer to its frame, with two megabytes of quoted text: inside the program's
//! pure half, and at the pseudo-terminal.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lacebark::model::{Address, Draft};
use lacebark::tui::app::event::{Effect, Event, Now};
use lacebark::tui::app::key::Key;
use lacebark::tui::app::{App, Begin, update};
use lacebark::tui::screen::compose::Kind;
use lacebark::tui::screen::compose::text::Place;
use lacebark::tui::screen::draw;
use lacebark::tui::screen::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::figures::{Figures, median, millis, quantile};
use crate::harness::lacebark;
use crate::harness::program::Home;
use crate::harness::pty::Terminal;

const BUDGET: Duration = Duration::from_millis(8);
const SIZE: usize = 2 << 20;

/// Two megabytes of quoted lines; of one line, which is wrapped softly; and the same in Chinese.
pub fn all(figures: &mut Figures) {
    let quoted = quoted();
    let long = format!("> {}", "lorem ipsum dolor sit amet ".repeat(SIZE / 27));
    let wide = "日本語の段落です。".repeat(SIZE / 27);
    for (what, text) in [
        ("2 MB of quoted lines", &quoted),
        ("2 MB in one line", &long),
        ("2 MB of Chinese in one line", &wide),
    ] {
        let mut longest = Duration::ZERO;
        for (kind, start, keys) in KINDS {
            let mut spent = inside(text, start, keys);
            longest = longest.max(quantile(&mut spent, 1.0));
            figures.under(
                format!("composer, {what}, {kind}: p99"),
                quantile(&mut spent, 0.99),
                BUDGET,
                millis,
            );
        }
        figures.note(
            format!("composer, {what}: the longest of all these keys"),
            millis(longest),
        );
    }
    at_the_terminal(figures, &quoted);
}

/// Where the cursor is when the keys begin.
#[derive(Clone, Copy)]
enum Start {
    Top,
    Middle,
    End,
}

/// Kinds of keys, where they are pressed, and what is pressed over and over.
const KINDS: [(&str, Start, &[&str]); 12] = [
    ("typing at the top", Start::Top, &["x", "y", "Spc", "z"]),
    (
        "typing in the middle",
        Start::Middle,
        &["x", "y", "Spc", "z"],
    ),
    ("typing at the end", Start::End, &["x", "y", "Spc", "z"]),
    (
        "deleting",
        Start::Middle,
        &["Backspace", "^D", "Alt-Backspace"],
    ),
    (
        "breaking lines",
        Start::Middle,
        &["Ret", "a", "Backspace", "Backspace"],
    ),
    (
        "walking",
        Start::Middle,
        &["Up", "Alt-b", "End", "Dn", "Dn", "^A"],
    ),
    ("page down", Start::Top, &["^V"]),
    ("page up", Start::End, &["^Y"]),
    ("top and end", Start::Middle, &["Alt->", "Alt-<"]),
    ("cut and uncut", Start::Middle, &["^K", "^U", "Up"]),
    ("justify and back", Start::Middle, &["^J", "^U"]),
    (
        "undo and redo",
        Start::Middle,
        &["q", "^K", "Alt-u", "Alt-u", "Alt-r", "Alt-r", "Alt-u"],
    ),
];

fn quoted() -> String {
    let mut text = String::with_capacity(SIZE + 100);
    let mut number = 0;
    while text.len() < SIZE {
        text.push_str(&format!(
            "> line {number} of a quoted text, as long as lines of mail mostly are\n"
        ));
        number += 1;
    }
    text
}

fn inside(text: &str, start: Start, keys: &[&str]) -> Vec<Duration> {
    let now = |mono| Now {
        wall: 1_795_257_600,
        mono,
    };
    let mut app = App::new(Begin::plain((80, 24), |_| 0), now(0));
    let draft = Draft {
        from: Address {
            name: "Alice".to_owned(),
            address: "alice@example.test".to_owned(),
        },
        to: vec![lacebark::model::Recipient::address("bob@example.test")],
        text: text.to_owned(),
        ..Draft::default()
    };
    app.write_on(draft, Kind::Reply);
    let body = &mut app.compose.current_mut().unwrap().body;
    let end = body.text().end();
    body.go(match start {
        Start::Top => Place::default(),
        Start::Middle => Place::new(end.line / 2, body.text().line(end.line / 2).len() / 2),
        Start::End => end,
    });
    let area = Rect::new(0, 0, 80, 24);
    let mut spent = Vec::new();
    let mut mono = 1;
    for round in 0..400 {
        mono += 40;
        let begun = Instant::now();
        let effects = press(&mut app, keys[round % keys.len()], mono);
        let mut buffer = Buffer::empty(area);
        draw(&app, Theme::Ansi16, &mut buffer);
        spent.push(begun.elapsed());
        drop(effects);
    }
    spent
}

fn press(app: &mut App, key: &str, mono: u64) -> Vec<Effect> {
    let key = Key::parse(key).unwrap();
    let now = Now {
        wall: 1_795_257_600,
        mono,
    };
    update(app, Event::Key(key), now)
}

/// The text comes from a file, by `^R`; then letters are typed at its end.
fn at_the_terminal(figures: &mut Figures, text: &str) {
    let home = Home::new();
    let account = [
        "setup",
        "--address",
        "alice@example.test",
        "--imap",
        "imaps://localhost:1",
        "--keep",
        "ask",
        "--no-test",
    ];
    home.run(&account).exits(0);
    let file = home.path("quote");
    fs::write(&file, text).unwrap();
    let env = home.env();
    let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let mut terminal = Terminal::start(lacebark(), &[], &env, 24, 80);
    terminal.wait_text("? Help");
    terminal.press("c");
    terminal.wait_text("COMPOSE");
    terminal.press("\t\t\t\t");
    terminal.wait_text("line 1 of 1");
    terminal.press("\x12");
    terminal.wait_text("File to put in");
    terminal.press("\x15");
    terminal.press(&format!("{}\r", file.display()));
    terminal.wait_text("of a quoted text");
    let mut spent = Vec::new();
    for round in 0..1_000 {
        while terminal.next_output(Duration::ZERO).is_some() {}
        let pressed = terminal.press(["a", "b", "\x1b[A", "c", " ", "\x1b[B"][round % 6]);
        if let Some(seen) = terminal.next_output(Duration::from_secs(2)) {
            spent.push(seen.saturating_duration_since(pressed));
        }
        // Saves go on meanwhile, as they do while a person types.
        std::thread::sleep(Duration::from_millis(10));
    }
    figures.under(
        "composer, 2 MB of quoted lines, at the pty with saves: p99",
        quantile(&mut spent, 0.99),
        BUDGET,
        millis,
    );
    figures.note(
        "composer, the same: median, longest",
        format!(
            "{}, {}",
            millis(median(&mut spent)),
            millis(quantile(&mut spent, 1.0))
        ),
    );
}
