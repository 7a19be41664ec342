//! The edges to the machine that the pure half gets as values: zone, home, names, new files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::env::files::create_new;
use crate::env::zone;
use crate::model::MessageKey;
use crate::ops::attach;
use crate::ops::files::{FileError, mbox_out};
use crate::store::Store;
use crate::tui::app::commands::messages as counted;
use crate::tui::app::event::Ended;

/// Minutes east of UTC in the local zone at that second.
pub fn offset_at(epoch: i64) -> i32 {
    match jiff::Timestamp::from_second(epoch) {
        Ok(time) => zone::local().to_offset(time).seconds() / 60,
        Err(_) => 0,
    }
}

/// The home folder; the current one where there is none.
pub fn home() -> String {
    match directories::UserDirs::new() {
        Some(dirs) => dirs.home_dir().display().to_string(),
        None => ".".to_owned(),
    }
}

/// The path that a person typed.
pub fn typed(text: &str) -> PathBuf {
    attach::typed(text, Path::new(&home()))
}

/// Where a file is to be made: its folder and name. A folder as the answer takes `name`.
pub fn place(to: &str, name: &str) -> (PathBuf, String) {
    let path = typed(to);
    if to.ends_with('/') || path.is_dir() {
        return (path, name.to_owned());
    }
    let own = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    (folder, own.unwrap_or_else(|| name.to_owned()))
}

/// Makes a new file, never over one that is there, and puts `bytes` into it.
pub fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(folder, name)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file is worse than none.
        let _ = fs::remove_file(folder.join(name));
    }
    written
}

/// Makes a new file under `name`, or `name-2`, `name-3` … where names are taken.
pub fn write_beside(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<String> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        Some(_) | None => (name, String::new()),
    };
    for number in 1..1000 {
        let tried = if number == 1 {
            name.to_owned()
        } else {
            format!("{stem}-{number}{extension}")
        };
        match write_new(folder, &tried, bytes) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(tried),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Writes messages to one mbox file; what is not kept here whole is said.
pub fn export(store: &Store, messages: &[MessageKey], to: &str) -> Ended {
    let (folder, name) = place(to, "messages.mbox");
    let path = folder.join(&name);
    let shown = path.display().to_string();
    let mut file = match create_new(&folder, &name) {
        Ok(file) => io::BufWriter::new(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ended::Exists(shown),
        Err(error) => return Ended::Failed(format!("{shown} cannot be written: {error}.")),
    };
    let written = store.reader().map_err(FileError::from).and_then(|reader| {
        let written = mbox_out(&reader, messages, (&mut file, &mut io::sink()), &mut |_| {})?;
        file.flush()?;
        Ok(written)
    });
    match written {
        Ok(written) => {
            let count = usize::try_from(written.messages).unwrap_or(usize::MAX);
            let mut words = format!("Exported {} to {shown}.", counted(count));
            if !written.missing.is_empty() {
                let missing = counted(written.missing.len());
                words.push_str(&format!(" {missing} not kept here were left out."));
            }
            Ended::Done(words)
        }
        Err(error) => {
            // Half a file is worse than none.
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, "half an export is left");
            }
            Ended::Failed(format!("Nothing was exported: {error}."))
        }
    }
}
