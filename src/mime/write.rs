//! Writing messages (RFC 5322, 2045, 2047, 2231, 3676): a draft into the bytes that leave.
//!
//! The header fields are written by mail-builder behind guards of our own; framing, transfer
//! encodings and streaming are ours, because an attachment is never held whole. What leaves has
//! CR LF everywhere, no line above 998 octets, no NUL, no Bcc but in the copy for Sent, no host
//! name, and exactly the header fields that were meant (SAFETY C1 to C4, C11, R22). Time, zone and
//! randomness are given.

mod coding;
mod field;
mod flow;
mod raw;
mod spec;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

pub use field::date as field_date;
pub use flow::lines as flowed_lines;
pub use raw::{Handed, hand_over};
pub use spec::{Mailbox, is_message_id, mailbox};
pub use stream::Stream;

use coding::{Coding, Lines, Octets};
use stream::Piece;

use super::{domain, structure};
use crate::model::{
    Address, AnswerKind, Attachment, Disposition, Draft, Envelope, Recipient, Source, Structure,
};

/// What a message is made with that no draft knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The local zone in minutes east of UTC; 0 tells nobody where one is.
    pub zone: i32,
    /// Unguessable octets for Message-ID and boundary.
    pub random: [u8; 16],
    /// Octets above 127 may go as they are: the server is known to take 8BITMIME.
    pub eight_bit: bool,
}

/// Opens an attachment by its place in the draft, decoded: the octets that the recipient is to get.
/// It is opened anew for each reading.
pub type Open<'a> = dyn FnMut(usize) -> io::Result<Box<dyn Read>> + 'a;

/// Why a draft is no message yet.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// An address that no server would understand, or that it would understand otherwise.
    #[error("\"{0}\" is no address")]
    Address(String),
    /// Nobody is named.
    #[error("the message has no recipient")]
    NoRecipient,
    /// A header field that is not the person's to set.
    #[error("the header field \"{0}\" cannot be set")]
    Field(String),
    /// It can only be passed on as an attachment.
    #[error("the message cannot be sent on as it is: {0}")]
    NotResendable(&'static str),
    /// What was handed over whole cannot be sent as it is.
    #[error("the message cannot be sent: {0}")]
    Raw(&'static str),
    /// An attachment cannot be read.
    #[error("\"{name}\" cannot be read: {error}")]
    Attachment {
        /// Its name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
}

/// A message ready to be read: for the server, or with Bcc for Sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// The envelope sender.
    pub sender: String,
    /// The envelope recipients, each once.
    pub recipients: Vec<String>,
    /// It has octets above 127 and needs 8BITMIME.
    pub eight_bit: bool,
    /// It needs SMTPUTF8.
    pub utf8: bool,
    /// Its envelope, with Bcc.
    pub envelope: Envelope,
    /// Its parts.
    pub structure: Structure,
    /// About how many octets it has.
    pub size: u64,
    before: Vec<u8>,
    bcc: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Letter {
    /// The octets for the submission server: no Bcc.
    pub fn wire<'a>(&'a self, open: &'a mut Open<'a>) -> Stream<'a> {
        Stream::new([&self.before, &[]], &self.pieces, open)
    }

    /// The octets for Sent, with Bcc; the same as [`Letter::wire`] if there is none.
    pub fn copy<'a>(&'a self, open: &'a mut Open<'a>) -> Stream<'a> {
        Stream::new([&self.before, &self.bcc], &self.pieces, open)
    }

    /// The octets before those that [`Letter::rest`] gives: for everybody, and then for Sent alone.
    pub fn heads(&self) -> (&[u8], &[u8]) {
        (&self.before, &self.bcc)
    }

    /// What follows, the same for both.
    pub fn rest<'a>(&'a self, open: &'a mut Open<'a>) -> Stream<'a> {
        Stream::new([&[], &[]], &self.pieces, open)
    }
}

/// Fields that are made here or by servers, and so by nobody else.
const RESERVED: [&str; 17] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "date",
    "subject",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "return-path",
    "received",
    "delivered-to",
    "apparently-to",
    "list-unsubscribe-post",
];

