//! How long a key takes to the screen: with `LACEBARK_FRAME_LOG=FILE`, a line of microseconds for
//! each key, from its arrival to the bytes of its frame written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

/// The log, if one was asked for.
pub struct FrameLog {
    file: Option<BufWriter<File>>,
    waiting: Vec<Instant>,
}

impl FrameLog {
    /// Opens the file that the environment names.
    pub fn open() -> Self {
        let file = std::env::var_os("LACEBARK_FRAME_LOG")
            .filter(|path| !path.is_empty())
            .and_then(|path| match File::create(&path) {
                Ok(file) => Some(BufWriter::new(file)),
                Err(error) => {
                    tracing::warn!(%error, "cannot write the frame log");
                    None
                }
            });
        Self {
            file,
            waiting: Vec::new(),
        }
    }

    /// A key came.
    pub fn received(&mut self, at: Instant) {
        if self.file.is_some() {
            self.waiting.push(at);
        }
    }

    /// Its frame is written.
    pub fn written(&mut self, at: Instant) {
        let Some(file) = &mut self.file else { return };
        for came in self.waiting.drain(..) {
            let micros = at.saturating_duration_since(came).as_micros();
            if let Err(error) = writeln!(file, "{micros}") {
                tracing::warn!(%error, "cannot write the frame log");
            }
        }
    }

    /// Writes what is left.
    pub fn close(&mut self) {
        if let Some(Err(error)) = self.file.as_mut().map(Write::flush) {
            tracing::warn!(%error, "cannot write the frame log");
        }
    }
}
