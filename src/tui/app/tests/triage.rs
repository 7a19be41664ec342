//! Deleting, filing and taking back: what the rows show, what is asked, what is done.

use crate::model::{Flags, MailboxKey, MessageKey, Role};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Ended, Event, Into, MailboxChange, Question};
use crate::tui::app::key::Key;

use super::world::{World, mailbox};

fn world() -> World {
    World::new(80, 24)
}

fn last(world: &World) -> &Action {
    &world.done.last().expect("something was done").1
}

fn moved(keys: &[i64], to: i64) -> Action {
    Action::Move {
        messages: keys.iter().map(|key| MessageKey(*key)).collect(),
        into: Into::Mailbox(MailboxKey(to)),
    }
}

fn trashed(keys: &[i64]) -> Action {
    Action::Move {
        messages: keys.iter().map(|key| MessageKey(*key)).collect(),
        into: Into::Role(Role::Trash),
    }
}

fn unread(world: &World, mailbox: i64) -> (Option<u64>, u64) {
    let (_, mailbox) = world.app.find_mailbox(MailboxKey(mailbox)).unwrap();
    (mailbox.total, mailbox.unread)
}

#[test]
fn a_deleted_row_goes_in_the_frame_of_its_key() {
    let mut world = world();
    world.slow = true;
    world.end = |_| None;
    let before = (unread(&world, 1), unread(&world, 6));
    world.press("d");
    let screen = world.screen();
    assert!(!screen.contains("Brand new message"), "{screen}");
    assert!(
        screen.contains("Moved 1 message to Trash.  U undoes."),
        "{screen}"
    );
    assert!(screen.contains("Message 1 of 184   60 new"), "{screen}");
    assert_eq!(
        world.selected(),
        MessageKey(999),
        "the next row takes the cursor"
    );
    assert_eq!(last(&world), &trashed(&[1000]));
    let (was, trash) = before;
    assert_eq!(unread(&world, 1), (Some(184), was.1 - 1));
    assert_eq!(unread(&world, 6), (Some(2), trash.1 + 1));
}

#[test]
fn a_row_that_left_does_not_come_back_with_rows_that_were_read_before() {
    let mut world = world();
    world.slow = true;
    world.changed();
    world.end = |_| None;
    world.press("Dn d");
    world.catch_up();
    assert!(world.app.index.find(MessageKey(999)).is_none());
    assert_eq!(world.app.index.total, 184);
    assert_eq!(world.selected(), MessageKey(998));
}

#[test]
fn a_failed_commit_brings_the_row_back_with_words() {
    let mut world = world();
    world.end = |_| {
        Some(Ended::Failed(
            "Nothing was changed: the disk is full.".into(),
        ))
    };
    world.press("Dn Dn d");
    assert_eq!(world.selected(), MessageKey(998));
    assert_eq!(world.app.index.total, 185);
    assert_eq!(unread(&world, 1), (Some(185), 61));
    assert!(world.screen().contains("the disk is full"));
}

#[test]
fn undo_brings_the_row_back_and_the_cursor_to_it() {
    let mut world = world();
    world.press("Dn Dn d End");
    assert!(world.app.index.find(MessageKey(998)).is_none());
    world.press("u");
    assert_eq!(last(&world), &Action::Undo);
    assert_eq!(world.selected(), MessageKey(998));
    assert!(world.screen().contains("Took back move."));
}

#[test]
fn when_many_come_back_the_cursor_is_where_it_was() {
    let mut world = world();
    world.press("Dn Dn ^A d");
    assert_eq!(world.app.index.total, 0);
    world.press("u");
    assert_eq!(world.selected(), MessageKey(998));
}

#[test]
fn a_key_that_takes_back_says_so_before_the_store_has_answered() {
    let mut world = world();
    world.press("d");
    world.end = |_| None;
    world.press("u");
    assert_eq!(world.app.status_words(), "Taking it back.");
}

#[test]
fn what_comes_back_is_no_new_mail() {
    let mut world = world();
    world.press("d");
    world.wait(11_000);
    world.press("u");
    world.changed();
    assert_eq!(world.app.status_words(), "Took back move.");
    world.app.status = None;
    world.changed();
    assert_eq!(world.app.status_words(), "");
}

