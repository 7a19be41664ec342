//! Which mailboxes there are: the first flight after sign-in, LIST, and STATUS of those that are not
//! open.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::imap::{Command, Event, Listed, MailboxName, MailboxStatus, SequenceSet, StatusItem};
use crate::model::{AccountKey, MailboxKey, OperationKind, Role, UidSet, UidValidity};
use crate::protocol::{Tag, Time};
use crate::store::mailboxes::{self, Mailbox, StatusCounts};
use crate::store::{Rows, StoreError, accounts, journal, outgoing};

use super::SyncError;
use super::dialogue::Step;
use super::plan::open::{FirstStep, first_flight};
use super::plan::pull::{Counts, FIRST_WINDOW, Look, is_due, is_proven};
use super::pull::{SelectSeen, dropping, is_asked, is_for_now};
use super::worker::Worker;

/// Other mailboxes are asked for their counts this often.
pub(super) const STATUS_EVERY: Duration = Duration::from_secs(300);

/// What LIST says of a mailbox stands for a STATUS of its own for so long.
const FRESH: Duration = Duration::from_secs(10);

/// What LIST said of the mailboxes beside their names, each good for one look (see
/// [`Worker::targets`]).
#[derive(Debug, Default)]
pub(super) struct Stated {
    counts: BTreeMap<String, Counts>,
    until: Time,
}

impl Stated {
    fn of(counts: BTreeMap<String, Counts>, now: Time) -> Self {
        let until = now.after(FRESH);
        Self { counts, until }
    }

    /// Whether anything was said of the mailbox of this name on the wire just now.
    fn has(&self, name: &str, now: Time) -> bool {
        now < self.until && self.counts.contains_key(name)
    }

    /// What was said of the mailbox of this name on the wire, if that was just now.
    pub(super) fn take(&mut self, name: &str, now: Time) -> Option<Counts> {
        let counts = self.counts.remove(name)?;
        (now < self.until).then_some(counts)
    }
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
        let role = line.attributes.iter().find_map(|a| Role::of_attribute(a));
        let mut row = mailboxes::Listed {
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
            ..mailboxes::Listed::default()
        };
        if let Some(status) = self.status.get(&line.name) {
            note_counts(&mut row, status);
        }
        row
    }
}

fn note_counts(row: &mut mailboxes::Listed, status: &MailboxStatus) {
    let small = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok());
    row.mailbox_id.clone_from(&status.mailbox_id);
    row.uidvalidity = status.uid_validity;
    row.uidnext = small(status.uid_next);
    row.status = StatusCounts {
        messages: small(status.messages),
        unseen: small(status.unseen),
    };
}

