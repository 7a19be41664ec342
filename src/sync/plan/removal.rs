//! Whether anything came to a mailbox since a person said that it is to be deleted: what they did
//! not know of is not deleted with it.

use crate::model::UidValidity;
use crate::model::journal::KnownMailbox;

use super::pull::{Counts, is_renumbered};

/// What STATUS shows beside what the person knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing came: it may be deleted.
    Nothing,
    /// UIDs were given out that are not known: only a listing from this one on tells.
    Look(u32),
    /// So many came.
    Came(u64),
    /// It is another mailbox by this name, or numbered anew, with so many messages.
    Anew(u64),
}

/// Compares. `own` counts the UIDs, from a given one up to a second, that are ours: moved there by
/// the person before they deleted it.
pub fn since(known: &KnownMailbox, theirs: &Counts, own: impl Fn(u32, u32) -> u64) -> Since {
    if theirs.messages == Some(0) {
        return Since::Nothing;
    }
    if is_renumbered(known.uid_validity, theirs.validity.map(UidValidity)) {
        return Since::Anew(theirs.messages.unwrap_or(1));
    }
    let next = theirs.uid_next.and_then(|next| u32::try_from(next).ok());
    match (
        known.uid_next,
        next.filter(|next| *next > 0),
        theirs.messages,
    ) {
        // UIDs only grow while UIDVALIDITY stays.
        (Some(ours), Some(next), _) if next <= ours => Since::Nothing,
        (Some(ours), Some(next), _) if u64::from(next - ours) <= own(ours, next) => Since::Nothing,
        (Some(ours), _, _) => Since::Look(ours),
        (None, _, Some(messages)) if messages <= known.messages => Since::Nothing,
        (None, _, Some(messages)) => Since::Came(messages - known.messages),
        (None, _, None) => Since::Look(1),
    }
}

/// What is said of so many messages that came.
pub fn came(count: u64, mailbox: &str) -> String {
    match count {
        1 => format!("1 message came to \"{mailbox}\" since you deleted it"),
        many => format!("{many} messages came to \"{mailbox}\" since you deleted it"),
    }
}

/// What is said of messages that should have left first.
pub fn left_behind(count: u64, mailbox: &str) -> String {
    match count {
        1 => format!("1 message that was to leave \"{mailbox}\" first is still in it"),
        many => format!("{many} messages that were to leave \"{mailbox}\" first are still in it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `known` is UIDVALIDITY, UIDNEXT and count, `theirs` UIDVALIDITY, UIDNEXT and MESSAGES; 0 is
    /// not told.
    fn check(known: (u64, u32, u64), theirs: (u64, u64, Option<u64>), own: u64, expect: Since) {
        let ours = KnownMailbox {
            uid_validity: (known.0 > 0).then_some(UidValidity(known.0)),
            uid_next: (known.1 > 0).then_some(known.1),
            messages: known.2,
            ..KnownMailbox::default()
        };
        let counts = Counts {
            validity: Some(theirs.0),
            uid_next: (theirs.1 > 0).then_some(theirs.1),
            messages: theirs.2,
            ..Counts::default()
        };
        let found = since(&ours, &counts, |_, _| own);
        assert_eq!(found, expect, "{known:?} {theirs:?} own {own}");
    }

    #[test]
    fn r10_what_came_since_a_mailbox_was_deleted_is_seen_by_its_numbers() {
        check((7, 5, 4), (7, 5, Some(4)), 0, Since::Nothing);
        check((7, 5, 4), (7, 5, Some(2)), 0, Since::Nothing);
        check((7, 5, 4), (7, 6, Some(5)), 0, Since::Look(5));
        // One went and one came: the count is the same.
        check((7, 5, 4), (7, 6, Some(4)), 0, Since::Look(5));
        check((7, 5, 4), (7, 6, Some(5)), 1, Since::Nothing);
        check((7, 5, 4), (7, 7, Some(6)), 1, Since::Look(5));
        check((7, 5, 4), (8, 5, Some(4)), 0, Since::Anew(4));
        check((7, 5, 4), (8, 5, Some(0)), 0, Since::Nothing);
        check((7, 5, 4), (0, 5, Some(4)), 0, Since::Nothing);
        check((7, 5, 4), (7, 0, Some(4)), 0, Since::Look(5));
        check((0, 0, 4), (7, 9, Some(4)), 0, Since::Nothing);
        check((0, 0, 4), (7, 9, Some(6)), 0, Since::Came(2));
        check((0, 0, 4), (7, 9, None), 0, Since::Look(1));
    }
}
