//! `export`: messages into files, exactly as they are, that any other mail program can read.
//!
//! Nothing is overwritten, and nothing has its name before it is whole and on the disk. Messages
//! stand in the order in which they came here.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use super::args::{Export, ExportTo};
use super::error::Failure;
use super::gauge::Gauge;
use super::publish::{self, NewFile, NewFolder};
use super::start::Start;
use super::{ids, json, list, places, shelf};
use crate::env::files::create_private_folder;
use crate::mime::maildir;
use crate::model::MessageKey;
use crate::ops::files::{self, FileError, Whole, Written};
use crate::store::mailboxes::Mailbox;
use crate::store::{Reader, accounts, imports, mailboxes};

/// A name in a file system is no longer than 255 octets.
const LONGEST: usize = 180;

/// `export mbox`, `export maildir` and `export eml`.
pub fn run(start: &mut Start, what: &Export) -> Result<(), Failure> {
    let to = what.to();
    let reader = start.store()?.reader()?;
    let mut out = Out {
        reader: &reader,
        gauge: Gauge::new(),
        written: Written::default(),
        files: Vec::new(),
    };
    if to.all {
        let folder = NewFolder::begin(&to.path)?;
        for account in accounts::all(&reader)? {
            out.account(what, folder.path(), &account)?;
        }
        folder.finish()?;
    } else {
        let keys = chosen(start, &reader, to)?;
        out.some(what, &to.path, &keys)?;
    }
    let Out { written, files, .. } = out;
    tell(start, &to.path, written, files)
}

fn chosen(start: &Start, reader: &Reader, to: &ExportTo) -> Result<Vec<MessageKey>, Failure> {
    if let Some(mailbox) = &to.mailbox {
        let place = places::place(&start.settings, None, mailbox)?;
        return Ok(imports::all(reader, list::find(reader, &place)?.key)?);
    }
    let named = ids::named(reader, &to.ids)?;
    match ids::missing(&named.missing) {
        Some(failure) => Err(failure.hint("Nothing was exported.")),
        None => Ok(named.keys),
    }
}

fn tell(
    start: &mut Start,
    path: &Path,
    written: Written,
    files: Vec<String>,
) -> Result<(), Failure> {
    let missing = written.missing.len();
    if start.out.json {
        start.out.object(&json::Exported {
            path: path.display().to_string(),
            exported: written.messages,
            octets: written.octets,
            missing: written.missing.iter().map(|key| key.0).collect(),
            files,
        })?;
    } else {
        let count = super::triage::count(usize::try_from(written.messages).unwrap_or(usize::MAX));
        let path = path.display();
        start.out.line(&format!("Exported {count} to {path}."))?;
    }
    if missing == 0 {
        return Ok(());
    }
    let count = super::triage::count(missing);
    Err(Failure::new(format!("{count} not exported"))
        .cause("not all of their bytes are kept here")
        .hint(
            "`lacebark show ID --raw` fetches one; offline = \"all\" in the account keeps all after \
             the next sync.",
        ))
}

/// What is written, and where.
struct Out<'a> {
    reader: &'a Reader,
    gauge: Gauge,
    written: Written,
    files: Vec<String>,
}

