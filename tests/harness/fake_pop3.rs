//! A scripted POP3 server on loopback with a maildrop that outlives its connections. It refuses,
//! lies and breaks off as told, at any octet that it says or hears.
//!
//! A message that was marked by DELE goes when QUIT is heard, before its `+OK` is said: what is on
//! the server is [`FakePop3::maildrop`], whatever the client got to know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::fake_smtp::{Wire, secured};

pub use super::fake_smtp::Tls;

/// How a server behaves; it may be changed between connections.
#[derive(Clone, Debug)]
pub struct Script {
    /// What CAPA says, line by line; nothing at all is a server that does not know CAPA.
    pub offers: Vec<String>,
    /// When TLS comes; `Tls::Start` after STLS, whose reply has these octets behind it, in clear.
    pub tls: Tls,
    /// The only password or token that is taken; any is if there is none.
    pub password: Option<String>,
    /// What UIDL says.
    pub uidls: Uidls,
    /// Status lines in place of the usual ones: by verb (`greeting`, `PASS`, `AUTH`, `QUIT`), or by
    /// verb and number (`RETR 3`). With `-ERR` nothing is done.
    pub replies: BTreeMap<String, String>,
    /// Octets put behind the answer to a command, by the same names: what was not asked for.
    pub behind: BTreeMap<String, Vec<u8>>,
    /// Added to each size that LIST and STAT tell.
    pub size_error: i64,
    /// Messages whose answer lacks the line with the dot.
    pub without_dot: BTreeSet<usize>,
    /// Sends the octets of messages without doubling dots.
    pub unstuffed: bool,
    /// Says so few octets and no more, then closes the link.
    pub cut_said: Option<usize>,
    /// Hears so few octets and no more, then closes the link.
    pub cut_heard: Option<usize>,
    /// Closes the link in place of that answer, by the names of `replies`; nothing is done.
    pub cut_before: Option<String>,
    /// Does it, then closes the link in place of the answer.
    pub cut_after: Option<String>,
    /// Says nothing more in place of that answer, and keeps the link.
    pub stall_before: Option<String>,
    /// A second session is refused by `[IN-USE]` while one is open.
    pub lock: bool,
}

/// What UIDL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uidls {
    /// The id that each message was stored with.
    Own,
    /// `-ERR`.
    None,
    /// This for all of them.
    Same(String),
    /// The own one with this before it: new for all.
    New(String),
    /// A line without an id.
    Empty,
}

impl Default for Script {
    fn default() -> Script {
        let offers = [
            "TOP",
            "UIDL",
            "USER",
            "SASL PLAIN XOAUTH2",
            "RESP-CODES",
            "AUTH-RESP-CODE",
            "PIPELINING",
        ];
        Script {
            offers: offers.map(str::to_owned).into(),
            tls: Tls::None,
            password: None,
            uidls: Uidls::Own,
            replies: BTreeMap::new(),
            behind: BTreeMap::new(),
            size_error: 0,
            without_dot: BTreeSet::new(),
            unstuffed: false,
            cut_said: None,
            cut_heard: None,
            cut_before: None,
            cut_after: None,
            stall_before: None,
            lock: false,
        }
    }
}

impl Script {
    /// The same with another status line.
    pub fn reply(mut self, to: &str, reply: &str) -> Script {
        self.replies.insert(to.to_owned(), reply.to_owned());
        self
    }

    /// The same with octets behind an answer.
    pub fn behind(mut self, to: &str, octets: &[u8]) -> Script {
        self.behind.insert(to.to_owned(), octets.to_vec());
        self
    }

    /// The same without an offer. UIDL and TOP are refused then, too.
    pub fn without(mut self, offer: &str) -> Script {
        self.offers.retain(|line| !line.starts_with(offer));
        self
    }

    fn offers(&self, name: &str) -> bool {
        self.offers.is_empty() || self.offers.iter().any(|line| line == name)
    }
}

/// A message in the maildrop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its own id.
    pub uidl: String,
    /// Its octets.
    pub bytes: Arc<Vec<u8>>,
}

/// A running server.
pub struct FakePop3 {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    stirred: Condvar,
    step: Mutex<Option<Step>>,
}

type Step = Box<dyn FnMut() + Send>;

