//! Carries out the pull plan: select, envelopes newest first, flags, expunges, renumbering.

use std::collections::{BTreeMap, VecDeque};

use crate::imap::{
    Code, Command, Content, Criterion, Event, FetchData, FetchItem, MailboxName, Reply, Section,
    SequenceSet,
};
use crate::mime::envelope;
use crate::model::{
    AccountKey, Envelope, MailboxKey, PartPath, Severity, Uid, UidSet, UidValidity,
};
use crate::protocol::Tag;
use crate::store::mailboxes::{Epoch, PermanentFlags};
use crate::store::messages::{Arrived, FlagsSeen};
use crate::store::{Ending, Pending, StoreError, Tx, journal, links, mailboxes, messages, mutes};

use super::SyncError;
use super::dialogue::Step;
use super::glue;
use super::plan::pull::{
    self, Difference, Doubt, FIRST_WINDOW, FlagsAsk, Local, Look, PullAsk, compare, is_borne_out,
    is_renumbered, windows,
};
use super::plan::push::Permitted;
use super::worker::Worker;

/// A command's answer and what came with it.
pub(super) type Answered = (Reply, Vec<Event>);

/// The mailbox that is open on the connection.
#[derive(Clone, Debug)]
pub(super) struct Selected {
    pub(super) mailbox: MailboxKey,
    pub(super) name: String,
    pub(super) epoch: Epoch,
    pub(super) look: Look,
    pub(super) uid_next: Option<u32>,
    pub(super) permitted: Permitted,
}

/// What came between SELECT and its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct SelectSeen {
    validity: Option<UidValidity>,
    uid_next: Option<u32>,
    modseq: Option<u64>,
    permanent: Option<PermanentFlags>,
}

impl SelectSeen {
    pub(super) fn hear(&mut self, event: &Event) {
        let Event::Said {
            code: Some(code), ..
        } = event
        else {
            return;
        };
        match code {
            Code::UidValidity(validity) => self.validity = Some(*validity),
            Code::UidNext(next) => self.uid_next = u32::try_from(*next).ok().filter(|n| *n > 0),
            Code::HighestModSeq(modseq) => self.modseq = Some(*modseq),
            Code::NoModSeq => self.modseq = None,
            Code::PermanentFlags {
                flags,
                new_keywords,
            } => {
                self.permanent = Some(PermanentFlags {
                    flags: flags.clone(),
                    any: *new_keywords,
                });
            }
            // The others say nothing about the mailbox as a whole.
            _ => {}
        }
    }
}

/// How many UIDs one pull takes on; a server can claim four billion.
const MOST: usize = 10_000_000;

/// Flags are written in slices of this many.
const FLAGS_SLICE: usize = 2_000;

/// Rows of a renumbering that one transaction pairs.
const ENDING_SLICE: usize = 200;

/// Windows of envelopes under way at once: while one is written, the next one comes.
/// Envelopes of new messages in one transaction.
const ENVELOPES: usize = 500;
const IN_FLIGHT: usize = 2;

