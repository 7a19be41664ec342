//! What a process asks of the one that owns an account, and how it waits for the answer: woken by
//! the owner's commits, with a look at the lock now and then, for the owner may end.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::config::Paths;
use crate::env::{Ear, Neighbours};
use crate::model::{
    AccountKey, Link, LinkState, MailboxKey, MessageKey, OperationId, OperationState, RequestId,
    Secret,
};
use crate::store::requests::{Asked, Progress as Served, Request};
use crate::store::{Priority, Reader, Store, Watch, accounts, journal, links, outgoing, requests};

use super::desk::{Progress, Tally};
use super::neighbours::{Letter, hand_over, tell_of_logout};
use super::{SyncError, owner};

/// An owner takes a request within this, or it does not answer.
const TAKEN: Duration = Duration::from_secs(30);
/// An owner that dials takes nothing before the server has answered.
const DIALLING: Duration = Duration::from_secs(90);
/// One that is stopped will not answer; a moment is left for one that was just continued.
const STOPPED: Duration = Duration::from_secs(2);
/// To close a link and forget a password takes no server.
const SIGNED_OUT: Duration = Duration::from_secs(5);
/// The lock is looked at so often. Nothing else is: the owner's commits wake us.
const LOOK: Duration = Duration::from_millis(250);

/// How what was asked ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done(Tally),
    /// It cannot be done.
    Failed {
        /// Why, in the owner's words.
        why: String,
        /// How the owner's connection stands.
        link: Option<Link>,
    },
    /// The owner has not answered.
    Silent {
        /// The owner.
        pid: u32,
        /// It is stopped, as by a signal from outside.
        stopped: bool,
    },
    /// There is no owner, or no more, or another one: who asks looks again what there is to do.
    Alone,
}

/// Asks the owner of `account` and waits for the answer, `patience` at most once it has taken the
/// request. The request is removed in any case.
pub fn ask(
    store: &Store,
    paths: &Paths,
    account: &str,
    asked: Asked,
    patience: Duration,
    progress: impl Fn(&Progress),
) -> Result<Answer, SyncError> {
    let Some(waiting) = Waiting::start(store, paths, account)? else {
        return Ok(Answer::Alone);
    };
    let (key, limit) = (waiting.key, seconds(TAKEN.max(DIALLING) + patience));
    let ask = move |tx: &crate::store::Tx<'_>| {
        requests::ask(tx, key, &asked, tx.now().saturating_add(limit))
    };
    let request = store.write(Priority::Person, ask).wait()?;
    waiting.for_answer(request, patience, progress)
}

/// Hands a password to the owner of `account` and waits until it was tried.
pub fn sign_in(
    store: &Store,
    paths: &Paths,
    account: &str,
    secret: &Secret,
) -> Result<Answer, SyncError> {
    let Some(waiting) = Waiting::start(store, paths, account)? else {
        return Ok(Answer::Alone);
    };
    let (key, limit) = (waiting.key, seconds(DIALLING));
    let ask = move |tx: &crate::store::Tx<'_>| {
        requests::ask_to_sign_in(tx, key, tx.now().saturating_add(limit))
    };
    let request = store.write(Priority::Person, ask).wait()?;
    let neighbours = Neighbours::of(paths);
    match hand_over(&neighbours, waiting.pid, account, request, secret) {
        Ok(true) => waiting.for_answer(request, DIALLING, |_| {}),
        Ok(false) => {
            waiting.withdraw(request)?;
            let (pid, stopped) = (waiting.pid, owner::is_stopped(waiting.pid));
            Ok(Answer::Silent { pid, stopped })
        }
        Err(error) => {
            waiting.withdraw(request)?;
            Err(error)
        }
    }
}

/// Tells every other process that `account` was logged out, and waits until its owner has closed its
/// link and forgotten the password.
pub fn sign_out(store: &Store, paths: &Paths, account: &str) -> Result<Answer, SyncError> {
    let waiting = Waiting::start(store, paths, account)?;
    tell_of_logout(&Neighbours::of(paths), account);
    match waiting {
        Some(waiting) => waiting.for_logout(),
        None => Ok(Answer::Alone),
    }
}

/// Waits until the owner of `account` has sent what is in the journal now.
pub fn sent(store: &Store, paths: &Paths, account: &str) -> Result<Answer, SyncError> {
    match Waiting::start(store, paths, account)? {
        Some(waiting) => waiting.for_journal(),
        None => Ok(Answer::Alone),
    }
}

/// Waits until the owner of `account` has tried to send a message of the outbox, `patience` at most
/// once it is at it. How that ended stands at the message.
pub fn submitted(
    store: &Store,
    paths: &Paths,
    account: &str,
    message: OperationId,
    patience: Duration,
) -> Result<Answer, SyncError> {
    match Waiting::start(store, paths, account)? {
        Some(waiting) => waiting.for_submission(message, patience),
        None => Ok(Answer::Alone),
    }
}

