//! What a verdict on an operation changes: base takes what the server did, the journal row goes or
//! tells why not, and what is shown follows by itself.
//!
//! Every function here is one step of a transaction; none fails because the operation is gone: a
//! person may have dropped it meanwhile.

use rusqlite::OptionalExtension;

use crate::model::journal::{Cause, PutOff, Spot};
use crate::model::{
    Flags, MailboxKey, MessageKey, Operation, OperationId, OperationKind, OperationState,
};

use super::behind::{self, Joined};
use super::columns::of_flags;
use super::effective::{forget_base, refold, refold_mailboxes, release, release_mailbox, tell};
use super::messages::Message;
use super::{Change, Rows, StoreError, Tx, journal, mailboxes, messages, outgoing, remains};

const ORIGINAL_GONE: &str = "the message to copy is gone from the server";

/// What became of the place that a moved or deleted message left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing is there.
    Nothing,
    /// The server cannot expunge single messages: it stays, marked `\Deleted`, and is not shown.
    Marked,
}

/// The flags are set: base takes the change. `modseq` is that of the STORE's answer.
pub fn flagged(tx: &Tx<'_>, id: OperationId, modseq: Option<u64>) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let OperationKind::Flag { message, change } = &operation.kind else {
        return Ok(());
    };
    let Some(row) = messages::find(tx, *message)? else {
        return Ok(());
    };
    if let Some(base) = &row.base {
        messages::set_base_flags(tx, *message, &change.apply(&base.flags), modseq)?;
        refold(tx, *message)?;
    }
    Ok(())
}

/// A move, copy or upload is proven: the message stands at `spot`. A row that a pull made for that
/// UID meanwhile becomes one with it.
pub fn placed(tx: &Tx<'_>, id: OperationId, spot: Spot, left: Left) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let Some(row) = operation
        .kind
        .message()
        .map(|key| messages::find(tx, key))
        .transpose()?
        .flatten()
    else {
        return Ok(());
    };
    let flags = match &operation.kind {
        OperationKind::Copy { flags, .. } | OperationKind::Append { flags, .. } => flags.clone(),
        _ => row
            .base
            .as_ref()
            .map_or_else(|| row.flags.clone(), |base| base.flags.clone()),
    };
    if left == Left::Marked {
        let source = operation.kind.proof().and_then(|proof| proof.source);
        ghost(tx, &row, source)?;
    }
    stand(tx, &row, spot, &flags)?;
    refold(tx, row.key)?;
    // What is to be deleted elsewhere once this one stands may be deleted now.
    remains::let_go(tx, row.key)?;
    tx.changed(Change::Journal);
    if let Some(base) = &row.base {
        tell(tx, base.mailbox)?;
    }
    tell(tx, spot.mailbox)
}

/// A pull found at `spot` what an undecided operation expects there: the row stands now, and the
/// operation has only its source to clear.
pub(super) fn adopt(
    tx: &Tx<'_>,
    message: MessageKey,
    spot: Spot,
    flags: &Flags,
) -> Result<(), StoreError> {
    let Some(row) = messages::find(tx, message)? else {
        return Ok(());
    };
    stand(tx, &row, spot, flags)?;
    refold(tx, message)?;
    Ok(())
}

/// Gives a message its place on the server, and takes over the row that a pull made there.
fn stand(tx: &Tx<'_>, row: &Message, spot: Spot, flags: &Flags) -> Result<(), StoreError> {
    let mut flags = flags.clone();
    let mut modseq = None;
    let epoch = mailboxes::Epoch(spot.epoch);
    if let Some(twin) = messages::by_uid(tx, spot.mailbox, epoch, spot.uid)?
        && twin.key != row.key
    {
        if let Some(base) = &twin.base {
            flags = base.flags.clone();
            modseq = base.modseq;
        }
        inherit(tx, twin.key, row.key)?;
        messages::remove(tx, twin.key, twin.content)?;
    }
    let (system, keywords) = of_flags(&flags);
    tx.connection()
        .prepare_cached(
            "UPDATE message SET base_mailbox = ?2, base_epoch = ?3, base_uid = ?4,
               base_modseq = ?5, base_flags = ?6, base_keywords = ?7, ghost = 0,
               wanted = (SELECT CASE kept WHEN 0 THEN 2 WHEN 3 THEN 0 ELSE 1 END FROM content
                 WHERE key = message.content) WHERE key = ?1",
        )?
        .execute((
            row.key.0,
            spot.mailbox.0,
            spot.epoch,
            spot.uid.0,
            modseq.and_then(super::columns::number),
            system,
            keywords,
        ))?;
    Ok(())
}

