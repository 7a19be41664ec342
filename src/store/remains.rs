//! Moves between this machine and servers: what a message leaves behind here, and how it lands here.
//!
//! A message of a local or POP3 account that goes to a server leaves a row of its own, its *remains*:
//! unseen, on no server, with an operation that deletes it once the message is proven to stand at its
//! new place. Where it lay is the mailbox of that operation, and there it is shown again if the
//! server refuses the message. A message that comes from a server whose bytes are not here is an
//! upload into a mailbox of this machine: it has landed in the commit of its last byte, and only
//! then may what it left on the server be deleted.

use rusqlite::OptionalExtension;

use crate::model::journal::Placed;
use crate::model::{
    AccountKey, ContentKey, Flags, Kept, MailboxKey, MessageKey, Operation, OperationId,
    OperationKind, Role,
};

use super::accounts::{self, AccountKind};
use super::columns::of_flags;
use super::effective::{self, tell};
use super::messages::{self, Message};
use super::{Change, Rows, StoreError, Tx, contents, journal, mailboxes, maildrop};

/// Whether mail of the account lies on this machine alone.
pub fn is_local(rows: &impl Rows, account: AccountKey) -> Result<bool, StoreError> {
    Ok(accounts::get(rows, account)?.kind != AccountKind::Imap)
}

/// The message holds `content` of another account from now on; what it held stays in a row of its
/// own, whose key is answered.
pub fn leave(
    tx: &Tx<'_>,
    message: &Message,
    content: ContentKey,
) -> Result<MessageKey, StoreError> {
    let sql = tx.connection();
    let (system, keywords) = of_flags(&message.flags);
    sql.prepare_cached(
        "INSERT INTO message (content, base_flags, base_keywords, flags, keywords, arrival, size,
           thread) VALUES (?1, ?2, ?3, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        message.content.0,
        system,
        keywords,
        message.arrival,
        i64::try_from(message.size).unwrap_or(i64::MAX),
        message.thread.0,
    ))?;
    let remains = MessageKey(sql.last_insert_rowid());
    sql.prepare_cached("UPDATE message SET content = ?2 WHERE key = ?1")?
        .execute((message.key.0, content.0))?;
    Ok(remains)
}

/// The operation that deletes the remains of a message on this machine, if these are such remains.
pub fn deletion(rows: &impl Rows, remains: &Message) -> Result<Option<Operation>, StoreError> {
    if remains.base.is_some() {
        return Ok(None);
    }
    for one in journal::of_message(rows, remains.key)? {
        if is_deletion(rows, &one)? {
            return Ok(Some(one));
        }
    }
    Ok(None)
}

fn is_deletion(rows: &impl Rows, operation: &Operation) -> Result<bool, StoreError> {
    Ok(matches!(operation.kind, OperationKind::Expunge { .. })
        && is_local(rows, operation.account)?)
}

/// Takes [`leave`] back: the message lies again where it lay, with the flags that it has now.
pub fn rejoin(tx: &Tx<'_>, message: &Message, remains: &Message) -> Result<(), StoreError> {
    let Some(deletion) = deletion(tx, remains)? else {
        return Ok(());
    };
    journal::upload_copies(tx, message.key, Some(message.key))?;
    for key in [message.key, remains.key] {
        for operation in journal::of_message(tx, key)? {
            journal::remove(tx, operation.id)?;
        }
    }
    tx.connection()
        .prepare_cached("UPDATE message SET content = ?2 WHERE key = ?1")?
        .execute((message.key.0, remains.content.0))?;
    messages::remove(tx, remains.key, remains.content)?;
    contents::release(tx, message.content)?;
    show_at(tx, message, &deletion, &message.flags)
}

/// A message lies in a mailbox here now, with all its bytes, that was on its way to a server: what it
/// left behind before may go.
pub fn landed(tx: &Tx<'_>, message: MessageKey) -> Result<(), StoreError> {
    let_go(tx, message)?;
    tx.durable();
    Ok(())
}

/// What was to be deleted once `message` stands elsewhere may be deleted now: here at once.
pub(super) fn let_go(tx: &Tx<'_>, message: MessageKey) -> Result<(), StoreError> {
    for waiting in journal::naming(tx, message)? {
        if !matches!(waiting.kind, OperationKind::Expunge { .. }) {
            continue;
        }
        if !is_local(tx, waiting.account)? {
            journal::free(tx, &waiting)?;
        } else if let Some(row) = of(tx, &waiting)? {
            messages::remove(tx, row.key, row.content)?;
        }
    }
    Ok(())
}

