//! One signed-in connection at work: the first flight, then one thing after the other, the most
//! urgent first, and IDLE when nothing is left.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::imap::Command;
use crate::model::{LinkState, MailboxKey, Offline, OperationId, RequestId, Severity};
use crate::protocol::{Tag, Time};
use crate::store::mailboxes::{self, Mailbox};
use crate::store::requests;

use super::SyncError;
use super::desk::{Desk, Tally};
use super::dialogue::{Dialogue, Step};
use super::listing::{STATUS_EVERY, Stated};
use super::once::Work;
use super::plan::proof::Answer;
use super::pull::Selected;
use super::push::Report;

/// How a session ended without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was told to stop, to go off line, to forget its password, or to give the account up.
    Asked,
    /// Everything was done, and no more was wanted than that.
    Done,
}

/// What a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Stay, and keep store and server equal.
    Stay,
    /// Do one piece of work and leave.
    Once(Work),
}

/// INBOX, where the server has no IDLE or another mailbox is open.
const INBOX_EVERY: Duration = Duration::from_secs(30);
/// After so long without a word from the server the link is tried (SAFETY R16: with `ANSWER` less
/// than 90 s).
const QUIET: Duration = Duration::from_secs(60);
/// IDLE is renewed at the latest after this.
const RENEW: Duration = Duration::from_secs(9 * 60);
/// An IDLE that the server ends earlier is none.
const SHORT: Duration = Duration::from_secs(10);
/// How long the answer to DONE or NOOP may take.
const ANSWER: Duration = Duration::from_secs(25);

/// A connection at work.
pub(super) struct Worker<'a> {
    pub(super) desk: &'a Desk,
    pub(super) talk: Dialogue,
    pub(super) selected: Option<Selected>,
    pub(super) tally: Tally,
    /// Round trips that the first envelopes took, the TCP and TLS ones not counted.
    pub(super) first_round_trips: Option<u64>,
    pub(super) due: BTreeSet<MailboxKey>,
    /// Mailboxes of which LIST said, by their mod-sequence, that they are as the last pull left them.
    pub(super) current: BTreeSet<MailboxKey>,
    /// What LIST said of mailboxes just now, and when.
    pub(super) stated: Stated,
    /// Mailboxes for which the push under way has asked for a new list.
    pub(super) sought: BTreeSet<MailboxKey>,
    /// Mailboxes that a list of this push found under another name.
    pub(super) renamed: BTreeSet<MailboxKey>,
    /// Mailboxes that the server does not open now; what waits for them stays in the journal.
    pub(super) shut: BTreeSet<MailboxKey>,
    /// The server offers IDLE and does not do it.
    no_idle: bool,
    pub(super) aim: Aim,
    pub(super) inbox: Option<MailboxKey>,
    pub(super) next_status: Time,
    /// Whether it is asked then which mailboxes there are, too.
    pub(super) lists: bool,
    /// Syncs that were asked for, and what had come before them.
    pub(super) asked: Vec<(RequestId, Tally)>,
    /// What may have been sent is looked for again not before this.
    pub(super) next_look: Time,
    next_inbox: Time,
    started: bool,
    /// Octets of the next window of bodies.
    pub(super) window: u64,
    /// What the server said of operations whose end is looked for in their target.
    pub(super) answers: BTreeMap<OperationId, Answer>,
    /// What the push under way has to tell.
    pub(super) report: Report,
}

