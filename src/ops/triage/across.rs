//! Moves between accounts: append there, proof, then delete here.
//!
//! The message keeps its key and goes over with it. What it leaves on the old server is a row of
//! its own, the *remains*, unseen, with an operation to delete it that waits until the message is
//! proven to stand at its new place. Taken back in time, the two become one again.
//!
//! A mailbox of this machine is a place as good: see [`crate::store::remains`] for what a message
//! leaves there, and for one that comes from a server before its bytes do.

use crate::model::journal::Placed;
use crate::model::maildrop::State;
use crate::model::{AccountKey, ContentKey, Flags, Kept, MailboxKey, MessageKey, OperationKind};
use crate::store::accounts::AccountKind;
use crate::store::requests::{self, Asked};
use crate::store::{
    Refusal, StoreError, contents, effective, journal, maildrop, messages, remains,
};

use super::{Acting, Shown};

/// Seconds that the wish for bytes of a maildrop stands; what waits for them stands longer, and every
/// look at the maildrop fetches for it.
const PATIENCE: i64 = 60;

/// The content of a message in another account, which shares its bytes.
pub(super) fn content(
    acting: &Acting<'_>,
    shown: &Shown,
    account: AccountKey,
) -> Result<ContentKey, StoreError> {
    contents::duplicate(
        acting.tx,
        shown.message.content,
        account,
        shown.message.arrival,
    )
}

/// A row whose bytes are still on a server, and the account that fetches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) message: MessageKey,
    pub(super) account: AccountKey,
}

/// Where the bytes of a message come from that goes to another account; `None` where they are here.
/// What lies on this machine in part only and on no server cannot go: nobody would fetch the rest.
pub(super) fn bytes(
    acting: &mut Acting<'_>,
    shown: &Shown,
    to: MailboxKey,
) -> Result<Option<Awaited>, StoreError> {
    let tx = acting.tx;
    if contents::kept(tx, shown.message.content)? == Kept::All {
        return Ok(None);
    }
    let source = match &shown.message.base {
        Some(_) => Some(shown.message.key),
        None => journal::of_message(tx, shown.message.key)?
            .iter()
            .find_map(|one| match &one.kind {
                OperationKind::Append { .. } | OperationKind::Copy { .. } => one.kind.other(),
                _ => None,
            }),
    };
    let in_maildrop = match source {
        None => maildrop::of_content(tx, shown.message.content)?
            .is_some_and(|seen| seen.state == State::Listed),
        Some(_) => false,
    };
    let Some(message) = source.or(in_maildrop.then_some(shown.message.key)) else {
        let name = acting.mailbox(to)?.name.clone().unwrap_or_default();
        return Err(StoreError::Refused(Refusal::NotKept { name }));
    };
    let content = messages::get(tx, message)?.content;
    let account = contents::get(tx, content)?.account;
    // Between two looks there is no connection to a maildrop: who asks has the next one at once.
    if in_maildrop {
        let section = String::new();
        let fetch = Asked::FetchBody { content, section };
        requests::ask(tx, account, &fetch, tx.now().saturating_add(PATIENCE))?;
    }
    Ok(Some(Awaited { message, account }))
}

