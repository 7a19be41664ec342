//! What is asked of a running account task: merged, never queued.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

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
    /// The account was logged out: its session ends, and its password is forgotten.
    pub(super) forget: bool,
}

impl Wishes {
    fn add(&mut self, more: Wishes) {
        self.stop |= more.stop;
        self.sync_now |= more.sync_now;
        self.work |= more.work;
        self.slept |= more.slept;
        self.moved |= more.moved;
        // What was given before a logout is forgotten with it.
        let given = self.secret.take().filter(|_| !more.forget);
        self.secret = more.secret.or(given);
        self.forget |= more.forget;
    }
}

#[derive(Debug, Default)]
struct Slot {
    wishes: Wishes,
    offline: bool,
    /// The process is about to be stopped: nothing is to be owned.
    away: bool,
    /// The task has the account's lock, or is about to take it.
    owner: bool,
    /// How often a try was wished for.
    urged: u64,
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
        let mut fresh = Wishes::default();
        add(&mut fresh);
        let mut slot = self.slot();
        slot.urged += u64::from(fresh.sync_now || fresh.slept || fresh.moved);
        slot.wishes.add(fresh);
        drop(slot);
        self.some.notify_one();
        self.any.notify_waiters();
    }

    /// Wakes whoever looks on, though nothing is wished for.
    pub(super) fn tell(&self) {
        self.any.notify_waiters();
    }

    /// Ends with the next wish, counted from the making of this; takes none of them.
    pub(super) fn told(&self) -> Notified<'_> {
        self.any.notified()
    }

    /// How often a try was wished for, whatever the back-off says.
    pub(super) fn urged(&self) -> u64 {
        self.slot().urged
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

    /// Has the task give the account up while the process is stopped, or take it again.
    pub(super) fn set_away(&self, away: bool) {
        self.slot().away = away;
        self.some.notify_one();
        self.any.notify_waiters();
    }

    /// Whether the account is given up for now.
    pub(super) fn is_away(&self) -> bool {
        self.slot().away
    }

    /// Says whether the task has the account's lock.
    pub(super) fn set_owner(&self, owner: bool) {
        self.slot().owner = owner;
        self.any.notify_waiters();
    }

    /// Whether the task has the account's lock.
    pub(super) fn is_owner(&self) -> bool {
        self.slot().owner
    }

    /// Whether a connection is to end now, whatever is to follow.
    pub(super) fn ends_link(&self) -> bool {
        let slot = self.slot();
        slot.wishes.stop || slot.wishes.forget || slot.offline || slot.away
    }

    /// A link that was just signed in has outlived every sleep that was told so far.
    pub(super) fn forget_sleep(&self) {
        self.slot().wishes.slept = false;
    }

    /// Whether the task is to end. Stays so: the wish is not taken.
    pub(super) fn is_stopped(&self) -> bool {
        self.slot().wishes.stop
    }

    /// Takes all wishes but the one to stop, which stays, the one to forget a password, and a
    /// password, which is for the next sign-in whenever that is.
    pub(super) fn take(&self) -> Wishes {
        let mut slot = self.slot();
        let stop = slot.wishes.stop;
        let forget = slot.wishes.forget;
        let secret = slot.wishes.secret.take();
        let wishes = std::mem::take(&mut slot.wishes);
        slot.wishes.forget = forget;
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

    /// Takes the wish to forget the password, and nothing else.
    pub(super) fn take_logout(&self) -> bool {
        std::mem::take(&mut self.slot().wishes.forget)
    }

    /// Waits until the connection is to end; wishes for other things stay.
    pub(super) async fn wait_for_end(&self) {
        self.wait_until(|| self.ends_link()).await;
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
