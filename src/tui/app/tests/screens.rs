//! Snapshots of every screen, text and roles.

use crate::tui::app::event::{Action, Ended, Event, Now, SetupField};
use crate::tui::app::layout::KeyMenu;
use crate::tui::app::prompt::Field;
use crate::tui::app::{App, Begin, Screen};

use super::composing::{answering, reply_to_all};
use super::outbox::outbox;
use super::world::{NOW, World, attachment, letter, mailbox, text, tree, utc};
use crate::model::{MessageKey, OperationId};
use crate::tui::app::view::{Finding, Weight};
use crate::tui::screen::compose::Kind;

pub fn shot(name: &str, world: &World) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, world.screen());
    });
}

fn shot_roles(name: &str, world: &World) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(format!("{name}_roles"), world.roles());
    });
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (40, 10)];

fn at_sizes(name: &str, build: impl Fn(u16, u16) -> World) {
    for (width, height) in SIZES {
        let world = build(width, height);
        let name = format!("{name}_{width}x{height}");
        shot(&name, &world);
        if width == 80 {
            shot_roles(&name, &world);
        }
    }
}

/// The same, and where three panes would stand.
fn at_sizes_and_wide(name: &str, build: impl Fn(u16, u16) -> World) {
    at_sizes(name, &build);
    shot(&format!("{name}_160x45"), &build(160, 45));
}

#[test]
fn a_search_over_all_mail() {
    at_sizes("search", |width, height| {
        let mut world = world(width, height);
        world.press("/ /");
        world.type_text("budg");
        world
    });
}

fn world(width: u16, height: u16) -> World {
    let mut world = World::unstarted(width, height, mailbox());
    for key in [994, 990] {
        world.documents.insert(MessageKey(key), letter());
        world.structures.insert(MessageKey(key), tree());
    }
    world.start();
    world
}

fn pressed(keys: &'static str) -> impl Fn(u16, u16) -> World {
    move |width, height| {
        let mut world = world(width, height);
        world.press(keys);
        world
    }
}

#[test]
fn lists_over_all_accounts_and_orders() {
    at_sizes_and_wide("inboxes", |width, height| {
        let mut world = world(width, height);
        for row in world.rows.iter_mut().step_by(3) {
            row.mailbox = crate::model::MailboxKey(20);
        }
        world.press("Alt-0");
        world
    });
    at_sizes("prompt_sort", pressed("$"));
    at_sizes("sorted", pressed("$ f"));
}

#[test]
fn more_width_and_the_order_by_size_show_sizes_lists_and_keywords() {
    let sized = |keys: &'static str, width| {
        let mut world = world(width, 16);
        for (n, row) in world.rows.iter_mut().enumerate() {
            row.size = 700 * 4_u64.pow(u32::try_from(n % 8).unwrap());
            if n % 4 == 1 {
                row.envelope.list_id = "rust-users.lists.example.org".to_owned();
            }
            for word in ["$Forwarded", "receipt", "\\odd", "taxes", "NonJunk"] {
                if n % 5 == 3 {
                    row.flags.insert(word);
                }
            }
        }
        world.press(keys);
        world
    };
    shot("columns_140x16", &sized("$ d", 140));
    shot("columns_by_size_80x16", &sized("$ z", 80));
}

#[test]
fn selecting() {
    at_sizes("prompt_select", pressed(";"));
    at_sizes("prompt_select_text", pressed("; t"));
    at_sizes("prompt_select_from", pressed("; f"));
    at_sizes("prompt_select_date", pressed("; d"));
    at_sizes("prompt_select_size", pressed("; z"));
    at_sizes("prompt_select_status", pressed("; s"));
    at_sizes("prompt_select_query", pressed("; q"));
    at_sizes("prompt_alter", pressed(": ;"));
    at_sizes("prompt_broaden", pressed(": ; b"));
    at_sizes("prompt_export_many", pressed(": Dn : A e"));
    at_sizes("zoomed", pressed("; s * Z"));
}

#[test]
fn marked_text() {
    at_sizes("message_marked", pressed("Ret ^^ Dn Dn"));
    at_sizes("prompt_bounce_people", pressed("B t o"));
}

#[test]
fn the_file_browser() {
    at_sizes("files", pressed("C ^J ^T End Up Up Spc Up Up Up"));
    at_sizes("files_found", pressed("C ^J ^T / r e"));
}

#[test]
fn the_index_looks_like_its_mock_up() {
    at_sizes("index", pressed("Dn Dn Dn Dn Dn"));
}

