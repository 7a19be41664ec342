//! A bed with mail in several mailboxes, and a slow search that is obviously right.

mod crash;
mod plans;
mod scan;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::mime::{envelope, structure};
use crate::model::{AccountKey, ContentKey, Flags, MailboxKey, MessageKey, Query, Role};
use crate::store::accounts::{self, AccountKind};
use crate::store::bodies::{self, BodyWriter};
use crate::store::messages::Arrived;
use crate::store::tests::{NOW, open};
use crate::store::{Priority, Store, StoreError, Tx, lists, local, messages};

use super::run::{Ask, Found, Hit, Searcher, Stop};
use super::{Indexer, Scope, Step};

/// Mail of two accounts.
struct Mail {
    store: Store,
    folder: tempfile::TempDir,
    work: AccountKey,
    mailboxes: Vec<MailboxKey>,
}

const BOXES: [(&str, Option<Role>); 5] = [
    ("INBOX", Some(Role::Inbox)),
    ("Archive", Some(Role::Archive)),
    ("Trash", Some(Role::Trash)),
    ("Projects/Pines", None),
    ("Junk", Some(Role::Junk)),
];

impl Mail {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (work, mailboxes) = put(&store, |tx| {
            let work = accounts::ensure(tx, "work", AccountKind::Local)?;
            let home = accounts::ensure(tx, "home", AccountKind::Local)?;
            let mut mailboxes = Vec::new();
            for account in [work, home] {
                for (name, role) in BOXES {
                    mailboxes.push(local::ensure(tx, account, name, role)?);
                }
            }
            Ok((work, mailboxes))
        });
        Self {
            store,
            folder,
            work,
            mailboxes,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cache").join("search.db")
    }

    /// Stores a raw message; `whole` says whether its text is here.
    fn add(
        &self,
        mailbox: usize,
        arrival: i64,
        flags: Flags,
        raw: &str,
        whole: bool,
    ) -> MessageKey {
        let mailbox = self.mailboxes[mailbox];
        let raw = raw.replace('\n', "\r\n").into_bytes();
        let (tree, _) = structure::of_message(&raw);
        let arrived = Arrived {
            flags,
            arrival,
            size: raw.len() as u64,
            envelope: Some(envelope::of_message(&raw)),
            structure: Some(tree),
            ..Arrived::default()
        };
        put(&self.store, move |tx| {
            let (message, content) = messages::insert_local(tx, mailbox, &arrived)?;
            if whole {
                bodies::store(tx, &BodyWriter::whole(content, "", &raw))?;
            }
            Ok(message)
        })
    }

    fn plain(&self, subject: &str, text: &str) -> MessageKey {
        let raw = format!("From: Zoë Müller <zoe@example.org>\nSubject: {subject}\n\n{text}\n");
        self.add(0, NOW - 1_000, Flags::none(), &raw, true)
    }

    fn index(&self) {
        index(&self.store, &self.path());
    }

    fn searcher(&self) -> Searcher {
        Searcher::open(&self.store, &self.path()).unwrap()
    }

    fn find(&self, query: &str) -> Vec<MessageKey> {
        let found = ask(&mut self.searcher(), query, Scope::All, usize::MAX);
        found.1.into_iter().map(|hit| hit.message).collect()
    }
}

fn put<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(Priority::Person, work).wait().unwrap()
}

fn index(store: &Store, path: &Path) {
    let mut indexer = Indexer::begin(store, path).unwrap().unwrap();
    for _ in 0..10_000 {
        if indexer.step().unwrap() == Step::All {
            return;
        }
    }
    panic!("the index has no end");
}

fn utc(_: i64) -> i32 {
    0
}

fn ask(searcher: &mut Searcher, query: &str, scope: Scope, most: usize) -> (Found, Vec<Hit>) {
    let query = Query::parse(query).unwrap_or_else(|e| panic!("{query}: {e}"));
    ask_of(searcher, &query, scope, most)
}

