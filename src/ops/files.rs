//! Mail in files: an mbox read into an [`Intake`], and messages written as mbox or as they are.
//!
//! Bytes are never changed: neither line ends nor fields. What an mbox cannot hold of a message, its
//! flags, stands in a file beside it ([`Marks`]); the fields Status and X-Status of other programs
//! are read and left where they are. The callers open files and give them names; nothing here does.

use std::io::{self, BufRead, Read, Write};

use super::intake::{About, Intake, sender};
use crate::mime::maildir;
use crate::mime::mbox::{self, Cut, Event, NotMbox};
use crate::model::{ContentKey, Flags, MessageKey};
use crate::store::bodies::{self, Have};
use crate::store::{Rows, StoreError, contents, imports, messages};

/// Octets read at a time.
const PIECE: usize = 256 << 10;

/// Why a file was not read to its end, or not written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The mail store did not take or give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// It is no mbox. Nothing of it was taken.
    #[error(transparent)]
    NotMbox(#[from] NotMbox),
    /// It ends within a message. What stands before that was taken.
    #[error(transparent)]
    Cut(#[from] Cut),
}

/// The first line of a file of flags.
const MARKS: &str = "lacebark-flags 1";

/// The flags of the messages of an mbox, one line for each: the hash of its bytes, and its flags.
/// Lines count only for the message that has these bytes and stands there.
#[derive(Debug, Default)]
pub struct Marks {
    lines: Vec<([u8; 8], Flags)>,
}

impl Marks {
    /// Reads a file of flags; one that is none of ours is empty.
    pub fn read(file: impl BufRead) -> io::Result<Self> {
        let mut lines = file.lines();
        if lines.next().transpose()?.as_deref() != Some(MARKS) {
            return Ok(Self::default());
        }
        let mut marks = Self::default();
        for line in lines {
            let line = line?;
            let (hash, names) = line.split_once(' ').unwrap_or((&line, ""));
            let hash = u64::from_str_radix(hash, 16).unwrap_or_default();
            let flags = Flags::parse(names.split(' ').filter(|name| !name.is_empty()));
            marks.lines.push((hash.to_be_bytes(), flags));
        }
        Ok(marks)
    }

    fn of(&self, at: usize, hash: &blake3::Hasher) -> Option<Flags> {
        let (known, flags) = self.lines.get(at)?;
        let is = hash.finalize();
        is.as_bytes().starts_with(known).then(|| flags.clone())
    }
}

/// Puts the messages of an mbox into a mailbox; `progress` hears how many octets were read. Where the
/// file is cut, what stands before its last message is in the mailbox when the error is answered.
pub fn mbox_in(
    intake: &mut Intake,
    file: &mut dyn Read,
    marks: Option<&Marks>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), FileError> {
    let mut reader = mbox::Reader::default();
    let mut at = 0;
    let mut hash = marks.map(|_| blake3::Hasher::new());
    let mut tell = |event: Event<'_>| -> Result<(), FileError> {
        match event {
            Event::Start { .. } => {}
            Event::Bytes(bytes) => {
                intake.push(bytes)?;
                if let Some(hash) = &mut hash {
                    hash.update(bytes);
                }
            }
            Event::End(frame) => {
                let marked = hash.as_mut().and_then(|hash| {
                    let flags = marks.and_then(|marks| marks.of(at, hash));
                    hash.reset();
                    flags
                });
                at += 1;
                let about = About {
                    flags: marked.unwrap_or_else(|| mbox::status(intake.head())),
                    arrival: frame.date(),
                    frame: Some(frame),
                };
                intake.end(about)?;
            }
        }
        Ok(())
    };
    let mut buffer = vec![0; PIECE];
    let done = loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break reader.finish(&mut tell),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Err(error.into()),
        };
        if let Err(error) = reader.push(buffer.get(..count).unwrap_or_default(), &mut tell) {
            break Err(error);
        }
        progress(reader.offset());
    };
    if done.is_err() {
        intake.give_up()?;
    }
    done
}

