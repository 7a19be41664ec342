//! Mail of realistic sizes, threads, charsets and attachments from a fixed seed: the same seed
//! makes the same bytes on every machine.
//!
//! 10,000 messages of [`Sizes::Whole`] are about 320 MB: most are a few kilobytes of text, a fifth
//! is HTML of tens of kilobytes, some carry attachments, and a few of them are large.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::io::Write;

use super::Owner;

/// How large the bodies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// As in a real mailbox, 32 KB on average.
    Whole,
    /// A few lines: for benches that read envelopes only.
    Small,
}

/// A source of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeded.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    /// One of several.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// True `percent` times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A message as it lies on the server.
#[derive(Clone, Debug)]
pub struct Message {
    /// With CRLF line ends.
    pub bytes: Vec<u8>,
    /// Maildir letters, such as `S` and `FS`.
    pub flags: &'static str,
    /// When it arrived, in seconds since 1970.
    pub arrived: u64,
}

/// Makes one message after the other.
pub struct Generator {
    dice: Dice,
    sizes: Sizes,
    count: u64,
    clock: u64,
    recent: Vec<Parent>,
}

#[derive(Clone)]
struct Parent {
    id: String,
    references: Vec<String>,
    subject: usize,
}

/// When the first message of every generated mailbox arrives: 2024-01-01.
const START: u64 = 1_704_067_200;

impl Generator {
    /// A stream of messages, the same one for the same seed.
    pub fn new(seed: u64, sizes: Sizes) -> Generator {
        Generator {
            dice: Dice::new(seed),
            sizes,
            count: 0,
            clock: START,
            recent: Vec::new(),
        }
    }

    fn parent(&mut self) -> Option<Parent> {
        let known = self.recent.len();
        (known > 0 && self.dice.chance(55))
            .then(|| self.recent[known - 1 - self.dice.below(known)].clone())
    }

    fn remember(&mut self, parent: Parent) {
        if self.recent.len() >= 40 {
            self.recent.remove(0);
        }
        self.recent.push(parent);
    }

    fn headers(&mut self, parent: Option<&Parent>) -> String {
        let (name, address) = PEOPLE[self.dice.below(PEOPLE.len())];
        let (to_name, to) = PEOPLE[self.dice.below(PEOPLE.len())];
        let id = format!(
            "<{:x}.{}@{}>",
            self.dice.roll() >> 16,
            self.count,
            self.dice.pick(&HOSTS)
        );
        let topic = parent.map_or_else(|| self.dice.below(SUBJECTS.len()), |parent| parent.subject);
        let subject = SUBJECTS[topic];
        let subject = if parent.is_some() {
            format!("Re: {subject}")
        } else {
            format!("{subject} {}", self.count % 97)
        };
        let date = jiff::Timestamp::from_second(self.clock as i64)
            .unwrap()
            .strftime("%a, %d %b %Y %H:%M:%S +0000");
        let mut text = format!(
            "Return-Path: <{address}>\r\nReceived: from mx{}.example.net ([192.0.2.{}]) by mail.example.org with ESMTPS\r\n\tid {:012x} for <{to}>; {date}\r\n\
             From: {} <{address}>\r\nTo: {} <{to}>\r\nSubject: {}\r\nDate: {date}\r\nMessage-ID: {id}\r\n",
            self.dice.below(9),
            self.dice.below(254),
            self.dice.roll() >> 16,
            phrase(name),
            phrase(to_name),
            encoded(&subject),
        );
        if self.dice.chance(35) {
            let copies: Vec<String> = (0..1 + self.dice.below(4))
                .map(|_| {
                    let (name, address) = PEOPLE[self.dice.below(PEOPLE.len())];
                    format!("{} <{address}>", phrase(name))
                })
                .collect();
            text.push_str(&format!("Cc: {}\r\n", copies.join(",\r\n\t")));
        }
        let mut references = Vec::new();
        if let Some(parent) = parent {
            references.clone_from(&parent.references);
            references.push(parent.id.clone());
            let from = references.len().saturating_sub(20);
            references.drain(..from);
            text.push_str(&format!(
                "In-Reply-To: {}\r\nReferences: {}\r\n",
                parent.id,
                references.join("\r\n\t")
            ));
        }
        if self.dice.chance(20) {
            text.push_str("List-Id: Pines and elms <trees.lists.example.org>\r\nList-Post: <mailto:trees@lists.example.org>\r\n");
        }
        text.push_str("User-Agent: Quill/3.1\r\nMIME-Version: 1.0\r\n");
        self.remember(Parent {
            id,
            references,
            subject: topic,
        });
        text
    }

