//! Messages that come from files, and what is kept of the files beside them.

use rusqlite::OptionalExtension;

use crate::mime::mbox::Frame;
use crate::model::{ActionId, ContentKey, Flags, MailboxKey, MessageKey, OperationKind, ThreadKey};

use super::bodies::{self, Piece};
use super::columns::{count, of_flags};
use super::mailboxes;
use super::messages::{self, Arrived};
use super::{Change, Rows, StoreError, Tx, contents, effective, journal, outgoing, remains};

/// The highest key that a message has, so that later ones can be told from those that were there.
pub fn newest(rows: &impl Rows) -> Result<MessageKey, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT coalesce(max(key), 0) FROM message")?;
    Ok(MessageKey(query.query_row([], |row| row.get(0))?))
}

/// How many messages of a mailbox, up to a key, hold exactly the bytes of this hash.
pub fn copies(
    rows: &impl Rows,
    mailbox: MailboxKey,
    hash: &[u8; 32],
    newest: MessageKey,
) -> Result<u64, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT count(*) FROM blob b CROSS JOIN content c ON c.blob = b.key
           CROSS JOIN message m ON m.content = c.key
         WHERE b.hash = ?1 AND m.mailbox = ?2 AND m.key <= ?3",
    )?;
    let found = query.query_row((hash.as_slice(), mailbox.0, newest.0), |row| row.get(0))?;
    Ok(count(found))
}

/// Whether a mailbox shows no message at all.
pub fn is_empty(rows: &impl Rows, mailbox: MailboxKey) -> Result<bool, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM message WHERE mailbox = ?1)")?;
    Ok(query.query_row([mailbox.0], |row| row.get(0))?)
}

/// Begins a message whose bytes come by pieces: its content is kept, and nobody sees it yet. What is
/// not ended within a day goes again.
pub fn begin(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    arrived: &Arrived,
) -> Result<ContentKey, StoreError> {
    let account = mailboxes::get(tx, mailbox)?.account;
    let envelope = arrived.envelope.clone().unwrap_or_default();
    let arrival = arrived.arrival;
    outgoing::freeze_at(tx, account, arrival, &envelope, None, arrived.size)
}

/// Shows a message in a mailbox: one that [`begin`] began, or a new one with its bytes. Into a
/// mailbox of a server it goes by an upload, which is part of `action`.
pub fn put(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    arrived: &Arrived,
    begun: Option<ContentKey>,
    frame: Option<&Frame>,
    action: Option<ActionId>,
) -> Result<(MessageKey, ContentKey), StoreError> {
    let (key, content) = match begun {
        Some(content) => (unveil(tx, mailbox, arrived, content)?, content),
        None => messages::insert_local(tx, mailbox, arrived)?,
    };
    if let Some(frame) = frame {
        tx.connection()
            .prepare_cached("INSERT INTO frame (message, line, tail) VALUES (?1, ?2, ?3)")?
            .execute((key.0, &frame.line, &frame.tail))?;
    }
    if let Some(action) = action {
        let account = mailboxes::get(tx, mailbox)?.account;
        let kind = OperationKind::Append {
            message: key,
            source: None,
            to: mailbox,
            flags: arrived.flags.clone(),
            proof: None,
            sent_as: None,
        };
        journal::add(tx, action, account, Some(mailbox), &kind)?;
    }
    Ok((key, content))
}

fn unveil(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    arrived: &Arrived,
    content: ContentKey,
) -> Result<MessageKey, StoreError> {
    let sql = tx.connection();
    let (flags, keywords) = of_flags(&arrived.flags);
    let ThreadKey(thread) = contents::get(tx, content)?.thread;
    sql.prepare_cached(
        "INSERT INTO message (content, mailbox, flags, keywords, arrival, size, thread)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        content.0,
        mailbox.0,
        flags,
        keywords,
        arrived.arrival,
        i64::try_from(arrived.size).unwrap_or(i64::MAX),
        thread,
    ))?;
    let key = MessageKey(sql.last_insert_rowid());
    sql.prepare_cached("DELETE FROM freezing WHERE content = ?1")?
        .execute([content.0])?;
    effective::tell(tx, mailbox)?;
    Ok(key)
}

/// Whether what is put into the mailbox has to be uploaded.
pub fn uploads(rows: &impl Rows, mailbox: MailboxKey) -> Result<bool, StoreError> {
    let account = mailboxes::get(rows, mailbox)?.account;
    Ok(!remains::is_local(rows, account)?)
}

/// The frame of the file that a message came from, where it is not one of ours.
pub fn frame(rows: &impl Rows, message: MessageKey) -> Result<Option<Frame>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT line, tail FROM frame WHERE message = ?1")?;
    let frame = query.query_row([message.0], |row| {
        Ok(Frame {
            line: row.get(0)?,
            tail: row.get(1)?,
        })
    });
    Ok(frame.optional()?)
}

/// The messages that a mailbox shows, in the order in which they came here.
pub fn all(rows: &impl Rows, mailbox: MailboxKey) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT key FROM message WHERE mailbox = ?1 ORDER BY key")?;
    let found = query
        .query_map([mailbox.0], |row| Ok(MessageKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// The hash of the bytes of a message, if all of them are here.
pub fn hash(rows: &impl Rows, content: ContentKey) -> Result<Option<[u8; 32]>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT b.hash FROM content c JOIN blob b ON b.key = c.blob WHERE c.key = ?1",
    )?;
    let hash: Option<Option<Vec<u8>>> =
        query.query_row([content.0], |row| row.get(0)).optional()?;
    Ok(hash.flatten().and_then(|hash| hash.try_into().ok()))
}

/// A bulk step of an import that somebody waits for: it is on the disk when it is answered.
pub fn settle(tx: &Tx<'_>, mailbox: MailboxKey) -> Result<(), StoreError> {
    tx.durable();
    tx.changed(Change::Messages(mailbox));
    Ok(())
}

/// Stores pieces; one that ends a message makes it whole.
pub fn store(tx: &Tx<'_>, pieces: &[Piece]) -> Result<(), StoreError> {
    for piece in pieces {
        bodies::store(tx, piece)?;
    }
    Ok(())
}

/// The flags of a message as they are shown.
pub fn flags(rows: &impl Rows, key: MessageKey) -> Result<Flags, StoreError> {
    Ok(messages::get(rows, key)?.flags)
}
