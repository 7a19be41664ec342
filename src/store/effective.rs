//! What is shown, written anew: `fold(base, operations)` of messages and of mailboxes.

use std::collections::BTreeMap;

use crate::model::journal::{Cause, Leaving, MailboxPlaced, Placed, fold, fold_mailboxes, leaving};
use crate::model::{AccountKey, ContentKey, Flags, MailboxKey, MessageKey, Operation};

use super::columns::{flags_at, of_flags};
use super::{Change, Rows, StoreError, Tx, journal, mailboxes, messages, verdicts};

/// Writes the effective columns of a message anew. Answers whether they changed.
pub(super) fn refold(tx: &Tx<'_>, key: MessageKey) -> Result<bool, StoreError> {
    let Some(Standing { base, ghost, now }) = Standing::of(tx, key)? else {
        return Ok(false);
    };
    let operations = journal::of_message(tx, key)?;
    let mut shown = fold(&base, &operations);
    if ghost && operations.is_empty() && shown.flags.has(Flags::DELETED) {
        shown.mailbox = None;
    }
    if shown == now {
        return Ok(false);
    }
    show(tx, key, &now, &shown)?;
    Ok(true)
}

/// As a step of an action that wrote journal rows itself: what is shown of the message follows them.
pub fn refold_one(tx: &Tx<'_>, key: MessageKey) -> Result<(), StoreError> {
    refold(tx, key).map(|_| ())
}

/// What a refold starts from.
struct Standing {
    /// What the server confirmed, as far as it may be shown.
    base: Placed,
    ghost: bool,
    /// What is shown until now.
    now: Placed,
}

impl Standing {
    fn of(tx: &Tx<'_>, key: MessageKey) -> Result<Option<Self>, StoreError> {
        use rusqlite::OptionalExtension;
        let mut query = tx.connection().prepare_cached(
            // A row of an epoch that has not settled stays as it is: unseen, or taken over already.
            // What a message left on this machine stands where its deletion was asked for.
            "SELECT CASE WHEN m.base_mailbox IS NULL THEN
               (SELECT j.mailbox FROM journal j JOIN account a ON a.key = j.account
                WHERE j.message = m.key AND j.kind = 'expunge' AND a.kind <> 'imap')
               WHEN m.base_epoch <= b.settled OR m.mailbox IS m.base_mailbox
               THEN m.base_mailbox END,
               m.base_flags, m.base_keywords, m.mailbox, m.flags, m.keywords, m.ghost,
               m.base_mailbox IS NULL AND NOT EXISTS (SELECT 1 FROM journal WHERE message = m.key)
             FROM message m LEFT JOIN mailbox b ON b.key = m.base_mailbox WHERE m.key = ?1",
        )?;
        let found: Option<(Self, bool)> = query
            .query_row([key.0], |row| {
                let mailbox = |at: usize| -> Result<_, rusqlite::Error> {
                    Ok(row.get::<_, Option<i64>>(at)?.map(MailboxKey))
                };
                let standing = Self {
                    base: Placed {
                        mailbox: mailbox(0)?,
                        flags: flags_at(row, 1)?,
                    },
                    ghost: row.get(6)?,
                    now: Placed {
                        mailbox: mailbox(3)?,
                        flags: flags_at(row, 4)?,
                    },
                };
                Ok((standing, row.get(7)?))
            })
            .optional()?;
        // A message that no server has and nothing waits for is local: its effective is the truth.
        Ok(found.and_then(|(standing, local)| (!local).then_some(standing)))
    }
}

/// Writes what the user sees of a message. Who calls it also writes the journal row that makes it so.
pub fn show(
    tx: &Tx<'_>,
    key: MessageKey,
    before: &Placed,
    shown: &Placed,
) -> Result<(), StoreError> {
    let (system, keywords) = of_flags(&shown.flags);
    if before.mailbox == shown.mailbox {
        tx.connection()
            .prepare_cached("UPDATE message SET flags = ?2, keywords = ?3 WHERE key = ?1")?
            .execute((key.0, system, keywords))?;
    } else {
        tx.connection()
            .prepare_cached(
                "UPDATE message SET flags = ?2, keywords = ?3, mailbox = ?4 WHERE key = ?1",
            )?
            .execute((key.0, system, keywords, shown.mailbox.map(|m| m.0)))?;
    }
    for mailbox in before.mailbox.iter().chain(&shown.mailbox) {
        tx.changed(Change::Messages(*mailbox));
    }
    Ok(())
}

/// As a step of an action that wrote journal rows itself: what is shown of an account's mailboxes
/// follows them.
pub fn refold_account(tx: &Tx<'_>, account: AccountKey) -> Result<(), StoreError> {
    refold_mailboxes(tx, account)
}

