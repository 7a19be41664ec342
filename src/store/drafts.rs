//! Drafts: what a person writes, as typed. Every save is on the disk when it is answered.
//!
//! A save names the version that it follows, so that two processes that have one draft open never
//! write over each other. The copy in the server's Drafts is a message like any other, uploaded and
//! deleted by operations of the journal; at most one is shown.

use rusqlite::{OptionalExtension, Row};

use crate::model::{
    AccountKey, ContentKey, Draft, DraftKey, DraftSave, Flags, MailboxKey, MessageKey,
    OperationKind, OperationState,
};

use super::accounts::AccountKind;
use super::columns::json;
use super::effective::tell;
use super::{
    Change, Rows, StoreError, Tx, accounts, contents, effective, journal, mailboxes, messages,
    verdicts,
};

/// A draft as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its key.
    pub key: DraftKey,
    /// The account that it belongs to.
    pub account: AccountKey,
    /// The message in the server's Drafts that it stands for, if there is one.
    pub base: Option<MessageKey>,
    /// What was written.
    pub draft: Draft,
    /// When it was saved, in seconds since 1970.
    pub saved: i64,
    /// Which save it is, from 1.
    pub version: i64,
    /// The save that the copy in Drafts has; 0 if there is none.
    pub mirrored: i64,
}

impl Kept {
    /// The save that it was read at.
    pub fn at(&self) -> DraftSave {
        DraftSave {
            key: self.key,
            version: self.version,
        }
    }
}

const FIELDS: &str = "key, account, base, bytes, saved, version, mirrored";

fn read(row: &Row<'_>) -> Result<Option<Kept>, rusqlite::Error> {
    // A draft of a later version stays as it is and is not shown.
    let Ok(draft) = serde_json::from_slice(row.get_ref(3)?.as_blob()?) else {
        return Ok(None);
    };
    Ok(Some(Kept {
        key: DraftKey(row.get(0)?),
        account: AccountKey(row.get(1)?),
        base: row.get::<_, Option<i64>>(2)?.map(MessageKey),
        draft,
        saved: row.get(4)?,
        version: row.get(5)?,
        mirrored: row.get(6)?,
    }))
}

/// Keeps a new draft. `holds` is a content that must stay for as long as the draft does.
pub fn insert(
    tx: &Tx<'_>,
    account: AccountKey,
    draft: &Draft,
    holds: Option<ContentKey>,
) -> Result<DraftKey, StoreError> {
    tx.connection()
        .prepare_cached("INSERT INTO draft (account, bytes, saved, holds) VALUES (?1, ?2, ?3, ?4)")?
        .execute((
            account.0,
            json(draft)?.into_bytes(),
            tx.now(),
            holds.map(|content| content.0),
        ))?;
    tx.durable();
    tx.changed(Change::Drafts);
    Ok(DraftKey(tx.connection().last_insert_rowid()))
}

/// Keeps a newer state of a draft, whoever saved it last. False if it is there no longer: it was sent
/// or discarded elsewhere, and is not brought back.
pub fn update(
    tx: &Tx<'_>,
    key: DraftKey,
    account: AccountKey,
    draft: &Draft,
) -> Result<bool, StoreError> {
    match find(tx, key)? {
        Some(kept) => follow(tx, key, kept.version, account, draft),
        None => Ok(false),
    }
}

/// Keeps a newer state of a draft, which follows the save `version`. False, and nothing is written,
/// if that is not the last one: the draft was sent, discarded or saved elsewhere.
pub fn follow(
    tx: &Tx<'_>,
    key: DraftKey,
    version: i64,
    account: AccountKey,
    draft: &Draft,
) -> Result<bool, StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE draft SET account = ?3, bytes = ?4, saved = ?5, version = version + 1
             WHERE key = ?1 AND version = ?2",
        )?
        .execute((
            key.0,
            version,
            account.0,
            json(draft)?.into_bytes(),
            tx.now(),
        ))?;
    tx.durable();
    tx.changed(Change::Drafts);
    Ok(changed > 0)
}

/// The draft with this key.
pub fn find(rows: &impl Rows, key: DraftKey) -> Result<Option<Kept>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("SELECT {FIELDS} FROM draft WHERE key = ?1"))?;
    Ok(query.query_row([key.0], read).optional()?.flatten())
}

/// All drafts, the one that was saved last first.
pub fn all(rows: &impl Rows) -> Result<Vec<Kept>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT {FIELDS} FROM draft ORDER BY saved DESC, key DESC"
    ))?;
    let mut drafts = Vec::new();
    for row in query.query_map([], read)? {
        drafts.extend(row?);
    }
    Ok(drafts)
}

/// The draft whose copy in Drafts this message is.
pub fn of_message(rows: &impl Rows, message: MessageKey) -> Result<Option<Kept>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("SELECT {FIELDS} FROM draft WHERE base = ?1"))?;
    Ok(query.query_row([message.0], read).optional()?.flatten())
}

