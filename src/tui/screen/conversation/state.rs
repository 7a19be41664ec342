//! The messages of a conversation, which of them are open, and where the page begins.

use std::collections::BTreeMap;

use crate::model::{Flags, MessageKey, View};
use crate::tui::app::event::Ticket;
use crate::tui::app::view::{Body, Row};
use crate::tui::screen::message;

/// Cells by which texts are set in, so that none can look like the line of a message.
pub const INSET: u16 = 2;

/// Rows of one message that are laid out; the rest is read in its own page.
pub const ROWS: usize = 4_000;

/// One message of it.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its row, with the flags that the person sees.
    pub row: Row,
    /// Its text, while it is open.
    pub text: Option<message::State>,
    /// Whether its text was asked for, or waits for that.
    pub asked: Option<Ticket>,
    /// Whether its bytes were asked of the server.
    pub fetched: bool,
}

impl Piece {
    fn of(row: Row, open: bool) -> Self {
        let text = open.then(|| message::State::open(row.clone(), None));
        Self {
            row,
            text,
            asked: None,
            fetched: false,
        }
    }

    /// Its line, its text and a blank.
    pub fn height(&self) -> usize {
        match &self.text {
            None => 1,
            Some(text) => 2 + text_rows(text),
        }
    }
}

fn text_rows(text: &message::State) -> usize {
    match &text.body {
        Some(Body::Text(_)) => text.rows().len().max(1),
        Some(Body::NotKept { .. } | Body::Failed(_)) | None => 1,
    }
}

/// An open conversation.
#[derive(Clone, Debug)]
pub struct State {
    /// The list that it was opened from.
    pub view: View,
    /// The message that it was opened at.
    pub of: MessageKey,
    /// Its messages, in the order of its tree.
    pub pieces: Vec<Piece>,
    /// The message under the cursor.
    pub at: usize,
    /// The first row of the page.
    pub top: usize,
    /// Whether it has come.
    pub loaded: bool,
    /// The question for its messages.
    pub asked: Ticket,
}

impl State {
    /// One that is being opened.
    pub fn open(view: View, of: MessageKey, asked: Ticket) -> Self {
        Self {
            view,
            of,
            pieces: Vec::new(),
            at: 0,
            top: 0,
            loaded: false,
            asked,
        }
    }

    /// The message under the cursor.
    pub fn key(&self) -> Option<MessageKey> {
        self.pieces.get(self.at).map(|piece| piece.row.key)
    }

    /// The row under the cursor.
    pub fn here(&self) -> Option<&Row> {
        self.pieces.get(self.at).map(|piece| &piece.row)
    }

    /// The row of one of its messages.
    pub fn row(&self, key: MessageKey) -> Option<&Row> {
        let mut rows = self.pieces.iter().map(|piece| &piece.row);
        rows.find(|row| row.key == key)
    }

    /// The message under the cursor, to change it.
    pub fn piece(&mut self) -> Option<&mut Piece> {
        self.pieces.get_mut(self.at)
    }

    /// Goes to the next message that is not read and opens it; false when there is none.
    pub fn next_unread(&mut self, height: usize) -> bool {
        let mut below = self.pieces.iter().skip(self.at + 1);
        let Some(by) = below.position(|piece| !piece.row.seen()) else {
            return false;
        };
        self.at += by + 1;
        self.fold(false);
        self.reveal(height);
        true
    }

    /// Takes its messages; what was open stays so. At first what is not read is open, or the last
    /// message where everything was read, and the cursor is on the first of those.
    pub fn take(&mut self, rows: Vec<Row>) {
        let here = self.key();
        let first = !std::mem::replace(&mut self.loaded, true);
        let before = std::mem::take(&mut self.pieces);
        let mut known: BTreeMap<MessageKey, Piece> = before
            .into_iter()
            .map(|piece| (piece.row.key, piece))
            .collect();
        let last = rows.len().saturating_sub(1);
        let all_seen = rows.iter().all(Row::seen);
        for (at, row) in rows.into_iter().enumerate() {
            self.pieces.push(match known.remove(&row.key) {
                Some(piece) => Piece { row, ..piece },
                None => {
                    let open = first && (!row.seen() || (all_seen && at == last));
                    Piece::of(row, open)
                }
            });
        }
        let place = |key: MessageKey| self.pieces.iter().position(|piece| piece.row.key == key);
        self.at = match (first, here) {
            (true, _) => self.pieces.iter().position(|piece| piece.text.is_some()),
            (false, Some(key)) => place(key),
            (false, None) => None,
        }
        .unwrap_or(self.at.min(last));
    }

    /// Where a message begins, in rows of the whole.
    pub fn start(&self, at: usize) -> usize {
        self.pieces.iter().take(at).map(Piece::height).sum()
    }

    /// Rows of the whole.
    pub fn height(&self) -> usize {
        self.pieces.iter().map(Piece::height).sum()
    }

    /// The message that has this row of the whole, and which of its rows that is.
    pub fn at_row(&self, row: usize) -> Option<(usize, usize)> {
        let mut from = 0;
        for (at, piece) in self.pieces.iter().enumerate() {
            let height = piece.height();
            if row < from + height {
                return Some((at, row - from));
            }
            from += height;
        }
        None
    }

