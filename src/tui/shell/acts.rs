//! What the user wants done: changes by `ops`, files, other programs, and the network's wishes.
//!
//! Changes are put into the writer's queue on the calling thread, so that they keep the order of
//! their keys; who waits for their commit is a thread of its own.

mod bytes;
mod servers;
mod setting_up;

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::{Keep, Paths, Settings};
use crate::env::{Env, spawn};
use crate::model::{AccountKey, FlagChange, MessageKey, PartPath, RequestId, Secret};
use crate::ops::flags::Undoable;
use crate::ops::requests::Progress;
use crate::ops::{accounts, flags, message, notices, order, requests};
use crate::store::{Store, StoreError};
use crate::sync::setup::{self, SetupRequest};
use crate::sync::{Supervisor, owner};
use crate::tui::app::event::{Action, Ended, Ticket};
use crate::tui::app::layout::Panes;

use super::{
    Incoming, Network, book, decide, drafts, kept, mutes, outbox, panes, resuming, sending, triage,
};
use bytes::{Bytes, with_bytes};
use decide::done;
use drafts::Saves;
use setting_up::set_up;

/// How long a request for bytes stays.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// How long `^Z` waits for what is under way.
const ASIDE: Duration = Duration::from_secs(1);

type Wait = Box<dyn FnOnce() + Send>;

/// What acting needs.
pub struct Acts {
    world: Arc<World>,
    network: Network,
    networked: bool,
    /// Whether something was done in slices in this run.
    sliced: bool,
    waits: Option<Sender<Wait>>,
    waiter: Option<std::thread::JoinHandle<()>>,
}

struct World {
    env: Env,
    store: Store,
    settings: Arc<Mutex<Settings>>,
    paths: Paths,
    post: Sender<Incoming>,
    running: Mutex<BTreeMap<Ticket, Running>>,
    saves: Saves,
}

/// What an action that can be stopped is at.
enum Running {
    /// Bytes are asked of the server.
    Fetch {
        account: AccountKey,
        requests: Vec<RequestId>,
    },
    /// Bytes are asked of the server, and this is to be done with them.
    Later {
        requests: Vec<RequestId>,
        action: Action,
    },
    /// Servers are asked for what they find.
    Searching(Vec<(AccountKey, RequestId)>),
    /// A sign-in is tried; nothing is stored yet.
    Trying,
}

impl World {
    fn running(&self) -> MutexGuard<'_, BTreeMap<Ticket, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the answers to what was asked: a failure is told, the bytes tell of themselves, and what
    /// is to be done with them is done.
    fn look_at_fetches(self: &Arc<Self>) {
        let Ok(reader) = self.store.reader() else {
            return;
        };
        let mut due = Vec::new();
        self.running().retain(|ticket, one| {
            let requests = match one {
                Running::Fetch { requests, .. } | Running::Later { requests, .. } => requests,
                Running::Searching(_) | Running::Trying => return true,
            };
            let mut refused = false;
            requests.retain(|id| match requests::progress(&reader, *id) {
                Ok(Some(Progress::Open | Progress::Taken)) | Err(_) => true,
                Ok(Some(Progress::Failed { why })) => {
                    self.tell(*ticket, Ended::Failed(format!("Not fetched: {why}.")));
                    requests::remove(&self.store, *id).forget();
                    refused = true;
                    false
                }
                Ok(Some(Progress::Done) | None) => {
                    requests::remove(&self.store, *id).forget();
                    false
                }
            });
            if let (Running::Later { action, .. }, true, false) =
                (&*one, requests_of(one).is_empty(), refused)
            {
                due.push((*ticket, action.clone()));
            }
            !requests_of(one).is_empty()
        });
        for (ticket, action) in due {
            with_bytes(self, ticket, action, Bytes::Fetched);
        }
    }

