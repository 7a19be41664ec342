//! `model::Envelope` from a raw message, or from what an IMAP ENVELOPE gave.

use crate::model::Envelope;

/// One address of an IMAP ENVELOPE; `None` is NIL. A group head has a mailbox and no host, a group
/// end neither (RFC 9051 section 2.3.5).
#[derive(Clone, Copy, Debug, Default)]
pub struct RawAddress<'a> {
    /// The display name, encoded.
    pub name: Option<&'a [u8]>,
    /// The local part.
    pub mailbox: Option<&'a [u8]>,
    /// The domain.
    pub host: Option<&'a [u8]>,
}

/// An IMAP ENVELOPE as the server sent it, and the header fields fetched beside it.
#[derive(Clone, Debug, Default)]
pub struct RawEnvelope<'a> {
    /// The Date field.
    pub date: Option<&'a [u8]>,
    /// The Subject field, encoded.
    pub subject: Option<&'a [u8]>,
    /// From.
    pub from: Vec<RawAddress<'a>>,
    /// Sender.
    pub sender: Vec<RawAddress<'a>>,
    /// Reply-To.
    pub reply_to: Vec<RawAddress<'a>>,
    /// To.
    pub to: Vec<RawAddress<'a>>,
    /// Cc.
    pub cc: Vec<RawAddress<'a>>,
    /// Bcc.
    pub bcc: Vec<RawAddress<'a>>,
    /// In-Reply-To.
    pub in_reply_to: Option<&'a [u8]>,
    /// Message-ID.
    pub message_id: Option<&'a [u8]>,
    /// A header block with References and List-Id (`BODY[HEADER.FIELDS (…)]`).
    pub fields: &'a [u8],
}

/// The envelope of an IMAP ENVELOPE.
pub fn of_raw(raw: &RawEnvelope<'_>) -> Envelope {
    let _ = raw;
    Envelope::default()
}

/// The envelope of a raw message (or of its header alone).
pub fn of_message(raw: &[u8]) -> Envelope {
    let _ = raw;
    Envelope::default()
}
