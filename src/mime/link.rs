//! Which links may be offered, and what a person must see of them first (SAFETY D8).

use super::domain;
use super::sanitize::{self, Shown};

/// Bytes that a link may have.
const MAX: usize = 8192;

/// A link that may be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address as it is opened: http, https or mailto, ASCII without control bytes or blanks.
    pub target: String,
    /// The full address for the eye.
    pub shown: Shown,
    /// The host (of mailto: the address), to be named first; by SAFETY D6.
    pub host: Shown,
    /// Why to be careful: the text of the link names another host, the host is disguised …
    pub warning: Option<Shown>,
}

/// Why a URL is shown as text only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Any scheme but http, https and mailto.
    #[error("Only http, https and mailto links are opened")]
    Scheme,
    /// Control bytes, blanks or invisible characters.
    #[error("The link holds characters that no address has")]
    Characters,
    /// No host.
    #[error("The link names no host")]
    Host,
    /// Longer than 8 KB.
    #[error("The link is too long")]
    Length,
}

/// The link of a URL, or why it is not offered.
pub fn check(url: &str) -> Result<Link, Refused> {
    let url = url.trim_matches([' ', '\t', '\r', '\n']);
    if url.len() > MAX {
        return Err(Refused::Length);
    }
    let bad = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || sanitize::is_unseen(c);
    if url.chars().any(bad) {
        return Err(Refused::Characters);
    }
    let (scheme, rest) = url.split_once(':').ok_or(Refused::Scheme)?;
    match scheme.to_ascii_lowercase().as_str() {
        "mailto" => mailto(rest),
        scheme @ ("http" | "https") => web(scheme, rest),
        _ => Err(Refused::Scheme),
    }
}

fn web(scheme: &str, rest: &str) -> Result<Link, Refused> {
    let rest = rest.strip_prefix("//").ok_or(Refused::Host)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(Refused::Host)?;
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    let (host, port) = split_port(place)?;
    let ascii = host_name(host)?;
    let warning = if user.is_some() {
        Some("What stands before the @ is not the host")
    } else if domain::is_disguised(&ascii) {
        Some("The host name is written to look like another")
    } else {
        None
    };
    let target = format!("{scheme}://{ascii}{port}{}", percent(path));
    Ok(Link {
        shown: Shown::line(&target),
        target,
        host: domain::shown(&ascii),
        warning: warning.map(Shown::from),
    })
}

fn split_port(place: &str) -> Result<(&str, &str), Refused> {
    let (host, port) = match place.rfind(':') {
        Some(colon) if !place.ends_with(']') => {
            place.split_at_checked(colon).ok_or(Refused::Host)?
        }
        _ => (place, ""),
    };
    let digits = port.strip_prefix(':').unwrap_or_default();
    if digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 5 {
        Ok((host, port))
    } else {
        Err(Refused::Host)
    }
}

fn host_name(host: &str) -> Result<String, Refused> {
    if let Some(inside) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address: core::net::Ipv6Addr = inside.parse().map_err(|_| Refused::Host)?;
        return Ok(format!("[{address}]"));
    }
    let ascii = idna::domain_to_ascii(host).map_err(|_| Refused::Host)?;
    let good = !ascii.is_empty()
        && ascii.len() <= 253
        && ascii
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if good { Ok(ascii) } else { Err(Refused::Host) }
}

fn mailto(rest: &str) -> Result<Link, Refused> {
    let address = rest.split('?').next().unwrap_or_default();
    let lower = rest.to_ascii_lowercase();
    if ["%00", "%0a", "%0d", "%1b"]
        .iter()
        .any(|c| lower.contains(c))
    {
        return Err(Refused::Characters);
    }
    if address.is_empty() {
        return Err(Refused::Host);
    }
    let target = format!("mailto:{}", percent(rest));
    Ok(Link {
        shown: Shown::line(&target),
        target,
        host: sanitize::addr_spec(address),
        warning: None,
    })
}

/// Non-ASCII as percent-encoded UTF-8, so that what is opened is what is shown.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>`{}|^".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The host that the text of a link names, when it names another one than the link has.
pub fn mismatch(text: &str, link: &Link) -> Option<Shown> {
    if link.target.starts_with("mailto:") {
        return other_address(text, link);
    }
    let target = host_of(&link.target)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let alone = words.len() == 1;
    let named = words
        .into_iter()
        .take(50)
        .find_map(|w| named_host(w, alone))?;
    let target = target.strip_prefix("www.").unwrap_or(&target);
    let plain = named.strip_prefix("www.").unwrap_or(&named);
    let below = |a: &str, b: &str| {
        a.strip_suffix(b)
            .is_some_and(|r| r.is_empty() || r.ends_with('.'))
    };
    if below(plain, target) || below(target, plain) {
        return None;
    }
    Some(Shown::line(&format!(
        "The text names {}",
        domain::shown(plain)
    )))
}

/// An address in the text of a mailto link that is not the one that would be written to.
fn other_address(text: &str, link: &Link) -> Option<Shown> {
    let edges = |c: char| !c.is_alphanumeric();
    let named = text.split_whitespace().take(50).find_map(|word| {
        let word = word.split('[').next()?.trim_matches(edges);
        let (local, host) = word.split_once('@')?;
        let good = !local.is_empty() && host.contains('.');
        good.then(|| sanitize::addr_spec(word))
    })?;
    let same = link
        .host
        .as_str()
        .to_lowercase()
        .contains(&named.as_str().to_lowercase());
    (!same).then(|| Shown::line(&format!("The text names {named}")))
}

fn host_of(url: &str) -> Option<String> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(domain::ascii(authority.split(':').next()?))
}

