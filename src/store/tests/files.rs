//! The file: modes, damage, other versions, other processes, a full disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::model::journal::PutOff;
use crate::model::{FlagChange, Flags};
use crate::store::verdicts;
use crate::store::{
    Change, Priority, Rows, Store, StoreError, contents, journal, lists, messages, notices, open,
};

use super::{Bed, NOW, Still, arrived};

#[test]
fn s4_the_store_is_private_to_its_user() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = root.path().join("made");
    let store = super::open(&folder);
    assert_eq!((mode(&folder), mode(root.path())), (0o700, 0o755));
    let files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{file:?}");
    }
    // What is found open to others is closed again.
    let file = folder.join("mail.db");
    drop(store);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let _store = super::open(&folder);
    assert_eq!(mode(&file), 0o600);
    // A folder that was there keeps its mode: more than ours may be in it.
    let _other = super::open(root.path());
    assert_eq!(mode(root.path()), 0o755);
}

#[test]
fn network_file_systems_are_known_by_their_magic() {
    assert_eq!(open::network_kind(0x6969), Some("NFS"));
    assert_eq!(open::network_kind(0xef53), None);
    assert_eq!(
        open::network_kind(-11_317_950),
        Some("CIFS"),
        "sign extended"
    );
}

/// A closed store of 60 messages, ten of them with a queued flag, and its bytes.
fn closed() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let bed = Bed::new();
    let keys = bed.insert((1..=60).map(|uid| arrived(uid, &uid.to_string())).collect());
    for key in &keys[..10] {
        bed.flag(*key, FlagChange::add(Flags::of(Flags::SEEN)));
    }
    let Bed { store, folder, .. } = bed;
    drop(store);
    let path = folder.path().join("mail.db");
    let bytes = fs::read(&path).unwrap();
    (folder, path, bytes)
}

struct Found {
    messages: u64,
    queued: usize,
    aside: Vec<PathBuf>,
    told: bool,
}

fn look(path: &Path) -> Result<Found, StoreError> {
    let store = Store::open(path, Arc::new(Still(NOW)))?;
    let reader = store.reader()?;
    let aside: Vec<PathBuf> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            name.contains(".damaged-")
                && !(name.contains("mail.db.damaged") && name.ends_with("-wal"))
        })
        .collect();
    let told = notices::attention(&reader)?.iter().any(|logged| {
        aside
            .iter()
            .any(|path| logged.notice.text.contains(path.to_str().unwrap()))
    });
    Ok(Found {
        messages: contents::total(&reader)?,
        queued: journal::all(&reader)?.len(),
        aside,
        told,
    })
}

#[test]
fn r14_flipped_bytes_never_lose_rows_in_silence() {
    let (_folder, _, sound) = closed();
    let mut seed = 14u64;
    let mut kept = 0;
    for round in 0..200 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Half of them in page headers and the head of the file, where they hurt most.
        let at = (seed >> 33) as usize % sound.len();
        let at = if round % 2 == 0 {
            at
        } else {
            at / 4096 * 4096 + at % 100
        };
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (seed >> 30 & 7);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.db");
        fs::write(&path, &bytes).unwrap();
        let found = match look(&path) {
            Ok(found) => found,
            // Said in words, and the file stays as it is.
            Err(StoreError::Newer { .. } | StoreError::Foreign { .. }) => {
                assert_eq!(fs::read(&path).unwrap(), bytes);
                continue;
            }
            Err(error) => panic!("byte {at}: {error}"),
        };
        let all = (found.messages, found.queued) == (60, 10);
        assert!(all || !found.aside.is_empty(), "byte {at}: lost in silence");
        if let Some(aside) = found.aside.first() {
            assert_eq!(fs::read(aside).unwrap(), bytes, "byte {at}");
            assert!(found.told, "byte {at}");
        }
        kept += u32::from(found.queued == 10);
    }
    assert!(kept > 180, "the journal was kept {kept} times of 200");
}

#[test]
fn r14_a_cut_file_is_salvaged_and_set_aside() {
    let (_folder, _, sound) = closed();
    for length in [
        4096,
        sound.len() / 2 / 4096 * 4096,
        sound.len() - 4096,
        sound.len() - 10,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.db");
        fs::write(&path, &sound[..length]).unwrap();
        let found = look(&path).unwrap();
        assert_eq!((found.aside.len(), found.told), (1, true), "{length}");
        // Once more: the new file is sound.
        assert_eq!(look(&path).unwrap().aside.len(), 1);
    }
}

