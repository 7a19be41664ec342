//! What of a content goes into the index: its words, column by column.

use crate::mime::searched::{self, Searched};
use crate::mime::{structure, words};
use crate::model::{Address, ContentKey, Kept, Structure};
use crate::store::bodies::{self, Have};
use crate::store::contents::{self, Content};
use crate::store::{Rows, StoreError};

/// Octets of a message that are read for its text; what a large one says, it says in the beginning.
const HEAD: u64 = 1 << 20;
/// The same where the structure has to be read from the bytes.
const WHOLE: u64 = 16 << 20;

/// The columns of the index, in its order.
pub(super) const NAMES: [&str; 7] = ["sender", "rcpt", "cc", "subject", "body", "names", "list"];

/// The words of one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub key: ContentKey,
    pub docid: i64,
    pub words: [String; 7],
}

impl Columns {
    /// Octets of all words.
    pub fn size(&self) -> usize {
        self.words.iter().map(String::len).sum()
    }
}

/// The words of a content as it is kept now.
pub(super) fn of_content(rows: &impl Rows, key: ContentKey) -> Result<Columns, StoreError> {
    let content = contents::get(rows, key)?;
    let found = searched(rows, &content)?;
    let envelope = &content.envelope;
    let mut columns = Columns {
        key,
        docid: content.docid,
        words: Default::default(),
    };
    let [sender, rcpt, cc, subject, body, names, list] = &mut columns.words;
    people(sender, envelope.from.iter().chain(&envelope.sender));
    people(rcpt, &envelope.to);
    people(cc, envelope.cc.iter().chain(&envelope.bcc));
    words::of_text(&envelope.subject, subject);
    words::of_text(&found.text, body);
    for name in &found.names {
        words::of_text(name, names);
    }
    words::of_text(&envelope.list_id, list);
    Ok(columns)
}

fn people<'a>(out: &mut String, list: impl IntoIterator<Item = &'a Address>) {
    for one in list {
        words::of_text(&one.name, out);
        words::of_text(&one.address, out);
    }
}

/// The text of a content, as far as it is here: what a hit in it is shown from.
pub fn text_of(rows: &impl Rows, key: ContentKey) -> Result<String, StoreError> {
    Ok(searched(rows, &contents::get(rows, key)?)?.text)
}

fn searched(rows: &impl Rows, content: &Content) -> Result<Searched, StoreError> {
    match content.kept {
        Kept::None => Ok(Searched::default()),
        Kept::All => of_whole(rows, content),
        Kept::Headers | Kept::Text => of_sections(rows, content),
    }
}

fn of_whole(rows: &impl Rows, content: &Content) -> Result<Searched, StoreError> {
    let size = match bodies::have(rows, content.key, "")? {
        Have::Whole(size) => size,
        Have::Nothing | Have::Part(_) => 0,
    };
    let known = content.structure.as_ref();
    let limit = if known.is_some() { HEAD } else { WHOLE };
    let raw = bodies::read(rows, content.key, "", 0, limit)?.unwrap_or_default();
    let (tree, offsets) = structure::of_message(&raw);
    let mut found = searched::of_message(&raw, &tree, &offsets);
    // Names that lie behind what was read, the server has told.
    if let Some(known) = known.filter(|_| size > limit) {
        found.names = names(known);
    }
    Ok(found)
}

fn of_sections(rows: &impl Rows, content: &Content) -> Result<Searched, StoreError> {
    let Some(tree) = &content.structure else {
        return Ok(Searched::default());
    };
    let mut here = Vec::new();
    if content.kept == Kept::Text {
        for part in tree
            .walk()
            .into_iter()
            .filter(|part| searched::is_read(part))
        {
            let section = part.path.to_string();
            if let Have::Whole(_) = bodies::have(rows, content.key, &section)? {
                let bytes = bodies::read(rows, content.key, &section, 0, WHOLE)?;
                here.push((part.path.clone(), bytes.unwrap_or_default()));
            }
        }
    }
    let bytes = |part: &Structure| {
        let found = here.iter().find(|(path, _)| *path == part.path);
        found.map(|(_, bytes)| bytes.as_slice())
    };
    Ok(searched::of_parts(tree, &bytes))
}

fn names(tree: &Structure) -> Vec<String> {
    let parts = tree.attachments().into_iter();
    parts
        .map(|part| part.filename.clone())
        .filter(|name| !name.is_empty())
        .collect()
}
