//! The Queue, what needs the user, and folders: keys and what they come to.

use crate::model::journal::Cause as Failure;
use crate::model::{LinkState, MailboxKey, OperationId, OperationState};
use crate::tui::app::Screen;
use crate::tui::app::command::Command;
use crate::tui::app::event::{
    Action, Changed, Decision, Ended, Event, Into, MailboxChange, Question,
};
use crate::tui::app::keyrow::Offer;

use super::world::{World, failed, link, mailbox_row, waits};

fn decided(world: &World) -> Vec<(i64, Decision)> {
    world
        .done
        .iter()
        .filter_map(|(_, action)| match action {
            Action::Decide { id, decision, .. } => Some((id.0, *decision)),
            _ => None,
        })
        .collect()
}

#[test]
fn each_row_of_the_queue_takes_its_answers_in_one_key() {
    // refused, conflict, unsure, sending, queued
    for (down, key, wanted) in [
        (0, "R", (3, Decision::Retry)),
        (0, "X", (3, Decision::Drop)),
        (1, "K", (9, Decision::KeepMine)),
        (1, "T", (9, Decision::TakeTheirs)),
        (1, "R", (9, Decision::KeepMine)),
        (1, "X", (9, Decision::TakeTheirs)),
        (2, "R", (12, Decision::Retry)),
        (2, "X", (12, Decision::Drop)),
        (4, "X", (31, Decision::Drop)),
    ] {
        let mut world = World::new(80, 24);
        world.press("Alt-o");
        for _ in 0..down {
            world.press("Dn");
        }
        world.press(key);
        assert_eq!(decided(&world), [wanted], "{key} on row {down}");
    }
    let mut world = World::new(80, 24);
    world.press("Alt-o K T");
    assert_eq!(decided(&world), [], "a refused change is no conflict");
    assert!(world.app.status_words().contains("no conflict"));
}

#[test]
fn details_of_what_needs_an_answer_are_seen_to_their_end() {
    let mut world = World::new(80, 24);
    let detail: Vec<String> = (1..=10).map(|n| format!("Detail {n}")).collect();
    for need in &mut world.needs {
        need.detail = detail.join("\n");
    }
    world.press("Alt-a D");
    for _ in 0..world.needs.len() {
        assert!(world.screen().contains("Detail 10"), "{}", world.screen());
        world.press("Dn D");
    }
}

#[test]
fn attention_takes_the_same_answers() {
    for (down, key, wanted) in [
        (1, "R", (3, Decision::Retry)),
        (1, "X", (3, Decision::Drop)),
        (2, "K", (9, Decision::KeepMine)),
        (2, "T", (9, Decision::TakeTheirs)),
        (3, "R", (12, Decision::Retry)),
        (3, "X", (12, Decision::Drop)),
    ] {
        let mut world = World::new(80, 24);
        world.press("Alt-a");
        for _ in 0..down {
            world.press("Dn");
        }
        world.press(key);
        assert_eq!(decided(&world), [wanted], "{key} on row {down}");
    }
    let mut world = World::new(80, 24);
    world.press("Alt-a X");
    assert_eq!(world.done, [], "a sign-in is not dropped");
    world.press("R");
    assert!(matches!(world.done[0].1, Action::Sync(_)));
}

#[test]
fn only_keys_that_mean_something_on_the_row_are_shown() {
    let commands = [
        Command::NewPassword,
        Command::Retry,
        Command::Drop,
        Command::KeepMine,
        Command::TakeTheirs,
    ];
    let shown = |world: &World| commands.map(|command| world.app.offers(command) != Offer::Nothing);
    let mut world = World::new(80, 24);
    world.press("Alt-a");
    assert_eq!(shown(&world), [true, true, false, false, false]);
    world.press("Dn");
    assert_eq!(shown(&world), [false, true, true, false, false]);
    world.press("Dn");
    assert_eq!(shown(&world), [false, false, false, true, true]);
    assert!(
        world.screen().contains("T TakeTheirs"),
        "{}",
        world.screen()
    );
    world.press("<");
    world.queue.clear();
    world.press("Alt-o");
    assert_eq!(shown(&world), [false; 5]);
}

