//! The mouse, where the settings want it (UX 5.13): a click selects a row, a second one opens it; a
//! click on a key cell is that key; the wheel scrolls what is under it.

use super::command::Screen;
use super::event::Button;
use super::key::Key;
use super::layout::{Area, Kind};
use super::{App, commands, far, keyrow};
use crate::tui::screen::{book, files, folders, menu, parts};

/// Rows of one notch of the wheel.
const NOTCH: isize = 3;

/// Takes a click or a turn of the wheel; gives the key that a clicked cell names.
pub fn take(app: &mut App, button: Button, x: u16, y: u16) -> Option<Key> {
    if y > app.layout.status_row() {
        return match button {
            Button::Click => cell(app, x, y),
            Button::WheelUp | Button::WheelDown => None,
        };
    }
    if app.prompt.is_some() {
        return None;
    }
    match button {
        Button::Click => click(app, x, y),
        Button::WheelUp => wheel(app, x, y, -NOTCH),
        Button::WheelDown => wheel(app, x, y, NOTCH),
    }
    None
}

/// The key of the cell at a place of the key rows.
fn cell(app: &App, x: u16, y: u16) -> Option<Key> {
    let rows = app.layout.key_rows();
    let row = y.checked_sub(app.layout.status_row() + 1)?;
    let wide = app.layout.width / 6;
    if app.layout.kind == Kind::Tiny || row >= rows || wide == 0 {
        return None;
    }
    let at = usize::from(x / wide * rows + row);
    let key = match &app.prompt {
        Some(prompt) => keyrow::prompted(prompt, 6 * usize::from(rows))
            .get(at)?
            .key
            .clone(),
        None => {
            let offers = &|command| app.offers(command);
            let pages = match rows {
                1 => keyrow::single(app.screen, offers),
                _ => keyrow::offered(app.screen, offers),
            };
            let page = pages.get(app.key_page % pages.len().max(1))?;
            page.get(at)?.key.clone()
        }
    };
    Key::parse(&key)
}

/// The screen whose pane is at a place, and the pane.
fn pane(app: &App, x: u16, y: u16) -> Option<(Screen, Area)> {
    let layout = app.layout;
    let chain = Screen::CHAIN.contains(&app.screen);
    let mut panes = Vec::new();
    if chain && layout.has_folder_pane() {
        panes.push((Screen::Folders, layout.folders()));
    }
    let opened = app.message.is_some();
    let right = match (app.screen, layout.kind) {
        (Screen::Parts, _) => Screen::Parts,
        (Screen::Message, _) | (_, Kind::Three { .. }) => Screen::Message,
        (other, _) => other,
    };
    if chain {
        let strip = matches!(layout.kind, Kind::Two { strip: true });
        let index = match (app.screen, layout.kind) {
            (_, Kind::Three { .. }) => true,
            (Screen::Message, _) => strip,
            (Screen::Index, _) => true,
            (Screen::Folders, Kind::Two { .. }) => true,
            (_, _) => false,
        };
        if index {
            let with = opened && app.screen == Screen::Message;
            panes.push((Screen::Index, layout.index(with)));
        }
        match right {
            Screen::Parts => panes.push((Screen::Parts, layout.parts())),
            Screen::Message if opened => panes.push((Screen::Message, layout.message())),
            Screen::Folders => panes.push((Screen::Folders, layout.folders())),
            _ => {}
        }
    } else {
        panes.push((app.screen, layout.body()));
    }
    panes.into_iter().find(|(_, area)| area.holds(x, y))
}

fn wheel(app: &mut App, x: u16, y: u16, by: isize) {
    match pane(app, x, y) {
        Some((screen, _)) if screen == app.screen => commands::scroll(app, by),
        Some((Screen::Message, area)) => {
            if let Some(message) = &mut app.message {
                message.scroll_by(by, usize::from(area.height));
            }
        }
        Some((Screen::Index, _)) => {
            app.index.step(by);
        }
        Some((Screen::Folders, _)) => {
            app.folders.step(by);
        }
        Some(_) | None => {}
    }
}

fn click(app: &mut App, x: u16, y: u16) {
    let Some((screen, area)) = pane(app, x, y) else {
        return;
    };
    let row = usize::from(y - area.y);
    let was_here = screen == app.screen;
    let opens = match screen {
        Screen::Index => {
            let Some(at) = far::row_at(app, row) else {
                return;
            };
            choose(&mut app.index.selected, at, app.index.rows.len())
        }
        Screen::Folders => {
            let pane = app.layout.has_folder_pane();
            let top = if pane {
                app.folders.pane_top
            } else {
                app.folders.top
            };
            let head = usize::from(folders::head_rows(app));
            let at = row.checked_sub(head).map(|row| row + top);
            let entry = at.and_then(|at| app.folders.entries.get(at));
            if entry.is_none_or(|entry| !entry.selectable()) {
                return;
            }
            let count = app.folders.entries.len();
            choose(&mut app.folders.selected, at.unwrap_or(0), count)
        }
        Screen::Parts => {
            let head = usize::from(parts::head_rows(app));
            let Some(at) = row.checked_sub(head) else {
                return;
            };
            let same = app.parts.as_mut().and_then(|parts| {
                if parts.viewing.is_some() {
                    return None;
                }
                let (top, count) = (parts.top, parts.items.len());
                choose(&mut parts.selected, at + top, count)
            });
            if same == Some(false) {
                commands::ask_preview(app);
            }
            same
        }
        Screen::Menu => {
            let head = usize::from(menu::head_rows(app));
            let Some(at) = row.checked_sub(head) else {
                return;
            };
            let count = menu::count(app);
            choose(&mut app.menu.selected, at + app.menu.top, count).map(|_| true)
        }
        Screen::Book => {
            let head = usize::from(book::state::head_rows(app));
            let Some(at) = row.checked_sub(head) else {
                return;
            };
            let count = app.book.cards.len();
            choose(&mut app.book.selected, at + app.book.top, count)
        }
        Screen::Files => {
            let head = usize::from(files::state::head_rows(app));
            let Some(at) = row.checked_sub(head) else {
                return;
            };
            if at >= usize::from(files::state::list_rows(app)) {
                return;
            }
            let count = app.files.count();
            choose(&mut app.files.selected, at + app.files.top, count)
        }
        Screen::Message
        | Screen::Card
        | Screen::Outbox
        | Screen::Outgoing
        | Screen::Thread
        | Screen::Setup
        | Screen::Compose
        | Screen::ComposeHead
        | Screen::Composers
        | Screen::Send
        | Screen::Help
        | Screen::Log
        | Screen::Attention
        | Screen::Queue => None,
    };
    match (screen, opens) {
        (Screen::Message, _) if !was_here => commands::enter(app),
        (_, Some(true)) if was_here => commands::enter(app),
        (_, Some(_)) if !was_here => app.go(screen),
        (_, _) => {}
    }
}

/// Selects a row; true when it was selected already, `None` when there is none.
fn choose(selected: &mut usize, at: usize, count: usize) -> Option<bool> {
    if at >= count {
        return None;
    }
    let same = *selected == at;
    *selected = at;
    Some(same)
}