#[test]
fn undo_right_behind_a_delete_shows_the_row() {
    let mut world = world();
    for name in ["d", "d", "u", "u"] {
        world.event(Event::Key(Key::parse(name).unwrap()));
    }
    world.drawn();
    assert_eq!(world.app.index.total, 185);
    for key in [999, 1000] {
        assert!(world.app.index.find(MessageKey(key)).is_some());
    }
}

#[test]
fn an_open_message_that_leaves_gives_way_to_the_next() {
    let mut world = world();
    world.press("Dn Ret d");
    assert_eq!(world.app.screen, Screen::Message);
    assert_eq!(world.app.message.as_ref().unwrap().key(), MessageKey(998));
    let mut world = World::unstarted(80, 24, mailbox()[..1].to_vec());
    world.start();
    world.press("Ret d");
    assert_eq!(world.app.screen, Screen::Index);
    assert!(
        world.screen().contains("This folder is empty."),
        "{}",
        world.screen()
    );
}

#[test]
fn from_trash_nothing_goes_for_good_without_asking() {
    let mut world = world();
    // The rows of the world stand in Trash.
    for account in &mut world.app.accounts {
        for mailbox in &mut account.mailboxes {
            if mailbox.key == MailboxKey(1) {
                mailbox.role = Some(Role::Trash);
            }
        }
    }
    world.press("d");
    assert!(world.screen().contains("for good? There is no undo"));
    world.press("Ret");
    assert!(world.done.is_empty(), "Enter takes No");
    world.press("d y");
    assert_eq!(last(&world), &Action::Expunge(vec![MessageKey(1000)]));
    assert!(world.app.index.find(MessageKey(1000)).is_none());
}

#[test]
fn what_another_program_marked_goes_for_good_after_asking() {
    let mut rows = mailbox();
    for row in &mut rows[3..5] {
        row.flags.system |= Flags::DELETED;
    }
    let mut world = World::unstarted(80, 24, rows);
    world.start();
    world.press("x");
    assert!(
        world.screen().contains("Delete 2 messages marked D"),
        "{}",
        world.screen()
    );
    world.press("n");
    assert!(world.done.is_empty());
    world.press("x y");
    let keys = vec![MessageKey(997), MessageKey(996)];
    assert_eq!(last(&world), &Action::Expunge(keys));
    world.press("x");
    assert!(world.app.status_words().contains("nothing to do"));
}

#[test]
fn a_missing_role_is_made_only_after_asking() {
    let mut world = world();
    world.press("y");
    assert!(
        world.screen().contains("Make \"Archive\"?"),
        "{}",
        world.screen()
    );
    world.press("Ret");
    assert!(world.done.is_empty());
    world.press("y y");
    let Action::Move {
        into: Into::New { name, role, .. },
        ..
    } = last(&world)
    else {
        panic!("{:?}", last(&world));
    };
    assert_eq!((name.as_str(), *role), ("Archive", Some(Role::Archive)));
    assert!(
        world.screen().contains("Archived 1 message") || world.screen().contains("to Archive.")
    );
}

#[test]
fn saving_proposes_where_mail_like_it_went() {
    let mut world = world();
    world.proposal = Some(MailboxKey(11));
    world.press("s");
    assert!(
        world.screen().contains("Move 1 message to folder:"),
        "{}",
        world.screen()
    );
    world.press("Ret");
    assert_eq!(last(&world), &moved(&[1000], 11));
    assert!(
        world
            .screen()
            .contains("Moved 1 message to Receipts.  U undoes.")
    );
    // Where nothing is known, the mailbox of before comes first.
    world.proposal = None;
    world.press("s Ret");
    assert_eq!(last(&world), &moved(&[999], 11));
    world.press("s");
    world.type_text("proj");
    world.press("Ret");
    assert_eq!(last(&world), &moved(&[998], 10));
    world.press("s");
    world.type_text("bob");
    world.press("Ret");
    assert_eq!(last(&world), &moved(&[997], 20));
    assert!(world.screen().contains("to bob:INBOX."));
}

