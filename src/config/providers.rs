//! The table of providers: from a mail address to servers, the form of the login and what the
//! provider asks for.
//!
//! The table is compiled in. A file named by `LACEBARK_PROVIDERS` comes before it, for providers of
//! one's own and for tests; it may also name a `tls_ca_file`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::config::url::{Endpoint, Scheme, UrlError};

const BUILT_IN: &str = include_str!("../../assets/providers.toml");

/// The environment variable that names a table of one's own.
pub const OWN_TABLE: &str = "LACEBARK_PROVIDERS";

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name for people.
    pub name: String,
    /// Mail domains, in lower case; `yahoo.*` stands for the national ones.
    pub domains: Vec<String>,
    /// Where mail is read; `None` where there is no IMAP at all, see `asks`.
    pub imap: Option<Endpoint>,
    /// Where mail is sent.
    pub smtp: Option<Endpoint>,
    /// The user name for reading.
    pub login: LoginForm,
    /// The user name for sending.
    pub smtp_login: LoginForm,
    /// What the password has to be.
    pub credential: Credential,
    /// What the provider wants of its user first, in a sentence or two; may be empty.
    pub asks: String,
    /// Whether the server files a copy of what it sends.
    pub files_sent: bool,
    /// Words for what its IMAP does differently.
    pub quirks: Vec<String>,
    /// Certificates to trust beside the system's; only in tables of one's own.
    pub tls_ca_file: Option<PathBuf>,
}

/// How the user name is made of the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginForm {
    /// The whole address.
    #[default]
    Address,
    /// What stands before the `@`.
    Local,
}

/// What a provider takes as the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The password of the mailbox.
    #[default]
    Password,
    /// A password made for one application on the provider's site.
    AppPassword,
    /// An OAuth token by XOAUTH2, which a password command has to print.
    Token,
}

impl LoginForm {
    /// The user name for an address.
    pub fn of(self, address: &str) -> String {
        match (self, address.rsplit_once('@')) {
            (LoginForm::Local, Some((local, _))) => local.to_owned(),
            (LoginForm::Local, None) | (LoginForm::Address, _) => address.to_owned(),
        }
    }
}

impl Provider {
    /// The submission server for an address, with the user name in it where it is not the one for
    /// reading.
    pub fn smtp_for(&self, address: &str) -> Option<Endpoint> {
        let mut smtp = self.smtp.clone()?;
        if self.smtp_login != self.login {
            smtp.user = Some(self.smtp_login.of(address));
        }
        Some(smtp)
    }

    fn serves(&self, domain: &str) -> bool {
        self.domains
            .iter()
            .any(|known| match known.strip_suffix('*') {
                None => known == domain,
                Some(stem) => domain.strip_prefix(stem).is_some_and(is_national),
            })
    }
}

/// `fr`, `co.uk`, `com.br`: no more than a national ending.
fn is_national(ending: &str) -> bool {
    let labels: Vec<&str> = ending.split('.').collect();
    let short = |label: &&str| {
        (2..=3).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphabetic())
    };
    labels.len() <= 2 && labels.iter().all(short)
}

/// All providers that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    rows: Vec<Provider>,
}

/// A table that cannot be used.
#[derive(Debug, Error)]
pub enum ProvidersError {
    /// The system refuses.
    #[error("cannot read the providers in {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// It is no such table.
    #[error("{path}: {why}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// The reader's words, with the line.
        why: String,
    },
    /// A server in it is none.
    #[error("{path}: provider {name}: {source}")]
    Url {
        /// The file.
        path: PathBuf,
        /// The provider.
        name: String,
        /// What is wrong.
        source: UrlError,
    },
}

impl Providers {
    /// The table that is compiled in.
    pub fn built_in() -> Result<Self, ProvidersError> {
        Self::parse(BUILT_IN, Path::new("assets/providers.toml"))
    }

    /// The table that is compiled in, with the one that the environment names before it.
    pub fn find() -> Result<Self, ProvidersError> {
        let mut all = match std::env::var_os(OWN_TABLE).filter(|name| !name.is_empty()) {
            Some(name) => Self::read(Path::new(&name))?,
            None => Self::default(),
        };
        all.rows.extend(Self::built_in()?.rows);
        Ok(all)
    }

