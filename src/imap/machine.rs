//! The state machine of one connection (RFC 9051 section 3): greeting, STARTTLS, tags,
//! continuations, IDLE and deadlines. No socket, no clock.

use std::collections::VecDeque;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::capability::Capabilities;
use super::command::Command;
use super::encode::{Dialect, Segment, encode, start_tls};
use super::fetch::opening;
use super::frame::{Framer, Large, Piece};
use super::kind::{Idle, Kind, goes_alone, in_place, kind_of, name_of};
use super::options::{Limits, Options, Security};
use super::parse::{MOST_TEXT, Response, parse, tag_of};
use super::quirks::Quirks;
use super::response::{Code, Event, Reply, Status};
use super::value::Cursor;
use crate::model::UidSet;
use crate::protocol::{Broken, Output, Protocol, Tag, Time, Transmit, Upgrade};

mod copies;
mod greeting;
mod upload;

/// How often a SASL exchange may go on after our response.
const MOST_CHALLENGES: u8 = 3;
/// How many octets go out at a time at most, but for one large argument.
const TRANSMIT: usize = 64 << 10;

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for the greeting.
    Greeting,
    /// Greeted; the machine's own commands go first.
    Opening,
    /// Waits for [`Protocol::upgraded`].
    Upgrading,
    /// Usable.
    Ready,
    /// Over.
    Broken,
}

/// Whose command it is, and what follows it.
#[derive(Clone, Debug, PartialEq)]
enum Purpose {
    /// The caller's.
    Caller,
    /// Our own: does the server offer STARTTLS?
    BeforeTls,
    /// Our own STARTTLS.
    StartTls,
    /// Our own: capabilities, before the caller hears the greeting.
    Opening,
    /// Our own: capabilities after sign-in, before the caller hears that it succeeded.
    AfterSignIn(Tag, Reply),
}

/// A command that was begun.
#[derive(Debug)]
struct Running {
    tag: Tag,
    purpose: Purpose,
    kind: Kind,
    name: &'static str,
    /// Segments that wait for a continuation each.
    waiting: VecDeque<Segment>,
    /// The UIDs of a COPY or MOVE.
    copies: Option<UidSet>,
    /// The message that is being handed out.
    upload: Option<upload::Upload>,
    /// A refusal that came in the middle of a literal: the server still counts the octets, so it
    /// gets them before anything else is said.
    refusal: Option<Reply>,
    /// Whether some of it was handed out.
    begun: bool,
    /// Whether all of it was handed out (SAFETY T5).
    written: bool,
    /// A challenge of XOAUTH2 that tells what was wrong.
    challenge: Option<String>,
}

/// Bytes that wait for [`Protocol::poll_transmit`].
#[derive(Debug)]
struct Outgoing {
    transmit: Transmit,
    tag: Tag,
    last: bool,
}

#[derive(Debug, Default)]
struct Counts {
    lines: u64,
    octets: u64,
    listed: u64,
    told: u64,
}

/// One IMAP connection.
///
/// Before [`Event::Greeting`] nothing that was submitted is sent. Commands are pipelined; LOGIN,
/// AUTHENTICATE, IDLE and LOGOUT wait until all earlier ones are answered, and later ones wait for
/// them; behind DONE they go out at once. [`Output::Broken`] is the last output: no reply comes for what was still open.
#[derive(Debug)]
pub struct Machine {
    options: Options,
    /// The limits until the connection is usable.
    early: Limits,
    phase: Phase,
    secured: bool,
    preauth: bool,
    greeting: String,
    /// What the server said.
    offered: Capabilities,
    /// What of it can be relied on.
    capabilities: Capabilities,
    id: Vec<(String, String)>,
    quirks: Quirks,
    framer: Framer,
    taken: u64,
    last_tag: u32,
    own: VecDeque<(Tag, Purpose)>,
    queue: VecDeque<(Tag, Command)>,
    running: Vec<Running>,
    outgoing: VecDeque<Outgoing>,
    outputs: VecDeque<Output<Event, Reply>>,
    /// DONE commands that wait for the end of IDLE.
    ends_idle: Vec<Tag>,
    /// CAPABILITY came while the command at hand ran.
    heard_capabilities: bool,
    counts: Counts,
    seen: Time,
    /// Since when the server owes us a byte.
    armed: Option<Time>,
}

