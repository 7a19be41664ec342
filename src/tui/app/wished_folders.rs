//! A change of folders that the folder list shows in the frame of its key, before its commit is
//! known: the store's own fold over the rows that are there.

use std::collections::BTreeMap;

use crate::model::journal::{MailboxPlaced, apply_to_mailboxes};
use crate::model::{Alone, MailboxKey, OperationKind, Role};

use super::event::{Action, MailboxChange, Ticket};
use super::view::{Account, Mailbox};
use super::wish::Shown;
use super::{App, answers};

impl App {
    /// Changes a mailbox: in the folder list at once, in the store by an effect.
    pub(super) fn change_mailbox(&mut self, change: MailboxChange) {
        let ticket = self.act(Action::Mailbox(change.clone()));
        let key = made_up(ticket);
        let opened = self.mailbox().map(|(_, mailbox)| mailbox.name.clone());
        let before = apply(&mut self.accounts, &change, key);
        if before.is_empty() {
            return;
        }
        if matches!(change, MailboxChange::Create { .. }) {
            self.folders.wanted = Some(key);
        }
        self.wish(ticket, Shown::Folders { change, before });
        self.folders.rebuild(&self.accounts);
        answers::leave_what_is_gone(self, opened);
    }

    /// Shows the changes again over rows that were read before their commits, and forgets those
    /// that the rows have.
    pub(super) fn reapply_folders(&mut self, rows_of: Ticket) {
        self.wishes.retain(|wish| {
            !wish.is_of_folders() || wish.seen_by.is_none_or(|seen_by| seen_by > rows_of)
        });
        self.show_folder_wishes();
    }

    /// A change was refused: the folder list goes back to the rows before it, with the changes that
    /// others still wait for.
    pub(super) fn take_folders_back(&mut self, before: Vec<(String, Vec<Mailbox>)>) {
        for (id, mailboxes) in before {
            if let Some(account) = self.accounts.iter_mut().find(|account| account.id == id) {
                account.mailboxes = mailboxes;
            }
        }
        self.show_folder_wishes();
        self.folders.rebuild(&self.accounts);
        self.folders_again = true;
    }

    fn show_folder_wishes(&mut self) {
        for wish in &mut self.wishes {
            let key = made_up(wish.ticket);
            if let Shown::Folders { change, before } = &mut wish.shown {
                *before = apply(&mut self.accounts, change, key);
            }
        }
    }
}

/// The key of a folder that has none yet.
fn made_up(ticket: Ticket) -> MailboxKey {
    MailboxKey(-i64::try_from(ticket.0).unwrap_or(i64::MAX))
}

/// Whether a folder is shown that the store does not have yet.
pub(super) fn is_being_made(key: MailboxKey) -> bool {
    key.0 < 0
}

/// Folds the change into the mailboxes of its account; what they were, or nothing if it changes
/// none. A new one gets `key`.
fn apply(
    accounts: &mut [Account],
    change: &MailboxChange,
    key: MailboxKey,
) -> Vec<(String, Vec<Mailbox>)> {
    let holds =
        |account: &Account, key: &MailboxKey| account.mailboxes.iter().any(|m| m.key == *key);
    let found = accounts.iter_mut().find(|one| match change {
        MailboxChange::Create { account, .. } => one.id == *account,
        MailboxChange::Rename { mailbox, .. }
        | MailboxChange::Remove(mailbox)
        | MailboxChange::Subscribe { mailbox, .. } => holds(one, mailbox),
    });
    let Some(account) = found else {
        return Vec::new();
    };
    let before = account.mailboxes.clone();
    let kind = match change {
        // One of that name is there, be it this one: the commit says what becomes of it.
        MailboxChange::Create { name, .. } | MailboxChange::Rename { to: name, .. }
            if before.iter().any(|mailbox| mailbox.name == *name) =>
        {
            return Vec::new();
        }
        MailboxChange::Create { name, .. } => {
            account.mailboxes.push(unborn(key, &before));
            let name = name.clone();
            OperationKind::Create { mailbox: key, name }
        }
        MailboxChange::Rename { mailbox, to } => OperationKind::Rename {
            mailbox: *mailbox,
            to: to.clone(),
        },
        MailboxChange::Remove(mailbox) => OperationKind::Remove {
            mailbox: *mailbox,
            known: None,
        },
        MailboxChange::Subscribe {
            mailbox,
            subscribed,
        } => OperationKind::Subscribe {
            mailbox: *mailbox,
            subscribed: *subscribed,
        },
    };
    fold(&mut account.mailboxes, &kind);
    vec![(account.id.clone(), before)]
}

fn unborn(key: MailboxKey, others: &[Mailbox]) -> Mailbox {
    Mailbox {
        key,
        name: String::new(),
        delimiter: others.iter().find_map(|other| other.delimiter),
        role: None,
        selectable: false,
        subscribed: false,
        listed: true,
        unread: 0,
        flagged: 0,
        alone: Alone::default(),
        total: None,
        offline: String::new(),
    }
}

fn fold(mailboxes: &mut Vec<Mailbox>, kind: &OperationKind) {
    let place = |mailbox: &Mailbox| MailboxPlaced {
        name: Some(mailbox.name.clone()),
        delimiter: mailbox.delimiter,
        subscribed: mailbox.subscribed,
    };
    let mut shown: BTreeMap<MailboxKey, MailboxPlaced> =
        mailboxes.iter().map(|one| (one.key, place(one))).collect();
    apply_to_mailboxes(&mut shown, kind);
    mailboxes.retain_mut(|mailbox| match shown.remove(&mailbox.key) {
        Some(MailboxPlaced {
            name: Some(name),
            subscribed,
            ..
        }) => {
            (mailbox.name, mailbox.subscribed) = (name, subscribed);
            true
        }
        Some(MailboxPlaced { name: None, .. }) | None => false,
    });
    let any = mailboxes
        .iter()
        .any(|mailbox| mailbox.subscribed && mailbox.role != Some(Role::Inbox));
    for mailbox in mailboxes.iter_mut() {
        mailbox.listed = mailbox.subscribed || !any;
    }
    let rank = |role: Option<Role>| Role::ALL.iter().position(|known| Some(*known) == role);
    mailboxes.sort_by_cached_key(|mailbox| {
        let name = mailbox.name.clone();
        let rank = rank(mailbox.role).unwrap_or(usize::MAX);
        (rank, name.to_lowercase(), name)
    });
}
