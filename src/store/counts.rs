//! Kept counts, counted anew (DESIGN section 6): in tests whole, in the background in small reads.
//!
//! The counts of a mailbox and of its threads follow every change by triggers. A difference is a
//! fault of ours: a [`Recount`] finds what looks wrong without holding a read for longer than a
//! page, and [`mend`] looks again inside a transaction before it changes anything.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};

use crate::model::{Alone, MailboxKey, Notice, Severity};

use super::columns::count;
use super::{Change, Rows, StoreError, Tx, accounts, mailboxes, notices, threads};

/// Rows that one read goes through.
const SLICE: i64 = 1_000;
/// Threads that one transaction puts right.
const MENDED: usize = 200;
/// Threads of one mailbox that are remembered as doubtful; the rest comes the next day.
const DOUBTED: usize = 10_000;

/// Total, unread and flagged messages, counted anew. A difference to the kept ones is a fault.
pub fn recount(rows: &impl Rows, key: MailboxKey) -> Result<Counts, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT count(*), coalesce(sum(flags & 1 = 0), 0), coalesce(sum(flags & 4 <> 0), 0)
         FROM message WHERE mailbox = ?1",
    )?;
    Ok(query.query_row([key.0], read)?)
}

/// Some threads of a mailbox, as they are kept and as they are counted. One that has joined another
/// has no row of its own: one that is left over is wrong.
const THREADS: &str = "SELECT t.thread, t.newest, t.unread, t.total,
       max(m.arrival), coalesce(sum(m.flags & 1 = 0), 0), count(m.key),
       EXISTS (SELECT 1 FROM thread WHERE key = t.thread AND into_thread IS NOT NULL)
     FROM (SELECT * FROM mailbox_thread WHERE mailbox = ?1 AND thread > ?2
       ORDER BY thread LIMIT ?3) t
     LEFT JOIN thread part ON part.key = t.thread OR part.into_thread = t.thread
     LEFT JOIN message m INDEXED BY message_thread
       ON m.thread = coalesce(part.key, t.thread) AND m.mailbox = ?1
     GROUP BY t.thread ORDER BY t.thread";

/// Messages of a mailbox: all, unread, flagged.
type Counts = (u64, u64, u64);

fn read(row: &Row<'_>) -> Result<Counts, rusqlite::Error> {
    Ok((count(row.get(0)?), count(row.get(1)?), count(row.get(2)?)))
}

fn read_both(row: &Row<'_>) -> Result<(Counts, Alone), rusqlite::Error> {
    let alone = Alone {
        unread: count(row.get(3)?),
        flagged: count(row.get(4)?),
    };
    Ok((read(row)?, alone))
}

/// What does not agree with the messages, as far as reads in pieces can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    mailbox: bool,
    threads: BTreeSet<i64>,
}

impl Doubt {
    /// Whether everything agrees.
    pub fn is_none(&self) -> bool {
        !self.mailbox && self.threads.is_empty()
    }
}

/// A count of one mailbox that goes on in small reads.
#[derive(Debug)]
pub struct Recount {
    mailbox: MailboxKey,
    stage: Stage,
    total: u64,
    unread: u64,
    flagged: u64,
    alone: Alone,
    doubt: Doubt,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Messages behind this arrival and key.
    Messages(i64, i64),
    /// Threads behind this one.
    Threads(i64),
}

impl Recount {
    /// Starts at the first message.
    pub fn of(mailbox: MailboxKey) -> Self {
        Self {
            mailbox,
            stage: Stage::Messages(i64::MIN, i64::MIN),
            total: 0,
            unread: 0,
            flagged: 0,
            alone: Alone::default(),
            doubt: Doubt::default(),
        }
    }