impl Machine {
    /// A machine for a link that has just come up.
    pub fn new(options: Options) -> Self {
        Self {
            early: options.limits.early(),
            phase: Phase::Greeting,
            secured: options.security != Security::StartTls,
            preauth: false,
            greeting: String::new(),
            offered: Capabilities::default(),
            capabilities: Capabilities::default(),
            id: Vec::new(),
            quirks: Quirks::default(),
            framer: Framer::new(),
            taken: 0,
            last_tag: 0,
            own: VecDeque::new(),
            queue: VecDeque::new(),
            running: Vec::new(),
            outgoing: VecDeque::new(),
            outputs: VecDeque::new(),
            ends_idle: Vec::new(),
            heard_capabilities: false,
            counts: Counts::default(),
            seen: options.started,
            armed: None,
            options,
        }
    }

    /// What the server can do, without what its quirks forbid; empty before
    /// [`Event::Greeting`].
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What is odd about this server; grows with greeting, CAPABILITY and ID.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// Whether IDLE was begun and has not ended.
    pub fn is_idle(&self) -> bool {
        self.running.iter().any(|r| matches!(r.kind, Kind::Idle(_)))
    }

    fn break_off(&mut self, what: impl Into<String>) {
        if self.phase == Phase::Broken {
            return;
        }
        self.phase = Phase::Broken;
        self.outgoing.clear();
        self.outputs.push_back(Output::Broken(Broken {
            what: what.into(),
            at: self.taken,
        }));
    }

    fn next_tag(&mut self) -> Tag {
        self.last_tag = self.last_tag.wrapping_add(1).max(1);
        Tag(self.last_tag)
    }

    fn own_command(&mut self, purpose: Purpose) {
        let tag = self.next_tag();
        self.own.push_back((tag, purpose));
    }

    /// Begins every command that may go out now.
    fn pump(&mut self) {
        while matches!(self.phase, Phase::Opening | Phase::Ready) && self.may_begin() {
            if let Some((tag, purpose)) = self.own.pop_front() {
                self.begin_own(tag, purpose);
            } else if self.phase == Phase::Ready {
                let alone = self
                    .queue
                    .front()
                    .is_some_and(|(_, command)| goes_alone(command));
                if alone && !self.running.is_empty() {
                    return;
                }
                let Some((tag, command)) = self.queue.pop_front() else {
                    return;
                };
                self.begin(tag, &command);
            } else {
                return;
            }
        }
    }

    fn may_begin(&self) -> bool {
        let own_first = !self.own.is_empty() && !self.running.is_empty();
        // Behind DONE the server reads commands again (RFC 2177): they need not wait for its answer.
        let free = |r: &Running| matches!(r.kind, Kind::Plain | Kind::Idle(Idle::Ending));
        let held = |r: &Running| !free(r) || !r.waiting.is_empty() || r.upload.is_some();
        !own_first && !self.running.iter().any(held)
    }

    fn begin_own(&mut self, tag: Tag, purpose: Purpose) {
        let wire = self.wire(tag);
        let (transmit, name) = if purpose == Purpose::StartTls {
            (start_tls(&wire), "STARTTLS")
        } else {
            let bytes = format!("{wire} CAPABILITY\r\n").into_bytes();
            let secret = Vec::new();
            (Transmit { bytes, secret }, "CAPABILITY")
        };
        self.heard_capabilities = false;
        let segments = vec![Segment::Bytes(transmit)];
        self.run(tag, purpose, Kind::Alone, name, segments);
    }