    /// Goes to another message; false at the ends.
    pub fn step(&mut self, by: isize, height: usize) -> bool {
        let last = self.pieces.len().saturating_sub(1);
        let next = self.at.saturating_add_signed(by).min(last);
        let moved = next != self.at;
        self.at = next;
        self.reveal(height);
        moved
    }

    /// Goes down or up by a row: through the text of the message, then to the next one.
    pub fn line(&mut self, down: bool, height: usize) -> bool {
        let (start, end) = (self.start(self.at), self.start(self.at + 1));
        match down {
            true if end > self.top + height => self.top += 1,
            false if start < self.top => self.top -= 1,
            true => return self.step(1, height),
            false => {
                let moved = self.step(-1, height);
                // From below a text is read from its end on.
                let end = self.start(self.at + 1);
                self.top = self
                    .top
                    .max(end.saturating_sub(height))
                    .min(self.last_top(height));
                return moved;
            }
        }
        true
    }

    /// Goes by a page.
    pub fn page(&mut self, down: bool, height: usize) -> bool {
        let before = (self.top, self.at);
        let by = height.saturating_sub(1).max(1);
        self.top = match down {
            true => (self.top + by).min(self.last_top(height)),
            false => self.top.saturating_sub(by),
        };
        let on_page = self.at_row(self.top).map(|(at, row)| match row {
            0 => at,
            // One whose line is in sight, if there is one.
            _ if self.start(at + 1) < self.top + height => (at + 1).min(self.pieces.len() - 1),
            _ => at,
        });
        self.at = on_page.unwrap_or(self.at);
        before != (self.top, self.at)
    }

    /// To the first or the last message.
    pub fn end(&mut self, first: bool, height: usize) {
        self.at = match first {
            true => 0,
            false => self.pieces.len().saturating_sub(1),
        };
        self.reveal(height);
    }

    fn last_top(&self, height: usize) -> usize {
        self.height().saturating_sub(height.max(1))
    }

    /// Brings the line of the message under the cursor on the page, with as much of its text as fits.
    pub fn reveal(&mut self, height: usize) {
        let (start, end) = (self.start(self.at), self.start(self.at + 1));
        if start < self.top {
            self.top = start;
        } else if end > self.top + height {
            self.top = start.min(end.saturating_sub(height).max(self.top));
            if end - start > height {
                self.top = start;
            }
        }
        self.top = self.top.min(self.last_top(height));
    }

    /// Folds the message under the cursor, or opens it.
    pub fn fold(&mut self, folded: bool) -> bool {
        let Some(piece) = self.pieces.get_mut(self.at) else {
            return false;
        };
        let changed = piece.text.is_none() != folded;
        if changed {
            *piece = Piece::of(piece.row.clone(), !folded);
        }
        changed
    }

    /// Opens the quotes of the message under the cursor; false when none is folded.
    pub fn show_quotes(&mut self, width: u16) -> bool {
        let text = self.piece().and_then(|piece| piece.text.as_mut());
        text.is_some_and(|text| {
            let before = text_rows(text);
            let done = text.fold_all(false, width);
            text.fill(ROWS);
            done && text_rows(text) > before
        })
    }

    /// Folds all, or opens them.
    pub fn fold_all(&mut self, folded: bool) -> bool {
        let mut changed = false;
        for piece in &mut self.pieces {
            if piece.text.is_none() != folded {
                *piece = Piece::of(piece.row.clone(), !folded);
                changed = true;
            }
        }
        changed
    }

    /// These messages are gone.
    pub fn leave(&mut self, keys: &[MessageKey]) {
        let before = self.pieces.iter().take(self.at);
        let gone = before.filter(|piece| keys.contains(&piece.row.key)).count();
        self.pieces.retain(|piece| !keys.contains(&piece.row.key));
        self.at = (self.at - gone).min(self.pieces.len().saturating_sub(1));
    }

    /// A message has other flags.
    pub fn reflag(&mut self, key: MessageKey, flags: &Flags) {
        for piece in self.pieces.iter_mut().filter(|piece| piece.row.key == key) {
            piece.row.flags = flags.clone();
        }
    }

    /// The flags that the person sees of a message of it.
    pub fn flags_of(&self, key: MessageKey) -> Option<Flags> {
        let piece = self.pieces.iter().find(|piece| piece.row.key == key)?;
        Some(piece.row.flags.clone())
    }

    /// Open messages in sight whose text was not asked for.
    pub fn wanted(&self, height: usize) -> Vec<usize> {
        let lacks = |at: &usize| {
            let piece = self.pieces.get(*at);
            piece.is_some_and(|piece| piece.text.is_some() && piece.asked.is_none())
        };
        self.in_sight(2 * height).filter(lacks).collect()
    }

    /// Messages whose text is on the page and that are not read.
    pub fn shown(&self, height: usize) -> Vec<MessageKey> {
        let of = |at: usize| {
            let piece = self.pieces.get(at)?;
            let here = piece.text.as_ref()?.document().is_some();
            // At least the first row of its text.
            let text_on_page = self.start(at) + 1 < self.top + height;
            (here && text_on_page && !piece.row.seen()).then_some(piece.row.key)
        };
        self.in_sight(height).filter_map(of).collect()
    }

    fn in_sight(&self, height: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.at_row(self.top).map_or(0, |(at, _)| at);
        let last = self.at_row(self.top + height.saturating_sub(1));
        let last = last.map_or(self.pieces.len(), |(at, _)| at + 1);
        first..last
    }
}
