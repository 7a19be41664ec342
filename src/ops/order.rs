//! Other orders than newest first: a list of keys that is made once and then kept right.
//!
//! Making it reads the whole list, in pages; a window of it costs what the window costs. What came
//! since is put in at its place, what left is looked for only when messages left or were filed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{Filter, List, MessageKey, Order};
use crate::store::lists::ranks::{self, Rank, Ranked};
use crate::store::lists::{Place, Walk};
use crate::store::{Pending, Priority, Rows, Store, StoreError, mailboxes};

pub use crate::store::lists::ranks::orders;

/// Rows that one read goes through.
const SLICE: usize = 2_000;
/// With more new ones than this the list is made anew.
const MANY_NEW: usize = 5_000;

/// What a list of keys is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The mailboxes, and which of their messages.
    pub walk: Walk,
    /// The only messages that are meant, where not all of them are.
    pub only: Option<Arc<[MessageKey]>>,
    /// The order.
    pub order: Order,
    /// Whether it is turned round.
    pub reversed: bool,
}

/// A list of keys in an order.
#[derive(Clone, Debug)]
pub struct Sorted {
    /// The keys, from the top.
    pub keys: Arc<[MessageKey]>,
    /// The newest key of the store when it was made, and the turns of its mailboxes.
    seen: (MessageKey, u64),
    /// Messages whose envelope was not there yet.
    bare: Vec<MessageKey>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum SortError {
    /// Nobody wants it any more.
    #[error("it is not wanted any more")]
    Stopped,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the list; between two reads it asks whether it is still wanted.
pub fn sort(
    rows: &impl Rows,
    wanted: &Wanted,
    go_on: &dyn Fn() -> bool,
) -> Result<Sorted, SortError> {
    // What comes while it is read is found again by these.
    let seen = seen(rows, &wanted.walk)?;
    let mut all = Heap::default();
    match &wanted.only {
        Some(keys) => {
            let within = wanted.walk.within();
            for some in keys.chunks(SLICE) {
                if !go_on() {
                    return Err(SortError::Stopped);
                }
                for key in some {
                    let found = ranks::rank(rows, wanted.order, *key)?;
                    let here = |one: &Ranked| one.mailbox.is_some_and(|m| within.contains(&m));
                    if let Some(one) = found.filter(here) {
                        all.push(one);
                    }
                }
            }
        }
        None => {
            for (mailbox, portion) in wanted.walk.portions() {
                let mut below = Place::TOP;
                loop {
                    if !go_on() {
                        return Err(SortError::Stopped);
                    }
                    let order = wanted.order;
                    let some = ranks::ranks(rows, mailbox, portion, order, below, SLICE)?;
                    let Some(last) = some.last() else { break };
                    below = last.place;
                    some.into_iter().for_each(|one| all.push(one));
                }
            }
        }
    }
    let bare = all.bare.clone();
    Ok(Sorted {
        keys: all.sorted(wanted).into(),
        seen,
        bare,
    })
}

/// Ranks of very many messages: texts lie in one piece.
#[derive(Default)]
struct Heap {
    text: String,
    entries: Vec<Entry>,
    bare: Vec<MessageKey>,
}

struct Entry {
    number: i64,
    start: usize,
    end: usize,
    place: Place,
}

impl Heap {
    fn push(&mut self, one: Ranked) {
        let start = self.text.len();
        let number = match one.rank {
            Rank::Number(number) => number,
            Rank::Text(text) => {
                self.text.push_str(&text);
                0
            }
        };
        if one.bare {
            self.bare.push(one.place.key);
        }
        self.entries.push(Entry {
            number,
            start,
            end: self.text.len(),
            place: one.place,
        });
    }

    fn sorted(mut self, wanted: &Wanted) -> Vec<MessageKey> {
        let text = &self.text;
        let words = |entry: &Entry| text.get(entry.start..entry.end).unwrap_or_default();
        self.entries.sort_unstable_by(|a, b| {
            let by_text = words(a).cmp(words(b));
            let by_number = b.number.cmp(&a.number);
            by_text.then(by_number).then(b.place.cmp(&a.place))
        });
        let keys = self.entries.into_iter().map(|entry| entry.place.key);
        match wanted.reversed {
            false => keys.collect(),
            true => keys.rev().collect(),
        }
    }
}

/// How a list stands to the store: the newest key, and the turns of its mailboxes.
fn seen(rows: &impl Rows, walk: &Walk) -> Result<(MessageKey, u64), StoreError> {
    let high = ranks::newest_key(rows)?;
    let mut turns = 0;
    for (key, _) in walk.portions() {
        turns += mailboxes::get(rows, key)?.turns;
    }
    Ok((high, turns))
}

impl Sorted {
    /// The list as it is now; `stay` are messages that keep their rows though the filter has them no
    /// more.
    pub fn renewed(
        &self,
        rows: &impl Rows,
        wanted: &Wanted,
        stay: &[MessageKey],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<Sorted>, SortError> {
        let now = seen(rows, &wanted.walk)?;
        if wanted.only.is_some() {
            return match now.1 == self.seen.1 {
                true => Ok(None),
                false => sort(rows, wanted, go_on).map(Some),
            };
        }
        if now == self.seen && self.bare.is_empty() && wanted.walk.filter == Filter::All {
            return Ok(None);
        }
        let mut keys = self.keys.to_vec();
        let mut fresh = Vec::new();
        if now.1 != self.seen.1 || wanted.walk.filter != Filter::All {
            let there = there(rows, &wanted.walk, go_on)?;
            let known: BTreeSet<MessageKey> = keys.iter().copied().collect();
            let stays: BTreeSet<MessageKey> = stay.iter().copied().collect();
            keys.retain(|key| there.contains(key) || stays.contains(key));
            fresh.extend(there.difference(&known).copied());
        } else {
            let mut high = self.seen.0;
            loop {
                let some = ranks::since(rows, high, SLICE)?;
                let Some((last, _)) = some.last() else { break };
                high = *last;
                let here = some.into_iter().filter(|(_, mailbox)| {
                    mailbox.is_some_and(|mailbox| wanted.walk.mailboxes.contains(&mailbox))
                });
                fresh.extend(here.map(|(key, _)| key));
                if fresh.len() > MANY_NEW {
                    return sort(rows, wanted, go_on).map(Some);
                }
            }
        }
        let again: BTreeSet<MessageKey> = self.bare.iter().copied().collect();
        if !again.is_empty() {
            keys.retain(|key| !again.contains(key));
            fresh.extend(again);
        }
        if fresh.len() > MANY_NEW {
            return sort(rows, wanted, go_on).map(Some);
        }
        let mut bare = Vec::new();
        let mut known = BTreeMap::new();
        for key in fresh {
            let Some(one) = ranks::rank(rows, wanted.order, key)? else {
                continue;
            };
            if one.bare {
                bare.push(key);
            }
            match place(rows, wanted, &mut known, &keys, &one)? {
                Some(at) => keys.insert(at, key),
                // What it was compared with has gone meanwhile.
                None => return sort(rows, wanted, go_on).map(Some),
            }
        }
        Ok(Some(Sorted {
            keys: keys.into(),
            seen: now,
            bare,
        }))
    }
}

/// Every message of a walk.
fn there(
    rows: &impl Rows,
    walk: &Walk,
    go_on: &dyn Fn() -> bool,
) -> Result<BTreeSet<MessageKey>, SortError> {
    let mut found = BTreeSet::new();
    for (mailbox, portion) in walk.portions() {
        let mut below = Place::TOP;
        loop {
            if !go_on() {
                return Err(SortError::Stopped);
            }
            let some = ranks::places(rows, mailbox, portion, below, SLICE)?;
            let Some(last) = some.last() else { break };
            below = *last;
            found.extend(some.into_iter().map(|place| place.key));
        }
    }
    Ok(found)
}

/// Where a message belongs among the keys; `None` when one of them is not there any more.
fn place(
    rows: &impl Rows,
    wanted: &Wanted,
    known: &mut BTreeMap<MessageKey, Ranked>,
    keys: &[MessageKey],
    one: &Ranked,
) -> Result<Option<usize>, StoreError> {
    let (mut low, mut high) = (0, keys.len());
    while low < high {
        let middle = low.midpoint(high);
        let Some(key) = keys.get(middle) else {
            return Ok(None);
        };
        let other = match known.get(key) {
            Some(other) => other.clone(),
            None => {
                let Some(other) = ranks::rank(rows, wanted.order, *key)? else {
                    return Ok(None);
                };
                known.insert(*key, other.clone());
                other
            }
        };
        if stands_above(&other, one) != wanted.reversed {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(Some(low))
}

/// Whether the first stands above the second where nothing is turned round.
fn stands_above(a: &Ranked, b: &Ranked) -> bool {
    let by_rank = match (&a.rank, &b.rank) {
        (Rank::Number(a), Rank::Number(b)) => b.cmp(a),
        (a, b) => a.cmp(b),
    };
    by_rank.then(b.place.cmp(&a.place)).is_lt()
}

/// Keeps the order of a list for the next time.
pub fn keep(store: &Store, list: List, order: Order, reversed: bool) -> Pending<()> {
    store.write(Priority::Person, move |tx| {
        ranks::keep_order(tx, &list, order, reversed)
    })
}
