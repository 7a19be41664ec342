//! Request rows: what one process, or one thread, asks of the owner of an account.

use rusqlite::{OptionalExtension, Row};

use crate::model::query::Narrow;
use crate::model::{AccountKey, ContentKey, MailboxKey, MessageKey, RequestId, UidSet};

use super::mailboxes::Epoch;
use super::{Change, Rows, StoreError, Tx, remains};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Fetch a section of a content; '' is the whole message.
    FetchBody {
        /// The content.
        content: ContentKey,
        /// The section as IMAP names it.
        section: String,
    },
    /// Sync the account, or one mailbox of it.
    Sync {
        /// Which, if not all.
        mailbox: Option<MailboxKey>,
    },
    /// Sign in anew: there may be another password now.
    SignIn,
    /// Search on the server, among messages whose text is not here.
    Search {
        /// In which mailbox, if not in all.
        mailbox: Option<MailboxKey>,
        /// For what, in the language of [`crate::model::Query`].
        query: String,
    },
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nobody has looked at it.
    Open,
    /// The owner works on it.
    Taken,
    /// It is done.
    Done,
    /// It cannot be done.
    Failed {
        /// Why.
        why: String,
    },
}

/// One request row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The account whose owner is asked.
    pub account: AccountKey,
    /// What is asked.
    pub asked: Asked,
    /// After this second since 1970 the asker no longer waits.
    pub deadline: i64,
    /// Where it stands.
    pub progress: Progress,
    /// What was done, in words for the asker; empty before.
    pub report: String,
    /// How far a search is.
    pub step: Step,
}

/// How far a search on the server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The mailbox that is searched just now, or was last; empty before the first.
    pub place: String,
    /// Mailboxes that are through.
    pub done: u32,
    /// Of how many; 0 as long as that is not known.
    pub total: u32,
}

const COLUMNS: &str =
    "SELECT id, account, kind, mailbox, content, section, deadline, state, why, query, place, done,
       total FROM request";

fn read(row: &Row<'_>) -> Result<Request, rusqlite::Error> {
    let asked = match row.get_ref(2)?.as_str()? {
        "fetch_body" => Asked::FetchBody {
            content: ContentKey(row.get::<_, Option<i64>>(4)?.unwrap_or_default()),
            section: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        },
        "sync" => Asked::Sync {
            mailbox: row.get::<_, Option<i64>>(3)?.map(MailboxKey),
        },
        "search" => Asked::Search {
            mailbox: row.get::<_, Option<i64>>(3)?.map(MailboxKey),
            query: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
        },
        _ => Asked::SignIn,
    };
    let progress = match row.get_ref(7)?.as_str()? {
        "taken" => Progress::Taken,
        "done" => Progress::Done,
        "failed" => Progress::Failed { why: row.get(8)? },
        _ => Progress::Open,
    };
    let report = match progress {
        Progress::Done => row.get(8)?,
        Progress::Open | Progress::Taken | Progress::Failed { .. } => String::new(),
    };
    Ok(Request {
        id: RequestId(row.get(0)?),
        account: AccountKey(row.get(1)?),
        asked,
        deadline: row.get(6)?,
        progress,
        report,
        step: Step {
            place: row.get(10)?,
            done: row.get(11)?,
            total: row.get(12)?,
        },
    })
}

/// Asks; an open request for the same thing is answered with its id and the later deadline, unless it
/// is a search, which keeps what it found for the one who asked. The bytes of a message on its way from
/// another account are asked of that one, and all of them.
pub fn ask(
    tx: &Tx<'_>,
    account: AccountKey,
    asked: &Asked,
    deadline: i64,
) -> Result<RequestId, StoreError> {
    let source = match asked {
        Asked::FetchBody { content, .. } => remains::source_of(tx, *content)?,
        Asked::Sync { .. } | Asked::SignIn | Asked::Search { .. } => None,
    };
    match source {
        None => put(tx, account, asked, deadline),
        Some((owner, content)) => {
            let section = String::new();
            put(tx, owner, &Asked::FetchBody { content, section }, deadline)
        }
    }
}

