//! The page of the file browser.

use crate::mime::sanitize::Shown;
use crate::tui::app::files::{Entry, EntryKind, Use};
use crate::tui::app::layout::Area;
use crate::tui::app::{App, date};

use crate::tui::screen::paint::{Pen, cells};
use crate::tui::screen::theme::Role;

use super::state::{foot_rows, head_rows, list_rows};

const NAME: u16 = 3;
/// Cells of the size and of the date, each with the gap before it.
const SIZE: u16 = 10;
const DATE: u16 = 14;

/// The title: the folder, the place in it, and how much is selected.
pub fn title(app: &App) -> (String, String) {
    let files = &app.files;
    let what = match files.purpose {
        Use::Attach => "ATTACH",
        Use::Read => "READ FILE",
    };
    let place = match (files.is_reading(), files.count()) {
        (true, _) => "reading…".to_owned(),
        (false, 0) => String::new(),
        (false, count) => format!("{} of {count}", files.selected + 1),
    };
    let right = match files.marked.len() {
        0 => place,
        count if app.layout.width < 60 => format!("{place}  {count} selected"),
        count => {
            let size = date::octets(files.marked.values().sum());
            format!("{place}   {count} selected, {size}")
        }
    };
    let folder = files.folder.as_ref();
    let path = folder.map_or(String::new(), |one| one.path.to_string_lossy().into_owned());
    // The end of a long path says most.
    let room = app.layout.width.saturating_sub(cells(&right) + 16).max(8);
    let path = Shown::line(&path).truncate_middle(usize::from(room));
    (format!("{what}   {path}"), right)
}

/// Draws the folder; gives the cell of the selected entry.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let files = &app.files;
    if files.count() == 0 {
        pen.put(
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            empty(app),
            Role::Text,
        );
        return (area.x + 1, area.y);
    }
    let columns = Columns::of(area);
    let head = head_rows(app);
    if head > 0 {
        let name = Shown::from("Name");
        columns.put(pen, area, area.y, &name, ["Size", "Modified"], Role::Dim);
    }
    let mut cursor = (area.x, area.y);
    for (n, row) in (0..list_rows(app)).zip(files.top..) {
        let Some(entry) = files.at(row) else { break };
        let y = area.y + head + n;
        put(app, pen, area, y, &entry, &columns);
        if row == files.selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
    }
    foot(app, pen, area);
    cursor
}

fn empty(app: &App) -> &'static str {
    let files = &app.files;
    match &files.folder {
        None => "Opening…",
        Some(_) if !files.filter.trim().is_empty() => {
            "No name here is like that. Esc shows everything."
        }
        Some(folder) if folder.entries.is_empty() => "Nothing is in this folder. < goes up.",
        Some(_) => "Only hidden names are here. H shows them, < goes up.",
    }
}

fn put(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, entry: &Entry, columns: &Columns) {
    let (slash, size) = match entry.kind {
        EntryKind::Folder => ("/", "folder".to_owned()),
        EntryKind::File => ("", date::octets(entry.size)),
        EntryKind::Other => ("", "no file".to_owned()),
    };
    let name = Shown::line(&format!("{}{slash}", entry.name));
    let when = date::of_file(entry.modified, app.now.wall, app.offset_at);
    let role = match entry.kind {
        EntryKind::Folder => Role::Strong,
        EntryKind::File => Role::Text,
        EntryKind::Other => Role::Dim,
    };
    columns.put(pen, area, y, &name, [&size, &when], role);
    if app.files.marked.contains_key(&entry.path) {
        pen.put(area.x + 1, y, 1, "X", Role::Strong);
    }
}

/// Where the columns are; on a narrow screen there is none for the date.
struct Columns {
    name: u16,
    size: u16,
    date: Option<u16>,
}

impl Columns {
    fn of(area: Area) -> Self {
        let date = (area.width >= 60).then_some(area.width.saturating_sub(1));
        let size = area
            .width
            .saturating_sub(1 + date.map_or(0, |_| DATE))
            .max(NAME);
        Self {
            name: size.saturating_sub(NAME + SIZE).max(4),
            size,
            date,
        }
    }

    fn put(
        &self,
        pen: &mut Pen<'_>,
        area: Area,
        y: u16,
        name: &Shown,
        texts: [&str; 2],
        role: Role,
    ) {
        let [size, when] = texts;
        // The end of a long name tells what kind of file it is (SAFETY A2).
        let name = name.truncate_middle(usize::from(self.name));
        pen.shown(area.x + NAME, y, self.name, &name, role);
        pen.put_right(area.x + self.size, y, SIZE - 2, size, role);
        if let Some(right) = self.date {
            pen.put_right(area.x + right, y, DATE - 2, when, role);
        }
    }
}

/// What the entry at the cursor holds.
fn foot(app: &App, pen: &mut Pen<'_>, area: Area) {
    let rows = foot_rows(app).min(area.height);
    let Some(entry) = app.files.entry().filter(|_| rows > 0) else {
        return;
    };
    let y = area.y + area.height - 1;
    if rows > 1 {
        pen.rule(area.x, y - 1, area.width);
    }
    let (words, warning) = match (entry.kind, app.files.known()) {
        (EntryKind::Folder, _) => ("Folder".to_owned(), String::new()),
        (EntryKind::Other, _) => (
            "Neither a file nor a folder: it cannot be attached".to_owned(),
            String::new(),
        ),
        (EntryKind::File, None) => ("…".to_owned(), String::new()),
        (EntryKind::File, Some(Ok((kind, warning)))) => {
            let warning = warning.as_ref().map(|words| format!("  ! {words}"));
            (kind.clone(), warning.unwrap_or_default())
        }
        (EntryKind::File, Some(Err(why))) => (String::new(), format!("! {why}")),
    };
    let room = area.width.saturating_sub(2);
    let used = pen.put(area.x + 1, y, room, &words, Role::Text);
    let rest = room.saturating_sub(used);
    pen.put(area.x + 1 + used, y, rest, &warning, Role::Warning);
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    match app.files.entry() {
        Some(entry) => {
            let name = Shown::line(&entry.name).truncate_middle(usize::from(area.width));
            pen.shown(area.x, area.y, area.width, &name, Role::Text);
        }
        None => {
            pen.put(area.x, area.y, area.width, empty(app), Role::Text);
        }
    }
}
