//! The command line: a face for scripts, and for people who read line by line.
//!
//! Every command is a plain function over `ops` (what is in the store) and `sync` (what needs a
//! server). Text from outside is sanitised before it is printed; `--json` is a contract with its
//! own types in `json`; an error is three kinds of line and an exit code. Nothing here draws a
//! screen: `main.rs` hands `demo`, `open` and a bare start to `tui`.

pub mod args;
pub mod demo;
pub mod error;
pub mod json;
pub mod log;
pub mod output;
pub mod places;
pub mod prompt;
pub mod text;
pub mod time;
pub mod words;