#[test]
fn the_index_rows_stand_in_the_columns_of_the_mock_up() {
    let mut world = world(80, 24);
    world.press("Dn Dn Dn Dn Dn");
    let screen = world.screen();
    for line in [
        "  N   10:37  Carol New           Brand new message",
        "  A@  09:02  Priya Raghunathan   Fwd: Budget thread",
        "      08:11  דוד כהן             שלום, פגישה מחר בבוקר",
        " *    07:46  Zoë Müller          Train tickets",
        "  N@  06:08  김철수              Invoice 2026-019",
        "> N   03:08  山田 太郎           日本語の件名：会議のお知らせ（来週火曜日）のご…",
        "  N     Thu  ACME Weekly         Your weekly deals are here!",
        "   @    Wed  Jean-Baptiste de …  Report draft v17",
        " *N@    Tue  Priya Raghunathan   Scan of the signed contract",
        "     Nov 14  王小明              会议纪要 — 第三季度",
        "     Nov 14  Zoë Müller          (no subject)",
        "    ~Nov 13  Sven Ångström       A subject that is really very long, so long th…",
        "  N  Nov 13  ACME Weekly         HTML only: deals 15",
        "     Nov 12  Maria Kowalczyk     Password reset",
    ] {
        assert!(
            screen.lines().any(|shown| shown == line),
            "{line}\n{screen}"
        );
    }
}

#[test]
fn folders_look_like_their_mock_up() {
    at_sizes("folders", pressed("L"));
}

#[test]
fn a_message_looks_like_its_mock_up() {
    at_sizes("message", pressed("Dn Dn Dn Dn Dn Dn Ret"));
    at_sizes("message_unfolded", pressed("Dn Dn Dn Dn Dn Dn Ret ]"));
    at_sizes("message_raw", pressed("Dn Dn Dn Dn Dn Dn Ret H H H"));
    at_sizes("message_normal", pressed("Dn Dn Dn Dn Dn Dn Ret H"));
}

#[test]
fn a_message_that_is_not_kept_says_so() {
    at_sizes("message_not_kept", |width, height| {
        let mut world = world(width, height);
        world.kept = false;
        world.press("Dn Dn Dn Dn Dn Dn Ret");
        world
    });
}

#[test]
fn parts_look_like_their_mock_up() {
    at_sizes("parts", pressed("Dn Dn Dn Dn Dn Dn Dn Dn Dn Dn V"));
}

#[test]
fn prompts_stand_in_the_status_row() {
    at_sizes("prompt_jump", pressed("J 1 2"));
    at_sizes("prompt_save", pressed("Dn Dn Dn Dn Dn Dn Dn Dn Dn Dn V S"));
}

#[test]
fn the_lists_to_choose_from_stand_over_the_body() {
    at_sizes("prompt_goto", pressed("G"));
    at_sizes("prompt_goto_typed", pressed("G r"));
    at_sizes("palette", pressed("."));
    at_sizes("palette_typed", pressed(". q u i"));
}

#[test]
fn triage_tells_what_it_did_and_asks_what_it_must() {
    at_sizes("deleted", pressed("Dn Dn Dn D"));
    at_sizes("prompt_apply", pressed(": Dn : Dn Dn : A"));
    at_sizes("prompt_save_to", pressed("S w"));
    at_sizes("prompt_delete_folder", pressed("L Dn D"));
}

#[test]
fn the_composer_looks_like_its_mock_up() {
    at_sizes_and_wide("compose_reply", |width, height| {
        let mut world = world(width, height);
        let mut draft = reply_to_all(&world);
        draft.attachments = vec![
            attachment("report.pdf", 41_000),
            attachment("table.csv", 24),
        ];
        world.app.write_on(draft, Kind::ReplyAll);
        world.type_text("Yes, and boxing hides it. The numbers are in the report.");
        world.wait(2_000);
        world
    });
    at_sizes_and_wide("compose_new", |width, height| {
        let mut world = world(width, height);
        world.press("C");
        world.type_text("zoe@example.org,to");
        world
    });
    at_sizes("compose_marked", |width, height| {
        let mut world = world(width, height);
        let draft = reply_to_all(&world);
        world.app.write_on(draft, Kind::ReplyAll);
        world.press("^P ^P ^P ^F ^F ^^ ^N ^F ^F");
        world
    });
}

