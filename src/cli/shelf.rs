//! Files with mail, opened and put into mailboxes: what `import` and `open` share.
//!
//! Names come from whoever made the files. They choose nothing but the name of a mailbox, which is
//! checked as any that a person types; links and what is no regular file are passed over.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::error::Failure;
use super::gauge::Gauge;
use crate::mime::maildir;
use crate::model::{Flags, MailboxKey};
use crate::ops::files::{self, FileError, Marks};
use crate::ops::intake::{About, Intake, Tally};
use crate::store::{Store, StoreError};

/// Puts files into mailboxes.
pub struct Shelf {
    store: Store,
    intakes: BTreeMap<MailboxKey, Intake>,
    gauge: Gauge,
}

/// Where the subfolder with these levels goes.
pub type Below<'a> = dyn FnMut(&[String]) -> Result<MailboxKey, Failure> + 'a;

impl Shelf {
    /// Begins.
    pub fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            intakes: BTreeMap::new(),
            gauge: Gauge::new(),
        }
    }

    fn intake(&mut self, mailbox: MailboxKey) -> Result<(&mut Intake, &mut Gauge), StoreError> {
        let intake = match self.intakes.entry(mailbox) {
            std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Intake::begin(&self.store, mailbox)?)
            }
        };
        Ok((intake, &mut self.gauge))
    }

    /// What it came to so far, in all mailboxes.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        for intake in self.intakes.values() {
            add(&mut all, intake.tally());
        }
        all
    }

    /// Puts an mbox into a mailbox, with the flags of the file beside it.
    pub fn mbox(&mut self, path: &Path, mailbox: MailboxKey) -> Result<(), Failure> {
        let marks = marks(path)?;
        let (mut file, length) = open(path)?;
        let (intake, gauge) = self.intake(mailbox)?;
        let what = path.display().to_string();
        let mut progress = |octets| gauge.tell(&what, octets, length);
        files::mbox_in(intake, &mut file, marks.as_ref(), &mut progress)
            .map_err(|error| unread(path, error))
    }

    /// Puts one message into a mailbox. It arrived when its Date field says, else when the file was
    /// written.
    pub fn eml(&mut self, path: &Path, mailbox: MailboxKey, flags: Flags) -> Result<(), Failure> {
        let (mut file, length) = open(path)?;
        let (intake, gauge) = self.intake(mailbox)?;
        let what = path.display().to_string();
        let mut progress = |octets| gauge.tell(&what, octets, length);
        let about = About {
            flags,
            ..About::default()
        };
        files::message_in(intake, &mut file, about, &mut progress)
            .map(|_| ())
            .map_err(|error| unread(path, error))
    }

    /// Puts the files of a folder that are called `.eml` into a mailbox, in the order of their names.
    pub fn folder(
        &mut self,
        path: &Path,
        mailbox: MailboxKey,
        flags: &Flags,
    ) -> Result<(), Failure> {
        for (name, file) in regular(path)? {
            if name.as_bytes().ends_with(b".eml") {
                self.eml(&file, mailbox, flags.clone())?;
            }
        }
        Ok(())
    }

    /// Puts a Maildir into a mailbox, and its subfolders where `below` says.
    pub fn maildir(
        &mut self,
        path: &Path,
        mailbox: MailboxKey,
        below: &mut Below<'_>,
    ) -> Result<(), Failure> {
        if !is_maildir(path) {
            let failure = Failure::new(format!("Cannot read {}", path.display()));
            return Err(failure.cause("it is no Maildir: it holds no folder \"cur\""));
        }
        self.one_maildir(path, mailbox)?;
        let mut subfolders = Vec::new();
        for entry in listed(path)? {
            let name = entry.file_name();
            let levels = name.to_str().and_then(maildir::levels);
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let Some(levels) = levels.filter(|_| is_folder && is_maildir(&entry.path())) {
                subfolders.push((levels, entry.path()));
            }
        }
        subfolders.sort();
        for (levels, folder) in subfolders {
            let mailbox = below(&levels)?;
            self.one_maildir(&folder, mailbox)?;
        }
        Ok(())
    }

    fn one_maildir(&mut self, path: &Path, mailbox: MailboxKey) -> Result<(), Failure> {
        let words = match fs::read_to_string(path.join(maildir::KEYWORDS)) {
            Ok(text) => maildir::keywords(&text),
            Err(_) => Vec::new(),
        };
        let mut all: Vec<(u64, OsString, PathBuf)> = Vec::new();
        for folder in ["new", "cur"] {
            let folder = path.join(folder);
            if folder.is_dir() {
                let numbered = |(name, file): (OsString, PathBuf)| (seconds(&name), name, file);
                all.extend(regular(&folder)?.into_iter().map(numbered));
            }
        }
        // Names begin with the second in which the message came; they are not padded.
        all.sort();
        let total = all.len() as u64;
        let what = path.display().to_string();
        for (at, (_, name, file)) in all.into_iter().enumerate() {
            let (mut source, _) = open(&file)?;
            let about = About {
                flags: maildir::flags(name.as_bytes(), &words),
                arrival: modified(&file),
                frame: None,
            };
            let (intake, gauge) = self.intake(mailbox)?;
            files::message_in(intake, &mut source, about, &mut |_| {})
                .map_err(|error| unread(&file, error))?;
            gauge.tell(&what, at as u64 + 1, total);
        }
        Ok(())
    }

    /// Writes what is left and has all of it on the disk; what each mailbox got.
    pub fn finish(self) -> Result<Vec<(MailboxKey, Tally)>, Failure> {
        drop(self.gauge);
        let mut all = Vec::new();
        for (mailbox, intake) in self.intakes {
            all.push((mailbox, intake.finish()?));
        }
        Ok(all)
    }
}

