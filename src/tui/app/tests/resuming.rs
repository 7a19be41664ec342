//! Enter in Drafts, and single parts passed on: keys in, what is written on out.

use crate::model::{ContentKey, DraftKey, DraftSave, MessageKey, PartPath, Role};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Ended};
use crate::tui::app::view::{Anchor, Resuming};

use super::world::{NOW, World, tree};

/// The open mailbox is Drafts.
fn world(found: Resuming) -> World {
    let mut world = World::new(80, 24);
    world.app.accounts[0].mailboxes[0].role = Some(Role::Drafts);
    world.resuming = found;
    world.end = |action| match action {
        Action::Adopt { draft, .. } => Some(Ended::Resumed(SAVE, NOW, draft.clone())),
        _ => Some(Ended::Done(String::new())),
    };
    world
}

const SAVE: DraftSave = DraftSave {
    key: DraftKey(4),
    version: 2,
};

fn ours(world: &World) -> Resuming {
    let mut draft = world.draft();
    draft.subject = "Half a plan".to_owned();
    Resuming::Ours(SAVE, NOW, Box::new(draft))
}

fn theirs(world: &World) -> Resuming {
    let mut draft = world.draft();
    draft.subject = "Begun elsewhere".to_owned();
    Resuming::Theirs {
        content: ContentKey(7),
        draft: Box::new(draft),
    }
}

#[test]
fn enter_in_drafts_goes_on_with_ours_once() {
    let plain = World::new(80, 24);
    let mut world = world(ours(&plain));
    world.press("Ret");
    assert!(world.app.screen.is_composer());
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.key(), Some(DraftKey(4)));
    assert_eq!(composer.subject.value(), "Half a plan");
    // It is open: the second time leads there.
    world.press("Alt-c < Ret");
    assert_eq!(world.app.compose.open.len(), 1);
    assert!(world.app.screen.is_composer());
    assert!(
        world
            .done
            .iter()
            .all(|(_, one)| !matches!(one, Action::Adopt { .. }))
    );
}

#[test]
fn a_draft_of_another_program_is_adopted_and_gone_on_with() {
    let plain = World::new(80, 24);
    let mut world = world(theirs(&plain));
    world.press("Dn >");
    let adopted = world.done.iter().find_map(|(_, action)| match action {
        Action::Adopt {
            message, content, ..
        } => Some((*message, *content)),
        _ => None,
    });
    assert_eq!(adopted, Some((MessageKey(999), ContentKey(7))));
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.subject.value(), "Begun elsewhere");
    assert_eq!(composer.key(), Some(DraftKey(4)));
}

#[test]
fn what_is_not_kept_is_fetched_first_and_a_key_meanwhile_wants_something_else() {
    let mut away = world(Resuming::NotKept(41_000));
    away.press("Ret");
    assert!(away.app.compose.open.is_empty());
    let root = Some(PartPath::root());
    let fetched = matches!(&away.done[0].1, Action::Fetch { part, .. } if *part == root);
    assert!(fetched, "{:?}", away.done);
    assert!(away.app.status_words().contains("41 KB first"));
    let plain = World::new(80, 24);
    let mut late = world(ours(&plain));
    late.slow = true;
    late.press("Ret Dn");
    late.catch_up();
    assert_eq!(late.app.screen, Screen::Index);
    assert!(late.app.compose.open.is_empty());
}

#[test]
fn elsewhere_enter_reads() {
    let plain = World::new(80, 24);
    let mut world = world(ours(&plain));
    world.app.accounts[0].mailboxes[0].role = Some(Role::Inbox);
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Message);
}

#[test]
fn f_in_the_parts_passes_the_selected_one_on() {
    let mut world = World::new(80, 24);
    let key = world.selected();
    world.structures.insert(key, tree());
    world.press("V");
    assert_eq!(world.app.screen, Screen::Parts);
    world.press("Home F");
    assert!(world.app.status_words().contains("only holds other parts"));
    world.press("Dn Dn Dn F");
    let composer = world.app.compose.current().unwrap();
    let names: Vec<&str> = composer
        .attachments
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["part-1.2.pdf"]);
}

#[test]
fn the_key_of_enter_says_that_a_draft_is_gone_on_with() {
    let plain = World::new(80, 24);
    assert!(plain.screen().contains("[ViewMsg]"));
    let world = world(ours(&plain));
    let screen = world.screen();
    assert!(
        screen.contains("> [GoOn]") && !screen.contains("ViewMsg"),
        "{screen}"
    );
}

#[test]
fn the_cursor_stays_on_a_draft_whose_copy_is_another_row_now() {
    let plain = World::new(80, 24);
    let begun = || {
        let mut world = world(ours(&plain));
        world.press("Dn Dn");
        let was = world.app.index.row().unwrap().anchor();
        world.press("Ret ^O");
        (world, was)
    };
    // The old row goes, and a new one comes at the top.
    let replace = |world: &mut World, was: Anchor| {
        let at = world.rows.iter().position(|row| row.key == was.key);
        let mut row = world.rows.remove(at.unwrap());
        row.key = MessageKey(5_000);
        row.arrival = NOW + 1;
        let now = row.anchor();
        world.rows.insert(0, row);
        now
    };
    let mirrored = |world: &mut World, was: Anchor, now: Anchor| {
        let ticket = world.done.last().unwrap().0;
        let mailbox = world.app.index.one_mailbox().unwrap();
        let was = was.key;
        let ended = Ended::Mirrored { was, mailbox, now };
        world.event(crate::tui::app::event::Event::Ended(ticket, ended));
    };
    let here = |world: &World| world.app.index.row().unwrap().key;
    for change_first in [true, false] {
        let (mut world, was) = begun();
        let now = replace(&mut world, was);
        if change_first {
            world.changed();
        }
        mirrored(&mut world, was, now);
        world.changed();
        assert_eq!(here(&world), now.key, "{change_first}");
    }
    // Who has moved on stays there.
    let (mut world, was) = begun();
    let now = replace(&mut world, was);
    world.press("Dn");
    mirrored(&mut world, was, now);
    world.changed();
    assert_ne!(here(&world), now.key);
}
