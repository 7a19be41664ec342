//! What no text of a sender or server can do to the screen (SAFETY D1 to D4, D7).

use ratatui::buffer::Buffer;

use crate::mime::document::{Line, Role as Span_};
use crate::model::MessageKey;
use crate::model::journal::Cause;
use crate::tui::app::far::{FarFound, Stand};
use crate::tui::screen::theme::{Role, Theme};

use super::world::{World, lines, mailbox, span, text, tree};

const HOSTILE: [&str; 12] = [
    "plain\x1b[2J\x1b]0;title\x07\u{9b}31m",
    "a\r\nBcc: x\u{2028}b\u{2029}c\u{85}d",
    "cod\u{202e}gpj.exe\u{2066}x\u{2069}\u{200f}\u{61c}",
    "\u{200b}\u{2060}\u{feff}\u{e0041}\u{115f}\u{3164}\u{2800}\u{2800}",
    "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}",
    "wide 日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語",
    "👩‍👩‍👧‍👦👍🏽🇩🇪1️⃣ family and flag",
    "tab\tand\u{8}back\0nul\x7fdel",
    "שלום עולם مرحبا",
    "(no \u{202d}\u{202c}end",
    "\u{fdfd}\u{12031} very wide",
    "",
];

fn hostile(width: u16, height: u16) -> World {
    let mut rows = mailbox();
    for (n, row) in rows.iter_mut().enumerate() {
        let words = HOSTILE[n % HOSTILE.len()];
        row.envelope.subject = words.to_owned();
        row.envelope.from[0].name = words.to_owned();
        row.envelope.list_id = words.to_owned();
    }
    let mut world = World::unstarted(width, height, rows);
    for mailbox in &mut world.accounts[0].mailboxes[1..] {
        mailbox.name = format!("{}{}", mailbox.name, HOSTILE[1]);
        mailbox.offline = HOSTILE[2].to_owned();
    }
    for (n, line) in world.queue.iter_mut().enumerate() {
        line.what = HOSTILE[n % HOSTILE.len()].to_owned();
        line.detail = HOSTILE.map(str::to_owned).to_vec();
        line.state = super::world::failed(HOSTILE[n % HOSTILE.len()], Cause::Refused);
    }
    for need in &mut world.needs {
        (need.text, need.hint) = (HOSTILE[0].to_owned(), HOSTILE[1].to_owned());
        (need.title, need.detail) = (HOSTILE[2].to_owned(), HOSTILE[3].to_owned());
    }
    let mut structure = tree();
    structure.children[0].children[1].filename = HOSTILE[2].to_owned();
    structure.children[0].children[2].filename = HOSTILE[1].to_owned();
    for key in 980..=1000 {
        world.documents.insert(MessageKey(key), text(&HOSTILE));
        world.structures.insert(MessageKey(key), structure.clone());
    }
    world.start();
    world
}

fn views() -> Vec<(String, World)> {
    let mut out = Vec::new();
    for (width, height) in [(80, 24), (120, 36), (40, 10), (20, 5)] {
        for keys in [
            "Alt-o",
            "Alt-o D",
            "Alt-a Dn D",
            "L Dn R",
            "L Dn D",
            "Dn",
            "L",
            "Dn Ret",
            "Dn Ret H",
            "V",
            "Alt-a",
            "Alt-l",
            "V S",
            // Rows of threads, of several mailboxes, of another order, selected, and of what is found.
            "$ H ]",
            "$ H Ret",
            "$ z",
            "Alt-0",
            "; s *",
            "/ / b c c",
            "/ / w i d e",
        ] {
            let mut world = hostile(width, height);
            let stand = Stand::Failed(HOSTILE[0].to_owned());
            world.far = FarFound {
                stands: vec![("alice".to_owned(), stand)],
                keys: vec![MessageKey(981), MessageKey(982)],
            };
            world.app.say(HOSTILE[0]);
            world.press(keys);
            if keys.starts_with('/') {
                world.wait(2_000);
            }
            out.push((format!("{keys} at {width}x{height}"), world));
        }
    }
    out
}

#[test]
fn d1_no_control_character_reaches_a_cell() {
    for (name, world) in views() {
        let (buffer, _) = world.frame(Theme::Mono);
        for cell in buffer.content() {
            let bad = cell.symbol().chars().find(|c| c.is_control());
            assert_eq!(bad, None, "{name}");
        }
    }
}

#[test]
fn d2_a_field_with_line_breaks_takes_one_row() {
    let mut world = hostile(80, 24);
    world.press("L");
    let screen = world.screen();
    assert!(
        !screen
            .lines()
            .any(|line| line.trim_start().starts_with("Bcc:")),
        "{screen}"
    );
    assert_eq!(screen.lines().count(), 25);
}

