//! Transfer encodings: what a text needs, quoted-printable, and base64 from a reader.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Octets of a line that need no encoding; RFC 5322 has 998, and a few are left for quoting.
pub const MAX_LINE: usize = 990;

/// How a body stands in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// ASCII in short lines.
    SevenBit,
    /// Octets above 127 in short lines.
    EightBit,
    /// Quoted-printable.
    Quoted,
    /// Base64.
    Base64,
}

impl Coding {
    /// The word in Content-Transfer-Encoding.
    pub fn word(self) -> &'static str {
        match self {
            Coding::SevenBit => "7bit",
            Coding::EightBit => "8bit",
            Coding::Quoted => "quoted-printable",
            Coding::Base64 => "base64",
        }
    }
}

/// What octets a body has, as far as they matter on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Octets {
    /// Octets above 127.
    pub eight_bit: bool,
    /// NUL, or other control characters than tab and line ends.
    pub control: bool,
    /// The longest line.
    pub longest: usize,
    /// All of them, with every line end as CR LF.
    pub total: u64,
    line: usize,
}

impl Octets {
    /// Looks at the next octets; line ends are those of [`Lines`] already.
    pub fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.line = 0,
                b'\r' => {}
                _ => {
                    self.line += 1;
                    self.longest = self.longest.max(self.line);
                    self.eight_bit |= *byte > 127;
                    self.control |= (*byte < 32 && *byte != b'\t') || *byte == 127;
                }
            }
        }
        self.total += bytes.len() as u64;
    }

    /// Looks at all that a reader has.
    pub fn of(reader: &mut dyn Read) -> io::Result<Self> {
        let mut octets = Self::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(octets),
                Ok(count) => octets.see(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What a text with these octets needs; `eight_bit` lets it go as it is.
    pub fn coding(self, eight_bit: bool) -> Coding {
        match self {
            Octets {
                control: false,
                longest,
                eight_bit: high,
                ..
            } if longest <= MAX_LINE && (!high || eight_bit) => {
                if high {
                    Coding::EightBit
                } else {
                    Coding::SevenBit
                }
            }
            _ => Coding::Quoted,
        }
    }
}

/// A reader whose every line end is CR LF: no bare CR or LF leaves (SAFETY C3).
pub struct Lines<R> {
    inner: R,
    buffer: Vec<u8>,
    at: usize,
    /// The last octet read was a CR.
    cr: bool,
    /// What was given last ends a line.
    ended: bool,
    done: bool,
}

impl<R: Read> Lines<R> {
    /// Reads through `inner`; a last line without its end gets one.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            at: 0,
            cr: false,
            ended: true,
            done: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut raw = [0; 16 << 10];
        self.buffer.clear();
        self.at = 0;
        while self.buffer.is_empty() && !self.done {
            let count = match self.inner.read(&mut raw) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if count == 0 {
                self.done = true;
                if self.cr || !self.ended {
                    self.buffer.extend_from_slice(b"\r\n");
                }
                return Ok(());
            }
            for byte in raw.get(..count).unwrap_or_default() {
                self.take(*byte);
            }
        }
        Ok(())
    }

    fn take(&mut self, byte: u8) {
        let after_cr = std::mem::replace(&mut self.cr, byte == b'\r');
        if after_cr || byte == b'\n' {
            self.buffer.extend_from_slice(b"\r\n");
            self.ended = true;
        }
        if byte != b'\r' && byte != b'\n' {
            self.buffer.push(byte);
            self.ended = false;
        }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            self.fill()?;
        }
        Ok(given(&self.buffer, &mut self.at, out))
    }
}

/// Copies what fits from `from[at..]`.
pub fn given(from: &[u8], at: &mut usize, out: &mut [u8]) -> usize {
    let rest = from.get(*at..).unwrap_or_default();
    let count = rest.len().min(out.len());
    for (to, byte) in out.iter_mut().zip(rest) {
        *to = *byte;
    }
    *at += count;
    count
}

