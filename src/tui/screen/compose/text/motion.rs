//! Where the cursor goes.

use unicode_segmentation::UnicodeSegmentation;

use super::edit::Editor;
use super::store::Place;
use super::wrap;

/// Octets of a line from which on columns are letters.
const FAR: usize = 32 << 10;

impl Editor {
    /// Where the row that the cursor stands in begins and ends.
    pub fn row(&self) -> (usize, usize) {
        let (from, to) = self.text.row(self.at);
        match self.at.at.checked_sub(1) {
            Some(before) if self.hangs && from == self.at.at => {
                self.text.row(Place::new(self.at.line, before))
            }
            Some(_) | None => (from, to),
        }
    }

    /// The column in its row, in cells.
    pub fn column(&self) -> usize {
        let (from, _) = self.row();
        let piece = self.text.line(self.at.line).get(from..self.at.at);
        wrap::width(piece.unwrap_or_default())
    }

    /// The column in its line, in cells; far to the right in letters, which are counted faster.
    pub fn column_in_line(&self) -> usize {
        let piece = self.text.line(self.at.line).get(..self.at.at);
        let piece = piece.unwrap_or_default();
        match piece.len() < FAR {
            true => wrap::width(piece),
            false => piece.chars().count(),
        }
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
        self.text.wrap(self.at);
        let goal = self.goal.unwrap_or_else(|| self.column());
        let mut row = Place::new(self.at.line, self.row().0);
        let mut moved = false;
        for _ in 0..by.unsigned_abs() {
            let next = match by < 0 {
                true => self.text.row_above(row),
                false => self.text.row_below(row),
            };
            let Some(next) = next else { break };
            row = next;
            moved = true;
        }
        let (at, hangs) = self.at_column(row, goal);
        self.moved(Place::new(row.line, at));
        (self.hangs, self.goal) = (hangs, Some(goal));
        moved
    }

    /// The octet at a column of a row, and whether that is behind its last cluster.
    fn at_column(&self, row: Place, column: usize) -> (usize, bool) {
        let (from, to) = self.text.row(row);
        let line = self.text.line(row.line);
        let piece = line.get(from..to).unwrap_or_default();
        let mut used = 0;
        for (offset, cluster) in piece.grapheme_indices(true) {
            let wide = wrap::cells(cluster, used);
            if used + wide > column {
                return (from + offset, false);
            }
            used += wide;
        }
        (to, line.len() != to)
    }

    /// To the beginning of the row.
    pub fn row_start(&mut self) {
        let (from, _) = self.row();
        self.moved(Place::new(self.at.line, from));
    }

    /// To the end of the row.
    pub fn row_end(&mut self) {
        let (_, to) = self.row();
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
