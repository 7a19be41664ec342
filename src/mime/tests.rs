//! Claims about the whole room: what a message becomes on a screen.

pub(crate) mod bombs;
mod golden;
mod hidden;
mod places;
mod spoof;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::body::wanted;
use super::document::{Document, FIRST_LIMIT, Protection, Role, View};
use super::html;
use super::sanitize::{self, Shown, sender};
use super::structure;
use super::wrap::Layout;
use crate::model::Address;

/// Whether a character may never reach a terminal, in a line or in a body.
fn is_forbidden(c: char, body: bool) -> bool {
    match c {
        '\u{200c}' | '\u{200d}' => !body,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{3164}' | '\u{2800}' | '\u{feff}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2060}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop_oneof![
        Just('\u{1b}'),
        Just('\u{9b}'),
        Just('\r'),
        Just('\n'),
        Just('\t'),
        Just('\0'),
        Just('\u{7f}'),
        Just('\u{85}'),
        Just('\u{2028}'),
        Just('\u{202e}'),
        Just('\u{2066}'),
        Just('\u{200b}'),
        Just('\u{200d}'),
        Just('\u{fe0f}'),
        Just('\u{301}'),
        Just('\u{e0041}'),
        Just('\u{3164}'),
        Just('\u{2800}'),
        Just('\u{feff}'),
        Just('日'),
        Just('👍'),
        Just('\u{1f3fb}'),
        Just('ن'),
        Just('\u{200c}'),
        Just('a'),
        any::<char>(),
    ];
    proptest::collection::vec(nasty, 0..60).prop_map(|c| c.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn d1_d3_no_forbidden_character_is_ever_shown(text in hostile()) {
        for (shown, body) in [
            (Shown::line(&text), false),
            (Shown::name(&text), false),
            (Shown::body_line(&text), true),
            (Shown::line(&text).truncate(7), false),
            (Shown::line(&text).truncate_middle(7), false),
            (super::filename::shown(&text, 9), false),
            (super::domain::shown(&text), false),
            (sanitize::addr_spec(&text), false),
        ] {
            prop_assert!(!shown.as_str().chars().any(|c| is_forbidden(c, body)), "{:?}", shown);
        }
    }

    #[test]
    fn d4_widths_add_up_and_are_kept(text in hostile(), cells in 0usize..40) {
        let shown = Shown::body_line(&text);
        prop_assert!(shown.truncate(cells).width() <= cells);
        prop_assert!(shown.truncate_middle(cells).width() <= cells);
        prop_assert_eq!(shown.fit(cells).width(), cells);
        let mut twice = shown.clone();
        twice.push(&Shown::line(&text));
        prop_assert_eq!(twice.width(), shown.width() + Shown::line(&text).width());
    }

    #[test]
    fn m5_any_bytes_are_read_without_a_panic(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = super::envelope::of_message(&raw);
        let _ = Document::of_message(&raw, &View::default());
        for encoding in ["base64", "quoted-printable", "x-uuencode"] {
            let _ = super::part::decode_transfer(&raw, encoding);
        }
        for charset in ["utf-7", "iso-2022-jp", "utf-16", "gb18030", "hz-gb-2312", "cp850"] {
            let text = super::part::text(&raw, Some(charset)).text;
            prop_assert!(!Shown::body_line(&text).as_str().chars().any(|c| is_forbidden(c, true)));
        }
        let _ = super::header::addresses(&raw);
        let _ = super::header::date(&raw);
        let _ = super::header::parameterised(&raw);
        let _ = super::header::decode_text(&raw);
    }

    #[test]
    fn a1_any_name_is_made_safe(name in hostile()) {
        let safe = super::filename::safe(&name);
        prop_assert!(!safe.is_empty() && safe.len() <= 120);
        prop_assert!(!safe.contains(['/', '\\', '\0']) && !safe.starts_with(['.', '-', '~']));
        prop_assert!(!safe.chars().any(|c| is_forbidden(c, false)));
    }

    #[test]
    fn m7_any_markup_is_rendered_without_a_panic(
        pieces in proptest::collection::vec(prop_oneof![
            Just("<table><tr><td>"), Just("</table>"), Just("<ul><li>"), Just("<b>"), Just("</b>"),
            Just("<a href='http://x.example/'>"), Just("</a>"), Just("<p>"), Just("text "),
            Just("<td colspan=99999999>"), Just("<blockquote>"), Just("<pre>"), Just("<h1>"),
            Just("\u{f8f0} "), Just("<img src=x alt=y>"), Just("&#x1b;[31m"), Just("<sup>"),
            Just("日本語"), Just("</div>"), Just("<div>"), Just("<"), Just("<!--"), Just("-->"),
        ], 0..80),
        width in 0usize..120,
    ) {
        let mut links = Vec::new();
        let rendered = html::render(&pieces.concat(), width, &mut links);
        for line in &rendered.lines {
            prop_assert!(!line.text().chars().any(|c| is_forbidden(c, true)));
        }
    }
}

fn rows(raw: &str, view: &View, width: usize) -> Vec<String> {
    let document = Document::of_message(raw.as_bytes(), view);
    let mut layout = Layout::new(width, BTreeSet::new());
    layout
        .rows(&document, 10_000)
        .iter()
        .map(super::wrap::Row::text)
        .collect()
}

fn body(raw: &str) -> Vec<String> {
    rows(raw, &View::default(), 80)
}

#[test]
fn d1_controls_are_shown_as_pictures_and_never_dropped() {
    let check = |text: &str, want: &str| assert_eq!(Shown::line(text).as_str(), want);
    check("a\x1b[31mb", "a␛[31mb");
    check("a\u{9b}31mb", "a␛[31mb");
    check("a\0\x07\x7f", "a␀␇␡");
    check("a\tb", "a b");
}

#[test]
fn d2_a_field_stays_in_one_row() {
    let check = |text: &str, want: &str| assert_eq!(Shown::line(text).as_str(), want);
    check("a\r\nBcc: b", "a␍␊Bcc: b");
    check("a\u{85}b\u{2028}c\u{2029}d", "a␤b␤c␤d");
}

#[test]
fn d3_reordering_and_invisible_characters_do_not_get_through() {
    let check = |text: &str, want: &str| assert_eq!(Shown::line(text).as_str(), want);
    check("cod\u{202e}gpj.exe", "cod<U+202E>gpj.exe");
    check("p\u{200b}ay\u{2060}pal\u{feff}", "paypal");
    check("\u{3164}\u{2800}x", "  x");
    check(
        &format!("e{}", "\u{301}".repeat(50)),
        &format!("e{}", "\u{301}".repeat(8)),
    );
    check("\u{301}x", "◌\u{301}x");
    assert_eq!(
        Shown::body_line("می\u{200c}خواهم").as_str(),
        "می\u{200c}خواهم"
    );
    assert_eq!(Shown::body_line("a\tb").as_str(), "a       b");
}

#[test]
fn d5_a_name_that_looks_like_an_address_is_never_shown_alone() {
    let check = |name: &str, address: &str, want: &str| {
        let one = Address {
            name: name.into(),
            address: address.into(),
        };
        assert_eq!(sender(std::slice::from_ref(&one)).as_str(), want);
        let full = sanitize::full(&one);
        assert!(
            full.as_str()
                .contains(sanitize::addr_spec(address).as_str()),
            "{full}"
        );
    };
    check("Ann Cee", "a@x.example", "Ann Cee");
    check("", "a@x.example", "a@x.example");
    check("ceo@bank.example", "evil@x.example", "evil@x.example");
    check("ceo＠bank.example", "evil@x.example", "evil@x.example");
    check(
        "ceo\u{200b}@bank.example",
        "evil@x.example",
        "evil@x.example",
    );
    check("Ann\u{202e}", "evil@x.example", "evil@x.example");
    check("Ann\0", "evil@x.example", "evil@x.example");
    check("Ann <ceo>", "evil@x.example", "evil@x.example");
    check(&format!("Ann{}x", " ".repeat(500)), "a@x.example", "Ann x");
    let two = [("Ann", "a@x"), ("", "b@y")].map(|(name, address)| Address {
        name: name.into(),
        address: address.into(),
    });
    assert_eq!(sender(&two).as_str(), "Ann, b@y");
}

#[test]
fn plain_text_is_preferred_unless_it_is_a_stub_or_html_is_asked_for() {
    let message = |plain: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n{plain}\n\
             --b\nContent-Type: text/html\n\n<p>The <b>html</b> text\n--b--"
        )
    };
    assert_eq!(body(&message("The plain text")), ["The plain text"]);
    assert_eq!(body(&message("")), ["The html text"]);
    let stub = message("Your mail client does not support HTML.");
    assert_eq!(body(&stub), ["The html text"]);
    let html = View {
        html: true,
        ..View::default()
    };
    assert_eq!(
        rows(&message("The plain text"), &html, 80),
        ["The html text"]
    );
    let document = Document::of_message(message("x").as_bytes(), &View::default());
    assert!(document.alternative && !document.from_html);
}

