//! The pure half of the screen: events in, effects out, no terminal, store, clock or thread.
//!
//! [`update`] is the only way in which an [`App`] changes; `screen::draw` the only way in which it
//! is seen. A change of the user's shows in the frame of its key: the row takes
//! `FlagChange::apply` at once and the effect goes to `ops`; a commit that fails takes it back.

pub mod answers;
pub mod book;
pub mod command;
pub mod commands;
mod criterion;
pub mod date;
pub mod event;
pub mod far;
pub mod files;
pub mod fuzzy;
pub mod kept;
pub mod key;
pub mod keyrow;
pub mod layout;
mod lists;
pub mod mouse;
mod opening;
pub mod outbox;
pub mod palette;
pub mod pick;
pub mod preview;
pub mod prompt;
pub mod prompts;
pub mod resuming;
pub mod search;
pub mod setting_up;
pub mod table;
pub mod threads;
pub mod view;
pub mod wish;
mod wished_folders;
pub mod words;
pub mod writing;

pub use command::Screen;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Draft, List, MailboxKey, MessageKey, OperationId, Order, Role};

use super::screen::message::{self, Level};
use super::screen::{
    attention, book as pages, compose, conversation, files as browser, folders, help, index, log,
    menu, outbox as leaving, parts, queue, send, setup,
};
use date::OffsetAt;
use event::{Action, Changed, Effect, Event, Now, Question, Ticket};
use key::{Code, Key};
use layout::{KeyMenu, Layout, Panes};
use preview::Preview;
use prompt::Prompt;
use view::{Account, Anchor, Mailbox, Told};
use wish::Wish;

/// How long a message stays on the status line, in milliseconds.
const STAYS: u64 = 10_000;

/// A message on the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The words.
    pub text: String,
    /// Until when, in milliseconds of the monotonic clock.
    pub until: u64,
}

