//! Conversations in the index: trees, folds, and commands on the whole of one.

use std::collections::BTreeMap;

use crate::model::thread::{Folds, IdHash, Lineage, Member, TreeCell, base_subject, tree};
use crate::model::{ContentKey, Flags, List, MailboxKey, MessageKey, Order, ThreadKey, View};
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Action, Changed, Event, From, Threads};
use crate::tui::app::view::{Page, Row};

use super::screens::shot;
use super::world::{DAY, NOW, World, row};

impl World {
    /// The list as the store would give it, whole.
    pub fn conversations(&self, seen: &Threads, from: From) -> Page {
        let mut of: BTreeMap<ThreadKey, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            of.entry(row.thread).or_default().push(row);
        }
        let listed = |row: &&&Row| row.mailbox == MailboxKey(1);
        let newest = |rows: &[&Row]| rows.iter().filter(listed).map(|row| row.arrival).max();
        let mut all: Vec<(i64, Vec<&Row>)> = of
            .into_values()
            .filter_map(|rows| Some((newest(&rows)?, rows)))
            .collect();
        all.sort_by_key(|(newest, rows)| std::cmp::Reverse((*newest, rows[0].thread)));
        let mut shown: Vec<Row> = Vec::new();
        let mut anchor = None;
        for (newest, rows) in all {
            let first = shown.len();
            let wanted = rows
                .iter()
                .any(|row| matches!(from, From::Around(at) if at.key == row.key));
            self.unfold(seen, newest, &rows, &mut shown);
            let exact = |row: &Row| matches!(from, From::Around(at) if at.key == row.key);
            let exact = shown.iter().position(exact);
            anchor = exact.or(wanted.then_some(first)).or(anchor);
        }
        Page {
            anchor,
            at_start: true,
            at_end: true,
            ordinal: None,
            total: self
                .rows
                .iter()
                .filter(|row| row.mailbox == MailboxKey(1))
                .count() as u64,
            unread: self.rows.iter().filter(|row| !row.seen()).count() as u64,
            rows: shown,
        }
    }

    /// The messages of a conversation that are in the mailbox.
    pub fn thread_of(&self, message: MessageKey) -> Vec<MessageKey> {
        let of = self.rows.iter().find(|row| row.key == message);
        let of = of.map(|row| row.thread);
        let rows = self.rows.iter().filter(|row| Some(row.thread) == of);
        let here = rows.filter(|row| row.mailbox == MailboxKey(1));
        here.map(|row| row.key).collect()
    }

    /// The conversation of a message as it is read in one piece.
    pub fn whole_thread(&self, message: MessageKey) -> Vec<Row> {
        let of = self.rows.iter().find(|row| row.key == message);
        let Some(of) = of.map(|row| row.thread) else {
            return Vec::new();
        };
        let seen = Threads {
            folds: Folds {
                open: true,
                ..Folds::default()
            },
            stood: None,
        };
        let all = self.conversations(&seen, From::First);
        all.rows
            .into_iter()
            .filter(|row| row.thread == of)
            .collect()
    }

    fn unfold(&self, seen: &Threads, newest: i64, rows: &[&Row], shown: &mut Vec<Row>) {
        let id = |key: MessageKey| IdHash(key.0 as u64);
        let member = |row: &&Row| Member {
            content: ContentKey(row.key.0),
            blob: None,
            date: row.arrival,
            lineage: Lineage {
                own: Some(id(row.key)),
                above: self
                    .above
                    .get(&row.key)
                    .map(|key| id(*key))
                    .into_iter()
                    .collect(),
            },
        };
        let members: Vec<Member> = rows.iter().map(member).collect();
        let nodes = tree(&members);
        let of = |at: usize| rows[nodes[at].members[0]];
        let here: Vec<&&Row> = rows
            .iter()
            .filter(|row| row.mailbox == MailboxKey(1))
            .collect();
        if !seen.folds.is_open(rows[0].thread) {
            let head = (0..nodes.len())
                .map(of)
                .find(|row| row.mailbox == MailboxKey(1))
                .unwrap();
            let folded = nodes.len() > 1;
            let cell = TreeCell {
                hidden: nodes.len() as u64 - 1,
                unread: here.iter().filter(|row| !row.seen()).count() as u64,
                folded,
                newest,
                behind: here.iter().map(|row| row.key).filter(|_| folded).collect(),
                ..TreeCell::default()
            };
            shown.push(Row {
                tree: Some(cell),
                ..head.clone()
            });
            return;
        }
        for (at, node) in nodes.iter().enumerate() {
            let row = of(at);
            let above = node
                .parent
                .map(|parent| base_subject(&of(parent).envelope.subject));
            let cell = TreeCell {
                newest,
                foreign: row.mailbox != MailboxKey(1),
                same_subject: above == Some(base_subject(&row.envelope.subject)),
                ..TreeCell::of(&nodes, at)
            };
            shown.push(Row {
                tree: Some(cell),
                ..row.clone()
            });
        }
    }
}

