//! The messages of a view that have something in common, read in pages so that no reader holds more
//! than one of them. What a query asks for is looked up as a search does it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use crate::mime::sanitize;
use crate::model::query::State;
use crate::model::{Flags, Keys, List, MessageKey, Query, View};
use crate::ops::index::{Anchor, Filter, Place, Walk, Window, page};
use crate::ops::search::{Ask, Scope, Stop};
use crate::ops::threads;
use crate::store::lists::{self, IndexRow};
use crate::store::search::Searcher;
use crate::store::{Reader, Store, StoreError};
use crate::tui::app::event::Criterion;

const ROWS: usize = 2_000;

/// The messages that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Their keys.
    pub keys: Vec<MessageKey>,
    /// About how many messages a query did not look at, because their text is not in the index yet.
    pub unindexed: u64,
}

/// The keys of those messages.
pub fn keys(
    (store, search_db): (&Store, &Path),
    reader: &Reader,
    view: &View,
    walk: &Walk,
    criterion: &Criterion,
) -> Result<Found, StoreError> {
    let mut unindexed = 0;
    let some = match &view.list {
        List::Keys(Keys { keys, .. }) => Some(keys),
        _ => None,
    };
    let found = match (criterion, some) {
        (Criterion::Query(query), _) => by_query((store, search_db), walk, query, &mut unindexed)?,
        (Criterion::Thread(message), _) => match threads::of_message(reader, *message)? {
            Some(thread) => threads::keys(reader, walk, thread)?,
            None => vec![*message],
        },
        (criterion, Some(keys)) => {
            let within = walk.within();
            let there = |row: &IndexRow| row.mailbox.is_some_and(|m| within.contains(&m));
            by_row(reader, keys, |row| there(row) && has(row, criterion))?
        }
        (criterion, None) => by_walk(reader, walk, criterion)?,
    };
    let keys = match some {
        None => of_list(reader, walk, criterion, found)?,
        Some(keys) => {
            let keys: BTreeSet<&MessageKey> = keys.iter().collect();
            found.into_iter().filter(|key| keys.contains(key)).collect()
        }
    };
    Ok(Found { keys, unindexed })
}

/// What is looked up by thread or query is more than a list of unread or flagged mail shows.
fn of_list(
    reader: &Reader,
    walk: &Walk,
    criterion: &Criterion,
    found: Vec<MessageKey>,
) -> Result<Vec<MessageKey>, StoreError> {
    let looked_up = matches!(criterion, Criterion::Thread(_) | Criterion::Query(_));
    let state = match walk.filter {
        Filter::Unread => State::Unread,
        Filter::Flagged => State::Flagged,
        Filter::All => return Ok(found),
    };
    match looked_up {
        true => by_row(reader, &found, |row| is(&row.flags, state)),
        false => Ok(found),
    }
}

