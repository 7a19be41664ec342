//! What a person does with messages: flags, move, copy, archive, junk, delete, delete for good.
//!
//! Everything is one [`Wish`] on any number of messages: one transaction {effective, journal, undo},
//! or [`act_in_slices`] for very many, so that nobody else's key waits long. Where messages of
//! several accounts are meant, each goes into its own account's mailbox of the role.

mod across;

use std::collections::BTreeMap;

use crate::model::journal::{Coalesced, Placed, coalesce};
use crate::model::{
    AccountKey, ActionId, FlagChange, Flags, MailboxKey, MessageKey, OperationKind, Role,
};
use crate::store::accounts::{Account, AccountKind};
use crate::store::mailboxes::{Mailbox, PermanentFlags};
use crate::store::messages::Message;
use crate::store::{
    Pending, Priority, Refusal, Store, StoreError, Tx, accounts, effective, filed, journal,
    mailboxes, messages, undo, verdicts,
};

/// Messages of one transaction when there are very many.
pub const SLICE: usize = 1_000;

/// Where mail of a sender goes is remembered for small actions only: who files a thousand messages
/// at once tells nothing about their senders.
const REMEMBERED: usize = 50;

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into this mailbox, of whatever account.
    Mailbox(MailboxKey),
    /// Into the mailbox of this role in each message's own account.
    Role(Role),
}

/// Whether an action can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoable {
    /// Undo rows are written.
    Yes,
    /// None are: a read mark that opening a message sets.
    No,
}

/// What is asked of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Change flags.
    Flags(FlagChange, Undoable),
    /// Move.
    Move(Target),
    /// Copy; flags go along.
    Copy(Target),
    /// Delete for good. Not undoable: the face asks first.
    Expunge,
}

impl Wish {
    /// The word of the action, in the status line, the queue and undo.
    pub fn word(&self) -> &'static str {
        match self {
            Wish::Flags(..) => "flag",
            Wish::Move(Target::Role(Role::Trash)) => "delete",
            Wish::Move(Target::Role(Role::Archive)) => "archive",
            Wish::Move(Target::Role(Role::Junk)) => "junk",
            Wish::Move(_) => "move",
            Wish::Copy(_) => "copy",
            Wish::Expunge => "expunge",
        }
    }
}

/// What an action came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acted {
    /// The action; `None` when nothing changed.
    pub action: Option<ActionId>,
    /// Messages that changed.
    pub changed: Vec<MessageKey>,
    /// Messages that were as wished already.
    pub unchanged: usize,
    /// Keys that name no message.
    pub missing: Vec<MessageKey>,
    /// The mailboxes into which messages went, each once.
    pub into: Vec<MailboxKey>,
    /// Copies that were made, in the order of their originals.
    pub made: Vec<MessageKey>,
}

impl Acted {
    fn add(&mut self, more: Acted) {
        self.action = self.action.or(more.action);
        self.changed.extend(more.changed);
        self.unchanged += more.unchanged;
        self.missing.extend(more.missing);
        self.made.extend(more.made);
        for mailbox in more.into {
            if !self.into.contains(&mailbox) {
                self.into.push(mailbox);
            }
        }
    }
}

/// Does what is wished with any number of messages in one transaction. A wish that one message
/// refuses (a keyword that its mailbox does not keep, no mailbox of the role) refuses the whole.
pub fn act(store: &Store, keys: Vec<MessageKey>, wish: Wish) -> Pending<Acted> {
    store.write(Priority::Person, move |tx| {
        one_slice(tx, &keys, &wish, None)
    })
}

/// As [`act`], but in transactions of [`SLICE`] messages that are one action and undone as one.
/// Waits on this thread; others' actions go between the slices. A refusal in a later slice leaves
/// the earlier ones done, and they can be undone.
pub fn act_in_slices(store: &Store, keys: &[MessageKey], wish: &Wish) -> Result<Acted, StoreError> {
    let mut acted = Acted::default();
    for slice in keys.chunks(SLICE) {
        let (slice, wish, action) = (slice.to_vec(), wish.clone(), acted.action);
        let more = store
            .write(Priority::Person, move |tx| {
                one_slice(tx, &slice, &wish, action)
            })
            .wait()?;
        acted.add(more);
    }
    Ok(acted)
}

