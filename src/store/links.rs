//! Link rows: the state of each account's connection, written by its owner. A row is valid only
//! while somebody holds the account's lock.

use rusqlite::{OptionalExtension, Row};

use crate::model::{AccountKey, Link, LinkState};

use super::columns::{count, number};
use super::{Change, Rows, StoreError, Tx};

fn read(row: &Row<'_>) -> Result<Link, rusqlite::Error> {
    Ok(Link {
        pid: row.get(0)?,
        state: LinkState::parse(row.get_ref(1)?.as_str()?),
        done: count(row.get(2)?),
        total: count(row.get(3)?),
        since: row.get(4)?,
        next_try: row.get(5)?,
        why: row.get(6)?,
    })
}

/// The link row of an account, if an owner ever wrote one.
pub fn get(rows: &impl Rows, account: AccountKey) -> Result<Option<Link>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT pid, state, done, total, since, next_try, why FROM link WHERE account = ?1",
    )?;
    Ok(query.query_row([account.0], read).optional()?)
}

/// Writes the state of an account's connection.
pub fn set(tx: &Tx<'_>, account: AccountKey, link: &Link) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT OR REPLACE INTO link (account, pid, state, done, total, since, next_try, why)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            account.0,
            link.pid,
            link.state.word(),
            number(link.done).unwrap_or(i64::MAX),
            number(link.total).unwrap_or(i64::MAX),
            link.since,
            link.next_try,
            &link.why,
        ))?;
    tx.changed(Change::Link(account));
    Ok(())
}

/// Removes it: nobody owns the account any more.
pub fn clear(tx: &Tx<'_>, account: AccountKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM link WHERE account = ?1")?
        .execute([account.0])?;
    tx.changed(Change::Link(account));
    Ok(())
}
