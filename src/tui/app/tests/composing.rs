//! Writing mail: keys in, drafts and screens out.

use crate::model::{Draft, Recipient};
use crate::tui::app::Screen;
use crate::tui::app::event::{Action, Ended, Event};
use crate::tui::app::view::Answering;
use crate::tui::screen::compose::{Kind, Spot};

use super::outgoing::sent;
use super::world::{NOW, World, address, attachment, save};

fn world() -> World {
    World::new(80, 24)
}

pub fn spot(world: &World) -> Spot {
    world.app.compose.current().unwrap().spot
}

pub fn words(world: &World) -> String {
    world.app.status_words()
}

/// The draft of mock-up 7.
pub fn reply_to_all(world: &World) -> Draft {
    Draft {
        to: vec![Recipient::One(address("Sven Ångström", "sven@example.se"))],
        cc: vec![
            Recipient::address("rust-users@lists.example.org"),
            Recipient::One(address("Tom O'Brien", "tom@example.net")),
        ],
        subject: "Re: Lifetimes in async traits".to_owned(),
        text: "On Mon 2 Nov 2026, Sven Ångström wrote:\n\n\
               > The trait object needs a lifetime because the future borrows self,\n\
               > see the attached report.\n\n\n-- \nAlice"
            .to_owned(),
        in_reply_to: vec!["x@example.se".to_owned()],
        ..world.draft()
    }
}

pub fn answering(world: &World) -> Answering {
    let all = reply_to_all(world);
    Answering {
        sender: Draft {
            cc: Vec::new(),
            ..all.clone()
        },
        list: Some(Draft {
            to: vec![Recipient::address("rust-users@lists.example.org")],
            cc: Vec::new(),
            ..all.clone()
        }),
        all: Some(all),
        prefers: 'a',
        blind: false,
        warning: String::new(),
    }
}

#[test]
fn a_word_that_is_no_contact_is_refused_at_once_and_gets_no_domain() {
    let mut world = world();
    world.press("C");
    world.type_text("bobby");
    for key in ["Tab", "Ret", "Dn", ",", "^X", "^_"] {
        world.press(key);
        assert_eq!(spot(&world), Spot::To, "{key}");
        assert!(words(&world).contains("\"bobby\" is no address"), "{key}");
    }
    assert!(world.app.compose.current().unwrap().to.units.is_empty());
    assert!(world.editing.is_none());
    assert!(sent(&world).is_empty());
}

#[test]
fn a_name_of_the_address_book_is_looked_up_and_the_cursor_goes_on() {
    let mut world = world();
    world.press("C");
    world.type_text("tomcat");
    world.press("Tab");
    let to = |world: &World| world.app.compose.current().unwrap().to.shown();
    assert_eq!(to(&world), ["Tom O'Brien <tom@example.net>"]);
    assert_eq!(spot(&world), Spot::Cc);
    world.type_text("a@x.example, tomcat");
    world.press("^X");
    assert_eq!(world.app.screen, Screen::Send);
    assert_eq!(world.app.compose.current().unwrap().cc.units.len(), 2);
    world.press("e Up");
    // A key that came meanwhile is not overtaken by the answer.
    let mut world = self::world();
    world.press("C");
    world.type_text("tomcat");
    world.slow = true;
    world.press("Tab ^R");
    world.catch_up();
    assert_eq!(to(&world), ["Tom O'Brien <tom@example.net>"]);
    assert_eq!(spot(&world), Spot::To);
    // What was typed on meanwhile is not thrown away by it.
    world.slow = false;
    world.type_text("tomcat");
    world.slow = true;
    world.press("Tab s");
    world.catch_up();
    let to = &world.app.compose.current().unwrap().to;
    assert_eq!((to.units.len(), to.typed()), (1, "tomcats"));
}

