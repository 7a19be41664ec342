//! Bodies: the raw bytes of messages, in chunks, once for equal bytes.
//!
//! Bytes are cut, hashed and compressed on the caller's thread by a [`BodyWriter`], which hands out
//! [`Piece`]s; [`store`] puts a piece down in a transaction. Section `''` is the whole message;
//! others are named as IMAP names them and keep their transfer encoding.

use std::cell::RefCell;
use std::io::Cursor;

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use crate::model::{
    AccountKey, BlobKey, ContentKey, Kept, MailboxKey, MessageKey, Offline, PartPath, Uid,
};

use super::columns::{count, json, uid};
use super::{Change, Rows, StoreError, Tx, contents, mailboxes, remains};

/// Raw octets in one row, at most.
pub const CHUNK: usize = 512 << 10;

const PLAIN: i64 = 0;
const ZSTD: i64 = 1;
/// Level 3 shrinks mail by a few percent more and costs twice the time.
const LEVEL: i32 = 1;

/// A message whose bytes the policy wants here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The message.
    pub message: MessageKey,
    /// What it holds.
    pub content: ContentKey,
    /// Its UID in the current epoch.
    pub uid: Uid,
    /// RFC822.SIZE.
    pub size: u64,
    /// The first octet of the whole message that is not here yet.
    pub from: u64,
}

/// How much of a section is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Have {
    /// Nothing.
    Nothing,
    /// The octets before this one.
    Part(u64),
    /// All of its octets.
    Whole(u64),
}

/// Where a MIME part's body lies in the whole message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSpan {
    /// The part.
    pub path: PartPath,
    /// Its first octet.
    pub start: u64,
    /// The octet after its last.
    pub end: u64,
}

/// Bytes on their way into the store.
pub struct Piece {
    content: ContentKey,
    section: String,
    chunks: Vec<Chunk>,
    end: Option<End>,
}

struct Chunk {
    seq: i64,
    start: u64,
    length: u64,
    coding: i64,
    bytes: Vec<u8>,
}

struct End {
    hash: [u8; 32],
    length: u64,
}

impl Piece {
    /// Octets that it holds, as they will lie in the store.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }

    /// The same bytes for a content that was made after they were cut.
    #[must_use]
    pub fn of(self, content: ContentKey) -> Self {
        Self { content, ..self }
    }

    /// What it belongs to.
    pub fn content(&self) -> ContentKey {
        self.content
    }

    /// BLAKE3 of the whole section, where this is its end.
    pub fn hash(&self) -> Option<[u8; 32]> {
        self.end.as_ref().map(|end| end.hash)
    }

    /// Whether it holds nothing to store.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.end.is_none()
    }
}

/// Cuts the bytes of one section into chunks.
pub struct BodyWriter {
    content: ContentKey,
    section: String,
    hash: blake3::Hasher,
    buffer: Vec<u8>,
    ready: Vec<Chunk>,
    seq: i64,
    start: u64,
}

impl BodyWriter {
    /// Starts a section at its first octet. What an earlier try had stored is replaced.
    pub fn new(content: ContentKey, section: &str) -> Self {
        Self {
            content,
            section: section.to_owned(),
            hash: blake3::Hasher::new(),
            buffer: Vec::new(),
            ready: Vec::new(),
            seq: 0,
            start: 0,
        }
    }

    /// Goes on where an earlier try ended: [`BodyWriter::next`] says at which octet.
    pub fn resume(
        rows: &impl Rows,
        content: ContentKey,
        section: &str,
    ) -> Result<Self, StoreError> {
        let mut writer = Self::new(content, section);
        let Some(blob) = blob_of(rows, content)? else {
            return Ok(writer);
        };
        let mut query = rows.connection().prepare_cached(
            "SELECT coding, length, bytes FROM body WHERE blob = ?1 AND section = ?2 ORDER BY seq",
        )?;
        let mut found = query.query((blob.0, section))?;
        let mut raw = Vec::new();
        while let Some(row) = found.next()? {
            raw.clear();
            let (coding, length) = (row.get(0)?, count(row.get(1)?));
            decode(coding, length, row.get_ref(2)?.as_blob()?, &mut raw)?;
            writer.hash.update(&raw);
            writer.seq += 1;
            writer.start += raw.len() as u64;
        }
        Ok(writer)
    }

