//! Messages on their way: asked for a few at a time, gathered, and put into the store by
//! transactions of a few megabytes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::mime::structure;
use crate::model::maildrop::{Digest, SeenKey};
use crate::model::{ContentKey, RequestId, Severity};
use crate::pop3::{Command, Reply};
use crate::protocol::{Tag, Time};
use crate::store::bodies::{self, BodyWriter};
use crate::store::requests::Progress;
use crate::store::{Pending, StoreError, Tx, links, maildrop};

use super::super::SyncError;
use super::super::bodies::is_withdrawn;
use super::super::plan::maildrop::{Doomed, Entry};
use super::arrive::{Ready, Stored, Was, arrived_of_header, arrived_whole, head, store};
use super::dialogue::Step;
use super::look::Look;

/// Messages that are asked for at once, so that the server reads the next while we take this one.
const IN_FLIGHT: usize = 16;
/// Octets of them, as the server reckons, so that who waits for a message waits for little else.
const AHEAD: u64 = 1 << 20;
/// Octets that one transaction takes.
const COMMIT: usize = 2 << 20;
/// What came is shown at the latest after this, however slow the line.
const SHOWN: Duration = Duration::from_millis(250);
/// Transactions under way at once.
const WRITING: usize = 3;
/// A message with more octets than this is put into the store while it comes.
const LARGE: usize = 16 << 20;

/// What is compared of a message before it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Its header.
    Head,
    /// All its bytes.
    Whole,
}

/// Something to ask of the server.
#[derive(Clone, Debug)]
pub(super) enum Job {
    /// A message that is not known.
    New(Entry),
    /// The header of one.
    Header(Entry),
    /// A header, only to know a message again.
    Head(u32),
    /// The bytes of a message of which the header is here.
    Body {
        number: u32,
        key: SeenKey,
        content: ContentKey,
        request: Option<RequestId>,
    },
    /// A look at a message before it is deleted.
    Compare {
        doomed: Doomed,
        what: Compared,
        expected: Digest,
    },
}

impl Job {
    pub(super) fn head(entry: &Entry) -> Self {
        Job::Head(entry.number)
    }

    pub(super) fn compare(doomed: Doomed, what: Compared, expected: Digest) -> Self {
        Job::Compare {
            doomed,
            what,
            expected,
        }
    }

    pub(super) fn doomed(&self) -> Option<Doomed> {
        match self {
            Job::Compare { doomed, .. } => Some(*doomed),
            Job::New(_) | Job::Header(_) | Job::Head(_) | Job::Body { .. } => None,
        }
    }

    fn number(&self) -> u32 {
        match self {
            Job::New(entry) | Job::Header(entry) => entry.number,
            Job::Head(number) | Job::Body { number, .. } => *number,
            Job::Compare { doomed, .. } => doomed.number,
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Job::New(_) | Job::Body { .. } => true,
            Job::Header(_) | Job::Head(_) => false,
            Job::Compare { what, .. } => *what == Compared::Whole,
        }
    }

    fn command(&self) -> Command {
        let number = self.number();
        match self.is_whole() {
            true => Command::Retr { number },
            false => Command::Top { number, lines: 0 },
        }
    }

    /// Whether it brings a message nearer, as progress counts.
    fn counts(&self) -> bool {
        match self {
            Job::New(_) | Job::Header(_) | Job::Body { .. } => true,
            Job::Head(_) | Job::Compare { .. } => false,
        }
    }
}

/// A job that was asked for.
struct Running {
    tag: Tag,
    job: Job,
    octets: u64,
    bytes: Vec<u8>,
    large: Option<Large>,
}

/// A message that goes into the store, or through a hash, while it comes.
enum Large {
    Stored(Box<BodyWriter>),
    Hashed(Box<blake3::Hasher>),
}

/// All jobs of one kind.
#[derive(Default)]
struct Load {
    queue: VecDeque<Job>,
    running: VecDeque<Running>,
    ready: Vec<Ready>,
    size: usize,
    writing: VecDeque<Pending<Vec<Stored>>>,
    committed: Time,
    done: u64,
    total: u64,
}

