//! Files that nobody else can read, made where nothing was before (SAFETY A1, A4, S4).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

const PREFIX: &str = "open-";
/// The file in a folder of private folders by which one process knows that another uses it.
pub const PRIVATE_LOCK: &str = "open.lock";

/// Makes `name` in `folder`, for the owner alone; refuses if anything, even a dangling link, is
/// there, and names that leave the folder.
pub fn create_new(folder: &Path, name: &str) -> io::Result<File> {
    let bad = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']);
    if bad {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name:?} is no name for a file"),
        ));
    }
    let folder = openat(
        CWD,
        folder,
        OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
    let file = openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?;
    Ok(File::from(file))
}

/// Makes a folder for the owner alone; it must not be there.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// The folder for files that are handed to other programs; removed with all that is in it when
/// dropped. What a killed process left is removed when the next one makes its own.
#[derive(Debug)]
pub struct PrivateTemp {
    path: PathBuf,
    // The lock on the folder says that its process lives.
    _alive: File,
}

impl PrivateTemp {
    /// Makes a folder under `run` and removes those of the dead.
    pub fn create(run: &Path) -> io::Result<Self> {
        let gate = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(run.join(PRIVATE_LOCK))?;
        gate.lock()?;
        sweep(run)?;
        let mut octets = [0; 8];
        getrandom::fill(&mut octets).map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("{PREFIX}{:016x}", u64::from_le_bytes(octets));
        let path = run.join(name);
        create_private_folder(&path)?;
        let alive = File::open(&path)?;
        alive.lock()?;
        Ok(Self {
            path,
            _alive: alive,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a file in a folder of its own, so that its name needs no change for being taken.
    pub fn create_file(&self, name: &str) -> io::Result<(File, PathBuf)> {
        for number in 1..=u32::MAX {
            let folder = self.path.join(number.to_string());
            match create_private_folder(&folder) {
                Ok(()) => {
                    let file = create_new(&folder, name)?;
                    return Ok((file, folder.join(name)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for PrivateTemp {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "cannot remove the folder for opened parts");
        }
    }
}

/// Removes the folders whose process is gone.
fn sweep(run: &Path) -> io::Result<()> {
    for entry in fs::read_dir(run)? {
        let entry = entry?;
        let ours = entry.file_name().as_bytes().starts_with(PREFIX.as_bytes());
        if !ours || !entry.file_type()?.is_dir() {
            continue;
        }
        let folder = File::open(entry.path())?;
        if folder.try_lock().is_ok() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a1_a_new_file_never_leaves_its_folder_and_overwrites_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("in");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("there"), "old").unwrap();
        symlink(root.path().join("out"), folder.join("dangling")).unwrap();
        symlink(folder.join("there"), folder.join("link")).unwrap();
        for name in [
            "", ".", "..", "../out", "/etc/x", "a/b", "a\0b", "there", "dangling", "link",
        ] {
            assert!(create_new(&folder, name).is_err(), "{name:?}");
        }
        assert_eq!(fs::read_to_string(folder.join("there")).unwrap(), "old");
        assert!(!root.path().join("out").exists());
        create_new(&folder, "new").unwrap().write_all(b"x").unwrap();
        assert_eq!(mode(&folder.join("new")), 0o600);
    }

    #[test]
    fn a4_the_private_folder_goes_with_its_owner_and_the_next_start_sweeps_the_dead() {
        let run = tempfile::tempdir().unwrap();
        let living = PrivateTemp::create(run.path()).unwrap();
        let (mut file, path) = living.create_file("a b.pdf").unwrap();
        file.write_all(b"x").unwrap();
        let (_, second) = living.create_file("a b.pdf").unwrap();
        assert_ne!(path, second);
        assert_eq!((mode(&path), mode(living.path())), (0o600, 0o700));
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        // A killed process leaves its folder and no lock.
        let dead = run.path().join("open-00ff");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("secret.pdf"), "x").unwrap();
        let other = PrivateTemp::create(run.path()).unwrap();
        assert!(!dead.exists() && path.exists() && other.path().exists());
        drop(living);
        drop(other);
        let left: Vec<_> = fs::read_dir(run.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left, ["open.lock"]);
    }
}
