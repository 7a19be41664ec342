//! The transcript player.

use std::path::Path;
use std::time::Duration;

use super::describe;
use crate::imap::{
    Body, Command, Criterion, FetchItem, Machine, MailboxName, Mechanism, Options, Partial,
    Section, Security, SequenceSet, StatusItem, StoreVerb,
};
use crate::model::{FlagChange, Flags, PartPath, Uid, UidSet};
use crate::protocol::{Output, Protocol, Tag, Time, Upgrade};

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Submit(String),
    Client(String),
    Server(String),
    Says(String),
    Wait(u64),
    /// Octets for an APPEND.
    Supply(u32, String),
}

pub(super) struct Transcript {
    pub security: Security,
    pub steps: Vec<Step>,
}

pub(super) fn read(text: &str) -> Transcript {
    let mut transcript = Transcript {
        security: Security::Tls,
        steps: Vec::new(),
    };
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (sign, rest) = line.split_at(line.find(' ').map_or(line.len(), |at| at + 1));
        let rest = rest.to_owned();
        match sign.trim_end() {
            "#" => {}
            "@" if rest == "starttls" => transcript.security = Security::StartTls,
            "@" if rest == "plain" => transcript.security = Security::Plain,
            ">" => transcript.steps.push(Step::Submit(rest)),
            "C:" => transcript.steps.push(Step::Client(rest)),
            "S:" => transcript.steps.push(Step::Server(rest)),
            "=" => transcript.steps.push(Step::Says(rest)),
            "<" => {
                let (tag, text) = rest.split_once(' ').unwrap();
                let step = Step::Supply(tag.parse().unwrap(), text.to_owned());
                transcript.steps.push(step);
            }
            "T" => transcript.steps.push(Step::Wait(rest.parse().unwrap())),
            _ => panic!("{line}"),
        }
    }
    transcript
}

/// A machine and all that it said and sent.
pub(super) struct Player {
    pub machine: Machine,
    pub now: Time,
    pub said: Vec<String>,
    pub sent: Vec<u8>,
    /// Client octets not yet asked for by a `C:` line.
    unread: Vec<u8>,
}

