//! One signed-in connection at work: the first flight, then one thing after the other, the most
//! urgent first, and IDLE when nothing is left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::imap::{Command, Event, Listed, MailboxName, MailboxStatus, SequenceSet, StatusItem};
use crate::model::{LinkState, MailboxKey, Offline, Role, Severity, UidSet, UidValidity};
use crate::protocol::{Tag, Time};
use crate::store::mailboxes::{self, Mailbox, StatusCounts};
use crate::store::{journal, requests};

use super::SyncError;
use super::desk::{Desk, Tally};
use super::dialogue::{Dialogue, Step};
use super::once::Work;
use super::plan::open::{FirstStep, first_flight};
use super::plan::pull::{Counts, FIRST_WINDOW, Look, is_due};
use super::pull::{SelectSeen, Selected, dropping, is_asked, is_for_now};

/// How a session ended without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was told to stop, or to go off line.
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

/// Other mailboxes are asked for their counts this often.
const STATUS_EVERY: Duration = Duration::from_secs(300);
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
    /// Mailboxes that the server does not open now; what waits for them stays in the journal.
    pub(super) shut: BTreeSet<MailboxKey>,
    /// The server offers IDLE and does not do it.
    no_idle: bool,
    aim: Aim,
    inbox: Option<MailboxKey>,
    next_status: Time,
    next_inbox: Time,
    started: bool,
    /// Octets of the next window of bodies.
    pub(super) window: u64,
}

/// What the first flight said of the mailboxes.
#[derive(Default)]
struct Listing {
    listed: Vec<Listed>,
    subscribed: BTreeSet<MailboxName>,
    status: BTreeMap<MailboxName, MailboxStatus>,
}

impl Listing {
    fn hear(&mut self, event: Event, lsub: bool) {
        match event {
            Event::Listed(line) if lsub => {
                self.subscribed.insert(line.name);
            }
            Event::Listed(line) => {
                if line.subscribed {
                    self.subscribed.insert(line.name.clone());
                }
                self.listed.push(line);
            }
            Event::Status(status) => {
                self.status.insert(status.name.clone(), status);
            }
            _ => {}
        }
    }

    fn rows(&self) -> Vec<mailboxes::Listed> {
        self.listed
            .iter()
            .filter(|line| !line.has("\\NonExistent"))
            .map(|line| self.row(line))
            .collect()
    }

    fn row(&self, line: &Listed) -> mailboxes::Listed {
        let status = self.status.get(&line.name);
        let role = line.attributes.iter().find_map(|a| Role::of_attribute(a));
        let small = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok());
        mailboxes::Listed {
            name: wire_name(&line.name),
            shown: line.name.decoded(),
            delimiter: line.delimiter,
            attributes: line
                .attributes
                .iter()
                .filter(|a| !a.eq_ignore_ascii_case("\\Subscribed"))
                .cloned()
                .collect(),
            subscribed: line.name.is_inbox() || self.subscribed.contains(&line.name),
            role: if line.name.is_inbox() {
                Some(Role::Inbox)
            } else {
                role
            },
            mailbox_id: status.and_then(|s| s.mailbox_id.clone()),
            uidvalidity: status.and_then(|s| s.uid_validity),
            uidnext: small(status.and_then(|s| s.uid_next)),
            status: StatusCounts {
                messages: small(status.and_then(|s| s.messages)),
                unseen: small(status.and_then(|s| s.unseen)),
            },
        }
    }
}

