//! Drafts: what a person writes, as typed. Every save is on the disk when it is answered.

use rusqlite::{OptionalExtension, Row};

use crate::model::{AccountKey, ContentKey, Draft, DraftKey, MessageKey};

use super::columns::json;
use super::{Change, Rows, StoreError, Tx, contents};

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
}

const FIELDS: &str = "key, account, base, bytes, saved";

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

/// Keeps a newer state of a draft. False if it is there no longer: it was sent or discarded
/// elsewhere, and is not brought back.
pub fn update(
    tx: &Tx<'_>,
    key: DraftKey,
    account: AccountKey,
    draft: &Draft,
) -> Result<bool, StoreError> {
    let changed = tx
        .connection()
        .prepare_cached("UPDATE draft SET account = ?2, bytes = ?3, saved = ?4 WHERE key = ?1")?
        .execute((key.0, account.0, json(draft)?.into_bytes(), tx.now()))?;
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

/// Forgets a draft. Whether it was there.
pub fn remove(tx: &Tx<'_>, key: DraftKey) -> Result<bool, StoreError> {
    let held: Option<Option<i64>> = tx
        .connection()
        .prepare_cached("DELETE FROM draft WHERE key = ?1 RETURNING holds")?
        .query_row([key.0], |row| row.get(0))
        .optional()?;
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
