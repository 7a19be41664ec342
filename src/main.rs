//! argv to TUI or command; error to exit code.

use std::process::ExitCode;

use lacebark::cli;
use lacebark::cli::error::Failure;

fn main() -> ExitCode {
    ExitCode::from(match cli::args::parse(std::env::args_os()) {
        Ok(_) => Failure::new("This command is not built yet").report(),
        Err(error) => cli::error::print_usage(&error),
    })
}
