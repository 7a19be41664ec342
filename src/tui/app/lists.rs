//! Lists of an index: what they are called, which mailboxes they take, in which order they open.

use crate::model::{List, MailboxKey, View};

use super::view::{Account, Mailbox};
use super::{App, Screen};

impl App {
    /// What a list is called.
    pub fn list_name(&self, list: &List) -> String {
        match list {
            List::Mailbox(key) => {
                let found = self.find_mailbox(*key);
                found.map_or("INBOX".to_owned(), |(_, mailbox)| mailbox.name.clone())
            }
            List::Inboxes => "All inboxes".to_owned(),
            List::Unread => "All unread".to_owned(),
            List::Flagged => "All flagged".to_owned(),
            List::All | List::Searched { .. } => "All mail".to_owned(),
            List::Keys(keys) => self.list_name(&keys.of),
        }
    }

    /// Whether a list can hold messages of a mailbox.
    pub fn takes(&self, list: &List, key: MailboxKey) -> bool {
        let role = self.find_mailbox(key).and_then(|(_, mailbox)| mailbox.role);
        list.takes(key, role)
    }

    /// The account and row of a mailbox.
    pub fn find_mailbox(&self, key: MailboxKey) -> Option<(&Account, &Mailbox)> {
        self.accounts.iter().find_map(|account| {
            let mailbox = account.mailboxes.iter().find(|m| m.key == key)?;
            Some((account, mailbox))
        })
    }

    /// A list in the order that was chosen for it.
    pub(super) fn view_of(&self, list: List) -> View {
        let kept = self.orders.iter().find(|(known, _, _)| *known == list);
        let (order, reversed) = kept.map_or_else(Default::default, |(_, by, round)| (*by, *round));
        View {
            order,
            reversed,
            ..View::of(list)
        }
    }

    /// Opens a list over all accounts in the index.
    pub(super) fn open_list(&mut self, list: List) {
        if self.accounts.is_empty() {
            return self.hint("There is no account yet.");
        }
        self.folders.select_list(&list);
        self.index.open(self.view_of(list));
        self.message = None;
        self.parts = None;
        self.started = true;
        self.go(Screen::Index);
    }
}
