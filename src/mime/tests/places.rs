//! Every place where a message can put characters (SAFETY D1, D2, D3, M10): the same hostile text
//! in each of them, and nothing of it reaches a screen.

use super::super::{envelope, filename, link};
use super::{Document, Layout, Shown, View, is_forbidden, sanitize};

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn word(text: &str) -> String {
    let q: String = text.bytes().map(|b| format!("={b:02X}")).collect();
    format!("=?utf-8?q?{q}?=")
}

/// A message that holds the text in names, fields, file names, descriptions, reports, invitations,
/// links, alternative texts of images and bodies.
fn everywhere(text: &str) -> String {
    let (word, percent) = (word(text), percent(text));
    let entity: String = text
        .chars()
        .map(|c| format!("&#{};", u32::from(c)))
        .collect();
    let escaped = text.replace(['\r', '\n'], "\\n");
    [
        format!("From: {word} <a@b.test>\nTo: {word} <c@d.test>\nSubject: {word}\nMIME-Version: 1.0\n"),
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHi\n".into(),
        format!("--b\nContent-Type: application/pdf; name*=utf-8''x{percent}y\n\nx\n"),
        format!("--b\nContent-Type: image/png\nContent-Description: {word}\n\nx\n"),
        format!("--b\nContent-Type: message/external-body; name=\"{word}\"\n\nx\n"),
        format!("--b\nContent-Type: message/rfc822\n\nFrom: {word} <a@b.test>\nTo: {word} <e@f.test>\nSubject: {word}\n\ninner\n"),
        format!("--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: {word}\nX{escaped}: {escaped}\n"),
        format!("--b\nContent-Type: text/rfc822-headers\n\nSubject: {word}\n"),
        format!("--b\nContent-Type: text/plain; charset*=utf-8''{percent}\n\nx\n"),
        format!("--b\nContent-Type: text/calendar\n\nBEGIN:VEVENT\nSUMMARY:{escaped}\nLOCATION:{escaped}\n\
            ORGANIZER;CN=\"{escaped}\":mailto:{escaped}\nDTSTART;TZID={escaped}:20260101T000000\nEND:VEVENT\n"),
        format!("--b\nContent-Type: text/html\n\n<p>a{entity}b<img src='http://x.test/' alt='{entity}'>\
            <a href='https://x.test/{entity}' title='{entity}'>c{entity}d</a>\n"),
        format!("--b\nContent-Type: text/x-{escaped}; x=y\n\nx\n--b--\n"),
    ]
    .concat()
}

fn rows(raw: &str) -> Vec<String> {
    let document = Document::of_message(raw.as_bytes(), &View::default());
    let mut layout = Layout::new(80, Default::default());
    let rows = layout.rows(&document, 10_000);
    rows.iter().map(super::super::wrap::Row::text).collect()
}

fn check_all(text: &str) {
    for row in rows(&everywhere(text)) {
        let bad = row.chars().find(|c| is_forbidden(*c, true));
        assert_eq!(bad, None, "{text:?} in {row:?}");
    }
    let envelope = envelope::of_message(everywhere(text).as_bytes());
    for shown in [
        sanitize::sender(&envelope.from),
        sanitize::full(&envelope.to[0]),
        Shown::line(&envelope.subject),
        Shown::name(&envelope.subject),
        filename::shown(&envelope.subject, 40),
        Shown::line(&filename::safe(&envelope.subject)),
        sanitize::addr_spec(&format!("a{text}@b{text}.test")),
        super::super::domain::shown(text),
    ] {
        let bad = shown.as_str().chars().find(|c| is_forbidden(*c, false));
        assert_eq!(bad, None, "{text:?} in {shown:?}");
    }
    let safe = filename::safe(text);
    assert!(
        !safe.chars().any(|c| is_forbidden(c, false)),
        "{text:?}: {safe:?}"
    );
    if let Ok(link) = link::check(&format!("https://a.test/{text}")) {
        assert!(
            link.target.bytes().all(|b| b.is_ascii_graphic()),
            "{link:?}"
        );
    }
}

#[test]
fn d1_thirteen_classes_of_control_leak_from_no_place() {
    for text in [
        "\x1b[2J",
        "\u{9b}2J",
        "\x1b]0;title\x07",
        "\x1b]52;c;aGk=\x07",
        "\x1b]8;;http://evil.test/\x1b\\",
        "\x1bPq\x1b\\",
        "\x1b_x\x1b\\",
        "\x1b^x\x1b\\",
        "\x1bXx\x1b\\",
        "\x1bc",
        "a\rb\x08c",
        "\0\x07\x7f",
        "\u{80}\u{84}\u{85}\u{90}\u{98}\u{9c}\u{9d}\u{9e}\u{9f}",
    ] {
        check_all(text);
    }
}

