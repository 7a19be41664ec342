//! What waits to be sent: handed to the submission server at most once.
//!
//! A row is marked as begun before MAIL, and once more, synced to the disk, before the dot that ends
//! the message can leave (SAFETY R1). A link that breaks before that leaves it waiting; one that
//! breaks after it leaves it unsure, and then only the server's own copy in Sent, or a person, moves
//! it on. The copy for Sent is an operation of its own, written in the transaction of the verdict.
//!
//! The link stands apart from the one that reads, so that neither waits for the other. Only the
//! owner of the account's lock sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::config::providers::Providers;
use crate::config::{Auth, SentCopy};
use crate::model::{Delivery, MailboxKey, OperationId, OperationState, Role, Secret, Severity};
use crate::net::smtp::Submission;
use crate::protocol::Time;
use crate::store::outgoing::{self, Ended, Filing, Outgoing};
use crate::store::{StoreError, accounts, mailboxes};

use super::desk::Desk;
use super::plan::backoff::{self, Ended as Why};
use super::plan::submit::{self, Letter, Plan};
use super::{SyncError, submission};

/// From the dial to the end of the sign-in.
const CONNECT: Duration = Duration::from_secs(80);
/// Octets read from the store at a time.
const PIECE: u64 = 256 << 10;
/// How far a message is, is written down so often at most.
const TELL: Duration = Duration::from_millis(500);
/// How long the verdict on a message is waited for once the end was asked for.
const GRACE: Duration = Duration::from_secs(2);
/// A store that takes no writes is tried again after this.
const STORE_AGAIN: Duration = Duration::from_secs(30);
/// So long the first list of mailboxes is waited for, which says where copies go.
const LISTING: Duration = Duration::from_secs(20);
/// Nothing sleeps longer, as the wall clock may be set.
const LONGEST: i64 = 3600;

/// The topic of notices that a link ends.
const LINK: &str = "sending";
/// The topic of notices about what may have been sent.
pub(super) const UNSURE: &str = "unsure";

/// Sends what waits for one account.
pub(super) struct Outbox {
    desk: Arc<Desk>,
    /// Who files copies.
    copies: SentCopy,
    began: Time,
    failures: u32,
    lost: Option<Time>,
    /// No try before this, unless somebody wants one.
    rest: Option<Time>,
    /// The password that was refused, if one was known: not tried again.
    refused: Option<Option<Secret>>,
    urged: u64,
    told: bool,
}

/// What a try came to.
enum Outcome {
    /// The server said so, for each recipient.
    Answered(Vec<(usize, Delivery)>),
    /// The person took it back before the dot left.
    Withdrawn,
    /// The link is lost.
    Lost(SyncError),
}

