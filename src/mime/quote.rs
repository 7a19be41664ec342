//! Quotes of plain text: levels, whose they are, and which of them fold.

use super::document::{Fold, Line};
use super::sanitize::Shown;

/// Lines that a quote may have unfolded.
const LONG: usize = 6;
/// Levels that are shown unfolded.
const DEEP: u8 = 2;

/// The quote level of a line and the text behind the marks: `> > a`, `>>a`, `> >> a`.
pub fn level(line: &str) -> (u8, &str) {
    let mut level = 0u8;
    let mut rest = line;
    // What mbox escaped is no quote.
    if line.starts_with(">From ") {
        return (0, line);
    }
    loop {
        let after = rest
            .strip_prefix('>')
            .or_else(|| rest.strip_prefix(" >").filter(|_| level > 0));
        match after {
            Some(after) => {
                rest = after;
                level = level.saturating_add(1);
            }
            None => break,
        }
    }
    if level > 0 {
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    (level, rest)
}

/// Finds what folds among `lines` from `first` on: quotes longer than six lines, and two or more
/// lines that are quoted more than twice. A text that is all quote stays open.
pub fn folds(lines: &[Line], first: usize) -> Vec<Fold> {
    let mut out = Vec::new();
    let own = |l: &Line| l.quote == 0 && !l.is_blank() && !is_attribution(&l.text());
    if !lines.iter().skip(first).any(own) {
        return out;
    }
    let mut at = first;
    while at < lines.len() {
        let end = run(lines, at, 1);
        if end == at {
            at += 1;
            continue;
        }
        let author = author_before(lines, at);
        if end - at > LONG {
            out.push(fold(at, end, author));
        } else {
            deep_folds(lines, at, end, &mut out);
        }
        at = end;
    }
    out
}

fn fold(first: usize, end: usize, author: Shown) -> Fold {
    Fold {
        first,
        lines: end - first,
        author,
    }
}

/// Where the run of lines of at least `level` that starts at `at` ends.
fn run(lines: &[Line], at: usize, level: u8) -> usize {
    let rest = lines.iter().skip(at);
    at + rest.take_while(|line| line.quote >= level).count()
}

fn deep_folds(lines: &[Line], from: usize, to: usize, out: &mut Vec<Fold>) {
    let mut at = from;
    while at < to {
        let end = run(lines, at, DEEP + 1).min(to);
        // One row in place of one row would hide and save nothing.
        if end == at + 1 {
            at = end;
        } else if end > at {
            out.push(fold(at, end, author_before(lines, at)));
            at = end;
        } else {
            at += 1;
        }
    }
}

fn author_before(lines: &[Line], at: usize) -> Shown {
    let mut words = String::new();
    for line in lines.get(at.saturating_sub(3)..at).unwrap_or_default() {
        if line.is_blank() {
            words.clear();
        } else {
            words.push(' ');
            words.push_str(&line.text());
        }
    }
    if words.is_empty() {
        // The usual blank line between "… wrote:" and the quote.
        for line in lines.get(at.saturating_sub(4)..at).unwrap_or_default() {
            words.push(' ');
            words.push_str(&line.text());
        }
    }
    author(&words)
        .map(|name| Shown::name(&name))
        .unwrap_or_default()
}

const VERBS: [&str; 14] = [
    " wrote",
    " writes",
    " schrieb",
    " a écrit",
    " ha scritto",
    " escribió",
    " escreveu",
    " skrev",
    " schreef",
    " napisał",
    " написал",
    " kirjoitti",
    " said",
    " пишет",
];

/// Whether a line introduces a quote: `On … Tom O'Brien wrote:`.
pub fn is_attribution(text: &str) -> bool {
    let text = text.trim_end();
    text.len() < 400 && text.ends_with([':', '：']) && VERBS.iter().any(|verb| text.contains(verb))
}

/// Whether a line may be the first of an attribution in two lines.
pub fn starts_attribution(text: &str) -> bool {
    const STARTS: [&str; 8] = ["On ", "Am ", "Le ", "El ", "Il ", "Em ", "Op ", "Den "];
    STARTS.iter().any(|start| text.starts_with(start)) && text.chars().any(|c| c.is_ascii_digit())
}

/// Whether a line parts what somebody wrote from the message below it:
/// `-----Original Message-----`.
pub fn is_separator(text: &str) -> bool {
    const WORDS: [&str; 8] = [
        "original message",
        "forwarded message",
        "ursprüngliche nachricht",
        "weitergeleitete nachricht",
        "message d'origine",
        "message original",
        "mensaje original",
        "messaggio originale",
    ];
    let text = text.trim();
    text.len() < 120
        && text.starts_with("--")
        && text.ends_with("--")
        && WORDS.iter().any(|w| text.to_lowercase().contains(w))
}

/// The name in an attribution.
pub fn author(text: &str) -> Option<String> {
    if !is_attribution(text) {
        return None;
    }
    let (at, verb) = VERBS
        .iter()
        .filter_map(|verb| text.rfind(verb).map(|at| (at, *verb)))
        .max()?;
    let after = text
        .get(at + verb.len()..)?
        .trim_matches([':', ' ', '：', '(', 'a', ')']);
    let name = if after.chars().filter(|c| c.is_alphabetic()).count() > 2 {
        after
    } else {
        text.get(..at)?
    };
    let name = strip_address(name);
    let name = name.rsplit([',', ';']).find(|s| !s.trim().is_empty())?;
    let mut words: Vec<&str> = name.split_whitespace().collect();
    let clock = |w: &str| {
        w.starts_with(|c: char| c.is_ascii_digit() || "+-(".contains(c))
            || [
                "at", "On", "on", "AM", "PM", "am", "pm", "um", "à", "Am", "Le", "GMT", "UTC",
                "kl.",
            ]
            .contains(&w)
    };
    let start = words.iter().rposition(|w| clock(w)).map_or(0, |n| n + 1);
    words.drain(..start);
    let name = words.join(" ").trim_matches(['"', '\'', ' ']).to_owned();
    (!name.is_empty() && name.chars().count() <= 60).then_some(name)
}

fn strip_address(name: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    for c in name.chars() {
        match c {
            '<' | '[' => depth += 1,
            '>' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    if out.trim().is_empty() {
        name.to_owned()
    } else {
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quote_levels_count_marks_however_they_are_spaced() {
        let check = |line: &str, want: (u8, &str)| assert_eq!(level(line), want, "{line}");
        check("a", (0, "a"));
        check("> a", (1, "a"));
        check(">>  a", (2, " a"));
        check("> > > a", (3, "a"));
        check(">", (1, ""));
        check(">From here", (0, ">From here"));
        check(" > a", (0, " > a"));
        assert_eq!(level(&">".repeat(1000)).0, 255);
    }

    #[test]
    fn the_author_of_a_quote_is_read_from_the_line_before() {
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(author(text).as_deref(), want, "{text}");
        };
        check(
            "On Thu, Nov 12, 2026 at 1:32 PM Tom O'Brien <t@x> wrote:",
            Some("Tom O'Brien"),
        );
        check(
            "On 12 Nov 2026, at 01:32, Tom O'Brien <t@x> wrote:",
            Some("Tom O'Brien"),
        );
        check("Tom O'Brien wrote:", Some("Tom O'Brien"));
        check(
            "Am 12.11.2026 um 01:32 schrieb Zoë Müller:",
            Some("Zoë Müller"),
        );
        check("Le 12/11/2026 à 10:00, Jean a écrit :", Some("Jean"));
        check("t@x.example wrote:", Some("t@x.example"));
        check("That is what I said", None);
        check("wrote:", None);
    }

    #[test]
    fn separators_of_forwarded_text_are_known() {
        for text in [
            "-----Original Message-----",
            "---------- Forwarded message ---------",
            "-------- Ursprüngliche Nachricht --------",
        ] {
            assert!(is_separator(text), "{text}");
        }
        assert!(!is_separator("-- original message"));
        assert!(!is_separator("the original message"));
        assert!(starts_attribution("On Mon, 5 May 2026, Tom O'Brien"));
        assert!(!starts_attribution("On the whole"));
    }
}
