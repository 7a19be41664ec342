//! The shell around the pure half: the terminal, the threads, the store and the network.
//!
//! One loop on the calling thread receives from one channel, drains it, updates and draws. An input
//! thread feeds it; two readers answer questions from query-only connections; a worker makes texts
//! readable; the supervisor of `sync` carries the network. Nothing polls: the loop blocks on the
//! channel with the next timer as its only limit. The first index is read and drawn before anything
//! else is started.

mod acts;
mod book;
mod browse;
mod conversations;
mod decide;
mod desk;
mod drafts;
mod editor;
mod files;
mod input;
mod kept;
mod mutes;
mod outbox;
mod pages;
mod panes;
mod pool;
mod queue;
mod replies;
mod resuming;
mod search;
mod select;
mod sending;
mod signals;
mod terminal;
mod timing;
mod triage;
mod writing;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{Cursor, Paths, Settings, UserLevel};
use crate::env::Env;
use crate::model::{Draft, MessageKey, courtesy};
use crate::store::{Change, Store, StoreError, Watch};
use crate::sync::{Indexing, SetupRequest, Supervisor};
use crate::tui::app::event::{Answer, Changed, Effect, Ended, Event, Now, Question, Ticket};
use crate::tui::app::layout::KeyMenu;
use crate::tui::app::{App, Begin, begin, update};
use crate::tui::screen::draw;
use crate::tui::screen::theme::Theme;

use acts::Acts;
use desk::Desk;
use pool::Pool;
use signals::Signals;
use terminal::Terminal;
use timing::FrameLog;

/// How the program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// On the first account's INBOX; on the set-up screen where no account is.
    Normal,
    /// On the set-up screen.
    Setup,
    /// Over a store that was filled for looking at; no network, no set-up.
    Local,
}

/// What the screen needs of the world.
pub struct RunOptions {
    /// The settings as they were read.
    pub settings: Settings,
    /// Where things are.
    pub paths: Paths,
    /// The seams to the world.
    pub env: Env,
    /// The mail.
    pub store: Store,
    /// How it starts.
    pub start: Start,
    /// What the composer opens with, if the program was started to write.
    pub draft: Option<Box<Draft>>,
}

/// Why the screen could not run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal refuses.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
    /// Standard input or output is no terminal.
    #[error("the screen needs a terminal; see lacebark --help for commands that do not")]
    NoTerminal,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs the screen until the user quits or the terminal goes.
pub fn run(options: RunOptions) -> Result<(), TuiError> {
    if !terminal::is_one() {
        return Err(TuiError::NoTerminal);
    }
    let mut shell = Shell::open(options)?;
    let outcome = shell.live();
    shell.close();
    outcome
}

/// Everything that reaches the loop.
enum Incoming {
    Terminal(crossterm::event::Event, Instant),
    Closed,
    Store,
    Answer(Ticket, Box<Answer>),
    Ended(Ticket, Ended),
    /// So many octets of so many.
    Progress(Ticket, u64, u64),
    Added(Box<SetupRequest>),
    /// The owner of an account is to look at its requests.
    Wake(String),
    Continued,
    Terminate,
    /// ^C of a terminal that is not ours: it is for the editor that has it.
    Interrupted(Instant),
}

/// Changes of the store that wait to be told, merged.
#[derive(Default)]
struct Heard {
    changed: Changed,
    told: bool,
}

type Ear = Arc<Mutex<Heard>>;

/// At most so often a store that changes all the time is read anew.
const CALM: Duration = Duration::from_millis(120);
/// How long the network may take to say goodbye, and how long to end what it sends at the moment.
const GOODBYE: Duration = Duration::from_millis(100);
const LAST_WORDS: Duration = Duration::from_millis(1500);