    fn prose(&mut self, length: usize) -> String {
        let words = LANGUAGES[if self.dice.chance(70) {
            0
        } else {
            self.dice.below(LANGUAGES.len())
        }];
        let mut text = String::with_capacity(length + 100);
        let mut column = 0;
        while text.len() < length {
            let word = self.dice.pick(words);
            text.push_str(word);
            column += word.chars().count() + 1;
            if self.dice.chance(9) {
                text.push('.');
            }
            if column > 66 {
                text.push_str(if self.dice.chance(12) {
                    "\r\n\r\n"
                } else {
                    "\r\n"
                });
                column = 0;
            } else {
                text.push(' ');
            }
        }
        text.push_str("\r\n");
        text
    }

    fn text_part(&mut self, length: usize, reply: bool) -> Vec<u8> {
        let mut text = self.prose(length);
        if reply {
            let quote = self.prose(length / 2);
            text.push_str("\r\nOn some day somebody wrote:\r\n");
            for line in quote.lines() {
                text.push_str(&format!("> {line}\r\n"));
            }
        }
        text.push_str("\r\n-- \r\nSent from under a tree\r\n");
        match self.dice.below(10) {
            _ if text.is_ascii() => part("text/plain; charset=us-ascii", "7bit", text.as_bytes()),
            0..=3 => part(
                "text/plain; charset=utf-8",
                "quoted-printable",
                quoted_printable(text.as_bytes()).as_bytes(),
            ),
            4..=6 => part(
                "text/plain; charset=utf-8",
                "base64",
                wrapped_base64(text.as_bytes()).as_bytes(),
            ),
            7 => legacy(&text, "iso-8859-1"),
            8 => legacy(&text, "koi8-r"),
            _ => part(
                "text/plain; charset=utf-8; format=flowed",
                "8bit",
                text.as_bytes(),
            ),
        }
    }

    fn html_part(&mut self, length: usize) -> Vec<u8> {
        let mut html = String::from(
            "<html><head><style>td { padding: 4px }</style></head><body><table width=\"100%\">\r\n",
        );
        while html.len() < length {
            let words = self.prose(200).replace("\r\n", " ");
            let link = self.dice.roll() >> 32;
            html.push_str(&format!(
                "<tr><td style=\"font-family: serif; color: #333333\"><h3>{}</h3><p>{words}</p>\r\n\
                 <a href=\"https://news.example.com/read/{link:x}?source=mail\">Read on</a></td></tr>\r\n",
                SUBJECTS[self.dice.below(SUBJECTS.len())]
            ));
        }
        html.push_str("</table></body></html>\r\n");
        part(
            "text/html; charset=utf-8",
            "quoted-printable",
            quoted_printable(html.as_bytes()).as_bytes(),
        )
    }

