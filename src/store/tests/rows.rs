//! Messages, epochs, cursors and flags.

use crate::model::journal::Cause;
use crate::model::{FlagChange, Flags, MessageKey, OperationKind, Uid, UidSet};
use crate::store::lists::{Filter, Place};
use crate::store::mailboxes::{Cursor, Epoch, Opened, StatusCounts};
use crate::store::messages::{Arrived, FlagsSeen};
use crate::store::{
    Priority, Rows, StoreError, Tx, bodies, contents, counts, finish_renumber, journal, lists,
    mailboxes, messages,
};
use crate::store::{effective, verdicts};

use super::{Bed, arrived, line, selected};

impl Bed {
    pub(crate) fn put<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(Priority::Person, work).wait().unwrap()
    }

    pub(crate) fn insert(&self, arrived: Vec<Arrived>) -> Vec<MessageKey> {
        let inbox = self.inbox;
        self.put(move |tx| {
            let epoch = mailboxes::get(tx, inbox)?.epoch;
            messages::insert(tx, inbox, epoch, &arrived)
        })
    }

    pub(crate) fn select(&self, uidvalidity: u64) -> Opened {
        let inbox = self.inbox;
        self.put(move |tx| mailboxes::record_select(tx, inbox, &selected(uidvalidity)))
    }

    fn subjects(&self) -> Vec<String> {
        let reader = self.store.reader().unwrap();
        lists::older(&reader, self.inbox, Filter::All, Place::TOP, 100)
            .unwrap()
            .into_iter()
            .map(|row| row.subject)
            .collect()
    }

    fn counts_hold(&self) {
        let reader = self.store.reader().unwrap();
        let row = mailboxes::get(&reader, self.inbox).unwrap();
        let counted = counts::recount(&reader, self.inbox).unwrap();
        assert_eq!((row.total, row.unread, row.flagged), counted);
        let sum = reader.connection().query_row(
            "SELECT coalesce(sum(total), 0), coalesce(sum(unread), 0) FROM mailbox_thread
             WHERE mailbox = ?1",
            [self.inbox.0],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        );
        let (total, unread) = sum.unwrap();
        assert_eq!((total as u64, unread as u64), (counted.0, counted.1));
    }

    pub(crate) fn flag(&self, key: MessageKey, change: FlagChange) -> crate::model::OperationId {
        let (account, inbox) = (self.account, self.inbox);
        self.put(move |tx| {
            let action = journal::action(tx, "flag")?;
            let kind = OperationKind::Flag {
                message: key,
                change,
            };
            let id = journal::add(tx, action, account, Some(inbox), &kind)?;
            effective::refold_one(tx, key)?;
            Ok(id)
        })
    }

    pub(crate) fn shown(&self, key: MessageKey) -> String {
        let reader = self.store.reader().unwrap();
        messages::get(&reader, key).unwrap().flags.to_string()
    }
}

#[test]
fn the_newest_stands_first_and_counts_follow_every_change() {
    let bed = Bed::new();
    bed.insert(vec![arrived(2, "b"), arrived(1, "a"), arrived(3, "c")]);
    assert_eq!(bed.subjects(), ["About c", "About b", "About a"]);
    bed.counts_hold();
    let inbox = bed.inbox;
    bed.put(move |tx| {
        let seen = FlagsSeen {
            uid: Uid(2),
            flags: Flags::of(Flags::SEEN),
            modseq: None,
        };
        messages::update_flags(tx, inbox, Epoch(1), &[seen])
    });
    bed.counts_hold();
    let gone =
        bed.put(move |tx| messages::expunge(tx, inbox, Epoch(1), &UidSet::range(2, u32::MAX)));
    assert_eq!((gone, bed.subjects()), (2, vec!["About a".to_owned()]));
    bed.counts_hold();
}

