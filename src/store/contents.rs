//! Contents: what a message holds, once for all the mailboxes that it stands in.

use rusqlite::{OptionalExtension, Row};

use crate::model::{
    AccountKey, Address, ContentKey, Envelope, Kept, MessageKey, Structure, ThreadKey,
};

use super::columns::{count, json};
use super::{Change, Rows, StoreError, Tx, people, remains, threads};

/// One content, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its key.
    pub key: ContentKey,
    /// The account that it came with.
    pub account: AccountKey,
    /// Its row in the full-text index.
    pub docid: i64,
    /// Its thread.
    pub thread: ThreadKey,
    /// How much of it is here.
    pub kept: Kept,
    /// The decoded envelope; empty while `kept` is `None`.
    pub envelope: Envelope,
    /// The MIME tree, when it is known.
    pub structure: Option<Structure>,
    /// The first words of its text; may be empty.
    pub preview: String,
}

pub(super) fn addresses(text: &str) -> Vec<Address> {
    serde_json::from_str(text).unwrap_or_default()
}

fn read(row: &Row<'_>) -> Result<Content, rusqlite::Error> {
    // A value that cannot be read costs that value, not the message.
    let mut envelope: Envelope =
        serde_json::from_str(row.get_ref(11)?.as_str()?).unwrap_or_default();
    envelope.date = row.get(5)?;
    envelope.message_id = row.get(6)?;
    envelope.subject = row.get(7)?;
    envelope.from = addresses(row.get_ref(8)?.as_str()?);
    envelope.to = addresses(row.get_ref(9)?.as_str()?);
    envelope.list_id = row.get(10)?;
    Ok(Content {
        key: ContentKey(row.get(0)?),
        account: AccountKey(row.get(1)?),
        docid: row.get(2)?,
        thread: ThreadKey(row.get(3)?),
        kept: Kept::of_code(row.get(4)?),
        envelope,
        structure: row
            .get_ref(12)?
            .as_str_or_null()?
            .and_then(|text| serde_json::from_str(text).ok()),
        preview: row.get(13)?,
    })
}

/// The content with this key.
pub fn get(rows: &impl Rows, key: ContentKey) -> Result<Content, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "SELECT key, account, docid, {thread}, kept, date, message_id, subject, senders, recipients,
           list_id, envelope, structure, preview FROM content WHERE key = ?1",
        thread = threads::standing("content.thread")
    ))?;
    query
        .query_row([key.0], read)
        .optional()?
        .ok_or(StoreError::missing("content", key.0))
}

/// How much of a content is here.
pub fn kept(rows: &impl Rows, key: ContentKey) -> Result<Kept, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT kept FROM content WHERE key = ?1")?;
    query
        .query_row([key.0], |row| Ok(Kept::of_code(row.get(0)?)))
        .optional()?
        .ok_or(StoreError::missing("content", key.0))
}

