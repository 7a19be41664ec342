//! From a file to messages.

use super::{Frame, stamp};

/// A longer line is no From_ line.
const LONGEST: usize = 1_000;
/// Octets that may belong to the end of a record: two line ends.
const HELD: usize = 4;
const FROM: &[u8] = b"From ";

/// What a file consists of, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A message begins. Its From_ line stands in this line and at this octet of the file.
    Start {
        /// The line, counted from 1.
        line: u64,
        /// The octet, counted from 0.
        offset: u64,
    },
    /// Some of its octets.
    Bytes(&'a [u8]),
    /// It is whole.
    End(Frame),
}

/// The file does not begin as an mbox does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line 1 does not begin with \"From \", so that this is no mbox")]
pub struct NotMbox;

/// The file ends within a line: its last message is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it ends within line {line} (octet {offset}), so that the message that begins in line {first} \
     is cut"
)]
pub struct Cut {
    /// The line that has no end.
    pub line: u64,
    /// The length of the file.
    pub offset: u64,
    /// Where the message begins.
    pub first: u64,
}

/// Where in a line the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// At its start or behind nothing but so many `>`, then so many letters of `From `.
    Start { quotes: u64, letters: usize },
    /// In what may be a From_ line, which is in the buffer.
    From,
    /// Anywhere else.
    Rest,
}

const START: At = At::Start {
    quotes: 0,
    letters: 0,
};

/// Cuts a file into messages, by pieces of any size.
#[derive(Debug)]
pub struct Reader {
    at: At,
    /// What may be a From_ line.
    buffer: Vec<u8>,
    /// The From_ line of the record at hand.
    frame: Option<Vec<u8>>,
    /// Whether From_ lines have dates here.
    dated: bool,
    /// The last octets of the record, which may be its end.
    held: Vec<u8>,
    /// Octets of the record so far, those held too.
    length: u64,
    /// Whether the last line was empty, or there was none.
    empty: bool,
    /// Octets of this line so far are at most a CR.
    blank: bool,
    line: u64,
    offset: u64,
    first: u64,
    line_start: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            at: START,
            buffer: Vec::new(),
            frame: None,
            dated: true,
            held: Vec::with_capacity(2 * HELD),
            length: 0,
            empty: true,
            blank: true,
            line: 1,
            offset: 0,
            first: 1,
            line_start: 0,
        }
    }
}

