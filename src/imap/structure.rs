//! BODYSTRUCTURE (RFC 9051 section 7.5.2), undecoded.

use super::envelope::{RawEnvelope, note};
use super::value::{Cursor, DEPTH, Text, Unread};

/// A parameter of Content-Type or Content-Disposition, undecoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawParameter {
    /// Its name as sent: `charset`, `filename*0*`.
    pub name: Vec<u8>,
    /// Its value; NIL is empty.
    pub value: Vec<u8>,
}

/// Content-Disposition, undecoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawDisposition {
    /// `inline`, `ATTACHMENT` … as sent.
    pub kind: Vec<u8>,
    /// Its parameters.
    pub parameters: Vec<RawParameter>,
}

/// One part as the server described it; bytes are undecoded, names keep their case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawStructure {
    /// `TEXT`, `multipart` … as sent.
    pub kind: Vec<u8>,
    /// `PLAIN`, `mixed` … as sent.
    pub subtype: Vec<u8>,
    /// Content-Type parameters.
    pub parameters: Vec<RawParameter>,
    /// Content-ID, angle brackets included.
    pub id: Option<Vec<u8>>,
    /// Content-Description.
    pub description: Option<Vec<u8>>,
    /// Content-Transfer-Encoding.
    pub encoding: Option<Vec<u8>>,
    /// Octets in transfer encoding; 0 when the server sent nonsense.
    pub size: u64,
    /// Lines of a text or message part.
    pub lines: Option<u64>,
    /// Content-Disposition.
    pub disposition: Option<RawDisposition>,
    /// Of message/rfc822: the envelope inside.
    pub envelope: Option<Box<RawEnvelope>>,
    /// Parts of a multipart; of message/rfc822 the one part inside.
    pub children: Vec<RawStructure>,
}

/// Parts that are read of one message; far more than are ever shown.
const MOST_PARTS: usize = 10_000;

/// Subtypes by which a multipart without parts is known from a part with one type string.
const MULTIPARTS: [&[u8]; 9] = [
    b"mixed",
    b"alternative",
    b"related",
    b"digest",
    b"report",
    b"signed",
    b"encrypted",
    b"parallel",
    b"form-data",
];

