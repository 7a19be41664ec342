//! The needs and which one is selected.

use crate::tui::app::view::Need;

/// What the attention list knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What waits.
    pub needs: Vec<Need>,
    /// The selected one.
    pub selected: usize,
    /// Whether details of the selected one are shown.
    pub details: bool,
    /// Whether the list has come.
    pub loaded: bool,
}

impl State {
    /// Takes a new list; the selection stays on its need.
    pub fn take(&mut self, needs: Vec<Need>) {
        let old = self.need().map(|need| (need.cause, need.account.clone()));
        self.needs = needs;
        self.loaded = true;
        let same = |need: &Need| Some((need.cause, need.account.clone())) == old;
        let place = self.needs.iter().position(same);
        self.details &= place.is_some();
        let last = self.needs.len().saturating_sub(1);
        self.selected = place.unwrap_or(self.selected).min(last);
    }

    /// The selected need.
    pub fn need(&self) -> Option<&Need> {
        self.needs.get(self.selected)
    }

    /// Moves by needs.
    pub fn step(&mut self, by: isize) -> bool {
        let before = self.selected;
        let last = self.needs.len().saturating_sub(1);
        self.selected = before.saturating_add_signed(by).min(last);
        self.details &= self.selected == before;
        self.selected != before
    }
}
