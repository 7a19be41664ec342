//! The state machine of one connection (RFC 1939 section 3): greeting, CAPA, STLS, sign-in,
//! pipelining and deadlines. No socket, no clock.
//!
//! An answer counts only for a command whose last octet was handed out (SAFETY T5). Answers bear no
//! tags here, they belong to the commands in order; a yes that nothing asked for breaks the link.

use std::collections::VecDeque;

use super::capability::Capabilities;
use super::command::{Command, Shape, clear};
use super::options::{Options, Security};
use super::reply::{Event, Line, Reply, Sized, Status, Unique, counts, sized, unique};
use super::unstuff::Unstuff;
use crate::protocol::{Broken, Output, Protocol, Tag, Time, Transmit, Upgrade};

mod deadline;
mod opening;
mod signing;

use signing::Signing;

/// A piece of a message goes out when it has so many octets, or at its end.
const CHUNK: usize = 64 << 10;
/// Entries of a listing that are told at once.
const BATCH: usize = 1000;
/// How many octets go out at a time at most, but for one line more.
const TRANSMIT: usize = 64 << 10;

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Greeting and the machine's own commands.
    Opening,
    /// Waits for [`Protocol::upgraded`].
    Upgrading,
    /// Usable.
    Ready,
    /// Over.
    Over,
}

/// What an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    Greeting,
    /// CAPA in clear, to see whether STLS is offered.
    BeforeTls,
    StartTls,
    /// CAPA before the caller hears that the link is usable.
    Opening,
    Utf8,
    /// A step of a sign-in.
    SignIn,
    /// CAPA after sign-in, before the caller hears that it succeeded.
    AfterSignIn(Tag, Reply),
    /// The caller's.
    Caller(Tag, Shape),
}

/// An answer that the server owes us.
#[derive(Debug)]
struct Owed {
    purpose: Purpose,
    name: &'static str,
    /// Octets of the command.
    octets: usize,
}

/// Bytes that wait for [`Protocol::poll_transmit`], and the answer that is owed for them.
#[derive(Debug)]
struct Outgoing {
    transmit: Transmit,
    owed: Owed,
}

/// What the next octets are.
#[derive(Debug)]
enum Reading {
    Status,
    Capabilities(Box<Capabilities>, usize),
    Listing(Listing),
    Message(Box<Message>),
}

/// A listing on its way.
#[derive(Debug)]
struct Listing {
    tag: Tag,
    reply: Reply,
    entries: Entries,
    lines: u64,
    octets: u64,
}

#[derive(Debug)]
enum Entries {
    Sizes(Vec<Sized>),
    Uniques(Vec<Unique>),
}

/// A message on its way.
#[derive(Debug)]
struct Message {
    tag: Tag,
    reply: Reply,
    unstuff: Unstuff,
    chunk: Vec<u8>,
    octets: u64,
}

/// One POP3 connection.
///
/// Before [`Event::Ready`] nothing that was submitted is sent. Commands are pipelined where the
/// server offers it, within [`Options::window`]; sign-in and QUIT wait until all earlier ones are
/// answered, and later ones wait for them. The octets of a message come as [`Output::Chunk`], whose
/// `literal` is the number of the tag; the last one has `end` set and stands before the reply.
/// [`Output::Broken`] is the last output: no reply comes for what was still open.
#[derive(Debug)]
pub struct Machine {
    options: Options,
    phase: Phase,
    secured: bool,
    capabilities: Capabilities,
    /// The line that is being gathered; empty where it lies whole in what was read.
    line: Vec<u8>,
    reading: Reading,
    taken: u64,
    last_tag: u32,
    queue: VecDeque<(Tag, Command)>,
    signing: Option<Signing>,
    outgoing: VecDeque<Outgoing>,
    owed: VecDeque<Owed>,
    /// Octets of the commands in `outgoing` and `owed`.
    window: usize,
    outputs: VecDeque<Output<Event, Reply>>,
    seen: Time,
    /// Since when the server owes us a byte.
    armed: Option<Time>,
}

impl Machine {
    /// A machine for a link that has just come up.
    pub fn new(options: Options) -> Self {
        Self {
            phase: Phase::Opening,
            secured: options.security == Security::Tls,
            capabilities: Capabilities::default(),
            line: Vec::new(),
            reading: Reading::Status,
            taken: 0,
            last_tag: 0,
            queue: VecDeque::new(),
            signing: None,
            outgoing: VecDeque::new(),
            owed: VecDeque::from([Owed {
                purpose: Purpose::Greeting,
                name: "the connection",
                octets: 0,
            }]),
            window: 0,
            outputs: VecDeque::new(),
            seen: options.started,
            armed: Some(options.started),
            options,
        }
    }

