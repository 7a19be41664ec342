//! Which links may be offered, and what a person must see of them first (SAFETY D8).

use super::sanitize::Shown;

/// A link that may be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address as it is opened: http, https or mailto, without control bytes or blanks.
    pub target: String,
    /// The full address for the eye.
    pub shown: Shown,
    /// The host (of mailto: the address), to be named first; by SAFETY D6.
    pub host: Shown,
    /// Why to be careful: the text of the link names another host, the host is disguised …
    pub warning: Option<Shown>,
}

/// The link of a URL, or why it is not offered.
pub fn check(url: &str) -> Result<Link, Refused> {
    let _ = url;
    Err(Refused::Scheme)
}

/// Why a URL is shown as text only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Any scheme but http, https and mailto.
    #[error("Only http, https and mailto links are opened")]
    Scheme,
    /// Control bytes, blanks or invisible characters.
    #[error("The link holds characters that no address has")]
    Characters,
    /// No host.
    #[error("The link names no host")]
    Host,
    /// Longer than 8 KB.
    #[error("The link is too long")]
    Length,
}
