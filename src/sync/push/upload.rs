//! Uploads: APPEND, and the bytes that another account's upload waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imap::{Body, Command, Event, Reply};
use crate::model::{ContentKey, Flags, MailboxKey, MessageKey, OperationId, OperationKind};
use crate::protocol::Tag;
use crate::store::bodies::{self, Have};
use crate::store::verdicts::Left;
use crate::store::{Change, Rows, StoreError, journal, messages};

use super::line_ends::LineEnds;
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
    message: MessageKey,
    /// Octets that it is listed with.
    size: u64,
    content: ContentKey,
    /// Octets as they are stored.
    stored: u64,
    /// Octets as they go out.
    length: u64,
    flags: Flags,
    date: i64,
}

/// A message that goes out in pieces, from where it has come to.
struct Stream {
    content: ContentKey,
    at: u64,
    ends: LineEnds,
}

impl Stream {
    fn of(content: ContentKey) -> Self {
        Self {
            content,
            at: 0,
            ends: LineEnds::default(),
        }
    }
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
                    let tasks = self.not_filed(to, tasks).await?;
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
        self.count_as_sent(&loads).await?;
        let ids = loads.iter().map(|load| load.id).collect();
        let proofs = loads
            .iter()
            .map(|load| (load.id, target.proof(None)))
            .collect();
        if !self.hand_over(ids, proofs).await? {
            return Ok(());
        }
        let mut flying: VecDeque<(Tag, OperationId)> = VecDeque::new();
        let mut streams = BTreeMap::new();
        for load in loads {
            let body = self.body_of(&load)?;
            let stream = matches!(body, Body::Source { .. }).then(|| Stream::of(load.content));
            let tag = self.talk.submit(Command::Append {
                mailbox: target.name.clone(),
                flags: load.flags,
                date: Some(load.date),
                body,
            });
            streams.extend(stream.map(|stream| (tag, stream)));
            flying.push_back((tag, load.id));
        }
        let mut ends = Vec::new();
        for (tag, id) in flying {
            let reply = self.see_up(tag, &mut streams).await?;
            ends.push((id, self.judge_upload(target, id, &reply)));
        }
        self.conclude(ends).await
    }

    /// The size of a message is the one that its server will tell: with every line end as it goes out.
    async fn count_as_sent(&mut self, loads: &[Load]) -> Result<(), SyncError> {
        let other = |load: &&Load| load.size != load.length;
        let sizes: Vec<_> = loads
            .iter()
            .filter(other)
            .map(|load| (load.message, load.length))
            .collect();
        if sizes.is_empty() {
            return Ok(());
        }
        let write = move |tx: &crate::store::Tx<'_>| {
            let mut sizes = sizes.iter();
            sizes.try_for_each(|(message, size)| messages::set_size(tx, *message, *size))
        };
        Ok(self.desk.durable(write).await?)
    }

    fn body_of(&self, load: &Load) -> Result<Body, SyncError> {
        if load.length > WHOLE {
            return Ok(Body::Source {
                source: u64::try_from(load.content.0).unwrap_or_default(),
                length: load.length,
            });
        }
        let mut ends = LineEnds::default();
        let mut bytes = ends.push(&self.bytes(load.content, 0, load.stored)?);
        bytes.extend_from_slice(ends.end());
        Ok(Body::Whole(bytes.into()))
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
                Have::Whole(stored) => Some(Load {
                    id,
                    message,
                    size: row.size,
                    content: row.content,
                    stored,
                    length: length_out(reader, row.content, stored)?,
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
    async fn see_up(
        &mut self,
        tag: Tag,
        streams: &mut BTreeMap<Tag, Stream>,
    ) -> Result<Reply, SyncError> {
        loop {
            match self.talk.next_for(tag).await? {
                Step::Event(Event::Wanted { tag, .. }) => {
                    let bytes = match streams.get_mut(&tag) {
                        Some(stream) => self.next_bytes(stream)?,
                        None => Vec::new(),
                    };
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

    /// The next octets of a message as they go out; none at its end.
    fn next_bytes(&self, stream: &mut Stream) -> Result<Vec<u8>, SyncError> {
        let bytes = self.bytes(stream.content, stream.at, READ)?;
        stream.at += bytes.len() as u64;
        Ok(match bytes.is_empty() {
            true => stream.ends.end().to_vec(),
            false => stream.ends.push(&bytes),
        })
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

/// How many octets of a stored message go out, once every line ends in CR LF.
pub(super) fn length_out(
    rows: &impl Rows,
    content: ContentKey,
    stored: u64,
) -> Result<u64, StoreError> {
    let (mut ends, mut at, mut added) = (LineEnds::default(), 0, 0);
    while at < stored {
        let bytes = bodies::read(rows, content, "", at, at + READ)?.unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        at += bytes.len() as u64;
        added += ends.added(&bytes);
    }
    Ok(stored + added + ends.end().len() as u64)
}
