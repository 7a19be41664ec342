//! Store and index that ended apart: killed, restored from copies, damaged, of another store.

use std::fs;

use super::*;
use crate::store::search::file::File;
use crate::store::tests::{Bed, damage};
use crate::store::{Rows, contents};

fn copy(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        fs::remove_file(name(to)).ok();
        if name(from).exists() {
            fs::copy(name(from), name(to)).unwrap();
        }
    }
}

/// Everything that a search should find, and nothing else.
fn is_whole(mail: &Mail, words: &[(&str, usize)]) {
    mail.index();
    let mut searcher = mail.searcher();
    for (word, count) in words {
        let (found, hits) = ask(&mut searcher, word, Scope::All, usize::MAX);
        assert_eq!((found.unindexed, hits.len()), (0, *count), "{word}");
    }
}

#[test]
fn an_index_that_is_older_or_newer_than_the_store_is_brought_up_to_it() {
    let mail = Mail::new();
    let aside = |name: &str| mail.folder.path().join(name);
    for n in 0..20 {
        mail.plain(&format!("first{n}"), "alpha");
    }
    let late = mail.add(0, NOW, Flags::none(), "Subject: late\n\nomega\n", false);
    mail.index();
    copy(&mail.path(), &aside("old-index"));
    for n in 0..5 {
        mail.plain(&format!("second{n}"), "beta");
    }
    let content = content_of(&mail.store, late);
    put(&mail.store, move |tx| {
        bodies::store(
            tx,
            &BodyWriter::whole(content, "", b"Subject: late\r\n\r\nomega\r\n"),
        )
    });
    is_whole(&mail, &[("alpha", 20), ("beta", 5), ("omega", 1)]);
    // The cache is put back as it was: what has changed since is in no list any more.
    copy(&aside("old-index"), &mail.path());
    is_whole(
        &mail,
        &[("alpha", 20), ("beta", 5), ("omega", 1), ("late", 1)],
    );
}

#[test]
fn a_store_that_went_back_is_indexed_from_the_last_mark_that_is_true() {
    let mail = Mail::new();
    mail.plain("first", "alpha");
    mail.index();
    let aside = mail.folder.path().join("old-store");
    put(&mail.store, |tx| {
        tx.connection()
            .execute_batch("UPDATE store SET made = made")?;
        Ok(())
    });
    mail.store.compact().wait().unwrap();
    fs::copy(mail.store.path(), &aside).unwrap();
    mail.plain("second", "beta");
    mail.plain("third", "beta gamma");
    mail.index();
    // The store is lost and comes back from a copy; then other mail takes the same keys.
    let Mail {
        store,
        folder,
        work,
        mailboxes,
    } = mail;
    let path = store.path().to_owned();
    drop(store);
    copy(&aside, &path);
    let mail = Mail {
        store: crate::store::tests::open(folder.path()),
        folder,
        work,
        mailboxes,
    };
    mail.plain("other", "delta");
    is_whole(
        &mail,
        &[("alpha", 1), ("beta", 0), ("gamma", 0), ("delta", 1)],
    );
    mail.plain("more", "beta");
    is_whole(&mail, &[("alpha", 1), ("beta", 1), ("delta", 1)]);
}

#[test]
fn an_index_that_is_gone_of_another_store_or_no_index_is_made_anew() {
    let mail = Mail::new();
    mail.plain("first", "alpha");
    mail.index();
    let other = Mail::new();
    other.plain("foreign", "zeta");
    other.index();
    copy(&other.path(), &mail.path());
    let (found, hits) = ask(&mut mail.searcher(), "zeta OR alpha", Scope::All, 9);
    assert_eq!(
        (found.unindexed, hits.len()),
        (1, 0),
        "words of another store are not ours"
    );
    is_whole(&mail, &[("alpha", 1), ("zeta", 0)]);
    for bytes in [
        &b""[..],
        b"not a database",
        &[0; 8192],
        b"SQLite format 3\0",
    ] {
        for suffix in ["", "-wal"] {
            fs::write(format!("{}{suffix}", mail.path().display()), bytes).unwrap();
        }
        let (found, hits) = ask(&mut mail.searcher(), "alpha", Scope::All, 9);
        assert!(hits.len() + usize::try_from(found.unindexed).unwrap() > 0);
        is_whole(&mail, &[("alpha", 1)]);
    }
    fs::remove_file(mail.path()).unwrap();
    is_whole(&mail, &[("alpha", 1)]);
}

