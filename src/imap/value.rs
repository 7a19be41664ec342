//! Values as real servers write them (RFC 9051 section 4): atoms, numbers, strings, lists.
//!
//! The cursor walks one response without copying it and without a tree. Double and trailing spaces
//! are passed over, NIL may stand anywhere, quoted strings may hold UTF-8 or an unescaped quote.

use std::borrow::Cow;

use memchr::memchr2;

/// How deep typed values may nest (SAFETY P4, P5).
pub(crate) const DEPTH: usize = 64;

/// How far behind a quote that does not seem to close its string the next one may stand.
const QUOTE_SEARCH: usize = 1024;

/// A literal inside a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Where its `{` or `~{` stands.
    pub at: usize,
    /// Where its kept octets begin.
    pub start: usize,
    /// How many octets were kept in the text.
    pub kept: usize,
    /// How many the server announced.
    pub length: u64,
    /// The number of its chunks, when it was streamed.
    pub stream: Option<u64>,
}

/// A string value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// NIL.
    Nil,
    /// Its octets.
    Bytes(Cow<'a, [u8]>),
    /// A literal of which only the beginning was kept.
    Cut(&'a [u8]),
    /// A literal that went out in chunks.
    Streamed { literal: u64, length: u64 },
}

impl Text<'_> {
    /// The octets as the program keeps them; NIL and what was streamed is `None`.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Text::Bytes(bytes) => Some(bytes.into_owned()),
            Text::Cut(bytes) => Some(bytes.to_vec()),
            Text::Nil | Text::Streamed { .. } => None,
        }
    }
}

/// Why a value could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unread(pub &'static str);

/// A place in a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    literals: &'a [Literal],
}

impl<'a> Cursor<'a> {
    /// The beginning of `text`, whose literals stand at rising places.
    pub fn new(text: &'a [u8], literals: &'a [Literal]) -> Self {
        Self {
            text,
            at: 0,
            literals,
        }
    }

    /// How far it has come.
    pub fn at(&self) -> usize {
        self.at
    }

    /// All that is left, literals included.
    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What lies between an earlier place and this one.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next octet.
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over so many octets.
    pub fn advance(&mut self, octets: usize) {
        self.at = self.at.saturating_add(octets).min(self.text.len());
    }

    /// Passes over `octet` if it is next.
    pub fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        self.at += usize::from(found);
        found
    }

    /// Passes over spaces; the next octet after them.
    pub fn next_token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    /// The octets up to one for which `stop` holds.
    pub fn until(&mut self, stop: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|c| stop(*c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The next atom; empty at a parenthesis and at the end.
    pub fn atom(&mut self) -> &'a [u8] {
        self.next_token();
        self.until(ends_atom)
    }

    /// The next number. What is no number (NIL, `-1`, a string) is passed over and `None`.
    pub fn number(&mut self) -> Result<Option<u64>, Unread> {
        match self.next_token() {
            Some(b'"' | b'{' | b'~') => {
                let Text::Bytes(bytes) = self.string()? else {
                    return Ok(None);
                };
                Ok(parse_number(&bytes))
            }
            Some(b'(' | b')') | None => Err(Unread("a number is missing")),
            Some(_) => Ok(parse_number(self.atom())),
        }
    }

    /// The next string, atom or NIL.
    pub fn string(&mut self) -> Result<Text<'a>, Unread> {
        match self.next_token() {
            Some(b'"') => Ok(Text::Bytes(self.quoted())),
            Some(b'(') => Err(Unread("a list stands where a string belongs")),
            Some(b')') | None => Err(Unread("a string is missing")),
            Some(b'{' | b'~') => match self.literal() {
                Some(text) => Ok(text),
                None => Ok(Text::Bytes(Cow::Borrowed(self.until(ends_atom)))),
            },
            Some(_) => {
                let atom = self.until(ends_atom);
                if atom.eq_ignore_ascii_case(b"NIL") {
                    return Ok(Text::Nil);
                }
                Ok(Text::Bytes(Cow::Borrowed(atom)))
            }
        }
    }

    /// Passes over NIL if it is next.
    pub fn eat_nil(&mut self) -> bool {
        self.next_token();
        let before = self.at;
        let nil = self.until(ends_atom).eq_ignore_ascii_case(b"NIL");
        if !nil {
            self.at = before;
        }
        nil
    }

    /// Opens a list; `false` if none is next.
    pub fn open(&mut self) -> bool {
        self.next_token() == Some(b'(') && self.eat(b'(')
    }

    /// Closes a list if its end is next; the end of the response closes every list.
    pub fn closes(&mut self) -> bool {
        match self.next_token() {
            Some(b')') => self.eat(b')'),
            Some(_) => false,
            None => true,
        }
    }

    /// Passes over what is left of the list that is open.
    pub fn close(&mut self) {
        while !self.closes() {
            self.skip();
        }
    }

    /// Passes over one value, however deep it is.
    pub fn skip(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.next_token() {
                None => return,
                Some(b'(') => {
                    self.at += 1;
                    depth += 1;
                    continue;
                }
                Some(b')') if depth == 0 => return,
                Some(b')') => {
                    self.at += 1;
                    depth -= 1;
                }
                Some(b'"') => drop(self.quoted()),
                Some(b'{' | b'~') if self.literal().is_some() => {}
                Some(_) => drop(self.until(ends_atom)),
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn literal(&mut self) -> Option<Text<'a>> {
        let index = self
            .literals
            .binary_search_by_key(&self.at, |literal| literal.at)
            .ok()?;
        let literal = self.literals.get(index)?;
        let end = literal.start + literal.kept;
        let bytes = self.text.get(literal.start..end)?;
        self.at = end;
        Some(match literal.stream {
            Some(number) => Text::Streamed {
                literal: number,
                length: literal.length,
            },
            None if literal.kept as u64 == literal.length => Text::Bytes(Cow::Borrowed(bytes)),
            None => Text::Cut(bytes),
        })
    }

    /// A quoted string; the cursor stands on its first quote.
    fn quoted(&mut self) -> Cow<'a, [u8]> {
        let start = self.at + 1;
        let inside = self.text.get(start..).unwrap_or_default();
        let found = memchr2(b'"', b'\\', inside);
        if let Some(length) = found
            && inside.get(length) == Some(&b'"')
            && inside.get(length + 1).is_none_or(|c| ends_string(*c))
        {
            self.at = start + length + 1;
            return Cow::Borrowed(inside.get(..length).unwrap_or_default());
        }
        self.quoted_with_escapes(start, inside)
    }

    fn quoted_with_escapes(&mut self, start: usize, inside: &'a [u8]) -> Cow<'a, [u8]> {
        let mut out = Vec::new();
        let mut from = 0;
        loop {
            let behind = inside.get(from..).unwrap_or_default();
            let Some(step) = memchr2(b'"', b'\\', behind) else {
                // No closing quote: the string is all that is left.
                out.extend_from_slice(behind);
                self.at = self.text.len();
                return Cow::Owned(out);
            };
            out.extend_from_slice(behind.get(..step).unwrap_or_default());
            let after = behind.get(step + 1..).unwrap_or_default();
            if behind.get(step) == Some(&b'\\') {
                let escaped = after.first().filter(|c| matches!(c, b'"' | b'\\'));
                out.push(*escaped.unwrap_or(&b'\\'));
                from += step + 1 + usize::from(escaped.is_some());
            } else if closes_string(after) {
                self.at = start + from + step + 1;
                return Cow::Owned(out);
            } else {
                out.push(b'"');
                from += step + 1;
            }
        }
    }
}

