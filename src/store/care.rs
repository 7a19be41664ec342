//! Looking after the file while nobody waits (SAFETY R14).
//!
//! A large file is not read whole at each start. It is once a week, and after the program was cut
//! off, by a connection of its own, one table after the other; what is found then is told, and the
//! next start saves what can be read. What was looked at when stands in a small file beside it,
//! `mail.db-care`; without that file everything is due.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, InterruptHandle};
use serde::{Deserialize, Serialize};

use crate::model::MailboxKey;

use super::bus::lock;
use super::open::{CHECK_WHOLE, beside, suspect};
use super::{Reader, Store, StoreError};

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;

/// When what was looked at, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Done {
    whole: i64,
    counted: BTreeMap<i64, i64>,
}

/// Ends a check that is under way, from another thread, and those that follow.
#[derive(Default)]
pub struct Halt {
    over: AtomicBool,
    running: Mutex<Option<InterruptHandle>>,
}

impl Halt {
    /// Ends it.
    pub fn halt(&self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(running) = lock(&self.running).as_ref() {
            running.interrupt();
        }
    }

    /// Whether it was ended.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

/// How a check ended that found no damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The whole file holds together.
    Sound,
    /// It was ended before that was known.
    Unfinished,
}

impl Store {
    /// Whether the file was not read whole for a week, or not since the program was cut off. A
    /// small one is read at each start anyway.
    pub fn is_check_due(&self) -> bool {
        let size = fs::metadata(self.path()).map_or(0, |meta| meta.len());
        let last = read(self.path()).whole;
        size > CHECK_WHOLE && !(last..last.saturating_add(WEEK)).contains(&self.now())
    }

    /// Reads the file whole. Damage is an error, and the next start then looks at everything before
    /// it goes on.
    pub fn check(&self, halt: &Halt) -> Result<Checked, StoreError> {
        let reader = self.reader()?;
        *lock(&halt.running) = Some(super::Rows::connection(&reader).get_interrupt_handle());
        let checked = check(&reader, halt);
        *lock(&halt.running) = None;
        match &checked {
            Ok(Checked::Sound) => {
                let now = self.now();
                write(self.path(), |done| done.whole = now);
            }
            Ok(Checked::Unfinished) => {}
            Err(StoreError::Damaged { .. }) => suspect(self.path()),
            Err(_) => {}
        }
        checked
    }

    /// Whether the counts of a mailbox were not looked at for a day.
    pub fn is_recount_due(&self, mailbox: MailboxKey) -> bool {
        let last = read(self.path()).counted.get(&mailbox.0).copied();
        last.is_none_or(|last| !(last..last.saturating_add(DAY)).contains(&self.now()))
    }

    /// Remembers that the counts of a mailbox were looked at.
    pub fn recounted(&self, mailbox: MailboxKey) {
        let now = self.now();
        write(self.path(), |done| {
            done.counted.retain(|_, at| (*at..*at + DAY).contains(&now));
            done.counted.insert(mailbox.0, now);
        });
    }
}

fn check(reader: &Reader, halt: &Halt) -> Result<Checked, StoreError> {
    let sql = super::Rows::connection(reader);
    match tables(sql).and_then(|names| each(sql, &names, halt)) {
        Ok(checked) => Ok(checked),
        Err(_) if halt.is_over() => Ok(Checked::Unfinished),
        Err(error) => Err(error),
    }
}

fn tables(sql: &Connection) -> Result<Vec<String>, StoreError> {
    let mut query = sql.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )?;
    let names = query.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// One table at a time: a read that lasts keeps the WAL from being emptied.
fn each(sql: &Connection, tables: &[String], halt: &Halt) -> Result<Checked, StoreError> {
    for table in tables {
        if halt.is_over() {
            return Ok(Checked::Unfinished);
        }
        let verdict: String =
            sql.query_row(&format!("PRAGMA quick_check('{table}')"), [], |row| {
                row.get(0)
            })?;
        if verdict != "ok" {
            return Err(StoreError::Damaged { what: verdict });
        }
    }
    Ok(Checked::Sound)
}

/// The program was cut off while it had the file open: it is looked at when there is time.
pub(super) fn cut_off(path: &Path) {
    if read(path).whole != 0 {
        write(path, |done| done.whole = 0);
    }
}

