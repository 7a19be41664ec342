//! Whole syncs against a server in memory: run, run again, cut everywhere, resumed.

mod behind;
mod cuts;
mod gmail;
mod link;
mod model;
mod pull;
mod push;
mod removal;
mod renamed;
mod safety;
mod sent;
mod server;
mod triage;
mod triage_with_others;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::account::Task;
use super::desk::{Desk, Tally};
use super::dialogue::Dialogue;
use super::signal::Signal;
use super::worker::{Aim, Ended, Worker};
use super::{Supervisor, SyncError, Work};
use crate::config::{AccountSettings, Endpoint, Scheme};
use crate::env::Env;
use crate::env::fake::{World, world};
use crate::model::{
    FlagChange, Flags, MailboxKey, MessageKey, Offline, OperationKind, OperationState, Secret, Uid,
};
use crate::store::{
    Priority, Store, accounts, batches, bodies, counts, journal, mailboxes, messages, verdicts,
};

use server::Server;

/// A store, a fake world and an account that leads to a server.
struct Bed {
    folder: TempDir,
    env: Env,
    fake: World,
    store: Store,
    account: AccountSettings,
    server: Server,
}

fn guarded<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            tokio::time::timeout(Duration::from_secs(60), work)
                .await
                .expect("it hangs")
        })
}

impl Bed {
    fn new(server: Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut env, fake) = world(folder.path()).unwrap();
        env.dial = Arc::new(server.clone());
        env.secrets
            .set("work", Secret::new("secret"))
            .wait()
            .unwrap();
        let store = Store::open(&folder.path().join("mail.db"), env.clock.clone()).unwrap();
        let endpoint = Endpoint::parse(Scheme::Imap, "imaps://me@mail.example.org").unwrap();
        let mut account = AccountSettings::imap("work", "me@example.org", endpoint);
        account.offline = Offline::All;
        Self {
            folder,
            env,
            fake,
            store,
            account,
            server,
        }
    }

    async fn task(&self, signal: Arc<Signal>) -> Task {
        let desk = Desk::open(&self.env, &self.store, &self.account, signal, None);
        Task::new(desk.await.unwrap(), self.folder.path().to_owned())
    }

    fn sync(&self) -> Result<Tally, SyncError> {
        guarded(async {
            let mut task = self.task(Arc::default()).await;
            let mut tally = Tally::default();
            let ended = task.session(Aim::Once(Work::All), &mut tally).await?;
            assert_eq!(ended, Ended::Done);
            Ok(tally)
        })
    }

    fn mailbox(&self, name: &str) -> MailboxKey {
        let reader = self.store.reader().unwrap();
        let account = accounts::find(&reader, "work").unwrap().unwrap().key;
        mailboxes::by_name(&reader, account, name)
            .unwrap()
            .unwrap()
            .key
    }

    fn message(&self, name: &str, uid: u32) -> messages::Message {
        let reader = self.store.reader().unwrap();
        let key = self.mailbox(name);
        let epoch = mailboxes::get(&reader, key).unwrap().epoch;
        messages::by_uid(&reader, key, epoch, Uid(uid))
            .unwrap()
            .unwrap()
    }

    /// What a person does with flags, as `ops` writes it.
    fn wish(&self, message: MessageKey, change: FlagChange) {
        let write = self.store.write(Priority::Person, move |tx| {
            let row = messages::get(tx, message)?;
            let account = accounts::find(tx, "work")?.unwrap().key;
            let action = journal::action(tx, "flag")?;
            let kind = OperationKind::Flag { message, change };
            let id = journal::add(tx, action, account, row.mailbox, &kind)?;
            verdicts::requeue(tx, id, None)
        });
        write.wait().unwrap();
    }

    /// Every mailbox here is what it is there: UIDs, flags, bytes, counts; and nothing waits.
    fn assert_equal(&self, what: &str) {
        let reader = self.store.reader().unwrap();
        let waiting = journal::all(&reader).unwrap();
        assert!(waiting.is_empty(), "{what}: {waiting:?}");
        let boxes = self.server.world().boxes.clone();
        for (name, b) in boxes.iter().filter(|(_, b)| b.subscribed) {
            let key = self.mailbox(name);
            let row = mailboxes::get(&reader, key).unwrap();
            assert_eq!(row.settled, row.epoch, "{what}: {name}");
            let theirs: Vec<(u32, String)> = b
                .mails
                .iter()
                .map(|m| (m.uid, m.flags.to_string()))
                .collect();
            let high = Uid(u32::MAX);
            let ours: Vec<(u32, String)> =
                messages::base_flags(&reader, key, row.epoch, Uid(1), high)
                    .unwrap()
                    .iter()
                    .map(|one| (one.uid.0, one.flags.to_string()))
                    .collect();
            assert_eq!(ours, theirs, "{what}: {name}");
            for mail in &b.mails {
                let message = self.message(name, mail.uid);
                assert_eq!(message.flags, mail.flags, "{what}: {name} {}", mail.uid);
                assert_eq!(message.mailbox, Some(key), "{what}: {name} {}", mail.uid);
                let bytes = bodies::read_whole(&reader, message.content, "").unwrap();
                assert!(
                    bytes.as_deref() == Some(&mail.bytes[..]),
                    "{what}: {name} {}",
                    mail.uid
                );
            }
            let unread = b.mails.iter().filter(|m| !m.flags.has(Flags::SEEN)).count() as u64;
            assert_eq!(batches::miscounted(&reader).unwrap(), 0, "{what}: {name}");
            let flagged = b.mails.iter().filter(|m| m.flags.has(Flags::FLAGGED));
            let counts = (b.mails.len() as u64, unread, flagged.count() as u64);
            let kept = (row.total, row.unread, row.flagged);
            assert_eq!(kept, counts, "{what}: {name}");
            assert_eq!(
                counts::recount(&reader, key).unwrap(),
                counts,
                "{what}: {name}"
            );
        }
    }

    fn notices(&self) -> Vec<String> {
        let reader = self.store.reader().unwrap();
        let latest = crate::store::notices::latest(&reader, 100).unwrap();
        latest.into_iter().map(|one| one.notice.text).collect()
    }
}

fn seen() -> FlagChange {
    FlagChange::add(Flags::of(Flags::SEEN))
}

fn flagged() -> FlagChange {
    FlagChange::add(Flags::of(Flags::FLAGGED))
}

/// INBOX of 60 (two windows of envelopes) with one large message, Archive of 5, an unsubscribed one.
fn furnished(capabilities: &str) -> Server {
    let server = Server::new(capabilities);
    for n in 1..=60 {
        let size = if n == 30 { 200_000 } else { 300 };
        server.deliver("INBOX", &format!("in{n}"), size);
    }
    server.create("Archive", true);
    for n in 1..=5 {
        server.deliver("Archive", &format!("old{n}"), 300);
    }
    server.create("Elsewhere", false);
    server.deliver("Elsewhere", "else", 300);
    server
}
