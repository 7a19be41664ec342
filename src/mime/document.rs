//! What a person reads of a message, before any screen: lines of spans with roles, folds, links.

use std::collections::BTreeMap;

use crate::model::PartPath;

use super::link::Link;
use super::sanitize::Shown;

/// What a span is, for the face to colour and announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Running text.
    Text,
    /// Quoted text of that level, from 1.
    Quote(u8),
    /// A header field of a message inside this one.
    Header,
    /// A heading.
    Heading,
    /// Text of the link with that index in [`Document::links`].
    Link(usize),
    /// The sender's signature below `-- `.
    Signature,
    /// A horizontal rule.
    Rule,
    /// Emphasised text.
    Emphasis,
    /// Strong text.
    Strong,
    /// Text of lesser weight: notes of the renderer, "On … wrote:".
    Dim,
    /// Something to beware of.
    Warning,
    /// A line that names a part.
    Attachment,
    /// The one row that stands for a fold.
    Fold,
}

/// A run of text in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: Shown,
    /// What it is.
    pub role: Role,
}

/// One line or paragraph, not yet laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text, without quote marks.
    pub spans: Vec<Span>,
    /// Quote level; each level is drawn as `> `.
    pub quote: u8,
    /// Never wrapped at words: tables, signatures, listings.
    pub preformatted: bool,
    /// Cells by which rows after the first are indented (lists).
    pub hang: u8,
}

impl Line {
    /// A line of one span.
    pub(crate) fn of(text: Shown, role: Role) -> Self {
        Self {
            spans: vec![Span { text, role }],
            ..Self::default()
        }
    }

    /// The text of all spans.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }

    /// Whether there is nothing to see.
    pub fn is_blank(&self) -> bool {
        self.spans.iter().all(|s| s.text.as_str().trim().is_empty())
    }
}

/// Lines that may be folded into one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The first line.
    pub first: usize,
    /// How many lines.
    pub lines: usize,
    /// Who is quoted; empty when not known.
    pub author: Shown,
}

impl Fold {
    /// What stands in place of the lines: `23 quoted lines from Tom O'Brien`.
    pub fn summary(&self) -> Shown {
        let lines = if self.lines == 1 { "line" } else { "lines" };
        let mut text = Shown::line(&format!("{} quoted {lines}", self.lines));
        if !self.author.is_empty() {
            text.push(&Shown::from(" from "));
            text.push(&self.author);
        }
        text
    }
}

/// Whether a message claims to be signed or encrypted: a value for the chrome, never body text
/// (SAFETY D7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    /// Neither.
    #[default]
    None,
    /// multipart/signed by OpenPGP, or an inline PGP signature; not checked.
    SignedPgp,
    /// S/MIME signature; not checked.
    SignedSmime,
    /// Encrypted by OpenPGP; cannot be read here.
    EncryptedPgp,
    /// Encrypted by S/MIME; cannot be read here.
    EncryptedSmime,
}

/// The readable body of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Lines and paragraphs in reading order.
    pub lines: Vec<Line>,
    /// What may be folded, in order, never overlapping.
    pub folds: Vec<Fold>,
    /// Targets of the numbered links; `text[n]` is `links[n - 1]`.
    pub links: Vec<Link>,
    /// Remote images that were not loaded.
    pub remote_images: usize,
    /// How many of those can only be there to watch the reader.
    pub trackers: usize,
    /// Signed or encrypted, unchecked.
    pub protection: Protection,
    /// Whether the text shown is made from HTML.
    pub from_html: bool,
    /// Whether the same text also exists in the other form (HTML or plain).
    pub alternative: bool,
    /// Whether the layout depends on [`View::width`], so that a new width needs a new document.
    pub width_bound: bool,
    /// Whether a limit cut the text: a larger [`View::limit`] shows more.
    pub more: bool,
    /// Parts whose bytes were wanted and not at hand.
    pub missing: Vec<PartPath>,
}

/// How the reader wants it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Prefer HTML over plain text.
    pub html: bool,
    /// Cells for HTML layout.
    pub width: usize,
    /// Bytes of decoded text that are read, over all parts.
    pub limit: usize,
    /// Minutes east of UTC where the reader is, at an epoch second: times of events are told in
    /// that zone too.
    pub offset_at: Option<fn(i64) -> i32>,
}

/// Enough for a first screen at once.
pub const FIRST_LIMIT: usize = 64 * 1024;
/// What is shown without asking for more.
pub const FULL_LIMIT: usize = 1024 * 1024;

impl Default for View {
    fn default() -> Self {
        Self {
            html: false,
            width: 80,
            limit: FULL_LIMIT,
            offset_at: None,
        }
    }
}

/// The bytes of the parts that are at hand, in transfer encoding; of a message/rfc822 part its
/// whole message.
pub type Parts<'a> = BTreeMap<PartPath, &'a [u8]>;

impl Document {
    /// All text of the document, a line for each line: for search, previews and scripts.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            for _ in 0..line.quote {
                out.push('>');
            }
            if line.quote > 0 {
                out.push(' ');
            }
            for span in &line.spans {
                out.push_str(span.text.as_str());
            }
            out.push('\n');
        }
        out
    }
}
