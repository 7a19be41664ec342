//! What to ask of a mailbox, and what its answers mean (RFC 4549, RFC 7162).
//!
//! The store's UIDs are compared with the server's as sets, so that a sync that was cut anywhere
//! goes on where it stopped: what is missing is fetched, newest first, and what is gone goes. The
//! only cursor is the mod-sequence of the flags; it moves in the commit that holds all flags below
//! it (SAFETY R6).

use crate::model::{Uid, UidSet, UidValidity};

/// What the store knows of a mailbox, in its current epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// The stored UIDs.
    pub known: UidSet,
    /// The flags of all `known` are at least as new as this.
    pub modseq: Option<u64>,
    /// Rows of the epoch before wait to be paired with what comes.
    pub renumbering: bool,
}

/// Why a mailbox is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It was just selected, and SELECT said so.
    Selected {
        /// HIGHESTMODSEQ as sent; 0 stands for "no mod-sequences" on some servers.
        modseq: Option<u64>,
    },
    /// It was selected for the first time ever, and its newest screen has been fetched since.
    Begun {
        /// HIGHESTMODSEQ as sent.
        modseq: Option<u64>,
    },
    /// It is open already, and news came.
    Again {
        /// Whether flags are among them.
        flags: bool,
    },
}

/// How the flags of known messages are brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagsAsk {
    /// They are current.
    Nothing,
    /// UID FETCH (FLAGS) (CHANGEDSINCE n).
    ChangedSince(u64),
    /// The flags of all known UIDs.
    All,
}

/// What is asked of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullAsk {
    /// The newest messages by sequence number, before anything else is known: (low, high). Reading
    /// by number is safe, as every answer carries its UID.
    pub newest: Option<(u32, u32)>,
    /// The few messages above the largest known UID, asked for before the sets are compared.
    pub newer: Option<Uid>,
    /// Whether UID SEARCH ALL is needed to compare the sets.
    pub search: bool,
    /// The flags.
    pub flags: FlagsAsk,
    /// The mod-sequence that the flags have reached at least when this pull is through; `None` if
    /// the server has no usable one.
    pub reach: Option<u64>,
}

/// How many envelopes come first: a screen of them.
pub const FIRST_WINDOW: u32 = 50;

/// Plans the pull of an open mailbox with `exists` messages.
pub fn ask(local: &Local, exists: u32, look: Look) -> PullAsk {
    let fresh = local.known.is_empty();
    let newest =
        (fresh && exists > 0).then(|| (exists.saturating_sub(FIRST_WINDOW - 1).max(1), exists));
    let all_in_window = newest.is_some_and(|(low, _)| low == 1);
    let more = u64::from(exists).saturating_sub(local.known.len());
    let again = matches!(look, Look::Again { .. });
    let newer = (!fresh && again && (1..=WINDOW as u64).contains(&more))
        .then(|| Uid(local.known.last().map_or(1, |uid| uid.0.saturating_add(1))));
    let reach = match look {
        Look::Selected { modseq } | Look::Begun { modseq } => {
            modseq.filter(|n| *n > 0 && *n <= i64::MAX as u64)
        }
        Look::Again { .. } => local.modseq,
    };
    let flags = match (look, local.modseq, reach) {
        _ if fresh => FlagsAsk::Nothing,
        (Look::Begun { .. }, _, _) => FlagsAsk::Nothing,
        (Look::Again { flags: false }, _, _) => FlagsAsk::Nothing,
        (Look::Again { flags: true }, Some(ours), _) => FlagsAsk::ChangedSince(ours),
        (Look::Selected { .. }, Some(ours), Some(theirs)) if ours == theirs => FlagsAsk::Nothing,
        (Look::Selected { .. }, Some(ours), Some(theirs)) if ours < theirs => {
            FlagsAsk::ChangedSince(ours)
        }
        (Look::Again { flags: true }, None, _) | (Look::Selected { .. }, _, _) => FlagsAsk::All,
    };
    PullAsk {
        newest,
        newer,
        // Rows that wait to be paired go if nothing comes: EXISTS alone does not decide that.
        search: !(all_in_window || fresh && exists == 0 && !local.renumbering),
        flags,
        reach,
    }
}

