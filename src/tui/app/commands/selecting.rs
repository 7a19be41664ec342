//! Selecting messages by what they have in common, and showing the selected ones alone.

use std::collections::BTreeSet;

use crate::model::query::State;
use crate::model::{Keys, List, MessageKey, Order, Query, View};
use crate::tui::app::App;
use crate::tui::app::command::Command;
use crate::tui::app::event::{Criterion, Question};
use crate::tui::app::key::{Code, Key};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::screen::index::state::Selection;

use super::run;
use super::triage::messages;

/// What becomes of the messages that are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are selected, beside those that are.
    Broaden,
    /// Of the selected ones they alone stay so.
    Narrow,
    /// They are selected, and no others.
    Replace,
    /// Those among them that are selected are so no more, the others are.
    Flip,
}

/// What is asked for by a line of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Sender, recipient or subject.
    Text,
    /// The sender.
    From,
    /// When it arrived.
    Date,
    /// How large it is.
    Size,
    /// The language of search.
    Query,
}

/// `:`.
pub(in crate::tui::app) fn select(app: &mut App) {
    let Some(key) = app.index.row().map(|row| row.key) else {
        app.hint("There is no message here.");
        return;
    };
    if !app.index.marked.remove(&key) {
        app.index.marked.insert(key);
    }
}

/// `;`: selects by what messages have in common; where some are selected it asks first what is to
/// become of them.
pub(in crate::tui::app) fn ask_select(app: &mut App) {
    if app.index.row().is_none() {
        app.hint("There is no message here.");
        return;
    }
    if app.index.marked.is_empty() {
        return ask_criterion(app, Mode::Replace);
    }
    let here = app.index.row().map(|row| app.index.selection(row));
    let is_selected = here == Some(Selection::All);
    let options = vec![
        ('a', "UnselAll"),
        ('c', if is_selected { "UnselCur" } else { "SelectCur" }),
        ('b', "Broaden"),
        ('n', "Narrow"),
        ('f', "Flip"),
        ('r', "Replace"),
    ];
    let question = format!("{} selected. Alter the selection", app.index.marked.len());
    // No answer is Enter's: one of them loses what was selected.
    app.open_prompt(Prompt::choice(
        Purpose::Alter,
        question,
        options,
        usize::MAX,
    ));
}

/// The answer to the question what is to become of the selection.
pub(in crate::tui::app) fn alter(app: &mut App, letter: char) {
    match letter {
        'a' => {
            app.index.marked.clear();
            app.hint("Nothing is selected any more.");
        }
        // Of a folded conversation all messages.
        'c' => run(app, Command::Select, Key::plain(Code::Enter)),
        'b' => ask_criterion(app, Mode::Broaden),
        'n' => ask_criterion(app, Mode::Narrow),
        'f' => ask_keys(app, Criterion::All, Mode::Flip),
        _ => ask_criterion(app, Mode::Replace),
    }
}

fn ask_criterion(app: &mut App, mode: Mode) {
    let options = vec![
        ('a', "All"),
        ('t', "Text"),
        ('f', "From"),
        ('d', "Date"),
        ('z', "Size"),
        ('s', "Status"),
        ('h', "Thread"),
        ('l', "List"),
        ('q', "Query"),
    ];
    let question = match mode {
        Mode::Broaden => "Select also those by",
        Mode::Narrow => "Keep only those by",
        Mode::Replace | Mode::Flip => "Select messages by",
    };
    let prompt = Prompt::choice(Purpose::SelectBy(mode), question, options, 1);
    app.open_prompt(prompt);
}

/// The answer to `;`.
pub(in crate::tui::app) fn select_by(app: &mut App, mode: Mode, letter: char) {
    let row = app.index.row().cloned();
    let asked = match letter {
        'a' => return ask_keys(app, Criterion::All, mode),
        'h' => {
            return match row {
                Some(row) => ask_keys(app, Criterion::Thread(row.key), mode),
                None => app.hint("There is no message here."),
            };
        }
        'l' => {
            let list = row.map(|row| row.envelope.list_id).unwrap_or_default();
            return match list.is_empty() {
                false => ask_keys(app, Criterion::List(list), mode),
                true => app.hint("The message at the cursor came by no list."),
            };
        }
        's' => return ask_status(app, mode),
        't' => Asked::Text,
        'f' => Asked::From,
        'd' => Asked::Date,
        'z' => Asked::Size,
        _ => Asked::Query,
    };
    let sender = row.and_then(|row| row.envelope.from.first().cloned());
    let sender = sender.map(|from| from.address).unwrap_or_default();
    let (question, proposed) = match asked {
        Asked::Text => ("Text in sender, recipient or subject", ""),
        Asked::From => ("Sender, or a part of it", sender.as_str()),
        Asked::Date => ("Date (2026-11, 7d.., 2026-11-01..2026-11-15)", ""),
        Asked::Size => ("Larger than (100k, 2M; <100k for smaller)", ""),
        Asked::Query => ("Query, as in search", ""),
    };
    app.open_prompt(Prompt::text(
        Purpose::SelectLike(mode, asked),
        question,
        proposed,
    ));
}

