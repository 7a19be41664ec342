//! A list to choose from while a line is typed: what fits is shown, the best first.

use crate::model::{MailboxKey, MuteKey, SearchKey};

use super::command::Command;
use super::fuzzy;

/// What choosing a row means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A mailbox.
    Mailbox(MailboxKey),
    /// A command.
    Command(Command),
    /// An address to write under, by its place.
    Identity(usize),
    /// An address of somebody, by its place among those that are offered.
    Address(usize),
    /// The Outbox.
    Outbox,
    /// A search that is kept.
    Search(SearchKey),
    /// Something that is muted.
    Mute(MuteKey),
}

/// One row to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name, which Tab puts into the line.
    pub text: String,
    /// Its key, of a command.
    pub key: String,
    /// More about it.
    pub detail: String,
    /// What it means.
    pub target: Target,
}

/// The rows that fit, and the one that Enter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    all: Vec<Choice>,
    fitting: Vec<usize>,
    at: usize,
}

impl Pick {
    /// All of `choices`, the first selected.
    pub fn of(choices: Vec<Choice>) -> Self {
        Self {
            fitting: (0..choices.len()).collect(),
            all: choices,
            at: 0,
        }
    }

    /// Puts the row of a mailbox first, where nothing was narrowed or walked yet.
    pub fn propose(&mut self, mailbox: MailboxKey) {
        let wanted = Target::Mailbox(mailbox);
        let at = self.all.iter().position(|choice| choice.target == wanted);
        let untouched = self.at == 0 && self.fitting.len() == self.all.len();
        if let Some(at) = at.filter(|_| untouched) {
            let row = self.all.remove(at);
            self.all.insert(0, row);
        }
    }

    /// Keeps what fits `query`, the best selected.
    pub fn narrow(&mut self, query: &str) {
        self.fitting = fuzzy::ranked(query, self.all.iter().map(Choice::searched));
        self.at = 0;
    }

    /// The row that Enter takes.
    pub fn current(&self) -> Option<&Choice> {
        self.all.get(*self.fitting.get(self.at)?)
    }

    /// Where it stands among the rows that fit.
    pub fn place(&self) -> usize {
        self.at
    }

    /// How many rows fit.
    pub fn count(&self) -> usize {
        self.fitting.len()
    }

    /// The rows that fit, best first.
    pub fn rows(&self) -> impl Iterator<Item = &Choice> {
        self.fitting.iter().filter_map(|at| self.all.get(*at))
    }

    /// Moves by rows, around the ends when it is one.
    pub fn step(&mut self, by: isize) {
        let count = self.fitting.len();
        if count == 0 {
            return;
        }
        let last = count - 1;
        self.at = match by {
            1 if self.at == last => 0,
            -1 if self.at == 0 => last,
            _ => self.at.saturating_add_signed(by).min(last),
        };
    }
}

impl Choice {
    /// What a query looks at: of a command its words as well, of a mailbox its name alone.
    fn searched(&self) -> (&str, &str) {
        match self.target {
            Target::Mailbox(_)
            | Target::Identity(_)
            | Target::Address(_)
            | Target::Mute(_)
            | Target::Outbox
            | Target::Search(_) => (&self.text, ""),
            Target::Command(_) => (&self.text, &self.detail),
        }
    }
}
