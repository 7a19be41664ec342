//! What is looked at before a message is sent (SAFETY C13): one pure function, and each finding
//! with an id that the send page shows it by.

use super::quote::level;
use super::write::{is_same_mailbox, mailbox};
use crate::model::{Address, AnswerKind, Attachment, Draft, Recipient, Source};

/// Words that promise an attachment, in several languages.
const WORDS: &str = include_str!("../../assets/attachment-words.txt");
/// An answer to more mailboxes than this is asked about.
const MANY: usize = 20;

/// How a file is now that was attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is there with this size and modification time.
    There {
        /// Its octets.
        size: u64,
        /// Seconds since 1970.
        modified: i64,
    },
    /// It cannot be read any more.
    Gone,
}

/// What the check is told about the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The files among the attachments, by their place.
    pub files: Vec<(usize, FileState)>,
    /// Places of attachments whose stored message or part is not here any more.
    pub missing: Vec<usize>,
    /// About how many octets the message has.
    pub size: u64,
    /// What the server takes at most (SIZE).
    pub limit: Option<u64>,
    /// What it answers came by Bcc.
    pub came_by_bcc: bool,
    /// The own address to which what it answers came.
    pub came_to: Option<String>,
    /// Addresses of public lists.
    pub lists: Vec<String>,
    /// Domains in which the person knows somebody, as they compare.
    pub familiar: Vec<String>,
    /// Domains of recipients in which nobody is known, not even from mail that came.
    pub strange: Vec<String>,
}

/// An address field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// From.
    From,
    /// Reply-To.
    ReplyTo,
    /// To.
    To,
    /// Cc.
    Cc,
    /// Bcc.
    Bcc,
}

impl Field {
    /// As it stands in the header.
    pub fn word(self) -> &'static str {
        match self {
            Field::From => "From",
            Field::ReplyTo => "Reply-To",
            Field::To => "To",
            Field::Cc => "Cc",
            Field::Bcc => "Bcc",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Nobody is named.
    NoRecipient,
    /// Something that is no address.
    NotAnAddress {
        /// Where.
        field: Field,
        /// As typed.
        text: String,
    },
    /// A file or stored part is gone.
    Gone {
        /// Its name.
        name: String,
    },
    /// The server would not take it.
    TooLarge {
        /// Its octets, about.
        size: u64,
        /// What the server takes.
        limit: u64,
    },
    /// A file is another one than when it was attached.
    Changed {
        /// Its name.
        name: String,
    },
    /// There is no subject.
    EmptySubject,
    /// The text speaks of an attachment, and there is none.
    ForgottenAttachment {
        /// What it says.
        says: String,
    },
    /// An answer that very many get.
    ManyRecipients {
        /// How many.
        count: usize,
    },
    /// Others learn that we have what came by Bcc.
    AnsweredBcc,
    /// It is from another address than the one to which what it answers came.
    OtherIdentity {
        /// From.
        from: String,
        /// Where that came to.
        came_to: String,
    },
    /// Nobody is known in a domain, and another one is written almost the same.
    Misspelt {
        /// As it stands there.
        domain: String,
        /// The one that is known.
        meant: String,
    },
    /// It goes to a public list.
    PublicList {
        /// The list.
        address: String,
    },
}

impl Warning {
    /// The word by which the send page, tests and logs know it.
    pub fn id(&self) -> &'static str {
        match self {
            Warning::NoRecipient => "no-recipient",
            Warning::NotAnAddress { .. } => "not-an-address",
            Warning::Gone { .. } => "file-gone",
            Warning::TooLarge { .. } => "too-large",
            Warning::Changed { .. } => "file-changed",
            Warning::EmptySubject => "empty-subject",
            Warning::ForgottenAttachment { .. } => "forgotten-attachment",
            Warning::ManyRecipients { .. } => "many-recipients",
            Warning::AnsweredBcc => "answered-bcc",
            Warning::OtherIdentity { .. } => "other-identity",
            Warning::Misspelt { .. } => "misspelt-domain",
            Warning::PublicList { .. } => "public-list",
        }
    }

    /// Whether it cannot be sent like this.
    pub fn blocks(&self) -> bool {
        match self {
            Warning::NoRecipient
            | Warning::NotAnAddress { .. }
            | Warning::Gone { .. }
            | Warning::TooLarge { .. } => true,
            Warning::Changed { .. }
            | Warning::EmptySubject
            | Warning::ForgottenAttachment { .. }
            | Warning::ManyRecipients { .. }
            | Warning::AnsweredBcc
            | Warning::OtherIdentity { .. }
            | Warning::Misspelt { .. }
            | Warning::PublicList { .. } => false,
        }
    }

