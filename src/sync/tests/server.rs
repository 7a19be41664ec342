//! A small IMAP server in memory: mailboxes that a test changes, and a dialogue that it cuts.

mod filing;
mod items;
mod search;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

use super::wire::{argument, literal, mail_bytes, responses, string};
use crate::env::fake::{Faulty, link};
use crate::model::{Flags, UidSet};
use crate::net::{Dial, Later, Link, NetError, Target};

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) uid: u32,
    pub(super) flags: Flags,
    pub(super) modseq: u64,
    pub(super) date: i64,
    pub(super) bytes: Vec<u8>,
}

/// One mailbox.
#[derive(Clone, Debug)]
pub(super) struct Box_ {
    pub(super) validity: u64,
    pub(super) next: u32,
    pub(super) modseq: u64,
    pub(super) mails: Vec<Mail>,
    pub(super) subscribed: bool,
    pub(super) permanent: &'static str,
}

/// What the server has and how it behaves.
pub(super) struct World {
    pub(super) capabilities: String,
    pub(super) password: String,
    pub(super) boxes: BTreeMap<String, Box_>,
    /// The next listing is this instead of the truth.
    pub(super) lies: VecDeque<String>,
    /// UIDVALIDITY and EXISTS of the next answers to SELECT, instead of the truth.
    pub(super) odd_selects: VecDeque<(u64, usize)>,
    /// HIGHESTMODSEQ as told; the truth without.
    pub(super) told_modseq: Option<u64>,
    /// UIDs that no FETCH gives.
    pub(super) withheld: BTreeSet<u32>,
    /// Mailboxes that no SELECT opens.
    pub(super) refused: BTreeSet<String>,
    /// Mailboxes that LIST leaves out.
    pub(super) unlisted: BTreeSet<String>,
    /// What LIST says mailboxes are for (RFC 6154).
    pub(super) uses: BTreeMap<String, &'static str>,
    /// UIDs whose ENVELOPE is NIL, and of which the header does not come either.
    pub(super) garbled: BTreeSet<u32>,
    /// IDLE is offered and refused.
    pub(super) no_idle: bool,
    /// Lines that go out before the data of the next command that holds the words.
    pub(super) extra: Vec<(&'static str, &'static str)>,
    /// Every command that came, without its tag.
    pub(super) commands: Vec<String>,
    /// UIDs whose whole bytes were given, and how often.
    pub(super) given: BTreeMap<String, u32>,
    /// After this many commands the mailboxes get other numbers.
    pub(super) renumber_at: Option<usize>,
    /// It takes bytes and answers nothing any more, on connections that are open.
    pub(super) silent: bool,
    /// Another client that expunges and delivers between any two responses, while this is set.
    pub(super) gremlin: Option<Dice>,
    /// The server restarts: who idles hears this, and the connection ends.
    pub(super) restart: Option<String>,
    /// A sign-in is refused with these words.
    pub(super) refusal: Option<String>,
    /// The greeting is this, and the end of the connection.
    pub(super) farewell: Option<String>,
    /// Whom was dialled, in order.
    pub(super) dialled: Vec<String>,
    /// Commands that a strict reader does not know.
    pub(super) strange: Vec<String>,
    /// After these words of a command the server says nothing more, ever.
    pub(super) mute_at: Option<&'static str>,
    /// Of the answer to that command it still says so many octets.
    pub(super) mute_after: usize,
    /// Octets of the last connection after each line, from and to the client.
    pub(super) marks: Marks,
    /// Commands that hold the first words are answered with the second, once each, and not done.
    pub(super) no: Vec<(&'static str, &'static str)>,
    /// SELECT opens for reading only.
    pub(super) read_only: bool,
    /// Before a command that holds the first words another client renames a mailbox, once each; to
    /// nothing is to delete it.
    pub(super) renames: Vec<(&'static str, &'static str, &'static str)>,
    /// The OK to SELECT waits behind the data of the commands of its flight too.
    pub(super) holds_select: bool,
    /// It says OK without COPYUID and APPENDUID.
    pub(super) no_copyuid: bool,
    /// How often somebody answered to what it had said.
    pub(super) trips: u32,
    /// UIDVALIDITY of the mailbox that was made last.
    pub(super) last_validity: u64,
}

/// A small generator with a fixed seed, so that a failure repeats.
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as u32) % limit
    }
}