/// Everything that the screen knows.
pub struct App {
    /// The time of the last event.
    pub now: Now,
    /// The local zone.
    pub offset_at: OffsetAt,
    /// The terminal's size and layout.
    pub layout: Layout,
    /// The screen that has the keys.
    pub screen: Screen,
    /// The screen of the chain below help, log or attention.
    pub under: Screen,
    /// Accounts in their order.
    pub accounts: Vec<Account>,
    /// Operations that the server has not confirmed.
    pub waiting: u64,
    /// How many things wait for the user.
    pub needs: u64,
    /// The folder list.
    pub folders: folders::State,
    /// The index.
    pub index: index::State,
    /// The open message.
    pub message: Option<message::State>,
    /// The open conversation.
    pub thread: Option<conversation::State>,
    /// The parts of a message.
    pub parts: Option<parts::State>,
    /// Help.
    pub help: help::State,
    /// The Log.
    pub log: log::State,
    /// What needs the user.
    pub attention: attention::State,
    /// What has not reached its server.
    pub queue: queue::State,
    /// Adding an account.
    pub setup: setup::State,
    /// The main menu.
    pub menu: menu::State,
    /// What is being written.
    pub compose: compose::State,
    /// The message that is to be sent.
    pub send: send::State,
    /// The message that went into the Outbox last, while it can be taken back.
    pub outgoing: Option<send::Outgoing>,
    /// The Outbox.
    pub outbox: leaving::State,
    /// The address book.
    pub book: pages::State,
    /// The file browser.
    pub files: browser::State,
    /// Messages that leave as soon as they can.
    pub unsent: Vec<OperationId>,
    /// How far what is with a server just now is, in octets.
    pub sending: Option<(u64, u64)>,
    /// Until when, by the monotonic clock, sending is waited for before the program ends.
    pub leaving: Option<u64>,
    /// What of messages on their way out was told last.
    told: Option<Option<Told>>,
    /// The open question.
    pub prompt: Option<Prompt>,
    /// The last message.
    pub status: Option<Status>,
    /// Which page of key cells is shown.
    pub key_page: usize,
    /// Digits typed so far.
    pub number: String,
    /// Where files are saved unless another folder is named.
    pub save_folder: String,
    /// Whether an account can be set up from here (not in `demo` and `open`).
    pub can_set_up: bool,
    /// The program that `^_` opens, as the composer names it.
    pub editor: String,
    /// Whether sending asks though there is nothing to say.
    pub confirm_send: bool,
    /// What is to be written as soon as it is known who writes.
    asked_draft: Option<Box<Draft>>,
    /// The word searched for last.
    pub word: String,
    /// A search of mail, while it is typed and while what it found is shown.
    pub search: Option<search::Search>,
    writing: writing::Asked,
    resuming: Option<resuming::Wanted>,
    history: BTreeMap<&'static str, Vec<String>>,
    /// The orders that lists are shown in, where that is not newest first.
    orders: Vec<(List, Order, bool)>,
    /// Mailboxes that were opened, the latest first.
    visited: Vec<MailboxKey>,
    preview: Preview,
    /// Messages that left a list, where they stood, the latest first.
    left: Vec<(MessageKey, List, Anchor)>,
    /// Whether counts grow because something was taken back.
    came_back: bool,
    /// The mailbox that was filed into last.
    filed: Option<MailboxKey>,
    wishes: Vec<Wish>,
    /// Files that are saved or opened when their bytes have come, if the program still runs then.
    awaited: BTreeSet<Ticket>,
    last_ticket: u64,
    asked_folders: Option<Ticket>,
    folders_again: bool,
    asked_log: Ticket,
    asked_needs: Ticket,
    asked_queue: Option<Ticket>,
    queue_again: bool,
    /// The completion that was asked for, and the line as it stood then.
    asked_complete: (Ticket, String),
    asked_proposal: Ticket,
    asked_marked: Option<(Ticket, u64)>,
    asked_select: Option<(Ticket, List, commands::Mode)>,
    /// The messages of a conversation that the running command is for.
    conversation: Option<Vec<MessageKey>>,
    /// Whether what was done last was done to a conversation.
    of_thread: bool,
    /// A command that waits for the messages of a conversation, and how many keys were pressed then.
    asked_thread: Option<(Ticket, u64, command::Command)>,
    /// Which messages the running command is for, where that was asked.
    scope: Option<commands::Scope>,
    asked_mutes: Option<(Ticket, u64)>,
    asked_unread: Option<(Ticket, u64)>,
    /// The change of a search that is kept, until its end is known.
    kept_change: Option<Ticket>,
    unread_wrapped: bool,
    open_after: bool,
    parts_after: Option<u64>,
    presses: u64,
    started: bool,
    out: Vec<Effect>,
}

/// What an application begins with.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Columns and rows.
    pub size: (u16, u16),
    /// The local zone.
    pub offset_at: OffsetAt,
    /// Where files are saved.
    pub save_folder: String,
    /// Whether the set-up screen comes first.
    pub set_up: bool,
    /// Whether an account can be set up from here.
    pub can_set_up: bool,
    /// The rows of keys that are wanted.
    pub menu: KeyMenu,
    /// Whether a mailbox opens on its newest message and not on the topmost unread one.
    pub newest: bool,
    /// What is wanted of the panes.
    pub panes: Panes,
    /// The program that `^_` opens.
    pub editor: String,
    /// Whether sending asks though there is nothing to say.
    pub confirm_send: bool,
    /// What the composer opens with.
    pub draft: Option<Box<Draft>>,
}

