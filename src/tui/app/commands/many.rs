//! Many messages at once: selecting them, and doing one thing with all of them.

use crate::model::{FlagChange, Flags, MessageKey};
use crate::tui::app::App;
use crate::tui::app::command::{Command, Screen};
use crate::tui::app::key::{Code, Key};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::screen::index::state::Selection;

use super::reading::target;
use super::run;
use super::threads;

/// Which messages a command is for, when some are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The one at the cursor.
    This,
    /// All selected ones.
    Selected,
}

/// Whether a command of the index can be for many messages.
pub(super) fn takes_many(command: Command) -> bool {
    matches!(
        command,
        Command::Delete
            | Command::Save
            | Command::Archive
            | Command::Junk
            | Command::Copy
            | Command::Keyword
            | Command::ToggleSeen
            | Command::ToggleFlagged
            | Command::TakeAddress
            | Command::Export
            | Command::Reply
            | Command::ForwardMail
            | Command::Bounce
            | Command::SaveAllParts
            | Command::MuteThread
            | Command::MuteList
            | Command::Unmute
    )
}

/// Whether it acts on a folded conversation as a whole. What writes mail is about the message of the
/// row: to answer or send on a whole thread a person selects it first.
pub(super) fn takes_thread(command: Command) -> bool {
    let one = matches!(
        command,
        Command::Reply
            | Command::ForwardMail
            | Command::Bounce
            | Command::SaveAllParts
            | Command::MuteThread
            | Command::MuteList
            | Command::Unmute
    );
    takes_many(command) && !one
}

/// So many messages are answered, passed on or sent on at once.
const MOST: usize = 100;

/// Does something that writes mail about the messages that are meant.
pub(super) fn write_about(app: &mut App, act: fn(&mut App, Vec<MessageKey>)) {
    let Some(keys) = meant(app) else { return };
    match keys.len() {
        count if count > MOST => app.hint(format!(
            "{count} messages are selected; at most {MOST} are answered or sent on at once."
        )),
        _ => act(app, keys),
    }
}

/// Asks which messages are meant when some are selected and the cursor is on another one; true when
/// the command waits for the answer.
pub(in crate::tui::app) fn asks_which(app: &mut App, command: Command) -> bool {
    let marked = app.index.marked.len();
    let asks = app.screen == Screen::Index
        && takes_many(command)
        && marked > 0
        && app.scope.is_none()
        && !is_marked(app);
    if asks {
        let question = format!("For the selected ({marked}), or for this one?");
        let options = vec![('s', "Selected"), ('t', "ThisOne")];
        app.open_prompt(Prompt::choice(
            Purpose::Which(command),
            question,
            options,
            1,
        ));
    }
    asks
}

/// Whether a command is for what is selected, and not for the row at the cursor.
pub(super) fn is_for_selected(app: &App) -> bool {
    let selected = match app.scope {
        Some(scope) => scope == Scope::Selected,
        None => is_marked(app),
    };
    selected && !app.index.marked.is_empty()
}

fn is_marked(app: &App) -> bool {
    let here = app.index.row();
    here.is_some_and(|here| app.index.selection(here) == Selection::All)
}

/// Runs a command for the messages that were meant.
pub(in crate::tui::app) fn run_for(app: &mut App, command: Command, scope: Scope) {
    app.scope = Some(scope);
    run(app, command, Key::plain(Code::Enter));
    app.scope = None;
}

/// The messages that a command is for; says so when there is none.
pub(in crate::tui::app) fn meant(app: &mut App) -> Option<Vec<MessageKey>> {
    if let Some(keys) = &app.conversation {
        return Some(keys.clone());
    }
    let many = app.screen == Screen::Index && !app.index.marked.is_empty();
    let selected = match app.scope {
        Some(scope) => scope == Scope::Selected,
        None => is_marked(app),
    };
    if many && selected {
        return Some(app.index.marked.iter().copied().collect());
    }
    match target(app) {
        Some(key) => Some(vec![key]),
        None => {
            app.hint("There is no message here.");
            None
        }
    }
}

/// `A`.
pub(in crate::tui::app) fn ask_apply(app: &mut App) {
    let count = app.index.marked.len();
    if count == 0 {
        app.hint("Nothing is selected. : selects a message, ; several.");
        return;
    }
    let options = vec![
        ('d', "Delete"),
        ('s', "Save"),
        ('y', "Archive"),
        ('k', "MarkRead"),
        ('*', "Flag"),
        ('r', "Reply"),
        ('f', "Forward"),
        ('b', "Bounce"),
        ('e', "Export"),
        ('!', "Junk"),
        ('c', "Copy"),
        ('w', "Keyword"),
        ('t', "TakeAddr"),
        ('v', "SaveAttach"),
        ('m', "MuteThread"),
        ('l', "MuteList"),
        ('u', "Unmute"),
    ];
    let question = format!("Apply to {count} selected messages:");
    // No answer is Enter's.
    let prompt = Prompt::choice(Purpose::Apply, question, options, usize::MAX);
    app.open_prompt(prompt);
}

/// The answer to `A`.
pub(in crate::tui::app) fn apply(app: &mut App, letter: char) {
    let command = match letter {
        'd' => Command::Delete,
        's' => Command::Save,
        'y' => Command::Archive,
        '!' => Command::Junk,
        'k' => Command::ToggleSeen,
        't' => Command::TakeAddress,
        'c' => Command::Copy,
        'w' => Command::Keyword,
        'e' => Command::Export,
        'r' => Command::Reply,
        'f' => Command::ForwardMail,
        'b' => Command::Bounce,
        'v' => Command::SaveAllParts,
        'm' => Command::MuteThread,
        'l' => Command::MuteList,
        'u' => Command::Unmute,
        _ => Command::ToggleFlagged,
    };
    run_for(app, command, Scope::Selected);
}

/// `K` and `*`: sets the flag of all where one lacks it, else clears it.
pub(in crate::tui::app) fn toggle(app: &mut App, bit: u8) {
    let Some(keys) = meant(app) else { return };
    let mut known = keys.iter().filter_map(|key| app.flags_of(*key)).peekable();
    if known.peek().is_none() && keys.len() == 1 {
        return;
    }
    let lacking = threads::lacks(app, bit).unwrap_or_else(|| known.any(|flags| !flags.has(bit)));
    if let Some(message) = app.message.as_mut().filter(|m| keys.contains(&m.key())) {
        // What a person marks stays so: having been shown changes it no more.
        message.marked = true;
    }
    let change = if lacking {
        FlagChange::add(Flags::of(bit))
    } else {
        FlagChange::remove(Flags::of(bit))
    };
    let count = keys.len();
    app.change_flags(keys, change, false);
    if bit == Flags::SEEN && app.conversation.is_some() {
        threads::show_read(app, lacking);
    }
    if count > 1 {
        let word = match (bit, lacking) {
            (Flags::SEEN, true) => "read",
            (Flags::SEEN, false) => "unread",
            (_, true) => "important",
            (_, false) => "not important",
        };
        app.say(format!(
            "Marked {} {word}.  U undoes.",
            threads::counted(app, count)
        ));
    }
}
