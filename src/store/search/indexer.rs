//! Bringing the index up to the store, in short steps.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::OptionalExtension;

use super::columns::{self, Columns};
use super::file::{self, File, State};
use crate::model::{ContentKey, courtesy};
use crate::store::columns::count;
use crate::store::open::beside;
use crate::store::{Priority, Reader, Rows, Store, StoreError, Tx};

/// Contents of one step.
const CONTENTS: usize = 500;
/// Octets of words of one step.
const WORDS: usize = 4 << 20;
/// Marks that are kept; they grow thinner with their age.
const MARKS: i64 = 64;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more: so many contents, about.
    More(u64),
    /// Everything is in the index.
    All,
}

/// The one that writes the index; there is one at a time.
pub struct Indexer {
    store: Store,
    reader: Reader,
    path: PathBuf,
    file: File,
    /// Up to which content and tombstone the store is known to be synced.
    synced: (i64, i64),
    lock: fs::File,
}

/// Takes the index away with all words in it: for an account that is removed (SAFETY S7). It is made
/// anew from what is left.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    file::remove(path)
}

impl Drop for Indexer {
    /// To close the lock is not enough while a program that is being started has it open still.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "the lock goes with its file");
        }
    }
}

impl Indexer {
    /// Begins; `None` where another process or thread does it.
    pub fn begin(store: &Store, path: &Path) -> Result<Option<Self>, StoreError> {
        let Some(lock) = lock(path)? else {
            return Ok(None);
        };
        let reader = store.reader()?;
        let file = File::open(path, file::name_of(&reader)?)?;
        let mut indexer = Self {
            store: store.clone(),
            reader,
            path: path.to_owned(),
            file,
            synced: (0, 0),
            lock,
        };
        if indexer.compare().is_err() {
            indexer.begin_anew()?;
        }
        Ok(Some(indexer))
    }

    /// Looks at the next contents: one short transaction of the index.
    pub fn step(&mut self) -> Result<Step, StoreError> {
        if self.file.is_replaced(&self.path) {
            self.begin_anew()?;
        }
        match self.advance() {
            Err(Trouble::Index(error)) => {
                if matches!(error, StoreError::Full | StoreError::Locked) {
                    return Err(error);
                }
                tracing::warn!(%error, "the search index is made anew");
                file::remove(&self.path)?;
                self.begin_anew()?;
                Ok(Step::More(count(newest(&self.reader)?)))
            }
            Err(Trouble::Mail(error)) => Err(error),
            Ok(step) => Ok(step),
        }
    }

    fn begin_anew(&mut self) -> Result<(), StoreError> {
        let name = file::name_of(&self.reader)?;
        self.file = File::open(&self.path, name)?;
        self.synced = (0, 0);
        if self.compare().is_ok() {
            return Ok(());
        }
        file::remove(&self.path)?;
        self.file = File::open(&self.path, name)?;
        Ok(())
    }

    /// Goes back to the last mark that is still true, if the store is not what the index was made
    /// from: restored from a copy, or salvaged.
    fn compare(&self) -> Result<(), StoreError> {
        let state = self.file.state()?;
        let claim = claim(&self.reader)?;
        // What was taken out of the list of changes since this file was current is not known.
        if state.tombstone < claim.pruned && state.through > 0 {
            return Err(StoreError::fault(
                "the search index is older than the list of changes",
            ));
        }
        let mut query = self
            .file
            .sql
            .prepare("SELECT key, hash FROM mark ORDER BY key DESC")?;
        let mut marks = query.query([])?;
        // The newest mark whose content is there tells whether it is the same store still.
        let (mut is_other, mut true_to) = (false, 0);
        while let Some(row) = marks.next()? {
            let (key, hash): (i64, [u8; 16]) = (row.get(0)?, row.get(1)?);
            match file::hash(&self.reader, key)? {
                Some(now) if now == hash => {
                    true_to = key;
                    break;
                }
                Some(_) => is_other = true,
                // A content that is gone says nothing.
                None => {}
            }
        }
        drop(marks);
        drop(query);
        let last = ever(&self.reader)?;
        let is_back = state.through > last.0.min(claim.through) || state.tombstone > last.1;
        if state.through == 0 || !(is_back || is_other) {
            return Ok(());
        }
        let to = true_to.min(claim.through);
        tracing::info!(
            to,
            "the mail store went back: the search index goes on from there"
        );
        let sql = &self.file.sql;
        sql.execute("DELETE FROM mark WHERE key > ?1", [to])?;
        sql.execute("UPDATE state SET through = ?1, tombstone = 0", [to])?;
        Ok(())
    }

