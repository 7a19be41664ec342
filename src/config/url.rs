//! Server URLs: `imaps://[user@]host[:993]`, `imap://…[:143]` with STARTTLS required,
//! `imap+plain://` for loopback alone, and the same for POP3 and SMTP (RFC 8314, RFC 3986).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

/// Which protocol a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// Message submission.
    Smtp,
}

/// How the link is made secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first octet.
    Tls,
    /// STARTTLS (or STLS), without which nothing is said.
    StartTls,
    /// Clear text, to a loopback address only.
    PlainLoopback,
}

/// A server as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its protocol.
    pub scheme: Scheme,
    /// How the link is made secret.
    pub security: Security,
    /// The user in the URL, percent-decoded.
    pub user: Option<String>,
    /// Host name in lower case, or address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A URL that names no server; each names the culprit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// No `scheme://` in front.
    #[error("\"{0}\" has no scheme; write {1}://host or {1}s://host")]
    NoScheme(String, &'static str),
    /// The scheme is not one of those that fit here.
    #[error("\"{found}://\" does not fit here; it can be {fits}")]
    Scheme {
        /// What stands there.
        found: String,
        /// What could.
        fits: String,
    },
    /// The host is missing or holds what no host name can.
    #[error("\"{0}\" is no host name or address")]
    Host(String),
    /// The port is no number from 1 to 65535.
    #[error("\"{0}\" is no port (1 to 65535)")]
    Port(String),
    /// A `%` without two hex digits, or octets that are no UTF-8 or hold controls.
    #[error("the user \"{0}\" is not percent-encoded UTF-8 text")]
    User(String),
    /// A password in a URL would be shown, logged and kept in clear.
    #[error("a URL holds no password; it belongs into the keyring")]
    Password,
    /// Something follows the port.
    #[error("\"{0}\" after the host is not understood")]
    Rest(String),
    /// Clear text to another machine.
    #[error("\"{0}\" is not a loopback address; clear text is spoken only on this machine")]
    PlainElsewhere(String),
}

const FORMS: [(&str, Scheme, Security, u16); 9] = [
    ("imaps", Scheme::Imap, Security::Tls, 993),
    ("imap", Scheme::Imap, Security::StartTls, 143),
    ("imap+plain", Scheme::Imap, Security::PlainLoopback, 143),
    ("pop3s", Scheme::Pop3, Security::Tls, 995),
    ("pop3", Scheme::Pop3, Security::StartTls, 110),
    ("pop3+plain", Scheme::Pop3, Security::PlainLoopback, 110),
    ("smtps", Scheme::Smtp, Security::Tls, 465),
    ("smtp", Scheme::Smtp, Security::StartTls, 587),
    ("smtp+plain", Scheme::Smtp, Security::PlainLoopback, 25),
];

impl Scheme {
    /// `imap`, `pop3` or `smtp`.
    pub fn word(self) -> &'static str {
        match self {
            Scheme::Imap => "imap",
            Scheme::Pop3 => "pop3",
            Scheme::Smtp => "smtp",
        }
    }
}

impl Security {
    /// What a person reads: `TLS`, `STARTTLS`, `clear text on this machine`.
    pub fn word(self) -> &'static str {
        match self {
            Security::Tls => "TLS",
            Security::StartTls => "STARTTLS",
            Security::PlainLoopback => "clear text on this machine",
        }
    }
}

impl Endpoint {
    /// Reads a URL of the protocol `scheme`.
    pub fn parse(scheme: Scheme, url: &str) -> Result<Self, UrlError> {
        let (form, rest) = url
            .split_once("://")
            .ok_or_else(|| UrlError::NoScheme(url.to_owned(), scheme.word()))?;
        let Some((_, _, security, port)) = FORMS
            .into_iter()
            .find(|(name, of, ..)| *of == scheme && name.eq_ignore_ascii_case(form))
        else {
            return Err(wrong_scheme(scheme, form));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(at) = rest.find(['/', '?', '#']) {
            return Err(UrlError::Rest(rest.get(at..).unwrap_or("").to_owned()));
        }
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(decoded_user(user)?), place),
            None => (None, rest),
        };
        let (host, port_text) = host_and_port(place)?;
        let port = match port_text {
            Some(text) => port_of(text)?,
            None => port,
        };
        let host = checked_host(host)?;
        if security == Security::PlainLoopback && !is_loopback(&host) {
            return Err(UrlError::PlainElsewhere(host));
        }
        Ok(Self {
            scheme,
            security,
            user,
            host,
            port,
        })
    }

    fn form(&self) -> (&'static str, u16) {
        FORMS
            .into_iter()
            .find(|(_, scheme, security, _)| *scheme == self.scheme && *security == self.security)
            .map_or(("imaps", 993), |(name, _, _, port)| (name, port))
    }

    /// `host:port` as messages name the server.
    pub fn place(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{}", self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Endpoint {
    /// The URL, the port left out where it is the usual one.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, usual) = self.form();
        write!(out, "{form}://")?;
        if let Some(user) = &self.user {
            write!(out, "{}@", encoded(user))?;
        }
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(out, "[{address}]")?,
            Err(_) => out.write_str(&self.host)?,
        }
        if self.port != usual {
            write!(out, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// Whether a host in a URL can only be this machine.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn wrong_scheme(scheme: Scheme, found: &str) -> UrlError {
    let fits: Vec<String> = FORMS
        .iter()
        .filter(|(_, of, ..)| *of == scheme)
        .map(|(name, ..)| format!("{name}://"))
        .collect();
    UrlError::Scheme {
        found: found.to_owned(),
        fits: fits.join(", "),
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<&str>), UrlError> {
    if let Some(inner) = place.strip_prefix('[') {
        let (host, rest) = inner
            .split_once(']')
            .ok_or_else(|| UrlError::Host(place.to_owned()))?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(UrlError::Rest(rest.to_owned())),
        };
    }
    match place.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(UrlError::Host(place.to_owned())),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((place, None)),
    }
}

