//! Setting an account up: the sign-in is tried before anything is stored, and the field that was
//! wrong is named.

use std::time::Duration;

use tokio::runtime::Builder;

use crate::config::{AccountSettings, Keep, Paths, SecretError, Settings, edit};
use crate::env::Env;
use crate::imap::{Command, MailboxName};
use crate::model::Secret;
use crate::net::{NetError, Refusal};

use super::SyncError;
use super::dialogue::Dialogue;

/// Dial, handshake and sign-in together.
const LIMIT: Duration = Duration::from_secs(45);

/// An account to be, with the password to try it with.
#[derive(Clone, Debug)]
pub struct SetupRequest {
    /// The account as it would stand in the file of settings.
    pub account: AccountSettings,
    /// The password or token; `None` asks its [`Keep`] for it.
    pub secret: Option<Secret>,
}

/// What a sign-in proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// `host:port (address)` that answered.
    pub peer: String,
    /// What the server can do, its words in order.
    pub capabilities: Vec<String>,
    /// Messages in INBOX, if it could be asked.
    pub inbox: Option<u64>,
}

/// The field of the set-up screen that a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Mail address.
    Address,
    /// Incoming server's host.
    Server,
    /// Incoming server's port.
    Port,
    /// How the link is made secret.
    Security,
    /// `tls_ca_file`.
    CaFile,
    /// Login name.
    Login,
    /// Password or token.
    Password,
    /// Where the password is kept.
    Keep,
    /// Nothing that could be typed otherwise.
    None,
}

impl Field {
    /// The words for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Field::Address => "address",
            Field::Server => "incoming server",
            Field::Port => "port",
            Field::Security => "security",
            Field::CaFile => "tls_ca_file",
            Field::Login => "login",
            Field::Password => "password",
            Field::Keep => "keeping of the password",
            Field::None => "set-up",
        }
    }
}

/// A sign-in that did not work, or an account that could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {text}", field.word())]
pub struct SetupError {
    /// Which field it is about.
    pub field: Field,
    /// What failed, with the server's or system's own words.
    pub text: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl SetupError {
    fn new(field: Field, text: impl ToString, hint: impl Into<String>) -> Self {
        Self {
            field,
            text: text.to_string(),
            hint: hint.into(),
        }
    }

    fn of(error: &SyncError) -> Self {
        let (field, hint) = match error {
            SyncError::Net(error) => return Self::of_net(error),
            SyncError::SignIn { .. } => (
                Field::Password,
                "Check login and password; some providers want an app password.",
            ),
            SyncError::NoWay { .. } => (Field::Security, "Use imaps:// or imap:// (STARTTLS)."),
            SyncError::Secret(SecretError::Command { .. }) => (Field::Password, ""),
            SyncError::Secret(_) => (Field::Keep, ""),
            SyncError::Local(_) => (Field::Server, "Name the incoming server."),
            SyncError::Bye { .. } | SyncError::Late { .. } => (Field::Server, ""),
            SyncError::Refused { .. }
            | SyncError::Store(_)
            | SyncError::Slept
            | SyncError::Owned { .. }
            | SyncError::NoAccount(_)
            | SyncError::NoMailbox { .. }
            | SyncError::System { .. }
            | SyncError::Withdrawn
            | SyncError::Stopped => (Field::None, ""),
        };
        let hint = if hint.is_empty() {
            error.hint()
        } else {
            hint.to_owned()
        };
        Self::new(field, error, hint)
    }

    fn of_net(error: &NetError) -> Self {
        let (field, hint) = match error {
            NetError::Resolve { .. } => (Field::Server, ""),
            NetError::Refused { .. } => (
                Field::Port,
                "Check the port: 993 is usual for imaps, 143 for imap with STARTTLS.",
            ),
            NetError::TimedOut { .. } => (Field::Server, "Check host, port and network."),
            NetError::Certificate {
                refusal: Refusal::SelfSigned | Refusal::UnknownAuthority,
                ..
            } => (Field::CaFile, ""),
            NetError::Certificate { .. } => (Field::Server, ""),
            NetError::CaFile { .. } => (Field::CaFile, ""),
            NetError::Tls { .. } => (
                Field::Port,
                "Is this port for TLS from the first octet (imaps), or for STARTTLS (imap)?",
            ),
            NetError::Injected { .. } | NetError::Clear { .. } => (Field::Security, ""),
            NetError::LinkLost { .. } | NetError::Broken(_) => (
                Field::Server,
                "Does an IMAP server answer on this port, with this kind of security?",
            ),
            NetError::Unsupported(_) | NetError::Closed => (Field::None, ""),
        };
        let hint = if hint.is_empty() { error.hint() } else { hint };
        Self::new(field, error, hint)
    }
}

/// Signs in, looks at INBOX and leaves. Nothing is stored. Waits at most 45 seconds; not for the
/// thread of the screen.
pub fn try_sign_in(env: &Env, request: &SetupRequest) -> Result<Proof, SetupError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| SetupError::new(Field::None, error, ""))?;
    let outcome = runtime.block_on(async {
        tokio::time::timeout(LIMIT, tried(env, request))
            .await
            .unwrap_or_else(|_| {
                Err(SyncError::Late {
                    what: "signing in".to_owned(),
                    seconds: LIMIT.as_secs(),
                })
            })
    });
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome.map_err(|error| SetupError::of(&error))
}

async fn tried(env: &Env, request: &SetupRequest) -> Result<Proof, SyncError> {
    let account = &request.account;
    let secret = match &request.secret {
        Some(secret) => secret.clone(),
        None => env.password(account).await?,
    };
    let mut talk = Dialogue::greet(env, account).await?;
    talk.sign_in(account, &secret).await?;
    let (reply, _) = talk
        .call(Command::Examine {
            mailbox: MailboxName::from_stored("INBOX"),
            condstore: false,
        })
        .await?;
    let proof = Proof {
        peer: talk.peer(),
        capabilities: talk.capabilities(),
        inbox: reply.is_ok().then(|| u64::from(talk.exists())),
    };
    talk.goodbye().await;
    Ok(proof)
}

/// Stores an account that was tried: the section in the file of settings, the password in the
/// keyring if it is kept there. The keyring comes first: when it refuses, nothing was stored.
pub fn store_account(
    env: &Env,
    paths: &Paths,
    settings: &Settings,
    request: &SetupRequest,
) -> Result<(), SetupError> {
    let account = &request.account;
    if let (Keep::Keyring, Some(secret)) = (&account.keep, &request.secret) {
        keep_secret(env, account, secret)?;
    }
    edit::save_account(&paths.config, account, settings.offline)
        .map_err(|error| SetupError::new(Field::None, error, ""))
}

/// Puts a password into the keyring (`login`).
pub fn keep_secret(
    env: &Env,
    account: &AccountSettings,
    secret: &Secret,
) -> Result<(), SetupError> {
    env.secrets
        .set(&account.id, secret.clone())
        .wait()
        .map_err(|error| SetupError::new(Field::Keep, &error, error.hint()))
}

/// Takes the password out of the keyring (`logout`).
pub fn forget_secret(env: &Env, account: &AccountSettings) -> Result<(), SetupError> {
    env.secrets
        .delete(&account.id)
        .wait()
        .map_err(|error| SetupError::new(Field::Keep, &error, error.hint()))
}
