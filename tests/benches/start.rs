//! From the start of the process to the first index from the store.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lacebark::env::SystemClock;
use lacebark::model::{Envelope, Flags, UidValidity};
use lacebark::store::accounts::{self, AccountKind};
use lacebark::store::mailboxes::{self, Cursor, Epoch, Listed, Selected};
use lacebark::store::messages::{self, Arrived};
use lacebark::store::{Priority, Store};

use crate::figures::{Figures, median, millis, seconds};
use crate::harness::free_port;
use crate::harness::generate::Dice;
use crate::harness::program::Home;
use crate::harness::pty::Terminal;

/// In every subject: when a screen of them is there, the index is. The cursor begins on the topmost
/// unread message, wherever that is.
const SUBJECT: &str = " about the pines";

/// With 1,000, 100,000 and 1,000,000 messages.
pub fn all(figures: &mut Figures) {
    let mut medians = Vec::new();
    for count in [1_000, 100_000, 1_000_000] {
        let home = filled(figures, count);
        start(&home, false);
        let mut samples: Vec<Duration> = (0..20).map(|_| start(&home, false)).collect();
        let middle = median(&mut samples);
        figures.under(
            format!("start to first index, {count} messages"),
            middle,
            Duration::from_millis(30),
            millis,
        );
        medians.push(middle);
        start(&home, true);
        let mut samples: Vec<Duration> = (0..5).map(|_| start(&home, true)).collect();
        figures.under(
            format!("the same after kill -9, {count} messages"),
            median(&mut samples),
            Duration::from_millis(300),
            millis,
        );
    }
    let more = medians[2].saturating_sub(medians[0]);
    figures.under(
        "a million takes longer than a thousand by",
        more,
        Duration::from_millis(10),
        millis,
    );
}

/// One start; then it is quit, or killed as by a power cut.
fn start(home: &Home, kill: bool) -> Duration {
    let began = Instant::now();
    let mut terminal: Terminal = home.terminal(&[], 24, 80);
    let seen = terminal.wait("the index", Duration::from_secs(30), |screen| {
        let text = screen.contents();
        text.contains("INBOX") && text.matches(SUBJECT).count() >= 15
    });
    if !kill {
        // What comes after the first frame (connecting, keyring) is let through before the end.
        terminal.settle(Duration::from_millis(100));
        terminal.press("q");
        terminal.exit_code(Duration::from_secs(20));
    }
    seen.saturating_duration_since(began)
}

/// A home whose only account has so many messages in its INBOX and a server that is not there.
fn filled(figures: &mut Figures, count: u32) -> Home {
    let home = Home::new();
    let url = format!("imaps://alice@localhost:{}", free_port());
    let setup = [
        "setup",
        "--address",
        "alice@example.test",
        "--account",
        "work",
        "--imap",
        &url,
    ];
    home.run(
        &[
            &setup[..],
            &[
                "--password-command",
                "echo x",
                "--keep",
                "command",
                "--no-test",
            ],
        ]
        .concat(),
    )
    .exits(0);
    fs::create_dir_all(home.data()).unwrap();
    let start = Instant::now();
    let store = Store::open(&home.data().join("mail.db"), Arc::new(SystemClock::start())).unwrap();
    let (mailbox, epoch) = store
        .write(Priority::Person, |tx| {
            let account = accounts::ensure(tx, "work", AccountKind::Imap)?;
            let inbox = Listed {
                name: "INBOX".to_owned(),
                shown: "INBOX".to_owned(),
                delimiter: Some('/'),
                subscribed: true,
                ..Listed::default()
            };
            let made = mailboxes::record_list(tx, account, &[inbox])?;
            let selected = Selected {
                uidvalidity: Some(UidValidity(1)),
                ..Selected::default()
            };
            let opened = mailboxes::record_select(tx, made.new[0], &selected)?;
            Ok((made.new[0], opened.epoch()))
        })
        .wait()
        .unwrap();
    let mut dice = Dice::new(17);
    for first in (1..=count).step_by(1_000) {
        let batch: Vec<Arrived> = (first..(first + 1_000).min(count + 1))
            .map(|uid| arrived(&mut dice, uid))
            .collect();
        store
            .write(Priority::Bulk, move |tx| insert(tx, mailbox, epoch, &batch))
            .wait()
            .unwrap();
    }
    drop(store);
    figures.note(
        format!("filling a store with {count} messages"),
        seconds(start.elapsed()),
    );
    home
}

fn insert(
    tx: &lacebark::store::Tx<'_>,
    mailbox: lacebark::model::MailboxKey,
    epoch: Epoch,
    batch: &[Arrived],
) -> Result<(), lacebark::store::StoreError> {
    messages::insert(tx, mailbox, epoch, batch)?;
    let top = batch.last().map_or(0, |message| message.uid);
    mailboxes::set_cursor(
        tx,
        mailbox,
        epoch,
        &Cursor {
            top,
            ..Cursor::default()
        },
    )
}

fn arrived(dice: &mut Dice, uid: u32) -> Arrived {
    let arrival = 1_600_000_000 + i64::from(uid) * 60;
    let subject = format!("Letter {uid}{SUBJECT}");
    let references = if uid > 10 && dice.chance(50) {
        vec![format!("{}@example.org", uid - 1 - dice.below(9) as u32)]
    } else {
        Vec::new()
    };
    let from = lacebark::model::Address {
        name: ["Zoe Miller", "Ada Birch", "Kenji Sato"][dice.below(3)].to_owned(),
        address: "someone@example.org".to_owned(),
    };
    Arrived {
        uid,
        flags: if dice.chance(80) {
            Flags::parse(["\\Seen"])
        } else {
            Flags::none()
        },
        arrival,
        size: 4_000,
        envelope: Some(Envelope {
            date: Some(arrival),
            subject,
            from: vec![from],
            message_id: format!("{uid}@example.org"),
            references,
            ..Envelope::default()
        }),
        ..Arrived::default()
    }
}
