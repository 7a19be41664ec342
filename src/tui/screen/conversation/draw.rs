//! Lines of messages, texts below those that are open.

use crate::mime::sanitize;
use crate::model::Flags;
use crate::tui::app::layout::Area;
use crate::tui::app::view::{Body, Row};
use crate::tui::app::{App, date};

use crate::tui::screen::message::draw_text_row;
use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::state::{INSET, Piece};

/// The subject of its first message, and how many there are.
pub fn title(app: &App) -> (String, String) {
    let Some(conversation) = &app.thread else {
        return (String::new(), String::new());
    };
    let first = conversation.pieces.first();
    let subject = first.map_or("", |piece| piece.row.envelope.subject.as_str());
    let count = conversation.pieces.len();
    let right = match (conversation.loaded, count) {
        (false, _) => "opening".to_owned(),
        (true, 1) => "1 message".to_owned(),
        (true, _) => format!("Message {} of {count}", conversation.at + 1),
    };
    (format!("THREAD   {subject}"), right)
}

/// The one line of a terminal under 20x5.
pub fn line(app: &App, pen: &mut Pen<'_>, area: Area) {
    let here = app.thread.as_ref();
    let piece = here.and_then(|one| one.pieces.get(one.at));
    let words = piece.map_or(String::new(), |piece| {
        let row = &piece.row;
        format!(
            "{} {}",
            sanitize::sender(&row.envelope.from),
            row.envelope.subject
        )
    });
    pen.put(area.x, area.y, area.width, &words, Role::Text);
}

/// Draws the page; gives the cell of the message under the cursor.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let mut cursor = (area.x, area.y);
    let Some(conversation) = &app.thread else {
        return cursor;
    };
    if conversation.pieces.is_empty() {
        let words = match conversation.loaded {
            true => "No message of this thread is here any more.",
            false => "Opening…",
        };
        pen.put(
            area.x + 2,
            area.y,
            area.width.saturating_sub(2),
            words,
            Role::Dim,
        );
        return cursor;
    }
    for n in 0..area.height {
        let y = area.y + n;
        let found = conversation.at_row(conversation.top + usize::from(n));
        let Some((at, row)) = found else { break };
        let Some(piece) = conversation.pieces.get(at) else {
            break;
        };
        match row.checked_sub(1) {
            None => {
                head_row(app, pen, area, y, piece);
                if at == conversation.at {
                    pen.put(area.x, y, 1, ">", Role::Text);
                    pen.tint(area, y, Role::Selected);
                    cursor = (area.x, y);
                }
            }
            Some(row) => text_row(app, pen, area, y, piece, row),
        }
    }
    cursor
}

fn head_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, piece: &Piece) {
    let row = &piece.row;
    let role = match row.seen() {
        true => Role::Header,
        false => Role::Unread,
    };
    let state = match () {
        () if row.flags.has(Flags::FLAGGED) => "*",
        () if !row.seen() => "N",
        () if row.flags.has(Flags::ANSWERED) => "A",
        () => " ",
    };
    pen.put(area.x + 2, y, 1, state, role);
    let at = row.envelope.date.unwrap_or(row.arrival);
    let at = date::column(at, app.now.wall, app.offset_at);
    pen.put_right(area.x + 10, y, 6, &at, role);
    let from = area.width.saturating_sub(12).min(24);
    pen.put(area.x + 12, y, from, &who(app, row), role);
    let x = 12 + from + 2;
    pen.put(
        area.x + x,
        y,
        area.width.saturating_sub(x),
        &about(row),
        role,
    );
}

fn who(app: &App, row: &Row) -> String {
    let own = row
        .envelope
        .from
        .iter()
        .any(|from| app.is_own(&from.address));
    match own && !row.envelope.to.is_empty() {
        true => format!("To {}", sanitize::sender(&row.envelope.to)),
        false => sanitize::sender(&row.envelope.from).into_string(),
    }
}

/// The tree, and the subject where it is another one than above.
fn about(row: &Row) -> String {
    match &row.tree {
        Some(tree) if tree.same_subject => tree.drawing(),
        Some(tree) => format!("{}{}", tree.drawing(), row.envelope.subject.trim()),
        None => row.envelope.subject.trim().to_owned(),
    }
}

fn text_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, piece: &Piece, at: usize) {
    let Some(text) = &piece.text else { return };
    let area = Area {
        x: area.x + INSET,
        width: area.width.saturating_sub(INSET),
        ..area
    };
    match &text.body {
        Some(Body::Text(_)) => {
            if let Some(row) = text.rows().get(at) {
                draw_text_row(pen, area, y, row, None);
            }
        }
        Some(Body::NotKept { size }) if at == 0 => {
            let words = app.not_kept_words(*size);
            let words = words.first().map_or("", String::as_str);
            pen.put(area.x, y, area.width, words, Role::Dim);
        }
        Some(Body::Failed(why)) if at == 0 => {
            pen.put(area.x, y, area.width, why, Role::Warning);
        }
        None if at == 0 => {
            pen.put(area.x, y, area.width, "Opening…", Role::Dim);
        }
        Some(_) | None => {}
    }
}
