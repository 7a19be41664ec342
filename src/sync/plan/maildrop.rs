//! What a POP3 server lists, held against what is known of it: which messages are new, which are
//! known under another name, which may be deleted there (RFC 1939 sections 7 and 8; SAFETY R20).
//!
//! A UIDL is the server's word and no proof. It is taken for a name only where no other message of
//! the same list has it and where it is no mere message number; what was deleted comes back under
//! its name only as a stranger, because some servers give names again. Whoever has no name of use is
//! known by the hash of the header. A message that did not come over this very connection is deleted
//! only after its header, or without a name all its bytes, were compared.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::model::OnServer;
use crate::model::maildrop::{Digest, Seen, SeenKey, State};

/// Octets of a name; RFC 1939 allows 70.
const LONGEST_NAME: usize = 512;
/// From so many strangers on it is asked first whether they are old messages under new names.
const MASS: usize = 10;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// A message as the server lists it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number on this connection.
    pub number: u32,
    /// Its name, where that is of use.
    pub uidl: Option<Vec<u8>>,
}

/// The messages 1 to `count` with the names that the server gave them. A name that is given twice,
/// or that only repeats the numbers, is none.
pub fn entries(count: u32, names: Vec<(u32, Vec<u8>)>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = (1..=count)
        .map(|number| Entry { number, uidl: None })
        .collect();
    for (number, uidl) in names {
        let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        let entry = at.and_then(|at| entries.get_mut(at));
        if let Some(entry) = entry.filter(|entry| entry.uidl.is_none())
            && (1..=LONGEST_NAME).contains(&uidl.len())
        {
            entry.uidl = Some(uidl);
        }
    }
    let mut times: HashMap<&[u8], u32> = HashMap::with_capacity(entries.len());
    for uidl in entries.iter().filter_map(|entry| entry.uidl.as_deref()) {
        *times.entry(uidl).or_default() += 1;
    }
    let named = || entries.iter().filter(|entry| entry.uidl.is_some());
    let is_number = |entry: &Entry| {
        let number = entry.number.to_string();
        entry.uidl.as_deref() == Some(number.as_bytes())
    };
    let all = named().nth(1).is_some() && named().all(is_number);
    let useless: Vec<bool> = entries
        .iter()
        .map(|entry| {
            let times = entry.uidl.as_deref().and_then(|uidl| times.get(uidl));
            all || times.is_some_and(|times| *times > 1)
        })
        .collect();
    for (entry, useless) in entries.iter_mut().zip(useless) {
        if useless {
            entry.uidl = None;
        }
    }
    entries
}

/// A known message under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// Its number on this connection.
    pub number: u32,
    /// What is known of it.
    pub key: SeenKey,
}

/// What a list means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Known by their names.
    pub met: Vec<Met>,
    /// Unknown by name, oldest first.
    pub strangers: Vec<Entry>,
    /// Known, and not in the list by their names; where heads of strangers can find them.
    pub missing: BTreeSet<SeenKey>,
}

impl Sorted {
    /// Whether the heads of the strangers are to be fetched before anything else: they have no
    /// names, or so many of them came while so many went that the server has named all anew.
    pub fn asks_for_heads(&self) -> bool {
        let nameless = self.strangers.iter().any(|entry| entry.uidl.is_none());
        let many = self.strangers.len();
        nameless && !self.missing.is_empty()
            || many >= MASS && many > self.met.len() && self.missing.len() * 2 >= many
    }
}

/// Holds a list against what is known, by name.
pub fn sort(listed: Vec<Entry>, known: &[Seen]) -> Sorted {
    // What left and is listed again may be another message under a name that is given again.
    let mut by_name: HashMap<&[u8], &Seen> = known
        .iter()
        .filter(|seen| seen.state != State::Left)
        .filter_map(|seen| Some((seen.uidl.as_deref()?, seen)))
        .collect();
    let mut sorted = Sorted::default();
    for entry in listed {
        let found = entry.uidl.as_deref().and_then(|uidl| by_name.remove(uidl));
        match found {
            Some(seen) => sorted.met.push(Met {
                number: entry.number,
                key: seen.key,
            }),
            None => sorted.strangers.push(entry),
        }
    }
    // Those that were not found by their names, and those that have none of use.
    sorted.missing = by_name.values().map(|seen| seen.key).collect();
    let nameless = |seen: &&Seen| seen.state == State::Left || seen.uidl.is_none();
    let nameless = known.iter().filter(nameless);
    sorted.missing.extend(nameless.map(|seen| seen.key));
    sorted
}

