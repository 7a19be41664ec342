//! Whether a person waits for the screen at this moment, so that work nobody waits for can let it by.
//!
//! A thread of lower priority still ends its slice of a core (some milliseconds, on Linux) before
//! a thread that woke behind it gets in, and a frame is done in a tenth of that. So bulk work looks
//! here between two steps, and hands its core over only while a key is on its way to its frame:
//! handing it over at all times would starve it beside any other busy program.

use std::sync::atomic::{AtomicBool, Ordering};

/// There is one screen for a process.
static WAITS: AtomicBool = AtomicBool::new(false);

/// A key came, or its frame is written.
pub fn set_waits(waits: bool) {
    // No other memory hangs on it: a step more or less in the way is all that a late look costs.
    WAITS.store(waits, Ordering::Relaxed);
}

/// Whether a key is on its way to its frame: the moment to yield the core.
pub fn person_waits() -> bool {
    WAITS.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::{person_waits, set_waits};

    #[test]
    fn a_person_waits_between_a_key_and_its_frame_alone() {
        assert!(!person_waits(), "nobody pressed a key");
        set_waits(true);
        assert!(person_waits(), "a key is on its way");
        set_waits(false);
        assert!(!person_waits(), "its frame is written");
    }
}
