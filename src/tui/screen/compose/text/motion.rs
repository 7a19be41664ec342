//! Where the cursor goes.

use unicode_segmentation::UnicodeSegmentation;

use super::edit::Editor;
use super::store::Place;
use super::wrap;

impl Editor {
    /// The row of its line that the cursor stands in.
    pub fn row(&self) -> usize {
        let starts = self.text.starts(self.at.line);
        let row = starts.partition_point(|start| *start <= self.at.at);
        let row = row.saturating_sub(1);
        let on_edge = self.hangs && starts.get(row) == Some(&self.at.at);
        if on_edge { row.saturating_sub(1) } else { row }
    }

    /// Where a row begins and ends.
    pub(super) fn row_span(&self, line: usize, row: usize) -> (usize, usize) {
        let starts = self.text.starts(line);
        let from = starts.get(row).copied().unwrap_or(0);
        let to = starts.get(row + 1).copied();
        (from, to.unwrap_or(self.text.line(line).len()))
    }

    /// The column in its row, in cells.
    pub fn column(&self) -> usize {
        let (from, _) = self.row_span(self.at.line, self.row());
        let piece = self.text.line(self.at.line).get(from..self.at.at);
        wrap::width(piece.unwrap_or_default())
    }

    /// The column in its line, in cells.
    pub fn column_in_line(&self) -> usize {
        let piece = self.text.line(self.at.line).get(..self.at.at);
        wrap::width(piece.unwrap_or_default())
    }

    pub(super) fn moved(&mut self, at: Place) {
        self.at = at;
        self.hangs = false;
        self.goal = None;
        self.after_moving();
    }

    /// One cluster to the left; false at the beginning.
    pub fn left(&mut self) -> bool {
        let to = self.text.before(self.at);
        to.is_some_and(|to| {
            self.moved(to);
            true
        })
    }

    /// One cluster to the right; false at the end.
    pub fn right(&mut self) -> bool {
        let to = self.text.after(self.at);
        to.is_some_and(|to| {
            self.moved(to);
            true
        })
    }

    /// By rows, keeping the column; false where there is none.
    pub fn rows(&mut self, by: isize) -> bool {
        let goal = self.goal.unwrap_or_else(|| self.column());
        let mut line = self.at.line;
        let mut row = self.row();
        let mut moved = false;
        for _ in 0..by.unsigned_abs() {
            self.text.wrap(line);
            if by < 0 {
                match (row.checked_sub(1), line.checked_sub(1)) {
                    (Some(above), _) => row = above,
                    (None, Some(above)) => {
                        line = above;
                        row = self.text.starts(line).len().saturating_sub(1);
                    }
                    (None, None) => break,
                }
            } else if row + 1 < self.text.starts(line).len() {
                row += 1;
            } else if line + 1 < self.text.count() {
                (line, row) = (line + 1, 0);
            } else {
                break;
            }
            moved = true;
        }
        let (at, hangs) = self.at_column(line, row, goal);
        self.moved(Place::new(line, at));
        (self.hangs, self.goal) = (hangs, Some(goal));
        moved
    }

    /// The octet at a column of a row, and whether that is behind its last cluster.
    fn at_column(&self, line: usize, row: usize, column: usize) -> (usize, bool) {
        let (from, to) = self.row_span(line, row);
        let piece = self.text.line(line).get(from..to).unwrap_or_default();
        let mut used = 0;
        for (offset, cluster) in piece.grapheme_indices(true) {
            let wide = wrap::cells(cluster, used);
            if used + wide > column {
                return (from + offset, false);
            }
            used += wide;
        }
        let last = self.text.line(line).len() == to;
        (to, !last)
    }

    /// To the beginning of the row.
    pub fn row_start(&mut self) {
        let (from, _) = self.row_span(self.at.line, self.row());
        self.moved(Place::new(self.at.line, from));
    }

    /// To the end of the row.
    pub fn row_end(&mut self) {
        let (_, to) = self.row_span(self.at.line, self.row());
        let line = self.at.line;
        self.moved(Place::new(line, to));
        self.hangs = to < self.text.line(line).len();
    }

    /// To the beginning of the text.
    pub fn first(&mut self) {
        self.moved(Place::default());
    }

    /// To the end of the text.
    pub fn last(&mut self) {
        self.moved(self.text.end());
    }

    /// To the beginning of this word, or of the one before.
    pub fn word_left(&mut self) -> bool {
        let Some(to) = self.place_word_left() else {
            return false;
        };
        self.moved(to);
        true
    }

    pub(super) fn place_word_left(&self) -> Option<Place> {
        let line = self.text.line(self.at.line);
        let head = line.get(..self.at.at).unwrap_or_default();
        let mut words = head.unicode_word_indices();
        match words.next_back() {
            Some((at, _)) => Some(Place::new(self.at.line, at)),
            None if self.at.at > 0 => Some(Place::new(self.at.line, 0)),
            None => self.text.before(self.at),
        }
    }

    /// Behind this word, or to the next one.
    pub fn word_right(&mut self) -> bool {
        let Some(to) = self.place_word_right() else {
            return false;
        };
        self.moved(to);
        true
    }

    pub(super) fn place_word_right(&self) -> Option<Place> {
        let line = self.text.line(self.at.line);
        let tail = line.get(self.at.at..).unwrap_or_default();
        match tail.unicode_word_indices().next() {
            Some((at, word)) => Some(Place::new(self.at.line, self.at.at + at + word.len())),
            None if !tail.is_empty() => Some(Place::new(self.at.line, line.len())),
            None => self.text.after(self.at),
        }
    }

    /// To the next place of a word, from behind the cursor on and then from the top; whatever its
    /// case. False when it is nowhere.
    pub fn find(&mut self, word: &str) -> bool {
        if word.is_empty() {
            return false;
        }
        let count = self.text.count();
        let from = self.text.after(self.at).unwrap_or_default();
        let found = (0..=count).find_map(|step| {
            let line = (from.line + step) % count;
            let skip = if step == 0 { from.at } else { 0 };
            let rest = self.text.line(line).get(skip..)?;
            find_in(rest, word).map(|at| Place::new(line, skip + at))
        });
        found.is_some_and(|found| {
            self.moved(found);
            true
        })
    }
}

/// Where a word stands in a line, whatever its case.
fn find_in(line: &str, word: &str) -> Option<usize> {
    if word.is_ascii() {
        let first = word.bytes().next()?;
        let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
        return memchr::memchr2_iter(lower, upper, line.as_bytes()).find(|at| {
            let piece = line.as_bytes().get(*at..at + word.len());
            piece.is_some_and(|piece| piece.eq_ignore_ascii_case(word.as_bytes()))
        });
    }
    let folded = |text: &str| -> Vec<char> { text.chars().flat_map(char::to_lowercase).collect() };
    let wanted = folded(word);
    line.char_indices().map(|(at, _)| at).find(|at| {
        let rest = line.get(*at..).unwrap_or_default();
        let mut letters = rest.chars().flat_map(char::to_lowercase);
        wanted.iter().all(|wish| letters.next() == Some(*wish))
    })
}