#[test]
fn the_words_of_an_answer_stand_in_the_status_line() {
    let mut world = World::new(80, 24);
    world.end = |_| {
        Some(Ended::Failed(
            "Not done: the message is gone from the server, and its text was not kept here. T \
             takes theirs."
                .into(),
        ))
    };
    world.press("Alt-o Dn K");
    assert!(
        world.app.status_words().contains("its text was not kept"),
        "{}",
        world.app.status_words()
    );
}

#[test]
fn the_queue_follows_the_journal_and_the_selection_stays_on_its_key_press() {
    let mut world = World::new(80, 24);
    world.press("Alt-o Dn Dn Dn");
    assert_eq!(world.app.queue.line().unwrap().id, OperationId(20));
    // 700 of the 1000 are done: the rest has another first operation.
    world.queue.remove(0);
    let line = &mut world.queue[2];
    (line.id, line.count) = (OperationId(720), 300);
    line.what = "Move 300 messages to Work/Projects".to_owned();
    world.event(Event::Changed(Changed {
        notices: true,
        ..Changed::default()
    }));
    assert_eq!(world.app.queue.line().unwrap().id, OperationId(720));
    assert!(world.screen().contains("Move 300 messages"));
    world.queue.clear();
    world.event(Event::Changed(Changed {
        notices: true,
        ..Changed::default()
    }));
    assert!(world.screen().contains("Nothing waits"));
}

#[test]
fn a_draining_journal_is_read_once_at_a_time_and_only_while_the_queue_is_looked_at() {
    let mut world = World::new(80, 24);
    let journal = || {
        Event::Changed(Changed {
            notices: true,
            ..Changed::default()
        })
    };
    let asked = |world: &World| {
        let questions = world.waiting.iter();
        questions.filter(|(_, q)| *q == Question::Queue).count()
    };
    world.slow = true;
    world.event(journal());
    assert_eq!(asked(&world), 0, "nobody looks at it");
    world.press("Alt-o");
    for _ in 0..5 {
        world.event(journal());
    }
    assert_eq!(asked(&world), 1);
    world.catch_up();
    world.slow = true;
    world.event(journal());
    assert_eq!(asked(&world), 1, "what changed meanwhile is asked anew");
}

#[test]
fn why_something_waits_is_said_in_words() {
    let queued = OperationState::Queued { put_off: None };
    for (state, words) in [
        (LinkState::Offline, "Waits for the connection."),
        (LinkState::SignInNeeded, "Waits for the sign-in"),
        (LinkState::OfflineAsked, "you asked to be off line"),
    ] {
        let mut world = World::new(80, 24);
        world.accounts[0].link = Some(link(state));
        world.queue = vec![waits(5, "Move 3 messages to Work", 3, queued.clone())];
        world.changed();
        world.press("Alt-o");
        assert!(world.screen().contains(words), "{}", world.screen());
    }
    for (cause, words) in [
        (Failure::Gone, "Another program moved or deleted it first."),
        (Failure::MailboxGone, "The folder is no longer there."),
        (Failure::Renumbered, "The server numbered the folder anew"),
    ] {
        let mut world = World::new(80, 24);
        world.queue = vec![waits(5, "Move a message to Work", 1, failed("x", cause))];
        world.press("Alt-o");
        assert!(world.screen().contains("conflict"), "{}", world.screen());
        assert!(world.screen().contains(words), "{}", world.screen());
    }
}

