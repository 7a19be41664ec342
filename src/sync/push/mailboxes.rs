//! Mailboxes: CREATE, RENAME, DELETE, SUBSCRIBE, all that wait for nothing in one flight.
//!
//! After a NO the server is asked what it lists: what is as it was wanted is done, whoever did it
//! and in whatever session.

use std::collections::BTreeSet;

use crate::imap::{Command, Event, MailboxName, Reply};
use crate::model::journal::{Cause, KnownMailbox, PutOff, renamed};
use crate::model::{OperationId, OperationKind};
use crate::protocol::Tag;
use crate::store::mailboxes::{self, Mailbox};
use crate::store::{StoreError, Tx, removal, verdicts};

use super::Task;
use crate::sync::SyncError;
use crate::sync::plan::order::Next;
use crate::sync::plan::proof::{Refusal, refusal, words};
use crate::sync::worker::Worker;

/// One change of a mailbox, with its names on the wire.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) id: OperationId,
    pub(super) row: Mailbox,
    pub(super) what: What,
}

impl Change {
    /// The name of a mailbox that is to be deleted and may hold messages.
    pub(super) fn to_be_checked(&self) -> Option<&MailboxName> {
        match (&self.what, &self.row.base) {
            (What::Remove { name, .. }, Some(base)) if base.selectable() => Some(name),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Create {
        name: MailboxName,
    },
    Rename {
        from: MailboxName,
        to: MailboxName,
        /// Subscribed names, old and new: RENAME takes no subscription along.
        subscribed: Vec<(MailboxName, MailboxName)>,
    },
    Remove {
        name: MailboxName,
        subscribed: bool,
    },
    Subscribe {
        name: MailboxName,
        subscribed: bool,
    },
}

/// How a change ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    Done {
        /// Whether the server took the subscription that goes with it.
        subscribed: bool,
    },
    Refused(Refusal, String),
    /// Another program has renamed the mailbox: it is sent again for the new name.
    Again,
    /// It is not deleted, because of messages that the person has not seen.
    Arrived {
        /// What is there.
        found: KnownMailbox,
        /// What is said of it.
        words: String,
    },
}

const NOT_THERE: &str =
    "the mailbox is gone from the server: another program renamed or deleted it";

