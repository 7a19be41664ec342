//! Text marked in a message, and people offered where it is sent on: keys in, questions out.

use crate::mime::document::{Document, Fold, Line, Role, Span};
use crate::mime::sanitize::Shown;
use crate::model::MessageKey;
use crate::tui::app::event::{Action, Question};

use super::composing::words;
use super::world::World;

fn line(quote: u8, text: &str) -> Line {
    Line {
        spans: vec![Span {
            text: Shown::body_line(text),
            role: Role::Text,
        }],
        quote,
        ..Line::default()
    }
}

const LONG: &str = "This paragraph is much longer than a row of eighty columns and so takes two of \
                    them, the second one of which ends here.";

/// A message with a paragraph of two rows, a quote and a folded quote.
fn reading() -> World {
    let mut world = World::new(80, 24);
    let mut lines = vec![
        line(0, "Hello,"),
        line(0, ""),
        line(0, LONG),
        line(1, "asked"),
    ];
    lines.push(line(0, "answered"));
    lines.extend((1..=8).map(|n| line(1, &format!("old {n}"))));
    lines.push(line(0, "Bye."));
    let document = Document {
        lines,
        folds: vec![Fold {
            first: 5,
            lines: 8,
            author: Shown::default(),
        }],
        ..Document::default()
    };
    let key = world.rows[0].key;
    world.documents.insert(key, document);
    world.press("Home Ret");
    world
}

/// What `R` would quote.
fn quoted(world: &mut World) -> Option<String> {
    world.slow = true;
    world.press("R");
    let asked = world.waiting.pop().unwrap().1;
    world.slow = false;
    match asked {
        Question::Answering { marked, .. } => marked,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_marked_is_the_only_quote() {
    // The cursor is in the header at first, whose text begins with the first row.
    let check = |keys: &str, want: Option<&str>| {
        let mut world = reading();
        world.press(keys);
        assert_eq!(quoted(&mut world).as_deref(), want, "{keys}");
    };
    check("Dn", None);
    check("^^", Some("Hello,\n"));
    check(
        "^^ Dn Dn Dn Dn",
        Some(&format!("Hello,\n\n{LONG}\n> asked\n")),
    );
    // From one row of a paragraph, and to one.
    check(
        "^^ Dn Dn Dn ^^ ^^ Dn Dn",
        Some("them, the second one of which ends here.\n> asked\nanswered\n"),
    );
    check(
        "^^ Dn Dn ^^ ^^",
        Some("This paragraph is much longer than a row of eighty columns and so takes two of\n"),
    );
    // What is folded is quoted whole, upwards as downwards.
    let folded =
        "answered\n> old 1\n> old 2\n> old 3\n> old 4\n> old 5\n> old 6\n> old 7\n> old 8\n";
    check("^^ Dn Dn Dn Dn Dn ^^ ^^ Dn", Some(folded));
    check("^^ Dn Dn Dn Dn Dn Dn ^^ ^^ Up", Some(folded));
    check("^^ End ^^", None);
    check("^^ Dn Esc", None);
    check("^^ Dn ^^ ^^", None);
}

#[test]
fn the_cursor_and_words_say_what_is_marked() {
    let mut world = reading();
    world.press("^^ Dn Dn");
    assert_eq!(
        words(&world),
        "3 lines are marked: R quotes only them. Esc marks none."
    );
    let (_, cursor) = world.frame(crate::tui::screen::theme::Theme::Plain);
    let screen = world.screen();
    let row = screen.lines().nth(usize::from(cursor.1)).unwrap();
    assert!(row.starts_with("This paragraph"), "{row}");
    world.press("End");
    assert!(world.screen().contains("Bye."));
    world.press("Dn");
    assert!(words(&world).contains("end of the text"));
    // The mark stays where it was when the rows are others.
    world.press("Esc Home ^^ Dn Dn");
    world.resize(40, 10);
    world.resize(120, 36);
    let text = quoted(&mut world).unwrap();
    assert!(text.starts_with("Hello,\n\nThis paragraph"), "{text}");
    world.press("Esc N ^^ Esc P");
    assert_eq!(quoted(&mut world), None);
}

#[test]
fn a_text_of_one_form_only_and_raw_source_are_told_apart() {
    let mut world = reading();
    world.press("H H H ^^");
    assert_eq!(words(&world), "Only the text of a message can be marked.");
}

#[test]
fn people_are_offered_where_a_message_is_sent_on() {
    let mut world = World::new(80, 24);
    let line = |world: &World| world.app.prompt.as_ref().unwrap().line().to_owned();
    world.press("B");
    world.type_text("to");
    let screen = world.screen();
    assert!(
        screen.contains("Tom O'Brien <tom@example.net>   written to 12 times"),
        "{screen}"
    );
    world.press("Tab");
    assert_eq!(line(&world), "tom@example.net");
    assert!(!world.screen().contains("written to 12 times"));
    world.type_text(", to");
    world.press("Dn Dn Up Dn");
    assert_eq!(line(&world), "tom@example.net, tomasz@example.pl");
    world.type_text(", nobody");
    assert!(!world.screen().contains("known:"));
    world.press("Tab");
    assert_eq!(line(&world), "tom@example.net, tomasz@example.pl, nobody");
    for _ in 0..8 {
        world.press("Backspace");
    }
    world.press("Ret");
    let sent = world.done.iter().find_map(|(_, action)| match action {
        Action::Send { draft, .. } => Some(draft.to.len()),
        _ => None,
    });
    assert_eq!(sent, Some(2), "{}", words(&world));
    assert_ne!(world.rows[0].key, MessageKey(0));
}
