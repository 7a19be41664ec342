//! The message index: a window of rows around the viewport, newest first (mock-ups 2, 10 to 12).

mod draw;
pub mod state;
mod tag;

pub use draw::{draw, line, searched, title};
pub use state::State;
