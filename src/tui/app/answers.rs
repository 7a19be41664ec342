//! What the answers of readers and the ends of actions do. An answer whose ticket is no longer
//! waited for is dropped.

use crate::model::{FlagChange, Flags, List, View};
use crate::tui::screen::{compose, index, send, setup};

use super::event::{Answer, Ended, Ticket};
use super::layout::Kind;
use super::view::{Body, Page};
use super::{
    App, Screen, book, commands, far, files, kept, opening, outbox, resuming, search, threads,
    writing,
};

/// Takes an answer.
pub fn take(app: &mut App, ticket: Ticket, answer: Answer) {
    match answer {
        Answer::Folders {
            accounts,
            waiting,
            needs,
            unsent,
            sending,
            told,
            orders,
            searches,
        } => {
            if app.asked_folders == Some(ticket) {
                app.asked_folders = None;
                app.waiting = waiting;
                app.needs = needs;
                app.sending = sending;
                app.orders = orders;
                app.folders.searches = searches;
                folders(app, accounts, ticket);
                send::unsent_came(app, unsent, told);
            }
        }
        Answer::Page(page) => {
            if app.index.expects(ticket) {
                page_came(app, ticket, page);
            }
        }
        Answer::NextUnread(found) => commands::unread_found(app, ticket, found),
        Answer::Opened(opened) if book::opened_came(app, ticket, opened.as_deref()) => {}
        Answer::Opened(opened) => {
            let Some(message) = app.message.as_mut().filter(|m| m.asked_opened == ticket) else {
                return;
            };
            match opened {
                Some(opened) => {
                    message.opened = Some(*opened);
                    app.structure_came();
                }
                None => app.hint("This message is gone."),
            }
        }
        Answer::Body(body) if threads::body_came(app, ticket, &body) => {}
        Answer::Body(body) => body_came(app, ticket, body),
        Answer::Conversation(rows) => threads::came(app, ticket, rows),
        Answer::Lines(lines) => {
            if let Some(message) = app.message.as_mut().filter(|m| m.asked_lines == ticket) {
                message.lines = Some(lines);
            }
        }
        Answer::Preview(preview) => {
            if let Some(parts) = app.parts.as_mut().filter(|p| p.asked == ticket) {
                parts.preview = Some(preview);
            }
        }
        Answer::Proposal(mailbox) => {
            if let Some(prompt) = app.prompt.as_mut().filter(|_| app.asked_proposal == ticket) {
                prompt.is_proposing = false;
                if let (Some(mailbox), Some(list)) = (mailbox, &mut prompt.list) {
                    list.propose(mailbox);
                }
            }
        }
        Answer::Select(keys, unindexed) => {
            let asked = app.asked_select.take_if(|(asked, _, _)| *asked == ticket);
            if let Some((_, _, mode)) = asked.filter(|(_, list, _)| app.index.shows(list)) {
                commands::selected(app, keys, unindexed, mode);
            }
        }
        Answer::Thread(keys) => commands::thread_found(app, ticket, keys),
        Answer::Search(Some((found, keys))) => search::came(app, ticket, found, keys),
        Answer::Search(None) => {}
        Answer::Far(found) => far::came(app, ticket, found),
        Answer::Snippet(words) => search::snippet_came(app, ticket, words),
        Answer::MarkedDeleted(keys) => {
            if app.asked_marked.take() == Some((ticket, app.presses)) {
                commands::marked_found(app, keys);
            }
        }
        Answer::Mutes(mutes) => commands::muted_came(app, ticket, mutes),
        Answer::Log(lines) => {
            if app.asked_log == ticket {
                app.log.stored = lines;
            }
        }
        Answer::Keyring(found) => app.setup.keyring(found),
        Answer::Queue(lines, more) => {
            if app.asked_queue == Some(ticket) {
                app.asked_queue = None;
                app.queue.take(lines, more);
            }
        }
        Answer::Needs(needs) => {
            if app.asked_needs == ticket {
                let urgent = needs.iter().filter(|need| need.is_urgent()).count();
                app.needs = u64::try_from(urgent).unwrap_or(u64::MAX);
                app.attention.take(needs);
            }
        }
        Answer::Complete(offers) => {
            let is_asked = app.asked_complete.0 == ticket;
            let line = app.prompt.as_ref().map(|prompt| prompt.line());
            // Who typed on meanwhile keeps what was typed.
            if is_asked && line == Some(app.asked_complete.1.as_str()) {
                app.completed(offers);
            }
        }
        Answer::Provider(provider) => {
            let found = provider.is_some();
            app.setup.found(ticket, provider);
            if found && app.setup.has_servers() && app.status.is_none() {
                app.hint("Servers found. Type the password and press Enter.");
            }
        }
        Answer::Resuming(found) => resuming::came(app, ticket, found),
        Answer::Answering(found) => writing::answering_came(app, ticket, found),
        Answer::Written(draft) => writing::written_came(app, ticket, draft),
        Answer::Bounced(drafts, absent) => writing::bounced_came(app, ticket, drafts, absent),
        Answer::Contacts(found) => writing::contacts_came(app, ticket, found),
        Answer::Outbox(lines) => app.outbox.take(ticket, lines),
        Answer::Outgoing(text) => outbox::text_came(app, ticket, text.map(|text| *text)),
        Answer::AddressBook(cards) => app.book.take(ticket, cards),
        Answer::Resolved(found) => compose::settling::resolved(app, ticket, found),
        Answer::Drafts(found) => writing::drafts_came(app, ticket, found),
        Answer::Draft(found) => writing::draft_came(app, ticket, found),
        Answer::Attached(found) => writing::attachment_came(app, ticket, found),
        Answer::AttachedAll(found) => writing::attachments_came(app, ticket, found),
        Answer::FileText(text) => writing::file_came(app, ticket, text),
        Answer::Folder(found) => files::folder_came(app, ticket, found),
        Answer::Holds(holds) => app.files.holds(ticket, holds),
        Answer::Checked(checked) => send::checked(app, ticket, *checked),
        Answer::Failed(why) => failed(app, ticket, why),
    }
}

