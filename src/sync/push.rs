//! Carries out the push plan: flags of the journal to the server, and the verdict into the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::imap::{Command, Event, FetchItem, Reply, SequenceSet, StoreVerb};
use crate::model::journal::Cause;
use crate::model::{Flags, MailboxKey, OperationId, OperationKind, Severity, Uid};
use crate::store::journal::Waiting;
use crate::store::messages::FlagsSeen;
use crate::store::{journal, messages, verdicts};

use super::SyncError;
use super::glue;
use super::plan::push::{self, Half, Place, StoreStep, Verdict, Wish, verdict};
use super::pull::{Selected, is_for_now};
use super::worker::Worker;

/// How long a refusal "for now" keeps an operation back, in seconds.
const LATER: i64 = 60;

impl Worker<'_> {
    /// Sends what the journal holds for this account, one mailbox after the other.
    pub(super) async fn push(&mut self) -> Result<(), SyncError> {
        let (key, now) = (self.desk.key, self.desk.store.now());
        let waiting = self
            .desk
            .read(|reader| journal::waiting(reader, key, now))?;
        for mailbox in by_mailbox(&waiting) {
            if !self.open(mailbox).await? {
                continue;
            }
            // A person who changes their mind just now has the wish read anew.
            for _ in 0..3 {
                if self.push_here(mailbox).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sends what concerns the open mailbox. UIDs are looked up only now, in the epoch that SELECT
    /// has just confirmed (SAFETY P7, R5). False if some of it was changed meanwhile.
    async fn push_here(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        let Some(selected) = self.selected.clone() else {
            return Ok(true);
        };
        let (key, now) = (self.desk.key, self.desk.store.now());
        let waiting = self
            .desk
            .read(|reader| journal::waiting(reader, key, now))?;
        let here = waiting
            .into_iter()
            .filter(|one| one.spot.is_some_and(|spot| spot.mailbox == mailbox));
        let plan = push::plan(wishes(here), &selected.permitted);
        self.refuse(plan.refused).await?;
        let mut all = true;
        for step in plan.stores {
            all &= self.store_flags(&selected, step).await?;
        }
        Ok(all)
    }

    async fn refuse(&mut self, refused: Vec<(Wish, String)>) -> Result<(), SyncError> {
        if refused.is_empty() {
            return Ok(());
        }
        self.tally.refused += refused.len() as u64;
        let told = refused.first().map(|(_, why)| why.clone());
        self.desk
            .durable(move |tx| {
                for (wish, why) in &refused {
                    for id in &wish.operations {
                        verdicts::fail(tx, *id, why, Cause::Refused)?;
                    }
                }
                Ok(())
            })
            .await?;
        self.tell_refusal(told).await
    }

    async fn tell_refusal(&mut self, why: Option<String>) -> Result<(), SyncError> {
        let Some(why) = why else {
            return Ok(());
        };
        let text = format!("A change of flags was not made: {why}");
        let hint = "It waits in the queue: retry or drop it.";
        self.desk
            .tell(Severity::Attention, "operation", text, hint)
            .await
    }

    /// One group: marked as handed over and synced to the disk, then STORE and FETCH in one flight,
    /// then the verdict in one transaction. False, and nothing was sent, if a wish was changed since
    /// it was read.
    async fn store_flags(
        &mut self,
        selected: &Selected,
        step: StoreStep,
    ) -> Result<bool, SyncError> {
        let ids: Vec<OperationId> = step
            .wishes
            .values()
            .flat_map(|wish| wish.operations.iter().copied())
            .collect();
        let marked = self
            .desk
            .durable(move |tx| journal::mark_in_flight(tx, &ids));
        if !marked.await? {
            return Ok(false);
        }
        let mut stores = Vec::new();
        for half in &step.halves {
            let (verb, flags) = match half {
                Half::Add(flags) => (StoreVerb::Add, flags),
                Half::Remove(flags) => (StoreVerb::Remove, flags),
            };
            stores.push(self.talk.submit(Command::Store {
                uids: step.uids.clone(),
                verb,
                flags: flags.clone(),
                unchanged_since: None,
            }));
        }
        let mut items = vec![FetchItem::Uid, FetchItem::Flags];
        if self.talk.abilities().condstore {
            items.push(FetchItem::ModSeq);
        }
        let check = self.talk.submit(Command::Fetch {
            set: SequenceSet::Uid(step.uids.clone()),
            items,
            changed_since: None,
            vanished: false,
        });
        let mut refusal: Option<Reply> = None;
        let mut events = Vec::new();
        for tag in stores {
            // Dovecot holds the tagged answers of a flight back: the data of the FETCH comes before
            // the OK of the STORE.
            let (reply, more) = self.talk.finish(tag).await?;
            events.extend(more);
            if !reply.is_ok() {
                refusal = Some(reply);
            }
        }
        let (reply, more) = self.talk.finish(check).await?;
        events.extend(more);
        if !reply.is_ok() {
            return Err(self.talk.refused("tell the flags that it was given", reply));
        }
        let mut seen: BTreeMap<Uid, FlagsSeen> = BTreeMap::new();
        for event in &events {
            let Event::Fetched(data) = event else {
                continue;
            };
            match glue::flags_seen(data) {
                Some(one) => {
                    seen.insert(one.uid, one);
                }
                // What another client does just now is told without a UID.
                None => self.talk.overhear(event),
            }
        }
        self.judge(selected, step, refusal, seen).await?;
        Ok(true)
    }

    async fn judge(
        &mut self,
        selected: &Selected,
        step: StoreStep,
        refusal: Option<Reply>,
        seen: BTreeMap<Uid, FlagsSeen>,
    ) -> Result<(), SyncError> {
        let flags: BTreeMap<Uid, Flags> = seen
            .iter()
            .map(|(uid, one)| (*uid, one.flags.clone()))
            .collect();
        let words = refusal.as_ref().map(|reply| reply.text.as_str());
        let verdicts = verdict(&step, words, &flags);
        let later = refusal
            .as_ref()
            .is_some_and(is_for_now)
            .then(|| self.desk.store.now() + LATER);
        let mut told = None;
        let mut gone = 0;
        for (wish, verdict) in &verdicts {
            match verdict {
                Verdict::Done(_) => self.tally.pushed += wish.operations.len() as u64,
                Verdict::Gone => gone += 1,
                Verdict::Refused(why) if later.is_none() => {
                    self.tally.refused += 1;
                    told.get_or_insert_with(|| why.clone());
                }
                Verdict::Refused(_) => {}
            }
        }
        let (mailbox, epoch) = (selected.mailbox, selected.epoch);
        let seen: Vec<FlagsSeen> = seen.into_values().collect();
        self.desk
            .durable(move |tx| {
                for (wish, verdict) in &verdicts {
                    for id in &wish.operations {
                        match (verdict, later) {
                            (Verdict::Done(_), _) => verdicts::flagged(tx, *id, None)?,
                            (Verdict::Gone, _) => verdicts::withdraw(tx, *id)?,
                            (Verdict::Refused(_), Some(later)) => {
                                verdicts::requeue(tx, *id, Some(later))?;
                            }
                            (Verdict::Refused(why), None) => {
                                verdicts::fail(tx, *id, why, Cause::Refused)?
                            }
                        }
                    }
                }
                messages::replace_flags(tx, mailbox, epoch, &seen).map(|_| ())
            })
            .await?;
        if gone > 0 {
            let text = format!(
                "{gone} changes in \"{}\" came too late: the messages are gone from the server",
                selected.name
            );
            self.desk
                .tell(Severity::Warning, "operation", text, "")
                .await?;
            self.due.insert(mailbox);
        }
        self.tell_refusal(told).await
    }
}

/// The mailboxes in which flags can be sent.
fn by_mailbox(waiting: &[Waiting]) -> BTreeSet<MailboxKey> {
    waiting
        .iter()
        .filter(|one| one.due && matches!(one.operation.kind, OperationKind::Flag { .. }))
        .filter_map(|one| one.spot.map(|spot| spot.mailbox))
        .collect()
}

/// All that waits for one message is one wish.
fn wishes(waiting: impl Iterator<Item = Waiting>) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut at = BTreeMap::new();
    for one in waiting.filter(|one| one.due) {
        let OperationKind::Flag { message, change } = &one.operation.kind else {
            continue;
        };
        let next = wishes.len();
        let index = *at.entry(*message).or_insert(next);
        match wishes.get_mut(index) {
            Some(wish) => {
                wish.operations.push(one.operation.id);
                wish.change = wish.change.then(change);
            }
            None => wishes.push(Wish {
                message: *message,
                operations: vec![one.operation.id],
                place: one.spot.map_or(Place::Held, |spot| Place::At(spot.uid)),
                change: change.clone(),
            }),
        }
    }
    wishes
}