/// Makes a message of a draft. Stored messages that it passes on are read once to see what they
/// need; everything is read when the letter is.
pub fn compose(draft: &Draft, given: &Given, open: &mut Open<'_>) -> Result<Letter, WriteError> {
    let is_bounce = draft
        .answers
        .as_ref()
        .is_some_and(|answers| answers.kind == AnswerKind::Bounce);
    if is_bounce {
        return raw::resend(draft, given, open);
    }
    let mut letter = addressed(draft, given)?;
    let mut head = Vec::new();
    field::plain(&mut head, "Date", &field::date(given.now, given.zone));
    field::addresses(&mut head, "From", &[draft.from.clone().into()]);
    field::addresses(&mut head, "Reply-To", &draft.reply_to);
    named(&mut head, draft, "");
    letter.before = head;
    field::addresses(&mut letter.bcc, "Bcc", &draft.bcc);
    let mut rest = Vec::new();
    subject_and_ids(&mut rest, draft, &letter.message_id)?;
    body(&mut letter, rest, draft, given, open)?;
    letter.envelope = envelope(draft, given, &letter.message_id);
    Ok(letter)
}

/// What a draft looks like to other programs, for the server's Drafts: as [`compose`], but what is
/// not finished is no reason to refuse it. Recipients that are no addresses yet are left out; Bcc is
/// in it.
pub fn unfinished(draft: &Draft, given: &Given, open: &mut Open<'_>) -> Result<Letter, WriteError> {
    let mut draft = draft.clone();
    for field in [
        &mut draft.reply_to,
        &mut draft.to,
        &mut draft.cc,
        &mut draft.bcc,
    ] {
        field.retain_mut(|recipient| match recipient {
            Recipient::One(address) => mailbox(&address.address).is_some(),
            Recipient::Group { members, .. } => {
                members.retain(|address| mailbox(&address.address).is_some());
                true
            }
        });
    }
    draft.headers.clear();
    draft.answers = None;
    let nobody = draft.recipients().next().is_none();
    if nobody {
        // It is a letter to oneself until somebody is named.
        draft.bcc = vec![Recipient::One(draft.from.clone())];
    }
    let mut letter = compose(&draft, given, open)?;
    if nobody {
        letter.bcc.clear();
        letter.envelope.bcc.clear();
        letter.recipients.clear();
    }
    Ok(letter)
}

/// To and Cc, or a group that says that nobody is named in them.
fn named(head: &mut Vec<u8>, draft: &Draft, prefix: &str) {
    if draft.to.is_empty() && draft.cc.is_empty() {
        let nobody = Recipient::Group {
            name: "undisclosed-recipients".to_owned(),
            members: Vec::new(),
        };
        field::addresses(head, &format!("{prefix}To"), &[nobody]);
        return;
    }
    field::addresses(head, &format!("{prefix}To"), &draft.to);
    field::addresses(head, &format!("{prefix}Cc"), &draft.cc);
}

fn subject_and_ids(out: &mut Vec<u8>, draft: &Draft, id: &str) -> Result<(), WriteError> {
    if !draft.subject.trim().is_empty() {
        field::text(out, "Subject", draft.subject.trim());
    }
    field::plain(out, "Message-ID", &format!("<{id}>"));
    field::ids(out, "In-Reply-To", &draft.in_reply_to);
    field::ids(out, "References", &draft.references);
    for (name, value) in &draft.headers {
        let lower = name.to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.len() <= 60
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let reserved = RESERVED.contains(&lower.as_str())
            || lower.starts_with("content-")
            || lower.starts_with("resent-");
        if !is_name || reserved {
            return Err(WriteError::Field(field::line(name, 60)));
        }
        field::text(out, name, value);
    }
    field::plain(out, "MIME-Version", "1.0");
    Ok(())
}