#[test]
fn a_pending_flag_survives_what_the_server_says_until_the_verdict() {
    let bed = Bed::new();
    let key = bed.insert(vec![arrived(1, "a")])[0];
    let id = bed.flag(key, FlagChange::add(Flags::of(Flags::SEEN)));
    let inbox = bed.inbox;
    let says = |flags: &'static str, modseq| {
        bed.put(move |tx| {
            let seen = FlagsSeen {
                uid: Uid(1),
                flags: Flags::parse(flags.split(' ')),
                modseq: Some(modseq),
            };
            messages::update_flags(tx, inbox, Epoch(1), &[seen])
        })
    };
    says("\\Flagged", 5);
    assert_eq!(bed.shown(key), "\\Seen \\Flagged");
    says("\\Answered", 4);
    assert_eq!(
        bed.shown(key),
        "\\Seen \\Flagged",
        "an older MODSEQ is no news"
    );
    bed.put(move |tx| verdicts::fail(tx, id, "no", Cause::Refused));
    assert_eq!(bed.shown(key), "\\Flagged", "a refusal takes itself back");
    bed.put(move |tx| verdicts::requeue(tx, id, None));
    bed.put(move |tx| verdicts::flagged(tx, id, Some(6)));
    assert_eq!(bed.shown(key), "\\Seen \\Flagged");
    says("\\Flagged", 7);
    assert_eq!(bed.shown(key), "\\Flagged");
    bed.counts_hold();
}

#[test]
fn r5_a_new_uidvalidity_keeps_keys_bodies_and_pending_flags() {
    let bed = Bed::new();
    assert_eq!(bed.select(7), Opened::Fresh(Epoch(1)));
    let twin = |uid| Arrived {
        arrival: 5,
        ..arrived(uid, "twin")
    };
    let keys = bed.insert(vec![arrived(1, "a"), arrived(2, "b"), twin(3), twin(4)]);
    bed.flag(keys[0], FlagChange::add(Flags::of(Flags::FLAGGED)));
    assert_eq!(bed.select(8), Opened::Renumbered(Epoch(2)));
    let inbox = bed.inbox;
    let again = |uid, like: u32, id: &str| Arrived {
        uid,
        flags: Flags::of(Flags::SEEN),
        ..arrived(like, id)
    };
    // The pull is cut in the middle and the number changes once more.
    bed.insert(vec![again(11, 2, "b")]);
    assert_eq!(bed.subjects().len(), 4, "the old rows stay on screen");
    assert_eq!(bed.select(9), Opened::Renumbered(Epoch(3)));
    bed.insert(vec![
        again(21, 1, "a"),
        again(22, 9, "new"),
        Arrived { uid: 23, ..twin(3) },
        Arrived { uid: 24, ..twin(4) },
    ]);
    let reader = bed.store.reader().unwrap();
    let waiting = journal::waiting(&reader, bed.account, super::NOW).unwrap();
    assert_eq!(waiting[0].spot, None, "nothing is sent under an old UID");
    assert_eq!(bed.select(9), Opened::Renumbered(Epoch(3)));
    let outcome = bed.put(move |tx| finish_renumber(tx, inbox));
    assert_eq!((outcome.kept, outcome.gone, outcome.new), (1, 3, 3));
    let waiting = journal::waiting(&reader, bed.account, super::NOW).unwrap();
    assert_eq!(waiting[0].spot.map(|spot| spot.uid), Some(Uid(21)));
    assert_eq!(bed.shown(keys[0]), "\\Seen \\Flagged");
    assert_eq!(
        bed.subjects(),
        ["About new", "About a", "About twin", "About twin"]
    );
    assert_eq!(bed.select(9), Opened::Same(Epoch(3)));
    bed.counts_hold();
}

#[test]
fn p8_odd_numbers_change_nothing() {
    let bed = Bed::new();
    bed.select(7);
    bed.insert(vec![arrived(1, "a")]);
    for uidvalidity in [0, 7] {
        assert_eq!(
            bed.select(uidvalidity),
            Opened::Same(Epoch(1)),
            "{uidvalidity}"
        );
    }
    assert_eq!(bed.select(u64::MAX - 1), Opened::Renumbered(Epoch(2)));
    assert_eq!(bed.subjects(), ["About a"]);
}

