//! A change of the user's that rows show before its commit is known.

use crate::model::{FlagChange, Flags, LinkState, List, MailboxKey, MessageKey, Role};

use super::App;
use super::event::MailboxChange;
use super::event::{Action, Ticket};
use super::view::{Account, Anchor, Mailbox, Row};

/// One change in flight.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The action.
    pub ticket: Ticket,
    /// What the rows show of it.
    pub shown: Shown,
    /// The first question that sees its commit; `None` while it is not committed.
    pub seen_by: Option<Ticket>,
}

/// What rows show of a change.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Messages have other flags.
    Flags {
        /// What it changes.
        change: FlagChange,
        /// The messages, with their flags before.
        before: Vec<(MessageKey, Flags)>,
    },
    /// Messages have left a list.
    Left {
        /// The list.
        list: List,
        /// The messages.
        messages: Vec<MessageKey>,
    },
    /// Messages stay where they are shown, in another mailbox.
    Moved,
    /// The folder list has other folders.
    Folders {
        /// What it changes.
        change: MailboxChange,
        /// The account that it changes, with its mailboxes before.
        before: Vec<(String, Vec<Mailbox>)>,
    },
}

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Into this mailbox.
    Mailbox(MailboxKey),
    /// Into the mailbox of that role in the account of each.
    Role(Role),
}

impl Wish {
    /// Whether the folder list shows it, and not an index.
    pub(super) fn is_of_folders(&self) -> bool {
        matches!(self.shown, Shown::Folders { .. })
    }
}

/// Places of messages that left, so that the cursor finds them when they come back.
const PLACES: usize = 200;

impl App {
    /// Changes flags: in the rows at once, in the store by an effect.
    pub(super) fn change_flags(
        &mut self,
        keys: Vec<MessageKey>,
        change: FlagChange,
        opening: bool,
    ) {
        let mut before = Vec::new();
        let mut wanted = Vec::with_capacity(keys.len());
        for key in keys {
            match self.flags_of(key) {
                Some(flags) if change.against(&flags).is_empty() => {}
                Some(flags) => {
                    self.show_flags(key, &change.apply(&flags), true);
                    before.push((key, flags));
                    wanted.push(key);
                }
                // Of a row that is not loaded the store knows the flags.
                None => wanted.push(key),
            }
        }
        if wanted.is_empty() {
            return;
        }
        let ticket = self.act(Action::Flags {
            messages: wanted,
            change: change.clone(),
            opening,
        });
        self.wish(ticket, Shown::Flags { change, before });
    }

    pub(super) fn wish(&mut self, ticket: Ticket, shown: Shown) {
        self.wishes.push(Wish {
            ticket,
            shown,
            seen_by: None,
        });
    }

    /// The messages leave their mailboxes: their rows go at once, the counts with them. A list that has
    /// the mailbox too into which they come keeps the rows.
    pub(super) fn leave(
        &mut self,
        ticket: Ticket,
        mut messages: Vec<MessageKey>,
        into: Option<Destination>,
    ) {
        let Some(list) = self.index.view.as_ref().map(|view| view.list.clone()) else {
            return;
        };
        super::threads::leave(self, &messages);
        let stays: Vec<(MessageKey, MailboxKey)> = messages
            .iter()
            .filter_map(|key| {
                let to = self.destination(into?, self.index.find(*key)?.mailbox)?;
                self.takes(&list, to).then_some((*key, to))
            })
            .collect();
        for (key, to) in &stays {
            self.index.moved(*key, *to);
        }
        messages.retain(|key| stays.iter().all(|(stays, _)| stays != key));
        if messages.is_empty() {
            return self.wish(ticket, Shown::Moved);
        }
        let cursor = self.index.row().map(|row| row.key);
        let gone = self.index.leave(&messages);
        self.remember_places(&list, cursor, &gone);
        // Rows that are not loaded are not known to be unread, nor where they are.
        let others = u64::try_from(messages.len() - gone.len().min(messages.len())).unwrap_or(0);
        if let Some(mailbox) = list.one_mailbox() {
            self.count(mailbox, |total, _| {
                *total = total.map(|total| total.saturating_sub(others));
            });
        }
        if let Some(into) = into
            && let Some(from) = list.one_mailbox()
            && let Some(into) = self.destination(into, from)
        {
            self.count(into, |total, _| *total = total.map(|total| total + others));
        }
        for row in gone {
            let unread = u64::from(!row.seen());
            self.count(row.mailbox, |total, count| {
                *total = total.map(|total| total.saturating_sub(1));
                *count = count.saturating_sub(unread);
            });
            if let Some(into) = into.and_then(|into| self.destination(into, row.mailbox)) {
                self.count(into, |total, count| {
                    *total = total.map(|total| total + 1);
                    *count += unread;
                });
            }
        }
        self.wish(ticket, Shown::Left { list, messages });
    }

    /// The mailbox into which a message of another one comes.
    fn destination(&self, into: Destination, of: MailboxKey) -> Option<MailboxKey> {
        match into {
            Destination::Mailbox(key) => Some(key),
            Destination::Role(role) => {
                let (account, _) = self.find_mailbox(of)?;
                account.role(role).map(|mailbox| mailbox.key)
            }
        }
    }

