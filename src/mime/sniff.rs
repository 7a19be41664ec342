//! What an attachment is by its first bytes (UX 6: the type is what the content is).

/// The media type that the first bytes tell, for the common magic numbers.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let _ = bytes;
    None
}