    /// Asks the owner of its account for the bytes of a message that are needed to read it, or for
    /// those of a part.
    fn ask_for(&self, key: MessageKey, part: Option<PartPath>) -> Result<Running, StoreError> {
        let reader = self.store.reader()?;
        let source = message::source(&reader, key)?;
        let structure = message::structure(&self.store, &reader, &source.content)?;
        let paths = match (part, structure) {
            (Some(path), _) => vec![path],
            (None, Some(tree)) => {
                crate::mime::body::wanted(&tree, &crate::mime::document::View::default())
            }
            (None, None) => vec![PartPath::root()],
        };
        let account = source.account();
        let asked: Vec<_> = paths
            .iter()
            .map(|path| {
                requests::fetch_body(&self.store, account, source.content.key, path, PATIENCE)
            })
            .collect();
        let requests = asked.into_iter().filter_map(|one| one.wait().ok());
        let requests = requests.collect();
        self.wake(account);
        Ok(Running::Fetch { account, requests })
    }

    /// Has the loop wake the owner of an account.
    fn wake(&self, account: AccountKey) {
        let known = self
            .store
            .reader()
            .and_then(|reader| accounts::all(&reader));
        let known = known.unwrap_or_default();
        if let Some(known) = known.iter().find(|known| known.key == account) {
            // Nobody listens once the loop is over.
            let _ = self.post.send(Incoming::Wake(known.id.clone()));
        }
    }

    /// How far an action is that goes on.
    fn tell_progress(&self, ticket: Ticket, done: u64, all: u64) {
        // Nobody listens once the loop is over.
        let _ = self.post.send(Incoming::Progress(ticket, done, all));
    }

    fn tell(&self, ticket: Ticket, ended: Ended) {
        // Nobody listens once the loop is over.
        let _ = self.post.send(Incoming::Ended(ticket, ended));
    }
}

