//! argv to TUI or command; error to exit code.

use std::panic::catch_unwind;
use std::process::ExitCode;

use lacebark::cli::args::{Command, CommandLine, Compose, Global};
use lacebark::cli::error::Failure;
use lacebark::cli::local::Local;
use lacebark::cli::{self, local};
use lacebark::env::harden::harden;
use lacebark::tui::{self, RunOptions, Start, TuiError};

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
    let ended = match command {
        None => screen(&global, None),
        Some(Command::Compose(arguments)) => screen(&global, Some(&arguments)),
        Some(Command::Demo) => local::demo().and_then(look),
        Some(Command::Open { files }) => cli::own_settings(&global)
            .and_then(|own| local::open(&files, own))
            .and_then(look),
        Some(command) => return cli::run(&global, command),
    };
    match ended {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

/// The screen over the person's own mail, in a composer if there is something to write.
fn screen(global: &Global, compose: Option<&Compose>) -> Result<(), Failure> {
    let start = cli::screen(global)?;
    let draft = compose.map(|asked| cli::draft(&start, asked)).transpose()?;
    let (env, store) = (start.env()?, start.store()?);
    show(RunOptions {
        settings: start.settings,
        paths: start.paths,
        env,
        store,
        start: Start::Normal,
        draft: draft.map(Box::new),
    })
}

/// The screen over a store that lives for this look.
fn look(local: Local) -> Result<(), Failure> {
    let Local {
        settings,
        paths,
        env,
        store,
        folder,
        base,
    } = local;
    let shown = show(RunOptions {
        settings,
        paths,
        env,
        store,
        start: Start::Local,
        draft: None,
    });
    drop(folder);
    drop(base);
    shown
}

fn show(options: RunOptions) -> Result<(), Failure> {
    tui::run(options).map_err(|error| match error {
        TuiError::NoTerminal => Failure::new("The screen needs a terminal")
            .hint("`lacebark --help` names the commands that need none."),
        error => Failure::new("The screen ended").caused_by(&error),
    })
}
