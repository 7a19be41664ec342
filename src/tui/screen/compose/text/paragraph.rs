//! Paragraphs: cutting one of a quote, filling one, and keeping of a quote only what is marked.

use crate::mime::quote;

use super::edit::{Editor, prefix};
use super::history::Kind;
use super::store::Place;
use super::wrap;

/// Cells of a line that is filled anew in a quote.
const FILLED: usize = 72;
/// Octets of a paragraph that is filled at once; more than that is no paragraph.
const LONGEST: usize = 64 << 10;

impl Editor {
    fn level(&self, line: usize) -> u8 {
        quote::level(self.text.line(line)).0
    }

    /// Whether a line ends a paragraph: nothing in it, or it begins a signature.
    fn parts(&self, line: usize) -> bool {
        let line = self.text.line(line);
        let (level, rest) = quote::level(line);
        rest.trim().is_empty() || (level == 0 && rest.trim_end() == "--")
    }

    /// The first and last line of the paragraph around a line.
    fn paragraph(&self, line: usize) -> (usize, usize) {
        let level = self.level(line);
        let same = |other: usize| self.level(other) == level && !self.parts(other);
        let (mut first, mut last) = (line, line);
        while first > 0 && same(first - 1) {
            first -= 1;
        }
        while last + 1 < self.text.count() && same(last + 1) {
            last += 1;
        }
        (first, last)
    }

    /// The lines of the quote paragraph at the cursor, with the blank quoted line behind it.
    pub(super) fn quoted_paragraph(&self) -> Option<(usize, usize)> {
        let line = self.at.line;
        let level = self.level(line);
        if level == 0 {
            return None;
        }
        if self.parts(line) {
            return Some((line, line));
        }
        let (first, last) = self.paragraph(line);
        let next = last + 1;
        let blank = next < self.text.count() && self.level(next) > 0 && self.parts(next);
        Some((first, if blank { next } else { last }))
    }

    /// Fills the paragraph at the cursor: hard breaks in it become one flowing line, those of a quote
    /// lines of even length with its marks before each. False where there is no paragraph.
    pub fn justify(&mut self) -> bool {
        let line = self.at.line;
        if self.parts(line) {
            return false;
        }
        let (first, last) = self.paragraph(line);
        let octets: usize = (first..=last).map(|n| self.text.line(n).len()).sum();
        if octets > LONGEST {
            return false;
        }
        let marks = prefix(self.text.line(first)).to_owned();
        let mut joined = String::with_capacity(octets);
        for n in first..=last {
            join(&mut joined, quote::level(self.text.line(n)).1);
        }
        let filled = match marks.is_empty() {
            true => joined,
            false => fill(&joined, &marks),
        };
        let (from, to) = (
            Place::new(first, 0),
            Place::new(last, self.text.line(last).len()),
        );
        if self.text.slice(from, to) == filled {
            return true;
        }
        self.step(Kind::Single, from, to, &filled);
        self.justified();
        true
    }

    /// Takes away every quoted line that is not marked; how many went. `None` when nothing is marked.
    pub fn trim_quote(&mut self) -> Option<usize> {
        let (from, to) = self.marked()?;
        // A region that ends before the first letter of a line has nothing of it.
        let last = match to.at == 0 && to.line > from.line {
            true => to.line - 1,
            false => to.line,
        };
        let goes = |editor: &Self, line: usize| {
            editor.level(line) > 0 && !(from.line..=last).contains(&line)
        };
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for line in 0..self.text.count() {
            if !goes(self, line) {
                continue;
            }
            match runs.last_mut() {
                Some((_, end)) if *end + 1 == line => *end = line,
                _ => runs.push((line, line)),
            }
        }
        let count = runs.iter().map(|(first, last)| last - first + 1).sum();
        if count == 0 {
            self.unmark();
            return Some(0);
        }
        let mut at = self.at;
        self.history.begin(Kind::Single, self.at);
        for (first, last) in runs.into_iter().rev() {
            let end = match last + 1 < self.text.count() {
                true => Place::new(last + 1, 0),
                false => self.text.end(),
            };
            self.also(Place::new(first, 0), end, "");
            if at.line > last {
                at.line -= last - first + 1;
            }
        }
        self.history.close();
        self.go(at);
        Some(count)
    }
}

/// Appends a line to a paragraph, with a blank between unless both sides are East Asian.
fn join(joined: &mut String, line: &str) {
    let line = line.trim();
    let wide = |letter: Option<char>| {
        letter.is_some_and(|c| wrap::cells(c.encode_utf8(&mut [0; 4]), 0) == 2)
    };
    let unbroken = wide(joined.chars().next_back()) && wide(line.chars().next());
    if !joined.is_empty() && !unbroken {
        joined.push(' ');
    }
    joined.push_str(line);
}

fn fill(text: &str, marks: &str) -> String {
    let room = FILLED.saturating_sub(wrap::width(marks)).max(20);
    let starts = wrap::starts(text, room);
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let rows: Vec<String> = starts
        .iter()
        .zip(ends)
        .filter_map(|(from, to)| text.get(*from..to))
        .map(|row| format!("{marks}{}", row.trim_end()))
        .collect();
    rows.join("\n")
}
