//! A change of the user's that rows show before its commit is known.

use crate::model::{FlagChange, Flags, LinkState, MessageKey, Role};

use super::App;
use super::event::{Action, Ticket};

/// One change in flight.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The action.
    pub ticket: Ticket,
    /// What it changes.
    pub change: FlagChange,
    /// The messages, with their flags before.
    pub before: Vec<(MessageKey, Flags)>,
    /// The first question that sees its commit; `None` while it is not committed.
    pub seen_by: Option<Ticket>,
}

impl App {
    /// Changes flags: in the rows at once, in the store by an effect.
    pub(super) fn change_flags(&mut self, key: MessageKey, change: FlagChange, opening: bool) {
        let Some(flags) = self.flags_of(key) else {
            return;
        };
        let change = change.against(&flags);
        if change.is_empty() {
            return;
        }
        self.show_flags(key, &change.apply(&flags), true);
        let ticket = self.act(Action::Flags {
            messages: vec![key],
            change: change.clone(),
            opening,
        });
        self.wishes.push(Wish {
            ticket,
            change,
            before: vec![(key, flags)],
            seen_by: None,
        });
    }

    /// The flags that the person sees of a message.
    pub(super) fn flags_of(&self, key: MessageKey) -> Option<Flags> {
        let open = self.message.as_ref().filter(|m| m.key() == key);
        self.index
            .find(key)
            .map(|row| row.flags.clone())
            .or_else(|| open.map(|message| message.row.flags.clone()))
    }

    fn show_flags(&mut self, key: MessageKey, flags: &Flags, pending: bool) {
        let server = self
            .mailbox()
            .is_some_and(|(account, _)| account.link.is_some());
        let before = self.index.reflag(key, flags, pending && server);
        if let Some(message) = self.message.as_mut().filter(|m| m.key() == key) {
            message.row.flags = flags.clone();
        }
        if let Some(before) = before {
            self.recount(before.has(Flags::SEEN), flags.has(Flags::SEEN));
        }
    }

    fn recount(&mut self, was_seen: bool, is_seen: bool) {
        let Some(open) = self.index.mailbox else {
            return;
        };
        let mailboxes = self.accounts.iter_mut().flat_map(|a| &mut a.mailboxes);
        for mailbox in mailboxes.filter(|m| m.key == open) {
            match (was_seen, is_seen) {
                (true, false) => mailbox.unread += 1,
                (false, true) => mailbox.unread = mailbox.unread.saturating_sub(1),
                (true, true) | (false, false) => {}
            }
        }
    }

    /// Shows the wishes again over rows that were read before their commits, and forgets those
    /// that the rows have.
    pub(super) fn reapply(&mut self, rows_of: Ticket) {
        self.wishes
            .retain(|wish| wish.seen_by.is_none_or(|by| by > rows_of));
        for wish in self.wishes.clone() {
            for (key, _) in &wish.before {
                if let Some(flags) = self.index.find(*key).map(|row| row.flags.clone()) {
                    self.show_flags(*key, &wish.change.apply(&flags), true);
                }
            }
        }
        if let Some(message) = &mut self.message
            && let Some(row) = self.index.find(message.row.key)
        {
            message.row.flags = row.flags.clone();
        }
    }

    /// The commit of a wish worked: rows asked from now on have it.
    pub(super) fn committed(&mut self, ticket: Ticket) {
        let next = Ticket(self.last_ticket + 1);
        for wish in self.wishes.iter_mut().filter(|wish| wish.ticket == ticket) {
            wish.seen_by = Some(next);
        }
    }

    /// The commit of a wish failed: the rows go back to what they were.
    pub(super) fn take_back(&mut self, ticket: Ticket) {
        let at = self.wishes.iter().position(|wish| wish.ticket == ticket);
        let Some(at) = at else { return };
        let wish = self.wishes.remove(at);
        for (key, flags) in &wish.before {
            self.show_flags(*key, flags, false);
        }
        self.index.changed();
    }

    /// Whether a change is on its way to a server that is there.
    pub fn is_sending(&self) -> bool {
        let states = self.accounts.iter().filter_map(super::view::Account::state);
        let mut there = states.filter(|s| matches!(s, LinkState::Online | LinkState::Syncing));
        (self.waiting > 0 || !self.wishes.is_empty()) && there.next().is_some()
    }

    /// Messages of all INBOXes, read or not.
    pub(super) fn inbox_mail(&self) -> u64 {
        let inboxes = self
            .accounts
            .iter()
            .filter_map(|account| account.role(Role::Inbox));
        inboxes.filter_map(|inbox| inbox.total).sum()
    }

    /// Unread messages of all INBOXes.
    pub fn new_mail(&self) -> u64 {
        self.accounts
            .iter()
            .filter_map(|account| account.role(Role::Inbox))
            .fold(0, |sum, inbox| sum + inbox.unread)
    }
}
