//! What comes down: first sync, changes of others, renumbering, lies.

use super::server::{FULL, PLAIN, Server};
use super::*;

#[test]
fn a_first_sync_brings_everything_and_a_second_does_nothing() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        let tally = bed.sync().unwrap();
        assert_eq!((tally.new, tally.bodies), (65, 65), "{capabilities}");
        bed.assert_equal(capabilities);
        bed.server.take_commands();
        assert_eq!(bed.sync().unwrap(), Tally::default(), "{capabilities}");
        let again = bed.server.take_commands();
        assert!(
            !again
                .iter()
                .any(|c| c.contains("ENVELOPE") || c.contains("BODY")),
            "{again:?}"
        );
        bed.assert_equal(capabilities);
    }
}

#[test]
fn the_first_screen_is_asked_for_while_the_listing_is_under_way() {
    let bed = Bed::new(furnished(FULL));
    bed.sync().unwrap();
    let commands = bed.server.take_commands();
    let at = |what: &str| commands.iter().position(|c| c.starts_with(what)).unwrap();
    assert!(at("SELECT") < at("LIST"), "{commands:?}");
    let fetch = commands.iter().find(|c| c.starts_with("FETCH")).unwrap();
    assert!(fetch.starts_with("FETCH 11:60 "), "{fetch}");
}

#[test]
fn what_others_did_arrives() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        bed.server.change("INBOX", |b| {
            b.flag(3, "\\Seen $Label", true);
            b.flag(60, "\\Flagged", true);
            b.expunge(5);
            b.expunge(59);
            b.deliver("new1", 300);
            b.deliver("new2", 300);
        });
        bed.server.change("Archive", |b| b.flag(2, "\\Seen", true));
        let tally = bed.sync().unwrap();
        assert_eq!(
            (tally.new, tally.expunged, tally.flags),
            (2, 2, 3),
            "{capabilities}"
        );
        bed.assert_equal(capabilities);
    }
}

#[test]
fn p8_an_odd_highestmodseq_loses_nothing() {
    for told in [0, 1, u64::MAX, 1 << 63] {
        let bed = Bed::new(furnished(FULL));
        bed.sync().unwrap();
        bed.server.world().told_modseq = Some(told);
        bed.server.change("INBOX", |b| {
            b.flag(3, "\\Seen", true);
            b.expunge(4);
        });
        bed.sync().unwrap();
        bed.assert_equal(&format!("told {told}"));
    }
}

#[test]
fn p8_one_false_listing_deletes_nothing() {
    for lie in ["", "1 2 3", "900 901"] {
        let bed = Bed::new(furnished(PLAIN));
        bed.sync().unwrap();
        // Two listings of INBOX: the second asks again after the first one's doubt.
        let mut lies = vec![lie.to_owned(); 2];
        bed.server.world().lies.extend(lies.drain(..));
        bed.sync().unwrap();
        let reader = bed.store.reader().unwrap();
        let inbox = mailboxes::get(&reader, bed.mailbox("INBOX")).unwrap();
        assert_eq!(inbox.total, 60, "{lie:?}");
        bed.sync().unwrap();
        bed.assert_equal(lie);
    }
}

#[test]
fn an_emptied_mailbox_is_emptied_here_when_the_server_says_so_twice() {
    let bed = Bed::new(furnished(FULL));
    bed.sync().unwrap();
    bed.server.change("INBOX", |b| b.mails.clear());
    bed.sync().unwrap();
    bed.assert_equal("emptied");
}

#[test]
fn r5_a_changed_uidvalidity_fetches_no_body_again_and_keeps_keys() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        let before = bed.message("INBOX", 7).key;
        bed.server.change("INBOX", server::Box_::renumber);
        bed.server.change("INBOX", |b| {
            b.expunge(1008);
            b.deliver("after", 300);
        });
        bed.server.world().given.clear();
        bed.sync().unwrap();
        bed.assert_equal(capabilities);
        assert_eq!(bed.message("INBOX", 1007).key, before);
        let given = bed.server.world().given.clone();
        assert_eq!(
            given.keys().collect::<Vec<_>>(),
            ["INBOX/1061"],
            "{capabilities}"
        );
    }
}

