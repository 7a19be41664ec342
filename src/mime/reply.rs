//! Answers: who gets one, what it is called, what it quotes; and mail that is passed on.
//!
//! Everything here is a pure function of the message as it was read. Where a sender could lead an
//! answer astray, the question says so: Reply-To that is not From (SAFETY C6), and a message that
//! came by Bcc, whose answer to all would tell (SAFETY C5).

mod quoting;
mod several;
#[cfg(test)]
mod tests;

pub use quoting::{attribution, forwarded, quote};
pub use several::Several;

use super::header::Header;
use super::write::{is_message_id, is_same_mailbox, mailbox};
use super::{address, domain};
use crate::model::{
    Address, AnswerKind, Answers, Attachment, ContentKey, Draft, Envelope, MessageKey, Recipient,
    Source, Structure,
};

/// Ids that References keeps: the first and the last ones.
const MAX_REFERENCES: usize = 30;

/// What an answer follows beside the envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The address of List-Post: the message came over a list.
    pub list_post: Option<Address>,
    /// Mail-Followup-To: who wants the answers to all.
    pub followup_to: Vec<Address>,
}

impl Wishes {
    /// Reads them from a header block.
    pub fn of_header(raw: &[u8]) -> Self {
        let header = Header::parse(raw);
        let followup = header.first("Mail-Followup-To");
        Self {
            list_post: header.first("List-Post").and_then(list_post),
            followup_to: followup.map(address::addresses).unwrap_or_default(),
        }
    }
}

/// `<mailto:list@example.org>`; `NO` and other ways than mail are none (RFC 2369 section 3.4).
fn list_post(value: &[u8]) -> Option<Address> {
    let text = std::str::from_utf8(value).ok()?;
    text.split('<').skip(1).find_map(|part| {
        let url = part.split('>').next()?.trim();
        let (scheme, rest) = url.split_once(':')?;
        let path = rest.split('?').next().unwrap_or_default();
        let address = percent_decoded(path)?;
        let sound = scheme.eq_ignore_ascii_case("mailto") && mailbox(&address).is_some();
        sound.then_some(Address {
            name: String::new(),
            address,
        })
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// A message that is answered or passed on.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its row, to be marked.
    pub message: MessageKey,
    /// Its envelope.
    pub envelope: &'a Envelope,
    /// What its header wishes.
    pub wishes: &'a Wishes,
    /// The person's own addresses, of all accounts and identities.
    pub own: &'a [String],
}

/// Whom an answer goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Who wrote it.
    Sender,
    /// Everybody who has it.
    All,
    /// The list that it came over.
    List,
}

/// An answer's address fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
}

impl Addressed {
    /// How many mailboxes they name.
    pub fn count(&self) -> usize {
        self.to.len() + self.cc.len()
    }
}

/// What is asked before an answer is written; one choice alone is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The answers that differ.
    pub choices: Vec<(Whom, Addressed)>,
    /// The one that Enter takes.
    pub proposed: Whom,
    /// None of our addresses is in To or Cc: others do not know that we have it.
    pub came_by_bcc: bool,
    /// Answers go elsewhere than to who wrote: From, then Reply-To.
    pub redirected: Option<(Address, Vec<Address>)>,
}