#[test]
fn contacts_are_offered_and_become_units_that_go_as_one() {
    let mut world = world();
    world.press("C");
    world.type_text("to");
    let screen = world.screen();
    assert!(
        screen.contains("> Tom O'Brien <tom@example.net>"),
        "{screen}"
    );
    assert!(screen.contains("written to 12 times"));
    world.press("Dn Ret");
    world.type_text("zo");
    world.press("Ret");
    let to = world.app.compose.current().unwrap().to.shown();
    assert_eq!(
        to,
        [
            "Tomasz Nowak <tomasz@example.pl>",
            "Zoë Müller <zoe@example.org>"
        ]
    );
    world.press("Backspace");
    assert_eq!(world.app.compose.current().unwrap().to.units.len(), 1);
    world.type_text("tom");
    world.press("Esc");
    assert!(world.app.compose.current().unwrap().to.offers.is_empty());
}

#[test]
fn the_one_question_of_a_reply_names_all_list_and_sender() {
    for (key, kind, to) in [
        ("s", Kind::Reply, "sven@example.se"),
        ("Ret", Kind::ReplyAll, "sven@example.se"),
        ("l", Kind::ReplyList, "rust-users@lists.example.org"),
    ] {
        let mut world = world();
        world.answering = Some(answering(&world));
        world.press("R");
        assert!(world.screen().contains("Reply to whom? (all are 3)"));
        world.press(key);
        let composer = world.app.compose.current().unwrap();
        assert_eq!(composer.kind, kind);
        assert_eq!(composer.to.units[0].mailboxes()[0].address, to);
        assert_eq!(composer.draft().in_reply_to, ["x@example.se"]);
        assert_eq!(spot(&world), Spot::Body);
    }
    let mut world = world();
    let only = Answering {
        all: None,
        list: None,
        ..answering(&world)
    };
    world.answering = Some(only);
    world.press("R");
    assert!(world.app.prompt.is_none());
    assert_eq!(world.app.screen, Screen::Compose);
}

#[test]
fn c5_a_reply_to_all_of_a_blind_copy_warns_and_defaults_to_the_sender() {
    let mut world = world();
    world.answering = Some(Answering {
        blind: true,
        ..answering(&world)
    });
    world.press("R");
    assert!(world.screen().contains("You were in Bcc"));
    world.press("Ret");
    assert_eq!(world.app.compose.current().unwrap().kind, Kind::Reply);
    world.press("^C d R a");
    assert_eq!(world.app.compose.current().unwrap().kind, Kind::ReplyAll);
    assert!(
        words(&world).contains("all others learn"),
        "{}",
        words(&world)
    );
}

#[test]
fn a_key_between_the_question_and_its_answer_takes_the_reply_back() {
    let mut world = world();
    world.answering = Some(answering(&world));
    world.slow = true;
    world.press("R Dn");
    world.catch_up();
    assert!(world.app.prompt.is_none() && world.app.compose.open.is_empty());
}

#[test]
fn a_draft_is_saved_at_a_pause_and_at_the_latest_before_five_seconds() {
    let mut world = world();
    world.press("C");
    world.type_text("z");
    assert!(world.drafts.is_empty());
    world.wait(900);
    assert!(world.drafts.is_empty());
    world.wait(120);
    assert_eq!(world.drafts.len(), 1);
    assert!(
        world.screen().contains("draft saved 10:40:00"),
        "{}",
        world.screen()
    );
    // Without a pause: a letter each 300 ms.
    world.press("Backspace Tab Tab Tab Tab");
    let begun = world.mono;
    let mut longest = 0;
    let mut saved = 0;
    for _ in 0..100 {
        world.type_text("x");
        world.wait(297);
        let kept = world
            .drafts
            .values()
            .next()
            .unwrap()
            .1
            .text
            .matches('x')
            .count();
        let typed = world
            .app
            .compose
            .current()
            .unwrap()
            .draft()
            .text
            .matches('x')
            .count();
        longest = longest.max(typed - kept);
        saved = kept;
    }
    assert!(world.mono - begun > 25_000 && saved > 80);
    assert!(longest * 300 <= 4_500, "{longest} letters were not saved");
}

