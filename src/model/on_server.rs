//! What becomes of a message on a POP3 server once its bytes are here (RFC 1939 section 8).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The policy of a POP3 account (`on_server = …`). Whatever it says, a message is deleted there only
/// after its bytes are on this disk (SAFETY R20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OnServer {
    /// Everything stays there.
    #[default]
    Keep,
    /// It is deleted as soon as it is here.
    Delete,
    /// It is deleted so many days after it came here (1 to 36,500).
    DeleteAfter(u16),
    /// It is deleted there when it is deleted here.
    Mirror,
}

impl OnServer {
    /// Reads `keep`, `delete`, `<n>d` or `mirror`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "keep" => Some(OnServer::Keep),
            "delete" => Some(OnServer::Delete),
            "mirror" => Some(OnServer::Mirror),
            _ => {
                let days = text.strip_suffix('d')?.parse().ok()?;
                (1..=36_500)
                    .contains(&days)
                    .then_some(OnServer::DeleteAfter(days))
            }
        }
    }

    /// Whether going from `before` to this one takes more from the server than was agreed to.
    pub fn takes_more_than(self, before: OnServer) -> bool {
        fn reach(policy: OnServer) -> (u8, u16) {
            match policy {
                OnServer::Keep => (0, 0),
                OnServer::Mirror => (1, 0),
                OnServer::DeleteAfter(days) => (2, u16::MAX - days),
                OnServer::Delete => (3, 0),
            }
        }
        reach(self) > reach(before)
    }

    /// What the policy does, as a person reads it.
    pub fn does(self) -> String {
        match self {
            OnServer::Keep => "Everything stays on the server.".into(),
            OnServer::Delete => "Deleted on the server as soon as it is here.".into(),
            OnServer::DeleteAfter(1) => "Deleted on the server a day after it came here.".into(),
            OnServer::DeleteAfter(days) => {
                format!("Deleted on the server {days} days after it came here.")
            }
            OnServer::Mirror => "Deleted on the server when you delete it here.".into(),
        }
    }

    /// What that means for other devices.
    pub fn others(self) -> String {
        match self {
            OnServer::Keep => "Other devices see all mail.".into(),
            OnServer::Delete => {
                "Other devices do not see it any more: here is the only copy.".into()
            }
            OnServer::DeleteAfter(1) => {
                "Other devices see it for a day; after that here is the only copy.".into()
            }
            OnServer::DeleteAfter(days) => {
                format!("Other devices see it for {days} days; after that here is the only copy.")
            }
            OnServer::Mirror => "Other devices see what is in your mailboxes here.".into(),
        }
    }

    /// Both.
    pub fn words(self) -> String {
        format!("{} {}", self.does(), self.others())
    }
}

impl fmt::Display for OnServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OnServer::Keep => out.write_str("keep"),
            OnServer::Delete => out.write_str("delete"),
            OnServer::DeleteAfter(days) => write!(out, "{days}d"),
            OnServer::Mirror => out.write_str("mirror"),
        }
    }
}

impl TryFrom<String> for OnServer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("\"{text}\" is not one of keep, delete, <n>d (1d to 36500d), mirror")
        })
    }
}

impl From<OnServer> for String {
    fn from(policy: OnServer) -> String {
        policy.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_as_it_writes() {
        for text in ["keep", "delete", "1d", "14d", "36500d", "mirror"] {
            assert_eq!(OnServer::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "0d", "36501d", "d", "Keep", "-1d"] {
            assert_eq!(OnServer::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_takes_more_from_the_server_is_more() {
        let rising = ["keep", "mirror", "30d", "7d", "delete"].map(|t| OnServer::parse(t).unwrap());
        for (at, policy) in rising.iter().enumerate() {
            for (other, before) in rising.iter().enumerate() {
                assert_eq!(
                    policy.takes_more_than(*before),
                    at > other,
                    "{policy} {before}"
                );
            }
        }
    }
}
