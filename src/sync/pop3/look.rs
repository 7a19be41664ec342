//! One look at a maildrop, from the list to QUIT.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::config::Maildrop;
use crate::model::journal::Cause;
use crate::model::maildrop::{Digest, Seen, SeenKey, State};
use crate::model::{
    ContentKey, LinkState, MailboxKey, Offline, OnServer, OperationId, RequestId, Role, Severity,
};
use crate::store::requests::{self, Asked, Progress};
use crate::store::{Tx, accounts, mailboxes, maildrop, verdicts};

use super::super::SyncError;
use super::super::desk::{Desk, Tally};
use super::super::once::Work;
use super::super::plan::maildrop as plan;
use super::super::worker::Aim;
use super::dialogue::Talk;
use super::load::Job;

/// After so many new messages the server is asked again at once: some list only a slice.
const SLICE: u64 = 50;
/// What left the server so long ago is forgotten, in seconds.
const REMEMBERED: i64 = 90 * 86_400;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// A signed-in connection and what is known of its maildrop.
pub(in crate::sync) struct Look<'a> {
    pub(super) desk: &'a Desk,
    pub(super) talk: Talk,
    maildrop: &'a Maildrop,
    aim: Aim,
    pub(in crate::sync) tally: Tally,
    pub(super) inbox: MailboxKey,
    pub(super) known: Vec<Seen>,
    pub(super) sorted: plan::Sorted,
    pub(super) sizes: BTreeMap<u32, u64>,
    /// What came over this connection, whole.
    pub(super) came: BTreeSet<SeenKey>,
    /// Headers that were asked for to know messages again.
    pub(super) heads: BTreeMap<u32, Digest>,
    /// The missing messages by their headers, once that is asked.
    pub(super) missing_heads: Option<BTreeMap<Digest, SeenKey>>,
    /// Which messages were found to be those that are meant, of those that were compared.
    pub(super) proof: BTreeMap<SeenKey, bool>,
    /// What the server took a DELE for.
    pub(super) leaving: Vec<SeenKey>,
    /// Syncs that were asked for.
    asked: Vec<RequestId>,
    /// Bytes that were asked for, and are not fetched yet.
    waiting: Vec<(RequestId, ContentKey)>,
    /// The message over which an earlier link broke.
    avoided: Option<Vec<u8>>,
    /// The message that was on its way when the link broke.
    pub(super) stumbled: Option<Vec<u8>>,
    /// Requests that a fetch under way answers.
    pub(super) serving: BTreeSet<RequestId>,
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) struct Looked {
    /// There may be more to fetch at once.
    pub(in crate::sync) more: bool,
    /// The least number of seconds until the next sign-in, if the server wants any.
    pub(in crate::sync) login_delay: Option<u32>,
    /// Messages that the server confirmed to have deleted.
    pub(in crate::sync) left: u64,
}

impl<'a> Look<'a> {
    /// Starts on a signed-in connection.
    pub(in crate::sync) fn new(
        desk: &'a Desk,
        talk: Talk,
        maildrop: &'a Maildrop,
        aim: Aim,
    ) -> Result<Self, SyncError> {
        let key = desk.key;
        let inbox = desk.read(|reader| mailboxes::by_role(reader, key, Role::Inbox))?;
        let inbox = inbox.ok_or_else(|| SyncError::NoMailbox {
            account: desk.account.id.clone(),
            mailbox: "INBOX".to_owned(),
        })?;
        Ok(Self {
            desk,
            talk,
            maildrop,
            aim,
            tally: Tally::default(),
            inbox: inbox.key,
            known: Vec::new(),
            sorted: plan::Sorted::default(),
            sizes: BTreeMap::new(),
            came: BTreeSet::new(),
            heads: BTreeMap::new(),
            missing_heads: None,
            proof: BTreeMap::new(),
            leaving: Vec::new(),
            asked: Vec::new(),
            waiting: Vec::new(),
            avoided: None,
            stumbled: None,
            serving: BTreeSet::new(),
        })
    }

    /// Leaves a message out, by the name that the server gives it.
    pub(in crate::sync) fn avoid(&mut self, name: Option<Vec<u8>>) {
        self.avoided = name;
    }

    /// The name of the message over which the link broke, if it has one.
    pub(in crate::sync) fn stumbled(&self) -> Option<Vec<u8>> {
        self.stumbled.clone()
    }