    /// A table in a file.
    pub fn read(path: &Path) -> Result<Self, ProvidersError> {
        let text = fs::read_to_string(path).map_err(|source| ProvidersError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ProvidersError> {
        let file: File = toml::from_str(text).map_err(|error| ProvidersError::Toml {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        let rows = file.provider.into_iter().map(|row| row.checked(path));
        Ok(Self {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }

    /// The provider of an address.
    pub fn of(&self, address: &str) -> Option<&Provider> {
        let (_, domain) = address.rsplit_once('@')?;
        let domain = idna::domain_to_ascii(domain).ok()?;
        self.rows.iter().find(|row| row.serves(&domain))
    }

    /// All rows, in order.
    pub fn rows(&self) -> &[Provider] {
        &self.rows
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    provider: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    domains: Vec<String>,
    imap: Option<String>,
    smtp: Option<String>,
    #[serde(default)]
    login: LoginForm,
    smtp_login: Option<LoginForm>,
    #[serde(default)]
    credential: Credential,
    #[serde(default)]
    asks: String,
    #[serde(default)]
    files_sent: bool,
    #[serde(default)]
    quirks: Vec<String>,
    tls_ca_file: Option<PathBuf>,
}

impl Row {
    fn checked(self, path: &Path) -> Result<Provider, ProvidersError> {
        let server = |scheme: Scheme, url: Option<&String>| {
            url.map(|url| Endpoint::parse(scheme, url))
                .transpose()
                .map_err(|source| ProvidersError::Url {
                    path: path.to_owned(),
                    name: self.name.clone(),
                    source,
                })
        };
        Ok(Provider {
            imap: server(Scheme::Imap, self.imap.as_ref())?,
            smtp: server(Scheme::Smtp, self.smtp.as_ref())?,
            domains: self
                .domains
                .iter()
                .map(|d| d.to_ascii_lowercase())
                .collect(),
            smtp_login: self.smtp_login.unwrap_or(self.login),
            name: self.name,
            login: self.login,
            credential: self.credential,
            asks: self.asks,
            files_sent: self.files_sent,
            quirks: self.quirks,
            tls_ca_file: self.tls_ca_file,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::url::{Security, is_loopback};

    #[test]
    fn the_table_parses_and_names_each_domain_once() {
        let table = Providers::built_in().unwrap();
        assert!(table.rows().len() >= 40, "{}", table.rows().len());
        let mut seen = BTreeSet::new();
        for row in table.rows() {
            assert!(!row.domains.is_empty(), "{}", row.name);
            for domain in &row.domains {
                assert!(seen.insert(domain.clone()), "{domain} stands twice");
            }
            let bridge = row.quirks.iter().any(|quirk| quirk == "bridge");
            for server in [&row.imap, &row.smtp].into_iter().flatten() {
                assert!(bridge || !is_loopback(&server.host), "{}", row.name);
                assert_ne!(server.security, Security::PlainLoopback, "{}", row.name);
                assert_eq!(server.user, None, "{}", row.name);
            }
            assert!(
                row.imap.is_some() || !row.asks.is_empty(),
                "{} says nothing",
                row.name
            );
            let wants = row.credential != Credential::Password;
            assert!(
                !wants || !row.asks.is_empty(),
                "{} asks for nothing",
                row.name
            );
            assert_eq!(row.tls_ca_file, None, "{}", row.name);
        }
    }

    #[test]
    fn an_address_finds_its_provider_servers_and_login() {
        let table = Providers::built_in().unwrap();
        for (address, host, login) in [
            ("zoe@gmail.com", "imap.gmail.com", "zoe@gmail.com"),
            ("zoe@GoogleMail.com", "imap.gmail.com", "zoe@GoogleMail.com"),
            ("zoe@yahoo.co.uk", "imap.mail.yahoo.com", "zoe@yahoo.co.uk"),
            ("zoe@hotmail.fr", "outlook.office365.com", "zoe@hotmail.fr"),
            ("zoe@icloud.com", "imap.mail.me.com", "zoe"),
            ("zoe@web.de", "imap.web.de", "zoe@web.de"),
        ] {
            let row = table.of(address).unwrap_or_else(|| panic!("{address}"));
            assert_eq!(row.imap.as_ref().unwrap().host, host, "{address}");
            assert_eq!(row.login.of(address), login);
        }
        for address in [
            "zoe@example.org",
            "zoe",
            "zoe@yahoo.evil.example",
            "zoe@yahoo.a.b.uk",
        ] {
            assert_eq!(table.of(address), None, "{address}");
        }
        assert_eq!(table.of("zoe@tutanota.com").unwrap().imap, None);
        let icloud = table
            .of("zoe@me.com")
            .unwrap()
            .smtp_for("zoe@me.com")
            .unwrap();
        assert_eq!(icloud.user.as_deref(), Some("zoe@me.com"));
    }

    #[test]
    fn a_table_of_ones_own_says_what_is_wrong_with_it() {
        let parse = |text: &str| {
            Providers::parse(text, Path::new("own.toml")).map_err(|error| error.to_string())
        };
        let good = "[[provider]]\nname='T'\ndomains=['T.test']\nimap='imaps://127.0.0.1:1993'\ntls_ca_file='/ca.pem'\n";
        let table = parse(good).unwrap();
        assert_eq!(
            table.of("a@t.test").unwrap().tls_ca_file,
            Some("/ca.pem".into())
        );
        for (text, words) in [
            (
                "[[provider]]\nname='T'\ndomains=['t']\nimap='http://h'",
                "provider T: \"http://\"",
            ),
            ("[[provider]]\nname='T'\ndomains=['t']\nport=1", "line 4"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
