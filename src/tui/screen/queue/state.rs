//! The lines of the Queue, the selected one, and the words for their states.

use crate::mime::sanitize::width;
use crate::model::journal::{Cause, PutOff};
use crate::model::{LinkState, OperationState};
use crate::tui::app::view::Waiting;
use crate::tui::app::{App, date};

use crate::tui::screen::log::state::{fold, sentence};

/// Where the words of a line begin: behind its state and its time.
pub const WHAT: u16 = 20;
/// The same on a narrow screen, behind its state alone.
pub const NARROW: u16 = 11;
/// Rows of a reason while the details are not shown.
const SHORT: usize = 3;

/// What the Queue knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What waits.
    pub lines: Vec<Waiting>,
    /// Whether there is more than these.
    pub more: bool,
    /// The selected line.
    pub selected: usize,
    /// The line at the top.
    pub top: usize,
    /// Whether details of the selected one are shown.
    pub details: bool,
    /// Whether the list has come.
    pub loaded: bool,
}

impl State {
    /// Takes a new list. The selection stays on its line, or on what is left of its key press.
    pub fn take(&mut self, lines: Vec<Waiting>, more: bool) {
        let old = self.line().cloned();
        self.lines = lines;
        self.more = more;
        self.loaded = true;
        let place = old.and_then(|old| {
            let same = |one: &Waiting| one.id == old.id;
            let rest = |one: &Waiting| one.action == old.action && one.kind == old.kind;
            let lines = &self.lines;
            let found = lines.iter().position(same);
            found.or_else(|| lines.iter().position(rest))
        });
        self.details &= place.is_some();
        let last = self.lines.len().saturating_sub(1);
        self.selected = place.unwrap_or(self.selected).min(last);
    }

    /// The selected line.
    pub fn line(&self) -> Option<&Waiting> {
        self.lines.get(self.selected)
    }

    fn step(&mut self, by: isize) -> bool {
        let before = self.selected;
        let last = self.lines.len().saturating_sub(1);
        self.selected = before.saturating_add_signed(by).min(last);
        self.details &= self.selected == before;
        self.selected != before
    }
}

/// Moves by lines; false at the ends.
pub fn step(app: &mut App, by: isize) -> bool {
    app.queue.step(by)
}

/// Keeps the selected line, with all its rows, in sight.
pub fn settle(app: &mut App) {
    let body = app.layout.body();
    let room = usize::from(body.height.saturating_sub(head_rows(app)));
    let count = app.queue.lines.len();
    let height = |at: usize| height(app, at);
    app.queue.top = in_sight(app.queue.top, app.queue.selected, count, room, &height);
}

/// The line at the top of `room` rows that keeps a selected line in sight, where each line takes
/// `height` rows.
pub fn in_sight(
    top: usize,
    selected: usize,
    count: usize,
    room: usize,
    height: &dyn Fn(usize) -> usize,
) -> usize {
    let room = room.max(1);
    let last = count.saturating_sub(1);
    let selected = selected.min(last);
    let mut top = top.min(selected);
    let mut used = 0;
    // From the selected line upwards, as far as there is room.
    for at in (top..=selected).rev() {
        used += height(at);
        if used > room && at < selected {
            top = at + 1;
            break;
        }
    }
    // What the list lost at its end is filled from above.
    let shown: usize = (top..=last).map(height).take(room).sum();
    let mut free = room.saturating_sub(shown);
    while let Some(above) = top.checked_sub(1) {
        match free.checked_sub(height(above)) {
            Some(left) => free = left,
            None => break,
        }
        top = above;
    }
    top
}

/// Rows above the list: the column heads.
pub fn head_rows(app: &App) -> u16 {
    u16::from(app.layout.body().height > 10 && !app.queue.lines.is_empty())
}

fn height(app: &App, at: usize) -> usize {
    let line = app.queue.lines.get(at);
    line.map_or(0, |line| 1 + below(app, at, line).len())
}

/// The column in which the words of a line begin.
pub fn column(app: &App) -> u16 {
    if app.layout.width < 60 { NARROW } else { WHAT }
}

