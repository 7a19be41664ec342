//! The rows of the header block: one for each field, more for an address field that is being written.

use crate::mime::sanitize::width;
use crate::tui::app::layout::Area;
use crate::tui::app::{App, date};

use super::recipients::Recipients;
use super::state::{Composer, SPOTS, Spot};

/// Cells of a field's name and colon.
pub const LABEL: u16 = 10;
/// Rows of an address field while it is written.
const TALLEST: usize = 4;
/// Under so many rows header block and text are not shown together.
const LOW: u16 = 12;

/// One row of the header block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The field, in its first row.
    pub name: &'static str,
    /// What stands there.
    pub text: String,
    /// The column of the cursor, where it is in this row.
    pub cursor: Option<usize>,
    /// From which to which cell something is selected.
    pub selected: Option<(usize, usize)>,
}

fn name(spot: Spot) -> &'static str {
    match spot {
        Spot::From => "From",
        Spot::To => "To",
        Spot::Cc => "Cc",
        Spot::Bcc => "Bcc",
        Spot::ReplyTo => "Reply-To",
        Spot::Attach => "Attach",
        Spot::Subject => "Subject",
        Spot::Body => "",
    }
}

/// The rows of the header block in an area, those in sight.
pub fn rows(app: &App, composer: &Composer, area: Area) -> Vec<Row> {
    let low = area.height < LOW;
    if low && composer.spot == Spot::Body {
        return Vec::new();
    }
    let room = usize::from(area.width.saturating_sub(LABEL + 1)).max(4);
    let mut rows: Vec<Row> = Vec::new();
    for spot in SPOTS {
        if spot != Spot::Body && composer.shows(spot) {
            rows.extend(field(app, composer, spot, room));
        }
    }
    let most = usize::from(match low {
        true => area.height.saturating_sub(1),
        false => area.height.saturating_sub(5),
    });
    if rows.len() > most {
        let at = rows.iter().position(|row| row.cursor.is_some());
        let top = at.unwrap_or(0).saturating_sub(most.saturating_sub(1));
        rows = rows.into_iter().skip(top).take(most).collect();
    }
    rows
}

/// Rows above the text: the header block and its rule.
pub fn head_height(app: &App, composer: &Composer) -> u16 {
    let rows = rows(app, composer, app.layout.body()).len();
    let rule = usize::from(rows > 0);
    u16::try_from(rows + rule).unwrap_or(u16::MAX)
}

fn field(app: &App, composer: &Composer, spot: Spot, room: usize) -> Vec<Row> {
    let here = composer.spot == spot;
    let mut rows = match spot {
        Spot::From => vec![from(app, composer, here)],
        Spot::To => addresses(&composer.to, here, room),
        Spot::Cc => addresses(&composer.cc, here, room),
        Spot::Bcc => addresses(&composer.bcc, here, room),
        Spot::ReplyTo => addresses(&composer.reply_to, here, room),
        Spot::Attach => vec![attached(composer, here)],
        Spot::Subject => vec![subject(composer, here, room)],
        Spot::Body => Vec::new(),
    };
    if let Some(first) = rows.first_mut() {
        first.name = name(spot);
    }
    rows
}

fn from(app: &App, composer: &Composer, here: bool) -> Row {
    let text = crate::mime::sanitize::full(&composer.rest.from).into_string();
    let several = app.identities().len() > 1;
    Row {
        text: match here && several {
            true => format!("{text}   (# changes it)"),
            false => text,
        },
        cursor: here.then_some(0),
        ..Row::default()
    }
}

fn subject(composer: &Composer, here: bool, room: usize) -> Row {
    let field = &composer.subject;
    if !here {
        return Row {
            text: field.value().to_owned(),
            ..Row::default()
        };
    }
    let (text, cursor) = scrolled(field.value(), &field.before(), room);
    Row {
        text,
        cursor: Some(cursor),
        ..Row::default()
    }
}

