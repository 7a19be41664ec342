//! The outbox: the frozen bytes, envelope and results of each journal row of kind submit.
//!
//! A message leaves at most once (DESIGN section 2, SAFETY R1). Before the final dot of DATA can
//! leave, [`dot`] is committed and on the disk; after it, only the server's words decide. Without
//! them the row is unsure, and nothing but a person's word, or the message found in Sent, moves it
//! on. For each recipient it is written down whether the server took it, so that a further try
//! never names that one again.

mod marks;
mod tries;
mod unfiled;
mod unsent;

use rusqlite::{OptionalExtension, Row};

use crate::model::journal::{Cause, PutOff, SentAs};
use crate::model::{
    AccountKey, ActionId, Address, Attachment, ContentKey, Delivery, Draft, DraftKey, Envelope,
    Flags, Kept, MailboxKey, MessageKey, OperationId, OperationKind, OperationState, Recipient,
    Reply, Source, Structure,
};

use super::accounts::AccountKind;
use super::columns::{count, json};
use super::effective::tell;
use super::{
    Change, Refusal, Rows, StoreError, Tx, accounts, bodies, contents, drafts, journal, mailboxes,
    messages,
};

use marks::mark_answered;
pub use tries::{held, progress, unsettle};
pub use unfiled::{file_rest, unfiled};
pub use unsent::{Unsent, counts, discard};

/// What was begun and never queued is swept after so many seconds.
const STALE: i64 = 86_400;
/// A wait of at most this many seconds is an undo delay, which a clock that was set back must not
/// make long (SAFETY R18).
const DELAY: i64 = 600;

/// One recipient and how far the message has come for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Addressee {
    /// The address as it is named to the server.
    pub address: String,
    /// What the server said.
    #[serde(default)]
    pub delivery: Delivery,
}

/// A message that is to be queued; its bytes are kept already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The account that sends it.
    pub account: AccountKey,
    /// The bytes for the server, without Bcc.
    pub wire: ContentKey,
    /// The bytes for Sent; the same unless there is a Bcc.
    pub copy: ContentKey,
    /// The envelope sender.
    pub sender: String,
    /// The envelope recipients.
    pub recipients: Vec<String>,
    /// The bytes have octets above 127 outside of any encoding (8BITMIME).
    pub eight_bit: bool,
    /// An address or header needs SMTPUTF8.
    pub utf8: bool,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// The subject, to tell it by.
    pub subject: String,
    /// Who is in Bcc.
    pub bcc: Vec<Recipient>,
    /// What it was made of, to take it back to.
    pub draft: Option<Draft>,
    /// Not before this second since 1970.
    pub later: Option<i64>,
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its journal row.
    pub operation: OperationId,
    /// The key press that queued it.
    pub action: ActionId,
    /// The account that sends it.
    pub account: AccountKey,
    /// The bytes for the server, without Bcc.
    pub wire: ContentKey,
    /// The bytes for Sent.
    pub copy: ContentKey,
    /// How many octets `wire` has.
    pub size: u64,
    /// The envelope sender.
    pub sender: String,
    /// Everybody that it goes to.
    pub recipients: Vec<Addressee>,
    /// The bytes have octets above 127.
    pub eight_bit: bool,
    /// It needs SMTPUTF8.
    pub utf8: bool,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// Who is in Bcc.
    pub bcc: Vec<Recipient>,
    /// What it was made of.
    pub draft: Option<Draft>,
    /// Not before this second, as the person chose.
    pub later: Option<i64>,
    /// When the final dot was about to leave, while its answer is not known.
    pub dot: Option<i64>,
    /// When the server first took it for somebody.
    pub sent: Option<i64>,
    /// When it was queued.
    pub queued: i64,
    /// What kept the last try from beginning: the server cannot be reached, a wrong password. Empty
    /// when nothing did.
    pub why: String,
    /// Octets handed over in the try at hand.
    pub done: u64,
    /// Where it stands.
    pub state: OperationState,
}

impl Outgoing {
    /// The envelope recipients that it is still to be handed over for, each with its place in
    /// [`Outgoing::recipients`].
    pub fn open(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = self.recipients.iter().enumerate();
        all.filter(|(_, one)| one.delivery.is_open())
            .map(|(at, one)| (at, one.address.as_str()))
    }

