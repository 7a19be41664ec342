//! From `^X` into the Outbox, out of it again, and what is told of it.

use crate::model::{AnswerKind, Draft, OperationId, Recipient};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Changed, Ended, Event};
use crate::tui::app::view::{Finding, Told, Weight};
use crate::tui::screen::compose::Spot;

use super::composing::{spot, words};
use super::world::{NOW, World, attachment, save};

fn world() -> World {
    World::new(80, 24)
}

pub fn sent(world: &World) -> Vec<&Draft> {
    let sends = world.done.iter().filter_map(|(_, action)| match action {
        Action::Send { draft, .. } => Some(&**draft),
        _ => None,
    });
    sends.collect()
}

/// The store changed.
fn changed(world: &mut World) {
    world.event(Event::Changed(Changed {
        folders: true,
        notices: true,
        ..Changed::default()
    }));
}

#[test]
fn a_message_is_written_and_handed_to_the_outbox_once() {
    let mut world = world();
    world.press("C");
    assert_eq!(
        (world.app.screen, spot(&world)),
        (Screen::ComposeHead, Spot::To)
    );
    world.type_text("zoe@example.org");
    world.press("Tab Tab Tab");
    world.type_text("Train tickets");
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Compose);
    world.type_text("Hello Zoë,");
    world.press("^X");
    assert_eq!(world.app.screen, Screen::Send);
    world.press("Ret");
    let sent = sent(&world);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, [Recipient::address("zoe@example.org")]);
    assert_eq!(sent[0].subject, "Train tickets");
    assert_eq!(sent[0].text, "Hello Zoë,\n\n-- \nAlice");
    assert!(world.app.compose.open.is_empty());
    assert_eq!(world.app.screen, Screen::Index);
    assert_eq!(words(&world), "Sending in 10 s.  U takes it back.");
}

#[test]
fn a_message_in_its_delay_is_taken_back_by_u() {
    let mut world = world();
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X Ret U");
    let last = world.done.last().unwrap().1.clone();
    assert!(matches!(last, Action::TakeBack(_)), "{last:?}");
    assert_eq!(world.app.compose.open.len(), 1);
    assert_eq!(world.app.compose.current().unwrap().kept, Some(save(99, 1)));
    // After the delay U is the undo of the mailbox again.
    world.press("^X Ret");
    world.app.outgoing.as_mut().unwrap().at = NOW;
    world.press("U");
    assert!(matches!(world.done.last().unwrap().1, Action::Undo));
}

#[test]
fn a5_a_file_that_changed_goes_as_it_was_told_or_not_at_all() {
    let mut world = world();
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^J");
    world.type_text("report.pdf");
    world.press("Ret");
    world.findings = vec![Finding {
        weight: Weight::Warning,
        text: "\"report.pdf\" has changed.".to_owned(),
    }];
    world.changed = vec![(0, attachment("report.pdf", 50_000))];
    world.press("^X Ret");
    let attached = |world: &World| world.app.compose.current().unwrap().attachments[0].size;
    assert_eq!(attached(&world), 41_000, "nothing is decided yet");
    world.press("^X y");
    assert_eq!(sent(&world)[0].attachments[0].size, 50_000);
}

