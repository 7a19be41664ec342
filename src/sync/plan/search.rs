//! A search in our language as one that a server understands (RFC 9051 section 6.4.4; X-GM-RAW where
//! the server is Gmail).
//!
//! A server finds parts of words and compares whole days, so that it may find more than was asked for;
//! what the store can tell by itself narrows the answer. What a server has no word for, and the store
//! cannot tell of a message alone, is refused with words.

use crate::imap::Criterion;
use crate::model::query::{Field, Narrow, State, Text};
use crate::model::{Flags, Query};

/// Seconds of a day: the time zone of the server is not known.
const DAY: i64 = 86_400;

/// What is asked of the server, and what of its answer is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// All of these have to hold.
    pub criteria: Vec<Criterion>,
    /// Only in mailboxes of these names or roles; empty for all.
    pub within: Vec<String>,
    /// Only in the account with one of these ids; empty for any.
    pub accounts: Vec<String>,
    /// What the store tells of a message.
    pub narrow: Narrow,
}

impl Plan {
    /// Whether a mailbox is meant, by its decoded name and the word of its role.
    pub fn is_within(&self, account: &str, name: &str, role: Option<&str>) -> bool {
        let same = |wanted: &str| {
            let wanted = match wanted.split_once(':') {
                Some((id, rest)) if id == account => rest,
                _ => wanted,
            };
            name.to_lowercase() == wanted.to_lowercase()
                || role.is_some_and(|role| role.eq_ignore_ascii_case(wanted))
        };
        (self.accounts.is_empty() || self.accounts.iter().any(|id| id == account))
            && (self.within.is_empty() || self.within.iter().any(|one| same(one)))
    }
}

/// Translates. `now` is the second by which `7d` is meant.
pub fn plan(query: &Query, now: i64, is_gmail: bool) -> Result<Plan, String> {
    let mut plan = Plan {
        criteria: Vec::new(),
        within: Vec::new(),
        accounts: Vec::new(),
        narrow: Narrow::default(),
    };
    let mut rest = Vec::new();
    gather(query, now, &mut plan, &mut rest);
    if rest.is_empty() {
        return Err("the server is asked for words only".to_owned());
    }
    let raw: Option<Vec<String>> = rest.iter().map(|one| gmail(one, now)).collect();
    match raw.filter(|_| is_gmail) {
        Some(words) => plan.criteria.push(Criterion::GmRaw(words.join(" "))),
        None => {
            for one in rest {
                plan.criteria.push(criterion(one, now)?);
            }
        }
    }
    Ok(plan)
}

/// Takes out what holds of every hit and is better told here.
fn gather<'a>(query: &'a Query, now: i64, plan: &mut Plan, rest: &mut Vec<&'a Query>) {
    match query {
        Query::All(all) => all.iter().for_each(|one| gather(one, now, plan, rest)),
        Query::In(name) => plan.within.push(name.clone()),
        Query::Account(id) => plan.accounts.push(id.clone()),
        Query::HasAttachment => plan.narrow.attachments = true,
        Query::Since(bound) => {
            plan.narrow.since = plan.narrow.since.max(bound.at(now, &|_| 0));
            rest.push(query);
        }
        Query::Until(bound) => {
            plan.narrow.until = plan.narrow.until.min(bound.at(now, &|_| 0));
            rest.push(query);
        }
        Query::Any(_)
        | Query::Not(_)
        | Query::Text(_)
        | Query::Is(_)
        | Query::Flag(_)
        | Query::Larger(_)
        | Query::Smaller(_) => rest.push(query),
    }
}

