//! How an account's mail gets here.

/// How an account's mail gets here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// By IMAP: its mailboxes are the server's.
    Imap,
    /// By POP3: its mailboxes are here alone.
    Pop3,
    /// By import only.
    Local,
}

impl AccountKind {
    /// The word in the store and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            AccountKind::Imap => "imap",
            AccountKind::Pop3 => "pop3",
            AccountKind::Local => "local",
        }
    }

    /// As a person reads it: `IMAP`, `POP3`, `import`.
    pub fn protocol(self) -> &'static str {
        match self {
            AccountKind::Imap => "IMAP",
            AccountKind::Pop3 => "POP3",
            AccountKind::Local => "import",
        }
    }

    /// Whether its mailboxes are a server's, so that changes of them go there.
    pub fn is_remote(self) -> bool {
        self == AccountKind::Imap
    }

    /// Reads [`AccountKind::word`].
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "imap" => Some(AccountKind::Imap),
            "pop3" => Some(AccountKind::Pop3),
            "local" => Some(AccountKind::Local),
            _ => None,
        }
    }
}
