//! A scripted server on loopback: a thread for each connection, which says what the test wants.
//! It speaks in clear, so the account that leads to it is `imap+plain://127.0.0.1:PORT`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server whose connections are played by one script.
pub struct Fake {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    connections: AtomicUsize,
    heard: Mutex<Vec<u8>>,
}

/// One connection.
pub struct Conn {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    shared: Arc<Shared>,
}

impl Fake {
    /// Plays `script` on each connection.
    pub fn serving(script: impl Fn(&mut Conn) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let (state, script) = (Arc::clone(&shared), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if state.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                state.connections.fetch_add(1, Ordering::SeqCst);
                let mut conn = Conn {
                    reader: BufReader::new(stream.try_clone().unwrap()),
                    writer: stream,
                    shared: Arc::clone(&state),
                };
                let script = Arc::clone(&script);
                thread::spawn(move || script(&mut conn));
            }
        });
        Fake { port, shared }
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Everything that clients said.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.shared.heard.lock().unwrap()).into_owned()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Conn {
    /// Says that; false when nobody listens any more.
    pub fn say(&mut self, text: &str) -> bool {
        !self.shared.stopping.load(Ordering::SeqCst)
            && self.writer.write_all(text.as_bytes()).is_ok()
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let count = self.reader.read_until(b'\n', &mut line).ok()?;
        self.shared.heard.lock().unwrap().extend_from_slice(&line);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        (count > 0).then_some(text)
    }

    /// The next command: tag, and the rest.
    pub fn command(&mut self) -> Option<(String, String)> {
        let line = self.line()?;
        let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
        Some((tag.to_owned(), rest.to_owned()))
    }

    /// Greets and takes any sign-in; then `answer` says what comes before each OK, or `None` to end.
    pub fn serve(
        &mut self,
        capabilities: &str,
        mut answer: impl FnMut(&mut Conn, &str) -> Option<String>,
    ) {
        if !self.say(&format!("* OK [CAPABILITY {capabilities}] ready\r\n")) {
            return;
        }
        while let Some((tag, command)) = self.command() {
            let Some(text) = answer(self, &command) else {
                return;
            };
            if !self.say(&format!("{text}{tag} OK done\r\n")) {
                return;
            }
        }
    }
}

/// What an empty server answers, so that a script only has to know what it is about.
pub fn ordinary(command: &str, messages: u32) -> String {
    let upper = command.to_ascii_uppercase();
    if upper.starts_with("SELECT") || upper.starts_with("EXAMINE") {
        format!(
            "* FLAGS (\\Seen \\Flagged)\r\n* {messages} EXISTS\r\n\
             * OK [PERMANENTFLAGS (\\Seen \\Flagged \\*)] ok\r\n* OK [UIDVALIDITY 7] ok\r\n\
             * OK [UIDNEXT {}] ok\r\n",
            messages + 1
        )
    } else if upper.starts_with("LIST") {
        "* LIST () \"/\" INBOX\r\n".to_owned()
    } else if upper.starts_with("LSUB") {
        "* LSUB () \"/\" INBOX\r\n".to_owned()
    } else if upper.starts_with("UID SEARCH") {
        let all: Vec<String> = (1..=messages).map(|uid| uid.to_string()).collect();
        format!("* SEARCH {}\r\n", all.join(" "))
    } else {
        String::new()
    }
}
