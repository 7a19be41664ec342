//! The log that `--log` and `-v` ask for. It goes to a file, or to standard error of a command;
//! the screen never gets it. Only this program's own events are written: what libraries log of a
//! dialogue may hold what must not be logged (SAFETY S2).

use std::io::{self, Write};
use std::sync::Mutex;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::args::Global;
use super::error::Failure;
use super::save;
use crate::mime::sanitize::Shown;

/// Starts the log; without `--log` and `-v` there is none.
pub fn start(global: &Global, screen: bool) -> Result<(), Failure> {
    let level = match global.verbose {
        0 => Level::INFO,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let sink: Box<dyn Write + Send> = match &global.log {
        Some(path) => Box::new(Lines::over(save::append(path)?)),
        None if global.verbose > 0 && !screen => Box::new(Lines::over(io::stderr())),
        None => return Ok(()),
    };
    let lines = fmt::layer().with_ansi(false).with_writer(Mutex::new(sink));
    // A second start in one process (tests) keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(Targets::new().with_target("lacebark", level))
        .with(lines)
        .try_init();
    Ok(())
}

/// Passes whole lines on, sanitised: a log is read in a terminal sooner or later.
struct Lines<W> {
    sink: W,
}

impl<W> Lines<W> {
    fn over(sink: W) -> Self {
        Self { sink }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(bytes).lines() {
            writeln!(self.sink, "{}", Shown::line(line))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_a_log_line_moves_no_cursor() {
        let mut bytes = Vec::new();
        let text = "server says \u{1b}]0;x\u{7} \u{202e}abc\nnext\u{9b}2J\n";
        Lines::over(&mut bytes).write_all(text.as_bytes()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 2, "{text:?}");
        assert!(
            !text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']),
            "{text:?}"
        );
    }
}
