//! What to say after the greeting (RFC 9051 section 6.2): how to sign in, and what goes out in one
//! flight afterwards.
//!
//! Counted are TCP, TLS, sign-in, this flight and the first FETCH: five round trips until the
//! newest envelopes are stored. A server that hides its capabilities costs one more each time.

/// What a server said it can do, as far as the sync decides by it (RFC 9051 section 6.1.1).
///
/// Capabilities before TLS never get here (SAFETY T4): the machine forgets them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Whether the server named any at all.
    pub known: bool,
    /// LOGINDISABLED.
    pub login_disabled: bool,
    /// AUTH=PLAIN.
    pub plain: bool,
    /// AUTH=XOAUTH2.
    pub xoauth2: bool,
    /// ID (RFC 2971).
    pub id: bool,
    /// NAMESPACE (RFC 2342).
    pub namespace: bool,
    /// LIST-EXTENDED with SUBSCRIBED return (RFC 5258).
    pub list_extended: bool,
    /// SPECIAL-USE (RFC 6154).
    pub special_use: bool,
    /// LIST-STATUS (RFC 5819).
    pub list_status: bool,
    /// CONDSTORE or QRESYNC (RFC 7162).
    pub condstore: bool,
    /// ESEARCH (RFC 4731).
    pub esearch: bool,
    /// IDLE (RFC 2177).
    pub idle: bool,
    /// OBJECTID (RFC 8474).
    pub object_id: bool,
    /// X-GM-EXT-1, Gmail's message and thread ids.
    pub gmail: bool,
    /// MOVE (RFC 6851).
    pub moves: bool,
    /// UIDPLUS (RFC 4315): single messages can be expunged.
    pub uidplus: bool,
    /// UNSELECT (RFC 3691).
    pub unselect: bool,
    /// CREATE-SPECIAL-USE (RFC 6154).
    pub create_special_use: bool,
}

impl Abilities {
    /// Reads the server's list; case does not matter, unknown words are passed over.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut able = Abilities::default();
        for name in names {
            able.known = true;
            match name.to_ascii_uppercase().as_str() {
                "LOGINDISABLED" => able.login_disabled = true,
                "AUTH=PLAIN" => able.plain = true,
                "AUTH=XOAUTH2" => able.xoauth2 = true,
                "ID" => able.id = true,
                "NAMESPACE" => able.namespace = true,
                "LIST-EXTENDED" => able.list_extended = true,
                "SPECIAL-USE" => able.special_use = true,
                "LIST-STATUS" => able.list_status = true,
                "CONDSTORE" | "QRESYNC" => able.condstore = true,
                "ESEARCH" => able.esearch = true,
                "IDLE" => able.idle = true,
                "OBJECTID" => able.object_id = true,
                "X-GM-EXT-1" => able.gmail = true,
                "MOVE" => able.moves = true,
                "UIDPLUS" => able.uidplus = true,
                "UNSELECT" => able.unselect = true,
                "CREATE-SPECIAL-USE" => able.create_special_use = true,
                "IMAP4REV2" => able.imap4rev2(),
                _ => {}
            }
        }
        able
    }

    /// What RFC 9051 appendix E folds into the base protocol.
    fn imap4rev2(&mut self) {
        self.namespace = true;
        self.list_extended = true;
        self.special_use = true;
        self.list_status = true;
        self.esearch = true;
        self.idle = true;
        self.moves = true;
        self.uidplus = true;
        self.unselect = true;
    }
}

/// How the account says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A password; `ascii` if it and the login are plain ASCII.
    Password {
        /// LOGIN has no charset, so that anything else goes by SASL, which is UTF-8.
        ascii: bool,
    },
    /// An OAuth 2 token.
    Token,
}

/// How to sign in, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// PREAUTH under TLS: nothing to do.
    Already,
    /// LOGIN.
    Login,
    /// AUTHENTICATE PLAIN.
    Plain,
    /// AUTHENTICATE XOAUTH2.
    XOAuth2,
    /// The link is not safe, so that nothing secret is sent (SAFETY T2).
    RefuseOpenLink,
    /// The server allows no way that we have (SAFETY T10).
    RefuseNoWay,
}

