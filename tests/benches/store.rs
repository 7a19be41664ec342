//! Figures of the store alone, each beside its budget:
//! `cargo bench --bench store [-- actions | MESSAGES…]` (1,000 100,000 1,000,000 unless told).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[allow(dead_code)]
mod filling;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lacebark::model::{Address, Envelope, FlagChange, Flags, MailboxKey, MessageKey, Structure};
use lacebark::ops::flags::{Undoable, change};
use lacebark::ops::index::{Anchor, Filter, Walk, Window, page};
use lacebark::ops::queue;
use lacebark::ops::triage::{Target, Wish, act, act_in_slices};
use lacebark::ops::undo::undo_in_slices;
use lacebark::protocol::{Clock, Time};
use lacebark::store::bodies::{self, BodyWriter};
use lacebark::store::mailboxes::{self, Listed};
use lacebark::store::messages::{self, Arrived};
use lacebark::store::{Priority, Store};

use filling::{inbox, put};

struct Still;

impl Clock for Still {
    fn monotonic(&self) -> Time {
        Time::default()
    }
    fn boot(&self) -> Time {
        Time::default()
    }
    fn wall(&self) -> i64 {
        1_795_000_000
    }
}

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("mail.db"), Arc::new(Still)).unwrap()
}

/// CPU that this process used so far.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A message of a usual kind: a third starts a thread, the others answer one of the last hundred.
fn arrived(uid: u32) -> Arrived {
    let noise = uid.wrapping_mul(2_654_435_761) >> 8;
    let id = |n: u32| format!("CA+{n:08x}.{:08x}@mail.example.org", n.wrapping_mul(77));
    let mut references = Vec::new();
    let mut at = uid;
    while !at.is_multiple_of(3) && references.len() < 6 {
        at = at.saturating_sub(1 + noise % 100).max(1);
        references.insert(0, id(at));
    }
    let person = |n: u32| Address {
        name: format!("Person Number {n}"),
        address: format!("person{n}@example.org"),
    };
    let text = Structure {
        kind: "text".into(),
        subtype: "plain".into(),
        parameters: vec![("charset".into(), "utf-8".into())],
        encoding: "quoted-printable".into(),
        size: 2000,
        ..Structure::default()
    };
    Arrived {
        uid,
        flags: Flags::of(u8::from(!noise.is_multiple_of(5))),
        modseq: Some(u64::from(uid)),
        arrival: 1_600_000_000 + i64::from(uid) * 180,
        size: u64::from(noise % 90_000) + 2_000,
        envelope: Some(Envelope {
            date: Some(1_600_000_000 + i64::from(uid) * 180),
            zone: 60,
            subject: format!("A subject of the usual length, number {noise}"),
            from: vec![person(noise % 500)],
            to: vec![person(noise % 7), person(noise % 70)],
            cc: noise
                .is_multiple_of(4)
                .then(|| person(3))
                .into_iter()
                .collect(),
            message_id: id(uid),
            in_reply_to: references.last().cloned().into_iter().collect(),
            references,
            list_id: "users.lists.example.org".into(),
            ..Envelope::default()
        }),
        structure: Some(Structure {
            kind: "multipart".into(),
            subtype: "alternative".into(),
            parameters: vec![("boundary".into(), "0000000000008e7a7a05f3".into())],
            children: vec![text.clone(), text],
            ..Structure::default()
        }),
        ..Arrived::default()
    }
}

/// Newest first, as a pull inserts them.
fn fill(store: &Store, mailbox: MailboxKey, high: u32, low: u32) -> (Duration, Duration) {
    let mut made = Duration::ZERO;
    let start = (Instant::now(), cpu());
    let mut at = high;
    while at > low {
        let from = at.saturating_sub(500).max(low);
        let before = cpu();
        let rows: Vec<Arrived> = (from + 1..=at).rev().map(arrived).collect();
        made += cpu() - before;
        put(store, mailbox, rows);
        at = from;
    }
    (start.0.elapsed(), cpu() - start.1 - made)
}

