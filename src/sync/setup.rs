//! Setting an account up: reading and sending are tried before anything is stored, and the field
//! that was wrong is named.

use std::time::Duration;

use tokio::runtime::Builder;

use crate::config::{AccountSettings, Keep, Maildrop, Paths, SecretError, Settings, edit};
use crate::env::Env;
use crate::imap::{Command, MailboxName};
use crate::model::Secret;
use crate::net::{NetError, Refusal};

use super::dialogue::Dialogue;
use super::pop3::Talk;
use super::{SyncError, submission};

/// Dial, handshake and sign-in together, at each server.
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
    /// What the outgoing server proved, where the account has one.
    pub sending: Option<SendingProof>,
}

/// What a sign-in to the outgoing server proved. No mail was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendingProof {
    /// `host:port (address)` that answered.
    pub peer: String,
    /// What the server offers, its words in order.
    pub offers: Vec<String>,
    /// The most octets of a message, where it names a limit.
    pub most: Option<u64>,
}

/// Which of an account's servers a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that mail is read from.
    Reading,
    /// The one that mail is sent by.
    Sending,
}

/// The field of the set-up screen that a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Mail address.
    Address,
    /// A server's host.
    Server,
    /// A server's port.
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
    pub fn word(self, side: Side) -> &'static str {
        match (self, side) {
            (Field::Address, _) => "address",
            (Field::Server, Side::Reading) => "incoming server",
            (Field::Server, Side::Sending) => "outgoing server",
            (Field::Port, Side::Reading) => "port",
            (Field::Port, Side::Sending) => "outgoing port",
            (Field::Security, Side::Reading) => "security",
            (Field::Security, Side::Sending) => "outgoing security",
            (Field::CaFile, _) => "tls_ca_file",
            (Field::Login, _) => "login",
            (Field::Password, Side::Reading) => "password",
            (Field::Password, Side::Sending) => "password for sending",
            (Field::Keep, _) => "keeping of the password",
            (Field::None, _) => "set-up",
        }
    }
}