    /// The octet that [`BodyWriter::push`] expects next.
    pub fn next(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = CHUNK - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if self.buffer.is_empty() && now.len() == CHUNK {
                self.cut(now);
            } else {
                self.buffer.extend_from_slice(now);
                if self.buffer.len() == CHUNK {
                    let full = std::mem::take(&mut self.buffer);
                    self.cut(&full);
                }
            }
            bytes = later;
        }
    }

    /// The chunks that are full, to be stored now; what is left waits for more.
    pub fn take(&mut self) -> Piece {
        Piece {
            content: self.content,
            section: self.section.clone(),
            chunks: std::mem::take(&mut self.ready),
            end: None,
        }
    }

    /// The rest: the section is whole.
    pub fn finish(mut self) -> Piece {
        let rest = std::mem::take(&mut self.buffer);
        if !rest.is_empty() {
            self.cut(&rest);
        }
        Piece {
            content: self.content,
            section: self.section,
            chunks: self.ready,
            end: Some(End {
                hash: *self.hash.finalize().as_bytes(),
                length: self.start,
            }),
        }
    }

    /// A whole section at once, without a copy of it.
    pub fn whole(content: ContentKey, section: &str, bytes: &[u8]) -> Piece {
        let mut writer = Self::new(content, section);
        for chunk in bytes.chunks(CHUNK) {
            writer.cut(chunk);
        }
        writer.finish()
    }

    fn cut(&mut self, raw: &[u8]) {
        self.hash.update(raw);
        let (coding, bytes) = encode(raw);
        self.ready.push(Chunk {
            seq: self.seq,
            start: self.start,
            length: raw.len() as u64,
            coding,
            bytes,
        });
        self.seq += 1;
        self.start += raw.len() as u64;
    }
}

