//! The message page: header block, rule, text. The text can never make the cell pattern of a
//! header row: a row of it whose ninth cell is a colon is set in, and no role of the text looks
//! like a header name (SAFETY D7).

use crate::mime::document;
use crate::mime::sanitize::{Shown, width};
use crate::mime::wrap;
use crate::tui::app::App;
use crate::tui::app::layout::{Area, Kind};
use crate::tui::app::view::Body;

use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

use super::head::{HeadRow, head};
use super::state::{Level, State};

/// The title: folder, subject, place and how far down the page is.
pub fn title(app: &App, message: &State) -> (String, String) {
    let folder = app
        .mailbox()
        .map_or("", |(_, mailbox)| mailbox.name.as_str());
    let place = match message.number {
        Some(number) => format!("{number} of {}", app.index.total),
        None => String::new(),
    };
    let height = usize::from(app.layout.message().height);
    let seen = message.scroll + height;
    let all = message.height().max(1);
    let percent = (seen * 100 / all).min(100);
    let how_far = if message.body.is_none() {
        "opening".to_owned()
    } else if message.scroll == 0 && message.at_end(height) {
        "all".to_owned()
    } else if message.scroll == 0 {
        format!("top {percent}%")
    } else if message.at_end(height) {
        "end".to_owned()
    } else {
        format!("{percent}%")
    };
    if matches!(app.layout.kind, Kind::Three { .. }) {
        return (message.row.envelope.subject.clone(), how_far);
    }
    let left = if matches!(app.layout.kind, Kind::Tiny | Kind::Line) {
        message.row.envelope.subject.clone()
    } else {
        format!("{folder}   {}", message.row.envelope.subject)
    };
    (left, format!("{place}   {how_far}").trim_start().to_owned())
}

/// Draws the page; gives the cell of its first row, or of the one to which text is marked.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let Some(message) = &app.message else {
        return (area.x, area.y);
    };
    let head = head(app, message, area.width);
    let rule = usize::from(!head.is_empty());
    let mut cursor = (area.x, area.y);
    for n in 0..area.height {
        let at = message.scroll + usize::from(n);
        let y = area.y + n;
        if let Some(row) = head.get(at) {
            head_row(pen, area, y, row);
        } else if at < head.len() + rule {
            pen.rule(area.x, y, area.width);
        } else {
            let row = at - head.len() - rule;
            body_row(app, pen, area, y, message, row);
            let marking = message.marking.filter(|_| message.level != Level::Raw);
            if marking.is_some() && message.is_marked(row) {
                pen.tint(area, y, Role::Selected);
            }
            if marking.is_some_and(|marking| marking.at == row) {
                cursor = (area.x, y);
            }
        }
    }
    cursor
}

fn head_row(pen: &mut Pen<'_>, area: Area, y: u16, row: &HeadRow) {
    if !row.label.is_empty() {
        let label = format!("{:<8}:", row.label);
        pen.put(area.x, y, 9, &label, Role::Header);
    }
    let x = if row.at == 0 {
        inset(row.text.as_str())
    } else {
        u16::try_from(row.at).unwrap_or(0)
    };
    pen.shown(
        area.x + x,
        y,
        area.width.saturating_sub(x),
        &row.text,
        Role::Text,
    );
}

fn body_row(app: &App, pen: &mut Pen<'_>, area: Area, y: u16, message: &State, at: usize) {
    if message.level == Level::Raw {
        raw_row(pen, area, y, message, at);
        return;
    }
    match &message.body {
        Some(Body::Text(_)) => {
            if let Some(row) = message.rows().get(at) {
                text_row(pen, area, y, row, message.link);
            }
        }
        Some(Body::NotKept { size }) => {
            if let Some(words) = app.not_kept_words(*size).get(at) {
                pen.put(area.x, y, area.width, words, Role::Text);
            }
        }
        Some(Body::Failed(why)) if at == 0 => {
            pen.put(area.x, y, area.width, why, Role::Warning);
        }
        None if at == 0 => {
            pen.put(area.x, y, area.width, "Opening…", Role::Dim);
        }
        Some(Body::Failed(_)) | None => {}
    }
}

fn raw_row(pen: &mut Pen<'_>, area: Area, y: u16, message: &State, at: usize) {
    if let Some(line) = message.source().get(at) {
        let line: String = line.chars().take(usize::from(area.width) * 4).collect();
        let shown = Shown::body_line(&line);
        let inset = inset(shown.as_str());
        let room = area.width.saturating_sub(inset);
        pen.shown(area.x + inset, y, room, &shown, Role::Text);
    } else if at == 0 {
        let words = match message.lines {
            None => "Opening…",
            Some(_) => "The source is not kept offline.",
        };
        pen.put(area.x, y, area.width, words, Role::Dim);
    }
}

/// Draws one row of a text.
pub fn text_row(pen: &mut Pen<'_>, area: Area, y: u16, row: &wrap::Row, link: Option<usize>) {
    let whole: String = row.spans.iter().map(|span| span.text.as_str()).collect();
    let mut x = inset(&whole).min(area.width);
    for span in &row.spans {
        let role = match span.role {
            document::Role::Link(n) if link == Some(n) => Role::LinkAtCursor,
            other => role_of(other),
        };
        x += pen.shown(
            area.x + x,
            y,
            area.width.saturating_sub(x),
            &span.text,
            role,
        );
    }
    if row.folded {
        let room = area.width.saturating_sub(x);
        pen.put(area.x + x, y, room, "  (] shows them)", Role::Dim);
    }
}

/// Cells by which a row is set in so that its ninth cell is no colon.
pub(super) fn inset(text: &str) -> u16 {
    let colon_at = |cells: usize| {
        let mut used = 0;
        for cluster in text.chars() {
            if used == cells {
                return cluster == ':';
            }
            used += width(cluster.encode_utf8(&mut [0; 4]));
        }
        false
    };
    (0..=8u16)
        .find(|inset| !colon_at(8 - usize::from(*inset)))
        .unwrap_or(9)
}

fn role_of(role: document::Role) -> Role {
    match role {
        document::Role::Text | document::Role::Header | document::Role::Attachment => Role::Text,
        document::Role::Quote(0 | 1) => Role::Quote1,
        document::Role::Quote(2) => Role::Quote2,
        document::Role::Quote(_) => Role::Quote3,
        document::Role::Heading => Role::Heading,
        document::Role::Link(_) => Role::Link,
        document::Role::Signature | document::Role::Dim | document::Role::Fold => Role::Dim,
        document::Role::Rule => Role::Rule,
        document::Role::Emphasis => Role::Emphasis,
        document::Role::Strong => Role::Strong,
        document::Role::Warning => Role::Warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d7_no_text_row_has_a_colon_in_the_ninth_cell() {
        for text in [
            "Signed  : good",
            "12345678:",
            "::::::::::",
            "日本語日:",
            "a",
            "",
        ] {
            let inset = usize::from(inset(text));
            let row = format!("{}{text}", " ".repeat(inset));
            let mut used = 0;
            let ninth = row.chars().find(|c| {
                let here = used == 8;
                used += width(&c.to_string());
                here
            });
            assert_ne!(ninth, Some(':'), "{text}");
        }
    }
}