#[test]
fn r6_the_cursor_moves_with_the_rows_or_not_at_all() {
    let bed = Bed::new();
    let inbox = bed.inbox;
    let cursor = Cursor {
        top: 9,
        missing: UidSet::range(1, 8),
    };
    let moved = cursor.clone();
    let cut = bed.store.write(Priority::Bulk, move |tx| {
        messages::insert(tx, inbox, Epoch(1), &[arrived(9, "i")])?;
        mailboxes::set_cursor(tx, inbox, Epoch(1), &moved)?;
        Err::<(), _>(StoreError::Full)
    });
    assert!(matches!(cut.wait(), Err(StoreError::Full)));
    let now = || {
        let reader = bed.store.reader().unwrap();
        mailboxes::get(&reader, inbox).unwrap().cursor
    };
    assert_eq!((now(), bed.subjects().len()), (Cursor::default(), 0));
    let moved = cursor.clone();
    bed.put(move |tx| {
        messages::insert(tx, inbox, Epoch(1), &[arrived(9, "i")])?;
        mailboxes::set_cursor(tx, inbox, Epoch(1), &moved)
    });
    assert_eq!((now(), bed.subjects().len()), (cursor, 1));
    let stale = bed.store.write(Priority::Bulk, move |tx| {
        mailboxes::set_cursor(tx, inbox, Epoch(2), &Cursor::default())
    });
    assert!(
        stale.wait().is_err(),
        "an epoch that is not the current one"
    );
}

#[test]
fn a_late_parent_joins_two_threads_and_contents_are_shared_where_the_server_says_so() {
    let bed = Bed::new();
    let mut left = arrived(1, "left");
    let mut right = arrived(2, "right");
    let mut child = arrived(3, "child");
    if let Some(envelope) = &mut child.envelope {
        envelope.references = vec!["root".into(), "left".into()];
    }
    if let Some(envelope) = &mut right.envelope {
        envelope.in_reply_to = vec!["other".into()];
    }
    let mut other = arrived(4, "other");
    if let Some(envelope) = &mut other.envelope {
        envelope.references = vec!["root".into()];
    }
    for message in [&mut left, &mut right, &mut child, &mut other] {
        message.remote_id = Some(format!("M{}", message.uid % 4));
    }
    let keys = bed.insert(vec![child, left, right]);
    let reader = bed.store.reader().unwrap();
    let thread = |key| messages::get(&reader, key).unwrap().thread;
    assert_eq!(thread(keys[0]), thread(keys[1]));
    assert_ne!(thread(keys[0]), thread(keys[2]));
    let last = bed.insert(vec![other])[0];
    for key in keys {
        assert_eq!(thread(key), thread(last));
    }
    bed.counts_hold();
    let copy = Arrived {
        remote_id: Some("M1".into()),
        ..arrived(9, "left")
    };
    let copy = bed.insert(vec![copy])[0];
    let content = |key| messages::get(&reader, key).unwrap().content;
    assert_eq!(contents::messages(&reader, content(copy)).unwrap().len(), 2);
}

#[test]
fn one_id_for_two_messages_does_not_make_them_one() {
    let bed = Bed::new();
    let of = |uid: u32, name: &str, size: u64| Arrived {
        remote_id: Some("M1".into()),
        size,
        ..arrived(uid, name)
    };
    let bare = |uid: u32, size: u64| Arrived {
        envelope: None,
        ..of(uid, "a", size)
    };
    let keys = bed.insert(vec![
        of(1, "a", 500),
        of(2, "a", 500),
        of(3, "b", 500),
        of(4, "a", 501),
        bare(5, 500),
        bare(6, 0),
        of(7, "a", 0),
    ]);
    let reader = bed.store.reader().unwrap();
    let content = |at: usize| messages::get(&reader, keys[at]).unwrap().content;
    let shared: Vec<bool> = (1..keys.len())
        .map(|at| content(at) == content(0))
        .collect();
    assert_eq!(shared, [true, false, false, true, false, true]);
    assert_ne!(content(2), content(3));
    assert_eq!(bed.subjects().iter().filter(|s| *s == "About b").count(), 1);
    bed.counts_hold();
}

