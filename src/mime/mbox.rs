//! Mailbox files of the mbox family: cut into messages and put together again, by pieces of any
//! size, with lines of any length, in time and memory that do not depend on what is in them.
//!
//! A file is a row of records. A record is a From_ line, the message, and the empty line that ends
//! it. The line ends of the message are kept as they are, LF or CR LF; those around it may be either.
//!
//! - **From_ lines.** The first line of a file begins with `From `. Behind it a line is a From_ line
//!   if it begins so and ends in a date (`Sat Nov 21 08:02:00 2026`, a zone may stand before or after
//!   the year), whatever stands before it. Where the first line has no date, one that begins with
//!   `From ` behind an empty line is one.
//! - **Quoting** is that of mboxrd: a line of the message that would be a `From ` behind any number of
//!   `>` gets one more `>`, and loses it again. Files of mboxo, where only `From ` was quoted, come
//!   out as they went in, because reading and writing are each other's inverse.
//! - **Content-Length** says nothing here: it is a field of the message as any other.
//! - **A message without a line end at its end** is marked by its From_ line, whose sender is
//!   [`UNENDED`], and gets one; so every file ends in an empty line, and every message comes back as
//!   it was.
//!
//! What is kept of a record beside its message is its [`Frame`]: with it the same octets are written
//! again. A file whose last line has no end was cut: what stands before its last record is whole.

mod read;
mod write;

pub use read::{Cut, Event, NotMbox, Reader};
pub use write::Writer;

use super::date::date;

/// The sender in the From_ line of a message that does not end in a line end.
pub const UNENDED: &str = "no-line-end@lacebark.invalid";

/// What stands around a message in a file: written again, it gives the same octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The From_ line with its line end.
    pub line: Vec<u8>,
    /// What follows the message: the empty line, if there is one.
    pub tail: Vec<u8>,
}

impl Frame {
    /// When the message was put into the file, in seconds since 1970.
    pub fn date(&self) -> Option<i64> {
        stamp(&self.line)
    }

    /// Whether the line says that the message has no line end at its end.
    fn is_unended(&self) -> bool {
        let sender = self.line.get(b"From ".len()..).unwrap_or_default();
        sender.starts_with(UNENDED.as_bytes())
    }

    /// Whether [`Writer`] would make this frame of the message itself.
    pub fn is_ours(&self, sender: &str, arrival: i64) -> bool {
        self.is_unended()
            || (self.line == from_line(sender, arrival) && self.tail.as_slice() == b"\n")
    }
}

/// The From_ line that a message gets that has none: its sender, and when it arrived, in UTC.
pub fn from_line(sender: &str, arrival: i64) -> Vec<u8> {
    let plain = |c: char| c.is_ascii_graphic();
    let sender = match sender {
        sender if !sender.is_empty() && sender.chars().all(plain) => sender,
        _ => "MAILER-DAEMON",
    };
    let time = jiff::Timestamp::from_second(arrival).unwrap_or_default();
    let date = time.strftime("%a %b %e %H:%M:%S %Y");
    format!("From {sender} {date}\n").into_bytes()
}

/// The date in a From_ line, which stands behind the name of a day and of a month.
fn stamp(line: &[u8]) -> Option<i64> {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let rest = line.strip_prefix(b"From ")?;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b' ', rest.get(at..)?) {
        let word = rest.get(at..at + found)?;
        let day = word.get(..3).filter(|name| DAYS.contains(name));
        if day.is_some() && word.len() <= 4 {
            let rest = rest.get(at..)?.trim_ascii();
            if let Some(date) = date(rest) {
                return Some(date.epoch);
            }
        }
        at += found + 1;
    }
    None
}

/// What the Status and X-Status fields of other programs say, which stand in the header as part of
/// the message: `R` read, `A` answered, `F` flagged, `T` draft, `D` deleted.
pub fn status(head: &[u8]) -> crate::model::Flags {
    use crate::model::Flags;
    let header = super::header::Header::parse(head);
    let mut flags = Flags::none();
    for name in ["Status", "X-Status"] {
        for letter in header.first(name).unwrap_or_default() {
            flags.system |= match letter {
                b'R' => Flags::SEEN,
                b'A' => Flags::ANSWERED,
                b'F' => Flags::FLAGGED,
                b'T' => Flags::DRAFT,
                b'D' => Flags::DELETED,
                _ => continue,
            };
        }
    }
    flags
}

#[cfg(test)]
mod tests;