    fn attachment(&mut self, length: usize) -> Vec<u8> {
        let (kind, name) = FILES[self.dice.below(FILES.len())];
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.dice.roll().to_le_bytes());
        }
        let head = format!(
            "Content-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n"
        );
        [head.into_bytes(), wrapped_base64(&bytes).into_bytes()].concat()
    }

    fn multipart(&mut self, kind: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        let boundary = format!("=_{:016x}", self.dice.roll());
        let mut bytes = format!(
            "Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\nThis is MIME.\r\n"
        )
        .into_bytes();
        for part in parts {
            bytes.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            bytes.extend_from_slice(part);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        bytes
    }

    fn body(&mut self, reply: bool) -> Vec<u8> {
        if self.sizes == Sizes::Small {
            return self.text_part(300, reply);
        }
        let text_length = 800 + self.dice.below(5000);
        let text = self.text_part(text_length, reply);
        match self.dice.below(1000) {
            0..=679 => text,
            680..=899 => {
                let length = 12_000 + self.dice.below(32_000);
                let html = self.html_part(length);
                self.multipart("alternative", &[text, html])
            }
            900..=994 => {
                let length = 20_000 + self.dice.below(110_000);
                let file = self.attachment(length);
                self.multipart("mixed", &[text, file])
            }
            _ => {
                let length = 700_000 + self.dice.below(1_000_000);
                let file = self.attachment(length);
                self.multipart("mixed", &[text, file])
            }
        }
    }
}

impl Iterator for Generator {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.count += 1;
        self.clock += 60 + self.dice.below(600) as u64;
        let parent = self.parent();
        let mut bytes = self.headers(parent.as_ref()).into_bytes();
        bytes.extend_from_slice(&self.body(parent.is_some()));
        let flags = match self.dice.below(20) {
            0..=2 => "",
            3 => "FS",
            4..=6 => "RS",
            _ => "S",
        };
        Some(Message {
            bytes,
            flags,
            arrived: self.clock,
        })
    }
}

/// Writes so many messages into a Maildir for Dovecot to serve; hands the number of bytes back.
pub fn write_maildir(dir: &Path, owner: &Owner, count: usize, seed: u64, sizes: Sizes) -> u64 {
    let mut total = 0;
    for (number, message) in Generator::new(seed, sizes).take(count).enumerate() {
        total += message.bytes.len() as u64;
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(message.arrived);
        write_one(dir, owner, number, &message.bytes, message.flags, date);
    }
    total
}

/// Writes one file into `cur`, with what saves Dovecot from asking: both sizes in the name, the
/// arrival as its time.
pub fn write_one(
    dir: &Path,
    owner: &Owner,
    number: usize,
    bytes: &[u8],
    flags: &str,
    date: SystemTime,
) {
    let seconds = date
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let crlf = bytes.len() + bytes.iter().filter(|byte| **byte == b'\n').count()
        - bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    // Dovecot numbers new files in the order of their names.
    let name = format!(
        "{seconds:010}.M{number:07}N{now}.generated,S={},W={crlf}:2,{flags}",
        bytes.len()
    );
    let path = dir.join("tmp").join(&name);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&path)
        .unwrap();
    file.write_all(bytes).unwrap();
    file.set_modified(date).unwrap();
    drop(file);
    owner.take(&path);
    fs::rename(path, dir.join("cur").join(name)).unwrap();
}

fn part(kind: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    [
        format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes(),
        body,
    ]
    .concat()
}

/// In an old charset where it can hold the text, else in UTF-8.
fn legacy(text: &str, charset: &str) -> Vec<u8> {
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).unwrap();
    let (bytes, _, lost) = encoding.encode(text);
    match lost {
        true => part("text/plain; charset=utf-8", "8bit", text.as_bytes()),
        false => part(&format!("text/plain; charset={charset}"), "8bit", &bytes),
    }
}

fn phrase(name: &str) -> String {
    if name.is_ascii() {
        format!("\"{name}\"")
    } else {
        encoded(name)
    }
}

/// RFC 2047, in words of at most 75 characters.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for c in text.chars() {
        if words.last().unwrap().len() + c.len_utf8() > 42 {
            words.push(String::new());
        }
        words.last_mut().unwrap().push(c);
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("=?UTF-8?B?{}?=", BASE64.encode(word)))
        .collect();
    words.join("\r\n ")
}

fn wrapped_base64(bytes: &[u8]) -> String {
    let text = BASE64.encode(bytes);
    let mut out = String::with_capacity(text.len() + text.len() / 38);
    for line in text.as_bytes().chunks(76) {
        out.push_str(std::str::from_utf8(line).unwrap());
        out.push_str("\r\n");
    }
    out
}

