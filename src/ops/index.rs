//! The message index: one window of a mailbox, newest first.

use crate::model::{MailboxKey, MessageKey};
use crate::store::lists::{self, IndexRow};
use crate::store::{Rows, StoreError, mailboxes};

pub use crate::store::lists::{Filter, Place};

/// Where a window lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At the newest row.
    Top,
    /// At the newest unread row; at the top when there is none.
    NewestUnread,
    /// At this message; at the top when it is not in the list.
    Message(MessageKey),
    /// At the row that stands at or next below this place: where a row was that may be gone.
    Place(Place),
    /// At the row with this ordinal from 0. Cost grows with the ordinal.
    Ordinal(u64),
}

/// A window to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The mailbox.
    pub mailbox: MailboxKey,
    /// Which of its messages.
    pub filter: Filter,
    /// Where it lies.
    pub anchor: Anchor,
    /// Rows above the anchor (newer), at most.
    pub before: usize,
    /// Rows from the anchor on (it and older ones), at most.
    pub after: usize,
}

/// What a window shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexPage {
    /// Newest first.
    pub rows: Vec<IndexRow>,
    /// Which row the anchor came to; `None` in an empty list.
    pub anchor: Option<usize>,
    /// Whether there are newer rows than these.
    pub more_before: bool,
    /// Whether there are older rows than these.
    pub more_after: bool,
    /// Messages in the mailbox, kept count.
    pub total: u64,
    /// Unread messages in the mailbox, kept count.
    pub unread: u64,
}

/// Reads a window. The cost depends on its size alone (and on the number, for an ordinal).
pub fn page(rows: &impl Rows, window: &Window) -> Result<IndexPage, StoreError> {
    let mailbox = mailboxes::get(rows, window.mailbox)?;
    let (mailbox_key, filter) = (window.mailbox, window.filter);
    let place = anchor(rows, window)?;
    // One row more on each side tells whether there are more.
    let mut older = lists::older(rows, mailbox_key, filter, place, window.after + 1)?;
    let mut newer = match place {
        Place::TOP => Vec::new(),
        place => lists::newer(rows, mailbox_key, filter, place, window.before + 1)?,
    };
    let more_after = older.len() > window.after;
    older.truncate(window.after);
    let more_before = newer.len() > window.before;
    if more_before {
        newer.remove(0);
    }
    let count = newer.len() + older.len();
    // Nothing at or below the place: the cursor goes to the last row there is.
    let anchor = match count {
        0 => None,
        _ => Some(newer.len().min(count - 1)),
    };
    newer.append(&mut older);
    Ok(IndexPage {
        rows: newer,
        anchor,
        more_before,
        more_after,
        total: mailbox.total,
        unread: mailbox.unread,
    })
}

fn anchor(rows: &impl Rows, window: &Window) -> Result<Place, StoreError> {
    let place = match window.anchor {
        Anchor::Top => None,
        Anchor::NewestUnread => lists::newest_unread(rows, window.mailbox, Place::TOP)?,
        Anchor::Message(key) => lists::place_of(rows, key)?,
        Anchor::Place(place) => Some(place),
        Anchor::Ordinal(ordinal) => {
            lists::by_ordinal(rows, window.mailbox, window.filter, ordinal)?
        }
    };
    Ok(place.unwrap_or(Place::TOP))
}

/// The rows of these messages as a list shows them now; those that are gone are left out.
pub fn rows_of(rows: &impl Rows, keys: &[MessageKey]) -> Result<Vec<IndexRow>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(lists::row(rows, *key)?);
    }
    Ok(found)
}

/// The ordinal of a place in its list, from 0, newest first. Cost grows with the number: ask for
/// it apart from the page.
pub fn ordinal(
    rows: &impl Rows,
    mailbox: MailboxKey,
    filter: Filter,
    place: Place,
) -> Result<u64, StoreError> {
    lists::count_newer(rows, mailbox, filter, place)
}

/// The next unread message: older than `from` in `mailbox`, then the newest in each of the
/// mailboxes that follow it in `order`, round to `mailbox` itself.
pub fn next_unread(
    rows: &impl Rows,
    order: &[MailboxKey],
    mailbox: MailboxKey,
    from: Place,
) -> Result<Option<(MailboxKey, Place)>, StoreError> {
    if let Some(place) = lists::newest_unread(rows, mailbox, from)? {
        return Ok(Some((mailbox, place)));
    }
    let at = order.iter().position(|key| *key == mailbox);
    let start = at.map_or(0, |at| at + 1);
    let rest = order.iter().skip(start).chain(order.iter().take(start));
    for key in rest {
        if let Some(place) = lists::newest_unread(rows, *key, Place::TOP)? {
            return Ok(Some((*key, place)));
        }
    }
    Ok(None)
}
