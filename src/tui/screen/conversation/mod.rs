//! A whole conversation in one scroll: what was read is folded to a line, what is new is open.

mod draw;
pub mod state;

pub use draw::{draw, line, title};
pub use state::State;
