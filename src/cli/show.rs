//! `show` and `save`: one message, read from the store, fetched where it is not kept.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::Show;
use super::error::Failure;
use super::start::Start;
use super::{fetch, json, list, save, text, time};
use crate::mime::document::{self, Document, View};
use crate::mime::{body, content, part, structure};
use crate::model::{MessageKey, PartPath, Structure};
use crate::store::contents::Content;
use crate::store::lists::{self, IndexRow};
use crate::store::{Reader, accounts, bodies, contents, mailboxes, messages};

/// Columns of text at most: longer lines are hard to read.
const WIDEST: usize = 100;

/// `show`.
pub fn show(start: &mut Start, arguments: &Show) -> Result<(), Failure> {
    let store = start.store()?;
    let source = Source::find(&store.reader()?, arguments.id.0)?;
    let Some(path) = &arguments.part else {
        return show_whole(start, arguments, &source);
    };
    let raw = fetch::raw(start, &store, source.row.key)?;
    let (found, bytes) = content::of_part(&raw, path).ok_or_else(|| no_part(&source, path))?;
    if start.out.json {
        return source.object(start, |message| {
            message.base64 = Some(STANDARD.encode(&bytes));
        });
    }
    if !start.out.terminal {
        return start.out.bytes(&bytes);
    }
    if found.kind != "text" {
        return Err(Failure::new(format!(
            "Part {path} is {}, not text: not writing it to a terminal",
            found.media_type()
        ))
        .hint(format!(
            "`lacebark save {} --part {path}` writes it to a file.",
            source.row.key
        )));
    }
    let text = part::text(&bytes, found.parameter("charset"));
    start.out.body(&text.text)
}

fn show_whole(start: &mut Start, arguments: &Show, source: &Source) -> Result<(), Failure> {
    let store = start.store()?;
    if arguments.raw {
        let raw = fetch::raw(start, &store, source.row.key)?;
        return print_bytes(start, source, &raw);
    }
    if arguments.headers {
        let raw = fetch::raw(start, &store, source.row.key)?;
        let header = header_of(&raw);
        return print_bytes(start, source, header);
    }
    if arguments.html {
        let raw = fetch::raw(start, &store, source.row.key)?;
        let html = first_html(&raw)
            .ok_or_else(|| Failure::new(format!("Message {} has no HTML part", source.row.key)))?;
        if start.out.json {
            return source.object(start, |message| message.text = Some(html));
        }
        return if start.out.terminal {
            start.out.body(&html)
        } else {
            start.out.bytes(html.as_bytes())
        };
    }
    print_text(start, source)
}

/// Bytes as they came: exact to a pipe, in visible form to a terminal.
fn print_bytes(start: &mut Start, source: &Source, bytes: &[u8]) -> Result<(), Failure> {
    if start.out.json {
        return source.object(start, |message| {
            message.base64 = Some(STANDARD.encode(bytes));
        });
    }
    if start.out.terminal {
        return start.out.body(&String::from_utf8_lossy(bytes));
    }
    start.out.bytes(bytes)
}

fn print_text(start: &mut Start, source: &Source) -> Result<(), Failure> {
    let width = start.out.width.min(WIDEST);
    let store = start.store()?;
    let reader = store.reader()?;
    let view = View {
        width,
        limit: document::FULL_LIMIT,
        offset_at: Some(time::offset_at),
        ..View::default()
    };
    let kept = readable(&reader, source, &view)?;
    let document = match kept {
        Some(document) => document,
        None => {
            let raw = fetch::raw(start, &store, source.row.key)?;
            Document::of_message(&raw, &view)
        }
    };
    // What was just fetched may have brought the envelope too.
    let source = Source::find(&reader, source.row.key)?;
    let body = text::body(&document, width);
    if start.out.json {
        let text: Vec<&str> = body.iter().map(|row| row.as_str().trim_end()).collect();
        let text = format!("{}\n", text.join("\n"));
        return source.object(start, |message| message.text = Some(text));
    }
    for row in text::header(&source.content.envelope, source.row.arrival) {
        start.out.shown(&row)?;
    }
    start.out.line("")?;
    for row in &body {
        start.out.shown(row)?;
    }
    Ok(())
}

/// The document from what is kept; `None` when a part that is read is missing.
fn readable(reader: &Reader, source: &Source, view: &View) -> Result<Option<Document>, Failure> {
    if let Some(raw) = bodies::read_whole(reader, source.row.content, "")? {
        return Ok(Some(Document::of_message(&raw, view)));
    }
    let Some(structure) = &source.content.structure else {
        return Ok(None);
    };
    let mut parts = BTreeMap::new();
    for path in body::wanted(structure, view) {
        match bodies::read_whole(reader, source.row.content, &path.to_string())? {
            Some(bytes) => parts.insert(path, bytes),
            None => return Ok(None),
        };
    }
    let parts = parts
        .iter()
        .map(|(path, bytes)| (path.clone(), bytes.as_slice()))
        .collect();
    Ok(Some(Document::of_parts(structure, &parts, view)))
}

