//! The file browser of the composer: from a folder to files that are attached or read into the text.
//!
//! Folders are read by the shell. What a file is called on the disk is kept as octets; only a text of
//! it is shown and looked for, so that an odd name leads to its own file (SAFETY P9, D1 to D3).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::model::Attachment;
use crate::tui::screen::compose::{Spot, keys};
use crate::tui::screen::files::State;

use super::command::Screen;
use super::event::{Question, Ticket};
use super::key::Code;
use super::prompt::{Prompt, Purpose};
use super::{App, date, writing};

/// A file or folder: as it was typed, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// As a person typed it; `~` is their home.
    Typed(String),
    /// As it is called on the disk.
    At(PathBuf),
}

/// What becomes of a file that is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Use {
    /// It is attached.
    #[default]
    Attach,
    /// Its text goes where the cursor is.
    Read,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A plain file.
    File,
    /// Something that can be neither opened nor taken.
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
    pub kind: EntryKind,
    /// Its octets, if it is a file.
    pub size: u64,
    /// When it was last modified, in seconds since 1970.
    pub modified: i64,
    /// Whether it is shown only when hidden ones are.
    pub is_hidden: bool,
}

/// What lies in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Its entries, folders first.
    pub entries: Listing,
    /// There are more than were read.
    pub is_cut: bool,
    /// Why it is not the folder that was asked for.
    pub why: Option<String>,
}

/// The entries of a folder, all their names in two texts: a hundred thousand come and go at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    names: Vec<u8>,
    folded: String,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    name: (usize, usize),
    folded: (usize, usize),
    kind: EntryKind,
    size: u64,
    modified: i64,
    is_hidden: bool,
}

impl FromIterator<Entry> for Listing {
    fn from_iter<I: IntoIterator<Item = Entry>>(all: I) -> Self {
        let mut listing = Self::default();
        for one in all {
            let name = one.path.file_name().map_or(&[][..], OsStr::as_bytes);
            let start = (listing.names.len(), listing.folded.len());
            listing.names.extend_from_slice(name);
            listing.folded.push_str(&one.folded);
            listing.rows.push(Row {
                name: (start.0, listing.names.len()),
                folded: (start.1, listing.folded.len()),
                kind: one.kind,
                size: one.size,
                modified: one.modified,
                is_hidden: one.is_hidden,
            });
        }
        listing
    }
}

impl Listing {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One of them, of a folder at that path.
    pub fn entry(&self, at: usize, folder: &Path) -> Option<Entry> {
        let row = self.rows.get(at)?;
        let octets = self.names.get(row.name.0..row.name.1)?;
        Some(Entry {
            name: String::from_utf8_lossy(octets).into_owned(),
            folded: self.folded_of(row).to_owned(),
            path: folder.join(OsStr::from_bytes(octets)),
            kind: row.kind,
            size: row.size,
            modified: row.modified,
            is_hidden: row.is_hidden,
        })
    }

    fn folded_of(&self, row: &Row) -> &str {
        self.folded
            .get(row.folded.0..row.folded.1)
            .unwrap_or_default()
    }

    /// Those in whose name a folded text stands, and the first whose name begins with it.
    pub fn found(&self, text: &str, hidden: bool) -> (Vec<usize>, Option<usize>) {
        let mut begins = None;
        let mut all = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            if row.is_hidden && !hidden {
                continue;
            }
            let name = self.folded_of(row);
            if name.contains(text) {
                if begins.is_none() && name.starts_with(text) {
                    begins = Some(all.len());
                }
                all.push(at);
            }
        }
        (all, begins)
    }

    /// The place of a path.
    pub fn place(&self, path: &Path) -> Option<usize> {
        let name = path.file_name()?.as_bytes();
        self.rows
            .iter()
            .position(|row| self.names.get(row.name.0..row.name.1) == Some(name))
    }
}

/// `^T` where a file is asked for: its folder is shown.
pub fn open(app: &mut App, typed: &str, purpose: Use) {
    let Some(composer) = app.compose.current().map(|one| one.id) else {
        return;
    };
    let named = Named::Typed(match typed.trim() {
        "" => "./".to_owned(),
        typed => typed.to_owned(),
    });
    let ticket = app.ask(Question::Folder { named, above: true });
    app.files = State::opening(composer, purpose, ticket);
    app.go(Screen::Files);
}

/// A folder was read, or why it was not.
pub fn folder_came(app: &mut App, ticket: Ticket, found: Result<Box<Folder>, String>) {
    match found {
        Ok(folder) => {
            let why = folder.why.clone();
            let cut = folder.is_cut.then(|| folder.entries.len());
            if !app.files.take(ticket, *folder) {
                return;
            }
            match (why, cut) {
                (Some(why), _) => app.hint(why),
                (None, Some(count)) => app.hint(format!(
                    "There is more in this folder than the {count} names that are listed."
                )),
                (None, None) => {}
            }
        }
        Err(why) if app.files.failed(ticket) => {
            if app.files.folder.is_none() && app.screen == Screen::Files {
                leave(app);
            }
            app.hint(why);
        }
        Err(_) => {}
    }
}

