//! The bare IMAP client that checks the other one: it knows lines, literals and tags, and nothing
//! of the library. It is also the yardstick of the benches ("raw").

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use native_tls::{Certificate, TlsConnector, TlsStream};

use super::ca::Ca;

/// The answer to one command.
#[derive(Debug)]
pub struct Answer {
    /// Untagged responses, each with its literals in place.
    pub untagged: Vec<Vec<u8>>,
    /// The tagged line without its tag.
    pub tagged: String,
}

impl Answer {
    /// Whether the command was done.
    pub fn is_ok(&self) -> bool {
        self.tagged.starts_with("OK")
    }

    /// The untagged responses as text.
    pub fn text(&self) -> Vec<String> {
        self.untagged
            .iter()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }
}

/// One message as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its UID.
    pub uid: u32,
    /// Without angle brackets; empty if it has none.
    pub message_id: String,
    /// Sorted, without `\Recent`.
    pub flags: Vec<String>,
    /// RFC822.SIZE.
    pub size: u64,
}

fn listed(line: &str) -> Option<Listed> {
    let (_, items) = line.split_once(" FETCH (")?;
    let (_, rest) = items.split_once("FLAGS (")?;
    let (flags, _) = rest.split_once(')')?;
    let id = items
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    Some(Listed {
        uid: number_after(items, "UID ")?,
        message_id: id.map(|(id, _)| id.to_owned()).unwrap_or_default(),
        flags: sorted(flags),
        size: number_after(items, "RFC822.SIZE ")?.into(),
    })
}

fn sorted(flags: &str) -> Vec<String> {
    let mut flags: Vec<String> = flags
        .split_whitespace()
        .filter(|flag| *flag != "\\Recent")
        .map(str::to_owned)
        .collect();
    flags.sort();
    flags
}

/// One connection over TLS.
pub struct Raw {
    stream: BufReader<TlsStream<TcpStream>>,
    next: u32,
    /// The line before, for the report of a link that ended.
    last: Vec<u8>,
}

impl Raw {
    /// Connects to loopback with the test CA and reads the greeting.
    pub fn connect(port: u16) -> Raw {
        // A signal in the middle of a handshake ends it; the next one is as good.
        let stream = (0..5)
            .find_map(|_| handshake(port))
            .expect("a TLS link to the server");
        let mut raw = Raw {
            stream: BufReader::with_capacity(1 << 16, stream),
            next: 1,
            last: Vec::new(),
        };
        // Dovecot says "Waiting for authentication process" until it is ready.
        while !String::from_utf8_lossy(&raw.response()).contains("CAPABILITY") {}
        raw
    }

    /// Signs in.
    pub fn login(&mut self, user: &str, password: &str) {
        self.ok(&format!("LOGIN {} {}", quoted(user), quoted(password)));
    }

    /// Sends one command and reads to its end, whatever that is.
    pub fn command(&mut self, command: &str) -> Answer {
        let tag = self.send(command);
        self.finish(&tag)
    }

    /// Sends one command, which must be answered by OK.
    pub fn ok(&mut self, command: &str) -> Answer {
        let answer = self.command(command);
        assert!(answer.is_ok(), "{command}: {}", answer.tagged);
        answer
    }

    /// Opens a mailbox and hands the number of its messages back.
    pub fn select(&mut self, mailbox: &str) -> u32 {
        let answer = self.ok(&format!("SELECT {}", quoted(mailbox)));
        let exists = answer.text().iter().find_map(|line| {
            line.strip_prefix("* ")?
                .strip_suffix(" EXISTS")?
                .parse()
                .ok()
        });
        exists.unwrap()
    }

    /// UIDVALIDITY of a mailbox.
    pub fn uidvalidity(&mut self, mailbox: &str) -> u32 {
        let answer = self
            .ok(&format!("STATUS {} (UIDVALIDITY)", quoted(mailbox)))
            .text()
            .concat();
        number_after(&answer, "UIDVALIDITY ").unwrap()
    }

    /// All UIDs of a mailbox, rising.
    pub fn uids(&mut self, mailbox: &str) -> Vec<u32> {
        self.select(mailbox);
        let answer = self.ok("UID SEARCH ALL").text();
        let line = answer
            .iter()
            .find_map(|line| line.strip_prefix("* SEARCH"))
            .unwrap_or_default();
        line.split_whitespace()
            .map(|uid| uid.parse().unwrap())
            .collect()
    }

    /// The flags of a message on the server, sorted, without `\Recent`. `None` if it is not there.
    pub fn flags(&mut self, mailbox: &str, uid: u32) -> Option<Vec<String>> {
        self.select(mailbox);
        let answer = self.ok(&format!("UID FETCH {uid} (FLAGS)")).text();
        let line = answer
            .iter()
            .find(|line| line.contains(" FETCH ") && line.contains(&format!("UID {uid}")))?;
        let (_, rest) = line.split_once("FLAGS (")?;
        let (list, _) = rest.split_once(')')?;
        Some(sorted(list))
    }

