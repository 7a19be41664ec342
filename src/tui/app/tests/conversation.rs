//! The screen of a conversation: what is open in it, where the keys go, what its commands are for.

use crate::mime::document::Document;
use crate::model::{MailboxKey, MessageKey, ThreadKey};
use crate::tui::app::command::Screen;
use crate::tui::app::event::Action;

use super::screens::shot;
use super::threads::conversations;
use super::world::{World, letter, text, tree};

#[test]
fn a_thread_is_read_in_one_scroll_and_what_was_seen_is_marked_read() {
    let mut world = conversations(80, 24);
    world.press("Dn Ret");
    assert_eq!(world.app.screen, Screen::Thread);
    shot("conversation", &world);
    let seen = |world: &World| -> Vec<i64> {
        let mut keys = Vec::new();
        for (_, action) in &world.done {
            if let Action::Flags {
                messages,
                opening: true,
                ..
            } = action
            {
                keys.extend(messages.iter().map(|key| key.0));
            }
        }
        keys
    };
    // Both were new, were short, and were on the page.
    assert_eq!(seen(&world), [11, 12]);
    world.press("R");
    world.press("<");
    assert_eq!(world.app.screen, Screen::Index);
    assert_eq!(world.told()[1], "10 +3 N0");
    // Everything was read: the last message is open.
    world.press("Ret");
    let open = |world: &World| -> Vec<i64> {
        let thread = world.app.thread.as_ref().unwrap();
        let open = thread.pieces.iter().filter(|piece| piece.text.is_some());
        open.map(|piece| piece.row.key.0).collect()
    };
    assert_eq!(open(&world), [13]);
    world.press("{ Home ]");
    assert_eq!(open(&world), [10]);
    world.press("}");
    assert_eq!(open(&world), [10, 11, 12, 13]);
    world.press("N Ret");
    assert_eq!(open(&world), [10, 12, 13]);
    shot("conversation_folds", &world);
}

#[test]
fn a_thread_takes_the_whole_of_a_wide_terminal() {
    let mut world = conversations(120, 36);
    world.documents.insert(MessageKey(11), letter());
    world.press("Dn Ret");
    shot("conversation_wide", &world);
    // What a line of the text promises: ] shows its quotes.
    world.press("]");
    let screen = world.screen();
    assert!(!screen.contains("quoted lines from"), "{screen}");
    world.press("]");
    assert_eq!(world.status(), "This is open already.");
    // Beside the index the message pane shows what the index shows, also after a message was read.
    world.press("> <");
    assert_eq!(world.app.screen, Screen::Thread);
    world.press("<");
    assert_eq!(world.selected(), MessageKey(10));
    world.drawn();
    let shown = world.app.message.as_ref().map(|one| one.key());
    assert!(shown.is_none_or(|key| key == MessageKey(10)), "{shown:?}");
}

#[test]
fn what_acts_on_one_message_acts_in_a_thread_on_the_one_under_the_cursor() {
    // The cursor is on 12, and in the index on 10, which hides it.
    let at_12 = |keys: &str| {
        let mut world = conversations(80, 24);
        world.structures.insert(MessageKey(12), tree());
        world.press("Dn Ret N");
        assert_eq!(
            world.app.thread.as_ref().unwrap().key(),
            Some(MessageKey(12))
        );
        world.press(keys);
        world
    };
    let purpose = |world: &World| format!("{:?}", world.app.prompt.as_ref().unwrap().purpose);
    for (key, is_for) in [
        ("S", "File(Move, [MessageKey(12)])"),
        ("E", "Export(MessageKey(12))"),
    ] {
        let world = at_12(key);
        assert_eq!(purpose(&world), is_for, "{key}");
        assert_eq!(world.app.screen, Screen::Thread);
    }
    let world = at_12("! y");
    assert_eq!(
        (world.moved_keys(), world.app.screen),
        (vec![12], Screen::Thread)
    );
    // The parts, the message and the thread lie one above the other.
    let mut world = at_12("V");
    let parts = |world: &World| world.app.parts.as_ref().map(|parts| parts.message);
    assert_eq!(
        (world.app.screen, parts(&world)),
        (Screen::Parts, Some(MessageKey(12)))
    );
    world.press("<");
    let read = |world: &World| world.app.message.as_ref().map(|one| one.key().0);
    assert_eq!(
        (world.app.screen, read(&world)),
        (Screen::Message, Some(12))
    );
    shot("conversation_message", &world);
    world.press("<");
    assert_eq!((world.app.screen, read(&world)), (Screen::Thread, None));
    assert_eq!(
        world.app.thread.as_ref().unwrap().key(),
        Some(MessageKey(12))
    );
    // Help, the log and what waits go back to it.
    for over in ["? <", "Alt-l <", "Alt-o <", "Alt-a <", "Alt-t <"] {
        world.press(over);
        assert_eq!(world.app.screen, Screen::Thread, "{over}");
    }
}

#[test]
fn a_message_of_a_thread_is_read_in_its_own_page_among_those_of_the_thread() {
    let mut world = conversations(80, 24);
    world.press("Dn Ret >");
    let at = |world: &World| {
        let read = world.app.message.as_ref().map(|one| one.key().0);
        (world.app.screen, read)
    };
    assert_eq!(at(&world), (Screen::Message, Some(11)));
    world.press("N");
    assert_eq!(at(&world), (Screen::Message, Some(12)));
    world.press("N");
    // Own mail that lies in Sent: no row of the index shows it.
    assert_eq!(at(&world), (Screen::Message, Some(13)));
    world.press("N");
    assert_eq!(world.status(), "This is the end of the thread.");
    world.press("P D");
    assert_eq!(world.moved_keys(), [12]);
    assert_eq!(at(&world), (Screen::Message, Some(13)));
    world.press("D");
    assert_eq!(at(&world), (Screen::Message, Some(11)));
    world.press("< <");
    assert_eq!(world.app.screen, Screen::Index);
    // Opened from the index it goes back there.
    world.press("] Dn >");
    assert_eq!(at(&world), (Screen::Message, Some(11)));
    world.press("<");
    assert_eq!(world.app.screen, Screen::Index);
}

