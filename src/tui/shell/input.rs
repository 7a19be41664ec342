//! The input thread, and crossterm's events as ours.

use std::sync::mpsc::Sender;
use std::time::Instant;

use crossterm::event::{self, Event as Raw, KeyCode, KeyEventKind, KeyModifiers};

use crate::tui::app::event::Event;
use crate::tui::app::key::{Code, Key};

use super::Incoming;

/// Starts a thread that blocks on the terminal and passes on what comes, with its time.
pub fn start(post: Sender<Incoming>) {
    let spawned = std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            loop {
                let incoming = match event::read() {
                    Ok(event) => Incoming::Terminal(event, Instant::now()),
                    Err(_) => Incoming::Closed,
                };
                let over = matches!(incoming, Incoming::Closed);
                if post.send(incoming).is_err() || over {
                    return;
                }
            }
        });
    if let Err(error) = spawned {
        tracing::error!(%error, "no key can be read");
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
        Raw::Key(_) | Raw::FocusGained | Raw::FocusLost | Raw::Mouse(_) => None,
    }
}

fn key_of(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    let code = match code {
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