/// Whether an answer to SELECT says that the mailbox was numbered anew. Rows that are not found
/// again in the new numbers go in the end, so that it has to be said twice (SAFETY P8).
pub fn is_renumbered(ours: Option<UidValidity>, theirs: Option<UidValidity>) -> bool {
    let told = theirs.filter(|validity| validity.0 > 0);
    ours.is_some() && told.is_some() && ours != told
}

/// Whether a second SELECT bears out a first one that said the mailbox was numbered anew; each is
/// UIDVALIDITY and EXISTS. That it was not is always believed.
pub fn is_borne_out(
    ours: Option<UidValidity>,
    first: (Option<UidValidity>, u32),
    second: (Option<UidValidity>, u32),
) -> bool {
    !is_renumbered(ours, second.0) || first.0 == second.0 && (first.1 == 0) == (second.1 == 0)
}

/// What STATUS says of a mailbox that is not open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// MESSAGES.
    pub messages: Option<u64>,
    /// UNSEEN.
    pub unseen: Option<u64>,
    /// UIDNEXT.
    pub uid_next: Option<u64>,
    /// UIDVALIDITY.
    pub validity: Option<u64>,
    /// HIGHESTMODSEQ.
    pub modseq: Option<u64>,
}

/// Whether what STATUS says differs from what the last pull left, so that a pull is due. A server
/// that does not even say MESSAGES is looked at anew.
pub fn is_due(ours: &Counts, theirs: &Counts) -> bool {
    let differs = |ours: Option<u64>, theirs: Option<u64>| theirs.is_some() && ours != theirs;
    theirs.messages.is_none()
        || differs(ours.messages, theirs.messages)
        || differs(ours.unseen, theirs.unseen)
        || differs(ours.uid_next, theirs.uid_next)
        || differs(ours.validity, theirs.validity)
        || differs(ours.modseq, theirs.modseq.filter(|n| *n > 0))
}

/// Whether STATUS proves that nothing has changed since the last pull: a mod-sequence covers every
/// flag, which the counts alone do not.
pub fn is_proven(ours: &Counts, theirs: &Counts) -> bool {
    let covered = theirs.modseq.is_some_and(|n| n > 0) && theirs.uid_next.is_some();
    covered && theirs.validity.is_some() && !is_due(ours, theirs)
}

/// What a comparison of the sets says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// On the server, not here.
    pub missing: UidSet,
    /// Here, not on the server. Empty while there is doubt.
    pub gone: UidSet,
    /// Why rows that look gone are left alone.
    pub doubt: Option<Doubt>,
}

/// Why a listing is not believed (SAFETY P8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It does not have as many UIDs as the mailbox has messages.
    CountDiffers {
        /// UIDs listed.
        listed: u64,
        /// EXISTS.
        exists: u32,
    },
    /// Most of what is here would go, on the word of one answer.
    MassExpunge {
        /// How many would go.
        gone: u64,
        /// Of how many.
        of: u64,
    },
}

/// Compares what is here with a listing of all UIDs. `confirmed` says that an earlier listing in
/// this session named the same UIDs.
///
/// Rows go only if the listing has as many UIDs as the server says there are messages; and if more
/// than half of a mailbox would go, only on the second listing.
pub fn compare(known: &UidSet, listed: &UidSet, exists: u32, confirmed: bool) -> Difference {
    let missing = listed.minus(known);
    let gone = known.minus(listed);
    let doubt = if gone.is_empty() {
        None
    } else if listed.len() != u64::from(exists) {
        Some(Doubt::CountDiffers {
            listed: listed.len(),
            exists,
        })
    } else if !confirmed && gone.len() > 10 && gone.len() > known.len() / 2 {
        Some(Doubt::MassExpunge {
            gone: gone.len(),
            of: known.len(),
        })
    } else {
        None
    };
    let gone = if doubt.is_some() { UidSet::new() } else { gone };
    Difference {
        missing,
        gone,
        doubt,
    }
}

