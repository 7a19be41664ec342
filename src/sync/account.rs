//! The task of one account: takes the lock, connects, works, and waits when it cannot.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Maildrop;
use crate::model::{LinkState, Secret, Severity};
use crate::net::NetError;
use crate::protocol::Time;
use crate::store::{Tx, journal, requests};

use super::SyncError;
use super::desk::{Desk, Tally};
use super::dialogue::Dialogue;
use super::outbox::Outbox;
use super::plan::backoff::{self, Ended as Why};
use super::pop3::{Look, Talk};
use super::worker::{Aim, Ended, Worker};

/// Everything from the dial to the end of the sign-in.
const CONNECT: Duration = Duration::from_secs(80);
/// What lies between two dials in any case.
const AT_LEAST: Duration = Duration::from_secs(1);
/// How long a session may take to end in order once the end was asked for.
const GRACE: Duration = Duration::from_millis(100);
/// A locked or absent keyring, or another owner, is looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A store that takes no writes is tried again after this.
const STORE_AGAIN: Duration = Duration::from_secs(30);
/// Who asked to wait at least so many seconds wants it whenever it comes. Anybody else sits before
/// a prompt and is told at once that there is no connection.
const PATIENT: i64 = 3600;

/// One account's task.
pub(super) struct Task {
    pub(super) desk: Arc<Desk>,
    pub(super) data: PathBuf,
    pub(super) secret: Option<Secret>,
    failures: u32,
    offline_since: Option<Time>,
    /// The server wants no sign-in before.
    look_not_before: Option<Time>,
}

