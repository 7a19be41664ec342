//! Pages of an index, read for the screen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Envelope, Flags, List, MailboxKey, MessageKey, Order, View};
use crate::ops::index;
use crate::ops::index::{
    Anchor as At, Filter, IndexPage, KeyAnchor, Place, Walk, Window, ordinal, page_of_keys,
};
use crate::ops::order::{SortError, Sorted, Wanted, sort};
use crate::store::lists::{self, IndexRow, Reach};
use crate::store::{Reader, StoreError};
use crate::tui::app::event::{Answer, From, Threads};
use crate::tui::app::view::{Anchor, Page, Row};

use super::conversations;
use super::desk::Desk;

/// The lists in other orders that are kept at hand, those that were looked at last.
#[derive(Default)]
pub struct Orders {
    kept: Mutex<Vec<(Wanted, Arc<Sorted>)>>,
    /// The page that was asked for last: one that is asked for earlier is not waited for any more.
    latest: AtomicU64,
}

/// So many of them.
const KEPT: usize = 4;

impl Orders {
    /// The keys of a list in its order, as they are now. What is made already is cheap to have.
    fn keys(
        &self,
        reader: &Reader,
        wanted: &Wanted,
        stay: &[MessageKey],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<Arc<[MessageKey]>>, StoreError> {
        let known = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let found = kept.iter().find(|(one, _)| one == wanted);
            found.map(|(_, sorted)| sorted.clone())
        };
        let made = match &known {
            Some(known) => known.renewed(reader, wanted, stay, go_on),
            None => sort(reader, wanted, go_on).map(Some),
        };
        let sorted = match (made, known) {
            (Ok(Some(made)), _) => Arc::new(made),
            (Ok(None), Some(known)) => known,
            (Ok(None), None) | (Err(SortError::Stopped), _) => return Ok(None),
            (Err(SortError::Store(error)), _) => return Err(error),
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(one, _)| one != wanted);
        kept.insert(0, (wanted.clone(), sorted.clone()));
        kept.truncate(KEPT);
        Ok(Some(sorted.keys.clone()))
    }
}

/// The keys of a view that is not walked by arrival; `None` when nobody wants them any more.
fn in_order(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    walk: &Walk,
    stay: &[MessageKey],
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Arc<[MessageKey]>>, StoreError> {
    let only = match &view.list {
        List::Keys(keys) if keys.in_order => return Ok(Some(keys.keys.clone())),
        List::Keys(keys) => Some(keys.keys.clone()),
        List::Mailbox(_)
        | List::Inboxes
        | List::Unread
        | List::Flagged
        | List::All
        | List::Searched { .. } => None,
    };
    let filter = match only {
        // Keys say which messages are meant.
        Some(_) => Filter::All,
        None => walk.filter,
    };
    let wanted = Wanted {
        walk: Walk {
            filter,
            ..walk.clone()
        },
        only,
        order: view.order,
        reversed: view.reversed,
    };
    desk.orders().keys(reader, &wanted, stay, go_on)
}

fn is_walked(view: &View) -> bool {
    let by_arrival = matches!(view.order, Order::Arrival | Order::Thread);
    by_arrival && !matches!(view.list, List::Keys(_))
}

/// Where a page lies.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where.
    pub from: From,
    /// The number of that row when it was seen last, from 1.
    pub near: Option<u64>,
    /// How many rows on either side.
    pub around: usize,
    /// How conversations are seen, in a list of them.
    pub threads: Option<&'a Threads>,
    /// Messages that keep their rows though the filter has them no more.
    pub stay: &'a [MessageKey],
}

/// The mailboxes of a view, and which of their messages.
pub fn walk(desk: &Desk, reader: &Reader, view: &View) -> Result<Walk, StoreError> {
    let accounts = match view.one_mailbox() {
        Some(_) => Vec::new(),
        None => desk.shown_accounts(reader)?,
    };
    index::walk(reader, view, &accounts)
}

/// Rows of a view.
pub fn page(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    asked: Asked<'_>,
) -> Result<Answer, StoreError> {
    let latest = &desk.orders().latest;
    let own = latest.fetch_add(1, Ordering::SeqCst) + 1;
    let go_on = || latest.load(Ordering::SeqCst) == own;
    let walk = walk(desk, reader, view)?;
    if let Some(threads) = asked.threads.filter(|_| view.is_threaded()) {
        let page = conversations::page(desk, reader, &walk, view.reversed, (asked, threads));
        return page.map(Answer::Page);
    }
    if is_walked(view) {
        return by_arrival(reader, walk, view.reversed, asked).map(Answer::Page);
    }
    match in_order(desk, reader, view, &walk, asked.stay, &go_on)? {
        Some(keys) => of_keys(reader, view, &walk, &keys, asked).map(Answer::Page),
        // Another page is wanted by now, and nobody waits for this one.
        None => Ok(Answer::Failed(String::new())),
    }
}

