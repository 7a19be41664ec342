//! Text as typed into the lines of `text/plain; format=flowed` (RFC 3676), with DelSp left off.
//!
//! One typed line is one paragraph: it is broken behind blanks, so that a reader who knows the
//! format joins it again and everybody else sees short lines.

use unicode_width::UnicodeWidthStr;

use super::super::quote;

/// Cells that a line of a broken paragraph has at most, quote marks left out.
const WIDTH: usize = 72;
/// A paragraph of so many cells stays on one line.
const WHOLE: usize = 76;

/// The lines without their ends: quote marks kept, what could be taken for something else stuffed.
pub fn lines(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in split(text) {
        let (level, rest) = quote::level(line);
        paragraph(level, rest, &mut out);
    }
    // The last line break ends the text and does not begin another line.
    if out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    out
}

/// CR LF, LF and CR all end a line.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    })
}

fn paragraph(level: u8, rest: &str, out: &mut Vec<String>) {
    if rest == "-- " {
        out.push(mark(level, rest));
        return;
    }
    // A blank at the end would say that the paragraph goes on.
    let rest = rest.trim_end_matches(' ');
    if rest.width() <= WHOLE {
        out.push(mark(level, rest));
        return;
    }
    let mut line = String::new();
    let mut width = 0;
    for word in words(rest) {
        let cells = word.trim_end_matches(' ').width();
        // A line `-- ` would be a signature, and one of blanks only would part two paragraphs.
        let breaks = width + cells > WIDTH && !line.trim().is_empty() && line != "-- ";
        if breaks {
            out.push(mark(level, &line));
            line.clear();
            width = 0;
        }
        line.push_str(word);
        width += word.width();
    }
    out.push(mark(level, &line));
}

/// Words, each with the blanks behind it; blanks at the start stand alone.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let word = rest.find(' ').unwrap_or(rest.len());
        let (_, behind) = rest.split_at(word);
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        let (this, next) = rest.split_at(word + blanks);
        rest = next;
        Some(this)
    })
}

/// Quote marks in front; a blank where the text could be taken for a quote, for stuffing, or for
/// the start of a message in an mbox (RFC 3676 section 4.4).
fn mark(level: u8, text: &str) -> String {
    let marks = ">".repeat(usize::from(level));
    let stuffed =
        level > 0 && !text.is_empty() || text.starts_with([' ', '>']) || text.starts_with("From ");
    let blank = if stuffed { " " } else { "" };
    format!("{marks}{blank}{text}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::flowed;
    use super::*;

    #[test]
    fn paragraphs_break_behind_blanks_and_marks_stay() {
        let check = |text: &str, want: &[&str]| assert_eq!(lines(text), want, "{text:?}");
        check("a\nb\n", &["a", "b"]);
        check("a\r\nb\rc", &["a", "b", "c"]);
        check("", &[]);
        check("a\n\nb", &["a", "", "b"]);
        check("From here\n>From there", &[" From here", " >From there"]);
        check(" x\ny  ", &["  x", "y"]);
        check("bye\n-- \nZoë", &["bye", "-- ", "Zoë"]);
        check("> > a\n>b\n> -- \n>", &[">> a", "> b", "> -- ", ">"]);
        let long = "word ".repeat(20);
        check(
            &format!("> {long}"),
            &[
                &format!("> {}", "word ".repeat(14)),
                &format!("> {}", "word ".repeat(6).trim_end()),
            ],
        );
        let dashes = format!("{} -- {}", "a".repeat(70), "b".repeat(71));
        for line in lines(&dashes) {
            assert_ne!(line, "-- ");
        }
    }

    /// What a reader who knows the format makes of it.
    fn read(lines: &[String]) -> Vec<(u8, String)> {
        let joined = flowed::join(&lines.join("\r\n"), false);
        joined.into_iter().map(|p| (p.level, p.text)).collect()
    }

    proptest! {
        #[test]
        fn what_is_typed_is_what_is_read(text in "(> |>|>>)?[a-zäß>. \\-F]{0,40}( [a-z文字>From\\-]{1,30}){0,30}\n?.{0,20}") {
            let want: Vec<(u8, String)> = split(&text)
                .map(quote::level)
                .map(|(level, rest)| match rest {
                    "-- " => (level, rest.to_owned()),
                    _ => (level, rest.trim_end().to_owned()),
                })
                .collect();
            let mut want = want;
            // Only blanks are left out in front of the end: a line of a tab is one.
            let blank = |line: &str| line.trim_end_matches(' ').is_empty();
            if split(&text).last().is_some_and(blank) {
                want.pop();
            }
            let made = lines(&text);
            for line in &made {
                prop_assert!(!line.contains(['\r', '\n']));
            }
            prop_assert_eq!(read(&made), want);
        }
    }
}