/// Octets of one line of base64.
const ROW: usize = 57;
const ROWS: usize = 256;

/// A reader that gives the base64 of another one in lines of 76.
pub struct Base64<R> {
    inner: R,
    buffer: Vec<u8>,
    at: usize,
    done: bool,
}

impl<R: Read> Base64<R> {
    /// Encodes what `inner` has.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            at: 0,
            done: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut raw = Vec::with_capacity(ROW * ROWS);
        let most = (ROW * ROWS) as u64;
        self.inner.by_ref().take(most).read_to_end(&mut raw)?;
        self.done = raw.len() < ROW * ROWS;
        self.buffer.clear();
        self.at = 0;
        let mut row = String::with_capacity(80);
        for line in raw.chunks(ROW) {
            row.clear();
            STANDARD.encode_string(line, &mut row);
            self.buffer.extend_from_slice(row.as_bytes());
            self.buffer.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

impl<R: Read> Read for Base64<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() && !self.done {
            self.fill()?;
        }
        Ok(given(&self.buffer, &mut self.at, out))
    }
}

/// How many octets the base64 of so many has, line ends included.
pub fn base64_size(octets: u64) -> u64 {
    octets.div_ceil(3) * 4 + octets.div_ceil(ROW as u64) * 2
}

/// Quoted-printable of lines without their ends (RFC 2045 section 6.7).
pub fn quoted<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        let mut column = 0;
        for (at, byte) in line.iter().enumerate() {
            let last = at + 1 == line.len();
            let plain = match byte {
                b' ' | b'\t' => !last,
                b'=' => false,
                // A lone dot and `From ` at the start of a line are read by others on the way.
                b'.' | b'F' if at == 0 => false,
                _ => byte.is_ascii_graphic(),
            };
            let cells = if plain { 1 } else { 3 };
            if column + cells > 75 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(*byte);
            } else {
                out.extend_from_slice(format!("={byte:02X}").as_bytes());
            }
            column += cells;
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::part;
    use super::*;

    fn normal(bytes: &[u8], step: usize) -> Vec<u8> {
        let mut reader = Lines::new(bytes);
        let mut out = Vec::new();
        let mut buffer = vec![0; step];
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => return out,
                count => out.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn c3_every_line_end_becomes_one_crlf() {
        let check = |raw: &[u8], want: &[u8]| {
            for step in [1, 2, 100] {
                assert_eq!(normal(raw, step), want, "{raw:?}");
            }
        };
        check(b"a\nb", b"a\r\nb\r\n");
        check(b"a\r\nb\r\n", b"a\r\nb\r\n");
        check(b"a\rb\r", b"a\r\nb\r\n");
        check(b"\r\r\n\n", b"\r\n\r\n\r\n");
        check(b"\n.\r\r.\n", b"\r\n.\r\n\r\n.\r\n");
        check(b"", b"");
    }

    proptest! {
        #[test]
        fn r22_what_is_encoded_is_decoded_to_the_same(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut coded = Vec::new();
            Base64::new(bytes.as_slice()).read_to_end(&mut coded).unwrap();
            prop_assert_eq!(coded.len() as u64, base64_size(bytes.len() as u64));
            prop_assert_eq!(part::decode_transfer(&coded, "base64"), bytes.clone());
            let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
            let made = quoted(lines.iter().copied());
            for line in made.split(|b| *b == b'\n') {
                prop_assert!(line.len() <= 78 && line.iter().all(|b| *b < 127));
            }
            let mut back = part::decode_transfer(&made, "quoted-printable");
            // Each line got an end of its own, of two octets.
            let mut want = Vec::new();
            for line in lines {
                want.extend_from_slice(line);
                want.extend_from_slice(b"\r\n");
            }
            if back != want { back.push(0); }
            prop_assert_eq!(back, want);
        }
    }
}
