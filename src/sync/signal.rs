//! What is asked of a running account task: merged, never queued.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::model::Secret;

/// What was asked since the last look.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// End.
    pub(super) stop: bool,
    /// Try and pull now, whatever the back-off says.
    pub(super) sync_now: bool,
    /// Something was put into the journal or the requests.
    pub(super) work: bool,
    /// The machine slept.
    pub(super) slept: bool,
    /// The ways out of this machine changed. A link at rest is tried, and a wait for one ends.
    pub(super) moved: bool,
    /// A password that a person gave.
    pub(super) secret: Option<Secret>,
}

#[derive(Debug, Default)]
struct Slot {
    wishes: Wishes,
    offline: bool,
}

/// One account's slot for wishes.
#[derive(Debug, Default)]
pub(super) struct Signal {
    slot: Mutex<Slot>,
    some: Notify,
    /// Told of each wish, so that who waits for a certain one takes no other away.
    any: Notify,
}

impl Signal {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a wish and wakes the task.
    pub(super) fn ask(&self, add: impl FnOnce(&mut Wishes)) {
        add(&mut self.slot().wishes);
        self.some.notify_one();
        self.any.notify_waiters();
    }

    /// Says whether the user wants no connection.
    pub(super) fn set_offline(&self, offline: bool) {
        self.slot().offline = offline;
        self.some.notify_one();
        self.any.notify_waiters();
    }

    /// Whether the user wants no connection.
    pub(super) fn is_offline(&self) -> bool {
        self.slot().offline
    }

    /// Whether the task is to end. Stays so: the wish is not taken.
    pub(super) fn is_stopped(&self) -> bool {
        self.slot().wishes.stop
    }

    /// Takes all wishes but the one to stop, which stays, and a password, which is for the next
    /// sign-in whenever that is.
    pub(super) fn take(&self) -> Wishes {
        let mut slot = self.slot();
        let stop = slot.wishes.stop;
        let secret = slot.wishes.secret.take();
        let wishes = std::mem::take(&mut slot.wishes);
        slot.wishes.stop = stop;
        slot.wishes.secret = secret;
        wishes
    }

    /// Whether a password waits to be tried.
    pub(super) fn has_secret(&self) -> bool {
        self.slot().wishes.secret.is_some()
    }

    /// Takes a password that a person gave, and nothing else.
    pub(super) fn take_secret(&self) -> Option<Secret> {
        self.slot().wishes.secret.take()
    }

    /// Waits until the connection is to end; wishes for other things stay.
    pub(super) async fn wait_for_end(&self) {
        self.wait_until(|| self.is_stopped() || self.is_offline())
            .await;
    }

    /// Waits until something is `over`, looking at each wish; takes none of them.
    pub(super) async fn wait_until(&self, over: impl Fn() -> bool) {
        loop {
            let told = self.any.notified();
            if over() {
                return;
            }
            told.await;
        }
    }

    /// Waits for a wish; one that came since the last wait ends it at once.
    pub(super) async fn wait(&self) {
        self.some.notified().await;
    }
}
