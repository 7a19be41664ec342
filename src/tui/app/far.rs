//! What servers find of a search: they are asked a moment after the answer from here, for mail whose
//! text is not kept, and what they find is shown below a line.
//!
//! Nothing that stands there moves: the rows of this machine stay where they are, and so does the
//! cursor. What a server does not answer is one line in the place of its rows. A new letter, and
//! leaving what was found, takes back what was asked.

use std::collections::HashSet;
use std::sync::Arc;

use super::event::{Action, Question, Ticket};
use super::layout::Kind;
use super::search::{self, MailQuery};
use super::{App, Screen};
use crate::model::{MessageKey, Query, RequestId, query};

/// So long nothing is typed before servers are asked, in milliseconds.
const PAUSE: u64 = 500;
/// So long a server that says nothing is not told of.
const QUIET: u64 = 1_000;
/// Lines of what was not searched, at most.
const NOTES: usize = 3;

/// What was asked of the owner of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The account's id.
    pub account: String,
    /// The request.
    pub request: RequestId,
}

/// What is read of requests, and beside which messages they have found what they found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The requests.
    pub asked: Vec<Asked>,
    /// What was found on this machine.
    pub here: Arc<[MessageKey]>,
}

/// Where the search of one account's server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Nobody has looked at it yet.
    Waiting,
    /// It goes on.
    Searching {
        /// The mailbox that is searched just now.
        place: String,
        /// Mailboxes that are through.
        done: u32,
        /// Of how many.
        total: u32,
    },
    /// All that could be searched is searched.
    Done {
        /// How many mailboxes.
        total: u32,
        /// What there is to say of it; may be empty.
        words: String,
    },
    /// Something was not searched.
    Failed(String),
    /// Nobody waited for it any more.
    Gone,
}

impl Stand {
    fn is_over(&self) -> bool {
        matches!(self, Stand::Done { .. } | Stand::Failed(_) | Stand::Gone)
    }
}

/// What servers have found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FarFound {
    /// Where each of them stands.
    pub stands: Vec<(String, Stand)>,
    /// What they found that was not found here, newest first.
    pub keys: Vec<MessageKey>,
}

/// The part of a search that is for servers.
#[derive(Clone, Debug, Default)]
pub struct Far {
    /// When they are asked, in milliseconds of the monotonic clock.
    due: Option<u64>,
    /// The wish for it, while anything of it stands.
    wish: Option<Ticket>,
    wished_at: u64,
    asked: Vec<Asked>,
    looking: Option<Ticket>,
    again: bool,
    found: FarFound,
    /// What of it is among the rows.
    shown: HashSet<MessageKey>,
}

impl Far {
    /// Whether a row is one that a server found.
    pub fn holds(&self, key: MessageKey) -> bool {
        self.shown.contains(&key)
    }

    /// How many of its messages are among the rows.
    pub fn count(&self) -> usize {
        self.shown.len()
    }

    /// How many servers have found beside what was found here.
    pub fn found(&self) -> usize {
        self.found.keys.len()
    }

    /// Servers are asked a moment from now, if they can be asked for that.
    pub fn plan(&mut self, text: &str, now: u64) {
        self.due = is_whole(text).then_some(now + PAUSE);
    }

    /// When something is due, in milliseconds of the monotonic clock.
    pub fn next(&self) -> Option<u64> {
        let quiet = self.wished_at + QUIET;
        self.due.or(self.wish.is_some().then_some(quiet))
    }

    /// What is shown behind `here`, newest first, without what stands there already.
    pub fn behind(&mut self, here: &[MessageKey]) -> Vec<MessageKey> {
        let mut rest: HashSet<MessageKey> = self.found.keys.iter().copied().collect();
        if !rest.is_empty() {
            for key in here {
                rest.remove(key);
            }
        }
        let keys = self.found.keys.iter().copied();
        let behind = keys.filter(|key| rest.contains(key)).collect();
        self.shown = rest;
        behind
    }

    /// Nothing of it is among the rows any more.
    pub fn clear(&mut self) {
        self.shown.clear();
    }
}

/// Whether a query is complete, and long enough for servers, which walk through whole mailboxes.
fn is_whole(text: &str) -> bool {
    let Ok(query) = Query::parse(text) else {
        return false;
    };
    let long = |words: &str| words.chars().count() >= query::least(words);
    query.words().iter().any(|text| long(text.text.trim()))
}

