//! Sending: bytes are frozen, then one transaction puts the message into the outbox and removes its
//! draft. From there it is the network's matter, and until its dot may have left it can be taken
//! back.

mod mending;

use std::io::Read;

use crate::mime::write::{Letter, Open};
use crate::model::journal::PutOff;
use crate::model::{
    AccountKey, ActionId, ContentKey, Draft, DraftKey, DraftSave, Envelope, OperationId,
    OperationState, Structure,
};
use crate::store::bodies::{self, BodyWriter, CHUNK, Piece};
use crate::store::outgoing::{self, Fresh, Outgoing};
use crate::store::{
    Pending, Priority, Refusal, Rows, Store, StoreError, Tx, journal, undo, verdicts,
};

/// Why a message could not be frozen.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// The mail store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it is made of could not be read: a file that vanished, a part that is not here.
    #[error("the message cannot be put together: {0}")]
    Read(#[from] std::io::Error),
}

/// What is known of the bytes that are to be frozen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Their envelope, with Bcc where the bytes have it.
    pub envelope: Envelope,
    /// Their parts.
    pub structure: Option<Structure>,
    /// Roughly how many octets there will be, for the lists.
    pub size: u64,
}

/// Keeps the bytes of a message as they are read, a piece at a time, so that neither a large
/// attachment nor the store's lock is held for long. Waits on this thread; `progress` is called with
/// the octets so far. What was read once is what is sent: files may change from here on (SAFETY A5).
pub fn freeze(
    store: &Store,
    account: AccountKey,
    described: &Described,
    bytes: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
) -> Result<ContentKey, FreezeError> {
    let content = begin(store, account, described)?;
    match fill(store, vec![BodyWriter::new(content, "")], bytes, progress) {
        Ok(()) => Ok(content),
        Err(error) => {
            give_up(store, &[content]);
            Err(error)
        }
    }
}

/// The same for a letter, both as the server gets it and as Sent does; the same content twice where
/// it has no Bcc. Attachments are read once: what the one holds the other holds.
pub fn freeze_letter(
    store: &Store,
    account: AccountKey,
    letter: &Letter,
    open: &mut Open<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(ContentKey, ContentKey), FreezeError> {
    let described = Described {
        envelope: letter.envelope.clone(),
        structure: Some(letter.structure.clone()),
        size: letter.size,
    };
    let (head, bcc) = letter.heads();
    if bcc.is_empty() {
        let mut whole = letter.wire(open);
        let wire = freeze(store, account, &described, &mut whole, progress)?;
        return Ok((wire, wire));
    }
    let wire = begin(store, account, &described)?;
    let copy = match begin(store, account, &described) {
        Ok(copy) => copy,
        Err(error) => {
            give_up(store, &[wire]);
            return Err(error.into());
        }
    };
    let mut for_wire = BodyWriter::new(wire, "");
    let mut for_copy = BodyWriter::new(copy, "");
    for_wire.push(head);
    for_copy.push(head);
    for_copy.push(bcc);
    let writers = vec![for_wire, for_copy];
    match fill(store, writers, &mut letter.rest(open), progress) {
        Ok(()) => Ok((wire, copy)),
        Err(error) => {
            give_up(store, &[wire, copy]);
            Err(error)
        }
    }
}

/// Gives up what was frozen and is not to be sent after all.
pub fn thaw(store: &Store, content: ContentKey) -> Pending<()> {
    store.write(Priority::Bulk, move |tx| outgoing::thaw(tx, content))
}

fn begin(
    store: &Store,
    account: AccountKey,
    described: &Described,
) -> Result<ContentKey, StoreError> {
    let about = described.clone();
    let freeze = move |tx: &Tx<'_>| {
        let structure = about.structure.as_ref();
        outgoing::freeze(tx, account, &about.envelope, structure, about.size)
    };
    store.write(Priority::Bulk, freeze).wait()
}

fn give_up(store: &Store, contents: &[ContentKey]) {
    for content in contents {
        if let Err(error) = thaw(store, *content).wait() {
            tracing::warn!(%error, "half a message stays in the store until tomorrow");
        }
    }
}

/// Reads to the end, and keeps it with each writer.
fn fill(
    store: &Store,
    mut writers: Vec<BodyWriter>,
    bytes: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
) -> Result<(), FreezeError> {
    let mut buffer = vec![0; CHUNK / 8];
    loop {
        let count = match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let mut full = false;
        for writer in &mut writers {
            writer.push(buffer.get(..count).unwrap_or_default());
            let piece = writer.take();
            if !piece.is_empty() {
                keep(store, piece)?;
                full = true;
            }
        }
        if full {
            progress(writers.first().map_or(0, BodyWriter::next));
        }
    }
    progress(writers.first().map_or(0, BodyWriter::next));
    for writer in writers {
        keep(store, writer.finish())?;
    }
    Ok(())
}

fn keep(store: &Store, piece: Piece) -> Result<(), StoreError> {
    let keep = move |tx: &Tx<'_>| bodies::store(tx, &piece).map(|_| ());
    store.write(Priority::Bulk, keep).wait()
}