struct Shell {
    app: App,
    theme: Theme,
    terminal: Terminal,
    started: Instant,
    ear: Ear,
    watch: Option<Watch>,
    inbox: Receiver<Incoming>,
    post: Sender<Incoming>,
    /// Lets the input thread read on after a key that could have ended the program.
    go_on: Option<Sender<()>>,
    pool: Option<Pool>,
    acts: Acts,
    /// Where the search index is, if no network keeps it behind the mail.
    index: Option<Paths>,
    indexing: Option<Indexing>,
    log: FrameLog,
    calm_until: Option<Instant>,
    store_waits: bool,
    signals: Signals,
    /// When an editor gave the terminal back last.
    edited: Option<Instant>,
    quit: bool,
}

impl Shell {
    fn open(options: RunOptions) -> Result<Self, TuiError> {
        let RunOptions {
            settings,
            paths,
            env,
            store,
            start,
            draft,
        } = options;
        let started = Instant::now();
        let (post, inbox) = channel();
        let signals = Signals::start(post.clone());
        let terminal = Terminal::enter(settings.ui.mouse)?;
        let size = terminal.size()?;
        let theme = terminal::theme(settings.ui.theme);
        let set_up =
            start == Start::Setup || (start == Start::Normal && settings.accounts.is_empty());
        let place = Begin {
            size,
            offset_at: files::offset_at,
            save_folder: files::home(),
            set_up,
            can_set_up: start != Start::Local,
            menu: match settings.ui.user_level {
                UserLevel::New => KeyMenu::New,
                UserLevel::Familiar => KeyMenu::Familiar,
                UserLevel::Expert => KeyMenu::Expert,
            },
            newest: settings.ui.cursor == Cursor::Newest,
            panes: panes::read(&paths.data),
            editor: editor::name(),
            confirm_send: settings.ui.confirm_send,
            draft,
        };
        let wall = store.now();
        let app = App::new(place, Now { wall, mono: 0 });
        let settings = Arc::new(Mutex::new(settings));
        let networked = start != Start::Local;
        let desk = Desk::new(
            store.clone(),
            settings.clone(),
            paths.clone(),
            networked,
            env.secrets.clone(),
        );
        let index = (!networked).then(|| paths.clone());
        let acts = Acts::new(env, store, settings, paths, post.clone(), networked);
        Ok(Self {
            app,
            theme,
            terminal,
            started,
            ear: Ear::default(),
            watch: None,
            inbox,
            post,
            go_on: None,
            pool: Some(Pool::new(desk)),
            acts,
            index,
            indexing: None,
            log: FrameLog::open(),
            calm_until: None,
            store_waits: false,
            signals,
            edited: None,
            quit: false,
        })
    }

    fn now(&self, at: Instant) -> Now {
        let mono = at.saturating_duration_since(self.started).as_millis();
        Now {
            wall: self.acts.store().now(),
            mono: u64::try_from(mono).unwrap_or(u64::MAX),
        }
    }

    fn live(&mut self) -> Result<(), TuiError> {
        self.first_frame()?;
        self.start_the_rest();
        while !self.quit {
            let Some(first) = self.receive() else {
                self.feed(Event::Tick, Instant::now());
                self.tell_store();
                self.frame()?;
                continue;
            };
            self.take(first)?;
            while !self.quit {
                match self.inbox.try_recv() {
                    Ok(more) => self.take(more)?,
                    Err(_) => break,
                }
            }
            self.tell_store();
            self.frame()?;
        }
        Ok(())
    }

