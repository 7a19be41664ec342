//! Who syncs an account: the holder of the lock on `DATA/run/<account>.lock`.
//!
//! The system frees the lock of a process that ends, however it ends; the file itself stays.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::model::{Link, LinkState};

use super::SyncError;

/// The lock on one account, for as long as the value lives.
#[derive(Debug)]
pub struct Owner {
    file: File,
}

impl Drop for Owner {
    /// Says that nobody owns it, so that who asks need not try the lock.
    fn drop(&mut self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::debug!(%error, "the pid stays in the lock's file");
        }
        // To close it is not enough while a program that is being started has it open still.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the lock goes with its file");
        }
    }
}

/// Who only asks (see [`of`]) holds the lock shared for a moment, so that it is tried so often.
const TRIES: u32 = 4;
/// How long to wait between them.
const MOMENT: Duration = Duration::from_millis(5);

impl Owner {
    /// Waits for the lock on a thread of its own, for however long another process has it. The
    /// system gives it at once when that one ends, even by a kill. A waiting thread cannot be
    /// called off: one that nobody waits for any more lets go of the lock as soon as it has it.
    pub(super) fn wait(
        data: &Path,
        account: &str,
    ) -> Result<oneshot::Receiver<Result<Self, SyncError>>, SyncError> {
        let what = format!("lock the account {account}");
        let (data, account) = (data.to_owned(), account.to_owned());
        let (owned, wait) = oneshot::channel();
        let waiting = move || {
            let failed = |source: io::Error| SyncError::System {
                what: format!("lock the account {account}"),
                source,
            };
            let locked = || {
                let mut file = open(&data, &account)?;
                file.lock()?;
                // Nobody is to read of an owner that ends at once.
                if !owned.is_closed() {
                    note(&mut file)?;
                }
                Ok(Self { file })
            };
            // Without a listener the value goes, and the lock with it.
            let locked = locked().map_err(failed);
            let _ = owned.send(locked);
        };
        std::thread::Builder::new()
            .name("lock".to_owned())
            .spawn(waiting)
            .map_err(|source| SyncError::System { what, source })?;
        Ok(wait)
    }

    /// Takes the lock, or says which process has it.
    pub fn take(data: &Path, account: &str) -> Result<Self, SyncError> {
        let failed = |source: io::Error| SyncError::System {
            what: format!("lock the account {account}"),
            source,
        };
        let mut file = open(data, account).map_err(failed)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    note(&mut file).map_err(failed)?;
                    return Ok(Self { file });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(MOMENT),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(SyncError::Owned {
            account: account.to_owned(),
            pid: noted(&mut file),
        })
    }
}

/// The process that syncs an account now, if one does. Nothing is written, and the lock is only
/// tried, shared, where the file names a process that may have been killed.
pub fn of(data: &Path, account: &str) -> Result<Option<u32>, SyncError> {
    let failed = |source: io::Error| SyncError::System {
        what: format!("look who syncs the account {account}"),
        source,
    };
    let mut file = match File::open(path(data, account)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let pid = noted(&mut file);
    if pid == 0 {
        return Ok(None);
    }
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(pid)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// What a link row says now: it holds only while its writer has the account's lock. One whose
/// writer is stopped says that.
pub fn link_now(data: &Path, account: &str, link: Option<Link>) -> Option<Link> {
    let link = link?;
    if link.pid == std::process::id() {
        return Some(link);
    }
    match of(data, account) {
        Ok(Some(pid)) if pid == link.pid && is_stopped(pid) => Some(Link {
            state: LinkState::Offline,
            next_try: None,
            why: format!("process {pid}, which syncs it, is stopped"),
            ..link
        }),
        Ok(Some(pid)) if pid == link.pid => Some(link),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "it is not known who syncs the account");
            None
        }
    }
}

/// Whether the process is stopped, as by a signal from outside: it keeps the lock and does nothing. False
/// where the system does not say.
pub fn is_stopped(pid: u32) -> bool {
    let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The name before the state may hold anything.
    let state = text.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| state.starts_with(['T', 't']))
}

/// Only letters and digits of an id reach the file system as they are (SAFETY P9, A1).
fn path(data: &Path, account: &str) -> PathBuf {
    let mut name = String::new();
    for byte in account.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    data.join("run").join(format!("{name}.lock"))
}

fn open(data: &Path, account: &str) -> io::Result<File> {
    let path = path(data, account);
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn note(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// The pid in the file; 0 if its owner has not written it yet.
fn noted(file: &mut File) -> u32 {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) => text.trim().parse().unwrap_or(0),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r15_two_never_own_one_account() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(of(data.path(), "work").unwrap(), None);
        let owner = Owner::take(data.path(), "work").unwrap();
        // A second open file is a second holder, even in one process.
        let refused = Owner::take(data.path(), "work").unwrap_err();
        assert!(
            matches!(&refused, SyncError::Owned { pid, .. } if *pid == std::process::id()),
            "{refused}"
        );
        assert_eq!(of(data.path(), "work").unwrap(), Some(std::process::id()));
        assert!(Owner::take(data.path(), "home").is_ok());
        drop(owner);
        assert_eq!(of(data.path(), "work").unwrap(), None);
        assert!(Owner::take(data.path(), "work").is_ok());
    }

    #[test]
    fn r15_who_only_asks_never_takes_an_account_from_its_owner() {
        let data = tempfile::tempdir().unwrap();
        drop(Owner::take(data.path(), "work").unwrap());
        let folder = data.path().to_owned();
        let asking = std::thread::spawn(move || {
            for _ in 0..3000 {
                of(&folder, "work").unwrap();
            }
        });
        let mut taken = 0;
        while !asking.is_finished() {
            drop(Owner::take(data.path(), "work").unwrap());
            taken += 1;
        }
        asking.join().unwrap();
        assert!(taken > 0);
        // What a killed process left behind is no owner, and stays as it was.
        std::fs::write(path(data.path(), "work"), "4711\n").unwrap();
        assert_eq!(of(data.path(), "work").unwrap(), None);
        let left = std::fs::read_to_string(path(data.path(), "work")).unwrap();
        assert_eq!(left, "4711\n");
    }

    #[test]
    fn p9_an_odd_id_makes_no_odd_path() {
        let data = tempfile::tempdir().unwrap();
        for id in ["../../x", "/etc", "a\0b", "", "."] {
            let path = path(data.path(), id);
            assert_eq!(path.parent().unwrap(), data.path().join("run"), "{id:?}");
            let _owner = Owner::take(data.path(), id).unwrap();
        }
    }
}