    fn begin(&mut self, tag: Tag, command: &Command) {
        let disabled = self.offered.has("LOGINDISABLED");
        if disabled && matches!(command, Command::Login { .. }) {
            let name = "LOGINDISABLED".to_owned();
            let argument = String::new();
            let code = Some(Code::Other { name, argument });
            return self.refuse(tag, code, "the server has LOGIN disabled");
        }
        let dialect = Dialect {
            capabilities: &self.capabilities,
            quirks: self.quirks,
        };
        match encode(&self.wire(tag), command, dialect) {
            Ok(segments) => {
                self.heard_capabilities = false;
                self.run(
                    tag,
                    Purpose::Caller,
                    kind_of(command),
                    name_of(command),
                    segments,
                );
                if let (Command::Copy { uids, .. } | Command::Move { uids, .. }, Some(running)) =
                    (command, self.running.last_mut())
                {
                    running.copies = Some(uids.clone());
                }
            }
            Err(why) => self.refuse(tag, None, why.0),
        }
    }

    fn refuse(&mut self, tag: Tag, code: Option<Code>, why: &str) {
        let reply = Reply {
            status: Status::NotSent,
            code,
            text: why.to_owned(),
        };
        self.outputs.push_back(Output::Done(tag, reply));
    }

    fn run(
        &mut self,
        tag: Tag,
        purpose: Purpose,
        kind: Kind,
        name: &'static str,
        segments: Vec<Segment>,
    ) {
        if !self.is_owed() {
            self.armed = None;
        }
        self.counts = Counts::default();
        let mut waiting = VecDeque::from(segments);
        // A command begins with its tag, so its first segment is bytes.
        let first = match waiting.pop_front() {
            Some(Segment::Bytes(transmit) | Segment::Source { then: transmit, .. }) => transmit,
            None => Transmit::default(),
        };
        self.outgoing.push_back(Outgoing {
            transmit: first,
            tag,
            last: waiting.is_empty(),
        });
        self.running.push(Running {
            tag,
            purpose,
            kind,
            name,
            waiting,
            copies: None,
            upload: None,
            refusal: None,
            begun: false,
            written: false,
            challenge: None,
        });
    }

    fn wire(&self, tag: Tag) -> String {
        format!("{}{}", self.options.tag_prefix, tag.0)
    }

    /// Whether the server owes us an answer.
    fn is_owed(&self) -> bool {
        let resting = |r: &Running| r.kind == Kind::Idle(Idle::Running);
        self.running.iter().any(|r| !resting(r))
    }

