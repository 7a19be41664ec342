//! What keys do in the composer: letters are text, all else stands in the command table.

use crate::tui::app::command::{self, Command, EditKey, Screen};
use crate::tui::app::event::{Effect, Question, Ticket};
use crate::tui::app::key::{Code, Key};
use crate::tui::app::{App, writing};

use super::settling::{self, Then};
use super::state::{Composer, Spot};

/// Gives a key to the composer.
pub fn press(app: &mut App, key: Key) {
    if app.compose.current().is_none() {
        app.go_under();
        return;
    }
    let spot = app.compose.current().map_or(Spot::Body, |one| one.spot);
    let takes_text = !matches!(spot, Spot::From | Spot::Attach);
    if let (true, Some(letter)) = (takes_text, key.text()) {
        type_letter(app, letter);
        return;
    }
    if offers(app, key) {
        return;
    }
    match command::lookup(app.screen, key).map(|entry| entry.command) {
        Some(command) => run(app, command, key),
        None if key.code == Code::Esc => escape(app),
        None if spot == Spot::From && key.text().is_some() => {
            app.hint("# changes the identity; Tab goes on.");
        }
        None if spot == Spot::Attach && key.text().is_some() => {
            app.hint("^J attaches a file, ^D takes the selected one away; Tab goes on.");
        }
        None => app.hint(format!("{key} is no command here. ^G shows the keys.")),
    }
}

/// Text from the clipboard, its lines as they are.
pub fn paste(app: &mut App, text: &str) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let line = || text.split(['\n', '\r']).collect::<Vec<_>>().join(" ");
    match composer.spot {
        Spot::Body => composer.body.insert(text),
        Spot::Subject => composer.subject.paste(line().trim()),
        Spot::From | Spot::Attach => {
            app.hint("Text can be pasted into the other fields and into the message.");
        }
        Spot::To | Spot::Cc | Spot::Bcc | Spot::ReplyTo => {
            // Addresses one under the other are a list.
            let list = text.split(['\n', '\r']).map(str::trim);
            let list: Vec<&str> = list.filter(|one| !one.is_empty()).collect();
            let list = list.join(", ");
            if let Some(field) = composer.recipients(composer.spot) {
                field.field.paste(&list);
                field.close_offers();
            }
            composer.touched();
        }
    }
}

fn type_letter(app: &mut App, letter: char) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let spot = composer.spot;
    if spot == Spot::Body {
        composer.body.type_letter(letter);
        return;
    }
    composer.touched();
    let key = Key::plain(Code::Char(letter));
    if spot == Spot::Subject {
        composer.subject.press(key);
        return;
    }
    let ends = letter == ',' || letter == ';';
    let Some(field) = composer.recipients(spot) else {
        return;
    };
    let quoted = field.typed().matches('"').count() % 2 == 1;
    if ends && !quoted && !field.is_settled() {
        settling::field(app, Then::Stay);
        return;
    }
    if ends && field.is_settled() {
        return;
    }
    field.field.press(key);
    ask_contacts(app);
}

/// Asks who could be meant by what is typed.
fn ask_contacts(app: &mut App) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let spot = composer.spot;
    let Some(field) = composer.recipients(spot) else {
        return;
    };
    let typed = field.typed().to_owned();
    if typed.is_empty() {
        field.close_offers();
        return;
    }
    let about = composer.about();
    let ticket = app.question(Question::Contacts { typed, about });
    if let Some(composer) = app.compose.current_mut() {
        composer.asked = ticket;
    }
}

/// Keys that walk the contacts which are offered; whether this was one.
fn offers(app: &mut App, key: Key) -> bool {
    let Some(composer) = app.compose.current_mut() else {
        return false;
    };
    let spot = composer.spot;
    let Some(field) = composer.recipients(spot) else {
        return false;
    };
    if field.offers.is_empty() {
        return false;
    }
    match key.code {
        Code::Up if !key.ctrl => field.walk(-1),
        Code::Down if !key.ctrl => field.walk(1),
        Code::Esc => field.close_offers(),
        Code::Enter | Code::Tab if field.picked.is_some() => {
            settling::field(app, Then::Stay);
            true
        }
        _ => false,
    }
}

/// Puts the cursor into a field or into the text.
pub fn go(app: &mut App, spot: Spot) {
    if let Some(composer) = app.compose.current_mut() {
        composer.spot = spot;
        // What was asked for another field is not offered in this one.
        composer.asked = Ticket::default();
        let screen = screen_of(spot);
        if app.screen != screen {
            app.go(screen);
        }
    }
}