#[test]
fn long_and_deep_quotes_fold_with_their_length_and_author() {
    let quote = "> line\n".repeat(23);
    let raw = format!("\nHi\n\nTom O'Brien <t@x> wrote:\n{quote}Bye\n> short\n");
    assert_eq!(
        body(&raw),
        [
            "Hi",
            "",
            "Tom O'Brien <t@x> wrote:",
            "> 23 quoted lines from Tom O'Brien",
            "Bye",
            "> short"
        ]
    );
    assert_eq!(
        body("\nHi\n> a\n>>> b\n>>> b\n> c\n>>> d\n"),
        ["Hi", "> a", "> 2 quoted lines", "> c", "> > > d"]
    );
    assert_eq!(body(&format!("\n{quote}")).len(), 23);
}

#[test]
fn a_report_an_invitation_and_an_inner_message_are_told() {
    let raw = "Content-Type: multipart/report; boundary=b\n\n--b\n\nIt failed.\n\
        --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
        Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\
        --b\nContent-Type: message/rfc822\n\nFrom: A <a@x>\nTo: b@y\n\
        Date: Thu, 12 Nov 2026 01:32:00 +0100\nSubject: Lost\n\nInner text\n--b--";
    let text = body(raw).join("\n");
    for part in [
        "It failed.",
        "Reporting-MTA: dns; mx.example",
        "Action: failed",
        "From: A <a@x>",
        "Date: Thu 12 Nov 2026 01:32 (+0100)",
        "Subject: Lost",
        "Inner text",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let calendar = "Content-Type: text/calendar\n\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Plan\n\
        DTSTART:20261124T090000Z\nEND:VEVENT\n";
    assert_eq!(
        body(calendar),
        ["Invitation: Plan", "Start: Tue 24 Nov 2026 09:00 UTC"]
    );
}

#[test]
fn an_invitation_is_told_once_before_its_text() {
    let event = "METHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Plan\nDTSTART:20261124T090000Z\n\
        DESCRIPTION:Bring gloves.\nEND:VEVENT\n";
    let both = format!(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nBring gloves.\n--b\n\
         Content-Type: text/calendar\n\n{event}\n--b--\n"
    );
    let block = ["Invitation: Plan", "Start: Tue 24 Nov 2026 09:00 UTC"];
    let with = |rest: &[&'static str]| [&block[..], rest].concat();
    assert_eq!(body(&both), with(&["", "Bring gloves."]));
    let alone = format!("Content-Type: text/calendar\n\n{event}");
    assert_eq!(body(&alone), with(&["Text: Bring gloves."]));
}

#[test]
fn a_returned_header_tells_whose_message_it_was() {
    let raw = "Content-Type: text/rfc822-headers\n\nReceived: a\nReceived: b\nFrom: A <a@x>\n\
        DKIM-Signature: v=1\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n";
    assert_eq!(
        body(raw),
        [
            "── Headers of the message ──",
            "From: A <a@x>",
            "Subject: Grüße",
            "and 3 other fields"
        ]
    );
}

#[test]
fn plain_text_has_few_blank_rows_and_its_forwards_are_marked() {
    assert_eq!(body("\n\n\na\n\n\n\n\nb\n"), ["a", "", "", "b"]);
    let document = Document::of_message(
        b"\nHi\n-- \nAnn\n-----Original Message-----\nOn 5 May 2026 Tom\n<t@x> wrote:\n> a\n",
        &View::default(),
    );
    let roles: Vec<Role> = document.lines.iter().map(|l| l.spans[0].role).collect();
    assert_eq!(
        roles,
        [
            Role::Text,
            Role::Signature,
            Role::Signature,
            Role::Rule,
            Role::Dim,
            Role::Dim,
            Role::Quote(1)
        ]
    );
    let list = format!("\n  * {}\n", "word ".repeat(20));
    assert!(body(&list)[1].starts_with("    word"), "{:?}", body(&list));
}

#[test]
fn attachments_are_named_and_lies_are_marked() {
    let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n\
        --b\nContent-Type: application/pdf; name=invoice.pdf\n\
        Content-Transfer-Encoding: base64\n\nUEsDBAAA\n--b--";
    assert_eq!(
        body(raw),
        [
            "Hi",
            "",
            "[2 invoice.pdf, application/pdf, 6 B] ! named pdf, is zip"
        ]
    );
    let uu = "\nHi\nbegin 644 cat.txt\n#0V%T\n`\nend\nBye\n";
    assert_eq!(
        body(uu),
        [
            "Hi",
            "",
            "[1.1 cat.txt, application/octet-stream, 22 B]",
            "Bye"
        ]
    );
}

#[test]
fn d7_a_signature_is_a_value_and_no_text() {
    let raw = "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\
        \n--b\n\n[-- Good signature --]\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--";
    let document = Document::of_message(raw.as_bytes(), &View::default());
    assert_eq!(document.protection, Protection::SignedPgp);
    assert_eq!(document.text(), "[-- Good signature --]\n");
    assert_eq!(document.lines[0].spans[0].role, Role::Text);
    let raw = "Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--";
    let document = Document::of_message(raw.as_bytes(), &View::default());
    assert_eq!(document.protection, Protection::EncryptedPgp);
    assert!(document.text().contains("encrypted"));
}

#[test]
fn what_is_not_at_hand_is_named_and_wanted() {
    let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n\
        --b\nContent-Type: application/pdf\n\nx\n--b--";
    let (root, _) = structure::of_message(raw.as_bytes());
    let paths: Vec<String> = wanted(&root, &View::default())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["1"]);
    let document = Document::of_parts(&root, &Default::default(), &View::default());
    assert!(document.text().contains("Not fetched yet: text/plain, 2 B"));
}

#[test]
fn m11_outside_bodies_are_only_named() {
    let raw = "Content-Type: message/external-body; access-type=local-file; name=\"/etc/passwd\"\n\n\
        Content-Type: text/plain\n\n";
    assert!(body(raw).join(" ").contains("message/external-body"));
    let raw = "Content-Type: message/partial; id=x; number=1; total=2\n\nabc";
    assert!(body(raw).join(" ").contains("message/partial"));
}

fn shown_html(text: &str) -> (Vec<String>, html::Rendered, Vec<super::link::Link>) {
    let mut links = Vec::new();
    let rendered = html::render(text, 60, &mut links);
    let lines = rendered.lines.iter().map(|l| l.text()).collect();
    (lines, rendered, links)
}

#[test]
fn html_is_laid_out_with_numbered_links_and_headings() {
    let (lines, rendered, links) = shown_html(
        "<h1>Deals</h1><p>Read <a href='https://x.example/a'>more</a> or \
         <a href='https://x.example/b'>less</a>, <a href='https://x.example/a'>more</a> \
         <a href='javascript:x()'>click</a></p><ul><li>One<li>Two</ul><blockquote>Said</blockquote>",
    );
    let text = lines.join("\n");
    assert!(
        text.starts_with("Deals\n\nRead more[1] or less[2], more[1] click\n"),
        "{text}"
    );
    assert!(text.contains("* One\n* Two"), "{text}");
    assert!(text.contains("[1] https://x.example/a"), "{text}");
    assert_eq!(links.len(), 2);
    assert_eq!(rendered.lines[0].spans[0].role, Role::Heading);
    assert!(
        rendered
            .lines
            .iter()
            .any(|l| l.quote == 1 && l.text() == "Said")
    );
}

#[test]
fn d8_a_link_that_lies_about_its_host_is_marked() {
    let (lines, _, links) = shown_html("<a href='https://evil.test/'>https://bank.example</a>");
    assert!(links[0].warning.is_some());
    assert!(
        lines.join("\n").contains("! The text names bank.example"),
        "{lines:?}"
    );
}

#[test]
fn h1_remote_images_are_counted_and_never_loaded() {
    let (lines, rendered, _) = shown_html(
        "<img src='https://x/logo.png' alt='Logo'><img src='https://x/t.gif' width=1 height=1>\
         <img src='cid:a' alt='Cat'><p>Hi",
    );
    let text = lines.join(" ");
    assert!(
        text.contains("[image: Logo, not loaded]") && text.contains("[image: Cat]"),
        "{text}"
    );
    assert_eq!((rendered.remote_images, rendered.trackers), (2, 1));
}

#[test]
fn h2_hidden_text_is_not_shown() {
    for hidden in [
        "<span style='display:none'>X</span>",
        "<span style='DISPLAY: none !important'>X</span>",
        "<div style='visibility:hidden'>X</div>",
        "<span style='font-size:0'>X</span>",
        "<span style='font-size:1px'>X</span>",
        "<span style='color:#fff'>X</span>",
        "<font color=white>X</font>",
        "<div style='background:#000;color:#010101'>X</div>",
        "<div bgcolor='#ff0000'><b style='color:rgb(255, 0, 0)'>X</b></div>",
        "<div style='max-height:0;overflow:hidden'>X</div>",
        "<div style='position:absolute;left:-9999px'>X</div>",
        "<div style='text-indent:-9999px'>X</div>",
        "<div style='opacity:0'>X</div>",
        "<div hidden>X</div>",
        "<style>.h{display:none}</style><p class='a h'>X</p>",
        "<style>@media print{.b{color:red}} #h{font-size:0px}</style><p id=h>X</p>",
        "<!-- X -->",
        "<script>X</script>",
        "<form><select><option>X</select></form>",
    ] {
        let (lines, ..) = shown_html(&format!("<body>seen {hidden} too"));
        let text = lines.join(" ");
        assert!(!text.contains('X'), "{hidden}: {text}");
        assert!(
            text.contains("seen") && text.contains("too"),
            "{hidden}: {text}"
        );
    }
    for seen in [
        "<td style='font-size:0'><span style='font-size:14px'>X</span></td>",
        "<div style='background:#06c'><a style='color:#fff'>X</a></div>",
        "<div style='background:url(x.png);color:#fff'>X</div>",
        "<style>@media print{.h{display:none}}</style><p class=h>X</p>",
        "<div style='visibility:hidden'><b style='visibility:visible'>X</b></div>",
    ] {
        let (lines, ..) = shown_html(seen);
        assert!(lines.join(" ").contains('X'), "{seen}: {lines:?}");
    }
}

#[test]
fn h4_cid_loops_end() {
    let raw = "Content-Type: multipart/related; boundary=b; start=\"<a>\"\n\n--b\n\
        Content-Type: text/html\nContent-ID: <a>\n\n<img src='cid:a' alt=self>\n--b--";
    assert_eq!(body(raw), ["[image: self]"]);
}

/// Runs on a thread with a 2 MiB stack and gives what it took.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) -> Duration {
    let start = Instant::now();
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
    start.elapsed()
}

