//! Commands that look for something: the next unread message, a number, a word.

use crate::model::Role;
use crate::tui::app::App;
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Question, Ticket};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::view::{Account, Anchor, Mailbox, Row};
use crate::tui::screen::index;
use crate::tui::screen::index::state::Goal;

use super::reading::{open_link, open_message};

/// A typed number and Enter.
pub(in crate::tui::app) fn numbered(app: &mut App, number: &str) {
    let Ok(number) = number.parse::<u64>() else {
        return;
    };
    match app.screen {
        Screen::Message => match usize::try_from(number).ok().and_then(|n| n.checked_sub(1)) {
            Some(at) => open_link(app, at),
            None => app.hint("Links are numbered from 1."),
        },
        _ => jump(app, number),
    }
}

pub(in crate::tui::app) fn jump(app: &mut App, number: u64) {
    let total = app.index.total;
    if number == 0 || number > total {
        app.hint(format!(
            "There is no message {number}: this folder has {total}."
        ));
        return;
    }
    app.index.go(Goal::Ordinal(number));
}

pub(in crate::tui::app) fn next_unread(app: &mut App) {
    if app.screen == Screen::Folders {
        next_unread_folder(app);
        return;
    }
    let below = app.index.selected + 1;
    let here = app.index.rows.iter().skip(below).position(Row::is_new);
    if let Some(at) = here {
        let by = isize::try_from(at + 1).unwrap_or(1);
        app.index.step(by);
        if app.screen == Screen::Message {
            open_message(app);
        }
        return;
    }
    let Some(view) = app.index.view.clone() else {
        return;
    };
    let after = app.index.rows.last().map(Row::anchor);
    app.open_after = app.screen == Screen::Message;
    app.unread_wrapped = false;
    let ticket = app.ask(Question::NextUnread { view, after });
    app.asked_unread = Some((ticket, app.presses));
}

pub(in crate::tui::app) fn next_unread_folder(app: &mut App) {
    let count = app.folders.entries.len();
    let before = app.folders.selected;
    for ahead in 1..=count {
        app.folders.selected = (before + ahead) % count;
        let key = app.folders.target(&app.accounts).and_then(|(_, key)| key);
        let unread = key
            .and_then(|key| app.find_mailbox(key))
            .is_some_and(|(_, m)| m.unread > 0);
        if unread {
            return;
        }
    }
    app.folders.selected = before;
    app.hint("No folder has unread messages.");
}

/// The answer to the question for the next unread message.
pub(in crate::tui::app) fn unread_found(app: &mut App, ticket: Ticket, found: Option<Anchor>) {
    let Some((asked, presses)) = app.asked_unread else {
        return;
    };
    if asked != ticket || presses != app.presses {
        return;
    }
    let here = app.index.row().map(|row| row.key);
    match found {
        Some(anchor) if Some(anchor.key) != here => {
            app.asked_unread = None;
            app.index.go(Goal::Row(anchor));
            if !app.index.is_going() && app.open_after {
                open_message(app);
                app.open_after = false;
            }
        }
        Some(_) | None if !app.unread_wrapped => {
            app.unread_wrapped = true;
            let Some(view) = app.index.view.clone() else {
                return;
            };
            let ticket = app.ask(Question::NextUnread { view, after: None });
            app.asked_unread = Some((ticket, presses));
        }
        Some(_) | None => {
            app.asked_unread = None;
            ask_other_folder(app);
        }
    }
}

/// Enter right behind a key that leads to a row which is still being looked for (the next unread one,
/// the last one) means that row and not the one at the cursor. False if none is.
pub(in crate::tui::app) fn opens_where_it_goes(app: &mut App) -> bool {
    let looks = app
        .asked_unread
        .is_some_and(|(_, presses)| presses == app.presses);
    let goes = looks || app.index.is_going();
    let opens = goes && app.screen == Screen::Index && app.prompt.is_none();
    app.open_after |= opens;
    opens
}

/// The index reached the row that the next-unread command went to.
pub(in crate::tui::app) fn arrived(app: &mut App) {
    let here = matches!(app.screen, Screen::Message | Screen::Index);
    if app.open_after && here && !app.index.is_going() {
        app.open_after = false;
        open_message(app);
    }
}

pub(in crate::tui::app) fn ask_other_folder(app: &mut App) {
    let open = app.index.one_mailbox();
    let all: Vec<(&Account, &Mailbox)> = app
        .accounts
        .iter()
        .flat_map(|account| account.listed().map(move |mailbox| (account, mailbox)))
        .collect();
    let at = all
        .iter()
        .position(|(_, m)| Some(m.key) == open)
        .unwrap_or(0);
    let skips = |role: Option<Role>| matches!(role, Some(Role::Junk | Role::Trash | Role::Drafts));
    let next = (1..all.len())
        .filter_map(|ahead| all.get((at + ahead) % all.len()))
        .find(|(_, m)| m.unread > 0 && !skips(m.role));
    match next {
        None => app.hint("No unread message is left."),
        Some((account, mailbox)) => {
            let question = format!(
                "No more unread here. Go to {} of {} ({} unread)?",
                mailbox.name, account.address, mailbox.unread
            );
            let purpose = Purpose::GoUnread(mailbox.key);
            let options = vec![('y', "Go"), ('n', "Stay")];
            app.open_prompt(Prompt::choice(purpose, question, options, 0));
        }
    }
}

pub(in crate::tui::app) fn ask_jump(app: &mut App) {
    app.open_prompt(Prompt::text(
        Purpose::Jump,
        "Number of the message to jump to",
        "",
    ));
}

pub(in crate::tui::app) fn ask_find(app: &mut App) {
    let word = app.word.clone();
    app.open_prompt(Prompt::text(Purpose::Find, "Word to find", &word));
}

/// Finds a word in the view of this screen.
pub(in crate::tui::app) fn find(app: &mut App, word: &str) {
    if word.is_empty() {
        return;
    }
    app.word = word.to_owned();
    let lower = word.to_lowercase();
    let found = match app.screen {
        Screen::Message => {
            let height = app.message_height();
            app.message.as_mut().is_some_and(|m| m.find(&lower, height))
        }
        Screen::Index => {
            let rows = &app.index.rows;
            let hit = |at: &usize| {
                rows.get(*at)
                    .is_some_and(|row| index::searched(app, row).contains(&lower))
            };
            let at = around(app.index.selected, rows.len()).find(hit);
            let by = at.and_then(|at| isize::try_from(at).ok());
            let now = isize::try_from(app.index.selected).unwrap_or(0);
            by.is_some_and(|by| app.index.step(by - now))
        }
        Screen::Folders => {
            let before = app.folders.selected;
            let hit = around(before, app.folders.entries.len()).find(|at| {
                app.folders.selected = *at;
                let key = app.folders.target(&app.accounts).and_then(|(_, key)| key);
                key.and_then(|key| app.find_mailbox(key))
                    .is_some_and(|(_, m)| m.name.to_lowercase().contains(&lower))
            });
            app.folders.selected = hit.unwrap_or(before);
            hit.is_some()
        }
        _ => false,
    };
    if !found {
        app.hint(format!("\"{word}\" is not in this view."));
    }
}

/// Every place but `at`, from the one after it around to the one before.
pub(in crate::tui::app) fn around(at: usize, count: usize) -> impl Iterator<Item = usize> {
    (1..count).map(move |ahead| (at + ahead) % count)
}