fn one_slice(
    tx: &Tx<'_>,
    keys: &[MessageKey],
    wish: &Wish,
    action: Option<ActionId>,
) -> Result<Acted, StoreError> {
    let mut acting = Acting::new(tx, wish.word());
    acting.outcome.action = action;
    acting.remembers = keys.len() <= REMEMBERED;
    for key in keys {
        acting.apply(*key, wish)?;
    }
    acting.end()
}

/// One action under way, in one transaction.
pub(super) struct Acting<'a> {
    pub(super) tx: &'a Tx<'a>,
    word: &'static str,
    mailboxes: BTreeMap<MailboxKey, Mailbox>,
    accounts: BTreeMap<AccountKey, Account>,
    roles: BTreeMap<(AccountKey, Role), MailboxKey>,
    remembers: bool,
    /// Whether it can be undone; undoing cannot.
    recorded: bool,
    pub(super) outcome: Acted,
}

/// A message that is shown somewhere.
pub(super) struct Shown {
    pub(super) message: Message,
    pub(super) here: MailboxKey,
    pub(super) account: AccountKey,
    /// No server knows it, nor is it on its way to one.
    pub(super) local: bool,
}

impl<'a> Acting<'a> {
    pub(super) fn new(tx: &'a Tx<'a>, word: &'static str) -> Self {
        Self {
            tx,
            word,
            mailboxes: BTreeMap::new(),
            accounts: BTreeMap::new(),
            roles: BTreeMap::new(),
            remembers: false,
            recorded: true,
            outcome: Acted::default(),
        }
    }

    /// The undoing of another action.
    pub(super) fn undoing(tx: &'a Tx<'a>) -> Self {
        Self {
            recorded: false,
            ..Self::new(tx, "undo")
        }
    }

    pub(super) fn end(self) -> Result<Acted, StoreError> {
        if self.outcome.action.is_some() {
            undo::prune(self.tx)?;
        }
        Ok(self.outcome)
    }

    fn apply(&mut self, key: MessageKey, wish: &Wish) -> Result<(), StoreError> {
        let Some(shown) = self.shown(key)? else {
            self.outcome.missing.push(key);
            return Ok(());
        };
        match wish {
            Wish::Flags(change, undoable) => self.flag(&shown, change, *undoable),
            Wish::Move(target) => {
                let to = self.target(*target, shown.account)?;
                self.relocate(&shown, to)
            }
            Wish::Copy(target) => {
                let to = self.target(*target, shown.account)?;
                self.copy(&shown, to)
            }
            Wish::Expunge => self.expunge(&shown),
        }
    }

    /// The message, if it is on somebody's screen.
    pub(super) fn shown(&mut self, key: MessageKey) -> Result<Option<Shown>, StoreError> {
        let Some(message) = messages::find(self.tx, key)? else {
            return Ok(None);
        };
        let Some(here) = message.mailbox else {
            return Ok(None);
        };
        let account = self.mailbox(here)?.account;
        let is_imap = self.account(account)?.kind == AccountKind::Imap;
        Ok(Some(Shown {
            local: message.base.is_none() && !is_imap,
            message,
            here,
            account,
        }))
    }

