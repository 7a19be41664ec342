//! What is muted, and what is not.

use crate::model::{Address, Flags, MessageKey, Role, ThreadKey};
use crate::store::accounts::{self, AccountKind};
use crate::store::messages::Arrived;
use crate::store::mutes::{self, Topic};
use crate::store::{journal, local, mailboxes, messages, notices, threads};

use super::threads::answer;
use super::{Bed, NOW, line};

fn bed_with_archive() -> (Bed, crate::model::MailboxKey) {
    let bed = Bed::new();
    let account = bed.account;
    let archive = bed.put(move |tx| {
        let archive = mailboxes::Listed {
            role: Some(Role::Archive),
            ..line("Archive")
        };
        Ok(mailboxes::record_list(tx, account, &[line("INBOX"), archive])?.new[0])
    });
    (bed, archive)
}

fn now(message: Arrived) -> Arrived {
    Arrived {
        arrival: NOW,
        ..message
    }
}

fn to(message: Arrived, to: &[&str], list: &str) -> Arrived {
    let mut message = now(message);
    let envelope = message.envelope.as_mut().unwrap();
    envelope.to = to
        .iter()
        .map(|to| Address {
            address: (*to).to_owned(),
            ..Address::default()
        })
        .collect();
    envelope.list_id = list.to_owned();
    message
}

impl Bed {
    /// As a pull stores what came.
    fn come(&self, arrived: Vec<Arrived>) -> Vec<MessageKey> {
        let inbox = self.inbox;
        self.put(move |tx| {
            let mark = mutes::mark(tx)?;
            let epoch = mailboxes::get(tx, inbox)?.epoch;
            let keys = messages::insert(tx, inbox, epoch, &arrived)?;
            let fresh: Vec<_> = keys.iter().copied().filter(|key| *key > mark).collect();
            mutes::file(tx, &fresh, &["Alice@example.org".to_owned()])?;
            Ok(keys)
        })
    }

    fn thread(&self, key: MessageKey) -> ThreadKey {
        let reader = self.store.reader().unwrap();
        threads::of_message(&reader, key).unwrap().unwrap()
    }

    /// Where it is shown, and whether read.
    fn place(&self, key: MessageKey) -> (Option<crate::model::MailboxKey>, bool) {
        let reader = self.store.reader().unwrap();
        let row = messages::get(&reader, key).unwrap();
        (row.mailbox, row.flags.has(Flags::SEEN))
    }
}

#[test]
fn later_mail_of_a_muted_thread_goes_to_archive_read_and_the_log_names_it_once() {
    let (bed, archive) = bed_with_archive();
    let first = bed.come(vec![answer(1, "a", &[])])[0];
    let thread = bed.thread(first);
    let add = || bed.put(move |tx| mutes::add(tx, &Topic::Thread(thread), "Tickets"));
    assert!(add().is_some());
    assert!(add().is_none());
    let later = bed.come(vec![
        now(answer(2, "b", &["a"])),
        now(answer(3, "c", &["a"])),
        now(answer(4, "z", &[])),
    ]);
    let fourth = bed.come(vec![now(answer(5, "d", &["b"]))])[0];
    for key in [later[0], later[1], fourth] {
        assert_eq!(bed.place(key), (Some(archive), true));
    }
    assert_eq!(
        bed.place(first),
        (Some(bed.inbox), false),
        "what was there stays"
    );
    assert_eq!(bed.place(later[2]), (Some(bed.inbox), false));
    let reader = bed.store.reader().unwrap();
    let row = mailboxes::get(&reader, bed.inbox).unwrap();
    assert_eq!((row.total, row.unread), (2, 2));
    let told = notices::latest(&reader, 9).unwrap();
    assert_eq!((told.len(), told[0].times), (1, 2));
    assert!(told[0].notice.text.contains("\"Tickets\""), "{told:?}");
    // The server is told: read first, then moved.
    let words: Vec<_> = journal::all(&reader)
        .unwrap()
        .iter()
        .map(|one| one.kind.word())
        .collect();
    assert_eq!(words, ["flag", "move", "flag", "move", "flag", "move"]);
    let mute = mutes::all(&reader).unwrap().remove(0);
    assert_eq!((mute.called.as_str(), mute.filed), ("Tickets", 3));
    assert_eq!(
        mutes::filed(&reader, mute.key).unwrap()[0],
        (later[0], bed.inbox)
    );
}

#[test]
fn what_is_written_to_the_person_alone_is_left_unless_it_came_over_a_muted_list() {
    let (bed, archive) = bed_with_archive();
    let first = bed.come(vec![answer(1, "a", &[])])[0];
    let thread = bed.thread(first);
    bed.put(move |tx| mutes::add(tx, &Topic::Thread(thread), "Tickets"));
    bed.put(|tx| mutes::add(tx, &Topic::list("News.Example.org"), "news"));
    let check = |uid: u32, who: &[&str], list: &str, above: &[&str], filed: bool| {
        let id = format!("m{uid}");
        let key = bed.come(vec![to(answer(uid, &id, above), who, list)])[0];
        let expected = if filed {
            (Some(archive), true)
        } else {
            (Some(bed.inbox), false)
        };
        assert_eq!(bed.place(key), expected, "{who:?} {list}");
    };
    check(2, &["alice@example.org"], "", &["a"], false);
    check(
        3,
        &["alice@example.org", "bob@example.org"],
        "",
        &["a"],
        true,
    );
    check(4, &["bob@example.org"], "", &["a"], true);
    check(5, &[], "", &["a"], true);
    check(6, &["alice@example.org"], "users.example.org", &["a"], true);
    check(7, &["alice@example.org"], "news.example.org", &[], true);
    check(8, &["alice@example.org"], "users.example.org", &[], false);
}

