//! A command given as one text, cut into the words that it runs as. There is no shell: nothing is
//! expanded, substituted or joined (SAFETY P11).

use super::error::Failure;

/// Cuts `text` at blanks; `'…'` and `"…"` hold blanks, a backslash outside of `'…'` takes the next
/// character as it is.
pub fn split(text: &str) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let Some(next) = chars.next() else {
                    return Err(Failure::usage("The command ends in a lone backslash"));
                };
                word.get_or_insert_default().push(next);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Failure::usage("The command has a quote that does not end"));
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err(Failure::usage("The command is empty"));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn p11_words_are_cut_without_a_shell() {
        for (text, words) in [
            ("pass show mail", &["pass", "show", "mail"][..]),
            ("  a  'b c'\td\\ e ", &["a", "b c", "d e"]),
            (
                r#"x "a \" $HOME `id`" '\' "#,
                &["x", "a \" $HOME `id`", "\\"],
            ),
            ("a '' b;c|d&", &["a", "", "b;c|d&"]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        for text in ["", " ", "'a", "a \\", "''"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
