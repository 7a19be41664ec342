//! Walks a structure and gathers the lines of a [`Document`]: which alternative, what of reports,
//! invitations and messages inside messages, and a line for each part that is not text.

mod plain;
mod report;

use crate::model::{Disposition, PartPath, Structure};

use super::document::{Document, Line, Parts, Protection, Role, Span, View};
use super::header::{self, Header};
use super::sanitize::{self, Shown};
use super::{content, date, envelope, filename, html, part, sniff, structure};

/// Messages in transfer encoding that are opened one inside the other.
const MAX_CODED: usize = 4;
/// Bytes of a plain alternative that tell whether it is a stub.
const STUB: usize = 2048;

impl Document {
    /// The document of a whole raw message.
    pub fn of_message(raw: &[u8], view: &View) -> Document {
        let (root, offsets) = structure::of_message(raw);
        let mut parts = Parts::new();
        for offset in &offsets {
            let bytes = raw.get(offset.body..offset.end).unwrap_or_default();
            // Of a message and the multipart in it, which share a path, the message counts.
            parts.entry(offset.path.clone()).or_insert(bytes);
        }
        Self::of_parts(&root, &parts, view)
    }

    /// The document of a message of which only some parts are at hand.
    pub fn of_parts(structure: &Structure, parts: &Parts<'_>, view: &View) -> Document {
        let mut builder = Builder::new(parts, *view);
        builder.part(structure, 0);
        builder.finish()
    }
}

/// The parts whose bytes [`Document::of_parts`] would read, in order: what to fetch so that the
/// message can be read. Both forms of an alternative are named, because one may be empty.
pub fn wanted(structure: &Structure, view: &View) -> Vec<PartPath> {
    let parts = Parts::new();
    let mut builder = Builder::new(&parts, *view);
    builder.part(structure, 0);
    let mut seen = std::collections::BTreeSet::new();
    let mut missing = builder.finish().missing;
    missing.retain(|path| seen.insert(path.clone()));
    missing
}

