//! The terminal: raw mode and the alternate screen while the program has it, and put back on every
//! way out: the end, a panic, a signal, a stop.

use std::io::{self, BufWriter, IsTerminal, Stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::{cursor, event, execute, style, terminal as term};
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::config::Theme as Wanted;
use crate::tui::screen::theme::Theme;

/// Whether the terminal is ours now; a panic looks here.
static OURS: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is taken with it.
static MOUSE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while the program has it; dropping it gives it back. The last frame is kept, and
/// only cells that differ are written; nothing is ever asked of the terminal, because the answer
/// would come among the keys.
pub struct Terminal {
    backend: CrosstermBackend<BufWriter<Stdout>>,
    shown: Buffer,
    anew: bool,
}

/// Whether there is a terminal at both ends.
pub fn is_one() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The theme of this terminal: no colour where NO_COLOR is set or the terminal has none.
pub fn theme(wanted: Wanted) -> Theme {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let kind = std::env::var("TERM").unwrap_or_default();
    let plain = no_color || matches!(kind.as_str(), "dumb" | "vt100" | "vt102" | "vt220");
    match (
        wanted,
        plain || kind.ends_with("-mono") || kind.ends_with("-m"),
    ) {
        (Wanted::Ansi16, false) => Theme::Ansi16,
        (Wanted::Ansi16 | Wanted::Mono, _) => Theme::Mono,
    }
}

impl Terminal {
    /// Takes the terminal.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        take()?;
        Ok(Self {
            backend: CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())),
            shown: Buffer::default(),
            anew: true,
        })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.backend.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame of `size` cells and puts the cursor where `paint` says. Tells the moment before
    /// the terminal has it: a key that answers what the frame asks can come before this returns.
    pub fn draw(
        &mut self,
        size: (u16, u16),
        paint: impl FnOnce(&mut Buffer) -> (u16, u16),
    ) -> io::Result<Instant> {
        let area = Rect::new(0, 0, size.0, size.1);
        let mut next = Buffer::empty(area);
        let (x, y) = paint(&mut next);
        self.backend.hide_cursor()?;
        if std::mem::take(&mut self.anew) || self.shown.area != area {
            self.backend.clear_region(ClearType::All)?;
            self.shown = Buffer::empty(area);
        }
        self.backend.draw(self.shown.diff(&next).into_iter())?;
        self.backend.set_cursor_position(Position { x, y })?;
        self.backend.show_cursor()?;
        let seen = Instant::now();
        Backend::flush(&mut self.backend)?;
        self.shown = next;
        Ok(seen)
    }

    /// Drops what was typed until now: no key is queued for a screen that was not there.
    pub fn forget_typed(&self) {
        let forgotten =
            rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        if let Err(error) = forgotten {
            tracing::warn!(%error, "keys of before the first frame count");
        }
    }

    /// The next frame writes every cell.
    pub fn clear(&mut self) {
        self.anew = true;
    }

    /// Gives the terminal back, stops the process as `^Z` in a shell does, and takes it again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        if let Err(error) =
            rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)
        {
            tracing::warn!(%error, "cannot stop");
        }
        // The stop comes a moment after the call; without job control it does not come at all.
        std::thread::sleep(Duration::from_millis(60));
        self.resume()
    }

    /// Gives the terminal to another program for a while; [`Terminal::resume`] takes it again.
    pub fn lend(&mut self) {
        give_back();
    }

    /// Takes the terminal again after a stop. One that came from outside gave nothing back, and the
    /// shell has changed the mode since.
    pub fn resume(&mut self) -> io::Result<()> {
        term::disable_raw_mode()?;
        take()?;
        self.clear();
        Ok(())
    }

    /// Gives the terminal back.
    pub fn leave(&mut self) {
        // What is left in the buffer belongs to a frame that nobody sees any more.
        let _ = Backend::flush(&mut self.backend);
        give_back();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

fn take() -> io::Result<()> {
    term::enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        term::EnterAlternateScreen,
        event::EnableBracketedPaste
    )?;
    if MOUSE.load(Ordering::SeqCst) {
        execute!(io::stdout(), event::EnableMouseCapture)?;
    }
    Ok(())
}

fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    // On the way out there is nobody left to tell.
    if MOUSE.load(Ordering::SeqCst) {
        let _ = execute!(io::stdout(), event::DisableMouseCapture);
    }
    let _ = execute!(
        io::stdout(),
        event::DisableBracketedPaste,
        style::ResetColor,
        cursor::Show,
        term::LeaveAlternateScreen
    );
    let _ = term::disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    const INSIDE: &str = "LACEBARK_TEST_PANICS";
    const NAME: &str = "tui::shell::terminal::tests::a_panic_gives_the_terminal_back_first";

    /// The test runs itself again in a pseudo-terminal, where it panics with the screen in hand.
    #[test]
    fn a_panic_gives_the_terminal_back_first() {
        if std::env::var_os(INSIDE).is_some() {
            let _screen = Terminal::enter(true).unwrap();
            panic!("on purpose");
        }
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", NAME, "--nocapture", "--test-threads=1"]);
        command.env(INSIDE, "1");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut written = Vec::new();
        // The other end is gone when the child is: an error then is the end.
        let _ = reader.read_to_end(&mut written);
        assert!(!child.wait().unwrap().success());
        let text = String::from_utf8_lossy(&written);
        let at = |what: &str| {
            text.rfind(what)
                .unwrap_or_else(|| panic!("no {what:?} in {text:?}"))
        };
        assert!(at("\x1b[?1049h") < at("\x1b[?1049l"), "{text:?}");
        assert!(at("\x1b[?1049l") < at("on purpose"), "{text:?}");
        assert!(at("\x1b[?2004l") < at("on purpose"), "{text:?}");
        assert!(at("\x1b[?25h") < at("on purpose"), "{text:?}");
        assert!(at("\x1b[?1000l") < at("on purpose"), "{text:?}");
    }
}
