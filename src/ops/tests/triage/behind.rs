//! What waits behind an operation that cannot be done: it never waits for ever.

use super::Desk;
use crate::model::journal::Cause;
use crate::model::{FlagChange, Flags, MessageKey, OperationId, OperationState};
use crate::ops::queue;
use crate::ops::triage::{Target, Undoable, Wish};
use crate::store::mailboxes::Epoch;
use crate::store::tests::{arrived, selected};
use crate::store::{bodies, journal, mailboxes, messages, verdicts};

impl Desk {
    fn copy(&self, key: MessageKey, to: &str) -> MessageKey {
        let to = Target::Mailbox(self.mailbox(to));
        self.act(&[key], Wish::Copy(to)).made[0]
    }

    fn see(&self, key: MessageKey) {
        let seen = FlagChange::add(Flags::of(Flags::SEEN));
        self.act(&[key], Wish::Flags(seen, Undoable::Yes));
    }

    fn fail(&self, word: &str, cause: Cause) -> OperationId {
        let id = self.first(word).id;
        self.bed.put(move |tx| verdicts::fail(tx, id, "no", cause));
        id
    }

    fn unsure(&self, word: &str) -> OperationId {
        let id = self.first(word).id;
        self.bed.put(move |tx| verdicts::unsure(tx, id));
        id
    }

    fn retry(&self, id: OperationId) {
        queue::retry(&self.bed.store, queue::Which::Ids(vec![id]))
            .wait()
            .unwrap();
    }

    /// The server lists all mailboxes but this one.
    fn lose(&self, name: &str) {
        let names: Vec<&str> = super::MAILBOXES
            .into_iter()
            .filter(|one| *one != name)
            .collect();
        let (account, lines) = (self.bed.account, super::listed(&names));
        self.bed
            .put(move |tx| mailboxes::record_list(tx, account, &lines).map(drop));
    }

    fn is_there(&self, key: MessageKey) -> bool {
        let reader = self.bed.store.reader().unwrap();
        messages::find(&reader, key).unwrap().is_some()
    }
}

#[test]
fn r8_what_was_asked_of_a_copy_that_cannot_be_made_is_asked_when_it_is_tried_again() {
    for (cause, word) in [(Cause::Refused, "copy"), (Cause::Renumbered, "flag")] {
        let desk = Desk::new();
        let made = desk.copy(desk.keys[0], "Trips");
        desk.move_to(&[made], "Archive");
        desk.see(made);
        assert_eq!(desk.waiting(), "copy move flag");
        desk.fail("copy", cause);
        assert_eq!(
            (desk.waiting(), desk.shown()),
            ("copy! flag!".into(), "INBOX:1.2.3".into())
        );
        // The one is not tried again without the other.
        desk.retry(desk.first(word).id);
        assert_eq!(desk.waiting(), "copy flag");
        assert_eq!(desk.shown(), "INBOX:1.2.3 Archive:new");
        assert_eq!(desk.bed.shown(made), "\\Seen");
        let target = desk.first("copy").kind.target();
        assert_eq!(target, Some(desk.mailbox("Archive")));
    }
}

#[test]
fn r10_a_copy_whose_mailbox_is_gone_is_made_where_it_was_moved_to() {
    let desk = Desk::new();
    let made = desk.copy(desk.keys[0], "Trips");
    desk.move_to(&[made], "Archive");
    desk.lose("Trips");
    assert_eq!(desk.waiting(), "copy");
    assert_eq!(desk.shown(), "INBOX:1.2.3 Archive:new");
    // That which goes nowhere else waits for a person.
    let desk = Desk::new();
    desk.copy(desk.keys[0], "Trips");
    desk.lose("Trips");
    assert_eq!(
        (desk.waiting(), desk.shown()),
        ("copy!".into(), "INBOX:1.2.3".into())
    );
}

#[test]
fn r10_what_was_to_go_into_a_mailbox_that_is_not_made_goes_where_it_was_moved_to() {
    let desk = Desk::new();
    let account = desk.bed.account;
    crate::ops::mailbox::create(&desk.bed.store, account, "New", None)
        .wait()
        .unwrap();
    let made = desk.copy(desk.keys[0], "New");
    desk.copy(desk.keys[1], "New");
    desk.move_to(&[made], "Archive");
    desk.fail("create", Cause::Refused);
    assert_eq!(desk.waiting(), "create! copy copy!");
    let reader = desk.bed.store.reader().unwrap();
    let lines = queue::stuck(&reader, 9).unwrap();
    let to: Vec<_> = lines.iter().filter_map(|line| line.to.as_deref()).collect();
    assert_eq!(to, ["New"], "it is still called so");
    assert_eq!(desk.shown(), "INBOX:1.2.3 Archive:new");
}

