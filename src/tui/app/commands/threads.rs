//! Commands on whole conversations: on a folded row, and `^D` anywhere.

use crate::model::{Flags, MessageKey};
use crate::tui::app::command::{Command, Screen};
use crate::tui::app::event::{Action, Muting, Question, Ticket};
use crate::tui::app::key::{Code, Key};
use crate::tui::app::pick::{Choice, Target};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::{Mute, Row};
use crate::tui::app::{App, date, threads};

use super::many::{is_for_selected, meant, takes_thread};
use super::reading::{show_row, target};
use super::run;
use super::triage::messages;

/// Runs a command for a conversation where it is for one; false where it is for something else, and
/// goes on as it is.
pub(super) fn runs(app: &mut App, command: Command) -> bool {
    if app.conversation.is_some() {
        return false;
    }
    app.of_thread = false;
    let asked = match command {
        Command::DeleteThread => true,
        Command::Select => app.screen == Screen::Index,
        _ => takes_thread(command) && app.screen == Screen::Index && !is_for_selected(app),
    };
    if !asked {
        return false;
    }
    let folded = app.index.row().filter(|_| app.screen == Screen::Index);
    let folded = folded.filter(|row| is_folded(row));
    match folded.map(|row| behind(row).to_vec()) {
        Some(keys) if !keys.is_empty() => run_for(app, command, keys),
        None if command != Command::DeleteThread => return false,
        // Of very many, and of what is unfolded or flat, the store knows which they are.
        Some(_) | None => ask(app, command),
    }
    true
}

fn is_folded(row: &Row) -> bool {
    row.tree.as_ref().is_some_and(|tree| tree.folded)
}

fn behind(row: &Row) -> &[MessageKey] {
    row.tree.as_ref().map_or(&[], |tree| tree.behind.as_slice())
}

fn ask(app: &mut App, command: Command) {
    let (Some(view), Some(message)) = (app.index.view.clone(), target(app)) else {
        app.hint("There is no message here.");
        return;
    };
    let ticket = app.ask(Question::Thread { view, message });
    app.asked_thread = Some((ticket, app.presses, command));
}

/// The messages of the conversation are known.
pub(in crate::tui::app) fn found(app: &mut App, ticket: Ticket, keys: Vec<MessageKey>) {
    let asked = app
        .asked_thread
        .take_if(|(asked, _, _)| *asked == ticket)
        .filter(|(_, presses, _)| *presses == app.presses);
    let Some((_, _, command)) = asked else { return };
    if keys.is_empty() {
        app.hint("No message of this thread is here.");
        return;
    }
    run_for(app, command, keys);
}

fn run_for(app: &mut App, command: Command, keys: Vec<MessageKey>) {
    if command == Command::Select {
        return select(app, &keys);
    }
    let command = match command {
        Command::DeleteThread => Command::Delete,
        other => other,
    };
    app.of_thread = keys.len() > 1;
    app.conversation = Some(keys);
    run(app, command, Key::plain(Code::Enter));
    app.conversation = None;
}

/// A folded conversation is selected whole, or no more.
fn select(app: &mut App, keys: &[MessageKey]) {
    let all = keys.iter().all(|key| app.index.marked.contains(key));
    for key in keys {
        match all {
            true => app.index.marked.remove(key),
            false => app.index.marked.insert(*key),
        };
    }
}

/// How many messages a command was for: `8 messages of the thread`.
pub(super) fn counted(app: &App, count: usize) -> String {
    match app.of_thread && count > 1 {
        true => format!("{} of the thread", messages(count)),
        false => messages(count),
    }
}

/// Whether the conversation that a command is for lacks a flag somewhere; `None` when it is for none.
pub(super) fn lacks(app: &App, bit: u8) -> Option<bool> {
    let keys = app.conversation.as_ref()?;
    let row = app.index.row().filter(|row| is_folded(row))?;
    let tree = row.tree.as_ref().filter(|_| keys.contains(&row.key))?;
    Some(match bit {
        Flags::SEEN => tree.unread > 0,
        _ => !row.flags.has(bit),
    })
}

