//! The MIME tree of raw bytes, and the decoding of BODYSTRUCTURE pieces (SAFETY M1, M2, M9).
//!
//! One rule where readers differ: the first Content-Type counts; a multipart without a usable
//! boundary is text; a part without its end boundary ends where its parent ends; a delimiter is the
//! whole line, so that a boundary which starts like another is not taken for it.

use crate::model::{Disposition, PartPath, Structure};

use super::content;
use super::header::{self, Header};

/// Levels that are read; what lies deeper is one opaque part.
pub const MAX_DEPTH: usize = 100;
/// Parts that are read; what comes after is one opaque part.
pub const MAX_PARTS: usize = 1000;
/// Bytes of a field that are read for a structure.
const MAX_FIELD: usize = 64 * 1024;

/// Where a part lies in the raw message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartOffset {
    /// The path of the part.
    pub path: PartPath,
    /// Its first header byte.
    pub header: usize,
    /// Its first body byte.
    pub body: usize,
    /// One past its last body byte.
    pub end: usize,
}

/// The structure of a raw message, and the place of each part in the order of
/// [`Structure::walk`]. At most 100 levels and 1000 parts; what lies beyond is one opaque part.
pub fn of_message(raw: &[u8]) -> (Structure, Vec<PartOffset>) {
    let mut reader = Reader {
        raw,
        offsets: Vec::new(),
    };
    let mut root = reader.entity(0, raw.len(), 0, "text/plain");
    number(&mut root);
    for (offset, part) in reader.offsets.iter_mut().zip(root.walk()) {
        offset.path = part.path.clone();
    }
    (root, reader.offsets)
}

struct Reader<'a> {
    raw: &'a [u8],
    offsets: Vec<PartOffset>,
}

impl<'a> Reader<'a> {
    fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.raw.get(from..to).unwrap_or_default()
    }

    /// Reads the entity in `from..to`. Recursion ends at [`MAX_DEPTH`].
    fn entity(&mut self, from: usize, to: usize, depth: usize, default: &str) -> Structure {
        let header = Header::parse(self.slice(from, to));
        let body = from + header.body();
        let mut part = leaf(&header, default);
        drop(header);
        part.size = octets(to - body);
        self.offsets.push(PartOffset {
            path: PartPath::root(),
            header: from,
            body,
            end: to,
        });
        if part.is_multipart() {
            self.multipart(&mut part, body, to, depth);
        } else if is_message(&part) && !is_coded(&part.encoding) {
            self.message(&mut part, body, to, depth);
        }
        if part.kind == "text" && part.subtype == "plain" && !is_coded(&part.encoding) {
            self.uu_files(&mut part, body, to);
        }
        if part.kind == "text" {
            let lines = memchr::memchr_iter(b'\n', self.slice(body, to)).count();
            part.lines = Some(octets(lines));
        }
        part
    }

    /// Files that are uuencoded in a text become its children, so that they are listed and saved
    /// as other parts are.
    fn uu_files(&mut self, part: &mut Structure, body: usize, end: usize) {
        let files = super::part::uu_files(self.slice(body, end));
        for (file, child) in files.iter().zip(content::uu_parts(part, &files)) {
            if self.offsets.len() + 1 >= MAX_PARTS {
                return;
            }
            self.offsets.push(PartOffset {
                path: PartPath::root(),
                header: body + file.start,
                body: body + file.start,
                end: body + file.end,
            });
            part.children.push(child);
        }
    }

    fn multipart(&mut self, part: &mut Structure, body: usize, end: usize, depth: usize) {
        if depth >= MAX_DEPTH {
            return make_opaque(part, TOO_DEEP);
        }
        let default = if part.subtype == "digest" {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let boundary = part.parameter("boundary").unwrap_or_default().to_owned();
        let mut spans = Delimited::new(self.raw, body, end, boundary.trim_end().as_bytes());
        while let Some((from, to)) = spans.next_part() {
            if self.offsets.len() + 1 >= MAX_PARTS {
                part.children.push(self.rest(from, end));
                break;
            }
            let child = self.entity(from, to, depth + 1, default);
            part.children.push(child);
        }
        if part.children.is_empty() {
            // No delimiter: what is there is text (SAFETY M9).
            part.kind = "text".into();
            part.subtype = "plain".into();
        }
    }

    /// All that is left of a multipart, as one part.
    fn rest(&mut self, from: usize, end: usize) -> Structure {
        self.offsets.push(PartOffset {
            path: PartPath::root(),
            header: from,
            body: from,
            end,
        });
        let mut part = Structure {
            size: octets(end - from),
            ..Structure::default()
        };
        make_opaque(&mut part, TOO_MANY);
        part
    }

    fn message(&mut self, part: &mut Structure, body: usize, end: usize, depth: usize) {
        if depth >= MAX_DEPTH {
            return make_opaque(part, TOO_DEEP);
        }
        if self.offsets.len() >= MAX_PARTS {
            return;
        }
        let inner = Header::parse(self.slice(body, end));
        let subject = inner.first("Subject").map(cut).unwrap_or_default();
        part.inner_subject = header::decode_text(subject);
        drop(inner);
        part.children = vec![self.entity(body, end, depth + 1, "text/plain")];
    }
}

