//! A message as a reader: headers from memory, attachments as they are opened.

use std::io::{self, Read};

use super::Open;
use super::coding::{Base64, Lines, given};

/// One stretch of a message.
#[derive(Clone, Debug)]
pub enum Piece {
    /// These octets.
    Octets(Vec<u8>),
    /// An attachment in base64.
    Base64(usize),
    /// An attachment as it is, its line ends made CR LF.
    Lines(usize),
    /// The body of a message that is sent on: so many octets of it, its header, are left out first.
    Rest(usize, u64),
}

/// The octets of a message, in order.
pub struct Stream<'a> {
    fields: Vec<&'a [u8]>,
    pieces: &'a [Piece],
    open: &'a mut Open<'a>,
    /// What is being read: fields first, then pieces.
    next: usize,
    at: usize,
    reader: Option<Box<dyn Read>>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(fields: [&'a [u8]; 2], pieces: &'a [Piece], open: &'a mut Open<'a>) -> Self {
        Self {
            fields: fields.into(),
            pieces,
            open,
            next: 0,
            at: 0,
            reader: None,
        }
    }

    /// The octets of the stretch at hand, if they are in memory.
    fn octets(&self) -> Option<&'a [u8]> {
        if let Some(field) = self.fields.get(self.next) {
            return Some(field);
        }
        match self.pieces.get(self.next - self.fields.len()) {
            Some(Piece::Octets(octets)) => Some(octets),
            Some(Piece::Base64(_) | Piece::Lines(_) | Piece::Rest(..)) | None => None,
        }
    }

    /// Opens the attachment at hand; `None` at the end of the message.
    fn begin(&mut self) -> io::Result<Option<Box<dyn Read>>> {
        let piece = self.next.checked_sub(self.fields.len());
        let reader: Box<dyn Read> = match piece.and_then(|at| self.pieces.get(at)) {
            Some(Piece::Base64(at)) => Box::new(Base64::new((self.open)(*at)?)),
            Some(Piece::Lines(at)) => Box::new(Lines::new((self.open)(*at)?)),
            Some(Piece::Rest(at, skip)) => {
                let mut reader = (self.open)(*at)?;
                io::copy(&mut reader.by_ref().take(*skip), &mut io::sink())?;
                Box::new(Lines::new(reader))
            }
            Some(Piece::Octets(_)) | None => return Ok(None),
        };
        Ok(Some(reader))
    }

    fn advance(&mut self) {
        self.next += 1;
        self.at = 0;
        self.reader = None;
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(octets) = self.octets() {
                let count = given(octets, &mut self.at, out);
                if count > 0 || out.is_empty() {
                    return Ok(count);
                }
                self.advance();
                continue;
            }
            if self.reader.is_none() {
                self.reader = self.begin()?;
            }
            let Some(reader) = &mut self.reader else {
                return Ok(0);
            };
            let count = reader.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            self.advance();
        }
    }
}