fn put(
    tx: &Tx<'_>,
    account: AccountKey,
    asked: &Asked,
    deadline: i64,
) -> Result<RequestId, StoreError> {
    let (mut mailbox, mut content, mut section, mut query) = (None, None, None, None);
    let kind = match asked {
        Asked::FetchBody {
            content: of,
            section: part,
        } => {
            (content, section) = (Some(of.0), Some(part.as_str()));
            "fetch_body"
        }
        Asked::Sync { mailbox: one } => {
            mailbox = one.map(|one| one.0);
            "sync"
        }
        Asked::SignIn => "sign_in",
        Asked::Search {
            mailbox: one,
            query: text,
        } => {
            (mailbox, query) = (one.map(|one| one.0), Some(text.as_str()));
            "search"
        }
    };
    let sql = tx.connection();
    tx.changed(Change::Requests);
    let same: Option<i64> = sql
        .prepare_cached(
            "UPDATE request SET deadline = max(deadline, ?6)
             WHERE account = ?1 AND kind = ?2 AND mailbox IS ?3 AND content IS ?4 AND section IS ?5
               AND query IS NULL AND ?7 IS NULL AND state = 'open' RETURNING id",
        )?
        .query_row(
            (account.0, kind, mailbox, content, section, deadline, query),
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = same {
        return Ok(RequestId(id));
    }
    sql.prepare_cached(
        "INSERT INTO request (account, kind, mailbox, content, section, deadline, query, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open')",
    )?
    .execute((account.0, kind, mailbox, content, section, deadline, query))?;
    Ok(RequestId(sql.last_insert_rowid()))
}

/// Asks for a sign-in with a password that is on its way to the owner: nobody looks at the request
/// before the owner, who has the password then, opens it.
pub fn ask_to_sign_in(
    tx: &Tx<'_>,
    account: AccountKey,
    deadline: i64,
) -> Result<RequestId, StoreError> {
    let sql = tx.connection();
    tx.changed(Change::Requests);
    sql.prepare_cached(
        "INSERT INTO request (account, kind, deadline, state)
         VALUES (?1, 'sign_in', ?2, 'taken')",
    )?
    .execute((account.0, deadline))?;
    Ok(RequestId(sql.last_insert_rowid()))
}

/// The request with this id.
pub fn find(rows: &impl Rows, id: RequestId) -> Result<Option<Request>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    Ok(query.query_row([id.0], read).optional()?)
}

/// The open requests to an account's owner, oldest first.
pub fn open(rows: &impl Rows, account: AccountKey) -> Result<Vec<Request>, StoreError> {
    select(rows, account, "state = 'open'")
}

/// The requests to an account's owner that have no answer yet, taken or not, oldest first.
pub fn unanswered(rows: &impl Rows, account: AccountKey) -> Result<Vec<Request>, StoreError> {
    select(rows, account, "state IN ('open', 'taken')")
}

fn select(
    rows: &impl Rows,
    account: AccountKey,
    which: &'static str,
) -> Result<Vec<Request>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE account = ?1 AND {which} ORDER BY id"
    ))?;
    let found = query
        .query_map([account.0], read)?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Opens what was taken and not answered: by an owner that ended, or by a link that broke.
pub fn reopen(tx: &Tx<'_>, account: AccountKey) -> Result<usize, StoreError> {
    let opened = tx
        .connection()
        .prepare_cached("UPDATE request SET state = 'open' WHERE account = ?1 AND state = 'taken'")?
        .execute([account.0])?;
    if opened > 0 {
        tx.changed(Change::Requests);
    }
    Ok(opened)
}

/// Records how far a request is.
pub fn set_progress(tx: &Tx<'_>, id: RequestId, progress: &Progress) -> Result<(), StoreError> {
    let (state, why) = match progress {
        Progress::Open => ("open", ""),
        Progress::Taken => ("taken", ""),
        Progress::Done => ("done", ""),
        Progress::Failed { why } => ("failed", why.as_str()),
    };
    tx.connection()
        .prepare_cached("UPDATE request SET state = ?2, why = ?3 WHERE id = ?1")?
        .execute((id.0, state, why))?;
    tx.changed(Change::Requests);
    Ok(())
}

/// Records how far a search is; false when nobody waits for it any more.
pub fn set_step(tx: &Tx<'_>, id: RequestId, step: &Step) -> Result<bool, StoreError> {
    let known = tx
        .connection()
        .prepare_cached("UPDATE request SET place = ?2, done = ?3, total = ?4 WHERE id = ?1")?
        .execute((id.0, &step.place, step.done, step.total))?;
    tx.changed(Change::Requests);
    Ok(known > 0)
}

