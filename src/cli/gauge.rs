//! Progress on standard error, where a terminal shows it.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::mime::sanitize::Shown;

/// It is told so often at most.
const TELL: Duration = Duration::from_millis(200);

/// How far long work is.
#[derive(Debug)]
pub struct Gauge {
    terminal: bool,
    last: Option<Instant>,
    shown: bool,
}

impl Gauge {
    /// Shows nothing until it is told something, and nothing at all where no terminal is.
    pub fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            last: None,
            shown: false,
        }
    }

    /// So much of it is done; `total` is 0 where nobody knows.
    pub fn tell(&mut self, what: &str, octets: u64, total: u64) {
        let now = Instant::now();
        if !self.terminal || self.last.is_some_and(|last| now - last < TELL) {
            return;
        }
        self.last = Some(now);
        self.shown = true;
        let far = match octets.saturating_mul(100).checked_div(total) {
            Some(percent) => format!("{}%", percent.min(100)),
            None => format!("{} MB", octets >> 20),
        };
        // Who does not see how far it is gets the result all the same.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}: {far}", Shown::line(what));
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        if self.shown {
            // As above.
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