/// The host in a word: after a scheme, after `www.`, or the whole word where it stands alone.
fn named_host(word: &str, alone: bool) -> Option<String> {
    let word = word.trim_matches([
        '(', ')', '<', '>', '[', ']', ',', '.', '"', '\'', ':', ';', '!',
    ]);
    let lower = word.to_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
        .or_else(|| Some(lower.as_str()).filter(|l| alone || l.starts_with("www.")))?;
    // What html adds behind the text of a link is `[1]`.
    let host = rest.split(['/', '?', '#', ':', '[']).next()?;
    let top = host.rsplit_once('.')?.1;
    let good = top.len() >= 2
        && top.chars().all(char::is_alphabetic)
        && !host.contains("..")
        && host.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
        // A file name is no host.
        && !["pdf", "txt", "html", "htm", "zip", "png", "jpg", "doc", "docx", "exe"].contains(&top);
    good.then(|| domain::ascii(host))
}

/// The http, https and mailto links in a line of text, as byte ranges.
pub fn find(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(colon) = text.get(at..).and_then(|t| t.find(':')).map(|n| n + at) {
        at = colon + 1;
        let floor = found.last().map_or(0, |(_, end): &(usize, usize)| *end);
        let start = ["https", "http", "mailto"].iter().find_map(|scheme| {
            let start = colon.checked_sub(scheme.len()).filter(|s| *s >= floor)?;
            let same = text.get(start..colon)?.eq_ignore_ascii_case(scheme);
            let before = text.get(..start)?.chars().next_back();
            (same && !before.is_some_and(char::is_alphanumeric)).then_some(start)
        });
        let Some(start) = start else { continue };
        let end = end_of_url(text, start);
        if text.get(colon + 1..end).is_some_and(|rest| rest.len() >= 3) {
            found.push((start, end));
            at = end;
        }
        if found.len() >= 200 {
            break;
        }
    }
    found
}

fn end_of_url(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let stop = |c: char| {
        c.is_whitespace() || "<>\"`{}|\\^".contains(c) || (!c.is_alphanumeric() && !c.is_ascii())
    };
    let url = rest
        .get(..rest.find(stop).unwrap_or(rest.len()))
        .unwrap_or_default();
    let mut url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
    // A closing bracket belongs to the text when it opened outside.
    for (open, close) in [('(', ')'), ('[', ']')] {
        let surplus = url
            .matches(close)
            .count()
            .saturating_sub(url.matches(open).count());
        for _ in 0..surplus {
            url = url.strip_suffix(close).unwrap_or(url);
        }
    }
    start + url.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d8_only_three_schemes_are_offered_and_the_host_is_named() {
        let check = |url: &str, want: Result<(&str, &str), Refused>| {
            let got = check(url).map(|l| (l.target, l.host.into_string()));
            let want = want.map(|(t, h)| (t.to_owned(), h.to_owned()));
            assert_eq!(got, want, "{url:?}");
        };
        check(
            "https://a.example/x?y#z",
            Ok(("https://a.example/x?y#z", "a.example")),
        );
        check(
            " HTTP://A.example:80/ ",
            Ok(("http://a.example:80/", "a.example")),
        );
        check(
            "https://a.example/ü",
            Ok(("https://a.example/%C3%BC", "a.example")),
        );
        check("https://[::1]/", Ok(("https://[::1]/", "[::1]")));
        check(
            "mailto:a@b.example?subject=x",
            Ok(("mailto:a@b.example?subject=x", "a@b.example")),
        );
        for url in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "ftp://x",
            "x",
        ] {
            check(url, Err(Refused::Scheme));
        }
        for url in [
            "https://a/\x1b]8",
            "https://a\u{202e}b/",
            "https://a b/",
            "https://a\\b/",
            "mailto:a%0D%0Ab",
        ] {
            check(url, Err(Refused::Characters));
        }
        for url in [
            "https:///x",
            "https:x",
            "https://%41/",
            "https://a:b/",
            "mailto:",
        ] {
            check(url, Err(Refused::Host));
        }
        check(
            &format!("https://a/{}", "x".repeat(9000)),
            Err(Refused::Length),
        );
    }

    #[test]
    fn d8_a_text_that_names_another_host_is_warned_of() {
        let check = |text: &str, url: &str, warned: bool| {
            let link = super::check(url).unwrap();
            assert_eq!(mismatch(text, &link).is_some(), warned, "{text} {url}");
        };
        check("https://bank.example", "https://evil.test/", true);
        check("bank.example", "https://evil.test/", true);
        check("see www.bank.example now", "https://evil.test/", true);
        check(
            "https://bank.example/x",
            "https://www.bank.example/y",
            false,
        );
        check("bank.example", "https://click.bank.example/y", false);
        check("Read more", "https://evil.test/", false);
        check("invoice.pdf", "https://evil.test/", false);
        assert!(
            super::check("https://bank.example@evil.test/")
                .unwrap()
                .warning
                .is_some()
        );
        assert!(
            super::check("https://аррӏе.example/")
                .unwrap()
                .warning
                .is_some()
        );
    }

    #[test]
    fn links_in_plain_text_end_where_a_reader_would_end_them() {
        let check = |text: &str, want: &[&str]| {
            let got: Vec<&str> = find(text).into_iter().map(|(a, b)| &text[a..b]).collect();
            assert_eq!(got, want, "{text}");
        };
        check("see https://a.example/x. And", &["https://a.example/x"]);
        check("(https://a.example/x_(y))", &["https://a.example/x_(y)"]);
        check(
            "<https://a.example/>, mailto:b@c",
            &["https://a.example/", "mailto:b@c"],
        );
        check("https://a.example/x「", &["https://a.example/x"]);
        check("a:b http: xhttp://a https", &[]);
    }
}
