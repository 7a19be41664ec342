//! A message as text: the header fields that people read, and the body laid out in a width.

use crate::mime::document::Document;
use crate::mime::sanitize::{self, Shown};
use crate::mime::wrap::Layout;
use crate::model::{Address, Envelope};

use super::time;

/// Rows of the body at most: what comes after says so.
const LONGEST: usize = 200_000;
/// Addresses that one field names (SAFETY D9).
const ADDRESSES: usize = 100;

/// The header block, one row for a field. Each address is shown with its addr-spec (SAFETY D5).
pub fn header(envelope: &Envelope, arrival: i64) -> Vec<Shown> {
    let mut rows = Vec::new();
    let mut field = |name: &str, value: Shown| {
        if !value.is_empty() {
            rows.push(Shown::line(&format!("{name:<10}{value}")));
        }
    };
    field("From:", addresses(&envelope.from));
    field("Sender:", addresses(&envelope.sender));
    field("Reply-To:", addresses(&envelope.reply_to));
    field("To:", addresses(&envelope.to));
    field("Cc:", addresses(&envelope.cc));
    field("Bcc:", addresses(&envelope.bcc));
    let date = envelope.date.unwrap_or(arrival);
    field("Date:", Shown::line(&time::local_with_zone(date)));
    field("Subject:", Shown::line(&envelope.subject));
    rows
}

fn addresses(list: &[Address]) -> Shown {
    let mut names: Vec<String> = list
        .iter()
        .take(ADDRESSES)
        .map(|address| sanitize::full(address).into_string())
        .filter(|text| !text.is_empty())
        .collect();
    if list.len() > ADDRESSES {
        names.push(format!("and {} more", list.len() - ADDRESSES));
    }
    Shown::line(&names.join(", "))
}

/// The body in rows of `width` cells with every fold open, then its links.
pub fn body(document: &Document, width: usize) -> Vec<Shown> {
    let open = (0..document.folds.len()).collect();
    let mut layout = Layout::new(width, open);
    let mut rows: Vec<Shown> = layout
        .rows(document, LONGEST)
        .iter()
        .take(LONGEST)
        .map(|row| Shown::concat(row.spans.iter().map(|span| &span.text)))
        .collect();
    if document.more || !layout.is_whole(document) {
        rows.push(Shown::default());
        rows.push(Shown::from(
            "[The message goes on; --raw and --part print all of it.]",
        ));
    }
    if !document.links.is_empty() {
        rows.push(Shown::default());
    }
    for (n, link) in document.links.iter().enumerate() {
        let warning = match &link.warning {
            Some(warning) => format!("  ({warning})"),
            None => String::new(),
        };
        rows.push(Shown::line(&format!("[{}] {}{warning}", n + 1, link.shown)));
    }
    rows
}
