//! From a framed response to typed values (RFC 9051 section 7).
//!
//! Nothing here is an error: a response that cannot be read is [`Event::Other`].

use super::capability::Capabilities;
use super::code::status_text;
use super::fetch::{FetchData, flags};
use super::mailbox_name::MailboxName;
use super::response::{
    Code, Event, Found, Listed, MailboxStatus, Namespace, Namespaces, Ranges, Reply, Said, Status,
};
use super::value::{Cursor, Literal, Text, Unread, parse_number};
use crate::model::{UidSet, UidValidity};
use crate::protocol::Tag;

/// How many words of a list are held: attributes, names, parameters.
const MOST_WORDS: usize = 1000;
/// How much of an unknown line or of a text is kept.
pub(crate) const MOST_TEXT: usize = 1000;

/// One response, sorted by its first word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Response {
    /// `*`.
    Untagged(Event),
    /// `* PREAUTH`, meaningful as a greeting only.
    Preauth(Option<Code>, String),
    /// A tag with OK, NO or BAD.
    Tagged(Vec<u8>, Reply),
    /// `+` and what follows it.
    Continue(Vec<u8>),
    /// Anything else.
    Garbage(Vec<u8>),
}

/// Reads one response. `prefix` is what this connection's tags begin with.
pub(crate) fn parse(text: &[u8], literals: &[Literal], prefix: &str) -> Response {
    let mut cursor = Cursor::new(text, literals);
    match cursor.peek() {
        Some(b'*') => {
            cursor.eat(b'*');
            untagged(&mut cursor, text, prefix)
        }
        Some(b'+') => {
            cursor.eat(b'+');
            let rest = cursor.rest();
            Response::Continue(rest.strip_prefix(b" ").unwrap_or(rest).to_vec())
        }
        _ => tagged(&mut cursor).unwrap_or_else(|| Response::Garbage(short(text))),
    }
}

fn tagged(cursor: &mut Cursor<'_>) -> Option<Response> {
    let tag = cursor.until(|c| c == b' ');
    cursor.next_token();
    let word = cursor.until(|c| c == b' ' || c == b'[');
    let status = [("OK", Status::Ok), ("NO", Status::No), ("BAD", Status::Bad)]
        .into_iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))?
        .1;
    let (code, text) = status_text(cursor.rest());
    Some(Response::Tagged(tag.to_vec(), Reply { status, code, text }))
}

fn untagged(cursor: &mut Cursor<'_>, text: &[u8], prefix: &str) -> Response {
    let other = || Response::Untagged(Event::Other(short(text)));
    match cursor.next_token() {
        Some(b'0'..=b'9') => {
            let start = cursor.at();
            let number = parse_number(cursor.atom()).and_then(|n| u32::try_from(n).ok());
            if cursor.at() == start {
                return other();
            }
            number
                .and_then(|number| numbered(number, cursor))
                .map_or_else(other, Response::Untagged)
        }
        // Exchange leaves the OK out before COPYUID.
        Some(b'[') => said(Said::Ok, cursor),
        _ => named(cursor, prefix).unwrap_or_else(other),
    }
}

fn numbered(number: u32, cursor: &mut Cursor<'_>) -> Option<Event> {
    let word = cursor.atom();
    if word.eq_ignore_ascii_case(b"FETCH") {
        let data = FetchData::parse(number, cursor);
        return Some(Event::Fetched(Box::new(data)));
    }
    match word.to_ascii_uppercase().as_slice() {
        b"EXISTS" => Some(Event::Exists(number)),
        b"RECENT" => Some(Event::Recent(number)),
        b"EXPUNGE" if number > 0 => Some(Event::Expunge(number)),
        _ => None,
    }
}

fn said(said: Said, cursor: &Cursor<'_>) -> Response {
    let (code, text) = status_text(cursor.rest());
    Response::Untagged(Event::Said { said, code, text })
}

