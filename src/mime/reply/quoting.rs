//! What an answer quotes and a forwarded text begins with.

use super::super::quote::{is_attribution, is_separator, level};
use super::super::write::mailbox;
use crate::model::{Address, Envelope};

/// Text with one more quote level. The signature goes, up to where something else begins; what was
/// one paragraph stays one. Text comes as a document has it: joined, sanitised, hidden parts left
/// out (SAFETY H2).
pub fn quote(text: &str) -> String {
    let mut out = String::new();
    let mut in_signature = false;
    for line in text.trim_end().lines() {
        let (depth, rest) = level(line);
        if depth > 0 || is_attribution(line) || is_separator(line) {
            in_signature = false;
        } else if line.trim_end_matches('\r') == "-- " || line == "--" {
            in_signature = true;
        }
        if in_signature {
            continue;
        }
        out.push_str(&">".repeat(usize::from(depth) + 1));
        let rest = rest.trim_end();
        if !rest.is_empty() {
            out.push(' ');
            out.push_str(rest);
        }
        out.push('\n');
    }
    let kept = out.trim_end_matches(['>', '\n', ' ']).len();
    let mut out: String = out.chars().take(letters(&out, kept)).collect();
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// How many letters the first so many octets are.
fn letters(text: &str, octets: usize) -> usize {
    text.get(..octets).map_or(0, |text| text.chars().count())
}

/// `On Mon 2 Nov 2026, Sven Ångström wrote:`, in the sender's own zone.
pub fn attribution(envelope: &Envelope) -> String {
    let who = envelope.from.first().map(person).unwrap_or_default();
    let who = if who.is_empty() {
        "somebody".to_owned()
    } else {
        who
    };
    match day(envelope) {
        Some(day) => format!("On {day}, {who} wrote:"),
        None => format!("{who} wrote:"),
    }
}

fn day(envelope: &Envelope) -> Option<String> {
    let date = super::super::write::field_date(envelope.date?, envelope.zone);
    // `Mon, 2 Nov 2026 10:11:12 +0100`
    let mut words = date.split(' ');
    let name = words.next()?.trim_end_matches(',');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    Some(format!("{name} {day} {month} {year}"))
}

/// The name, else the address, on one line.
fn person(address: &Address) -> String {
    let name = one_line(&address.name);
    if name.is_empty() {
        one_line(&address.address)
    } else {
        name
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// The text of a message that is passed on, below a block that says whose it is.
pub fn forwarded(envelope: &Envelope, text: &str) -> String {
    let mut out = "---------- Forwarded message ---------\n".to_owned();
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("{name}: {value}\n"));
        }
    };
    field("From", people(&envelope.from));
    if let Some(date) = envelope.date {
        field("Date", super::super::write::field_date(date, envelope.zone));
    }
    field("Subject", one_line(&envelope.subject));
    field("To", people(&envelope.to));
    field("Cc", people(&envelope.cc));
    out.push('\n');
    out.push_str(text.trim_end());
    out.push('\n');
    out
}

fn people(list: &[Address]) -> String {
    let all: Vec<String> = list
        .iter()
        .map(|one| {
            let name = one_line(&one.name);
            match (name.is_empty(), mailbox(&one.address).is_some()) {
                (true, _) => one_line(&one.address),
                (false, true) => format!("{name} <{}>", one.address),
                (false, false) => name,
            }
        })
        .collect();
    all.join(", ")
}
