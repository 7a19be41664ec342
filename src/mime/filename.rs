//! File names that a message proposes, made safe to create (SAFETY A1, A2).

use super::sanitize::{self, Shown};

/// Bytes that a name may have.
const MAX: usize = 120;
/// Bytes of an extension that a shortened name keeps.
const MAX_EXTENSION: usize = 20;

/// A name for one file inside a chosen folder: last component, no control or bidi character, no
/// leading `.`, `-` or `~`, no reserved name, at most 120 bytes, never empty.
pub fn safe(proposed: &str) -> String {
    let trimmed = proposed.trim_end_matches(['/', '\\']);
    let last = trimmed.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control() && !sanitize::is_unseen(*c))
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let name = words.join(" ");
    let name = name
        .trim_start_matches(['.', '-', '~', ' '])
        .trim_end_matches(['.', ' ']);
    if name.is_empty() {
        return "attachment".to_owned();
    }
    let name = if is_reserved(name) {
        format!("_{name}")
    } else {
        name.to_owned()
    };
    shorten(&name)
}

/// The proposed name as a list shows it in `cells` cells: its end, the real extension, is always
/// in sight.
pub fn shown(proposed: &str, cells: usize) -> Shown {
    Shown::name(proposed).truncate_middle(cells)
}

/// The extension in lower case.
pub fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.trim_end().rsplit_once('.')?;
    let good = !stem.is_empty() && !extension.is_empty() && extension.len() <= MAX_EXTENSION;
    good.then(|| extension.to_lowercase())
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|p| {
        stem.strip_prefix(p)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    });
    numbered || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
}

fn shorten(name: &str) -> String {
    if name.len() <= MAX {
        return name.to_owned();
    }
    let end = extension(name).map_or(0, |_| name.len() - name.rfind('.').unwrap_or(name.len()));
    let room = MAX - end;
    let stem = name
        .get(..name.floor_char_boundary(room))
        .unwrap_or_default();
    let tail = name.get(name.len() - end..).unwrap_or_default();
    format!("{}{tail}", stem.trim_end_matches(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_hostile_names_stay_in_the_folder() {
        let check = |proposed: &str, want: &str| assert_eq!(safe(proposed), want, "{proposed:?}");
        check("report.pdf", "report.pdf");
        check("../../etc/passwd", "passwd");
        check("..\\..\\boot.ini", "boot.ini");
        check("/etc/passwd", "passwd");
        check("C:\\autoexec.bat", "autoexec.bat");
        check("C:evil", "C_evil");
        check("..", "attachment");
        check(".", "attachment");
        check("", "attachment");
        check("   ", "attachment");
        check("a/", "a");
        check("///", "attachment");
        check(".bashrc", "bashrc");
        check("-rf", "rf");
        check("~root", "root");
        check(".-~x", "x");
        check("a\0b\x1b[31m\r\n.txt", "ab[31m.txt");
        check("cod\u{202e}gpj.exe", "codgpj.exe");
        check("a\u{200b}\u{feff}.txt", "a.txt");
        check("CON", "_CON");
        check("nul.txt", "_nul.txt");
        check("com1.log", "_com1.log");
        check("a<b>|c?.txt", "a_b__c_.txt");
        check("evil.txt          .exe. ", "evil.txt .exe");
        check(
            &format!("{}.pdf", "é".repeat(200)),
            &format!("{}.pdf", "é".repeat(58)),
        );
        check(&"x".repeat(500), &"x".repeat(120));
        check(
            &format!("a.{}", "y".repeat(500)),
            &format!("a.{}", "y".repeat(118)),
        );
    }

    #[test]
    fn a2_a_shown_name_keeps_its_end() {
        let name = format!("evil.txt{}.exe", " ".repeat(300));
        assert_eq!(shown(&name, 30).as_str(), "evil.txt .exe");
        let long = shown(&format!("{}.exe", "a".repeat(300)), 20);
        assert!(long.as_str().ends_with(".exe") && long.width() == 20);
        assert!(
            shown("cod\u{202e}gpj.exe", 40)
                .as_str()
                .contains("<U+202E>")
        );
    }
}
