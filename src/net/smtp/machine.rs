//! The state machine of one submission link: greeting, EHLO, STARTTLS, sign-in, envelope, message.
//! No socket, no clock.
//!
//! A reply counts only for a command whose last octet was handed out (SAFETY T5): words that come
//! before they are asked for break the link, so that nobody can lay a "250 queued" in store. The dot
//! that ends a message is handed out by [`Command::End`] and by nothing else.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism as Sasl};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::body::Cleaner;
use super::offers::Offers;
use super::reply::{Gathering, Said};
use crate::config::Security;
use crate::model::Secret;
use crate::protocol::{Broken, Output, Protocol, Tag, Time, Transmit, Upgrade};

/// How often a SASL exchange may go on.
const MOST_CHALLENGES: u8 = 4;
/// The greeting, MAIL and RCPT (RFC 5321 sections 4.5.3.2.1 to 3), and all else that is small.
const COMMAND: Duration = Duration::from_secs(5 * 60);
/// DATA, until the server says go on (4.5.3.2.4).
const DATA: Duration = Duration::from_secs(2 * 60);
/// One piece of a message, until the link took it (4.5.3.2.5).
const PIECE: Duration = Duration::from_secs(3 * 60);
/// The verdict on a message (4.5.3.2.6): who gives up earlier sends twice.
const VERDICT: Duration = Duration::from_secs(10 * 60);

/// How a link begins.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How it is made secret.
    pub security: Security,
    /// When it was made.
    pub started: Time,
}

/// A way of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// AUTH PLAIN (RFC 4616).
    Plain,
    /// AUTH LOGIN, for servers that have nothing else.
    Login,
    /// AUTH XOAUTH2 with a token.
    XOAuth2,
}

impl Mechanism {
    /// Its name on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The login name.
    pub login: String,
    /// The password or token.
    pub secret: Secret,
}

/// From whom, to whom, and what the server has to know of the message before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The address that hears of failures; `None` is the empty one.
    pub from: Option<Address>,
    /// The recipients, at least one.
    pub to: Vec<Address>,
    /// The octets of the message.
    pub size: u64,
    /// Whether octets above 127 are in it.
    pub eight_bit: bool,
    /// Whether its header or an address holds anything but ASCII.
    pub utf8: bool,
}

/// What can be asked of a link, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Sign in. Not sent on a link in clear to another machine.
    SignIn(Mechanism, Identity),
    /// MAIL and RCPT for each recipient.
    Envelope(Envelope),
    /// DATA.
    Data,
    /// The next octets of the message.
    Piece(Vec<u8>),
    /// The dot that ends the message: from its hand-over on it may have been sent.
    End,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

/// What the server says unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The link can be used: it is secret where it has to be, and this is what the server offers.
    Ready,
    /// The server does not serve us: the greeting, EHLO or STARTTLS was refused. Nothing more comes.
    Refused(&'static str, Said),
    /// The server ends the link, with these words.
    Closing(Said),
}

/// What a command ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The server's reply.
    Said(Said),
    /// The replies to MAIL and to each RCPT, in order; `None` where the server was not asked or
    /// said nothing.
    Envelope {
        /// To MAIL.
        sender: Said,
        /// To each RCPT.
        recipients: Vec<Option<Said>>,
    },
    /// The piece was handed to the link.
    Taken,
    /// It was not sent: no secret goes over a link in clear.
    NotSent,
}