fn named(cursor: &mut Cursor<'_>, prefix: &str) -> Option<Response> {
    let start = *cursor;
    let word = cursor
        .until(|c| matches!(c, b' ' | b'(' | b'['))
        .to_ascii_uppercase();
    let event = match word.as_slice() {
        b"OK" => return Some(said(Said::Ok, cursor)),
        b"NO" => return Some(said(Said::No, cursor)),
        b"BAD" => return Some(said(Said::Bad, cursor)),
        b"BYE" => return Some(said(Said::Bye, cursor)),
        b"PREAUTH" => {
            let (code, text) = status_text(cursor.rest());
            return Some(Response::Preauth(code, text));
        }
        b"CAPABILITY" => Event::Capabilities(capabilities(cursor.rest())),
        b"LIST" | b"XLIST" => Event::Listed(listed(cursor, false)?),
        b"LSUB" => Event::Listed(listed(cursor, true)?),
        b"STATUS" => Event::Status(mailbox_status(cursor)?),
        b"FLAGS" => Event::Flags(flags(cursor).ok()?),
        b"SEARCH" | b"SORT" => Event::Search(search(cursor)),
        b"ESEARCH" => Event::Search(esearch(cursor, prefix)),
        b"VANISHED" => vanished(cursor)?,
        b"ENABLED" => Event::Enabled(
            words(cursor.rest())
                .take(MOST_WORDS)
                .map(str::to_ascii_uppercase)
                .collect(),
        ),
        b"ID" => Event::Id(id(cursor)),
        b"NAMESPACE" => Event::Namespace(Namespaces {
            personal: namespaces(cursor)?,
            others: namespaces(cursor).unwrap_or_default(),
            shared: namespaces(cursor).unwrap_or_default(),
        }),
        // A server glues its last words to BYE.
        _ if word.starts_with(b"BYE") => {
            let mut text = start;
            text.advance(3);
            return Some(said(Said::Bye, &text));
        }
        _ => return None,
    };
    Some(Response::Untagged(event))
}

/// The words of a line; what is no UTF-8 ends them.
fn words(text: &[u8]) -> impl Iterator<Item = &str> {
    let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.split_ascii_whitespace()
}

pub(crate) fn capabilities(text: &[u8]) -> Capabilities {
    Capabilities::of(words(text))
}

fn listed(cursor: &mut Cursor<'_>, subscribed: bool) -> Option<Listed> {
    if !cursor.open() {
        return None;
    }
    let mut attributes = Vec::new();
    while !cursor.closes() {
        let before = cursor.at();
        if let Ok(text) = cursor.string() {
            let text = text.into_bytes().filter(|_| attributes.len() < MOST_WORDS);
            attributes.extend(text.map(lossy));
        }
        if cursor.at() == before {
            cursor.skip();
        }
    }
    let delimiter = delimiter(cursor)?;
    let (name, extended) = name_of(cursor)?;
    let mut listed = Listed {
        name,
        delimiter,
        attributes,
        subscribed,
        old_name: None,
    };
    listed.subscribed |= listed.has("\\Subscribed");
    if extended {
        listed.old_name = old_name(cursor);
    }
    Some(listed)
}

fn delimiter(cursor: &mut Cursor<'_>) -> Option<Option<char>> {
    cursor.next_token();
    // An unescaped backslash: `"\" name`.
    if cursor.rest().starts_with(b"\"\\\" ") {
        cursor.advance(3);
        return Some(Some('\\'));
    }
    match cursor.string().ok()? {
        Text::Nil => Some(None),
        Text::Bytes(bytes) => Some(lossy(bytes.into_owned()).chars().next()),
        Text::Cut(_) | Text::Streamed { .. } => None,
    }
}

/// A mailbox name and whether extended data may follow. An unquoted name may hold spaces and
/// brackets; then only ` ("` begins extended data.
fn name_of(cursor: &mut Cursor<'_>) -> Option<(MailboxName, bool)> {
    if matches!(cursor.next_token(), Some(b'"' | b'{' | b'~')) {
        let name = MailboxName::from_wire(&cursor.string().ok()?.into_bytes()?);
        return Some((name, true));
    }
    let rest = cursor.rest();
    let data = rest.windows(3).position(|three| three == b" (\"");
    let end = data.filter(|_| rest.trim_ascii_end().ends_with(b")"));
    let name = rest.get(..end.unwrap_or(rest.len()))?.trim_ascii_end();
    cursor.advance(end.unwrap_or(rest.len()));
    (!name.is_empty()).then(|| (MailboxName::from_wire(name), true))
}

