//! Takes out of an HTML tree what its reader could not see (SAFETY H2), counts the images that it
//! would fetch (H1), and tames table cells (M7).
//!
//! A sender hides words from people to show them to filters, previews and tools; a text view that
//! brings them to light shows another letter than the one that was sent. Style is read from
//! attributes and from style sheets as far as simple selectors go.

use std::collections::BTreeMap;

use html2text::{Element, Handle, RcDom};

use super::markup;

/// Columns or rows that a cell may span.
const MAX_SPAN: usize = 50;
/// Rules of a style sheet that are read.
const MAX_RULES: usize = 5000;
/// Points below which text is too small to be read.
const TINY: f32 = 3.0;

/// What was found on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Images that would have to be fetched.
    pub remote_images: usize,
    /// How many of those are too small to be looked at.
    pub trackers: usize,
}

/// Removes what cannot be seen.
pub fn remove(dom: &RcDom, css: &str) -> Found {
    let sheet = Sheet::parse(css);
    let mut found = Found::default();
    let mut stack = vec![(dom.document.clone(), Look::default())];
    while let Some((node, look)) = stack.pop() {
        let mut kept = Vec::new();
        for child in node.children.borrow().iter() {
            match &child.data {
                Element { .. } => {
                    let mut own = look;
                    if keep(child, &mut own, &sheet, &mut found) {
                        kept.push(child.clone());
                        stack.push((child.clone(), own));
                    }
                }
                _ if look.is_readable() => kept.push(child.clone()),
                _ => {}
            }
        }
        *node.children.borrow_mut() = kept;
    }
    found
}

fn attribute(node: &Handle, name: &str) -> Option<String> {
    let Element { attrs, .. } = &node.data else {
        return None;
    };
    attrs
        .borrow()
        .iter()
        .find(|a| &*a.name.local == name)
        .map(|a| a.value.to_string())
}

fn tame(node: &Handle) {
    let Element { attrs, .. } = &node.data else {
        return;
    };
    for attribute in attrs.borrow_mut().iter_mut() {
        let span = matches!(&*attribute.name.local, "colspan" | "rowspan");
        let large = attribute
            .value
            .trim()
            .parse::<usize>()
            .is_ok_and(|n| n <= MAX_SPAN);
        if span && !large {
            attribute.value = "1".into();
        }
    }
}

fn keep(node: &Handle, look: &mut Look, sheet: &Sheet, found: &mut Found) -> bool {
    let Element { name, .. } = &node.data else {
        return true;
    };
    let name = (*name.local).to_owned();
    tame(node);
    let class = attribute(node, "class").unwrap_or_default();
    let id = attribute(node, "id").unwrap_or_default();
    let mut own = Style::default();
    sheet.apply(&name, &class, &id, &mut own);
    if let Some(background) = attribute(node, "background") {
        own.background = Some(Paint::Unknown);
        found.remote_images += usize::from(markup::is_remote(&background));
    }
    if let Some(colour) = attribute(node, "bgcolor").as_deref().and_then(colour) {
        own.background = Some(Paint::Colour(colour));
    }
    if let Some(colour) = attribute(node, "color").as_deref().and_then(colour) {
        own.colour = Some(colour);
    }
    if let Some(text) = attribute(node, "style") {
        own.read(&text);
    }
    if name == "img" {
        return keep_image(node, &own, found);
    }
    look.take(&own);
    !own.removed && attribute(node, "hidden").is_none()
}

fn keep_image(node: &Handle, style: &Style, found: &mut Found) -> bool {
    let remote = attribute(node, "src").is_some_and(|src| markup::is_remote(&src));
    let side = |name: &str| attribute(node, name).and_then(|v| length(&v));
    let tiny =
        |own: Option<f32>, attribute: Option<f32>| own.or(attribute).is_some_and(|n| n <= 2.0);
    let small = tiny(style.width, side("width")) || tiny(style.height, side("height"));
    let unseen = small || style.removed;
    found.remote_images += usize::from(remote);
    found.trackers += usize::from(remote && unseen);
    !unseen
}