impl Player {
    pub fn new(security: Security) -> Self {
        let mut player = Self {
            machine: Machine::new(Options::new(security, Time::default())),
            now: Time::default(),
            said: Vec::new(),
            sent: Vec::new(),
            unread: Vec::new(),
        };
        player.drain();
        player
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let taken = self.machine.feed(&bytes[at..], self.now);
            assert!(taken > 0 || !self.said.is_empty(), "nothing taken");
            at += taken;
            self.drain();
            if taken == 0 {
                return;
            }
        }
    }

    pub fn submit(&mut self, command: Command) {
        self.machine.submit(command);
        self.drain();
    }

    /// Gives octets for an APPEND; `\\n` is a line end.
    pub fn supply(&mut self, tag: u32, text: &str) {
        let bytes = text.replace("\\n", "\r\n").into_bytes();
        self.machine.supply(Tag(tag), bytes);
        self.drain();
    }

    pub fn wait(&mut self, seconds: u64) {
        // A session calls as soon as the deadline is there, so that it is armed now.
        self.machine.handle_timeout(self.now);
        self.now = self.now.after(Duration::from_secs(seconds));
        self.machine.handle_timeout(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            let mut moved = false;
            while let Some(transmit) = self.machine.poll_transmit() {
                moved = true;
                self.sent.extend_from_slice(&transmit.bytes);
                self.unread.extend_from_slice(&transmit.bytes);
                for range in &transmit.secret {
                    assert!(transmit.bytes.get(range.clone()).is_some());
                }
            }
            while let Some(output) = self.machine.poll_event() {
                moved = true;
                self.said.push(describe(&output));
                if let Output::Upgrade(Upgrade::Tls) = output {
                    self.machine.upgraded(Upgrade::Tls);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn client_line(&mut self) -> String {
        let end = self.unread.windows(2).position(|two| two == b"\r\n");
        let line: Vec<u8> = match end {
            Some(end) => self.unread.drain(..end + 2).collect(),
            None => std::mem::take(&mut self.unread),
        };
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }
}

/// Plays the steps and returns what was said; `piece` is how many octets go in at a time.
pub(super) fn play(name: &str, transcript: &Transcript, piece: usize) -> Vec<String> {
    let mut player = Player::new(transcript.security);
    let mut heard = 0;
    for step in &transcript.steps {
        match step {
            Step::Submit(text) => player.submit(command(text)),
            Step::Client(text) => assert_eq!(player.client_line(), *text, "{name}"),
            Step::Server(text) => {
                let line = format!("{text}\r\n");
                line.as_bytes()
                    .chunks(piece)
                    .for_each(|part| player.feed(part));
            }
            Step::Says(text) => {
                let said = player.said.get(heard).map(String::as_str);
                assert_eq!(said, Some(text.as_str()), "{name}");
                heard += 1;
            }
            Step::Wait(seconds) => player.wait(*seconds),
            Step::Supply(tag, text) => player.supply(*tag, text),
        }
    }
    let more = player.said.get(heard..).unwrap();
    assert!(more.is_empty(), "{name} says more: {more:#?}");
    assert_eq!(
        String::from_utf8_lossy(&player.unread),
        "",
        "{name} sends more"
    );
    player.said
}

/// Plays the first `cut` steps without checking, then lets time pass: what was said is the
/// beginning of what the whole says.
fn play_cut(name: &str, transcript: &Transcript, cut: usize, whole: &[String]) {
    let mut player = Player::new(transcript.security);
    for step in &transcript.steps[..cut] {
        match step {
            Step::Submit(text) => player.submit(command(text)),
            Step::Server(text) => player.feed(format!("{text}\r\n").as_bytes()),
            Step::Wait(seconds) => player.wait(*seconds),
            Step::Supply(tag, text) => player.supply(*tag, text),
            Step::Client(_) | Step::Says(_) => {}
        }
    }
    assert!(player.said.len() <= whole.len(), "{name} cut at {cut}");
    assert_eq!(
        player.said[..],
        whole[..player.said.len()],
        "{name} cut at {cut}"
    );
    // An answer that never comes is an end, not a wait for ever.
    let owed = player.machine.poll_timeout().is_some();
    let before = player.said.len();
    player.wait(3600);
    assert_eq!(player.said.len() > before, owed, "{name} cut at {cut}");
}

#[test]
fn every_transcript_plays_whole_split_at_every_octet_and_cut_after_every_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/imap");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".txt") || name == "imap-lines.txt" {
            continue;
        }
        let transcript = read(&std::fs::read_to_string(&path).unwrap());
        let whole = play(&name, &transcript, usize::MAX);
        assert_eq!(play(&name, &transcript, 1), whole);
        for cut in 0..=transcript.steps.len() {
            play_cut(&name, &transcript, cut, &whole);
        }
        played += 1;
    }
    assert!(played >= 10, "{played} transcripts");
}

fn flags(words: &[&str]) -> Flags {
    FlagChange::add(Flags::parse(words.iter().copied())).add
}

fn mailbox(words: &[&str]) -> MailboxName {
    MailboxName::encode(&words.join(" "))
}

