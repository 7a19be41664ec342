//! The program in a real pseudo-terminal, with its screen as a person sees it.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::SOON;

/// A running program and its screen.
pub struct Terminal {
    screen: vt100::Parser,
    output: Receiver<(Instant, Vec<u8>)>,
    input: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    raw: Vec<u8>,
}

impl Terminal {
    /// Starts `program` on a screen of that size. The environment holds what `env` names and a
    /// plain terminal, nothing of the person who runs the test.
    pub fn start(
        program: &Path,
        args: &[&str],
        env: &[(&str, &Path)],
        rows: u16,
        cols: u16,
    ) -> Terminal {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("PATH", "/usr/bin:/bin"),
        ] {
            command.env(name, value);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender
                    .send((Instant::now(), buffer[..count].to_vec()))
                    .is_err()
                {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(cells(rows), cells(cols), 0);
        Terminal {
            screen,
            output,
            input,
            master: pair.master,
            child,
            raw: Vec::new(),
        }
    }

    /// Types keys as the terminal sends them.
    pub fn press(&mut self, keys: &str) -> Instant {
        let start = Instant::now();
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
        start
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.master
            .resize(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        self.screen.screen_mut().set_size(cells(rows), cells(cols));
    }

    /// Waits until the screen is as `wanted` says; fails with the screen when the time is over.
    /// Hands back when the bytes arrived that made it so.
    pub fn wait(
        &mut self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> Instant {
        let start = Instant::now();
        let mut at = start;
        while !wanted(self.screen.screen()) {
            let left = limit.saturating_sub(start.elapsed());
            match self.output.recv_timeout(left) {
                Ok((when, bytes)) => {
                    at = when;
                    self.take(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("not within {limit:?}: {what}\n{}", self.text())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the program ended before: {what}\n{}", self.text())
                }
            }
        }
        at
    }

    /// Waits until the screen shows a text.
    pub fn wait_text(&mut self, text: &str) -> Instant {
        let wanted = text.to_owned();
        let what = format!("{text:?} on the screen");
        self.wait(&what, SOON, move |screen| {
            screen.contents().contains(&wanted)
        })
    }

    /// Waits until the screen shows a text no longer.
    pub fn wait_gone(&mut self, text: &str) -> Instant {
        let unwanted = text.to_owned();
        let what = format!("{text:?} gone from the screen");
        self.wait(&what, SOON, move |screen| {
            !screen.contents().contains(&unwanted)
        })
    }

    /// Waits until one row of the screen holds all these words.
    pub fn wait_row(&mut self, words: &[&str]) -> Instant {
        let wanted: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.wait(&format!("a row with {words:?}"), SOON, move |screen| {
            let text = screen.contents();
            text.lines()
                .any(|row| wanted.iter().all(|word| row.contains(word)))
        })
    }

    /// Waits until the cursor of a list is on a row with this text.
    pub fn wait_cursor(&mut self, text: &str) -> Instant {
        let wanted = text.to_owned();
        self.wait(&format!("the cursor on {text:?}"), SOON, move |screen| {
            let text = screen.contents();
            text.lines()
                .any(|row| row.starts_with('>') && row.contains(&wanted))
        })
    }

    /// Leaves the program in order.
    pub fn quit(&mut self) {
        self.press("q");
        assert_eq!(self.exit_code(SOON), 0);
    }

    /// The next output after a key; `None` when nothing comes within `limit`.
    pub fn next_output(&mut self, limit: Duration) -> Option<Instant> {
        let (when, bytes) = self.output.recv_timeout(limit).ok()?;
        self.take(&bytes);
        Some(when)
    }

    /// Takes all output that is there until nothing comes for `pause`.
    pub fn settle(&mut self, pause: Duration) {
        while self.next_output(pause).is_some() {}
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// One row of the screen.
    pub fn row(&self, row: u16) -> String {
        let columns = self.screen.screen().size().1;
        self.screen
            .screen()
            .rows(0, columns.get())
            .nth(usize::from(row))
            .unwrap_or_default()
    }

    /// The emulator's view, for cursor and colours.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Every byte that the program wrote.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The process id, for a test that sends a signal.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end and hands the exit code back.
    pub fn exit_code(&mut self, limit: Duration) -> u32 {
        let start = Instant::now();
        loop {
            self.settle(Duration::from_millis(5));
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(
                start.elapsed() < limit,
                "the program does not end\n{}",
                self.text()
            );
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.screen.process(bytes);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}