/// A letter with its envelope and id, and nothing in it.
fn addressed(draft: &Draft, given: &Given) -> Result<Letter, WriteError> {
    let refused = |address: &Address| WriteError::Address(field::line(&address.address, 300));
    let sender = mailbox(&draft.from.address).ok_or_else(|| refused(&draft.from))?;
    let mut utf8 = sender.utf8;
    for address in draft.reply_to.iter().flat_map(Recipient::mailboxes) {
        utf8 |= mailbox(&address.address)
            .ok_or_else(|| refused(address))?
            .utf8;
    }
    let mut recipients: Vec<String> = Vec::new();
    for address in draft.recipients() {
        let one = mailbox(&address.address).ok_or_else(|| refused(address))?;
        utf8 |= one.utf8;
        if !recipients.contains(&one.address) {
            recipients.push(one.address);
        }
    }
    if recipients.is_empty() {
        return Err(WriteError::NoRecipient);
    }
    Ok(Letter {
        message_id: message_id(&sender.address, given),
        sender: sender.address,
        recipients,
        eight_bit: false,
        utf8,
        envelope: Envelope::default(),
        structure: Structure::default(),
        size: 0,
        before: Vec::new(),
        bcc: Vec::new(),
        pieces: Vec::new(),
    })
}

/// An id at the sender's domain: nothing of this machine is in it (SAFETY C11).
fn message_id(sender: &str, given: &Given) -> String {
    let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain);
    let domain = domain.trim_matches(['[', ']']);
    format!("{}@{}", hex(&given.random), domain.to_ascii_lowercase())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn envelope(draft: &Draft, given: &Given, id: &str) -> Envelope {
    let flat = |list: &[Recipient]| {
        list.iter()
            .flat_map(Recipient::mailboxes)
            .cloned()
            .collect()
    };
    let sound = |ids: &[String]| ids.iter().filter(|id| is_message_id(id)).cloned().collect();
    Envelope {
        date: Some(given.now),
        zone: given.zone,
        subject: field::line(draft.subject.trim(), 4_000),
        from: vec![draft.from.clone()],
        reply_to: flat(&draft.reply_to),
        to: flat(&draft.to),
        cc: flat(&draft.cc),
        bcc: flat(&draft.bcc),
        message_id: id.to_owned(),
        in_reply_to: sound(&draft.in_reply_to),
        references: sound(&draft.references),
        ..Envelope::default()
    }
}

fn body(
    letter: &mut Letter,
    mut head: Vec<u8>,
    draft: &Draft,
    given: &Given,
    open: &mut Open<'_>,
) -> Result<(), WriteError> {
    let (text, part) = text_part(draft, given);
    letter.eight_bit = part.encoding == Coding::EightBit.word();
    letter.size = text.len() as u64 + 2_000;
    if draft.attachments.is_empty() {
        head.extend_from_slice(&text);
        letter.structure = part;
        letter.pieces.push(Piece::Octets(head));
    } else {
        // `=_` stands in no quoted-printable and no base64.
        let boundary = format!("=_{}", hex(&given.random));
        field::typed(
            &mut head,
            "Content-Type",
            "multipart/mixed",
            &[("boundary", &boundary)],
        );
        head.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        head.extend_from_slice(&text);
        let mut children = vec![part];
        let mut piece = head;
        for (at, attachment) in draft.attachments.iter().enumerate() {
            let framed = attached(attachment, at, given, open)?;
            piece.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
            piece.extend_from_slice(&framed.head);
            letter
                .pieces
                .push(Piece::Octets(std::mem::take(&mut piece)));
            letter.pieces.push(framed.body);
            letter.eight_bit |= framed.part.encoding == Coding::EightBit.word();
            letter.size += framed.part.size + framed.head.len() as u64;
            children.push(framed.part);
        }
        piece.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        letter.pieces.push(Piece::Octets(piece));
        letter.structure = Structure {
            kind: "multipart".to_owned(),
            subtype: "mixed".to_owned(),
            parameters: vec![("boundary".to_owned(), boundary)],
            children,
            ..Structure::default()
        };
    }
    structure::number(&mut letter.structure);
    Ok(())
}

