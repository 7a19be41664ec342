//! The list of messages that are being written.

use crate::tui::app::layout::Area;
use crate::tui::app::{App, date};

use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

/// The title.
pub fn title(app: &App) -> (String, String) {
    let count = app.compose.rows();
    let right = match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    };
    ("WRITING   what is not sent yet".to_owned(), right)
}

/// One row: where it stands, when it was saved, to whom, its subject.
struct Row {
    state: &'static str,
    saved: Option<i64>,
    to: String,
    name: String,
}

fn rows(app: &App) -> Vec<Row> {
    let open = app.compose.open.iter().map(|composer| {
        let first = composer.to.units.first();
        Row {
            state: "open",
            saved: composer.saved_at,
            to: first.map_or(
                String::new(),
                crate::tui::screen::compose::recipients::shown,
            ),
            name: composer.name(),
        }
    });
    let stored = app.compose.waiting().map(|saved| Row {
        state: "draft",
        saved: Some(saved.saved),
        to: saved.to.clone(),
        name: saved.name.clone(),
    });
    open.chain(stored).collect()
}

/// Draws the rows; gives the cell of the selected one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let rows = rows(app);
    if rows.is_empty() {
        let room = area.width.saturating_sub(2);
        let words = match app.compose.listed {
            true => "Nothing is being written. C writes a new message.",
            false => "Looking for drafts…",
        };
        pen.put(area.x + 1, area.y, room, words, Role::Text);
        return (area.x + 1, area.y);
    }
    let height = usize::from(area.height).max(1);
    let top = (app.compose.selected + 1).saturating_sub(height);
    let mut cursor = (area.x, area.y);
    for (y, (at, row)) in (area.y..area.y + area.height).zip(rows.iter().enumerate().skip(top)) {
        one(app, pen, area, y, row);
        if at == app.compose.selected {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
    }
    cursor
}

fn one(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, row: &Row) {
    pen.put(area.x + 2, y, 5, row.state, Role::Text);
    let saved = row.saved.map_or("-".to_owned(), |at| {
        date::column(at, app.now.wall, app.offset_at)
    });
    pen.put_right(area.x + 15, y, 6, &saved, Role::Text);
    let wide = area.width >= 60;
    let x = area.x + if wide { 38 } else { 17 };
    if wide {
        pen.put(area.x + 17, y, 19, &row.to, Role::Text);
    }
    let room = (area.x + area.width).saturating_sub(x);
    pen.put(x, y, room, &row.name, Role::Text);
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let rows = rows(app);
    let words = rows
        .get(app.compose.selected)
        .map_or("Nothing is being written.", |row| row.name.as_str());
    pen.put(area.x, area.y, area.width, words, Role::Text);
}