impl Task {
    pub(super) fn new(desk: Desk, data: PathBuf) -> Self {
        Self {
            desk: Arc::new(desk),
            data,
            secret: None,
            failures: 0,
            offline_since: None,
            look_not_before: None,
        }
    }

    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.own_and_run().await {
            tracing::error!(account = %self.desk.account.id, %error, "the sync ended");
        }
        self.desk.signal.set_owner(false);
    }

    async fn own_and_run(&mut self) -> Result<(), SyncError> {
        loop {
            let signal = self.desk.signal.clone();
            signal
                .wait_until(|| signal.is_stopped() || !signal.is_away())
                .await;
            let Some(owner) = self.own().await? else {
                return Ok(());
            };
            // Mail leaves by a link of its own, whether or not there is one to read by; and nothing
            // is sent any more when the lock goes.
            let outbox = Outbox::new(self.desk.clone());
            let work = async {
                match self.desk.account.endpoint() {
                    Some(_) => self.work().await,
                    None => self.stand_by().await,
                }
            };
            let ((), ()) = tokio::join!(work, outbox.run());
            let cleared = self.desk.forget_link().await;
            drop(owner);
            signal.set_owner(false);
            if let Err(error) = cleared {
                tracing::warn!(account = %self.desk.account.id, %error, "the link's row stays");
            }
            if signal.is_stopped() {
                return Ok(());
            }
        }
    }

    /// Keeps store and server equal until it is told to stop or to give the account up.
    async fn work(&mut self) {
        while !self.desk.signal.is_stopped() && !self.desk.signal.is_away() {
            if let Err(error) = self.turn().await {
                // The store does not even take what is to be told, as on a full disk. That may be
                // over soon, so the task stays.
                tracing::error!(account = %self.desk.account.id, %error, "cannot tell how it is");
                let later = self.desk.env.clock.monotonic().after(STORE_AGAIN);
                self.pause(Some(later)).await;
            }
        }
    }

    /// Where no mail is read from a server, only what is sent needs a password.
    async fn stand_by(&mut self) {
        while !self.desk.signal.is_stopped() && !self.desk.signal.is_away() {
            if self.desk.signal.take_logout() {
                self.desk.set_out(true);
            }
            self.note_secret();
            if let Err(error) = self.answer_for_nobody().await {
                tracing::error!(account = %self.desk.account.id, %error, "cannot tell how it is");
            }
            self.desk.signal.wait().await;
        }
    }

    /// What is asked of the owner of an account without a server that mail comes from: it is current.
    async fn answer_for_nobody(&self) -> Result<(), SyncError> {
        let key = self.desk.key;
        self.desk.link(LinkState::Online, None, "").await?;
        let asked = self.desk.read(|reader| requests::unanswered(reader, key))?;
        if asked.is_empty() {
            return Ok(());
        }
        let answer = move |tx: &Tx<'_>| {
            for request in &asked {
                let answer = match request.asked {
                    requests::Asked::Sync { .. } | requests::Asked::SignIn => {
                        requests::Progress::Done
                    }
                    requests::Asked::Search { .. } => requests::Progress::Done,
                    requests::Asked::FetchBody { .. } => requests::Progress::Failed {
                        why: "there is no server that it could be fetched from".to_owned(),
                    },
                };
                requests::set_progress(tx, request.id, &answer)?;
            }
            requests::expire(tx, key).map(|_| ())
        };
        Ok(self.desk.durable(answer).await?)
    }

    /// One connection, or the wait that the user asked for; and what follows when it broke.
    async fn turn(&mut self) -> Result<(), SyncError> {
        if self.desk.signal.take_logout() {
            return self.log_out().await;
        }
        if self.desk.signal.is_offline() {
            let why = "you asked to be off line";
            self.desk.link(LinkState::OfflineAsked, None, why).await?;
            self.fail_requests(why).await?;
            self.desk.signal.wait().await;
            return Ok(());
        }
        self.note_secret();
        let began = self.desk.env.clock.monotonic();
        match self.session(Aim::Stay, &mut Tally::default()).await {
            Ok(Ended::Asked) => Ok(()),
            Ok(Ended::Done) => self.rest().await,
            Err(error) => self.recover(error, began).await,
        }
    }

    fn note_secret(&mut self) {
        if let Some(secret) = self.desk.signal.take_secret() {
            self.desk.know(Some(secret.clone()));
            self.secret = Some(secret);
        }
    }

    /// One connection from the dial to its end.
    pub(super) async fn session(
        &mut self,
        aim: Aim,
        tally: &mut Tally,
    ) -> Result<Ended, SyncError> {
        let key = self.desk.key;
        self.desk.link(LinkState::Connecting, None, "").await?;
        // Flags are sent again; what was under way when the link broke is unsure until then.
        self.desk
            .durable(move |tx| {
                requests::reopen(tx, key)?;
                requests::expire(tx, key)?;
                journal::unsettle(tx, key).map(|_| ())
            })
            .await?;
        match self.desk.account.maildrop().cloned() {
            Some(maildrop) => self.look(&maildrop, aim, tally).await,
            None => self.stay(aim, tally).await,
        }
    }

    /// One IMAP connection.
    async fn stay(&mut self, aim: Aim, tally: &mut Tally) -> Result<Ended, SyncError> {
        let sign_in = async |desk: Arc<Desk>, secret: Secret| {
            let mut talk = Dialogue::greet(&desk.env, &desk.account).await?;
            talk.sign_in(&desk.account, &secret).await?;
            Ok(talk)
        };
        let Some(talk) = self.connect(sign_in).await? else {
            return Ok(Ended::Asked);
        };
        let mut worker = Worker::new(&self.desk, talk, aim);
        // A server that is slow or silent does not hold up the end: what it still owes is asked
        // for again by the next session, as after any other cut (SAFETY R17).
        let outcome = tokio::select! {
            biased;
            outcome = worker.work() => outcome,
            () = self.overdue() => {
                tally.add(&worker.tally);
                return Ok(Ended::Asked);
            }
        };
        tally.add(&worker.tally);
        let talk = worker.talk;
        match &outcome {
            Ok(_) => tokio::select! {
                () = talk.goodbye() => {}
                () = self.overdue() => {}
            },
            Err(error) => {
                tracing::info!(account = %self.desk.account.id, %error, "the link ended");
            }
        }
        outcome
    }

    /// Looks at a POP3 maildrop, and again while there may be more.
    async fn look(
        &mut self,
        maildrop: &Maildrop,
        aim: Aim,
        tally: &mut Tally,
    ) -> Result<Ended, SyncError> {
        // A message over which the link broke is left out once, so that it keeps nothing else from
        // coming and going.
        let mut avoided = None;
        loop {
            if !self.may_sign_in().await? {
                return Ok(Ended::Asked);
            }
            let server = maildrop.clone();
            let sign_in = async move |desk: Arc<Desk>, secret: Secret| {
                let mut talk = Talk::greet(&desk.env, &desk.account, &server).await?;
                talk.sign_in(&desk.account, &secret).await?;
                Ok(talk)
            };
            let Some(talk) = self.connect(sign_in).await? else {
                return Ok(Ended::Asked);
            };
            let desk = self.desk.clone();
            let mut look = Look::new(&desk, talk, maildrop, aim.clone())?;
            look.avoid(avoided.clone());
            let outcome = tokio::select! {
                biased;
                outcome = look.work() => outcome,
                () = self.overdue() => {
                    tally.add(&look.tally);
                    return Ok(Ended::Asked);
                }
            };
            tally.add(&look.tally);
            if let Err(error) = outcome {
                let stumbled = look.stumbled().filter(|_| error.is_broken_link());
                let (Some(name), None) = (stumbled, &avoided) else {
                    return Err(error);
                };
                avoided = Some(name);
                let key = self.desk.key;
                let reopen = move |tx: &Tx<'_>| requests::reopen(tx, key);
                self.desk.durable(reopen).await?;
                continue;
            }
            let looked = tokio::select! {
                biased;
                looked = look.quit() => looked?,
                () = self.overdue() => return Ok(Ended::Asked),
            };
            tally.left += looked.left;
            let now = self.desk.env.clock.monotonic();
            let delay = looked.login_delay.map(|s| Duration::from_secs(s.into()));
            self.look_not_before = delay.map(|delay| now.after(delay));
            if !looked.more || self.desk.signal.ends_link() {
                return Ok(Ended::Done);
            }
        }
    }

    /// Waits as long as the server wants between two sign-ins; false if it was told to stop meanwhile.
    async fn may_sign_in(&mut self) -> Result<bool, SyncError> {
        let Some(since) = self.look_not_before else {
            return Ok(true);
        };
        let clock = self.desk.env.clock.clone();
        let left = since.since(clock.monotonic());
        if left > Duration::ZERO {
            let seconds = left.as_millis().div_ceil(1000);
            let next = i64::try_from(seconds).unwrap_or(i64::MAX);
            let next = self.desk.store.now().saturating_add(next);
            let why = format!("the server wants no sign-in for another {seconds} s");
            self.desk.link(LinkState::Online, Some(next), &why).await?;
            tokio::select! {
                () = clock.sleep_until(since) => {}
                () = self.desk.signal.wait_for_end() => return Ok(false),
            }
            self.desk.link(LinkState::Connecting, None, "").await?;
        }
        self.look_not_before = None;
        Ok(true)
    }

    /// Between two looks at a maildrop there is no connection; whoever asks for something has the
    /// next one at once.
    async fn rest(&mut self) -> Result<(), SyncError> {
        self.failures = 0;
        let minutes = match self.desk.account.maildrop() {
            Some(maildrop) => u64::from(maildrop.check_every),
            None => return Ok(()),
        };
        let seconds = minutes * 60;
        // The time that is told, however long telling it takes.
        let now = self.desk.env.clock.monotonic();
        let until = now.after(Duration::from_secs(seconds));
        let next = i64::try_from(seconds).unwrap_or(i64::MAX);
        let next = self.desk.store.now().saturating_add(next);
        self.desk.link(LinkState::Online, Some(next), "").await?;
        self.pause(Some(until)).await;
        Ok(())
    }

    /// Waits until the end was asked for and the time to end in order is over.
    async fn overdue(&self) {
        self.desk.signal.wait_for_end().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Dials and signs in as the protocol does it; `None` if it was told to stop meanwhile.
    async fn connect<T>(
        &mut self,
        sign_in: impl AsyncFnOnce(Arc<Desk>, Secret) -> Result<T, SyncError>,
    ) -> Result<Option<T>, SyncError> {
        let secret = match &self.secret {
            Some(secret) => secret.clone(),
            None => tokio::select! {
                secret = self.desk.env.password(&self.desk.account) => secret?,
                () = self.desk.signal.wait_for_end() => return Ok(None),
            },
        };
        let clock = self.desk.env.clock.clone();
        let signed_in = sign_in(self.desk.clone(), secret.clone());
        let late = clock.sleep_until(clock.monotonic().after(CONNECT));
        let talk = tokio::select! {
            talk = signed_in => talk?,
            () = late => {
                return Err(SyncError::Late {
                    what: format!("signing in to {}", self.desk.account.id),
                    seconds: CONNECT.as_secs(),
                });
            }
            () = self.desk.signal.wait_for_end() => return Ok(None),
        };
        self.desk.set_out(false);
        // A token is good for one sign-in; a password that worked is kept until the end.
        if self.desk.account.auth == crate::config::Auth::Password {
            self.desk.know(Some(secret.clone()));
            self.secret = Some(secret);
        }
        self.desk.signal.forget_sleep();
        self.desk.settle(&["sign-in", "tls", "link"]).await?;
        Ok(Some(talk))
    }

    /// Tells what happened and waits as long as that takes.
    async fn recover(&mut self, error: SyncError, began: Time) -> Result<(), SyncError> {
        let now = self.desk.env.clock.monotonic();
        let id = self.desk.account.id.clone();
        match error {
            SyncError::Stopped | SyncError::Withdrawn => Ok(()),
            SyncError::Slept => {
                self.failures = 0;
                Ok(())
            }
            SyncError::Store(error) if !error.retry() && !error.is_missing() => {
                let text = format!("{id} is not synced: {error}");
                self.desk
                    .tell(Severity::Attention, "store", text, "")
                    .await?;
                self.wait(LinkState::Offline, None, &error.to_string())
                    .await
            }
            error if error.is_sign_in() => self.need_sign_in(error).await,
            SyncError::Net(NetError::Certificate { .. }) => {
                let hint = error.hint();
                self.desk
                    .tell(Severity::Attention, "tls", error.to_string(), hint)
                    .await?;
                let wait =
                    backoff::wait(Why::Refused, u32::MAX, Duration::ZERO, self.desk.jitter());
                let why = error.to_string();
                self.wait(LinkState::CertificateRefused, Some(wait), &why)
                    .await
            }
            error => {
                self.failures = backoff::failures(self.failures, now.since(began));
                if self.failures == 1 {
                    self.offline_since = Some(now);
                }
                let offline = self
                    .offline_since
                    .map_or(Duration::ZERO, |at| now.since(at));
                let why = if error.is_limit() {
                    Why::Limited
                } else if error.is_unreachable() {
                    Why::Unreachable
                } else {
                    Why::Refused
                };
                let why = backoff::after(why, now.since(began));
                let mut wait = backoff::wait(why, self.failures, offline, self.desk.jitter());
                if why == Why::Unreachable {
                    // A dial that nobody answered was a wait of its own.
                    wait = wait.saturating_sub(now.since(began)).max(AT_LEAST);
                }
                if error.needs_person() {
                    self.desk
                        .tell(Severity::Attention, "link", error.to_string(), error.hint())
                        .await?;
                } else if self.failures == 1 {
                    let mut hint = error.hint();
                    if hint.is_empty() {
                        hint = "Trying again by itself.".to_owned();
                    }
                    self.desk
                        .tell(Severity::Warning, "link", error.to_string(), hint)
                        .await?;
                }
                self.wait(LinkState::Offline, Some(wait), &error.to_string())
                    .await
            }
        }
    }

    /// A wrong password is not tried again; a keyring that does not answer is asked again.
    async fn need_sign_in(&mut self, error: SyncError) -> Result<(), SyncError> {
        self.secret = None;
        self.desk.know(None);
        self.desk
            .tell(
                Severity::Attention,
                "sign-in",
                error.to_string(),
                error.hint(),
            )
            .await?;
        let again = match &error {
            SyncError::Secret(error) if error.retry() => Some(LOOK_AGAIN),
            _ => None,
        };
        self.wait(LinkState::SignInNeeded, again, &error.to_string())
            .await
    }

    /// A person logged the account out: nothing of its password stays here, and nothing signs in
    /// until a new one is given, or asked for by name.
    async fn log_out(&mut self) -> Result<(), SyncError> {
        self.secret = None;
        self.desk.set_out(true);
        let id = &self.desk.account.id;
        let (text, hint) = (
            format!("{id} was logged out."),
            format!("Give its password, or use `lacebark login {id}`."),
        );
        self.desk
            .tell(Severity::Attention, "sign-in", text.as_str(), hint)
            .await?;
        self.wait(LinkState::SignInNeeded, None, &text).await
    }

    /// Waits for a wish that makes a try worth while, or for the time.
    async fn wait(
        &mut self,
        state: LinkState,
        wait: Option<Duration>,
        why: &str,
    ) -> Result<(), SyncError> {
        let now = self.desk.env.clock.monotonic();
        let until = wait.map(|wait| now.after(wait));
        let seconds = wait.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        let next_try = seconds.map(|s| self.desk.store.now().saturating_add(s));
        self.desk.link(state, next_try, why).await?;
        loop {
            self.fail_requests(why).await?;
            if self.pause(until).await == Pause::Over {
                return Ok(());
            }
        }
    }

    /// Until the time, or until somebody wants a try now. A wake for the journal is no reason: it
    /// waits for the connection anyway; but who asked for a body is to be answered.
    async fn pause(&mut self, until: Option<Time>) -> Pause {
        let clock = self.desk.env.clock.clone();
        loop {
            let signal = &self.desk.signal;
            if signal.ends_link() {
                return Pause::Over;
            }
            let wishes = signal.take();
            // What no time will cure (a wrong password) is not tried anew in another network.
            let elsewhere = until.is_some() && (wishes.slept || wishes.moved);
            if signal.has_secret() || wishes.sync_now || elsewhere {
                return Pause::Over;
            }
            if wishes.work {
                match self.asked() {
                    Some(true) => return Pause::Over,
                    Some(false) => return Pause::Asked,
                    None => {}
                }
            }
            let time = async {
                match until {
                    Some(until) => clock.sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = time => return Pause::Over,
                () = self.desk.signal.wait() => {}
            }
        }
    }

    /// Whether what is asked of us is worth a try now (a sync, a new sign-in); `None` if nothing is
    /// asked.
    fn asked(&self) -> Option<bool> {
        let key = self.desk.key;
        let open = self.desk.read(|reader| requests::open(reader, key)).ok()?;
        let tries = open.iter().any(|request| {
            matches!(
                request.asked,
                requests::Asked::SignIn | requests::Asked::Sync { .. }
            )
        });
        (!open.is_empty()).then_some(tries)
    }

    /// What needs the connection that is not there is answered at once, with the reason; but bytes
    /// that somebody waits for patiently are fetched by the next one.
    async fn fail_requests(&mut self, why: &str) -> Result<(), SyncError> {
        let key = self.desk.key;
        let patient = self.desk.store.now().saturating_add(PATIENT);
        // A password that waits is tried before who gave it hears anything.
        let unsigned = !self.desk.signal.has_secret();
        let mut asked = self.desk.read(|reader| requests::unanswered(reader, key))?;
        asked.retain(|request| match request.asked {
            requests::Asked::FetchBody { .. } => request.deadline < patient,
            requests::Asked::SignIn => unsigned,
            requests::Asked::Sync { .. } | requests::Asked::Search { .. } => true,
        });
        if asked.is_empty() {
            return Ok(());
        }
        let failed = requests::Progress::Failed {
            why: why.to_owned(),
        };
        Ok(self
            .desk
            .durable(move |tx| {
                for request in &asked {
                    requests::set_progress(tx, request.id, &failed)?;
                }
                requests::expire(tx, key).map(|_| ())
            })
            .await?)
    }
}

/// Why a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// A try is due.
    Over,
    /// Somebody asks for what needs a connection.
    Asked,
}

impl Tally {
    fn add(&mut self, more: &Tally) {
        self.new += more.new;
        self.flags += more.flags;
        self.expunged += more.expunged;
        self.bodies += more.bodies;
        self.pushed += more.pushed;
        self.refused += more.refused;
        self.left += more.left;
    }
}
