//! One message: its header at four levels and its text, quotes folded, links numbered
//! (mock-ups 5 and 11b).

mod draw;
mod head;
mod marking;
pub mod state;

pub use draw::{draw, text_row as draw_text_row, title};
pub use head::{head, name_of};
pub use state::{Level, State};