/// The messages that hold this content.
pub fn messages(rows: &impl Rows, key: ContentKey) -> Result<Vec<MessageKey>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT key FROM message WHERE content = ?1 ORDER BY key")?;
    let found = query
        .query_map([key.0], |row| Ok(MessageKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Contents of the same account with the same Message-ID, this one left out. It walks the thread:
/// messages with one Message-ID are in one thread.
pub fn equals(rows: &impl Rows, key: ContentKey) -> Result<Vec<ContentKey>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "WITH own AS MATERIALIZED (SELECT account, message_id, {thread} AS thread
             FROM content own WHERE key = ?1),
           part AS MATERIALIZED (SELECT thread AS key FROM own
             UNION ALL SELECT joined.key FROM own JOIN thread joined
               ON joined.into_thread = own.thread)
         SELECT DISTINCT c.key FROM own CROSS JOIN part
           CROSS JOIN message m ON m.thread = part.key
           CROSS JOIN content c ON c.key = m.content
         WHERE c.account = own.account AND c.message_id = own.message_id
         ORDER BY c.key",
        thread = threads::standing("own.thread")
    ))?;
    let found = query
        .query_map([key.0], |row| Ok(ContentKey(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Stores a structure that the server did not give or gave wrongly.
pub fn set_structure(
    tx: &Tx<'_>,
    key: ContentKey,
    structure: &Structure,
) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE content SET structure = ?2, attachments = ?3 WHERE key = ?1")?
        .execute((key.0, json(structure)?, !structure.attachments().is_empty()))?;
    tx.changed(Change::Content(key));
    Ok(())
}

/// What a new content is made of.
pub(super) struct Fresh<'a> {
    pub account: AccountKey,
    pub arrival: i64,
    /// RFC822.SIZE; 0 where the server did not say it.
    pub size: u64,
    pub remote_id: Option<&'a str>,
    pub envelope: Option<&'a Envelope>,
    pub structure: Option<&'a Structure>,
}

/// Makes a content, or finds the one that the server says is the same.
pub(super) fn make(
    tx: &Tx<'_>,
    fresh: &Fresh<'_>,
) -> Result<(ContentKey, ThreadKey, Kept), StoreError> {
    let remote_id = match namesake(tx, fresh)? {
        Namesake::Same(key, thread, kept) => {
            return fill(tx, (key, thread, kept), fresh.envelope, fresh.structure);
        }
        Namesake::None => fresh.remote_id,
        Namesake::Other => None,
    };
    let thread = match fresh.envelope {
        Some(envelope) => threads::link(tx, envelope)?,
        None => ThreadKey(0),
    };
    let kept = match fresh.envelope {
        Some(_) => Kept::Headers,
        None => Kept::None,
    };
    let columns = Columns::of(fresh.envelope, fresh.structure)?;
    tx.connection()
        .prepare_cached(
            "INSERT INTO content (account, docid, thread, kept, attachments, date, remote_id,
               message_id, subject, senders, recipients, list_id, envelope, structure)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute((
            fresh.account.0,
            docid(tx, fresh.arrival)?,
            thread.0,
            kept.code(),
            columns.attachments,
            columns.envelope.and_then(|e| e.date),
            remote_id,
            columns.envelope.map_or("", |e| &e.message_id),
            columns.envelope.map_or("", |e| &e.subject),
            columns.senders,
            columns.recipients,
            columns.envelope.map_or("", |e| &e.list_id),
            columns.rest,
            columns.structure,
        ))?;
    let key = ContentKey(tx.connection().last_insert_rowid());
    if let Some(envelope) = fresh.envelope {
        threads::trace(tx, key, envelope)?;
    }
    Ok((key, thread, kept))
}

/// The same content in another account, which shares its bytes: for a message that is uploaded
/// there. Contents belong to one account, so that an account can be removed whole.
pub fn duplicate(
    tx: &Tx<'_>,
    key: ContentKey,
    account: AccountKey,
    arrival: i64,
) -> Result<ContentKey, StoreError> {
    let sql = tx.connection();
    sql.prepare_cached(
        "INSERT INTO content (account, docid, thread, kept, blob, attachments, date, message_id,
           subject, senders, recipients, list_id, preview, envelope, structure)
         SELECT ?2, ?3, thread, CASE kept WHEN 3 THEN 3 ELSE min(kept, 1) END,
           CASE kept WHEN 3 THEN blob END, attachments, date, message_id, subject, senders,
           recipients, list_id, preview, envelope, structure FROM content WHERE key = ?1",
    )?
    .execute((key.0, account.0, docid(tx, arrival)?))?;
    let copy = ContentKey(sql.last_insert_rowid());
    sql.prepare_cached(&format!(
        "UPDATE thread SET contents = contents + 1
         WHERE key = (SELECT {thread} FROM content WHERE key = ?1)",
        thread = threads::standing("content.thread")
    ))?
    .execute([copy.0])?;
    threads::trace_copy(tx, key, copy)?;
    Ok(copy)
}

