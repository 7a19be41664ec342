//! Muting by hand, and what ends it.

use crate::model::{FlagChange, Flags, MessageKey, Role, ThreadKey};
use crate::ops::mutes::{
    Kind, Muted, Topic, all, mute, mute_list, mute_thread, of_message, unmute,
};
use crate::ops::triage::{Undoable, Wish, act};
use crate::ops::undo::undo;
use crate::store::mailboxes::{self, Epoch, Listed};
use crate::store::messages::{self, Arrived};
use crate::store::mutes;
use crate::store::tests::threads::answer;
use crate::store::tests::{Bed, NOW, line};

fn come(bed: &Bed, arrived: Vec<Arrived>) -> Vec<MessageKey> {
    let inbox = bed.inbox;
    bed.put(move |tx| {
        let keys = messages::insert(tx, inbox, Epoch(1), &arrived)?;
        mutes::file(tx, &keys, &[])?;
        Ok(keys)
    })
}

fn now(uid: u32, id: &str, above: &[&str]) -> Arrived {
    Arrived {
        arrival: NOW,
        ..answer(uid, id, above)
    }
}

#[test]
fn a_mute_ends_with_what_it_filed_back_in_its_place_and_unread_as_one_action() {
    let bed = Bed::new();
    let account = bed.account;
    let archive = bed.put(move |tx| {
        let archive = Listed {
            role: Some(Role::Archive),
            ..line("Archive")
        };
        Ok(mailboxes::record_list(tx, account, &[line("INBOX"), archive])?.new[0])
    });
    let first = come(&bed, vec![answer(1, "a", &[])])[0];
    let muted = muting(&bed, first, Kind::Thread);
    assert_eq!((called(&muted), muted.nothing), (vec!["About a"], 0));
    let again = muting(&bed, first, Kind::Thread);
    assert_eq!(
        (called(&again), again.already.clone()),
        (vec![], vec!["About a".to_owned()])
    );
    assert_eq!(muting(&bed, first, Kind::List).nothing, 1);
    let filed = come(&bed, vec![now(2, "b", &["a"]), now(3, "c", &["a"])]);
    let reader = bed.store.reader().unwrap();
    let places = |keys: &[MessageKey]| -> Vec<_> {
        keys.iter()
            .map(|key| {
                let row = messages::get(&reader, *key).unwrap();
                (row.mailbox.unwrap(), row.flags.has(Flags::SEEN))
            })
            .collect()
    };
    assert_eq!(places(&filed), [(archive, true); 2]);
    let found = of_message(&reader, filed[0]).unwrap();
    assert_eq!(found, all(&reader).unwrap());
    let back = unmute(&bed.store, vec![found[0].key]).wait().unwrap();
    assert!(back.action.is_some());
    assert_eq!(places(&filed), [(bed.inbox, false); 2]);
    assert_eq!(all(&reader).unwrap(), []);
    let undone = undo(&bed.store).wait().unwrap();
    assert_eq!((undone.word.as_str(), undone.messages.len()), ("unmute", 2));
    assert_eq!(places(&filed), [(archive, true); 2]);
    // It is muted again, and what it filed is known.
    assert_eq!(undone.mutes, ["About a"]);
    assert_eq!(all(&reader).unwrap(), found);
    let later = come(&bed, vec![now(9, "d", &["a"])]);
    assert_eq!(places(&later), [(archive, true)]);
    unmute(&bed.store, vec![found[0].key]).wait().unwrap();
    let last = come(&bed, vec![now(10, "e", &["a"])]);
    assert_eq!(places(&last), [(bed.inbox, false)]);
    assert_eq!(places(&later), [(bed.inbox, false)]);
}

