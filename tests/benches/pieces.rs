//! A large literal in small pieces (SAFETY P2): what the machine takes for them beside one write,
//! with the hash that every body gets on its way into the store, and without it.

use std::time::{Duration, Instant};

use lacebark::imap::{Machine, Options, Security};
use lacebark::protocol::{Output, Protocol, Time};

use crate::figures::{Figures, median, millis, times};

const SIZE: usize = 50 << 20;

/// 50 MB at once, in segments of Ethernet and octet by octet.
pub fn all(figures: &mut Figures) {
    let (bare, hashed) = (taken(usize::MAX, false), taken(usize::MAX, true));
    let both = |bare, hashed| format!("{}, {}", millis(bare), millis(hashed));
    let what = "50 MB literal, read alone and read and hashed";
    figures.note(format!("{what}: one write"), both(bare, hashed));
    for (piece, name) in [(1400, "segments of 1,400 octets"), (1, "single octets")] {
        let spent = (taken(piece, false), taken(piece, true));
        figures.note(format!("{what}: {name}"), both(spent.0, spent.1));
        figures.under(
            format!("50 MB literal read and hashed: {name} against one write"),
            spent.1.as_secs_f64() / hashed.as_secs_f64(),
            3.0,
            times,
        );
    }
}

fn taken(piece: usize, hash: bool) -> Duration {
    let body = vec![b'x'; SIZE];
    let mut samples: Vec<Duration> = (0..5).map(|_| once(&body, piece, hash)).collect();
    median(&mut samples)
}

fn once(body: &[u8], piece: usize, hash: bool) -> Duration {
    let now = Time::default();
    let mut machine = Machine::new(Options::new(Security::Tls, now));
    machine.feed(b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", now);
    machine.feed(format!("* 1 FETCH (BODY[] {{{SIZE}}}\r\n").as_bytes(), now);
    while machine.poll_event().is_some() {}
    let start = Instant::now();
    let (mut chunks, mut hasher) = (0, blake3::Hasher::new());
    for part in body.chunks(piece) {
        machine.feed(part, now);
        while let Some(output) = machine.poll_event() {
            if let (Output::Chunk { bytes, .. }, true) = (&output, hash) {
                hasher.update(bytes);
            }
            chunks += 1;
        }
    }
    std::hint::black_box(hasher.finalize());
    assert!(chunks > 100, "{chunks} chunks of a streamed literal");
    start.elapsed()
}
