//! A connection to a POP3 server and its answers, one step at a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{AccountSettings, Auth, Maildrop, Security};
use crate::env::Env;
use crate::model::Secret;
use crate::net::{NetError, Session, Target};
use crate::pop3::{
    Code, Command, Event, Machine, Options, Reply, Security as Wire, SignIn, Status, Way,
};
use crate::protocol::{Output, Tag};

use super::super::SyncError;
use super::super::error::{IN_USE, LOGIN_DELAY};

/// A connection from the greeting on.
pub(in crate::sync) struct Talk {
    session: Session<Machine>,
    host: String,
    /// The server's last words, if it ended the link itself.
    bye: Option<String>,
}

/// What comes next.
pub(super) enum Step {
    /// Octets of the message that the command with this tag asked for.
    Octets {
        /// The command.
        tag: Tag,
        /// The next octets.
        bytes: Vec<u8>,
    },
    /// A command's answer.
    Done(Tag, Reply),
    /// Entries of a listing, or what the server says of itself.
    Event(Event),
}

impl Talk {
    /// Dials and waits until the link can be used.
    pub(in crate::sync) async fn greet(
        env: &Env,
        account: &AccountSettings,
        maildrop: &Maildrop,
    ) -> Result<Self, SyncError> {
        let endpoint = &maildrop.endpoint;
        let target = Target::of(endpoint, account.tls_ca_file.clone());
        let link = env.dial.dial(target).await?;
        let security = match endpoint.security {
            Security::Tls => Wire::Tls,
            Security::StartTls => Wire::StartTls,
            Security::PlainLoopback => Wire::Plain,
        };
        let machine = Machine::new(Options::new(security, env.clock.monotonic()));
        let mut talk = Self {
            session: Session::new(machine, link, env.clock.clone(), env.transcript.as_ref()),
            host: endpoint.host.clone(),
            bye: None,
        };
        loop {
            match talk.next().await? {
                Step::Event(Event::Ready(_)) => return Ok(talk),
                Step::Event(Event::Refused(what, reply)) => return Err(talk.refused(what, &reply)),
                Step::Event(_) | Step::Octets { .. } | Step::Done(..) => {}
            }
        }
    }

    /// Signs in.
    pub(in crate::sync) async fn sign_in(
        &mut self,
        account: &AccountSettings,
        secret: &Secret,
    ) -> Result<(), SyncError> {
        let who = SignIn {
            login: account.login.clone(),
            secret: secret.clone(),
            way: match account.auth {
                Auth::Password => Way::Password,
                Auth::XOAuth2 => Way::XOAuth2,
            },
        };
        let reply = self.call(Command::SignIn(who)).await?;
        match (reply.status, &reply.code) {
            (Status::Ok, _) => Ok(()),
            (Status::NotSent, _) => Err(SyncError::NoWay {
                host: self.host.clone(),
                why: reply.text.into(),
            }),
            // A maildrop that is locked, a server that is not well and one that was asked too soon
            // say nothing about the password.
            (Status::Err, Some(Code::InUse | Code::LoginDelay | Code::SysTemp | Code::SysPerm)) => {
                Err(self.refused("sign in", &reply))
            }
            (Status::Err, None) if sounds_locked(&reply.text) => {
                Err(self.refused("sign in", &reply))
            }
            (Status::Err, _) => Err(SyncError::SignIn {
                host: self.host.clone(),
                text: coded(&reply),
            }),
        }
    }

    /// How many messages there are.
    pub(in crate::sync) async fn count(&mut self) -> Result<u32, SyncError> {
        let reply = self.call(Command::Stat).await?;
        self.counted(&reply)
    }

    fn counted(&self, reply: &Reply) -> Result<u32, SyncError> {
        let found = reply.maildrop.filter(|_| reply.is_ok());
        let count = found.and_then(|found| u32::try_from(found.messages).ok());
        count.ok_or_else(|| self.refused("count the messages", reply))
    }

    /// How many messages there are and, where they are asked for, the names that the server gives
    /// them. Both are asked for at once.
    pub(super) async fn names(&mut self) -> Result<(u32, Vec<(u32, Vec<u8>)>), SyncError> {
        let stat = self.submit(Command::Stat);
        let uidl = match self.offered().uidl {
            true => Some(self.submit(Command::Uidl)),
            false => None,
        };
        let mut count = 0;
        let mut names = Vec::new();
        loop {
            match self.next().await? {
                Step::Event(Event::Uniques(of, batch)) if Some(of) == uidl => {
                    names.extend(batch.into_iter().map(|one| (one.number, one.uidl)));
                }
                Step::Done(of, reply) if of == stat => {
                    count = self.counted(&reply)?;
                    if uidl.is_none() {
                        return Ok((count, names));
                    }
                }
                Step::Done(of, reply) if Some(of) == uidl => {
                    return Ok((count, if reply.is_ok() { names } else { Vec::new() }));
                }
                Step::Done(..) | Step::Event(_) | Step::Octets { .. } => {}
            }
        }
    }

