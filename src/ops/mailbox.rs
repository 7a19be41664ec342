//! What a person does with mailboxes: create, rename, delete, subscribe.
//!
//! Names are taken decoded, with the server's own delimiter, and checked here for what no server
//! takes; what a server says beyond that comes back as its refusal.

use std::collections::BTreeSet;

use crate::model::journal::{is_within, renamed};
use crate::model::{AccountKey, ActionId, MailboxKey, OperationKind, Role};
use crate::store::accounts::{Account, AccountKind};
use crate::store::mailboxes::Mailbox;
use crate::store::undo::PreviousMailbox;
use crate::store::{
    Pending, Priority, Refusal, Rows, Store, StoreError, Tx, accounts, effective, journal, local,
    mailboxes, removal, undo,
};

/// The longest name, in octets: a command line with it stays below what servers take, even encoded.
const LONGEST: usize = 1_000;

/// What an action on a mailbox came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The action.
    pub action: ActionId,
    /// The mailbox.
    pub mailbox: MailboxKey,
}

/// Makes a mailbox, for a role that no other one of the account has. It is there at once; the server hears of it when a connection is there. In an
/// account whose mailboxes all lie below INBOX (Courier and its like) a new one does too.
pub fn create(
    store: &Store,
    account: AccountKey,
    name: &str,
    role: Option<Role>,
) -> Pending<Changed> {
    let name = name.to_owned();
    store.write(Priority::Person, move |tx| {
        let place = Place::of(tx, account)?;
        let name = place.name(tx, &name, None)?;
        if let Some(role) = role
            && let Some(taken) = mailboxes::by_role(tx, account, role)?
        {
            return Err(Refusal::RoleTaken {
                account: place.account.id,
                role: role.word(),
                name: taken.name.unwrap_or_default(),
            }
            .into());
        }
        let key = mailboxes::conceive(tx, account, &name, place.delimiter, role)?;
        let action = journal::action(tx, "create")?;
        if place.account.kind == AccountKind::Imap {
            let kind = OperationKind::Create {
                mailbox: key,
                name: name.clone(),
            };
            journal::add(tx, action, account, Some(key), &kind)?;
        }
        let made = PreviousMailbox {
            mailbox: key,
            name: None,
            subscribed: false,
            now_name: Some(name),
            now_subscribed: true,
        };
        finish(tx, action, &made)
    })
}

/// Gives a mailbox another name; what lies below it goes along.
pub fn rename(store: &Store, mailbox: MailboxKey, to: &str) -> Pending<Changed> {
    let to = to.to_owned();
    store.write(Priority::Person, move |tx| {
        let row = there(tx, mailbox)?;
        let from = row.name.clone().unwrap_or_default();
        if row.role == Some(Role::Inbox) {
            return Err(Refusal::Inbox { what: "renamed" }.into());
        }
        let place = Place::of(tx, row.account)?;
        let to = place.name(tx, &to, Some(mailbox))?;
        if is_within(&to, &from, place.delimiter) {
            let why = "a mailbox cannot be moved below itself";
            return Err(Refusal::Name { name: to, why }.into());
        }
        if place.account.kind != AccountKind::Imap {
            place.refuse_twins(tx, &from, &to)?;
        }
        let action = journal::action(tx, "rename")?;
        rename_to(tx, action, &place.account, &row, &to)?;
        let renamed = PreviousMailbox {
            mailbox,
            name: Some(from),
            subscribed: row.subscribed,
            now_name: Some(to),
            now_subscribed: row.subscribed,
        };
        finish(tx, action, &renamed)
    })
}

