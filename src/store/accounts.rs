//! Accounts: a row is made when the configuration first names one, and goes only by `account remove`.

use rusqlite::{OptionalExtension, Row};

use crate::model::journal::Cause;
use crate::model::{AccountKey, OnServer, OperationId};

pub use crate::model::AccountKind;

use super::columns::count;
use super::{Change, Rows, StoreError, Tx, local, people, threads, verdicts};

/// Whether a message is in one mailbox or carries labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Mailboxes.
    Folders,
    /// Labels (Gmail).
    Labels,
}

/// One account's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its key.
    pub key: AccountKey,
    /// The configured id, such as `work`.
    pub id: String,
    /// How its mail gets here.
    pub kind: AccountKind,
    /// What its mailboxes are.
    pub shape: Shape,
}

const COLUMNS: &str = "SELECT key, id, kind, shape FROM account";

fn read(row: &Row<'_>) -> Result<Account, rusqlite::Error> {
    Ok(Account {
        key: AccountKey(row.get(0)?),
        id: row.get(1)?,
        kind: AccountKind::parse(row.get_ref(2)?.as_str()?).unwrap_or(AccountKind::Imap),
        shape: match row.get_ref(3)?.as_str()? {
            "labels" => Shape::Labels,
            _ => Shape::Folders,
        },
    })
}

/// All accounts that the store has rows of, by age; the configuration knows their order.
pub fn all(rows: &impl Rows) -> Result<Vec<Account>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} ORDER BY key"))?;
    let found = query.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// The account with this configured id.
pub fn find(rows: &impl Rows, id: &str) -> Result<Option<Account>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    Ok(query.query_row([id], read).optional()?)
}

/// The account with this key.
pub fn get(rows: &impl Rows, key: AccountKey) -> Result<Account, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE key = ?1"))?;
    query
        .query_row([key.0], read)
        .optional()?
        .ok_or(StoreError::missing("account", key.0))
}

/// Whether the account's server can expunge single messages (UIDPLUS); `None` until it was asked.
pub fn uidplus(rows: &impl Rows, key: AccountKey) -> Result<Option<bool>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT uidplus FROM account WHERE key = ?1")?;
    Ok(query
        .query_row([key.0], |row| row.get(0))
        .optional()?
        .flatten())
}

/// Records whether the server has UIDPLUS.
pub fn note_uidplus(tx: &Tx<'_>, key: AccountKey, has: bool) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE account SET uidplus = ?2 WHERE key = ?1")?
        .execute((key.0, has))?;
    Ok(())
}

/// The most octets of a message that the account's outgoing server takes; `None` where it named no
/// limit, and until it was asked.
pub fn takes(rows: &impl Rows, key: AccountKey) -> Result<Option<u64>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT takes FROM account WHERE key = ?1")?;
    let said: Option<i64> = query
        .query_row([key.0], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(said.filter(|most| *most > 0).map(count))
}

/// Records what the outgoing server takes at most; `None` if it named no limit.
pub fn note_takes(tx: &Tx<'_>, key: AccountKey, most: Option<u64>) -> Result<(), StoreError> {
    let most = most.map_or(0, |most| i64::try_from(most).unwrap_or(i64::MAX));
    tx.connection()
        .prepare_cached("UPDATE account SET takes = ?2 WHERE key = ?1 AND takes IS NOT ?2")?
        .execute((key.0, most))?;
    Ok(())
}

/// What the person agreed to last about mail on the account's POP3 server; `None` before the first
/// look at it.
pub fn agreed(rows: &impl Rows, key: AccountKey) -> Result<Option<OnServer>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT on_server FROM account WHERE key = ?1")?;
    let word: Option<String> = query
        .query_row([key.0], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(word.as_deref().and_then(OnServer::parse))
}

/// Records what the person agreed to.
pub fn agree(tx: &Tx<'_>, key: AccountKey, policy: OnServer) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE account SET on_server = ?2 WHERE key = ?1")?
        .execute((key.0, policy.to_string()))?;
    tx.changed(Change::Accounts);
    Ok(())
}

/// The key of the account with this id, made at first sight; one that is read by POP3 has its
/// mailboxes from the start. Refused for one whose mail got here in
/// another way: mailboxes of a server and mailboxes that are here alone do not mix.
pub fn ensure(tx: &Tx<'_>, id: &str, kind: AccountKind) -> Result<AccountKey, StoreError> {
    if let Some(account) = find(tx, id)? {
        if account.kind != kind {
            return Err(StoreError::OtherKind {
                account: account.id,
                kept: account.kind.protocol(),
                wanted: kind.protocol(),
            });
        }
        return Ok(account.key);
    }
    tx.connection()
        .prepare_cached("INSERT INTO account (id, kind) VALUES (?1, ?2)")?
        .execute((id, kind.word()))?;
    tx.changed(Change::Accounts);
    let key = AccountKey(tx.connection().last_insert_rowid());
    if kind == AccountKind::Pop3 {
        local::furnish(tx, key)?;
    }
    Ok(key)
}