impl Look<'_> {
    /// Does jobs until none is left; what persons ask for meanwhile comes first. What came before an
    /// error is in the store.
    pub(super) async fn load(&mut self, queue: VecDeque<Job>) -> Result<(), SyncError> {
        let total = queue.iter().filter(|job| job.counts()).count();
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        if total > 0 {
            // The first of them may be long in coming.
            let (key, link) = (self.desk.key, self.desk.progress("INBOX", 0, total));
            let show = move |tx: &Tx<'_>| links::set(tx, key, &link);
            self.desk.bulk(show).await?;
        }
        let mut load = Load {
            queue,
            total,
            committed: self.desk.env.clock.monotonic(),
            ..Load::default()
        };
        let outcome = self.run(&mut load).await;
        if outcome.is_err() {
            let first = load.running.front();
            self.stumbled = first.and_then(|running| self.name(&running.job));
        }
        let stored = self.commit_all(&mut load).await;
        outcome.and(stored)
    }

    /// The server's name for the message that a job fetches.
    fn name(&self, job: &Job) -> Option<Vec<u8>> {
        match job {
            Job::New(entry) | Job::Header(entry) => entry.uidl.clone(),
            Job::Body { key, .. } => {
                let known = self.known.iter().find(|seen| seen.key == *key);
                known.and_then(|seen| seen.uidl.clone())
            }
            Job::Head(_) | Job::Compare { .. } => None,
        }
    }

    async fn run(&mut self, load: &mut Load) -> Result<(), SyncError> {
        loop {
            for job in self.asked_bodies().await?.into_iter().rev() {
                load.queue.push_front(job);
            }
            self.ask(load);
            if load.running.is_empty() {
                return Ok(());
            }
            match self.step().await? {
                Step::Octets { tag, bytes } => self.take(load, tag, bytes).await?,
                Step::Done(tag, reply) => self.end(load, tag, &reply).await?,
                Step::Event(_) => {}
            }
        }
    }

    /// Asks for the next ones, as far as may be under way at once.
    fn ask(&mut self, load: &mut Load) {
        let mut ahead: u64 = load.running.iter().map(|running| running.octets).sum();
        while load.running.is_empty() || load.running.len() < IN_FLIGHT && ahead < AHEAD {
            let Some(job) = load.queue.pop_front() else {
                return;
            };
            let size = self.sizes.get(&job.number()).copied();
            let octets = if job.is_whole() { size.unwrap_or(0) } else { 0 };
            ahead += octets;
            let tag = self.talk.submit(job.command());
            load.running.push_back(Running {
                tag,
                job,
                octets,
                bytes: Vec::new(),
                large: None,
            });
        }
    }

    /// The next step. A command under way cannot be taken back: when the one who waited for it does
    /// not wait any more, its link is closed.
    async fn step(&mut self) -> Result<Step, SyncError> {
        let (desk, serving) = (self.desk, &self.serving);
        if serving.is_empty() {
            return self.talk.next().await;
        }
        let withdrawn = || serving.iter().any(|id| is_withdrawn(desk, *id));
        tokio::select! {
            biased;
            step = self.talk.next() => step,
            () = desk.signal.wait_until(withdrawn) => Err(SyncError::Withdrawn),
        }
    }

    /// Takes octets of a message.
    async fn take(&mut self, load: &mut Load, tag: Tag, bytes: Vec<u8>) -> Result<(), SyncError> {
        let Some(running) = load.running.iter_mut().find(|one| one.tag == tag) else {
            return Ok(());
        };
        match &mut running.large {
            None => running.bytes.extend_from_slice(&bytes),
            Some(Large::Hashed(hasher)) => {
                hasher.update(&bytes);
            }
            Some(Large::Stored(writer)) => {
                running.octets = running.octets.max(writer.next());
                writer.push(&bytes);
                let piece = writer.take();
                if !piece.is_empty() {
                    let store = move |tx: &Tx<'_>| bodies::store(tx, &piece).map(|_| ());
                    self.desk.bulk(store).await?;
                }
            }
        }
        if running.large.is_none() && running.bytes.len() > LARGE && running.job.is_whole() {
            self.enlarge(load, tag).await?;
        }
        Ok(())
    }

    /// A message is larger than what is held in memory: its header makes a row, its bytes follow.
    async fn enlarge(&mut self, load: &mut Load, tag: Tag) -> Result<(), SyncError> {
        let Some(at) = load.running.iter().position(|one| one.tag == tag) else {
            return Ok(());
        };
        let Some(running) = load.running.get(at) else {
            return Ok(());
        };
        if let Job::New(entry) = running.job.clone() {
            let bytes = running.bytes.get(..).unwrap_or_default();
            let mut arrived = arrived_of_header(bytes, self.desk.store.now());
            arrived.size = self.sizes.get(&entry.number).copied().unwrap_or(0);
            // Without a header of use nothing but all bytes can say which message it is.
            let head = head(bytes).unwrap_or(*blake3::hash(bytes).as_bytes());
            load.ready.push(Ready::New {
                entry: entry.clone(),
                arrived: Box::new(arrived),
                head,
                piece: None,
            });
            self.commit_all(load).await?;
            let key = self
                .sorted
                .met
                .iter()
                .find(|met| met.number == entry.number);
            let Some(key) = key.map(|met| met.key) else {
                return Ok(());
            };
            let found = self.desk.read(|reader| maildrop::message(reader, key))?;
            let Some((_, content)) = found else {
                return Ok(());
            };
            if let Some(running) = load.running.get_mut(at) {
                running.job = Job::Body {
                    number: entry.number,
                    key,
                    content,
                    request: None,
                };
            }
        }
        let Some(running) = load.running.get_mut(at) else {
            return Ok(());
        };
        let bytes = std::mem::take(&mut running.bytes);
        running.large = match &running.job {
            Job::Body { content, .. } => {
                let mut writer = BodyWriter::new(*content, "");
                writer.push(&bytes);
                let piece = writer.take();
                let store = move |tx: &Tx<'_>| bodies::store(tx, &piece).map(|_| ());
                self.desk.bulk(store).await?;
                Some(Large::Stored(Box::new(writer)))
            }
            Job::Compare { .. } => {
                let mut hasher = Box::new(blake3::Hasher::new());
                hasher.update(&bytes);
                Some(Large::Hashed(hasher))
            }
            Job::New(_) | Job::Header(_) | Job::Head(_) => None,
        };
        Ok(())
    }

    /// A command was answered.
    async fn end(&mut self, load: &mut Load, tag: Tag, reply: &Reply) -> Result<(), SyncError> {
        let Some(at) = load.running.iter().position(|one| one.tag == tag) else {
            return Ok(());
        };
        let Some(running) = load.running.remove(at) else {
            return Ok(());
        };
        if running.job.counts() {
            load.done += 1;
        }
        if !reply.is_ok() {
            return self.refused(running.job, reply).await;
        }
        let urgent = matches!(
            &running.job,
            Job::Body {
                request: Some(_),
                ..
            }
        );
        self.gather(load, running)?;
        let is_due = self.desk.env.clock.monotonic().since(load.committed) >= SHOWN;
        match urgent || load.size >= COMMIT || is_due {
            true => self.commit(load).await,
            false => Ok(()),
        }
    }

    /// Makes of the octets what the job wanted.
    fn gather(&mut self, load: &mut Load, running: Running) -> Result<(), SyncError> {
        match running.job {
            Job::Head(number) => {
                if let Some(head) = head(&running.bytes) {
                    self.heads.insert(number, head);
                }
            }
            Job::Compare {
                doomed,
                what,
                expected,
            } => {
                let found = match (running.large, what) {
                    (Some(Large::Hashed(hasher)), _) => Some(*hasher.finalize().as_bytes()),
                    (_, Compared::Whole) => Some(*blake3::hash(&running.bytes).as_bytes()),
                    (_, Compared::Head) => head(&running.bytes),
                };
                self.proof.insert(doomed.key, found == Some(expected));
            }
            Job::Header(entry) => self.gather_header(load, entry, &running.bytes),
            Job::New(entry) => {
                let ready = self.gather_new(entry, &running.bytes)?;
                load.size += running.bytes.len();
                load.ready.push(ready);
            }
            Job::Body {
                number,
                key,
                content,
                request,
            } => {
                let (piece, octets, structure) = match running.large {
                    Some(Large::Stored(writer)) => {
                        let octets = writer.next();
                        (writer.finish(), octets, None)
                    }
                    _ => {
                        let bytes = &running.bytes;
                        let (tree, _) = structure::of_message(bytes);
                        let octets = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                        let piece = BodyWriter::whole(content, "", bytes);
                        (piece, octets, Some(Box::new(tree)))
                    }
                };
                load.size += piece.len();
                load.ready.push(Ready::Body {
                    number,
                    key,
                    piece,
                    octets,
                    structure,
                    request,
                });
            }
        }
        Ok(())
    }

    /// The header of a message that is not known by name.
    fn gather_header(&mut self, load: &mut Load, entry: Entry, bytes: &[u8]) {
        let Some(head) = head(bytes) else {
            // What has no header of use is fetched whole.
            load.queue.push_back(Job::New(entry));
            return;
        };
        load.size += bytes.len();
        let ready = match self.same_head(&head) {
            Some(key) => Ready::Renamed {
                key,
                entry,
                whole: false,
            },
            None => {
                let mut arrived = arrived_of_header(bytes, self.desk.store.now());
                arrived.size = self.sizes.get(&entry.number).copied().unwrap_or(0);
                Ready::New {
                    entry,
                    arrived: Box::new(arrived),
                    head,
                    piece: None,
                }
            }
        };
        load.ready.push(ready);
    }

    /// All bytes of a message that is not known by name.
    fn gather_new(&mut self, entry: Entry, bytes: &[u8]) -> Result<Ready, SyncError> {
        let piece = BodyWriter::whole(ContentKey(0), "", bytes);
        let hash = piece.hash().unwrap_or_default();
        Ok(match self.same_bytes(&hash)? {
            Some(key) => Ready::Renamed {
                key,
                entry,
                whole: true,
            },
            None => Ready::New {
                entry,
                arrived: Box::new(arrived_whole(bytes, self.desk.store.now())),
                head: head(bytes).unwrap_or(hash),
                piece: Some(piece),
            },
        })
    }

    /// What the server does not give: it is told, and stays where it is.
    async fn refused(&mut self, job: Job, reply: &Reply) -> Result<(), SyncError> {
        let why = self.talk.refused("give the message", reply).to_string();
        match job {
            Job::Body {
                request: Some(id), ..
            } => {
                self.serving.remove(&id);
                self.answer(id, Progress::Failed { why }).await
            }
            Job::New(_) | Job::Header(_) | Job::Body { .. } => {
                self.desk.tell(Severity::Warning, "pop3", why, "").await
            }
            Job::Head(_) | Job::Compare { .. } => Ok(()),
        }
    }

    /// A message that was missing and has this header.
    fn same_head(&mut self, head: &Digest) -> Option<SeenKey> {
        let missing = &mut self.sorted.missing;
        if missing.is_empty() {
            return None;
        }
        let by_head = self.missing_heads.get_or_insert_with(|| {
            let lost = self.known.iter().filter(|seen| missing.contains(&seen.key));
            lost.map(|seen| (seen.head, seen.key)).collect()
        });
        let found = by_head.remove(head)?;
        missing.remove(&found).then_some(found)
    }

    /// A message that was missing and has these very bytes.
    fn same_bytes(&mut self, hash: &Digest) -> Result<Option<SeenKey>, SyncError> {
        let missing = &mut self.sorted.missing;
        if missing.is_empty() {
            return Ok(None);
        }
        let account = self.desk.key;
        let same = self
            .desk
            .read(|reader| maildrop::by_hash(reader, account, hash))?;
        Ok(same.into_iter().find(|key| missing.remove(key)))
    }

    /// Hands what is ready to the store, and waits for an earlier transaction if there are many.
    async fn commit(&mut self, load: &mut Load) -> Result<(), SyncError> {
        let ready = std::mem::take(&mut load.ready);
        load.size = 0;
        load.committed = self.desk.env.clock.monotonic();
        if !ready.is_empty() {
            for one in &ready {
                if let Ready::Body {
                    request: Some(id), ..
                } = one
                {
                    self.serving.remove(id);
                }
            }
            let (account, inbox) = (self.desk.key, self.inbox);
            let link = self.desk.progress("INBOX", load.done, load.total);
            let own = self.desk.own_addresses();
            let write = move |tx: &Tx<'_>| {
                let stored = ready
                    .into_iter()
                    .map(|one| store(tx, (account, inbox), &own, one));
                let stored = stored.collect::<Result<Vec<Stored>, StoreError>>()?;
                links::set(tx, account, &link)?;
                Ok(stored)
            };
            load.writing.push_back(self.desk.bulk(write));
        }
        while load.writing.len() > WRITING {
            self.settle(load).await?;
        }
        self.take_requests().await
    }

    async fn commit_all(&mut self, load: &mut Load) -> Result<(), SyncError> {
        self.commit(load).await?;
        while !load.writing.is_empty() {
            self.settle(load).await?;
        }
        Ok(())
    }

    /// Waits for the oldest transaction.
    async fn settle(&mut self, load: &mut Load) -> Result<(), SyncError> {
        let Some(pending) = load.writing.pop_front() else {
            return Ok(());
        };
        for stored in pending.await? {
            if stored.whole {
                self.came.insert(stored.met.key);
                self.tally.bodies += 1;
            }
            match stored.was {
                Was::Unknown => self.tally.new += 1,
                Was::Renamed => {}
                Was::Known => continue,
            }
            self.sorted.met.push(stored.met);
        }
        Ok(())
    }
}
