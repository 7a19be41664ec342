//! Parameters of Content-Type and Content-Disposition (RFC 2045, 2231; RFC 2047 where programs put
//! it against the rules). Linear but for one sort (SAFETY M4).

use std::collections::BTreeMap;

use super::part;
use super::word::{self, decode_text};

/// Pieces that one parameter may have, and parameters that one field may have.
const MAX_PIECES: usize = 2000;

/// A field value with parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameterised {
    /// What stands before the first `;`, in lower case.
    pub value: String,
    /// Names in lower case and decoded values, the first of a name counts.
    pub parameters: Vec<(String, String)>,
}

impl Parameterised {
    /// A parameter by its lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads `text/plain; charset="utf-8"; name*0*=…`.
pub fn parameterised(raw: &[u8]) -> Parameterised {
    let raw = word::unfold(raw);
    let pieces = split(&raw);
    let mut pieces = pieces.iter();
    let value = pieces.next().map(|p| p.as_slice()).unwrap_or_default();
    let mut pairs: Vec<(&[u8], Vec<u8>)> = Vec::new();
    for piece in pieces {
        let Some(equals) = memchr::memchr(b'=', piece) else {
            continue;
        };
        let name = piece.get(..equals).unwrap_or_default().trim_ascii();
        let text = piece.get(equals + 1..).unwrap_or_default().trim_ascii();
        pairs.push((name, unquoted(text)));
    }
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(n, v)| (*n, v.as_slice())).collect();
    Parameterised {
        value: part::utf8_or_1252(value.trim_ascii()).to_ascii_lowercase(),
        parameters: join_parameters(&pairs),
    }
}

/// Cuts at `;` outside quotes; comments go.
fn split(raw: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    let mut quoted = false;
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        match byte {
            b';' if !quoted && depth == 0 => {
                if pieces.len() > MAX_PIECES {
                    break;
                }
                pieces.push(Vec::new());
                continue;
            }
            b'(' if !quoted => depth += 1,
            b')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            b'"' if depth == 0 => quoted = !quoted,
            _ => {}
        }
        let Some(piece) = pieces.last_mut().filter(|_| depth == 0) else {
            continue;
        };
        piece.push(byte);
        if byte == b'\\' && quoted {
            piece.extend(raw.get(at));
            at += 1;
        }
    }
    pieces
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let Some(inside) = text.strip_prefix(b"\"") else {
        return text.to_vec();
    };
    let mut out = Vec::with_capacity(inside.len());
    let mut at = 0;
    while let Some(&byte) = inside.get(at) {
        at += 1;
        match byte {
            b'"' => break,
            // `C:\path` is more common in the wild than a quoted character.
            b'\\' if matches!(inside.get(at), Some(b'"' | b'\\')) => {
                out.extend(inside.get(at));
                at += 1;
            }
            _ => out.push(byte),
        }
    }
    out
}

#[derive(Default)]
struct Pieces<'a> {
    plain: Option<&'a [u8]>,
    extended: Option<&'a [u8]>,
    numbered: BTreeMap<u32, (&'a [u8], bool)>,
}

/// Joins the pieces of RFC 2231 and decodes; takes raw names and unquoted values.
pub fn join_parameters(raw: &[(&[u8], &[u8])]) -> Vec<(String, String)> {
    let mut order: Vec<String> = Vec::new();
    let mut all: BTreeMap<String, Pieces<'_>> = BTreeMap::new();
    for (name, value) in raw.iter().take(MAX_PIECES) {
        let lower = part::utf8_or_1252(name).to_ascii_lowercase();
        let mut stars = lower.splitn(2, '*');
        let base = stars.next().unwrap_or_default().to_owned();
        if base.is_empty() {
            continue;
        }
        let mark = stars.next();
        if !all.contains_key(&base) {
            order.push(base.clone());
        }
        let pieces = all.entry(base).or_default();
        match mark {
            None => {
                pieces.plain.get_or_insert(value);
            }
            Some("") => {
                pieces.extended.get_or_insert(value);
            }
            Some(mark) => {
                let coded = mark.ends_with('*');
                if let Ok(number) = mark.trim_end_matches('*').parse() {
                    pieces.numbered.entry(number).or_insert((value, coded));
                }
            }
        }
    }
    let mut out = Vec::with_capacity(order.len());
    for name in order {
        if let Some(pieces) = all.get(&name) {
            out.push((name, value_of(pieces)));
        }
    }
    out
}

