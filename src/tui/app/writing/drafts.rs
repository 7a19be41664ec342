//! Drafts of the store: gone on with, saved, postponed, given up, and copied to the server.

use crate::model::{AnswerKind, Draft, DraftKey, DraftSave};
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Action, Question, Ticket};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::Saved;
use crate::tui::app::{App, date};
use crate::tui::screen::compose::{Composer, Kind, state};

use super::show;

/// A stored draft came.
pub fn draft_came(app: &mut App, ticket: Ticket, found: Option<(DraftSave, i64, Box<Draft>)>) {
    if app.writing.draft != Some(ticket) {
        return;
    }
    app.writing.draft = None;
    let Some((kept, saved, draft)) = found else {
        app.hint("This draft is gone.");
        return;
    };
    go_on_with(app, kept, saved, *draft);
}

/// Puts a stored draft on the screen, where it is not there yet.
pub fn go_on_with(app: &mut App, kept: DraftSave, saved: i64, mut draft: Draft) {
    let is_it = |one: &Composer| one.key() == Some(kept.key);
    if let Some(at) = app.compose.open.iter().position(is_it) {
        app.compose.at = at;
        show(app);
        return;
    }
    let kind = Kind::of(&draft);
    if let Some(answers) = draft.answers.as_mut().filter(|_| kind == Kind::Forward) {
        // What was to be sent on as it is, and is written on in, is passed on attached.
        answers.kind = AnswerKind::Forward;
    }
    let id = app.write_on(draft, kind);
    if let Some(composer) = app.compose.find(id) {
        composer.is_kept(kept, saved);
    }
}

/// A message came back from the Outbox.
pub fn taken_back(app: &mut App, kept: DraftSave, saved: i64, draft: Draft) {
    let kind = draft.answers.as_ref().map(|answers| answers.kind);
    if kind == Some(AnswerKind::Bounce) {
        // Nothing of it was written here.
        app.act(Action::DropDraft {
            composer: 0,
            last: Some(kept),
        });
        app.say("Taken back: the message is not sent on.");
        return;
    }
    go_on_with(app, kept, saved, draft);
    app.say("Taken back; it is a draft again.");
}

/// Opens a stored draft.
pub fn open_draft(app: &mut App, key: DraftKey) {
    let ticket = app.ask(Question::Draft(key));
    app.writing.draft = Some(ticket);
}

/// Asks which drafts are in the store; `tell` is whether a run before this one may have left them.
pub fn ask_drafts(app: &mut App, tell: bool) {
    let ticket = app.ask(Question::Drafts);
    app.writing.drafts = Some((ticket, tell));
}

/// Drafts that are in the store.
pub fn drafts_came(app: &mut App, ticket: Ticket, drafts: Vec<Saved>) {
    let Some((_, tell)) = app.writing.drafts.take_if(|(asked, _)| *asked == ticket) else {
        return;
    };
    app.compose.stored = drafts;
    app.compose.listed = true;
    if !tell {
        return;
    }
    let waiting: Vec<_> = app.compose.waiting().collect();
    let words = match waiting.as_slice() {
        [] => return,
        [one] => format!(
            "A draft was found: \"{}\", saved {}. Alt-c lists it.",
            one.name,
            date::column(one.saved, app.now.wall, app.offset_at)
        ),
        several => format!("{} drafts were found. Alt-c lists them.", several.len()),
    };
    app.say(words);
}

/// `Alt-c`: what is being written.
pub fn list(app: &mut App) {
    app.compose.selected = app.compose.at.min(app.compose.rows().saturating_sub(1));
    ask_drafts(app, false);
    app.go(Screen::Composers);
}

/// Goes on with the selected row of that list.
pub fn go_on(app: &mut App) {
    let selected = app.compose.selected;
    if selected < app.compose.open.len() {
        app.compose.at = selected;
        show(app);
        return;
    }
    let stored = app.compose.waiting().nth(selected - app.compose.open.len());
    match stored.map(|saved| saved.key) {
        Some(key) => open_draft(app, key),
        None => app.hint("Nothing is being written. C writes a new message."),
    }
}