#[test]
fn d2_a_line_break_of_any_kind_draws_no_further_row() {
    // Whether the link of the HTML part is offered differs, so what comes before it is compared.
    let count = |text: &str| {
        let rows = rows(&everywhere(text));
        rows.iter().position(|row| row.starts_with("aa")).unwrap()
    };
    let plain = count("aéb");
    for text in [
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{2029}b",
        "a\u{b}b",
        "a\u{c}b",
        "a\u{1c}b",
        "a\u{1e}b",
    ] {
        check_all(text);
        assert_eq!(count(text), plain, "{text:?}");
    }
    // CR and LF are line breaks of the calendar and the bodies too: only fields are compared.
    for text in ["a\rb", "a\nb", "a\r\nb"] {
        check_all(text);
        let raw = format!(
            "Content-Type: message/rfc822\n\nFrom: {0} <a@b.test>\nTo: {0} <a@b.test>\nSubject: {0}\n\nx\n",
            word(text)
        );
        assert_eq!(rows(&raw).len(), 6, "{text:?} {:?}", rows(&raw));
        assert!(!Shown::line(text).as_str().contains(['\r', '\n']));
        assert!(!filename::safe(text).contains(['\r', '\n']));
    }
}

#[test]
fn d3_no_character_of_the_set_reaches_a_field() {
    let set = ('\u{202a}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}')
        .chain('\u{200b}'..='\u{200f}')
        .chain([
            '\u{61c}', '\u{2060}', '\u{feff}', '\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}',
            '\u{2800}',
        ])
        .chain('\u{e0000}'..='\u{e007f}');
    for c in set {
        let text = format!("a{c}{c}b");
        for shown in [
            Shown::line(&text),
            Shown::name(&text),
            filename::shown(&text, 20),
            sanitize::addr_spec(&format!("{text}@x.test")),
            super::super::domain::shown(&text),
        ] {
            assert!(
                !shown.as_str().contains(c),
                "U+{:04X} in {shown:?}",
                u32::from(c)
            );
        }
        assert!(!filename::safe(&text).contains(c), "U+{:04X}", u32::from(c));
    }
    for text in [
        "\u{202e}",
        "\u{2066}",
        "\u{200f}",
        "\u{3164}",
        "\u{e0041}",
        "\u{2800}\u{2800}",
    ] {
        check_all(text);
    }
}

#[test]
fn m10_escapes_in_twelve_charsets_stay_on_paper() {
    let ascii = b"a\x1b[31mb\x9b31mc\x85d\x07e\x90f\x7f".to_vec();
    let wide = |big: bool| -> Vec<u8> {
        "a\u{1b}[31mb\u{9b}31mc\u{85}\u{202e}d"
            .encode_utf16()
            .flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            })
            .collect()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "utf-8",
            "a\u{1b}[31mb\u{9b}31mc\u{85}\u{202e}d".as_bytes().to_vec(),
        ),
        ("iso-8859-1", ascii.clone()),
        ("windows-1251", ascii.clone()),
        ("koi8-r", ascii.clone()),
        (
            "gb18030",
            [ascii.clone(), b"\x81\x30\x81\x35".to_vec()].concat(),
        ),
        ("big5", ascii.clone()),
        ("shift_jis", ascii.clone()),
        ("euc-kr", ascii.clone()),
        (
            "iso-2022-jp",
            b"\x1b$B\x1b(B\x1b[31m\x1b$B\x1b[2J\x1b(Bx".to_vec(),
        ),
        ("utf-16", [vec![0xfe, 0xff], wide(true)].concat()),
        ("utf-16le", wide(false)),
        ("utf-16be", wide(true)),
        ("utf-7", b"+ABs-[31m+AJs-31m+ID4-x".to_vec()),
        ("hz-gb-2312", b"~{\x1b[31m~}\x1b[2J".to_vec()),
        ("iso-2022-kr", b"\x1b$)C\x0e\x1b[31m\x0f\x1b[2J".to_vec()),
        ("cp850", ascii.clone()),
        ("x-user-defined", ascii.clone()),
        ("no/such\\charset", ascii),
    ];
    for (charset, bytes) in cases {
        let header = format!("Content-Type: text/plain; charset=\"{charset}\"\n");
        let q: String = bytes.iter().map(|b| format!("={b:02X}")).collect();
        let raw = [
            format!("Subject: =?{charset}?q?{q}?=\n").as_bytes(),
            header.as_bytes(),
            b"\n",
            &bytes,
            b"\n",
        ]
        .concat();
        let document = Document::of_message(&raw, &View::default());
        let text = document.text();
        let bad = text.chars().find(|c| *c != '\n' && is_forbidden(*c, true));
        assert_eq!(bad, None, "{charset}: {text:?}");
        assert!(!text.trim().is_empty(), "{charset}");
        let subject = Shown::line(&envelope::of_message(&raw).subject);
        let bad = subject.as_str().chars().find(|c| is_forbidden(*c, false));
        assert_eq!(bad, None, "{charset}: {subject:?}");
    }
}
