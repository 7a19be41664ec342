//! Before a mailbox is deleted: is there in it what the person who deleted it has not seen? Another
//! program may have filed mail there since (SAFETY R10).
//!
//! One STATUS tells, for all deletions in one flight. Only where UIDs were given out that are not
//! ours is the mailbox looked into.

use crate::imap::{Command, Criterion, Event, MailboxName, MailboxStatus, Reply, StatusItem};
use crate::model::journal::KnownMailbox;
use crate::model::{OperationKind, Uid, UidSet, UidValidity};
use crate::store::{journal, removal as store};

use super::mailboxes::{Change, End};
use crate::sync::SyncError;
use crate::sync::listing::counts;
use crate::sync::plan::proof::{Refusal, refusal, words};
use crate::sync::plan::pull::Counts;
use crate::sync::plan::removal::{Since, came, left_behind, since};
use crate::sync::worker::Worker;

const ITEMS: [StatusItem; 3] = [
    StatusItem::Messages,
    StatusItem::UidNext,
    StatusItem::UidValidity,
];

impl Worker<'_> {
    /// Ends the deletions that must not be sent as they are. True if there was one.
    pub(super) async fn hold_back(&mut self, changes: &[Change]) -> Result<bool, SyncError> {
        let mut asked = Vec::new();
        for change in changes {
            if let Some(name) = change.to_be_checked() {
                let tag = self.talk.submit(Command::Status {
                    mailbox: name.clone(),
                    items: ITEMS.to_vec(),
                });
                asked.push((change, name, tag));
            }
        }
        let mut answers = Vec::new();
        for (change, name, tag) in asked {
            let (reply, events) = self.talk.finish(tag).await?;
            let status = events.iter().rev().find_map(|event| match event {
                Event::Status(status) if status.name == *name => Some(status.clone()),
                _ => None,
            });
            events.iter().for_each(|event| self.talk.overhear(event));
            answers.push((change, name, reply, status));
        }
        let mut held = false;
        for (change, name, reply, status) in answers {
            let end = match status {
                Some(status) if reply.is_ok() => self.weigh(change, name, &status).await?,
                _ => self.without_status(change, name, &reply).await?,
            };
            if let Some(end) = end {
                held = true;
                self.conclude_change(change.clone(), end).await?;
            }
        }
        Ok(held)
    }

    /// The server does not say what is in it.
    async fn without_status(
        &mut self,
        change: &Change,
        name: &MailboxName,
        reply: &Reply,
    ) -> Result<Option<End>, SyncError> {
        let words = words(reply);
        match refusal(reply) {
            Some(later @ Refusal::Later(_)) => Ok(Some(End::Refused(later, words))),
            _ if self.is_listed(name).await? => {
                let words = format!("it does not say what is in the mailbox: {words}");
                Ok(Some(End::Refused(Refusal::Final, words)))
            }
            _ => self.end_of_absent(change).await.map(Some),
        }
    }

    /// A mailbox to be deleted is not there by our name: it has another one, or is gone already.
    pub(super) async fn end_of_absent(&mut self, change: &Change) -> Result<End, SyncError> {
        if self.is_renamed(change.row.key).await? {
            return Ok(End::Again);
        }
        self.drop_subscriptions(&change.what).await?;
        Ok(End::Done { subscribed: true })
    }

    /// `None` if it may be deleted.
    async fn weigh(
        &mut self,
        change: &Change,
        name: &MailboxName,
        status: &MailboxStatus,
    ) -> Result<Option<End>, SyncError> {
        let (row, id) = (&change.row, change.id);
        let theirs = counts(status);
        let operation = self.desk.read(|reader| journal::find(reader, id))?;
        let Some(OperationKind::Remove { known, .. }) = operation.map(|one| one.kind) else {
            return Ok(Some(End::Again));
        };
        let (known, from_one, stranded) = self.desk.read(|reader| {
            let known = match known {
                Some(known) => known,
                // Asked for by an earlier version.
                None => store::known(reader, row)?,
            };
            let own = store::own(reader, row, 1, &known)?;
            Ok((known, own, store::stranded(reader, row.key)?))
        })?;
        let ours = |from: u32, to: u32| {
            let others = from_one.minus(&UidSet::range(from, to.saturating_sub(1)));
            from_one.len().saturating_sub(others.len())
        };
        let shown = name.decoded();
        let words = match since(&known, &theirs, ours) {
            Since::Nothing if stranded > known.stranded => left_behind(stranded, &shown),
            Since::Nothing => return Ok(None),
            Since::Came(count) | Since::Anew(count) => came(count, &shown),
            Since::Look(from) => match self.look_into(name, from, &from_one).await? {
                Some(0) if stranded > known.stranded => left_behind(stranded, &shown),
                Some(0) => return Ok(None),
                Some(count) => came(count, &shown),
                None => came(at_least_one(&known, &theirs), &shown),
            },
        };
        let small = |n: u64| u32::try_from(n).ok().filter(|n| *n > 0);
        let found = KnownMailbox {
            uid_validity: theirs.validity.map(UidValidity).or(known.uid_validity),
            uid_next: theirs.uid_next.and_then(small),
            messages: theirs.messages.unwrap_or(known.messages),
            stranded,
            ..known
        };
        Ok(Some(End::Arrived { found, words }))
    }

    /// How many messages from a UID on are not among ours; `None` if the server does not tell.
    async fn look_into(
        &mut self,
        name: &MailboxName,
        from: u32,
        ours: &UidSet,
    ) -> Result<Option<u64>, SyncError> {
        self.selected = None;
        self.talk.forget_mailbox();
        let examine = self.talk.submit(Command::Examine {
            mailbox: name.clone(),
            condstore: false,
        });
        let search = self.talk.submit(Command::Search {
            uid: true,
            criteria: vec![Criterion::UidFrom(Uid(from))],
            esearch: self.talk.abilities().esearch,
        });
        let opened = self.talk.finish(examine).await?.0;
        let (reply, events) = self.talk.finish(search).await?;
        if opened.is_ok() {
            self.unselect().await?;
        }
        if !opened.is_ok() || !reply.is_ok() {
            return Ok(None);
        }
        let mut found = UidSet::new();
        for event in events {
            if let Event::Search(search) = event {
                found = found.union(&search.numbers);
            }
        }
        // `n:*` names the last one, even where that is lower.
        let below = UidSet::of_ranges(vec![(1, from.saturating_sub(1))]);
        Ok(Some(found.minus(&below).minus(ours).len()))
    }
}

fn at_least_one(known: &KnownMailbox, theirs: &Counts) -> u64 {
    let more = theirs.messages.map(|n| n.saturating_sub(known.messages));
    more.unwrap_or(1).max(1)
}
