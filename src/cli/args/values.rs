//! Arguments that are checked before anything runs: ids, flags, parts.

use std::fmt;

use clap::ValueEnum;

use crate::model::{Flags, MessageKey, Offline, OnServer, OperationId, PartPath, Role};

/// A message key as `list` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId(pub MessageKey);

impl std::str::FromStr for MessageId {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<Self, BadArgument> {
        positive(text)
            .map(|n| Self(MessageKey(n)))
            .ok_or(BadArgument::MessageId)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// One of the messages that a command is about, or the word that they stand on standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdArgument {
    /// This one.
    Message(MessageId),
    /// `-`: see [`crate::cli::ids`].
    Stdin,
}

impl std::str::FromStr for IdArgument {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<Self, BadArgument> {
        match text {
            "-" => Ok(Self::Stdin),
            text => text.parse().map(Self::Message),
        }
    }
}

/// What a new mailbox can be for. INBOX is the server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewRole {
    /// Mail that is done with
    Archive,
    /// Unwanted mail
    Junk,
    /// Mail that was sent
    Sent,
    /// Mail that is being written
    Drafts,
    /// Deleted mail
    Trash,
}

impl NewRole {
    /// The role.
    pub fn role(self) -> Role {
        match self {
            NewRole::Archive => Role::Archive,
            NewRole::Junk => Role::Junk,
            NewRole::Sent => Role::Sent,
            NewRole::Drafts => Role::Drafts,
            NewRole::Trash => Role::Trash,
        }
    }
}

/// An operation id as `queue list` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueId(pub OperationId);

impl std::str::FromStr for QueueId {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<Self, BadArgument> {
        positive(text)
            .map(|n| Self(OperationId(n)))
            .ok_or(BadArgument::OperationId)
    }
}

/// One flag by its command-line name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagName(pub Flags);

impl std::str::FromStr for FlagName {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<Self, BadArgument> {
        let system = match text.to_ascii_lowercase().as_str() {
            "seen" => Some(Flags::SEEN),
            "flagged" => Some(Flags::FLAGGED),
            "answered" => Some(Flags::ANSWERED),
            _ => None,
        };
        match system {
            Some(bits) => Ok(Self(Flags::of(bits))),
            None if is_keyword(text) => Ok(Self(Flags::parse([text]))),
            None => Err(BadArgument::Flag),
        }
    }
}

/// Why an argument was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArgument {
    /// No message key.
    #[error("a message ID is a number as `lacebark list` prints it")]
    MessageId,
    /// No operation id.
    #[error("an operation ID is a number as `lacebark queue list` prints it")]
    OperationId,
    /// No flag.
    #[error("a flag is seen, flagged, answered, or a keyword without blanks, quotes or brackets")]
    Flag,
    /// No part path.
    #[error("a part is named by numbers such as 1 or 2.1")]
    Part,
    /// No offline policy.
    #[error("one of none, headers, <n>d (1d to 36500d), all")]
    Offline,
}

fn positive(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|n| *n > 0)
}

/// RFC 9051 flag-keyword: an atom. A backslash would name a system flag, which has its word.
fn is_keyword(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b))
}

pub(super) fn part_path(text: &str) -> Result<PartPath, BadArgument> {
    PartPath::parse(text)
        .filter(|path| !path.is_root())
        .ok_or(BadArgument::Part)
}

pub(super) fn on_server(text: &str) -> Result<OnServer, String> {
    OnServer::try_from(text.to_owned())
}

pub(super) fn offline(text: &str) -> Result<Offline, BadArgument> {
    Offline::parse(text).ok_or(BadArgument::Offline)
}
