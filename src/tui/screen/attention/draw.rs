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
    let lines = lines_of(state, body.width);
    let kept = kept(state, &lines, body.height);
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
    let space = usize::from(bottom.saturating_sub(y + 1)).max(1);
    for line in lines.iter().skip(skipped(state, &lines, space)).take(space) {
        let x = area.x + indent(area.width);
        if line.head
            && !is_narrow(area.width)
            && let Some(need) = state.needs.get(line.need)
        {
            let title = format!("{}  {}", line.need + 1, need.title);
            pen.put(area.x + 2, y, TEXT - 3, &title, Role::Text);
        }
        let width = area.width.saturating_sub(x - area.x);
        pen.put(x, y, width, &line.text, Role::Text);
        if line.need == state.selected && line.head {
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

/// Rows of a text whose details are not shown.
const SHORT: usize = 3;

/// One row of a need.
struct Line {
    need: usize,
    /// Whether it is the first one.
    head: bool,
    text: String,
}

fn lines_of(state: &State, width: u16) -> Vec<Line> {
    let margin = if is_narrow(width) { 4 } else { TEXT + 1 };
    let wide = usize::from(width.saturating_sub(margin));
    let mut lines = Vec::new();
    for (need, one) in state.needs.iter().enumerate() {
        let details = state.details && need == state.selected;
        let rows = rows_of(one, details, wide).into_iter().enumerate();
        lines.extend(rows.map(|(at, text)| Line {
            need,
            head: at == 0,
            text,
        }));
    }
    lines
}

fn is_narrow(width: u16) -> bool {
    width < 60
}

fn indent(width: u16) -> u16 {
    if is_narrow(width) { 2 } else { TEXT }
}

/// How many rows of the screen below stay in sight: fewer where the details need the room.
fn kept(state: &State, lines: &[Line], height: u16) -> u16 {
    if height <= 14 {
        return 0;
    }
    let own = lines.iter().filter(|line| line.need == state.selected);
    let own = u16::try_from(own.count()).unwrap_or(u16::MAX);
    // A blank row, the heading and the rule below are between.
    KEPT.min(height.saturating_sub(own.saturating_add(3)))
}

/// How many lines are above the sight, so that the selected need is in it.
fn skipped(state: &State, lines: &[Line], space: usize) -> usize {
    let is_own = |line: &Line| line.need == state.selected;
    let first = lines.iter().position(is_own).unwrap_or(0);
    let last = lines.iter().rposition(is_own).unwrap_or(0);
    (last + 1).saturating_sub(space).min(first)
}

/// What needs an answer is counted; what is looked for by itself stands beside it.
fn heading(state: &State) -> String {
    let urgent = state.needs.iter().filter(|need| need.is_urgent()).count();
    match state.needs.len().saturating_sub(urgent) {
        0 => format!("-- Alt-a: what needs you ({urgent}) "),
        unsure => format!("-- Alt-a: what needs you ({urgent}), and what is unsure ({unsure}) "),
    }
}

fn rows_of(need: &Need, details: bool, wide: usize) -> Vec<String> {
    let mut rows = Vec::new();
    fold("", &sentence(&need.text), wide, &mut rows);
    if rows.len() > SHORT && !details {
        rows.truncate(SHORT);
        if let Some(last) = rows.last_mut() {
            last.push_str(" …");
        }
    }
    rows.push(
        match need.cause {
            Cause::SignIn => "P new password   R retry   D details",
            Cause::Operation(_) if need.is_submission => {
                "E edit   R send again   X drop   D details"
            }
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
                fold("", line, wide, &mut rows);
            }
        }
        if need.hint.is_empty() && need.detail.is_empty() {
            rows.push("Nothing more is known.".to_owned());
        }
    }
    rows
}
