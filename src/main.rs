//! argv to TUI or command; error to exit code.

fn main() {}