/// Where a connection can be cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    pub(super) told: Vec<u64>,
    pub(super) heard: Vec<u64>,
}

/// Where the next connection is cut, in octets that the client reads or writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Reads(u64),
    Writes(u64),
}

/// A handle on the server, and the dialler that leads to it.
#[derive(Clone)]
pub(super) struct Server {
    world: Arc<Mutex<World>>,
    changed: Arc<Notify>,
    cuts: Arc<Mutex<VecDeque<Cut>>>,
}

pub(super) const FULL: &str = "IMAP4rev1 ID ENABLE IDLE NAMESPACE LIST-EXTENDED LIST-STATUS \
    SPECIAL-USE CONDSTORE ESEARCH LITERAL+ UNSELECT";
pub(super) const PLAIN: &str = "IMAP4rev1";

impl Server {
    pub(super) fn new(capabilities: &str) -> Self {
        let world = World {
            capabilities: capabilities.to_owned(),
            password: "secret".to_owned(),
            boxes: BTreeMap::new(),
            lies: VecDeque::new(),
            odd_selects: VecDeque::new(),
            told_modseq: None,
            withheld: BTreeSet::new(),
            refused: BTreeSet::new(),
            unlisted: BTreeSet::new(),
            uses: BTreeMap::new(),
            garbled: BTreeSet::new(),
            no_idle: false,
            extra: Vec::new(),
            commands: Vec::new(),
            given: BTreeMap::new(),
            renumber_at: None,
            silent: false,
            gremlin: None,
            restart: None,
            refusal: None,
            farewell: None,
            dialled: Vec::new(),
            strange: Vec::new(),
            mute_at: None,
            mute_after: 0,
            marks: Marks::default(),
            no: Vec::new(),
            read_only: false,
            renames: Vec::new(),
            holds_select: false,
            no_copyuid: false,
            trips: 0,
            last_validity: 7,
        };
        let server = Self {
            world: Arc::new(Mutex::new(world)),
            changed: Arc::default(),
            cuts: Arc::default(),
        };
        server.create("INBOX", true);
        server
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn create(&self, name: &str, subscribed: bool) {
        let new = Box_::new(7, subscribed);
        self.world().boxes.insert(name.to_owned(), new);
    }

    pub(super) fn change<T>(&self, mailbox: &str, change: impl FnOnce(&mut Box_) -> T) -> T {
        let out = change(self.world().boxes.get_mut(mailbox).unwrap());
        self.changed.notify_waiters();
        out
    }

    /// Whoever idles hears this, and the connection ends.
    pub(super) fn restart(&self, words: &str) {
        self.world().restart = Some(words.to_owned());
        self.changed.notify_waiters();
    }

    pub(super) fn deliver(&self, mailbox: &str, id: &str, size: usize) -> u32 {
        self.change(mailbox, |b| b.deliver(id, size))
    }

    pub(super) fn cut_next(&self, cut: Cut) {
        self.cuts.lock().unwrap().push_back(cut);
    }

    pub(super) fn marks(&self) -> Marks {
        self.world().marks.clone()
    }

    /// The commands since the last call, each by its first words.
    pub(super) fn take_commands(&self) -> Vec<String> {
        std::mem::take(&mut self.world().commands)
    }
}

impl Box_ {
    fn new(validity: u64, subscribed: bool) -> Self {
        Self {
            validity,
            next: 1,
            modseq: 1,
            mails: Vec::new(),
            subscribed,
            permanent: "\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*",
        }
    }

    pub(super) fn deliver(&mut self, id: &str, size: usize) -> u32 {
        let uid = self.next;
        self.next += 1;
        self.modseq += 1;
        self.mails.push(Mail {
            uid,
            flags: Flags::none(),
            modseq: self.modseq,
            date: 1_795_000_000 + i64::from(uid) * 60,
            bytes: mail_bytes(id, size),
        });
        uid
    }