/// INBOX has one name, whatever case the server uses.
fn wire_name(name: &MailboxName) -> String {
    if name.is_inbox() {
        "INBOX".to_owned()
    } else {
        name.as_str().to_owned()
    }
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
            shut: BTreeSet::new(),
            no_idle: false,
            aim,
            inbox: None,
            next_status: now.after(STATUS_EVERY),
            next_inbox: now.after(INBOX_EVERY),
            started: false,
            window: super::plan::keep::FIRST,
        }
    }

    /// Works until told to stop, until all is done, or until the link breaks.
    pub(super) async fn work(&mut self) -> Result<Ended, SyncError> {
        self.first_flight().await?;
        loop {
            if self.desk.signal.is_stopped() || self.desk.signal.is_offline() {
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
        if self.desk.signal.is_stopped() || self.desk.signal.is_offline() {
            return Ok(true);
        }
        let now = self.desk.env.clock.monotonic();
        if self.aim == Aim::Stay && now >= self.next_inbox && !self.is_inbox_open() {
            return Ok(true);
        }
        let (key, wall) = (self.desk.key, self.desk.store.now());
        self.desk.read(|reader| {
            Ok(!requests::open(reader, key)?.is_empty()
                || journal::waiting(reader, key, wall)?
                    .iter()
                    .filter(|waiting| waiting.uid.is_some())
                    .filter_map(|waiting| waiting.operation.mailbox)
                    .any(|mailbox| !self.shut.contains(&mailbox)))
        })
    }

    fn is_inbox_open(&self) -> bool {
        self.selected
            .as_ref()
            .is_some_and(|selected| Some(selected.mailbox) == self.inbox)
    }

    /// What goes out after sign-in in one flight, and the newest envelopes of INBOX as soon as
    /// SELECT has answered (five round trips in all, see [`super::plan::open`]).
    async fn first_flight(&mut self) -> Result<(), SyncError> {
        let known = self.mailboxes()?;
        let inbox_first = self.wants_inbox() && (known.is_empty() || self.find_inbox(&known));
        let mut steps: VecDeque<(FirstStep, Tag)> = VecDeque::new();
        for step in first_flight(&self.talk.abilities(), inbox_first) {
            let tag = self.submit_first(step);
            steps.push_back((step, tag));
        }
        let mut listing = Listing::default();
        let mut seen = SelectSeen::default();
        let mut complete = true;
        while let Some(&(step, tag)) = steps.front() {
            match self.talk.next_for(tag).await? {
                Step::Event(event) => {
                    seen.hear(&event);
                    listing.hear(event, step == FirstStep::Lsub);
                }
                Step::Done(done, reply) if done == tag => {
                    steps.pop_front();
                    match step {
                        FirstStep::SelectInbox { .. } if reply.is_ok() => {
                            let inbox = self.ensure_inbox(known.is_empty()).await?;
                            let seen = std::mem::take(&mut seen);
                            self.enter(inbox, "INBOX".to_owned(), seen, &reply).await?;
                            complete &= self.first_screen(&mut steps, &mut listing).await?;
                        }
                        FirstStep::List { .. } => complete &= reply.is_ok(),
                        FirstStep::SelectInbox { .. }
                        | FirstStep::Id
                        | FirstStep::Namespace
                        | FirstStep::Lsub => {}
                    }
                }
                Step::Done(..) | Step::Chunk { .. } => {}
            }
        }
        if complete && !listing.listed.is_empty() {
            self.record(listing).await?;
        }
        self.plan_day().await
    }

    fn submit_first(&mut self, step: FirstStep) -> Tag {
        let status = if self.talk.abilities().list_status {
            self.status_items()
        } else {
            Vec::new()
        };
        let all = || MailboxName::from_stored("*");
        self.talk.submit(match step {
            FirstStep::Id => Command::Id(vec![
                ("name".to_owned(), "lacebark".to_owned()),
                ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ]),
            FirstStep::SelectInbox { condstore } => Command::Select {
                mailbox: MailboxName::from_stored("INBOX"),
                condstore,
            },
            FirstStep::Namespace => Command::Namespace,
            FirstStep::List {
                subscribed,
                special_use,
                ..
            } => Command::List {
                reference: MailboxName::default(),
                pattern: all(),
                special_use,
                subscribed,
                status,
            },
            FirstStep::Lsub => Command::Lsub {
                reference: MailboxName::default(),
                pattern: all(),
            },
        })
    }

    fn status_items(&self) -> Vec<StatusItem> {
        let mut items = vec![
            StatusItem::Messages,
            StatusItem::Unseen,
            StatusItem::UidNext,
            StatusItem::UidValidity,
        ];
        if self.talk.abilities().condstore {
            items.push(StatusItem::HighestModSeq);
        }
        items
    }

    /// The newest envelopes of a mailbox that the store knows nothing of, while the rest of the
    /// first flight is still under way: its answers come first and are passed on. False if the
    /// server refused to list its mailboxes meanwhile.
    async fn first_screen(
        &mut self,
        steps: &mut VecDeque<(FirstStep, Tag)>,
        listing: &mut Listing,
    ) -> Result<bool, SyncError> {
        let exists = self.talk.exists();
        let Some(selected) = self.selected.clone() else {
            return Ok(true);
        };
        if exists == 0 || !self.local(&selected)?.known.is_empty() {
            return Ok(true);
        }
        let low = exists.saturating_sub(FIRST_WINDOW - 1).max(1);
        let tag = self.fetch(SequenceSet::Seq(low, exists));
        let all = UidSet::range(1, u32::MAX);
        let mut arrived = Vec::new();
        let mut complete = true;
        loop {
            match self.talk.next().await? {
                // What was asked for is not more than this, whatever comes.
                Step::Event(Event::Fetched(data))
                    if arrived.len() < FIRST_WINDOW as usize && is_asked(&data, &all) =>
                {
                    arrived.extend(super::glue::arrived(*data));
                }
                Step::Event(event @ Event::Fetched(_)) => self.talk.overhear(&event),
                Step::Event(event) => {
                    let lsub = matches!(steps.front(), Some((FirstStep::Lsub, _)));
                    listing.hear(event, lsub);
                }
                Step::Done(done, reply) if done == tag => {
                    if !reply.is_ok() {
                        return Err(self.talk.refused("give envelopes", reply));
                    }
                    let count = arrived.len() as u64;
                    self.write_window(&selected, arrived, (count, u64::from(exists)))
                        .await?;
                    if let Some(open) = &mut self.selected
                        && let Look::Selected { modseq } = open.look
                    {
                        open.look = Look::Begun { modseq };
                    }
                    self.first_round_trips = Some(self.talk.counters().round_trips);
                    return Ok(complete);
                }
                Step::Done(done, reply) => {
                    let list = |step: &FirstStep| matches!(step, FirstStep::List { .. });
                    complete &= reply.is_ok()
                        || !steps.iter().any(|(step, tag)| *tag == done && list(step));
                    steps.retain(|(_, tag)| *tag != done);
                }
                Step::Chunk { .. } => {}
            }
        }
    }

    /// Writes the list of mailboxes. A list without INBOX is not whole.
    async fn record(&mut self, listing: Listing) -> Result<(), SyncError> {
        let mut rows = listing.rows();
        if !rows.iter().any(|row| row.name == "INBOX") {
            tracing::warn!(account = %self.desk.account.id, "LIST named no INBOX");
            return Ok(());
        }
        let key = self.desk.key;
        let before = self.mailboxes()?;
        let unlisted = self.unlisted(&before, &rows).await?;
        rows.extend(unlisted);
        let lost = self
            .desk
            .bulk(move |tx| {
                dropping(tx, key, |tx| {
                    mailboxes::record_list(tx, key, &rows).map(|_| ())
                })
            })
            .await?;
        self.tell_lost(lost, "a deleted mailbox").await?;
        let said: BTreeMap<String, Counts> = listing
            .status
            .iter()
            .map(|(name, status)| (wire_name(name), counts(status)))
            .collect();
        let before: BTreeMap<MailboxKey, Counts> =
            before.iter().map(|old| (old.key, ours(old))).collect();
        for mailbox in self.mailboxes()? {
            let Some(base) = &mailbox.base else { continue };
            let status = said.get(&base.name).copied();
            let ours = before.get(&mailbox.key).copied().unwrap_or_default();
            let due =
                status.is_none_or(|theirs| is_due(&ours, &theirs) || mailbox.synced.is_none());
            if due {
                self.due.insert(mailbox.key);
            }
        }
        Ok(())
    }

    /// Mailboxes that the list leaves out and the server still has: one line that was lost or a
    /// store that is away for a while deletes nothing here (SAFETY P8).
    async fn unlisted(
        &mut self,
        known: &[Mailbox],
        rows: &[mailboxes::Listed],
    ) -> Result<Vec<mailboxes::Listed>, SyncError> {
        let listed: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let items = [StatusItem::Messages, StatusItem::UidValidity];
        let mut asked = Vec::new();
        for mailbox in known {
            let Some(base) = &mailbox.base else { continue };
            if listed.contains(base.name.as_str()) || !base.selectable() {
                continue;
            }
            let tag = self.talk.submit(Command::Status {
                mailbox: MailboxName::from_stored(&base.name),
                items: items.to_vec(),
            });
            asked.push((tag, mailbox, base));
        }
        let mut found = Vec::new();
        for (tag, mailbox, base) in asked {
            let (reply, events) = self.talk.finish(tag).await?;
            let told = |event: &Event| matches!(event, Event::Status(_));
            if is_for_now(&reply) || reply.is_ok() && events.iter().any(told) {
                found.push(mailboxes::Listed {
                    name: base.name.clone(),
                    shown: mailbox.name.clone().unwrap_or_default(),
                    delimiter: base.delimiter,
                    attributes: base.attributes.clone(),
                    subscribed: base.subscribed,
                    role: mailbox.role,
                    ..mailboxes::Listed::default()
                });
            }
            events.iter().for_each(|event| self.talk.overhear(event));
        }
        Ok(found)
    }

    /// What is to be done in this session, from the store's list of mailboxes.
    async fn plan_day(&mut self) -> Result<(), SyncError> {
        let mailboxes = self.mailboxes()?;
        self.find_inbox(&mailboxes);
        if !self.started && self.wants_inbox() {
            self.due.extend(self.inbox);
        }
        self.started = true;
        let wanted = self.wanted(&mailboxes)?;
        self.due.retain(|key| wanted.contains(key));
        if self.aim != Aim::Stay {
            self.due = wanted.into_iter().collect();
        }
        Ok(())
    }

    fn wants_inbox(&self) -> bool {
        match &self.aim {
            Aim::Once(Work::Mailbox(name)) => name.eq_ignore_ascii_case("INBOX"),
            Aim::Once(Work::Errands) => false,
            Aim::Once(Work::All) | Aim::Stay => {
                self.desk.account.offline_of("INBOX") != Offline::None
            }
        }
    }

    fn find_inbox(&mut self, mailboxes: &[Mailbox]) -> bool {
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
        let any_subscribed = mailboxes
            .iter()
            .any(|m| m.subscribed && Some(m.key) != self.inbox);
        Ok(mailboxes
            .iter()
            .filter(selectable)
            .filter(|m| m.subscribed || !any_subscribed)
            .filter(|m| self.policy(m) != Offline::None)
            .map(|m| m.key)
            .collect())
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
            Err(error @ SyncError::Refused { .. }) if Some(mailbox) != self.inbox => {
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
                self.shut.insert(mailbox);
                let text = error.to_string();
                self.desk
                    .tell(Severity::Warning, "mailbox", text, "")
                    .await?;
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    async fn ensure_inbox(&mut self, make: bool) -> Result<MailboxKey, SyncError> {
        let key = self.desk.key;
        if make {
            let line = mailboxes::Listed {
                name: "INBOX".to_owned(),
                shown: "INBOX".to_owned(),
                subscribed: true,
                role: Some(Role::Inbox),
                ..mailboxes::Listed::default()
            };
            self.desk
                .bulk(move |tx| mailboxes::record_list(tx, key, &[line]).map(|_| ()))
                .await?;
        }
        let mailboxes = self.mailboxes()?;
        self.find_inbox(&mailboxes);
        self.inbox
            .ok_or_else(|| self.no_mailbox("INBOX".to_owned()))
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
        self.answered(done).await
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

    /// Asks the other mailboxes for their counts, all in one flight.
    async fn poll_others(&mut self) -> Result<(), SyncError> {
        self.next_status = self.desk.env.clock.monotonic().after(STATUS_EVERY);
        self.shut.clear();
        let mailboxes = self.mailboxes()?;
        let items = self.status_items();
        let mut asked = Vec::new();
        for mailbox in &mailboxes {
            let open = self.selected.as_ref().map(|s| s.mailbox) == Some(mailbox.key);
            if let Some(base) = mailbox.base.as_ref().filter(|b| b.selectable() && !open) {
                asked.push(self.talk.submit(Command::Status {
                    mailbox: MailboxName::from_stored(&base.name),
                    items: items.clone(),
                }));
            }
        }
        for tag in asked {
            let (_, events) = self.talk.finish(tag).await?;
            for event in events {
                match event {
                    Event::Status(status) => self.note_status(&mailboxes, &status).await?,
                    event => self.talk.overhear(&event),
                }
            }
        }
        let wanted = self.wanted(&mailboxes)?;
        self.due.retain(|key| wanted.contains(key));
        Ok(())
    }

    async fn note_status(
        &mut self,
        mailboxes: &[Mailbox],
        status: &MailboxStatus,
    ) -> Result<(), SyncError> {
        let name = wire_name(&status.name);
        let Some(mailbox) = mailboxes
            .iter()
            .find(|m| m.base.as_ref().is_some_and(|base| base.name == name))
        else {
            return Ok(());
        };
        if is_due(&ours(mailbox), &counts(status)) {
            self.due.insert(mailbox.key);
        }
        let small = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok());
        let (key, counts) = (
            mailbox.key,
            StatusCounts {
                messages: small(status.messages),
                unseen: small(status.unseen),
            },
        );
        Ok(self
            .desk
            .bulk(move |tx| mailboxes::record_status(tx, key, counts))
            .await?)
    }
}

/// What STATUS says, as the plan reads it.
fn counts(status: &MailboxStatus) -> Counts {
    Counts {
        messages: status.messages,
        unseen: status.unseen,
        uid_next: status.uid_next,
        validity: status.uid_validity.map(|UidValidity(n)| n),
        modseq: status.highest_modseq,
    }
}

/// What the last pull left, in the same terms.
fn ours(mailbox: &Mailbox) -> Counts {
    let base = mailbox.base.as_ref();
    Counts {
        messages: Some(mailbox.total),
        unseen: Some(mailbox.unread),
        uid_next: base.and_then(|b| b.uidnext).map(u64::from),
        validity: base.and_then(|b| b.uidvalidity).map(|UidValidity(n)| n),
        modseq: base.and_then(|b| b.highestmodseq),
    }
}