    fn on_response(&mut self) {
        let (text, literals) = self.framer.response();
        let response = parse(text, literals, &self.options.tag_prefix);
        self.counts.lines += 1;
        self.counts.octets += self.framer.size() as u64;
        if !matches!(&response, Response::Untagged(Event::Fetched(_))) {
            self.counts.told += self.framer.size() as u64;
        }
        self.framer.clear();
        let limits = self.options.limits;
        let Counts {
            lines,
            octets,
            told,
            ..
        } = self.counts;
        if lines > limits.lines || octets > limits.octets || told > limits.told {
            return self.break_off("responses without end");
        }
        if self.phase == Phase::Greeting {
            return self.on_greeting(response);
        }
        match response {
            Response::Untagged(event) => self.on_event(event),
            Response::Preauth(_, text) => self.on_event(Event::Other(text.into_bytes())),
            Response::Continue(text) => self.on_continue(&text),
            Response::Tagged(tag, reply) => self.on_tagged(&tag, reply),
            Response::Garbage(line) => self.on_event(Event::Other(line)),
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Capabilities(offered) => return self.learn_aloud(offered),
            // Nothing else that is said before TLS leaves a trace (SAFETY T4).
            _ if !self.secured => return,
            Event::Said {
                code: Some(Code::Capability(ref offered)),
                ..
            } => self.learn_aloud(offered.clone()),
            Event::Said {
                said,
                code: Some(code),
                text,
            } => {
                let code = in_place("", self.take_copied(code));
                let code = Some(code);
                return self.tell(Event::Said { said, code, text });
            }
            Event::Id(ref pairs) => {
                self.id.clone_from(pairs);
                self.learn(self.offered.clone());
            }
            Event::Listed(_) => {
                self.counts.listed += 1;
                if self.counts.listed > self.options.limits.listed {
                    return self.break_off("mailboxes without end");
                }
            }
            _ => {}
        }
        self.tell(event);
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn on_continue(&mut self, text: &[u8]) {
        let wants = |r: &Running| {
            !r.waiting.is_empty()
                || matches!(r.kind, Kind::Authenticate { .. } | Kind::Idle(Idle::Asked))
        };
        let pending = |tag| self.outgoing.iter().any(|out| out.tag == tag);
        let Some(at) = self.running.iter().position(wants) else {
            return self.on_event(Event::Other([b"+ ", text].concat()));
        };
        let Some(running) = self.running.get(at) else {
            return;
        };
        if pending(running.tag) || !running.begun {
            return self.break_off("it asks to go on before anything was sent");
        }
        self.go_on(at, text);
    }

    fn go_on(&mut self, at: usize, text: &[u8]) {
        let Some(running) = self.running.get_mut(at) else {
            return;
        };
        match running.waiting.pop_front() {
            Some(Segment::Bytes(transmit)) => {
                let (tag, last) = (running.tag, running.waiting.is_empty());
                self.outgoing.push_back(Outgoing {
                    transmit,
                    tag,
                    last,
                });
                return;
            }
            Some(Segment::Source {
                source,
                length,
                then,
            }) => {
                running.upload = Some(upload::Upload {
                    source,
                    from: 0,
                    left: length,
                    then,
                    asked: false,
                });
                let tag = running.tag;
                return self.want(tag);
            }
            None => {}
        }
        match &mut running.kind {
            Kind::Authenticate { answer, challenges } => {
                *challenges += 1;
                if *challenges > MOST_CHALLENGES {
                    return self.break_off("a sign-in without end");
                }
                running.challenge = decoded(text);
                let (tag, bytes) = (running.tag, answer.to_vec());
                let secret = Vec::new();
                self.outgoing.push_back(Outgoing {
                    transmit: Transmit { bytes, secret },
                    tag,
                    last: true,
                });
            }
            Kind::Idle(state) => {
                *state = Idle::Running;
                self.outputs.push_back(Output::Event(Event::Idling));
                if !self.ends_idle.is_empty() {
                    self.send_done();
                }
            }
            Kind::Plain | Kind::SignIn | Kind::Alone => {}
        }
    }

    fn send_done(&mut self) {
        for running in &mut self.running {
            if running.kind == Kind::Idle(Idle::Running) {
                running.kind = Kind::Idle(Idle::Ending);
                self.armed = None;
                let transmit = Transmit {
                    bytes: b"DONE\r\n".to_vec(),
                    secret: Vec::new(),
                };
                let tag = running.tag;
                let last = true;
                self.outgoing.push_back(Outgoing {
                    transmit,
                    tag,
                    last,
                });
            }
        }
    }

    fn on_tagged(&mut self, tag: &[u8], reply: Reply) {
        let known = tag_of(tag, &self.options.tag_prefix);
        let at = self.running.iter().position(|r| Some(r.tag) == known);
        let Some(at) = at.filter(|at| *at < self.running.len()) else {
            // A server that ended IDLE by itself does not understand our DONE.
            if tag.eq_ignore_ascii_case(b"DONE") && reply.status == Status::Bad {
                return;
            }
            return self.break_off("it answers a command that was not sent");
        };
        let Some(running) = self.running.get_mut(at) else {
            return;
        };
        let refused = running.begun && reply.status != Status::Ok;
        if !running.written && !refused {
            return self.break_off("it answers a command before it was sent");
        }
        let begun = self.outgoing.iter().any(|out| out.tag == running.tag);
        let literal = running.kind == Kind::Plain && (begun || running.upload.is_some());
        if literal {
            running.refusal = Some(reply);
            return;
        }
        let running = self.running.remove(at);
        self.outgoing.retain(|out| out.tag != running.tag);
        self.counts = Counts::default();
        self.finish(running, reply);
    }

    fn finish(&mut self, running: Running, mut reply: Reply) {
        if let Some(code) = reply.code.take() {
            let code = in_place(running.name, code);
            reply.code = Some(self.tell_copied(&running, code));
        }
        if let Some(challenge) = running.challenge.filter(|_| !reply.is_ok()) {
            reply.text = format!("{} {challenge}", reply.text).trim().to_owned();
        }
        match running.purpose {
            Purpose::BeforeTls => self.ask_for_tls(),
            Purpose::StartTls if reply.is_ok() => {
                self.phase = Phase::Upgrading;
                self.outputs.push_back(Output::Upgrade(Upgrade::Tls));
            }
            Purpose::StartTls => {
                self.break_off("it refuses STARTTLS, and nothing is sent without TLS");
            }
            Purpose::Opening => self.open(),
            Purpose::AfterSignIn(tag, reply) => self.outputs.push_back(Output::Done(tag, reply)),
            Purpose::Caller => self.finish_callers(running.tag, running.kind, reply),
        }
    }

    fn finish_callers(&mut self, tag: Tag, kind: Kind, reply: Reply) {
        if let Some(Code::Capability(offered)) = &reply.code {
            self.learn_aloud(offered.clone());
        }
        let sign_in = matches!(kind, Kind::SignIn | Kind::Authenticate { .. });
        if sign_in && reply.is_ok() && !self.heard_capabilities {
            return self.own_command(Purpose::AfterSignIn(tag, reply));
        }
        if matches!(kind, Kind::Idle(_)) {
            self.outputs.push_back(Output::Done(tag, reply.clone()));
            for tag in std::mem::take(&mut self.ends_idle) {
                self.outputs.push_back(Output::Done(tag, reply.clone()));
            }
            return;
        }
        self.outputs.push_back(Output::Done(tag, reply));
    }

    fn end_idle(&mut self, tag: Tag) {
        let reply = Reply {
            status: Status::Ok,
            code: None,
            text: String::new(),
        };
        // An IDLE that was not begun yet is taken back, also while the one before it is ending:
        // nobody else would end it, and what follows would wait behind it for ever.
        if let Some(at) = self.queue.iter().position(|(_, c)| *c == Command::Idle)
            && let Some((idle, _)) = self.queue.remove(at)
        {
            self.outputs.push_back(Output::Done(idle, reply.clone()));
        }
        if self.is_idle() {
            self.ends_idle.push(tag);
            self.send_done();
            return;
        }
        self.outputs.push_back(Output::Done(tag, reply));
    }

    fn on_large(&mut self) {
        let limits = self.options.limits;
        let (text, literals) = self.framer.response();
        // The literal itself has no octets yet: what stands before it ends at its brace.
        let end = literals.last().map_or(0, |literal| literal.at);
        let before = text.get(..end).unwrap_or_default();
        let mut cursor = Cursor::new(before, literals);
        let length = literals.last().map_or(0, |literal| literal.length);
        cursor.eat(b'*');
        let seq = cursor
            .number()
            .ok()
            .flatten()
            .and_then(|n| u32::try_from(n).ok());
        let fetch = cursor.atom().eq_ignore_ascii_case(b"FETCH");
        let found = seq.filter(|_| fetch && self.phase == Phase::Ready);
        let found = found.and_then(|seq| Some((seq, opening(&mut cursor)?)));
        let wish = if found.is_some() {
            Large::Stream
        } else {
            Large::Cut
        };
        let number = self.framer.large(wish, &limits);
        if let (Some(literal), Some((seq, opening))) = (number, found) {
            self.outputs.push_back(Output::Event(Event::Literal {
                literal,
                length,
                seq,
                uid: opening.uid,
                section: opening.section,
                origin: opening.origin,
            }));
        }
    }

    /// Takes octets up to the end of the link.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match self.phase {
                // Nothing is read from a link that is over.
                Phase::Broken => return bytes.len(),
                Phase::Upgrading => {
                    // Whatever came with the answer to STARTTLS is not ours (SAFETY T3).
                    self.outputs.clear();
                    self.break_off("it sent more before TLS was up");
                    return at;
                }
                Phase::Greeting | Phase::Opening | Phase::Ready => {}
            }
            let limits = match self.phase {
                Phase::Ready => &self.options.limits,
                Phase::Greeting | Phase::Opening | Phase::Upgrading | Phase::Broken => &self.early,
            };
            let rest = bytes.get(at..).unwrap_or_default();
            let (taken, piece) = self.framer.push(rest, limits);
            at += taken;
            self.taken += taken as u64;
            match piece {
                Piece::None => {}
                Piece::Response => {
                    self.on_response();
                    self.pump();
                }
                Piece::Large => self.on_large(),
                Piece::Chunk {
                    literal,
                    bytes,
                    end,
                } => {
                    self.outputs.push_back(Output::Chunk {
                        literal,
                        bytes,
                        end,
                    });
                }
                Piece::Broken(what) => self.break_off(what),
            }
        }
        at
    }
}

