//! Keys and what they change.

use crate::model::{Flags, MailboxKey, MessageKey, Recipient};
use crate::tui::app::Screen;
use crate::tui::app::command::{COMMANDS, Command, lookup, on_screen};
use crate::tui::app::event::{Action, Ended, Event, Question, Ticket};
use crate::tui::app::key::{Code, Key};
use crate::tui::app::keyrow;
use crate::tui::screen::compose::Kind;
use crate::tui::screen::theme::Theme;

use super::outbox::outbox;
use super::world::{World, letter, mailbox, row, tree};

fn world() -> World {
    let mut world = World::unstarted(80, 24, mailbox());
    for key in 980..=1000 {
        world.documents.insert(MessageKey(key), letter());
        world.structures.insert(MessageKey(key), tree());
    }
    world.start();
    world
}

fn on(screen: Screen) -> World {
    let mut world = world();
    match screen {
        Screen::Index => {}
        Screen::Thread => {
            world = super::threads::conversations(80, 24);
            world.documents.insert(MessageKey(11), letter());
            world.press("Dn Ret");
        }
        Screen::Folders => world.press("L"),
        Screen::Message => world.press("Dn Ret"),
        Screen::Parts => world.press("Dn V"),
        Screen::Help => world.press("?"),
        Screen::Log => world.press("Alt-l"),
        Screen::Attention => world.press("Alt-a"),
        Screen::Menu => world.press("M"),
        Screen::Queue => world.press("Alt-o"),
        Screen::Setup => world.app.screen = Screen::Setup,
        Screen::Compose => {
            // One message on whose text every key has something to do.
            let mut draft = world.draft();
            draft.to = vec![Recipient::address("tom@example.net")];
            draft.text = "> one\n> two\nthree\nfour\n".repeat(20);
            world.app.write_on(draft, Kind::Reply);
            world.press("^N ^N ^K Alt-b ^^ ^N");
        }
        Screen::ComposeHead => world.press("C q"),
        Screen::Composers => world.press("C x Alt-c C y Alt-c"),
        Screen::Outbox | Screen::Outgoing => {
            world.outbox = outbox();
            world.press("M .");
            world.type_text("outbox");
            world.press("Ret Dn");
            if screen == Screen::Outgoing {
                world.press("Ret Dn");
            }
        }
        Screen::Files => world.press("C ^J ^T Dn"),
        Screen::Book => world.press("Alt-t Dn D"),
        Screen::Card => world.press("Alt-t > Tab"),
        Screen::Send => {
            world.press("C");
            world.type_text("a@x.example");
            world.press("^X");
        }
    }
    assert_eq!(world.app.screen, screen);
    world
}

#[test]
fn every_key_shown_works() {
    for screen in Screen::ALL {
        for cell in keyrow::pages(screen).into_iter().flatten() {
            if cell.key.is_empty() {
                continue;
            }
            let mut world = on(screen);
            let before = world.screen();
            let (acts, quit) = (world.done.len(), world.quit);
            world.press(&cell.key);
            let changed = world.screen() != before || world.done.len() > acts || world.quit != quit;
            assert!(
                changed,
                "{} on {screen:?} changed nothing\n{before}",
                cell.key
            );
            let words = world.app.status_words();
            assert!(
                !words.contains("is no command"),
                "{} on {screen:?}: {words}",
                cell.key
            );
        }
    }
}

#[test]
fn either_case_of_a_letter_works() {
    for screen in Screen::CHAIN {
        for entry in on_screen(screen) {
            for key in entry.keys.iter().filter(|k| k.len() == 1) {
                let lower = Key::parse(&key.to_lowercase()).unwrap();
                let upper = Key::parse(&key.to_uppercase()).unwrap();
                let command = |key| lookup(screen, key).map(|entry| entry.command);
                assert_eq!(command(lower), command(upper));
            }
        }
    }
}

#[test]
fn an_unknown_letter_says_so_and_a_misplaced_one_says_where() {
    let mut world = world();
    world.press("~");
    assert!(world.app.status_words().contains("~ is no command"));
    world.press("h");
    assert!(
        world.app.status_words().contains("the message text"),
        "{}",
        world.app.status_words()
    );
}

