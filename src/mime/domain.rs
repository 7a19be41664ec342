//! Host names as people may see them (SAFETY D6).

use super::sanitize::Shown;

/// The domain in its readable form, or as A-labels when it mixes scripts or could be taken for
/// another name.
pub fn shown(domain: &str) -> Shown {
    Shown::line(domain)
}

/// The form by which two domains compare: A-labels in lower case.
pub fn ascii(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}
