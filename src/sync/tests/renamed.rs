//! Mailboxes that another client renames or deletes between our LIST and the command that names them
//! (SAFETY R10).

use super::server::{FULL, PLAIN};
use super::triage::{COPIES, MOVES, small};
use super::*;
use crate::ops::mailbox;

/// Another client renames a mailbox right before a command of ours: what was to be done is done in
/// one sync, under the new name.
fn check(
    capabilities: &str,
    rename: (&'static str, &'static str, &'static str),
    wish: impl Fn(&Bed),
    expect: &str,
) {
    let what = format!("{rename:?} {capabilities}");
    let bed = small(capabilities);
    wish(&bed);
    bed.server.world().renames.push(rename);
    bed.server.take_commands();
    let tally = bed.sync().unwrap();
    assert!(bed.server.world().renames.is_empty(), "{what}");
    assert_eq!(bed.there(), expect, "{what}");
    assert_eq!((bed.waiting().as_str(), tally.refused), ("", 0), "{what}");
    assert_eq!(bed.notices(), [""; 0], "{what}");
    let commands = bed.server.take_commands();
    let lists = commands
        .iter()
        .filter(|c| c.starts_with("LIST \"\" \"*\""))
        .count();
    assert_eq!(lists, 2, "{what}: {commands:?}");
    assert!(!commands.iter().any(|c| c.starts_with("CREATE")), "{what}");
    bed.assert_harmless();
    bed.sync().unwrap();
    bed.assert_filed(&what);
}

const MOVED: &str = "Archive: old1 old2; INBOX: in2 in3 in4 in5 in6 in7 in8; Voyages: in1";
const COPIED: &str = "Archive: old1 old2; INBOX: in1 in2 in3 in4 in5 in6 in7 in8; Voyages: in1";

#[test]
fn r10_what_goes_into_a_mailbox_arrives_under_its_new_name() {
    let moved = |bed: &Bed| bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
    let copied = |bed: &Bed| bed.copy_to(&[bed.message("INBOX", 1).key], "Trips");
    for (capabilities, at) in [
        (MOVES, "UID MOVE"),
        (COPIES, "STATUS Trips"),
        (COPIES, "UID COPY"),
        (FULL, "UID COPY"),
        (PLAIN, "STATUS Trips"),
        (PLAIN, "UID COPY"),
    ] {
        check(capabilities, (at, "Trips", "Voyages"), moved, MOVED);
        let at = if at == "UID MOVE" { "UID COPY" } else { at };
        check(capabilities, (at, "Trips", "Voyages"), copied, COPIED);
    }
}

#[test]
fn r10_what_goes_out_of_a_mailbox_goes_out_under_its_new_name() {
    let wish = |bed: &Bed| bed.move_to(&[bed.message("Archive", 1).key], "Trips");
    let expect = "INBOX: in1 in2 in3 in4 in5 in6 in7 in8; Old: old2; Trips: old1";
    for capabilities in [MOVES, COPIES, FULL, PLAIN] {
        check(
            capabilities,
            ("SELECT Archive", "Archive", "Old"),
            wish,
            expect,
        );
    }
}

#[test]
fn r10_our_rename_stands_above_one_that_came_between() {
    let wish = |bed: &Bed| {
        let trips = bed.mailbox("Trips");
        mailbox::rename(&bed.store, trips, "Journeys")
            .wait()
            .unwrap();
    };
    let expect = "Archive: old1 old2; INBOX: in1 in2 in3 in4 in5 in6 in7 in8; Journeys:";
    for capabilities in [MOVES, COPIES, FULL, PLAIN] {
        let rename = ("RENAME Trips", "Trips", "Voyages");
        check(capabilities, rename, wish, expect);
    }
}

#[test]
fn r10_what_is_truly_gone_is_a_conflict_and_asked_for_once() {
    for (capabilities, at) in [
        (MOVES, "UID MOVE"),
        (COPIES, "STATUS Trips"),
        (FULL, "UID COPY"),
        (PLAIN, "UID COPY"),
    ] {
        let bed = small(capabilities);
        bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
        bed.copy_to(&[bed.message("INBOX", 2).key], "Trips");
        bed.server.world().renames.push((at, "Trips", ""));
        bed.server.take_commands();
        let tally = bed.sync().unwrap();
        let failed = "move failed mailbox-gone, copy failed mailbox-gone";
        assert_eq!(bed.waiting(), failed, "{capabilities}");
        assert_eq!(tally.refused, 2, "{capabilities}");
        let commands = bed.server.take_commands();
        let lists = commands
            .iter()
            .filter(|c| c.starts_with("LIST \"\" \"*\""))
            .count();
        assert_eq!(lists, 2, "{commands:?}");
        assert!(!commands.iter().any(|c| c.starts_with("CREATE")));
        assert!(bed.there().contains("INBOX: in1 in2 "), "{}", bed.there());
        bed.assert_same(capabilities);
    }
}

#[test]
fn r10_a_mailbox_that_others_use_by_that_name_is_not_taken_for_ours() {
    // Trips is renamed, and the name is free; another mailbox with other messages appears beside.
    let bed = small(MOVES);
    bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
    bed.server.world().renames.push(("UID MOVE", "Trips", ""));
    bed.server.create("Voyages", true);
    bed.server.change("Voyages", |b| b.validity = 99);
    bed.sync().unwrap();
    assert_eq!(bed.waiting(), "move failed mailbox-gone");
    assert!(bed.there().ends_with("Voyages:"), "{}", bed.there());
}
