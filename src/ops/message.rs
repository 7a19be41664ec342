//! One message: what is known of it, its parts and its bytes.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::mime::structure;
use crate::model::{AccountKey, ContentKey, Kept, MessageKey, Operation, PartPath, Structure};
use crate::store::bodies::{self, Have, PartSpan};
use crate::store::contents::Content;
use crate::store::messages::Message;
use crate::store::{Priority, Rows, Store, StoreError, contents, journal, messages};

/// What is known of a message without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its row: flags, arrival, size, mailbox.
    pub message: Message,
    /// What it holds: envelope, structure, how much is kept.
    pub content: Content,
    /// What was asked of it and has not reached the server.
    pub pending: Vec<Operation>,
}

impl Source {
    /// The account that it came with.
    pub fn account(&self) -> AccountKey {
        self.content.account
    }
}

/// Reads what is known of a message.
pub fn source(rows: &impl Rows, key: MessageKey) -> Result<Source, StoreError> {
    let message = messages::get(rows, key)?;
    Ok(Source {
        content: contents::get(rows, message.content)?,
        pending: journal::of_message(rows, key)?,
        message,
    })
}

/// The bytes of a part, in their transfer encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartBytes {
    /// They are here; cut at the limit that the call named.
    Kept {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether that is all of them.
        whole: bool,
    },
    /// They are on the server only.
    NotKept {
        /// Octets there, in transfer encoding; of the whole message when the part's are unknown.
        size: u64,
    },
    /// The message has no such part.
    NoSuchPart,
}

/// The bytes of one part as `BODY[path]` would give them, at most `limit` of them; the empty path
/// is the whole message. Where the parts lie is remembered at the first reading, so that a part of a
/// large message is then read alone.
pub fn part(
    store: &Store,
    rows: &impl Rows,
    message: &Message,
    path: &PartPath,
    limit: u64,
) -> Result<PartBytes, StoreError> {
    let content = message.content;
    if contents::kept(rows, content)? == Kept::All {
        return of_whole(store, rows, content, path, limit);
    }
    let section = path.to_string();
    let known = contents::get(rows, content)?;
    let size = known
        .structure
        .as_ref()
        .and_then(|tree| tree.find(path).map(|part| part.size))
        .unwrap_or(message.size);
    match bodies::have(rows, content, &section)? {
        Have::Whole(length) => {
            let bytes = bodies::read(rows, content, &section, 0, limit)?.unwrap_or_default();
            Ok(PartBytes::Kept {
                bytes,
                whole: length <= limit,
            })
        }
        Have::Nothing | Have::Part(_) => match known.structure {
            Some(tree) if !path.is_root() && tree.find(path).is_none() => Ok(PartBytes::NoSuchPart),
            _ => Ok(PartBytes::NotKept { size }),
        },
    }
}

fn of_whole(
    store: &Store,
    rows: &impl Rows,
    content: ContentKey,
    path: &PartPath,
    limit: u64,
) -> Result<PartBytes, StoreError> {
    let span = if path.is_root() {
        let end = match bodies::have(rows, content, "")? {
            Have::Whole(length) => length,
            Have::Nothing | Have::Part(_) => 0,
        };
        Some((0, end))
    } else {
        let spans = match bodies::spans(rows, content)? {
            Some(spans) => spans,
            None => look(store, rows, content)?.1,
        };
        spans
            .into_iter()
            .find(|span| span.path == *path)
            .map(|span| (span.start, span.end))
    };
    let Some((start, end)) = span else {
        return Ok(PartBytes::NoSuchPart);
    };
    let until = end.min(start.saturating_add(limit));
    let bytes = bodies::read(rows, content, "", start, until)?.unwrap_or_default();
    Ok(PartBytes::Kept {
        bytes,
        whole: until == end,
    })
}

/// The MIME tree: as stored, else read from the whole message, if that is here.
pub fn structure(
    store: &Store,
    rows: &impl Rows,
    content: &Content,
) -> Result<Option<Structure>, StoreError> {
    match (&content.structure, content.kept) {
        // The server does not number files that are uuencoded in a text; our reader does.
        (Some(tree), Kept::All) if bodies::spans(rows, content.key)?.is_none() => {
            let seen = look(store, rows, content.key)?.0;
            Ok(Some(if tells_more(&seen, tree) {
                seen
            } else {
                tree.clone()
            }))
        }
        (Some(tree), _) => Ok(Some(tree.clone())),
        (None, Kept::All) => Ok(Some(look(store, rows, content.key)?.0)),
        (None, Kept::None | Kept::Headers | Kept::Text) => Ok(None),
    }
}

fn tells_more(one: &Structure, other: &Structure) -> bool {
    one.walk().len() > other.walk().len()
}