/// A sign-in that did not work, or an account that could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {text}", field.word(*side))]
pub struct SetupError {
    /// Which field it is about.
    pub field: Field,
    /// Of which server.
    pub side: Side,
    /// What failed, with the server's or system's own words.
    pub text: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl SetupError {
    fn new(field: Field, text: impl ToString, hint: impl Into<String>) -> Self {
        Self {
            field,
            side: Side::Reading,
            text: text.to_string(),
            hint: hint.into(),
        }
    }

    fn of(error: &SyncError, side: Side) -> Self {
        let found = match error {
            SyncError::Net(error) => Self::of_net(error, side),
            error => Self::of_answer(error, side),
        };
        Self { side, ..found }
    }

    fn of_answer(error: &SyncError, side: Side) -> Self {
        let (field, hint) = match error {
            SyncError::SignIn { .. } => (
                Field::Password,
                match side {
                    Side::Reading => {
                        "Check login and password; some providers want an app password."
                    }
                    Side::Sending => {
                        "Reading works with it. Some providers want another login for sending \
                         (smtps://USER@HOST), or have to be told to allow it."
                    }
                },
            ),
            SyncError::NoWay { .. } => (
                Field::Security,
                match side {
                    Side::Reading => "Use imaps:// or imap:// (STARTTLS).",
                    Side::Sending => "Is it the port for submission? 465 is usual, 587 otherwise.",
                },
            ),
            SyncError::Secret(SecretError::Command { .. }) => (Field::Password, ""),
            SyncError::Secret(_) => (Field::Keep, ""),
            SyncError::Local(_) => (Field::Server, "Name the incoming server."),
            SyncError::NoOutgoing(_) => (Field::Server, "Name the outgoing server."),
            SyncError::Bye { .. } | SyncError::Late { .. } => (Field::Server, ""),
            SyncError::Refused { .. } if side == Side::Sending => (Field::Server, ""),
            SyncError::Net(_)
            | SyncError::Refused { .. }
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

    fn of_net(error: &NetError, side: Side) -> Self {
        let words = |reading, sending| match side {
            Side::Reading => reading,
            Side::Sending => sending,
        };
        let (field, hint) = match error {
            NetError::Resolve { .. } => (Field::Server, ""),
            NetError::Refused { .. } => (
                Field::Port,
                words(
                    "Check the port: 993 is usual for imaps, 143 for imap with STARTTLS.",
                    "Check the port: 465 is usual for smtps, 587 for smtp with STARTTLS.",
                ),
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
                words(
                    "Is this port for TLS from the first octet (imaps), or for STARTTLS (imap)?",
                    "Is this port for TLS from the first octet (smtps), or for STARTTLS (smtp)?",
                ),
            ),
            NetError::Injected { .. } => (
                Field::Security,
                words(
                    "",
                    "Somebody on the way may be tampering. Use smtps:// if the server has it.",
                ),
            ),
            NetError::Clear { .. } => (Field::Security, words("", "Use smtps:// or smtp://.")),
            NetError::LinkLost { .. } | NetError::Broken(_) => (
                Field::Server,
                words(
                    "Does an IMAP server answer on this port, with this kind of security?",
                    "Does a submission server answer on this port, with this kind of security?",
                ),
            ),
            NetError::Unsupported(_) | NetError::Closed => (Field::None, ""),
        };
        let hint = if hint.is_empty() { error.hint() } else { hint };
        Self::new(field, error, hint)
    }
}

/// Signs in for reading and, where an outgoing server is named, for sending. Nothing is stored and
/// nothing sent. Waits at most 45 seconds for each server; not for the thread of the screen.
pub fn try_sign_in(env: &Env, request: &SetupRequest) -> Result<Proof, SetupError> {
    run(async {
        let secret = secret(env, request).await?;
        let mut proof = in_time(Side::Reading, read(env, request, &secret)).await?;
        if request.account.smtp.is_some() {
            let sending = in_time(Side::Sending, send(env, request, &secret));
            proof.sending = Some(sending.await?);
        }
        Ok(proof)
    })
}

/// The same for reading alone, as when a new password is given.
pub fn try_reading(env: &Env, request: &SetupRequest) -> Result<Proof, SetupError> {
    run(async {
        let secret = secret(env, request).await?;
        in_time(Side::Reading, read(env, request, &secret)).await
    })
}

fn run<T>(work: impl Future<Output = Result<T, SetupError>>) -> Result<T, SetupError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| SetupError::new(Field::None, error, ""))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

async fn in_time<T>(
    side: Side,
    work: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SetupError> {
    let outcome = tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| {
        Err(SyncError::Late {
            what: "signing in".to_owned(),
            seconds: LIMIT.as_secs(),
        })
    });
    outcome.map_err(|error| SetupError::of(&error, side))
}

async fn secret(env: &Env, request: &SetupRequest) -> Result<Secret, SetupError> {
    match &request.secret {
        Some(secret) => Ok(secret.clone()),
        None => env
            .password(&request.account)
            .await
            .map_err(|error| SetupError::of(&error.into(), Side::Reading)),
    }
}

/// Signs in, looks at INBOX and leaves.
async fn read(env: &Env, request: &SetupRequest, secret: &Secret) -> Result<Proof, SyncError> {
    let account = &request.account;
    if let Some(maildrop) = account.maildrop() {
        return read_maildrop(env, account, maildrop, secret).await;
    }
    let mut talk = Dialogue::greet(env, account).await?;
    talk.sign_in(account, secret).await?;
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
        sending: None,
    };
    talk.goodbye().await;
    Ok(proof)
}

/// Signs in, counts the messages and leaves.
async fn read_maildrop(
    env: &Env,
    account: &AccountSettings,
    maildrop: &Maildrop,
    secret: &Secret,
) -> Result<Proof, SyncError> {
    let mut talk = Talk::greet(env, account, maildrop).await?;
    talk.sign_in(account, secret).await?;
    let proof = Proof {
        peer: talk.peer(),
        capabilities: talk.capabilities(),
        inbox: Some(u64::from(talk.count().await?)),
        sending: None,
    };
    // Nothing was deleted, so that it does not matter how the session ends.
    let _ = talk.quit().await;
    Ok(proof)
}

/// Signs in to the outgoing server and leaves.
async fn send(
    env: &Env,
    request: &SetupRequest,
    secret: &Secret,
) -> Result<SendingProof, SyncError> {
    let talk = submission::sign_in(env, &request.account, secret).await?;
    let proof = SendingProof {
        peer: talk.peer().to_owned(),
        offers: talk.offers().words.clone(),
        most: talk.offers().most(),
    };
    talk.quit().await;
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
