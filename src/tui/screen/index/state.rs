//! The window of rows, its selection, and where the rows go when a new page comes.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::thread::Folds;
use crate::model::{Filter, Flags, List, MailboxKey, MessageKey, View};
use crate::tui::app::event::{From, Question, Threads, Ticket};
use crate::tui::app::view::{Anchor, Page, Row};

/// Rows that are kept on either side of the selection.
pub const AROUND: usize = 150;
/// With fewer rows left than this on a side that goes on, more are asked for.
const NEAR: usize = 70;

/// How much of a row is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Nothing.
    None,
    /// Some messages of a folded conversation.
    Some,
    /// All of it.
    All,
}

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
    /// What is shown.
    pub view: Option<View>,
    /// Loaded rows, from the top, without a gap.
    pub rows: Vec<Row>,
    /// Nothing stands above the first loaded row.
    pub at_start: bool,
    /// Nothing stands below the last loaded row.
    pub at_end: bool,
    /// The number of the first loaded row.
    pub ordinal: Option<u64>,
    /// Messages of the view.
    pub total: u64,
    /// Unread ones.
    pub unread: u64,
    /// The selected row, an index into `rows`.
    pub selected: usize,
    /// The row at the top of the viewport.
    pub top: usize,
    /// Whether a page has come since the view was opened.
    pub loaded: bool,
    /// Whether a mailbox opens on its newest message.
    pub newest: bool,
    /// The messages that are selected for a command, loaded or not.
    pub marked: BTreeSet<MessageKey>,
    /// What is folded, where conversations are listed.
    pub folds: Folds,
    /// The draft that was gone on with, while the cursor has not left it: the cursor follows its copy.
    held: Option<MessageKey>,
    /// Whether the rows stand in an order that is not wanted any more.
    pub is_sorting: bool,
    /// Messages that keep their rows though the list has them no more, until it is opened anew.
    pub stay: BTreeSet<MessageKey>,
    goal: Goal,
    asked: Option<Ticket>,
    again: bool,
    /// How lists were left.
    left: Vec<Left>,
    /// Rows above the selected one when the first page comes.
    above: usize,
}

/// How a list was left.
#[derive(Clone, Debug)]
struct Left {
    list: List,
    /// The row, and how many rows of the screen were above it.
    place: Option<(Anchor, usize)>,
    marked: BTreeSet<MessageKey>,
    folds: Folds,
}

/// Lists that are remembered.
const REMEMBERED: usize = 200;

impl Default for State {
    fn default() -> Self {
        Self {
            view: None,
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
            folds: Folds::default(),
            held: None,
            is_sorting: false,
            stay: BTreeSet::new(),
            goal: Goal::Keep,
            asked: None,
            again: false,
            left: Vec::new(),
            above: 0,
        }
    }
}

impl State {
    /// Shows another view; the place and the selection of its list are found again when it was shown
    /// before.
    pub fn open(&mut self, view: View) {
        if self.view.as_ref() == Some(&view) {
            return;
        }
        self.remember();
        let mut left = std::mem::take(&mut self.left);
        let known = left.iter().position(|one| one.list == view.list);
        let known = known.map(|at| left.remove(at));
        let place = known.as_ref().and_then(|one| one.place);
        let folds = known.as_ref().map(|one| one.folds.clone());
        let goal = place.map_or(self.first_goal(), |(at, _)| Goal::Row(at));
        *self = Self {
            view: Some(view),
            newest: self.newest,
            left,
            marked: known.map(|one| one.marked).unwrap_or_default(),
            folds: folds.unwrap_or_default(),
            above: place.map_or(0, |(_, above)| above),
            goal,
            ..Self::default()
        };
    }

    /// Shows the same list in another order; the rows stay until those come.
    pub fn reorder(&mut self, view: View) {
        let here = self.row().map(Row::anchor);
        self.view = Some(view);
        self.asked = None;
        self.again = true;
        self.ordinal = None;
        self.goal = here.map_or(self.first_goal(), Goal::Row);
        self.is_sorting = true;
    }

