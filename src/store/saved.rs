//! Searches that a person keeps: a name, and what is asked each time that it is opened.
//!
//! A row knows the last change of it and the name before that, so that the change can be undone. One
//! without a name was deleted, and goes once that cannot be undone any more.

use rusqlite::{OptionalExtension, Row};

use crate::model::{AccountKey, ActionId, MailboxKey, SearchKey};

use super::{Change, Refusal, Rows, StoreError, Tx};

/// Where a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In all mail.
    All,
    /// In an account.
    Account(AccountKey),
    /// In a mailbox.
    Mailbox(MailboxKey),
}

/// A search that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its key.
    pub key: SearchKey,
    /// Its name.
    pub name: String,
    /// What is asked, as it was typed.
    pub query: String,
    /// Where.
    pub within: Within,
}

fn read(row: &Row<'_>) -> Result<Saved, rusqlite::Error> {
    let account = row.get::<_, Option<i64>>(3)?.map(AccountKey);
    let mailbox = row.get::<_, Option<i64>>(4)?.map(MailboxKey);
    Ok(Saved {
        key: SearchKey(row.get(0)?),
        name: row.get(1)?,
        query: row.get(2)?,
        within: match (mailbox, account) {
            (Some(key), _) => Within::Mailbox(key),
            (None, Some(key)) => Within::Account(key),
            (None, None) => Within::All,
        },
    })
}

/// All of them, by name.
pub fn all(rows: &impl Rows) -> Result<Vec<Saved>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key, name, query, account, mailbox FROM saved_search WHERE name IS NOT NULL
         ORDER BY name COLLATE NOCASE, key",
    )?;
    let found = query.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Keeps a search under a name that no other one has.
pub fn keep(
    tx: &Tx<'_>,
    action: ActionId,
    name: &str,
    query: &str,
    within: Within,
) -> Result<SearchKey, StoreError> {
    refuse_taken(tx, name, None)?;
    let (account, mailbox) = match within {
        Within::All => (None, None),
        Within::Account(key) => (Some(key.0), None),
        Within::Mailbox(key) => (None, Some(key.0)),
    };
    let sql = tx.connection();
    sql.prepare_cached(
        "INSERT INTO saved_search (name, query, account, mailbox, action) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((name, query, account, mailbox, action.0))?;
    tx.changed(Change::Accounts);
    Ok(SearchKey(sql.last_insert_rowid()))
}

/// Gives a search another name, or with none deletes it; answers the name that it had.
pub fn rename(
    tx: &Tx<'_>,
    action: ActionId,
    key: SearchKey,
    to: Option<&str>,
) -> Result<String, StoreError> {
    if let Some(name) = to {
        refuse_taken(tx, name, Some(key))?;
    }
    let sql = tx.connection();
    let had: Option<String> = sql
        .prepare_cached("SELECT name FROM saved_search WHERE key = ?1 AND name IS NOT NULL")?
        .query_row([key.0], |row| row.get(0))
        .optional()?;
    let Some(had) = had else {
        return Err(Refusal::SearchGone.into());
    };
    sql.prepare_cached(
        "UPDATE saved_search SET name = ?2, was = name, action = ?3 WHERE key = ?1",
    )?
    .execute((key.0, to, action.0))?;
    tx.changed(Change::Accounts);
    Ok(had)
}

fn refuse_taken(tx: &Tx<'_>, name: &str, but: Option<SearchKey>) -> Result<(), StoreError> {
    let taken: bool = tx
        .connection()
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM saved_search WHERE name = ?1 AND key IS NOT ?2)",
        )?
        .query_row((name, but.map(|key| key.0)), |row| row.get(0))?;
    match taken {
        true => Err(Refusal::SearchNamed {
            name: name.to_owned(),
        }
        .into()),
        false => Ok(()),
    }
}

/// Makes the searches that an action changed what they were; answers their names, those of before or
/// else those that they had by it.
pub fn turn_back(tx: &Tx<'_>, action: ActionId) -> Result<Vec<String>, StoreError> {
    let sql = tx.connection();
    let changed: Vec<(i64, Option<String>, Option<String>)> = sql
        .prepare_cached("SELECT key, name, was FROM saved_search WHERE action = ?1 ORDER BY key")?
        .query_map([action.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut names = Vec::new();
    for (key, name, was) in changed {
        if let Some(was) = &was {
            refuse_taken(tx, was, Some(SearchKey(key)))?;
        }
        sql.prepare_cached("UPDATE saved_search SET name = was WHERE key = ?1")?
            .execute([key])?;
        names.extend(was.or(name));
        tx.changed(Change::Accounts);
    }
    Ok(names)
}

/// The changes of actions of which this holds (`action < ?1`) are not undone any more.
pub(super) fn forget(tx: &Tx<'_>, which: &str, action: i64) -> Result<(), StoreError> {
    let sql = tx.connection();
    sql.prepare_cached(&format!(
        "UPDATE saved_search SET action = NULL, was = NULL WHERE {which}"
    ))?
    .execute([action])?;
    sql.prepare_cached("DELETE FROM saved_search WHERE name IS NULL AND action IS NULL")?
        .execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Bed;
    use crate::store::{Priority, journal, undo};

    #[test]
    fn what_was_deleted_goes_once_that_cannot_be_undone() {
        let bed = Bed::new();
        let work = |tx: &Tx<'_>| {
            for n in 0..120 {
                let action = journal::action(tx, "keep-search")?;
                let key = keep(tx, action, &format!("Search {n}"), "word", Within::All)?;
                if n < 60 {
                    let action = journal::action(tx, "delete-search")?;
                    rename(tx, action, key, None)?;
                }
                undo::prune(tx)?;
            }
            Ok(())
        };
        bed.store.write(Priority::Person, work).wait().unwrap();
        let reader = bed.store.reader().unwrap();
        let count = |of: &str| -> i64 {
            let sql = format!("SELECT count({of}) FROM saved_search");
            let found = reader.connection().query_row(&sql, [], |row| row.get(0));
            found.unwrap()
        };
        assert_eq!((count("*"), count("action")), (60, 50));
    }
}