/// Adds what one mailbox got.
pub fn add(all: &mut Tally, one: Tally) {
    all.imported += one.imported;
    all.present += one.present;
    all.octets += one.octets;
    all.action = all.action.or(one.action);
}

/// Whether a folder is a Maildir.
pub fn is_maildir(path: &Path) -> bool {
    path.join("cur").is_dir()
}

/// Whether a file begins as an mbox does.
pub fn is_mbox(path: &Path) -> bool {
    let mut start = [0; 5];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && &start == b"From "
}

fn open(path: &Path) -> Result<(Box<dyn Read>, u64), Failure> {
    let refused = || Failure::new(format!("Cannot read {}", path.display()));
    if path.as_os_str() == "-" {
        return Ok((Box::new(io::stdin()), 0));
    }
    let file = File::open(path).map_err(|error| refused().cause(error))?;
    let found = file.metadata().map_err(|error| refused().cause(error))?;
    if found.is_dir() {
        return Err(refused().cause("it is a folder"));
    }
    Ok((Box::new(file), found.len()))
}

/// The flags beside an mbox, if they are there.
fn marks(path: &Path) -> Result<Option<Marks>, Failure> {
    let beside = beside(path);
    match File::open(&beside) {
        Ok(file) => Marks::read(BufReader::new(file))
            .map(Some)
            .map_err(|error| {
                Failure::new(format!("Cannot read {}", beside.display())).cause(error)
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(format!("Cannot read {}", beside.display())).cause(error)),
    }
}

/// Where the flags of an mbox stand.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".flags");
    PathBuf::from(name)
}

fn unread(path: &Path, error: FileError) -> Failure {
    let failure = Failure::new(format!("Cannot read all of {}", path.display()));
    match error {
        FileError::Store(error) => error.into(),
        FileError::NotMbox(error) => Failure::new(format!("Cannot read {}", path.display()))
            .cause(error)
            .hint("Nothing of it was imported; a single message is imported as eml."),
        FileError::Cut(error) => failure.cause(error).hint(
            "What stands before that message is imported. If the message is whole, add a line end \
             to the file and import it again: nothing comes twice.",
        ),
        FileError::File(error) => failure
            .cause(error)
            .hint("What was read before is imported; import it again: nothing comes twice."),
    }
}

fn listed(path: &Path) -> Result<Vec<fs::DirEntry>, Failure> {
    let refused =
        |error: io::Error| Failure::new(format!("Cannot read {}", path.display())).cause(error);
    let entries = fs::read_dir(path).map_err(refused)?;
    entries.map(|entry| entry.map_err(refused)).collect()
}

/// The regular files of a folder that do not hide, by name.
fn regular(path: &Path) -> Result<Vec<(OsString, PathBuf)>, Failure> {
    let mut all = Vec::new();
    for entry in listed(path)? {
        let name = entry.file_name();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && !name.as_bytes().starts_with(b".") {
            all.push((name, entry.path()));
        }
    }
    all.sort();
    Ok(all)
}

fn seconds(name: &OsString) -> u64 {
    let digits = name
        .as_bytes()
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let text: String = digits.map(|byte| char::from(*byte)).collect();
    text.parse().unwrap_or_default()
}

fn modified(path: &Path) -> Option<i64> {
    let time = fs::metadata(path).and_then(|found| found.modified()).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
