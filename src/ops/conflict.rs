//! Conflicts: another program changed what an operation names before it was sent. A person chooses:
//! keep mine, or take theirs (which is to drop the operation).

use crate::model::journal::Cause;
use crate::model::{
    ContentKey, Kept, MailboxKey, MessageKey, Operation, OperationId, OperationKind, OperationState,
};
use crate::store::messages::Message;
use crate::store::{
    Refusal, StoreError, Tx, contents, effective, journal, local, mailboxes, messages, remains,
    removal, verdicts,
};

/// Sends an operation after all. A message that another program moved is moved on from there; one
/// that is gone everywhere is uploaded again if it is kept here; a mailbox that is gone is made
/// again; one that messages came to is deleted with them. Anything else is put back into the queue.
pub(super) fn keep_mine(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    let OperationState::Failed { cause, .. } = &operation.state else {
        return verdicts::requeue(tx, id, None);
    };
    match cause {
        Cause::Arrived => return removal::insist(tx, id),
        Cause::MailboxGone => {
            if let Some(mailbox) = operation.kind.target() {
                make_again(tx, &operation, mailbox)?;
            }
        }
        Cause::Gone | Cause::Refused | Cause::Renumbered => {}
    }
    // Whatever it was refused for, its message may have gone since.
    if *cause == Cause::Gone || verdicts::is_lost(tx, &operation)? {
        return bring_back(tx, &operation);
    }
    verdicts::requeue(tx, id, None)
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
    if remains::is_local(tx, row.account)? {
        if let Some(twin) = mailboxes::by_name(tx, row.account, &name)? {
            let why = format!(
                "another mailbox is called \"{}\" now",
                twin.name.unwrap_or(name)
            );
            let id = operation.id.0;
            return Err(Refusal::NotDoable { id, why }.into());
        }
        return local::revive(tx, mailbox, &name);
    }
    let kind = OperationKind::Create { mailbox, name };
    journal::add(tx, operation.action, row.account, Some(mailbox), &kind)?;
    effective::refold_account(tx, row.account)
}

fn bring_back(tx: &Tx<'_>, operation: &Operation) -> Result<(), StoreError> {
    let (key, to) = match &operation.kind {
        OperationKind::Move { message, to, .. } => (*message, *to),
        OperationKind::Copy { message, to, .. } => (*message, *to),
        OperationKind::Flag { message, .. } => return with_its_copy(tx, operation, *message),
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
    let mut flags = match &operation.kind {
        OperationKind::Copy { flags, .. } => flags.clone(),
        _ => row.flags.clone(),
    };
    // An upload brings them along.
    for one in journal::of_message(tx, key)? {
        if let OperationKind::Flag { change, .. } = &one.kind {
            flags = change.apply(&flags);
            journal::remove(tx, one.id)?;
        }
    }
    let append = OperationKind::Append {
        message: key,
        source: None,
        to,
        flags,
        proof: None,
        sent_as: None,
    };
    instead(tx, operation, append)
}

/// Something else is asked, in the place of what was refused.
fn instead(tx: &Tx<'_>, operation: &Operation, kind: OperationKind) -> Result<(), StoreError> {
    let operation = Operation {
        kind,
        ..operation.clone()
    };
    journal::rewrite(tx, &operation)?;
    verdicts::requeue(tx, operation.id, None)
}

/// A flag of a message that is not there is set when the message comes.
fn with_its_copy(tx: &Tx<'_>, flag: &Operation, message: MessageKey) -> Result<(), StoreError> {
    let all = journal::of_message(tx, message)?;
    let comes = all
        .iter()
        .find(|one| one.kind.target().is_some() && one.state.is_failed());
    match comes {
        Some(comes) => keep_mine(tx, comes.id),
        None => verdicts::withdraw(tx, flag.id),
    }
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
            instead(tx, operation, copy)
        }
        _ => Ok(()),
    }
}
