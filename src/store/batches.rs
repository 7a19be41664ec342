//! The journal in batches of what belongs together, as a person sees it: a hundred thousand
//! operations of one key press are one row.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use crate::model::{MailboxKey, Operation, OperationId, OperationState};

use super::{Rows, StoreError, columns, journal};

/// Which part of the journal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Refused, or of an unknown end: a person may answer.
    Stuck,
    /// With the server or waiting, in the order in which they were asked for.
    Moving,
}

/// Operations of one action, kind, state and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its first operation, whose id names the batch.
    pub first: Operation,
    /// How many there are.
    pub count: u64,
}

/// The first `limit` batches of a part, oldest first.
pub fn list(rows: &impl Rows, part: Part, limit: usize) -> Result<Vec<Batch>, StoreError> {
    let found = match part {
        Part::Stuck => stuck(rows, limit)?,
        Part::Moving => moving(rows, limit)?,
    };
    let mut batches = Vec::with_capacity(found.len());
    for (id, count) in found {
        // A kind of a later version has no operation here; it stays untouched and unseen.
        if let Some(first) = journal::find(rows, OperationId(id))? {
            batches.push(Batch { first, count });
        }
    }
    Ok(batches)
}

// What is stuck is found without reading the rest.
const STUCK: &str = "SELECT min(j.id), count(*) FROM journal j INDEXED BY journal_stuck
     WHERE j.state IN ('failed', 'unsure')
     GROUP BY j.action, j.account, j.kind, j.state, j.why, j.cause, j.target,
       CASE WHEN j.message IS NULL THEN j.mailbox END
     ORDER BY 1 LIMIT ?1";

fn stuck(rows: &impl Rows, limit: usize) -> Result<Vec<(i64, u64)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = rows.connection().prepare_cached(STUCK)?;
    let found = query
        .query_map([limit], |row| {
            Ok((row.get(0)?, columns::count(row.get(1)?)))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// What operations of one batch have in common: action, account, target, mailbox, kind and state.
type Common = (i64, i64, Option<i64>, Option<i64>, String, String);

/// Reads in the order of asking and stops when it has seen enough batches: what many key presses
/// left costs no more than is shown, and grouping by the database would sort everything first.
fn moving(rows: &impl Rows, limit: usize) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT j.action, j.account, j.target, CASE WHEN j.message IS NULL THEN j.mailbox END,
           j.kind, j.state, j.id
         FROM journal j WHERE j.state IN ('queued', 'in-flight') ORDER BY j.id",
    )?;
    let mut found = query.query([])?;
    let mut batches: Vec<(Common, i64, u64)> = Vec::new();
    let mut places: BTreeMap<Common, usize> = BTreeMap::new();
    while let Some(row) = found.next()? {
        let numbers = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let words = (row.get_ref(4)?.as_str()?, row.get_ref(5)?.as_str()?);
        if let Some((last, _, count)) = batches.last_mut()
            && (last.0, last.1, last.2, last.3) == numbers
            && (last.4.as_str(), last.5.as_str()) == words
        {
            *count += 1;
            continue;
        }
        let (action, account, target, mailbox) = numbers;
        let (kind, state) = (words.0.to_owned(), words.1.to_owned());
        let common = (action, account, target, mailbox, kind, state);
        let known = places.get(&common).copied();
        let full = batches.len() == limit;
        match known.and_then(|at| batches.get_mut(at)) {
            Some((_, _, count)) => *count += 1,
            None if full => break,
            None => {
                places.insert(common.clone(), batches.len());
                batches.push((common, row.get(6)?, 1));
            }
        }
    }
    Ok(batches
        .into_iter()
        .map(|(_, id, count)| (id, count))
        .collect())
}

