//! Lists of conversations and late parents, in a store of 1,000,000 messages.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lacebark::env::SystemClock;
use lacebark::model::{Envelope, MailboxKey, MessageKey, ThreadKey};
use lacebark::ops::threads::{Anchor, Folds, ThreadPage, Window, page};
use lacebark::store::messages::Arrived;
use lacebark::store::{Rows, Store, threads};

use crate::figures::{Figures, median, millis, quantile};
use crate::filling::{arrived, fill, inbox, noise, put, timed};

const MESSAGES: u32 = 1_000_000;
/// What the screen asks for around the cursor.
const AROUND: usize = 150;
/// Pairs of threads that a parent joins.
const PAIRS: u32 = 8;

fn id(number: u32) -> String {
    format!(
        "CA+{number:08x}.{:08x}@mail.example.org",
        number.wrapping_mul(77)
    )
}

/// What a message answers: of each thousand some belong to long threads that go through the whole
/// store, fifty to one of 50,000; of the others a third starts a thread.
fn above(uid: u32) -> Vec<String> {
    let place = uid % 1_000;
    if place < 2 * PAIRS {
        return vec![format!("root-{place}@mail.example.org")];
    }
    if place >= 950 {
        let mut chain = Vec::new();
        let mut at = uid;
        while let Some(before) = before(at).filter(|_| chain.len() < 20) {
            chain.insert(0, id(before));
            at = before;
        }
        return chain;
    }
    let mut above = Vec::new();
    let mut at = uid;
    while let Some(parent) = parent(at).filter(|_| above.len() < 6) {
        above.insert(0, id(parent));
        at = parent;
    }
    above
}

/// What a message of the thread of 50,000 answers: the one before it in that thread.
fn before(uid: u32) -> Option<u32> {
    let back = if uid % 1_000 == 950 { 951 } else { 1 };
    uid.checked_sub(back).filter(|before| *before >= 950)
}

/// What an ordinary message answers: one of the hundred before it.
fn parent(uid: u32) -> Option<u32> {
    let back = 1 + noise(uid) % 100;
    let parent = uid.checked_sub(back).filter(|_| !uid.is_multiple_of(3))?;
    (2 * PAIRS..950)
        .contains(&(parent % 1_000))
        .then_some(parent)
}

fn row(uid: u32) -> Arrived {
    let more = Envelope {
        subject: format!("A subject of the usual length, number {}", noise(uid)),
        message_id: id(uid),
        references: above(uid),
        ..Envelope::default()
    };
    arrived(uid, more)
}

fn open(path: &Path) -> Store {
    Store::open(&path.join("mail.db"), Arc::new(SystemClock::start())).unwrap()
}

fn filled(path: &Path) -> MailboxKey {
    let store = open(path);
    let inbox = inbox(&store, "work");
    fill(&store, MESSAGES, |_| inbox, row);
    inbox
}

fn read(rows: &impl Rows, inbox: MailboxKey, folds: &Folds, anchor: Anchor) -> ThreadPage {
    let before = match anchor {
        Anchor::Top => 0,
        _ => AROUND,
    };
    let window = Window {
        mailboxes: &[inbox],
        folds,
        reverse: false,
        anchor,
        before,
        after: 2 * AROUND - before,
    };
    page(rows, &window).unwrap()
}

/// Everything about conversations.
pub fn all(figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let (took, inbox) = timed(|| filled(folder.path()));
    let took = format!("{:.0} s", took.as_secs_f64());
    figures.note("1,000,000 messages stored, newest first", took);
    pages(figures, folder.path(), inbox);
    joins(figures, folder.path(), inbox);
}

fn pages(figures: &mut Figures, path: &Path, inbox: MailboxKey) {
    let folded = Folds::default();
    let mut opens: Vec<Duration> = (0..10)
        .map(|_| {
            let (took, found) = timed(|| {
                let store = open(path);
                let reader = store.reader().unwrap();
                read(&reader, inbox, &folded, Anchor::Top)
            });
            assert_eq!(found.rows.len(), 2 * AROUND);
            took
        })
        .collect();
    let what = "open a threaded mailbox of 1,000,000: store and 300 rows, median";
    figures.under(what, median(&mut opens), Duration::from_millis(50), millis);
    let store = open(path);
    let reader = store.reader().unwrap();
    let mut far = read(&reader, inbox, &folded, Anchor::Ordinal(100_000));
    let mut steps = Vec::new();
    for _ in 0..100 {
        let last = &far.rows[far.rows.len() - 20];
        let anchor = Anchor::Message(last.row.key, Some(last.turn));
        let (took, found) = timed(|| read(&reader, inbox, &folded, anchor));
        assert_eq!(found.rows.len(), 2 * AROUND);
        far = found;
        steps.push(took);
    }
    let what = "next page there: 300 rows around the cursor, median of 100";
    figures.under(what, median(&mut steps), Duration::from_millis(5), millis);
    figures.note("the same, p99", millis(quantile(&mut steps, 0.99)));
    let opened = Folds {
        open: true,
        ..Folds::default()
    };
    let anchor = Anchor::Message(far.rows[0].row.key, None);
    let (took, _) = timed(|| read(&reader, inbox, &opened, anchor));
    figures.note("300 rows of unfolded conversations there", millis(took));
    let (long, head) = far_thread(&reader, inbox);
    let mut one = Folds::default();
    one.set(long, true);
    let mut unfolds: Vec<Duration> = (0..5)
        .map(|_| {
            let (took, found) = timed(|| read(&reader, inbox, &one, Anchor::Message(head, None)));
            assert!(found.rows.iter().any(|row| row.tree.depth > 100));
            took
        })
        .collect();
    figures.note(
        "unfold a thread of 50,000 in it: tree and 300 rows, median",
        millis(median(&mut unfolds)),
    );
}

/// The thread of 50,000, and its head.
fn far_thread(rows: &impl Rows, inbox: MailboxKey) -> (ThreadKey, MessageKey) {
    let top = read(rows, inbox, &Folds::default(), Anchor::Top);
    let long = top.rows.iter().max_by_key(|row| row.tree.hidden).unwrap();
    assert_eq!(long.tree.hidden, 49_999);
    (long.row.thread, long.row.key)
}

fn joins(figures: &mut Figures, path: &Path, inbox: MailboxKey) {
    let store = open(path);
    let mut times = Vec::new();
    for pair in 0..PAIRS {
        let (one, other) = (2 * pair, 2 * pair + 1);
        let parent = Arrived {
            envelope: Some(Envelope {
                message_id: format!("root-{one}@mail.example.org"),
                references: vec![format!("root-{other}@mail.example.org")],
                ..Envelope::default()
            }),
            ..row(MESSAGES + 1 + pair)
        };
        let (took, ()) = timed(|| put(&store, inbox, vec![parent]));
        times.push(took);
    }
    let reader = store.reader().unwrap();
    let last = read(&reader, inbox, &Folds::default(), Anchor::Top);
    let thread = last.rows[0].row.thread;
    let (total, _) = threads::counts(&reader, &[inbox], thread).unwrap();
    assert_eq!(total, 2_001, "two threads and their parent");
    let what = "a late parent joins two threads of 1,000, all over the store, median";
    figures.under(what, median(&mut times), Duration::from_millis(20), millis);
    figures.note("the same, slowest of 8", millis(quantile(&mut times, 1.0)));
}