#[derive(Default)]
struct Seen {
    maildrop: Vec<Mail>,
    next: usize,
    sessions: usize,
    connections: usize,
    ended: usize,
    commands: Vec<String>,
    heard: usize,
    said: usize,
    together: usize,
    hasty: Vec<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakePop3 {
    /// Starts one with an empty maildrop.
    pub fn start(script: Script) -> FakePop3 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            ..Shared::default()
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                lock(&serving.seen).connections += 1;
                let shared = Arc::clone(&serving);
                thread::spawn(move || {
                    let script = lock(&shared.script).clone();
                    Conn::serve(&shared, script, stream);
                    lock(&shared.seen).ended += 1;
                    shared.stirred.notify_all();
                });
            }
        });
        FakePop3 { port, shared }
    }

    /// Starts one that holds these messages.
    pub fn holding<'a>(script: Script, mails: impl IntoIterator<Item = &'a [u8]>) -> FakePop3 {
        let server = FakePop3::start(script);
        for mail in mails {
            server.deliver(mail);
        }
        server
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `pop3+plain://…`, or with TLS as the script has it.
    pub fn url(&self) -> String {
        match lock(&self.shared.script).tls {
            Tls::None => format!("pop3+plain://127.0.0.1:{}", self.port),
            Tls::First(_) => format!("pop3s://localhost:{}", self.port),
            Tls::Start(..) => format!("pop3://localhost:{}", self.port),
        }
    }

    /// Behaves otherwise from the next connection on.
    pub fn now(&self, script: Script) {
        *lock(&self.shared.script) = script;
    }

    /// Changes how it behaves from the next connection on.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut lock(&self.shared.script));
    }

    /// Calls `step` each time before it says or hears anything.
    pub fn at_each_step(&self, step: impl FnMut() + Send + 'static) {
        *lock(&self.shared.step) = Some(Box::new(step));
    }

    /// Puts a message into the maildrop; sessions that are open do not see it. Its own id comes back.
    pub fn deliver(&self, bytes: &[u8]) -> String {
        let mut seen = lock(&self.shared.seen);
        seen.next += 1;
        let uidl = format!("uid{:06}", seen.next);
        let mail = Mail {
            uidl: uidl.clone(),
            bytes: Arc::new(bytes.to_vec()),
        };
        seen.maildrop.push(mail);
        uidl
    }

    /// What is on the server now, in order.
    pub fn maildrop(&self) -> Vec<Mail> {
        lock(&self.shared.seen).maildrop.clone()
    }

    /// Whether a message with these octets is on the server.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let seen = lock(&self.shared.seen);
        seen.maildrop.iter().any(|mail| *mail.bytes == bytes)
    }

    /// Takes a message away, as another client does.
    pub fn remove(&self, uidl: &str) {
        lock(&self.shared.seen)
            .maildrop
            .retain(|mail| mail.uidl != uidl);
    }

    /// Puts another message in the place of one, under the same id, as a server does that gives its
    /// ids again.
    pub fn replace(&self, uidl: &str, bytes: &[u8]) {
        for mail in &mut lock(&self.shared.seen).maildrop {
            if mail.uidl == uidl {
                mail.bytes = Arc::new(bytes.to_vec());
            }
        }
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        lock(&self.shared.seen).connections
    }

    /// How many sessions were signed in at the same time, at most.
    pub fn together(&self) -> usize {
        lock(&self.shared.seen).together
    }

    /// Commands behind which the client said more before their answer, where it may not: to a server
    /// that does not offer PIPELINING, and behind STLS, a sign-in and QUIT.
    pub fn hasty(&self) -> Vec<String> {
        lock(&self.shared.seen).hasty.clone()
    }

    /// The commands of all connections, without their line ends, passwords in place.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.shared.seen).commands.clone()
    }

    /// How many commands began with this.
    pub fn count(&self, verb: &str) -> usize {
        let seen = lock(&self.shared.seen);
        seen.commands
            .iter()
            .filter(|line| line.starts_with(verb))
            .count()
    }

    /// Octets that were heard and said, in clear or under TLS, since [`FakePop3::forget`].
    pub fn octets(&self) -> (usize, usize) {
        let seen = lock(&self.shared.seen);
        (seen.heard, seen.said)
    }

    /// Forgets what was counted and heard; the maildrop stays.
    pub fn forget(&self) {
        let mut seen = lock(&self.shared.seen);
        *seen = Seen {
            maildrop: std::mem::take(&mut seen.maildrop),
            next: seen.next,
            sessions: seen.sessions,
            ..Seen::default()
        };
    }

    /// Waits until every connection that was made has ended.
    pub fn until_quiet(&self) {
        self.until("all connections end", |seen| seen.ended >= seen.connections);
    }

    /// Waits until a command that begins so was heard.
    pub fn until_heard(&self, verb: &str) {
        self.until(verb, |seen| {
            seen.commands.iter().any(|line| line.starts_with(verb))
        });
    }

    fn until(&self, what: &str, done: impl Fn(&Seen) -> bool) {
        let seen = lock(&self.shared.seen);
        let limit = Duration::from_secs(30);
        let wait = self
            .shared
            .stirred
            .wait_timeout_while(seen, limit, |seen| !done(seen));
        let (seen, over) = wait.unwrap_or_else(PoisonError::into_inner);
        drop(seen);
        assert!(!over.timed_out(), "not within {limit:?}: {what}");
    }
}

