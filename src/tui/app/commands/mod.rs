//! What each command does on each screen.

mod mailboxes;
mod many;
mod parts;
mod reading;
mod seeking;
mod selecting;
mod sorting;
mod threads;
mod triage;
mod waiting;

use crate::model::{Flags, List};

use super::super::screen::index::state::Goal;
use super::super::screen::{
    book as pages, compose, composers, files as browser, help, menu, outbox as leaving, queue,
    setup,
};
use super::command::{Command, Screen};
use super::event::{Action, Decision, Effect, Muting, Question, Ticket};
use super::key::{Code, Key};
use super::layout::{Kind, Panes};
use super::prompt::{Prompt, Purpose};
use super::threads::Walk;
use super::{App, book, files, kept, keyrow, outbox, palette, resuming, search, writing};

use super::wished_folders::is_being_made;
use parts::{ask_save, ask_save_all, forward_part, open_parts, step_part, view_part};
use reading::{
    ask_export, fold, fold_all, go_offline, header_level, html_or_plain, is_marking, mark_text,
    open_link, scroll_message, sync_now, walk_links,
};
use seeking::{ask_find, ask_jump, next_unread};
use waiting::{decide, details, edit_outgoing, new_password, open_attention, open_queue, retry};

pub(super) use mailboxes::{
    create as create_mailbox, hidden, remove as remove_mailbox, rename as rename_mailbox, subscribe,
};
pub use many::Scope;
pub(super) use many::{apply, meant, run_for};
pub(super) use parts::ask_preview;
pub(in crate::tui) use parts::file_name;
pub(super) use reading::{
    ask_rest, ask_what_waits, bodies_came, fetch_open, open_message, show_message, target,
    width_changed,
};
pub(super) use seeking::{arrived, find, jump, numbered, opens_where_it_goes, unread_found};
pub use selecting::{Asked, Mode};
pub(super) use selecting::{alter, like, select_by, selected, status, zoom as unzoom};
pub(in crate::tui) use sorting::order_words;
pub(super) use sorting::sort_by;
pub(super) use threads::{found as thread_found, muted_came};
pub use triage::Filing;
pub(in crate::tui) use triage::messages;
pub(super) use triage::{
    ask_make, delete_for_good, file_into, keyword, made, make_role, marked_found, targets,
};

