//! argv to TUI or command; error to exit code.

use std::panic::catch_unwind;
use std::process::ExitCode;

use lacebark::cli::args::{Command, CommandLine};
use lacebark::cli::error::Failure;
use lacebark::cli::local::Local;
use lacebark::cli::{self, local};
use lacebark::env::harden::harden;

fn main() -> ExitCode {
    // Before anything else: files that follow are private, and nobody reads this process.
    let hardened = harden();
    cli::install_panic_hook();
    let line = match cli::args::parse(std::env::args_os()) {
        Ok(line) => line,
        Err(error) => return ExitCode::from(cli::error::print_usage(&error)),
    };
    if let Err(error) = hardened {
        cli::output::warn(&format!(
            "this process is less private than it should be: {error}"
        ));
    }
    // A fault was told by the hook; the exit code is that of any failure.
    ExitCode::from(catch_unwind(|| run(line)).unwrap_or(1))
}

fn run(CommandLine { global, command }: CommandLine) -> u8 {
    let shown = match command {
        None => cli::screen(&global).and_then(|_| not_yet()),
        Some(Command::Demo) => local::demo().and_then(look),
        Some(Command::Open { files }) => cli::own_settings(&global)
            .and_then(|own| local::open(&files, own))
            .and_then(look),
        Some(command) => return cli::run(&global, command),
    };
    match shown {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

/// The screen over a store that lives for this look.
fn look(_: Local) -> Result<(), Failure> {
    not_yet()
}

fn not_yet() -> Result<(), Failure> {
    Err(Failure::new("The screen is not built yet"))
}
