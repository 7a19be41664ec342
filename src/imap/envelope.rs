//! ENVELOPE (RFC 9051 section 7.5.2), undecoded.

use super::value::{Cursor, Text, Unread};

/// One address as the server sent it: bytes, encoded-words and all.
///
/// With `host` NIL it opens a group (`mailbox` is the group's name) or closes one (`mailbox` NIL).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawAddress {
    /// The display name, undecoded.
    pub name: Option<Vec<u8>>,
    /// The local part, or a group's name.
    pub mailbox: Option<Vec<u8>>,
    /// The domain.
    pub host: Option<Vec<u8>>,
}

/// The envelope as the server sent it. NIL and absent are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawEnvelope {
    /// The Date field's text.
    pub date: Option<Vec<u8>>,
    /// The Subject field's text, undecoded.
    pub subject: Option<Vec<u8>>,
    /// From.
    pub from: Vec<RawAddress>,
    /// Sender; servers fill it from From.
    pub sender: Vec<RawAddress>,
    /// Reply-To; servers fill it from From.
    pub reply_to: Vec<RawAddress>,
    /// To.
    pub to: Vec<RawAddress>,
    /// Cc.
    pub cc: Vec<RawAddress>,
    /// Bcc.
    pub bcc: Vec<RawAddress>,
    /// In-Reply-To as it stands, angle brackets included.
    pub in_reply_to: Option<Vec<u8>>,
    /// Message-ID as it stands, angle brackets included.
    pub message_id: Option<Vec<u8>>,
}

impl RawEnvelope {
    /// Reads an envelope. A field that cannot be read costs that field and a warning; fields that
    /// a server left out at the end are empty.
    pub(crate) fn parse(
        cursor: &mut Cursor<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Unread> {
        if !cursor.open() {
            return Err(Unread("ENVELOPE is no list"));
        }
        let mut envelope = Self::default();
        let mut warn = |what: &str| note(warnings, &format!("ENVELOPE: {what}"));
        text(cursor, &mut envelope.date, "date", &mut warn);
        text(cursor, &mut envelope.subject, "subject", &mut warn);
        for (field, name) in [
            (&mut envelope.from, "from"),
            (&mut envelope.sender, "sender"),
            (&mut envelope.reply_to, "reply-to"),
            (&mut envelope.to, "to"),
            (&mut envelope.cc, "cc"),
            (&mut envelope.bcc, "bcc"),
        ] {
            addresses(cursor, field, name, &mut warn);
        }
        text(cursor, &mut envelope.in_reply_to, "in-reply-to", &mut warn);
        text(cursor, &mut envelope.message_id, "message-id", &mut warn);
        cursor.close();
        Ok(envelope)
    }
}

/// Warnings about one response; more say nothing new.
const MOST_WARNINGS: usize = 2000;
/// Addresses that are read of one field.
const MOST_ADDRESSES: usize = 20_000;

/// Adds a warning, unless there are enough.
pub(crate) fn note(warnings: &mut Vec<String>, text: &str) {
    if warnings.len() < MOST_WARNINGS {
        warnings.push(text.to_owned());
    }
}

fn text(
    cursor: &mut Cursor<'_>,
    field: &mut Option<Vec<u8>>,
    name: &str,
    warn: &mut impl FnMut(&str),
) {
    match cursor.next_token() {
        Some(b')') | None => warn(&format!("{name} is missing")),
        Some(_) => match cursor.string() {
            Ok(Text::Cut(bytes)) => {
                warn(&format!("{name} is too long and was cut"));
                *field = Some(bytes.to_vec());
            }
            Ok(value) => *field = value.into_bytes(),
            Err(Unread(why)) => {
                warn(&format!("{name}: {why}"));
                cursor.skip();
            }
        },
    }
}

fn addresses(
    cursor: &mut Cursor<'_>,
    field: &mut Vec<RawAddress>,
    name: &str,
    warn: &mut impl FnMut(&str),
) {
    match cursor.next_token() {
        Some(b')') | None => warn(&format!("{name} is missing")),
        Some(b'(') => {
            cursor.eat(b'(');
            // A list of addresses, or from some servers one address without its list.
            if !matches!(cursor.next_token(), Some(b'(' | b')') | None) {
                if !cursor.eat_nil() {
                    field.push(address(cursor));
                    return;
                }
                // `(NIL NIL "a" "b")` is an address too, `(NIL)` an empty list.
                if cursor.closes() {
                    return;
                }
                field.push(address_after_name(cursor, None));
                return;
            }
            while !cursor.closes() {
                if field.len() >= MOST_ADDRESSES {
                    warn(&format!("{name}: too many addresses, the rest is left out"));
                    cursor.skip();
                } else if cursor.open() {
                    field.push(address(cursor));
                } else {
                    warn(&format!(
                        "{name}: something else stands among the addresses"
                    ));
                    cursor.skip();
                }
            }
        }
        Some(_) => {
            if !cursor.eat_nil() {
                // An empty string stands for an empty list on some servers.
                match cursor.string() {
                    Ok(Text::Bytes(bytes)) if bytes.is_empty() => {}
                    Ok(_) | Err(_) => warn(&format!("{name} is no address list")),
                }
            }
        }
    }
}

/// The rest of an address whose parenthesis is open.
fn address(cursor: &mut Cursor<'_>) -> RawAddress {
    let name = part(cursor);
    address_after_name(cursor, name)
}

fn address_after_name(cursor: &mut Cursor<'_>, name: Option<Vec<u8>>) -> RawAddress {
    // The source route is obsolete and dropped.
    cursor.skip();
    let mailbox = part(cursor);
    let host = part(cursor);
    cursor.close();
    RawAddress {
        name,
        mailbox,
        host,
    }
}

fn part(cursor: &mut Cursor<'_>) -> Option<Vec<u8>> {
    match cursor.string() {
        Ok(text) => text.into_bytes(),
        Err(_) => {
            if cursor.next_token() == Some(b'(') {
                cursor.skip();
            }
            None
        }
    }
}
