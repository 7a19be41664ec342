//! Sending: from the key to the outbox on the disk, and what a large attachment costs.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lacebark::env::SystemClock;
use lacebark::mime::write::{Given, compose};
use lacebark::model::{Address, Draft, Recipient};
use lacebark::ops::send::{When, freeze_letter, submit};
use lacebark::store::accounts::AccountKind;
use lacebark::store::outgoing::Fresh;
use lacebark::store::{Store, outgoing};

use crate::figures::{Figures, median, megabytes, millis, quantile};
use crate::harness::fake_smtp::{FakeSmtp, Script};
use crate::harness::free_port;
use crate::harness::program::Home;
use crate::memory::status_number;

const BUDGET: Duration = Duration::from_millis(20);
const KEY: Duration = Duration::from_millis(16);
const ATTACHED: u64 = 25 << 20;

/// All of them.
pub fn all(figures: &mut Figures) {
    to_the_outbox(figures);
    large_attachment(figures);
}

/// A letter of one screen, as the composer hands it over.
fn to_the_outbox(figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::start());
    let store = Store::open(&folder.path().join("mail.db"), clock).unwrap();
    let account = lacebark::ops::accounts::ensure(&store, "work", AccountKind::Imap);
    let account = account.wait().unwrap();
    let mut spent = Vec::new();
    for round in 0..300_u32 {
        let draft = Draft {
            account: "work".to_owned(),
            from: Address {
                name: "Alice".to_owned(),
                address: "alice@example.test".to_owned(),
            },
            to: vec![Recipient::address("bob@example.test")],
            bcc: match round % 2 {
                0 => Vec::new(),
                _ => vec![Recipient::address("carol@example.test")],
            },
            subject: format!("Letter {round}"),
            text: "A line of a letter, as long as lines mostly are.\n".repeat(24),
            ..Draft::default()
        };
        let begun = Instant::now();
        let mut random = [0; 16];
        random[..4].copy_from_slice(&round.to_le_bytes());
        let given = Given {
            now: 1_795_257_600,
            zone: 0,
            random,
            eight_bit: false,
        };
        let mut open =
            |_: usize| -> io::Result<Box<dyn Read>> { Err(io::ErrorKind::NotFound.into()) };
        let letter = compose(&draft, &given, &mut open).unwrap();
        let (wire, copy) = freeze_letter(&store, account, &letter, &mut open, &mut |_| {}).unwrap();
        let fresh = Fresh {
            account,
            wire,
            copy,
            sender: letter.sender.clone(),
            recipients: letter.recipients.clone(),
            eight_bit: letter.eight_bit,
            utf8: letter.utf8,
            message_id: letter.message_id.clone(),
            subject: draft.subject.clone(),
            bcc: draft.bcc.clone(),
            draft: Some(draft),
            later: None,
        };
        submit(&store, fresh, None, When::After(10)).wait().unwrap();
        spent.push(begun.elapsed());
    }
    let there = outgoing::list(&store.reader().unwrap(), None).unwrap();
    assert_eq!(there.len(), spent.len());
    figures.under(
        "from send to the outbox on the disk, no attachment: p99",
        quantile(&mut spent, 0.99),
        BUDGET,
        millis,
    );
    figures.note(
        "the same: median, longest (each waits for one fsync)",
        format!(
            "{}, {}",
            millis(median(&mut spent)),
            millis(quantile(&mut spent, 1.0))
        ),
    );
}

fn home_at(fake: &FakeSmtp) -> Home {
    let home = Home::new();
    let settings = format!(
        "[[account]]\nid = \"work\"\naddress = \"alice@example.test\"\n\
         imap = \"imap+plain://alice@127.0.0.1:{}\"\nsmtp = \"{}\"\nkeep = \"command\"\n\
         password_command = [\"printf\", \"key\"]\nsent_copy = \"server\"\n",
        free_port(),
        fake.url(),
    );
    fs::write(home.path("config.toml"), settings).unwrap();
    home
}

/// The most memory that a process held until it ended, and how long it ran.
fn watched(mut child: Child, input: &str) -> (u64, Duration) {
    let begun = Instant::now();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).unwrap();
    }
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(child.id()));
        thread::sleep(Duration::from_millis(1));
    }
    (most, begun.elapsed())
}

fn peak(pid: u32) -> u64 {
    status_number(&format!("/proc/{pid}/status"), "VmHWM:") * 1024
}

fn queued(home: &Home, file: &Path) -> (u64, Duration) {
    let file = file.to_str().unwrap();
    let arguments = [
        "send",
        "--queue-only",
        "--to",
        "bob@example.test",
        "--bcc",
        "carol@example.test",
        "--attach",
        file,
    ];
    let child = home
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    watched(child, "Hi\n")
}

fn large_attachment(figures: &mut Figures) {
    let fake = FakeSmtp::start(Script::default());
    let home = home_at(&fake);
    let (small, large) = (home.path("small"), home.path("large"));
    fs::write(&small, "small").unwrap();
    // Octets that no compression makes less.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    })
    .take(ATTACHED as usize)
    .collect();
    fs::write(&large, noise).unwrap();
    let (base, _) = queued(&home, &small);
    let (most, took) = queued(&home, &large);
    grown(
        figures,
        "25 MB attachment, into the outbox, with Bcc",
        base,
        most,
    );
    figures.note(
        "25 MB attachment, with Bcc, into the outbox: time",
        millis(took),
    );
    let (most, took) = watched(home.spawn(&["sync"]), "");
    assert_eq!(fake.delivered().len(), 2, "not sent");
    grown(
        figures,
        "25 MB attachment, from there to the server",
        base,
        most,
    );
    figures.note(
        "25 MB attachment, to a server on this machine: time",
        millis(took),
    );
    keys_meanwhile(figures, &fake, &home, &large);
}

fn grown(figures: &mut Figures, what: &str, base: u64, most: u64) {
    figures.under(
        format!("{what}: peak memory above a small one"),
        most.saturating_sub(base),
        4 * ATTACHED,
        megabytes,
    );
}

/// Keys in the main menu while a slow server takes 25 MB.
fn keys_meanwhile(figures: &mut Figures, fake: &FakeSmtp, home: &Home, large: &Path) {
    fake.at_each_step(|| thread::sleep(Duration::from_millis(3)));
    let before = fake.delivered().len();
    queued(home, large);
    let mut terminal = home.terminal(&[], 24, 80);
    terminal.wait_text("? Help");
    fake.until_heard("the last message", |heard| {
        heard.matches("DATA\r\n").count() > before
    });
    let mut spent = Vec::new();
    let mut round = 0;
    while fake.delivered().len() == before && round < 2_000 {
        while terminal.next_output(Duration::ZERO).is_some() {}
        let key = ["\x1b[B", "\x1b[B", "\x1b[A", "\x1b[A"][round % 4];
        let pressed = terminal.press(key);
        if let Some(seen) = terminal.next_output(Duration::from_secs(2)) {
            spent.push(seen.saturating_duration_since(pressed));
        }
        thread::sleep(Duration::from_millis(10));
        round += 1;
    }
    if spent.len() < 50 {
        figures.note("keys while 25 MB leave: it was over too soon", spent.len());
        return;
    }
    figures.under(
        format!(
            "keys while 25 MB leave, {} of them, at the pty: p99",
            spent.len()
        ),
        quantile(&mut spent, 0.99),
        KEY,
        millis,
    );
}
