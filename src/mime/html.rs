//! HTML as text (SAFETY M7, H1, H2, H4). Nothing is fetched: there is no code here that could.
//!
//! Three steps: `markup` rewrites the bytes so that parsing has a bounded cost,
//! the tree loses what a person could not see, and html2text lays the rest out. What is nested too
//! deeply for that is shown as its bare text.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use html2text::config;
use html2text::render::{TaggedLine, TextDecorator};

use super::document::{Line, Role, Span};
use super::link::{self, Link};
use super::markup;
use super::sanitize::Shown;
use super::unseen;

/// Links that get a number.
const MAX_LINKS: usize = 1000;
/// Cells of an address in the list of links.
const SHOWN_LINK: usize = 200;
/// Stand at the start of a row for a quote and a heading. One byte and one cell each, because
/// html2text takes the bytes of a prefix for its cells.
const QUOTE: char = '\u{1}';
const HEADING: char = '\u{2}';

/// HTML as lines.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The lines, laid out to the width.
    pub lines: Vec<Line>,
    /// Images that would have to be fetched.
    pub remote_images: usize,
    /// How many of those are too small to be looked at.
    pub trackers: usize,
    /// Whether a limit cut the text.
    pub cut: bool,
}

/// Renders HTML to `width` cells; links are appended to `links` and numbered from there.
pub fn render(text: &str, width: usize, links: &mut Vec<Link>) -> Rendered {
    let width = width.clamp(20, 100);
    let first = links.len();
    let prepared = markup::prepare(text);
    if prepared.too_deep {
        return bare(text, "This HTML is nested too deeply: its bare text");
    }
    let work = || lay_out(&prepared, width, links);
    // The library is given only bounded input, and still: a panic in it costs the layout alone.
    let result = catch_unwind(AssertUnwindSafe(work));
    match result {
        Ok(Some(mut rendered)) => {
            rendered.cut = prepared.cut;
            list_links(&mut rendered.lines, links, first);
            rendered
        }
        Ok(None) | Err(_) => {
            links.truncate(first);
            bare(text, "This HTML is too complex: its bare text")
        }
    }
}

/// The text between the tags, blocks on lines of their own.
pub fn stripped(text: &str) -> String {
    markup::strip(text)
}

fn bare(text: &str, why: &'static str) -> Rendered {
    let mut lines = vec![Line::of(Shown::from(why), Role::Warning), Line::default()];
    for line in stripped(text).lines() {
        lines.push(Line::of(Shown::body_line(line), Role::Text));
    }
    Rendered {
        lines,
        ..Rendered::default()
    }
}

fn lay_out(prepared: &markup::Prepared, width: usize, links: &mut Vec<Link>) -> Option<Rendered> {
    let table = Rc::new(RefCell::new(Table::new(std::mem::take(links))));
    let config = config::with_decorator(Decorator(Rc::clone(&table)))
        .no_table_borders()
        .allow_width_overflow()
        .unicode_strikeout(false);
    let found = config
        .parse_html(prepared.html.as_bytes())
        .ok()
        .map(|dom| (unseen::remove(&dom, &prepared.css), dom));
    let rendered = found.and_then(|(seen, dom)| {
        let tree = config.dom_to_render_tree(&dom).ok()?;
        let rows = config.render_to_lines(tree, width).ok()?;
        let mut texts = BTreeMap::new();
        let lines = lines_of(rows, &mut texts);
        warn_of_mismatches(&mut table.borrow_mut().links, &texts);
        Some(Rendered {
            lines,
            remote_images: seen.remote_images,
            trackers: seen.trackers,
            cut: false,
        })
    });
    *links = std::mem::take(&mut table.borrow_mut().links);
    rendered
}

fn warn_of_mismatches(links: &mut [Link], texts: &BTreeMap<usize, String>) {
    for (number, text) in texts {
        if let Some(link) = links.get_mut(*number)
            && let Some(warning) = link::mismatch(text, link)
        {
            link.warning = Some(warning);
        }
    }
}

fn list_links(lines: &mut Vec<Line>, links: &[Link], first: usize) {
    if links.len() == first {
        return;
    }
    lines.push(Line::default());
    lines.push(Line::of(Shown::from("Links"), Role::Heading));
    for (number, link) in links.iter().enumerate().skip(first) {
        let mut line = Line::of(
            Shown::body_line(&format!("{:>4} ", format!("[{}]", number + 1))),
            Role::Dim,
        );
        line.spans.push(Span {
            text: link.shown.truncate_middle(SHOWN_LINK),
            role: Role::Link(number),
        });
        if let Some(warning) = &link.warning {
            let text = Shown::line(&format!(" ! {warning}: this goes to {}", link.host));
            line.spans.push(Span {
                text,
                role: Role::Warning,
            });
        }
        // A blank before the number keeps "http:" out of the cell of a header's colon.
        line.hang = 5;
        lines.push(line);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    Text,
    Link(usize),
    Emphasis,
    Strong,
    Image,
}

fn lines_of(rows: Vec<TaggedLine<Vec<Mark>>>, texts: &mut BTreeMap<usize, String>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let line = line_of(&row, texts);
        let blank = line.is_blank();
        if blank && lines.last().is_none_or(Line::is_blank) {
            continue;
        }
        lines.push(if blank {
            Line {
                quote: line.quote,
                ..Line::default()
            }
        } else {
            line
        });
    }
    lines
}

