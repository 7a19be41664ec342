//! Selecting by criteria, altering a selection, zoom, and what is applied to it.

use super::world::World;
use crate::model::query::State;
use crate::model::{Flags, List, MessageKey};
use crate::tui::app::event::{Action, Criterion, Question};

fn marked(world: &World) -> Vec<i64> {
    world.app.index.marked.iter().map(|key| key.0).collect()
}

/// The criterion that a line of keys ends in.
fn asked(keys: &str, text: &str) -> Criterion {
    let mut world = World::new(80, 24);
    world.slow = true;
    world.press(keys);
    if !text.is_empty() {
        world.press("^U");
        world.type_text(text);
        world.press("Ret");
    }
    let found = world
        .waiting
        .iter()
        .find_map(|(_, question)| match question {
            Question::Select { criterion, .. } => Some(criterion.clone()),
            _ => None,
        });
    found.unwrap_or_else(|| panic!("{keys} {text}: {}", world.app.status_words()))
}

#[test]
fn each_criterion_is_asked_for_by_its_letter() {
    let query = |text: &str| Criterion::Query(Box::new(crate::model::Query::parse(text).unwrap()));
    for (keys, text, wanted) in [
        ("; a", "", Criterion::All),
        ("; t", "Train", Criterion::Text("train".to_owned())),
        ("; f", "Priya", Criterion::From("priya".to_owned())),
        ("; d", "2026-11", query("date:2026-11")),
        ("; d", "7d..", query("after:7d")),
        ("; d", "before:7d", query("before:7d")),
        ("; z", "100k", query("larger:100k")),
        ("; z", "<100k", query("smaller:100k")),
        ("; s n", "", Criterion::Status(State::Unread)),
        ("; s *", "", Criterion::Status(State::Flagged)),
        ("; s a", "", Criterion::Status(State::Answered)),
        ("; h", "", Criterion::Thread(MessageKey(1000))),
        (
            "; q",
            "from:zoe has:attachment",
            query("from:zoe has:attachment"),
        ),
        ("^A", "", Criterion::All),
    ] {
        assert_eq!(asked(keys, text), wanted, "{keys} {text}");
    }
}

#[test]
fn the_sender_at_the_cursor_is_proposed_and_a_message_of_no_list_says_so() {
    let mut world = World::new(80, 24);
    world.press("; f");
    assert!(world.screen().contains("someone@example.org"));
    world.press("^C ; l");
    assert!(world.app.status_words().contains("came by no list"));
}

#[test]
fn what_is_not_understood_of_a_query_is_told_by_its_place() {
    let mut world = World::new(80, 24);
    world.press("; q");
    world.type_text("is:blue");
    world.press("Ret");
    let words = world.app.status_words();
    assert!(words.contains("at character 4"), "{words}");
    assert!(marked(&world).is_empty());
}

#[test]
fn a_selection_is_broadened_narrowed_flipped_and_replaced() {
    let mut world = World::new(80, 24);
    let count = world.rows.len();
    world.press("; s *");
    let flagged = marked(&world);
    assert_eq!(flagged.len(), 2);
    world.press("; b s n");
    let both = marked(&world);
    assert!(both.len() > 2 && flagged.iter().all(|key| both.contains(key)));
    world.press("; n s *");
    assert_eq!(marked(&world), flagged);
    world.press("; f");
    assert_eq!(marked(&world).len(), count - 2);
    world.press("; r t");
    world.type_text("brand new");
    world.press("Ret");
    assert_eq!(marked(&world), [1000]);
    world.press("; n s *");
    assert!(
        marked(&world).is_empty(),
        "what was not selected is not by narrowing"
    );
    world.press(":");
    assert_eq!(marked(&world), [1000]);
    world.press("; c");
    assert!(
        marked(&world).is_empty(),
        "the one at the cursor was selected"
    );
    world.press("; a ; a");
    assert!(marked(&world).is_empty());
    assert!(world.app.status_words().contains("Nothing is selected"));
}

#[test]
fn what_is_like_nothing_leaves_the_selection_as_it_was() {
    let mut world = World::new(80, 24);
    world.press(": ; n t");
    world.type_text("no such text");
    world.press("Ret");
    assert_eq!(marked(&world), [1000]);
}

