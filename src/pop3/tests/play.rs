//! The transcript player.

use std::path::Path;
use std::time::Duration;

use super::describe;
use crate::pop3::{Command, Machine, Options, Security, SignIn, Way};
use crate::protocol::{Output, Protocol, Time, Upgrade};

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Submit(String),
    Client(String),
    Server(Vec<u8>),
    Says(String),
    Wait(u64),
}

struct Transcript {
    security: Security,
    steps: Vec<Step>,
}

fn read(text: &str) -> Transcript {
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
            "S:" => {
                let octets = octets(&format!("{rest}\\r\\n"));
                transcript.steps.push(Step::Server(octets));
            }
            "S~" => transcript.steps.push(Step::Server(octets(&rest))),
            "=" => transcript.steps.push(Step::Says(rest)),
            "T" => transcript.steps.push(Step::Wait(rest.parse().unwrap())),
            _ => panic!("{line}"),
        }
    }
    transcript
}

/// What a line with escapes stands for.
fn octets(text: &str) -> Vec<u8> {
    let text = text.replace("\\r", "\r").replace("\\n", "\n");
    text.replace("\\0", "\0").replace("\\\\", "\\").into_bytes()
}

/// A machine and all that it said and sent.
pub(super) struct Player {
    pub machine: Machine,
    pub now: Time,
    pub said: Vec<String>,
    pub sent: Vec<u8>,
    /// What a log may show of what was sent.
    pub log: String,
    /// Client octets not yet asked for by a `C:` line.
    unread: Vec<u8>,
}

impl Player {
    pub fn new(security: Security) -> Self {
        Self::with(Options::new(security, Time::default()))
    }

    pub fn with(options: Options) -> Self {
        let mut player = Self {
            machine: Machine::new(options),
            now: Time::default(),
            said: Vec::new(),
            sent: Vec::new(),
            log: String::new(),
            unread: Vec::new(),
        };
        player.drain();
        player
    }

    /// A server that speaks line by line.
    pub fn feed(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|octet| *octet == b'\n') {
            self.feed_at_once(line);
        }
    }

    /// A server that does not listen before it has said all this.
    pub fn feed_at_once(&mut self, bytes: &[u8]) {
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

    pub fn wait(&mut self, seconds: u64) {
        // A session calls as soon as the deadline is there, so that it is armed now.
        self.machine.handle_timeout(self.now);
        self.now = self.now.after(Duration::from_secs(seconds));
        self.machine.handle_timeout(self.now);
        self.drain();
    }

    pub fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent).into_owned()
    }

    fn drain(&mut self) {
        loop {
            let mut moved = false;
            while let Some(transmit) = self.machine.poll_transmit() {
                moved = true;
                self.sent.extend_from_slice(&transmit.bytes);
                self.unread.extend_from_slice(&transmit.bytes);
                self.log.push_str(&transmit.redacted());
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
fn play(name: &str, transcript: &Transcript, piece: usize) -> Vec<String> {
    let mut player = Player::new(transcript.security);
    let mut heard = 0;
    for step in &transcript.steps {
        if !matches!(step, Step::Says(_)) {
            let more = player.said.get(heard..).unwrap();
            assert!(more.is_empty(), "{name} says before {step:?}: {more:#?}");
        }
        match step {
            Step::Submit(text) => player.submit(command(text)),
            Step::Client(text) => assert_eq!(player.client_line(), *text, "{name}"),
            Step::Server(bytes) => bytes
                .chunks(piece)
                .for_each(|part| player.feed_at_once(part)),
            Step::Says(text) => {
                let said = player.said.get(heard).map(String::as_str);
                assert_eq!(said, Some(text.as_str()), "{name}");
                heard += 1;
            }
            Step::Wait(seconds) => player.wait(*seconds),
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
            Step::Server(bytes) => player.feed_at_once(bytes),
            Step::Wait(seconds) => player.wait(*seconds),
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/pop3");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let transcript = read(&std::fs::read_to_string(&path).unwrap());
        let whole = play(&name, &transcript, usize::MAX);
        for piece in [1, 2, 3, 7] {
            assert_eq!(play(&name, &transcript, piece), whole, "{name} by {piece}");
        }
        for cut in 0..=transcript.steps.len() {
            play_cut(&name, &transcript, cut, &whole);
        }
        played += 1;
    }
    assert!(played >= 12, "{played} transcripts");
}

/// A command from its words.
pub(super) fn command(text: &str) -> Command {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |at: usize| words[at].parse().unwrap();
    let sign_in = |way| {
        Command::SignIn(SignIn {
            login: words[1].to_owned(),
            secret: words[2].into(),
            way,
        })
    };
    match words[0] {
        "password" => sign_in(Way::Password),
        "xoauth2" => sign_in(Way::XOAuth2),
        "stat" => Command::Stat,
        "list" => Command::List,
        "uidl" => Command::Uidl,
        "top" => Command::Top {
            number: number(1),
            lines: number(2),
        },
        "retr" => Command::Retr { number: number(1) },
        "dele" => Command::Dele { number: number(1) },
        "noop" => Command::Noop,
        "rset" => Command::Rset,
        "quit" => Command::Quit,
        _ => panic!("{text}"),
    }
}