/// Chooses how to sign in. `safe` is TLS, or a loopback address that the user chose to use without.
pub fn sign_in(means: Means, able: &Abilities, preauth: bool, safe: bool) -> SignIn {
    if !safe {
        return SignIn::RefuseOpenLink;
    }
    if preauth {
        return SignIn::Already;
    }
    match means {
        Means::Token => SignIn::XOAuth2,
        Means::Password { ascii: false } if able.plain => SignIn::Plain,
        Means::Password { .. } if !able.login_disabled => SignIn::Login,
        Means::Password { .. } if able.plain => SignIn::Plain,
        Means::Password { .. } => SignIn::RefuseNoWay,
    }
}

/// One command of the first flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstStep {
    /// ID: some servers open no mailbox to a client that does not say its name.
    Id,
    /// SELECT INBOX, asking for mod-sequences if the server has them.
    SelectInbox {
        /// Whether `(CONDSTORE)` is added.
        condstore: bool,
    },
    /// NAMESPACE.
    Namespace,
    /// LIST "" "*" with what the server can return beside the names.
    List {
        /// RETURN (SUBSCRIBED).
        subscribed: bool,
        /// RETURN (SPECIAL-USE).
        special_use: bool,
        /// RETURN (STATUS (…)).
        status: bool,
    },
    /// LSUB "" "*", for a server without LIST-EXTENDED.
    Lsub,
}

/// The flight after sign-in. SELECT is before the listing, so that the first envelopes are asked
/// for while the listing is still under way.
pub fn first_flight(able: &Abilities, select_inbox: bool) -> Vec<FirstStep> {
    let mut steps = Vec::new();
    if able.id {
        steps.push(FirstStep::Id);
    }
    if select_inbox {
        steps.push(FirstStep::SelectInbox {
            condstore: able.condstore,
        });
    }
    if able.namespace {
        steps.push(FirstStep::Namespace);
    }
    steps.push(FirstStep::List {
        subscribed: able.list_extended,
        special_use: able.special_use && able.list_extended,
        status: able.list_status,
    });
    if !able.list_extended {
        steps.push(FirstStep::Lsub);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCII: Means = Means::Password { ascii: true };

    #[test]
    fn t10_login_disabled_means_no_login() {
        for (capabilities, means, end) in [
            ("IMAP4rev1", ASCII, SignIn::Login),
            ("IMAP4rev1 AUTH=PLAIN SASL-IR", ASCII, SignIn::Login),
            ("IMAP4rev1 LOGINDISABLED", ASCII, SignIn::RefuseNoWay),
            ("imap4rev1 logindisabled auth=plain", ASCII, SignIn::Plain),
            (
                "IMAP4rev1 AUTH=PLAIN",
                Means::Password { ascii: false },
                SignIn::Plain,
            ),
            ("IMAP4rev1", Means::Password { ascii: false }, SignIn::Login),
            ("IMAP4rev1", Means::Token, SignIn::XOAuth2),
            ("", ASCII, SignIn::Login),
        ] {
            let able = Abilities::of(capabilities.split_whitespace());
            assert_eq!(sign_in(means, &able, false, true), end, "{capabilities}");
        }
    }

    #[test]
    fn t2_preauth_on_an_open_link_is_refused() {
        let able = Abilities::default();
        assert_eq!(sign_in(ASCII, &able, true, false), SignIn::RefuseOpenLink);
        assert_eq!(sign_in(ASCII, &able, true, true), SignIn::Already);
    }

    #[test]
    fn the_first_flight_asks_for_what_the_server_can() {
        let able = Abilities::of(
            "IMAP4rev1 ID NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE".split(' '),
        );
        assert_eq!(
            first_flight(&able, true),
            vec![
                FirstStep::Id,
                FirstStep::SelectInbox { condstore: true },
                FirstStep::Namespace,
                FirstStep::List {
                    subscribed: true,
                    special_use: true,
                    status: true
                },
            ]
        );
        assert_eq!(
            first_flight(&Abilities::of(["IMAP4rev1"]), true),
            vec![
                FirstStep::SelectInbox { condstore: false },
                FirstStep::List {
                    subscribed: false,
                    special_use: false,
                    status: false
                },
                FirstStep::Lsub,
            ]
        );
        assert!(!first_flight(&able, false).contains(&FirstStep::SelectInbox { condstore: true }));
    }
}
