//! What is being written: composers that are open, and drafts that wait in the store.

mod draw;
mod state;

pub use draw::{draw, line, title};
pub use state::step;
