//! Mail by POP3 (RFC 1939): one look at the maildrop after the other, none longer than it has to be,
//! because the server locks it meanwhile.
//!
//! A look lists, fetches what is new, answers who waits for bytes, deletes what the policy of the
//! account lets go, and quits. Between two looks there is no connection.
//!
//! **Nothing is lost** (SAFETY R20). A message is deleted only after its bytes were committed and
//! that commit was synced to the disk, together with the mark that a DELE may follow; it counts as
//! deleted only after the server's `+OK` to QUIT, or when it is listed no more. What came over an
//! earlier connection is compared with what is stored before it is deleted, because a UIDL is only
//! the server's word. What nobody can compare stays on the server.
//!
//! - `dialogue`: the connection and its answers;
//! - `look`: from the list to QUIT;
//! - `load`: messages on their way, into the store by transactions of a few megabytes;
//! - `arrive`: what came and how it is stored;
//! - `leave`: deleting on the server.
//!
//! The decisions are pure and stand in [`super::plan::maildrop`].

mod arrive;
mod dialogue;
mod leave;
mod load;
mod look;

pub(super) use dialogue::Talk;
pub(super) use look::Look;
