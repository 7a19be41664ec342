//! The messages of a view that have something in common, read in pages so that no reader holds more
//! than one of them. What a query asks for is looked up as a search does it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use crate::mime::sanitize;
use crate::model::query::State;
use crate::model::{Flags, Keys, List, MailboxKey, MessageKey, Query, View};
use crate::ops::index::{Anchor, Filter, Place, Walk, Window, page};
use crate::ops::search::{Ask, Scope, Stop};
use crate::ops::threads;
use crate::store::lists::{self, IndexRow};
use crate::store::search::Searcher;
use crate::store::{Reader, Store, StoreError};
use crate::tui::app::event::Criterion;

const ROWS: usize = 2_000;

/// The keys of those messages.
pub fn keys(
    (store, search_db): (&Store, &Path),
    reader: &Reader,
    view: &View,
    walk: &Walk,
    criterion: &Criterion,
) -> Result<Vec<MessageKey>, StoreError> {
    let some = match &view.list {
        List::Keys(Keys { keys, .. }) => Some(keys),
        _ => None,
    };
    let found = match (criterion, some) {
        (Criterion::Query(query), _) => by_query(store, search_db, walk, query)?,
        (Criterion::Thread(message), _) => match threads::of_message(reader, *message)? {
            Some(thread) => threads::keys(reader, &walk.mailboxes, thread)?,
            None => vec![*message],
        },
        (criterion, Some(keys)) => {
            let within: BTreeSet<MailboxKey> = walk.mailboxes.iter().copied().collect();
            let mut found = Vec::new();
            for key in keys.iter() {
                let row = lists::row(reader, *key)?;
                let there = |row: &IndexRow| row.mailbox.is_some_and(|m| within.contains(&m));
                let row = row.filter(|row| there(row) && has(row, criterion));
                found.extend(row.map(|row| row.key));
            }
            found
        }
        (criterion, None) => by_walk(reader, walk, criterion)?,
    };
    let Some(keys) = some else {
        return of_list(reader, walk, criterion, found);
    };
    let keys: BTreeSet<&MessageKey> = keys.iter().collect();
    Ok(found.into_iter().filter(|key| keys.contains(key)).collect())
}

/// What is looked up by thread or query is more than a list of unread or flagged mail shows.
fn of_list(
    reader: &Reader,
    walk: &Walk,
    criterion: &Criterion,
    mut found: Vec<MessageKey>,
) -> Result<Vec<MessageKey>, StoreError> {
    let looked_up = matches!(criterion, Criterion::Thread(_) | Criterion::Query(_));
    let state = match walk.filter {
        Filter::Unread => State::Unread,
        Filter::Flagged => State::Flagged,
        Filter::All => return Ok(found),
    };
    if looked_up {
        let rows = lists::rows_of(reader, found.iter().copied())?;
        found.retain(|key| rows.get(key).is_some_and(|row| is(&row.flags, state)));
    }
    Ok(found)
}

fn by_walk(
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
                    (Criterion::Status(State::Unread), Filter::All) => Filter::Unread,
                    (Criterion::Status(State::Flagged), Filter::All) => Filter::Flagged,
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
        let rows = found.rows.iter().filter(|row| has(row, criterion));
        keys.extend(rows.map(|row| row.key));
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

fn by_query(
    store: &Store,
    search_db: &Path,
    walk: &Walk,
    query: &Query,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut searcher = Searcher::open(store, search_db)?;
    let mut found = Vec::new();
    for mailbox in &walk.mailboxes {
        let ask = Ask {
            query,
            is_typing: false,
            scope: Scope::Mailbox(*mailbox),
            now: store.now(),
            zone: &|at| super::files::offset_at(at) * 60,
        };
        searcher.find(&ask, &Stop::default(), &mut |hit| {
            found.push(hit.message);
            ControlFlow::Continue(())
        })?;
    }
    Ok(found)
}

fn has(row: &IndexRow, criterion: &Criterion) -> bool {
    let from = || sanitize::sender(&row.from).into_string().to_lowercase();
    let stands = |text: &str, all: &[crate::model::Address]| {
        all.iter().any(|one| {
            one.address.to_lowercase().contains(text) || one.name.to_lowercase().contains(text)
        })
    };
    match criterion {
        Criterion::All => true,
        Criterion::Status(state) => is(&row.flags, *state),
        Criterion::From(text) => stands(text, &row.from) || from().contains(text),
        Criterion::Text(text) => {
            stands(text, &row.from)
                || stands(text, &row.to)
                || row.subject.to_lowercase().contains(text)
        }
        Criterion::List(list) => row.list_id.eq_ignore_ascii_case(list),
        // These are looked up, not walked.
        Criterion::Thread(_) | Criterion::Query(_) => false,
    }
}

fn is(flags: &Flags, state: State) -> bool {
    match state {
        State::Unread => !flags.has(Flags::SEEN),
        State::Read => flags.has(Flags::SEEN),
        State::Flagged => flags.has(Flags::FLAGGED),
        State::Unflagged => !flags.has(Flags::FLAGGED),
        State::Answered => flags.has(Flags::ANSWERED),
        State::Unanswered => !flags.has(Flags::ANSWERED),
        State::Forwarded => flags.has_keyword("$Forwarded"),
        State::Draft => flags.has(Flags::DRAFT),
        State::Deleted => flags.has(Flags::DELETED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Bed;
    use crate::store::tests::threads::answer;

    #[test]
    fn a_thread_or_a_query_selects_only_what_a_list_of_unread_mail_shows() {
        let bed = Bed::new();
        let mut read = answer(2, "b", &["a"]);
        read.flags = Flags::of(Flags::SEEN);
        let keys = bed.insert(vec![answer(1, "a", &[]), read, answer(3, "c", &["a"])]);
        let reader = bed.store.reader().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let search_db = folder.path().join("search.db");
        let select = |filter, criterion: &Criterion| -> BTreeSet<MessageKey> {
            let view = View {
                filter,
                ..View::mailbox(bed.inbox)
            };
            let walk = Walk::of(bed.inbox, filter);
            let on = (&bed.store, search_db.as_path());
            let found = super::keys(on, &reader, &view, &walk, criterion).unwrap();
            found.into_iter().collect()
        };
        let query = Query::parse("is:read OR is:unread").unwrap();
        for criterion in [
            Criterion::Thread(keys[0]),
            Criterion::Query(Box::new(query)),
            Criterion::All,
        ] {
            let all = BTreeSet::from([keys[0], keys[1], keys[2]]);
            let unread = BTreeSet::from([keys[0], keys[2]]);
            assert_eq!(select(Filter::All, &criterion), all, "{criterion:?}");
            assert_eq!(select(Filter::Unread, &criterion), unread, "{criterion:?}");
        }
    }
}