impl Worker<'_> {
    /// Changes mailboxes. False if there was nothing.
    pub(super) async fn change_mailboxes(&mut self) -> Result<bool, SyncError> {
        let tasks = self.tasks_for(|next| next == Next::Mailbox)?;
        let mut changes = Vec::new();
        let mut lost = Vec::new();
        for task in &tasks {
            match self.change_of(task)? {
                Some(change) => changes.push(change),
                None => lost.push(task.id()),
            }
        }
        self.report_lost(lost).await?;
        if changes.is_empty() {
            return Ok(!tasks.is_empty());
        }
        self.leave_changed(&changes).await?;
        if self.hold_back(&changes).await? {
            // The names of the others may have changed too.
            return Ok(true);
        }
        let ids = changes.iter().map(|change| change.id).collect();
        if !self.hand_over(ids, Vec::new()).await? {
            return Ok(true);
        }
        let flight: Vec<(Tag, Vec<Tag>)> = changes
            .iter()
            .map(|change| self.submit_change(change))
            .collect();
        let mut gone = Vec::new();
        for (change, (tag, beside)) in changes.into_iter().zip(flight) {
            let (reply, events) = self.talk.finish(tag).await?;
            events.iter().for_each(|event| self.talk.overhear(event));
            let mut subscribed = true;
            for tag in beside {
                subscribed &= self.talk.finish(tag).await?.0.is_ok();
            }
            let end = self.judge_change(&change, &reply, subscribed).await?;
            match end {
                End::Refused(Refusal::MailboxGone, _) => gone.push((change, end)),
                end => self.conclude_change(change, end).await?,
            }
        }
        // Only now: a list tells of what the others have done too.
        for (change, end) in gone {
            let end = match &change.what {
                What::Remove { .. } => self.end_of_absent(&change).await?,
                _ if self.is_renamed(change.row.key).await? => End::Again,
                _ => end,
            };
            self.conclude_change(change, end).await?;
        }
        Ok(true)
    }

    /// `None` if the mailbox is on no server and is not being made either.
    fn change_of(&self, task: &Task) -> Result<Option<Change>, SyncError> {
        let Some(key) = task.kind().mailbox() else {
            return Ok(None);
        };
        let (account, id) = (self.desk.key, task.id());
        let kind = task.kind().clone();
        self.desk.read(|reader| {
            let row = match mailboxes::get(reader, key) {
                Ok(row) => row,
                Err(error) if error.is_missing() => return Ok(None),
                Err(error) => return Err(error),
            };
            let base = row.base.clone();
            let wire = base.map(|base| (MailboxName::from_stored(&base.name), base));
            let what = match (kind, wire) {
                (OperationKind::Create { name, .. }, _) => What::Create {
                    name: MailboxName::encode(&name),
                },
                (OperationKind::Rename { to, .. }, Some((from, base))) => {
                    // One that is to be deleted afterwards too: it may stay after all.
                    let all = mailboxes::on_server(reader, account)?;
                    let to = MailboxName::encode(&to);
                    What::Rename {
                        subscribed: subscriptions(&all, &from, &to, base.delimiter),
                        from,
                        to,
                    }
                }
                (OperationKind::Remove { .. }, Some((name, base))) => What::Remove {
                    name,
                    subscribed: base.subscribed,
                },
                (OperationKind::Subscribe { subscribed, .. }, Some((name, _))) => {
                    What::Subscribe { name, subscribed }
                }
                _ => return Ok(None),
            };
            Ok(Some(Change { id, row, what }))
        })
    }

    async fn report_lost(&mut self, lost: Vec<OperationId>) -> Result<(), SyncError> {
        if lost.is_empty() {
            return Ok(());
        }
        self.report.refused(lost.len(), NOT_THERE);
        let fail = move |tx: &Tx<'_>| {
            lost.iter()
                .try_for_each(|id| verdicts::fail(tx, *id, NOT_THERE, Cause::MailboxGone))
        };
        Ok(self.desk.durable(fail).await?)
    }

    /// A mailbox that is renamed or deleted is not open meanwhile. UNSELECT and EXAMINE expunge
    /// nothing, as CLOSE would.
    async fn leave_changed(&mut self, changes: &[Change]) -> Result<(), SyncError> {
        let Some(open) = self.selected.as_ref().map(|selected| selected.mailbox) else {
            return Ok(());
        };
        let name = self.desk.read(|reader| mailboxes::get(reader, open))?.base;
        let name = name.map(|base| base.name).unwrap_or_default();
        let touched = changes.iter().any(|change| match &change.what {
            What::Rename { from, .. } => name.starts_with(from.as_str()),
            What::Remove { .. } => change.row.key == open,
            What::Create { .. } | What::Subscribe { .. } => false,
        });
        if !touched {
            return Ok(());
        }
        self.unselect().await
    }

    /// Leaves the open mailbox, without a look at what is marked deleted in it.
    pub(super) async fn unselect(&mut self) -> Result<(), SyncError> {
        self.selected = None;
        self.talk.forget_mailbox();
        let command = match self.talk.abilities().unselect {
            true => Command::Unselect,
            false => Command::Examine {
                mailbox: MailboxName::from_stored("INBOX"),
                condstore: false,
            },
        };
        self.talk.call(command).await?;
        self.talk.forget_mailbox();
        Ok(())
    }

    /// The command, and those that go out beside it.
    fn submit_change(&mut self, change: &Change) -> (Tag, Vec<Tag>) {
        match &change.what {
            What::Create { name } => {
                let able = self.talk.abilities().create_special_use;
                let role = change.row.role.filter(|_| able);
                let attribute = role.and_then(|role| role.attribute());
                let tag = self.talk.submit(Command::Create {
                    mailbox: name.clone(),
                    special_use: attribute.into_iter().map(str::to_owned).collect(),
                });
                let mailbox = name.clone();
                (tag, vec![self.talk.submit(Command::Subscribe { mailbox })])
            }
            What::Rename {
                from,
                to,
                subscribed,
            } => {
                let (from, to) = (from.clone(), to.clone());
                let tag = self.talk.submit(Command::Rename { from, to });
                let new = subscribed.iter().map(|(_, new)| new.clone());
                let beside = new
                    .map(|mailbox| self.talk.submit(Command::Subscribe { mailbox }))
                    .collect();
                (tag, beside)
            }
            What::Remove { name, .. } => {
                let mailbox = name.clone();
                (self.talk.submit(Command::Delete { mailbox }), Vec::new())
            }
            What::Subscribe { name, subscribed } => {
                let mailbox = name.clone();
                let command = match subscribed {
                    true => Command::Subscribe { mailbox },
                    false => Command::Unsubscribe { mailbox },
                };
                (self.talk.submit(command), Vec::new())
            }
        }
    }

    async fn judge_change(
        &mut self,
        change: &Change,
        reply: &Reply,
        subscribed: bool,
    ) -> Result<End, SyncError> {
        let done = End::Done { subscribed };
        let Some(refused) = refusal(reply) else {
            self.drop_subscriptions(&change.what).await?;
            return Ok(done);
        };
        let words = words(reply);
        if let Refusal::Later(_) = refused {
            return Ok(End::Refused(refused, words));
        }
        let gone = || End::Refused(Refusal::MailboxGone, NOT_THERE.to_owned());
        Ok(match &change.what {
            What::Create { name } if self.is_listed(name).await? => done,
            What::Rename { from, to, .. } => {
                match (self.is_listed(from).await?, self.is_listed(to).await?) {
                    (false, true) => {
                        self.drop_subscriptions(&change.what).await?;
                        done
                    }
                    (false, false) => gone(),
                    (true, _) => End::Refused(Refusal::Final, words),
                }
            }
            What::Remove { name, .. } | What::Subscribe { name, .. }
                if !self.is_listed(name).await? =>
            {
                gone()
            }
            What::Create { .. } | What::Remove { .. } | What::Subscribe { .. } => {
                End::Refused(Refusal::Final, words)
            }
        })
    }

    /// Names that lead nowhere any more are not subscribed any more; a server that refuses that
    /// does no harm.
    pub(super) async fn drop_subscriptions(&mut self, what: &What) -> Result<(), SyncError> {
        let names: Vec<MailboxName> = match what {
            What::Rename { subscribed, .. } => {
                subscribed.iter().map(|(old, _)| old.clone()).collect()
            }
            What::Remove {
                name,
                subscribed: true,
            } => vec![name.clone()],
            What::Remove { .. } | What::Create { .. } | What::Subscribe { .. } => Vec::new(),
        };
        let tags: Vec<Tag> = names
            .into_iter()
            .map(|mailbox| self.talk.submit(Command::Unsubscribe { mailbox }))
            .collect();
        for tag in tags {
            self.talk.finish(tag).await?;
        }
        Ok(())
    }

    /// Whether the server lists exactly this name.
    pub(super) async fn is_listed(&mut self, name: &MailboxName) -> Result<bool, SyncError> {
        let (reply, events) = self
            .talk
            .call(Command::List {
                reference: MailboxName::default(),
                pattern: name.clone(),
                special_use: false,
                subscribed: false,
                status: Vec::new(),
            })
            .await?;
        if !reply.is_ok() {
            return Err(self.talk.refused("list its mailboxes", reply));
        }
        Ok(events.iter().any(|event| match event {
            Event::Listed(listed) => listed.name == *name && !listed.has("\\NonExistent"),
            _ => false,
        }))
    }

    pub(super) async fn conclude_change(
        &mut self,
        change: Change,
        end: End,
    ) -> Result<(), SyncError> {
        match &end {
            End::Done { .. } => {
                self.tally.pushed += 1;
                self.shut.remove(&change.row.key);
            }
            End::Again => {}
            End::Arrived { words, .. } => self.report.kept(words),
            End::Refused(Refusal::Later(_), words) => self.report.later(1, words),
            End::Refused(_, words) => self.report.refused(1, words),
        }
        // One that was there already may hold messages.
        let pulled = matches!(
            (&change.what, &end),
            (What::Create { .. }, _) | (_, End::Arrived { .. })
        );
        let pulled = pulled.then_some(change.row.key);
        let now = self.desk.store.now();
        self.desk
            .durable(move |tx| write(tx, &change, &end, now))
            .await?;
        if let Some(key) = pulled {
            let row = self.desk.read(|reader| mailboxes::get(reader, key))?;
            self.due.extend(row.base.map(|_| key));
        }
        Ok(())
    }
}

