//! The window of rows, its selection, and where the rows go when a new page comes.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Flags, MailboxKey, MessageKey};
use crate::tui::app::event::{From, Question, Ticket};
use crate::tui::app::view::{Anchor, Page, Row};

/// Rows that are kept on either side of the selection.
pub const AROUND: usize = 150;
/// With fewer rows left than this on a side that goes on, more are asked for.
const NEAR: usize = 70;

/// Where the selection goes with the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It stays on its row, or takes the next one.
    Keep,
    /// The newest row.
    First,
    /// The oldest row.
    Last,
    /// The topmost unread row, else the newest.
    Unread,
    /// The row with this number.
    Ordinal(u64),
    /// This row.
    Row(Anchor),
}

/// What the index screen knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The mailbox that is shown.
    pub mailbox: Option<MailboxKey>,
    /// Loaded rows, newest first, without a gap.
    pub rows: Vec<Row>,
    /// Nothing is newer than the first loaded row.
    pub at_start: bool,
    /// Nothing is older than the last loaded row.
    pub at_end: bool,
    /// The number of the first loaded row.
    pub ordinal: Option<u64>,
    /// Messages of the mailbox.
    pub total: u64,
    /// Unread ones.
    pub unread: u64,
    /// The selected row, an index into `rows`.
    pub selected: usize,
    /// The row at the top of the viewport.
    pub top: usize,
    /// Whether a page has come since the mailbox was opened.
    pub loaded: bool,
    /// Whether a mailbox opens on its newest message.
    pub newest: bool,
    /// The messages that are selected for a command, loaded or not.
    pub marked: BTreeSet<MessageKey>,
    /// The draft that was gone on with, while the cursor has not left it: the cursor follows its copy.
    held: Option<MessageKey>,
    goal: Goal,
    asked: Option<Ticket>,
    again: bool,
    /// Where mailboxes were left: the row, and how many rows of the screen were above it.
    places: BTreeMap<MailboxKey, (Anchor, usize)>,
    /// Rows above the selected one when the first page comes.
    above: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            mailbox: None,
            rows: Vec::new(),
            at_start: true,
            at_end: true,
            ordinal: None,
            total: 0,
            unread: 0,
            selected: 0,
            top: 0,
            loaded: false,
            newest: false,
            marked: BTreeSet::new(),
            held: None,
            goal: Goal::Keep,
            asked: None,
            again: false,
            places: BTreeMap::new(),
            above: 0,
        }
    }
}

impl State {
    /// Shows another mailbox; its old place is found again when it was shown before.
    pub fn open(&mut self, mailbox: MailboxKey) {
        if self.mailbox == Some(mailbox) {
            return;
        }
        self.remember();
        let places = std::mem::take(&mut self.places);
        let place = places.get(&mailbox).copied();
        let goal = place.map_or(self.first_goal(), |(at, _)| Goal::Row(at));
        *self = Self {
            mailbox: Some(mailbox),
            newest: self.newest,
            places,
            above: place.map_or(0, |(_, above)| above),
            goal,
            ..Self::default()
        };
    }

    /// An index without a mailbox, whose mailboxes open on the newest message, or on the topmost
    /// unread one.
    pub fn opening_on_newest(newest: bool) -> Self {
        Self {
            newest,
            ..Self::default()
        }
    }

    fn first_goal(&self) -> Goal {
        if self.newest {
            Goal::First
        } else {
            Goal::Unread
        }
    }

    fn remember(&mut self) {
        if let (Some(mailbox), Some(row)) = (self.mailbox, self.row()) {
            let place = (row.anchor(), self.selected.saturating_sub(self.top));
            self.places.insert(mailbox, place);
        }
    }

