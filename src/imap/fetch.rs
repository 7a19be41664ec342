//! FETCH responses (RFC 9051 section 7.5.2), item by item.

use super::command::Section;
use super::envelope::RawEnvelope;
use super::structure::RawStructure;
use crate::model::{Flags, Uid};

/// The bytes of a fetched section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// NIL: the server has no such part.
    Nil,
    /// All of it.
    Inline(Vec<u8>),
    /// It was large and came before this response as chunks.
    Streamed {
        /// The number that its chunks and [`Event::Literal`](super::Event::Literal) bear.
        literal: u64,
        /// How many octets.
        length: u64,
    },
}

/// A fetched section with the octet at which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionContent {
    /// Which section.
    pub section: Section,
    /// `<n>` of a partial fetch.
    pub origin: Option<u64>,
    /// Its bytes.
    pub content: Content,
}

/// An item that this module has no type for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherItem {
    /// Its name as sent.
    pub name: String,
    /// Its value as sent.
    pub raw: Vec<u8>,
}

/// One FETCH response: each item that could be read, and a warning for each that could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchData {
    /// The message sequence number; never to be used to change anything.
    pub seq: u32,
    /// UID; 0 is left out with a warning.
    pub uid: Option<Uid>,
    /// FLAGS without `\Recent`.
    pub flags: Option<Flags>,
    /// MODSEQ.
    pub modseq: Option<u64>,
    /// INTERNALDATE in seconds since 1970.
    pub internal_date: Option<i64>,
    /// RFC822.SIZE, which no one should trust.
    pub size: Option<u64>,
    /// ENVELOPE.
    pub envelope: Option<Box<RawEnvelope>>,
    /// BODYSTRUCTURE or BODY.
    pub structure: Option<Box<RawStructure>>,
    /// All `BODY[HEADER.FIELDS (…)]` of the message, one after another.
    pub header_fields: Option<Vec<u8>>,
    /// All other sections.
    pub sections: Vec<SectionContent>,
    /// EMAILID.
    pub email_id: Option<String>,
    /// THREADID.
    pub thread_id: Option<String>,
    /// X-GM-MSGID.
    pub gm_msgid: Option<u64>,
    /// X-GM-THRID.
    pub gm_thrid: Option<u64>,
    /// Items without a type here.
    pub other: Vec<OtherItem>,
    /// What could not be read, in words without mail text.
    pub warnings: Vec<String>,
}