#[test]
fn the_first_unread_message_has_the_cursor_at_the_start() {
    let mut rows = mailbox();
    rows[0].flags = Flags::of(Flags::SEEN);
    let mut world = World::unstarted(80, 24, rows);
    world.start();
    assert_eq!(world.selected(), MessageKey(996));
}

#[test]
fn a_mark_is_on_the_row_in_the_frame_of_its_key() {
    let mut world = world();
    world.slow = true;
    world.end = |_| None;
    world.press("K *");
    let line = world.screen().lines().nth(1).unwrap().to_owned();
    assert_eq!(line, ">*  ~ 10:37  Carol New           Brand new message");
    assert_eq!(world.done.len(), 2);
}

#[test]
fn a_failed_commit_takes_the_mark_back_with_words() {
    let mut world = world();
    let unread = world.app.index.unread;
    world.end = |_| {
        Some(Ended::Failed(
            "The disk is full: nothing was changed".into(),
        ))
    };
    world.press("K");
    assert!(!world.app.index.row().unwrap().seen());
    assert_eq!(world.app.index.unread, unread);
    assert!(world.app.status_words().contains("disk is full"));
}

#[test]
fn a_pending_mark_survives_rows_that_were_read_before_its_commit() {
    let mut world = world();
    world.slow = true;
    world.changed();
    world.end = |_| None;
    world.press("K");
    assert!(world.app.index.row().unwrap().seen());
    world.catch_up();
    assert!(
        world.app.index.row().unwrap().seen(),
        "an old page took the mark back"
    );
}

#[test]
fn a_mark_of_another_client_is_taken_once_ours_is_committed() {
    let mut world = world();
    world.press("K");
    assert!(world.app.index.row().unwrap().seen());
    let key = world.selected();
    world.rows.iter_mut().find(|r| r.key == key).unwrap().flags = Flags::none();
    world.changed();
    assert!(!world.app.index.row().unwrap().seen());
}

#[test]
fn opening_marks_read_when_the_text_is_shown_and_not_before() {
    let mut world = world();
    world.slow = true;
    world.press("Ret");
    assert!(world.done.is_empty());
    world.catch_up();
    let (_, action) = world.done.first().unwrap();
    assert!(matches!(action, Action::Flags { opening: true, .. }));
}

#[test]
fn a_burst_of_next_marks_only_the_message_that_was_shown() {
    let mut world = world();
    world.press("Ret");
    world.done.clear();
    world.slow = true;
    for _ in 0..12 {
        world.press("N");
    }
    world.catch_up();
    let marked: Vec<MessageKey> = world
        .done
        .iter()
        .flat_map(|(_, action)| match action {
            Action::Flags { messages, .. } => messages.clone(),
            _ => Vec::new(),
        })
        .collect();
    assert!(marked.len() <= 1, "{marked:?}");
    assert_eq!(world.app.message.as_ref().unwrap().key(), world.selected());
}

#[test]
fn nothing_typed_before_a_prompt_was_drawn_answers_it() {
    let mut world = world();
    for name in ["J", "9", "Ret"] {
        world.event(Event::Key(Key::parse(name).unwrap()));
    }
    assert!(world.app.prompt.is_some());
    assert_eq!(world.app.index.selected, 0);
    world.drawn();
    // The letters of a line are there, and Enter is pressed in sight of them.
    world.press("Ret");
    assert_eq!(world.app.index.selected, 8);
    // A question of one key takes none unseen.
    for name in ["$", "s"] {
        world.event(Event::Key(Key::parse(name).unwrap()));
    }
    world.drawn();
    assert!(world.app.prompt.is_some());
}

#[test]
fn a_search_that_came_in_one_piece_is_typed_whole() {
    let mut world = world();
    for letter in "//budg".chars() {
        let key = Key::plain(Code::Char(letter));
        world.event(Event::Key(key));
    }
    world.drawn();
    let screen = world.screen();
    assert!(screen.contains("Search all mail: budg"), "{screen}");
}

