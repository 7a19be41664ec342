//! Header fields made to cost (SAFETY M4): sixty shapes, each opened whole.

use super::{Document, Duration, FIRST_LIMIT, Instant, Layout, View, sanitize};

/// Test builds are several times slower than what people run, on a machine that does other work
/// too.
pub(crate) const BOUND: Duration =
    Duration::from_millis(if cfg!(debug_assertions) { 3000 } else { 300 });

/// One field whose value is that many repetitions.
fn field(name: &str, unit: &str, count: usize) -> String {
    format!("{name}: {}\r\n", unit.repeat(count))
}

/// One field whose pieces are numbered.
fn counted(name: &str, count: usize, piece: impl Fn(usize) -> String) -> String {
    let value: String = (0..count).map(piece).collect();
    format!("{name}: {value}\r\n")
}

fn words() -> Vec<(&'static str, String)> {
    vec![
        ("words", field("Subject", "=?utf-8?q?a?= ", 100_000)),
        (
            "words without blanks",
            field("Subject", "=?utf-8?b?YWI=?=", 100_000),
        ),
        (
            "words folded",
            field("Subject", "=?utf-8?q?a?=\r\n ", 50_000),
        ),
        (
            "words of many charsets",
            counted("Subject", 50_000, |n| {
                format!(
                    "=?{}?q?=FC?= ",
                    ["utf-8", "iso-8859-1", "koi8-r", "x"][n % 4]
                )
            }),
        ),
        (
            "words cut in characters",
            field("Subject", "=?utf-8?q?=E2=82?= =?utf-8?q?=AC?= ", 30_000),
        ),
        (
            "words never closed",
            field("Subject", "=?utf-8?q?", 200_000),
        ),
        ("openers", field("Subject", "=?", 500_000)),
        ("closers", field("Subject", "?=", 500_000)),
        ("questions", field("Subject", "?", 1_000_000)),
        (
            "nested words",
            field("Subject", "=?utf-8?q?=?utf-8?q?a?=?= ", 50_000),
        ),
        (
            "charset names",
            field("Subject", &format!("=?{}?q?a?= ", "x".repeat(90)), 10_000),
        ),
        (
            "one long word",
            format!("Subject: =?utf-8?b?{}?=\r\n", "QUFB".repeat(500_000)),
        ),
        (
            "shift sequences",
            field("Subject", "=?iso-2022-jp?q?=1B$B=1B(B?= ", 50_000),
        ),
        ("long subject", field("Subject", "x", 20_000_000)),
        ("wide subject", field("Subject", "日", 3_000_000)),
        (
            "marks in the subject",
            format!("Subject: a{}\r\n", "\u{301}".repeat(2_000_000)),
        ),
        (
            "bidi subject",
            field("Subject", "\u{202e}\u{2066}", 500_000),
        ),
        (
            "escapes in the subject",
            field("Subject", "\x1b[31m", 500_000),
        ),
        (
            "words as names",
            field("From", "=?utf-8?q?a?= <a@b>, ", 20_000),
        ),
        (
            "words in quotes",
            field("From", "\"=?utf-8?q?a?=\" <a@b>, ", 20_000),
        ),
    ]
}

fn lists() -> Vec<(&'static str, String)> {
    vec![
        (
            "references",
            counted("References", 20_000, |n| format!("<{n}@x>\r\n ")),
        ),
        ("references to one", field("References", "<1@x> ", 20_000)),
        (
            "reference to itself",
            "Message-ID: <1@x>\r\nReferences: <1@x>\r\nIn-Reply-To: <1@x>\r\n".repeat(5000),
        ),
        (
            "references never closed",
            field("References", "<1@x ", 200_000),
        ),
        (
            "references without brackets",
            counted("References", 100_000, |n| format!("{n}@x ")),
        ),
        (
            "one long id",
            format!("Message-ID: <{}@x>\r\n", "a".repeat(5_000_000)),
        ),
        ("brackets", field("References", "<", 1_000_000)),
        ("answers", field("In-Reply-To", "<1@x> ", 100_000)),
        ("addresses", field("To", "a@b, ", 100_000)),
        ("names", field("To", "\"Cee, Ann\" <a@b>, ", 50_000)),
        ("groups", field("To", "a:b@c;", 50_000)),
        ("groups in groups", field("To", "a:", 200_000)),
        ("empty groups", field("To", "g:;", 200_000)),
        ("group ends", field("To", ";", 1_000_000)),
        ("commas", field("Cc", ",", 1_000_000)),
        ("comments", field("From", "(", 200_000)),
        (
            "closed comments",
            format!("From: {}{} a@b\r\n", "(".repeat(20_000), ")".repeat(20_000)),
        ),
        ("comments between", field("From", "(a)", 100_000)),
        ("quotes", field("Reply-To", "\"", 1_000_001)),
        ("backslashes", field("From", "\\", 1_000_000)),
        ("angles", field("From", "<", 500_000)),
        ("angles never closed", field("From", "a <a@b ", 50_000)),
        ("routes", field("From", "<@a,@b:c@d>", 50_000)),
        ("at signs", field("Sender", "@", 500_000)),
        (
            "one long name",
            format!("From: {} <a@b>\r\n", "x ".repeat(1_000_000)),
        ),
        ("many from fields", "From: a@b\r\n".repeat(50_000)),
        ("dates in comments", field("Date", "(", 200_000)),
        ("long date", field("Date", "Mon, 1 Jan 2026 ", 50_000)),
        ("list ids", field("List-Id", "<a.b>", 200_000)),
    ]
}