/// Runs a command of the table.
pub fn run(app: &mut App, command: Command, key: Key) {
    if many::asks_which(app, command) || threads::runs(app, command) {
        return;
    }
    match command {
        Command::Help => {
            app.help = help::State::open(app.screen);
            app.go(Screen::Help);
        }
        Command::OtherKeys => other_keys(app),
        Command::Back => back(app),
        Command::Forward => forward(app, key),
        Command::Previous => step(app, -1),
        Command::Next => step(app, 1),
        Command::Up => line(app, -1),
        Command::Down => line(app, 1),
        Command::PageUp => page(app, false),
        Command::PageDown => page_or_link(app, key),
        Command::First => ends(app, true),
        Command::Last => ends(app, false),
        Command::NextUnread if app.screen == Screen::Thread => super::threads::next_unread(app),
        Command::NextUnread => next_unread(app),
        Command::Jump => ask_jump(app),
        Command::Cancel if app.screen == Screen::Card => book::run(app, command, key),
        Command::Cancel if app.screen == Screen::Files => files::cancel(app),
        Command::Cancel => cancel(app),
        Command::Clear => clear(app),
        Command::ToggleSeen => many::toggle(app, Flags::SEEN),
        Command::ToggleFlagged => many::toggle(app, Flags::FLAGGED),
        Command::Select if app.screen == Screen::Files => files::select(app),
        Command::Select => selecting::select(app),
        Command::SelectBy => selecting::ask_select(app),
        Command::SelectAll => selecting::select_all(app),
        Command::Zoom => selecting::zoom(app),
        Command::Apply => many::ask_apply(app),
        Command::Delete if app.screen == Screen::Book => book::delete(app),
        Command::Delete | Command::DeleteThread => triage::delete(app),
        Command::MuteThread => threads::mute(app, Muting::Thread),
        Command::MuteList => threads::mute(app, Muting::List),
        Command::Unmute => threads::mute(app, Muting::End),
        Command::Muted => threads::ask_muted(app),
        Command::Undo if app.screen == Screen::Book => book::undo(app),
        Command::Undo => triage::undo(app),
        Command::Save => triage::ask_file(app, Filing::Move),
        Command::Archive => triage::archive(app),
        Command::Junk => triage::junk(app),
        Command::Expunge => triage::ask_expunge(app),
        Command::Copy => triage::ask_file(app, Filing::Copy),
        Command::Keyword => triage::ask_keyword(app),
        Command::NewFolder => mailboxes::ask_new(app),
        Command::RenameFolder => mailboxes::ask_rename(app),
        Command::Subscribe => mailboxes::ask_subscribe(app),
        Command::Unsubscribe => mailboxes::unsubscribe(app),
        Command::Export => ask_export(app),
        Command::SavePart => ask_save(app),
        Command::SaveAllParts => ask_save_all(app),
        Command::Parts => open_parts(app),
        Command::HeaderLevel => header_level(app),
        Command::HtmlOrPlain if app.screen == Screen::Thread => super::threads::html_or_plain(app),
        Command::HtmlOrPlain => html_or_plain(app),
        Command::Unfold if app.screen == Screen::Thread => match key.code {
            Code::Enter => super::threads::toggle(app),
            _ => super::threads::fold(app, false, false),
        },
        Command::Fold if app.screen == Screen::Thread => super::threads::fold(app, true, false),
        Command::UnfoldAll if app.screen == Screen::Thread => {
            super::threads::fold(app, false, true);
        }
        Command::FoldAll if app.screen == Screen::Thread => super::threads::fold(app, true, true),
        Command::ViewThread => threads::view(app),
        Command::Unfold if app.screen == Screen::Index => threads::fold(app, false, false),
        Command::Fold if app.screen == Screen::Index => threads::fold(app, true, false),
        Command::UnfoldAll if app.screen == Screen::Index => threads::fold(app, false, true),
        Command::FoldAll if app.screen == Screen::Index => threads::fold(app, true, true),
        Command::Unfold => fold(app, false),
        Command::Fold => fold(app, true),
        Command::UnfoldAll => fold_all(app, false),
        Command::FoldAll => fold_all(app, true),
        Command::MarkText => mark_text(app),
        Command::NextLink => walk_links(app, true),
        Command::PreviousLink => walk_links(app, false),
        Command::Find => ask_find(app),
        Command::Search => search::open(app),
        Command::Folders => open_folders(app),
        Command::Index => open_index(app),
        Command::Account => match key.code {
            Code::Char(digit) => account(app, u64::from(digit.to_digit(10).unwrap_or(0))),
            _ => app.hint("Alt and a digit show the INBOX of that account."),
        },
        Command::AllInboxes => app.open_list(List::Inboxes),
        Command::AllUnread => app.open_list(List::Unread),
        Command::AllFlagged => app.open_list(List::Flagged),
        Command::Sort => sorting::ask(app),
        Command::MainMenu => app.go(Screen::Menu),
        Command::Goto => palette::ask_goto(app),
        Command::Palette => palette::open(app),
        Command::AddAccount => add_account(app),
        Command::Attention => open_attention(app),
        Command::Queue => open_queue(app),
        Command::Log => {
            app.asked_log = app.ask(Question::Log);
            app.log.top = 0;
            app.go(Screen::Log);
        }
        Command::SyncNow => sync_now(app),
        Command::FolderPane => folder_pane(app),
        Command::BorderLeft => move_border(app, -1),
        Command::BorderRight => move_border(app, 1),
        Command::Redraw => app.out.push(Effect::Redraw),
        Command::GoOffline => go_offline(app, true),
        Command::GoOnline => go_offline(app, false),
        Command::Suspend => app.out.push(Effect::Suspend),
        Command::Quit => quit(app),
        Command::NewPassword => new_password(app),
        Command::Outbox => outbox::open(app, None),
        Command::EditOutgoing => edit_outgoing(app),
        Command::Retry if leaving::state::is_shown(app) => outbox::send_now(app),
        Command::Retry => retry(app),
        Command::Drop if leaving::state::is_shown(app) => outbox::ask_discard(app),
        Command::Drop => decide(app, Decision::Drop),
        Command::KeepMine => decide(app, Decision::KeepMine),
        Command::TakeTheirs => decide(app, Decision::TakeTheirs),
        Command::Details => details(app),
        Command::ToggleSubscribed => mailboxes::toggle_subscribed(app),
        Command::AllFolders => mailboxes::show_all(app),
        Command::Compose => writing::compose(app),
        Command::Identity => writing::ask_identity(app),
        Command::Composers => writing::list(app),
        Command::Open => writing::go_on(app),
        Command::Reply => many::write_about(app, writing::reply),
        Command::ForwardMail if app.screen == Screen::Parts => forward_part(app),
        Command::ForwardMail => many::write_about(app, writing::ask_forward),
        Command::Bounce => many::write_about(app, writing::ask_bounce),
        Command::Attach if app.screen == Screen::Files => files::take(app),
        Command::FindFile => files::ask_find(app),
        Command::HiddenFiles => files::toggle_hidden(app),
        Command::Send
        | Command::Postpone
        | Command::Editor
        | Command::Attach
        | Command::AllHeaders
        | Command::Addresses
        | Command::ReadFile
        | Command::Edit(_) => compose::keys::run(app, command, key),
        Command::Book => book::open(app),
        Command::TakeAddress => book::ask_take(app),
        Command::WriteTo => book::write_to(app),
        Command::SearchBook => book::ask_search(app),
        Command::NewCard => book::add(app),
        Command::KeepCard => book::run(app, command, key),
        Command::NextField | Command::PreviousField if app.screen == Screen::Card => {
            book::run(app, command, key);
        }
        Command::ShowPassword
        | Command::ChangeServers
        | Command::Continue
        | Command::NextField
        | Command::PreviousField => setup::run(app, command, key),
    }
}

