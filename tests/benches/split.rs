//! Where our CPU goes with 10,000 whole messages: each share measured alone over the same bytes.

use std::sync::Arc;
use std::time::Duration;

use lacebark::env::SystemClock;
use lacebark::imap::{Command, FetchItem, Machine, Options, Section, Security, SequenceSet};
use lacebark::model::{ContentKey, PartPath};
use lacebark::protocol::{Output, Protocol, Time};
use lacebark::store::accounts::{self, AccountKind};
use lacebark::store::bodies::{self, BodyWriter};
use lacebark::store::mailboxes::{self, Epoch, Listed};
use lacebark::store::messages::{self, Arrived};
use lacebark::store::{Priority, Store};

use crate::figures::{Figures, megabytes, millis};
use crate::harness::dovecot::Dovecot;
use crate::harness::generate::{Generator, Sizes};
use crate::sync::drain_all;

/// TLS, framing, hash, zstd and SQL.
pub fn all(figures: &mut Figures) {
    let messages: Vec<Vec<u8>> = Generator::new(13, Sizes::Whole)
        .take(10_000)
        .map(|message| message.bytes)
        .collect();
    let total: u64 = messages.iter().map(|bytes| bytes.len() as u64).sum();
    figures.note("split of our CPU: octets", megabytes(total));
    tls(figures);
    let (framing, taken) = measured(|| framed(&messages));
    assert_eq!(taken, total, "every octet of every message comes out");
    figures.note("split: framing and parsing", millis(framing));
    let (hash, sum) = measured(|| {
        let firsts = messages.iter().map(|bytes| blake3::hash(bytes));
        firsts
            .map(|hash| u64::from(hash.as_bytes()[0]))
            .sum::<u64>()
    });
    figures.note(format!("split: hash (check {sum})"), millis(hash));
    let (zstd, packed) = measured(|| packed(&messages));
    figures.note(
        format!("split: zstd 1 in 512 KB chunks, to {}", megabytes(packed)),
        millis(zstd),
    );
    figures.note("split: SQL, bodies alone", millis(sql(&messages)));
}

fn tls(figures: &mut Figures) {
    let Some(server) = Dovecot::holding(10_000, 13, Sizes::Whole) else {
        return;
    };
    drain_all(&server, "(UID BODY.PEEK[])");
    let (cpu, _) = measured(|| drain_all(&server, "(UID BODY.PEEK[])").1);
    figures.note("split: TLS and reading, by a bare client", millis(cpu));
}

/// Plays a FETCH of all messages through the machine in pieces of a TLS record.
fn framed(messages: &[Vec<u8>]) -> u64 {
    let mut machine = Machine::new(Options::new(Security::Plain, Time::default()));
    machine.feed(b"* OK [CAPABILITY IMAP4rev1] ready\r\n", Time::default());
    machine.submit(Command::Fetch {
        set: SequenceSet::Seq(1, u32::try_from(messages.len()).unwrap()),
        items: vec![
            FetchItem::Uid,
            FetchItem::Body {
                section: Section::Part(PartPath::root()),
                partial: None,
            },
        ],
        changed_since: None,
        vanished: false,
    });
    while machine.poll_transmit().is_some() {}
    let mut taken = 0;
    for (number, bytes) in (1..).zip(messages) {
        let mut response = format!(
            "* {number} FETCH (UID {number} BODY[] {{{}}}\r\n",
            bytes.len()
        )
        .into_bytes();
        response.extend_from_slice(bytes);
        response.extend_from_slice(b")\r\n");
        for record in response.chunks(16 << 10) {
            assert_eq!(machine.feed(record, Time::default()), record.len());
            while let Some(output) = machine.poll_event() {
                taken += octets(&output);
            }
        }
    }
    taken
}

fn octets(output: &Output<lacebark::imap::Event, lacebark::imap::Reply>) -> u64 {
    match output {
        Output::Chunk { bytes, .. } => bytes.len() as u64,
        Output::Event(lacebark::imap::Event::Fetched(data)) => data
            .sections
            .iter()
            .map(|section| match &section.content {
                lacebark::imap::Content::Inline(bytes) => bytes.len() as u64,
                _ => 0,
            })
            .sum(),
        _ => 0,
    }
}

fn packed(messages: &[Vec<u8>]) -> u64 {
    let mut press = zstd::bulk::Compressor::new(1).unwrap();
    let chunks = messages.iter().flat_map(|bytes| bytes.chunks(512 << 10));
    chunks
        .map(|chunk| press.compress(chunk).unwrap().len() as u64)
        .sum()
}

/// Stores pieces that were hashed and compressed before; only the transactions count.
fn sql(all: &[Vec<u8>]) -> Duration {
    let (_folder, store, contents) = with_contents(u32::try_from(all.len()).unwrap());
    let mut spent = Duration::ZERO;
    for window in contents.iter().zip(all).collect::<Vec<_>>().chunks(64) {
        let pieces: Vec<_> = window
            .iter()
            .map(|(content, bytes)| BodyWriter::whole(**content, "", bytes))
            .collect();
        let (cpu, ()) = measured(|| {
            let write = store.write(Priority::Bulk, move |tx| {
                for piece in &pieces {
                    bodies::store(tx, piece)?;
                }
                Ok(())
            });
            write.wait().unwrap();
        });
        spent += cpu;
    }
    spent
}

/// A new store with so many messages of which nothing is kept.
pub fn with_contents(count: u32) -> (tempfile::TempDir, Store, Vec<ContentKey>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let store = Store::open(&path, Arc::new(SystemClock::start())).unwrap();
    let contents = store
        .write(Priority::Bulk, move |tx| {
            let account = accounts::ensure(tx, "work", AccountKind::Imap)?;
            let inbox = Listed {
                name: "INBOX".to_owned(),
                shown: "INBOX".to_owned(),
                ..Listed::default()
            };
            let mailbox = mailboxes::record_list(tx, account, &[inbox])?.new[0];
            let rows: Vec<Arrived> = (1..=count)
                .map(|uid| Arrived {
                    uid,
                    ..Arrived::default()
                })
                .collect();
            let keys = messages::insert(tx, mailbox, Epoch(1), &rows)?;
            keys.into_iter()
                .map(|key| Ok(messages::get(tx, key)?.content))
                .collect::<Result<Vec<_>, lacebark::store::StoreError>>()
        })
        .wait()
        .unwrap();
    (folder, store, contents)
}

/// The CPU time that this process uses for something.
pub fn measured<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = own_cpu();
    let value = work();
    (own_cpu() - before, value)
}

fn own_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}