/// Bytes that came for one content are those of its duplicates too, which uploads wait for.
pub(super) fn share_bytes(tx: &Tx<'_>, from: ContentKey) -> Result<(), StoreError> {
    let waiting: Vec<i64> = {
        let mut query = tx.connection().prepare_cached(
            "SELECT m.content FROM message o CROSS JOIN journal j ON j.other = o.key
               JOIN message m ON m.key = j.message
             WHERE o.content = ?1 AND j.kind = 'append'",
        )?;
        query
            .query_map([from.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for to in waiting {
        tx.connection()
            .prepare_cached(
                "UPDATE content SET (blob, kept, structure) =
                   (SELECT blob, kept, structure FROM content WHERE key = ?1)
                 WHERE key = ?2 AND kept < 3",
            )?
            .execute((from.0, to))?;
        tx.changed(Change::Content(ContentKey(to)));
        tx.changed(Change::Journal);
        remains::land_all(tx, ContentKey(to))?;
    }
    Ok(())
}

/// Gives a listed-only content the envelope that came later; a known one stays as it is, but takes
/// a structure that it lacks.
pub(super) fn fill(
    tx: &Tx<'_>,
    (key, thread, kept): (ContentKey, ThreadKey, Kept),
    envelope: Option<&Envelope>,
    structure: Option<&Structure>,
) -> Result<(ContentKey, ThreadKey, Kept), StoreError> {
    let Some(envelope) = envelope.filter(|_| kept == Kept::None) else {
        if let Some(structure) = structure {
            tx.connection()
                .prepare_cached(
                    "UPDATE content SET structure = ?2, attachments = ?3
                     WHERE key = ?1 AND structure IS NULL",
                )?
                .execute((key.0, json(structure)?, !structure.attachments().is_empty()))?;
        }
        return Ok((key, thread, kept));
    };
    let thread = threads::link(tx, envelope)?;
    let columns = Columns::of(Some(envelope), structure)?;
    tx.connection()
        .prepare_cached(
            "UPDATE content SET thread = ?2, kept = 1, attachments = ?3, date = ?4, message_id = ?5,
               subject = ?6, senders = ?7, recipients = ?8, list_id = ?9, envelope = ?10,
               structure = ?11 WHERE key = ?1",
        )?
        .execute((
            key.0,
            thread.0,
            columns.attachments,
            envelope.date,
            &envelope.message_id,
            &envelope.subject,
            columns.senders,
            columns.recipients,
            &envelope.list_id,
            columns.rest,
            columns.structure,
        ))?;
    tx.connection()
        .prepare_cached("UPDATE message SET thread = ?2, wanted = 1 WHERE content = ?1")?
        .execute((key.0, thread.0))?;
    threads::trace(tx, key, envelope)?;
    people::came_later(tx, key)?;
    tx.changed(Change::Content(key));
    Ok((key, thread, Kept::Headers))
}

/// What is here under the id that the server gives a message.
enum Namesake {
    None,
    /// The same message, as far as can be seen.
    Same(ContentKey, ThreadKey, Kept),
    /// Another message: the server gives one id to two.
    Other,
}

/// Looks for the content of that id. A server that errs about ids must not make one message show
/// the bytes of another, so that Message-ID and size have to agree where they are known.
fn namesake(tx: &Tx<'_>, fresh: &Fresh<'_>) -> Result<Namesake, StoreError> {
    let Some(remote) = fresh.remote_id else {
        return Ok(Namesake::None);
    };
    let mut query = tx.connection().prepare_cached(&format!(
        "SELECT c.key, {thread}, c.kept, c.message_id,
           (SELECT max(m.size) FROM message m WHERE m.content = c.key)
         FROM content c WHERE c.account = ?1 AND c.remote_id = ?2",
        thread = threads::standing("c.thread")
    ))?;
    let found = query.query_row((fresh.account.0, remote), |row| {
        let key = ContentKey(row.get(0)?);
        let known = (key, ThreadKey(row.get(1)?), Kept::of_code(row.get(2)?));
        let message_id: String = row.get(3)?;
        let size: Option<i64> = row.get(4)?;
        Ok((known, message_id, size.and_then(|n| u64::try_from(n).ok())))
    });
    let Some(((key, thread, kept), message_id, size)) = found.optional()? else {
        return Ok(Namesake::None);
    };
    let id = fresh.envelope.filter(|_| kept != Kept::None);
    let id = id.map(|envelope| envelope.message_id == message_id);
    let size = size.filter(|size| *size > 0 && fresh.size > 0);
    let size = size.map(|size| size == fresh.size);
    Ok(match (id, size) {
        (Some(false), _) | (_, Some(false)) | (None, None) => Namesake::Other,
        (Some(true), _) | (None, Some(true)) => Namesake::Same(key, thread, kept),
    })
}

/// Seconds of arrival shifted by 20 bits, plus a counter: ascending by date, never changed.
fn docid(tx: &Tx<'_>, arrival: i64) -> Result<i64, StoreError> {
    let mut low = arrival.clamp(0, (1 << 40) - 1) << 20;
    let mut query = tx
        .connection()
        .prepare_cached("SELECT max(docid) FROM content WHERE docid >= ?1 AND docid < ?2")?;
    // A second that holds a million messages (an import without dates) runs over into the next.
    loop {
        let high = low + (1 << 20);
        let last: Option<i64> = query.query_row((low, high), |row| row.get(0))?;
        match last {
            None => return Ok(low),
            Some(last) if last + 1 < high => return Ok(last + 1),
            Some(_) => low = high,
        }
    }
}

struct Columns<'a> {
    envelope: Option<&'a Envelope>,
    attachments: bool,
    senders: String,
    recipients: String,
    rest: String,
    structure: Option<String>,
}

impl<'a> Columns<'a> {
    fn of(
        envelope: Option<&'a Envelope>,
        structure: Option<&Structure>,
    ) -> Result<Self, StoreError> {
        let (senders, recipients, rest) = match envelope {
            None => ("[]".into(), "[]".into(), "{}".into()),
            Some(envelope) => (
                json(&envelope.from)?,
                json(&envelope.to)?,
                json(&Rest::of(envelope))?,
            ),
        };
        Ok(Self {
            envelope,
            attachments: structure.is_some_and(|s| !s.attachments().is_empty()),
            senders,
            recipients,
            rest,
            structure: structure.map(json).transpose()?,
        })
    }
}

/// What of an envelope has no column of its own, without copying it.
#[derive(serde::Serialize)]
struct Rest<'a> {
    #[serde(skip_serializing_if = "is_zero")]
    zone: i32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    sender: &'a [Address],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reply_to: &'a [Address],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cc: &'a [Address],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bcc: &'a [Address],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    in_reply_to: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    references: &'a [String],
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}

impl<'a> Rest<'a> {
    fn of(envelope: &'a Envelope) -> Self {
        Self {
            zone: envelope.zone,
            sender: &envelope.sender,
            reply_to: &envelope.reply_to,
            cc: &envelope.cc,
            bcc: &envelope.bcc,
            in_reply_to: &envelope.in_reply_to,
            references: &envelope.references,
        }
    }
}

/// Deletes a content that no message, draft or outbox row holds any more, its bytes if no other content holds them.
pub(super) fn release(tx: &Tx<'_>, key: ContentKey) -> Result<(), StoreError> {
    let sql = tx.connection();
    let held: bool = sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message WHERE content = ?1)
               OR EXISTS (SELECT 1 FROM outgoing WHERE wire = ?1 OR copy = ?1)
               OR EXISTS (SELECT 1 FROM draft WHERE holds = ?1)
               OR EXISTS (SELECT 1 FROM unfiled WHERE content = ?1)
               OR EXISTS (SELECT 1 FROM freezing WHERE content = ?1)",
        )?
        .query_row([key.0], |row| row.get(0))?;
    if held {
        return Ok(());
    }
    let row: Option<(i64, i64, Option<i64>)> = sql
        .prepare_cached("DELETE FROM content WHERE key = ?1 RETURNING docid, thread, blob")?
        .query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((docid, thread, blob)) = row else {
        return Ok(());
    };
    sql.prepare_cached("INSERT INTO tombstone (docid) VALUES (?1)")?
        .execute([docid])?;
    let thread = threads::root(tx, ThreadKey(thread))?;
    sql.prepare_cached("UPDATE thread SET contents = max(contents - 1, 0) WHERE key = ?1")?
        .execute([thread.0])?;
    if let Some(blob) = blob {
        release_blob(tx, blob)?;
    }
    Ok(())
}

/// How many contents there are, for the Log.
pub fn total(rows: &impl Rows) -> Result<u64, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT count(*) FROM content")?;
    Ok(count(query.query_row([], |row| row.get(0))?))
}

/// The `wanted` column of a message whose content is kept so far.
pub(super) fn wanted(kept: Kept) -> i64 {
    match kept {
        Kept::None => 2,
        Kept::Headers | Kept::Text => 1,
        Kept::All => 0,
    }
}

/// Deletes a blob that no content names any more.
pub(super) fn release_blob(tx: &Tx<'_>, blob: i64) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "DELETE FROM blob WHERE key = ?1
               AND NOT EXISTS (SELECT 1 FROM content WHERE blob = ?1 AND blob IS NOT NULL)",
        )?
        .execute([blob])?;
    Ok(())
}