/// The next page of the key rows, where there is one.
fn other_keys(app: &mut App) {
    app.key_page += 1;
    let pages = keyrow::offered(app.screen, &|command| app.offers(command));
    let whole = matches!(
        app.layout.kind,
        Kind::One | Kind::Two { .. } | Kind::Three { .. }
    );
    if pages.len() == 1 && whole && app.layout.key_rows() > 1 {
        app.hint("These are all the keys of this row; ? explains them.");
    }
}

/// Nothing that a key asked for is dropped in silence: what waits in the journal goes on another day,
/// but nobody writes a file then.
fn quit(app: &mut App) {
    let messages = app.awaited.iter().filter(|one| app.send.is_of(**one));
    let messages = messages.count();
    let question = match (app.awaited.len() - messages, messages) {
        (0, 0) => return leave(app),
        (1, 0) => "1 file waits for its bytes and will not be written. Quit?".to_owned(),
        (many, 0) => format!("{many} files wait for their bytes and will not be written. Quit?"),
        (0, 1) => "1 message waits for its bytes and will not be sent. Quit?".to_owned(),
        (0, many) => format!("{many} messages wait for their bytes and will not be sent. Quit?"),
        (files, messages) => {
            format!("{files} to write and {messages} to send wait for their bytes. Quit?")
        }
    };
    let options = vec![('y', "Quit"), ('n', "Stay")];
    let mut prompt = Prompt::choice(Purpose::Quit, question, options, 1);
    if messages > 0 {
        prompt.notes = vec!["What you wrote stays a draft.".to_owned()];
    }
    app.open_prompt(prompt);
}