fn line_of(row: &TaggedLine<Vec<Mark>>, texts: &mut BTreeMap<usize, String>) -> Line {
    let mut line = Line {
        preformatted: true,
        ..Line::default()
    };
    let mut heading = false;
    let mut at_start = true;
    for piece in row.tagged_strings() {
        let mut text = piece.s.as_str();
        while at_start && !text.is_empty() {
            if let Some(rest) = text.strip_prefix(QUOTE) {
                line.quote = line.quote.saturating_add(1);
                text = rest.strip_prefix(' ').unwrap_or(rest);
            } else if let Some(rest) = text.strip_prefix(HEADING) {
                heading = true;
                text = rest.strip_prefix(' ').unwrap_or(rest);
            } else {
                at_start = false;
            }
        }
        if text.is_empty() {
            continue;
        }
        let link = piece.tag.iter().find_map(|mark| match mark {
            Mark::Link(number) => Some(*number),
            Mark::Text | Mark::Emphasis | Mark::Strong | Mark::Image => None,
        });
        if let Some(number) = link {
            let all = texts.entry(number).or_default();
            if all.len() < 2000 {
                all.push_str(text);
            }
        }
        let clean: String = text
            .chars()
            .filter(|c| *c != QUOTE && *c != HEADING)
            .collect();
        let role = role(&piece.tag, link, heading, line.quote);
        push_span(&mut line.spans, Shown::body_line(&clean), role);
    }
    trim_end(&mut line);
    line
}

fn role(marks: &[Mark], link: Option<usize>, heading: bool, quote: u8) -> Role {
    let has = |mark: Mark| marks.contains(&mark);
    match link {
        Some(number) => Role::Link(number),
        None if heading => Role::Heading,
        None if has(Mark::Image) => Role::Dim,
        None if quote > 0 => Role::Quote(quote),
        None if has(Mark::Strong) => Role::Strong,
        None if has(Mark::Emphasis) => Role::Emphasis,
        None => Role::Text,
    }
}

fn push_span(spans: &mut Vec<Span>, text: Shown, role: Role) {
    match spans.last_mut() {
        Some(last) if last.role == role => last.text.push(&text),
        _ => spans.push(Span { text, role }),
    }
}

fn trim_end(line: &mut Line) {
    while let Some(last) = line.spans.last_mut() {
        let length = last.text.as_str().trim_end().len();
        if length > 0 {
            last.text = last.text.piece(0, length);
            return;
        }
        line.spans.pop();
    }
}

/// The links of a message, repeated ones merged.
struct Table {
    links: Vec<Link>,
    known: BTreeMap<String, usize>,
    open: Vec<Option<usize>>,
}

impl Table {
    fn new(links: Vec<Link>) -> Self {
        let known = links
            .iter()
            .enumerate()
            .map(|(n, l)| (l.target.clone(), n))
            .collect();
        Self {
            links,
            known,
            open: Vec::new(),
        }
    }

    /// The number of a link; `None` for what is not offered (SAFETY D8).
    fn number(&mut self, url: &str) -> Option<usize> {
        let link = link::check(url).ok()?;
        if let Some(number) = self.known.get(&link.target) {
            return Some(*number);
        }
        let number = self.links.len();
        if number >= MAX_LINKS {
            return None;
        }
        self.known.insert(link.target.clone(), number);
        self.links.push(link);
        Some(number)
    }
}

#[derive(Clone)]
struct Decorator(Rc<RefCell<Table>>);

fn nothing(mark: Mark) -> (String, Mark) {
    (String::new(), mark)
}

impl TextDecorator for Decorator {
    type Annotation = Mark;

    fn decorate_link_start(&mut self, url: &str) -> (String, Mark) {
        let mut table = self.0.borrow_mut();
        let number = table.number(url);
        table.open.push(number);
        nothing(number.map_or(Mark::Text, Mark::Link))
    }

    fn decorate_link_end(&mut self) -> String {
        let number = self.0.borrow_mut().open.pop().flatten();
        number.map_or_else(String::new, |n| format!("[{}]", n + 1))
    }

    fn decorate_em_start(&self) -> (String, Mark) {
        nothing(Mark::Emphasis)
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, Mark) {
        nothing(Mark::Strong)
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, Mark) {
        nothing(Mark::Text)
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, Mark) {
        nothing(Mark::Text)
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) -> Mark {
        Mark::Text
    }

    fn decorate_preformat_cont(&self) -> Mark {
        Mark::Text
    }

    fn decorate_image(&mut self, src: &str, title: &str) -> (String, Mark) {
        let state = if markup::is_remote(src) {
            ", not loaded"
        } else {
            ""
        };
        (format!("[image: {}{state}]", title.trim()), Mark::Image)
    }

    fn header_prefix(&self, _level: usize) -> String {
        format!("{HEADING} ")
    }

    fn quote_prefix(&self) -> String {
        format!("{QUOTE} ")
    }

    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }

    fn ordered_item_prefix(&self, n: i64) -> String {
        format!("{n}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }

    fn decorate_superscript_start(&self) -> (String, Mark) {
        ("^".to_owned(), Mark::Text)
    }

    fn decorate_superscript_end(&self) -> String {
        String::new()
    }
}
