//! The messages of a mailbox that have something in common, read in pages so that no reader holds
//! more than one of them.

use std::collections::BTreeSet;

use crate::model::{Flags, MailboxKey, MessageKey};
use crate::ops::index::{Anchor, Filter, Place, Walk, Window, page, rows_of};
use crate::store::lists::IndexRow;
use crate::store::{Reader, StoreError};
use crate::tui::app::event::Criterion;

const ROWS: usize = 2_000;

/// Their keys, newest first.
pub fn keys(
    reader: &Reader,
    walk: &Walk,
    criterion: &Criterion,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut keys = Vec::new();
    let mut anchor = Anchor::Top;
    loop {
        let window = Window {
            walk: Walk {
                filter: match (criterion, walk.filter) {
                    (Criterion::Unread, Filter::All) => Filter::Unread,
                    (Criterion::Flagged, Filter::All) => Filter::Flagged,
                    (_, filter) => filter,
                },
                ..walk.clone()
            },
            reversed: false,
            anchor,
            before: 0,
            after: ROWS,
        };
        let found = page(reader, &window)?;
        keys.extend(
            found
                .rows
                .iter()
                .filter(|row| has(row, criterion))
                .map(|row| row.key),
        );
        let Some(last) = found.rows.last().filter(|_| found.more_after) else {
            return Ok(keys);
        };
        // The next one begins below the last row.
        let place: Place = last.place();
        anchor = Anchor::Place(Place {
            key: MessageKey(place.key.0 - 1),
            ..place
        });
    }
}

/// The same of a list of keys: those that are still in its mailboxes.
pub fn of_keys(
    reader: &Reader,
    walk: &Walk,
    keys: &[MessageKey],
    criterion: &Criterion,
) -> Result<Vec<MessageKey>, StoreError> {
    let within: BTreeSet<MailboxKey> = walk.mailboxes.iter().copied().collect();
    let mut found = Vec::new();
    for some in keys.chunks(ROWS) {
        let rows = rows_of(reader, some)?.into_iter();
        let is_there = |row: &IndexRow| row.mailbox.is_some_and(|key| within.contains(&key));
        let those = rows.filter(|row| is_there(row) && has(row, criterion));
        found.extend(those.map(|row| row.key));
    }
    Ok(found)
}

fn has(row: &IndexRow, criterion: &Criterion) -> bool {
    match criterion {
        Criterion::All => true,
        Criterion::Unread => !row.flags.has(Flags::SEEN),
        Criterion::Flagged => row.flags.has(Flags::FLAGGED),
        Criterion::From(address) => row
            .from
            .iter()
            .any(|from| from.address.eq_ignore_ascii_case(address)),
    }
}
