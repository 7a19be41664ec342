//! Host names as people may see them (SAFETY D6).
//!
//! A label is shown in its own script only where that cannot be taken for another name: one
//! script, and not a row of letters that all look Latin. Everything else is shown as `xn--…`.

use super::sanitize::Shown;

/// The domain in its readable form, or as A-labels when it mixes scripts or could be taken for
/// another name.
pub fn shown(domain: &str) -> Shown {
    if domain.is_ascii() && !domain.to_ascii_lowercase().contains("xn--") {
        return Shown::line(domain);
    }
    let Ok(ascii) = idna::domain_to_ascii(domain) else {
        return spelled_out(domain);
    };
    let labels: Vec<String> = ascii.split('.').map(label).collect();
    Shown::line(&labels.join("."))
}

/// Whether [`shown`] had to keep A-labels: the name is not what it looks like.
pub fn is_disguised(domain: &str) -> bool {
    shown(domain).as_str().contains("xn--")
}

/// The form by which two domains compare: A-labels in lower case.
pub fn ascii(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}

fn label(ascii: &str) -> String {
    if !ascii.starts_with("xn--") {
        return ascii.to_owned();
    }
    let (unicode, result) = idna::domain_to_unicode(ascii);
    if result.is_ok() && !unicode.is_ascii() && is_plain(&unicode) {
        unicode
    } else {
        ascii.to_owned()
    }
}

/// No domain at all: nothing of it may pass for one.
fn spelled_out(domain: &str) -> Shown {
    let mut out = String::new();
    for c in domain.chars().take(300) {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(&format!("<U+{:04X}>", u32::from(c)));
        }
    }
    Shown::line(&out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Common,
    Latin,
    Greek,
    Cyrillic,
    EastAsian,
    /// Any other, by the block of 128 or 256 letters that it stands in.
    Other(u32),
}

fn script(c: char) -> Script {
    match u32::from(c) {
        0x30..=0x39 | 0x2d | 0x5f => Script::Common,
        0x41..=0x5a | 0x61..=0x7a | 0xc0..=0x130 | 0x132..=0x17f | 0x1e00..=0x1eff => Script::Latin,
        0x370..=0x3ff | 0x1f00..=0x1fff => Script::Greek,
        0x400..=0x52f => Script::Cyrillic,
        0x590..=0x5ff => Script::Other(0x590),
        0x600..=0x77f => Script::Other(0x600),
        0x1100..=0x11ff
        | 0x3005..=0x3007
        | 0x3041..=0x318f
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xac00..=0xd7af
        | 0x20000..=0x3134f => Script::EastAsian,
        code @ 0x900..=0x1fff => Script::Other(code & !0x7f),
        code => Script::Other(0x8000_0000 | code),
    }
}

fn is_plain(label: &str) -> bool {
    let mut found: Option<Script> = None;
    for c in label.chars() {
        match script(c) {
            Script::Common => {}
            Script::Other(code) if code & 0x8000_0000 != 0 => return false,
            one if found.is_none_or(|f| f == one) => found = Some(one),
            _ => return false,
        }
    }
    match found {
        Some(Script::Cyrillic | Script::Greek) => !label.chars().all(looks_latin),
        Some(Script::EastAsian) => label
            .chars()
            .any(|c| !"ノンソーゝゞ〇丶丿亅一二三工口ロ卜ト".contains(c)),
        _ => true,
    }
}

fn looks_latin(c: char) -> bool {
    c.is_ascii() || "асԁеһіјӏорԛѕԝхуьүҮнкмтвгпзёїζνορυτχικαωηγμβεςσ".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_a_disguised_domain_shows_its_a_labels() {
        let check = |domain: &str, want: &str| {
            assert_eq!(shown(domain).as_str(), want, "{domain}");
        };
        check("example.org", "example.org");
        check("аррӏе.example", "xn--80ak6aa92e.example");
        check("xn--80ak6aa92e.example", "xn--80ak6aa92e.example");
        check("pаypal.example", &ascii("pаypal.example"));
        check("bücher.example", "bücher.example");
        check("xn--bcher-kva.example", "bücher.example");
        check("пример.example", "пример.example");
        check("例え.example", "例え.example");
        check("xn--a.example", "xn--a.example");
        check("a\u{202e}b.example", "a<U+202E>b.example");
        assert!(ascii("pаypal.example").starts_with("xn--"));
        assert!(is_disguised("аррӏе.example") && !is_disguised("bücher.example"));
        assert_eq!(ascii("BÜCHER.example"), "xn--bcher-kva.example");
    }
}