/// What the settings say of a role stands above SPECIAL-USE.
fn by_settings(rows: &mut [mailboxes::Listed], roles: &BTreeMap<Role, String>) {
    for (role, name) in roles {
        if !rows.iter().any(|row| row.shown == *name) {
            continue;
        }
        let others = |row: &&mut mailboxes::Listed| row.role != Some(Role::Inbox);
        for row in rows.iter_mut().filter(others) {
            if row.shown == *name {
                row.role = Some(*role);
            } else if row.role == Some(*role) {
                row.role = None;
            }
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

impl Worker<'_> {
    /// What goes out after sign-in in one flight, and the newest envelopes of INBOX as soon as
    /// SELECT has answered (five round trips in all, see [`super::plan::open`]).
    pub(super) async fn first_flight(&mut self) -> Result<(), SyncError> {
        let known = self.mailboxes()?;
        let inbox_first = self.wants_inbox() && (known.is_empty() || self.find_inbox(&known));
        self.flight(known.is_empty(), inbox_first).await
    }

    /// Asks anew which mailboxes there are.
    pub(super) async fn list_again(&mut self) -> Result<(), SyncError> {
        self.flight(false, false).await
    }

    /// Writes down what a screen must know of the server, where it is news.
    async fn note_abilities(&mut self) -> Result<(), SyncError> {
        let (key, has) = (self.desk.key, self.talk.abilities().uidplus);
        let is_news = self
            .desk
            .read(|reader| Ok(accounts::uidplus(reader, key)? != Some(has)))?;
        if is_news {
            self.desk
                .bulk(move |tx| accounts::note_uidplus(tx, key, has))
                .await?;
        }
        Ok(())
    }

    async fn flight(&mut self, fresh: bool, inbox_first: bool) -> Result<(), SyncError> {
        self.note_abilities().await?;
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
                    if !inbox_first && self.selected.is_some() {
                        self.talk.overhear(&event);
                    }
                    seen.hear(&event);
                    listing.hear(event, step == FirstStep::Lsub);
                }
                Step::Done(done, reply) if done == tag => {
                    steps.pop_front();
                    match step {
                        FirstStep::SelectInbox { .. } if reply.is_ok() => {
                            let inbox = self.ensure_inbox(fresh).await?;
                            let seen = std::mem::take(&mut seen);
                            // Else it is opened again, once the flight is over, and asked twice.
                            if self.is_as_before(inbox, &seen)? {
                                self.enter(inbox, "INBOX".to_owned(), seen, &reply).await?;
                                complete &= self.first_screen(&mut steps, &mut listing).await?;
                            }
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
        if self.talk.abilities().object_id {
            items.push(StatusItem::MailboxId);
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
        by_settings(&mut rows, &self.desk.account.roles);
        let key = self.desk.key;
        // Those that are being deleted too.
        let before = self.desk.read(|reader| mailboxes::on_server(reader, key))?;
        let unlisted = self.unlisted(&before, &rows).await?;
        rows.extend(unlisted);
        self.identify(&before, &mut rows).await?;
        let lost = self
            .desk
            .bulk(move |tx| {
                let removals = removals(tx, key)?;
                let lost = dropping(tx, key, |tx| {
                    mailboxes::record_list(tx, key, &rows).map(|_| ())
                })?;
                // To delete what is gone is done, not lost.
                Ok(lost.saturating_sub(removals - removals.min(self::removals(tx, key)?)))
            })
            .await?;
        self.tell_lost(lost, "a deleted mailbox").await?;
        self.file_sent_mail().await?;
        let said: BTreeMap<String, Counts> = listing
            .status
            .iter()
            .map(|(name, status)| (wire_name(name), counts(status)))
            .collect();
        let counted: BTreeMap<MailboxKey, Counts> =
            before.iter().map(|old| (old.key, ours(old))).collect();
        self.current.clear();
        let named: BTreeMap<MailboxKey, &str> = before
            .iter()
            .filter_map(|old| Some((old.key, old.base.as_ref()?.name.as_str())))
            .collect();
        for mailbox in self.desk.read(|reader| mailboxes::on_server(reader, key))? {
            let Some(base) = &mailbox.base else { continue };
            if named.get(&mailbox.key).is_some_and(|old| *old != base.name) {
                self.renamed.insert(mailbox.key);
            }
            if mailbox.name.is_none() {
                continue;
            }
            let status = said.get(&base.name).copied();
            let ours = counted.get(&mailbox.key).copied().unwrap_or_default();
            let settled = mailbox.synced.is_some() && mailbox.settled == mailbox.epoch;
            let due = status.is_none_or(|theirs| is_due(&ours, &theirs) || !settled);
            if due {
                self.due.insert(mailbox.key);
            } else if status.is_some_and(|theirs| is_proven(&ours, &theirs)) {
                self.current.insert(mailbox.key);
            }
        }
        let now = self.desk.env.clock.monotonic();
        self.stated = Stated::of(said, now);
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
                    shown: MailboxName::from_stored(&base.name).decoded(),
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

    /// Where a mailbox is gone and others are new, these are asked what they are, if LIST did not say:
    /// one that got another name is no new one.
    async fn identify(
        &mut self,
        known: &[Mailbox],
        rows: &mut [mailboxes::Listed],
    ) -> Result<(), SyncError> {
        let bases = known.iter().filter_map(|mailbox| mailbox.base.as_ref());
        let known: BTreeSet<&str> = bases.map(|base| base.name.as_str()).collect();
        let listed: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        if known.is_subset(&listed) {
            return Ok(());
        }
        let mut asked = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let barred = |word: &String| word.eq_ignore_ascii_case("\\Noselect");
            let told = row.uidvalidity.is_some() || row.attributes.iter().any(barred);
            if !told && !known.contains(row.name.as_str()) {
                let mailbox = MailboxName::from_stored(&row.name);
                let items = self.status_items();
                asked.push((at, self.talk.submit(Command::Status { mailbox, items })));
            }
        }
        for (at, tag) in asked {
            let (_, events) = self.talk.finish(tag).await?;
            for event in events {
                match (event, rows.get_mut(at)) {
                    (Event::Status(status), Some(row)) if wire_name(&status.name) == row.name => {
                        note_counts(row, &status);
                    }
                    (event, _) => self.talk.overhear(&event),
                }
            }
        }
        Ok(())
    }

    /// Files what was sent before it was known where copies go.
    async fn file_sent_mail(&mut self) -> Result<(), SyncError> {
        let key = self.desk.key;
        let waits = self.desk.read(|reader| outgoing::unfiled(reader, key))?;
        let sent = self
            .desk
            .read(|reader| mailboxes::by_role(reader, key, Role::Sent))?;
        let Some(sent) = sent.filter(|_| waits > 0) else {
            return Ok(());
        };
        self.desk
            .durable(move |tx| outgoing::file_rest(tx, key, sent.key).map(drop))
            .await?;
        Ok(())
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

    /// Asks the other mailboxes for their counts, all in one flight.
    pub(super) async fn poll_others(&mut self) -> Result<(), SyncError> {
        self.next_status = self.desk.env.clock.monotonic().after(STATUS_EVERY);
        self.shut.clear();
        let mailboxes = self.mailboxes()?;
        let items = self.status_items();
        let now = self.desk.env.clock.monotonic();
        let mut asked = Vec::new();
        for mailbox in &mailboxes {
            let open = self.selected.as_ref().map(|s| s.mailbox) == Some(mailbox.key);
            // What LIST has just said of it is not asked twice.
            let is_news = |name: &str| !open && !self.stated.has(name, now);
            let base = mailbox.base.as_ref().filter(|base| base.selectable());
            if let Some(base) = base.filter(|base| is_news(&base.name)) {
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

/// How many mailboxes of an account wait to be deleted.
fn removals(rows: &impl Rows, account: AccountKey) -> Result<u64, StoreError> {
    let all = journal::on_mailboxes(rows, account)?;
    let removals = all
        .iter()
        .filter(|one| matches!(one.kind, OperationKind::Remove { .. }));
    Ok(removals.count() as u64)
}

/// What STATUS says, as the plan reads it.
pub(super) fn counts(status: &MailboxStatus) -> Counts {
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