/// What stands below the first row of a line: why it is where it is, and its details.
pub fn below(app: &App, at: usize, line: &Waiting) -> Vec<String> {
    let room = usize::from(app.layout.width.saturating_sub(column(app) + 1)).max(10);
    let details = app.queue.details && at == app.queue.selected;
    let mut rows = Vec::new();
    let reason = why(app, line);
    if !reason.is_empty() {
        fold("", &reason, room, &mut rows);
    }
    if !details && rows.len() > SHORT {
        rows.truncate(SHORT);
        if let Some(last) = rows.last_mut() {
            while width(last) + 1 > room && last.pop().is_some() {}
            last.push('…');
        }
    }
    if details {
        for text in &line.detail {
            fold("", text, room, &mut rows);
        }
    }
    rows
}

/// Where an operation stands, in one word.
pub fn state_word(state: &OperationState) -> &'static str {
    match state {
        OperationState::Queued { .. } => "queued",
        OperationState::InFlight { .. } => "sending",
        OperationState::Unsure => "unsure",
        OperationState::Failed { cause, .. } if cause.is_conflict() => "conflict",
        OperationState::Failed { .. } => "refused",
    }
}

/// Why it is where it is, and what happens next.
pub fn why(app: &App, line: &Waiting) -> String {
    let sends = line.kind == "submit";
    match &line.state {
        OperationState::Queued {
            put_off: Some(put_off),
        } if sends && put_off.why.is_empty() => leaves(app, put_off.until),
        OperationState::Queued {
            put_off: Some(put_off),
        } => later(app, line, put_off),
        OperationState::Queued { put_off: None } => waits_for(app, &line.account).to_owned(),
        OperationState::InFlight { .. } => String::new(),
        OperationState::Unsure => UNSURE.to_owned(),
        OperationState::Failed { why, cause } => {
            let said = sentence(why);
            match conflict(*cause) {
                Some(words) => format!("{words} K keeps yours, T takes theirs. ({said})"),
                None => said,
            }
        }
    }
}

/// When a message leaves that the person put off.
fn leaves(app: &App, at: i64) -> String {
    if at <= app.now.wall {
        return "Leaves as soon as its server takes it; the Outbox says more.".to_owned();
    }
    if at <= app.now.wall + SOON {
        let at = date::second_of_day(at, app.offset_at);
        return format!("Leaves at {at}.");
    }
    let at = date::log_time(at, app.offset_at);
    format!("Leaves at {at}; lacebark or `lacebark sync --watch` must run then.")
}

/// When it is tried again, how often it was, and the words with which it was put off.
fn later(app: &App, line: &Waiting, PutOff { until, why }: &PutOff) -> String {
    let tried = match line.tries {
        0 => "Not tried yet".to_owned(),
        1 => "Tried once".to_owned(),
        tries => format!("Tried {tries} times"),
    };
    let (next, wait) = match *until > app.now.wall {
        true => {
            let at = date::second_of_day(*until, app.offset_at);
            (format!(", next at {at}"), "")
        }
        false => (String::new(), waits_for(app, &line.account)),
    };
    let said = match why.trim().is_empty() {
        true => ".".to_owned(),
        false => format!(": {why}"),
    };
    format!("{tried}{next}{said} {wait}").trim_end().to_owned()
}

/// What leaves within so many seconds leaves while the person looks on.
const SOON: i64 = 120;

/// What is known of an operation whose answer did not come.
pub const UNSURE: &str =
    "The link broke before the answer came. The next connection looks whether it was done.";

/// What another program did, of a conflict.
pub fn conflict(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Refused => None,
        Cause::Gone => Some("Another program moved or deleted it first."),
        Cause::MailboxGone => Some("The folder is no longer there."),
        Cause::Renumbered => Some("The server numbered the folder anew before it was sent."),
        Cause::Arrived => Some("Mail is in the folder that you have not seen."),
    }
}

/// What an account is without, before anything of it can be sent.
pub fn waits_for(app: &App, account: &str) -> &'static str {
    let account = app.accounts.iter().find(|known| known.id == account);
    match account.and_then(|account| account.state()) {
        Some(LinkState::Online | LinkState::Syncing) => "",
        Some(LinkState::SignInNeeded) => "Waits for the sign-in; Alt-a to answer.",
        Some(LinkState::CertificateRefused) => "Waits for the certificate; Alt-a to answer.",
        Some(LinkState::OfflineAsked) => "Waits; you asked to be off line.",
        Some(LinkState::Offline | LinkState::Connecting | LinkState::Idle) => {
            "Waits for the connection."
        }
        None => "Waits until its account is online.",
    }
}