/// The pause is over: servers are asked.
pub fn pass_time(app: &mut App) {
    let now = app.now.mono;
    let shown = search::is_shown(app);
    let Some(search) = &mut app.search else {
        return;
    };
    if search.far.due.is_none_or(|due| now < due) {
        return;
    }
    search.far.due = None;
    if !shown {
        return;
    }
    let query = MailQuery {
        text: search.text.clone(),
        reach: search.reach.clone(),
        whole: true,
    };
    let wish = app.act(Action::AskServers(Box::new(query)));
    if let Some(search) = &mut app.search {
        search.far.wish = Some(wish);
        search.far.wished_at = now;
    }
}

/// Takes back what was asked. The rows stay until others take their place.
pub fn withdraw(app: &mut App) {
    let Some(search) = &mut app.search else {
        return;
    };
    let shown = std::mem::take(&mut search.far.shown);
    let far = std::mem::take(&mut search.far);
    search.far.shown = shown;
    if let Some(wish) = far.wish {
        app.act(Action::Stop(wish));
    }
}

/// What was found is not shown any more: nobody waits for servers.
pub fn settle(app: &mut App) {
    let waits = app.search.as_ref().is_some_and(|s| s.far.wish.is_some());
    let seen = match app.screen {
        Screen::Index | Screen::Message | Screen::Parts | Screen::Thread => true,
        // Over these stands what was found before.
        Screen::Help | Screen::Log | Screen::Attention => true,
        _ => false,
    };
    if waits && !(seen && search::is_shown(app)) {
        withdraw(app);
    }
    look(app);
}

/// The servers are asked: from here on their answers are looked for.
pub fn asked(app: &mut App, wish: Ticket, asked: Vec<Asked>) {
    if let Some(far) = of_wish(app, wish) {
        if asked.is_empty() {
            far.wish = None;
            return;
        }
        far.asked = asked;
        far.again = true;
    }
}

fn of_wish(app: &mut App, wish: Ticket) -> Option<&mut Far> {
    let far = &mut app.search.as_mut()?.far;
    (far.wish == Some(wish)).then_some(far)
}

/// They could not even be asked; true where that was so.
pub fn failed(app: &mut App, ticket: Ticket, why: &str) -> bool {
    let Some(far) = of_wish(app, ticket) else {
        return false;
    };
    far.wish = None;
    let stand = Stand::Failed(why.to_owned());
    far.found.stands = vec![(String::new(), stand)];
    true
}

/// Requests changed.
pub fn changed(app: &mut App) {
    if let Some(search) = &mut app.search {
        search.far.again = true;
    }
}

/// Looks once at a time, however fast they change.
fn look(app: &mut App) {
    let Some(search) = &mut app.search else {
        return;
    };
    let far = &mut search.far;
    if !far.again || far.looking.is_some() || far.asked.is_empty() || far.wish.is_none() {
        return;
    }
    far.again = false;
    let look = Look {
        asked: far.asked.clone(),
        here: search.here.clone(),
    };
    let ticket = app.ask(Question::Far(Box::new(look)));
    if let Some(search) = &mut app.search {
        search.far.looking = Some(ticket);
    }
}

/// What servers have found so far.
pub fn came(app: &mut App, ticket: Ticket, found: FarFound) {
    let Some(search) = &mut app.search else {
        return;
    };
    let far = &mut search.far;
    if far.looking != Some(ticket) {
        return;
    }
    far.looking = None;
    let more = far.found.keys != found.keys;
    far.found = found;
    let over = far.found.stands.iter().all(|(_, stand)| stand.is_over());
    let wish = far.wish.take_if(|_| over);
    if more {
        search::show(app);
    }
    if let Some(wish) = wish {
        app.act(Action::Stop(wish));
    }
}

/// The question failed.
pub fn not_looked(app: &mut App, ticket: Ticket) {
    if let Some(search) = &mut app.search
        && search.far.looking == Some(ticket)
    {
        search.far.looking = None;
    }
}

/// The line between what was found here and what servers found, and what there is to say below it.
/// Nothing where no server has anything to do with it.
pub fn lines(app: &App) -> Vec<String> {
    let Some(search) = app.search.as_ref().filter(|_| search::is_shown(app)) else {
        return Vec::new();
    };
    let far = &search.far;
    if search.is_partial() {
        return Vec::new();
    }
    let narrow = matches!(app.layout.kind, Kind::Tiny | Kind::Line);
    let what = match narrow {
        true => "on the server",
        false => "on the server, not kept offline",
    };
    let mut lines = Vec::new();
    if let Some(words) = heading(app, far) {
        lines.push(match words.is_empty() {
            true => what.to_owned(),
            false => format!("{what} ({words})"),
        });
    }
    let several = far.found.stands.len() > 1;
    for (account, stand) in &far.found.stands {
        lines.extend(note(app, account, stand, several));
    }
    lines.truncate(NOTES + 1);
    lines
}