/// What waits in the Outbox goes on another day too, but a person who wrote it may want it sent now.
pub(super) fn leave(app: &mut App) {
    let what = match app.unsent.len() {
        0 => return writing::quit(app),
        1 => "1 message waits".to_owned(),
        many => format!("{many} messages wait"),
    };
    let (question, options) = match app.can_send() {
        true => (
            format!("{what} in the Outbox. Quit?"),
            vec![('s', "Send now"), ('l', "Leave it"), ('c', "Cancel")],
        ),
        false => (
            format!("{what} in the Outbox for a connection. Quit?"),
            vec![('l', "Leave it"), ('c', "Cancel")],
        ),
    };
    app.open_prompt(Prompt::choice(Purpose::QuitUnsent, question, options, 0));
}

fn back(app: &mut App) {
    match app.screen {
        Screen::Parts => match &mut app.parts {
            Some(parts) if parts.viewing.is_some() => parts.viewing = None,
            Some(_) | None => app.go(parent(app)),
        },
        Screen::Message if threads::is_reading(app) => {
            app.message = None;
            app.go(Screen::Thread);
            // What was done there shows in the lines of the thread.
            super::threads::changed(app);
        }
        Screen::Message => {
            if !app.is_three() {
                app.message = None;
            }
            app.go(Screen::Index);
        }
        Screen::Index => open_folders(app),
        Screen::Help => app.go(app.help.about),
        Screen::Log | Screen::Attention | Screen::Queue | Screen::Book | Screen::Outbox => {
            app.go(app.under);
        }
        Screen::Thread => {
            app.thread = None;
            // What was read there is read in the row that hides it.
            app.index.changed();
            app.go(Screen::Index);
        }
        Screen::Outgoing => {
            app.outbox.open = None;
            app.go(Screen::Outbox);
        }
        Screen::Composers => app.go_under(),
        Screen::Files => files::up(app),
        Screen::Folders => app.go(Screen::Menu),
        Screen::Menu | Screen::Setup | Screen::Card => {}
        Screen::Compose | Screen::ComposeHead | Screen::Send => {}
    }
}

fn add_account(app: &mut App) {
    if app.can_set_up {
        app.setup = setup::State::default();
        app.go(Screen::Setup);
    } else {
        app.hint("Here is only mail to look at; `lacebark setup` adds an account.");
    }
}

/// What the parts of a message were opened from.
fn parent(app: &App) -> Screen {
    if app.message.is_some() {
        Screen::Message
    } else {
        Screen::Index
    }
}

fn forward(app: &mut App, key: Key) {
    match app.screen {
        Screen::Folders => open_selected_folder(app),
        Screen::Index if threads::is_at_folded(app) => threads::view(app),
        Screen::Thread => threads::read(app),
        Screen::Index => resuming::open(app),
        Screen::Message => open_parts(app),
        Screen::Parts => view_part(app, key),
        Screen::Menu => {
            if let Some(command) = menu::selected(app) {
                run(app, command, key);
            }
        }
        Screen::Composers => writing::go_on(app),
        Screen::Book => book::edit(app),
        Screen::Files => files::forward(app),
        Screen::Outbox => outbox::read(app),
        Screen::Card | Screen::Outgoing => {}
        Screen::Setup | Screen::Help | Screen::Log | Screen::Attention | Screen::Queue => {}
        Screen::Compose | Screen::ComposeHead | Screen::Send => {}
    }
}