impl<'a> Worker<'a> {
    pub(super) fn new(desk: &'a Desk, talk: Dialogue, aim: Aim) -> Self {
        let now = desk.env.clock.monotonic();
        Self {
            desk,
            talk,
            selected: None,
            tally: Tally::default(),
            first_round_trips: None,
            due: BTreeSet::new(),
            current: BTreeSet::new(),
            stated: Stated::default(),
            sought: BTreeSet::new(),
            renamed: BTreeSet::new(),
            shut: BTreeSet::new(),
            no_idle: false,
            aim,
            inbox: None,
            next_status: now.after(STATUS_EVERY),
            lists: true,
            asked: Vec::new(),
            next_look: now,
            next_inbox: now.after(INBOX_EVERY),
            started: false,
            window: super::plan::keep::FIRST,
            answers: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// Works until told to stop, until all is done, or until the link breaks.
    pub(super) async fn work(&mut self) -> Result<Ended, SyncError> {
        self.first_flight().await?;
        loop {
            if self.desk.signal.ends_link() {
                return Ok(Ended::Asked);
            }
            self.obey().await?;
            self.serve().await?;
            self.push().await?;
            if self.aim == Aim::Once(Work::Errands) {
                return Ok(Ended::Done);
            }
            if let Some(mailbox) = self.next_due()? {
                if self.pull_or_skip(mailbox).await? {
                    self.due.remove(&mailbox);
                }
                continue;
            }
            if self.bodies().await? {
                continue;
            }
            self.report_syncs().await?;
            if self.aim != Aim::Stay {
                return Ok(Ended::Done);
            }
            self.rest().await?;
        }
    }

    /// Takes the wishes that are about a connection that stands.
    async fn obey(&mut self) -> Result<(), SyncError> {
        let wishes = self.desk.signal.take();
        if wishes.slept {
            return Err(SyncError::Slept);
        }
        let now = self.desk.env.clock.monotonic();
        if wishes.sync_now {
            self.shut.clear();
            self.next_status = now;
            self.lists = true;
            self.due.extend(self.inbox);
            if self.selected.is_some() {
                // Without IDLE the server has told nothing since the last command.
                let tag = self.talk.submit(Command::Noop);
                self.answered(tag).await?;
            }
        }
        if self.aim == Aim::Stay && now >= self.next_inbox {
            self.next_inbox = now.after(INBOX_EVERY);
            if !self.is_inbox_open() && self.wants_inbox() {
                self.due.extend(self.inbox);
            }
        }
        Ok(())
    }

    /// Whether something waits that a person would notice: then bulk work pauses.
    pub(super) fn is_urgent(&mut self) -> Result<bool, SyncError> {
        if self.desk.signal.ends_link() {
            return Ok(true);
        }
        let now = self.desk.env.clock.monotonic();
        if self.aim == Aim::Stay && now >= self.next_inbox && !self.is_inbox_open() {
            return Ok(true);
        }
        let key = self.desk.key;
        let asked = self
            .desk
            .read(|reader| Ok(!requests::open(reader, key)?.is_empty()))?;
        Ok(asked || self.may_push()?)
    }

    fn is_inbox_open(&self) -> bool {
        self.selected
            .as_ref()
            .is_some_and(|selected| Some(selected.mailbox) == self.inbox)
    }

    /// What is to be done in this session, from the store's list of mailboxes.
    pub(super) async fn plan_day(&mut self) -> Result<(), SyncError> {
        let mailboxes = self.mailboxes()?;
        self.find_inbox(&mailboxes);
        if !self.started && self.wants_inbox() {
            self.due.extend(self.inbox);
        }
        self.started = true;
        let wanted = self.wanted(&mailboxes)?;
        self.due.retain(|key| wanted.contains(key));
        if self.aim != Aim::Stay {
            self.due = wanted.iter().copied().collect();
        }
        if self.aim == Aim::Once(Work::All) {
            self.current.retain(|key| wanted.contains(key));
            // INBOX is open, and what its server says of an open mailbox may be old.
            let (inbox, current) = (self.inbox, &self.current);
            self.due
                .retain(|key| Some(*key) == inbox || !current.contains(key));
        }
        Ok(())
    }

    pub(super) fn wants_inbox(&self) -> bool {
        match &self.aim {
            Aim::Once(Work::Mailbox(name)) => name.eq_ignore_ascii_case("INBOX"),
            Aim::Once(Work::Errands) => false,
            Aim::Once(Work::All) | Aim::Stay => {
                self.desk.account.offline_of("INBOX") != Offline::None
            }
        }
    }

    pub(super) fn find_inbox(&mut self, mailboxes: &[Mailbox]) -> bool {
        self.inbox = mailboxes
            .iter()
            .find(|m| m.base.as_ref().is_some_and(|base| base.name == "INBOX"))
            .map(|m| m.key);
        self.inbox.is_some()
    }

    /// The mailboxes whose envelopes are kept here, INBOX first.
    pub(super) fn wanted(&self, mailboxes: &[Mailbox]) -> Result<Vec<MailboxKey>, SyncError> {
        let selectable = |m: &&Mailbox| m.base.as_ref().is_some_and(|base| base.selectable());
        if let Aim::Once(Work::Mailbox(name)) = &self.aim {
            let inbox = name.eq_ignore_ascii_case("INBOX");
            let found: Vec<MailboxKey> = mailboxes
                .iter()
                .filter(selectable)
                .filter(|m| m.name.as_deref() == Some(name) || inbox && Some(m.key) == self.inbox)
                .map(|m| m.key)
                .collect();
            if found.is_empty() {
                return Err(self.no_mailbox(name.clone()));
            }
            return Ok(found);
        }
        Ok(self.kept(mailboxes))
    }

    /// The mailboxes of which the settings want at least the envelopes here.
    pub(super) fn kept(&self, mailboxes: &[Mailbox]) -> Vec<MailboxKey> {
        let selectable = |m: &&Mailbox| m.base.as_ref().is_some_and(|base| base.selectable());
        let any_subscribed = mailboxes
            .iter()
            // One that is still to be made says nothing about whether the server knows subscriptions.
            .any(|m| m.subscribed && m.base.is_some() && Some(m.key) != self.inbox);
        mailboxes
            .iter()
            .filter(selectable)
            .filter(|m| m.subscribed || !any_subscribed)
            .filter(|m| self.policy(m) != Offline::None)
            .map(|m| m.key)
            .collect()
    }

    /// What is kept of a mailbox.
    pub(super) fn policy(&self, mailbox: &Mailbox) -> Offline {
        let name = mailbox.name.as_deref().unwrap_or_default();
        self.desk.account.offline_of(name)
    }

    /// The account's mailboxes, INBOX first.
    pub(super) fn mailboxes(&self) -> Result<Vec<Mailbox>, SyncError> {
        let key = self.desk.key;
        self.desk.read(|reader| mailboxes::all(reader, key))
    }

    fn next_due(&mut self) -> Result<Option<MailboxKey>, SyncError> {
        if self.due.is_empty() {
            return Ok(None);
        }
        let mailboxes = self.mailboxes()?;
        let next = mailboxes
            .iter()
            .map(|m| m.key)
            .find(|key| self.due.contains(key));
        if next.is_none() {
            self.due.clear();
        }
        Ok(next)
    }

    /// Pulls a mailbox; one that the server does not open is told of and left for this session.
    async fn pull_or_skip(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        match self.pull(mailbox).await {
            Err(error @ (SyncError::Refused { .. } | SyncError::NoMailbox { .. }))
                if Some(mailbox) != self.inbox =>
            {
                self.selected = None;
                if matches!(self.aim, Aim::Once(Work::Mailbox(_))) {
                    return Err(error);
                }
                self.desk
                    .tell(Severity::Warning, "mailbox", error.to_string(), "")
                    .await?;
                Ok(true)
            }
            other => other,
        }
    }

    /// Opens a mailbox. False if the server refuses: that is told, and the mailbox is left alone
    /// until the next look at all of them.
    pub(super) async fn open(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        if self.shut.contains(&mailbox) {
            return Ok(false);
        }
        match self.select(mailbox).await {
            Err(error @ SyncError::Refused { .. }) if Some(mailbox) != self.inbox => {
                self.leave_shut(mailbox, &error).await?;
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    /// Tells that the server does not open a mailbox, and leaves it alone from here on.
    pub(super) async fn leave_shut(
        &mut self,
        mailbox: MailboxKey,
        error: &SyncError,
    ) -> Result<(), SyncError> {
        self.shut.insert(mailbox);
        let (warning, text) = (Severity::Warning, error.to_string());
        self.desk.tell(warning, "mailbox", text, "").await
    }

    pub(super) fn no_mailbox(&self, mailbox: String) -> SyncError {
        SyncError::NoMailbox {
            account: self.desk.account.id.clone(),
            mailbox,
        }
    }

    /// Shows what the server wants shown.
    pub(super) async fn alert(&mut self, alerts: &[String]) -> Result<(), SyncError> {
        for text in alerts {
            let text = format!("{} says: \"{text}\"", self.talk.host());
            self.desk.tell(Severity::Warning, "alert", text, "").await?;
        }
        Ok(())
    }

    /// Nothing is left to do: IDLE on INBOX, else NOOP on a timer, until there is news.
    async fn rest(&mut self) -> Result<(), SyncError> {
        if let Some(inbox) = self
            .inbox
            .filter(|_| !self.is_inbox_open() && self.wants_inbox())
        {
            self.select(inbox).await?;
            self.due.insert(inbox);
            return Ok(());
        }
        self.desk.link(LinkState::Online, None, "").await?;
        let alerts = self.talk.take_alerts();
        self.alert(&alerts).await?;
        if self.desk.env.clock.monotonic() >= self.next_status {
            if self.lists {
                // Another client may have made, renamed or deleted some.
                self.list_again().await?;
            }
            self.lists = true;
            return self.poll_others().await;
        }
        if self.talk.abilities().idle && !self.no_idle && self.selected.is_some() {
            self.idle().await?;
        } else {
            self.doze().await?;
        }
        if self.talk.has_news() {
            self.due.extend(self.selected.as_ref().map(|s| s.mailbox));
        }
        Ok(())
    }

    async fn idle(&mut self) -> Result<(), SyncError> {
        let clock = self.desk.env.clock.clone();
        let tag = self.talk.submit(Command::Idle);
        let began = clock.monotonic();
        let mut ended = false;
        while !ended && !self.talk.has_news() {
            let until = self
                .talk
                .heard()
                .after(QUIET)
                .min(began.after(RENEW))
                .min(self.next_status);
            tokio::select! {
                step = self.talk.next() => match step? {
                    Step::Event(event) => self.talk.overhear(&event),
                    Step::Done(done, reply) if done == tag => {
                        // The server ended it. One that does so at once would be asked without end.
                        let short = clock.monotonic() < began.after(SHORT);
                        self.no_idle = short || !reply.is_ok();
                        return Ok(());
                    }
                    Step::Done(..) | Step::Chunk { .. } => {}
                },
                () = self.desk.signal.wait() => ended = true,
                () = clock.sleep_until(until) => ended = true,
            }
        }
        let done = self.talk.submit(Command::Done);
        if ended {
            return self.answered(done).await;
        }
        // The link has just shown that it lives: what is asked for now follows in the same flight.
        self.talk.leave([tag, done]);
        Ok(())
    }

    /// Waits for an answer, not longer than a living server needs (SAFETY R16).
    async fn answered(&mut self, tag: Tag) -> Result<(), SyncError> {
        let clock = self.desk.env.clock.clone();
        let late = clock.sleep_until(clock.monotonic().after(ANSWER));
        tokio::pin!(late);
        loop {
            tokio::select! {
                step = self.talk.next() => match step? {
                    Step::Event(event) => self.talk.overhear(&event),
                    Step::Done(done, _) if done == tag => return Ok(()),
                    Step::Done(..) | Step::Chunk { .. } => {}
                },
                () = &mut late => {
                    return Err(SyncError::Late {
                        what: format!("an answer of {}", self.talk.host()),
                        seconds: ANSWER.as_secs(),
                    });
                }
            }
        }
    }

    /// Without IDLE: a NOOP now and then.
    async fn doze(&mut self) -> Result<(), SyncError> {
        let clock = self.desk.env.clock.clone();
        let until = clock.monotonic().after(INBOX_EVERY);
        let woken = tokio::select! {
            step = self.talk.next() => match step? {
                Step::Event(event) => { self.talk.overhear(&event); true }
                Step::Done(..) | Step::Chunk { .. } => true,
            },
            () = self.desk.signal.wait() => true,
            () = clock.sleep_until(until.min(self.next_status)) => false,
        };
        if woken {
            return Ok(());
        }
        let tag = self.talk.submit(Command::Noop);
        self.answered(tag).await
    }
}
