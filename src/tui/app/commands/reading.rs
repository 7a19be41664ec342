//! Commands on an open message: its text, its header, its folds and links.

use crate::mime::filename;
use crate::model::{LinkState, MessageKey};
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Action, Question};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::{Account, Body, Preview, Row};
use crate::tui::app::{App, needs_lines, search};
use crate::tui::screen::message;

use super::edge_words;
use super::parts::ask_preview;

/// Opens the selected message.
pub(in crate::tui::app) fn open_message(app: &mut App) {
    let Some(key) = app.index.row().map(|row| row.key) else {
        app.hint("There is no message here.");
        return;
    };
    let shown = app.message.as_ref().map(message::State::key);
    if app.is_three() && shown == Some(key) && app.screen != Screen::Message {
        app.go(Screen::Message);
        app.looked_at();
        return;
    }
    show_message(app);
    app.go(Screen::Message);
}

/// Shows the selected message in its pane; which screen has the keys stays.
pub(in crate::tui::app) fn show_message(app: &mut App) {
    if let Some(row) = app.index.row().cloned() {
        let number = app.index.number();
        show_row(app, row, number);
    }
}

/// Shows a message; which screen has the keys stays.
pub(super) fn show_row(app: &mut App, row: Row, number: Option<u64>) {
    let key = row.key;
    let mut message = message::State::open(row, number);
    message.asked_opened = app.ask(Question::Opened(key));
    app.message = Some(message);
    app.parts = None;
    ask_body(app, true);
}

pub(in crate::tui::app) fn ask_body(app: &mut App, first: bool) {
    let width = app.layout.message().width;
    let Some(message) = &app.message else { return };
    let question = Question::Body {
        message: message.key(),
        html: message.html,
        width,
        first,
    };
    let ticket = app.ask(question);
    if let Some(message) = &mut app.message {
        message.asked_body = ticket;
    }
}

/// More of a text whose first screen is here.
pub(in crate::tui::app) fn ask_rest(app: &mut App) {
    ask_body(app, false);
}

/// The message area has another width: HTML is laid out anew.
pub(in crate::tui::app) fn width_changed(app: &mut App) {
    let bound = app
        .message
        .as_ref()
        .and_then(message::State::document)
        .is_some_and(|document| document.width_bound);
    if bound {
        ask_body(app, false);
    }
}

/// Whether the open message lacks text that is on the server.
fn waits(app: &App) -> bool {
    app.message.as_ref().is_some_and(|message| {
        let incomplete = message.document().is_some_and(|d| !d.missing.is_empty());
        incomplete || matches!(message.body, Some(Body::NotKept { .. }))
    })
}

/// The link is there again: the text that was to be fetched then is.
pub(in crate::tui::app) fn ask_what_waits(app: &mut App) {
    if waits(app) {
        fetch_open(app);
    }
}

/// Bytes came: what waited for them is asked again.
pub(in crate::tui::app) fn bodies_came(app: &mut App) {
    if waits(app) {
        ask_body(app, true);
        if let Some(key) = app.message.as_ref().map(message::State::key) {
            let ticket = app.ask(Question::Opened(key));
            if let Some(message) = &mut app.message {
                message.asked_opened = ticket;
            }
        }
    }
    let preview = app
        .parts
        .as_ref()
        .is_some_and(|parts| matches!(parts.preview, Some(Preview::NotKept { .. })));
    if preview {
        ask_preview(app);
    }
}

/// The bytes of the open message are asked of the server.
pub(in crate::tui::app) fn fetch_open(app: &mut App) {
    let Some(message) = &mut app.message else {
        return;
    };
    message.fetching = true;
    let key = message.key();
    let ticket = app.act(Action::Fetch {
        message: key,
        part: None,
    });
    if let Some(message) = &mut app.message {
        message.fetch = ticket;
    }
}

