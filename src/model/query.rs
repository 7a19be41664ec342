//! What a person looks for: one language for search, for select and for the command line.
//!
//! ```text
//! contract from:anna          both have to be there
//! "page three" -draft         words in this order, and not that one
//! (invoice OR bill) after:30d larger:100k has:attachment is:unread in:Archive
//! ```
//!
//! A [`Query`] says what is meant and knows nothing of an index or a store. [`Query::parse`] refuses
//! what it does not understand and names the character; [`Query::typed`] reads the same language
//! while it is being typed and leaves out what is not finished, so that results never vanish because
//! a quote is still open. Words are compared without case, accents and compatibility forms, which is
//! the business of whoever compares them.

mod parse;
#[cfg(test)]
mod tests;
mod when;

use std::fmt;

pub use parse::{FIELDS, Typed};
pub use when::{Bound, When};

/// What a message has to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// All of these; none of them means every message.
    All(Vec<Query>),
    /// One of these at least.
    Any(Vec<Query>),
    /// Not that.
    Not(Box<Query>),
    /// A word or phrase stands in it.
    Text(Text),
    /// Its state.
    Is(State),
    /// It has this keyword.
    Flag(String),
    /// It has an attachment.
    HasAttachment,
    /// It stands in this mailbox, named `[ACCOUNT:]NAME` or by role.
    In(String),
    /// It belongs to the account with this id.
    Account(String),
    /// It arrived then or later.
    Since(Bound),
    /// It arrived before.
    Until(Bound),
    /// It has more octets than this.
    Larger(u64),
    /// It has fewer octets than this.
    Smaller(u64),
}

/// A word or phrase, and where it has to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// In which part of a message.
    pub field: Field,
    /// As it was typed, without quotes.
    pub text: String,
    /// Whether it was quoted: then its words follow each other, and the last one is whole. What is
    /// not quoted is the beginning of a word, if it has [`least`] letters, else a whole one.
    pub quoted: bool,
}

/// The part of a message in which a word has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Any of these.
    Any,
    /// Names and addresses of the authors.
    From,
    /// Names and addresses of those to whom it went, Cc among them.
    To,
    /// The same of Cc and Bcc alone.
    Cc,
    /// The subject.
    Subject,
    /// The text.
    Body,
    /// The names of attachments.
    FileName,
    /// The id of the mailing list.
    List,
}

/// What can be asked with `is:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Without `\Seen`.
    Unread,
    /// With `\Seen`.
    Read,
    /// With `\Flagged`.
    Flagged,
    /// Without `\Flagged`.
    Unflagged,
    /// With `\Answered`.
    Answered,
    /// Without `\Answered`.
    Unanswered,
    /// With `$Forwarded`.
    Forwarded,
    /// With `\Draft`.
    Draft,
    /// With `\Deleted`.
    Deleted,
}

/// What of a query a store tells of a message by itself, where a server looks for the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrow {
    /// Only messages with attachments.
    pub attachments: bool,
    /// Only those that arrived at this second since 1970 or later.
    pub since: i64,
    /// Only those that arrived before.
    pub until: i64,
}

impl Default for Narrow {
    fn default() -> Self {
        Self {
            attachments: false,
            since: i64::MIN,
            until: i64::MAX,
        }
    }
}

/// What of a query is not understood, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Which character it begins with, from 1.
    pub at: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "at character {}: {}", self.at, self.what)
    }
}

impl std::error::Error for QueryError {}

impl Query {
    /// The query that every message satisfies.
    pub fn everything() -> Self {
        Query::All(Vec::new())
    }

    /// Whether nothing was asked for.
    pub fn is_everything(&self) -> bool {
        matches!(self, Query::All(all) if all.is_empty())
    }

    /// Both this and `other`.
    pub fn and(self, other: Query) -> Query {
        match (self, other) {
            (one, other) if other.is_everything() => one,
            (one, other) if one.is_everything() => other,
            (Query::All(mut all), Query::All(others)) => {
                all.extend(others);
                Query::All(all)
            }
            (Query::All(mut all), other) => {
                all.push(other);
                Query::All(all)
            }
            (one, Query::All(mut all)) => {
                all.insert(0, one);
                Query::All(all)
            }
            (one, other) => Query::All(vec![one, other]),
        }
    }

    /// Every message that this one does not mean.
    pub fn opposite(self) -> Query {
        match self {
            Query::Not(one) => *one,
            one => Query::Not(one.into()),
        }
    }