/// Octets of a large message in which what is read first is looked for.
const HEAD: u64 = 1 << 20;

/// The first octets of a large message whose parts were never looked for: what is read first mostly
/// lies there, and is shown without reading the rest.
pub struct Head {
    raw: Vec<u8>,
    told: Structure,
    seen: Structure,
    spans: Vec<PartSpan>,
}

impl Head {
    /// The MIME tree that the server told.
    pub fn structure(&self) -> &Structure {
        &self.told
    }

    /// A part, cut at `limit`; `None` unless all of it lies here and is what the server told.
    pub fn part(&self, path: &PartPath, limit: u64) -> Option<Vec<u8>> {
        let (told, seen) = (self.told.find(path)?, self.seen.find(path)?);
        let same = told.media_type() == seen.media_type()
            && coding(told) == coding(seen)
            && told.children.len() == seen.children.len();
        let span = self.spans.iter().find(|span| span.path == *path)?;
        let whole = span.end < self.raw.len() as u64;
        let until = span.end.min(span.start.saturating_add(limit));
        let (from, until) = (usize::try_from(span.start), usize::try_from(until));
        let bytes = self.raw.get(from.ok()?..until.ok()?)?;
        (same && whole).then(|| bytes.to_vec())
    }
}

/// How a part is coded, if its octets are not its content: servers say `7bit` where nothing is said.
fn coding(part: &Structure) -> Option<String> {
    let name = part.encoding.to_ascii_lowercase();
    structure::is_coded(&name).then_some(name)
}

/// The head of a message that is here whole, is large, and was not looked through yet.
pub fn head(rows: &impl Rows, content: &Content) -> Result<Option<Head>, StoreError> {
    let (Some(told), Kept::All) = (&content.structure, content.kept) else {
        return Ok(None);
    };
    let large = matches!(bodies::have(rows, content.key, "")?, Have::Whole(all) if all > 2 * HEAD);
    if !large || bodies::spans(rows, content.key)?.is_some() {
        return Ok(None);
    }
    let mut raw = bodies::read(rows, content.key, "", 0, HEAD)?.unwrap_or_default();
    // A line that is cut could be taken for a delimiter.
    raw.truncate(memchr::memrchr(b'\n', &raw).map_or(0, |at| at + 1));
    let (seen, offsets) = structure::of_message(&raw);
    Ok(Some(Head {
        told: told.clone(),
        seen,
        spans: spans_of(offsets),
        raw,
    }))
}

/// What a look through a whole message has found.
struct Seen {
    store: PathBuf,
    content: ContentKey,
    tree: Structure,
    spans: Vec<PartSpan>,
}

/// Held while a whole message is in memory to be looked through: header, text and attachments of
/// one that was just opened are asked for at once, and each asker would hold it (SAFETY M6). The
/// latest find stays for those who waited: it is not in the store yet.
static LOOKING: Mutex<Option<Seen>> = Mutex::new(None);

/// Reads the structure and the places of the parts from the whole message and has both remembered.
fn look(
    store: &Store,
    rows: &impl Rows,
    content: ContentKey,
) -> Result<(Structure, Vec<PartSpan>), StoreError> {
    let mut last = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
    let same = |seen: &&Seen| seen.content == content && seen.store == store.path();
    if let Some(seen) = last.as_ref().filter(same) {
        return Ok((seen.tree.clone(), seen.spans.clone()));
    }
    let raw = raw(rows, content)?.unwrap_or_default();
    let (tree, offsets) = structure::of_message(&raw);
    drop(raw);
    let spans = spans_of(offsets);
    *last = Some(Seen {
        store: store.path().to_owned(),
        content,
        tree: tree.clone(),
        spans: spans.clone(),
    });
    drop(last);
    let (keep_tree, keep) = (tree.clone(), spans.clone());
    store
        .write(Priority::Bulk, move |tx| {
            bodies::set_spans(tx, content, &keep)?;
            let known = contents::get(tx, content)?.structure;
            if known.is_none_or(|known| tells_more(&keep_tree, &known)) {
                contents::set_structure(tx, content, &keep_tree)?;
            }
            Ok(())
        })
        .forget();
    Ok((tree, spans))
}

fn spans_of(offsets: Vec<structure::PartOffset>) -> Vec<PartSpan> {
    let of = |offset: structure::PartOffset| PartSpan {
        path: offset.path,
        start: offset.body as u64,
        end: offset.end as u64,
    };
    offsets.into_iter().map(of).collect()
}

/// The whole message as the server gave it; `None` unless every byte is here.
pub fn raw(rows: &impl Rows, content: ContentKey) -> Result<Option<Vec<u8>>, StoreError> {
    bodies::read_whole(rows, content, "")
}