#[test]
fn enter_takes_no_row_that_a_proposal_is_about_to_change() {
    let mut world = world();
    world.slow = true;
    world.press("s Ret");
    assert!(world.done.is_empty() && world.app.prompt.is_some());
    world.proposal = Some(MailboxKey(9));
    world.catch_up();
    world.press("Ret");
    assert_eq!(last(&world), &moved(&[1000], 9));
    // What is typed is not changed under the fingers.
    world.slow = true;
    world.press("s r e c");
    world.catch_up();
    world.press("Ret");
    assert_eq!(last(&world), &moved(&[999], 11));
}

#[test]
fn a_new_name_makes_a_folder_after_asking() {
    let mut world = world();
    world.press("s");
    world.type_text("Trips/2026");
    world.press("Ret");
    assert!(
        world
            .screen()
            .contains("no folder \"Trips/2026\". Make it?"),
        "{}",
        world.screen()
    );
    world.press("y");
    let Action::Move {
        into: Into::New {
            account,
            name,
            role,
        },
        ..
    } = last(&world)
    else {
        panic!("{:?}", last(&world));
    };
    assert_eq!(
        (account.as_str(), name.as_str(), *role),
        ("alice", "Trips/2026", None)
    );
}

#[test]
fn copies_and_keywords_are_in_the_list_of_commands() {
    let mut world = world();
    world.press(".");
    world.type_text("copy rec");
    world.press("Ret");
    let copied = Action::Copy {
        messages: vec![MessageKey(1000)],
        into: Into::Mailbox(MailboxKey(11)),
    };
    assert_eq!(last(&world), &copied);
    assert_eq!(world.selected(), MessageKey(1000), "it stays");
    for has in [true, false] {
        world.press(".");
        world.type_text("keyword todo");
        world.press("Ret");
        let flags = &world.app.index.row().unwrap().flags;
        assert_eq!(flags.has_keyword("todo"), has);
    }
    let count = world.done.len();
    world.press(".");
    world.type_text("keyword two words");
    world.press("Ret");
    assert_eq!(world.done.len(), count);
    assert!(world.app.status_words().contains("is no keyword"));
}

#[test]
fn folders_are_made_renamed_deleted_and_hidden() {
    let mut world = world();
    world.press("L +");
    world.type_text("Trips");
    world.press("Ret");
    let create = MailboxChange::Create {
        account: "alice".to_owned(),
        name: "Trips".to_owned(),
    };
    assert_eq!(last(&world), &Action::Mailbox(create));
    // What this world stores nothing of is shown no longer, and the selection is elsewhere.
    let drafts = |world: &mut World| {
        let accounts = world.app.accounts.clone();
        let key = Some(MailboxKey(2));
        world.app.folders.select(&accounts, "alice", key);
    };
    drafts(&mut world);
    world.press("r");
    world.type_text("Concepts");
    world.press("Ret");
    let rename = MailboxChange::Rename {
        mailbox: MailboxKey(2),
        to: "Concepts".to_owned(),
    };
    assert_eq!(last(&world), &Action::Mailbox(rename));
    world.press("d");
    assert!(
        world
            .screen()
            .contains("Delete the folder Drafts with 2 messages?"),
        "{}",
        world.screen()
    );
    let count = world.done.len();
    world.press("Ret");
    assert_eq!(world.done.len(), count, "Enter takes No");
    world.press("d y");
    let remove = MailboxChange::Remove(MailboxKey(2));
    assert_eq!(last(&world), &Action::Mailbox(remove));
    for (line, mailbox, subscribed) in [("unsubscribe", 2, false), ("subscribe old", 12, true)] {
        drafts(&mut world);
        world.press(".");
        world.type_text(line);
        world.press("Ret");
        let change = MailboxChange::Subscribe {
            mailbox: MailboxKey(mailbox),
            subscribed,
        };
        assert_eq!(last(&world), &Action::Mailbox(change), "{line}");
    }
}