    fn advance(&mut self) -> Result<Step, Trouble> {
        let state = self.file.state().map_err(Trouble::Index)?;
        let top = newest(&self.reader)?;
        let tombstone = last_tombstone(&self.reader)?;
        if state.through >= top && state.tombstone >= tombstone {
            self.prune(state)?;
            return Ok(Step::All);
        }
        self.sync(top, tombstone)?;
        let reader = &self.reader;
        let slice = reader.snapshot(|reader| Slice::next(reader, state, self.synced))?;
        let left = top - slice.to.through;
        self.write(&slice)
            .map_err(|error| Trouble::Index(error.into()))?;
        Ok(Step::More(count(left.max(0))))
    }

    /// Has the store synced up to where it goes next, and says so there: what changes in a content
    /// from now on is listed.
    fn sync(&mut self, top: i64, tombstone: i64) -> Result<(), StoreError> {
        if self.synced.0 >= top && self.synced.1 >= tombstone {
            return Ok(());
        }
        let claim = move |tx: &Tx<'_>| {
            tx.durable();
            let sql = tx.connection();
            let top: i64 =
                sql.query_row("SELECT coalesce(max(key), 0) FROM content", [], |row| {
                    row.get(0)
                })?;
            sql.execute(
                "UPDATE search_through SET through = max(through, ?1) WHERE id = 1",
                [top],
            )?;
            Ok((top, last_tombstone(tx)?))
        };
        self.synced = self.store.write(Priority::Bulk, claim).wait()?;
        Ok(())
    }

    fn write(&mut self, slice: &Slice) -> Result<(), rusqlite::Error> {
        // What is taken out of the list of changes must not come back after a power cut.
        let mode = if slice.is_late { "FULL" } else { "NORMAL" };
        self.file.sql.pragma_update(None, "synchronous", mode)?;
        let transaction = self.file.sql.transaction()?;
        {
            let mut gone = transaction.prepare_cached("DELETE FROM word WHERE rowid = ?1")?;
            for docid in &slice.gone {
                gone.execute([docid])?;
            }
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO word (rowid, sender, rcpt, cc, subject, body, names, list)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for one in &slice.contents {
                let [sender, rcpt, cc, subject, body, names, list] = &one.words;
                insert.execute((one.docid, sender, rcpt, cc, subject, body, names, list))?;
                if courtesy::person_waits() {
                    std::thread::yield_now();
                }
            }
        }
        if let Some((key, hash)) = slice.mark {
            transaction.execute(
                "INSERT OR REPLACE INTO mark (key, hash) VALUES (?1, ?2)",
                (key, hash),
            )?;
            // Every other one of the older half goes where there are too many.
            transaction.execute(
                "DELETE FROM mark WHERE (SELECT count(*) FROM mark) > ?1 AND key IN
                   (SELECT key FROM (SELECT key, row_number() OVER (ORDER BY key) AS n FROM mark)
                    WHERE n % 2 = 0 AND n <= ?1 / 2)",
                [MARKS],
            )?;
        }
        transaction.execute(
            "UPDATE state SET through = ?1, tombstone = ?2",
            (slice.to.through, slice.to.tombstone),
        )?;
        transaction.commit()
    }

    /// Takes what was done out of the list of changes.
    fn prune(&self, state: State) -> Result<(), StoreError> {
        let first: Option<i64> = {
            let mut query = self
                .reader
                .connection()
                .prepare_cached("SELECT id FROM tombstone WHERE id <= ?1 ORDER BY id LIMIT 1")?;
            query
                .query_row([state.tombstone], |row| row.get(0))
                .optional()?
        };
        if first.is_none() {
            return Ok(());
        }
        let prune = move |tx: &Tx<'_>| {
            let sql = tx.connection();
            sql.execute(
                "UPDATE search_through SET pruned = max(pruned, ?1) WHERE id = 1",
                [state.tombstone],
            )?;
            sql.execute("DELETE FROM tombstone WHERE id <= ?1", [state.tombstone])?;
            Ok(())
        };
        self.store.write(Priority::Bulk, prune).wait()
    }
}

/// Whose fault it is.
enum Trouble {
    Mail(StoreError),
    Index(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Trouble::Mail(error)
    }
}

/// What one step writes.
struct Slice {
    contents: Vec<Columns>,
    /// Rows whose content is gone.
    gone: Vec<i64>,
    to: State,
    mark: Option<(i64, [u8; 16])>,
    /// Whether something is done that was indexed before.
    is_late: bool,
}

