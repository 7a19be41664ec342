//! Lines of text, and the one way in which they change.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::wrap;

/// Octets from which on a line remembers where its rows begin.
const LONG: usize = 2048;

/// Between two characters: a line, from 0, and an octet of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The octet in it.
    pub at: usize,
}

impl Place {
    /// A place.
    pub fn new(line: usize, at: usize) -> Self {
        Self { line, at }
    }
}

#[derive(Clone, Debug, Default)]
struct Line {
    text: String,
    /// What is remembered of the rows of a long line; nothing until it is looked at.
    pieces: Vec<Piece>,
}

/// A part of a line that is wrapped for itself.
#[derive(Clone, Debug)]
struct Piece {
    start: usize,
    /// Where its rows begin, counted from its start, once it was in sight.
    rows: Option<Vec<usize>>,
}

impl Piece {
    fn at(start: usize) -> Self {
        Self { start, rows: None }
    }
}

impl Line {
    fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            pieces: Vec::new(),
        }
    }

    fn in_pieces(&mut self) {
        if self.pieces.is_empty() {
            self.pieces = wrap::pieces(&self.text)
                .into_iter()
                .map(Piece::at)
                .collect();
        }
    }

    /// The piece that an octet is in: its place, beginning and end.
    fn piece(&self, at: usize) -> (usize, usize, usize) {
        let next = self.pieces.partition_point(|piece| piece.start <= at);
        let here = next.saturating_sub(1);
        let start = self.pieces.get(here).map_or(0, |piece| piece.start);
        let end = self.pieces.get(next).map(|piece| piece.start);
        (here, start, end.unwrap_or(self.text.len()))
    }

    fn wrapped(&self, start: usize, end: usize, room: usize) -> Vec<usize> {
        wrap::starts(self.text.get(start..end).unwrap_or_default(), room)
    }

    /// Brings the pieces in line with a change: octets from `from` to `to` gave way to `inserted`.
    fn changed(&mut self, from: usize, to: usize, inserted: usize) {
        if self.pieces.is_empty() {
            return;
        }
        let removed = to - from;
        self.pieces
            .retain(|piece| piece.start <= from || piece.start > to);
        for piece in self.pieces.iter_mut().filter(|piece| piece.start > to) {
            piece.start = piece.start - removed + inserted;
        }
        let text = &self.text;
        let is_parted = |piece: &Piece| !wrap::is_between_clusters(text, piece.start);
        let (here, ..) = self.piece(from);
        // What came may be one cluster with what stands at an edge.
        for edge in [here + 1, here] {
            let parted = self.pieces.get(edge).is_some_and(is_parted);
            if parted && edge > 0 {
                self.pieces.remove(edge);
            }
        }
        let (here, start, end) = self.piece(from);
        let fresh = wrap::pieces_from(&self.text, start, end);
        let fresh = fresh.into_iter().map(Piece::at);
        self.pieces.splice(here..=here, fresh);
    }
}

/// A text: at least one line, which may be empty.
#[derive(Clone, Debug)]
pub struct Text {
    lines: Vec<Line>,
    room: usize,
}