/// Moves a message into a mailbox of another account.
pub(super) fn relocate(
    acting: &mut Acting<'_>,
    shown: &Shown,
    to: MailboxKey,
) -> Result<(), StoreError> {
    let tx = acting.tx;
    let account = acting.mailbox(to)?.account;
    let target_is_imap = acting.account(account)?.kind == AccountKind::Imap;
    let key = shown.message.key;
    let awaited = bytes(acting, shown, to)?;
    let action = acting.action()?;
    let mut flags = shown.message.flags.clone();
    flags.system &= !Flags::DELETED;
    let before = Placed {
        mailbox: Some(shown.here),
        flags: shown.message.flags.clone(),
    };
    let after = Placed {
        mailbox: Some(to),
        flags: flags.clone(),
    };
    acting.remember(key, &before, &after)?;
    if reunite(acting, shown, account)? {
        // Back where it came from: what is left is a move within that account, or nothing.
        let Some(back) = acting.shown(key)? else {
            return Ok(());
        };
        if back.here != to {
            acting.relocate_here(&back, to)?;
        }
        return Ok(());
    }
    let content = content(acting, shown, account)?;
    // What lands here at once need not be proven to stand anywhere.
    let uploads = target_is_imap || awaited.is_some();
    let (source, remains) = detach(acting, shown, content, uploads)?;
    effective::show(tx, key, &before, &after)?;
    if uploads {
        let append = OperationKind::Append {
            message: key,
            source: source.or(awaited.map(|from| from.message)),
            to,
            flags,
            proof: None,
            sent_as: None,
        };
        let carrier = match awaited {
            Some(from) if !target_is_imap => from.account,
            _ => account,
        };
        journal::add(tx, action, carrier, Some(shown.here), &append)?;
    }
    if let Some(remains) = remains {
        let expunge = OperationKind::Expunge {
            message: remains,
            after: uploads.then_some(key),
            left_by: Some(key),
        };
        journal::add(tx, action, shown.account, Some(shown.here), &expunge)?;
        effective::refold_one(tx, remains)?;
    }
    Ok(())
}

/// Frees the message from where it stands. Answers where its bytes come from while they are not
/// kept, and what is left to delete.
fn detach(
    acting: &mut Acting<'_>,
    shown: &Shown,
    content: ContentKey,
    uploads: bool,
) -> Result<(Option<MessageKey>, Option<MessageKey>), StoreError> {
    let tx = acting.tx;
    if shown.message.base.is_some() {
        let remains = messages::part(tx, &shown.message, content)?;
        return Ok((Some(remains), Some(remains)));
    }
    // Local, or itself still on its way to a server: that way ends here.
    let waiting = journal::of_message(tx, shown.message.key)?;
    if waiting.iter().any(|one| one.state.is_undecided()) {
        return Err(StoreError::Refused(Refusal::UnderWay));
    }
    if waiting.is_empty() && uploads {
        let remains = remains::leave(tx, &shown.message, content)?;
        return Ok((Some(remains), Some(remains)));
    }
    let source = waiting.iter().find_map(|one| match &one.kind {
        OperationKind::Append { .. } | OperationKind::Copy { .. } => one.kind.other(),
        _ => None,
    });
    for one in waiting {
        journal::remove(tx, one.id)?;
    }
    messages::hold(tx, &shown.message, content, source)?;
    if !uploads {
        remains::landed(tx, shown.message.key)?;
    }
    Ok((source, None))
}

/// If the message is on its way here from `account` and nothing of that has been sent, it becomes
/// one with its remains again.
fn reunite(
    acting: &mut Acting<'_>,
    shown: &Shown,
    account: AccountKey,
) -> Result<bool, StoreError> {
    let tx = acting.tx;
    let waiting = journal::of_message(tx, shown.message.key)?;
    if waiting.iter().any(|one| one.state.is_undecided()) {
        return Ok(false);
    }
    let remains = waiting.iter().find_map(|one| match &one.kind {
        OperationKind::Append { source, .. } => *source,
        _ => None,
    });
    let Some(remains) = remains
        .map(|key| messages::find(tx, key))
        .transpose()?
        .flatten()
    else {
        return Ok(false);
    };
    if let Some(deletion) = remains::deletion(tx, &remains)? {
        let is_ours = matches!(deletion.kind, OperationKind::Expunge { after: Some(after), .. }
            if after == shown.message.key);
        let back = is_ours && deletion.account == account;
        if back {
            remains::rejoin(tx, &shown.message, &remains)?;
        }
        return Ok(back);
    }
    let Some(base) = &remains.base else {
        return Ok(false);
    };
    let deletes = journal::of_message(tx, remains.key)?;
    let is_ours = deletes.iter().any(|one| {
        matches!(one.kind, OperationKind::Expunge { after: Some(after), .. }
            if after == shown.message.key)
    });
    if !is_ours
        || deletes.iter().any(|one| one.state.is_undecided())
        || acting.mailbox(base.mailbox)?.account != account
    {
        return Ok(false);
    }
    messages::join(tx, &shown.message, &remains)?;
    Ok(true)
}