/// The screen whose keys work at a spot.
pub fn screen_of(spot: Spot) -> Screen {
    match spot {
        Spot::Body => Screen::Compose,
        Spot::From
        | Spot::To
        | Spot::Cc
        | Spot::Bcc
        | Spot::ReplyTo
        | Spot::Attach
        | Spot::Subject => Screen::ComposeHead,
    }
}

/// Leaves the field for the next or the previous one; what is no address keeps the cursor.
pub(super) fn leave(app: &mut App, forward: bool) {
    let then = if forward { Then::Next } else { Then::Previous };
    if !settling::field(app, then) {
        return;
    }
    let beside = app.compose.current().and_then(|one| one.beside(forward));
    match beside {
        Some(spot) => go(app, spot),
        None if !forward => app.hint("This is the first field."),
        None => {}
    }
}

fn escape(app: &mut App) {
    let unmarked = app
        .compose
        .current_mut()
        .is_some_and(|composer| composer.body.unmark());
    if !unmarked {
        app.hint("^O postpones the message, Alt-c lists what is being written; other mail stays in reach.");
    }
}

/// Runs a command of the composer.
pub fn run(app: &mut App, command: Command, key: Key) {
    match command {
        Command::Help => app.help_on(app.screen),
        Command::Palette => crate::tui::app::palette::open(app),
        Command::Redraw => app.emit(Effect::Redraw),
        Command::Suspend => app.emit(Effect::Suspend),
        Command::NextField => leave(app, true),
        Command::PreviousField => leave(app, false),
        Command::PageUp => page(app, false),
        Command::PageDown => page(app, true),
        Command::Edit(edit) => match app.screen {
            Screen::Compose => in_body(app, edit),
            _ => in_head(app, edit, key),
        },
        _ => writing::run(app, command),
    }
}

fn page(app: &mut App, down: bool) {
    let rows = body_rows(app);
    if let Some(composer) = app.compose.current_mut()
        && composer.spot == Spot::Body
        && !composer.body.page(down, rows)
    {
        app.hint(if down {
            "This is the end of the text."
        } else {
            "This is the top of the text."
        });
    }
}

fn body_rows(app: &App) -> usize {
    let head = app
        .compose
        .current()
        .map_or(0, |one| super::fields::head_height(app, one));
    usize::from(app.layout.body().height.saturating_sub(head))
}

/// An editing key in the text.
fn in_body(app: &mut App, edit: EditKey) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let body = &mut composer.body;
    let words = match edit {
        EditKey::Enter => {
            body.break_line();
            None
        }
        EditKey::Tab => {
            body.type_letter('\t');
            None
        }
        EditKey::Up => {
            let moved = body.rows(-1);
            if !moved {
                leave(app, false);
            }
            None
        }
        EditKey::Down => (!body.rows(1)).then_some("This is the end of the text."),
        EditKey::Left => (!body.left()).then_some("This is the top of the text."),
        EditKey::Right => (!body.right()).then_some("This is the end of the text."),
        EditKey::WordLeft => (!body.word_left()).then_some("This is the top of the text."),
        EditKey::WordRight => (!body.word_right()).then_some("This is the end of the text."),
        EditKey::Start => {
            body.row_start();
            None
        }
        EditKey::End => {
            body.row_end();
            None
        }
        EditKey::Top => {
            body.first();
            None
        }
        EditKey::Bottom => {
            body.last();
            None
        }
        EditKey::Backspace => (!body.backspace()).then_some("Nothing stands before the cursor."),
        EditKey::Delete => (!body.delete()).then_some("Nothing stands behind the cursor."),
        EditKey::DeleteWordLeft => (!body.delete_word_left()).then_some("No word is there."),
        EditKey::DeleteWordRight => (!body.delete_word_right()).then_some("No word is there."),
        EditKey::Cut => (!body.cut()).then_some("Nothing is there to cut."),
        EditKey::Uncut => (!body.uncut()).then_some("Nothing was cut yet; ^K cuts."),
        EditKey::Justify => Some(match body.justify() {
            true => "Filled.  ^U takes it back.",
            false => "No paragraph is there.",
        }),
        EditKey::Mark => Some(match body.toggle_mark() {
            true => "Marked from here; move, then ^K cuts it, Alt-q keeps it of the quote.",
            false => "Nothing is marked any more.",
        }),
        EditKey::TrimQuote => {
            trim_quote(app);
            None
        }
        EditKey::Undo => (!body.undo()).then_some("Nothing is left to take back."),
        EditKey::Redo => (!body.redo()).then_some("Nothing was taken back."),
    };
    if let Some(words) = words {
        app.hint(words);
    }
}

