//! Messages from files into a mailbox, one after the other, in memory that does not depend on their
//! number or size.
//!
//! What is put in is written in short bulk transactions, so that nobody's key waits behind it, and
//! is on the disk when [`Intake::finish`] answers. A message of usual size is one step; of a larger
//! one the bytes are kept as they come, and nobody sees it before its last one.
//!
//! **No doubles.** A message that the mailbox held with exactly these bytes before the import began
//! is left out, as often as it was there: so an import that was cut off is begun again, and two equal
//! messages of one file are two. Bytes are compared by their hash, and flags do not count.
//!
//! Into a mailbox of a server messages go as uploads of the journal, all of one action.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::mime::header::Header;
use crate::mime::mbox::Frame;
use crate::mime::{envelope, structure};
use crate::model::{ActionId, ContentKey, Envelope, Flags, MailboxKey, MessageKey};
use crate::store::bodies::{BodyWriter, Piece};
use crate::store::messages::Arrived;
use crate::store::{Pending, Priority, Reader, Store, StoreError, imports, journal, outgoing};

/// A message up to this length is read whole before it is stored.
const SMALL: usize = 1 << 20;
/// A bulk transaction holds no more octets, nor more messages; fewer where it takes longer than
/// somebody may wait behind it.
const OCTETS: usize = 4 << 20;
const MESSAGES: usize = 128;
const LEAST: usize = OCTETS / 16;
const LONGEST: Duration = Duration::from_millis(20);

/// What is known of a message beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The flags that it gets.
    pub flags: Flags,
    /// When it arrived, in seconds since 1970; else its Date field says.
    pub arrival: Option<i64>,
    /// What stood around it in an mbox file.
    pub frame: Option<Frame>,
}

/// What an import came to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that are in the mailbox by it.
    pub imported: u64,
    /// Messages that were there before, with the same bytes.
    pub present: u64,
    /// Octets of the messages that were read.
    pub octets: u64,
    /// The action of the uploads, into a mailbox of a server.
    pub action: Option<ActionId>,
}

/// Puts messages into one mailbox.
pub struct Intake {
    store: Store,
    reader: Reader,
    mailbox: MailboxKey,
    uploads: bool,
    /// What was there before: the newest key, or nothing at all.
    newest: Option<MessageKey>,
    /// How many of the messages with this hash were met again.
    met: BTreeMap<[u8; 32], u64>,
    batch: Batch,
    under_way: Option<Pending<(ActionId, Duration)>>,
    /// Octets of the next transaction.
    most: usize,
    tally: Tally,
    /// The message at hand.
    bytes: Vec<u8>,
    large: Option<Large>,
}

#[derive(Default)]
struct Batch {
    messages: Vec<Ready>,
    octets: usize,
}

/// A message that is to be stored.
struct Ready {
    arrived: Arrived,
    frame: Option<Frame>,
    /// Its bytes, of a content to be made; or the content that has them.
    body: Body,
}

enum Body {
    Whole(Vec<u8>),
    Begun(ContentKey),
}

/// A message whose bytes are kept as they come.
struct Large {
    content: ContentKey,
    writer: BodyWriter,
    hash: blake3::Hasher,
    envelope: Envelope,
    head: Vec<u8>,
}

impl Intake {
    /// Begins an import into a mailbox.
    pub fn begin(store: &Store, mailbox: MailboxKey) -> Result<Self, StoreError> {
        let reader = store.reader()?;
        let newest = match imports::is_empty(&reader, mailbox)? {
            true => None,
            false => Some(imports::newest(&reader)?),
        };
        Ok(Self {
            uploads: imports::uploads(&reader, mailbox)?,
            store: store.clone(),
            reader,
            mailbox,
            newest,
            met: BTreeMap::new(),
            batch: Batch::default(),
            under_way: None,
            most: OCTETS,
            tally: Tally::default(),
            bytes: Vec::new(),
            large: None,
        })
    }

