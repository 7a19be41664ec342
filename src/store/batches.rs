//! The journal in batches of what belongs together, as a person sees it: a hundred thousand
//! operations of one key press are one row.

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
    let found = counted(rows, part, limit)?;
    let mut batches = Vec::with_capacity(found.len());
    for (id, count) in found {
        // A kind of a later version has no operation here; it stays untouched and unseen.
        if let Some(first) = journal::find(rows, OperationId(id))? {
            batches.push(Batch { first, count });
        }
    }
    Ok(batches)
}

// The counts are kept (by triggers), so the cost is that of the batches that are shown.
const LIST: &str = "SELECT b.operations, (SELECT j.id FROM journal j
       WHERE j.action = b.action AND j.state = b.state AND j.kind = b.kind
         AND j.account = b.account AND j.target IS nullif(b.target, 0) AND j.why = b.why
         AND j.cause = b.cause
         AND iif(j.message IS NULL, coalesce(j.mailbox, 0), 0) = b.mailbox
       ORDER BY j.id LIMIT 1)
     FROM batch b WHERE b.stuck = ?1 ORDER BY b.action, 2 LIMIT ?2";

/// First operations and counts of the batches of the first key presses.
fn counted(rows: &impl Rows, part: Part, limit: usize) -> Result<Vec<(i64, u64)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = rows.connection().prepare_cached(LIST)?;
    let found = query
        .query_map((part == Part::Stuck, limit), |row| {
            Ok((row.get(1)?, columns::count(row.get(0)?)))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// How many batches are counted otherwise than the journal has them. One is a fault.
pub fn miscounted(rows: &impl Rows) -> Result<u64, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "WITH real AS (SELECT state IN ('failed', 'unsure') AS stuck, action, account, kind, state,
             coalesce(target, 0) AS target,
             iif(message IS NULL, coalesce(mailbox, 0), 0) AS mailbox, why, cause,
             count(*) AS operations
           FROM journal GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9)
         SELECT (SELECT count(*) FROM (SELECT * FROM real EXCEPT SELECT * FROM batch))
           + (SELECT count(*) FROM (SELECT * FROM batch EXCEPT SELECT * FROM real))",
    )?;
    Ok(query.query_row([], |row| Ok(columns::count(row.get(0)?)))?)
}

/// The operations of the batch that an operation belongs to, oldest first.
pub fn members(rows: &impl Rows, of: &Operation) -> Result<Vec<OperationId>, StoreError> {
    let (why, cause) = match &of.state {
        OperationState::Failed { why, cause } => (why.as_str(), Some(journal::cause_word(*cause))),
        OperationState::Queued { put_off } => {
            (put_off.as_ref().map_or("", |one| one.why.as_str()), None)
        }
        OperationState::InFlight { .. } | OperationState::Unsure => ("", None),
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
    use crate::model::journal::{Cause, PutOff};
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
    fn a_queue_costs_the_lines_that_it_shows_and_not_what_waits() {
        use rusqlite::StatementStatus::{FullscanStep, VmStep};
        let steps = |count: i64| {
            let bed = Bed::new();
            mark(&bed, 1, count);
            mark(&bed, count + 1, count);
            let reader = bed.store.reader().unwrap();
            let mut query = reader.connection().prepare(LIST).unwrap();
            let rows: Vec<(i64, i64)> = query
                .query_map((false, 9), |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let expected = [(count, 1), (count, count + 1)];
            assert_eq!(rows, expected);
            (query.get_status(VmStep), query.get_status(FullscanStep))
        };
        assert_eq!(steps(3), steps(3_000));
        assert!(steps(3).0 < 200, "{:?}", steps(3));
    }

    #[test]
    fn a_queue_looks_its_lines_up() {
        let bed = Bed::new();
        let reader = bed.store.reader().unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {LIST}");
        let mut query = reader.connection().prepare(&sql).unwrap();
        let plan: Vec<String> = query
            .query_map((true, 9), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(
            plan,
            [
                "SEARCH b USING PRIMARY KEY (stuck=?)",
                "CORRELATED SCALAR SUBQUERY 1",
                "SEARCH j USING INDEX journal_batch (action=? AND state=? AND kind=? AND \
                 account=? AND target=? AND why=?)",
                "USE TEMP B-TREE FOR LAST TERM OF ORDER BY",
            ]
        );
    }

    #[test]
    fn counts_follow_whatever_becomes_of_operations() {
        let bed = Bed::new();
        let ids = mark(&bed, 1, 6);
        let count = || {
            let reader = bed.store.reader().unwrap();
            assert_eq!(miscounted(&reader).unwrap(), 0);
            journal::counts(&reader).unwrap()
        };
        assert_eq!(count(), (6, 0));
        let (until, all) = (9, ids.clone());
        bed.put(move |tx| {
            assert!(journal::mark_in_flight(tx, &all)?);
            let why = "Server busy".to_owned();
            verdicts::requeue(tx, all[0], Some(PutOff { until, why }))?;
            verdicts::fail(tx, all[1], "No", Cause::Refused)?;
            verdicts::unsure(tx, all[2])
        });
        assert_eq!(count(), (6, 1));
        assert_eq!(shown(&bed, Part::Moving, 9), [(1, 1), (4, 3)]);
        let account = bed.account;
        bed.put(move |tx| {
            journal::remove(tx, ids[0])?;
            journal::unsettle(tx, account).map(|_| ())
        });
        assert_eq!(count(), (5, 1));
        assert_eq!(shown(&bed, Part::Stuck, 9), [(2, 1), (3, 4)]);
    }

    #[test]
    fn what_was_put_off_says_why_and_how_often_it_was_tried() {
        let bed = Bed::new();
        let ids = mark(&bed, 1, 2);
        let again = |why: &'static str| {
            let ids = ids.clone();
            bed.put(move |tx| {
                journal::mark_in_flight(tx, &ids)?;
                ids.iter().try_for_each(|id| {
                    let why = why.to_owned();
                    verdicts::requeue(tx, *id, Some(PutOff { until: 60, why }))
                })
            });
        };
        again("Server busy");
        again("Quota exceeded");
        let reader = bed.store.reader().unwrap();
        let batch = list(&reader, Part::Moving, 9).unwrap().remove(0);
        let why = "Quota exceeded".to_owned();
        let put_off = Some(PutOff { until: 60, why });
        assert_eq!(batch.first.state, OperationState::Queued { put_off });
        assert_eq!((batch.first.tries, batch.count), (2, 2));
        assert_eq!(members(&reader, &batch.first).unwrap(), ids);
    }
}