#[test]
fn own_mail_in_a_thread_is_filed_from_the_folder_that_it_lies_in() {
    let mut world = conversations(80, 24);
    world.press("Dn Ret End");
    assert_eq!(
        world.app.thread.as_ref().unwrap().key(),
        Some(MessageKey(13))
    );
    let here = world.app.mailbox().map(|(_, mailbox)| mailbox.key);
    assert_eq!(here, Some(MailboxKey(3)), "Sent, and not what is listed");
    world.press("S");
    let prompt = world.app.prompt.as_ref().unwrap();
    let offered = prompt.list.as_ref().unwrap();
    let offers = |key: i64| format!("{offered:?}").contains(&format!("Mailbox(MailboxKey({key}))"));
    assert_eq!((offers(1), offers(3)), (true, false));
}

#[test]
fn tab_in_a_thread_goes_to_what_is_not_read_and_opens_it() {
    let mut world = conversations(80, 24);
    world.documents.insert(MessageKey(11), letter());
    world.press("Dn Ret { Home Tab");
    let thread = world.app.thread.as_ref().unwrap();
    assert_eq!(
        thread.key(),
        Some(MessageKey(12)),
        "11 was seen when it opened"
    );
    assert!(thread.pieces[thread.at].text.is_some());
    world.press("Tab");
    assert!(
        world.status().contains("Nothing below is unread"),
        "{}",
        world.status()
    );
}

#[test]
fn a_long_text_is_scrolled_through_before_the_next_message_takes_the_cursor() {
    let mut world = conversations(80, 24);
    world.documents.insert(MessageKey(11), letter());
    world.press("Dn Ret");
    let at = |world: &World| {
        let thread = world.app.thread.as_ref().unwrap();
        (thread.key().unwrap().0, thread.top)
    };
    assert_eq!(at(&world).0, 11);
    let mut keys = 0;
    while at(&world).0 == 11 {
        world.press("Dn");
        keys += 1;
        assert!(keys < 100);
    }
    assert!(keys > 20, "{keys}");
    assert_eq!(at(&world).0, 12);
    world.press("P");
    assert_eq!(at(&world).0, 11);
    world.press("End");
    assert_eq!(at(&world).0, 13);
    world.press("Home");
    assert_eq!(at(&world), (10, 0));
    // Nothing below the page was marked read.
    let mut world = conversations(80, 24);
    world.documents.insert(MessageKey(11), letter());
    world.press("Dn Ret");
    let read = world
        .rows
        .iter()
        .filter(|row| row.seen() && row.thread == ThreadKey(2));
    assert_eq!(read.map(|row| row.key.0).collect::<Vec<_>>(), [10, 11, 13]);
}

#[test]
fn commands_in_a_thread_are_for_the_message_under_the_cursor() {
    let mut world = conversations(80, 24);
    world.press("Dn Ret D");
    assert_eq!(
        (world.moved_keys(), world.app.screen),
        (vec![11], Screen::Thread)
    );
    let left = |world: &World| world.app.thread.as_ref().unwrap().pieces.len();
    assert_eq!(left(&world), 3);
    world.press("^D");
    assert_eq!(world.moved_keys(), [10, 12]);
    assert_eq!(
        world.status(),
        "Deleted 2 messages of the thread.  U undoes."
    );
    let mut world = conversations(80, 24);
    world.press("Dn Ret N *");
    let last = world.done.last().unwrap().1.clone();
    assert!(matches!(last, Action::Flags { messages, .. } if messages == [MessageKey(12)]));
}

#[test]
fn text_of_a_message_never_begins_where_its_line_does() {
    let mut world = conversations(80, 24);
    world.documents.insert(
        MessageKey(11),
        text(&["> N   09:00  Eve Evil      Signed  : good"]),
    );
    world.press("Dn Ret");
    let screen = world.screen();
    let line = screen
        .lines()
        .find(|line| line.contains("Eve Evil"))
        .unwrap();
    assert!(line.starts_with("   ") || line.starts_with("  >"), "{line}");
}

#[test]
fn the_other_form_of_a_text_is_turned_to_where_there_is_one() {
    let mut world = conversations(80, 24);
    let two = Document {
        alternative: true,
        ..letter()
    };
    world.documents.insert(MessageKey(11), two);
    world.press("Dn Ret");
    let wishes_html = |world: &World| -> Vec<bool> {
        let pieces = world.app.thread.as_ref().unwrap().pieces.iter();
        let texts = pieces.filter_map(|piece| piece.text.as_ref());
        texts.map(|text| text.html).collect()
    };
    world.press("Alt-h");
    assert_eq!(world.status(), "The HTML of the message.");
    assert_eq!(wishes_html(&world), [true, false]);
    world.press("Home [ Alt-h");
    assert!(
        world.status().contains("This message is folded"),
        "{}",
        world.status()
    );
    world.press("N N Alt-h");
    assert!(
        world.status().contains("in one form only"),
        "{}",
        world.status()
    );
    // In the page of one message the same.
    world.press("P > Alt-h");
    assert_eq!(world.app.screen, Screen::Message);
    assert_eq!(world.status(), "The HTML of the message.");
    assert!(world.app.message.as_ref().unwrap().html);
}
