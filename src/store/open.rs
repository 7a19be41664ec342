//! Opening the file: its folder and modes, what kind of file it is, and what to do when it does not
//! hold together (SAFETY R14, S4).

use std::fs;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, care, journal, salvage, schema};

/// A file up to this size is checked whole at each start; a larger one when it is suspect, and when
/// there is time ([`super::care`]).
pub(super) const CHECK_WHOLE: u64 = 8 << 20;

pub(super) struct Opened {
    pub connection: Connection,
    pub key: [u8; 32],
    /// Held shared while the store is open, so that nobody repairs it meanwhile.
    pub presence: fs::File,
}

/// Opens, creating, migrating and salvaging as needed.
pub(super) fn open(path: &Path, now: i64) -> Result<Opened, StoreError> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        private_folder(folder)?;
        refuse_network(folder)?;
    }
    private_file(path)?;
    refuse_newer(path)?;
    let presence = presence_file(path)?;
    let left_over = fs::metadata(beside(path, "-wal")).is_ok_and(|meta| meta.len() > 0);
    // Who closes the file empties the WAL: one that nobody has open was left by a cut.
    if left_over && presence.try_lock().is_ok() {
        care::cut_off(path);
    }
    presence
        .lock_shared()
        .map_err(|e| StoreError::file(path, e))?;
    let (connection, key) = match sound(path, now) {
        Err(StoreError::Damaged { what }) => {
            tracing::warn!(%what, "the mail store is damaged");
            alone(&presence)?;
            let repaired = repair(path, &what, now)?;
            presence
                .lock_shared()
                .map_err(|e| StoreError::file(path, e))?;
            repaired
        }
        other => other?,
    };
    Ok(Opened {
        connection,
        key,
        presence,
    })
}

fn presence_file(path: &Path) -> Result<fs::File, StoreError> {
    let path = beside(path, "-open");
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| StoreError::file(&path, e))
}

/// Makes sure that no other process has the store open: files are about to be renamed.
fn alone(presence: &fs::File) -> Result<(), StoreError> {
    // Two that found the damage at once both hold it shared: both let go, one gets it.
    let unlocked = presence.unlock();
    match (unlocked, presence.try_lock()) {
        (Ok(()), Ok(())) => Ok(()),
        _ => Err(StoreError::Locked),
    }
}

/// Marks the file as not to be trusted, so that the next start checks it whole.
pub(super) fn suspect(path: &Path) {
    let mark = beside(path, "-suspect");
    if let Err(error) = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&mark)
    {
        tracing::warn!(%error, "cannot mark the mail store as suspect");
    }
}

/// The settings of every connection, reading or writing.
pub(super) fn tune(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(96);
    // Without this a statement with a range of bound values is compiled anew for each pair of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(())
}

/// A connection to a file that is there, tuned.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    tune(&connection)?;
    Ok(connection)
}

/// How a connection that writes keeps the WAL.
pub(super) fn tune_writing(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216;
         PRAGMA wal_autocheckpoint = 2000; PRAGMA secure_delete = OFF;",
    )?;
    Ok(())
}

/// `mail.db` and `-wal` make `mail.db-wal`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn repair(path: &Path, what: &str, now: i64) -> Result<(Connection, [u8; 32]), StoreError> {
    let wal = beside(path, "-wal");
    let left_over = fs::metadata(&wal).is_ok_and(|meta| meta.len() > 0);
    if left_over {
        // A WAL that belongs to another file makes a sound one look damaged: try without it. It is
        // kept by name, because it may also hold the last changes.
        let aside = salvage::aside_name(&wal, now);
        fs::rename(&wal, &aside).map_err(|e| StoreError::file(&wal, e))?;
        remove(&beside(path, "-shm"))?;
        match sound_whole(path, now) {
            Ok(opened) => {
                salvage::tell_wal(&opened.0, &aside, now)?;
                return Ok(opened);
            }
            Err(StoreError::Damaged { .. }) => {
                fs::rename(&aside, &wal).map_err(|e| StoreError::file(&aside, e))?;
                remove(&beside(path, "-shm"))?;
            }
            Err(error) => return Err(error),
        }
    }
    salvage::salvage(path, what, now)?;
    sound(path, now)
}

fn sound_whole(path: &Path, now: i64) -> Result<(Connection, [u8; 32]), StoreError> {
    suspect(path);
    sound(path, now)
}

/// Opens the file if it holds together as far as can be seen at once.
fn sound(path: &Path, now: i64) -> Result<(Connection, [u8; 32]), StoreError> {
    let size = fs::metadata(path)
        .map_err(|e| StoreError::file(path, e))?
        .len();
    let fresh = size == 0;
    let mark = beside(path, "-suspect");
    let own = own_name(path);
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // If this connection finds damage, closing it must not write a doubtful WAL into the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    tune(&connection)?;
    if fresh {
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    } else {
        head_check(&connection, path, size)?;
        same_name(&connection, own)?;
    }
    tune_writing(&connection)?;
    if !fresh && (size <= CHECK_WHOLE || mark.exists()) {
        check_whole(&connection)?;
    }
    let from = schema::version(&connection)?;
    if from > 0 && from < schema::VERSION {
        salvage::copy_aside(&connection, path, from, now)?;
    }
    schema::migrate(&mut connection, now)?;
    let key = connection
        .query_row("SELECT thread_key FROM store WHERE id = 1", [], |row| {
            row.get(0)
        })
        .map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => StoreError::Damaged {
                what: "its first row is missing".into(),
            },
            other => other.into(),
        })?;
    for suffix in ["-wal", "-shm"] {
        mend_mode(&beside(path, suffix))?;
    }
    remove(&mark)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok((connection, key))
}

