//! Notices: what is told to the person, kept for the Log.

use rusqlite::{OptionalExtension, Row};

use crate::model::{Notice, Severity};

use super::columns::count;
use super::{Change, Rows, StoreError, Tx};

/// How many the Log keeps.
const KEPT: i64 = 1000;

/// A notice as it stands in the Log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its row.
    pub id: i64,
    /// When it was told first, in seconds since 1970.
    pub first: i64,
    /// When it was told last.
    pub last: i64,
    /// How often.
    pub times: u64,
    /// Whether it is over or was dismissed.
    pub settled: bool,
    /// What was told.
    pub notice: Notice,
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Attention => "attention",
    }
}

const COLUMNS: &str = "SELECT id, first, last, times, settled, severity, account, topic, text, hint, detail FROM notice";

fn read(row: &Row<'_>) -> Result<Logged, rusqlite::Error> {
    Ok(Logged {
        id: row.get(0)?,
        first: row.get(1)?,
        last: row.get(2)?,
        times: count(row.get(3)?),
        settled: row.get(4)?,
        notice: Notice {
            severity: match row.get_ref(5)?.as_str()? {
                "attention" => Severity::Attention,
                "error" => Severity::Error,
                "warning" => Severity::Warning,
                _ => Severity::Note,
            },
            account: row.get(6)?,
            topic: row.get(7)?,
            text: row.get(8)?,
            hint: row.get(9)?,
            detail: row.get(10)?,
        },
    })
}

/// Tells something. Told again while it is not settled, it stays one row (SAFETY R19).
pub fn add(tx: &Tx<'_>, notice: &Notice) -> Result<i64, StoreError> {
    let sql = tx.connection();
    tx.changed(Change::Notices);
    let again: Option<i64> = sql
        .prepare_cached(
            "UPDATE notice SET last = ?4, times = times + 1, severity = ?5, hint = ?6, detail = ?7
             WHERE account = ?1 AND topic = ?2 AND text = ?3 AND settled = 0 RETURNING id",
        )?
        .query_row(
            (
                &notice.account,
                &notice.topic,
                &notice.text,
                tx.now(),
                word(notice.severity),
                &notice.hint,
                &notice.detail,
            ),
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = again {
        return Ok(id);
    }
    sql.prepare_cached(
        "INSERT INTO notice (first, last, severity, account, topic, text, hint, detail)
         VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        tx.now(),
        word(notice.severity),
        &notice.account,
        &notice.topic,
        &notice.text,
        &notice.hint,
        &notice.detail,
    ))?;
    let id = sql.last_insert_rowid();
    sql.prepare_cached(
        "DELETE FROM notice WHERE id <= ?1 AND (settled = 1 OR severity <> 'attention')",
    )?
    .execute([id - KEPT])?;
    Ok(id)
}

/// What the topic was about is over: its notices leave Attention and stay in the Log.
pub fn settle(tx: &Tx<'_>, account: &str, topic: &str) -> Result<(), StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE notice SET settled = 1 WHERE account = ?1 AND topic = ?2 AND settled = 0",
        )?
        .execute((account, topic))?;
    if changed > 0 {
        tx.changed(Change::Notices);
    }
    Ok(())
}

/// The user has seen it.
pub fn dismiss(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE notice SET settled = 1 WHERE id = ?1")?
        .execute([id])?;
    tx.changed(Change::Notices);
    Ok(())
}

/// The latest notices, newest first, at most `limit`.
pub fn latest(rows: &impl Rows, limit: usize) -> Result<Vec<Logged>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} ORDER BY id DESC LIMIT ?1"))?;
    let found = query
        .query_map([i64::try_from(limit).unwrap_or(i64::MAX)], read)?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// What waits for the user: unsettled notices of severity Attention, oldest first.
pub fn attention(rows: &impl Rows) -> Result<Vec<Logged>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE settled = 0 AND severity = 'attention' ORDER BY id"
    ))?;
    let found = query.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(found)
}