impl Slice {
    fn next(reader: &Reader, from: State, synced: (i64, i64)) -> Result<Self, StoreError> {
        let mut slice = Slice {
            contents: Vec::new(),
            gone: Vec::new(),
            to: from,
            mark: None,
            is_late: false,
        };
        slice.take_changed(reader, synced.1)?;
        slice.take_new(reader, synced.0)?;
        if slice.to.through > from.through {
            let key = slice.to.through;
            slice.mark = file::hash(reader, key)?.map(|hash| (key, hash));
        }
        Ok(slice)
    }

    fn is_full(&self) -> bool {
        self.contents.len() >= CONTENTS
            || self.contents.iter().map(Columns::size).sum::<usize>() >= WORDS
    }

    /// Contents that changed or went after they were indexed.
    fn take_changed(&mut self, rows: &impl Rows, last: i64) -> Result<(), StoreError> {
        let mut query = rows.connection().prepare_cached(
            "SELECT t.id, t.docid, c.key FROM tombstone t LEFT JOIN content c ON c.docid = t.docid
             WHERE t.id > ?1 AND t.id <= ?2 ORDER BY t.id",
        )?;
        let mut done = BTreeSet::new();
        let mut found = query.query((self.to.tombstone, last))?;
        while !self.is_full()
            && self.gone.len() < 10 * CONTENTS
            && let Some(row) = found.next()?
        {
            let docid: i64 = row.get(1)?;
            self.to.tombstone = row.get(0)?;
            self.is_late = true;
            if !done.insert(docid) {
                continue;
            }
            match row.get::<_, Option<i64>>(2)? {
                // One that comes in its turn takes the place of the row.
                Some(key) if key > self.to.through => self.gone.push(docid),
                Some(key) => self.take(rows, key)?,
                None => self.gone.push(docid),
            }
        }
        Ok(())
    }

    fn take_new(&mut self, rows: &impl Rows, last: i64) -> Result<(), StoreError> {
        let mut query = rows.connection().prepare_cached(
            "SELECT key, kept FROM content WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3",
        )?;
        let limit = 10 * i64::try_from(CONTENTS).unwrap_or(i64::MAX);
        let mut found = query.query((self.to.through, last, limit))?;
        let mut is_all = true;
        let mut passed = 0;
        while let Some(row) = found.next()? {
            if self.is_full() {
                is_all = false;
                break;
            }
            let key: i64 = row.get(0)?;
            // One that is only listed has no words; its envelope will be told of.
            if row.get::<_, i64>(1)? > 0 {
                self.take(rows, key)?;
            }
            self.to.through = key;
            passed += 1;
        }
        // Keys at the end may be gone already.
        if is_all && passed < limit {
            self.to.through = self.to.through.max(last);
        }
        Ok(())
    }

    fn take(&mut self, rows: &impl Rows, key: i64) -> Result<(), StoreError> {
        if courtesy::person_waits() {
            std::thread::yield_now();
        }
        match columns::of_content(rows, ContentKey(key)) {
            Ok(columns) => self.contents.push(columns),
            // A stored text that cannot be read keeps no other from being found.
            Err(StoreError::Damaged { what }) => tracing::warn!(what, key, "not indexed"),
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What the store says of its index.
pub(super) struct Claim {
    /// Contents up to this key may be in it.
    pub through: i64,
    /// Changes up to this number are no longer listed.
    pub pruned: i64,
}

pub(super) fn claim(rows: &impl Rows) -> Result<Claim, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT through, pruned FROM search_through WHERE id = 1")?;
    Ok(query.query_row([], |row| {
        Ok(Claim {
            through: row.get(0)?,
            pruned: row.get(1)?,
        })
    })?)
}

/// The highest key of a content.
pub(super) fn newest(rows: &impl Rows) -> Result<i64, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT coalesce(max(key), 0) FROM content")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// The highest key of a content and number of a tombstone that ever was.
fn ever(rows: &impl Rows) -> Result<(i64, i64), StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'content'), 0),
           coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tombstone'), 0)",
    )?;
    Ok(query.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

pub(super) fn last_tombstone(rows: &impl Rows) -> Result<i64, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT coalesce(max(id), 0) FROM tombstone")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

fn lock(path: &Path) -> Result<Option<fs::File>, StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| StoreError::file(folder, e))?;
    }
    let path = beside(path, "-lock");
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| StoreError::file(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(StoreError::file(&path, error)),
    }
}
