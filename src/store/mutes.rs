//! What is muted, and filing the mail of it that comes.
//!
//! A person mutes a thread or a list. Mail of it that arrives later is marked read and moved to Archive
//! in the transaction that stores it (in an account without an Archive it is only marked read), so
//! that it never counts as new. It arrived later when it is new here, unread, in INBOX or in a mailbox
//! without a role, and came to its server after the mute. What is left alone: in a muted thread, mail
//! that is written to the person and to nobody else and did not come over a list. A muted list is muted
//! whole, because newsletters are written to each reader alone.
//!
//! Each thing that is muted has a line in the Log that counts what was filed. It is not undone by `U`,
//! which takes back what the person did last: [`filed`] knows what is to be brought back when a mute
//! ends.

use rusqlite::{OptionalExtension, Row};

use crate::model::journal::Placed;
use crate::model::{
    AccountKey, ActionId, Address, FlagChange, Flags, MailboxKey, MessageKey, MuteKey, Notice,
    OperationKind, Role, Severity, ThreadKey,
};

use super::columns::count;
use super::{
    Change, Rows, StoreError, Tx, accounts, contents, effective, journal, mailboxes, messages,
    notices, threads,
};

/// Mail that came to its server so many seconds before the mute counts as later: clocks differ, and
/// what waited there was not seen yet.
const SLACK: i64 = 86_400;

/// What is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A thread.
    Thread(ThreadKey),
    /// A list, by its List-Id in small letters.
    List(String),
}

impl Topic {
    /// A list, as a header writes its id.
    pub fn list(id: &str) -> Self {
        Topic::List(id.trim().to_lowercase())
    }
}

/// One thing that is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Its row.
    pub key: MuteKey,
    /// What it is.
    pub topic: Topic,
    /// What it is called: a subject, a List-Id.
    pub called: String,
    /// When it was muted, in seconds since 1970.
    pub since: i64,
    /// Messages that were filed for it and are still there.
    pub filed: u64,
}

/// Mutes something; `None` when it was muted before.
pub fn add(tx: &Tx<'_>, topic: &Topic, called: &str) -> Result<Option<Mute>, StoreError> {
    put(tx, None, topic, called, tx.now())
}

/// Mutes again what was muted as this says, with what was filed for it.
pub fn restore(tx: &Tx<'_>, mute: &Mute) -> Result<Option<Mute>, StoreError> {
    put(tx, Some(mute.key), &mute.topic, &mute.called, mute.since)
}

fn put(
    tx: &Tx<'_>,
    key: Option<MuteKey>,
    topic: &Topic,
    called: &str,
    since: i64,
) -> Result<Option<Mute>, StoreError> {
    let topic = match topic {
        Topic::Thread(thread) => Topic::Thread(threads::root(tx, *thread)?),
        Topic::List(list) => Topic::List(list.clone()),
    };
    let (thread, list) = match &topic {
        Topic::Thread(thread) => (Some(thread.0), None),
        Topic::List(list) => (None, Some(list)),
    };
    let mut insert = tx.connection().prepare_cached(
        "INSERT OR IGNORE INTO mute (key, thread, list, what, since) VALUES (?1, ?2, ?3, ?4, ?5)
         RETURNING key",
    )?;
    let made: Option<i64> = insert
        .query_row((key.map(|key| key.0), thread, list, called, since), |row| {
            row.get(0)
        })
        .optional()?;
    tx.durable();
    tx.changed(Change::Notices);
    Ok(made.map(|made| Mute {
        key: MuteKey(made),
        topic,
        called: called.to_owned(),
        since,
        filed: 0,
    }))
}

/// Ends a mute; what was filed stays where it is. Which messages that were is known until the end
/// cannot be undone any more.
pub fn remove(tx: &Tx<'_>, key: MuteKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM mute WHERE key = ?1")?
        .execute([key.0])?;
    tx.durable();
    tx.changed(Change::Notices);
    Ok(())
}

/// Forgets what was filed for what is muted no more, where that cannot be undone.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "DELETE FROM muted WHERE mute IN (SELECT DISTINCT mute FROM muted
               EXCEPT SELECT key FROM mute EXCEPT SELECT mute FROM undo_mute)",
        )?
        .execute([])?;
    Ok(())
}

/// Everything that is muted, the latest first.
pub fn all(rows: &impl Rows) -> Result<Vec<Mute>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT key, thread, list, what, since,
           (SELECT count(*) FROM muted WHERE muted.mute = mute.key)
         FROM mute ORDER BY key DESC",
    )?;
    let found = query.query_map([], at)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// A mute of a row: key, thread, list, what it is called, since when, and how much was filed.