/// What was asked of the one row is asked of the other.
fn inherit(tx: &Tx<'_>, from: MessageKey, to: MessageKey) -> Result<(), StoreError> {
    for operation in journal::of_message(tx, from)? {
        hand_on(tx, &operation, to)?;
    }
    tx.connection()
        .prepare_cached("UPDATE OR REPLACE undo SET message = ?2 WHERE message = ?1")?
        .execute((from.0, to.0))?;
    Ok(())
}

/// An operation is about another row from now on.
pub(super) fn hand_on(
    tx: &Tx<'_>,
    operation: &Operation,
    to: MessageKey,
) -> Result<(), StoreError> {
    let mut kind = operation.kind.clone();
    match &mut kind {
        OperationKind::Flag { message, .. }
        | OperationKind::Move { message, .. }
        | OperationKind::Copy { message, .. }
        | OperationKind::Append { message, .. }
        | OperationKind::Expunge { message, .. } => *message = to,
        OperationKind::Create { .. }
        | OperationKind::Rename { .. }
        | OperationKind::Remove { .. }
        | OperationKind::Subscribe { .. }
        | OperationKind::Submit { .. } => {}
    }
    tx.connection()
        .prepare_cached("UPDATE journal SET message = ?2, detail = ?3 WHERE id = ?1")?
        .execute((operation.id.0, to.0, super::columns::json(&kind)?))?;
    Ok(())
}

/// What stays behind on a server that cannot expunge single messages: a row that is not shown.
///
/// It stands where the message stood when it was handed over; where the message itself stands may
/// be its new place already, if a pull found it there first.
fn ghost(tx: &Tx<'_>, row: &Message, source: Option<Spot>) -> Result<(), StoreError> {
    let Some(base) = &row.base else {
        return Ok(());
    };
    let place = source.unwrap_or(Spot {
        mailbox: base.mailbox,
        epoch: base.epoch.0,
        uid: base.uid,
    });
    let mut flags = base.flags.clone();
    flags.system |= Flags::DELETED;
    let (system, keywords) = of_flags(&flags);
    // The place is taken until the message itself has its new one.
    tx.connection()
        .prepare_cached("UPDATE message SET base_uid = NULL WHERE key = ?1")?
        .execute([row.key.0])?;
    let epoch = mailboxes::Epoch(place.epoch);
    if messages::by_uid(tx, place.mailbox, epoch, place.uid)?.is_some() {
        return Ok(());
    }
    tx.connection()
        .prepare_cached(
            "INSERT INTO message (content, base_mailbox, base_epoch, base_uid, base_flags,
               base_keywords, flags, keywords, arrival, size, thread, ghost)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?6, ?7, ?8, ?9, 1)",
        )?
        .execute((
            row.content.0,
            place.mailbox.0,
            place.epoch,
            place.uid.0,
            system,
            keywords,
            row.arrival,
            i64::try_from(row.size).unwrap_or(i64::MAX),
            row.thread.0,
        ))?;
    Ok(())
}

/// The message is deleted for good.
pub fn expunged(tx: &Tx<'_>, id: OperationId, left: Left) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let Some(row) = operation
        .kind
        .message()
        .map(|key| messages::find(tx, key))
        .transpose()?
        .flatten()
    else {
        return Ok(());
    };
    match (left, &row.base) {
        (Left::Marked, Some(base)) => {
            let mut flags = base.flags.clone();
            flags.system |= Flags::DELETED;
            messages::set_base_flags(tx, row.key, &flags, None)?;
            tx.connection()
                .prepare_cached("UPDATE message SET ghost = 1 WHERE key = ?1")?
                .execute([row.key.0])?;
            refold(tx, row.key)?;
        }
        _ => messages::remove(tx, row.key, row.content)?,
    }
    match &row.base {
        Some(base) => tell(tx, base.mailbox),
        None => Ok(()),
    }
}

/// What was to be moved or copied is not there, nor where it should be: another program was first.
/// The row stays, unseen, until a person has chosen.
pub fn gone(tx: &Tx<'_>, id: OperationId, why: &str) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    if let OperationKind::Move { message, .. } = operation.kind {
        forget_base(tx, message)?;
    }
    fail(tx, id, why, Cause::Gone)
}

/// The mailbox is made: `wire` is its name as the server knows it.
pub fn created(tx: &Tx<'_>, id: OperationId, wire: &str) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let OperationKind::Create { mailbox, name } = &operation.kind else {
        return Ok(());
    };
    tx.connection()
        .prepare_cached(
            "UPDATE OR IGNORE mailbox SET base_name = ?2, base_shown = ?3, gone_name = NULL
             WHERE key = ?1",
        )?
        .execute((mailbox.0, wire, name))?;
    refold_mailboxes(tx, operation.account)
}