#[test]
fn events_from_behind_never_open_or_close_a_prompt() {
    let mut world = world();
    world.press("W");
    world.type_text("gh");
    world
        .rows
        .insert(0, row(2000, super::world::NOW, "Eve", "Ping", "N"));
    world.changed();
    world.event(Event::Ended(
        crate::tui::app::event::Ticket(999),
        Ended::Failed("x".into()),
    ));
    world.type_text("ost");
    let prompt = world.app.prompt.clone().unwrap();
    assert!(world.screen().contains("Word to find: ghost"), "{prompt:?}");
}

#[test]
fn new_mail_is_told_and_moves_nothing() {
    let mut world = world();
    world.press("Dn Dn Dn");
    let key = world.selected();
    world.app.status = None;
    world
        .rows
        .insert(0, row(2000, super::world::NOW, "Eve", "Ping", "N"));
    world.changed();
    assert_eq!(world.selected(), key);
    assert!(
        world.screen().contains("New mail from Eve: Ping"),
        "{}",
        world.screen()
    );
    assert_eq!(world.app.index.number(), Some(5));
}

#[test]
fn a_number_and_enter_goes_to_a_message() {
    let mut world = world();
    world.press("1 2 Ret");
    assert_eq!(world.app.index.number(), Some(12));
    world.press("J");
    world.type_text("180");
    world.press("Ret");
    assert_eq!(world.app.index.number(), Some(180));
    world.press("9 9 9 Ret");
    assert!(world.app.status_words().contains("no message 999"));
    assert_eq!(world.app.index.number(), Some(180));
}

#[test]
fn tab_walks_the_unread_messages_and_asks_before_another_folder() {
    let mut world = world();
    world.press("Tab");
    assert_eq!(world.selected(), MessageKey(996));
    world.press("End");
    for row in &mut world.rows {
        row.flags = Flags::of(Flags::SEEN);
    }
    world.changed();
    world.press("Tab");
    assert!(world.app.prompt.is_some(), "{}", world.screen());
    assert!(
        world
            .screen()
            .contains("Go to Lists/rust-users of alice@example.test (3 unread)?")
    );
    world.press("Ret");
    assert_eq!(
        world.app.index.one_mailbox(),
        Some(crate::model::MailboxKey(8))
    );
}

/// Keys that come together, as over a slow line: the row that was meant is opened.
#[test]
fn enter_behind_a_key_that_is_still_looking_opens_what_it_finds() {
    let mut world = world();
    world.press("End");
    let last = world.selected();
    world.slow = true;
    world.press("Tab Ret");
    assert_eq!(world.app.screen, Screen::Index);
    world.slow = false;
    for (ticket, question) in std::mem::take(&mut world.waiting) {
        world.answer(ticket, &question);
    }
    assert_eq!(world.app.screen, Screen::Message);
    assert_eq!(world.app.message.as_ref().unwrap().key(), world.selected());
    assert_ne!(world.selected(), last);
    // Another key means something else.
    let mut world = self::world();
    world.press("End");
    let last = world.selected();
    world.slow = true;
    world.press("Tab Ret N");
    world.slow = false;
    for (ticket, question) in std::mem::take(&mut world.waiting) {
        world.answer(ticket, &question);
    }
    assert_eq!((world.app.screen, world.selected()), (Screen::Index, last));
}

#[test]
fn control_c_never_quits_and_q_does() {
    for screen in Screen::ALL {
        let mut world = on(screen);
        world.press("^C ^C ^C");
        assert!(!world.quit, "{screen:?}");
    }
    let mut world = world();
    world.press("q");
    assert!(world.quit);
}

#[test]
fn links_are_walked_shown_and_opened() {
    let mut world = world();
    world.press("Ret 2");
    let words = world.app.status_words();
    assert!(
        words.starts_with("shop.example.com: https://shop.example.com/catalogue"),
        "{words}"
    );
    world.press("Ret");
    let opened = |world: &World| world.done.last().unwrap().1.clone();
    assert_eq!(
        opened(&world),
        Action::OpenLink("https://shop.example.com/catalogue".into())
    );
    world.press("^F Ret");
    assert_eq!(
        opened(&world),
        Action::OpenLink("https://shop.example.com/sale".into())
    );
}

