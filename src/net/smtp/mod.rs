//! Message submission (RFC 6409, 5321) on our own link: who may send what to whom, told line by
//! line, with a result for each recipient.
//!
//! The words are lettre's: its commands with their parameters, its mail addresses, the SASL
//! responses and the parser of replies. The lines are moved by [`super::Session`], as those of IMAP
//! are, because lettre's own connection keeps octets that came in clear over STARTTLS (SAFETY T3),
//! stops at the first refused recipient, and does not tell when the dot that ends a message leaves.
//!
//! - [`Machine`]: the protocol without I/O; [`body`]: what becomes of the octets of a message;
//! - [`Offers`]: what EHLO said; [`Said`]: one reply;
//! - [`Submission`]: one connection as a straight story, and the two things that can be wrong with it.
//!
//! Nothing here decides who is tried again: [`Submission::end`] alone lets the dot leave that ends a
//! message, and whatever fails from there on may have been sent.

pub mod body;
mod client;
mod machine;
mod offers;
mod reply;
#[cfg(test)]
mod tests;

pub use client::{Addressed, SmtpError, Submission, Way};
pub use lettre::Address;
pub use machine::{Command, Envelope, Event, Identity, Machine, Mechanism, Options, Reply};
pub use offers::Offers;
pub use reply::Said;
