//! Search while typing over 100,000 messages, making the index, and the command beside notmuch on the
//! same mail.
//!
//! `LACEBARK_SEARCH` gives another number of messages.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lacebark::env::SystemClock;
use lacebark::model::{Flags, MailboxKey, Query, Role};
use lacebark::ops::import::{self, RawMessage};
use lacebark::ops::search::{self, Ask, Scope, Stop};
use lacebark::store::Store;
use lacebark::store::search::{Indexer, Searcher, Step};

use crate::figures::{Figures, median, megabytes, millis, quantile, seconds};
use crate::harness::generate::{Dice, Generator, Sizes};
use crate::harness::lacebark;
use crate::harness::program::Home;
use crate::harness::pty::Terminal;
use crate::keys::first_index;
use crate::split::measured;

/// Rows that the screen asks for.
const SHOWN: usize = 120;
/// Words of the made language.
const VOCABULARY: usize = 80_000;

pub fn all(figures: &mut Figures) {
    let given = std::env::var("LACEBARK_SEARCH").ok();
    let count = given.and_then(|text| text.parse().ok()).unwrap_or(100_000);
    whole_messages(figures);
    let home = home();
    let mail = fill(&home, count);
    let store = store(&home);
    let (cpu, ()) = measured(|| index(&store, &home));
    figures.note(format!("search: index of {count} texts: CPU"), seconds(cpu));
    figures.note(
        "search: size of its file",
        megabytes(size(&index_of(&home))),
    );
    let words = mail.words();
    typing(figures, &store, &home, &words, ("key to rows", 30));
    on_screen(figures, &home, &words);
    // Both have the same mail: what comes below is in one index only.
    beside_notmuch(figures, &home, &mail);
    while_indexing(figures, &store, &home, &words);
}

fn home() -> Home {
    let home = Home::new();
    let account = "[[account]]\nid = \"here\"\nkind = \"local\"\n";
    fs::write(home.path("config.toml"), account).unwrap();
    // The program makes its folders as it wants them.
    home.run(&["status"]).exits(0);
    home
}

fn store(home: &Home) -> Store {
    let path = home.data().join("mail.db");
    Store::open(&path, Arc::new(SystemClock::start())).unwrap()
}

fn index_of(home: &Home) -> PathBuf {
    home.path("cache").join("search.db")
}

fn index(store: &Store, home: &Home) {
    let mut indexer = Indexer::begin(store, &index_of(home)).unwrap().unwrap();
    while indexer.step().unwrap() != Step::All {}
}

fn size(path: &Path) -> u64 {
    let beside = PathBuf::from(format!("{}-wal", path.display()));
    let of = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    of(path) + of(&beside)
}

fn inbox(store: &Store) -> MailboxKey {
    let made = import::mailbox(store, "here", "INBOX", Some(Role::Inbox));
    made.wait().unwrap().1
}

/// The messages of the other benches, attachments and HTML among them.
fn whole_messages(figures: &mut Figures) {
    let home = home();
    let store = store(&home);
    let inbox = inbox(&store);
    let mut octets = 0;
    let mut batch = Vec::new();
    for message in Generator::new(17, Sizes::Whole).take(10_000) {
        octets += message.bytes.len() as u64;
        batch.push(RawMessage {
            bytes: message.bytes,
            flags: Flags::none(),
            arrival: Some(i64::try_from(message.arrived).unwrap()),
        });
        if batch.len() == 100 {
            import::messages(&store, inbox, std::mem::take(&mut batch))
                .wait()
                .unwrap();
        }
    }
    figures.note(
        "search: 10,000 messages with attachments",
        megabytes(octets),
    );
    let (cpu, ()) = measured(|| index(&store, &home));
    figures.under(
        "search: their index: CPU",
        cpu,
        Duration::from_secs(10),
        seconds,
    );
    figures.under(
        "search: size of it",
        size(&index_of(&home)),
        octets / 8,
        megabytes,
    );
}

/// Made mail, whose words are as rare and as common as those of a language.
struct Mail {
    words: Vec<String>,
    files: PathBuf,
}

