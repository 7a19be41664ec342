//! Searching mail: results in the frame of their answer, wider with `/`, back with Esc.

use super::world::World;
use crate::model::{List, MessageKey, View};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Question};
use crate::tui::app::search::{FoundMail, MailQuery};
use crate::tui::app::view::Row;

/// Rows of the world whose subject holds every word.
pub fn found(world: &World, asked: &MailQuery) -> (FoundMail, Vec<MessageKey>) {
    let has = |row: &&Row| {
        let subject = row.envelope.subject.to_lowercase();
        let mut words = asked.text.split_whitespace();
        words.all(|word| subject.contains(&word.to_lowercase()))
    };
    let all: Vec<MessageKey> = world.rows.iter().filter(has).map(|row| row.key).collect();
    let limit = if asked.whole { usize::MAX } else { world.most };
    let found = FoundMail {
        more: all.len() > limit,
        cut: world.cut && all.len() > limit,
        whole: asked.whole,
        millis: 6,
        ..FoundMail::default()
    };
    (found, all.into_iter().take(limit).collect())
}

fn world() -> World {
    World::new(80, 24)
}

fn shown(world: &World) -> Vec<MessageKey> {
    world.app.index.rows.iter().map(|row| row.key).collect()
}

fn title(world: &World) -> String {
    world.screen().lines().next().unwrap_or_default().to_owned()
}

/// Searches for something that some messages have and others not.
fn looked_for(text: &str) -> (World, Vec<MessageKey>) {
    let mut world = world();
    world.press("/");
    world.type_text(text);
    let want = world
        .rows
        .iter()
        .filter(|row| row.envelope.subject.to_lowercase().contains(text))
        .map(|row| row.key)
        .collect();
    (world, want)
}

#[test]
fn what_is_typed_is_found_at_once_and_esc_goes_back_to_the_old_row() {
    let mut world = world();
    world.press("Dn Dn Dn");
    let before = world.selected();
    world.press("/");
    world.type_text("ticket");
    assert!(
        title(&world).contains("SEARCH   INBOX"),
        "{}",
        world.screen()
    );
    assert!(
        title(&world).contains("1 found in 6 ms"),
        "{}",
        world.screen()
    );
    let found = shown(&world);
    assert_eq!(found.len(), 1);
    assert!(
        world
            .screen()
            .contains("Words found: find the signed [ticket] attached")
    );
    assert!(
        world.screen().contains("Search INBOX: ticket"),
        "{}",
        world.screen()
    );
    world.press("Esc");
    assert_eq!(world.selected(), before);
    assert!(shown(&world).len() > 5);
    assert!(!title(&world).contains("SEARCH"));
}

#[test]
fn each_slash_at_the_beginning_searches_wider_and_keeps_what_was_typed() {
    let mut world = world();
    world.press("/");
    assert!(world.screen().contains("Search INBOX:"));
    world.press("/");
    assert!(
        world.screen().contains("Search all mail:"),
        "{}",
        world.screen()
    );
    world.press("/");
    assert!(
        world.screen().contains("Search all of"),
        "{}",
        world.screen()
    );
    world.press("/");
    assert!(world.screen().contains("Search INBOX:"));
    world.press("/");
    world.type_text("a/ticket");
    assert!(world.screen().contains("Search all mail: a/ticket"));
    world.press("^U");
    world.type_text("ticket");
    assert!(
        title(&world).contains("all mail, 2 accounts"),
        "{}",
        title(&world)
    );
    // Found in all mail, a row says where it stands.
    assert!(world.screen().contains("INBOX"));
    world.press("Ret <");
    world.press("/");
    assert!(
        world.screen().contains("Search all mail: ticket"),
        "{}",
        world.screen()
    );
}

#[test]
fn three_keys_and_a_word_open_what_is_found_in_all_mail_of_one_account() {
    let mut world = world();
    world.app.accounts.truncate(1);
    world.press("/ /");
    world.type_text("ticket");
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Message);
    assert!(world.screen().contains("Train tickets"));
    world.press("<");
    assert!(title(&world).contains("SEARCH"), "back in what was found");
    world.press("Esc");
    assert!(title(&world).contains("INBOX"));
    assert!(shown(&world).len() > 5);
}

#[test]
fn a_key_never_waits_and_only_the_last_answer_is_shown() {
    let mut world = world();
    let before = shown(&world);
    world.press("/");
    world.slow = true;
    world.type_text("ticket");
    assert!(
        world.screen().contains("Search INBOX: ticket"),
        "typed in the frame of the key"
    );
    assert_eq!(
        shown(&world),
        before,
        "nothing vanishes while it is looked for"
    );
    // The answers come in their order; those to what was typed before say nothing any more.
    let asked: Vec<Question> = world
        .waiting
        .iter()
        .map(|(_, question)| question.clone())
        .collect();
    assert!(asked.len() >= 4, "{asked:?}");
    let (ticket, question) = world.waiting[0].clone();
    world.answer(ticket, &question);
    assert_eq!(shown(&world), before);
    world.catch_up();
    world.catch_up();
    assert_eq!(shown(&world).len(), 1);
}