fn by_arrival(
    reader: &Reader,
    walk: Walk,
    reversed: bool,
    asked: Asked<'_>,
) -> Result<Page, StoreError> {
    let Asked { from, around, .. } = asked;
    let (anchor, before, after) = match from {
        From::First => (At::Top, 0, 2 * around),
        From::Last => (At::End, 2 * around, 1),
        From::Around(anchor) => (At::Place(place(anchor)), around, around),
        From::Ordinal(number) => (At::Ordinal(number.saturating_sub(1)), around, around),
    };
    let window = Window {
        walk,
        reversed,
        anchor,
        before,
        after,
    };
    let mut found = index::page(reader, &window)?;
    let number = match (found.rows.first(), found.more_before) {
        (_, false) => Some(1),
        (Some(first), true) => Some(ordinal(reader, &window.walk, reversed, first.place())? + 1),
        (None, true) => None,
    };
    stay(reader, &window, &mut found, asked.stay)?;
    Ok(shown(found, number))
}

/// Puts rows back that the filter would have no more, where the window reaches.
fn stay(
    reader: &Reader,
    window: &Window,
    found: &mut IndexPage,
    keys: &[MessageKey],
) -> Result<(), StoreError> {
    let rank = |place: Place| match window.reversed {
        false => (!place.arrival, !place.key.0),
        true => (place.arrival, place.key.0),
    };
    for key in keys {
        if found.rows.iter().any(|row| row.key == *key) {
            continue;
        }
        let Some(row) = lists::row(reader, *key)? else {
            continue;
        };
        let here = row.mailbox.is_some_and(|of| window.walk.takes(of));
        let own = rank(row.place());
        let at = found.rows.partition_point(|row| rank(row.place()) < own);
        let above = at > 0 || !found.more_before;
        let below = at < found.rows.len() || !found.more_after;
        if here && above && below {
            found.rows.insert(at, row);
            if let Some(anchor) = found.anchor.as_mut().filter(|anchor| **anchor >= at) {
                *anchor += 1;
            }
        }
    }
    Ok(())
}

fn of_keys(
    reader: &Reader,
    view: &View,
    walk: &Walk,
    keys: &[MessageKey],
    asked: Asked<'_>,
) -> Result<Page, StoreError> {
    let around = asked.around;
    let number = |number: u64| number.saturating_sub(1);
    let (at, before, after) = match asked.from {
        From::First => (KeyAnchor::Top, 0, 2 * around),
        From::Last => (KeyAnchor::End, 2 * around, 1),
        From::Around(anchor) => {
            let near = number(asked.near.unwrap_or(1));
            (KeyAnchor::Message(anchor.key, near), around, around)
        }
        From::Ordinal(at) => (KeyAnchor::Ordinal(number(at)), around, around),
    };
    let within = walk.within();
    let (mut found, first) = page_of_keys(reader, keys, &within, at, before, after)?;
    found.unread = match &view.list {
        // What a search found is told without it.
        List::Keys(some) if some.in_order => 0,
        List::Keys(_) => index::unread_of(reader, keys, &within)?,
        List::Mailbox(_)
        | List::Inboxes
        | List::Unread
        | List::Flagged
        | List::All
        | List::Searched { .. } => index::counts(reader, walk)?.1,
    };
    Ok(shown(found, Some(first + 1)))
}

fn place(anchor: Anchor) -> Place {
    Place {
        arrival: anchor.arrival,
        key: anchor.key,
    }
}

fn shown(found: IndexPage, ordinal: Option<u64>) -> Page {
    Page {
        at_start: !found.more_before,
        at_end: !found.more_after,
        ordinal,
        anchor: found.anchor,
        total: found.total,
        unread: found.unread,
        rows: found.rows.into_iter().map(row).collect(),
    }
}

pub(super) fn row(row: IndexRow) -> Row {
    Row {
        key: row.key,
        // A list has no message that is nowhere.
        mailbox: row.mailbox.unwrap_or(MailboxKey(0)),
        arrival: row.arrival,
        envelope: Envelope {
            date: row.date,
            subject: row.subject,
            from: row.from,
            to: row.to,
            list_id: row.list_id,
            ..Envelope::default()
        },
        flags: row.flags,
        attachments: row.has_attachments,
        pending: row.pending,
        kept: row.kept,
        size: row.size,
        thread: row.thread,
        tree: row.tree,
    }
}