impl Mail {
    /// Common, less common and rare ones, and two of them.
    fn words(&self) -> Vec<String> {
        let ranks = [1, 4, 10, 30, 80, 200, 700, 2_000, 7_000, 20_000, 60_000];
        let mut all: Vec<String> = ranks.iter().map(|rank| self.words[*rank].clone()).collect();
        for (one, other) in [(1, 4), (1, 200), (30, 2_000), (4, 60_000)] {
            all.push(format!("{} {}", self.words[one], self.words[other]));
        }
        all
    }
}

fn vocabulary(dice: &mut Dice) -> Vec<String> {
    let heads = [
        "s", "t", "c", "p", "m", "b", "r", "d", "l", "f", "h", "w", "n", "g", "st", "tr", "pr",
        "con", "in", "re", "de", "ex", "un", "com", "pro", "a", "e", "o",
    ];
    let hearts = ["a", "e", "i", "o", "u", "ea", "ou", "io", "ai"];
    let tails = [
        "", "n", "r", "s", "t", "l", "m", "d", "ng", "nt", "st", "ck", "ly", "ed", "er",
    ];
    let mut words = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    // What stands first in a list is taken more often.
    let skewed = |dice: &mut Dice, count: usize| dice.below(count).min(dice.below(count));
    while words.len() < VOCABULARY {
        let mut word = String::new();
        for _ in 0..(if words.len() < 200 {
            1 + dice.below(2)
        } else {
            2 + dice.below(3)
        }) {
            word.push_str(heads[skewed(dice, heads.len())]);
            word.push_str(hearts[skewed(dice, hearts.len())]);
            word.push_str(tails[skewed(dice, tails.len())]);
        }
        if word.len() >= 3 && known.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// As common as one by its rank: the second half as often as the first (Zipf).
fn zipf(dice: &mut Dice) -> usize {
    let share = dice.below(1 << 30) as f64 / f64::from(1 << 30);
    let rank = (share * (VOCABULARY as f64).ln()).exp() as usize;
    rank.saturating_sub(1).min(VOCABULARY - 1)
}

fn letter(dice: &mut Dice, words: &[String], number: usize) -> Vec<u8> {
    let text = |dice: &mut Dice, count: usize| {
        let mut text = String::new();
        for n in 0..count {
            text.push_str(&words[zipf(dice)]);
            text.push_str(if n % 12 == 11 { "\r\n" } else { " " });
        }
        text
    };
    let person = |dice: &mut Dice| {
        let name = &words[100 + dice.below(400)];
        format!("{name} <{name}@example{}.org>", dice.below(40))
    };
    let (from, to) = (person(dice), person(dice));
    let subject = text(dice, 6);
    let length = 60 + dice.below(500);
    let body = text(dice, length);
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{number}@example.org>\r\n\
         Date: Sat, 21 Nov 2026 09:02:00 +0000\r\nContent-Type: text/plain\r\n\r\n{body}\r\n"
    )
    .into_bytes()
}

/// Puts the mail into the store, and into files for notmuch where that is.
fn fill(home: &Home, count: usize) -> Mail {
    let mut dice = Dice::new(5);
    let words = vocabulary(&mut dice);
    let files = home.path("maildir");
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(files.join(name)).unwrap();
    }
    let store = store(home);
    let inbox = inbox(&store);
    let mut batch = Vec::new();
    for number in 0..count {
        let bytes = letter(&mut dice, &words, number);
        if is_there("notmuch") {
            fs::write(files.join(format!("cur/{number}:2,S")), &bytes).unwrap();
        }
        batch.push(RawMessage {
            bytes,
            flags: Flags::none(),
            arrival: Some(1_700_000_000 + 600 * i64::try_from(number).unwrap()),
        });
        if batch.len() == 1_000 || number + 1 == count {
            import::messages(&store, inbox, std::mem::take(&mut batch))
                .wait()
                .unwrap();
        }
    }
    Mail { words, files }
}