    /// Whether a condition is asked for anywhere in it.
    pub fn any(&self, is: &dyn Fn(&Query) -> bool) -> bool {
        is(self)
            || match self {
                Query::All(some) | Query::Any(some) => some.iter().any(|one| one.any(is)),
                Query::Not(one) => one.any(is),
                _ => false,
            }
    }

    /// The words that a hit may show, for marking them: those that are not negated.
    pub fn words(&self) -> Vec<&Text> {
        match self {
            Query::All(some) | Query::Any(some) => some.iter().flat_map(Query::words).collect(),
            Query::Text(text) => vec![text],
            _ => Vec::new(),
        }
    }
}

/// The fewest letters of the beginning of a word that is looked for as such: 3, and 2 in scripts
/// that are written without blanks.
pub fn least(word: &str) -> usize {
    if word.chars().any(is_unspaced) { 2 } else { 3 }
}

/// Letters of scripts in which no blank says where a word begins, and Hangul, whose words are often
/// written together.
pub fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e01..=0x0e30 | 0x0e32..=0x0e33 | 0x0e40..=0x0e46 | 0x0e81..=0x0eb0 | 0x0eb2..=0x0edf
        | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3005..=0x3007 | 0x3021..=0x3029
        | 0x3041..=0x3096 | 0x3099..=0x309a | 0x309d..=0x30fa | 0x30fc..=0x30ff | 0x3105..=0x312f
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0x1b000..=0x1b16f | 0x20000..=0x3ffff)
}

impl Field {
    /// The word before the colon; none for [`Field::Any`].
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            Field::Any => return None,
            Field::From => "from",
            Field::To => "to",
            Field::Cc => "cc",
            Field::Subject => "subject",
            Field::Body => "body",
            Field::FileName => "filename",
            Field::List => "list",
        })
    }
}

impl State {
    /// All of them, in the order in which they are offered.
    pub const ALL: [State; 9] = [
        State::Unread,
        State::Read,
        State::Flagged,
        State::Unflagged,
        State::Answered,
        State::Unanswered,
        State::Forwarded,
        State::Draft,
        State::Deleted,
    ];

    /// The word after `is:`.
    pub fn word(self) -> &'static str {
        match self {
            State::Unread => "unread",
            State::Read => "read",
            State::Flagged => "flagged",
            State::Unflagged => "unflagged",
            State::Answered => "answered",
            State::Unanswered => "unanswered",
            State::Forwarded => "forwarded",
            State::Draft => "draft",
            State::Deleted => "deleted",
        }
    }
}

impl fmt::Display for Query {
    /// As it can be typed.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::All(all) => write_all(out, all),
            Query::Any(some) => {
                for (n, one) in some.iter().enumerate() {
                    out.write_str(if n > 0 { " OR " } else { "" })?;
                    write_one(out, one)?;
                }
                Ok(())
            }
            Query::Not(one) => {
                out.write_str("-")?;
                write_one(out, one)
            }
            Query::Text(text) => write!(out, "{text}"),
            Query::Is(state) => write!(out, "is:{}", state.word()),
            Query::Flag(keyword) => write!(out, "flag:{}", Value(keyword)),
            Query::HasAttachment => out.write_str("has:attachment"),
            Query::In(name) => write!(out, "in:{}", Value(name)),
            Query::Account(id) => write!(out, "account:{}", Value(id)),
            Query::Since(Bound::StartOf(when)) => write!(out, "after:{when}"),
            Query::Since(Bound::EndOf(when)) => write!(out, "-date:..{when}"),
            Query::Until(Bound::StartOf(when)) => write!(out, "before:{when}"),
            Query::Until(Bound::EndOf(when)) => write!(out, "date:..{when}"),
            Query::Larger(octets) => write!(out, "larger:{octets}"),
            Query::Smaller(octets) => write!(out, "smaller:{octets}"),
        }
    }
}

fn write_all(out: &mut fmt::Formatter<'_>, all: &[Query]) -> fmt::Result {
    for (n, one) in all.iter().enumerate() {
        out.write_str(if n > 0 { " " } else { "" })?;
        write_one(out, one)?;
    }
    Ok(())
}

fn write_one(out: &mut fmt::Formatter<'_>, one: &Query) -> fmt::Result {
    match one {
        Query::All(_) | Query::Any(_) => write!(out, "({one})"),
        one => write!(out, "{one}"),
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(word) = self.field.word() {
            write!(out, "{word}:")?;
        }
        if self.quoted {
            write!(out, "\"{}\"", self.text)
        } else {
            out.write_str(&self.text)
        }
    }
}

/// A value, in quotes where it would fall apart.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.chars().any(parse::ends_word) {
            write!(out, "\"{}\"", self.0)
        } else {
            out.write_str(self.0)
        }
    }
}