    /// Changes flags, as another client would: `change` is `+FLAGS`, `-FLAGS` or `FLAGS`.
    pub fn store(&mut self, mailbox: &str, uid: u32, change: &str, flags: &[&str]) {
        self.select(mailbox);
        self.ok(&format!("UID STORE {uid} {change} ({})", flags.join(" ")));
    }

    /// Removes one message for good.
    pub fn expunge(&mut self, mailbox: &str, uid: u32) {
        self.store(mailbox, uid, "+FLAGS", &["\\Deleted"]);
        self.ok(&format!("UID EXPUNGE {uid}"));
    }

    /// Moves one message with MOVE; false if the server refuses.
    pub fn move_to(&mut self, mailbox: &str, uid: u32, target: &str) -> bool {
        self.select(mailbox);
        self.command(&format!("UID MOVE {uid} {}", quoted(target)))
            .is_ok()
    }

    /// Copies one message; false if the server refuses.
    pub fn copy_to(&mut self, mailbox: &str, uid: u32, target: &str) -> bool {
        self.select(mailbox);
        self.command(&format!("UID COPY {uid} {}", quoted(target)))
            .is_ok()
    }

    /// Creates and subscribes a mailbox; false if the server refuses.
    pub fn create(&mut self, mailbox: &str) -> bool {
        let name = quoted(mailbox);
        self.command(&format!("CREATE {name}")).is_ok()
            && self.command(&format!("SUBSCRIBE {name}")).is_ok()
    }