/// The conversations of mock-up 3: keys are also the order of arrival.
pub fn conversations(width: u16, height: u16) -> World {
    let at = |day: i64, minute: i64| NOW - 20 * DAY + day * DAY + minute * 60;
    let list = [
        (
            1,
            1,
            0,
            at(0, 1),
            "Maria Kowalczyk",
            "[PATCH v3 0/7] mm: reclaim rework",
            "",
        ),
        (
            2,
            1,
            1,
            at(0, 2),
            "Priya Raghunathan",
            "Re: [PATCH v3 0/7] mm: reclaim rework",
            "",
        ),
        (
            3,
            1,
            2,
            at(0, 3),
            "山田 太郎",
            "Re: [PATCH v3 0/7] mm: reclaim rework",
            "N",
        ),
        (
            4,
            1,
            3,
            at(0, 4),
            "Sven Ångström",
            "Re: [PATCH v3 0/7] mm: reclaim rework",
            "N",
        ),
        (
            5,
            1,
            2,
            at(0, 5),
            "王小明",
            "Was: reclaim rework (benchmarks)",
            "N",
        ),
        (
            6,
            1,
            2,
            at(1, 1),
            "דוד כהן",
            "Re: [PATCH v3 0/7] mm: reclaim rework",
            "",
        ),
        (
            10,
            2,
            0,
            at(-1, 1),
            "Jean-Baptiste de La Salle",
            "Lifetimes in async traits",
            "",
        ),
        (
            11,
            2,
            10,
            at(-1, 2),
            "Tom O'Brien",
            "Re: Lifetimes in async traits",
            "N",
        ),
        (
            12,
            2,
            10,
            at(-1, 3),
            "Tom O'Brien",
            "Re: Lifetimes in async traits",
            "N",
        ),
        (
            13,
            2,
            12,
            at(-1, 4),
            "Alice Example",
            "Re: Lifetimes in async traits",
            "",
        ),
        (
            20,
            3,
            0,
            at(-2, 1),
            "Maria Kowalczyk",
            "Password reset",
            "N",
        ),
    ];
    let mut above = BTreeMap::new();
    let rows = list.map(|(key, thread, parent, at, from, subject, flags)| {
        if parent > 0 {
            above.insert(MessageKey(key), MessageKey(parent));
        }
        Row {
            thread: ThreadKey(thread),
            // What Alice answered lies in Sent.
            mailbox: MailboxKey(if key == 13 { 3 } else { 1 }),
            ..row(key, at, from, subject, flags)
        }
    });
    let mut world = World::unstarted(width, height, rows.into());
    world.above = above;
    world.start();
    world.app.index.open(View {
        order: Order::Thread,
        ..View::of(List::Mailbox(MailboxKey(1)))
    });
    world.drawn();
    world.press("Home");
    world
}

impl World {
    /// The rows in sight: key, and what stands before the subject.
    pub fn told(&self) -> Vec<String> {
        self.app
            .index
            .rows
            .iter()
            .map(|row| {
                let tree = row.tree.clone().unwrap_or_default();
                let behind = match tree.folded {
                    true => format!("+{} N{}", tree.hidden, tree.unread),
                    false => tree.drawing(),
                };
                format!("{} {behind}", row.key).trim().to_owned()
            })
            .collect()
    }

    pub fn moved_keys(&self) -> Vec<i64> {
        match &self.done.last().unwrap().1 {
            Action::Move { messages, .. } => messages.iter().map(|key| key.0).collect(),
            other => panic!("{other:?}"),
        }
    }

