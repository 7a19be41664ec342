//! What a person sees of the outbox as a whole, and gives up of it.

use super::{end, find};
use crate::model::{AccountKey, OperationId, OperationState};
use crate::store::columns::count;
use crate::store::{Refusal, Rows, StoreError, Tx};

/// How many messages of an account have not left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// All of them.
    pub all: u64,
    /// Those that were refused.
    pub refused: u64,
}

/// How many messages of each account have not left; accounts without any are left out.
pub fn counts(rows: &impl Rows) -> Result<Vec<(AccountKey, Unsent)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT o.account, COUNT(*), COUNT(*) FILTER (WHERE j.state = 'failed')
         FROM outgoing o JOIN journal j ON j.id = o.operation GROUP BY o.account",
    )?;
    let found = query.query_map([], |row| {
        let unsent = Unsent {
            all: count(row.get(1)?),
            refused: count(row.get(2)?),
        };
        Ok((AccountKey(row.get(0)?), unsent))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Throws a message away with all that was written in it; answers its subject. Refused while it is
/// with the server.
pub fn discard(tx: &Tx<'_>, id: OperationId) -> Result<String, StoreError> {
    let Some(out) = find(tx, id)? else {
        return Err(StoreError::missing("message in the outbox", id.0));
    };
    if matches!(out.state, OperationState::InFlight { .. }) {
        return Err(Refusal::UnderWay.into());
    }
    end(tx, &out)?;
    Ok(out.subject)
}
