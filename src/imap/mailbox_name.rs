//! Mailbox names (RFC 9051 section 5.1) and modified UTF-7 (RFC 3501 section 5.1.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A mailbox name exactly as the server writes it, so that it goes back unchanged.
///
/// Kept as text: octets that are no UTF-8 are kept as the private characters U+10FF80 to U+10FFFF
/// and become octets again in [`MailboxName::wire`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailboxName(String);

const RAW_BASE: u32 = 0x10_FF00;

impl MailboxName {
    /// Takes a name from the wire.
    pub fn from_wire(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if u32::from(c) >= RAW_BASE + 0x80 {
                    let mut raw = [0; 4];
                    push_raw(&mut text, c.encode_utf8(&mut raw).as_bytes());
                } else {
                    text.push(c);
                }
            }
            push_raw(&mut text, chunk.invalid());
        }
        Self(text)
    }

    /// Takes a name back from the store: what [`MailboxName::as_str`] gave.
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Writes a name that a person typed in modified UTF-7.
    pub fn encode(name: &str) -> Self {
        Self(encode(name))
    }

    /// The name for people: modified UTF-7 decoded; as sent when it is not well-formed.
    pub fn decoded(&self) -> String {
        decode(&self.0).unwrap_or_else(|| self.0.clone())
    }

    /// The text to store and compare.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The octets to send.
    pub fn wire(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len());
        for c in self.0.chars() {
            match u8::try_from(u32::from(c).wrapping_sub(RAW_BASE)) {
                Ok(octet) if octet >= 0x80 => out.push(octet),
                _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out
    }

    /// Whether this is INBOX, whose name has no case.
    pub fn is_inbox(&self) -> bool {
        self.0.eq_ignore_ascii_case("INBOX")
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.decoded())
    }
}

fn push_raw(text: &mut String, octets: &[u8]) {
    text.extend(
        octets
            .iter()
            .filter_map(|octet| char::from_u32(RAW_BASE + u32::from(*octet))),
    );
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut units: Vec<u16> = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut out, &mut units);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    flush(&mut out, &mut units);
    out
}

fn flush(out: &mut String, units: &mut Vec<u16>) {
    if units.is_empty() {
        return;
    }
    out.push('&');
    let (mut bits, mut held) = (0u32, 0u32);
    let push = |out: &mut String, index: u32| {
        let letter = ALPHABET.get((index & 63) as usize).copied();
        out.push(char::from(letter.unwrap_or(b'A')));
    };
    for unit in units.drain(..) {
        bits = (bits << 16) | u32::from(unit);
        held += 16;
        while held >= 6 {
            held -= 6;
            push(out, bits >> held);
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        push(out, bits << (6 - held));
    }
    out.push('-');
}

/// `None` when the text is not well-formed modified UTF-7.
fn decode(wire: &str) -> Option<String> {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, after)) = rest.split_once('&') {
        out.push_str(plain);
        let (run, behind) = after.split_once('-')?;
        if run.is_empty() {
            out.push('&');
        } else {
            decode_run(run, &mut out)?;
        }
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

fn decode_run(run: &str, out: &mut String) -> Option<()> {
    let (mut bits, mut held) = (0u32, 0u32);
    let mut units = Vec::with_capacity(run.len() / 2);
    for octet in run.bytes() {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b',' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push(u16::try_from((bits >> held) & 0xFFFF).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    if held >= 6 || bits != 0 {
        return None;
    }
    let text = String::from_utf16(&units).ok()?;
    out.push_str(&text);
    Some(())
}