/// A reply that the server owes us.
#[derive(Debug)]
enum Owed {
    Greeting,
    Hello,
    StartTls,
    SignIn,
    Sender,
    Recipient(usize),
    One(&'static str),
    Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Upgrading,
    Ready,
    Over,
}

/// The sign-in at hand.
#[derive(Debug)]
struct SigningIn {
    mechanism: Mechanism,
    identity: Identity,
    challenges: u8,
    /// What a server that refuses a token says of it.
    told: Option<String>,
}

/// The envelope at hand.
#[derive(Debug)]
struct Addressing {
    sender: Option<Said>,
    recipients: Vec<Option<Said>>,
    /// What waits for the reply to what was sent, on a link without PIPELINING.
    waiting: VecDeque<(Transmit, Owed)>,
}

/// Octets that wait for [`Protocol::poll_transmit`], and the replies that are owed for them.
#[derive(Debug)]
struct Outgoing {
    transmit: Transmit,
    owed: Vec<Owed>,
    /// A piece of a message, which ends with its hand-over.
    piece: bool,
}

/// One submission link.
#[derive(Debug)]
pub struct Machine {
    options: Options,
    phase: Phase,
    secured: bool,
    offers: Offers,
    gathering: Gathering,
    taken: u64,
    last_tag: u32,
    queue: VecDeque<(Tag, Command)>,
    running: Option<Tag>,
    signing: Option<SigningIn>,
    addressing: Option<Addressing>,
    /// The server waits for a message: what cleans it, from its first piece on.
    message: Option<Cleaner>,
    outgoing: VecDeque<Outgoing>,
    owed: VecDeque<Owed>,
    outputs: VecDeque<Output<Event, Reply>>,
    seen: Time,
    /// Since when something is waited for.
    armed: Option<Time>,
}

impl Machine {
    /// A machine that waits for the greeting.
    pub fn new(options: Options) -> Self {
        Self {
            secured: options.security == Security::Tls,
            seen: options.started,
            armed: Some(options.started),
            options,
            phase: Phase::Opening,
            offers: Offers::default(),
            gathering: Gathering::default(),
            taken: 0,
            last_tag: 0,
            queue: VecDeque::new(),
            running: None,
            signing: None,
            addressing: None,
            message: None,
            outgoing: VecDeque::new(),
            owed: VecDeque::from([Owed::Greeting]),
            outputs: VecDeque::new(),
        }
    }

    /// What the server offers; empty before [`Event::Ready`].
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Whether TLS is under the link.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether a password may go over this link.
    fn is_private(&self) -> bool {
        self.secured || self.options.security == Security::PlainLoopback
    }

    fn pump(&mut self) {
        while self.phase == Phase::Ready && self.running.is_none() {
            let Some((tag, command)) = self.queue.pop_front() else {
                return;
            };
            self.running = Some(tag);
            self.begin(command);
        }
    }

    fn begin(&mut self, command: Command) {
        let of_message = matches!(command, Command::Piece(_) | Command::End);
        if of_message != self.message.is_some() {
            // Lines of a message would be read as commands, and commands as its lines.
            return self.break_off("a step out of its turn");
        }
        match command {
            Command::SignIn(mechanism, identity) => self.sign_in(mechanism, identity),
            Command::Envelope(envelope) => self.address(&envelope),
            Command::Data => self.ask(Data.to_string(), Owed::One("DATA")),
            Command::Piece(bytes) => {
                let bytes = self.message.get_or_insert_default().clean(&bytes);
                // A log is to hold no mail.
                if bytes.is_empty() {
                    // The cleaner waits for the rest of a line.
                    return self.done(Reply::Taken);
                }
                let all = 0..bytes.len();
                self.push(hidden(bytes, all), Vec::new(), true);
            }
            Command::End => {
                let mut bytes = self.message.take().unwrap_or_default().finish();
                let rest = 0..bytes.len();
                bytes.extend_from_slice(b".\r\n");
                self.push(hidden(bytes, rest), vec![Owed::Verdict], false);
            }
            Command::Reset => self.ask(Rset.to_string(), Owed::One("RSET")),
            Command::Quit => self.ask(Quit.to_string(), Owed::One("QUIT")),
        }
    }

    fn ask(&mut self, line: String, owed: Owed) {
        self.push(clear(line), vec![owed], false);
    }

    fn push(&mut self, transmit: Transmit, owed: Vec<Owed>, piece: bool) {
        self.armed = None;
        self.outgoing.push_back(Outgoing {
            transmit,
            owed,
            piece,
        });
    }

    fn hello(&mut self) {
        // No name of this machine and no address of its network (SAFETY C11).
        let line = Ehlo::new(ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST)).to_string();
        self.ask(line, Owed::Hello);
    }

