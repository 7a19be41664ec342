//! Style sheets: tags, classes and ids, one inside the other. What stands in at-rules depends on
//! the screen and is left out, and so is every selector that asks for a state.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::style::Style;

/// Rules of a style sheet that are read.
const MAX_RULES: usize = 5000;
/// Selectors of more than one word that are kept for one last word.
const MAX_NESTED: usize = 20;
/// Steps up the tree that matching may take over a whole message (SAFETY M7).
const MAX_STEPS: usize = 2_000_000;

/// An element as selectors see it, and what it is inside of.
#[derive(Debug)]
pub(super) struct Crumb {
    tag: String,
    id: String,
    classes: Vec<String>,
    parent: Option<Rc<Crumb>>,
}

impl Crumb {
    pub(super) fn new(tag: &str, class: &str, id: &str, parent: Option<Rc<Crumb>>) -> Self {
        let classes = class.split_whitespace().take(50);
        Self {
            tag: tag.to_owned(),
            id: id.to_ascii_lowercase(),
            classes: classes.map(str::to_ascii_lowercase).collect(),
            parent,
        }
    }
}

/// `p.a.b#c`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Compound {
    tag: String,
    id: String,
    classes: Vec<String>,
    /// Whether what stands before it must be its parent.
    child: bool,
}

impl Compound {
    fn parse(text: &str) -> Option<Self> {
        let mut out = Self::default();
        let text = text.replace("[class=", ".").replace("[class~=", ".");
        let text = text.replace("[id=", "#").replace(['"', '\'', ']'], "");
        let marks = |c: char| c == '.' || c == '#';
        let mut rest = text.as_str();
        let end = rest.find(marks).unwrap_or(rest.len());
        let (tag, after) = rest.split_at_checked(end)?;
        out.tag = tag.trim_start_matches('*').to_owned();
        rest = after;
        while !rest.is_empty() {
            let (mark, name) = rest.split_at_checked(1)?;
            let end = name.find(marks).unwrap_or(name.len());
            let (name, after) = name.split_at_checked(end)?;
            if !is_name(name) {
                return None;
            }
            if mark == "." {
                out.classes.push(name.to_owned());
            } else {
                out.id = name.to_owned();
            }
            rest = after;
        }
        let named = !out.tag.is_empty() || !out.id.is_empty() || !out.classes.is_empty();
        (named && (out.tag.is_empty() || is_name(&out.tag))).then_some(out)
    }

    /// The word under which a rule is found.
    fn key(&self) -> String {
        match (self.id.as_str(), self.classes.first()) {
            ("", Some(class)) => format!(".{class}"),
            ("", None) => self.tag.clone(),
            (id, _) => format!("#{id}"),
        }
    }

    fn is_simple(&self) -> bool {
        usize::from(!self.tag.is_empty()) + usize::from(!self.id.is_empty()) + self.classes.len()
            == 1
    }

    fn fits(&self, crumb: &Crumb) -> bool {
        (self.tag.is_empty() || self.tag == crumb.tag)
            && (self.id.is_empty() || self.id == crumb.id)
            && self.classes.iter().all(|c| crumb.classes.contains(c))
    }
}

fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.chars().all(good)
}

/// `div.a > p.b`, the last word first.
fn compounds(selector: &str) -> Option<Vec<Compound>> {
    let selector = selector.replace('>', " > ");
    let mut out = Vec::new();
    let mut child = false;
    for word in selector.split_whitespace() {
        if word == ">" {
            child = true;
            continue;
        }
        let mut compound = Compound::parse(word)?;
        compound.child = std::mem::take(&mut child);
        out.push(compound);
        if out.len() > 8 {
            return None;
        }
    }
    out.reverse();
    (!out.is_empty()).then_some(out)
}

#[derive(Debug)]
struct Nested {
    compounds: Vec<Compound>,
    style: Style,
}

impl Nested {
    /// Greedy from the element up: a descendant rule takes the nearest ancestor that fits.
    fn fits(&self, crumb: &Crumb, steps: &mut usize) -> bool {
        let mut words = self.compounds.iter();
        let Some(last) = words.next().filter(|last| last.fits(crumb)) else {
            return false;
        };
        let mut child = last.child;
        let mut at = crumb.parent.as_deref();
        for word in words {
            loop {
                let Some(above) = at else { return false };
                *steps += 1;
                at = above.parent.as_deref();
                if word.fits(above) {
                    break;
                }
                if child {
                    return false;
                }
            }
            child = word.child;
        }
        true
    }
}

/// The rules of all style sheets of a message.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    simple: BTreeMap<String, Style>,
    nested: BTreeMap<String, Vec<Nested>>,
    steps: std::cell::Cell<usize>,
}

impl Sheet {
    pub(super) fn parse(css: &str) -> Self {
        let mut sheet = Self::default();
        let css = without_comments(css);
        let mut rest = css.as_str();
        let mut rules = 0;
        while let Some(open) = rest.find('{') {
            let selector = rest.get(..open).unwrap_or_default();
            let selector = selector
                .rsplit([';', '}'])
                .next()
                .unwrap_or_default()
                .trim()
                .trim_start_matches("<!--")
                .trim();
            let body = rest.get(open + 1..).unwrap_or_default();
            if selector.starts_with('@') {
                rest = body.get(block_end(body)..).unwrap_or_default();
                continue;
            }
            let end = body.find('}').unwrap_or(body.len());
            let declarations = body.get(..end).unwrap_or_default();
            sheet.add(selector, declarations);
            rest = body.get(end + 1..).unwrap_or_default();
            rules += 1;
            if rules >= MAX_RULES {
                break;
            }
        }
        sheet
    }

    fn add(&mut self, selectors: &str, declarations: &str) {
        let mut style = Style::default();
        style.read(declarations);
        for selector in selectors.split(',').take(100) {
            let selector = selector.to_ascii_lowercase();
            let Some(compounds) = compounds(&selector) else {
                continue;
            };
            let Some(last) = compounds.first() else {
                continue;
            };
            let key = last.key();
            if compounds.len() == 1 && last.is_simple() {
                self.simple.entry(key).or_default().merge(&style);
                continue;
            }
            let rules = self.nested.entry(key).or_default();
            if rules.len() < MAX_NESTED {
                let style = style.clone();
                rules.push(Nested { compounds, style });
            }
        }
    }

    /// Adds what the rules say of an element.
    pub(super) fn apply(&self, crumb: &Crumb, style: &mut Style) {
        let mut keys = vec![crumb.tag.clone()];
        keys.extend(crumb.classes.iter().map(|class| format!(".{class}")));
        if !crumb.id.is_empty() {
            keys.push(format!("#{}", crumb.id));
        }
        for key in &keys {
            if let Some(found) = self.simple.get(key) {
                style.merge(found);
            }
        }
        let mut steps = self.steps.get();
        for rule in keys.iter().filter_map(|key| self.nested.get(key)).flatten() {
            if steps < MAX_STEPS && rule.fits(crumb, &mut steps) {
                style.merge(&rule.style);
            }
        }
        self.steps.set(steps);
    }
}

fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(open) = rest.find("/*") {
        out.push_str(rest.get(..open).unwrap_or_default());
        let after = rest.get(open + 2..).unwrap_or_default();
        rest = match after.find("*/") {
            Some(end) => after.get(end + 2..).unwrap_or_default(),
            None => "",
        };
    }
    out.push_str(rest);
    out
}

/// Where the block that is open at the start of `body` ends.
fn block_end(body: &str) -> usize {
    let mut depth = 1usize;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    body.len()
}