#[test]
fn r4_what_could_not_be_saved_stays_on_the_screen_and_is_tried_again() {
    let mut world = world();
    world.end = |action| match action {
        Action::SaveDraft { .. } => Some(Ended::Failed("the disk is full".to_owned())),
        _ => Some(Ended::Done(String::new())),
    };
    world.press("C");
    world.type_text("zoe");
    world.wait(1_100);
    assert!(world.screen().contains("draft NOT saved"));
    assert!(words(&world).contains("the disk is full"));
    world.press("^O");
    assert_eq!(world.app.compose.open.len(), 1, "not closed");
    world.end = |_| Some(Ended::Done(String::new()));
    world.wait(1_100);
    assert_eq!(world.drafts.len(), 1);
    assert!(world.screen().contains("draft saved"));
}

#[test]
fn a_postponed_message_is_listed_and_gone_on_with() {
    let mut world = world();
    world.press("C");
    world.type_text("zoe@example.org");
    world.press("Tab Tab Tab");
    world.type_text("Tickets");
    world.press("^O");
    assert!(world.app.compose.open.is_empty());
    assert!(words(&world).starts_with("Postponed"), "{}", words(&world));
    world.press("Alt-c");
    assert!(world.screen().contains("draft"), "{}", world.screen());
    world.press("Ret");
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.subject.value(), "Tickets");
    assert!(!composer.is_dirty());
    // Again from the list: it is the same one.
    world.press("Alt-c Ret");
    assert_eq!(world.app.compose.open.len(), 1);
}

#[test]
fn several_are_written_and_other_mail_is_read_meanwhile() {
    let mut world = world();
    world.press("C");
    world.type_text("one@x.example");
    world.press("Alt-c < Dn Ret");
    assert_eq!(world.app.screen, Screen::Message);
    world.press("C");
    world.type_text("two@x.example");
    world.press("Alt-c Up Ret");
    let to = &world.app.compose.current().unwrap().to;
    assert_eq!(to.typed(), "one@x.example");
    assert_eq!(world.app.compose.open.len(), 2);
    world.resize(40, 10);
    world.resize(120, 36);
    assert!(world.screen().contains("one@x.example"));
}

#[test]
fn stopping_asks_and_discards_only_when_told() {
    let mut world = world();
    world.press("C ^C");
    assert!(world.app.compose.open.is_empty(), "nothing was written");
    world.press("C x");
    world.wait(1_100);
    world.press("^C Ret");
    assert_eq!(world.app.compose.open.len(), 1);
    world.press("^C ^C");
    assert_eq!(world.app.compose.open.len(), 1);
    world.press("^C D");
    assert!(world.app.compose.open.is_empty() && world.drafts.is_empty());
}

#[test]
fn a_save_that_ends_after_discarding_leaves_no_draft() {
    let mut world = world();
    world.end = |action| match action {
        Action::SaveDraft { .. } => None,
        _ => Some(Ended::Done(String::new())),
    };
    world.press("C x");
    world.wait(1_100);
    world.press("^C d");
    let saved = world.done.iter().find_map(|(ticket, action)| match action {
        Action::SaveDraft { composer, .. } => Some((*ticket, *composer)),
        _ => None,
    });
    let (ticket, composer) = saved.unwrap();
    // Who carries it out knows the save that came before.
    let last = None;
    let drop = Action::DropDraft { composer, last };
    assert_eq!(world.done.last().unwrap().1, drop);
    world.event(Event::Ended(ticket, Ended::Saved(save(5, 1), NOW)));
    assert!(world.app.compose.open.is_empty());
}

