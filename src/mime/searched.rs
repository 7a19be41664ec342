//! The text of a message that a search finds it by: what a person reads, without the coding of its
//! attachments.
//!
//! Texts are taken as they stand in the message: plain ones, HTML without its tags, messages inside
//! the message. Of two forms of one text the plain one counts, unless it says little. Of a part that
//! is attached only the name is taken.

use crate::model::{Disposition, Structure};

use super::structure::PartOffset;
use super::{html, part};

/// Octets of text that are taken from one message; what comes after them is not found.
pub const MOST: usize = 1 << 20;
/// Characters of a plain form that stands for the other one.
const ENOUGH: usize = 400;

/// What of one message is searched beside its header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Its texts, each on lines of its own.
    pub text: String,
    /// The names of its attachments.
    pub names: Vec<String>,
}

/// What is searched of a message of which these bytes are here, with its structure.
pub fn of_message(raw: &[u8], tree: &Structure, offsets: &[PartOffset]) -> Searched {
    let find = |node: &Structure| {
        let place = offsets.iter().find(|offset| offset.path == node.path)?;
        raw.get(place.body..place.end.min(raw.len()))
    };
    of_parts(tree, &find)
}

/// The same of parts that are here one by one: `bytes` gives a part in its transfer encoding.
pub fn of_parts<'a>(tree: &Structure, bytes: &dyn Fn(&Structure) -> Option<&'a [u8]>) -> Searched {
    let names = tree.attachments().into_iter();
    let mut found = Searched {
        text: String::new(),
        names: names
            .map(|part| part.filename.clone())
            .filter(|name| !name.is_empty())
            .collect(),
    };
    // A walk without recursion: levels are bounded, and still.
    let mut stack = vec![tree];
    while let Some(node) = stack.pop() {
        if found.text.len() >= MOST {
            break;
        }
        if !node.inner_subject.is_empty() {
            push(&mut found.text, &node.inner_subject);
        }
        if node.kind == "multipart" && node.subtype == "alternative" {
            stack.extend(chosen(node, bytes).into_iter().rev());
            continue;
        }
        stack.extend(node.children.iter().rev());
        if is_read(node) {
            push(&mut found.text, &text_of(node, bytes));
        }
    }
    found.text.truncate(found.text.floor_char_boundary(MOST));
    found
}

/// Whether its text is what a person reads.
pub fn is_read(node: &Structure) -> bool {
    node.kind == "text" && node.disposition != Disposition::Attachment
}

/// The forms of one text that are taken: the plain one, and the others where it says little.
fn chosen<'t, 'a>(
    node: &'t Structure,
    bytes: &dyn Fn(&Structure) -> Option<&'a [u8]>,
) -> Vec<&'t Structure> {
    let is_plain = |part: &&Structure| part.kind == "text" && part.subtype == "plain";
    let Some(plain) = node.children.iter().find(is_plain) else {
        return node.children.iter().collect();
    };
    if text_of(plain, bytes).trim().len() < ENOUGH {
        return node.children.iter().collect();
    }
    let is_form = |part: &&Structure| {
        (part.kind == "text" && part.subtype != "calendar")
            || (part.kind == "multipart" && part.subtype == "related")
    };
    // What is no text at all holds something of its own.
    let rest = node.children.iter().filter(|part| !is_form(part));
    std::iter::once(plain).chain(rest).collect()
}

fn text_of<'a>(node: &Structure, bytes: &dyn Fn(&Structure) -> Option<&'a [u8]>) -> String {
    let Some(coded) = bytes(node) else {
        return String::new();
    };
    let decoded = part::decode_prefix(coded, &node.encoding, 2 * MOST).bytes;
    let charset = node.parameter("charset");
    if node.subtype != "html" {
        return without_files(part::text(&decoded, charset).text);
    }
    let own = match charset {
        Some(_) => None,
        None => part::html_charset(&decoded),
    };
    html::stripped(&part::text(&decoded, charset.or(own.as_deref())).text)
}

/// The text without files that are uuencoded in it.
fn without_files(text: String) -> String {
    if !text.contains("begin ") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for file in part::uu_files(text.as_bytes()) {
        out.push_str(text.get(from..file.start).unwrap_or_default());
        from = file.end.max(from);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn push(out: &mut String, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::structure;

    fn searched(raw: &str) -> Searched {
        let raw = raw.replace('\n', "\r\n");
        let (tree, offsets) = structure::of_message(raw.as_bytes());
        of_message(raw.as_bytes(), &tree, &offsets)
    }

    #[test]
    fn what_a_person_reads_is_searched_and_of_attachments_their_names() {
        let check = |raw: &str, has: &[&str], lacks: &[&str], names: &[&str]| {
            let found = searched(raw);
            for word in has {
                assert!(found.text.contains(word), "{word} in {found:?}");
            }
            for word in lacks {
                assert!(!found.text.contains(word), "{word} in {found:?}");
            }
            assert_eq!(found.names, names, "{raw}");
        };
        check(
            "Subject: x\n\nplain words\n",
            &["plain words"],
            &["Subject"],
            &[],
        );
        check(
            "Content-Type: text/html\n\n<style>p{color:red}</style><p>Caf&eacute; <b>bar</b><!-- no -->\n",
            &["bar", "Caf"],
            &["color", "<b>", "no"],
            &[],
        );
        check(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nMon=\nday =C3=A9t=C3=A9\n",
            &["Monday été"],
            &[],
            &[],
        );
        let mixed = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\n\
            Content-Type: application/pdf; name=\"scan.pdf\"\nContent-Transfer-Encoding: base64\n\nQUJDREVGR0g=\n\
            --b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"log.txt\"\n\nloglines\n\
            --b\nContent-Type: message/rfc822\n\nSubject: Inner topic\n\ninner words\n--b--\n";
        check(
            mixed,
            &["hello", "Inner topic", "inner words"],
            &["QUJD", "ABCD", "loglines"],
            &["scan.pdf", "log.txt"],
        );
        let both = |plain: &str| {
            format!(
                "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n{plain}\n--b\n\
                 Content-Type: text/html\n\n<p>rich</p>\n--b--\n"
            )
        };
        check(&both("look at the HTML"), &["rich", "look"], &[], &[]);
        check(&both(&"many words ".repeat(60)), &["many"], &["rich"], &[]);
        let uu = "text before\nbegin 644 a.bin\n#0V%T\n`\nend\ntext behind\n";
        check(
            &format!("Subject: x\n\n{uu}"),
            &["before", "behind"],
            &["#0V"],
            &["a.bin"],
        );
    }

    #[test]
    fn a_message_of_which_a_part_is_here_gives_that_part() {
        let raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello there\r\n--b\r\n\
            Content-Type: text/plain\r\n\r\nthe second part goes on";
        let (tree, offsets) = structure::of_message(raw.as_bytes());
        let found = of_message(&raw.as_bytes()[..80], &tree, &offsets);
        assert!(found.text.contains("hello"), "{found:?}");
        assert!(!found.text.contains("second"), "{found:?}");
        let nothing = of_parts(&tree, &|_| None);
        assert_eq!(nothing.text.trim(), "");
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let found = searched(&format!("Subject: x\n\n{}", "wort ".repeat(400_000)));
        assert_eq!(found.text.len(), MOST);
    }
}