/// Test builds are slower than what people run, and share the machine with other builds: a bound
/// here catches what grows by the square, `cargo bench --bench mime` tells the figures.
const SLACK: u32 = 40;

#[test]
fn m1_deep_nesting_opens_on_a_small_stack() {
    for levels in [10usize, 100, 1000, 10_000] {
        let mut kinds = Vec::new();
        kinds.push("Content-Type: message/rfc822\n\n".repeat(levels) + "\nhi");
        let mut mixed = String::new();
        let mut same = String::new();
        let mut digest = String::new();
        let mut both = String::new();
        for n in 0..levels {
            mixed.push_str(&format!(
                "Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"
            ));
            same.push_str("Content-Type: multipart/mixed; boundary=b\n\n--b\n");
            digest.push_str(&format!(
                "Content-Type: multipart/digest; boundary=d{n}\n\n--d{n}\n\n"
            ));
            both.push_str(&format!(
                "Content-Type: multipart/alternative; boundary=c{n}\n\n--c{n}\n\
                 Content-Type: message/rfc822\n\n"
            ));
        }
        for text in [mixed, same, digest, both] {
            kinds.push(text + "\nhi");
        }
        for (n, raw) in kinds.into_iter().enumerate() {
            let spent = on_a_small_stack(move || {
                let (root, _) = structure::of_message(raw.as_bytes());
                assert!(root.walk().len() <= structure::MAX_PARTS + 1);
                let document = Document::of_message(raw.as_bytes(), &View::default());
                assert!(!document.lines.is_empty());
            });
            assert!(
                spent < Duration::from_millis(200) * SLACK,
                "{levels} of kind {n}: {spent:?}"
            );
        }
    }
}