#[test]
fn zoom_shows_the_selected_ones_and_all_again_with_cursor_and_selection() {
    let mut world = World::new(80, 24);
    world.press("Z");
    assert!(world.app.status_words().contains("Nothing is selected"));
    world.press("; s * Dn Dn Dn Z");
    let shown: Vec<_> = world.app.index.rows.iter().map(|row| row.key.0).collect();
    assert_eq!(shown, [997, 986]);
    assert!(
        world
            .app
            .index
            .rows
            .iter()
            .all(|row| row.flags.has(Flags::FLAGGED))
    );
    assert_eq!(world.selected(), MessageKey(997));
    let title = world.screen().lines().next().unwrap().to_owned();
    assert!(
        title.contains("zoomed") && title.contains("2 selected of 2"),
        "{title}"
    );
    world.press("Dn Z");
    assert_eq!(world.selected(), MessageKey(986));
    assert_eq!((world.app.index.total, marked(&world).len()), (185, 2));
    world.press("Z Esc");
    assert!(matches!(
        world.app.index.view.clone().unwrap().list,
        List::Mailbox(_)
    ));
    assert_eq!(marked(&world).len(), 2);
    // Another folder and back: everything is shown, and the selection is the same.
    world.press("Z Alt-2 Alt-1");
    assert_eq!((world.app.index.total, marked(&world).len()), (185, 2));
}

#[test]
fn when_the_zoomed_messages_are_gone_all_are_shown_again() {
    let mut world = World::new(80, 24);
    world.press("; s * Z A d");
    assert_eq!(world.app.index.total, 183);
    assert!(matches!(
        world.app.index.view.clone().unwrap().list,
        List::Mailbox(_)
    ));
    world.press("U");
    assert_eq!(world.app.index.total, 185);
}

#[test]
fn apply_does_each_of_its_commands_in_one_action() {
    for (letter, word) in [
        ("d", "Move"),
        ("k", "Flags"),
        ("*", "Flags"),
        ("s Ret", "Move"),
        ("c Ret", "Copy"),
        ("e Ret", "ExportMany"),
    ] {
        let mut world = World::new(80, 24);
        world.press(&format!(": Dn : Dn : A {letter}"));
        // What is read already is not marked so again.
        let changed = if letter == "k" { 1 } else { 3 };
        let of_it: Vec<_> = world
            .done
            .iter()
            .filter_map(|(_, action)| match action {
                Action::Move { messages, .. } => Some(("Move", messages.len())),
                Action::Copy { messages, .. } => Some(("Copy", messages.len())),
                Action::Flags { messages, .. } => Some(("Flags", messages.len())),
                Action::ExportMany { messages, .. } => Some(("ExportMany", messages.len())),
                _ => None,
            })
            .collect();
        assert_eq!(of_it, [(word, changed)], "{letter}");
    }
}

#[test]
fn export_beside_a_selection_asks_which_is_meant() {
    let mut world = World::new(80, 24);
    world.press(": Dn : Dn E");
    assert!(
        world
            .screen()
            .contains("For the selected (2), or for this one?")
    );
    world.press("s");
    assert!(
        world.screen().contains("Export 2 messages to mbox file"),
        "{}",
        world.screen()
    );
}

#[test]
fn what_a_query_did_not_look_at_is_said_with_what_it_found() {
    let mut world = World::new(80, 24);
    for (unindexed, said) in [
        (0, "Selected 185 messages. A applies, Z zooms."),
        (
            1,
            "Selected 185 messages; about 1 message is not searched yet. A applies",
        ),
        (
            120,
            "Selected 185 messages; about 120 messages are not searched yet. A applies",
        ),
    ] {
        world.unindexed = unindexed;
        world.press("; a ; r q");
        world.type_text("x");
        world.press("Ret");
        let words = world.app.status_words();
        assert!(words.contains(said), "{words}");
    }
    world.press("; r t");
    world.type_text("no such text");
    world.press("Ret");
    let words = world.app.status_words();
    assert!(
        words.contains("as it was; about 120 messages are not searched yet."),
        "{words}"
    );
}
