//! The Outbox: keys in, what becomes of messages out.

use crate::model::journal::{Cause, PutOff};
use crate::model::{Delivery, OperationId, OperationState, Reply};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Answer, Changed, Decision, Event};
use crate::tui::app::view::{Leaving, OutgoingText};

use super::waits::{failed, waits};
use super::world::{DAY, NOW, World};

fn reply(code: u16, text: &str) -> Reply {
    Reply {
        code,
        status: None,
        text: text.to_owned(),
    }
}

fn leaving(id: i64, to: &str, subject: &str, state: OperationState) -> Leaving {
    Leaving {
        id: OperationId(id),
        account: "alice".to_owned(),
        state,
        to: to.to_owned(),
        subject: subject.to_owned(),
        queued: NOW - 60,
        later: None,
        held: String::new(),
        done: 0,
        size: 26_000_000,
        recipients: vec![("tom@example.net".to_owned(), Delivery::Waiting)],
    }
}

/// A message in each state.
pub fn outbox() -> Vec<Leaving> {
    let queued = OperationState::Queued { put_off: None };
    let again = OperationState::Queued {
        put_off: Some(PutOff {
            until: NOW + 45,
            why: "451 4.7.1 Greylisted, try again".to_owned(),
        }),
    };
    vec![
        Leaving {
            later: Some(NOW + 8),
            ..leaving(1, "Zoë Müller", "Train tickets", queued.clone())
        },
        Leaving {
            later: Some(NOW + 2 * DAY),
            ..leaving(2, "Tom O'Brien", "Monday\'s plan", queued.clone())
        },
        leaving(3, "Priya Raghunathan", "Re: Budget thread", again),
        Leaving {
            done: 9_000_000,
            ..leaving(
                4,
                "김철수",
                "Photos",
                OperationState::InFlight { attempt: 1 },
            )
        },
        leaving(5, "Sven Ångström", "Re: Lifetimes", OperationState::Unsure),
        Leaving {
            account: "bob".to_owned(),
            ..leaving(6, "Maria Kowalczyk", "", queued)
        },
        Leaving {
            recipients: vec![
                ("tom@example.net".to_owned(), Delivery::Taken),
                (
                    "nobody@example.org".to_owned(),
                    Delivery::Refused(reply(550, "no such user")),
                ),
            ],
            ..leaving(
                7,
                "Jean-Baptiste de la Tour",
                "Re: contract",
                failed("nobody@example.org: 550 no such user", Cause::Refused),
            )
        },
    ]
}

impl World {
    pub fn leaving(&self, id: OperationId) -> Answer {
        let line = self.outbox.iter().find(|line| line.id == id);
        Answer::Outgoing(line.map(|line| {
            Box::new(OutgoingText {
                head: vec![
                    ("From", "Alice Example <alice@example.test>".to_owned()),
                    ("To", line.to.clone()),
                    ("Subject", line.subject.clone()),
                ],
                body: (1..40).map(|n| format!("Line {n} of it.")).collect(),
            })
        }))
    }
}

fn world() -> World {
    let mut world = World::new(80, 24);
    world.outbox = outbox();
    world.accounts[0].outbox.all = 6;
    world.accounts[1].outbox.all = 1;
    world.changed();
    world.press("G");
    world.type_text("outbox");
    world.press("Ret");
    assert_eq!(world.app.screen, Screen::Outbox);
    world
}

fn on(id: i64) -> World {
    let mut world = world();
    world.app.outbox.selected = world
        .app
        .outbox
        .lines
        .iter()
        .position(|line| line.id == OperationId(id))
        .unwrap();
    world
}

fn done(world: &World) -> Vec<&Action> {
    world.done.iter().map(|(_, action)| action).collect()
}

#[test]
fn each_key_does_its_work_where_the_message_stands() {
    let retry = |id: i64, what: &str| Action::Decide {
        id: OperationId(id),
        decision: Decision::Retry,
        what: what.to_owned(),
    };
    let back = |id: i64| Action::TakeBack(vec![OperationId(id)]);
    for (id, keys, want) in [
        (1, "E", Some(back(1))),
        (1, "R", Some(retry(1, "Send \"Train tickets\""))),
        (3, "R", Some(retry(3, "Send \"Re: Budget thread\""))),
        (4, "R", None),
        (4, "X", None),
        (5, "E", None),
        (7, "E", Some(back(7))),
        (7, "R", Some(retry(7, "Send \"Re: contract\""))),
        (6, "X Ret", None),
        (6, "X y", Some(Action::Discard(OperationId(6)))),
        (7, "Ret E", Some(back(7))),
        (7, "Ret X y", Some(Action::Discard(OperationId(7)))),
    ] {
        let mut world = on(id);
        world.press(keys);
        assert_eq!(
            done(&world),
            want.iter().collect::<Vec<_>>(),
            "{keys} on {id}"
        );
        let told = keys == "X Ret" || !world.app.status_words().is_empty();
        assert!(want.is_some() || told, "{keys} on {id}");
    }
}

