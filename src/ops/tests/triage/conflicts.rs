//! What another program did first: conflicts, and what an expunge means for what waits.

use super::Desk;
use crate::model::journal::Proof;
use crate::model::{FlagChange, Flags, UidSet};
use crate::ops::queue;
use crate::ops::triage::{Undoable, Wish};
use crate::store::mailboxes::Epoch;
use crate::store::tests::{arrived, selected};
use crate::store::{Refusal, StoreError, journal, mailboxes, messages, verdicts};

#[test]
fn r8_a_message_that_another_program_took_is_a_conflict_and_a_person_chooses() {
    for (take_theirs, kept) in [(true, false), (false, false), (false, true)] {
        let desk = Desk::new();
        let key = desk.keys[0];
        if kept {
            desk.bed.put(move |tx| {
                let content = messages::get(tx, key)?.content;
                let bytes = crate::store::bodies::BodyWriter::whole(content, "", b"bytes");
                crate::store::bodies::store(tx, &bytes)
            });
        }
        desk.move_to(&desk.keys[..1], "Trips");
        let inbox = desk.bed.inbox;
        let gone = desk
            .bed
            .put(move |tx| messages::expunge(tx, inbox, Epoch(1), &UidSet::range(1, 1)));
        assert_eq!((gone, desk.waiting()), (1, "move!".into()));
        assert_eq!(desk.shown(), "INBOX:2.3");
        let group = {
            let reader = desk.bed.store.reader().unwrap();
            queue::list(&reader).unwrap().remove(0)
        };
        let which = queue::Which::Ids(vec![group.id]);
        if take_theirs {
            queue::withdraw(&desk.bed.store, which).wait().unwrap();
            let reader = desk.bed.store.reader().unwrap();
            assert!(messages::find(&reader, key).unwrap().is_none());
            assert_eq!(desk.waiting(), "");
        } else if kept {
            queue::retry(&desk.bed.store, which).wait().unwrap();
            assert_eq!(
                (desk.waiting(), desk.shown()),
                ("append".into(), "INBOX:2.3 Trips:1".into())
            );
        } else {
            let refused = queue::retry(&desk.bed.store, which).wait();
            assert!(matches!(
                refused,
                Err(StoreError::Refused(Refusal::NotDoable { .. }))
            ));
        }
    }
}

#[test]
fn r8_a_flag_behind_a_move_of_a_message_that_is_gone_ends_with_it() {
    let desk = Desk::new();
    let key = desk.keys[0];
    desk.move_to(&desk.keys[..1], "Trips");
    let seen = FlagChange::add(Flags::of(Flags::SEEN));
    desk.bed.put({
        let id = desk.first("move").id;
        move |tx| verdicts::unsure(tx, id)
    });
    desk.act(&[key], Wish::Flags(seen, Undoable::Yes));
    let id = desk.first("move").id;
    desk.bed.put(move |tx| verdicts::gone(tx, id, "gone"));
    assert_eq!(desk.waiting(), "move!");
    let which = queue::Which::Ids(vec![id]);
    queue::withdraw(&desk.bed.store, which).wait().unwrap();
    assert_eq!(desk.waiting(), "", "nothing waits for ever");
    let reader = desk.bed.store.reader().unwrap();
    assert!(messages::find(&reader, key).unwrap().is_none());
}

#[test]
fn r8_keep_mine_follows_the_message_to_where_it_was_moved() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "Trips");
    let (inbox, archive) = (desk.bed.inbox, desk.mailbox("Archive"));
    desk.bed.put(move |tx| {
        mailboxes::record_select(tx, archive, &selected(9))?;
        messages::insert(
            tx,
            archive,
            Epoch(1),
            &[messages::Arrived {
                uid: 77,
                ..arrived(1, "a")
            }],
        )?;
        messages::expunge(tx, inbox, Epoch(1), &UidSet::range(1, 1))
    });
    assert_eq!(desk.shown(), "INBOX:2.3 Archive:new");
    let id = desk.first("move").id;
    queue::retry(&desk.bed.store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    assert_eq!(
        (desk.shown(), desk.waiting()),
        ("INBOX:2.3 Trips:new".into(), "move".into())
    );
}

#[test]
fn r8_an_expunge_waits_for_the_verdict_of_a_move_that_is_under_way() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "Trips");
    let (operation, inbox) = (desk.first("move"), desk.bed.inbox);
    let (id, proof) = (
        operation.id,
        Proof {
            source: Some(desk.spot("INBOX", 1)),
            epoch: 1,
            uid_next: 30,
            found: None,
        },
    );
    desk.bed.put(move |tx| {
        assert!(journal::mark_in_flight(tx, &[id])?);
        journal::write_proof(tx, id, &proof)
    });
    let gone = desk
        .bed
        .put(move |tx| messages::expunge(tx, inbox, Epoch(1), &UidSet::range(1, 1)));
    assert_eq!((gone, desk.waiting()), (0, "move".into()));
    // The pull of the target finds it: it is adopted, not inserted twice.
    let trips = desk.mailbox("Trips");
    let check = |uid: u32, like: u32, id: &'static str| {
        desk.bed.put(move |tx| {
            mailboxes::record_select(tx, trips, &selected(9))?;
            let one = messages::Arrived {
                uid,
                ..arrived(like, id)
            };
            messages::insert(tx, trips, Epoch(1), &[one])
        })[0]
    };
    assert_ne!(check(29, 1, "a"), desk.keys[0], "it is older than the move");
    assert_ne!(check(31, 2, "x"), desk.keys[0], "it is another message");
    assert_eq!(check(30, 1, "a"), desk.keys[0]);
    assert_eq!(desk.base(desk.keys[0]), Some((trips, 30)));
    // What the move has not cleared yet is not inserted anew.
    let again = desk.bed.insert(vec![arrived(1, "a")]);
    assert_eq!(again, [desk.keys[0]]);
}
