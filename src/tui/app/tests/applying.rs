//! `A` with the commands that write mail: one answer to several, several passed on, sent on, muted.

use super::world::{DAY, NOW, World, address};
use crate::model::{AnswerKind, Answers, Draft, MessageKey, MuteKey, OperationId, Recipient};
use crate::tui::app::event::{Action, Ended, Muting, Question};
use crate::tui::app::view::{Answering, Mute};
use crate::tui::app::{Screen, keyrow};

/// Three selected messages, the cursor on the last of them.
fn selected() -> World {
    let mut world = World::new(80, 24);
    world.press(": Dn : Dn :");
    world
}

fn words(world: &World) -> String {
    world.app.status_words()
}

fn keys(all: &[i64]) -> Vec<MessageKey> {
    all.iter().map(|key| MessageKey(*key)).collect()
}

fn answer_to(world: &World, to: &[&str]) -> Draft {
    Draft {
        to: to.iter().map(|one| Recipient::address(one)).collect(),
        subject: "Re: Brand new message (and 2 more)".to_owned(),
        answers: Some(Answers {
            kind: AnswerKind::Reply,
            messages: keys(&[998, 999, 1000]),
        }),
        ..world.draft()
    }
}

#[test]
fn one_answer_to_the_selected_messages_goes_to_their_senders_unless_all_are_meant() {
    let mut world = selected();
    world.answering = Some(Answering {
        sender: answer_to(&world, &["a@x.example", "b@x.example"]),
        all: Some(answer_to(
            &world,
            &["a@x.example", "b@x.example", "c@x.example"],
        )),
        list: None,
        prefers: 's',
        blind: false,
        warning: "The text of 1 of 3 is not kept here: that is not quoted.".to_owned(),
    });
    world.slow = true;
    world.press("A r");
    let asked = world
        .waiting
        .iter()
        .find_map(|(_, question)| match question {
            Question::Answering { messages, .. } => Some(messages.clone()),
            _ => None,
        });
    assert_eq!(asked, Some(keys(&[998, 999, 1000])));
    world.catch_up();
    world.drawn();
    let screen = world.screen();
    assert!(
        screen.contains("Reply to 3 messages: to whom? (all are 3)"),
        "{screen}"
    );
    assert!(screen.contains("S [Senders]"), "{screen}");
    world.press("Ret");
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.draft().to.len(), 2);
    assert_eq!(composer.draft().answers.unwrap().messages.len(), 3);
    assert!(words(&world).contains("1 of 3 is not kept here"));
}

#[test]
fn the_selected_messages_are_passed_on_as_attachments_without_a_question() {
    let mut world = selected();
    world.press("A f");
    assert!(world.app.screen.is_composer(), "{}", world.screen());
    let draft = world.app.compose.current().unwrap().draft();
    assert_eq!(draft.answers.unwrap().messages, keys(&[998, 999, 1000]));
    assert!(
        words(&world).contains("3 messages are attached, each whole."),
        "{}",
        words(&world)
    );
}

#[test]
fn the_selected_messages_are_sent_on_after_one_prompt_and_one_question() {
    let mut world = selected();
    world.absent = 2;
    world.press("A b");
    assert!(
        world
            .screen()
            .contains("Send 3 messages on, as they are, to:")
    );
    world.type_text("bob@example.net");
    world.press("Ret");
    let screen = world.screen();
    assert!(
        screen.contains("Send 3 messages on to bob@example.net?"),
        "{screen}"
    );
    assert!(
        screen.contains("2 of them are not here yet: they are fetched first"),
        "{screen}"
    );
    assert!(world.done.is_empty(), "nothing goes before the answer");
    world.press("Ret");
    let [(_, Action::SendAll(drafts))] = world.done.as_slice() else {
        panic!("{:?}", world.done);
    };
    assert_eq!(drafts.len(), 3);
    let to_bob = |draft: &Draft| draft.to == [Recipient::address("bob@example.net")];
    assert!(drafts.iter().all(to_bob));
    assert_eq!(world.app.unsent.len(), 3);
    let status = words(&world);
    assert!(
        status.contains("Sending 3 messages in 10 s.  U takes them back."),
        "{status}"
    );
    world.press("U");
    let back = (7..10).map(OperationId).collect();
    assert_eq!(world.done.last().unwrap().1, Action::TakeBack(back));
}

#[test]
fn what_is_not_to_be_sent_on_stays() {
    for (keys, answer) in [("n", "No"), ("^C", "Cancel")] {
        let mut world = selected();
        world.press("A b");
        world.type_text("bob@example.net");
        world.press(&format!("Ret {keys}"));
        assert!(world.done.is_empty(), "{answer}");
        assert_eq!(world.app.index.marked.len(), 3);
    }
}

#[test]
fn the_question_about_several_comes_over_nothing_that_was_begun_meanwhile() {
    let mut world = selected();
    world.press("A b");
    world.type_text("bob@example.net");
    world.slow = true;
    world.press("Ret");
    world.press("W");
    world.type_text("sun");
    world.catch_up();
    world.catch_up();
    let prompt = world.app.prompt.as_ref().unwrap();
    assert_eq!(prompt.line(), "sun", "{}", world.screen());
    assert!(
        words(&world).contains("the 3 messages were not sent on"),
        "{}",
        words(&world)
    );
    assert!(world.done.is_empty());
}

