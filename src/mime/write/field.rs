//! Header fields, by mail-builder, behind guards of our own: no control character reaches it, and
//! no line that it makes is longer than the rules allow (SAFETY C1).

use mail_builder::headers::Header as _;
use mail_builder::headers::address::Address as Written;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::text::Text;

use super::spec;
use crate::model::{Address, Recipient};

/// Letters of a field that are kept: nobody reads more, and a header has an end.
const MAX_TEXT: usize = 4_000;
const MAX_NAME: usize = 300;

/// One line of text: control characters become blanks.
pub fn line(text: &str, most: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(most)
        .collect()
}

/// `Name: text`, encoded where it must be.
pub fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = line(value, MAX_TEXT);
    start(out, name);
    let longest = value.split(' ').map(str::len).max().unwrap_or_default();
    if longest <= 500 {
        Text::new(value.as_str()).write_header(out, name.len() + 2);
        return;
    }
    // A word that no line holds is cut by encoding it.
    let pieces: Vec<String> = words(&value).map(encoded).collect();
    out.extend_from_slice(pieces.join("\r\n ").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Pieces that fit into an encoded word, cut between letters.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = rest.len().min(42);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, next) = rest.split_at(end);
        rest = next;
        (!piece.is_empty()).then_some(piece)
    })
}

fn encoded(piece: &str) -> String {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode(piece);
    format!("=?utf-8?B?{coded}?=")
}

/// `Name: value` that is ASCII and short already.
pub fn plain(out: &mut Vec<u8>, name: &str, value: &str) {
    start(out, name);
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn start(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
}

/// An address field; nothing at all if it is empty. Every address was read by [`spec::mailbox`].
pub fn addresses(out: &mut Vec<u8>, name: &str, list: &[Recipient]) {
    if list.is_empty() {
        return;
    }
    let written = list.iter().map(|recipient| match recipient {
        Recipient::One(address) => one(address),
        Recipient::Group { name, members } => Written::new_group(
            Some(line(name, MAX_NAME)),
            members.iter().map(one).collect(),
        ),
    });
    start(out, name);
    Written::new_list(written.collect()).write_header(out, name.len() + 2);
}

fn one(address: &Address) -> Written<'static> {
    let name = line(address.name.trim(), MAX_NAME);
    // An address that needs no SMTPUTF8 but for its domain gets A-labels, so that it needs none.
    let spec = match spec::mailbox(&address.address) {
        Some(mailbox) if !mailbox.utf8 => mailbox.address,
        Some(_) | None => address.address.clone(),
    };
    Written::new_address((!name.is_empty()).then_some(name), spec)
}

/// Message ids, one to a line; what is none is left out.
pub fn ids(out: &mut Vec<u8>, name: &str, ids: &[String]) {
    let sound: Vec<String> = ids
        .iter()
        .filter(|id| spec::is_message_id(id))
        .map(|id| format!("<{id}>"))
        .collect();
    if !sound.is_empty() {
        plain(out, name, &sound.join("\r\n "));
    }
}

/// Content-Type or Content-Disposition with its parameters (RFC 2231 where they need it).
pub fn typed(out: &mut Vec<u8>, name: &str, value: &str, parameters: &[(&str, &str)]) {
    start(out, name);
    let mut field = ContentType::new(value.to_owned());
    for (key, text) in parameters {
        field = field.attribute((*key).to_owned(), line(text, MAX_NAME));
    }
    field.write_header(out, name.len() + 2);
}

/// A date as RFC 5322 has it, in the zone of so many minutes east of UTC.
pub fn date(epoch: i64, zone: i32) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let zone = zone.clamp(-1439, 1439);
    let local = epoch.clamp(0, 253_402_000_000) + i64::from(zone) * 60;
    let (days, seconds) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], at: i64| -> &'static str {
        usize::try_from(at)
            .ok()
            .and_then(|at| names.get(at))
            .copied()
            .unwrap_or("Jan")
    };
    format!(
        "{}, {day} {} {year:04} {:02}:{:02}:{:02} {}{:02}{:02}",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month - 1),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        if zone < 0 { '-' } else { '+' },
        zone.abs() / 60,
        zone.abs() % 60,
    )
}

/// Year, month and day of a day since 1970, counted in eras of 400 years from March.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let day_of_era = from_march.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::super::super::header;
    use super::*;

    #[test]
    fn a_date_is_read_as_it_was_meant() {
        assert_eq!(date(0, 0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_795_248_122, 60), "Sat, 21 Nov 2026 09:02:02 +0100");
        assert_eq!(date(951_782_400, -210), "Mon, 28 Feb 2000 20:30:00 -0330");
        for epoch in (0..4_000_000_000).step_by(7_654_321) {
            let read = header::date(date(epoch, -330).as_bytes()).unwrap();
            assert_eq!((read.epoch, read.zone), (epoch, -330));
        }
    }
}
