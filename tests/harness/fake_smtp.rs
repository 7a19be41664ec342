//! A scripted submission server on loopback: it takes mail as told, refuses as told, and breaks off
//! at any octet or reply. What it took is counted here, whether or not its OK was delivered.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use native_tls::{Identity, TlsAcceptor};

use super::ca::{Ca, Certificate};

/// How a server behaves; it may be changed between connections.
#[derive(Clone, Debug)]
pub struct Script {
    /// What EHLO says, line by line.
    pub offers: Vec<String>,
    /// When TLS comes.
    pub tls: Tls,
    /// Replies in place of the usual ones: by verb (`MAIL`, `DATA`, `.`, `AUTH`, `greeting`), or by
    /// `RCPT` and the address.
    pub replies: BTreeMap<String, String>,
    /// Closes the link when so many octets were read.
    pub cut_at: Option<usize>,
    /// Closes the link in place of that reply, by the same names.
    pub cut_before: Option<String>,
    /// Says nothing more in place of that reply, and keeps the link.
    pub stall_before: Option<String>,
}

/// When TLS comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    None,
    /// First.
    First(Certificate),
    /// After STARTTLS, whose reply has these octets behind it, in clear.
    Start(Certificate, Vec<u8>),
}

impl Default for Script {
    fn default() -> Script {
        let offers = [
            "PIPELINING",
            "SIZE 52428800",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "AUTH PLAIN LOGIN XOAUTH2",
        ];
        Script {
            offers: offers.map(str::to_owned).into(),
            tls: Tls::None,
            replies: BTreeMap::new(),
            cut_at: None,
            cut_before: None,
            stall_before: None,
        }
    }
}

impl Script {
    /// The same with another reply.
    pub fn reply(mut self, to: &str, reply: &str) -> Script {
        self.replies.insert(to.to_owned(), reply.to_owned());
        self
    }

    /// The same without an offer.
    pub fn without(mut self, offer: &str) -> Script {
        self.offers.retain(|line| !line.starts_with(offer));
        self
    }
}

/// A message that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// From MAIL.
    pub from: String,
    /// From each RCPT.
    pub to: Vec<String>,
    /// The message, without the doubled dots.
    pub bytes: Vec<u8>,
}

impl Delivered {
    /// The message as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// A running server.
pub struct FakeSmtp {
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
    connections: usize,
    delivered: Vec<Delivered>,
    heard: Vec<u8>,
    replies: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeSmtp {
    /// Starts one.
    pub fn start(script: Script) -> FakeSmtp {
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
                    // How a link ends is what the test is about.
                    let _ = Conn::serve(&shared, script, stream);
                    shared.stirred.notify_all();
                });
            }
        });
        FakeSmtp { port, shared }
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `smtp+plain://…`, or with TLS as the script has it.
    pub fn url(&self) -> String {
        match lock(&self.shared.script).tls {
            Tls::None => format!("smtp+plain://127.0.0.1:{}", self.port),
            Tls::First(_) => format!("smtps://localhost:{}", self.port),
            Tls::Start(..) => format!("smtp://localhost:{}", self.port),
        }
    }

    /// Behaves otherwise from the next connection on.
    pub fn now(&self, script: Script) {
        *lock(&self.shared.script) = script;
    }

    /// Calls `step` each time before it says or hears anything.
    pub fn at_each_step(&self, step: impl FnMut() + Send + 'static) {
        *lock(&self.shared.step) = Some(Box::new(step));
    }

    /// What it took.
    pub fn delivered(&self) -> Vec<Delivered> {
        lock(&self.shared.seen).delivered.clone()
    }

    /// Forgets what it took and heard.
    pub fn forget(&self) {
        *lock(&self.shared.seen) = Seen::default();
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        lock(&self.shared.seen).connections
    }

    /// Everything that clients said, under TLS too.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&lock(&self.shared.seen).heard).into_owned()
    }

    /// Octets that clients said.
    pub fn octets(&self) -> usize {
        lock(&self.shared.seen).heard.len()
    }

    /// Waits until `done` says so of what clients said.
    pub fn until_heard(&self, what: &str, done: impl Fn(&str) -> bool) {
        let seen = lock(&self.shared.seen);
        let limit = Duration::from_secs(30);
        let (seen, over) = self
            .shared
            .stirred
            .wait_timeout_while(seen, limit, |seen| {
                !done(&String::from_utf8_lossy(&seen.heard))
            })
            .unwrap();
        drop(seen);
        assert!(!over.timed_out(), "not heard: {what}");
    }
}

impl Drop for FakeSmtp {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A link, in clear or not.
pub(super) trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

struct Conn<'a> {
    shared: &'a Shared,
    script: Script,
    wire: Box<dyn Wire>,
    buffer: Vec<u8>,
    read: usize,
}