    /// What the server can do; nothing before [`Event::Ready`].
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether TLS is under the link.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether a password may go over this link.
    fn is_private(&self) -> bool {
        self.secured || self.options.security == Security::Plain
    }

    fn break_off(&mut self, what: impl Into<String>) {
        if self.phase == Phase::Over {
            return;
        }
        self.over();
        self.outputs.push_back(Output::Broken(Broken {
            what: what.into(),
            at: self.taken,
        }));
    }

    fn over(&mut self) {
        self.phase = Phase::Over;
        self.outgoing.clear();
        self.owed.clear();
        self.signing = None;
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn done(&mut self, tag: Tag, reply: Reply) {
        let reply = reply.shortened();
        self.outputs.push_back(Output::Done(tag, reply));
    }

    fn ask(&mut self, transmit: Transmit, name: &'static str, purpose: Purpose) {
        if self.owed.is_empty() {
            self.armed = None;
        }
        let octets = transmit.bytes.len();
        self.window += octets;
        let owed = Owed {
            purpose,
            name,
            octets,
        };
        self.outgoing.push_back(Outgoing { transmit, owed });
    }

    /// Begins every command that may go out now.
    fn pump(&mut self) {
        while self.phase == Phase::Ready {
            let Some((_, next)) = self.queue.front() else {
                return;
            };
            let line = next.line();
            let octets = line.as_ref().map_or(0, |(line, ..)| line.len());
            if !self.may_begin(next.goes_alone(), octets) {
                return;
            }
            let Some((tag, command)) = self.queue.pop_front() else {
                return;
            };
            match (line, command) {
                (Some((line, name, shape)), _) => {
                    self.ask(clear(line), name, Purpose::Caller(tag, shape));
                }
                (None, Command::SignIn(who)) => self.sign_in(tag, who),
                (None, _) => {}
            }
        }
    }

    fn may_begin(&self, alone: bool, octets: usize) -> bool {
        let open = self.outgoing.len() + self.owed.len();
        if open == 0 {
            return true;
        }
        let last = self.outgoing.back().map(|out| &out.owed);
        let behind_caller = last
            .or(self.owed.back())
            .is_some_and(|owed| matches!(owed.purpose, Purpose::Caller(..)) && owed.name != "QUIT");
        let window = self.options.window;
        let room = open < window.commands && self.window + octets <= window.octets;
        self.capabilities.pipelining && behind_caller && !alone && room
    }

    fn on_status(&mut self, line: &[u8], bare: bool) {
        let line = Line::read(line);
        let Some(owed) = self.owed.pop_front() else {
            return self.unasked(line);
        };
        self.window = self.window.saturating_sub(owed.octets);
        let reply = match line {
            Line::Said(reply) => reply,
            Line::Challenge(text) if owed.purpose == Purpose::SignIn => {
                return self.challenged(&text);
            }
            Line::Challenge(_) | Line::Garbage => {
                let name = owed.name;
                return self.break_off(format!("what answers {name} is neither +OK nor -ERR"));
            }
        };
        match owed.purpose {
            Purpose::Greeting => self.greeted(reply),
            Purpose::StartTls => self.start_tls(reply),
            Purpose::Utf8 => self.open(),
            Purpose::SignIn => self.signed_in(reply),
            Purpose::BeforeTls | Purpose::Opening | Purpose::AfterSignIn(..) => {
                let purpose = owed.purpose.clone();
                self.owed.push_front(Owed { octets: 0, ..owed });
                if reply.is_ok() {
                    let told = Capabilities {
                        told: true,
                        ..Capabilities::default()
                    };
                    self.reading = Reading::Capabilities(Box::new(told), 0);
                } else {
                    let known = match purpose {
                        Purpose::AfterSignIn(..) => self.capabilities.clone(),
                        _ => Capabilities::guessed(),
                    };
                    self.learnt(known);
                }
            }
            Purpose::Caller(tag, shape) => {
                self.answered(Owed { octets: 0, ..owed }, tag, shape, reply, bare);
            }
        }
    }

    /// Goes on behind the status line of a caller's command.
    fn answered(&mut self, owed: Owed, tag: Tag, shape: Shape, mut reply: Reply, bare: bool) {
        if shape == Shape::Counts && reply.is_ok() {
            reply.maildrop = counts(&reply.text);
        }
        let entries = match shape {
            _ if !reply.is_ok() => return self.ended(owed.name, tag, reply),
            Shape::Line | Shape::Counts => return self.ended(owed.name, tag, reply),
            Shape::Sizes => Entries::Sizes(Vec::new()),
            Shape::Uniques => Entries::Uniques(Vec::new()),
            Shape::Message => {
                self.owed.push_front(owed);
                self.reading = Reading::Message(Box::new(Message {
                    tag,
                    reply,
                    unstuff: Unstuff::new(bare),
                    chunk: Vec::new(),
                    octets: 0,
                }));
                return;
            }
        };
        self.owed.push_front(owed);
        self.reading = Reading::Listing(Listing {
            tag,
            reply,
            entries,
            lines: 0,
            octets: 0,
        });
    }

    fn ended(&mut self, name: &'static str, tag: Tag, reply: Reply) {
        self.done(tag, reply);
        if name == "QUIT" {
            self.over();
            for (tag, _) in std::mem::take(&mut self.queue) {
                self.done(tag, Reply::not_sent("the connection has ended"));
            }
        }
    }

    /// A no when nothing was asked ends the link; a yes would be laid in store.
    fn unasked(&mut self, line: Line) {
        match line {
            Line::Said(reply) if reply.status == Status::Err && self.phase == Phase::Ready => {
                self.over();
                self.tell(Event::Closing(reply.shortened()));
            }
            _ => self.break_off("it answers what was not asked"),
        }
    }

    fn on_line(&mut self, line: &[u8]) {
        let bare = !line.ends_with(b"\r\n");
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        match &mut self.reading {
            Reading::Status => self.on_status(text, bare),
            Reading::Message(_) => {}
            Reading::Capabilities(told, lines) => {
                *lines += 1;
                if text == b"." {
                    let told = std::mem::take(&mut **told);
                    self.reading = Reading::Status;
                    return self.learnt(told);
                }
                if *lines > self.options.limits.capabilities {
                    return self.break_off("capabilities without end");
                }
                told.read(unstuffed(text));
            }
            Reading::Listing(listing) => {
                if text == b"." {
                    return self.listed();
                }
                listing.lines += 1;
                listing.octets += line.len() as u64;
                let limits = self.options.limits;
                if listing.lines > limits.listed || listing.octets > limits.listing {
                    return self.break_off("a listing without end");
                }
                listing.read(unstuffed(text));
                if listing.entries.len() >= BATCH {
                    let event = listing.take();
                    self.tell(event);
                }
            }
        }
    }

    fn listed(&mut self) {
        let Reading::Listing(mut listing) = std::mem::replace(&mut self.reading, Reading::Status)
        else {
            return;
        };
        self.owed.pop_front();
        if listing.entries.len() > 0 {
            let event = listing.take();
            self.tell(event);
        }
        self.done(listing.tag, listing.reply);
    }

    /// Takes octets of the message on its way, and says how many.
    #[inline]
    fn on_message(&mut self, bytes: &[u8]) -> usize {
        let Reading::Message(message) = &mut self.reading else {
            return 0;
        };
        let room = CHUNK.saturating_sub(message.chunk.len()).max(1);
        let part = bytes.get(..room).unwrap_or(bytes);
        let (taken, end) = message.unstuff.push(part, &mut message.chunk);
        self.taken += taken as u64;
        message.octets += taken as u64;
        if message.octets > self.options.limits.message {
            self.break_off("a message without end");
        } else if end || message.chunk.len() >= CHUNK {
            self.hand_on(end);
        }
        taken
    }

    fn hand_on(&mut self, end: bool) {
        let Reading::Message(message) = &mut self.reading else {
            return;
        };
        let next = if end {
            Vec::new()
        } else {
            // What was held back may come on top.
            Vec::with_capacity(CHUNK + 2)
        };
        self.outputs.push_back(Output::Chunk {
            literal: u64::from(message.tag.0),
            bytes: std::mem::replace(&mut message.chunk, next),
            end,
        });
        if !end {
            return;
        }
        self.owed.pop_front();
        if let Reading::Message(message) = std::mem::replace(&mut self.reading, Reading::Status) {
            self.done(message.tag, message.reply);
        }
    }

    /// Takes octets up to the end of a line, or all.
    fn on_octets(&mut self, bytes: &[u8]) -> usize {
        let end = memchr::memchr(b'\n', bytes);
        let taken = end.map_or(bytes.len(), |at| at + 1);
        let part = bytes.get(..taken).unwrap_or_default();
        self.taken += taken as u64;
        if self.line.len() + taken > self.options.limits.line {
            self.break_off("a line without end");
            return taken;
        }
        if end.is_some() && self.line.is_empty() {
            self.on_line(part);
            return taken;
        }
        self.line.extend_from_slice(part);
        if end.is_some() {
            let mut line = std::mem::take(&mut self.line);
            self.on_line(&line);
            line.clear();
            self.line = line;
        }
        taken
    }
}

impl Message {
    /// Takes an octet where there is nothing to tell; false leaves it to the long way.
    #[inline]
    fn swallow(&mut self, octet: u8, most: u64) -> bool {
        let free = self.chunk.len() + 1 < CHUNK && self.octets < most;
        if !free || !self.unstuff.is_plain(octet) {
            return false;
        }
        self.chunk.push(octet);
        self.octets += 1;
        true
    }
}

impl Listing {
    fn read(&mut self, line: &[u8]) {
        let known = match &mut self.entries {
            Entries::Sizes(all) => sized(line).map(|entry| all.push(entry)),
            Entries::Uniques(all) => unique(line).map(|entry| all.push(entry)),
        };
        self.reply.odd += u64::from(known.is_none());
    }