fn failed(app: &mut App, ticket: Ticket, why: String) {
    if app.asked_folders == Some(ticket) {
        app.asked_folders = None;
    }
    if let Some(prompt) = app.prompt.as_mut().filter(|_| app.asked_proposal == ticket) {
        prompt.is_proposing = false;
    }
    if app.asked_queue == Some(ticket) {
        app.asked_queue = None;
        app.queue.loaded = true;
    }
    search::failed(app, ticket);
    app.book.failed(ticket);
    if app.files.failed(ticket) && app.files.folder.is_none() && app.screen == Screen::Files {
        files::cancel(app);
    }
    app.outbox.failed(ticket);
    if app.index.expects(ticket) {
        app.index.failed();
    }
    if let Some(message) = app.message.as_mut().filter(|m| m.asked_body == ticket) {
        message.body = Some(Body::Failed(why.clone()));
    }
    threads::failed(app, ticket, &why);
    app.say(why);
}

fn folders(app: &mut App, accounts: Vec<super::view::Account>, rows_of: Ticket) {
    let before = app.inbox_mail();
    let had = !app.accounts.is_empty();
    let was_online = app.is_online();
    let opened = app.mailbox().map(|(_, mailbox)| mailbox.name.clone());
    app.accounts = accounts;
    if app.is_online() && !was_online {
        commands::ask_what_waits(app);
    }
    app.reapply_folders(rows_of);
    app.folders.rebuild(&app.accounts);
    opening::write(app);
    for wish in app.wishes.clone() {
        if wish.seen_by.is_none() {
            // Counts that were read before the commit are a moment behind; the next answer has it.
            app.folders_again = false;
        }
    }
    leave_what_is_gone(app, opened);
    if app.accounts.is_empty() && app.can_set_up && app.screen == Screen::Index {
        app.go(Screen::Setup);
    }
    let now = app.inbox_mail();
    let came_back = std::mem::take(&mut app.came_back);
    if had && now > before && !came_back && app.prompt.is_none() && app.status.is_none() {
        let count = now - before;
        let plural = if count == 1 { "" } else { "s" };
        app.hint(format!("{count} new message{plural}."));
    }
}

