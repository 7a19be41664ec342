//! Names in a Maildir: what the name of a message's file and of a subfolder says.
//!
//! The flags of a message are letters behind `:2,` (`;2,` and `!2,` where a file system takes no
//! colon): `D` draft, `F` flagged, `P` passed on (`$Forwarded`), `R` answered, `S` seen, `T` to be
//! deleted. Small letters are keywords, which the file `dovecot-keywords` numbers from `a` on. A
//! subfolder is a folder beside cur, new and tmp whose name is its levels, each behind a dot
//! (Maildir++); its levels are written in modified UTF-7 (RFC 9051 appendix A), and so are dots and
//! slashes in them, so that every name of a mailbox becomes one name of a folder and comes back.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

use crate::model::Flags;

/// The file that tells which keyword a small letter is.
pub const KEYWORDS: &str = "dovecot-keywords";

const FORWARDED: &str = "$Forwarded";
const LETTERS: [(u8, u8); 5] = [
    (b'D', Flags::DRAFT),
    (b'F', Flags::FLAGGED),
    (b'R', Flags::ANSWERED),
    (b'S', Flags::SEEN),
    (b'T', Flags::DELETED),
];
const BASE: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The flags that the name of a file tells, with the keywords of its folder.
pub fn flags(name: &[u8], keywords: &[String]) -> Flags {
    let mut flags = Flags::none();
    let info = name
        .windows(3)
        .rposition(|some| matches!(some, b":2," | b";2," | b"!2,"));
    let letters = info.and_then(|at| name.get(at + 3..)).unwrap_or_default();
    for letter in letters {
        if let Some((_, flag)) = LETTERS.iter().find(|(one, _)| one == letter) {
            flags.system |= flag;
        }
        if *letter == b'P' {
            flags.insert(FORWARDED);
        }
        if letter.is_ascii_lowercase()
            && let Some(keyword) = keywords.get(usize::from(letter - b'a'))
        {
            flags.insert(keyword);
        }
    }
    flags
}

/// The keywords of a folder, in the order of their letters.
pub fn keywords(file: &str) -> Vec<String> {
    let mut all = Vec::new();
    for line in file.lines() {
        let Some((number, keyword)) = line.split_once(' ') else {
            continue;
        };
        if let Ok(number) = number.parse::<usize>()
            && number < 26
        {
            if all.len() <= number {
                all.resize(number + 1, String::new());
            }
            if let Some(place) = all.get_mut(number) {
                keyword.clone_into(place);
            }
        }
    }
    all
}

/// The file that [`keywords`] reads.
pub fn keywords_file(keywords: &[String]) -> String {
    let line = |(number, keyword): (usize, &String)| format!("{number} {keyword}\n");
    keywords.iter().enumerate().map(line).collect()
}

/// The info of a message's file. Keywords that are not among those of the folder yet are put there,
/// as long as there are letters.
pub fn info(flags: &Flags, keywords: &mut Vec<String>) -> String {
    let mut letters: Vec<u8> = LETTERS
        .iter()
        .filter(|(_, flag)| flags.system & flag != 0)
        .map(|(letter, _)| *letter)
        .collect();
    for keyword in &flags.keywords {
        if keyword.eq_ignore_ascii_case(FORWARDED) {
            letters.push(b'P');
            continue;
        }
        let known = keywords
            .iter()
            .position(|one| one.eq_ignore_ascii_case(keyword));
        let at = known.unwrap_or(keywords.len());
        if let Ok(at @ 0..26) = u8::try_from(at) {
            if known.is_none() {
                keywords.push(keyword.clone());
            }
            letters.push(b'a' + at);
        }
    }
    letters.sort_unstable();
    format!(":2,{}", String::from_utf8_lossy(&letters))
}

/// The folder of a mailbox.
pub fn folder<'a>(levels: impl IntoIterator<Item = &'a str>) -> String {
    let mut name = String::new();
    for level in levels {
        name.push('.');
        encode(level, &mut name);
    }
    name
}