/// When a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once: what a script sends.
    Now,
    /// After so many seconds, in which it can be taken back: what a person sends.
    After(u32),
    /// Not before this second since 1970, as the person chose.
    At(i64),
}

/// A message that is in the outbox now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its row: what `queue` and the outbox name it by.
    pub operation: OperationId,
    /// The action, to be undone.
    pub action: ActionId,
    /// Not before this second since 1970; until then it can be taken back for sure.
    pub later: Option<i64>,
}

/// Puts a message into the outbox, to leave when `when` says, and removes the draft that it was: one
/// transaction, which is on the disk when it is answered (SAFETY R4). What another process saved of that
/// draft since stays. An undo delay runs from the commit.
pub fn submit(
    store: &Store,
    mut fresh: Fresh,
    draft: Option<DraftSave>,
    when: When,
) -> Pending<Queued> {
    store.write(Priority::Person, move |tx| {
        fresh.later = later(tx, when);
        let queued = put(tx, &fresh)?;
        if let Some(draft) = draft {
            super::drafts::remove(tx, draft)?;
        }
        undo::remember_submit(tx, queued.action, queued.operation)?;
        undo::prune(tx)?;
        Ok(queued)
    })
}

/// Puts several messages into the outbox, all of them or none, in one transaction that is on the disk
/// when it is answered. They are taken back together.
pub fn submit_all(store: &Store, mut fresh: Vec<Fresh>, when: When) -> Pending<Vec<Queued>> {
    store.write(Priority::Person, move |tx| {
        let mut all = Vec::with_capacity(fresh.len());
        for one in &mut fresh {
            one.later = later(tx, when);
            all.push(put(tx, one)?);
        }
        // Each is an action of its own, as any message in the outbox; the last one undoes them all.
        if let Some(last) = all.last() {
            for one in &all {
                undo::remember_submit(tx, last.action, one.operation)?;
            }
            undo::prune(tx)?;
        }
        Ok(all)
    })
}

fn later(tx: &Tx<'_>, when: When) -> Option<i64> {
    match when {
        When::Now => None,
        When::After(seconds) => Some(tx.now().saturating_add(i64::from(seconds))),
        When::At(second) => Some(second),
    }
}

fn put(tx: &Tx<'_>, fresh: &Fresh) -> Result<Queued, StoreError> {
    let action = journal::action(tx, "send")?;
    let operation = outgoing::queue(tx, action, fresh)?;
    Ok(Queued {
        operation,
        action,
        later: fresh.later,
    })
}

/// Takes a message back from the outbox: it is a draft again; of what a command handed over whole one
/// is made. Refused once its dot may have left.
pub fn take_back(store: &Store, id: OperationId) -> Pending<DraftKey> {
    let made = made(store, id);
    store.write(Priority::Person, move |tx| {
        outgoing::take_back(tx, id, made?)
    })
}

/// A draft of a message that never was one: read here, so that nobody waits for a long one.
fn made(store: &Store, id: OperationId) -> Result<Option<Draft>, StoreError> {
    let reader = store.reader()?;
    match outgoing::find(&reader, id)? {
        Some(out) if out.draft.is_none() => mending::draft(&reader, &out),
        Some(_) | None => Ok(None),
    }
}

/// The messages that have not left, in the order in which they were queued.
pub fn list(rows: &impl Rows) -> Result<Vec<Outgoing>, StoreError> {
    outgoing::list(rows, None)
}

/// A message that has not left.
pub fn find(rows: &impl Rows, id: OperationId) -> Result<Option<Outgoing>, StoreError> {
    outgoing::find(rows, id)
}

/// The first octets of a message that has not left, as they were frozen.
pub fn head(rows: &impl Rows, out: &Outgoing, limit: u64) -> Result<Vec<u8>, StoreError> {
    outgoing::octets(rows, out, 0, out.size.min(limit))
}

/// Throws a message away that has not left, with all that was written in it; answers its subject.
/// Refused while it is with the server. There is no undo.
pub fn discard(store: &Store, id: OperationId) -> Pending<String> {
    store.write(Priority::Person, move |tx| outgoing::discard(tx, id))
}

/// Sends a message that waits not before another time, or at once. Refused while it is being sent,
/// and when it may have been.
pub fn reschedule(store: &Store, id: OperationId, later: Option<i64>) -> Pending<()> {
    store.write(Priority::Person, move |tx| {
        let Some(out) = outgoing::find(tx, id)? else {
            return Err(StoreError::Missing {
                what: "message in the outbox",
                key: id.0,
            });
        };
        match out.state {
            OperationState::Queued { .. } | OperationState::Failed { .. } => {}
            OperationState::InFlight { .. } => return Err(Refusal::UnderWay.into()),
            OperationState::Unsure => return Err(Refusal::MayHaveLeft { id: id.0 }.into()),
        }
        verdicts::requeue(tx, id, later.map(PutOff::until))?;
        outgoing::set_later(tx, id, later)
    })
}

#[cfg(test)]
mod tests;