    pub(super) fn flag(&mut self, uid: u32, names: &str, add: bool) {
        self.modseq += 1;
        let modseq = self.modseq;
        let flags = Flags::parse(names.split(' '));
        if let Some(mail) = self.mails.iter_mut().find(|m| m.uid == uid) {
            let now = if add {
                mail.flags.union(&flags)
            } else {
                mail.flags.minus(&flags)
            };
            if now != mail.flags {
                mail.flags = now;
                mail.modseq = modseq;
            }
        }
    }

    pub(super) fn expunge(&mut self, uid: u32) {
        self.modseq += 1;
        self.mails.retain(|m| m.uid != uid);
    }

    /// Other numbers for the same messages.
    pub(super) fn renumber(&mut self) {
        self.validity += 1;
        for mail in &mut self.mails {
            mail.uid += 1000;
        }
        self.next += 1000;
    }
}

impl Dial for Server {
    fn dial(&self, target: Target) -> Later<'static, Result<Link, NetError>> {
        self.world().dialled.push(target.host);
        let (ours, theirs) = tokio::io::duplex(1 << 22);
        let mut stream = Faulty::new(ours);
        match self.cuts.lock().unwrap().pop_front() {
            Some(Cut::Reads(octets)) => stream.reads_left = octets,
            Some(Cut::Writes(octets)) => stream.writes_left = octets,
            None => {}
        }
        let server = self.clone();
        Box::pin(async move {
            tokio::spawn(Talk::new(server, theirs).run());
            Ok(link(Box::new(stream), true))
        })
    }
}

/// One connection.
pub(super) struct Talk {
    server: Server,
    stream: DuplexStream,
    input: Vec<u8>,
    open: Option<String>,
    told: u32,
    held: String,
    marks: Marks,
    /// It has said something since it last heard something.
    spoke: bool,
}

impl Talk {
    pub(super) fn new(server: Server, stream: DuplexStream) -> Self {
        Self {
            server,
            stream,
            input: Vec::new(),
            open: None,
            told: 0,
            held: String::new(),
            marks: Marks::default(),
            spoke: false,
        }
    }

    async fn run(mut self) {
        let farewell = self.server.world().farewell.clone();
        if let Some(farewell) = farewell {
            self.say(&farewell).await;
            return;
        }
        let greeting = format!("* OK [CAPABILITY {}] ready\r\n", self.capabilities());
        if self.say(&greeting).await {
            self.serve().await;
        }
    }

    /// What comes after the greeting.
    pub(super) async fn serve(mut self) {
        while let Some((tag, line)) = self.command().await {
            {
                let mut world = self.server.world();
                world.commands.push(line.clone());
                if world.renumber_at == Some(world.commands.len()) {
                    world.boxes.values_mut().for_each(Box_::renumber);
                }
                world.renamed_by_others(&line);
            }
            let no_idle = self.server.world().no_idle;
            let (answer, end) = if line.to_ascii_uppercase().starts_with("IDLE") && !no_idle {
                let answer = self.idle(&tag).await;
                let end = answer.is_empty();
                (answer, end)
            } else {
                self.answer(&tag, &line)
            };
            self.server.world().marks = self.marks.clone();
            let mute = self.server.world().mute_at;
            if mute.is_some_and(|words| line.contains(words)) {
                let least = self.server.world().mute_after.min(answer.len());
                self.say(&answer[..least]).await;
                // It reads on, as a hanging server does, and answers nothing.
                while self.line().await.is_some() {}
                return;
            }
            let answer = self.extra(&line) + &answer;
            let answer = self.hold_back(&line, answer);
            if !self.say(&answer).await || end {
                return;
            }
            self.server.world().marks = self.marks.clone();
        }
    }

    /// As Dovecot does: while more commands of the flight are there, the tagged answers to FETCH and
    /// STORE wait behind the data of the later ones.
    fn hold_back(&mut self, line: &str, mut answer: String) -> String {
        let more = self.input.windows(2).any(|w| w == b"\r\n");
        let held = ["UID FETCH", "UID STORE"]
            .iter()
            .any(|verb| line.starts_with(verb))
            || line.starts_with("SELECT") && self.server.world().holds_select;
        let body = answer
            .trim_end_matches("\r\n")
            .rfind("\r\n")
            .map_or(0, |at| at + 2);
        let tagged = answer.split_off(body);
        self.held += &tagged;
        if more && held {
            answer
        } else {
            answer + &std::mem::take(&mut self.held)
        }
    }

