//! The log of the wire (`--transcript FILE`): what was said by whom, without what is secret.
//!
//! Secrets are left out by the ranges that the machine gave, never by searching for patterns
//! (SAFETY S2). Beyond that, what was secret once is also masked where a server repeats it. Long
//! literals are shortened and messages of POP3 left out, so that mail stays out of the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;

use crate::model::Secret;
use crate::protocol::Transmit;

mod mail;

use mail::{Dialogue, Shown};

/// Octets of a literal that are shown.
const LITERAL_SHOWN: usize = 120;
/// Octets of a line that are shown.
const LINE_SHOWN: usize = 2_000;
/// Secrets that are shorter would mask ordinary words.
const MASKED_FROM: usize = 4;
/// What is longer is mail, which nobody repeats.
const MASKED_UPTO: usize = 16 << 10;
/// How many secrets of a link are remembered for masking.
const MASKED_COUNT: usize = 32;

/// A place that wire logs are written to, by any number of links.
pub struct Transcript {
    out: Mutex<Box<dyn Write + Send>>,
    next: AtomicU64,
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Transcript")
    }
}

impl Transcript {
    /// Appends to a file that only its owner can read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(0o600))?;
        Ok(Self::to(Box::new(file)))
    }

    /// Writes to anything.
    pub fn to(out: Box<dyn Write + Send>) -> Self {
        Self {
            out: Mutex::new(out),
            next: AtomicU64::new(1),
        }
    }

    /// The log of one more link.
    pub fn link(self: &std::sync::Arc<Self>, peer: &str) -> LinkLog {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let log = LinkLog {
            transcript: self.clone(),
            number,
            server: Framing::default(),
            client: Framing::default(),
            secrets: Vec::new(),
            dialogue: Dialogue::default(),
        };
        log.transcript.line(number, '*', &format!("link to {peer}"));
        log
    }

    fn line(&self, number: u64, side: char, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk costs the log, not the mail.
        let _ = writeln!(out, "{number} {side}: {text}");
        let _ = out.flush();
    }
}

/// The log of one link.
#[derive(Debug)]
pub struct LinkLog {
    transcript: std::sync::Arc<Transcript>,
    number: u64,
    server: Framing,
    client: Framing,
    secrets: Vec<Secret>,
    dialogue: Dialogue,
}

impl LinkLog {
    /// What was sent; its secret ranges are `***`.
    pub fn client(&mut self, transmit: &Transmit) {
        for range in &transmit.secret {
            let secret = transmit.bytes.get(range.clone()).unwrap_or(&[]);
            self.remember_all(secret);
        }
        // `***` has another length than what a literal announced, so counting stops here.
        let counted = transmit.secret.is_empty();
        if !counted {
            self.client.literal = 0;
        }
        let lines = self.client.take(transmit.redacted().as_bytes());
        if !counted {
            self.client.literal = 0;
        }
        for line in lines {
            self.dialogue.client(&line.text);
            self.write('C', &line.text);
        }
    }

    /// What came. The first line tells whether braces announce literals: those of POP3 mean nothing.
    pub fn server(&mut self, bytes: &[u8]) {
        let lines = self.server.take(bytes);
        for line in lines {
            match self.dialogue.server(&line) {
                Shown::Line => self.write('S', &line.text),
                Shown::Nothing => {}
                Shown::After(count) => {
                    self.write('S', format!("[{count} lines of mail]").as_bytes());
                    self.write('S', &line.text);
                }
            }
        }
    }

    /// Something that happened to the link.
    pub fn note(&mut self, text: &str) {
        let text = self.masked(text);
        self.transcript.line(self.number, '*', &text);
    }

    /// Remembers a secret as it was sent and, of a SASL response, what it carries.
    fn remember_all(&mut self, secret: &[u8]) {
        if secret.len() > MASKED_UPTO {
            return;
        }
        let text = String::from_utf8_lossy(secret);
        let text = text.trim_end_matches(['\r', '\n']);
        self.remember(text);
        self.remember(&base64::prelude::BASE64_STANDARD.encode(text));
        self.remember(&text.replace("\\\"", "\"").replace("\\\\", "\\"));
        if let Ok(inner) = base64::prelude::BASE64_STANDARD.decode(text) {
            let inner = String::from_utf8_lossy(&inner);
            let carried = match inner.split_once("auth=Bearer ") {
                Some((_, token)) => token.trim_end_matches('\u{1}'),
                None => inner.rsplit('\0').next().unwrap_or(""),
            };
            self.remember(carried);
            self.remember(&base64::prelude::BASE64_STANDARD.encode(carried));
        }
    }

