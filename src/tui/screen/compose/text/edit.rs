//! The editor: a text, a cursor, a mark, what was cut, and what can be taken back.

use crate::mime::quote;

use super::history::{History, Kind};
use super::store::{Place, Text, clean};

/// A text that is being written.
#[derive(Clone, Debug)]
pub struct Editor {
    pub(super) text: Text,
    pub(super) at: Place,
    /// Whether the cursor stands behind the last letter of its row, and not before the first one of
    /// the next row, which is the same place.
    pub(super) hangs: bool,
    /// The column that moving by rows aims at.
    pub(super) goal: Option<usize>,
    pub(super) mark: Option<Place>,
    /// The first row in sight.
    pub(super) top: Place,
    pub(super) history: History,
    cut: String,
    last: Last,
    revision: u64,
}

/// What the key before did, where the next one goes on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Cut,
    Justified,
}

impl Editor {
    /// An editor at the beginning of `text`, wrapped at `room` cells.
    pub fn new(text: &str, room: usize) -> Self {
        Self {
            text: Text::new(text, room),
            at: Place::default(),
            hangs: false,
            goal: None,
            mark: None,
            top: Place::default(),
            history: History::default(),
            cut: String::new(),
            last: Last::Other,
            revision: 0,
        }
    }

    /// The text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Place {
        self.at
    }

    /// Grows with every change, so that an unchanged text is known as such.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What is marked, its beginning first.
    pub fn marked(&self) -> Option<(Place, Place)> {
        let mark = self.mark?;
        Some((mark.min(self.at), mark.max(self.at)))
    }

    /// Wraps at another width.
    pub fn set_room(&mut self, room: usize) {
        self.text.set_room(room);
    }

    /// Puts the cursor somewhere.
    pub fn go(&mut self, place: Place) {
        let place = self.text.clamp(place);
        self.moved(place);
    }

    pub(super) fn after_moving(&mut self) {
        self.history.close();
        self.last = Last::Other;
    }

    fn put(&mut self, from: Place, to: Place, with: &str) -> Place {
        let end = self.history.replace(&mut self.text, from, to, with);
        self.text.wrap(end);
        self.revision += 1;
        self.mark = None;
        self.hangs = false;
        self.goal = None;
        end
    }

    /// One step that can be undone; the cursor stands behind what came.
    pub(super) fn step(&mut self, kind: Kind, from: Place, to: Place, with: &str) {
        self.history.begin(kind, self.at);
        self.at = self.put(from, to, with);
        self.last = Last::Other;
    }

    /// A further replacement in the same step; the cursor stays.
    pub(super) fn also(&mut self, from: Place, to: Place, with: &str) -> Place {
        self.put(from, to, with)
    }

    /// A letter that was typed.
    pub fn type_letter(&mut self, letter: char) {
        let kind = match letter.is_whitespace() {
            true => Kind::Blank,
            false => Kind::Word,
        };
        let mut piece = [0; 4];
        self.step(kind, self.at, self.at, letter.encode_utf8(&mut piece));
    }

    /// Ends the line. What is left of a quoted line stays quoted, and the cursor before it.
    pub fn break_line(&mut self) {
        let line = self.text.line(self.at.line);
        let marks = prefix(line);
        let inside = self.at.at > marks.len() && self.at.at < line.len();
        if marks.is_empty() || !inside {
            self.step(Kind::Single, self.at, self.at, "\n");
            return;
        }
        let with = format!("\n{marks}");
        self.step(Kind::Single, self.at, self.at, &with);
        self.at.at = 0;
    }

    /// Text from outside, as it is.
    pub fn insert(&mut self, text: &str) {
        let text = clean(text).into_owned();
        self.step(Kind::Single, self.at, self.at, &text);
    }

    /// Another text in place of this one; the cursor stays where it can.
    pub fn replace_all(&mut self, text: &str) {
        let text = clean(text).into_owned();
        let at = self.at;
        if self.text.whole() == text {
            return;
        }
        self.step(Kind::Single, Place::default(), self.text.end(), &text);
        self.at = self.text.clamp(at);
    }

    /// Deletes what is marked, else the cluster to the left; false at the beginning.
    pub fn backspace(&mut self) -> bool {
        if let Some((from, to)) = self.marked() {
            self.step(Kind::Single, from, to, "");
            return true;
        }
        let Some(from) = self.text.before(self.at) else {
            return false;
        };
        self.step(Kind::Backwards, from, self.at, "");
        true
    }

    /// Deletes what is marked, else the cluster under the cursor; false at the end.
    pub fn delete(&mut self) -> bool {
        if let Some((from, to)) = self.marked() {
            self.step(Kind::Single, from, to, "");
            return true;
        }
        let Some(to) = self.text.after(self.at) else {
            return false;
        };
        self.step(Kind::Forwards, self.at, to, "");
        true
    }

    /// Deletes the word to the left.
    pub fn delete_word_left(&mut self) -> bool {
        let from = self.place_word_left();
        from.is_some_and(|from| {
            self.step(Kind::Single, from, self.at, "");
            true
        })
    }

    /// Deletes the word to the right.
    pub fn delete_word_right(&mut self) -> bool {
        let to = self.place_word_right();
        to.is_some_and(|to| {
            self.step(Kind::Single, self.at, to, "");
            true
        })
    }

    /// Sets the mark, or takes it away.
    pub fn toggle_mark(&mut self) -> bool {
        self.mark = match self.mark {
            Some(_) => None,
            None => Some(self.at),
        };
        self.history.close();
        self.mark.is_some()
    }

    /// Nothing is marked any more; whether something was.
    pub fn unmark(&mut self) -> bool {
        self.mark.take().is_some()
    }

    /// Cuts what is marked; else, of quoted lines, their paragraph; else the row. Cuts that follow
    /// each other gather. False where there is nothing to cut.
    pub fn cut(&mut self) -> bool {
        let (from, to) = match self.marked() {
            Some(marked) => marked,
            None => match self.quoted_paragraph() {
                Some((first, last)) => self.whole_lines(first, last),
                None => self.row_to_cut(),
            },
        };
        if from == to {
            return false;
        }
        let piece = self.text.slice(from, to);
        if self.last != Last::Cut {
            self.cut.clear();
        }
        self.cut.push_str(&piece);
        self.step(Kind::Cut, from, to, "");
        self.last = Last::Cut;
        true
    }

    /// The lines from `first` to `last` with the break behind them.
    fn whole_lines(&self, first: usize, last: usize) -> (Place, Place) {
        let to = match last + 1 < self.text.count() {
            true => Place::new(last + 1, 0),
            false => self.text.end(),
        };
        (Place::new(first, 0), to)
    }

    fn row_to_cut(&self) -> (Place, Place) {
        let line = self.at.line;
        let (from, to) = self.row();
        match (from, to == self.text.line(line).len()) {
            (0, true) => self.whole_lines(line, line),
            (_, _) => (Place::new(line, from), Place::new(line, to)),
        }
    }

    /// Puts back what was cut; right after justifying, takes that back. False when there is neither.
    pub fn uncut(&mut self) -> bool {
        if self.last == Last::Justified {
            return self.undo();
        }
        if self.cut.is_empty() {
            return false;
        }
        let piece = self.cut.clone();
        self.step(Kind::Single, self.at, self.at, &piece);
        true
    }

    pub(super) fn justified(&mut self) {
        self.history.close();
        self.last = Last::Justified;
    }

    /// Takes the last step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let at = self.history.undo(&mut self.text);
        self.back(at)
    }

    /// Does the last undone step again; false when there is none.
    pub fn redo(&mut self) -> bool {
        let at = self.history.redo(&mut self.text);
        self.back(at)
    }

    fn back(&mut self, at: Option<Place>) -> bool {
        let Some(at) = at else {
            return false;
        };
        self.mark = None;
        self.revision += 1;
        let at = self.text.clamp(at);
        self.moved(at);
        true
    }
}

/// The quote marks that a line begins with, the blank behind them included.
pub(super) fn prefix(line: &str) -> &str {
    let (level, rest) = quote::level(line);
    match level {
        0 => "",
        _ => line.get(..line.len() - rest.len()).unwrap_or_default(),
    }
}
