//! Framing: lines and literals (RFC 9051 sections 2.2 and 4.3) in linear time and bounded memory.
//!
//! A response is gathered in one buffer, its literals in place. Memory grows with the octets that
//! came, never with the octets that were announced (SAFETY P1, P2).

use memchr::memchr;

use super::options::Limits;
use super::value::{Literal, parse_number};

/// A chunk goes out when it has so many octets, or at the end of its literal.
const CHUNK: usize = 64 << 10;
/// A response with more literals breaks the link.
const MOST_LITERALS: usize = 100_000;
/// Literals streamed within one response; each costs a look at what stands before it.
const MOST_STREAMS: usize = 64;
/// A buffer that grew above this is given back.
const KEPT_CAPACITY: usize = 1 << 20;

/// What is to be done with a literal that is too large to be kept without a thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Large {
    /// Hand it on in chunks.
    Stream,
    /// Keep the beginning.
    Cut,
}

/// What the next octets amount to.
#[derive(Debug)]
pub(crate) enum Piece {
    /// More is needed.
    None,
    /// A response is whole: see [`Framer::response`], then call [`Framer::clear`].
    Response,
    /// A literal above the inline limit begins: see [`Framer::response`] for what stands before
    /// it, then call [`Framer::large`].
    Large,
    /// Octets of a streamed literal.
    Chunk {
        literal: u64,
        bytes: Vec<u8>,
        end: bool,
    },
    /// The server broke the protocol.
    Broken(String),
}

#[derive(Debug)]
enum State {
    Line,
    /// Waits for [`Framer::large`].
    Undecided(u64),
    Inline(u64),
    /// Octets still to keep, octets to drop after them.
    Cut(u64, u64),
    Stream {
        literal: u64,
        left: u64,
    },
}

/// Cuts the stream of octets into responses.
#[derive(Debug)]
pub(crate) struct Framer {
    text: Vec<u8>,
    line_start: usize,
    literals: Vec<Literal>,
    streams: usize,
    next_stream: u64,
    chunk: Vec<u8>,
    state: State,
}

impl Framer {
    pub fn new() -> Self {
        Self {
            text: Vec::new(),
            line_start: 0,
            literals: Vec::new(),
            streams: 0,
            next_stream: 1,
            chunk: Vec::new(),
            state: State::Line,
        }
    }

    /// The response gathered so far: its text without the last line break, and its literals.
    pub fn response(&self) -> (&[u8], &[Literal]) {
        let text = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        (text.strip_suffix(b"\r").unwrap_or(text), &self.literals)
    }

    /// How many octets the response holds.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// Makes room for the next response.
    pub fn clear(&mut self) {
        if self.text.capacity() > KEPT_CAPACITY {
            self.text = Vec::new();
        }
        self.text.clear();
        self.literals.clear();
        self.line_start = 0;
        self.streams = 0;
        self.state = State::Line;
    }

    /// Takes octets in the middle of a streamed literal, where there is nothing to tell; false
    /// leaves them to [`Framer::push`]. A server that sends octet by octet is paid for here, so
    /// that it costs little more than one that sends all at once.
    #[inline]
    pub fn swallow(&mut self, bytes: &[u8]) -> bool {
        let State::Stream { left, .. } = &mut self.state else {
            return false;
        };
        let count = bytes.len() as u64;
        if count >= *left || self.chunk.len() + bytes.len() >= CHUNK {
            return false;
        }
        *left -= count;
        match bytes {
            // The copy of one octet costs several times the octet.
            [octet] => self.chunk.push(*octet),
            many => self.chunk.extend_from_slice(many),
        }
        true
    }

    /// Takes octets up to the next thing to tell, and says how many.
    #[inline]
    pub fn push(&mut self, bytes: &[u8], limits: &Limits) -> (usize, Piece) {
        match &mut self.state {
            State::Stream { literal, left } => {
                let room = (CHUNK - self.chunk.len()) as u64;
                let taken = to_usize(room.min(*left)).min(bytes.len());
                self.chunk
                    .extend_from_slice(bytes.get(..taken).unwrap_or_default());
                *left -= taken as u64;
                if *left > 0 && self.chunk.len() < CHUNK {
                    return (taken, Piece::None);
                }
                let (literal, end) = (*literal, *left == 0);
                if end {
                    self.state = State::Line;
                }
                let bytes = self.take_chunk(end);
                (
                    taken,
                    Piece::Chunk {
                        literal,
                        bytes,
                        end,
                    },
                )
            }
            State::Line => self.push_line(bytes, limits),
            State::Inline(left) => {
                let taken = to_usize(*left).min(bytes.len());
                *left -= taken as u64;
                let done = *left == 0;
                self.keep(bytes.get(..taken).unwrap_or_default(), done);
                (taken, Piece::None)
            }
            State::Cut(keep, drop) => {
                if *keep > 0 {
                    let taken = to_usize(*keep).min(bytes.len());
                    *keep -= taken as u64;
                    self.text
                        .extend_from_slice(bytes.get(..taken).unwrap_or_default());
                    return (taken, Piece::None);
                }
                let taken = to_usize(*drop).min(bytes.len());
                *drop -= taken as u64;
                let done = *drop == 0;
                self.keep(&[], done);
                (taken, Piece::None)
            }
            State::Undecided(_) => (0, Piece::Broken("a literal was not decided on".to_owned())),
        }
    }