#[test]
fn r1_what_may_have_left_is_sent_again_only_after_asking() {
    for (keys, sends) in [("R Ret", false), ("R n", false), ("R y", true)] {
        let mut world = on(5);
        world.press(keys);
        assert_eq!(done(&world).len(), usize::from(sends), "{keys}");
    }
    // The Queue and what needs the user ask the same.
    let mut world = World::new(80, 24);
    let mut line = waits(5, "Send \"Re: Lifetimes\"", 1, OperationState::Unsure);
    line.kind = "submit";
    world.queue = vec![line];
    world.press("Alt-o R Ret");
    assert_eq!(done(&world), [] as [&Action; 0]);
    world.press("R y");
    assert_eq!(done(&world).len(), 1);
    let mut world = World::new(80, 24);
    world.needs[3].is_submission = true;
    world.press("Alt-a End R Ret");
    assert_eq!(done(&world), [] as [&Action; 0]);
}

#[test]
fn a_refused_message_is_edited_from_the_queue_and_from_what_needs_the_user() {
    let mut world = World::new(80, 24);
    world.needs[1].is_submission = true;
    world.press("Alt-a");
    assert!(
        !world.screen().contains("E Edit"),
        "a sign-in is no message"
    );
    world.press("Dn");
    assert!(world.screen().contains("E Edit"), "{}", world.screen());
    world.press("E");
    assert_eq!(done(&world), [&Action::TakeBack(vec![OperationId(3)])]);
    let mut world = World::new(80, 24);
    world.press("Alt-o E");
    assert_eq!(done(&world), [] as [&Action; 0]);
    world.queue[0].kind = "submit";
    world.changed();
    world.press("E");
    assert_eq!(done(&world), [&Action::TakeBack(vec![OperationId(3)])]);
}

#[test]
fn the_outbox_of_an_account_is_opened_from_the_folder_list() {
    let mut world = World::new(80, 24);
    world.outbox = outbox();
    world.accounts[1].outbox.all = 1;
    world.changed();
    world.press("L End");
    assert!(world.screen().contains(">   Outbox"), "{}", world.screen());
    world.press("R");
    assert!(world.app.status_words().contains("no folder of the server"));
    world.press("Ret");
    assert_eq!(world.app.outbox.lines.len(), 1);
    assert!(world.screen().contains("OUTBOX   bob@example.test"));
    world.press("<");
    assert_eq!(world.app.screen, Screen::Folders);
    // When it is empty the row goes, and the cursor stays near.
    world.accounts[1].outbox.all = 0;
    world.changed();
    assert!(!world.screen().contains("Outbox"));
}

#[test]
fn the_selection_of_the_folder_list_stays_on_the_outbox() {
    let mut world = World::new(80, 24);
    world.accounts[0].outbox.all = 2;
    world.changed();
    world.press("L");
    while world.app.folders.outbox_of(&world.app.accounts).is_none() {
        world.press("Dn");
    }
    world.accounts[0].outbox.all = 1;
    world.accounts[0].mailboxes.remove(2);
    world.changed();
    let account = world.app.folders.outbox_of(&world.app.accounts);
    assert_eq!(account.as_deref(), Some("alice"));
}

#[test]
fn seconds_count_down_and_a_message_that_left_is_not_shown() {
    let mut world = on(1);
    assert!(
        world.screen().contains("Is sent in 8 s"),
        "{}",
        world.screen()
    );
    assert!(world.app.next_timer().is_some());
    world.press("Dn Dn");
    world.outbox.remove(2);
    world.event(Event::Changed(Changed {
        notices: true,
        ..Changed::default()
    }));
    assert_eq!(world.app.outbox.lines.len(), 6);
    assert_eq!(world.app.outbox.line().unwrap().id, OperationId(4));
    // One that leaves while it is read says so.
    world.press("Ret");
    world.outbox.clear();
    world.changed();
    assert!(world.screen().contains("not in the Outbox any more"));
    world.press("E <");
    assert!(world.screen().contains("Nothing waits here"));
    assert_eq!(done(&world), [] as [&Action; 0]);
}

#[test]
fn a_long_outbox_keeps_the_selected_message_in_sight() {
    for (width, height) in [(80, 24), (40, 10), (20, 5)] {
        let mut world = World::new(width, height);
        for n in 0..20 {
            let mut more = outbox();
            for line in &mut more {
                line.id = OperationId(line.id.0 + 100 * n);
                line.subject = format!("{} {n}", line.subject);
            }
            world.outbox.extend(more);
        }
        world.press(".");
        world.type_text("outbox");
        world.press("Ret");
        for key in ["Dn", "Dn", "Spc", "Spc", "End", "Up", "-", "Home"] {
            world.press(key);
            let selected = world.app.outbox.line().unwrap();
            let subject: String = selected.subject.chars().take(8).collect();
            let screen = world.screen();
            let row = screen.lines().find(|line| line.starts_with('>'));
            let fits = row.is_some_and(|row| row.contains(&subject));
            assert!(fits, "{key} at {width}x{height}: {subject}\n{screen}");
        }
    }
}
