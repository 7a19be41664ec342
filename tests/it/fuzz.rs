//! A finite fuzz of everything that reads bytes of others (SAFETY P6, M5, D1): mutations of real
//! shapes from a fixed seed. `LACEBARK_FUZZ_SECONDS` is shared by all targets; hours are for hands.
//!
//! A failure names its target and writes the input beside the test's other output.

use std::any::Any;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lacebark::imap::{Machine, Options, Security};
use lacebark::mime::document::{Document, View};
use lacebark::mime::sanitize::Shown;
use lacebark::mime::wrap::Layout;
use lacebark::mime::{envelope, filename, link, mbox, part, structure};
use lacebark::pop3;
use lacebark::protocol::{Protocol, Time};

use crate::harness::corpus;
use crate::harness::generate::Dice;

/// No input of this size takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// Inputs grow no further than this.
const LARGEST: usize = 64 * 1024;

#[test]
fn m5_no_bytes_make_a_reader_of_messages_panic() {
    let seeds = messages();
    fuzz("envelope", 1, &seeds, |bytes| {
        let read = envelope::of_message(bytes);
        lines_are_clean(&read.subject);
        for address in read.from.iter().chain(&read.to).chain(&read.cc) {
            lines_are_clean(&format!("{address:?}"));
        }
    });
    fuzz("structure", 2, &seeds, |bytes| {
        let (_, parts) = structure::of_message(bytes);
        let inside = format!("{parts:?}").len() < usize::MAX;
        assert!(inside && parts.len() <= 1_001, "{} parts", parts.len());
    });
    fuzz("document", 3, &seeds, |bytes| {
        for html in [false, true] {
            let document = Document::of_message(
                bytes,
                &View {
                    html,
                    ..View::default()
                },
            );
            let mut layout = Layout::new(80, BTreeSet::new());
            for row in layout.rows(&document, 200) {
                row.spans
                    .iter()
                    .for_each(|span| is_clean(span.text.as_str()));
            }
        }
    });
}

#[test]
fn m5_no_bytes_make_a_decoder_panic() {
    let seeds = messages();
    fuzz("decoders", 4, &seeds, |bytes| {
        for encoding in [
            "base64",
            "quoted-printable",
            "x-uuencode",
            "7bit",
            "none such",
        ] {
            let decoded = part::decode_transfer(bytes, encoding);
            assert!(decoded.len() <= bytes.len() + 64, "{encoding} grows");
        }
        part::uu_files(bytes);
        let charsets = [
            "utf-8",
            "us-ascii",
            "iso-2022-jp",
            "utf-16",
            "koi8-r",
            "gb18030",
            "utf-7",
            "hz-gb-2312",
            "../x",
        ];
        let charset = charsets[bytes.first().copied().unwrap_or(0) as usize % charsets.len()];
        part::text(bytes, Some(charset));
    });
}

#[test]
fn d1_no_text_reaches_the_screen_with_a_control() {
    let seeds = messages();
    fuzz("sanitiser", 5, &seeds, |bytes| {
        // What is shown on one row is short; long text is the business of the document above.
        let bytes = &bytes[..bytes.len().min(2_000)];
        let text = String::from_utf8_lossy(bytes);
        let latin: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        for text in [text.as_ref(), latin.as_str()] {
            lines_are_clean(text);
            let name = filename::safe(text);
            assert!(
                !name.is_empty()
                    && name.len() <= 120
                    && !name.contains('/')
                    && !name.starts_with('.'),
                "{name:?}"
            );
            let _ = link::check(text);
        }
    });
}

#[test]
fn p6_no_bytes_make_the_imap_machine_panic() {
    let seeds = dialogues();
    fuzz("imap", 6, &seeds, |bytes| {
        let mut machine = Machine::new(Options::new(Security::Tls, Time::default()));
        let mut rest = bytes;
        let mut last = usize::MAX;
        while !rest.is_empty() && rest.len() < last {
            last = rest.len();
            let taken = machine.feed(rest, Time::default());
            rest = &rest[taken.min(rest.len())..];
            while machine.poll_event().is_some() {}
            while machine.poll_transmit().is_some() {}
        }
    });
}