#[test]
fn the_send_page_looks_like_its_mock_up() {
    let findings = || {
        let one = |weight, text: &str| Finding {
            weight,
            text: text.to_owned(),
        };
        vec![
            one(
                Weight::Warning,
                "The text says \"see the attached report\", but nothing is attached.",
            ),
            one(
                Weight::Note,
                "Goes to a mailing list with its public archive.",
            ),
        ]
    };
    at_sizes_and_wide("send_warned", |width, height| {
        let mut world = world(width, height);
        world.findings = findings();
        let draft = reply_to_all(&world);
        world.app.write_on(draft, Kind::ReplyAll);
        world.press("^X");
        world
    });
    at_sizes("send_plain", |width, height| {
        let mut world = world(width, height);
        let draft = reply_to_all(&world);
        world.app.write_on(draft, Kind::ReplyAll);
        world.press("^X");
        world
    });
    at_sizes("send_later", |width, height| {
        let mut world = world(width, height);
        let draft = reply_to_all(&world);
        world.app.write_on(draft, Kind::ReplyAll);
        world.press("^X l");
        world
    });
}

#[test]
fn prompts_of_the_composer_stand_in_the_status_row() {
    at_sizes("prompt_reply", |width, height| {
        let mut world = world(width, height);
        world.answering = Some(answering(&world));
        world.press("R");
        world
    });
    at_sizes("prompt_attach", pressed("C ^J"));
    at_sizes("prompt_give_up", pressed("C x ^C"));
    at_sizes("composers", pressed("C x Tab Alt-c C y Alt-c"));
    at_sizes("help_compose", pressed("C ^G"));
    at_sizes("compose_offers", pressed("C t o"));
    at_sizes("prompt_bounce", pressed("B b o b"));
    at_sizes("prompt_quit_unsent", |width, height| {
        let mut world = world(width, height);
        world.app.unsent = vec![OperationId(7)];
        world.press("Q");
        world
    });
    at_sizes("sending", |width, height| {
        let mut world = world(width, height);
        world.app.write_on(reply_to_all(&world), Kind::ReplyAll);
        world.press("^X Ret");
        world
    });
}

#[test]
fn the_main_menu_names_what_there_is() {
    at_sizes("menu", pressed("M"));
}

fn with_outbox(width: u16, height: u16, keys: &str) -> World {
    let mut world = world(width, height);
    world.outbox = outbox();
    (
        world.accounts[0].outbox.all,
        world.accounts[0].outbox.refused,
    ) = (6, 2);
    world.accounts[1].outbox.all = 1;
    world.changed();
    world.press(keys);
    world
}

#[test]
fn the_outbox_is_a_folder_and_says_where_each_message_stands() {
    at_sizes("outbox_folder", |w, h| {
        with_outbox(w, h, "L End Up Up Up Up")
    });
    at_sizes("outbox", |w, h| with_outbox(w, h, "G o u t b Ret Dn"));
    at_sizes("outbox_read", |w, h| {
        with_outbox(w, h, "G o u t b Ret End Ret")
    });
    at_sizes("outbox_discard", |w, h| {
        with_outbox(w, h, "G o u t b Ret X")
    });
    at_sizes("outbox_again", |w, h| {
        with_outbox(w, h, "G o u t b Ret Dn Dn Dn Dn R")
    });
}

#[test]
fn the_address_book_shows_whom_it_holds() {
    at_sizes("book", pressed("Alt-t Dn"));
    at_sizes("book_search", |width, height| {
        let mut world = world(width, height);
        world.press("Alt-t /");
        world.type_text("to");
        world
    });
    at_sizes("book_none", |width, height| {
        let mut world = world(width, height);
        world.cards.clear();
        world.press("Alt-t");
        world
    });
    at_sizes("book_take", pressed("Dn T"));
    at_sizes("card", pressed("Alt-t Dn > Tab"));
    at_sizes("card_refused", |width, height| {
        let mut world = world(width, height);
        world.press("Alt-t +");
        world.type_text("Tom");
        world.press("Tab");
        world.type_text("bobby");
        world.press("^X");
        world
    });
}

#[test]
fn three_panes_look_like_their_mock_up() {
    for (name, keys) in [
        ("three_index", "Dn Dn Dn Dn Dn Dn"),
        ("three_message", "Dn Dn Dn Dn Dn Dn Ret"),
        ("three_folders", "L"),
        ("three_parts", "Dn Dn Dn Dn Dn Dn Dn Dn Dn Dn V"),
    ] {
        let mut world = world(160, 45);
        world.press(keys);
        world.wait(300);
        world.app.status = None;
        shot(&format!("{name}_160x45"), &world);
        if name == "three_index" {
            shot_roles(&format!("{name}_160x45"), &world);
        }
    }
}

#[test]
fn with_few_rows_the_message_takes_the_right_side() {
    let mut world = world(120, 28);
    world.press("Dn Dn Dn Dn Dn Dn Ret");
    shot("message_120x28", &world);
}

#[test]
fn help_is_made_from_the_table() {
    at_sizes("help_index", pressed("?"));
}