    /// The selected row.
    pub fn row(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    /// The number of the selected row, when it is known.
    pub fn number(&self) -> Option<u64> {
        let first = self.ordinal?;
        self.row()?;
        Some(first + u64::try_from(self.selected).unwrap_or(0))
    }

    /// The loaded row of a message.
    pub fn find(&self, key: MessageKey) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// Gives a loaded row other flags; returns the ones that it had.
    pub fn reflag(&mut self, key: MessageKey, flags: &Flags, pending: bool) -> Option<Flags> {
        let row = self.rows.iter_mut().find(|row| row.key == key)?;
        let before = std::mem::replace(&mut row.flags, flags.clone());
        row.pending = pending || row.pending;
        let seen = (before.has(Flags::SEEN), row.seen());
        match seen {
            (true, false) => self.unread += 1,
            (false, true) => self.unread = self.unread.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
        Some(before)
    }

    /// Takes the rows of messages away that left the mailbox; the next row takes the cursor.
    pub fn leave(&mut self, keys: &[MessageKey]) -> Vec<Row> {
        let wanted: BTreeSet<MessageKey> = keys.iter().copied().collect();
        let mut gone = Vec::new();
        let mut kept = Vec::with_capacity(self.rows.len());
        let (selected, top) = (self.selected, self.top);
        for (at, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            if !wanted.contains(&row.key) {
                kept.push(row);
                continue;
            }
            self.selected -= usize::from(at < selected);
            self.top -= usize::from(at < top);
            self.total = self.total.saturating_sub(1);
            self.unread = self.unread.saturating_sub(u64::from(!row.seen()));
            gone.push(row);
        }
        self.rows = kept;
        let others = keys.len().saturating_sub(gone.len());
        let others = u64::try_from(others).unwrap_or(u64::MAX);
        self.total = self.total.saturating_sub(others);
        self.marked.retain(|key| !wanted.contains(key));
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
        gone
    }

    /// Moves the selection by rows; false at the end of what is loaded.
    pub fn step(&mut self, by: isize) -> bool {
        let before = self.selected;
        let last = self.rows.len().saturating_sub(1);
        self.selected = before.saturating_add_signed(by).min(last);
        self.goal = Goal::Keep;
        self.held = None;
        self.selected != before
    }

    /// Moves by a page of `height` rows, the viewport with it.
    pub fn page(&mut self, down: bool, height: usize) -> bool {
        let by = isize::try_from(height.max(1)).unwrap_or(1);
        let moved = self.step(if down { by } else { -by });
        if moved {
            let last = self.rows.len().saturating_sub(height);
            let by = if down { by } else { -by };
            self.top = self.top.saturating_add_signed(by).min(last);
        }
        moved
    }

    /// Sends the selection somewhere; at once where the row is loaded.
    pub fn go(&mut self, goal: Goal) {
        self.held = None;
        self.goal = goal;
        if let Some(at) = self.place(goal) {
            self.selected = at;
            self.goal = Goal::Keep;
        }
    }

    /// The cursor stays on a message, also when another row takes its place.
    pub fn hold(&mut self, message: MessageKey) {
        self.held = Some(message);
    }

    /// Another row stands for a message: the cursor goes along where it was on that.
    pub fn replaced(&mut self, was: MessageKey, mailbox: MailboxKey, now: Anchor) {
        if self.held == Some(was) && self.mailbox == Some(mailbox) {
            self.go(Goal::Row(now));
            self.held = Some(now.key);
        }
    }

    /// Whether a goal waits for a page.
    pub fn is_going(&self) -> bool {
        self.goal != Goal::Keep
    }

    fn place(&self, goal: Goal) -> Option<usize> {
        match goal {
            Goal::Keep => None,
            Goal::First => (self.at_start && self.loaded).then_some(0),
            Goal::Last => (self.at_end && self.loaded).then(|| self.rows.len().saturating_sub(1)),
            Goal::Unread => None,
            Goal::Ordinal(number) => {
                let at = number.checked_sub(self.ordinal?)?;
                usize::try_from(at).ok().filter(|at| *at < self.rows.len())
            }
            Goal::Row(anchor) => self.rows.iter().position(|row| row.key == anchor.key),
        }
    }

    /// Keeps the selection inside a viewport of `height` rows.
    pub fn settle(&mut self, height: usize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.min(last);
        let height = height.max(1);
        if self.selected < self.top {
            self.top = self.selected;
        } else if self.selected >= self.top + height {
            self.top = self.selected + 1 - height;
        }
        self.top = self
            .top
            .min(self.rows.len().saturating_sub(height.min(self.rows.len())));
        if self.selected >= self.top + height {
            self.top = self.selected + 1 - height;
        }
    }

    /// The store changed: the window is read anew, once for a burst.
    pub fn changed(&mut self) {
        self.again = true;
    }

    /// The question for the next page, when one is due.
    pub fn wants(&mut self, ticket: Ticket) -> Option<Question> {
        let mailbox = self.mailbox?;
        if self.asked.is_some() {
            return None;
        }
        let newer = !self.at_start && self.selected < NEAR;
        let older = !self.at_end && self.rows.len().saturating_sub(self.selected) < NEAR;
        if self.loaded && !self.again && !newer && !older && self.goal == Goal::Keep {
            return None;
        }
        self.again = false;
        self.asked = Some(ticket);
        Some(Question::Page {
            mailbox,
            from: self.from(),
            around: AROUND,
        })
    }

    fn from(&self) -> From {
        match self.goal {
            Goal::First | Goal::Unread => From::Newest,
            Goal::Last => From::Oldest,
            Goal::Ordinal(number) => From::Ordinal(number),
            Goal::Row(anchor) => From::Around(anchor),
            Goal::Keep => match self.row() {
                Some(row) => From::Around(row.anchor()),
                None => From::Newest,
            },
        }
    }

    /// Whether this answer is the one that is waited for.
    pub fn expects(&self, ticket: Ticket) -> bool {
        self.asked == Some(ticket)
    }

    /// The question failed; it is not asked again before something changes.
    pub fn failed(&mut self) {
        self.asked = None;
        self.goal = Goal::Keep;
        self.loaded = true;
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: Page) {
        self.asked = None;
        let old = self.row().map(Row::anchor);
        let offset = match old {
            Some(_) => self.selected.saturating_sub(self.top),
            None => self.above,
        };
        let goal = match std::mem::replace(&mut self.goal, Goal::Keep) {
            Goal::Keep if old.is_none() => self.first_goal(),
            goal => goal,
        };
        self.rows = page.rows;
        self.at_start = page.at_start;
        self.at_end = page.at_end;
        self.ordinal = page.ordinal;
        self.total = page.total;
        self.unread = page.unread;
        self.loaded = true;
        let place = match goal {
            Goal::Unread => self.rows.iter().position(|row| !row.seen()).or(Some(0)),
            Goal::Row(anchor) => Some(self.position(anchor)),
            Goal::First | Goal::Last | Goal::Ordinal(_) | Goal::Keep => self.place(goal),
        };
        self.selected = place
            .or_else(|| old.map(|anchor| self.position(anchor)))
            .unwrap_or(0)
            .min(self.rows.len().saturating_sub(1));
        self.top = self.selected.saturating_sub(offset);
    }

    /// Where a row stands, or the next older one when it is gone.
    fn position(&self, anchor: Anchor) -> usize {
        self.rows
            .iter()
            .position(|row| row.key == anchor.key)
            .unwrap_or_else(|| self.rows.partition_point(|row| row.anchor() > anchor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Envelope, Kept};

    fn row(n: i64) -> Row {
        Row {
            key: MessageKey(n),
            arrival: n,
            envelope: Envelope::default(),
            flags: Flags::none(),
            attachments: false,
            pending: false,
            kept: Kept::All,
            size: 1,
        }
    }

    fn page(range: impl DoubleEndedIterator<Item = i64>, ordinal: u64) -> Page {
        Page {
            rows: range.rev().map(row).collect(),
            at_start: true,
            at_end: true,
            ordinal: Some(ordinal),
            ..Page::default()
        }
    }

    fn opened(rows: Page) -> State {
        let mut state = State::default();
        state.open(MailboxKey(1));
        assert!(state.wants(Ticket(1)).is_some());
        state.take(rows);
        state
    }

    #[test]
    fn the_next_row_takes_the_cursor_of_a_row_that_goes() {
        let mut state = opened(page(1..=9, 1));
        state.step(4);
        assert_eq!(state.row().unwrap().key, MessageKey(5));
        state.changed();
        assert!(state.wants(Ticket(2)).is_some());
        let mut rows = page(1..=9, 1);
        rows.rows.retain(|row| row.key != MessageKey(5));
        state.take(rows);
        assert_eq!(state.row().unwrap().key, MessageKey(4));
    }

    #[test]
    fn new_mail_never_moves_the_cursor_or_its_place_on_the_screen() {
        let mut state = opened(page(1..=40, 1));
        state.step(12);
        state.settle(10);
        let (key, offset) = (state.row().unwrap().key, state.selected - state.top);
        state.changed();
        assert!(state.wants(Ticket(2)).is_some());
        state.take(page(1..=45, 1));
        state.settle(10);
        assert_eq!(state.row().unwrap().key, key);
        assert_eq!(state.selected - state.top, offset);
        assert_eq!(state.number(), Some(18));
    }

    #[test]
    fn a_burst_of_changes_asks_once_at_a_time() {
        let mut state = opened(page(1..=9, 1));
        state.changed();
        assert!(state.wants(Ticket(2)).is_some());
        state.changed();
        state.changed();
        assert_eq!(state.wants(Ticket(3)), None);
        state.take(page(1..=9, 1));
        assert!(state.wants(Ticket(4)).is_some());
        state.take(page(1..=9, 1));
        assert_eq!(state.wants(Ticket(5)), None);
    }

    #[test]
    fn a_mailbox_opened_again_is_at_its_old_place() {
        let mut state = opened(page(1..=9, 1));
        state.step(4);
        state.open(MailboxKey(2));
        state.open(MailboxKey(1));
        let asked = state.wants(Ticket(7));
        let Some(Question::Page { from, .. }) = asked else {
            panic!("{asked:?}")
        };
        assert_eq!(from, From::Around(row(5).anchor()));
    }

    #[test]
    fn an_answer_to_the_next_window_is_asked_before_the_edge_is_reached() {
        let mut rows = page(1..=300, 1);
        rows.at_end = false;
        let mut state = opened(rows);
        state.step(100);
        assert_eq!(state.wants(Ticket(2)), None);
        state.step(135);
        assert!(state.wants(Ticket(3)).is_some());
    }
}