#[test]
fn r4_a_draft_that_was_changed_elsewhere_parts_and_says_so() {
    let mut world = world();
    world.press("C x");
    world.wait(1_100);
    let kept = world.app.compose.current().unwrap().kept;
    assert_eq!(kept, Some(save(1, 1)));
    world.end = |action| match action {
        Action::SaveDraft { last, .. } => {
            assert_eq!(*last, Some(save(1, 1)));
            Some(Ended::Saved(save(8, 1), NOW))
        }
        _ => Some(Ended::Done(String::new())),
    };
    world.press("y");
    world.wait(1_100);
    let kept = world.app.compose.current().unwrap().kept;
    assert_eq!(kept, Some(save(8, 1)));
    assert!(
        words(&world).contains("a draft of its own"),
        "{}",
        words(&world)
    );
}

#[test]
fn the_server_gets_a_copy_at_a_long_pause_and_when_it_is_postponed() {
    let mut world = world();
    let copies = |world: &World| {
        let all = world.done.iter();
        all.filter(|(_, action)| matches!(action, Action::MirrorDraft { .. }))
            .count()
    };
    world.press("C x");
    world.wait(20_000);
    world.press("y");
    world.wait(20_000);
    assert_eq!(copies(&world), 0);
    world.wait(12_000);
    assert_eq!(copies(&world), 1);
    world.wait(100_000);
    assert_eq!(copies(&world), 1, "nothing changed since");
    world.press("z ^O");
    assert_eq!(copies(&world), 2);
    // What is large is copied once, and not at each pause.
    world.press("C x");
    let large = attachment("film.mp4", 50 << 20);
    let composer = world.app.compose.current_mut().unwrap();
    composer.attachments.push(large);
    composer.touched();
    world.wait(100_000);
    assert_eq!(copies(&world), 2);
    world.press("^O");
    assert_eq!(copies(&world), 3);
}

#[test]
fn closing_saves_everything_that_is_not_saved() {
    let mut world = world();
    world.press("C");
    world.type_text("one");
    world.press("Alt-c C");
    world.type_text("two");
    world.event(Event::Closing);
    let kept: Vec<&str> = world
        .drafts
        .values()
        .map(|(_, draft)| draft.to[0].mailboxes()[0].address.as_str())
        .collect();
    assert_eq!(kept, ["one", "two"]);
}

#[test]
fn half_an_address_comes_back_as_it_was_typed() {
    let mut world = world();
    let draft = Draft {
        to: vec![
            Recipient::address("zoe@example.org"),
            Recipient::address("to"),
        ],
        ..world.draft()
    };
    world.app.write_on(draft, Kind::New);
    let to = &world.app.compose.current().unwrap().to;
    assert_eq!((to.shown().len(), to.typed()), (1, "to"));
}

#[test]
fn files_are_attached_and_taken_away() {
    let mut world = world();
    world.press("C ^J");
    world.type_text("report.pdf");
    world.press("Ret");
    assert!(
        words(&world).contains("Attached report.pdf (41 KB"),
        "{}",
        words(&world)
    );
    world.press("^J");
    world.type_text("absent.txt");
    world.press("Ret");
    assert!(words(&world).contains("it is not there"));
    assert!(
        world.screen().contains("Attach  : 1. report.pdf (41 KB)"),
        "{}",
        world.screen()
    );
    world.press("Tab Tab ^D");
    assert!(world.app.compose.current().unwrap().attachments.is_empty());
}

#[test]
fn a_file_is_read_into_the_text_and_undone_as_one() {
    let mut world = world();
    world.press("C Tab Tab Tab Ret ^R");
    world.type_text("x");
    world.press("Ret");
    let text = |world: &World| world.app.compose.current().unwrap().draft().text;
    assert!(text(&world).starts_with("one\ntwo\n"));
    world.press("Alt-u");
    assert!(!text(&world).contains("one"));
}

