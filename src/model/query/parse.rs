//! Reading a query, strictly or while it is typed.
//!
//! There is one reader, which goes on behind whatever it does not understand: it leaves that out and
//! notes where it stands. A strict reading is one that noted nothing.

use super::{Bound, Field, Query, QueryError, State, Text, When, least};

/// Words and conditions of one query; far more than anybody types, and few enough to look for.
const TERMS: usize = 256;
/// Characters of a query.
const LONGEST: usize = 64 << 10;
/// Letters of a field and its colon.
const NAME: usize = 16;
/// Parentheses inside each other.
const DEPTH: usize = 32;

/// The words that may stand before a colon, in the order in which they are offered, each with what
/// may follow.
pub const FIELDS: [(&str, &str); 17] = [
    ("from", "name or address"),
    ("to", "name or address, Cc too"),
    ("cc", "name or address"),
    ("subject", "words"),
    ("body", "words"),
    ("filename", "name of an attachment"),
    ("list", "mailing list"),
    ("has", "attachment"),
    ("is", "unread, flagged, answered …"),
    ("flag", "keyword"),
    ("in", "mailbox"),
    ("account", "account"),
    ("after", "2026-11-21, 2026-11, 7d, yesterday"),
    ("before", "2026-11-21, 2026-11, 7d, yesterday"),
    ("date", "a day, month or year, or 2026-11-01..2026-11-15"),
    ("larger", "100k, 2M"),
    ("smaller", "100k, 2M"),
];

/// A query that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What is understood of it.
    pub query: Query,
    /// What is not, or not yet: a strict reading would refuse the query with this.
    pub trouble: Option<QueryError>,
    /// Whether the word at the end was left out because it has too few letters yet.
    pub is_short: bool,
}

impl Query {
    /// Reads a query and refuses what it does not understand.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        let mut reader = Reader::new(text);
        let query = reader.whole();
        match reader.trouble {
            Some(trouble) => Err(trouble),
            None => Ok(query),
        }
    }

    /// Reads what is typed so far: an open quote or parenthesis counts as closed, what is not
    /// understood is left out, and so is a last word that has too few letters to say anything.
    pub fn typed(text: &str) -> Typed {
        let mut reader = Reader::new(text);
        reader.is_typing = true;
        let query = reader.whole();
        Typed {
            query,
            trouble: reader.trouble,
            is_short: reader.is_short,
        }
    }
}

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
    terms: usize,
    is_typing: bool,
    /// Whether the end of the text was given up.
    is_cut: bool,
    is_short: bool,
    trouble: Option<QueryError>,
}

impl Reader {
    fn new(text: &str) -> Self {
        let mut reader = Self {
            text: text.chars().take(LONGEST + 1).collect(),
            at: 0,
            depth: 0,
            terms: 0,
            is_typing: false,
            is_cut: false,
            is_short: false,
            trouble: None,
        };
        if reader.text.len() > LONGEST {
            reader.text.truncate(LONGEST);
            reader.note(LONGEST, "the query is longer than that: leave words out");
        }
        reader
    }

