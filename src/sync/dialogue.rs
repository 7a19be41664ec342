//! A signed-in connection: commands and their answers, and the news that come between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::{AccountSettings, Auth, Endpoint, Security};
use crate::env::Env;
use crate::imap::{
    Code, Command, Event, Machine, Mechanism, Options, Reply, Said, Security as Wire, Status,
};
use crate::model::Secret;
use crate::net::{Counters, NetError, Session, Target};
use crate::protocol::{Broken, Output, Tag, Time};

use super::SyncError;
use super::error::LIMIT;
use super::plan::open::{Abilities, Means, SignIn, sign_in};

/// What the server said unasked since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Messages were added to or taken from the selected mailbox.
    pub(super) messages: bool,
    /// Flags of the selected mailbox changed.
    pub(super) flags: bool,
    /// Texts that the server wants shown.
    pub(super) alerts: Vec<String>,
}

/// One thing that came, after the dialogue has looked at it.
#[derive(Debug)]
pub(super) enum Step {
    /// An untagged response.
    Event(Event),
    /// Octets of a large literal.
    Chunk {
        literal: u64,
        bytes: Vec<u8>,
        end: bool,
    },
    /// A command ended.
    Done(Tag, Reply),
}

/// A connection to one account's server.
#[derive(Debug)]
pub(super) struct Dialogue {
    session: Session<Machine>,
    host: String,
    clock: Env,
    exists: u32,
    news: News,
    bye: Option<String>,
    heard: Time,
    aside: BTreeMap<Tag, Reply>,
    /// Commands whose answers nobody will wait for.
    unheard: BTreeSet<Tag>,
}

/// Alerts that are told at once; a server that has more to say repeats it.
const ALERTS: usize = 20;

impl News {
    fn alert(&mut self, text: &str) {
        if self.alerts.len() < ALERTS {
            self.alerts.push(text.to_owned());
        }
    }
}

/// What is held of the answers to one small command.
const HELD: usize = 200_000;
/// The same in octets of the wire: the counts of 100,000 mailboxes are 12 MB.
const HELD_OCTETS: u64 = 48 << 20;

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

impl Dialogue {
    /// Dials, waits for the greeting and, where it has to, STARTTLS.
    pub(super) async fn greet(env: &Env, account: &AccountSettings) -> Result<Self, SyncError> {
        let endpoint = endpoint(account)?;
        let target = Target::of(endpoint, account.tls_ca_file.clone());
        let link = env.dial.dial(target).await?;
        let security = match endpoint.security {
            Security::Tls => Wire::Tls,
            Security::StartTls => Wire::StartTls,
            Security::PlainLoopback => Wire::Plain,
        };
        let mut options = Options::new(security, env.clock.monotonic());
        options.tag_prefix = tag_prefix(env);
        let machine = Machine::new(options);
        let session = Session::new(machine, link, env.clock.clone(), env.transcript.as_ref());
        Ok(Self {
            session,
            host: endpoint.host.clone(),
            clock: env.clone(),
            exists: 0,
            news: News::default(),
            bye: None,
            heard: env.clock.monotonic(),
            aside: BTreeMap::new(),
            unheard: BTreeSet::new(),
        })
    }

    /// Waits for the greeting and signs in.
    pub(super) async fn sign_in(
        &mut self,
        account: &AccountSettings,
        secret: &Secret,
    ) -> Result<(), SyncError> {
        let preauth = loop {
            match self.next().await? {
                Step::Event(Event::Greeting { preauth, .. }) => break preauth,
                Step::Event(_) | Step::Chunk { .. } | Step::Done(..) => {}
            }
        };
        let command = match sign_in(means(account, secret), &self.abilities(), preauth, true) {
            SignIn::Already => return Ok(()),
            SignIn::Login => Command::Login {
                user: account.login.clone(),
                password: secret.clone(),
            },
            SignIn::Plain => Command::Authenticate(Mechanism::Plain {
                user: account.login.clone(),
                password: secret.clone(),
            }),
            SignIn::XOAuth2 => Command::Authenticate(Mechanism::XOAuth2 {
                user: account.login.clone(),
                token: secret.clone(),
            }),
            SignIn::RefuseOpenLink => return Err(self.no_way("the link is not safe")),
            SignIn::RefuseNoWay => {
                return Err(self.no_way("the server allows no sign-in by password"));
            }
        };
        let reply = self.call(command).await?.0;
        if reply.is_ok() {
            return Ok(());
        }
        Err(self.refused_sign_in(without(secret, reply)))
    }

    fn no_way(&self, why: &'static str) -> SyncError {
        SyncError::NoWay {
            host: self.host.clone(),
            why: why.into(),
        }
    }