/// Builds one document.
pub(crate) struct Builder<'a> {
    parts: &'a Parts<'a>,
    view: View,
    budget: usize,
    document: Document,
    /// Where the lines of the text part begin that is being added.
    first: usize,
    /// The messages in transfer encoding that this one is inside of.
    coded: usize,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(parts: &'a Parts<'a>, view: View) -> Self {
        Self {
            parts,
            view,
            budget: view.limit,
            document: Document::default(),
            first: 0,
            coded: 0,
        }
    }

    pub(crate) fn finish(mut self) -> Document {
        while self.document.lines.last().is_some_and(Line::is_blank) {
            self.document.lines.pop();
        }
        if self.document.lines.is_empty() {
            self.note("This message has no text.");
        }
        self.document
    }

    /// Adds what a part has to show. Structures end at 100 levels, and so does this.
    pub(crate) fn part(&mut self, node: &Structure, depth: usize) {
        if depth > 200 {
            return self.note("Nested too deeply to be shown.");
        }
        match (node.kind.as_str(), node.subtype.as_str()) {
            ("multipart", "alternative") => self.alternative(node, depth),
            ("multipart", "related") => self.related(node, depth),
            ("multipart", "signed") => self.signed(node, depth),
            ("multipart", "encrypted") => self.encrypted(Protection::EncryptedPgp),
            ("multipart", "digest") => self.digest(node, depth),
            ("multipart", _) => self.each(node, depth),
            ("application", "pkcs7-mime" | "x-pkcs7-mime") => self.smime(node),
            ("message", "rfc822" | "global" | "news") if !node.children.is_empty() => {
                self.message(node, "Message inside this message", depth);
            }
            ("message", "rfc822" | "global" | "news")
                if structure::is_coded(&node.encoding) && self.coded < MAX_CODED =>
            {
                self.coded_message(node, depth);
            }
            ("message", "delivery-status" | "disposition-notification" | "feedback-report") => {
                self.status(node);
            }
            ("text" | "message", "rfc822-headers" | "global-headers") => self.headers(node),
            ("text", "calendar") => self.calendar(node, false),
            ("text", _) if is_readable(node) => self.text(node),
            _ => self.attachment(node),
        }
    }

    fn each(&mut self, node: &Structure, depth: usize) {
        for child in &node.children {
            self.part(child, depth + 1);
        }
    }

    /// Messages in a row, numbered (RFC 2046 section 5.1.5).
    fn digest(&mut self, node: &Structure, depth: usize) {
        let count = node.children.len();
        for (n, child) in node.children.iter().enumerate() {
            if child.kind == "message" && !child.children.is_empty() {
                let heading = format!("Message {} of {count}", n + 1);
                self.message(child, &heading, depth + 1);
            } else {
                self.part(child, depth + 1);
            }
        }
    }

    fn alternative(&mut self, node: &Structure, depth: usize) {
        let plain = node.children.iter().find(|c| holds(c, "plain"));
        let html = node.children.iter().find(|c| holds(c, "html"));
        let choice = match (plain, html) {
            (Some(plain), Some(html)) => {
                self.document.alternative = true;
                let stub = self.is_stub(plain);
                Some(if self.view.html || stub { html } else { plain })
            }
            (one, other) => one.or(other).or(node.children.last()),
        };
        // An invitation is told first, and its description not twice: it is the text.
        for child in &node.children {
            let shown = choice.is_some_and(|c| std::ptr::eq(c, child));
            let calendar = child.kind == "text" && child.subtype == "calendar";
            if calendar && !shown {
                self.calendar(child, choice.is_some_and(|choice| choice.size > 0));
            }
        }
        if let Some(choice) = choice {
            self.part(choice, depth + 1);
        }
    }

    /// Whether the plain form is empty or only says that there is an HTML form.
    fn is_stub(&mut self, node: &Structure) -> bool {
        let parts = node.walk();
        let Some(leaf) = parts
            .iter()
            .find(|p| p.kind == "text" && p.subtype == "plain")
        else {
            return false;
        };
        let Some(bytes) = self.parts.get(&leaf.path) else {
            self.document.missing.push(leaf.path.clone());
            return leaf.size == 0;
        };
        let head = part::decode_prefix(bytes, &leaf.encoding, STUB);
        let text = part::text(&head.bytes, leaf.parameter("charset")).text;
        let text = text.trim().to_lowercase();
        let words = [
            "view", "support", "client", "browser", "reader", "version", "ansehen",
        ];
        text.is_empty()
            || (!head.more
                && text.len() < 400
                && text.contains("html")
                && words.iter().any(|w| text.contains(w)))
    }

    fn related(&mut self, node: &Structure, depth: usize) {
        let start = node
            .parameter("start")
            .map(|s| s.trim_matches(['<', '>', ' ']));
        let root = node
            .children
            .iter()
            .find(|c| start.is_some_and(|s| c.id == s))
            .or(node.children.first());
        for child in &node.children {
            let is_root = root.is_some_and(|r| std::ptr::eq(r, child));
            let inside = child.kind == "image"
                && !child.id.is_empty()
                && child.disposition != Disposition::Attachment;
            if is_root || !inside {
                self.part(child, depth + 1);
            }
        }
    }

    fn signed(&mut self, node: &Structure, depth: usize) {
        let smime = node
            .parameter("protocol")
            .is_some_and(|p| p.to_ascii_lowercase().contains("pkcs7"));
        self.protect(if smime {
            Protection::SignedSmime
        } else {
            Protection::SignedPgp
        });
        for child in &node.children {
            let signature = child.kind == "application" && child.subtype.ends_with("-signature");
            if !signature {
                self.part(child, depth + 1);
            }
        }
    }

    fn encrypted(&mut self, how: Protection) {
        self.protect(how);
        self.note("This message is encrypted. It cannot be read here.");
    }

    fn smime(&mut self, node: &Structure) {
        let kind = node.parameter("smime-type").unwrap_or_default();
        if kind.eq_ignore_ascii_case("signed-data") {
            self.protect(Protection::SignedSmime);
            self.note(
                "The text of this message is inside an S/MIME signature. It cannot be read here.",
            );
        } else {
            self.encrypted(Protection::EncryptedSmime);
        }
    }

    /// The first claim counts: what is nested says nothing of the whole.
    fn protect(&mut self, how: Protection) {
        if self.document.protection == Protection::None && self.document.lines.is_empty() {
            self.document.protection = how;
        }
    }

    fn message(&mut self, node: &Structure, heading: &str, depth: usize) {
        self.separate();
        self.line(Shown::line(&format!("── {heading} ──")), Role::Rule);
        match self.parts.get(&node.path) {
            Some(raw) => {
                let envelope = envelope::of_message(raw);
                for (name, list) in [("From", &envelope.from), ("To", &envelope.to)] {
                    let all: Vec<String> = list
                        .iter()
                        .take(20)
                        .map(|a| sanitize::full(a).into_string())
                        .collect();
                    if !all.is_empty() {
                        self.field(name, &Shown::line(&all.join(", ")));
                    }
                }
                let date = Header::parse(raw).first("Date").and_then(header::date);
                if let Some(date) = date {
                    self.field("Date", &Shown::line(&date::readable(date)));
                }
                self.subject(&envelope.subject);
            }
            None => self.subject(&node.inner_subject),
        }
        self.blank();
        self.each(node, depth);
    }

    fn subject(&mut self, subject: &str) {
        let subject = Shown::line(subject);
        if !subject.is_empty() {
            self.field("Subject", &subject);
        }
    }

    /// A message that somebody packed in base64 or quoted-printable, against RFC 2046 section
    /// 5.2.1, which some programs do.
    fn coded_message(&mut self, node: &Structure, depth: usize) {
        let Some(raw) = self.bytes(node) else { return };
        let decoded = part::decode_prefix(raw, &node.encoding, self.budget.saturating_mul(2));
        let (whole, offsets) = content::opened(node, &decoded.bytes);
        let mut parts = Parts::from([(node.path.clone(), decoded.bytes.as_slice())]);
        for offset in offsets {
            let bytes = decoded.bytes.get(offset.body..offset.end);
            parts
                .entry(offset.path)
                .or_insert(bytes.unwrap_or_default());
        }
        let mut inner = Builder {
            parts: &parts,
            view: self.view,
            budget: self.budget,
            document: std::mem::take(&mut self.document),
            first: 0,
            coded: self.coded + 1,
        };
        inner.message(&whole, "Message inside this message", depth + 1);
        self.budget = inner.budget;
        self.document = inner.document;
        self.document.more |= decoded.more;
    }

    /// The bytes of a part, or a line that says that they are not here.
    fn bytes(&mut self, node: &Structure) -> Option<&'a [u8]> {
        let bytes = self.parts.get(&node.path).copied();
        if bytes.is_none() {
            self.document.missing.push(node.path.clone());
            let size = size(part::decoded_size(node.size, &node.encoding));
            let text = format!("Not fetched yet: {}, {size}", node.media_type());
            self.line(Shown::line(&text), Role::Dim);
        }
        bytes
    }

    /// The decoded text of a part within the budget.
    fn decoded(&mut self, node: &Structure) -> Option<String> {
        let raw = self.bytes(node)?;
        let mut decoded = part::decode_prefix(raw, &node.encoding, self.budget);
        self.budget -= decoded.bytes.len().min(self.budget);
        let mut charset = node.parameter("charset").map(str::to_owned);
        if decoded.more {
            self.document.more = true;
            let utf8 = charset
                .as_deref()
                .is_none_or(|c| c.to_ascii_lowercase().contains("utf"));
            if utf8 {
                part::without_cut_character(&mut decoded.bytes);
            }
        }
        if charset.is_none() && node.subtype == "html" {
            charset = part::html_charset(&decoded.bytes);
        }
        let text = part::text(&decoded.bytes, charset.as_deref());
        if let Some(note) = text.note {
            self.line(Shown::line(&note), Role::Warning);
        }
        Some(text.text)
    }

    fn text(&mut self, node: &Structure) {
        self.separate();
        if !node.filename.is_empty() {
            self.attachment(node);
        }
        let Some(text) = self.decoded(node) else {
            return;
        };
        if node.subtype == "html" {
            return self.html(&text);
        }
        if node.subtype == "enriched" || node.subtype == "richtext" {
            return self.plain(node, &html::stripped(&text.replace("<<", "&lt;")), None);
        }
        let flowed = node
            .parameter("format")
            .is_some_and(|f| f.eq_ignore_ascii_case("flowed"));
        let delsp = node
            .parameter("delsp")
            .is_some_and(|d| d.eq_ignore_ascii_case("yes"));
        self.plain(node, &text, flowed.then_some(delsp));
    }

    fn html(&mut self, text: &str) {
        let rendered = html::render(text, self.view.width, &mut self.document.links);
        let first = self.document.lines.len();
        self.document.from_html = true;
        self.document.width_bound = true;
        self.document.more |= rendered.cut;
        self.document.remote_images += rendered.remote_images;
        self.document.trackers += rendered.trackers;
        self.document.lines.extend(rendered.lines);
        self.fold(first);
    }

    fn attachment(&mut self, node: &Structure) {
        let among = |line: &Line| line.spans.iter().any(|s| s.role == Role::Attachment);
        if !self.document.lines.last().is_some_and(among) {
            self.separate();
        }
        let name = match (node.filename.is_empty(), node.description.is_empty()) {
            (false, _) => filename::shown(&node.filename, 60).into_string(),
            (true, false) => Shown::name(&node.description).truncate(60).into_string(),
            (true, true) if !node.inner_subject.is_empty() => {
                Shown::name(&node.inner_subject).truncate(60).into_string()
            }
            (true, true) => "no name".into(),
        };
        let size = size(part::decoded_size(node.size, &node.encoding));
        let text = format!("[{} {name}, {}, {size}]", node.path, node.media_type());
        let mut line = Line::of(Shown::line(&text), Role::Attachment);
        if let Some(why) = self.disagreement(node) {
            line.spans.push(Span {
                text: Shown::line(&format!(" ! {why}")),
                role: Role::Warning,
            });
        }
        self.document.lines.push(line);
    }

    fn disagreement(&self, node: &Structure) -> Option<String> {
        let bytes = self.parts.get(&node.path)?;
        let head = part::decode_prefix(bytes, &node.encoding, 512);
        sniff::disagreement(&node.filename, &head.bytes)
    }

    fn field(&mut self, name: &str, value: &Shown) {
        self.document.lines.push(Line {
            spans: vec![
                Span {
                    text: Shown::line(&format!("{name}: ")),
                    role: Role::Header,
                },
                Span {
                    text: value.clone(),
                    role: Role::Text,
                },
            ],
            hang: 4,
            ..Line::default()
        });
    }

    fn line(&mut self, text: Shown, role: Role) {
        self.document.lines.push(Line::of(text, role));
    }

    fn note(&mut self, text: &'static str) {
        self.line(Shown::from(text), Role::Dim);
    }

    fn blank(&mut self) {
        self.document.lines.push(Line::default());
    }

    /// A blank line between what came before and what comes.
    fn separate(&mut self) {
        if self.document.lines.last().is_some_and(|l| !l.is_blank()) {
            self.blank();
        }
    }
}

/// Whether a text part is shown in the body.
fn is_readable(node: &Structure) -> bool {
    let subtype = node.subtype.as_str();
    let prose = matches!(
        subtype,
        "plain"
            | "html"
            | "enriched"
            | "richtext"
            | "markdown"
            | "x-patch"
            | "x-diff"
            | "x-amp-html"
    );
    prose && node.disposition != Disposition::Attachment
}

/// Whether a branch of an alternative is in that form.
fn holds(node: &Structure, subtype: &str) -> bool {
    if node.kind == "text" {
        return node.subtype == subtype;
    }
    node.is_multipart()
        && node
            .walk()
            .iter()
            .find(|p| p.kind == "text")
            .is_some_and(|p| p.subtype == subtype)
}

/// A size for people: `41 KB`.
pub fn size(octets: u64) -> String {
    match octets {
        0..1000 => format!("{octets} B"),
        1000..10_000 => format!("{}.{} KB", octets / 1000, octets % 1000 / 100),
        10_000..1_000_000 => format!("{} KB", octets / 1000),
        1_000_000..10_000_000 => {
            format!("{}.{} MB", octets / 1_000_000, octets % 1_000_000 / 100_000)
        }
        _ => format!("{} MB", octets / 1_000_000),
    }
}
