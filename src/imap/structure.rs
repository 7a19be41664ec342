//! BODYSTRUCTURE (RFC 9051 section 7.5.2), undecoded.

use super::envelope::RawEnvelope;

/// A parameter of Content-Type or Content-Disposition, undecoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawParameter {
    /// Its name as sent: `charset`, `filename*0*`.
    pub name: Vec<u8>,
    /// Its value; NIL is empty.
    pub value: Vec<u8>,
}

/// Content-Disposition, undecoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawDisposition {
    /// `inline`, `ATTACHMENT` … as sent.
    pub kind: Vec<u8>,
    /// Its parameters.
    pub parameters: Vec<RawParameter>,
}

/// One part as the server described it; bytes are undecoded, names keep their case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawStructure {
    /// `TEXT`, `multipart` … as sent.
    pub kind: Vec<u8>,
    /// `PLAIN`, `mixed` … as sent.
    pub subtype: Vec<u8>,
    /// Content-Type parameters.
    pub parameters: Vec<RawParameter>,
    /// Content-ID, angle brackets included.
    pub id: Option<Vec<u8>>,
    /// Content-Description.
    pub description: Option<Vec<u8>>,
    /// Content-Transfer-Encoding.
    pub encoding: Option<Vec<u8>>,
    /// Octets in transfer encoding; 0 when the server sent nonsense.
    pub size: u64,
    /// Lines of a text or message part.
    pub lines: Option<u64>,
    /// Content-Disposition.
    pub disposition: Option<RawDisposition>,
    /// Of message/rfc822: the envelope inside.
    pub envelope: Option<Box<RawEnvelope>>,
    /// Parts of a multipart; of message/rfc822 the one part inside.
    pub children: Vec<RawStructure>,
}
