//! The page of the Outbox.

use crate::tui::app::layout::Area;
use crate::tui::app::view::Leaving;
use crate::tui::app::{App, date};

use crate::tui::screen::lines::{self, InSight};
use crate::tui::screen::paint::{Pen, cells};
use crate::tui::screen::theme::Role;

use super::state::{WHAT, below, column, head_rows, state_word};

const STATE: u16 = 2;
/// Where the time ends, and the cells that it takes.
const TIME: (u16, u16) = (18, 6);
const SUBJECT: u16 = 40;
/// The same where there is room for whole addresses.
const WIDE_SUBJECT: u16 = 60;

/// The title: whose Outbox, how many messages, how many of them refused.
pub fn title(app: &App) -> (String, String) {
    let lines = &app.outbox.lines;
    let refused = lines.iter().filter(|line| line.state.is_failed()).count();
    let mut right = match lines.len() {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    };
    if refused > 0 {
        right.push_str(&format!("   {refused} refused"));
    }
    let id = app.outbox.account.as_ref();
    let account = app.accounts.iter().find(|one| Some(&one.id) == id);
    let whose = match (account, app.accounts.as_slice()) {
        (Some(account), _) => &account.address,
        (None, [one]) => &one.address,
        (None, _) => "all accounts",
    };
    (format!("OUTBOX   {whose}"), right)
}

/// Draws the messages; gives the cell of the selected one.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let outbox = &app.outbox;
    if outbox.lines.is_empty() {
        let words = match outbox.loaded {
            true => "Nothing waits here: every message has left.",
            false => "Opening…",
        };
        let room = area.width.saturating_sub(2);
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
        top: outbox.top,
        selected: outbox.selected,
        column: column(app),
    };
    let first = |pen: &mut Pen<'_>, y, line: &Leaving| first_row(app, pen, area, y, line);
    let (cursor, _) = lines::draw(pen, rows, &outbox.lines, sight, first, |_, line| {
        below(app, line)
    });
    cursor
}

/// Where the subject begins.
fn subject_column(area: Area) -> u16 {
    match area.width {
        ..100 => SUBJECT,
        _ => WIDE_SUBJECT,
    }
}

fn heads(app: &App, pen: &mut Pen<'_>, area: Area) {
    pen.put(area.x + STATE, area.y, 8, "State", Role::Dim);
    let x = column(app);
    let mut subject = x;
    if x == WHAT {
        pen.put_right(area.x + TIME.0, area.y, TIME.1, "time", Role::Dim);
        pen.put(area.x + x, area.y, 8, "To", Role::Dim);
        subject = subject_column(area);
    }
    let room = area.width.saturating_sub(subject);
    pen.put(area.x + subject, area.y, room, "Subject", Role::Dim);
}

fn first_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, line: &Leaving) {
    pen.put(area.x + STATE, y, 8, state_word(line), Role::Text);
    let subject = match line.subject.trim() {
        "" => "(no subject)",
        subject => subject,
    };
    let x = column(app);
    if x != WHAT {
        let room = area.width.saturating_sub(x);
        pen.put(area.x + x, y, room, subject, Role::Text);
        return;
    }
    let at = line.later.filter(|at| *at > app.now.wall);
    let at = date::column(at.unwrap_or(line.queued), app.now.wall, app.offset_at);
    pen.put_right(area.x + TIME.0, y, TIME.1, &at, Role::Text);
    let others = match line.recipients.len() {
        0 | 1 => String::new(),
        count => format!(" +{}", count - 1),
    };
    let column = subject_column(area);
    let room = (column - x - 2).saturating_sub(cells(&others));
    let used = pen.put(area.x + x, y, room, &line.to, Role::Text);
    let left = column - x - used;
    pen.put(area.x + x + used, y, left, &others, Role::Text);
    let mut room = area.width.saturating_sub(column);
    if app.accounts.len() > 1 && app.outbox.account.is_none() && area.width >= 100 {
        let edge = area.x + area.width.saturating_sub(1);
        let name = cells(&line.account).min(16);
        pen.put_right(edge, y, name, &line.account, Role::Dim);
        room = room.saturating_sub(name + 3);
    }
    pen.put(area.x + column, y, room, subject, Role::Text);
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let words = match app.outbox.line() {
        Some(line) => format!("{} {}", state_word(line), line.subject),
        None => "Nothing waits.".to_owned(),
    };
    pen.put(area.x, area.y, area.width, &words, Role::Text);
}
