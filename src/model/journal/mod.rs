//! Operations: what the user asked for and the server has not confirmed, and how they fold.
//!
//! `effective = fold(base, operations)`. The store keeps the result in its effective columns and
//! the screen applies the same function in the frame of the key press. What follows when a message
//! leaves the server, and which queued operations a new one replaces, is decided here too, because
//! both must agree with the fold.

mod coalesce;
mod fold;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{
    AccountKey, ActionId, FlagChange, Flags, MailboxKey, MessageKey, OperationId, Uid, UidValidity,
};

pub use coalesce::{Coalesced, Leaving, coalesce, coalesce_flags, leaving};
pub use fold::{
    MailboxPlaced, Placed, apply_to_mailboxes, fold, fold_mailboxes, is_within, renamed,
};

/// What one operation does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum OperationKind {
    /// Change flags of one message.
    Flag {
        /// The message.
        message: MessageKey,
        /// The change.
        change: FlagChange,
    },
    /// Move one message within its account; its key stays.
    Move {
        /// The message.
        message: MessageKey,
        /// Where it was shown when it was asked for.
        from: MailboxKey,
        /// Where it goes.
        to: MailboxKey,
        /// What was written down when it was handed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// Copy one message within its account. The copy's row stands already, with no base.
    Copy {
        /// The row of the copy.
        message: MessageKey,
        /// What is copied.
        source: MessageKey,
        /// Where the copy goes.
        to: MailboxKey,
        /// The flags that it is shown with.
        flags: Flags,
        /// What was written down when it was handed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// Upload a message whose bytes are here. Its row stands already, with no base.
    Append {
        /// The row of what is uploaded.
        message: MessageKey,
        /// Where its bytes come from while they are not kept: a message of another account.
        source: Option<MessageKey>,
        /// Where it goes.
        to: MailboxKey,
        /// The flags that it gets.
        flags: Flags,
        /// What was written down when it was handed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
        /// Of a copy of sent mail: what it is looked for by first, as the submission server may have
        /// put one there itself (SAFETY R3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_as: Option<SentAs>,
    },
    /// Delete one message for good.
    Expunge {
        /// The message.
        message: MessageKey,
        /// Not before this row stands on a server: what is moved to another account is deleted here
        /// when its copy there is proven.
        after: Option<MessageKey>,
        /// The message as a person knows it, where this row is only what that left behind when it
        /// went to another account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_by: Option<MessageKey>,
    },
    /// Make a mailbox.
    Create {
        /// Its row, with no base yet.
        mailbox: MailboxKey,
        /// Its name, decoded, with the server's delimiter.
        name: String,
    },
    /// Give a mailbox another name; what lies below it goes along.
    Rename {
        /// The mailbox.
        mailbox: MailboxKey,
        /// The new name, decoded.
        to: String,
    },
    /// Delete a mailbox with the messages in it, and with no others.
    Remove {
        /// The mailbox.
        mailbox: MailboxKey,
        /// What the person knew of it who deleted it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<KnownMailbox>,
    },
    /// Subscribe or unsubscribe a mailbox.
    Subscribe {
        /// The mailbox.
        mailbox: MailboxKey,
        /// Whether it is to be subscribed.
        subscribed: bool,
    },
    /// Hand a message to the submission server. Its bytes and recipients stand in the outbox; it
    /// names no message, changes nothing that is shown, and waits for nothing but its time.
    Submit {
        /// Its Message-ID without angle brackets, the same in every try (SAFETY C12).
        message_id: String,
        /// Its subject, to tell it by.
        subject: String,
    },
}

/// What was written down before an operation was handed over, so that a check can tell whether it
/// happened: an OK is no proof, and after a cut there is not even that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Where the message stood then.
    pub source: Option<Spot>,
    /// The epoch of the target mailbox then.
    pub epoch: i64,
    /// The target's UIDNEXT then: what the operation made is there or above.
    pub uid_next: u32,
    /// Its UID in the target, once it is known; what is left then is to clear the source.
    #[serde(default)]
    pub found: Option<Uid>,
}

