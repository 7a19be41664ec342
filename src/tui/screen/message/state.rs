//! What is open, how far it is laid out, and where the page begins.

use std::collections::BTreeSet;

use crate::mime::document::{Document, Role, Span};
use crate::mime::sanitize::{Shown, width};
use crate::mime::wrap;
use crate::model::{Flags, MessageKey};
use crate::tui::app::event::Ticket;
use crate::tui::app::layout::TEXT;
use crate::tui::app::view::{Body, Opened, Row};

use super::draw::inset;

/// How much of the header is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// What a reader needs.
    #[default]
    Short,
    /// Every address and id.
    Normal,
    /// Every field.
    All,
    /// The message as it came.
    Raw,
}

impl Level {
    /// The next level of `H`.
    pub fn next(self) -> Self {
        match self {
            Level::Short => Level::Normal,
            Level::Normal => Level::All,
            Level::All => Level::Raw,
            Level::Raw => Level::Short,
        }
    }

    /// Its name on the status line.
    pub fn word(self) -> &'static str {
        match self {
            Level::Short => "short",
            Level::Normal => "normal",
            Level::All => "all fields",
            Level::Raw => "raw source",
        }
    }
}

/// Rows laid out beyond the page, so that a page down is there at once.
const AHEAD: usize = 200;

/// What of a text is being marked, in rows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marking {
    /// Where it began; `None` while nothing is marked.
    from: Option<usize>,
    /// Where the cursor is.
    pub at: usize,
}

impl Marking {
    /// One that begins in a row.
    pub fn beginning(at: usize) -> Self {
        Self { from: Some(at), at }
    }

    /// The same with the cursor in another row.
    pub fn moved(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// Nothing is marked any more, or from the cursor on.
    pub fn toggled(self) -> Self {
        let from = match self.from {
            Some(_) => None,
            None => Some(self.at),
        };
        Self { from, ..self }
    }

    /// The first and the last row.
    pub fn ends(self) -> Option<(usize, usize)> {
        let from = self.from?;
        Some((from.min(self.at), from.max(self.at)))
    }
}

/// One open message.
#[derive(Clone, Debug)]
pub struct State {
    /// The row it was opened from, with the flags that the person sees.
    pub row: Row,
    /// Its place in the index when it was opened or moved to.
    pub number: Option<u64>,
    /// Structure and what is kept, once it came.
    pub opened: Option<Opened>,
    /// The text, once it came.
    pub body: Option<Body>,
    /// All header fields or the source, once they came.
    pub lines: Option<Option<Vec<String>>>,
    /// The header level.
    pub level: Level,
    /// Whether HTML is preferred.
    pub html: bool,
    /// The first row of the page, counted over header, rule and text.
    pub scroll: usize,
    /// The selected link.
    pub link: Option<usize>,
    /// Whether it is read from its conversation, and not from the index.
    pub of_thread: bool,
    /// What is marked, once `^^` was pressed.
    pub marking: Option<Marking>,
    /// Whether its text was asked of the server.
    pub fetching: bool,
    /// The action that asked.
    pub fetch: Ticket,
    /// Whether showing the text has marked it read.
    pub marked: bool,
    /// Rows of header and rule above the text.
    pub head_rows: usize,
    /// The question for its structure.
    pub asked_opened: Ticket,
    /// The latest question for its text.
    pub asked_body: Ticket,
    /// The latest question for header or source.
    pub asked_lines: Ticket,
    layout: wrap::Layout,
    laid: Vec<wrap::Row>,
    taken: usize,
}

impl State {
    /// A message that is being opened from its row.
    pub fn open(row: Row, number: Option<u64>) -> Self {
        let marked = row.flags.has(Flags::SEEN);
        Self {
            row,
            number,
            opened: None,
            body: None,
            lines: None,
            level: Level::default(),
            html: false,
            scroll: 0,
            link: None,
            of_thread: false,
            marking: None,
            fetching: false,
            fetch: Ticket::default(),
            marked,
            head_rows: 0,
            asked_opened: Ticket::default(),
            asked_body: Ticket::default(),
            asked_lines: Ticket::default(),
            layout: wrap::Layout::default(),
            laid: Vec::new(),
            taken: 0,
        }
    }

    /// Which message.
    pub fn key(&self) -> MessageKey {
        self.row.key
    }

    /// The readable text.
    pub fn document(&self) -> Option<&Document> {
        match &self.body {
            Some(Body::Text(document)) => Some(document),
            Some(Body::NotKept { .. } | Body::Failed(_)) | None => None,
        }
    }

