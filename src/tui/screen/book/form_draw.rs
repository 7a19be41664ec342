//! The page on which one entry is written.

use crate::tui::app::App;
use crate::tui::app::layout::Area;

use crate::tui::screen::draw::field_row;
use crate::tui::screen::log::state::fold;
use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::form::{Form, Spot};

/// Where the values begin.
const VALUE: u16 = 18;
/// The same on a narrow screen.
const NARROW: u16 = 11;

/// The title.
pub fn title(app: &App) -> (String, String) {
    let new = app.book.form.as_ref().is_none_or(|form| form.key.is_none());
    let words = match new {
        true => "NEW ENTRY",
        false => "ENTRY",
    };
    (format!("ADDRESS BOOK   {words}"), String::new())
}

/// Draws the form; gives the insertion point.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let Some(form) = &app.book.form else {
        return (area.x, area.y);
    };
    let narrow = area.width < 60;
    let mut y = area.y + words(form, pen, area);
    let mut cursor = (area.x, y);
    let fields = [
        (Spot::Name, "Name", &form.name, ""),
        (
            Spot::Addresses,
            if narrow { "Address" } else { "Addresses" },
            &form.addresses,
            "Commas stand between several; mail goes to the first.",
        ),
        (
            Spot::Nickname,
            "Nickname",
            &form.nickname,
            "A short name that stands for them in an address field.",
        ),
        (Spot::Note, "Note", &form.note, ""),
    ];
    let (label, value) = match narrow {
        true => (1, NARROW),
        false => (3, VALUE),
    };
    for (spot, name, field, hint) in fields {
        if y >= area.y + area.height {
            break;
        }
        let here = form.at == spot;
        let head = match narrow {
            true => format!("{name:<8}:"),
            false => format!("{name:<12} :"),
        };
        pen.put(area.x + label, y, area.width - label, &head, Role::Text);
        let role = if here { Role::Prompt } else { Role::Text };
        let room = area.width.saturating_sub(value + 1);
        let at = field_row(pen, area.x + value, y, room, field, role);
        if here {
            pen.put(area.x, y, 1, ">", Role::Text);
            cursor = (at, y);
        }
        y += 1;
        if !narrow && here && !hint.is_empty() {
            let room = area.width.saturating_sub(value);
            pen.put(area.x + value, y, room, hint, Role::Dim);
        }
        y += u16::from(!narrow);
    }
    cursor
}

/// What the page says above the fields; gives the rows that it takes.
fn words(form: &Form, pen: &mut Pen<'_>, area: Area) -> u16 {
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let (text, role) = match &form.refused {
        Some(why) => (why.as_str(), Role::Warning),
        None => (
            "Whom you write to, under the name that you give them.",
            Role::Text,
        ),
    };
    let mut rows = Vec::new();
    fold("", text, room, &mut rows);
    // A low screen leaves its rows to the fields.
    let most = usize::from(area.height.saturating_sub(5)).min(3);
    let mut y = area.y;
    for row in rows.iter().take(most) {
        pen.put(area.x + 1, y, area.width.saturating_sub(2), row, role);
        y += 1;
    }
    y - area.y + u16::from(area.height > 8)
}

/// The one line of a terminal under 20x5: the field with the cursor, whose insertion point is given.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    let Some(form) = &app.book.form else {
        return (area.x, area.y);
    };
    let field = match form.at {
        Spot::Name => &form.name,
        Spot::Addresses => &form.addresses,
        Spot::Nickname => &form.nickname,
        Spot::Note => &form.note,
    };
    let at = field_row(pen, area.x, area.y, area.width, field, Role::Text);
    (at, area.y)
}
