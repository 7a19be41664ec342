//! A message before it is sent: whom it reaches, and what there is to say about it (UX 5.10).

mod draw;
pub mod state;
mod time;

pub use draw::{draw, title};
pub use state::{
    Outgoing, State, begin, checked, chosen, failed, later, pass_time, progress, queued,
    quit_chosen, unsent_came,
};
