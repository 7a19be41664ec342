//! The order of an index.

use crate::model::{List, Order, View};
use crate::tui::app::App;
use crate::tui::app::event::Action;
use crate::tui::app::prompt::{Prompt, Purpose};

/// The letters of the question, as Alpine has them.
const OFFERED: [(char, &str, Order); 6] = [
    ('a', "Arrival", Order::Arrival),
    ('d', "Date", Order::Date),
    ('f', "From", Order::From),
    ('s', "Subject", Order::Subject),
    ('z', "Size", Order::Size),
    ('h', "Thread", Order::Thread),
];

/// `$`.
pub(in crate::tui::app) fn ask(app: &mut App) {
    let Some(view) = &app.index.view else {
        return app.hint("No folder is open.");
    };
    if matches!(&view.list, List::Keys(keys) if keys.in_order) {
        return app.hint("What is found stands newest first.");
    }
    let now = OFFERED
        .iter()
        .position(|(_, _, order)| *order == view.order);
    let question = format!("Sort {} by", app.list_name(&view.list));
    let mut options: Vec<_> = OFFERED
        .iter()
        .map(|(letter, word, _)| (*letter, *word))
        .collect();
    options.push(('r', "Reverse"));
    app.open_prompt(Prompt::choice(
        Purpose::SortBy,
        question,
        options,
        now.unwrap_or(0),
    ));
}

/// The answer to `$`.
pub(in crate::tui::app) fn sort_by(app: &mut App, letter: char) {
    let Some(view) = app.index.view.clone() else {
        return;
    };
    let chosen = OFFERED.iter().find(|(known, _, _)| *known == letter);
    let next = match chosen {
        Some((_, _, order)) if *order == view.order => return app.hint("It is in that order."),
        Some((_, _, order)) => View {
            order: *order,
            reversed: false,
            ..view
        },
        None => View {
            reversed: !view.reversed,
            ..view
        },
    };
    let (list, order, reversed) = (next.list.clone(), next.order, next.reversed);
    app.orders.retain(|(known, _, _)| *known != list);
    app.orders.push((list.clone(), order, reversed));
    let words = order_words(&next);
    let count = app.index.total;
    app.index.reorder(next);
    if !matches!(list, List::Keys(_)) {
        app.act(Action::KeepOrder {
            list,
            order,
            reversed,
        });
    }
    app.hint(match count {
        0..=20_000 => format!("Sorted by {words}."),
        _ => format!("Sorting {count} messages by {words}. Keys work meanwhile."),
    });
}

/// `subject`, `size, turned round`.
pub(in crate::tui) fn order_words(view: &View) -> String {
    let turned = match (view.order, view.reversed) {
        (_, false) => "",
        (Order::Arrival | Order::Date | Order::Thread, true) => ", oldest first",
        (Order::Size, true) => ", smallest first",
        (Order::From | Order::Subject, true) => ", from Z to A",
    };
    format!("{}{turned}", view.order.word())
}
