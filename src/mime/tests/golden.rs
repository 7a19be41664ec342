//! One rule for messages that readers understand differently (SAFETY M9), fixed by cases.

use super::super::structure;
use super::{Document, View, body};

/// The tree as text: `[1 text/plain 5] [2 image/png 7 a.png]`, brackets nested.
fn outline(raw: &[u8]) -> String {
    let (root, _) = structure::of_message(raw);
    let mut out = String::new();
    let mut stack = vec![(&root, false)];
    while let Some((part, closed)) = stack.pop() {
        if closed {
            out.push(']');
            continue;
        }
        out.push_str(&format!("[{} {}", part.path, part.media_type()));
        if part.children.is_empty() {
            out.push_str(&format!(" {}", part.size));
        }
        stack.push((part, true));
        stack.extend(part.children.iter().rev().map(|c| (c, false)));
    }
    out
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\n";

#[test]
fn m9_what_readers_dispute_has_one_answer() {
    let mut wrong = Vec::new();
    let mut check = |name: &str, raw: &str, tree: &str, text: &[&str]| {
        let (found, rows) = (outline(raw.as_bytes()), body(raw));
        if found != tree || rows != text {
            wrong.push(format!("{name}: {found} {rows:?}"));
        }
    };
    let mixed = |rest: &str| format!("{MIXED}\n{rest}");
    check(
        "the first content type counts",
        "Content-Type: text/plain\nContent-Type: text/html\n\n<b>x</b>\n",
        "[1 text/plain 9]",
        &["<b>x</b>"],
    );
    check(
        "the first encoding counts",
        "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGk=\n",
        "[1 text/plain 5]",
        &["aGk="],
    );
    check(
        "a line that starts as the boundary is text",
        &mixed("--b\n\none\n--bc\ntwo\n--b--\n"),
        "[ multipart/mixed[1 text/plain 12]]",
        &["one", "--bc", "two"],
    );
    check(
        "an inner boundary that starts as the outer",
        &format!(
            "{MIXED}\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nin\n--bb--\n--b\n\nout\n--b--\n"
        ),
        "[ multipart/mixed[1 multipart/mixed[1.1 text/plain 2]][2 text/plain 3]]",
        &["in", "", "out"],
    );
    check(
        "no end boundary",
        &mixed("--b\n\none\n--b\n\ntwo"),
        "[ multipart/mixed[1 text/plain 3][2 text/plain 3]]",
        &["one", "", "two"],
    );
    check(
        "an inner one that never ends",
        &format!(
            "{MIXED}\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nin\n--b\n\nout\n--b--\n"
        ),
        "[ multipart/mixed[1 multipart/mixed[1.1 text/plain 2]][2 text/plain 3]]",
        &["in", "", "out"],
    );
    check(
        "no boundary at all",
        &mixed("just text\n"),
        "[1 text/plain 10]",
        &["just text"],
    );
    check(
        "a boundary that is not named",
        "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n",
        "[1 text/plain 13]",
        &["--b", "", "x", "--b--"],
    );
    check(
        "blanks after the boundary",
        &mixed("--b \t\n\none\n--b-- \n"),
        "[ multipart/mixed[1 text/plain 3]]",
        &["one"],
    );
    check(
        "blanks before the boundary are text",
        &mixed("--b\n\none\n --b\ntwo\n--b--\n"),
        "[ multipart/mixed[1 text/plain 12]]",
        &["one", " --b", "two"],
    );
    check(
        "text before and after",
        &mixed("before\n--b\n\none\n--b--\nafter\n--b\n\nlate\n"),
        "[ multipart/mixed[1 text/plain 3]]",
        &["one"],
    );
    check(
        "only the end",
        &mixed("--b--\n"),
        "[1 text/plain 6]",
        &["--b--"],
    );
    check(
        "an empty part",
        &mixed("--b\n--b\n\none\n--b--\n"),
        "[ multipart/mixed[1 text/plain 0][2 text/plain 3]]",
        &["one"],
    );
    check(
        "a part without header",
        &mixed("--b\none\n--b--\n"),
        "[ multipart/mixed[1 text/plain 3]]",
        &["one"],
    );
    check(
        "a quoted boundary with a blank",
        "Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\n\nx\n--a b--\n",
        "[ multipart/mixed[1 text/plain 1]]",
        &["x"],
    );
    check(
        "an inner boundary that is the outer",
        &format!("{MIXED}\n--b\n{MIXED}\n--b\n\nx\n--b--\n"),
        "[ multipart/mixed[1 text/plain 0][2 text/plain 1]]",
        &["x"],
    );
    check(
        "nul in a header",
        "Subject: a\0b\nContent-Type: text/ht\0ml\n\n<b>x\n",
        "[1 text/plain 5]",
        &["<b>x"],
    );
    check(
        "nul in a name",
        "Content\0-Type: text/html\n\n<b>x\n",
        "[1 text/plain 31]",
        &["Content␀-Type: text/html", "", "<b>x"],
    );
    check(
        "a bare cr folds nothing",
        "Content-Type: text/plain;\r charset=utf-8\n\nx\n",
        "[1 text/plain 2]",
        &["x"],
    );
    check(
        "a bare cr in text is no row",
        "\none\rtwo\nthree\n",
        "[1 text/plain 14]",
        &["one␍two", "three"],
    );
    check(
        "cr alone ends lines",
        "\none\rtwo\r",
        "[1 text/plain 8]",
        &["one", "two"],
    );
    check(
        "no empty line before the body",
        "Subject: x\nno field here\n\nbody\n",
        "[1 text/plain 5]",
        &["body"],
    );
    check(
        "a header alone",
        "Subject: x\n",
        "[1 text/plain 0]",
        &["This message has no text."],
    );
    check(
        "a type that is none",
        "Content-Type: nonsense\n\nx\n",
        "[1 text/plain 2]",
        &["x"],
    );
    check(
        "a type with blanks",
        "Content-Type: text / html ; charset = utf-8\n\n<p>x\n",
        "[1 text/html 5]",
        &["x"],
    );
    check(
        "an encoding that nobody knows",
        "Content-Transfer-Encoding: x-odd\n\nx=3D\n",
        "[1 text/plain 5]",
        &["x=3D"],
    );
    check(
        "an encoding of a multipart",
        &format!("Content-Transfer-Encoding: base64\n{MIXED}\n--b\n\nx\n--b--\n"),
        "[ multipart/mixed[1 text/plain 1]]",
        &["x"],
    );
    check(
        "base64 with rubbish",
        "Content-Transfer-Encoding: base64\n\na G*k=\n--\n",
        "[1 text/plain 10]",
        &["hi"],
    );
    check(
        "base64 that ends early",
        "Content-Transfer-Encoding: base64\n\naGkgeW91IQ\n",
        "[1 text/plain 11]",
        &["hi you!"],
    );
    check(
        "quoted-printable with rubbish",
        "Content-Transfer-Encoding: quoted-printable\n\na=ZZb= \nc=\n",
        "[1 text/plain 11]",
        &["a=ZZbc"],
    );
    check(
        "a digest",
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b--\n",
        "[ multipart/digest[1 message/rfc822[1.1 text/plain 1]]]",
        &["── Message 1 of 1 ──", "Subject: one", "", "x"],
    );
    check(
        "an mbox line first",
        "From a Mon\nSubject: x\n\nbody\n",
        "[1 text/plain 5]",
        &["body"],
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn m9_both_line_ends_give_the_same_tree() {
    for raw in [
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\n<p>x\n--b--\n",
        "Content-Type: message/rfc822\n\nSubject: a\n b\n\nx\n",
        "Subject: x\nno field\n\nbody\n",
    ] {
        let types = |raw: &str| -> Vec<String> {
            let (root, _) = structure::of_message(raw.as_bytes());
            root.walk()
                .iter()
                .map(|p| format!("{} {}", p.path, p.media_type()))
                .collect()
        };
        let crlf = raw.replace('\n', "\r\n");
        assert_eq!(types(raw), types(&crlf), "{raw:?}");
        assert_eq!(body(raw), body(&crlf), "{raw:?}");
    }
}

/// The outlines of the messages of others: names, types and sizes, nothing of their text.
const OUTLINES: &str = include_str!("outlines.txt");

#[test]
fn m9_the_malformed_sets_of_others_keep_their_outlines() {
    let Some(corpus) = std::env::var_os("LACEBARK_CORPUS") else {
        eprintln!("skipped: LACEBARK_CORPUS is not set");
        return;
    };
    let messages = std::path::Path::new(&corpus).join("messages");
    let sets = [
        "apache+james-mime4j/core/src/test/resources/testmsgs",
        "stalwartlabs+mail-parser/resources/eml/malformed",
    ];
    let mut found = String::new();
    for set in sets {
        let mut files: Vec<_> = std::fs::read_dir(messages.join(set))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let raw = std::fs::read(&file).unwrap();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            found.push_str(&format!("{name} {}\n", outline(&raw)));
            let document = Document::of_message(&raw, &View::default());
            assert!(document.lines.iter().any(|l| !l.is_blank()), "{name}");
        }
    }
    for (found, golden) in found.lines().zip(OUTLINES.lines()) {
        assert_eq!(found, golden);
    }
    assert_eq!(found.lines().count(), OUTLINES.lines().count(), "{found}");
}
