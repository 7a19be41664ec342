//! Keeps the search index behind the mail: what came is found some seconds later.
//!
//! It reads and writes by connections of its own, in short steps behind everybody else, lets the
//! mail settle for a moment before it begins, and ends between two steps when the program does.
//! Another process that does the same holds the index's lock: then it is tried again later. A
//! program in which nothing happens is not woken by it.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::Paths;
use crate::env::harden;
use crate::store::search::{Indexer, Step};
use crate::store::{Change, Store, StoreError, Watch};

/// For so long nothing may have been written before it begins.
const PAUSE: Duration = Duration::from_millis(700);
/// After so long it begins also while mail keeps coming.
const PATIENCE: Duration = Duration::from_secs(5);
/// When it is tried again where another process indexes, or the disk is full.
const AGAIN: Duration = Duration::from_secs(30);

struct State {
    /// Since when there may be something to do.
    news: Option<Instant>,
    last: Instant,
    not_before: Instant,
    over: bool,
}

struct Shared {
    state: Mutex<State>,
    news: Condvar,
    pause: Duration,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told after each commit, on the writer's thread.
    fn heard(&self, changes: &[Change]) {
        let is_mail = |change: &Change| {
            matches!(
                change,
                Change::Messages(_) | Change::Content(_) | Change::Accounts | Change::Others
            )
        };
        if !changes.iter().any(is_mail) {
            return;
        }
        let mut state = self.state();
        state.last = Instant::now();
        if state.news.is_none() {
            state.news = Some(state.last);
            drop(state);
            self.news.notify_one();
        }
    }

    /// Waits until there is something to do; false at the end.
    fn wait(&self) -> bool {
        let mut state = self.state();
        loop {
            if state.over {
                return false;
            }
            let Some(news) = state.news else {
                state = self
                    .news
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let calm = (state.last + self.pause).min(news + PATIENCE);
            let due = calm.max(state.not_before);
            let now = Instant::now();
            if due <= now {
                state.news = None;
                return true;
            }
            let woken = self.news.wait_timeout(state, due - now);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn again(&self, after: Duration) {
        let mut state = self.state();
        let now = Instant::now();
        state.news.get_or_insert(now);
        state.not_before = now + after;
    }
}

/// The thread that indexes. Dropping it ends it.
pub struct Indexing {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    _watch: Watch,
}

impl Indexing {
    /// Keeps the index of a store where these paths say; what keeps it from that is in the log, and
    /// mail can be read all the same.
    pub fn beside(store: &Store, paths: &Paths) -> Option<Self> {
        Self::start(store, &paths.search_db(), PAUSE)
            .inspect_err(|error| tracing::error!(%error, "nobody writes the search index"))
            .ok()
    }

    /// Begins when the store has been at rest for so long.
    fn start(store: &Store, path: &Path, pause: Duration) -> std::io::Result<Self> {
        let now = Instant::now();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                news: Some(now),
                last: now,
                not_before: now,
                over: false,
            }),
            news: Condvar::new(),
            pause,
        });
        let told = shared.clone();
        let watch = store.watch(move |changes| told.heard(changes));
        let (own, store, path) = (shared.clone(), store.clone(), path.to_owned());
        let thread = std::thread::Builder::new()
            .name("search".to_owned())
            .spawn(move || {
                harden::stand_back();
                work(&own, &store, &path);
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            _watch: watch,
        })
    }
}

impl Drop for Indexing {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.news.notify_one();
        if self.thread.take().is_some_and(|one| one.join().is_err()) {
            tracing::error!("nobody wrote the search index at the end");
        }
    }
}

fn work(shared: &Shared, store: &Store, path: &Path) {
    while shared.wait() {
        match index(shared, store, path) {
            Ok(true) => {}
            Ok(false) => shared.again(AGAIN),
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be written");
                shared.again(AGAIN);
            }
        }
    }
}

/// Whether everything is in the index, or the program ends.
fn index(shared: &Shared, store: &Store, path: &Path) -> Result<bool, StoreError> {
    let Some(mut indexer) = Indexer::begin(store, path)? else {
        return Ok(false);
    };
    while !shared.state().over {
        if indexer.step()? == Step::All {
            break;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::model::Query;
    use crate::store::search::{Ask, Scope, Searcher, Stop};
    use crate::store::tests::{Bed, arrived};

    fn found(bed: &Bed, path: &Path, word: &str) -> usize {
        let query = Query::parse(word).unwrap();
        let ask = Ask {
            query: &query,
            is_typing: false,
            scope: Scope::All,
            now: 0,
            zone: &|_| 0,
            is_enough: &|| false,
        };
        let mut count = 0;
        let mut searcher = Searcher::open(&bed.store, path).unwrap();
        let each = &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        };
        searcher.find(&ask, &Stop::default(), each).unwrap();
        count
    }

    fn until(bed: &Bed, path: &Path, word: &str, count: usize) {
        let begun = Instant::now();
        while found(bed, path, word) != count {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{word} was never found"
            );
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_was_there_and_what_comes_is_found_and_another_may_go_on() {
        let bed = Bed::new();
        let path = bed.folder.path().join("search.db");
        bed.insert(vec![arrived(1, "apple")]);
        let held = Indexer::begin(&bed.store, &path).unwrap();
        let pause = Duration::from_millis(5);
        let indexing = Indexing::start(&bed.store, &path, pause).unwrap();
        drop(indexing);
        assert_eq!(found(&bed, &path, "apple"), 0, "another one has the lock");
        drop(held);
        let indexing = Indexing::start(&bed.store, &path, pause).unwrap();
        until(&bed, &path, "apple", 1);
        bed.insert(vec![arrived(2, "pear")]);
        until(&bed, &path, "pear", 1);
        until(&bed, &path, "about", 2);
        drop(indexing);
    }
}
