//! What goes up: flags of the journal.

use super::server::{FULL, PLAIN};
use super::*;

#[test]
fn wishes_reach_the_server_and_the_journal_empties() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        for uid in [1, 2, 3, 40] {
            bed.wish(bed.message("INBOX", uid).key, seen());
        }
        bed.wish(bed.message("INBOX", 3).key, flagged());
        bed.wish(bed.message("Archive", 1).key, seen());
        bed.server.take_commands();
        let tally = bed.sync().unwrap();
        assert_eq!(tally.pushed, 6, "{capabilities}");
        bed.assert_equal(capabilities);
        let stores = bed.server.take_commands();
        let stores = stores.iter().filter(|c| c.starts_with("UID STORE")).count();
        assert_eq!(stores, 3, "equal changes share a command");
        let world = bed.server.world();
        assert!(
            world.boxes["INBOX"].mails[2]
                .flags
                .has(Flags::SEEN | Flags::FLAGGED)
        );
    }
}

#[test]
fn r8_flags_against_every_change_of_another_client() {
    type Other = fn(&mut server::Box_);
    let others: [(&str, Other); 5] = [
        ("nothing", |_| {}),
        ("the same", |b| b.flag(9, "\\Seen", true)),
        ("another flag", |b| b.flag(9, "\\Flagged $x", true)),
        ("the opposite", |b| b.flag(9, "\\Seen", false)),
        ("delete", |b| b.expunge(9)),
    ];
    for capabilities in [FULL, PLAIN] {
        for (what, other) in others {
            let bed = Bed::new(furnished(capabilities));
            bed.sync().unwrap();
            bed.wish(bed.message("INBOX", 9).key, seen());
            bed.server.change("INBOX", other);
            bed.sync().unwrap();
            bed.assert_equal(what);
            let world = bed.server.world();
            let mail = world.boxes["INBOX"].mails.iter().find(|m| m.uid == 9);
            assert_eq!(mail.is_none(), what == "delete");
            assert!(mail.is_none_or(|m| m.flags.has(Flags::SEEN)), "{what}");
        }
    }
}

#[test]
fn a_change_to_a_message_that_is_gone_is_told() {
    let bed = Bed::new(furnished(FULL));
    bed.sync().unwrap();
    bed.wish(bed.message("INBOX", 9).key, seen());
    bed.server.change("INBOX", |b| b.expunge(9));
    bed.sync().unwrap();
    let notices = bed.notices();
    assert!(
        notices.iter().any(|n| n.contains("gone from the server")),
        "{notices:?}"
    );
}

#[test]
fn a_keyword_that_the_mailbox_does_not_keep_fails_with_the_reason() {
    let bed = Bed::new(furnished(FULL));
    bed.server
        .change("INBOX", |b| b.permanent = "\\Seen \\Flagged");
    bed.sync().unwrap();
    let message = bed.message("INBOX", 9).key;
    bed.wish(message, FlagChange::add(Flags::parse(["$Own"])));
    bed.sync().unwrap();
    let reader = bed.store.reader().unwrap();
    let [operation] = &journal::all(&reader).unwrap()[..] else {
        panic!("one operation")
    };
    assert_eq!(operation.state.word(), "failed");
    assert!(messages::get(&reader, message).unwrap().flags.is_empty());
    let commands = bed.server.take_commands();
    assert!(
        !commands.iter().any(|c| c.starts_with("UID STORE")),
        "{commands:?}"
    );
}

#[test]
fn r5_a_wish_survives_a_renumbering_and_hits_its_message() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        bed.wish(bed.message("INBOX", 9).key, seen());
        // The old number of the one becomes the new number of another.
        bed.server.change("INBOX", |b| {
            b.validity += 1;
            b.mails.retain(|m| m.uid != 1);
            for mail in &mut b.mails {
                mail.uid -= 1;
            }
            b.next -= 1;
        });
        bed.sync().unwrap();
        bed.sync().unwrap();
        bed.assert_equal(capabilities);
        let world = bed.server.world();
        let seen: Vec<u32> = world.boxes["INBOX"]
            .mails
            .iter()
            .filter(|m| m.flags.has(Flags::SEEN))
            .map(|m| m.uid)
            .collect();
        assert_eq!(seen, [8], "{capabilities}");
    }
}