impl Original<'_> {
    fn is_own(&self, address: &Address) -> bool {
        let mut own = self.own.iter();
        own.any(|own| is_same_mailbox(own, &address.address))
    }

    /// Whether we wrote it.
    pub fn is_ours(&self) -> bool {
        self.envelope.from.iter().any(|from| self.is_own(from))
    }

    /// Whether it came to us by Bcc, or by an address that we do not know as ours: neither To nor Cc
    /// names us, and no list brought it.
    pub fn came_by_bcc(&self) -> bool {
        let mut named = self.envelope.to.iter().chain(&self.envelope.cc);
        !self.is_ours()
            && !named.any(|address| self.is_own(address))
            && self.wishes.list_post.is_none()
            && self.envelope.list_id.is_empty()
    }

    /// Whom a letter about this message is from, as a place among the identities of its account and
    /// behind them `others`, those of the other accounts: who wrote it, if we did; else the one that it
    /// came to, in its account before any other; the first if none is named.
    pub fn identity(&self, here: &[Address], others: &[Address]) -> usize {
        let envelope = self.envelope;
        let among = |all: &[Address], fields: &[&Vec<Address>]| {
            let mut named = fields.iter().copied().flatten();
            named.find_map(|address| {
                let is_it = |one: &Address| is_same_mailbox(&one.address, &address.address);
                all.iter().position(is_it)
            })
        };
        let first = |fields: &[&Vec<Address>]| {
            let other = || among(others, fields).map(|at| here.len() + at);
            among(here, fields).or_else(other)
        };
        let came_to = || first(&[&envelope.to, &envelope.cc, &envelope.bcc]);
        first(&[&envelope.from]).or_else(came_to).unwrap_or(0)
    }

    /// The own address that it came to, unless it came to `from` as well; `None` too where it names
    /// none of ours, or we wrote it.
    pub fn came_to(&self, from: &str) -> Option<String> {
        let envelope = self.envelope;
        if self.is_ours() {
            return None;
        }
        let named = [&envelope.to, &envelope.cc, &envelope.bcc];
        let mut own = named.into_iter().flatten().filter(|one| self.is_own(one));
        let first = own.next()?.address.clone();
        let is_from = |one: &str| is_same_mailbox(one, from);
        let meant = is_from(&first) || own.any(|one| is_from(&one.address));
        (!meant).then_some(first)
    }

    /// Where answers to who wrote it go.
    fn sender(&self) -> Vec<Address> {
        let envelope = self.envelope;
        if self.is_ours() && !envelope.to.is_empty() {
            return mailboxes(&envelope.to);
        }
        let replies = mailboxes(&envelope.reply_to);
        // A list that puts itself into Reply-To hides who wrote; the list has a choice of its own.
        let is_list = |one: &Address| {
            let post = self.wishes.list_post.as_ref();
            post.is_some_and(|post| is_same_mailbox(&post.address, &one.address))
        };
        if replies.is_empty() || replies.iter().all(is_list) {
            mailboxes(&envelope.from)
        } else {
            replies
        }
    }

    /// The fields of an answer.
    pub fn addressed(&self, whom: Whom) -> Addressed {
        let mut to = Vec::new();
        let mut cc = Vec::new();
        match whom {
            Whom::Sender => add(&mut to, &[], self.sender()),
            Whom::List => {
                let list = self.wishes.list_post.clone();
                add(&mut to, &[], list.into_iter().collect());
            }
            Whom::All if !self.wishes.followup_to.is_empty() => {
                add(&mut to, &[], self.others(&self.wishes.followup_to));
            }
            Whom::All => {
                add(&mut to, &[], self.sender());
                let envelope = self.envelope;
                let rest = if self.is_ours() {
                    &[]
                } else {
                    envelope.to.as_slice()
                };
                add(&mut cc, &to, self.others(rest));
                add(&mut cc, &to, self.others(&envelope.cc));
            }
        }
        Addressed { to, cc }
    }

    /// Everybody of a list but ourselves.
    fn others(&self, list: &[Address]) -> Vec<Address> {
        let mut all = mailboxes(list);
        all.retain(|address| !self.is_own(address));
        all
    }

    /// What is to be asked before answering.
    pub fn question(&self) -> Question {
        let choices = choices(&|whom| self.addressed(whom));
        let has = |whom: Whom| choices.iter().any(|(one, _)| *one == whom);
        let came_by_bcc = self.came_by_bcc();
        let follows = !self.wishes.followup_to.is_empty();
        let proposed = if came_by_bcc {
            Whom::Sender
        } else if has(Whom::List) && !follows {
            Whom::List
        } else if has(Whom::All) {
            Whom::All
        } else {
            Whom::Sender
        };
        Question {
            choices,
            proposed,
            came_by_bcc,
            redirected: self.redirected(),
        }
    }

    fn redirected(&self) -> Option<(Address, Vec<Address>)> {
        let from = self.envelope.from.first()?;
        let target = self.sender();
        let is_from = |one: &Address| is_same_mailbox(&one.address, &from.address);
        let elsewhere = !self.is_ours() && !target.iter().any(is_from);
        elsewhere.then(|| (from.clone(), target))
    }

    /// A draft that answers. `text` is what it begins with: attribution and quote.
    pub fn reply(&self, from: &Address, fields: Addressed, text: String) -> Draft {
        Several::new(vec![*self]).reply(from, fields, text)
    }

    /// A draft that passes it on in its text, with what was attached.
    pub fn forward(
        &self,
        from: &Address,
        content: ContentKey,
        structure: Option<&Structure>,
        text: String,
    ) -> Draft {
        let parts = structure.map(Structure::attachments).unwrap_or_default();
        Draft {
            attachments: parts
                .into_iter()
                .map(|part| of_part(content, part))
                .collect(),
            text,
            ..self.passed_on(from)
        }
    }

    /// A draft that has it attached whole.
    pub fn forward_attached(&self, from: &Address, content: ContentKey, size: u64) -> Draft {
        Draft {
            attachments: vec![self.whole(content, size)],
            ..self.passed_on(from)
        }
    }

    /// A draft that passes on one part of it alone.
    pub fn forward_part(&self, from: &Address, content: ContentKey, part: &Structure) -> Draft {
        Draft {
            attachments: vec![of_part(content, part)],
            ..self.passed_on(from)
        }
    }

    /// A draft that sends it on as it is.
    pub fn bounce(&self, from: &Address, content: ContentKey, size: u64) -> Draft {
        Draft {
            from: from.clone(),
            subject: self.envelope.subject.clone(),
            attachments: vec![self.whole(content, size)],
            answers: self.answers(AnswerKind::Bounce),
            ..Draft::default()
        }
    }

    /// The message as an attachment.
    pub fn whole(&self, content: ContentKey, size: u64) -> Attachment {
        let subject: String = self.envelope.subject.chars().take(60).collect();
        let name = if subject.trim().is_empty() {
            "message"
        } else {
            subject.trim()
        };
        Attachment {
            name: super::filename::safe(&format!("{}.eml", name.replace(['/', '\\'], "_"))),
            media_type: "message/rfc822".to_owned(),
            source: Source::Message { content },
            size,
        }
    }

    fn passed_on(&self, from: &Address) -> Draft {
        let (_, references) = self.references();
        Draft {
            from: from.clone(),
            subject: forward_subject(&self.envelope.subject),
            references,
            answers: self.answers(AnswerKind::Forward),
            ..Draft::default()
        }
    }

    fn answers(&self, kind: AnswerKind) -> Option<Answers> {
        Some(Answers {
            kind,
            messages: vec![self.message],
        })
    }

    /// In-Reply-To and References (RFC 5322 section 3.6.4), only of ids that are ids.
    fn references(&self) -> (Vec<String>, Vec<String>) {
        let envelope = self.envelope;
        let parent: Vec<String> = Some(envelope.message_id.clone())
            .filter(|id| is_message_id(id))
            .into_iter()
            .collect();
        let mut references = envelope.references.clone();
        if references.is_empty() && envelope.in_reply_to.len() == 1 {
            references = envelope.in_reply_to.clone();
        }
        references.retain(|id| is_message_id(id) && !parent.contains(id));
        references.extend(parent.iter().cloned());
        if references.len() > MAX_REFERENCES {
            let surplus = references.len() - MAX_REFERENCES;
            references.drain(1..=surplus);
        }
        (parent, references)
    }
}

