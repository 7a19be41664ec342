//! What can go wrong between a store and its server, with account and mailbox named.

use std::borrow::Cow;

use crate::config::SecretError;
use crate::net::NetError;
use crate::net::smtp::SmtpError;
use crate::store::StoreError;

/// The code of a server that has too many connections (RFC 5530).
pub(super) const LIMIT: &str = "[LIMIT]";

/// The code of a maildrop that another connection has (RFC 2449).
pub(super) const IN_USE: &str = "[IN-USE]";
/// The code of a server that was asked too soon (RFC 2449).
pub(super) const LOGIN_DELAY: &str = "[LOGIN-DELAY]";

/// A failure of the sync; each names the culprit and says whether waiting helps.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The link could not be made or was lost.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no password to sign in with.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The server refused the password or token.
    #[error("sign-in to {host} refused: the server says \"{text}\"")]
    SignIn {
        /// The server.
        host: String,
        /// Its words.
        text: String,
    },
    /// No way of signing in is allowed and safe; nothing secret was sent.
    #[error("cannot sign in to {host}: {why}")]
    NoWay {
        /// The server.
        host: String,
        /// What stands in the way.
        why: Cow<'static, str>,
    },
    /// The server refused a command that the sync cannot do without.
    #[error("{host} refused to {what}: the server says \"{text}\"")]
    Refused {
        /// The server.
        host: String,
        /// What was asked: `open "Archive"`.
        what: String,
        /// Its words.
        text: String,
    },
    /// The server said goodbye.
    #[error("{host} closed the link: the server says \"{text}\"")]
    Bye {
        /// The server.
        host: String,
        /// Its words.
        text: String,
    },
    /// The machine slept, so that the link is not to be trusted.
    #[error("this machine slept")]
    Slept,
    /// Who waited for what was under way waits no longer, so that the link was closed over it.
    #[error("what was being fetched is not wanted any more")]
    Withdrawn,
    /// Another process syncs this account.
    #[error("process {pid} syncs the account {account}")]
    Owned {
        /// The account's id.
        account: String,
        /// The process.
        pid: u32,
    },
    /// The configuration has no such account.
    #[error("no account is called {0}")]
    NoAccount(String),
    /// The account has no server.
    #[error("the account {0} has no server: its mail is here alone")]
    Local(String),
    /// The account has no server to send by.
    #[error("the account {0} has no outgoing server")]
    NoOutgoing(String),
    /// The account has no such mailbox.
    #[error("the account {account} has no mailbox \"{mailbox}\"")]
    NoMailbox {
        /// The account's id.
        account: String,
        /// The name.
        mailbox: String,
    },
    /// A deadline passed.
    #[error("{what} took longer than {seconds} s")]
    Late {
        /// What.
        what: String,
        /// The deadline.
        seconds: u64,
    },
    /// The system gave no thread, runtime or lock file.
    #[error("cannot {what}: {source}")]
    System {
        /// What was wanted.
        what: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The sync was told to stop.
    #[error("the sync was stopped")]
    Stopped,
}

impl From<SmtpError> for SyncError {
    fn from(error: SmtpError) -> Self {
        match error {
            SmtpError::Net(error) => SyncError::Net(error),
            SmtpError::Refused { host, what, said } => SyncError::Refused {
                host,
                what: what.to_owned(),
                text: said.to_string(),
            },
            SmtpError::SignIn { host, said } => SyncError::SignIn {
                host,
                text: said.to_string(),
            },
            SmtpError::NoWay { host, why } => SyncError::NoWay {
                host,
                why: why.into(),
            },
        }
    }
}

