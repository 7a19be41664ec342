//! The message index: one window of a view, and which mailboxes a view is made of.

use std::collections::BTreeSet;

use crate::model::{AccountKey, MailboxKey, MessageKey, Share, View};
use crate::store::lists::{self, IndexRow, Reach};
use crate::store::{Rows, StoreError, mailboxes};

pub use crate::store::lists::{Filter, Place, Walk};

/// Where a window lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At the first row.
    Top,
    /// At the last one.
    End,
    /// At the newest unread row; at the top when there is none.
    NewestUnread,
    /// At this message; at the top when it is not in the list.
    Message(MessageKey),
    /// At the row that stands at or next below this place: where a row was that may be gone.
    Place(Place),
    /// At the row with this ordinal from 0. Cost grows with the ordinal.
    Ordinal(u64),
}

/// A window of mailboxes in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The mailboxes, and which of their messages.
    pub walk: Walk,
    /// Whether the oldest message stands above.
    pub reversed: bool,
    /// Where it lies.
    pub anchor: Anchor,
    /// Rows above the anchor, at most.
    pub before: usize,
    /// Rows from the anchor on, at most.
    pub after: usize,
}

impl Window {
    fn start(&self) -> Place {
        if self.reversed {
            Place::END
        } else {
            Place::TOP
        }
    }

    /// The side on which the anchor and what stands below it lie.
    fn down(&self) -> Reach {
        if self.reversed {
            Reach::AtAndNewer
        } else {
            Reach::AtAndOlder
        }
    }

    fn up(&self) -> Reach {
        if self.reversed {
            Reach::Older
        } else {
            Reach::Newer
        }
    }
}

/// What a window shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexPage {
    /// The rows, from the top.
    pub rows: Vec<IndexRow>,
    /// Which row the anchor came to; `None` in an empty list.
    pub anchor: Option<usize>,
    /// Whether there are rows above these.
    pub more_before: bool,
    /// Whether there are rows below these.
    pub more_after: bool,
    /// Messages in the list, kept count.
    pub total: u64,
    /// Unread messages in the list, kept count; of a list of flagged ones nobody keeps it.
    pub unread: u64,
}

/// What a view is made of: the mailboxes of these accounts that its list takes, and which of their
/// messages.
pub fn walk(rows: &impl Rows, view: &View, accounts: &[AccountKey]) -> Result<Walk, StoreError> {
    let filter = view.shown();
    if let Some(one) = view.one_mailbox() {
        return Ok(Walk::of(one, filter));
    }
    let (mut mailboxes, mut alone) = (Vec::new(), Vec::new());
    for account in accounts {
        for mailbox in mailboxes::all(rows, *account)? {
            match view.list.share(mailbox.key, mailbox.role) {
                Share::All => mailboxes.push(mailbox.key),
                Share::Alone => alone.push(mailbox.key),
                Share::None => {}
            }
        }
    }
    Ok(Walk {
        mailboxes,
        alone,
        filter,
    })
}

/// Reads a window. The cost depends on its size alone (and on the number, for an ordinal).
pub fn page(rows: &impl Rows, window: &Window) -> Result<IndexPage, StoreError> {
    let (total, unread) = counts(rows, &window.walk)?;
    let place = anchor(rows, window)?;
    // One row more on each side tells whether there are more.
    let walk = &window.walk;
    let mut below = lists::merged(rows, walk, place, window.down(), window.after + 1)?;
    let mut above = match place {
        place if place == window.start() => Vec::new(),
        place => lists::merged(rows, walk, place, window.up(), window.before + 1)?,
    };
    let more_after = below.len() > window.after;
    below.truncate(window.after);
    let more_before = above.len() > window.before;
    above.truncate(window.before);
    above.reverse();
    let count = above.len() + below.len();
    // Nothing at or below the place: the cursor goes to the last row there is.
    let anchor = match count {
        0 => None,
        _ => Some(above.len().min(count - 1)),
    };
    above.append(&mut below);
    Ok(IndexPage {
        rows: above,
        anchor,
        more_before,
        more_after,
        total,
        unread,
    })
}

/// The messages and the unread ones of a list, as they are kept.
pub fn counts(rows: &impl Rows, walk: &Walk) -> Result<(u64, u64), StoreError> {
    let (mut total, mut unread) = (0, 0);
    for (key, portion) in walk.portions() {
        let mailbox = mailboxes::get(rows, key)?;
        let (of_unread, of_flagged) = match portion.alone {
            false => (mailbox.unread, mailbox.flagged),
            true => (mailbox.alone.unread, mailbox.alone.flagged),
        };
        match walk.filter {
            Filter::All => {
                total += mailbox.total;
                unread += mailbox.unread;
            }
            Filter::Unread => {
                total += of_unread;
                unread += of_unread;
            }
            Filter::Flagged => total += of_flagged,
        }
    }
    Ok((total, unread))
}