    fn sign_in(&mut self, mechanism: Mechanism, identity: Identity) {
        if !self.is_private() {
            return self.done(Reply::NotSent);
        }
        let credentials =
            Credentials::new(identity.login.clone(), identity.secret.expose().to_owned());
        let sasl = match mechanism {
            Mechanism::Plain => Sasl::Plain,
            Mechanism::Login => Sasl::Login,
            Mechanism::XOAuth2 => Sasl::Xoauth2,
        };
        let Ok(auth) = Auth::new(sasl, credentials, None) else {
            return self.done(Reply::NotSent);
        };
        self.signing = Some(SigningIn {
            mechanism,
            identity,
            challenges: 0,
            told: None,
        });
        let line = auth.to_string();
        let open = "AUTH ".len() + mechanism.word().len() + 1;
        let secret = match mechanism {
            Mechanism::Plain | Mechanism::XOAuth2 => open..line.len().saturating_sub(2),
            Mechanism::Login => 0..0,
        };
        self.push(hidden(line.into_bytes(), secret), vec![Owed::SignIn], false);
    }

    /// Answers a challenge.
    fn challenged(&mut self, said: &Said) {
        let Some(signing) = &mut self.signing else {
            return;
        };
        signing.challenges += 1;
        let (mechanism, nth) = (signing.mechanism, signing.challenges);
        if nth > MOST_CHALLENGES {
            return self.break_off("challenges without end");
        }
        let Identity { login, secret } = &signing.identity;
        let response = match (mechanism, nth) {
            // It did not take the response that came with the command.
            (Mechanism::Plain, 1) => format!("\0{login}\0{}", secret.expose()),
            (Mechanism::Login, 1) => login.clone(),
            (Mechanism::Login, 2) => secret.expose().to_owned(),
            (Mechanism::XOAuth2, 1) => {
                let text = BASE64_STANDARD.decode(said.text.trim()).unwrap_or_default();
                signing.told = Some(String::from_utf8_lossy(&text).into_owned());
                String::new()
            }
            (Mechanism::Plain | Mechanism::Login | Mechanism::XOAuth2, _) => {
                return self.ask("*\r\n".to_owned(), Owed::SignIn);
            }
        };
        let mut bytes = BASE64_STANDARD.encode(response).into_bytes();
        let all = 0..bytes.len();
        bytes.extend_from_slice(b"\r\n");
        self.push(hidden(bytes, all), vec![Owed::SignIn], false);
    }

    fn signed_in(&mut self, mut said: Said) {
        if said.is_more() {
            return self.challenged(&said);
        }
        if let Some(signing) = self.signing.take() {
            if let (Some(told), false) = (signing.told, said.is_yes()) {
                said.text = format!("{} {}", said.text, told.trim()).trim().to_owned();
            }
            // A server may repeat what it refuses (SAFETY P14).
            let secret = signing.identity.secret;
            if !secret.is_empty() {
                said.text = said.text.replace(secret.expose(), "***");
                let coded = BASE64_STANDARD.encode(secret.expose());
                said.text = said.text.replace(&coded, "***");
            }
        }
        self.done(Reply::Said(said));
    }

