//! The Queue page.

use crate::tui::app::layout::Area;
use crate::tui::app::view::Waiting;
use crate::tui::app::{App, date};

use crate::tui::screen::lines::{self, InSight};
use crate::tui::screen::paint::{Pen, cells};
use crate::tui::screen::theme::Role;

use super::state::{below, column, head_rows, state_word};

const STATE: u16 = 2;
/// Where the time ends, and the cells that it takes.
const SINCE: (u16, u16) = (18, 6);

/// The title: how many operations wait and how many were refused.
pub fn title(app: &App) -> (String, String) {
    let mut counts = (0, 0);
    for line in &app.queue.lines {
        match line.state.is_failed() {
            true => counts.1 += line.count,
            false => counts.0 += line.count,
        }
    }
    let more = if app.queue.more { "more than " } else { "" };
    let mut right = format!("{more}{} out", counts.0);
    if counts.1 > 0 {
        right.push_str(&format!("   {} refused", counts.1));
    }
    ("QUEUE   what has not reached its server".to_owned(), right)
}

/// Draws the lines; gives the cell of the selected one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let queue = &app.queue;
    let room = area.width.saturating_sub(2);
    if queue.lines.is_empty() {
        let words = match queue.loaded {
            true => "Nothing waits: every change has reached its server.",
            false => "Opening…",
        };
        pen.put(area.x + 1, area.y, room, words, Role::Text);
        return (area.x + 1, area.y);
    }
    let head = head_rows(app);
    if head > 0 {
        heads(app, pen, area);
    }
    let rows = Area {
        y: area.y + head,
        height: area.height.saturating_sub(head),
        ..area
    };
    let sight = InSight {
        top: queue.top,
        selected: queue.selected,
        column: column(app),
    };
    let first = |pen: &mut Pen<'_>, y, line: &Waiting| first_row(app, pen, area, y, line);
    let (cursor, y) = lines::draw(pen, rows, &queue.lines, sight, first, |at, line| {
        below(app, at, line)
    });
    if queue.more && y < area.y + area.height {
        let words = "More follow when these are done.";
        pen.put(area.x + STATE, y, room, words, Role::Dim);
    }
    cursor
}

fn heads(app: &App, pen: &mut Pen<'_>, area: Area) {
    pen.put(area.x + STATE, area.y, 8, "State", Role::Dim);
    let x = column(app);
    if x > SINCE.0 {
        pen.put_right(area.x + SINCE.0, area.y, SINCE.1, "since", Role::Dim);
    }
    let room = area.width.saturating_sub(x);
    pen.put(
        area.x + x,
        area.y,
        room,
        "What was asked, and why",
        Role::Dim,
    );
}

fn first_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, line: &Waiting) {
    let word = state_word(&line.state);
    pen.put(area.x + STATE, y, 8, word, Role::Text);
    let x = column(app);
    if x > SINCE.0 {
        let since = date::column(line.asked, app.now.wall, app.offset_at);
        pen.put_right(area.x + SINCE.0, y, SINCE.1, &since, Role::Text);
    }
    let mut room = area.width.saturating_sub(x);
    if app.accounts.len() > 1 && area.width >= 60 {
        let edge = area.x + area.width.saturating_sub(1);
        let name = cells(&line.account).min(16);
        pen.put_right(edge, y, name, &line.account, Role::Dim);
        room = room.saturating_sub(name + 3);
    }
    pen.put(area.x + x, y, room, &line.what, Role::Text);
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let words = match app.queue.line() {
        Some(line) => format!("{} {}", state_word(&line.state), line.what),
        None => "Nothing waits.".to_owned(),
    };
    pen.put(area.x, area.y, area.width, &words, Role::Text);
}