    /// Shows what was found in place of this view. Until its rows come the ones before stand, so that
    /// nothing flickers while a query is typed.
    pub fn refine(&mut self, view: View, goal: Goal) {
        let is_found = |view: &View| matches!(view.list, List::Keys(_));
        if !self.view.as_ref().is_some_and(is_found) {
            let (rows, top, selected) = (std::mem::take(&mut self.rows), self.top, self.selected);
            self.rows.clone_from(&rows);
            self.open(view.clone());
            (self.rows, self.top, self.selected) = (rows, top, selected);
            self.loaded = true;
        }
        self.view = Some(view);
        self.asked = None;
        self.again = true;
        self.goal = goal;
        self.at_start = false;
        self.at_end = false;
        self.ordinal = None;
    }

    /// Whether a page is on its way or due.
    pub fn awaits(&self) -> bool {
        self.asked.is_some() || self.again
    }

    /// Whether the selected messages alone are shown.
    pub fn is_zoomed(&self) -> bool {
        let list = self.view.as_ref().map(|view| &view.list);
        // What a search found stands in its own order.
        matches!(list, Some(List::Keys(keys)) if !keys.in_order)
    }

    /// Shows some of the same messages, or all of them again; the cursor and the selection stay.
    pub fn zoom(&mut self, view: View) {
        let marked = std::mem::take(&mut self.marked);
        let here = self.row().map(Row::anchor);
        let above = self.selected.saturating_sub(self.top);
        *self = Self {
            view: Some(view),
            newest: self.newest,
            left: std::mem::take(&mut self.left),
            marked,
            above,
            goal: here.map_or(Goal::First, Goal::Row),
            ..Self::default()
        };
    }

    /// The one mailbox that is shown, if it is one.
    pub fn one_mailbox(&self) -> Option<MailboxKey> {
        self.view.as_ref().and_then(View::one_mailbox)
    }

    /// Whether this list is the one that is shown.
    pub fn shows(&self, list: &List) -> bool {
        self.view.as_ref().is_some_and(|view| view.list == *list)
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
        let Some(view) = &self.view else { return };
        let above = self.selected.saturating_sub(self.top);
        let place = self.row().map(|row| (row.anchor(), above));
        let left = Left {
            // Of a part of a list the list is remembered.
            list: match &view.list {
                List::Keys(keys) if !keys.in_order => (*keys.of).clone(),
                list => list.clone(),
            },
            place,
            marked: std::mem::take(&mut self.marked),
            folds: std::mem::take(&mut self.folds),
        };
        self.left.insert(0, left);
        self.left.truncate(REMEMBERED);
    }