fn open_selected_folder(app: &mut App) {
    if let Some(account) = app.folders.outbox_of(&app.accounts) {
        return outbox::open(app, Some(account));
    }
    if let Some(list) = app.folders.list() {
        return app.open_list(list);
    }
    if let Some(key) = app.folders.search().map(|one| one.key) {
        return kept::open(app, key);
    }
    let target = app.folders.target(&app.accounts).map(|(_, key)| key);
    match target {
        Some(Some(key)) => {
            if is_being_made(key) {
                app.hint(mailboxes::BEING_MADE);
                return;
            }
            let found = app.find_mailbox(key).map(|(_, m)| (m.selectable, m.listed));
            if let Some((true, listed)) = found {
                app.open_mailbox(key);
                if !listed {
                    app.hint("Not subscribed: it is not kept up to date. Alt-s in the folder list subscribes it.");
                }
            } else {
                app.hint("This folder only holds other folders.");
            }
        }
        Some(None) if !app.folders.fold(&app.accounts, true) => {
            app.folders.fold(&app.accounts, false);
        }
        Some(None) | None => {}
    }
}

fn open_folders(app: &mut App) {
    if let Some(key) = search::kept(app) {
        if app.screen != Screen::Folders {
            app.folders.select_search(key);
        }
        return app.go(Screen::Folders);
    }
    let view = app.index.view.as_ref();
    let list = view.filter(|view| view.one_mailbox().is_none());
    if let Some(list) = list.map(|view| view.list.clone()) {
        if app.screen != Screen::Folders {
            app.folders.select_list(&list);
        }
    } else if let Some((account, mailbox)) = app.mailbox() {
        let (id, key) = (account.id.clone(), mailbox.key);
        if app.screen != Screen::Folders {
            app.folders.select(&app.accounts, &id, Some(key));
        }
    }
    app.go(Screen::Folders);
}

fn open_index(app: &mut App) {
    if app.index.view.is_none() {
        app.open_inbox(0);
    }
    if !app.is_three() {
        app.message = None;
    }
    app.go(Screen::Index);
}

/// Shows the INBOX of the account with that number.
pub(super) fn account(app: &mut App, number: u64) {
    let place = usize::try_from(number).unwrap_or(0).saturating_sub(1);
    if place >= app.accounts.len() {
        let count = app.accounts.len();
        let plural = if count == 1 { "" } else { "s" };
        app.hint(format!(
            "There is no account {number}: there {} {count} account{plural}.",
            if count == 1 { "is" } else { "are" }
        ));
    } else if !app.open_inbox(place) {
        app.hint("This account has no folders yet.");
    }
}

fn step(app: &mut App, by: isize) {
    match app.screen {
        Screen::Message if threads::is_reading(app) => {
            super::threads::walk(app, Walk::Step(by));
            threads::read(app);
        }
        Screen::Message => {
            if app.index.step(by) {
                open_message(app);
            } else {
                app.hint(if by < 0 {
                    "This is the first message."
                } else {
                    "This is the last message."
                });
            }
        }
        Screen::Thread => super::threads::walk(app, Walk::Step(by)),
        Screen::Folders
        | Screen::Index
        | Screen::Parts
        | Screen::Attention
        | Screen::Help
        | Screen::Log
        | Screen::Menu
        | Screen::Queue
        | Screen::Compose
        | Screen::ComposeHead
        | Screen::Composers
        | Screen::Send
        | Screen::Book
        | Screen::Card
        | Screen::Files
        | Screen::Outbox
        | Screen::Outgoing
        | Screen::Setup => line(app, by),
    }
}

fn line(app: &mut App, by: isize) {
    let height = app.message_height();
    let moved = match app.screen {
        Screen::Folders => app.folders.step(by),
        Screen::Index => app.index.step(by),
        Screen::Message => return scroll_message(app, by, height),
        Screen::Parts => return step_part(app, by),
        Screen::Attention => app.attention.step(by),
        Screen::Queue => queue::step(app, by),
        Screen::Help | Screen::Log => return scroll_text(app, by),
        Screen::Menu => menu::step(app, by),
        Screen::Composers => composers::step(app, by),
        Screen::Book => pages::step(app, by),
        Screen::Files => app.files.step(by),
        Screen::Outbox => leaving::step(app, by),
        Screen::Outgoing => leaving::scroll(app, by),
        Screen::Thread => return super::threads::walk(app, Walk::Line(by > 0)),
        Screen::Card => true,
        Screen::Setup | Screen::Compose | Screen::ComposeHead | Screen::Send => true,
    };
    if !moved {
        app.hint(edge_words(app.screen, by < 0));
    }
}