thread_local! {
    // Its tables are made once for each thread, not for each chunk.
    static PRESS: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static PULL: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

fn encode(raw: &[u8]) -> (i64, Vec<u8>) {
    let pressed = PRESS.with_borrow_mut(|press| {
        if press.is_none() {
            *press = zstd::bulk::Compressor::new(LEVEL).ok();
        }
        press.as_mut().and_then(|press| press.compress(raw).ok())
    });
    match pressed {
        Some(bytes) if bytes.len() + raw.len() / 16 < raw.len() => (ZSTD, bytes),
        _ => (PLAIN, raw.to_vec()),
    }
}

/// Puts the octets of a chunk behind those that are there, without a copy in between.
fn decode(coding: i64, length: u64, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged {
        what: "a stored chunk of a message cannot be read".into(),
    };
    let length = usize::try_from(length)
        .ok()
        .filter(|n| *n <= CHUNK)
        .ok_or_else(damaged)?;
    let before = out.len();
    out.reserve(length);
    match coding {
        PLAIN => out.extend_from_slice(bytes),
        ZSTD => {
            let mut place = Cursor::new(&mut *out);
            place.set_position(before as u64);
            let filled = PULL.with_borrow_mut(|pull| {
                if pull.is_none() {
                    *pull = zstd::bulk::Decompressor::new().ok();
                }
                let pull = pull.as_mut()?;
                pull.decompress_to_buffer(bytes, &mut place).ok()
            });
            filled.ok_or_else(damaged)?;
        }
        _ => return Err(damaged()),
    }
    if out.len() == before + length {
        Ok(())
    } else {
        Err(damaged())
    }
}

/// Stores a piece. With the end of the whole message, `kept` becomes `All`, sections stored apart
/// go, and bytes that another content already holds are shared. Answers how much is kept now.
pub fn store(tx: &Tx<'_>, piece: &Piece) -> Result<Kept, StoreError> {
    let kept = contents::kept(tx, piece.content)?;
    let blob = match blob_of(tx, piece.content)? {
        Some(blob) => blob,
        None => make_blob(tx, piece.content)?,
    };
    if kept == Kept::All {
        return Ok(kept);
    }
    write_chunks(tx, blob, piece)?;
    tx.changed(Change::Content(piece.content));
    match &piece.end {
        None => Ok(kept),
        Some(end) if piece.section.is_empty() => {
            end_whole(tx, piece.content, blob, end)?;
            Ok(Kept::All)
        }
        Some(end) => end_section(tx, piece, blob, end, kept),
    }
}

fn write_chunks(tx: &Tx<'_>, blob: BlobKey, piece: &Piece) -> Result<(), StoreError> {
    let sql = tx.connection();
    if piece.chunks.first().is_some_and(|chunk| chunk.seq == 0) {
        sql.prepare_cached("DELETE FROM body WHERE blob = ?1 AND section = ?2")?
            .execute((blob.0, &piece.section))?;
    }
    let mut insert = sql.prepare_cached(
        "INSERT OR REPLACE INTO body (blob, section, seq, start, length, coding, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for chunk in &piece.chunks {
        insert.execute((
            blob.0,
            &piece.section,
            chunk.seq,
            i64::try_from(chunk.start).unwrap_or(i64::MAX),
            i64::try_from(chunk.length).unwrap_or(i64::MAX),
            chunk.coding,
            &chunk.bytes,
        ))?;
    }
    Ok(())
}

fn make_blob(tx: &Tx<'_>, content: ContentKey) -> Result<BlobKey, StoreError> {
    let sql = tx.connection();
    sql.prepare_cached("INSERT INTO blob (length) VALUES (0)")?
        .execute([])?;
    let blob = BlobKey(sql.last_insert_rowid());
    sql.prepare_cached("UPDATE content SET blob = ?2 WHERE key = ?1")?
        .execute((content.0, blob.0))?;
    Ok(blob)
}

fn end_whole(tx: &Tx<'_>, content: ContentKey, blob: BlobKey, end: &End) -> Result<(), StoreError> {
    let sql = tx.connection();
    let same: Option<i64> = sql
        .prepare_cached("SELECT key FROM blob WHERE hash = ?1")?
        .query_row([end.hash], |row| row.get(0))
        .optional()?;
    let stays = match same {
        Some(same) if same != blob.0 => same,
        _ => blob.0,
    };
    sql.prepare_cached("UPDATE content SET blob = ?2, kept = 3 WHERE key = ?1")?
        .execute((content.0, stays))?;
    sql.prepare_cached("UPDATE message SET wanted = 0 WHERE content = ?1")?
        .execute([content.0])?;
    contents::share_bytes(tx, content)?;
    remains::land_all(tx, content)?;
    if stays != blob.0 {
        return contents::release_blob(tx, blob.0);
    }
    sql.prepare_cached("UPDATE blob SET hash = ?2, length = ?3 WHERE key = ?1")?
        .execute((
            blob.0,
            end.hash,
            i64::try_from(end.length).unwrap_or(i64::MAX),
        ))?;
    sql.prepare_cached("DELETE FROM body WHERE blob = ?1 AND section <> ''")?
        .execute([blob.0])?;
    sql.prepare_cached("DELETE FROM section WHERE blob = ?1")?
        .execute([blob.0])?;
    Ok(())
}

fn end_section(
    tx: &Tx<'_>,
    piece: &Piece,
    blob: BlobKey,
    end: &End,
    kept: Kept,
) -> Result<Kept, StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT OR REPLACE INTO section (blob, name, length, whole) VALUES (?1, ?2, ?3, 1)",
        )?
        .execute((
            blob.0,
            &piece.section,
            i64::try_from(end.length).unwrap_or(i64::MAX),
        ))?;
    let is_text = contents::get(tx, piece.content)?
        .structure
        .is_some_and(|tree| {
            PartPath::parse(&piece.section)
                .and_then(|path| tree.find(&path).map(|part| part.kind == "text"))
                .unwrap_or(false)
        });
    if kept < Kept::Text && is_text {
        tx.connection()
            .prepare_cached("UPDATE content SET kept = 2 WHERE key = ?1")?
            .execute([piece.content.0])?;
        return Ok(Kept::Text);
    }
    Ok(kept)
}

fn blob_of(rows: &impl Rows, content: ContentKey) -> Result<Option<BlobKey>, StoreError> {
    let mut query = rows
        .connection()
        .prepare_cached("SELECT blob FROM content WHERE key = ?1")?;
    Ok(query
        .query_row([content.0], |row| row.get::<_, Option<i64>>(0))
        .optional()?
        .flatten()
        .map(BlobKey))
}