    /// The next small read; the end says what is doubtful. What was committed meanwhile may make
    /// doubts of what is right: [`mend`] knows.
    pub fn step(&mut self, rows: &impl Rows) -> Result<Option<Doubt>, StoreError> {
        match self.stage {
            Stage::Messages(arrival, key) => {
                self.stage = match self.messages(rows, arrival, key)? {
                    Some((arrival, key)) => Stage::Messages(arrival, key),
                    None => Stage::Threads(i64::MIN),
                };
                Ok(None)
            }
            Stage::Threads(thread) => match self.threads(rows, thread)? {
                Some(thread) => {
                    self.stage = Stage::Threads(thread);
                    Ok(None)
                }
                None => self.end(rows).map(Some),
            },
        }
    }

    fn messages(
        &mut self,
        rows: &impl Rows,
        arrival: i64,
        key: i64,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let mut query = rows.connection().prepare_cached(&format!(
            "SELECT m.arrival, m.key, m.flags & 1 = 0, {thread}, EXISTS (SELECT 1
               FROM mailbox_thread t WHERE t.mailbox = ?1 AND t.thread = {thread}),
               m.flags & 4 <> 0, m.alone,
               (SELECT s.alone FROM message_standing s WHERE s.key = m.key)
             FROM message m INDEXED BY message_list
             WHERE m.mailbox = ?1 AND (m.arrival, m.key) > (?2, ?3)
             ORDER BY m.arrival, m.key LIMIT ?4",
            thread = threads::standing("m.thread")
        ))?;
        let mut found = query.query((self.mailbox.0, arrival, key, SLICE))?;
        let mut last = None;
        while let Some(row) = found.next()? {
            last = Some((row.get(0)?, row.get(1)?));
            self.total += 1;
            self.unread += u64::from(row.get::<_, bool>(2)?);
            self.flagged += u64::from(row.get::<_, bool>(5)?);
            let (alone, is_alone): (bool, bool) = (row.get(6)?, row.get(7)?);
            self.alone.unread += u64::from(alone && row.get(2)?);
            self.alone.flagged += u64::from(alone && row.get(5)?);
            self.doubt.mailbox |= alone != is_alone;
            if !row.get::<_, bool>(4)? {
                self.doubt_thread(row.get(3)?);
            }
        }
        Ok(last)
    }

    fn threads(&mut self, rows: &impl Rows, after: i64) -> Result<Option<i64>, StoreError> {
        let mut query = rows.connection().prepare_cached(THREADS)?;
        let mut found = query.query((self.mailbox.0, after, SLICE))?;
        let mut last = None;
        while let Some(row) = found.next()? {
            let thread: i64 = row.get(0)?;
            last = Some(thread);
            let kept: (Option<i64>, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            if kept != (row.get(4)?, row.get(5)?, row.get(6)?) || row.get(7)? {
                self.doubt_thread(thread);
            }
        }
        Ok(last)
    }

    fn doubt_thread(&mut self, thread: i64) {
        if self.doubt.threads.len() < DOUBTED {
            self.doubt.threads.insert(thread);
        }
    }

    fn end(&mut self, rows: &impl Rows) -> Result<Doubt, StoreError> {
        let counted = ((self.total, self.unread, self.flagged), self.alone);
        self.doubt.mailbox |= kept(rows, self.mailbox)?.is_some_and(|kept| kept != counted);
        Ok(std::mem::take(&mut self.doubt))
    }
}

/// The kept counts; `None` when the mailbox is gone.
fn kept(rows: &impl Rows, mailbox: MailboxKey) -> Result<Option<(Counts, Alone)>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT total, unread, flagged, alone_unread, alone_flagged FROM mailbox WHERE key = ?1",
    )?;
    Ok(query.query_row([mailbox.0], read_both).optional()?)
}

