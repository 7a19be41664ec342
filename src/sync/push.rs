//! Carries out the push: what the journal holds goes to the server, and the verdict into the store.
//!
//! What may go out now and what is next for it is decided by [`super::plan::order`], what its
//! answers prove by [`super::plan::proof`]. Every step here is: marked as handed over, with the
//! target's UIDNEXT, and synced to the disk; then the commands in one flight; then the verdict in
//! one transaction. An operation whose end is not known becomes unsure and is looked for first.

mod filed;
mod flags;
mod line_ends;
mod look;
mod mailboxes;
mod removal;
mod renamed;
mod target;
mod transfer;
mod upload;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::journal::{Cause, Proof, PutOff, Spot};
use crate::model::{MailboxKey, OperationId, OperationKind, Severity};
use crate::store::journal::Waiting;
use crate::store::{
    Rows, StoreError, Tx, journal, mailboxes as rows, removal as removal_rows, verdicts,
};

use super::SyncError;
use super::plan::order::{self, Asked, Known, Next};
use super::plan::proof::Refusal;
use super::worker::Worker;
use crate::imap::MailboxName;

/// Rounds of one push: what waits for something else is sent in a later one.
const ROUNDS: usize = 100;

/// Operations that are marked, sent and judged together.
const TOGETHER: usize = 2_000;

/// Verdicts of one transaction.
const VERDICTS: usize = 500;

/// An operation that may be sent now.
#[derive(Clone, Debug)]
pub(super) struct Task {
    waiting: Waiting,
    next: Next,
}

impl Task {
    fn id(&self) -> OperationId {
        self.waiting.operation.id
    }

    fn kind(&self) -> &OperationKind {
        &self.waiting.operation.kind
    }

    fn proof(&self) -> Option<&Proof> {
        self.kind().proof()
    }
}

/// What a push has to tell in the end, each thing once.
#[derive(Debug, Default)]
pub(super) struct Report {
    refused: Told,
    later: Told,
    gone: Told,
    kept: Told,
}

#[derive(Debug, Default)]
struct Told {
    count: usize,
    words: String,
}

impl Told {
    fn add(&mut self, count: usize, words: &str) {
        if self.count == 0 {
            self.words = words.to_owned();
        }
        self.count += count;
    }
}

impl Report {
    fn refused(&mut self, count: usize, words: &str) {
        self.refused.add(count, words);
    }

    fn later(&mut self, count: usize, words: &str) {
        self.later.add(count, words);
    }

    fn gone(&mut self, words: &str) {
        self.gone.add(1, words);
    }

    /// A mailbox was not deleted.
    fn kept(&mut self, words: &str) {
        self.kept.add(1, words);
    }
}

/// What becomes of one operation.
#[derive(Clone, Debug)]
enum Verdict {
    /// Its message stands here, and so does what is left of it.
    Placed(Spot, verdicts::Left),
    /// It arrived here; its original is still to be taken out.
    Arrived(Proof),
    /// Nobody knows: look in the target.
    Unsure,
    /// It did not happen, and may be sent.
    Again,
    /// Deleted for good.
    Expunged(verdicts::Left),
    /// Another program was first.
    Gone,
    /// It was refused.
    Refused(Refusal, String),
    /// UIDVALIDITY changed under it.
    Renumbered(String),
}

/// What is said where another program was first.
const GONE: &str = "the message is gone from the server: another program moved or deleted it first";

