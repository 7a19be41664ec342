//! The change bus: what each commit changed, told after it, merged.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::model::{AccountKey, ContentKey, MailboxKey};

/// What a commit changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The list of accounts.
    Accounts,
    /// Names, roles, counts or cursors of an account's mailboxes.
    Mailboxes(AccountKey),
    /// Messages of a mailbox: new, gone, or other flags.
    Messages(MailboxKey),
    /// Bytes, envelope or structure of a content.
    Content(ContentKey),
    /// Journal, outbox or undo rows.
    Journal,
    /// Drafts.
    Drafts,
    /// The address book.
    Contacts,
    /// The state of an account's connection.
    Link(AccountKey),
    /// Notices.
    Notices,
    /// What one process asks of another.
    Requests,
    /// Another process committed: anything may have changed.
    Others,
}

type Tell = dyn Fn(&[Change]) + Send + Sync;

#[derive(Default)]
pub(super) struct Bus {
    watchers: Mutex<Vec<Weak<Tell>>>,
}

/// A registered callback; dropping it ends the calls.
pub struct Watch {
    _tell: Arc<Tell>,
}

/// A merging queue of changes.
pub struct Changes {
    queue: Arc<Queue>,
    _watch: Watch,
}

#[derive(Default)]
struct Queue {
    changes: Mutex<BTreeSet<Change>>,
    some: Condvar,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bus {
    pub(super) fn watch(&self, tell: impl Fn(&[Change]) + Send + Sync + 'static) -> Watch {
        let tell: Arc<Tell> = Arc::new(tell);
        lock(&self.watchers).push(Arc::downgrade(&tell));
        Watch { _tell: tell }
    }

    pub(super) fn subscribe(&self) -> Changes {
        let queue = Arc::new(Queue::default());
        let into = queue.clone();
        let watch = self.watch(move |changes| {
            lock(&into.changes).extend(changes.iter().copied());
            into.some.notify_all();
        });
        Changes {
            queue,
            _watch: watch,
        }
    }

    pub(super) fn send(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let mut live = Vec::new();
        lock(&self.watchers).retain(|watcher| match watcher.upgrade() {
            Some(tell) => {
                live.push(tell);
                true
            }
            None => false,
        });
        for tell in live {
            tell(changes);
        }
    }
}

impl Changes {
    /// What changed since the last call, each once; empty when nothing did.
    pub fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *lock(&self.queue.changes))
            .into_iter()
            .collect()
    }

    /// Waits until something changed or `limit` passed, then as [`Changes::take`].
    pub fn wait(&self, limit: Duration) -> Vec<Change> {
        let end = Instant::now() + limit;
        let mut changes = lock(&self.queue.changes);
        while changes.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            changes = match self.queue.some.wait_timeout(changes, left) {
                Ok((changes, _)) => changes,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        std::mem::take(&mut *changes).into_iter().collect()
    }
}
