//! The window of rows over a large mailbox.

use crate::model::{Filter, Flags, List, MailboxKey, MessageKey, Order, Role, View};
use crate::tui::app::event::{From, Question};
use crate::tui::app::view::{Page, Row};

use super::world::{World, row};

impl World {
    /// Rows of a view, as a reader would find them.
    pub fn page(&self, view: &View, from: From, around: usize) -> Page {
        if !view.list.takes(MailboxKey(1), Some(Role::Inbox)) {
            return Page {
                at_start: true,
                at_end: true,
                ordinal: Some(1),
                ..Page::default()
            };
        }
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        match view.shown() {
            Filter::All => {}
            Filter::Unread => rows.retain(|row| !row.seen()),
            Filter::Flagged => rows.retain(|row| row.flags.has(Flags::FLAGGED)),
        }
        if let List::Keys(keys) = &view.list {
            rows.retain(|row| keys.keys.contains(&row.key));
            if keys.in_order {
                rows.sort_by_key(|row| keys.keys.iter().position(|key| *key == row.key));
            }
        }
        match view.order {
            Order::Size => rows.sort_by_key(|row| std::cmp::Reverse(row.size)),
            Order::Subject => rows.sort_by_key(|row| row.envelope.subject.to_lowercase()),
            Order::From => rows.sort_by_key(|row| row.envelope.from[0].name.to_lowercase()),
            Order::Arrival | Order::Date | Order::Thread => {}
        }
        if view.reversed {
            rows.reverse();
        }
        let count = rows.len();
        let at = match from {
            From::First => 0,
            From::Last => count.saturating_sub(1),
            From::Ordinal(n) => (n as usize).saturating_sub(1),
            From::Around(anchor) => rows
                .iter()
                .position(|row| row.key == anchor.key)
                .unwrap_or_else(|| rows.partition_point(|row| row.anchor() > anchor)),
        };
        let (first, last) = (at.saturating_sub(around), (at + around).min(count));
        Page {
            rows: rows[first..last].iter().map(|row| (*row).clone()).collect(),
            anchor: Some(at - first),
            at_start: first == 0,
            at_end: last == count,
            ordinal: Some(first as u64 + 1),
            total: count as u64,
            unread: rows.iter().filter(|row| !row.seen()).count() as u64,
        }
    }
}

fn large() -> World {
    let rows: Vec<Row> = (0..5000)
        .map(|n| {
            row(
                10_000 - n,
                1_700_000_000 - n * 60,
                "Sven",
                &format!("Number {}", n + 1),
                "",
            )
        })
        .collect();
    let mut world = World::unstarted(80, 24, rows);
    world.start();
    world
}

#[test]
fn paging_never_loads_more_than_its_window() {
    let mut world = large();
    for _ in 0..100 {
        world.press("Spc");
        assert!(
            world.app.index.rows.len() <= 300,
            "{}",
            world.app.index.rows.len()
        );
    }
    assert_eq!(world.app.index.number(), Some(2001));
    world.press("End");
    assert_eq!(world.selected(), MessageKey(5001));
    assert_eq!(world.app.index.number(), Some(5000));
    world.press("Home");
    assert_eq!(world.app.index.number(), Some(1));
}

#[test]
fn a_held_key_stops_at_the_edge_of_what_is_here_and_goes_on() {
    let mut world = large();
    world.slow = true;
    for _ in 0..400 {
        world.press("Dn");
    }
    let reached = world.app.index.number().unwrap();
    assert!(reached >= 150, "{reached}");
    world.catch_up();
    world.press("Dn");
    assert_eq!(world.app.index.number(), Some(reached + 1));
}

#[test]
fn a_change_asks_for_the_window_and_for_nothing_else() {
    let mut world = large();
    world.press("Spc Spc");
    world.slow = true;
    world.changed();
    let pages = world
        .waiting
        .iter()
        .filter(|(_, q)| matches!(q, Question::Page { .. }))
        .count();
    assert_eq!(pages, 1);
    assert!(world.waiting.len() <= 2, "{:?}", world.waiting);
}
