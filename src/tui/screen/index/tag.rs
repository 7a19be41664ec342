//! The tag that a list puts before its subjects, left out where the row says it already.

/// The subject without tags that repeat the name of its list: the first label of its List-Id (RFC 2919
/// section 2) or `folder`, which holds its mail. `Re: ` stands once then. A subject that has no such tag,
/// or is nothing but tags, stays as it came.
pub fn folded(subject: &str, list_id: &str, folder: &str) -> String {
    let label = list_id.split('.').next().unwrap_or_default();
    let names = [label, list_id, folder].map(spelled);
    let is_name = |tag: &str| {
        let tag = spelled(tag);
        !tag.is_empty() && names.contains(&tag)
    };
    let (mut rest, mut is_reply, mut is_folded) = (subject.trim(), false, false);
    loop {
        if let Some(behind) = without_reply(rest) {
            (rest, is_reply) = (behind, true);
        } else if let Some((tag, behind)) = tagged(rest).filter(|(tag, _)| is_name(tag)) {
            let _ = tag;
            (rest, is_folded) = (behind, true);
        } else {
            break;
        }
    }
    match (is_folded && !rest.is_empty(), is_reply) {
        (false, _) => subject.to_owned(),
        (true, true) => format!("Re: {rest}"),
        (true, false) => rest.to_owned(),
    }
}

/// A name as it is compared: `Rust Users`, `rust-users` and `rust_users` are one.
fn spelled(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' '));
    kept.flat_map(char::to_lowercase).collect()
}

/// What stands behind a `Re: `.
fn without_reply(text: &str) -> Option<&str> {
    let (word, behind) = text.split_once(':')?;
    word.eq_ignore_ascii_case("re").then(|| behind.trim_start())
}

/// A tag in brackets, and what stands behind it.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let (tag, behind) = text.strip_prefix('[')?.split_once(']')?;
    Some((tag, behind.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "rust-users.lists.example.org";

    fn check(subject: &str, list: &str, folder: &str, shown: &str) {
        assert_eq!(
            folded(subject, list, folder),
            shown,
            "{subject} / {list} / {folder}"
        );
    }

    #[test]
    fn a_tag_is_folded_where_the_list_id_repeats_it() {
        check("[rust-users] Lifetimes", LIST, "", "Lifetimes");
        check("Re: [Rust-Users] Lifetimes", LIST, "", "Re: Lifetimes");
        check("[rust-users] Re: Lifetimes", LIST, "", "Re: Lifetimes");
        check(
            "Re: [rust-users] Re: [rust-users] Lifetimes",
            LIST,
            "",
            "Re: Lifetimes",
        );
        check("RE: re: [rust-users] Lifetimes", LIST, "", "Re: Lifetimes");
        check("[Rust Users] Lifetimes", LIST, "", "Lifetimes");
        check("[rust-users]Lifetimes", LIST, "", "Lifetimes");
        check("[ rust-users ]  Lifetimes", LIST, "", "Lifetimes");
        check(
            "[announce] [rust-users] x",
            LIST,
            "",
            "[announce] [rust-users] x",
        );
        check("[rust-users] [announce] x", LIST, "", "[announce] x");
        check("[größe] Maß", "Größe.example.org", "", "Maß");
        check("[rust-users.lists.example.org] x", LIST, "", "x");
    }

    #[test]
    fn a_tag_is_folded_where_the_folder_is_named_so() {
        check("[rust-users] Lifetimes", "", "rust-users", "Lifetimes");
        check(
            "Re: [Rust-Users] Lifetimes",
            "users.rust-lang.org",
            "Rust-Users",
            "Re: Lifetimes",
        );
        check("[patches] x", LIST, "Patches", "x");
        check("[patches] [rust-users] x", LIST, "Patches", "x");
    }

    #[test]
    fn every_other_subject_stays_as_it_came() {
        for subject in [
            "[other] Lifetimes",
            "Re: re: Lifetimes",
            "[rust-users]",
            "Re: [rust-users]",
            "[rust-users Lifetimes",
            "rust-users] Lifetimes",
            "[] Lifetimes",
            "Lifetimes [rust-users]",
            "Fwd: [rust-users] Lifetimes",
            "",
        ] {
            check(subject, LIST, "Work", subject);
        }
        check("[rust-users] Lifetimes", "", "", "[rust-users] Lifetimes");
        check("[] x", "", "", "[] x");
        check("[-] x", ".example.org", "", "[-] x");
    }
}
