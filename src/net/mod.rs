//! The only sockets: dialling, TLS, the one read/write loop, the redacted transcript.
//!
//! Nothing here decides anything about mail. [`Dial`] opens a [`Link`] (TLS from the first octet, or
//! clear text that a machine must upgrade before it says anything), [`Session`] moves the bytes of a
//! [`crate::protocol::Protocol`], and [`NetError`] says in words what went wrong and whether it is
//! worth another try; [`smtp`] is the submission of mail. RFC 8314 (TLS), RFC 7817 (names), RFC 8305 (addresses in turn).

pub mod dial;
pub mod error;
pub mod session;
pub mod smtp;
pub mod tls;
pub mod transcript;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod ways;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::url::{Endpoint, Security};
use crate::protocol::{Clock, Time};

pub use dial::TcpDial;
pub use error::{NetError, Refusal};
pub use session::{Counters, Session};
pub use transcript::Transcript;

/// A future that owns or borrows what it needs and may move between threads.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What bytes come from and go to.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A clock that can also be waited on; the real one is built in `env`.
pub trait Timer: Clock {
    /// Ends once [`Clock::monotonic`] has come to `when`.
    fn sleep_until(&self, when: Time) -> Later<'static, ()>;

    /// Ends once [`Clock::boot`] has come to `when`: on a machine that slept over that time it is
    /// the first thing that happens.
    fn rest_until(&self, when: Time) -> Later<'static, ()>;
}

/// Puts TLS under a stream.
pub trait Layer: Send + Sync {
    /// Does the handshake; the name and the whole chain are checked.
    fn secure(&self, stream: Box<dyn Stream>) -> Later<'static, Result<Box<dyn Stream>, NetError>>;
}

/// Whom to dial and whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host name or address, as configured: the name that the certificate must carry.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the link is made secret.
    pub security: Security,
    /// Certificates to trust beside the system's (PEM).
    pub tls_ca_file: Option<PathBuf>,
}

impl Target {
    /// The server of an account.
    pub fn of(endpoint: &Endpoint, tls_ca_file: Option<PathBuf>) -> Self {
        Self {
            host: endpoint.host.clone(),
            port: endpoint.port,
            security: endpoint.security,
            tls_ca_file,
        }
    }
}

/// An open link to a server.
pub struct Link {
    /// The bytes.
    pub stream: Box<dyn Stream>,
    /// Whether TLS is under it already; hand it to the machine.
    pub secure: bool,
    /// What puts TLS under it when the machine asks; `None` where nothing may.
    pub layer: Option<Arc<dyn Layer>>,
    /// `host:port` and the address that answered, for the log.
    pub peer: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Link({}, secure: {})", self.peer, self.secure)
    }
}

/// Opens links; the only way to a server.
pub trait Dial: Send + Sync {
    /// Dials, and does the handshake where TLS comes first.
    fn dial(&self, target: Target) -> Later<'static, Result<Link, NetError>>;

    /// Hears of each change of the ways out of this machine: a cable, another wireless network, a
    /// tunnel. `None` where nobody tells.
    fn ways(&self) -> Option<Box<dyn Ways>> {
        None
    }
}

/// Whoever tells that the network changed.
pub trait Ways: Send {
    /// Ends with the next change, or those since the last one. Dropping the future loses nothing.
    fn changed(&mut self) -> Later<'_, ()>;
}
