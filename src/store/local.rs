//! Mailboxes of this machine: in a local or POP3 account base is NULL, and what is shown is the
//! truth.

use crate::model::journal::{Cause, renamed};
use crate::model::{AccountKey, MailboxKey, Role};

use super::mailboxes::{Mailbox, all, by_name, by_role, get, vanish};
use super::{Change, Rows, StoreError, Tx, journal, remains, verdicts};

/// What stands between the levels of a name.
pub const DELIMITER: char = '/';

/// Sees to it that an account of this machine has the mailboxes that mail needs: INBOX, Drafts,
/// Sent, Archive, Junk and Trash, each with its role. A mailbox that has the role already, or that
/// is called so, is the one; so it may be called at every start.
pub fn furnish(tx: &Tx<'_>, account: AccountKey) -> Result<(), StoreError> {
    for role in [Role::Inbox].into_iter().chain(Role::GIVEN) {
        if by_role(tx, account, role)?.is_some() {
            continue;
        }
        let name = role.names().first().copied().unwrap_or("INBOX");
        let there = all(tx, account)?.into_iter().find(|mailbox| {
            let known = mailbox.name.as_deref().unwrap_or_default();
            mailbox.role.is_none() && known.eq_ignore_ascii_case(name)
        });
        match there {
            Some(mailbox) => give(tx, &mailbox, role)?,
            None => {
                ensure(tx, account, name, Some(role))?;
            }
        }
    }
    Ok(())
}

fn give(tx: &Tx<'_>, mailbox: &Mailbox, role: Role) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE mailbox SET role = ?2 WHERE key = ?1")?
        .execute((mailbox.key.0, role.word()))?;
    tx.changed(Change::Mailboxes(mailbox.account));
    Ok(())
}

/// The mailbox of this name, made at first sight.
pub fn ensure(
    tx: &Tx<'_>,
    account: AccountKey,
    name: &str,
    role: Option<Role>,
) -> Result<MailboxKey, StoreError> {
    if let Some(mailbox) = by_name(tx, account, name)? {
        return Ok(mailbox.key);
    }
    tx.connection()
        .prepare_cached(
            "INSERT INTO mailbox (account, name, subscribed, role, delimiter)
             VALUES (?1, ?2, 1, ?3, ?4)",
        )?
        .execute((account.0, name, role.map(Role::word), DELIMITER.to_string()))?;
    tx.changed(Change::Mailboxes(account));
    Ok(MailboxKey(tx.connection().last_insert_rowid()))
}

/// Renames a mailbox, with what lies below it.
pub fn rename(tx: &Tx<'_>, mailbox: &Mailbox, to: &str) -> Result<(), StoreError> {
    let from = mailbox.name.clone().unwrap_or_default();
    for other in all(tx, mailbox.account)? {
        let name = other.name.as_deref().unwrap_or_default();
        if let Some(new) = renamed(name, &from, to, Some(DELIMITER)) {
            tx.connection()
                .prepare_cached("UPDATE mailbox SET name = ?2 WHERE key = ?1")?
                .execute((other.key.0, new))?;
        }
    }
    tx.changed(Change::Mailboxes(mailbox.account));
    Ok(())
}

/// Deletes a mailbox with its messages. What was on its way into it waits for a person.
pub fn remove(tx: &Tx<'_>, mailbox: &Mailbox) -> Result<(), StoreError> {
    let name = mailbox.name.as_deref().unwrap_or_default();
    let why = format!("the mailbox \"{name}\" was deleted");
    for operation in journal::into_mailbox(tx, mailbox.key)? {
        if !operation.state.is_failed() {
            verdicts::fail(tx, operation.id, &why, Cause::MailboxGone)?;
        }
    }
    remains::turn_to_inbox(tx, mailbox.account, mailbox.key)?;
    vanish(tx, mailbox)?;
    tx.changed(Change::Mailboxes(mailbox.account));
    Ok(())
}

/// A mailbox that was deleted while something was on its way into it is there again.
pub fn revive(tx: &Tx<'_>, key: MailboxKey, name: &str) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE mailbox SET name = ?2, subscribed = 1, gone_name = NULL WHERE key = ?1",
        )?
        .execute((key.0, name))?;
    tx.changed(Change::Mailboxes(get(tx, key)?.account));
    Ok(())
}

/// Lists a mailbox, or lists it no longer.
pub fn subscribe(tx: &Tx<'_>, mailbox: &Mailbox, subscribed: bool) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE mailbox SET subscribed = ?2 WHERE key = ?1")?
        .execute((mailbox.key.0, subscribed))?;
    tx.changed(Change::Mailboxes(mailbox.account));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::accounts::{self, AccountKind};
    use crate::store::tests::Bed;

    fn furnished(bed: &Bed, kind: AccountKind, before: &'static [&'static str]) -> Vec<String> {
        let account = bed.put(move |tx| {
            let account = accounts::ensure(tx, "home", kind)?;
            for name in before {
                ensure(tx, account, name, None)?;
            }
            furnish(tx, account)?;
            furnish(tx, account)?;
            Ok(account)
        });
        let reader = bed.store.reader().unwrap();
        let line = |mailbox: Mailbox| {
            let role = mailbox.role.map_or("-", Role::word);
            assert_eq!((mailbox.base, mailbox.delimiter), (None, Some('/')));
            assert!(mailbox.subscribed);
            format!("{} {role}", mailbox.name.unwrap())
        };
        all(&reader, account)
            .unwrap()
            .into_iter()
            .map(line)
            .collect()
    }

    #[test]
    fn an_account_of_this_machine_has_what_mail_needs_once() {
        let six = [
            "INBOX inbox",
            "Drafts drafts",
            "Sent sent",
            "Archive archive",
            "Junk junk",
            "Trash trash",
        ];
        for kind in [AccountKind::Local, AccountKind::Pop3] {
            assert_eq!(furnished(&Bed::new(), kind, &[]), six);
        }
        let names = furnished(&Bed::new(), AccountKind::Local, &["inbox", "sent", "Trips"]);
        let expected = [
            "inbox inbox",
            "Drafts drafts",
            "sent sent",
            "Archive archive",
            "Junk junk",
            "Trash trash",
            "Trips -",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_renamed_mailbox_keeps_its_role_and_gets_no_twin() {
        let bed = Bed::new();
        let account = bed.put(|tx| {
            let account = accounts::ensure(tx, "home", AccountKind::Local)?;
            furnish(tx, account)?;
            let sent = by_role(tx, account, Role::Sent)?.unwrap();
            rename(tx, &sent, "Gone out")?;
            furnish(tx, account)?;
            Ok(account)
        });
        let reader = bed.store.reader().unwrap();
        let sent = by_role(&reader, account, Role::Sent).unwrap().unwrap();
        assert_eq!(sent.name.as_deref(), Some("Gone out"));
        assert_eq!(all(&reader, account).unwrap().len(), 6);
    }
}