/// A draft made of a stored message, to go on with: one that another program left in Drafts, or any
/// other as a pattern. `text` is what is read of it, without notes of ours.
pub fn resume(
    message: MessageKey,
    envelope: &Envelope,
    content: ContentKey,
    structure: Option<&Structure>,
    text: &str,
) -> Draft {
    Draft {
        answers: Some(Answers {
            kind: AnswerKind::New,
            messages: vec![message],
        }),
        ..pattern(envelope, content, structure, text)
    }
}

/// A draft that says what a message says, to whom that was addressed.
pub fn pattern(
    envelope: &Envelope,
    content: ContentKey,
    structure: Option<&Structure>,
    text: &str,
) -> Draft {
    let own = Original {
        message: MessageKey(0),
        envelope,
        wishes: &Wishes::default(),
        own: &[],
    };
    let listed = |list: &[Address]| mailboxes(list).into_iter().map(Recipient::One).collect();
    let sound = |ids: &[String]| {
        let all = ids.iter().filter(|id| is_message_id(id));
        all.cloned().collect::<Vec<String>>()
    };
    let from = envelope.from.first().cloned().unwrap_or_default();
    Draft {
        reply_to: listed(&envelope.reply_to),
        to: listed(&envelope.to),
        cc: listed(&envelope.cc),
        bcc: listed(&envelope.bcc),
        subject: envelope.subject.clone(),
        in_reply_to: sound(&envelope.in_reply_to),
        references: sound(&envelope.references),
        answers: None,
        ..own.forward(&from, content, structure, text.trim_end().to_owned())
    }
}

/// The plain text part that a draft was typed in: the only one that is no attachment.
pub fn typed_part(structure: &Structure) -> Option<&Structure> {
    let attached: Vec<_> = structure.attachments();
    let is_attached = |part: &&Structure| attached.iter().any(|one| one.path == part.path);
    let parts = structure.walk().into_iter();
    let mut texts = parts.filter(|part| part.kind == "text" && !is_attached(part));
    let first = texts.next().filter(|part| part.subtype == "plain")?;
    // Another form of the same text may follow, another text may not.
    texts.all(|part| part.subtype != "plain").then_some(first)
}

