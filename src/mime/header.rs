//! Header fields (RFC 5322, 2047, 2231): tolerant, bounded, linear (SAFETY M3, M4, M9).

use crate::model::Address;

/// A date with the offset of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970.
    pub epoch: i64,
    /// Minutes east of UTC.
    pub zone: i32,
}

/// The text of an unstructured field: unfolded, encoded-words decoded, raw 8-bit as UTF-8 or else
/// windows-1252.
pub fn decode_text(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

/// An address list; group heads have an empty address.
pub fn addresses(raw: &[u8]) -> Vec<Address> {
    let _ = raw;
    Vec::new()
}

/// A date field; impossible dates are `None`.
pub fn date(raw: &[u8]) -> Option<Date> {
    let _ = raw;
    None
}

/// Message ids without angle brackets, in order, the last 200 of them.
pub fn message_ids(raw: &[u8]) -> Vec<String> {
    let _ = raw;
    Vec::new()
}

/// The id inside List-Id, without angle brackets.
pub fn list_id(raw: &[u8]) -> String {
    let _ = raw;
    String::new()
}

/// A header block as fields, in order.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Header<'a> {
    /// Reads the header at the start of `raw`, up to the empty line.
    pub fn parse(raw: &'a [u8]) -> Self {
        let _ = raw;
        Self::default()
    }

    /// The raw value of the first field of that name (SAFETY M9: the first one counts).
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// All fields as name and raw value (folded), in the order of the message.
    pub fn fields(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.fields
    }
}
