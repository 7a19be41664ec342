//! The composer: header fields, the text with its quote, and what is sent along (UX 5.10).

mod draw;
mod fields;
pub mod keys;
pub mod recipients;
pub mod settling;
pub mod state;
pub mod text;

pub use draw::{draw, line, title};
pub use state::{Composer, Kind, Spot, State, settle};