type Rgb = [u8; 3];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Paint {
    Colour(Rgb),
    /// A picture or gradient: nobody knows what stands out from it.
    Unknown,
}

/// What an element inherits of the looks of text.
#[derive(Clone, Copy, Debug)]
struct Look {
    colour: Rgb,
    background: Paint,
    size: f32,
    visible: bool,
    off_page: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            colour: [0, 0, 0],
            background: Paint::Colour([255, 255, 255]),
            size: 12.0,
            visible: true,
            off_page: false,
        }
    }
}

impl Look {
    fn take(&mut self, style: &Style) {
        if let Some(colour) = style.colour {
            self.colour = colour;
        }
        if let Some(paint) = style.background {
            self.background = paint;
        }
        match style.size {
            Some(Size::Points(points)) => self.size = points,
            Some(Size::Times(times)) => self.size *= times,
            None => {}
        }
        if let Some(visible) = style.visible {
            self.visible = visible;
        }
        if let Some(off) = style.off_page {
            self.off_page = off;
        }
    }

    fn is_readable(&self) -> bool {
        let stands_out = match self.background {
            Paint::Unknown => true,
            Paint::Colour(back) => distance(self.colour, back) > 24,
        };
        self.visible && !self.off_page && stands_out && self.size >= TINY
    }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b))).sum()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    Points(f32),
    Times(f32),
}

/// What one element or rule says of its looks.
#[derive(Clone, Debug, Default)]
struct Style {
    removed: bool,
    colour: Option<Rgb>,
    background: Option<Paint>,
    size: Option<Size>,
    visible: Option<bool>,
    off_page: Option<bool>,
    width: Option<f32>,
    height: Option<f32>,
    clipped: bool,
    apart: bool,
}

impl Style {
    fn read(&mut self, declarations: &str) {
        for declaration in declarations.split(';').take(200) {
            if let Some((name, value)) = declaration.split_once(':') {
                let value = value.to_ascii_lowercase();
                let value = value.split('!').next().unwrap_or_default().trim();
                self.declare(name.trim().to_ascii_lowercase().as_str(), value);
            }
        }
        let none = |n: Option<f32>| n.is_some_and(|n| n <= 0.0);
        if self.clipped && (none(self.width) || none(self.height)) {
            self.removed = true;
        }
    }

    fn declare(&mut self, name: &str, value: &str) {
        match name {
            "display" => self.removed = value == "none",
            "visibility" => self.visible = Some(!matches!(value, "hidden" | "collapse")),
            "opacity" if value.parse::<f32>().is_ok_and(|n| n < 0.05) => self.removed = true,
            "color" if value == "transparent" => self.visible = Some(false),
            "color" => self.colour = colour(value).or(self.colour),
            "background" | "background-color" => self.paint(value),
            "background-image" if value != "none" => self.background = Some(Paint::Unknown),
            "font-size" => self.size = size(value).or(self.size),
            "font" => {
                let found = value.split([' ', '/']).find_map(size);
                self.size = found.or(self.size);
            }
            "width" | "max-width" => self.width = length(value).or(self.width),
            "height" | "max-height" => self.height = length(value).or(self.height),
            "overflow" => self.clipped = value == "hidden",
            "text-indent" => self.off_page = length(value).map(|n| n.abs() >= 999.0),
            "position" => self.apart = matches!(value, "absolute" | "fixed"),
            "left" | "top" | "right" | "bottom" if length(value).is_some_and(|n| n <= -999.0) => {
                self.removed = true;
            }
            "clip" if value.replace([' ', ','], "").contains("rect(0000") => self.removed = true,
            "clip" if value.replace(' ', "").contains("rect(0px,0px,0px,0px)") => {
                self.removed = true;
            }
            _ => {}
        }
    }

    fn paint(&mut self, value: &str) {
        if value.contains("url(") || value.contains("gradient") {
            self.background = Some(Paint::Unknown);
        } else if let Some(colour) = value.split_whitespace().find_map(colour).or(colour(value)) {
            self.background = Some(Paint::Colour(colour));
        }
    }