/// Records that a request is done, and what that was.
pub fn report(tx: &Tx<'_>, id: RequestId, words: &str) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE request SET state = 'done', why = ?2 WHERE id = ?1")?
        .execute((id.0, words))?;
    tx.changed(Change::Requests);
    Ok(())
}

/// What the server found of a search, among the messages of one mailbox whose text is not here; at
/// most `limit` of all that a request found. False once so many are there, or when nobody waits for
/// the answer any more.
pub fn add_found(
    tx: &Tx<'_>,
    id: RequestId,
    (mailbox, epoch): (MailboxKey, Epoch),
    uids: &UidSet,
    narrow: &Narrow,
    limit: usize,
) -> Result<bool, StoreError> {
    if find(tx, id)?.is_none() {
        return Ok(false);
    }
    let sql = tx.connection();
    let known: i64 = sql
        .prepare_cached("SELECT count(*) FROM found WHERE request = ?1")?
        .query_row([id.0], |row| row.get(0))?;
    let mut room = limit.saturating_sub(usize::try_from(known).unwrap_or(usize::MAX));
    let mut row = sql.prepare_cached(
        "SELECT m.key FROM message m JOIN content c ON c.key = m.content
         WHERE m.base_mailbox = ?1 AND m.base_epoch = ?2 AND m.base_uid = ?3
           AND m.mailbox IS NOT NULL AND c.kept BETWEEN 1 AND 2
           AND c.attachments >= ?4 AND m.arrival >= ?5 AND m.arrival < ?6",
    )?;
    let rest = (narrow.attachments, narrow.since, narrow.until);
    let mut insert =
        sql.prepare_cached("INSERT OR IGNORE INTO found (request, message) VALUES (?1, ?2)")?;
    for uid in uids.iter().rev() {
        if room == 0 {
            break;
        }
        let key: Option<i64> = row
            .query_row((mailbox.0, epoch.0, uid.0, rest.0, rest.1, rest.2), |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(key) = key {
            room -= insert.execute((id.0, key))?;
        }
    }
    tx.changed(Change::Requests);
    Ok(room > 0)
}

/// The messages that a search has found on the server so far, newest first.
pub fn found(rows: &impl Rows, id: RequestId) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT m.key FROM found f CROSS JOIN message m ON m.key = f.message
         WHERE f.request = ?1 AND m.mailbox IS NOT NULL ORDER BY m.arrival DESC, m.key DESC",
    )?;
    let found = query.query_map([id.0], |row| Ok(MessageKey(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Whether a mailbox holds messages whose text is not here, as far as is known.
pub fn lacks_text(rows: &impl Rows, mailbox: MailboxKey) -> Result<bool, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message INDEXED BY message_wanted
           WHERE mailbox = ?1 AND wanted > 0)",
    )?;
    Ok(query.query_row([mailbox.0], |row| row.get(0))?)
}

/// Whether a server has something of these mailboxes that is not here: the text of a message, or a
/// message at all. Of all mailboxes of the account where none is named.
pub fn lacks_any(
    rows: &impl Rows,
    account: AccountKey,
    mailbox: Option<MailboxKey>,
) -> Result<bool, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM mailbox b
           WHERE b.account = ?1 AND (?2 IS NULL OR b.key = ?2)
             AND (coalesce(b.status_messages, 0) > b.total
               OR EXISTS (SELECT 1 FROM message INDEXED BY message_wanted
                 WHERE mailbox = b.key AND wanted > 0)))",
    )?;
    Ok(query.query_row((account.0, mailbox.map(|key| key.0)), |row| row.get(0))?)
}

/// Removes a request: by the asker who has the answer or no longer waits.
pub fn remove(tx: &Tx<'_>, id: RequestId) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM request WHERE id = ?1")?
        .execute([id.0])?;
    tx.changed(Change::Requests);
    Ok(())
}

/// Removes requests of an account that are past their deadline.
pub fn expire(tx: &Tx<'_>, account: AccountKey) -> Result<usize, StoreError> {
    Ok(tx
        .connection()
        .prepare_cached("DELETE FROM request WHERE account = ?1 AND deadline < ?2")?
        .execute((account.0, tx.now()))?)
}
