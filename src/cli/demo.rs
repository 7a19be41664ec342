//! The bundled mailbox of `lacebark demo`: what `assets/demo/manifest.toml` names, dated so that it
//! looks as if it had just come. Nothing of it touches a network or the person's own folders.

use serde::Deserialize;

use super::error::Failure;
use crate::mime::envelope;
use crate::mime::header::Header;
use crate::model::Flags;

const MANIFEST: &str = include_str!("../../assets/demo/manifest.toml");
const FILES: &[(&str, &[u8])] = &include!("../../assets/demo/files.rs");

/// The bundled mailbox.
#[derive(Debug, Deserialize)]
pub struct Demo {
    /// When the Date fields of the files were written.
    base: String,
    /// Whose mailbox it is.
    pub address: String,
    /// Their name.
    pub name: String,
    /// The mailboxes, in order.
    pub mailboxes: Vec<String>,
    message: Vec<Bundled>,
}

#[derive(Debug, Deserialize)]
struct Bundled {
    file: String,
    mailbox: String,
    age: i64,
    flags: Vec<String>,
}

/// One message as it goes into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoMessage {
    /// The mailbox that it lies in.
    pub mailbox: String,
    /// Its bytes with the shifted Date field.
    pub raw: Vec<u8>,
    /// When it came, in seconds since 1970.
    pub arrival: i64,
    /// Its flags.
    pub flags: Flags,
}

impl Demo {
    /// Reads the manifest.
    pub fn bundled() -> Result<Self, Failure> {
        toml::from_str(MANIFEST).map_err(|error| broken(&error.to_string()))
    }

    /// The messages, as old against `now` as the manifest says.
    pub fn messages(&self, now: i64) -> Result<Vec<DemoMessage>, Failure> {
        let base: jiff::Timestamp = self
            .base
            .parse()
            .map_err(|error: jiff::Error| broken(&error.to_string()))?;
        let shift = now - base.as_second();
        let dated = |message: &Bundled| {
            let (_, raw) = FILES
                .iter()
                .find(|(file, _)| *file == message.file)
                .ok_or_else(|| broken(&format!("{} is missing", message.file)))?;
            Ok(DemoMessage {
                mailbox: message.mailbox.clone(),
                raw: shifted(raw, shift),
                arrival: now - message.age * 60,
                flags: Flags::parse(message.flags.iter().map(String::as_str)),
            })
        };
        self.message.iter().map(dated).collect()
    }
}

fn broken(why: &str) -> Failure {
    Failure::new("The bundled mailbox cannot be read").cause(why)
}

/// The message with its Date field so many seconds later, in the zone that it has. One without a
/// date that can be read stays as it is.
fn shifted(raw: &[u8], seconds: i64) -> Vec<u8> {
    let envelope = envelope::of_message(raw);
    let text = || {
        let time = jiff::Timestamp::from_second(envelope.date?.checked_add(seconds)?).ok()?;
        let offset = jiff::tz::Offset::from_seconds(envelope.zone.checked_mul(60)?).ok()?;
        let zoned = time.to_zoned(jiff::tz::TimeZone::fixed(offset));
        Some(zoned.strftime("%a, %d %b %Y %H:%M:%S %z").to_string())
    };
    let place = || {
        let value = Header::parse(raw).first("Date")?.trim_ascii();
        // The value is a piece of `raw`: its place is the distance of the two.
        let from = (value.as_ptr() as usize).checked_sub(raw.as_ptr() as usize)?;
        Some((raw.get(..from)?, raw.get(from + value.len()..)?))
    };
    match (place(), text()) {
        (Some((front, back)), Some(text)) => [front, text.as_bytes(), back].concat(),
        _ => raw.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_900_000_000;

    #[test]
    fn every_message_is_as_old_as_the_manifest_says() {
        let demo = Demo::bundled().unwrap();
        let messages = demo.messages(NOW).unwrap();
        assert!(messages.len() >= 55, "{}", messages.len());
        assert_eq!(messages.len(), FILES.len());
        for (message, bundled) in messages.iter().zip(&demo.message) {
            assert!(demo.mailboxes.contains(&message.mailbox));
            let Some(date) = envelope::of_message(&message.raw).date else {
                continue;
            };
            let apart = (message.arrival - date).abs();
            assert!(apart < 3 * 86_400, "{} {apart}", bundled.file);
            assert!(message.arrival <= NOW);
        }
    }

    #[test]
    fn a_shift_changes_the_date_field_and_nothing_else() {
        let raw = b"Received: x; Fri, 20 Nov 2026 08:02:00 +0100\r\nDate: Fri, 20 Nov 2026\r\n 08:02:00 +0100\r\nX: y\r\n\r\nDate: z\r\n";
        let text = String::from_utf8(shifted(raw, 86_460)).unwrap();
        assert_eq!(
            text,
            "Received: x; Fri, 20 Nov 2026 08:02:00 +0100\r\nDate: Sat, 21 Nov 2026 08:03:00 +0100\r\nX: y\r\n\r\nDate: z\r\n"
        );
        for raw in [&b"Subject: x\r\n\r\ny"[..], b"Date: when?\r\n\r\n", b""] {
            assert_eq!(shifted(raw, 1), raw);
        }
    }
}
