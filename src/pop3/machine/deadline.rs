//! Deadlines: how long the server may be silent while it owes an answer.

use std::time::Duration;

use super::{Machine, Owed, Phase, Purpose};
use crate::pop3::command::Shape;
use crate::protocol::Time;

impl Machine {
    /// When the silence has lasted too long.
    pub(super) fn due(&self) -> Option<Time> {
        if matches!(self.phase, Phase::Upgrading | Phase::Over) {
            return None;
        }
        let (owed, limit) = self.limit()?;
        if owed.purpose == Purpose::Greeting {
            return Some(self.options.started.after(limit));
        }
        // Without a starting point the deadline is asked for at once, to learn the time.
        Some(self.armed.map_or(self.seen, |since| since.after(limit)))
    }

    pub(super) fn time_came(&mut self, now: Time) {
        let due = self.due().is_some_and(|due| due <= now);
        self.seen = self.seen.max(now);
        if !due {
            return;
        }
        if self.armed.is_none() {
            self.armed = Some(now);
            return;
        }
        if let Some((owed, limit)) = self.limit() {
            let (name, seconds) = (owed.name, limit.as_secs());
            self.break_off(format!("no answer to {name} for {seconds} s"));
        }
    }

    fn limit(&self) -> Option<(&Owed, Duration)> {
        let waiting = self.outgoing.front().map(|out| &out.owed);
        let owed = self.owed.front().or(waiting)?;
        let limit = match owed.purpose {
            Purpose::Greeting => self.options.greeting,
            Purpose::SignIn => self.options.patience,
            Purpose::Caller(_, Shape::Counts | Shape::Sizes | Shape::Uniques) => {
                self.options.patience
            }
            Purpose::Caller(..) if owed.name == "QUIT" => self.options.patience,
            Purpose::BeforeTls
            | Purpose::StartTls
            | Purpose::Opening
            | Purpose::Utf8
            | Purpose::AfterSignIn(..)
            | Purpose::Caller(..) => self.options.progress,
        };
        Some((owed, limit))
    }
}