fn read(path: &Path) -> Done {
    let text = fs::read(beside(path, "-care")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Two processes may write at once; what one of them forgets is looked at once more.
fn write(path: &Path, change: impl FnOnce(&mut Done)) {
    let mut done = read(path);
    change(&mut done);
    let place = beside(path, "-care");
    let open = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&place);
    let text = serde_json::to_vec(&done).unwrap_or_default();
    if let Err(error) = open.and_then(|mut file| file.write_all(&text)) {
        tracing::warn!(%error, "when the mail store was looked at is not remembered");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::tests::{Bed, NOW, Still, arrived, damage};

    /// A closed store that is too large to be read whole at each start.
    fn large() -> tempfile::TempDir {
        let bed = Bed::new();
        bed.insert(
            (1..=50)
                .map(|uid| arrived(uid, &format!("m{uid}")))
                .collect(),
        );
        damage(
            &bed.store,
            "CREATE TABLE filler (bytes BLOB);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
             INSERT INTO filler SELECT randomblob(1000) FROM n; DROP TABLE filler;",
        );
        let Bed { store, folder, .. } = bed;
        drop(store);
        assert!(fs::metadata(folder.path().join("mail.db")).unwrap().len() > CHECK_WHOLE);
        folder
    }

    fn at(folder: &Path, now: i64) -> Store {
        Store::open(&folder.join("mail.db"), Arc::new(Still(now))).unwrap()
    }

    #[test]
    fn a_large_file_is_due_once_a_week_and_after_a_cut() {
        let folder = large();
        let store = at(folder.path(), NOW);
        assert!(store.is_check_due(), "never read whole");
        assert_eq!(store.check(&Halt::default()).unwrap(), Checked::Sound);
        assert!(!store.is_check_due());
        drop(store);
        assert!(!at(folder.path(), NOW + WEEK - 1).is_check_due());
        assert!(at(folder.path(), NOW + WEEK).is_check_due());
        assert!(
            at(folder.path(), NOW - 9).is_check_due(),
            "a clock set back"
        );
        // A WAL that nobody else has open is what a cut leaves.
        let store = at(folder.path(), NOW);
        let wal = folder.path().join("mail.db-wal");
        store
            .write(crate::store::Priority::Person, |tx| {
                crate::store::accounts::ensure(tx, "b", crate::store::accounts::AccountKind::Local)
            })
            .wait()
            .unwrap();
        let (file, left) = (folder.path().join("mail.db"), fs::read(&wal).unwrap());
        let bytes = fs::read(&file).unwrap();
        // Another process beside it is no cut.
        assert!(!at(folder.path(), NOW).is_check_due());
        drop(store);
        fs::write(&file, bytes).unwrap();
        fs::write(&wal, left).unwrap();
        assert!(at(folder.path(), NOW).is_check_due());
        assert!(
            !Bed::new().store.is_check_due(),
            "a small one is read at each start"
        );
    }

    #[test]
    fn r14_damage_found_later_is_told_and_saved_at_the_next_start() {
        let folder = large();
        let file = folder.path().join("mail.db");
        let mut bytes = fs::read(&file).unwrap();
        // A leaf of the messages, found by what it holds.
        let at_key = memchr::memmem::rfind(&bytes, b"About m25").unwrap();
        let page = at_key - at_key % 4096;
        bytes[page..page + 4096].fill(0xaa);
        fs::write(&file, &bytes).unwrap();
        let store = at(folder.path(), NOW);
        let found = store.check(&Halt::default());
        assert!(
            matches!(found, Err(StoreError::Damaged { .. })),
            "{found:?}"
        );
        assert!(store.is_check_due());
        drop(store);
        let store = at(folder.path(), NOW);
        let told = crate::store::notices::attention(&store.reader().unwrap()).unwrap();
        assert!(told[0].notice.text.contains("damaged"), "{told:?}");
    }

    #[test]
    fn a_check_that_is_ended_is_due_again() {
        let folder = large();
        let store = at(folder.path(), NOW);
        let halt = Halt::default();
        halt.halt();
        assert_eq!(store.check(&halt).unwrap(), Checked::Unfinished);
        assert!(store.is_check_due());
    }

    #[test]
    fn counts_are_due_once_a_day_for_each_mailbox() {
        let bed = Bed::new();
        assert!(bed.store.is_recount_due(bed.inbox));
        bed.store.recounted(bed.inbox);
        assert!(!bed.store.is_recount_due(bed.inbox));
        assert!(bed.store.is_recount_due(MailboxKey(77)));
        drop(bed.store);
        assert!(at(bed.folder.path(), NOW + DAY).is_recount_due(bed.inbox));
        assert!(!at(bed.folder.path(), NOW + DAY - 1).is_recount_due(bed.inbox));
    }
}