/// What can be seen without reading the file: that it is ours, has its tables, and is not cut.
fn head_check(connection: &Connection, path: &Path, size: u64) -> Result<(), StoreError> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found = schema::version(connection)?;
    if application != schema::APPLICATION_ID && tables > 0 && !has_store(connection)? {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    if found > schema::VERSION {
        return Err(newer(path, found));
    }
    let missing = connection.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name IN
           ('store', 'account', 'mailbox', 'message', 'content', 'journal', 'body', 'blob'))",
        [],
        |row| row.get::<_, i64>(0),
    )? < 8;
    if tables > 0 && (missing || application != schema::APPLICATION_ID || found < 1) {
        return Err(StoreError::Damaged {
            what: "tables are missing".into(),
        });
    }
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let claimed = u64::try_from(pages.saturating_mul(page)).unwrap_or_default();
    let wal = fs::metadata(beside(path, "-wal")).map_or(0, |meta| meta.len());
    if size < claimed && wal == 0 {
        return Err(StoreError::Damaged {
            what: format!("the file is cut at {size} of {claimed} octets"),
        });
    }
    Ok(())
}

/// The store's own name as the file alone has it, if a WAL lies beside it.
fn own_name(path: &Path) -> Option<[u8; 16]> {
    let wal = fs::metadata(beside(path, "-wal")).map_or(0, |meta| meta.len());
    if wal == 0 {
        return None;
    }
    // `immutable` reads the file without its WAL.
    let mut name = String::from("file:");
    for byte in path.to_str()?.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                name.push(char::from(byte));
            }
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let alone = Connection::open_with_flags(name, flags).ok()?;
    uuid(&alone).ok()
}

fn uuid(connection: &Connection) -> Result<[u8; 16], rusqlite::Error> {
    connection.query_row("SELECT uuid FROM store WHERE id = 1", [], |row| row.get(0))
}

/// A WAL of another store would replace pages of this one: the names differ then.
fn same_name(connection: &Connection, own: Option<[u8; 16]>) -> Result<(), StoreError> {
    match (own, uuid(connection)) {
        (Some(own), Ok(now)) if own != now => Err(StoreError::Damaged {
            what: "the write-ahead log beside it belongs to another store".into(),
        }),
        _ => Ok(()),
    }
}

fn has_store(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('store', 'journal', 'mailbox_thread')",
        [],
        |row| row.get::<_, i64>(0),
    )? > 0)
}

pub(super) fn check_whole(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged { what: verdict });
    }
    // The pages may be sound and a value in them not: what a person asked for is not passed over.
    if schema::version(connection)? == schema::VERSION && !journal::damaged(connection)?.is_empty()
    {
        let what = "an operation in the journal cannot be read".into();
        return Err(StoreError::Damaged { what });
    }
    Ok(())
}

fn newer(path: &Path, found: i64) -> StoreError {
    StoreError::Newer {
        path: path.to_owned(),
        found,
        known: schema::VERSION,
    }
}

/// Reads `user_version` and `application_id` from the head of the file, before SQLite touches it.
fn refuse_newer(path: &Path) -> Result<(), StoreError> {
    let mut head = [0u8; 100];
    let mut file = fs::File::open(path).map_err(|e| StoreError::file(path, e))?;
    if file.read_exact(&mut head).is_err() || !head.starts_with(b"SQLite format 3\0") {
        return Ok(());
    }
    let number = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|b| b.try_into().ok());
        i64::from(u32::from_be_bytes(bytes.unwrap_or_default()))
    };
    if number(68) == schema::APPLICATION_ID && number(60) > schema::VERSION {
        // A flipped bit in the number is damage; versions grow by one.
        if number(60) < 10_000 {
            return Err(newer(path, number(60)));
        }
    }
    Ok(())
}

fn private_folder(folder: &Path) -> Result<(), StoreError> {
    // One that is there is not changed: it may not be ours alone. `Paths::prepare` has judged it.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| StoreError::file(folder, e))
}

/// Makes the file 0600 before SQLite sees it: SQLite gives -wal and -shm the mode of the file.
fn private_file(path: &Path) -> Result<(), StoreError> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::file(path, e))?;
    mend_mode(path)
}

fn mend_mode(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                .map_err(|e| StoreError::file(path, e))
        }
        _ => Ok(()),
    }
}

pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::file(path, error))
        }
        _ => Ok(()),
    }
}

fn refuse_network(folder: &Path) -> Result<(), StoreError> {
    let stat = rustix::fs::statfs(folder)
        .map_err(|e| StoreError::file(folder, std::io::Error::from(e)))?;
    match network_kind(stat.f_type) {
        Some(kind) => Err(StoreError::NetworkFileSystem {
            path: folder.to_owned(),
            kind,
        }),
        None => Ok(()),
    }
}

/// File systems whose locks or shared memory do not hold between machines, by their magic number
/// in `statfs(2)`.
pub(super) fn network_kind(magic: i64) -> Option<&'static str> {
    Some(match magic & 0xffff_ffff {
        0x6969 => "NFS",
        0x517b => "SMB",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB2",
        0x0102_1997 => "9P",
        0x5346_414f => "AFS",
        0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        0x564c => "NCP",
        _ => return None,
    })
}
