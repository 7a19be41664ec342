//! What one element or rule says of its looks, as far as it decides whether text can be read.

use super::{Paint, Rgb};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    Points(f32),
    Times(f32),
}

/// What one element or rule says of its looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    pub(super) removed: bool,
    pub(super) colour: Option<Rgb>,
    pub(super) background: Option<Paint>,
    pub(super) size: Option<Size>,
    pub(super) visible: Option<bool>,
    pub(super) off_page: Option<bool>,
    pub(super) width: Option<f32>,
    pub(super) height: Option<f32>,
    /// Whether its colour is not that of glass.
    pub(super) inked: Option<bool>,
    clipped: bool,
    apart: bool,
}

impl Style {
    pub(super) fn read(&mut self, declarations: &str) {
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
            "opacity" if fraction(value).is_some_and(|n| n < 0.05) => self.removed = true,
            "filter" | "-ms-filter" if is_clear_filter(value) => self.removed = true,
            "color" => self.ink(value),
            "background" | "background-color" => self.paint(value),
            "background-image" if value != "none" => self.background = Some(Paint::Unknown),
            "font-size" => self.size = size(value).or(self.size),
            "font" => {
                let found = value.split([' ', '/']).find_map(size);
                self.size = found.or(self.size);
            }
            "width" | "max-width" => self.width = length(value).or(self.width),
            "height" | "max-height" => self.height = length(value).or(self.height),
            "overflow" | "overflow-x" | "overflow-y" => self.clipped = value == "hidden",
            "text-indent" => self.off_page = far(value).map(|n| n.abs() >= 999.0),
            "position" => self.apart = matches!(value, "absolute" | "fixed"),
            "left" | "top" | "right" | "bottom" | "margin-left" | "margin-top" | "margin"
                if far(value).is_some_and(|n| n <= -999.0) =>
            {
                self.removed = true;
            }
            "clip-path" if value.replace(' ', "").starts_with("inset(100%") => self.removed = true,
            "clip-path" if value.replace(' ', "") == "circle(0)" => self.removed = true,
            "transform" if value.replace(' ', "").starts_with("scale(0)") => self.removed = true,
            "clip" if value.replace([' ', ','], "").contains("rect(0000") => self.removed = true,
            "clip" if value.replace(' ', "").contains("rect(0px,0px,0px,0px)") => {
                self.removed = true;
            }
            _ => {}
        }
    }

    fn ink(&mut self, value: &str) {
        if is_clear(value) {
            self.inked = Some(false);
        } else if let Some(colour) = colour(value) {
            self.colour = Some(colour);
            self.inked = Some(true);
        }
    }

    fn paint(&mut self, value: &str) {
        if value.contains("url(") || value.contains("gradient") {
            self.background = Some(Paint::Unknown);
        } else if is_clear(value) {
            // What is behind it shows.
        } else if let Some(colour) = value.split_whitespace().find_map(colour).or(colour(value)) {
            self.background = Some(Paint::Colour(colour));
        }
    }

    pub(super) fn merge(&mut self, other: &Style) {
        self.removed |= other.removed;
        self.colour = other.colour.or(self.colour);
        self.background = other.background.or(self.background);
        self.size = other.size.or(self.size);
        self.inked = other.inked.or(self.inked);
        self.visible = other.visible.or(self.visible);
        self.off_page = other.off_page.or(self.off_page);
        self.width = other.width.or(self.width);
        self.height = other.height.or(self.height);
        self.clipped |= other.clipped;
        self.apart |= other.apart;
    }
}

/// A length in pixels or points; relative ones are not known.
pub(super) fn length(value: &str) -> Option<f32> {
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

pub(super) fn colour(value: &str) -> Option<Rgb> {
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
    if let Some(inside) = value.strip_prefix("hsl(") {
        return grey_of_hsl(inside);
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
    let [first, a, b, c] = value.to_be_bytes();
    match hex.len() {
        6 => Some([a, b, c]),
        8 => Some([first, a, b]),
        3 => {
            let digit = |shift: u32| u8::try_from(value >> shift & 15).unwrap_or(0) * 17;
            Some([digit(8), digit(4), digit(0)])
        }
        _ => None,
    }
}

/// The colour of `hsl(…)` as far as it matters: how light it is.
fn grey_of_hsl(inside: &str) -> Option<Rgb> {
    let lightness = inside
        .split([',', ' ', '/', ')'])
        .filter(|s| !s.is_empty())
        .nth(2)?;
    let percent: f32 = lightness.strip_suffix('%')?.parse().ok()?;
    let value = (percent.clamp(0.0, 100.0) * 2.55) as u8;
    (!(5..=250).contains(&value)).then_some([value, value, value])
}

/// `0.5` and `50%`.
fn fraction(value: &str) -> Option<f32> {
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|n| n / 100.0),
        None => value.parse().ok(),
    }
}

/// A length of which only the order counts, in whatever unit.
fn far(value: &str) -> Option<f32> {
    let first = value.split_whitespace().next()?;
    let number = first.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.parse().ok()
}

/// Whether a colour lets everything through.
fn is_clear(value: &str) -> bool {
    let value = value.trim();
    let alpha = value
        .strip_prefix("rgba(")
        .or_else(|| value.strip_prefix("hsla("))
        .and_then(|inside| {
            let numbers = inside.split([',', ' ', '/', ')']).filter(|s| !s.is_empty());
            numbers.skip(3).find_map(fraction)
        });
    let hex = value.strip_prefix('#').filter(|hex| hex.len() == 8);
    value == "transparent"
        || alpha.is_some_and(|a| a < 0.05)
        || hex.is_some_and(|hex| hex.ends_with("00"))
}

fn is_clear_filter(value: &str) -> bool {
    let value = value.replace(' ', "");
    value.contains("opacity=0)") || value.contains("opacity(0)") || value.contains("opacity(0%)")
}
