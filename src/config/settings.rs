//! What can be set, as types with their defaults; [`super::load()`] reads them from the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::providers::Providers;
use crate::config::url::Endpoint;
use crate::model::{self, Offline, OnServer, Role};

/// Everything that the file of settings says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The accounts, in the order of the file. A faulty one is not here.
    pub accounts: Vec<AccountSettings>,
    /// The ids of accounts that were left out because their section is faulty. Their mail stays.
    pub faulty: Vec<String>,
    /// What the screen follows.
    pub ui: Ui,
    /// How mail leaves.
    pub send: Sending,
    /// What is kept off line where an account says nothing.
    pub offline: Offline,
    /// The commands that open parts, by media type (`application/pdf`, `image/*`), as argument
    /// vectors; `%s` is the file.
    pub openers: BTreeMap<String, Vec<String>>,
    /// What bare names of the command line and of `root` mail stand for, in small letters.
    pub aliases: BTreeMap<String, Vec<String>>,
}

impl Settings {
    /// The account with this id.
    pub fn account(&self, id: &str) -> Option<&AccountSettings> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// Every address that is one's own, of all accounts and identities.
    pub fn own_addresses(&self) -> Vec<String> {
        let all = self
            .accounts
            .iter()
            .flat_map(AccountSettings::all_identities);
        all.map(|identity| identity.address).collect()
    }

    /// The opener for a media type: its own, else the one of `type/*`, else the one of `*/*`.
    pub fn opener(&self, media_type: &str) -> Option<&[String]> {
        let media_type = media_type.to_ascii_lowercase();
        let family = media_type
            .split_once('/')
            .map(|(kind, _)| format!("{kind}/*"));
        [Some(media_type), family, Some("*/*".to_owned())]
            .into_iter()
            .flatten()
            .find_map(|key| self.openers.get(&key))
            .map(Vec::as_slice)
    }
}

/// `[ui]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ui {
    /// How many rows the key menu takes.
    pub user_level: UserLevel,
    /// Where the cursor stands when a mailbox is opened.
    pub cursor: Cursor,
    /// How roles become attributes and colours.
    pub theme: Theme,
    /// Whether the mouse is taken; then text is selected with Shift.
    pub mouse: bool,
    /// Whether sending asks though there is nothing to say.
    pub confirm_send: bool,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            user_level: UserLevel::default(),
            cursor: Cursor::default(),
            theme: Theme::default(),
            mouse: false,
            confirm_send: true,
        }
    }
}

/// `[send]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Seconds for which what the screen sends waits in the outbox and can be taken back.
    pub undo_delay: u32,
}

impl Default for Sending {
    fn default() -> Self {
        Self { undo_delay: 10 }
    }
}

/// `user_level`: two rows of keys, one, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserLevel {
    /// Two rows.
    #[default]
    New,
    /// One row.
    Familiar,
    /// No row; `?` still explains.
    Expert,
}

/// `cursor`: where a mailbox opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    /// On the topmost unread message, else the newest.
    #[default]
    Unread,
    /// On the newest message.
    Newest,
}

/// `theme`: what carries a role beside its sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Bold, reverse and underline alone.
    Mono,
    /// The sixteen colours of the terminal's own palette.
    #[default]
    Ansi16,
}

/// One `[[account]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettings {
    /// Its name on the command line and in the keyring.
    pub id: String,
    /// The person's name in From; may be empty.
    pub name: String,
    /// The mail address; may be empty for a local account.
    pub address: String,
    /// What the server is told as user.
    pub login: String,
    /// Where its mail comes from.
    pub kind: AccountKind,
    /// Where mail is sent, if anywhere.
    pub smtp: Option<Endpoint>,
    /// How the password or token is presented.
    pub auth: Auth,
    /// Where the password or token is.
    pub keep: Keep,
    /// What is kept off line.
    pub offline: Offline,
    /// Mailboxes that are kept otherwise, by decoded name.
    pub mailboxes: BTreeMap<String, Offline>,
    /// Mailboxes that are for something, by decoded name, above what the server says.
    pub roles: BTreeMap<Role, String>,
    /// Certificates to trust beside the system's (PEM).
    pub tls_ca_file: Option<PathBuf>,
    /// What stands below `-- ` in mail from its own address; may be empty.
    pub signature: String,
    /// Further addresses that it writes from.
    pub identities: Vec<Identity>,
    /// Who files a copy of what is sent; unless it says so, the table of providers does.
    pub sent_copy: Option<SentCopy>,
}

/// Who a letter is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The person's name in From; may be empty.
    pub name: String,
    /// The address.
    pub address: String,
    /// Where answers are to go instead.
    pub reply_to: Option<String>,
    /// What stands below `-- `; may be empty.
    pub signature: String,
}

/// `sent_copy`: who files a copy of what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SentCopy {
    /// This program uploads it.
    #[default]
    Append,
    /// The submission server does by itself.
    Server,
}