impl Reader {
    /// The octet that [`Reader::push`] expects next.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next octets of the file.
    pub fn push<E: From<NotMbox>>(
        &mut self,
        mut bytes: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            let taken = match self.at {
                At::Rest => self.rest(bytes, tell)?,
                At::From => self.from(bytes, tell)?,
                At::Start { quotes, letters } => self.start(bytes, quotes, letters, tell)?,
            };
            self.offset += taken as u64;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Octets up to the next line that may need a look: most lines begin with neither letter.
    fn rest<E>(
        &mut self,
        bytes: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut taken = 0;
        while let Some(end) = memchr::memchr(b'\n', bytes.get(taken..).unwrap_or_default()) {
            let text = bytes.get(taken..taken + end).unwrap_or_default();
            self.empty = self.blank && matches!(text, [] | [b'\r']);
            taken += end + 1;
            self.line += 1;
            self.line_start = self.offset + taken as u64;
            self.blank = true;
            if matches!(bytes.get(taken), None | Some(b'F' | b'>')) {
                self.at = START;
                self.body(bytes.get(..taken).unwrap_or_default(), tell)?;
                return Ok(taken);
            }
        }
        self.blank = self.blank && matches!(bytes.get(taken..), Some([] | [b'\r']));
        self.body(bytes, tell)?;
        Ok(bytes.len())
    }

    fn start<E: From<NotMbox>>(
        &mut self,
        bytes: &[u8],
        quotes: u64,
        letters: usize,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut state = (quotes, letters);
        for (taken, byte) in bytes.iter().enumerate() {
            match *byte {
                b'>' if state.1 == 0 => state.0 += 1,
                byte if FROM.get(state.1) == Some(&byte) => state.1 += 1,
                _ => {
                    self.plain(state, tell)?;
                    return Ok(taken);
                }
            }
            if state.1 == FROM.len() {
                self.matched(state.0, tell)?;
                return Ok(taken + 1);
            }
        }
        self.at = At::Start {
            quotes: state.0,
            letters: state.1,
        };
        Ok(bytes.len())
    }

    /// The line is none that is quoted.
    fn plain<E: From<NotMbox>>(
        &mut self,
        (quotes, letters): (u64, usize),
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.frame.is_none() {
            return Err(NotMbox.into());
        }
        self.at = At::Rest;
        self.blank = quotes == 0 && letters == 0;
        self.quotes(quotes, tell)?;
        self.body(FROM.get(..letters).unwrap_or_default(), tell)
    }

    /// The line begins with `From ` behind so many `>`.
    fn matched<E: From<NotMbox>>(
        &mut self,
        quotes: u64,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if quotes == 0 {
            self.at = At::From;
            self.buffer.clear();
            self.buffer.extend_from_slice(FROM);
            return Ok(());
        }
        if self.frame.is_none() {
            return Err(NotMbox.into());
        }
        self.at = At::Rest;
        self.blank = false;
        self.quotes(quotes - 1, tell)?;
        self.body(FROM, tell)
    }

    fn quotes<E>(
        &mut self,
        mut count: u64,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        const SOME: [u8; 256] = [b'>'; 256];
        while count > 0 {
            let now = usize::try_from(count).unwrap_or(SOME.len()).min(SOME.len());
            self.body(SOME.get(..now).unwrap_or_default(), tell)?;
            count -= now as u64;
        }
        Ok(())
    }

    fn from<E: From<NotMbox>>(
        &mut self,
        bytes: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let end = memchr::memchr(b'\n', bytes);
        let line = bytes.get(..end.map_or(bytes.len(), |end| end + 1));
        let line = line.unwrap_or_default();
        if self.buffer.len() + line.len() > LONGEST {
            return self.no_from(tell).map(|()| 0);
        }
        self.buffer.extend_from_slice(line);
        if end.is_some() && !self.is_from_line() {
            // All of the line was looked at: what of it came in this piece is taken with it.
            self.at = At::Rest;
            let whole = std::mem::take(&mut self.buffer);
            self.blank = false;
            self.empty = false;
            self.body(&whole, tell)?;
            self.line += 1;
            self.line_start = self.offset + line.len() as u64;
            self.blank = true;
            self.at = START;
            return Ok(line.len());
        }
        if end.is_some() {
            self.begin(tell)?;
            self.line += 1;
            self.line_start = self.offset + line.len() as u64;
            self.blank = true;
            self.at = START;
        }
        Ok(line.len())
    }

    /// The line is too long for a From_ line.
    fn no_from<E: From<NotMbox>>(
        &mut self,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.frame.is_none() {
            return Err(NotMbox.into());
        }
        self.at = At::Rest;
        self.blank = false;
        let begun = std::mem::take(&mut self.buffer);
        self.body(&begun, tell)
    }

    fn is_from_line(&mut self) -> bool {
        let stamped = stamp(&self.buffer).is_some();
        if self.frame.is_none() {
            self.dated = stamped;
            return true;
        }
        stamped || (!self.dated && self.empty)
    }

    /// The line in the buffer begins a record.
    fn begin<E>(&mut self, tell: &mut impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        self.end(tell)?;
        self.frame = Some(std::mem::take(&mut self.buffer));
        self.first = self.line;
        tell(Event::Start {
            line: self.line,
            offset: self.line_start,
        })
    }

    /// Tells octets of the message, but for those that may be its end.
    fn body<E>(
        &mut self,
        run: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.length += run.len() as u64;
        if run.len() <= HELD {
            self.held.extend_from_slice(run);
            let over = self.held.len().saturating_sub(HELD);
            if over > 0 {
                tell(Event::Bytes(self.held.get(..over).unwrap_or_default()))?;
                self.held.drain(..over);
            }
            return Ok(());
        }
        if !self.held.is_empty() {
            tell(Event::Bytes(&self.held))?;
        }
        let (now, later) = run.split_at(run.len() - HELD);
        self.held.clear();
        self.held.extend_from_slice(later);
        tell(Event::Bytes(now))
    }

    /// Ends the record at hand, if there is one.
    fn end<E>(&mut self, tell: &mut impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        let Some(line) = self.frame.take() else {
            return Ok(());
        };
        let mut frame = Frame {
            line,
            tail: Vec::new(),
        };
        let all = self.held.len() as u64 == self.length;
        let mut end = last_end(&self.held);
        if frame.is_unended() {
            end += last_end(self.held.get(..self.held.len() - end).unwrap_or_default());
        } else {
            let before = self.held.get(..self.held.len() - end).unwrap_or_default();
            let is_empty_line = before.ends_with(b"\n") || (all && before.is_empty());
            if !is_empty_line {
                end = 0;
            }
        }
        frame.tail = self.held.split_off(self.held.len() - end);
        if !self.held.is_empty() {
            tell(Event::Bytes(&self.held))?;
        }
        self.held.clear();
        self.length = 0;
        self.empty = true;
        tell(Event::End(frame))
    }

    /// The file is at its end.
    pub fn finish<E: From<NotMbox> + From<Cut>>(
        mut self,
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let cut = Cut {
            line: self.line,
            offset: self.offset,
            first: self.first,
        };
        match self.at {
            At::From => return Err(cut.into()),
            At::Start {
                quotes: 0,
                letters: 0,
            } => {}
            At::Start { .. } => {
                if self.frame.is_none() {
                    return Err(NotMbox.into());
                }
                return Err(cut.into());
            }
            At::Rest if self.offset > self.line_start => return Err(cut.into()),
            At::Rest => {}
        }
        self.end(tell)
    }
}

/// How long the line end at the end is.
fn last_end(bytes: &[u8]) -> usize {
    match bytes {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}
