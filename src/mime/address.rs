//! Address lists (RFC 5322 section 3.4, tolerant): one pass, no recursion (SAFETY D5, M3).
//!
//! An addr-spec is taken as it stands and never decoded. A comment is a name only where there is
//! no other. Two angle addresses in one place are two addresses.

use crate::model::Address;

use super::part;
use super::word::{self, decode_text};

/// Addresses that one field may give.
pub const MAX_ADDRESSES: usize = 10_000;
/// Bytes of one name or comment that are kept.
const MAX_NAME: usize = 4096;

/// Reads an address list; a group head is an address with a name alone.
pub fn addresses(raw: &[u8]) -> Vec<Address> {
    let raw = word::unfold(raw);
    let mut reader = Reader::default();
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        if reader.list.len() >= MAX_ADDRESSES {
            break;
        }
        at = reader.step(&raw, at, byte);
    }
    reader.finish();
    reader.list
}

#[derive(Debug)]
enum Token {
    /// A bare word, and whether it follows its neighbour without a blank.
    Word(Vec<u8>, bool),
    Quoted(Vec<u8>, bool),
    Comment(Vec<u8>),
    Angle(Vec<u8>),
}

#[derive(Default)]
struct Reader {
    list: Vec<Address>,
    tokens: Vec<Token>,
    blank: bool,
    in_group: bool,
}

impl Reader {
    fn step(&mut self, raw: &[u8], at: usize, byte: u8) -> usize {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                self.blank = true;
                at + 1
            }
            b'"' => {
                let (text, end) = quoted(raw, at + 1);
                self.push(Token::Quoted(text, !self.blank));
                end
            }
            b'(' => {
                let (text, end) = comment(raw, at + 1);
                self.tokens.push(Token::Comment(text));
                self.blank = true;
                end
            }
            b'<' => {
                let (spec, end) = angle(raw, at + 1);
                self.push(Token::Angle(spec));
                end
            }
            b',' => {
                self.finish();
                at + 1
            }
            b';' => {
                self.finish();
                self.in_group = false;
                at + 1
            }
            b':' if !self.in_group && self.is_phrase() => {
                self.group();
                at + 1
            }
            _ => {
                let (word, end) = bare_word(raw, at);
                self.push(Token::Word(word, !self.blank));
                end
            }
        }
    }

    fn push(&mut self, token: Token) {
        self.tokens.push(token);
        self.blank = false;
    }

    fn is_phrase(&self) -> bool {
        let at = |t: &Token| matches!(t, Token::Word(w, _) if w.contains(&b'@'));
        let angle = |t: &Token| matches!(t, Token::Angle(_));
        !self.tokens.is_empty() && !self.tokens.iter().any(|t| at(t) || angle(t))
    }

    fn group(&mut self) {
        let name = phrase(&self.tokens);
        self.tokens.clear();
        self.blank = false;
        self.in_group = true;
        self.list.push(Address {
            name,
            address: String::new(),
        });
    }

    fn finish(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        self.blank = false;
        if tokens.is_empty() {
            return;
        }
        if tokens.iter().any(|t| matches!(t, Token::Angle(_))) {
            self.with_angles(tokens);
        } else {
            self.without_angles(&tokens);
        }
    }

    fn with_angles(&mut self, tokens: Vec<Token>) {
        let mut name = Vec::new();
        let mut first = true;
        let mut closing = Vec::new();
        for token in tokens {
            match token {
                Token::Angle(spec) => {
                    self.list.push(Address {
                        name: phrase_or_comment(&name),
                        address: part::utf8_or_1252(&spec),
                    });
                    name.clear();
                    first = false;
                }
                other if first => name.push(other),
                other => closing.push(other),
            }
        }
        // `<a@b> c@d`: what looks like an address behind it is one more.
        if closing
            .iter()
            .any(|t| matches!(t, Token::Word(w, _) if w.contains(&b'@')))
        {
            self.without_angles(&closing);
            return;
        }
        // `<a@b> (Name)`: a comment names only who has no other name.
        if let Some(last) = self.list.last_mut().filter(|last| last.name.is_empty()) {
            last.name = comment_text(&closing);
        }
    }

    fn without_angles(&mut self, tokens: &[Token]) {
        let words: Vec<&Token> = tokens
            .iter()
            .filter(|t| !matches!(t, Token::Comment(_)))
            .collect();
        let comment = comment_text(tokens);
        let Some(at) = words.iter().rposition(|t| bytes(t).contains(&b'@')) else {
            self.nameless(tokens, words.len(), comment);
            return;
        };
        let (from, to) = spec_range(&words, at);
        let mut spec = Vec::new();
        for token in words.get(from..=to).unwrap_or_default() {
            match token {
                Token::Quoted(text, _) => spec.extend(requoted(text)),
                other => spec.extend_from_slice(bytes(other)),
            }
        }
        let before: Vec<Vec<u8>> = words.iter().take(from).map(|t| bytes(t).to_vec()).collect();
        let name = decode_text(&before.join(&b' '));
        self.list.push(Address {
            name: if name.is_empty() { comment } else { name },
            address: part::utf8_or_1252(&spec),
        });
    }

    /// No `@` anywhere: one word is a local address, more are a name.
    fn nameless(&mut self, tokens: &[Token], words: usize, comment: String) {
        let name = phrase(tokens);
        let one_word = words == 1 && matches!(tokens.first(), Some(Token::Word(..)));
        let address = match (one_word, tokens.first()) {
            (true, Some(Token::Word(word, _))) if !word.starts_with(b"=?") => {
                part::utf8_or_1252(word)
            }
            _ => String::new(),
        };
        let name = if address.is_empty() { name } else { comment };
        if !name.is_empty() || !address.is_empty() {
            self.list.push(Address { name, address });
        }
    }
}

