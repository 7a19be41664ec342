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
        self.text.wrap(self.at.line);
        let (from, _) = self.row_span(self.at.line, self.row());
        let here = Place::new(self.at.line, from);
        let top = self.text.clamp(self.top);
        self.text.wrap(top.line);
        let top = self.row_at(top);
        if here < top {
            self.top = here;
            return;
        }
        // The row that would be the top if the cursor stood in the last one.
        let mut least = here;
        for _ in 1..height {
            if least <= top {
                break;
            }
            match self.row_before(least) {
                Some(before) => least = before,
                None => break,
            }
        }
        self.top = top.max(least);
    }

    /// The beginning of the row that a place is in.
    fn row_at(&self, place: Place) -> Place {
        let starts = self.text.starts(place.line);
        let row = starts.partition_point(|start| *start <= place.at);
        let start = starts.get(row.saturating_sub(1)).copied();
        Place::new(place.line, start.unwrap_or(0))
    }

    fn row_before(&mut self, row: Place) -> Option<Place> {
        if row.at > 0 {
            let starts = self.text.starts(row.line);
            let before = starts.partition_point(|start| *start < row.at);
            let start = starts.get(before.checked_sub(1)?).copied()?;
            return Some(Place::new(row.line, start));
        }
        let line = row.line.checked_sub(1)?;
        self.text.wrap(line);
        let last = self.text.starts(line).last().copied();
        Some(Place::new(line, last.unwrap_or(0)))
    }

    /// One page up or down, the cursor with it; false at the ends.
    pub fn page(&mut self, down: bool, height: usize) -> bool {
        let by = height.saturating_sub(2).max(1);
        let by = isize::try_from(by).unwrap_or(1);
        let moved = self.rows(if down { by } else { -by });
        if moved {
            for _ in 0..by {
                match down {
                    true => self.top = self.row_after(self.top).unwrap_or(self.top),
                    false => self.top = self.row_before(self.top).unwrap_or(self.top),
                }
            }
        }
        moved
    }

    fn row_after(&mut self, row: Place) -> Option<Place> {
        self.text.wrap(row.line);
        let starts = self.text.starts(row.line);
        let next = starts.partition_point(|start| *start <= row.at);
        match starts.get(next) {
            Some(start) => Some(Place::new(row.line, *start)),
            None if row.line + 1 < self.text.count() => Some(Place::new(row.line + 1, 0)),
            None => None,
        }
    }

    /// The rows from the top on, at most `height`.
    pub fn shown(&self, height: usize) -> Vec<Shown<'_>> {
        let mut rows = Vec::with_capacity(height);
        let mut line = self.top.line;
        let mut skip = self.top.at;
        let cursor = self.row();
        while rows.len() < height && line < self.text.count() {
            let text = self.text.line(line);
            let quote = quote::level(text).0;
            let starts = self.text.starts(line);
            let first = starts.partition_point(|start| *start < skip);
            for (row, from) in starts.iter().enumerate().skip(first) {
                if rows.len() == height {
                    break;
                }
                let to = starts.get(row + 1).copied().unwrap_or(text.len());
                rows.push(Shown {
                    text: text.get(*from..to).unwrap_or_default(),
                    line,
                    from: *from,
                    quote,
                    cursor: line == self.at.line && row == cursor,
                });
            }
            line += 1;
            skip = 0;
        }
        rows
    }
}
