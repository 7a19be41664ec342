//! Mail by POP3 under every policy, over servers that name their messages well, badly or not at all
//! (SAFETY R20): what is on the server and what is here afterwards.

use std::time::Duration;

use lacebark::model::{FlagChange, Flags, PartPath, Role};
use lacebark::ops::requests::{self, Progress};
use lacebark::ops::triage::{Target, Wish};
use lacebark::ops::{self, flags::Undoable};
use lacebark::store::bodies::Have;
use lacebark::store::{bodies, mailboxes, messages};
use lacebark::sync::{SyncError, Work};

use crate::harness::fake_pop3::{Script, Uidls};
use crate::pop3_bed::{Bed, mail, mails};

fn there(bed: &Bed) -> Vec<Vec<u8>> {
    let all = bed.fake.maildrop();
    all.iter().map(|mail| mail.bytes.to_vec()).collect()
}

/// The same messages, in any order.
fn same(mut left: Vec<Vec<u8>>, right: &[Vec<u8>]) {
    let mut right = right.to_vec();
    left.sort();
    right.sort();
    assert_eq!(left.len(), right.len());
    assert!(left == right);
}

fn holding(script: Script, policy: &str, all: &[Vec<u8>]) -> Bed {
    let bed = Bed::new(script, policy);
    for mail in all {
        bed.fake.deliver(mail);
    }
    bed
}

#[test]
fn r20_r21_each_policy_leaves_on_the_server_what_it_says() {
    let all = mails(&["a", "b", "c"]);
    // Kept: here and there, and nothing comes twice.
    let bed = holding(Script::default(), "keep", &all);
    assert_eq!(bed.sync().unwrap().new, 3);
    assert_eq!(bed.sync().unwrap().new, 0);
    same(bed.bytes(), &all);
    same(there(&bed), &all);
    assert_eq!(bed.fake.count("DELE"), 0);
    // Deleted: here alone.
    let bed = holding(Script::default(), "delete", &all);
    assert_eq!(bed.sync().unwrap().left, 3);
    same(bed.bytes(), &all);
    same(there(&bed), &[]);
    assert_eq!(bed.sync().unwrap().left, 0);
    // After two days.
    let bed = holding(Script::default(), "2d", &all);
    assert_eq!(bed.sync().unwrap().left, 0);
    bed.days_pass(1);
    let late = mail("late");
    bed.fake.deliver(&late);
    assert_eq!(bed.sync().unwrap().left, 0);
    bed.days_pass(1);
    assert_eq!(bed.sync().unwrap().left, 3);
    same(there(&bed), &[late]);
    assert_eq!(bed.bytes().len(), 4);
}

#[test]
fn r20_what_is_deleted_here_goes_there_only_as_a_mirror_and_never_comes_back() {
    let all = mails(&["a", "b", "c"]);
    for policy in ["keep", "mirror"] {
        let bed = holding(Script::default(), policy, &all);
        bed.sync().unwrap();
        bed.act(bed.find(&all[0]), Wish::Move(Target::Role(Role::Trash)));
        bed.act(bed.find(&all[1]), Wish::Expunge);
        let left = bed.sync().unwrap();
        let expected = if policy == "mirror" { 2 } else { 0 };
        assert_eq!((left.left, left.new), (expected, 0), "{policy}");
        same(bed.bytes(), &[all[0].clone(), all[2].clone()]);
        assert_eq!(there(&bed).len(), 3 - usize::try_from(expected).unwrap());
        // Back out of Trash: it is here, whatever became of the other one.
        ops::undo::undo(&bed.store).wait().unwrap();
        assert_eq!(bed.sync().unwrap().new, 0, "{policy}");
    }
}

#[test]
fn r20_a_change_that_takes_more_from_the_server_waits_for_a_person() {
    let all = mails(&["a", "b"]);
    let mut bed = holding(Script::default(), "keep", &all);
    bed.sync().unwrap();
    bed.wish("delete");
    assert_eq!(bed.sync().unwrap().left, 0);
    same(there(&bed), &all);
    assert!(
        bed.told()
            .iter()
            .any(|text| text.contains("on_server was \"keep\"")),
        "{:?}",
        bed.told()
    );
    ops::accounts::agree(
        &bed.store,
        bed.key(),
        "delete".to_owned().try_into().unwrap(),
    )
    .wait()
    .unwrap();
    assert_eq!(bed.sync().unwrap().left, 2);
    same(there(&bed), &[]);
    same(bed.bytes(), &all);
    // Less is done at once.
    bed.wish("keep");
    bed.fake.deliver(&mail("c"));
    bed.sync().unwrap();
    assert_eq!(there(&bed).len(), 1);
}