#[test]
fn r14_a_hole_in_the_messages_leaves_journal_and_drafts() {
    let (_folder, path, _) = closed();
    {
        let sql = Connection::open(&path).unwrap();
        sql.execute(
            "INSERT INTO draft (account, bytes, saved) VALUES (1, x'4869', 1)",
            [],
        )
        .unwrap();
        // Overwrite a leaf page of the content table with zeroes.
        let root: i64 = sql
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'content'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        drop(sql);
        let mut bytes = fs::read(&path).unwrap();
        let start = (root as usize - 1) * 4096;
        // The right-most child of the root, an interior page.
        assert_eq!(bytes[start], 5);
        let child = u32::from_be_bytes(bytes[start + 8..start + 12].try_into().unwrap()) as usize;
        bytes[(child - 1) * 4096..child * 4096].fill(0);
        fs::write(&path, bytes).unwrap();
    }
    let found = look(&path).unwrap();
    assert!(found.told);
    assert_eq!(found.queued, 10);
    assert!(
        found.messages > 20 && found.messages < 60,
        "{}",
        found.messages
    );
    let store = super::open(path.parent().unwrap());
    let reader = store.reader().unwrap();
    let drafts: i64 = reader
        .connection()
        .query_row("SELECT count(*) FROM draft", [], |row| row.get(0))
        .unwrap();
    assert_eq!(drafts, 1);
}

#[test]
fn r14_a_newer_file_and_a_foreign_one_are_refused_untouched() {
    let (_folder, path, _) = closed();
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = DELETE; PRAGMA user_version = 99")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = look(&path).err().unwrap();
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);

    let other = path.with_file_name("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .unwrap();
    let before = fs::read(&other).unwrap();
    assert!(matches!(
        look(&other).err(),
        Some(StoreError::Foreign { .. })
    ));
    assert_eq!(fs::read(&other).unwrap(), before);
}

#[test]
fn r14_a_foreign_wal_is_set_aside_by_name() {
    let (_folder, path, _) = closed();
    let other = Bed::new();
    other.insert((1..=5).map(|uid| arrived(uid, "x")).collect());
    let wal = other.folder.path().join("mail.db-wal");
    fs::copy(&wal, path.with_file_name("mail.db-wal")).unwrap();
    let found = look(&path).unwrap();
    assert_eq!((found.messages, found.queued), (60, 10));
    assert_eq!((found.aside.len(), found.told), (1, true));
}

#[test]
fn r14_journal_and_drafts_are_copied_aside_before_a_migration() {
    let (_folder, path, _) = closed();
    let sql = Connection::open(&path).unwrap();
    let copy = super::super::salvage::copy_aside(&sql, &path, 1, NOW).unwrap();
    let copied: i64 = Connection::open(copy)
        .unwrap()
        .query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
        .unwrap();
    assert_eq!(copied, 10);
}

#[test]
fn r11_a_full_disk_changes_nothing_and_loses_nothing() {
    let bed = Bed::new();
    let keys = bed.insert((1..=20).map(|uid| arrived(uid, &uid.to_string())).collect());
    bed.flag(keys[0], FlagChange::add(Flags::of(Flags::SEEN)));
    let limit = |pages: i64| {
        bed.put(move |tx| {
            let sql = tx.connection();
            let now: i64 = sql.pragma_query_value(None, "page_count", |row| row.get(0))?;
            sql.pragma_update(None, "max_page_count", now + pages)?;
            Ok(())
        });
    };
    limit(2);
    let inbox = bed.inbox;
    let more: Vec<_> = (100..600)
        .map(|uid| arrived(uid, &uid.to_string()))
        .collect();
    let again = more.clone();
    let error = bed
        .store
        .write(Priority::Bulk, move |tx| {
            messages::insert(tx, inbox, super::super::mailboxes::Epoch(1), &more)
        })
        .wait()
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Full) && error.retry(),
        "{error}"
    );
    let reader = bed.store.reader().unwrap();
    open::check_whole(reader.connection()).unwrap();
    assert_eq!(contents::total(&reader).unwrap(), 20);
    assert_eq!(journal::all(&reader).unwrap().len(), 1);
    limit(10_000);
    assert_eq!(bed.insert(again).len(), 500);
}