#[test]
fn m2_twenty_thousand_parts_end_in_one_opaque_part() {
    let raw = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}--b--",
        "--b\n\nx\n".repeat(20_000)
    );
    let start = Instant::now();
    let (root, _) = structure::of_message(raw.as_bytes());
    assert_eq!(root.walk().len(), structure::MAX_PARTS);
    let document = Document::of_message(raw.as_bytes(), &View::default());
    assert!(document.text().contains("Too many parts"));
    assert!(start.elapsed() < Duration::from_millis(300) * SLACK);
}

#[test]
fn m6_d9_huge_texts_show_their_first_screen_at_once() {
    let line = "x".repeat(75) + "\n";
    let cases = [
        ("one line", format!("\n{}", "x".repeat(20_000_000))),
        ("lines", format!("\n{}", line.repeat(650_000))),
        ("short lines", format!("\n{}", "a\n".repeat(200_000))),
        ("quotes", format!("\nhi\n{}", "> a\nb\n".repeat(100_000))),
        (
            "links",
            format!("\n{}", "https://a.example/x ".repeat(100_000)),
        ),
        ("colons", format!("\n{}", ":".repeat(5_000_000))),
        (
            "brackets",
            format!("\nhttps://a.example/{}", ")".repeat(1_000_000)),
        ),
        ("wide", format!("\n{}", "日".repeat(3_000_000))),
        ("marks", format!("\na{}", "\u{301}".repeat(3_000_000))),
    ];
    for (name, raw) in cases {
        let start = Instant::now();
        let view = View {
            limit: FIRST_LIMIT,
            ..View::default()
        };
        let document = Document::of_message(raw.as_bytes(), &view);
        let mut layout = Layout::new(80, BTreeSet::new());
        assert!(!layout.rows(&document, 24).is_empty());
        assert!(document.more, "{name}");
        let spent = start.elapsed();
        assert!(
            spent < Duration::from_millis(150) * SLACK,
            "{name}: {spent:?}"
        );
    }
}

