//! Lines of text, and the one way in which they change.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::wrap::{self, Change};

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
    /// Where its rows begin, once a long line was wrapped.
    starts: Option<Vec<usize>>,
}

impl Line {
    fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            starts: None,
        }
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
            for line in &mut self.lines {
                line.starts = None;
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
        let room = self.room;
        let Some(line) = self.lines.get_mut(from.line) else {
            return;
        };
        let to = to.min(line.text.len());
        if from.at > to || !line.text.is_char_boundary(from.at) || !line.text.is_char_boundary(to) {
            return;
        }
        line.text.replace_range(from.at..to, with);
        if let Some(starts) = &mut line.starts {
            let change = Change {
                at: from.at,
                removed: to - from.at,
                inserted: with.len(),
            };
            wrap::patch(&line.text, starts, change, room);
        }
    }

    /// Has a long line remember where its rows begin.
    pub fn wrap(&mut self, line: usize) {
        let room = self.room;
        if let Some(line) = self.lines.get_mut(line)
            && line.text.len() >= LONG
            && line.starts.is_none()
        {
            line.starts = Some(wrap::starts(&line.text, room));
        }
    }

    /// Where the rows of a line begin.
    pub fn starts(&self, line: usize) -> Cow<'_, [usize]> {
        match self.lines.get(line) {
            Some(Line {
                starts: Some(starts),
                ..
            }) => Cow::Borrowed(starts),
            Some(line) => Cow::Owned(wrap::starts(&line.text, self.room)),
            None => Cow::Owned(vec![0]),
        }
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