/// Deletes a mailbox and the messages in it. The face asks first. It can be undone until the server
/// has confirmed it; on this machine it is done at once and cannot. What an account of this machine
/// keeps its mail in (INBOX, Drafts, Sent, Archive, Junk, Trash) stays, whatever it is called.
pub fn remove(store: &Store, mailbox: MailboxKey) -> Pending<Changed> {
    store.write(Priority::Person, move |tx| {
        let row = there(tx, mailbox)?;
        let name = row.name.clone().unwrap_or_default();
        if row.role == Some(Role::Inbox) {
            return Err(Refusal::Inbox { what: "deleted" }.into());
        }
        let place = Place::of(tx, row.account)?;
        if let Some(role) = row.role
            && place.account.kind != AccountKind::Imap
        {
            // No server would name another one for it.
            let (account, role) = (place.account.id, role.word());
            return Err(Refusal::Needed {
                account,
                name,
                role,
            }
            .into());
        }
        if mailboxes::all(tx, row.account)?.iter().any(|other| {
            let other = other.name.as_deref().unwrap_or_default();
            is_within(other, &name, place.delimiter)
        }) {
            return Err(Refusal::HasInferiors { name }.into());
        }
        let action = journal::action(tx, "remove")?;
        if place.account.kind == AccountKind::Imap {
            remove_there(tx, action, &row)?;
        } else {
            local::remove(tx, &row)?;
            return Ok(Changed { action, mailbox });
        }
        let removed = PreviousMailbox {
            mailbox,
            name: Some(name),
            subscribed: row.subscribed,
            now_name: None,
            now_subscribed: row.subscribed,
        };
        finish(tx, action, &removed)
    })
}

/// Subscribes or unsubscribes a mailbox. Only subscribed ones are kept for reading off line.
pub fn subscribe(store: &Store, mailbox: MailboxKey, subscribed: bool) -> Pending<Changed> {
    store.write(Priority::Person, move |tx| {
        let row = there(tx, mailbox)?;
        let word = if subscribed {
            "subscribe"
        } else {
            "unsubscribe"
        };
        let action = journal::action(tx, word)?;
        if row.subscribed != subscribed {
            subscribe_to(tx, action, &row, subscribed)?;
        }
        let changed = PreviousMailbox {
            mailbox,
            name: row.name.clone(),
            subscribed: row.subscribed,
            now_name: row.name.clone(),
            now_subscribed: subscribed,
        };
        finish(tx, action, &changed)
    })
}

fn finish(tx: &Tx<'_>, action: ActionId, changed: &PreviousMailbox) -> Result<Changed, StoreError> {
    undo::remember_mailbox(tx, action, changed)?;
    undo::prune(tx)?;
    Ok(Changed {
        action,
        mailbox: changed.mailbox,
    })
}

fn there(rows: &impl Rows, mailbox: MailboxKey) -> Result<Mailbox, StoreError> {
    let row = mailboxes::get(rows, mailbox)?;
    if row.name.is_none() {
        let name = mailboxes::gone_name(rows, mailbox)?;
        let name = name.unwrap_or_else(|| row.base.map(|base| base.name).unwrap_or_default());
        return Err(Refusal::BeingDeleted { name }.into());
    }
    Ok(row)
}

/// The journal's part of a rename; a second one replaces a first one that waits, one of a mailbox
/// that is still to be made changes what it is made as.
pub(super) fn rename_to(
    tx: &Tx<'_>,
    action: ActionId,
    account: &Account,
    row: &Mailbox,
    to: &str,
) -> Result<(), StoreError> {
    if account.kind != AccountKind::Imap {
        return local::rename(tx, row, to);
    }
    let kind = OperationKind::Rename {
        mailbox: row.key,
        to: to.to_owned(),
    };
    journal::add(tx, action, row.account, Some(row.key), &kind)?;
    effective::refold_account(tx, row.account)
}

/// Takes a mailbox back that was made: where no server knows it, it goes at once.
pub(super) fn remove_anywhere(
    tx: &Tx<'_>,
    action: ActionId,
    account: &Account,
    row: &Mailbox,
) -> Result<(), StoreError> {
    match account.kind {
        AccountKind::Imap => remove_there(tx, action, row),
        _ => local::remove(tx, row),
    }
}

/// The journal's part of a deletion. What was never made need not be deleted.
pub(super) fn remove_there(tx: &Tx<'_>, action: ActionId, row: &Mailbox) -> Result<(), StoreError> {
    let waiting = journal::of_mailbox(tx, row.key)?;
    let create = waiting
        .iter()
        .find(|one| matches!(one.kind, OperationKind::Create { .. }));
    if let Some(create) = create.filter(|create| !create.state.is_undecided()) {
        return crate::store::verdicts::withdraw(tx, create.id);
    }
    let kind = OperationKind::Remove {
        mailbox: row.key,
        known: Some(removal::known(tx, row)?),
    };
    journal::add(tx, action, row.account, Some(row.key), &kind)?;
    effective::refold_account(tx, row.account)
}