/// The mailbox has its new name, and so has what lies below it.
pub fn renamed(tx: &Tx<'_>, id: OperationId, wire: &str) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let OperationKind::Rename { mailbox, to } = &operation.kind else {
        return Ok(());
    };
    let old: Option<(String, String)> = tx
        .connection()
        .prepare_cached(
            "SELECT base_name, coalesce(base_shown, base_name) FROM mailbox
             WHERE key = ?1 AND base_name IS NOT NULL",
        )?
        .query_row([mailbox.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((old_wire, old_shown)) = old {
        mailboxes::rename_base(tx, operation.account, (&old_wire, wire), (&old_shown, to))?;
    }
    refold_mailboxes(tx, operation.account)
}

/// The mailbox is deleted, and what was in it.
pub fn removed(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let OperationKind::Remove { mailbox, .. } = &operation.kind else {
        return Ok(());
    };
    mailboxes::vanish(tx, &mailboxes::get(tx, *mailbox)?)?;
    tx.changed(Change::Mailboxes(operation.account));
    Ok(())
}

/// The server has the subscription as it was wanted.
pub fn subscribed(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = finish(tx, id)? else {
        return Ok(());
    };
    let OperationKind::Subscribe {
        mailbox,
        subscribed,
    } = &operation.kind
    else {
        return Ok(());
    };
    note_subscription(tx, *mailbox, *subscribed)
}

/// What the server has of a subscription, beside any operation.
pub fn note_subscription(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    subscribed: bool,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE mailbox SET base_subscribed = ?2 WHERE key = ?1")?
        .execute((mailbox.0, subscribed))?;
    refold_mailboxes(tx, mailboxes::get(tx, mailbox)?.account)
}

/// The server did it: the row goes. The rows of its mailbox no longer wait, whether or not they
/// look otherwise.
fn finish(tx: &Tx<'_>, id: OperationId) -> Result<Option<Operation>, StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(None);
    };
    journal::remove(tx, id)?;
    if let Some(mailbox) = operation.mailbox {
        tx.changed(Change::Messages(mailbox));
    }
    Ok(Some(operation))
}

/// It was refused, or cannot be done: the row stays with the words, and what is shown takes it back.
/// What depends on it fails with it, and what was asked since of a message that is on no server
/// becomes one with it.
pub fn fail(tx: &Tx<'_>, id: OperationId, why: &str, cause: Cause) -> Result<(), StoreError> {
    fail_into(tx, id, why, cause, cause == Cause::MailboxGone)
}

/// As [`fail`]. What is wrong may be its mailbox alone; then it is done if it was moved on from there.
fn fail_into(
    tx: &Tx<'_>,
    id: OperationId,
    why: &str,
    cause: Cause,
    mailbox_alone: bool,
) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    let state = match behind::join(tx, &operation, why, cause)? {
        Joined::Unwanted => {
            tx.durable();
            return operation
                .kind
                .message()
                .map_or(Ok(()), |message| forget(tx, message));
        }
        Joined::Elsewhere if mailbox_alone && !is_lost(tx, &operation)? => {
            OperationState::Queued { put_off: None }
        }
        Joined::Elsewhere | Joined::Alone => OperationState::Failed {
            why: why.to_owned(),
            cause,
        },
    };
    journal::set_state(tx, id, &state)?;
    if let OperationKind::Create { mailbox, name } = &operation.kind {
        mailboxes::note_unborn(tx, *mailbox, name)?;
    }
    settle(tx, &operation)?;
    let mailbox_alone = matches!(operation.kind, OperationKind::Create { .. });
    for dependent in dependents(tx, &operation)? {
        if state.is_failed() && !dependent.state.is_failed() {
            fail_into(tx, dependent.id, why, cause, mailbox_alone)?;
        }
    }
    Ok(())
}

/// What makes no sense without this operation: to delete here what was to be uploaded there, to mark
/// what is not made, and to put messages into a mailbox that does not come to be.
fn dependents(tx: &Tx<'_>, operation: &Operation) -> Result<Vec<Operation>, StoreError> {
    let mut all = Vec::new();
    match &operation.kind {
        OperationKind::Append { message, .. } | OperationKind::Copy { message, .. } => {
            let deletes = |one: &Operation| matches!(one.kind, OperationKind::Expunge { .. });
            let marks = |one: &Operation| {
                matches!(one.kind, OperationKind::Flag { .. }) && !one.state.is_undecided()
            };
            all = journal::naming(tx, *message)?;
            all.retain(deletes);
            if !stands(tx, *message)? {
                let own = journal::of_message(tx, *message)?;
                all.extend(own.into_iter().filter(marks));
            }
        }
        OperationKind::Create { mailbox, .. } => all = journal::into_mailbox(tx, *mailbox)?,
        _ => {}
    }
    Ok(all)
}

