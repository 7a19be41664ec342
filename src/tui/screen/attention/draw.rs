//! The list over the lower part of the screen below it.

use crate::tui::app::App;
use crate::tui::app::layout::Area;
use crate::tui::app::view::{Cause, Need};

use crate::tui::screen::log::state::{fold, sentence};
use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::State;

/// Rows of the screen below that stay in sight.
const KEPT: u16 = 5;
const TEXT: u16 = 23;

/// Draws the list; gives the cell of the selected need.
pub fn draw(app: &App, pen: &mut Pen<'_>, body: Area) -> (u16, u16) {
    let state = &app.attention;
    let kept = if body.height > 14 { KEPT } else { 0 };
    let area = Area {
        y: body.y + kept,
        height: body.height - kept,
        ..body
    };
    pen.clear(area);
    let room = area.width.saturating_sub(4);
    let mut y = area.y + u16::from(kept > 0);
    let bottom = area.y + area.height;
    let head = heading(state);
    let used = pen.put(area.x + 2, y, room, &head, Role::Heading);
    pen.rule(area.x + 2 + used, y, room.saturating_sub(used));
    let mut cursor = (area.x + 2, y);
    y += 1;
    if state.needs.is_empty() && y < bottom {
        let words = if state.loaded {
            "Nothing waits for you."
        } else {
            "Opening…"
        };
        pen.put(area.x + 2, y, room, words, Role::Text);
        cursor = (area.x + 2, y);
        y += 1;
    }
    let narrow = area.width < 60;
    let mut lines: Vec<(usize, bool, String)> = Vec::new();
    for (n, need) in state.needs.iter().enumerate() {
        let wide = usize::from(if narrow {
            room
        } else {
            area.width.saturating_sub(TEXT + 1)
        });
        let mut rows = Vec::new();
        for (k, row) in rows_of(need, state.details && n == state.selected, wide, &mut rows)
            .iter()
            .enumerate()
        {
            lines.push((n, k == 0, row.clone()));
        }
    }
    let first = lines
        .iter()
        .position(|(n, _, _)| *n == state.selected)
        .unwrap_or(0);
    let space = usize::from(bottom.saturating_sub(y + 1)).max(1);
    let last = lines
        .iter()
        .rposition(|(n, _, _)| *n == state.selected)
        .unwrap_or(0);
    let skip = (last + 1).saturating_sub(space).min(first);
    for (n, head, row) in lines.iter().skip(skip).take(space) {
        let x = if narrow { area.x + 2 } else { area.x + TEXT };
        if *head
            && !narrow
            && let Some(need) = state.needs.get(*n)
        {
            let title = format!("{}  {}", n + 1, need.title);
            pen.put(area.x + 2, y, TEXT - 3, &title, Role::Text);
        }
        pen.put(x, y, area.width.saturating_sub(x - area.x), row, Role::Text);
        if *n == state.selected && *head {
            pen.put(area.x, y, 1, ">", Role::Text);
            pen.tint(area, y, Role::Selected);
            cursor = (area.x, y);
        }
        y += 1;
    }
    if y < bottom {
        pen.rule(area.x + 2, y, room);
    }
    cursor
}

/// What needs an answer is counted; what is looked for by itself stands beside it.
fn heading(state: &State) -> String {
    let urgent = state.needs.iter().filter(|need| need.is_urgent()).count();
    match state.needs.len().saturating_sub(urgent) {
        0 => format!("-- Alt-a: what needs you ({urgent}) "),
        unsure => format!("-- Alt-a: what needs you ({urgent}), and what is unsure ({unsure}) "),
    }
}

fn rows_of<'a>(need: &Need, details: bool, wide: usize, rows: &'a mut Vec<String>) -> &'a [String] {
    let short: String = sentence(&need.text).chars().take(wide * 3).collect();
    fold("", &short, wide, rows);
    rows.push(
        match need.cause {
            Cause::SignIn => "P new password   R retry   D details",
            Cause::Operation(_) => "R retry   X drop   D details",
            Cause::Conflict(..) => "K keep mine   T take theirs   D details",
            Cause::Unsure(_) => "R send again   X drop   D details",
            Cause::Notice(_) => "R retry   D details",
        }
        .to_owned(),
    );
    if details {
        for text in [&need.hint, &need.detail] {
            for line in text.lines().take(20).filter(|line| !line.is_empty()) {
                fold("", line, wide, rows);
            }
        }
        if need.hint.is_empty() && need.detail.is_empty() {
            rows.push("Nothing more is known.".to_owned());
        }
    }
    rows
}
