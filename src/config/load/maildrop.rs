//! The settings of a POP3 account: the server, what becomes of messages there, how much is fetched.

use super::Fault;
use crate::config::settings::Maildrop;
use crate::config::table::{Report, Section};
use crate::config::url::{Endpoint, Scheme};
use crate::model::OnServer;

/// The server of an account that is read by POP3; `None` if it names none that can be used.
pub(super) fn read(section: &mut Section<'_, '_>, report: &mut Report) -> Option<Maildrop> {
    let endpoint = section.text(report, "pop3", |url| Endpoint::parse(Scheme::Pop3, url));
    let on_server = section.text(report, "on_server", |text| {
        OnServer::try_from(text.to_owned())
    });
    let download_up_to = section.text(report, "download_up_to", octets);
    let check_every = section.number(report, "check_every", 1..=1440);
    let mut maildrop = Maildrop::new(endpoint?);
    maildrop.on_server = on_server.unwrap_or_default();
    maildrop.download_up_to = download_up_to;
    maildrop.check_every = check_every
        .and_then(|minutes| u16::try_from(minutes).ok())
        .unwrap_or(maildrop.check_every);
    Some(maildrop)
}

/// An account is read by one protocol: both servers need a word that says which.
pub(super) fn is_read_by_pop3(
    section: &mut Section<'_, '_>,
    said: Option<&str>,
    report: &mut Report,
) -> bool {
    let pop3 = section.take("pop3").map(|value| value.span());
    if let (None, Some(span), true) = (said, &pop3, section.take("imap").is_some()) {
        let why = "there is an IMAP server too; kind = \"imap\" or \"pop3\" says which is read";
        report.add(Fault::Value, span, "account.pop3", why);
    }
    match said {
        Some(word) => word == "pop3",
        None => pop3.is_some(),
    }
}

/// Reads octets with an optional `K`, `M` or `G` (1,024 each), as `download_up_to` and
/// `--download-up-to` take them.
pub fn octets(text: &str) -> Result<u64, String> {
    let refused = || format!("\"{text}\" is no size: a number with K, M or G, such as 256K");
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (text.get(..text.len() - 1), 10),
        Some(b'M' | b'm') => (text.get(..text.len() - 1), 20),
        Some(b'G' | b'g') => (text.get(..text.len() - 1), 30),
        _ => (Some(text), 0),
    };
    let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let number: u64 = digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(refused)?;
    number
        .checked_mul(1 << shift)
        .filter(|octets| *octets > 0)
        .ok_or_else(refused)
}

/// Writes what [`octets`] reads, in the largest unit without a rest.
pub fn octet_words(octets: u64) -> String {
    for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] {
        let one = 1u64 << shift;
        if octets >= one && octets.is_multiple_of(one) {
            return format!("{}{unit}", octets / one);
        }
    }
    octets.to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::parse;
    use crate::config::{AccountKind, AccountSettings};
    use crate::model::Offline;

    fn one(text: &str) -> (Option<AccountSettings>, Vec<String>) {
        let text = format!("[[account]]\nid = \"p\"\naddress = \"zoe@example.org\"\n{text}");
        let (mut settings, told) = parse(&text, Path::new("/c"));
        let told = told.iter().map(ToString::to_string).collect();
        (settings.accounts.pop(), told)
    }

    #[test]
    fn a_size_reads_as_it_writes() {
        for (text, octets_in) in [("1", 1), ("1000", 1000), ("256K", 262_144), ("3M", 3 << 20)] {
            assert_eq!(octets(text), Ok(octets_in));
            assert_eq!(octet_words(octets_in), text);
        }
        for text in ["", "K", "0", "-1", "1.5M", "9999999999999G", "1 K"] {
            assert!(octets(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_maildrop_keeps_everything_unless_told_otherwise() {
        let (account, told) = one("pop3 = \"pop3s://zo%40x@h\"\n");
        assert_eq!(told, Vec::<String>::new());
        let account = account.unwrap();
        assert_eq!(account.login, "zo@x");
        assert_eq!(account.offline, Offline::All);
        let AccountKind::Pop3(maildrop) = account.kind else {
            panic!("{:?}", account.kind);
        };
        assert_eq!(maildrop.endpoint.port, 995);
        assert_eq!(maildrop, Maildrop::new(maildrop.endpoint.clone()));
    }

    #[test]
    fn every_key_of_a_maildrop_is_read() {
        let (account, told) = one(
            "kind = \"pop3\"\npop3 = \"pop3://h\"\nimap = \"imaps://h\"\non_server = \"14d\"\n\
             download_up_to = \"64K\"\ncheck_every = 30\noffline = \"headers\"\n",
        );
        assert_eq!(told, Vec::<String>::new());
        let account = account.unwrap();
        assert_eq!(account.offline, Offline::Headers);
        let AccountKind::Pop3(maildrop) = account.kind else {
            panic!("{:?}", account.kind);
        };
        assert_eq!(maildrop.on_server, OnServer::DeleteAfter(14));
        assert_eq!(maildrop.download_up_to, Some(65_536));
        assert_eq!(maildrop.check_every, 30);
    }

    #[test]
    fn what_is_wrong_with_a_maildrop_is_told() {
        for (text, word) in [
            ("kind = \"pop3\"\n", "pop3s://host"),
            ("pop3 = \"imaps://h\"\n", "does not fit"),
            ("pop3 = \"pop3s://h\"\nimap = \"imaps://h\"\n", "says which"),
            (
                "pop3 = \"pop3s://h\"\non_server = \"gone\"\n",
                "keep, delete",
            ),
            (
                "pop3 = \"pop3s://h\"\ndownload_up_to = \"big\"\n",
                "no size",
            ),
            ("pop3 = \"pop3s://h\"\ncheck_every = 0\n", "from 1 to 1440"),
            ("pop3 = \"pop3+plain://example.org\"\n", "loopback"),
        ] {
            let (account, told) = one(text);
            assert_eq!(account, None, "{text}");
            assert!(told.iter().any(|t| t.contains(word)), "{text} {told:?}");
        }
    }
}
