//! What the task of an account does while another process has its lock: it waits for the lock, hands
//! on what this process is asked for, and says so when the other one answers nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::env::Neighbours;
use crate::model::{LinkState, RequestId, Secret, Severity};
use crate::protocol::Time;
use crate::store::requests::Asked;
use crate::store::{links, requests};

use super::SyncError;
use super::account::Task;
use super::neighbours::hand_over;
use super::owner::{self, Owner};

/// An owner that has not even taken a request after this is told of.
const SILENT: Duration = Duration::from_secs(10);
/// So long somebody waits for a sync or a sign-in that was handed on.
const PATIENCE: i64 = 60;

/// How long the owner has left requests alone.
#[derive(Default)]
struct Silence {
    /// What was open at first, and when that is too long.
    open: Option<(BTreeSet<RequestId>, Time)>,
    told: bool,
}

impl Task {
    /// Waits for the account's lock; `None` if it was told to stop before.
    pub(super) async fn own(&mut self) -> Result<Option<Owner>, SyncError> {
        let id = self.desk.account.id.clone();
        // Said before it is true: who waits until nothing is owned is not to miss it.
        self.desk.signal.set_owner(true);
        match Owner::take(&self.data, &id) {
            Ok(owner) => return Ok(Some(owner)),
            Err(SyncError::Owned { .. }) => self.desk.signal.set_owner(false),
            Err(error) => return Err(error),
        }
        let mut lock = Owner::wait(&self.data, &id)?;
        let mut silence = Silence::default();
        let clock = self.desk.env.clock.clone();
        loop {
            let late = silence.open.as_ref().map(|(_, late)| *late);
            let late = async {
                match late {
                    Some(late) => clock.sleep_until(late).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                owner = &mut lock => {
                    self.desk.signal.set_owner(true);
                    self.desk.settle(&["owner"]).await?;
                    return match owner {
                        Ok(owner) => owner.map(Some),
                        // The thread broke off: another try says what there is to say.
                        Err(_) => Owner::take(&self.data, &id).map(Some),
                    };
                }
                () = self.desk.signal.wait() => {}
                () = late => {}
            }
            if self.desk.signal.is_stopped() {
                return Ok(None);
            }
            // What cannot be written or sent now is no reason to give the account up.
            if let Err(error) = self.hand_on(&mut silence).await {
                tracing::warn!(account = %id, %error, "the owner is not told");
            }
        }
    }

    async fn hand_on(&mut self, silence: &mut Silence) -> Result<(), SyncError> {
        if self.desk.signal.take_logout() {
            self.secret = None;
        }
        let wishes = self.desk.signal.take();
        if let Some(secret) = self.desk.signal.take_secret() {
            self.hand_secret(secret).await?;
        }
        if wishes.sync_now {
            let key = self.desk.key;
            let ask = move |tx: &crate::store::Tx<'_>| {
                let deadline = tx.now().saturating_add(PATIENCE);
                requests::ask(tx, key, &Asked::Sync { mailbox: None }, deadline).map(|_| ())
            };
            self.desk.durable(ask).await?;
        }
        self.listen_for(silence).await
    }

    /// Gives a password to the owner; where that takes none it is kept for the time when this
    /// process is the owner.
    async fn hand_secret(&mut self, secret: Secret) -> Result<(), SyncError> {
        let id = self.desk.account.id.clone();
        let Some(pid) = owner::of(&self.data, &id)? else {
            self.desk.signal.ask(|wishes| wishes.secret = Some(secret));
            return Ok(());
        };
        let key = self.desk.key;
        let request = self
            .desk
            .durable(move |tx| requests::ask_to_sign_in(tx, key, tx.now().saturating_add(PATIENCE)))
            .await?;
        let neighbours = Neighbours::found_from(&self.data.join("run"));
        if hand_over(&neighbours, pid, &id, request, &secret)? {
            return Ok(());
        }
        self.secret = Some(secret);
        self.desk
            .durable(move |tx| requests::remove(tx, request))
            .await?;
        let text = format!("Process {pid} syncs {id} and takes no password.");
        let hint = "It is used here as soon as that process ends.";
        self.desk.tell(Severity::Warning, "owner", text, hint).await
    }

    /// Notes since when what was asked of the owner is not even taken, and tells when that is long.
    async fn listen_for(&mut self, silence: &mut Silence) -> Result<(), SyncError> {
        let key = self.desk.key;
        let (open, link) = self
            .desk
            .read(|reader| Ok((requests::open(reader, key)?, links::get(reader, key)?)))?;
        let open: BTreeSet<RequestId> = open.into_iter().map(|request| request.id).collect();
        let now = self.desk.env.clock.monotonic();
        let pid = owner::of(&self.data, &self.desk.account.id)?.unwrap_or_default();
        let stopped = owner::is_stopped(pid);
        // Who dials takes nothing until the server has answered, or has not for a minute.
        let dialling = link.is_some_and(|link| link.state == LinkState::Connecting) && !stopped;
        let still = silence
            .open
            .take()
            .filter(|(before, _)| !dialling && !before.is_disjoint(&open));
        match still {
            Some((_, late)) if now >= late => {
                if !std::mem::replace(&mut silence.told, true) {
                    self.tell_silence(pid, stopped).await?;
                }
            }
            Some(before) => silence.open = Some(before),
            None if open.is_empty() => {
                if std::mem::take(&mut silence.told) {
                    self.desk.settle(&["owner"]).await?;
                }
            }
            None => silence.open = Some((open, now.after(SILENT))),
        }
        Ok(())
    }

    async fn tell_silence(&self, pid: u32, stopped: bool) -> Result<(), SyncError> {
        let text = if stopped {
            format!("Process {pid} does not answer: it is stopped.")
        } else {
            format!("Process {pid} has not answered for {} s.", SILENT.as_secs())
        };
        let hint = "It syncs this account. Continue it (fg) or end it: then this one does.";
        self.desk.tell(Severity::Warning, "owner", text, hint).await
    }
}