#[test]
fn the_status_line_counts_what_is_out_and_what_needs_an_answer() {
    let mut world = World::new(80, 24);
    world.out = 2;
    world.changed();
    // Of four things one is unsure: it is looked for by itself.
    let row = world.screen().lines().nth(21).unwrap().to_owned();
    assert!(row.contains("2 out  !3"), "{row}");
    world.press("Alt-a");
    assert!(
        world
            .screen()
            .contains("what needs you (3), and what is unsure (1)")
    );
    world.needs.truncate(1);
    world.event(Event::Changed(Changed {
        notices: true,
        folders: true,
        ..Changed::default()
    }));
    assert!(world.screen().contains("2 out  !1"), "{}", world.screen());
}

#[test]
fn a_long_queue_keeps_the_selected_row_in_sight() {
    let mut world = World::new(80, 24);
    world.queue = (1..=200)
        .map(|n| {
            let why = "The quota is exceeded; ".repeat(8);
            waits(n, &format!("Move {n}"), 1, failed(&why, Failure::Refused))
        })
        .collect();
    world.press("Alt-o End");
    assert!(world.screen().contains("Move 200"), "{}", world.screen());
    world.press("- -");
    let selected = world.app.queue.line().unwrap().what.clone();
    let (buffer, cursor) = world.frame(crate::tui::screen::theme::Theme::Plain);
    let row = &super::world::lines(&buffer)[usize::from(cursor.1)];
    assert!(row.starts_with('>') && row.contains(&selected), "{row}");
    world.queue.truncate(3);
    world.event(Event::Changed(Changed {
        notices: true,
        ..Changed::default()
    }));
    assert!(world.screen().contains("Move 1 "), "{}", world.screen());
}

fn on_folder(key: i64) -> World {
    let mut world = World::new(80, 24);
    world.press("L");
    let accounts = world.app.accounts.clone();
    world
        .app
        .folders
        .select(&accounts, "alice", Some(MailboxKey(key)));
    world
}

fn line(world: &World) -> String {
    world.app.prompt.as_ref().unwrap().line().to_owned()
}

#[test]
fn a_new_folder_is_proposed_below_what_holds_folders_and_beside_what_holds_none() {
    // INBOX, Lists (holds folders only), Lists/rust-users, Work (with one below), Receipts
    for (key, proposed) in [
        (1, ""),
        (7, "Lists/"),
        (8, "Lists/"),
        (9, "Work/"),
        (10, "Work/"),
        (11, ""),
    ] {
        let mut world = on_folder(key);
        world.press("+");
        assert_eq!(line(&world), proposed, "on {key}");
    }
    let mut world = on_folder(8);
    world.press("+");
    world.type_text("tokio");
    world.press("Ret");
    let (account, name) = ("alice".to_owned(), "Lists/tokio".to_owned());
    let create = MailboxChange::Create { account, name };
    assert_eq!(world.done.last().unwrap().1, Action::Mailbox(create));
}

#[test]
fn the_folder_that_was_made_has_the_selection_even_below_a_folded_one() {
    let mut world = on_folder(9);
    world.press("[ +");
    world.type_text("Ideas");
    world.end = |_| Some(Ended::Mailbox(MailboxKey(50), "Made the folder.".into()));
    let made = mailbox_row(50, "Work/Ideas", None, 0, 0);
    world.accounts[0].mailboxes.push(made);
    world.press("Ret");
    let target = world.app.folders.target(&world.app.accounts);
    assert_eq!(target, Some(("alice", Some(MailboxKey(50)))));
    assert!(world.app.status_words().contains("Made the folder."));
}

#[test]
fn what_cannot_be_renamed_or_deleted_says_so_before_a_question_is_asked() {
    for (key, letter, words) in [
        (1, "R", "INBOX cannot be renamed"),
        (1, "D", "INBOX cannot be deleted"),
        (9, "D", "Work has folders below it"),
        (1, "Alt-s", "INBOX is always listed"),
    ] {
        let mut world = on_folder(key);
        world.press(letter);
        assert!(world.app.prompt.is_none() && world.done.is_empty());
        assert!(
            world.app.status_words().contains(words),
            "{letter} on {key}"
        );
    }
}