/// Puts it back into the queue, for later if the server put it off; what failed with it too.
pub fn requeue(tx: &Tx<'_>, id: OperationId, put_off: Option<PutOff>) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    let queued = OperationState::Queued { put_off };
    if let OperationKind::Submit { .. } = operation.kind {
        outgoing::reopen(tx, id)?;
    }
    journal::set_state(tx, id, &queued)?;
    settle(tx, &operation)?;
    for dependent in dependents(tx, &operation)? {
        if dependent.state.is_failed() {
            requeue(tx, dependent.id, None)?;
        }
    }
    // Into a mailbox of this machine there is nothing more to be done.
    remains::land(tx, id)
}

/// It did not happen, and may be sent, unless what it is about went meanwhile, as with the mailbox
/// that it stood in: then nobody would ever send it.
pub fn again(tx: &Tx<'_>, id: OperationId, why: &str) -> Result<(), StoreError> {
    journal::forget_proof(tx, id)?;
    wait(tx, id, None, why)
}

/// The server put it off; as with [`again`], what it is about may be gone meanwhile.
pub fn later(tx: &Tx<'_>, id: OperationId, put_off: PutOff, why: &str) -> Result<(), StoreError> {
    wait(tx, id, Some(put_off), why)
}

fn wait(
    tx: &Tx<'_>,
    id: OperationId,
    put_off: Option<PutOff>,
    why: &str,
) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    if !is_lost(tx, &operation)? {
        return requeue(tx, id, put_off);
    }
    match operation.kind {
        // A flag never conflicts, and to delete what is gone is done.
        OperationKind::Flag { .. } | OperationKind::Expunge { .. } => withdraw(tx, id),
        _ => gone(tx, id, why),
    }
}

/// Whether it could never be sent: what it is about stands nowhere and goes nowhere.
pub fn is_lost(rows: &impl Rows, operation: &Operation) -> Result<bool, StoreError> {
    let about = match &operation.kind {
        OperationKind::Flag { message, .. }
        | OperationKind::Move { message, .. }
        | OperationKind::Expunge { message, .. } => *message,
        OperationKind::Copy { source, .. } => *source,
        OperationKind::Append { .. }
        | OperationKind::Create { .. }
        | OperationKind::Rename { .. }
        | OperationKind::Remove { .. }
        | OperationKind::Subscribe { .. }
        | OperationKind::Submit { .. } => return Ok(false),
    };
    Ok(!stands(rows, about)? && !goes(rows, about, operation.id)?)
}

/// Whether the server has it.
pub(super) fn stands(rows: &impl Rows, message: MessageKey) -> Result<bool, StoreError> {
    Ok(messages::find(rows, message)?.is_some_and(|row| row.base.is_some()))
}

/// Whether something but `id` is to put it somewhere.
fn goes(rows: &impl Rows, message: MessageKey, id: OperationId) -> Result<bool, StoreError> {
    let puts =
        |one: &Operation| one.kind.target().is_some() && one.id != id && !one.state.is_failed();
    Ok(journal::of_message(rows, message)?.iter().any(puts))
}

/// Nobody knows whether it happened.
pub fn unsure(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    journal::set_state(tx, id, &OperationState::Unsure)?;
    settle(tx, &operation)
}