    pub(super) fn mailbox(&mut self, key: MailboxKey) -> Result<&Mailbox, StoreError> {
        match self.mailboxes.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                Ok(entry.insert(mailboxes::get(self.tx, key)?))
            }
        }
    }

    pub(super) fn account(&mut self, key: AccountKey) -> Result<&Account, StoreError> {
        match self.accounts.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                Ok(entry.insert(accounts::get(self.tx, key)?))
            }
        }
    }

    /// The mailbox that is meant, if messages can be put there.
    fn target(&mut self, target: Target, account: AccountKey) -> Result<MailboxKey, StoreError> {
        let key = match target {
            Target::Mailbox(key) => key,
            Target::Role(role) => match self.roles.get(&(account, role)) {
                Some(key) => *key,
                None => {
                    let found = mailboxes::by_role(self.tx, account, role)?;
                    let Some(found) = found else {
                        return Err(StoreError::Refused(Refusal::NoRole {
                            account: self.account(account)?.id.clone(),
                            role: role.word(),
                        }));
                    };
                    self.roles.insert((account, role), found.key);
                    found.key
                }
            },
        };
        let mailbox = self.mailbox(key)?;
        let name = mailbox.name.clone();
        match (&mailbox.base, name) {
            (_, None) => Err(StoreError::Refused(Refusal::BeingDeleted {
                name: mailbox
                    .base
                    .as_ref()
                    .map(|base| base.name.clone())
                    .unwrap_or_default(),
            })),
            (Some(base), Some(name)) if !base.selectable() => {
                Err(StoreError::Refused(Refusal::NotSelectable { name }))
            }
            _ => Ok(key),
        }
    }

    /// The id of this action, made when the first message changes.
    pub(super) fn action(&mut self) -> Result<ActionId, StoreError> {
        let action = match self.outcome.action {
            Some(action) => action,
            None => journal::action(self.tx, self.word)?,
        };
        self.outcome.action = Some(action);
        Ok(action)
    }

    /// Writes undo row and effective columns.
    pub(super) fn show(
        &mut self,
        message: &Message,
        after: &Placed,
        undoable: Undoable,
    ) -> Result<(), StoreError> {
        let before = Placed {
            mailbox: message.mailbox,
            flags: message.flags.clone(),
        };
        if undoable == Undoable::Yes {
            self.remember(message.key, &before, after)?;
        }
        effective::show(self.tx, message.key, &before, after)
    }

    /// Writes the undo row of one message.
    fn remember(
        &mut self,
        message: MessageKey,
        before: &Placed,
        after: &Placed,
    ) -> Result<(), StoreError> {
        if !self.recorded {
            return Ok(());
        }
        let action = self.action()?;
        undo::remember(self.tx, action, message, before, after)
    }

    /// Adds one operation on a message to those that wait for it.
    fn journal(&mut self, shown: &Shown, kind: OperationKind) -> Result<Coalesced, StoreError> {
        let action = self.action()?;
        let waiting = journal::of_message(self.tx, shown.message.key)?;
        let base = shown.message.base.as_ref();
        let coalesced = coalesce(&waiting, kind, base.map(|base| &base.flags));
        for id in &coalesced.removed {
            journal::remove(self.tx, *id)?;
        }
        if let Some(kind) = &coalesced.added {
            let account = self.carrier(shown)?;
            journal::add(self.tx, action, account, Some(shown.here), kind)?;
        }
        Ok(coalesced)
    }

    /// The account on whose server the message stands, or will stand.
    fn carrier(&mut self, shown: &Shown) -> Result<AccountKey, StoreError> {
        match &shown.message.base {
            Some(base) => Ok(self.mailbox(base.mailbox)?.account),
            None => Ok(shown.account),
        }
    }

    pub(super) fn flag(
        &mut self,
        shown: &Shown,
        change: &FlagChange,
        undoable: Undoable,
    ) -> Result<(), StoreError> {
        let flags = change.apply(&shown.message.flags);
        if flags == shown.message.flags {
            self.outcome.unchanged += 1;
            return Ok(());
        }
        let change = change.against(&shown.message.flags);
        if !shown.local {
            let base = shown.message.base.as_ref().map(|base| base.mailbox);
            refuse_unknown_keywords(self.mailbox(base.unwrap_or(shown.here))?, &change.add)?;
            let kind = OperationKind::Flag {
                message: shown.message.key,
                change,
            };
            self.journal(shown, kind)?;
        }
        self.action()?;
        if shown.local {
            self.amend(shown, |kind| {
                if let OperationKind::Append { flags: goes, .. } = kind {
                    *goes = flags.clone();
                }
            })?;
        }
        let after = Placed {
            mailbox: Some(shown.here),
            flags,
        };
        self.show(&shown.message, &after, undoable)?;
        self.outcome.changed.push(shown.message.key);
        Ok(())
    }

    /// Changes what waits for the bytes of a message that is on its way into a mailbox here.
    fn amend(
        &mut self,
        shown: &Shown,
        change: impl Fn(&mut OperationKind),
    ) -> Result<(), StoreError> {
        for mut operation in journal::of_message(self.tx, shown.message.key)? {
            change(&mut operation.kind);
            journal::rewrite(self.tx, &operation)?;
        }
        Ok(())
    }

    pub(super) fn relocate(&mut self, shown: &Shown, to: MailboxKey) -> Result<(), StoreError> {
        if to == shown.here {
            self.outcome.unchanged += 1;
            return Ok(());
        }
        // First, because a message that goes to another account gets another content.
        self.remember_filing(shown, to)?;
        if self.mailbox(to)?.account == shown.account {
            self.relocate_here(shown, to)?;
        } else {
            across::relocate(self, shown, to)?;
        }
        self.came_into(to);
        self.outcome.changed.push(shown.message.key);
        Ok(())
    }

    /// Moves within the account.
    fn relocate_here(&mut self, shown: &Shown, to: MailboxKey) -> Result<(), StoreError> {
        if shown.local {
            self.amend(shown, |kind| {
                if let OperationKind::Append { to: goes, .. } = kind {
                    *goes = to;
                }
            })?;
        } else {
            let kind = OperationKind::Move {
                message: shown.message.key,
                from: shown.here,
                to,
                proof: None,
            };
            self.journal(shown, kind)?;
        }
        let after = Placed {
            mailbox: Some(to),
            flags: shown.message.flags.clone(),
        };
        self.show(&shown.message, &after, Undoable::Yes)
    }

    fn came_into(&mut self, to: MailboxKey) {
        if !self.outcome.into.contains(&to) {
            self.outcome.into.push(to);
        }
    }

    /// Mailboxes with a role say nothing about who wrote.
    fn remember_filing(&mut self, shown: &Shown, to: MailboxKey) -> Result<(), StoreError> {
        if self.remembers && self.mailbox(to)?.role.is_none() {
            filed::remember(self.tx, shown.account, shown.message.content, to)?;
        }
        Ok(())
    }

    fn copy(&mut self, shown: &Shown, to: MailboxKey) -> Result<(), StoreError> {
        let mut flags = shown.message.flags.clone();
        flags.system &= !Flags::DELETED;
        let account = self.mailbox(to)?.account;
        let is_imap = self.account(account)?.kind == AccountKind::Imap;
        let bytes = match account == shown.account {
            true => None,
            false => across::bytes(self, shown, to)?,
        };
        let content = if account == shown.account {
            shown.message.content
        } else {
            across::content(self, shown, account)?
        };
        let key = messages::copy_row(self.tx, &shown.message, content, to, &flags)?;
        let action = self.action()?;
        if let Some(from) = bytes.filter(|_| !is_imap) {
            let kind = OperationKind::Append {
                message: key,
                source: Some(from.message),
                to,
                flags: flags.clone(),
                proof: None,
                sent_as: None,
            };
            journal::add(self.tx, action, from.account, Some(shown.here), &kind)?;
        }
        if is_imap {
            let kind = if account == shown.account {
                OperationKind::Copy {
                    message: key,
                    source: self.original(&shown.message)?,
                    to,
                    flags: flags.clone(),
                    proof: None,
                }
            } else {
                OperationKind::Append {
                    message: key,
                    source: bytes.map(|from| from.message),
                    to,
                    flags: flags.clone(),
                    proof: None,
                    sent_as: None,
                }
            };
            journal::add(self.tx, action, account, Some(shown.here), &kind)?;
        }
        let after = Placed {
            mailbox: Some(to),
            flags,
        };
        self.remember(key, &Placed::default(), &after)?;
        self.came_into(to);
        self.outcome.made.push(key);
        self.outcome.changed.push(shown.message.key);
        Ok(())
    }

    /// What a copy is made of: of a copy that waits itself, its own original, so that neither waits
    /// for the other nor ends with it.
    fn original(&self, message: &Message) -> Result<MessageKey, StoreError> {
        if message.base.is_some() {
            return Ok(message.key);
        }
        for one in journal::of_message(self.tx, message.key)? {
            let OperationKind::Copy { source, .. } = one.kind else {
                continue;
            };
            let stands = messages::find(self.tx, source)?
                .is_some_and(|row| row.base.is_some() && row.mailbox.is_some());
            if stands {
                return Ok(source);
            }
        }
        Ok(message.key)
    }

    pub(super) fn expunge(&mut self, shown: &Shown) -> Result<(), StoreError> {
        let key = shown.message.key;
        self.action()?;
        self.outcome.changed.push(key);
        if shown.local {
            return messages::remove_local(self.tx, key);
        }
        let kind = OperationKind::Expunge {
            message: key,
            after: None,
            left_by: None,
        };
        let coalesced = self.journal(shown, kind)?;
        let after = Placed {
            mailbox: None,
            flags: shown.message.flags.clone(),
        };
        self.show(&shown.message, &after, Undoable::No)?;
        if coalesced.forget {
            verdicts::forget(self.tx, key)?;
        }
        Ok(())
    }
}