impl Outbox {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        let copies = match Providers::find() {
            Ok(providers) => desk.account.sent_copy_with(&providers),
            Err(error) => {
                tracing::warn!(%error, "it is not known whether the server files copies");
                desk.account.sent_copy.unwrap_or_default()
            }
        };
        Self {
            copies,
            began: desk.env.clock.monotonic(),
            urged: desk.signal.urged(),
            desk,
            failures: 0,
            lost: None,
            rest: None,
            refused: None,
            // Whoever sent before may have told of something.
            told: true,
        }
    }

    /// Sends until it is told to stop or to give the account up.
    pub(super) async fn run(mut self) {
        let desk = self.desk.clone();
        let clock = desk.env.clock.clone();
        let mut settled = false;
        while !desk.signal.is_stopped() && !desk.signal.is_away() {
            let told = desk.signal.told();
            let turn = async {
                if !settled {
                    self.settle().await?;
                    settled = true;
                }
                self.turn().await
            };
            let until = match turn.await {
                Ok(until) => until,
                Err(error) => {
                    tracing::error!(account = %desk.account.id, %error, "nothing can be sent");
                    Some(clock.monotonic().after(STORE_AGAIN))
                }
            };
            let time = async {
                match until {
                    Some(until) => clock.sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = told => {}
                () = time => {}
            }
        }
    }

    /// Whether something is to be sent now, or may have been begun by who ended.
    pub(super) fn has_due(&self) -> Result<bool, SyncError> {
        let begun = |out: &Outgoing| matches!(out.state, OperationState::InFlight { .. });
        let all = self.all()?;
        Ok(all.iter().any(begun) || !self.due(&all).is_empty())
    }

    /// Sends what is due now, over one link.
    pub(super) async fn once(&mut self) -> Result<(), SyncError> {
        self.settle().await?;
        let due = self.due(&self.all()?);
        match due.is_empty() {
            true => Ok(()),
            false => self.deliver(due).await,
        }
    }

    /// What the last owner had begun is judged before anything is sent.
    async fn settle(&self) -> Result<(), SyncError> {
        let key = self.desk.key;
        let settle = move |tx: &crate::store::Tx<'_>| outgoing::unsettle(tx, key).map(|_| ());
        Ok(self.desk.durable(settle).await?)
    }

    fn all(&self) -> Result<Vec<Outgoing>, SyncError> {
        let key = self.desk.key;
        self.desk.read(|reader| outgoing::list(reader, Some(key)))
    }

    fn due(&self, all: &[Outgoing]) -> Vec<Outgoing> {
        let now = self.desk.store.now();
        let due = all.iter().filter(|out| out.is_due(now));
        due.cloned().collect()
    }

    /// Does what can be done now; until when there is nothing more.
    async fn turn(&mut self) -> Result<Option<Time>, SyncError> {
        let desk = self.desk.clone();
        if desk.signal.ends_link() || desk.is_out() {
            return Ok(None);
        }
        let urged = desk.signal.urged();
        if std::mem::replace(&mut self.urged, urged) != urged {
            self.rest = None;
            self.refused = None;
        }
        let all = self.all()?;
        self.settle_unsure(&all).await?;
        let due = self.due(&all);
        let now = desk.env.clock.monotonic();
        if due.is_empty() {
            return Ok(self.next(&all, now));
        }
        if let Some(rest) = self.rest.filter(|rest| *rest > now) {
            return Ok(Some(rest));
        }
        if self
            .refused
            .as_ref()
            .is_some_and(|secret| *secret == desk.known())
        {
            return Ok(None);
        }
        if self.awaits_listing()? {
            let listed = self.began.after(LISTING);
            if now < listed {
                return Ok(Some(listed));
            }
        }
        match self.deliver(due).await {
            // There may be more by now.
            Ok(()) => Ok(Some(now)),
            Err(error) => self.rest(error, now).await,
        }
    }

    /// When the next one is due.
    fn next(&self, all: &[Outgoing], now: Time) -> Option<Time> {
        let wall = self.desk.store.now();
        let wakes = all.iter().filter_map(|out| out.wakes(wall)).min()?;
        let seconds = wakes.saturating_sub(wall).clamp(0, LONGEST);
        Some(now.after(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
    }

    /// Once nothing is unsure any more, nobody has to look into it: it was found in Sent, or a person
    /// has chosen.
    async fn settle_unsure(&mut self, all: &[Outgoing]) -> Result<(), SyncError> {
        let unsure = all.iter().any(|out| out.state == OperationState::Unsure);
        if !unsure && std::mem::take(&mut self.told) {
            self.desk.settle(&[UNSURE]).await?;
        }
        Ok(())
    }

    fn sent_mailbox(&self) -> Result<Option<MailboxKey>, SyncError> {
        let key = self.desk.key;
        let found = self
            .desk
            .read(|reader| mailboxes::by_role(reader, key, Role::Sent))?;
        Ok(found.map(|mailbox| mailbox.key))
    }

    /// What becomes of copies.
    fn filing(&self) -> Result<Filing, SyncError> {
        Ok(match self.copies {
            SentCopy::Server => Filing::Nowhere,
            SentCopy::Append => match self.sent_mailbox()? {
                Some(mailbox) => Filing::Into(mailbox),
                None if self.awaits_listing()? => Filing::Later,
                None => Filing::Nowhere,
            },
        })
    }

    /// Whether copies are to be filed and no mailbox is known yet.
    pub(super) fn awaits_listing(&self) -> Result<bool, SyncError> {
        if self.copies == SentCopy::Server {
            return Ok(false);
        }
        let key = self.desk.key;
        let known = self.desk.read(|reader| mailboxes::all(reader, key))?;
        Ok(known.is_empty())
    }

    /// Connects and hands over one message after the other.
    async fn deliver(&mut self, due: Vec<Outgoing>) -> Result<(), SyncError> {
        let mut talk = match self.connect().await {
            Ok(talk) => talk,
            Err(error) => {
                self.hold(&due, &error).await?;
                return Err(error);
            }
        };
        (self.failures, self.lost, self.rest, self.refused) = (0, None, None, None);
        self.desk.settle(&[LINK]).await?;
        let (key, most) = (self.desk.key, talk.offers().most());
        self.desk
            .bulk(move |tx| accounts::note_takes(tx, key, most))
            .await?;
        for (at, out) in due.iter().enumerate() {
            if at > 0 {
                talk.reset().await.map_err(SyncError::from)?;
            }
            // A link on which a message was broken off is dropped without a word.
            if !self.send(&mut talk, out).await? {
                return Ok(());
            }
        }
        talk.quit().await;
        Ok(())
    }

    async fn connect(&self) -> Result<Submission, SyncError> {
        let desk = &self.desk;
        submission::endpoint(&desk.account)?;
        let known = desk.known().filter(|_| desk.account.auth == Auth::Password);
        let signed_in = async {
            let secret = match known {
                Some(secret) => secret,
                None => desk.env.password(&desk.account).await?,
            };
            submission::sign_in(&desk.env, &desk.account, &secret).await
        };
        let clock = &desk.env.clock;
        let late = clock.sleep_until(clock.monotonic().after(CONNECT));
        tokio::select! {
            talk = signed_in => talk,
            () = late => Err(SyncError::Late {
                what: format!("signing in to send for {}", desk.account.id),
                seconds: CONNECT.as_secs(),
            }),
            () = desk.signal.wait_for_end() => Err(SyncError::Stopped),
        }
    }

    /// Notes at each message why it waits.
    async fn hold(&self, due: &[Outgoing], error: &SyncError) -> Result<(), SyncError> {
        let why = error.to_string();
        let ids: Vec<OperationId> = due
            .iter()
            .filter(|out| out.why != why)
            .map(|out| out.operation)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let hold = move |tx: &crate::store::Tx<'_>| outgoing::held(tx, &ids, &why);
        Ok(self.desk.durable(hold).await?)
    }

    /// How long to rest after a link that failed, and who is told.
    async fn rest(&mut self, error: SyncError, began: Time) -> Result<Option<Time>, SyncError> {
        let desk = self.desk.clone();
        let now = desk.env.clock.monotonic();
        if matches!(error, SyncError::Stopped) {
            return Ok(None);
        }
        if let SyncError::Store(error) = error {
            return Err(error.into());
        }
        if error.is_sign_in() || error.needs_person() {
            let text = format!("Nothing is sent for {}: {error}", desk.account.id);
            desk.tell(Severity::Attention, LINK, text, error.hint())
                .await?;
            self.refused = Some(desk.known());
            return Ok(None);
        }
        self.failures = backoff::failures(self.failures, now.since(began));
        let lost = *self.lost.get_or_insert(now);
        let why = if error.is_limit() {
            Why::Limited
        } else if error.is_unreachable() {
            Why::Unreachable
        } else {
            Why::Refused
        };
        let wait = backoff::wait(why, self.failures, now.since(lost), desk.jitter());
        if self.failures == 1 {
            let text = format!("Mail of {} waits: {error}", desk.account.id);
            let hint = "It is sent as soon as there is a connection.";
            desk.tell(Severity::Warning, LINK, text, hint).await?;
        }
        self.rest = Some(now.after(wait));
        Ok(self.rest)
    }

    /// Hands one message over. False if the link is not to be used any more.
    async fn send(&mut self, talk: &mut Submission, out: &Outgoing) -> Result<bool, SyncError> {
        let id = out.operation;
        if !self.desk.durable(move |tx| outgoing::begin(tx, id)).await? {
            return Ok(true);
        }
        let letter = Letter {
            sender: &out.sender,
            to: out.open().collect(),
            size: out.size,
            eight_bit: out.eight_bit,
            utf8: out.utf8,
        };
        let plan = submit::plan(&letter, talk.offers());
        let left = AtomicBool::new(false);
        let outcome = tokio::select! {
            biased;
            outcome = self.submit(talk, out, plan, &left) => outcome,
            () = self.overdue(&left) => Outcome::Lost(SyncError::Stopped),
        };
        match outcome {
            Outcome::Answered(results) => {
                self.answered(out, results).await?;
                Ok(true)
            }
            Outcome::Withdrawn => Ok(false),
            Outcome::Lost(error) => {
                self.lost(out, &error).await?;
                Err(error)
            }
        }
    }

    /// Waits until the end was asked for; a verdict that is owed gets a moment more.
    async fn overdue(&self, left: &AtomicBool) {
        self.desk.signal.wait_for_end().await;
        if left.load(Ordering::Relaxed) {
            tokio::time::sleep(GRACE).await;
        }
    }

    async fn submit(
        &self,
        talk: &mut Submission,
        out: &Outgoing,
        plan: Plan,
        left: &AtomicBool,
    ) -> Outcome {
        match self.handed_over(talk, out, plan, left).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Lost(error),
        }
    }

    async fn handed_over(
        &self,
        talk: &mut Submission,
        out: &Outgoing,
        plan: Plan,
        left: &AtomicBool,
    ) -> Result<Outcome, SyncError> {
        let mut results = plan.refused;
        let Some(envelope) = plan.envelope else {
            return Ok(Outcome::Answered(results));
        };
        let said = talk.envelope(envelope).await?;
        let (taken, others) = submit::addressed(&plan.named, &said);
        results.extend(others);
        if taken.is_empty() {
            return Ok(Outcome::Answered(results));
        }
        let go_on = talk.data().await?;
        if !go_on.is_more() {
            results.extend(submit::verdict(&taken, &go_on));
            return Ok(Outcome::Answered(results));
        }
        self.bytes(talk, out).await?;
        let id = out.operation;
        if !self.desk.durable(move |tx| outgoing::dot(tx, id)).await? {
            return Ok(Outcome::Withdrawn);
        }
        left.store(true, Ordering::Relaxed);
        let verdict = talk.end().await?;
        results.extend(submit::verdict(&taken, &verdict));
        Ok(Outcome::Answered(results))
    }

    /// The message without its dot, piece by piece.
    async fn bytes(&self, talk: &mut Submission, out: &Outgoing) -> Result<(), SyncError> {
        let clock = &self.desk.env.clock;
        let (mut done, mut told) = (0, clock.monotonic());
        while done < out.size {
            let end = (done + PIECE).min(out.size);
            let piece = self
                .desk
                .read(|reader| outgoing::octets(reader, out, done, end))?;
            if piece.is_empty() {
                return Err(StoreError::Missing {
                    what: "rest of the frozen message",
                    key: out.operation.0,
                }
                .into());
            }
            talk.piece(piece).await?;
            done = end;
            if clock.monotonic().since(told) >= TELL {
                told = clock.monotonic();
                let id = out.operation;
                self.desk
                    .bulk(move |tx| outgoing::progress(tx, id, done))
                    .await?;
            }
        }
        Ok(())
    }

    /// Writes the server's words down, and tells what a person has to know.
    async fn answered(
        &self,
        out: &Outgoing,
        mut results: Vec<(usize, Delivery)>,
    ) -> Result<(), SyncError> {
        let now = self.desk.store.now();
        let age = now.saturating_sub(out.later.unwrap_or(out.queued));
        submit::worn_out(&mut results, age);
        let again = now.saturating_add(submit::put_off(age));
        let (id, filing, kept) = (out.operation, self.filing()?, results.clone());
        let ended = self
            .desk
            .durable(move |tx| outgoing::answered(tx, id, &kept, again, filing))
            .await?;
        let subject = &out.subject;
        let taken = |(_, one): &(usize, Delivery)| *one == Delivery::Taken;
        if out.sent.is_none() && results.iter().any(taken) {
            self.tell_of_copy(filing, subject).await?;
        }
        match ended {
            Ended::Sent => {
                let text = format!("Sent: \"{subject}\"");
                self.desk.tell(Severity::Note, "sent", text, "").await
            }
            Ended::Later => {
                let words = words_of(&results);
                let text =
                    format!("\"{subject}\" is tried again later: the server says \"{words}\"");
                self.desk.tell(Severity::Warning, "put-off", text, "").await
            }
            Ended::Refused => {
                let words = words_of(&results);
                let text = format!("\"{subject}\" was not sent: the server says \"{words}\"");
                let hint = "It waits in the outbox: mend it, retry or drop it.";
                self.desk
                    .tell(Severity::Attention, "operation", text, hint)
                    .await
            }
            Ended::Gone => Ok(()),
        }
    }

    /// A copy was to be filed, and there is no place for it, or none yet.
    async fn tell_of_copy(&self, filing: Filing, subject: &str) -> Result<(), SyncError> {
        let id = &self.desk.account.id;
        let (text, hint) = match (filing, self.copies) {
            (Filing::Into(_), _) | (_, SentCopy::Server) => return Ok(()),
            (Filing::Later, SentCopy::Append) => (
                format!(
                    "\"{subject}\" was sent; its copy is filed as soon as the folders of {id} are \
                     known."
                ),
                "`lacebark sync` asks the server for them.",
            ),
            (Filing::Nowhere, SentCopy::Append) => (
                format!(
                    "\"{subject}\" was sent, but no copy of it was kept: {id} has no folder for sent \
                     mail."
                ),
                "Make one called Sent, or name one in the settings: role = \"sent\".",
            ),
        };
        self.desk
            .tell(Severity::Warning, "no-copy", text, hint)
            .await
    }

    /// The link ended without a word on the message.
    async fn lost(&mut self, out: &Outgoing, error: &SyncError) -> Result<(), SyncError> {
        let (id, now) = (out.operation, self.desk.store.now());
        self.desk
            .durable(move |tx| outgoing::lost(tx, id, now).map(|_| ()))
            .await?;
        let found = self.desk.read(|reader| outgoing::find(reader, id))?;
        if found.is_none_or(|out| out.state != OperationState::Unsure) {
            return Ok(());
        }
        self.told = true;
        let text = format!(
            "It is not known whether \"{}\" was sent: {error}",
            out.subject
        );
        let hint = "It is not sent again by itself. Ask a recipient, then retry or drop it.";
        self.desk
            .tell(Severity::Attention, UNSURE, text, hint)
            .await
    }
}

/// The first words of a refusal.
fn words_of(results: &[(usize, Delivery)]) -> String {
    results
        .iter()
        .find_map(|(_, delivery)| match delivery {
            Delivery::Deferred(reply) | Delivery::Refused(reply) => Some(reply.to_string()),
            Delivery::Waiting | Delivery::Taken => None,
        })
        .unwrap_or_default()
}
