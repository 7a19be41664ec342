//! How long to wait before the next try (SAFETY R18, R19): monotonic, with jitter and a cap.

use std::time::Duration;

/// What ended the last try, as far as waiting is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody answered and did not want us: connection refused, BYE, NO, a broken dialogue.
    Refused,
    /// Nobody answered: no route, no name, a time limit. This costs the server nothing, and it is
    /// how a missing network looks, so that it is tried more often.
    Unreachable,
    /// A session that had stood for a while broke or was ended: a server that restarts, a network
    /// that changed. Nobody has refused us yet.
    Lost,
    /// The server has too many connections of ours, or of everybody.
    Limited,
}

const REFUSED_FIRST: u64 = 5;
const REFUSED_CAP: u64 = 300;
const LIMITED_FIRST: u64 = 60;
const LOST: u64 = 2;
const UNREACHABLE_FIRST: u64 = 2;
const UNREACHABLE_CAP: u64 = 8;
const UNREACHABLE_LONG: u64 = 60;

/// How long a missing network is looked for eagerly.
const EAGER: Duration = Duration::from_secs(900);

/// A session that lasted this long starts the count anew; one that did not is one more failure.
pub const STEADY: Duration = Duration::from_secs(60);

/// The wait after failure number `failures` (from 1), `offline` after the last steady session.
///
/// `jitter` is any number; it spreads the wait over three to five quarters of its length, so that
/// a server that comes back does not see all its clients in one second.
pub fn wait(ended: Ended, failures: u32, offline: Duration, jitter: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let seconds = match ended {
        Ended::Refused => (REFUSED_FIRST << doublings).min(REFUSED_CAP),
        // Whoever else holds the connections has to end first; asking often makes it worse.
        Ended::Limited => (LIMITED_FIRST << doublings).min(REFUSED_CAP),
        Ended::Lost => LOST,
        Ended::Unreachable if offline < EAGER => {
            (UNREACHABLE_FIRST << doublings).min(UNREACHABLE_CAP)
        }
        Ended::Unreachable => UNREACHABLE_LONG,
    };
    let quarter = seconds * 250;
    Duration::from_millis(quarter * 3 + quarter * 2 * u64::from(jitter) / u64::from(u32::MAX))
}

/// Why to wait, when `why` ended a session that lasted `session`: only what follows a steady one is
/// tried again at once.
pub fn after(why: Ended, session: Duration) -> Ended {
    match why {
        Ended::Refused | Ended::Unreachable if session >= STEADY => Ended::Lost,
        Ended::Refused | Ended::Unreachable | Ended::Lost | Ended::Limited => why,
    }
}

/// The number of failures after a session that lasted `session` (zero if none was made).
pub fn failures(before: u32, session: Duration) -> u32 {
    if session >= STEADY {
        1
    } else {
        before.saturating_add(1)
    }
}

/// Whether the machine or this process slept, so that no link is to be trusted (SAFETY R16): the
/// clock that runs on through a suspend is ahead of the one that does not, or the look that was
/// `planned` comes far too late. `boot` and `monotonic` are the times passed since the last one.
pub fn slept(boot: Duration, monotonic: Duration, planned: Duration) -> bool {
    let suspended = boot.saturating_sub(monotonic) >= Duration::from_secs(5);
    suspended || boot.saturating_sub(planned) >= Duration::from_secs(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries_in(hour: Duration, ended: Ended, jitter: u32) -> u32 {
        let (mut at, mut tries) = (Duration::ZERO, 0);
        while at < hour {
            tries += 1;
            at += wait(ended, tries, at, jitter);
        }
        tries
    }

    #[test]
    fn r19_an_hour_of_refusal_is_at_most_60_tries() {
        for jitter in [0, 1, u32::MAX / 2, u32::MAX] {
            for ended in [Ended::Refused, Ended::Limited] {
                let tries = tries_in(Duration::from_secs(3600), ended, jitter);
                assert!((10..=60).contains(&tries), "{tries} of {ended:?}, {jitter}");
            }
        }
    }

    #[test]
    fn r16_a_missing_network_is_tried_at_least_every_ten_seconds_at_first() {
        for failures in 1..100 {
            let wait = wait(Ended::Unreachable, failures, Duration::ZERO, u32::MAX);
            assert!(wait <= Duration::from_secs(10), "{wait:?}");
            assert!(wait >= Duration::from_secs(2), "{wait:?}");
        }
    }

    #[test]
    fn r18_no_number_of_failures_makes_a_busy_loop_or_no_try_at_all() {
        for ended in [
            Ended::Refused,
            Ended::Unreachable,
            Ended::Lost,
            Ended::Limited,
        ] {
            for failures in [0, 1, 2, 16, 17, 64, u32::MAX] {
                for (jitter, offline) in [
                    (0, Duration::ZERO),
                    (u32::MAX, Duration::ZERO),
                    (0, Duration::MAX),
                    (u32::MAX, Duration::MAX),
                ] {
                    let wait = wait(ended, failures, offline, jitter);
                    assert!(wait >= Duration::from_secs(1), "{wait:?}");
                    assert!(wait <= Duration::from_secs(400), "{wait:?}");
                }
            }
        }
    }

    #[test]
    fn r16_r19_only_a_session_that_stood_is_made_again_at_once() {
        let (minute, second) = (Duration::from_secs(60), Duration::from_secs(1));
        let first = |why, lasted| {
            let why = after(why, lasted);
            wait(why, failures(9, lasted), Duration::ZERO, u32::MAX)
        };
        assert!(first(Ended::Refused, minute) <= Duration::from_secs(3));
        assert!(first(Ended::Unreachable, minute) <= Duration::from_secs(3));
        assert!(first(Ended::Refused, second) > minute);
        assert!(first(Ended::Limited, minute) >= minute);
    }

    #[test]
    fn a_steady_session_forgives_what_was_before_and_a_flapping_one_does_not() {
        assert_eq!(failures(7, Duration::from_secs(61)), 1);
        assert_eq!(failures(7, Duration::from_secs(3)), 8);
        assert_eq!(failures(u32::MAX, Duration::ZERO), u32::MAX);
    }

    #[test]
    fn r16_a_suspend_is_a_jump_of_boot_time_and_a_stopped_process_comes_late() {
        let (hour, second) = (Duration::from_secs(3600), Duration::from_secs(1));
        assert!(slept(hour, second, second), "a suspend");
        assert!(slept(hour, second, hour), "a suspend of the planned length");
        assert!(slept(hour, hour, second), "a stopped process");
        assert!(!slept(hour, hour, hour), "as planned");
        assert!(!slept(second, hour, second), "a clock that runs wild");
        assert!(!slept(Duration::from_millis(1200), second, second));
        assert!(!slept(second * 20, second * 20, second), "a busy machine");
    }
}