/// The end of a link that the script wants.
fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl Conn<'_> {
    fn serve(shared: &Shared, script: Script, socket: TcpStream) -> io::Result<()> {
        socket.set_read_timeout(Some(Duration::from_secs(60)))?;
        let wire: Box<dyn Wire> = match &script.tls {
            Tls::First(certificate) => secured(*certificate, socket.try_clone()?)?,
            Tls::None | Tls::Start(..) => Box::new(socket.try_clone()?),
        };
        let mut conn = Conn {
            shared,
            script,
            wire,
            buffer: Vec::new(),
            read: 0,
        };
        conn.say("greeting", "220 fake.example ESMTP")?;
        let outcome = conn.talk(&socket);
        // A reset would take our last words away from the client.
        let _ = socket.shutdown(std::net::Shutdown::Write);
        outcome
    }

    fn talk(&mut self, socket: &TcpStream) -> io::Result<()> {
        let mut from = String::new();
        let mut to: Vec<String> = Vec::new();
        loop {
            let line = self.line()?;
            let verb = line.split([' ', ':']).next().unwrap_or("").to_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let offers = self.script.offers.clone();
                    let reply: Vec<String> = std::iter::once("fake.example".to_owned())
                        .chain(offers)
                        .collect();
                    let last = reply.len() - 1;
                    let text: Vec<String> = reply
                        .iter()
                        .enumerate()
                        .map(|(at, line)| {
                            format!("250{}{line}", if at == last { ' ' } else { '-' })
                        })
                        .collect();
                    self.say("EHLO", &text.join("\r\n"))?;
                }
                "STARTTLS" => {
                    let Tls::Start(certificate, injected) = self.script.tls.clone() else {
                        self.say("STARTTLS", "502 no")?;
                        continue;
                    };
                    let mut text = b"220 go\r\n".to_vec();
                    text.extend_from_slice(&injected);
                    self.wire.write_all(&text)?;
                    self.wire = secured(certificate, socket.try_clone()?)?;
                    self.script.offers.retain(|line| line != "STARTTLS");
                }
                "AUTH" => self.auth(&line)?,
                "MAIL" => {
                    from = address(&line);
                    to.clear();
                    self.say("MAIL", "250 2.1.0 Ok")?;
                }
                "RCPT" => {
                    let rcpt = address(&line);
                    let reply = self.say(&format!("RCPT {rcpt}"), "250 2.1.5 Ok")?;
                    if reply.starts_with('2') {
                        to.push(rcpt);
                    }
                }
                "DATA" => {
                    let usual = match to.is_empty() {
                        true => "554 5.5.1 no valid recipients",
                        false => "354 end with a dot",
                    };
                    if self.say("DATA", usual)?.starts_with('3') {
                        let bytes = self.message()?;
                        let taken = self.script.replies.get(".").cloned();
                        if taken.is_none_or(|reply| reply.starts_with('2')) {
                            lock(&self.shared.seen).delivered.push(Delivered {
                                from: from.clone(),
                                to: to.clone(),
                                bytes,
                            });
                        }
                        self.say(".", "250 2.0.0 Ok: queued as 4711")?;
                    }
                }
                "RSET" => {
                    to.clear();
                    self.say("RSET", "250 2.0.0 Ok")?;
                }
                "NOOP" => drop(self.say("NOOP", "250 2.0.0 Ok")?),
                "QUIT" => {
                    self.say("QUIT", "221 2.0.0 Bye")?;
                    return Ok(());
                }
                _ => drop(self.say("?", "500 5.5.2 what?")?),
            }
        }
    }

    fn auth(&mut self, line: &str) -> io::Result<()> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or("").to_uppercase();
        if mechanism == "LOGIN" {
            self.wire.write_all(b"334 VXNlcm5hbWU6\r\n")?;
            self.line()?;
            self.wire.write_all(b"334 UGFzc3dvcmQ6\r\n")?;
            self.line()?;
        }
        self.say("AUTH", "235 2.7.0 welcome").map(|_| ())
    }

    /// Reads up to the dot.
    fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let line = self.raw_line()?;
            if line == b".\r\n" {
                return Ok(bytes);
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    /// Says the reply of the script, or else `usual`.
    fn say(&mut self, name: &str, usual: &str) -> io::Result<String> {
        self.step();
        if self.script.cut_before.as_deref() == Some(name) {
            return Err(over());
        }
        if self.script.stall_before.as_deref() == Some(name) {
            while !self.shared.stopping.load(Ordering::SeqCst) {
                self.fill()?;
            }
            return Err(over());
        }
        let reply = self.script.replies.get(name).map_or(usual, String::as_str);
        let reply = reply.to_owned();
        self.wire.write_all(format!("{reply}\r\n").as_bytes())?;
        lock(&self.shared.seen).replies += 1;
        Ok(reply)
    }

    fn line(&mut self) -> io::Result<String> {
        let line = self.raw_line()?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn raw_line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                return Ok(self.buffer.drain(..at + 2).collect());
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
        let room = match self.script.cut_at {
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
        lock(&self.shared.seen)
            .heard
            .extend_from_slice(&chunk[..count]);
        self.shared.stirred.notify_all();
        Ok(())
    }
}

/// TLS over a socket that a client has connected.
pub(super) fn secured(certificate: Certificate, socket: TcpStream) -> io::Result<Box<dyn Wire>> {
    let (chain, key) = Ca::shared().pair(certificate);
    let identity =
        Identity::from_pkcs8(&fs::read(chain)?, &fs::read(key)?).map_err(io::Error::other)?;
    let acceptor = TlsAcceptor::new(identity).map_err(io::Error::other)?;
    let stream = acceptor
        .accept(socket)
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(Box::new(stream))
}

fn address(line: &str) -> String {
    let inner = line.split_once('<').map_or("", |(_, rest)| rest);
    inner
        .split_once('>')
        .map_or(inner, |(address, _)| address)
        .to_owned()
}