impl AccountSettings {
    /// An account without a server, as `demo`, `open` and imports use it.
    pub fn local(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: String::new(),
            address: String::new(),
            login: String::new(),
            kind: AccountKind::Local,
            smtp: None,
            auth: Auth::Password,
            keep: Keep::Ask,
            offline: Offline::All,
            mailboxes: BTreeMap::new(),
            roles: BTreeMap::new(),
            tls_ca_file: None,
            signature: String::new(),
            identities: Vec::new(),
            sent_copy: None,
        }
    }

    /// An IMAP account that signs in as `address` with a password from the keyring.
    pub fn imap(id: &str, address: &str, endpoint: Endpoint) -> Self {
        let login = endpoint.user.clone().unwrap_or_else(|| address.to_owned());
        Self {
            address: address.to_owned(),
            login,
            kind: AccountKind::Imap(endpoint),
            keep: Keep::Keyring,
            offline: Offline::default(),
            ..Self::local(id)
        }
    }

    /// A POP3 account that signs in as `address` with a password from the keyring.
    pub fn pop3(id: &str, address: &str, maildrop: Maildrop) -> Self {
        let endpoint = &maildrop.endpoint;
        let login = endpoint.user.clone().unwrap_or_else(|| address.to_owned());
        Self {
            address: address.to_owned(),
            login,
            kind: AccountKind::Pop3(maildrop),
            keep: Keep::Keyring,
            ..Self::local(id)
        }
    }

    /// The server that mail is read from, if the account has one.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.kind {
            AccountKind::Imap(endpoint) => Some(endpoint),
            AccountKind::Pop3(maildrop) => Some(&maildrop.endpoint),
            AccountKind::Local => None,
        }
    }

    /// Whether there is a server at all, to read from or to send by.
    pub fn has_server(&self) -> bool {
        self.endpoint().is_some() || self.smtp.is_some()
    }

    /// Its POP3 server, if it is read by POP3.
    pub fn maildrop(&self) -> Option<&Maildrop> {
        match &self.kind {
            AccountKind::Pop3(maildrop) => Some(maildrop),
            AccountKind::Imap(_) | AccountKind::Local => None,
        }
    }

    /// How its mail gets here, as the store knows it.
    pub fn stored_kind(&self) -> model::AccountKind {
        match &self.kind {
            AccountKind::Imap(_) => model::AccountKind::Imap,
            AccountKind::Pop3(_) => model::AccountKind::Pop3,
            AccountKind::Local => model::AccountKind::Local,
        }
    }

    /// Who it writes as: its own address first, then the further ones. Empty without an address.
    pub fn all_identities(&self) -> Vec<Identity> {
        let own = Identity {
            name: self.name.clone(),
            address: self.address.clone(),
            reply_to: None,
            signature: self.signature.clone(),
        };
        let all = std::iter::once(own).chain(self.identities.iter().cloned());
        all.filter(|identity| !identity.address.is_empty())
            .collect()
    }

    /// Who files the copy in Sent: what the settings say, else what is known of the provider.
    pub fn sent_copy_with(&self, providers: &Providers) -> SentCopy {
        // The Sent of another account's server is seen by nobody who reads no IMAP.
        let known = || {
            matches!(self.kind, AccountKind::Imap(_))
                && providers
                    .of(&self.address)
                    .is_some_and(|one| one.files_sent)
        };
        self.sent_copy.unwrap_or_else(|| match known() {
            true => SentCopy::Server,
            false => SentCopy::Append,
        })
    }

    /// What is kept of a mailbox (by decoded name; INBOX in any case).
    pub fn offline_of(&self, mailbox: &str) -> Offline {
        let inbox = mailbox.eq_ignore_ascii_case("INBOX");
        self.mailboxes
            .iter()
            .find(|(name, _)| *name == mailbox || inbox && name.eq_ignore_ascii_case("INBOX"))
            .map_or(self.offline, |(_, offline)| *offline)
    }
}

/// Where an account's mail comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// An IMAP server.
    Imap(Endpoint),
    /// A POP3 server; its mailboxes are here alone.
    Pop3(Maildrop),
    /// Nowhere: its mailboxes are here alone.
    Local,
}

/// A POP3 server and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maildrop {
    /// The server.
    pub endpoint: Endpoint,
    /// What becomes of messages there.
    pub on_server: OnServer,
    /// Of messages with more octets than this only the header is fetched, until they are opened.
    pub download_up_to: Option<u64>,
    /// Minutes between two looks at the server (1 to 1,440).
    pub check_every: u16,
}

impl Maildrop {
    /// Minutes between two looks, unless the settings say otherwise.
    pub const CHECK_EVERY: u16 = 5;

    /// Everything is kept, on the server too.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            on_server: OnServer::Keep,
            download_up_to: None,
            check_every: Self::CHECK_EVERY,
        }
    }
}

/// How a password or token is presented to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// LOGIN or AUTHENTICATE PLAIN.
    #[default]
    Password,
    /// AUTHENTICATE XOAUTH2 with the token that the password command prints.
    XOAuth2,
}

/// Where a password or token is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The system keyring.
    #[default]
    Keyring,
    /// Nowhere: it is asked for at each start.
    Ask,
    /// This argument vector prints it as its first line.
    Command(Vec<String>),
}