    fn address(&mut self, envelope: &Envelope) {
        let mut parameters = Vec::new();
        if self.offers.size.is_some()
            && let Ok(size) = usize::try_from(envelope.size)
        {
            parameters.push(MailParameter::Size(size));
        }
        if envelope.eight_bit && self.offers.eight_bit {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if envelope.utf8 && self.offers.utf8 {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let sender = clear(Mail::new(envelope.from.clone(), parameters).to_string());
        let recipients = envelope.to.iter().enumerate().map(|(at, to)| {
            let line = Rcpt::new(to.clone(), Vec::new()).to_string();
            (clear(line), Owed::Recipient(at))
        });
        let mut waiting: VecDeque<_> = recipients.collect();
        let mut first = vec![(sender, Owed::Sender)];
        if self.offers.pipelining {
            first.extend(waiting.drain(..));
        }
        self.addressing = Some(Addressing {
            sender: None,
            recipients: vec![None; envelope.to.len()],
            waiting,
        });
        for (transmit, owed) in first {
            self.push(transmit, vec![owed], false);
        }
    }

    /// Notes a reply to MAIL or RCPT, and goes on or ends.
    fn addressed(&mut self, owed: &Owed, said: Said) {
        let Some(addressing) = &mut self.addressing else {
            return;
        };
        match owed {
            Owed::Recipient(at) => {
                if let Some(slot) = addressing.recipients.get_mut(*at) {
                    *slot = Some(said);
                }
            }
            _ => {
                if !said.is_yes() {
                    addressing.waiting.clear();
                }
                addressing.sender = Some(said);
            }
        }
        if let Some((transmit, owed)) = addressing.waiting.pop_front() {
            return self.push(transmit, vec![owed], false);
        }
        if self.owed.is_empty() && self.outgoing.is_empty() {
            self.end_envelope();
        }
    }

    fn end_envelope(&mut self) {
        let Some(addressing) = self.addressing.take() else {
            return;
        };
        if let Some(sender) = addressing.sender {
            self.done(Reply::Envelope {
                sender,
                recipients: addressing.recipients,
            });
        }
    }

    fn done(&mut self, reply: Reply) {
        if let Some(tag) = self.running.take() {
            self.outputs.push_back(Output::Done(tag, reply));
        }
    }

    fn heard(&mut self, response: &Response) {
        let said = Said::of(response);
        let Some(owed) = self.owed.pop_front() else {
            return self.unasked(said);
        };
        self.armed = None;
        let fits = match owed {
            Owed::SignIn => true,
            Owed::One("DATA") => said.is_more() || said.is_for_now() || said.is_for_good(),
            _ => !said.is_more(),
        };
        if !fits {
            return self.break_off(format!("\"{said}\" is no answer to {}", name(&owed)));
        }
        if said.code == 421 {
            return self.closing(&owed, said);
        }
        match owed {
            Owed::Greeting | Owed::Hello | Owed::StartTls => self.opened(&owed, response, said),
            Owed::SignIn => self.signed_in(said),
            Owed::Sender | Owed::Recipient(_) => self.addressed(&owed, said),
            Owed::One(_) | Owed::Verdict => {
                if said.is_more() {
                    self.message = Some(Cleaner::default());
                }
                self.done(Reply::Said(said));
            }
        }
    }

    /// 421: the server ends the link, and nothing more that is owed will come.
    fn closing(&mut self, owed: &Owed, said: Said) {
        self.owed.clear();
        self.outgoing.clear();
        match owed {
            Owed::Greeting | Owed::Hello | Owed::StartTls => {
                self.outputs
                    .push_back(Output::Event(Event::Refused(name(owed), said)));
            }
            Owed::SignIn => self.signed_in(said),
            Owed::Sender | Owed::Recipient(_) => {
                if let Some(addressing) = &mut self.addressing {
                    addressing.waiting.clear();
                    addressing.sender.get_or_insert_with(|| said.clone());
                    for slot in &mut addressing.recipients {
                        slot.get_or_insert_with(|| said.clone());
                    }
                }
                self.end_envelope();
            }
            Owed::One(_) | Owed::Verdict => self.done(Reply::Said(said)),
        }
        self.phase = Phase::Over;
    }

    /// A no at a time when nothing was asked ends the link; a yes would be laid in store.
    fn unasked(&mut self, said: Said) {
        if said.is_for_now() || said.is_for_good() {
            self.outputs.push_back(Output::Event(Event::Closing(said)));
            self.phase = Phase::Over;
        } else {
            self.break_off(format!("\"{said}\" answers nothing"));
        }
    }

    fn opened(&mut self, owed: &Owed, response: &Response, said: Said) {
        let consent = !matches!(owed, Owed::StartTls) || said.code == 220;
        if !said.is_yes() || !consent {
            let event = Event::Refused(name(owed), said);
            self.outputs.push_back(Output::Event(event));
            self.phase = Phase::Over;
            return;
        }
        match owed {
            Owed::StartTls => {
                self.phase = Phase::Upgrading;
                self.outputs.push_back(Output::Upgrade(Upgrade::Tls));
            }
            Owed::Hello if !self.is_private() => {
                if Offers::of(response).start_tls {
                    self.ask(Starttls.to_string(), Owed::StartTls);
                } else {
                    let said = Said::ours(502, "5.7.4", "it offers no STARTTLS");
                    let event = Event::Refused(name(&Owed::StartTls), said);
                    self.outputs.push_back(Output::Event(event));
                    self.phase = Phase::Over;
                }
            }
            Owed::Hello => {
                self.offers = Offers::of(response);
                self.phase = Phase::Ready;
                self.outputs.push_back(Output::Event(Event::Ready));
            }
            _ => self.hello(),
        }
    }

    fn break_off(&mut self, what: impl Into<String>) {
        if self.phase == Phase::Over {
            return;
        }
        self.phase = Phase::Over;
        self.outgoing.clear();
        self.outputs.push_back(Output::Broken(Broken {
            what: what.into(),
            at: self.taken,
        }));
    }

    fn limit(&self) -> Option<(Duration, &'static str)> {
        if let Some(owed) = self.owed.front() {
            let limit = match owed {
                Owed::One("DATA") => DATA,
                Owed::Verdict => VERDICT,
                _ => COMMAND,
            };
            return Some((limit, name(owed)));
        }
        self.outgoing
            .front()
            .map(|next| (PIECE, next.owed.first().map_or("the message", name)))
    }
}

fn clear(line: String) -> Transmit {
    Transmit {
        bytes: line.into_bytes(),
        secret: Vec::new(),
    }
}

/// Octets of which a log shows no more than what is outside `secret`.
fn hidden(bytes: Vec<u8>, secret: Range<usize>) -> Transmit {
    let secret = std::iter::once(secret).filter(|range| !range.is_empty());
    Transmit {
        secret: secret.collect(),
        bytes,
    }
}

fn name(owed: &Owed) -> &'static str {
    match owed {
        Owed::Greeting => "the connection",
        Owed::Hello => "EHLO",
        Owed::StartTls => "STARTTLS",
        Owed::SignIn => "AUTH",
        Owed::Sender => "MAIL",
        Owed::Recipient(_) => "RCPT",
        Owed::One(word) => word,
        Owed::Verdict => "the message",
    }
}

impl Protocol for Machine {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn submit(&mut self, command: Command) -> Tag {
        self.last_tag = self.last_tag.wrapping_add(1);
        let tag = Tag(self.last_tag);
        self.queue.push_back((tag, command));
        self.pump();
        tag
    }

