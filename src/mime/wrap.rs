//! A document laid out in rows of a width, no further than asked (SAFETY D9, M6; UAX 14).
//!
//! Breaks follow UAX 14, CJK between characters; an address of the web is not broken unless it is
//! longer than the row. Text takes at most 100 columns.

use std::collections::BTreeSet;

use unicode_linebreak::{BreakOpportunity, linebreaks};

use super::document::{Document, Line, Role, Span};
use super::sanitize::{self, Shown};

/// Columns that text takes at most.
const MAX_WIDTH: usize = 100;

/// One row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What is drawn, quote marks included.
    pub spans: Vec<Span>,
    /// The line of the document that it shows (the first one of a fold).
    pub line: usize,
    /// The fold that this row belongs to.
    pub fold: Option<usize>,
    /// Whether the row stands in place of that fold.
    pub folded: bool,
}

impl Row {
    /// The text of all spans.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// Rows of a document, laid out as far as anybody asked.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    width: usize,
    open: BTreeSet<usize>,
    rows: Vec<Row>,
    next: usize,
    fold: usize,
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
        while self.rows.len() < count && self.step(document) {}
        &self.rows
    }

    /// Lays out one line or fold; whether there was one.
    fn step(&mut self, document: &Document) -> bool {
        let Some(line) = document.lines.get(self.next) else {
            return false;
        };
        while document
            .folds
            .get(self.fold)
            .is_some_and(|f| f.first + f.lines <= self.next)
        {
            self.fold += 1;
        }
        let fold = document.folds.get(self.fold);
        let inside = fold.filter(|f| f.first <= self.next);
        if let Some(fold) = inside.filter(|_| !self.open.contains(&self.fold)) {
            let mut text = Shown::from("> ");
            text.push(&fold.summary());
            self.rows.push(Row {
                spans: vec![Span {
                    text: text.truncate(self.width),
                    role: Role::Fold,
                }],
                line: self.next,
                fold: Some(self.fold),
                folded: true,
            });
            self.next = fold.first + fold.lines;
            return true;
        }
        let fold = inside.map(|_| self.fold);
        for spans in lay_out(line, self.width) {
            self.rows.push(Row {
                spans,
                line: self.next,
                fold,
                folded: false,
            });
        }
        self.next += 1;
        true
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

/// The rows of one line.
fn lay_out(line: &Line, width: usize) -> Vec<Vec<Span>> {
    let width = width.max(1);
    let prefix = prefix(line, width);
    let taken = prefix.as_ref().map_or(0, |p| p.text.width());
    let limit = if line.preformatted {
        width
    } else {
        width.min(MAX_WIDTH)
    };
    let room = limit.saturating_sub(taken).max(1);
    let text = line.text();
    let hang = usize::from(line.hang).min(room / 2);
    let ranges = if sanitize::width(&text) <= room {
        vec![(0, text.len())]
    } else if line.preformatted {
        hard_cuts(&text, 0, text.len(), room, room)
    } else {
        wrap(&text, room, hang)
    };
    let mut rows = Vec::with_capacity(ranges.len());
    for (n, (from, to)) in ranges.into_iter().enumerate() {
        let mut spans: Vec<Span> = prefix.iter().cloned().collect();
        if n > 0 && hang > 0 && !line.preformatted {
            spans.push(Span {
                text: Shown::default().pad(hang),
                role: Role::Text,
            });
        }
        slice(line, from, to, &mut spans);
        rows.push(spans);
    }
    rows
}

fn prefix(line: &Line, width: usize) -> Option<Span> {
    let levels = usize::from(line.quote).min(width / 4);
    if levels == 0 {
        return None;
    }
    Some(Span {
        text: Shown::line(&"> ".repeat(levels)),
        role: Role::Quote(line.quote),
    })
}

/// The pieces of a line's spans between two byte offsets of its text.
fn slice(line: &Line, from: usize, to: usize, out: &mut Vec<Span>) {
    let mut at = 0;
    for span in &line.spans {
        let length = span.text.as_str().len();
        let (start, end) = (from.max(at), to.min(at + length));
        if start < end {
            let text = if (start, end) == (at, at + length) {
                span.text.clone()
            } else {
                span.text.piece(start - at, end - at)
            };
            out.push(Span {
                text,
                role: span.role,
            });
        }
        at += length;
        if at >= to {
            break;
        }
    }
}

/// Greedy filling: byte ranges of the rows, blanks at their ends left out.
fn wrap(text: &str, room: usize, hang: usize) -> Vec<(usize, usize)> {
    let mut rows = Vec::new();
    let mut start = 0;
    let mut used = 0;
    let mut end = 0;
    for (from, to) in segments(text, room) {
        let piece = text.get(from..to).unwrap_or_default();
        let seen = piece.trim_end();
        let indent = if rows.is_empty() { 0 } else { hang };
        let cells = sanitize::width(seen);
        if used > 0 && indent + used + cells > room {
            rows.push((start, end));
            start = from;
            used = 0;
        }
        let indent = if rows.is_empty() { 0 } else { hang };
        if indent + cells > room && used == 0 {
            let mut cuts = hard_cuts(text, from, from + seen.len(), room - indent, room - hang);
            let last = cuts.pop().unwrap_or((from, to));
            rows.extend(cuts);
            start = last.0;
            used = sanitize::width(text.get(last.0..to).unwrap_or_default());
        } else {
            used += sanitize::width(piece);
        }
        end = from + seen.len();
    }
    rows.push((start, end.max(start)));
    rows
}

/// The stretches between allowed breaks; none inside a web address that fits a row.
fn segments(text: &str, room: usize) -> Vec<(usize, usize)> {
    let whole = addresses(text, room);
    let mut inside = whole.iter().peekable();
    let mut out = Vec::new();
    let mut from = 0;
    for (at, kind) in linebreaks(text) {
        while inside.peek().is_some_and(|(_, end)| *end <= at) {
            inside.next();
        }
        let kept = inside.peek().is_some_and(|(start, _)| *start < at);
        if kind == BreakOpportunity::Allowed && kept {
            continue;
        }
        if at > from {
            out.push((from, at));
            from = at;
        }
    }
    if from < text.len() {
        out.push((from, text.len()));
    }
    out
}

/// Words that hold a web or mail address and are no longer than a row.
fn addresses(text: &str, room: usize) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    for word in text.split(' ') {
        let url = word.contains("://")
            || word.contains("www.")
            || word.contains("mailto:")
            || word.contains('@');
        if url && word.is_ascii() && word.len() <= room {
            out.push((at, at + word.len()));
        }
        at += word.len() + 1;
    }
    out
}