#[test]
fn a_listed_message_takes_its_envelope_later() {
    let bed = Bed::new();
    let listed = Arrived {
        envelope: None,
        ..arrived(1, "a")
    };
    let key = bed.insert(vec![listed])[0];
    let reader = bed.store.reader().unwrap();
    let without = || messages::without_envelope(&reader, bed.inbox, Epoch(1), 9).unwrap();
    assert_eq!(
        (bed.subjects(), without()),
        (vec![String::new()], vec![Uid(1)])
    );
    assert_eq!(bed.insert(vec![arrived(1, "a")]), [key]);
    assert_eq!(
        (bed.subjects(), without()),
        (vec!["About a".into()], vec![])
    );
    bed.counts_hold();
}

#[test]
fn p9_mailboxes_are_known_by_their_wire_name_and_renames_are_found() {
    let bed = Bed::new();
    let account = bed.account;
    let list = |lines: Vec<_>| bed.put(move |tx| mailboxes::record_list(tx, account, &lines));
    let odd = ["../../x", "/etc", "a\u{1b}b", "A", "a", "a\r\nb", "&bad"];
    let mut lines: Vec<_> = odd.iter().map(|name| line(name)).collect();
    lines.extend([line("INBOX"), line("a")]);
    assert_eq!(list(lines.clone()).new.len(), odd.len());
    assert_eq!(list(lines.clone()), mailboxes::ListOutcome::default());
    // Renamed by MAILBOXID, and vanished.
    lines[3].mailbox_id = Some("id".into());
    list(lines.clone());
    let reader = bed.store.reader().unwrap();
    let key = mailboxes::by_wire_name(&reader, account, "A")
        .unwrap()
        .unwrap()
        .key;
    lines[3].name = "Z".into();
    lines[3].shown = "Z".into();
    lines.remove(0);
    let outcome = list(lines);
    assert_eq!(outcome.renamed, [key]);
    assert_eq!((outcome.new.len(), outcome.vanished.len()), (0, 1));
    let row = mailboxes::get(&reader, key).unwrap();
    assert_eq!(row.name.as_deref(), Some("Z"));
    bed.put(move |tx| {
        let counts = StatusCounts {
            messages: Some(3),
            unseen: Some(1),
        };
        mailboxes::record_status(tx, key, counts)
    });
    let row = mailboxes::get(&reader, key).unwrap();
    assert_eq!((row.status.messages, row.total), (Some(3), 0));
}

#[test]
fn p8_a_list_without_inbox_deletes_nothing() {
    let bed = Bed::new();
    bed.insert(vec![arrived(1, "a")]);
    let account = bed.account;
    for lines in [vec![], vec![line("Other")]] {
        let outcome = bed.put(move |tx| mailboxes::record_list(tx, account, &lines));
        assert_eq!(outcome.vanished, []);
    }
    assert_eq!(bed.subjects(), ["About a"]);
}

#[test]
fn p8_sizes_and_dates_beyond_reason_are_stored() {
    let bed = Bed::new();
    let odd = |uid, arrival, size| Arrived {
        arrival,
        size,
        modseq: Some(u64::MAX),
        ..arrived(uid, "odd")
    };
    bed.insert(vec![
        odd(1, i64::MIN, u64::MAX),
        odd(2, i64::MAX, 0),
        odd(3, i64::MAX, 0),
    ]);
    assert_eq!(bed.subjects().len(), 3);
    bed.counts_hold();
}

#[test]
fn what_a_person_takes_back_is_not_handed_over() {
    let bed = Bed::new();
    let keys = bed.insert(vec![arrived(1, "a"), arrived(2, "b")]);
    let seen = FlagChange::add(Flags::of(Flags::SEEN));
    let (one, two) = (bed.flag(keys[0], seen.clone()), bed.flag(keys[1], seen));
    bed.put(move |tx| verdicts::withdraw(tx, one));
    assert!(!bed.put(move |tx| journal::mark_in_flight(tx, &[two, one])));
    let reader = bed.store.reader().unwrap();
    let states: Vec<_> = journal::all(&reader)
        .unwrap()
        .iter()
        .map(|operation| operation.state.word())
        .collect();
    assert_eq!(states, ["queued"]);
    assert!(bed.put(move |tx| journal::mark_in_flight(tx, &[two])));
}

