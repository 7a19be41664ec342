//! ENVELOPE (RFC 9051 section 7.5.2), undecoded.

/// One address as the server sent it: bytes, encoded-words and all.
///
/// With `host` NIL it opens a group (`mailbox` is the group's name) or closes one (`mailbox` NIL).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawAddress {
    /// The display name, undecoded.
    pub name: Option<Vec<u8>>,
    /// The local part, or a group's name.
    pub mailbox: Option<Vec<u8>>,
    /// The domain.
    pub host: Option<Vec<u8>>,
}

/// The envelope as the server sent it. NIL and absent are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawEnvelope {
    /// The Date field's text.
    pub date: Option<Vec<u8>>,
    /// The Subject field's text, undecoded.
    pub subject: Option<Vec<u8>>,
    /// From.
    pub from: Vec<RawAddress>,
    /// Sender; servers fill it from From.
    pub sender: Vec<RawAddress>,
    /// Reply-To; servers fill it from From.
    pub reply_to: Vec<RawAddress>,
    /// To.
    pub to: Vec<RawAddress>,
    /// Cc.
    pub cc: Vec<RawAddress>,
    /// Bcc.
    pub bcc: Vec<RawAddress>,
    /// In-Reply-To as it stands, angle brackets included.
    pub in_reply_to: Option<Vec<u8>>,
    /// Message-ID as it stands, angle brackets included.
    pub message_id: Option<Vec<u8>>,
}
