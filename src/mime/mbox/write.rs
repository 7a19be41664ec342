//! From messages to a file.

use super::{Frame, UNENDED, from_line, stamp};

const FROM: &[u8] = b"From ";

/// Where in a line the writer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Behind nothing but `>`, then so many letters of `From `.
    Start(usize),
    /// Anywhere else.
    Rest,
}

/// Puts messages into a file, by pieces of any size.
#[derive(Debug)]
pub struct Writer {
    at: At,
    last: u8,
    length: u64,
    tail: Option<Vec<u8>>,
    /// Whether the first From_ line of the file has a date; a reader goes by that.
    dated: Option<bool>,
    /// Whether an empty line was written last.
    empty: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            at: At::Start(0),
            last: 0,
            length: 0,
            tail: None,
            dated: None,
            empty: true,
        }
    }
}

impl Writer {
    /// Begins a message with the frame that it had, or with one of its own: who sent it, and when it
    /// came. `ended` is whether it ends in a line end, or holds nothing.
    pub fn begin(
        &mut self,
        frame: Option<&Frame>,
        (sender, arrival, ended): (&str, i64, bool),
        out: &mut Vec<u8>,
    ) {
        (self.at, self.last, self.length, self.tail) = (At::Start(0), 0, 0, None);
        let frame = frame.filter(|frame| ended && !frame.is_unended() && self.is_seen(frame));
        let dated = frame.is_none_or(|frame| stamp(&frame.line).is_some());
        self.dated.get_or_insert(dated);
        match frame {
            Some(frame) => {
                out.extend_from_slice(&frame.line);
                self.tail = Some(frame.tail.clone());
            }
            None => {
                let sender = if ended { sender } else { UNENDED };
                out.extend_from_slice(&from_line(sender, arrival));
            }
        }
    }

    /// Whether a reader would know the From_ line at this place.
    fn is_seen(&self, frame: &Frame) -> bool {
        match self.dated {
            None => true,
            Some(dated) => stamp(&frame.line).is_some() || (!dated && self.empty),
        }
    }

    /// Takes octets of the message.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(last) = bytes.last() else {
            return;
        };
        self.last = *last;
        self.length += bytes.len() as u64;
        // Letters that came with an earlier piece and are not written yet.
        let mut carried = match self.at {
            At::Start(letters) => letters,
            At::Rest => 0,
        };
        let (mut from, mut at) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            let At::Start(letters) = self.at else {
                let Some(end) = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()) else {
                    break;
                };
                at += end + 1;
                self.at = At::Start(0);
                continue;
            };
            if letters == 0 && *byte == b'>' {
                at += 1;
            } else if FROM.get(letters) == Some(byte) {
                at += 1;
                self.at = At::Start(letters + 1);
                if letters + 1 == FROM.len() {
                    let here = at - (FROM.len() - carried);
                    out.extend_from_slice(bytes.get(from..here).unwrap_or_default());
                    out.push(b'>');
                    out.extend_from_slice(FROM.get(..carried).unwrap_or_default());
                    (from, carried) = (here, 0);
                    self.at = At::Rest;
                }
            } else {
                out.extend_from_slice(FROM.get(..carried).unwrap_or_default());
                carried = 0;
                self.at = At::Rest;
            }
        }
        let kept = match self.at {
            At::Start(letters) => letters - carried,
            At::Rest => 0,
        };
        let end = bytes.len() - kept;
        out.extend_from_slice(bytes.get(from..end).unwrap_or_default());
    }

    /// Ends the message.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if let At::Start(letters) = self.at {
            out.extend_from_slice(FROM.get(..letters).unwrap_or_default());
        }
        let end: &[u8] = match self.last {
            b'\r' => b"\r\n",
            _ => b"\n",
        };
        self.empty = true;
        match self.tail.take() {
            Some(tail) => {
                self.empty = !tail.is_empty();
                out.extend_from_slice(&tail);
            }
            None if self.length == 0 || self.last == b'\n' => out.extend_from_slice(b"\n"),
            None => {
                out.extend_from_slice(end);
                out.extend_from_slice(end);
            }
        }
    }
}