fn ask_status(app: &mut App, mode: Mode) {
    let options = vec![
        ('n', "New"),
        ('r', "Read"),
        ('*', "Important"),
        ('a', "Answered"),
        ('f', "Forwarded"),
        ('d', "Deleted"),
    ];
    let prompt = Prompt::choice(Purpose::SelectStatus(mode), "Select which?", options, 0);
    app.open_prompt(prompt);
}

/// The status is known.
pub(in crate::tui::app) fn status(app: &mut App, mode: Mode, letter: char) {
    let state = match letter {
        'r' => State::Read,
        '*' => State::Flagged,
        'a' => State::Answered,
        'f' => State::Forwarded,
        'd' => State::Deleted,
        _ => State::Unread,
    };
    ask_keys(app, Criterion::Status(state), mode);
}

/// The line is known.
pub(in crate::tui::app) fn like(app: &mut App, mode: Mode, asked: Asked, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return app.hint("Nothing was typed; the selection is as it was.");
    }
    let query = match asked {
        Asked::Text => return ask_keys(app, Criterion::Text(text.to_lowercase()), mode),
        Asked::From => return ask_keys(app, Criterion::From(text.to_lowercase()), mode),
        Asked::Date => match text.strip_suffix("..") {
            Some(from) => format!("after:{from}"),
            None if text.contains(':') => text.to_owned(),
            None => format!("date:{text}"),
        },
        Asked::Size => match text.strip_prefix('<') {
            Some(size) => format!("smaller:{}", size.trim()),
            None => format!("larger:{}", text.trim_start_matches('>').trim()),
        },
        Asked::Query => text.to_owned(),
    };
    match Query::parse(&query) {
        Ok(query) => ask_keys(app, Criterion::Query(Box::new(query)), mode),
        Err(error) => app.hint(format!("Not understood {error}")),
    }
}

/// `^A`.
pub(in crate::tui::app) fn select_all(app: &mut App) {
    ask_keys(app, Criterion::All, Mode::Broaden);
}

fn ask_keys(app: &mut App, criterion: Criterion, mode: Mode) {
    if let Some(view) = app.index.view.clone() {
        let list = view.list.clone();
        let ticket = app.ask(Question::Select { view, criterion });
        app.asked_select = Some((ticket, list, mode));
    }
}

/// The messages that were asked for are known.
pub(in crate::tui::app) fn selected(
    app: &mut App,
    keys: Vec<MessageKey>,
    unindexed: u64,
    mode: Mode,
) {
    let found: BTreeSet<MessageKey> = keys.into_iter().collect();
    let rest = match unindexed {
        0 => String::new(),
        1 => "; about 1 message is not searched yet".to_owned(),
        many => format!("; about {many} messages are not searched yet"),
    };
    if found.is_empty() {
        let words = "No message here is like that, the selection is as it was";
        return app.hint(format!("{words}{rest}."));
    }
    let marked = std::mem::take(&mut app.index.marked);
    app.index.marked = match mode {
        Mode::Broaden => marked.union(&found).copied().collect(),
        Mode::Narrow => marked.intersection(&found).copied().collect(),
        Mode::Replace => found,
        Mode::Flip => found.difference(&marked).copied().collect(),
    };
    app.hint(match app.index.marked.len() {
        0 => format!("Nothing is selected any more{rest}."),
        count => format!("Selected {}{rest}. A applies, Z zooms.", messages(count)),
    });
}

/// `Z`: the selected messages alone, and all of them again.
pub(in crate::tui::app) fn zoom(app: &mut App) {
    let Some(view) = app.index.view.clone() else {
        return app.hint("No folder is open.");
    };
    if let List::Keys(keys) = &view.list
        && !keys.in_order
    {
        let back = View {
            list: (*keys.of).clone(),
            ..view
        };
        app.index.zoom(back);
        return app.hint("All messages are shown again.");
    }
    if app.index.marked.is_empty() {
        return app.hint("Nothing is selected. : selects a message, ; several.");
    }
    let keys = Keys {
        keys: app.index.marked.iter().copied().collect(),
        of: Box::new(view.list.clone()),
        in_order: false,
    };
    let count = keys.keys.len();
    let order = match view.order {
        // A conversation is more than what is selected of it.
        Order::Thread => Order::Arrival,
        order => order,
    };
    app.index.zoom(View {
        list: List::Keys(keys),
        order,
        ..view
    });
    app.hint(format!("{} selected. Z shows all again.", messages(count)));
}