#[test]
fn r20_new_names_for_all_messages_make_no_doubles() {
    let names: Vec<String> = (0..30).map(|n| format!("m{n}")).collect();
    let all: Vec<Vec<u8>> = names.iter().map(|name| mail(name)).collect();
    for policy in ["keep", "2d"] {
        for offers in [Script::default(), Script::default().without("TOP")] {
            let bed = holding(offers, policy, &all);
            bed.sync().unwrap();
            bed.fake.forget();
            bed.fake
                .change(|script| script.uidls = Uidls::New("x".into()));
            let late = mail("late");
            bed.fake.deliver(&late);
            assert_eq!(bed.sync().unwrap().new, 1, "{policy}");
            assert_eq!(bed.kept().len(), 31, "{policy}");
            assert_eq!(bed.sync().unwrap().new, 0, "{policy}");
            bed.days_pass(3);
            let left = bed.sync().unwrap().left;
            assert_eq!(left, if policy == "keep" { 0 } else { 31 });
            bed.never_neither(&all, policy);
        }
    }
}

#[test]
fn r20_without_names_and_with_one_for_all_every_message_comes_once() {
    let mut all = mails(&["a", "b", "c"]);
    // Two that are equal to the last octet are two.
    all.push(mail("c"));
    let scripts = [
        (
            "none",
            Script {
                uidls: Uidls::None,
                ..Script::default()
            },
        ),
        (
            "same",
            Script {
                uidls: Uidls::Same("x".into()),
                ..Script::default()
            },
        ),
        (
            "empty",
            Script {
                uidls: Uidls::Empty,
                ..Script::default()
            },
        ),
        ("not offered", Script::default().without("UIDL")),
        (
            "nothing offered",
            Script::default().without("UIDL").without("TOP"),
        ),
    ];
    for (name, script) in scripts {
        for policy in ["keep", "delete", "mirror"] {
            let what = format!("{name} {policy}");
            let bed = holding(script.clone(), policy, &all);
            let first = bed.sync().unwrap();
            assert_eq!(first.new, 4, "{what}");
            bed.sync().unwrap();
            same(bed.bytes(), &all);
            let left = if policy == "delete" { 0 } else { 4 };
            assert_eq!(there(&bed).len(), left, "{what}");
            bed.fake.deliver(&mail("d"));
            assert_eq!(bed.sync().unwrap().new, 1, "{what}");
            assert_eq!(bed.bytes().len(), 5, "{what}");
            if policy == "mirror" {
                bed.act(bed.find(&all[1]), Wish::Expunge);
                bed.sync().unwrap();
                assert!(!bed.fake.holds(&all[1]), "{what}");
                assert_eq!(there(&bed).len(), 4, "{what}");
            }
        }
    }
}

#[test]
fn r20_a_name_that_is_given_again_costs_no_message() {
    for policy in ["delete", "mirror", "1d"] {
        let mut bed = holding(Script::default(), "keep", &mails(&["a", "b"]));
        bed.sync().unwrap();
        // Another client empties the maildrop, and the server begins its names anew.
        let other = mail("other");
        bed.fake.replace("uid000001", &other);
        let agreed = policy.to_owned().try_into().unwrap();
        ops::accounts::agree(&bed.store, bed.key(), agreed)
            .wait()
            .unwrap();
        bed.wish(policy);
        bed.days_pass(2);
        if policy == "mirror" {
            bed.act(bed.find(&mail("a")), Wish::Expunge);
        }
        bed.sync().unwrap();
        bed.never_neither(std::slice::from_ref(&other), policy);
        assert!(
            bed.fake.holds(&other),
            "{policy}: deleted though it never came"
        );
        bed.sync().unwrap();
        assert!(bed.bytes().contains(&other), "{policy}");
        assert!(
            bed.told()
                .iter()
                .any(|text| text.contains("other messages under names"))
        );
    }
}