#[test]
fn p13_no_bytes_make_the_pop3_machine_panic() {
    let seeds = maildrops();
    fuzz("pop3", 7, &seeds, |bytes| {
        let options = pop3::Options::new(pop3::Security::Plain, Time::default());
        let mut machine = pop3::Machine::new(options);
        let who = pop3::SignIn {
            login: "joe".to_owned(),
            secret: "canary".into(),
            way: pop3::Way::Password,
        };
        machine.submit(pop3::Command::SignIn(who));
        for number in 1..4 {
            machine.submit(pop3::Command::Uidl);
            machine.submit(pop3::Command::List);
            machine.submit(pop3::Command::Top { number, lines: 0 });
            machine.submit(pop3::Command::Retr { number });
            machine.submit(pop3::Command::Stat);
        }
        let (mut told, mut rest) = (0, bytes);
        // A server that speaks when it is asked gets further than one that does not listen.
        while !rest.is_empty() {
            while machine.poll_transmit().is_some() {}
            let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let taken = machine.feed(&rest[..line], Time::default());
            rest = &rest[line..];
            while let Some(output) = machine.poll_event() {
                told += format!("{output:?}").len();
            }
            if taken < line {
                break;
            }
        }
        assert!(told <= 40 * bytes.len() + 4096, "{told} of {}", bytes.len());
    });
}

/// A mailbox file of others, cut anywhere, is read without a panic, in pieces of any size to the same
/// end; and what was read and written again is read as the same messages.
#[test]
fn m5_no_bytes_make_a_reader_of_mailbox_files_panic() {
    let seeds: Vec<Vec<u8>> = messages().chunks(3).map(mailbox_file).collect();
    fuzz("mbox", 8, &seeds, |bytes| {
        let whole = records(bytes, bytes.len().max(1));
        for piece in [1, 7] {
            assert_eq!(records(bytes, piece), whole, "in pieces of {piece}");
        }
        let Ok(records) = whole else {
            return;
        };
        let marked = mbox::UNENDED.as_bytes();
        let is_marked = |(_, frame): &(Vec<u8>, mbox::Frame)| {
            frame.line.windows(marked.len()).any(|part| part == marked)
        };
        if records.iter().any(is_marked) {
            return;
        }
        let (mut writer, mut written) = (mbox::Writer::default(), Vec::new());
        for (message, frame) in &records {
            let ended = message.last().is_none_or(|last| *last == b'\n');
            writer.begin(Some(frame), ("nobody@example.org", 0, ended), &mut written);
            writer.push(message, &mut written);
            writer.end(&mut written);
        }
        // A line that begins with "From " and is no From_ line is quoted now, and comes back the same.
        assert!(
            self::records(&written, 4096) == Ok(records),
            "it comes back as another"
        );
    });
}

/// Messages as a mailbox file has them.
fn mailbox_file(messages: &[Vec<u8>]) -> Vec<u8> {
    let (mut writer, mut file) = (mbox::Writer::default(), Vec::new());
    for message in messages {
        let ended = message.last().is_none_or(|last| *last == b'\n');
        writer.begin(None, ("joe@example.org", 1_795_248_120, ended), &mut file);
        writer.push(message, &mut file);
        writer.end(&mut file);
    }
    file
}

/// What a reader finds that gets so many octets at a time.
fn records(bytes: &[u8], piece: usize) -> Result<Vec<(Vec<u8>, mbox::Frame)>, String> {
    enum Wrong {
        Kind(mbox::NotMbox),
        Cut(mbox::Cut),
    }
    impl From<mbox::NotMbox> for Wrong {
        fn from(wrong: mbox::NotMbox) -> Self {
            Wrong::Kind(wrong)
        }
    }
    impl From<mbox::Cut> for Wrong {
        fn from(wrong: mbox::Cut) -> Self {
            Wrong::Cut(wrong)
        }
    }
    let (mut found, mut message) = (Vec::new(), Vec::new());
    let mut tell = |event: mbox::Event<'_>| {
        match event {
            mbox::Event::Start { .. } => message.clear(),
            mbox::Event::Bytes(bytes) => message.extend_from_slice(bytes),
            mbox::Event::End(frame) => found.push((std::mem::take(&mut message), frame)),
        }
        Ok::<(), Wrong>(())
    };
    let mut reader = mbox::Reader::default();
    let mut pieces = bytes.chunks(piece);
    let read = pieces.try_for_each(|piece| reader.push(piece, &mut tell));
    let read = read.and_then(|()| reader.finish(&mut tell));
    match read {
        Ok(()) => Ok(found),
        Err(Wrong::Kind(wrong)) => Err(wrong.to_string()),
        Err(Wrong::Cut(wrong)) => Err(wrong.to_string()),
    }
}