    /// Wishes for the other form of its text, the HTML or the plain one: which that is, or why there is
    /// none.
    pub fn turn(&mut self) -> Result<&'static str, &'static str> {
        let document = self.document().ok_or("The text is not here yet.")?;
        if !document.alternative {
            return Err("This message has its text in one form only.");
        }
        self.html = !document.from_html;
        Ok(match self.html {
            true => "The HTML of the message.",
            false => "The plain text of the message.",
        })
    }

    /// Takes a new text, folds kept where the width stays.
    pub fn take(&mut self, body: Body, width: u16) {
        self.body = Some(body);
        self.link = None;
        self.lay_out(width, self.layout.open().clone());
    }

    fn lay_out(&mut self, width: u16, open: BTreeSet<usize>) {
        let line = |at: usize| self.laid.get(at).map_or(0, |row| row.line);
        let marked = self.marking.map(|one| (one.from.map(line), line(one.at)));
        self.layout = wrap::Layout::new(usize::from(width.min(TEXT)), open);
        self.laid.clear();
        self.taken = 0;
        self.fill(0);
        if let Some((from, at)) = marked {
            self.lay(usize::MAX);
            let row = |line: usize| self.laid.iter().position(|row| row.line >= line);
            let last = self.laid.len().saturating_sub(1);
            self.marking = Some(Marking {
                from: from.map(|line| row(line).unwrap_or(last)),
                at: row(at).unwrap_or(last),
            });
        }
    }

    /// Lays out for another width.
    pub fn resize(&mut self, width: u16) {
        if self.layout.width() != usize::from(width.min(TEXT)) {
            let line = self.line_at_top();
            self.lay_out(width, self.layout.open().clone());
            self.scroll_to_line(line);
        }
    }

    /// Lays out enough for a page of `height` rows at the scroll position.
    pub fn fill(&mut self, height: usize) {
        self.lay(self.scroll + height + AHEAD);
    }

    pub(super) fn lay(&mut self, count: usize) {
        if let Some(Body::Text(document)) = &self.body {
            let room = self.layout.width();
            let rows = self.layout.rows(document, count);
            for row in rows.get(self.taken..).unwrap_or_default() {
                fit(row, room, &mut self.laid);
            }
            self.taken = rows.len();
        }
    }

    /// The rows of the text so far.
    pub fn rows(&self) -> &[wrap::Row] {
        &self.laid
    }

    /// Whether these are all.
    pub fn is_whole(&self) -> bool {
        self.document()
            .is_none_or(|document| self.layout.is_whole(document))
    }

    /// Rows of header, rule and text, as far as they are known.
    pub fn height(&self) -> usize {
        let text = match self.level {
            Level::Raw => self.source().len().max(1),
            Level::Short | Level::Normal | Level::All => match self.body {
                Some(Body::Text(_)) => self.rows().len(),
                Some(_) | None => 3,
            },
        };
        self.head_rows + text
    }

    /// The lines of the source, when they are shown.
    pub fn source(&self) -> &[String] {
        match &self.lines {
            Some(Some(lines)) => lines,
            Some(None) | None => &[],
        }
    }

    /// Scrolls by rows; false when nothing moved.
    pub fn scroll_by(&mut self, by: isize, height: usize) -> bool {
        let before = self.scroll;
        let wanted = before.saturating_add_signed(by);
        self.scroll = wanted;
        self.fill(height);
        self.scroll = wanted.min(self.last_top(height));
        self.scroll != before
    }

    /// The lowest row at which a page can begin.
    pub fn last_top(&self, height: usize) -> usize {
        self.height().saturating_sub(height.max(1))
    }

    /// Whether the end of the text is on the page.
    pub fn at_end(&self, height: usize) -> bool {
        self.is_whole() && self.scroll >= self.last_top(height)
    }

    /// To the end; lays out everything.
    pub fn scroll_to_end(&mut self, height: usize) {
        self.lay(usize::MAX);
        self.scroll = self.last_top(height);
    }

    fn line_at_top(&self) -> usize {
        let at = self.scroll.saturating_sub(self.head_rows);
        self.rows().get(at).map_or(0, |row| row.line)
    }

    fn scroll_to_line(&mut self, line: usize) {
        if line == 0 {
            return;
        }
        self.fill(0);
        let at = self.rows().iter().position(|row| row.line >= line);
        if let Some(at) = at {
            self.scroll = self.head_rows + at;
        }
    }