fn html_bombs() -> Vec<(&'static str, String)> {
    let cell = "<tr><td colspan=99999999>a</td><td rowspan=9999>b</td></tr>";
    vec![
        ("divs", "<div>".repeat(20_000)),
        ("tables", "<table><tr><td>".repeat(5000)),
        ("lists", "<ul><li>".repeat(5000)),
        ("bold", "<b>".repeat(20_000) + "x"),
        ("anchors", "<a href='http://x.example/'>x".repeat(20_000)),
        ("cells", format!("<table>{}</table>", cell.repeat(10_000))),
        (
            "one row",
            format!("<table><tr>{}</table>", "<td>a</td>".repeat(20_000)),
        ),
        ("foster", format!("<table>{}", "a<b>x</b>".repeat(12_000))),
        (
            "paragraphs",
            "<p>Some words of text in a row".repeat(100_000),
        ),
        (
            "attributes",
            format!(
                "<p {}>x",
                (0..100_000).map(|n| format!("a{n}=1 ")).collect::<String>()
            ),
        ),
        ("less than", "<".repeat(1_000_000)),
        ("open tags", "<a ".repeat(300_000)),
        ("open quotes", "<a b=\"".repeat(150_000)),
        ("comments", "<!--".repeat(250_000)),
        ("open styles", "<style>".repeat(100_000)),
        ("open scripts", "<script>".repeat(100_000)),
        ("selects", "<select>".repeat(100_000)),
        ("misnested", "<b><i><p></b></i>x".repeat(5000)),
        ("formats", "<p><font><b><i><u>x</p>".repeat(40)),
        ("one word", "x".repeat(1_000_000)),
        ("entities", "&amp;".repeat(200_000)),
        (
            "css",
            format!(
                "<style>{}</style><p class=a>x",
                ".a{color:red}".repeat(20_000)
            ),
        ),
        (
            "selectors",
            format!("<style>{}{{}}</style>x", "a,".repeat(100_000)),
        ),
        (
            "blockquotes",
            "<blockquote>".repeat(190) + "deep text in quotes",
        ),
        ("nested cells", "<table><tr><td>a<td>".repeat(60) + "x"),
        (
            "big",
            "<div><p>word <b>word</b> word</p></div>".repeat(270_000),
        ),
    ]
}