#[test]
fn muting_is_taken_back_with_what_it_filed_meanwhile() {
    let bed = Bed::new();
    let first = come(&bed, vec![answer(1, "a", &[]), answer(2, "b", &[])]);
    let muted = mute(&bed.store, first, Kind::Thread).wait().unwrap();
    assert_eq!(called(&muted), ["About a", "About b"]);
    let filed = come(&bed, vec![now(3, "c", &["a"])])[0];
    let reader = bed.store.reader().unwrap();
    let is_read = || {
        messages::get(&reader, filed)
            .unwrap()
            .flags
            .has(Flags::SEEN)
    };
    assert!(is_read());
    let undone = undo(&bed.store).wait().unwrap();
    assert_eq!((undone.word.as_str(), undone.mutes.len()), ("mute", 2));
    assert_eq!(all(&reader).unwrap(), []);
    assert!(!is_read(), "what it filed is unread again");
    assert!(undo(&bed.store).wait().is_err(), "there is nothing else");
}

#[test]
fn what_a_mute_filed_is_known_for_as_long_as_its_end_can_be_undone() {
    let bed = Bed::new();
    let first = come(&bed, vec![answer(1, "a", &[])])[0];
    let key = muting(&bed, first, Kind::Thread).done[0].key;
    come(&bed, vec![now(2, "b", &["a"])]);
    unmute(&bed.store, vec![key]).wait().unwrap();
    let reader = bed.store.reader().unwrap();
    assert_eq!(mutes::filed(&reader, key).unwrap().len(), 1);
    for _ in 0..50 {
        let flagged = FlagChange::add(Flags::of(Flags::FLAGGED));
        let plain = FlagChange::remove(Flags::of(Flags::FLAGGED));
        for change in [flagged, plain] {
            let wish = Wish::Flags(change, Undoable::Yes);
            act(&bed.store, vec![first], wish).wait().unwrap();
        }
    }
    assert_eq!(mutes::filed(&reader, key).unwrap(), []);
}

#[test]
fn a_thread_is_muted_by_its_number_and_a_list_by_its_id() {
    let bed = Bed::new();
    let first = come(&bed, vec![answer(1, "a", &[])])[0];
    let reader = bed.store.reader().unwrap();
    let thread = crate::store::threads::of_message(&reader, first)
        .unwrap()
        .unwrap();
    let muted = mute_thread(&bed.store, thread).wait().unwrap().unwrap();
    assert_eq!(called(&muted), ["About a"]);
    let none = mute_thread(&bed.store, ThreadKey(99)).wait().unwrap();
    assert_eq!(none, None);
    let list = mute_list(&bed.store, " News.Example.org ").wait().unwrap();
    assert_eq!(called(&list), ["News.Example.org"]);
    assert_eq!(
        list.done[0].topic,
        Topic::List("news.example.org".to_owned())
    );
    let again = mute_list(&bed.store, "news.example.ORG").wait().unwrap();
    assert_eq!(again.already.len(), 1);
    assert_eq!(all(&reader).unwrap().len(), 2);
}

fn muting(bed: &Bed, key: MessageKey, kind: Kind) -> Muted {
    mute(&bed.store, vec![key], kind).wait().unwrap()
}

fn called(muted: &Muted) -> Vec<&str> {
    muted.done.iter().map(|one| one.called.as_str()).collect()
}

#[test]
fn what_was_filed_elsewhere_since_is_not_brought_back() {
    let bed = Bed::new();
    let first = come(&bed, vec![answer(1, "a", &[])])[0];
    muting(&bed, first, Kind::Thread);
    let filed = come(&bed, vec![now(2, "b", &["a"])])[0];
    let other = {
        let account = bed.account;
        bed.put(move |tx| {
            Ok(mailboxes::record_list(tx, account, &[line("INBOX"), line("Trips")])?.new[0])
        })
    };
    let wish = crate::ops::triage::Wish::Move(crate::ops::triage::Target::Mailbox(other));
    crate::ops::triage::act(&bed.store, vec![filed], wish)
        .wait()
        .unwrap();
    let reader = bed.store.reader().unwrap();
    let key = all(&reader).unwrap()[0].key;
    let back = unmute(&bed.store, vec![key]).wait().unwrap();
    assert_eq!(back.changed, []);
    assert_eq!(messages::get(&reader, filed).unwrap().mailbox, Some(other));
}
