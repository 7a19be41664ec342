//! The link cut after every line and inside it, the process stopped at every commit: the next run
//! ends where an undisturbed one ends (SAFETY R6, R12).

use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Cut, FULL, Marks, PLAIN};
use super::*;

/// Some history: changes of others and wishes of our own, not synced yet.
fn disturbed(capabilities: &str) -> Bed {
    let bed = Bed::new(furnished(capabilities));
    bed.sync().unwrap();
    bed.server.change("INBOX", |b| {
        b.flag(3, "\\Seen", true);
        b.expunge(5);
        b.expunge(10);
        for n in 0..4 {
            b.deliver(&format!("new{n}"), 300);
        }
        b.deliver("large", 150_000);
    });
    bed.server.change("Archive", |b| b.expunge(1));
    for uid in [2, 3, 10, 20] {
        bed.wish(bed.message("INBOX", uid).key, seen());
    }
    bed.wish(bed.message("Archive", 2).key, flagged());
    bed
}

fn points(marks: &Marks) -> Vec<Cut> {
    let inside = |at: u64| [at.saturating_sub(1), at];
    let reads = marks.told.iter().copied().flat_map(inside).map(Cut::Reads);
    let writes = marks
        .heard
        .iter()
        .copied()
        .flat_map(inside)
        .map(Cut::Writes);
    reads.chain(writes).collect()
}

/// A cut inside the large body has as many lines as that has: one in so many is enough.
fn thinned(points: Vec<Cut>, most: usize) -> Vec<Cut> {
    let step = points.len().div_ceil(most).max(1);
    points.into_iter().step_by(step).collect()
}

fn check(make: impl Fn() -> Bed, most: usize) {
    let whole = make();
    whole.sync().unwrap();
    whole.assert_equal("undisturbed");
    for cut in thinned(points(&whole.server.marks()), most) {
        let bed = make();
        bed.server.cut_next(cut);
        // It fails wherever it was cut; the last octets matter to nobody.
        let _ = bed.sync();
        bed.sync().unwrap();
        bed.assert_equal(&format!("{cut:?}"));
        assert_eq!(bed.sync().unwrap(), Tally::default(), "{cut:?}");
    }
}

#[test]
fn r6_a_first_sync_cut_anywhere_ends_the_same() {
    check(|| Bed::new(furnished(FULL)), 60);
}

#[test]
fn r6_a_later_sync_cut_anywhere_ends_the_same() {
    check(|| disturbed(FULL), 60);
    check(|| disturbed(PLAIN), 40);
}

#[test]
fn r6_a_renumbering_cut_anywhere_ends_the_same() {
    check(
        || {
            let bed = disturbed(FULL);
            bed.server.change("INBOX", server::Box_::renumber);
            bed
        },
        40,
    );
}

/// Stops the work at commit number `at`, as a killed process would; false if it ended before.
fn stopped_at(bed: &Bed, at: usize) -> bool {
    let commits = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(tokio::sync::Notify::new());
    let (count, tell) = (commits.clone(), stop.clone());
    let _watch = bed.store.watch(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == at {
            tell.notify_one();
        }
    });
    guarded(async {
        let mut task = bed.task(Arc::default()).await;
        let mut tally = Tally::default();
        tokio::select! {
            biased;
            () = stop.notified() => true,
            _ = task.session(Aim::Once(Work::All), &mut tally) => false,
        }
    })
}

#[test]
fn r12_a_sync_stopped_at_every_commit_ends_the_same() {
    for make in [disturbed as fn(&str) -> Bed, |c| Bed::new(furnished(c))] {
        for at in 1.. {
            let mut bed = make(FULL);
            let stopped = stopped_at(&bed, at);
            let path = bed.store.path().to_owned();
            let clock = bed.env.clock.clone();
            // A second opening beside the first: what it finds is what was committed.
            bed.store = Store::open(&path, clock).unwrap();
            bed.sync().unwrap();
            bed.assert_equal(&format!("stopped at commit {at}"));
            if !stopped {
                assert!(at > 5, "only {at} commits");
                break;
            }
        }
    }
}