/// Those of these messages whose rows are so, in their order.
fn by_row(
    reader: &Reader,
    keys: &[MessageKey],
    is_so: impl Fn(&IndexRow) -> bool,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut found = Vec::new();
    for some in keys.chunks(ROWS) {
        let rows = lists::rows_of(reader, some.iter().copied())?;
        let is_so = |key: &&MessageKey| rows.get(key).is_some_and(&is_so);
        found.extend(some.iter().filter(is_so));
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
    (store, search_db): (&Store, &Path),
    walk: &Walk,
    query: &Query,
    unindexed: &mut u64,
) -> Result<Vec<MessageKey>, StoreError> {
    let mut searcher = Searcher::open(store, search_db)?;
    let mut found = Vec::new();
    for (mailbox, portion) in walk.portions() {
        let from = found.len();
        let ask = Ask {
            query,
            is_typing: false,
            scope: Scope::Mailbox(mailbox),
            now: store.now(),
            zone: &|at| super::files::offset_at(at) * 60,
            is_enough: &|| false,
        };
        let told = searcher.find(&ask, &Stop::default(), &mut |hit| {
            found.push(hit.message);
            ControlFlow::Continue(())
        })?;
        if portion.alone {
            for key in found.split_off(from) {
                if lists::is_alone(searcher.reader(), key)? {
                    found.push(key);
                }
            }
        }
        // All mail, and not only that of this mailbox: it is said with `about`.
        *unindexed = (*unindexed).max(told.unindexed);
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
    use crate::model::AccountKey;
    use crate::model::MailboxKey;
    use crate::store::accounts::{AccountKind, ensure};
    use crate::store::bodies::{self, BodyWriter};
    use crate::store::local;
    use crate::store::messages::insert_local;
    use crate::store::search::{Indexer, Step};
    use crate::store::tests::threads::answer;
    use crate::store::tests::{Bed, arrived};

    /// A mailbox of this machine with some messages, the path of the index, and a second mailbox.
    fn mail(bed: &Bed) -> (Vec<MessageKey>, std::path::PathBuf, [MailboxKey; 2]) {
        let made = bed.put(|tx| {
            let here: AccountKey = ensure(tx, "local", AccountKind::Local)?;
            let notes = local::ensure(tx, here, "Notes", None)?;
            let other = local::ensure(tx, here, "Other", None)?;
            let mut keys = Vec::new();
            for (uid, mailbox, text) in [
                (1, notes, "a walk under lacebark trees"),
                (2, notes, "a walk under oaks"),
                (3, other, "lacebark elsewhere"),
            ] {
                let (key, content) = insert_local(tx, mailbox, &arrived(uid, &uid.to_string()))?;
                let raw = format!("Subject: About {uid}\r\n\r\n{text}\r\n");
                bodies::store(tx, &BodyWriter::whole(content, "", raw.as_bytes()))?;
                keys.push(key);
            }
            Ok((keys, [notes, other]))
        });
        let path = bed.folder.path().join("search.db");
        (made.0, path, made.1)
    }

    fn index(bed: &Bed, path: &Path) {
        let mut indexer = Indexer::begin(&bed.store, path).unwrap().unwrap();
        while indexer.step().unwrap() != Step::All {}
    }

    fn asked(bed: &Bed, path: &Path, view: &View, query: &str) -> Found {
        let walk = Walk::of(view.one_mailbox().unwrap(), Filter::All);
        let criterion = Criterion::Query(Box::new(Query::parse(query).unwrap()));
        let reader = bed.store.reader().unwrap();
        keys((&bed.store, path), &reader, view, &walk, &criterion).unwrap()
    }

    #[test]
    fn a_query_selects_by_the_index_in_this_list_alone() {
        let bed = Bed::new();
        let (keys, path, [notes, _]) = mail(&bed);
        index(&bed, &path);
        let view = View::of(List::Mailbox(notes));
        for (query, wanted) in [
            ("lacebark", vec![keys[0]]),
            ("walk", vec![keys[1], keys[0]]),
            ("walk -oak", vec![keys[0]]),
            ("subject:about", vec![keys[1], keys[0]]),
            ("nowhere", vec![]),
        ] {
            let found = asked(&bed, &path, &view, query);
            assert_eq!((found.keys, found.unindexed), (wanted, 0), "{query}");
        }
    }

    #[test]
    fn a_query_says_how_many_messages_it_did_not_look_at() {
        let bed = Bed::new();
        let (keys, path, [notes, _]) = mail(&bed);
        let view = View::of(List::Mailbox(notes));
        let found = asked(&bed, &path, &view, "lacebark");
        assert_eq!((found.keys, found.unindexed), (vec![], 3));
        // What asks for no words looks at all messages.
        let found = asked(&bed, &path, &view, "is:unread");
        assert_eq!((found.keys.len(), found.unindexed), (2, 0));
        index(&bed, &path);
        let found = asked(&bed, &path, &view, "lacebark");
        assert_eq!((found.keys, found.unindexed), (vec![keys[0]], 0));
    }

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
            found.keys.into_iter().collect()
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
