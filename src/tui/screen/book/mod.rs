//! The address book: who is in it, narrowed while a name is typed, and the form of one entry.

mod draw;
mod form;
mod form_draw;
pub mod state;

pub use draw::{draw, line, title};
pub use form::{Form, Spot};
pub use form_draw::{draw as draw_form, line as form_line, title as form_title};
pub use state::{State, settle, step};
