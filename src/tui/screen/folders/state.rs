//! Which rows the folder list has, which of them are folded and which one is selected.

use std::collections::BTreeSet;

use crate::model::journal::is_within;
use crate::model::{List, MailboxKey, SearchKey};
use crate::tui::app::kept::KeptSearch;
use crate::tui::app::view::{Account, Mailbox};

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An empty row between accounts.
    Gap,
    /// A list over all accounts.
    List(List),
    /// The head of the searches that are kept.
    Searches,
    /// A search that is kept, by its place.
    Search(usize),
    /// The head of an account, by its place.
    Account(usize),
    /// A mailbox.
    Mailbox {
        /// Its account's place.
        account: usize,
        /// Its place in the account.
        mailbox: usize,
        /// How deep it lies.
        depth: usize,
        /// Whether others lie below it, and whether they are folded.
        below: Option<bool>,
        /// Its name without the names above it.
        name: String,
    },
    /// The Outbox of an account, by the account's place.
    Outbox(usize),
}

impl Entry {
    /// Whether the selection can stand on it.
    pub fn selectable(&self) -> bool {
        !matches!(self, Entry::Gap)
    }
}

/// What the folder list knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The rows, made anew when accounts or folds change.
    pub entries: Vec<Entry>,
    /// The selected row.
    pub selected: usize,
    /// The row at the top.
    pub top: usize,
    /// The same for the pane beside the index, where the open mailbox leads.
    pub pane_top: usize,
    /// Whether mailboxes that are not subscribed are shown too.
    pub all: bool,
    /// The searches that are kept, by name.
    pub searches: Vec<KeptSearch>,
    /// The mailbox that takes the selection as soon as it is there.
    pub wanted: Option<MailboxKey>,
    folded_accounts: BTreeSet<String>,
    folded: BTreeSet<MailboxKey>,
}

impl State {
    /// Makes the rows; the selection stays on its mailbox.
    pub fn rebuild(&mut self, accounts: &[Account]) {
        let outbox = self.outbox_of(accounts);
        let old = self.target(accounts);
        let old = old.map(|(id, key)| (id.to_owned(), key));
        let list = self.list();
        let search = match self.entries.get(self.selected) {
            Some(Entry::Searches | Entry::Search(_)) => Some(self.selected),
            Some(_) | None => None,
        };
        let wanted = self.unfold_wanted(accounts);
        self.entries.clear();
        self.entries.extend(lists(accounts).map(Entry::List));
        if !self.searches.is_empty() {
            if !self.entries.is_empty() {
                self.entries.push(Entry::Gap);
            }
            self.entries.push(Entry::Searches);
            self.entries
                .extend((0..self.searches.len()).map(Entry::Search));
        }
        for (n, account) in accounts.iter().enumerate() {
            self.entries.push(Entry::Gap);
            self.entries.push(Entry::Account(n));
            if !self.folded_accounts.contains(&account.id) {
                self.tree(n, account);
                if account.outbox.all > 0 {
                    self.entries.push(Entry::Outbox(n));
                }
            }
        }
        if let Some((id, key)) = wanted {
            self.select(accounts, &id, Some(key));
            self.wanted = None;
        } else if let Some((id, key)) = old {
            self.select(accounts, &id, key);
        } else if let Some(at) = search {
            // The next one takes the place of one that went.
            self.selected = at;
        } else if let Some(list) = list {
            self.select_list(&list);
        } else {
            let inbox = |entry: &Entry| matches!(entry, Entry::Mailbox { .. });
            self.selected = self.entries.iter().position(inbox).unwrap_or(0);
        }
        if let Some(id) = outbox {
            let is_it = |entry: &Entry| match entry {
                Entry::Outbox(n) => accounts.get(*n).is_some_and(|one| one.id == id),
                _ => false,
            };
            let at = self.entries.iter().position(is_it);
            self.selected = at.unwrap_or(self.selected);
        }
        self.selected = self.selected.min(self.entries.len().saturating_sub(1));
        if self.entries.get(self.selected) == Some(&Entry::Gap) {
            self.selected = self.selected.saturating_sub(1);
        }
    }

