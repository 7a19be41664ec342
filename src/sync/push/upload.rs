//! Uploads: APPEND, and the bytes that another account's upload waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imap::{Body, Command, Event, Reply};
use crate::model::{ContentKey, Flags, MailboxKey, OperationId, OperationKind};
use crate::protocol::Tag;
use crate::store::bodies::{self, Have};
use crate::store::verdicts::Left;
use crate::store::{Change, journal, messages};

use super::target::Target;
use super::{Task, Verdict};
use crate::sync::SyncError;
use crate::sync::dialogue::Step;
use crate::sync::plan::order::Next;
use crate::sync::plan::proof::{Answer, Refusal, refusal, words};
use crate::sync::worker::Worker;

/// A message up to this length is handed over whole.
const WHOLE: u64 = 64 << 10;
/// Octets read from the store at a time.
const READ: u64 = 256 << 10;
/// Uploads that are marked and under way together.
const UPLOADS: usize = 16;

/// One message to be uploaded.
struct Load {
    id: OperationId,
    content: ContentKey,
    length: u64,
    flags: Flags,
    date: i64,
}

impl Worker<'_> {
    /// Uploads what may be uploaded. False if there was nothing.
    pub(super) async fn upload_all(&mut self) -> Result<bool, SyncError> {
        let tasks = self.tasks_for(|next| next == Next::Upload)?;
        if tasks.is_empty() {
            return Ok(false);
        }
        let mut groups: BTreeMap<MailboxKey, Vec<Task>> = BTreeMap::new();
        for task in tasks {
            if let Some(to) = task.kind().target() {
                groups.entry(to).or_default().push(task);
            }
        }
        let targets = self.targets(groups.keys().copied().collect()).await?;
        for (to, tasks) in groups {
            match targets.get(&to) {
                Some(Ok(target)) => {
                    for some in tasks.chunks(UPLOADS) {
                        self.upload(target, some).await?;
                    }
                }
                Some(Err(verdict)) => {
                    let all = tasks.iter().map(|task| (task.id(), verdict.clone()));
                    self.conclude(all.collect()).await?;
                }
                None => {}
            }
        }
        Ok(true)
    }

    async fn upload(&mut self, target: &Target, tasks: &[Task]) -> Result<(), SyncError> {
        let mut loads = Vec::new();
        for task in tasks {
            loads.extend(self.load_of(target, task)?);
        }
        if loads.is_empty() {
            let lost = "its bytes are not here any more".to_owned();
            let lost = Verdict::Refused(Refusal::Final, lost);
            let all = tasks.iter().map(|task| (task.id(), lost.clone()));
            return self.conclude(all.collect()).await;
        }
        let ids = loads.iter().map(|load| load.id).collect();
        let proofs = loads
            .iter()
            .map(|load| (load.id, target.proof(None)))
            .collect();
        if !self.hand_over(ids, proofs).await? {
            return Ok(());
        }
        let mut flying: VecDeque<(Tag, OperationId)> = VecDeque::new();
        for load in loads {
            let command = Command::Append {
                mailbox: target.name.clone(),
                flags: load.flags,
                date: Some(load.date),
                body: match load.length {
                    0..=WHOLE => Body::Whole(self.bytes(load.content, 0, load.length)?.into()),
                    length => Body::Source {
                        source: u64::try_from(load.content.0).unwrap_or_default(),
                        length,
                    },
                },
            };
            flying.push_back((self.talk.submit(command), load.id));
        }
        let mut ends = Vec::new();
        for (tag, id) in flying {
            let reply = self.see_up(tag).await?;
            ends.push((id, self.judge_upload(target, id, &reply)));
        }
        self.conclude(ends).await
    }

    /// `None` while the bytes are not here.
    fn load_of(&self, target: &Target, task: &Task) -> Result<Option<Load>, SyncError> {
        let OperationKind::Append { message, flags, .. } = task.kind() else {
            return Ok(None);
        };
        let (id, message, mut flags) = (task.id(), *message, flags.clone());
        if let Some(permanent) = &target.permanent
            && !permanent.any
        {
            flags
                .keywords
                .retain(|word| permanent.flags.has_keyword(word));
        }
        self.desk.read(|reader| {
            let row = messages::get(reader, message)?;
            Ok(match bodies::have(reader, row.content, "")? {
                Have::Whole(length) => Some(Load {
                    id,
                    content: row.content,
                    length,
                    flags,
                    date: row.arrival,
                }),
                Have::Nothing | Have::Part(_) => None,
            })
        })
    }

    fn bytes(&self, content: ContentKey, from: u64, length: u64) -> Result<Vec<u8>, SyncError> {
        let end = from.saturating_add(length);
        let read = self
            .desk
            .read(|reader| bodies::read(reader, content, "", from, end))?;
        Ok(read.unwrap_or_default())
    }

    /// Until the answer to an APPEND, giving octets of whichever message the server takes next.
    async fn see_up(&mut self, tag: Tag) -> Result<Reply, SyncError> {
        loop {
            match self.talk.next_for(tag).await? {
                Step::Event(Event::Wanted {
                    tag,
                    source,
                    from,
                    left,
                }) => {
                    let content = ContentKey(i64::try_from(source).unwrap_or_default());
                    let bytes = self.bytes(content, from, left.min(READ))?;
                    match bytes.is_empty() {
                        true => self.talk.withhold(tag),
                        false => self.talk.supply(tag, bytes),
                    }
                }
                Step::Event(event) => self.talk.overhear(&event),
                Step::Done(done, reply) if done == tag => return Ok(reply),
                Step::Done(..) | Step::Chunk { .. } => {}
            }
        }
    }

    fn judge_upload(&mut self, target: &Target, id: OperationId, reply: &Reply) -> Verdict {
        if let Some(refused) = refusal(reply) {
            return Verdict::Refused(refused, words(reply));
        }
        let named = reply.appended();
        match named.and_then(|(validity, uid)| target.spot(validity, uid)) {
            Some(spot) => Verdict::Placed(spot, Left::Nothing),
            None => {
                let answer = Answer {
                    still: true,
                    refused: None,
                };
                self.answers.insert(id, answer);
                Verdict::Unsure
            }
        }
    }

    /// Fetches messages of this account that uploads of other accounts wait for.
    pub(super) async fn fetch_awaited(&mut self) -> Result<(), SyncError> {
        let key = self.desk.key;
        let awaited = self
            .desk
            .read(|reader| journal::bytes_awaited(reader, key))?;
        let mut here: BTreeMap<MailboxKey, BTreeSet<_>> = BTreeMap::new();
        for key in awaited {
            let row = self.desk.read(|reader| messages::find(reader, key))?;
            if let Some((row, base)) = row.and_then(|row| row.base.clone().map(|base| (row, base)))
            {
                let mailbox = here.entry(base.mailbox).or_default();
                mailbox.insert((base.uid, base.epoch, row.content));
            }
        }
        let mut came = false;
        for (mailbox, wanted) in here {
            if !self.open_existing(mailbox).await? {
                continue;
            }
            let Some(selected) = self.selected.clone() else {
                continue;
            };
            for (uid, epoch, content) in wanted {
                if epoch == selected.epoch {
                    came |= self.fetch_whole(uid, content).await?;
                }
            }
        }
        if came {
            // Whoever waits for the bytes may go on.
            let tell = |tx: &crate::store::Tx<'_>| {
                tx.changed(Change::Journal);
                Ok(())
            };
            self.desk.bulk(tell).await?;
        }
        Ok(())
    }
}