/// What a person knew of a mailbox when they said that it is to be deleted: what came to it since is
/// not deleted with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownMailbox {
    /// UIDVALIDITY, if it was ever told.
    pub uid_validity: Option<UidValidity>,
    /// All that has a lower UID was there; `None` if no UID was known.
    pub uid_next: Option<u32>,
    /// How many messages were there, as far as anybody had said.
    pub messages: u64,
    /// The newest row of the store: what stands in a later one was not seen.
    pub newest: i64,
    /// Messages that were to leave it and could not, and are still there.
    pub stranded: u64,
}

/// What tells a message that was sent from every other one: an id without angle brackets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SentAs {
    /// Its Message-ID.
    New(String),
    /// Its Resent-Message-ID: its Message-ID is that of the message that was sent on.
    Resent(String),
}

impl SentAs {
    /// The header field that names it.
    pub fn field(&self) -> &'static str {
        match self {
            SentAs::New(_) => "Message-ID",
            SentAs::Resent(_) => "Resent-Message-ID",
        }
    }

    /// The id.
    pub fn id(&self) -> &str {
        let (SentAs::New(id) | SentAs::Resent(id)) = self;
        id
    }
}

/// A place on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// The mailbox.
    pub mailbox: MailboxKey,
    /// Its epoch.
    pub epoch: i64,
    /// The UID in that epoch.
    pub uid: Uid,
}

impl OperationKind {
    /// The word in the schema, command line and log.
    pub fn word(&self) -> &'static str {
        match self {
            OperationKind::Flag { .. } => "flag",
            OperationKind::Move { .. } => "move",
            OperationKind::Copy { .. } => "copy",
            OperationKind::Append { .. } => "append",
            OperationKind::Expunge { .. } => "expunge",
            OperationKind::Create { .. } => "create",
            OperationKind::Rename { .. } => "rename",
            OperationKind::Remove { .. } => "remove",
            OperationKind::Subscribe { .. } => "subscribe",
            OperationKind::Submit { .. } => "submit",
        }
    }

    /// The message whose row it changes, if it changes one.
    pub fn message(&self) -> Option<MessageKey> {
        match self {
            OperationKind::Flag { message, .. }
            | OperationKind::Move { message, .. }
            | OperationKind::Copy { message, .. }
            | OperationKind::Append { message, .. }
            | OperationKind::Expunge { message, .. } => Some(*message),
            OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => None,
        }
    }

    /// The message by the key under which a person knows it: what is left behind of one that went
    /// to another account has a key that nobody was shown.
    pub fn known_as(&self) -> Option<MessageKey> {
        match self {
            OperationKind::Expunge { after, left_by, .. } => {
                left_by.or(*after).or_else(|| self.message())
            }
            _ => self.message(),
        }
    }

    /// Whether it deletes what a message left behind when it went to another account.
    pub fn is_of_remains(&self) -> bool {
        self.known_as() != self.message()
    }

    /// The second message that it names, whose row it does not change: what is copied or uploaded,
    /// or what must stand first.
    pub fn other(&self) -> Option<MessageKey> {
        match self {
            OperationKind::Copy { source, .. } => Some(*source),
            OperationKind::Append { source, .. } => *source,
            OperationKind::Expunge { after, .. } => *after,
            OperationKind::Flag { .. }
            | OperationKind::Move { .. }
            | OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => None,
        }
    }

    /// The mailbox that a message operation puts its message into.
    pub fn target(&self) -> Option<MailboxKey> {
        match self {
            OperationKind::Move { to, .. }
            | OperationKind::Copy { to, .. }
            | OperationKind::Append { to, .. } => Some(*to),
            OperationKind::Flag { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => None,
        }
    }

    /// The mailbox that it changes as a mailbox.
    pub fn mailbox(&self) -> Option<MailboxKey> {
        match self {
            OperationKind::Create { mailbox, .. }
            | OperationKind::Rename { mailbox, .. }
            | OperationKind::Remove { mailbox, .. }
            | OperationKind::Subscribe { mailbox, .. } => Some(*mailbox),
            OperationKind::Flag { .. }
            | OperationKind::Move { .. }
            | OperationKind::Copy { .. }
            | OperationKind::Append { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Submit { .. } => None,
        }
    }

    /// What was written down when it was handed over.
    pub fn proof(&self) -> Option<&Proof> {
        match self {
            OperationKind::Move { proof, .. }
            | OperationKind::Copy { proof, .. }
            | OperationKind::Append { proof, .. } => proof.as_ref(),
            OperationKind::Flag { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => None,
        }
    }

    /// The same with a proof; kinds that need none stay as they are.
    #[must_use]
    pub fn with_proof(mut self, written: Option<Proof>) -> Self {
        match &mut self {
            OperationKind::Move { proof, .. }
            | OperationKind::Copy { proof, .. }
            | OperationKind::Append { proof, .. } => *proof = written,
            OperationKind::Flag { .. }
            | OperationKind::Expunge { .. }
            | OperationKind::Create { .. }
            | OperationKind::Rename { .. }
            | OperationKind::Remove { .. }
            | OperationKind::Subscribe { .. }
            | OperationKind::Submit { .. } => {}
        }
        self
    }
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The server said no, or would have.
    Refused,
    /// Another program moved or deleted the message first.
    Gone,
    /// The mailbox that it names is no longer there, or never came to be.
    MailboxGone,
    /// UIDVALIDITY changed before it was sent.
    Renumbered,
    /// Messages came to the mailbox that it deletes.
    Arrived,
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 5] = [
        Cause::Refused,
        Cause::Gone,
        Cause::MailboxGone,
        Cause::Renumbered,
        Cause::Arrived,
    ];

    /// The word in the schema and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Refused => "refused",
            Cause::Gone => "gone",
            Cause::MailboxGone => "mailbox-gone",
            Cause::Renumbered => "renumbered",
            Cause::Arrived => "arrived",
        }
    }

    /// Reads [`Cause::word`]; an unknown one is a refusal.
    pub fn parse(word: &str) -> Cause {
        Cause::ALL
            .into_iter()
            .find(|cause| cause.word() == word)
            .unwrap_or(Cause::Refused)
    }

    /// Whether the other side changed what the operation names: a person chooses whose change
    /// stays.
    pub fn is_conflict(self) -> bool {
        match self {
            Cause::Gone | Cause::MailboxGone | Cause::Renumbered | Cause::Arrived => true,
            Cause::Refused => false,
        }
    }
}

