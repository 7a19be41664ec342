//! Lists in other orders and over several mailboxes, at 1,000,000 messages.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lacebark::env::SystemClock;
use lacebark::model::{Envelope, MailboxKey, Order};
use lacebark::ops::index::{Anchor, Filter, KeyAnchor, Walk, Window, page, page_of_keys};
use lacebark::ops::order::{Sorted, Wanted, sort};
use lacebark::store::messages::{self, Arrived};
use lacebark::store::{Priority, Reader, Store};

use crate::figures::{Figures, median, millis, quantile};
use crate::filling::{arrived, fill, inbox, noise, put, timed};

/// Nine tenths of them are in the first of two INBOXes.
const MESSAGES: u32 = 1_000_000;
const AROUND: usize = 150;
const NOBODY: &dyn Fn() -> bool = &|| true;

fn row(uid: u32) -> Arrived {
    let noise = noise(uid);
    let more = Envelope {
        date: Some(1_600_000_000 + i64::from(uid) * 180 - i64::from(noise % 1_000)),
        subject: format!("Re: [list] {noise} is a subject of the usual length"),
        message_id: format!("{uid}@mail.example.org"),
        ..Envelope::default()
    };
    arrived(uid, more)
}

fn filled(path: &Path) -> (Store, [MailboxKey; 2]) {
    let clock = Arc::new(SystemClock::start());
    let store = Store::open(&path.join("mail.db"), clock).unwrap();
    let inboxes = ["work", "home"].map(|account| inbox(&store, account));
    let into = |low: u32| inboxes[usize::from((low / 1_000).is_multiple_of(10))];
    fill(&store, MESSAGES, into, row);
    (store, inboxes)
}

/// Everything about lists.
pub fn all(figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let (took, (store, inboxes)) = timed(|| filled(folder.path()));
    let took = format!("{:.0} s", took.as_secs_f64());
    figures.note("1,000,000 messages stored in two INBOXes", took);
    let reader = store.reader().unwrap();
    merged(figures, &reader, inboxes);
    let walk = Walk {
        mailboxes: inboxes.to_vec(),
        alone: Vec::new(),
        filter: Filter::All,
    };
    let mut by_subject = None;
    for order in [Order::Size, Order::Date, Order::From, Order::Subject] {
        let wanted = Wanted {
            walk: walk.clone(),
            only: None,
            order,
            reversed: false,
        };
        let (took, sorted) = timed(|| sort(&reader, &wanted, NOBODY).unwrap());
        assert_eq!(sorted.keys.len(), MESSAGES as usize);
        let what = format!(
            "sort 1,000,000 by {} the first time, in a reader",
            order.word()
        );
        figures.note(what, millis(took));
        by_subject = Some((wanted, sorted));
    }
    let (wanted, sorted) = by_subject.unwrap();
    windows(figures, &reader, inboxes, &sorted);
    kept_right(figures, &store, inboxes[0], &wanted, sorted);
}

/// All inboxes by arrival.
fn merged(figures: &mut Figures, reader: &Reader, inboxes: [MailboxKey; 2]) {
    let mut window = Window {
        walk: Walk {
            mailboxes: inboxes.to_vec(),
            alone: Vec::new(),
            filter: Filter::All,
        },
        reversed: false,
        anchor: Anchor::Top,
        before: 0,
        after: 2 * AROUND,
    };
    let mut opens: Vec<Duration> = (0..20)
        .map(|_| timed(|| page(reader, &window).unwrap()).0)
        .collect();
    let what = "open all inboxes of 1,000,000: 300 rows, median";
    figures.under(what, median(&mut opens), Duration::from_millis(50), millis);
    window.anchor = Anchor::Ordinal(400_000);
    let mut last = page(reader, &window).unwrap();
    let mut steps = Vec::new();
    for _ in 0..100 {
        window.anchor = Anchor::Place(last.rows[last.rows.len() - 20].place());
        (window.before, window.after) = (AROUND, AROUND);
        let (took, found) = timed(|| page(reader, &window).unwrap());
        assert_eq!(found.rows.len(), 2 * AROUND);
        last = found;
        steps.push(took);
    }
    let what = "next page there: 300 rows around the cursor, median of 100";
    figures.under(what, median(&mut steps), Duration::from_millis(5), millis);
    figures.note("the same, p99", millis(quantile(&mut steps, 0.99)));
}

/// A sorted list that is at hand.
fn windows(figures: &mut Figures, reader: &Reader, inboxes: [MailboxKey; 2], sorted: &Sorted) {
    let within = inboxes.into_iter().collect();
    let read =
        |at, before, after| page_of_keys(reader, &sorted.keys, &within, at, before, after).unwrap();
    let mut opens: Vec<Duration> = (0..20)
        .map(|_| timed(|| read(KeyAnchor::Top, 0, 2 * AROUND)).0)
        .collect();
    let what = "open a sorted list of 1,000,000 that is at hand: 300 rows, median";
    figures.under(what, median(&mut opens), Duration::from_millis(50), millis);
    let mut steps = Vec::new();
    let (mut last, _) = read(KeyAnchor::Ordinal(500_000), AROUND, AROUND);
    for _ in 0..100 {
        let key = last.rows[last.rows.len() - 20].key;
        let (took, (found, _)) = timed(|| read(KeyAnchor::Message(key, 0), AROUND, AROUND));
        last = found;
        steps.push(took);
    }
    let what = "next page of it: 300 rows around the cursor, median of 100";
    figures.under(what, median(&mut steps), Duration::from_millis(5), millis);
    figures.note("the same, p99", millis(quantile(&mut steps, 0.99)));
}

/// What a change costs a sorted list.
fn kept_right(
    figures: &mut Figures,
    store: &Store,
    inbox: MailboxKey,
    wanted: &Wanted,
    mut sorted: Sorted,
) {
    let reader = store.reader().unwrap();
    let (took, same) = timed(|| sorted.renewed(&reader, wanted, &[], NOBODY).unwrap());
    assert!(same.is_none());
    figures.note(
        "look whether a sorted list of 1,000,000 still holds",
        millis(took),
    );
    put(store, inbox, vec![row(MESSAGES + 1)]);
    let (took, renewed) = timed(|| sorted.renewed(&reader, wanted, &[], NOBODY).unwrap());
    sorted = renewed.unwrap();
    assert_eq!(sorted.keys.len(), MESSAGES as usize + 1);
    figures.note("put one new message into it", millis(took));
    let gone = sorted.keys[1_000];
    store
        .write(Priority::Person, move |tx| messages::remove_local(tx, gone))
        .wait()
        .unwrap();
    let (took, renewed) = timed(|| sorted.renewed(&reader, wanted, &[], NOBODY).unwrap());
    assert_eq!(renewed.unwrap().keys.len(), MESSAGES as usize);
    figures.note("find out which one has left it", millis(took));
}
