//! What to ask of a mailbox, and what its answers mean (RFC 4549, RFC 7162).
//!
//! The store's UIDs are compared with the server's as sets, so that a sync that was cut anywhere
//! goes on where it stopped: what is missing is fetched, newest first, and what is gone goes. The
//! only cursor is the mod-sequence of the flags; it moves in the commit that holds all flags below
//! it (SAFETY R6).

use crate::model::{Uid, UidSet, UidValidity};

/// What the store knows of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// The UIDVALIDITY of its epoch; `None` before the first sync.
    pub validity: Option<UidValidity>,
    /// The UIDs of its epoch.
    pub known: UidSet,
    /// Whether rows of an older epoch wait for their pairs.
    pub old_rows: bool,
    /// The flags of all `known` are at least as new as this.
    pub modseq: Option<u64>,
    /// UIDNEXT when the last pull ended.
    pub uid_next: Option<u32>,
}

/// What SELECT said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// EXISTS.
    pub exists: u32,
    /// UIDVALIDITY.
    pub validity: Option<UidValidity>,
    /// UIDNEXT.
    pub uid_next: Option<u32>,
    /// HIGHESTMODSEQ as sent; 0 stands for "no mod-sequences" on some servers.
    pub modseq: Option<u64>,
}

/// How store and server meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// The store holds nothing of it.
    Fresh,
    /// The same epoch.
    Same,
    /// Another UIDVALIDITY, or an earlier change of it was not followed to its end.
    Renumbered {
        /// Whether a new epoch begins now.
        new_epoch: bool,
    },
}

/// Decides by UIDVALIDITY. A server that sends none is taken to have kept its own.
pub fn meet(local: &Local, remote: &Remote) -> Meeting {
    match (local.validity, remote.validity) {
        (Some(ours), Some(theirs)) if ours != theirs => Meeting::Renumbered { new_epoch: true },
        _ if local.old_rows => Meeting::Renumbered { new_epoch: false },
        _ if local.known.is_empty() => Meeting::Fresh,
        _ => Meeting::Same,
    }
}

/// How the flags of known messages are brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagsAsk {
    /// They are current.
    Nothing,
    /// UID FETCH 1:* (FLAGS) (CHANGEDSINCE n).
    ChangedSince(u64),
    /// The flags of all known UIDs.
    All,
}

/// What is asked of a mailbox of the same epoch, or a fresh one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullAsk {
    /// The newest messages by sequence number, before anything else is known: (low, high). Reading
    /// by number is safe, as every answer carries its UID.
    pub newest: Option<(u32, u32)>,
    /// Whether UID SEARCH ALL is needed to compare the sets.
    pub search: bool,
    /// The flags.
    pub flags: FlagsAsk,
    /// The mod-sequence that all flags have reached when this pull is through; `None` if the server
    /// has no usable one.
    pub reach: Option<u64>,
}

/// How many envelopes come first: a screen of them.
pub const FIRST_WINDOW: u32 = 50;

/// Plans the pull of a mailbox that was just selected.
pub fn ask(local: &Local, remote: &Remote) -> PullAsk {
    let reach = remote.modseq.filter(|n| *n > 0 && *n <= i64::MAX as u64);
    let fresh = local.known.is_empty();
    let newest = (fresh && remote.exists > 0).then(|| {
        (
            remote.exists.saturating_sub(FIRST_WINDOW - 1).max(1),
            remote.exists,
        )
    });
    let all_in_window = newest.is_some_and(|(low, _)| low == 1);
    let flags = match (local.modseq, reach) {
        _ if fresh => FlagsAsk::Nothing,
        (Some(ours), Some(theirs)) if ours == theirs => FlagsAsk::Nothing,
        (Some(ours), Some(theirs)) if ours < theirs => FlagsAsk::ChangedSince(ours),
        _ => FlagsAsk::All,
    };
    PullAsk {
        newest,
        search: !all_in_window && !is_complete(local, remote),
        flags,
        reach,
    }
}

/// Whether the sets must be equal: nothing arrived since the last full pull, and as many are here
/// as there.
fn is_complete(local: &Local, remote: &Remote) -> bool {
    let nothing_new = match (local.uid_next, remote.uid_next) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => remote.exists == 0,
    };
    nothing_new && local.known.len() == u64::from(remote.exists)
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

