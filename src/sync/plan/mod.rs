//! The decisions of the sync, as pure functions: what to ask, what the answers mean, how long to
//! wait.
//!
//! Nothing here knows a socket, a clock, the store or randomness; time and jitter come as
//! arguments. `execute` (the account task) carries the plans out and decides nothing itself.

pub mod backoff;
pub mod keep;
pub mod maildrop;
pub mod open;
pub mod order;
pub mod proof;
pub mod pull;
pub mod push;
pub mod removal;
pub mod search;
pub mod submit;
