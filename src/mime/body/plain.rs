//! Plain text: quotes, signatures, links, and files that are uuencoded in it.

use crate::model::Structure;

use super::super::document::Protection;
use super::super::document::{Line, Role, Span};
use super::super::sanitize::Shown;
use super::super::{content, flowed, link, part, quote};
use super::Builder;

/// Bytes after which a line without a break is cut in two.
const MAX_LINE: usize = 16 * 1024;
/// Links that a document numbers.
const MAX_LINKS: usize = 1000;
/// Blank lines in a row that are shown.
const BLANKS: usize = 2;

impl Builder<'_> {
    pub(super) fn plain(&mut self, node: &Structure, text: &str, flowed: Option<bool>) {
        let first = self.document.lines.len();
        self.first = first;
        let files = part::uu_files(text.as_bytes());
        let mut at = 0;
        let mut signature = false;
        for (file, child) in files.iter().zip(content::uu_parts(node, &files)) {
            self.paragraphs(
                text.get(at..file.start).unwrap_or_default(),
                flowed,
                &mut signature,
            );
            self.attachment(&child);
            at = file.end;
        }
        self.paragraphs(text.get(at..).unwrap_or_default(), flowed, &mut signature);
        self.inline_pgp(text);
        self.fold(first);
    }

    fn inline_pgp(&mut self, text: &str) {
        if self.document.protection != Protection::None {
            return;
        }
        let start = text.trim_start();
        if start.starts_with("-----BEGIN PGP SIGNED MESSAGE-----") {
            self.document.protection = Protection::SignedPgp;
        } else if start.starts_with("-----BEGIN PGP MESSAGE-----") {
            self.document.protection = Protection::EncryptedPgp;
        }
    }

    pub(super) fn fold(&mut self, first: usize) {
        let folds = quote::folds(&self.document.lines, first);
        self.document.folds.extend(folds);
    }

    fn paragraphs(&mut self, text: &str, flowed: Option<bool>, signature: &mut bool) {
        match flowed {
            Some(delsp) => {
                for paragraph in flowed::join(text, delsp) {
                    self.body_line(paragraph.level, &paragraph.text, signature);
                }
            }
            None => {
                for line in text.lines() {
                    let (level, rest) = quote::level(line);
                    self.body_line(level, rest, signature);
                }
            }
        }
    }

    fn body_line(&mut self, level: u8, text: &str, signature: &mut bool) {
        if level == 0 && text.trim().is_empty() && !self.wants_blank() {
            return;
        }
        let attribution = level == 0 && quote::is_attribution(text);
        let separator = level == 0 && quote::is_separator(text);
        if level == 0 && (text == "-- " || text == "--") {
            *signature = true;
        } else if level > 0 || attribution || separator {
            *signature = false;
        }
        if attribution && !quote::starts_attribution(text) {
            self.dim_start_of_attribution();
        }
        let role = match level {
            0 if *signature => Role::Signature,
            0 if attribution => Role::Dim,
            0 if separator => Role::Rule,
            0 => Role::Text,
            level => Role::Quote(level),
        };
        let mut rest = text;
        loop {
            let cut = if rest.len() > MAX_LINE {
                let near = rest.floor_char_boundary(MAX_LINE);
                let head = rest.get(..near).unwrap_or_default();
                head.rfind(' ').filter(|n| *n > 0).unwrap_or(near)
            } else {
                rest.len()
            };
            let (head, tail) = rest.split_at_checked(cut).unwrap_or((rest, ""));
            let spans = self.spans(Shown::body_line(head.trim_end()), role);
            self.document.lines.push(Line {
                spans,
                quote: level,
                hang: hang(text),
                ..Line::default()
            });
            if tail.is_empty() {
                return;
            }
            rest = tail;
        }
    }

    /// Whether a blank line may come: not as the first of a part, and not after two.
    fn wants_blank(&self) -> bool {
        let of_part = self.document.lines.get(self.first..).unwrap_or_default();
        let blanks = of_part.iter().rev().take_while(|l| l.is_blank()).count();
        !of_part.is_empty() && blanks < BLANKS
    }

    /// `On … Tom O'Brien` when `<tom@x> wrote:` came in the next line.
    fn dim_start_of_attribution(&mut self) {
        let of_part = self
            .document
            .lines
            .get_mut(self.first..)
            .unwrap_or_default();
        if let Some(line) = of_part.last_mut()
            && line.quote == 0
            && quote::starts_attribution(&line.text())
        {
            for span in &mut line.spans {
                if span.role == Role::Text {
                    span.role = Role::Dim;
                }
            }
        }
    }

    /// A line in spans: its links apart.
    pub(super) fn spans(&mut self, text: Shown, role: Role) -> Vec<Span> {
        if !text.as_str().contains(':') {
            return vec![Span { text, role }];
        }
        let mut spans = Vec::new();
        let mut at = 0;
        for (from, to) in link::find(text.as_str()) {
            let Some(number) = self.link(text.piece(from, to).as_str()) else {
                continue;
            };
            if from > at {
                spans.push(Span {
                    text: text.piece(at, from),
                    role,
                });
            }
            spans.push(Span {
                text: text.piece(from, to),
                role: Role::Link(number),
            });
            at = to;
        }
        if at < text.as_str().len() || spans.is_empty() {
            let end = text.as_str().len();
            spans.push(Span {
                text: text.piece(at, end),
                role,
            });
        }
        spans
    }

    fn link(&mut self, url: &str) -> Option<usize> {
        let link = link::check(url).ok()?;
        let links = &mut self.document.links;
        // Links of one text are few or repeated close by; a long list is not searched again.
        let known = links
            .iter()
            .rev()
            .take(50)
            .position(|l| l.target == link.target);
        if let Some(back) = known {
            return Some(links.len() - 1 - back);
        }
        if links.len() >= MAX_LINKS {
            return None;
        }
        links.push(link);
        Some(links.len() - 1)
    }
}

/// Where the text of a list item or an indented line starts, so that its rows stand below each
/// other.
fn hang(text: &str) -> u8 {
    let blanks = text.len() - text.trim_start_matches(' ').len();
    let item = text.get(blanks..).unwrap_or_default();
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    let marks = match item.get(digits..).unwrap_or_default().as_bytes() {
        [b'.' | b')', b' ', ..] if (1..=3).contains(&digits) => digits + 2,
        [b'*' | b'-' | b'+' | b'o', b' ', ..] if digits == 0 => 2,
        _ if digits == 0 && item.starts_with("• ") => 2,
        _ => 0,
    };
    u8::try_from(blanks + marks).unwrap_or(0).min(16)
}