/// Messages that are shown in their account's Trash already: to delete them is to delete for good.
pub fn in_trash(
    tx: &impl crate::store::Rows,
    keys: &[MessageKey],
) -> Result<Vec<MessageKey>, StoreError> {
    let mut trash: BTreeMap<MailboxKey, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for key in keys {
        let Some(here) = messages::find(tx, *key)?.and_then(|message| message.mailbox) else {
            continue;
        };
        let is_trash = match trash.get(&here) {
            Some(known) => *known,
            None => {
                let known = mailboxes::get(tx, here)?.role == Some(Role::Trash);
                trash.insert(here, known);
                known
            }
        };
        if is_trash {
            found.push(*key);
        }
    }
    Ok(found)
}

/// The messages of a mailbox that carry `\Deleted`: what `X` would delete for good. Refused where
/// the server could only delete those that others have marked since then too.
pub fn marked_deleted(
    rows: &impl crate::store::Rows,
    mailbox: MailboxKey,
) -> Result<Vec<MessageKey>, StoreError> {
    let account = mailboxes::get(rows, mailbox)?.account;
    let found = crate::store::lists::marked_deleted(rows, mailbox)?;
    if !found.is_empty() && accounts::uidplus(rows, account)? == Some(false) {
        let account = accounts::get(rows, account)?.id;
        return Err(StoreError::Refused(Refusal::NoUidPlus { account }));
    }
    Ok(found)
}

/// The mailbox to propose for filing a message: where mail of its list, else of its sender, went
/// last.
pub fn proposal(
    rows: &impl crate::store::Rows,
    key: MessageKey,
) -> Result<Option<MailboxKey>, StoreError> {
    let Some(message) = messages::find(rows, key)? else {
        return Ok(None);
    };
    let Some(here) = message.mailbox else {
        return Ok(None);
    };
    let account = mailboxes::get(rows, here)?.account;
    Ok(filed::proposal(rows, account, message.content)?.filter(|to| *to != here))
}

fn refuse_unknown_keywords(mailbox: &Mailbox, add: &Flags) -> Result<(), StoreError> {
    let permanent = mailbox
        .base
        .as_ref()
        .and_then(|base| base.permanentflags.as_ref());
    let Some(PermanentFlags { flags, any: false }) = permanent else {
        return Ok(());
    };
    match add.keywords.iter().find(|word| !flags.has_keyword(word)) {
        None => Ok(()),
        Some(keyword) => Err(StoreError::KeywordRefused {
            mailbox: mailbox.name.clone().unwrap_or_default(),
            keyword: keyword.clone(),
        }),
    }
}
