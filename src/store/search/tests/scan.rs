//! A thousand random queries against a scan of all mail that looks at every word of every message.

use std::collections::BTreeMap;

use super::*;
use crate::mime::words;
use crate::model::query::{Field, State, Text, least};
use crate::store::search::columns::{self, NAMES};
use crate::store::search::places::Places;
use crate::store::{Rows, contents};

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }
}

const WORDS: [&str; 26] = [
    "contract",
    "contact",
    "contain",
    "con",
    "page",
    "pages",
    "invoice",
    "Müller",
    "naïve",
    "Straße",
    "don't",
    "foo-bar",
    "2026-019",
    "会議",
    "議事録",
    "山田太郎",
    "שלום",
    "שלומית",
    "अनुवाद",
    "김철수",
    "привет",
    "приветы",
    "a",
    "it",
    "zoe@example.org",
    "Ünïcode",
];
const FIELDS: [Field; 8] = [
    Field::Any,
    Field::Any,
    Field::From,
    Field::To,
    Field::Cc,
    Field::Subject,
    Field::Body,
    Field::FileName,
];

fn mail_of(dice: &mut Dice, count: usize) -> Mail {
    let mail = Mail::new();
    for n in 0..count {
        let mut some = |count: usize| {
            let words: Vec<&str> = (0..1 + dice.below(count))
                .map(|_| dice.pick(&WORDS))
                .collect();
            words.join(if dice.below(4) == 0 { "" } else { " " })
        };
        let (from, to, cc, subject, text, file) =
            (some(2), some(2), some(1), some(4), some(12), some(2));
        let part = match dice.below(4) {
            0 => format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\
                 --b\nContent-Type: image/png; name=\"{file}\"\nContent-Transfer-Encoding: base64\n\nQUJD\n--b--\n"
            ),
            1 => format!("Content-Type: text/html; charset=utf-8\n\n<p>{text}</p>\n"),
            _ => format!("Content-Type: text/plain; charset=utf-8\n\n{text}\n"),
        };
        let raw = format!(
            "From: \"{from}\" <a{n}@example.org>\nTo: \"{to}\" <b@example.net>\nCc: \"{cc}\" <c@example.com>\n\
             Subject: {subject}\n{part}"
        );
        let flags = Flags::of(u8::try_from(dice.below(8)).unwrap());
        let mailbox = dice.below(10);
        let arrival = NOW - i64::try_from(dice.below(400) * 86_400 + n).unwrap();
        let key = mail.add(mailbox, arrival, flags, &raw, dice.below(5) > 0);
        if dice.below(8) == 0 {
            let to = mail.mailboxes[dice.below(5)];
            put(&mail.store, move |tx| {
                let source = messages::get(tx, key)?;
                messages::copy_row(tx, &source, source.content, to, &Flags::none())
            });
        }
    }
    mail
}

fn query_of(dice: &mut Dice, depth: usize) -> Query {
    if depth > 0 && dice.below(3) > 0 {
        let count = 1 + dice.below(3);
        let some: Vec<Query> = (0..count).map(|_| query_of(dice, depth - 1)).collect();
        return match dice.below(4) {
            0 => Query::Any(some),
            1 => Query::Not(Query::Any(some).into()),
            _ => Query::All(some),
        };
    }
    match dice.below(12) {
        0 => Query::Is(State::ALL[dice.below(State::ALL.len())]),
        1 => Query::In(
            dice.pick(&["inbox", "archive", "work:INBOX", "trash", "pines"])
                .to_owned(),
        ),
        2 => Query::Account("work".to_owned()),
        3 => Query::HasAttachment,
        4 => Query::Larger(300),
        5 => Query::parse(dice.pick(&["after:100d", "before:200d", "date:2026", "after:2026-03"]))
            .unwrap(),
        _ => {
            let word = dice.pick(&WORDS);
            let letters = word.chars().count();
            let cut = if dice.below(2) == 0 {
                letters
            } else {
                1 + dice.below(letters)
            };
            let mut text: String = word.chars().take(cut).collect();
            if dice.below(5) == 0 {
                text = format!("{text} {}", dice.pick(&WORDS));
            }
            let quoted = text.contains(' ') || dice.below(4) == 0;
            Query::Text(Text {
                field: FIELDS[dice.below(FIELDS.len())],
                text,
                quoted,
            })
        }
    }
}

/// Whether the words stand one behind the other in a column.
fn stands(column: &[&str], text: &Text) -> bool {
    let wanted = words::of_query(&text.text);
    let Some(last) = wanted.last() else {
        return true;
    };
    let grows = words::is_half(last)
        || (!text.quoted && !words::is_pair(last) && last.chars().count() >= least(last));
    column.windows(wanted.len()).any(|some| {
        let whole = wanted.len() - usize::from(grows);
        some.iter()
            .zip(&wanted)
            .take(whole)
            .all(|(one, wanted)| one == wanted)
            && (!grows || some[whole].starts_with(wanted[whole].as_str()))
    })
}