fn anchor(rows: &impl Rows, window: &Window) -> Result<Place, StoreError> {
    let place = match window.anchor {
        Anchor::Top => None,
        Anchor::End if window.reversed => Some(Place::TOP),
        Anchor::End => Some(Place::END),
        Anchor::NewestUnread => lists::newest_unread(rows, &window.walk, Place::TOP)?,
        Anchor::Message(key) => lists::place_of(rows, key)?,
        Anchor::Place(place) => Some(place),
        Anchor::Ordinal(ordinal) => lists::nth(rows, &window.walk, window.down(), ordinal)?,
    };
    Ok(place.unwrap_or(window.start()))
}

/// Where a window of a list of keys lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAnchor {
    /// At the first row.
    Top,
    /// At the last one.
    End,
    /// At this message; where it is not in the list any more, at the row with this ordinal from 0.
    Message(MessageKey, u64),
    /// At the row with this ordinal from 0.
    Ordinal(u64),
}

/// Reads a window of a list of keys, in their order; also the ordinal from 0 of its first row. Keys
/// of messages that left `mailboxes` are passed over. The cost depends on the window, but for the
/// look for a message among the keys.
pub fn page_of_keys(
    rows: &impl Rows,
    keys: &[MessageKey],
    mailboxes: &BTreeSet<MailboxKey>,
    at: KeyAnchor,
    before: usize,
    after: usize,
) -> Result<(IndexPage, u64), StoreError> {
    let ordinal = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let found = match at {
        KeyAnchor::Top => 0,
        KeyAnchor::End => keys.len(),
        KeyAnchor::Message(key, number) => {
            let place = keys.iter().position(|one| *one == key);
            place.unwrap_or(ordinal(number))
        }
        KeyAnchor::Ordinal(number) => ordinal(number),
    };
    let (above, below) = keys.split_at(found.min(keys.len()));
    let take = |keys: &mut dyn Iterator<Item = &MessageKey>, limit: usize| {
        let mut taken = Vec::new();
        let mut passed = 0;
        for key in keys {
            if taken.len() == limit {
                return Ok((taken, passed, true));
            }
            passed += 1;
            let row = lists::row(rows, *key)?;
            taken.extend(row.filter(|row| row.mailbox.is_some_and(|m| mailboxes.contains(&m))));
        }
        Ok::<_, StoreError>((taken, passed, false))
    };
    let (mut below_rows, _, more_after) = take(&mut below.iter(), after)?;
    // Where nothing stands below, the window reaches up by as much.
    let spare = after.saturating_sub(below_rows.len());
    let (mut above_rows, passed, more_before) =
        take(&mut above.iter().rev(), before.saturating_add(spare))?;
    above_rows.reverse();
    let count = above_rows.len() + below_rows.len();
    let anchor = match count {
        0 => None,
        _ => Some(above_rows.len().min(count - 1)),
    };
    above_rows.append(&mut below_rows);
    let page = IndexPage {
        rows: above_rows,
        anchor,
        more_before,
        more_after,
        total: u64::try_from(keys.len()).unwrap_or(u64::MAX),
        unread: 0,
    };
    let first = u64::try_from(above.len().saturating_sub(passed)).unwrap_or(0);
    Ok((page, first))
}

/// How many of these messages are unread and in one of these mailboxes; a look-up for each.
pub fn unread_of(
    rows: &impl Rows,
    keys: &[MessageKey],
    mailboxes: &BTreeSet<MailboxKey>,
) -> Result<u64, StoreError> {
    let mut unread = 0;
    for key in keys {
        let place = lists::unread_in(rows, *key)?;
        unread += u64::from(place.is_some_and(|mailbox| mailboxes.contains(&mailbox)));
    }
    Ok(unread)
}

/// The rows of these messages as a list shows them now; those that are gone are left out.
pub fn rows_of(rows: &impl Rows, keys: &[MessageKey]) -> Result<Vec<IndexRow>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(lists::row(rows, *key)?);
    }
    Ok(found)
}

/// The ordinal of a place in its list, from 0, from the top. Cost grows with the number: ask for it
/// apart from the page.
pub fn ordinal(
    rows: &impl Rows,
    walk: &Walk,
    reversed: bool,
    place: Place,
) -> Result<u64, StoreError> {
    let reach = if reversed { Reach::Older } else { Reach::Newer };
    lists::count_beyond(rows, walk, place, reach)
}

/// The next unread message of a list that is older than `from`.
pub fn next_unread(
    rows: &impl Rows,
    walk: &Walk,
    from: Place,
) -> Result<Option<Place>, StoreError> {
    lists::newest_unread(rows, walk, from)
}
