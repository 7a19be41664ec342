//! A large literal in small pieces (SAFETY P2): what it takes from the link into the store, and what
//! the machine alone takes for it.

use std::time::{Duration, Instant};

use lacebark::imap::{Machine, Options, Security};
use lacebark::protocol::{Output, Protocol, Time};
use lacebark::store::bodies::{self, BodyWriter, Piece};
use lacebark::store::{Priority, Store};

use crate::figures::{Figures, median, millis, times};
use crate::split::with_contents;

const SIZE: usize = 50 << 20;
/// How many octets go into a transaction.
const WINDOW: usize = 4 << 20;

/// 50 MB at once, in segments of Ethernet and octet by octet.
pub fn all(figures: &mut Figures) {
    let body = base64_like();
    let (alone, kept) = (read(&body, usize::MAX), stored(&body, usize::MAX));
    let both = |alone, kept| format!("{}, {}", millis(alone), millis(kept));
    let what = "50 MB literal, read alone and into the store";
    figures.note(format!("{what}: one write"), both(alone, kept));
    for (piece, name) in [(1400, "segments of 1,400 octets"), (1, "single octets")] {
        let spent = (read(&body, piece), stored(&body, piece));
        figures.note(format!("{what}: {name}"), both(spent.0, spent.1));
        figures.under(
            format!("50 MB literal into the store: {name} against one write"),
            spent.1.as_secs_f64() / kept.as_secs_f64(),
            3.0,
            times,
        );
    }
}

/// Letters as an attachment has them, which a compressor shrinks by a quarter.
fn base64_like() -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 1_u64;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        LETTERS[(state >> 58) as usize]
    });
    letters.take(SIZE).collect()
}

/// By the machine alone.
fn read(body: &[u8], piece: usize) -> Duration {
    five(|| {
        let start = Instant::now();
        let mut octets = 0;
        play(body, piece, |bytes| octets += bytes.len());
        assert_eq!(octets, body.len());
        start.elapsed()
    })
}

/// Hashed, compressed and committed as the sync does it.
fn stored(body: &[u8], piece: usize) -> Duration {
    five(|| {
        let (_folder, store, contents) = with_contents(1);
        let start = Instant::now();
        let mut writer = BodyWriter::new(contents[0], "");
        let (mut pending, mut came) = (Vec::new(), 0);
        play(body, piece, |bytes| {
            writer.push(bytes);
            came += bytes.len();
            if came >= WINDOW {
                came = 0;
                pending.push(commit(&store, writer.take()));
            }
        });
        pending.push(commit(&store, writer.finish()));
        for commit in pending {
            commit.wait().unwrap();
        }
        let spent = start.elapsed();
        let whole = bodies::read_whole(&store.reader().unwrap(), contents[0], "");
        assert!(whole.unwrap().is_some_and(|whole| whole == body), "kept");
        spent
    })
}

fn commit(store: &Store, piece: Piece) -> lacebark::store::Pending<()> {
    store.write(Priority::Bulk, move |tx| {
        bodies::store(tx, &piece).map(drop)
    })
}

fn five(mut once: impl FnMut() -> Duration) -> Duration {
    median(&mut (0..5).map(|_| once()).collect::<Vec<_>>())
}

fn play(body: &[u8], piece: usize, mut each: impl FnMut(&[u8])) {
    let now = Time::default();
    let mut machine = Machine::new(Options::new(Security::Tls, now));
    machine.feed(b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", now);
    machine.feed(format!("* 1 FETCH (BODY[] {{{SIZE}}}\r\n").as_bytes(), now);
    while machine.poll_event().is_some() {}
    for part in body.chunks(piece) {
        machine.feed(part, now);
        while let Some(output) = machine.poll_event() {
            if let Output::Chunk { bytes, .. } = &output {
                each(bytes);
            }
        }
    }
}
