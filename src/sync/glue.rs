//! From what a FETCH says to what the store takes: imap's raw views decoded by mime.

use crate::imap::{FetchData, RawAddress, RawEnvelope, RawParameter, RawStructure};
use crate::mime::{envelope, header, structure};
use crate::model::{Disposition, Envelope, Structure};
use crate::store::messages::{Arrived, FlagsSeen};

/// The header fields that are fetched beside ENVELOPE, which lacks them.
pub(super) const FIELDS: [&str; 2] = ["References", "List-Id"];

/// A message as the store takes it; `None` without a UID. An envelope that could not be read is
/// `None` in it.
pub(super) fn arrived(data: FetchData) -> Option<Arrived> {
    let uid = data.uid?;
    let fields = data.header_fields.unwrap_or_default();
    let remote_id = match (data.email_id, data.gm_msgid) {
        (Some(id), _) => Some(format!("objectid:{id}")),
        (None, Some(id)) => Some(format!("gmail:{id}")),
        (None, None) => None,
    };
    Some(Arrived {
        uid: uid.0,
        flags: data.flags.unwrap_or_default(),
        modseq: data.modseq,
        arrival: data.internal_date.unwrap_or_default(),
        size: data.size.unwrap_or_default(),
        remote_id,
        envelope: data.envelope.map(|raw| decoded(&raw, &fields)),
        structure: data.structure.map(|raw| tree(&raw)),
        labels: Vec::new(),
    })
}

/// Flags as the store takes them; `None` if the response is about something else.
pub(super) fn flags_seen(data: &FetchData) -> Option<FlagsSeen> {
    Some(FlagsSeen {
        uid: data.uid?,
        flags: data.flags.clone()?,
        modseq: data.modseq,
    })
}

fn decoded(raw: &RawEnvelope, fields: &[u8]) -> Envelope {
    envelope::of_raw(&envelope::RawEnvelope {
        date: raw.date.as_deref(),
        subject: raw.subject.as_deref(),
        from: addresses(&raw.from),
        sender: addresses(&raw.sender),
        reply_to: addresses(&raw.reply_to),
        to: addresses(&raw.to),
        cc: addresses(&raw.cc),
        bcc: addresses(&raw.bcc),
        in_reply_to: raw.in_reply_to.as_deref(),
        message_id: raw.message_id.as_deref(),
        fields,
    })
}

fn addresses(raw: &[RawAddress]) -> Vec<envelope::RawAddress<'_>> {
    raw.iter()
        .map(|address| envelope::RawAddress {
            name: address.name.as_deref(),
            mailbox: address.mailbox.as_deref(),
            host: address.host.as_deref(),
        })
        .collect()
}

/// The MIME tree with its part numbers.
fn tree(raw: &RawStructure) -> Structure {
    let mut root = part(raw);
    structure::number(&mut root);
    root
}

// The machine limits the depth of what it parses (SAFETY P5), which bounds this recursion.
fn part(raw: &RawStructure) -> Structure {
    let parameters = structure::parameters(&pairs(&raw.parameters));
    let (disposition, named) = match &raw.disposition {
        Some(raw) => (
            disposition(&raw.kind),
            structure::parameters(&pairs(&raw.parameters)),
        ),
        None => (Disposition::None, Vec::new()),
    };
    let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(header::decode_text);
    Structure {
        kind: lower(&raw.kind),
        subtype: lower(&raw.subtype),
        filename: structure::proposed_name(&named, &parameters),
        parameters,
        id: text(&raw.id)
            .map(|id| id.trim().trim_matches(['<', '>']).to_owned())
            .unwrap_or_default(),
        description: text(&raw.description).unwrap_or_default(),
        encoding: raw.encoding.as_deref().map(lower).unwrap_or_default(),
        size: raw.size,
        lines: raw.lines,
        disposition,
        children: raw.children.iter().map(part).collect(),
        inner_subject: raw
            .envelope
            .as_ref()
            .and_then(|inner| inner.subject.as_deref())
            .map(header::decode_text)
            .unwrap_or_default(),
        ..Structure::default()
    }
}

fn disposition(kind: &[u8]) -> Disposition {
    if kind.eq_ignore_ascii_case(b"inline") {
        Disposition::Inline
    } else {
        // RFC 2183 section 2.8: an unknown disposition is an attachment.
        Disposition::Attachment
    }
}

fn pairs(raw: &[RawParameter]) -> Vec<(&[u8], &[u8])> {
    raw.iter()
        .map(|one| (one.name.as_slice(), one.value.as_slice()))
        .collect()
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_ascii_lowercase()
}