/// Looks at some of what is doubtful again and puts right what is wrong, with a notice. The rest of
/// the doubts comes back, for a transaction of its own.
pub fn mend(tx: &Tx<'_>, mailbox: MailboxKey, mut doubt: Doubt) -> Result<Doubt, StoreError> {
    let Some(kept) = kept(tx, mailbox)? else {
        return Ok(Doubt::default());
    };
    let mut wrong = Vec::new();
    if std::mem::take(&mut doubt.mailbox) {
        let standing = stand(tx, mailbox)?;
        if standing > 0 {
            wrong.push(format!(
                "{standing} messages were wrong about being in no other mailbox"
            ));
        }
        let counted = indexed(tx, mailbox)?;
        if counted != kept {
            set(tx, mailbox, counted)?;
            let (kept, counted) = (told(kept), told(counted));
            wrong.push(format!("kept {kept}, counted {counted}"));
        }
    }
    let mut threads = 0;
    for _ in 0..MENDED {
        let Some(thread) = doubt.threads.pop_first() else {
            break;
        };
        threads += u64::from(mend_thread(tx, mailbox, thread)?);
    }
    if threads > 0 {
        wrong.push(format!("{threads} conversations were wrong"));
    }
    if !wrong.is_empty() {
        tell(tx, mailbox, &wrong.join("; "))?;
    }
    Ok(doubt)
}

/// Puts right which messages stand in no other mailbox; says of how many it was wrong.
fn stand(tx: &Tx<'_>, mailbox: MailboxKey) -> Result<usize, StoreError> {
    let mut query = tx.connection().prepare_cached(
        "UPDATE message SET alone = 1 - alone WHERE key IN
           (SELECT m.key FROM message m INDEXED BY message_list
              CROSS JOIN message_standing s ON s.key = m.key
            WHERE m.mailbox = ?1 AND s.alone <> m.alone)",
    )?;
    Ok(query.execute([mailbox.0])?)
}

fn told(((total, unread, flagged), alone): (Counts, Alone)) -> String {
    let mut words = format!("{total} messages, {unread} unread and {flagged} flagged");
    if alone != Alone::default() {
        let (unread, flagged) = (alone.unread, alone.flagged);
        words += &format!(" ({unread} and {flagged} in no other mailbox)");
    }
    words
}

/// As [`recount`], from the indexes alone: the writer is not held up by the rows.
fn indexed(tx: &Tx<'_>, mailbox: MailboxKey) -> Result<(Counts, Alone), StoreError> {
    let mut query = tx.connection().prepare_cached(
        "SELECT (SELECT count(*) FROM message INDEXED BY message_list WHERE mailbox = ?1),
           (SELECT count(*) FROM message INDEXED BY message_unread
              WHERE mailbox = ?1 AND flags & 1 = 0),
           (SELECT count(*) FROM message INDEXED BY message_flagged
              WHERE mailbox = ?1 AND flags & 4 <> 0),
           (SELECT count(*) FROM message INDEXED BY message_alone_unread
              WHERE mailbox = ?1 AND alone = 1 AND flags & 1 = 0),
           (SELECT count(*) FROM message INDEXED BY message_alone_flagged
              WHERE mailbox = ?1 AND alone = 1 AND flags & 4 <> 0)",
    )?;
    Ok(query.query_row([mailbox.0], read_both)?)
}

fn set(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    ((total, unread, flagged), alone): (Counts, Alone),
) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET total = ?2, unread = ?3, flagged = ?4, alone_unread = ?5,
               alone_flagged = ?6 WHERE key = ?1",
        )?
        .execute((
            mailbox.0,
            number(total),
            number(unread),
            number(flagged),
            number(alone.unread),
            number(alone.flagged),
        ))?;
    Ok(())
}

fn mend_thread(tx: &Tx<'_>, mailbox: MailboxKey, thread: i64) -> Result<bool, StoreError> {
    let sql = tx.connection();
    let found = sql
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM mailbox_thread t
                 WHERE t.mailbox = ?2 AND t.thread = ?1 AND t.total = n.total
                   AND t.unread = n.unread AND t.newest = n.newest)
               OR (n.total = 0 AND NOT EXISTS (SELECT 1 FROM mailbox_thread t
                 WHERE t.mailbox = ?2 AND t.thread = ?1))
             FROM ({counted}) n",
            counted = counted()
        ))?
        .query_row((thread, mailbox.0), |row| row.get::<_, bool>(0))?;
    if found {
        return Ok(false);
    }
    sql.prepare_cached("DELETE FROM mailbox_thread WHERE mailbox = ?1 AND thread = ?2")?
        .execute((mailbox.0, thread))?;
    sql.prepare_cached(&format!(
        "INSERT INTO mailbox_thread (mailbox, thread, newest, unread, total)
         SELECT ?2, ?1, newest, unread, total FROM ({counted}) WHERE total > 0",
        counted = counted()
    ))?
    .execute((thread, mailbox.0))?;
    Ok(true)
}