#[test]
fn r8_a_copy_that_is_deleted_again_and_cannot_be_made_is_forgotten() {
    let desk = Desk::new();
    let made = desk.copy(desk.keys[0], "Trips");
    desk.unsure("copy");
    desk.act(&[made], Wish::Expunge);
    assert_eq!(desk.waiting(), "copy expunge");
    desk.fail("copy", Cause::Refused);
    assert_eq!(
        (desk.waiting(), desk.shown()),
        ("".into(), "INBOX:1.2.3".into())
    );
    assert!(!desk.is_there(made));
}

#[test]
fn r8_a_copy_of_what_could_not_be_uploaded_waits_for_a_person_too() {
    let desk = Desk::new();
    let first = desk.copy(desk.keys[0], "home:Files");
    let second = desk.copy(first, "home:INBOX");
    assert_eq!(desk.waiting(), "append copy");
    let id = desk.fail("append", Cause::Refused);
    assert_eq!(
        (desk.waiting(), desk.shown()),
        ("append! copy!".into(), "INBOX:1.2.3".into())
    );
    // Tried again on its own, it is uploaded by itself, if its text is here.
    let copy = desk.first("copy").id;
    desk.bed.put(move |tx| {
        let content = messages::get(tx, second)?.content;
        bodies::store(tx, &bodies::BodyWriter::whole(content, "", b"bytes"))
    });
    desk.retry(copy);
    assert_eq!(desk.waiting(), "append! append");
    desk.retry(id);
    assert_eq!(desk.waiting(), "append append");
    assert_eq!(desk.shown(), "INBOX:1.2.3 home:INBOX:new home:Files:new");
}

#[test]
fn r8_a_move_behind_a_move_of_what_is_gone_is_one_conflict_with_it() {
    for kept in [false, true] {
        let desk = Desk::new();
        let key = desk.keys[0];
        desk.move_to(&[key], "Trips");
        let id = desk.unsure("move");
        desk.see(key);
        desk.move_to(&[key], "Archive");
        assert_eq!(desk.waiting(), "move flag move");
        desk.bed.put(move |tx| verdicts::gone(tx, id, "gone"));
        assert_eq!(
            (desk.waiting(), desk.shown()),
            ("move!".into(), "INBOX:2.3".into())
        );
        if kept {
            desk.bed.put(move |tx| {
                let content = messages::get(tx, key)?.content;
                bodies::store(tx, &bodies::BodyWriter::whole(content, "", b"bytes"))
            });
            desk.retry(id);
            assert_eq!(desk.waiting(), "append");
            assert_eq!(desk.shown(), "INBOX:2.3 Archive:1");
            assert_eq!(desk.bed.shown(key), "\\Seen");
        } else {
            queue::withdraw(&desk.bed.store, queue::Which::Ids(vec![id]))
                .wait()
                .unwrap();
            assert_eq!(desk.waiting(), "");
            assert!(!desk.is_there(key));
        }
    }
}

#[test]
fn r8_a_refused_move_of_a_message_that_went_since_brings_it_back_when_tried_again() {
    let desk = Desk::new();
    let key = desk.keys[0];
    desk.bed.put(move |tx| {
        let content = messages::get(tx, key)?.content;
        bodies::store(tx, &bodies::BodyWriter::whole(content, "", b"bytes"))
    });
    desk.move_to(&[key], "Trips");
    let id = desk.fail("move", Cause::Refused);
    let inbox = desk.bed.inbox;
    desk.bed.put(move |tx| {
        messages::expunge(tx, inbox, Epoch(1), &crate::model::UidSet::range(1, 1)).map(drop)
    });
    assert_eq!(
        (desk.waiting(), desk.shown()),
        ("move!".into(), "INBOX:2.3".into())
    );
    desk.retry(id);
    assert_eq!(desk.waiting(), "append");
    assert_eq!(desk.shown(), "INBOX:2.3 Trips:1");
}

#[test]
fn r8_what_is_put_off_while_its_message_went_does_not_wait_for_ever() {
    let desk = Desk::new();
    let archive = desk.mailbox("Archive");
    let key = desk.bed.put(move |tx| {
        mailboxes::record_select(tx, archive, &selected(9))?;
        messages::insert(tx, archive, Epoch(1), &[arrived(7, "d")])
    })[0];
    desk.copy(key, "Trips");
    let id = desk.unsure("copy");
    desk.lose("Archive");
    let until = desk.bed.put(|tx| Ok(tx.now())) + 60;
    desk.bed.put(move |tx| {
        let put_off = crate::model::journal::PutOff {
            until,
            why: "busy".to_owned(),
        };
        verdicts::later(tx, id, put_off, "gone")
    });
    let reader = desk.bed.store.reader().unwrap();
    let [copy] = &journal::all(&reader).unwrap()[..] else {
        panic!("one operation")
    };
    let gone = |state: &OperationState| {
        matches!(
            state,
            OperationState::Failed {
                cause: Cause::Gone,
                ..
            }
        )
    };
    assert!(gone(&copy.state), "{copy:?}");
}
