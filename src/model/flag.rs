//! Message flags (RFC 9051 section 2.3.2).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of flags: the five system flags as bits, keywords by name.
///
/// `\Recent` is never kept: it belongs to a session, not to a message. A flag that starts with a
/// backslash and is none of the five is kept as a keyword under its own name, so that it goes back
/// to the server unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flags {
    /// The bits `Flags::SEEN` to `Flags::DRAFT`.
    pub system: u8,
    /// Keywords in their own spelling; compared without case by [`Flags::insert`].
    pub keywords: BTreeSet<String>,
}

const SYSTEM: [(u8, &str); 5] = [
    (Flags::SEEN, "\\Seen"),
    (Flags::ANSWERED, "\\Answered"),
    (Flags::FLAGGED, "\\Flagged"),
    (Flags::DELETED, "\\Deleted"),
    (Flags::DRAFT, "\\Draft"),
];

impl Flags {
    /// `\Seen`.
    pub const SEEN: u8 = 1;
    /// `\Answered`.
    pub const ANSWERED: u8 = 2;
    /// `\Flagged`.
    pub const FLAGGED: u8 = 4;
    /// `\Deleted`.
    pub const DELETED: u8 = 8;
    /// `\Draft`.
    pub const DRAFT: u8 = 16;

    /// No flags.
    pub fn none() -> Self {
        Self::default()
    }

    /// The system flags of `bits`.
    pub fn of(bits: u8) -> Self {
        Self {
            system: bits & 31,
            keywords: BTreeSet::new(),
        }
    }

    /// Reads flag names; `\Recent` and empty names are left out.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut flags = Self::none();
        for name in names {
            flags.insert(name);
        }
        flags
    }

    /// Adds one flag by name.
    pub fn insert(&mut self, name: &str) {
        if name.is_empty() || name.eq_ignore_ascii_case("\\Recent") {
            return;
        }
        if let Some((bit, _)) = SYSTEM.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)) {
            self.system |= bit;
        } else if !self.has_keyword(name) {
            self.keywords.insert(name.to_owned());
        }
    }

    /// Whether every system flag of `bits` is set.
    pub fn has(&self, bits: u8) -> bool {
        self.system & bits == bits
    }

    /// Whether the keyword is set; keywords compare without case.
    pub fn has_keyword(&self, name: &str) -> bool {
        self.keywords.iter().any(|k| k.eq_ignore_ascii_case(name))
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.system == 0 && self.keywords.is_empty()
    }

    /// The names on the wire, system flags first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        SYSTEM
            .iter()
            .filter(|(bit, _)| self.system & bit != 0)
            .map(|(_, name)| *name)
            .chain(self.keywords.iter().map(String::as_str))
    }

    /// These flags with all of `other`.
    pub fn union(&self, other: &Flags) -> Flags {
        let mut all = self.clone();
        all.system |= other.system;
        for keyword in &other.keywords {
            all.insert(keyword);
        }
        all
    }

    /// These flags without any of `other`.
    pub fn minus(&self, other: &Flags) -> Flags {
        Flags {
            system: self.system & !other.system,
            keywords: self
                .keywords
                .iter()
                .filter(|k| !other.has_keyword(k))
                .cloned()
                .collect(),
        }
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, name) in self.names().enumerate() {
            if n > 0 {
                out.write_str(" ")?;
            }
            out.write_str(name)?;
        }
        Ok(())
    }
}

/// What a person or script wants of the flags of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagChange {
    /// Set these.
    pub add: Flags,
    /// Clear these.
    pub remove: Flags,
}

impl FlagChange {
    /// Sets `flags`.
    pub fn add(flags: Flags) -> Self {
        Self {
            add: flags,
            remove: Flags::none(),
        }
    }

    /// Clears `flags`.
    pub fn remove(flags: Flags) -> Self {
        Self {
            add: Flags::none(),
            remove: flags,
        }
    }

    /// The flags after the change.
    pub fn apply(&self, flags: &Flags) -> Flags {
        flags.minus(&self.remove).union(&self.add)
    }

    /// This change followed by `later`, as one change.
    pub fn then(&self, later: &FlagChange) -> FlagChange {
        FlagChange {
            add: self.add.minus(&later.remove).union(&later.add),
            remove: self.remove.minus(&later.add).union(&later.remove),
        }
    }

    /// The change without what `flags` already satisfies.
    pub fn against(&self, flags: &Flags) -> FlagChange {
        let mut present = Flags::none();
        present.system = self.remove.system & flags.system;
        present.keywords = self
            .remove
            .keywords
            .iter()
            .filter(|k| flags.has_keyword(k))
            .cloned()
            .collect();
        FlagChange {
            add: self.add.minus(flags),
            remove: present,
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_case_and_recent_is_dropped() {
        let flags = Flags::parse([
            "\\SEEN",
            "\\Recent",
            "$Forwarded",
            "$forwarded",
            "\\Odd",
            "",
        ]);
        assert_eq!(flags.to_string(), "\\Seen $Forwarded \\Odd");
    }

    #[test]
    fn two_changes_in_a_row_are_one_change() {
        let first = FlagChange {
            add: Flags::parse(["\\Seen", "a"]),
            remove: Flags::parse(["b"]),
        };
        let later = FlagChange {
            add: Flags::parse(["b"]),
            remove: Flags::parse(["\\Seen", "c"]),
        };
        for start in [
            Flags::none(),
            Flags::parse(["b", "c"]),
            Flags::parse(["\\Seen", "A"]),
        ] {
            assert_eq!(
                first.then(&later).apply(&start),
                later.apply(&first.apply(&start))
            );
        }
    }
}
