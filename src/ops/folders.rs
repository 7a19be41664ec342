//! The folder list: accounts, their mailboxes, counts and connections.

use crate::model::{Link, MailboxKey, Role};
use crate::store::accounts::Account;
use crate::store::mailboxes::Mailbox;
use crate::store::outgoing::{self, Unsent};
use crate::store::{Rows, StoreError, accounts, links, mailboxes};

/// One account of the folder list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFolders {
    /// The account.
    pub account: Account,
    /// The state of its connection, if an owner wrote it; valid only while the account's lock is
    /// held.
    pub link: Option<Link>,
    /// How many of its messages have not left.
    pub unsent: Unsent,
    /// Its mailboxes: by role, then by name.
    pub folders: Vec<Folder>,
}

/// One mailbox of the folder list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Messages; `None` when nobody knows yet.
    pub total: Option<u64>,
    /// Unread messages; `None` when nobody knows yet.
    pub unread: Option<u64>,
}

impl Folder {
    /// The mailbox's key.
    pub fn key(&self) -> MailboxKey {
        self.mailbox.key
    }

    /// The name as people see and type it, with the server's delimiter.
    pub fn name(&self) -> &str {
        self.mailbox.name.as_deref().unwrap_or_default()
    }

    /// The delimiter of its names; `None` in a flat account.
    pub fn delimiter(&self) -> Option<char> {
        self.mailbox.delimiter
    }

    /// Whether it holds messages, and not only other mailboxes.
    pub fn selectable(&self) -> bool {
        self.mailbox
            .base
            .as_ref()
            .is_none_or(|base| base.selectable())
    }

    fn of(mailbox: Mailbox) -> Self {
        let status = mailbox.status;
        // What is stored counts as soon as the pull has been through once; before, the server's
        // STATUS knows more.
        let stored = mailbox.synced.is_some() || mailbox.base.is_none();
        let pick = |stored_count: u64, status: Option<u32>| match (stored, status) {
            (true, _) => Some(stored_count),
            (false, Some(count)) => Some(u64::from(count).max(stored_count)),
            (false, None) if stored_count > 0 => Some(stored_count),
            (false, None) => None,
        };
        Self {
            total: pick(mailbox.total, status.messages),
            unread: pick(mailbox.unread, status.unseen),
            mailbox,
        }
    }
}

/// All accounts that the store knows, with their mailboxes. The configuration knows their order and
/// which of them are still configured.
pub fn list(rows: &impl Rows) -> Result<Vec<AccountFolders>, StoreError> {
    let unsent = outgoing::counts(rows)?;
    accounts::all(rows)?
        .into_iter()
        .map(|account| {
            let of_it = unsent.iter().find(|(key, _)| *key == account.key);
            Ok(AccountFolders {
                unsent: of_it.map_or(Unsent::default(), |(_, unsent)| *unsent),
                link: links::get(rows, account.key)?,
                folders: of_account(rows, &account)?,
                account,
            })
        })
        .collect()
}

/// The mailboxes of one account.
pub fn of_account(rows: &impl Rows, account: &Account) -> Result<Vec<Folder>, StoreError> {
    Ok(mailboxes::all(rows, account.key)?
        .into_iter()
        .map(Folder::of)
        .collect())
}

/// One mailbox as the folder list shows it.
pub fn get(rows: &impl Rows, key: MailboxKey) -> Result<Folder, StoreError> {
    Ok(Folder::of(mailboxes::get(rows, key)?))
}

/// Why a mailbox's name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No account is configured, or the store has none of it yet.
    #[error("the account {0} has no mail here yet: run lacebark sync")]
    NoAccount(String),
    /// The account has no such mailbox.
    #[error("the account {account} has no mailbox {name}")]
    NoMailbox {
        /// The account's id.
        account: String,
        /// What was typed.
        name: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The mailbox that `[ACCOUNT:]NAME` names: by role word (`inbox`, `sent` …) or by its decoded
/// name. `X:` is an account only if X is one of `configured`; without it, the first of them.
pub fn find(
    rows: &impl Rows,
    configured: &[String],
    text: &str,
) -> Result<(Account, Mailbox), FindError> {
    let (id, name) = match text.split_once(':') {
        Some((id, name)) if configured.iter().any(|known| known == id) => (id, name),
        _ => (configured.first().map_or("", String::as_str), text),
    };
    let account = accounts::find(rows, id)?.ok_or_else(|| FindError::NoAccount(id.to_owned()))?;
    // A mailbox that really has this name goes before the role word; INBOX is both.
    let exact = mailboxes::by_name(rows, account.key, name)?;
    let found = match (exact, Role::parse(name)) {
        (Some(mailbox), _) => Some(mailbox),
        (None, Some(role)) => mailboxes::by_role(rows, account.key, role)?,
        (None, None) => None,
    };
    match found {
        Some(mailbox) => Ok((account, mailbox)),
        None => Err(FindError::NoMailbox {
            account: account.id,
            name: name.to_owned(),
        }),
    }
}
