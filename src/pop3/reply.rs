//! What comes back: status lines, response codes, entries of listings.

use super::capability::Capabilities;
use crate::protocol::Tag;

/// Characters of a server's words that are kept for people.
const MOST_TEXT: usize = 1000;
/// Characters of a code that are kept.
const MOST_CODE: usize = 100;

/// Whether a command was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `+OK`.
    Ok,
    /// `-ERR`.
    Err,
    /// Nothing was sent: the machine itself refused, in words of ours.
    NotSent,
}

/// The code behind `-ERR` (RFC 2449 section 6.4); a lower level that is unknown counts as its upper
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Another connection has the maildrop.
    InUse,
    /// Too soon after the last sign-in.
    LoginDelay,
    /// Login or password are to blame.
    Auth,
    /// The server is, and may be well again later.
    SysTemp,
    /// The server is, until a person mends it.
    SysPerm,
    /// The message needs the UTF8 command (RFC 6856).
    Utf8,
    /// Any other, in upper case.
    Other(String),
}

impl Code {
    fn of(name: &str) -> Self {
        let name: String = name.chars().take(MOST_CODE).collect();
        let name = name.to_ascii_uppercase();
        let mut levels = name.split('/');
        match (levels.next().unwrap_or_default(), levels.next()) {
            ("IN-USE", _) => Code::InUse,
            ("LOGIN-DELAY", _) => Code::LoginDelay,
            ("AUTH", _) => Code::Auth,
            ("SYS", Some("TEMP")) => Code::SysTemp,
            ("SYS", Some("PERM")) => Code::SysPerm,
            ("UTF8", _) => Code::Utf8,
            _ => Code::Other(name),
        }
    }
}

/// What STAT counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maildrop {
    /// Messages.
    pub messages: u64,
    /// Octets of all of them, as the server reckons.
    pub octets: u64,
}

/// What a command ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether it was done.
    pub status: Status,
    /// The code, where the server gave one.
    pub code: Option<Code>,
    /// The server's words, without the code.
    pub text: String,
    /// The counts of STAT, if they could be read.
    pub maildrop: Option<Maildrop>,
    /// Lines of a listing that could not be read.
    pub odd: u64,
}

impl Reply {
    /// Whether the server said yes.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// With no more words than people read. The last step: what is to be hidden in them is found
    /// only while they are whole.
    pub(super) fn shortened(mut self) -> Self {
        if let Some((end, _)) = self.text.char_indices().nth(MOST_TEXT) {
            self.text.truncate(end);
        }
        self
    }

    /// A refusal of our own.
    pub(super) fn not_sent(why: &str) -> Self {
        Self {
            status: Status::NotSent,
            code: None,
            text: why.to_owned(),
            maildrop: None,
            odd: 0,
        }
    }

    fn said(status: Status, text: &[u8]) -> Self {
        let text = text.trim_ascii();
        let bracket = text
            .strip_prefix(b"[")
            .and_then(|rest| Some((rest, memchr::memchr(b']', rest)?)))
            .filter(|_| status == Status::Err);
        let (code, text) = match bracket {
            Some((rest, end)) => {
                let (name, text) = rest.split_at(end);
                let name = String::from_utf8_lossy(name.trim_ascii());
                (Some(Code::of(&name)), text.get(1..).unwrap_or_default())
            }
            None => (None, text),
        };
        Self {
            status,
            code,
            text: words(text),
            maildrop: None,
            odd: 0,
        }
    }
}

/// The size of a message, from LIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sized {
    /// The message.
    pub number: u32,
    /// Its octets, as the server reckons: many are wrong by the line ends.
    pub octets: u64,
}

/// The unique id of a message, from UIDL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// The message.
    pub number: u32,
    /// Its id, as got: one or more octets without a blank. Nothing says that no other has the same.
    pub uidl: Vec<u8>,
}

/// What is reported beside the replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The link can be used: it is secret where it has to be, and this is what the server offers.
    Ready(Capabilities),
    /// The server does not serve us: the greeting or STLS was refused, or no STLS is offered.
    /// Nothing more comes.
    Refused(&'static str, Reply),
    /// What it offers changed with sign-in.
    Capabilities(Capabilities),
    /// The next entries of the LIST with this tag.
    Sizes(Tag, Vec<Sized>),
    /// The next entries of the UIDL with this tag.
    Uniques(Tag, Vec<Unique>),
    /// The server ends the link unasked, with these words. Nothing more comes.
    Closing(Reply),
}

/// A status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Said(Reply),
    /// `+ `: the server asks for the next step of a sign-in.
    Challenge(Vec<u8>),
    Garbage,
}

impl Line {
    pub(super) fn read(line: &[u8]) -> Self {
        if let Some(rest) = behind(line, b"+OK") {
            Line::Said(Reply::said(Status::Ok, rest))
        } else if let Some(rest) = behind(line, b"-ERR") {
            Line::Said(Reply::said(Status::Err, rest))
        } else if let [b'+', rest @ ..] = line
            && rest.first().is_none_or(u8::is_ascii_whitespace)
        {
            Line::Challenge(rest.trim_ascii().to_vec())
        } else {
            Line::Garbage
        }
    }
}

/// What stands behind a sign. Nothing needs to part them: `+OK, deleted` is a yes.
fn behind<'a>(line: &'a [u8], sign: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(sign.len())?;
    head.eq_ignore_ascii_case(sign).then_some(rest)
}

/// The counts in the words of an answer to STAT.
pub(super) fn counts(text: &str) -> Option<Maildrop> {
    let mut words = text.split_ascii_whitespace();
    let mut number = || words.next()?.parse().ok();
    Some(Maildrop {
        messages: number()?,
        octets: number()?,
    })
}

/// A line of LIST.
pub(super) fn sized(line: &[u8]) -> Option<Sized> {
    let (number, rest) = numbered(line)?;
    let size = rest.split(u8::is_ascii_whitespace).next()?;
    let octets = std::str::from_utf8(size).ok()?.parse().ok()?;
    Some(Sized { number, octets })
}

/// A line of UIDL.
pub(super) fn unique(line: &[u8]) -> Option<Unique> {
    let (number, rest) = numbered(line)?;
    let whole = !rest.is_empty() && !rest.iter().any(u8::is_ascii_whitespace);
    let uidl = rest.to_vec();
    whole.then_some(Unique { number, uidl })
}

fn numbered(line: &[u8]) -> Option<(u32, &[u8])> {
    let line = line.trim_ascii();
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    let (number, rest) = line.split_at(end);
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    (number > 0).then_some((number, rest.trim_ascii_start()))
}

/// Octets of a challenge or a line as words for people.
pub(super) fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text.trim_ascii()).into_owned()
}
