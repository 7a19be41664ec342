//! Store and server made equal: pure plans, a dull executor, the account task.
//!
//! [`plan`] decides and knows neither socket nor clock. The rest carries out:
//!
//! - `dialogue`: a signed-in connection, its answers and its news;
//! - `worker`: one connection at work, the most urgent thing first; `pull`, `push` and `bodies` are
//!   its three kinds of work, `listing` says in which mailboxes;
//! - `pop3`: the same for an account that is read by POP3, whose mailboxes are here alone;
//! - `outbox`: what waits to be sent leaves by a link of its own, `submission`, once;
//! - `account`: the task of one account, which owns its lock, connects, and waits when it cannot;
//! - [`Supervisor`]: all account tasks, on a thread of their own;
//! - `standby`: what that task does while another process has the lock;
//! - [`asking`]: what a process asks of the one that has it; `neighbours`: how they wake each other;
//! - `indexing`: the search index, kept behind the mail;
//! - [`once()`]: one sync with a deadline, for the command line;
//! - [`setup`]: tries and stores an account.
//!
//! All results of one mailbox pass through its account's one task, in the order of the wire, so
//! that no older snapshot is ever written over a newer one (DESIGN section 2). A UID is looked up
//! when it is sent, in the epoch that the SELECT on this connection has confirmed. What a run did
//! not finish the next one finds by comparing the sets of UIDs, so that nothing has to be
//! remembered but the mod-sequence of the flags.
//!
//! RFC 4549 (disconnected clients), 7162 (CONDSTORE), 2177 (IDLE), 9051.

mod account;
pub mod asking;
mod bodies;
mod care;
mod desk;
mod dialogue;
mod error;
mod glue;
mod indexing;
mod listing;
mod neighbours;
mod once;
mod outbox;
pub mod owner;
pub mod plan;
mod pop3;
mod pull;
mod push;
mod searching;
pub mod setup;
mod signal;
mod standby;
mod submission;
mod supervisor;
#[cfg(test)]
mod tests;
mod worker;

pub use desk::{Progress, Tally};
pub use error::SyncError;
pub use indexing::Indexing;
pub use neighbours::announce;
pub use once::{Once, Work, once};
pub use setup::{Field, Proof, SendingProof, SetupError, SetupRequest, Side};
pub use supervisor::Supervisor;