/// A store that is away for a moment: the mailbox opens empty, under another UIDVALIDITY.
#[test]
fn p8_an_odd_uidvalidity_with_no_messages_empties_no_mailbox() {
    let check = |odd: &[(u64, usize)], tries: usize| {
        let bed = Bed::new(furnished(FULL));
        bed.sync().unwrap();
        let before = bed.message("INBOX", 9).key;
        bed.server.world().odd_selects = odd.iter().copied().collect();
        for left in (0..tries).rev() {
            let outcome = bed.sync();
            assert_eq!(outcome.is_ok(), left == 0, "{odd:?}: {outcome:?}");
            let row = bed.message("INBOX", 9);
            assert_eq!((row.key, row.mailbox), (before, Some(bed.mailbox("INBOX"))));
        }
        bed.assert_equal(&format!("{odd:?}"));
        let twice = bed
            .server
            .world()
            .given
            .values()
            .filter(|n| **n > 1)
            .count();
        assert_eq!(twice, 0, "{odd:?}: bodies were fetched again");
    };
    check(&[(99, 0)], 1);
    check(&[(99, 0), (99, 0)], 1);
    check(&[(99, 0), (98, 0), (97, 0)], 2);
    check(&[(99, 0), (99, 60), (99, 0)], 2);
}

#[test]
fn r5_numbers_that_change_at_any_command_lose_nothing() {
    let count = {
        let bed = Bed::new(furnished(FULL));
        bed.sync().unwrap();
        bed.server.take_commands().len()
    };
    for at in 2..=count {
        let bed = Bed::new(furnished(FULL));
        bed.server.world().renumber_at = Some(at);
        // The fault may end this run; the next one is whole.
        let _ = bed.sync();
        bed.server.world().renumber_at = None;
        bed.sync().unwrap();
        bed.sync().unwrap();
        bed.assert_equal(&format!("at command {at}"));
    }
}

#[test]
fn a_message_that_the_server_lists_and_does_not_give_costs_only_itself() {
    let server = furnished(FULL);
    server.world().withheld.insert(33);
    let bed = Bed::new(server);
    let tally = bed.sync().unwrap();
    assert_eq!(tally.new, 64);
    bed.server.world().withheld.clear();
    bed.sync().unwrap();
    bed.assert_equal("given at last");
}

#[test]
fn policies_decide_what_is_kept() {
    for (policy, messages, bodies) in [
        (Offline::Headers, 65, 0),
        (Offline::None, 0, 0),
        (Offline::All, 65, 65),
    ] {
        let mut bed = Bed::new(furnished(FULL));
        bed.account.offline = policy;
        let tally = bed.sync().unwrap();
        assert_eq!((tally.new, tally.bodies), (messages, bodies), "{policy}");
    }
}

#[test]
fn an_empty_account_is_current_at_once() {
    let bed = Bed::new(Server::new(FULL));
    assert_eq!(bed.sync().unwrap(), Tally::default());
    bed.assert_equal("empty");
}

#[test]
fn the_first_screen_is_stored_after_five_round_trips() {
    let bed = Bed::new(furnished(FULL));
    let trips = guarded(async {
        let task = bed.task(Arc::default()).await;
        let mut talk = Dialogue::greet(&bed.env, &bed.account).await.unwrap();
        talk.sign_in(&bed.account, &Secret::new("secret"))
            .await
            .unwrap();
        let mut worker = Worker::new(&task.desk, talk, Aim::Once(Work::All));
        worker.work().await.unwrap();
        worker.first_round_trips
    });
    // TCP and TLS are two; then LOGIN, the flight with SELECT, and FETCH.
    assert_eq!(trips.map(|trips| trips + 2), Some(5));
}

#[test]
fn p8_mod_sequences_that_begin_anew_hide_no_flags() {
    let bed = Bed::new(furnished(FULL));
    bed.server.change("INBOX", |b| b.modseq = 5000);
    bed.server.deliver("INBOX", "high", 300);
    bed.server
        .change("INBOX", |b| b.flag(61, "\\Flagged", true));
    bed.sync().unwrap();
    // A server that was set up anew from its files counts from 1 again.
    bed.server.change("INBOX", |b| {
        b.modseq = 1;
        b.mails.iter_mut().for_each(|mail| mail.modseq = 1);
        b.flag(61, "\\Flagged", false);
        b.flag(61, "\\Seen", true);
    });
    bed.sync().unwrap();
    bed.assert_equal("anew");
}

#[test]
fn flags_that_come_before_the_first_screen_make_no_message_without_a_date() {
    let bed = Bed::new(furnished(FULL));
    let news = "* 60 FETCH (UID 60 FLAGS (\\Answered))\r\n";
    bed.server.world().extra.push(("FETCH 11:60", news));
    bed.sync().unwrap();
    assert!(bed.message("INBOX", 60).arrival > 0);
    bed.assert_equal("after news");
}