fn ask_of(searcher: &mut Searcher, query: &Query, scope: Scope, most: usize) -> (Found, Vec<Hit>) {
    let ask = Ask {
        query,
        is_typing: false,
        scope,
        now: NOW,
        zone: &utc,
        is_enough: &|| false,
    };
    let mut hits = Vec::new();
    let found = searcher.find(&ask, &Stop::default(), &mut |hit| {
        hits.push(hit);
        if hits.len() < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    (found.unwrap(), hits)
}

fn content_of(store: &Store, key: MessageKey) -> ContentKey {
    messages::get(&store.reader().unwrap(), key)
        .unwrap()
        .content
}

#[test]
fn mail_is_found_by_its_words_names_and_state() {
    let mail = Mail::new();
    let html = "From: acme@example.com\nTo: Bob <bob@example.net>\nCc: Eve <eve@example.org>\n\
        List-Id: Pines <pines.lists.example.org>\nSubject: Weekly deals\n\
        Content-Type: text/html; charset=utf-8\n\n<p>Tiefpreise f&uuml;r <b>Stra</b>&szlig;en</p>\n";
    let deals = mail.add(0, NOW - 10 * 86_400, Flags::of(Flags::SEEN), html, true);
    let scan = "From: Tom O'Brien <tom@example.org>\nSubject: =?utf-8?q?Scan_of_the_contract?=\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfind the signed contract, page three\n--b\n\
        Content-Type: application/pdf; name=\"vertrag-2026.pdf\"\nContent-Transfer-Encoding: base64\n\n\
        Z2VoZWltZXN3b3J0\n--b--\n";
    let scan = mail.add(1, NOW - 86_400, Flags::of(Flags::FLAGGED), scan, true);
    let cjk = "From: 山田太郎 <yamada@example.jp>\nSubject: 会議のお知らせ\n\n来週の議事録です\n";
    let cjk = mail.add(5, NOW - 5, Flags::parse(["$Work", "\\Answered"]), cjk, true);
    let trash = mail.add(
        2,
        NOW,
        Flags::none(),
        "Subject: old contract\n\nbin\n",
        true,
    );
    mail.index();
    let check = |query: &str, want: &[MessageKey]| assert_eq!(mail.find(query), want, "{query}");
    check("contract", &[scan]);
    check("contr", &[scan]);
    check("co", &[]);
    check("CONTRACT signed", &[scan]);
    check("\"signed contract\"", &[scan]);
    check("\"contract signed\"", &[]);
    check("\"page thr\"", &[]);
    check("page-thr", &[scan]);
    check("contract in:trash", &[trash]);
    check(
        "contract in:work:Trash OR contract in:archive",
        &[trash, scan],
    );
    check("strasse", &[deals]);
    check("fur straßen", &[deals]);
    check("color OR charset", &[]);
    check("from:acme", &[deals]);
    check("from:example.org", &[scan]);
    check("from:o'brien", &[scan]);
    check("to:bob", &[deals]);
    check("to:eve", &[deals]);
    check("cc:bob", &[]);
    check("cc:eve", &[deals]);
    check("subject:scan", &[scan]);
    check("subject:signed", &[]);
    check("body:signed", &[scan]);
    check("list:pines", &[deals]);
    check("filename:vertrag", &[scan]);
    check("vertrag", &[scan]);
    check("geheimeswort OR Z2VoZWltZXN3b3J0", &[]);
    check("has:attachment", &[scan]);
    check("議事", &[cjk]);
    check("事録", &[cjk]);
    check("会議 議事録", &[cjk]);
    check("議録", &[]);
    check("知", &[cjk]);
    check("is:flagged", &[scan]);
    check("is:unread", &[cjk, scan]);
    check("-is:unread", &[deals]);
    check("is:answered", &[cjk]);
    check("flag:$work", &[cjk]);
    check("account:home", &[cjk]);
    check("account:work -contract", &[deals]);
    check("after:2d", &[cjk, scan]);
    check("before:2d", &[deals]);
    check("contract after:2d", &[scan]);
    check("contract before:2d", &[]);
    check("larger:1k", &[]);
    check("smaller:1k -from:acme", &[cjk, scan]);
    check("contract OR is:answered", &[cjk, scan]);
    check("is:unread -(contract OR is:answered)", &[]);
    check("", &[cjk, scan, deals]);
    check("in:inbox", &[cjk, deals]);
    check("in:work:inbox", &[deals]);
    check("in:pines", &[]);
    let of = |scope| {
        ask(&mut mail.searcher(), "is:unread OR deals", scope, 9)
            .1
            .len()
    };
    assert_eq!(of(Scope::Mailbox(mail.mailboxes[0])), 1);
    assert_eq!(of(Scope::Account(mail.work)), 2);
    let (found, _) = ask(
        &mut mail.searcher(),
        "in:nowhere OR account:x",
        Scope::All,
        9,
    );
    assert_eq!(found.unknown, ["nowhere", "x"]);
}

#[test]
fn what_comes_later_is_found_when_it_came_and_what_goes_is_gone() {
    let mail = Mail::new();
    let raw = "From: a@example.org\nSubject: header first\n\nthe text came later\n";
    let key = mail.add(0, NOW, Flags::none(), raw, false);
    mail.index();
    assert_eq!(mail.find("header"), [key]);
    assert_eq!(mail.find("later"), []);
    let content = content_of(&mail.store, key);
    let bytes = raw.replace('\n', "\r\n").into_bytes();
    put(&mail.store, move |tx| {
        bodies::store(tx, &BodyWriter::whole(content, "", &bytes))
    });
    mail.index();
    assert_eq!(mail.find("later"), [key]);
    assert_eq!(mail.find("header"), [key]);
    // Listed only, then its envelope, then gone.
    let inbox = mail.mailboxes[0];
    let listed = put(&mail.store, move |tx| {
        let arrived = Arrived {
            arrival: NOW,
            ..Arrived::default()
        };
        messages::insert_local(tx, inbox, &arrived)
    });
    mail.index();
    let docid = crate::store::contents::get(&mail.store.reader().unwrap(), listed.1)
        .unwrap()
        .docid;
    assert_eq!(rows(&mail.path()), 1);
    put(&mail.store, move |tx| messages::remove_local(tx, key));
    mail.index();
    assert_eq!(mail.find("later"), []);
    assert_eq!(rows(&mail.path()), 0);
    assert!(docid > 0);
    // Nothing that was done is listed any more.
    let left = mail.store.reader().unwrap();
    assert_eq!(super::indexer::last_tombstone(&left).unwrap(), 0);
}

/// How many rows the index has.
fn rows(path: &Path) -> i64 {
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.query_row("SELECT count(*) FROM word_docsize", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn hostile_queries_find_nothing_and_break_nothing() {
    let mail = Mail::new();
    let key = mail.plain("near and or not", "col:umn a\"b star* ^caret {x y}");
    mail.index();
    let hostile = [
        "NEAR(a b)",
        "a*b",
        "^near",
        "{sender}:near",
        "sender:x",
        "word MATCH 1",
        "'; DROP TABLE word",
        "\"\u{0}\"",
        "a\u{0}b",
        "(((((a)))))",
        "+near",
        "near + and",
        "rank:1",
        "-near",
        "near*",
        "\u{202e}near",
        "🙂",
        "a.b.c.d.e.f",
        "%",
        "_",
        "--",
        "\\",
        "near\u{301}",
    ];
    for text in hostile {
        let typed = Query::typed(text);
        ask_of(&mut mail.searcher(), &typed.query, Scope::All, 9);
    }
    for text in [
        "(",
        "\"",
        "a ",
        "wort ",
        "a-",
        "字",
        "会議 ",
        "\"a b\" OR ",
        "-x ",
    ] {
        let long = text.repeat(10_240 / text.len());
        let typed = Query::typed(&long);
        ask_of(&mut mail.searcher(), &typed.query, Scope::All, 9);
    }
    let one = "x".repeat(10_240);
    assert_eq!(mail.find(&one), []);
    assert_eq!(mail.find(&format!("\"{}\"", "near and ".repeat(1_000))), []);
    assert_eq!(mail.find("near and or not"), [key]);
}

#[test]
fn a_question_stops_at_its_limit_and_when_it_is_told_to() {
    let mail = Mail::new();
    let keys: Vec<MessageKey> = (0..50)
        .map(|n| mail.plain(&format!("note {n}"), "same words"))
        .collect();
    mail.index();
    for query in ["same", "is:unread"] {
        let (_, hits) = ask(&mut mail.searcher(), query, Scope::All, 7);
        let want: Vec<MessageKey> = keys.iter().rev().take(7).copied().collect();
        let got: Vec<MessageKey> = hits.iter().map(|hit| hit.message).collect();
        assert_eq!(got, want, "{query}");
        let (stop, query) = (Stop::default(), Query::parse(query).unwrap());
        let ask = Ask {
            query: &query,
            is_typing: true,
            scope: Scope::All,
            now: NOW,
            zone: &utc,
            is_enough: &|| false,
        };
        let mut count = 0;
        let found = mail.searcher().find(&ask, &stop, &mut |_| {
            count += 1;
            stop.stop();
            ControlFlow::Continue(())
        });
        assert!(found.unwrap().is_stopped);
        assert_eq!(count, 1);
    }
}

#[test]
fn what_is_enough_for_now_is_the_beginning_of_what_there_is() {
    let mail = Mail::new();
    for n in 0..200 {
        mail.plain(&format!("note {n}"), "same words");
    }
    mail.index();
    for (text, any) in [
        ("same", true),
        ("is:unread", true),
        ("same larger:1M", false),
        ("larger:1M", false),
    ] {
        let (_, whole) = ask(&mut mail.searcher(), text, Scope::All, usize::MAX);
        assert_eq!(whole.len(), if any { 200 } else { 0 }, "{text}");
        let query = Query::parse(text).unwrap();
        let asked = Ask {
            query: &query,
            is_typing: true,
            scope: Scope::All,
            now: NOW,
            zone: &utc,
            is_enough: &|| true,
        };
        let mut hits = Vec::new();
        let found = mail.searcher().find(&asked, &Stop::default(), &mut |hit| {
            hits.push(hit);
            ControlFlow::Continue(())
        });
        let found = found.unwrap();
        // Nothing is never enough.
        assert_eq!((found.is_cut, found.is_stopped), (any, false), "{text}");
        assert_eq!(hits.is_empty(), !any, "{text}");
        assert!(hits.len() < 200, "{text}");
        assert_eq!(hits, whole[..hits.len()], "{text}");
    }
}

#[test]
fn several_copies_of_one_content_are_one_hit_in_the_nearest_mailbox() {
    let mail = Mail::new();
    let key = mail.add(1, NOW, Flags::none(), "Subject: twice\n\nonce\n", true);
    let inbox = mail.mailboxes[0];
    let copy = put(&mail.store, move |tx| {
        let source = messages::get(tx, key)?;
        messages::copy_row(tx, &source, source.content, inbox, &Flags::of(Flags::SEEN))
    });
    mail.index();
    assert_eq!(mail.find("twice"), [copy]);
    assert_eq!(mail.find("subject:twice is:unread"), [key]);
    assert_eq!(mail.find("is:unread"), [key]);
    assert_eq!(mail.find(""), [copy]);
    assert_eq!(mail.find("twice in:archive"), [key]);
}

#[test]
fn m4_sixty_header_shapes_are_indexed_found_and_listed_in_time() {
    let mail = Mail::new();
    let mut indexer = Indexer::begin(&mail.store, &mail.path()).unwrap().unwrap();
    for (at, (name, fields)) in (NOW..).zip(crate::mime::tests::bombs::shapes()) {
        let raw = format!("{fields}\nneedle\n").replace("\r\n", "\n");
        let key = mail.add(0, at, Flags::none(), &raw, true);
        let start = std::time::Instant::now();
        while indexer.step().unwrap() != Step::All {}
        let mut searcher = mail.searcher();
        ask(&mut searcher, "needle", Scope::All, 1);
        let (_, hits) = ask(&mut searcher, "is:unread", Scope::All, 1);
        let row = lists::row(&mail.store.reader().unwrap(), hits[0].message);
        let spent = start.elapsed();
        assert_eq!(row.unwrap().unwrap().key, key, "{name}");
        assert!(
            spent < crate::mime::tests::bombs::BOUND,
            "{name}: {spent:?}"
        );
    }
}
