//! TLS by the system's library: 1.2 at least, name and whole chain always checked (SAFETY T7, T8).

use std::error::Error;
use std::path::Path;

use async_native_tls::TlsConnector;
use native_tls::{Certificate, Protocol};
use tokio::io::BufReader;

use crate::net::{Later, Layer, NetError, Refusal, Stream};

/// Octets read from the link at once: some records of 16 KiB.
const AHEAD: usize = 64 << 10;

/// TLS towards one configured host.
#[derive(Clone)]
pub struct Tls {
    host: String,
    extra: Vec<Certificate>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "Tls({}, {} more authorities)",
            self.host,
            self.extra.len()
        )
    }
}

impl Tls {
    /// TLS that expects `host` and trusts the system's authorities and those in `ca_file`.
    pub fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, NetError> {
        let extra = ca_file.map(read_bundle).transpose()?.unwrap_or_default();
        Ok(Self {
            host: host.to_owned(),
            extra,
        })
    }
}

impl Layer for Tls {
    fn secure(&self, stream: Box<dyn Stream>) -> Later<'static, Result<Box<dyn Stream>, NetError>> {
        let tls = self.clone();
        Box::pin(async move {
            let mut connector = TlsConnector::new().min_protocol_version(Some(Protocol::Tlsv12));
            for certificate in tls.extra {
                connector = connector.add_root_certificate(certificate);
            }
            // The library reads the head of each record alone: those small reads end here.
            let stream = BufReader::with_capacity(AHEAD, stream);
            match connector.connect(tls.host.as_str(), stream).await {
                Ok(stream) => Ok(Box::new(stream) as Box<dyn Stream>),
                Err(error) => Err(classified(&tls.host, &words(&error))),
            }
        })
    }
}

/// Reads every certificate of a PEM file.
fn read_bundle(path: &Path) -> Result<Vec<Certificate>, NetError> {
    let refused = |why: String| NetError::CaFile {
        path: path.to_owned(),
        why,
    };
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let found = Certificate::stack_from_pem(&pem).map_err(|error| refused(error.to_string()))?;
    if found.is_empty() {
        return Err(refused("it holds no PEM certificate".to_owned()));
    }
    Ok(found)
}

/// The error and what lies under it, without saying anything twice.
fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        below = error.source();
    }
    text
}

/// Sorts a failed handshake by the library's words, which are kept.
fn classified(host: &str, why: &str) -> NetError {
    let lower = why.to_ascii_lowercase();
    let refusal = [
        ("certificate has expired", Refusal::Expired),
        ("not yet valid", Refusal::NotYetValid),
        ("hostname mismatch", Refusal::Name),
        ("ip address mismatch", Refusal::Name),
        (
            "self-signed certificate in certificate chain",
            Refusal::UnknownAuthority,
        ),
        (
            "self signed certificate in certificate chain",
            Refusal::UnknownAuthority,
        ),
        ("self-signed certificate", Refusal::SelfSigned),
        ("self signed certificate", Refusal::SelfSigned),
        ("unable to get local issuer", Refusal::UnknownAuthority),
        ("unable to get issuer", Refusal::UnknownAuthority),
        ("unable to verify the first", Refusal::UnknownAuthority),
        ("certificate verify failed", Refusal::Other),
    ]
    .into_iter()
    .find(|(words, _)| lower.contains(words));
    match refusal {
        Some((_, refusal)) => NetError::Certificate {
            host: host.to_owned(),
            refusal,
            why: plain(why),
        },
        None => NetError::Tls {
            host: host.to_owned(),
            why: plain(why),
        },
    }
}

/// OpenSSL's words without its numbers, functions and file names, which tell a person nothing and
/// push what does out of sight: `error:0A..:SSL routines:f:reason:file.c:1: (more)`.
fn plain(why: &str) -> String {
    let fields: Vec<&str> = why.splitn(7, ':').collect();
    let ["error", _, _, _, reason, _, rest] = fields.as_slice() else {
        return why.to_owned();
    };
    match rest.split_once(": ") {
        Some((_, more)) => more.trim_matches(['(', ')']).to_owned(),
        None => (*reason).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_librarys_words_lose_what_only_its_makers_read() {
        let verify = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate \
                      verify failed:../ssl/statem/statem_clnt.c:1889:";
        for (why, told) in [
            (
                format!("{verify} (self-signed certificate)"),
                "self-signed certificate",
            ),
            (verify.to_owned(), "certificate verify failed"),
            ("unexpected EOF".to_owned(), "unexpected EOF"),
            ("error: odd: words".to_owned(), "error: odd: words"),
        ] {
            assert_eq!(plain(&why), told, "{why}");
        }
    }
}