    /// The selected row.
    pub fn row(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    /// How much of a row is selected: of a folded conversation its messages here.
    pub fn selection(&self, row: &Row) -> Selection {
        let behind = row.tree.as_ref().map_or(&[][..], |tree| &tree.behind);
        let one = std::slice::from_ref(&row.key);
        let all = if behind.is_empty() { one } else { behind };
        let count = all.iter().filter(|key| self.marked.contains(key)).count();
        match count {
            0 => Selection::None,
            count if count == all.len() => Selection::All,
            _ => Selection::Some,
        }
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
        if self
            .view
            .as_ref()
            .is_some_and(|view| view.shown() != Filter::All)
        {
            self.stay.insert(key);
        }
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

    /// A message is in another mailbox now, and stays where it is shown.
    pub fn moved(&mut self, key: MessageKey, into: MailboxKey) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.key == key) {
            row.mailbox = into;
        }
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
        if self.held == Some(was) && self.one_mailbox() == Some(mailbox) {
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

    /// Folds the conversation at the cursor, or opens it; false where it was so already, or there is
    /// nothing to fold. The cursor stays on its message, or goes to the row that hides it.
    pub fn fold(&mut self, folded: bool) -> bool {
        let Some(row) = self.row() else { return false };
        let Some(tree) = &row.tree else { return false };
        let next = self.rows.get(self.selected + 1);
        let can = match folded {
            true if tree.folded => false,
            true => tree.depth > 0 || next.is_some_and(|next| next.thread == row.thread),
            false => tree.folded,
        };
        if can {
            let thread = row.thread;
            self.folds.set(thread, !folded);
            self.refold();
        }
        can
    }

    /// Folds all conversations, or opens them.
    pub fn fold_all(&mut self, folded: bool) -> bool {
        let all = Folds {
            open: !folded,
            ..Folds::default()
        };
        let changed = std::mem::replace(&mut self.folds, all) != self.folds;
        if changed {
            self.refold();
        }
        changed
    }

    fn refold(&mut self) {
        self.again = true;
        if let Some(row) = self.row() {
            // Also where no row of it is left: the page says which one hides it.
            self.goal = Goal::Row(row.anchor());
        }
    }

    /// The store changed: the window is read anew, once for a burst.
    pub fn changed(&mut self) {
        self.again = true;
    }

    /// The question for the next page, when one is due.
    pub fn wants(&mut self, ticket: Ticket) -> Option<Question> {
        let view = self.view.clone()?;
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
        let threads = view.is_threaded().then(|| {
            let row = self.row().filter(|_| self.goal == Goal::Keep);
            let newest = row.map(|row| row.tree.as_ref().map_or(row.arrival, |tree| tree.newest));
            Box::new(Threads {
                folds: self.folds.clone(),
                stood: row.map(|row| row.thread).zip(newest),
            })
        });
        Some(Question::Page {
            view,
            from: self.from(),
            near: self.number(),
            around: AROUND,
            threads,
            stay: self.stay.iter().copied().collect(),
        })
    }

    fn from(&self) -> From {
        match self.goal {
            Goal::First | Goal::Unread => From::First,
            Goal::Last => From::Last,
            Goal::Ordinal(number) => From::Ordinal(number),
            Goal::Row(anchor) => From::Around(anchor),
            Goal::Keep => match self.row() {
                Some(row) => From::Around(row.anchor()),
                None => From::First,
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
        let below = self.rows.iter().skip(self.selected);
        let below: Vec<MessageKey> = below.map(|row| row.key).collect();
        let offset = match below.is_empty() {
            false => self.selected.saturating_sub(self.top),
            true => self.above,
        };
        let goal = match std::mem::replace(&mut self.goal, Goal::Keep) {
            Goal::Keep if below.is_empty() => self.first_goal(),
            goal => goal,
        };
        self.rows = page.rows;
        self.at_start = page.at_start;
        self.at_end = page.at_end;
        self.ordinal = page.ordinal;
        self.total = page.total;
        self.unread = page.unread;
        self.loaded = true;
        let was_sorting = std::mem::take(&mut self.is_sorting);
        let place = match goal {
            Goal::Unread => self.rows.iter().position(Row::is_new).or(Some(0)),
            Goal::Row(anchor) => self.place(Goal::Row(anchor)).or(page.anchor),
            Goal::First | Goal::Last | Goal::Ordinal(_) | Goal::Keep => self.place(goal),
        };
        self.selected = place
            .or_else(|| self.first_of(&below))
            .or(page.anchor)
            .unwrap_or(0)
            .min(self.rows.len().saturating_sub(1));
        self.top = self.selected.saturating_sub(offset);
        if was_sorting && goal == Goal::Keep {
            // The cursor went on while the order was made: its message is looked for in that.
            let here = old.filter(|old| self.find(old.key).is_none());
            self.goal = here.map_or(Goal::Keep, Goal::Row);
        }
    }

    /// The row of the first of these messages that still has one: where the selected one is gone, the
    /// next takes the cursor.
    fn first_of(&self, keys: &[MessageKey]) -> Option<usize> {
        let rows = self.rows.iter().enumerate();
        let places: BTreeMap<MessageKey, usize> = rows.map(|(at, row)| (row.key, at)).collect();
        keys.iter().find_map(|key| places.get(key).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Envelope, Kept};

    fn row(n: i64) -> Row {
        Row {
            key: MessageKey(n),
            mailbox: MailboxKey(1),
            arrival: n,
            envelope: Envelope::default(),
            flags: Flags::none(),
            attachments: false,
            pending: false,
            kept: Kept::All,
            size: 1,
            thread: crate::model::ThreadKey(n),
            tree: None,
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
        state.open(View::mailbox(MailboxKey(1)));
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
        state.open(View::mailbox(MailboxKey(2)));
        state.open(View::mailbox(MailboxKey(1)));
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
