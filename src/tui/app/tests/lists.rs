//! Lists over all accounts, and orders.

use super::world::{World, mailbox_row};
use crate::model::{Flags, List, MailboxKey, MessageKey, Order, Role};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Into, Question};

/// A world in which every third message is in bob's INBOX, and both have an Archive.
fn two() -> World {
    let mut world = World::new(80, 24);
    for row in world.rows.iter_mut().step_by(3) {
        row.mailbox = MailboxKey(20);
    }
    for (account, key) in [(0, 13), (1, 21)] {
        let archive = mailbox_row(key, "Archive", Some(Role::Archive), 0, 4);
        world.accounts[account].mailboxes.push(archive);
    }
    world.changed();
    world
}

fn list(world: &World) -> List {
    world.app.index.view.clone().unwrap().list
}

#[test]
fn the_lists_stand_above_the_folders_and_are_opened_from_there() {
    let mut world = two();
    world.press("L Home Ret");
    assert_eq!(
        (list(&world), world.app.screen),
        (List::Inboxes, Screen::Index)
    );
    world.press("< Dn Ret");
    assert_eq!(list(&world), List::Unread);
    world.press("< Dn Ret");
    assert_eq!(list(&world), List::Flagged);
    assert!(
        world.screen().contains("All flagged   2 accounts"),
        "{}",
        world.screen()
    );
    for (name, wanted) in [("all-unread", List::Unread), ("all-inb", List::Inboxes)] {
        world.press(".");
        world.type_text(name);
        world.press("Ret");
        assert_eq!(list(&world), wanted);
    }
}

#[test]
fn what_is_read_in_all_unread_stays_until_the_list_is_opened_anew() {
    let mut world = two();
    world.press(".");
    world.type_text("all-unread");
    world.press("Ret Home");
    let first = world.selected();
    world.press("K");
    world.press("Dn");
    assert!(world.app.index.stay.contains(&first));
    world.slow = true;
    world.changed();
    let asked = world
        .waiting
        .iter()
        .find_map(|(_, question)| match question {
            Question::Page { stay, .. } => Some(stay.clone()),
            _ => None,
        });
    assert_eq!(asked, Some(vec![first]));
    world.catch_up();
    world.press("Alt-0");
    assert!(world.app.index.stay.is_empty());
}

#[test]
fn in_all_inboxes_each_message_is_archived_in_its_own_account() {
    let mut world = two();
    world.end = |_| None;
    world.press("Alt-0 Home : Dn : Dn : Y");
    let keys: Vec<_> = world.rows.iter().take(3).map(|row| row.key).collect();
    let moved = world
        .done
        .iter()
        .rev()
        .find_map(|(_, action)| match action {
            Action::Move { messages, into } => Some((messages.clone(), into.clone())),
            _ => None,
        });
    let (mut messages, into) = moved.unwrap();
    messages.sort();
    messages.reverse();
    assert_eq!((messages, into), (keys, Into::Role(Role::Archive)));
    // The counts of both accounts say so at once.
    let total = |account: usize, name: &str| {
        let mailboxes = &world.app.accounts[account].mailboxes;
        mailboxes.iter().find(|one| one.name == name).unwrap().total
    };
    assert_eq!(
        (total(0, "Archive"), total(1, "Archive")),
        (Some(6), Some(5))
    );
}

#[test]
fn the_question_for_an_order_offers_the_one_that_is_and_each_folder_keeps_its_own() {
    let mut world = World::new(80, 24);
    world.press("$ s");
    let view = world.app.index.view.clone().unwrap();
    assert_eq!((view.order, view.reversed), (Order::Subject, false));
    let title = |world: &World| world.screen().lines().next().unwrap().to_owned();
    assert!(title(&world).contains("subject"), "{}", title(&world));
    world.press("$ r");
    assert!(
        title(&world).contains("subject, from Z to A"),
        "{}",
        title(&world)
    );
    let kept = world
        .done
        .iter()
        .rev()
        .find_map(|(_, action)| match action {
            Action::KeepOrder {
                list,
                order,
                reversed,
            } => Some((list.clone(), *order, *reversed)),
            _ => None,
        });
    let wanted = (List::Mailbox(MailboxKey(1)), Order::Subject, true);
    assert_eq!(kept, Some(wanted.clone()));
    // Another folder is newest first; this one is found again as it was.
    world.orders = vec![wanted];
    world.press("Alt-2");
    assert!(world.app.index.view.clone().unwrap().is_newest_first());
    world.press("Alt-1");
    assert_eq!(world.app.index.view.clone().unwrap().order, Order::Subject);
}

#[test]
fn the_cursor_stays_on_its_message_when_the_order_changes() {
    let mut world = World::new(80, 24);
    world.press("Dn Dn Dn");
    let here = world.selected();
    world.press("$ s");
    assert_eq!(world.selected(), here);
    world.press("$ z");
    assert_eq!(world.selected(), here);
    assert_eq!(here, MessageKey(997));
}

#[test]
fn while_a_large_folder_is_sorted_the_rows_stay_and_keys_work() {
    let mut world = World::new(80, 24);
    world.slow = true;
    world.press("$ f");
    let title = world.screen().lines().next().unwrap().to_owned();
    assert!(title.contains("sorting…"), "{title}");
    world.press("Dn Dn");
    assert_eq!(world.selected(), MessageKey(998));
    world.press("*");
    assert!(world.rows[2].flags.has(Flags::FLAGGED));
    world.catch_up();
    assert_eq!(
        world.selected(),
        MessageKey(998),
        "the cursor is found again"
    );
    let title = world.screen().lines().next().unwrap().to_owned();
    assert!(title.contains("   from "), "{title}");
}

#[test]
fn of_a_list_of_all_mail_only_what_stands_nowhere_else_is_counted_and_archived_mail_keeps_its_row()
{
    let mut world = two();
    let count = |world: &World, name: &str| -> u64 {
        let screen = world.screen();
        let row = screen.lines().find(|line| line.contains(name));
        let row = row.unwrap_or_else(|| panic!("{screen}"));
        let words = row.split_whitespace();
        let numbers: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
        *numbers.first().unwrap_or_else(|| panic!("{screen}"))
    };
    world.press("L");
    let before = (count(&world, "All unread"), count(&world, "All flagged"));
    let mut all_mail = mailbox_row(30, "All Mail", Some(Role::All), 50, 400);
    all_mail.alone.unread = 3;
    all_mail.alone.flagged = 2;
    world.accounts[0].mailboxes.push(all_mail);
    world.changed();
    let now = (count(&world, "All unread"), count(&world, "All flagged"));
    assert_eq!(now, (before.0 + 3, before.1 + 2));
    world.press(".");
    world.type_text("all-unread");
    world.press("Ret Home");
    let mailbox = MailboxKey(30);
    assert!(world.app.takes(&list(&world), mailbox));
    assert!(!world.app.takes(&List::Inboxes, mailbox));
}
