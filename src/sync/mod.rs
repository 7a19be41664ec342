//! Store and server made equal: pure plans, a dull executor, the account task.
//!
//! [`plan`] decides and knows neither socket nor clock. The rest carries out: it dials, asks,
//! writes what came into the store in transactions, and tells by link rows and notices how it
//! goes. All results of one mailbox pass through its account's one task, in the order of the wire,
//! so that no older snapshot is ever written over a newer one (DESIGN section 2).

pub mod plan;