/// A command from its words.
fn command(text: &str) -> Command {
    let words: Vec<&str> = text.split(' ').collect();
    let (verb, rest) = words.split_first().unwrap();
    match *verb {
        "capability" => Command::Capability,
        "noop" => Command::Noop,
        "logout" => Command::Logout,
        "unselect" => Command::Unselect,
        "namespace" => Command::Namespace,
        "idle" => Command::Idle,
        "done" => Command::Done,
        "login" => Command::Login {
            user: rest[0].to_owned(),
            password: rest[1].into(),
        },
        "plain" => Command::Authenticate(Mechanism::Plain {
            user: rest[0].to_owned(),
            password: rest[1].into(),
        }),
        "xoauth2" => Command::Authenticate(Mechanism::XOAuth2 {
            user: rest[0].to_owned(),
            token: rest[1].into(),
        }),
        "enable" => Command::Enable(rest.iter().map(|w| (*w).to_owned()).collect()),
        "id" => Command::Id(
            rest.chunks(2)
                .map(|two| (two[0].to_owned(), two[1].to_owned()))
                .collect(),
        ),
        "list" => Command::List {
            reference: MailboxName::default(),
            pattern: MailboxName::encode("*"),
            special_use: rest.contains(&"special-use"),
            subscribed: rest.contains(&"subscribed"),
            status: if rest.contains(&"status") {
                vec![StatusItem::Messages, StatusItem::UidNext]
            } else {
                Vec::new()
            },
        },
        "lsub" => Command::Lsub {
            reference: MailboxName::default(),
            pattern: MailboxName::encode("*"),
        },
        "status" => Command::Status {
            mailbox: mailbox(rest),
            items: vec![StatusItem::Messages, StatusItem::Unseen],
        },
        "select" => Command::Select {
            mailbox: mailbox(rest),
            condstore: false,
        },
        "select-condstore" => Command::Select {
            mailbox: mailbox(rest),
            condstore: true,
        },
        "examine" => Command::Examine {
            mailbox: mailbox(rest),
            condstore: false,
        },
        "fetch" => fetch(rest),
        "search" => Command::Search {
            uid: true,
            criteria: vec![Criterion::Subject(rest.join(" "))],
            esearch: false,
        },
        "esearch" => Command::Search {
            uid: true,
            criteria: vec![Criterion::UidFrom(Uid(rest[0].parse().unwrap()))],
            esearch: true,
        },
        "store" => Command::Store {
            uids: UidSet::parse(rest[0]).unwrap(),
            verb: if rest[1] == "+" {
                StoreVerb::Add
            } else {
                StoreVerb::Remove
            },
            flags: flags(&rest[2..]),
            unchanged_since: None,
        },
        "copy" => Command::Copy {
            uids: UidSet::parse(rest[0]).unwrap(),
            mailbox: mailbox(&rest[1..]),
        },
        "move" => Command::Move {
            uids: UidSet::parse(rest[0]).unwrap(),
            mailbox: mailbox(&rest[1..]),
        },
        "expunge" => Command::Expunge {
            uids: UidSet::parse(rest[0]).unwrap(),
        },
        // append MAILBOX DATE FLAGS… = TEXT, or < OCTETS for one that is asked for in pieces.
        "append" => append(rest),
        "create" => Command::Create {
            mailbox: mailbox(&rest[..1]),
            special_use: rest[1..].iter().map(|w| (*w).to_owned()).collect(),
        },
        "rename" => Command::Rename {
            from: mailbox(&rest[..1]),
            to: mailbox(&rest[1..]),
        },
        "delete" => Command::Delete {
            mailbox: mailbox(rest),
        },
        "subscribe" => Command::Subscribe {
            mailbox: mailbox(rest),
        },
        "unsubscribe" => Command::Unsubscribe {
            mailbox: mailbox(rest),
        },
        "store-unless" => Command::Store {
            uids: UidSet::parse(rest[0]).unwrap(),
            verb: StoreVerb::Add,
            flags: flags(&rest[2..]),
            unchanged_since: rest[1].parse().ok(),
        },
        _ => panic!("{text}"),
    }
}

fn append(words: &[&str]) -> Command {
    let at = words.iter().position(|w| matches!(*w, "=" | "<")).unwrap();
    let text = words[at + 1..].join(" ");
    Command::Append {
        mailbox: mailbox(&words[..1]),
        date: words[1].parse().ok(),
        flags: flags(&words[2..at]),
        body: match words[at] {
            "=" => Body::Whole(text.into_bytes().into()),
            _ => Body::Source {
                source: 7,
                length: text.parse().unwrap(),
            },
        },
    }
}

fn fetch(words: &[&str]) -> Command {
    let mut changed_since = None;
    let mut items = Vec::new();
    for word in &words[1..] {
        items.push(match *word {
            "flags" => FetchItem::Flags,
            "uid" => FetchItem::Uid,
            "date" => FetchItem::InternalDate,
            "size" => FetchItem::Size,
            "envelope" => FetchItem::Envelope,
            "structure" => FetchItem::BodyStructure,
            "modseq" => FetchItem::ModSeq,
            "emailid" => FetchItem::EmailId,
            "threadid" => FetchItem::ThreadId,
            "gm-msgid" => FetchItem::GmMsgId,
            "fields" => FetchItem::HeaderFields(vec!["REFERENCES".into(), "LIST-ID".into()]),
            word => match word.split_once(':').unwrap() {
                ("since", modseq) => {
                    changed_since = modseq.parse().ok();
                    continue;
                }
                ("body", path) => FetchItem::Body {
                    section: Section::Part(PartPath::parse(path).unwrap()),
                    partial: None,
                },
                ("window", from) => FetchItem::Body {
                    section: Section::Part(PartPath::root()),
                    partial: Some(Partial {
                        from: from.parse().unwrap(),
                        length: 65_536,
                    }),
                },
                _ => panic!("{word}"),
            },
        });
    }
    let set = match words[0].strip_prefix("seq:") {
        Some(range) => {
            let (low, high) = range.split_once('-').unwrap();
            SequenceSet::Seq(low.parse().unwrap(), high.parse().unwrap())
        }
        None => SequenceSet::Uid(UidSet::parse(words[0]).unwrap()),
    };
    Command::Fetch {
        set,
        items,
        changed_since,
        vanished: changed_since.is_some(),
    }
}
