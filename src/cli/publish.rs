//! Files and folders that get their name when they are whole: written beside it, synced to the disk,
//! then named. Nothing that is there is ever replaced (SAFETY A1, R13).

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Failure;
use crate::env::files;

/// A file on its way.
pub struct NewFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    named: PathBuf,
    done: bool,
}

impl NewFile {
    /// Begins a file that is to have this name.
    pub fn begin(named: &Path) -> Result<Self, Failure> {
        let (folder, name) = split(named)?;
        refuse_there(named)?;
        let temporary = beside(&name);
        let file = files::create_new(&folder, &temporary).map_err(|error| refused(named, error))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, file),
            temporary: folder.join(temporary),
            named: named.to_owned(),
            done: false,
        })
    }

    /// It is whole: it gets its name, unless something else got it meanwhile.
    pub fn finish(mut self, modified: Option<i64>) -> Result<(), Failure> {
        self.end(modified)
            .map_err(|error| refused(&self.named, error))
    }

    fn end(&mut self, modified: Option<i64>) -> io::Result<()> {
        self.out.flush()?;
        let file = self.out.get_ref();
        if let Some(time) = modified.and_then(system_time) {
            file.set_modified(time)?;
        }
        file.sync_all()?;
        name(&self.temporary, &self.named)?;
        self.done = true;
        sync_folder_of(&self.named)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.done
            && let Err(error) = fs::remove_file(&self.temporary)
        {
            tracing::warn!(path = %self.temporary.display(), %error, "half a file stays");
        }
    }
}

/// A folder on its way.
pub struct NewFolder {
    temporary: PathBuf,
    named: PathBuf,
    done: bool,
}

impl NewFolder {
    /// Begins a folder that is to have this name.
    pub fn begin(named: &Path) -> Result<Self, Failure> {
        let (folder, name) = split(named)?;
        refuse_there(named)?;
        let temporary = folder.join(beside(&name));
        files::create_private_folder(&temporary).map_err(|error| refused(named, error))?;
        Ok(Self {
            temporary,
            named: named.to_owned(),
            done: false,
        })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// It is whole: it gets its name.
    pub fn finish(mut self) -> Result<(), Failure> {
        let end = || -> io::Result<()> {
            sync_tree(&self.temporary)?;
            // The system refuses to put a folder in the place of anything but an empty folder.
            fs::rename(&self.temporary, &self.named)?;
            sync_folder_of(&self.named)
        };
        end().map_err(|error| refused(&self.named, error))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.done
            && let Err(error) = fs::remove_dir_all(&self.temporary)
        {
            tracing::warn!(path = %self.temporary.display(), %error, "half a folder stays");
        }
    }
}

/// A file within a folder that is on its way, with the time that it tells; the folder is synced with
/// all that is in it before it gets its name.
pub fn file_within(
    folder: &Path,
    name: &str,
    modified: i64,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = folder.join(name);
    let file = files::create_new(folder, name).map_err(|error| refused(&path, error))?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    let end = || -> io::Result<()> {
        out.flush()?;
        let file = out.get_ref();
        if let Some(time) = system_time(modified) {
            file.set_modified(time)?;
        }
        Ok(())
    };
    let mut end = end;
    end().map_err(|error| refused(&path, error))
}

/// What is written cannot be.
pub fn refused(path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("Cannot write {}", path.display()))
        .cause(error)
        .hint("Nothing stays under that name; what was there before is as it was.")
}

fn refuse_there(named: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(named) {
        Ok(_) => Err(
            Failure::new(format!("{} is there already", named.display()))
                .hint("Nothing is overwritten: name another place, or move it away."),
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(refused(named, error)),
    }
}

fn split(named: &Path) -> Result<(PathBuf, String), Failure> {
    let name = named.file_name().and_then(|name| name.to_str());
    let Some(name) = name else {
        return Err(Failure::usage(format!(
            "{} cannot be written: it has no name",
            named.display()
        )));
    };
    let folder = match named.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((folder, name.to_owned()))
}

/// The name while it is not whole: another one for each file and each process.
fn beside(name: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let short: String = name.chars().take(40).collect();
    format!(".{short}.{}-{number}.part", std::process::id())
}

/// A rename would replace what came there since; a link does not. Some file systems have no links.
fn name(temporary: &Path, named: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, named) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(named).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(temporary, named),
    }
}

fn system_time(seconds: i64) -> Option<std::time::SystemTime> {
    let seconds = u64::try_from(seconds).ok()?;
    std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds))
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Every file costs a turn of the disk: where the system can, all of them are synced at once.
#[cfg(target_os = "linux")]
fn sync_tree(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync_tree(&entry.path())?,
            false => File::open(entry.path())?.sync_all()?,
        }
    }
    File::open(folder)?.sync_all()
}
