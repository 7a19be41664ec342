//! A document laid out in rows of a width, no further than asked (SAFETY D9, M6; UAX 14).

use std::collections::BTreeSet;

use super::document::{Document, Span};

/// One row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What is drawn, quote marks included.
    pub spans: Vec<Span>,
    /// The line of the document that it shows (the first one of a fold).
    pub line: usize,
    /// The fold that this row stands for.
    pub fold: Option<usize>,
}

/// Rows of a document, laid out as far as anybody asked.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    width: usize,
    open: BTreeSet<usize>,
    rows: Vec<Row>,
    next: usize,
}

impl Layout {
    /// A layout of `width` cells (text takes at most 100) with the folds of `open` unfolded.
    pub fn new(width: usize, open: BTreeSet<usize>) -> Self {
        Self {
            width,
            open,
            ..Self::default()
        }
    }

    /// Lays out until there are `count` rows or the document ends, and gives the rows so far.
    pub fn rows(&mut self, document: &Document, count: usize) -> &[Row] {
        while self.rows.len() < count {
            let Some(line) = document.lines.get(self.next) else {
                break;
            };
            self.rows.push(Row {
                spans: line.spans.clone(),
                line: self.next,
                fold: None,
            });
            self.next += 1;
        }
        &self.rows
    }

    /// Whether the rows so far are all rows.
    pub fn is_whole(&self, document: &Document) -> bool {
        self.next >= document.lines.len()
    }

    /// How far the layout has come, in lines of the document.
    pub fn lines_done(&self) -> usize {
        self.next
    }

    /// Which folds are open.
    pub fn open(&self) -> &BTreeSet<usize> {
        &self.open
    }

    /// The width it was made for.
    pub fn width(&self) -> usize {
        self.width
    }
}