/// Puts a file that is one message into a mailbox. Whether it was put there by this.
pub fn message_in(
    intake: &mut Intake,
    file: &mut dyn Read,
    about: About,
    progress: &mut dyn FnMut(u64),
) -> Result<bool, FileError> {
    let mut buffer = vec![0; PIECE];
    let mut taken = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(intake.end(about)?),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                intake.give_up()?;
                return Err(error.into());
            }
        };
        intake.push(buffer.get(..count).unwrap_or_default())?;
        taken += count as u64;
        progress(taken);
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Messages.
    pub messages: u64,
    /// Octets of them.
    pub octets: u64,
    /// Messages that have flags.
    pub flagged: u64,
    /// Messages that are not kept here whole, and so were not.
    pub missing: Vec<MessageKey>,
}

/// Writes messages as an mbox, and their flags as [`Marks`]; `progress` hears the octets so far.
pub fn mbox_out(
    rows: &impl Rows,
    keys: &[MessageKey],
    (out, marks): (&mut dyn Write, &mut dyn Write),
    progress: &mut dyn FnMut(u64),
) -> Result<Written, FileError> {
    let mut written = Written::default();
    let mut writer = mbox::Writer::default();
    let mut text = Vec::new();
    writeln!(marks, "{MARKS}")?;
    for key in keys {
        let Some(whole) = Whole::find(rows, *key)? else {
            written.missing.push(*key);
            continue;
        };
        let frame = imports::frame(rows, *key)?;
        let content = contents::get(rows, whole.content)?;
        let ended = whole.is_ended(rows)?;
        let own = (sender(Some(&content.envelope)), whole.arrival, ended);
        text.clear();
        writer.begin(frame.as_ref(), own, &mut text);
        let mut at = 0;
        while at < whole.length {
            let piece = whole.octets(rows, at)?;
            at += piece.len() as u64;
            writer.push(&piece, &mut text);
            out.write_all(&text)?;
            text.clear();
            progress(written.octets + at);
        }
        writer.end(&mut text);
        out.write_all(&text)?;
        let hash = imports::hash(rows, whole.content)?.unwrap_or_default();
        let names: Vec<&str> = whole.flags.names().collect();
        let hash: String = hash
            .iter()
            .take(8)
            .map(|one| format!("{one:02x}"))
            .collect();
        writeln!(marks, "{hash} {}", names.join(" "))?;
        written.messages += 1;
        written.flagged += u64::from(!whole.flags.is_empty());
        written.octets += whole.length;
    }
    Ok(written)
}

/// A message all of whose bytes are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    content: ContentKey,
    /// Its octets.
    pub length: u64,
    /// When it arrived.
    pub arrival: i64,
    /// Its flags.
    pub flags: Flags,
}

impl Whole {
    /// Looks whether all of a message is here.
    pub fn find(rows: &impl Rows, key: MessageKey) -> Result<Option<Self>, StoreError> {
        let row = messages::get(rows, key)?;
        let Have::Whole(length) = bodies::have(rows, row.content, "")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            content: row.content,
            length,
            arrival: row.arrival,
            flags: row.flags,
        }))
    }

    /// The next octets, some hundred thousand at a time.
    fn octets(&self, rows: &impl Rows, at: u64) -> Result<Vec<u8>, StoreError> {
        let end = at.saturating_add(bodies::CHUNK as u64).min(self.length);
        let piece = bodies::read(rows, self.content, "", at, end)?;
        let lost = || StoreError::Damaged {
            what: "bytes of a message are not there".to_owned(),
        };
        piece.filter(|piece| !piece.is_empty()).ok_or_else(lost)
    }

    /// Whether it ends in a line end, or holds nothing.
    fn is_ended(&self, rows: &impl Rows) -> Result<bool, StoreError> {
        let Some(last) = self.length.checked_sub(1) else {
            return Ok(true);
        };
        let piece = bodies::read(rows, self.content, "", last, self.length)?;
        Ok(piece.as_deref() == Some(b"\n"))
    }

    /// Writes it as it is.
    pub fn write(
        &self,
        rows: &impl Rows,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), FileError> {
        let mut at = 0;
        while at < self.length {
            let piece = self.octets(rows, at)?;
            out.write_all(&piece)?;
            at += piece.len() as u64;
            progress(at);
        }
        Ok(())
    }

    /// The name of its file in a Maildir.
    pub fn maildir_name(&self, key: MessageKey, keywords: &mut Vec<String>) -> String {
        let seconds = self.arrival.max(0);
        let info = maildir::info(&self.flags, keywords);
        format!("{seconds}.K{key}.lacebark,S={}{info}", self.length)
    }
}
