//! Bytes of messages: what a person waits for at once, what the policy wants in windows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imap::{
    Command, Content, Event, FetchItem, Partial, Reply, Section, SectionContent, SequenceSet,
};
use crate::model::{ContentKey, MailboxKey, PartPath, RequestId, Severity, Uid, UidSet};
use crate::protocol::{Tag, Time};
use crate::store::bodies::{self, BodyWriter, Piece};
use crate::store::mailboxes::Mailbox;
use crate::store::requests::{self, Asked, Progress, Request};
use crate::store::{Pending, Tx, contents, links, messages};

use super::SyncError;
use super::desk::Desk;
use super::dialogue::Step;
use super::once::Work;
use super::plan::keep::{self, Lacking};
use super::pull::is_for_now;
use super::worker::{Aim, Worker};

/// So many messages of a mailbox are looked up at once.
const PAGE: usize = 1_000;

/// Bytes that one transaction takes.
const COMMIT: usize = 2 << 20;

/// No server counts beyond this, and some take a longer partial for an error.
const REST: u32 = i32::MAX as u32;

/// Windows under way at once, so that the server reads the next one while we take this one. Each is
/// sized so that both together last about as long as a person may wait (see [`keep::next_size`]).
const IN_FLIGHT: usize = 2;

/// One FETCH of bytes under way.
struct Load {
    tag: Tag,
    began: Time,
    section: String,
    /// What each UID is to fill.
    contents: BTreeMap<Uid, ContentKey>,
    /// Large literals that arrive in pieces.
    streams: BTreeMap<u64, (Uid, BodyWriter)>,
    /// Whole messages that wait for their transaction.
    ready: Vec<Piece>,
    /// Octets in `ready`.
    size: usize,
    /// Which have come.
    came: BTreeSet<Uid>,
    /// The transactions under way.
    writing: Vec<Pending<()>>,
}