    /// Remembers where rows stood that leave: that of the cursor first.
    fn remember_places(&mut self, list: &List, cursor: Option<MessageKey>, gone: &[Row]) {
        let place = |row: &Row| (row.key, list.clone(), row.anchor());
        let mut places: Vec<_> = gone.iter().take(PLACES).map(place).collect();
        let under = gone.iter().find(|row| Some(row.key) == cursor);
        if let Some(row) = under {
            places.insert(0, place(row));
        }
        places.append(&mut self.left);
        places.truncate(PLACES);
        self.left = places;
    }

    fn count(&mut self, key: MailboxKey, change: impl Fn(&mut Option<u64>, &mut u64)) {
        let mailboxes = self.accounts.iter_mut().flat_map(|a| &mut a.mailboxes);
        for mailbox in mailboxes.filter(|m| m.key == key) {
            change(&mut mailbox.total, &mut mailbox.unread);
        }
    }

    /// Where one of these messages stood in the open list before it left.
    pub(super) fn place_of(&self, messages: &[MessageKey]) -> Option<Anchor> {
        let found = self
            .left
            .iter()
            .find(|(key, list, _)| self.index.shows(list) && messages.contains(key));
        found.map(|(_, _, anchor)| *anchor)
    }

    /// The flags that the person sees of a message.
    pub(super) fn flags_of(&self, key: MessageKey) -> Option<Flags> {
        let open = self.message.as_ref().filter(|m| m.key() == key);
        self.index
            .find(key)
            .map(|row| row.flags.clone())
            .or_else(|| open.map(|message| message.row.flags.clone()))
            .or_else(|| self.thread.as_ref().and_then(|thread| thread.flags_of(key)))
    }

    fn show_flags(&mut self, key: MessageKey, flags: &Flags, pending: bool) {
        let mailbox = self.index.find(key).map(|row| row.mailbox);
        let mailbox = mailbox.or_else(|| self.here());
        let found = mailbox.and_then(|key| self.find_mailbox(key));
        let server = found.is_some_and(|(account, _)| account.link.is_some());
        let before = self.index.reflag(key, flags, pending && server);
        if let Some(message) = self.message.as_mut().filter(|m| m.key() == key) {
            message.row.flags = flags.clone();
        }
        if let Some(thread) = &mut self.thread {
            thread.reflag(key, flags);
        }
        if let (Some(before), Some(mailbox)) = (before, mailbox) {
            self.recount(mailbox, before.has(Flags::SEEN), flags.has(Flags::SEEN));
        }
    }

    fn recount(&mut self, mailbox: MailboxKey, was_seen: bool, is_seen: bool) {
        self.count(mailbox, |_, unread| match (was_seen, is_seen) {
            (true, false) => *unread += 1,
            (false, true) => *unread = unread.saturating_sub(1),
            (true, true) | (false, false) => {}
        });
    }

    /// Shows the wishes again over rows that were read before their commits, and forgets those
    /// that the rows have.
    pub(super) fn reapply(&mut self, rows_of: Ticket) {
        self.wishes
            .retain(|wish| wish.is_of_folders() || wish.seen_by.is_none_or(|by| by > rows_of));
        for wish in self.wishes.clone() {
            match &wish.shown {
                Shown::Flags { change, before } => {
                    for (key, _) in before {
                        if let Some(flags) = self.index.find(*key).map(|row| row.flags.clone()) {
                            self.show_flags(*key, &change.apply(&flags), true);
                        }
                    }
                }
                Shown::Left { list, messages } => {
                    if self.index.shows(list) {
                        self.index.leave(messages);
                    }
                }
                Shown::Moved | Shown::Folders { .. } => {}
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
        let (mut left, mut folders) = (false, false);
        for wish in self.wishes.iter_mut().filter(|wish| wish.ticket == ticket) {
            wish.seen_by = Some(next);
            left |= matches!(wish.shown, Shown::Left { .. } | Shown::Moved);
            folders |= wish.is_of_folders();
        }
        self.folders_again |= folders;
        if left {
            // Rows that were read meanwhile may lack what came back after it left.
            self.index.changed();
            self.folders_again = true;
        }
    }

    /// The commit of a wish failed: the rows go back to what they were.
    pub(super) fn take_back(&mut self, ticket: Ticket) {
        let at = self.wishes.iter().position(|wish| wish.ticket == ticket);
        let Some(at) = at else { return };
        let wish = self.wishes.remove(at);
        match wish.shown {
            Shown::Flags { before, .. } => {
                for (key, flags) in before {
                    self.show_flags(key, &flags, false);
                }
            }
            Shown::Moved => self.folders_again = true,
            Shown::Left { list, messages } => {
                if self.index.shows(&list)
                    && let Some(place) = self.place_of(&messages)
                {
                    self.index
                        .go(super::super::screen::index::state::Goal::Row(place));
                }
                self.folders_again = true;
            }
            Shown::Folders { before, .. } => return self.take_folders_back(before),
        }
        self.index.changed();
    }

    /// Whether a change is on its way to a server that is there.
    pub fn is_sending(&self) -> bool {
        let states = self.accounts.iter().filter_map(Account::state);
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
