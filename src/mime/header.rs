//! Header fields (RFC 5322, 2047, 2231): tolerant, bounded, linear (SAFETY M3, M4, M9).
//!
//! Where readers differ there is one rule: the first field of a name counts, a line that is no
//! field is passed over, an addr-spec is never decoded.

use super::part;

pub use super::address::{MAX_ADDRESSES, addresses};
pub use super::date::{Date, date};
pub use super::parameter::{Parameterised, join_parameters, parameterised};
pub use super::word::decode_text;

/// Message ids that a References field may give (SAFETY M4).
pub const MAX_IDS: usize = 200;
/// Bytes of an id that are kept.
const MAX_ID: usize = 998;

/// A header block as fields, in order.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    body: usize,
}

impl<'a> Header<'a> {
    /// Reads the header at the start of `raw`, up to the empty line. Text that starts with no
    /// field at all is body from its first byte.
    pub fn parse(raw: &'a [u8]) -> Self {
        let mut header = Self::default();
        let mut at = 0;
        let mut open: Option<(&'a [u8], usize)> = None;
        loop {
            let rest = raw.get(at..).unwrap_or_default();
            let next = memchr::memchr(b'\n', rest).map_or(raw.len(), |n| at + n + 1);
            let line = trim_line(raw.get(at..next).unwrap_or_default());
            let folded = matches!(rest.first(), Some(b' ' | b'\t')) && at > 0;
            if line.is_empty() || rest.is_empty() {
                header.close(raw, open.take(), at);
                header.body = next;
                return header;
            }
            if !folded {
                header.close(raw, open.take(), at);
                open = field_name(line).map(|name| (name, at));
                if open.is_none() && at == 0 && !is_mbox_line(line) {
                    return header;
                }
            }
            at = next;
        }
    }

    fn close(&mut self, raw: &'a [u8], open: Option<(&'a [u8], usize)>, end: usize) {
        let Some((name, start)) = open else { return };
        let field = raw.get(start..end).unwrap_or_default();
        let colon = memchr::memchr(b':', field).unwrap_or(0);
        let value = field.get(colon + 1..).unwrap_or_default();
        self.fields.push((name, value.trim_ascii()));
    }

    /// The raw value of the first field of that name (SAFETY M9: the first one counts).
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The raw values of all fields of that name.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        self.fields
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// All fields as name and raw value (folded), in the order of the message.
    pub fn fields(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.fields
    }

    /// Where the body starts.
    pub fn body(&self) -> usize {
        self.body
    }
}

fn trim_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn is_mbox_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', line.get(..line.len().min(1000))?)?;
    let name = line.get(..colon)?.trim_ascii_end();
    let good = !name.is_empty() && name.iter().all(|b| (33..=126).contains(b));
    good.then_some(name)
}

/// Message ids without angle brackets, in order. Of more than 200 the first one and the newest
/// are kept.
pub fn message_ids(raw: &[u8]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = raw;
    while let Some(open) = memchr::memchr(b'<', rest) {
        let inside = rest.get(open + 1..).unwrap_or_default();
        let Some(end) = memchr::memchr2(b'>', b'<', inside) else {
            break;
        };
        push_id(&mut ids, inside.get(..end).unwrap_or_default());
        rest = inside.get(end..).unwrap_or_default();
    }
    if ids.is_empty() {
        for word in raw.split(u8::is_ascii_whitespace) {
            if word.contains(&b'@') {
                push_id(&mut ids, word);
            }
        }
    }
    if ids.len() > MAX_IDS {
        let surplus = ids.len() - MAX_IDS;
        ids.drain(1..=surplus);
    }
    ids
}

fn push_id(ids: &mut Vec<String>, raw: &[u8]) {
    let id: Vec<u8> = raw
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace() && *b != b'<' && *b != b'>')
        .take(MAX_ID)
        .collect();
    if !id.is_empty() {
        ids.push(part::utf8_or_1252(&id));
    }
}

/// The one id of a Message-ID field, without angle brackets; a field without any is taken whole.
pub fn message_id(raw: &[u8]) -> String {
    if let Some(id) = message_ids(raw).into_iter().next() {
        return id;
    }
    let mut whole = Vec::new();
    push_id(&mut whole, raw.trim_ascii());
    whole.pop().unwrap_or_default()
}

/// The id inside List-Id, without angle brackets (RFC 2919).
pub fn list_id(raw: &[u8]) -> String {
    let inside = memchr::memrchr(b'<', raw).and_then(|open| {
        let rest = raw.get(open + 1..)?;
        rest.get(..memchr::memchr(b'>', rest)?)
    });
    let raw = inside.unwrap_or(raw).trim_ascii();
    let id: Vec<u8> = raw.iter().copied().take(MAX_ID).collect();
    part::utf8_or_1252(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m9_one_rule_for_odd_headers() {
        let check = |raw: &str, fields: &[(&str, &str)], body: &str| {
            let header = Header::parse(raw.as_bytes());
            let got: Vec<(String, String)> = header
                .fields()
                .iter()
                .map(|(n, v)| {
                    (
                        String::from_utf8_lossy(n).into_owned(),
                        String::from_utf8_lossy(v).into_owned(),
                    )
                })
                .collect();
            let want: Vec<(String, String)> = fields
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            assert_eq!(got, want, "{raw:?}");
            assert_eq!(&raw[header.body()..], body, "{raw:?}");
        };
        check("A: 1\r\nB: 2\r\n\r\nx", &[("A", "1"), ("B", "2")], "x");
        check("A: 1\nB : 2\n\nx", &[("A", "1"), ("B", "2")], "x");
        check("From x Mon\nA: 1\n\nx", &[("A", "1")], "x");
        check(
            "A: 1\n b\nno field\nC: 3\n\n",
            &[("A", "1\n b"), ("C", "3")],
            "",
        );
        check("just text\nA: b\n", &[], "just text\nA: b\n");
        check("\r\nbody", &[], "body");
        check("A: 1", &[("A", "1")], "");
        check("", &[], "");
        let twice = Header::parse(b"S: one\nS: two\n\n");
        assert_eq!(twice.first("s"), Some(&b"one"[..]));
    }

    #[test]
    fn ids_come_without_brackets_and_with_a_limit() {
        assert_eq!(
            message_ids(b"<a@b>\r\n <c@d><e@\r\n f>"),
            ["a@b", "c@d", "e@f"]
        );
        assert_eq!(message_ids(b"Your mail of <x@y>; from you"), ["x@y"]);
        assert_eq!(message_ids(b"a@b c@d"), ["a@b", "c@d"]);
        assert_eq!(message_ids(b"<<a@b>"), ["a@b"]);
        assert_eq!(message_id(b"plain"), "plain");
        let many: String = (0..500).map(|n| format!("<{n}@x> ")).collect();
        let ids = message_ids(many.as_bytes());
        assert_eq!(
            (ids.len(), ids[0].as_str(), ids[199].as_str()),
            (200, "0@x", "499@x")
        );
        assert_eq!(list_id(b"The list <a.b.example>"), "a.b.example");
        assert_eq!(list_id(b"a.b.example"), "a.b.example");
    }
}