#[test]
fn r15_two_processes_write_at_once_and_see_each_other() {
    let bed = Bed::new();
    let keys = bed.insert((1..=40).map(|uid| arrived(uid, &uid.to_string())).collect());
    let other = super::open(bed.folder.path());
    let changes = bed.store.subscribe();
    let (left, right) = keys.split_at(20);
    let (account, inbox) = (bed.account, bed.inbox);
    let flag = |store: Store, keys: Vec<_>| {
        std::thread::spawn(move || {
            for key in keys {
                store
                    .write(Priority::Person, move |tx| {
                        let action = journal::action(tx, "flag")?;
                        let kind = crate::model::OperationKind::Flag {
                            message: key,
                            change: FlagChange::add(Flags::of(Flags::SEEN)),
                        };
                        journal::add(tx, action, account, Some(inbox), &kind)
                    })
                    .wait()
                    .unwrap();
            }
        })
    };
    let threads = [
        flag(bed.store.clone(), left.to_vec()),
        flag(other.clone(), right.to_vec()),
    ];
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(journal::all(&other.reader().unwrap()).unwrap().len(), 40);
    assert!(
        bed.store.look().wait().unwrap(),
        "the other one has written"
    );
    assert!(changes.take().contains(&Change::Others));
    assert!(!bed.store.look().wait().unwrap(), "nothing since");
    // What one hands over, the other cannot take for its own.
    let ids: Vec<_> = journal::all(&other.reader().unwrap())
        .unwrap()
        .iter()
        .map(|operation| operation.id)
        .collect();
    bed.put(move |tx| journal::mark_in_flight(tx, &ids));
    assert!(
        journal::waiting(&other.reader().unwrap(), account, NOW)
            .unwrap()
            .iter()
            .all(|waiting| !waiting.due)
    );
}

#[test]
fn r12_what_was_in_flight_is_unsure_after_a_restart() {
    let bed = Bed::new();
    let key = bed.insert(vec![arrived(1, "a")])[0];
    let id = bed.flag(key, FlagChange::add(Flags::of(Flags::SEEN)));
    bed.put(move |tx| journal::mark_in_flight(tx, &[id]));
    let Bed {
        store,
        account,
        folder,
        ..
    } = bed;
    drop(store);
    let store = super::open(folder.path());
    let moved = store
        .write(Priority::Person, move |tx| journal::unsettle(tx, account))
        .wait()
        .unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(moved, 1);
    assert_eq!(journal::waiting(&reader, account, NOW).unwrap().len(), 1);
    let row = lists::row(&reader, key).unwrap().unwrap();
    assert!(row.pending && row.flags.has(Flags::SEEN));
}

#[test]
fn r18_a_clock_set_back_does_not_put_an_operation_off_for_ever() {
    let bed = Bed::new();
    let key = bed.insert(vec![arrived(1, "a")])[0];
    let id = bed.flag(key, FlagChange::add(Flags::of(Flags::SEEN)));
    let (until, why) = (NOW + 60, "Server busy".to_owned());
    bed.put(move |tx| verdicts::requeue(tx, id, Some(PutOff { until, why })));
    let reader = bed.store.reader().unwrap();
    for (now, due) in [(NOW, 0), (NOW + 60, 1), (NOW - 365 * 86_400, 1)] {
        let waiting = journal::waiting(&reader, bed.account, now).unwrap();
        let found = waiting.iter().filter(|waiting| waiting.due).count();
        assert_eq!(found, due, "{now}");
    }
}

#[test]
fn a_fault_in_one_transaction_leaves_the_writer_at_work() {
    let bed = Bed::new();
    let broken = bed
        .store
        .write(Priority::Bulk, |_| -> Result<(), StoreError> {
            panic!("a fault")
        });
    assert!(matches!(broken.wait(), Err(StoreError::Fault { .. })));
    assert_eq!(bed.insert(vec![arrived(1, "a")]).len(), 1);
}

#[test]
fn a_person_goes_before_bulk() {
    let bed = Bed::new();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let busy = bed.store.write(Priority::Bulk, move |_| {
        wait.recv().map_err(|_| StoreError::Closed)
    });
    let mut pending = Vec::new();
    for (priority, word) in [
        (Priority::Bulk, "bulk"),
        (Priority::Bulk, "bulk"),
        (Priority::Person, "person"),
    ] {
        let order = order.clone();
        pending.push(bed.store.write(priority, move |_| {
            order.lock().unwrap().push(word);
            Ok(())
        }));
    }
    go.send(()).unwrap();
    busy.wait().unwrap();
    for one in pending {
        one.wait().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["person", "bulk", "bulk"]);
}
