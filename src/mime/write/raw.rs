//! Messages that come whole: handed over by another program, or stored and sent on as they are.
//!
//! Their header fields are kept one by one, so that nothing but fields gets through; Bcc goes, what
//! is missing is added, and what no line may hold is encoded.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::coding::{Coding, Lines, MAX_LINE, Octets, quoted};
use super::stream::Piece;
use super::{
    Given, Letter, Open, WriteError, addressed, field, is_message, mailbox, message_id, named, spec,
};
use crate::mime::header::{self, Header};
use crate::mime::{address, envelope, part, structure, word};
use crate::model::{Address, Draft, Recipient, Structure};

/// Octets that a header may have.
const MAX_HEADER: u64 = 1 << 20;
/// Octets of a line that is sent as it is (RFC 5322 section 2.1.1).
const MAX_RAW_LINE: usize = 998;
/// Fields that are for nobody's eyes, or that only the last server writes.
const DROPPED: [&str; 4] = ["bcc", "resent-bcc", "return-path", "content-length"];

/// How a message is handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// The identity, where the message has no From.
    pub from: Address,
    /// The envelope sender, if one was named.
    pub sender: Option<String>,
    /// Recipients named beside the message.
    pub recipients: Vec<String>,
    /// To, Cc and Bcc name recipients too.
    pub read_recipients: bool,
    /// What bare names stand for, in small letters.
    pub aliases: BTreeMap<String, Vec<String>>,
}

impl Handed {
    /// Who writes. A bare name is the user of this machine (cron has `root`): its address is that of
    /// the identity.
    fn writer(&self, mut written: Address) -> Address {
        if is_bare(&written) {
            written.address.clone_from(&self.from.address);
            if written.name.is_empty() {
                written.name.clone_from(&self.from.name);
            }
        }
        written
    }

    /// Whom an address of the header means. A bare name that nothing is known of stays as it is, and
    /// is refused.
    fn meant(&self, address: Address) -> Vec<Recipient> {
        match self.aliases.get(&address.address.to_lowercase()) {
            Some(all) if is_bare(&address) => {
                all.iter().map(|one| Recipient::address(one)).collect()
            }
            Some(_) | None => vec![Recipient::One(address)],
        }
    }

    /// What a field of recipients becomes where bare names in it stand for something.
    fn spelled_out(&self, name: &str, value: &[u8]) -> Option<Vec<Recipient>> {
        if !["to", "cc"].contains(&name) {
            return None;
        }
        let list = address::addresses(value);
        let known =
            |one: &Address| is_bare(one) && self.aliases.contains_key(&one.address.to_lowercase());
        // The head of a group has no address; a group stays as it is.
        if list.iter().any(|one| one.address.is_empty()) || !list.iter().any(known) {
            return None;
        }
        Some(list.into_iter().flat_map(|one| self.meant(one)).collect())
    }
}

fn is_bare(address: &Address) -> bool {
    !address.address.contains('@')
}

/// Makes a letter of a whole message that another program hands over.
pub fn hand_over(bytes: &[u8], handed: &Handed, given: &Given) -> Result<Letter, WriteError> {
    let mut normal = Vec::with_capacity(bytes.len() + bytes.len() / 20);
    let read = Lines::new(bytes).read_to_end(&mut normal);
    read.map_err(|_| WriteError::Raw("it cannot be read"))?;
    let header = Header::parse(&normal);
    let body = normal.get(header.body()..).unwrap_or_default();
    let from = match header.first("From").map(address::addresses) {
        Some(from) if !from.is_empty() => from.into_iter().map(|one| handed.writer(one)).collect(),
        Some(_) | None => vec![handed.from.clone()],
    };
    let sender = handed
        .sender
        .as_deref()
        .or(from.first().map(|one| one.address.as_str()))
        .unwrap_or_default();
    let draft = Draft {
        from: Address {
            name: String::new(),
            address: sender.to_owned(),
        },
        to: recipients(&header, handed),
        ..Draft::default()
    };
    let mut letter = addressed(&draft, given)?;
    let id = header.first("Message-ID").map(header::message_id);
    if let Some(id) = id.filter(|id| spec::is_message_id(id)) {
        letter.message_id = id;
    }
    let (fields, body) = recoded(&header, body)?;
    letter.before = kept(&header, &fields, &from, &letter.message_id, handed, given)?;
    if let Some(bcc) = header.first("Bcc") {
        let list = address::addresses(bcc).into_iter();
        let list = list.filter(|one| !one.address.is_empty());
        let list: Vec<Recipient> = list.flat_map(|one| handed.meant(one)).collect();
        field::addresses(&mut letter.bcc, "Bcc", &list);
    }
    let mut rest = fields.octets;
    rest.extend_from_slice(b"\r\n");
    rest.extend_from_slice(&body);
    letter.eight_bit = rest.iter().any(|byte| *byte > 127);
    let whole: Vec<u8> = [&letter.before, &letter.bcc, &rest]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    letter.utf8 |= letter.before.iter().any(|byte| *byte > 127);
    letter.envelope = envelope::of_message(&whole);
    letter.structure = structure::of_message(&whole).0;
    letter.size = whole.len() as u64;
    letter.pieces.push(Piece::Octets(rest));
    Ok(letter)
}