/// The operations of the batch that an operation belongs to, oldest first.
pub fn members(rows: &impl Rows, of: &Operation) -> Result<Vec<OperationId>, StoreError> {
    let (why, cause) = match &of.state {
        OperationState::Failed { why, cause } => (why.as_str(), Some(cause.word())),
        OperationState::Queued { .. }
        | OperationState::InFlight { .. }
        | OperationState::Unsure => ("", None),
    };
    let mut query = rows.connection().prepare_cached(
        "SELECT id FROM journal WHERE action = ?1 AND account = ?2 AND kind = ?3 AND state = ?4
           AND why = ?5 AND target IS ?6 AND CASE WHEN message IS NULL THEN mailbox END IS ?7
           AND cause = coalesce(?8, cause)
         ORDER BY id",
    )?;
    let found = query
        .query_map(
            (
                of.action.0,
                of.account.0,
                of.kind.word(),
                of.state.word(),
                why,
                of.kind.target().map(|m| m.0),
                of.kind.mailbox().map(|m| m.0),
                cause,
            ),
            |row| Ok(OperationId(row.get(0)?)),
        )?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// What a mailbox is called, even if it is deleted or gone, and what its server calls it.
pub fn names(
    rows: &impl Rows,
    mailbox: MailboxKey,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT coalesce(name, gone_name, base_shown), base_shown FROM mailbox WHERE key = ?1",
    )?;
    let found = query
        .query_row([mailbox.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::journal::Cause;
    use crate::model::{FlagChange, Flags, MessageKey, OperationKind};
    use crate::store::tests::Bed;
    use crate::store::verdicts;

    /// A key press that marks so many messages read.
    fn mark(bed: &Bed, from: i64, count: i64) -> Vec<OperationId> {
        let (account, inbox) = (bed.account, bed.inbox);
        bed.put(move |tx| {
            let action = journal::action(tx, "flag")?;
            let mut ids = Vec::new();
            for message in from..from + count {
                let kind = OperationKind::Flag {
                    message: MessageKey(message),
                    change: FlagChange::add(Flags::of(Flags::SEEN)),
                };
                ids.push(journal::add(tx, action, account, Some(inbox), &kind)?);
            }
            Ok(ids)
        })
    }

    fn shown(bed: &Bed, part: Part, limit: usize) -> Vec<(i64, u64)> {
        let reader = bed.store.reader().unwrap();
        let batches = list(&reader, part, limit).unwrap();
        batches.iter().map(|b| (b.first.id.0, b.count)).collect()
    }

    #[test]
    fn a_key_press_is_one_row_until_its_operations_part_ways() {
        let bed = Bed::new();
        let ids = mark(&bed, 1, 5);
        mark(&bed, 10, 2);
        assert_eq!(shown(&bed, Part::Moving, 9), [(1, 5), (6, 2)]);
        assert_eq!(shown(&bed, Part::Moving, 1), [(1, 5)]);
        let (second, third) = (ids[1], ids[2]);
        bed.put(move |tx| {
            verdicts::fail(tx, second, "No", Cause::Refused)?;
            verdicts::fail(tx, third, "No", Cause::Refused)?;
            verdicts::unsure(tx, ids[0])
        });
        assert_eq!(shown(&bed, Part::Stuck, 9), [(1, 1), (2, 2)]);
        assert_eq!(shown(&bed, Part::Moving, 9), [(4, 2), (6, 2)]);
        let reader = bed.store.reader().unwrap();
        let of = journal::find(&reader, third).unwrap().unwrap();
        assert_eq!(members(&reader, &of).unwrap(), [second, third]);
        assert_eq!(journal::counts(&reader).unwrap(), (7, 2));
    }

    #[test]
    fn a_batch_of_mixed_states_is_one_row_for_each_end() {
        let bed = Bed::new();
        let ids = mark(&bed, 1, 12);
        let other = mark(&bed, 50, 2);
        let at = ids.clone();
        bed.put(move |tx| {
            // Every end that there is, in turn, so that no two neighbours share one.
            journal::mark_in_flight(tx, &[at[0], at[4], at[8]])?;
            verdicts::unsure(tx, at[0])?;
            for (id, why, cause) in [
                (1, "No", Cause::Refused),
                (5, "No", Cause::Refused),
                (3, "Over quota", Cause::Refused),
                (7, "No", Cause::Gone),
                (9, "No", Cause::Refused),
            ] {
                verdicts::fail(tx, at[id], why, cause)?;
            }
            verdicts::fail(tx, other[1], "No", Cause::Refused)
        });
        let stuck = [(1, 1), (2, 3), (4, 1), (8, 1), (14, 1)];
        assert_eq!(shown(&bed, Part::Stuck, 9), stuck);
        assert_eq!(shown(&bed, Part::Stuck, 2), stuck[..2]);
        // In flight 5 and 9; queued 3, 7, 11, 12; and what is left of the other key press.
        assert_eq!(shown(&bed, Part::Moving, 9), [(3, 4), (5, 2), (13, 1)]);
        let reader = bed.store.reader().unwrap();
        let members = |id: OperationId| {
            let of = journal::find(&reader, id).unwrap().unwrap();
            let found = members(&reader, &of).unwrap();
            found.iter().map(|id| id.0).collect::<Vec<_>>()
        };
        let parts = [
            members(ids[0]),
            members(ids[3]),
            members(ids[4]),
            members(ids[6]),
        ];
        assert_eq!(parts, [vec![1], vec![4], vec![5, 9], vec![3, 7, 11, 12]]);
        // The same words of another cause are another row: an answer to one is none to the other.
        assert_eq!(
            [members(ids[1]), members(ids[7])],
            [vec![2, 6, 10], vec![8]]
        );
        // Each operation stands in one row, and all of them are counted.
        let rows = [Part::Stuck, Part::Moving].map(|part| shown(&bed, part, 99));
        let all: u64 = rows.iter().flatten().map(|(_, count)| count).sum();
        assert_eq!((all, journal::counts(&reader).unwrap().0), (14, 14));
    }

    #[test]
    fn what_is_stuck_is_found_without_reading_what_waits() {
        let bed = Bed::new();
        let reader = bed.store.reader().unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {STUCK}");
        let mut query = reader.connection().prepare(&sql).unwrap();
        let plan: Vec<String> = query
            .query_map([9], |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(
            plan[0], "SEARCH j USING INDEX journal_stuck (state=?)",
            "{plan:?}"
        );
    }
}