pub(super) fn at(row: &Row<'_>) -> Result<Mute, rusqlite::Error> {
    let thread: Option<i64> = row.get(1)?;
    let list: Option<String> = row.get(2)?;
    Ok(Mute {
        key: MuteKey(row.get(0)?),
        topic: match thread {
            Some(thread) => Topic::Thread(ThreadKey(thread)),
            None => Topic::List(list.unwrap_or_default()),
        },
        called: row.get(3)?,
        since: row.get(4)?,
        filed: count(row.get(5)?),
    })
}

/// The messages that were filed for a mute, and the mailbox that each came into.
pub fn filed(rows: &impl Rows, key: MuteKey) -> Result<Vec<(MessageKey, MailboxKey)>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT message, mailbox FROM muted WHERE mute = ?1 ORDER BY message")?;
    let found = query
        .query_map([key.0], |row| {
            Ok((MessageKey(row.get(0)?), MailboxKey(row.get(1)?)))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// A thread has joined another: what was muted stays so, and the other with it.
pub(super) fn join(tx: &Tx<'_>, small: i64, large: i64) -> Result<(), StoreError> {
    let sql = tx.connection();
    let find = |thread: i64| -> Result<Option<i64>, StoreError> {
        let mut query = sql.prepare_cached("SELECT key FROM mute WHERE thread = ?1")?;
        Ok(query.query_row([thread], |row| row.get(0)).optional()?)
    };
    let Some(own) = find(small)? else {
        return Ok(());
    };
    match find(large)? {
        None => {
            sql.prepare_cached("UPDATE mute SET thread = ?2 WHERE key = ?1")?
                .execute((own, large))?;
        }
        Some(other) => {
            sql.prepare_cached("UPDATE muted SET mute = ?2 WHERE mute = ?1")?
                .execute((own, other))?;
            sql.prepare_cached("DELETE FROM mute WHERE key = ?1")?
                .execute([own])?;
        }
    }
    Ok(())
}

/// The newest key that a message has: what comes now has a greater one.
pub fn mark(tx: &Tx<'_>) -> Result<MessageKey, StoreError> {
    let mut query = tx
        .connection()
        .prepare_cached("SELECT coalesce(max(key), 0) FROM message")?;
    Ok(MessageKey(query.query_row([], |row| row.get(0))?))
}

/// A message that has just come, as far as muting asks.
struct Came {
    key: MessageKey,
    mailbox: MailboxKey,
    account: AccountKey,
    thread: i64,
    list: String,
    to: Vec<Address>,
    arrival: i64,
}

/// Files those of these messages that are muted; they have come in this transaction. `own` are the
/// person's addresses. Answers how many it filed.
pub fn file(tx: &Tx<'_>, keys: &[MessageKey], own: &[String]) -> Result<usize, StoreError> {
    let some: bool = tx
        .connection()
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM mute)")?
        .query_row([], |row| row.get(0))?;
    if !some {
        return Ok(0);
    }
    let mut filing = Filing {
        tx,
        action: None,
        told: Vec::new(),
    };
    let mut done = 0;
    for key in keys {
        let Some(came) = came(tx, *key)? else {
            continue;
        };
        if let Some((mute, called)) = muted(tx, &came, own)? {
            filing.put(&came, mute, &called)?;
            done += 1;
        }
    }
    Ok(done)
}

/// A message that is unread in a mailbox where mail arrives.
fn came(tx: &Tx<'_>, key: MessageKey) -> Result<Option<Came>, StoreError> {
    let mut query = tx.connection().prepare_cached(&format!(
        "SELECT m.mailbox, b.account, {thread}, c.list_id, c.recipients, m.arrival
         FROM message m JOIN mailbox b ON b.key = m.mailbox JOIN content c ON c.key = m.content
         WHERE m.key = ?1 AND m.flags & 1 = 0 AND (b.role IS NULL OR b.role = 'inbox')",
        thread = threads::standing("m.thread")
    ))?;
    let found = query.query_row([key.0], |row| {
        Ok(Came {
            key,
            mailbox: MailboxKey(row.get(0)?),
            account: AccountKey(row.get(1)?),
            thread: row.get(2)?,
            list: row.get(3)?,
            to: contents::addresses(row.get_ref(4)?.as_str()?),
            arrival: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}

/// What it is muted for, and how that is called.
fn muted(
    tx: &Tx<'_>,
    came: &Came,
    own: &[String],
) -> Result<Option<(MuteKey, String)>, StoreError> {
    let sql = tx.connection();
    let since = came.arrival.saturating_add(SLACK);
    if !came.list.is_empty() {
        let mut query =
            sql.prepare_cached("SELECT key, what FROM mute WHERE list = ?1 AND since <= ?2")?;
        let list = came.list.trim().to_lowercase();
        let found = query.query_row((list, since), |row| Ok((MuteKey(row.get(0)?), row.get(1)?)));
        if let Some(found) = found.optional()? {
            return Ok(Some(found));
        }
    }
    if came.thread == 0 || is_to_the_person_alone(came, own) {
        return Ok(None);
    }
    let mut query =
        sql.prepare_cached("SELECT key, what FROM mute WHERE thread = ?1 AND since <= ?2")?;
    let found = query.query_row((came.thread, since), |row| {
        Ok((MuteKey(row.get(0)?), row.get(1)?))
    });
    Ok(found.optional()?)
}

fn is_to_the_person_alone(came: &Came, own: &[String]) -> bool {
    let is_own = |to: &Address| own.iter().any(|own| own.eq_ignore_ascii_case(&to.address));
    let mut to = came
        .to
        .iter()
        .filter(|to| !to.address.is_empty())
        .peekable();
    came.list.is_empty() && to.peek().is_some() && to.all(is_own)
}

/// Files messages of one transaction.
struct Filing<'a> {
    tx: &'a Tx<'a>,
    action: Option<ActionId>,
    told: Vec<MuteKey>,
}

impl Filing<'_> {
    fn put(&mut self, came: &Came, mute: MuteKey, called: &str) -> Result<(), StoreError> {
        let tx = self.tx;
        let message = messages::get(tx, came.key)?;
        let account = accounts::get(tx, came.account)?;
        let archive = mailboxes::by_role(tx, came.account, Role::Archive)?
            .filter(|archive| archive.name.is_some() && archive.key != came.mailbox)
            .filter(|archive| archive.base.as_ref().is_none_or(|base| base.selectable()));
        let change = FlagChange::add(Flags::of(Flags::SEEN));
        if account.kind == accounts::AccountKind::Imap {
            let flag = OperationKind::Flag {
                message: came.key,
                change: change.clone(),
            };
            self.wish(came, &flag)?;
            if let Some(archive) = &archive {
                let to_archive = OperationKind::Move {
                    message: came.key,
                    from: came.mailbox,
                    to: archive.key,
                    proof: None,
                };
                self.wish(came, &to_archive)?;
            }
        }
        let before = Placed {
            mailbox: message.mailbox,
            flags: message.flags.clone(),
        };
        let after = Placed {
            mailbox: archive.as_ref().map_or(message.mailbox, |to| Some(to.key)),
            flags: change.apply(&message.flags),
        };
        effective::show(tx, came.key, &before, &after)?;
        for mailbox in before.mailbox.into_iter().chain(after.mailbox) {
            effective::tell(tx, mailbox)?;
        }
        tx.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO muted (message, mute, mailbox) VALUES (?1, ?2, ?3)",
            )?
            .execute((came.key.0, mute.0, came.mailbox.0))?;
        self.tell(mute, called, archive.is_some(), &account.id)
    }

    fn wish(&mut self, came: &Came, kind: &OperationKind) -> Result<(), StoreError> {
        let action = match self.action {
            Some(action) => action,
            None => journal::action(self.tx, "mute")?,
        };
        self.action = Some(action);
        journal::add(self.tx, action, came.account, Some(came.mailbox), kind)?;
        Ok(())
    }

    /// A line in the Log, once for each transaction.
    fn tell(
        &mut self,
        mute: MuteKey,
        called: &str,
        archived: bool,
        account: &str,
    ) -> Result<(), StoreError> {
        if self.told.contains(&mute) {
            return Ok(());
        }
        self.told.push(mute);
        let text = match archived {
            true => format!("New mail of \"{called}\", which is muted, went to Archive, read"),
            false => format!("New mail of \"{called}\", which is muted, was marked read"),
        };
        notices::add(
            self.tx,
            &Notice {
                severity: Severity::Note,
                account: account.to_owned(),
                topic: "mute".to_owned(),
                text,
                hint: "`.` unmute ends it and brings back what it filed.".to_owned(),
                detail: String::new(),
            },
        )?;
        Ok(())
    }
}
