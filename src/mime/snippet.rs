//! The words around what was found in a text, with the found ones in brackets.

use crate::model::query::{Field, Text, is_unspaced, least};

use super::fold;

/// Characters of a text in which is looked.
const FAR: usize = 200_000;
/// Characters that are shown before what was found.
const BEFORE: usize = 30;
/// Places that are marked.
const MARKS: usize = 20;

/// About `room` characters of the text around the first of the words, with `[` and `]` around each;
/// `None` where none of them stands in it.
pub fn cut(text: &str, words: &[&Text], room: usize) -> Option<String> {
    let letters = letters(text);
    let meant = words
        .iter()
        .filter(|one| matches!(one.field, Field::Any | Field::Body));
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for one in meant {
        hits.extend(places(&letters, one));
    }
    hits.sort_unstable();
    let first = hits.first()?.0;
    let all: Vec<char> = text.chars().take(FAR).collect();
    let from = begin(&all, first);
    let to = end(&all, from + room);
    let mut out = String::from(if from > 0 { "..." } else { "" });
    let mut at = from;
    for (start, end) in hits
        .into_iter()
        .filter(|(start, _)| (from..to).contains(start))
    {
        // Two words may overlap.
        if start < at {
            continue;
        }
        push(&mut out, all.get(at..start));
        out.push('[');
        push(&mut out, all.get(start..end));
        out.push(']');
        at = end;
    }
    push(&mut out, all.get(at..to));
    if to < all.len() {
        out.push_str("...");
    }
    Some(out.trim().to_owned())
}

/// Where the shown part begins: some words before what was found.
fn begin(all: &[char], first: usize) -> usize {
    let from = first.saturating_sub(BEFORE);
    if from == 0 {
        return 0;
    }
    let head = all.get(from..first).unwrap_or_default();
    let blank = head.iter().position(|c| c.is_whitespace());
    let from = blank.map_or(from, |at| from + at);
    let rest = all.get(from..first).unwrap_or_default();
    from + rest.iter().take_while(|c| c.is_whitespace()).count()
}

/// Where it ends: behind a word, if one ends near there.
fn end(all: &[char], at: usize) -> usize {
    let Some(head) = all.get(..at) else {
        return all.len();
    };
    let back = head.iter().rev().take(20).position(|c| c.is_whitespace());
    back.map_or(at, |back| at - back - 1)
}

fn push(out: &mut String, some: Option<&[char]>) {
    for c in some.unwrap_or_default() {
        if !c.is_whitespace() {
            out.push(*c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

/// The text as it is compared: each letter with the number of the character that it comes from, and
/// one blank for what lies between words.
fn letters(text: &str) -> Vec<(char, usize)> {
    let mut letters: Vec<(char, usize)> = Vec::new();
    let blank = |letters: &mut Vec<(char, usize)>, at| {
        if letters.last().is_none_or(|(c, _)| *c != ' ') {
            letters.push((' ', at));
        }
    };
    for (at, c) in text.chars().take(FAR).enumerate() {
        if c.is_ascii() {
            match c.is_ascii_alphanumeric() {
                true => letters.push((c.to_ascii_lowercase(), at)),
                false => blank(&mut letters, at),
            }
            continue;
        }
        let folded = fold::text(c.encode_utf8(&mut [0; 4]));
        let is_letter = folded.chars().any(|c| c.is_alphanumeric());
        // A mark that folding takes away parts no words.
        if !is_letter && (c.is_whitespace() || !folded.is_empty()) {
            blank(&mut letters, at);
        }
        letters.extend(
            folded
                .chars()
                .filter(|c| c.is_alphanumeric())
                .map(|c| (c, at)),
        );
    }
    letters
}

/// Where a word or phrase stands, from its first to behind its last character.
fn places(letters: &[(char, usize)], text: &Text) -> Vec<(usize, usize)> {
    let wanted: Vec<char> = self::letters(&text.text)
        .into_iter()
        .map(|(c, _)| c)
        .collect();
    let wanted: Vec<char> = wanted
        .into_iter()
        .collect::<String>()
        .trim()
        .chars()
        .collect();
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
        return Vec::new();
    };
    let word = wanted.rsplit(|c| *c == ' ').next().unwrap_or_default();
    let word: String = word.iter().collect();
    let is_whole = (text.quoted || word.chars().count() < least(&word)) && !is_unspaced(*last);
    let is_anywhere = is_unspaced(*first);
    let mut found = Vec::new();
    let mut before = ' ';
    for (at, (c, from)) in letters.iter().enumerate() {
        let begins = before == ' ' || is_anywhere || is_unspaced(before);
        before = *c;
        if !begins || c != first {
            continue;
        }
        let Some(some) = letters.get(at..at + wanted.len()) else {
            break;
        };
        let after = letters.get(at + wanted.len()).map_or(' ', |(c, _)| *c);
        let ends = !is_whole || after == ' ' || is_unspaced(after);
        if ends && some.iter().map(|(c, _)| c).eq(wanted.iter()) {
            found.push((*from, some.last().map_or(*from, |(_, at)| at + 1)));
        }
        if found.len() >= MARKS {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Query;

    fn shown(text: &str, query: &str) -> String {
        let query = Query::parse(query).unwrap();
        cut(text, &query.words(), 60).unwrap_or_default()
    }

    #[test]
    fn what_was_found_stands_in_brackets_among_its_words() {
        let check = |text: &str, query: &str, want: &str| {
            assert_eq!(shown(text, query), want, "{query} in {text}");
        };
        let letter = "Dear Bob,\r\n\r\nyou will find the signed\r\ncontract attached, please send the other copy back.";
        check(
            letter,
            "contr",
            "...you will find the signed [contr]act attached, please send...",
        );
        check(
            "a contract, Contracts",
            "contract",
            "a [contract], [Contract]s",
        );
        check("a contract", "\"contract\"", "a [contract]");
        check("contracts", "\"contract\"", "");
        check("subcontract", "contract", "");
        check(
            "page three of page",
            "\"page three\" of",
            "[page three] [of] page",
        );
        check("Über Straßen", "strasse", "Über [Straße]n");
        check("来週の議事録です", "議事録", "来週の[議事録]です");
        check("it is", "subject:it", "");
        check("an it cat", "it", "an [it] cat");
        check("nothing", "else", "");
        check("[x] word", "word", "[x] [word]");
    }

    #[test]
    fn a_long_text_costs_its_beginning() {
        let text = format!("{} needle", "hay ".repeat(300_000));
        assert_eq!(shown(&text, "needle"), "");
        assert!(shown(&"hay ".repeat(300_000), "hay").len() < 200);
    }
}