    fn remember(&mut self, text: &str) {
        if (MASKED_FROM..=MASKED_UPTO).contains(&text.len())
            && self.secrets.len() < MASKED_COUNT
            && !self.secrets.iter().any(|known| known.expose() == text)
        {
            self.secrets.push(Secret::new(text));
        }
    }

    fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), "***")
        })
    }

    fn write(&self, side: char, line: &[u8]) {
        let text = self.masked(&String::from_utf8_lossy(line));
        self.transcript.line(self.number, side, &visible(&text));
    }
}

impl Drop for LinkLog {
    fn drop(&mut self) {
        let (server, client) = (self.server.rest(), self.client.rest());
        if !server.text.is_empty() && self.dialogue.server(&server) == Shown::Line {
            self.write('S', &server.text);
        }
        if !client.text.is_empty() {
            self.write('C', &client.text);
        }
        self.transcript.line(self.number, '*', "link closed");
    }
}

/// A line without its end.
#[derive(Debug)]
struct Line {
    text: Vec<u8>,
    /// Whether it ended with CRLF.
    crlf: bool,
}

/// Cuts bytes into lines, shortening long ones and literals.
#[derive(Debug, Default)]
struct Framing {
    line: Vec<u8>,
    left_out: u64,
    literal: u64,
    shown: usize,
    /// What was taken last ended with CRLF, or with CR alone.
    crlf: bool,
    cr: bool,
    /// A line has ended.
    begun: bool,
    /// Braces mean nothing here.
    bare: bool,
}

impl Framing {
    fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut bytes = bytes;
        while !bytes.is_empty() {
            if self.literal > 0 {
                bytes = self.literal_part(bytes);
                continue;
            }
            let end = memchr::memchr(b'\n', bytes);
            let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
            self.keep(part, LINE_SHOWN.saturating_sub(self.line.len()));
            self.crlf = part.ends_with(b"\r\n") || (part == b"\n" && self.cr);
            self.cr = part.ends_with(b"\r");
            bytes = rest;
            if end.is_some() {
                self.bare |= !self.begun
                    && (self.line.starts_with(b"+OK") || self.line.starts_with(b"-ERR"));
                self.begun = true;
                self.literal = if self.bare { 0 } else { announced(part) };
                if self.literal > 0 {
                    self.shown = LITERAL_SHOWN;
                    trim(&mut self.line);
                    self.line.push(b' ');
                } else {
                    lines.push(self.rest());
                }
            }
        }
        lines
    }

    fn literal_part<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let here = usize::try_from(self.literal)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let (part, rest) = bytes.split_at(here);
        let shown = self.shown.min(part.len());
        self.keep(part, self.shown);
        self.shown -= shown;
        self.literal -= here as u64;
        if self.literal == 0 {
            self.mark();
        }
        rest
    }

    fn keep(&mut self, part: &[u8], room: usize) {
        let (kept, left) = part.split_at(room.min(part.len()));
        self.line.extend_from_slice(kept);
        self.left_out += left.len() as u64;
    }

    fn mark(&mut self) {
        if self.left_out > 0 {
            let text = format!("[{} octets more]", self.left_out);
            self.line.extend_from_slice(text.as_bytes());
            self.left_out = 0;
        }
    }

    fn rest(&mut self) -> Line {
        self.mark();
        let mut text = std::mem::take(&mut self.line);
        trim(&mut text);
        let crlf = self.crlf;
        Line { text, crlf }
    }
}

fn trim(line: &mut Vec<u8>) {
    while line.last().is_some_and(|b| matches!(b, b'\r' | b'\n')) {
        line.pop();
    }
}

/// The length of the literal that a line announces at its end: `{12}`, `{12+}`, `~{12}`.
fn announced(line: &[u8]) -> u64 {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(inner) = line.strip_suffix(b"}") else {
        return 0;
    };
    let Some(open) = memchr::memrchr(b'{', inner) else {
        return 0;
    };
    let digits = inner.get(open + 1..).unwrap_or(&[]);
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// A line that a terminal can show: controls are written as escapes.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests;