/// The piece of a line that holds the insertion point, and that point's column.
fn scrolled(value: &str, before: &str, room: usize) -> (String, usize) {
    let at = width(before);
    let mut skip = 0;
    let mut letters = value.chars();
    let mut rest = value;
    while at - skip.min(at) > room {
        let Some(letter) = letters.next() else { break };
        skip += width(letter.encode_utf8(&mut [0; 4])).max(1);
        rest = letters.as_str();
    }
    (rest.to_owned(), at.saturating_sub(skip))
}

/// A field in one row while it is not written, else in as many as it takes.
fn addresses(field: &Recipients, here: bool, room: usize) -> Vec<Row> {
    let mut pieces = field.shown();
    let typed = field.field.value();
    if !here {
        if !typed.trim().is_empty() {
            pieces.push(typed.to_owned());
        }
        return vec![one_row(&pieces, room)];
    }
    let last = pieces.len().checked_sub(1);
    let mut lines = vec![String::new()];
    for (n, mut piece) in pieces.into_iter().enumerate() {
        piece.push_str(match Some(n) == last && typed.is_empty() {
            true => "",
            false => ",",
        });
        append(&mut lines, &piece, room);
    }
    let start = match lines.last() {
        Some(line) if !line.is_empty() && !typed.is_empty() => {
            append(&mut lines, typed, room);
            lines
                .last()
                .map_or(0, |line| width(line) - width(typed).min(width(line)))
        }
        Some(line) if typed.is_empty() => width(line),
        Some(_) | None => {
            append(&mut lines, typed, room);
            0
        }
    };
    let before = width(&field.field.before());
    let mut rows: Vec<Row> = lines
        .into_iter()
        .map(|text| Row {
            text,
            ..Row::default()
        })
        .collect();
    if let Some(row) = rows.last_mut() {
        let typed_here = row.text.clone();
        let (text, cursor) = match width(&typed_here) > room {
            true => scrolled(typed, &field.field.before(), room),
            false => (typed_here, start + before),
        };
        (row.text, row.cursor) = (text, Some(cursor));
    }
    let skip = rows.len().saturating_sub(TALLEST);
    rows.split_off(skip)
}

fn append(lines: &mut Vec<String>, piece: &str, room: usize) {
    let Some(line) = lines.last_mut() else {
        return;
    };
    if line.is_empty() {
        line.push_str(piece);
    } else if width(line) + 1 + width(piece) < room {
        line.push(' ');
        line.push_str(piece);
    } else {
        lines.push(piece.to_owned());
    }
}

fn one_row(pieces: &[String], room: usize) -> Row {
    let whole = pieces.join(", ");
    if width(&whole) <= room || pieces.len() < 2 {
        return Row {
            text: whole,
            ..Row::default()
        };
    }
    let mut text = String::new();
    let mut shown = 0;
    for piece in pieces {
        let more = format!(" and {} more", pieces.len() - shown);
        if shown > 0 && width(&text) + 2 + width(piece) + width(&more) > room {
            break;
        }
        if shown > 0 {
            text.push_str(", ");
        }
        text.push_str(piece);
        shown += 1;
    }
    if shown < pieces.len() {
        text.push_str(&format!(" and {} more", pieces.len() - shown));
    }
    Row {
        text,
        ..Row::default()
    }
}

fn attached(composer: &Composer, here: bool) -> Row {
    let mut row = Row {
        cursor: here.then_some(0),
        ..Row::default()
    };
    for (n, one) in composer.attachments.iter().enumerate() {
        let name = crate::mime::sanitize::Shown::line(&one.name);
        let piece = format!("{}. {name} ({})", n + 1, date::octets(one.size));
        if n > 0 {
            row.text.push_str("   ");
        }
        if here && n == composer.attached {
            let at = width(&row.text);
            row.selected = Some((at, at + width(&piece)));
            row.cursor = Some(at);
        }
        row.text.push_str(&piece);
    }
    row
}
