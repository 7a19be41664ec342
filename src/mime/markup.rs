//! One pass over HTML source that bounds what parsing it can cost (SAFETY M7), and the bare text of
//! HTML that is beyond those bounds.
//!
//! Comments, scripts and tags with absurdly many attributes go; style sheets are set aside;
//! nesting and elements are counted. It is no parser: what it gets wrong costs looks, not safety.

use std::collections::BTreeSet;

/// Nesting that is laid out.
const MAX_DEPTH: usize = 200;
/// Tags that are read; what comes after waits for nobody.
const MAX_TAGS: usize = 24_000;
/// Bytes that are read.
const MAX_BYTES: usize = 1024 * 1024;
/// Attributes that a tag may have.
const MAX_ATTRIBUTES: usize = 100;
/// Bytes of style sheets that are read.
const MAX_CSS: usize = 256 * 1024;

/// HTML fit for the parser.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// The source without what is never shown.
    pub html: String,
    /// The text of all style sheets.
    pub css: String,
    /// Whether the end was cut.
    pub cut: bool,
    /// Whether it is nested too deeply to be parsed at a sane cost.
    pub too_deep: bool,
}

/// Rewrites HTML source in one linear pass.
pub fn prepare(text: &str) -> Prepared {
    let mut out = Prepared::default();
    let end = text.floor_char_boundary(MAX_BYTES);
    out.cut = end < text.len();
    let text = text.get(..end).unwrap_or_default();
    let mut depth = 0usize;
    let mut tags = 0;
    for token in Tokens::new(text) {
        match token {
            Token::Text(text) => out.html.push_str(text),
            Token::Style(css) if out.css.len() + css.len() <= MAX_CSS => {
                out.css.push_str(css);
                out.css.push('\n');
            }
            Token::Hidden | Token::Style(_) => {}
            Token::Open(name, source) => {
                tags += 1;
                if counts(&name) {
                    depth += 1;
                }
                if attributes(source) <= MAX_ATTRIBUTES {
                    out.html.push_str(source);
                } else {
                    out.html.push_str(&format!("<{name}>"));
                }
            }
            Token::Close(name, source) => {
                tags += 1;
                if counts(&name) {
                    depth = depth.saturating_sub(1);
                }
                out.html.push_str(source);
            }
        }
        if depth > MAX_DEPTH {
            out.too_deep = true;
            return out;
        }
        if tags >= MAX_TAGS {
            out.cut = true;
            return out;
        }
    }
    out
}

/// Elements that the parser closes by itself, or that have no content, do not nest.
fn counts(name: &str) -> bool {
    !matches!(
        name,
        "p" | "li"
            | "td"
            | "tr"
            | "th"
            | "dt"
            | "dd"
            | "option"
            | "thead"
            | "tbody"
            | "tfoot"
            | "br"
            | "img"
            | "hr"
            | "meta"
            | "link"
            | "input"
            | "col"
            | "area"
            | "base"
            | "wbr"
            | "html"
            | "head"
            | "body"
            | "source"
            | "embed"
            | "param"
            | "track"
            | "colgroup"
    )
}

/// Blanks and `=` outside quotes: no fewer than there are attributes.
fn attributes(tag: &str) -> usize {
    let mut quote = None;
    let mut count = 0;
    let mut before = b' ';
    for byte in tag.bytes() {
        match (quote, byte) {
            (Some(q), _) if q == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => count += 1,
            (None, b'/') => count += 1,
            (None, _) if byte.is_ascii_whitespace() && !before.is_ascii_whitespace() => count += 1,
            _ => {}
        }
        before = byte;
    }
    count / 2
}

/// Whether an image address would be fetched.
pub fn is_remote(src: &str) -> bool {
    let src = src.trim_start().to_ascii_lowercase();
    src.starts_with("http:") || src.starts_with("https:") || src.starts_with("//")
}

/// The text between the tags, blocks on lines of their own, entities resolved.
pub fn strip(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_BYTES);
    let mut out = String::new();
    for token in Tokens::new(text.get(..end).unwrap_or_default()) {
        match token {
            Token::Text(text) => push_text(&mut out, text),
            Token::Open(name, _) | Token::Close(name, _) if is_block(&name) => {
                if !out.ends_with('\n') && !out.is_empty() {
                    out.push('\n');
                }
            }
            Token::Open(..) | Token::Close(..) | Token::Style(_) | Token::Hidden => {}
        }
    }
    out
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "tr"
            | "li"
            | "table"
            | "ul"
            | "ol"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "blockquote"
            | "pre"
            | "hr"
            | "td"
            | "th"
            | "dt"
            | "dd"
            | "section"
            | "article"
    )
}

fn push_text(out: &mut String, text: &str) {
    for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
        let mut rest = bare;
        while let Some(at) = rest.find('&') {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.push_str(before);
            let (c, length) = entity(from);
            out.push(c);
            rest = from.get(length..).unwrap_or_default();
        }
        out.push_str(rest);
        if bare.len() < word.len() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
}

/// The character of the entity at the start of `text`, and its length.
fn entity(text: &str) -> (char, usize) {
    let head = text.get(..text.floor_char_boundary(12)).unwrap_or_default();
    let Some(end) = head.find(';') else {
        return ('&', 1);
    };
    let name = head.get(1..end).unwrap_or_default();
    let number = name
        .strip_prefix('#')
        .and_then(|n| match n.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => n.parse().ok(),
        });
    let c = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => number.and_then(char::from_u32).or_else(|| named(name)),
    };
    c.map_or(('&', 1), |c| (c, end + 1))
}

