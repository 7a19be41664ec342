//! What is noted of a try while it runs or cannot begin, and what becomes of one that nobody ended.

use crate::model::{AccountKey, OperationId};
use crate::store::{Change, Rows, StoreError, Tx};

/// What the last owner of the account had begun when it ended: unsure if its dot may have left, else
/// it was not sent and waits. Called by who has taken the account's lock, before it sends.
pub fn unsettle(tx: &Tx<'_>, account: AccountKey) -> Result<usize, StoreError> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE journal SET state = CASE WHEN EXISTS
                 (SELECT 1 FROM outgoing WHERE operation = journal.id AND dot IS NOT NULL)
               THEN 'unsure' ELSE 'queued' END
             WHERE account = ?1 AND state = 'in-flight' AND kind = 'submit'",
        )?
        .execute([account.0])?;
    if changed > 0 {
        tx.durable();
        tx.changed(Change::Journal);
    }
    Ok(changed)
}

/// No try can begin, for this reason; who waits for these messages is told.
pub fn held(tx: &Tx<'_>, ids: &[OperationId], why: &str) -> Result<(), StoreError> {
    for id in ids {
        tx.connection()
            .prepare_cached("UPDATE outgoing SET why = ?2 WHERE operation = ?1")?
            .execute((id.0, why))?;
    }
    tx.changed(Change::Journal);
    Ok(())
}

/// How far the try at hand is, in octets.
pub fn progress(tx: &Tx<'_>, id: OperationId, done: u64) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE outgoing SET done = ?2 WHERE operation = ?1")?
        .execute((id.0, i64::try_from(done).unwrap_or(i64::MAX)))?;
    tx.changed(Change::Journal);
    Ok(())
}
