//! FETCH responses (RFC 9051 section 7.5.2), item by item.

use super::command::Section;
use super::date::parse_internal_date;
use super::envelope::RawEnvelope;
use super::structure::RawStructure;
use super::value::{Cursor, Text, Unread, parse_number};
use crate::model::{Flags, PartPath, Uid};

/// The bytes of a fetched section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// NIL: the server has no such part.
    Nil,
    /// All of it.
    Inline(Vec<u8>),
    /// It was large and came before this response as chunks.
    Streamed {
        /// The number that its chunks and [`Event::Literal`](super::Event::Literal) bear.
        literal: u64,
        /// How many octets.
        length: u64,
    },
}

/// A fetched section with the octet at which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionContent {
    /// Which section.
    pub section: Section,
    /// `<n>` of a partial fetch.
    pub origin: Option<u64>,
    /// Its bytes.
    pub content: Content,
}

/// An item that this module has no type for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherItem {
    /// Its name as sent.
    pub name: String,
    /// Its value as sent.
    pub raw: Vec<u8>,
}

/// One FETCH response: each item that could be read, and a warning for each that could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchData {
    /// The message sequence number; never to be used to change anything.
    pub seq: u32,
    /// UID; 0 is left out with a warning.
    pub uid: Option<Uid>,
    /// FLAGS without `\Recent`.
    pub flags: Option<Flags>,
    /// MODSEQ.
    pub modseq: Option<u64>,
    /// INTERNALDATE in seconds since 1970.
    pub internal_date: Option<i64>,
    /// RFC822.SIZE, which no one should trust.
    pub size: Option<u64>,
    /// ENVELOPE.
    pub envelope: Option<Box<RawEnvelope>>,
    /// BODYSTRUCTURE or BODY.
    pub structure: Option<Box<RawStructure>>,
    /// All `BODY[HEADER.FIELDS (…)]` of the message, one after another.
    pub header_fields: Option<Vec<u8>>,
    /// All other sections.
    pub sections: Vec<SectionContent>,
    /// EMAILID.
    pub email_id: Option<String>,
    /// THREADID.
    pub thread_id: Option<String>,
    /// X-GM-MSGID.
    pub gm_msgid: Option<u64>,
    /// X-GM-THRID.
    pub gm_thrid: Option<u64>,
    /// Items without a type here.
    pub other: Vec<OtherItem>,
    /// What could not be read, in words without mail text.
    pub warnings: Vec<String>,
}

/// What stands before a large literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub uid: Option<Uid>,
    pub section: Section,
    pub origin: Option<u64>,
}

/// Which section an item names.
enum Named {
    /// `HEADER.FIELDS` of the whole message.
    Fields,
    Section(Section),
}

/// Sections, and unknown items, that are held of one response.
const MOST_ITEMS: usize = 1000;

impl FetchData {
    /// Reads the items of a FETCH response; the cursor stands behind the word FETCH.
    pub(crate) fn parse(seq: u32, cursor: &mut Cursor<'_>) -> Self {
        let mut data = Self {
            seq,
            ..Self::default()
        };
        if seq == 0 {
            data.warn("sequence number 0");
        }
        if !cursor.open() {
            data.warn("the items are no list");
        }
        data.read_items(cursor);
        data
    }

    fn read_items(&mut self, cursor: &mut Cursor<'_>) {
        loop {
            match cursor.next_token() {
                None => return,
                // Some servers close the list too early and go on behind it.
                Some(b')') => drop(cursor.eat(b')')),
                Some(b'(' | b'"' | b'{') => {
                    self.warn("a value without a name");
                    cursor.skip();
                }
                Some(_) => {
                    let start = cursor.at();
                    let name = cursor.until(ends_name);
                    if name.is_empty() {
                        cursor.skip();
                        if cursor.at() == start {
                            return;
                        }
                        continue;
                    }
                    self.read_item(name, cursor);
                }
            }
        }
    }

    fn read_item(&mut self, name: &[u8], cursor: &mut Cursor<'_>) {
        let before = *cursor;
        if let Err(Unread(why)) = self.read_value(name, cursor) {
            let name = String::from_utf8_lossy(name.get(..40).unwrap_or(name));
            self.warn(&format!("{name}: {why}"));
            *cursor = before;
            if cursor.next_token() == Some(b'[') {
                cursor.until(|c| c == b']');
                cursor.eat(b']');
            }
            cursor.skip();
        }
    }

