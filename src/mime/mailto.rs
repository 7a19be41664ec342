//! `mailto:` addresses (RFC 6068): whom to write to, and about what.
//!
//! A page wrote them, not the person. What is taken is what stands before their eyes in the composer:
//! recipients, subject, text, and what is answered. Nothing else is, no file is attached, and no
//! value can begin another header field (SAFETY C7).

use super::address;
use super::write::is_message_id;
use crate::model::{Address, Draft, Recipient};

/// Octets of a text that is taken.
const MAX_TEXT: usize = 100_000;

/// The draft that a `mailto:` address asks for; `None` if it is none.
pub fn draft(url: &str) -> Option<Draft> {
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.trim().eq_ignore_ascii_case("mailto") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (to, fields) = rest.split_once('?').unwrap_or((rest, ""));
    let mut draft = Draft {
        to: listed(to),
        ..Draft::default()
    };
    for field in fields.split('&') {
        let Some((name, value)) = field.split_once('=') else {
            continue;
        };
        match decoded(name).to_ascii_lowercase().as_str() {
            "to" => draft.to.extend(listed(value)),
            "cc" => draft.cc.extend(listed(value)),
            "bcc" => draft.bcc.extend(listed(value)),
            "subject" => draft.subject = line(&decoded(value)),
            "body" => draft.text = text(&decoded(value)),
            "in-reply-to" => draft.in_reply_to = id(&decoded(value)).into_iter().collect(),
            _ => {}
        }
    }
    Some(draft)
}

/// Addresses; one with a control character in it is none.
fn listed(value: &str) -> Vec<Recipient> {
    let value = decoded(value);
    if value.chars().any(char::is_control) {
        return Vec::new();
    }
    let named = |one: &Address| one.address.contains('@');
    let all = address::addresses(value.as_bytes()).into_iter();
    all.filter(named).map(Recipient::One).collect()
}

fn line(value: &str) -> String {
    let odd = |c: char| if c.is_control() { ' ' } else { c };
    value.chars().map(odd).take(1000).collect()
}

fn text(value: &str) -> String {
    let value = value.replace("\r\n", "\n");
    let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    value.chars().filter(kept).take(MAX_TEXT).collect()
}

fn id(value: &str) -> Option<String> {
    let id = value.trim().trim_start_matches('<').trim_end_matches('>');
    is_message_id(id).then(|| id.to_owned())
}

/// Percent-encoding undone; what is no encoding stays, and what is no UTF-8 is replaced. A plus is a
/// plus.
fn decoded(value: &str) -> String {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let pair = more.first_chunk::<2>().filter(|_| *first == b'%');
        let octet = pair.and_then(|pair| {
            let digits = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        match octet {
            Some(octet) => {
                octets.push(octet);
                rest = more.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[Recipient]) -> Vec<&str> {
        let all = list.iter().flat_map(Recipient::mailboxes);
        all.map(|one| one.address.as_str()).collect()
    }

    #[test]
    fn c7_whom_and_what_is_taken_and_shown() {
        let draft = draft(
            "MAILTO:bob@x.example,%22Doe%2C%20J%22%20%3Cj%40x.example%3E?cc=c@x.example&bcc=d@x.example\
             &subject=Gr%C3%BC%C3%9Fe%20100%25+1&body=one%0D%0Atwo%09x&in-reply-to=%3Ca@b.example%3E",
        )
        .unwrap();
        assert_eq!(addresses(&draft.to), ["bob@x.example", "j@x.example"]);
        assert_eq!(addresses(&draft.cc), ["c@x.example"]);
        assert_eq!(addresses(&draft.bcc), ["d@x.example"]);
        assert_eq!(draft.subject, "Grüße 100%+1");
        assert_eq!(draft.text, "one\ntwo\tx");
        assert_eq!(draft.in_reply_to, ["a@b.example"]);
    }

    #[test]
    fn c7_nothing_is_attached_and_no_other_field_is_set() {
        let evil = "mailto:x@x.example?attach=/etc/passwd&attachment=/etc/passwd&from=boss@x.example\
            &reply-to=e@x.example&bcc=b@x.example%0d%0aX-Evil:%201&subject=a%0d%0aBcc:%20e@x.example\
            &in-reply-to=%3Ca@b%3E%0d%0aX:1&body=%1b%5B2Jx%00";
        let found = draft(evil).unwrap();
        let expected = Draft {
            to: vec![Recipient::address("x@x.example")],
            subject: "a  Bcc: e@x.example".to_owned(),
            text: "[2Jx".to_owned(),
            ..Draft::default()
        };
        assert_eq!(found, expected);
        for none in ["http://x.example", "bob@x.example", "", "mailto"] {
            assert_eq!(draft(none), None, "{none}");
        }
        assert_eq!(draft("mailto:%zz%2"), Some(Draft::default()));
    }
}