/// What a search on the server came to.
#[derive(Clone, Debug)]
pub struct Searched {
    /// How it ended.
    pub answer: Answer,
    /// What was found, newest first; before the end too.
    pub found: Vec<MessageKey>,
    /// What there is to say of it, as that not all was looked at; may be empty.
    pub words: String,
}

/// Asks the owner of `account` to search on its server, and waits for the end of that, `patience` at
/// most once it is at it.
pub fn search(
    store: &Store,
    paths: &Paths,
    account: &str,
    mailbox: Option<MailboxKey>,
    query: &str,
    patience: Duration,
) -> Result<Searched, SyncError> {
    let Some(waiting) = Waiting::start(store, paths, account)? else {
        return Ok(Searched {
            answer: Answer::Alone,
            found: Vec::new(),
            words: String::new(),
        });
    };
    let (key, limit) = (waiting.key, seconds(TAKEN.max(DIALLING) + patience));
    let query = query.to_owned();
    let asked = Asked::Search { mailbox, query };
    let ask = move |tx: &crate::store::Tx<'_>| {
        requests::ask(tx, key, &asked, tx.now().saturating_add(limit))
    };
    let request = store.write(Priority::Person, ask).wait()?;
    let answer = waiting.answer(request, patience, |_| {});
    let found = requests::found(&waiting.reader, request);
    let served = requests::find(&waiting.reader, request);
    waiting.withdraw(request)?;
    Ok(Searched {
        answer: answer?,
        found: found?,
        words: served?.map(|served| served.report).unwrap_or_default(),
    })
}

/// Somebody who waits for an owner.
struct Waiting<'a> {
    store: &'a Store,
    paths: &'a Paths,
    account: &'a str,
    key: AccountKey,
    pid: u32,
    reader: Reader,
    news: Receiver<()>,
    /// Without a socket nobody wakes us, and the store is looked at as often as the lock.
    ear: Option<Ear>,
    _watch: Watch,
}

impl<'a> Waiting<'a> {
    /// `None` if nobody owns the account.
    fn start(
        store: &'a Store,
        paths: &'a Paths,
        account: &'a str,
    ) -> Result<Option<Self>, SyncError> {
        let Some(pid) = owner::of(&paths.data, account)? else {
            return Ok(None);
        };
        let reader = store.reader()?;
        let Some(row) = accounts::find(&reader, account)? else {
            return Ok(None);
        };
        let (post, news) = channel();
        let watch = store.watch(move |_| {
            // Who waits no longer needs no news.
            let _ = post.send(());
        });
        let told = store.clone();
        let heard = move |letter: &[u8]| {
            if Letter::read(letter) == Some(Letter::Look)
                && let Err(error) = told.look().wait()
            {
                tracing::warn!(%error, "cannot see what another process wrote");
            }
        };
        let ear = Neighbours::of(paths).listen(heard);
        if let Err(error) = &ear {
            tracing::info!(%error, "other processes are not heard");
        }
        Ok(Some(Self {
            store,
            paths,
            account,
            key: row.key,
            pid,
            reader,
            news,
            ear: ear.ok(),
            _watch: watch,
        }))
    }

    /// Waits for news of the store. `None` when there are some; else how waiting ends.
    fn wait(
        &self,
        began: Instant,
        since: Instant,
        limit: Duration,
    ) -> Result<Option<Answer>, SyncError> {
        loop {
            match self.news.recv_timeout(LOOK) {
                Ok(()) => {
                    while self.news.try_recv().is_ok() {}
                    return Ok(None);
                }
                Err(RecvTimeoutError::Timeout) if self.ear.is_none() => {
                    self.store.look().wait()?;
                }
                // The sender lives as long as the watch.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if owner::of(&self.paths.data, self.account)? != Some(self.pid) {
                return Ok(Some(Answer::Alone));
            }
            let stopped = owner::is_stopped(self.pid);
            if since.elapsed() > limit || stopped && began.elapsed() > STOPPED {
                let pid = self.pid;
                return Ok(Some(Answer::Silent { pid, stopped }));
            }
        }
    }

    fn link(&self) -> Result<Option<Link>, SyncError> {
        Ok(links::get(&self.reader, self.key)?)
    }

    fn withdraw(&self, request: RequestId) -> Result<(), SyncError> {
        let remove = move |tx: &crate::store::Tx<'_>| requests::remove(tx, request);
        Ok(self.store.write(Priority::Person, remove).wait()?)
    }

    fn for_answer(
        &self,
        request: RequestId,
        patience: Duration,
        progress: impl Fn(&Progress),
    ) -> Result<Answer, SyncError> {
        let answer = self.answer(request, patience, progress);
        self.withdraw(request)?;
        answer
    }

