//! The lines of the Log: those of the store and those that only this program said.

use crate::mime::sanitize::width;
use crate::model::{Notice, Severity};
use crate::tui::app::date::{OffsetAt, log_time};
use crate::tui::app::view::LogLine;

/// Lines of our own that are remembered.
const OWN: usize = 500;

/// What the Log knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// From the store, newest first.
    pub stored: Vec<LogLine>,
    /// Said on the status line of this run, oldest first.
    pub own: Vec<LogLine>,
    /// The first line of the page.
    pub top: usize,
}

impl State {
    /// Remembers what the status line said.
    pub fn remember(&mut self, at: i64, text: &str) {
        if self.own.len() >= OWN {
            self.own.remove(0);
        }
        self.own.push(LogLine {
            id: None,
            at,
            notice: Notice {
                severity: Severity::Note,
                account: String::new(),
                topic: "status".to_owned(),
                text: text.to_owned(),
                hint: String::new(),
                detail: String::new(),
            },
        });
    }

    /// All lines, newest first.
    pub fn all(&self) -> Vec<&LogLine> {
        let mut all: Vec<&LogLine> = self.own.iter().rev().chain(&self.stored).collect();
        all.sort_by_key(|line| std::cmp::Reverse(line.at));
        all
    }

    /// The page in rows of `cells`.
    pub fn rows(&self, cells: usize, offset: OffsetAt) -> Vec<String> {
        let mut out = Vec::new();
        for line in self.all() {
            let notice = &line.notice;
            let mark = match notice.severity {
                Severity::Note => " ",
                Severity::Warning => "?",
                Severity::Error | Severity::Attention => "!",
            };
            let account = if notice.account.is_empty() {
                String::new()
            } else {
                format!("{}: ", notice.account)
            };
            let head = format!("{} {mark} ", log_time(line.at, offset));
            let text = sentence(&notice.text);
            fold(&head, &format!("{account}{text}"), cells, &mut out);
            for more in [&notice.hint, &notice.detail] {
                for line in more.lines().take(40).filter(|line| !line.is_empty()) {
                    fold(&" ".repeat(width(&head)), line, cells, &mut out);
                }
            }
        }
        out
    }
}

/// A text of the store as a sentence: errors begin with a small letter, screens do not. A host name
/// stays as it is.
pub fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.chars().all(|c| c.is_alphabetic() || c == '-') {
        return text.to_owned();
    }
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Breaks `text` at blanks, set in below `head`.
pub fn fold(head: &str, text: &str, cells: usize, out: &mut Vec<String>) {
    let indent = if cells > 50 { width(head) } else { 2 };
    let mut line = head.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && width(&line) + 1 + width(word) > cells {
            out.push(std::mem::replace(&mut line, " ".repeat(indent)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push(line);
}
