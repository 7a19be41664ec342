//! Help for a screen, made from the command table.

mod draw;
pub mod state;

pub use draw::{draw, title};
pub use state::State;
