//! The rows of the command table.

mod rows;
mod views;

use super::command::Entry;

/// All commands that are built, in the order in which key rows and help show them.
pub const COMMANDS: &[Entry] = &joined::<COUNT>(rows::ENTRIES, views::ENTRIES);

const COUNT: usize = rows::ENTRIES.len() + views::ENTRIES.len();

/// Both tables in one, at compile time.
const fn joined<const N: usize>(first: &'static [Entry], then: &'static [Entry]) -> [Entry; N] {
    let mut all = [Entry::NONE; N];
    let mut room: &mut [Entry] = &mut all;
    let mut rest = first;
    let mut next = then;
    while let Some((place, left)) = room.split_first_mut() {
        if rest.is_empty() {
            rest = next;
            next = &[];
        }
        if let Some((entry, others)) = rest.split_first() {
            *place = *entry;
            rest = others;
        }
        room = left;
    }
    all
}
