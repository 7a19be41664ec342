//! What the process does for its own discretion before anything else (SAFETY S1, S4).

use std::io;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// The priority of what nobody waits for, as of `nice`.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BEHIND: i32 = 10;

/// New files are for their owner alone, and no core or other process shows our memory.
///
/// Call it first in `main`, before any thread starts. An error is worth a warning, not an end.
pub fn harden() -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Has this thread stand back behind those that a person waits for, and behind other programs.
///
/// On Linux alone, where a priority belongs to a thread; elsewhere it would slow the screen too.
pub fn stand_back() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = rustix::process::setpriority_process(None, BEHIND) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}