    fn answer(
        &self,
        request: RequestId,
        patience: Duration,
        progress: impl Fn(&Progress),
    ) -> Result<Answer, SyncError> {
        let began = Instant::now();
        let mut taken: Option<Instant> = None;
        loop {
            let found = requests::find(&self.reader, request)?;
            let link = self.link()?;
            if let Some(answer) = answered(found.as_ref(), link.clone()) {
                return Ok(answer);
            }
            let is_taken = found.is_some_and(|request| request.progress == Served::Taken);
            // An owner whose link broke opens what it had taken.
            taken = is_taken.then(|| taken.unwrap_or_else(Instant::now));
            let dialling = link
                .as_ref()
                .is_some_and(|l| l.state == LinkState::Connecting);
            let limit = match (taken, dialling) {
                (Some(_), _) => patience,
                (None, true) => DIALLING,
                (None, false) => TAKEN,
            };
            if let Some(link) = link.filter(|link| link.state == LinkState::Syncing) {
                progress(&Progress {
                    account: self.account.to_owned(),
                    mailbox: String::new(),
                    done: link.done,
                    total: link.total,
                });
            }
            if let Some(end) = self.wait(began, taken.unwrap_or(began), limit)? {
                // It may have answered with its last breath.
                let last = requests::find(&self.reader, request)?;
                return Ok(answered(last.as_ref(), self.link()?).unwrap_or(end));
            }
        }
    }

    fn for_logout(&self) -> Result<Answer, SyncError> {
        let began = Instant::now();
        loop {
            let out = self.link()?.is_some_and(|link| {
                let closed = [LinkState::SignInNeeded, LinkState::OfflineAsked];
                closed.contains(&link.state)
            });
            if out {
                return Ok(Answer::Done(Tally::default()));
            }
            if let Some(end) = self.wait(began, began, SIGNED_OUT)? {
                return Ok(end);
            }
        }
    }

    fn for_submission(
        &self,
        message: OperationId,
        patience: Duration,
    ) -> Result<Answer, SyncError> {
        let began = Instant::now();
        let mut taken: Option<Instant> = None;
        loop {
            let Some(out) = outgoing::find(&self.reader, message)? else {
                return Ok(Answer::Done(Tally::default()));
            };
            match &out.state {
                OperationState::InFlight { .. } => drop(taken.get_or_insert_with(Instant::now)),
                OperationState::Queued { put_off: None } if out.why.is_empty() => {}
                OperationState::Queued { put_off: None } => {
                    let (why, link) = (out.why, self.link()?);
                    return Ok(Answer::Failed { why, link });
                }
                OperationState::Queued { put_off: Some(_) }
                | OperationState::Unsure
                | OperationState::Failed { .. } => return Ok(Answer::Done(Tally::default())),
            }
            let limit = match taken {
                Some(_) => patience,
                None => DIALLING,
            };
            if let Some(end) = self.wait(began, taken.unwrap_or(began), limit)? {
                return Ok(end);
            }
        }
    }

    fn for_journal(&self) -> Result<Answer, SyncError> {
        let began = Instant::now();
        let now = self.store.now();
        // What is with the server just now is waited for too.
        let in_flight = |state: &OperationState| matches!(state, OperationState::InFlight { .. });
        let mut left: VecDeque<OperationId> = journal::waiting(&self.reader, self.key, now)?
            .into_iter()
            .filter(|waiting| waiting.due || in_flight(&waiting.operation.state))
            .map(|waiting| waiting.operation.id)
            .collect();
        loop {
            while let Some(id) = left.front() {
                let state = journal::find(&self.reader, *id)?.map(|operation| operation.state);
                match state {
                    None | Some(OperationState::Failed { .. }) => drop(left.pop_front()),
                    Some(_) => break,
                }
            }
            if left.is_empty() {
                return Ok(Answer::Done(Tally::default()));
            }
            let link = self.link()?;
            if let Some(link) = link.filter(|link| !link.state.is_up()) {
                let (why, link) = (link.why.clone(), Some(link));
                return Ok(Answer::Failed { why, link });
            }
            if let Some(end) = self.wait(began, began, TAKEN)? {
                return Ok(end);
            }
        }
    }
}

fn answered(found: Option<&Request>, link: Option<Link>) -> Option<Answer> {
    match found {
        // Somebody who asked for the same has taken the answer, or the owner saw the deadline pass.
        None => Some(Answer::Alone),
        Some(request) => match &request.progress {
            Served::Done => Some(Answer::Done(Tally::of_words(&request.report))),
            Served::Failed { why } => Some(Answer::Failed {
                why: why.clone(),
                link,
            }),
            Served::Open | Served::Taken => None,
        },
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