    /// What it came to so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The next octets of the message at hand.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if let Some(large) = &mut self.large {
            large.hash.update(bytes);
            large.writer.push(bytes);
            return self.keep();
        }
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > SMALL {
            self.enlarge()?;
        }
        Ok(())
    }

    /// The beginning of the message at hand: its header, unless that is longer than any is.
    pub fn head(&self) -> &[u8] {
        match &self.large {
            Some(large) => &large.head,
            None => &self.bytes,
        }
    }

    /// The message at hand is not whole and is forgotten.
    pub fn give_up(&mut self) -> Result<(), StoreError> {
        self.bytes.clear();
        match self.large.take() {
            Some(large) => self.thaw(large.content),
            None => Ok(()),
        }
    }

    /// The message at hand is whole. Whether it was put into the mailbox by this.
    pub fn end(&mut self, about: About) -> Result<bool, StoreError> {
        match self.large.take() {
            Some(large) => self.end_large(large, about),
            None => self.end_small(about),
        }
    }

    fn end_small(&mut self, about: About) -> Result<bool, StoreError> {
        let bytes = std::mem::take(&mut self.bytes);
        self.tally.octets += bytes.len() as u64;
        if self.newest.is_some() && self.was_there(blake3::hash(&bytes).into())? {
            self.tally.present += 1;
            self.bytes = bytes;
            self.bytes.clear();
            return Ok(false);
        }
        let (tree, _) = structure::of_message(&bytes);
        let arrived = Arrived {
            structure: Some(tree),
            ..self.arrived(envelope::of_message(&bytes), &about, bytes.len() as u64)
        };
        self.put(arrived, about.frame, Body::Whole(bytes))?;
        Ok(true)
    }

    fn end_large(&mut self, large: Large, about: About) -> Result<bool, StoreError> {
        let length = large.writer.next();
        self.tally.octets += length;
        if self.newest.is_some() && self.was_there(large.hash.finalize().into())? {
            self.tally.present += 1;
            self.thaw(large.content)?;
            return Ok(false);
        }
        let last = large.writer.finish();
        self.write(vec![last])?;
        let arrived = self.arrived(large.envelope, &about, length);
        self.put(arrived, about.frame, Body::Begun(large.content))?;
        Ok(true)
    }

    fn arrived(&self, envelope: Envelope, about: &About, size: u64) -> Arrived {
        let arrival = about.arrival.or(envelope.date);
        Arrived {
            flags: about.flags.clone(),
            arrival: arrival.unwrap_or_else(|| self.store.now()),
            size,
            envelope: Some(envelope),
            ..Arrived::default()
        }
    }

    /// Whether the mailbox held one more message with these bytes before the import began.
    fn was_there(&mut self, hash: [u8; 32]) -> Result<bool, StoreError> {
        let Some(newest) = self.newest else {
            return Ok(false);
        };
        let there = imports::copies(&self.reader, self.mailbox, &hash, newest)?;
        if there == 0 {
            return Ok(false);
        }
        let met = self.met.entry(hash).or_default();
        *met += 1;
        Ok(*met <= there)
    }

    fn put(
        &mut self,
        arrived: Arrived,
        frame: Option<Frame>,
        body: Body,
    ) -> Result<(), StoreError> {
        self.tally.imported += 1;
        let sender = sender(arrived.envelope.as_ref());
        let frame = frame.filter(|frame| !frame.is_ours(sender, arrived.arrival));
        if let Body::Whole(bytes) = &body {
            self.batch.octets += bytes.len();
        }
        self.batch.messages.push(Ready {
            arrived,
            frame,
            body,
        });
        let messages = MESSAGES * self.most / OCTETS;
        if self.batch.octets >= self.most || self.batch.messages.len() >= messages {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands what is ready to the store, once it has written what it was given before.
    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.messages.is_empty() {
            return Ok(());
        }
        // Cut and pressed here, while the store writes the last ones.
        let ready: Vec<(Ready, Option<Vec<Piece>>)> = batch
            .messages
            .into_iter()
            .map(|mut ready| {
                let pieces = match &mut ready.body {
                    Body::Whole(bytes) => {
                        let bytes = std::mem::take(bytes);
                        Some(vec![BodyWriter::whole(ContentKey(0), "", &bytes)])
                    }
                    Body::Begun(_) => None,
                };
                (ready, pieces)
            })
            .collect();
        self.wait()?;
        let (mailbox, uploads, action) = (self.mailbox, self.uploads, self.tally.action);
        self.under_way = Some(self.store.write(Priority::Bulk, move |tx| {
            let start = Instant::now();
            let action = match (uploads, action) {
                (false, _) => None,
                (true, Some(action)) => Some(action),
                (true, None) => Some(journal::action(tx, "import")?),
            };
            for (ready, pieces) in ready {
                let begun = match ready.body {
                    Body::Begun(content) => Some(content),
                    Body::Whole(_) => None,
                };
                let frame = ready.frame.as_ref();
                let put = imports::put(tx, mailbox, &ready.arrived, begun, frame, action)?;
                for piece in pieces.into_iter().flatten() {
                    imports::store(tx, &[piece.of(put.1)])?;
                }
            }
            Ok((action.unwrap_or(ActionId(0)), start.elapsed()))
        }));
        Ok(())
    }

    fn wait(&mut self) -> Result<(), StoreError> {
        if let Some(pending) = self.under_way.take() {
            let (action, took) = pending.wait()?;
            self.most = match took {
                took if took > LONGEST => (self.most / 2).max(LEAST),
                took if took < LONGEST / 3 => (self.most * 2).min(OCTETS),
                _ => self.most,
            };
            if self.uploads {
                self.tally.action = Some(action);
            }
        }
        Ok(())
    }

    /// The message at hand is a large one from here on.
    fn enlarge(&mut self) -> Result<(), StoreError> {
        let bytes = std::mem::take(&mut self.bytes);
        let header = Header::parse(&bytes);
        let envelope = envelope::of_header(&header);
        let about = self.arrived(envelope.clone(), &About::default(), 0);
        let mailbox = self.mailbox;
        let begin = move |tx: &crate::store::Tx<'_>| imports::begin(tx, mailbox, &about);
        let content = self.store.write(Priority::Bulk, begin).wait()?;
        let mut writer = BodyWriter::new(content, "");
        let mut hash = blake3::Hasher::new();
        hash.update(&bytes);
        writer.push(&bytes);
        let head = bytes.get(..header.body().min(bytes.len()));
        let head = head.unwrap_or_default().to_vec();
        self.large = Some(Large {
            content,
            writer,
            hash,
            envelope,
            head,
        });
        self.keep()
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        let Some(large) = &mut self.large else {
            return Ok(());
        };
        let piece = large.writer.take();
        if piece.is_empty() {
            return Ok(());
        }
        self.write(vec![piece])
    }

    fn write(&self, pieces: Vec<Piece>) -> Result<(), StoreError> {
        let write = move |tx: &crate::store::Tx<'_>| imports::store(tx, &pieces);
        self.store.write(Priority::Bulk, write).wait()
    }

    fn thaw(&self, content: ContentKey) -> Result<(), StoreError> {
        let thaw = move |tx: &crate::store::Tx<'_>| outgoing::thaw(tx, content);
        self.store.write(Priority::Bulk, thaw).wait()
    }

    /// Writes what is left, and has all of it on the disk.
    pub fn finish(mut self) -> Result<Tally, StoreError> {
        self.give_up()?;
        self.flush()?;
        self.wait()?;
        let mailbox = self.mailbox;
        let settle = move |tx: &crate::store::Tx<'_>| imports::settle(tx, mailbox);
        self.store.write(Priority::Bulk, settle).wait()?;
        Ok(self.tally)
    }
}

/// Who is named in the From_ line of a message that has none.
pub(super) fn sender(envelope: Option<&Envelope>) -> &str {
    let first = envelope.and_then(|envelope| envelope.from.first());
    first.map_or("", |address| address.address.as_str())
}
