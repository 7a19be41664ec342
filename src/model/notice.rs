//! What the program tells a person: one shape for status line, Log and Attention.

use serde::{Deserialize, Serialize};

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something was done.
    Note,
    /// Something went wrong and is handled.
    Warning,
    /// Something was not done.
    Error,
    /// Nothing goes on until the user acts: stays behind the attention badge.
    Attention,
}

/// One thing to tell. Text is not sanitised yet: it may quote a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// The configured id of the account that it concerns; empty for the program.
    pub account: String,
    /// What kind of thing it is, for removing it when it is settled: `sign-in`, `tls`, `operation`.
    pub topic: String,
    /// What failed, with whom, and the server's own words; one line.
    pub text: String,
    /// What happens next or what to do; may be empty.
    pub hint: String,
    /// More for the Log; may be empty.
    pub detail: String,
}