    /// The octets of each message, as the server reckons.
    pub(super) async fn sizes(&mut self) -> Result<BTreeMap<u32, u64>, SyncError> {
        let tag = self.submit(Command::List);
        let mut sizes = BTreeMap::new();
        loop {
            match self.next().await? {
                Step::Event(Event::Sizes(of, batch)) if of == tag => {
                    sizes.extend(batch.into_iter().map(|one| (one.number, one.octets)));
                }
                Step::Done(of, reply) if of == tag && reply.is_ok() => return Ok(sizes),
                Step::Done(of, reply) if of == tag => {
                    return Err(self.refused("list the messages", &reply));
                }
                Step::Event(_) | Step::Octets { .. } | Step::Done(..) => {}
            }
        }
    }

    /// Gives all these commands and answers the numbers of those that were done.
    pub(super) async fn delete(&mut self, numbers: &[u32]) -> Result<BTreeSet<u32>, SyncError> {
        let mut waiting: BTreeMap<Tag, u32> = numbers
            .iter()
            .map(|number| (self.submit(Command::Dele { number: *number }), *number))
            .collect();
        let mut done = BTreeSet::new();
        while !waiting.is_empty() {
            if let Step::Done(tag, reply) = self.next().await?
                && let Some(number) = waiting.remove(&tag)
                && reply.is_ok()
            {
                done.insert(number);
            }
        }
        Ok(done)
    }

    /// Hands over a command; its answer comes by [`Talk::next`].
    pub(super) fn submit(&mut self, command: Command) -> Tag {
        self.session.submit(command)
    }

    /// Gives a command and waits for its answer.
    pub(super) async fn call(&mut self, command: Command) -> Result<Reply, SyncError> {
        let tag = self.submit(command);
        loop {
            if let Step::Done(of, reply) = self.next().await?
                && of == tag
            {
                return Ok(reply);
            }
        }
    }

    /// The next step. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Step, SyncError> {
        let output = match self.session.next().await {
            Ok(output) => output,
            Err(error) => return Err(self.lost(error)),
        };
        Ok(match output {
            Output::Event(event) => {
                if let Event::Closing(reply) = &event {
                    self.bye = Some(coded(reply));
                }
                Step::Event(event)
            }
            Output::Chunk { literal, bytes, .. } => Step::Octets {
                tag: Tag(u32::try_from(literal).unwrap_or(u32::MAX)),
                bytes,
            },
            Output::Done(tag, reply) => Step::Done(tag, reply),
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

    /// Ends the session; whether the server said that its deletions are done. After that answer it
    /// closes the link itself (RFC 1939 section 6), and nothing more is said.
    pub(in crate::sync) async fn quit(mut self) -> Result<bool, SyncError> {
        Ok(self.call(Command::Quit).await?.is_ok())
    }

    /// A refusal of what the work cannot do without.
    pub(super) fn refused(&self, what: &str, reply: &Reply) -> SyncError {
        SyncError::Refused {
            host: self.host.clone(),
            what: what.to_owned(),
            text: coded(reply),
        }
    }

    /// What the server offers.
    pub(super) fn offered(&self) -> &crate::pop3::Capabilities {
        self.session.machine().capabilities()
    }

    /// The server's name.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// `host:port (address)` that answered.
    pub(in crate::sync) fn peer(&self) -> String {
        self.session.peer().to_owned()
    }

    /// The server's words for what it can do.
    pub(in crate::sync) fn capabilities(&self) -> Vec<String> {
        self.offered().words()
    }
}

/// The server's words with its code in front.
fn coded(reply: &Reply) -> String {
    let code = match &reply.code {
        Some(Code::InUse) => IN_USE,
        Some(Code::LoginDelay) => LOGIN_DELAY,
        Some(Code::Auth) => "[AUTH]",
        Some(Code::SysTemp) => "[SYS/TEMP]",
        Some(Code::SysPerm) => "[SYS/PERM]",
        Some(Code::Utf8) => "[UTF8]",
        Some(Code::Other(_)) | None => "",
    };
    format!("{code} {}", reply.text).trim().to_owned()
}

/// Servers without codes tell of a locked maildrop in words only; they are not to be taken for a
/// wrong password.
fn sounds_locked(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["lock", "in use", "in-use", "busy", "already open"]
        .iter()
        .any(|words| text.contains(words))
}