fn criterion(query: &Query, now: i64) -> Result<Criterion, String> {
    let no_word = |what: &str| Err(format!("the server has no word for {what} at this place"));
    Ok(match query {
        // Beside the list of keys IMAP has no word for "all of these".
        Query::All(all) => {
            let all: Result<Vec<_>, _> = all.iter().map(|one| criterion(one, now)).collect();
            not(any(all?.into_iter().map(not).collect()))
        }
        Query::Any(some) => {
            let some: Result<Vec<_>, _> = some.iter().map(|one| criterion(one, now)).collect();
            any(some?)
        }
        Query::Not(one) => not(criterion(one, now)?),
        Query::Text(text) => of_text(text),
        Query::Is(state) => of_state(*state),
        Query::Flag(keyword) => Criterion::With(keyword_alone(keyword)),
        Query::Since(bound) => Criterion::Since(bound.at(now, &|_| 0).saturating_sub(DAY)),
        Query::Until(bound) => Criterion::Before(bound.at(now, &|_| 0).saturating_add(DAY)),
        Query::Larger(octets) => Criterion::Larger(*octets),
        Query::Smaller(octets) => Criterion::Smaller(*octets),
        Query::HasAttachment => return no_word("has:attachment"),
        Query::In(_) => return no_word("in:"),
        Query::Account(_) => return no_word("account:"),
    })
}

/// One of these; OR takes two, so they are paired, and 256 are eight deep.
fn any(mut some: Vec<Criterion>) -> Criterion {
    let rest = some.split_off(some.len().div_ceil(2));
    match (some.pop(), some.is_empty(), rest.is_empty()) {
        (None, _, _) => not(Criterion::All),
        (Some(one), true, true) => one,
        (Some(last), _, _) => {
            some.push(last);
            Criterion::Or(Box::new(any(some)), Box::new(any(rest)))
        }
    }
}

fn not(one: Criterion) -> Criterion {
    match one {
        Criterion::Not(inner) => *inner,
        one => Criterion::Not(Box::new(one)),
    }
}

fn of_text(text: &Text) -> Criterion {
    let words = text.text.clone();
    match text.field {
        Field::From => Criterion::From(words),
        Field::To => Criterion::Or(
            Box::new(Criterion::To(words.clone())),
            Box::new(Criterion::Cc(words)),
        ),
        Field::Cc => Criterion::Cc(words),
        Field::Subject => Criterion::Subject(words),
        Field::Body => Criterion::Body(words),
        Field::List => Criterion::Header("List-Id".to_owned(), words),
        // Names of attachments stand in the header fields of the parts.
        Field::Any | Field::FileName => Criterion::Text(words),
    }
}

fn of_state(state: State) -> Criterion {
    let (flag, is_set) = match state {
        State::Unread => (Flags::SEEN, false),
        State::Read => (Flags::SEEN, true),
        State::Flagged => (Flags::FLAGGED, true),
        State::Unflagged => (Flags::FLAGGED, false),
        State::Answered => (Flags::ANSWERED, true),
        State::Unanswered => (Flags::ANSWERED, false),
        State::Draft => (Flags::DRAFT, true),
        State::Deleted => (Flags::DELETED, true),
        State::Forwarded => return Criterion::With(keyword_alone("$Forwarded")),
    };
    match is_set {
        true => Criterion::With(Flags::of(flag)),
        false => Criterion::Without(Flags::of(flag)),
    }
}

fn keyword_alone(keyword: &str) -> Flags {
    let mut flags = Flags::none();
    flags.insert(keyword);
    flags
}