impl Worker<'_> {
    /// Opens a mailbox unless it is open already.
    pub(super) async fn select(&mut self, mailbox: MailboxKey) -> Result<(), SyncError> {
        self.select_and(mailbox, None).await.map(|_| ())
    }

    /// Opens a mailbox unless it is open already, and asks something right behind SELECT, which must
    /// change nothing: it reaches the server before we know what was opened. What comes is `None`
    /// where SELECT did not open what is known here, and the answer is about nothing.
    pub(super) async fn select_and(
        &mut self,
        mailbox: MailboxKey,
        rider: Option<Command>,
    ) -> Result<Option<Answered>, SyncError> {
        if self.selected.as_ref().is_some_and(|s| s.mailbox == mailbox) {
            return Ok(None);
        }
        let row = self.desk.read(|reader| mailboxes::get(reader, mailbox))?;
        let Some(base) = row.base else {
            return Err(self.no_mailbox(row.name.unwrap_or_default()));
        };
        let shown = row.name.unwrap_or_else(|| base.name.clone());
        let (mut seen, mut reply, mut answered) =
            self.ask_to_open(&base.name, &shown, rider).await?;
        if is_renumbered(base.uidvalidity, seen.validity) {
            let first = (seen.validity, self.talk.exists());
            (seen, reply, answered) = self.ask_to_open(&base.name, &shown, None).await?;
            let second = (seen.validity, self.talk.exists());
            if !is_borne_out(base.uidvalidity, first, second) {
                reply.text = format!(
                    "UIDVALIDITY {} with {} messages\", then \"UIDVALIDITY {} with {}",
                    told(first.0),
                    first.1,
                    told(second.0),
                    second.1
                );
                return Err(self.talk.refused(format!("open \"{shown}\""), reply));
            }
        }
        self.enter(mailbox, shown, seen, &reply).await?;
        Ok(answered)
    }

    /// SELECT and what it says; nothing is recorded yet.
    async fn ask_to_open(
        &mut self,
        name: &str,
        shown: &str,
        rider: Option<Command>,
    ) -> Result<(SelectSeen, Reply, Option<Answered>), SyncError> {
        self.selected = None;
        self.talk.forget_mailbox();
        let tag = self.talk.submit(Command::Select {
            mailbox: MailboxName::from_stored(name),
            condstore: self.talk.abilities().condstore,
        });
        let rider = rider.map(|rider| self.talk.submit(rider));
        let (reply, events) = self.talk.finish(tag).await?;
        let mut answered = None;
        if let Some(rider) = rider {
            let answer = self.talk.finish(rider).await?;
            // What came before the OK may be of the mailbox before, or a part of the answer.
            let early = events.iter().any(|e| matches!(e, Event::Fetched(_)));
            answered = (!early && answer.0.is_ok()).then_some(answer);
        }
        let mut seen = SelectSeen::default();
        events.iter().for_each(|event| seen.hear(event));
        if !reply.is_ok() {
            return Err(self.talk.refused(format!("open \"{shown}\""), reply));
        }
        Ok((seen, reply, answered))
    }

    /// Whether the first answer to SELECT may be gone by, as it says what is known here.
    pub(super) fn is_as_before(
        &self,
        mailbox: MailboxKey,
        seen: &SelectSeen,
    ) -> Result<bool, SyncError> {
        let row = self.desk.read(|reader| mailboxes::get(reader, mailbox))?;
        let ours = row.base.and_then(|base| base.uidvalidity);
        Ok(!is_renumbered(ours, seen.validity))
    }

    /// Records what SELECT said.
    pub(super) async fn enter(
        &mut self,
        mailbox: MailboxKey,
        name: String,
        seen: SelectSeen,
        reply: &Reply,
    ) -> Result<(), SyncError> {
        let selected = mailboxes::Selected {
            uidvalidity: seen.validity,
            uidnext: seen.uid_next,
            permanentflags: seen.permanent.clone(),
        };
        let opened = self
            .desk
            .bulk(move |tx| mailboxes::record_select(tx, mailbox, &selected))
            .await?;
        self.selected = Some(Selected {
            mailbox,
            name,
            epoch: opened.epoch(),
            look: Look::Selected {
                modseq: seen.modseq,
            },
            uid_next: seen.uid_next,
            permitted: Permitted {
                read_only: reply.code == Some(Code::ReadOnly),
                any_keyword: seen.permanent.as_ref().is_some_and(|p| p.any),
                flags: seen.permanent.map(|p| p.flags),
            },
        });
        Ok(())
    }

    /// What the store knows of the selected mailbox.
    pub(super) fn local(&self, selected: &Selected) -> Result<Local, SyncError> {
        let (mailbox, epoch) = (selected.mailbox, selected.epoch);
        self.desk.read(|reader| {
            let row = mailboxes::get(reader, mailbox)?;
            Ok(Local {
                known: messages::known_uids(reader, mailbox, epoch)?,
                renumbering: row.settled != row.epoch,
                modseq: row.base.and_then(|base| base.highestmodseq),
            })
        })
    }

    /// Makes the mailbox here what it is on the server. False if something more urgent came up: the
    /// next pull goes on where this one stopped.
    pub(super) async fn pull(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        self.select(mailbox).await?;
        let Some(selected) = self.selected.clone() else {
            return Ok(false);
        };
        // News that came before this point are covered by what is asked from here on.
        let news = self.talk.take_news();
        self.alert(&news.alerts).await?;
        let mut local = self.local(&selected)?;
        let look = match selected.look {
            Look::Again { .. } => Look::Again { flags: news.flags },
            // Flags changed between the first screen and now: they are compared like any others.
            Look::Begun { modseq } if news.flags => Look::Selected { modseq },
            look @ (Look::Selected { .. } | Look::Begun { .. }) => look,
        };
        let ask = pull::ask(&local, self.talk.exists(), look);
        let first = match (ask.newest, ask.newer) {
            (Some((low, high)), _) => Some(SequenceSet::Seq(low, high)),
            (None, Some(uid)) => Some(SequenceSet::UidFrom(uid)),
            (None, None) => None,
        };
        let ahead = ask.search && first.is_none();
        let (reached, mut listed) = self.flags(&selected, &local, ask, ahead).await?;
        if let Some(set) = first {
            self.envelopes(&selected, set, &local.known).await?;
            local = self.local(&selected)?;
        }
        if ask.search || local.known.len() != u64::from(self.talk.exists()) {
            let difference = self.difference(&local.known, listed.take()).await?;
            self.expunge(&selected, &difference).await?;
            self.flags_are_known();
            if !self.fetch_missing(&selected, &difference.missing).await? {
                return Ok(false);
            }
            if difference.doubt.is_some() {
                return Ok(true);
            }
        }
        self.mend(&selected).await?;
        self.settle_pull(&selected, reached).await?;
        Ok(true)
    }

    /// An interrupted pull need not ask for all flags again: from here on, news tell of changes.
    fn flags_are_known(&mut self) {
        if let Some(selected) = &mut self.selected
            && let Look::Selected { modseq } = selected.look
        {
            selected.look = Look::Begun { modseq };
        }
    }

    /// The last step: cursor, renumbering, and that the mailbox is current.
    async fn settle_pull(
        &mut self,
        selected: &Selected,
        modseq: Option<u64>,
    ) -> Result<(), SyncError> {
        let mailbox = selected.mailbox;
        let uid_next = selected.uid_next.map(Uid);
        let lost = self.end_renumbering(mailbox).await?;
        self.desk
            .bulk(move |tx| mailboxes::set_current(tx, mailbox, uid_next, modseq))
            .await?;
        if let Some(selected) = &mut self.selected {
            selected.look = Look::Again { flags: false };
        }
        self.tell_lost(lost, &selected.name).await
    }

    /// Pairs the rows of both epochs, if one has begun; answers how many operations were dropped.
    async fn end_renumbering(&mut self, mailbox: MailboxKey) -> Result<u64, SyncError> {
        let key = self.desk.key;
        let mut lost = 0;
        let mut ending = self.desk.read(|reader| Ending::of(reader, mailbox))?;
        while let Some(mut left) = ending {
            let step = self.desk.bulk(move |tx| {
                let mut over = false;
                let lost = dropping(tx, key, |tx| {
                    over = left.step(tx, ENDING_SLICE)?;
                    Ok(())
                })?;
                Ok((lost, (!over).then_some(left)))
            });
            let dropped;
            (dropped, ending) = step.await?;
            lost += dropped;
        }
        Ok(lost)
    }

    /// Says which operations ended because their messages are gone (SAFETY R5, R8).
    pub(super) async fn tell_lost(&mut self, lost: u64, mailbox: &str) -> Result<(), SyncError> {
        if lost == 0 {
            return Ok(());
        }
        let text = format!(
            "{lost} changes to messages in \"{mailbox}\" were dropped: the messages are gone from \
             the server"
        );
        let warning = Severity::Warning;
        self.desk.tell(warning, "operation", text, "").await
    }

    /// What differs between here and there. A listing that would remove much is asked twice, one
    /// that does not fit the count is not believed (SAFETY P8).
    async fn difference(
        &mut self,
        known: &UidSet,
        listed: Option<UidSet>,
    ) -> Result<Difference, SyncError> {
        let first = match listed {
            Some(listed) => listed,
            None => self.listing().await?,
        };
        let difference = compare(known, &first, self.talk.exists(), false);
        let Some(doubt) = difference.doubt else {
            return Ok(difference);
        };
        let (reply, events) = self.talk.call(Command::Noop).await?;
        events.iter().for_each(|event| self.talk.overhear(event));
        if !reply.is_ok() {
            return Ok(difference);
        }
        let second = self.listing().await?;
        let confirmed = match doubt {
            Doubt::CountDiffers { .. } => false,
            Doubt::MassExpunge { .. } => first == second,
        };
        let again = compare(known, &second, self.talk.exists(), confirmed);
        if let Some(doubt) = again.doubt {
            tracing::warn!(account = %self.desk.account.id, ?doubt, "a listing is not believed");
        }
        Ok(again)
    }

    /// Asks for all UIDs of the selected mailbox.
    fn ask_listing(&mut self) -> Tag {
        let esearch = self.talk.abilities().esearch;
        self.talk.submit(Command::Search {
            uid: true,
            criteria: vec![Criterion::All],
            esearch,
        })
    }

    /// All UIDs of the selected mailbox.
    async fn listing(&mut self) -> Result<UidSet, SyncError> {
        let tag = self.ask_listing();
        self.hear_listing(tag, UidSet::new()).await
    }

    /// The rest of the answer that `tag` waits for; `listed` came already.
    async fn hear_listing(&mut self, tag: Tag, mut listed: UidSet) -> Result<UidSet, SyncError> {
        loop {
            match self.talk.next_for(tag).await? {
                Step::Event(Event::Search(found)) => listed = listed.union(&found.numbers),
                Step::Event(event) => self.talk.overhear(&event),
                Step::Done(done, reply) if done == tag => {
                    if reply.is_ok() {
                        return Ok(listed);
                    }
                    return Err(self.talk.refused("list its messages", reply));
                }
                Step::Done(..) | Step::Chunk { .. } => {}
            }
        }
    }

    async fn expunge(
        &mut self,
        selected: &Selected,
        difference: &Difference,
    ) -> Result<(), SyncError> {
        if difference.gone.is_empty() {
            return Ok(());
        }
        let (mailbox, epoch, key) = (selected.mailbox, selected.epoch, self.desk.key);
        let gone = difference.gone.clone();
        let (count, lost) = self
            .desk
            .bulk(move |tx| {
                let mut count = 0;
                let lost = dropping(tx, key, |tx| {
                    count = messages::expunge(tx, mailbox, epoch, &gone)?;
                    Ok(())
                })?;
                Ok((count, lost))
            })
            .await?;
        self.tally.expunged += count as u64;
        self.tell_lost(lost, &selected.name).await
    }

    /// Fetches envelopes in windows, newest first. False if something more urgent came up.
    async fn fetch_missing(
        &mut self,
        selected: &Selected,
        missing: &UidSet,
    ) -> Result<bool, SyncError> {
        let total = missing.len();
        let mut done = 0;
        let mut queue: VecDeque<UidSet> = windows(missing, FIRST_WINDOW as usize, MOST).into();
        let mut flying: VecDeque<(Tag, UidSet, Vec<Arrived>)> = VecDeque::new();
        let mut writing: Option<Pending<()>> = None;
        let (mut started, mut stopped) = (false, false);
        while !queue.is_empty() || !flying.is_empty() {
            // One window at least, so that no flood of wishes stops the pull for ever.
            stopped = stopped || started && self.is_urgent()?;
            started = true;
            while flying.len() < IN_FLIGHT && !stopped {
                let Some(window) = queue.pop_front() else {
                    break;
                };
                let tag = self.fetch(SequenceSet::Uid(window.clone()));
                flying.push_back((tag, window, Vec::new()));
            }
            let Some(front) = flying.front().map(|(tag, ..)| *tag) else {
                break;
            };
            let reply = loop {
                match self.talk.next_for(front).await? {
                    // The data of a later window may come before the answer to an earlier one.
                    Step::Event(Event::Fetched(data)) => {
                        let asked = flying
                            .iter_mut()
                            .find(|(_, window, _)| is_asked(&data, window));
                        match asked {
                            Some((_, window, arrived)) => {
                                // Each once, however often the server tells it.
                                if (arrived.len() as u64) < window.len() {
                                    arrived.extend(glue::arrived(*data));
                                }
                            }
                            None => self.talk.overhear(&Event::Fetched(data)),
                        }
                    }
                    Step::Event(event) => self.talk.overhear(&event),
                    Step::Chunk { .. } => {}
                    Step::Done(ended, reply) if ended == front => break reply,
                    Step::Done(..) => {}
                }
            };
            let Some((_, window, arrived)) = flying.pop_front() else {
                break;
            };
            if !reply.is_ok() {
                self.bear(reply, &window, arrived.len()).await?;
            }
            done += window.len();
            if let Some(writing) = writing.take() {
                writing.await?;
            }
            writing = Some(self.write_window(selected, arrived, (done, total)));
        }
        if let Some(writing) = writing {
            writing.await?;
        }
        Ok(!stopped || queue.is_empty())
    }

    /// A NO to a window: wait if the server says so, else go on with what it gave.
    async fn bear(&mut self, reply: Reply, window: &UidSet, came: usize) -> Result<(), SyncError> {
        if is_for_now(&reply) {
            return Err(self.talk.refused("give messages", reply));
        }
        let missing = window.len().saturating_sub(came as u64);
        let text = format!(
            "{} does not give {missing} messages: it says \"{}\"",
            self.talk.host(),
            reply.text
        );
        self.desk
            .tell(Severity::Warning, "messages", text, "The others are here.")
            .await
    }

    pub(super) fn write_window(
        &mut self,
        selected: &Selected,
        arrived: Vec<Arrived>,
        (done, total): (u64, u64),
    ) -> Pending<()> {
        self.tally.new += arrived.len() as u64;
        let (mailbox, epoch, key) = (selected.mailbox, selected.epoch, self.desk.key);
        let link = self.desk.progress(&selected.name, done, total);
        let own = self.desk.own_addresses();
        self.desk.bulk(move |tx| {
            let mark = mutes::mark(tx)?;
            let mut keys = messages::insert(tx, mailbox, epoch, &arrived)?;
            keys.retain(|key| *key > mark);
            mutes::file(tx, &keys, &own)?;
            links::set(tx, key, &link)
        })
    }

    /// Asks for envelopes.
    pub(super) fn fetch(&mut self, set: SequenceSet) -> Tag {
        let able = self.talk.abilities();
        let mut items = vec![
            FetchItem::Uid,
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Size,
            FetchItem::Envelope,
            FetchItem::BodyStructure,
            FetchItem::HeaderFields(glue::FIELDS.map(str::to_owned).to_vec()),
        ];
        if able.condstore {
            items.push(FetchItem::ModSeq);
        }
        if able.object_id {
            items.push(FetchItem::EmailId);
        } else if able.gmail {
            items.push(FetchItem::GmMsgId);
        }
        self.talk.submit(Command::Fetch {
            set,
            items,
            changed_since: None,
            vanished: false,
        })
    }

    /// Fetches the envelopes of a set and stores those of messages that are not known, slice by
    /// slice, so that neither much mail nor a flood of it is held at once.
    async fn envelopes(
        &mut self,
        selected: &Selected,
        set: SequenceSet,
        known: &UidSet,
    ) -> Result<(), SyncError> {
        let tag = self.fetch(set);
        let all = UidSet::range(1, u32::MAX);
        let (mut arrived, mut stored) = (Vec::new(), 0);
        loop {
            let done = match self.talk.next().await? {
                Step::Event(Event::Fetched(data)) if is_asked(&data, &all) => {
                    let is_new = |message: &Arrived| !known.contains(Uid(message.uid));
                    arrived.extend(glue::arrived(*data).filter(is_new));
                    None
                }
                Step::Event(event) => {
                    self.talk.overhear(&event);
                    None
                }
                Step::Done(done, reply) if done == tag => Some(reply),
                Step::Chunk { .. } | Step::Done(..) => None,
            };
            if done.as_ref().is_some_and(|reply| !reply.is_ok()) {
                return Err(done.map_or(SyncError::Stopped, |reply| {
                    self.talk.refused("give envelopes", reply)
                }));
            }
            if done.is_some() || arrived.len() >= ENVELOPES {
                stored += arrived.len() as u64;
                self.write_window(selected, std::mem::take(&mut arrived), (stored, stored))
                    .await?;
            }
            if done.is_some() {
                return Ok(());
            }
        }
    }

    /// Brings the flags of known messages up to date; answers the mod-sequence that is reached and,
    /// if it was asked for `ahead`, in the same flight, which UIDs there are.
    async fn flags(
        &mut self,
        selected: &Selected,
        local: &Local,
        ask: PullAsk,
        ahead: bool,
    ) -> Result<(Option<u64>, Option<UidSet>), SyncError> {
        let (Some(low), Some(high)) = (local.known.first(), local.known.last()) else {
            return Ok((ask.reach, None));
        };
        let changed_since = match ask.flags {
            FlagsAsk::Nothing => return Ok((ask.reach, None)),
            FlagsAsk::ChangedSince(modseq) => Some(modseq),
            FlagsAsk::All => None,
        };
        let mut items = vec![FetchItem::Uid, FetchItem::Flags];
        if self.talk.abilities().condstore && ask.reach.is_some() {
            items.push(FetchItem::ModSeq);
        }
        let tag = self.talk.submit(Command::Fetch {
            set: SequenceSet::Uid(UidSet::range(low.0, high.0)),
            items,
            changed_since,
            vanished: false,
        });
        let search = ahead.then(|| self.ask_listing());
        let mut listed = UidSet::new();
        let mut seen: Vec<FlagsSeen> = Vec::new();
        let mut reached = ask.reach;
        loop {
            match self.talk.next_for(tag).await? {
                // Its data may come before the answer to the first of the two.
                Step::Event(Event::Search(found)) => listed = listed.union(&found.numbers),
                Step::Event(Event::Fetched(data)) => {
                    if let Some(one) = glue::flags_seen(&data) {
                        reached = reached.map(|n| n.max(one.modseq.unwrap_or(0)));
                        seen.push(one);
                    }
                    if seen.len() >= FLAGS_SLICE {
                        self.write_flags(selected, std::mem::take(&mut seen))
                            .await?;
                    }
                }
                Step::Event(_) | Step::Chunk { .. } => {}
                Step::Done(done, reply) if done == tag => {
                    let listed = match search {
                        Some(search) => Some(self.hear_listing(search, listed).await?),
                        None => None,
                    };
                    if !reply.is_ok() {
                        return Err(self.talk.refused("give flags", reply));
                    }
                    self.write_flags(selected, seen).await?;
                    return Ok((reached, listed));
                }
                Step::Done(..) => {}
            }
        }
    }

    /// Takes over what the server says of flags.
    pub(super) async fn write_flags(
        &mut self,
        selected: &Selected,
        seen: Vec<FlagsSeen>,
    ) -> Result<(), SyncError> {
        if seen.is_empty() {
            return Ok(());
        }
        let (mailbox, epoch) = (selected.mailbox, selected.epoch);
        let changed = self
            .desk
            .bulk(move |tx| messages::replace_flags(tx, mailbox, epoch, &seen))
            .await?;
        self.tally.flags += changed as u64;
        Ok(())
    }

    /// Messages whose ENVELOPE could not be read are read from their own header (SAFETY M8).
    async fn mend(&mut self, selected: &Selected) -> Result<(), SyncError> {
        const AT_ONCE: usize = 100;
        let (mailbox, epoch) = (selected.mailbox, selected.epoch);
        let bare = self
            .desk
            .read(|reader| messages::without_envelope(reader, mailbox, epoch, AT_ONCE))?;
        if bare.is_empty() {
            return Ok(());
        }
        let tag = self.talk.submit(Command::Fetch {
            set: SequenceSet::Uid(bare.iter().copied().collect()),
            items: vec![
                FetchItem::Uid,
                FetchItem::Body {
                    section: Section::Header(PartPath::root()),
                    partial: None,
                },
            ],
            changed_since: None,
            vanished: false,
        });
        let (_, events) = self.talk.finish(tag).await?;
        // One that does not even give its header is listed by what little is known.
        let mut found: BTreeMap<Uid, Envelope> =
            bare.iter().map(|uid| (*uid, Envelope::default())).collect();
        for event in events {
            self.talk.overhear(&event);
            let Event::Fetched(data) = event else {
                continue;
            };
            let Some(envelope) = data.uid.and_then(|uid| found.get_mut(&uid)) else {
                continue;
            };
            if let Some(Content::Inline(head)) =
                data.sections.first().map(|section| &section.content)
            {
                *envelope = envelope::of_message(head);
            }
        }
        Ok(self
            .desk
            .bulk(move |tx| {
                found.iter().try_for_each(|(uid, envelope)| {
                    messages::set_envelope(tx, mailbox, epoch, *uid, envelope)
                })
            })
            .await?)
    }
}

fn told(validity: Option<UidValidity>) -> u64 {
    validity.map_or(0, |validity| validity.0)
}

/// Whether a NO is about this moment, not about what was asked.
pub(super) fn is_for_now(reply: &Reply) -> bool {
    matches!(
        reply.code,
        Some(Code::Unavailable | Code::InUse | Code::Limit | Code::ServerBug)
    )
}

/// Whether this is an envelope that was asked for; a response with flags alone is news, whatever
/// its UID.
pub(super) fn is_asked(data: &FetchData, window: &UidSet) -> bool {
    let told = data.internal_date.is_some() || data.size.is_some() || data.envelope.is_some();
    told && data.uid.is_some_and(|uid| window.contains(uid))
}

/// Runs `work` and answers how many operations of the account it dropped from the journal.
pub(super) fn dropping(
    tx: &Tx<'_>,
    account: AccountKey,
    work: impl FnOnce(&Tx<'_>) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let before = journal::count_of(tx, account)?;
    work(tx)?;
    Ok(before.saturating_sub(journal::count_of(tx, account)?))
}
