//! Names and addresses as a person looks for them: without case, accents and compatibility forms.
//!
//! This is for finding, never for telling two addresses apart. Both sides go through [`text`]: what
//! stands in the store once, what is typed at each key.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Words of one name or address; the rest of a long one is not found by its later words.
const MAX_WORDS: usize = 16;
/// Letters of a name in a script without blanks up to which its inner letters begin words, too.
const MAX_UNSPACED: usize = 8;

/// The text in its compatibility decomposition, in lower case and without accents. Letters that
/// have no decomposition, such as `ø` and `ß`, stand as people without that key type them.
pub fn text(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut out = String::with_capacity(decomposed.len());
    for c in decomposed.chars().flat_map(char::to_lowercase) {
        if is_accent(c) || c.is_control() || super::sanitize::is_unseen(c) {
            continue;
        }
        match plain(c) {
            Some(letters) => out.push_str(letters),
            None => out.push(c),
        }
    }
    out
}

/// The marks over and under letters of scripts that are read without them. Vowel signs of other
/// scripts are letters: without them another name stands there.
fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{487}'
            | '\u{591}'..='\u{5bd}'
            | '\u{5bf}'
            | '\u{5c1}'..='\u{5c2}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "n",
        'ς' => "σ",
        _ => return None,
    })
}

/// The folded beginnings under which a name is found: its words, and what follows a mark inside a
/// word (`O'Brien`, `Jean-Luc`). Names in Chinese or Japanese letters are found by their inner ones,
/// too, because no blank says where the given name begins.
pub fn words_of_name(name: &str) -> Vec<String> {
    let mut words = Words::default();
    let folded = text(name);
    for word in folded.split(|c: char| c.is_whitespace() || ",;()<>\"".contains(c)) {
        words.with_inner(word, |c| !c.is_alphanumeric() && !is_sign(c));
        if word.chars().all(is_unspaced) && word.chars().count() <= MAX_UNSPACED {
            for (at, _) in word.char_indices().skip(1) {
                words.push(word.get(at..).unwrap_or_default());
            }
        }
    }
    words.0
}

/// The folded beginnings under which an address is found: the whole, what follows a mark in its
/// local part, its domain and the domains above that, without the topmost.
pub fn words_of_address(address: &str) -> Vec<String> {
    let mut words = Words::default();
    let folded = text(address);
    let (local, domain) = folded.rsplit_once('@').unwrap_or((&folded, ""));
    words.push(&folded);
    for part in local.split(|c: char| !c.is_alphanumeric()).skip(1) {
        words.push(part);
    }
    let mut rest = domain;
    while rest.contains('.') {
        words.push(rest);
        rest = rest.split_once('.').map_or("", |(_, above)| above);
    }
    if !domain.contains('.') {
        words.push(domain);
    }
    words.0
}

/// What is typed as folded words, each of which has to begin a word of what is looked for.
pub fn words_typed(typed: &str) -> Vec<String> {
    let mark = |c: char| !c.is_alphanumeric() && !is_sign(c);
    let folded = text(typed);
    let mut words = Vec::new();
    for word in folded.split(|c: char| c.is_whitespace() || ",;()<>\"".contains(c)) {
        let word = word.trim_start_matches(mark);
        if !word.is_empty() && words.len() < MAX_WORDS {
            words.push(word.to_owned());
        }
    }
    words
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn push(&mut self, word: &str) {
        let known = self.0.iter().any(|one| one == word);
        if !word.is_empty() && !known && self.0.len() < MAX_WORDS {
            self.0.push(word.to_owned());
        }
    }

    /// A word, and what follows each mark inside it.
    fn with_inner(&mut self, word: &str, is_mark: impl Fn(char) -> bool) {
        let word = word.trim_start_matches(&is_mark);
        self.push(word.trim_end_matches(&is_mark));
        for (at, c) in word.char_indices().filter(|(_, c)| is_mark(*c)) {
            let rest = word.get(at + c.len_utf8()..).unwrap_or_default();
            self.push(rest.trim_matches(&is_mark));
        }
    }
}

/// Vowel signs and their like, which are no letters of their own and still part of a word.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e30}'..='\u{e4e}' | '\u{3099}'..='\u{309c}')
}

/// Letters of scripts that are written without blanks.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x3005..=0x3007 | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff
        | 0x20000..=0x3134f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_forms_of_a_letter_do_not_matter() {
        let check = |typed: &str, want: &str| assert_eq!(text(typed), want, "{typed}");
        check("Zoë MÜLLER", "zoe muller");
        check("Zoe\u{308}", "zoe");
        check("Øystein Łukasz Straße Þór", "oystein lukasz strasse thor");
        check("ＡＢＣ ﬁn", "abc fin");
        check("Ёлкин Й", "елкин и");
        check("ΝΊΚΟΣ", "νικοσ");
        check("Νίκος", "νικοσ");
        check("İstanbul", "istanbul");
        check("שָׁלוֹם", "שלום");
        check("प्रिया", "प्रिया");
        check("がく", "か\u{3099}く");
        check("a\u{202e}b\u{200b}c", "abc");
    }

    #[test]
    fn a_name_is_found_by_each_of_its_words() {
        let check = |name: &str, want: &[&str]| assert_eq!(words_of_name(name), want, "{name}");
        check("Zoë Müller", &["zoe", "muller"]);
        check("Müller, Zoë (Sales)", &["muller", "zoe", "sales"]);
        check("Tom O'Brien", &["tom", "o'brien", "brien"]);
        check("Jean-Luc", &["jean-luc", "luc"]);
        check("प्रिया शर्मा", &["प्रिया", "शर्मा"]);
        check("山田太郎", &["山田太郎", "田太郎", "太郎", "郎"]);
        check("", &[]);
        assert_eq!(words_of_name(&"a b c d e f g h ".repeat(9)).len(), 8);
    }

    #[test]
    fn an_address_is_found_by_its_whole_its_parts_and_its_domain() {
        let check = |address: &str, want: &[&str]| {
            assert_eq!(words_of_address(address), want, "{address}");
        };
        check(
            "Zoe.Mueller+lists@mail.Example.org",
            &[
                "zoe.mueller+lists@mail.example.org",
                "mueller",
                "lists",
                "mail.example.org",
                "example.org",
            ],
        );
        check("root@localhost", &["root@localhost", "localhost"]);
    }

    #[test]
    fn what_is_typed_falls_into_words_without_their_marks() {
        let check = |typed: &str, want: &[&str]| assert_eq!(words_typed(typed), want, "{typed}");
        check("Anna  Mü", &["anna", "mu"]);
        check("\"Müller, Zo", &["muller", "zo"]);
        check("@example.o", &["example.o"]);
        check("anna.m@ex", &["anna.m@ex"]);
        check("<zoe@x>", &["zoe@x"]);
        check(" , ", &[]);
    }
}
