//! Three panes: where the keys go, what the message pane shows, and when a message is read.

use crate::model::MessageKey;
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Question};
use crate::tui::app::layout::Kind;
use crate::tui::screen::theme::Theme;

use super::world::{World, letter, mailbox, text};

fn world() -> World {
    let mut world = World::unstarted(160, 45, mailbox());
    world.documents.insert(MessageKey(999), letter());
    world
        .documents
        .insert(MessageKey(998), text(&["A second text."]));
    world.start();
    world
}

fn marks(world: &World) -> Vec<MessageKey> {
    let keys = world.done.iter().filter_map(|(_, action)| match action {
        Action::Flags { messages, .. } => Some(messages.clone()),
        _ => None,
    });
    keys.flatten().collect()
}

fn shown(world: &World) -> Option<MessageKey> {
    world.app.message.as_ref().map(|message| message.key())
}

#[test]
fn the_message_pane_follows_the_cursor_when_it_rests() {
    let mut world = world();
    assert_eq!(
        shown(&world),
        None,
        "nothing is read before the first frame"
    );
    world.wait(200);
    assert_eq!(shown(&world), Some(MessageKey(1000)));
    world.press("Dn");
    world.wait(100);
    world.press("Dn");
    world.wait(100);
    assert_eq!(shown(&world), Some(MessageKey(1000)), "it has not rested");
    world.wait(100);
    assert_eq!(shown(&world), Some(MessageKey(998)));
    assert!(world.screen().contains("A second text."));
    assert_eq!(world.app.screen, Screen::Index);
}

#[test]
fn what_was_only_previewed_is_not_read() {
    let mut world = world();
    world.wait(1900);
    world.press("Dn Dn Dn Dn");
    world.wait(1900);
    assert_eq!(marks(&world), []);
    world.wait(400);
    assert_eq!(marks(&world), [MessageKey(996)], "two seconds in sight");
    world.wait(10_000);
    assert_eq!(marks(&world).len(), 1);
}

#[test]
fn who_enters_the_pane_reads() {
    let mut world = world();
    world.wait(300);
    let asked = world.done.len();
    world.press(">");
    assert_eq!(world.app.screen, Screen::Message);
    assert_eq!(marks(&world), [MessageKey(1000)]);
    world.press("<");
    assert_eq!(world.app.screen, Screen::Index);
    assert_eq!(
        shown(&world),
        Some(MessageKey(1000)),
        "it stays in its pane"
    );
    assert!(world.done.len() > asked);
    // Before the preview came, Enter does not wait for it.
    world.press("Dn Dn Dn Dn Ret");
    assert_eq!(shown(&world), Some(MessageKey(996)));
    assert_eq!(marks(&world).last(), Some(&MessageKey(996)));
}

#[test]
fn unread_by_hand_stays_unread_in_its_pane() {
    let mut world = world();
    world.wait(300);
    world.press("K K");
    let count = marks(&world).len();
    world.wait(10_000);
    assert_eq!(marks(&world).len(), count);
    assert!(!world.app.index.row().unwrap().seen());
}

#[test]
fn a_preview_asks_the_server_only_when_it_is_looked_at() {
    let mut world = world();
    world.kept = false;
    let fetches = |world: &World| {
        let fetch = |action: &Action| matches!(action, Action::Fetch { .. });
        world.done.iter().filter(|(_, a)| fetch(a)).count()
    };
    world.wait(1000);
    assert_eq!(fetches(&world), 0);
    world.wait(2000);
    assert_eq!(fetches(&world), 1);
    world.press("Dn");
    world.wait(300);
    world.press("Ret");
    assert_eq!(fetches(&world), 2);
}

#[test]
fn left_and_right_move_through_the_panes() {
    let mut world = world();
    world.wait(300);
    let mut places = Vec::new();
    for key in ["Left", "Right", "Right", "Right", "Left", "Left", "Left"] {
        world.press(key);
        let (buffer, cursor) = world.frame(Theme::Mono);
        let title = |x: u16| {
            buffer[(x, 1)]
                .modifier
                .contains(ratatui::style::Modifier::REVERSED)
        };
        let bright = [title(0), title(30), title(100)];
        places.push((world.app.screen, bright, cursor.0));
    }
    let folders = (Screen::Folders, [true, false, false], 0);
    let index = (Screen::Index, [false, true, false], 23);
    let message = (Screen::Message, [false, false, true], 84);
    let parts = (Screen::Parts, [false, false, true], 84);
    assert_eq!(
        places,
        [folders, index, message, parts, message, index, folders]
    );
}

#[test]
fn a_narrower_window_drops_the_preview_and_keeps_the_place() {
    let mut world = world();
    world.press("Dn Dn");
    world.wait(300);
    world.resize(120, 36);
    assert_eq!((shown(&world), world.app.screen), (None, Screen::Index));
    assert_eq!(world.selected(), MessageKey(998));
    world.resize(160, 45);
    world.wait(300);
    world.press("Ret");
    world.resize(80, 24);
    assert_eq!(shown(&world), Some(MessageKey(998)), "an open one stays");
    assert_eq!(world.app.screen, Screen::Message);
}

#[test]
fn borders_move_and_the_folder_pane_goes() {
    let mut world = world();
    let before = world.app.layout.index(true).width;
    world.press("Alt-Right Alt-Right");
    assert_eq!(world.app.layout.index(true).width, before + 2);
    world.press("L Alt-Left");
    assert_eq!(world.app.layout.folders().width, 21);
    world.press("I \\");
    assert_eq!(world.app.layout.kind, Kind::Three { folders: false });
    assert_eq!(world.app.layout.index(true).x, 0);
    world.press("L");
    assert!(
        world.screen().contains("offline copy"),
        "{}",
        world.screen()
    );
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Index);
    world.resize(80, 24);
    world.press("Alt-Left");
    assert!(world.app.status_words().contains("one pane"));
}

#[test]
fn a_cursor_that_runs_asks_for_no_text() {
    let mut world = world();
    world.wait(300);
    world.slow = true;
    for _ in 0..30 {
        world.press("Dn");
        world.wait(30);
    }
    let texts = |(_, question): &&(_, Question)| matches!(question, Question::Body { .. });
    assert_eq!(world.waiting.iter().filter(texts).count(), 0);
}
