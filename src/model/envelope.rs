//! The decoded head of a message.

use serde::{Deserialize, Serialize};

/// One mailbox of an address list, decoded for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The display name; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The addr-spec exactly as a reply would use it, never decoded (SAFETY D5); empty in a group
    /// head.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
}

/// What a list shows of a message, decoded (RFC 9051 section 2.3.5 and a few header fields).
///
/// Decoded is not sanitised: text reaches a terminal only as `mime::sanitize::Shown`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The Date field in seconds since 1970, when it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<i64>,
    /// The offset of the Date field's zone in minutes east of UTC.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub zone: i32,
    /// The decoded subject; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// All From addresses (several are shown, SAFETY D5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Address>,
    /// Sender, when it differs from From.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sender: Vec<Address>,
    /// Reply-To, when it differs from From.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Address>,
    /// To.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Address>,
    /// Cc.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// Bcc (own drafts and sent mail).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Address>,
    /// Message-ID without angle brackets; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_id: String,
    /// In-Reply-To ids without angle brackets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_reply_to: Vec<String>,
    /// References without angle brackets, oldest first, at most 200 (SAFETY M4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The id inside List-Id, without angle brackets; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub list_id: String,
}

fn is_zero(n: &i32) -> bool {
    *n == 0
}