fn recipients(header: &Header<'_>, handed: &Handed) -> Vec<Recipient> {
    let mut all: Vec<Recipient> = handed
        .recipients
        .iter()
        .map(|address| Recipient::address(address))
        .collect();
    if handed.read_recipients {
        for name in ["To", "Cc", "Bcc"] {
            for value in header.all(name) {
                let found = address::addresses(value).into_iter();
                let found = found.filter(|one| !one.address.is_empty());
                all.extend(found.flat_map(|one| handed.meant(one)));
            }
        }
    }
    all
}

fn listed(value: &[u8]) -> Vec<Recipient> {
    let found = address::addresses(value).into_iter();
    found
        .filter(|one| !one.address.is_empty())
        .map(Recipient::One)
        .collect()
}

/// Content fields as they are sent, and whether those of the message are replaced by them.
#[derive(Default)]
struct Content {
    octets: Vec<u8>,
    replaces: bool,
}

/// The body as it may leave, with the content fields that this needs.
fn recoded(header: &Header<'_>, body: &[u8]) -> Result<(Content, Vec<u8>), WriteError> {
    let mut octets = Octets::default();
    octets.see(body);
    let is_mime = header.first("MIME-Version").is_some();
    let sound = !octets.control && octets.longest <= MAX_RAW_LINE;
    if is_mime && sound || !is_mime && octets.coding(false) == Coding::SevenBit {
        let mut content = Content::default();
        if !is_mime {
            field::plain(&mut content.octets, "MIME-Version", "1.0");
        }
        return Ok((content, body.to_vec()));
    }
    let coded = header.first("Content-Transfer-Encoding");
    let coded = coded.map(|value| String::from_utf8_lossy(value).trim().to_ascii_lowercase());
    let plain = matches!(
        coded.as_deref(),
        None | Some("" | "7bit" | "8bit" | "binary")
    );
    let kind = header.first("Content-Type").map(word::decode_text);
    let kind = kind.unwrap_or_else(|| "text/plain".to_owned());
    if !plain || !kind.trim_start().to_ascii_lowercase().starts_with("text/") {
        return Err(WriteError::Raw(
            "a line is too long, or holds control characters",
        ));
    }
    let mut content = Content {
        replaces: true,
        ..Content::default()
    };
    field::plain(&mut content.octets, "MIME-Version", "1.0");
    match header.first("Content-Type").filter(|_| is_mime) {
        Some(value) => own(&mut content.octets, "Content-Type", value)?,
        None => {
            let charset = if std::str::from_utf8(body).is_ok() {
                "utf-8"
            } else {
                "unknown-8bit"
            };
            let parameters = [("charset", charset)];
            field::typed(
                &mut content.octets,
                "Content-Type",
                "text/plain",
                &parameters,
            );
        }
    }
    let coding = Coding::Quoted.word();
    field::plain(&mut content.octets, "Content-Transfer-Encoding", coding);
    let body = body.strip_suffix(b"\r\n").unwrap_or(body);
    let lines = body.split(|byte| *byte == b'\n');
    Ok((
        content,
        quoted(lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line))),
    ))
}

/// The fields of the message in their order, those that are missing first.
fn kept(
    header: &Header<'_>,
    content: &Content,
    from: &[Address],
    id: &str,
    handed: &Handed,
    given: &Given,
) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    let unsigned = header.first("From").is_none_or(|value| {
        let from = address::addresses(value);
        from.is_empty() || from.iter().any(is_bare)
    });
    if header.first("Date").is_none() {
        field::plain(&mut out, "Date", &field::date(given.now, given.zone));
    }
    if unsigned {
        let from: Vec<Recipient> = from.iter().cloned().map(Recipient::One).collect();
        field::addresses(&mut out, "From", &from);
    }
    field::plain(&mut out, "Message-ID", &format!("<{id}>"));
    for (name, value) in header.fields() {
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        let lower = name.to_ascii_lowercase();
        let made = lower == "message-id"
            || lower == "from" && unsigned
            || content.replaces && (lower == "mime-version" || lower.starts_with("content-"));
        if made || DROPPED.contains(&lower.as_str()) || !is_field_name(name) {
            continue;
        }
        match handed.spelled_out(&lower, value) {
            Some(list) => field::addresses(&mut out, name, &list),
            None => own(&mut out, name, value)?,
        }
    }
    Ok(out)
}

fn is_field_name(name: &str) -> bool {
    name.len() <= 76 && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

const ADDRESSES: [&str; 8] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "resent-from",
    "resent-to",
    "resent-cc",
];

