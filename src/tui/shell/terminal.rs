//! The terminal: raw mode and the alternate screen while the program has it, and put back on every
//! way out: the end, a panic, a signal, a stop.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::{cursor, event, execute, style, terminal as term};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::config::Theme as Wanted;
use crate::tui::screen::theme::Theme;

/// Whether the terminal is ours now; a panic looks here.
static OURS: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while the program has it; dropping it gives it back.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
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
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        Ok(Self {
            inner: ratatui::Terminal::new(backend)?,
        })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame; only cells that changed are written.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> (u16, u16)) -> io::Result<()> {
        self.inner.draw(|frame| {
            let (x, y) = paint(frame.buffer_mut());
            frame.set_cursor_position(Position { x, y });
        })?;
        Ok(())
    }

    /// The next frame writes every cell.
    pub fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
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

    /// Takes the terminal again after a stop.
    pub fn resume(&mut self) -> io::Result<()> {
        take()?;
        self.clear()
    }

    /// Gives the terminal back.
    pub fn leave(&mut self) {
        // What is left in the buffer belongs to a frame that nobody sees any more.
        let _ = self.inner.backend_mut().flush();
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
    )
}

fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    // On the way out there is nobody left to tell.
    let _ = execute!(
        io::stdout(),
        event::DisableBracketedPaste,
        style::ResetColor,
        cursor::Show,
        term::LeaveAlternateScreen
    );
    let _ = term::disable_raw_mode();
}