    /// Opens what is folded above the wanted mailbox, when that is there.
    fn unfold_wanted(&mut self, accounts: &[Account]) -> Option<(String, MailboxKey)> {
        let key = self.wanted?;
        let (account, mailbox) = accounts.iter().find_map(|account| {
            let mailbox = account.mailboxes.iter().find(|m| m.key == key)?;
            Some((account, mailbox))
        })?;
        self.folded_accounts.remove(&account.id);
        for above in &account.mailboxes {
            if is_within(&mailbox.name, &above.name, above.delimiter) {
                self.folded.remove(&above.key);
            }
        }
        Some((account.id.clone(), key))
    }

    fn shows(&self, mailbox: &Mailbox) -> bool {
        self.all || mailbox.listed
    }

    fn tree(&mut self, place: usize, account: &Account) {
        let mut hidden: Option<String> = None;
        let shown: Vec<&Mailbox> = account
            .mailboxes
            .iter()
            .filter(|mailbox| self.shows(mailbox))
            .collect();
        for (n, mailbox) in account.mailboxes.iter().enumerate() {
            if !self.shows(mailbox) {
                continue;
            }
            if let Some(prefix) = &hidden {
                if mailbox.name.starts_with(prefix.as_str()) {
                    continue;
                }
                hidden = None;
            }
            let (depth, name) = placed(&shown, mailbox);
            let prefix = mailbox.delimiter.map(|d| format!("{}{d}", mailbox.name));
            let parent = prefix
                .as_ref()
                .is_some_and(|prefix| shown.iter().any(|m| m.name.starts_with(prefix.as_str())));
            let below = parent.then(|| self.folded.contains(&mailbox.key));
            if below == Some(true) {
                hidden = prefix;
            }
            self.entries.push(Entry::Mailbox {
                account: place,
                mailbox: n,
                depth,
                below,
                name,
            });
        }
    }

