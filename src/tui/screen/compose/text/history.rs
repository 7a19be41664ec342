//! What was done, so that it can be undone: real edits, in groups as a person thinks of them.

use super::store::{Place, Text};

/// Octets of changed text that are kept; the oldest steps go first.
const MOST: usize = 16 << 20;

/// One replacement.
#[derive(Clone, Debug)]
struct Edit {
    from: Place,
    removed: String,
    inserted: String,
}

/// What kind of step it is: those of one kind that follow each other at one place are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters of a word.
    Word,
    /// The blanks behind it.
    Blank,
    /// Backspace.
    Backwards,
    /// ^D.
    Forwards,
    /// ^K: cuts that follow each other gather what they cut, but are steps of their own.
    Cut,
    /// Anything else.
    Single,
}

#[derive(Clone, Debug)]
struct Step {
    kind: Kind,
    edits: Vec<Edit>,
    cursor: Place,
}

/// Steps that can be taken back, and those that were.
#[derive(Clone, Debug, Default)]
pub struct History {
    done: Vec<Step>,
    undone: Vec<Step>,
    octets: usize,
    closed: bool,
}

impl History {
    /// The next edit begins a step of its own.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Begins a step, or goes on with the last one where that is of the same kind.
    pub fn begin(&mut self, kind: Kind, cursor: Place) {
        let closed = std::mem::take(&mut self.closed);
        let joins = match (self.done.last().map(|step| step.kind), kind) {
            (Some(Kind::Word), Kind::Word | Kind::Blank) => true,
            (Some(Kind::Blank), Kind::Blank) => true,
            (Some(Kind::Backwards), Kind::Backwards) => true,
            (Some(Kind::Forwards), Kind::Forwards) => true,
            (_, _) => false,
        };
        if joins && !closed {
            if let Some(last) = self.done.last_mut() {
                last.kind = kind;
            }
            return;
        }
        self.done.push(Step {
            kind,
            edits: Vec::new(),
            cursor,
        });
    }

    /// Replaces text as a part of the step that was begun.
    pub fn replace(&mut self, text: &mut Text, from: Place, to: Place, with: &str) -> Place {
        let removed = text.slice(from, to);
        let end = text.replace(from, to, with);
        if removed.is_empty() && with.is_empty() {
            return end;
        }
        self.undone.clear();
        self.octets += removed.len() + with.len();
        self.record(Edit {
            from,
            removed,
            inserted: with.to_owned(),
        });
        self.forget();
        end
    }

    /// Letters that are typed one behind the other are one edit.
    fn record(&mut self, edit: Edit) {
        let Some(step) = self.done.last_mut() else {
            return;
        };
        if let Some(last) = step.edits.last_mut()
            && edit.removed.is_empty()
            && !last.inserted.contains('\n')
            && edit.from.line == last.from.line
            && edit.from.at == last.from.at + last.inserted.len()
        {
            last.inserted.push_str(&edit.inserted);
            return;
        }
        step.edits.push(edit);
    }

    fn forget(&mut self) {
        while self.octets > MOST && self.done.len() > 1 {
            let step = self.done.remove(0);
            for edit in step.edits {
                self.octets -= edit.removed.len() + edit.inserted.len();
            }
        }
    }

    /// Takes the last step back; gives where the cursor was.
    pub fn undo(&mut self, text: &mut Text) -> Option<Place> {
        self.close();
        loop {
            let step = self.done.pop()?;
            if step.edits.is_empty() {
                continue;
            }
            for edit in step.edits.iter().rev() {
                let to = behind(edit.from, &edit.inserted);
                text.replace(edit.from, to, &edit.removed);
            }
            let cursor = step.cursor;
            self.undone.push(step);
            return Some(cursor);
        }
    }

    /// Does again what was taken back; gives the place behind it.
    pub fn redo(&mut self, text: &mut Text) -> Option<Place> {
        self.close();
        let step = self.undone.pop()?;
        let mut end = step.cursor;
        for edit in &step.edits {
            let to = behind(edit.from, &edit.removed);
            end = text.replace(edit.from, to, &edit.inserted);
        }
        self.done.push(step);
        Some(end)
    }
}

/// The place behind a text that begins at `from`.
fn behind(from: Place, text: &str) -> Place {
    match text.rsplit_once('\n') {
        Some((head, last)) => {
            let breaks = head.matches('\n').count() + 1;
            Place::new(from.line + breaks, last.len())
        }
        None => Place::new(from.line, from.at + text.len()),
    }
}
