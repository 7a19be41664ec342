//! The MIME tree of a message (RFC 9051 section 7.5.2 BODYSTRUCTURE; RFC 2045, 2046).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The path of a part as IMAP names it: `1.2`; empty is the whole message.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartPath(pub Vec<u32>);

impl PartPath {
    /// The whole message.
    pub fn root() -> Self {
        Self(Vec::new())
    }

    /// Reads `1.2`; the empty text and `.` are the whole message.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text == "." {
            return Some(Self::root());
        }
        let numbers = text
            .split('.')
            .map(|n| n.parse().ok().filter(|n: &u32| *n > 0));
        numbers.collect::<Option<Vec<u32>>>().map(Self)
    }

    /// The part `number` (from 1) below this one.
    pub fn child(&self, number: u32) -> Self {
        let mut path = self.0.clone();
        path.push(number);
        Self(path)
    }

    /// Whether this names the whole message.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, number) in self.0.iter().enumerate() {
            if n > 0 {
                out.write_str(".")?;
            }
            write!(out, "{number}")?;
        }
        Ok(())
    }
}

/// Content-Disposition (RFC 2183).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Not said.
    #[default]
    None,
    /// Shown with the message.
    Inline,
    /// Kept apart from the text.
    Attachment,
}

/// One part and what is below it. Values are as the message has them, decoded but not sanitised;
/// types are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structure {
    /// The path by which the part is fetched and named. The root of a single-part message is `1`,
    /// the root of a multipart one is empty.
    pub path: PartPath,
    /// `text`, `multipart`, `message` … in lower case.
    pub kind: String,
    /// `plain`, `mixed`, `rfc822` … in lower case.
    pub subtype: String,
    /// Content-Type parameters, names in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    /// Content-ID without angle brackets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Content-Description, decoded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Content-Transfer-Encoding in lower case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub encoding: String,
    /// Octets in transfer encoding, as the server or our reader counted them.
    pub size: u64,
    /// Lines of a text part, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Content-Disposition.
    #[serde(default)]
    pub disposition: Disposition,
    /// The file name that the message proposes, decoded, not made safe (see `mime::filename`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filename: String,
    /// Parts of a multipart; of a message/rfc822, its one message as a single child.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Structure>,
    /// For message/rfc822: the subject inside, decoded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub inner_subject: String,
}

impl Structure {
    /// `text/plain`.
    pub fn media_type(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }

    /// A Content-Type parameter by its lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether this is `multipart/*`.
    pub fn is_multipart(&self) -> bool {
        self.kind == "multipart"
    }

    /// This part and all below it, in the order of the message.
    pub fn walk(&self) -> Vec<&Structure> {
        let mut out = Vec::new();
        let mut stack = vec![self];
        while let Some(part) = stack.pop() {
            out.push(part);
            stack.extend(part.children.iter().rev());
        }
        out
    }

    /// The part with this path.
    pub fn find(&self, path: &PartPath) -> Option<&Structure> {
        self.walk().into_iter().find(|part| part.path == *path)
    }

    /// The parts that a list names as attachments: not multipart, not the first inline texts, and
    /// either disposed so or carrying a file name or of a type that is no text.
    pub fn attachments(&self) -> Vec<&Structure> {
        self.walk()
            .into_iter()
            .filter(|part| part.is_attachment())
            .collect()
    }

    fn is_attachment(&self) -> bool {
        if self.is_multipart() {
            return false;
        }
        match self.disposition {
            Disposition::Attachment => true,
            Disposition::Inline | Disposition::None => {
                let readable = self.kind == "text"
                    && matches!(self.subtype.as_str(), "plain" | "html" | "enriched");
                let report = self.kind == "message" && self.subtype.ends_with("-status");
                let signature = self.kind == "application"
                    && matches!(
                        self.subtype.as_str(),
                        "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature"
                    );
                let shown_inside = self.kind == "image"
                    && !self.id.is_empty()
                    && self.disposition == Disposition::None;
                !readable && !report && !signature && !shown_inside
                    || (readable && !self.filename.is_empty())
            }
        }
    }
}