fn old_name(cursor: &mut Cursor<'_>) -> Option<MailboxName> {
    if !cursor.open() {
        return None;
    }
    while !cursor.closes() {
        let tag = cursor.string().ok()?.into_bytes()?;
        if tag.eq_ignore_ascii_case(b"OLDNAME") && cursor.open() {
            let name = cursor.string().ok()?.into_bytes()?;
            return Some(MailboxName::from_wire(&name));
        }
        cursor.skip();
    }
    None
}

fn mailbox_status(cursor: &mut Cursor<'_>) -> Option<MailboxStatus> {
    let name = if matches!(cursor.next_token(), Some(b'"' | b'{' | b'~')) {
        MailboxName::from_wire(&cursor.string().ok()?.into_bytes()?)
    } else {
        // An unquoted name with spaces or parentheses ends at the last list.
        let end = last_list(cursor.rest())?;
        let start = cursor.at();
        cursor.advance(end);
        MailboxName::from_wire(cursor.since(start).trim_ascii_end())
    };
    if !cursor.open() {
        return None;
    }
    let mut status = MailboxStatus {
        name,
        ..MailboxStatus::default()
    };
    while !cursor.closes() {
        let item = cursor.atom().to_ascii_uppercase();
        if item.is_empty() {
            cursor.skip();
            continue;
        }
        status_item(&mut status, &item, cursor);
    }
    Some(status)
}