#[test]
fn deleting_the_open_folder_leaves_the_folder_list_where_it_is() {
    let mut world = on_folder(11);
    world.press("Ret L D Y");
    world.accounts[0]
        .mailboxes
        .retain(|m| m.key != MailboxKey(11));
    world.changed();
    assert_eq!(world.app.screen, Screen::Folders);
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(1)));
    let (_, key) = world.app.folders.target(&world.app.accounts).unwrap();
    assert_eq!(key, Some(MailboxKey(10)), "{}", world.screen());
}

#[test]
fn a_folder_that_vanishes_while_it_is_read_is_named() {
    let mut world = on_folder(11);
    world.press("Ret");
    world.accounts[0]
        .mailboxes
        .retain(|m| m.key != MailboxKey(11));
    world.changed();
    assert_eq!(world.app.screen, Screen::Index);
    let words = world.app.status_words();
    assert!(words.contains("\"Receipts\" is gone"), "{words}");
}

#[test]
fn folders_that_are_not_subscribed_are_hidden_until_they_are_asked_for() {
    let mut world = World::new(80, 24);
    world.press("L");
    let screen = world.screen();
    assert!(!screen.contains("Old"), "{screen}");
    // 61 of INBOX, 3 of rust-users, 4 of Work, 3 of bob's; the 7 of Old are nobody's.
    assert!(screen.contains("71 unread"), "{screen}");
    world.press("Alt-f");
    let screen = world.screen();
    let row = screen.lines().find(|row| row.contains("Old")).unwrap();
    assert!(row.ends_with("not subscribed"), "{row}");
    for (key, subscribed) in [(12, true), (11, false)] {
        let accounts = world.app.accounts.clone();
        let mailbox = MailboxKey(key);
        world.app.folders.select(&accounts, "alice", Some(mailbox));
        world.press("Alt-s");
        let change = MailboxChange::Subscribe {
            mailbox,
            subscribed,
        };
        assert_eq!(world.done.last().unwrap().1, Action::Mailbox(change));
    }
    world.press("Alt-f");
    assert!(!world.screen().contains("Old"));
}

/// The names in the folder list of alice.
fn names(world: &World) -> Vec<String> {
    let account = &world.app.accounts[0];
    account.mailboxes.iter().map(|m| m.name.clone()).collect()
}

#[test]
fn a_change_of_folders_shows_in_the_frame_of_its_key_and_a_failed_commit_takes_it_back() {
    // On folder 11, Receipts: the keys, and what the list has then.
    for (keys, text, gone, there) in [
        ("+", "Lists/tokio", "", "Lists/tokio"),
        ("R", "", "Receipts", "Receipts-old"),
        ("D Y", "", "Receipts", ""),
        ("Alt-s", "", "", "Receipts"),
    ] {
        let mut world = on_folder(11);
        world.slow = true;
        let before = (names(&world), world.app.accounts[0].mailboxes.clone());
        world.end = |_| None;
        world.press(keys);
        if keys == "R" {
            world.type_text("Receipts-old");
        } else {
            world.type_text(text);
        }
        if !text.is_empty() || keys == "R" {
            world.press("Ret");
        }
        let has = |name: &str, world: &World| names(world).iter().any(|one| one == name);
        assert!(gone.is_empty() || !has(gone, &world), "{keys}");
        assert!(there.is_empty() || has(there, &world), "{keys}");
        assert!(world.app.accounts[0].mailboxes != before.1, "{keys}");
        assert!(
            there.is_empty()
                || keys == "Alt-s"
                || world.screen().contains(there.rsplit('/').next().unwrap())
        );
        let (ticket, _) = *world
            .done
            .last()
            .map(|(t, a)| (*t, a.clone()))
            .as_ref()
            .unwrap();
        // An answer that was read before the commit changes nothing of it.
        world.catch_up();
        world.changed();
        assert!(gone.is_empty() || !has(gone, &world), "{keys}");
        assert!(there.is_empty() || has(there, &world), "{keys}");
        let words = "Cannot do it: disk full".to_owned();
        world.event(Event::Ended(ticket, Ended::Failed(words)));
        assert_eq!(world.app.accounts[0].mailboxes, before.1, "{keys}");
        assert!(world.app.status_words().contains("disk full"), "{keys}");
    }
}