impl Acts {
    /// Nothing is started yet.
    pub fn new(
        env: Env,
        store: Store,
        settings: Arc<Mutex<Settings>>,
        paths: Paths,
        post: Sender<Incoming>,
        networked: bool,
    ) -> Self {
        Self {
            world: Arc::new(World {
                env,
                store,
                settings,
                paths,
                post,
                running: Mutex::default(),
                saves: Saves::default(),
            }),
            network: None,
            networked,
            sliced: false,
            waits: None,
            waiter: None,
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.world.store
    }

    /// Starts the tasks of the accounts, after the first frame.
    pub fn start_network(&mut self) {
        if !self.networked {
            return;
        }
        let world = &self.world;
        let settings = world.settings().clone();
        match Supervisor::start(
            world.env.clone(),
            world.store.clone(),
            &settings,
            &world.paths,
        ) {
            Ok(network) => {
                self.network = Some(network);
                let world = self.world.clone();
                self.wait(move || drafts::mirror_rest(&world.store, &world.env));
            }
            Err(error) => {
                let words = format!("There is no network: {error}");
                world.tell(Ticket::default(), Ended::Failed(words));
            }
        }
    }

    /// An account was stored: its task starts, with the password in hand where none is kept.
    pub fn added(&mut self, request: &SetupRequest) {
        let account = &request.account;
        self.world.settings().accounts.push(account.clone());
        let Some(network) = &self.network else { return };
        network.add(account);
        if let (Keep::Ask, Some(secret)) = (&account.keep, &request.secret) {
            network.sign_in(&account.id, secret.clone());
        }
    }

    /// Does it; the end comes as a message.
    pub fn act(&mut self, ticket: Ticket, action: Action) {
        let world = self.world.clone();
        match action {
            Action::Flags {
                messages,
                change,
                opening,
            } => {
                self.flags(ticket, messages, change, opening);
            }
            Action::Move { messages, into } => {
                self.sliced |= triage::is_sliced(messages.len());
                self.under_way(ticket, triage::file(&world.store, messages, into, false));
            }
            Action::Copy { messages, into } => {
                self.sliced |= triage::is_sliced(messages.len());
                self.under_way(ticket, triage::file(&world.store, messages, into, true));
            }
            Action::Expunge(messages) => {
                self.under_way(ticket, triage::expunge(&world.store, messages));
            }
            Action::KeepOrder {
                list,
                order,
                reversed,
            } => {
                let pending = order::keep(&world.store, list, order, reversed);
                self.wait(move || world.tell(ticket, done(pending.wait())));
            }
            Action::Undo => self.under_way(ticket, triage::take_back(&world.store, self.sliced)),
            Action::Unmute(keys) => self.under_way(ticket, mutes::lift(&world.store, keys)),
            Action::Mute(keys, what) => {
                self.under_way(ticket, mutes::change(&world.store, keys, what))
            }
            Action::Kept(change) => self.under_way(ticket, kept::change(&world.store, change)),
            Action::Mailbox(change) => {
                self.under_way(ticket, triage::change_mailbox(&world.store, change));
            }
            Action::Fetch { message, part } => self.fetch(ticket, message, part),
            Action::AskServers(query) => {
                let networked = self.networked;
                self.wait(move || {
                    world.tell(ticket, servers::ask(&world, ticket, &query, networked))
                });
            }
            Action::Sync(account) => {
                if let Some(network) = &self.network {
                    network.sync_now(account.as_deref());
                }
                world.tell(ticket, Ended::Done(String::new()));
            }
            Action::Offline(offline) => {
                let words = self.go_offline(offline);
                world.tell(ticket, Ended::Done(words));
            }
            Action::Password { account, password } => self.password(ticket, &account, password.0),
            Action::Decide { id, decision, what } => {
                let end = decide::decide(&world.store, id, decision, what);
                self.wait(move || world.tell(ticket, end()));
            }
            Action::Dismiss(id) => {
                let pending = notices::dismiss(&world.store, id);
                self.wait(move || world.tell(ticket, done(pending.wait())));
            }
            Action::Export { .. }
            | Action::SavePart { .. }
            | Action::SaveAll { .. }
            | Action::OpenPart { .. }
            | Action::ExportMany { .. } => with_bytes(&world, ticket, action, Bytes::AsTheyAre),
            Action::OpenLink(target) => {
                spawn_work(world, ticket, move |world| Ok(open_link(world, &target)));
            }
            Action::SetUp(account) => {
                world.running().insert(ticket, Running::Trying);
                spawn_work(world, ticket, move |world| {
                    let ended = set_up(world, ticket, &account);
                    world.running().remove(&ticket);
                    Ok(ended)
                });
            }
            Action::SaveDraft {
                composer,
                last,
                draft,
            } => self.wait(move || {
                let ended = drafts::save(&world.store, &world.saves, composer, last, *draft);
                world.tell(ticket, ended);
            }),
            Action::MirrorDraft { composer, last } => self.wait(move || {
                if let Some(last) = world.saves.last(composer, last) {
                    world.tell(ticket, drafts::mirror(&world.store, &world.env, last.key));
                }
            }),
            Action::DropDraft { composer, last } => self.wait(move || {
                let last = world.saves.last(composer, last);
                world.tell(ticket, drafts::discard(&world.store, last));
            }),
            // Behind the saves that are under way, so that the last of them is known.
            Action::Send {
                draft,
                composer,
                last,
                at,
            } => self.wait(move || {
                let last = composer.map_or(last, |id| world.saves.last(id, last));
                let action = Action::Send {
                    draft,
                    composer,
                    last,
                    at,
                };
                with_bytes(&world, ticket, action, Bytes::AsTheyAre);
            }),
            Action::SendAll(_) => {
                self.wait(move || with_bytes(&world, ticket, action, Bytes::AsTheyAre));
            }
            Action::TakeBack(ids) => self.wait(move || {
                let ended = sending::taken_back(&world.store, &ids);
                world.tell(ticket, ended);
            }),
            Action::Adopt {
                message,
                content,
                draft,
            } => self.wait(move || {
                let ended = resuming::adopt(&world.store, message, content, *draft);
                world.tell(ticket, ended);
            }),
            Action::Discard(id) => self.wait(move || {
                let ended = outbox::discard(&world.store, id);
                world.tell(ticket, ended);
            }),
            Action::Book(change) => {
                let end = book::change(&world.store, change);
                self.wait(move || world.tell(ticket, end()));
            }
            Action::SendNow(ids) => self.wait(move || {
                world.tell(ticket, sending::send_now(&world.store, &ids));
            }),
            Action::Stop(what) => self.stop_action(what),
        }
    }

    fn wait(&mut self, work: impl FnOnce() + Send + 'static) {
        if self.waits.is_none() {
            let (waits, queue) = channel::<Wait>();
            let spawned = std::thread::Builder::new()
                .name("waiter".to_owned())
                .spawn(move || {
                    while let Ok(work) = queue.recv() {
                        work();
                    }
                });
            match spawned {
                Ok(waiter) => self.waiter = Some(waiter),
                Err(error) => tracing::error!(%error, "nobody waits for commits"),
            }
            self.waits = Some(waits);
        }
        if let Some(waits) = &self.waits {
            // The thread lives as long as its sender.
            let _ = waits.send(Box::new(work));
        }
    }

    /// Tells how a change ended that is under way.
    fn under_way(&mut self, ticket: Ticket, change: triage::Under) {
        let world = self.world.clone();
        self.wait(move || world.tell(ticket, change()));
    }

    fn flags(
        &mut self,
        ticket: Ticket,
        messages: Vec<MessageKey>,
        change: FlagChange,
        opening: bool,
    ) {
        let world = self.world.clone();
        let undoable = if opening { Undoable::No } else { Undoable::Yes };
        let pending = flags::change(&world.store, messages, change, undoable);
        self.wait(move || {
            let ended = match pending.wait() {
                Ok(flagged) if flagged.missing.is_empty() => Ended::Done(String::new()),
                Ok(_) => Ended::Failed("The message is gone; nothing was changed.".to_owned()),
                Err(error) => Ended::Failed(format!("Not changed: {error}")),
            };
            world.tell(ticket, ended);
        });
    }

    /// Everything of it happens on the waiting thread: even a look into the store may take longer
    /// than a frame.
    fn fetch(&mut self, ticket: Ticket, message: MessageKey, part: Option<PartPath>) {
        let world = self.world.clone();
        self.wait(move || match world.ask_for(message, part) {
            Ok(running) => {
                // The last one is enough: a person waits for one message at a time.
                let mut all = world.running();
                all.retain(|_, one| !matches!(one, Running::Fetch { .. }));
                all.insert(ticket, running);
                drop(all);
                // It may be answered already.
                world.look_at_fetches();
                world.tell(ticket, Ended::Done(String::new()));
            }
            Err(error) => {
                world.tell(ticket, Ended::Failed(format!("Cannot ask for it: {error}")));
            }
        });
    }

    /// Looks whether what was asked of an owner is answered.
    pub fn look_at_fetches(&mut self) {
        let world = self.world.clone();
        if world
            .running()
            .values()
            .any(|one| !requests_of(one).is_empty())
        {
            self.wait(move || world.look_at_fetches());
        }
    }

    /// Takes back what was asked; a sign-in that is only tried ends without being stored.
    fn stop_action(&mut self, what: Ticket) {
        let trying = matches!(self.world.running().get(&what), Some(Running::Trying));
        if trying {
            self.world.running().remove(&what);
            self.world.tell(what, Ended::Stopped);
            return;
        }
        let world = self.world.clone();
        // In the queue behind the commits of the requests, so that they are known.
        self.wait(move || {
            let taken = match world.running().remove(&what) {
                Some(Running::Fetch { account, requests }) => {
                    requests.into_iter().map(|id| (account, id)).collect()
                }
                Some(Running::Searching(requests)) => requests,
                Some(Running::Later { .. } | Running::Trying) | None => Vec::new(),
            };
            for (account, request) in taken {
                if let Err(error) = requests::remove(&world.store, request).wait() {
                    tracing::warn!(%error, "a request stays");
                }
                // The owner then sees that nobody waits.
                world.wake(account);
            }
        });
    }

    /// Keeps what is wanted of the panes.
    pub fn keep(&mut self, panes: Panes) {
        let folder = self.world.paths.data.clone();
        self.wait(move || {
            if let Err(error) = panes::write(&folder, panes) {
                tracing::warn!(%error, "the widths of the panes are not kept");
            }
        });
    }

    /// Tells the owner of an account that there is something to look at.
    pub fn wake(&self, account: &str) {
        if let Some(network) = &self.network {
            network.wake(account);
        }
    }

    fn password(&mut self, ticket: Ticket, id: &str, password: String) {
        let secret = Secret::new(password);
        let settings = self.world.settings().account(id).cloned();
        if let Some(network) = &self.network {
            network.sign_in(id, secret.clone());
        }
        spawn_work(self.world.clone(), ticket, move |world| {
            let Some(account) = settings.filter(|account| account.keep == Keep::Keyring) else {
                return Ok(Ended::Done("Trying the password.".to_owned()));
            };
            let request = SetupRequest {
                account,
                secret: Some(secret.clone()),
            };
            Ok(match setup::try_reading(&world.env, &request) {
                Ok(_) => match setup::keep_secret(&world.env, &request.account, &secret) {
                    Ok(()) => {
                        Ended::Done("Signed in; the keyring has the new password.".to_owned())
                    }
                    Err(error) => Ended::Done(format!(
                        "Signed in. The keyring did not take the password: {}",
                        error.text
                    )),
                },
                Err(error) => Ended::Failed(error.text),
            })
        });
    }

    /// The world that it acts in.
    pub fn env(&self) -> &Env {
        &self.world.env
    }

    /// Closes all links or lets them be made, and says so; with a word about links that are another
    /// process's.
    fn go_offline(&self, offline: bool) -> String {
        let Some(network) = &self.network else {
            return "There is no network here.".to_owned();
        };
        network.go_offline(offline);
        if !offline {
            return "Connecting.".to_owned();
        }
        let (data, settings) = (&self.world.paths.data, self.world.settings());
        let other = settings.accounts.iter().find_map(|account| {
            let pid = owner::of(data, &account.id).ok().flatten()?;
            (pid != std::process::id()).then_some((pid, &account.id))
        });
        match other {
            Some((pid, id)) => format!("Off line here; process {pid} still works for {id}."),
            None => "Off line as you asked: `.` go-online connects again.".to_owned(),
        }
    }

    /// Gives the accounts up before the process is stopped.
    pub fn step_aside(&self) {
        if let Some(network) = &self.network {
            network.step_aside(ASIDE);
        }
    }

    /// Takes them again.
    pub fn come_back(&self) {
        if let Some(network) = &self.network {
            network.come_back();
        }
    }

    /// Ends the network and what waits, within a limit.
    pub fn stop(&mut self, limit: Duration) {
        if let Some(network) = self.network.take() {
            network.stop(limit);
        }
        self.waits = None;
        if let Some(waiter) = self.waiter.take() {
            // A person's commits are awaited: a key that was pressed is not lost.
            let _ = waiter.join();
        }
    }
}

/// What an action still waits for.
fn requests_of(running: &Running) -> &[RequestId] {
    match running {
        Running::Fetch { requests, .. } | Running::Later { requests, .. } => requests,
        Running::Searching(_) | Running::Trying => &[],
    }
}

fn spawn_work(
    world: Arc<World>,
    ticket: Ticket,
    work: impl FnOnce(&World) -> Result<Ended, String> + Send + 'static,
) {
    let telling = move |world: &World| Some(work(world).unwrap_or_else(Ended::Failed));
    spawn_quiet(world, ticket, telling);
}

/// As [`spawn_work`], where the end may have been told already.
fn spawn_quiet(
    world: Arc<World>,
    ticket: Ticket,
    work: impl FnOnce(&World) -> Option<Ended> + Send + 'static,
) {
    let other = world.clone();
    let spawned = std::thread::Builder::new()
        .name("work".to_owned())
        .spawn(move || {
            if let Some(ended) = work(&world) {
                world.tell(ticket, ended);
            }
        });
    if let Err(error) = spawned {
        other.tell(ticket, Ended::Failed(format!("Cannot start: {error}")));
    }
}

fn open_link(world: &World, target: &str) -> Ended {
    let scheme = target.split(':').next().unwrap_or_default();
    let kind = format!("x-scheme-handler/{scheme}");
    let template = world.settings().opener(&kind).map(<[String]>::to_vec);
    let Some(template) = template else {
        return Ended::Failed(format!(
            "No program is set for {kind}: name one under [open]."
        ));
    };
    let argv = spawn::opening(&template, std::path::Path::new(target));
    match world.env.spawn.open(argv) {
        Ok(()) => Ended::Done(format!("Opened {target}")),
        Err(error) => Ended::Failed(format!("Not opened: {error}")),
    }
}