/// The draft goes on from a message that another program left in Drafts.
pub fn set_base(tx: &Tx<'_>, key: DraftKey, message: MessageKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE draft SET base = ?2, mirrored = version WHERE key = ?1")?
        .execute((key.0, message.0))?;
    Ok(())
}

/// Puts a copy of a draft into the server's Drafts in place of the earlier one. `content` holds its
/// bytes, as they were at the save `version`. False, and nothing is done, if the draft is gone or has
/// been saved since.
pub fn mirror(
    tx: &Tx<'_>,
    key: DraftKey,
    version: i64,
    mailbox: MailboxKey,
    content: ContentKey,
    size: u64,
) -> Result<bool, StoreError> {
    let Some(kept) = find(tx, key)?.filter(|kept| kept.version == version) else {
        return Ok(false);
    };
    let earlier = match kept.base {
        Some(message) => messages::find(tx, message)?.filter(|row| row.mailbox.is_some()),
        None => None,
    };
    let message = match earlier {
        Some(row) if waits_to_be_uploaded(tx, row.key)? => {
            messages::set_content(tx, row.key, content, size)?;
            contents::release(tx, row.content)?;
            row.key
        }
        Some(row) => {
            let message = upload(tx, kept.account, mailbox, content, size)?;
            discard(tx, kept.account, &row, Some(message))?;
            message
        }
        None => upload(tx, kept.account, mailbox, content, size)?,
    };
    tx.connection()
        .prepare_cached("UPDATE draft SET base = ?2, mirrored = ?3 WHERE key = ?1")?
        .execute((key.0, message.0, version))?;
    tx.connection()
        .prepare_cached("DELETE FROM freezing WHERE content = ?1")?
        .execute([content.0])?;
    tx.durable();
    tx.changed(Change::Drafts);
    Ok(true)
}

/// Whether a copy has not been handed to the server, so that other bytes may go in its place.
fn waits_to_be_uploaded(rows: &impl Rows, message: MessageKey) -> Result<bool, StoreError> {
    let operations = journal::of_message(rows, message)?;
    let waits = |state: &OperationState| matches!(state, OperationState::Queued { .. });
    Ok(operations.iter().any(|one| {
        matches!(one.kind, OperationKind::Append { proof: None, .. }) && waits(&one.state)
    }))
}

fn upload(
    tx: &Tx<'_>,
    account: AccountKey,
    mailbox: MailboxKey,
    content: ContentKey,
    size: u64,
) -> Result<MessageKey, StoreError> {
    let flags = Flags::of(Flags::SEEN | Flags::DRAFT);
    let message = messages::insert_upload(tx, mailbox, content, size, &flags)?;
    if accounts::get(tx, account)?.kind == AccountKind::Imap {
        let action = journal::action(tx, "draft")?;
        let kind = OperationKind::Append {
            message,
            source: None,
            to: mailbox,
            flags,
            proof: None,
            sent_as: None,
        };
        journal::add(tx, action, account, Some(mailbox), &kind)?;
    }
    tell(tx, mailbox)?;
    Ok(message)
}

/// A copy in Drafts goes: at once what never left, else by an operation that waits until `after`
/// stands on the server.
fn discard(
    tx: &Tx<'_>,
    account: AccountKey,
    row: &messages::Message,
    after: Option<MessageKey>,
) -> Result<(), StoreError> {
    let key = row.key;
    if accounts::get(tx, account)?.kind != AccountKind::Imap {
        return messages::remove_local(tx, key);
    }
    if waits_to_be_uploaded(tx, key)? {
        return verdicts::forget(tx, key);
    }
    let action = journal::action(tx, "draft")?;
    let carrier = match &row.base {
        Some(base) => mailboxes::get(tx, base.mailbox)?.account,
        None => account,
    };
    for waiting in journal::of_message(tx, key)? {
        if matches!(waiting.state, OperationState::Queued { .. }) {
            journal::remove(tx, waiting.id)?;
        }
    }
    let kind = OperationKind::Expunge {
        message: key,
        after,
        left_by: None,
    };
    journal::add(tx, action, carrier, row.mailbox, &kind)?;
    effective::refold_one(tx, key)
}

/// Forgets a draft and its copy in Drafts. Whether it was there.
pub fn remove(tx: &Tx<'_>, key: DraftKey) -> Result<bool, StoreError> {
    let kept = find(tx, key)?;
    let held: Option<Option<i64>> = tx
        .connection()
        .prepare_cached("DELETE FROM draft WHERE key = ?1 RETURNING holds")?
        .query_row([key.0], |row| row.get(0))
        .optional()?;
    if let Some(kept) = kept
        && let Some(row) = kept
            .base
            .map(|base| messages::find(tx, base))
            .transpose()?
            .flatten()
        && row.mailbox.is_some()
    {
        discard(tx, kept.account, &row, None)?;
    }
    let Some(held) = held else {
        return Ok(false);
    };
    if let Some(content) = held {
        contents::release(tx, ContentKey(content))?;
    }
    tx.durable();
    tx.changed(Change::Drafts);
    Ok(true)
}