    fn feed(&mut self, bytes: &[u8], now: Time) -> usize {
        self.seen = self.seen.max(now);
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            if self.phase == Phase::Upgrading {
                break;
            }
            if self.phase == Phase::Over {
                // Nothing that follows the end changes it.
                taken = bytes.len();
                break;
            }
            let (count, reply) = self.gathering.take(rest);
            taken += count;
            self.taken += count as u64;
            match reply {
                Ok(Some(response)) => self.heard(&response),
                Ok(None) => {}
                Err(what) => self.break_off(what),
            }
            self.pump();
        }
        taken
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        let next = self.outgoing.pop_front()?;
        self.armed = None;
        self.owed.extend(next.owed);
        if next.piece {
            self.done(Reply::Taken);
            self.pump();
        }
        Some(next.transmit)
    }

    fn poll_event(&mut self) -> Option<Output<Event, Reply>> {
        self.outputs.pop_front()
    }

    fn upgraded(&mut self, _: Upgrade) {
        if self.phase == Phase::Upgrading {
            self.secured = true;
            self.offers = Offers::default();
            self.gathering = Gathering::default();
            self.phase = Phase::Opening;
            self.hello();
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        if matches!(self.phase, Phase::Upgrading | Phase::Over) {
            return None;
        }
        let (limit, _) = self.limit()?;
        // Without a starting point the deadline is asked for at once, to learn the time.
        Some(self.armed.map_or(self.seen, |since| since.after(limit)))
    }

    fn handle_timeout(&mut self, now: Time) {
        let due = self.poll_timeout().is_some_and(|due| due <= now);
        self.seen = self.seen.max(now);
        if !due {
            return;
        }
        if self.armed.is_none() {
            self.armed = Some(now);
            return;
        }
        if let Some((limit, what)) = self.limit() {
            self.break_off(format!("no answer to {what} in {} s", limit.as_secs()));
        }
    }
}