/// Writes names and subscriptions of all mailboxes of an account anew.
pub(super) fn refold_mailboxes(tx: &Tx<'_>, account: AccountKey) -> Result<(), StoreError> {
    let (mut base, mut now) = (BTreeMap::new(), BTreeMap::new());
    {
        let mut query = tx.connection().prepare_cached(
            "SELECT key, CASE WHEN base_name IS NOT NULL THEN base_shown END, delimiter,
               base_subscribed, name, subscribed, base_name IS NULL FROM mailbox WHERE account = ?1",
        )?;
        let mut rows = query.query([account.0])?;
        while let Some(row) = rows.next()? {
            let key = MailboxKey(row.get(0)?);
            let delimiter = row.get::<_, Option<String>>(2)?;
            let placed = |name, subscribed| MailboxPlaced {
                name,
                delimiter: delimiter.as_deref().and_then(|d| d.chars().next()),
                subscribed,
            };
            base.insert(key, placed(row.get(1)?, row.get(3)?));
            now.insert(
                key,
                (placed(row.get(4)?, row.get(5)?), row.get::<_, bool>(6)?),
            );
        }
    }
    let operations = journal::on_mailboxes(tx, account)?;
    let shown = fold_mailboxes(&base, &operations);
    let mut changed = false;
    for (key, shown) in shown {
        let Some((before, unborn)) = now.get(&key) else {
            continue;
        };
        let is_local = *unborn && shown.name.is_none() && !has_operation(&operations, key);
        if *before == shown || is_local {
            continue;
        }
        changed = true;
        tx.connection()
            .prepare_cached("UPDATE mailbox SET name = ?2, subscribed = ?3 WHERE key = ?1")?
            .execute((key.0, &shown.name, shown.subscribed))?;
    }
    if changed {
        tx.changed(Change::Mailboxes(account));
    }
    Ok(())
}

fn has_operation(operations: &[Operation], mailbox: MailboxKey) -> bool {
    operations
        .iter()
        .any(|operation| operation.kind.mailbox() == Some(mailbox))
}

/// The server has this message no longer. Its row goes, unless something that waits for it says
/// otherwise (see [`leaving`]). Answers whether it is gone from the screen's point of view.
pub(super) fn leave(
    tx: &Tx<'_>,
    key: MessageKey,
    content: ContentKey,
    why: &str,
) -> Result<bool, StoreError> {
    let mut operations = journal::of_message(tx, key)?;
    operations.extend(journal::naming(tx, key)?);
    match leaving(&operations) {
        Leaving::WaitForVerdict => Ok(false),
        Leaving::Forget => {
            messages::remove(tx, key, content)?;
            Ok(true)
        }
        Leaving::Conflict => {
            let conflicts =
                |one: &Operation| one.kind.message() != Some(key) || one.kind.target().is_some();
            for operation in operations.iter().filter(|one| !conflicts(one)) {
                journal::remove(tx, operation.id)?;
            }
            forget_base(tx, key)?;
            for operation in operations.iter().filter(|one| conflicts(one)) {
                if !operation.state.is_failed() {
                    verdicts::fail(tx, operation.id, why, Cause::Gone)?;
                }
            }
            Ok(true)
        }
    }
}

/// A message stands on no server any more; only what waits for it keeps its row.
pub(super) fn forget_base(tx: &Tx<'_>, key: MessageKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE message SET base_mailbox = NULL, base_epoch = NULL, base_uid = NULL,
               base_modseq = NULL, base_flags = flags, base_keywords = keywords, ghost = 0
             WHERE key = ?1",
        )?
        .execute([key.0])?;
    if refold(tx, key)? || !journal::of_message(tx, key)?.is_empty() {
        return Ok(());
    }
    // Only others name it, to copy it: there is nothing of it to see.
    let shown = messages::find(tx, key)?.and_then(|row| row.mailbox);
    tx.connection()
        .prepare_cached("UPDATE message SET mailbox = NULL WHERE key = ?1")?
        .execute([key.0])?;
    match shown {
        Some(mailbox) => tell(tx, mailbox),
        None => Ok(()),
    }
}

/// Removes a message that stands on no server, is not shown, and that nothing names.
pub(super) fn release(tx: &Tx<'_>, key: MessageKey) -> Result<(), StoreError> {
    let Some(message) = messages::find(tx, key)? else {
        return Ok(());
    };
    if message.base.is_none() && message.mailbox.is_none() && !journal::is_named(tx, key)? {
        messages::remove(tx, key, message.content)?;
    }
    Ok(())
}

/// Removes a mailbox that stands on no server, is not shown, and that nothing names or holds.
pub(super) fn release_mailbox(tx: &Tx<'_>, key: MailboxKey) -> Result<(), StoreError> {
    let deleted = tx
        .connection()
        .prepare_cached(
            "DELETE FROM mailbox WHERE key = ?1 AND base_name IS NULL AND name IS NULL
               AND NOT EXISTS (SELECT 1 FROM journal WHERE mailbox = ?1 OR target = ?1)
               AND NOT EXISTS (SELECT 1 FROM message WHERE mailbox = ?1 OR base_mailbox = ?1)",
        )?
        .execute([key.0])?;
    if deleted > 0 {
        tx.connection()
            .prepare_cached("DELETE FROM mailbox_thread WHERE mailbox = ?1")?
            .execute([key.0])?;
        tx.connection()
            .prepare_cached("DELETE FROM filed WHERE mailbox = ?1")?
            .execute([key.0])?;
    }
    Ok(())
}

/// The account of a mailbox, to tell the bus.
pub(super) fn tell(tx: &Tx<'_>, mailbox: MailboxKey) -> Result<(), StoreError> {
    tx.changed(Change::Messages(mailbox));
    tx.changed(Change::Mailboxes(mailboxes::get(tx, mailbox)?.account));
    Ok(())
}