fn lines_are_clean(text: &str) {
    for shown in [Shown::line(text), Shown::name(text)] {
        is_clean(shown.as_str());
    }
    text.lines()
        .take(50)
        .for_each(|line| is_clean(Shown::body_line(line).as_str()));
}

/// Nothing that a terminal acts on, in none of the classes of D1.
fn is_clean(text: &str) {
    let bad = text
        .chars()
        .find(|c| c.is_control() || matches!(*c, '\u{2028}' | '\u{2029}'));
    assert!(bad.is_none(), "{:?} in {text:?}", bad.unwrap());
}

fn fuzz(target: &str, seed: u64, seeds: &[Vec<u8>], run: impl Fn(&[u8])) {
    let limit = share();
    let start = Instant::now();
    let mut dice = Dice::new(seed);
    // The seeds as they are, from a random one on, take half of the time at most.
    let first = dice.below(seeds.len());
    let (before, after) = seeds.split_at(first);
    for bytes in after.iter().chain(before) {
        if start.elapsed() > limit / 2 {
            break;
        }
        try_one(target, bytes, &run);
    }
    let mut count = 0;
    while start.elapsed() < limit {
        let bytes = mutated(&mut dice, seeds);
        try_one(target, &bytes, &run);
        count += 1;
    }
    eprintln!(
        "{target}: {count} inputs in {:.1} s",
        start.elapsed().as_secs_f64()
    );
}

fn try_one(target: &str, bytes: &[u8], run: &impl Fn(&[u8])) {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(bytes)));
    let slow = start.elapsed() > PATIENCE;
    if outcome.is_err() || slow {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
        fs::write(&path, bytes).unwrap();
        let why = outcome.err().map_or_else(
            || format!("took {:?}", start.elapsed()),
            |panic| words(panic.as_ref()),
        );
        panic!("{target}: {why}\nthe input is in {}", path.display());
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_default()
}

/// Seven targets share the time; without a number each gets a fraction of a second.
fn share() -> Duration {
    let seconds: f64 = std::env::var("LACEBARK_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2.0);
    Duration::from_secs_f64(seconds / 8.0)
}

fn mutated(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..1 + dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 => bytes.insert(at, (dice.roll() & 0xff) as u8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..(at + dice.below(40)).min(bytes.len()))),
            4 => splice(&mut bytes, at, TOKENS[dice.below(TOKENS.len())].as_bytes()),
            5 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let piece = other[from..(from + dice.below(400)).min(other.len())].to_vec();
                splice(&mut bytes, at, &piece);
            }
            6 => {
                let piece = bytes[at..(at + 1 + dice.below(80)).min(bytes.len())].to_vec();
                let repeated = piece.repeat(1 + dice.below(60));
                splice(&mut bytes, at, &repeated);
            }
            _ => splice(
                &mut bytes,
                at,
                TOKENS[dice.below(TOKENS.len())]
                    .repeat(1 + dice.below(30))
                    .as_bytes(),
            ),
        }
        bytes.truncate(LARGEST);
    }
    bytes
}

fn splice(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let at = at.min(bytes.len());
    drop(bytes.splice(at..at, piece.iter().copied()));
}