impl App {
    /// An application that has asked nothing yet.
    pub fn new(begin: Begin, now: Now) -> Self {
        let screen = if begin.set_up {
            Screen::Setup
        } else {
            Screen::Index
        };
        Self {
            now,
            offset_at: begin.offset_at,
            layout: Layout::of(begin.size.0, begin.size.1, begin.panes).with_menu(begin.menu),
            screen,
            under: Screen::Index,
            accounts: Vec::new(),
            waiting: 0,
            needs: 0,
            folders: folders::State::default(),
            index: index::State::opening_on_newest(begin.newest),
            message: None,
            thread: None,
            parts: None,
            help: help::State::open(Screen::Index),
            log: log::State::default(),
            attention: attention::State::default(),
            queue: queue::State::default(),
            setup: setup::State::default(),
            menu: menu::State::default(),
            compose: compose::State::default(),
            send: send::State::default(),
            outgoing: None,
            outbox: leaving::State::default(),
            book: pages::State::default(),
            files: browser::State::default(),
            unsent: Vec::new(),
            sending: None,
            leaving: None,
            told: None,
            editor: begin.editor,
            confirm_send: begin.confirm_send,
            asked_draft: begin.draft,
            writing: writing::Asked::default(),
            resuming: None,
            prompt: None,
            status: None,
            key_page: 0,
            number: String::new(),
            save_folder: begin.save_folder,
            can_set_up: begin.can_set_up,
            word: String::new(),
            search: None,
            history: BTreeMap::new(),
            orders: Vec::new(),
            visited: Vec::new(),
            preview: Preview::default(),
            left: Vec::new(),
            came_back: false,
            filed: None,
            wishes: Vec::new(),
            awaited: BTreeSet::new(),
            last_ticket: 0,
            asked_folders: None,
            folders_again: true,
            asked_log: Ticket::default(),
            asked_needs: Ticket::default(),
            asked_queue: None,
            queue_again: false,
            asked_complete: Default::default(),
            asked_proposal: Ticket::default(),
            asked_marked: None,
            asked_select: None,
            conversation: None,
            of_thread: false,
            asked_thread: None,
            scope: None,
            asked_mutes: None,
            asked_unread: None,
            kept_change: None,
            unread_wrapped: false,
            open_after: false,
            parts_after: None,
            presses: 0,
            started: false,
            out: Vec::new(),
        }
    }

    /// When the next timer ends, in milliseconds of the monotonic clock.
    pub fn next_timer(&self) -> Option<u64> {
        let status = self.status.as_ref().map(|status| status.until);
        let open = &self.compose.open;
        let saves = open.iter().filter_map(|one| one.due_at());
        let copies = open.iter().filter_map(|one| one.mirror_at());
        let second = self
            .outgoing
            .as_ref()
            .filter(|_| self.status.is_none())
            .map(|_| self.now.mono + 1_000);
        let counting = leaving::state::counts_down(self).then(|| self.now.mono + 1_000);
        let far = self.search.as_ref().and_then(|search| search.far().next());
        let far = far.filter(|at| *at > self.now.mono);
        let preview = self.preview.next();
        let times = [status, preview, second, counting, self.leaving, far];
        times.into_iter().flatten().chain(saves).chain(copies).min()
    }

    /// The account and row of the open mailbox; where several are shown as one, those of the message
    /// at the cursor.
    pub fn mailbox(&self) -> Option<(&Account, &Mailbox)> {
        self.find_mailbox(self.here()?)
    }

    /// Whether an address is one of the user's own.
    pub fn is_own(&self, address: &str) -> bool {
        !address.is_empty()
            && self.accounts.iter().any(|account| {
                let is_it = |own: &str| own.eq_ignore_ascii_case(address);
                let mut all = account.identities.iter();
                is_it(&account.address) || all.any(|one| is_it(&one.address.address))
            })
    }