fn parameters() -> Vec<(&'static str, String)> {
    let kind = "text/plain";
    vec![
        (
            "pieces",
            format!(
                "Content-Type: {kind}{}\r\n",
                (0..50_000)
                    .map(|n| format!("; n*{n}=a"))
                    .collect::<String>()
            ),
        ),
        (
            "pieces backwards",
            format!(
                "Content-Type: {kind}{}\r\n",
                (0..50_000)
                    .rev()
                    .map(|n| format!("; n*{n}*=%41"))
                    .collect::<String>()
            ),
        ),
        (
            "pieces of one number",
            format!(
                "Content-Disposition: attachment{}\r\n",
                "; filename*1*=utf-8''a".repeat(50_000)
            ),
        ),
        (
            "huge numbers",
            format!(
                "Content-Disposition: attachment{}\r\n",
                "; filename*99999999999999999999=a".repeat(50_000)
            ),
        ),
        (
            "many names",
            format!(
                "Content-Type: {kind}{}\r\n",
                (0..50_000).map(|n| format!("; p{n}=a")).collect::<String>()
            ),
        ),
        (
            "semicolons",
            format!("Content-Type: {kind}{}\r\n", ";".repeat(1_000_000)),
        ),
        (
            "open quotes",
            format!("Content-Type: {kind}{}\r\n", "; a=\"".repeat(200_000)),
        ),
        (
            "type in comments",
            format!("Content-Type: {kind} {}\r\n", "(".repeat(500_000)),
        ),
        (
            "percent signs",
            format!(
                "Content-Type: {kind}; name*=utf-8''{}\r\n",
                "%".repeat(1_000_000)
            ),
        ),
        (
            "long boundary",
            format!(
                "Content-Type: multipart/mixed; boundary=\"{}\"\r\n",
                "b".repeat(1_000_000)
            ),
        ),
        (
            "description",
            field("Content-Description", "=?utf-8?q?a?= ", 50_000),
        ),
        ("fields", "X-A: b\r\n".repeat(100_000)),
        ("folds", format!("X-A: b\r\n{}", " c\r\n".repeat(300_000))),
        (
            "lines that are no field",
            format!("X-A: b\r\n{}", "no field\r\n".repeat(200_000)),
        ),
        (
            "content types",
            format!("Content-Type: {kind}\r\n").repeat(50_000),
        ),
    ]
}

/// Opens a message as a face does: index row, structure, header and first screen.
fn open(raw: &[u8]) {
    let envelope = super::super::envelope::of_message(raw);
    let _ = sanitize::sender(&envelope.from).truncate(30);
    let _ = super::Shown::line(&envelope.subject).truncate(60);
    let view = View {
        limit: FIRST_LIMIT,
        ..View::default()
    };
    let document = Document::of_message(raw, &view);
    let rows = Layout::new(80, Default::default())
        .rows(&document, 24)
        .len();
    assert!(rows > 0);
}

/// Header fields by name that cost a careless reader much.
pub(crate) fn shapes() -> Vec<(&'static str, String)> {
    let shapes: Vec<_> = [words(), lists(), parameters()].concat();
    assert!(shapes.len() >= 60, "{}", shapes.len());
    shapes
}

#[test]
fn m4_sixty_header_shapes_open_in_time() {
    for (name, fields) in shapes() {
        let raw = format!("{fields}\r\nbody\r\n");
        let start = Instant::now();
        open(raw.as_bytes());
        let spent = start.elapsed();
        assert!(spent < BOUND, "{name}: {spent:?}");
    }
}

#[test]
fn m4_the_same_shapes_inside_a_part_open_in_time() {
    for (name, fields) in [words(), parameters()].concat() {
        let raw = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
             Content-Type: message/rfc822\r\n\r\n{fields}\r\nbody\r\n--b--\r\n"
        );
        let start = Instant::now();
        open(raw.as_bytes());
        let spent = start.elapsed();
        assert!(spent < BOUND, "{name}: {spent:?}");
    }
}
