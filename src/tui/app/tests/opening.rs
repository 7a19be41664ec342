//! A program that was started to write.

use crate::model::{Draft, Recipient};
use crate::tui::app::Screen;
use crate::tui::app::event::Action;

use super::world::{World, mailbox};

#[test]
fn c7_what_a_link_asks_for_stands_in_the_composer_and_is_not_sent() {
    let mut world = World::unstarted(80, 24, mailbox());
    world.app.asked_draft = Some(Box::new(Draft {
        to: vec![Recipient::address("bob@x.example")],
        bcc: vec![Recipient::address("carol@x.example")],
        subject: "The hut".to_owned(),
        text: "Is it free?".to_owned(),
        ..Draft::default()
    }));
    world.start();
    assert_eq!(world.app.screen, Screen::Compose);
    let screen = world.screen();
    for words in [
        "bob@x.example",
        "Bcc",
        "carol@x.example",
        "The hut",
        "Is it free?",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    let sent = |(_, action): &(_, Action)| matches!(action, Action::Send { .. });
    assert!(!world.done.iter().any(sent));
    // It is asked for once.
    assert!(world.app.asked_draft.is_none());
    assert_eq!(world.app.compose.open.len(), 1);
}
