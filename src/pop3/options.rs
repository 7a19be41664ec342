//! How a connection is to be run: security, limits, window, deadlines.

use std::time::Duration;

use crate::protocol::Time;

/// How the link is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS is up before the first byte.
    Tls,
    /// The machine itself sends STLS after the greeting, asks for
    /// [`Upgrade::Tls`](crate::protocol::Upgrade::Tls) and is usable only then; no command leaves
    /// before (SAFETY T1). Whatever the server said before TLS is forgotten (T4).
    StartTls,
    /// Clear text, for a loopback address only.
    Plain,
}

/// What a server may cost (SAFETY P4, P13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a status line or of a line of a listing.
    pub line: usize,
    /// Lines of what CAPA answers.
    pub capabilities: usize,
    /// Lines of one listing (LIST, UIDL).
    pub listed: u64,
    /// Octets of one listing.
    pub listing: u64,
    /// Octets of one message (RETR, TOP).
    pub message: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 8 << 10,
            capabilities: 200,
            listed: 1_000_000,
            listing: 64 << 20,
            message: 2 << 30,
        }
    }
}

/// How much may be asked before it is answered, where the server offers PIPELINING.
///
/// Requests so small fit into the buffers between the two sides, so that a server that writes
/// without reading cannot lock with a client that does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Commands that wait for an answer.
    pub commands: usize,
    /// Octets of these commands.
    pub octets: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            commands: 256,
            octets: 4 << 10,
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
    /// How much is pipelined.
    pub window: Window,
    /// How long the greeting may take.
    pub greeting: Duration,
    /// How long a command may go without one byte from the server.
    pub progress: Duration,
    /// The same for what makes a server walk through the whole maildrop: sign-in, STAT, LIST, UIDL
    /// and QUIT.
    pub patience: Duration,
}

impl Options {
    /// The usual limits, a minute for what is small and five for what is not.
    pub fn new(security: Security, started: Time) -> Self {
        Self {
            security,
            started,
            limits: Limits::default(),
            window: Window::default(),
            greeting: Duration::from_secs(60),
            progress: Duration::from_secs(60),
            patience: Duration::from_secs(300),
        }
    }
}
