//! Everything that was told, with its time.

mod draw;
pub mod state;

pub use draw::{draw, title};
pub use state::State;