/// Names of the letters and signs from U+00A1 on, in their order (HTML 4 section 24.2.1).
const LATIN: [&str; 95] = [
    "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para",
    "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc",
    "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc",
    "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave",
    "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve",
    "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
    "yacute", "thorn", "yuml",
];

fn named(name: &str) -> Option<char> {
    let other = match name {
        "euro" => '€',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "bull" => '•',
        "hellip" => '…',
        _ => {
            let at = LATIN.iter().position(|one| *one == name)?;
            return char::from_u32(u32::try_from(at).ok()? + 0xa1);
        }
    };
    Some(other)
}

enum Token<'a> {
    Text(&'a str),
    Open(String, &'a str),
    Close(String, &'a str),
    Style(&'a str),
    /// A comment, a script, a declaration.
    Hidden,
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Whether there may still be a `>`: without one there is no tag.
    closers: bool,
    /// End tags that do not come any more: there is no use in looking again.
    never: BTreeSet<String>,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            closers: true,
            never: BTreeSet::new(),
        }
    }

    fn piece(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Moves past `end` in the rest, or to the end of all.
    fn skip_past(&mut self, end: &str) {
        self.at = match self.rest().find(end) {
            Some(at) => self.at + at + end.len(),
            None => self.text.len(),
        };
    }

    fn tag(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("<!--") {
            self.at += 4;
            self.skip_past("-->");
            return Some(Token::Hidden);
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            self.skip_past(">");
            return Some(Token::Hidden);
        }
        let close = rest.starts_with("</");
        let name_at = if close { 2 } else { 1 };
        let name: String = rest
            .get(name_at..)?
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(32)
            .collect::<String>()
            .to_ascii_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let Some(length) = tag_length(rest) else {
            self.closers = rest.contains('>');
            return None;
        };
        self.at += length;
        let source = self.piece(start, self.at);
        if close {
            return Some(Token::Close(name, source));
        }
        match name.as_str() {
            "style" => Some(Token::Style(self.raw_content("</style"))),
            "script" => {
                self.raw_content("</script");
                Some(Token::Hidden)
            }
            "title" => {
                self.raw_content("</title");
                Some(Token::Hidden)
            }
            "textarea" | "xmp" | "iframe" | "noframes" | "noembed" | "plaintext" | "svg"
            | "math" | "template" | "object" | "select" => {
                // Forms and foreign content show nothing here (SAFETY H4).
                self.raw_content(&format!("</{name}"));
                Some(Token::Hidden)
            }
            _ => Some(Token::Open(name, source)),
        }
    }

    /// The text up to an end tag, case ignored; moves past the tag.
    fn raw_content(&mut self, end: &str) -> &'a str {
        if self.never.contains(end) {
            return "";
        }
        let rest = self.rest();
        let needle = end.as_bytes();
        let found = memchr::memchr_iter(b'<', rest.as_bytes()).find(|at| {
            rest.as_bytes()
                .get(*at..at + needle.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(needle))
        });
        let start = self.at;
        let Some(at) = found else {
            self.never.insert(end.to_owned());
            // Never closed: what follows is text after all, or nothing would be shown.
            return "";
        };
        self.at += at;
        self.skip_past(">");
        self.piece(start, start + at)
    }
}

/// The length of the tag at the start, its quoted attributes respected.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(q), _) if q == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
        if at > 256 * 1024 {
            break;
        }
    }
    // A quote that never closes: the tag ends at the first `>` after all.
    text.find('>').map(|at| at + 1)
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if self.at >= self.text.len() {
            return None;
        }
        if self.rest().starts_with('<') && self.closers {
            let start = self.at;
            if let Some(token) = self.tag() {
                return Some(token);
            }
            self.at = start;
        }
        let start = self.at;
        let from = start + 1;
        let more = self
            .text
            .as_bytes()
            .get(from..)
            .and_then(|rest| memchr::memchr(b'<', rest));
        self.at = match more {
            Some(at) if self.closers => from + at,
            _ => self.text.len(),
        };
        Some(Token::Text(self.piece(start, self.at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_shown_goes_before_parsing() {
        let check = |text: &str, want: &str| assert_eq!(prepare(text).html, want, "{text}");
        check("a<!-- x -->b", "ab");
        check("<script>if (a<b) x</script>y", "y");
        check("<STYLE>p{}</Style >y", "y");
        check("<a title='>'>x</a>", "<a title='>'>x</a>");
        check("a < b", "a < b");
        check("<script>open", "open");
        check("<b", "<b");
        let bomb = format!("<p {}>x", "a=1 ".repeat(1000));
        check(&bomb, "<p>x");
        assert_eq!(prepare("<style>.a{}</style>").css, ".a{}\n");
        assert!(prepare(&"<div>".repeat(300)).too_deep);
        assert!(!prepare(&"<p>".repeat(3000)).too_deep);
        assert!(prepare(&"<i></i>".repeat(30_000)).cut);
    }

    #[test]
    fn bare_text_keeps_the_words() {
        let text =
            strip("<p>Hi &amp; <b>you</b>&#33;</p><div>two\n  three</div>&x; <style>a</style>");
        assert_eq!(text, "Hi & you!\ntwo three\n&x; ");
    }
}
