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
        self.home_that_keeps("all")
    }

    /// A home with alice's account on it; `offline` says what is kept.
    pub fn home_that_keeps(&self, offline: &str) -> Home {
        let home = Home::new();
        let url = format!("imap+plain://alice@127.0.0.1:{}", self.proxy.port());
        let more = ["--offline", offline];
        home.add_account_at("work", "alice", &self.dovecot, &url, &more);
        home
    }

    /// The server is there, or it is not.
    pub fn online(&self, online: bool) {
        self.proxy.set(|faults| faults.refuse = !online);
        if !online {
            self.proxy.cut_now();
        }
    }
}

/// Where a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The command never reaches the server.
    Before,
    /// The server has done it, and its answer is lost.
    After,
}

/// Characters of a line that are kept of each round trip.
const SHOWN: usize = 100;

#[derive(Default)]
struct Shared {
    cut: Mutex<Option<(usize, Cut)>>,
    cuts: AtomicUsize,
    /// What was said in each round trip since the last sign-in.
    turns: Mutex<Vec<Vec<String>>>,
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
                let talk = Arc::new(Talk::default());
                let same = Arc::clone(&talk);
                thread::spawn(move || up(client_in, server, dress, &state, &talk));
                thread::spawn(move || down(server_in, client, dress, &same));
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

    /// Ends the link at the `count`th command from now on, once.
    pub fn cut_at(&self, count: usize, how: Cut) {
        *self.shared.cut.lock().unwrap() = Some((count, how));
    }

    /// How many links were ended so.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// Round trips since the last sign-in: how often a client spoke after the server had.
    pub fn turns(&self) -> usize {
        self.flights().len()
    }

    /// What was said in each of them: first lines of commands, the first words of each.
    pub fn flights(&self) -> Vec<Vec<String>> {
        self.shared.turns.lock().unwrap().clone()
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

/// What both directions of a link know.
#[derive(Default)]
struct Talk {
    /// The tag of the command after whose answer the link ends.
    last: Mutex<Option<String>>,
    /// The server has spoken since the client did.
    spoke: AtomicBool,
}

fn up(client: TcpStream, mut server: TcpStream, dress: Dress, shared: &Shared, talk: &Talk) {
    let mut from = BufReader::with_capacity(1 << 16, &client);
    let mut inside = false;
    loop {
        // What came with the line before it was said without waiting.
        let waited = from.buffer().is_empty();
        let mut text = line(&mut from);
        if text.is_empty() {
            break;
        }
        if talk.spoke.swap(false, Ordering::SeqCst) && waited {
            shared.turns.lock().unwrap().push(Vec::new());
        }
        if is_sign_in(&text) {
            shared.turns.lock().unwrap().clear();
        } else if let Some(flight) = shared.turns.lock().unwrap().last_mut() {
            let shown = String::from_utf8_lossy(super::raw::trim(&text)).into_owned();
            flight.push(shown.chars().take(SHOWN).collect());
        }
        shared.longest.fetch_max(text.len(), Ordering::SeqCst);
        if !inside {
            text = watched(text, dress, shared);
            match due(shared) {
                Some(Cut::Before) => break,
                Some(Cut::After) => *talk.last.lock().unwrap() = tag_of(&text),
                None => {}
            }
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

/// Counts a command; how the link ends, if it ends here.
fn due(shared: &Shared) -> Option<Cut> {
    let mut cut = shared.cut.lock().unwrap();
    let (left, how) = cut.as_mut()?;
    *left -= 1;
    let how = (*left == 0).then_some(*how)?;
    *cut = None;
    shared.cuts.fetch_add(1, Ordering::SeqCst);
    Some(how)
}

fn is_sign_in(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    let command = text.split_once(' ').map_or("", |(_, command)| command);
    command.starts_with("LOGIN ") || command.starts_with("AUTHENTICATE ")
}

fn tag_of(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line).into_owned();
    Some(format!("{} ", text.split_once(' ')?.0))
}

/// Remembers a command; one that is hidden becomes one that Dovecot does not know.
fn watched(text: Vec<u8>, dress: Dress, shared: &Shared) -> Vec<u8> {
    let shown = String::from_utf8_lossy(super::raw::trim(&text)).into_owned();
    let Some((tag, command)) = shown.split_once(' ') else {
        return text;
    };
    let upper = command.to_ascii_uppercase();
    if !is_sign_in(&text) {
        shared.heard.lock().unwrap().push(command.to_owned());
    }
    if !dress.refuses(&upper) {
        return text;
    }
    shared.tried.lock().unwrap().push(command.to_owned());
    format!("{tag} HIDDEN-{command}\r\n").into_bytes()
}

fn down(server: TcpStream, mut client: TcpStream, dress: Dress, talk: &Talk) {
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
        let ends = talk.last.lock().unwrap().clone();
        if let Some(tag) = ends {
            if text.starts_with(tag.as_bytes()) {
                break;
            }
            // All that it says is lost, but for what lets it hear the rest of the command.
            if !text.starts_with(b"+ ") {
                inside = literal(&text, &mut from, &mut std::io::sink());
                continue;
            }
        }
        talk.spoke.store(true, Ordering::SeqCst);
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
