//! How a connection is to be run: security, limits, deadlines.

use std::time::Duration;

use crate::protocol::Time;

/// How the link is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS is up before the first byte.
    Tls,
    /// The machine itself sends STARTTLS after the greeting, asks for
    /// [`Upgrade::Tls`](crate::protocol::Upgrade::Tls) and is usable only then; no command leaves before (SAFETY T1). Whatever the
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
    /// Octets of all untagged responses to one command that are not FETCH: these are held until
    /// the command ends.
    pub told: u64,
}

/// What one response may hold before the connection is usable (SAFETY T6).
const EARLY: usize = 64 << 10;

impl Limits {
    /// What holds until the connection is usable.
    pub(super) fn early(&self) -> Self {
        Self {
            line: self.line.min(EARLY),
            response: self.response.min(EARLY),
            literal: self.literal.min(EARLY as u64),
            ..*self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 16 << 20,
            response: 24 << 20,
            literal: 100 << 20,
            inline: 64 << 10,
            text: 1 << 20,
            lines: 5_000_000,
            octets: 2 << 30,
            told: 48 << 20,
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