/// The extended form wins over the plain one, because programs send both for old readers.
fn value_of(pieces: &Pieces<'_>) -> String {
    if let Some(raw) = pieces.extended {
        let (charset, text) = charset_and_text(raw);
        return part::decode_charset(&percent_decoded(text), charset.as_deref()).0;
    }
    if pieces.numbered.contains_key(&0) {
        return joined(&pieces.numbered);
    }
    pieces.plain.map(decode_text).unwrap_or_default()
}

fn joined(numbered: &BTreeMap<u32, (&[u8], bool)>) -> String {
    let mut bytes = Vec::new();
    let mut charset = None;
    let mut any_coded = false;
    for (n, (number, (raw, coded))) in numbered.iter().enumerate() {
        if usize::try_from(*number) != Ok(n) {
            break;
        }
        let mut text = *raw;
        if n == 0 && *coded {
            (charset, text) = charset_and_text(raw);
        }
        any_coded |= coded;
        if *coded {
            bytes.extend(percent_decoded(text));
        } else {
            bytes.extend_from_slice(text);
        }
    }
    if any_coded {
        part::decode_charset(&bytes, charset.as_deref()).0
    } else {
        decode_text(&bytes)
    }
}

/// `utf-8'en'text`; without the quotes all of it is text.
fn charset_and_text(raw: &[u8]) -> (Option<String>, &[u8]) {
    let mut parts = raw.splitn(3, |b| *b == b'\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(text)) => {
            let charset = part::utf8_or_1252(charset);
            (Some(charset).filter(|c| !c.is_empty()), text)
        }
        _ => (None, raw),
    }
}

fn percent_decoded(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let hex = |n: usize| raw.get(at + n).and_then(|b| part::hex_digit(*b));
        if let (b'%', Some(high), Some(low)) = (byte, hex(1), hex(2)) {
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_read_in_every_form_that_programs_write() {
        let check = |raw: &str, value: &str, parameters: &[(&str, &str)]| {
            let got = parameterised(raw.as_bytes());
            assert_eq!(got.value, value, "{raw}");
            let got: Vec<(&str, &str)> = got
                .parameters
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            assert_eq!(got, parameters, "{raw}");
        };
        check("Text/Plain", "text/plain", &[]);
        check(
            "text/plain; Charset=UTF-8",
            "text/plain",
            &[("charset", "UTF-8")],
        );
        check(
            "a/b; x=\"q;\\\"z\"; y=1",
            "a/b",
            &[("x", "q;\"z"), ("y", "1")],
        );
        check("a/b (c;d); x=1 (e)", "a/b", &[("x", "1")]);
        check("a/b; n*=utf-8''%e2%82%ac", "a/b", &[("n", "€")]);
        check(
            "a/b; n*0*=utf-8'en'%e2%82; n*1*=%ac%20; n*2=x%20",
            "a/b",
            &[("n", "€ x%20")],
        );
        check("a/b; n*1=b; n*0=a", "a/b", &[("n", "ab")]);
        check("a/b; n=x; n*=utf-8''y", "a/b", &[("n", "y")]);
        check("a/b; n=\"=?utf-8?q?=E2=82=AC?=\"", "a/b", &[("n", "€")]);
        check(
            "a/b; n=\"C:\\dir\\f.txt\"",
            "a/b",
            &[("n", "C:\\dir\\f.txt")],
        );
        check("a/b; n=one; n=two", "a/b", &[("n", "one")]);
        check("a/b; n=", "a/b", &[("n", "")]);
        check("a/b;;; =x; y", "a/b", &[]);
        check("a/b; n=\"open", "a/b", &[("n", "open")]);
    }

    #[test]
    fn m4_ten_thousand_pieces_cost_little() {
        let raw: String = (0..50_000).map(|n| format!("n*{n}=a;")).collect();
        let start = std::time::Instant::now();
        let _ = parameterised(format!("a/b;{raw}").as_bytes());
        let _ = parameterised("a/b;\"".repeat(100_000).as_bytes());
        assert!(start.elapsed().as_millis() < 1500);
    }
}