/// Whether a quote before `after` closes its string. A server that does not escape quotes writes
/// `"a"b.txt"`: a quote that no delimiter follows belongs to the string if another one comes soon.
fn closes_string(after: &[u8]) -> bool {
    if after.first().is_none_or(|c| ends_string(*c)) {
        return true;
    }
    let near = after.get(..QUOTE_SEARCH).unwrap_or(after);
    memchr2(b'"', b'\n', near).is_none_or(|at| near.get(at) != Some(&b'"'))
}

fn ends_string(octet: u8) -> bool {
    matches!(
        octet,
        b' ' | b')' | b'(' | b']' | b'>' | b'\r' | b'\n' | b'\t'
    )
}

fn ends_atom(octet: u8) -> bool {
    matches!(octet, b' ' | b')' | b'(' | b'\r' | b'\n' | b'\t')
}

/// A number that is nothing but digits and fits.
pub(crate) fn parse_number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for octet in text {
        let digit = octet.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, end: Option<&str>, left: &str) {
        let mut cursor = Cursor::new(text.as_bytes(), &[]);
        let value = cursor.string().ok().and_then(Text::into_bytes);
        let value = value.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(value.as_deref(), end, "{text}");
        assert_eq!(cursor.rest(), left.as_bytes(), "{text}");
    }

    #[test]
    fn strings_are_read_as_servers_write_them() {
        check("  \"a b\" x", Some("a b"), " x");
        check("\"a\\\"b\\\\c\")", Some("a\"b\\c"), ")");
        check("\"a\"b.txt\") NIL", Some("a\"b.txt"), ") NIL");
        check("\"\"Ann\"\" NIL", Some("\"Ann\""), " NIL");
        check("\"C:\\dir\" x", Some("C:\\dir"), " x");
        check("\"open", Some("open"), "");
        check("\"a\"b c", Some("a"), "b c");
        check("nil)", None, ")");
        check("atom)", Some("atom"), ")");
        check("Pr\u{fc}fung x", Some("Pr\u{fc}fung"), " x");
        check("(a)", None, "(a)");
        check("", None, "");
        check("{5}", Some("{5}"), "");
    }

    #[test]
    fn skip_passes_one_value_whatever_it_is() {
        for (text, left) in [
            ("a b", " b"),
            ("(a (b \")\" c)) d", " d"),
            (") x", ") x"),
            ("((((", ""),
            ("\"a\\\"\" x", " x"),
            ("() x", " x"),
        ] {
            let mut cursor = Cursor::new(text.as_bytes(), &[]);
            cursor.skip();
            assert_eq!(cursor.rest(), left.as_bytes(), "{text}");
        }
    }

    #[test]
    fn p1_numbers_that_do_not_fit_are_no_numbers() {
        assert_eq!(parse_number(b"18446744073709551615"), Some(u64::MAX));
        for text in ["18446744073709551616", "-1", "", "1a", "+1"] {
            assert_eq!(parse_number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn p5_many_unescaped_quotes_are_read_in_linear_time() {
        let text = "\"a\"b ".repeat(200_000);
        let started = std::time::Instant::now();
        let mut cursor = Cursor::new(text.as_bytes(), &[]);
        while cursor.next_token().is_some() {
            cursor.skip();
        }
        assert!(started.elapsed().as_secs() < 5);
    }
}
