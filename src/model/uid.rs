//! Unique identifiers and sets of them (RFC 9051 sections 2.3.1.1 and 9, `sequence-set`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The server's name for a message within a mailbox and one UIDVALIDITY; 1 to 2^32 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub u32);

impl fmt::Display for Uid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A set of UIDs, kept as ranges: `1:4294967295` costs two numbers (SAFETY P3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UidSet {
    ranges: Vec<(u32, u32)>,
}

impl UidSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// All UIDs from `low` to `high`, in either order; 0 is left out.
    pub fn range(low: u32, high: u32) -> Self {
        let mut set = Self::new();
        set.insert_range(low, high);
        set
    }

    /// Reads `1,3:5`; `*` stands for 2^32 - 1. `None` for anything else (an empty set included).
    pub fn parse(text: &str) -> Option<Self> {
        let number = |s: &str| match s {
            "*" => Some(u32::MAX),
            _ => s.parse::<u32>().ok().filter(|n| *n > 0),
        };
        let mut ranges = Vec::new();
        for item in text.split(',') {
            let (low, high) = item.split_once(':').unwrap_or((item, item));
            let (low, high) = (number(low)?, number(high)?);
            ranges.push((low.min(high), low.max(high)));
        }
        Some(Self::of_ranges(ranges))
    }

    /// The union of `ranges`, each `(low, high)` with 1 <= low <= high.
    pub fn of_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.retain(|(low, high)| *low > 0 && low <= high);
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self { ranges: merged }
    }

    /// Adds one UID; appending in rising order is constant time.
    pub fn insert(&mut self, uid: Uid) {
        self.insert_range(uid.0, uid.0);
    }

    /// Adds all UIDs from `low` to `high`, in either order.
    pub fn insert_range(&mut self, low: u32, high: u32) {
        let (low, high) = (low.min(high).max(1), low.max(high));
        if high == 0 {
            return;
        }
        match self.ranges.last_mut() {
            Some(last) if low > last.1.saturating_add(1) => self.ranges.push((low, high)),
            Some(last) if low >= last.0 => last.1 = last.1.max(high),
            None => self.ranges.push((low, high)),
            Some(_) => {
                let mut all = std::mem::take(&mut self.ranges);
                all.push((low, high));
                *self = Self::of_ranges(all);
            }
        }
    }

    /// Whether the set holds `uid`.
    pub fn contains(&self, uid: Uid) -> bool {
        let at = self.ranges.partition_point(|(_, high)| *high < uid.0);
        self.ranges.get(at).is_some_and(|(low, _)| *low <= uid.0)
    }

    /// How many UIDs the set holds.
    pub fn len(&self) -> u64 {
        self.ranges
            .iter()
            .map(|(low, high)| u64::from(high - low) + 1)
            .sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, rising.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// The UIDs, rising. A server can name four billion in one line: bound what you take.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Uid> + '_ {
        self.ranges
            .iter()
            .flat_map(|(low, high)| (*low..=*high).map(Uid))
    }

    /// The smallest UID.
    pub fn first(&self) -> Option<Uid> {
        self.ranges.first().map(|(low, _)| Uid(*low))
    }

    /// The largest UID.
    pub fn last(&self) -> Option<Uid> {
        self.ranges.last().map(|(_, high)| Uid(*high))
    }

    /// What is in this set and not in `other`.
    pub fn minus(&self, other: &UidSet) -> UidSet {
        let mut out = Vec::new();
        let mut cuts = other.ranges.iter().peekable();
        for &(low, high) in &self.ranges {
            let mut from = low;
            let mut done = false;
            while let Some(&&(cut_low, cut_high)) = cuts.peek() {
                if cut_high < from {
                    cuts.next();
                    continue;
                }
                if cut_low > high {
                    break;
                }
                if cut_low > from {
                    out.push((from, cut_low - 1));
                }
                if cut_high >= high {
                    done = true;
                    break;
                }
                from = cut_high + 1;
                cuts.next();
            }
            if !done {
                out.push((from, high));
            }
        }
        UidSet { ranges: out }
    }

    /// What is in this set or in `other`.
    pub fn union(&self, other: &UidSet) -> UidSet {
        let mut all = self.ranges.clone();
        all.extend_from_slice(&other.ranges);
        UidSet::of_ranges(all)
    }

    /// The set cut into sets whose text is at most `octets` long each (servers limit the line).
    pub fn chunks(&self, octets: usize) -> Vec<UidSet> {
        let mut out = Vec::new();
        let mut now = UidSet::new();
        let mut length = 0;
        for &(low, high) in &self.ranges {
            let cost = if low == high { 11 } else { 22 };
            if length + cost > octets && !now.is_empty() {
                out.push(std::mem::take(&mut now));
                length = 0;
            }
            now.ranges.push((low, high));
            length += cost;
        }
        if !now.is_empty() {
            out.push(now);
        }
        out
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<T: IntoIterator<Item = Uid>>(uids: T) -> Self {
        Self::of_ranges(uids.into_iter().map(|uid| (uid.0, uid.0)).collect())
    }
}

impl fmt::Display for UidSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (low, high)) in self.ranges.iter().enumerate() {
            if n > 0 {
                out.write_str(",")?;
            }
            if low == high {
                write!(out, "{low}")?;
            } else {
                write!(out, "{low}:{high}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_and_writes_as_the_rfc_has_it() {
        for (text, end) in [
            ("1", "1"),
            ("5:3,1", "1,3:5"),
            ("1:3,4", "1:4"),
            ("7,*", "7,4294967295"),
        ] {
            assert_eq!(
                UidSet::parse(text).map(|s| s.to_string()).as_deref(),
                Some(end),
                "{text}"
            );
        }
        for text in ["", "0", "1,", "a", "1:", "-1", "4294967296"] {
            assert_eq!(UidSet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn minus_and_contains_agree_with_a_plain_set() {
        use std::collections::BTreeSet;
        let mut seed = 7u32;
        for _ in 0..200 {
            let mut sets = [BTreeSet::new(), BTreeSet::new()];
            for set in &mut sets {
                for _ in 0..20 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    set.insert(seed >> 27);
                }
                set.remove(&0);
            }
            let [a, b] = sets
                .clone()
                .map(|s| s.into_iter().map(Uid).collect::<UidSet>());
            let left: BTreeSet<u32> = sets[0].difference(&sets[1]).copied().collect();
            assert_eq!(
                a.minus(&b).iter().map(|u| u.0).collect::<BTreeSet<_>>(),
                left
            );
            assert_eq!(a.len(), sets[0].len() as u64);
            assert!((1..40).all(|n| a.contains(Uid(n)) == sets[0].contains(&n)));
        }
    }

    #[test]
    fn p3_a_set_of_all_uids_costs_one_range() {
        let set = UidSet::parse("1:4294967295").unwrap();
        assert_eq!((set.ranges().len(), set.len()), (1, 4_294_967_295));
    }
}
