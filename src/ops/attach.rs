//! Files to attach: what lies in a folder, what a file becomes as an attachment, and whether it is
//! still the same just before it is sent (SAFETY A5).
//!
//! A file is looked at when it is picked and read when the message is queued; from then on the bytes
//! are frozen. What is no plain file is never opened for reading: a pipe would hang and a device
//! never end. Nothing here writes.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::mime::{filename, fold, media, sniff};
use crate::model::{Attachment, Source};

/// Octets that tell what a file is.
const HEAD: u64 = 4_096;
/// Entries of a folder that are read.
const ENTRIES: usize = 200_000;
/// Completions of a path.
const COMPLETIONS: usize = 50;

/// Why something cannot be attached, or not sent as it was attached.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The system does not let it be read.
    #[error("{path} cannot be read: {error}")]
    Unreadable {
        /// As it was named.
        path: String,
        /// The system's words.
        error: io::Error,
    },
    /// A folder, pipe, socket or device.
    #[error("{path} is {what}: only a file can be attached")]
    NoFile {
        /// As it was named.
        path: String,
        /// `a folder`, `a pipe` …
        what: &'static str,
    },
    /// It was there when it was attached.
    #[error("{path} is not there any more: attach it again, or remove it")]
    Vanished {
        /// Where it was.
        path: String,
    },
    /// It is another one than when it was attached.
    #[error("{path} has changed since it was attached: attach it again, or remove it")]
    Changed {
        /// Where it is.
        path: String,
    },
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A folder, or a link to one.
    Folder,
    /// A file, or a link to one.
    File,
    /// Something else, or nothing that can be looked at: it cannot be attached.
    Other,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as far as it is UTF-8.
    pub name: String,
    /// The same as a person looks for it.
    pub folded: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Its octets, if it is a file.
    pub size: u64,
    /// When it was last modified, in seconds since 1970.
    pub modified: i64,
    /// Its name begins with a dot.
    pub is_hidden: bool,
}

/// What lies in a folder: folders first, then files by name, hidden ones last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The entries in order.
    pub entries: Vec<Entry>,
    /// There are more than could be read.
    pub is_cut: bool,
}

/// Reads a folder. What its files hold is told by [`media_type`], for those that are on the screen.
pub fn list(folder: &Path) -> Result<Listing, AttachError> {
    let mut listing = Listing::default();
    for found in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        // An entry that goes while the folder is read costs itself alone.
        let Ok(found) = found else { continue };
        if listing.entries.len() >= ENTRIES {
            listing.is_cut = true;
            break;
        }
        listing.entries.push(entry(&found.path()));
    }
    let order = |a: &Entry, b: &Entry| {
        let key = |one: &Entry| (one.is_hidden, one.kind);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.folded.cmp(&b.folded))
            .then_with(|| a.path.cmp(&b.path))
    };
    listing.entries.sort_unstable_by(order);
    Ok(listing)
}

fn entry(path: &Path) -> Entry {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let about = fs::metadata(path).ok();
    let kind = match &about {
        Some(about) if about.is_dir() => Kind::Folder,
        Some(about) if about.is_file() => Kind::File,
        Some(_) | None => Kind::Other,
    };
    Entry {
        is_hidden: name.starts_with('.'),
        folded: fold::text(&name),
        name: name.into_owned(),
        path: path.to_owned(),
        kind,
        size: about
            .as_ref()
            .filter(|_| kind == Kind::File)
            .map_or(0, Metadata::len),
        modified: about.as_ref().map_or(0, modified),
    }
}

/// What a file holds, by its first bytes, and a warning if its name says something else (`named pdf,
/// is zip`).
pub fn media_type(path: &Path) -> Result<(String, Option<String>), AttachError> {
    let (_, name, head) = look(path)?;
    Ok((
        media::of_file(&name, &head),
        sniff::disagreement(&name, &head),
    ))
}

/// A file as it is attached: where it is, what it is called for others, what it holds, and by which
/// it is known again.
pub fn file(path: &Path) -> Result<Attachment, AttachError> {
    let (about, name, head) = look(path)?;
    // Another working folder must not lead to another file.
    let whole = std::path::absolute(path).map_err(|error| unreadable(path, error))?;
    Ok(Attachment {
        media_type: media::of_file(&name, &head),
        name: filename::safe(&name),
        source: Source::File {
            path: kept(&whole),
            size: about.len(),
            modified: modified(&about),
        },
        size: about.len(),
    })
}

/// What stands before the octets of a path that is not UTF-8: no path holds it.
const ESCAPED: char = '\0';

/// A path as a draft keeps it: text, and where it is not UTF-8 its octets as hexadecimal digits.
fn kept(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => {
            let octets = path.as_os_str().as_bytes().iter();
            let digits = octets.map(|octet| format!("{octet:02x}"));
            std::iter::once(ESCAPED.to_string()).chain(digits).collect()
        }
    }
}

/// The path that a draft keeps.
pub fn place(kept: &str) -> PathBuf {
    let Some(digits) = kept.strip_prefix(ESCAPED) else {
        return PathBuf::from(kept);
    };
    let octets = digits.as_bytes().chunks(2).map(|pair| {
        let digits = str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default()
    });
    PathBuf::from(OsString::from_vec(octets.collect()))
}