    /// Remembers what is wrong at a character; what stands first counts.
    fn note(&mut self, at: usize, what: impl Into<String>) {
        let earlier = self.trouble.as_ref().is_some_and(|one| one.at <= at + 1);
        if !earlier {
            self.trouble = Some(QueryError {
                at: at + 1,
                what: what.into(),
            });
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    /// Whether the bare word stands here, as a word of its own.
    fn is_word(&self, word: &str) -> bool {
        let length = word.chars().count();
        let here = self.text.get(self.at..self.at + length);
        let ends = self.text.get(self.at + length);
        here.is_some_and(|here| here.iter().copied().eq(word.chars()))
            && ends.is_none_or(|c| ends_word(*c))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_here = self.is_word(word);
        if is_here {
            self.at += word.chars().count();
        }
        is_here
    }

    fn whole(&mut self) -> Query {
        let mut all = Query::everything();
        loop {
            if let Some(query) = self.either(Field::Any) {
                all = all.and(query);
            }
            if self.peek().is_none() {
                return all;
            }
            self.note(self.at, "there is no ( for this ): take it out");
            self.at += 1;
        }
    }

    /// What stands between words OR.
    fn either(&mut self, field: Field) -> Option<Query> {
        let mut some: Vec<Query> = Vec::new();
        let mut open: Option<usize> = None;
        loop {
            let begin = self.at;
            match self.both(field) {
                Some(Query::Any(inner)) if !some.is_empty() => some.extend(inner),
                Some(one) => some.push(one),
                None if open.is_some() || self.is_word("OR") => {
                    let at = open.unwrap_or(begin);
                    self.skip_blanks();
                    // A word that was one too many was told of where it stands.
                    let is_over = self.terms > TERMS;
                    let at = if is_over { self.at } else { at };
                    self.note(at, "OR stands between two words: one of them is missing");
                }
                None => {}
            }
            self.skip_blanks();
            let at = self.at;
            if !self.takes_word("OR") {
                break;
            }
            open = Some(at);
        }
        match some.len() {
            0 | 1 => some.pop(),
            _ => Some(Query::Any(some)),
        }
    }

    /// What stands in a row.
    fn both(&mut self, field: Field) -> Option<Query> {
        let mut all = Query::everything();
        loop {
            self.skip_blanks();
            if self.peek().is_none_or(|c| c == ')') || self.is_word("OR") {
                break;
            }
            if self.takes_word("AND") {
                continue;
            }
            if let Some(one) = self.one(field) {
                all = all.and(one);
            }
        }
        (!all.is_everything()).then_some(all)
    }

    /// A word, a condition or a group, or the opposite of one.
    fn one(&mut self, field: Field) -> Option<Query> {
        let begin = self.at;
        let mut is_not = false;
        loop {
            let next = self.text.get(self.at + 1).copied();
            if self.peek() == Some('-') && next.is_some_and(|c| !is_blank(c) && c != ')') {
                self.at += 1;
            } else if self.takes_word("NOT") {
                self.skip_blanks();
            } else {
                break;
            }
            is_not = !is_not;
        }
        let is_joint = (self.at > begin && self.is_word("AND")) || self.is_word("OR");
        if is_joint || self.peek().is_none_or(|c| c == ')') {
            self.note(
                begin,
                "NOT stands before what is not wanted: that is missing",
            );
            return None;
        }
        let one = match self.peek() {
            Some('(') => self.group(field),
            Some(c) if is_quote(c) => self.quoted().and_then(|text| self.text(field, text, true)),
            _ => self.word(field),
        }?;
        Some(if is_not { one.opposite() } else { one })
    }

    fn group(&mut self, field: Field) -> Option<Query> {
        let open = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH {
            self.note(open, format!("more than {DEPTH} ( inside each other"));
            // Nothing behind it is read: what it belongs to cannot be told any more.
            self.text.truncate(open);
            self.at = open;
            self.is_cut = true;
            return None;
        }
        let inner = self.either(field);
        self.depth -= 1;
        match self.peek() {
            Some(_) => self.at += 1,
            None if self.is_cut => {}
            None => self.note(open, "this ( is not closed: put a ) where it ends"),
        }
        inner
    }

    /// The text between quotes.
    fn quoted(&mut self) -> Option<String> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|c| !is_quote(c)) {
            self.at += 1;
        }
        let text: String = self
            .text
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        match self.peek() {
            Some(_) => self.at += 1,
            None => self.note(
                open,
                "this quote is not closed: put another \" where it ends",
            ),
        }
        Some(text)
    }

