//! `model::Envelope` from a raw message, or from what an IMAP ENVELOPE gave.

use crate::model::{Address, Envelope};

use super::header::{self, Header};
use super::part;

/// Bytes of a subject that are read.
const MAX_SUBJECT: usize = 16 * 1024;
/// Bytes of an address or id list that are read.
const MAX_LIST: usize = 1024 * 1024;

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
    let fields = Header::parse(raw.fields);
    let date = raw.date.and_then(header::date);
    let mut envelope = Envelope {
        date: date.map(|d| d.epoch),
        zone: date.map_or(0, |d| d.zone),
        subject: subject(raw.subject),
        from: of_raw_addresses(&raw.from),
        sender: of_raw_addresses(&raw.sender),
        reply_to: of_raw_addresses(&raw.reply_to),
        to: of_raw_addresses(&raw.to),
        cc: of_raw_addresses(&raw.cc),
        bcc: of_raw_addresses(&raw.bcc),
        message_id: raw.message_id.map(header::message_id).unwrap_or_default(),
        in_reply_to: ids(raw.in_reply_to),
        references: ids(fields.first("References")),
        list_id: list(&fields),
    };
    drop_repeated(&mut envelope);
    envelope
}

/// The envelope of a raw message (or of its header alone).
pub fn of_message(raw: &[u8]) -> Envelope {
    of_header(&Header::parse(raw))
}

/// The envelope of a header.
pub fn of_header(fields: &Header<'_>) -> Envelope {
    let date = fields.first("Date").and_then(header::date);
    let addresses = |name: &str| {
        // A second From hides nothing: all fields of a name are read (SAFETY D5).
        let mut list = Vec::new();
        for raw in fields.all(name) {
            if list.len() < header::MAX_ADDRESSES {
                list.extend(header::addresses(cut(raw, MAX_LIST)));
            }
        }
        list
    };
    let mut envelope = Envelope {
        date: date.map(|d| d.epoch),
        zone: date.map_or(0, |d| d.zone),
        subject: subject(fields.first("Subject")),
        from: addresses("From"),
        sender: addresses("Sender"),
        reply_to: addresses("Reply-To"),
        to: addresses("To"),
        cc: addresses("Cc"),
        bcc: addresses("Bcc"),
        message_id: fields
            .first("Message-ID")
            .map(header::message_id)
            .unwrap_or_default(),
        in_reply_to: ids(fields.first("In-Reply-To")),
        references: ids(fields.first("References")),
        list_id: list(fields),
    };
    drop_repeated(&mut envelope);
    envelope
}

/// Sender and Reply-To say something only where they differ from From.
fn drop_repeated(envelope: &mut Envelope) {
    let same = |a: &[Address], b: &[Address]| {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| a.address.eq_ignore_ascii_case(&b.address))
    };
    if same(&envelope.sender, &envelope.from) {
        envelope.sender.clear();
    }
    if same(&envelope.reply_to, &envelope.from) {
        envelope.reply_to.clear();
    }
}

fn subject(raw: Option<&[u8]>) -> String {
    raw.map(|raw| header::decode_text(cut(raw, MAX_SUBJECT)))
        .unwrap_or_default()
}

fn ids(raw: Option<&[u8]>) -> Vec<String> {
    raw.map(|raw| header::message_ids(cut(raw, MAX_LIST)))
        .unwrap_or_default()
}

fn list(fields: &Header<'_>) -> String {
    fields
        .first("List-Id")
        .map(header::list_id)
        .unwrap_or_default()
}

fn cut(raw: &[u8], limit: usize) -> &[u8] {
    raw.get(..raw.len().min(limit)).unwrap_or_default()
}