    /// Whether it only tells, so that the proposed answer stays "send".
    pub fn only_tells(&self) -> bool {
        matches!(self, Warning::PublicList { .. })
    }

    /// What it says; names in it are as typed and not yet sanitised.
    pub fn text(&self) -> String {
        match self {
            Warning::NoRecipient => "Nobody is named in To, Cc or Bcc.".to_owned(),
            Warning::NotAnAddress { field, text } => {
                format!("{}: \"{text}\" is no address and no contact.", field.word())
            }
            Warning::Gone { name } => format!("\"{name}\" cannot be read any more."),
            Warning::TooLarge { size, limit } => format!(
                "The message has about {} MB, and the server takes {} MB.",
                megabytes(*size),
                megabytes(*limit)
            ),
            Warning::Changed { name } => {
                format!("\"{name}\" has changed since it was attached; it goes as it is now.")
            }
            Warning::EmptySubject => "There is no subject.".to_owned(),
            Warning::ForgottenAttachment { says } => {
                format!("The text says \"{says}\", but nothing is attached.")
            }
            Warning::ManyRecipients { count } => format!("The answer goes to {count} mailboxes."),
            Warning::AnsweredBcc => {
                "You have the original by Bcc: an answer to all tells everybody.".to_owned()
            }
            Warning::OtherIdentity { from, came_to } => {
                format!("The original came to {came_to}, and this goes out from {from}.")
            }
            Warning::Misspelt { domain, meant } => {
                format!("You know nobody at {domain}. Did you mean {meant}?")
            }
            Warning::PublicList { address } => {
                format!("{address} is a mailing list: everybody on it can read this.")
            }
        }
    }
}