#[test]
fn quotes_fold_and_unfold() {
    let mut world = world();
    world.press("Ret");
    assert!(!world.screen().contains("quoted line 7"));
    world.press("]");
    assert!(
        world.screen().contains("quoted line 7"),
        "{}",
        world.screen()
    );
    world.press("[");
    assert!(!world.screen().contains("quoted line 7"));
    world.press("}");
    assert!(world.screen().contains("quoted line 7"));
}

#[test]
fn the_header_level_goes_round() {
    let mut world = world();
    world.press("Ret H");
    assert!(world.screen().contains("Msg-ID"));
    world.press("H");
    assert!(world.screen().contains("Received: from mx.example.org"));
    world.press("H H");
    assert!(!world.screen().contains("Msg-ID"));
}

#[test]
fn a_part_of_a_risky_type_asks_and_the_default_is_no() {
    let mut world = world();
    world.press("V Dn Dn Dn");
    assert_eq!(
        world
            .app
            .parts
            .as_ref()
            .unwrap()
            .item()
            .unwrap()
            .part
            .filename,
        "invoice.pdf"
    );
    world.press("Ret");
    assert!(world.app.prompt.is_some(), "{}", world.screen());
    world.press("Ret");
    assert!(
        !world
            .done
            .iter()
            .any(|(_, a)| matches!(a, Action::OpenPart { .. }))
    );
    world.press("Ret y");
    assert!(
        world
            .done
            .iter()
            .any(|(_, a)| matches!(a, Action::OpenPart { .. }))
    );
}

#[test]
fn saving_asks_for_a_name_and_completes_it() {
    let mut world = world();
    world.press("V S");
    assert!(
        world.screen().contains("/home/alice/"),
        "{}",
        world.screen()
    );
    world.press("^U");
    world.type_text("/tmp/");
    world.press("Tab");
    assert!(world.screen().contains("/tmp/alp"), "{}", world.screen());
    world.press("Ret");
    let saved = world
        .done
        .iter()
        .any(|(_, a)| matches!(a, Action::SavePart { to, .. } if to == "/tmp/alp"));
    assert!(saved, "{:?}", world.done);
}

#[test]
fn a_completion_that_comes_late_leaves_what_was_typed_meanwhile() {
    let line = |world: &World| world.app.prompt.as_ref().unwrap().line().to_owned();
    let mut world = world();
    world.press("c");
    world.slow = true;
    world.press("^J");
    assert_eq!(line(&world), "/home/alice/");
    world.press("^U");
    world.type_text("/tmp/m");
    world.catch_up();
    assert_eq!(line(&world), "/tmp/m", "what lies in the folder came late");
    world.slow = true;
    world.press("Tab");
    world.type_text("e");
    world.catch_up();
    assert_eq!(line(&world), "/tmp/me");
    world.press("Tab");
    assert_eq!(line(&world), "/tmp/mealp");
}

#[test]
fn a_file_that_waits_for_its_bytes_is_not_forgotten_at_the_end() {
    let quits = |world: &World| world.quit;
    let mut world = world();
    world.event(Event::Ended(Ticket(90), Ended::NotKept(4_000_000)));
    world.event(Event::Ended(Ticket(91), Ended::NotKept(4_000_000)));
    world.press("Q");
    let asked = "2 files wait for their bytes and will not be written. Quit?";
    assert!(world.screen().contains(asked), "{}", world.screen());
    assert!(!quits(&world));
    world.press("Ret");
    assert!(!quits(&world), "Enter stays");
    world.event(Event::Ended(
        Ticket(90),
        Ended::Done("Saved a.pdf.".to_owned()),
    ));
    world.press("Q y");
    assert!(quits(&world));
    let mut world = self::world();
    world.event(Event::Ended(Ticket(90), Ended::NotKept(4_000_000)));
    world.event(Event::Ended(
        Ticket(90),
        Ended::Failed("Not fetched.".to_owned()),
    ));
    world.press("Q");
    assert!(quits(&world), "nothing waits any more");
}

