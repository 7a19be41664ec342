//! A mailbox that waits to be deleted, and what other clients do with it meanwhile (SAFETY R10).

use super::triage::{DRESSES, MOVES, small};
use super::*;
use crate::model::OperationId;
use crate::ops::mailbox;
use crate::ops::queue::{self, Which};

/// Archive holds old1 and old2 and is deleted off line; then the others meddle, and there is a sync.
fn after(capabilities: &str, ours: impl Fn(&Bed), theirs: impl Fn(&Bed)) -> Bed {
    let bed = small(capabilities);
    ours(&bed);
    mailbox::remove(&bed.store, bed.mailbox("Archive"))
        .wait()
        .unwrap();
    theirs(&bed);
    bed.server.take_commands();
    bed.sync().unwrap();
    bed
}

const WHOLE_INBOX: &str = "INBOX: in1 in2 in3 in4 in5 in6 in7 in8";

fn nothing(_: &Bed) {}

fn comes(bed: &Bed) {
    bed.server.deliver("Archive", "new", 300);
}

/// Nothing that nobody has seen was in it: it is gone, and nothing is said.
fn goes(ours: impl Fn(&Bed), theirs: impl Fn(&Bed), expect: &str, lookups: usize) {
    for capabilities in DRESSES {
        let bed = after(capabilities, &ours, &theirs);
        assert_eq!(bed.there(), expect, "{capabilities}");
        assert_eq!(bed.notices(), [""; 0], "{capabilities}");
        bed.assert_filed(capabilities);
        let commands = bed.server.take_commands();
        let looks = commands.iter().filter(|c| c.starts_with("EXAMINE Archive"));
        assert_eq!(looks.count(), lookups, "{capabilities}: {commands:?}");
        bed.assert_harmless();
    }
}

/// It stays, it is here again with all that is in it, and the person is asked.
fn stays(ours: impl Fn(&Bed), theirs: impl Fn(&Bed), expect: &str, words: &str) {
    for capabilities in DRESSES {
        let bed = after(capabilities, &ours, &theirs);
        let what = format!("{words} {capabilities}");
        assert_eq!(bed.there(), expect, "{what}");
        let waiting = bed.waiting();
        assert!(
            waiting.ends_with("remove failed arrived"),
            "{what}: {waiting}"
        );
        let notices = bed.notices();
        let said = format!("A folder was not deleted: {words}");
        assert!(notices.contains(&said), "{what}: {notices:?}");
        bed.assert_same(&what);
        // Nobody has answered: it is not asked again.
        bed.server.take_commands();
        bed.sync().unwrap();
        let commands = bed.server.take_commands();
        assert!(!commands.iter().any(|c| c.starts_with("DELETE")), "{what}");
        assert_eq!(bed.waiting(), waiting, "{what}");
    }
}

fn removal(bed: &Bed) -> OperationId {
    let all = journal::all(&bed.store.reader().unwrap()).unwrap();
    let removal = all.iter().find(|one| one.kind.word() == "remove");
    removal.unwrap().id
}

const ONE_CAME: &str = "1 message came to \"Archive\" since you deleted it";

#[test]
fn r10_a_mailbox_is_deleted_with_what_its_owner_knew_and_one_look_at_its_numbers() {
    let expect = format!("{WHOLE_INBOX}; Trips:");
    goes(nothing, nothing, &expect, 0);
    let fewer = |bed: &Bed| bed.server.change("Archive", |b| b.expunge(1));
    goes(nothing, fewer, &expect, 0);
    let emptied = |bed: &Bed| {
        comes(bed);
        bed.server.change("Archive", |b| b.mails.clear());
    };
    goes(nothing, emptied, &expect, 0);
    // Only a listing tells that what came has gone.
    let come_and_gone = |bed: &Bed| {
        let uid = bed.server.deliver("Archive", "new", 300);
        bed.server.change("Archive", |b| b.expunge(uid));
    };
    goes(nothing, come_and_gone, &expect, 1);
    // What its owner had filed there goes with it.
    let filed = |bed: &Bed| bed.move_to(&[bed.message("INBOX", 1).key], "Archive");
    let expect = "INBOX: in2 in3 in4 in5 in6 in7 in8; Trips:";
    goes(filed, nothing, expect, 0);
}

#[test]
fn r10_mail_that_came_to_a_deleted_mailbox_is_not_deleted() {
    let there = format!("Archive: new old1 old2; {WHOLE_INBOX}; Trips:");
    stays(nothing, comes, &there, ONE_CAME);
    // The count alone shows nothing.
    let exchanged = |bed: &Bed| {
        comes(bed);
        bed.server.change("Archive", |b| b.expunge(1));
    };
    let there = format!("Archive: new old2; {WHOLE_INBOX}; Trips:");
    stays(nothing, exchanged, &there, ONE_CAME);
    let filed = |bed: &Bed| bed.move_to(&[bed.message("INBOX", 1).key], "Archive");
    let there = "Archive: in1 new old1 old2; INBOX: in2 in3 in4 in5 in6 in7 in8; Trips:";
    stays(filed, comes, there, ONE_CAME);
    let made_anew = |bed: &Bed| {
        bed.server.world().boxes.remove("Archive");
        bed.server.create("Archive", true);
        bed.server.change("Archive", |b| b.validity = 99);
        comes(bed);
        comes(bed);
    };
    let there = format!("Archive: new new; {WHOLE_INBOX}; Trips:");
    let words = "2 messages came to \"Archive\" since you deleted it";
    stays(nothing, made_anew, &there, words);
}

