//! A password or token that no message, log or Debug shows (SAFETY S2).

use std::fmt;

use zeroize::Zeroizing;

/// Text that is wiped when dropped and shown as `***`.
///
/// There is no `Serialize`, no `Display` and no `Default`: a secret leaves only by
/// [`Secret::expose`], which is easy to look for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the wire and the keyring only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn s2_debug_shows_no_secret() {
        let text = format!(
            "{:?} {:#?}",
            Secret::new("canary"),
            Some(Secret::new("canary"))
        );
        assert!(!text.contains("canary"), "{text}");
    }
}
