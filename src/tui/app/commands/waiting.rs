//! Commands on what waits: the Queue, and what needs the user.

use crate::model::{OperationId, OperationState};
use crate::tui::app::App;
use crate::tui::app::command::{Command, Screen};
use crate::tui::app::event::{Action, Decision, Question};
use crate::tui::app::files::Use;
use crate::tui::app::keyrow::Offer;
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::{Cause, Need};
use crate::tui::app::{outbox, resuming};
use crate::tui::screen::compose::Spot;
use crate::tui::screen::outbox as leaving;

/// Shows what has not reached its server.
pub(super) fn open_queue(app: &mut App) {
    app.queue.details = false;
    app.queue_again = true;
    app.go(Screen::Queue);
}

/// Shows what needs the user.
pub(super) fn open_attention(app: &mut App) {
    app.asked_needs = app.ask(Question::Needs);
    app.go(Screen::Attention);
}

impl App {
    /// What a command means on the selected row.
    pub fn offers(&self, command: Command) -> Offer {
        match self.label(command) {
            Some(label) => Offer::As(label),
            None if self.means_something(command) => Offer::Usual,
            None => Offer::Nothing,
        }
    }

    /// What the cell of a command is called, where that depends on the selected row.
    fn label(&self, command: Command) -> Option<&'static str> {
        match (self.screen, command) {
            (Screen::Index, Command::Forward) if resuming::goes_on(self) => Some("GoOn"),
            (Screen::Index, Command::Forward) if super::threads::is_at_folded(self) => {
                Some("Thread")
            }
            (Screen::Message, Command::Back) if super::threads::is_reading(self) => Some("Thread"),
            (Screen::Files, Command::Forward) => Some(self.files.forward_label()),
            (Screen::Files, Command::HiddenFiles) if self.files.hidden => Some("NoHidden"),
            (Screen::ComposeHead, Command::Addresses) => {
                let spot = self.compose.current().map(|one| one.spot);
                (spot == Some(Spot::Attach)).then_some("Files")
            }
            (_, _) => None,
        }
    }

    /// Whether a command means something on the selected row, of those that act on one.
    fn means_something(&self, command: Command) -> bool {
        if leaving::state::is_shown(self) {
            let (edit, send, discard) = outbox::offers(self);
            return match command {
                Command::EditOutgoing => edit,
                Command::Retry => send,
                Command::Drop => discard,
                _ => true,
            };
        }
        if self.screen == Screen::Files && self.files.purpose == Use::Read {
            return !matches!(command, Command::Select | Command::Attach);
        }
        if self.screen == Screen::Index {
            use Command::{Fold, FoldAll, Unfold, UnfoldAll};
            let folds = matches!(command, Fold | FoldAll | Unfold | UnfoldAll);
            return !folds
                || self
                    .index
                    .view
                    .as_ref()
                    .is_some_and(|view| view.is_threaded());
        }
        let (operation, conflict, sign_in, any) = match self.screen {
            Screen::Attention => match self.attention.need() {
                None => (false, false, false, false),
                Some(need) => (
                    need.operation().is_some(),
                    matches!(need.cause, Cause::Conflict(..)),
                    need.cause == Cause::SignIn,
                    true,
                ),
            },
            Screen::Queue => match self.queue.line() {
                None => (false, false, false, false),
                Some(line) => (true, is_conflict(&line.state), false, true),
            },
            _ => return true,
        };
        match command {
            Command::EditOutgoing => submission(self).is_some_and(|one| !one.unsure),
            Command::NewPassword => sign_in,
            Command::Retry => any && !conflict,
            Command::Drop => operation && !conflict,
            Command::KeepMine | Command::TakeTheirs => conflict,
            Command::Details => any,
            _ => true,
        }
    }
}

fn is_conflict(state: &OperationState) -> bool {
    matches!(state, OperationState::Failed { cause, .. } if cause.is_conflict())
}

/// What a key acts on.
struct Subject {
    id: OperationId,
    what: String,
    conflict: bool,
}