    fn take(&mut self) -> Event {
        match &mut self.entries {
            Entries::Sizes(all) => Event::Sizes(self.tag, std::mem::take(all)),
            Entries::Uniques(all) => Event::Uniques(self.tag, std::mem::take(all)),
        }
    }
}

impl Entries {
    fn len(&self) -> usize {
        match self {
            Entries::Sizes(all) => all.len(),
            Entries::Uniques(all) => all.len(),
        }
    }
}

/// A line of a listing without the dot that was put before its own.
fn unstuffed(line: &[u8]) -> &[u8] {
    match line {
        [b'.', rest @ ..] if rest.first() == Some(&b'.') => rest,
        _ => line,
    }
}

impl Protocol for Machine {
    type Command = Command;
    type Event = Event;
    type Reply = Reply;

    fn submit(&mut self, command: Command) -> Tag {
        self.last_tag = self.last_tag.wrapping_add(1).max(1);
        let tag = Tag(self.last_tag);
        if self.phase == Phase::Over {
            self.done(tag, Reply::not_sent("the connection has ended"));
            return tag;
        }
        self.queue.push_back((tag, command));
        self.pump();
        tag
    }

    fn feed(&mut self, bytes: &[u8], now: Time) -> usize {
        self.seen = self.seen.max(now);
        self.armed = Some(self.seen);
        if let (Phase::Ready, Reading::Message(message), [octet]) =
            (self.phase, &mut self.reading, bytes)
            && message.swallow(*octet, self.options.limits.message)
        {
            self.taken += 1;
            return 1;
        }
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.phase {
                // Nothing that follows the end changes it.
                Phase::Over => return bytes.len(),
                Phase::Upgrading => {
                    // Whatever came with the answer to STLS is not ours (SAFETY T3).
                    self.outputs.clear();
                    self.break_off("it sent more before TLS was up");
                    return at;
                }
                Phase::Opening | Phase::Ready => {}
            }
            at += match self.reading {
                Reading::Message(_) => self.on_message(rest),
                Reading::Status | Reading::Capabilities(..) | Reading::Listing(_) => {
                    self.on_octets(rest)
                }
            };
            if matches!(self.reading, Reading::Status) {
                self.pump();
            }
        }
        at
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        let mut all: Option<Transmit> = None;
        while let Some(next) = self.outgoing.pop_front() {
            append(all.get_or_insert_with(Transmit::default), &next.transmit);
            self.owed.push_back(next.owed);
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
        self.capabilities = Capabilities::default();
        self.line.clear();
        self.reading = Reading::Status;
        self.outputs.clear();
        self.ask_what_it_can(Purpose::Opening);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.due()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.time_came(now);
    }
}

/// Puts `more` behind `all`, with what of it is secret.
fn append(all: &mut Transmit, more: &Transmit) {
    let base = all.bytes.len();
    let shifted = more.secret.iter().map(|r| r.start + base..r.end + base);
    all.secret.extend(shifted);
    all.bytes.extend_from_slice(&more.bytes);
}