/// A try that came to nothing for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutOff {
    /// It is not sent before this second since 1970.
    pub until: i64,
    /// The server's own words; empty if it was put off by a version that did not keep them.
    pub why: String,
}

impl PutOff {
    /// Put off until a time, with no words about it.
    pub fn until(until: i64) -> Self {
        let why = String::new();
        Self { until, why }
    }
}

/// Where an operation stands; success deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum OperationState {
    /// Waits; for a while if the server put it off.
    Queued {
        /// Until when, and why.
        put_off: Option<PutOff>,
    },
    /// Was handed to the server; found at start it becomes `Unsure`.
    InFlight {
        /// Which try, from 1.
        attempt: u32,
    },
    /// Handed over, and nobody knows whether it happened.
    Unsure,
    /// Refused; stays until retried or dropped.
    Failed {
        /// The server's own words, or ours.
        why: String,
        /// What kind of failure it is.
        cause: Cause,
    },
}

impl OperationState {
    /// The word in the schema, command line and `--json`.
    pub fn word(&self) -> &'static str {
        match self {
            OperationState::Queued { .. } => "queued",
            OperationState::InFlight { .. } => "in-flight",
            OperationState::Unsure => "unsure",
            OperationState::Failed { .. } => "failed",
        }
    }

    /// Whether it counts no longer in what is shown.
    pub fn is_failed(&self) -> bool {
        matches!(self, OperationState::Failed { .. })
    }

    /// Whether it was handed over and its end is not known.
    pub fn is_undecided(&self) -> bool {
        matches!(
            self,
            OperationState::InFlight { .. } | OperationState::Unsure
        )
    }
}

/// One journal row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id on the command line.
    pub id: OperationId,
    /// The key press that it belongs to.
    pub action: ActionId,
    /// The account that carries it out.
    pub account: AccountKey,
    /// The mailbox in which its message was shown, or that it changes.
    pub mailbox: Option<MailboxKey>,
    /// What it does.
    pub kind: OperationKind,
    /// Where it stands.
    pub state: OperationState,
    /// How often it was handed to the server.
    pub tries: u32,
    /// When it was asked for, in seconds since 1970.
    pub asked: i64,
}
