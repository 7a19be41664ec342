//! Threads over all mailboxes: what joins, what is counted, and in which order they stand.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::model::{Flags, MailboxKey, MessageKey, ThreadKey};
use crate::store::mailboxes::{self, Epoch};
use crate::store::messages::{self, Arrived};
use crate::store::threads::{self, Conversation, Towards, Turn};
use crate::store::{Reader, Rows, contents};

use super::{Bed, arrived, damage, line};

/// A message with this Message-ID that refers to others.
pub(crate) fn answer(uid: u32, id: &str, above: &[&str]) -> Arrived {
    let mut arrived = arrived(uid, id);
    let envelope = arrived.envelope.as_mut().unwrap();
    envelope.references = above.iter().map(|id| (*id).to_owned()).collect();
    envelope.date = Some(arrived.arrival);
    arrived
}

fn more(bed: &Bed, names: &[&str]) -> Vec<MailboxKey> {
    let account = bed.account;
    let lines: Vec<_> = names.iter().map(|name| line(name)).collect();
    bed.put(move |tx| Ok(mailboxes::record_list(tx, account, &lines)?.new))
}

fn put_into(bed: &Bed, mailbox: MailboxKey, arrived: Vec<Arrived>) -> Vec<MessageKey> {
    bed.put(move |tx| messages::insert(tx, mailbox, Epoch(1), &arrived))
}

fn thread(reader: &Reader, key: MessageKey) -> ThreadKey {
    let row = messages::get(reader, key).unwrap();
    let content = contents::get(reader, row.content).unwrap();
    assert_eq!(row.thread, content.thread, "a content knows its thread");
    row.thread
}

/// Mailbox, thread, newest, unread, total.
type Counted = (i64, i64, i64, i64, i64);

/// The kept rows and the counted ones.
fn rows(reader: &Reader) -> [Vec<Counted>; 2] {
    let counted =
        "SELECT mailbox, coalesce((SELECT into_thread FROM thread t WHERE t.key = m.thread),
                     m.thread) AS standing, max(arrival), sum(flags & 1 = 0), count(*)
                   FROM message m WHERE mailbox IS NOT NULL GROUP BY mailbox, standing
                   ORDER BY 1, 2";
    let kept = "SELECT mailbox, thread, newest, unread, total FROM mailbox_thread ORDER BY 1, 2";
    [kept, counted].map(|sql| {
        let mut query = reader.connection().prepare(sql).unwrap();
        query
            .query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    })
}

fn counts_hold(reader: &Reader) {
    let [kept, counted] = rows(reader);
    assert_eq!(kept, counted);
}

#[test]
fn a_late_parent_joins_what_waits_for_it_in_every_mailbox() {
    let bed = Bed::new();
    let sent = more(&bed, &["INBOX", "Sent"])[0];
    let a = bed.insert(vec![answer(1, "a", &["x"]), answer(2, "b", &["x", "a"])]);
    let b = put_into(
        &bed,
        sent,
        vec![answer(1, "c", &["y"]), answer(2, "d", &["y"])],
    );
    let reader = bed.store.reader().unwrap();
    assert_ne!(thread(&reader, a[0]), thread(&reader, b[0]));
    let x = bed.insert(vec![answer(3, "x", &["y"])]);
    let all: Vec<_> = [a, b, x].concat();
    let one = thread(&reader, all[0]);
    assert!(all.iter().all(|key| thread(&reader, *key) == one));
    counts_hold(&reader);
    assert_eq!(threads::counts(&reader, &[bed.inbox], one).unwrap(), (3, 3));
    assert_eq!(
        threads::counts(&reader, &[bed.inbox, sent], one).unwrap(),
        (5, 5)
    );
    // An answer to what came into the smaller one finds the one that stands.
    let late = bed.insert(vec![answer(9, "e", &["a"]), answer(10, "f", &["c"])]);
    assert!(late.iter().all(|key| thread(&reader, *key) == one));
    counts_hold(&reader);
}

