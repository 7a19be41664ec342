//! The settings of writing: identities, signatures, the copy in Sent, aliases.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::{Fault, check_address, one_line};
use crate::config::settings::{AccountSettings, Identity, Sending, SentCopy};
use crate::config::table::{Report, Section, expected, texts};

/// Octets of a signature; more is a letter of its own.
const MAX_SIGNATURE: usize = 4_000;
/// Seconds of an undo delay; a longer wait is a time that the person chooses.
const MAX_DELAY: i64 = 120;

/// What of an account says how it writes.
pub(super) fn read(
    section: &mut Section<'_, '_>,
    account: &mut AccountSettings,
    report: &mut Report,
) {
    account.signature = section
        .text(report, "signature", signature)
        .unwrap_or_default();
    let words = [("append", SentCopy::Append), ("server", SentCopy::Server)];
    account.sent_copy = section.word(report, "sent_copy", &words);
    for mut one in section.tables(report, "identity") {
        let address = one.text(report, "address", check_address);
        let identity = Identity {
            name: one
                .text(report, "name", one_line)
                .unwrap_or_else(|| account.name.clone()),
            address: address.clone().unwrap_or_default(),
            reply_to: one.text(report, "reply_to", check_address),
            signature: one
                .text(report, "signature", signature)
                .unwrap_or_else(|| account.signature.clone()),
        };
        if address.is_none() && one.take("address").is_none() {
            let span = one.span.clone();
            let why = "an identity needs an address";
            report.add(Fault::Value, &span, "account.identity.address", why);
        }
        one.finish(report);
        if address.is_some() {
            account.identities.push(identity);
        }
    }
}

/// Lines, without other control characters and without blank lines around them.
fn signature(text: &str) -> Result<String, String> {
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    let text = text.replace("\r\n", "\n");
    if text.chars().any(odd) {
        return Err("control characters have no place here".to_owned());
    }
    if text.len() > MAX_SIGNATURE {
        return Err(format!("a signature has at most {MAX_SIGNATURE} octets"));
    }
    Ok(text.trim_matches('\n').to_owned())
}

/// `[send]`.
pub(super) fn read_send(mut section: Section<'_, '_>, report: &mut Report) -> Sending {
    let mut sending = Sending::default();
    if let Some(delay) = section.number(report, "undo_delay", 0..=MAX_DELAY) {
        sending.undo_delay = u32::try_from(delay).unwrap_or(sending.undo_delay);
    }
    section.finish(report);
    sending
}

/// `[aliases]`: a bare name stands for one address or several.
pub(super) fn read_aliases(
    mut section: Section<'_, '_>,
    report: &mut Report,
) -> BTreeMap<String, Vec<String>> {
    let mut aliases = BTreeMap::new();
    for (name, span, value) in section.entries() {
        let path = format!("aliases.{name}");
        let odd = |c: char| c.is_control() || c.is_whitespace() || "@<>,;:\"".contains(c);
        if name.is_empty() || name.chars().any(odd) {
            let why = "a bare name without @ and blanks is expected";
            report.add(Fault::Value, &span, &path, why);
            continue;
        }
        match addresses(value) {
            Ok(addresses) => {
                aliases.insert(name.to_lowercase(), addresses);
            }
            Err(why) => report.add(Fault::Value, &value.span(), &path, why),
        }
    }
    aliases
}

fn addresses(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    let all = match (value.get_ref().as_array(), value.get_ref().as_str()) {
        (Some(items), _) => texts(items)?,
        (None, Some(one)) => vec![one.to_owned()],
        (None, None) => return Err(expected("an address or an array of addresses", value)),
    };
    if all.is_empty() {
        return Err("at least one address is expected".to_owned());
    }
    all.iter().map(|one| check_address(one)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse;
    use crate::config::providers::Providers;

    const WORK: &str = "[[account]]\nid = \"work\"\nname = \"Zoë\"\naddress = \"zoe@gmail.com\"\n\
        imap = \"imaps://h\"\nsignature = \"\"\"\nZoë\nACME\n\"\"\"\n";

    #[test]
    fn an_account_writes_from_several_addresses() {
        let text = format!(
            "[aliases]\nRoot = \"zoe@x.example\"\ncrew = [\"a@x.example\", \"b@x.example\"]\n{WORK}\
             sent_copy = \"append\"\n[[account.identity]]\naddress = \"sales@x.example\"\n\
             [[account.identity]]\nname = \"Z\"\naddress = \"z@x.example\"\nsignature = \"\"\n\
             reply_to = \"desk@x.example\"\n"
        );
        let (settings, told) = parse(&text, Path::new("/c"));
        assert!(told.is_empty(), "{told:?}");
        let account = settings.account("work").unwrap();
        let all = account.all_identities();
        let shown: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.address.as_str(),
                    one.signature.as_str(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("Zoë", "zoe@gmail.com", "Zoë\nACME"),
                ("Zoë", "sales@x.example", "Zoë\nACME"),
                ("Z", "z@x.example", "")
            ]
        );
        assert_eq!(all[2].reply_to.as_deref(), Some("desk@x.example"));
        assert_eq!(settings.own_addresses().len(), 3);
        assert_eq!(settings.aliases["root"], ["zoe@x.example"]);
        assert_eq!(settings.aliases["crew"].len(), 2);
        let providers = Providers::built_in().unwrap();
        assert_eq!(account.sent_copy_with(&providers), SentCopy::Append);
        let (settings, _) = parse(WORK, Path::new("/c"));
        let account = settings.account("work").unwrap();
        assert_eq!(account.sent_copy_with(&providers), SentCopy::Server);
        let local = AccountSettings::local("mine");
        assert!(local.all_identities().is_empty());
        assert_eq!(local.sent_copy_with(&providers), SentCopy::Append);
    }

    #[test]
    fn the_undo_delay_is_ten_seconds_unless_the_settings_say_otherwise() {
        for (text, delay) in [
            ("", 10),
            ("[send]\nundo_delay = 0x1e\n", 30),
            ("[send]", 10),
        ] {
            let (settings, told) = parse(text, Path::new("/c"));
            assert_eq!((settings.send.undo_delay, told.len()), (delay, 0), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let check = |more: &str, line: usize, word: &str| {
            let (_, told) = parse(&format!("{WORK}{more}"), Path::new("/c"));
            let found = told
                .iter()
                .any(|one| one.line == line && one.text.contains(word));
            assert!(found, "{more:?}: {told:?}");
        };
        check("sent_copy = \"maybe\"\n", 10, "append");
        check(
            "[[account.identity]]\nname = \"x\"\n",
            10,
            "needs an address",
        );
        check(
            "[[account.identity]]\naddress = \"x\"\n",
            11,
            "no mail address",
        );
        check("[[account.identity]]\naddress = \"a@x\"\nodd = 1\n", 12, "");
        let delays = ["-1", "121", "\"10\"", "1.5"];
        for delay in delays {
            check(&format!("[send]\nundo_delay = {delay}\n"), 11, "number");
        }
        check("[send]\nunder = 1\n", 11, "not known");
        check("[aliases]\n\"a b\" = \"a@x\"\n", 11, "bare name");
        check("[aliases]\nroot = \"nobody\"\n", 11, "no mail address");
        check("[aliases]\nroot = 5\n", 11, "address");
    }
}