    pub fn status(&self) -> String {
        self.app.status.clone().unwrap().text
    }
}

const FOLDED: [&str; 3] = ["1 +5 N3", "10 +3 N2", "20"];

#[test]
fn mock_3_a_thread_is_drawn_as_a_tree_and_a_folded_one_tells_what_it_hides() {
    for (name, width, height) in [("threads", 80, 24), ("threads_wide", 120, 36)] {
        let mut world = conversations(width, height);
        assert_eq!(world.told(), FOLDED);
        world.press("] Dn Dn : Dn : Dn : Dn :");
        shot(&format!("{name}_selected"), &world);
        world.press("Esc }");
        shot(name, &world);
    }
}

#[test]
fn brackets_fold_one_and_braces_all_and_the_cursor_stays_on_its_message() {
    let mut world = conversations(80, 24);
    world.press("Dn ]");
    assert_eq!(
        world.told(),
        ["1 +5 N3", "10", "11 ├─", "12 └─", "13 └─", "20"].map(|line| {
            if line == "13 └─" {
                "13   └─"
            } else {
                line
            }
        })
    );
    assert_eq!(world.selected(), MessageKey(10));
    world.press("Dn Dn Dn");
    assert_eq!(world.selected(), MessageKey(13));
    world.press("[");
    assert_eq!(
        (world.told(), world.selected()),
        (FOLDED.map(str::to_owned).into(), MessageKey(10))
    );
    world.press("[");
    assert!(
        world.status().contains("Nothing is left to fold"),
        "{}",
        world.status()
    );
    world.press("End }");
    assert_eq!((world.told().len(), world.selected()), (11, MessageKey(20)));
    world.press("{");
    assert_eq!((world.told().len(), world.selected()), (3, MessageKey(20)));
    world.press("]");
    assert!(
        world.status().contains("Nothing is folded"),
        "{}",
        world.status()
    );
}

#[test]
fn a_command_on_a_folded_row_is_for_the_thread_in_this_folder_and_one_undo_takes_it_back() {
    let mut world = conversations(80, 24);
    world.press("Dn D");
    // What Alice sent lies in Sent and stays there.
    assert_eq!(world.moved_keys(), [10, 11, 12]);
    assert_eq!(
        world.status(),
        "Deleted 3 messages of the thread.  U undoes."
    );
    assert_eq!(world.told(), ["1 +5 N3", "20"]);
    world.press("U");
    assert_eq!(
        (world.told(), world.selected()),
        (FOLDED.map(str::to_owned).into(), MessageKey(10))
    );
    world.press("K");
    let last = world.done.last().unwrap().1.clone();
    let Action::Flags {
        messages, change, ..
    } = last
    else {
        panic!("{last:?}")
    };
    // One was read already.
    assert_eq!((messages.len(), change.add.has(Flags::SEEN)), (2, true));
    assert_eq!(
        world.status(),
        "Marked 3 messages of the thread read.  U undoes."
    );
    assert_eq!(world.told()[1], "10 +3 N0");
    world.press("K");
    assert_eq!(world.told()[1], "10 +3 N3");
    // An unfolded row is one message.
    world.press("] Dn D");
    assert_eq!(world.moved_keys(), [11]);
}

#[test]
fn control_d_deletes_the_thread_from_any_row_and_from_the_message() {
    for keys in ["^D", "] Dn Dn ^D", "] Dn > ^D"] {
        let mut world = conversations(80, 24);
        world.press("Dn");
        world.press(keys);
        assert_eq!(world.moved_keys(), [10, 11, 12], "{keys}");
        assert_eq!(
            world.status(),
            "Deleted 3 messages of the thread.  U undoes."
        );
        world.press("< U".split(' ').next_back().unwrap());
        assert_eq!(world.rows.len(), 11, "{keys}");
    }
    // In a list by arrival too.
    let mut world = conversations(80, 24);
    world.app.index.open(View::mailbox(MailboxKey(1)));
    world.drawn();
    world.press("Home ^D");
    assert_eq!(world.moved_keys(), [1, 2, 3, 4, 5, 6]);
    world.press("U");
    assert_eq!(world.rows.len(), 11);
}

