//! The Outbox: messages on their way out, where each stands and why, and one of them to read.

mod draw;
mod reading;
pub mod state;

pub use draw::{draw, line, title};
pub use reading::{
    Reading, draw as draw_reading, line as reading_line, scroll, settle as settle_reading,
    title as reading_title,
};
pub use state::{State, settle, step};
