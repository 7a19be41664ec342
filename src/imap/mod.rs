//! IMAP4 (RFC 9051, 3501) as a pure machine: framing, tolerant values, typed views, commands.
//!
//! The layers, bottom up:
//!
//! 1. `frame`: lines and literals with limits, in linear time; a large body literal streams out as
//!    [`Output::Chunk`](crate::protocol::Output::Chunk).
//! 2. `value`: atoms, numbers, strings and lists as real servers write them.
//! 3. [`fetch`], [`envelope`], [`structure`], [`response`]: typed views that fail *per item*. A bad
//!    BODYSTRUCTURE costs that item and leaves a warning, never the message. What is unknown is
//!    `Other`, never an error.
//! 4. [`command`]: the one encoder of all arguments (SAFETY P10).
//! 5. [`machine`]: greeting, STARTTLS, tags, continuations, IDLE, deadlines.
//!
//! Extensions: RFC 2177 IDLE, 2971 ID, 3691 UNSELECT, 4315 UIDPLUS, 4731 ESEARCH, 4959 SASL-IR,
//! 5161 ENABLE, 5258 and 5819 LIST-EXTENDED and LIST-STATUS, 5530 response codes, 6154 SPECIAL-USE
//! with CREATE-SPECIAL-USE, 6851 MOVE, 7162 CONDSTORE and QRESYNC, 7888 LITERAL+ and LITERAL-, 8474
//! OBJECTID, and Gmail's X-GM-EXT-1.
//!
//! This room names no socket, clock or file and decides nothing about the store.

pub mod capability;
mod code;
pub mod command;
pub mod copied;
pub mod date;
mod encode;
pub mod envelope;
pub mod fetch;
mod frame;
mod kind;
pub mod machine;
pub mod mailbox_name;
pub mod options;
mod parse;
pub mod quirks;
pub mod response;
pub mod structure;
mod value;

#[cfg(test)]
mod tests;

pub use capability::Capabilities;
pub use command::{
    Body, Command, Criterion, FetchItem, Mechanism, Partial, Section, SequenceSet, StatusItem,
    StoreVerb,
};
pub use copied::Copied;
pub use envelope::{RawAddress, RawEnvelope};
pub use fetch::{Content, FetchData, OtherItem, SectionContent};
pub use machine::Machine;
pub use mailbox_name::MailboxName;
pub use options::{Limits, Options, Security};
pub use quirks::Quirks;
pub use response::{
    Code, Event, Found, Listed, MailboxStatus, Namespace, Namespaces, Ranges, Reply, Said, Status,
};
pub use structure::{RawDisposition, RawParameter, RawStructure};