#[test]
fn m8_a_message_without_envelope_and_header_keeps_its_flags() {
    let bed = Bed::new(furnished(FULL));
    bed.server.change("INBOX", |b| b.flag(9, "\\Seen", true));
    bed.server.world().garbled.insert(9);
    bed.sync().unwrap();
    assert_eq!(bed.message("INBOX", 9).flags.to_string(), "\\Seen");
}

#[test]
fn bytes_of_another_section_are_nobody_s() {
    let bed = Bed::new(furnished(FULL));
    let other = "* 58 FETCH (UID 58 BODY[TEXT] {5}\r\nhello)\r\n";
    bed.server.world().extra.push(("BODY.PEEK[]", other));
    bed.sync().unwrap();
    bed.assert_equal("after a foreign section");
}

#[test]
fn p8_a_mailbox_that_one_list_leaves_out_is_not_deleted() {
    for capabilities in [FULL, PLAIN] {
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        let before = bed.message("Archive", 3).key;
        bed.wish(before, seen());
        bed.server.world().unlisted.insert("Archive".to_owned());
        bed.sync().unwrap();
        assert_eq!(bed.message("Archive", 3).key, before, "{capabilities}");
        bed.server.world().unlisted.clear();
        bed.sync().unwrap();
        bed.assert_equal(capabilities);
        // One that is really gone goes, and what waited for it is told of.
        bed.wish(before, flagged());
        bed.server.world().boxes.remove("Archive");
        bed.sync().unwrap();
        bed.assert_equal(capabilities);
        let notices = bed.notices();
        assert!(
            notices.iter().any(|n| n.contains("1 changes")),
            "{notices:?}"
        );
    }
}

#[test]
fn a_mailbox_that_does_not_open_holds_up_no_other() {
    let mut bed = Bed::new(furnished(FULL));
    bed.account.offline = Offline::Headers;
    bed.sync().unwrap();
    bed.account.offline = Offline::All;
    bed.wish(bed.message("Archive", 3).key, seen());
    bed.wish(bed.message("INBOX", 3).key, seen());
    bed.server.world().refused.insert("Archive".to_owned());
    let tally = bed.sync().unwrap();
    assert_eq!((tally.pushed, tally.bodies), (1, 60));
    let notices = bed.notices();
    assert!(
        notices.iter().any(|n| n.contains("open \"Archive\"")),
        "{notices:?}"
    );
    bed.server.world().refused.clear();
    bed.sync().unwrap();
    bed.assert_equal("opened again");
}

#[test]
fn a_mailbox_that_list_proves_unchanged_is_not_opened_and_any_other_is() {
    let counts_only = FULL.replace(" CONDSTORE", "");
    for (capabilities, opened) in [(FULL, 0), (counts_only.as_str(), 1), (PLAIN, 1)] {
        let bed = Bed::new(furnished(capabilities));
        bed.sync().unwrap();
        bed.server.take_commands();
        let selects = || {
            let commands = bed.server.take_commands();
            let archive = |c: &&String| c.starts_with("SELECT Archive");
            commands.iter().filter(archive).count()
        };
        bed.sync().unwrap();
        assert_eq!(selects(), opened, "{capabilities}");
        // A flag alone changes no count.
        bed.server
            .change("Archive", |b| b.flag(2, "\\Flagged", true));
        bed.sync().unwrap();
        assert_eq!(selects(), 1, "{capabilities}");
        bed.assert_equal(capabilities);
        // What is sent there is read back.
        bed.wish(bed.message("Archive", 3).key, seen());
        bed.sync().unwrap();
        assert!(selects() > 1, "{capabilities}: to send and to read");
        bed.sync().unwrap();
        assert_eq!(selects(), opened, "{capabilities}");
        bed.assert_equal(capabilities);
    }
}

#[test]
fn the_flags_and_the_listing_of_a_pull_go_out_in_one_flight() {
    let bed = Bed::new(furnished(FULL));
    bed.sync().unwrap();
    bed.server.change("Archive", |b| {
        b.flag(2, "\\Flagged", true);
        b.expunge(4);
    });
    bed.server.world().trips = 0;
    bed.sync().unwrap();
    bed.assert_equal("pulled");
    // Sign-in, LIST, the listing of INBOX, SELECT Archive, its flags and listing, LOGOUT.
    assert_eq!(bed.server.world().trips, 6);
}
