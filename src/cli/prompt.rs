//! Questions to the person at the terminal. A command that stands in a script has nobody to ask
//! and says which option answers instead.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;

use super::error::Failure;
use crate::mime::sanitize::Shown;
use crate::model::Secret;

/// A password line is cut off here, so that `< /dev/zero` ends.
const LONGEST: u64 = 64 * 1024;

/// Whether there is a person to ask.
pub fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for yes or no; Enter alone is no.
pub fn confirm(question: &str) -> Result<bool, Failure> {
    eprint(&format!("{} [y/N] ", Shown::line(question)))?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(unreadable)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// What destroys needs a yes: given as `--yes`, or by the person at the terminal. Without either it
/// is `alone` that is told, and after a no `kept`.
pub fn agree(yes: bool, question: &str, alone: &str, kept: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !possible() {
        return Err(
            Failure::usage(alone).hint("`--yes` answers where there is no terminal to ask on.")
        );
    }
    if confirm(question)? {
        Ok(())
    } else {
        Err(Failure::new(kept))
    }
}

/// The first line of standard input as a password.
pub fn password_from_stdin() -> Result<Secret, Failure> {
    let mut line = Vec::new();
    io::stdin()
        .lock()
        .take(LONGEST)
        .read_until(b'\n', &mut line)
        .map_err(unreadable)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    let text = String::from_utf8(line)
        .map_err(|_| Failure::usage("The password on standard input is not UTF-8 text"))?;
    if text.is_empty() {
        return Err(Failure::usage("Standard input has no password")
            .hint("Its first line is the password: printf '%s\\n' … | lacebark …"));
    }
    Ok(Secret::new(text))
}

/// Asks for a password; nothing of it appears.
pub fn password(question: &str) -> Result<Secret, Failure> {
    // The echo is off before the question stands there: a quick answer is not shown either.
    terminal::enable_raw_mode().map_err(unreadable)?;
    let asked = eprint(&format!("{} ", Shown::line(question)));
    let typed = asked.and_then(|()| typed_line());
    // The mode is given back whatever happened; a failure here has nothing left to undo.
    let restored = terminal::disable_raw_mode();
    eprint("\n")?;
    restored.map_err(unreadable)?;
    let text = typed?;
    if text.is_empty() {
        return Err(Failure::sign_in("No password was given"));
    }
    Ok(Secret::new(text))
}

fn typed_line() -> Result<String, Failure> {
    let mut text = String::new();
    loop {
        let Event::Key(key) = event::read().map_err(unreadable)? else {
            continue;
        };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(text),
            KeyCode::Char('c' | 'd') if control => {
                return Err(Failure::new("Stopped: nothing was stored"));
            }
            KeyCode::Char('u') if control => text.clear(),
            KeyCode::Backspace => {
                text.pop();
            }
            KeyCode::Char(c) if !control => text.push(c),
            _ => {}
        }
    }
}

fn eprint(text: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush())
        .map_err(unreadable)
}

fn unreadable(error: io::Error) -> Failure {
    Failure::new("Cannot ask on this terminal").cause(error)
}
