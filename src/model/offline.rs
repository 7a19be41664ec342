//! What is kept for reading without a network.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The policy of an account or mailbox (`offline = …`). All but `None` keep every envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Offline {
    /// Counts only; envelopes are fetched when the mailbox is opened.
    None,
    /// Envelopes, no bodies.
    Headers,
    /// Bodies of the last so many days (1 to 36,500).
    Days(u16),
    /// Everything.
    All,
}

impl Default for Offline {
    fn default() -> Self {
        Offline::Days(90)
    }
}

impl Offline {
    /// Reads `none`, `headers`, `<n>d` or `all`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Offline::None),
            "headers" => Some(Offline::Headers),
            "all" => Some(Offline::All),
            _ => {
                let days = text.strip_suffix('d')?.parse().ok()?;
                (1..=36_500).contains(&days).then_some(Offline::Days(days))
            }
        }
    }
}

impl fmt::Display for Offline {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Offline::None => out.write_str("none"),
            Offline::Headers => out.write_str("headers"),
            Offline::Days(days) => write!(out, "{days}d"),
            Offline::All => out.write_str("all"),
        }
    }
}

impl TryFrom<String> for Offline {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("\"{text}\" is not one of none, headers, <n>d (1d to 36500d), all")
        })
    }
}

impl From<Offline> for String {
    fn from(offline: Offline) -> String {
        offline.to_string()
    }
}

/// How much of a message's bytes is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// Listed only: its envelope has not come yet.
    #[default]
    None,
    /// Envelope and structure.
    Headers,
    /// Some sections, the text among them.
    Text,
    /// Every byte.
    All,
}

impl Kept {
    /// The number in the schema.
    pub fn code(self) -> i64 {
        match self {
            Kept::None => 0,
            Kept::Headers => 1,
            Kept::Text => 2,
            Kept::All => 3,
        }
    }

    /// Reads [`Kept::code`]; anything else is `None`.
    pub fn of_code(code: i64) -> Self {
        match code {
            1 => Kept::Headers,
            2 => Kept::Text,
            3 => Kept::All,
            _ => Kept::None,
        }
    }

    /// The word of `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Kept::None => "none",
            Kept::Headers => "headers",
            Kept::Text => "text",
            Kept::All => "all",
        }
    }
}