    /// Whether its time has come.
    pub fn is_due(&self, now: i64) -> bool {
        self.wakes(now).is_some_and(|at| at <= now)
    }

    /// The second at which it is to be tried, `now` or before if that is at once; `None` while it
    /// does not go on by itself.
    pub fn wakes(&self, now: i64) -> Option<i64> {
        let OperationState::Queued { put_off } = &self.state else {
            return None;
        };
        // A try is put off for a day at most: a later time means that the clock was set back.
        let again = put_off.as_ref().map(|one| one.until);
        let again = again.filter(|at| *at <= now.saturating_add(STALE));
        let is_delay = |later: i64| later.saturating_sub(self.queued) <= DELAY;
        let later = self.later.filter(|at| now >= self.queued || !is_delay(*at));
        Some(again.max(later).unwrap_or(now))
    }

    /// Whether it may have left: its final dot went out, and the answer is not known.
    pub fn may_have_left(&self) -> bool {
        self.dot.is_some() || self.state == OperationState::Unsure
    }
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everybody has it: the row is gone.
    Sent,
    /// Tried again later for those that are left.
    Later,
    /// Somebody was refused: a person decides.
    Refused,
    /// The row was gone already.
    Gone,
}

/// Where the copy of a sent message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// Nowhere: the server files one itself, or the account has no mailbox for it.
    Nowhere,
    /// Into this mailbox.
    Into(MailboxKey),
    /// It waits until the account's mailboxes are known.
    Later,
}

/// What of a message goes into a mailbox for sent mail.
struct Copy {
    content: ContentKey,
    size: u64,
    sent_as: SentAs,
}

/// Makes a content for bytes that are about to be kept, by [`bodies::store`], before they are
/// queued. It holds until it is queued, released or a day has passed.
pub fn freeze(
    tx: &Tx<'_>,
    account: AccountKey,
    envelope: &Envelope,
    structure: Option<&Structure>,
    size: u64,
) -> Result<ContentKey, StoreError> {
    freeze_at(tx, account, tx.now(), envelope, structure, size)
}

/// The same for a message that came at another time.
pub(super) fn freeze_at(
    tx: &Tx<'_>,
    account: AccountKey,
    arrival: i64,
    envelope: &Envelope,
    structure: Option<&Structure>,
    size: u64,
) -> Result<ContentKey, StoreError> {
    sweep(tx)?;
    let fresh = contents::Fresh {
        account,
        arrival,
        size,
        remote_id: None,
        envelope: Some(envelope),
        structure,
    };
    let (content, _, _) = contents::make(tx, &fresh)?;
    tx.connection()
        .prepare_cached("INSERT INTO freezing (content, made) VALUES (?1, ?2)")?
        .execute((content.0, tx.now()))?;
    Ok(content)
}

/// Gives up what was begun and is not queued after all.
pub fn thaw(tx: &Tx<'_>, content: ContentKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM freezing WHERE content = ?1")?
        .execute([content.0])?;
    contents::release(tx, content)
}

fn sweep(tx: &Tx<'_>) -> Result<(), StoreError> {
    let stale: Vec<i64> = {
        let mut query = tx
            .connection()
            .prepare_cached("SELECT content FROM freezing WHERE made < ?1 OR made > ?2")?;
        let now = tx.now();
        query
            .query_map(
                (now.saturating_sub(STALE), now.saturating_add(STALE)),
                |row| row.get(0),
            )?
            .collect::<Result<_, _>>()?
    };
    stale
        .into_iter()
        .try_for_each(|content| thaw(tx, ContentKey(content)))
}

