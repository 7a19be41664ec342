//! Takes out of an HTML tree what its reader could not see (SAFETY H2), counts the images that it
//! would fetch (H1), and tames table cells (M7).
//!
//! A sender hides words from people to show them to filters, previews and tools; a text view that
//! brings them to light shows another letter than the one that was sent. Style is read from
//! attributes and from style sheets.

mod sheet;
mod style;

use std::rc::Rc;

use html2text::{Element, Handle, RcDom};

use super::markup;
use sheet::{Crumb, Sheet};
use style::{Size, Style, colour, length};

/// Columns or rows that a cell may span.
const MAX_SPAN: usize = 50;
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
    let mut stack = vec![(dom.document.clone(), Look::default(), None)];
    while let Some((node, look, crumb)) = stack.pop() {
        let mut kept = Vec::new();
        for child in node.children.borrow().iter() {
            match &child.data {
                Element { .. } => {
                    let mut own = look;
                    let inside = crumb_of(child, crumb.clone());
                    if keep(child, &inside, &mut own, &sheet, &mut found) {
                        kept.push(child.clone());
                        stack.push((child.clone(), own, Some(Rc::new(inside))));
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

fn crumb_of(node: &Handle, parent: Option<Rc<Crumb>>) -> Crumb {
    let Element { name, .. } = &node.data else {
        return Crumb::new("", "", "", parent);
    };
    let class = attribute(node, "class").unwrap_or_default();
    let id = attribute(node, "id").unwrap_or_default();
    Crumb::new(&name.local, &class, &id, parent)
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

fn keep(node: &Handle, crumb: &Crumb, look: &mut Look, sheet: &Sheet, found: &mut Found) -> bool {
    let Element { name, .. } = &node.data else {
        return true;
    };
    let name = (*name.local).to_owned();
    tame(node);
    let mut own = Style::default();
    sheet.apply(crumb, &mut own);
    if let Some(background) = attribute(node, "background") {
        own.background = Some(Paint::Unknown);
        found.remote_images += usize::from(markup::is_remote(&background));
    }
    if let Some(colour) = attribute(node, "bgcolor").as_deref().and_then(colour) {
        own.background = Some(Paint::Colour(colour));
    }
    if let Some(colour) = attribute(node, "color").as_deref().and_then(colour) {
        own.colour = Some(colour);
        own.inked = Some(true);
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
    inked: bool,
    off_page: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            colour: [0, 0, 0],
            background: Paint::Colour([255, 255, 255]),
            size: 12.0,
            visible: true,
            inked: true,
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
        if let Some(inked) = style.inked {
            self.inked = inked;
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
        self.visible && self.inked && !self.off_page && stands_out && self.size >= TINY
    }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b))).sum()
}
