//! Looks after the store while nobody waits: reads people out of new mail for completion, counts
//! anew what changed, and reads a large file whole.
//!
//! It begins when the store has been at rest for a while, reads by a connection of its own behind
//! everybody else, and ends at once when the program does. A program in which nothing happens is
//! not woken by it.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::env::harden;
use crate::model::{MailboxKey, Notice, Severity};
use crate::store::care::Halt;
use crate::store::counts::{self, Recount};
use crate::store::people::{self, Gleaned};
use crate::store::{Change, Priority, Store, StoreError, Watch, notices};

/// For so long nothing may have been written before it begins.
pub const CALM: Duration = Duration::from_secs(120);
/// The same before people are read out of new mail: who wrote just now is soon written to.
const PAUSE: Duration = Duration::from_secs(3);

struct State {
    changed: BTreeSet<MailboxKey>,
    last: Instant,
    begin: Option<Instant>,
    /// From when on there may be mail to read people out of.
    glean: Option<Instant>,
    over: bool,
}

/// What there is to do.
enum Task {
    Glean,
    Look(BTreeSet<MailboxKey>),
}

struct Shared {
    state: Mutex<State>,
    news: Condvar,
    halt: Halt,
    calm: Duration,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told after each commit, on the writer's thread.
    fn heard(&self, changes: &[Change]) {
        let mut state = self.state();
        state.last = Instant::now();
        for change in changes {
            if let Change::Messages(mailbox) = change {
                state.changed.insert(*mailbox);
            }
        }
        let is_mail = |change: &Change| matches!(change, Change::Messages(_) | Change::Content(_));
        let mut is_news = false;
        if state.glean.is_none() && changes.iter().any(is_mail) {
            state.glean = Some(state.last);
            is_news = true;
        }
        if state.begin.is_none() && !state.changed.is_empty() {
            state.begin = Some(state.last + self.calm);
            is_news = true;
        }
        if is_news {
            drop(state);
            self.news.notify_one();
        }
    }

    /// Waits until there is something to do and the store is at rest; `None` at the end.
    fn next(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.over {
                return None;
            }
            let now = Instant::now();
            let pause = PAUSE.min(self.calm);
            let glean = state.glean.map(|from| from.max(state.last) + pause);
            let look = state.begin.map(|from| from.max(state.last + self.calm));
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
            if is_due(glean) {
                state.glean = None;
                return Some(Task::Glean);
            }
            if is_due(look) {
                state.begin = None;
                return Some(Task::Look(std::mem::take(&mut state.changed)));
            }
            state = match glean.into_iter().chain(look).min() {
                None => {
                    let woken = self.news.wait(state);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
                Some(at) => {
                    let woken = self.news.wait_timeout(state, at - now);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// The thread that looks after a store. Dropping it ends what it is at.
pub struct Care {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    _watch: Watch,
}

impl Care {
    /// Begins when the store has been at rest for so long.
    pub fn start(store: &Store, calm: Duration) -> std::io::Result<Self> {
        let now = Instant::now();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                changed: BTreeSet::new(),
                last: now,
                begin: Some(now + calm),
                glean: Some(now),
                over: false,
            }),
            news: Condvar::new(),
            halt: Halt::default(),
            calm,
        });
        let told = shared.clone();
        let watch = store.watch(move |changes| told.heard(changes));
        let (own, store) = (shared.clone(), store.clone());
        let thread = std::thread::Builder::new()
            .name("care".to_owned())
            .spawn(move || {
                harden::stand_back();
                while let Some(task) = own.next() {
                    match task {
                        Task::Glean => glean(&store, &own.halt),
                        Task::Look(changed) => look(&store, changed, &own.halt),
                    }
                }
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            _watch: watch,
        })
    }
}

impl Drop for Care {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.halt.halt();
        self.shared.news.notify_one();
        if self.thread.take().is_some_and(|one| one.join().is_err()) {
            tracing::error!("nobody looked after the mail store at the end");
        }
    }
}

/// Reads people out of what came, in short steps: whoever writes gets in between two of them.
fn glean(store: &Store, halt: &Halt) {
    let all = store.reader().and_then(|reader| {
        while !halt.is_over() && people::glean(store, &reader)? == Gleaned::More {}
        Ok(())
    });
    if let Err(error) = all {
        tracing::warn!(%error, "people could not be read out of new mail");
    }
}