    /// A NO for now is not a wrong password.
    fn refused_sign_in(&self, reply: Reply) -> SyncError {
        let for_now = matches!(
            reply.code,
            Some(Code::Unavailable | Code::InUse | Code::Limit | Code::ServerBug)
        );
        if for_now {
            return self.refused("sign in", coded(reply));
        }
        if reply.status == Status::NotSent {
            return self.no_way("the server takes no password on this link");
        }
        let text = match reply.code {
            Some(Code::AuthenticationFailed) => format!("[AUTHENTICATIONFAILED] {}", reply.text),
            Some(Code::Expired) => format!("[EXPIRED] {}", reply.text),
            _ => reply.text,
        };
        SyncError::SignIn {
            host: self.host.clone(),
            text: text.trim().to_owned(),
        }
    }

    /// What the server can do, as far as it has said so.
    pub(super) fn abilities(&self) -> Abilities {
        let quirks = self.session.machine().quirks();
        let mut able = Abilities::of(self.session.machine().capabilities().names());
        able.id |= quirks.wants_id;
        able
    }

    /// `host:port (address)` that answered.
    pub(super) fn peer(&self) -> String {
        self.session.peer().to_owned()
    }

    /// The server's words for what it can do.
    pub(super) fn capabilities(&self) -> Vec<String> {
        let names = self.session.machine().capabilities().names();
        names.map(str::to_owned).collect()
    }

    /// The server's name.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// What was moved.
    pub(super) fn counters(&self) -> Counters {
        self.session.counters()
    }

    /// Messages in the selected mailbox, as last heard.
    pub(super) fn exists(&self) -> u32 {
        self.exists
    }

