//! Mailboxes as a query names them.

use std::collections::{BTreeMap, BTreeSet};

use crate::mime::fold;
use crate::model::{AccountKey, MailboxKey, Role};
use crate::store::accounts::{self, Shape};
use crate::store::columns::count;
use crate::store::{Rows, StoreError};

/// A mailbox that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its key.
    pub key: MailboxKey,
    /// Its account.
    pub account: AccountKey,
    /// The configured id of that.
    pub account_id: String,
    /// Its name, decoded, not sanitised.
    pub name: String,
    /// What it is for.
    pub role: Option<Role>,
    /// Messages in it.
    pub total: u64,
    delimiter: Option<String>,
    /// Whether a message may stand in several mailboxes of the account.
    is_labelled: bool,
}

impl Place {
    /// Whether what stands in it is found only by a query that names a mailbox.
    pub fn is_apart(&self) -> bool {
        matches!(self.role, Some(Role::Trash | Role::Junk | Role::Drafts))
    }

    /// Which of the mailboxes of one content a hit is shown in: the smallest.
    pub(super) fn rank(&self) -> u8 {
        match self.role {
            Some(Role::Inbox) => 0,
            None | Some(Role::Sent | Role::Archive) => 1,
            Some(Role::All | Role::Flagged | Role::Important) => 2,
            Some(Role::Drafts | Role::Junk | Role::Trash) => 3,
        }
    }

    fn last(&self) -> &str {
        let parted = self
            .delimiter
            .as_deref()
            .and_then(|delimiter| self.name.rsplit_once(delimiter));
        parted.map_or(self.name.as_str(), |(_, last)| last)
    }
}

/// All mailboxes that are shown, of all accounts.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub all: BTreeMap<MailboxKey, Place>,
}

impl Places {
    pub fn read(rows: &impl Rows) -> Result<Self, StoreError> {
        let accounts: BTreeMap<_, _> = accounts::all(rows)?
            .into_iter()
            .map(|account| (account.key, account))
            .collect();
        let mut query = rows.connection().prepare_cached(
            "SELECT key, account, name, role, total, delimiter FROM mailbox WHERE name IS NOT NULL",
        )?;
        let mut found = query.query([])?;
        let mut places = Places::default();
        while let Some(row) = found.next()? {
            let account = AccountKey(row.get(1)?);
            let Some(account) = accounts.get(&account) else {
                continue;
            };
            let role: Option<String> = row.get(3)?;
            let place = Place {
                key: MailboxKey(row.get(0)?),
                account: account.key,
                account_id: account.id.clone(),
                name: row.get(2)?,
                role: role.as_deref().and_then(Role::parse),
                total: count(row.get(4)?),
                delimiter: row.get(5)?,
                is_labelled: account.shape == Shape::Labels,
            };
            places.all.insert(place.key, place);
        }
        Ok(places)
    }

    pub fn get(&self, key: MailboxKey) -> Option<&Place> {
        self.all.get(&key)
    }

    /// The mailboxes that `[ACCOUNT:]NAME` or a role names: by its whole name, by role, by the last
    /// level of its name, and while it is typed by the beginning of either.
    pub fn named(&self, name: &str, is_typing: bool) -> BTreeSet<MailboxKey> {
        let (account, rest) = match name.split_once(':') {
            Some((account, rest)) if self.all.values().any(|p| p.account_id == account) => {
                (Some(account), rest)
            }
            _ => (None, name),
        };
        let wanted = fold::text(rest);
        let role = Role::parse(rest);
        let those = |is: &dyn Fn(&Place) -> bool| -> BTreeSet<MailboxKey> {
            let of = |p: &&Place| account.is_none_or(|id| p.account_id == id);
            let fit = self.all.values().filter(of).filter(|place| is(place));
            fit.map(|place| place.key).collect()
        };
        let ways: [&dyn Fn(&Place) -> bool; 4] = [
            &|place| fold::text(&place.name) == wanted,
            &|place| role.is_some() && place.role == role,
            &|place| fold::text(place.last()) == wanted,
            &|place| {
                is_typing
                    && (fold::text(&place.name).starts_with(&wanted)
                        || fold::text(place.last()).starts_with(&wanted))
            },
        ];
        let found = ways.iter().map(|way| those(way));
        found
            .into_iter()
            .find(|some| !some.is_empty())
            .unwrap_or_default()
    }

    /// The mailboxes of the accounts with this id, or one that begins so while it is typed.
    pub fn of_account(&self, id: &str, is_typing: bool) -> BTreeSet<MailboxKey> {
        let those = |is: &dyn Fn(&str) -> bool| -> BTreeSet<MailboxKey> {
            let fit = self.all.values().filter(|place| is(&place.account_id));
            fit.map(|place| place.key).collect()
        };
        let exact = those(&|one| one == id);
        if exact.is_empty() && is_typing {
            return those(&|one| one.starts_with(id));
        }
        exact
    }

    /// Whether contents of these mailboxes may stand in several of them.
    pub fn is_labelled(&self, key: MailboxKey) -> bool {
        self.get(key).is_some_and(|place| place.is_labelled)
    }
}