pub(in crate::tui::app) fn open_link(app: &mut App, at: usize) {
    let link = app.message.as_ref().and_then(message::State::document);
    let link = link.and_then(|document| document.links.get(at)).cloned();
    match link {
        None => app.hint(format!("There is no link {}.", at.saturating_add(1))),
        Some(link) => match link.warning {
            None => {
                app.act(Action::OpenLink(link.target));
            }
            Some(_) => {
                let question = format!("Open this address at {}?", link.host);
                let options = vec![('y', "Open"), ('n', "No")];
                let mut prompt =
                    Prompt::choice(Purpose::OpenLink(link.target), question, options, 1);
                prompt.notes = app.link_lines(at);
                app.open_prompt(prompt);
            }
        },
    }
}

/// The message that a command of this screen means.
pub(in crate::tui::app) fn target(app: &App) -> Option<MessageKey> {
    match app.screen {
        Screen::Message => app.message.as_ref().map(message::State::key),
        Screen::Parts => app.parts.as_ref().map(|parts| parts.message),
        Screen::Thread => app.thread.as_ref().and_then(|thread| thread.key()),
        _ => app.index.row().map(|row| row.key),
    }
}

pub(in crate::tui::app) fn ask_export(app: &mut App) {
    if app.screen == Screen::Index && !app.index.marked.is_empty() {
        let Some(keys) = super::meant(app) else {
            return;
        };
        if keys.len() > 1 {
            let question = format!("Export {} to mbox file", super::messages(keys.len()));
            let proposed = format!("{}/messages.mbox", app.save_folder);
            let prompt = Prompt::text(Purpose::ExportMany(keys), question, &proposed);
            return app.open_prompt(prompt);
        }
    }
    let Some(key) = target(app) else {
        app.hint("There is no message here.");
        return;
    };
    let read = app.message.as_ref().map(|message| &message.row);
    let read = read.filter(|row| row.key == key);
    let in_thread = || app.thread.as_ref().and_then(|thread| thread.row(key));
    let row = app.index.find(key).or(read).or_else(in_thread);
    let subject = row.map(|row| row.envelope.subject.clone());
    let subject = subject
        .filter(|s| !s.trim().is_empty())
        .unwrap_or_else(|| "message".to_owned());
    let name = filename::safe(&format!("{subject}.eml"));
    let proposed = format!("{}/{name}", app.save_folder);
    app.open_prompt(Prompt::text(
        Purpose::Export(key),
        "Export the message to file",
        &proposed,
    ));
}

pub(in crate::tui::app) fn header_level(app: &mut App) {
    let Some(message) = &mut app.message else {
        return;
    };
    message.level = message.level.next();
    message.scroll = 0;
    message.lines = None;
    let (level, key) = (message.level, message.key());
    app.hint(format!("Header: {}.", level.word()));
    if needs_lines(level) {
        let question = if level == message::Level::All {
            Question::Header(key)
        } else {
            Question::Source(key)
        };
        let ticket = app.ask(question);
        if let Some(message) = &mut app.message {
            message.asked_lines = ticket;
        }
    }
}

/// `^^`: what is marked is the only quote of an answer.
pub(super) fn mark_text(app: &mut App) {
    let Some(message) = &mut app.message else {
        return;
    };
    if message.level == message::Level::Raw || !message.toggle_mark() {
        app.hint("Only the text of a message can be marked.");
        return;
    }
    say_marked(app);
}

fn say_marked(app: &mut App) {
    let count = app.message.as_ref().map_or(0, |one| one.marked_rows());
    app.hint(match count {
        0 => "Nothing is marked. ^^ marks from the cursor on, Esc ends it.".to_owned(),
        1 => "1 line is marked: R quotes only it. Arrows mark more, Esc none.".to_owned(),
        many => format!("{many} lines are marked: R quotes only them. Esc marks none."),
    });
}

/// Whether keys move the end of what is marked.
pub(super) fn is_marking(app: &App) -> bool {
    let message = app.message.as_ref();
    message.is_some_and(|one| one.marking.is_some() && one.level != message::Level::Raw)
}

