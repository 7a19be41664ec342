//! Flags: few STOREs, and the flags themselves as the verdict.

use std::collections::BTreeMap;

use crate::imap::{Command, Event, FetchItem, Reply, SequenceSet, StoreVerb};
use crate::model::journal::{Cause, PutOff};
use crate::model::{Flags, OperationId, OperationKind, Severity, Uid};
use crate::store::messages::FlagsSeen;
use crate::store::{journal, messages, verdicts};

use super::{GONE, Task};
use crate::sync::SyncError;
use crate::sync::glue;
use crate::sync::plan::proof::{LATER, Refusal, refusal};
use crate::sync::plan::push::{self, Half, Place, StoreStep, Verdict, Wish, verdict};
use crate::sync::pull::Selected;
use crate::sync::worker::Worker;

impl Worker<'_> {
    /// Sends the flags that wait in the open mailbox.
    pub(super) async fn send_flags(
        &mut self,
        selected: &Selected,
        tasks: Vec<Task>,
    ) -> Result<(), SyncError> {
        let plan = push::plan(wishes(tasks), &selected.permitted);
        self.refuse_flags(plan.refused).await?;
        for step in plan.stores {
            // A person who changes their mind just now has the wish read anew.
            if !self.store_flags(selected, step).await? {
                break;
            }
        }
        Ok(())
    }

    async fn refuse_flags(&mut self, refused: Vec<(Wish, String)>) -> Result<(), SyncError> {
        for (wish, why) in &refused {
            self.report.refused(wish.operations.len(), why);
        }
        Ok(self
            .desk
            .durable(move |tx| {
                for (wish, why) in &refused {
                    for id in &wish.operations {
                        verdicts::fail(tx, *id, why, Cause::Refused)?;
                    }
                }
                Ok(())
            })
            .await?)
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
        let mut refused: Option<Reply> = None;
        let mut events = Vec::new();
        for tag in stores {
            // Dovecot holds the tagged answers of a flight back: the data of the FETCH comes before
            // the OK of the STORE.
            let (reply, more) = self.talk.finish(tag).await?;
            events.extend(more);
            if !reply.is_ok() {
                refused = Some(reply);
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
        self.judge(selected, step, refused, seen).await?;
        Ok(true)
    }

    async fn judge(
        &mut self,
        selected: &Selected,
        step: StoreStep,
        refused: Option<Reply>,
        seen: BTreeMap<Uid, FlagsSeen>,
    ) -> Result<(), SyncError> {
        let flags: BTreeMap<Uid, Flags> = seen
            .iter()
            .map(|(uid, one)| (*uid, one.flags.clone()))
            .collect();
        let words = refused.as_ref().map(|reply| reply.text.as_str());
        let verdicts = verdict(&step, words, &flags);
        let later = match refused.as_ref().and_then(refusal) {
            Some(Refusal::Later(seconds)) => Some(self.desk.store.now() + seconds.max(LATER)),
            Some(Refusal::MailboxGone | Refusal::Final) | None => None,
        };
        let mut gone = 0;
        for (wish, verdict) in &verdicts {
            let count = wish.operations.len();
            match verdict {
                Verdict::Done(_) => self.tally.pushed += count as u64,
                Verdict::Gone => gone += 1,
                Verdict::Refused(why) if later.is_some() => self.report.later(count, why),
                Verdict::Refused(why) => self.report.refused(count, why),
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
                            (Verdict::Refused(why), Some(until)) => {
                                let why = why.clone();
                                verdicts::later(tx, *id, PutOff { until, why }, GONE)?;
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
        Ok(())
    }
}

/// All that waits for one message is one wish.
fn wishes(tasks: Vec<Task>) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut at = BTreeMap::new();
    for one in tasks.into_iter().map(|task| task.waiting) {
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
