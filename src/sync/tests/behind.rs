//! What waits behind an operation that another client makes impossible, on a whole server (SAFETY
//! R8, R10).

use super::triage::{DRESSES, small};
use super::*;
use crate::ops::mailbox;
use crate::ops::queue::{self, Which};
use crate::ops::triage::{Target, Wish};

/// in1 is copied to Archive and the copy moved on to Trips and flagged, off line; then the others
/// meddle, and there is a sync.
fn copied_on(capabilities: &str, theirs: impl Fn(&Bed)) -> Bed {
    let bed = small(capabilities);
    let to = Target::Mailbox(bed.mailbox("Archive"));
    let made = bed.act(&[bed.message("INBOX", 1).key], Wish::Copy(to)).made;
    bed.move_to(&made, "Trips");
    bed.wish(made[0], flagged());
    theirs(&bed);
    bed.sync().unwrap();
    bed
}

fn without_in1(bed: &Bed) {
    bed.server.change("INBOX", |b| b.expunge(1));
}

#[test]
fn r8_a_copy_of_what_is_gone_is_one_conflict_with_what_was_asked_of_it() {
    for capabilities in DRESSES {
        let bed = copied_on(capabilities, without_in1);
        let waiting = "copy failed gone, flag failed gone";
        assert_eq!(bed.waiting(), waiting, "{capabilities}");
        bed.assert_same(capabilities);
        // It holds nothing back.
        mailbox::remove(&bed.store, bed.mailbox("Trips"))
            .wait()
            .unwrap();
        bed.sync().unwrap();
        let there = "Archive: old1 old2; INBOX: in2 in3 in4 in5 in6 in7 in8";
        assert_eq!(bed.there(), there, "{capabilities}");
    }
}

#[test]
fn r8_whoever_keeps_a_copy_of_what_is_gone_has_it_where_they_moved_it() {
    for capabilities in DRESSES {
        let bed = copied_on(capabilities, without_in1);
        queue::retry(&bed.store, Which::All).wait().unwrap();
        bed.sync().unwrap();
        let there = "Archive: old1 old2; INBOX: in2 in3 in4 in5 in6 in7 in8; Trips: in1+\\Flagged";
        assert_eq!(bed.there(), there, "{capabilities}");
        bed.assert_filed(capabilities);
    }
}

#[test]
fn r10_a_copy_moved_out_of_a_mailbox_that_another_program_deletes_is_made() {
    for capabilities in DRESSES {
        let bed = copied_on(capabilities, |bed| {
            bed.server.world().boxes.remove("Archive");
        });
        let there = "INBOX: in1 in2 in3 in4 in5 in6 in7 in8; Trips: in1+\\Flagged";
        assert_eq!(bed.there(), there, "{capabilities}");
        assert_eq!(bed.waiting(), "", "{capabilities}");
        bed.assert_harmless();
    }
}

#[test]
fn r10_a_mailbox_is_made_again_before_what_is_to_go_into_it() {
    for capabilities in DRESSES {
        let bed = small(capabilities);
        bed.move_to(&[bed.message("INBOX", 1).key], "Trips");
        bed.copy_to(&[bed.message("INBOX", 2).key], "Trips");
        bed.server.world().boxes.remove("Trips");
        bed.sync().unwrap();
        let failed = "move failed mailbox-gone, copy failed mailbox-gone";
        assert_eq!(bed.waiting(), failed, "{capabilities}");
        queue::retry(&bed.store, Which::All).wait().unwrap();
        bed.sync().unwrap();
        let there = "Archive: old1 old2; INBOX: in2 in3 in4 in5 in6 in7 in8; Trips: in1 in2";
        assert_eq!(bed.there(), there, "{capabilities}");
        bed.assert_filed(capabilities);
    }
}
