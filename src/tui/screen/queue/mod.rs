//! The Queue: what was asked for and has not reached its server, why, and since when. It lives: the
//! rows follow the journal as it drains.

mod draw;
pub mod state;

pub use draw::{draw, line, title};
pub use state::{State, settle, step};