    /// Says something on the status line and keeps it in the Log.
    pub fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        if text.is_empty() {
            return;
        }
        self.log.remember(self.now.wall, &text);
        self.hint(text);
    }

    /// Says what became of a message on its way out, once, and not what an earlier run told.
    pub fn tell(&mut self, told: Option<Told>) {
        let known = self.told.replace(told.clone());
        let is_new = known.is_some_and(|known| {
            let mark = |told: Option<&Told>| told.map(|told| told.mark);
            mark(known.as_ref()) != mark(told.as_ref())
        });
        if let Some(told) = told.filter(|_| is_new) {
            self.hint(told.text);
        }
    }

    /// Says something that the Log need not keep.
    pub fn hint(&mut self, text: impl Into<String>) {
        self.status = Some(Status {
            text: text.into(),
            until: self.now.mono + STAYS,
        });
    }

    fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }

    fn ask(&mut self, question: Question) -> Ticket {
        let ticket = self.ticket();
        self.out.push(Effect::Ask(ticket, question));
        ticket
    }

    fn act(&mut self, action: Action) -> Ticket {
        let ticket = self.ticket();
        self.out.push(Effect::Act(ticket, action));
        ticket
    }

    /// An action of a screen; its ticket names its end.
    pub fn effect(&mut self, action: Action) -> Ticket {
        self.act(action)
    }

    /// A question of a screen; its ticket names the answer.
    pub fn question(&mut self, question: Question) -> Ticket {
        self.ask(question)
    }

    /// An effect that has no end to wait for.
    pub fn emit(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    /// Help for the set-up screen.
    pub fn help_on_setup(&mut self) {
        self.help = help::State::open(Screen::Setup);
        self.under = Screen::Setup;
        self.go(Screen::Help);
    }

    /// Help for a screen that is not of the chain.
    pub fn help_on(&mut self, screen: Screen) {
        self.help = help::State::open(screen);
        self.go(Screen::Help);
    }

    /// A question of a screen to the person.
    pub fn open_prompt_of(&mut self, prompt: Prompt) {
        self.open_prompt(prompt);
    }

    /// How many keys were pressed: whether one came since something was asked.
    pub fn presses(&self) -> u64 {
        self.presses
    }

    /// From the set-up screen back to the index.
    pub fn leave_setup(&mut self) {
        self.go(Screen::Index);
    }

    fn open_prompt(&mut self, mut prompt: Prompt) {
        prompt.history = self.lines_before(&prompt.purpose);
        self.status = None;
        self.number.clear();
        self.prompt = Some(prompt);
    }

    /// Shows a screen.
    pub fn go(&mut self, screen: Screen) {
        self.screen = screen;
        self.key_page = 0;
        self.number.clear();
        if screen.is_under() {
            self.under = screen;
        }
    }

    /// Opens a mailbox in the index.
    fn open_mailbox(&mut self, key: MailboxKey) {
        self.index.open(self.view_of(List::Mailbox(key)));
        self.visited.retain(|known| *known != key);
        self.visited.insert(0, key);
        if let Some((account, _)) = self.find_mailbox(key) {
            let id = account.id.clone();
            self.folders.select(&self.accounts, &id, Some(key));
        }
        self.message = None;
        self.parts = None;
        self.started = true;
        self.go(Screen::Index);
    }

    /// Opens the INBOX of an account by its place; false when there is none yet.
    fn open_inbox(&mut self, place: usize) -> bool {
        let inbox = self
            .accounts
            .get(place)
            .and_then(|a| a.role(Role::Inbox).or_else(|| a.mailboxes.first()))
            .map(|m| m.key);
        match inbox {
            Some(key) => {
                self.open_mailbox(key);
                true
            }
            None => false,
        }
    }

    /// Rows of the index in sight.
    fn index_height(&self) -> usize {
        let opened = self.message.is_some() && self.screen == Screen::Message;
        let rows = usize::from(self.layout.index(opened).height);
        // The line between what was found here and on servers takes its rows of these.
        let lines = far::lines(self).len();
        rows.saturating_sub(lines).max(rows.min(1))
    }

    fn message_height(&self) -> usize {
        usize::from(self.layout.message().height)
    }

    fn relayout(&mut self, width: u16, height: u16) {
        self.layout = Layout::of(width, height, self.layout.panes).with_menu(self.layout.menu);
    }

    /// Other panes are wanted, now and at the next start.
    fn set_panes(&mut self, panes: Panes) {
        let before = self.layout.message().width;
        self.layout.panes = panes;
        self.relayout(self.layout.width, self.layout.height);
        if self.layout.message().width != before {
            commands::width_changed(self);
        }
        self.out.push(Effect::Keep(panes));
    }

    /// Brings what is derived in line after an event: viewports, layouts, due questions.
    fn settle(&mut self) {
        let index_height = self.index_height();
        self.index.settle(index_height);
        let head = folders::head_rows(self);
        let rows = usize::from(self.layout.folders().height.saturating_sub(head));
        self.folders.settle(rows);
        let body = self.layout.parts().height;
        let tree = usize::from(parts::tree_rows(self, body));
        if let Some(parts) = &mut self.parts {
            parts.settle(tree);
        }
        menu::settle(self);
        queue::settle(self);
        compose::settle(self);
        pages::settle(self);
        browser::settle(self);
        leaving::settle(self);
        leaving::settle_reading(self);
        threads::settle(self);
        self.follow();
        self.settle_message();
        let ticket = Ticket(self.last_ticket + 1);
        if let Some(question) = self.index.wants(ticket) {
            self.last_ticket += 1;
            self.out.push(Effect::Ask(ticket, question));
        }
        if self.folders_again && self.asked_folders.is_none() {
            self.folders_again = false;
            self.asked_folders = Some(self.ask(Question::Folders));
        }
        if self.queue_again && self.asked_queue.is_none() && self.screen == Screen::Queue {
            self.queue_again = false;
            self.asked_queue = Some(self.ask(Question::Queue));
        }
    }

    fn settle_message(&mut self) {
        let Some(mut message) = self.message.take() else {
            return;
        };
        let area = self.layout.message();
        let height = usize::from(area.height);
        let head = message::head(self, &message, area.width).len();
        message.head_rows = head + usize::from(head > 0);
        message.resize(area.width);
        message.fill(height);
        message.scroll = message.scroll.min(message.last_top(height));
        self.message = Some(message);
    }
}