#[test]
fn r21_headers_come_first_and_bytes_when_they_are_asked_for() {
    let mut large = mail("large");
    large.extend_from_slice(&b"x".repeat(3000));
    large.extend_from_slice(b"\r\n");
    let small = mail("small");
    let bed = Bed::with(Script::default(), "delete", "download_up_to = \"1K\"\n");
    bed.fake.deliver(&large);
    bed.fake.deliver(&small);
    let tally = bed.sync().unwrap();
    assert_eq!((tally.new, tally.bodies, tally.left), (2, 1, 1));
    same(bed.bytes(), &[small]);
    // Of what only the header is here, nothing is deleted there.
    assert!(bed.fake.holds(&large));
    let half = bed
        .kept()
        .into_iter()
        .find(|one| one.bytes.is_none())
        .unwrap();
    let reader = bed.store.reader().unwrap();
    let row = messages::get(&reader, half.key).unwrap();
    assert!(row.size > 3000);
    drop(reader);
    let whole = PartPath::parse("").unwrap();
    let patience = Duration::from_secs(60);
    let asked = requests::fetch_body(&bed.store, bed.key(), half.content, &whole, patience);
    let asked = asked.wait().unwrap();
    bed.work(Work::Errands).unwrap();
    let reader = bed.store.reader().unwrap();
    assert_eq!(
        requests::progress(&reader, asked).unwrap(),
        Some(Progress::Done)
    );
    let have = bodies::have(&reader, half.content, "").unwrap();
    assert_eq!(have, Have::Whole(large.len() as u64));
    assert!(bed.bytes().contains(&large));
    // Now it may go.
    assert_eq!(bed.sync().unwrap().left, 1);
    same(there(&bed), &[]);
}

#[test]
fn r20_a_header_in_trash_can_be_taken_back_so_its_bytes_stay_on_the_server() {
    let all = mails(&["a"]);
    let bed = Bed::with(Script::default(), "mirror", "offline = \"headers\"\n");
    bed.fake.deliver(&all[0]);
    bed.sync().unwrap();
    let half = bed.kept().remove(0);
    assert_eq!(half.bytes, None);
    bed.act(half.key, Wish::Move(Target::Role(Role::Trash)));
    assert_eq!(bed.sync().unwrap().left, 0);
    same(there(&bed), &all);
    // For good is for good: who does that does not want the bytes.
    bed.act(half.key, Wish::Expunge);
    assert_eq!(bed.sync().unwrap().left, 1);
    same(there(&bed), &[]);
}

#[test]
fn who_asks_for_bytes_that_the_server_has_no_more_is_told() {
    let bed = Bed::with(Script::default(), "keep", "offline = \"headers\"\n");
    let uidl = bed.fake.deliver(&mail("a"));
    assert_eq!(bed.sync().unwrap().bodies, 0);
    bed.fake.remove(&uidl);
    let half = bed.kept().remove(0);
    let whole = PartPath::parse("").unwrap();
    let patience = Duration::from_secs(60);
    let asked = requests::fetch_body(&bed.store, bed.key(), half.content, &whole, patience);
    let asked = asked.wait().unwrap();
    bed.work(Work::Errands).unwrap();
    let reader = bed.store.reader().unwrap();
    let progress = requests::progress(&reader, asked).unwrap();
    assert!(
        matches!(&progress, Some(Progress::Failed { why }) if why.contains("not on the server")),
        "{progress:?}"
    );
    assert_eq!(bed.kept().len(), 1, "its header stays");
}

#[test]
fn only_recent_messages_come_whole_where_the_settings_say_so() {
    let bed = Bed::with(Script::default(), "keep", "offline = \"30d\"\n");
    let old = b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nSubject: old\r\n\r\nx\r\n".to_vec();
    bed.fake.deliver(&old);
    let new = mail("new");
    bed.fake.deliver(&new);
    let tally = bed.sync().unwrap();
    assert_eq!((tally.new, tally.bodies), (2, 1));
    same(bed.bytes(), &[new]);
}

#[test]
fn a_server_that_lists_a_slice_at_a_time_is_asked_until_it_has_no_more() {
    let names: Vec<String> = (0..60).map(|n| format!("m{n}")).collect();
    let bed = Bed::new(Script::default(), "delete");
    for name in &names {
        bed.fake.deliver(&mail(name));
    }
    bed.sync().unwrap();
    assert_eq!(bed.fake.connections(), 2);
    assert_eq!(bed.bytes().len(), 60);
    assert!(there(&bed).is_empty());
}

