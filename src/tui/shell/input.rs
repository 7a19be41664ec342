//! The input thread, and crossterm's events as ours.

use std::io;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Instant;

use crossterm::event::{
    self, Event as Raw, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};

use crate::model::courtesy;
use crate::tui::app::event::{Button, Event};
use crate::tui::app::key::{Code, Key};

use super::Incoming;

/// Starts a thread that blocks on the terminal and passes on what comes, with its time. After a key
/// that may end the program it reads on only when `go_on` says so: what is typed behind the last key
/// stays in the terminal and belongs to the shell.
pub fn start(post: Sender<Incoming>, go_on: Receiver<()>) {
    let spawned = std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || pass_on(event::read, &post, &go_on));
    if let Err(error) = spawned {
        tracing::error!(%error, "no key can be read");
    }
}

fn pass_on(
    mut read: impl FnMut() -> io::Result<Raw>,
    post: &Sender<Incoming>,
    go_on: &Receiver<()>,
) {
    loop {
        let (incoming, last) = match read() {
            // The mouse tells of every step that it makes.
            Ok(Raw::Mouse(mouse)) if button(mouse.kind).is_none() => continue,
            Ok(event) => {
                courtesy::set_waits(true);
                let last = may_end(&event);
                (Incoming::Terminal(event, Instant::now()), last)
            }
            Err(_) => (Incoming::Closed, false),
        };
        let over = matches!(incoming, Incoming::Closed);
        if post.send(incoming).is_err() || over || last && go_on.recv().is_err() {
            return;
        }
    }
}

/// Whether a key can be the last one for now: `Q`, the `y` to its question, Enter on a button that
/// quits, and `^_`, which gives the terminal to an editor.
pub fn may_end(raw: &Raw) -> bool {
    match raw {
        Raw::Key(key) => match key.code {
            KeyCode::Char('q' | 'Q' | 'y' | 'Y') | KeyCode::Enter => true,
            KeyCode::Char('7' | '_') => key.modifiers.contains(KeyModifiers::CONTROL),
            _ => false,
        },
        // A click on a key cell is a key.
        Raw::Mouse(mouse) => button(mouse.kind) == Some(Button::Click),
        Raw::Paste(_) | Raw::Resize(..) | Raw::FocusGained | Raw::FocusLost => false,
    }
}

/// An event of ours, if it is one that the application knows.
pub fn event(raw: Raw) -> Option<Event> {
    match raw {
        Raw::Key(key) if key.kind != KeyEventKind::Release => {
            key_of(key.code, key.modifiers).map(Event::Key)
        }
        Raw::Paste(text) => Some(Event::Paste(text)),
        Raw::Resize(width, height) => Some(Event::Resize(width, height)),
        Raw::Mouse(mouse) => {
            button(mouse.kind).map(|button| Event::Mouse(button, mouse.column, mouse.row))
        }
        Raw::Key(_) | Raw::FocusGained | Raw::FocusLost => None,
    }
}

fn button(kind: MouseEventKind) -> Option<Button> {
    match kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Button::Click),
        MouseEventKind::ScrollUp => Some(Button::WheelUp),
        MouseEventKind::ScrollDown => Some(Button::WheelDown),
        _ => None,
    }
}

fn key_of(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    let code = match code {
        // A terminal sends ^^ and ^_ as crossterm's Ctrl-6 and Ctrl-7.
        KeyCode::Char('6') if modifiers.contains(KeyModifiers::CONTROL) => Code::Char('^'),
        KeyCode::Char('7') if modifiers.contains(KeyModifiers::CONTROL) => Code::Char('_'),
        KeyCode::Char(letter) => Code::Char(letter),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    Some(Key {
        code,
        ctrl: modifiers.contains(KeyModifiers::CONTROL),
        alt: modifiers.contains(KeyModifiers::ALT),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn nothing_is_read_behind_the_last_key() {
        for (letters, permits, read) in [
            ("abq", 0, 3),
            ("aqls", 0, 2),
            ("aQls", 1, 4),
            ("\rqx", 1, 2),
            ("abc", 0, 3),
        ] {
            let (post, inbox) = channel();
            let (go_on, gate) = channel();
            for _ in 0..permits {
                go_on.send(()).unwrap();
            }
            drop(go_on);
            let mut keys = letters.chars();
            let next = || {
                let letter = keys.next().ok_or(io::ErrorKind::UnexpectedEof)?;
                let code = match letter {
                    '\r' => KeyCode::Enter,
                    letter => KeyCode::Char(letter),
                };
                Ok(Raw::Key(code.into()))
            };
            pass_on(next, &post, &gate);
            let came = inbox.try_iter();
            let came = came.filter(|one| matches!(one, Incoming::Terminal(..)));
            assert_eq!(came.count(), read, "{letters:?}");
        }
    }
}
