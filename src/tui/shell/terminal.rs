//! The terminal: raw mode and the alternate screen while the program has it, and put back on every
//! way out: the end, a panic, a signal, a stop.

use std::io::{self, IsTerminal, Write};
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

/// The terminal while the program has it; dropping it gives it back. Nothing is ever asked of it,
/// because the answer would come among the keys.
pub struct Terminal {
    picture: Picture,
}

/// What the terminal shows: the last frame is kept, and only cells that differ are written.
#[derive(Default)]
struct Picture {
    shown: Buffer,
    bytes: Vec<u8>,
    whole: bool,
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
            picture: Picture::default(),
        })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        term::size()
    }

    /// Draws a frame of `size` cells and puts the cursor where `paint` says. Tells the moment before
    /// the terminal has it: a key that answers what the frame asks can come before this returns.
    pub fn draw(
        &mut self,
        size: (u16, u16),
        paint: impl FnOnce(&mut Buffer) -> (u16, u16),
    ) -> io::Result<Instant> {
        self.picture.draw(&mut io::stdout().lock(), size, paint)
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
        self.picture.whole = false;
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
        give_back();
    }
}

impl Picture {
    /// Draws a frame in one write. Most calls of the back end flush what it writes to, so that a part
    /// of the frame would be seen, and answered, before the moment that this tells.
    fn draw(
        &mut self,
        out: &mut impl Write,
        size: (u16, u16),
        paint: impl FnOnce(&mut Buffer) -> (u16, u16),
    ) -> io::Result<Instant> {
        let area = Rect::new(0, 0, size.0, size.1);
        let mut next = Buffer::empty(area);
        let (x, y) = paint(&mut next);
        self.bytes.clear();
        let mut backend = CrosstermBackend::new(&mut self.bytes);
        backend.hide_cursor()?;
        if !self.whole || self.shown.area != area {
            backend.clear_region(ClearType::All)?;
            self.shown = Buffer::empty(area);
        }
        backend.draw(self.shown.diff(&next).into_iter())?;
        backend.set_cursor_position(Position { x, y })?;
        backend.show_cursor()?;
        let seen = Instant::now();
        // What goes wrong half way leaves the terminal in a state that nobody knows.
        self.whole = false;
        out.write_all(&self.bytes)?;
        out.flush()?;
        self.whole = true;
        self.shown = next;
        Ok(seen)
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

    /// Whoever sits at the terminal, and when each piece reached them.
    #[derive(Default)]
    struct Watcher(Vec<(Instant, Vec<u8>)>);

    impl Write for Watcher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push((Instant::now(), bytes.to_vec()));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_part_of_a_frame_is_seen_before_the_moment_from_which_keys_answer_it() {
        let mut picture = Picture::default();
        for (text, x) in [("Word to find:", 13), ("Word to find: L", 15)] {
            let mut watcher = Watcher::default();
            let seen = picture.draw(&mut watcher, (80, 24), |buffer| {
                buffer.set_string(0, 21, text, ratatui::style::Style::new());
                (x, 21)
            });
            let seen = seen.unwrap();
            let early = watcher.0.iter().filter(|(at, _)| *at < seen);
            let early: Vec<_> = early
                .map(|(_, bytes)| String::from_utf8_lossy(bytes))
                .collect();
            assert!(early.is_empty(), "seen before: {early:?}");
            assert_eq!(watcher.0.len(), 1, "one write");
        }
    }

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
