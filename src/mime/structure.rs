//! The MIME tree of raw bytes, and the decoding of BODYSTRUCTURE pieces (SAFETY M1, M2, M9).

use crate::model::{PartPath, Structure};

/// Where a part lies in the raw message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartOffset {
    /// The path of the part.
    pub path: PartPath,
    /// Its first header byte.
    pub header: usize,
    /// Its first body byte.
    pub body: usize,
    /// One past its last body byte.
    pub end: usize,
}

/// The structure of a raw message, and the place of each part in the order of
/// [`Structure::walk`]. At most 100 levels and 1000 parts; what lies beyond is one opaque part.
pub fn of_message(raw: &[u8]) -> (Structure, Vec<PartOffset>) {
    let _ = raw;
    (Structure::default(), Vec::new())
}

/// Gives every part its path as RFC 9051 section 6.4.5 numbers them. The message in a
/// message/rfc822 part has the part's path when it is a multipart, else that path and `.1`.
pub fn number(root: &mut Structure) {
    let _ = root;
}

/// Parameters of a Content-Type or Content-Disposition as name and raw value, RFC 2231 pieces
/// joined and RFC 2047 words decoded; names in lower case.
pub fn parameters(raw: &[(&[u8], &[u8])]) -> Vec<(String, String)> {
    let _ = raw;
    Vec::new()
}

/// The file name that the parameters propose: of Content-Disposition first, then of Content-Type.
pub fn proposed_name(disposition: &[(String, String)], kind: &[(String, String)]) -> String {
    let find = |list: &[(String, String)], name: &str| {
        list.iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.clone())
    };
    find(disposition, "filename")
        .or_else(|| find(kind, "name"))
        .unwrap_or_default()
}
