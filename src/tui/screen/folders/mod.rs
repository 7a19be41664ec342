//! The folder list: every account, its mailboxes as a tree, counts from the store (mock-up 4).

mod draw;
pub mod state;

pub use draw::{draw, draw_pane, head_rows, line, title};
pub use state::State;
