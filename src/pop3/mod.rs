//! POP3 (RFC 1939) as a pure machine: replies of one line and of many, commands, sign-in.
//!
//! The layers, bottom up:
//!
//! 1. `unstuff`: the octets of a message out of a multi-line reply, in slices, never line by line.
//! 2. [`reply`]: `+OK`, `-ERR`, response codes, listings, each entry read by itself: one odd line
//!    costs that entry, never the listing.
//! 3. [`capability`]: what CAPA says, and what is guessed of a server without it.
//! 4. [`command`]: the one encoder (SAFETY P10).
//! 5. [`machine`]: greeting, CAPA, STLS, sign-in, pipelining, deadlines.
//!
//! Extensions: RFC 2449 CAPA, PIPELINING and response codes, 2595 STLS, 3206 SYS and AUTH codes, 5034
//! AUTH, 6856 UTF8, 8314 TLS from the first octet.
//!
//! **What a message is.** Its octets are those of the reply without the stuffed dots and without
//! the line that ends it. A line ends with CRLF, so a bare LF, a bare CR and NUL are octets like
//! others, and `LF . CRLF` inside a message ends nothing: a server that stuffs by CRLF alone would
//! otherwise let a sender forge the replies that follow. Only a server that ends its status line
//! with a bare LF is taken to end all its lines so.
//!
//! **UTF8** is asked for whenever it is offered, before sign-in as RFC 6856 wants it. Without it a
//! server may refuse a message that has UTF-8 in its header, or hand out a rewritten one; with it
//! the octets come as they are stored. A server that refuses the command is used without it.
//!
//! **APOP** is not used: MD5 over a stamp that the server picks protects nothing that TLS does not.
//!
//! This room names no socket, clock or file and decides nothing about the store.

pub mod capability;
pub mod command;
pub mod machine;
pub mod options;
pub mod reply;
mod unstuff;

#[cfg(test)]
mod tests;

pub use capability::{Capabilities, Expire};
pub use command::{Command, SignIn, Way};
pub use machine::Machine;
pub use options::{Limits, Options, Security, Window};
pub use reply::{Code, Event, Maildrop, Reply, Sized, Status, Unique};
