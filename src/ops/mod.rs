//! What a user can do, one function and one transaction each, and the reads that both faces share.
//!
//! A function that changes something takes the [`Store`](crate::store::Store) and answers a
//! [`Pending`](crate::store::Pending): effective columns, journal and undo rows are written in one
//! transaction, and the network is somebody else's matter. A function that reads takes anything that
//! is [`Rows`](crate::store::Rows). Nothing here knows which face called it, and settings arrive as
//! arguments.

pub mod accounts;
pub mod attach;
mod conflict;
pub mod contacts;
pub mod drafts;
pub mod files;
pub mod flags;
pub mod folders;
pub mod import;
pub mod index;
pub mod intake;
pub mod mailbox;
pub mod message;
pub mod mutes;
pub mod notices;
pub mod order;
pub mod packed;
pub mod queue;
pub mod requests;
pub mod saved;
pub mod search;
pub mod send;
#[cfg(test)]
mod tests;
pub mod threads;
pub mod triage;
pub mod undo;