/// What the screen does at a key: the first hits and their rows.
fn answer(searcher: &mut Searcher, typed: &str) -> (Duration, usize) {
    let begun = Instant::now();
    let query = Query::typed(typed).query;
    let ask = Ask {
        query: &query,
        is_typing: true,
        scope: Scope::All,
        now: 1_795_000_000,
        zone: &|_| 0,
        is_enough: &|| false,
    };
    let mut hits = Vec::new();
    let found = searcher.find(&ask, &Stop::default(), &mut |hit| {
        hits.push(hit);
        match hits.len() < SHOWN {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    found.unwrap();
    let rows = search::rows(searcher, &hits).unwrap();
    (begun.elapsed(), rows.len())
}

/// Every beginning of every word, from three letters on.
fn typing(
    figures: &mut Figures,
    store: &Store,
    home: &Home,
    words: &[String],
    (what, budget): (&str, u64),
) {
    let mut searcher = Searcher::open(store, &index_of(home)).unwrap();
    let mut samples = Vec::new();
    let mut slowest = (Duration::ZERO, String::new());
    for _ in 0..5 {
        for word in words {
            for end in 3..=word.len() {
                let typed = &word[..end];
                let (took, rows) = answer(&mut searcher, typed);
                assert!(rows > 0 || !typed.contains(' '), "{typed} finds nothing");
                if took > slowest.0 {
                    slowest = (took, typed.to_owned());
                }
                samples.push(took);
            }
        }
    }
    figures.note(
        format!("search: {what}, median of {}", samples.len()),
        millis(median(&mut samples)),
    );
    let p99 = quantile(&mut samples, 0.99);
    figures.under(
        format!("search: {what}, p99"),
        p99,
        Duration::from_millis(budget),
        millis,
    );
    let slowest = format!("{} ({})", millis(slowest.0), slowest.1);
    figures.note(format!("search: {what}, slowest"), slowest);
}

/// From a key at the terminal to the last byte of what it brings: the rows that are found, or that
/// they are the same. At the speed of a person who looks at each answer.
fn on_screen(figures: &mut Figures, home: &Home, words: &[String]) {
    const QUIET: Duration = Duration::from_millis(250);
    let env = home.env();
    let env: Vec<(&str, &Path)> = env.iter().map(|(k, v)| (*k, v.as_path())).collect();
    let mut terminal = Terminal::start(lacebark(), &[], &env, 24, 80);
    first_index(&mut terminal);
    terminal.press("//");
    terminal.wait_text("Search all mail");
    terminal.settle(QUIET);
    let (mut samples, mut slowest) = (Vec::new(), (Duration::ZERO, String::new()));
    for word in words {
        for (at, letter) in word.char_indices() {
            let pressed = terminal.press(&letter.to_string());
            let mut last = pressed;
            while let Some(when) = terminal.next_output(QUIET) {
                last = when;
            }
            let took = last.saturating_duration_since(pressed);
            if at < 2 {
                continue;
            }
            if took > slowest.0 {
                slowest = (took, word.get(..=at).unwrap_or(word).to_owned());
            }
            samples.push(took);
        }
        assert!(terminal.text().contains("found in"), "{}", terminal.text());
        // ^U
        terminal.press("\x15");
        terminal.settle(QUIET);
    }
    figures.note(
        format!(
            "search: key to results on the screen, median of {}",
            samples.len()
        ),
        millis(median(&mut samples)),
    );
    figures.under(
        "search: key to results on the screen, p99",
        quantile(&mut samples, 0.99),
        Duration::from_millis(30),
        millis,
    );
    let slowest = format!("{} ({})", millis(slowest.0), slowest.1);
    figures.note("search: key to results on the screen, slowest", slowest);
}

/// The same while mail comes and is indexed.
fn while_indexing(figures: &mut Figures, store: &Store, home: &Home, words: &[String]) {
    let over = Arc::new(AtomicBool::new(false));
    let (own, until, path) = (store.clone(), over.clone(), index_of(home));
    let all: Vec<String> = words
        .iter()
        .flat_map(|w| w.split(' '))
        .map(str::to_owned)
        .collect();
    let indexing = std::thread::spawn(move || {
        lacebark::env::harden::stand_back();
        let inbox = inbox(&own);
        let mut dice = Dice::new(9);
        let mut count = 0;
        while !until.load(Ordering::SeqCst) {
            let message = |dice: &mut Dice| {
                let text: Vec<&str> = (0..300)
                    .map(|_| all[dice.below(all.len())].as_str())
                    .collect();
                RawMessage {
                    bytes: format!("Subject: more\r\n\r\n{}\r\n", text.join(" ")).into_bytes(),
                    flags: Flags::none(),
                    arrival: Some(1_600_000_000),
                }
            };
            let batch: Vec<RawMessage> = (0..200).map(|_| message(&mut dice)).collect();
            count += batch.len();
            import::messages(&own, inbox, batch).wait().unwrap();
            let mut indexer = Indexer::begin(&own, &path).unwrap().unwrap();
            while indexer.step().unwrap() != Step::All {}
        }
        count
    });
    typing(
        figures,
        store,
        home,
        words,
        ("key to rows while indexing", 50),
    );
    over.store(true, Ordering::SeqCst);
    let count = indexing.join().unwrap();
    figures.note("search: messages indexed meanwhile", count);
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn beside_notmuch(figures: &mut Figures, home: &Home, mail: &Mail) {
    if !is_there("notmuch") {
        figures.note("search: notmuch is not here, nothing is compared", "-");
        return;
    }
    let config = home.path("notmuch-config");
    let text = format!(
        "[database]\npath={}\n[user]\nname=A\nprimary_email=a@example.org\n[new]\ntags=\n[search]\nexclude_tags=\n",
        mail.files.display()
    );
    fs::write(&config, text).unwrap();
    let notmuch = |args: &[&str]| {
        let mut command = Command::new("notmuch");
        command
            .env("NOTMUCH_CONFIG", &config)
            .env("HOME", home.path(""))
            .args(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begun = Instant::now();
    assert!(notmuch(&["new"]).status().unwrap().success());
    figures.note(
        "search: notmuch new over the same texts: time",
        seconds(begun.elapsed()),
    );
    // Of a long word few others are longer forms, so that both find about the same.
    let word = |rank: usize| {
        let long = mail.words.iter().skip(rank).find(|word| word.len() >= 9);
        long.cloned().unwrap_or_default()
    };
    let queries = [
        ("rare", word(60_000)),
        ("common", word(1)),
        ("two words", format!("{} {}", word(30), word(200))),
        ("from:", format!("from:{}", word(150))),
        ("subject:", format!("subject:{}", word(30))),
    ];
    for (what, query) in queries {
        let quoted: Vec<String> = query.split(' ').map(str::to_owned).collect();
        for limit in ["50", "100000"] {
            let mut theirs = || {
                let mut args = vec![
                    "search".to_owned(),
                    format!("--limit={limit}"),
                    "--output=summary".to_owned(),
                ];
                args.extend(quoted.iter().cloned());
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                assert!(notmuch(&args).status().unwrap().success());
            };
            let mut ours = || {
                let mut command = Command::new(lacebark());
                command
                    .env_clear()
                    .envs(home.env())
                    .args(["search", "--limit", limit]);
                command.args(&quoted).stdout(Stdio::null());
                assert!(command.status().unwrap().success());
            };
            let (ours, theirs) = typical(&mut ours, &mut theirs);
            let limit = if limit == "50" { "50 newest" } else { "all" };
            figures.under(
                format!("search: the command, {what}, {limit} (budget: notmuch)"),
                ours,
                theirs,
                millis,
            );
        }
    }
}

/// The medians of some runs of both, in turn, so that what else the machine does meets both.
fn typical(ours: &mut dyn FnMut(), theirs: &mut dyn FnMut()) -> (Duration, Duration) {
    let took = |run: &mut dyn FnMut()| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    };
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        there.push(took(theirs));
        here.push(took(ours));
    }
    (median(&mut here), median(&mut there))
}