/// Takes one event and says what the shell is to do.
pub fn update(app: &mut App, event: Event, now: Now) -> Vec<Effect> {
    app.now = Now {
        wall: now.wall,
        mono: now.mono.max(app.now.mono),
    };
    match event {
        Event::Key(key) => press(app, key, now.mono),
        Event::Paste(text) => paste(app, &text, now.mono),
        Event::Mouse(button, x, y) => {
            if let Some(key) = mouse::take(app, button, x, y) {
                press(app, key, now.mono);
            }
        }
        Event::Resize(width, height) => resize(app, width, height),
        Event::Drawn => drawn(app),
        Event::Tick => {}
        Event::Edited(id, text) => writing::edited(app, id, text),
        Event::Closing => {
            far::withdraw(app);
            compose::state::save_all(app);
        }
        Event::Changed(changed) => self::changed(app, &changed),
        Event::Answer(ticket, answer) => answers::take(app, ticket, *answer),
        Event::Progress { ticket, done, all } => send::progress(app, ticket, done, all),
        Event::Ended(ticket, ended) => answers::ended(app, ticket, ended),
    }
    if app
        .status
        .as_ref()
        .is_some_and(|status| status.until <= app.now.mono)
    {
        app.status = None;
    }
    send::pass_time(app);
    far::pass_time(app);
    if app.out.contains(&Effect::Quit) {
        far::withdraw(app);
    }
    far::settle(app);
    app.settle();
    std::mem::take(&mut app.out)
}

fn drawn(app: &mut App) {
    let at = app.now.mono;
    if let Some(prompt) = &mut app.prompt {
        prompt.drawn.get_or_insert(at);
    }
}

fn resize(app: &mut App, width: u16, height: u16) {
    let before = app.layout.message().width;
    app.relayout(width, height);
    if app.layout.message().width != before {
        commands::width_changed(app);
    }
}

/// Whether what was typed at `at` was typed in sight of the open question.
fn answers_prompt(prompt: &Prompt, at: u64) -> bool {
    prompt.drawn.is_some_and(|drawn| at >= drawn)
}

