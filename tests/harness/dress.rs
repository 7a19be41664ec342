//! Dovecot in three dresses, and a filter before it that makes the lesser two honest.
//!
//! Dovecot executes MOVE and UID EXPUNGE and tells COPYUID and APPENDUID whatever its capability
//! line names. The filter answers hidden commands with Dovecot's own BAD, takes hidden response
//! codes out, and remembers who tried: a client that uses what was not offered is caught.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::dovecot::{Dovecot, Options};
use super::program::Home;
use super::proxy::Proxy;

/// What the server can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// All that Dovecot can.
    Full,
    /// No MOVE: a move is COPY, STORE and UID EXPUNGE.
    NoMove,
    /// Neither MOVE nor UIDPLUS: no UID EXPUNGE, no COPYUID, no APPENDUID.
    NoUidPlus,
}

impl Dress {
    /// All of them.
    pub const ALL: [Dress; 3] = [Dress::Full, Dress::NoMove, Dress::NoUidPlus];

    /// The capabilities that are not named.
    pub fn hides(self) -> &'static [&'static str] {
        match self {
            Dress::Full => &[],
            Dress::NoMove => &["MOVE"],
            Dress::NoUidPlus => &["MOVE", "UIDPLUS"],
        }
    }

    /// Whether a command needs what is hidden.
    fn refuses(self, command: &str) -> bool {
        let (moves, expunges) = (
            command.starts_with("MOVE ") || command.starts_with("UID MOVE "),
            command.starts_with("UID EXPUNGE "),
        );
        match self {
            Dress::Full => false,
            Dress::NoMove => moves,
            Dress::NoUidPlus => moves || expunges,
        }
    }
}

/// A server in one dress, behind a filter and a faulty line. The program reaches it in clear.
pub struct Dressed {
    /// What it can do.
    pub dress: Dress,
    /// The server itself, for clients that are not filtered.
    pub dovecot: Dovecot,
    /// What hides.
    pub filter: Filter,
    /// What cuts, delays and counts.
    pub proxy: Proxy,
}

impl Dressed {
    /// Starts all three; `None` (and said why) where Dovecot is missing.
    pub fn start(dress: Dress) -> Option<Dressed> {
        let dovecot = Dovecot::with(Options {
            hide: dress.hides().to_vec(),
            ..Options::default()
        })?;
        let filter = Filter::before(dovecot.imap_port(), dress);
        let proxy = Proxy::before(filter.port());
        Some(Dressed {
            dress,
            dovecot,
            filter,
            proxy,
        })
    }

    /// A home with alice's account on it; everything is kept off line.
    pub fn home(&self) -> Home {
        let home = Home::new();
        self.join(&home);
        home
    }

    /// Adds alice's account to a home.
    pub fn join(&self, home: &Home) {
        let url = format!("imap+plain://alice@127.0.0.1:{}", self.proxy.port());
        home.add_account_at("work", "alice", &self.dovecot, &url, &["--offline", "all"]);
    }

    /// The server is there, or it is not.
    pub fn online(&self, online: bool) {
        self.proxy.set(|faults| faults.refuse = !online);
        if !online {
            self.proxy.cut_now();
        }
    }
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    tried: Mutex<Vec<String>>,
    heard: Mutex<Vec<String>>,
    longest: AtomicUsize,
}

/// Hands lines and literals on between client and server, in clear, and hides what the dress hides.
pub struct Filter {
    port: u16,
    shared: Arc<Shared>,
}