impl Drop for FakePop3 {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The end of a link that the script wants.
fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// What was told to a session.
struct Session {
    mails: Vec<Mail>,
    marked: BTreeSet<usize>,
}

struct Conn<'a> {
    shared: &'a Shared,
    script: Script,
    wire: Box<dyn Wire>,
    buffer: Vec<u8>,
    read: usize,
    said: usize,
    session: Option<Session>,
}

impl Conn<'_> {
    fn serve(shared: &Shared, script: Script, socket: TcpStream) {
        let _ = socket.set_read_timeout(Some(Duration::from_secs(60)));
        let _ = socket.set_nodelay(true);
        let wire: io::Result<Box<dyn Wire>> = match &script.tls {
            Tls::First(certificate) => socket
                .try_clone()
                .and_then(|socket| secured(*certificate, socket)),
            Tls::None | Tls::Start(..) => socket.try_clone().map(|s| Box::new(s) as Box<dyn Wire>),
        };
        let Ok(wire) = wire else { return };
        let mut conn = Conn {
            shared,
            script,
            wire,
            buffer: Vec::new(),
            read: 0,
            said: 0,
            session: None,
        };
        // How a link ends is what the test is about.
        let _ = conn.talk(&socket);
        if conn.session.take().is_some() {
            lock(&shared.seen).sessions -= 1;
        }
        // A reset would take our last words away from the client, so what it says is heard to its end.
        let _ = socket.shutdown(Shutdown::Write);
        let _ = io::copy(&mut &socket, &mut io::sink());
    }

    fn talk(&mut self, socket: &TcpStream) -> io::Result<()> {
        if !self.answer("greeting", "+OK fake <1.2@example.org>")? {
            return Ok(());
        }
        loop {
            let line = self.line()?;
            lock(&self.shared.seen).commands.push(line.clone());
            self.shared.stirred.notify_all();
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_uppercase();
            let alone = ["STLS", "USER", "PASS", "AUTH", "QUIT"].contains(&verb.as_str());
            let pipelining = self.script.offers.iter().any(|line| line == "PIPELINING");
            if !self.buffer.is_empty() && (alone || !pipelining) {
                lock(&self.shared.seen).hasty.push(line.clone());
            }
            let number = argument.split(' ').next().and_then(|n| n.parse().ok());
            match verb.as_str() {
                "CAPA" => self.capa()?,
                "STLS" => self.stls(socket)?,
                "UTF8" => drop(self.answer("UTF8", "+OK")?),
                "USER" => drop(self.answer("USER", "+OK")?),
                "PASS" => self.enter("PASS", argument)?,
                "AUTH" => self.auth(argument)?,
                "QUIT" => return self.quit(),
                _ if self.session.is_none() => self.say(b"-ERR sign in first\r\n")?,
                _ => self.in_session(&verb, number, argument)?,
            }
        }
    }

    fn in_session(&mut self, verb: &str, number: Option<usize>, argument: &str) -> io::Result<()> {
        match (verb, number) {
            ("NOOP", _) => drop(self.answer("NOOP", "+OK")?),
            ("RSET", _) => {
                if self.answer("RSET", "+OK")? {
                    self.session().marked.clear();
                }
            }
            ("STAT", _) => {
                let sizes: Vec<u64> = self
                    .left()
                    .iter()
                    .map(|(_, mail)| self.size(mail))
                    .collect();
                let all: u64 = sizes.iter().sum();
                self.answer("STAT", &format!("+OK {} {all}", sizes.len()))?;
            }
            ("LIST", _) => {
                let line = |(n, mail): &(usize, Mail)| format!("{n} {}\r\n", self.size(mail));
                let lines = self.left().iter().map(line).collect::<String>();
                self.listing("LIST", &lines)?;
            }
            ("UIDL", _) if !self.script.offers("UIDL") || self.script.uidls == Uidls::None => {
                self.say(b"-ERR unknown command\r\n")?;
            }
            ("UIDL", _) => {
                let line = |(n, mail): &(usize, Mail)| format!("{n} {}\r\n", self.uidl(mail));
                let lines = self.left().iter().map(line).collect::<String>();
                self.listing("UIDL", &lines)?;
            }
            ("TOP", _) if !self.script.offers("TOP") => self.say(b"-ERR unknown command\r\n")?,
            ("RETR" | "TOP" | "DELE", Some(number)) => match self.mail(number) {
                Some(mail) => self.of_mail(verb, number, argument, &mail)?,
                None => self.say(b"-ERR no such message\r\n")?,
            },
            _ => self.say(b"-ERR unknown command\r\n")?,
        }
        Ok(())
    }

    fn of_mail(
        &mut self,
        verb: &str,
        number: usize,
        argument: &str,
        mail: &Mail,
    ) -> io::Result<()> {
        let name = format!("{verb} {number}");
        if verb == "DELE" {
            if self.answer(&name, "+OK marked")? {
                self.session().marked.insert(number);
            }
            return Ok(());
        }
        let lines = argument.split(' ').nth(1).and_then(|n| n.parse().ok());
        let bytes = match (verb, lines) {
            ("TOP", Some(lines)) => top(&mail.bytes, lines),
            _ => mail.bytes.to_vec(),
        };
        let usual = format!("+OK {} octets", bytes.len());
        if self.answer(&name, &usual)? {
            let dot = !self.script.without_dot.contains(&number);
            let wire = wire_of(&bytes, !self.script.unstuffed, dot);
            self.say(&wire)?;
        }
        Ok(())
    }

    fn capa(&mut self) -> io::Result<()> {
        if self.script.offers.is_empty() {
            return self.say(b"-ERR unknown command\r\n");
        }
        let line = |line: &String| format!("{line}\r\n");
        let mut lines = self.script.offers.iter().map(line).collect::<String>();
        if matches!(self.script.tls, Tls::Start(..)) {
            lines.push_str("STLS\r\n");
        }
        self.listing("CAPA", &lines)
    }

    fn stls(&mut self, socket: &TcpStream) -> io::Result<()> {
        let Tls::Start(certificate, injected) = self.script.tls.clone() else {
            return self.say(b"-ERR no\r\n");
        };
        self.script.behind.insert("STLS".to_owned(), injected);
        if !self.answer("STLS", "+OK go")? {
            return Ok(());
        }
        self.wire = secured(certificate, socket.try_clone()?)?;
        self.script.tls = Tls::None;
        Ok(())
    }

    fn auth(&mut self, argument: &str) -> io::Result<()> {
        let mut words = argument.split(' ');
        let mechanism = words.next().unwrap_or_default().to_uppercase();
        let coded = match words.next() {
            Some(coded) => coded.to_owned(),
            None => {
                self.say(b"+ \r\n")?;
                self.line()?
            }
        };
        let text = BASE64_STANDARD.decode(coded).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let secret = match mechanism.as_str() {
            "PLAIN" => text.rsplit('\0').next(),
            _ => text
                .split("auth=Bearer ")
                .nth(1)
                .map(|t| t.trim_end_matches('\u{1}')),
        };
        self.enter("AUTH", secret.unwrap_or_default())
    }

    fn enter(&mut self, name: &str, secret: &str) -> io::Result<()> {
        if self
            .script
            .password
            .as_ref()
            .is_some_and(|known| known != secret)
        {
            return self.say(b"-ERR [AUTH] no\r\n");
        }
        if self.script.lock && lock(&self.shared.seen).sessions > 0 {
            return self.say(b"-ERR [IN-USE] another session has the maildrop\r\n");
        }
        if self.answer(name, "+OK in")? && self.session.is_none() {
            let mut seen = lock(&self.shared.seen);
            seen.sessions += 1;
            seen.together = seen.together.max(seen.sessions);
            self.session = Some(Session {
                mails: seen.maildrop.clone(),
                marked: BTreeSet::new(),
            });
        }
        Ok(())
    }

    fn quit(&mut self) -> io::Result<()> {
        let refused = self.script.replies.get("QUIT");
        let refused = refused.is_some_and(|line| line.starts_with('-'));
        let stopped = [&self.script.cut_before, &self.script.stall_before];
        let stopped = stopped.iter().any(|name| name.as_deref() == Some("QUIT"));
        if let (Some(session), false) = (&self.session, refused || stopped) {
            let gone: BTreeSet<String> = session
                .marked
                .iter()
                .filter_map(|number| session.mails.get(number - 1))
                .map(|mail| mail.uidl.clone())
                .collect();
            let mut seen = lock(&self.shared.seen);
            seen.maildrop.retain(|mail| !gone.contains(&mail.uidl));
        }
        self.answer("QUIT", "+OK bye").map(drop)
    }

    /// The messages that are not marked, with their numbers.
    fn left(&self) -> Vec<(usize, Mail)> {
        let Some(session) = &self.session else {
            return Vec::new();
        };
        let all = (1..).zip(session.mails.iter().cloned());
        all.filter(|(number, _)| !session.marked.contains(number))
            .collect()
    }

    fn mail(&self, number: usize) -> Option<Mail> {
        let session = self.session.as_ref()?;
        let marked = session.marked.contains(&number);
        session
            .mails
            .get(number.checked_sub(1)?)
            .filter(|_| !marked)
            .cloned()
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().unwrap()
    }

    fn size(&self, mail: &Mail) -> u64 {
        let size = i64::try_from(mail.bytes.len()).unwrap() + self.script.size_error;
        u64::try_from(size).unwrap_or(0)
    }

    fn uidl(&self, mail: &Mail) -> String {
        match &self.script.uidls {
            Uidls::Own | Uidls::None => mail.uidl.clone(),
            Uidls::Same(id) => id.clone(),
            Uidls::New(before) => format!("{before}{}", mail.uidl),
            Uidls::Empty => String::new(),
        }
    }

    fn listing(&mut self, name: &str, lines: &str) -> io::Result<()> {
        if self.answer(name, "+OK")? {
            self.say(format!("{lines}.\r\n").as_bytes())?;
        }
        Ok(())
    }

    /// Says the status line of the script, or else `usual`; whether it is a yes.
    fn answer(&mut self, name: &str, usual: &str) -> io::Result<bool> {
        let is = |script: &Option<String>| script.as_deref() == Some(name);
        if is(&self.script.cut_before) || is(&self.script.cut_after) {
            return Err(over());
        }
        if is(&self.script.stall_before) {
            while !self.shared.stopping.load(Ordering::SeqCst) {
                self.fill()?;
            }
            return Err(over());
        }
        let reply = self.script.replies.get(name).map_or(usual, String::as_str);
        let (yes, mut said) = (reply.starts_with('+'), format!("{reply}\r\n").into_bytes());
        // In one write: what comes a moment later may be read as the answer to the next command.
        said.extend(self.script.behind.get(name).into_iter().flatten());
        self.say(&said)?;
        Ok(yes)
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step();
        let room = self
            .script
            .cut_said
            .map_or(bytes.len(), |at| at.saturating_sub(self.said));
        let part = &bytes[..room.min(bytes.len())];
        // Counted before it leaves, so that a client that has it finds it counted.
        self.said += part.len();
        lock(&self.shared.seen).said += part.len();
        self.wire.write_all(part)?;
        self.wire.flush()?;
        if part.len() < bytes.len() {
            return Err(over());
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..at + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            self.fill()?;
        }
    }

    fn step(&self) {
        if let Some(step) = lock(&self.shared.step).as_mut() {
            step();
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.step();
        let mut chunk = [0; 16 << 10];
        let room = match self.script.cut_heard {
            Some(at) if at <= self.read => return Err(over()),
            Some(at) => (at - self.read).min(chunk.len()),
            None => chunk.len(),
        };
        let count = self.wire.read(&mut chunk[..room])?;
        if count == 0 {
            return Err(over());
        }
        self.read += count;
        self.buffer.extend_from_slice(&chunk[..count]);
        lock(&self.shared.seen).heard += count;
        Ok(())
    }
}

/// The octets of an answer to RETR: lines end with CRLF, dots at their beginning are doubled.
pub fn wire_of(message: &[u8], stuff: bool, dot: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 16);
    let mut rest = message;
    while !rest.is_empty() {
        if stuff && rest.starts_with(b".") {
            out.push(b'.');
        }
        let end = memchr::memmem::find(rest, b"\r\n").map_or(rest.len(), |at| at + 2);
        let (line, more) = rest.split_at(end);
        out.extend_from_slice(line);
        rest = more;
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    if dot {
        out.extend_from_slice(b".\r\n");
    }
    out
}

/// The header, the empty line, and so many lines of the body.
fn top(message: &[u8], lines: usize) -> Vec<u8> {
    let head = memchr::memmem::find(message, b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    let (head, body) = message.split_at(head);
    let mut end = 0;
    for _ in 0..lines {
        let rest = &body[end..];
        end += memchr::memmem::find(rest, b"\r\n").map_or(rest.len(), |at| at + 2);
    }
    [head, &body[..end]].concat()
}