/// Moves by rows without a word at the ends.
pub(super) fn scroll(app: &mut App, by: isize) {
    line(app, by);
    app.status = None;
}

/// Does what Enter does.
pub(super) fn enter(app: &mut App) {
    let key = Key::plain(Code::Enter);
    if app.is_three() && app.screen != Screen::Index && app.message.is_some() {
        // Into the message pane, from wherever the keys were.
        if matches!(app.screen, Screen::Folders) {
            app.go(Screen::Index);
        }
    }
    if let Some(entry) = super::command::lookup(app.screen, key) {
        run(app, entry.command, key);
    }
}

pub(super) fn edge_words(screen: Screen, first: bool) -> &'static str {
    match (screen, first) {
        (Screen::Message, true) => "This is the top of the text.",
        (Screen::Message, false) => "This is the end of the text. N shows the next message.",
        (Screen::Index, true) => "This is the newest message.",
        (Screen::Index, false) => "This is the oldest message.",
        (_, true) => "This is the first one.",
        (_, false) => "This is the last one.",
    }
}

fn scroll_text(app: &mut App, by: isize) {
    let height = usize::from(app.layout.body().height);
    let room = usize::from(app.layout.width.saturating_sub(2));
    let (top, count) = match app.screen {
        Screen::Help => (app.help.top, app.help.lines(room).len()),
        _ => (app.log.top, app.log.rows(room, app.offset_at).len()),
    };
    let next = top
        .saturating_add_signed(by)
        .min(count.saturating_sub(height));
    match app.screen {
        Screen::Help => app.help.top = next,
        _ => app.log.top = next,
    }
    if next == top {
        app.hint(if by < 0 {
            "This is the top."
        } else {
            "This is the end."
        });
    }
}

fn page_or_link(app: &mut App, key: Key) {
    let link = app.message.as_ref().and_then(|m| m.link);
    match link {
        Some(at) if key.code == Code::Enter && app.screen == Screen::Message => open_link(app, at),
        Some(_) | None => page(app, true),
    }
}

fn page(app: &mut App, down: bool) {
    let sign = |height: usize| {
        let by = isize::try_from(height.max(1)).unwrap_or(1);
        if down { by } else { -by }
    };
    match app.screen {
        Screen::Index => {
            let height = app.index_height();
            if !app.index.page(down, height) {
                app.hint(edge_words(Screen::Index, !down));
            }
        }
        Screen::Message => {
            let height = app.message_height();
            scroll_message(app, sign(height.saturating_sub(1)), height);
        }
        Screen::Folders => line(app, sign(usize::from(app.layout.folders().height))),
        Screen::Parts => line(app, sign(usize::from(app.layout.parts().height))),
        Screen::Help | Screen::Log => {
            scroll_text(
                app,
                sign(usize::from(app.layout.body().height).saturating_sub(1)),
            );
        }
        Screen::Queue | Screen::Outbox => {
            // A line takes up to four rows.
            let rows = usize::from(app.layout.body().height);
            line(app, sign(rows / 3));
        }
        Screen::Thread => super::threads::walk(app, Walk::Page(down)),
        Screen::Outgoing => {
            let rows = usize::from(app.layout.body().height);
            line(app, sign(rows.saturating_sub(1)));
        }
        Screen::Composers | Screen::Book => {
            line(app, sign(usize::from(app.layout.body().height)));
        }
        Screen::Files => line(app, sign(usize::from(browser::state::list_rows(app)))),
        Screen::Attention | Screen::Menu => line(app, sign(5)),
        Screen::Card => {}
        Screen::Setup | Screen::Compose | Screen::ComposeHead | Screen::Send => {}
    }
}