#[test]
fn flags_and_moves_of_pop3_mail_are_done_here_alone() {
    let all = mails(&["a", "b"]);
    let bed = holding(Script::default(), "keep", &all);
    bed.sync().unwrap();
    let key = bed.find(&all[0]);
    let seen = FlagChange::add(Flags::of(Flags::SEEN));
    bed.act(key, Wish::Flags(seen, Undoable::Yes));
    bed.act(key, Wish::Move(Target::Role(Role::Archive)));
    let reader = bed.store.reader().unwrap();
    let archive = mailboxes::by_role(&reader, bed.key(), Role::Archive)
        .unwrap()
        .unwrap();
    let row = messages::get(&reader, key).unwrap();
    assert_eq!(row.mailbox, Some(archive.key));
    assert!(row.flags.has(Flags::SEEN));
    drop(reader);
    bed.fake.forget();
    assert_eq!(bed.sync().unwrap().pushed, 0);
    assert_eq!(bed.kept().len(), 2);
    let sent = bed.fake.commands();
    let harmless = ["CAPA", "AUTH", "USER", "PASS", "STAT", "UIDL", "QUIT"];
    assert!(
        sent.iter()
            .all(|line| harmless.iter().any(|verb| line.starts_with(verb))),
        "{sent:?}"
    );
}

#[test]
fn a_locked_maildrop_and_a_server_asked_too_soon_say_nothing_about_the_password() {
    for (reply, code) in [
        ("-ERR [IN-USE] another session", "[IN-USE]"),
        ("-ERR [LOGIN-DELAY] wait", "[LOGIN-DELAY]"),
        ("-ERR [SYS/TEMP] later", "[SYS/TEMP]"),
        ("-ERR mailbox locked by another process", "locked"),
    ] {
        let script = Script::default().reply("PASS", reply).reply("AUTH", reply);
        let bed = holding(script, "delete", &mails(&["a"]));
        let error = bed.sync().unwrap_err();
        assert!(
            matches!(&error, SyncError::Refused { .. }),
            "{reply}: {error}"
        );
        assert!(error.to_string().contains(code), "{error}");
        assert!(!error.needs_person(), "{error}");
        assert_eq!(there(&bed).len(), 1);
        bed.fake.now(Script::default());
        assert_eq!(bed.sync().unwrap().left, 1);
    }
    let script = Script::default()
        .reply("PASS", "-ERR [AUTH] no")
        .reply("AUTH", "-ERR [AUTH] no");
    let bed = holding(script, "delete", &mails(&["a"]));
    let error = bed.sync().unwrap_err();
    assert!(matches!(error, SyncError::SignIn { .. }), "{error}");
}

#[test]
fn p13_sizes_that_lie_and_a_message_that_is_refused_cost_nothing_else() {
    let all = mails(&["a", "b", "c"]);
    for error in [-200, 5, 1 << 40] {
        let script = Script {
            size_error: error,
            ..Script::default()
        };
        let bed = holding(script, "delete", &all);
        assert_eq!(bed.sync().unwrap().left, 3, "{error}");
        same(bed.bytes(), &all);
    }
    let script = Script::default().reply("RETR 2", "-ERR it is damaged");
    let bed = holding(script, "delete", &all);
    let tally = bed.sync().unwrap();
    assert_eq!((tally.new, tally.left), (2, 2));
    same(there(&bed), &all[1..2]);
    assert!(bed.told().iter().any(|text| text.contains("it is damaged")));
    bed.fake.now(Script::default());
    assert_eq!(bed.sync().unwrap().left, 1);
    same(bed.bytes(), &all);
}

#[test]
fn p13_a_message_over_which_the_link_breaks_keeps_nothing_else_from_coming() {
    let all = mails(&["a", "b", "c"]);
    let script = Script {
        cut_before: Some("RETR 2".to_owned()),
        ..Script::default()
    };
    let bed = holding(script, "delete", &all);
    let tally = bed.sync().unwrap();
    assert_eq!((tally.new, tally.left), (2, 2), "{tally:?}");
    same(there(&bed), &all[1..2]);
    assert!(bed.told().iter().any(|text| text.contains("uid000002")));
    bed.never_neither(&all, "after");
    bed.fake.now(Script::default());
    assert_eq!(bed.sync().unwrap().left, 1);
    same(bed.bytes(), &all);
}

#[test]
fn r20_a_dele_that_is_refused_and_a_quit_without_its_yes_leave_the_message_to_the_next_look() {
    let all = mails(&["a", "b", "c"]);
    let scripts = [
        Script::default().reply("DELE 2", "-ERR no"),
        Script::default().reply("QUIT", "-ERR some deleted messages not removed"),
    ];
    for script in scripts {
        let bed = holding(script, "delete", &all);
        let first = bed.sync().unwrap();
        assert_eq!(first.new, 3);
        assert!(first.left < 3, "{first:?}");
        bed.fake.now(Script::default());
        bed.sync().unwrap();
        same(there(&bed), &[]);
        same(bed.bytes(), &all);
    }
}