    fn read_value(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Result<(), Unread> {
        let mut upper = [0u8; 16];
        let Some(word) = upper.get_mut(..name.len()) else {
            self.read_other(name, cursor);
            return Ok(());
        };
        word.copy_from_slice(name);
        word.make_ascii_uppercase();
        match &*word {
            b"UID" => self.uid = uid(cursor.number()?)?,
            b"FLAGS" => self.flags = Some(flags(cursor)?),
            b"MODSEQ" => self.modseq = enclosed_number(cursor)?,
            b"INTERNALDATE" => self.read_date(cursor)?,
            b"RFC822.SIZE" => match cursor.number()? {
                Some(size) => self.size = Some(size),
                None => self.warn("RFC822.SIZE: no number"),
            },
            b"ENVELOPE" if cursor.eat_nil() => self.warn("ENVELOPE: NIL"),
            b"ENVELOPE" => {
                let envelope = RawEnvelope::parse(cursor, &mut self.warnings)?;
                self.envelope = Some(Box::new(envelope));
            }
            b"BODY" | b"BINARY" if cursor.peek() == Some(b'[') => self.read_section(cursor)?,
            b"BODY" | b"BODYSTRUCTURE" if cursor.eat_nil() => self.warn("BODYSTRUCTURE: NIL"),
            b"BODY" | b"BODYSTRUCTURE" => {
                let structure = RawStructure::parse(cursor, &mut self.warnings)?;
                self.structure = Some(Box::new(structure));
            }
            b"RFC822" => self.read_content(Section::Part(PartPath::root()), None, cursor)?,
            b"RFC822.HEADER" => {
                self.read_content(Section::Header(PartPath::root()), None, cursor)?
            }
            b"RFC822.TEXT" => self.read_content(Section::Text(PartPath::root()), None, cursor)?,
            b"EMAILID" => self.email_id = enclosed_text(cursor)?,
            b"THREADID" => self.thread_id = enclosed_text(cursor)?,
            b"X-GM-MSGID" => self.gm_msgid = cursor.number()?,
            b"X-GM-THRID" => self.gm_thrid = cursor.number()?,
            _ => self.read_other(name, cursor),
        }
        Ok(())
    }

    fn read_date(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Unread> {
        let text = cursor.string()?;
        self.internal_date = match &text {
            Text::Bytes(bytes) => parse_internal_date(bytes),
            Text::Nil | Text::Cut(_) | Text::Streamed { .. } => None,
        };
        if self.internal_date.is_none() {
            self.warn("INTERNALDATE: no date");
        }
        Ok(())
    }

    fn read_section(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Unread> {
        let (named, origin) = section(cursor)?;
        match named {
            Named::Section(section) => self.read_content(section, origin, cursor),
            Named::Fields => {
                if let Text::Cut(_) = cursor.clone().string()? {
                    self.warn("BODY[HEADER.FIELDS]: too long and cut");
                }
                let bytes = cursor.string()?.into_bytes().unwrap_or_default();
                match &mut self.header_fields {
                    Some(fields) => fields.extend_from_slice(&bytes),
                    None => self.header_fields = Some(bytes),
                }
                Ok(())
            }
        }
    }

    fn read_content(
        &mut self,
        section: Section,
        origin: Option<u64>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unread> {
        let content = match cursor.string()? {
            Text::Nil => Content::Nil,
            Text::Bytes(bytes) => Content::Inline(bytes.into_owned()),
            Text::Cut(_) => return Err(Unread("too long and not kept")),
            Text::Streamed { literal, length } => Content::Streamed { literal, length },
        };
        if self.sections.len() >= MOST_ITEMS {
            return Err(Unread("too many sections"));
        }
        self.sections.push(SectionContent {
            section,
            origin,
            content,
        });
        Ok(())
    }

    fn read_other(&mut self, name: &[u8], cursor: &mut Cursor<'_>) {
        if cursor.peek() == Some(b'[') {
            cursor.until(|c| c == b']');
            cursor.eat(b']');
        }
        cursor.next_token();
        let start = cursor.at();
        cursor.skip();
        if self.other.len() >= MOST_ITEMS {
            return;
        }
        self.other.push(OtherItem {
            name: String::from_utf8_lossy(name).into_owned(),
            raw: cursor.since(start).to_vec(),
        });
    }

    fn warn(&mut self, what: &str) {
        super::envelope::note(&mut self.warnings, what);
    }
}

/// What stands before a large literal at the end of an unfinished FETCH response; `None` when the
/// literal is no body section.
pub(crate) fn opening(cursor: &mut Cursor<'_>) -> Option<Opening> {
    let mut before = FetchData::default();
    cursor.open();
    loop {
        match cursor.next_token()? {
            b')' => drop(cursor.eat(b')')),
            b'(' | b'"' | b'{' => cursor.skip(),
            _ => {
                let start = cursor.at();
                let name = cursor.until(ends_name);
                let (named, origin) = match name.to_ascii_uppercase().as_slice() {
                    b"BODY" | b"BINARY" if cursor.peek() == Some(b'[') => section(cursor).ok()?,
                    b"RFC822" => (Named::Section(Section::Part(PartPath::root())), None),
                    b"RFC822.HEADER" => (Named::Section(Section::Header(PartPath::root())), None),
                    b"RFC822.TEXT" => (Named::Section(Section::Text(PartPath::root())), None),
                    b"UID" => {
                        before.read_item(name, cursor);
                        continue;
                    }
                    _ => {
                        if cursor.peek() == Some(b'[') {
                            cursor.until(|c| c == b']');
                            cursor.eat(b']');
                        }
                        cursor.skip();
                        if cursor.at() == start {
                            return None;
                        }
                        continue;
                    }
                };
                if cursor.next_token().is_some() {
                    cursor.skip();
                    continue;
                }
                let Named::Section(section) = named else {
                    return None;
                };
                return Some(Opening {
                    uid: before.uid,
                    section,
                    origin,
                });
            }
        }
    }
}

fn ends_name(octet: u8) -> bool {
    matches!(octet, b' ' | b'(' | b')' | b'[' | b'"' | b'{' | b'\t')
}

/// The brackets of `BODY[…]<…>`; the cursor stands on the first one.
fn section(cursor: &mut Cursor<'_>) -> Result<(Named, Option<u64>), Unread> {
    cursor.eat(b'[');
    let start = cursor.at();
    let text = cursor.until(|c| matches!(c, b' ' | b']' | b'('));
    let fields = is_fields(text);
    while !matches!(cursor.next_token(), Some(b']') | None) {
        let before = cursor.at();
        match cursor.peek() {
            Some(b'(' | b'"' | b'{') => cursor.skip(),
            _ => drop(cursor.until(|c| matches!(c, b' ' | b']' | b'('))),
        }
        if cursor.at() == before {
            break;
        }
    }
    let raw = cursor.since(start);
    if !cursor.eat(b']') {
        return Err(Unread("a section without end"));
    }
    let named = if fields {
        Named::Fields
    } else {
        Named::Section(parse_section(raw))
    };
    if !cursor.eat(b'<') {
        return Ok((named, None));
    }
    let number = cursor.until(|c| !c.is_ascii_digit());
    cursor.until(|c| c == b'>');
    cursor.eat(b'>');
    Ok((named, parse_number(number)))
}

fn is_fields(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"HEADER.FIELDS") || text.eq_ignore_ascii_case(b"HEADER.FIELDS.NOT")
}

fn parse_section(raw: &[u8]) -> Section {
    let other = || Section::Other(String::from_utf8_lossy(raw).into_owned());
    let Ok(text) = std::str::from_utf8(raw) else {
        return other();
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (numbers, word) = text.split_at(digits.unwrap_or(text.len()));
    let Some(path) = PartPath::parse(numbers.trim_end_matches('.')) else {
        return other();
    };
    match word.to_ascii_uppercase().as_str() {
        "" => Section::Part(path),
        "HEADER" => Section::Header(path),
        "TEXT" => Section::Text(path),
        "MIME" => Section::Mime(path),
        _ => other(),
    }
}

fn uid(number: Option<u64>) -> Result<Option<Uid>, Unread> {
    match number.map(u32::try_from) {
        Some(Ok(0)) => Err(Unread("0 is no UID")),
        Some(Ok(number)) => Ok(Some(Uid(number))),
        Some(Err(_)) | None => Err(Unread("no UID")),
    }
}

/// Flags that are read of one message.
const MOST_FLAGS: usize = 1000;

/// A flag list, by words: servers send keywords that are no atoms.
pub(crate) fn flags(cursor: &mut Cursor<'_>) -> Result<Flags, Unread> {
    if cursor.eat_nil() {
        return Ok(Flags::none());
    }
    if !cursor.open() {
        return Err(Unread("the flags are no list"));
    }
    let (mut flags, mut count) = (Flags::none(), 0);
    while !cursor.closes() {
        count += 1;
        match cursor.peek() {
            Some(b'(') => cursor.skip(),
            Some(_) if count > MOST_FLAGS => cursor.skip(),
            Some(b'"' | b'{') => {
                if let Text::Bytes(bytes) = cursor.string()? {
                    flags.insert(&String::from_utf8_lossy(&bytes));
                }
            }
            _ => flags.insert(&String::from_utf8_lossy(cursor.atom())),
        }
    }
    Ok(flags)
}

fn enclosed_number(cursor: &mut Cursor<'_>) -> Result<Option<u64>, Unread> {
    let list = cursor.open();
    let number = cursor.number()?;
    if list {
        cursor.close();
    }
    number.map(Some).ok_or(Unread("no number"))
}

fn enclosed_text(cursor: &mut Cursor<'_>) -> Result<Option<String>, Unread> {
    if cursor.eat_nil() {
        return Ok(None);
    }
    let list = cursor.open();
    let text = cursor.string()?.into_bytes();
    if list {
        cursor.close();
    }
    Ok(text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