#[test]
fn the_editor_gets_the_text_and_gives_it_back() {
    let mut world = world();
    world.press("C Tab Tab Tab Ret");
    world.type_text("Hello");
    world.press("^_");
    let (id, text) = world.editing.clone().unwrap();
    assert_eq!(text, "Hello\n\n-- \nAlice");
    world.event(Event::Edited(id, Ok("Hello you\n\n-- \nAlice".to_owned())));
    let text = |world: &World| world.app.compose.current().unwrap().draft().text;
    assert!(text(&world).starts_with("Hello you"));
    world.press("Alt-u");
    assert!(text(&world).starts_with("Hello\n"));
    world.event(Event::Edited(id, Err("vi ended with code 1".to_owned())));
    assert!(words(&world).contains("code 1"));
}

#[test]
fn the_identity_changes_with_its_signature() {
    let mut world = world();
    world.press("C Up #");
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.rest.from.address, "alice@work.example");
    assert_eq!(composer.draft().text, "\n");
    world.press("# #");
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.rest.from.address, "alice@example.test");
    assert_eq!(composer.draft().text, "\n\n-- \nAlice");
    let text = "my own words\n-- \nAlice B.";
    let mut other = World::new(80, 24);
    let draft = Draft {
        text: text.to_owned(),
        ..other.draft()
    };
    other.app.write_on(draft, Kind::New);
    other.press("Up #");
    assert_eq!(other.app.compose.current().unwrap().draft().text, text);
}

#[test]
fn pasted_lines_are_not_indented_and_addresses_are_a_list() {
    let mut world = world();
    world.press("C");
    world.event(Event::Paste("a@x.example\nb@x.example\n".to_owned()));
    world.press("Tab Tab Tab");
    world.event(Event::Paste("one\ntwo".to_owned()));
    world.press("Ret");
    world.event(Event::Paste("if x {\n    y();\n}\n".to_owned()));
    let draft = world.app.compose.current().unwrap().draft();
    assert_eq!(draft.to.len(), 2);
    assert_eq!(draft.subject, "one two");
    assert!(
        draft.text.starts_with("if x {\n    y();\n}\n"),
        "{}",
        draft.text
    );
}

#[test]
fn the_cursor_is_at_the_insertion_point_in_every_frame() {
    let mut world = world();
    let cursor = |world: &World| world.frame(crate::tui::screen::theme::Theme::Plain).1;
    world.press("C");
    assert_eq!(cursor(&world), (10, 2));
    world.type_text("zoe@example.org");
    assert_eq!(cursor(&world), (25, 2));
    world.press("Tab Tab Tab");
    assert_eq!(cursor(&world), (10, 5));
    world.type_text("日本");
    assert_eq!(cursor(&world), (14, 5));
    world.press("Ret");
    assert_eq!(cursor(&world), (0, 7));
    world.type_text("a日b");
    assert_eq!(cursor(&world), (4, 7));
    // 79 cells take fifteen words behind the four.
    world.type_text(&"word ".repeat(17));
    assert_eq!(cursor(&world), (10, 8));
}

#[test]
fn all_headers_come_and_go_while_they_are_empty() {
    let mut world = world();
    world.press("C ^R");
    assert!(world.screen().contains("Bcc     :"));
    world.press("Tab Tab");
    world.type_text("b@x.example");
    world.press("Tab ^R");
    assert!(
        world.screen().contains("Bcc     : b@x.example"),
        "{}",
        world.screen()
    );
    assert!(!world.screen().contains("Reply-To:"));
}

#[test]
fn a_forward_is_quoted_or_attached() {
    let mut world = world();
    world.press("F Ret");
    assert_eq!(world.app.compose.current().unwrap().kind, Kind::Forward);
    assert_eq!(spot(&world), Spot::To);
    world.press("^C d F a");
    let composer = world.app.compose.current().unwrap();
    assert_eq!(composer.attachments, [attachment("deals.eml", 4_711)]);
}

#[test]
fn without_an_address_to_write_from_it_is_said() {
    let mut world = world();
    for account in &mut world.app.accounts {
        account.identities.clear();
    }
    world.press("C");
    assert!(words(&world).contains("No account has an address"));
    assert!(world.app.compose.open.is_empty());
}