/// The text of that part as it was typed, from its decoded octets: a line for each paragraph.
pub fn typed(part: &Structure, decoded: &[u8]) -> String {
    let text = super::part::text(decoded, part.parameter("charset")).text;
    let is = |name: &str, value: &str| {
        let found = part.parameter(name);
        found.is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    let lines: Vec<String> = match is("format", "flowed") {
        false => text.lines().map(str::to_owned).collect(),
        true => super::flowed::join(&text, is("delsp", "yes"))
            .into_iter()
            .map(|one| match one.level {
                0 => one.text,
                level => format!("{} {}", ">".repeat(usize::from(level)), one.text),
            })
            .collect(),
    };
    let text = lines.join("\n");
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// A part as it is attached to another message.
fn of_part(content: ContentKey, part: &Structure) -> Attachment {
    Attachment {
        name: part_name(part),
        media_type: part.media_type(),
        source: Source::Part {
            content,
            section: part.path.to_string(),
        },
        size: super::part::decoded_size(part.size, &part.encoding),
    }
}

fn part_name(part: &Structure) -> String {
    if part.filename.is_empty() {
        super::filename::safe(&format!("part-{}.{}", part.path, part.subtype))
    } else {
        super::filename::safe(&part.filename)
    }
}

/// The entries that are mailboxes and no heads of groups.
fn mailboxes(list: &[Address]) -> Vec<Address> {
    let real = list.iter().filter(|one| !one.address.is_empty());
    real.cloned().collect()
}

/// Adds whom neither list names yet.
fn add(to: &mut Vec<Address>, known: &[Address], more: Vec<Address>) {
    for one in more {
        let is_there = |other: &Address| is_same_mailbox(&other.address, &one.address);
        if !to.iter().any(is_there) && !known.iter().any(is_there) {
            to.push(one);
        }
    }
}

/// The answers that differ.
fn choices(addressed: &dyn Fn(Whom) -> Addressed) -> Vec<(Whom, Addressed)> {
    let mut choices: Vec<(Whom, Addressed)> = Vec::new();
    for whom in [Whom::Sender, Whom::All, Whom::List] {
        let fields = addressed(whom);
        let same = |(_, known): &(Whom, Addressed)| is_same(known, &fields);
        if fields.count() > 0 && !choices.iter().any(same) {
            choices.push((whom, fields));
        }
    }
    choices
}

/// Whether two answers reach the same mailboxes.
fn is_same(one: &Addressed, other: &Addressed) -> bool {
    let all = |fields: &Addressed| {
        let named = fields.to.iter().chain(&fields.cc);
        let mut keys: Vec<String> = named.map(|address| compared(&address.address)).collect();
        keys.sort();
        keys
    };
    all(one) == all(other)
}

fn compared(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, host)) => format!("{}@{}", local.to_lowercase(), domain::ascii(host)),
        None => address.to_lowercase(),
    }
}

/// Prefixes that other programs set before the subject of an answer.
const REPLY: [&str; 20] = [
    "re", "aw", "sv", "vs", "antw", "antwort", "ref", "res", "rif", "odp", "ynt", "vá", "na", "hl",
    "απ", "σχετ", "回复", "答复", "回覆", "отв",
];
/// The same of mail that is passed on.
const FORWARD: [&str; 16] = [
    "fwd",
    "fw",
    "wg",
    "tr",
    "rv",
    "enc",
    "vb",
    "vl",
    "pd",
    "doorst",
    "ilt",
    "πρθ",
    "转发",
    "轉寄",
    "пересл",
    "i",
];

/// `Re: ` before a subject, once, whatever stood there.
pub fn reply_subject(subject: &str) -> String {
    let rest = bare(subject, &REPLY);
    format!("Re: {rest}").trim_end().to_owned()
}

/// `Fwd: ` before a subject, once.
pub fn forward_subject(subject: &str) -> String {
    let rest = bare(subject, &FORWARD);
    format!("Fwd: {rest}").trim_end().to_owned()
}

/// The subject without such prefixes: `AW: RE[2]: x` is `x`.
fn bare<'a>(subject: &'a str, prefixes: &[&str]) -> &'a str {
    let mut rest = subject.trim();
    while let Some((word, behind)) = rest.split_once([':', '：']) {
        let word = word.split(['[', '(', '^']).next().unwrap_or_default();
        let word = word.trim().to_lowercase();
        if !prefixes.contains(&word.as_str()) {
            break;
        }
        rest = behind.trim_start();
    }
    rest
}