/// What a join writes, whatever the size of the threads that it brings together.
#[test]
fn a_join_writes_no_message_and_so_its_cost_does_not_grow_with_the_threads() {
    let written = |size: u32| -> i64 {
        let bed = Bed::new();
        let mut all = vec![answer(1, "a", &["x"]), answer(2, "b", &["y"])];
        all.extend((0..2 * size).map(|n| {
            let above = if n < size { "x" } else { "y" };
            answer(10 + n, &format!("m{n}"), &[above])
        }));
        let keys = bed.insert(all);
        let inbox = bed.inbox;
        let parent = vec![answer(9_999, "x", &["y"])];
        let count = |sql: &rusqlite::Connection| -> i64 {
            sql.query_row("SELECT total_changes()", [], |row| row.get(0))
                .unwrap()
        };
        let written = bed.put(move |tx| {
            let before = count(tx.connection());
            messages::insert(tx, inbox, Epoch(1), &parent)?;
            Ok(count(tx.connection()) - before)
        });
        let reader = bed.store.reader().unwrap();
        let one = thread(&reader, keys[0]);
        assert_eq!(one, thread(&reader, keys[1]));
        let total = u64::from(2 * size) + 3;
        let counts = threads::counts(&reader, &[inbox], one).unwrap();
        assert_eq!(counts, (total, total));
        written
    };
    assert_eq!(written(5), written(150));
}

/// Each message of these threads, by the plainest means.
fn plainly(reader: &Reader, of: ThreadKey) -> BTreeSet<MessageKey> {
    let mut query = reader
        .connection()
        .prepare("SELECT key FROM message WHERE mailbox IS NOT NULL")
        .unwrap();
    let all = query.query_map([], |row| Ok(MessageKey(row.get(0)?)));
    all.unwrap()
        .map(Result::unwrap)
        .filter(|key| thread(reader, *key) == of)
        .collect()
}

/// Everything that reads by thread finds the same messages as a look at each of them.
fn reads_agree(reader: &Reader, mailboxes: &[MailboxKey], of: ThreadKey) {
    let all = plainly(reader, of);
    let members = threads::members(reader, of).unwrap();
    let keys: BTreeSet<_> = members.iter().map(|one| one.key).collect();
    assert_eq!((keys, members.len()), (all.clone(), all.len()));
    let mut listed = BTreeSet::new();
    let mut first: Option<(i64, MessageKey)> = None;
    let mut unread = None;
    for mailbox in mailboxes {
        let some = threads::messages(reader, of, *mailbox).unwrap();
        let rows: Vec<_> = some
            .iter()
            .map(|key| messages::get(reader, *key).unwrap())
            .collect();
        assert!(rows.iter().all(|row| row.mailbox == Some(*mailbox)));
        let places: Vec<_> = rows.iter().map(|row| (row.arrival, row.key)).collect();
        assert!(places.is_sorted());
        first = first.into_iter().chain(places.first().copied()).min();
        let new = rows.iter().filter(|row| !row.flags.has(Flags::SEEN));
        unread = new.map(|row| (row.arrival, row.key)).chain(unread).min();
        listed.extend(some);
    }
    assert_eq!(listed, all);
    let oldest = threads::oldest(reader, mailboxes, of).unwrap();
    assert_eq!(oldest, first.map(|(_, key)| key));
    let oldest = threads::oldest_unread(reader, mailboxes, of).unwrap();
    assert_eq!(oldest, unread);
    let (total, _) = threads::counts(reader, mailboxes, of).unwrap();
    assert_eq!(total, all.len() as u64);
    for key in all {
        let turn = threads::turn_of(reader, mailboxes, key).unwrap().unwrap();
        assert_eq!(turn.what(), Conversation::Thread(of));
    }
}