#[test]
fn of_two_that_are_sent_on_one_behind_the_other_neither_is_forgotten() {
    let mut world = World::new(80, 24);
    world.slow = true;
    world.press("B");
    world.type_text("bob@example.net");
    world.press("Ret Dn B");
    world.type_text("eve@example.net");
    world.press("Ret");
    world.catch_up();
    world.catch_up();
    let sent: Vec<&str> = world
        .done
        .iter()
        .filter_map(|(_, action)| match action {
            Action::Send { draft, .. } => draft.recipients().next(),
            _ => None,
        })
        .map(|to| to.address.as_str())
        .collect();
    assert_eq!(sent, ["bob@example.net", "eve@example.net"]);
}

#[test]
fn one_that_is_refused_leaves_none_sent_and_says_why() {
    let mut world = selected();
    world.end = |action| match action {
        Action::SendAll(_) => Some(Ended::Failed(
            "Nothing was sent: the disk is full.".to_owned(),
        )),
        _ => Some(Ended::Done(String::new())),
    };
    world.press("A b");
    world.type_text("bob@example.net");
    world.press("Ret Ret");
    assert!(
        words(&world).contains("Nothing was sent: the disk is full."),
        "{}",
        words(&world)
    );
    assert!(world.app.unsent.is_empty() && world.app.outgoing.is_none());
}

#[test]
fn keys_that_write_mail_ask_which_messages_are_meant_beside_a_selection() {
    for key in ["R", "F", "B"] {
        let mut world = selected();
        world.press(&format!("Dn {key}"));
        let screen = world.screen();
        assert!(
            screen.contains("For the selected (3), or for this one?"),
            "{key}\n{screen}"
        );
    }
    let mut world = selected();
    world.press("Dn B t");
    assert!(
        world
            .screen()
            .contains("Send the message on, as it is, to:")
    );
}

#[test]
fn a_hundred_messages_are_the_most_that_are_answered_or_sent_on_at_once() {
    for (key, count) in [("r", 185), ("f", 185), ("b", 185)] {
        let mut world = World::new(80, 24);
        world.press(&format!("; a A {key}"));
        let said = words(&world);
        assert!(
            said.starts_with(&format!("{count} messages are selected; at most 100")),
            "{said}"
        );
        assert!(world.app.prompt.is_none() && world.app.screen == Screen::Index);
    }
}

#[test]
fn attachments_of_the_selected_messages_go_into_one_folder() {
    let mut world = selected();
    world.press("A v");
    assert!(
        world
            .screen()
            .contains("Save the attachments of 3 messages in folder:")
    );
    world.press("Ret");
    let saved = Action::SaveAll {
        messages: keys(&[998, 999, 1000]),
        folder: "/home/alice".to_owned(),
    };
    assert_eq!(world.done.last().unwrap().1, saved);
}

#[test]
fn threads_and_lists_of_the_selected_messages_are_muted_in_one_action() {
    for (letter, what) in [
        ("m", Muting::Thread),
        ("l", Muting::List),
        ("u", Muting::End),
    ] {
        let mut world = selected();
        world.press(&format!("A {letter}"));
        let muted = Action::Mute(keys(&[998, 999, 1000]), what);
        assert_eq!(world.done.last().unwrap().1, muted, "{letter}");
    }
}

#[test]
fn every_command_that_apply_knows_has_a_cell_on_one_of_its_pages() {
    for (width, height, room) in [(80, 24, 12), (40, 10, 0)] {
        let mut world = World::new(width, height);
        world.press(": A");
        let count = world.app.prompt.as_ref().unwrap().cells().len();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..count {
            let prompt = world.app.prompt.as_ref().unwrap();
            let cells = match room {
                0 => keyrow::prompted_narrow(prompt, 40),
                room => keyrow::prompted(prompt, room),
            };
            assert!(room == 0 || cells.len() <= room);
            for cell in &cells {
                assert!(
                    world.screen().contains(&cell.label),
                    "{}\n{}",
                    cell.label,
                    world.screen()
                );
                seen.insert(cell.key.clone());
            }
            world.press("O");
        }
        let all = world.app.prompt.as_ref().unwrap().cells();
        for (key, label) in all.iter().skip(2) {
            assert!(seen.contains(key), "{label} at {width}x{height}");
        }
    }
}

#[test]
fn whom_a_name_could_mean_is_asked_about_the_first_of_several_messages() {
    let mut world = selected();
    world.press("A b");
    world.type_text("tom");
    world.press("Tab");
    let line = world.app.prompt.as_ref().unwrap().line().to_owned();
    assert_eq!(line, address("", "tom@example.net").address);
}

#[test]
fn what_is_muted_is_listed_and_enter_ends_it() {
    let mut world = World::new(80, 24);
    let muted = |world: &mut World| {
        world.press(".");
        world.type_text("muted");
        world.press("Ret");
    };
    muted(&mut world);
    assert!(
        words(&world).contains("Nothing is muted."),
        "{}",
        words(&world)
    );
    let one = |key: i64, kind, called: &str, filed| Mute {
        key: MuteKey(key),
        kind,
        called: called.to_owned(),
        since: NOW - 2 * DAY,
        filed,
    };
    world.mutes = vec![
        one(2, "list", "news.example.org", 12),
        one(1, "thread", "Train tickets", 0),
    ];
    muted(&mut world);
    let screen = world.screen();
    assert!(screen.contains("Muted; Enter ends it for"), "{screen}");
    assert!(
        screen.contains("news.example.org") && screen.contains("list, since Thu, 12 messages"),
        "{screen}"
    );
    world.type_text("train");
    world.press("Ret");
    assert_eq!(
        world.done.last().unwrap().1,
        Action::Unmute(vec![MuteKey(1)])
    );
}
