//! Text as the words that a search finds it by.
//!
//! What stands in mail and what is looked for go through the same function, so that whatever it does
//! to a letter it does on both sides: compatibility forms, case and accents go ([`fold`]), marks
//! part words, and runs of letters in scripts without blanks become every two letters that follow
//! each other, so that a word in the middle of a sentence is found. Words stand in lower case, hold
//! letters and digits alone and are parted by one blank: nothing of a search engine's own language
//! can be among them.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::model::query::is_unspaced;

use super::fold;

/// Octets of a word; a longer one is found by its beginning.
const LONGEST: usize = 48;

/// Puts the words of a text behind those that are there, a blank after each.
pub fn of_text(text: &str, out: &mut String) {
    gather(text, true, out);
}

/// The words of what is looked for. The last letters of a run without blanks may go on in the text.
pub fn of_query(text: &str) -> Vec<String> {
    let mut out = String::new();
    gather(text, false, &mut out);
    out.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a word is a letter of a script without blanks, which is found as the beginning of two.
pub fn is_half(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(is_unspaced) && letters.next().is_none()
}

/// Whether a word is two letters of a script without blanks, which never go on.
pub fn is_pair(word: &str) -> bool {
    word.chars().next().is_some_and(is_unspaced) && word.chars().count() == 2
}

fn gather(text: &str, ends: bool, out: &mut String) {
    // Line ends and their like part words; folding would take them away.
    let mut lines = text.split(char::is_control).peekable();
    while let Some(line) = lines.next() {
        if line.is_ascii() {
            of_ascii(line, out);
        } else {
            of_line(line, ends || lines.peek().is_some(), out);
        }
    }
}

fn of_line(text: &str, ends: bool, out: &mut String) {
    let folded = fold::text(text);
    let folded: Cow<'_, str> = if folded.is_ascii() {
        Cow::Owned(folded)
    } else {
        // Marks that are letters stay with them: syllables of Hangul, kana with their signs.
        ComposingNormalizerBorrowed::new_nfc()
            .normalize(&folded)
            .into_owned()
            .into()
    };
    let mut words = Words {
        out,
        start: None,
        before: None,
        length: 0,
    };
    for c in folded.chars() {
        if is_unspaced(c) {
            words.end();
            words.pair(c);
        } else if c.is_alphanumeric() || is_mark(c) {
            words.end_run(true);
            words.letter(c);
        } else {
            words.end();
            words.end_run(true);
        }
    }
    words.end();
    words.end_run(ends);
}

fn of_ascii(text: &str, out: &mut String) {
    out.reserve(text.len() + 1);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let word = word.get(..LONGEST).unwrap_or(word);
        if !word.is_empty() {
            out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
            out.push(' ');
        }
    }
}

struct Words<'a> {
    out: &'a mut String,
    /// Where the word begins that is being written.
    start: Option<usize>,
    /// The letter before in a run without blanks.
    before: Option<char>,
    /// Letters of that run.
    length: usize,
}

impl Words<'_> {
    fn letter(&mut self, c: char) {
        let start = *self.start.get_or_insert(self.out.len());
        if self.out.len() - start + c.len_utf8() <= LONGEST {
            self.out.push(c);
        }
    }

    fn end(&mut self) {
        if self.start.take().is_some() {
            self.out.push(' ');
        }
    }

    fn pair(&mut self, c: char) {
        if let Some(before) = self.before {
            self.out.push(before);
            self.out.push(c);
            self.out.push(' ');
        }
        self.before = Some(c);
        self.length += 1;
    }

    /// The last letter of a run stands alone, too, so that it is found and that what follows the run
    /// follows it. At the end of what is looked for it does not: the run may go on there.
    fn end_run(&mut self, is_over: bool) {
        if let Some(last) = self.before.take()
            && (is_over || self.length == 1)
        {
            self.out.push(last);
            self.out.push(' ');
        }
        self.length = 0;
    }
}

/// Signs without which a word of their script is another one, and which are not letters themselves.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}' | '\u{eb1}'..='\u{ecd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let mut out = String::new();
        of_text(text, &mut out);
        out.trim_end().to_owned()
    }

    #[test]
    fn text_falls_into_folded_words() {
        let check = |text: &str, want: &str| assert_eq!(words(text), want, "{text}");
        check("", "");
        check("  -- * \"'()^{}: ", "");
        check("Foo-Bar don't a_b", "foo bar don t a b");
        check("zoe.m@Example.org", "zoe m example org");
        check("Zoë Straße Øystein ﬁn", "zoe strasse oystein fin");
        check("Żółć ИЙ", "zolc ии");
        check("שָׁלוֹם عَلِي", "שלום علي");
        check("प्रिया", "प्रिया");
        check("日本語", "日本 本語 語");
        check("会議 の", "会議 議 の");
        check("JR東日本2号", "jr 東日 日本 本 2 号");
        check("ガッツ ｶﾞ", "ガッ ッツ ツ ガ");
        check("김철수입니다", "김철 철수 수입 입니 니다 다");
        check("2026-019 １２", "2026 019 12");
        check("a\u{202e}b\u{200b}c\u{0}d", "abc d");
        check("é\nb\té\r\n日\n本", "e b e 日 本");
        assert_eq!(words(&"a".repeat(500)), "a".repeat(48));
        assert_eq!(words(&"é".repeat(500)).len(), 48);
    }

    #[test]
    fn what_is_looked_for_falls_into_the_words_of_the_text_in_which_it_stands() {
        let check = |query: &str, want: &[&str]| assert_eq!(of_query(query), want, "{query}");
        check("Zoë", &["zoe"]);
        check("foo-ba", &["foo", "ba"]);
        check("本", &["本"]);
        check("本語", &["本語"]);
        check("日本語", &["日本", "本語"]);
        check("日本 JR", &["日本", "本", "jr"]);
        check("\" AND *", &["and"]);
        assert!(is_half("本") && !is_half("本語") && !is_half("a"));
        assert!(is_pair("本語") && !is_pair("ab") && !is_pair("本"));
    }
}