/// As in Gmail's search field; `None` for what it has no word for.
fn gmail(query: &Query, now: i64) -> Option<String> {
    let joined = |some: &[Query], with: &str| {
        let words: Option<Vec<String>> = some.iter().map(|one| gmail(one, now)).collect();
        words.map(|words| format!("({})", words.join(with)))
    };
    Some(match query {
        Query::All(all) => joined(all, " ")?,
        Query::Any(some) => joined(some, " OR ")?,
        Query::Not(one) => format!("-{}", gmail(one, now)?),
        Query::Text(text) => {
            let words = text.text.replace('"', " ");
            match text.field.word() {
                None | Some("body") => format!("\"{words}\""),
                Some(field) => format!("{field}:\"{words}\""),
            }
        }
        Query::Is(State::Unread) => "is:unread".to_owned(),
        Query::Is(State::Read) => "is:read".to_owned(),
        Query::Is(State::Flagged) => "is:starred".to_owned(),
        Query::Is(State::Unflagged) => "-is:starred".to_owned(),
        Query::HasAttachment => "has:attachment".to_owned(),
        Query::Since(bound) => format!("after:{}", bound.at(now, &|_| 0).max(0)),
        Query::Until(bound) => format!("before:{}", bound.at(now, &|_| 0).max(0)),
        Query::Larger(octets) => format!("larger:{octets}"),
        Query::Smaller(octets) => format!("smaller:{octets}"),
        Query::Is(_) | Query::Flag(_) | Query::In(_) | Query::Account(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_248_120;

    fn asked(text: &str, is_gmail: bool) -> Result<String, String> {
        let plan = plan(&Query::parse(text).unwrap(), NOW, is_gmail)?;
        let words: Vec<String> = plan.criteria.iter().map(|c| format!("{c:?}")).collect();
        Ok(words.join(" "))
    }

    #[test]
    fn every_field_has_its_key() {
        for (text, keys) in [
            ("contract", "Text(\"contract\")"),
            (
                "from:anna subject:\"page three\"",
                "From(\"anna\") Subject(\"page three\")",
            ),
            ("to:bob", "Or(To(\"bob\"), Cc(\"bob\"))"),
            (
                "body:x list:rust",
                "Body(\"x\") Header(\"List-Id\", \"rust\")",
            ),
            ("-draft", "Not(Text(\"draft\"))"),
            ("a1 OR b2", "Or(Text(\"a1\"), Text(\"b2\"))"),
            ("-(a1 OR b2)", "Not(Or(Text(\"a1\"), Text(\"b2\")))"),
            (
                "(a1 b2) OR c3",
                "Or(Not(Or(Not(Text(\"a1\")), Not(Text(\"b2\")))), Text(\"c3\"))",
            ),
            ("larger:2k word", "Larger(2000) Text(\"word\")"),
        ] {
            assert_eq!(asked(text, false).as_deref(), Ok(keys), "{text}");
        }
    }

    #[test]
    fn many_alternatives_are_not_nested_deep() {
        fn depth(one: &Criterion) -> usize {
            match one {
                Criterion::Or(left, right) => 1 + depth(left).max(depth(right)),
                Criterion::Not(inner) => 1 + depth(inner),
                _ => 0,
            }
        }
        let words: Vec<String> = (0..256).map(|n| format!("word{n}")).collect();
        let query = Query::parse(&words.join(" OR ")).unwrap();
        let plan = plan(&query, NOW, false).unwrap();
        assert_eq!(plan.criteria.len(), 1);
        assert_eq!(depth(&plan.criteria[0]), 8);
    }

    #[test]
    fn what_the_store_tells_is_not_asked_of_the_server() {
        let query = Query::parse("word has:attachment in:Archive account:work").unwrap();
        let plan = plan(&query, NOW, false).unwrap();
        assert_eq!(plan.criteria, [Criterion::Text("word".to_owned())]);
        assert!(plan.narrow.attachments);
        assert!(plan.is_within("work", "Archive", None));
        assert!(plan.is_within("work", "Ablage", Some("archive")));
        assert!(!plan.is_within("work", "INBOX", Some("inbox")));
        assert!(!plan.is_within("home", "Archive", None));
        let refused = asked("word -has:attachment", false).unwrap_err();
        assert!(refused.contains("has:attachment"), "{refused}");
        assert!(asked("has:attachment", false).is_err());
    }

    #[test]
    fn days_leave_room_for_the_zone_of_the_server() {
        let plan = plan(&Query::parse("word after:2026-11-20").unwrap(), NOW, false).unwrap();
        let day = 1_795_132_800;
        assert_eq!(plan.narrow.since, day);
        assert_eq!(plan.criteria[1], Criterion::Since(day - DAY));
    }

    #[test]
    fn gmail_is_asked_as_in_its_own_field() {
        for (text, raw) in [
            ("contract from:anna", "\\\"contract\\\" from:\\\"anna\\\""),
            ("-draft is:unread", "-\\\"draft\\\" is:unread"),
            (
                "(a1 OR b2) larger:1M",
                "(\\\"a1\\\" OR \\\"b2\\\") larger:1000000",
            ),
        ] {
            assert_eq!(asked(text, true), Ok(format!("GmRaw(\"{raw}\")")), "{text}");
        }
        // It has no word for that one.
        assert!(asked("word is:answered", true).unwrap().starts_with("Text"));
    }
}