/// The text with its header fields, and what a list knows of it.
fn text_part(draft: &Draft, given: &Given) -> (Vec<u8>, Structure) {
    let lines = flow::lines(&draft.text);
    let mut octets = Octets::default();
    for line in &lines {
        octets.see(line.as_bytes());
        octets.see(b"\r\n");
    }
    let coding = octets.coding(given.eight_bit);
    let charset = if octets.eight_bit {
        "utf-8"
    } else {
        "us-ascii"
    };
    let mut out = Vec::new();
    let parameters = [("charset", charset), ("format", "flowed")];
    field::typed(&mut out, "Content-Type", "text/plain", &parameters);
    field::plain(&mut out, "Content-Transfer-Encoding", coding.word());
    out.extend_from_slice(b"\r\n");
    let start = out.len();
    match coding {
        Coding::SevenBit | Coding::EightBit => {
            for line in &lines {
                out.extend_from_slice(line.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
        Coding::Quoted | Coding::Base64 => {
            out.extend(coding::quoted(lines.iter().map(String::as_bytes)));
        }
    }
    let part = Structure {
        kind: "text".to_owned(),
        subtype: "plain".to_owned(),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        encoding: coding.word().to_owned(),
        size: (out.len() - start) as u64,
        lines: Some(lines.len() as u64),
        ..Structure::default()
    };
    (out, part)
}

/// An attachment ready to be framed.
struct Framed {
    head: Vec<u8>,
    body: Piece,
    part: Structure,
}

fn attached(
    attachment: &Attachment,
    at: usize,
    given: &Given,
    open: &mut Open<'_>,
) -> Result<Framed, WriteError> {
    let failed = |error| WriteError::Attachment {
        name: field::line(&attachment.name, 100),
        error,
    };
    let (kind, subtype) = media_type(&attachment.media_type);
    let (coding, size) = if kind == "message" {
        let mut reader = Lines::new(open(at).map_err(failed)?);
        let octets = Octets::of(&mut reader).map_err(failed)?;
        (octets.coding(given.eight_bit), octets.total)
    } else {
        (Coding::Base64, coding::base64_size(attachment.size))
    };
    // A message is passed on raw or not as a message (RFC 2046 section 5.2.1).
    let (kind, subtype, coding, size) = match coding {
        Coding::Quoted => (
            "application",
            "octet-stream",
            Coding::Base64,
            coding::base64_size(attachment.size),
        ),
        Coding::SevenBit | Coding::EightBit | Coding::Base64 => (kind, subtype, coding, size),
    };
    let mut head = Vec::new();
    let name = super::filename::safe(&attachment.name);
    let media = format!("{kind}/{subtype}");
    field::typed(&mut head, "Content-Type", &media, &[]);
    let named = [("filename", name.as_str())];
    field::typed(&mut head, "Content-Disposition", "attachment", &named);
    field::plain(&mut head, "Content-Transfer-Encoding", coding.word());
    head.extend_from_slice(b"\r\n");
    Ok(Framed {
        head,
        body: match coding {
            Coding::Base64 | Coding::Quoted => Piece::Base64(at),
            Coding::SevenBit | Coding::EightBit => Piece::Lines(at),
        },
        part: Structure {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            encoding: coding.word().to_owned(),
            size,
            disposition: Disposition::Attachment,
            filename: name,
            ..Structure::default()
        },
    })
}

/// A media type that is one, in lower case; anything else is octets. A multipart is nobody's
/// attachment.
fn media_type(text: &str) -> (&str, &str) {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.len() <= 80
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
    };
    match text.split_once('/') {
        Some(("message", "rfc822")) => ("message", "rfc822"),
        Some((kind, subtype))
            if is_token(kind)
                && is_token(subtype)
                && !kind.eq_ignore_ascii_case("multipart")
                && !kind.eq_ignore_ascii_case("message") =>
        {
            (kind, subtype)
        }
        Some(_) | None => ("application", "octet-stream"),
    }
}

/// Whether two addresses are one mailbox as far as can be told without its server: the domain by
/// its A-labels, the local part without case.
pub fn is_same_mailbox(one: &str, other: &str) -> bool {
    let split = |text: &str| -> Option<(String, String)> {
        let (local, host) = text.trim().rsplit_once('@')?;
        Some((local.to_lowercase(), domain::ascii(host)))
    };
    match (split(one), split(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Whether an attachment is a whole stored message.
fn is_message(attachment: &Attachment) -> bool {
    matches!(attachment.source, Source::Message { .. })
}
