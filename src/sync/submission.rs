//! A signed-in connection to an account's submission server.

use crate::config::{AccountSettings, Endpoint};
use crate::env::Env;
use crate::model::Secret;
use crate::net::smtp::{Identity, Submission, Way};

use super::SyncError;

/// Dials, waits for TLS and signs in.
pub(super) async fn sign_in(
    env: &Env,
    account: &AccountSettings,
    secret: &Secret,
) -> Result<Submission, SyncError> {
    let endpoint = endpoint(account)?;
    let way = Way {
        dial: env.dial.as_ref(),
        timer: &env.clock,
        transcript: env.transcript.as_ref(),
    };
    let mut talk = Submission::open(way, endpoint, account.tls_ca_file.clone()).await?;
    let login = endpoint.user.as_ref().unwrap_or(&account.login);
    let identity = Identity {
        login: login.clone(),
        secret: secret.clone(),
    };
    talk.sign_in(account.auth, identity).await?;
    Ok(talk)
}

/// The account's outgoing server.
pub(super) fn endpoint(account: &AccountSettings) -> Result<&Endpoint, SyncError> {
    account
        .smtp
        .as_ref()
        .ok_or_else(|| SyncError::NoOutgoing(account.id.clone()))
}