/// The tokens that make the addr-spec around the one with the `@`: `john @ example.org` and
/// `"john doe"@example.org` belong together.
fn spec_range(words: &[&Token], at: usize) -> (usize, usize) {
    let text = words.get(at).map(|t| bytes(t)).unwrap_or_default();
    let mut from = at;
    let mut to = at;
    if text.starts_with(b"@") && at > 0 {
        from = at - 1;
    }
    if text.ends_with(b"@") && at + 1 < words.len() {
        to = at + 1;
    }
    while from > 0 && words.get(from).is_some_and(|t| is_glued(t)) {
        from -= 1;
    }
    while words.get(to + 1).is_some_and(|t| is_glued(t)) {
        to += 1;
    }
    (from, to)
}

fn is_glued(token: &Token) -> bool {
    matches!(token, Token::Word(_, true) | Token::Quoted(_, true))
}

fn bytes(token: &Token) -> &[u8] {
    match token {
        Token::Word(text, _) | Token::Quoted(text, _) => text,
        Token::Comment(text) | Token::Angle(text) => text,
    }
}

fn requoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
    out
}

fn phrase(tokens: &[Token]) -> String {
    let mut text = Vec::new();
    for token in tokens {
        let glued = match token {
            Token::Word(_, glued) | Token::Quoted(_, glued) => *glued,
            Token::Comment(_) | Token::Angle(_) => continue,
        };
        if !glued && !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(bytes(token));
        if text.len() > MAX_NAME {
            text.truncate(MAX_NAME);
            break;
        }
    }
    decode_text(&text)
}

fn phrase_or_comment(tokens: &[Token]) -> String {
    let name = phrase(tokens);
    if name.is_empty() {
        comment_text(tokens)
    } else {
        name
    }
}

fn comment_text(tokens: &[Token]) -> String {
    let comment = tokens.iter().find_map(|t| match t {
        Token::Comment(text) => Some(text),
        Token::Word(..) | Token::Quoted(..) | Token::Angle(_) => None,
    });
    comment.map(|text| decode_text(text)).unwrap_or_default()
}

fn quoted(raw: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    while let Some(&byte) = raw.get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => {
                out.extend(raw.get(at));
                at += 1;
            }
            _ => out.push(byte),
        }
    }
    (out, at)
}

fn comment(raw: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut depth = 1usize;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        let kept = if byte == b'\\' {
            at += 1;
            raw.get(at - 1).copied()
        } else {
            Some(byte)
        };
        if out.len() < MAX_NAME {
            out.extend(kept);
        }
    }
    (out, at)
}

/// The text up to `>`, without blanks around it and without a source route. What never closes ends
/// before the next comma.
fn angle(raw: &[u8], start: usize) -> (Vec<u8>, usize) {
    let rest = raw.get(start..).unwrap_or_default();
    let near = rest.get(..rest.len().min(MAX_NAME)).unwrap_or_default();
    let (length, skip) = match memchr::memchr(b'>', near) {
        Some(end) => (end, 1),
        None => (memchr::memchr2(b',', b';', near).unwrap_or(near.len()), 0),
    };
    let mut spec = near.get(..length).unwrap_or_default().trim_ascii();
    if spec.starts_with(b"@")
        && let Some(colon) = memchr::memchr(b':', spec)
    {
        spec = spec.get(colon + 1..).unwrap_or_default().trim_ascii();
    }
    (spec.to_vec(), start + length + skip)
}

