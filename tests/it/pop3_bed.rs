//! A POP3 account over a scripted server, and what is afterwards where.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use lacebark::config::{AccountKind, AccountSettings, Overrides, Paths};
use lacebark::env::{Env, SystemClock};
use lacebark::model::{AccountKey, ContentKey, MessageKey, OnServer};
use lacebark::ops::triage::{self, Wish};
use lacebark::protocol::{Clock, Time};
use lacebark::store::{Store, accounts, bodies, notices};
use lacebark::sync::{Once, SyncError, Tally, Work, once};

use crate::harness::fake_pop3::{FakePop3, Script};
use crate::harness::program::Home;

/// A clock whose days pass as told.
pub struct Calendar {
    real: SystemClock,
    ahead: AtomicI64,
}

impl Clock for Calendar {
    fn monotonic(&self) -> Time {
        self.real.monotonic()
    }
    fn boot(&self) -> Time {
        self.real.boot()
    }
    fn wall(&self) -> i64 {
        self.real.wall() + self.ahead.load(Ordering::SeqCst)
    }
}

pub struct Bed {
    pub home: Home,
    pub paths: Paths,
    pub env: Env,
    pub store: Store,
    pub account: AccountSettings,
    pub fake: FakePop3,
    calendar: Arc<Calendar>,
}

/// A message that is somewhere in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub key: MessageKey,
    pub content: ContentKey,
    /// All its bytes, if they are here.
    pub bytes: Option<Vec<u8>>,
}

/// A message whose lines are all that a server could get wrong: dots, NUL, bare CR and LF.
pub fn mail(name: &str) -> Vec<u8> {
    let mut mail = format!(
        "Received: from mx by pop id {name}; Sat, 21 Nov 2026 08:02:00 +0000\r\n\
         From: Zo\u{eb} <zoe@example.org>\r\nSubject: About {name}\r\nMessage-ID: <{name}@x>\r\n\r\n\
         .a dot\r\n..two\r\n.\r\n"
    )
    .into_bytes();
    mail.extend_from_slice(b"NUL \0, bare \r and \n, end\r\n");
    mail
}

pub fn mails(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| mail(name)).collect()
}

impl Bed {
    pub fn new(script: Script, on_server: &str) -> Bed {
        Bed::with(script, on_server, "")
    }

    pub fn with(script: Script, on_server: &str, more: &str) -> Bed {
        let home = Home::new();
        let paths = Paths::find(Overrides {
            config: Some(home.path("config.toml")),
            data: Some(home.data()),
            cache: Some(home.path("cache")),
        })
        .unwrap();
        paths.prepare().unwrap();
        let env = Env::real(&paths, None).unwrap();
        let calendar = Arc::new(Calendar {
            real: SystemClock::start(),
            ahead: AtomicI64::new(0),
        });
        let store = Store::open(&paths.data.join("mail.db"), calendar.clone()).unwrap();
        let fake = FakePop3::start(script);
        let settings = format!(
            "[[account]]\nid = \"pop\"\naddress = \"alice@example.test\"\npop3 = \"{}\"\n\
             on_server = \"{on_server}\"\npassword_command = [\"printf\", \"%s\", \"key\"]\n{more}",
            fake.url()
        );
        std::fs::write(&paths.config, settings).unwrap();
        let (settings, told) = lacebark::config::load(&paths.config).unwrap();
        assert!(told.is_empty(), "{told:?}");
        let account = settings.account("pop").unwrap().clone();
        Bed {
            home,
            paths,
            env,
            store,
            account,
            fake,
            calendar,
        }
    }

    /// The settings name another policy now.
    pub fn wish(&mut self, policy: &str) {
        if let AccountKind::Pop3(maildrop) = &mut self.account.kind {
            maildrop.on_server = OnServer::parse(policy).unwrap();
        }
    }

    pub fn days_pass(&self, days: i64) {
        let seconds = days * 86_400;
        self.calendar.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn sync(&self) -> Result<Tally, SyncError> {
        self.work(Work::All)
    }

    pub fn work(&self, work: Work) -> Result<Tally, SyncError> {
        let all = Once {
            work,
            deadline: Duration::from_secs(60),
        };
        once(
            &self.env,
            &self.store,
            &self.account,
            &self.paths,
            &all,
            |_| {},
        )
    }

    pub fn key(&self) -> AccountKey {
        let reader = self.store.reader().unwrap();
        accounts::find(&reader, "pop").unwrap().unwrap().key
    }

    /// Everything in the store, oldest first.
    pub fn kept(&self) -> Vec<Kept> {
        kept(&self.store)
    }

    /// Those of which all bytes are here.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        self.kept()
            .into_iter()
            .filter_map(|one| one.bytes)
            .collect()
    }

    /// The message with these bytes.
    pub fn find(&self, bytes: &[u8]) -> MessageKey {
        let all = self.kept();
        let found = all.iter().find(|one| one.bytes.as_deref() == Some(bytes));
        found.expect("not here").key
    }

    pub fn act(&self, key: MessageKey, wish: Wish) {
        triage::act(&self.store, vec![key], wish).wait().unwrap();
    }

    /// What waits for a person.
    pub fn told(&self) -> Vec<String> {
        let reader = self.store.reader().unwrap();
        let log = notices::latest(&reader, 100).unwrap();
        log.into_iter().map(|line| line.notice.text).collect()
    }

    /// Each message is on the server or whole in the store, and none is in the store twice.
    pub fn never_neither(&self, all: &[Vec<u8>], what: &str) {
        let here = self.bytes();
        for mail in all {
            let copies = here.iter().filter(|bytes| *bytes == mail).count();
            let there = self.fake.holds(mail);
            assert!(
                copies == 1 || copies == 0 && there,
                "{what}: {copies} {there}"
            );
        }
    }
}

pub fn kept(store: &Store) -> Vec<Kept> {
    let sql = rusqlite::Connection::open(store.path()).unwrap();
    let mut query = sql
        .prepare("SELECT key, content FROM message WHERE mailbox IS NOT NULL ORDER BY key")
        .unwrap();
    let rows = query
        .query_map([], |row| {
            Ok((MessageKey(row.get(0)?), ContentKey(row.get(1)?)))
        })
        .unwrap();
    let reader = store.reader().unwrap();
    rows.map(|row| {
        let (key, content) = row.unwrap();
        Kept {
            key,
            content,
            bytes: bodies::read_whole(&reader, content, "").unwrap(),
        }
    })
    .collect()
}
