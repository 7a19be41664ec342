//! What copies are made of when their originals go elsewhere before they are sent.

use super::Desk;
use crate::model::MailboxKey;
use crate::ops::queue;
use crate::ops::triage::{Target, Wish};
use crate::store::journal;

/// Each copy or upload that waits, with where what it is made of stands.
fn sources(desk: &Desk) -> Vec<(String, Option<(MailboxKey, u32)>)> {
    let reader = desk.bed.store.reader().unwrap();
    journal::all(&reader)
        .unwrap()
        .iter()
        .filter(|one| matches!(one.kind.word(), "copy" | "append"))
        .map(|one| {
            let source = one.kind.other().unwrap();
            (one.kind.word().to_owned(), desk.base(source))
        })
        .collect()
}

#[test]
fn a_copy_that_waits_is_made_where_its_original_was_though_that_goes_to_another_account() {
    let desk = Desk::new();
    let copy = Wish::Copy(Target::Mailbox(desk.mailbox("Trips")));
    desk.act(&desk.keys[..1], copy);
    desk.move_to(&desk.keys[..1], "home:Files");
    let at = Some((desk.mailbox("INBOX"), 1));
    // Never what stands under a UID of the other server.
    assert_eq!(sources(&desk), [("copy".into(), at), ("append".into(), at)]);
    desk.undo();
    assert_eq!(sources(&desk), [("copy".into(), at)]);
    assert_eq!(desk.base(desk.keys[0]), at);
    assert_eq!(desk.shown(), "INBOX:1.2.3 Trips:new");
}

#[test]
fn a_copy_in_an_account_that_its_original_leaves_again_is_uploaded() {
    let desk = Desk::new();
    desk.move_to(&desk.keys[..1], "home:Files");
    let copy = Wish::Copy(Target::Mailbox(desk.mailbox("home:INBOX")));
    desk.act(&desk.keys[..1], copy);
    desk.move_to(&desk.keys[..1], "INBOX");
    let at = Some((desk.mailbox("INBOX"), 1));
    assert_eq!(sources(&desk), [("append".into(), at)]);
    assert_eq!(desk.shown(), "INBOX:1.2.3 home:INBOX:new");
}

#[test]
fn a_copy_of_a_copy_outlives_it() {
    let desk = Desk::new();
    let copy = |to: &str| Wish::Copy(Target::Mailbox(desk.mailbox(to)));
    let first = desk.act(&desk.keys[..1], copy("Trips")).made[0];
    desk.act(&[first], copy("Archive"));
    let id = desk.first("copy").id;
    queue::withdraw(&desk.bed.store, queue::Which::Ids(vec![id]))
        .wait()
        .unwrap();
    let at = Some((desk.mailbox("INBOX"), 1));
    assert_eq!(sources(&desk), [("copy".into(), at)]);
    assert_eq!(desk.shown(), "INBOX:1.2.3 Archive:new");
}
