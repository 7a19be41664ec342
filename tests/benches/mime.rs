//! Figures of reading messages alone, each beside its budget: `cargo bench --bench mime`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lacebark::mime::document::{Document, FIRST_LIMIT, View};
use lacebark::mime::wrap::Layout;
use lacebark::mime::{envelope, html};

const HEAD: &str = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: \"O'Brien, Tom\" <tom@x.example>\r\n\
    To: a@b.example, C <c@d.example>\r\nDate: Sat, 21 Nov 2026 03:03:17 +0100\r\n\
    Message-ID: <1@x>\r\nReferences: <9@x> <0@x>\r\n";
const WORDS: &str = "Some words of a text that goes on for a while and then\n";

fn main() -> ExitCode {
    let mut over = 0;
    let mut time = |name: &str, budget: u64, work: &dyn Fn()| {
        // The best of three: other programs of the machine are not what is measured.
        let best = (0..3)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            })
            .min()
            .unwrap_or_default();
        let fits = best <= Duration::from_millis(budget);
        over += usize::from(!fits);
        let mark = if fits { "" } else { "  OVER" };
        println!(
            "{name:>28} {:9.1} ms of {budget:>5} ms{mark}",
            best.as_secs_f64() * 1000.0
        );
    };
    let first = View {
        limit: FIRST_LIMIT,
        ..View::default()
    };
    let full = View::default();

    let envelope_only = format!("{HEAD}\r\n");
    time("10,000 envelopes", 500, &|| {
        for _ in 0..10_000 {
            let _ = envelope::of_message(envelope_only.as_bytes());
        }
    });
    let small = text(30_000);
    time("30 KB text", 20, &|| screen(&small, &full));
    let big = text(50_000_000);
    time("50 MB text, first screen", 200, &|| screen(&big, &first));
    time("50 MB text, all shown", 1000, &|| screen(&big, &full));
    let base64 = base64(50_000_000);
    time("50 MB base64, first screen", 200, &|| {
        screen(&base64, &first)
    });
    for (name, unit) in [("tables", ROW), ("paragraphs", PARAGRAPH)] {
        let page = page(unit, 500_000);
        time(&format!("500 KB {name}, first"), 150, &|| {
            screen(&page, &first)
        });
        time(&format!("500 KB {name}, rest"), 1000, &|| {
            screen(&page, &full)
        });
    }
    for (name, source) in bombs() {
        time(name, 1000, &|| {
            let _ = html::render(&source, 80, &mut Vec::new());
        });
    }
    if over == 0 {
        return ExitCode::SUCCESS;
    }
    println!("{over} over budget");
    ExitCode::FAILURE
}

/// What a face does before it can draw the first screen.
fn screen(raw: &str, view: &View) {
    let document = Document::of_message(raw.as_bytes(), view);
    let mut layout = Layout::new(80, BTreeSet::new());
    assert!(!layout.rows(&document, 24).is_empty());
}

fn text(size: usize) -> String {
    format!("{HEAD}\r\n{}", WORDS.repeat(size / WORDS.len()))
}

fn base64(size: usize) -> String {
    let line = "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQK\r\n";
    let body = line.repeat(size / line.len());
    format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\n{body}")
}

const ROW: &str = "<tr><td style='font-size:12px'><a href='https://x.example/1'>Item</a></td>\
    <td><table><tr><td>9.99</td></tr></table></td></tr>\n";
const PARAGRAPH: &str = "<p>Some <b>words</b> of a <a href='https://x.example/2'>text</a> that goes \
    on for a while</p>\n";

fn page(unit: &str, size: usize) -> String {
    let body = unit.repeat(size / unit.len());
    format!("{HEAD}Content-Type: text/html\r\n\r\n<table>{body}</table>")
}

/// HTML that was slow in one reader or another (SAFETY M7).
fn bombs() -> Vec<(&'static str, String)> {
    let rules: String = (0..5000)
        .map(|n| format!(".a .b{n} .c{{color:#fff}}"))
        .collect();
    vec![
        ("nested divs", "<div>".repeat(20_000)),
        ("nested tables", "<table><tr><td>".repeat(5000)),
        ("nested cells", "<table><tr><td>a<td>".repeat(60) + "x"),
        (
            "one row of cells",
            format!("<table><tr>{}</table>", "<td>a</td>".repeat(20_000)),
        ),
        ("misnested", "<b><i><p></b></i>x".repeat(5000)),
        (
            "foster parents",
            format!("<table>{}", "a<b>x</b>".repeat(12_000)),
        ),
        (
            "selectors",
            format!("<style>{rules}</style>{}", "<p class=c>x".repeat(20_000)),
        ),
        (
            "deep selectors",
            format!(
                "<style>{}</style>{}{}",
                ".n .m .c{color:#fff}".repeat(5000),
                "<div class=m>".repeat(190),
                "<i class=c>x</i>".repeat(10_000)
            ),
        ),
        (
            "10 MB",
            "<div><p>word <b>word</b> word</p></div>".repeat(270_000),
        ),
    ]
}