    /// Looks, fetches and deletes; QUIT comes apart.
    pub(in crate::sync) async fn work(&mut self) -> Result<(), SyncError> {
        if self.desk.signal.take().slept {
            return Err(SyncError::Slept);
        }
        self.desk.link(LinkState::Syncing, None, "").await?;
        self.list().await?;
        self.leave_out().await?;
        self.take_requests().await?;
        if self.aim == Aim::Once(Work::Errands) {
            let (bodies, _) = self.awaited_bodies()?;
            return self.load(bodies).await;
        }
        let policy = self.policy().await?;
        if self.sorted.asks_for_heads() && self.talk.offered().top {
            self.know_again(policy).await?;
        }
        let new = self.new_messages().await?;
        self.load(new).await?;
        let (bodies, lost) = self.awaited_bodies()?;
        self.load(bodies).await?;
        self.give_up(lost).await?;
        let bodies = self.wanted_bodies()?;
        self.load(bodies).await?;
        self.delete(policy).await
    }

    /// Ends the session, which is what makes the deletions final, and answers who asked for a sync.
    pub(in crate::sync) async fn quit(self) -> Result<Looked, SyncError> {
        let mut looked = Looked {
            left: 0,
            more: self.tally.new >= SLICE,
            login_delay: self.talk.offered().login_delay,
        };
        let (desk, key, inbox) = (self.desk, self.desk.key, self.inbox);
        let (asked, leaving, mut tally) = (self.asked, self.leaving, self.tally);
        let confirmed = self.talk.quit().await?;
        if confirmed {
            looked.left = u64::try_from(leaving.len()).unwrap_or(u64::MAX);
            tally.left = looked.left;
        }
        let words = tally.words();
        let whole = self.aim != Aim::Once(Work::Errands);
        let report = move |tx: &Tx<'_>| {
            if confirmed {
                maildrop::left(tx, &leaving)?;
            }
            for id in &asked {
                requests::report(tx, *id, &words)?;
            }
            if whole {
                maildrop::looked(tx, inbox)?;
                maildrop::forget_left(tx, key, tx.now().saturating_sub(REMEMBERED))?;
            }
            requests::expire(tx, key).map(|_| ())
        };
        desk.bulk(report).await?;
        Ok(looked)
    }

    /// Which messages there are, and which of them are known.
    async fn list(&mut self) -> Result<(), SyncError> {
        let (count, names) = self.talk.names().await?;
        let key = self.desk.key;
        self.known = self.desk.read(|reader| maildrop::all(reader, key))?;
        self.sorted = plan::sort(plan::entries(count, names), &self.known);
        Ok(())
    }

    /// The policy that holds: a change that takes more from the server than was agreed to waits for
    /// a person.
    async fn policy(&mut self) -> Result<OnServer, SyncError> {
        let (key, wanted) = (self.desk.key, self.maildrop.on_server);
        let (agreed, counts) = self.desk.read(|reader| {
            Ok((
                accounts::agreed(reader, key)?,
                maildrop::counts(reader, key)?,
            ))
        })?;
        let known = self.desk.agreed();
        if let (Some(agreed), Some(known)) = (agreed, known)
            && agreed != known
        {
            // It was changed while this process runs, and whoever did was asked.
            self.desk.set_agreed(agreed);
            self.desk.settle(&["on-server"]).await?;
            return Ok(agreed);
        }
        if let (Some(agreed), Some(_)) = (agreed, known) {
            return Ok(agreed);
        }
        self.desk.set_agreed(agreed.unwrap_or(wanted));
        let asks = agreed.is_some_and(|agreed| wanted.takes_more_than(agreed)) && counts.both > 0;
        if let (true, Some(agreed)) = (asks, agreed) {
            let id = &self.desk.account.id;
            let text = format!(
                "{id}: on_server was \"{agreed}\" and is \"{wanted}\" in the settings. {} {} messages \
                 that are on the server wait for your word; nothing is deleted until then.",
                wanted.words(),
                counts.both
            );
            let hint = format!("To agree: lacebark account on-server {id} {wanted}");
            let severity = Severity::Attention;
            self.desk.tell(severity, "on-server", text, hint).await?;
            return Ok(agreed);
        }
        if agreed != Some(wanted) {
            let agree = move |tx: &Tx<'_>| accounts::agree(tx, key, wanted);
            self.desk.durable(agree).await?;
            self.desk.set_agreed(wanted);
        }
        self.desk.settle(&["on-server"]).await?;
        Ok(wanted)
    }

    /// Takes what persons and other processes ask for.
    pub(super) async fn take_requests(&mut self) -> Result<(), SyncError> {
        let key = self.desk.key;
        for request in self.desk.read(|reader| requests::open(reader, key))? {
            let progress = match request.asked {
                // There is a connection, so that the password is right.
                Asked::SignIn => Progress::Done,
                Asked::Sync { .. } => {
                    // Who asked sees that this session ends, and looks itself.
                    if self.aim == Aim::Once(Work::Errands) {
                        continue;
                    }
                    self.asked.push(request.id);
                    Progress::Taken
                }
                // There is no such command.
                Asked::Search { .. } => Progress::Done,
                Asked::FetchBody { content, .. } => {
                    self.waiting.push((request.id, content));
                    Progress::Taken
                }
            };
            self.answer(request.id, progress).await?;
        }
        Ok(())
    }

    pub(super) async fn answer(
        &mut self,
        id: RequestId,
        progress: Progress,
    ) -> Result<(), SyncError> {
        let answer = move |tx: &Tx<'_>| requests::set_progress(tx, id, &progress);
        Ok(self.desk.durable(answer).await?)
    }

    /// The bytes that somebody waits for; who waits for what the server has not is told.
    pub(super) async fn asked_bodies(&mut self) -> Result<VecDeque<Job>, SyncError> {
        let mut jobs = VecDeque::new();
        for (id, content) in std::mem::take(&mut self.waiting) {
            let seen = self
                .desk
                .read(|reader| maildrop::of_content(reader, content))?;
            let met = seen.and_then(|seen| self.number(seen.key).map(|number| (number, seen.key)));
            match met {
                Some((number, key)) => {
                    self.serving.insert(id);
                    jobs.push_back(Job::Body {
                        number,
                        key,
                        content,
                        request: Some(id),
                    });
                }
                None => {
                    let why = match self.avoided {
                        Some(_) => "the server broke the link while it gave the message",
                        None => "the message is not on the server any more",
                    };
                    let why = why.to_owned();
                    self.answer(id, Progress::Failed { why }).await?;
                }
            }
        }
        Ok(jobs)
    }

    /// What uploads to other accounts wait for; and the uploads whose message is not listed.
    fn awaited_bodies(&self) -> Result<(VecDeque<Job>, Vec<OperationId>), SyncError> {
        let key = self.desk.key;
        let (mut jobs, mut lost) = (VecDeque::new(), Vec::new());
        let mut asked: BTreeSet<ContentKey> =
            self.waiting.iter().map(|(_, content)| *content).collect();
        for one in self.desk.read(|reader| maildrop::awaited(reader, key))? {
            match self.number(one.key) {
                Some(number) if asked.insert(one.content) => jobs.push_back(Job::Body {
                    number,
                    key: one.key,
                    content: one.content,
                    request: None,
                }),
                Some(_) => {}
                None => lost.push(one.upload),
            }
        }
        Ok((jobs, lost))
    }

    /// Uploads that wait for bytes that the server does not list any more wait for a person. One over
    /// which the link broke is left out of this look alone.
    async fn give_up(&mut self, lost: Vec<OperationId>) -> Result<(), SyncError> {
        if lost.is_empty() || self.avoided.is_some() {
            return Ok(());
        }
        let why = format!(
            "only its header is here, and {} does not list the message any more",
            self.talk.host()
        );
        let fail = move |tx: &Tx<'_>| {
            let mut lost = lost.iter();
            lost.try_for_each(|id| verdicts::fail(tx, *id, &why, Cause::Refused))
        };
        Ok(self.desk.durable(fail).await?)
    }

    fn number(&self, key: SeenKey) -> Option<u32> {
        let met = self.sorted.met.iter().find(|met| met.key == key);
        met.map(|met| met.number)
    }

    /// Takes the message that is to be avoided from those that are fetched.
    async fn leave_out(&mut self) -> Result<(), SyncError> {
        let Some(name) = &self.avoided else {
            return Ok(());
        };
        let named = |entry: &plan::Entry| entry.uidl.as_ref() == Some(name);
        self.sorted.strangers.retain(|entry| !named(entry));
        let mut known = self.known.iter();
        let known = known.find(|seen| seen.uidl.as_ref() == Some(name));
        let key = known.map(|seen| seen.key);
        self.sorted.met.retain(|met| Some(met.key) != key);
        let text = format!(
            "{} breaks the link while it gives the message \"{}\": it stays there.",
            self.talk.host(),
            String::from_utf8_lossy(name)
        );
        let hint = "All others were fetched. It is tried again by the next look.";
        self.desk.tell(Severity::Warning, "pop3", text, hint).await
    }

    /// Compares the headers of strangers with those of messages that are missing.
    async fn know_again(&mut self, policy: OnServer) -> Result<(), SyncError> {
        let nameless = |entry: &&plan::Entry| entry.uidl.is_none();
        // Where messages may be deleted, only all their bytes are proof enough of which they are.
        let numbers: VecDeque<Job> = match policy {
            OnServer::Keep => self.sorted.strangers.iter().map(Job::head).collect(),
            OnServer::Delete | OnServer::DeleteAfter(_) | OnServer::Mirror => {
                let strangers = self.sorted.strangers.iter();
                strangers.filter(nameless).map(Job::head).collect()
            }
        };
        self.load(numbers).await?;
        let renamed = plan::recognise(&mut self.sorted, &self.heads, &self.known);
        let named = renamed.iter().filter(|(_, uidl)| uidl.is_some()).count();
        let lost = self.known.iter().filter(|seen| seen.state == State::Left);
        let lost: BTreeSet<SeenKey> = lost.map(|seen| seen.key).collect();
        let key = self.desk.key;
        let rename = move |tx: &Tx<'_>| {
            let news =
                |(seen, uidl): &&(SeenKey, Option<Vec<u8>>)| uidl.is_some() || lost.contains(seen);
            for (seen, uidl) in renamed.iter().filter(news) {
                maildrop::rename(tx, key, *seen, uidl.as_deref())?;
            }
            Ok(())
        };
        self.desk.durable(rename).await?;
        if named > 0 {
            let text = format!(
                "{} gave {named} messages new names; they were known again by their headers.",
                self.talk.host()
            );
            self.desk.tell(Severity::Note, "pop3", text, "").await?;
        }
        Ok(())
    }

    /// The strangers, newest first: whole, or their headers alone.
    async fn new_messages(&mut self) -> Result<VecDeque<Job>, SyncError> {
        let strangers = std::mem::take(&mut self.sorted.strangers);
        if strangers.is_empty() {
            return Ok(VecDeque::new());
        }
        self.sizes = self.talk.sizes().await?;
        let headers_first = match self.desk.account.offline_of("INBOX") {
            Offline::None | Offline::Headers | Offline::Days(_) => true,
            Offline::All => false,
        };
        let most = self.maildrop.download_up_to.unwrap_or(u64::MAX);
        let top = self.talk.offered().top;
        let job = |entry: plan::Entry| {
            let size = self.sizes.get(&entry.number).copied().unwrap_or(0);
            match top && (headers_first || size > most) {
                true => Job::Header(entry),
                false => Job::New(entry),
            }
        };
        Ok(strangers.into_iter().rev().map(job).collect())
    }

    /// Bytes of messages of which only the header is here, as far as the policy wants them.
    fn wanted_bodies(&self) -> Result<VecDeque<Job>, SyncError> {
        let since = match self.desk.account.offline_of("INBOX") {
            Offline::None | Offline::Headers => return Ok(VecDeque::new()),
            Offline::Days(days) => self.desk.store.now() - i64::from(days) * DAY,
            Offline::All => i64::MIN,
        };
        let key = self.desk.key;
        let most = self.maildrop.download_up_to.unwrap_or(u64::MAX);
        let half = self
            .desk
            .read(|reader| maildrop::header_only(reader, key))?;
        if half.is_empty() {
            return Ok(VecDeque::new());
        }
        let numbers: BTreeMap<SeenKey, u32> = self
            .sorted
            .met
            .iter()
            .map(|met| (met.key, met.number))
            .collect();
        let wanted = half
            .into_iter()
            .filter(|one| one.arrival >= since && one.size <= most);
        Ok(wanted
            .filter_map(|one| {
                Some(Job::Body {
                    number: *numbers.get(&one.key)?,
                    key: one.key,
                    content: one.content,
                    request: None,
                })
            })
            .collect())
    }
}