#[test]
fn messages_go_into_a_folder_that_is_being_made_without_a_question() {
    let mut world = on_folder(11);
    world.end = |_| None;
    world.press("+");
    world.type_text("Trips");
    world.press("Ret");
    world.press("I");
    world.press("S");
    world.type_text("Trips");
    world.press("Ret");
    assert!(world.app.prompt.is_none(), "nobody asks whether to make it");
    let (_, action) = world.done.last().unwrap();
    let moved =
        matches!(action, Action::Move { into: Into::New { name, .. }, .. } if name == "Trips");
    assert!(moved, "{action:?}");
}

#[test]
fn messages_go_into_a_folder_that_was_made_while_it_was_asked_for() {
    let mut world = on_folder(11);
    world.end = |_| None;
    world.press("+");
    world.type_text("Trips");
    world.press("Ret");
    let (ticket, _) = *world.done.last().unwrap();
    world.press("I");
    world.press("S");
    world.type_text("Trips");
    // Its commit gives it its key.
    let made = mailbox_row(50, "Trips", None, 0, 0);
    world.accounts[0].mailboxes.push(made);
    let ended = Ended::Mailbox(MailboxKey(50), "Made Trips.".into());
    world.event(Event::Ended(ticket, ended));
    world.press("Ret");
    assert!(world.app.prompt.is_none(), "nobody asks whether to make it");
    let (_, action) = world.done.last().unwrap();
    let moved = matches!(
        action,
        Action::Move { into: Into::Mailbox(key), .. } if *key == MailboxKey(50)
    );
    assert!(moved, "{action:?}");
}

#[test]
fn nobody_is_asked_whether_to_make_a_folder_that_is_there() {
    for (name, words) in [
        ("alice:INBOX", "This is in INBOX already"),
        ("Shelf", "Shelf only holds other folders"),
    ] {
        let mut world = on_folder(11);
        let mut shelf = mailbox_row(51, "Shelf", None, 0, 0);
        shelf.selectable = false;
        world.accounts[0].mailboxes.push(shelf);
        world.changed();
        world.press("I");
        world.press("S");
        world.type_text(name);
        world.press("Ret");
        assert!(world.app.prompt.is_none(), "{name}: {}", world.screen());
        let said = world.app.status_words();
        assert!(said.contains(words), "{said}");
        assert!(world.done.is_empty(), "{name}");
    }
}

#[test]
fn a_folder_that_is_being_made_is_no_folder_yet() {
    let mut world = on_folder(11);
    world.end = |_| None;
    world.press("+");
    world.type_text("Trips");
    world.press("Ret");
    let (_, selected) = world.app.folders.target(&world.app.accounts).unwrap();
    assert!(selected.unwrap().0 < 0, "the new row has the selection");
    let asked = world.done.len();
    for key in ["Ret", "R", "D", "Alt-s"] {
        world.press(key);
        let words = world.app.status_words();
        assert!(words.contains("being made just now"), "{key}: {words}");
    }
    assert_eq!(
        (world.done.len(), world.app.prompt.is_none()),
        (asked, true)
    );
    // Its commit gives it its key.
    let ticket = world.done.last().unwrap().0;
    let made = mailbox_row(50, "Trips", None, 0, 0);
    world.accounts[0].mailboxes.push(made);
    let ended = Ended::Mailbox(MailboxKey(50), "Made Trips.".into());
    world.event(Event::Ended(ticket, ended));
    let (_, selected) = world.app.folders.target(&world.app.accounts).unwrap();
    assert_eq!(selected, Some(MailboxKey(50)));
    assert_eq!(
        names(&world).iter().filter(|name| *name == "Trips").count(),
        1
    );
}