fn window(mailbox: MailboxKey, anchor: Anchor) -> Window {
    Window {
        walk: Walk::of(mailbox, Filter::All),
        reversed: false,
        anchor,
        before: 20,
        after: 40,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn lists(messages: u32) {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = {
        let store = open(folder.path());
        let mailbox = inbox(&store, "work");
        let (wall, cpu) = fill(&store, mailbox, messages, 0);
        println!("{messages:>9} messages inserted: {wall:.1?} wall, {cpu:.1?} CPU");
        mailbox
    };
    let mut times = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        let store = open(folder.path());
        let reader = store.reader().unwrap();
        let found = page(&reader, &window(mailbox, Anchor::Top)).unwrap();
        times.push(start.elapsed());
        assert_eq!(found.rows.len() as u32, messages.min(40));
    }
    println!(
        "{messages:>9} open and first index page: {:.2?} median of 20 (budget 30 ms with the \
         process)",
        median(times)
    );
    let store = open(folder.path());
    let reader = store.reader().unwrap();
    let middle = page(
        &reader,
        &window(mailbox, Anchor::Ordinal(u64::from(messages / 2))),
    )
    .unwrap();
    let anchor = Anchor::Place(middle.rows[20].place());
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        page(&reader, &window(mailbox, anchor)).unwrap();
        times.push(start.elapsed());
    }
    println!("{messages:>9} a page in the middle: {:.2?}", median(times));
    let keys: Vec<_> = middle.rows.iter().map(|row| row.key).collect();
    let start = Instant::now();
    change(
        &store,
        keys[..1].to_vec(),
        FlagChange::add(Flags::of(Flags::FLAGGED)),
        Undoable::Yes,
    )
    .wait()
    .unwrap();
    println!(
        "{messages:>9} one flag, synced to the disk: {:.2?}",
        start.elapsed()
    );
    if messages >= 1000 {
        let all = (1..=1000).map(lacebark::model::MessageKey).collect();
        let start = Instant::now();
        let flag = FlagChange::add(Flags::parse(["work"]));
        change(&store, all, flag, Undoable::Yes).wait().unwrap();
        println!(
            "{messages:>9} 1,000 flags in one action: {:.1?}",
            start.elapsed()
        );
    }
}

/// Moves of one message, of a thousand and of all, while another person's keys come in between.
fn actions(messages: u32) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mailbox = inbox(&store, "work");
    fill(&store, mailbox, messages, 0);
    let trips = store
        .write(Priority::Person, move |tx| {
            let account = mailboxes::get(tx, mailbox)?.account;
            let line = |name: &str| Listed {
                name: name.into(),
                shown: name.into(),
                ..Listed::default()
            };
            mailboxes::record_list(tx, account, &[line("INBOX"), line("Trips")])?;
            Ok(mailboxes::by_name(tx, account, "Trips")?.unwrap().key)
        })
        .wait()
        .unwrap();
    let (there, back) = (Target::Mailbox(trips), Target::Mailbox(mailbox));
    let fsync = fsync_time(folder.path());
    let mut times = Vec::new();
    for n in 0..50 {
        let wish = Wish::Move(if n % 2 == 0 { there } else { back });
        let start = Instant::now();
        act(&store, vec![MessageKey(7)], wish).wait().unwrap();
        times.push(start.elapsed());
    }
    println!(
        "{messages:>9} one move, durable: {:.2?} median of 50 (budget 20 ms; fsync of 4 KB {fsync:.2?})",
        median(times)
    );
    let all: Vec<MessageKey> = (1..=i64::from(messages)).map(MessageKey).collect();
    let work = |name: &str, work: &mut (dyn FnMut() + Send)| {
        let over = std::sync::atomic::AtomicBool::new(false);
        let (spent, mut others) = std::thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let mut waits = Vec::new();
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    let flag = FlagChange {
                        add: Flags::of(Flags::FLAGGED),
                        remove: Flags::none(),
                    };
                    let start = Instant::now();
                    change(&store, vec![MessageKey(1)], flag, Undoable::No)
                        .wait()
                        .unwrap();
                    waits.push(start.elapsed());
                    std::thread::sleep(Duration::from_millis(20));
                }
                waits
            });
            let start = Instant::now();
            work();
            let spent = start.elapsed();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            (spent, waits.join().unwrap())
        });
        others.sort();
        println!(
            "{messages:>9} {name}: {spent:.2?} (budget 4 s for 100,000); another key waits {:.1?} \
             median, {:.1?} longest of {}",
            others[others.len() / 2],
            others[others.len() - 1],
            others.len()
        );
    };
    work("all moved, durable", &mut || {
        act_in_slices(&store, &all, &Wish::Move(there)).unwrap();
    });
    let reader = store.reader().unwrap();
    let times = (0..20)
        .map(|_| {
            let start = Instant::now();
            let (lines, _) = queue::lines(&reader, 200).unwrap();
            let (waiting, _) = queue::counts(&reader).unwrap();
            assert!(lines.len() < 60 && waiting >= u64::from(messages));
            start.elapsed()
        })
        .collect();
    println!(
        "{messages:>9} waiting, the Queue screen reads its lines and counts: {:.2?} median of 20",
        median(times)
    );
    drop(reader);
    work("all moved back by undo", &mut || {
        undo_in_slices(&store).unwrap();
    });
    work("all marked read", &mut || {
        let seen = FlagChange::add(Flags::of(Flags::SEEN));
        act_in_slices(&store, &all, &Wish::Flags(seen, Undoable::Yes)).unwrap();
    });
}