fn look(store: &Store, changed: BTreeSet<MailboxKey>, halt: &Halt) {
    for mailbox in changed {
        if store.is_recount_due(mailbox)
            && let Err(error) = recount(store, mailbox, halt)
        {
            tracing::warn!(%error, "the counts of a mailbox could not be looked at");
        }
    }
    if halt.is_over() || !store.is_check_due() {
        return;
    }
    match store.check(halt) {
        Ok(checked) => tracing::info!(?checked, "the mail store was read whole"),
        Err(StoreError::Damaged { what }) => {
            tracing::error!(what, "the mail store is damaged");
            let told = store.write(Priority::Person, move |tx| {
                notices::add(tx, &damaged(&what)).map(drop)
            });
            if let Err(error) = told.wait() {
                tracing::error!(%error, "the damage cannot be told");
            }
        }
        Err(error) => tracing::warn!(%error, "the mail store could not be read whole"),
    }
}

fn damaged(what: &str) -> Notice {
    Notice {
        severity: Severity::Attention,
        account: String::new(),
        topic: "store".to_owned(),
        text: "The mail store is damaged".to_owned(),
        hint:
            "Quit and start lacebark again: it then saves what can be read and keeps the damaged \
               file by name."
                .to_owned(),
        detail: what.to_owned(),
    }
}

fn recount(store: &Store, mailbox: MailboxKey, halt: &Halt) -> Result<(), StoreError> {
    let reader = store.reader()?;
    let mut recount = Recount::of(mailbox);
    let mut doubt = loop {
        if halt.is_over() {
            return Ok(());
        }
        if let Some(doubt) = recount.step(&reader)? {
            break doubt;
        }
    };
    drop(reader);
    while !doubt.is_none() {
        if halt.is_over() {
            return Ok(());
        }
        let some = doubt;
        let mend = store.write(Priority::Bulk, move |tx| counts::mend(tx, mailbox, some));
        doubt = mend.wait()?;
    }
    store.recounted(mailbox);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{Bed, arrived, damage};

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn a_mailbox_that_changed_is_counted_anew_when_the_store_is_at_rest() {
        let bed = Bed::new();
        damage(&bed.store, "UPDATE mailbox SET total = 7");
        let changes = bed.store.subscribe();
        let care = Care::start(&bed.store, Duration::from_millis(20)).unwrap();
        bed.insert(vec![arrived(1, "a")]);
        let begun = Instant::now();
        while !changes.wait(LIMIT).contains(&Change::Notices) {
            assert!(begun.elapsed() < LIMIT, "nothing was told");
        }
        drop(care);
        let reader = bed.store.reader().unwrap();
        let row = crate::store::mailboxes::get(&reader, bed.inbox).unwrap();
        assert_eq!((row.total, row.unread), (1, 1));
        let told = notices::latest(&reader, 9).unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].notice.text.contains("\"INBOX\""), "{told:?}");
        assert!(!bed.store.is_recount_due(bed.inbox));
    }

    #[test]
    fn people_are_read_out_of_new_mail_and_out_of_what_was_there() {
        let bed = Bed::new();
        bed.insert(vec![arrived(1, "a")]);
        let begun = Instant::now();
        let met = |name: &str, times: u64| {
            let reader = bed.store.reader().unwrap();
            while people::matching(&reader, &[name.to_owned()], 9)
                .unwrap()
                .first()
                .is_none_or(|one| one.wrote != times)
            {
                assert!(begun.elapsed() < LIMIT, "{name} was never met");
                std::thread::yield_now();
            }
        };
        let care = Care::start(&bed.store, Duration::from_millis(20)).unwrap();
        met("zoe", 1);
        bed.insert(vec![arrived(2, "b")]);
        met("mull", 2);
        drop(care);
    }

    #[test]
    fn it_ends_at_once_and_waits_for_nothing() {
        let bed = Bed::new();
        let care = Care::start(&bed.store, CALM).unwrap();
        bed.insert(vec![arrived(1, "a")]);
        let begun = Instant::now();
        drop(care);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(bed.store.is_recount_due(bed.inbox));
    }
}