/// The INBOX opens at first, and in the place of an open mailbox that is not there any more, which
/// was called `opened`.
pub(super) fn leave_what_is_gone(app: &mut App, opened: Option<String>) {
    let open_is_gone = app
        .index
        .one_mailbox()
        .is_some_and(|key| app.find_mailbox(key).is_none());
    if open_is_gone {
        app.started = false;
    }
    if !app.started && app.screen != Screen::Setup {
        let (screen, selected) = (app.screen, app.folders.selected);
        let reading = matches!(screen, Screen::Index | Screen::Message | Screen::Parts);
        if app.open_inbox(0) && !reading {
            app.screen = screen;
            if open_is_gone {
                app.folders.selected = selected;
            }
        }
        if let (true, true, Some(name)) = (open_is_gone, reading, opened) {
            app.say(format!("The folder \"{name}\" is gone; this is INBOX."));
        }
    }
}

fn page_came(app: &mut App, ticket: Ticket, page: Page) {
    let newest = app.index.rows.first().map(super::view::Row::anchor);
    let was_start = app.index.at_start && app.index.loaded;
    let is_empty = page.rows.is_empty();
    app.index.take(page);
    if is_empty && app.index.is_zoomed() {
        commands::unzoom(app);
    }
    app.reapply(ticket);
    tell_new(app, newest.filter(|_| was_start));
    let here = app.index.row().map(|row| row.key);
    if let (Some(message), Some(number)) = (&mut app.message, app.index.number())
        && here == Some(message.row.key)
    {
        message.number = Some(number);
    }
    commands::arrived(app);
    search::page_came(app);
}

/// New rows above the newest one that was known are told by the latest of them.
fn tell_new(app: &mut App, newest: Option<super::view::Anchor>) {
    let is_of_all = |view: &View| view.is_newest_first() && !matches!(view.list, List::Keys(_));
    let by_arrival = app.index.view.as_ref().is_some_and(is_of_all);
    let Some(newest) = newest.filter(|_| by_arrival) else {
        return;
    };
    let fresh = app
        .index
        .rows
        .iter()
        .take_while(|row| row.anchor() > newest);
    // What was taken back is no news.
    let own = |row: &&super::view::Row| app.left.iter().any(|(key, _, _)| *key == row.key);
    let unread: Vec<_> = fresh.filter(|row| !row.seen() && !own(row)).collect();
    let Some(row) = unread.first() else { return };
    let who = crate::mime::sanitize::sender(&row.envelope.from);
    let text = match unread.len() {
        1 => format!("New mail from {who}: {}", row.envelope.subject),
        count => format!(
            "{count} new messages, the latest from {who}: {}",
            row.envelope.subject
        ),
    };
    if app.prompt.is_none() {
        app.say(text);
    }
}

fn body_came(app: &mut App, ticket: Ticket, body: Body) {
    let width = app.layout.message().width;
    let height = usize::from(app.layout.message().height);
    let Some(message) = app.message.as_mut().filter(|m| m.asked_body == ticket) else {
        return;
    };
    let first = message.body.is_none();
    let absent = matches!(body, Body::NotKept { .. });
    let more = matches!(&body, Body::Text(document) if document.more);
    let readable = matches!(body, Body::Text(_));
    let had_more = message.document().is_some_and(|document| document.more);
    let asked = message.fetching;
    if readable {
        message.fetching = false;
    }
    message.take(body, width);
    message.fill(height);
    let reading = app.is_reading();
    if absent && first && !asked && reading && is_on_server(app) {
        commands::fetch_open(app);
    }
    if more && !had_more {
        commands::ask_rest(app);
    }
    if readable && reading {
        mark_shown(app);
        if first
            && app.status.is_none()
            && let Some(words) = app.text_words()
        {
            app.hint(words);
        }
    }
}