/// How much of a section is here.
pub fn have(rows: &impl Rows, content: ContentKey, section: &str) -> Result<Have, StoreError> {
    let Some(blob) = blob_of(rows, content)? else {
        return Ok(Have::Nothing);
    };
    let mut query = rows.connection().prepare_cached(
        "SELECT coalesce((SELECT start + length FROM body WHERE blob = ?1 AND section = ?2
             ORDER BY seq DESC LIMIT 1), 0),
           CASE WHEN ?2 = '' THEN (SELECT hash IS NOT NULL FROM blob WHERE key = ?1)
             ELSE EXISTS (SELECT 1 FROM section WHERE blob = ?1 AND name = ?2 AND whole = 1) END",
    )?;
    let (end, whole): (i64, bool) =
        query.query_row((blob.0, section), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match (count(end), whole) {
        (end, true) => Have::Whole(end),
        (0, false) => Have::Nothing,
        (end, false) => Have::Part(end),
    })
}

/// The stored octets of a section from `start` to before `end`; fewer when fewer are here, `None`
/// when none of the section is. Reads only the chunks that hold them.
pub fn read(
    rows: &impl Rows,
    content: ContentKey,
    section: &str,
    start: u64,
    end: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let here = match have(rows, content, section)? {
        Have::Nothing => return Ok(None),
        Have::Whole(length) | Have::Part(length) => length,
    };
    let Some(blob) = blob_of(rows, content)? else {
        return Ok(None);
    };
    let mut query = rows.connection().prepare_cached(
        "SELECT start, length, coding, bytes FROM body
         WHERE blob = ?1 AND section = ?2 AND seq >= ?3 ORDER BY seq",
    )?;
    // Every chunk but the last is full, so the number of the first one is known.
    let first = i64::try_from(start / CHUNK as u64).unwrap_or(i64::MAX);
    let mut found = query.query((blob.0, section, first))?;
    // All at once: a vector that grows holds its octets twice when it moves (SAFETY M6).
    let room = usize::try_from(end.min(here).saturating_sub(start)).unwrap_or_default();
    let mut out = Vec::with_capacity(room);
    while let Some(row) = found.next()? {
        let (at, length) = (count(row.get(0)?), count(row.get(1)?));
        if at >= end {
            break;
        }
        let (coding, bytes) = (row.get(2)?, row.get_ref(3)?.as_blob()?);
        if start <= at && at.saturating_add(length) <= end {
            decode(coding, length, bytes, &mut out)?;
            continue;
        }
        let mut raw = Vec::new();
        decode(coding, length, bytes, &mut raw)?;
        let from = usize::try_from(start.saturating_sub(at)).unwrap_or(usize::MAX);
        let to = usize::try_from(end - at)
            .unwrap_or(usize::MAX)
            .min(raw.len());
        out.extend_from_slice(raw.get(from..to).unwrap_or_default());
    }
    Ok(Some(out))
}

/// A whole section; `None` unless all of it is here.
pub fn read_whole(
    rows: &impl Rows,
    content: ContentKey,
    section: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    match have(rows, content, section)? {
        Have::Whole(_) => read(rows, content, section, 0, u64::MAX),
        Have::Nothing | Have::Part(_) => Ok(None),
    }
}