impl Text {
    /// The lines of `text`, to be wrapped at `room` cells.
    pub fn new(text: &str, room: usize) -> Self {
        let clean = clean(text);
        Self {
            lines: clean.split('\n').map(Line::of).collect(),
            room: room.max(2),
        }
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Cells of a row.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Wraps at another width.
    pub fn set_room(&mut self, room: usize) {
        let room = room.max(2);
        if room != self.room {
            self.room = room;
            for piece in self.lines.iter_mut().flat_map(|line| &mut line.pieces) {
                piece.rows = None;
            }
        }
    }

    /// A line; empty beyond the last one.
    pub fn line(&self, line: usize) -> &str {
        self.lines.get(line).map_or("", |line| line.text.as_str())
    }

    /// The end of the text.
    pub fn end(&self) -> Place {
        let last = self.lines.len().saturating_sub(1);
        Place::new(last, self.line(last).len())
    }

    /// The nearest place that exists, not inside a character.
    pub fn clamp(&self, place: Place) -> Place {
        let place = place.min(self.end());
        let line = self.line(place.line);
        let mut at = place.at.min(line.len());
        while !line.is_char_boundary(at) {
            at -= 1;
        }
        Place::new(place.line, at)
    }

    /// The text between two places.
    pub fn slice(&self, from: Place, to: Place) -> String {
        if from.line == to.line {
            let piece = self.line(from.line).get(from.at..to.at);
            return piece.unwrap_or_default().to_owned();
        }
        let mut out = String::new();
        out.push_str(self.line(from.line).get(from.at..).unwrap_or_default());
        for line in from.line + 1..to.line {
            out.push('\n');
            out.push_str(self.line(line));
        }
        out.push('\n');
        out.push_str(self.line(to.line).get(..to.at).unwrap_or_default());
        out
    }

    /// The whole text.
    pub fn whole(&self) -> String {
        let octets: usize = self.lines.iter().map(|line| line.text.len() + 1).sum();
        let mut out = String::with_capacity(octets);
        for (n, line) in self.lines.iter().enumerate() {
            if n > 0 {
                out.push('\n');
            }
            out.push_str(&line.text);
        }
        out
    }

    /// Puts `with` in place of what stands between two places; gives the place behind it.
    pub fn replace(&mut self, from: Place, to: Place, with: &str) -> Place {
        if from.line == to.line && !with.contains('\n') {
            self.replace_within(from, to.at, with);
            return Place::new(from.line, from.at + with.len());
        }
        let head = self.line(from.line).get(..from.at).unwrap_or_default();
        let tail = self.line(to.line).get(to.at..).unwrap_or_default();
        let mut fresh: Vec<Line> = with.split('\n').map(Line::of).collect();
        let end = fresh.last().map_or(0, |line| line.text.len());
        let end = match fresh.len() {
            1 => Place::new(from.line, from.at + end),
            count => Place::new(from.line + count - 1, end),
        };
        if let Some(first) = fresh.first_mut() {
            first.text.insert_str(0, head);
        }
        if let Some(last) = fresh.last_mut() {
            last.text.push_str(tail);
        }
        let last = (to.line + 1).min(self.lines.len());
        self.lines.splice(from.line.min(last)..last, fresh);
        end
    }

    fn replace_within(&mut self, from: Place, to: usize, with: &str) {
        let Some(line) = self.lines.get_mut(from.line) else {
            return;
        };
        let to = to.min(line.text.len());
        if from.at > to || !line.text.is_char_boundary(from.at) || !line.text.is_char_boundary(to) {
            return;
        }
        line.text.replace_range(from.at..to, with);
        line.changed(from.at, to, with.len());
    }

    /// Has a long line remember its rows around a place.
    pub fn wrap(&mut self, place: Place) {
        let room = self.room;
        let Some(line) = self.lines.get_mut(place.line) else {
            return;
        };
        if line.text.len() < LONG {
            return;
        }
        line.in_pieces();
        let (here, start, end) = line.piece(place.at);
        let rows = match line.pieces.get(here) {
            Some(Piece { rows: None, .. }) => line.wrapped(start, end, room),
            Some(_) | None => return,
        };
        if let Some(piece) = line.pieces.get_mut(here) {
            piece.rows = Some(rows);
        }
    }

    /// Where the row that a place is in begins and ends.
    pub fn row(&self, place: Place) -> (usize, usize) {
        let Some(line) = self.lines.get(place.line) else {
            return (0, 0);
        };
        let cut;
        let line = match line.pieces.is_empty() && line.text.len() >= LONG {
            // Nobody has looked at it: the pieces are cut for this question alone.
            true => {
                let mut whole = line.clone();
                whole.in_pieces();
                cut = whole;
                &cut
            }
            false => line,
        };
        let (here, start, end) = line.piece(place.at);
        let known = line
            .pieces
            .get(here)
            .and_then(|piece| piece.rows.as_deref());
        let rows = match known {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(line.wrapped(start, end, self.room)),
        };
        let next = rows.partition_point(|row| start + row <= place.at);
        let from = rows.get(next.saturating_sub(1)).map_or(0, |row| *row);
        let to = rows.get(next).map(|row| start + row);
        (start + from, to.unwrap_or(end))
    }

    /// The beginning of the row above one that begins at a place; in the line before at its top.
    pub fn row_above(&mut self, row: Place) -> Option<Place> {
        let above = match row.at.checked_sub(1) {
            Some(at) => Place::new(row.line, at),
            None => {
                let line = row.line.checked_sub(1)?;
                Place::new(line, self.line(line).len())
            }
        };
        self.wrap(above);
        Some(Place::new(above.line, self.row(above).0))
    }

    /// The beginning of the row below the one that a place is in.
    pub fn row_below(&mut self, row: Place) -> Option<Place> {
        self.wrap(row);
        let (_, to) = self.row(row);
        if to < self.line(row.line).len() {
            return Some(Place::new(row.line, to));
        }
        let next = row.line + 1;
        (next < self.lines.len()).then(|| Place::new(next, 0))
    }

    /// The place one grapheme cluster before; the end of the line before at a beginning.
    pub fn before(&self, place: Place) -> Option<Place> {
        if place.at > 0 {
            let head = self.line(place.line).get(..place.at)?;
            let cluster = head.graphemes(true).next_back()?;
            return Some(Place::new(place.line, place.at - cluster.len()));
        }
        let line = place.line.checked_sub(1)?;
        Some(Place::new(line, self.line(line).len()))
    }

    /// The place one grapheme cluster after; the beginning of the next line at an end.
    pub fn after(&self, place: Place) -> Option<Place> {
        let tail = self.line(place.line).get(place.at..)?;
        match tail.graphemes(true).next() {
            Some(cluster) => Some(Place::new(place.line, place.at + cluster.len())),
            None if place.line + 1 < self.lines.len() => Some(Place::new(place.line + 1, 0)),
            None => None,
        }
    }
}

/// Text as lines can hold it: every kind of line break is one, and other controls but the tab go.
pub fn clean(text: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(odd) && !text.contains(['\u{2028}', '\u{2029}']) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let text = text.replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    Cow::Owned(text.chars().filter(|c| !odd(*c)).collect())
}
