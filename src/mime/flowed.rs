//! format=flowed (RFC 3676): lines joined to paragraphs, DelSp, quote levels, space-stuffing.

/// A paragraph or a fixed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraph {
    /// How often it is quoted.
    pub level: u8,
    /// The text without quote marks and stuffing.
    pub text: String,
}

/// Bytes after which a paragraph ends though it says that it goes on.
const MAX: usize = 64 * 1024;

/// Joins the lines of a flowed text; `delsp` takes the blank at each soft break away.
pub fn join(text: &str, delsp: bool) -> Vec<Paragraph> {
    let mut out: Vec<Paragraph> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let marks = line.bytes().take_while(|b| *b == b'>').count();
        let level = u8::try_from(marks).unwrap_or(u8::MAX);
        let rest = line.get(marks..).unwrap_or_default();
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let signature = rest == "-- ";
        let soft = rest.ends_with(' ') && !signature;
        let kept = if soft && delsp {
            rest.get(..rest.len() - 1).unwrap_or_default()
        } else {
            rest
        };
        match out.last_mut() {
            Some(last) if open && last.level == level && !signature && last.text.len() < MAX => {
                last.text.push_str(kept);
            }
            _ => out.push(Paragraph {
                level,
                text: kept.to_owned(),
            }),
        }
        open = soft;
    }
    for paragraph in &mut out {
        if paragraph.text != "-- " {
            paragraph.text.truncate(paragraph.text.trim_end().len());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flowed_lines_join_as_rfc_3676_says() {
        let check = |text: &str, delsp: bool, want: &[(u8, &str)]| {
            let got = join(text, delsp);
            let got: Vec<(u8, &str)> = got.iter().map(|p| (p.level, p.text.as_str())).collect();
            assert_eq!(got, want, "{text:?}");
        };
        check("a \nb\nc", false, &[(0, "a b"), (0, "c")]);
        check("a \nb", true, &[(0, "ab")]);
        check(">a \n>b\n> c", false, &[(1, "a b"), (1, "c")]);
        check("> a \n>> b", false, &[(1, "a"), (2, "b")]);
        check(" >x\n From y", false, &[(0, ">x"), (0, "From y")]);
        check("bye \n-- \nme", false, &[(0, "bye"), (0, "-- "), (0, "me")]);
    }
}
