//! `Shown`: the only text that a screen or a terminal accepts (SAFETY D1 to D5, D7).
//!
//! Sanitising is the last step, after every decoding. Controls become visible pictures, bidi
//! overrides are spelled out, invisible characters go, combining marks are capped. What is left
//! has the same width in layout and drawing: [`width`] counts by grapheme cluster, as the screen
//! does.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::Address;

use super::domain;

/// Combining marks that one cell may carry.
const MARKS: usize = 8;
/// Columns between tab stops in a body line.
const TAB: usize = 8;

/// Text that is safe to draw: one row, no control, no invisible or reordering character.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown(String);

impl Shown {
    /// A one-line field: header, name, file name, server text. Line breaks become a visible mark.
    pub fn line(text: &str) -> Self {
        Self(clean(text, Place::Line))
    }

    /// One line of a body, without its line break: tabs go to stops, joiners stay where a script
    /// needs them.
    pub fn body_line(text: &str) -> Self {
        Self(clean(text, Place::Body))
    }

    /// A display name or similar: as [`Shown::line`], with runs of blanks made one.
    pub fn name(text: &str) -> Self {
        Self(squeeze(&clean(text, Place::Line)))
    }

    /// Several texts as one.
    pub fn concat<'a>(pieces: impl IntoIterator<Item = &'a Shown>) -> Self {
        let mut all = Shown::default();
        for piece in pieces {
            all.push(piece);
        }
        all
    }

    /// Appends `other`.
    pub fn push(&mut self, other: &Shown) {
        self.0.push_str(&other.0);
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Cells that the text takes.
    pub fn width(&self) -> usize {
        width(&self.0)
    }

    /// The text in at most `cells` cells, its end replaced by `…` where it is longer.
    pub fn truncate(&self, cells: usize) -> Shown {
        if self.width() <= cells {
            return self.clone();
        }
        let Some(room) = cells.checked_sub(1) else {
            return Shown::default();
        };
        let mut out = head(&self.0, room).to_owned();
        out.push('…');
        Shown(out)
    }

    /// The whole text in rows of at most `cells` cells, cut between grapheme clusters.
    pub fn rows(&self, cells: usize) -> Vec<Shown> {
        let mut rows = Vec::new();
        let mut rest = self.0.as_str();
        while !rest.is_empty() {
            let taken = match head(rest, cells.max(1)).len() {
                // A cluster wider than the row still has to go somewhere.
                0 => rest.chars().next().map_or(rest.len(), char::len_utf8),
                taken => taken,
            };
            let (row, more) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            rows.push(Shown(row.to_owned()));
            rest = more;
        }
        rows
    }

    /// The text in at most `cells` cells, its middle replaced by `…`: the end of a file name or
    /// address stays in sight (SAFETY A2).
    pub fn truncate_middle(&self, cells: usize) -> Shown {
        if self.width() <= cells {
            return self.clone();
        }
        let Some(room) = cells.checked_sub(1) else {
            return Shown::default();
        };
        let front = head(&self.0, room / 2);
        let back = tail(&self.0, room - width(front));
        Shown(format!("{front}…{back}"))
    }

    /// The text with blanks after it up to `cells` cells; longer text stays as it is.
    pub fn pad(&self, cells: usize) -> Shown {
        let blanks = cells.saturating_sub(self.width());
        Shown(format!("{}{}", self.0, " ".repeat(blanks)))
    }

    /// Exactly `cells` cells: truncated or padded.
    pub fn fit(&self, cells: usize) -> Shown {
        self.truncate(cells).pad(cells)
    }

    /// A piece of this text by byte offsets; out of range or inside a character gives nothing.
    pub fn piece(&self, from: usize, to: usize) -> Shown {
        Shown(self.0.get(from..to).unwrap_or_default().to_owned())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The program's own words.
impl From<&'static str> for Shown {
    fn from(text: &'static str) -> Self {
        Shown::line(text)
    }
}

/// Cells of a text, by grapheme cluster.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The sender column of a list. A name that holds or imitates an address is never shown alone:
/// the address stands in its place (SAFETY D5). Several From addresses are all named.
pub fn sender(from: &[Address]) -> Shown {
    let mut out = Shown::default();
    for address in from.iter().take(SENDERS) {
        let one = short(address);
        if one.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(&Shown::from(", "));
        }
        out.push(&one);
    }
    if from.len() > SENDERS {
        out.push(&Shown::line(&format!(" +{}", from.len() - SENDERS)));
    }
    out
}

const SENDERS: usize = 20;

fn short(address: &Address) -> Shown {
    if address.name.trim().is_empty() || imitates_address(&address.name) {
        let spec = addr_spec(&address.address);
        if !spec.is_empty() {
            return spec;
        }
    }
    let mut name = Shown::name(&address.name);
    if address.address.is_empty() && imitates_address(&address.name) {
        name.push(&Shown::from(" (no address)"));
    }
    name
}

/// An address as the message view shows it: `Name <addr-spec>`, or the bare addr-spec.
pub fn full(address: &Address) -> Shown {
    let name = Shown::name(&address.name);
    let spec = addr_spec(&address.address);
    match (name.is_empty(), spec.is_empty()) {
        (true, _) => spec,
        (false, true) => name,
        (false, false) => Shown(format!("{name} <{spec}>")),
    }
}