#[test]
fn the_ids_of_threads_that_joined_lead_to_the_one_that_stands() {
    let bed = Bed::new();
    let sent = more(&bed, &["INBOX", "Sent"])[0];
    let both = [bed.inbox, sent];
    // Three threads; the second joins the first, and then both join the third.
    let mut a = bed.insert(vec![answer(1, "a1", &["a"]), answer(2, "a2", &["a"])]);
    a.extend(put_into(&bed, sent, vec![answer(1, "a3", &["a"])]));
    let b = bed.insert(vec![answer(3, "b1", &["b"]), answer(4, "b2", &["b"])]);
    let c: Vec<_> = (0..9)
        .map(|n| answer(10 + n, &format!("c{n}"), &["c"]))
        .collect();
    let c = bed.insert(c);
    let reader = bed.store.reader().unwrap();
    let old = [a[0], b[0]].map(|key| thread(&reader, key));
    bed.insert(vec![answer(30, "b", &["a"])]);
    assert_eq!(thread(&reader, b[0]), old[0], "the larger one stays");
    reads_agree(&reader, &both, old[0]);
    let roots = |old: &[ThreadKey]| -> BTreeSet<ThreadKey> {
        old.iter()
            .map(|thread| threads::root(&reader, *thread).unwrap())
            .collect()
    };
    assert_eq!(roots(&old), BTreeSet::from([old[0]]));
    bed.insert(vec![answer(31, "c", &["b"])]);
    let one = thread(&reader, c[0]);
    assert_eq!(roots(&old), BTreeSet::from([one]));
    reads_agree(&reader, &both, one);
    counts_hold(&reader);
    let steps: i64 = reader
        .connection()
        .query_row(
            "SELECT count(*) FROM thread t JOIN thread u ON u.key = t.into_thread
             WHERE u.into_thread IS NOT NULL",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(steps, 0, "the one that stands is one step away");
    // What came into the old ones is read, copied, moved, deleted and answered still.
    let source = messages::get(&reader, b[1]).unwrap();
    assert_eq!(source.thread, one);
    bed.put(move |tx| {
        messages::copy_row(tx, &source, source.content, sent, &Flags::of(Flags::SEEN))
    });
    bed.flag(a[1], crate::model::FlagChange::add(Flags::of(Flags::SEEN)));
    let newest = threads::turn_of(&reader, &both, c[8]).unwrap().unwrap();
    for (key, to) in [(a[0], Some(sent)), (b[0], Some(sent)), (c[8], None)] {
        let sql = "UPDATE message SET mailbox = ?2 WHERE key = ?1";
        bed.put(move |tx| {
            Ok(tx
                .connection()
                .execute(sql, (key.0, to.map(|to: MailboxKey| to.0)))?)
        });
        counts_hold(&reader);
        reads_agree(&reader, &both, one);
    }
    let gone = messages::get(&reader, b[1]).unwrap().key;
    bed.put(move |tx| messages::remove_local(tx, gone));
    let late = bed.insert(vec![answer(32, "d", &["a2"]), answer(33, "e", &["b2"])]);
    assert!(late.iter().all(|key| thread(&reader, *key) == one));
    counts_hold(&reader);
    reads_agree(&reader, &both, one);
    assert!(threads::turn_of(&reader, &both, late[1]).unwrap().unwrap() > newest);
}

#[test]
fn r14_joins_that_a_damaged_file_has_lost_are_found_again() {
    for lost in [
        "DELETE FROM thread WHERE into_thread IS NOT NULL",
        "DELETE FROM thread WHERE into_thread IS NULL",
        "DELETE FROM thread",
    ] {
        let bed = Bed::new();
        let sent = more(&bed, &["INBOX", "Sent"])[0];
        let both = [bed.inbox, sent];
        let mut one = bed.insert(vec![
            answer(1, "a1", &["a"]),
            answer(2, "a2", &["a"]),
            answer(3, "b1", &["b"]),
            answer(4, "c1", &["c"]),
        ]);
        one.extend(put_into(
            &bed,
            sent,
            vec![answer(1, "b", &["a"]), answer(2, "c", &["b"])],
        ));
        let alone = bed.insert(vec![answer(9, "z", &[])])[0];
        let path = bed.store.path().to_path_buf();
        let Bed { store, folder, .. } = bed;
        drop(store);
        let sql = rusqlite::Connection::open(&path).unwrap();
        sql.execute_batch(lost).unwrap();
        drop(sql);
        super::deface(&path);
        let store = super::open(folder.path());
        let reader = store.reader().unwrap();
        let root = thread(&reader, one[0]);
        assert!(
            one.iter().all(|key| thread(&reader, *key) == root),
            "{lost}"
        );
        assert_ne!(thread(&reader, alone), root, "{lost}");
        counts_hold(&reader);
        reads_agree(&reader, &both, root);
        reads_agree(&reader, &both, thread(&reader, alone));
        let size: i64 = reader
            .connection()
            .query_row(
                "SELECT contents FROM thread WHERE key = ?1",
                [root.0],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(size, 6, "{lost}");
    }
}

#[test]
fn the_newest_message_that_leaves_gives_its_place_to_the_next_one_of_any_part() {
    let away = |bed: &Bed, key: MessageKey| {
        let sql = "UPDATE message SET mailbox = NULL WHERE key = ?1";
        bed.put(move |tx| Ok(tx.connection().execute(sql, [key.0])?));
    };
    let gone = |bed: &Bed, key: MessageKey| bed.put(move |tx| messages::remove_local(tx, key));
    for (parted, leave) in [
        (false, &away as &dyn Fn(&Bed, MessageKey)),
        (true, &away),
        (false, &gone),
        (true, &gone),
    ] {
        let bed = Bed::new();
        let keys = bed.insert(vec![
            answer(1, "a", &["x"]),
            answer(4, "b", &["y"]),
            answer(3, "c", &["x"]),
            answer(5, "d", &["x"]),
        ]);
        if parted {
            bed.insert(vec![answer(2, "x", &["y"])]);
        }
        let reader = bed.store.reader().unwrap();
        // The newest one of the thread that stands, then that of the one that joined it.
        for key in [keys[3], keys[1], keys[2]] {
            leave(&bed, key);
            counts_hold(&reader);
        }
    }
}

#[test]
fn an_expunge_never_splits_a_thread() {
    let bed = Bed::new();
    let keys = bed.insert(vec![
        answer(1, "a", &[]),
        answer(2, "b", &["a"]),
        answer(3, "c", &["b"]),
    ]);
    let inbox = bed.inbox;
    bed.put(move |tx| messages::expunge(tx, inbox, Epoch(1), &crate::model::UidSet::range(2, 2)));
    let reader = bed.store.reader().unwrap();
    assert_eq!(thread(&reader, keys[0]), thread(&reader, keys[2]));
    counts_hold(&reader);
}

/// One step of a day of a store.
#[derive(Clone, Debug)]
enum Step {
    Come {
        mailbox: usize,
        own: u8,
        above: Vec<u8>,
    },
    Read {
        message: usize,
    },
    Move {
        message: usize,
        mailbox: usize,
    },
    Go {
        message: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let above = prop::collection::vec(0u8..30, 0..3);
    let step = prop_oneof![
        4 => (0usize..3, 0u8..30, above).prop_map(|(mailbox, own, above)| Step::Come { mailbox, own, above }),
        1 => any::<usize>().prop_map(|message| Step::Read { message }),
        1 => (any::<usize>(), 0usize..3).prop_map(|(message, mailbox)| Step::Move { message, mailbox }),
        1 => any::<usize>().prop_map(|message| Step::Go { message }),
    ];
    prop::collection::vec(step, 1..60)
}

/// What belongs together, by the plainest means: every id that was ever seen has a number, and a
/// message gives one number to all ids that it names.
#[derive(Default)]
struct Classes(BTreeMap<u8, usize>);

impl Classes {
    fn take(&mut self, ids: &[u8]) {
        let next = self.0.len() + 1_000;
        let number = ids
            .iter()
            .find_map(|id| self.0.get(id))
            .copied()
            .unwrap_or(next);
        let same: Vec<usize> = ids
            .iter()
            .filter_map(|id| self.0.get(id))
            .copied()
            .collect();
        for known in self.0.values_mut() {
            if same.contains(known) {
                *known = number;
            }
        }
        self.0.extend(ids.iter().map(|id| (*id, number)));
    }
}

#[test]
fn threads_and_their_counts_are_right_after_random_days() {
    let mut runner = TestRunner::new(Config::with_cases(40));
    runner
        .run(&steps(), |steps| {
            a_day(&steps);
            Ok(())
        })
        .unwrap();
}

fn a_day(steps: &[Step]) {
    let bed = Bed::new();
    let mut boxes = vec![bed.inbox];
    boxes.extend(more(&bed, &["INBOX", "Sent", "Lists"]));
    let reader = bed.store.reader().unwrap();
    let mut there: Vec<(MessageKey, u8)> = Vec::new();
    let mut classes = Classes::default();
    let name = |id: &u8| format!("m{id}");
    for (uid, step) in (1..).zip(steps) {
        match step {
            Step::Come {
                mailbox,
                own,
                above,
            } => {
                let above_names: Vec<String> = above.iter().map(name).collect();
                let above_names: Vec<&str> = above_names.iter().map(String::as_str).collect();
                let message = answer(uid, &name(own), &above_names);
                let key = put_into(&bed, boxes[*mailbox], vec![message])[0];
                classes.take(&[&[*own], above.as_slice()].concat());
                there.push((key, *own));
            }
            Step::Read { message } | Step::Move { message, .. } | Step::Go { message }
                if there.is_empty() =>
            {
                let _ = message;
            }
            Step::Read { message } => {
                let (key, _) = there[message % there.len()];
                let sql = "UPDATE message SET flags = flags | 1 WHERE key = ?1";
                bed.put(move |tx| Ok(tx.connection().execute(sql, [key.0])?));
            }
            Step::Move { message, mailbox } => {
                let (key, to) = (there[message % there.len()].0, boxes[*mailbox]);
                let sql = "UPDATE message SET mailbox = ?2 WHERE key = ?1";
                bed.put(move |tx| Ok(tx.connection().execute(sql, [key.0, to.0])?));
            }
            Step::Go { message } => {
                let (key, _) = there.swap_remove(message % there.len());
                bed.put(move |tx| messages::remove_local(tx, key));
            }
        }
        counts_hold(&reader);
    }
    for (key, own) in &there {
        for (other, id) in &there {
            let same = classes.0[own] == classes.0[id];
            let (one, two) = (thread(&reader, *key), thread(&reader, *other));
            assert_eq!(one == two, same, "{own} and {id}");
        }
        reads_agree(&reader, &boxes, thread(&reader, *key));
    }
}

#[test]
fn threads_of_several_mailboxes_stand_once_by_their_newest_message() {
    let bed = Bed::new();
    let lists = more(&bed, &["INBOX", "Lists"])[0];
    bed.insert(vec![
        answer(1, "a", &[]),
        answer(4, "b", &[]),
        answer(9, "c", &["a"]),
    ]);
    put_into(
        &bed,
        lists,
        vec![
            answer(2, "d", &["b"]),
            answer(7, "e", &["b"]),
            answer(8, "f", &[]),
        ],
    );
    let reader = bed.store.reader().unwrap();
    let both = [bed.inbox, lists];
    let arrivals = |mailboxes: &[MailboxKey], towards, limit| -> Vec<i64> {
        let from = threads::start(towards);
        let found = threads::walk(&reader, mailboxes, from, towards, limit).unwrap();
        found
            .iter()
            .map(|turn| (turn.newest - super::NOW + 100_000) / 10)
            .collect()
    };
    assert_eq!(arrivals(&[bed.inbox], Towards::Older, 9), [9, 4]);
    assert_eq!(arrivals(&[lists], Towards::Older, 9), [8, 7]);
    for limit in [1, 2, 3, 9] {
        let older = [9, 8, 7];
        assert_eq!(
            arrivals(&both, Towards::Older, limit),
            older[..limit.min(3)]
        );
        let newer = [7, 8, 9];
        assert_eq!(
            arrivals(&both, Towards::Newer, limit),
            newer[..limit.min(3)]
        );
    }
    let second = threads::by_ordinal(&reader, &both, Towards::Older, 1)
        .unwrap()
        .unwrap();
    assert_eq!((second.newest - super::NOW + 100_000) / 10, 8);
    assert_eq!(
        threads::by_ordinal(&reader, &both, Towards::Older, 3).unwrap(),
        None
    );
}

#[test]
fn what_is_listed_without_an_envelope_stands_alone_and_joins_when_it_comes() {
    let bed = Bed::new();
    let bare = |uid: u32| Arrived {
        envelope: None,
        ..arrived(uid, "")
    };
    let keys = bed.insert(vec![bare(1), answer(2, "a", &[]), bare(3), bare(4)]);
    let reader = bed.store.reader().unwrap();
    let turns = |towards, from| threads::walk(&reader, &[bed.inbox], from, towards, 9).unwrap();
    let kinds = |turns: Vec<Turn>| -> Vec<Option<MessageKey>> {
        turns
            .iter()
            .map(|turn| match turn.what() {
                Conversation::Alone(key) => Some(key),
                Conversation::Thread(_) => None,
            })
            .collect()
    };
    let all = [Some(keys[3]), Some(keys[2]), None, Some(keys[0])];
    assert_eq!(kinds(turns(Towards::Older, Turn::TOP)), all);
    let place = threads::turn_of(&reader, &[bed.inbox], keys[2])
        .unwrap()
        .unwrap();
    assert_eq!(kinds(turns(Towards::Older, place)), all[2..]);
    assert_eq!(kinds(turns(Towards::Newer, place)), all[..1]);
    bed.insert(vec![answer(3, "b", &["a"])]);
    assert_eq!(
        kinds(turns(Towards::Older, Turn::TOP)),
        [Some(keys[3]), None, Some(keys[0])]
    );
    counts_hold(&reader);
}

#[test]
fn a_row_of_an_older_store_says_its_place_when_it_is_asked() {
    let bed = Bed::new();
    let keys = bed.insert(vec![answer(1, "a", &[]), answer(2, "b", &["x", "a"])]);
    let reader = bed.store.reader().unwrap();
    let of = thread(&reader, keys[0]);
    let new = threads::members(&reader, of).unwrap();
    damage(&bed.store, "DELETE FROM lineage");
    let old = threads::members(&reader, of).unwrap();
    for (new, old) in new.iter().zip(&old) {
        assert_eq!((old.date, &old.lineage), (None, &None));
        let (date, lineage) = threads::look_up(&reader, old.content).unwrap();
        assert_eq!((date, Some(lineage)), (new.date, new.lineage.clone()));
    }
    let contents: Vec<_> = old.iter().map(|one| one.content).collect();
    bed.put(move |tx| threads::learn(tx, &contents));
    assert_eq!(threads::members(&reader, of).unwrap(), new);
}

#[test]
fn lists_of_conversations_and_their_members_come_from_an_index_in_order() {
    let bed = Bed::new();
    let reader = bed.store.reader().unwrap();
    let check = |sql: &str, expected: &[&str]| {
        let mut query = reader
            .connection()
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        for n in 1..=query.parameter_count() {
            query.raw_bind_parameter(n, 1).unwrap();
        }
        let mut lines = Vec::new();
        let mut rows = query.raw_query();
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get::<_, String>(3).unwrap());
        }
        assert_eq!(lines, expected, "{sql}");
    };
    for (towards, than) in [(Towards::Older, "<"), (Towards::Newer, ">")] {
        let index = "SEARCH mailbox_thread USING COVERING INDEX mailbox_thread_newest";
        let plan = format!("{index} (mailbox=? AND (newest,thread){than}(?,?))");
        check(&threads::turns_sql(towards), &[&plan]);
        let index = "SEARCH message USING COVERING INDEX message_thread";
        let plan = format!("{index} (thread=? AND mailbox=? AND arrival{than}?)");
        check(&threads::alone_sql(towards), &[&plan]);
    }
    let parts = [
        "CO-ROUTINE part",
        "COMPOUND QUERY",
        "LEFT-MOST SUBQUERY",
        "SCAN CONSTANT ROW",
        "UNION ALL",
        "SEARCH thread USING COVERING INDEX thread_joined (into_thread=?)",
    ];
    let of_parts = |sql: &str, then: &[&str]| check(sql, &[&parts, then].concat());
    let some = "SCAN some VIRTUAL TABLE INDEX 1:";
    let members = [
        "SEARCH m USING INDEX message_thread (thread=? AND mailbox>?)",
        "SEARCH l USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
    ];
    let [own, joined] = threads::members_sql();
    check(&own, &[[some].as_slice(), &members].concat());
    let part = "SEARCH part USING COVERING INDEX thread_joined (into_thread=?)";
    check(&joined, &[[some, part].as_slice(), &members].concat());
    let kept = "SEARCH t USING PRIMARY KEY (mailbox=? AND thread=?)";
    check(threads::SUMS, &[some, kept]);
    of_parts(
        &threads::messages_sql(),
        &[
            "SCAN part",
            "SEARCH m USING COVERING INDEX message_thread (thread=? AND mailbox=?)",
            "USE TEMP B-TREE FOR ORDER BY",
        ],
    );
    for (only, how) in [("", "COVERING INDEX"), ("AND flags & 1 = 0", "INDEX")] {
        let first = format!("SEARCH message USING {how} message_thread (thread=? AND mailbox=?)");
        of_parts(
            &threads::oldest_sql(only),
            &[
                "SCAN part",
                "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)",
                "CORRELATED SCALAR SUBQUERY 3",
                &first,
                "USE TEMP B-TREE FOR ORDER BY",
            ],
        );
    }
}

#[test]
fn the_next_unread_conversation_is_found_below() {
    let bed = Bed::new();
    let mut read = answer(5, "r", &[]);
    read.flags = Flags::of(Flags::SEEN);
    bed.insert(vec![answer(1, "a", &[]), read, answer(9, "z", &[])]);
    let reader = bed.store.reader().unwrap();
    let first = threads::next_unread(&reader, &[bed.inbox], Turn::TOP)
        .unwrap()
        .unwrap();
    let second = threads::next_unread(&reader, &[bed.inbox], first)
        .unwrap()
        .unwrap();
    assert_eq!(first.newest - second.newest, 80);
    assert_eq!(
        threads::next_unread(&reader, &[bed.inbox], second).unwrap(),
        None
    );
}