/// The folded row shows at once that its messages were read, or are not read any more.
pub(super) fn show_read(app: &mut App, read: bool) {
    let count = app.conversation.as_ref().map_or(0, Vec::len);
    let at = app.index.selected;
    let row = app.index.rows.get_mut(at).filter(|row| is_folded(row));
    if let Some(tree) = row.and_then(|row| row.tree.as_mut()) {
        tree.unread = match read {
            true => 0,
            false => u64::try_from(count).unwrap_or(u64::MAX),
        };
    }
}

/// Whether the cursor is on a folded conversation.
pub(super) fn is_at_folded(app: &App) -> bool {
    app.index.row().is_some_and(is_folded)
}

/// Shows the conversation of the message in one piece.
pub(super) fn view(app: &mut App) {
    match target(app) {
        Some(key) => threads::open(app, key),
        None => app.hint("There is no message here."),
    }
}

/// Whether the open message was opened from the conversation.
pub(super) fn is_reading(app: &App) -> bool {
    app.thread.is_some() && app.message.as_ref().is_some_and(|one| one.of_thread)
}

/// `>` in a conversation: shows the message under the cursor in a page of its own.
pub(super) fn read(app: &mut App) {
    let here = app.thread.as_ref().and_then(|one| one.pieces.get(one.at));
    let Some(row) = here.map(|piece| piece.row.clone()) else {
        app.hint("There is no message here.");
        return;
    };
    show_row(app, row, None);
    if let Some(message) = &mut app.message {
        message.of_thread = true;
    }
    app.go(Screen::Message);
}

/// The message that was read has left the conversation: the next one of it is read.
pub(super) fn read_next(app: &mut App) {
    app.message = None;
    let left = app
        .thread
        .as_ref()
        .is_some_and(|one| !one.pieces.is_empty());
    match left {
        true => read(app),
        false => {
            app.thread = None;
            app.go(Screen::Index);
        }
    }
}

/// Mutes what the messages are part of that are meant, or ends that.
pub(super) fn mute(app: &mut App, what: Muting) {
    if let Some(keys) = meant(app) {
        app.act(Action::Mute(keys, what));
    }
}

/// What is muted?
pub(super) fn ask_muted(app: &mut App) {
    let ticket = app.ask(Question::Mutes);
    app.asked_mutes = Some((ticket, app.presses));
}

/// What is muted is known: one of it may be chosen, which ends that.
pub(in crate::tui::app) fn muted_came(app: &mut App, ticket: Ticket, mutes: Vec<Mute>) {
    if app.asked_mutes.take() != Some((ticket, app.presses)) {
        return;
    }
    if mutes.is_empty() {
        app.hint("Nothing is muted. `.` mute-thread and mute-list do it.");
        return;
    }
    let choices = mutes.into_iter().map(|mute| {
        let since = date::column(mute.since, app.now.wall, app.offset_at);
        let filed = messages(usize::try_from(mute.filed).unwrap_or(usize::MAX));
        Choice {
            text: mute.called,
            key: String::new(),
            detail: format!("{}, since {since}, {filed}", mute.kind),
            target: Target::Mute(mute.key),
        }
    });
    let choices = choices.collect();
    let question = "Muted; Enter ends it for";
    app.open_prompt(Prompt::pick(Purpose::Unmute, question, choices));
}

/// `[`, `]`, `{` and `}` in a list.
pub(super) fn fold(app: &mut App, folded: bool, all: bool) {
    let threaded = app
        .index
        .view
        .as_ref()
        .is_some_and(|view| view.is_threaded());
    if !threaded {
        app.hint("This list is not ordered by thread: nothing is folded in it.");
        return;
    }
    let done = match all {
        true => app.index.fold_all(folded),
        false => app.index.fold(folded),
    };
    if !done {
        app.hint(match folded {
            true => "Nothing is left to fold here.",
            false => "Nothing is folded here.",
        });
    }
}