/// Puts a message into the outbox: journal row and envelope, on the disk when it is answered. Who
/// calls it also removes the draft and writes the undo row.
pub fn queue(tx: &Tx<'_>, action: ActionId, fresh: &Fresh) -> Result<OperationId, StoreError> {
    let size = match bodies::have(tx, fresh.wire, "")? {
        bodies::Have::Whole(size) => size,
        bodies::Have::Nothing | bodies::Have::Part(_) => {
            return Err(StoreError::fault("a message is queued before it is whole"));
        }
    };
    if contents::kept(tx, fresh.copy)? != Kept::All {
        return Err(StoreError::fault("a message is queued before it is whole"));
    }
    let kind = OperationKind::Submit {
        message_id: fresh.message_id.clone(),
        subject: fresh.subject.clone(),
    };
    let operation = journal::add(tx, action, fresh.account, None, &kind)?;
    let recipients: Vec<Addressee> = fresh
        .recipients
        .iter()
        .map(|address| Addressee {
            address: address.clone(),
            delivery: Delivery::Waiting,
        })
        .collect();
    tx.connection()
        .prepare_cached(
            "INSERT INTO outgoing (operation, account, wire, copy, size, sender, recipients,
               eight_bit, utf8, bcc, draft, later, queued)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute((
            operation.0,
            fresh.account.0,
            fresh.wire.0,
            fresh.copy.0,
            i64::try_from(size).unwrap_or(i64::MAX),
            &fresh.sender,
            json(&recipients)?,
            fresh.eight_bit,
            fresh.utf8,
            json(&fresh.bcc)?,
            fresh.draft.as_ref().map(json).transpose()?,
            fresh.later,
            tx.now(),
        ))?;
    if fresh.later.is_some() {
        let state = OperationState::Queued {
            put_off: fresh.later.map(PutOff::until),
        };
        journal::set_state(tx, operation, &state)?;
    }
    for content in [fresh.wire, fresh.copy] {
        tx.connection()
            .prepare_cached("DELETE FROM freezing WHERE content = ?1")?
            .execute([content.0])?;
    }
    Ok(operation)
}

const FIELDS: &str = "operation, account, wire, copy, size, sender, recipients, eight_bit, utf8,
    bcc, draft, later, dot, sent, queued, why, done";

/// A row without what stands in the journal.
fn read(row: &Row<'_>) -> Result<Outgoing, rusqlite::Error> {
    let parsed = |at: usize| -> Result<Option<Draft>, rusqlite::Error> {
        let text = row.get_ref(at)?.as_str_or_null()?;
        Ok(text.and_then(|text| serde_json::from_str(text).ok()))
    };
    Ok(Outgoing {
        operation: OperationId(row.get(0)?),
        action: ActionId(0),
        account: AccountKey(row.get(1)?),
        wire: ContentKey(row.get(2)?),
        copy: ContentKey(row.get(3)?),
        size: count(row.get(4)?),
        sender: row.get(5)?,
        // Recipients that cannot be read are nobody's: nothing is sent.
        recipients: serde_json::from_str(row.get_ref(6)?.as_str()?).unwrap_or_default(),
        eight_bit: row.get(7)?,
        utf8: row.get(8)?,
        message_id: String::new(),
        subject: String::new(),
        bcc: serde_json::from_str(row.get_ref(9)?.as_str()?).unwrap_or_default(),
        draft: parsed(10)?,
        later: row.get(11)?,
        dot: row.get(12)?,
        sent: row.get(13)?,
        queued: row.get(14)?,
        why: row.get(15)?,
        done: count(row.get(16)?),
        state: OperationState::Queued { put_off: None },
    })
}

/// Adds what the journal knows; `None` if it knows nothing of it.
fn whole(rows: &impl Rows, mut out: Outgoing) -> Result<Option<Outgoing>, StoreError> {
    let Some(operation) = journal::find(rows, out.operation)? else {
        return Ok(None);
    };
    let OperationKind::Submit {
        message_id,
        subject,
    } = operation.kind
    else {
        return Ok(None);
    };
    out.action = operation.action;
    out.state = operation.state;
    out.message_id = message_id;
    out.subject = subject;
    Ok(Some(out))
}

/// The message of a journal row.
pub fn find(rows: &impl Rows, id: OperationId) -> Result<Option<Outgoing>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {FIELDS} FROM outgoing WHERE operation = ?1"
    ))?;
    match query.query_row([id.0], read).optional()? {
        Some(out) => whole(rows, out),
        None => Ok(None),
    }
}

/// The outbox of one account, or of all, in the order in which it was filled.
pub fn list(rows: &impl Rows, account: Option<AccountKey>) -> Result<Vec<Outgoing>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {FIELDS} FROM outgoing WHERE ?1 IS NULL OR account = ?1 ORDER BY operation"
    ))?;
    let found: Vec<Outgoing> = query
        .query_map([account.map(|key| key.0)], read)?
        .collect::<Result<_, _>>()?;
    let mut all = Vec::with_capacity(found.len());
    for out in found {
        all.extend(whole(rows, out)?);
    }
    Ok(all)
}

