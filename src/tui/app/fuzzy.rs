//! Which names a few typed letters mean, and which of them first.

/// How well `text` answers to `query`; `None` when it does not. Every word of the query must be
/// found in the text, its letters in their order but not side by side; letters side by side, at the
/// beginning and at the beginnings of words count more, and of two equals the much shorter text wins.
pub fn score(query: &str, text: &str) -> Option<i64> {
    let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let mut sum = 0;
    for word in query.split_whitespace() {
        let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        sum += best(&word, &letters)?;
    }
    let length = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    // A few letters more or less are no reason: the mailboxes of an account stay in their order.
    Some(sum * 64 - (length / 8).min(63))
}

/// The places of the items that answer to `query`, best first; equals stay in their order. An item
/// is a name and words about it: a name that answers comes before words that hold the query as it
/// stands.
pub fn ranked<'a>(query: &str, items: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    let asked = query.to_lowercase();
    let mut found: Vec<(Option<i64>, usize)> = Vec::new();
    for (at, (name, words)) in items.enumerate() {
        let score = score(query, name);
        let words = words.to_lowercase();
        if score.is_some() || asked.split_whitespace().all(|word| words.contains(word)) {
            found.push((score, at));
        }
    }
    if !asked.trim().is_empty() {
        found.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    }
    found.into_iter().map(|(_, at)| at).collect()
}

const FIRST: i64 = 8;
const BEGINS: i64 = 6;
const BESIDE: i64 = 5;
const LETTER: i64 = 1;
/// Letters of a text that are looked at.
const MOST: usize = 400;

/// The best sum over all ways to find the letters of `word` in order: one row of sums for each
/// letter, where each sum ends with that letter at that place.
fn best(word: &[char], letters: &[char]) -> Option<i64> {
    let letters = letters.get(..letters.len().min(MOST)).unwrap_or_default();
    let mut row: Vec<Option<i64>> = Vec::new();
    for (nth, wanted) in word.iter().enumerate() {
        let mut next = Vec::with_capacity(letters.len());
        let mut reached: Option<i64> = None;
        for (at, letter) in letters.iter().enumerate() {
            let beside = at.checked_sub(1).and_then(|before| *row.get(before)?);
            let sum = if letter != wanted {
                None
            } else if nth == 0 {
                Some(worth(letters, at))
            } else {
                let apart = reached.map(|sum| sum + worth(letters, at));
                let beside = beside.map(|sum| sum + BESIDE.max(worth(letters, at)));
                apart.max(beside)
            };
            next.push(sum);
            // What a later letter may stand apart from: everything before its neighbour and it.
            reached = reached.max(row.get(at).copied().flatten());
        }
        row = next;
    }
    if word.is_empty() {
        return Some(0);
    }
    row.into_iter().flatten().max()
}

fn worth(letters: &[char], at: usize) -> i64 {
    match at.checked_sub(1).and_then(|before| letters.get(before)) {
        None => FIRST,
        Some(before) if !before.is_alphanumeric() => BEGINS,
        Some(_) => LETTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, names: &[&str], found: &[&str]) {
        let places = ranked(query, names.iter().map(|name| (*name, "")));
        let got: Vec<&str> = places.into_iter().map(|at| names[at]).collect();
        assert_eq!(got, found, "{query:?}");
    }

    #[test]
    fn the_likeliest_name_comes_first() {
        let names = [
            "INBOX",
            "Drafts",
            "Archive",
            "Work",
            "Work/Projects",
            "Receipts",
            "Lists/rust-users",
            "bob:INBOX",
        ];
        check("rec", &names, &["Receipts", "Work/Projects"]);
        check("pro", &names, &["Work/Projects"]);
        check("wp", &names, &["Work/Projects"]);
        check("work", &names, &["Work", "Work/Projects"]);
        check("bob", &names, &["bob:INBOX"]);
        let boxes = ["bob:INBOX", "bob:Sent", "bob:Archive"];
        check("bob", &boxes, &boxes);
        check("in bob", &names, &["bob:INBOX"]);
        check("inbox", &names, &["INBOX", "bob:INBOX"]);
        check("ru", &names, &["Lists/rust-users"]);
        check("zz", &names, &[]);
        check("", &["b", "a"], &["b", "a"]);
    }

    #[test]
    fn letters_in_any_case_and_script_are_found() {
        check(
            "größe",
            &["Übersicht GRÖSSE", "Übersicht GRÖßE"],
            &["Übersicht GRÖßE"],
        );
        check("会议", &["会议纪要", "议会"], &["会议纪要"]);
        check("EMPFÄ", &["Empfänger"], &["Empfänger"]);
    }

    #[test]
    fn a_name_comes_before_words_about_another() {
        let items = [
            ("next", "Goes to the row below"),
            ("goto", "Opens a folder"),
        ];
        assert_eq!(ranked("got", items.into_iter()), [1]);
        assert_eq!(ranked("goes", items.into_iter()), [0]);
        assert_eq!(ranked("folder", items.into_iter()), [1]);
    }

    #[test]
    fn a_long_name_costs_no_more_than_its_first_letters() {
        let long = "ab".repeat(1_000_000);
        assert!(score(&"b".repeat(150), &long).is_some());
        assert!(score("c", &long).is_none());
    }
}