/// Whether a file is still what was attached; other sources are in the store and stay.
pub fn check(attachment: &Attachment) -> Result<(), AttachError> {
    match &attachment.source {
        Source::File {
            path,
            size,
            modified,
        } => opened(path, *size, *modified).map(drop),
        Source::Part { .. } | Source::Message { .. } => Ok(()),
    }
}

/// Opens a file that was attached, to be read once and whole. Reading fails if it turns out to be
/// longer or shorter than it was, or is written to meanwhile, so that nobody gets half of it.
pub fn open(path: &str, size: u64, modified: i64) -> Result<Whole, AttachError> {
    Ok(Whole {
        file: opened(path, size, modified)?,
        path: place(path),
        left: size,
        modified,
    })
}

/// A file that is read as it was attached, or not at all.
#[derive(Debug)]
pub struct Whole {
    file: File,
    path: PathBuf,
    left: u64,
    modified: i64,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let changed = || {
            let path = shown(&self.path);
            io::Error::new(io::ErrorKind::InvalidData, AttachError::Changed { path })
        };
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.file.read(buffer)?;
        let octets = u64::try_from(count).unwrap_or(u64::MAX);
        if octets > self.left || (octets == 0 && self.left > 0) {
            return Err(changed());
        }
        if octets == 0 && modified(&self.file.metadata()?) != self.modified {
            return Err(changed());
        }
        self.left -= octets;
        Ok(count)
    }
}

fn opened(path: &str, size: u64, was: i64) -> Result<File, AttachError> {
    let place = place(path);
    let (file, about) = match plain_file(&place) {
        Ok(opened) => opened,
        Err(AttachError::Unreadable { error, .. }) if is_gone(&error) => {
            return Err(AttachError::Vanished {
                path: shown(&place),
            });
        }
        Err(error) => return Err(error),
    };
    if about.len() != size || modified(&about) != was {
        return Err(AttachError::Changed {
            path: shown(&place),
        });
    }
    Ok(file)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Name and first bytes of a file.
fn look(path: &Path) -> Result<(Metadata, String, Vec<u8>), AttachError> {
    let (file, about) = plain_file(path)?;
    let mut head = Vec::new();
    file.take(HEAD)
        .read_to_end(&mut head)
        .map_err(|error| unreadable(path, error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok((about, name.into_owned(), head))
}

/// Opens a plain file. What it is was asked of the open file, so that nothing can be put in its
/// place in between; a pipe does not hold the opening up.
fn plain_file(path: &Path) -> Result<(File, Metadata), AttachError> {
    let about = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    is_plain(path, &about)?;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = File::options()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)
        .map_err(|error| unreadable(path, error))?;
    let about = file.metadata().map_err(|error| unreadable(path, error))?;
    is_plain(path, &about)?;
    Ok((file, about))
}

fn is_plain(path: &Path, about: &Metadata) -> Result<(), AttachError> {
    use std::os::unix::fs::FileTypeExt;
    let kind = about.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(AttachError::NoFile {
        path: shown(path),
        what,
    })
}

fn modified(about: &Metadata) -> i64 {
    let since = |at: std::time::SystemTime| match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    };
    about.modified().map_or(0, since)
}

fn unreadable(path: &Path, error: io::Error) -> AttachError {
    AttachError::Unreadable {
        path: shown(path),
        error,
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The path that a person typed: `~` is their home.
pub fn typed(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        Some(_) | None => PathBuf::from(text),
    }
}

/// What a path that begins so could be, as it would be typed: folders end in `/`, hidden entries come
/// only behind a dot. At most 50; what is not UTF-8 cannot be typed.
pub fn complete(text: &str, home: &Path) -> Vec<String> {
    if text == "~" {
        return vec!["~/".to_owned()];
    }
    let (folder, begun) = match text.rfind('/') {
        Some(at) => text.split_at(at + 1),
        None => ("", text),
    };
    let place = match folder {
        "" => PathBuf::from("."),
        folder => typed(folder, home),
    };
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    let (exact, folded) = (begun, fold::text(begun));
    let fits = |name: &str| match name.starts_with('.') {
        true => !exact.is_empty() && name.starts_with(exact),
        false => name.starts_with(exact) || fold::text(name).starts_with(&folded),
    };
    let mut found: Vec<(bool, String)> = entries
        .filter_map(Result::ok)
        .take(ENTRIES)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let slash = match fits(&name) {
                true if is_folder(&entry) => "/",
                true => "",
                false => return None,
            };
            let is_exact = name.starts_with(exact);
            Some((!is_exact, format!("{folder}{name}{slash}")))
        })
        .collect();
    found.sort();
    // Another case is offered only where nothing stands as it was typed.
    if found.first().is_some_and(|(is_other, _)| !is_other) {
        found.retain(|(is_other, _)| !is_other);
    }
    found.truncate(COMPLETIONS);
    found.into_iter().map(|(_, name)| name).collect()
}

fn is_folder(entry: &fs::DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
        Ok(kind) => kind.is_dir(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