    /// The account and mailbox of the selected row.
    pub fn target<'a>(&self, accounts: &'a [Account]) -> Option<(&'a str, Option<MailboxKey>)> {
        match self.entries.get(self.selected)? {
            Entry::Gap | Entry::List(_) | Entry::Searches | Entry::Search(_) => None,
            Entry::Account(n) | Entry::Outbox(n) => accounts.get(*n).map(|a| (a.id.as_str(), None)),
            Entry::Mailbox {
                account, mailbox, ..
            } => {
                let account = accounts.get(*account)?;
                let mailbox = account.mailboxes.get(*mailbox)?;
                Some((account.id.as_str(), Some(mailbox.key)))
            }
        }
    }

    /// The account whose Outbox is selected.
    pub fn outbox_of(&self, accounts: &[Account]) -> Option<String> {
        match self.entries.get(self.selected)? {
            Entry::Outbox(n) => accounts.get(*n).map(|account| account.id.clone()),
            Entry::Gap
            | Entry::List(_)
            | Entry::Searches
            | Entry::Search(_)
            | Entry::Account(_)
            | Entry::Mailbox { .. } => None,
        }
    }

    /// The search that is selected.
    pub fn search(&self) -> Option<&KeptSearch> {
        match self.entries.get(self.selected)? {
            Entry::Search(at) => self.searches.get(*at),
            _ => None,
        }
    }

    /// Puts the selection on a search.
    pub fn select_search(&mut self, key: SearchKey) {
        let is_it = |entry: &Entry| match entry {
            Entry::Search(at) => self.searches.get(*at).is_some_and(|one| one.key == key),
            _ => false,
        };
        if let Some(at) = self.entries.iter().position(is_it) {
            self.selected = at;
        }
    }

    /// The list over all accounts that is selected.
    pub fn list(&self) -> Option<List> {
        match self.entries.get(self.selected)? {
            Entry::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    /// Puts the selection on a list over all accounts.
    pub fn select_list(&mut self, list: &List) {
        let is_it = |entry: &Entry| matches!(entry, Entry::List(own) if own == list);
        if let Some(at) = self.entries.iter().position(is_it) {
            self.selected = at;
        }
    }

    /// Puts the selection on a mailbox, or on the head of an account.
    pub fn select(&mut self, accounts: &[Account], id: &str, key: Option<MailboxKey>) {
        let at = self.entries.iter().position(|entry| match entry {
            Entry::Gap | Entry::List(_) | Entry::Searches | Entry::Search(_) | Entry::Outbox(_) => {
                false
            }
            Entry::Account(n) => key.is_none() && accounts.get(*n).is_some_and(|a| a.id == id),
            Entry::Mailbox {
                account, mailbox, ..
            } => accounts
                .get(*account)
                .and_then(|a| a.mailboxes.get(*mailbox))
                .is_some_and(|m| Some(m.key) == key),
        });
        if let Some(at) = at {
            self.selected = at;
        }
    }

    /// Moves by rows, past gaps.
    pub fn step(&mut self, by: isize) -> bool {
        let last = self.entries.len().saturating_sub(1);
        let before = self.selected;
        let mut at = before.saturating_add_signed(by).min(last);
        let on_gap = |at: usize| self.entries.get(at).is_some_and(|e| !e.selectable());
        if on_gap(at) {
            at = at.saturating_add_signed(by.signum()).min(last);
        }
        self.selected = at;
        self.wanted = None;
        at != before
    }

    /// Folds or opens the selected row; false when nothing lies below it.
    pub fn fold(&mut self, accounts: &[Account], folded: bool) -> bool {
        let changed = match self.entries.get(self.selected) {
            Some(Entry::Account(n)) => match accounts.get(*n) {
                Some(account) if folded => self.folded_accounts.insert(account.id.clone()),
                Some(account) => self.folded_accounts.remove(&account.id),
                None => false,
            },
            Some(Entry::Mailbox { below: Some(_), .. }) => match self.target(accounts) {
                Some((_, Some(key))) if folded => self.folded.insert(key),
                Some((_, Some(key))) => self.folded.remove(&key),
                Some((_, None)) | None => false,
            },
            Some(
                Entry::Mailbox { below: None, .. }
                | Entry::Gap
                | Entry::List(_)
                | Entry::Searches
                | Entry::Search(_)
                | Entry::Outbox(_),
            )
            | None => false,
        };
        if changed {
            self.rebuild(accounts);
        }
        changed
    }

    /// Folds or opens everything.
    pub fn fold_all(&mut self, accounts: &[Account], folded: bool) {
        self.folded.clear();
        self.folded_accounts.clear();
        if folded {
            for account in accounts {
                for mailbox in &account.mailboxes {
                    self.folded.insert(mailbox.key);
                }
            }
        }
        self.rebuild(accounts);
    }

    /// Keeps the selection inside `height` rows.
    pub fn settle(&mut self, height: usize) {
        self.top = settled(self.top, self.selected, height, self.entries.len());
        self.pane_top = settled(self.pane_top, self.selected, height, self.entries.len());
    }
}

/// The lists over all accounts: one INBOX alone is no list.
fn lists(accounts: &[Account]) -> impl Iterator<Item = List> {
    let all = [List::Inboxes, List::Unread, List::Flagged].into_iter();
    let first = match accounts.len() {
        0 => 3,
        1 => 1,
        _ => 0,
    };
    all.skip(first)
}

/// The top row that keeps `selected` in a viewport of `height` rows over `count`.
pub fn settled(top: usize, selected: usize, height: usize, count: usize) -> usize {
    let height = height.max(1);
    let top = top.min(count.saturating_sub(height));
    if selected < top {
        selected
    } else if selected >= top + height {
        selected + 1 - height
    } else {
        top
    }
}

/// How deep a mailbox lies below others of the list, and its name without theirs.
fn placed(shown: &[&Mailbox], mailbox: &Mailbox) -> (usize, String) {
    let Some(delimiter) = mailbox.delimiter else {
        return (0, mailbox.name.clone());
    };
    let mut depth = 0;
    let mut rest = mailbox.name.as_str();
    for (at, _) in mailbox.name.match_indices(delimiter) {
        let above = mailbox.name.get(..at).unwrap_or_default();
        if shown.iter().any(|m| m.name == above) {
            depth += 1;
            rest = mailbox
                .name
                .get(at + delimiter.len_utf8()..)
                .unwrap_or_default();
        }
    }
    (depth, rest.to_owned())
}
