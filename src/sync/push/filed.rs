//! What a submission server may have filed by itself: looked for in the folder for sent mail, before
//! a copy is uploaded there (SAFETY R3), and where nobody knows whether a message was sent (R1).

use std::time::Duration;

use crate::imap::{Command, Criterion, Event};
use crate::model::journal::{SentAs, Spot};
use crate::model::{MailboxKey, OperationKind, OperationState, Role, Severity, UidSet};
use crate::store::outgoing::{self, Outgoing};
use crate::store::verdicts::Left;
use crate::store::{Tx, mailboxes, messages};

use super::renamed::Opening;
use super::{Task, Verdict};
use crate::sync::SyncError;
use crate::sync::outbox::UNSURE;
use crate::sync::worker::Worker;

/// The server's clock and ours may differ by this; what is older is not looked through.
const SLACK: i64 = 2 * 86_400;
/// What may have been sent is looked for so often at most.
const AGAIN: Duration = Duration::from_secs(30);

impl Worker<'_> {
    /// What of these is to be uploaded. A copy of sent mail that stands in the target already is taken
    /// as it stands there.
    pub(super) async fn not_filed(
        &mut self,
        target: MailboxKey,
        tasks: Vec<Task>,
    ) -> Result<Vec<Task>, SyncError> {
        let (mut left, mut found) = (Vec::new(), Vec::new());
        for task in tasks {
            let OperationKind::Append {
                message,
                sent_as: Some(sent_as),
                ..
            } = task.kind()
            else {
                left.push(task);
                continue;
            };
            let (message, sent_as) = (*message, sent_as.clone());
            let row = self.desk.read(|reader| messages::get(reader, message))?;
            match self.find_sent(target, &sent_as, row.arrival).await? {
                Some(spot) => found.push((task.id(), Verdict::Placed(spot, Left::Nothing))),
                None => left.push(task),
            }
        }
        self.conclude(found).await?;
        Ok(left)
    }

    /// Looks for what may have been sent where a server that files what it sends puts it.
    pub(super) async fn find_unsure(&mut self) -> Result<(), SyncError> {
        let now = self.desk.env.clock.monotonic();
        if now < self.next_look {
            return Ok(());
        }
        let key = self.desk.key;
        let (all, sent) = self.desk.read(|reader| {
            let sent = mailboxes::by_role(reader, key, Role::Sent)?;
            Ok((outgoing::list(reader, Some(key))?, sent))
        })?;
        // A copy that we filed ourselves for somebody proves nothing for the others.
        let unknown = |out: &Outgoing| out.state == OperationState::Unsure && out.sent.is_none();
        let unsure: Vec<Outgoing> = all.into_iter().filter(unknown).collect();
        let Some(sent) = sent.filter(|_| !unsure.is_empty()) else {
            return Ok(());
        };
        self.next_look = now.after(AGAIN);
        for out in unsure {
            let sent_as = self.desk.read(|reader| outgoing::sent_as(reader, &out))?;
            if self
                .find_sent(sent.key, &sent_as, out.queued)
                .await?
                .is_some()
            {
                self.was_sent(&out).await?;
            }
        }
        Ok(())
    }

    async fn was_sent(&mut self, out: &Outgoing) -> Result<(), SyncError> {
        let id = out.operation;
        let found = move |tx: &Tx<'_>| outgoing::found(tx, id);
        if self.desk.durable(found).await? == outgoing::Ended::Gone {
            return Ok(());
        }
        let subject = &out.subject;
        let text = format!("\"{subject}\" was sent: it stands in the folder for sent mail.");
        let (key, unsure) = (self.desk.key, |out: &Outgoing| {
            out.state == OperationState::Unsure
        });
        let left = self.desk.read(|reader| outgoing::list(reader, Some(key)))?;
        if !left.iter().any(unsure) {
            self.desk.settle(&[UNSURE]).await?;
        }
        self.desk.tell(Severity::Note, "sent", text, "").await
    }

    /// Where a message that was sent stands in a mailbox; `None` where it does not, or where the server
    /// does not say.
    async fn find_sent(
        &mut self,
        mailbox: MailboxKey,
        sent_as: &SentAs,
        since: i64,
    ) -> Result<Option<Spot>, SyncError> {
        if sent_as.id().is_empty() {
            return Ok(None);
        }
        let search = Command::Search {
            uid: true,
            criteria: vec![
                Criterion::Since(since.saturating_sub(SLACK)),
                Criterion::Header(sent_as.field().to_owned(), format!("<{}>", sent_as.id())),
            ],
            esearch: self.talk.abilities().esearch,
        };
        let (reply, events) = match self.open_and_ask(mailbox, Some(search.clone())).await? {
            Opening::Shut => return Ok(None),
            Opening::Open(Some(answered)) => answered,
            Opening::Open(None) => self.talk.call(search).await?,
        };
        let mut uids = UidSet::new();
        for event in events {
            match event {
                Event::Search(found) => uids = uids.union(&found.numbers),
                event => self.talk.overhear(&event),
            }
        }
        let Some(selected) = self.selected.as_ref().filter(|_| reply.is_ok()) else {
            return Ok(None);
        };
        Ok(uids.last().map(|uid| Spot {
            mailbox,
            epoch: selected.epoch.0,
            uid,
        }))
    }
}
