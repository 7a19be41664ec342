//! What processes over one store tell each other: that there is something to look at, and the
//! password for an account whose owner needs it.
//!
//! A "look" says nothing more, because it may be lost where many are sent: what is there to do
//! stands in the store. A password never does; [`Neighbours::tell`] says why nobody else reads it
//! (SAFETY S1, S2).

use std::io::{self, ErrorKind};

use zeroize::Zeroizing;

use crate::config::Paths;
use crate::env::{LONGEST, Neighbours};
use crate::model::{RequestId, Secret};
use crate::store::Store;

use super::SyncError;
use super::owner;

/// What one process tells another.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// The store has changed.
    Look,
    /// A password that a person gave, and the request that is to be answered once it was tried.
    Password {
        account: String,
        request: RequestId,
        secret: Secret,
    },
    /// An account was logged out: its password is to be forgotten.
    Forget { account: String },
}

const LOOK: &[u8] = b"look";
const PASSWORD: &[u8] = b"password";
const FORGET: &[u8] = b"forget\0";

impl Letter {
    /// The letter in these octets, if it is one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes == LOOK {
            return Some(Letter::Look);
        }
        if let Some(account) = bytes.strip_prefix(FORGET) {
            let account = std::str::from_utf8(account).ok()?.to_owned();
            return Some(Letter::Forget { account });
        }
        let mut fields = bytes.splitn(4, |byte| *byte == 0);
        if fields.next()? != PASSWORD {
            return None;
        }
        let mut text = || std::str::from_utf8(fields.next()?).ok();
        Some(Letter::Password {
            account: text()?.to_owned(),
            request: RequestId(text()?.parse().ok()?),
            secret: Secret::new(text()?),
        })
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        // Big enough at once: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
        match self {
            Letter::Look => bytes.extend_from_slice(LOOK),
            Letter::Forget { account } => {
                bytes.extend_from_slice(FORGET);
                bytes.extend_from_slice(account.as_bytes());
            }
            Letter::Password {
                account,
                request,
                secret,
            } => {
                let request = request.to_string();
                let fields = [PASSWORD, account.as_bytes(), request.as_bytes()];
                for field in fields {
                    bytes.extend_from_slice(field);
                    bytes.push(0);
                }
                bytes.extend_from_slice(secret.expose().as_bytes());
            }
        }
        bytes
    }
}

/// Has other processes told of each commit of this one.
pub fn announce(store: &Store, paths: &Paths) {
    let neighbours = Neighbours::of(paths);
    store.announce(move || neighbours.tell_all(LOOK));
}

/// Tells every other process that an account was logged out, so that none keeps its password or a
/// session that was signed in with it.
pub(super) fn tell_of_logout(neighbours: &Neighbours, account: &str) {
    let account = account.to_owned();
    neighbours.tell_all(&Letter::Forget { account }.bytes());
}

/// Hands a password to the process that owns the account. False if that process takes none.
pub(super) fn hand_over(
    neighbours: &Neighbours,
    pid: u32,
    account: &str,
    request: RequestId,
    secret: &Secret,
) -> Result<bool, SyncError> {
    let letter = Letter::Password {
        account: account.to_owned(),
        request,
        secret: secret.clone(),
    }
    .bytes();
    let told = if letter.len() > LONGEST {
        Err(io::Error::new(ErrorKind::InvalidInput, "it is too long"))
    } else if owner::is_stopped(pid) {
        Err(ErrorKind::WouldBlock.into())
    } else {
        neighbours.tell(pid, &letter)
    };
    match told {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::WouldBlock) => {
            Ok(false)
        }
        Err(source) => Err(SyncError::System {
            what: format!("hand the password of {account} to process {pid}"),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(account: &str, secret: &str) -> Letter {
        Letter::Password {
            account: account.to_owned(),
            request: RequestId(17),
            secret: Secret::new(secret),
        }
    }

    #[test]
    fn s2_a_letter_comes_back_whole_and_shows_no_secret() {
        for letter in [
            Letter::Look,
            Letter::Forget {
                account: "work".to_owned(),
            },
            password("work", "hunter2"),
            password("a b", "pass\0word\u{1f512}"),
            password("work", ""),
        ] {
            assert_eq!(Letter::read(&letter.bytes()).as_ref(), Some(&letter));
            assert!(!format!("{letter:?}").contains("hunter2"));
        }
    }

    #[test]
    fn what_is_no_letter_is_none() {
        let cut = b"password\x00work\x0017";
        for bytes in [&b""[..], b"looks", b"password", cut, b"password\0a\0b\0c"] {
            assert_eq!(Letter::read(bytes), None, "{bytes:?}");
        }
        assert_eq!(Letter::read(b"password\x00\xff\x001\x00c"), None);
    }
}
