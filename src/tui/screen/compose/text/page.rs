//! The rows in sight.

use crate::mime::quote;

use super::edit::Editor;
use super::store::Place;

/// One row as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The text.
    pub text: &'a str,
    /// Its line.
    pub line: usize,
    /// Where in the line it begins.
    pub from: usize,
    /// How deeply the line is quoted.
    pub quote: u8,
    /// Whether the cursor stands in it.
    pub cursor: bool,
}

impl Editor {
    /// Brings the top in line with the cursor, for a page of that many rows.
    pub fn settle(&mut self, height: usize) {
        let height = height.max(1);
        self.text.wrap(self.at);
        let here = Place::new(self.at.line, self.row().0);
        let top = self.text.clamp(self.top);
        self.text.wrap(top);
        let top = Place::new(top.line, self.text.row(top).0);
        if here < top {
            self.top = here;
        } else {
            // The row that would be the top if the cursor stood in the last one.
            let mut least = here;
            for _ in 1..height {
                if least <= top {
                    break;
                }
                match self.text.row_above(least) {
                    Some(above) => least = above,
                    None => break,
                }
            }
            self.top = top.max(least);
        }
        // All that is in sight is wrapped before it is drawn.
        let mut row = self.top;
        for _ in 0..height {
            match self.text.row_below(row) {
                Some(below) => row = below,
                None => break,
            }
        }
    }

    /// One page up or down, the cursor with it; false at the ends.
    pub fn page(&mut self, down: bool, height: usize) -> bool {
        let by = height.saturating_sub(2).max(1);
        let by = isize::try_from(by).unwrap_or(1);
        let moved = self.rows(if down { by } else { -by });
        if moved {
            for _ in 0..by {
                match down {
                    true => self.top = self.text.row_below(self.top).unwrap_or(self.top),
                    false => self.top = self.text.row_above(self.top).unwrap_or(self.top),
                }
            }
        }
        moved
    }

    /// The rows from the top on, at most `height`.
    pub fn shown(&self, height: usize) -> Vec<Shown<'_>> {
        let mut rows = Vec::with_capacity(height);
        let (mut line, mut at) = (self.top.line, self.top.at);
        let (cursor, _) = self.row();
        let mut quote = quote::level(self.text.line(line)).0;
        while rows.len() < height && line < self.text.count() {
            let text = self.text.line(line);
            let (from, to) = self.text.row(Place::new(line, at));
            rows.push(Shown {
                text: text.get(from..to).unwrap_or_default(),
                line,
                from,
                quote,
                cursor: line == self.at.line && from == cursor,
            });
            if to < text.len() {
                at = to;
            } else {
                (line, at) = (line + 1, 0);
                quote = quote::level(self.text.line(line)).0;
            }
        }
        rows
    }
}