/// The frozen octets for the server from `start` to before `end`. Ask for a few hundred thousand at
/// a time: only the chunks that hold them are read.
pub fn octets(
    rows: &impl Rows,
    out: &Outgoing,
    start: u64,
    end: u64,
) -> Result<Vec<u8>, StoreError> {
    bodies::read(rows, out.wire, "", start, end)?
        .ok_or(StoreError::missing("frozen message", out.operation.0))
}

/// A try begins: the row is with the server. False if it waits no longer, or not yet: then nothing
/// is sent.
pub fn begin(tx: &Tx<'_>, id: OperationId) -> Result<bool, StoreError> {
    let Some(out) = find(tx, id)? else {
        return Ok(false);
    };
    if !out.is_due(tx.now()) || out.open().next().is_none() {
        return Ok(false);
    }
    tx.connection()
        .prepare_cached("UPDATE outgoing SET why = '', done = 0 WHERE operation = ?1")?
        .execute([id.0])?;
    journal::mark_in_flight(tx, &[id])
}

/// The final dot is about to leave: synced to the disk before it does. False if the person took the
/// message back meanwhile: then the dot must not leave.
pub fn dot(tx: &Tx<'_>, id: OperationId) -> Result<bool, StoreError> {
    let marked = tx
        .connection()
        .prepare_cached(
            "UPDATE outgoing SET dot = ?2 WHERE operation = ?1
               AND EXISTS (SELECT 1 FROM journal WHERE id = ?1 AND state = 'in-flight')",
        )?
        .execute((id.0, tx.now()))?;
    tx.durable();
    Ok(marked > 0)
}

/// The server answered, for each recipient named by its place; the others stay as they are.
///
/// `again` is when those that were put off are tried next. `filing` is what becomes of the copy once
/// somebody has it.
pub fn answered(
    tx: &Tx<'_>,
    id: OperationId,
    results: &[(usize, Delivery)],
    again: i64,
    filing: Filing,
) -> Result<Ended, StoreError> {
    let Some(mut out) = find(tx, id)? else {
        return Ok(Ended::Gone);
    };
    for (at, delivery) in results {
        if let Some(one) = out.recipients.get_mut(*at) {
            one.delivery = delivery.clone();
        }
    }
    let is_taken = |one: &Addressee| one.delivery == Delivery::Taken;
    if out.sent.is_none() && out.recipients.iter().any(is_taken) {
        out.sent = Some(tx.now());
        match filing {
            Filing::Nowhere => {}
            Filing::Into(mailbox) => {
                let copy = Copy {
                    content: out.copy,
                    size: size_of_copy(tx, &out)?,
                    sent_as: sent_as(tx, &out)?,
                };
                file(tx, out.action, copy, mailbox)?;
            }
            Filing::Later => unfiled::keep(tx, &out)?,
        }
        mark_answered(tx, &out)?;
    }
    if out.recipients.iter().all(is_taken) {
        end(tx, &out)?;
        return Ok(Ended::Sent);
    }
    write(tx, &out)?;
    if out.recipients.iter().any(|one| one.delivery.is_open()) {
        let state = OperationState::Queued {
            put_off: Some(PutOff {
                until: again,
                why: deferral(&out),
            }),
        };
        journal::set_state(tx, id, &state)?;
        return Ok(Ended::Later);
    }
    let failed = OperationState::Failed {
        why: refusal(&out),
        cause: Cause::Refused,
    };
    journal::set_state(tx, id, &failed)?;
    Ok(Ended::Refused)
}

/// The words with which the server wants it later: those for the first whom it concerns.
fn deferral(out: &Outgoing) -> String {
    let words = out.recipients.iter().find_map(|one| match &one.delivery {
        Delivery::Deferred(reply) => Some(reply.to_string()),
        Delivery::Waiting | Delivery::Taken | Delivery::Refused(_) => None,
    });
    words.unwrap_or_default()
}