fn megabytes(octets: u64) -> String {
    let tenths = octets.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Looks at a draft; what cannot be sent comes first.
pub fn check(draft: &Draft, facts: &Facts) -> Vec<Warning> {
    let mut found = Vec::new();
    addresses(draft, &mut found);
    attachments(draft, facts, &mut found);
    if let Some(limit) = facts.limit.filter(|limit| facts.size > *limit) {
        let size = facts.size;
        found.push(Warning::TooLarge { size, limit });
    }
    let kind = draft.answers.as_ref().map(|answers| answers.kind);
    if kind != Some(AnswerKind::Bounce) {
        if draft.subject.trim().is_empty() {
            found.push(Warning::EmptySubject);
        }
        found.extend(forgotten(draft));
    }
    found.extend(misspelt(facts));
    let count = draft.recipients().count();
    if kind == Some(AnswerKind::Reply) {
        if count > MANY {
            found.push(Warning::ManyRecipients { count });
        }
        if facts.came_by_bcc && count > 1 {
            found.push(Warning::AnsweredBcc);
        }
    }
    if let Some(came_to) = &facts.came_to
        && !is_same_mailbox(came_to, &draft.from.address)
    {
        found.push(Warning::OtherIdentity {
            from: draft.from.address.clone(),
            came_to: came_to.clone(),
        });
    }
    for list in &facts.lists {
        if draft
            .recipients()
            .any(|one| is_same_mailbox(&one.address, list))
        {
            let address = list.clone();
            found.push(Warning::PublicList { address });
        }
    }
    found.sort_by_key(|warning| !warning.blocks());
    found
}

fn misspelt(facts: &Facts) -> impl Iterator<Item = Warning> {
    facts.strange.iter().filter_map(|domain| {
        let meant = facts.familiar.iter().find(|known| is_slip(domain, known))?;
        Some(Warning::Misspelt {
            domain: domain.clone(),
            meant: meant.clone(),
        })
    })
}

/// Whether two names differ by what a finger does: a letter too many, too few or another one, or two
/// neighbours in the other order. Another digit is another host.
fn is_slip(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.chars().collect::<Vec<char>>();
    let (one, other) = (letters(one), letters(other));
    let begins = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let one = one.get(begins..).unwrap_or_default();
    let other = other.get(begins..).unwrap_or_default();
    let backwards = one.iter().rev().zip(other.iter().rev());
    let ends = backwards.take_while(|(a, b)| a == b).count();
    let middle = |all: &[char]| -> Vec<char> {
        let count = all.len().saturating_sub(ends);
        all.iter().take(count).copied().collect()
    };
    match (middle(one).as_slice(), middle(other).as_slice()) {
        ([a], [b]) => !(a.is_ascii_digit() && b.is_ascii_digit()),
        ([_], []) | ([], [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

fn addresses(draft: &Draft, found: &mut Vec<Warning>) {
    let mut look = |field: Field, address: &Address| {
        if mailbox(&address.address).is_none() {
            let text = match address.address.is_empty() {
                true => address.name.clone(),
                false => address.address.clone(),
            };
            found.push(Warning::NotAnAddress { field, text });
        }
    };
    look(Field::From, &draft.from);
    for (field, list) in [
        (Field::ReplyTo, &draft.reply_to),
        (Field::To, &draft.to),
        (Field::Cc, &draft.cc),
        (Field::Bcc, &draft.bcc),
    ] {
        for address in list.iter().flat_map(Recipient::mailboxes) {
            look(field, address);
        }
    }
    if draft.recipients().next().is_none() {
        found.push(Warning::NoRecipient);
    }
}

fn attachments(draft: &Draft, facts: &Facts, found: &mut Vec<Warning>) {
    let named = |at: usize| draft.attachments.get(at);
    for (at, state) in &facts.files {
        let Some(attachment) = named(*at) else {
            continue;
        };
        match (state, is_as_picked(attachment, *state)) {
            (FileState::Gone, _) => found.push(Warning::Gone {
                name: attachment.name.clone(),
            }),
            (FileState::There { .. }, false) => found.push(Warning::Changed {
                name: attachment.name.clone(),
            }),
            (FileState::There { .. }, true) => {}
        }
    }
    for attachment in facts.missing.iter().filter_map(|at| named(*at)) {
        found.push(Warning::Gone {
            name: attachment.name.clone(),
        });
    }
}

fn is_as_picked(attachment: &Attachment, state: FileState) -> bool {
    match (&attachment.source, state) {
        (
            Source::File { size, modified, .. },
            FileState::There {
                size: now,
                modified: at,
            },
        ) => (*size, *modified) == (now, at),
        (Source::File { .. }, FileState::Gone) => false,
        (Source::Part { .. } | Source::Message { .. }, _) => true,
    }
}

/// The words of the person's own text that promise an attachment, if there is none.
fn forgotten(draft: &Draft) -> Option<Warning> {
    if !draft.attachments.is_empty() {
        return None;
    }
    let own = draft
        .text
        .lines()
        .take_while(|line| *line != "-- ")
        .filter(|line| level(line).0 == 0);
    let mut forwarded = false;
    for line in own.chain([draft.subject.as_str()]) {
        forwarded |= super::quote::is_separator(line);
        if forwarded {
            break;
        }
        if let Some(says) = promise(line) {
            return Some(Warning::ForgottenAttachment { says });
        }
    }
    None
}

/// The word of a line that promises an attachment, as it is written there.
fn promise(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let words = WORDS
        .lines()
        .filter(|word| !word.is_empty() && !word.starts_with('#'));
    for word in words {
        for (at, _) in lower.match_indices(word) {
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let spaced = word.starts_with(|c: char| is_spaced(c));
            if spaced && before.is_some_and(char::is_alphanumeric) {
                continue;
            }
            let rest = lower.get(at..).unwrap_or_default();
            let ends = |c: char| !c.is_alphanumeric() && c != '-';
            let tail = rest.get(word.len()..).unwrap_or_default();
            let more = tail.find(ends).unwrap_or(tail.len());
            let said = rest.get(..word.len() + more).unwrap_or(word);
            return Some(said.chars().take(30).collect());
        }
    }
    None
}

/// Whether the script parts its words by blanks.
fn is_spaced(c: char) -> bool {
    !matches!(u32::from(c), 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answers, MessageKey};

    fn draft(text: &str) -> Draft {
        Draft {
            from: Address {
                name: String::new(),
                address: "me@x.example".into(),
            },
            to: vec![Recipient::address("a@x.example")],
            subject: "Hi".into(),
            text: text.into(),
            ..Draft::default()
        }
    }

    fn ids(draft: &Draft, facts: &Facts) -> Vec<&'static str> {
        check(draft, facts).iter().map(Warning::id).collect()
    }

    #[test]
    fn c13_an_attachment_that_is_only_promised_is_asked_for() {
        let check = |text: &str, want: bool| {
            let found = ids(&draft(text), &Facts::default());
            assert_eq!(found.contains(&"forgotten-attachment"), want, "{text}");
        };
        check("see the attached report", true);
        check("Anbei die Zahlen", true);
        check("資料を添付します", true);
        check("Вложение: отчёт", true);
        check("ci-joint le rapport", true);
        check("> see the attached report\nThanks", false);
        check("Thanks\n-- \nAttachments are welcome", false);
        check("the unattached end", false);
        check(
            "Look\n---------- Forwarded message ---------\nattached",
            false,
        );
        let mut with = draft("attached");
        with.attachments = vec![Attachment {
            name: "a".into(),
            media_type: "text/plain".into(),
            source: Source::File {
                path: "/a".into(),
                size: 3,
                modified: 9,
            },
            size: 3,
        }];
        assert!(ids(&with, &Facts::default()).is_empty());
        let there = |size, modified| Facts {
            files: vec![(0, FileState::There { size, modified })],
            ..Facts::default()
        };
        assert!(ids(&with, &there(3, 9)).is_empty());
        assert_eq!(ids(&with, &there(4, 9)), ["file-changed"]);
        let gone = Facts {
            files: vec![(0, FileState::Gone)],
            ..Facts::default()
        };
        assert_eq!(ids(&with, &gone), ["file-gone"]);
    }

    #[test]
    fn c13_what_cannot_be_sent_is_told_first_and_once() {
        let mut odd = draft("");
        odd.to = vec![
            Recipient::address("tom"),
            Recipient::address("a@x>\r\nRCPT"),
        ];
        odd.subject.clear();
        let found = check(&odd, &Facts::default());
        let ids: Vec<_> = found.iter().map(|one| (one.id(), one.blocks())).collect();
        assert_eq!(
            ids,
            [
                ("not-an-address", true),
                ("not-an-address", true),
                ("empty-subject", false)
            ]
        );
        odd.to.clear();
        assert_eq!(check(&odd, &Facts::default())[0], Warning::NoRecipient);
        let large = Facts {
            size: 26 << 20,
            limit: Some(25 << 20),
            ..Facts::default()
        };
        let [found] = check(&draft(""), &large).try_into().unwrap();
        assert_eq!(
            found.text(),
            "The message has about 26.0 MB, and the server takes 25.0 MB."
        );
        assert!(check(&draft("Hello"), &Facts::default()).is_empty());
    }

    #[test]
    fn c13_a_domain_that_is_one_slip_away_from_a_known_one_is_asked_about() {
        let check = |strange: &str, want: bool| {
            let facts = Facts {
                familiar: vec!["mail1.org".into(), "example.net".into()],
                strange: vec![strange.into()],
                ..Facts::default()
            };
            let found = ids(&draft("Hello"), &facts) == ["misspelt-domain"];
            assert_eq!(found, want, "{strange}");
        };
        check("exmaple.net", true);
        check("exampl.net", true);
        check("examplee.net", true);
        check("exanple.net", true);
        check("example.ne", true);
        check("mail2.org", false);
        check("maill.org", true);
        check("example.org", false);
        check("exmapel.net", false);
        check("", false);
        let facts = Facts {
            familiar: vec!["example.net".into()],
            strange: vec!["exmaple.net".into()],
            ..Facts::default()
        };
        let [found] = super::check(&draft("Hello"), &facts).try_into().unwrap();
        assert!(!found.blocks() && !found.only_tells());
        assert_eq!(
            found.text(),
            "You know nobody at exmaple.net. Did you mean example.net?"
        );
    }

    #[test]
    fn c5_c13_an_answer_that_tells_too_much_is_asked_about() {
        let mut reply = draft("Hello");
        reply.answers = Some(Answers {
            kind: AnswerKind::Reply,
            messages: vec![MessageKey(1)],
        });
        let facts = Facts {
            came_by_bcc: true,
            came_to: Some("other@x.example".into()),
            lists: vec!["l@x.example".into()],
            ..Facts::default()
        };
        assert_eq!(ids(&reply, &facts), ["other-identity"]);
        reply.cc = (0..20)
            .map(|n| Recipient::address(&format!("{n}@x.example")))
            .chain([Recipient::address("L@x.example")])
            .collect();
        assert_eq!(
            ids(&reply, &facts),
            [
                "many-recipients",
                "answered-bcc",
                "other-identity",
                "public-list"
            ]
        );
    }
}