/// `save`.
pub fn save_file(
    start: &mut Start,
    id: MessageKey,
    path: Option<&PartPath>,
    folder: &Path,
) -> Result<(), Failure> {
    let store = start.store()?;
    let source = Source::find(&store.reader()?, id)?;
    let raw = fetch::raw(start, &store, id)?;
    let (name, bytes) = match path {
        Some(path) => {
            let (found, bytes) =
                content::of_part(&raw, path).ok_or_else(|| no_part(&source, path))?;
            (part_name(&found), bytes)
        }
        None => (message_name(&source.content.envelope.subject, id), raw),
    };
    let path = save::new_file(folder, &name, &bytes)?;
    if start.out.json {
        let file = json::File {
            path: path.display().to_string(),
            size: bytes.len() as u64,
        };
        return start.out.object(&json::Files { files: vec![file] });
    }
    start.out.line(&path.display().to_string())
}

fn message_name(subject: &str, id: MessageKey) -> String {
    let short: String = subject.trim().chars().take(60).collect();
    match short.trim() {
        "" => format!("message-{id}.eml"),
        // A slash would cut the name there.
        short => format!("{}.eml", short.replace(['/', '\\'], "-")),
    }
}

fn part_name(part: &Structure) -> String {
    if !part.filename.trim().is_empty() {
        return part.filename.clone();
    }
    let end = match (part.kind.as_str(), part.subtype.as_str()) {
        ("text", "plain") => "txt",
        ("message", "rfc822") => "eml",
        ("image", "jpeg") => "jpg",
        (_, "pdf" | "html" | "png" | "gif" | "csv" | "zip" | "calendar") => &part.subtype,
        _ => "bin",
    };
    format!("part-{}.{end}", part.path)
}

fn first_html(raw: &[u8]) -> Option<String> {
    let (root, _) = structure::of_message(raw);
    let html = root
        .walk()
        .into_iter()
        .find(|part| part.kind == "text" && part.subtype == "html")?
        .clone();
    let (found, bytes) = content::of_part(raw, &html.path)?;
    Some(part::text(&bytes, found.parameter("charset")).text)
}

/// The header block with the empty line that ends it.
fn header_of(raw: &[u8]) -> &[u8] {
    let crlf = memchr::memmem::find(raw, b"\r\n\r\n").map(|at| at + 4);
    let lf = memchr::memmem::find(raw, b"\n\n").map(|at| at + 2);
    let end = match (crlf, lf) {
        (Some(crlf), Some(lf)) => crlf.min(lf),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => raw.len(),
    };
    raw.get(..end).unwrap_or(raw)
}

fn no_part(source: &Source, path: &PartPath) -> Failure {
    let parts: Vec<String> = source
        .content
        .structure
        .iter()
        .flat_map(Structure::walk)
        .filter(|part| !part.path.is_root())
        .map(|part| format!("{} {}", part.path, part.media_type()))
        .collect();
    let failure = Failure::new(format!("Message {} has no part {path}", source.row.key));
    if parts.is_empty() {
        return failure;
    }
    failure.hint(format!("Its parts are: {}", parts.join(", ")))
}

/// One message with what the store knows of it.
struct Source {
    row: IndexRow,
    content: Content,
    account: String,
    mailbox: String,
}

impl Source {
    fn find(reader: &Reader, key: MessageKey) -> Result<Self, Failure> {
        let missing = || {
            Failure::new(format!("There is no message {key}"))
                .hint("`lacebark list` prints the IDs.")
        };
        let row = lists::row(reader, key)?.ok_or_else(missing)?;
        let message = messages::get(reader, key)?;
        let mailbox = mailboxes::get(reader, message.mailbox.ok_or_else(missing)?)?;
        let content = contents::get(reader, row.content)?;
        let account = accounts::get(reader, content.account)?.id;
        Ok(Self {
            row,
            content,
            account,
            mailbox: mailbox.name.unwrap_or_default(),
        })
    }

    fn object(
        &self,
        start: &mut Start,
        change: impl FnOnce(&mut json::Message),
    ) -> Result<(), Failure> {
        let reader = start.store()?.reader()?;
        let mut message = list::message(&reader, &self.row, &self.account, &self.mailbox)?;
        change(&mut message);
        let messages = vec![message];
        start.out.object(&json::Messages { messages })
    }
}