impl Worker<'_> {
    /// Serves what persons and other processes ask for: first what somebody waits to read, last what
    /// may take its time.
    pub(super) async fn serve(&mut self) -> Result<(), SyncError> {
        self.serve_bodies().await?;
        let mut open = self.asked_for()?;
        open.sort_by_key(|request| matches!(request.asked, Asked::Search { .. }));
        for request in open {
            let progress = match &request.asked {
                // It came since, and has its turn with the next look.
                Asked::FetchBody { .. } => continue,
                Asked::Sync { mailbox } => {
                    self.take(request.id).await?;
                    match self.sync_asked(request.id, *mailbox).await? {
                        Some(refused) => refused,
                        None => continue,
                    }
                }
                Asked::Search { mailbox, query } => {
                    self.take(request.id).await?;
                    match self.search(request.id, *mailbox, query).await? {
                        Some(ended) => ended,
                        None => continue,
                    }
                }
                // There is a connection, so that the password is right.
                Asked::SignIn => Progress::Done,
            };
            self.answer(request.id, progress).await?;
        }
        Ok(())
    }

    /// Fetches the bytes that are asked for.
    pub(super) async fn serve_bodies(&mut self) -> Result<(), SyncError> {
        for request in self.asked_for()? {
            let Asked::FetchBody { content, section } = &request.asked else {
                continue;
            };
            self.take(request.id).await?;
            let (desk, id) = (self.desk, request.id);
            // A FETCH under way cannot be taken back; only its link can be closed.
            let progress = tokio::select! {
                biased;
                served = self.serve_body(&request, *content, section) => served?,
                () = desk.signal.wait_until(|| is_withdrawn(desk, id)) => {
                    return Err(SyncError::Withdrawn);
                }
            };
            self.answer(id, progress).await?;
        }
        Ok(())
    }

    fn asked_for(&self) -> Result<Vec<Request>, SyncError> {
        let key = self.desk.key;
        self.desk.read(|reader| requests::open(reader, key))
    }

    /// Who asked sees that somebody is at it, however long it takes.
    async fn take(&mut self, id: RequestId) -> Result<(), SyncError> {
        let take = move |tx: &Tx<'_>| requests::set_progress(tx, id, &Progress::Taken);
        Ok(self.desk.bulk(take).await?)
    }

    /// A sync at the wish of a person; it is answered when nothing is left to do, see
    /// [`Worker::report_syncs`]. What the server refuses of one mailbox is an answer and does not
    /// end the session.
    async fn sync_asked(
        &mut self,
        id: RequestId,
        mailbox: Option<MailboxKey>,
    ) -> Result<Option<Progress>, SyncError> {
        let before = self.tally;
        let Some(mailbox) = mailbox else {
            self.shut.clear();
            self.list_again().await?;
            let mailboxes = self.mailboxes()?;
            let wanted = self.wanted(&mailboxes)?;
            self.due.extend(wanted);
            self.next_status = self.desk.env.clock.monotonic();
            self.lists = false;
            self.asked.push((id, before));
            return Ok(None);
        };
        self.due.insert(mailbox);
        match self.pull(mailbox).await {
            Ok(whole) => {
                if whole {
                    self.due.remove(&mailbox);
                }
                self.asked.push((id, before));
                Ok(None)
            }
            Err(error @ (SyncError::Refused { .. } | SyncError::NoMailbox { .. })) => {
                self.due.remove(&mailbox);
                Ok(Some(Progress::Failed {
                    why: error.to_string(),
                }))
            }
            Err(error) => Err(error),
        }
    }

    /// Nothing is left to do: whoever asked for a sync has it, once the other mailboxes were asked
    /// for news too.
    pub(super) async fn report_syncs(&mut self) -> Result<(), SyncError> {
        let whole = match self.aim {
            // Another look at the other mailboxes is under way.
            Aim::Stay => self.desk.env.clock.monotonic() < self.next_status,
            Aim::Once(Work::All) => true,
            // Who asked sees that this session ends, and syncs itself.
            Aim::Once(Work::Mailbox(_) | Work::Errands) => false,
        };
        if self.asked.is_empty() || !whole {
            return Ok(());
        }
        let key = self.desk.key;
        let reports: Vec<(RequestId, String)> = std::mem::take(&mut self.asked)
            .into_iter()
            .map(|(id, before)| (id, self.tally.since(&before).words()))
            .collect();
        let report = move |tx: &Tx<'_>| {
            for (id, words) in &reports {
                requests::report(tx, *id, words)?;
            }
            requests::expire(tx, key).map(|_| ())
        };
        Ok(self.desk.durable(report).await?)
    }

    async fn answer(&mut self, id: RequestId, progress: Progress) -> Result<(), SyncError> {
        let key = self.desk.key;
        Ok(self
            .desk
            .durable(move |tx| {
                requests::set_progress(tx, id, &progress)?;
                requests::expire(tx, key).map(|_| ())
            })
            .await?)
    }

    async fn serve_body(
        &mut self,
        request: &Request,
        content: ContentKey,
        section: &str,
    ) -> Result<Progress, SyncError> {
        let failed = |why: &str| Progress::Failed {
            why: why.to_owned(),
        };
        if self.desk.store.now() > request.deadline {
            return Ok(failed("nobody waits for it any more"));
        }
        let Some((mailbox, uid)) = self.whereabouts(content)? else {
            return Ok(failed("the message is gone from the server"));
        };
        if let Err(error) = self.select(mailbox).await {
            return match error {
                SyncError::Refused { .. } => Ok(failed(&error.to_string())),
                error => Err(error),
            };
        }
        // SELECT may have begun a new epoch, in which that UID is another message (SAFETY R5).
        let Some((again, uid)) = self.whereabouts(content)?.filter(|(_, now)| *now == uid) else {
            return Ok(failed("the mailbox is being read anew; try again"));
        };
        if again != mailbox {
            return Ok(failed("the message has moved; try again"));
        }
        let (load, reply) = self.load(section, vec![(uid, content, 0)]).await?;
        if load.came.contains(&uid) {
            return Ok(Progress::Done);
        }
        Ok(if reply.is_ok() {
            self.due.insert(mailbox);
            failed("the server does not give it")
        } else {
            failed(&format!("the server says \"{}\"", reply.text))
        })
    }

    /// A mailbox and UID where the server has this content.
    fn whereabouts(&self, content: ContentKey) -> Result<Option<(MailboxKey, Uid)>, SyncError> {
        self.desk.read(|reader| {
            for key in contents::messages(reader, content)? {
                let Some(base) = messages::get(reader, key)?.base else {
                    continue;
                };
                let row = crate::store::mailboxes::get(reader, base.mailbox)?;
                if row.epoch == base.epoch {
                    return Ok(Some((base.mailbox, base.uid)));
                }
            }
            Ok(None)
        })
    }

    /// Fetches one page of bodies of the first mailbox that lacks some. False if none does.
    pub(super) async fn bodies(&mut self) -> Result<bool, SyncError> {
        let now = self.desk.store.now();
        let mailboxes = self.mailboxes()?;
        let wanted = self.wanted(&mailboxes)?;
        let here = |m: &&Mailbox| wanted.contains(&m.key) && !self.shut.contains(&m.key);
        let here: Vec<&Mailbox> = mailboxes.iter().filter(here).collect();
        for mailbox in here {
            let (key, policy) = (mailbox.key, self.policy(mailbox));
            let lacking = self
                .desk
                .read(|reader| bodies::wanted(reader, key, policy, now, PAGE))?;
            if lacking.is_empty() {
                continue;
            }
            let total = self
                .desk
                .read(|reader| bodies::count_wanted(reader, key, policy, now))?;
            let lacking = lacking
                .into_iter()
                .map(|one| Lacking {
                    content: one.content,
                    uid: one.uid,
                    size: one.size,
                    from: one.from,
                })
                .collect();
            self.page(key, lacking, total).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn page(
        &mut self,
        mailbox: MailboxKey,
        lacking: Vec<Lacking>,
        total: u64,
    ) -> Result<(), SyncError> {
        if !self.open(mailbox).await? {
            return Ok(());
        }
        let Some(selected) = self.selected.clone() else {
            return Ok(());
        };
        let row = self
            .desk
            .read(|reader| crate::store::mailboxes::get(reader, mailbox))?;
        if row.settled != row.epoch {
            // It was renumbered just now: first the rows are paired, then bodies are looked for.
            self.due.insert(mailbox);
            return Ok(());
        }
        let mut queue = keep::queue(lacking);
        let mut flying: VecDeque<Load> = VecDeque::new();
        let mut windows: VecDeque<Vec<Lacking>> = VecDeque::new();
        let mut writing: Vec<Pending<()>> = Vec::new();
        let (mut done, mut landed) = (0, Time::default());
        let mut stopped = false;
        loop {
            while !stopped && windows.len() < IN_FLIGHT {
                let window = keep::take_window(&mut queue, self.window);
                if window.is_empty() {
                    break;
                }
                let wanted: Vec<_> = window.iter().map(|w| (w.uid, w.content, w.from)).collect();
                flying.push_back(self.launch("", &wanted)?);
                windows.push_back(window);
            }
            let (Some(tag), Some(window)) = (flying.front().map(|l| l.tag), windows.pop_front())
            else {
                break;
            };
            let (load, reply) = self.land(&mut flying, tag).await?;
            let came = load.came.len() as u64;
            done += came;
            self.tally.bodies += came;
            let began = load.began.max(landed);
            landed = self.desk.env.clock.monotonic();
            self.resize(&window, landed.since(began));
            self.give_up(&window, &load.came, &reply, &mut flying)
                .await?;
            settle(&mut writing).await?;
            writing.extend(load.writing);
            let link = self.desk.progress(&selected.name, done, total);
            let key = self.desk.key;
            writing.push(self.desk.bulk(move |tx| links::set(tx, key, &link)));
            // What was asked for is still taken, so that no answer is left over.
            stopped = stopped || self.is_urgent()? || self.talk.has_news();
        }
        self.due.extend(self.talk.has_news().then_some(mailbox));
        settle(&mut writing).await
    }

    /// Sizes the next window by how long this one took; as many as are in flight are waited for.
    fn resize(&mut self, window: &[Lacking], took: std::time::Duration) {
        let asked: u64 = window.iter().map(|one| one.size).sum();
        if asked >= self.window / 2 {
            let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let all = millis.saturating_mul(IN_FLIGHT as u64);
            self.window = keep::next_size(self.window, all);
        }
    }

    /// What a window did not bring is asked for alone; what does not come then is given up until
    /// somebody opens it.
    async fn give_up(
        &mut self,
        window: &[Lacking],
        came: &BTreeSet<Uid>,
        reply: &Reply,
        flying: &mut VecDeque<Load>,
    ) -> Result<(), SyncError> {
        if is_for_now(reply) {
            return Err(self.talk.refused("give messages", reply.clone()));
        }
        for one in window.iter().filter(|one| !came.contains(&one.uid)) {
            if self.talk.has_news() {
                // It may have been expunged meanwhile: the pull that is due tells.
                return Ok(());
            }
            if window.len() > 1 {
                let again = self.launch("", &[(one.uid, one.content, 0)])?;
                let tag = again.tag;
                flying.push_back(again);
                let (mut again, _) = self.land(flying, tag).await?;
                settle(&mut again.writing).await?;
                if again.came.contains(&one.uid) {
                    self.tally.bodies += 1;
                    continue;
                }
            }
            let content = one.content;
            self.desk
                .bulk(move |tx| bodies::give_up(tx, content))
                .await?;
            let text = format!("{} does not give a message that it lists", self.talk.host());
            let hint = "It is listed, and fetched again when you open it.";
            self.desk
                .tell(Severity::Warning, "messages", text, hint)
                .await?;
        }
        Ok(())
    }

    /// Fetches one section of some messages of the open mailbox into the store.
    async fn load(
        &mut self,
        section: &str,
        wanted: Vec<(Uid, ContentKey, u64)>,
    ) -> Result<(Load, Reply), SyncError> {
        let load = self.launch(section, &wanted)?;
        let tag = load.tag;
        let (mut load, reply) = self.land(&mut VecDeque::from([load]), tag).await?;
        settle(&mut load.writing).await?;
        Ok((load, reply))
    }

    /// Fetches one whole message of the open mailbox. False if the server did not give it.
    pub(super) async fn fetch_whole(
        &mut self,
        uid: Uid,
        content: ContentKey,
    ) -> Result<bool, SyncError> {
        let (load, _) = self.load("", vec![(uid, content, 0)]).await?;
        Ok(load.came.contains(&uid))
    }

    /// Asks for one section of some messages of the open mailbox.
    fn launch(
        &mut self,
        section: &str,
        wanted: &[(Uid, ContentKey, u64)],
    ) -> Result<Load, SyncError> {
        let mut partial = None;
        if let [(_, content, from)] = wanted
            && *from > 0
        {
            let writer = self
                .desk
                .read(|reader| BodyWriter::resume(reader, *content, section))?;
            if writer.next() > 0 {
                partial = Some(Partial {
                    from: writer.next(),
                    length: REST,
                });
            }
        }
        let path = PartPath::parse(section).unwrap_or_default();
        let tag = self.talk.submit(Command::Fetch {
            set: SequenceSet::Uid(wanted.iter().map(|(uid, ..)| *uid).collect::<UidSet>()),
            items: vec![
                FetchItem::Uid,
                FetchItem::Body {
                    section: Section::Part(path),
                    partial,
                },
            ],
            changed_since: None,
            vanished: false,
        });
        let began = self.desk.env.clock.monotonic();
        Ok(Load::new(tag, began, section, wanted))
    }

    /// Takes what comes for all that is `flying` until the answer to `tag`, whose load is handed
    /// back; its last transaction may still be under way.
    async fn land(
        &mut self,
        flying: &mut VecDeque<Load>,
        tag: Tag,
    ) -> Result<(Load, Reply), SyncError> {
        loop {
            match self.talk.next_for(tag).await? {
                Step::Event(Event::Literal {
                    literal,
                    uid,
                    section,
                    origin,
                    ..
                }) => {
                    // What the server says of other sections is not ours.
                    if flying.iter().any(|load| load.is_for(&section)) {
                        self.begin_stream(flying, literal, uid, origin)?;
                    }
                }
                Step::Chunk {
                    literal,
                    bytes,
                    end,
                } => {
                    let streams = |load: &&mut Load| load.streams.contains_key(&literal);
                    if let Some(load) = flying.iter_mut().find(streams) {
                        load.push(literal, &bytes, end);
                        self.flush(load).await?;
                    }
                }
                Step::Event(Event::Fetched(data)) => {
                    if data.flags.is_some() {
                        self.talk.note_flags();
                    }
                    if let Some(uid) = data.uid
                        && let Some(load) = asks(flying, uid)
                        && let Some(found) = data.sections.iter().find(|s| load.is_for(&s.section))
                    {
                        self.take_inline(load, uid, found)?;
                        self.flush(load).await?;
                    }
                }
                Step::Event(_) => {}
                Step::Done(done, reply) if done == tag => {
                    let at = flying.iter().position(|load| load.tag == tag);
                    let load = at.and_then(|at| flying.remove(at));
                    // It was put there by who waits for it.
                    let mut load = load.unwrap_or_else(|| Load::new(tag, Time::default(), "", &[]));
                    self.write(&mut load);
                    return Ok((load, reply));
                }
                Step::Done(..) => {}
            }
        }
    }

    /// A literal without a UID before it belongs to nobody, unless only one message was asked for;
    /// it is dropped then, and its message asked for alone.
    fn begin_stream(
        &mut self,
        flying: &mut VecDeque<Load>,
        literal: u64,
        uid: Option<Uid>,
        origin: Option<u64>,
    ) -> Result<(), SyncError> {
        let mut all = flying.iter().flat_map(|load| load.contents.keys().copied());
        let only = all.next().filter(|_| all.next().is_none());
        let Some(uid) = uid.or(only) else {
            return Ok(());
        };
        let Some(load) = asks(flying, uid) else {
            return Ok(());
        };
        if let Some(writer) = self.writer(load, uid, origin)? {
            load.streams.insert(literal, (uid, writer));
        }
        Ok(())
    }

    fn take_inline(
        &mut self,
        load: &mut Load,
        uid: Uid,
        found: &SectionContent,
    ) -> Result<(), SyncError> {
        let Content::Inline(bytes) = &found.content else {
            return Ok(());
        };
        // Some servers answer "" for a message that they cannot read.
        if bytes.is_empty() && load.section.is_empty() && found.origin.unwrap_or(0) == 0 {
            return Ok(());
        }
        if let Some(mut writer) = self.writer(load, uid, found.origin)? {
            writer.push(bytes);
            load.end(uid, writer);
        }
        Ok(())
    }

    /// Where the bytes of a message go; `None` if nobody asked for them. Only what continues
    /// exactly is continued.
    fn writer(
        &mut self,
        load: &Load,
        uid: Uid,
        origin: Option<u64>,
    ) -> Result<Option<BodyWriter>, SyncError> {
        let Some(content) = load.contents.get(&uid).copied() else {
            return Ok(None);
        };
        let from = origin.unwrap_or(0);
        if from == 0 {
            return Ok(Some(BodyWriter::new(content, &load.section)));
        }
        let writer = self
            .desk
            .read(|reader| BodyWriter::resume(reader, content, &load.section))?;
        Ok(Some(writer).filter(|writer| writer.next() == from))
    }

    /// Writes what is ready, if it is enough for a transaction. One transaction is under way while
    /// the next bytes come.
    async fn flush(&mut self, load: &mut Load) -> Result<(), SyncError> {
        if load.size >= COMMIT {
            settle(&mut load.writing).await?;
            self.write(load);
        }
        Ok(())
    }

    fn write(&mut self, load: &mut Load) {
        if load.ready.is_empty() {
            return;
        }
        let pieces = std::mem::take(&mut load.ready);
        load.size = 0;
        load.writing.push(self.desk.bulk(move |tx| {
            for piece in &pieces {
                bodies::store(tx, piece)?;
            }
            Ok(())
        }));
    }
}

/// Whether the asker has taken a request back.
pub(super) fn is_withdrawn(desk: &Desk, id: RequestId) -> bool {
    matches!(desk.read(|reader| requests::find(reader, id)), Ok(None))
}

/// The load that asked for a message.
fn asks(flying: &mut VecDeque<Load>, uid: Uid) -> Option<&mut Load> {
    flying
        .iter_mut()
        .find(|load| load.contents.contains_key(&uid))
}

/// Waits for transactions; the first that failed is the error.
async fn settle(writing: &mut Vec<Pending<()>>) -> Result<(), SyncError> {
    for pending in writing.drain(..) {
        pending.await?;
    }
    Ok(())
}

impl Load {
    /// Whether this section was asked for.
    fn is_for(&self, section: &Section) -> bool {
        let path = PartPath::parse(&self.section).unwrap_or_default();
        *section == Section::Part(path)
    }

    fn new(tag: Tag, began: Time, section: &str, wanted: &[(Uid, ContentKey, u64)]) -> Self {
        Self {
            tag,
            began,
            section: section.to_owned(),
            contents: wanted.iter().map(|(uid, key, _)| (*uid, *key)).collect(),
            streams: BTreeMap::new(),
            ready: Vec::new(),
            size: 0,
            came: BTreeSet::new(),
            writing: Vec::new(),
        }
    }

    fn push(&mut self, literal: u64, bytes: &[u8], end: bool) {
        let Some((uid, mut writer)) = self.streams.remove(&literal) else {
            return;
        };
        writer.push(bytes);
        if end {
            self.end(uid, writer);
            return;
        }
        self.add(writer.take());
        self.streams.insert(literal, (uid, writer));
    }

    fn end(&mut self, uid: Uid, writer: BodyWriter) {
        self.add(writer.finish());
        self.came.insert(uid);
    }

    fn add(&mut self, piece: Piece) {
        if !piece.is_empty() {
            self.size += piece.len();
            self.ready.push(piece);
        }
    }
}