    /// Opens the first folded quote at or below the top of the page, or folds the first open one.
    pub fn fold(&mut self, folded: bool, height: usize, width: u16) -> bool {
        let from = self.scroll.saturating_sub(self.head_rows);
        let room = height.saturating_sub(self.head_rows.saturating_sub(self.scroll));
        let mut open = self.layout.open().clone();
        let page = self.rows().iter().skip(from).take(room.max(1));
        let found = if folded {
            page.filter(|row| !row.folded)
                .filter_map(|row| row.fold)
                .next()
        } else {
            page.filter(|row| row.folded)
                .filter_map(|row| row.fold)
                .next()
        };
        let Some(fold) = found else {
            return false;
        };
        if folded {
            open.remove(&fold);
        } else {
            open.insert(fold);
        }
        self.refold(open, width);
        true
    }

    /// Opens or folds every quote.
    pub fn fold_all(&mut self, folded: bool, width: u16) -> bool {
        let Some(document) = self.document() else {
            return false;
        };
        let count = document.folds.len();
        let open = if folded {
            BTreeSet::new()
        } else {
            (0..count).collect()
        };
        let changed = open != *self.layout.open() && count > 0;
        if changed {
            self.refold(open, width);
        }
        changed
    }

    fn refold(&mut self, open: BTreeSet<usize>, width: u16) {
        let in_head = self.scroll < self.head_rows;
        let line = self.line_at_top();
        self.lay_out(width, open);
        if !in_head {
            self.scroll_to_line(line);
        }
    }

    /// Selects the next or previous link and brings it on the page.
    pub fn walk_links(&mut self, forward: bool, height: usize) -> Option<usize> {
        let count = self.document()?.links.len();
        if count == 0 {
            return None;
        }
        let next = match (self.link, forward) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        };
        self.link = Some(next);
        self.reveal(height, |row| {
            row.spans.iter().any(|span| span.role == Role::Link(next))
        });
        Some(next)
    }

    /// Brings the first row from the page on that satisfies `wanted` on the page.
    fn reveal(&mut self, height: usize, wanted: impl Fn(&wrap::Row) -> bool) -> bool {
        self.lay(usize::MAX);
        let Some(at) = self.rows().iter().position(wanted) else {
            return false;
        };
        let at = at + self.head_rows;
        if at < self.scroll || at >= self.scroll + height.max(1) {
            self.scroll = at.min(self.last_top(height));
        }
        true
    }

    /// Scrolls to the next row that holds `word` (lower case); false when there is none.
    pub fn find(&mut self, word: &str, height: usize) -> bool {
        self.lay(usize::MAX);
        let from = (self.scroll + 1).saturating_sub(self.head_rows);
        let count = self.rows().len();
        let hit = |at: &usize| self.rows().get(*at).is_some_and(|row| holds(row, word));
        let below = (from..count).find(hit);
        let Some(at) = below.or_else(|| (0..from.min(count)).find(hit)) else {
            return false;
        };
        if let Some(marking) = &mut self.marking {
            marking.at = at;
        }
        self.scroll = (self.head_rows + at).min(self.last_top(height).max(self.scroll));
        let visible = self.scroll + height > self.head_rows + at;
        if !visible || self.scroll > self.head_rows + at {
            self.scroll = self.head_rows + at;
        }
        true
    }
}

/// A row as it is; one that is set in (SAFETY D7) and has no cell to spare as two.
fn fit(row: &wrap::Row, room: usize, out: &mut Vec<wrap::Row>) {
    let text = row.text();
    let inset = usize::from(inset(&text));
    if inset == 0 || width(&text) + inset <= room {
        out.push(row.clone());
        return;
    }
    let first = Shown::body_line(&text).rows(room.saturating_sub(inset).max(1));
    let cut = first.first().map_or(text.len(), |head| head.as_str().len());
    for (from, to) in [(0, cut), (cut, text.len())] {
        let mut at = 0;
        let mut spans = Vec::new();
        for span in &row.spans {
            let length = span.text.as_str().len();
            let (start, end) = (from.max(at), to.min(at + length));
            if start < end {
                spans.push(Span {
                    text: span.text.piece(start - at, end - at),
                    role: span.role,
                });
            }
            at += length;
        }
        out.push(wrap::Row {
            spans,
            ..row.clone()
        });
    }
}

fn holds(row: &wrap::Row, word: &str) -> bool {
    let text: String = row.spans.iter().map(|span| span.text.as_str()).collect();
    text.to_lowercase().contains(word)
}
