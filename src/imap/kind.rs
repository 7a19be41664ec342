//! What the machine must know of each command beside its bytes.

use super::command::{Command, Mechanism};
use super::response::Code;

/// What the machine must know of a command once its bytes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// LOGIN: capabilities change.
    SignIn,
    /// AUTHENTICATE: and challenges may come, which an empty line or a cancel answers.
    Authenticate {
        answer: &'static [u8],
        challenges: u8,
    },
    Idle(Idle),
    /// Nothing may run beside it.
    Alone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// `+` has not come.
    Asked,
    /// `+` came.
    Running,
    /// DONE is on its way.
    Ending,
}

pub(crate) fn goes_alone(command: &Command) -> bool {
    kind_of(command) != Kind::Plain
}

pub(crate) fn kind_of(command: &Command) -> Kind {
    match command {
        Command::Login { .. } => Kind::SignIn,
        Command::Authenticate(mechanism) => Kind::Authenticate {
            answer: match mechanism {
                Mechanism::Plain { .. } => b"*\r\n",
                // The error challenge is answered by an empty response.
                Mechanism::XOAuth2 { .. } => b"\r\n",
            },
            challenges: 0,
        },
        Command::Idle => Kind::Idle(Idle::Asked),
        Command::Logout => Kind::Alone,
        Command::Capability
        | Command::Noop
        | Command::Enable(_)
        | Command::Id(_)
        | Command::Namespace
        | Command::List { .. }
        | Command::Lsub { .. }
        | Command::Status { .. }
        | Command::Select { .. }
        | Command::Examine { .. }
        | Command::Unselect
        | Command::Fetch { .. }
        | Command::Search { .. }
        | Command::Store { .. }
        | Command::Copy { .. }
        | Command::Move { .. }
        | Command::Expunge { .. }
        | Command::Append { .. }
        | Command::Create { .. }
        | Command::Rename { .. }
        | Command::Delete { .. }
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. }
        | Command::Done => Kind::Plain,
    }
}

/// The command's name for an error; never its arguments.
pub(crate) fn name_of(command: &Command) -> &'static str {
    match command {
        Command::Capability => "CAPABILITY",
        Command::Noop => "NOOP",
        Command::Logout => "LOGOUT",
        Command::Login { .. } => "LOGIN",
        Command::Authenticate(_) => "AUTHENTICATE",
        Command::Enable(_) => "ENABLE",
        Command::Id(_) => "ID",
        Command::Namespace => "NAMESPACE",
        Command::List { .. } => "LIST",
        Command::Lsub { .. } => "LSUB",
        Command::Status { .. } => "STATUS",
        Command::Select { .. } => "SELECT",
        Command::Examine { .. } => "EXAMINE",
        Command::Unselect => "UNSELECT",
        Command::Fetch { .. } => "FETCH",
        Command::Search { .. } => "SEARCH",
        Command::Store { .. } => "STORE",
        Command::Copy { .. } => "COPY",
        Command::Move { .. } => "MOVE",
        Command::Expunge { .. } => "EXPUNGE",
        Command::Append { .. } => "APPEND",
        Command::Create { .. } => "CREATE",
        Command::Rename { .. } => "RENAME",
        Command::Delete { .. } => "DELETE",
        Command::Subscribe { .. } => "SUBSCRIBE",
        Command::Unsubscribe { .. } => "UNSUBSCRIBE",
        Command::Idle => "IDLE",
        Command::Done => "DONE",
    }
}

/// The code, if it may act in the tagged answer of a command; as [`Code::Other`] else (SAFETY P6).
pub(crate) fn in_place(name: &str, code: Code) -> Code {
    let (word, places): (&str, &[&str]) = match &code {
        Code::AppendUid { .. } => ("APPENDUID", &["APPEND"]),
        Code::CopyUid { .. } => ("COPYUID", &["COPY", "MOVE"]),
        Code::Modified(_) => ("MODIFIED", &["STORE"]),
        Code::TryCreate => ("TRYCREATE", &["APPEND", "COPY", "MOVE"]),
        Code::AlreadyExists => ("ALREADYEXISTS", &["CREATE", "RENAME"]),
        Code::HasChildren => ("HASCHILDREN", &["DELETE"]),
        Code::Alert
        | Code::AuthenticationFailed
        | Code::AuthorizationFailed
        | Code::Cannot
        | Code::Capability(_)
        | Code::Closed
        | Code::ContactAdmin
        | Code::Expired
        | Code::ExpungeIssued
        | Code::HighestModSeq(_)
        | Code::InUse
        | Code::Limit
        | Code::MailboxId(_)
        | Code::NoModSeq
        | Code::NonExistent
        | Code::NoPerm
        | Code::OverQuota
        | Code::PermanentFlags { .. }
        | Code::PrivacyRequired
        | Code::ReadOnly
        | Code::ReadWrite
        | Code::ServerBug
        | Code::UidNext(_)
        | Code::UidNotSticky
        | Code::UidValidity(_)
        | Code::Unavailable
        | Code::Unseen(_)
        | Code::Other { .. } => return code,
    };
    if places.contains(&name) {
        return code;
    }
    Code::Other {
        name: word.to_owned(),
        argument: String::new(),
    }
}
