//! The terminal face: `app` is pure (events in, effects out), `screen` draws it, `shell` owns the
//! terminal, the threads and the store.

pub mod app;
pub mod screen;
pub mod shell;

pub use shell::{RunOptions, Start, TuiError, run};