#[test]
fn attention_lies_over_the_index() {
    at_sizes("attention", pressed("Alt-a"));
    at_sizes("attention_details", pressed("Alt-a D"));
}

#[test]
fn the_queue_says_what_waits_where_it_stands_and_why() {
    at_sizes("queue", pressed("Alt-o"));
    at_sizes("queue_details", pressed("Alt-o Dn D"));
    at_sizes("queue_empty", |width, height| {
        let mut world = world(width, height);
        world.queue.clear();
        world.press("Alt-o");
        world
    });
}

#[test]
fn a_wide_screen_shows_the_queue_whole_and_panes_count_what_waits() {
    let mut world = world(160, 45);
    world.out = 1009;
    world.changed();
    shot("three_waiting_160x45", &world);
    world.press("Alt-o Dn D");
    shot("queue_160x45", &world);
}

#[test]
fn a_conflict_is_answered_with_mine_or_theirs() {
    at_sizes("attention_conflict", pressed("Alt-a Dn Dn D"));
}

#[test]
fn folders_that_are_not_subscribed_say_so() {
    at_sizes("folders_all", pressed("L End Alt-f"));
    at_sizes("folders_new", pressed("L Dn Dn Dn Dn Dn +"));
}

#[test]
fn the_log_tells_what_was_said() {
    at_sizes("log", |width, height| {
        let mut world = world(width, height);
        world.app.say("Account alice is stored. Fetching.");
        world.press("Alt-l");
        world
    });
}

fn setup(width: u16, height: u16) -> World {
    let mut world = World::unstarted(width, height, Vec::new());
    let mut begin = Begin::plain((width, height), utc);
    begin.set_up = true;
    begin.can_set_up = true;
    world.accounts.clear();
    world.needs.clear();
    world.app = App::new(begin, Now { wall: NOW, mono: 0 });
    world.start();
    world
}

#[test]
fn set_up_takes_three_answers_and_five_keys() {
    at_sizes("setup", |width, height| {
        let mut world = setup(width, height);
        world.type_text("Alice Example");
        world.press("Ret");
        world.type_text("alice@example.test");
        world.press("Ret");
        world.type_text("hunter2secret");
        world
    });
    let mut world = setup(80, 24);
    world.type_text("Alice Example");
    world.press("Ret");
    world.type_text("alice@example.test");
    world.press("Ret");
    world.type_text("hunter2secret");
    world.press("Ret Ret");
    assert_eq!(world.done.len(), 1, "{}", world.screen());
    assert!(!format!("{:?}", world.done).contains("hunter2"));
}

#[test]
fn a_refused_sign_in_names_its_field_and_puts_the_cursor_there() {
    at_sizes("setup_refused", |width, height| {
        let mut world = setup(width, height);
        world.end = |_| {
            Some(Ended::Refused {
                field: SetupField::Password,
                text: "imap.example.test refused the sign-in: \"[AUTHENTICATIONFAILED] No.\""
                    .into(),
            })
        };
        world.type_text("Alice Example");
        world.press("Ret");
        world.type_text("alice@example.test");
        world.press("Ret");
        world.type_text("wrong");
        world.press("Ret Ret");
        assert_eq!(world.app.setup.at, SetupField::Password);
        world
    });
}

#[test]
fn an_account_without_an_outgoing_server_is_said_to_send_nothing() {
    for (host, words) in [
        ("", "me is stored. It cannot send: no outgoing server."),
        ("smtp.elsewhere.example", "Account me is stored. Fetching."),
    ] {
        let mut world = setup(80, 24);
        world.end = |_| Some(Ended::SetUp("me".to_owned()));
        world.press("Tab");
        world.type_text("me@elsewhere.example");
        world.press("Tab");
        world.type_text("secret");
        world.press("Ret");
        world.type_text("mail.elsewhere.example");
        world.app.setup.smtp.0.set(host);
        world.press("^X");
        let screen = world.screen();
        assert!(screen.contains(words), "{screen}");
    }
}

#[test]
fn an_unknown_provider_opens_the_server_fields() {
    at_sizes("setup_typed", |width, height| {
        let mut world = setup(width, height);
        world.press("Tab");
        world.type_text("me@elsewhere.example");
        world.press("Tab");
        world.type_text("secret");
        world.press("Ret");
        world.type_text("mail.elsewhere.example");
        world
    });
    let mut field = Field::of("x");
    field.hidden = true;
    assert_eq!(field.value(), "x");
}