/// Deletes every row of the account: mailboxes, messages, contents, bodies, journal, drafts,
/// requests and notices. The bytes on the disk go with [`super::Store::compact`] (SAFETY S7).
pub fn remove(tx: &Tx<'_>, key: AccountKey) -> Result<(), StoreError> {
    let account = get(tx, key)?;
    let sql = tx.connection();
    sql.execute_batch("PRAGMA secure_delete = ON")?;
    sql.execute(
        "DELETE FROM undo WHERE message IN (SELECT m.key FROM message m
           JOIN content c ON c.key = m.content WHERE c.account = ?1)",
        [key.0],
    )?;
    sql.execute(
        "DELETE FROM undo_mailbox WHERE mailbox IN (SELECT key FROM mailbox WHERE account = ?1)",
        [key.0],
    )?;
    // What other accounts wait for keeps its rows, without the mailbox that it came from.
    sql.execute(
        "UPDATE journal SET mailbox = NULL
         WHERE mailbox IN (SELECT key FROM mailbox WHERE account = ?1)",
        [key.0],
    )?;
    sql.execute(
        "DELETE FROM undo_submit
         WHERE operation IN (SELECT operation FROM outgoing WHERE account = ?1)",
        [key.0],
    )?;
    sql.execute(
        "DELETE FROM freezing WHERE content IN (SELECT key FROM content WHERE account = ?1)",
        [key.0],
    )?;
    people::forget(tx, key)?;
    for table in [
        "outgoing",
        "unfiled",
        "journal",
        "request",
        "link",
        "draft",
        "pop3_seen",
        "filed",
    ] {
        sql.execute(&format!("DELETE FROM {table} WHERE account = ?1"), [key.0])?;
    }
    // A draft of another account may hold what came with this one.
    sql.execute(
        "UPDATE draft SET holds = NULL
         WHERE holds IN (SELECT key FROM content WHERE account = ?1)",
        [key.0],
    )?;
    sql.execute("DELETE FROM notice WHERE account = ?1", [&account.id])?;
    // What was filed here from a POP3 server goes with the account; nobody deleted it there. A key
    // that no message ever has says so.
    sql.execute(
        "UPDATE pop3_seen SET message = -message WHERE message IN (SELECT m.key FROM message m
           JOIN content c ON c.key = m.content WHERE c.account = ?1)",
        [key.0],
    )?;
    sql.execute(
        "DELETE FROM message WHERE content IN (SELECT key FROM content WHERE account = ?1)",
        [key.0],
    )?;
    sql.execute(
        "INSERT INTO tombstone (docid) SELECT docid FROM content WHERE account = ?1",
        [key.0],
    )?;
    sql.execute("DELETE FROM content WHERE account = ?1", [key.0])?;
    sql.execute(
        "DELETE FROM blob WHERE key NOT IN (SELECT blob FROM content WHERE blob IS NOT NULL)",
        [],
    )?;
    sql.execute(
        "DELETE FROM mailbox_thread WHERE mailbox IN (SELECT key FROM mailbox WHERE account = ?1)",
        [key.0],
    )?;
    sql.execute("DELETE FROM mailbox WHERE account = ?1", [key.0])?;
    sql.execute(
        "DELETE FROM journal WHERE kind = 'append'
           AND NOT EXISTS (SELECT 1 FROM message WHERE key = journal.message)",
        [],
    )?;
    give_back_remains(tx)?;
    fail_bereft(tx)?;
    sql.execute(
        &format!(
            "DELETE FROM msgid WHERE thread NOT IN (SELECT {of_content} FROM content)
               AND thread NOT IN (SELECT {of_message} FROM message)
               AND thread NOT IN (SELECT key FROM thread WHERE into_thread IS NOT NULL)",
            of_content = threads::standing("content.thread"),
            of_message = threads::standing("message.thread")
        ),
        [],
    )?;
    // What is muted is called by words of mail.
    sql.execute(
        &format!(
            "DELETE FROM mute WHERE thread NOT IN (SELECT {thread} FROM message)
               OR list NOT IN (SELECT list_id FROM content)",
            thread = threads::standing("message.thread")
        ),
        [],
    )?;
    sql.execute("DELETE FROM account WHERE key = ?1", [key.0])?;
    tx.changed(Change::Accounts);
    tx.changed(Change::Mailboxes(key));
    tx.changed(Change::Notices);
    Ok(())
}

/// What another account's message left behind when it went into this one is a message again: nobody
/// can say any more that it stands here.
fn give_back_remains(tx: &Tx<'_>) -> Result<(), StoreError> {
    let ids: Vec<i64> = {
        let mut query = tx.connection().prepare(
            "SELECT id FROM journal WHERE kind = 'expunge' AND other IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM message WHERE key = journal.other)",
        )?;
        query
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for id in ids {
        verdicts::withdraw(tx, OperationId(id))?;
    }
    Ok(())
}

/// Uploads to other accounts whose bytes were never here cannot be done any more.
fn fail_bereft(tx: &Tx<'_>) -> Result<(), StoreError> {
    let ids: Vec<i64> = {
        let mut query = tx.connection().prepare(
            "SELECT j.id FROM journal j JOIN message m ON m.key = j.message
               JOIN content c ON c.key = m.content
             WHERE j.other IS NOT NULL AND j.kind = 'append' AND j.state <> 'failed' AND c.kept < 3
               AND NOT EXISTS (SELECT 1 FROM message WHERE key = j.other)",
        )?;
        query
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for id in ids {
        let why = "the account that it comes from was removed before its text was here";
        verdicts::fail(tx, OperationId(id), why, Cause::Gone)?;
    }
    Ok(())
}