#[test]
fn what_was_read_what_is_old_and_what_lies_elsewhere_is_left_alone() {
    let (bed, archive) = bed_with_archive();
    let first = bed.come(vec![answer(1, "a", &[])])[0];
    let thread = bed.thread(first);
    bed.put(move |tx| mutes::add(tx, &Topic::Thread(thread), "Tickets"));
    let read = Arrived {
        flags: Flags::of(Flags::SEEN),
        ..now(answer(2, "b", &["a"]))
    };
    let old = Arrived {
        arrival: NOW - 3 * 86_400,
        ..answer(3, "c", &["a"])
    };
    let keys = bed.come(vec![read, old]);
    assert_eq!(bed.place(keys[0]), (Some(bed.inbox), true));
    assert_eq!(bed.place(keys[1]), (Some(bed.inbox), false));
    // What the person took back is not filed again when the server tells of it once more.
    let key = bed.come(vec![now(answer(4, "d", &["a"]))])[0];
    assert_eq!(bed.place(key), (Some(archive), true));
    let inbox = bed.inbox;
    bed.put(move |tx| {
        let sql = "UPDATE message SET mailbox = ?2, flags = 0 WHERE key = ?1";
        use crate::store::Rows;
        Ok(tx.connection().execute(sql, [key.0, inbox.0])?)
    });
    bed.come(vec![now(answer(4, "d", &["a"]))]);
    assert_eq!(bed.place(key).0, Some(bed.inbox));
}

#[test]
fn without_an_archive_it_is_only_marked_read() {
    let bed = Bed::new();
    let first = bed.come(vec![answer(1, "a", &[])])[0];
    let thread = bed.thread(first);
    bed.put(move |tx| mutes::add(tx, &Topic::Thread(thread), "Tickets"));
    let later = bed.come(vec![now(answer(2, "b", &["a"]))])[0];
    assert_eq!(bed.place(later), (Some(bed.inbox), true));
    let reader = bed.store.reader().unwrap();
    let waiting = journal::all(&reader).unwrap();
    assert_eq!((waiting.len(), waiting[0].kind.word()), (1, "flag"));
    let told = notices::latest(&reader, 9).unwrap();
    assert!(told[0].notice.text.ends_with("was marked read"), "{told:?}");
}

#[test]
fn mail_that_came_by_pop3_is_filed_without_a_journal() {
    let bed = Bed::new();
    let (inbox, archive) = bed.put(|tx| {
        let account = accounts::ensure(tx, "pop", AccountKind::Pop3)?;
        let inbox = local::ensure(tx, account, "INBOX", Some(Role::Inbox))?;
        let archive = local::ensure(tx, account, "Archive", Some(Role::Archive))?;
        Ok((inbox, archive))
    });
    let put = |message: Arrived| {
        bed.put(move |tx| {
            let (key, _) = messages::insert_local(tx, inbox, &message)?;
            mutes::file(tx, &[key], &[])?;
            Ok(key)
        })
    };
    let first = put(answer(1, "a", &[]));
    let thread = bed.thread(first);
    bed.put(move |tx| mutes::add(tx, &Topic::Thread(thread), "Tickets"));
    let second = put(now(answer(2, "b", &["a"])));
    assert_eq!(bed.place(second), (Some(archive), true));
    let reader = bed.store.reader().unwrap();
    assert_eq!(journal::counts(&reader).unwrap(), (0, 0));
}

#[test]
fn a_muted_thread_that_joins_another_stays_muted() {
    let (bed, archive) = bed_with_archive();
    let small = bed.come(vec![answer(1, "a", &["x"])])[0];
    bed.come(
        (2..9)
            .map(|uid| answer(uid, &format!("m{uid}"), &["y"]))
            .collect(),
    );
    let thread = bed.thread(small);
    bed.put(move |tx| mutes::add(tx, &Topic::Thread(thread), "Tickets"));
    let before = bed.come(vec![now(answer(20, "b", &["a"]))])[0];
    // It has joined the larger one when it is asked whether it is muted.
    let joint = bed.come(vec![now(answer(21, "x", &["y"]))])[0];
    let later = bed.come(vec![now(answer(22, "q", &["m3"]))])[0];
    for key in [before, joint, later] {
        assert_eq!(bed.place(key), (Some(archive), true));
    }
    let reader = bed.store.reader().unwrap();
    let mutes = mutes::all(&reader).unwrap();
    assert_eq!((mutes.len(), mutes[0].filed), (1, 3));
    assert_eq!(mutes[0].topic, Topic::Thread(bed.thread(joint)));
    let key = mutes[0].key;
    bed.put(move |tx| mutes::remove(tx, key));
    let last = bed.come(vec![now(answer(23, "r", &["m3"]))])[0];
    assert_eq!(bed.place(last), (Some(bed.inbox), false));
}
