//! Replies: lines are gathered here, tolerantly, and read by lettre's parser (RFC 5321 section 4.2,
//! enhanced codes by RFC 2034).

use std::fmt;

use lettre::transport::smtp::response::{Response, Severity};

/// Octets of one line; challenges of SASL are the longest.
const LINE: usize = 16 << 10;
/// Lines of one reply.
const LINES: usize = 500;
/// Characters of a reply that are kept for people.
const TEXT: usize = 1_000;

/// What the server said to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The reply code: `550`.
    pub code: u16,
    /// The enhanced status code, where it agrees with the reply code: `5.1.1`.
    pub enhanced: Option<String>,
    /// The words, of all lines, without that code.
    pub text: String,
}

impl Said {
    /// Words of our own for what was not even asked, in the form of a reply.
    pub fn ours(code: u16, enhanced: &str, text: impl Into<String>) -> Self {
        Self {
            code,
            enhanced: Some(enhanced.to_owned()),
            text: text.into(),
        }
    }

    /// Whether it is a yes (2yz).
    pub fn is_yes(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether it asks to go on (3yz).
    pub fn is_more(&self) -> bool {
        self.code / 100 == 3
    }

    /// Whether it is a no that another time may mend (4yz).
    pub fn is_for_now(&self) -> bool {
        self.code / 100 == 4
    }

    /// Whether it is a no for good (5yz).
    pub fn is_for_good(&self) -> bool {
        self.code / 100 == 5
    }

    pub(super) fn of(response: &Response) -> Self {
        let class = match response.code().severity {
            Severity::PositiveCompletion => Some('2'),
            Severity::PositiveIntermediate => None,
            Severity::TransientNegativeCompletion => Some('4'),
            Severity::PermanentNegativeCompletion => Some('5'),
        };
        let enhanced = class
            .and_then(|class| enhanced_of(response.first_word()?, class))
            .map(str::to_owned);
        let mut text = String::new();
        for line in response.message() {
            let words = match &enhanced {
                Some(code) => line.strip_prefix(code.as_str()).unwrap_or(line),
                None => line,
            };
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(words.trim());
        }
        Self {
            code: response.code().into(),
            enhanced,
            text: text.trim().chars().take(TEXT).collect(),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.code)?;
        if let Some(enhanced) = &self.enhanced {
            write!(out, " {enhanced}")?;
        }
        if self.text.is_empty() {
            return Ok(());
        }
        write!(out, " {}", self.text)
    }
}

fn enhanced_of(word: &str, class: char) -> Option<&str> {
    let mut parts = word.split('.');
    let fits = parts.next().is_some_and(|first| first == class.to_string());
    let number = |part: Option<&str>| {
        part.is_some_and(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let whole = fits && number(parts.next()) && number(parts.next()) && parts.next().is_none();
    whole.then_some(word)
}

/// Gathers the lines of one reply.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    line: Vec<u8>,
    lines: Vec<String>,
}

impl Gathering {
    /// Takes octets up to the end of one reply: how many were taken, and the reply if that was its
    /// end. An error is in words: what it says is no reply.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Result<Option<Response>, String>) {
        let mut taken = 0;
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (part, later) = rest.split_at(at + 1);
            taken += part.len();
            rest = later;
            self.line.extend_from_slice(part);
            match self.line_ended() {
                Ok(None) => {}
                end => return (taken, end),
            }
        }
        taken += rest.len();
        self.line.extend_from_slice(rest);
        if self.line.len() > LINE {
            return (taken, Err("a line that does not end".to_owned()));
        }
        (taken, Ok(None))
    }

    fn line_ended(&mut self) -> Result<Option<Response>, String> {
        let bytes = std::mem::take(&mut self.line);
        if bytes.len() > LINE {
            return Err("a line that is too long".to_owned());
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\r', '\n']);
        let Some((code, rest)) = text.split_at_checked(3) else {
            return Err("a line without a reply code".to_owned());
        };
        if !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err("a line without a reply code".to_owned());
        }
        let mut rest = rest.chars();
        let last = match rest.next() {
            Some('-') => false,
            Some(' ' | '\t') | None => true,
            Some(_) => return Err("a reply code with letters behind it".to_owned()),
        };
        // A lone CR would end the line for the parser.
        let words = rest.as_str().replace('\r', " ");
        self.lines.push(words);
        if self.lines.len() > LINES {
            return Err("a reply that does not end".to_owned());
        }
        if !last {
            return Ok(None);
        }
        // Some servers change the code on the way; the last line is the reply (RFC 5321 4.2.1).
        let lines = std::mem::take(&mut self.lines);
        let count = lines.len();
        let whole: String = lines
            .into_iter()
            .enumerate()
            .map(|(at, words)| {
                let sign = if at + 1 == count { ' ' } else { '-' };
                format!("{code}{sign}{words}\r\n")
            })
            .collect();
        whole
            .parse()
            .map(Some)
            .map_err(|_| format!("the reply code {code}"))
    }
}