fn ends(app: &mut App, first: bool) {
    let far = if first { isize::MIN + 1 } else { isize::MAX };
    match app.screen {
        Screen::Index => app.index.go(if first { Goal::First } else { Goal::Last }),
        Screen::Message => {
            let height = app.message_height();
            if is_marking(app) {
                return scroll_message(app, far, height);
            }
            if let Some(message) = &mut app.message {
                if first {
                    message.scroll = 0;
                } else {
                    message.scroll_to_end(height);
                }
            }
        }
        Screen::Folders => {
            app.folders.step(far);
            if first && app.folders.entries.len() > 1 {
                app.folders.selected = 0;
            }
        }
        Screen::Parts => step_part(app, far),
        Screen::Attention => {
            app.attention.step(far);
        }
        Screen::Queue => {
            queue::step(app, far);
        }
        Screen::Help | Screen::Log => {
            scroll_text(app, far);
            app.status = None;
        }
        Screen::Menu => {
            menu::step(app, far);
        }
        Screen::Composers => {
            composers::step(app, far);
        }
        Screen::Book => {
            pages::step(app, far);
        }
        Screen::Files => {
            app.files.step(far);
        }
        Screen::Outbox => {
            leaving::step(app, far);
        }
        Screen::Outgoing => {
            leaving::scroll(app, far);
        }
        Screen::Thread => super::threads::walk(app, Walk::End(first)),
        Screen::Card => {}
        Screen::Setup | Screen::Compose | Screen::ComposeHead | Screen::Send => {}
    }
}

fn cancel(app: &mut App) {
    let fetching = app
        .message
        .as_mut()
        .is_some_and(|m| std::mem::take(&mut m.fetching));
    if fetching {
        let ticket = app.message.as_ref().map_or(Ticket::default(), |m| m.fetch);
        app.act(Action::Stop(ticket));
        app.hint("Stopped. ^R fetches it again.");
    } else {
        app.hint("Nothing to cancel. Q quits.");
    }
}

fn clear(app: &mut App) {
    match app.screen {
        Screen::Help | Screen::Log | Screen::Attention | Screen::Queue | Screen::Composers => {
            back(app)
        }
        Screen::Parts if app.parts.as_ref().is_some_and(|p| p.viewing.is_some()) => back(app),
        Screen::Message => {
            if let Some(message) = &mut app.message {
                message.link = None;
                if message.marking.take().is_some() {
                    app.hint("Nothing is marked any more.");
                }
            }
        }
        Screen::Menu => app.go(app.under),
        Screen::Outbox | Screen::Outgoing | Screen::Thread => back(app),
        Screen::Book => {
            if !book::clear(app) {
                back(app);
            }
        }
        Screen::Files => files::clear(app),
        Screen::Card => {}
        Screen::Index if app.index.is_zoomed() => selecting::zoom(app),
        Screen::Index if !app.index.marked.is_empty() => {
            app.index.marked.clear();
            app.hint("Nothing is selected any more.");
        }
        Screen::Index if search::is_shown(app) => search::leave(app),
        Screen::Folders | Screen::Index | Screen::Parts | Screen::Setup => {}
        Screen::Compose | Screen::ComposeHead | Screen::Send => {}
    }
}

fn folder_pane(app: &mut App) {
    if app.layout.width < 100 {
        app.hint("The folder pane needs 100 columns.");
        return;
    }
    let panes = app.layout.panes;
    app.set_panes(Panes {
        folders: !panes.folders,
        ..panes
    });
}

/// Moves the border at the right of the pane that has the keys; of the last one that at its left.
fn move_border(app: &mut App, by: i16) {
    match app.layout.moved(app.screen == Screen::Folders, by) {
        Some(panes) if panes != app.layout.panes => app.set_panes(panes),
        Some(_) => app.hint("There is no more room."),
        None => app.hint("There is one pane here; from 100 columns on there are more."),
    }
}