fn of_raw_addresses(raw: &[RawAddress<'_>]) -> Vec<Address> {
    let mut out = Vec::with_capacity(raw.len().min(header::MAX_ADDRESSES));
    for one in raw.iter().take(header::MAX_ADDRESSES) {
        let name = one
            .name
            .map(|n| header::decode_text(cut(n, MAX_SUBJECT)))
            .unwrap_or_default();
        let (name, address) = match (one.mailbox, one.host.filter(|h| !h.is_empty())) {
            (Some(mailbox), Some(host)) => (name, spec(mailbox, host)),
            (Some(mailbox), None) => (header::decode_text(mailbox), String::new()),
            (None, _) => continue,
        };
        out.push(Address { name, address });
    }
    out
}

/// Servers put these in the host's place when a local address has none (see RFC 3501's authors'
/// server); they are no host.
fn spec(mailbox: &[u8], host: &[u8]) -> String {
    let local = part::utf8_or_1252(mailbox);
    let invented = [
        &b".SYNTAX-ERROR."[..],
        b"MISSING_DOMAIN",
        b".MISSING-HOST-NAME.",
    ];
    if invented.contains(&host) {
        return local;
    }
    format!("{local}@{}", part::utf8_or_1252(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imap_envelope_and_the_raw_header_tell_the_same() {
        let raw = b"Date: Sat, 21 Nov 2026 03:03:17 +0100\r\n\
            Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: \"O'Brien, Tom\" <tom@x.example>\r\n\
            Sender: <TOM@x.example>\r\nReply-To: list@x.example\r\nTo: Team: a@b;\r\n\
            Message-ID: <1@x>\r\nIn-Reply-To: <0@x>\r\nReferences: <9@x> <0@x>\r\n\
            List-Id: Us <us.x.example>\r\n\r\nbody";
        let address = |name: &'static str, mailbox: &'static str, host: &'static str| RawAddress {
            name: Some(name.as_bytes()).filter(|n| !n.is_empty()),
            mailbox: Some(mailbox.as_bytes()),
            host: Some(host.as_bytes()),
        };
        let imap = RawEnvelope {
            date: Some(b"Sat, 21 Nov 2026 03:03:17 +0100"),
            subject: Some(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?="),
            from: vec![address("O'Brien, Tom", "tom", "x.example")],
            sender: vec![address("", "TOM", "x.example")],
            reply_to: vec![address("", "list", "x.example")],
            to: vec![
                RawAddress {
                    mailbox: Some(b"Team"),
                    ..RawAddress::default()
                },
                address("", "a", "b"),
                RawAddress::default(),
            ],
            in_reply_to: Some(b"<0@x>"),
            message_id: Some(b"<1@x>"),
            fields: b"References: <9@x> <0@x>\r\nList-Id: Us <us.x.example>\r\n\r\n",
            ..RawEnvelope::default()
        };
        let envelope = of_message(raw);
        assert_eq!(of_raw(&imap), envelope);
        assert_eq!(envelope.subject, "Grüße");
        assert_eq!(envelope.references, ["9@x", "0@x"]);
        assert_eq!(envelope.list_id, "us.x.example");
        assert!(envelope.sender.is_empty());
        assert_eq!(envelope.from[0].name, "O'Brien, Tom");
    }

    #[test]
    fn d5_a_second_from_field_is_not_hidden() {
        let envelope = of_message(b"From: a@x\nFrom: b@y\n\n");
        let all: Vec<&str> = envelope.from.iter().map(|a| a.address.as_str()).collect();
        assert_eq!(all, ["a@x", "b@y"]);
    }

    #[test]
    fn m4_huge_fields_cost_little() {
        let start = std::time::Instant::now();
        let refs: String = (0..20_000).map(|n| format!("<{n}@x>\r\n ")).collect();
        let all = format!(
            "Subject: {}\r\nReferences: {refs}\r\nTo: {}\r\n{}\r\n",
            "x".repeat(20_000_000),
            "a@b, ".repeat(100_000),
            "X-A: b\r\n".repeat(100_000)
        );
        let envelope = of_message(all.as_bytes());
        assert_eq!(
            (envelope.references.len(), envelope.to.len()),
            (200, 10_000)
        );
        assert!(start.elapsed().as_millis() < 3000);
    }
}
