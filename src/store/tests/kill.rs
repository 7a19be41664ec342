//! The process is killed while it writes (SAFETY R12, R6).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::model::{FlagChange, Flags, OperationKind, UidSet};
use crate::store::mailboxes::{Cursor, Epoch};
use crate::store::{Priority, Rows, journal, mailboxes, messages, open};

use super::arrived;

const FOLDER: &str = "LACEBARK_TEST_KILL_FOLDER";

/// Runs only as the child of the test below: pulls messages and flags some until it is killed.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = super::open(Path::new(&folder));
    let (account, inbox) = {
        let reader = store.reader().unwrap();
        let account = crate::store::accounts::all(&reader).unwrap()[0].key;
        let inbox = mailboxes::all(&reader, account).unwrap()[0].key;
        (account, inbox)
    };
    loop {
        let key = store
            .write(Priority::Bulk, move |tx| {
                let top = mailboxes::get(tx, inbox)?.cursor.top;
                let rows: Vec<_> = (top + 1..=top + 20)
                    .map(|uid| arrived(uid, &uid.to_string()))
                    .collect();
                let keys = messages::insert(tx, inbox, Epoch(1), &rows)?;
                let cursor = Cursor {
                    top: top + 20,
                    missing: UidSet::new(),
                };
                mailboxes::set_cursor(tx, inbox, Epoch(1), &cursor)?;
                Ok(keys[0])
            })
            .wait()
            .unwrap();
        let id = store
            .write(Priority::Person, move |tx| {
                let action = journal::action(tx, "flag")?;
                let kind = OperationKind::Flag {
                    message: key,
                    change: FlagChange::add(Flags::of(Flags::SEEN)),
                };
                journal::add(tx, action, account, Some(inbox), &kind)
            })
            .wait()
            .unwrap();
        println!("\nqueued {id}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn r12_a_kill_at_any_point_leaves_a_sound_store_with_every_acknowledged_wish() {
    let bed = super::Bed::new();
    let (inbox, folder) = (bed.inbox, bed.folder);
    drop(bed.store);
    let mut acknowledged = 0;
    for round in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::kill::child", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = 0;
        // Killed after another number of wishes each time, wherever the child is by then.
        let mut wishes = round % 7 + 1;
        while wishes > 0 {
            let line = lines.next().unwrap().unwrap();
            if let Some(id) = line.strip_prefix("queued ") {
                last = id.parse::<i64>().unwrap();
                wishes -= 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = acknowledged.max(last);

        let store = super::open(folder.path());
        let reader = store.reader().unwrap();
        open::check_whole(reader.connection()).unwrap();
        let queued = journal::all(&reader).unwrap();
        assert!(queued.last().unwrap().id.0 >= acknowledged);
        assert!(
            queued
                .iter()
                .zip(1..)
                .all(|(operation, id)| operation.id.0 == id)
        );
        let row = mailboxes::get(&reader, inbox).unwrap();
        let known = messages::known_uids(&reader, inbox, Epoch(1)).unwrap();
        assert_eq!(
            known,
            UidSet::range(1, row.cursor.top),
            "the cursor and the rows"
        );
        assert_eq!(row.total, u64::from(row.cursor.top));
    }
}