#[test]
fn the_screen_survives_every_size() {
    for (width, height) in [
        (20, 5),
        (19, 4),
        (1, 1),
        (40, 10),
        (60, 14),
        (80, 24),
        (99, 30),
        (100, 29),
        (120, 36),
        (160, 45),
        (300, 100),
    ] {
        for keys in [
            "Alt-o", "Alt-o D", "M", "G r", ". f", "D", "S r", "L D", "L Dn D", "L +", "L",
            "Dn Dn", "Dn Ret", "Dn V", "?", "Alt-a", "Alt-l", "J 4", "Ret V S",
        ] {
            let mut world = world(width, height);
            world.press(keys);
            let (_, cursor) = world.frame(crate::tui::screen::theme::Theme::Mono);
            assert!(
                cursor.0 < width && cursor.1 < height,
                "{keys} at {width}x{height}"
            );
            let prompt = world.app.prompt.clone();
            for (w, h) in [(40, 10), (20, 5), (120, 36), (80, 24)] {
                world.resize(w, h);
                assert_eq!(world.app.prompt.is_some(), prompt.is_some());
                let (_, cursor) = world.frame(crate::tui::screen::theme::Theme::Mono);
                assert!(cursor.0 < w && cursor.1 < h);
            }
        }
    }
}

#[test]
fn a_resize_keeps_the_selection_in_sight() {
    let mut world = world(80, 24);
    world.press("Spc Spc Dn Dn");
    let key = world.selected();
    for (width, height) in [(40, 10), (120, 36), (20, 5), (80, 24), (160, 45)] {
        world.resize(width, height);
        assert_eq!(world.selected(), key);
        let rows = usize::from(world.app.layout.index(false).height);
        let index = &world.app.index;
        assert!(index.top <= index.selected && index.selected < index.top + rows);
    }
    assert_eq!(world.app.screen, Screen::Index);
}

#[test]
fn a_stopped_sign_in_stays_on_the_screen_until_nothing_can_be_stored() {
    let mut world = setup(80, 24);
    world.end = |_| None;
    world.type_text("Alice");
    world.press("Ret");
    world.type_text("alice@example.test");
    world.press("Ret");
    world.type_text("pw");
    world.press("Ret Ret");
    let (ticket, _) = world.done.last().cloned().unwrap();
    world.press("^C");
    assert_eq!(world.done.last().unwrap().1, Action::Stop(ticket));
    assert!(world.app.setup.trying.is_some(), "the end has not come yet");
    world.event(Event::Ended(ticket, Ended::Stopped));
    assert!(world.app.setup.trying.is_none());
    assert!(world.screen().contains("Stopped; nothing was stored."));
}

#[test]
fn the_user_level_decides_how_many_rows_of_keys_there_are() {
    for (menu, rows) in [
        (KeyMenu::New, 2),
        (KeyMenu::Familiar, 1),
        (KeyMenu::Expert, 0),
    ] {
        let mut world = World::new(80, 24);
        world.app.layout = world.app.layout.with_menu(menu);
        world.event(Event::Resize(80, 24));
        let screen = world.screen();
        let keys = screen.lines().filter(|l| l.contains("[ViewMsg]")).count();
        assert_eq!(keys, usize::from(rows > 0), "{screen}");
        assert_eq!(world.app.layout.key_rows(), rows);
        if rows == 1 {
            let mut shown = String::new();
            for _ in 0..8 {
                shown.push_str(&world.screen());
                world.press("O");
            }
            for label in ["MarkRead", "Export", "NextNew", "Quit", "Jump", "FldrList"] {
                assert!(shown.contains(label), "{label} in {shown}");
            }
        }
    }
}

#[test]
fn no_row_that_is_set_in_loses_its_end() {
    let mut world = World::new(80, 24);
    let line = format!("[1] http:{}END", "x".repeat(68));
    let key = world.app.index.row().unwrap().key;
    world.documents.insert(key, text(&[line.as_str()]));
    world.press("Ret");
    let screen = world.screen();
    assert!(screen.contains("xEN\nD\n"), "{screen}");
}

#[test]
fn a_pop3_account_is_set_up_with_its_policy_in_words() {
    at_sizes("setup_pop3", |width, height| {
        let mut world = setup(width, height);
        world.press("Tab");
        world.type_text("me@elsewhere.example");
        world.press("Tab");
        world.type_text("secret");
        world.press("^T");
        world.press("Spc");
        world.type_text("pop.elsewhere.example");
        for _ in 0..8 {
            world.press("Tab");
        }
        world.press("Spc");
        world
    });
    at_sizes("setup_local", |width, height| {
        let mut world = setup(width, height);
        world.press("Tab");
        world.type_text("me@elsewhere.example");
        world.press("^T");
        world.press("Left");
        world
    });
}
