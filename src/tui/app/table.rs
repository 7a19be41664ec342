//! The rows of the command table.

mod book;
mod files;
mod outbox;
mod rows;
mod views;
mod writing;

use super::command::Entry;

/// All commands that are built, in the order in which key rows and help show them.
pub const COMMANDS: &[Entry] = &joined::<{ count(TABLES) }>(TABLES);

const TABLES: &[&[Entry]] = &[
    rows::ENTRIES,
    writing::ENTRIES,
    book::ENTRIES,
    outbox::ENTRIES,
    views::ENTRIES,
    files::ENTRIES,
];

const fn count(mut tables: &[&[Entry]]) -> usize {
    let mut count = 0;
    while let Some((table, others)) = tables.split_first() {
        count += table.len();
        tables = others;
    }
    count
}

/// All tables in one, at compile time.
const fn joined<const N: usize>(mut tables: &[&[Entry]]) -> [Entry; N] {
    let mut all = [Entry::NONE; N];
    let mut room: &mut [Entry] = &mut all;
    let mut table: &[Entry] = &[];
    while let Some((place, left)) = room.split_first_mut() {
        // A table may be empty.
        while table.is_empty() {
            let Some((first, others)) = tables.split_first() else {
                break;
            };
            table = first;
            tables = others;
        }
        if let Some((entry, others)) = table.split_first() {
            *place = *entry;
            table = others;
        }
        room = left;
    }
    all
}