/// Cuts between grapheme clusters: the first row of `first` cells, the rest of `room`.
fn hard_cuts(text: &str, from: usize, to: usize, first: usize, room: usize) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut at = from;
    let mut cells = first.max(1);
    while at < to {
        let rest = text.get(at..to).unwrap_or_default();
        let head = sanitize::head(rest, cells).len();
        let step = if head == 0 {
            // A cluster wider than the row still has to go somewhere.
            rest.chars().next().map_or(rest.len(), char::len_utf8)
        } else {
            head
        };
        out.push((at, at + step));
        at += step;
        cells = room.max(1);
    }
    if out.is_empty() {
        out.push((from, to));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::document::Fold;

    fn line(text: &str, quote: u8) -> Line {
        Line {
            quote,
            ..Line::of(Shown::body_line(text), Role::Text)
        }
    }

    #[test]
    fn rows_break_where_readers_expect() {
        let check = |text: &str, quote: u8, width: usize, want: &[&str]| {
            let document = Document {
                lines: vec![line(text, quote)],
                ..Document::default()
            };
            let mut layout = Layout::new(width, BTreeSet::new());
            let got: Vec<String> = layout.rows(&document, 99).iter().map(Row::text).collect();
            assert_eq!(got, want, "{text}");
        };
        check("", 0, 10, &[""]);
        check("one two three", 0, 8, &["one two", "three"]);
        check("  indented text here", 0, 12, &["  indented", "text here"]);
        check("one two three", 1, 9, &["> one two", "> three"]);
        check("日本語の件名です", 0, 7, &["日本語", "の件名", "です"]);
        check(
            "a https://x.example/y-z b",
            0,
            22,
            &["a", "https://x.example/y-z", "b"],
        );
        check(
            "to test-leave@x.example",
            0,
            22,
            &["to", "test-leave@x.example"],
        );
        check("abcdefghij", 0, 4, &["abcd", "efgh", "ij"]);
        check("ab abcdefghij c", 0, 4, &["ab", "abcd", "efgh", "ij c"]);
        check("a\u{301}b\u{301}c", 0, 2, &["a\u{301}b\u{301}", "c"]);
        check("日", 0, 1, &["日"]);
        check("x", 200, 8, &["> > x"]);
    }

    #[test]
    fn text_takes_at_most_100_columns_and_preformatted_the_pane() {
        let mut wide = line(&"word ".repeat(60), 0);
        let rows = lay_out(&wide, 160);
        let most = rows.iter().map(|r| r[0].text.width()).max();
        assert_eq!(most, Some(99));
        wide.preformatted = true;
        assert_eq!(lay_out(&wide, 160)[0][0].text.width(), 160);
    }

    #[test]
    fn a_fold_takes_one_row_until_it_is_opened() {
        let document = Document {
            lines: vec![line("a", 0), line("q", 1), line("r", 1), line("b", 0)],
            folds: vec![Fold {
                first: 1,
                lines: 2,
                author: Shown::line("Tom"),
            }],
            ..Document::default()
        };
        let text = |open: BTreeSet<usize>| -> Vec<String> {
            let mut layout = Layout::new(40, open);
            layout.rows(&document, 99).iter().map(Row::text).collect()
        };
        assert_eq!(
            text(BTreeSet::new()),
            ["a", "> 2 quoted lines from Tom", "b"]
        );
        assert_eq!(text(BTreeSet::from([0])), ["a", "> q", "> r", "b"]);
    }

    #[test]
    fn d9_only_what_is_asked_for_is_laid_out() {
        let document = Document {
            lines: (0..200_000).map(|n| line(&n.to_string(), 0)).collect(),
            ..Document::default()
        };
        let mut layout = Layout::new(80, BTreeSet::new());
        assert_eq!(layout.rows(&document, 24).len(), 24);
        assert_eq!(layout.lines_done(), 24);
        assert!(!layout.is_whole(&document));
    }
}
