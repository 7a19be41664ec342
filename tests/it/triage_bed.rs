//! What the triage tests stand on: the program's library against a dressed Dovecot, and two bare
//! clients beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lacebark::config::{AccountSettings, Endpoint, Keep, Overrides, Paths, Scheme, Settings};
use lacebark::env::{Env, SystemClock};
use lacebark::model::{AccountKey, MailboxKey, MessageKey, Offline, OperationId};
use lacebark::ops::queue::{self, Which};
use lacebark::store::{Store, accounts};
use lacebark::sync::{Once, SyncError, Tally, Work, once};
use tempfile::TempDir;

use crate::harness::compare::{Stored, StoredMessage};
use crate::harness::dress::{Dress, Dressed};
use crate::harness::raw::Raw;

/// A store with alice's account on a dressed server.
pub struct Bed {
    pub server: Dressed,
    pub store: Store,
    pub account: AccountSettings,
    pub env: Env,
    pub paths: Paths,
    _folder: TempDir,
}

impl Bed {
    /// A server in that dress; `None` where Dovecot is missing.
    pub fn new(dress: Dress) -> Option<Bed> {
        let server = Dressed::start(dress)?;
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::find(Overrides {
            config: Some(folder.path().join("config.toml")),
            data: Some(folder.path().join("data")),
            cache: Some(folder.path().join("cache")),
        })
        .unwrap();
        paths.prepare().unwrap();
        let env = Env::real(&paths, None).unwrap();
        let store = Store::open(&paths.mail_db(), Arc::new(SystemClock::start())).unwrap();
        let url = format!("imap+plain://alice@127.0.0.1:{}", server.proxy.port());
        let endpoint = Endpoint::parse(Scheme::Imap, &url).unwrap();
        let mut account = AccountSettings::imap("work", "alice@example.test", endpoint);
        let password = server.dovecot.password("alice").into();
        account.keep = Keep::Command(vec!["printf".into(), "%s".into(), password]);
        account.offline = Offline::Headers;
        let settings = Settings {
            accounts: vec![account.clone()],
            ..Settings::default()
        };
        drop(settings);
        Some(Bed {
            server,
            store,
            account,
            env,
            paths,
            _folder: folder,
        })
    }

    /// One whole sync.
    pub fn sync(&self) -> Result<Tally, SyncError> {
        let all = Once {
            work: Work::All,
            deadline: Duration::from_secs(60),
        };
        let (env, store) = (&self.env, &self.store);
        once(env, store, &self.account, &self.paths, &all, |_| {})
    }

    /// The account's key, once there was a sync.
    pub fn key(&self) -> AccountKey {
        let reader = self.store.reader().unwrap();
        accounts::find(&reader, "work").unwrap().unwrap().key
    }

    /// All rows, by plain SQL.
    pub fn stored(&self) -> Stored {
        Stored::read(&self.paths.data)
    }

    /// The mailbox that the user sees under that name.
    pub fn mailbox(&self, name: &str) -> MailboxKey {
        let key = self.stored().key_of(name);
        MailboxKey(key.unwrap_or_else(|| panic!("no mailbox {name}")))
    }

    /// The messages that the user sees in a mailbox under a Message-ID.
    pub fn messages(&self, mailbox: &str, id: &str) -> Vec<MessageKey> {
        let stored = self.stored();
        let here = stored.shown_in(mailbox);
        let mine = here.iter().filter(|m| m.message_id == id);
        mine.map(|m| MessageKey(m.key)).collect()
    }

    /// Another client of the same account.
    pub fn other(&self) -> Raw {
        self.server.dovecot.client("alice")
    }

    /// Syncs until nothing waits, and hands back what was refused on the way: a person lets it be,
    /// and what waited for it goes on.
    pub fn settle(&self) -> Result<Vec<String>, String> {
        let mut dropped = Vec::new();
        for _ in 0..8 {
            self.sync().unwrap();
            let waiting = self.stored().waiting;
            if waiting.is_empty() {
                return Ok(dropped);
            }
            dropped.extend(self.let_be());
        }
        let stored = self.stored();
        let loose = |one: &&StoredMessage| one.base.is_none();
        let loose: Vec<_> = stored.messages.iter().filter(loose).collect();
        Err(format!(
            "it does not settle: {:#?}\n{loose:#?}",
            stored.waiting
        ))
    }

    /// A person lets be what was refused; what that was.
    pub fn let_be(&self) -> Vec<String> {
        let mut failed = self.stored().waiting;
        failed.retain(|one| one.contains(" failed "));
        for one in &failed {
            let id = OperationId(one.split(' ').next().unwrap().parse().unwrap());
            // One of a group takes the group along.
            let _ = queue::withdraw(&self.store, Which::Ids(vec![id])).wait();
        }
        failed
    }

    /// Store and server are the same, base and effective.
    pub fn is_equal(&self, what: &str) {
        let stored = self.stored();
        let found = stored.against(&mut self.other());
        assert!(found.is_empty(), "{what}: {found:#?}");
        let found = stored.unsettled(self.server.dress);
        assert!(found.is_empty(), "{what}: {found:#?}");
        let tried = self.server.filter.tried();
        assert!(
            tried.is_empty(),
            "{what}: it used what is not there: {tried:?}"
        );
    }
}

/// How often each Message-ID is on the server, without what is marked `\Deleted`.
pub fn census(server: &mut Raw) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for name in server.mailboxes() {
        for one in server.listing(&name).unwrap_or_default() {
            if !one.flags.iter().any(|flag| flag == "\\Deleted") {
                *found.entry(one.message_id).or_default() += 1;
            }
        }
    }
    found
}

/// What may have become of the letters: none is lost that nobody destroyed, and none is there more
/// often than it was copied.
#[derive(Debug, Default)]
pub struct Ledger {
    letters: BTreeMap<String, u32>,
    destroyed: BTreeSet<String>,
}

impl Ledger {
    /// A new letter.
    pub fn born(&mut self, id: &str) {
        *self.letters.entry(id.to_owned()).or_default() += 1;
    }

    /// One more of it may exist.
    pub fn copied(&mut self, id: &str) {
        self.born(id);
    }

    /// From now on it may be gone.
    pub fn destroyed(&mut self, id: &str) {
        self.destroyed.insert(id.to_owned());
    }

    /// What is wrong with what is on the server.
    pub fn against(&self, census: &BTreeMap<String, u32>) -> Vec<String> {
        let mut found = Vec::new();
        for (id, most) in &self.letters {
            let here = census.get(id).copied().unwrap_or(0);
            if here == 0 && !self.destroyed.contains(id) {
                found.push(format!("{id} is lost"));
            }
            if here > *most {
                found.push(format!("{id} is there {here} times, was made {most} times"));
            }
        }
        let unknown = census.keys().filter(|id| !self.letters.contains_key(*id));
        found.extend(unknown.map(|id| format!("nobody wrote {id}")));
        found
    }
}

/// A small letter.
pub fn letter(id: &str) -> Vec<u8> {
    format!(
        "From: Zoe <zoe@example.org>\r\nTo: alice@example.test\r\nSubject: {id}\r\n\
         Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{id}>\r\n\r\nText of {id}.\r\n"
    )
    .into_bytes()
}
