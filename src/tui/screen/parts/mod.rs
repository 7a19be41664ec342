//! The parts of a message as a tree, with a preview (mock-up 6).

mod draw;
pub mod state;

pub use draw::{draw, head_rows, title, tree_rows};
pub use state::State;