    fn merge(&mut self, other: &Style) {
        self.removed |= other.removed;
        self.colour = other.colour.or(self.colour);
        self.background = other.background.or(self.background);
        self.size = other.size.or(self.size);
        self.visible = other.visible.or(self.visible);
        self.off_page = other.off_page.or(self.off_page);
        self.width = other.width.or(self.width);
        self.height = other.height.or(self.height);
        self.clipped |= other.clipped;
        self.apart |= other.apart;
    }
}

/// A length in pixels or points; relative ones are not known.
fn length(value: &str) -> Option<f32> {
    let value = value.trim();
    let number = value.trim_end_matches("px").trim_end_matches("pt");
    number.trim().parse().ok()
}

fn size(value: &str) -> Option<Size> {
    let value = value.trim();
    for unit in ["rem", "em", "%"] {
        if let Some(number) = value.strip_suffix(unit) {
            let times: f32 = number.trim().parse().ok()?;
            return Some(Size::Times(if unit == "%" { times / 100.0 } else { times }));
        }
    }
    let known = value.ends_with("px") || value.ends_with("pt") || value.parse() == Ok(0.0_f32);
    length(value).filter(|_| known).map(Size::Points)
}

fn colour(value: &str) -> Option<Rgb> {
    let value = value.trim().to_ascii_lowercase();
    if let Some(hex) = value.strip_prefix('#') {
        return hex_colour(hex);
    }
    if let Some(inside) = value
        .strip_prefix("rgb(")
        .or_else(|| value.strip_prefix("rgba("))
    {
        let mut numbers = inside
            .split([',', ' ', '/', ')'])
            .filter(|s| !s.is_empty())
            .map(|s| s.parse::<f32>().map(|n| n.clamp(0.0, 255.0) as u8));
        let mut next = || numbers.next()?.ok();
        return Some([next()?, next()?, next()?]);
    }
    Some(match value.as_str() {
        "white" => [255, 255, 255],
        "black" => [0, 0, 0],
        "red" => [255, 0, 0],
        "green" => [0, 128, 0],
        "blue" => [0, 0, 255],
        "gray" | "grey" => [128, 128, 128],
        "silver" => [192, 192, 192],
        "yellow" => [255, 255, 0],
        "whitesmoke" => [245, 245, 245],
        "snow" | "ivory" | "ghostwhite" | "floralwhite" | "azure" | "mintcream" => [250, 252, 250],
        _ => return hex_colour(&value).filter(|_| value.len() == 6),
    })
}

fn hex_colour(hex: &str) -> Option<Rgb> {
    let value = u32::from_str_radix(hex, 16).ok()?;
    let [_, a, b, c] = value.to_be_bytes();
    match hex.len() {
        6 => Some([a, b, c]),
        3 => {
            let digit = |shift: u32| u8::try_from(value >> shift & 15).unwrap_or(0) * 17;
            Some([digit(8), digit(4), digit(0)])
        }
        _ => None,
    }
}

/// Rules by tag, `.class` and `#id`; what stands in at-rules depends on the screen and is left
/// out.
#[derive(Debug, Default)]
struct Sheet(BTreeMap<String, Style>);

impl Sheet {
    fn parse(css: &str) -> Self {
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
            let key = selector.trim().to_ascii_lowercase();
            let simple = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let name = key.strip_prefix(['.', '#']).unwrap_or(&key);
            if !name.is_empty() && name.chars().all(simple) {
                self.0.entry(key).or_default().merge(&style);
            }
        }
    }

    fn apply(&self, tag: &str, class: &str, id: &str, style: &mut Style) {
        if self.0.is_empty() {
            return;
        }
        let mut add = |key: &str| {
            if let Some(found) = self.0.get(key) {
                style.merge(found);
            }
        };
        add(tag);
        for class in class.split_whitespace().take(50) {
            add(&format!(".{}", class.to_ascii_lowercase()));
        }
        if !id.is_empty() {
            add(&format!("#{}", id.to_ascii_lowercase()));
        }
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