/// The words of the refusals: one for all if they are equal.
fn refusal(out: &Outgoing) -> String {
    let refused: Vec<(&str, &Reply)> = out
        .recipients
        .iter()
        .filter_map(|one| match &one.delivery {
            Delivery::Refused(reply) => Some((one.address.as_str(), reply)),
            Delivery::Waiting | Delivery::Taken | Delivery::Deferred(_) => None,
        })
        .collect();
    let Some(((_, first), rest)) = refused.split_first() else {
        return String::new();
    };
    if refused.len() == out.recipients.len() && rest.iter().all(|(_, reply)| reply == first) {
        return first.to_string();
    }
    let each: Vec<String> = refused
        .iter()
        .map(|(address, reply)| format!("{address}: {reply}"))
        .collect();
    each.join("; ")
}

/// The link broke, or the try ended without a word on the message: it waits, or is unsure if its dot
/// may have left.
pub fn lost(tx: &Tx<'_>, id: OperationId, again: i64) -> Result<Ended, StoreError> {
    let Some(out) = find(tx, id)? else {
        return Ok(Ended::Gone);
    };
    let state = match out.dot {
        Some(_) => OperationState::Unsure,
        None => OperationState::Queued {
            put_off: Some(PutOff::until(again)),
        },
    };
    journal::set_state(tx, id, &state)?;
    Ok(Ended::Later)
}

/// A message of an unknown end was found in Sent: everybody who was left has it, and its copy is
/// there.
pub fn found(tx: &Tx<'_>, id: OperationId) -> Result<Ended, StoreError> {
    // A person may have wanted it sent again while it was looked for.
    let unsure = |out: &Outgoing| out.state == OperationState::Unsure;
    let Some(out) = find(tx, id)?.filter(unsure) else {
        return Ok(Ended::Gone);
    };
    if out.sent.is_none() {
        mark_answered(tx, &out)?;
    }
    let mut out = out;
    for one in &mut out.recipients {
        if one.delivery.is_open() {
            one.delivery = Delivery::Taken;
        }
    }
    out.sent = out.sent.or(Some(tx.now()));
    if out
        .recipients
        .iter()
        .all(|one| one.delivery == Delivery::Taken)
    {
        end(tx, &out)?;
        return Ok(Ended::Sent);
    }
    write(tx, &out)?;
    let failed = OperationState::Failed {
        why: refusal(&out),
        cause: Cause::Refused,
    };
    journal::set_state(tx, id, &failed)?;
    Ok(Ended::Refused)
}

/// A person wants it tried again: at once, for everybody who does not have it.
pub(super) fn reopen(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let Some(mut out) = find(tx, id)? else {
        return Ok(());
    };
    for one in &mut out.recipients {
        if one.delivery != Delivery::Taken {
            one.delivery = Delivery::Waiting;
        }
    }
    out.later = None;
    write(tx, &out)
}

/// Changes the time that the person chose.
pub fn set_later(tx: &Tx<'_>, id: OperationId, later: Option<i64>) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE outgoing SET later = ?2, queued = ?3 WHERE operation = ?1")?
        .execute((id.0, later, tx.now()))?;
    Ok(())
}

/// Writes results and marks; the answer to the dot is known, or it never left.
fn write(tx: &Tx<'_>, out: &Outgoing) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE outgoing SET recipients = ?2, sent = ?3, later = ?4, dot = NULL
             WHERE operation = ?1",
        )?
        .execute((out.operation.0, json(&out.recipients)?, out.sent, out.later))?;
    tx.durable();
    tx.changed(Change::Journal);
    Ok(())
}

/// Everybody has it.
fn end(tx: &Tx<'_>, out: &Outgoing) -> Result<(), StoreError> {
    forget(tx, out.operation)?;
    journal::remove(tx, out.operation)?;
    tx.durable();
    Ok(())
}

/// Removes the row and what only it held; the journal row is somebody else's matter.
pub(super) fn forget(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    let held: Option<(i64, i64)> = tx
        .connection()
        .prepare_cached("DELETE FROM outgoing WHERE operation = ?1 RETURNING wire, copy")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((wire, copy)) = held else {
        return Ok(());
    };
    contents::release(tx, ContentKey(wire))?;
    if copy != wire {
        contents::release(tx, ContentKey(copy))?;
    }
    Ok(())
}

