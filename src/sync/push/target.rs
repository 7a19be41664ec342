//! The mailboxes into which messages go: asked for their UIDNEXT before anything is sent there.

use std::collections::{BTreeMap, BTreeSet};

use crate::imap::{Command, Event, MailboxName, StatusItem};
use crate::model::journal::{Proof, Spot};
use crate::model::{MailboxKey, Uid, UidValidity};
use crate::store::mailboxes::{Epoch, Opened};
use crate::store::{mailboxes, messages};

use super::Verdict;
use crate::sync::SyncError;
use crate::sync::plan::proof::{Refusal, refusal, words};
use crate::sync::worker::Worker;

/// A mailbox as the server has it now.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) mailbox: MailboxKey,
    pub(super) name: MailboxName,
    pub(super) epoch: Epoch,
    pub(super) validity: Option<UidValidity>,
    pub(super) uid_next: u32,
    /// Keywords that are not kept there are not sent along; `None` if the server did not say.
    pub(super) permanent: Option<mailboxes::PermanentFlags>,
}

impl Target {
    /// What is written down before something is sent there.
    pub(super) fn proof(&self, source: Option<Spot>) -> Proof {
        Proof {
            source,
            epoch: self.epoch.0,
            uid_next: self.uid_next,
            found: None,
        }
    }

    /// The place of a UID that the server named, if it is of the numbering that we know.
    pub(super) fn spot(&self, validity: UidValidity, uid: Uid) -> Option<Spot> {
        (self.validity == Some(validity)).then_some(Spot {
            mailbox: self.mailbox,
            epoch: self.epoch.0,
            uid,
        })
    }
}

impl Worker<'_> {
    /// Asks for UIDNEXT of mailboxes, all in one flight, but for those of which LIST has just said it:
    /// a bound that is a little lower finds the same messages. What cannot be used comes as the verdict
    /// on whatever was to go there; a mailbox that is gone is never made again by itself (R10).
    pub(super) async fn targets(
        &mut self,
        wanted: BTreeSet<MailboxKey>,
    ) -> Result<BTreeMap<MailboxKey, Result<Target, Verdict>>, SyncError> {
        let mut found = BTreeMap::new();
        let mut asked = Vec::new();
        let now = self.desk.env.clock.monotonic();
        for mailbox in wanted {
            let row = match self.desk.read(|reader| mailboxes::get(reader, mailbox)) {
                Ok(row) => Some(row),
                Err(SyncError::Store(error)) if error.is_missing() => None,
                Err(error) => return Err(error),
            };
            let base = row.as_ref().and_then(|row| row.base.clone());
            let (Some(row), Some(base)) = (row, base) else {
                found.insert(mailbox, Err(not_there("the mailbox is not on the server")));
                continue;
            };
            self.touched(mailbox);
            let name = MailboxName::from_stored(&base.name);
            if let Some(said) = self.stated.take(&base.name, now)
                && let (Some(next), Some(validity)) = (said.uid_next, said.validity)
                && let Ok(uid_next @ 1..) = u32::try_from(next)
            {
                let mut target = target_of(&row, &base, name, uid_next);
                let said = Some(UidValidity(validity));
                self.note_validity(&mut target, said).await?;
                found.insert(mailbox, Ok(target));
                continue;
            }
            let tag = self.talk.submit(Command::Status {
                mailbox: name.clone(),
                items: vec![StatusItem::UidNext, StatusItem::UidValidity],
            });
            asked.push((tag, row, base, name));
        }
        for (tag, row, base, name) in asked {
            let (reply, events) = self.talk.finish(tag).await?;
            if let Some(refused) = refusal(&reply) {
                let verdict = match refused {
                    Refusal::MailboxGone => not_there(&words(&reply)),
                    other => Verdict::Refused(other, words(&reply)),
                };
                found.insert(row.key, Err(verdict));
                continue;
            }
            let mut target = target_of(&row, &base, name, 0);
            for event in events {
                match event {
                    Event::Status(status) if status.name == target.name => {
                        let next = status.uid_next.and_then(|next| u32::try_from(next).ok());
                        target.uid_next = next.unwrap_or_default();
                        self.note_validity(&mut target, status.uid_validity).await?;
                    }
                    event => self.talk.overhear(&event),
                }
            }
            if target.uid_next == 0 {
                target.uid_next = self.above_known(&target)?;
            }
            found.insert(row.key, Ok(target));
        }
        Ok(found)
    }

    async fn note_validity(
        &mut self,
        target: &mut Target,
        said: Option<UidValidity>,
    ) -> Result<(), SyncError> {
        if said.is_none() || said == target.validity {
            return Ok(());
        }
        let mailbox = target.mailbox;
        let selected = mailboxes::Selected {
            uidvalidity: said,
            ..mailboxes::Selected::default()
        };
        let opened = self
            .desk
            .bulk(move |tx| mailboxes::record_select(tx, mailbox, &selected))
            .await?;
        if matches!(opened, Opened::Renumbered(_)) {
            self.due.insert(mailbox);
        }
        target.epoch = opened.epoch();
        target.validity = said.filter(|validity| validity.0 > 0).or(target.validity);
        Ok(())
    }

    /// A server that tells no UIDNEXT: what comes is above all that is known.
    fn above_known(&self, target: &Target) -> Result<u32, SyncError> {
        let (mailbox, epoch) = (target.mailbox, target.epoch);
        let known = self
            .desk
            .read(|reader| messages::known_uids(reader, mailbox, epoch))?;
        Ok(known.last().map_or(1, |Uid(last)| last.saturating_add(1)))
    }
}

fn target_of(
    row: &mailboxes::Mailbox,
    base: &mailboxes::MailboxBase,
    name: MailboxName,
    uid_next: u32,
) -> Target {
    Target {
        mailbox: row.key,
        name,
        epoch: row.epoch,
        validity: base.uidvalidity,
        uid_next,
        permanent: base.permanentflags.clone(),
    }
}

fn not_there(words: &str) -> Verdict {
    Verdict::Refused(Refusal::MailboxGone, words.to_owned())
}