#[test]
fn a_held_delete_key_asks_for_more_rows_in_time() {
    let mut world = world();
    for _ in 0..184 {
        world.press("d");
    }
    assert_eq!(world.app.index.total, 1);
    world.press("d");
    assert!(world.screen().contains("This folder is empty."));
    assert_eq!(world.done.len(), 185);
    world.press("d");
    assert!(world.app.status_words().contains("no message here"));
    assert_eq!(world.done.len(), 185);
    let asked = |(_, question): &(_, Question)| matches!(question, Question::Page { .. });
    assert_eq!(world.waiting.iter().filter(|one| asked(one)).count(), 0);
}

#[test]
fn a_command_on_a_selected_row_is_for_all_selected_ones() {
    let mut world = world();
    world.press(": Dn : Dn Dn :");
    assert!(
        world.screen().contains("3 selected of 185"),
        "{}",
        world.screen()
    );
    let screen = world.screen();
    assert_eq!(
        screen
            .lines()
            .filter(|line| line.get(1..2) == Some("X"))
            .count(),
        3
    );
    world.press("d");
    assert_eq!(last(&world), &trashed(&[997, 999, 1000]));
    assert_eq!(world.selected(), MessageKey(996));
    assert_eq!(
        (world.app.index.total, world.app.index.marked.len()),
        (182, 0)
    );
    assert!(
        world
            .screen()
            .contains("Moved 3 messages to Trash.  U undoes.")
    );
    world.press("u");
    assert_eq!(world.app.index.total, 185);
}

#[test]
fn beside_a_selection_the_command_asks_which_is_meant() {
    let mut world = world();
    world.press(": Dn d");
    assert!(
        world
            .screen()
            .contains("For the selected (1), or for this one?")
    );
    world.press("Ret");
    assert_eq!(last(&world), &trashed(&[999]), "Enter takes this one");
    world.press("d s");
    assert_eq!(last(&world), &trashed(&[1000]));
    let count = world.done.len();
    world.press(": Dn d ^C");
    assert_eq!(world.done.len(), count);
    world.press("Esc d");
    assert_eq!(last(&world), &trashed(&[997]));
}

#[test]
fn apply_does_one_thing_with_many() {
    let mut world = world();
    world.press("; s n");
    assert!(
        world.screen().contains("61 selected of 185"),
        "{}",
        world.screen()
    );
    world.press("a Ret");
    assert!(
        world.done.is_empty() && world.app.prompt.is_some(),
        "Enter takes nothing"
    );
    world.press("k");
    let Action::Flags { messages, .. } = last(&world) else {
        panic!("{:?}", last(&world));
    };
    assert_eq!(messages.len(), 61);
    assert!(
        world
            .screen()
            .contains("Marked 61 messages read.  U undoes.")
    );
    // Rows that are not loaded are counted when the store tells of the commit.
    world.changed();
    assert_eq!(world.app.index.unread, 0);
    world.press("Esc ^A a s");
    world.type_text("rec");
    world.press("Ret");
    assert!(world.screen().contains("Moved 185 messages to Receipts."));
    assert_eq!(world.app.index.total, 0);
}

#[test]
fn a_selection_survives_moving_new_mail_and_another_folder() {
    let mut world = world();
    world.press(": End Home");
    world.rows.insert(
        0,
        super::world::row(2000, super::world::NOW, "Eve", "Ping", "N"),
    );
    world.changed();
    assert_eq!(
        world.app.index.marked.iter().next(),
        Some(&MessageKey(1000))
    );
    world.press("Alt-2");
    assert!(world.app.index.marked.is_empty());
    world.press("a");
    assert!(world.app.status_words().contains("Nothing is selected"));
    world.press("Alt-1");
    assert_eq!(world.app.index.marked.len(), 1);
}

#[test]
fn a_keyword_is_for_all_selected_messages() {
    let mut world = world();
    world.press(": Dn : .");
    world.type_text("keyword");
    world.press("Ret");
    world.type_text("todo");
    world.press("Ret");
    for row in &world.rows[..2] {
        assert!(row.flags.has_keyword("todo"));
    }
    assert!(
        world
            .screen()
            .contains("Set the keyword todo of 2 messages."),
        "{}",
        world.screen()
    );
}