fn bare_word(raw: &[u8], start: usize) -> (Vec<u8>, usize) {
    let rest = raw.get(start..).unwrap_or_default();
    let special = |b: &u8| {
        matches!(
            b,
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'(' | b'<' | b',' | b';'
        )
    };
    let stop = |(n, b): (usize, &u8)| *b == b':' && n > 0 && !is_word_colon(rest, n);
    let end = rest
        .iter()
        .enumerate()
        .position(|(n, b)| special(b) || stop((n, b)))
        .unwrap_or(rest.len())
        .max(1);
    (rest.get(..end).unwrap_or_default().to_vec(), start + end)
}

/// A colon inside `[IPv6:…]` or after an `@` is no group mark.
fn is_word_colon(word: &[u8], at: usize) -> bool {
    let before = word.get(..at.min(300)).unwrap_or_default();
    before.contains(&b'[') || before.contains(&b'@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &[u8]) -> String {
        let list = addresses(raw);
        let each: Vec<String> = list
            .iter()
            .map(|a| format!("{}|{}", a.name, a.address))
            .collect();
        each.join("; ")
    }

    #[test]
    fn addresses_read_in_every_form_that_programs_write() {
        let check = |raw: &str, want: &str| assert_eq!(shown(raw.as_bytes()), want, "{raw}");
        check("a@b.c", "|a@b.c");
        check("<a@b.c>", "|a@b.c");
        check("Ann <a@b.c>", "Ann|a@b.c");
        check("Ann B. Cee <a@b.c>, d@e", "Ann B. Cee|a@b.c; |d@e");
        check("\"Cee, Ann\" <a@b.c>", "Cee, Ann|a@b.c");
        check("\"A \\\"B\\\" C\" <a@b.c>", "A \"B\" C|a@b.c");
        check("a@b.c (Ann Cee)", "Ann Cee|a@b.c");
        check("Ann <a@b.c> (the boss)", "Ann|a@b.c");
        check("<a@b.c> (Ann)", "Ann|a@b.c");
        check("Ann(x)Bee <a@b.c>", "Ann Bee|a@b.c");
        check("Team: a@b, C <c@d>; e@f", "Team|; |a@b; C|c@d; |e@f");
        check("undisclosed-recipients:;", "undisclosed-recipients|");
        check("=?utf-8?q?J=C3=B6?= <j@x>", "Jö|j@x");
        check("=?utf-8?q?a=2C_b?= <j@x>", "a, b|j@x");
        check("root", "|root");
        check("Mail Daemon", "Mail Daemon|");
        check("MAILER-DAEMON (Mail System)", "Mail System|MAILER-DAEMON");
        check("\"john doe\"@example.org", "|\"john doe\"@example.org");
        check("john @ example.org", "|john@example.org");
        check("<@relay.example,@b:john@x.org>", "|john@x.org");
        check("a@b; c@d", "|a@b; |c@d");
        check("a@[IPv6:::1]", "|a@[IPv6:::1]");
        check("Ann <a@b.c", "Ann|a@b.c");
        check(",,, a@b ,,", "|a@b");
        check("Ann a@b.c", "Ann|a@b.c");
        check("", "");
        check("<>", "|");
    }

    #[test]
    fn d5_an_address_is_never_decoded_and_none_is_hidden() {
        let check = |raw: &str, want: &str| assert_eq!(shown(raw.as_bytes()), want, "{raw}");
        check("A <a@x> <b@y>", "A|a@x; |b@y");
        check(
            "<=?utf-8?q?ceo=40bank?=@evil>",
            "|=?utf-8?q?ceo=40bank?=@evil",
        );
        check(
            "=?utf-8?q?ceo=40bank=00?=@evil.x",
            "|=?utf-8?q?ceo=40bank=00?=@evil.x",
        );
        check("ceo@bank.example <evil@x>", "ceo@bank.example|evil@x");
        check("\"ceo@bank.example\" <evil@x>", "ceo@bank.example|evil@x");
        check("ceo@bank: evil@x;", "ceo@bank:|evil@x");
    }

    #[test]
    fn m3_address_bombs_cost_little() {
        let bombs = [
            "(".repeat(200_000),
            format!("{}{}", "(".repeat(20_000), ")".repeat(20_000)),
            ";".repeat(200_000),
            "a:".repeat(10_000),
            "a:;".repeat(10_000),
            ",".repeat(200_000),
            "a@b,".repeat(100_000),
            "<".repeat(200_000),
            "\"".repeat(200_001),
            "@".repeat(200_000),
            "a ".repeat(100_000),
            ":".repeat(200_000),
            "\\".repeat(200_000),
            "a@b <".repeat(40_000),
        ];
        for bomb in bombs {
            let start = std::time::Instant::now();
            let list = addresses(bomb.as_bytes());
            assert!(list.len() <= MAX_ADDRESSES + 2);
            let spent = start.elapsed().as_millis();
            assert!(spent < 1500, "{} ms: {}", spent, &bomb[..8]);
        }
    }
}