/// What the disk itself needs to write 4 KB for good, median of 20.
fn fsync_time(folder: &Path) -> Duration {
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("probe")).unwrap();
    let times = (0..20)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    median(times)
}

fn envelopes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mailbox = inbox(&store, "work");
    fill(&store, mailbox, 20_000, 10_000);
    let (wall, cpu) = fill(&store, mailbox, 10_000, 0);
    println!(
        "   10,000 envelopes: {wall:.2?} wall, {cpu:.2?} CPU (budget 1 s with TLS and parsing)"
    );
}

/// 10,000 messages of 32 KB: two thirds text, one third base64.
fn whole_messages() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mailbox = inbox(&store, "work");
    fill(&store, mailbox, 10_000, 0);
    let reader = store.reader().unwrap();
    let contents: Vec<_> = (1..=10_000)
        .map(|key| {
            messages::get(&reader, lacebark::model::MessageKey(key))
                .unwrap()
                .content
        })
        .collect();
    let words = [
        "the ", "message ", "of ", "Müller ", "and ", "patch ", "review ", "when\r\n",
    ];
    let mut state = 1u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    let mut bodies_made = Vec::new();
    for _ in 0..50 {
        let mut body = Vec::new();
        while body.len() < 21_000 {
            body.extend_from_slice(words[next() % words.len()].as_bytes());
            body.extend_from_slice(format!("{:x} ", next() % 5000).as_bytes());
        }
        while body.len() < 32_000 {
            body.push(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[next() % 64],
            );
        }
        bodies_made.push(body);
    }
    let start = (Instant::now(), cpu());
    let mut stored = 0;
    for (window, group) in contents.chunks(64).enumerate() {
        let mut pieces = Vec::new();
        for (n, content) in group.iter().enumerate() {
            let body = &mut bodies_made[n % 50];
            let stamp = format!("X-Number: {window} {n}\r\n");
            body[..stamp.len()].copy_from_slice(stamp.as_bytes());
            let piece = BodyWriter::whole(*content, "", body);
            stored += piece.len();
            pieces.push(piece);
        }
        store
            .write(Priority::Bulk, move |tx| {
                for piece in &pieces {
                    bodies::store(tx, piece)?;
                }
                Ok(())
            })
            .wait()
            .unwrap();
    }
    println!(
        "   10,000 whole messages (320 MB, {} MB stored): {:.2?} wall, {:.2?} CPU for hash, zstd and \
         SQL (budget 4 s with TLS and framing)",
        stored >> 20,
        start.0.elapsed(),
        cpu() - start.1
    );
}

fn main() {
    let asked: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let sizes = if asked.is_empty() {
        vec![1_000, 100_000, 1_000_000]
    } else {
        asked
    };
    if std::env::args().any(|word| word == "actions") {
        actions(100_000);
        return;
    }
    envelopes();
    whole_messages();
    actions(100_000);
    for size in sizes {
        lists(size);
    }
}