    /// Folders and first rows are read on this thread: there is nothing to show before them.
    fn first_frame(&mut self) -> Result<(), TuiError> {
        self.hear();
        let mut effects = begin(&mut self.app);
        for _ in 0..4 {
            let mut next = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Ask(ticket, question) if is_first(&question) => {
                        let answer = match &self.pool {
                            Some(pool) => pool.answer_here(&question),
                            None => continue,
                        };
                        let now = self.now(Instant::now());
                        let event = Event::Answer(ticket, Box::new(answer));
                        next.extend(update(&mut self.app, event, now));
                    }
                    other => self.carry_out(other)?,
                }
            }
            effects = next;
        }
        for effect in effects {
            self.carry_out(effect)?;
        }
        // Nothing typed so far was meant for this screen.
        self.terminal.forget_typed();
        self.frame()
    }

    fn start_the_rest(&mut self) {
        let (go_on, gate) = channel();
        self.go_on = Some(go_on);
        input::start(self.post.clone(), gate);
        self.acts.start_network();
        let store = self.acts.store();
        self.indexing = self
            .index
            .take()
            .and_then(|paths| Indexing::beside(store, &paths));
    }

    /// Has the store tell of its commits; a burst is one message.
    fn hear(&mut self) {
        let (ear, post) = (self.ear.clone(), self.post.clone());
        self.watch = Some(self.acts.store().watch(move |changes| {
            let mut heard = ear.lock().unwrap_or_else(PoisonError::into_inner);
            for change in changes {
                heard.changed.merge(told(*change));
            }
            if !heard.told {
                heard.told = true;
                // The loop may be over already; then nobody needs to know.
                let _ = post.send(Incoming::Store);
            }
        }));
    }

    fn receive(&mut self) -> Option<Incoming> {
        let timer = self
            .app
            .next_timer()
            .map(|at| self.started + Duration::from_millis(at));
        let calm = self.calm_until.filter(|_| self.store_waits);
        let until = match (timer, calm) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        match until {
            None => match self.inbox.recv() {
                Ok(incoming) => Some(incoming),
                Err(_) => {
                    self.quit = true;
                    None
                }
            },
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                match self.inbox.recv_timeout(left) {
                    Ok(incoming) => Some(incoming),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => {
                        self.quit = true;
                        None
                    }
                }
            }
        }
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), TuiError> {
        let now = Instant::now();
        match incoming {
            Incoming::Terminal(event, at) => self.terminal_event(event, at)?,
            Incoming::Store => self.store_waits = true,
            Incoming::Answer(ticket, answer) => self.feed(Event::Answer(ticket, answer), now),
            Incoming::Ended(ticket, ended) => self.feed(Event::Ended(ticket, ended), now),
            Incoming::Progress(ticket, done, all) => {
                self.feed(Event::Progress { ticket, done, all }, now);
            }
            Incoming::Added(request) => self.acts.added(&request),
            Incoming::Wake(account) => self.acts.wake(&account),
            Incoming::Continued => self.terminal.resume()?,
            Incoming::Interrupted(at) if self.edited.is_some_and(|edited| at <= edited) => {}
            Incoming::Closed | Incoming::Terminate | Incoming::Interrupted(_) => {
                self.feed(Event::Closing, now);
                self.quit = true;
            }
        }
        Ok(())
    }

    fn terminal_event(
        &mut self,
        event: crossterm::event::Event,
        at: Instant,
    ) -> Result<(), TuiError> {
        let last = input::may_end(&event);
        if let Some(event) = input::event(event) {
            self.known_event(event, at)?;
        }
        // Also behind an event that means nothing here: the input thread waits for it.
        if let (true, false, Some(go_on)) = (last, self.quit, &self.go_on) {
            // Without an input thread no key came.
            let _ = go_on.send(());
        }
        Ok(())
    }

    fn known_event(&mut self, event: Event, at: Instant) -> Result<(), TuiError> {
        if matches!(event, Event::Key(_)) {
            self.log.received(at);
        }
        if let Event::Resize(..) = event {
            self.terminal.clear();
        }
        let before = self.app.prompt.is_some();
        self.feed(event, at);
        if !before && self.app.prompt.is_some() {
            // A question is on the screen before the next key is looked at.
            self.frame()?;
        }
        Ok(())
    }

    /// Tells the application what the store changed, but a store in full flow only now and then.
    fn tell_store(&mut self) {
        let now = Instant::now();
        if !self.store_waits || self.calm_until.is_some_and(|until| now < until) {
            return;
        }
        self.store_waits = false;
        self.calm_until = Some(now + CALM);
        let changed = {
            let mut heard = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
            heard.told = false;
            std::mem::take(&mut heard.changed)
        };
        if changed.requests {
            self.acts.look_at_fetches();
        }
        self.feed(Event::Changed(changed), now);
    }

    fn feed(&mut self, event: Event, at: Instant) {
        let now = self.now(at);
        for effect in update(&mut self.app, event, now) {
            if let Err(error) = self.carry_out(effect) {
                tracing::error!(%error, "the terminal refused");
                self.quit = true;
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), TuiError> {
        match effect {
            Effect::Ask(ticket, question) => {
                if let Some(pool) = &self.pool {
                    pool.ask(ticket, question, &self.post);
                }
            }
            Effect::Act(ticket, action) => self.acts.act(ticket, action),
            Effect::Keep(panes) => self.acts.keep(panes),
            Effect::Edit(id, text) => self.edit(id, &text)?,
            Effect::Redraw => self.terminal.clear(),
            Effect::Suspend => {
                self.acts.step_aside();
                let resumed = self.terminal.suspend();
                self.acts.come_back();
                resumed?;
            }
            Effect::Quit => self.quit = true,
        }
        Ok(())
    }

    /// Gives the terminal to the editor. Nothing else reads from it: the key that asked for this is
    /// one behind which the input thread waits.
    fn edit(&mut self, id: u64, text: &str) -> Result<(), TuiError> {
        self.terminal.lend();
        let edited = editor::edit(self.acts.env(), text);
        self.terminal.resume()?;
        // It may have another size by now.
        let (width, height) = self.terminal.size()?;
        // ^C that ended the editor may be on its way to the loop still.
        self.signals.settle();
        let now = Instant::now();
        self.edited = Some(now);
        self.feed(Event::Resize(width, height), now);
        self.feed(Event::Edited(id, edited), now);
        Ok(())
    }

    fn frame(&mut self) -> Result<(), TuiError> {
        let (app, theme) = (&self.app, self.theme);
        let size = (app.layout.width, app.layout.height);
        let seen = self
            .terminal
            .draw(size, |buffer| draw(app, theme, buffer))?;
        let written = Instant::now();
        courtesy::set_waits(false);
        self.log.written(written);
        if self.app.prompt.as_ref().is_some_and(|p| p.drawn.is_none()) {
            self.feed(Event::Drawn, seen);
        }
        Ok(())
    }

    /// Ends everything and gives the terminal back last: until then nothing reads from it, and what
    /// is typed is the shell's.
    fn close(&mut self) {
        self.watch = None;
        self.pool = None;
        let limit = if self.app.is_sending() {
            self.app.hint("Sending what waits, then goodbye.");
            if let Err(error) = self.frame() {
                tracing::warn!(%error, "the last frame is lost");
            }
            LAST_WORDS
        } else {
            GOODBYE
        };
        self.log.close();
        self.acts.stop(limit);
        self.terminal.leave();
    }
}

fn is_first(question: &Question) -> bool {
    matches!(question, Question::Folders | Question::Page { .. })
}

/// What a change of the store means for the screen.
fn told(change: Change) -> Changed {
    let mut changed = Changed::default();
    match change {
        Change::Accounts | Change::Mailboxes(_) | Change::Link(_) => changed.folders = true,
        Change::Messages(mailbox) => changed.mailboxes.push(mailbox),
        Change::Content(_) => changed.bodies = true,
        Change::Journal | Change::Drafts | Change::Notices => changed.notices = true,
        Change::Requests => changed.requests = true,
        Change::Contacts => changed.contacts = true,
        Change::Others => {
            changed.folders = true;
            changed.bodies = true;
            changed.notices = true;
            changed.requests = true;
            changed.contacts = true;
            changed.everything = true;
        }
    }
    changed
}

/// A message's key as an id in file names.
fn id_of(message: MessageKey) -> String {
    message.to_string()
}

/// The supervisor, when there is a network.
type Network = Option<Supervisor>;
