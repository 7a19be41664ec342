//! What waits for the user, as a list over the screen (mock-up 10). It never opens by itself.

mod draw;
pub mod state;

pub use draw::draw;
pub use state::State;
