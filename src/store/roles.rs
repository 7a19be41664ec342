//! What mailboxes are for, where the server does not say all of it.
//!
//! What the settings and SPECIAL-USE say comes with the LIST and stands above everything. A role that
//! it gives to nobody stays with the mailbox that has it (it was made for that), else it goes to one
//! that is called so.

use crate::model::{AccountKey, Role};

use super::mailboxes::{Listed, Mailbox, all};
use super::{Rows, StoreError, Tx};

/// Gives out the roles after a LIST was written.
pub(super) fn settle(
    tx: &Tx<'_>,
    account: AccountKey,
    listed: &[Listed],
) -> Result<(), StoreError> {
    for role in Role::GIVEN {
        let owners: Vec<&str> = listed
            .iter()
            .filter(|line| line.role == Some(role))
            .map(|line| line.name.as_str())
            .collect();
        if owners.is_empty() {
            guess(tx, account, role)?;
            continue;
        }
        for mailbox in all(tx, account)? {
            let name = mailbox.base.as_ref().map(|base| base.name.as_str());
            if mailbox.role == Some(role) && name.is_none_or(|name| !owners.contains(&name)) {
                give(tx, &mailbox, None)?;
            }
        }
    }
    Ok(())
}

/// A role that nobody has goes to the mailbox that is called so, at the top or just below INBOX.
fn guess(tx: &Tx<'_>, account: AccountKey, role: Role) -> Result<(), StoreError> {
    let mailboxes = all(tx, account)?;
    if mailboxes.iter().any(|mailbox| mailbox.role == Some(role)) {
        return Ok(());
    }
    for name in role.names() {
        let found = mailboxes.iter().find(|mailbox| {
            mailbox.role.is_none()
                && mailbox.base.as_ref().is_some_and(|base| base.selectable())
                && last_level(mailbox).is_some_and(|level| level.eq_ignore_ascii_case(name))
        });
        if let Some(found) = found {
            return give(tx, found, Some(role));
        }
    }
    Ok(())
}

/// The name of a mailbox that lies at the top or just below INBOX.
fn last_level(mailbox: &Mailbox) -> Option<&str> {
    let name = mailbox.name.as_deref()?;
    let Some(delimiter) = mailbox.base.as_ref()?.delimiter else {
        return Some(name);
    };
    match name.split_once(delimiter) {
        None => Some(name),
        Some((above, rest)) => {
            (above.eq_ignore_ascii_case("INBOX") && !rest.contains(delimiter)).then_some(rest)
        }
    }
}

fn give(tx: &Tx<'_>, mailbox: &Mailbox, role: Option<Role>) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE mailbox SET role = ?2 WHERE key = ?1")?
        .execute((mailbox.key.0, role.map(Role::word)))?;
    Ok(())
}
