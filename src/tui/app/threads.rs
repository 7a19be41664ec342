//! The screen of a conversation: what it asks for, and what its answers do.

use crate::model::{FlagChange, Flags, MailboxKey, MessageKey};
use crate::tui::screen::conversation::State;
use crate::tui::screen::conversation::state::{INSET, ROWS};
use crate::tui::screen::message;

use super::event::{Action, Question, Ticket};
use super::view::{Body, Row};
use super::{App, Screen};

/// Opens the conversation of the message at the cursor.
pub fn open(app: &mut App, message: MessageKey) {
    let Some(view) = app.index.view.clone() else {
        app.hint("There is no message here.");
        return;
    };
    let asked = app.question(Question::Conversation {
        view: view.clone(),
        message,
    });
    app.thread = Some(State::open(view, message, asked));
    app.go(Screen::Thread);
}

/// The store changed: its messages are read anew.
pub fn changed(app: &mut App) {
    let Some(thread) = &app.thread else { return };
    let message = thread.key().unwrap_or(thread.of);
    let view = thread.view.clone();
    let asked = app.question(Question::Conversation { view, message });
    if let Some(thread) = &mut app.thread {
        thread.asked = asked;
    }
}

/// Bytes came: what waited for them is asked for again.
pub fn bodies_came(app: &mut App) {
    let Some(thread) = &mut app.thread else {
        return;
    };
    for piece in &mut thread.pieces {
        let waits = |text: &message::State| matches!(text.body, Some(Body::NotKept { .. }));
        if piece.text.as_ref().is_some_and(waits) {
            piece.asked = None;
        }
    }
}

/// Its messages.
pub fn came(app: &mut App, ticket: Ticket, rows: Vec<Row>) {
    let height = height(app);
    if let Some(thread) = app.thread.as_mut().filter(|one| one.asked == ticket) {
        thread.take(rows);
        thread.reveal(height);
    }
}

/// The text of one of them; false when it is none of these.
pub fn body_came(app: &mut App, ticket: Ticket, body: &Body) -> bool {
    let width = width(app);
    let server = app.is_connected();
    let Some(thread) = &mut app.thread else {
        return false;
    };
    let mut pieces = thread.pieces.iter_mut();
    let Some(piece) = pieces.find(|piece| piece.asked == Some(ticket)) else {
        return false;
    };
    let absent = matches!(body, Body::NotKept { .. });
    let fetch = (absent && server && !piece.fetched).then_some(piece.row.key);
    piece.fetched |= fetch.is_some();
    if let Some(text) = &mut piece.text {
        text.take(body.clone(), width);
        text.fill(ROWS);
    }
    if let Some(message) = fetch {
        app.effect(Action::Fetch {
            message,
            part: None,
        });
    }
    true
}

/// Rows of the page.
pub fn height(app: &App) -> usize {
    usize::from(app.layout.body().height)
}

fn width(app: &App) -> u16 {
    app.layout.body().width.saturating_sub(INSET)
}

/// Asks for the texts in sight, lays out what has another width, and marks read what was seen.
pub fn settle(app: &mut App) {
    if app.screen != Screen::Thread {
        return;
    }
    let (height, width) = (height(app), width(app));
    let Some(thread) = &mut app.thread else {
        return;
    };
    for piece in &mut thread.pieces {
        if let Some(text) = &mut piece.text {
            text.resize(width);
        }
    }
    thread.top = thread
        .top
        .min(thread.height().saturating_sub(height.max(1)));
    for at in thread.wanted(height) {
        ask_body(app, at);
    }
    let seen = app.thread.as_ref().map(|one| one.shown(height));
    let seen = seen.unwrap_or_default();
    if !seen.is_empty() {
        app.change_flags(seen, FlagChange::add(Flags::of(Flags::SEEN)), true);
    }
}

/// Where a command goes that walks: by rows, messages, pages, to the ends.
pub fn walk(app: &mut App, walk: Walk) {
    let height = height(app);
    let Some(thread) = &mut app.thread else {
        return;
    };
    let (moved, first) = match walk {
        Walk::Line(down) => (thread.line(down, height), !down),
        Walk::Step(by) => (thread.step(by, height), by < 0),
        Walk::Page(down) => (thread.page(down, height), !down),
        Walk::End(first) => {
            thread.end(first, height);
            (true, first)
        }
    };
    if !moved {
        app.hint(match first {
            true => "This is the beginning of the thread.",
            false => "This is the end of the thread.",
        });
    }
}

/// A walk through a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// By a row, down or up.
    Line(bool),
    /// By messages.
    Step(isize),
    /// By a page, down or up.
    Page(bool),
    /// To the first message, or the last.
    End(bool),
}