#[test]
fn enter_before_the_answer_opens_what_is_found_then() {
    let mut world = world();
    world.press("/");
    world.slow = true;
    world.type_text("ticket");
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Index);
    world.catch_up();
    world.catch_up();
    assert_eq!(world.app.screen, Screen::Message, "{}", world.screen());
    assert!(world.screen().contains("Train tickets"));
}

#[test]
fn all_that_was_found_is_selected_also_what_was_not_read_yet() {
    let mut world = world();
    world.most = 2;
    let want: Vec<MessageKey> = world
        .rows
        .iter()
        .filter(|row| row.envelope.subject.contains('e'))
        .map(|row| row.key)
        .collect();
    world.press("/");
    world.type_text("eee");
    world.press("^U");
    world.type_text("the");
    world.press("^U");
    world.press("e");
    assert!(
        !title(&world).contains("SEARCH"),
        "one letter says nothing yet"
    );
    world.press("Spc");
    assert!(
        title(&world).contains("more than 2 found"),
        "{}",
        title(&world)
    );
    world.press("^A");
    let marked: Vec<MessageKey> = world.app.index.marked.iter().copied().rev().collect();
    let mut sorted = want.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(marked, sorted);
    assert!(world.app.prompt.is_none());
    world.press("D");
    let deleted = world.done.iter().find_map(|(_, action)| match action {
        Action::Move { messages, .. } => Some(messages.len()),
        _ => None,
    });
    assert_eq!(deleted, Some(want.len()), "{:?}", world.done);
}

#[test]
fn of_a_search_that_takes_long_the_first_rows_are_shown_and_opened_while_the_rest_comes() {
    let (_, want) = looked_for("message");
    let mut world = world();
    (world.most, world.cut) = (2, true);
    world.press("/");
    world.slow = true;
    world.type_text("message");
    // Everything is answered but the question for the rest.
    loop {
        let is_rest = |one: &Question| matches!(one, Question::Search(asked) if asked.whole);
        let (rest, others): (Vec<_>, Vec<_>) = std::mem::take(&mut world.waiting)
            .into_iter()
            .partition(|(_, question)| is_rest(question));
        world.waiting = rest;
        if others.is_empty() {
            break;
        }
        for (ticket, question) in others {
            world.answer(ticket, &question);
        }
    }
    assert!(want.len() > 2);
    assert_eq!(world.waiting.len(), 1, "the rest is asked for by itself");
    assert_eq!(shown(&world), want[..2]);
    assert!(title(&world).contains("more than 2 found"));
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Message);
    world.catch_up();
    world.press("<");
    let all = shown(&world);
    assert!(all.len() > 2 && want.starts_with(&all), "{all:?}");
    assert_eq!(world.selected(), want[0]);
}

#[test]
fn half_a_word_takes_nothing_away_and_an_empty_line_shows_the_list() {
    let (mut world, want) = looked_for("ticket");
    assert_eq!(shown(&world), want);
    world.press("Spc t");
    assert_eq!(shown(&world), want, "one letter more");
    world.press("\"");
    assert_eq!(shown(&world).len(), 0);
    assert!(
        world.screen().contains("Nothing found"),
        "{}",
        world.screen()
    );
    world.press("^U");
    assert!(!title(&world).contains("SEARCH"));
    assert!(shown(&world).len() > 5);
}

#[test]
fn tab_completes_fields_states_and_folders() {
    let check = |typed: &str, want: &str| {
        let mut world = world();
        world.press("/");
        world.type_text(typed);
        world.press("Tab");
        let line = world.app.prompt.as_ref().unwrap().line().to_owned();
        assert_eq!(line, want, "{typed}");
    };
    check("sub", "subject:");
    check("ticket -fr", "ticket -from:");
    check("is:unr", "is:unread");
    check("(is:fl", "(is:flagged");
    check("has:", "has:attachment");
    check("in:inb", "in:INBOX");
    check("zzz", "zzz");
}

#[test]
fn a_search_begins_at_all_mail_where_no_one_mailbox_is_shown() {
    let mut world = world();
    world.app.index.open(View::of(List::Inboxes));
    world.press("/");
    assert!(
        world.screen().contains("Search all mail:"),
        "{}",
        world.screen()
    );
}
