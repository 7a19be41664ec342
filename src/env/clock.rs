//! The clocks of the machine: monotonic, since boot, and the wall clock for showing only.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
#[cfg(any(target_os = "linux", target_os = "android"))]
use {
    rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    },
    tokio::io::{Interest, unix::AsyncFd},
};

use crate::net::{Later, Timer};
use crate::protocol::{Clock, Time};

/// The real clock; its monotonic time counts from the start of the program.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts to count.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Time {
        Time(self.start.elapsed())
    }

    fn boot(&self) -> Time {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let id = ClockId::Boottime;
        // Elsewhere no clock goes on in sleep under this name; suspends are then seen by deadlines.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let id = ClockId::Monotonic;
        let now = clock_gettime(id);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(now.tv_nsec).unwrap_or(0);
        Time(Duration::new(seconds, nanos))
    }

    fn wall(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
        }
    }
}

impl Timer for SystemClock {
    fn sleep_until(&self, when: Time) -> Later<'static, ()> {
        let at = self.start.checked_add(when.0);
        Box::pin(async move {
            match at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        })
    }

    fn rest_until(&self, when: Time) -> Later<'static, ()> {
        let left = when.since(self.boot());
        Box::pin(async move {
            if let Err(error) = rested(when).await {
                tracing::debug!(%error, "no timer that runs on through a suspend");
                tokio::time::sleep(left).await;
            }
        })
    }
}

/// A timer of the system's own: it expires in a suspend, and it wakes once, where the wheel of
/// tokio's clock turns three times on the way to a time that is seconds away.
#[cfg(any(target_os = "linux", target_os = "android"))]
async fn rested(when: Time) -> io::Result<()> {
    let timer = timerfd_create(
        TimerfdClockId::Boottime,
        TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
    )?;
    let never = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let once = Itimerspec {
        it_interval: never,
        it_value: Timespec::try_from(when.0).map_err(io::Error::other)?,
    };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once)?;
    // Deprecated because a type may lie about its descriptor; one that owns it cannot.
    #[expect(deprecated, reason = "its successor is for code that may be unsafe")]
    let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
    timer.readable().await.map(|_| ())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
async fn rested(_when: Time) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_a_rest_takes_its_time_and_no_longer() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let clock = SystemClock::start();
        let wait = Duration::from_millis(30);
        runtime.block_on(async {
            rested(clock.boot().after(wait)).await.unwrap();
            assert!(clock.monotonic().0 >= wait);
            clock.rest_until(clock.boot().after(wait)).await;
            // A time that is over does not wait for the next one.
            clock.rest_until(clock.boot()).await;
        });
        assert!(clock.monotonic().0 >= wait * 2);
        assert!(clock.monotonic().0 < Duration::from_secs(5));
    }
}