/// Folds or opens one message, or all. In one that is open the quotes are opened.
pub fn fold(app: &mut App, folded: bool, all: bool) {
    let (height, width) = (height(app), width(app));
    let Some(thread) = &mut app.thread else {
        return;
    };
    let done = match (all, folded) {
        (true, _) => thread.fold_all(folded),
        (false, true) => thread.fold(true),
        (false, false) => thread.fold(false) || thread.show_quotes(width),
    };
    thread.reveal(height);
    if !done {
        app.hint(match folded {
            true => "This is folded already.",
            false => "This is open already.",
        });
    }
}

/// Tab: goes to the next message that is not read, and opens it.
pub fn next_unread(app: &mut App) {
    let height = height(app);
    let Some(thread) = &mut app.thread else {
        return;
    };
    if !thread.next_unread(height) {
        app.hint("Nothing below is unread in this thread. < goes back to the index.");
    }
}

/// Shows the other form of the text under the cursor, where the message has two.
pub fn html_or_plain(app: &mut App) {
    let Some(thread) = &mut app.thread else {
        return;
    };
    let at = thread.at;
    match thread.piece().and_then(|piece| piece.text.as_mut()) {
        None => app.hint("This message is folded: Enter opens it."),
        Some(text) => match text.turn() {
            Ok(words) => {
                app.hint(words);
                ask_body(app, at);
            }
            Err(why) => app.hint(why),
        },
    }
}

/// Asks for the text of the message with this number, in the form that is wished for.
fn ask_body(app: &mut App, at: usize) {
    let width = width(app);
    let pieces = app.thread.as_ref().map(|one| &one.pieces);
    let Some(piece) = pieces.and_then(|pieces| pieces.get(at)) else {
        return;
    };
    let question = Question::Body {
        message: piece.row.key,
        html: piece.text.as_ref().is_some_and(|text| text.html),
        width,
        first: false,
    };
    let asked = app.question(question);
    let pieces = app.thread.as_mut().map(|one| &mut one.pieces);
    if let Some(piece) = pieces.and_then(|pieces| pieces.get_mut(at)) {
        piece.asked = Some(asked);
    }
}

/// `^R` on a message whose text is not here fetches it; false where that is not so.
pub fn fetch(app: &mut App) -> bool {
    if app.screen != Screen::Thread {
        return false;
    }
    let piece = app.thread.as_mut().and_then(State::piece);
    let absent = piece.filter(|piece| {
        let text = piece.text.as_ref();
        text.is_some_and(|text| matches!(text.body, Some(Body::NotKept { .. })))
    });
    let Some(piece) = absent else {
        return false;
    };
    piece.fetched = true;
    let message = piece.row.key;
    app.effect(Action::Fetch {
        message,
        part: None,
    });
    app.hint("Fetching now.");
    true
}

/// Enter: opens the message under the cursor, or folds it.
pub fn toggle(app: &mut App) {
    let open = app.thread.as_ref().is_some_and(|thread| {
        let piece = thread.pieces.get(thread.at);
        piece.is_some_and(|piece| piece.text.is_some())
    });
    fold(app, open, false);
}

/// Messages have left: the rest is shown.
pub fn leave(app: &mut App, keys: &[MessageKey]) {
    let Some(thread) = &mut app.thread else {
        return;
    };
    thread.leave(keys);
    if thread.pieces.is_empty() && app.screen == Screen::Thread {
        app.go(Screen::Index);
    }
}

/// The text of one of them could not be read.
pub fn failed(app: &mut App, ticket: Ticket, why: &str) {
    body_came(app, ticket, &Body::Failed(why.to_owned()));
}

impl App {
    /// The mailbox that is looked at; where several are shown as one, that of the message at the cursor.
    pub(super) fn here(&self) -> Option<MailboxKey> {
        if let Some(row) = self.row_of_thread() {
            return Some(row.mailbox);
        }
        let read = self.message.as_ref().filter(|_| self.is_reading());
        let row = read
            .map(|message| &message.row)
            .or_else(|| self.index.row());
        let one = self.index.one_mailbox();
        one.or_else(|| row.map(|row| row.mailbox))
    }

    /// The message at the cursor of a conversation, or the one that is read in its own page from there:
    /// it may lie in another mailbox than is listed.
    fn row_of_thread(&self) -> Option<&Row> {
        let under = |screen| self.screen == screen || self.under == screen;
        let read = self.message.as_ref().filter(|one| one.of_thread);
        match read.filter(|_| self.is_reading()) {
            Some(message) => Some(&message.row),
            None if under(Screen::Thread) => self.thread.as_ref()?.here(),
            None => None,
        }
    }
}
