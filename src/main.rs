//! argv to TUI or command; error to exit code.

use std::process::ExitCode;

use lacebark::cli;
use lacebark::cli::error::Failure;

fn main() -> ExitCode {
    let line = match cli::args::parse(std::env::args_os()) {
        Ok(line) => line,
        Err(error) => return ExitCode::from(cli::error::print_usage(&error)),
    };
    ExitCode::from(match line.command {
        Some(command) => cli::run(&line.global, command),
        None => Failure::new("The screen is not built yet").report(),
    })
}
