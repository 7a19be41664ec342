//! What the work for one account stands on, whatever connection it has: store, settings, wishes,
//! and the ways to tell how it goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::AccountSettings;
use crate::env::Env;
use crate::model::{AccountKey, Link, LinkState, Notice, OnServer, Secret, Severity};
use crate::store::{
    Pending, Priority, Reader, Store, StoreError, Tx, accounts, links, local, notices,
};

use super::SyncError;
use super::signal::Signal;

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that came.
    pub new: u64,
    /// Messages whose flags another client changed.
    pub flags: u64,
    /// Messages that another client removed.
    pub expunged: u64,
    /// Messages whose bytes came.
    pub bodies: u64,
    /// Operations that the server confirmed.
    pub pushed: u64,
    /// Operations that it refused.
    pub refused: u64,
    /// Messages that were deleted on a POP3 server because they are here.
    pub left: u64,
}

impl Tally {
    /// As a request's answer carries it to another process.
    pub(super) fn words(&self) -> String {
        let Tally {
            new,
            flags,
            expunged,
            bodies,
            pushed,
            refused,
            left,
        } = self;
        format!("{new} {flags} {expunged} {bodies} {pushed} {refused} {left}")
    }

    /// Reads [`Tally::words`]; what is missing is 0.
    pub(super) fn of_words(words: &str) -> Self {
        let mut numbers = words.split(' ').map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self {
            new: next(),
            flags: next(),
            expunged: next(),
            bodies: next(),
            pushed: next(),
            refused: next(),
            left: next(),
        }
    }

    /// What came since `before`.
    pub(super) fn since(&self, before: &Tally) -> Self {
        Self {
            new: self.new.saturating_sub(before.new),
            flags: self.flags.saturating_sub(before.flags),
            expunged: self.expunged.saturating_sub(before.expunged),
            bodies: self.bodies.saturating_sub(before.bodies),
            pushed: self.pushed.saturating_sub(before.pushed),
            refused: self.refused.saturating_sub(before.refused),
            left: self.left.saturating_sub(before.left),
        }
    }
}

/// How far a sync is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which account.
    pub account: String,
    /// The mailbox at hand, decoded, not sanitised; may be empty.
    pub mailbox: String,
    /// Done so far.
    pub done: u64,
    /// Of how many; 0 when unknown.
    pub total: u64,
}

type Watch = Box<dyn Fn(&Progress) + Send + Sync>;

/// One account's desk.
pub(super) struct Desk {
    pub(super) env: Env,
    pub(super) store: Store,
    pub(super) account: AccountSettings,
    pub(super) key: AccountKey,
    pub(super) signal: Arc<Signal>,
    reader: Mutex<Reader>,
    watch: Option<Watch>,
    last: Mutex<Option<Link>>,
    /// Since when tries fail.
    lost: Mutex<Option<i64>>,
    /// The password that worked last, for whoever else signs in for this account.
    known: Mutex<Option<Secret>>,
    /// What a person agreed to last about mail on a POP3 server, as this process knows it.
    agreed: Mutex<Option<OnServer>>,
    /// A person logged the account out: nobody signs in until somebody has.
    out: AtomicBool,
}