fn trim_quote(app: &mut App) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let words = match composer.body.trim_quote() {
        None => "Mark first what is to stay of the quote: ^^ at one end, then move.".to_owned(),
        Some(0) => "No other line of the quote is there.".to_owned(),
        Some(1) => "One quoted line went.  Alt-u brings it back.".to_owned(),
        Some(count) => format!("{count} quoted lines went.  Alt-u brings them back."),
    };
    app.hint(words);
}

/// An editing key in the header block.
fn in_head(app: &mut App, edit: EditKey, key: Key) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    match (composer.spot, edit) {
        (_, EditKey::Enter | EditKey::Down) => leave(app, true),
        (_, EditKey::Up) => leave(app, false),
        (_, EditKey::Cut) => cut_field(composer),
        (_, EditKey::Uncut) => uncut_field(app),
        (Spot::From, EditKey::Left | EditKey::Right) => writing::next_identity(app),
        (Spot::Attach, _) => in_attached(app, edit),
        (Spot::Subject, _) => {
            composer.subject.press(in_field(edit, key));
            composer.touched();
        }
        (Spot::To | Spot::Cc | Spot::Bcc | Spot::ReplyTo, _) => in_addresses(app, edit, key),
        (Spot::From | Spot::Body, _) => {}
    }
}

/// The key as a line of text knows it.
fn in_field(edit: EditKey, key: Key) -> Key {
    match edit {
        EditKey::Top | EditKey::Start => Key::plain(Code::Home),
        EditKey::Bottom | EditKey::End => Key::plain(Code::End),
        EditKey::Backspace => Key::plain(Code::Backspace),
        EditKey::Delete => Key::plain(Code::Delete),
        EditKey::Left | EditKey::WordLeft => Key::plain(Code::Left),
        EditKey::Right | EditKey::WordRight => Key::plain(Code::Right),
        _ => key,
    }
}

fn in_addresses(app: &mut App, edit: EditKey, key: Key) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let spot = composer.spot;
    let Some(field) = composer.recipients(spot) else {
        return;
    };
    let empty = field.field.value().is_empty();
    if edit == EditKey::Backspace && empty {
        match field.remove_last() {
            true => composer.touched(),
            false => app.hint("Nothing stands before the cursor."),
        }
        return;
    }
    if field.field.press(in_field(edit, key)) {
        composer.touched();
        ask_contacts(app);
    }
}

fn in_attached(app: &mut App, edit: EditKey) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let last = composer.attachments.len().saturating_sub(1);
    match edit {
        EditKey::Left => composer.attached = composer.attached.saturating_sub(1),
        EditKey::Right => composer.attached = (composer.attached + 1).min(last),
        EditKey::Delete | EditKey::Backspace if !composer.attachments.is_empty() => {
            let gone = composer.attachments.remove(composer.attached.min(last));
            composer.attached = composer.attached.min(last.saturating_sub(1));
            composer.touched();
            app.hint(format!("{} is not attached any more.", gone.name));
        }
        EditKey::Delete | EditKey::Backspace => app.hint("Nothing is attached; ^J attaches."),
        _ => {}
    }
}

/// Cuts the whole field.
fn cut_field(composer: &mut Composer) {
    let spot = composer.spot;
    if spot == Spot::Subject {
        let text = composer.subject.value().to_owned();
        composer.subject.set("");
        composer.cut = Some((spot, Vec::new(), text));
    } else if let Some(field) = composer.recipients(spot) {
        let typed = field.field.value().to_owned();
        let units = std::mem::take(&mut field.units);
        field.field.set("");
        field.close_offers();
        composer.cut = Some((spot, units, typed));
    }
    composer.touched();
}

/// Puts back what was cut from a field, also into another one of its kind.
fn uncut_field(app: &mut App) {
    let Some(composer) = app.compose.current_mut() else {
        return;
    };
    let spot = composer.spot;
    let Some((from, units, text)) = composer.cut.clone() else {
        app.hint("Nothing was cut from a field; ^K cuts one.");
        return;
    };
    match (spot == Spot::Subject, from == Spot::Subject) {
        (true, true) => composer.subject.paste(&text),
        (false, false) => {
            if let Some(field) = composer.recipients(spot) {
                field.units.extend(units);
                field.field.paste(&text);
            }
        }
        (_, _) => {
            app.hint("What was cut does not belong into this field.");
            return;
        }
    }
    composer.touched();
}
