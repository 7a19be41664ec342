//! What the machine must know of each command beside its bytes.

use super::command::{Command, Mechanism};

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
        Command::Idle => "IDLE",
        Command::Done => "DONE",
    }
}
