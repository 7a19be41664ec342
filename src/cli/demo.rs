//! The bundled mailbox, dated so that it looks as if it had just come.

use crate::mime::envelope;
use crate::mime::header::Header;

/// Seconds of a day; the shift is in whole days, so that times of the day stay as written.
const DAY: i64 = 86_400;

/// One bundled message.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// The mailbox that it lies in.
    pub mailbox: &'static str,
    /// Its file under `assets/demo`.
    pub file: &'static str,
    /// Its bytes.
    pub raw: &'static [u8],
}

/// One message as it goes into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Its bytes with the shifted Date field.
    pub raw: Vec<u8>,
    /// The shifted date, in seconds since 1970.
    pub arrival: i64,
}

/// Shifts the dates of `messages` by whole days, so that the newest one is of the last 24 hours.
pub fn dated<'a>(messages: impl IntoIterator<Item = &'a [u8]>, now: i64) -> Vec<Dated> {
    let messages: Vec<(&[u8], Option<i64>)> = messages
        .into_iter()
        .map(|raw| (raw, envelope::of_message(raw).date))
        .collect();
    let newest = messages.iter().filter_map(|(_, date)| *date).max();
    let days = newest.map_or(0, |newest| (now - newest).div_euclid(DAY));
    messages
        .into_iter()
        .map(|(raw, date)| match date {
            Some(date) => Dated {
                raw: with_date(raw, date + days * DAY),
                arrival: date + days * DAY,
            },
            None => Dated {
                raw: raw.to_vec(),
                arrival: now - DAY,
            },
        })
        .collect()
}

/// The message with another Date field, in the zone that it has.
fn with_date(raw: &[u8], date: i64) -> Vec<u8> {
    let text = |zone: i32| {
        let time = jiff::Timestamp::from_second(date).ok()?;
        let offset = jiff::tz::Offset::from_seconds(zone.checked_mul(60)?).ok()?;
        let zoned = time.to_zoned(jiff::tz::TimeZone::fixed(offset));
        Some(zoned.strftime("%a, %d %b %Y %H:%M:%S %z").to_string())
    };
    let zone = envelope::of_message(raw).zone;
    let place = Header::parse(raw)
        .first("Date")
        .map(<[u8]>::trim_ascii)
        .filter(|value| !value.is_empty())
        .and_then(|value| {
            // The value is a piece of `raw`: its place is the distance of the two.
            let at = (value.as_ptr() as usize).checked_sub(raw.as_ptr() as usize)?;
            Some((at, at + value.len()))
        });
    match (place, text(zone)) {
        (Some((from, to)), Some(text)) => {
            let front = raw.get(..from).unwrap_or_default();
            let back = raw.get(to..).unwrap_or_default();
            [front, text.as_bytes(), back].concat()
        }
        _ => raw.to_vec(),
    }
}