    fn extra(&self, line: &str) -> String {
        let mut world = self.server.world();
        let at = world.extra.iter().position(|(word, _)| line.contains(word));
        at.map_or(String::new(), |at| world.extra.remove(at).1.to_owned())
    }

    fn capabilities(&self) -> String {
        self.server.world().capabilities.clone()
    }

    /// Says responses, between which others may meddle.
    async fn say(&mut self, text: &str) -> bool {
        if self.server.world().silent {
            std::future::pending::<()>().await;
        }
        if self.server.world().gremlin.is_none() {
            return self.write(text).await;
        }
        for response in responses(text) {
            let meddled = self.meddle();
            if !self.write(&meddled).await || !self.write(response).await {
                return false;
            }
        }
        true
    }

    /// What another client does meanwhile, as this connection hears of it.
    fn meddle(&mut self) -> String {
        let Some(name) = self.open.clone() else {
            return String::new();
        };
        let mut world = self.server.world();
        let Some(mut dice) = world.gremlin.clone() else {
            return String::new();
        };
        let Some(open) = world.boxes.get_mut(&name) else {
            return String::new();
        };
        let mut told = String::new();
        let count = open.mails.len() as u32;
        match dice.below(6) {
            0 | 1 if count > 5 => {
                let seq = dice.below(count);
                let uid = open.mails[seq as usize].uid;
                open.expunge(uid);
                told = format!("* {} EXPUNGE\r\n", seq + 1);
            }
            2 => {
                let id = format!("gremlin{}", dice.0);
                open.deliver(&id, 200);
                told = format!("* {} EXISTS\r\n", open.mails.len());
            }
            _ => {}
        }
        self.told = open.mails.len() as u32;
        world.gremlin = Some(dice);
        told
    }

