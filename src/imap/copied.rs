//! What COPYUID proves (RFC 4315 section 3, RFC 6851 section 4.3).

use super::response::Ranges;
use crate::model::{Uid, UidSet, UidValidity};

/// Which message of the source became which of the target; ranges stay ranges (SAFETY P3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// UIDVALIDITY of the target.
    pub validity: UidValidity,
    runs: Vec<Run>,
}

/// `length` UIDs from `source` on, and as many from `target` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    source: u32,
    target: u32,
    length: u32,
}

impl Copied {
    /// Reads COPYUID as the answer to a command that named `asked`.
    ///
    /// `None` where it proves nothing: sides of unequal length, a UID twice on one side, a source
    /// that was not asked for, or a falling range of more than one UID, which RFC 4315 reads as a
    /// rising one while some servers mean it as it stands.
    pub fn read(
        asked: &UidSet,
        validity: UidValidity,
        source: &Ranges,
        target: &Ranges,
    ) -> Option<Self> {
        let falls = |ranges: &Ranges| ranges.0.iter().any(|(low, high)| low > high);
        let sources = source.set();
        let distinct = sources.len() == source.count() && target.set().len() == target.count();
        let equal = source.count() == target.count();
        if !equal || !distinct || falls(source) || falls(target) {
            return None;
        }
        if sources.is_empty() || !sources.minus(asked).is_empty() {
            return None;
        }
        let mut runs = paired(source, target);
        runs.sort_unstable_by_key(|run| run.source);
        Some(Self { validity, runs })
    }

    /// The UID that the copy of `source` has.
    pub fn target_of(&self, source: Uid) -> Option<Uid> {
        let behind = self.runs.partition_point(|run| run.source <= source.0);
        let run = self.runs.get(behind.checked_sub(1)?)?;
        let step = source.0 - run.source;
        (step < run.length).then_some(Uid(run.target + step))
    }

    /// The UIDs of the source that it speaks of.
    pub fn sources(&self) -> UidSet {
        let ends = self
            .runs
            .iter()
            .map(|run| (run.source, run.source + (run.length - 1)));
        UidSet::of_ranges(ends.collect())
    }
}

/// The longest runs that are continuous on both sides.
fn paired(source: &Ranges, target: &Ranges) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut sources = source.0.iter().copied();
    let mut targets = target.0.iter().copied();
    let (mut left, mut right) = (sources.next(), targets.next());
    while let (Some((source, source_end)), Some((target, target_end))) = (left, right) {
        let steps = (source_end - source).min(target_end - target);
        // A run of all 2^32 - 1 numbers is the longest, as 0 is no UID.
        runs.push(Run {
            source,
            target,
            length: steps.saturating_add(1),
        });
        let after = |at: u32, end: u32| (at + steps < end).then(|| (at + steps + 1, end));
        left = after(source, source_end).or_else(|| sources.next());
        right = after(target, target_end).or_else(|| targets.next());
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> Ranges {
        crate::imap::parse::ranges(text.as_bytes()).unwrap()
    }

    fn check(asked: &str, source: &str, target: &str, end: Option<&str>) {
        let asked = UidSet::parse(asked).unwrap();
        let copied = Copied::read(&asked, UidValidity(1), &ranges(source), &ranges(target));
        let pairs = copied.map(|copied| {
            let pair = |uid: Uid| format!("{uid}={}", copied.target_of(uid).unwrap());
            let pairs: Vec<String> = copied.sources().iter().map(pair).collect();
            pairs.join(" ")
        });
        assert_eq!(pairs.as_deref(), end, "{asked} {source} {target}");
    }

    #[test]
    fn p3_copyuid_pairs_in_the_order_of_copying_and_refuses_what_is_unclear() {
        check(
            "304,319:320",
            "304,319:320",
            "3956:3958",
            Some("304=3956 319=3957 320=3958"),
        );
        check("1:9", "7,3:4,1", "20:21,30,25", Some("1=25 3=21 4=30 7=20"));
        // A message that was gone is left out.
        check("1:9", "5", "12", Some("5=12"));
        for (asked, source, target) in [
            ("1:9", "1:3", "4:5"),
            ("1:9", "1,1", "4:5"),
            ("1:9", "1:2", "4,4"),
            ("1:9", "9:10", "4:5"),
            ("1:9", "3:1", "4:6"),
            ("1:9", "1:3", "6:4"),
        ] {
            check(asked, source, target, None);
        }
    }

    #[test]
    fn p3_copyuid_of_all_uids_costs_one_run() {
        let all = UidSet::range(1, u32::MAX);
        let range = ranges("1:4294967295");
        let copied = Copied::read(&all, UidValidity(1), &range, &range).unwrap();
        assert_eq!(copied.runs.len(), 1);
        assert_eq!(copied.target_of(Uid(u32::MAX)), Some(Uid(u32::MAX)));
        assert_eq!(copied.sources(), all);
    }
}