impl Protocol for Machine {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn submit(&mut self, command: Command) -> Tag {
        let tag = self.next_tag();
        if command == Command::Done {
            self.end_idle(tag);
        } else {
            self.queue.push_back((tag, command));
        }
        self.pump();
        tag
    }

    #[inline]
    fn feed(&mut self, bytes: &[u8], now: Time) -> usize {
        self.seen = now;
        self.armed = Some(now);
        if self.phase == Phase::Ready && self.framer.swallow(bytes) {
            self.taken += bytes.len() as u64;
            return bytes.len();
        }
        self.read(bytes)
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        let mut all: Option<Transmit> = None;
        while let Some(next) = self.outgoing.pop_front() {
            append(all.get_or_insert_with(Transmit::default), &next.transmit);
            self.handed_out(next.tag, next.last);
            if all.as_ref().is_some_and(|all| all.bytes.len() >= TRANSMIT) {
                break;
            }
        }
        all
    }

    #[inline]
    fn poll_event(&mut self) -> Option<Output<Event, Reply>> {
        self.outputs.pop_front()
    }

    fn upgraded(&mut self, kind: Upgrade) {
        if kind != Upgrade::Tls || self.phase != Phase::Upgrading {
            return;
        }
        self.secured = true;
        self.phase = Phase::Opening;
        self.framer = Framer::new();
        self.outputs.clear();
        self.greeting.clear();
        self.learn(Capabilities::default());
        self.own_command(Purpose::Opening);
        self.pump();
    }

