//! Looks in the target for what was handed over and whose end nobody knows.

use crate::imap::{Event, FetchItem, SequenceSet};
use crate::model::journal::Proof;
use crate::model::{MailboxKey, OperationId, OperationKind, Uid};
use crate::store::bodies::{self, Have};
use crate::store::verdicts::Left;
use crate::store::{Reader, StoreError, contents, mailboxes, messages};

use super::renamed::Opening;
use super::upload::length_out;
use super::{Task, Verdict};
use crate::imap::Command;
use crate::sync::SyncError;
use crate::sync::glue;
use crate::sync::plan::order::{Next, is_asked_again};
use crate::sync::plan::proof::{Candidate, Mark, NotFound, Sought, find, not_found};
use crate::sync::pull::{Answered, Selected};
use crate::sync::worker::Worker;

impl Worker<'_> {
    /// Opens a mailbox and looks there, both in one flight: looking changes nothing.
    pub(super) async fn open_and_look(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        let epoch = match self.desk.read(|reader| mailboxes::get(reader, mailbox)) {
            Ok(row) => row.epoch,
            Err(SyncError::Store(error)) if error.is_missing() => return Ok(false),
            Err(error) => return Err(error),
        };
        let tasks = self.tasks_for(|next| next == Next::Look(mailbox))?;
        let proofs = tasks.iter().filter_map(Task::proof);
        let here = proofs.filter(|proof| proof.epoch == epoch.0);
        let from = here.map(|proof| proof.uid_next).min();
        match self.open_and_ask(mailbox, from.map(newer)).await? {
            Opening::Open(answered) => {
                let seen = from.zip(answered);
                self.look(mailbox, seen).await
            }
            Opening::Shut => Ok(false),
        }
    }

    /// Looks in the open mailbox, from the UIDNEXT on that was written down (SAFETY R9); `seen` is
    /// what has come already, and from where on.
    async fn look(
        &mut self,
        mailbox: MailboxKey,
        seen: Option<(u32, Answered)>,
    ) -> Result<bool, SyncError> {
        let Some(selected) = self.selected.clone() else {
            return Ok(false);
        };
        let tasks = self.tasks_for(|next| next == Next::Look(mailbox))?;
        let acted = !tasks.is_empty();
        let (mut sought, mut ends) = (Vec::new(), Vec::new());
        for task in tasks {
            match task.proof().cloned() {
                Some(proof) if proof.epoch == selected.epoch.0 => sought.push((task, proof)),
                _ if is_asked_again(&task.waiting.operation) => {
                    ends.push((task.id(), Verdict::Again));
                }
                _ => ends.push((task.id(), renumbered(&selected))),
            }
        }
        if let Some(from) = sought.iter().map(|(_, proof)| proof.uid_next).min() {
            let (reply, events) = match seen {
                Some((low, answered)) if low <= from => answered,
                _ => self.talk.call(newer(from)).await?,
            };
            if !reply.is_ok() {
                return Err(self.talk.refused("tell what has come", reply));
            }
            let found = self.seek(&selected, events, &sought)?;
            for (task, proof) in sought {
                let uid = found.get(&task.id()).copied();
                ends.push((task.id(), self.judge_look(&task, proof, uid)));
            }
        }
        self.conclude(ends).await?;
        Ok(acted)
    }

    fn seek(
        &mut self,
        selected: &Selected,
        events: Vec<Event>,
        sought: &[(Task, Proof)],
    ) -> Result<std::collections::BTreeMap<OperationId, Uid>, SyncError> {
        let mut candidates = Vec::new();
        for event in events {
            match event {
                Event::Fetched(data) if data.size.is_some() => {
                    candidates.extend(glue::arrived(*data).map(|arrived| Candidate {
                        uid: Uid(arrived.uid),
                        message_id: arrived.envelope.map(|e| e.message_id).unwrap_or_default(),
                        date: arrived.arrival,
                        size: arrived.size,
                    }));
                }
                event => self.talk.overhear(&event),
            }
        }
        let (mailbox, epoch) = (selected.mailbox, selected.epoch);
        self.desk.read(|reader| {
            let known = messages::known_uids(reader, mailbox, epoch)?;
            let mut marks = Vec::with_capacity(sought.len());
            for (task, proof) in sought {
                marks.push(Sought {
                    operation: task.id(),
                    mark: mark(reader, task)?,
                    from: proof.uid_next,
                });
            }
            Ok(find(&marks, &candidates, |uid| known.contains(uid)))
        })
    }

    fn judge_look(&mut self, task: &Task, proof: Proof, found: Option<Uid>) -> Verdict {
        let answer = self.answers.remove(&task.id());
        if found.is_some() {
            let arrived = Proof { found, ..proof };
            return Verdict::Arrived(arrived);
        }
        match not_found(answer.as_ref()) {
            NotFound::Send => Verdict::Again,
            NotFound::Gone => Verdict::Gone,
            NotFound::Refused(refusal, words) => Verdict::Refused(refusal, words),
        }
    }

    /// Ends what has arrived and leaves nothing to take out.
    pub(super) async fn close_found(&mut self) -> Result<bool, SyncError> {
        self.close(Next::Close).await
    }

    /// The same for what has arrived from a mailbox that is gone, and took the original along.
    pub(super) async fn close_cleared(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        self.close(Next::Clear(mailbox)).await
    }

    async fn close(&mut self, done: Next) -> Result<bool, SyncError> {
        let tasks = self.tasks_for(|next| next == done)?;
        let acted = !tasks.is_empty();
        let placed = |task: &Task| {
            let spot = task.arrived_at()?;
            Some((task.id(), Verdict::Placed(spot, Left::Nothing)))
        };
        let ends = tasks.iter().filter_map(placed).collect();
        self.conclude(ends).await?;
        Ok(acted)
    }
}

/// Asks for what has come from a UID on.
fn newer(from: u32) -> Command {
    Command::Fetch {
        set: SequenceSet::UidFrom(Uid(from)),
        items: vec![
            FetchItem::Uid,
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Size,
            FetchItem::Envelope,
        ],
        changed_since: None,
        vanished: false,
    }
}

fn renumbered(selected: &Selected) -> Verdict {
    Verdict::Renumbered(format!(
        "the server renumbered \"{}\" before it was known whether it was done",
        selected.name
    ))
}

/// What the message of an operation is known by. A server may give an upload a date of its own, and
/// may count its line ends otherwise; its Message-ID stays.
fn mark(reader: &Reader, task: &Task) -> Result<Mark, StoreError> {
    let Some(key) = task.kind().message() else {
        // A mailbox is not looked for among messages.
        return Ok(Mark {
            message_id: String::new(),
            date: None,
            size: None,
        });
    };
    let row = messages::get(reader, key)?;
    let message_id = contents::get(reader, row.content)?.envelope.message_id;
    let uploaded = matches!(task.kind(), OperationKind::Append { .. });
    let size = match (uploaded, message_id.is_empty()) {
        (false, _) => Some(row.size),
        (true, false) => None,
        (true, true) => Some(match bodies::have(reader, row.content, "")? {
            Have::Whole(stored) => length_out(reader, row.content, stored)?,
            Have::Nothing | Have::Part(_) => row.size,
        }),
    };
    Ok(Mark {
        message_id,
        date: (!uploaded).then_some(row.arrival),
        size,
    })
}