/// The deletion of remains here is taken back: they are a message again. False if it is none.
pub(super) fn give_back(tx: &Tx<'_>, operation: &Operation) -> Result<bool, StoreError> {
    if !is_deletion(tx, operation)? {
        return Ok(false);
    }
    let Some(row) = of(tx, operation)? else {
        return Ok(false);
    };
    journal::remove(tx, operation.id)?;
    if let OperationKind::Expunge {
        after: Some(gone), ..
    } = operation.kind
    {
        maildrop::stands_for(tx, gone, row.key)?;
    }
    show_at(tx, &row, operation, &row.flags)?;
    tx.durable();
    Ok(true)
}

fn of(rows: &impl Rows, operation: &Operation) -> Result<Option<Message>, StoreError> {
    let row = operation.kind.message();
    let row = row.map(|key| messages::find(rows, key)).transpose()?;
    Ok(row.flatten().filter(|row| row.base.is_none()))
}

fn show_at(
    tx: &Tx<'_>,
    row: &Message,
    deletion: &Operation,
    flags: &Flags,
) -> Result<(), StoreError> {
    let before = Placed {
        mailbox: row.mailbox,
        flags: row.flags.clone(),
    };
    let place = Placed {
        mailbox: deletion.mailbox,
        flags: flags.clone(),
    };
    effective::show(tx, row.key, &before, &place)?;
    for mailbox in before.mailbox.iter().chain(&place.mailbox) {
        tell(tx, *mailbox)?;
    }
    Ok(())
}

/// A mailbox of this machine goes: what comes back to it, should a server refuse it, comes back to
/// INBOX.
pub(super) fn turn_to_inbox(
    tx: &Tx<'_>,
    account: AccountKey,
    mailbox: MailboxKey,
) -> Result<(), StoreError> {
    let Some(inbox) = mailboxes::by_role(tx, account, Role::Inbox)? else {
        return Ok(());
    };
    tx.connection()
        .prepare_cached(
            "UPDATE journal SET mailbox = ?3
             WHERE account = ?1 AND mailbox = ?2 AND kind = 'expunge'",
        )?
        .execute((account.0, mailbox.0, inbox.key.0))?;
    Ok(())
}

/// Who has the bytes of a message on its way from another account, and as which content; `None` for
/// all others, whose own account has them.
pub fn source_of(
    rows: &impl Rows,
    content: ContentKey,
) -> Result<Option<(AccountKey, ContentKey)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT c.account, c.key FROM message m CROSS JOIN journal j ON j.message = m.key
           JOIN message o ON o.key = j.other JOIN content c ON c.key = o.content
         WHERE m.content = ?1 AND j.kind = 'append' AND j.state <> 'failed'",
    )?;
    let source = query.query_row([content.0], |row| {
        Ok((AccountKey(row.get(0)?), ContentKey(row.get(1)?)))
    });
    Ok(source.optional()?)
}

/// The bytes of a content are here: what was to come with them into mailboxes of this machine has
/// landed.
pub(super) fn land_all(tx: &Tx<'_>, content: ContentKey) -> Result<(), StoreError> {
    let ids: Vec<i64> = {
        let mut query = tx.connection().prepare_cached(
            "SELECT j.id FROM message m CROSS JOIN journal j ON j.message = m.key
             WHERE m.content = ?1 AND j.kind = 'append' AND j.state = 'queued'",
        )?;
        query
            .query_map([content.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for id in ids {
        land(tx, OperationId(id))?;
    }
    Ok(())
}

/// An upload into a mailbox of this machine is done as soon as its bytes are here.
pub(super) fn land(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    let OperationKind::Append { message, to, .. } = operation.kind else {
        return Ok(());
    };
    let target = mailboxes::get(tx, to)?;
    let Some(row) = messages::find(tx, message)? else {
        return Ok(());
    };
    let whole = contents::kept(tx, row.content)? == Kept::All;
    if target.name.is_none() || !whole || !is_local(tx, target.account)? {
        return Ok(());
    }
    journal::remove(tx, id)?;
    let_go(tx, message)?;
    tx.durable();
    tx.changed(Change::Journal);
    tell(tx, to)
}
