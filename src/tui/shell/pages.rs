//! Pages of an index, read for the screen.

use std::collections::BTreeSet;

use crate::model::{Envelope, List, MailboxKey, MessageKey, View};
use crate::ops::index;
use crate::ops::index::{
    Anchor as At, IndexPage, KeyAnchor, Place, Walk, Window, mailboxes_of, ordinal, page_of_keys,
};
use crate::store::lists::IndexRow;
use crate::store::{Reader, StoreError};
use crate::tui::app::event::{Answer, From, Threads};
use crate::tui::app::view::{Anchor, Page, Row};

use super::conversations;
use super::desk::Desk;

/// Where a page lies.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where.
    pub from: From,
    /// The number of that row when it was seen last, from 1.
    pub near: Option<u64>,
    /// How many rows on either side.
    pub around: usize,
    /// How conversations are seen, in a list of them.
    pub threads: Option<&'a Threads>,
}

/// The mailboxes of a view, and which of their messages.
pub fn walk(desk: &Desk, reader: &Reader, view: &View) -> Result<Walk, StoreError> {
    let accounts = match view.one_mailbox() {
        Some(_) => Vec::new(),
        None => desk.shown_accounts(reader)?,
    };
    Ok(Walk {
        mailboxes: mailboxes_of(reader, &view.list, &accounts)?,
        filter: view.shown(),
    })
}

/// Rows of a view.
pub fn page(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    asked: Asked<'_>,
) -> Result<Page, StoreError> {
    let walk = walk(desk, reader, view)?;
    if let Some(threads) = asked.threads.filter(|_| view.is_threaded()) {
        return conversations::page(desk, reader, &walk, view.reversed, (asked, threads));
    }
    match &view.list {
        List::Keys(keys) => of_keys(reader, &walk, &keys.keys, asked),
        List::Mailbox(_) | List::Inboxes | List::Unread | List::Flagged | List::All => {
            by_arrival(reader, walk, view.reversed, asked)
        }
    }
}

fn by_arrival(
    reader: &Reader,
    walk: Walk,
    reversed: bool,
    asked: Asked<'_>,
) -> Result<Page, StoreError> {
    let Asked { from, around, .. } = asked;
    let (anchor, before, after) = match from {
        From::First => (At::Top, 0, 2 * around),
        From::Last => (At::End, 2 * around, 1),
        From::Around(anchor) => (At::Place(place(anchor)), around, around),
        From::Ordinal(number) => (At::Ordinal(number.saturating_sub(1)), around, around),
    };
    let window = Window {
        walk,
        reversed,
        anchor,
        before,
        after,
    };
    let found = index::page(reader, &window)?;
    let number = match (found.rows.first(), found.more_before) {
        (_, false) => Some(1),
        (Some(first), true) => Some(ordinal(reader, &window.walk, reversed, first.place())? + 1),
        (None, true) => None,
    };
    Ok(shown(found, number))
}

fn of_keys(
    reader: &Reader,
    walk: &Walk,
    keys: &[MessageKey],
    asked: Asked<'_>,
) -> Result<Page, StoreError> {
    let around = asked.around;
    let number = |number: u64| number.saturating_sub(1);
    let (at, before, after) = match asked.from {
        From::First => (KeyAnchor::Top, 0, 2 * around),
        From::Last => (KeyAnchor::End, 2 * around, 1),
        From::Around(anchor) => {
            let near = number(asked.near.unwrap_or(1));
            (KeyAnchor::Message(anchor.key, near), around, around)
        }
        From::Ordinal(at) => (KeyAnchor::Ordinal(number(at)), around, around),
    };
    let within: BTreeSet<MailboxKey> = walk.mailboxes.iter().copied().collect();
    let (found, first) = page_of_keys(reader, keys, &within, at, before, after)?;
    Ok(shown(found, Some(first + 1)))
}

fn place(anchor: Anchor) -> Place {
    Place {
        arrival: anchor.arrival,
        key: anchor.key,
    }
}

fn shown(found: IndexPage, ordinal: Option<u64>) -> Page {
    Page {
        at_start: !found.more_before,
        at_end: !found.more_after,
        ordinal,
        anchor: found.anchor,
        total: found.total,
        unread: found.unread,
        rows: found.rows.into_iter().map(row).collect(),
    }
}

pub(super) fn row(row: IndexRow) -> Row {
    Row {
        key: row.key,
        // A list has no message that is nowhere.
        mailbox: row.mailbox.unwrap_or(MailboxKey(0)),
        arrival: row.arrival,
        envelope: Envelope {
            date: row.date,
            subject: row.subject,
            from: row.from,
            to: row.to,
            list_id: row.list_id,
            ..Envelope::default()
        },
        flags: row.flags,
        attachments: row.has_attachments,
        pending: row.pending,
        kept: row.kept,
        size: row.size,
        thread: row.thread,
        tree: row.tree,
    }
}

/// The next unread message of a view.
pub fn next_unread(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    after: Option<Anchor>,
) -> Result<Answer, StoreError> {
    let walk = walk(desk, reader, view)?;
    if view.is_threaded() {
        let found = conversations::next_unread(reader, &walk, after)?;
        return Ok(Answer::NextUnread(found));
    }
    let found = index::next_unread(reader, &walk, after.map_or(Place::TOP, place))?;
    Ok(Answer::NextUnread(found.map(|place| Anchor {
        arrival: place.arrival,
        key: place.key,
    })))
}
