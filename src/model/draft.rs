//! What a person writes: a draft, and what is known of a message on its way out.
//!
//! A draft is kept as typed, not as it will be sent: one line of its text is one paragraph, quote
//! marks stay, attachments are named and not yet read. The bytes are made once, when it is queued
//! (`mime::write`), and are frozen from then on (SAFETY A5, C12).

use serde::{Deserialize, Serialize};

use super::{Address, ContentKey, DraftKey, MessageKey};

/// A message that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// The configured id of the account that sends it.
    pub account: String,
    /// The identity: name and address of From.
    pub from: Address,
    /// Reply-To, where the identity or the person wants one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Recipient>,
    /// To.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Recipient>,
    /// Cc.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Recipient>,
    /// Bcc.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Recipient>,
    /// The subject as typed.
    pub subject: String,
    /// In-Reply-To ids without angle brackets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_reply_to: Vec<String>,
    /// References without angle brackets, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The text as typed: one line is one paragraph, and a line that starts with `>` is quoted.
    pub text: String,
    /// What is attached, in the order in which it will stand in the message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What it answers or passes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// When it is to be sent, in seconds since 1970; at once if never said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_at: Option<i64>,
    /// Further header fields, name and text, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

/// One save of a draft: what the next one follows, so that two who write one draft lose neither text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftSave {
    /// The draft.
    pub key: DraftKey,
    /// Which save of it, from 1.
    pub version: i64,
}

/// One entry of an address field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// One mailbox.
    One(Address),
    /// A named group (RFC 5322 section 3.4); `undisclosed-recipients:;` has no members.
    Group {
        /// Its name.
        name: String,
        /// Who is in it.
        members: Vec<Address>,
    },
}

impl Recipient {
    /// A mailbox without a name.
    pub fn address(address: &str) -> Self {
        Recipient::One(Address {
            name: String::new(),
            address: address.to_owned(),
        })
    }

    /// The mailboxes that it stands for.
    pub fn mailboxes(&self) -> &[Address] {
        match self {
            Recipient::One(address) => std::slice::from_ref(address),
            Recipient::Group { members, .. } => members,
        }
    }
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Recipient::One(address)
    }
}

/// Something that is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The name that the recipient sees.
    pub name: String,
    /// The media type, `application/pdf`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Where its bytes are.
    pub source: Source,
    /// Its octets before any transfer encoding.
    pub size: u64,
}

/// Where the bytes of an attachment are until the message is queued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A file, as it was when it was picked: a change is told before sending.
    File {
        /// Where it is; of a path that is not UTF-8 a NUL and its octets in hexadecimal digits.
        path: String,
        /// Its octets then.
        size: u64,
        /// Its modification time then, in seconds since 1970.
        modified: i64,
    },
    /// A part of a stored message.
    Part {
        /// The message's content.
        content: ContentKey,
        /// The part as IMAP names it, `2.1`.
        section: String,
    },
    /// A whole stored message, passed on as it is.
    Message {
        /// The message's content.
        content: ContentKey,
    },
}

/// What a message has to do with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// In which way.
    pub kind: AnswerKind,
    /// Those others; they are marked when it is sent.
    pub messages: Vec<MessageKey>,
}

/// In which way a message has to do with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// It answers it.
    Reply,
    /// It passes it on, quoted or attached.
    Forward,
    /// It is that message, sent on as it is with Resent- fields (RFC 5322 section 3.6.6).
    Bounce,
    /// It was only made from it: a copy to edit, a draft of another program.
    New,
}

impl Draft {
    /// Everybody that it goes to, in the order To, Cc, Bcc.
    pub fn recipients(&self) -> impl Iterator<Item = &Address> {
        let all = self.to.iter().chain(&self.cc).chain(&self.bcc);
        all.flat_map(Recipient::mailboxes)
    }

    /// Whether a person has put anything into it that would be missed.
    pub fn is_blank(&self) -> bool {
        self.subject.trim().is_empty()
            && self.text.trim().is_empty()
            && self.attachments.is_empty()
            && self.recipients().next().is_none()
    }
}

/// What the receiving server said about one recipient, or about all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The reply code, 250.
    pub code: u16,
    /// The enhanced status code (RFC 3463), `5.1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The server's words.
    pub text: String,
}

impl std::fmt::Display for Reply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.code)?;
        if let Some(status) = &self.status {
            write!(out, " {status}")?;
        }
        if !self.text.is_empty() {
            write!(out, " {}", self.text)?;
        }
        Ok(())
    }
}

/// How far a message has come for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Not tried yet, or tried without an answer.
    #[default]
    Waiting,
    /// The server took it, and never gets it again for this recipient.
    Taken,
    /// Not now (4xx): tried again.
    Deferred(Reply),
    /// No (5xx): a person decides.
    Refused(Reply),
}

impl Delivery {
    /// Whether it is still to be handed over for this recipient.
    pub fn is_open(&self) -> bool {
        match self {
            Delivery::Waiting | Delivery::Deferred(_) => true,
            Delivery::Taken | Delivery::Refused(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_of_an_earlier_version_is_read() {
        let old: Draft = serde_json::from_str(r#"{"subject":"Hi","text":"a\nb"}"#).unwrap();
        assert_eq!(
            (old.subject.as_str(), old.text.as_str(), old.is_blank()),
            ("Hi", "a\nb", false)
        );
        assert!(Draft::default().is_blank());
    }

    #[test]
    fn everybody_in_a_group_is_a_recipient() {
        let draft = Draft {
            to: vec![Recipient::Group {
                name: "Crew".into(),
                members: ["a@x.example", "b@x.example"]
                    .map(|address| Address {
                        name: String::new(),
                        address: address.into(),
                    })
                    .into(),
            }],
            bcc: vec![Recipient::address("c@x.example")],
            ..Draft::default()
        };
        let all: Vec<&str> = draft.recipients().map(|one| one.address.as_str()).collect();
        assert_eq!(all, ["a@x.example", "b@x.example", "c@x.example"]);
        let text = serde_json::to_string(&draft).unwrap();
        assert_eq!(serde_json::from_str::<Draft>(&text).unwrap(), draft);
    }
}