    /// A word, or a field with its value.
    fn word(&mut self, field: Field) -> Option<Query> {
        let start = self.at;
        while let Some(c) = self.peek().filter(|c| !ends_word(*c)) {
            self.at += 1;
            // A name is short; what is long holds colons of its own.
            if !matches!(c, ':' | '：') || self.at - start > NAME {
                continue;
            }
            let name = self.text.get(start..self.at - 1).unwrap_or_default();
            let name: &str = &name.iter().collect::<String>();
            if let Some(known) = known(name) {
                return self.field(known, start);
            }
            self.unknown(name, start);
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let is_last = self.at == self.text.len();
        let text: String = text.iter().collect();
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        if self.is_typing && is_last && (1..least(&text)).contains(&letters) {
            self.is_short = true;
            return None;
        }
        self.text(field, text, false)
    }

    /// A word with a colon that is no field: a mistake, unless it is an address of the Web.
    fn unknown(&mut self, name: &str, start: usize) {
        let next = self.peek();
        let is_name = name.len() > 1 && name.chars().all(|c| c.is_ascii_alphabetic());
        if is_name && next.is_some_and(|c| !is_blank(c) && c != '/' && c != ':') {
            let known: Vec<&str> = FIELDS.iter().map(|(word, _)| *word).collect();
            let what = format!(
                "there is no field \"{name}\" (there are {}): put it in quotes to find it as text",
                known.join(", ")
            );
            self.note(start, what);
        }
    }

    fn text(&mut self, field: Field, text: String, quoted: bool) -> Option<Query> {
        if !text.chars().any(char::is_alphanumeric) {
            return None;
        }
        self.counted(Query::Text(Text {
            field,
            text,
            quoted,
        }))
    }

    fn counted(&mut self, query: Query) -> Option<Query> {
        self.terms += 1;
        if self.terms > TERMS {
            self.note(self.at, format!("more than {TERMS} words: leave some out"));
            return None;
        }
        Some(query)
    }

    /// What follows the colon of a field.
    fn field(&mut self, known: Known, start: usize) -> Option<Query> {
        if let (Take::Text(field), Some('(')) = (known.take, self.peek()) {
            return self.group(field);
        }
        let begin = self.at;
        let quoted = self.peek().is_some_and(is_quote);
        let value = if quoted {
            self.quoted()?
        } else {
            while self.peek().is_some_and(|c| !ends_word(c)) {
                self.at += 1;
            }
            self.text
                .get(begin..self.at)
                .unwrap_or_default()
                .iter()
                .collect()
        };
        let is_last = self.at == self.text.len();
        if value.is_empty() {
            self.note(start, format!("after the colon {} is missing", known.wants));
            return None;
        }
        match known.take {
            Take::Text(field) => {
                let few = value.chars().filter(|c| c.is_alphanumeric()).count() < least(&value);
                if self.is_typing && is_last && !quoted && few {
                    self.is_short = true;
                    return None;
                }
                self.text(field, value, quoted)
            }
            Take::Condition(read) => match read(&value) {
                Some(query) => self.counted(query),
                None => {
                    self.note(begin, format!("\"{value}\" is not {}", known.wants));
                    None
                }
            },
        }
    }
}

/// A field by its name.
#[derive(Clone, Copy)]
struct Known {
    take: Take,
    /// What has to follow the colon.
    wants: &'static str,
}

#[derive(Clone, Copy)]
enum Take {
    Text(Field),
    Condition(fn(&str) -> Option<Query>),
}

fn known(name: &str) -> Option<Known> {
    const WHEN: &str = "a time, such as 2026-11-21, 2026-11, 7d, 3m or yesterday";
    const SIZE: &str = "a size, such as 100k or 2M";
    let words = |field| (Take::Text(field), "a word or \"words in quotes\"");
    let (take, wants) = match name.to_ascii_lowercase().as_str() {
        "from" => words(Field::From),
        "to" => words(Field::To),
        "cc" => words(Field::Cc),
        "subject" => words(Field::Subject),
        "body" | "text" => words(Field::Body),
        "filename" | "attachment" => words(Field::FileName),
        "list" => words(Field::List),
        "has" => (Take::Condition(has), "attachment"),
        "is" => (Take::Condition(is), IS),
        "flag" | "keyword" => (Take::Condition(flag), "a flag or keyword"),
        "in" | "mailbox" | "folder" => (Take::Condition(within), "the name of a mailbox"),
        "account" => (Take::Condition(account), "the id of an account"),
        "after" | "since" => (Take::Condition(after), WHEN),
        "before" => (Take::Condition(before), WHEN),
        "date" | "on" => (
            Take::Condition(on),
            "a day, or two as 2026-11-01..2026-11-15",
        ),
        "larger" => (Take::Condition(larger), SIZE),
        "smaller" => (Take::Condition(smaller), SIZE),
        _ => return None,
    };
    Some(Known { take, wants })
}

const IS: &str =
    "unread, read, flagged, unflagged, answered, unanswered, forwarded, draft or deleted";

fn has(value: &str) -> Option<Query> {
    let words = ["attachment", "attachments", "attach"];
    let is_known = words.iter().any(|word| value.eq_ignore_ascii_case(word));
    is_known.then_some(Query::HasAttachment)
}

fn is(value: &str) -> Option<Query> {
    let value = value.to_ascii_lowercase();
    let value = match value.as_str() {
        "unseen" | "new" => "unread",
        "seen" => "read",
        "starred" => "flagged",
        "replied" => "answered",
        other => other,
    };
    let known = State::ALL.into_iter().find(|state| state.word() == value);
    known.map(Query::Is)
}

/// System flags are states; anything else is a keyword.
fn flag(value: &str) -> Option<Query> {
    let name = value.strip_prefix('\\').unwrap_or(value);
    let state = match name.to_ascii_lowercase().as_str() {
        "seen" => State::Read,
        "flagged" => State::Flagged,
        "answered" => State::Answered,
        "draft" => State::Draft,
        "deleted" => State::Deleted,
        _ => return Some(Query::Flag(value.to_owned())),
    };
    Some(Query::Is(state))
}

fn within(value: &str) -> Option<Query> {
    Some(Query::In(value.to_owned()))
}

fn account(value: &str) -> Option<Query> {
    Some(Query::Account(value.to_owned()))
}

fn after(value: &str) -> Option<Query> {
    When::parse(value).map(|when| Query::Since(Bound::StartOf(when)))
}

fn before(value: &str) -> Option<Query> {
    When::parse(value).map(|when| Query::Until(Bound::StartOf(when)))
}

/// One span, or from the beginning of one to the end of another, either of which may be left out.
fn on(value: &str) -> Option<Query> {
    let (first, last) = value.split_once("..").unwrap_or((value, value));
    let since = match first {
        "" => None,
        first => Some(Query::Since(Bound::StartOf(When::parse(first)?))),
    };
    let until = match last {
        "" => None,
        last => Some(Query::Until(Bound::EndOf(When::parse(last)?))),
    };
    match (since, until) {
        (Some(since), Some(until)) => Some(Query::All(vec![since, until])),
        (one, other) => one.or(other),
    }
}

fn larger(value: &str) -> Option<Query> {
    size(value).map(Query::Larger)
}

fn smaller(value: &str) -> Option<Query> {
    size(value).map(Query::Smaller)
}

/// Octets, in thousands as sizes are shown.
fn size(value: &str) -> Option<u64> {
    let value = value.to_ascii_lowercase();
    let value = value.strip_suffix('b').unwrap_or(&value);
    let (number, unit) = match value.chars().next_back()? {
        'k' => (value.strip_suffix('k')?, 1_000),
        'm' => (value.strip_suffix('m')?, 1_000_000),
        'g' => (value.strip_suffix('g')?, 1_000_000_000),
        _ => (value, 1),
    };
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() > 9 && unit > 1 || whole.is_empty() || rest.len() > 3 {
        return None;
    }
    let number = |text: &str| match text {
        "" => Some(0),
        text if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<u64>().ok(),
        _ => None,
    };
    let thousandths = number(&format!("{rest:0<3}"))?;
    let octets = number(whole)?.checked_mul(unit)?;
    octets.checked_add(thousandths.checked_mul(unit)? / 1_000)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// Whether a word cannot go on with this.
pub(super) fn ends_word(c: char) -> bool {
    is_blank(c) || is_quote(c) || matches!(c, '(' | ')')
}
