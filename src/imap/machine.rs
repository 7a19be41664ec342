//! The state machine of one connection (RFC 9051 section 3): greeting, STARTTLS, tags,
//! continuations, IDLE and deadlines. No socket, no clock.

use std::time::Duration;

use super::capability::Capabilities;
use super::command::Command;
use super::quirks::Quirks;
use super::response::{Event, Reply};
use crate::protocol::{Output, Protocol, Tag, Time, Transmit, Upgrade};

/// How the link is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS is up before the first byte.
    Tls,
    /// The machine itself sends STARTTLS after the greeting, asks for
    /// [`Upgrade::Tls`] and is usable only then; no command leaves before (SAFETY T1). Whatever the
    /// server said before TLS is forgotten (T4).
    StartTls,
    /// Clear text, for a loopback address only.
    Plain,
}

/// What a server may cost (SAFETY P1, P4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a line.
    pub line: usize,
    /// Octets of one response with its inline literals.
    pub response: usize,
    /// Octets of one literal.
    pub literal: u64,
    /// A body literal above this is streamed.
    pub inline: u64,
    /// Other literals above this are cut, with a warning.
    pub text: u64,
    /// Untagged lines for one command, or while none runs.
    pub lines: u64,
    /// Untagged octets for one command, streamed literals not counted.
    pub octets: u64,
    /// LIST and LSUB responses for one command.
    pub listed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 32 << 20,
            response: 64 << 20,
            literal: 100 << 20,
            inline: 64 << 10,
            text: 1 << 20,
            lines: 5_000_000,
            octets: 2 << 30,
            listed: 100_000,
        }
    }
}

/// How a connection is to be run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the link is secured.
    pub security: Security,
    /// When the link came up.
    pub started: Time,
    /// What the server may cost.
    pub limits: Limits,
    /// How long the greeting may take.
    pub greeting: Duration,
    /// How long a running command may go without one byte from the server.
    pub progress: Duration,
    /// What tags begin with: one to eight ASCII letters; a random one is harder to forge (T5).
    pub tag_prefix: String,
}

impl Options {
    /// The usual limits and deadlines of 60 seconds.
    pub fn new(security: Security, started: Time) -> Self {
        Self {
            security,
            started,
            limits: Limits::default(),
            greeting: Duration::from_secs(60),
            progress: Duration::from_secs(60),
            tag_prefix: "a".to_owned(),
        }
    }
}

/// One IMAP connection.
#[derive(Debug)]
pub struct Machine {
    options: Options,
    capabilities: Capabilities,
    quirks: Quirks,
}

impl Machine {
    /// A machine for a link that has just come up.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            capabilities: Capabilities::default(),
            quirks: Quirks::default(),
        }
    }

    /// What the server can do, without what its quirks forbid; empty before
    /// [`Event::Greeting`].
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What is odd about this server; grows with greeting, CAPABILITY and ID.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// Whether IDLE is running or about to.
    pub fn is_idle(&self) -> bool {
        false
    }
}

impl Protocol for Machine {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn submit(&mut self, _command: Command) -> Tag {
        Tag(0)
    }

    fn feed(&mut self, bytes: &[u8], _now: Time) -> usize {
        bytes.len()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }

    fn poll_event(&mut self) -> Option<Output<Event, Reply>> {
        None
    }

    fn upgraded(&mut self, _kind: Upgrade) {
        self.capabilities.hide("STARTTLS");
    }

    fn poll_timeout(&self) -> Option<Time> {
        Some(self.options.started.after(self.options.greeting))
    }

    fn handle_timeout(&mut self, _now: Time) {}
}