/// `>` and Enter: opens the folder, or takes the file.
pub fn forward(app: &mut App) {
    let Some(entry) = app.files.entry() else {
        return app.hint("Nothing is here to be taken; < goes up.");
    };
    match entry.kind {
        EntryKind::Folder => go(app, entry.path, None),
        EntryKind::File => take(app),
        EntryKind::Other => app.hint(format!("{} is neither a file nor a folder.", entry.name)),
    }
}

/// `<`: the folder above, the cursor on the one that was left.
pub fn up(app: &mut App) {
    let Some(here) = app.files.folder.as_ref().map(|folder| folder.path.clone()) else {
        return;
    };
    match here.parent() {
        Some(above) => go(app, above.to_owned(), Some(here.clone())),
        None => app.hint("This is the top of all folders. ^C goes back to the message."),
    }
}

fn go(app: &mut App, path: PathBuf, from: Option<PathBuf>) {
    let named = Named::At(path);
    let above = from.is_some();
    let ticket = app.ask(Question::Folder { named, above });
    app.files.asks(ticket, from);
}

/// `Spc`: selects the file, or takes the selection away.
pub fn select(app: &mut App) {
    if app.files.purpose == Use::Read {
        return app.hint("One file is read into the text: Enter takes it.");
    }
    let Some(entry) = app.files.entry() else {
        return;
    };
    if entry.kind != EntryKind::File {
        return app.hint("Only files can be selected; Enter opens a folder.");
    }
    app.files.toggle(&entry);
    app.files.step(1);
}

/// `A`, and Enter on a file: those that are selected are taken, else the one at the cursor.
pub fn take(app: &mut App) {
    let mut paths: Vec<PathBuf> = app.files.marked.keys().cloned().collect();
    if paths.is_empty() {
        match app.files.entry() {
            Some(entry) if entry.kind == EntryKind::File => paths.push(entry.path),
            Some(_) | None => return app.hint("Select a file with Spc, or put the cursor on one."),
        }
    }
    let (id, purpose) = (app.files.composer, app.files.purpose);
    let folder = app.files.folder.as_ref();
    if let Some(folder) = folder.and_then(|folder| folder.path.to_str()) {
        app.save_folder = folder.to_owned();
    }
    leave(app);
    match (purpose, paths.as_slice()) {
        (Use::Attach, _) => writing::attach_files(app, id, paths),
        (Use::Read, [path, ..]) => writing::read(app, id, Named::At(path.clone())),
        (Use::Read, []) => {}
    }
}

/// `^C`: back to the message, which is as it was.
pub fn cancel(app: &mut App) {
    leave(app);
    app.hint("No file was taken.");
}

/// Esc: everything is shown again, then nothing is selected, then the browser is left.
pub fn clear(app: &mut App) {
    if !app.files.filter.is_empty() {
        app.files.look_for("");
    } else if app.files.marked.is_empty() {
        cancel(app);
    } else {
        app.files.marked.clear();
        app.hint("Nothing is selected any more.");
    }
}

fn leave(app: &mut App) {
    let (id, purpose) = (app.files.composer, app.files.purpose);
    app.files = State::default();
    let Some(at) = app.compose.open.iter().position(|one| one.id == id) else {
        return app.go_under();
    };
    app.compose.at = at;
    let spot = match purpose {
        Use::Attach => Spot::Attach,
        Use::Read => Spot::Body,
    };
    keys::go(app, spot);
    // The screen is another one though the spot may be the same.
    app.go(keys::screen_of(spot));
}

/// `H`: shows hidden files too, or hides them again.
pub fn toggle_hidden(app: &mut App) {
    let hidden = !app.files.hidden;
    app.files.show_hidden(hidden);
    app.hint(match hidden {
        true => "Names that begin with a dot are shown too.",
        false => "Names that begin with a dot are hidden.",
    });
}

/// `/`: what is typed narrows the list at once.
pub fn ask_find(app: &mut App) {
    let before = app.files.filter.clone();
    let purpose = Purpose::FindFile(before.clone());
    app.open_prompt(Prompt::text(purpose, "Look for", &before));
}

/// A key that walks the list while the line is typed; false when it is not one.
pub fn walk_while_searching(app: &mut App, purpose: &Purpose, code: Code) -> bool {
    if !matches!(purpose, Purpose::FindFile(_)) {
        return false;
    }
    let by = match code {
        Code::Up => -1,
        Code::Down => 1,
        Code::PageUp => -10,
        Code::PageDown => 10,
        _ => return false,
    };
    app.files.step(by);
    true
}

/// Files were looked at that are to be attached, those first that can be.
pub fn attached_words(made: &[&Attachment]) -> String {
    match made {
        [] => String::new(),
        [one] => format!(
            "Attached {} ({}, {}).",
            one.name,
            date::octets(one.size),
            one.media_type
        ),
        many => {
            let size = many.iter().map(|one| one.size).sum();
            format!("Attached {} files ({}).", many.len(), date::octets(size))
        }
    }
}
