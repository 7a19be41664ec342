//! `list --threads`: conversations, each as the tree of its messages.

use super::error::Failure;
use super::json;
use super::list::{HEADS, columns, find, message};
use super::places;
use super::start::Start;
use crate::mime::sanitize::Shown;
use crate::ops::threads::{self, ThreadRow};
use crate::store::{Reader, accounts, mailboxes};

/// Prints the newest conversations of a mailbox, at most `limit` of them.
pub fn list(
    start: &mut Start,
    (mailbox, account): (&str, Option<&str>),
    limit: u32,
    unread: bool,
) -> Result<(), Failure> {
    let place = places::place(&start.settings, account, mailbox)?;
    let store = start.store()?;
    let reader = store.reader()?;
    let mailbox = find(&reader, &place)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let listed = [mailbox.key];
    let found = threads::newest(&reader, &listed, unread, limit)?;
    if start.out.json {
        let messages = found
            .iter()
            .map(|row| of_row(&reader, row))
            .collect::<Result<_, _>>()?;
        return start.out.object(&json::Messages { messages });
    }
    let rows: Vec<Vec<Shown>> = found
        .iter()
        .map(|row| {
            let mut cells = columns(&row.row, mailbox.role);
            if let Some(subject) = cells.last_mut() {
                let tree = row.tree.drawing();
                *subject = Shown::line(&format!("{tree}{}", row.row.subject));
            }
            cells
        })
        .collect();
    start.out.table(&HEADS, &rows)
}

/// A message with the mailbox that it stands in, which may be another one.
fn of_row(reader: &Reader, row: &ThreadRow) -> Result<json::Message, Failure> {
    let mailbox = mailboxes::get(reader, row.mailbox)?;
    let account = accounts::get(reader, mailbox.account)?;
    let name = mailbox.name.unwrap_or_default();
    message(reader, &row.row, &account.id, &name)
}