    /// Takes the news.
    pub(super) fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// Takes the texts that the server wants shown, and no other news.
    pub(super) fn take_alerts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news.alerts)
    }

    /// Whether there are news of messages or flags.
    pub(super) fn has_news(&self) -> bool {
        self.news.messages || self.news.flags
    }

    /// Notes flags that came unasked.
    pub(super) fn note_flags(&mut self) {
        self.news.flags = true;
    }

    /// Notes what a response that answers nothing says.
    pub(super) fn overhear(&mut self, event: &Event) {
        if let Event::Fetched(data) = event
            && data.flags.is_some()
        {
            self.note_flags();
        }
    }

    /// When the server was last heard.
    pub(super) fn heard(&self) -> Time {
        self.heard
    }

    /// Hands over a command; its answer comes by [`Dialogue::next`].
    pub(super) fn submit(&mut self, command: Command) -> Tag {
        self.session.submit(command)
    }

    /// Gives octets of an upload that [`Event::Wanted`] asked for.
    pub(super) fn supply(&mut self, tag: Tag, bytes: Vec<u8>) {
        self.session.machine_mut().supply(tag, bytes);
    }

    /// Says that the rest of an upload cannot be read; the link ends.
    pub(super) fn withhold(&mut self, tag: Tag) {
        self.session.machine_mut().withhold(tag);
    }

    /// The next step. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Step, SyncError> {
        let output = loop {
            let output = match self.session.next().await {
                Ok(output) => output,
                Err(error) => return Err(self.lost(error)),
            };
            self.heard = self.clock.clock.monotonic();
            match output {
                Output::Done(tag, _) if self.unheard.remove(&tag) => {}
                output => break output,
            }
        };
        Ok(match output {
            Output::Event(event) => {
                self.hear(&event);
                Step::Event(event)
            }
            Output::Chunk {
                literal,
                bytes,
                end,
            } => Step::Chunk {
                literal,
                bytes,
                end,
            },
            Output::Done(tag, reply) => {
                if reply.code == Some(Code::Alert) {
                    self.news.alert(&reply.text);
                }
                Step::Done(tag, reply)
            }
            // The session does these itself.
            Output::Upgrade(_) => return Err(NetError::Unsupported("an upgrade here").into()),
            Output::Broken(broken) => return Err(NetError::Broken(broken).into()),
        })
    }

    fn lost(&mut self, error: NetError) -> SyncError {
        match self.bye.take() {
            Some(text) => SyncError::Bye {
                host: self.host.clone(),
                text,
            },
            None => error.into(),
        }
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Exists(count) => {
                self.news.messages |= *count != self.exists;
                self.exists = *count;
            }
            Event::Expunge(_) => {
                self.exists = self.exists.saturating_sub(1);
                self.news.messages = true;
            }
            Event::Vanished { earlier: false, .. } => self.news.messages = true,
            Event::Said { said, code, text } => {
                if *said == Said::Bye {
                    self.bye = Some(text.clone());
                }
                if *code == Some(Code::Alert) {
                    self.news.alert(text);
                }
            }
            Event::Greeting { .. }
            | Event::Capabilities(_)
            | Event::Listed(_)
            | Event::Status(_)
            | Event::Recent(_)
            | Event::Vanished { earlier: true, .. }
            | Event::Flags(_)
            | Event::Literal { .. }
            | Event::Fetched(_)
            | Event::Search(_)
            | Event::Enabled(_)
            | Event::Id(_)
            | Event::Namespace(_)
            | Event::Copied { .. }
            | Event::Wanted { .. }
            | Event::Idling
            | Event::Other(_) => {}
        }
    }

    /// Another mailbox is being selected: what is heard of EXISTS from now on is its own.
    pub(super) fn forget_mailbox(&mut self) {
        self.exists = 0;
        self.news.messages = false;
        self.news.flags = false;
    }

    /// One command and all that came until its answer; for what is small.
    pub(super) async fn call(
        &mut self,
        command: Command,
    ) -> Result<(Reply, Vec<Event>), SyncError> {
        let tag = self.submit(command);
        self.finish(tag).await
    }

    /// What comes until the answer to `tag`; for what is small.
    pub(super) async fn finish(&mut self, tag: Tag) -> Result<(Reply, Vec<Event>), SyncError> {
        let mut events = Vec::new();
        let begun = self.session.counters().octets_in;
        loop {
            // A flood is not held: the answers that are waited for here are few (SAFETY P4).
            let octets = self.session.counters().octets_in.saturating_sub(begun);
            if events.len() > HELD || octets > HELD_OCTETS {
                let what = "more answers than were asked for".to_owned();
                return Err(NetError::Broken(Broken { what, at: octets }).into());
            }
            match self.next_for(tag).await? {
                Step::Event(
                    Event::Exists(_) | Event::Expunge(_) | Event::Recent(_) | Event::Other(_),
                ) => {}
                Step::Event(event) => events.push(event),
                Step::Done(done, reply) if done == tag => return Ok((reply, events)),
                Step::Done(..) | Step::Chunk { .. } => {}
            }
        }
    }

    /// The next step while the answer to `tag` is waited for: answers to other commands of the
    /// flight are put aside until somebody waits for them.
    pub(super) async fn next_for(&mut self, tag: Tag) -> Result<Step, SyncError> {
        if let Some(reply) = self.aside.remove(&tag) {
            return Ok(Step::Done(tag, reply));
        }
        loop {
            match self.next().await? {
                Step::Done(done, reply) if done != tag => {
                    self.aside.insert(done, reply);
                }
                step => return Ok(step),
            }
        }
    }

    /// Nobody will wait for the answers to these.
    pub(super) fn leave(&mut self, tags: [Tag; 2]) {
        self.unheard.extend(tags);
    }

    /// The error for a NO or BAD to something that the sync cannot do without.
    pub(super) fn refused(&self, what: impl Into<String>, reply: Reply) -> SyncError {
        SyncError::Refused {
            host: self.host.clone(),
            what: what.into(),
            text: reply.text,
        }
    }

    /// LOGOUT, as far as two seconds allow.
    pub(super) async fn goodbye(mut self) {
        self.session.submit(Command::Logout);
        let late = self
            .clock
            .clock
            .sleep_until(self.clock.clock.monotonic().after(GOODBYE));
        let parting = async { while self.session.next().await.is_ok() {} };
        tokio::select! {
            () = parting => {}
            () = late => {}
        }
        self.session.close().await;
    }
}

/// A refusal for now with its code, as that says more than some servers' words.
fn coded(mut reply: Reply) -> Reply {
    let code = match reply.code {
        Some(Code::Limit) => LIMIT,
        Some(Code::Unavailable) => "[UNAVAILABLE]",
        Some(Code::InUse) => "[INUSE]",
        _ => return reply,
    };
    reply.text = format!("{code} {}", reply.text.trim()).trim().to_owned();
    reply
}

/// The account's server.
pub(super) fn endpoint(account: &AccountSettings) -> Result<&Endpoint, SyncError> {
    account
        .endpoint()
        .ok_or_else(|| SyncError::Local(account.id.clone()))
}

/// An answer whose words do not repeat what only we may know (SAFETY P14).
fn without(secret: &Secret, mut reply: Reply) -> Reply {
    if !secret.expose().is_empty() {
        reply.text = reply.text.replace(secret.expose(), "***");
    }
    reply
}

fn means(account: &AccountSettings, secret: &Secret) -> Means {
    match account.auth {
        Auth::XOAuth2 => Means::Token,
        Auth::Password => Means::Password {
            ascii: account.login.is_ascii() && secret.expose().is_ascii(),
        },
    }
}

/// Letters that a server cannot guess before it has seen them (SAFETY T5).
fn tag_prefix(env: &Env) -> String {
    let mut bytes = [0; 4];
    match env.random.fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|b| char::from(b'a' + b % 26)).collect(),
        Err(_) => "lace".to_owned(),
    }
}