impl Desk {
    /// Opens the desk; the account's row is made at first sight.
    pub(super) async fn open(
        env: &Env,
        store: &Store,
        account: &AccountSettings,
        signal: Arc<Signal>,
        watch: Option<Watch>,
    ) -> Result<Self, SyncError> {
        let (id, kind) = (account.id.clone(), account.stored_kind());
        let ensure = move |tx: &Tx<'_>| {
            let key = accounts::ensure(tx, &id, kind)?;
            if !kind.is_remote() {
                local::furnish(tx, key)?;
            }
            Ok(key)
        };
        let key = store.write(Priority::Person, ensure).await?;
        Ok(Self {
            env: env.clone(),
            store: store.clone(),
            account: account.clone(),
            key,
            signal,
            reader: Mutex::new(store.reader()?),
            watch,
            last: Mutex::new(None),
            lost: Mutex::new(None),
            known: Mutex::new(None),
            agreed: Mutex::new(None),
            out: AtomicBool::new(false),
        })
    }

    /// Notes the password that worked, or that none does.
    pub(super) fn know(&self, secret: Option<Secret>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = secret;
        self.signal.tell();
    }

    /// What was agreed to about mail on the server when this process looked last.
    pub(super) fn agreed(&self) -> Option<OnServer> {
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what was agreed to.
    pub(super) fn set_agreed(&self, policy: OnServer) {
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = Some(policy);
    }

    /// Notes that the account was logged out, or is signed in to.
    pub(super) fn set_out(&self, out: bool) {
        self.out.store(out, Ordering::SeqCst);
        if out {
            self.know(None);
        }
    }

    /// Whether the account was logged out.
    pub(super) fn is_out(&self) -> bool {
        self.out.load(Ordering::SeqCst)
    }

    /// The password that worked last.
    pub(super) fn known(&self) -> Option<Secret> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// A number to spread waits by.
    pub(super) fn jitter(&self) -> u32 {
        let most = u64::from(u32::MAX);
        let drawn = self.env.random.below(most).unwrap_or(most / 2);
        u32::try_from(drawn).unwrap_or(u32::MAX / 2)
    }

    /// Reads from the store; short queries only, they run on a thread of the network.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, SyncError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(read(&reader)?)
    }

    /// The addresses that mail to the person comes under in this account.
    pub(super) fn own_addresses(&self) -> Vec<String> {
        let all = self.account.all_identities().into_iter();
        all.map(|identity| identity.address).collect()
    }

    /// One bulk transaction.
    pub(super) fn bulk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        self.store.write(Priority::Bulk, work)
    }

    /// One transaction that is synced to the disk before anything else happens.
    pub(super) fn durable<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        self.store.write(Priority::Person, work)
    }

    /// Writes the link row, if it says anything new.
    pub(super) async fn link(
        &self,
        state: LinkState,
        next_try: Option<i64>,
        why: &str,
    ) -> Result<(), SyncError> {
        let (link, news) = self.link_row(state, (0, 0), next_try, why);
        let key = self.key;
        if !news {
            return Ok(());
        }
        Ok(self.bulk(move |tx| links::set(tx, key, &link)).await?)
    }

    /// Takes the link row away: nobody has a link until the next one is told of.
    pub(super) async fn forget_link(&self) -> Result<(), SyncError> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let key = self.key;
        Ok(self.bulk(move |tx| links::clear(tx, key)).await?)
    }

    /// A link row that says `state`, whose `since` is when that state began; and whether it differs
    /// from the last one.
    fn link_row(
        &self,
        state: LinkState,
        (done, total): (u64, u64),
        next_try: Option<i64>,
        why: &str,
    ) -> (Link, bool) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // An account that tries again and fails again has been off line all the time.
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match (&*last, state, *lost) {
            (_, LinkState::Offline, Some(lost)) => lost,
            (Some(link), _, _) if link.state == state => link.since,
            _ => self.store.now(),
        };
        match state {
            LinkState::Offline => *lost = Some(since),
            LinkState::Connecting => {}
            _ => *lost = None,
        }
        let link = Link {
            pid: std::process::id(),
            state,
            done,
            total,
            since,
            next_try,
            why: why.to_owned(),
        };
        let news = last.as_ref() != Some(&link);
        *last = Some(link.clone());
        (link, news)
    }

    /// The link row of a sync under way; to be written with the rows that it tells of.
    pub(super) fn progress(&self, mailbox: &str, done: u64, total: u64) -> Link {
        if let Some(watch) = &self.watch {
            watch(&Progress {
                account: self.account.id.clone(),
                mailbox: mailbox.to_owned(),
                done,
                total,
            });
        }
        self.link_row(LinkState::Syncing, (done, total), None, "").0
    }

    /// Tells something under a topic.
    pub(super) async fn tell(
        &self,
        severity: Severity,
        topic: &str,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) -> Result<(), SyncError> {
        let notice = self.notice(severity, topic, text, hint);
        Ok(self
            .durable(move |tx| notices::add(tx, &notice).map(|_| ()))
            .await?)
    }

    /// A notice of this account.
    pub(super) fn notice(
        &self,
        severity: Severity,
        topic: &str,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) -> Notice {
        Notice {
            severity,
            account: self.account.id.clone(),
            topic: topic.to_owned(),
            text: text.into(),
            hint: hint.into(),
            detail: String::new(),
        }
    }

    /// What these topics were about is over.
    pub(super) async fn settle(&self, topics: &'static [&'static str]) -> Result<(), SyncError> {
        let account = self.account.id.clone();
        let settle = move |tx: &Tx<'_>| {
            topics
                .iter()
                .try_for_each(|topic| notices::settle(tx, &account, topic))
        };
        Ok(self.bulk(settle).await?)
    }
}
