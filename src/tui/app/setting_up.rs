//! What the set-up screen asks for, and its fields.

use crate::model::{AccountKind, OnServer};

use super::event::Hidden;
use super::view::{KeepPassword, Servers};

/// What the set-up screen holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The person's name.
    pub name: String,
    /// The mail address.
    pub address: String,
    /// The password, or the command that prints it.
    pub password: Hidden,
    /// The servers.
    pub servers: Servers,
    /// The login name.
    pub login: String,
    /// Where the password is kept.
    pub keep: KeepPassword,
    /// The command that prints it.
    pub command: String,
    /// What is kept for reading off line.
    pub offline: crate::model::Offline,
    /// How its mail gets here.
    pub kind: AccountKind,
    /// What becomes of mail on a POP3 server.
    pub on_server: OnServer,
}

impl Default for NewAccount {
    fn default() -> Self {
        Self {
            name: String::new(),
            address: String::new(),
            password: Hidden::default(),
            servers: Servers::default(),
            login: String::new(),
            keep: KeepPassword::default(),
            command: String::new(),
            offline: crate::model::Offline::default(),
            kind: AccountKind::Imap,
            on_server: OnServer::default(),
        }
    }
}

/// The fields of the set-up screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetupField {
    /// The person's name.
    Name,
    /// The mail address.
    Address,
    /// The password.
    Password,
    /// How mail gets here: IMAP, POP3, or not from a server.
    Kind,
    /// Host of the incoming server.
    ImapHost,
    /// Its port.
    ImapPort,
    /// Its protection.
    ImapSecurity,
    /// Host of the outgoing server.
    SmtpHost,
    /// Its port.
    SmtpPort,
    /// Its protection.
    SmtpSecurity,
    /// The login name.
    Login,
    /// Where the password is kept.
    Keep,
    /// The command that prints it.
    Command,
    /// What is kept off line.
    Offline,
    /// What becomes of mail on a POP3 server.
    OnServer,
    /// The button that signs in.
    Continue,
    /// The button that opens the server fields.
    Change,
    /// The button that ends.
    Quit,
}