impl Filter {
    /// Listens on loopback before the clear port of a server.
    pub fn before(target: u16, dress: Dress) -> Filter {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if state.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", target)))
                else {
                    continue;
                };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (client_in, server_in) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let state = Arc::clone(&state);
                thread::spawn(move || up(client_in, server, dress, &state));
                thread::spawn(move || down(server_in, client, dress));
            }
        });
        Filter { port, shared }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Hidden commands that a client sent all the same.
    pub fn tried(&self) -> Vec<String> {
        self.shared.tried.lock().unwrap().clone()
    }

    /// First lines of all commands so far, without their tags and without sign-ins.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Forgets what was heard and how long it was.
    pub fn forget(&self) {
        self.shared.heard.lock().unwrap().clear();
        self.shared.longest.store(0, Ordering::SeqCst);
    }

    /// Octets of the longest line of a client, without what it sent as literals.
    pub fn longest_line(&self) -> usize {
        self.shared.longest.load(Ordering::SeqCst)
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A line with its end; empty at the end of the stream.
fn line(from: &mut impl BufRead) -> Vec<u8> {
    let mut line = Vec::new();
    match from.read_until(b'\n', &mut line) {
        Ok(_) => line,
        Err(_) => Vec::new(),
    }
}

/// Hands the literal on that a line announced at its end; false when there is none.
fn literal(line: &[u8], from: &mut impl Read, to: &mut impl Write) -> bool {
    let Some(length) = super::raw::literal(super::raw::trim(line)) else {
        return false;
    };
    std::io::copy(&mut from.take(length as u64), to).is_ok_and(|count| count == length as u64)
}

fn up(client: TcpStream, mut server: TcpStream, dress: Dress, shared: &Shared) {
    let mut from = BufReader::with_capacity(1 << 16, &client);
    let mut inside = false;
    loop {
        let mut text = line(&mut from);
        if text.is_empty() {
            break;
        }
        shared.longest.fetch_max(text.len(), Ordering::SeqCst);
        if !inside {
            text = watched(text, dress, shared);
        }
        if server.write_all(&text).is_err() {
            break;
        }
        inside = literal(&text, &mut from, &mut server);
    }
    let _ = (
        client.shutdown(Shutdown::Both),
        server.shutdown(Shutdown::Both),
    );
}

/// Remembers a command; one that is hidden becomes one that Dovecot does not know.
fn watched(text: Vec<u8>, dress: Dress, shared: &Shared) -> Vec<u8> {
    let shown = String::from_utf8_lossy(super::raw::trim(&text)).into_owned();
    let Some((tag, command)) = shown.split_once(' ') else {
        return text;
    };
    let upper = command.to_ascii_uppercase();
    if !upper.starts_with("LOGIN") && !upper.starts_with("AUTHENTICATE") {
        shared.heard.lock().unwrap().push(command.to_owned());
    }
    if !dress.refuses(&upper) {
        return text;
    }
    shared.tried.lock().unwrap().push(command.to_owned());
    format!("{tag} HIDDEN-{command}\r\n").into_bytes()
}

fn down(server: TcpStream, mut client: TcpStream, dress: Dress) {
    let mut from = BufReader::with_capacity(1 << 16, &server);
    let mut inside = false;
    loop {
        let mut text = line(&mut from);
        if text.is_empty() {
            break;
        }
        if dress == Dress::NoUidPlus && !inside {
            text = without_code(text);
        }
        if client.write_all(&text).is_err() {
            break;
        }
        inside = literal(&text, &mut from, &mut client);
    }
    let _ = (
        client.shutdown(Shutdown::Both),
        server.shutdown(Shutdown::Both),
    );
}

/// A status response without the codes of UIDPLUS.
fn without_code(text: Vec<u8>) -> Vec<u8> {
    for code in ["[COPYUID ", "[APPENDUID "] {
        let Some(at) = memchr::memmem::find(&text, code.as_bytes()) else {
            continue;
        };
        let shown = String::from_utf8_lossy(&text[..at]).into_owned();
        if !shown.ends_with(" OK ") {
            continue;
        }
        let end = at + memchr::memchr(b']', &text[at..]).unwrap() + 1;
        let rest = text[end..].strip_prefix(b" ").unwrap_or(&text[end..]);
        return [&text[..at], rest].concat();
    }
    text
}