const TOKENS: [&str; 50] = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\x1b[2J",
    "\x1b]52;c;YQ==\x07",
    "\u{9b}31m",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "(",
    ")",
    "((((",
    "\"",
    "\\",
    "<",
    ">",
    "@",
    ",",
    ";",
    "{5}\r\n",
    "{4294967296}\r\n",
    "{-1}\r\n",
    "{99999999999999999999+}\r\n",
    "NIL",
    "* ",
    "* 1 FETCH (",
    "BODY[] ",
    "=?utf-8?B?",
    "=?utf-8?Q?=1B?=",
    "?=",
    "--",
    "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "filename*0*=utf-8''%2E%2E%2F",
    "<div>",
    "</div>",
    "<table><tr><td colspan=99999999>",
    "<a href=\"javascript:x\">",
    "&#27;",
    "begin 644 x\n",
    "> > > ",
    "1:4294967295",
    "+OK\r\n",
    "-ERR [IN-USE] x\r\n",
    "+ \r\n",
    "\r\n.\r\n",
    "\r\n..",
    "99999999999 18446744073709551616\r\n",
];

fn messages() -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/demo");
    let mut seeds = all_files(&root, "eml", usize::MAX);
    assert!(seeds.len() >= 60);
    if let Some(corpus) = corpus() {
        seeds.extend(all_files(&corpus.join("messages"), "", 2_000));
    }
    seeds
}

fn dialogues() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = [
        "* OK [CAPABILITY IMAP4rev1 IDLE LITERAL+] ready\r\n* 3 EXISTS\r\n* 1 FETCH (UID 4 FLAGS (\\Seen) BODY[] {5}\r\nhello)\r\n",
        "* OK x\r\n* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent &- Mail\"\r\n* STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 1 HIGHESTMODSEQ 7)\r\n",
        "* OK x\r\n* 2 FETCH (UID 5 ENVELOPE (\"date\" \"subject\" ((\"A\" NIL \"a\" \"example.org\")) NIL NIL NIL NIL NIL NIL \"<1@x>\") BODYSTRUCTURE (\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 5 1 NIL NIL NIL NIL))\r\n",
        "* PREAUTH hello\r\n* BYE [UNAVAILABLE] later\r\n",
        "* OK x\r\n* ESEARCH (TAG \"a1\") UID ALL 1:4,7\r\n* VANISHED (EARLIER) 1:4294967295\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL\r\na1 OK [COPYUID 1 1:3 4:6] done\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    if let Some(corpus) = corpus() {
        seeds.extend(all_files(&corpus.join("imap"), "", 300));
        let lines = fs::read(corpus.join("imap-lines.txt")).unwrap_or_default();
        seeds.extend(
            lines
                .split(|byte| *byte == b'\n')
                .map(|line| [b"* OK x\r\n", line, b"\r\n"].concat()),
        );
    }
    seeds
}

fn maildrops() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = [
        "+OK hi <1@x>\r\n+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\nLOGIN-DELAY 9 USER\r\nEXPIRE NEVER\r\nPIPELINING\r\nUTF8\r\n.\r\n+OK\r\n+ \r\n+OK in\r\n+OK\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\n1 10\r\n2 20\r\n.\r\n+OK\r\nA: b\r\n\r\n.\r\n+OK\r\nA: b\r\n\r\n..x\r\n.\r\n+OK 2 30\r\n",
        "+OK hi\r\n-ERR\r\n+OK\r\n+OK in\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n1 10\r\n.\r\n-ERR no\r\n+OK\r\nx\ny\r.\r\n..\r\n.\r\n+OK 1 10\r\n",
        "-ERR [SYS/TEMP] too many\r\n",
        "+OK hi\n+OK\nUSER\nUIDL\nTOP\n.\n+OK\n-ERR [IN-USE] no\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    if let Some(corpus) = corpus() {
        let replies = all_files(&corpus.join("pop3"), "txt", 300);
        seeds.extend(
            replies
                .iter()
                .map(|reply| [b"+OK hi\r\n-ERR\r\n+OK\r\n+OK\r\n", &reply[..]].concat()),
        );
    }
    seeds
}

/// Files below a folder, in order, none larger than an input may be.
fn all_files(dir: &Path, ending: &str, most: usize) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => paths.push(path),
            }
        }
    }
    paths.retain(|path| {
        ending.is_empty()
            || path
                .extension()
                .is_some_and(|extension| extension == ending)
    });
    paths.sort();
    let step = (paths.len() / most.max(1)).max(1);
    paths
        .iter()
        .step_by(step)
        .map(|path| fs::read(path).unwrap())
        .filter(|bytes| bytes.len() <= LARGEST)
        .collect()
}