    /// Says what becomes of the literal that [`Piece::Large`] announced; the number of its chunks.
    pub fn large(&mut self, wish: Large, limits: &Limits) -> Option<u64> {
        let State::Undecided(length) = self.state else {
            return None;
        };
        let wish = match wish {
            Large::Stream if self.streams >= MOST_STREAMS => Large::Cut,
            wish => wish,
        };
        match wish {
            Large::Stream => {
                let literal = self.next_stream;
                self.next_stream += 1;
                self.streams += 1;
                self.state = State::Stream {
                    literal,
                    left: length,
                };
                if let Some(last) = self.literals.last_mut() {
                    last.stream = Some(literal);
                }
                Some(literal)
            }
            Large::Cut => {
                let kept = length.min(limits.text);
                if let Some(last) = self.literals.last_mut() {
                    last.kept = to_usize(kept);
                }
                self.state = if kept == length {
                    State::Inline(length)
                } else {
                    State::Cut(kept, length - kept)
                };
                None
            }
        }
    }

    fn take_chunk(&mut self, end: bool) -> Vec<u8> {
        let next = if end {
            Vec::new()
        } else {
            Vec::with_capacity(CHUNK)
        };
        std::mem::replace(&mut self.chunk, next)
    }

    fn keep(&mut self, bytes: &[u8], done: bool) {
        self.text.extend_from_slice(bytes);
        if done {
            self.state = State::Line;
            self.line_start = self.text.len();
        }
    }

    fn push_line(&mut self, bytes: &[u8], limits: &Limits) -> (usize, Piece) {
        let found = memchr(b'\n', bytes);
        let taken = found.map_or(bytes.len(), |at| at + 1);
        let line = self.text.len() - self.line_start + taken;
        if line > limits.line || self.text.len() + taken > limits.response {
            let most = limits.line.min(limits.response);
            let what = format!("a response without end, above {most} octets");
            return (taken, Piece::Broken(what));
        }
        self.text
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if found.is_none() {
            return (taken, Piece::None);
        }
        let piece = match self.announced() {
            Announced::None => Piece::Response,
            Announced::Lie => Piece::Broken("a literal of an impossible length".to_owned()),
            Announced::Literal { at, length } => self.begin(at, length, limits),
        };
        (taken, piece)
    }

    fn begin(&mut self, at: usize, length: u64, limits: &Limits) -> Piece {
        if length > limits.literal {
            let most = limits.literal;
            return Piece::Broken(format!("a literal of {length} octets, above {most}"));
        }
        if self.literals.len() >= MOST_LITERALS {
            return Piece::Broken("a response with too many literals".to_owned());
        }
        let large = length > limits.inline;
        let kept = if large { 0 } else { to_usize(length) };
        if self.text.len() + kept > limits.response {
            return Piece::Broken(format!("a response above {} octets", limits.response));
        }
        self.literals.push(Literal {
            at,
            start: self.text.len(),
            kept,
            length,
            stream: None,
        });
        self.line_start = self.text.len();
        if large {
            self.state = State::Undecided(length);
            return Piece::Large;
        }
        if length > 0 {
            self.state = State::Inline(length);
        }
        Piece::None
    }

    /// Whether the line that has just ended announces a literal. Status responses, tagged ones and
    /// continuations hold free text, which may end in `{5}`.
    fn announced(&self) -> Announced {
        let line = self.text.get(self.line_start..).unwrap_or_default();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(line) = line.strip_suffix(b"}") else {
            return Announced::None;
        };
        if self.literals.is_empty() && is_free_text(line) {
            return Announced::None;
        }
        let from = line.len().saturating_sub(64);
        let tail = line.get(from..).unwrap_or_default();
        let Some(brace) = memchr::memrchr(b'{', tail) else {
            return Announced::None;
        };
        let number = tail.get(brace + 1..).unwrap_or_default();
        let number = number.strip_suffix(b"+").unwrap_or(number);
        let number = number.strip_suffix(b"-").unwrap_or(number);
        let tilde = brace > 0 && tail.get(brace - 1) == Some(&b'~');
        let at = self.line_start + from + brace - usize::from(tilde);
        match parse_number(number) {
            Some(length) => Announced::Literal { at, length },
            None if is_numeral(number) => Announced::Lie,
            None => Announced::None,
        }
    }
}

enum Announced {
    None,
    Literal { at: usize, length: u64 },
    Lie,
}

fn is_numeral(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn is_free_text(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"*") else {
        return true;
    };
    let rest = rest.trim_ascii_start();
    ["OK", "NO", "BAD", "BYE", "PREAUTH", "["]
        .iter()
        .any(|word| {
            rest.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        })
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
