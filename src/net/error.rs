//! What can go wrong between here and a server.

use std::path::PathBuf;

use thiserror::Error;

use crate::protocol::Broken;

/// An error of the network; each names the culprit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetError {
    /// The name has no address.
    #[error("cannot find the address of {host}: {why}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's words.
        why: String,
    },
    /// No address took the connection.
    #[error("cannot connect to {place}: {}", tried.join("; "))]
    Refused {
        /// `host:port`.
        place: String,
        /// Each address with the system's words.
        tried: Vec<String>,
    },
    /// Something took too long.
    #[error("{place} did not answer in {seconds} s ({what})")]
    TimedOut {
        /// `host:port`.
        place: String,
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// The certificate is not one to trust; nothing was sent.
    #[error("the certificate of {host} is refused: {refusal} ({why})")]
    Certificate {
        /// The configured name.
        host: String,
        /// In which way.
        refusal: Refusal,
        /// The library's words.
        why: String,
    },
    /// The handshake failed for another reason, such as a protocol that is too old.
    #[error("no TLS with {host}: {why}")]
    Tls {
        /// The configured name.
        host: String,
        /// The library's words.
        why: String,
    },
    /// The file of extra certificates cannot be used.
    #[error("cannot read certificates from {path}: {why}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The server sent more in clear behind its consent to TLS: somebody may be injecting answers.
    #[error("{peer} sent {octets} octets in clear after agreeing to TLS; the link was closed")]
    Injected {
        /// The server.
        peer: String,
        /// How many.
        octets: usize,
    },
    /// Clear text to a host that is not this machine.
    #[error("{host} is not on this machine; clear text is refused")]
    Clear {
        /// The host.
        host: String,
    },
    /// The link broke or was closed by the other side.
    #[error("the link to {peer} was lost: {why}")]
    LinkLost {
        /// The server.
        peer: String,
        /// The system's words.
        why: String,
    },
    /// The server did not keep the protocol.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The machine asked for something that this program does not have.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// We closed the link.
    #[error("the link is closed")]
    Closed,
}

/// In which way a certificate is not one to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is too old.
    Expired,
    /// It is not valid yet: look at the clock.
    NotYetValid,
    /// It is for another name.
    Name,
    /// It vouches for itself.
    SelfSigned,
    /// Nobody that the system trusts vouches for it.
    UnknownAuthority,
    /// Any other reason.
    Other,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Refusal::Expired => "it has expired",
            Refusal::NotYetValid => "it is not valid yet",
            Refusal::Name => "it is for another name",
            Refusal::SelfSigned => "it vouches for itself",
            Refusal::UnknownAuthority => "nobody known vouches for it",
            Refusal::Other => "it cannot be trusted",
        })
    }
}

impl NetError {
    /// Whether a later try may succeed without anybody doing anything.
    pub fn retry(&self) -> bool {
        match self {
            NetError::Resolve { .. }
            | NetError::Refused { .. }
            | NetError::TimedOut { .. }
            | NetError::Tls { .. }
            | NetError::LinkLost { .. }
            | NetError::Broken(_) => true,
            NetError::Certificate { .. }
            | NetError::CaFile { .. }
            | NetError::Injected { .. }
            | NetError::Clear { .. }
            | NetError::Unsupported(_)
            | NetError::Closed => false,
        }
    }

    /// Whether the server's certificate is what is refused, so that a person has to look.
    pub fn is_certificate(&self) -> bool {
        matches!(self, NetError::Certificate { .. })
    }

    /// What to do about it; empty when waiting is all.
    pub fn hint(&self) -> &'static str {
        match self {
            NetError::Certificate { refusal, .. } => match refusal {
                Refusal::Expired => "Tell the people who run the server.",
                Refusal::NotYetValid => "Look at the clock of this machine.",
                Refusal::Name => "Check the host name in the settings.",
                Refusal::SelfSigned | Refusal::UnknownAuthority => {
                    "If it is your own server, name its authority by tls_ca_file."
                }
                Refusal::Other => "Nothing was sent.",
            },
            NetError::CaFile { .. } => "Set tls_ca_file to a readable PEM file.",
            NetError::Injected { .. } => {
                "Somebody on the way may be tampering. Use imaps:// if the server has it."
            }
            NetError::Clear { .. } => "Use imaps:// or imap://.",
            NetError::Resolve { .. } => "Check the host name and the network.",
            NetError::Refused { .. }
            | NetError::TimedOut { .. }
            | NetError::Tls { .. }
            | NetError::LinkLost { .. }
            | NetError::Broken(_)
            | NetError::Unsupported(_)
            | NetError::Closed => "",
        }
    }
}