/// The levels of the mailbox of a folder; `None` if it is no subfolder.
pub fn levels(folder: &str) -> Option<Vec<String>> {
    let rest = folder.strip_prefix('.')?;
    if rest.is_empty() || rest.split('.').any(str::is_empty) {
        return None;
    }
    Some(rest.split('.').map(decode).collect())
}

fn encode(level: &str, out: &mut String) {
    let plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '.' | '/' | '&');
    let mut rest = level;
    while let Some(first) = rest.chars().next() {
        if plain(first) {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        if first == '&' {
            out.push_str("&-");
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let end = rest
            .find(|c: char| plain(c) || c == '&')
            .unwrap_or(rest.len());
        let (now, later) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let octets: Vec<u8> = now.encode_utf16().flat_map(u16::to_be_bytes).collect();
        out.push('&');
        out.push_str(&BASE.encode(octets));
        out.push('-');
        rest = later;
    }
}

/// Undecodable ones as they are.
fn decode(level: &str) -> String {
    decoded(level).unwrap_or_else(|| level.to_owned())
}

fn decoded(level: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = level;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (code, later) = after.split_once('-')?;
        if code.is_empty() {
            out.push('&');
        } else {
            let octets = BASE.decode(code).ok()?;
            if octets.len() % 2 != 0 {
                return None;
            }
            let units = octets.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            for one in char::decode_utf16(units) {
                out.push(one.ok()?);
            }
        }
        rest = later;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_keywords_of_a_name_come_back() {
        let words = keywords("0 Work\n1 $Label1\nx\n99 no\n3 Last\n");
        assert_eq!(words, ["Work", "$Label1", "", "Last"]);
        let check = |name: &str, expected: &str| {
            assert_eq!(flags(name.as_bytes(), &words).to_string(), expected);
        };
        check("1700000000.M1P2.host:2,FRS", "\\Seen \\Answered \\Flagged");
        check("1.2.host,S=12:2,DT", "\\Deleted \\Draft");
        check("1.2.host;2,S", "\\Seen");
        check("1.2.host:2,PSab", "\\Seen $Forwarded $Label1 Work");
        check("1.2.host:2,zZ", "");
        check("1.2.host:1,S", "");
        check("1.2.host", "");
        check("1.2.host:2,F:2,S", "\\Seen");
        let mut made = Vec::new();
        let all = Flags::parse(["\\Seen", "\\Draft", "$forwarded", "Work", "b"]);
        assert_eq!(info(&all, &mut made), ":2,DPSab");
        assert_eq!(keywords(&keywords_file(&made)), made);
        assert_eq!(info(&Flags::none(), &mut made), ":2,");
        let many = Flags::parse(
            (0..40)
                .map(|n| format!("k{n:02}"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        );
        assert_eq!(info(&many, &mut made).len(), 3 + 24);
        assert_eq!(made.len(), 26);
    }

    #[test]
    fn p9_every_name_of_a_mailbox_is_one_name_of_a_folder_and_comes_back() {
        for (name, expected) in [
            (&["Trips", "2026"][..], ".Trips.2026"),
            (&["v1.2"], ".v1&AC4-2"),
            (&["a/b"], ".a&AC8-b"),
            (&["..", "x"], ".&AC4ALg-.x"),
            (&["Zoë & Co"], ".Zo&AOs- &- Co"),
            (&["日本"], ".&ZeVnLA-"),
            (&["a\0\n\u{1b}b"], ".a&AAAACgAb-b"),
        ] {
            let folder = folder(name.iter().copied());
            assert_eq!(folder, expected);
            assert!(!folder.contains(['/', '\0']));
            assert_eq!(levels(&folder).unwrap(), name);
        }
        for odd in ["", ".", "..", "cur", ".a.", ".a..b"] {
            assert_eq!(levels(odd), None);
        }
        assert_eq!(levels(".a&b").unwrap(), ["a&b"]);
        assert_eq!(levels(".&AA-").unwrap(), ["&AA-"]);
    }
}
