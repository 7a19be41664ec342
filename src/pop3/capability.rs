//! What a server says it can do (RFC 2449 section 6), and what is guessed of one without CAPA.

use std::collections::BTreeSet;

/// Octets of a name of an implementation that are kept.
const MOST_TEXT: usize = 200;

/// How long a server keeps messages that were left on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    /// It never deletes them itself.
    Never,
    /// For so many days after they were retrieved; 0 is not at all.
    Days(u32),
}

/// The capabilities of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether the server was asked and answered: otherwise this is a guess.
    pub told: bool,
    /// TOP.
    pub top: bool,
    /// UIDL.
    pub uidl: bool,
    /// USER and PASS.
    pub user: bool,
    /// The mechanisms of AUTH, in upper case.
    pub sasl: BTreeSet<String>,
    /// STLS.
    pub stls: bool,
    /// Several commands may be sent before the first is answered.
    pub pipelining: bool,
    /// Words in brackets behind `-ERR` are codes.
    pub resp_codes: bool,
    /// Sign-in failures for which the password is not to blame are told by code.
    pub auth_resp_code: bool,
    /// The least number of seconds between two sign-ins.
    pub login_delay: Option<u32>,
    /// What becomes of messages that are left on the server.
    pub expire: Option<Expire>,
    /// Whether one of these is only known after sign-in (`LOGIN-DELAY 0 USER`, `EXPIRE 31 USER`).
    pub per_user: bool,
    /// UTF8.
    pub utf8: bool,
    /// What the server calls itself.
    pub implementation: Option<String>,
}

impl Default for Capabilities {
    /// Nothing at all.
    fn default() -> Self {
        Self {
            told: false,
            top: false,
            uidl: false,
            user: false,
            sasl: BTreeSet::new(),
            stls: false,
            pipelining: false,
            resp_codes: false,
            auth_resp_code: false,
            login_delay: None,
            expire: None,
            per_user: false,
            utf8: false,
            implementation: None,
        }
    }
}

impl Capabilities {
    /// What nearly every server without CAPA can do; each of it may still be refused.
    pub fn guessed() -> Self {
        Self {
            top: true,
            uidl: true,
            user: true,
            ..Self::default()
        }
    }

    /// What is offered, in the words of RFC 2449.
    pub fn words(&self) -> Vec<String> {
        let flags = [
            (self.top, "TOP"),
            (self.uidl, "UIDL"),
            (self.user, "USER"),
            (self.stls, "STLS"),
            (self.pipelining, "PIPELINING"),
            (self.resp_codes, "RESP-CODES"),
            (self.auth_resp_code, "AUTH-RESP-CODE"),
            (self.utf8, "UTF8"),
        ];
        let mut words: Vec<String> = flags
            .into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, word)| word.to_owned())
            .collect();
        if !self.sasl.is_empty() {
            let mechanisms: Vec<&str> = self.sasl.iter().map(String::as_str).collect();
            words.push(format!("SASL {}", mechanisms.join(" ")));
        }
        words.extend(
            self.login_delay
                .map(|seconds| format!("LOGIN-DELAY {seconds}")),
        );
        words.extend(self.expire.map(|expire| match expire {
            Expire::Never => "EXPIRE NEVER".to_owned(),
            Expire::Days(days) => format!("EXPIRE {days}"),
        }));
        let name = self.implementation.as_ref();
        words.extend(name.map(|name| format!("IMPLEMENTATION {name}")));
        words
    }

    /// Whether the SASL mechanism is offered, given in upper case.
    pub fn has_mechanism(&self, mechanism: &str) -> bool {
        self.sasl.contains(mechanism)
    }

    /// Whether it pays to ask again after sign-in: some servers keep what they can do to those they
    /// know, and some values are a user's own.
    pub(super) fn may_grow(&self) -> bool {
        self.told && (self.per_user || !self.uidl || !self.top)
    }

    /// Reads one line of what CAPA answers; what is unknown is left out.
    pub(super) fn read(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default().to_ascii_uppercase();
        match name.as_str() {
            "TOP" => self.top = true,
            "UIDL" => self.uidl = true,
            "USER" => self.user = true,
            "SASL" => self.sasl.extend(words.map(str::to_ascii_uppercase)),
            "STLS" => self.stls = true,
            "PIPELINING" => self.pipelining = true,
            "RESP-CODES" => self.resp_codes = true,
            "AUTH-RESP-CODE" => self.auth_resp_code = true,
            "UTF8" => self.utf8 = true,
            "LOGIN-DELAY" => {
                self.login_delay = words.next().and_then(|word| word.parse().ok());
                self.note_user(words.next());
            }
            "EXPIRE" => {
                self.expire = match words.next() {
                    Some(word) if word.eq_ignore_ascii_case("NEVER") => Some(Expire::Never),
                    word => word.and_then(|word| word.parse().ok()).map(Expire::Days),
                };
                self.note_user(words.next());
            }
            "IMPLEMENTATION" => {
                let rest = words.collect::<Vec<_>>().join(" ");
                self.implementation = Some(rest.chars().take(MOST_TEXT).collect());
            }
            _ => {}
        }
    }

    fn note_user(&mut self, word: Option<&str>) {
        self.per_user |= word.is_some_and(|word| word.eq_ignore_ascii_case("USER"));
    }
}