#[test]
fn p7_an_operation_is_given_the_uid_of_the_mailbox_that_its_message_stands_in() {
    let bed = Bed::new();
    let key = bed.insert(vec![arrived(1, "a")])[0];
    bed.flag(key, FlagChange::add(Flags::of(Flags::SEEN)));
    let account = bed.account;
    bed.put(move |tx| mailboxes::record_list(tx, account, &[line("INBOX"), line("Trips")]));
    super::damage(
        &bed.store,
        "UPDATE message SET base_mailbox = (SELECT key FROM mailbox WHERE name = 'Trips')",
    );
    let reader = bed.store.reader().unwrap();
    let waiting = journal::waiting(&reader, bed.account, super::NOW).unwrap();
    let spot = waiting[0].spot.unwrap();
    let trips = mailboxes::by_name(&reader, account, "Trips")
        .unwrap()
        .unwrap();
    assert_eq!((spot.mailbox, spot.uid), (trips.key, Uid(1)));
    assert_ne!(waiting[0].operation.mailbox, Some(trips.key));
}

#[test]
fn r6_uidnext_is_recorded_when_what_lies_below_is_stored() {
    let bed = Bed::new();
    let (inbox, next) = (bed.inbox, Some(9));
    let uidnext = || {
        let reader = bed.store.reader().unwrap();
        mailboxes::get(&reader, inbox)
            .unwrap()
            .base
            .unwrap()
            .uidnext
    };
    bed.put(move |tx| {
        let told = mailboxes::Selected {
            uidnext: next,
            ..selected(7)
        };
        mailboxes::record_select(tx, inbox, &told)
    });
    // A cut here: STATUS must still look new to the next session.
    assert_eq!(uidnext(), None);
    bed.put(move |tx| mailboxes::set_current(tx, inbox, next.map(Uid), None));
    assert_eq!(uidnext(), next);
}

#[test]
fn r5_a_renumbering_that_stops_anywhere_and_begins_anew_keeps_every_key() {
    for steps in 0..12 {
        let bed = Bed::new();
        bed.select(1);
        let all = |from: u32| -> Vec<Arrived> {
            let same = |n: u32| Arrived {
                arrival: i64::from(n),
                ..arrived(from + n, &format!("m{n}"))
            };
            (0..5).map(same).collect()
        };
        let keys = bed.insert(all(1));
        let content = {
            let reader = bed.store.reader().unwrap();
            messages::get(&reader, keys[2]).unwrap().content
        };
        bed.put(move |tx| {
            let mut half = bodies::BodyWriter::new(content, "");
            half.push(&vec![7; bodies::CHUNK + 5]);
            bodies::store(tx, &half.take())
        });
        let inbox = bed.inbox;
        bed.select(2);
        bed.insert(all(100));
        let reader = bed.store.reader().unwrap();
        let mut ending = crate::store::Ending::of(&reader, inbox).unwrap().unwrap();
        let over = bed.put(move |tx| {
            let mut over = false;
            for _ in 0..steps {
                over = over || ending.step(tx, 1)?;
            }
            Ok(over)
        });
        assert!(!over || steps > 5, "{steps}");
        bed.counts_hold();
        bed.select(3);
        bed.insert(all(200));
        bed.put(move |tx| finish_renumber(tx, inbox));
        bed.counts_hold();
        let row = mailboxes::get(&reader, inbox).unwrap();
        assert_eq!((row.total, row.settled), (5, row.epoch), "{steps}");
        for (key, uid) in keys.iter().zip(200..) {
            let base = messages::get(&reader, *key).unwrap().base.unwrap();
            assert_eq!((base.epoch, base.uid), (row.epoch, Uid(uid)), "{steps}");
        }
        let have = bodies::have(&reader, content, "").unwrap();
        assert_eq!(
            have,
            bodies::Have::Nothing,
            "half a message is not continued"
        );
    }
}