/// The addr-spec as a reply would use it, its domain by SAFETY D6.
pub fn addr_spec(address: &str) -> Shown {
    match address.rsplit_once('@') {
        Some((local, host)) => {
            let host = domain::shown(host);
            Shown(format!("{}@{host}", Shown::line(local)))
        }
        None => Shown::line(address),
    }
}

/// Whether a display name could pass for an address.
pub fn imitates_address(name: &str) -> bool {
    name.chars()
        .any(|c| matches!(c, '@' | '＠' | '﹫' | '<' | '>' | '＜' | '＞') || is_hostile(c))
}

fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Line,
    Body,
}

fn clean(text: &str, place: Place) -> String {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut state = Cleaner::default();
    for c in text.chars() {
        state.take(c, place, &mut out);
    }
    out
}

#[derive(Default)]
struct Cleaner {
    marks: usize,
    column: usize,
    last: Option<char>,
}

impl Cleaner {
    fn take(&mut self, c: char, place: Place, out: &mut String) {
        match fate(c, self.last, place) {
            Fate::Keep => self.keep(c, out),
            Fate::As(other) => self.keep(other, out),
            Fate::Drop => {}
            Fate::Tab => {
                let blanks = TAB - self.column % TAB;
                out.extend(std::iter::repeat_n(' ', blanks));
                self.after(' ', blanks);
            }
            Fate::Escape(second) => {
                out.push('\u{241b}');
                out.push(second);
                self.after(second, 2);
            }
            Fate::Name => {
                let name = format!("<U+{:04X}>", u32::from(c));
                self.after('>', name.len());
                out.push_str(&name);
            }
        }
    }

    fn keep(&mut self, c: char, out: &mut String) {
        let cells = c.width().unwrap_or(0);
        if cells == 0 {
            if self.last.is_none() {
                out.push('\u{25cc}');
                self.after('\u{25cc}', 1);
            }
            self.marks += 1;
            if self.marks <= MARKS {
                out.push(c);
            }
            return;
        }
        out.push(c);
        self.after(c, cells);
    }

    fn after(&mut self, c: char, cells: usize) {
        self.marks = 0;
        self.column += cells;
        self.last = Some(c);
    }
}

enum Fate {
    Keep,
    As(char),
    Drop,
    Tab,
    /// A C1 control as its seven-bit form: `␛[`.
    Escape(char),
    /// Spelled out as `<U+202E>`.
    Name,
}

fn fate(c: char, last: Option<char>, place: Place) -> Fate {
    match c {
        ' '..='~' => Fate::Keep,
        '\t' if place == Place::Body => Fate::Tab,
        '\t' => Fate::As(' '),
        '\0'..='\u{1f}' => Fate::As(picture(u32::from(c))),
        '\u{7f}' => Fate::As('\u{2421}'),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Fate::As('\u{2424}'),
        '\u{80}'..='\u{9f}' => Fate::Escape(picture_of_c1(c)),
        '\u{202d}' | '\u{202e}' => Fate::Name,
        '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => match place {
            Place::Line => Fate::Name,
            Place::Body => Fate::Drop,
        },
        '\u{200c}' | '\u{200d}' if place == Place::Body && last.is_some_and(joins) => Fate::Keep,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Fate::As(' '),
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' => Fate::As(' '),
        // Whether a skin tone melts into its neighbour is where terminals disagree (SAFETY D4).
        '\u{1f3fb}'..='\u{1f3ff}' => Fate::Drop,
        _ if is_invisible(c) => Fate::Drop,
        _ if u32::from(c) & 0xfffe == 0xfffe => Fate::As('\u{fffd}'),
        _ => Fate::Keep,
    }
}

fn picture(code: u32) -> char {
    char::from_u32(0x2400 + code).unwrap_or('\u{fffd}')
}

fn picture_of_c1(c: char) -> char {
    char::from_u32(u32::from(c) - 0x40).unwrap_or('\u{fffd}')
}

/// Characters that draw nothing and could carry or hide something (Unicode default ignorables).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Characters that draw nothing, or move what others draw: no name or address needs them.
pub(crate) fn is_unseen(c: char) -> bool {
    is_invisible(c)
        || matches!(
            c,
            '\u{202a}'
                ..='\u{202e}'
                    | '\u{2028}'
                    | '\u{2029}'
                    | '\u{115f}'
                    | '\u{1160}'
                    | '\u{3164}'
                    | '\u{ffa0}'
                    | '\u{2800}'
        )
}

/// Whether a joiner after `c` is part of the spelling (Arabic, Syriac, Indic scripts).
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{dff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// The longest front of `text` within `cells`.
pub(crate) fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster.width();
        if used > cells {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

fn tail(text: &str, cells: usize) -> &str {
    let mut used = 0;
    let mut from = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        used += cluster.width();
        if used > cells {
            break;
        }
        from = at;
    }
    text.get(from..).unwrap_or_default()
}

fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
