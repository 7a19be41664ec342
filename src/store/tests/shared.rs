//! Several processes over one file: what they ask of each other, hear of each other, and what
//! happens when one of them is of another version.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{ContentKey, RequestId};
use crate::store::requests::{self, Asked, Progress};
use crate::store::{
    Change, Priority, StoreError, Tx, accounts, bodies, mailboxes, messages, notices,
};

use super::{Bed, NOW, damage, open};

fn write<T: Send + 'static>(
    bed: &Bed,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    bed.store.write(Priority::Person, work).wait().unwrap()
}

fn body(section: &str) -> Asked {
    Asked::FetchBody {
        content: ContentKey(17),
        section: section.to_owned(),
    }
}

#[test]
fn a_server_is_worth_asking_where_it_has_what_is_not_here() {
    let bed = Bed::new();
    let (account, inbox, reader) = (bed.account, bed.inbox, bed.store.reader().unwrap());
    let lacks = |mailbox| requests::lacks_any(&reader, account, mailbox).unwrap();
    let counted = |messages: u32| {
        let counts = mailboxes::StatusCounts {
            messages: Some(messages),
            unseen: None,
        };
        write(&bed, move |tx| mailboxes::record_status(tx, inbox, counts));
    };
    assert!(!lacks(None));
    counted(1);
    assert!(lacks(None) && lacks(Some(inbox)), "a message is missing");
    let key = bed.insert(vec![super::arrived(1, "a")])[0];
    assert!(lacks(None), "its text is missing");
    let content = messages::get(&reader, key).unwrap().content;
    write(&bed, move |tx| {
        bodies::store(
            tx,
            &bodies::BodyWriter::whole(content, "", b"a\r\n\r\nb\r\n"),
        )
    });
    assert!(!lacks(None) && !lacks(Some(inbox)), "all is here");
    let of_another = requests::lacks_any(&reader, crate::model::AccountKey(99), None);
    counted(2);
    assert!(!of_another.unwrap() && lacks(None));
}

#[test]
fn a_request_is_taken_answered_and_removed() {
    let bed = Bed::new();
    let (account, reader) = (bed.account, bed.store.reader().unwrap());
    let ask = |asked: Asked, deadline| {
        write(&bed, move |tx| requests::ask(tx, account, &asked, deadline))
    };
    let open = || -> Vec<RequestId> {
        let open = requests::open(&reader, account).unwrap();
        open.into_iter().map(|request| request.id).collect()
    };
    let find = |id| requests::find(&reader, id).unwrap();
    let first = ask(body("1"), NOW + 60);
    assert_eq!(ask(body("1"), NOW + 90), first, "asked twice, done once");
    let second = ask(body("2"), NOW - 1);
    let sync = ask(Asked::Sync { mailbox: None }, NOW + 60);
    assert_eq!(open(), [first, second, sync]);
    assert_eq!(find(first).unwrap().deadline, NOW + 90);
    write(&bed, move |tx| {
        requests::set_progress(tx, first, &Progress::Taken)?;
        requests::report(tx, sync, "3 0")
    });
    assert_eq!(open(), [second]);
    let done = find(sync).unwrap();
    assert_eq!(
        (done.progress, done.report.as_str()),
        (Progress::Done, "3 0")
    );
    let unanswered = requests::unanswered(&reader, account).unwrap();
    assert_eq!(unanswered.len(), 2, "taken is not answered");
    // The owner that had taken it has ended.
    assert_eq!(write(&bed, move |tx| requests::reopen(tx, account)), 1);
    assert_eq!(open(), [first, second]);
    assert_eq!(write(&bed, move |tx| requests::expire(tx, account)), 1);
    assert!(find(second).is_none(), "nobody waits for it any more");
    write(&bed, move |tx| requests::remove(tx, first));
    assert!(find(first).is_none());
}

