//! The file of the index: making it, knowing it again, and letting go of one that is not to be
//! trusted.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::columns::NAMES;
use crate::store::open::{beside, remove as unlink};
use crate::store::{Rows, StoreError};

/// Raised whenever words are made in another way: an older index is made anew.
const VERSION: i64 = 1;
/// `PRAGMA application_id`: "LaSe".
const APPLICATION_ID: i64 = 0x4c61_5365;

/// How the index stands to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// Contents up to this key are in it.
    pub through: i64,
    /// Tombstones up to this number were looked at.
    pub tombstone: i64,
}

/// An open index.
pub(super) struct File {
    pub sql: Connection,
    /// Which file it is, so that one that was put in its place is noticed.
    inode: (u64, u64),
}

impl File {
    /// Opens an index for writing; one that is not there, not whole or not of this store is made
    /// anew.
    pub fn open(path: &Path, store: [u8; 16]) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|e| StoreError::file(folder, e))?;
        }
        if let Some(file) = Self::writable(path).ok().filter(|file| file.is_of(store)) {
            return Ok(file);
        }
        remove(path)?;
        let file = Self::writable(path)?;
        file.found(store)?;
        Ok(file)
    }

    fn writable(path: &Path) -> Result<Self, StoreError> {
        fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|e| StoreError::file(path, e))?;
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, mode).map_err(|e| StoreError::file(path, e))?;
        let file = Self::connect(path)?;
        file.sql.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216;",
        )?;
        Ok(file)
    }

    /// Opens an index for reading; `None` where there is none of this store.
    pub fn read(path: &Path, store: [u8; 16]) -> Option<Self> {
        // SQLite makes a file that is not there.
        let size = fs::metadata(path).ok()?.len();
        let file = (size > 0).then(|| Self::connect(path).ok())??;
        file.sql.pragma_update(None, "query_only", true).ok()?;
        file.is_of(store).then_some(file)
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sql = Connection::open_with_flags(path, flags)?;
        sql.busy_timeout(Duration::from_secs(5))?;
        sql.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        sql.execute_batch("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;")?;
        let inode = inode(path).ok_or_else(|| StoreError::fault("the index is gone"))?;
        Ok(Self { sql, inode })
    }

    /// Whether another file lies in its place, or none.
    pub fn is_replaced(&self, path: &Path) -> bool {
        inode(path) != Some(self.inode)
    }

    fn is_of(&self, store: [u8; 16]) -> bool {
        let known = || -> Result<bool, rusqlite::Error> {
            let application: i64 = self
                .sql
                .pragma_query_value(None, "application_id", |row| row.get(0))?;
            let version: i64 = self
                .sql
                .pragma_query_value(None, "user_version", |row| row.get(0))?;
            let of: [u8; 16] =
                self.sql
                    .query_row("SELECT store FROM state WHERE id = 1", [], |row| row.get(0))?;
            self.sql.execute_batch("SELECT rowid FROM word LIMIT 0")?;
            Ok(application == APPLICATION_ID && version == VERSION && of == store)
        };
        known().unwrap_or(false)
    }

    fn found(&self, store: [u8; 16]) -> Result<(), StoreError> {
        // prefix: words are looked for from three letters on, and at three a prefix has the most
        // words. A longer one is put together from the words themselves.
        self.sql.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), store BLOB NOT NULL,
               through INTEGER NOT NULL, tombstone INTEGER NOT NULL) STRICT;
             CREATE TABLE mark (key INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
             CREATE VIRTUAL TABLE word USING fts5 ({}, content = '', contentless_delete = 1,
               tokenize = 'ascii', prefix = '3');
             INSERT INTO word (word, rank) VALUES ('hashsize', 4194304);
             PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {VERSION};",
            NAMES.join(", ")
        ))?;
        self.sql.execute(
            "INSERT INTO state (id, store, through, tombstone) VALUES (1, ?1, 0, 0)",
            [store],
        )?;
        self.sql.execute_batch("COMMIT")?;
        Ok(())
    }

    /// How far it is.
    pub fn state(&self) -> Result<State, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT through, tombstone FROM state WHERE id = 1")?;
        Ok(query.query_row([], |row| {
            Ok(State {
                through: row.get(0)?,
                tombstone: row.get(1)?,
            })
        })?)
    }
}

/// The name of a store, by which its index knows it.
pub(super) fn name_of(rows: &impl Rows) -> Result<[u8; 16], StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT uuid FROM store WHERE id = 1")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// What says that a key still names the content that it named: `None` where it names none.
pub(super) fn hash(rows: &impl Rows, key: i64) -> Result<Option<[u8; 16]>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT docid, account FROM content WHERE key = ?1")?;
    let row: Option<(i64, i64)> = query
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map(|(docid, account)| {
        let mut hasher = blake3::Hasher::new();
        for number in [key, docid, account] {
            hasher.update(&number.to_le_bytes());
        }
        let mut short = [0; 16];
        hasher.finalize_xof().fill(&mut short);
        short
    }))
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}

/// Takes the index away; who has it open notices.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        unlink(&beside(path, suffix))?;
    }
    Ok(())
}