/// Later windows of envelopes have this many messages.
pub const WINDOW: usize = 500;

/// Cuts `missing` into windows, newest first: `first` messages, then [`WINDOW`] each. Takes at most
/// `most` messages; a server can claim four billion.
pub fn windows(missing: &UidSet, first: usize, most: usize) -> Vec<UidSet> {
    let mut windows = Vec::new();
    let mut window: Vec<(u32, u32)> = Vec::new();
    let (mut left, mut room) = (most, first.max(1));
    for &(low, high) in missing.ranges().iter().rev() {
        let mut high = high;
        while left > 0 && high >= low && high > 0 {
            let take = room.min(left).min((high - low) as usize + 1);
            let from = high - (take as u32 - 1);
            window.push((from, high));
            left -= take;
            room -= take;
            high = from - 1;
            if room == 0 {
                windows.push(UidSet::of_ranges(std::mem::take(&mut window)));
                room = WINDOW;
            }
        }
    }
    if !window.is_empty() {
        windows.push(UidSet::of_ranges(window));
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> UidSet {
        UidSet::parse(text).unwrap_or_default()
    }

    fn local(known: &str, modseq: u64) -> Local {
        Local {
            known: set(known),
            modseq: (modseq > 0).then_some(modseq),
            renumbering: false,
        }
    }

    fn selected(modseq: u64) -> Look {
        Look::Selected {
            modseq: Some(modseq),
        }
    }

    #[test]
    fn a_fresh_mailbox_gives_its_newest_screen_first() {
        let check = |exists: u32, newest: Option<(u32, u32)>, search: bool| {
            let ask = ask(&Local::default(), exists, selected(1));
            assert_eq!((ask.newest, ask.search), (newest, search), "{exists}");
            assert_eq!((ask.flags, ask.newer), (FlagsAsk::Nothing, None));
        };
        check(0, None, false);
        check(1, Some((1, 1)), false);
        check(50, Some((1, 50)), false);
        check(51, Some((2, 51)), true);
        check(9000, Some((8951, 9000)), true);
        let renumbering = Local {
            renumbering: true,
            ..Local::default()
        };
        assert!(ask(&renumbering, 0, selected(1)).search);
    }

    #[test]
    fn a_few_new_messages_come_before_the_comparison() {
        let check = |exists: u32, newer: Option<u32>| {
            let ask = ask(&local("1:3", 0), exists, Look::Again { flags: false });
            assert_eq!((ask.newer, ask.search), (newer.map(Uid), true), "{exists}");
        };
        check(3, None);
        check(2, None);
        check(4, Some(4));
        check(503, Some(4));
        check(504, None);
    }

    #[test]
    fn flags_are_asked_since_the_cursor_where_the_server_has_one() {
        let check = |modseq: u64, look: Look, flags: FlagsAsk| {
            assert_eq!(ask(&local("1:3", modseq), 3, look).flags, flags, "{look:?}");
        };
        check(5, selected(5), FlagsAsk::Nothing);
        check(5, selected(9), FlagsAsk::ChangedSince(5));
        check(0, selected(9), FlagsAsk::All);
        check(0, Look::Begun { modseq: Some(9) }, FlagsAsk::Nothing);
        check(5, Look::Again { flags: false }, FlagsAsk::Nothing);
        check(5, Look::Again { flags: true }, FlagsAsk::ChangedSince(5));
        check(0, Look::Again { flags: true }, FlagsAsk::All);
    }

    #[test]
    fn p8_an_odd_highestmodseq_falls_back_to_all_flags() {
        for odd in [Some(0), Some(4), Some(u64::MAX), Some(1 << 63), None] {
            let ask = ask(&local("1:3", 5), 3, Look::Selected { modseq: odd });
            assert_eq!(ask.flags, FlagsAsk::All, "{odd:?}");
            assert_eq!(ask.reach, odd.filter(|n| *n == 4));
        }
    }

    #[test]
    fn a_mailbox_is_pulled_when_status_differs() {
        let ours = Counts {
            messages: Some(3),
            unseen: Some(1),
            uid_next: Some(4),
            validity: Some(1),
            modseq: Some(9),
        };
        assert!(!is_due(&ours, &ours));
        assert!(is_due(&ours, &Counts::default()));
        for changed in [
            Counts {
                messages: Some(4),
                ..ours
            },
            Counts {
                unseen: Some(0),
                ..ours
            },
            Counts {
                uid_next: Some(5),
                ..ours
            },
            Counts {
                validity: Some(2),
                ..ours
            },
            Counts {
                modseq: Some(10),
                ..ours
            },
        ] {
            assert!(is_due(&ours, &changed), "{changed:?}");
        }
        let silent = Counts {
            unseen: None,
            uid_next: None,
            validity: None,
            modseq: Some(0),
            ..ours
        };
        assert!(!is_due(&ours, &silent));
    }

    #[test]
    fn p8_one_odd_uidvalidity_begins_no_new_numbering() {
        let validity = |n: u64| (n != u64::MAX).then_some(UidValidity(n));
        let none = u64::MAX;
        let check = |ours: u64, first: (u64, u32), second: (u64, u32), expect: (bool, bool)| {
            let (one, two) = ((validity(first.0), first.1), (validity(second.0), second.1));
            let renumbered = is_renumbered(validity(ours), one.0);
            let borne_out = is_borne_out(validity(ours), one, two);
            assert_eq!(
                (renumbered, borne_out),
                expect,
                "{ours} {first:?} {second:?}"
            );
        };
        check(7, (7, 3), (7, 3), (false, true));
        check(7, (0, 0), (7, 3), (false, true));
        check(7, (none, 0), (7, 3), (false, true));
        check(none, (9, 3), (9, 3), (false, true));
        check(7, (9, 3), (9, 3), (true, true));
        check(7, (9, 3), (9, 4), (true, true));
        check(7, (9, 0), (9, 0), (true, true));
        check(7, (9, 0), (7, 3), (true, true));
        check(7, (9, 0), (9, 3), (true, false));
        check(7, (9, 3), (9, 0), (true, false));
        check(7, (9, 3), (8, 3), (true, false));
    }

    fn check_compare(
        known: &str,
        listed: &str,
        exists: u32,
        confirmed: bool,
        expect: (&str, &str, bool),
    ) {
        let found = compare(&set(known), &set(listed), exists, confirmed);
        assert_eq!(
            (
                found.missing.to_string().as_str(),
                found.gone.to_string().as_str(),
                found.doubt.is_some()
            ),
            expect,
            "{known} against {listed}"
        );
    }

    #[test]
    fn p8_one_odd_listing_deletes_nothing() {
        check_compare("1:5", "1:3,5:6", 5, false, ("6", "4", false));
        check_compare("1:5", "", 5, false, ("", "", true));
        check_compare("1:5", "1:2", 5, false, ("", "", true));
        check_compare("1:5", "1:2,9", 9, false, ("9", "", true));
        check_compare("1:100", "", 0, false, ("", "", true));
        check_compare("1:100", "", 0, true, ("", "1:100", false));
        check_compare("1:100", "101:200", 100, false, ("101:200", "", true));
        check_compare("1:5", "", 0, false, ("", "1:5", false));
        check_compare("", "1:9", 9, false, ("1:9", "", false));
    }

    #[test]
    fn windows_are_newest_first_and_cover_all_once() {
        let check = |missing: &str, first: usize, most: usize, expect: &[&str]| {
            let got: Vec<String> = windows(&set(missing), first, most)
                .iter()
                .map(UidSet::to_string)
                .collect();
            assert_eq!(got, expect, "{missing}");
        };
        check("", 50, 1000, &[]);
        check("1:3,7", 2, 1000, &["3,7", "1:2"]);
        check("1:3,7", 2, 3, &["3,7", "2"]);
        check(
            "1:1100",
            50,
            5000,
            &["1051:1100", "551:1050", "51:550", "1:50"],
        );
        check("1:4294967295", 1, 1, &["4294967295"]);
    }
}