impl Out<'_> {
    fn some(&mut self, what: &Export, path: &Path, keys: &[MessageKey]) -> Result<(), Failure> {
        self.files.push(path.display().to_string());
        match what {
            Export::Mbox(_) => self.mbox_file(path, keys),
            Export::Maildir(_) => {
                let folder = NewFolder::begin(path)?;
                self.maildir(folder.path(), keys)?;
                folder.finish()
            }
            Export::Eml(_) => match keys {
                [key] if path.extension().is_some_and(|end| end == "eml") => {
                    self.eml_file(path, *key)
                }
                keys => {
                    let folder = NewFolder::begin(path)?;
                    self.eml(folder.path(), keys)?;
                    folder.finish()
                }
            },
        }
    }

    /// An mbox, and its flags beside it if there are any.
    fn mbox_file(&mut self, path: &Path, keys: &[MessageKey]) -> Result<(), Failure> {
        let mut file = NewFile::begin(path)?;
        let mut marks = NewFile::begin(&shelf::beside(path))?;
        let flagged = self.mbox(path, (&mut file, &mut marks), keys)?;
        if flagged {
            marks.finish(None)?;
        }
        file.finish(None)
    }

    /// Whether a message has flags.
    fn mbox(
        &mut self,
        path: &Path,
        to: (&mut dyn Write, &mut dyn Write),
        keys: &[MessageKey],
    ) -> Result<bool, Failure> {
        let what = path.display().to_string();
        let gauge = &mut self.gauge;
        let mut progress = |octets| gauge.tell(&what, octets, 0);
        let written = files::mbox_out(self.reader, keys, to, &mut progress)
            .map_err(|error| unwritten(path, error))?;
        let flagged = written.flagged > 0;
        self.add(written);
        Ok(flagged)
    }

    fn add(&mut self, written: Written) {
        self.written.messages += written.messages;
        self.written.octets += written.octets;
        self.written.missing.extend(written.missing);
    }

    fn maildir(&mut self, folder: &Path, keys: &[MessageKey]) -> Result<(), Failure> {
        for name in ["cur", "new", "tmp"] {
            make(&folder.join(name))?;
        }
        let (cur, mut keywords) = (folder.join("cur"), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            let Some(whole) = self.whole(*key)? else {
                continue;
            };
            let name = whole.maildir_name(*key, &mut keywords);
            self.one(&cur, &name, &whole)?;
            let what = folder.display().to_string();
            self.gauge.tell(&what, at as u64 + 1, keys.len() as u64);
        }
        if keywords.is_empty() {
            return Ok(());
        }
        let text = maildir::keywords_file(&keywords);
        let path = folder.join(maildir::KEYWORDS);
        fs::write(&path, text).map_err(|error| publish::refused(&path, error))
    }

    fn eml(&mut self, folder: &Path, keys: &[MessageKey]) -> Result<(), Failure> {
        for key in keys {
            if let Some(whole) = self.whole(*key)? {
                // Ordered by name as they are by key.
                self.one(folder, &format!("{:08}.eml", key.0), &whole)?;
            }
        }
        Ok(())
    }

    fn eml_file(&mut self, path: &Path, key: MessageKey) -> Result<(), Failure> {
        let Some(whole) = self.whole(key)? else {
            return Ok(());
        };
        let mut file = NewFile::begin(path)?;
        let what = path.display().to_string();
        let gauge = &mut self.gauge;
        let mut progress = |octets| gauge.tell(&what, octets, whole.length);
        whole
            .write(self.reader, &mut file, &mut progress)
            .map_err(|error| unwritten(path, error))?;
        file.finish(Some(whole.arrival))?;
        self.count(&whole);
        Ok(())
    }

    fn one(&mut self, folder: &Path, name: &str, whole: &Whole) -> Result<(), Failure> {
        let reader = self.reader;
        publish::file_within(folder, name, whole.arrival, |out| {
            whole
                .write(reader, out, &mut |_| {})
                .map_err(|error| unwritten(&folder.join(name), error))
        })?;
        self.count(whole);
        Ok(())
    }

    fn count(&mut self, whole: &Whole) {
        self.written.messages += 1;
        self.written.octets += whole.length;
    }

    fn whole(&mut self, key: MessageKey) -> Result<Option<Whole>, Failure> {
        let whole = Whole::find(self.reader, key)?;
        if whole.is_none() {
            self.written.missing.push(key);
        }
        Ok(whole)
    }

    /// All mailboxes of an account: in a Maildir INBOX is the folder itself.
    fn account(
        &mut self,
        what: &Export,
        folder: &Path,
        account: &accounts::Account,
    ) -> Result<(), Failure> {
        let mut taken = BTreeSet::new();
        let folder = folder.join(name(&[account.id.as_str()], &mut taken));
        make(&folder)?;
        let mut taken = BTreeSet::new();
        for mailbox in mailboxes::all(self.reader, account.key)? {
            let selectable = mailbox.base.as_ref().is_none_or(|base| base.selectable());
            if !selectable {
                continue;
            }
            let keys = imports::all(self.reader, mailbox.key)?;
            let name = name_of(&mailbox, &mut taken);
            self.mailbox(what, &folder, (&name, is_inbox(&mailbox)), &keys)?;
        }
        Ok(())
    }

    fn mailbox(
        &mut self,
        what: &Export,
        folder: &Path,
        (name, inbox): (&str, bool),
        keys: &[MessageKey],
    ) -> Result<(), Failure> {
        match what {
            Export::Mbox(_) => {
                let path = folder.join(format!("{name}.mbox"));
                let account = folder.file_name().unwrap_or_default().display();
                self.files.push(format!("{account}/{name}.mbox"));
                self.mbox_file(&path, keys)
            }
            Export::Maildir(_) if inbox => self.maildir(folder, keys),
            Export::Maildir(_) => {
                let path = folder.join(format!(".{name}"));
                make(&path)?;
                self.maildir(&path, keys)
            }
            Export::Eml(_) => {
                let path = folder.join(name);
                make(&path)?;
                self.eml(&path, keys)
            }
        }
    }
}

fn is_inbox(mailbox: &Mailbox) -> bool {
    mailbox.role == Some(crate::model::Role::Inbox)
}

fn name_of(mailbox: &Mailbox, taken: &mut BTreeSet<String>) -> String {
    let whole = mailbox.name.clone().unwrap_or_default();
    let levels: Vec<&str> = match mailbox.delimiter {
        Some(delimiter) => whole.split(delimiter).collect(),
        None => vec![whole.as_str()],
    };
    name(&levels, taken)
}

/// One name of a file for the levels of a name, safe whatever they hold (SAFETY A1, P9). What is too
/// long, or another one's, ends in its hash.
fn name(levels: &[&str], taken: &mut BTreeSet<String>) -> String {
    let whole = maildir::folder(levels.iter().copied());
    let plain = whole.strip_prefix('.').unwrap_or(&whole).to_owned();
    let short: String = plain.chars().take(LONGEST).collect();
    // Where case does not count, two names may be one.
    let known = |name: &str| match cfg!(target_os = "macos") {
        true => name.to_lowercase(),
        false => name.to_owned(),
    };
    let name = if short == plain && !short.is_empty() && !taken.contains(&known(&short)) {
        short
    } else {
        let hash = blake3::hash(plain.as_bytes()).to_hex();
        format!("{short}~{}", hash.get(..16).unwrap_or_default())
    };
    taken.insert(known(&name));
    name
}

fn make(path: &Path) -> Result<(), Failure> {
    create_private_folder(path).map_err(|error| publish::refused(path, error))
}

fn unwritten(path: &Path, error: FileError) -> Failure {
    match error {
        FileError::File(error) => publish::refused(path, error),
        FileError::Store(error) => error.into(),
        error @ (FileError::NotMbox(_) | FileError::Cut(_)) => {
            Failure::new(format!("Cannot write {}", path.display())).cause(error)
        }
    }
}

impl Export {
    fn to(&self) -> &ExportTo {
        match self {
            Export::Mbox(to) | Export::Maildir(to) | Export::Eml(to) => to,
        }
    }
}