fn write(tx: &Tx<'_>, change: &Change, end: &End, now: i64) -> Result<(), StoreError> {
    let id = change.id;
    match (end, &change.what) {
        (End::Done { subscribed }, What::Create { name }) => {
            verdicts::created(tx, id, name.as_str())?;
            verdicts::note_subscription(tx, change.row.key, *subscribed)
        }
        (End::Done { .. }, What::Rename { to, .. }) => verdicts::renamed(tx, id, to.as_str()),
        (End::Done { .. }, What::Remove { .. }) => verdicts::removed(tx, id),
        (End::Done { .. }, What::Subscribe { .. }) => verdicts::subscribed(tx, id),
        (End::Again, _) => verdicts::requeue(tx, id, None),
        (End::Arrived { found, words }, _) => removal::refuse(tx, id, *found, words),
        (End::Refused(Refusal::Later(seconds), words), _) => {
            let (until, why) = (now + seconds, words.clone());
            verdicts::requeue(tx, id, Some(PutOff { until, why }))
        }
        (End::Refused(Refusal::MailboxGone, words), _) => {
            verdicts::fail(tx, id, words, Cause::MailboxGone)
        }
        (End::Refused(Refusal::Final, words), _) => verdicts::fail(tx, id, words, Cause::Refused),
    }
}

/// The subscribed names that a rename changes, old and new.
fn subscriptions(
    all: &[Mailbox],
    from: &MailboxName,
    to: &MailboxName,
    delimiter: Option<char>,
) -> Vec<(MailboxName, MailboxName)> {
    let bases = all.iter().filter_map(|row| row.base.as_ref());
    let names: BTreeSet<&str> = bases
        .filter(|base| base.subscribed)
        .map(|base| base.name.as_str())
        .collect();
    names
        .into_iter()
        .filter_map(|name| {
            let new = renamed(name, from.as_str(), to.as_str(), delimiter)?;
            Some((
                MailboxName::from_stored(name),
                MailboxName::from_stored(&new),
            ))
        })
        .collect()
}
