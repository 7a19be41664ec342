//! What may stand where a server or another program reads it by grammar: addresses and message ids
//! (SAFETY C1, C2). What is not sound is refused here and never cleaned: the person sees it.

use super::super::domain;

/// An address as the submission server is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The addr-spec, its domain in A-labels.
    pub address: String,
    /// Its local part is not ASCII: the server must offer SMTPUTF8 (RFC 6531).
    pub utf8: bool,
}

/// Octets of a local part (RFC 5321 section 4.5.3.1).
const MAX_LOCAL: usize = 64;
/// Octets of a whole address.
const MAX_ADDRESS: usize = 254;
/// Octets of a message id that is copied from another message: two brackets and a field name fit
/// into one line with it.
const MAX_ID: usize = 400;

/// Reads an addr-spec: one local part, one domain, nothing around them. `None` if a server could
/// read anything else out of it.
pub fn mailbox(text: &str) -> Option<Mailbox> {
    let (local, host) = text.rsplit_once('@')?;
    if !is_local(local) || local.len() > MAX_LOCAL {
        return None;
    }
    let host = host_of(host)?;
    let address = format!("{local}@{host}");
    (address.len() <= MAX_ADDRESS).then_some(Mailbox {
        utf8: !local.is_ascii(),
        address,
    })
}

fn is_local(local: &str) -> bool {
    if let Some(inside) = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return is_quoted(inside);
    }
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        !c.is_control() && !c.is_whitespace() && !super::super::sanitize::is_unseen(c)
    }
}

/// The inside of a quoted local part: printable ASCII, quote and backslash escaped.
fn is_quoted(inside: &str) -> bool {
    let mut letters = inside.chars();
    while let Some(c) = letters.next() {
        let sound = match c {
            '\\' => letters.next().is_some_and(|c| matches!(c, ' '..='~')),
            '"' => false,
            ' '..='~' => true,
            _ => false,
        };
        if !sound {
            return false;
        }
    }
    !inside.is_empty()
}

fn host_of(host: &str) -> Option<String> {
    if let Some(inside) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let sound = |c: char| c.is_ascii_hexdigit() || ":.IPv".contains(c);
        return (!inside.is_empty() && inside.chars().all(sound)).then(|| host.to_owned());
    }
    let ascii = if host.is_ascii() {
        host.to_owned()
    } else {
        domain::ascii(host)
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    ascii.split('.').all(is_label).then_some(ascii)
}

/// Whether a message id, without its angle brackets, may be copied into a header field.
pub fn is_message_id(id: &str) -> bool {
    let sound = |b: u8| b.is_ascii_graphic() && !b"<>()\\,;\"".contains(&b);
    let halves = id.split_once('@');
    id.len() <= MAX_ID
        && id.bytes().all(sound)
        && halves.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c2_an_address_is_one_address_or_none() {
        let check = |text: &str, want: Option<(&str, bool)>| {
            let got = mailbox(text);
            let got = got.as_ref().map(|m| (m.address.as_str(), m.utf8));
            assert_eq!(got, want, "{text:?}");
        };
        check("a@x.example", Some(("a@x.example", false)));
        check("a.b+c@x.example", Some(("a.b+c@x.example", false)));
        check("o'brien@x", Some(("o'brien@x", false)));
        check("\"a b\"@x.example", Some(("\"a b\"@x.example", false)));
        check("a@[192.0.2.1]", Some(("a@[192.0.2.1]", false)));
        check("a@bücher.example", Some(("a@xn--bcher-kva.example", false)));
        check("zoë@x.example", Some(("zoë@x.example", true)));
        for odd in [
            "",
            "a",
            "a@",
            "@x",
            "a b@x",
            "a@x y",
            "a@x>\r\nRCPT TO:<b@y",
            "a@x\n",
            "a\0@x",
            "<a@x>",
            "a@x,b@y",
            "a..b@x",
            ".a@x",
            "a@x..y",
            "a@-x",
            "a@x.example.",
            "\"a\"b\"@x",
            "\"a\\\"@x",
            "a@[1.2.3.4",
            "a@[1]\r\n",
            "a\u{202e}b@x",
            "Zoë <a@x>",
        ] {
            check(odd, None);
        }
        assert!(mailbox(&format!("{}@x", "a".repeat(65))).is_none());
        assert!(mailbox(&format!("a@{}", "x.".repeat(200))).is_none());
    }

    #[test]
    fn c1_a_copied_id_is_an_id_and_nothing_else() {
        for good in [
            "a@b",
            "20261121.4711@[192.0.2.1]",
            "x=1$2/3+4@mx:8",
            "a@b@c",
        ] {
            assert!(is_message_id(good), "{good}");
        }
        for odd in [
            "",
            "a",
            "a b@c",
            "a@b\r\nBcc: c",
            "<a@b>",
            "a@",
            "@b",
            "ü@b",
            "a@b,c@d",
        ] {
            assert!(!is_message_id(odd), "{odd}");
        }
        assert!(!is_message_id(&format!("{}@b", "a".repeat(500))));
    }
}
