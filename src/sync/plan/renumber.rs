//! A changed UIDVALIDITY (RFC 9051 section 2.3.1.1, SAFETY R5): which row is which message now.

use std::collections::BTreeMap;

use crate::model::{MessageKey, Uid};

/// What a message is known by when its UID is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trait {
    /// Message-ID without brackets; may be empty.
    pub message_id: String,
    /// INTERNALDATE in seconds since 1970.
    pub arrival: i64,
    /// RFC822.SIZE.
    pub size: u64,
}

/// A row of the old epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldRow {
    /// Its key, which survives.
    pub message: MessageKey,
    /// Its old UID: only its order is used.
    pub uid: Uid,
    /// What it is known by.
    pub known_by: Trait,
    /// Whether an operation names it, so that a guess is out of the question.
    pub pending: bool,
}

/// A message of the new epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// Its new UID.
    pub uid: Uid,
    /// What it is known by.
    pub known_by: Trait,
}

/// The rows that are messages of the new epoch.
///
/// Pairs are unique on both sides. Twins (several with one Message-ID, date and size) pair in the
/// order of their UIDs if both sides have the same number of them and no operation names one: then
/// the worst case is two equal messages exchanged, and no body is fetched again. Rows without a
/// Message-ID that an operation names are never paired.
pub fn pair(old: &[OldRow], new: &[NewRow]) -> Vec<(MessageKey, Uid)> {
    let mut groups: BTreeMap<&Trait, (Vec<&OldRow>, Vec<Uid>)> = BTreeMap::new();
    for row in old {
        groups.entry(&row.known_by).or_default().0.push(row);
    }
    for row in new {
        if let Some(group) = groups.get_mut(&row.known_by) {
            group.1.push(row.uid);
        }
    }
    let mut pairs = Vec::new();
    for (known_by, (mut old, mut new)) in groups {
        let pending = old.iter().any(|row| row.pending);
        let sure = old.len() == 1 && !known_by.message_id.is_empty();
        if old.len() != new.len() || pending && !sure {
            continue;
        }
        old.sort_by_key(|row| row.uid);
        new.sort_unstable();
        pairs.extend(old.iter().map(|row| row.message).zip(new));
    }
    pairs.sort_by_key(|pair| pair.1);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Trait {
        Trait {
            message_id: text.trim_end_matches('!').trim_matches('-').to_owned(),
            arrival: 7,
            size: 100,
        }
    }

    /// `old` and `new` are Message-IDs in UID order (old from 1, new from 101); `-` has none, `!`
    /// is named by an operation.
    fn check(old: &str, new: &str, expect: &[(i64, u32)]) {
        let old: Vec<OldRow> = old
            .split_whitespace()
            .zip(1..)
            .map(|(text, n)| OldRow {
                message: MessageKey(i64::from(n)),
                uid: Uid(n),
                known_by: known(text),
                pending: text.ends_with('!'),
            })
            .collect();
        let new: Vec<NewRow> = new
            .split_whitespace()
            .zip(101..)
            .map(|(text, n)| NewRow {
                uid: Uid(n),
                known_by: known(text),
            })
            .collect();
        let pairs: Vec<(i64, u32)> = pair(&old, &new).iter().map(|p| (p.0.0, p.1.0)).collect();
        assert_eq!(pairs, expect, "{old:?} {new:?}");
    }

    #[test]
    fn r5_only_what_is_the_same_message_beyond_doubt_is_paired() {
        check("a b c", "c a d", &[(3, 101), (1, 102)]);
        check("a a", "a a", &[(1, 101), (2, 102)]);
        check("a a", "a", &[]);
        check("a", "a a", &[]);
        check("a! a", "a a", &[]);
        check("a! b", "a b", &[(1, 101), (2, 102)]);
        check("-", "-", &[(1, 101)]);
        check("-!", "-", &[]);
        check("a b", "", &[]);
        check("", "a", &[]);
    }
}