/// `^C`: what is to become of the message?
pub(super) fn ask_give_up(app: &mut App) {
    let blank = app
        .compose
        .current()
        .is_some_and(|one| one.kept.is_none() && !one.is_touched());
    if blank {
        give_up(app, 'd');
        return;
    }
    app.open_prompt(Prompt::choice(
        Purpose::GiveUp,
        "Stop writing this message?",
        vec![('s', "Save draft"), ('d', "Discard"), ('k', "Keep writing")],
        2,
    ));
}

/// What is to become of the message was chosen.
pub fn give_up(app: &mut App, letter: char) {
    match letter {
        's' => postpone(app),
        'd' => {
            let id = app.compose.current().map(|one| one.id);
            let Some(gone) = id.and_then(|id| app.compose.close(id)) else {
                return;
            };
            if gone.kept.is_some() || gone.saving.is_some() {
                app.act(Action::DropDraft {
                    composer: gone.id,
                    last: gone.kept,
                });
                let is_other = |saved: &Saved| gone.key() != Some(saved.key);
                app.compose.stored.retain(is_other);
            }
            app.go_under();
            app.hint("The message is discarded.");
        }
        _ => {}
    }
}

/// `^O`: keeps it and closes it.
pub fn postpone(app: &mut App) {
    let Some(id) = app.compose.current().map(|one| one.id) else {
        return;
    };
    let Some(composer) = app.compose.find(id) else {
        return;
    };
    if composer.kept.is_none() && composer.draft().is_blank() {
        app.hint("Nothing is written yet; ^C closes it.");
        return;
    }
    composer.postponed = true;
    if composer.saving.is_none() {
        state::save(app, id);
    }
    finish_postponing(app, id);
}

/// Closes a composer that was postponed once it is in the store.
pub fn finish_postponing(app: &mut App, id: u64) {
    let Some(composer) = app.compose.find(id) else {
        return;
    };
    if !composer.postponed || composer.saving.is_some() {
        return;
    }
    if let Some(why) = composer.unsaved.clone() {
        composer.postponed = false;
        app.say(format!("Not postponed, because it cannot be saved: {why}."));
        return;
    }
    if composer.is_dirty() {
        state::save(app, id);
        return;
    }
    let shown = app.compose.current().map(|one| one.id) == Some(id);
    state::mirror(app, id);
    app.compose.close(id);
    ask_drafts(app, false);
    if shown && app.screen.is_composer() {
        app.go_under();
    }
    app.say("Postponed: it is kept as a draft. Alt-c lists it.");
}

/// A draft is in the store.
pub fn saved(app: &mut App, ticket: Ticket, kept: DraftSave, at: i64) {
    let now = app.now.mono;
    let saving = |one: &&mut Composer| one.saving.is_some_and(|(asked, _)| asked == ticket);
    let Some(composer) = app.compose.open.iter_mut().find(saving) else {
        return;
    };
    let parted = composer.key().is_some_and(|key| key != kept.key);
    composer.saved(ticket, Ok((kept, at)), now);
    let id = composer.id;
    if parted {
        app.say(
            "This draft was changed, sent or discarded elsewhere; what stands here is a draft of \
             its own now.",
        );
    }
    finish_postponing(app, id);
}

/// A draft could not be saved; false when the ticket is not of one.
pub fn not_saved(app: &mut App, ticket: Ticket, why: &str) -> bool {
    let now = app.now.mono;
    if app.send.is_handing(ticket) {
        return false;
    }
    let saving = |one: &&mut Composer| one.saving.is_some_and(|(asked, _)| asked == ticket);
    let Some(composer) = app.compose.open.iter_mut().find(saving) else {
        return false;
    };
    composer.saved(ticket, Err(why.to_owned()), now);
    let (id, postponed) = (composer.id, composer.postponed);
    if postponed {
        finish_postponing(app, id);
    } else {
        app.say(format!("The draft is not saved: {why}"));
    }
    true
}

/// What is being written is saved, and copied to the server, before the program ends.
pub fn keep_all(app: &mut App) {
    state::save_all(app);
    let all: Vec<u64> = app.compose.open.iter().map(|one| one.id).collect();
    for id in all {
        state::mirror(app, id);
    }
}
