//! The state of an account's connection, as the status line and other processes see it.

use serde::{Deserialize, Serialize};

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// No process has tried yet.
    Idle,
    /// Dialling or signing in.
    Connecting,
    /// Signed in, fetching; `done` of `total`.
    Syncing,
    /// Signed in and current.
    Online,
    /// No connection; `next_try` says when the next one is made.
    Offline,
    /// Off line because the user asked.
    OfflineAsked,
    /// The server refuses the password, or none is known.
    SignInNeeded,
    /// The server's certificate is refused.
    CertificateRefused,
}

impl LinkState {
    /// Whether a connection is there or being made.
    pub fn is_up(self) -> bool {
        match self {
            LinkState::Idle | LinkState::Connecting | LinkState::Syncing | LinkState::Online => {
                true
            }
            LinkState::Offline
            | LinkState::OfflineAsked
            | LinkState::SignInNeeded
            | LinkState::CertificateRefused => false,
        }
    }

    /// The word in the schema and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            LinkState::Idle => "idle",
            LinkState::Connecting => "connecting",
            LinkState::Syncing => "syncing",
            LinkState::Online => "online",
            LinkState::Offline => "offline",
            LinkState::OfflineAsked => "offline-asked",
            LinkState::SignInNeeded => "sign-in-needed",
            LinkState::CertificateRefused => "certificate-refused",
        }
    }

    /// Reads [`LinkState::word`]; anything else is `Idle`.
    pub fn parse(word: &str) -> Self {
        [
            LinkState::Connecting,
            LinkState::Syncing,
            LinkState::Online,
            LinkState::Offline,
            LinkState::OfflineAsked,
            LinkState::SignInNeeded,
            LinkState::CertificateRefused,
        ]
        .into_iter()
        .find(|state| state.word() == word)
        .unwrap_or(LinkState::Idle)
    }
}

/// One account's link row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The process that owns the account.
    pub pid: u32,
    /// Where it stands.
    pub state: LinkState,
    /// Progress of a sync.
    pub done: u64,
    /// Its end; 0 when unknown.
    pub total: u64,
    /// Since when the state holds, in seconds since 1970.
    pub since: i64,
    /// When the next try is made, in seconds since 1970.
    pub next_try: Option<i64>,
    /// Why, in the server's or system's words; may be empty.
    pub why: String,
}