/// The journal's part of a subscription; a change back takes back the one that waits.
pub(super) fn subscribe_to(
    tx: &Tx<'_>,
    action: ActionId,
    row: &Mailbox,
    subscribed: bool,
) -> Result<(), StoreError> {
    if accounts::get(tx, row.account)?.kind != AccountKind::Imap {
        return local::subscribe(tx, row, subscribed);
    }
    let mut under_way = false;
    for one in journal::of_mailbox(tx, row.key)? {
        if matches!(one.kind, OperationKind::Subscribe { .. }) {
            under_way |= one.state.is_undecided();
            if !one.state.is_undecided() {
                journal::remove(tx, one.id)?;
            }
        }
    }
    let has = row.base.as_ref().is_some_and(|base| base.subscribed);
    if under_way || has != subscribed {
        let kind = OperationKind::Subscribe {
            mailbox: row.key,
            subscribed,
        };
        journal::add(tx, action, row.account, Some(row.key), &kind)?;
    }
    effective::refold_account(tx, row.account)
}

/// Where a new name is to fit in.
struct Place {
    account: Account,
    delimiter: Option<char>,
    /// All other mailboxes lie below this one, delimiter included.
    prefix: Option<String>,
}

impl Place {
    fn of(rows: &impl Rows, key: AccountKey) -> Result<Self, StoreError> {
        let account = accounts::get(rows, key)?;
        let all = mailboxes::all(rows, key)?;
        let delimiter = all
            .iter()
            .find_map(|mailbox| mailbox.base.as_ref()?.delimiter)
            .or_else(|| (account.kind != AccountKind::Imap).then_some(local::DELIMITER));
        let prefix = delimiter.map(|delimiter| format!("INBOX{delimiter}"));
        let mut others = all
            .iter()
            .filter(|mailbox| mailbox.role != Some(Role::Inbox) && mailbox.base.is_some())
            .filter_map(|mailbox| mailbox.name.as_deref())
            .peekable();
        let below = others.peek().is_some()
            && prefix
                .as_ref()
                .is_some_and(|prefix| others.all(|name| name.starts_with(prefix.as_str())));
        Ok(Self {
            account,
            delimiter,
            prefix: prefix.filter(|_| below),
        })
    }

    /// What lies below a mailbox that is renamed must not take the name of what is there; for IMAP
    /// the server looks after that.
    fn refuse_twins(&self, rows: &impl Rows, from: &str, to: &str) -> Result<(), StoreError> {
        let all = mailboxes::all(rows, self.account.key)?;
        let names: BTreeSet<&str> = all.iter().filter_map(|one| one.name.as_deref()).collect();
        for name in &names {
            let new = renamed(name, from, to, self.delimiter);
            if let Some(new) = new.filter(|new| names.contains(new.as_str())) {
                let stays = !is_within(&new, from, self.delimiter) && new != from;
                if stays {
                    let account = self.account.id.clone();
                    return Err(Refusal::Exists { account, name: new }.into());
                }
            }
        }
        Ok(())
    }

    /// The name as it is to be, or why there can be none.
    fn name(
        &self,
        rows: &impl Rows,
        typed: &str,
        itself: Option<MailboxKey>,
    ) -> Result<String, StoreError> {
        let refuse = |why| {
            let name = typed.to_owned();
            Err(StoreError::Refused(Refusal::Name { name, why }))
        };
        let trimmed = match self.delimiter {
            Some(delimiter) => typed.trim_end_matches(delimiter),
            None => typed,
        };
        if trimmed.is_empty() {
            return refuse("it is empty");
        }
        if trimmed.chars().any(char::is_control) {
            return refuse("it holds control characters");
        }
        if trimmed.contains(['*', '%']) {
            return refuse("* and % are wildcards of the protocol");
        }
        if trimmed.len() > LONGEST {
            return refuse("it is longer than 1,000 octets");
        }
        if let Some(delimiter) = self.delimiter
            && trimmed.split(delimiter).any(str::is_empty)
        {
            return refuse("one of its levels is empty");
        }
        let name = match &self.prefix {
            Some(prefix) if !trimmed.starts_with(prefix.as_str()) => format!("{prefix}{trimmed}"),
            _ => trimmed.to_owned(),
        };
        match mailboxes::by_name(rows, self.account.key, &name)? {
            Some(other) if Some(other.key) != itself => Err(StoreError::Refused(Refusal::Exists {
                account: self.account.id.clone(),
                name,
            })),
            _ => Ok(name),
        }
    }
}
