//! The rows of the command table.

mod rows;
mod views;
mod writing;

use super::command::Entry;

/// All commands that are built, in the order in which key rows and help show them.
pub const COMMANDS: &[Entry] = &joined::<COUNT>([
    rows::ENTRIES,
    writing::WAITING,
    writing::ENTRIES,
    views::ENTRIES,
]);

const COUNT: usize =
    rows::ENTRIES.len() + writing::WAITING.len() + writing::ENTRIES.len() + views::ENTRIES.len();

/// All tables in one, at compile time.
const fn joined<const N: usize>(tables: [&'static [Entry]; 4]) -> [Entry; N] {
    let mut all = [Entry::NONE; N];
    let mut room: &mut [Entry] = &mut all;
    let [mut rest, mut next, mut third, mut last] = tables;
    while let Some((place, left)) = room.split_first_mut() {
        // A table may be empty.
        while rest.is_empty() && !(next.is_empty() && third.is_empty() && last.is_empty()) {
            rest = next;
            next = third;
            third = last;
            last = &[];
        }
        if let Some((entry, others)) = rest.split_first() {
            *place = *entry;
            rest = others;
        }
        room = left;
    }
    all
}