#[test]
fn a_key_that_comes_before_the_messages_are_known_is_not_taken_for_another() {
    let mut world = conversations(80, 24);
    world.press("]");
    world.slow = true;
    world.press("^D Dn");
    world.catch_up();
    assert!(world.done.is_empty(), "{:?}", world.done);
}

#[test]
fn a_folded_row_is_selected_whole() {
    let mut world = conversations(80, 24);
    world.press("Dn :");
    assert_eq!(world.app.index.marked.len(), 3);
    world.press("D");
    assert_eq!(world.moved_keys(), [10, 11, 12]);
    world.press("U :");
    world.press(":");
    assert!(world.app.index.marked.is_empty());
}

#[test]
fn a_folded_row_of_which_some_is_selected_says_so_and_its_command_asks_which() {
    let mut world = conversations(80, 24);
    // One of the messages behind the second row.
    world.press("Dn ] Dn Dn : [");
    assert_eq!(world.selected(), MessageKey(10));
    let screen = world.screen();
    let title = screen.lines().next().unwrap();
    assert!(title.contains("1 selected of"), "{title}");
    let line = screen.lines().find(|line| line.starts_with('>')).unwrap();
    assert!(line.starts_with(">x"), "{line}");
    world.press("D");
    assert!(
        world.app.prompt.is_some(),
        "the selected one, or the thread?"
    );
    world.press("t");
    assert_eq!(world.moved_keys(), [10, 11, 12]);
    world.press("U Esc");
    // The menu of ; selects the whole of it, as : does.
    world.press("Home : Dn ; c");
    let marked = |world: &World| world.app.index.marked.len();
    assert_eq!(marked(&world), 9);
    let screen = world.screen();
    assert!(
        screen.lines().next().unwrap().contains("9 selected of"),
        "{screen}"
    );
    world.press("; c");
    assert_eq!(marked(&world), 6);
    world.press("Home D");
    assert_eq!(world.moved_keys(), [1, 2, 3, 4, 5, 6], "no question");
}

#[test]
fn new_mail_in_another_thread_moves_no_cursor() {
    let mut world = conversations(80, 24);
    world.press("Dn ] Dn Dn");
    assert_eq!(world.selected(), MessageKey(12));
    let late = Row {
        thread: ThreadKey(3),
        ..row(30, NOW, "Maria Kowalczyk", "Re: Password reset", "N")
    };
    world.rows.insert(0, late);
    world.above.insert(MessageKey(30), MessageKey(20));
    world.event(Event::Changed(Changed {
        mailboxes: vec![MailboxKey(1)],
        ..Changed::default()
    }));
    assert_eq!(world.told()[..2], ["20 +1 N2", "1 +5 N3"]);
    assert_eq!(world.selected(), MessageKey(12));
    // Its own thread joins another one that is folded: what was open stays in sight.
    for row in world
        .rows
        .iter_mut()
        .filter(|row| row.thread == ThreadKey(1))
    {
        row.thread = ThreadKey(2);
    }
    world.event(Event::Changed(Changed {
        mailboxes: vec![MailboxKey(1)],
        ..Changed::default()
    }));
    assert_eq!(world.selected(), MessageKey(12));
}

#[test]
fn mail_of_other_folders_is_told_by_its_folder_and_is_acted_on_alone() {
    let mut world = conversations(80, 24);
    world.press("Dn ] Dn Dn Dn");
    let line = world
        .screen()
        .lines()
        .find(|line| line.starts_with('>'))
        .unwrap()
        .to_owned();
    assert!(line.trim_end().ends_with("Sent"), "{line}");
    world.press("*");
    let last = world.done.last().unwrap().1.clone();
    assert!(matches!(last, Action::Flags { messages, .. } if messages == [MessageKey(13)]));
}

#[test]
fn tab_goes_to_what_is_new_in_folded_threads_too() {
    let mut world = conversations(80, 24);
    world.press("End Home Tab");
    assert_eq!(world.selected(), MessageKey(10));
    world.press("Tab");
    assert_eq!(
        (world.selected(), world.app.screen),
        (MessageKey(20), Screen::Index)
    );
}

#[test]
fn brackets_in_a_list_by_arrival_say_why_they_do_nothing() {
    let mut world = World::new(80, 24);
    world.press("]");
    assert!(
        world.status().contains("not ordered by thread"),
        "{}",
        world.status()
    );
}
