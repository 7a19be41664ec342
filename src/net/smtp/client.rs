//! One connection for submission, as a straight story: connect, sign in, envelope, message, verdict.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::machine::{Command, Envelope, Event, Identity, Machine, Mechanism, Options, Reply};
use super::offers::Offers;
use super::reply::Said;
use crate::config::{Auth, Endpoint};
use crate::net::{Dial, NetError, Session, Target, Timer, Transcript};
use crate::protocol::{Broken, Output};

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What can go wrong with a link for submission; each names the culprit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SmtpError {
    /// The link could not be made or was lost.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The server serves nobody here, or not now.
    #[error("{host} refused to {what}: the server says \"{said}\"")]
    Refused {
        /// The server.
        host: String,
        /// What it refused to do: `serve us`, `start TLS`, `sign in`.
        what: &'static str,
        /// Its words.
        said: Said,
    },
    /// The server refused the password or token.
    #[error("sign-in to {host} refused: the server says \"{said}\"")]
    SignIn {
        /// The server.
        host: String,
        /// Its words.
        said: Said,
    },
    /// No way of signing in is allowed and safe; nothing secret was sent.
    #[error("cannot sign in to {host}: {why}")]
    NoWay {
        /// The server.
        host: String,
        /// What stands in the way.
        why: &'static str,
    },
}

impl SmtpError {
    /// Whether a later try may succeed without anybody doing anything.
    pub fn retry(&self) -> bool {
        match self {
            SmtpError::Net(error) => error.retry(),
            SmtpError::Refused { said, .. } => said.is_for_now(),
            SmtpError::SignIn { .. } | SmtpError::NoWay { .. } => false,
        }
    }
}

/// Who is dialled for submission, and what the dialling needs of the world.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Opens the link.
    pub dial: &'a dyn Dial,
    /// What time it is.
    pub timer: &'a Arc<dyn Timer>,
    /// The log of the wire, where one was asked for.
    pub transcript: Option<&'a Arc<Transcript>>,
}

/// An open link to a submission server.
pub struct Submission {
    session: Session<Machine>,
    host: String,
    timer: Arc<dyn Timer>,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Submission({:?})", self.session)
    }
}

impl std::fmt::Debug for Way<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Way")
    }
}

impl Submission {
    /// Dials and waits until the link can be used: behind TLS wherever it has to be.
    pub async fn open(
        way: Way<'_>,
        endpoint: &Endpoint,
        tls_ca_file: Option<PathBuf>,
    ) -> Result<Self, SmtpError> {
        let link = way.dial.dial(Target::of(endpoint, tls_ca_file)).await?;
        let machine = Machine::new(Options {
            security: endpoint.security,
            started: way.timer.monotonic(),
        });
        let mut submission = Self {
            session: Session::new(machine, link, way.timer.clone(), way.transcript),
            host: endpoint.host.clone(),
            timer: way.timer.clone(),
        };
        loop {
            match submission.session.next().await? {
                Output::Event(Event::Ready) => return Ok(submission),
                output => submission.overhear(output)?,
            }
        }
    }

    /// What the server offers.
    pub fn offers(&self) -> &Offers {
        self.session.machine().offers()
    }

    /// `host:port (address)` that answered.
    pub fn peer(&self) -> &str {
        self.session.peer()
    }

    /// The server's name, as configured.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Signs in. A server on this machine that is spoken to in clear and asks for no sign-in gets
    /// none.
    pub async fn sign_in(&mut self, auth: Auth, identity: Identity) -> Result<(), SmtpError> {
        let Some(mechanism) = self.mechanism(auth)? else {
            return Ok(());
        };
        match self.call(Command::SignIn(mechanism, identity)).await? {
            Reply::Said(said) if said.is_yes() => Ok(()),
            Reply::Said(said) if said.is_for_now() => Err(self.refused("sign in", said)),
            Reply::Said(said) => Err(SmtpError::SignIn {
                host: self.host.clone(),
                said,
            }),
            Reply::Envelope { .. } | Reply::Taken | Reply::NotSent => {
                Err(self.no_way("the server takes no password on this link"))
            }
        }
    }