#[test]
fn c13_with_a_warning_enter_edits_and_sending_takes_a_letter() {
    let mut world = world();
    world.findings = vec![Finding {
        weight: Weight::Warning,
        text: "The text says \"attached\", but nothing is attached.".to_owned(),
    }];
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X");
    assert!(world.screen().contains("Send to 1 recipient? (1 warning)"));
    world.press("Ret");
    assert!(sent(&world).is_empty() && world.app.screen.is_composer());
    world.press("^X y");
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn without_confirming_only_what_there_is_to_say_is_shown() {
    let mut world = world();
    world.app.confirm_send = false;
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X");
    assert_eq!(sent(&world).len(), 1);
    world.findings = vec![Finding {
        weight: Weight::Note,
        text: "It goes to a list.".to_owned(),
    }];
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X");
    assert_eq!((sent(&world).len(), world.app.screen), (1, Screen::Send));
}

#[test]
fn what_forbids_sending_offers_no_key_for_it() {
    let mut world = world();
    world.findings = vec![Finding {
        weight: Weight::Stop,
        text: "report.pdf is gone.".to_owned(),
    }];
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X y l");
    assert!(sent(&world).is_empty());
    assert_eq!(world.app.screen, Screen::Send);
    world.press("^C");
    assert!(world.app.screen.is_composer());
}

#[test]
fn c13_nobody_to_send_to_puts_the_cursor_into_to() {
    let mut world = world();
    world.press("C Tab Tab Tab Ret ^X");
    assert_eq!(spot(&world), Spot::To);
    assert!(words(&world).contains("To whom?"));
}

#[test]
fn sending_later_says_what_must_run_then() {
    let mut world = world();
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X l");
    assert!(
        world.screen().contains("sync --watch"),
        "{}",
        world.screen()
    );
    world.type_text("yesterday");
    world.press("Ret");
    assert!(sent(&world).is_empty());
    world.type_text("tomorrow 8:00");
    world.press("Ret");
    let Some((_, Action::Send { at, .. })) = world.done.last() else {
        panic!("{:?}", world.done.last());
    };
    assert_eq!(*at, Some(NOW - 2 * 3600 - 2400 + 86_400));
    assert!(
        words(&world).contains("In the Outbox until"),
        "{}",
        words(&world)
    );
}

#[test]
fn a_large_message_shows_how_far_it_is_on_its_way_into_the_outbox() {
    let mut world = world();
    world.end = |action| match action {
        Action::Send { .. } => None,
        _ => Some(Ended::Done(String::new())),
    };
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X Ret");
    assert_eq!(words(&world), "Putting it into the Outbox…");
    let ticket = world.done.last().unwrap().0;
    let all = 25_000_000;
    let progress = |world: &mut World, ticket, done| {
        world.event(Event::Progress { ticket, done, all });
    };
    progress(&mut world, ticket, 12_000_000);
    assert_eq!(words(&world), "Into the Outbox: 12 MB of 25 MB.");
    // Keys are free, and the words stay.
    world.press("N");
    progress(&mut world, ticket, 13_000_000);
    assert_eq!(words(&world), "Into the Outbox: 13 MB of 25 MB.");
    let failed = Ended::Failed("the disk is full".to_owned());
    world.event(Event::Ended(ticket, failed));
    progress(&mut world, ticket, 14_000_000);
    assert!(words(&world).contains("the disk is full"));
    world.press("^C");
    assert!(!words(&world).contains("Into"), "{}", words(&world));
}

#[test]
fn r4_a_send_that_fails_keeps_the_message_open() {
    let mut world = world();
    world.end = |action| match action {
        Action::Send { .. } => Some(Ended::Failed("the disk is full".to_owned())),
        _ => Some(Ended::Done(String::new())),
    };
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X Ret");
    assert!(
        words(&world).contains("the disk is full"),
        "{}",
        words(&world)
    );
    assert_eq!(world.app.compose.open.len(), 1);
    assert!(world.app.screen.is_composer());
}

#[test]
fn a_bounce_goes_out_as_it_is() {
    let mut world = world();
    world.press("B");
    world.type_text("bobby");
    world.press("Ret");
    assert!(words(&world).contains("no address"));
    world.press("B");
    world.type_text("bob@example.net");
    world.press("Ret");
    let sent = sent(&world);
    let answers = sent[0].answers.as_ref().unwrap();
    assert_eq!((sent.len(), answers.kind), (1, AnswerKind::Bounce));
}

#[test]
fn a_message_that_the_store_has_told_of_first_waits_once() {
    let mut world = world();
    world.unsent = vec![OperationId(7)];
    changed(&mut world);
    world.press("B");
    world.type_text("bob@example.net");
    world.press("Ret");
    assert_eq!(world.app.unsent, [OperationId(7)]);
    world.press("Q");
    assert!(
        world
            .screen()
            .contains("1 message waits in the Outbox. Quit?"),
        "{}",
        world.screen()
    );
}

#[test]
fn q_asks_while_messages_wait_and_leaves_when_they_are_sent() {
    let mut world = world();
    world.unsent = vec![OperationId(7), OperationId(8)];
    changed(&mut world);
    world.press("Q");
    assert!(
        world
            .screen()
            .contains("2 messages wait in the Outbox. Quit?"),
        "{}",
        world.screen()
    );
    world.press("c Q ^C");
    assert!(!world.quit && world.app.leaving.is_none());
    world.press("Q Ret");
    assert_eq!(
        world.done.last().unwrap().1,
        Action::SendNow(vec![OperationId(7), OperationId(8)])
    );
    assert!(words(&world).contains("then goodbye"), "{}", words(&world));
    world.press("Dn");
    assert!(words(&world).starts_with("Still here"), "{}", words(&world));
    world.press("Q s");
    world.unsent.pop();
    changed(&mut world);
    assert!(!world.quit);
    world.unsent.clear();
    changed(&mut world);
    assert!(world.quit);
    // Patience ends.
    let mut world = self::world();
    world.unsent = vec![OperationId(7)];
    changed(&mut world);
    world.press("Q s");
    world.wait(31_000);
    assert!(
        !world.quit && words(&world).contains("stays in the Outbox"),
        "{}",
        words(&world)
    );
    // Without a connection it can only be left.
    for account in &mut world.accounts {
        if let Some(link) = &mut account.link {
            link.state = crate::model::LinkState::Offline;
        }
    }
    changed(&mut world);
    world.press("Q");
    assert!(
        world.screen().contains("for a connection. Quit?"),
        "{}",
        world.screen()
    );
    world.press("Ret");
    assert!(world.quit);
}

#[test]
fn what_became_of_a_message_is_told_once_and_never_of_an_earlier_run() {
    let mut world = World::unstarted(80, 24, super::world::mailbox());
    let told = |id, text: &str| {
        Some(Told {
            mark: (id, 1),
            text: text.to_owned(),
        })
    };
    world.told = told(1, "Sent: \"Old\"");
    world.start();
    assert_eq!(words(&world), "");
    world.told = told(2, "Sent: \"New\"");
    changed(&mut world);
    assert_eq!(words(&world), "Sent: \"New\"");
    world.press("Dn");
    changed(&mut world);
    assert_eq!(words(&world), "");
}

#[test]
fn a_message_of_the_outbox_is_edited_from_the_queue_and_a_bounce_is_not() {
    let mut world = world();
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X Ret");
    world.queue[0].kind = "submit";
    world.press("Alt-o");
    world.press("E");
    assert_eq!(
        world.done.last().unwrap().1,
        Action::TakeBack(vec![world.queue[0].id])
    );
    assert!(world.app.screen.is_composer(), "{}", world.screen());
    let mut world = self::world();
    world.press("B");
    world.type_text("bob@example.net");
    world.press("Ret U");
    assert!(world.app.compose.open.is_empty());
    assert!(words(&world).contains("not sent on"), "{}", words(&world));
    assert!(matches!(
        world.done.last().unwrap().1,
        Action::DropDraft { .. }
    ));
}

#[test]
fn what_goes_to_the_server_shows_how_far_it_is_also_while_writing() {
    let mut world = world();
    let sending = |world: &mut World, sending| world.app.sending = sending;
    sending(&mut world, Some((12_000_000, 25_000_000)));
    assert_eq!(words(&world), "Sending: 12 MB of 25 MB.");
    world.press("C");
    world.type_text("zoe@example.org");
    assert_eq!(words(&world), "");
    assert!(
        world.screen().contains("sending 48%   online"),
        "{}",
        world.screen()
    );
    sending(&mut world, None);
    assert!(!world.screen().contains("sending"));
    world.end = |action| match action {
        Action::Send { .. } => None,
        _ => Some(Ended::Done(String::new())),
    };
    world.press("^X Ret");
    let ticket = world.done.last().unwrap().0;
    let (done, all) = (5_000_000, 20_000_000);
    world.event(Event::Progress { ticket, done, all });
    world.press("C");
    assert!(
        world.screen().contains("to Outbox 25%   online"),
        "{}",
        world.screen()
    );
}

#[test]
fn quitting_names_what_waits_for_its_bytes() {
    let mut world = world();
    world.end = |action| match action {
        Action::Send { .. } => Some(Ended::NotKept(9_000)),
        Action::Export { .. } => Some(Ended::NotKept(9_000)),
        _ => Some(Ended::Done(String::new())),
    };
    let asked = |world: &mut World| {
        world.press("Q");
        let question = world.app.prompt.as_ref().unwrap().question.clone();
        world.press("n");
        question
    };
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("^X Ret");
    assert_eq!(
        asked(&mut world),
        "1 message waits for its bytes and will not be sent. Quit?"
    );
    world.press("B");
    world.type_text("tom@example.net");
    world.press("Ret");
    assert_eq!(
        asked(&mut world),
        "2 messages wait for their bytes and will not be sent. Quit?"
    );
    world.press("E Ret");
    assert_eq!(
        asked(&mut world),
        "1 to write and 2 to send wait for their bytes. Quit?"
    );
}
