//! Messages: what sits in a mailbox, as the server confirmed it and as the user sees it.

use rusqlite::{OptionalExtension, Row};

use crate::model::{
    AccountKey, ContentKey, Envelope, Flags, Kept, MailboxKey, MessageKey, Structure, ThreadKey,
    Uid, UidSet,
};

use super::columns::{count, flags_at, number, of_flags, uid};
use super::effective::{leave, refold};
use super::expected::Expected;
use super::mailboxes::Epoch;
use super::{Change, Rows, StoreError, Tx, contents, journal, mailboxes, threads};

/// A message as a FETCH tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Its UID in the mailbox and epoch that the call names.
    pub uid: u32,
    /// FLAGS.
    pub flags: Flags,
    /// MODSEQ, where the server has it.
    pub modseq: Option<u64>,
    /// INTERNALDATE in seconds since 1970.
    pub arrival: i64,
    /// RFC822.SIZE.
    pub size: u64,
    /// EMAILID or X-GM-MSGID: messages with an equal one share a content.
    pub remote_id: Option<String>,
    /// The envelope; `None` lists the message only.
    pub envelope: Option<Envelope>,
    /// BODYSTRUCTURE.
    pub structure: Option<Structure>,
    /// Labels, in an account of that shape.
    pub labels: Vec<String>,
}

/// Flags as the server tells of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagsSeen {
    /// Whose.
    pub uid: Uid,
    /// All flags that it has.
    pub flags: Flags,
    /// MODSEQ, where the server has it.
    pub modseq: Option<u64>,
}

/// Where a message stands on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The mailbox.
    pub mailbox: MailboxKey,
    /// The epoch of its UID.
    pub epoch: Epoch,
    /// Its UID in that epoch.
    pub uid: Uid,
    /// The flags that the server confirmed.
    pub flags: Flags,
    /// MODSEQ.
    pub modseq: Option<u64>,
}

/// One message's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its key: the `ID` of the command line.
    pub key: MessageKey,
    /// What it holds.
    pub content: ContentKey,
    /// Where the server has it.
    pub base: Option<Base>,
    /// Where the user sees it; `None` is gone, or not shown yet.
    pub mailbox: Option<MailboxKey>,
    /// The flags that the user sees.
    pub flags: Flags,
    /// INTERNALDATE.
    pub arrival: i64,
    /// RFC822.SIZE.
    pub size: u64,
    /// Its thread; 0 while only listed.
    pub thread: ThreadKey,
}

/// The thread is the one that stands: [`threads::standing`], written out.
const COLUMNS: &str = "SELECT key, content, base_mailbox, base_epoch, base_uid, base_flags,
    base_keywords, base_modseq, mailbox, flags, keywords, arrival, size,
    coalesce((SELECT into_thread FROM thread WHERE key = message.thread), message.thread)
    FROM message";

fn read(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    let epoch: Option<i64> = row.get(3)?;
    let known = row.get::<_, Option<i64>>(4)?.and_then(uid);
    let base = match (row.get::<_, Option<i64>>(2)?, epoch, known) {
        (Some(mailbox), Some(epoch), Some(uid)) => Some(Base {
            mailbox: MailboxKey(mailbox),
            epoch: Epoch(epoch),
            uid,
            flags: flags_at(row, 5)?,
            modseq: row.get::<_, Option<i64>>(7)?.map(count),
        }),
        _ => None,
    };
    Ok(Message {
        key: MessageKey(row.get(0)?),
        content: ContentKey(row.get(1)?),
        base,
        mailbox: row.get::<_, Option<i64>>(8)?.map(MailboxKey),
        flags: flags_at(row, 9)?,
        arrival: row.get(11)?,
        size: count(row.get(12)?),
        thread: ThreadKey(row.get(13)?),
    })
}

/// The message with this key.
pub fn get(rows: &impl Rows, key: MessageKey) -> Result<Message, StoreError> {
    find(rows, key)?.ok_or(StoreError::missing("message", key.0))
}

/// The message with this key, if it is still there.
pub fn find(rows: &impl Rows, key: MessageKey) -> Result<Option<Message>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached(&format!("{COLUMNS} WHERE key = ?1"))?;
    Ok(query.query_row([key.0], read).optional()?)
}

