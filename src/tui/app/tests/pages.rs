//! The window of rows over a large mailbox.

use crate::model::MessageKey;
use crate::tui::app::event::Question;
use crate::tui::app::view::Row;

use super::world::{World, row};

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
