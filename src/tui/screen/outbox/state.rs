//! The messages of the Outbox, the selected one, and the words for where each stands.

use crate::model::{Delivery, OperationId, OperationState};
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Question, Ticket};
use crate::tui::app::view::Leaving;
use crate::tui::app::{App, date};

use crate::tui::screen::log::state::{fold, sentence};
use crate::tui::screen::queue::state::{in_sight, waits_for};

use super::reading::Reading;

/// Where the reason begins, behind state and time.
pub const WHAT: u16 = 20;
/// The same on a narrow screen, behind the state alone.
pub const NARROW: u16 = 11;
/// Rows of a reason.
const SHORT: usize = 3;
/// A wait of so many seconds is the time in which a message can be taken back.
const DELAY: i64 = 120;

/// What the Outbox knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The messages, in the order in which they were queued.
    pub lines: Vec<Leaving>,
    /// The account whose messages are shown; those of all without one.
    pub account: Option<String>,
    /// The selected one.
    pub selected: usize,
    /// The one at the top.
    pub top: usize,
    /// Whether the list has come.
    pub loaded: bool,
    /// Whether it is to be read anew.
    pub again: bool,
    /// The message that is read.
    pub open: Option<Reading>,
    asked: Option<Ticket>,
}

impl State {
    /// Takes a new list; the selection stays on its message.
    pub fn take(&mut self, ticket: Ticket, lines: Vec<Leaving>) {
        if self.asked.take_if(|asked| *asked == ticket).is_none() {
            return;
        }
        let old = self.line().map(|line| line.id);
        let here = |line: &Leaving| self.account.as_ref().is_none_or(|id| *id == line.account);
        self.lines = lines.into_iter().filter(here).collect();
        self.loaded = true;
        let place = old.and_then(|id| self.lines.iter().position(|line| line.id == id));
        let last = self.lines.len().saturating_sub(1);
        self.selected = place.unwrap_or(self.selected).min(last);
    }

    /// Nobody answers the question of this ticket.
    pub fn failed(&mut self, ticket: Ticket) {
        if self.asked.take_if(|asked| *asked == ticket).is_some() {
            self.loaded = true;
        }
    }

    /// The selected message.
    pub fn line(&self) -> Option<&Leaving> {
        self.lines.get(self.selected)
    }

    /// The message of that operation.
    pub fn find(&self, id: OperationId) -> Option<&Leaving> {
        self.lines.iter().find(|line| line.id == id)
    }
}

/// Whether one of the Outbox's screens has the keys.
pub fn is_shown(app: &App) -> bool {
    matches!(app.screen, Screen::Outbox | Screen::Outgoing)
}

/// Whether a time that is shown in seconds changes each second.
pub fn counts_down(app: &App) -> bool {
    let soon = |line: &Leaving| line.wait(app.now.wall).is_some_and(|left| left <= DELAY);
    is_shown(app) && app.outbox.lines.iter().any(soon)
}

/// Moves by messages; false at the ends.
pub fn step(app: &mut App, by: isize) -> bool {
    let outbox = &mut app.outbox;
    let before = outbox.selected;
    let last = outbox.lines.len().saturating_sub(1);
    outbox.selected = before.saturating_add_signed(by).min(last);
    outbox.selected != before
}

/// Keeps the selected message in sight, and asks for the list when it may be another one.
pub fn settle(app: &mut App) {
    let body = app.layout.body();
    let room = usize::from(body.height.saturating_sub(head_rows(app)));
    let height = |at: usize| {
        let line = app.outbox.lines.get(at);
        line.map_or(0, |line| 1 + below(app, line).len())
    };
    let count = app.outbox.lines.len();
    app.outbox.top = in_sight(app.outbox.top, app.outbox.selected, count, room, &height);
    if is_shown(app) && app.outbox.again && app.outbox.asked.is_none() {
        app.outbox.again = false;
        app.outbox.asked = Some(app.question(Question::Outbox));
    }
}

/// Rows above the list: the column heads.
pub fn head_rows(app: &App) -> u16 {
    u16::from(app.layout.body().height > 10 && !app.outbox.lines.is_empty())
}

/// The column in which reasons begin.
pub fn column(app: &App) -> u16 {
    if app.layout.width < 60 { NARROW } else { WHAT }
}

/// What stands below the first row of a message: why it is where it is.
pub fn below(app: &App, line: &Leaving) -> Vec<String> {
    let room = usize::from(app.layout.width.saturating_sub(column(app) + 1)).max(10);
    let mut rows = Vec::new();
    for text in why(app, line) {
        fold("", &text, room, &mut rows);
    }
    if rows.len() > SHORT {
        rows.truncate(SHORT);
        if let Some(last) = rows.last_mut() {
            last.push_str(" …");
        }
    }
    rows
}

/// Where a message stands, in one word.
pub fn state_word(line: &Leaving) -> &'static str {
    match &line.state {
        OperationState::Queued { .. } => "waits",
        OperationState::InFlight { .. } => "sending",
        OperationState::Unsure => "unsure",
        OperationState::Failed { .. } => "refused",
    }
}

/// Why it stands there, what it has come to so far, and what happens next.
pub fn why(app: &App, line: &Leaving) -> Vec<String> {
    let mut all = vec![match &line.state {
        OperationState::Queued { put_off } => waiting(app, line, put_off.as_ref()),
        OperationState::InFlight { .. } if line.done > 0 => format!(
            "With the server just now: {} of {}.",
            date::octets(line.done),
            date::octets(line.size)
        ),
        OperationState::InFlight { .. } => "With the server just now.".to_owned(),
        OperationState::Unsure => UNSURE.to_owned(),
        OperationState::Failed { why, .. } => sentence(why),
    }];
    let taken: Vec<&str> = line
        .recipients
        .iter()
        .filter(|(_, delivery)| *delivery == Delivery::Taken)
        .map(|(address, _)| address.as_str())
        .collect();
    if !taken.is_empty() {
        all.push(format!("It has gone to {}.", taken.join(", ")));
    }
    all.retain(|text| !text.is_empty());
    all
}

/// What is known of a message whose last dot went out without an answer.
pub const UNSURE: &str = "The link broke before the server said yes: it may have been sent. It is \
                          looked for in Sent; R sends it once more, X gives it up.";

fn waiting(app: &App, line: &Leaving, put_off: Option<&crate::model::journal::PutOff>) -> String {
    if let Some(left) = line.wait(app.now.wall) {
        let at = line.later.unwrap_or_default();
        if left <= DELAY {
            return format!("Is sent in {left} s; E takes it back.");
        }
        let day = date::column(at, app.now.wall, app.offset_at);
        let time = date::time_of_day(at, app.offset_at);
        let when = match day == time {
            true => format!("at {time}"),
            false => format!("on {day} at {time}"),
        };
        return format!("Is sent {when}, if lacebark or `lacebark sync --watch` runs then.");
    }
    let again = put_off.filter(|one| one.until > app.now.wall);
    let next = again.map_or(String::new(), |one| {
        let at = date::second_of_day(one.until, app.offset_at);
        format!(", next try at {at}")
    });
    let said = put_off.map_or("", |one| one.why.trim());
    let said = if said.is_empty() {
        line.held.trim()
    } else {
        said
    };
    let wait = waits_for(app, &line.account);
    match (next.is_empty(), said.is_empty()) {
        (true, true) => wait.to_owned(),
        (_, true) => format!("Not sent yet{next}. {wait}").trim_end().to_owned(),
        (_, false) => {
            let said = sentence(said);
            format!("Not sent yet{next}: {said} {wait}")
                .trim_end()
                .to_owned()
        }
    }
}
