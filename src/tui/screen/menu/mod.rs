//! The main menu, after Pine: where a person finds what there is (UX 5.2). It is not where the
//! program starts.

mod draw;
pub mod state;

pub use draw::{draw, head_rows, title};
pub use state::{State, count, selected, settle, step};
