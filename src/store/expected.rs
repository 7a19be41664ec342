//! What undecided operations expect in a mailbox: a UID that a pull finds there is theirs, and is
//! not inserted a second time.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use crate::model::journal::{Proof, Spot};
use crate::model::{MailboxKey, MessageKey, OperationId, Uid};

use super::mailboxes::Epoch;
use super::messages::Arrived;
use super::{Rows, StoreError, Tx, journal, verdicts};

/// The expectations of one mailbox.
#[derive(Debug, Default)]
pub(super) struct Expected {
    coming: Vec<Coming>,
    /// UIDs that our own moves are about to take away; their messages stand in the target already.
    going: BTreeMap<Uid, MessageKey>,
}

#[derive(Debug)]
struct Coming {
    operation: OperationId,
    message: MessageKey,
    proof: Proof,
    mark: Mark,
}

/// What a message is known by when its UID is not.
type Mark = (String, i64, i64);

impl Expected {
    pub(super) fn of(
        rows: &impl Rows,
        mailbox: MailboxKey,
        epoch: Epoch,
    ) -> Result<Self, StoreError> {
        let mut expected = Self::default();
        for operation in journal::undecided(rows)? {
            let (Some(message), Some(proof)) = (operation.kind.message(), operation.kind.proof())
            else {
                continue;
            };
            if operation.kind.target() == Some(mailbox)
                && proof.epoch == epoch.0
                && proof.found.is_none()
                && let Some(mark) = mark(rows, message)?
            {
                expected.coming.push(Coming {
                    operation: operation.id,
                    message,
                    proof: proof.clone(),
                    mark,
                });
            }
            if let Some(source) = proof.source
                && proof.found.is_some()
                && (source.mailbox, source.epoch) == (mailbox, epoch.0)
            {
                expected.going.insert(source.uid, message);
            }
        }
        Ok(expected)
    }

    /// The row to which a message that was not known belongs, if one waits for it.
    pub(super) fn take(
        &mut self,
        tx: &Tx<'_>,
        (mailbox, epoch): (MailboxKey, Epoch),
        arrived: &Arrived,
    ) -> Result<Option<MessageKey>, StoreError> {
        if let Some(key) = self.going.get(&Uid(arrived.uid)) {
            return Ok(Some(*key));
        }
        let Some(envelope) = arrived
            .envelope
            .as_ref()
            .filter(|e| !e.message_id.is_empty())
        else {
            return Ok(None);
        };
        let size = i64::try_from(arrived.size).unwrap_or(i64::MAX);
        let found = self.coming.iter().position(|one| {
            one.proof.uid_next <= arrived.uid
                && one.mark.0 == envelope.message_id
                && one.mark.1 == arrived.arrival
                && one.mark.2 == size
        });
        let Some(one) = found.map(|at| self.coming.swap_remove(at)) else {
            return Ok(None);
        };
        let uid = Uid(arrived.uid);
        let spot = Spot {
            mailbox,
            epoch: epoch.0,
            uid,
        };
        let found = Proof {
            found: Some(uid),
            ..one.proof
        };
        journal::write_proof(tx, one.operation, &found)?;
        verdicts::adopt(tx, one.message, spot, &arrived.flags)?;
        Ok(Some(one.message))
    }
}

fn mark(rows: &impl Rows, message: MessageKey) -> Result<Option<Mark>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT c.message_id, m.arrival, m.size FROM message m
           JOIN content c ON c.key = m.content WHERE m.key = ?1",
    )?;
    Ok(query
        .query_row([message.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?)
}