/// Takes an operation back: what is shown reverts by itself, and what depends on it goes too.
pub fn withdraw(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(operation) = journal::find(tx, id)? else {
        return Ok(());
    };
    if remains::give_back(tx, &operation)? {
        return Ok(());
    }
    let dependents = dependents(tx, &operation)?;
    if let OperationKind::Submit { .. } = operation.kind {
        outgoing::withdraw(tx, id)?;
    }
    journal::remove(tx, id)?;
    tx.durable();
    for dependent in dependents {
        withdraw(tx, dependent.id)?;
    }
    // What was asked of a copy that is not made is asked of nothing.
    if let (Some(message), OperationKind::Copy { .. } | OperationKind::Append { .. }) =
        (operation.kind.message(), &operation.kind)
        && messages::find(tx, message)?.is_some_and(|row| row.base.is_none())
    {
        let mut later = journal::of_message(tx, message)?;
        // A copy of the copy waits for it, and would do so for ever.
        let copies = journal::naming(tx, message)?.into_iter();
        later.extend(copies.filter(|one| matches!(one.kind, OperationKind::Copy { .. })));
        for one in later.iter().filter(|one| !one.state.is_undecided()) {
            withdraw(tx, one.id)?;
        }
    }
    if let OperationKind::Create { mailbox, .. } = &operation.kind {
        for one in journal::of_mailbox(tx, *mailbox)? {
            withdraw(tx, one.id)?;
        }
        tx.connection()
            .prepare_cached(
                "UPDATE mailbox SET name = NULL, role = NULL WHERE key = ?1 AND base_name IS NULL",
            )?
            .execute([mailbox.0])?;
        tx.changed(Change::Mailboxes(operation.account));
    }
    settle(tx, &operation)?;
    if let Some(message) = operation.kind.message() {
        strand(tx, message, id)?;
        vacate(tx, message)?;
        release(tx, message)?;
    }
    if let Some(other) = operation.kind.other() {
        strand(tx, other, id)?;
        release(tx, other)?;
    }
    for mailbox in operation
        .kind
        .mailbox()
        .iter()
        .chain(&operation.kind.target())
    {
        release_mailbox(tx, *mailbox)?;
    }
    Ok(())
}

/// A copy or upload that never left this machine goes, with all that was asked of it.
pub fn forget(tx: &Tx<'_>, message: MessageKey) -> Result<(), StoreError> {
    let others: Vec<MessageKey> = journal::of_message(tx, message)?
        .iter()
        .filter_map(|one| one.kind.other())
        .collect();
    // Nor does what it left elsewhere wait for it any more.
    remains::let_go(tx, message)?;
    for one in journal::of_message(tx, message)? {
        journal::remove(tx, one.id)?;
    }
    vacate(tx, message)?;
    release(tx, message)?;
    for other in others {
        release(tx, other)?;
    }
    Ok(())
}

/// A message that stands nowhere and goes nowhere can be copied and flagged no more: what waits to
/// do so would wait for ever.
fn strand(tx: &Tx<'_>, message: MessageKey, gone: OperationId) -> Result<(), StoreError> {
    if stands(tx, message)? || goes(tx, message, gone)? {
        return Ok(());
    }
    for copy in journal::naming(tx, message)? {
        let waits = !copy.state.is_failed() && !copy.state.is_undecided();
        if waits && matches!(copy.kind, OperationKind::Copy { .. }) {
            fail(tx, copy.id, ORIGINAL_GONE, Cause::Gone)?;
        }
    }
    for own in journal::of_message(tx, message)? {
        let waits = !own.state.is_failed() && !own.state.is_undecided();
        if waits && matches!(own.kind, OperationKind::Flag { .. }) {
            journal::remove(tx, own.id)?;
        }
    }
    Ok(())
}

/// The row of a copy or upload that is not made any more is not shown any more.
fn vacate(tx: &Tx<'_>, message: MessageKey) -> Result<(), StoreError> {
    let Some(row) = messages::find(tx, message)? else {
        return Ok(());
    };
    if row.base.is_some() || !journal::of_message(tx, message)?.is_empty() {
        return Ok(());
    }
    tx.connection()
        .prepare_cached("UPDATE message SET mailbox = NULL WHERE key = ?1")?
        .execute([message.0])?;
    match row.mailbox {
        Some(mailbox) => tell(tx, mailbox),
        None => Ok(()),
    }
}

/// What is shown follows the journal.
fn settle(tx: &Tx<'_>, operation: &Operation) -> Result<(), StoreError> {
    if let Some(message) = operation.kind.message() {
        refold(tx, message)?;
    } else if operation.kind.mailbox().is_some() {
        refold_mailboxes(tx, operation.account)?;
    }
    tx.durable();
    tx.changed(Change::Journal);
    Ok(())
}

/// UIDVALIDITY of a mailbox changed: what waits for messages in it stops and is shown. Flags go on
/// by themselves, because they follow the message (SAFETY R5).
pub(super) fn stop_old_epoch(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    why: &str,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = {
        let mut query = tx.connection().prepare_cached(
            "SELECT j.id FROM journal j JOIN message m ON m.key = j.message OR m.key = j.other
             WHERE m.base_mailbox = ?1 AND j.kind IN ('move', 'copy', 'expunge')
               AND j.state <> 'failed' GROUP BY j.id ORDER BY j.id",
        )?;
        query
            .query_map([mailbox.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for id in ids {
        fail(tx, OperationId(id), why, Cause::Renumbered)?;
    }
    Ok(())
}
