//! The header block above a text: labels of our own, values of the sender, one security line.

use crate::mime::document::Protection;
use crate::mime::part::decoded_size;
use crate::mime::sanitize::{self, Shown};
use crate::model::{Address, Structure};
use crate::tui::app::{App, date};

use super::state::{Level, State};

/// Cells of a label with its colon and blank.
pub const LABEL: usize = 10;
/// Addresses of one field that are looked at.
const ADDRESSES: usize = 60;
/// Rows that one field takes at most in the short header.
const ROWS: usize = 4;

/// One row of the header block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadRow {
    /// The label; empty on a row that goes on.
    pub label: &'static str,
    /// Where the value begins.
    pub at: usize,
    /// The value, in one row.
    pub text: Shown,
}

/// The header block in rows of `width` cells.
pub fn head(app: &App, message: &State, width: u16) -> Vec<HeadRow> {
    let mut rows = Rows {
        width: usize::from(width).saturating_sub(LABEL).max(10),
        rows: Vec::new(),
    };
    match message.level {
        Level::Raw => return Vec::new(),
        Level::All => all(message, &mut rows),
        Level::Short | Level::Normal => some(app, message, &mut rows),
    }
    rows.add("Signed", signed(message), 1);
    let parts = parts(message);
    if !parts.is_empty() {
        rows.add("Parts", &parts, ROWS);
    }
    rows.rows
}

fn some(app: &App, message: &State, rows: &mut Rows) {
    let envelope = message
        .opened
        .as_ref()
        .map_or(&message.row.envelope, |opened| &opened.envelope);
    let full = message.level == Level::Normal;
    let limit = if full { 50 } else { ROWS };
    rows.add("From", &addresses(&envelope.from), limit);
    if !envelope.sender.is_empty() {
        rows.add("Sender", &addresses(&envelope.sender), limit);
    }
    if !envelope.reply_to.is_empty() {
        rows.add("Reply-To", &addresses(&envelope.reply_to), limit);
    }
    rows.add("To", &addresses(&envelope.to), limit);
    if !envelope.cc.is_empty() {
        rows.add("Cc", &addresses(&envelope.cc), limit);
    }
    if !envelope.bcc.is_empty() {
        rows.add("Bcc", &addresses(&envelope.bcc), limit);
    }
    let date = match envelope.date {
        Some(at) => date::full(at, envelope.zone, app.now.wall, app.offset_at),
        None => "the message has none".to_owned(),
    };
    rows.add("Date", &date, 1);
    rows.add("Subject", &envelope.subject, limit);
    let own = |word: &&str| full || !word.starts_with('$');
    let keywords = message.row.flags.keywords.iter().map(String::as_str);
    let keywords: Vec<&str> = keywords.filter(own).collect();
    if !keywords.is_empty() {
        rows.add("Keywords", &keywords.join(" "), limit);
    }
    if full {
        rows.add("Msg-ID", &envelope.message_id, limit);
        if !envelope.in_reply_to.is_empty() {
            rows.add("Answers", &envelope.in_reply_to.join(" "), limit);
        }
        if !envelope.list_id.is_empty() {
            rows.add("List", &envelope.list_id, limit);
        }
        rows.add("Size", &date::octets(message.row.size), 1);
    }
}

fn all(message: &State, rows: &mut Rows) {
    match &message.lines {
        Some(Some(lines)) => {
            for line in lines.iter().take(2000) {
                rows.add("", line, 50);
            }
        }
        Some(None) => rows.add("", "The header fields are not kept offline.", 1),
        None => rows.add("", "Opening…", 1),
    }
}

/// The words of the security line; never anything that the sender wrote (SAFETY D7).
fn signed(message: &State) -> &'static str {
    let Some(document) = message.document() else {
        return "not known, the text is not here";
    };
    match document.protection {
        Protection::None => "no",
        Protection::SignedPgp => "by OpenPGP, not checked: signatures cannot be checked yet",
        Protection::SignedSmime => "by S/MIME, not checked: signatures cannot be checked yet",
        Protection::EncryptedPgp => "encrypted by OpenPGP: it cannot be read here yet",
        Protection::EncryptedSmime => "encrypted by S/MIME: it cannot be read here yet",
    }
}

fn parts(message: &State) -> String {
    let mut pieces = Vec::new();
    if let Some(document) = message.document() {
        let words = match (document.from_html, document.alternative) {
            (true, true) => "1 HTML shown as text (plain text: Alt-h)",
            (true, false) => "1 HTML shown as text",
            (false, true) => "1 plain text (HTML: Alt-h)",
            (false, false) => "",
        };
        if !words.is_empty() {
            pieces.push(words.to_owned());
        }
    }
    let structure = message.opened.as_ref().and_then(|o| o.structure.as_ref());
    if let Some(structure) = structure {
        pieces.extend(structure.attachments().into_iter().take(40).map(attachment));
    }
    pieces.join("   ")
}

fn attachment(part: &Structure) -> String {
    let name = name_of(part);
    let size = date::octets(decoded_size(part.size, &part.encoding));
    format!("{} {name} {size}", part.path).replace(' ', "\u{a0}")
}

/// What a list calls a part: its file name, the subject inside, or its type.
pub fn name_of(part: &Structure) -> String {
    if !part.filename.is_empty() {
        crate::mime::filename::shown(&part.filename, 40).into_string()
    } else if !part.inner_subject.is_empty() {
        Shown::name(&part.inner_subject).truncate(40).into_string()
    } else {
        Shown::name(&part.media_type()).truncate(40).into_string()
    }
}

fn addresses(list: &[Address]) -> String {
    let mut out = String::new();
    for address in list.iter().take(ADDRESSES) {
        if !out.is_empty() {
            out.push_str(", ");
        }
        let one = sanitize::full(address).truncate(200);
        out.push_str(one.as_str());
    }
    if list.len() > ADDRESSES {
        out.push_str(&format!(", and {} more", list.len() - ADDRESSES));
    }
    out
}

struct Rows {
    width: usize,
    rows: Vec<HeadRow>,
}

impl Rows {
    /// Adds a field, broken at blanks into at most `limit` rows; the last one says that it goes on.
    fn add(&mut self, label: &'static str, text: &str, limit: usize) {
        let bound = self.width * limit * 4 + 64;
        let cut: String = text.chars().take(bound).collect();
        let width = if label.is_empty() {
            self.width + LABEL
        } else {
            self.width
        };
        let at = if label.is_empty() { 0 } else { LABEL };
        let mut line = String::new();
        let mut label = label;
        let mut lines = Vec::new();
        for word in cut.split(' ') {
            let word = word.replace('\u{a0}', " ");
            let wide = sanitize::width(&line) + 1 + sanitize::width(&word);
            if !line.is_empty() && wide > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
        let more = lines.len() > limit;
        for (n, line) in lines.into_iter().take(limit).enumerate() {
            let mut line = line;
            if more && n + 1 == limit {
                line.push_str(" …");
            }
            self.rows.push(HeadRow {
                label: std::mem::take(&mut label),
                at,
                text: Shown::line(&line).truncate(width),
            });
        }
    }
}
