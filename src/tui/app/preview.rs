//! Beside the index the message pane follows the cursor (UX 5.3): a moment after it came to rest the
//! message is shown, and only when it stays shown it is read.

use crate::model::MessageKey;

use super::layout::Kind;
use super::view::Body;
use super::{App, Screen, answers, commands};

/// How long the cursor rests before the message is shown, in milliseconds.
const FOLLOWS: u64 = 150;
/// How long a shown text counts as not read.
const READ: u64 = 2000;

/// What waits for its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    show: Option<(u64, MessageKey)>,
    read: Option<(u64, MessageKey)>,
}

impl Preview {
    /// The next moment.
    pub fn next(&self) -> Option<u64> {
        let times = [self.show, self.read];
        times.into_iter().flatten().map(|(at, _)| at).min()
    }
}

impl App {
    /// Whether the message pane stands beside the index.
    pub(super) fn is_three(&self) -> bool {
        matches!(self.layout.kind, Kind::Three { .. })
    }

    /// Whether the open message is looked at and not only previewed.
    pub(super) fn is_reading(&self) -> bool {
        let reading = |screen| matches!(screen, Screen::Message | Screen::Parts);
        reading(self.screen) || reading(self.under)
    }

    /// Has the message pane follow the cursor of the index.
    pub(super) fn follow(&mut self) {
        let beside = matches!(self.screen, Screen::Index | Screen::Folders);
        if !self.is_three() {
            self.preview = Preview::default();
            if beside {
                self.message = None;
            }
            return;
        }
        if self.screen != Screen::Index {
            self.preview = Preview::default();
            return;
        }
        let here = self.index.row().map(|row| row.key);
        let shown = self.message.as_ref().map(|message| message.key());
        match here {
            None => {
                self.preview = Preview::default();
                if self.index.loaded {
                    self.message = None;
                }
            }
            Some(here) if shown == Some(here) => {
                self.preview.show = None;
                self.read_in_time(here);
            }
            Some(here) => self.show_in_time(here),
        }
    }

    fn show_in_time(&mut self, here: MessageKey) {
        self.preview.read = None;
        match self.preview.show {
            Some((at, key)) if key == here => {
                if self.now.mono >= at {
                    self.preview.show = None;
                    commands::show_message(self);
                }
            }
            Some(_) | None => self.preview.show = Some((self.now.mono + FOLLOWS, here)),
        }
    }

    fn read_in_time(&mut self, here: MessageKey) {
        let Some(message) = &self.message else { return };
        let waits = matches!(message.body, Some(Body::Text(_) | Body::NotKept { .. }));
        if message.marked || !waits {
            self.preview.read = None;
            return;
        }
        match self.preview.read {
            Some((at, key)) if key == here => {
                if self.now.mono >= at {
                    self.preview.read = None;
                    self.looked_at();
                }
            }
            Some(_) | None => self.preview.read = Some((self.now.mono + READ, here)),
        }
    }

    /// The message in the pane is read, or fetched where its text is not here.
    pub(super) fn looked_at(&mut self) {
        let Some(message) = &self.message else { return };
        match message.body {
            Some(Body::Text(_)) => answers::mark_shown(self),
            Some(Body::NotKept { .. }) if !message.fetching => {
                if answers::is_on_server(self) {
                    commands::fetch_open(self);
                }
                // The text marks it when it comes and is looked at.
            }
            Some(Body::NotKept { .. } | Body::Failed(_)) | None => {}
        }
    }
}