    async fn write(&mut self, text: &str) -> bool {
        self.spoke |= !text.is_empty();
        let mut at = self.marks.told.last().copied().unwrap_or(0);
        for line in text.split_inclusive("\r\n") {
            at += line.len() as u64;
            self.marks.told.push(at);
        }
        self.stream.write_all(text.as_bytes()).await.is_ok()
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..end + 2).collect();
                let at = self.marks.heard.last().copied().unwrap_or(0);
                self.marks.heard.push(at + line.len() as u64);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).await {
                Ok(n) if n > 0 => {
                    self.server.world().trips += u32::from(std::mem::take(&mut self.spoke));
                    self.input.extend_from_slice(&bytes[..n]);
                }
                _ => return None,
            }
        }
    }

    /// A command as a strict server reads it: literals by their count, and then exactly one line end.
    async fn command(&mut self) -> Option<(String, String)> {
        let mut line = self.line().await?;
        while let Some((octets, waits)) = literal(&line) {
            if waits && !self.say("+ go on\r\n").await {
                return None;
            }
            while self.input.len() < octets {
                let mut bytes = [0; 4096];
                match self.stream.read(&mut bytes).await {
                    Ok(n) if n > 0 => self.input.extend_from_slice(&bytes[..n]),
                    _ => return None,
                }
            }
            let bytes: Vec<u8> = self.input.drain(..octets).collect();
            let rest = self.line().await?;
            line = format!("{line}\r\n{}{rest}", String::from_utf8_lossy(&bytes));
        }
        let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
        Some((tag.to_owned(), rest.to_owned()))
    }

    async fn idle(&mut self, tag: &str) -> String {
        let changed = self.server.changed.clone();
        if !self.say("+ idling\r\n").await {
            return String::new();
        }
        loop {
            let news = changed.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let restart = self.server.world().restart.take();
            if let Some(words) = restart {
                self.say(&words).await;
                return String::new();
            }
            let now = self.exists();
            if now != self.told {
                self.told = now;
                let text = format!("* {now} EXISTS\r\n");
                if !self.say(&text).await {
                    return String::new();
                }
            }
            tokio::select! {
                line = self.line() => {
                    let mute = self.server.world().mute_at == Some("DONE");
                    while mute && self.line().await.is_some() {}
                    return match line {
                        Some(_) => format!("{tag} OK idle ended\r\n"),
                        None => String::new(),
                    };
                }
                () = news => {}
            }
        }
    }

    fn exists(&self) -> u32 {
        let world = self.server.world();
        let open = self.open.as_ref().and_then(|name| world.boxes.get(name));
        open.map_or(0, |b| b.mails.len() as u32)
    }

    fn answer(&mut self, tag: &str, line: &str) -> (String, bool) {
        let upper = line.to_ascii_uppercase();
        let words: Vec<&str> = line.split(' ').collect();
        if let Some(text) = self.file(tag, line) {
            return (text, false);
        }
        let done = |what: &str| format!("{tag} OK {what}\r\n");
        let text = match upper.split(' ').next().unwrap_or("") {
            "LOGIN" => return (self.login(tag, line), false),
            "LOGOUT" => return (format!("* BYE bye\r\n{tag} OK bye\r\n"), true),
            "CAPABILITY" => format!("* CAPABILITY {}\r\n{}", self.capabilities(), done("")),
            "ID" => format!("* ID NIL\r\n{}", done("id")),
            "NAMESPACE" => format!("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n{}", done("ns")),
            "NOOP" => {
                self.told = self.exists();
                format!("* {} EXISTS\r\n{}", self.told, done("noop"))
            }
            "LIST" => self.list(&upper, false, &argument(line, 1)) + &done("list"),
            "LSUB" => self.list(&upper, true, "*") + &done("lsub"),
            "STATUS" => match self.status(&argument(line, 0)) {
                none if none.is_empty() => format!("{tag} NO [NONEXISTENT] no such mailbox\r\n"),
                status => status + &done("status"),
            },
            "SELECT" | "EXAMINE" => return (self.select(tag, &argument(line, 0)), false),
            "FETCH" => self.fetch(line, false) + &done("fetch"),
            "UID" => match words[1].to_ascii_uppercase().as_str() {
                "FETCH" => self.fetch(line, true) + &done("fetch"),
                "SEARCH" => self.search(tag, &upper) + &done("search"),
                "STORE" => self.store(line) + &done("store"),
                _ => self.strange(tag, line),
            },
            _ => self.strange(tag, line),
        };
        (text, false)
    }

    fn strange(&self, tag: &str, line: &str) -> String {
        self.server.world().strange.push(line.to_owned());
        format!("{tag} BAD what\r\n")
    }

    fn login(&mut self, tag: &str, line: &str) -> String {
        if let Some(words) = self.server.world().refusal.clone() {
            return format!("{tag} NO {words}\r\n");
        }
        let right = argument(line, 1) == self.server.world().password;
        if right {
            format!("{tag} OK [CAPABILITY {}] in\r\n", self.capabilities())
        } else {
            format!("{tag} NO [AUTHENTICATIONFAILED] wrong password\r\n")
        }
    }

    fn list(&self, upper: &str, lsub: bool, pattern: &str) -> String {
        let mut text = String::new();
        let names: Vec<(String, bool)> = self
            .server
            .world()
            .boxes
            .iter()
            .map(|(name, b)| (name.clone(), b.subscribed))
            .collect();
        let unlisted = self.server.world().unlisted.clone();
        let uses = self.server.world().uses.clone();
        let names = names
            .into_iter()
            .filter(|(name, _)| !unlisted.contains(name))
            .filter(|(name, _)| pattern == "*" || name == pattern);
        for (name, subscribed) in names {
            if lsub && subscribed {
                text += &format!("* LSUB () \"/\" {}\r\n", string(&name));
            }
            if lsub {
                continue;
            }
            let mark = if subscribed && upper.contains("SUBSCRIBED") {
                "\\Subscribed"
            } else {
                ""
            };
            let used = uses.get(&name).copied();
            let marks = [Some(mark), used].into_iter().flatten();
            let marks: Vec<&str> = marks.filter(|mark| !mark.is_empty()).collect();
            let marks = marks.join(" ");
            text += &format!("* LIST ({marks}) \"/\" {}\r\n", string(&name));
            if upper.contains("STATUS") {
                text += &self.status(&name);
            }
        }
        text
    }

    fn status(&self, name: &str) -> String {
        let world = self.server.world();
        let Some(b) = world.boxes.get(name) else {
            return String::new();
        };
        let unseen = b.mails.iter().filter(|m| !m.flags.has(Flags::SEEN)).count();
        let modseq = if world.capabilities.contains("CONDSTORE") {
            format!(" HIGHESTMODSEQ {}", world.told_modseq.unwrap_or(b.modseq))
        } else {
            String::new()
        };
        format!(
            "* STATUS {} (MESSAGES {} UNSEEN {unseen} UIDNEXT {} UIDVALIDITY {}{modseq})\r\n",
            string(name),
            b.mails.len(),
            b.next,
            b.validity
        )
    }

    fn select(&mut self, tag: &str, name: &str) -> String {
        let mut world = self.server.world();
        let odd = world.odd_selects.pop_front();
        let found = world.boxes.get(name);
        let Some(b) = found.filter(|_| !world.refused.contains(name)) else {
            return format!("{tag} NO [NONEXISTENT] no such mailbox\r\n");
        };
        let mut text = format!(
            "* FLAGS (\\Seen \\Flagged)\r\n* {} EXISTS\r\n* OK [PERMANENTFLAGS ({})] ok\r\n\
             * OK [UIDVALIDITY {}] ok\r\n* OK [UIDNEXT {}] ok\r\n",
            odd.map_or(b.mails.len(), |(_, exists)| exists),
            b.permanent,
            odd.map_or(b.validity, |(validity, _)| validity),
            b.next
        );
        if world.capabilities.contains("CONDSTORE") {
            let modseq = world.told_modseq.unwrap_or(b.modseq);
            text += &format!("* OK [HIGHESTMODSEQ {modseq}] ok\r\n");
        }
        let access = match world.read_only {
            true => "READ-ONLY",
            false => "READ-WRITE",
        };
        text += &format!("{tag} OK [{access}] open\r\n");
        self.told = b.mails.len() as u32;
        self.open = Some(name.to_owned());
        text
    }

    fn fetch(&mut self, line: &str, by_uid: bool) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        let set = set_of(words[if by_uid { 2 } else { 1 }]);
        let upper = line.to_ascii_uppercase();
        let since: u64 = upper
            .split("CHANGEDSINCE ")
            .nth(1)
            .and_then(|rest| rest.trim_end_matches(')').split(' ').next())
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let name = self.open.clone().unwrap_or_default();
        let mut world = self.server.world();
        let mut withheld = world.withheld.clone();
        let garbled = world.garbled.clone();
        if upper.contains("BODY.PEEK[HEADER]") {
            withheld.extend(&garbled);
        }
        let condstore = world.capabilities.contains("CONDSTORE");
        let mails = world
            .boxes
            .get(&name)
            .map(|b| b.mails.clone())
            .unwrap_or_default();
        let last = mails.last().map_or(0, |m| m.uid);
        let mut text = String::new();
        for (seq, mail) in (1u32..).zip(&mails) {
            let number = if by_uid { mail.uid } else { seq };
            let star = by_uid && words[2].ends_with('*') && mail.uid == last;
            let asked = set.contains(crate::model::Uid(number)) || star;
            if !asked || mail.modseq <= since || withheld.contains(&mail.uid) {
                continue;
            }
            if upper.contains("BODY.PEEK[]") {
                *world
                    .given
                    .entry(format!("{name}/{}", mail.uid))
                    .or_default() += 1;
            }
            text += &format!("* {seq} FETCH (");
            let items = items::items(mail, &upper, condstore);
            text += &if garbled.contains(&mail.uid) {
                items.replace("ENVELOPE (", "ENVELOPE NIL X-OLD (")
            } else {
                items
            };
            text += ")\r\n";
        }
        text
    }

    fn store(&self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        let set = set_of(words[2]);
        let add = line.contains("+FLAGS");
        let flags = line
            .split_once("FLAGS.SILENT (")
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let name = self.open.clone().unwrap_or_default();
        let mut world = self.server.world();
        if let Some(b) = world.boxes.get_mut(&name) {
            let uids: Vec<u32> = b.mails.iter().map(|m| m.uid).collect();
            for uid in uids {
                if set.contains(crate::model::Uid(uid)) {
                    b.flag(uid, flags, add);
                }
            }
        }
        String::new()
    }
}

fn set_of(text: &str) -> UidSet {
    UidSet::parse(text).unwrap_or_default()
}
