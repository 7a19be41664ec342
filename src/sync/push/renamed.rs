//! Mailboxes that the server does not know by the name we use: another program may have renamed them
//! since they were listed. What was to be done there goes on under the new name; a mailbox that is
//! gone is never made again by itself (SAFETY R10).

use std::collections::{BTreeMap, BTreeSet};

use crate::imap::Command;
use crate::model::{MailboxKey, OperationId};
use crate::store::journal;

use super::Verdict;
use crate::sync::SyncError;
use crate::sync::once::Work;
use crate::sync::plan::proof::Refusal;
use crate::sync::pull::Answered;
use crate::sync::worker::{Aim, Worker};

/// How opening a mailbox for a push ended.
pub(super) enum Opening {
    /// It is open; the answer to what was asked behind SELECT, if that is of use.
    Open(Option<Answered>),
    /// It is not there, or the server does not open it now.
    Shut,
}

impl Worker<'_> {
    /// Opens a mailbox for a push; one that is not there any more is nothing to break off for.
    pub(super) async fn open_existing(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        let opening = self.open_and_ask(mailbox, None).await?;
        Ok(matches!(opening, Opening::Open(_)))
    }

    /// The same, and something is asked right behind SELECT that changes nothing.
    pub(super) async fn open_and_ask(
        &mut self,
        mailbox: MailboxKey,
        rider: Option<Command>,
    ) -> Result<Opening, SyncError> {
        if self.shut.contains(&mailbox) {
            return Ok(Opening::Shut);
        }
        let mut opened = self.select_and(mailbox, rider.clone()).await;
        if matches!(opened, Err(SyncError::Refused { .. }))
            && Some(mailbox) != self.inbox
            && self.is_renamed(mailbox).await?
        {
            opened = self.select_and(mailbox, rider).await;
        }
        match opened {
            Ok(answered) => {
                self.touched(mailbox);
                return Ok(Opening::Open(answered));
            }
            Err(error @ SyncError::Refused { .. }) if Some(mailbox) != self.inbox => {
                if self.is_there(mailbox)? {
                    self.leave_shut(mailbox, &error).await?;
                }
            }
            Err(SyncError::NoMailbox { .. }) => {}
            Err(SyncError::Store(error)) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        self.shut.insert(mailbox);
        Ok(Opening::Shut)
    }

    /// Something is sent to a mailbox: it is looked at afterwards, whatever LIST said of it before.
    pub(super) fn touched(&mut self, mailbox: MailboxKey) {
        if self.current.remove(&mailbox) && self.aim == Aim::Once(Work::All) {
            self.due.insert(mailbox);
        }
    }

    /// Asks the server what it has, once in a push for each mailbox that it does not know by our name
    /// for it. True if the mailbox is there under another name.
    pub(super) async fn is_renamed(&mut self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        if self.renamed.remove(&mailbox) {
            return Ok(true);
        }
        if !self.sought.insert(mailbox) {
            return Ok(false);
        }
        let waited = self.waiting_for(mailbox)?;
        self.list_again().await?;
        let ended = waited.saturating_sub(self.waiting_for(mailbox)?);
        if ended > 0 {
            // The list has ended what was to go into a mailbox that is not there any more.
            let words = "the mailbox is gone from the server";
            self.report.refused(ended, words);
        }
        Ok(self.renamed.remove(&mailbox))
    }

    pub(super) fn is_there(&self, mailbox: MailboxKey) -> Result<bool, SyncError> {
        let row = self
            .desk
            .read(|reader| crate::store::mailboxes::get(reader, mailbox));
        match row {
            Ok(row) => Ok(row.base.is_some()),
            Err(SyncError::Store(error)) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How many operations are to put something into a mailbox and have not failed.
    fn waiting_for(&self, mailbox: MailboxKey) -> Result<usize, SyncError> {
        let into = self
            .desk
            .read(|reader| journal::into_mailbox(reader, mailbox))?;
        Ok(into.iter().filter(|one| !one.state.is_failed()).count())
    }

    /// What was refused because its target is not there is sent again, where the target has only got
    /// another name.
    pub(super) async fn carry_on(
        &mut self,
        mut verdicts: Vec<(OperationId, Verdict)>,
    ) -> Result<Vec<(OperationId, Verdict)>, SyncError> {
        let is_lost =
            |verdict: &Verdict| matches!(verdict, Verdict::Refused(Refusal::MailboxGone, _));
        let lost: Vec<OperationId> = verdicts
            .iter()
            .filter(|(_, verdict)| is_lost(verdict))
            .map(|(id, _)| *id)
            .collect();
        if lost.is_empty() {
            return Ok(verdicts);
        }
        let targets: BTreeMap<OperationId, MailboxKey> = self.desk.read(|reader| {
            let mut targets = BTreeMap::new();
            for id in lost {
                let operation = journal::find(reader, id)?;
                let target = operation.and_then(|one| one.kind.target());
                targets.extend(target.map(|target| (id, target)));
            }
            Ok(targets)
        })?;
        let mut found = BTreeSet::new();
        for mailbox in targets.values().copied().collect::<BTreeSet<_>>() {
            if self.is_renamed(mailbox).await? {
                found.insert(mailbox);
            }
        }
        for (id, verdict) in &mut verdicts {
            let target = targets.get(id).filter(|_| is_lost(verdict));
            if target.is_some_and(|target| found.contains(target)) {
                *verdict = Verdict::Again;
            }
        }
        // What the list has ended is told already.
        let ended: BTreeSet<OperationId> = self.desk.read(|reader| {
            let mut ended = BTreeSet::new();
            for id in targets.into_keys() {
                let operation = journal::find(reader, id)?;
                if operation.is_none_or(|one| one.state.is_failed()) {
                    ended.insert(id);
                }
            }
            Ok(ended)
        })?;
        verdicts.retain(|(id, _)| !ended.contains(id));
        Ok(verdicts)
    }
}
