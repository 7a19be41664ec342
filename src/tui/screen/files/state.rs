//! The folder that is shown, what of it is in sight, and what is selected.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::mime::fold;
use crate::tui::app::App;
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Question, Ticket};
use crate::tui::app::files::{Entry, EntryKind, Folder, Use};
use crate::tui::app::layout::Kind;
use crate::tui::screen::folders::state::settled;

/// A folder that was asked for.
#[derive(Clone, Debug)]
struct Asked {
    ticket: Ticket,
    /// The entry that takes the cursor.
    from: Option<PathBuf>,
}

/// What is known of the file at the cursor.
pub type Holds = Result<(String, Option<String>), String>;

/// What the file browser knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The composer that wants a file.
    pub composer: u64,
    /// What becomes of it.
    pub purpose: Use,
    /// The folder; `None` before the first one was read.
    pub folder: Option<Folder>,
    /// The selected one of those in sight.
    pub selected: usize,
    /// The one at the top.
    pub top: usize,
    /// What is looked for; empty for everything.
    pub filter: String,
    /// Whether names that begin with a dot are in sight.
    pub hidden: bool,
    /// Selected files of any folder, with their octets.
    pub marked: BTreeMap<PathBuf, u64>,
    /// Places in the folder of the entries in sight.
    shown: Vec<usize>,
    asked: Option<Asked>,
    known: BTreeMap<PathBuf, Holds>,
    asked_kind: Option<(Ticket, PathBuf)>,
}

impl State {
    /// A browser whose first folder was asked for.
    pub fn opening(composer: u64, purpose: Use, ticket: Ticket) -> Self {
        Self {
            composer,
            purpose,
            asked: Some(Asked { ticket, from: None }),
            ..Self::default()
        }
    }

    /// Another folder was asked for, on whose entry `from` the cursor goes.
    pub fn asks(&mut self, ticket: Ticket, from: Option<PathBuf>) {
        self.asked = Some(Asked { ticket, from });
    }

    /// Whether a folder is being read.
    pub fn is_reading(&self) -> bool {
        self.asked.is_some()
    }

    /// Takes a folder; false when it is not the one that was asked for last.
    pub fn take(&mut self, ticket: Ticket, folder: Folder) -> bool {
        let Some(asked) = self.asked.take_if(|one| one.ticket == ticket) else {
            return false;
        };
        let at = asked.from.and_then(|from| folder.entries.place(&from));
        self.folder = Some(folder);
        self.filter.clear();
        self.narrow(at);
        true
    }

    /// A folder could not be read; false when it is not the one that was asked for last.
    pub fn failed(&mut self, ticket: Ticket) -> bool {
        self.asked.take_if(|one| one.ticket == ticket).is_some()
    }

    /// What a file holds came, or why it is not known.
    pub fn holds(&mut self, ticket: Ticket, holds: Holds) {
        if let Some((_, path)) = self.asked_kind.take_if(|(asked, _)| *asked == ticket) {
            self.known.insert(path, holds);
        }
    }

    /// What is known of the file at the cursor.
    pub fn known(&self) -> Option<&Holds> {
        self.known.get(&self.entry()?.path)
    }

    /// How many entries are in sight.
    pub fn count(&self) -> usize {
        self.shown.len()
    }

    /// The entry at a row.
    pub fn at(&self, row: usize) -> Option<Entry> {
        let folder = self.folder.as_ref()?;
        let place = self.shown.get(row)?;
        folder.entries.entry(*place, &folder.path)
    }

    /// The selected entry.
    pub fn entry(&self) -> Option<Entry> {
        self.at(self.selected)
    }

    /// What Enter does with the selected entry.
    pub fn forward_label(&self) -> &'static str {
        match (self.entry().map(|entry| entry.kind), self.purpose) {
            (Some(EntryKind::File), Use::Attach) => "Attach",
            (Some(EntryKind::File), Use::Read) => "Insert",
            (Some(EntryKind::Folder), _) => "Open",
            (Some(EntryKind::Other) | None, _) => "",
        }
    }

    /// Moves by rows; false at the ends.
    pub fn step(&mut self, by: isize) -> bool {
        let before = self.selected;
        let last = self.shown.len().saturating_sub(1);
        self.selected = before.saturating_add_signed(by).min(last);
        self.selected != before
    }

    /// Narrows the list to names in which this stands; the first that begins so takes the cursor.
    pub fn look_for(&mut self, text: &str) {
        if self.filter == text {
            return;
        }
        self.filter = text.to_owned();
        let here = self.shown.get(self.selected).copied();
        self.narrow(here.filter(|_| text.is_empty()));
    }

    /// Shows hidden names, or does not; the cursor stays on its entry.
    pub fn show_hidden(&mut self, hidden: bool) {
        self.hidden = hidden;
        let here = self.shown.get(self.selected).copied();
        self.narrow(here);
    }

    /// Selects a file, or takes the selection away.
    pub fn toggle(&mut self, entry: &Entry) {
        if self.marked.remove(&entry.path).is_none() {
            self.marked.insert(entry.path.clone(), entry.size);
        }
    }

    /// Finds out what is in sight; the entry at place `at` takes the cursor.
    fn narrow(&mut self, at: Option<usize>) {
        let text = fold::text(self.filter.trim());
        let found = self.folder.as_ref();
        let found = found.map(|folder| folder.entries.found(&text, self.hidden));
        let (shown, begins) = found.unwrap_or_default();
        let here = at.and_then(|at| shown.binary_search(&at).ok());
        self.selected = here.or(begins).unwrap_or(0);
        self.shown = shown;
    }
}

/// Rows above the list: the column heads.
pub fn head_rows(app: &App) -> u16 {
    u16::from(app.layout.body().height > 10 && app.files.count() > 0)
}

/// Rows below the list: what the file at the cursor holds, and a rule above it where there is room.
pub fn foot_rows(app: &App) -> u16 {
    match app.layout.kind {
        Kind::Line => 0,
        Kind::Tiny => 1,
        Kind::One | Kind::Two { .. } | Kind::Three { .. } => 2,
    }
}

/// Rows of the list.
pub fn list_rows(app: &App) -> u16 {
    let around = head_rows(app) + foot_rows(app);
    app.layout.body().height.saturating_sub(around).max(1)
}

/// Keeps the selected entry in sight, and asks what the file there holds.
pub fn settle(app: &mut App) {
    if app.screen != Screen::Files {
        return;
    }
    let room = usize::from(list_rows(app));
    let files = &mut app.files;
    files.top = settled(files.top, files.selected, room, files.count());
    let Some(entry) = files.entry().filter(|one| one.kind == EntryKind::File) else {
        return;
    };
    // One at a time: of those that were passed by only the last one is asked for.
    if files.asked_kind.is_none() && !files.known.contains_key(&entry.path) {
        let ticket = app.question(Question::Holds(entry.path.clone()));
        app.files.asked_kind = Some((ticket, entry.path));
    }
}