fn port_of(text: &str) -> Result<u16, UrlError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| digits && *port > 0)
        .ok_or_else(|| UrlError::Port(text.to_owned()))
}

fn checked_host(host: &str) -> Result<String, UrlError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let refused = || UrlError::Host(host.to_owned());
    let ascii = idna::domain_to_ascii(host).map_err(|_| refused())?;
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(refused())
    }
}

fn decoded_user(text: &str) -> Result<String, UrlError> {
    if text.contains(':') {
        return Err(UrlError::Password);
    }
    let refused = || UrlError::User(text.to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(refused());
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or(0));
    }
    let user = String::from_utf8(bytes).map_err(|_| refused())?;
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(refused());
    }
    Ok(user)
}

fn encoded(user: &str) -> String {
    let mut text = String::new();
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_reads_and_writes() {
        use Security::{PlainLoopback, StartTls, Tls};
        for (scheme, url, security, user, host, port, written) in [
            (
                Scheme::Imap,
                "imaps://mail.example.org",
                Tls,
                None,
                "mail.example.org",
                993,
                "imaps://mail.example.org",
            ),
            (
                Scheme::Imap,
                "IMAPS://Mail.Example.Org:993/",
                Tls,
                None,
                "mail.example.org",
                993,
                "imaps://mail.example.org",
            ),
            (
                Scheme::Imap,
                "imap://h:1143",
                StartTls,
                None,
                "h",
                1143,
                "imap://h:1143",
            ),
            (
                Scheme::Imap,
                "imaps://zoe%40example.org@h",
                Tls,
                Some("zoe@example.org"),
                "h",
                993,
                "imaps://zoe%40example.org@h",
            ),
            (
                Scheme::Imap,
                "imaps://zo%C3%AB@h",
                Tls,
                Some("zoë"),
                "h",
                993,
                "imaps://zo%C3%AB@h",
            ),
            (
                Scheme::Imap,
                "imap+plain://127.0.0.1:14300",
                PlainLoopback,
                None,
                "127.0.0.1",
                14300,
                "imap+plain://127.0.0.1:14300",
            ),
            (
                Scheme::Imap,
                "imap+plain://[::1]",
                PlainLoopback,
                None,
                "::1",
                143,
                "imap+plain://[::1]",
            ),
            (
                Scheme::Imap,
                "imap+plain://localhost",
                PlainLoopback,
                None,
                "localhost",
                143,
                "imap+plain://localhost",
            ),
            (
                Scheme::Imap,
                "imaps://bücher.example",
                Tls,
                None,
                "xn--bcher-kva.example",
                993,
                "imaps://xn--bcher-kva.example",
            ),
            (
                Scheme::Smtp,
                "smtp://h",
                StartTls,
                None,
                "h",
                587,
                "smtp://h",
            ),
            (
                Scheme::Smtp,
                "smtps://h:587",
                Tls,
                None,
                "h",
                587,
                "smtps://h:587",
            ),
            (Scheme::Pop3, "pop3s://h", Tls, None, "h", 995, "pop3s://h"),
        ] {
            let endpoint = Endpoint::parse(scheme, url).unwrap_or_else(|e| panic!("{url}: {e}"));
            assert_eq!(endpoint.security, security, "{url}");
            assert_eq!(endpoint.user.as_deref(), user, "{url}");
            assert_eq!(
                (endpoint.host.as_str(), endpoint.port),
                (host, port),
                "{url}"
            );
            assert_eq!(endpoint.to_string(), written, "{url}");
            assert_eq!(Endpoint::parse(scheme, written).unwrap(), endpoint);
        }
    }

    #[test]
    fn a_faulty_url_names_its_culprit() {
        for (url, culprit) in [
            ("mail.example.org", "no scheme"),
            ("http://h", "\"http://\" does not fit"),
            ("smtps://h", "imaps://, imap://, imap+plain://"),
            ("imaps://", "\"\" is no host"),
            ("imaps://a b", "\"a b\""),
            ("imaps://-x.org", "\"-x.org\""),
            ("imaps://h:", "\"\" is no port"),
            ("imaps://h:0", "\"0\" is no port"),
            ("imaps://h:65536", "\"65536\" is no port"),
            ("imaps://h:+1", "\"+1\" is no port"),
            ("imaps://h/INBOX", "\"/INBOX\""),
            ("imaps://a%4@h", "\"a%4\""),
            ("imaps://a%0d@h", "\"a%0d\""),
            ("imaps://a%ff@h", "\"a%ff\""),
            ("imaps://@h", "the user \"\""),
            ("imaps://u:p@h", "no password"),
            ("imaps://::1", "\"::1\""),
            ("imaps://[::1", "\"[::1\""),
            (
                "imap+plain://mail.example.org",
                "\"mail.example.org\" is not a loopback",
            ),
            ("imap+plain://10.0.0.1", "not a loopback"),
            ("imap+plain://localhost.example.org", "not a loopback"),
        ] {
            let error = Endpoint::parse(Scheme::Imap, url).unwrap_err().to_string();
            assert!(error.contains(culprit), "{url}: {error}");
        }
        assert!(
            !Endpoint::parse(Scheme::Imap, "imaps://u:hunter2@h")
                .unwrap_err()
                .to_string()
                .contains("hunter2")
        );
    }
}
