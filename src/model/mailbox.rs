//! Mailboxes: roles and the numbers that a server keeps of them.

use serde::{Deserialize, Serialize};

/// What a mailbox is for (RFC 6154 and 8457; INBOX is RFC 9051 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Where new mail arrives.
    Inbox,
    /// `\Drafts`.
    Drafts,
    /// `\Sent`.
    Sent,
    /// `\Archive`.
    Archive,
    /// `\Junk`.
    Junk,
    /// `\Trash`.
    Trash,
    /// `\All`: every message of the account.
    All,
    /// `\Flagged`: the server's own view of flagged messages.
    Flagged,
    /// `\Important`: what the server takes to be important of the mail in other mailboxes.
    Important,
}

impl Role {
    /// All roles, in the order in which a folder list shows them.
    pub const ALL: [Role; 9] = [
        Role::Inbox,
        Role::Drafts,
        Role::Sent,
        Role::Archive,
        Role::Junk,
        Role::Trash,
        Role::All,
        Role::Flagged,
        Role::Important,
    ];

    /// The word of the command line, schema and configuration.
    pub fn word(self) -> &'static str {
        match self {
            Role::Inbox => "inbox",
            Role::Drafts => "drafts",
            Role::Sent => "sent",
            Role::Archive => "archive",
            Role::Junk => "junk",
            Role::Trash => "trash",
            Role::All => "all",
            Role::Flagged => "flagged",
            Role::Important => "important",
        }
    }

    /// Reads [`Role::word`], in any case.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL
            .into_iter()
            .find(|role| role.word().eq_ignore_ascii_case(word))
    }

    /// The roles that a mailbox can be given by its name, by the settings, or when it is made.
    pub const GIVEN: [Role; 5] = [
        Role::Drafts,
        Role::Sent,
        Role::Archive,
        Role::Junk,
        Role::Trash,
    ];

    /// What mailboxes of this role are called on servers that do not tell (RFC 6154 is optional),
    /// the likeliest first. Compared without case.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Role::Drafts => &["Drafts", "Draft"],
            Role::Sent => &["Sent", "Sent Items", "Sent Messages", "Sent Mail"],
            Role::Archive => &["Archive", "Archives"],
            Role::Junk => &["Junk", "Spam", "Junk E-mail", "Junk Email", "Bulk Mail"],
            Role::Trash => &["Trash", "Deleted Items", "Deleted Messages", "Bin"],
            Role::Inbox | Role::All | Role::Flagged | Role::Important => &[],
        }
    }

    /// The attribute that asks for the role when a mailbox is made (RFC 6154); INBOX has none.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Role::Inbox => None,
            Role::Drafts => Some("\\Drafts"),
            Role::Sent => Some("\\Sent"),
            Role::Archive => Some("\\Archive"),
            Role::Junk => Some("\\Junk"),
            Role::Trash => Some("\\Trash"),
            Role::All => Some("\\All"),
            Role::Flagged => Some("\\Flagged"),
            Role::Important => Some("\\Important"),
        }
    }

    /// The role of a SPECIAL-USE attribute such as `\Sent`.
    pub fn of_attribute(attribute: &str) -> Option<Role> {
        match attribute.strip_prefix('\\')?.to_ascii_lowercase().as_str() {
            "drafts" => Some(Role::Drafts),
            "sent" => Some(Role::Sent),
            "archive" => Some(Role::Archive),
            "junk" => Some(Role::Junk),
            "trash" => Some(Role::Trash),
            "all" => Some(Role::All),
            "flagged" => Some(Role::Flagged),
            "important" => Some(Role::Important),
            _ => None,
        }
    }
}

/// UIDVALIDITY; 64 bits because servers exceed the 32 that RFC 9051 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UidValidity(pub u64);

/// Messages of a server's list of all mail that stand nowhere else, as what was archived at Gmail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone {
    /// Unread ones.
    pub unread: u64,
    /// Flagged ones.
    pub flagged: u64,
}
