//! A mailbox deleted off line, to which another client files mail meanwhile: nothing that nobody has
//! seen is deleted (SAFETY R10), on a real server in every dress.

use lacebark::model::OperationId;
use lacebark::ops::mailbox;
use lacebark::ops::queue::{self, Which};

use crate::harness::dress::Dress;
use crate::triage_bed::{Bed, letter};

const DRESSES: [Dress; 3] = [Dress::Full, Dress::NoMove, Dress::NoUidPlus];

/// Trips holds one letter, is known here and deleted off line.
fn doomed(dress: Dress) -> Option<Bed> {
    let bed = Bed::new(dress)?;
    let mut other = bed.other();
    other.create("Trips");
    other.append("Trips", &letter("first@example.org"), &[], None);
    bed.sync().unwrap();
    mailbox::remove(&bed.store, bed.mailbox("Trips"))
        .wait()
        .unwrap();
    Some(bed)
}

fn ids(bed: &Bed, name: &str) -> Option<Vec<String>> {
    let listing = bed.other().listing(name)?;
    Some(listing.into_iter().map(|one| one.message_id).collect())
}

fn refused(bed: &Bed) -> OperationId {
    let waiting = bed.stored().waiting;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert!(waiting[0].contains(" remove failed "), "{waiting:?}");
    OperationId(waiting[0].split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn r10_mail_filed_into_a_mailbox_that_waits_to_be_deleted_is_kept() {
    for dress in DRESSES {
        let Some(bed) = doomed(dress) else {
            return;
        };
        bed.other()
            .append("Trips", &letter("second@example.org"), &[], None);
        bed.sync().unwrap();
        let both = ["first@example.org", "second@example.org"];
        assert_eq!(ids(&bed, "Trips").unwrap(), both, "{dress:?}");
        let id = refused(&bed);
        assert_eq!(bed.messages("Trips", both[1]).len(), 1, "{dress:?}");
        queue::retry(&bed.store, Which::Ids(vec![id]))
            .wait()
            .unwrap();
        bed.sync().unwrap();
        assert!(!bed.other().mailboxes().contains(&"Trips".to_owned()));
        assert_eq!(bed.stored().waiting, [""; 0], "{dress:?}");
        bed.is_equal("it was deleted all the same");
    }
}

#[test]
fn r10_a_renamed_mailbox_is_deleted_only_with_what_was_known_of_it() {
    for dress in DRESSES {
        let Some(bed) = doomed(dress) else {
            return;
        };
        assert!(bed.other().rename("Trips", "Voyages"));
        bed.sync().unwrap();
        let left = bed.other().mailboxes();
        assert!(!left.contains(&"Voyages".to_owned()), "{dress:?}: {left:?}");
        bed.is_equal("it was deleted under its new name");

        let bed = doomed(dress).unwrap();
        assert!(bed.other().rename("Trips", "Voyages"));
        bed.other()
            .append("Voyages", &letter("second@example.org"), &[], None);
        bed.sync().unwrap();
        let both = ["first@example.org", "second@example.org"];
        assert_eq!(ids(&bed, "Voyages").unwrap(), both, "{dress:?}");
        bed.let_be();
        bed.sync().unwrap();
        assert_eq!(ids(&bed, "Voyages").unwrap(), both, "{dress:?}");
        bed.is_equal("it stays under its new name");
    }
}
