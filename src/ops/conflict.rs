//! Conflicts: another program changed what an operation names before it was sent. A person chooses:
//! keep mine, or take theirs (which is to drop the operation).

use crate::model::journal::Cause;
use crate::model::{
    ContentKey, Kept, MailboxKey, Operation, OperationId, OperationKind, OperationState,
};
use crate::store::messages::Message;
use crate::store::{
    Refusal, StoreError, Tx, contents, effective, journal, mailboxes, messages, removal, verdicts,
};

/// Sends an operation after all. A message that another program moved is moved on from there; one
/// that is gone everywhere is uploaded again if it is kept here; a mailbox that is gone is made
/// again; one that messages came to is deleted with them. Anything else is put back into the queue.
pub(super) fn keep_mine(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    match &operation.state {
        OperationState::Failed {
            cause: Cause::Gone, ..
        } => bring_back(tx, &operation),
        OperationState::Failed {
            cause: Cause::MailboxGone,
            ..
        } => {
            if let Some(mailbox) = operation.kind.target() {
                make_again(tx, &operation, mailbox)?;
            }
            verdicts::requeue(tx, id, None)
        }
        OperationState::Failed {
            cause: Cause::Arrived,
            ..
        } => removal::insist(tx, id),
        OperationState::Failed { .. }
        | OperationState::Queued { .. }
        | OperationState::InFlight { .. }
        | OperationState::Unsure => verdicts::requeue(tx, id, None),
    }
}

fn make_again(tx: &Tx<'_>, operation: &Operation, mailbox: MailboxKey) -> Result<(), StoreError> {
    let row = mailboxes::get(tx, mailbox)?;
    let waits = journal::of_mailbox(tx, mailbox)?
        .iter()
        .any(|one| matches!(one.kind, OperationKind::Create { .. }));
    if row.name.is_some() || row.base.is_some() || waits {
        return Ok(());
    }
    let Some(name) = mailboxes::gone_name(tx, mailbox)? else {
        return Ok(());
    };
    let kind = OperationKind::Create { mailbox, name };
    journal::add(tx, operation.action, row.account, Some(mailbox), &kind)?;
    effective::refold_account(tx, row.account)
}

fn bring_back(tx: &Tx<'_>, operation: &Operation) -> Result<(), StoreError> {
    let (key, to) = match &operation.kind {
        OperationKind::Move { message, to, .. } => (*message, *to),
        OperationKind::Copy { message, to, .. } => (*message, *to),
        _ => return verdicts::requeue(tx, operation.id, None),
    };
    let Some(row) = messages::find(tx, key)? else {
        return journal::remove(tx, operation.id);
    };
    if let Some(twin) = twin(tx, &row)? {
        return follow(tx, operation, &row, &twin, to);
    }
    if contents::kept(tx, row.content)? != Kept::All {
        return Err(Refusal::NotDoable {
            id: operation.id.0,
            why: "the message is gone from the server, and its text was not kept here".to_owned(),
        }
        .into());
    }
    let flags = match &operation.kind {
        OperationKind::Copy { flags, .. } => flags.clone(),
        _ => row.flags.clone(),
    };
    let append = OperationKind::Append {
        message: key,
        source: None,
        to,
        flags,
        proof: None,
    };
    journal::add(
        tx,
        operation.action,
        operation.account,
        operation.mailbox,
        &append,
    )?;
    journal::remove(tx, operation.id)?;
    effective::refold_one(tx, key)
}

/// The same message where another program put it.
fn twin(tx: &Tx<'_>, row: &Message) -> Result<Option<Message>, StoreError> {
    let content = contents::get(tx, row.content)?;
    if content.envelope.message_id.is_empty() {
        return Ok(None);
    }
    for key in contents::equals(tx, row.content)? {
        let found = same_message(tx, row, key)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn same_message(
    tx: &Tx<'_>,
    row: &Message,
    content: ContentKey,
) -> Result<Option<Message>, StoreError> {
    for key in contents::messages(tx, content)? {
        let Some(other) = messages::find(tx, key)? else {
            continue;
        };
        let same = other.key != row.key
            && other.base.is_some()
            && other.mailbox.is_some()
            && (other.arrival, other.size) == (row.arrival, row.size);
        if same {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Moves on, or copies, from where the message is now.
fn follow(
    tx: &Tx<'_>,
    operation: &Operation,
    row: &Message,
    twin: &Message,
    to: MailboxKey,
) -> Result<(), StoreError> {
    let Some(from) = twin.mailbox else {
        return Ok(());
    };
    match &operation.kind {
        OperationKind::Move { .. } => {
            verdicts::withdraw(tx, operation.id)?;
            if from == to {
                return Ok(());
            }
            let moved = OperationKind::Move {
                message: twin.key,
                from,
                to,
                proof: None,
            };
            journal::add(tx, operation.action, operation.account, Some(from), &moved)?;
            effective::refold_one(tx, twin.key)
        }
        OperationKind::Copy { flags, .. } => {
            let copy = OperationKind::Copy {
                message: row.key,
                source: twin.key,
                to,
                flags: flags.clone(),
                proof: None,
            };
            journal::add(tx, operation.action, operation.account, Some(from), &copy)?;
            journal::remove(tx, operation.id)?;
            effective::refold_one(tx, row.key)
        }
        _ => Ok(()),
    }
}
