//! The way from `^X` into the Outbox.

use crate::model::OperationId;
use crate::tui::app::event::{Action, Question, Ticket};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::{Checked, Finding, Told, Weight};
use crate::tui::app::{App, Screen, date, writing};
use crate::tui::screen::compose::settling::{self, Then};
use crate::tui::screen::compose::{Spot, keys, state as composing};

use super::time;

/// What is known of the message that is to be sent.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Its composer.
    pub composer: u64,
    /// What there is to say, and what it is made of.
    pub about: Checked,
    asked: Option<(Ticket, u64)>,
    /// Messages that are being put into the Outbox.
    handed: Vec<Handed>,
    /// Messages that are sent on as they are.
    passed: Vec<Ticket>,
}

/// A message on its way into the Outbox.
#[derive(Clone, Copy, Debug)]
struct Handed {
    ticket: Ticket,
    composer: u64,
    /// Octets that are there, and about how many there will be; only of a large one.
    progress: Option<(u64, u64)>,
}

/// Messages in the Outbox that can be taken back: one that was written, or all that were sent on
/// together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The operations.
    pub operations: Vec<OperationId>,
    /// When they are sent, in seconds since 1970.
    pub at: i64,
    /// Whether the person chose that time.
    pub later: bool,
}

impl State {
    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        let warns = |one: &&Finding| one.weight != Weight::Note;
        self.about.findings.iter().filter(warns).count()
    }

    /// Whether a message of that ticket is on its way into the Outbox.
    pub fn is_handing(&self, ticket: Ticket) -> bool {
        self.handed.iter().any(|one| one.ticket == ticket)
    }

    /// Whether an action of that ticket sends a message.
    pub fn is_of(&self, ticket: Ticket) -> bool {
        self.is_handing(ticket) || self.passed.contains(&ticket)
    }

    /// A message is sent on as it is.
    pub fn passes_on(&mut self, ticket: Ticket) {
        self.passed.push(ticket);
    }

    /// How far a large message is on its way into the Outbox, in octets.
    pub fn progress(&self) -> Option<(u64, u64)> {
        self.handed.iter().find_map(|one| one.progress)
    }

    /// The same for the status line.
    pub fn progress_words(&self) -> Option<String> {
        let (done, all) = self.progress()?;
        let (done, all) = (date::octets(done), date::octets(all));
        Some(format!("Into the Outbox: {done} of {all}."))
    }

    /// It is there, or was refused; answers its composer.
    fn handed_over(&mut self, ticket: Ticket) -> Option<u64> {
        let at = self.handed.iter().position(|one| one.ticket == ticket)?;
        Some(self.handed.remove(at).composer)
    }

    fn forbids(&self) -> bool {
        self.about
            .findings
            .iter()
            .any(|one| one.weight == Weight::Stop)
    }
}

/// `^X`: looks the message over.
pub fn begin(app: &mut App) {
    if !settling::all(app, Then::Send) {
        return;
    }
    let Some(composer) = app.compose.current() else {
        return;
    };
    if composer.goes_to() == 0 {
        keys::go(app, Spot::To);
        app.hint("To whom? Nobody stands in To, Cc or Bcc.");
        return;
    }
    let (id, draft) = (composer.id, composer.draft());
    composing::save(app, id);
    let ticket = app.question(Question::Check(Box::new(draft)));
    app.send.composer = id;
    app.send.asked = Some((ticket, app.presses()));
}

/// It was looked over.
pub fn checked(app: &mut App, ticket: Ticket, about: Checked) {
    if app.send.asked.take() != Some((ticket, app.presses())) {
        return;
    }
    app.send.about = about;
    if app.confirm_send || !app.send.about.findings.is_empty() {
        app.go(Screen::Send);
        ask(app);
    } else {
        hand_over(app, None);
    }
}

fn ask(app: &mut App) {
    let id = app.send.composer;
    let Some(composer) = app.compose.find(id) else {
        return;
    };
    let count = composer.goes_to();
    let whom = match count {
        1 => "1 recipient".to_owned(),
        count => format!("{count} recipients"),
    };
    let warnings = app.send.warnings();
    let (question, send) = match (app.send.forbids(), warnings) {
        (true, _) => ("It cannot be sent like this.".to_owned(), false),
        (false, 0) => (format!("Send to {whom}?"), true),
        (false, 1) => (format!("Send to {whom}? (1 warning)"), true),
        (false, many) => (format!("Send to {whom}? ({many} warnings)"), true),
    };
    let mut options = vec![('e', "Edit"), ('n', "No")];
    if send {
        options.push(('y', "SendNow"));
    }
    options.push(('a', "AddAttach"));
    options.push(('o', "Postpone"));
    if send {
        options.push(('l', "SendLater"));
    }
    if app.identities().len() > 1 {
        options.push(('#', "Identity"));
    }
    let default = match warnings {
        0 => options.iter().position(|(letter, _)| *letter == 'y'),
        _ => None,
    };
    app.open_prompt_of(Prompt::choice(
        Purpose::Send,
        question,
        options,
        default.unwrap_or(0),
    ));
}

/// What to do with it was chosen.
pub fn chosen(app: &mut App, letter: char) {
    match letter {
        'y' => hand_over(app, None),
        'o' => {
            writing::show(app);
            writing::postpone(app);
        }
        'l' => ask_when(app),
        'a' => {
            keys::go(app, Spot::Attach);
            writing::run(app, crate::tui::app::command::Command::Attach);
        }
        '#' => {
            writing::next_identity(app);
            ask(app);
        }
        _ => back(app),
    }
}