    /// Renames a mailbox and takes its subscription along; false if the server refuses.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let (old, new) = (quoted(from), quoted(to));
        self.command(&format!("RENAME {old} {new}")).is_ok()
            && self.command(&format!("SUBSCRIBE {new}")).is_ok()
            && self.command(&format!("UNSUBSCRIBE {old}")).is_ok()
    }

    /// Deletes a mailbox with all that is in it; false if the server refuses.
    pub fn delete(&mut self, mailbox: &str) -> bool {
        let name = quoted(mailbox);
        self.command(&format!("DELETE {name}")).is_ok()
            && self.command(&format!("UNSUBSCRIBE {name}")).is_ok()
    }

    /// MESSAGES, UNSEEN and UIDNEXT of a mailbox; `None` if it is not there.
    pub fn status(&mut self, mailbox: &str) -> Option<(u32, u32, u32)> {
        let answer = self.command(&format!(
            "STATUS {} (MESSAGES UNSEEN UIDNEXT)",
            quoted(mailbox)
        ));
        let text = answer.is_ok().then(|| answer.text().concat())?;
        let number = |key| number_after(&text, key);
        Some((
            number("MESSAGES ")?,
            number("UNSEEN ")?,
            number("UIDNEXT ")?,
        ))
    }

    /// All subscribed mailboxes that can be opened, sorted.
    pub fn mailboxes(&mut self) -> Vec<String> {
        let answer = self.ok("LIST (SUBSCRIBED) \"\" * RETURN (CHILDREN)");
        let mut names: Vec<String> = answer
            .text()
            .iter()
            .filter(|line| !line.contains("\\NonExistent") && !line.contains("\\Noselect"))
            .filter_map(|line| line.strip_prefix("* LIST (")?.split_once("\"/\" "))
            .map(|(_, name)| name.trim_matches('"').to_owned())
            .collect();
        if !names.iter().any(|name| name == "INBOX") {
            names.push("INBOX".to_owned());
        }
        names.sort();
        names
    }

    /// Every message of a mailbox in the order of UIDs; `None` if the mailbox cannot be opened.
    pub fn listing(&mut self, mailbox: &str) -> Option<Vec<Listed>> {
        if !self
            .command(&format!("EXAMINE {}", quoted(mailbox)))
            .is_ok()
        {
            return None;
        }
        let answer =
            self.ok("UID FETCH 1:* (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])");
        let mut all: Vec<Listed> = answer.text().iter().filter_map(|l| listed(l)).collect();
        all.sort_by_key(|one| one.uid);
        Some(all)
    }

    /// The whole message as the server holds it.
    pub fn message(&mut self, mailbox: &str, uid: u32) -> Vec<u8> {
        self.select(mailbox);
        let answer = self.ok(&format!("UID FETCH {uid} (BODY.PEEK[])"));
        let line = answer
            .untagged
            .iter()
            .find(|line| line.windows(7).any(|w| w == b" FETCH "))
            .unwrap();
        let start = line.windows(2).position(|w| w == b"\r\n").unwrap() + 2;
        let head = String::from_utf8_lossy(&line[..start]).into_owned();
        let length = literal(head.trim_end().as_bytes()).unwrap();
        line[start..start + length].to_vec()
    }

    /// Appends and hands the UID back (by APPENDUID, else the last one of the mailbox).
    pub fn append(
        &mut self,
        mailbox: &str,
        message: &[u8],
        flags: &[&str],
        date: Option<&str>,
    ) -> u32 {
        let date = date.map(|date| format!("\"{date}\" ")).unwrap_or_default();
        let command = format!(
            "APPEND {} ({}) {date}{{{}+}}\r\n",
            quoted(mailbox),
            flags.join(" "),
            message.len()
        );
        let mut bytes = command.clone().into_bytes();
        bytes.extend_from_slice(message);
        let tag = self.send_bytes(&bytes);
        let answer = self.finish(&tag);
        if answer.tagged.contains("TRYCREATE") {
            self.ok(&format!("CREATE {}", quoted(mailbox)));
            self.ok(&format!("SUBSCRIBE {}", quoted(mailbox)));
            return self.append(mailbox, message, flags, None);
        }
        assert!(answer.tagged.starts_with("OK"), "APPEND: {}", answer.tagged);
        let code = answer
            .tagged
            .split_once("APPENDUID ")
            .and_then(|(_, rest)| rest.split_once(']'));
        match code.and_then(|(pair, _)| pair.split_whitespace().last()?.parse().ok()) {
            Some(uid) => uid,
            None => *self.uids(mailbox).last().unwrap(),
        }
    }

    /// Says goodbye.
    pub fn logout(&mut self) {
        self.command("LOGOUT");
    }

    /// Sends a command, reads its answer to nowhere, and hands the number of bytes back: what any
    /// client has to do at least.
    pub fn drain(&mut self, command: &str) -> u64 {
        let tag = self.send(command);
        let end = format!("{tag} ");
        let mut total = 0;
        loop {
            let line = self.line();
            total += line.len() as u64;
            if line.starts_with(end.as_bytes()) {
                assert!(
                    line[end.len()..].starts_with(b"OK"),
                    "{}",
                    String::from_utf8_lossy(&line)
                );
                return total;
            }
            if let Some(length) = literal(trim(&line)) {
                total += self.skip(length);
            }
        }
    }

    /// Starts IDLE, waits for one untagged response that holds `what`, and ends it.
    pub fn idle_until(&mut self, what: &str) -> String {
        let tag = self.send("IDLE");
        loop {
            let line = String::from_utf8_lossy(&self.response()).into_owned();
            if line.starts_with("* ") && line.contains(what) {
                self.stream.get_mut().write_all(b"DONE\r\n").unwrap();
                self.finish(&tag);
                return line;
            }
        }
    }

    fn send(&mut self, command: &str) -> String {
        self.send_bytes(command.as_bytes())
    }

    fn send_bytes(&mut self, command: &[u8]) -> String {
        let tag = format!("r{}", self.next);
        self.next += 1;
        let mut bytes = format!("{tag} ").into_bytes();
        bytes.extend_from_slice(command);
        bytes.extend_from_slice(b"\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(&bytes).unwrap();
        stream.flush().unwrap();
        tag
    }

    fn finish(&mut self, tag: &str) -> Answer {
        let mut untagged = Vec::new();
        loop {
            let response = self.response();
            match response.strip_prefix(format!("{tag} ").as_bytes()) {
                Some(rest) => {
                    return Answer {
                        untagged,
                        tagged: String::from_utf8_lossy(rest).trim_end().to_owned(),
                    };
                }
                None => untagged.push(trim(&response).to_vec()),
            }
        }
    }

    /// A line with its literals and what follows them.
    fn response(&mut self) -> Vec<u8> {
        let mut all = self.line();
        while let Some(length) = literal(trim(&all)) {
            let start = all.len();
            all.resize(start + length, 0);
            self.stream.read_exact(&mut all[start..]).unwrap();
            let rest = self.line();
            let done = literal(trim(&rest)).is_none();
            all.extend_from_slice(&rest);
            if done {
                break;
            }
        }
        all
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        assert!(
            line.ends_with(b"\n"),
            "the server closed the link after {:?}; before that {:?}",
            String::from_utf8_lossy(&line),
            String::from_utf8_lossy(&self.last),
        );
        self.last.clone_from(&line);
        line
    }

    fn skip(&mut self, mut length: usize) -> u64 {
        let total = length as u64;
        while length > 0 {
            let seen = self.stream.fill_buf().unwrap().len().min(length);
            assert!(seen > 0, "the server closed the link in a literal");
            self.stream.consume(seen);
            length -= seen;
        }
        total
    }
}

pub(super) fn handshake(port: u16) -> Option<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    tcp.set_nodelay(true).unwrap();
    let root = Certificate::from_pem(&fs::read(Ca::shared().root()).unwrap()).unwrap();
    // The check of the certificate is not what this client is for: a test may show a bad one.
    let connector = TlsConnector::builder()
        .add_root_certificate(root)
        .danger_accept_invalid_certs(true)
        .danger_accept_invalid_hostnames(true)
        .build()
        .unwrap();
    connector.connect("localhost", tcp).ok()
}

/// A quoted string.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A line without its end.
pub fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The length that a line announces at its end as `{n}`.
pub fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&line[open + 1..])
        .ok()?
        .trim_end_matches('+')
        .parse()
        .ok()
}

fn number_after(text: &str, key: &str) -> Option<u32> {
    let (_, rest) = text.split_once(key)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}