fn press(app: &mut App, key: Key, at: u64) {
    if key == Key::plain(Code::Enter) && commands::opens_where_it_goes(app) {
        return;
    }
    app.presses += 1;
    app.open_after = false;
    if let Some(prompt) = &app.prompt {
        if answers_prompt(prompt, at) || prompt.takes_unseen(key) {
            prompts::press(app, key);
        }
        return;
    }
    app.status = None;
    if app.leaving.take().is_some() {
        app.hint("Still here. What waits is sent meanwhile.");
        return;
    }
    if app.screen == Screen::Setup {
        setup::press(app, key);
        return;
    }
    if app.screen.is_composer() {
        compose::keys::press(app, key);
        return;
    }
    if app.screen == Screen::Card {
        book::press(app, key);
        return;
    }
    if take_digit(app, key) {
        return;
    }
    if !app.number.is_empty() {
        let number = std::mem::take(&mut app.number);
        if key == Key::plain(Code::Enter) {
            commands::numbered(app, &number);
            return;
        }
    }
    match command::lookup(app.screen, key) {
        Some(entry) => commands::run(app, entry.command, key),
        None => unknown(app, key),
    }
}

fn take_digit(app: &mut App, key: Key) -> bool {
    let takes = matches!(app.screen, Screen::Index | Screen::Message);
    match key.digit() {
        Some(digit) if takes => {
            if app.number.len() < 9 {
                app.number.push(digit);
            }
            true
        }
        Some(_) | None => false,
    }
}

fn unknown(app: &mut App, key: Key) {
    if app.screen == Screen::Help {
        explain(app, key);
        return;
    }
    let words = match command::elsewhere(key) {
        Some(entry) if entry.label(app.under).is_some() => format!(
            "{key} ({}) works in {}: < goes back to it.",
            entry.name,
            app.under.title()
        ),
        Some(entry) => {
            let place = entry.on.first().map_or("", |(screen, _)| screen.title());
            format!(
                "{key} ({}) works in {place}, not here. ? shows the keys.",
                entry.name
            )
        }
        None => format!("{key} is no command. ? shows the keys."),
    };
    app.hint(words);
}

fn explain(app: &mut App, key: Key) {
    let words = match command::lookup(app.help.about, key) {
        Some(entry) => format!("{key}: {}", entry.help),
        None => format!("{key} does nothing in {}.", app.help.about.title()),
    };
    app.hint(words);
}

fn paste(app: &mut App, text: &str, at: u64) {
    let line = text.lines().next().unwrap_or_default();
    match &mut app.prompt {
        Some(prompt) if answers_prompt(prompt, at) => {
            if let prompt::Asking::Text(field) = &mut prompt.asking {
                field.paste(line);
            }
        }
        Some(_) => {}
        None if app.screen == Screen::Setup => app.setup.paste(line),
        None if app.screen == Screen::Card => book::paste(app, line),
        None if app.screen.is_composer() => compose::keys::paste(app, text),
        None => app.hint("Pasted text is taken where text is asked for."),
    }
}

fn changed(app: &mut App, changed: &Changed) {
    if changed.folders || changed.notices {
        app.folders_again = true;
    }
    if let Some(view) = &app.index.view
        && (changed.everything
            || changed
                .mailboxes
                .iter()
                .any(|key| app.takes(&view.list, *key)))
    {
        app.index.changed();
    }
    if app.screen == Screen::Thread && (changed.everything || !changed.mailboxes.is_empty()) {
        threads::changed(app);
    }
    if changed.bodies {
        commands::bodies_came(app);
        threads::bodies_came(app);
    }
    if changed.requests || changed.everything {
        far::changed(app);
    }
    if changed.notices && app.screen == Screen::Attention {
        app.asked_needs = app.ask(Question::Needs);
    }
    app.book.again |= changed.contacts;
    app.outbox.again |= changed.notices || changed.folders;
    // Asked for only while it is looked at, and once at a time however fast the journal drains.
    app.queue_again |= changed.notices || changed.folders;
    if changed.notices && app.screen == Screen::Log {
        app.asked_log = app.ask(Question::Log);
    }
}

/// Whether the header level needs lines that come from the store.
fn needs_lines(level: Level) -> bool {
    matches!(level, Level::All | Level::Raw)
}

/// The first effects of a start.
pub fn begin(app: &mut App) -> Vec<Effect> {
    app.settle();
    writing::ask_drafts(app, true);
    std::mem::take(&mut app.out)
}

#[cfg(test)]
mod tests;