/// Where the parts of a whole message lie, once they were looked for.
pub fn spans(rows: &impl Rows, content: ContentKey) -> Result<Option<Vec<PartSpan>>, StoreError> {
    let mut query = rows.connection().prepare_cached(
        "SELECT b.parts FROM content c JOIN blob b ON b.key = c.blob WHERE c.key = ?1",
    )?;
    let text: Option<String> = query
        .query_row([content.0], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Remembers where the parts of a whole message lie.
pub fn set_spans(tx: &Tx<'_>, content: ContentKey, spans: &[PartSpan]) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "UPDATE blob SET parts = ?2 WHERE key = (SELECT blob FROM content WHERE key = ?1)",
        )?
        .execute((content.0, json(&spans)?))?;
    Ok(())
}

pub(super) const WANTED: &str = "SELECT m.key, m.content, m.base_uid, m.size,
           coalesce((SELECT max(b.start + b.length) FROM content c JOIN body b ON b.blob = c.blob
             WHERE c.key = m.content AND b.section = ''), 0)
         FROM message m INDEXED BY message_wanted
         WHERE m.mailbox = ?1 AND m.wanted = 1 AND m.wanted > 0 AND m.arrival >= ?2
           AND m.base_mailbox = ?1 AND m.base_epoch = ?3
         ORDER BY m.arrival DESC, m.key DESC LIMIT ?4";

/// What of a mailbox the policy wants and is not here, newest first, at most `limit` messages.
pub fn wanted(
    rows: &impl Rows,
    mailbox: MailboxKey,
    policy: Offline,
    now: i64,
    limit: usize,
) -> Result<Vec<Wanted>, StoreError> {
    let Some(since) = since(policy, now) else {
        return Ok(Vec::new());
    };
    let epoch = mailboxes::get(rows, mailbox)?.epoch;
    let mut query = rows.connection().prepare_cached(WANTED)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut wanted = Vec::new();
    let mut found = query.query((mailbox.0, since, epoch.0, limit))?;
    while let Some(row) = found.next()? {
        if let Some(uid) = uid(row.get(2)?) {
            wanted.push(Wanted {
                message: MessageKey(row.get(0)?),
                content: ContentKey(row.get(1)?),
                uid,
                size: count(row.get(3)?),
                from: count(row.get(4)?),
            });
        }
    }
    Ok(wanted)
}

/// How many messages of a mailbox [`wanted`] would name, for progress.
pub fn count_wanted(
    rows: &impl Rows,
    mailbox: MailboxKey,
    policy: Offline,
    now: i64,
) -> Result<u64, StoreError> {
    let Some(since) = since(policy, now) else {
        return Ok(0);
    };
    let mut query = rows.connection().prepare_cached(
        "SELECT count(*) FROM message INDEXED BY message_wanted
         WHERE mailbox = ?1 AND wanted = 1 AND wanted > 0 AND arrival >= ?2",
    )?;
    Ok(count(
        query.query_row((mailbox.0, since), |row| row.get(0))?,
    ))
}

fn since(policy: Offline, now: i64) -> Option<i64> {
    match policy {
        Offline::None | Offline::Headers => None,
        Offline::Days(days) => Some(now.saturating_sub(i64::from(days) * 86_400)),
        Offline::All => Some(i64::MIN),
    }
}

/// Drops the stored part of a message whose bytes are not whole; its whole sections stay.
pub(super) fn forget_half(tx: &Tx<'_>, content: ContentKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "DELETE FROM body WHERE section = ''
               AND blob = (SELECT blob FROM content WHERE key = ?1 AND kept < 3)",
        )?
        .execute([content.0])?;
    Ok(())
}

/// The server does not give this message's bytes: it is no longer wanted until somebody asks.
pub fn give_up(tx: &Tx<'_>, content: ContentKey) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE message SET wanted = 0 WHERE content = ?1")?
        .execute([content.0])?;
    Ok(())
}

/// Drops the bytes of messages of one mailbox that arrived before `before` and that the server
/// still has (`account prune`). Answers how many were dropped, at most `limit`.
pub fn prune(
    tx: &Tx<'_>,
    mailbox: MailboxKey,
    before: i64,
    limit: usize,
) -> Result<usize, StoreError> {
    let account: AccountKey = mailboxes::get(tx, mailbox)?.account;
    let old: Vec<i64> = {
        // A content that a younger or a local message holds stays.
        let mut query = tx.connection().prepare_cached(
            "SELECT m.content FROM message m JOIN content c ON c.key = m.content
             WHERE m.mailbox = ?1 AND m.arrival < ?2 AND c.blob IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM message o WHERE o.content = m.content
                 AND (o.base_mailbox IS NULL OR o.arrival >= ?2))
             ORDER BY m.arrival LIMIT ?3",
        )?;
        query
            .query_map(
                (mailbox.0, before, i64::try_from(limit).unwrap_or(i64::MAX)),
                |row| row.get(0),
            )?
            .collect::<Result<_, _>>()?
    };
    for content in &old {
        drop_bytes(tx, ContentKey(*content))?;
    }
    if !old.is_empty() {
        tx.changed(Change::Mailboxes(account));
    }
    Ok(old.len())
}

fn drop_bytes(tx: &Tx<'_>, content: ContentKey) -> Result<(), StoreError> {
    let blob = blob_of(tx, content)?;
    let sql = tx.connection();
    sql.prepare_cached("UPDATE content SET blob = NULL, kept = min(kept, 1) WHERE key = ?1")?
        .execute([content.0])?;
    sql.prepare_cached("UPDATE message SET wanted = ?2 WHERE content = ?1")?
        .execute((content.0, contents::wanted(Kept::Headers)))?;
    tx.changed(Change::Content(content));
    match blob {
        Some(blob) => contents::release_blob(tx, blob.0),
        None => Ok(()),
    }
}
