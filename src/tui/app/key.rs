//! Keys as the command table names them, free of any terminal library.

use std::fmt;

/// What was pressed, without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A character, in the case in which it was typed.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Deletes to the left.
    Backspace,
    /// Deletes under the cursor.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key by number.
    F(u8),
}

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What was pressed.
    pub code: Code,
    /// With Control.
    pub ctrl: bool,
    /// With Alt (or after Escape, as terminals send it).
    pub alt: bool,
}

const NAMED: [(&str, Code); 16] = [
    ("Ret", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("BackTab", Code::BackTab),
    ("Backspace", Code::Backspace),
    ("Del", Code::Delete),
    ("Up", Code::Up),
    ("Dn", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PgUp", Code::PageUp),
    ("PgDn", Code::PageDown),
    ("Spc", Code::Char(' ')),
    ("F2", Code::F(2)),
];

impl Key {
    /// A key without modifiers.
    pub fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
        }
    }

    /// Reads the names of the command table: `K`, `^C`, `Alt-a`, `Spc`, `PgUp`.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((_, code)) = NAMED.iter().find(|(word, _)| *word == name) {
            return Some(Self::plain(*code));
        }
        let (rest, ctrl, alt) = match (name.strip_prefix('^'), name.strip_prefix("Alt-")) {
            (Some(rest), _) if !rest.is_empty() => (rest, true, false),
            (_, Some(rest)) => (rest, false, true),
            _ => (name, false, false),
        };
        if let (true, Some((_, code))) = (alt || ctrl, NAMED.iter().find(|(word, _)| *word == rest))
        {
            let code = *code;
            return Some(Self { code, ctrl, alt });
        }
        let mut letters = rest.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            return None;
        };
        Some(Self {
            code: Code::Char(letter),
            ctrl,
            alt,
        })
    }

    /// The same key with its letter in lower case: commands know no case.
    pub fn folded(self) -> Self {
        match self.code {
            Code::Char(letter) => Self {
                code: Code::Char(letter.to_lowercase().next().unwrap_or(letter)),
                ..self
            },
            _ => self,
        }
    }

    /// The digit of an unmodified digit key.
    pub fn digit(self) -> Option<char> {
        match self.code {
            Code::Char(letter) if !self.ctrl && !self.alt && letter.is_ascii_digit() => {
                Some(letter)
            }
            _ => None,
        }
    }

    /// The character that a text field takes from this key.
    pub fn text(self) -> Option<char> {
        match self.code {
            Code::Char(letter) if !self.ctrl && !self.alt => Some(letter),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            out.write_str("^")?;
        }
        if self.alt {
            out.write_str("Alt-")?;
        }
        match self.code {
            Code::F(number) => write!(out, "F{number}"),
            Code::Char(letter) if letter != ' ' => {
                if self.alt {
                    write!(out, "{letter}")
                } else {
                    write!(out, "{}", letter.to_uppercase())
                }
            }
            code => match NAMED.iter().find(|(_, named)| *named == code) {
                Some((word, _)) => out.write_str(word),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_they_are_shown() {
        for name in [
            "K", "^C", "Alt-a", "Alt-Left", "^Left", "^Spc", "^_", "^^", "Spc", "PgUp", "<", "*",
            "^", "Ret", "Alt-1",
        ] {
            let key = Key::parse(name).unwrap();
            assert_eq!(key.to_string(), name);
        }
        assert_eq!(Key::parse("Nonsense"), None);
    }

    #[test]
    fn either_case_of_a_letter_is_one_key() {
        let upper = Key::plain(Code::Char('K'));
        let lower = Key::plain(Code::Char('k'));
        assert_eq!(upper.folded(), lower.folded());
    }
}
