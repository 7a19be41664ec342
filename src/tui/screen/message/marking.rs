//! Text that is marked to be the only quote of an answer: rows of the view, from the one in which `^^`
//! was pressed to the one with the cursor.

use crate::mime::document::{Document, Line, Role};
use crate::mime::wrap;

use super::state::{Marking, State};

impl State {
    /// `^^`: begins to mark at the cursor, which is in the first row of the page at first, or marks
    /// nothing any more; false where there is no text.
    pub fn toggle_mark(&mut self) -> bool {
        if self.rows().is_empty() {
            return false;
        }
        let first = self.scroll.saturating_sub(self.head_rows);
        let last = self.rows().len() - 1;
        self.marking = Some(match self.marking {
            None => Marking::beginning(first.min(last)),
            Some(marking) => marking.toggled(),
        });
        true
    }

    /// How many rows are marked; none before `^^` and after the second one.
    pub fn marked_rows(&self) -> usize {
        let ends = self.marking.and_then(Marking::ends);
        ends.map_or(0, |(first, last)| last + 1 - first)
    }

    /// Whether a row of the text is marked.
    pub fn is_marked(&self, row: usize) -> bool {
        let ends = self.marking.and_then(Marking::ends);
        ends.is_some_and(|(first, last)| (first..=last).contains(&row))
    }

    /// Moves the cursor of the marking by rows, the page with it; false when nothing moved.
    pub fn move_mark(&mut self, by: isize, height: usize) -> bool {
        let Some(marking) = self.marking else {
            return false;
        };
        let wanted = marking.at.saturating_add_signed(by);
        self.lay(wanted.saturating_add(height));
        let at = wanted.min(self.rows().len().saturating_sub(1));
        self.marking = Some(marking.moved(at));
        let row = at + self.head_rows;
        let height = height.max(1);
        if row < self.scroll {
            self.scroll = row;
        } else if row >= self.scroll + height {
            self.scroll = row + 1 - height;
        }
        if at != marking.at {
            return true;
        }
        // Above the text stands the header.
        let before = self.scroll;
        if by < 0 {
            self.scroll = before.saturating_add_signed(by);
        }
        self.scroll != before
    }

    /// The marked text as it is quoted: whole lines as the document has them, of the first and the last
    /// one what is marked; folded quotes whole. `None` where nothing is marked or to be seen in it.
    pub fn marked_text(&self) -> Option<String> {
        let (first, last) = self.marking.and_then(Marking::ends)?;
        let document = self.document()?;
        let mut text = String::new();
        let mut row = first;
        while row <= last {
            let Some(laid) = self.rows().get(row) else {
                break;
            };
            let all = run(self.rows(), row);
            let until = (all.1).min(last);
            match laid.fold.filter(|_| laid.folded) {
                Some(fold) => folded(document, fold, &mut text),
                None => piece(document, self.rows(), all, (row, until), &mut text),
            }
            row = until + 1;
        }
        (!text.trim().is_empty()).then_some(text)
    }
}

/// The rows of the line that a row shows.
fn run(rows: &[wrap::Row], at: usize) -> (usize, usize) {
    let same = |other: &wrap::Row| {
        rows.get(at)
            .is_some_and(|row| row.line == other.line && row.folded == other.folded)
    };
    let before = rows.iter().take(at).rev().take_while(|row| same(row));
    let behind = rows.iter().skip(at + 1).take_while(|row| same(row));
    (at - before.count(), at + behind.count())
}

fn folded(document: &Document, fold: usize, out: &mut String) {
    let Some(fold) = document.folds.get(fold) else {
        return;
    };
    for line in document.lines.iter().skip(fold.first).take(fold.lines) {
        put(line, &line.text(), out);
    }
}

/// What the rows `wanted` show of the line whose rows are `all`.
fn piece(
    document: &Document,
    rows: &[wrap::Row],
    all: (usize, usize),
    wanted: (usize, usize),
    out: &mut String,
) {
    let line = rows.get(all.0).map(|row| row.line);
    let Some(line) = line.and_then(|line| document.lines.get(line)) else {
        return;
    };
    // What names a part is our own word, and nobody's text.
    if !line.spans.is_empty() && line.spans.iter().all(|span| span.role == Role::Attachment) {
        return;
    }
    let text = line.text();
    if all == wanted {
        return put(line, &text, out);
    }
    // Rows hold pieces of the line in order, behind quote marks and indents of the layout.
    let (mut from, mut start, mut end) = (0, None, 0);
    for (at, row) in rows.iter().enumerate().take(wanted.1 + 1).skip(all.0) {
        let shown = row.text();
        let shown = unquoted(line, &shown).trim();
        let rest = text.get(from..).unwrap_or_default();
        let Some(found) = rest.find(shown) else {
            continue;
        };
        if at >= wanted.0 {
            start.get_or_insert(from + found);
        }
        from += found + shown.len();
        end = from;
    }
    let marked = start.and_then(|start| text.get(start..end));
    put(line, marked.unwrap_or_default(), out);
}

/// A row without the quote marks that the layout put before it.
fn unquoted<'a>(line: &Line, row: &'a str) -> &'a str {
    let mut rest = row;
    for _ in 0..line.quote {
        rest = rest.strip_prefix("> ").unwrap_or(rest);
    }
    rest
}

fn put(line: &Line, text: &str, out: &mut String) {
    out.extend(std::iter::repeat_n('>', usize::from(line.quote)));
    if line.quote > 0 {
        out.push(' ');
    }
    out.push_str(text);
    out.push('\n');
}
