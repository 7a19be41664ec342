//! The first start: one screen, three answers (mock-up 1). The sign-in is tried before anything
//! is stored, and the field that was refused is named and has the cursor.

mod draw;
pub mod state;

pub use draw::{draw, title};
pub use state::{State, press, run};
