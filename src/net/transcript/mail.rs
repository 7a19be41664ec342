//! Keeps mail out of the log of a POP3 link, where nothing announces it: which lines belong to a
//! message follows from what was asked.

use std::collections::VecDeque;

use super::Line;

/// What a command is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Line,
    Lines,
    Mail,
}

/// What becomes of a line of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is shown.
    Line,
    /// It is mail.
    Nothing,
    /// It ends a message of so many lines, which is told before it.
    After(u64),
}

/// An answer of several lines.
#[derive(Debug)]
struct Inside {
    answer: Answer,
    lines: u64,
    /// The next line is one for the server too: to most, LF alone ends none.
    starts: bool,
    /// The server ends its own lines with LF alone.
    bare: bool,
}

/// What was asked and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    /// None until the first line of the server, which tells a POP3 server from others.
    pop3: Option<bool>,
    asked: VecDeque<Answer>,
    inside: Option<Inside>,
    /// The next line of the client answers a challenge.
    challenged: bool,
}

impl Dialogue {
    /// A line of the client.
    pub(super) fn client(&mut self, line: &[u8]) {
        if std::mem::take(&mut self.challenged) || self.pop3 == Some(false) {
            return;
        }
        let line = String::from_utf8_lossy(line).to_ascii_uppercase();
        self.asked.push_back(match line.split(' ').next() {
            Some("RETR" | "TOP") => Answer::Mail,
            Some("LIST" | "UIDL") if line.len() > "UIDL".len() => Answer::Line,
            Some("LIST" | "UIDL" | "CAPA") => Answer::Lines,
            _ => Answer::Line,
        });
    }

    /// A line of the server.
    pub(super) fn server(&mut self, line: &Line) -> Shown {
        let text = line.text.as_slice();
        let Some(pop3) = self.pop3 else {
            self.pop3 = Some(text.starts_with(b"+OK") || text.starts_with(b"-ERR"));
            return Shown::Line;
        };
        if !pop3 {
            return Shown::Line;
        }
        if let Some(inside) = &mut self.inside {
            let (answer, count) = (inside.answer, inside.lines);
            let ends = inside.starts && text == b".";
            inside.starts = line.crlf || inside.bare;
            inside.lines += 1;
            if ends {
                self.inside = None;
            }
            return match answer {
                Answer::Mail if ends => Shown::After(count),
                Answer::Mail => Shown::Nothing,
                Answer::Line | Answer::Lines => Shown::Line,
            };
        }
        if text == b"+" || text.starts_with(b"+ ") {
            self.challenged = true;
            return Shown::Line;
        }
        let answer = self.asked.pop_front().unwrap_or(Answer::Line);
        if text.starts_with(b"+") && answer != Answer::Line {
            self.inside = Some(Inside {
                answer,
                lines: 0,
                starts: true,
                bare: !line.crlf,
            });
        }
        Shown::Line
    }
}