/// What the messages of thread ?1 in mailbox ?2 make; nothing where it has joined another.
fn counted() -> String {
    format!(
        "SELECT max(m.arrival) AS newest, coalesce(sum(m.flags & 1 = 0), 0) AS unread,
           count(*) AS total
         FROM {parts} part CROSS JOIN message m INDEXED BY message_thread
           ON m.thread = part.key AND m.mailbox = ?2
         WHERE NOT EXISTS (SELECT 1 FROM thread WHERE key = ?1 AND into_thread IS NOT NULL)",
        parts = threads::PARTS
    )
}

fn tell(tx: &Tx<'_>, mailbox: MailboxKey, what: &str) -> Result<(), StoreError> {
    let row = mailboxes::get(tx, mailbox)?;
    let account = accounts::get(tx, row.account)?;
    let name = row.name.unwrap_or_default();
    tx.changed(Change::Mailboxes(row.account));
    tx.changed(Change::Messages(mailbox));
    notices::add(
        tx,
        &Notice {
            severity: Severity::Warning,
            account: account.id,
            topic: "counts".to_owned(),
            text: format!("The kept counts of \"{name}\" were wrong and are right now"),
            hint: "No mail was lost: this is a fault of lacebark, worth a report.".to_owned(),
            detail: what.to_owned(),
        },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FlagChange, Flags};
    use crate::store::tests::threads::answer;
    use crate::store::tests::{Bed, arrived, damage};

    /// Counts in small reads and mends until nothing is doubtful; answers how many notices that made.
    fn look(bed: &Bed) -> usize {
        let reader = bed.store.reader().unwrap();
        let mut recount = Recount::of(bed.inbox);
        let mut doubt = loop {
            if let Some(doubt) = recount.step(&reader).unwrap() {
                break doubt;
            }
        };
        let before = notices::latest(&reader, 100).unwrap().len();
        while !doubt.is_none() {
            let (inbox, some) = (bed.inbox, doubt);
            doubt = bed.put(move |tx| mend(tx, inbox, some));
        }
        let told = notices::latest(&reader, 100).unwrap();
        assert!(told.iter().all(|one| one.notice.topic == "counts"));
        told.len() - before
    }

    fn rows(bed: &Bed, sql: &str) -> Vec<(i64, i64, i64)> {
        let reader = bed.store.reader().unwrap();
        let mut query = reader.connection().prepare(sql).unwrap();
        query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    #[test]
    fn a_count_that_is_wrong_is_found_told_and_put_right_and_a_right_one_left() {
        const THREADS: &str =
            "SELECT newest, unread, total FROM mailbox_thread WHERE mailbox = 1 ORDER BY thread";
        let bed = Bed::new();
        let many: Vec<_> = (1..=2 * SLICE as u32 + 7)
            .map(|uid| arrived(uid, &format!("m{uid}")))
            .collect();
        let keys = bed.insert(many);
        // One thread has joined another.
        bed.insert(vec![answer(9_001, "p", &["x"]), answer(9_002, "q", &["y"])]);
        bed.insert(vec![answer(9_003, "x", &["y"])]);
        bed.flag(keys[3], FlagChange::add(Flags::of(Flags::SEEN)));
        bed.flag(keys[4], FlagChange::add(Flags::of(Flags::FLAGGED)));
        assert_eq!(look(&bed), 0, "sound counts are left alone");
        let (sound, threads) = (
            rows(&bed, "SELECT total, unread, flagged FROM mailbox"),
            rows(&bed, THREADS),
        );
        for fault in [
            "UPDATE mailbox SET total = total + 1",
            "UPDATE mailbox SET unread = 0",
            "UPDATE mailbox SET flagged = 7",
            "UPDATE mailbox SET alone_flagged = 3",
            "UPDATE message SET alone = 1 WHERE key % 2 = 0",
            "UPDATE mailbox_thread SET unread = unread + 2 WHERE thread % 3 = 0",
            "UPDATE mailbox_thread SET newest = newest - 1 WHERE thread = 5",
            "DELETE FROM mailbox_thread WHERE thread % 2 = 0",
            "INSERT INTO mailbox_thread VALUES (1, 999999, 1, 1, 1)",
            "INSERT INTO mailbox_thread SELECT 1, key, 1, 1, 1 FROM thread WHERE into_thread > 0",
            "DELETE FROM mailbox_thread WHERE thread IN (SELECT into_thread FROM thread)",
        ] {
            damage(&bed.store, fault);
            assert!(look(&bed) <= 1, "{fault}: one row in the Log");
            assert_eq!(
                rows(&bed, "SELECT total, unread, flagged FROM mailbox"),
                sound,
                "{fault}"
            );
            assert_eq!(
                rows(
                    &bed,
                    "SELECT alone_unread, alone_flagged, (SELECT sum(alone) FROM message)
                       FROM mailbox"
                ),
                [(0, 0, 0)],
                "{fault}"
            );
            assert!(rows(&bed, THREADS) == threads, "{fault}");
            assert_eq!(look(&bed), 0, "{fault}: mended once");
        }
        let reader = bed.store.reader().unwrap();
        let told = notices::latest(&reader, 9).unwrap();
        assert_eq!((told.len(), told[0].times >= 9), (1, true), "{told:?}");
    }

    #[test]
    fn what_was_committed_between_two_reads_is_no_fault() {
        let bed = Bed::new();
        bed.insert(
            (1..=9)
                .map(|uid| arrived(uid, &format!("m{uid}")))
                .collect(),
        );
        let reader = bed.store.reader().unwrap();
        let mut recount = Recount::of(bed.inbox);
        assert_eq!(recount.step(&reader).unwrap(), None);
        bed.insert(
            (20..=25)
                .map(|uid| arrived(uid, &format!("n{uid}")))
                .collect(),
        );
        let doubt = Doubt {
            mailbox: true,
            threads: (1..=20).collect(),
        };
        let inbox = bed.inbox;
        assert!(bed.put(move |tx| mend(tx, inbox, doubt)).is_none());
        assert_eq!(notices::latest(&reader, 9).unwrap(), []);
    }

    #[test]
    fn a_small_read_of_a_recount_goes_by_an_index() {
        let bed = Bed::new();
        let reader = bed.store.reader().unwrap();
        let sql = "EXPLAIN QUERY PLAN SELECT m.arrival, m.key FROM message m
             INDEXED BY message_list WHERE m.mailbox = ?1 AND (m.arrival, m.key) > (?2, ?3)
             ORDER BY m.arrival, m.key LIMIT ?4";
        let mut query = reader.connection().prepare(sql).unwrap();
        let plan: Vec<String> = query
            .query_map((1, 2, 3, 4), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(plan.len(), 1, "{plan:?}");
        assert!(
            plan[0].contains("message_list (mailbox=? AND arrival>?)"),
            "{plan:?}"
        );
        let mut query = reader
            .connection()
            .prepare(&format!("EXPLAIN QUERY PLAN {THREADS}"))
            .unwrap();
        let plan: Vec<String> = query
            .query_map((1, 2, 3), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let scans = plan.iter().filter(|line| line.starts_with("SCAN"));
        assert_eq!(scans.collect::<Vec<_>>(), ["SCAN t"], "{plan:?}");
    }
}