impl SyncError {
    /// Whether only a person can help: a password, a certificate, the settings.
    pub fn needs_person(&self) -> bool {
        match self {
            SyncError::SignIn { .. } | SyncError::NoWay { .. } => true,
            SyncError::Secret(error) => !error.retry(),
            SyncError::Net(error) => !error.retry() && !matches!(error, NetError::Closed),
            SyncError::NoAccount(_)
            | SyncError::Local(_)
            | SyncError::NoOutgoing(_)
            | SyncError::Owned { .. }
            | SyncError::NoMailbox { .. } => true,
            SyncError::Store(error) => !error.retry(),
            SyncError::Refused { .. }
            | SyncError::Bye { .. }
            | SyncError::Slept
            | SyncError::Withdrawn
            | SyncError::Late { .. }
            | SyncError::System { .. }
            | SyncError::Stopped => false,
        }
    }

    /// Whether it is about the sign-in, so that a password ends it.
    pub fn is_sign_in(&self) -> bool {
        matches!(
            self,
            SyncError::SignIn { .. } | SyncError::NoWay { .. } | SyncError::Secret(_)
        )
    }

    /// Whether there is no connection now, which another time will mend.
    pub fn is_offline(&self) -> bool {
        match self {
            SyncError::Net(error) => matches!(
                error,
                NetError::Resolve { .. }
                    | NetError::Refused { .. }
                    | NetError::TimedOut { .. }
                    | NetError::LinkLost { .. }
            ),
            SyncError::Bye { .. } | SyncError::Late { .. } | SyncError::Slept => true,
            _ => false,
        }
    }

    /// Whether a link that stood broke.
    pub(super) fn is_broken_link(&self) -> bool {
        match self {
            SyncError::Net(error) => matches!(
                error,
                NetError::TimedOut { .. } | NetError::LinkLost { .. } | NetError::Broken(_)
            ),
            SyncError::Bye { .. } => true,
            _ => false,
        }
    }

    /// Whether nobody answered at all, as when there is no network.
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(
            self,
            SyncError::Net(NetError::Resolve { .. } | NetError::TimedOut { .. })
        )
    }

    /// Whether the server has more connections than it wants ([LIMIT], or in words only).
    pub(super) fn is_limit(&self) -> bool {
        let (SyncError::Refused { text, .. } | SyncError::Bye { text, .. }) = self else {
            return false;
        };
        if text.starts_with(LIMIT) {
            return true;
        }
        let text = text.to_ascii_lowercase();
        let many = ["too many", "maximum number", "limit", "exceeded"];
        text.contains("connection") && many.iter().any(|words| text.contains(words))
    }

    /// What to do about it; empty when waiting is all.
    pub fn hint(&self) -> String {
        match self {
            SyncError::Net(error) => error.hint().to_owned(),
            SyncError::Secret(error) => error.hint(),
            SyncError::SignIn { .. } => {
                "Not retried. P in the list of Alt-a takes the right password, or lacebark login."
                    .to_owned()
            }
            SyncError::NoWay { .. } => "Nothing secret was sent.".to_owned(),
            SyncError::Refused { .. } | SyncError::Bye { .. } if self.is_limit() => {
                "This program holds one connection for an account. Other programs or devices hold \
                 the rest."
                    .to_owned()
            }
            SyncError::Refused { text, .. } if text.starts_with(IN_USE) => {
                "Another program or device is reading this mail just now. Trying again by itself."
                    .to_owned()
            }
            SyncError::Refused { text, .. } if text.starts_with(LOGIN_DELAY) => {
                "The server wants more time between two sign-ins; check_every in the settings says \
                 how often it is asked."
                    .to_owned()
            }
            SyncError::Owned { .. } => "It does the work; end it, or ask there.".to_owned(),
            SyncError::NoOutgoing(_) => {
                "Name it in the settings: smtp = \"smtps://HOST\".".to_owned()
            }
            SyncError::NoMailbox { .. } => "See: lacebark mailbox list".to_owned(),
            SyncError::Store(_)
            | SyncError::Refused { .. }
            | SyncError::Bye { .. }
            | SyncError::Slept
            | SyncError::Withdrawn
            | SyncError::NoAccount(_)
            | SyncError::Local(_)
            | SyncError::Late { .. }
            | SyncError::System { .. }
            | SyncError::Stopped => String::new(),
        }
    }
}