/// Where the list begins that ends the line.
fn last_list(rest: &[u8]) -> Option<usize> {
    let mut depth = 0u32;
    for (at, octet) in rest.iter().enumerate().rev() {
        match octet {
            b')' => depth += 1,
            b'(' if depth <= 1 => return Some(at),
            b'(' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn status_item(status: &mut MailboxStatus, item: &[u8], cursor: &mut Cursor<'_>) {
    if item == b"MAILBOXID" {
        let list = cursor.open();
        status.mailbox_id = cursor.string().ok().and_then(Text::into_bytes).map(lossy);
        if list {
            cursor.close();
        }
        return;
    }
    let before = *cursor;
    let number = match cursor.number() {
        Ok(number) => number,
        Err(Unread(_)) => {
            *cursor = before;
            cursor.skip();
            None
        }
    };
    match item {
        b"MESSAGES" => status.messages = number,
        b"UNSEEN" => status.unseen = number,
        b"RECENT" => status.recent = number,
        b"UIDNEXT" => status.uid_next = number,
        b"UIDVALIDITY" => status.uid_validity = number.map(UidValidity),
        b"HIGHESTMODSEQ" => status.highest_modseq = number,
        b"SIZE" => status.size = number,
        b"DELETED" => status.deleted = number,
        _ => {}
    }
}

fn search(cursor: &mut Cursor<'_>) -> Found {
    let mut found = Found::default();
    let mut numbers: Vec<(u32, u32)> = Vec::new();
    loop {
        match cursor.next_token() {
            None => break,
            Some(b'(') => {
                cursor.open();
                if cursor.atom().eq_ignore_ascii_case(b"MODSEQ") {
                    found.modseq = cursor.number().ok().flatten();
                }
                cursor.close();
            }
            Some(b')') => drop(cursor.eat(b')')),
            Some(_) => push_number(&mut numbers, cursor.atom()),
        }
    }
    found.numbers = UidSet::of_ranges(numbers);
    found
}

fn push_number(numbers: &mut Vec<(u32, u32)>, word: &[u8]) {
    let Some(number) = parse_number(word).and_then(|n| u32::try_from(n).ok()) else {
        return;
    };
    match numbers.last_mut() {
        Some(last) if last.1.checked_add(1) == Some(number) => last.1 = number,
        _ => numbers.push((number, number)),
    }
}

fn esearch(cursor: &mut Cursor<'_>, prefix: &str) -> Found {
    let mut found = Found::default();
    if cursor.open() {
        if cursor.atom().eq_ignore_ascii_case(b"TAG")
            && let Ok(Text::Bytes(tag)) = cursor.string()
        {
            found.tag = tag_of(&tag, prefix);
        }
        cursor.close();
    }
    while cursor.next_token().is_some() {
        let before = cursor.at();
        let word = cursor.atom().to_ascii_uppercase();
        match word.as_slice() {
            b"UID" => found.uid = true,
            b"ALL" => {
                let set = ranges(cursor.atom()).unwrap_or_default();
                found.numbers = set.set();
            }
            b"COUNT" => found.count = cursor.number().ok().flatten(),
            b"MIN" => found.min = small(cursor),
            b"MAX" => found.max = small(cursor),
            b"MODSEQ" => found.modseq = cursor.number().ok().flatten(),
            _ => cursor.skip(),
        }
        if cursor.at() == before && !cursor.eat(b')') {
            break;
        }
    }
    found
}

fn small(cursor: &mut Cursor<'_>) -> Option<u32> {
    let number = cursor.number().ok().flatten()?;
    u32::try_from(number).ok()
}

/// The number of one of our tags.
pub(crate) fn tag_of(tag: &[u8], prefix: &str) -> Option<Tag> {
    let number = tag.strip_prefix(prefix.as_bytes())?;
    if number.first() == Some(&b'0') {
        return None;
    }
    let number = parse_number(number).and_then(|n| u32::try_from(n).ok())?;
    Some(Tag(number))
}

fn vanished(cursor: &mut Cursor<'_>) -> Option<Event> {
    let earlier = cursor.open();
    if earlier {
        cursor.close();
    }
    cursor.next_token();
    let uids = ranges(cursor.atom())?.set();
    Some(Event::Vanished { earlier, uids })
}

/// Ranges in the order in which they stand; a stray comma is passed over. `None` when there is
/// anything but numbers from 1 (SAFETY P3: ranges stay ranges).
pub(crate) fn ranges(text: &[u8]) -> Option<Ranges> {
    let number = |text: &[u8]| {
        let number = parse_number(text)?;
        u32::try_from(number).ok().filter(|n| *n > 0)
    };
    let mut out = Vec::new();
    for item in text.split(|c| *c == b',').filter(|item| !item.is_empty()) {
        let range = match memchr::memchr(b':', item) {
            Some(at) => (number(item.get(..at)?)?, number(item.get(at + 1..)?)?),
            None => (number(item)?, number(item)?),
        };
        out.push(range);
    }
    (!out.is_empty()).then_some(Ranges(out))
}

fn id(cursor: &mut Cursor<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if cursor.eat_nil() || !cursor.open() {
        return out;
    }
    while !cursor.closes() {
        let before = cursor.at();
        let name = cursor.string().ok().and_then(Text::into_bytes);
        let value = cursor.string().ok().and_then(Text::into_bytes);
        if let Some(name) = name.filter(|_| out.len() < MOST_WORDS) {
            let name = lossy(name).to_ascii_lowercase();
            out.push((name, value.map(lossy).unwrap_or_default()));
        }
        if cursor.at() == before {
            cursor.skip();
        }
    }
    out
}

fn namespaces(cursor: &mut Cursor<'_>) -> Option<Vec<Namespace>> {
    let mut out = Vec::new();
    if cursor.eat_nil() {
        return Some(out);
    }
    if !cursor.open() {
        return None;
    }
    while !cursor.closes() {
        if out.len() < MOST_WORDS && cursor.open() {
            let prefix = cursor.string().ok()?.into_bytes()?;
            out.push(Namespace {
                prefix: MailboxName::from_wire(&prefix),
                delimiter: delimiter(cursor)?,
            });
            cursor.close();
        } else {
            cursor.skip();
        }
    }
    Some(out)
}

pub(crate) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn short(text: &[u8]) -> Vec<u8> {
    text.get(..MOST_TEXT).unwrap_or(text).to_vec()
}