const TOO_DEEP: &str = "Nested too deeply to be read";
const TOO_MANY: &str = "Too many parts: the rest as one";

fn make_opaque(part: &mut Structure, why: &str) {
    part.kind = "application".into();
    part.subtype = "octet-stream".into();
    part.description = why.into();
    part.disposition = Disposition::Attachment;
}

fn octets(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn cut(raw: &[u8]) -> &[u8] {
    raw.get(..raw.len().min(MAX_FIELD)).unwrap_or_default()
}

pub(crate) fn is_message(part: &Structure) -> bool {
    part.kind == "message" && matches!(part.subtype.as_str(), "rfc822" | "global" | "news")
}

/// Whether the bytes of a part are not its content as it stands.
pub(crate) fn is_coded(encoding: &str) -> bool {
    matches!(encoding, "base64" | "quoted-printable") || encoding.contains("uu")
}

/// A part by its header alone.
fn leaf(header: &Header<'_>, default: &str) -> Structure {
    let field = |name: &str| header.first(name).map(cut);
    let kind = field("Content-Type").map(header::parameterised);
    let disposition = field("Content-Disposition").map(header::parameterised);
    let encoding = field("Content-Transfer-Encoding").map(header::parameterised);
    let mut part = Structure {
        encoding: encoding.unwrap_or_default().value,
        description: field("Content-Description")
            .map(header::decode_text)
            .unwrap_or_default(),
        id: field("Content-ID")
            .map(header::message_id)
            .unwrap_or_default(),
        ..Structure::default()
    };
    set_type(&mut part, kind.unwrap_or_default(), default);
    let disposition = disposition.unwrap_or_default();
    part.disposition = disposition_of(&disposition.value);
    part.filename = proposed_name(&disposition.parameters, &part.parameters);
    part
}

fn set_type(part: &mut Structure, kind: header::Parameterised, default: &str) {
    let token = |s: &str| {
        !s.is_empty()
            && s.bytes()
                .all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    let named = kind
        .value
        .split_once('/')
        .map(|(k, s)| (k.trim(), s.trim()))
        .filter(|(k, s)| token(k) && token(s));
    let default = default.split_once('/').unwrap_or(("text", "plain"));
    let (name, subtype) = named.unwrap_or(default);
    part.kind = name.to_owned();
    part.subtype = subtype.to_owned();
    part.parameters = kind.parameters;
}

/// The disposition that a value names; an unknown one counts as attachment (RFC 2183 section 2.8).
pub fn disposition_of(value: &str) -> Disposition {
    match value.trim().to_ascii_lowercase().as_str() {
        "" => Disposition::None,
        "inline" => Disposition::Inline,
        _ => Disposition::Attachment,
    }
}

/// Gives every part its path as RFC 9051 section 6.4.5 numbers them. The message in a
/// message/rfc822 part has the part's path when it is a multipart, else that path and `.1`.
pub fn number(root: &mut Structure) {
    let path = if root.is_multipart() {
        PartPath::root()
    } else {
        PartPath::root().child(1)
    };
    let mut stack = vec![(root, path)];
    while let Some((part, path)) = stack.pop() {
        let multipart = part.is_multipart();
        for (n, child) in part.children.iter_mut().enumerate() {
            let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
            let below = if multipart || !child.is_multipart() {
                path.child(number)
            } else {
                path.clone()
            };
            stack.push((child, below));
        }
        part.path = path;
    }
}

/// Parameters of a Content-Type or Content-Disposition as name and raw value, RFC 2231 pieces
/// joined and RFC 2047 words decoded; names in lower case.
pub fn parameters(raw: &[(&[u8], &[u8])]) -> Vec<(String, String)> {
    header::join_parameters(raw)
}

/// The file name that the parameters propose: of Content-Disposition first, then of Content-Type.
pub fn proposed_name(disposition: &[(String, String)], kind: &[(String, String)]) -> String {
    let find = |list: &[(String, String)], name: &str| {
        list.iter()
            .find(|(n, value)| n == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    };
    find(disposition, "filename")
        .or_else(|| find(kind, "name"))
        .or_else(|| find(disposition, "name"))
        .or_else(|| find(kind, "filename"))
        .unwrap_or_default()
}

/// The parts between delimiter lines.
struct Delimited<'a> {
    raw: &'a [u8],
    at: usize,
    end: usize,
    boundary: &'a [u8],
    open: bool,
}

impl<'a> Delimited<'a> {
    /// Starts at the first delimiter after `body`; an empty boundary has none.
    fn new(raw: &'a [u8], body: usize, end: usize, boundary: &'a [u8]) -> Self {
        let mut spans = Self {
            raw,
            at: body,
            end,
            boundary,
            open: false,
        };
        if !boundary.is_empty()
            && let Some(found) = spans.delimiter(body)
        {
            spans.at = found.after;
            spans.open = !found.closing;
        }
        spans
    }

    fn next_part(&mut self) -> Option<(usize, usize)> {
        if !self.open {
            return None;
        }
        let from = self.at;
        let Some(found) = self.delimiter(from) else {
            self.open = false;
            return (from < self.end).then_some((from, self.end));
        };
        self.at = found.after;
        self.open = !found.closing;
        Some((from, self.before_break(from, found.start)))
    }

    /// The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
    fn before_break(&self, from: usize, start: usize) -> usize {
        let before = |n: usize| start.checked_sub(n).filter(|n| *n >= from);
        let byte = |n: usize| before(n).and_then(|n| self.raw.get(n)).copied();
        match (byte(1), byte(2)) {
            (Some(b'\n'), Some(b'\r')) => start - 2,
            (Some(b'\n'), _) => start - 1,
            _ => start,
        }
    }

    fn delimiter(&self, from: usize) -> Option<Delimiter> {
        let mut at = from;
        loop {
            let rest = self.raw.get(at..self.end)?;
            if at == from
                && rest.starts_with(b"--")
                && let Some(found) = self.delimiter_at(at)
            {
                return Some(found);
            }
            let line = at + memchr::memmem::find(rest, b"\n--")? + 1;
            if let Some(found) = self.delimiter_at(line) {
                return Some(found);
            }
            at = line + 1;
        }
    }

    fn delimiter_at(&self, start: usize) -> Option<Delimiter> {
        let rest = self.raw.get(start + 2..self.end)?;
        let rest = rest.strip_prefix(self.boundary)?;
        let line_end = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let tail = rest.get(..line_end)?;
        let (closing, tail) = match tail.strip_prefix(b"--") {
            Some(after) => (true, after),
            None => (false, tail),
        };
        // After `--` some programs go on in the same line.
        let whole = closing || tail.iter().all(u8::is_ascii_whitespace);
        whole.then_some(Delimiter {
            start,
            after: start + 2 + self.boundary.len() + line_end,
            closing,
        })
    }
}

struct Delimiter {
    start: usize,
    after: usize,
    closing: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(raw: &str) -> String {
        let (root, offsets) = of_message(raw.as_bytes());
        let parts = root.walk();
        assert_eq!(parts.len(), offsets.len());
        let each: Vec<String> = parts
            .iter()
            .zip(&offsets)
            .map(|(p, o)| {
                assert_eq!(p.path, o.path);
                let body = &raw[o.body..o.end];
                let body = if p.children.is_empty() { body } else { "" };
                format!("{} {} {body:?}", p.path, p.media_type())
            })
            .collect();
        each.join("; ")
    }

    #[test]
    fn m9_structures_come_out_by_one_rule() {
        let check = |raw: &str, want: &str| assert_eq!(tree(raw), want, "{raw}");
        let head = "Content-Type: multipart/mixed; boundary=b\n\n";
        check("S: x\n\nhi", "1 text/plain \"hi\"");
        check(
            &format!("{head}pre\n--b\n\na\n--b\nContent-Type: text/html\n\nb\n--b--\npost"),
            " multipart/mixed \"\"; 1 text/plain \"a\"; 2 text/html \"b\"",
        );
        check(
            &format!("{head}--b\r\n\r\na\r\n--bc\r\n--b \t\r\n\r\nx"),
            " multipart/mixed \"\"; 1 text/plain \"a\\r\\n--bc\"; 2 text/plain \"x\"",
        );
        check(
            &format!("{head}no delimiter"),
            "1 text/plain \"no delimiter\"",
        );
        check("Content-Type: multipart/mixed\n\nx", "1 text/plain \"x\"");
        check("Content-Type: text\n\nx", "1 text/plain \"x\"");
        check(
            "Content-Type: text/html\nContent-Type: image/png\n\nx",
            "1 text/html \"x\"",
        );
        check(
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\nx\n--b--",
            " multipart/digest \"\"; 1 message/rfc822 \"\"; 1.1 text/plain \"x\"",
        );
        check(
            &format!(
                "{head}--b\nContent-Type: message/rfc822\n\n\
                 Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b--"
            ),
            " multipart/mixed \"\"; 1 message/rfc822 \"\"; 1 multipart/mixed \"\"; \
             1.1 text/plain \"x\"",
        );
        // The outer boundary ends an inner part that never closed.
        check(
            &format!(
                "{head}--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--"
            ),
            " multipart/mixed \"\"; 1 multipart/mixed \"\"; 1.1 text/plain \"x\"; \
             2 text/plain \"y\"",
        );
        check(&format!("{head}--b--"), "1 text/plain \"--b--\"");
    }

    #[test]
    fn a_part_carries_what_its_header_says() {
        let (root, _) = of_message(
            b"Content-Type: application/pdf; name*=utf-8''%c3%9cber.pdf\n\
              Content-Disposition: attachment; filename=\"=?utf-8?q?=C3=9C?=.pdf\"\n\
              Content-Transfer-Encoding: BASE64 \nContent-ID: <a@b>\n\
              Content-Description: =?utf-8?q?=C3=9C?=\n\nAAAA",
        );
        assert_eq!(root.filename, "Ü.pdf");
        assert_eq!(root.parameter("name"), Some("Über.pdf"));
        assert_eq!(
            (root.encoding.as_str(), root.id.as_str()),
            ("base64", "a@b")
        );
        assert_eq!((root.size, root.disposition), (4, Disposition::Attachment));
        assert_eq!(root.description, "Ü");
    }
}