#[test]
fn who_searches_for_the_same_as_somebody_else_takes_nothing_from_them() {
    let bed = Bed::new();
    let (account, reader) = (bed.account, bed.store.reader().unwrap());
    let search = || {
        let asked = Asked::Search {
            mailbox: None,
            query: "zebra".to_owned(),
        };
        write(&bed, move |tx| requests::ask(tx, account, &asked, NOW + 60))
    };
    let (one, other) = (search(), search());
    write(&bed, move |tx| requests::remove(tx, other));
    let open = requests::open(&reader, account).unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].id, one);
}

#[test]
fn a_sign_in_waits_until_its_password_has_come() {
    let bed = Bed::new();
    let (account, reader) = (bed.account, bed.store.reader().unwrap());
    let id = write(&bed, move |tx| {
        requests::ask_to_sign_in(tx, account, NOW + 60)
    });
    assert!(requests::open(&reader, account).unwrap().is_empty());
    write(&bed, move |tx| {
        requests::set_progress(tx, id, &Progress::Open)
    });
    let open = requests::open(&reader, account).unwrap();
    assert_eq!((open[0].id, &open[0].asked), (id, &Asked::SignIn));
}

#[test]
fn a_commit_is_announced_unless_another_process_made_it() {
    let bed = Bed::new();
    let other = open(bed.folder.path());
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    bed.store.announce(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let account = bed.account;
    let ask = move |tx: &Tx<'_>| requests::ask(tx, account, &body("1"), NOW).map(|_| ());
    other.write(Priority::Person, ask).wait().unwrap();
    assert!(bed.store.look().wait().unwrap());
    assert_eq!(told.load(Ordering::SeqCst), 0);
    write(&bed, |_| Ok(()));
    assert_eq!(told.load(Ordering::SeqCst), 0, "nothing was changed");
    write(&bed, ask);
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[test]
fn what_only_reads_begins_no_writer() {
    let bed = Bed::new();
    let reading = open(bed.folder.path());
    reading.glance(accounts::all).unwrap();
    drop(reading.reader().unwrap());
    assert_eq!(accounts::all(&reading.reader().unwrap()).unwrap().len(), 1);
    assert!(!reading.inner.writer.is_begun());
    reading.write(Priority::Person, |_| Ok(())).wait().unwrap();
    assert!(reading.inner.writer.is_begun());
}

#[test]
fn a_look_misses_nothing_since_the_store_was_opened() {
    let bed = Bed::new();
    let late = open(bed.folder.path());
    let account = bed.account;
    write(&bed, move |tx| {
        requests::ask(tx, account, &body("1"), NOW).map(|_| ())
    });
    // Its connection is younger than that commit.
    late.write(Priority::Person, |_| Ok(())).wait().unwrap();
    assert!(late.look().wait().unwrap());
    assert!(!late.look().wait().unwrap(), "nothing since");
}

#[test]
fn a_write_that_finds_no_file_fails_and_the_next_one_tries_again() {
    let bed = Bed::new();
    let store = open(bed.folder.path());
    let (path, away) = (store.path().to_owned(), bed.folder.path().join("away"));
    std::fs::rename(&path, &away).unwrap();
    let idle = |_: &Tx<'_>| Ok(());
    assert!(store.write(Priority::Person, idle).wait().is_err());
    std::fs::rename(&away, &path).unwrap();
    store.write(Priority::Person, idle).wait().unwrap();
}

#[test]
fn r14_what_another_version_has_migrated_is_not_written_any_more() {
    let bed = Bed::new();
    let before = notices::latest(&bed.store.reader().unwrap(), 9).unwrap();
    damage(&bed.store, "PRAGMA user_version = 99");
    let write = bed.store.write(Priority::Person, |tx| {
        tx.changed(Change::Notices);
        notices::settle(tx, "work", "link")
    });
    let refused = [
        write.wait().err(),
        bed.store.trim().err(),
        bed.store.compact().wait().err(),
    ];
    for error in refused {
        assert!(
            matches!(error, Some(StoreError::Newer { found: 99, .. })),
            "{error:?}"
        );
    }
    let after = notices::latest(&bed.store.reader().unwrap(), 9).unwrap();
    assert_eq!(before, after);
}
