//! Where passwords are: the keyring behind one trait, and what can stand in its way, in words.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::model::Secret;

/// The name under which all our items stand in the keyring.
pub const SERVICE: &str = "lacebark";

/// A keyring. `account` is the configured id; an item is found as service `lacebark`, username `id`.
pub trait Secrets: Send + Sync {
    /// The secret of an account.
    fn get(&self, account: &str) -> Wait<Secret>;
    /// Keeps it, in place of an older one.
    fn set(&self, account: &str, secret: Secret) -> Wait<()>;
    /// Forgets it; nothing being there is no error.
    fn delete(&self, account: &str) -> Wait<()>;
    /// Which back end answers, or why none does. `account` is looked up, because a locked keyring
    /// shows only when something in it is asked for.
    fn status(&self, account: &str) -> Wait<String>;
}

/// An answer under way; it comes within the keyring's time limit.
#[derive(Debug)]
pub struct Wait<T>(oneshot::Receiver<Result<T, SecretError>>);

/// Where the answer is to be put.
pub type Answer<T> = oneshot::Sender<Result<T, SecretError>>;

impl<T> Wait<T> {
    /// An answer to be given, and the wait for it.
    pub fn pair() -> (Answer<T>, Self) {
        let (answer, wait) = oneshot::channel();
        (answer, Self(wait))
    }

    /// An answer that is there already.
    pub fn ready(outcome: Result<T, SecretError>) -> Self {
        let (answer, wait) = Self::pair();
        // The receiver is in our hand, so the sending cannot fail.
        let _ = answer.send(outcome);
        wait
    }

    /// Blocks until it is there. Not for asynchronous code: await it there.
    pub fn wait(self) -> Result<T, SecretError> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }
}

impl<T> Future for Wait<T> {
    type Output = Result<T, SecretError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(gone())))
    }
}

fn gone() -> SecretError {
    SecretError::Absent {
        why: "its thread ended".to_owned(),
    }
}

/// Why there is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The keyring answers and holds none for this account.
    #[error("the keyring holds no password for {account}")]
    Missing {
        /// The account's id.
        account: String,
    },
    /// The keyring is locked and was not unlocked.
    #[error("the keyring is locked: {why}")]
    Locked {
        /// Its words.
        why: String,
    },
    /// The keyring service answers but has no keyring to put anything in.
    #[error("the keyring service has no default keyring: {why}")]
    NoCollection {
        /// Its words.
        why: String,
    },
    /// No keyring service answers.
    #[error("no keyring service answers: {why}")]
    Absent {
        /// The system's words.
        why: String,
    },
    /// It took longer than its limit; it may be waiting for somebody to unlock it.
    #[error("the keyring did not answer in {seconds} s")]
    Hung {
        /// The limit.
        seconds: u64,
    },
    /// Anything else that it said.
    #[error("the keyring refused: {why}")]
    Refused {
        /// Its words.
        why: String,
    },
    /// The password command did not print one.
    #[error("no password from \"{program}\": {why}")]
    Command {
        /// Its name, without its arguments.
        program: String,
        /// What went wrong, with its own complaint.
        why: String,
    },
    /// The account keeps none: a person is to be asked.
    #[error("the password is asked for at each start")]
    Ask,
}

impl SecretError {
    /// The next step, in a sentence.
    pub fn hint(&self) -> String {
        match self {
            SecretError::Missing { account } => format!("Store one: lacebark login {account}"),
            SecretError::Locked { .. } => "Unlock it, then try again.".to_owned(),
            SecretError::NoCollection { .. } => {
                "Make a default keyring in the desktop's password program.".to_owned()
            }
            SecretError::Absent { .. } => "Start a Secret Service (gnome-keyring, KeePassXC, \
                 KWallet), or set keep = \"ask\" or a password_command."
                .to_owned(),
            SecretError::Hung { .. } => {
                "Look for its prompt on the desktop; it is asked again later.".to_owned()
            }
            SecretError::Refused { .. } => String::new(),
            SecretError::Command { .. } => "Run the command by hand to see why.".to_owned(),
            SecretError::Ask => "Give it at the prompt or by lacebark login.".to_owned(),
        }
    }

    /// Whether asking again later may help without a person giving a password.
    pub fn retry(&self) -> bool {
        match self {
            SecretError::Locked { .. }
            | SecretError::Absent { .. }
            | SecretError::Hung { .. }
            | SecretError::NoCollection { .. }
            | SecretError::Command { .. } => true,
            SecretError::Missing { .. } | SecretError::Refused { .. } | SecretError::Ask => false,
        }
    }
}
