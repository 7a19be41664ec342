//! Numbered migrations. One that was released is never edited: a test holds their hashes.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// `PRAGMA application_id`: "Lace".
pub(super) const APPLICATION_ID: i64 = 0x4c61_6365;

pub(super) const MIGRATIONS: [&str; 9] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
];

/// The schema that this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Runs what is missing, each migration in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, now: i64) -> Result<(), StoreError> {
    let from = version(connection)?;
    for (number, sql) in (1..).zip(MIGRATIONS) {
        if number <= from {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been quicker while we waited for the lock.
        if version(&transaction)? >= number {
            continue;
        }
        transaction.execute_batch(sql)?;
        if number == 1 {
            found(&transaction, now)?;
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The one row of a new store: its name for `search.db`, and the key of the Message-ID hashes.
fn found(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let (mut uuid, mut key) = ([0u8; 16], [0u8; 32]);
    for bytes in [uuid.as_mut_slice(), key.as_mut_slice()] {
        getrandom::fill(bytes).map_err(|e| StoreError::fault(format!("no randomness: {e}")))?;
    }
    connection.execute(
        "INSERT INTO store (id, uuid, thread_key, made) VALUES (1, ?1, ?2, ?3)",
        (uuid, key, now),
    )?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}
