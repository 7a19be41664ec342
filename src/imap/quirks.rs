//! Servers that must be treated apart from what their capabilities say.
//!
//! A server is known by its greeting, its capabilities or its answer to ID, never by a host name.
//! Each row of the table names the public report that it stands for.

use super::capability::Capabilities;

/// What is different about the server at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Several names in one `BODY[HEADER.FIELDS (…)]` fail: the encoder asks for each apart.
    pub one_field_each: bool,
    /// SELECT is refused until the client has named itself: send ID after sign-in.
    pub wants_id: bool,
}

impl Quirks {
    fn union(self, other: Self) -> Self {
        Self {
            one_field_each: self.one_field_each | other.one_field_each,
            wants_id: self.wants_id | other.wants_id,
        }
    }
}

/// By what a server is known.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// Its greeting's text holds this.
    Greeting(&'static str),
    /// It offers this capability.
    Capability(&'static str),
    /// A value of its ID holds this.
    Id(&'static str),
}

struct Row {
    signs: &'static [Sign],
    /// Capabilities that it offers and does not keep.
    hide: &'static [&'static str],
    quirks: Quirks,
}

const NONE: Quirks = Quirks {
    one_field_each: false,
    wants_id: false,
};

const TABLE: &[Row] = &[
    // Coremail (126.com, 163.com) advertises SASL-IR and fails with it (pimalaya/himalaya, provider
    // quirks), and answers SELECT with "Unsafe Login" before ID (bkaankose/Wino-Mail#200).
    Row {
        signs: &[Sign::Greeting("Coremail"), Sign::Id("Coremail")],
        hide: &["SASL-IR"],
        quirks: Quirks {
            wants_id: true,
            ..NONE
        },
    },
    // Yahoo and AOL fail on several header names in one item (Datum/tidymail-app#20).
    Row {
        signs: &[Sign::Capability("XYMHIGHESTMODSEQ"), Sign::Id("Yahoo")],
        hide: &[],
        quirks: Quirks {
            one_field_each: true,
            ..NONE
        },
    },
    // iCloud sends neither ENABLED nor a well-formed VANISHED (Foundry376/Mailspring-Sync#91), and
    // nothing for FETCH RFC822 (modern-email/defects#36).
    Row {
        signs: &[
            Sign::Capability("X-APPLE-REMOTE-LINKS"),
            Sign::Capability("XAPPLELITERAL"),
        ],
        hide: &["QRESYNC"],
        quirks: NONE,
    },
    // QQ refuses what comes before ID as Coremail does (bkaankose/Wino-Mail#200).
    Row {
        signs: &[Sign::Greeting("QQMail"), Sign::Id("QQMail")],
        hide: &["SASL-IR"],
        quirks: Quirks {
            wants_id: true,
            ..NONE
        },
    },
];

/// What is known of a server: the quirks that follow, and its capabilities without those that it
/// does not keep.
pub(crate) fn apply(
    greeting: &str,
    capabilities: &Capabilities,
    id: &[(String, String)],
) -> (Quirks, Capabilities) {
    let mut quirks = NONE;
    let mut kept = capabilities.clone();
    let known = |sign: &Sign| match sign {
        Sign::Greeting(text) => greeting.contains(text),
        Sign::Capability(name) => capabilities.has(name),
        Sign::Id(text) => id.iter().any(|(_, value)| value.contains(text)),
    };
    for row in TABLE.iter().filter(|row| row.signs.iter().any(known)) {
        quirks = quirks.union(row.quirks);
        for name in row.hide {
            kept.hide(name);
        }
    }
    (quirks, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(greeting: &str, capabilities: &str, id: &str, quirks: Quirks, hidden: &str) {
        let capabilities = Capabilities::of(capabilities.split(' '));
        let id = [("name".to_owned(), id.to_owned())];
        let (found, kept) = apply(greeting, &capabilities, &id);
        assert_eq!(found, quirks, "{greeting} {capabilities}");
        for name in capabilities.names() {
            assert_eq!(kept.has(name), name != hidden, "{name}");
        }
    }

    #[test]
    fn servers_are_known_by_their_signs() {
        let id = Quirks {
            wants_id: true,
            ..NONE
        };
        check(
            "Coremail System IMap Server Ready(163com[1])",
            "SASL-IR ID",
            "",
            id,
            "SASL-IR",
        );
        check("ready", "SASL-IR ID", "Coremail Imap", id, "SASL-IR");
        let apart = Quirks {
            one_field_each: true,
            ..NONE
        };
        check(
            "IMAP4rev1 Hello",
            "IMAP4rev1 XYMHIGHESTMODSEQ SASL-IR",
            "",
            apart,
            "",
        );
        check(
            "p00-iscream",
            "XAPPLELITERAL QRESYNC CONDSTORE",
            "",
            NONE,
            "QRESYNC",
        );
        check("Dovecot ready.", "SASL-IR QRESYNC", "Dovecot", NONE, "");
    }
}
