//! Flags: shown at once, journalled with their undo rows, sent when a connection is there.

use std::collections::BTreeMap;

use crate::model::journal::fold;
use crate::model::{
    ActionId, FlagChange, Flags, MailboxKey, MessageKey, Operation, OperationKind, OperationState,
};
use crate::store::mailboxes::{Mailbox, PermanentFlags};
use crate::store::messages::Message;
use crate::store::{Pending, Priority, Store, StoreError, Tx, journal, mailboxes, messages, undo};

/// Whether an action can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoable {
    /// Undo rows are written.
    Yes,
    /// None are: a read mark that opening a message sets.
    No,
}

/// What a flag action came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flagged {
    /// The action; `None` when nothing changed.
    pub action: Option<ActionId>,
    /// Messages whose flags changed.
    pub changed: Vec<MessageKey>,
    /// Messages that had the flags already.
    pub unchanged: usize,
    /// Keys that name no message.
    pub missing: Vec<MessageKey>,
}

/// Changes the flags of any number of messages: one transaction {effective, journal, undo}. Queued
/// changes of the same message become one; one that takes a queued one back cancels it. A keyword
/// that a mailbox does not keep (PERMANENTFLAGS) refuses the whole action.
pub fn change(
    store: &Store,
    keys: Vec<MessageKey>,
    change: FlagChange,
    undoable: Undoable,
) -> Pending<Flagged> {
    store.write(Priority::Person, move |tx| {
        let mut action = Action {
            tx,
            change: &change,
            undoable,
            mailboxes: BTreeMap::new(),
            outcome: Flagged::default(),
        };
        for key in keys {
            action.apply(key)?;
        }
        let outcome = action.outcome;
        if outcome.action.is_some() {
            undo::prune(tx)?;
        }
        Ok(outcome)
    })
}

struct Action<'a> {
    tx: &'a Tx<'a>,
    change: &'a FlagChange,
    undoable: Undoable,
    mailboxes: BTreeMap<MailboxKey, Mailbox>,
    outcome: Flagged,
}

impl Action<'_> {
    fn apply(&mut self, key: MessageKey) -> Result<(), StoreError> {
        let Some(message) = messages::find(self.tx, key)? else {
            self.outcome.missing.push(key);
            return Ok(());
        };
        let flags = self.change.apply(&message.flags);
        if flags == message.flags {
            self.outcome.unchanged += 1;
            return Ok(());
        }
        let change = self.change.against(&message.flags);
        let action = match self.outcome.action {
            Some(action) => action,
            None => journal::action(self.tx, "flag")?,
        };
        self.outcome.action = Some(action);
        if self.undoable == Undoable::Yes {
            undo::remember(self.tx, action, &message)?;
        }
        if let Some(mailbox) = message.base.as_ref().map(|base| base.mailbox) {
            self.journal(action, mailbox, &message, &change)?;
        }
        messages::show_flags(self.tx, &message, &flags)?;
        self.outcome.changed.push(key);
        Ok(())
    }

    fn mailbox(&mut self, key: MailboxKey) -> Result<&Mailbox, StoreError> {
        match self.mailboxes.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                Ok(entry.insert(mailboxes::get(self.tx, key)?))
            }
        }
    }

    fn journal(
        &mut self,
        action: ActionId,
        key: MailboxKey,
        message: &Message,
        change: &FlagChange,
    ) -> Result<(), StoreError> {
        let tx = self.tx;
        let mailbox = self.mailbox(key)?;
        refuse_unknown_keywords(mailbox, &change.add)?;
        let account = mailbox.account;
        let (queued, sent): (Vec<Operation>, Vec<Operation>) =
            journal::of_message(tx, message.key)?
                .into_iter()
                .filter(|operation| !matches!(operation.state, OperationState::Failed { .. }))
                .partition(|operation| matches!(operation.state, OperationState::Queued { .. }));
        let mut all = FlagChange::default();
        for operation in queued {
            let OperationKind::Flag { change, .. } = &operation.kind;
            all = all.then(change);
            journal::remove(tx, operation.id)?;
        }
        let base = crate::model::journal::Placed {
            mailbox: message.mailbox,
            flags: message
                .base
                .as_ref()
                .map(|base| base.flags.clone())
                .unwrap_or_default(),
        };
        // What the server has, or will have once it answered what was sent.
        let there = fold(&base, &sent).flags;
        let left = all.then(change);
        // While something is under way its end is not known, so that nothing is taken as done.
        let left = if sent.is_empty() {
            left.against(&there)
        } else {
            left
        };
        if !left.is_empty() {
            let kind = OperationKind::Flag {
                message: message.key,
                change: left,
            };
            journal::add(tx, action, account, Some(key), &kind)?;
        }
        Ok(())
    }
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