/// Strangers whose header is that of a missing message are that message; of several with one header
/// the oldest goes with the oldest. They move from the strangers to `met` and are answered, each
/// with the name that it has now.
pub fn recognise(
    sorted: &mut Sorted,
    heads: &BTreeMap<u32, Digest>,
    known: &[Seen],
) -> Vec<(SeenKey, Option<Vec<u8>>)> {
    let missing = &sorted.missing;
    let mut by_head: BTreeMap<Digest, VecDeque<SeenKey>> = BTreeMap::new();
    for seen in known.iter().filter(|seen| missing.contains(&seen.key)) {
        by_head.entry(seen.head).or_default().push_back(seen.key);
    }
    let mut renamed = Vec::new();
    let strangers = std::mem::take(&mut sorted.strangers);
    for entry in strangers {
        let head = heads.get(&entry.number);
        let found = head.and_then(|head| by_head.get_mut(head)?.pop_front());
        match found {
            Some(key) => {
                sorted.met.push(Met {
                    number: entry.number,
                    key,
                });
                renamed.push((key, entry.uidl));
            }
            None => sorted.strangers.push(entry),
        }
    }
    let found: BTreeSet<SeenKey> = renamed.iter().map(|(key, _)| *key).collect();
    sorted.missing.retain(|key| !found.contains(key));
    renamed
}

/// How a message is looked at before it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Its bytes came over this connection.
    Came,
    /// Its header is compared.
    Head,
    /// All its bytes are compared.
    Whole,
}

/// A message that is to be deleted on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Its number on this connection.
    pub number: u32,
    /// What is known of it.
    pub key: SeenKey,
    /// How it is proven to be the one that is meant.
    pub look: Look,
}

/// What may be deleted on the server now, under a policy.
pub fn doomed(
    met: &[Met],
    known: &[Seen],
    came: &BTreeSet<SeenKey>,
    deleted_here: &BTreeSet<SeenKey>,
    policy: OnServer,
    now: i64,
) -> Vec<Doomed> {
    if policy == OnServer::Keep {
        return Vec::new();
    }
    let by_key: HashMap<SeenKey, &Seen> = known.iter().map(|seen| (seen.key, seen)).collect();
    met.iter()
        .filter_map(|met| {
            let seen = by_key.get(&met.key)?;
            goes(seen, policy, deleted_here.contains(&met.key), now).then(|| Doomed {
                number: met.number,
                key: met.key,
                look: match (came.contains(&met.key), &seen.uidl) {
                    (true, _) => Look::Came,
                    (false, Some(_)) => Look::Head,
                    (false, None) => Look::Whole,
                },
            })
        })
        .collect()
}

fn goes(seen: &Seen, policy: OnServer, deleted_here: bool, now: i64) -> bool {
    let is_here = match seen.state {
        State::Here | State::Leaving => true,
        State::Listed => false,
        State::Left => return false,
    };
    match policy {
        OnServer::Keep => false,
        OnServer::Mirror => deleted_here,
        // Who deletes a header for good does not want the bytes.
        OnServer::Delete => is_here || deleted_here,
        OnServer::DeleteAfter(days) => {
            is_here && seen.since.saturating_add(i64::from(days) * DAY) <= now
        }
    }
}

/// Of the messages that were being deleted: those that are not listed any more have left, though
/// nobody heard it; those that the policy lets stay are simply here again.
pub fn settled(sorted: &Sorted, known: &[Seen], doomed: &[Doomed]) -> (Vec<SeenKey>, Vec<SeenKey>) {
    if !known.iter().any(|seen| seen.state == State::Leaving) {
        return (Vec::new(), Vec::new());
    }
    let met: BTreeSet<SeenKey> = sorted.met.iter().map(|met| met.key).collect();
    let again: BTreeSet<SeenKey> = doomed.iter().map(|doomed| doomed.key).collect();
    let leaving = known.iter().filter(|seen| seen.state == State::Leaving);
    let (there, left): (Vec<SeenKey>, Vec<SeenKey>) = leaving
        .map(|seen| seen.key)
        .partition(|key| met.contains(key));
    let stays = there.into_iter().filter(|key| !again.contains(key));
    (left, stays.collect())
}

#[cfg(test)]
mod tests;