impl RawStructure {
    /// Reads a body structure. What is below the depth limit becomes one opaque part.
    pub(crate) fn parse(
        cursor: &mut Cursor<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Unread> {
        let mut parts = MOST_PARTS;
        parse_part(cursor, warnings, DEPTH, &mut parts)
    }

    fn opaque() -> Self {
        Self {
            kind: b"application".to_vec(),
            subtype: b"octet-stream".to_vec(),
            ..Self::default()
        }
    }
}

fn parse_part(
    cursor: &mut Cursor<'_>,
    warnings: &mut Vec<String>,
    depth: usize,
    parts: &mut usize,
) -> Result<RawStructure, Unread> {
    if cursor.next_token() != Some(b'(') {
        return Err(Unread("BODYSTRUCTURE: a part is no list"));
    }
    if depth == 0 {
        note(warnings, "BODYSTRUCTURE: too deep, the rest is one part");
        cursor.skip();
        return Ok(RawStructure::opaque());
    }
    cursor.open();
    let part = match cursor.next_token() {
        Some(b'(') => multipart(cursor, warnings, depth, parts)?,
        Some(b')') => RawStructure::opaque(),
        Some(_) => single(cursor, warnings, depth, parts)?,
        None => return Err(Unread("BODYSTRUCTURE ends too early")),
    };
    cursor.close();
    Ok(part)
}

fn multipart(
    cursor: &mut Cursor<'_>,
    warnings: &mut Vec<String>,
    depth: usize,
    parts: &mut usize,
) -> Result<RawStructure, Unread> {
    let mut part = RawStructure {
        kind: b"multipart".to_vec(),
        ..RawStructure::default()
    };
    while cursor.next_token() == Some(b'(') {
        if *parts == 0 {
            note(
                warnings,
                "BODYSTRUCTURE: too many parts, the rest is left out",
            );
            cursor.skip();
            continue;
        }
        *parts -= 1;
        part.children
            .push(parse_part(cursor, warnings, depth - 1, parts)?);
    }
    part.subtype = bytes(cursor).unwrap_or_else(|| b"mixed".to_vec());
    part.parameters = parameters(cursor);
    part.disposition = disposition(cursor);
    Ok(part)
}

fn single(
    cursor: &mut Cursor<'_>,
    warnings: &mut Vec<String>,
    depth: usize,
    parts: &mut usize,
) -> Result<RawStructure, Unread> {
    let mut part = RawStructure {
        kind: bytes(cursor).unwrap_or_else(|| b"text".to_vec()),
        ..RawStructure::default()
    };
    if cursor.next_token() == Some(b'(') {
        return Ok(lone_type(cursor, part));
    }
    part.subtype = bytes(cursor).unwrap_or_else(|| b"plain".to_vec());
    part.parameters = parameters(cursor);
    part.id = bytes(cursor);
    part.description = bytes(cursor);
    part.encoding = bytes(cursor);
    part.size = match number(cursor) {
        Some(size) => size,
        None => {
            note(warnings, "BODYSTRUCTURE: a part without a size");
            0
        }
    };
    if part.kind.eq_ignore_ascii_case(b"message") {
        message(cursor, &mut part, warnings, depth, parts)?;
    }
    if cursor
        .next_token()
        .is_some_and(|c| c.is_ascii_digit() || c == b'-')
    {
        part.lines = number(cursor);
    }
    // The MD5 of the part has no use.
    bytes(cursor);
    part.disposition = disposition(cursor);
    Ok(part)
}

/// Only one type string before the parameters: a multipart that lost its parts, or a part that
/// lost half of its type.
fn lone_type(cursor: &mut Cursor<'_>, mut part: RawStructure) -> RawStructure {
    let name = std::mem::take(&mut part.kind);
    let multipart = MULTIPARTS.iter().any(|m| m.eq_ignore_ascii_case(&name));
    part.kind = if multipart {
        b"multipart".to_vec()
    } else {
        b"application".to_vec()
    };
    part.subtype = name;
    part.parameters = parameters(cursor);
    if multipart {
        part.disposition = disposition(cursor);
    }
    part
}

/// Envelope and body of a message/rfc822, which some servers leave out or send as NIL.
fn message(
    cursor: &mut Cursor<'_>,
    part: &mut RawStructure,
    warnings: &mut Vec<String>,
    depth: usize,
    parts: &mut usize,
) -> Result<(), Unread> {
    let before = *cursor;
    if cursor.next_token() == Some(b'(') {
        part.envelope = RawEnvelope::parse(cursor, warnings).ok().map(Box::new);
    } else if !cursor.eat_nil() {
        return Ok(());
    }
    if cursor.next_token() == Some(b'(') {
        part.children
            .push(parse_part(cursor, warnings, depth - 1, parts)?);
    } else {
        let nil = cursor.eat_nil();
        let lines = cursor.next_token().is_some_and(|c| c.is_ascii_digit());
        if part.envelope.is_none() && !(nil && lines) {
            // Neither envelope nor body was there: those NILs were MD5 and disposition.
            *cursor = before;
        }
    }
    Ok(())
}

fn bytes(cursor: &mut Cursor<'_>) -> Option<Vec<u8>> {
    match cursor.next_token() {
        Some(b'(') => {
            cursor.skip();
            None
        }
        _ => cursor.string().ok().and_then(Text::into_bytes),
    }
}

fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    cursor.number().ok().flatten()
}

fn parameters(cursor: &mut Cursor<'_>) -> Vec<RawParameter> {
    let mut out = Vec::new();
    if !cursor.open() {
        if !matches!(cursor.next_token(), Some(b')') | None) {
            cursor.skip();
        }
        return out;
    }
    while !cursor.closes() {
        if cursor.next_token() == Some(b'(') {
            cursor.skip();
            continue;
        }
        let name = bytes(cursor).unwrap_or_default();
        let value = bytes(cursor).unwrap_or_default();
        out.push(RawParameter { name, value });
    }
    out
}

fn disposition(cursor: &mut Cursor<'_>) -> Option<RawDisposition> {
    if !cursor.open() {
        // A bare string instead of a list is taken as the type.
        let kind = bytes(cursor).filter(|kind| !kind.is_empty())?;
        return Some(RawDisposition {
            kind,
            parameters: Vec::new(),
        });
    }
    let kind = bytes(cursor).unwrap_or_default();
    let parameters = parameters(cursor);
    cursor.close();
    Some(RawDisposition { kind, parameters })
}