/// The message with this UID.
pub fn by_uid(
    rows: &impl Rows,
    mailbox: MailboxKey,
    epoch: Epoch,
    uid: Uid,
) -> Result<Option<Message>, StoreError> {
    let mut query = rows.connection().prepare_cached(&format!(
        "{COLUMNS} WHERE base_mailbox = ?1 AND base_epoch = ?2 AND base_uid = ?3"
    ))?;
    Ok(query
        .query_row((mailbox.0, epoch.0, uid.0), read)
        .optional()?)
}

/// All UIDs of an epoch that are stored.
pub fn known_uids(
    rows: &impl Rows,
    mailbox: MailboxKey,
    epoch: Epoch,
) -> Result<UidSet, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT base_uid FROM message WHERE base_mailbox = ?1 AND base_epoch = ?2
         ORDER BY base_uid",
    )?;
    let mut known = UidSet::new();
    let mut found = query.query((mailbox.0, epoch.0))?;
    while let Some(row) = found.next()? {
        if let Some(uid) = uid(row.get(0)?) {
            known.insert(uid);
        }
    }
    Ok(known)
}

/// The flags that the server confirmed for the UIDs from `low` to `high`, to compare with what it
/// says now.
pub fn base_flags(
    rows: &impl Rows,
    mailbox: MailboxKey,
    epoch: Epoch,
    low: Uid,
    high: Uid,
) -> Result<Vec<FlagsSeen>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT base_uid, base_flags, base_keywords, base_modseq FROM message
         WHERE base_mailbox = ?1 AND base_epoch = ?2 AND base_uid BETWEEN ?3 AND ?4
         ORDER BY base_uid",
    )?;
    let found = query
        .query_map((mailbox.0, epoch.0, low.0, high.0), |row| {
            Ok(FlagsSeen {
                uid: Uid(row.get(0)?),
                flags: flags_at(row, 1)?,
                modseq: row.get::<_, Option<i64>>(3)?.map(count),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

pub(super) const WITHOUT_ENVELOPE: &str = "SELECT base_uid FROM message INDEXED BY message_wanted
         WHERE mailbox = ?1 AND wanted = 2 AND wanted > 0 AND base_mailbox = ?1 AND base_epoch = ?2
         ORDER BY arrival DESC, key DESC LIMIT ?3";

/// UIDs that are listed without an envelope, newest first, at most `limit`.
pub fn without_envelope(
    rows: &impl Rows,
    mailbox: MailboxKey,
    epoch: Epoch,
    limit: usize,
) -> Result<Vec<Uid>, StoreError> {
    let mut query = rows.connection().prepare_cached(WITHOUT_ENVELOPE)?;
    let found = query
        .query_map(
            (mailbox.0, epoch.0, i64::try_from(limit).unwrap_or(i64::MAX)),
            |row| Ok(Uid(row.get(0)?)),
        )?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Stores messages of one mailbox and epoch, in any order. A UID that is there already takes the
/// new flags, and the envelope if it had none. While a renumbering runs they stay hidden. Answers
/// the keys in the order given.
pub fn insert(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    arrived: &[Arrived],
) -> Result<Vec<MessageKey>, StoreError> {
    let place = Place::of(tx, mailbox, epoch)?;
    let mut expected = Expected::of(tx, mailbox, epoch)?;
    let mut keys = Vec::with_capacity(arrived.len());
    for message in arrived {
        if let Some(known) = known(tx, &place, message.uid)? {
            keys.push(refresh(tx, &place, known, message)?);
        } else if let Some(key) = expected.take(tx, (mailbox, epoch), message)? {
            keys.push(key);
        } else {
            keys.push(add(tx, &place, message)?);
        }
    }
    tx.changed(Change::Messages(mailbox));
    tx.changed(Change::Mailboxes(place.account));
    Ok(keys)
}

/// Stores a message that no server knows (import, local mailboxes).
pub fn insert_local(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    arrived: &Arrived,
) -> Result<(MessageKey, ContentKey), StoreError> {
    let row = mailboxes::get(tx, mailbox)?;
    let (content, thread, _) = contents::make(tx, &fresh(row.account, arrived))?;
    let (flags, keywords) = of_flags(&arrived.flags);
    tx.connection()
        .prepare_cached(
            "INSERT INTO message (content, mailbox, flags, keywords, arrival, size, thread)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            content.0,
            mailbox.0,
            flags,
            keywords,
            arrived.arrival,
            size(arrived),
            thread.0,
        ))?;
    let key = MessageKey(tx.connection().last_insert_rowid());
    tx.changed(Change::Messages(mailbox));
    tx.changed(Change::Mailboxes(row.account));
    Ok((key, content))
}

/// A row for a copy of a message: shown at once, on no server yet. `content` is what it holds.
pub fn copy_row(
    tx: &Tx<'_>,
    source: &Message,
    content: ContentKey,
    to: MailboxKey,
    flags: &Flags,
) -> Result<MessageKey, StoreError> {
    let (system, keywords) = of_flags(flags);
    tx.connection()
        .prepare_cached(
            "INSERT INTO message (content, mailbox, flags, keywords, arrival, size, thread)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            content.0,
            to.0,
            system,
            keywords,
            source.arrival,
            i64::try_from(source.size).unwrap_or(i64::MAX),
            source.thread.0,
        ))?;
    let key = MessageKey(tx.connection().last_insert_rowid());
    super::effective::tell(tx, to)?;
    Ok(key)
}

/// A row for a message whose bytes are here and that is to be uploaded: shown at once, on no server
/// yet.
pub(super) fn insert_upload(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    content: ContentKey,
    size: u64,
    flags: &Flags,
) -> Result<MessageKey, StoreError> {
    let (system, keywords) = of_flags(flags);
    tx.connection()
        .prepare_cached(&format!(
            "INSERT INTO message (content, mailbox, flags, keywords, arrival, size, thread)
             SELECT key, ?2, ?3, ?4, ?5, ?6, {thread} FROM content WHERE key = ?1",
            thread = threads::standing("content.thread")
        ))?
        .execute((
            content.0,
            mailbox.0,
            system,
            keywords,
            tx.now(),
            i64::try_from(size).unwrap_or(i64::MAX),
        ))?;
    Ok(MessageKey(tx.connection().last_insert_rowid()))
}

/// The size as a server counts it.
pub fn set_size(tx: &Tx<'_>, key: MessageKey, size: u64) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE message SET size = ?2 WHERE key = ?1")?
        .execute((key.0, i64::try_from(size).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// Other bytes for a message that has not been uploaded yet.
pub(super) fn set_content(
    tx: &Tx<'_>,
    key: MessageKey,
    content: ContentKey,
    size: u64,
) -> Result<(), StoreError> {
    let shown = get(tx, key)?.mailbox;
    tx.connection()
        .prepare_cached(&format!(
            "UPDATE message SET content = ?2, size = ?3, arrival = ?4,
               thread = (SELECT {thread} FROM content WHERE key = ?2) WHERE key = ?1",
            thread = threads::standing("content.thread")
        ))?
        .execute((
            key.0,
            content.0,
            i64::try_from(size).unwrap_or(i64::MAX),
            tx.now(),
        ))?;
    match shown {
        Some(mailbox) => super::effective::tell(tx, mailbox),
        None => Ok(()),
    }
}

/// Parts a message from its place on the server: what stands there becomes a row of its own, unseen,
/// with what was under way; the message itself holds `content` and stands on no server. What waited
/// to be sent is in what is shown already, and goes. Answers the key of the row that remains.
pub fn part(tx: &Tx<'_>, message: &Message, content: ContentKey) -> Result<MessageKey, StoreError> {
    let sql = tx.connection();
    let Some(base) = &message.base else {
        return Err(StoreError::missing(
            "place on the server of message",
            message.key.0,
        ));
    };
    sql.prepare_cached(
        "UPDATE message SET base_mailbox = NULL, base_epoch = NULL, base_uid = NULL,
           base_modseq = NULL, content = ?2, wanted = 0 WHERE key = ?1",
    )?
    .execute((message.key.0, content.0))?;
    let (system, keywords) = of_flags(&base.flags);
    sql.prepare_cached(
        "INSERT INTO message (content, base_mailbox, base_epoch, base_uid, base_modseq, base_flags,
           base_keywords, flags, keywords, arrival, size, thread)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        message.content.0,
        base.mailbox.0,
        base.epoch.0,
        base.uid.0,
        base.modseq.and_then(number),
        system,
        keywords,
        message.arrival,
        i64::try_from(message.size).unwrap_or(i64::MAX),
        message.thread.0,
    ))?;
    let remains = MessageKey(sql.last_insert_rowid());
    for operation in journal::of_message(tx, message.key)? {
        if operation.state.is_undecided() {
            super::verdicts::hand_on(tx, &operation, remains)?;
        } else {
            journal::remove(tx, operation.id)?;
        }
    }
    journal::copy_from(tx, message.key, remains)?;
    Ok(remains)
}

/// Takes [`part`] back: the message stands again where its remains do, and is shown there.
pub fn join(tx: &Tx<'_>, message: &Message, remains: &Message) -> Result<(), StoreError> {
    let Some(base) = &remains.base else {
        return Ok(());
    };
    let sql = tx.connection();
    // What is copied in the account that it does not go to is uploaded there; what was to be copied
    // where it comes back to is copied from it again.
    journal::upload_copies(tx, message.key, Some(message.key))?;
    journal::copy_from(tx, remains.key, message.key)?;
    for key in [message.key, remains.key] {
        for operation in journal::of_message(tx, key)? {
            journal::remove(tx, operation.id)?;
        }
    }
    sql.prepare_cached("UPDATE message SET content = ?2 WHERE key = ?1")?
        .execute((message.key.0, remains.content.0))?;
    remove(tx, remains.key, remains.content)?;
    contents::release(tx, message.content)?;
    let (system, keywords) = of_flags(&base.flags);
    sql.prepare_cached(
        "UPDATE message SET base_mailbox = ?2, base_epoch = ?3, base_uid = ?4, base_modseq = ?5,
           base_flags = ?6, base_keywords = ?7 WHERE key = ?1",
    )?
    .execute((
        message.key.0,
        base.mailbox.0,
        base.epoch.0,
        base.uid.0,
        base.modseq.and_then(number),
        system,
        keywords,
    ))?;
    refold(tx, message.key)?;
    Ok(())
}

/// A message that no server has holds `content` from now on. Its bytes come from `bytes`, if they
/// are not kept.
pub fn hold(
    tx: &Tx<'_>,
    message: &Message,
    content: ContentKey,
    bytes: Option<MessageKey>,
) -> Result<(), StoreError> {
    journal::upload_copies(tx, message.key, bytes)?;
    tx.connection()
        .prepare_cached("UPDATE message SET content = ?2 WHERE key = ?1")?
        .execute((message.key.0, content.0))?;
    contents::release(tx, message.content)
}

/// Where new rows go.
struct Place {
    mailbox: MailboxKey,
    account: AccountKey,
    epoch: Epoch,
    shown: Option<i64>,
}

impl Place {
    fn of(tx: &Tx<'_>, mailbox: MailboxKey, epoch: Epoch) -> Result<Self, StoreError> {
        let row = mailboxes::get(tx, mailbox)?;
        if row.epoch != epoch {
            return Err(StoreError::missing("mailbox epoch", epoch.0));
        }
        Ok(Self {
            mailbox,
            account: row.account,
            epoch,
            shown: (row.settled == row.epoch).then_some(mailbox.0),
        })
    }
}

fn fresh(account: AccountKey, arrived: &Arrived) -> contents::Fresh<'_> {
    contents::Fresh {
        account,
        arrival: arrived.arrival,
        size: arrived.size,
        remote_id: arrived.remote_id.as_deref(),
        envelope: arrived.envelope.as_ref(),
        structure: arrived.structure.as_ref(),
    }
}

/// Gives a listed message the envelope that its own header tells, and nothing else.
pub fn set_envelope(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    uid: Uid,
    envelope: &Envelope,
) -> Result<(), StoreError> {
    let place = Place::of(tx, mailbox, epoch)?;
    if let Some((_, content, thread, kept)) = known(tx, &place, uid.0)? {
        contents::fill(tx, (content, thread, kept), Some(envelope), None)?;
        tx.changed(Change::Messages(mailbox));
    }
    Ok(())
}

type Known = (MessageKey, ContentKey, ThreadKey, Kept);

fn known(tx: &Tx<'_>, place: &Place, uid: u32) -> Result<Option<Known>, StoreError> {
    let mut query = tx.connection().prepare_cached(
        "SELECT m.key, m.content, coalesce((SELECT into_thread FROM thread WHERE key = m.thread),
           m.thread), c.kept FROM message m JOIN content c ON c.key = m.content
         WHERE m.base_mailbox = ?1 AND m.base_epoch = ?2 AND m.base_uid = ?3",
    )?;
    Ok(query
        .query_row((place.mailbox.0, place.epoch.0, uid), |row| {
            Ok((
                MessageKey(row.get(0)?),
                ContentKey(row.get(1)?),
                ThreadKey(row.get(2)?),
                Kept::of_code(row.get(3)?),
            ))
        })
        .optional()?)
}

fn refresh(
    tx: &Tx<'_>,
    place: &Place,
    (key, content, thread, kept): Known,
    arrived: &Arrived,
) -> Result<MessageKey, StoreError> {
    contents::fill(
        tx,
        (content, thread, kept),
        arrived.envelope.as_ref(),
        arrived.structure.as_ref(),
    )?;
    let seen = FlagsSeen {
        uid: Uid(arrived.uid),
        flags: arrived.flags.clone(),
        modseq: arrived.modseq,
    };
    update_one(tx, place.mailbox, place.epoch, &seen, Told::Aside)?;
    Ok(key)
}

fn add(tx: &Tx<'_>, place: &Place, arrived: &Arrived) -> Result<MessageKey, StoreError> {
    let (content, thread, kept) = contents::make(tx, &fresh(place.account, arrived))?;
    let (flags, keywords) = of_flags(&arrived.flags);
    tx.connection()
        .prepare_cached(
            "INSERT INTO message (content, base_mailbox, base_epoch, base_uid, base_modseq,
               base_flags, base_keywords, mailbox, flags, keywords, arrival, size, thread, wanted,
               labels)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?6, ?7, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute((
            content.0,
            place.mailbox.0,
            place.epoch.0,
            arrived.uid,
            arrived.modseq.and_then(number),
            flags,
            keywords,
            place.shown,
            arrived.arrival,
            size(arrived),
            thread.0,
            contents::wanted(kept),
            arrived.labels.join("\n"),
        ))?;
    Ok(MessageKey(tx.connection().last_insert_rowid()))
}

/// RFC822.SIZE as a column; a server's lie is cut to what fits.
fn size(arrived: &Arrived) -> i64 {
    i64::try_from(arrived.size).unwrap_or(i64::MAX)
}

/// Takes over the flags that the server tells of, except where a newer MODSEQ is stored, and folds
/// what is pending over them. Unknown UIDs are left out. Answers how many messages changed.
pub fn update_flags(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    seen: &[FlagsSeen],
) -> Result<usize, StoreError> {
    take_flags(tx, mailbox, epoch, seen, Told::Aside)
}

/// As [`update_flags`], but for flags that were asked for now: they stand, even if the server has
/// begun its mod-sequences anew and their MODSEQ is older than the stored one (SAFETY P8).
pub fn replace_flags(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    seen: &[FlagsSeen],
) -> Result<usize, StoreError> {
    take_flags(tx, mailbox, epoch, seen, Told::Asked)
}

/// How flags came here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Beside something else: what has a newer MODSEQ stays.
    Aside,
    /// In answer to a question for them.
    Asked,
}

fn take_flags(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    seen: &[FlagsSeen],
    told: Told,
) -> Result<usize, StoreError> {
    let mut changed = 0;
    for one in seen {
        changed += usize::from(update_one(tx, mailbox, epoch, one, told)?);
    }
    if changed > 0 {
        tx.changed(Change::Messages(mailbox));
        tx.changed(Change::Mailboxes(mailboxes::get(tx, mailbox)?.account));
    }
    Ok(changed)
}

fn update_one(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    seen: &FlagsSeen,
    told: Told,
) -> Result<bool, StoreError> {
    let (flags, keywords) = of_flags(&seen.flags);
    let mut query = tx.connection().prepare_cached(
        "UPDATE message SET base_flags = ?4, base_keywords = ?5,
           base_modseq = coalesce(?6, base_modseq)
         WHERE base_mailbox = ?1 AND base_epoch = ?2 AND base_uid = ?3
           AND (?7 OR ?6 IS NULL OR base_modseq IS NULL OR base_modseq <= ?6)
           AND (base_flags <> ?4 OR base_keywords <> ?5 OR (?6 IS NOT NULL AND base_modseq IS NOT ?6))
         RETURNING key",
    )?;
    let key: Option<i64> = query
        .query_row(
            (
                mailbox.0,
                epoch.0,
                seen.uid.0,
                flags,
                keywords,
                seen.modseq.and_then(number),
                told == Told::Asked,
            ),
            |row| row.get(0),
        )
        .optional()?;
    match key {
        Some(key) => refold(tx, MessageKey(key)),
        None => Ok(false),
    }
}

/// Sets base flags after a verdict of the server.
pub(super) fn set_base_flags(
    tx: &Tx<'_>,
    key: MessageKey,
    flags: &Flags,
    modseq: Option<u64>,
) -> Result<(), StoreError> {
    let (system, keywords) = of_flags(flags);
    tx.connection()
        .prepare_cached(
            "UPDATE message SET base_flags = ?2, base_keywords = ?3,
               base_modseq = coalesce(?4, base_modseq) WHERE key = ?1",
        )?
        .execute((key.0, system, keywords, modseq.and_then(number)))?;
    Ok(())
}

/// Removes what the server expunged. What was pending on it is pointless now and goes too, unless
/// it says otherwise: see [`crate::model::journal::leaving`]. Answers how many messages went.
pub fn expunge(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    epoch: Epoch,
    uids: &UidSet,
) -> Result<usize, StoreError> {
    let mut gone = Vec::new();
    {
        let mut query = tx.connection().prepare_cached(
            "SELECT key, content FROM message
             WHERE base_mailbox = ?1 AND base_epoch = ?2 AND base_uid BETWEEN ?3 AND ?4",
        )?;
        for (low, high) in uids.ranges() {
            let found = query.query_map((mailbox.0, epoch.0, low, high), pair)?;
            for row in found {
                gone.push(row?);
            }
        }
    }
    let row = mailboxes::get(tx, mailbox)?;
    let why = left_words(&row);
    let mut went = 0;
    for (key, content) in &gone {
        went += usize::from(leave(tx, *key, *content, &why)?);
    }
    if went > 0 {
        tx.changed(Change::Messages(mailbox));
        tx.changed(Change::Mailboxes(row.account));
    }
    Ok(went)
}

/// Why an operation cannot be done whose message has left this mailbox.
pub(super) fn left_words(mailbox: &mailboxes::Mailbox) -> String {
    let name = mailbox.name.as_deref().unwrap_or("a deleted mailbox");
    format!("another program moved or deleted it from \"{name}\" first")
}

/// Removes a message that stands in no server's mailbox.
pub fn remove_local(tx: &Tx<'_>, key: MessageKey) -> Result<(), StoreError> {
    let message = get(tx, key)?;
    // Deleted on its way here, it is deleted where it comes from too.
    super::remains::let_go(tx, key)?;
    remove(tx, key, message.content)?;
    match message.mailbox {
        Some(mailbox) => super::effective::tell(tx, mailbox),
        None => Ok(()),
    }
}

pub(super) fn pair(row: &Row<'_>) -> Result<(MessageKey, ContentKey), rusqlite::Error> {
    Ok((MessageKey(row.get(0)?), ContentKey(row.get(1)?)))
}

/// Every message of a mailbox leaves it, shown or hidden; what waits to come in from elsewhere is
/// not touched.
pub(super) fn clear(tx: &Tx<'_>, mailbox: &mailboxes::Mailbox) -> Result<(), StoreError> {
    let gone: Vec<_> = {
        let mut query = tx.connection().prepare_cached(
            "SELECT key, content FROM message WHERE base_mailbox = ?1
               OR (mailbox = ?1 AND base_mailbox IS NULL
                 AND NOT EXISTS (SELECT 1 FROM journal WHERE message = message.key))",
        )?;
        query
            .query_map([mailbox.key.0], pair)?
            .collect::<Result<_, _>>()?
    };
    let why = left_words(mailbox);
    for (key, content) in gone {
        if !leave(tx, key, content, &why)? {
            super::effective::forget_base(tx, key)?;
        }
    }
    Ok(())
}

pub(super) fn remove(tx: &Tx<'_>, key: MessageKey, content: ContentKey) -> Result<(), StoreError> {
    let sql = tx.connection();
    let dropped = sql
        .prepare_cached("DELETE FROM journal WHERE message = ?1")?
        .execute([key.0])?;
    if dropped > 0 {
        tx.changed(Change::Journal);
    }
    sql.prepare_cached("DELETE FROM message WHERE key = ?1")?
        .execute([key.0])?;
    contents::release(tx, content)
}