#[test]
fn m7_html_bombs_end_in_text_or_words() {
    for (name, text) in html_bombs() {
        let spent = on_a_small_stack(move || {
            let mut links = Vec::new();
            let rendered = html::render(&text, 80, &mut links);
            assert!(rendered.lines.len() < 200_000);
        });
        assert!(spent < Duration::from_secs(1) * SLACK, "{name}: {spent:?}");
    }
}

#[test]
fn m8_every_message_of_the_corpus_shows_text_or_a_reason() {
    let Some(corpus) = std::env::var_os("LACEBARK_CORPUS") else {
        eprintln!("skipped: LACEBARK_CORPUS is not set");
        return;
    };
    let corpus = std::path::PathBuf::from(corpus);
    let mut stack = vec![
        corpus.join("messages"),
        corpus.join("bounces"),
        corpus.join("tnef"),
    ];
    let mut count = 0;
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        let Ok(raw) = std::fs::read(&path) else {
            continue;
        };
        count += 1;
        let start = Instant::now();
        let envelope = super::envelope::of_message(&raw);
        assert!(
            !sender(&envelope.from)
                .as_str()
                .chars()
                .any(|c| is_forbidden(c, false))
        );
        for html in [false, true] {
            let view = View {
                html,
                ..View::default()
            };
            let document = Document::of_message(&raw, &view);
            assert!(
                document.lines.iter().any(|l| !l.is_blank()),
                "{}",
                path.display()
            );
            let text = document.text();
            let bad = text.chars().find(|c| *c != '\n' && is_forbidden(*c, true));
            assert_eq!(bad, None, "{}", path.display());
            let mut layout = Layout::new(40, BTreeSet::new());
            for row in layout.rows(&document, usize::MAX) {
                assert!(
                    sanitize::width(&row.text()) <= 40,
                    "{}: {row:?}",
                    path.display()
                );
            }
        }
        let spent = start.elapsed();
        assert!(
            spent < Duration::from_secs(1) * SLACK,
            "{}: {spent:?}",
            path.display()
        );
    }
    assert!(count > 500, "only {count} messages");
}
