//! The tree, the preview below it, and a text part over the whole screen.

use crate::mime::filename;
use crate::mime::sanitize::Shown;
use crate::model::Structure;
use crate::tui::app::layout::{Area, Kind};
use crate::tui::app::view::Preview;
use crate::tui::app::{App, date};

use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::state::{Item, State};

const PATH: u16 = 2;
const TYPE: u16 = 12;
const TYPE_WIDTH: u16 = 22;
const SIZE: u16 = 39;
const NAME: u16 = 45;

/// The title: subject and which part.
pub fn title(state: &State) -> (String, String) {
    let place = format!("part {} of {}", state.selected + 1, state.items.len());
    (format!("PARTS   {}", state.subject), place)
}

/// Rows that the tree takes of a body of `height` rows.
pub fn tree_rows(app: &App, height: u16) -> u16 {
    let head = head_rows(app);
    let count = app.parts.as_ref().map_or(0, |parts| parts.items.len());
    let wanted = u16::try_from(count).unwrap_or(u16::MAX);
    let most = if height < 12 {
        height.saturating_sub(head)
    } else {
        height * 3 / 5
    };
    wanted.min(most).max(1)
}

/// Rows above the tree.
pub fn head_rows(app: &App) -> u16 {
    match app.layout.kind {
        Kind::One | Kind::Two { .. } | Kind::Three { .. } => 1,
        Kind::Line | Kind::Tiny => 0,
    }
}

/// Draws the screen; gives the cell of the selected part, or of the first line of a viewed one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let Some(state) = &app.parts else {
        return (area.x, area.y);
    };
    if let Some(top) = state.viewing {
        viewed(pen, area, state, top);
        return (area.x, area.y);
    }
    let head = head_rows(app).min(area.height);
    if head > 0 {
        pen.put(area.x + PATH, area.y, 8, "Part", Role::Dim);
        pen.put(area.x + TYPE, area.y, 8, "Type", Role::Dim);
        pen.put(area.x + SIZE - 2, area.y, 6, "Size", Role::Dim);
        pen.put(area.x + NAME - 1, area.y, 14, "Name or text", Role::Dim);
    }
    let rows = tree_rows(app, area.height);
    let mut cursor = (area.x, area.y + head);
    for (n, item) in (0..rows).zip(state.items.iter().skip(state.top)) {
        let y = area.y + head + n;
        if y >= area.y + area.height {
            break;
        }
        row(pen, area, y, item);
        if state.top + usize::from(n) == state.selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
    }
    let used = head + rows + 1;
    if area.height > used + 1 {
        let below = Area {
            y: area.y + used,
            height: area.height - used,
            ..area
        };
        preview(pen, below, state);
    }
    cursor
}

fn row(pen: &mut Pen<'_>, area: Area, y: u16, item: &Item) {
    let part = &item.part;
    let narrow = area.width < 60;
    let path = if part.path.is_root() {
        ".".to_owned()
    } else {
        part.path.to_string()
    };
    pen.put(area.x + PATH, y, TYPE - PATH - 1, &path, Role::Text);
    let kind = format!("{}{}", item.branch, part.media_type());
    if narrow {
        let name = named(part, usize::from(area.width.saturating_sub(TYPE)));
        let text = if name.is_empty() { kind } else { name };
        pen.put(
            area.x + TYPE,
            y,
            area.width.saturating_sub(TYPE),
            &text,
            Role::Text,
        );
        return;
    }
    pen.put(area.x + TYPE, y, TYPE_WIDTH, &kind, Role::Text);
    let size = date::octets(item.size);
    if let Some((number, unit)) = size.split_once(' ') {
        pen.put_right(area.x + SIZE, y, 5, number, Role::Text);
        pen.put(area.x + SIZE + 1, y, 3, unit, Role::Text);
    }
    let room = area.width.saturating_sub(NAME);
    let name = named(part, usize::from(room));
    pen.put(area.x + NAME, y, room, &name, Role::Text);
}

fn named(part: &Structure, room: usize) -> String {
    if !part.filename.is_empty() {
        filename::shown(&part.filename, room).into_string()
    } else if !part.inner_subject.is_empty() {
        Shown::name(&part.inner_subject).into_string()
    } else {
        Shown::name(&part.description).into_string()
    }
}

fn preview(pen: &mut Pen<'_>, area: Area, state: &State) {
    let Some(item) = state.item() else { return };
    let path = if item.part.path.is_root() {
        ".".to_owned()
    } else {
        item.part.path.to_string()
    };
    let head = format!("Preview of {path} ");
    let used = pen.put(
        area.x + 2,
        area.y,
        area.width.saturating_sub(3),
        &head,
        Role::Dim,
    );
    pen.rule(
        area.x + 2 + used,
        area.y,
        area.width.saturating_sub(3 + used),
    );
    let room = area.width.saturating_sub(3);
    match &state.preview {
        None => {}
        Some(Preview::Words(words)) => {
            pen.put(area.x + 2, area.y + 1, room, words, Role::Text);
        }
        Some(Preview::NotKept { size }) => {
            let size = date::octets(*size);
            let words = format!("Not fetched yet: {size} on the server. Enter fetches it.");
            pen.put(area.x + 2, area.y + 1, room, &words, Role::Text);
        }
        Some(Preview::Text(lines)) => {
            for (n, line) in (1..area.height).zip(lines) {
                body_line(pen, area.x + 2, area.y + n, room, line);
            }
        }
    }
}

fn viewed(pen: &mut Pen<'_>, area: Area, state: &State, top: usize) {
    for (n, line) in (0..area.height).zip(state.lines().iter().skip(top)) {
        body_line(
            pen,
            area.x + 1,
            area.y + n,
            area.width.saturating_sub(1),
            line,
        );
    }
}

fn body_line(pen: &mut Pen<'_>, x: u16, y: u16, room: u16, line: &str) {
    let line: String = line.chars().take(usize::from(room) * 4).collect();
    let shown = Shown::body_line(&line).truncate(usize::from(room));
    pen.shown(x, y, room, &shown, Role::Text);
}
