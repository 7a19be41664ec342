//! The file browser: a folder from which files are attached or read into a text.

mod draw;
pub mod state;

pub use draw::{draw, line, title};
pub use state::{State, settle};
