//! Muting by hand, and what ends it.

use crate::model::{Flags, MessageKey, Role};
use crate::ops::mutes::{Kind, Muted, all, mute, of_message, unmute};
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
    let called = Muted::Done("About a".to_owned());
    assert_eq!(
        mute(&bed.store, first, Kind::Thread).wait().unwrap(),
        called
    );
    let again = Muted::Already("About a".to_owned());
    assert_eq!(mute(&bed.store, first, Kind::Thread).wait().unwrap(), again);
    assert_eq!(
        mute(&bed.store, first, Kind::List).wait().unwrap(),
        Muted::Nothing
    );
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
    let back = unmute(&bed.store, found[0].key).wait().unwrap();
    assert!(back.action.is_some());
    assert_eq!(places(&filed), [(bed.inbox, false); 2]);
    assert_eq!(all(&reader).unwrap(), []);
    let undone = undo(&bed.store).wait().unwrap();
    assert_eq!((undone.word.as_str(), undone.messages.len()), ("unmute", 2));
    assert_eq!(places(&filed), [(archive, true); 2]);
    assert_eq!(
        places(&come(&bed, vec![now(9, "d", &["a"])])),
        [(bed.inbox, false)]
    );
}

#[test]
fn what_was_filed_elsewhere_since_is_not_brought_back() {
    let bed = Bed::new();
    let first = come(&bed, vec![answer(1, "a", &[])])[0];
    mute(&bed.store, first, Kind::Thread).wait().unwrap();
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
    let back = unmute(&bed.store, key).wait().unwrap();
    assert_eq!(back.action, None);
    assert_eq!(messages::get(&reader, filed).unwrap().mailbox, Some(other));
}