    fn poll_timeout(&self) -> Option<Time> {
        match self.phase {
            Phase::Broken | Phase::Upgrading => None,
            Phase::Greeting => Some(self.options.started.after(self.options.greeting)),
            Phase::Opening | Phase::Ready if !self.is_owed() => None,
            // Without a starting point the deadline is asked for at once, to learn the time.
            Phase::Opening | Phase::Ready => Some(
                self.armed
                    .map_or(self.seen, |since| since.after(self.options.progress)),
            ),
        }
    }

    fn handle_timeout(&mut self, now: Time) {
        let due = self.poll_timeout().is_some_and(|due| due <= now);
        self.seen = self.seen.max(now);
        if !due {
            return;
        }
        let seconds = |duration: Duration| duration.as_secs();
        if self.phase == Phase::Greeting {
            let most = seconds(self.options.greeting);
            return self.break_off(format!("no greeting in {most} s"));
        }
        if self.armed.is_none() {
            self.armed = Some(now);
            return;
        }
        let most = seconds(self.options.progress);
        let name = self.running.first().map_or("a command", |r| r.name);
        self.break_off(format!("no answer to {name} for {most} s"));
    }
}

/// Puts `more` behind `all`, with what of it is secret.
fn append(all: &mut Transmit, more: &Transmit) {
    let base = all.bytes.len();
    let shifted = more.secret.iter().map(|r| r.start + base..r.end + base);
    all.secret.extend(shifted);
    all.bytes.extend_from_slice(&more.bytes);
}

/// A challenge as text for people; what is no base64 is left out.
fn decoded(text: &[u8]) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(text.trim_ascii()).ok()?;
    let short = bytes.get(..MOST_TEXT).unwrap_or(&bytes);
    (!short.is_empty()).then(|| String::from_utf8_lossy(short).into_owned())
}