#[test]
fn a_password_is_asked_by_the_user_only_and_shown_nowhere() {
    let mut world = world();
    assert!(world.app.prompt.is_none());
    world.press("Alt-a P");
    world.type_text("s3cret");
    assert!(!world.screen().contains("s3cret"));
    assert!(world.screen().contains("******"));
    world.press("Ret");
    let given = world
        .done
        .iter()
        .any(|(_, a)| matches!(a, Action::Password { .. }));
    assert!(given);
}

#[test]
fn help_explains_a_key() {
    let mut world = world();
    world.press("? k");
    assert!(
        world
            .app
            .status_words()
            .starts_with("K: Marks the message read")
    );
    world.press("<");
    assert_eq!(world.app.screen, Screen::Index);
}

#[test]
fn help_names_every_command_of_its_screen() {
    for screen in Screen::ALL {
        let lines = crate::tui::screen::help::State::open(screen)
            .lines(78)
            .join(" ");
        for entry in on_screen(screen) {
            let first = entry.help.split(' ').next().unwrap();
            assert!(lines.contains(first), "{} on {screen:?}", entry.name);
        }
    }
}

#[test]
fn the_cursor_is_on_the_selection_in_every_frame() {
    let mut world = world();
    let keys = [
        "Up", "Dn", "Spc", "-", "Home", "End", "Ret", "<", ">", "L", "I", "V", "?", "Esc", "N",
        "P", "Alt-a", "Alt-l", "K", "*", "]", "^F", "H", "O", "Tab", "Alt-2", "Alt-1", "J", "^C",
    ];
    let mut seed = 11u32;
    let sizes = [(80, 24), (40, 10), (120, 36), (20, 5)];
    for n in 0..1500 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = keys[(seed >> 16) as usize % keys.len()];
        world.press(key);
        if n % 100 == 99 {
            let (width, height) = sizes[(n / 100) % sizes.len()];
            world.resize(width, height);
        }
        let (buffer, cursor) = world.frame(Theme::Mono);
        let area = buffer.area;
        assert!(
            cursor.0 < area.width && cursor.1 < area.height,
            "after {key}"
        );
        let lists = matches!(world.app.screen, Screen::Index | Screen::Folders);
        let empty = match world.app.screen {
            Screen::Index => world.app.index.rows.is_empty(),
            _ => world.app.folders.entries.is_empty(),
        };
        if lists && !empty && world.app.prompt.is_none() && area.height > 5 {
            assert_eq!(
                buffer[cursor].symbol(),
                ">",
                "after {key}\n{}",
                world.screen()
            );
        }
    }
}

#[test]
fn the_table_has_every_command_once() {
    let mut names: Vec<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(COMMANDS.iter().any(|entry| entry.command == Command::Quit));
}

#[test]
fn going_back_to_a_mailbox_finds_its_old_place() {
    let mut world = world();
    world.press("Spc Dn");
    let key = world.selected();
    let above = world.app.index.selected - world.app.index.top;
    world.press("Alt-2 Alt-1");
    assert_eq!(world.selected(), key);
    let index = &world.app.index;
    assert_eq!(index.selected - index.top, above, "and on the same row");
}

#[test]
fn a_message_that_is_not_kept_is_asked_of_the_server_once() {
    let mut world = world();
    world.kept = false;
    world.press("Ret");
    assert!(
        world.screen().contains("Fetching 41 KB from server"),
        "{}",
        world.screen()
    );
    let fetches = world
        .done
        .iter()
        .filter(|(_, a)| matches!(a, Action::Fetch { .. }))
        .count();
    assert_eq!(fetches, 1);
    world.kept = true;
    world.event(Event::Changed(crate::tui::app::event::Changed {
        bodies: true,
        ..Default::default()
    }));
    assert!(world.screen().contains("Hello Alice,"));
}