/// The next unread message of a view.
pub fn next_unread(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    after: Option<Anchor>,
) -> Result<Answer, StoreError> {
    let walk = walk(desk, reader, view)?;
    if view.is_threaded() {
        let found = conversations::next_unread(reader, &walk, after)?;
        return Ok(Answer::NextUnread(found));
    }
    if !is_walked(view) {
        let keys = in_order(desk, reader, view, &walk, &[], &|| true)?;
        return unread_of_keys(reader, &walk, &keys.unwrap_or_default(), after);
    }
    if view.reversed {
        return unread_above(reader, &walk, after);
    }
    let found = index::next_unread(reader, &walk, after.map_or(Place::TOP, place))?;
    Ok(Answer::NextUnread(found.map(|place| Anchor {
        arrival: place.arrival,
        key: place.key,
    })))
}

/// The next unread message of a list of keys.
fn unread_of_keys(
    reader: &Reader,
    walk: &Walk,
    keys: &[MessageKey],
    after: Option<Anchor>,
) -> Result<Answer, StoreError> {
    let from = after.and_then(|after| keys.iter().position(|key| *key == after.key));
    for key in keys.iter().skip(from.map_or(0, |at| at + 1)) {
        let row = lists::row(reader, *key)?;
        let unread = row.filter(|row| {
            let here = row.mailbox.is_some_and(|of| walk.takes(of));
            here && !row.flags.has(Flags::SEEN)
        });
        if let Some(row) = unread {
            return Ok(Answer::NextUnread(Some(Anchor {
                arrival: row.arrival,
                key: row.key,
            })));
        }
    }
    Ok(Answer::NextUnread(None))
}

/// The next unread message where the oldest stands above.
fn unread_above(reader: &Reader, walk: &Walk, after: Option<Anchor>) -> Result<Answer, StoreError> {
    let unread = Walk {
        filter: Filter::Unread,
        ..walk.clone()
    };
    let from = after.map_or(Place::END, place);
    let found = lists::merged(reader, &unread, from, Reach::Newer, 1)?;
    Ok(Answer::NextUnread(found.first().map(|row| Anchor {
        arrival: row.arrival,
        key: row.key,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Paths, Settings};
    use crate::env::fake;
    use crate::model::{FlagChange, Keys};
    use crate::ops::flags::{Undoable, change};
    use crate::store::tests::{Bed, arrived};

    #[test]
    fn the_unread_of_a_list_of_some_messages_and_of_a_sorted_one_are_counted() {
        let bed = Bed::new();
        let keys = bed.insert((1..=5).map(|uid| arrived(uid, &uid.to_string())).collect());
        let read = FlagChange::add(Flags::of(Flags::SEEN));
        let some = vec![keys[0], keys[3]];
        change(&bed.store, some, read, Undoable::No).wait().unwrap();
        let (env, _) = fake::world(bed.folder.path()).unwrap();
        let desk = Desk::new(
            bed.store.clone(),
            Arc::new(Mutex::new(Settings::default())),
            Paths::below(bed.folder.path()),
            false,
            env.secrets.clone(),
        );
        let inbox = List::Mailbox(bed.inbox);
        let zoomed = |keys: &[MessageKey]| {
            List::Keys(Keys {
                keys: keys.iter().copied().collect(),
                of: Box::new(inbox.clone()),
                in_order: false,
            })
        };
        let reader = bed.store.reader().unwrap();
        let check = |list: List, order: Order, total: u64, unread: u64| {
            let view = View {
                order,
                ..View::of(list)
            };
            let asked = Asked {
                from: From::First,
                near: None,
                around: 10,
                threads: None,
                stay: &[],
            };
            let answer = page(&desk, &reader, &view, asked).unwrap();
            let Answer::Page(page) = answer else {
                panic!("{answer:?}");
            };
            assert_eq!((page.total, page.unread), (total, unread), "{view:?}");
        };
        check(zoomed(&keys[..2]), Order::Arrival, 2, 1);
        check(zoomed(&keys[..1]), Order::Arrival, 1, 0);
        check(zoomed(&keys[1..3]), Order::Subject, 2, 2);
        check(inbox.clone(), Order::Subject, 5, 3);
        check(inbox.clone(), Order::Arrival, 5, 3);
    }
}
