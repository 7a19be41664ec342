//! The Outbox: reading what waits there, taking it back, sending it now, giving it up.

use crate::model::{OperationId, OperationState};
use crate::tui::screen::outbox::Reading;

use super::App;
use super::command::Screen;
use super::event::{Action, Decision, Question, Ticket};
use super::prompt::{Prompt, Purpose};
use super::view::{Leaving, OutgoingText};

/// Shows the Outbox of an account, or of all.
pub fn open(app: &mut App, account: Option<String>) {
    app.outbox.account = account;
    app.outbox.lines.clear();
    app.outbox.loaded = false;
    app.outbox.open = None;
    app.outbox.again = true;
    app.go(Screen::Outbox);
}

/// The message that a key is about: the one that is read, else the selected one.
fn line(app: &App) -> Option<&Leaving> {
    match (app.screen, &app.outbox.open) {
        (Screen::Outgoing, Some(open)) => app.outbox.find(open.id),
        (_, _) => app.outbox.line(),
    }
}

/// What can be done with it: edit it, send it now, give it up.
pub fn offers(app: &App) -> (bool, bool, bool) {
    let Some(line) = line(app) else {
        return (false, false, false);
    };
    let rests = !matches!(line.state, OperationState::InFlight { .. });
    let left = line.state == OperationState::Unsure;
    (!left, rests, rests)
}

/// How many messages wait, in words.
pub fn count_words(count: u64) -> String {
    match count {
        0 => "Every message has left".to_owned(),
        1 => "1 message has not left".to_owned(),
        count => format!("{count} messages have not left"),
    }
}

fn subject(line: &Leaving) -> String {
    match line.subject.trim() {
        "" => "the message without a subject".to_owned(),
        subject => format!("\"{subject}\""),
    }
}

/// Enter: the message is shown.
pub fn read(app: &mut App) {
    let Some(id) = app.outbox.line().map(|line| line.id) else {
        app.hint("No message waits here.");
        return;
    };
    let width = app.layout.body().width;
    let asked = app.ask(Question::Outgoing { id, width });
    app.outbox.open = Some(Reading {
        id,
        asked,
        text: None,
        top: 0,
    });
    app.go(Screen::Outgoing);
}

/// Header and text of the message came.
pub fn text_came(app: &mut App, ticket: Ticket, text: Option<OutgoingText>) {
    let Some(open) = app.outbox.open.as_mut().filter(|one| one.asked == ticket) else {
        return;
    };
    open.text = Some(text.unwrap_or_default());
}

/// `E`: the message is a draft again, on the screen.
pub fn edit(app: &mut App) {
    match line(app).cloned() {
        None => app.hint("No message waits here."),
        Some(line) if line.state == OperationState::Unsure => app.hint(
            "It may have been sent, so that it is no draft any more. R sends it once more, X \
             gives it up.",
        ),
        Some(line) => take_back(app, line.id),
    }
}

/// A message of the Outbox becomes a draft again.
pub fn take_back(app: &mut App, id: OperationId) {
    app.act(Action::TakeBack(vec![id]));
}

/// `R`: the message is sent now; one that may have left only after asking (SAFETY R1).
pub fn send_now(app: &mut App) {
    let Some(line) = line(app).cloned() else {
        app.hint("No message waits here.");
        return;
    };
    let what = format!("Send {}", subject(&line));
    match line.state {
        OperationState::InFlight { .. } => app.hint("It is with the server just now."),
        OperationState::Unsure => ask_again(app, line.id, what),
        OperationState::Queued { .. } | OperationState::Failed { .. } => {
            let decision = Decision::Retry;
            let id = line.id;
            app.act(Action::Decide { id, decision, what });
        }
    }
}

/// Asks before a message is sent again that may have left.
pub fn ask_again(app: &mut App, id: OperationId, what: String) {
    let question = "It may have been sent already. Send it once more?";
    let options = vec![('y', "Send"), ('n', "No")];
    let mut prompt = Prompt::choice(Purpose::SendAgain(id, what), question, options, 1);
    prompt.notes =
        vec!["Whoever got it gets it twice then. Sent, or a recipient, may know.".to_owned()];
    app.open_prompt(prompt);
}

/// The message is to be sent though it may have left.
pub fn again(app: &mut App, id: OperationId, what: String) {
    let decision = Decision::Retry;
    app.act(Action::Decide { id, decision, what });
}

/// `X`: the message goes, after asking.
pub fn ask_discard(app: &mut App) {
    let Some(line) = line(app).cloned() else {
        app.hint("No message waits here.");
        return;
    };
    if matches!(line.state, OperationState::InFlight { .. }) {
        app.hint("It is with the server just now.");
        return;
    }
    let question = format!("Throw {} away for good?", subject(&line));
    let options = vec![('y', "Discard"), ('n', "Keep")];
    let mut prompt = Prompt::choice(Purpose::Discard(line.id), question, options, 1);
    if line.state != OperationState::Unsure {
        prompt.notes = vec!["E makes a draft of it instead.".to_owned()];
    }
    app.open_prompt(prompt);
}

/// The message is to go for good.
pub fn discard(app: &mut App, id: OperationId) {
    app.act(Action::Discard(id));
    if app.screen == Screen::Outgoing {
        app.outbox.open = None;
        app.go(Screen::Outbox);
    }
}