#[test]
fn an_old_answer_is_dropped() {
    let mut world = world();
    world.slow = true;
    world.press("Ret N");
    let first = world
        .waiting
        .iter()
        .position(|(_, q)| matches!(q, Question::Body { .. }))
        .unwrap();
    let (ticket, question) = world.waiting.remove(first);
    world.slow = false;
    world.answer(ticket, &question);
    assert!(world.app.message.as_ref().unwrap().body.is_none());
}

#[test]
fn goto_opens_a_folder_of_any_account_by_a_few_letters() {
    let mut world = world();
    world.press("G");
    world.type_text("rec");
    world.press("Ret");
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(11)));
    // The one that was open before is the first offer.
    world.press("G Ret");
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(1)));
    world.press("G");
    world.type_text("bob");
    world.press("Ret");
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(20)));
    world.press("G");
    world.type_text("nowhere");
    world.press("Ret");
    assert!(world.app.status_words().contains("No folder is called"));
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(20)));
}

#[test]
fn arrows_walk_the_list_and_tab_puts_the_row_into_the_line() {
    let mut world = world();
    world.press("G");
    world.type_text("wo");
    world.press("Dn Tab");
    assert_eq!(world.app.prompt.as_ref().unwrap().line(), "Work/Projects");
    world.press("^U Up Ret");
    assert_eq!(
        world.app.index.one_mailbox(),
        Some(MailboxKey(1)),
        "the last of all"
    );
}

#[test]
fn the_list_of_commands_runs_what_the_key_would() {
    let mut world = world();
    world.press(".");
    world.type_text("toggle-f");
    assert!(world.screen().contains("toggle-flag"), "{}", world.screen());
    world.press("Ret");
    assert!(world.app.index.row().unwrap().flags.has(Flags::FLAGGED));
    // With what the command takes behind it.
    for (line, number) in [("jump 12", 12), ("jump 180", 180)] {
        world.press("Alt-x");
        world.type_text(line);
        world.press("Ret");
        assert_eq!(world.app.index.number(), Some(number));
    }
    world.press(".");
    world.type_text("got");
    world.press("Tab");
    world.type_text("proj");
    assert!(
        world.screen().contains("Work/Projects"),
        "{}",
        world.screen()
    );
    world.press("Ret");
    assert_eq!(world.app.index.one_mailbox(), Some(MailboxKey(10)));
    world.press(".");
    world.type_text("goto ");
    world.press("Dn Dn");
    let line = world.screen();
    let at = line.lines().find(|line| line.starts_with(" >")).unwrap();
    assert!(at.contains("Sent"), "{line}");
    world.press("^C .");
    world.type_text("fly");
    world.press("Ret");
    assert!(
        world.app.status_words().contains("No command here"),
        "{}",
        world.screen()
    );
}

#[test]
fn every_command_of_a_screen_is_in_its_list() {
    for screen in Screen::ALL {
        for entry in on_screen(screen) {
            let mut world = on(screen);
            world.press("Alt-x");
            let listed = world.app.prompt.as_ref().unwrap().list.as_ref().unwrap();
            let listed = listed.rows().any(|row| row.text == entry.name);
            let left_out = matches!(
                entry.command,
                Command::Palette | Command::OtherKeys | Command::NextField | Command::PreviousField
            );
            assert_eq!(listed, !left_out, "{} on {screen:?}", entry.name);
        }
    }
}

#[test]
fn arrows_bring_back_what_was_typed_before() {
    let mut world = world();
    for word in ["ghost", "deals"] {
        world.press("W ^U");
        world.type_text(word);
        world.press("Ret");
    }
    world.press("W Up Up");
    assert_eq!(world.app.prompt.as_ref().unwrap().line(), "ghost");
    world.press("Dn");
    assert_eq!(world.app.prompt.as_ref().unwrap().line(), "deals");
}

#[test]
fn the_menu_leads_to_what_it_names() {
    let mut world = world();
    world.press("M Dn Ret");
    assert_eq!(world.app.screen, Screen::Folders);
    world.press("< Up Ret");
    assert_eq!(world.app.screen, Screen::Index);
    world.press("M End Ret");
    assert!(world.quit);
    world.quit = false;
    world.press("Esc");
    assert_eq!(world.app.screen, Screen::Index);
}