/// Back to the text.
pub fn back(app: &mut App) {
    writing::show(app);
}

fn ask_when(app: &mut App) {
    let mut prompt = Prompt::text(
        Purpose::SendLater,
        "Send when (18:00, tomorrow 8:00, Mon 9:30, +2h)",
        "",
    );
    prompt.notes = LATER.map(str::to_owned).to_vec();
    app.open_prompt_of(prompt);
}

/// What sending later needs.
pub const LATER: [&str; 2] = [
    "It is sent by this machine: lacebark or `lacebark sync --watch` must run then,",
    "else it is sent when one of them starts.",
];

/// A time was given.
pub fn later(app: &mut App, text: &str) {
    match time::later(text, app.now.wall, app.offset_at) {
        Some(at) => hand_over(app, Some(at)),
        None => {
            app.hint(format!("\"{text}\" is no time to come."));
            ask_when(app);
        }
    }
}

fn hand_over(app: &mut App, at: Option<i64>) {
    let id = app.send.composer;
    let changed = std::mem::take(&mut app.send.about.changed);
    let Some(composer) = app.compose.find(id) else {
        return;
    };
    // What was told is what goes: a file that changes once more is refused.
    for (at, attachment) in changed {
        if let Some(old) = composer.attachments.get_mut(at) {
            *old = attachment;
            composer.touched();
        }
    }
    let draft = composer.draft();
    let last = composer.kept;
    let ticket = app.effect(Action::Send {
        draft: Box::new(draft),
        composer: Some(id),
        last,
        at,
    });
    if let Some(composer) = app.compose.find(id) {
        composer.saves(ticket);
    }
    app.send.handed.push(Handed {
        ticket,
        composer: id,
        progress: None,
    });
    app.go_under();
    app.hint(PUTTING);
}

const PUTTING: &str = "Putting it into the Outbox…";

/// A large one is on its way into the Outbox.
pub fn progress(app: &mut App, ticket: Ticket, done: u64, all: u64) {
    let mut handed = app.send.handed.iter_mut();
    if let Some(one) = handed.find(|one| one.ticket == ticket) {
        one.progress = Some((done, all));
        // This says the same and more; any other words stay for their time.
        app.status.take_if(|status| status.text == PUTTING);
    }
}

/// It is in the Outbox.
pub fn queued(app: &mut App, ticket: Ticket, outgoing: Outgoing) {
    if let Some(id) = app.send.handed_over(ticket) {
        app.compose.close(id);
    }
    app.status = None;
    if outgoing.later {
        let when = date::log_time(outgoing.at, app.offset_at);
        app.say(format!(
            "In the Outbox until {when}. lacebark must run then."
        ));
    }
    let count = outgoing.operations.len();
    if !outgoing.later && outgoing.at <= app.now.wall {
        app.hint(match count {
            0 | 1 => "It is in the Outbox and leaves now.".to_owned(),
            many => format!("{many} messages are in the Outbox and leave now."),
        });
    }
    if !outgoing.later {
        for id in &outgoing.operations {
            // The store may have told of it before this answer came.
            if !app.unsent.contains(id) {
                app.unsent.push(*id);
            }
        }
    }
    app.outgoing = Some(outgoing);
}

/// It could not be put there: it is on the screen again. False when the ticket is not of one.
pub fn failed(app: &mut App, ticket: Ticket, why: &str) -> bool {
    let Some(id) = app.send.handed_over(ticket) else {
        return false;
    };
    let now = app.now.mono;
    if let Some(composer) = app.compose.find(id) {
        composer.not_sent(ticket, now);
    }
    if let Some(at) = app.compose.open.iter().position(|one| one.id == id) {
        app.compose.at = at;
        writing::show(app);
    }
    app.say(format!("Not sent; it is still here: {why}"));
    true
}

/// How long sending is waited for when the program is to end.
const LAST: u64 = 30_000;

/// What becomes of the Outbox when the program ends was chosen.
pub fn quit_chosen(app: &mut App, letter: char) {
    match letter {
        's' => {
            let waiting = app.unsent.clone();
            app.effect(Action::SendNow(waiting));
            app.outgoing = None;
            app.leaving = Some(app.now.mono + LAST);
            app.hint("Sending what waits, then goodbye.  Any key stays.");
        }
        'l' => writing::quit(app),
        _ => {}
    }
}

/// What waits to be sent is known, and what was told of it last.
pub fn unsent_came(app: &mut App, unsent: Vec<OperationId>, told: Option<Told>) {
    app.unsent = unsent;
    if app.leaving.is_some() && app.unsent.is_empty() {
        app.leaving = None;
        return writing::quit(app);
    }
    app.tell(told);
}

/// Delays end, and patience.
pub fn pass_time(app: &mut App) {
    if app
        .leaving
        .take_if(|until| *until <= app.now.mono)
        .is_some()
    {
        app.say("It is not sent yet, and stays in the Outbox: Alt-o says why. Q asks again.");
    }
    let left = app.outgoing.take_if(|one| one.at <= app.now.wall);
    if let Some(left) = left.filter(|one| !one.later && !app.can_send()) {
        app.hint(match left.operations.len() {
            0 | 1 => "It waits in the Outbox for a connection. Alt-o shows it.".to_owned(),
            many => {
                format!("{many} messages wait in the Outbox for a connection. Alt-o shows them.")
            }
        });
    }
}
