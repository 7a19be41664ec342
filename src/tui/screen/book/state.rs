//! The entries that are shown, the selected one, and what can be taken back.

use crate::model::{Contact, ContactKey};
use crate::tui::app::App;
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Question, Ticket};
use crate::tui::app::view::Card;

use crate::tui::screen::folders::state::settled;

use super::form::Form;

/// Changes of the address book that can be taken back.
const BACK: usize = 50;

/// A change, as it is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// It was struck out: it is written down again.
    Gone(Contact),
    /// It said something else.
    Was(ContactKey, Contact),
    /// It was not there.
    New(ContactKey),
}

/// What the address book knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The entries that fit.
    pub cards: Vec<Card>,
    /// The selected one.
    pub selected: usize,
    /// The one at the top.
    pub top: usize,
    /// What is looked for; empty for everybody.
    pub filter: String,
    /// By what the entries here were found; `None` before the first ones came.
    pub found: Option<String>,
    /// The entry that is written.
    pub form: Option<Form>,
    /// What can be taken back, the latest last.
    pub back: Vec<Back>,
    /// The action that takes something back.
    pub undoing: Option<Ticket>,
    /// The message from which an address is to be taken was asked for, after so many keys.
    pub taking: Option<(Ticket, u64)>,
    /// The entry that takes the selection as soon as it is there.
    pub wanted: Option<ContactKey>,
    /// Whether entries are to be read anew.
    pub again: bool,
    asked: Option<(Ticket, String)>,
}

impl State {
    /// Takes the answer to a question; the selection stays on its entry.
    pub fn take(&mut self, ticket: Ticket, cards: Vec<Card>) {
        let Some((_, filter)) = self.asked.take_if(|(asked, _)| *asked == ticket) else {
            return;
        };
        let narrowed = self.found.as_ref() != Some(&filter);
        let old = self.card().map(|card| card.key);
        self.cards = cards;
        self.found = Some(filter);
        let place = |key| self.cards.iter().position(|card| card.key == key);
        let wanted = self.wanted.and_then(place);
        if wanted.is_some() {
            self.wanted = None;
        }
        // What fits best stands first.
        let kept = old.filter(|_| !narrowed).and_then(place);
        let last = self.cards.len().saturating_sub(1);
        let here = if narrowed { 0 } else { self.selected };
        self.selected = wanted.or(kept).unwrap_or(here).min(last);
    }

    /// Nobody answers the question of this ticket.
    pub fn failed(&mut self, ticket: Ticket) {
        self.asked.take_if(|(asked, _)| *asked == ticket);
    }

    /// Looks for something else.
    pub fn look_for(&mut self, text: &str) {
        if self.filter != text {
            self.filter = text.to_owned();
            self.again = true;
        }
    }

    /// The selected entry.
    pub fn card(&self) -> Option<&Card> {
        self.cards.get(self.selected)
    }

    /// Notes what can be taken back.
    pub fn remember(&mut self, change: Back) {
        self.back.push(change);
        if self.back.len() > BACK {
            self.back.remove(0);
        }
    }
}

/// Moves by rows; false at the ends.
pub fn step(app: &mut App, by: isize) -> bool {
    let book = &mut app.book;
    let before = book.selected;
    let last = book.cards.len().saturating_sub(1);
    book.selected = before.saturating_add_signed(by).min(last);
    book.selected != before
}

/// Rows above the list: the column heads.
pub fn head_rows(app: &App) -> u16 {
    u16::from(app.layout.body().height > 10 && !app.book.cards.is_empty())
}

/// Keeps the selected entry in sight, and asks for entries when others may fit.
pub fn settle(app: &mut App) {
    let room = app.layout.body().height.saturating_sub(head_rows(app));
    let book = &mut app.book;
    let count = book.cards.len();
    book.top = settled(book.top, book.selected, usize::from(room), count);
    if app.screen == Screen::Book && app.book.again && app.book.asked.is_none() {
        let filter = app.book.filter.clone();
        let ticket = app.question(Question::AddressBook(filter.clone()));
        app.book.again = false;
        app.book.asked = Some((ticket, filter));
    }
}