/// What stands in the line; `None` for no line.
fn heading(app: &App, far: &Far) -> Option<String> {
    let stands = &far.found.stands;
    if stands.is_empty() {
        let quiet = app.now.mono < far.wished_at + QUIET;
        return match far.wish.is_some() && !quiet {
            true => Some("asking".to_owned()),
            // What was found for the line before stands until the next answer.
            false => (far.count() > 0).then(String::new),
        };
    }
    let (mut through, mut of) = (0, 0);
    let (mut at, mut waits) = (None, None);
    let several = stands.len() > 1;
    let named = |account: &str, place: &str| match several {
        true => format!("{account}:{place}"),
        false => place.to_owned(),
    };
    for (account, stand) in stands {
        match stand {
            // It is taken, and nothing is begun yet.
            Stand::Searching { total: 0, .. } | Stand::Waiting => {
                waits.get_or_insert(account);
            }
            Stand::Searching { place, done, total } => {
                through += done;
                of += total;
                if !place.is_empty() {
                    at.get_or_insert_with(|| named(account, place));
                }
            }
            Stand::Done { total, .. } => {
                through += total;
                of += total;
            }
            Stand::Failed(_) | Stand::Gone => {}
        }
    }
    let failed = stands
        .iter()
        .any(|(_, stand)| matches!(stand, Stand::Failed(_) | Stand::Gone));
    let quiet = app.now.mono < far.wished_at + QUIET;
    match (at, waits) {
        (Some(at), _) => {
            let at_now = (through + 1).min(of);
            Some(match several {
                true => format!("searching {at}, {at_now} of {of}"),
                false => format!("searching {at}, {at_now} of {of} {}", folders(of)),
            })
        }
        (None, Some(account)) if !quiet => Some(format!("waiting for {account}")),
        (None, Some(_)) => (far.count() > 0).then(String::new),
        (None, None) if of == 0 && failed => Some(String::new()),
        // Where everything is kept here there is nothing to ask for.
        (None, None) if of == 0 => None,
        (None, None) if far.found() == 0 => Some(format!("nothing more in {of} {}", folders(of))),
        (None, None) => Some(format!("{of} {} searched", folders(of))),
    }
}

fn folders(count: u32) -> &'static str {
    if count == 1 { "folder" } else { "folders" }
}

/// The row of the index that stands so many rows below its top; `None` for the line between.
pub fn row_at(app: &App, below: usize) -> Option<usize> {
    let at = app.index.top + below;
    let Some((first, lines)) = part(app).filter(|(first, _)| *first >= app.index.top) else {
        return Some(at);
    };
    match at.checked_sub(first) {
        None => Some(at),
        Some(beyond) if beyond < lines.len() => None,
        Some(_) => Some(at - lines.len()),
    }
}

/// What is said of one account.
fn note(app: &App, account: &str, stand: &Stand, several: bool) -> Option<String> {
    let named = |words: String| match several {
        true => format!("{account}: {words}"),
        false => words,
    };
    match stand {
        Stand::Failed(why) => {
            let known = app.accounts.iter().find(|one| one.id == account);
            let link = known.and_then(|one| Some((one, one.link.as_ref()?)));
            let why = match link.filter(|(_, link)| !link.state.is_up()) {
                Some((one, link)) => app.state_words(one, link),
                None => why.clone(),
            };
            let whom = match account.is_empty() {
                true => "The server",
                false => account,
            };
            Some(format!("{whom} was not searched: {why}"))
        }
        Stand::Gone => Some(named("the search was given up".to_owned())),
        Stand::Done { words, .. } if !words.is_empty() => Some(named(words.clone())),
        Stand::Done { .. } | Stand::Searching { .. } | Stand::Waiting => None,
    }
}

/// Where the servers' part is among the rows, and the lines above it; `None` for none in sight.
pub fn part(app: &App) -> Option<(usize, Vec<String>)> {
    let lines = lines(app);
    let search = app.search.as_ref().filter(|_| !lines.is_empty())?;
    let rows = &app.index.rows;
    let at = rows.iter().position(|row| search.far.holds(row.key));
    match at {
        Some(at) => Some((at, lines)),
        None => app.index.at_end.then_some((rows.len(), lines)),
    }
}