/// UIDs that are new, given the largest known one: what EXISTS during IDLE asks for.
pub fn newer_than(known: &UidSet) -> UidSet {
    let from = known.last().map_or(1, |Uid(n)| n.saturating_add(1));
    UidSet::range(from, u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> UidSet {
        UidSet::parse(text).unwrap_or_default()
    }

    fn local(known: &str, modseq: u64, uid_next: u32) -> Local {
        Local {
            validity: Some(UidValidity(1)),
            known: set(known),
            old_rows: false,
            modseq: (modseq > 0).then_some(modseq),
            uid_next: (uid_next > 0).then_some(uid_next),
        }
    }

    fn remote(exists: u32, modseq: u64, uid_next: u32) -> Remote {
        Remote {
            exists,
            validity: Some(UidValidity(1)),
            uid_next: (uid_next > 0).then_some(uid_next),
            modseq: Some(modseq),
        }
    }

    #[test]
    fn uidvalidity_alone_decides_how_store_and_server_meet() {
        let same = remote(3, 0, 4);
        assert_eq!(meet(&Local::default(), &same), Meeting::Fresh);
        assert_eq!(meet(&local("1:3", 0, 4), &same), Meeting::Same);
        let other = Remote {
            validity: Some(UidValidity(u64::MAX)),
            ..same
        };
        let new_epoch = Meeting::Renumbered { new_epoch: true };
        assert_eq!(meet(&local("1:3", 0, 4), &other), new_epoch);
        let silent = Remote {
            validity: None,
            ..same
        };
        assert_eq!(meet(&local("1:3", 0, 4), &silent), Meeting::Same);
        let unfinished = Local {
            old_rows: true,
            ..local("1:3", 0, 4)
        };
        let resumed = Meeting::Renumbered { new_epoch: false };
        assert_eq!(meet(&unfinished, &same), resumed);
    }

    fn check_ask(local: &Local, remote: &Remote, expect: (Option<(u32, u32)>, bool, FlagsAsk)) {
        let ask = ask(local, remote);
        assert_eq!(
            (ask.newest, ask.search, ask.flags),
            expect,
            "{local:?} {remote:?}"
        );
    }

    #[test]
    fn only_what_can_have_changed_is_asked() {
        let fresh = Local::default();
        check_ask(&fresh, &remote(0, 1, 1), (None, false, FlagsAsk::Nothing));
        check_ask(
            &fresh,
            &remote(50, 1, 51),
            (Some((1, 50)), false, FlagsAsk::Nothing),
        );
        check_ask(
            &fresh,
            &remote(9000, 1, 0),
            (Some((8951, 9000)), true, FlagsAsk::Nothing),
        );
        check_ask(
            &local("1:3", 5, 4),
            &remote(3, 5, 4),
            (None, false, FlagsAsk::Nothing),
        );
        check_ask(
            &local("1:3", 5, 4),
            &remote(3, 9, 4),
            (None, false, FlagsAsk::ChangedSince(5)),
        );
        check_ask(
            &local("1:3", 5, 4),
            &remote(2, 9, 4),
            (None, true, FlagsAsk::ChangedSince(5)),
        );
        check_ask(
            &local("1:3", 5, 4),
            &remote(3, 5, 5),
            (None, true, FlagsAsk::Nothing),
        );
        check_ask(
            &local("1:3", 5, 0),
            &remote(3, 5, 4),
            (None, true, FlagsAsk::Nothing),
        );
    }

    #[test]
    fn p8_an_odd_highestmodseq_falls_back_to_all_flags() {
        for odd in [0, 4, u64::MAX, 1 << 63] {
            check_ask(
                &local("1:3", 5, 4),
                &remote(3, odd, 4),
                (None, false, FlagsAsk::All),
            );
        }
        let none = Remote {
            modseq: None,
            ..remote(3, 0, 4)
        };
        check_ask(&local("1:3", 5, 4), &none, (None, false, FlagsAsk::All));
        check_ask(
            &local("1:3", 0, 4),
            &remote(3, 7, 4),
            (None, false, FlagsAsk::All),
        );
        assert_eq!(ask(&local("1:3", 5, 4), &remote(3, 0, 4)).reach, None);
        assert_eq!(ask(&local("1:3", 5, 4), &remote(3, 4, 4)).reach, Some(4));
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

    #[test]
    fn new_mail_is_what_lies_above_the_largest_known_uid() {
        assert_eq!(newer_than(&set("")).to_string(), "1:4294967295");
        assert_eq!(newer_than(&set("3,9")).to_string(), "10:4294967295");
    }
}