struct Scanned {
    message: messages::Message,
    docid: i64,
    columns: Vec<String>,
    attachment: bool,
}

fn holds(query: &Query, one: &Scanned, places: &Places) -> bool {
    let flags = &one.message.flags;
    let mailbox = one.message.mailbox.unwrap();
    match query {
        Query::All(all) => all.iter().all(|q| holds(q, one, places)),
        Query::Any(some) => some.iter().any(|q| holds(q, one, places)),
        Query::Not(not) => !holds(not, one, places),
        Query::Text(text) => NAMES.iter().zip(&one.columns).any(|(name, words)| {
            let column: Vec<&str> = words.split_whitespace().collect();
            let is_meant = match text.field {
                Field::Any => true,
                Field::From => *name == "sender",
                Field::To => matches!(*name, "rcpt" | "cc"),
                Field::Cc => *name == "cc",
                Field::Subject => *name == "subject",
                Field::Body => *name == "body",
                Field::FileName => *name == "names",
                Field::List => *name == "list",
            };
            is_meant && stands(&column, text)
        }),
        Query::Is(state) => match state {
            State::Unread => !flags.has(Flags::SEEN),
            State::Read => flags.has(Flags::SEEN),
            State::Flagged => flags.has(Flags::FLAGGED),
            State::Unflagged => !flags.has(Flags::FLAGGED),
            State::Answered => flags.has(Flags::ANSWERED),
            State::Unanswered => !flags.has(Flags::ANSWERED),
            State::Forwarded => flags.has_keyword("$Forwarded"),
            State::Draft => flags.has(Flags::DRAFT),
            State::Deleted => flags.has(Flags::DELETED),
        },
        Query::Flag(word) => flags.has_keyword(word),
        Query::HasAttachment => one.attachment,
        Query::In(name) => places.named(name, false).contains(&mailbox),
        Query::Account(id) => places.get(mailbox).unwrap().account_id == *id,
        Query::Since(bound) => one.message.arrival >= bound.at(NOW, &utc),
        Query::Until(bound) => one.message.arrival < bound.at(NOW, &utc),
        Query::Larger(octets) => one.message.size > *octets,
        Query::Smaller(octets) => one.message.size < *octets,
    }
}

fn scan(all: &[Scanned], query: &Query, places: &Places) -> Vec<MessageKey> {
    let names_place = query.any(&|one| matches!(one, Query::In(_)));
    let mut best: BTreeMap<i64, (u8, MessageKey)> = BTreeMap::new();
    for one in all {
        let place = places.get(one.message.mailbox.unwrap()).unwrap();
        if (names_place || !place.is_apart()) && holds(query, one, places) {
            let this = (place.rank(), one.message.key);
            let known = best.entry(one.docid).or_insert(this);
            *known = (*known).min(this);
        }
    }
    best.values().rev().map(|(_, key)| *key).collect()
}

#[test]
fn a_thousand_random_queries_find_what_a_scan_of_all_mail_finds() {
    let mut dice = Dice(11);
    let mail = mail_of(&mut dice, 300);
    mail.index();
    let reader = mail.store.reader().unwrap();
    let places = Places::read(&reader).unwrap();
    let mut query = reader
        .connection()
        .prepare("SELECT key FROM message ORDER BY key")
        .unwrap();
    let keys: Vec<i64> = query
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let all: Vec<Scanned> = keys
        .into_iter()
        .map(|key| {
            let message = messages::get(&reader, MessageKey(key)).unwrap();
            let content = contents::get(&reader, message.content).unwrap();
            let columns = columns::of_content(&reader, message.content).unwrap();
            Scanned {
                docid: content.docid,
                columns: columns.words.to_vec(),
                attachment: content
                    .structure
                    .is_some_and(|s| !s.attachments().is_empty()),
                message,
            }
        })
        .collect();
    let mut searcher = mail.searcher();
    let (mut some, mut many) = (0, 0);
    for round in 0..1_000 {
        let query = query_of(&mut dice, round % 4);
        let (found, hits) = ask_of(&mut searcher, &query, Scope::All, usize::MAX);
        assert!(!found.is_stopped && found.unindexed == 0);
        let got: Vec<MessageKey> = hits.iter().map(|hit| hit.message).collect();
        let want = scan(&all, &query, &places);
        assert_eq!(got, want, "{query}");
        some += usize::from(!want.is_empty());
        many += usize::from(want.len() > 30);
        let few = ask_of(&mut searcher, &query, Scope::All, 3).1;
        assert_eq!(few, hits[..hits.len().min(3)], "{query}");
    }
    assert!(
        some > 500 && many > 100,
        "{some} queries found something, {many} much"
    );
}
