//! The composer's page: header block, rule, text.

use crate::mime::sanitize::Shown;
use crate::tui::app::layout::{Area, Kind as Layout};
use crate::tui::app::{App, date};

use crate::tui::screen::paint::{Pen, cells};
use crate::tui::screen::theme::Role;

use super::fields::{self, LABEL};
use super::state::{Composer, Spot};
use super::text::{self, Place};

/// The title: what is written, and whether it is kept.
pub fn title(app: &App) -> (String, String) {
    let Some(composer) = app.compose.current() else {
        return ("COMPOSE".to_owned(), String::new());
    };
    let subject = composer.subject.value().trim();
    let left = match subject {
        "" => composer.kind.title().to_owned(),
        subject => format!("{}   {subject}", composer.kind.title()),
    };
    (left, kept(app, composer))
}

fn kept(app: &App, composer: &Composer) -> String {
    match (&composer.unsaved, composer.saved_at) {
        (Some(_), _) => "draft NOT saved".to_owned(),
        (None, Some(at)) => {
            let at = date::second_of_day(at, app.offset_at);
            format!("draft saved {at}")
        }
        (None, None) => "draft not saved yet".to_owned(),
    }
}

/// Draws the page; gives the insertion point.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let Some(composer) = app.compose.current() else {
        return (area.x, area.y);
    };
    let (height, at) = head(app, composer, pen, area);
    let mut cursor = at;
    let below = Area {
        y: area.y + height,
        height: area.height.saturating_sub(height),
        ..area
    };
    let in_text = body(composer, pen, below);
    if composer.spot == Spot::Body {
        cursor = in_text;
    }
    offers(composer, pen, area, cursor);
    cursor.unwrap_or((area.x, area.y))
}

fn head(
    app: &App,
    composer: &Composer,
    pen: &mut Pen<'_>,
    area: Area,
) -> (u16, Option<(u16, u16)>) {
    let rows = fields::rows(app, composer, area);
    let mut cursor = None;
    let mut y = area.y;
    let x = area.x + LABEL;
    let room = area.width.saturating_sub(LABEL);
    for row in &rows {
        if !row.name.is_empty() {
            let name = format!("{:<8}:", row.name);
            pen.put(area.x, y, LABEL, &name, Role::Header);
        }
        pen.put(x, y, room, &row.text, Role::Text);
        if let Some((from, to)) = row.selected {
            let from = u16::try_from(from).unwrap_or(room).min(room);
            let to = u16::try_from(to).unwrap_or(room).min(room);
            let part = Area {
                x: x + from,
                width: to - from,
                ..area
            };
            pen.tint(part, y, Role::Selected);
        }
        if let Some(at) = row.cursor {
            let at = u16::try_from(at).unwrap_or(room);
            cursor = Some((x + at.min(room.saturating_sub(1)), y));
        }
        y += 1;
    }
    if rows.is_empty() {
        return (0, cursor);
    }
    rule(app, pen, area, y);
    (y + 1 - area.y, cursor)
}

fn rule(app: &App, pen: &mut Pen<'_>, area: Area, y: u16) {
    if y >= area.y + area.height {
        return;
    }
    let words = match app.layout.kind {
        Layout::Line | Layout::Tiny => "----- Text ".to_owned(),
        Layout::One | Layout::Two { .. } | Layout::Three { .. } => {
            format!("----- Message text (^_ opens {}) ", app.editor)
        }
    };
    let used = pen.put(area.x, y, area.width, &words, Role::Rule);
    pen.rule(area.x + used, y, area.width.saturating_sub(used));
}

fn body(composer: &Composer, pen: &mut Pen<'_>, area: Area) -> Option<(u16, u16)> {
    let editor = &composer.body;
    let marked = editor.marked();
    let mut cursor = None;
    for (y, row) in (area.y..).zip(editor.shown(usize::from(area.height))) {
        let role = match row.quote {
            0 => Role::Text,
            1 => Role::Quote1,
            2 => Role::Quote2,
            _ => Role::Quote3,
        };
        let shown = Shown::body_line(row.text);
        pen.shown(area.x, y, area.width, &shown, role);
        if let Some((from, to)) = marked {
            mark(pen, area, y, &row, (from, to));
        }
        if row.cursor {
            let column = u16::try_from(editor.column()).unwrap_or(u16::MAX);
            cursor = Some((area.x + column.min(area.width.saturating_sub(1)), y));
        }
    }
    cursor
}

/// Shows what of a row is marked.
fn mark(pen: &mut Pen<'_>, area: Area, y: u16, row: &text::Shown<'_>, (from, to): (Place, Place)) {
    let start = Place::new(row.line, row.from);
    let end = Place::new(row.line, row.from + row.text.len());
    if to <= start || from > end {
        return;
    }
    let first = from.max(start).at - row.from;
    let last = if to.line > row.line {
        row.text.len()
    } else {
        to.at.saturating_sub(row.from).min(row.text.len())
    };
    let column =
        |at: usize| cells(Shown::body_line(row.text.get(..at).unwrap_or_default()).as_str());
    let (left, right) = (column(first), column(last));
    let part = Area {
        x: area.x + left,
        width: right
            .saturating_sub(left)
            .max(u16::from(row.text.is_empty())),
        ..area
    };
    pen.tint(part, y, Role::Selected);
}

/// The contacts that fit what is typed, below it.
fn offers(composer: &Composer, pen: &mut Pen<'_>, area: Area, cursor: Option<(u16, u16)>) {
    let (Some(field), Some((_, y))) = (composer.field(), cursor) else {
        return;
    };
    let below = (area.y + area.height).saturating_sub(y + 1);
    let x = area.x + LABEL.min(area.width / 4);
    let room = area.width.saturating_sub(x - area.x);
    for (n, contact) in (0..below).zip(&field.offers) {
        let row = y + 1 + n;
        let line = Area {
            x: area.x,
            y: row,
            width: area.width,
            height: 1,
        };
        pen.clear(line);
        let picked = field.picked == Some(usize::from(n));
        let name = crate::mime::sanitize::full(&contact.address);
        let why = cells(&contact.why);
        let name_room = match room > why + 24 {
            true => room - why - 3,
            false => room.saturating_sub(2),
        };
        let name = name.truncate(usize::from(name_room));
        pen.shown(x, row, name_room, &name, Role::Text);
        if room > why + 24 {
            let edge = (area.x + area.width).saturating_sub(1);
            pen.put_right(edge, row, why, &contact.why, Role::Dim);
        }
        if picked {
            pen.put(x.saturating_sub(2), row, 1, ">", Role::Text);
            pen.tint(line, row, Role::Selected);
        }
    }
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    let Some(composer) = app.compose.current() else {
        return (area.x, area.y);
    };
    let at = match composer.spot {
        Spot::Body => body(composer, pen, Area { height: 1, ..area }),
        _ => {
            let rows = fields::rows(app, composer, Area { height: 30, ..area });
            let row = rows.into_iter().find(|row| row.cursor.is_some());
            row.map(|row| {
                let used = pen.put(area.x, area.y, area.width, row.name, Role::Header);
                let x = area.x + used + 1;
                pen.put(
                    x,
                    area.y,
                    area.width.saturating_sub(used + 1),
                    &row.text,
                    Role::Text,
                );
                let at = u16::try_from(row.cursor.unwrap_or(0)).unwrap_or(0);
                (x + at, area.y)
            })
        }
    };
    at.unwrap_or((area.x, area.y))
}