impl Worker<'_> {
    /// Sends what the journal holds for this account.
    pub(super) async fn push(&mut self) -> Result<(), SyncError> {
        self.sought.clear();
        self.renamed.clear();
        for _ in 0..ROUNDS {
            if !self.push_round().await? {
                break;
            }
        }
        self.find_unsure().await?;
        self.fetch_awaited().await?;
        self.tell_report().await
    }

    /// Whether something waits that could be sent now.
    pub(super) fn may_push(&self) -> Result<bool, SyncError> {
        let shut = |mailbox: &MailboxKey| self.shut.contains(mailbox);
        let tasks = self.tasks()?;
        Ok(tasks.iter().any(|task| match task.next {
            Next::Mailbox | Next::Close | Next::Upload => true,
            Next::Flags(mailbox)
            | Next::Look(mailbox)
            | Next::Transfer(mailbox)
            | Next::Clear(mailbox)
            | Next::Expunge(mailbox) => !shut(&mailbox),
        }))
    }

    /// What may be sent now.
    fn tasks(&self) -> Result<Vec<Task>, SyncError> {
        let (key, now) = (self.desk.key, self.desk.store.now());
        self.desk.read(|reader| {
            let waiting = journal::waiting(reader, key, now)?;
            let known = known(reader, &waiting)?;
            let asked: Vec<Asked<'_>> = waiting.iter().map(asked).collect();
            let ready = order::ready(&asked, &known);
            drop(asked);
            let held = removal_rows::held(reader, key)?;
            let task = |waiting: Waiting| {
                let next = *ready.get(&waiting.operation.id)?;
                let kind = &waiting.operation.kind;
                let is_held =
                    matches!(kind, OperationKind::Remove { mailbox, .. } if held.contains(mailbox));
                (!is_held).then_some(Task { waiting, next })
            };
            Ok(waiting.into_iter().filter_map(task).collect())
        })
    }

    fn tasks_for(&self, is_meant: impl Fn(Next) -> bool) -> Result<Vec<Task>, SyncError> {
        let mut tasks = self.tasks()?;
        tasks.retain(|task| is_meant(task.next));
        Ok(tasks)
    }

    /// Sends what may be sent, one mailbox after the other. False if there was nothing.
    async fn push_round(&mut self) -> Result<bool, SyncError> {
        let tasks = self.tasks()?;
        if tasks.is_empty() {
            return Ok(false);
        }
        if tasks.iter().any(|task| task.next == Next::Mailbox) {
            return self.change_mailboxes().await;
        }
        let mut acted = false;
        for mailbox in looks(&tasks) {
            acted |= self.open_and_look(mailbox).await?;
        }
        acted |= self.close_found().await?;
        if acted {
            return Ok(true);
        }
        for mailbox in self.venues(&tasks) {
            if self.open_existing(mailbox).await? {
                acted |= self.push_here(mailbox).await?;
            } else if !self.is_there(mailbox)? {
                acted |= self.close_cleared(mailbox).await?;
            }
        }
        acted |= self.upload_all().await?;
        Ok(acted)
    }

    /// The mailboxes in which something is to be done, the open one first.
    fn venues(&self, tasks: &[Task]) -> Vec<MailboxKey> {
        let all: BTreeSet<MailboxKey> = tasks
            .iter()
            .filter_map(|task| match task.next {
                Next::Flags(mailbox)
                | Next::Transfer(mailbox)
                | Next::Clear(mailbox)
                | Next::Expunge(mailbox) => Some(mailbox),
                Next::Mailbox | Next::Look(_) | Next::Close | Next::Upload => None,
            })
            .collect();
        let open = self.selected.as_ref().map(|selected| selected.mailbox);
        let first = open.filter(|mailbox| all.contains(mailbox));
        let others = all.into_iter().filter(|mailbox| Some(*mailbox) != first);
        first.into_iter().chain(others).collect()
    }

    /// Sends what concerns the open mailbox. UIDs are looked up only now, in the epoch that SELECT
    /// has just confirmed (SAFETY P7, R5).
    async fn push_here(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        let Some(selected) = self.selected.clone() else {
            return Ok(false);
        };
        let flags = self.tasks_for(|next| next == Next::Flags(mailbox))?;
        let mut acted = !flags.is_empty();
        if acted {
            self.send_flags(&selected, flags).await?;
        }
        let here = [
            Next::Transfer(mailbox),
            Next::Clear(mailbox),
            Next::Expunge(mailbox),
        ];
        let mut tasks = self.tasks_for(|next| here.contains(&next))?;
        for next in here {
            let (now, later) = tasks.into_iter().partition(|task: &Task| task.next == next);
            tasks = later;
            if !now.is_empty() {
                acted = true;
                match next {
                    Next::Transfer(_) => self.transfer(&selected, now).await?,
                    _ => self.take_out(&selected, now).await?,
                }
            }
        }
        Ok(acted)
    }

    /// Marks operations as handed over, with what a check will need, and syncs that to the disk.
    /// False, and nothing may be sent, if one of them was changed since it was read.
    async fn hand_over(
        &mut self,
        ids: Vec<OperationId>,
        proofs: Vec<(OperationId, Proof)>,
    ) -> Result<bool, SyncError> {
        Ok(self
            .desk
            .durable(move |tx| {
                if !journal::mark_in_flight(tx, &ids)? {
                    return Ok(false);
                }
                for (id, proof) in &proofs {
                    journal::write_proof(tx, *id, proof)?;
                }
                Ok(true)
            })
            .await?)
    }

    /// Writes verdicts down, slice by slice, and notes what is to be told.
    async fn conclude(&mut self, verdicts: Vec<(OperationId, Verdict)>) -> Result<(), SyncError> {
        let mut verdicts = self.carry_on(verdicts).await?;
        for (_, verdict) in &verdicts {
            match verdict {
                Verdict::Placed(..) | Verdict::Expunged(_) => self.tally.pushed += 1,
                Verdict::Arrived(_) | Verdict::Unsure | Verdict::Again => {}
                Verdict::Gone => self.report.gone(GONE),
                Verdict::Refused(Refusal::Later(_), words) => self.report.later(1, words),
                Verdict::Refused(_, words) | Verdict::Renumbered(words) => {
                    self.report.refused(1, words);
                }
            }
        }
        let now = self.desk.store.now();
        while !verdicts.is_empty() {
            let later = verdicts.split_off(VERDICTS.min(verdicts.len()));
            let slice = std::mem::replace(&mut verdicts, later);
            self.desk
                .durable(move |tx| {
                    slice
                        .iter()
                        .try_for_each(|(id, verdict)| write(tx, *id, verdict, now))
                })
                .await?;
        }
        Ok(())
    }

    /// Tells what was refused, what is tried later and what came too late.
    async fn tell_report(&mut self) -> Result<(), SyncError> {
        let report = std::mem::take(&mut self.report);
        let host = self.talk.host().to_owned();
        self.tally.refused += report.refused.count as u64;
        if report.refused.count > 0 {
            let what = changes(report.refused.count);
            let text = format!("{what} not made on {host}: {}", report.refused.words);
            let hint = "It waits in the queue: retry or drop it.";
            self.desk
                .tell(Severity::Attention, "operation", text, hint)
                .await?;
        }
        if report.later.count > 0 {
            let what = changes(report.later.count);
            let words = &report.later.words;
            let text = format!("{what} not made yet: {host} says \"{words}\"");
            let hint = "It stays in the queue and is tried again by itself.";
            self.desk
                .tell(Severity::Warning, "operation", text, hint)
                .await?;
        }
        if report.kept.count > 0 {
            let what = match report.kept.count {
                1 => "A folder was".to_owned(),
                many => format!("{many} folders were"),
            };
            let text = format!("{what} not deleted: {}", report.kept.words);
            let hint = "It waits in the queue: keep yours or take theirs.";
            self.desk
                .tell(Severity::Attention, "operation", text, hint)
                .await?;
        }
        if report.gone.count > 0 {
            let text = format!(
                "{} came too late: {}",
                plural(report.gone.count),
                report.gone.words
            );
            let hint = "It waits in the queue: keep yours or take theirs.";
            self.desk
                .tell(Severity::Attention, "operation", text, hint)
                .await?;
        }
        Ok(())
    }
}