#[test]
fn r10_a_message_that_could_not_leave_a_mailbox_first_is_not_deleted_with_it() {
    let filed = |bed: &Bed| bed.move_to(&[bed.message("Archive", 1).key], "Trips");
    let gone = |bed: &Bed| {
        bed.server.world().boxes.remove("Trips");
    };
    let there = format!("Archive: old1 old2; {WHOLE_INBOX}");
    let words = "1 message that was to leave \"Archive\" first is still in it";
    stays(filed, gone, &there, words);
}

#[test]
fn r10_a_mailbox_that_is_not_deleted_after_its_rename_stays_subscribed() {
    let renamed = |bed: &Bed| {
        let archive = bed.mailbox("Archive");
        mailbox::rename(&bed.store, archive, "Old").wait().unwrap();
        mailbox::remove(&bed.store, archive).wait().unwrap();
    };
    for capabilities in DRESSES {
        let bed = small(capabilities);
        renamed(&bed);
        comes(&bed);
        bed.sync().unwrap();
        let there = format!("{WHOLE_INBOX}; Old: new old1 old2; Trips:");
        assert_eq!(bed.there(), there, "{capabilities}");
        assert_eq!(bed.waiting(), "remove failed arrived", "{capabilities}");
        assert!(bed.server.change("Old", |b| b.subscribed), "{capabilities}");
        bed.assert_same(capabilities);
    }
}

#[test]
fn r10_a_person_keeps_or_deletes_what_came_to_a_deleted_mailbox() {
    for capabilities in DRESSES {
        let theirs = after(capabilities, nothing, comes);
        queue::withdraw(&theirs.store, Which::Ids(vec![removal(&theirs)]))
            .wait()
            .unwrap();
        theirs.sync().unwrap();
        assert!(theirs.there().starts_with("Archive: new old1 old2"));
        theirs.assert_filed(capabilities);

        let mine = after(capabilities, nothing, comes);
        let id = removal(&mine);
        // Who means everything that waits does not mean this.
        queue::retry(&mine.store, Which::All).wait().unwrap();
        assert_eq!(mine.waiting(), "remove failed arrived", "{capabilities}");
        queue::retry(&mine.store, Which::Ids(vec![id]))
            .wait()
            .unwrap();
        // One more: nobody knew of that one.
        mine.server.deliver("Archive", "newer", 300);
        mine.sync().unwrap();
        assert_eq!(mine.waiting(), "remove failed arrived", "{capabilities}");
        assert!(mine.there().starts_with("Archive: new newer old1 old2"));
        queue::retry(&mine.store, Which::Ids(vec![id]))
            .wait()
            .unwrap();
        mine.sync().unwrap();
        assert_eq!(mine.there(), format!("{WHOLE_INBOX}; Trips:"));
        mine.assert_filed(capabilities);
    }
}

#[test]
fn r10_a_deletion_follows_a_mailbox_that_another_program_renamed() {
    for at in ["STATUS Archive", "DELETE Archive"] {
        let renamed = |bed: &Bed| {
            let rename = (at, "Archive", "Old");
            bed.server.world().renames.push(rename);
        };
        goes(nothing, renamed, &format!("{WHOLE_INBOX}; Trips:"), 0);
    }
    let before = |bed: &Bed| {
        let mut world = bed.server.world();
        let moved = world.boxes.remove("Archive").unwrap();
        world.boxes.insert("Old".to_owned(), moved);
    };
    goes(nothing, before, &format!("{WHOLE_INBOX}; Trips:"), 0);
}

#[test]
fn r10_a_mailbox_renamed_with_what_came_to_it_stays_under_its_new_name() {
    for at in ["LOGIN", "STATUS Archive", "DELETE Archive"] {
        for capabilities in DRESSES {
            let bed = after(capabilities, nothing, |bed| {
                if at != "DELETE Archive" {
                    comes(bed);
                }
                let rename = (at, "Archive", "Old");
                bed.server.world().renames.push(rename);
            });
            bed.sync().unwrap();
            let what = format!("{at} {capabilities}");
            let there = match at {
                "DELETE Archive" => format!("{WHOLE_INBOX}; Trips:"),
                _ => format!("{WHOLE_INBOX}; Old: new old1 old2; Trips:"),
            };
            assert_eq!(bed.there(), there, "{what}");
            assert_eq!(bed.notices(), [""; 0], "{what}");
            bed.assert_filed(&what);
        }
    }
}

#[test]
fn r10_a_mailbox_that_another_program_deleted_first_is_deleted() {
    for at in ["LOGIN", "STATUS Archive", "DELETE Archive"] {
        let deleted = |bed: &Bed| bed.server.world().renames.push((at, "Archive", ""));
        goes(nothing, deleted, &format!("{WHOLE_INBOX}; Trips:"), 0);
    }
}

#[test]
fn r10_a_deletion_costs_one_round_trip_more() {
    let bed = small(MOVES);
    mailbox::remove(&bed.store, bed.mailbox("Archive"))
        .wait()
        .unwrap();
    mailbox::create(&bed.store, bed.account_key(), "New", None)
        .wait()
        .unwrap();
    bed.server.world().trips = 0;
    bed.sync().unwrap();
    let with = bed.server.world().trips;
    mailbox::create(&bed.store, bed.account_key(), "Newer", None)
        .wait()
        .unwrap();
    bed.server.world().trips = 0;
    bed.sync().unwrap();
    // UNSUBSCRIBE follows the DELETE, as it did before.
    assert!(with <= bed.server.world().trips + 2, "{with}");
    assert_eq!(bed.there(), format!("{WHOLE_INBOX}; New:; Newer:; Trips:"));
}