fn subject(app: &App) -> Option<Subject> {
    match app.screen {
        Screen::Queue => app.queue.line().map(|line| Subject {
            id: line.id,
            what: line.what.clone(),
            conflict: is_conflict(&line.state),
        }),
        _ => app.attention.need().and_then(|need| {
            Some(Subject {
                id: need.operation()?,
                what: need.what.clone(),
                conflict: matches!(need.cause, Cause::Conflict(..)),
            })
        }),
    }
}

/// The message that is to be sent on the selected row.
struct Submission {
    id: OperationId,
    what: String,
    unsure: bool,
}

fn submission(app: &App) -> Option<Submission> {
    match app.screen {
        Screen::Queue => {
            let line = app.queue.line().filter(|line| line.kind == "submit")?;
            Some(Submission {
                id: line.id,
                what: line.what.clone(),
                unsure: line.state == OperationState::Unsure,
            })
        }
        _ => {
            let need = app.attention.need().filter(|need| need.is_submission)?;
            Some(Submission {
                id: need.operation()?,
                what: need.what.clone(),
                unsure: matches!(need.cause, Cause::Unsure(_)),
            })
        }
    }
}

/// `E`: a message that waits or was refused is a draft again.
pub(super) fn edit_outgoing(app: &mut App) {
    if leaving::state::is_shown(app) {
        return outbox::edit(app);
    }
    match submission(app) {
        Some(one) => outbox::take_back(app, one.id),
        None => app.hint("This is no message to send; R tries again, X takes it back."),
    }
}

/// Answers what becomes of the selected operation. On a conflict to send again is to keep one's own
/// change, and to drop it is to take the other one.
pub(super) fn decide(app: &mut App, decision: Decision) {
    // Nobody gets a message twice unless a person wants that (SAFETY R1).
    let unsure = submission(app).filter(|one| one.unsure && decision == Decision::Retry);
    if let Some(one) = unsure {
        return outbox::ask_again(app, one.id, one.what);
    }
    let Some(Subject { id, what, conflict }) = subject(app) else {
        let waits = app.screen == Screen::Attention && app.attention.need().is_some();
        app.hint(if waits {
            "This is no change that waits; R tries again."
        } else {
            "Nothing waits here."
        });
        return;
    };
    let decision = match (decision, conflict) {
        (Decision::Retry, true) => Decision::KeepMine,
        (Decision::Drop, true) => Decision::TakeTheirs,
        (Decision::KeepMine, false) => {
            app.hint("This is no conflict: R sends it again.");
            return;
        }
        (Decision::TakeTheirs, false) => {
            app.hint("This is no conflict: X takes it back.");
            return;
        }
        (decision, _) => decision,
    };
    app.act(Action::Decide { id, decision, what });
}

/// Tries again what failed.
pub(super) fn retry(app: &mut App) {
    let need = app.attention.need().cloned();
    match need.filter(|_| app.screen == Screen::Attention) {
        Some(need) if need.operation().is_none() => retry_sign_in(app, &need),
        Some(_) | None => decide(app, Decision::Retry),
    }
}

fn retry_sign_in(app: &mut App, need: &Need) {
    if let Cause::Notice(id) = need.cause {
        app.act(Action::Dismiss(id));
    }
    app.act(Action::Sync(Some(need.account.clone())));
    app.hint("Trying again.");
}

pub(super) fn new_password(app: &mut App) {
    match app.attention.need().cloned() {
        Some(need) if need.cause == Cause::SignIn => {
            let question = format!("New password for {}", need.title);
            let purpose = Purpose::Password(need.account, need.cause);
            app.open_prompt(Prompt::secret(purpose, question));
        }
        Some(_) => app.hint("This is not about a password."),
        None => app.hint("Nothing waits for you."),
    }
}

/// Shows or hides everything that is known of the selected row.
pub(super) fn details(app: &mut App) {
    let (there, details) = match app.screen {
        Screen::Queue => (app.queue.line().is_some(), &mut app.queue.details),
        _ => (app.attention.need().is_some(), &mut app.attention.details),
    };
    *details = there && !*details;
    if !there {
        app.hint("Nothing waits here.");
    }
}