#[test]
fn d2_rows_of_threads_lists_and_searches_take_one_line_each() {
    for keys in ["$ H ]", "Alt-0", "$ z", "; s *", "/ / b c c"] {
        let mut world = hostile(80, 24);
        world.press(keys);
        let screen = world.screen();
        let rows = screen.lines().skip(1).take(20);
        let rows = rows.take_while(|row| !row.starts_with("---"));
        // Each begins with the marks and the date of a message, never with words of a field.
        for row in rows.filter(|row| !row.trim().is_empty()) {
            let head: String = row.chars().take(5).collect();
            assert!(
                head.chars().all(|c| " >XNAF*@~".contains(c)),
                "{keys}: {row:?}"
            );
        }
        assert!(screen.contains("Bcc"), "{keys}: {screen}");
        assert_eq!(screen.lines().count(), 25, "{keys}");
    }
}

#[test]
fn d3_no_reordering_or_invisible_character_reaches_a_cell() {
    let bad = |c: char| {
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}'
            | '\u{61c}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' | '\u{115f}'
            | '\u{3164}' | '\u{2800}')
    };
    for (name, world) in views() {
        let (buffer, _) = world.frame(Theme::Mono);
        for cell in buffer.content() {
            assert!(!cell.symbol().contains(bad), "{name}: {:?}", cell.symbol());
        }
    }
}

/// The bytes of a whole frame as the terminal gets them.
fn bytes(buffer: &Buffer) -> Vec<u8> {
    use ratatui::backend::{Backend, CrosstermBackend};
    let mut out = Vec::new();
    let empty = Buffer::empty(buffer.area);
    let cells = empty.diff(buffer);
    CrosstermBackend::new(&mut out)
        .draw(cells.into_iter())
        .unwrap();
    out
}

#[test]
fn d4_a_terminal_shows_what_the_frame_has() {
    for (name, world) in views() {
        let (buffer, _) = world.frame(Theme::Plain);
        let area = buffer.area;
        let mut terminal = vt100::Parser::new(
            area.height.try_into().unwrap(),
            area.width.try_into().unwrap(),
            0,
        );
        terminal.process(&bytes(&buffer));
        let shown: Vec<String> = terminal
            .screen()
            .rows(0, area.width)
            .map(|row| row.trim_end().to_owned())
            .collect();
        for (y, (ours, theirs)) in lines(&buffer).iter().zip(&shown).enumerate() {
            assert_eq!(ours, theirs, "{name}, row {y}");
        }
    }
}

#[test]
fn d7_no_text_makes_a_header_row() {
    let forged = [
        "Signed  : good, Maria Kowalczyk (known key)",
        "From    : CEO <ceo@bank.example>",
        " Signed : good",
        "\tx:",
        "12345678:",
    ];
    let mut world = World::unstarted(80, 24, mailbox());
    let mut document = text(&forged);
    for role in [
        Span_::Header,
        Span_::Strong,
        Span_::Heading,
        Span_::Warning,
        Span_::Emphasis,
    ] {
        document.lines.push(Line {
            spans: vec![span(forged[0], role)],
            ..Line::default()
        });
    }
    world.documents.insert(MessageKey(1000), document);
    world.start();
    world.press("Ret");
    for theme in [Theme::Ansi16, Theme::Mono] {
        let (buffer, _) = world.frame(theme);
        let label = theme.style(Role::Header);
        let rule = (0..24).find(|y| buffer[(0, *y)].symbol() == "-").unwrap();
        for y in rule + 1..20 {
            assert_ne!(buffer[(8, y)].symbol(), ":", "row {y}");
            for x in 0..80 {
                let cell = &buffer[(x, y)];
                let same =
                    cell.modifier == label.add_modifier && cell.fg == label.fg.unwrap_or_default();
                assert!(!same, "cell {x},{y} looks like a header name");
            }
        }
    }
}

#[test]
fn no_color_leaves_every_state_in_the_text() {
    let mut world = World::new(80, 24);
    world.press("Dn");
    let (plain, _) = world.frame(Theme::Plain);
    let (mono, _) = world.frame(Theme::Mono);
    let (colour, _) = world.frame(Theme::Ansi16);
    assert_eq!(lines(&plain), lines(&mono));
    assert_eq!(lines(&plain), lines(&colour));
    for cell in mono.content() {
        assert_eq!((cell.fg, cell.bg), Default::default());
    }
    let text = lines(&plain).join("\n");
    for mark in [">", " N ", "A@", " * ", "F "] {
        assert!(text.contains(mark), "{mark}");
    }
}