fn changes(count: usize) -> String {
    match count {
        1 => "A change was".to_owned(),
        many => format!("{many} changes were"),
    }
}

fn plural(count: usize) -> String {
    match count {
        1 => "A change".to_owned(),
        many => format!("{many} changes"),
    }
}

fn asked(waiting: &Waiting) -> Asked<'_> {
    Asked {
        operation: &waiting.operation,
        due: waiting.due,
        spot: waiting.spot,
        other: waiting.other,
        kept: waiting.kept,
    }
}

/// What the server calls the mailboxes that are to be changed.
fn known(
    reader: &impl Rows,
    waiting: &[Waiting],
) -> Result<BTreeMap<MailboxKey, Known>, StoreError> {
    let mut known = BTreeMap::new();
    let changed = waiting
        .iter()
        .filter_map(|one| one.operation.kind.mailbox());
    for mailbox in changed.collect::<BTreeSet<_>>() {
        let base = match rows::get(reader, mailbox) {
            Ok(row) => row.base,
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(error),
        };
        if let Some(base) = base {
            let name = MailboxName::from_stored(&base.name).decoded();
            let delimiter = base.delimiter;
            known.insert(mailbox, Known { name, delimiter });
        }
    }
    Ok(known)
}

fn looks(tasks: &[Task]) -> BTreeSet<MailboxKey> {
    tasks
        .iter()
        .filter_map(|task| match task.next {
            Next::Look(mailbox) => Some(mailbox),
            _ => None,
        })
        .collect()
}

fn write(tx: &Tx<'_>, id: OperationId, verdict: &Verdict, now: i64) -> Result<(), StoreError> {
    match verdict {
        Verdict::Placed(spot, left) => verdicts::placed(tx, id, *spot, *left),
        Verdict::Arrived(proof) => {
            journal::write_proof(tx, id, proof)?;
            verdicts::unsure(tx, id)
        }
        Verdict::Unsure => verdicts::unsure(tx, id),
        Verdict::Again => verdicts::again(tx, id, GONE),
        Verdict::Expunged(left) => verdicts::expunged(tx, id, *left),
        Verdict::Gone => verdicts::gone(tx, id, GONE),
        Verdict::Refused(Refusal::Later(seconds), words) => {
            let (until, why) = (now + seconds, words.clone());
            verdicts::later(tx, id, PutOff { until, why }, GONE)
        }
        Verdict::Refused(Refusal::MailboxGone, words) => {
            verdicts::fail(tx, id, words, Cause::MailboxGone)
        }
        Verdict::Refused(Refusal::Final, words) => verdicts::fail(tx, id, words, Cause::Refused),
        Verdict::Renumbered(words) => verdicts::fail(tx, id, words, Cause::Renumbered),
    }
}