    /// The way to sign in that the server offers; `None` where there is nothing to sign in to.
    fn mechanism(&self, auth: Auth) -> Result<Option<Mechanism>, SmtpError> {
        let offers = self.offers();
        let ways: &[Mechanism] = match auth {
            Auth::Password => &[Mechanism::Plain, Mechanism::Login],
            Auth::XOAuth2 => &[Mechanism::XOAuth2],
        };
        let found = ways.iter().find(|way| offers.has_auth(way.word()));
        if let Some(found) = found {
            return Ok(Some(*found));
        }
        if !offers.auth.is_empty() {
            return Err(self.no_way(match auth {
                Auth::Password => "the server offers no AUTH PLAIN or LOGIN",
                Auth::XOAuth2 => "the server offers no AUTH XOAUTH2",
            }));
        }
        match self.session.machine().is_secured() {
            true => Err(self.no_way("the server offers no sign-in on this port")),
            false => Ok(None),
        }
    }

    /// Names sender and recipients. Nothing of the message is sent.
    pub async fn envelope(&mut self, envelope: Envelope) -> Result<Addressed, SmtpError> {
        match self.call(Command::Envelope(envelope)).await? {
            Reply::Envelope { sender, recipients } => Ok(Addressed { sender, recipients }),
            Reply::Said(_) | Reply::Taken | Reply::NotSent => Err(self.odd("the envelope")),
        }
    }

    /// Asks whether the message may come: 354 is the yes.
    pub async fn data(&mut self) -> Result<Said, SmtpError> {
        self.say(Command::Data).await
    }

    /// Hands over the next octets of the message, once the link has room for them.
    pub async fn piece(&mut self, bytes: Vec<u8>) -> Result<(), SmtpError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.call(Command::Piece(bytes)).await.map(|_| ())
    }

    /// Lets the dot leave that ends the message, and waits for the verdict. After any error from
    /// here the message may have been sent.
    pub async fn end(&mut self) -> Result<Said, SmtpError> {
        self.say(Command::End).await
    }

    /// Forgets the envelope, so that another message can go over this link.
    pub async fn reset(&mut self) -> Result<Said, SmtpError> {
        self.say(Command::Reset).await
    }

    /// QUIT, as far as two seconds allow.
    pub async fn quit(mut self) {
        let late = self
            .timer
            .sleep_until(self.timer.monotonic().after(GOODBYE));
        tokio::select! {
            // The link is given up in any case.
            _ = self.say(Command::Quit) => {}
            () = late => {}
        }
        self.session.close().await;
    }

    async fn say(&mut self, command: Command) -> Result<Said, SmtpError> {
        match self.call(command).await? {
            Reply::Said(said) => Ok(said),
            Reply::Envelope { .. } | Reply::Taken | Reply::NotSent => Err(self.odd("a command")),
        }
    }

    async fn call(&mut self, command: Command) -> Result<Reply, SmtpError> {
        let tag = self.session.submit(command);
        loop {
            match self.session.next().await? {
                Output::Done(done, reply) if done == tag => return Ok(reply),
                output => self.overhear(output)?,
            }
        }
    }

    /// What the server says beside what was asked.
    fn overhear(&self, output: Output<Event, Reply>) -> Result<(), SmtpError> {
        match output {
            Output::Event(Event::Refused(at, said)) => {
                let what = match at {
                    "EHLO" => "speak ESMTP",
                    "STARTTLS" => "start TLS",
                    _ => "serve us",
                };
                Err(self.refused(what, said))
            }
            Output::Event(Event::Closing(said)) => Err(self.refused("go on", said)),
            Output::Event(Event::Ready) | Output::Done(..) | Output::Chunk { .. } => Ok(()),
            // The session does these itself.
            Output::Upgrade(_) => Err(NetError::Unsupported("an upgrade here").into()),
            Output::Broken(broken) => Err(NetError::Broken(broken).into()),
        }
    }

    fn refused(&self, what: &'static str, said: Said) -> SmtpError {
        SmtpError::Refused {
            host: self.host.clone(),
            what,
            said,
        }
    }

    fn no_way(&self, why: &'static str) -> SmtpError {
        SmtpError::NoWay {
            host: self.host.clone(),
            why,
        }
    }

    fn odd(&self, what: &str) -> SmtpError {
        NetError::Broken(Broken {
            what: format!("an answer that does not fit {what}"),
            at: self.session.counters().octets_in,
        })
        .into()
    }
}

/// What the server said to the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// To MAIL.
    pub sender: Said,
    /// To each RCPT, in the order of the envelope; `None` where it was not asked.
    pub recipients: Vec<Option<Said>>,
}

impl Addressed {
    /// Whether the message may follow: everybody is taken.
    pub fn is_taken(&self) -> bool {
        let yes = |said: &Option<Said>| said.as_ref().is_some_and(Said::is_yes);
        self.sender.is_yes() && self.recipients.iter().all(yes)
    }
}