fn quoted_printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut column = 0;
        for byte in line {
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~' | b' ');
            if column + 3 > 75 {
                out.push_str("=\r\n");
                column = 0;
            }
            match plain {
                true => out.push(char::from(*byte)),
                false => out.push_str(&format!("={byte:02X}")),
            }
            column += if plain { 1 } else { 3 };
        }
        if out.ends_with(' ') {
            out.pop();
            out.push_str("=20");
        }
        out.push_str("\r\n");
    }
    out
}

const HOSTS: [&str; 5] = [
    "mail.example.org",
    "example.com",
    "quill.example.net",
    "lists.example.org",
    "office.test",
];

const PEOPLE: [(&str, &str); 14] = [
    ("Zoë Müller", "zoe@example.org"),
    ("Ada Birch", "ada@example.com"),
    ("Kenji Sato", "kenji@example.org"),
    ("佐藤 花子", "hanako@example.com"),
    ("Олег Берёзов", "oleg@example.net"),
    ("Łucja Jodła", "lucja@example.org"),
    ("Tomás Olmo", "tomas@example.com"),
    ("Trees mailing list", "trees@lists.example.org"),
    ("Ops", "ops@office.test"),
    ("Ingrid Furu", "ingrid@example.net"),
    ("Amélie d'Orme", "amelie@example.org"),
    ("김소나무", "sonamu@example.com"),
    ("Ben Rowan, Jr.", "ben@office.test"),
    ("Invoices", "invoices@shop.example.com"),
];

const SUBJECTS: [&str; 20] = [
    "Train tickets for the weekend",
    "Minutes of the garden meeting",
    "Die Brücke ist wieder offen",
    "Invoice for the oak table",
    "来週の会議について",
    "Планы на лето",
    "Where should the new path go?",
    "Build 4711 failed on the second node",
    "Une question sur le jardin d'été",
    "Photos of the walk",
    "소나무 숲에서",
    "Your order has been sent",
    "Notes on the spring release, second draft, with comments from everybody who was there",
    "łąka i las",
    "Reading group: chapter nine",
    "🌲 Happy birthday 🌳",
    "Re-roofing: three offers",
    "Weekly digest",
    "Wer kommt am Samstag?",
    "Backup report",
];

const FILES: [(&str, &str); 5] = [
    ("application/pdf", "ticket.pdf"),
    ("image/jpeg", "walk-in-the-wood.jpg"),
    ("application/zip", "drafts.zip"),
    ("image/png", "plan.png"),
    ("application/octet-stream", "backup.bin"),
];

const LANGUAGES: [&[&str]; 5] = [
    &[
        "the",
        "and",
        "under",
        "tree",
        "garden",
        "meeting",
        "we",
        "should",
        "look",
        "again",
        "before",
        "Friday",
        "because",
        "bark",
        "needle",
        "path",
        "river",
        "cone",
        "letter",
        "answer",
        "think",
        "about",
        "it",
        "with",
        "everybody",
        "table",
        "small",
        "green",
        "window",
        "winter",
        "light",
        "morning",
        "bring",
        "your",
        "boots",
    ],
    &[
        "der", "Wald", "über", "größer", "Straße", "schön", "wir", "gehen", "früh", "Bäume", "und",
        "möchte", "Tür",
    ],
    &[
        "лес",
        "сосна",
        "река",
        "утро",
        "письмо",
        "встреча",
        "завтра",
        "и",
        "мы",
        "пойдём",
        "дерево",
    ],
    &[
        "木",
        "森の中",
        "会議",
        "資料を",
        "確認して",
        "ください",
        "明日",
        "よろしく",
        "お願いします",
    ],
    &[
        "la forêt",
        "été",
        "où",
        "déjà",
        "le chêne",
        "nous",
        "irons",
        "bientôt",
        "à",
        "côté",
        "rivière",
    ],
];
