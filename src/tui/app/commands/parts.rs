//! Commands on the parts of a message.

use crate::mime::filename;
use crate::model::{MessageKey, Structure};
use crate::tui::app::App;
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Action, Question};
use crate::tui::app::key::Key;
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::Preview;
use crate::tui::app::writing;
use crate::tui::screen::{message, parts};

use super::edge_words;
use super::reading::open_message;
use super::threads;

pub(in crate::tui::app) fn step_part(app: &mut App, by: isize) {
    let height = usize::from(app.layout.parts().height);
    let Some(parts) = &mut app.parts else { return };
    if let Some(top) = parts.viewing {
        let last = parts.lines().len().saturating_sub(height);
        parts.viewing = Some(top.saturating_add_signed(by).min(last));
        return;
    }
    if parts.step(by) {
        ask_preview(app);
    } else {
        app.hint(edge_words(Screen::Parts, by < 0));
    }
}

pub(in crate::tui::app) fn ask_preview(app: &mut App) {
    let Some(parts) = &mut app.parts else { return };
    parts.preview = None;
    let Some(item) = parts.item() else { return };
    let question = Question::Preview {
        message: parts.message,
        part: item.part.path.clone(),
    };
    let ticket = app.ask(question);
    if let Some(parts) = &mut app.parts {
        parts.asked = ticket;
    }
}

pub(in crate::tui::app) fn ask_save(app: &mut App) {
    let Some((message, part)) = selected_part(app) else {
        return;
    };
    if part.is_multipart() {
        app.hint("This part only holds other parts. E saves all attachments.");
        return;
    }
    let proposed = format!("{}/{}", app.save_folder, file_name(&part));
    let question = format!("Save part {} to file", part.path);
    app.open_prompt(Prompt::text(
        Purpose::SavePart(message, part.path),
        question,
        &proposed,
    ));
}

/// `F`: the part is passed on in a message of its own.
pub(in crate::tui::app) fn forward_part(app: &mut App) {
    let Some((message, part)) = selected_part(app) else {
        return;
    };
    if part.is_multipart() {
        app.hint("This part only holds other parts; F in the message passes all of it on.");
        return;
    }
    writing::forward_part(app, message, part.path);
}

pub(in crate::tui) fn file_name(part: &Structure) -> String {
    if !part.filename.is_empty() {
        return filename::safe(&part.filename);
    }
    let extension = match part.media_type().as_str() {
        "text/plain" => "txt",
        "text/html" => "html",
        "message/rfc822" => "eml",
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "text/calendar" => "ics",
        _ => "bin",
    };
    filename::safe(&format!("part-{}.{extension}", part.path))
}

pub(in crate::tui::app) fn ask_save_all(app: &mut App) {
    let Some(keys) = super::meant(app) else {
        return;
    };
    let question = match keys.len() {
        1 => "Save all attachments in folder".to_owned(),
        many => format!(
            "Save the attachments of {} in folder",
            super::messages(many)
        ),
    };
    let proposed = app.save_folder.clone();
    app.open_prompt(Prompt::text(Purpose::SaveAll(keys), question, &proposed));
}

pub(in crate::tui::app) fn selected_part(app: &App) -> Option<(MessageKey, Structure)> {
    let parts = app.parts.as_ref()?;
    Some((parts.message, parts.item()?.part.clone()))
}

pub(in crate::tui::app) fn open_parts(app: &mut App) {
    match app.screen {
        Screen::Index => {
            open_message(app);
            return app.open_parts_after();
        }
        Screen::Thread => {
            threads::read(app);
            return app.open_parts_after();
        }
        _ => {}
    }
    let Some(message) = &app.message else { return };
    let structure = message
        .opened
        .as_ref()
        .and_then(|opened| opened.structure.as_ref());
    let Some(structure) = structure else {
        app.hint("The parts of this message are not known yet.");
        return;
    };
    let subject = message.row.envelope.subject.clone();
    app.parts = Some(parts::State::open(message.key(), subject, structure));
    app.go(Screen::Parts);
    ask_preview(app);
}

impl App {
    /// `V` in the index: the parts open as soon as the structure is there, unless another key
    /// comes first.
    fn open_parts_after(&mut self) {
        self.parts_after = Some(self.presses);
    }

    /// The structure came.
    pub(in crate::tui::app) fn structure_came(&mut self) {
        if self.parts_after.take() == Some(self.presses) && self.screen == Screen::Message {
            open_parts(self);
        }
    }
}

pub(in crate::tui::app) fn view_part(app: &mut App, key: Key) {
    let Some((message, part)) = selected_part(app) else {
        return;
    };
    if part.is_multipart() {
        app.hint("This part only holds other parts.");
        return;
    }
    let text = matches!(
        app.parts.as_ref().and_then(|parts| parts.preview.as_ref()),
        Some(Preview::Text(_))
    );
    let absent = matches!(
        app.parts.as_ref().and_then(|parts| parts.preview.as_ref()),
        Some(Preview::NotKept { .. })
    );
    if absent {
        app.act(Action::Fetch {
            message,
            part: Some(part.path),
        });
        app.say(if app.is_connected() {
            "Asked the server for this part."
        } else {
            "Not kept offline. Will be fetched when online."
        });
    } else if text {
        if let Some(parts) = &mut app.parts {
            parts.viewing = Some(0);
        }
    } else if opens_unasked(&part) {
        let _ = key;
        app.act(Action::OpenPart {
            message,
            part: part.path,
        });
    } else {
        let name = message::name_of(&part);
        let question = format!("Open {name} ({}) with another program?", part.media_type());
        let options = vec![('y', "Open"), ('n', "No")];
        app.open_prompt(Prompt::choice(
            Purpose::OpenPart(message, part.path),
            question,
            options,
            1,
        ));
    }
}

/// Types that are handed to the opener without asking, when the name agrees (SAFETY A3).
pub(in crate::tui::app) fn opens_unasked(part: &Structure) -> bool {
    let name = part.filename.to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match part.kind.as_str() {
        "text" => matches!(extension, "" | "txt" | "csv" | "md" | "log" | "text"),
        "image" => {
            part.subtype != "svg+xml"
                && matches!(extension, "" | "png" | "jpg" | "jpeg" | "gif" | "webp")
        }
        "application" => part.subtype == "pdf" && matches!(extension, "" | "pdf"),
        _ => false,
    }
}
