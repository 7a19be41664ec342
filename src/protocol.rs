//! The sans-I/O contract that IMAP, POP3 and their drivers share (DESIGN: protocol machines
//! without I/O).
//!
//! A machine is fed bytes and time and is polled for bytes, events and its next deadline. It knows
//! no socket and no clock, so that a transcript can be played whole, split at every byte and cut
//! after every line. `net::Session` is the only loop that moves the bytes.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// A point on the monotonic clock, counted from a start that only the clock knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Duration);

impl Time {
    /// This point so much later.
    pub fn after(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(duration))
    }

    /// How long since `earlier`; zero if that lies ahead.
    pub fn since(self, earlier: Time) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The clocks that decisions are made by; the real one is built in `env`.
pub trait Clock: Send + Sync {
    /// Monotonic time, which stands still while the machine sleeps.
    fn monotonic(&self) -> Time;
    /// Time since boot, which goes on while the machine sleeps: a jump against
    /// [`Clock::monotonic`] is a suspend.
    fn boot(&self) -> Time;
    /// Wall clock in seconds since 1970. For showing and for dates only: never an id, never an order.
    fn wall(&self) -> i64;
}

/// A command's handle: answers come back under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

/// Bytes to write, with the ranges that a log must not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Transmit {
    /// What goes on the wire.
    pub bytes: Vec<u8>,
    /// Which of it is secret, rising, not overlapping.
    pub secret: Vec<Range<usize>>,
}

impl fmt::Debug for Transmit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Transmit({:?})", self.redacted())
    }
}

impl Transmit {
    /// The bytes as a log may show them: each secret range is one `***`.
    pub fn redacted(&self) -> String {
        let mut text = String::new();
        let mut at = 0;
        for range in &self.secret {
            if let Some(bytes) = self.bytes.get(at..range.start) {
                text.push_str(&String::from_utf8_lossy(bytes));
            }
            text.push_str("***");
            at = range.end;
        }
        if let Some(bytes) = self.bytes.get(at..) {
            text.push_str(&String::from_utf8_lossy(bytes));
        }
        text
    }
}

/// What must be put under the stream before more bytes are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// TLS. Bytes that the peer sent beyond this point close the link (SAFETY T3).
    Tls,
    /// DEFLATE (RFC 4978). Bytes beyond this point are the first compressed ones.
    Deflate,
}

/// The peer did not keep the protocol; the link is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server broke the protocol: {what}")]
pub struct Broken {
    /// What was wrong, in words.
    pub what: String,
    /// Octets read from the start of the link.
    pub at: u64,
}

/// What a machine has to say.
#[derive(Debug)]
pub enum Output<E, R> {
    /// Something that the peer said of itself.
    Event(E),
    /// A piece of a large literal, in order, under the number that the event gave it.
    Chunk {
        /// Which literal.
        literal: u64,
        /// The next bytes of it.
        bytes: Vec<u8>,
        /// Whether these are the last.
        end: bool,
    },
    /// A command's answer; nothing more comes under this tag.
    Done(Tag, R),
    /// Put this under the stream, then call [`Protocol::upgraded`].
    Upgrade(Upgrade),
    /// The link is over.
    Broken(Broken),
}

/// A protocol machine.
pub trait Protocol {
    /// What can be asked of it.
    type Command;
    /// What it reports unasked.
    type Event;
    /// What a command ends with.
    type Reply;

    /// Takes a command; its bytes come by [`Protocol::poll_transmit`].
    fn submit(&mut self, command: Self::Command) -> Tag;
    /// Takes bytes from the peer and returns how many it took: none past an upgrade.
    fn feed(&mut self, bytes: &[u8], now: Time) -> usize;
    /// The next bytes to write, if any.
    fn poll_transmit(&mut self) -> Option<Transmit>;
    /// The next output, if any.
    fn poll_event(&mut self) -> Option<Output<Self::Event, Self::Reply>>;
    /// The stream was upgraded: everything learnt before TLS is forgotten (SAFETY T4).
    fn upgraded(&mut self, kind: Upgrade);
    /// When [`Protocol::handle_timeout`] is to be called, if nothing comes before.
    fn poll_timeout(&self) -> Option<Time>;
    /// Time has come to `now`.
    fn handle_timeout(&mut self, now: Time);
}