#[test]
fn a_damaged_index_is_never_an_error_and_is_made_anew() {
    let mail = Mail::new();
    for n in 0..60 {
        mail.plain(
            &format!("note {n}"),
            &format!("alpha word{n} {}", "filler ".repeat(n)),
        );
    }
    mail.index();
    let sound = mail.folder.path().join("sound");
    {
        let sql = rusqlite::Connection::open(mail.path()).unwrap();
        sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
    }
    copy(&mail.path(), &sound);
    let pages = fs::read(&sound).unwrap().len() / 4096;
    let mut anew = 0;
    for page in 0..pages {
        copy(&sound, &mail.path());
        let mut bytes = fs::read(mail.path()).unwrap();
        bytes[page * 4096..page * 4096 + 4096].fill(0x55);
        fs::write(mail.path(), bytes).unwrap();
        let mut searcher = mail.searcher();
        for word in ["alpha", "word", "filler", "word7", "subject:note"] {
            ask(&mut searcher, word, Scope::All, 99);
        }
        // What was seen to be damaged is gone; the rest is found out when it is written to.
        if !mail.path().exists() {
            anew += 1;
            is_whole(&mail, &[("alpha", 60), ("word", 60), ("filler", 59)]);
        } else {
            let mut indexer = Indexer::begin(&mail.store, &mail.path()).unwrap().unwrap();
            while indexer.step().unwrap() != Step::All {}
        }
    }
    assert!(anew > 0, "of {pages} pages none was missed");
}

#[test]
fn a_kill_between_any_two_writes_leaves_an_index_that_goes_on() {
    let mail = Mail::new();
    for n in 0..40 {
        mail.plain(&format!("note {n}"), "alpha");
    }
    let mut steps = 0;
    loop {
        // What a kill leaves: the file as it is, nothing that was in memory.
        let mut indexer = Indexer::begin(&mail.store, &mail.path()).unwrap().unwrap();
        if indexer.step().unwrap() == Step::All {
            break;
        }
        steps += 1;
        if steps == 1 {
            mail.plain("behind", "alpha");
        }
    }
    assert!(steps >= 2);
    is_whole(&mail, &[("alpha", 41)]);
}

#[test]
fn one_indexes_at_a_time_and_who_reads_is_not_kept_from_it() {
    let mail = Mail::new();
    mail.plain("first", "alpha");
    let mut one = Indexer::begin(&mail.store, &mail.path()).unwrap().unwrap();
    assert!(Indexer::begin(&mail.store, &mail.path()).unwrap().is_none());
    assert_eq!(mail.find("alpha").len(), 0);
    while one.step().unwrap() != Step::All {}
    assert_eq!(mail.find("alpha").len(), 1);
    // Another process takes the file away: the one that indexes begins anew, who reads sees it.
    let mut searcher = mail.searcher();
    super::super::remove(&mail.path()).unwrap();
    assert_eq!(ask(&mut searcher, "alpha", Scope::All, 9).0.unindexed, 1);
    while one.step().unwrap() != Step::All {}
    assert_eq!(ask(&mut searcher, "alpha", Scope::All, 9).1.len(), 1);
    drop(one);
    assert!(Indexer::begin(&mail.store, &mail.path()).unwrap().is_some());
}

#[test]
fn a_text_that_cannot_be_read_keeps_no_other_from_being_found() {
    let mail = Mail::new();
    let bad = mail.plain("broken", "alpha");
    mail.plain("sound", "beta");
    let content = content_of(&mail.store, bad).0;
    damage(
        &mail.store,
        &format!(
            "UPDATE body SET coding = 9 WHERE blob = (SELECT blob FROM content WHERE key = {content})"
        ),
    );
    is_whole(&mail, &[("beta", 1)]);
}

#[test]
fn s7_rows_of_a_removed_account_leave_the_index() {
    let mail = Mail::new();
    mail.plain("canaryword", "alpha");
    let home = mail.add(5, NOW, Flags::none(), "Subject: stays\n\nalpha\n", true);
    mail.index();
    let work = mail.work;
    put(&mail.store, move |tx| accounts::remove(tx, work));
    assert_eq!(mail.find("alpha"), [home]);
    super::super::remove(&mail.path()).unwrap();
    mail.index();
    assert_eq!(rows(&mail.path()), 1);
    let bytes = fs::read(mail.path()).unwrap();
    let wal = fs::read(format!("{}-wal", mail.path().display())).unwrap_or_default();
    for file in [bytes, wal] {
        assert!(!file.windows(6).any(|some| some == b"canary"));
    }
}

#[test]
fn only_what_is_synced_is_indexed() {
    // A bulk write is not synced; the indexer has it synced before it takes it.
    let bed = Bed::new();
    bed.insert(vec![crate::store::tests::arrived(1, "a")]);
    let path = bed.folder.path().join("search.db");
    let before = super::super::indexer::claim(&bed.store.reader().unwrap()).unwrap();
    assert_eq!(before.through, 0);
    let mut indexer = Indexer::begin(&bed.store, &path).unwrap().unwrap();
    indexer.step().unwrap();
    let reader = bed.store.reader().unwrap();
    let claim = super::super::indexer::claim(&reader).unwrap();
    let state = File::open(&path, super::super::file::name_of(&reader).unwrap())
        .unwrap()
        .state()
        .unwrap();
    assert!(
        state.through > 0 && claim.through >= state.through,
        "{state:?}"
    );
    assert!(contents::total(&reader).unwrap() > 0);
}
