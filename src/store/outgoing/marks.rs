//! What a message that was sent leaves on those that it answers or passes on.

use crate::model::journal::{Placed, coalesce};
use crate::model::{ActionId, AnswerKind, Answers, FlagChange, Flags, MessageKey, OperationKind};
use crate::store::accounts::AccountKind;
use crate::store::mailboxes::{self, PermanentFlags};
use crate::store::{StoreError, Tx, accounts, effective, journal, messages};

use super::Outgoing;

/// What it answers is marked `\Answered`, what it passes on `$Forwarded`, where the mailbox keeps
/// that.
pub(super) fn mark_answered(tx: &Tx<'_>, out: &Outgoing) -> Result<(), StoreError> {
    let Some(Answers { kind, messages }) = out.draft.as_ref().and_then(|d| d.answers.as_ref())
    else {
        return Ok(());
    };
    let flags = match kind {
        AnswerKind::Reply => Flags::of(Flags::ANSWERED),
        AnswerKind::Forward => Flags::parse(["$Forwarded"]),
        AnswerKind::Bounce | AnswerKind::New => return Ok(()),
    };
    for message in messages {
        mark(tx, out.action, *message, &FlagChange::add(flags.clone()))?;
    }
    Ok(())
}

fn mark(
    tx: &Tx<'_>,
    action: ActionId,
    key: MessageKey,
    change: &FlagChange,
) -> Result<(), StoreError> {
    let Some(row) = messages::find(tx, key)? else {
        return Ok(());
    };
    let Some(here) = row.mailbox else {
        return Ok(());
    };
    let change = change.against(&row.flags);
    let base = row.base.as_ref().map(|base| base.mailbox);
    let mailbox = mailboxes::get(tx, base.unwrap_or(here))?;
    if change.is_empty() || !keeps(&mailbox, &change.add) {
        return Ok(());
    }
    let before = Placed {
        mailbox: Some(here),
        flags: row.flags.clone(),
    };
    let after = Placed {
        mailbox: Some(here),
        flags: change.apply(&row.flags),
    };
    if accounts::get(tx, mailbox.account)?.kind == AccountKind::Imap {
        let waiting = journal::of_message(tx, key)?;
        let kind = OperationKind::Flag {
            message: key,
            change,
        };
        let coalesced = coalesce(&waiting, kind, row.base.as_ref().map(|base| &base.flags));
        for id in &coalesced.removed {
            journal::remove(tx, *id)?;
        }
        if let Some(kind) = &coalesced.added {
            journal::add(tx, action, mailbox.account, Some(here), kind)?;
        }
    }
    effective::show(tx, key, &before, &after)
}

fn keeps(mailbox: &mailboxes::Mailbox, add: &Flags) -> bool {
    let permanent = mailbox
        .base
        .as_ref()
        .and_then(|base| base.permanentflags.as_ref());
    match permanent {
        Some(PermanentFlags { flags, any: false }) => {
            add.keywords.iter().all(|word| flags.has_keyword(word))
        }
        Some(PermanentFlags { any: true, .. }) | None => true,
    }
}
