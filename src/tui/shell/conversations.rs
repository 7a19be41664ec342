//! Lists of conversations, read for the screen.

use crate::model::thread::{Folds, TreeCell};
use crate::model::{MailboxKey, MessageKey, ThreadKey, View};
use crate::ops::index::{Walk, counts};
use crate::ops::threads::{self, Anchor as At, ThreadRow, Turn, Window};
use crate::store::lists::IndexRow;
use crate::store::{Reader, StoreError};
use crate::tui::app::event::{From, Threads};
use crate::tui::app::view::{Anchor, Page, Row};

use super::desk::Desk;
use super::pages::{self, Asked};

/// Rows of a list of conversations.
pub fn page(
    desk: &Desk,
    reader: &Reader,
    walk: &Walk,
    reverse: bool,
    (asked, seen): (Asked<'_>, &Threads),
) -> Result<Page, StoreError> {
    let around = asked.around;
    let (anchor, before, after) = match asked.from {
        From::First => (At::Top, 0, 2 * around),
        From::Last => (At::End, 2 * around, 1),
        From::Around(anchor) => {
            let stood = seen.stood.map(|stood| turn(anchor, stood));
            (At::Message(anchor.key, stood), around, around)
        }
        From::Ordinal(number) => (At::Ordinal(number.saturating_sub(1)), around, around),
    };
    let window = Window {
        mailboxes: &walk.mailboxes,
        folds: &seen.folds,
        reverse,
        anchor,
        before,
        after,
    };
    let found = reader.snapshot(|reader| threads::page(reader, &window))?;
    if !found.unknown.is_empty() {
        desk.learn(found.unknown);
    }
    let (total, unread) = counts(reader, walk)?;
    Ok(Page {
        at_start: !found.more_before,
        at_end: !found.more_after,
        // A place in the list has no number: what is folded and unfolded above would change it.
        ordinal: None,
        anchor: found.anchor,
        total,
        unread,
        rows: found.rows.into_iter().map(row).collect(),
    })
}

fn turn(anchor: Anchor, (thread, newest): (ThreadKey, i64)) -> Turn {
    match thread {
        ThreadKey(0) => Turn::alone(anchor.key, newest),
        thread => Turn::of(thread, newest),
    }
}

fn row(found: ThreadRow) -> Row {
    let ThreadRow { row, tree, .. } = found;
    let alone = tree == TreeCell::default();
    pages::row(IndexRow {
        tree: (!alone).then_some(tree),
        ..row
    })
}

/// The messages of the conversation of one, in the mailboxes of a view; of one that is in no
/// conversation itself.
pub fn keys(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    message: MessageKey,
) -> Result<Vec<MessageKey>, StoreError> {
    let walk = pages::walk(desk, reader, view)?;
    match threads::of_message(reader, message)? {
        Some(thread) => threads::keys(reader, &walk, thread),
        None => Ok(vec![message]),
    }
}

/// Rows of a conversation that are shown in one piece, on either side of the message.
const AROUND: usize = 1_000;

/// The conversation of a message, in the order of its tree; of a very long one what is around it.
pub fn whole(
    desk: &Desk,
    reader: &Reader,
    view: &View,
    message: MessageKey,
) -> Result<Vec<Row>, StoreError> {
    let walk = pages::walk(desk, reader, view)?;
    let Some(thread) = threads::of_message(reader, message)? else {
        return Ok(Vec::new());
    };
    let mut folds = Folds::default();
    folds.set(thread, true);
    // The first one with a copy of a message shows it.
    let mailboxes: Vec<_> = walk.portions().map(|(mailbox, _)| mailbox).collect();
    let window = Window {
        mailboxes: &mailboxes,
        folds: &folds,
        reverse: false,
        anchor: At::Message(message, None),
        before: AROUND,
        after: AROUND,
    };
    let found = reader.snapshot(|reader| threads::page(reader, &window))?;
    let own = found
        .rows
        .into_iter()
        .filter(|one| one.row.thread == thread);
    Ok(own.map(row).collect())
}

/// An unread message of the next conversation that has one.
pub fn next_unread(
    reader: &Reader,
    walk: &Walk,
    after: Option<Anchor>,
) -> Result<Option<Anchor>, StoreError> {
    let mailboxes: &[MailboxKey] = &walk.mailboxes;
    let found = threads::next_unread(reader, mailboxes, after.map(|anchor| anchor.key))?;
    Ok(found.map(|(arrival, key)| Anchor { arrival, key }))
}