/// Moves the page by rows; while something is marked, the end of that.
pub(super) fn scroll_message(app: &mut App, by: isize, height: usize) {
    let marking = is_marking(app);
    let Some(message) = &mut app.message else {
        return;
    };
    let moved = match marking {
        true => message.move_mark(by, height),
        false => message.scroll_by(by, height),
    };
    match (moved, marking) {
        (true, true) => say_marked(app),
        (true, false) => {}
        (false, _) => app.hint(edge_words(Screen::Message, by < 0)),
    }
}

pub(in crate::tui::app) fn html_or_plain(app: &mut App) {
    let Some(message) = &mut app.message else {
        return;
    };
    match message.turn() {
        Ok(words) => {
            message.scroll = 0;
            message.marking = None;
            app.hint(words);
            ask_body(app, true);
        }
        Err(why) => app.hint(why),
    }
}

pub(in crate::tui::app) fn fold(app: &mut App, folded: bool) {
    match app.screen {
        Screen::Folders => {
            if !app.folders.fold(&app.accounts, folded) {
                app.hint("Nothing is folded here.");
            }
        }
        _ => {
            let (height, width) = (app.message_height(), app.layout.message().width);
            let done = app
                .message
                .as_mut()
                .is_some_and(|m| m.fold(folded, height, width));
            if !done {
                app.hint(if folded {
                    "No open quote is on this page."
                } else {
                    "No folded quote is on this page."
                });
            }
        }
    }
}

pub(in crate::tui::app) fn fold_all(app: &mut App, folded: bool) {
    match app.screen {
        Screen::Folders => {
            let before = app.folders.entries.len();
            app.folders.fold_all(&app.accounts, folded);
            if app.folders.entries.len() == before {
                app.hint(if folded {
                    "Nothing is left to fold."
                } else {
                    "Nothing is folded."
                });
            }
        }
        _ => {
            let width = app.layout.message().width;
            let done = app
                .message
                .as_mut()
                .is_some_and(|m| m.fold_all(folded, width));
            if !done {
                app.hint("This message has no quotes to fold.");
            }
        }
    }
}

pub(in crate::tui::app) fn walk_links(app: &mut App, forward: bool) {
    let height = app.message_height();
    let at = app
        .message
        .as_mut()
        .and_then(|m| m.walk_links(forward, height));
    match at.and_then(|at| app.link_words(at)) {
        Some(words) => app.hint(words),
        None => app.hint("This message has no links."),
    }
}

pub(in crate::tui::app) fn go_offline(app: &mut App, offline: bool) {
    if !app.accounts.iter().any(|account| account.link.is_some()) {
        app.hint("There is no account with a server here.");
        return;
    }
    app.act(Action::Offline(offline));
}

/// Connects now.
pub(in crate::tui::app) fn sync_now(app: &mut App) {
    if app.screen == Screen::Index {
        search::again(app);
    }
    if app.screen == Screen::Message
        && app
            .message
            .as_ref()
            .is_some_and(|m| matches!(m.body, Some(Body::NotKept { .. })))
    {
        fetch_open(app);
        return;
    }
    if super::super::threads::fetch(app) {
        return;
    }
    let account = match app.screen {
        Screen::Folders => app
            .folders
            .target(&app.accounts)
            .map(|(id, _)| id.to_owned()),
        _ => app.mailbox().map(|(account, _)| account.id.clone()),
    };
    let local = account
        .as_ref()
        .is_some_and(|id| app.accounts.iter().any(|a| a.id == *id && a.link.is_none()));
    if local || account.is_none() {
        app.hint("This account has no server.");
        return;
    }
    let id = account.as_deref();
    let found = app.accounts.iter().find(|one| Some(one.id.as_str()) == id);
    let asked = found.and_then(Account::state) == Some(LinkState::OfflineAsked);
    app.act(Action::Sync(account));
    app.hint(match asked {
        true => "You asked to be off line: `.` go-online connects again.",
        false => "Fetching now.",
    });
}