/// One field as it is, if that may leave; otherwise written anew from what it says.
fn own(out: &mut Vec<u8>, name: &str, value: &[u8]) -> Result<(), WriteError> {
    let mut octets = Octets::default();
    octets.see(value);
    let folds = value.split(|byte| *byte == b'\n').skip(1);
    let folded = folds
        .into_iter()
        .all(|line| line.starts_with(b" ") || line.starts_with(b"\t"));
    let sound = octets.coding(false) == Coding::SevenBit && folded;
    if sound && octets.longest + name.len() + 2 <= MAX_LINE {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.trim_ascii());
        out.extend_from_slice(b"\r\n");
        return Ok(());
    }
    if ADDRESSES.contains(&name.to_ascii_lowercase().as_str()) {
        let list = listed(value);
        let sound = |one: &Address| mailbox(&one.address).is_some();
        if !list.iter().flat_map(Recipient::mailboxes).all(sound) {
            return Err(WriteError::Raw("an address in its header is none"));
        }
        field::addresses(out, name, &list);
        return Ok(());
    }
    field::text(out, name, &part::utf8_or_1252(&word::unfold(value)));
    Ok(())
}

/// A stored message sent on as it is, below Resent- fields (RFC 5322 section 3.6.6). Of the header
/// that it came with, Bcc and what the last server wrote are left out.
pub(super) fn resend(
    draft: &Draft,
    given: &Given,
    open: &mut Open<'_>,
) -> Result<Letter, WriteError> {
    let Some(attachment) = draft.attachments.first().filter(|one| is_message(one)) else {
        return Err(WriteError::NotResendable("there is no message"));
    };
    let failed = |error| WriteError::Attachment {
        name: attachment.name.clone(),
        error,
    };
    let mut letter = addressed(draft, given)?;
    let id = message_id(&letter.sender, given);
    let head = head_of(&mut open(0).map_err(failed)?).map_err(failed)?;
    let header = Header::parse(&head);
    let skip = header.body() as u64;
    let fields = resent_fields(&header)?;
    let octets = {
        let mut reader = open(0).map_err(failed)?;
        io::copy(&mut reader.by_ref().take(skip), &mut io::sink()).map_err(failed)?;
        Octets::of(&mut Lines::new(reader)).map_err(failed)?
    };
    if octets.longest > MAX_RAW_LINE || octets.control {
        return Err(WriteError::NotResendable(
            "a line is too long, or holds control characters; forward it instead",
        ));
    }
    let date = field::date(given.now, given.zone);
    field::plain(&mut letter.before, "Resent-Date", &date);
    let from = [Recipient::One(draft.from.clone())];
    field::addresses(&mut letter.before, "Resent-From", &from);
    named(&mut letter.before, draft, "Resent-");
    field::addresses(&mut letter.bcc, "Resent-Bcc", &draft.bcc);
    let mut rest = Vec::new();
    field::plain(&mut rest, "Resent-Message-ID", &format!("<{id}>"));
    rest.extend_from_slice(&fields);
    rest.extend_from_slice(b"\r\n");
    letter.eight_bit = octets.eight_bit || fields.iter().any(|byte| *byte > 127);
    letter.utf8 |= fields.iter().any(|byte| *byte > 127);
    letter.size = octets.total + rest.len() as u64 + letter.before.len() as u64;
    letter.message_id = id;
    letter.envelope = envelope::of_message(&rest);
    letter.structure = Structure::default();
    letter.pieces = vec![Piece::Octets(rest), Piece::Rest(0, skip)];
    Ok(letter)
}

/// The fields that stay, each as it came but for the blank behind its colon: whoever signed them
/// signed these octets.
fn resent_fields(header: &Header<'_>) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    for (name, value) in header.fields() {
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        if DROPPED.contains(&name.to_ascii_lowercase().as_str()) || !is_field_name(name) {
            continue;
        }
        let mut whole = format!("{name}: ").into_bytes();
        whole.extend_from_slice(value.trim_ascii_start());
        let mut normal = Vec::new();
        let read = Lines::new(whole.as_slice()).read_to_end(&mut normal);
        read.map_err(|_| WriteError::NotResendable("its header cannot be read"))?;
        let mut octets = Octets::default();
        octets.see(&normal);
        if octets.longest > MAX_RAW_LINE || octets.control {
            own(&mut out, name, value)?;
            continue;
        }
        let body = normal.strip_suffix(b"\r\n").unwrap_or(&normal);
        for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // A line that bare line ends made is no field of its own.
            if at > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
                out.push(b' ');
            }
            if !line.trim_ascii().is_empty() {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    Ok(out)
}

/// The octets up to the end of the header.
fn head_of(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut block = vec![0; 16 << 10];
    loop {
        let count = reader.read(&mut block)?;
        head.extend_from_slice(block.get(..count).unwrap_or_default());
        let blank = [&b"\n\r\n"[..], b"\n\n"]
            .iter()
            .any(|end| memchr::memmem::find(&head, end).is_some());
        if count == 0 || blank {
            return Ok(head);
        }
        if head.len() as u64 > MAX_HEADER {
            return Err(io::Error::other("its header has no end"));
        }
    }
}