/// Whether the open mailbox has a server.
pub(super) fn is_on_server(app: &App) -> bool {
    app.mailbox()
        .is_some_and(|(account, _)| account.link.is_some())
}

/// The text is on the screen: now the message is read.
pub(super) fn mark_shown(app: &mut App) {
    let key = match &mut app.message {
        Some(message) if !message.marked => {
            message.marked = true;
            message.key()
        }
        Some(_) | None => return,
    };
    app.change_flags(vec![key], FlagChange::add(Flags::of(Flags::SEEN)), true);
}

/// What is sent so many seconds from now was put off by the person, not by the delay.
const LATER: i64 = 120;

/// An action ended.
pub fn ended(app: &mut App, ticket: Ticket, ended: Ended) {
    match ended {
        Ended::NotKept(_) => app.awaited.insert(ticket),
        _ => app.awaited.remove(&ticket),
    };
    match ended {
        Ended::Done(words) => {
            app.committed(ticket);
            app.say(words);
        }
        Ended::ServersAsked(all) => far::asked(app, ticket, all),
        Ended::Failed(words) if far::failed(app, ticket, &words) => {}
        Ended::Failed(words) if writing::not_saved(app, ticket, &words) => {}
        Ended::Failed(words) if send::failed(app, ticket, &words) => {}
        Ended::Failed(words) if book::failed(app, ticket, &words) => {}
        Ended::Book(end) => book::ended(app, ticket, end),
        Ended::Saved(kept, at) => writing::saved(app, ticket, kept, at),
        Ended::Queued { operations, at } => {
            let later = at > app.now.wall + LATER;
            let outgoing = send::Outgoing {
                operations,
                at,
                later,
            };
            send::queued(app, ticket, outgoing);
        }
        Ended::Mirrored { was, mailbox, now } => app.index.replaced(was, mailbox, now),
        Ended::Resumed(kept, saved, draft) => {
            resuming::adopted(app, ticket, kept, saved, *draft);
        }
        Ended::TakenBack(kept, saved, draft) => writing::taken_back(app, kept, saved, *draft),
        Ended::Failed(words) => {
            kept::failed(app, ticket);
            app.take_back(ticket);
            app.setup.ended(ticket);
            if let Some(message) = &mut app.message {
                message.fetching = false;
            }
            app.say(words);
        }
        Ended::Undone { words, messages } => {
            if let Some(place) = app.place_of(&messages) {
                app.index.go(index::state::Goal::Row(place));
            }
            app.index.changed();
            app.folders_again = true;
            app.came_back = true;
            app.say(words);
        }
        Ended::Mailbox(key, words) => {
            app.committed(ticket);
            app.folders.wanted = Some(key);
            app.folders_again = true;
            app.say(words);
        }
        Ended::Exists(name) => {
            app.say(format!(
                "{name} exists already; nothing was written. Choose another name."
            ));
        }
        Ended::NotKept(size) => {
            let size = super::date::octets(size);
            app.say(if app.is_connected() {
                format!("Fetching {size} first.")
            } else {
                format!("Not kept offline: {size}. Will be fetched and done when online.")
            });
        }
        Ended::SetUp(id) => {
            let sends = app.setup.names_outgoing();
            app.setup = setup::State::default();
            app.started = false;
            app.folders_again = true;
            app.index = index::State::opening_on_newest(app.index.newest);
            app.go(Screen::Index);
            app.say(match sends {
                true => format!("Account {id} is stored. Fetching."),
                false => format!("{id} is stored. It cannot send: no outgoing server."),
            });
        }
        Ended::Stopped => {
            app.setup.ended(ticket);
            app.hint("Stopped; nothing was stored.");
        }
        Ended::Refused { field, text } => {
            // The screen shows it at its field; the Log keeps it.
            app.setup.refused(ticket, field, &text);
            app.log.remember(app.now.wall, &text);
            app.hint(match app.layout.kind {
                Kind::Line | Kind::Tiny => text,
                Kind::One | Kind::Two { .. } | Kind::Three { .. } => {
                    "Nothing was stored.".to_owned()
                }
            });
        }
    }
}
