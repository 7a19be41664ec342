//! Encoded-words (RFC 2047): neighbours of one charset are joined before they are decoded, so that
//! a character cut in two comes out whole. Linear in the field (SAFETY M4).

use super::part;

/// The text of an unstructured field: unfolded, encoded-words decoded, raw 8-bit as UTF-8 or else
/// windows-1252. Decoded is not sanitised: it may hold any control character.
pub fn decode_text(raw: &[u8]) -> String {
    let raw = unfold(raw);
    let raw = raw.trim_ascii();
    if memchr::memmem::find(raw, b"=?").is_none() {
        return part::utf8_or_1252(raw);
    }
    decode_words(raw)
}

/// The value of a field on one line, without the line breaks of folding.
pub fn unfold(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let next = raw.get(at + 1);
        let after = raw.get(at + 2);
        let blank = |b: Option<&u8>| matches!(b, Some(b' ' | b'\t'));
        match byte {
            b'\r' if next == Some(&b'\n') && blank(after) => at += 2,
            b'\n' if blank(next) => at += 1,
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

fn decode_words(raw: &[u8]) -> String {
    let mut out = Decoder::default();
    let mut at = 0;
    let mut plain = 0;
    let mut closers = true;
    while closers && let Some(open) = find(raw, at, b"=?") {
        match word_at(raw, open) {
            Found::Word(word, end) => {
                out.plain(raw.get(plain..open).unwrap_or_default());
                out.word(&word);
                at = end;
                plain = end;
            }
            Found::NoWord => at = open + 2,
            Found::NoCloser => closers = false,
        }
    }
    out.plain(raw.get(plain..).unwrap_or_default());
    out.flush();
    out.text
}

struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
}

enum Found<'a> {
    Word(Word<'a>, usize),
    NoWord,
    /// No `?=` in all the rest: there is no use in looking again.
    NoCloser,
}

fn word_at(raw: &[u8], open: usize) -> Found<'_> {
    let head = raw.get(open + 2..).unwrap_or_default();
    let head = head.get(..head.len().min(100)).unwrap_or_default();
    let Some(charset_end) = memchr::memchr(b'?', head) else {
        return Found::NoWord;
    };
    let charset = head.get(..charset_end).unwrap_or_default();
    let base64 = match head.get(charset_end + 1).map(u8::to_ascii_lowercase) {
        Some(b'b') => true,
        Some(b'q') => false,
        _ => return Found::NoWord,
    };
    let good = |b: &u8| b.is_ascii_graphic() && !b"()<>@,;:\"/[]=".contains(b);
    if head.get(charset_end + 2) != Some(&b'?') || !charset.iter().all(good) || charset.is_empty() {
        return Found::NoWord;
    }
    let start = open + 2 + charset_end + 3;
    let Some(end) = find(raw, start, b"?=") else {
        return Found::NoCloser;
    };
    let coded = raw.get(start..end).unwrap_or_default();
    if find(coded, 0, b"=?").is_some() {
        return Found::NoWord;
    }
    let bytes = if base64 {
        part::decode_transfer(coded, "base64")
    } else {
        decode_q(coded)
    };
    let charset = charset.split(|b| *b == b'*').next().unwrap_or_default();
    Found::Word(Word { charset, bytes }, end + 2)
}

fn find(raw: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    memchr::memmem::find(raw.get(from..)?, what).map(|n| n + from)
}

fn decode_q(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len());
    let mut at = 0;
    while let Some(&byte) = coded.get(at) {
        let hex = |n: usize| coded.get(at + n).and_then(|b| part::hex_digit(*b));
        match (byte, hex(1), hex(2)) {
            (b'=', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 2;
            }
            (b'_', _, _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    out
}

#[derive(Default)]
struct Decoder {
    text: String,
    charset: Vec<u8>,
    waiting: Vec<u8>,
    after_word: bool,
}

impl Decoder {
    fn word(&mut self, word: &Word<'_>) {
        if !self.charset.eq_ignore_ascii_case(word.charset) {
            self.flush();
            self.charset = word.charset.to_vec();
        }
        self.waiting.extend_from_slice(&word.bytes);
        self.after_word = true;
    }

    /// Text between words; blanks alone between two words do not count.
    fn plain(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || (self.after_word && bytes.iter().all(u8::is_ascii_whitespace)) {
            return;
        }
        self.flush();
        self.text.push_str(&part::utf8_or_1252(bytes));
        self.after_word = false;
    }

    fn flush(&mut self) {
        if !self.waiting.is_empty() {
            let charset = String::from_utf8_lossy(&self.charset);
            self.text
                .push_str(&part::decode_charset(&self.waiting, Some(&charset)).0);
            self.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decode_as_people_expect() {
        let check = |raw: &str, text: &str| assert_eq!(decode_text(raw.as_bytes()), text, "{raw}");
        check("plain", "plain");
        check("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße");
        check("=?UTF-8?B?R3LDvMOfZQ==?= x", "Grüße x");
        check("=?utf-8?q?a?= =?utf-8?q?b?=", "ab");
        check("=?utf-8?q?a?=\r\n =?iso-8859-1?q?=FC?=", "aü");
        check("=?utf-8?q?=E2=82?= =?utf-8?q?=AC_1?=", "€ 1");
        check("=?utf-8*en?q?x?= y =?utf-8?q?z?=", "x y z");
        check("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本");
        check("=?utf-8?q?a b?=", "a b");
        check("=?x-odd?q?a=FCb?=", "aüb");
        check("=?utf-8?x?a?=", "=?utf-8?x?a?=");
        check("=?utf-8?q?open", "=?utf-8?q?open");
        check("a =?= b", "a =?= b");
        check("=?utf-8?Q??=", "");
        check("fold\r\n ed", "fold ed");
        assert_eq!(decode_text(b"gr\xfc\xdfe"), "grüße");
        assert_eq!(decode_text("grüße".as_bytes()), "grüße");
    }

    #[test]
    fn m4_runs_of_words_cost_linear_time() {
        for unit in [
            "=?utf-8?q?a?= ",
            "=?utf-8?q?",
            "=?",
            "=?u?b?=?",
            "?=",
            "=?utf-8?q?=?",
        ] {
            let raw = unit.repeat(2_000_000 / unit.len());
            let start = std::time::Instant::now();
            let _ = decode_text(raw.as_bytes());
            assert!(start.elapsed().as_secs() < 3, "{unit}");
        }
    }
}