/// A copy into the mailbox for sent mail: its row stands at once, and the upload is an operation of
/// its own, so that its failure never sends anything again (SAFETY R3).
fn file(
    tx: &Tx<'_>,
    action: ActionId,
    copy: Copy,
    mailbox: MailboxKey,
) -> Result<MessageKey, StoreError> {
    let account = mailboxes::get(tx, mailbox)?.account;
    let flags = Flags::of(Flags::SEEN);
    let message = messages::insert_upload(tx, mailbox, copy.content, copy.size, &flags)?;
    if accounts::get(tx, account)?.kind == AccountKind::Imap {
        let kind = OperationKind::Append {
            message,
            source: None,
            to: mailbox,
            flags,
            proof: None,
            sent_as: Some(copy.sent_as),
        };
        journal::add(tx, action, account, Some(mailbox), &kind)?;
    }
    tell(tx, mailbox)?;
    Ok(message)
}

fn size_of_copy(rows: &impl Rows, out: &Outgoing) -> Result<u64, StoreError> {
    Ok(match bodies::have(rows, out.copy, "")? {
        bodies::Have::Whole(size) => size,
        bodies::Have::Nothing | bodies::Have::Part(_) => out.size,
    })
}

/// What a message is looked for by where a server files what it sends. One that was sent on keeps
/// the Message-ID that it came with, so that this tells nothing of it.
pub fn sent_as(rows: &impl Rows, out: &Outgoing) -> Result<SentAs, StoreError> {
    let written = contents::get(rows, out.copy)?.envelope.message_id;
    let id = out.message_id.clone();
    Ok(match written == id {
        true => SentAs::New(id),
        false => SentAs::Resent(id),
    })
}

/// Takes a message back to a draft, unless its dot may have left. Who has it already is not named in
/// the draft again, and what was attached comes from the frozen bytes: a file may have changed since.
/// `made` is the draft of one that never was a draft.
pub fn take_back(
    tx: &Tx<'_>,
    id: OperationId,
    made: Option<Draft>,
) -> Result<DraftKey, StoreError> {
    let Some(out) = find(tx, id)? else {
        return Err(StoreError::missing("message in the outbox", id.0));
    };
    if out.may_have_left() {
        return Err(Refusal::MayHaveLeft { id: id.0 }.into());
    }
    let key = match (to_draft(tx, &out)?, made) {
        (Some(key), _) => key,
        (None, Some(made)) => drafts::insert(tx, out.account, &made, Some(out.copy))?,
        (None, None) => return Err(Refusal::NoDraft { id: id.0 }.into()),
    };
    end(tx, &out)?;
    Ok(key)
}

/// A person gives the row up. What was written stays as a draft, even where it may have been sent.
pub(super) fn withdraw(tx: &Tx<'_>, id: OperationId) -> Result<(), StoreError> {
    if let Some(out) = find(tx, id)? {
        to_draft(tx, &out)?;
    }
    forget(tx, id)
}

/// Keeps what was written; `None` if it was never a draft.
fn to_draft(tx: &Tx<'_>, out: &Outgoing) -> Result<Option<DraftKey>, StoreError> {
    let Some(mut draft) = out.draft.clone() else {
        return Ok(None);
    };
    let whole = contents::get(tx, out.copy)?.structure;
    for (at, attachment) in draft.attachments.iter_mut().enumerate() {
        from_frozen(attachment, out.copy, whole.as_ref(), at);
    }
    if out.sent.is_some() {
        for field in [&mut draft.to, &mut draft.cc, &mut draft.bcc] {
            leave_out(field, &out.recipients);
        }
    }
    drafts::insert(tx, out.account, &draft, Some(out.copy)).map(Some)
}

/// Parts are written in order behind the text, which is part 1.
fn from_frozen(
    attachment: &mut Attachment,
    content: ContentKey,
    structure: Option<&Structure>,
    at: usize,
) {
    if structure.is_some_and(|tree| tree.children.len() > at + 1) {
        attachment.source = Source::Part {
            content,
            section: (at + 2).to_string(),
        };
    }
}

fn leave_out(field: &mut Vec<Recipient>, addressees: &[Addressee]) {
    let has_it = |address: &Address| {
        addressees.iter().any(|one| {
            one.delivery == Delivery::Taken && one.address.eq_ignore_ascii_case(&address.address)
        })
    };
    for recipient in field.iter_mut() {
        if let Recipient::Group { members, .. } = recipient {
            members.retain(|address| !has_it(address));
        }
    }
    field.retain(|recipient| match recipient {
        Recipient::One(address) => !has_it(address),
        Recipient::Group { members, .. } => !members.is_empty(),
    });
}
