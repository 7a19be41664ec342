//! Searching mail from the index: results as one types, wider with each `/`, and back with Esc.
//!
//! What was found is a list of keys that the index shows as it shows any other, so that every command
//! works on it. A key never waits for an answer: each line that is typed is asked for and the one
//! before is dropped; until the answer is there the rows of the one before stand.

use std::sync::Arc;

use super::event::{Question, Ticket};
use super::far::{self, Far};
use super::kept::KeptSearch;
use super::key::{Code, Key};
use super::prompt::{Prompt, Purpose};
use super::{App, Screen, commands};
use crate::model::query::{FIELDS, State as Is};
use crate::model::view::Keys;
use crate::model::{List, MailboxKey, MessageKey, Query, SearchKey, View};
use crate::tui::screen::index::state::Goal;

/// What `^G` says in the prompt.
pub const HELP: &str = "Words begin words of the mail; \"in quotes\" they stand one behind the other. from: to: \
    subject: body: filename: list: is:unread has:attachment in: account: after:7d before: larger: -not OR ( ). \
    / at the beginning searches all mail, then the account, Enter opens, ^A selects all of them, ^T lists the fields, \
    ^S keeps the search in the folder list, Esc goes back. What \
    servers find in mail that is not kept here comes below a line.";

/// A search of mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailQuery {
    /// As it is typed.
    pub text: String,
    /// Where.
    pub reach: Reach,
    /// Whether all that fits is wanted, and not what a screen shows first.
    pub whole: bool,
}

/// Where mail is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In a mailbox.
    Mailbox(MailboxKey),
    /// In an account, by its id.
    Account(String),
    /// Everywhere.
    All,
}

/// How a search of mail went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundMail {
    /// Whether there is more than was read.
    pub more: bool,
    /// Whether it came before everything was looked at, because that takes its time.
    pub cut: bool,
    /// Whether everything was asked for.
    pub whole: bool,
    /// Whether Trash, Junk and Drafts were looked at, too.
    pub apart: bool,
    /// How long it took.
    pub millis: u64,
    /// About how many messages are not in the index yet.
    pub unindexed: u64,
    /// What of the query is not understood.
    pub trouble: Option<String>,
}

/// A search and what was shown before it.
#[derive(Clone, Debug)]
pub struct Search {
    pub(super) reach: Reach,
    pub(super) text: String,
    /// The screen and the list that Esc goes back to.
    before: (Screen, Option<View>),
    asked: Option<Ticket>,
    /// Whether that is asked of what is shown, for the rest of it.
    asks_rest: bool,
    /// What the index shows of it.
    list: Option<List>,
    found: Option<FoundMail>,
    snippet: Option<(Ticket, MessageKey)>,
    /// What is done when the answer is there.
    then: Option<Then>,
    /// What was found on this machine.
    pub(super) here: Arc<[MessageKey]>,
    /// What servers find.
    pub(super) far: Far,
    /// The one that is kept, while what is asked is what was kept.
    pub(super) kept: Option<(SearchKey, String)>,
}

impl Search {
    /// Whether more was found here than was read.
    pub fn is_partial(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.more)
    }

    /// What servers find.
    pub fn far(&self) -> &Far {
        &self.far
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    SelectAll,
    Open,
}

/// `/`: the prompt, over what was found already, or over this list.
pub fn open(app: &mut App) {
    if !is_shown(app) {
        let one = app.index.one_mailbox();
        app.search = Some(Search {
            reach: one.map_or(Reach::All, Reach::Mailbox),
            text: String::new(),
            before: (app.screen, app.index.view.clone()),
            asked: None,
            asks_rest: false,
            list: None,
            found: None,
            snippet: None,
            then: None,
            here: Arc::default(),
            far: Far::default(),
            kept: None,
        });
    }
    let Some((reach, text)) = app
        .search
        .as_ref()
        .map(|s| (s.reach.clone(), s.text.clone()))
    else {
        return;
    };
    app.go(Screen::Index);
    let question = question(app, &reach);
    app.open_prompt(Prompt::text(Purpose::Search, question, &text));
}

/// Shows what a search that is kept finds now.
pub fn open_kept(app: &mut App, one: &KeptSearch) {
    far::withdraw(app);
    let before = match app.search.take() {
        // What was searched before is not what Esc goes back to.
        Some(search) if search.list.is_some() => search.before.1,
        Some(_) | None => app.index.view.clone(),
    };
    let list = List::Keys(Keys {
        keys: Arc::default(),
        of: Box::new(List::Searched { apart: false }),
        in_order: true,
    });
    app.search = Some(Search {
        reach: one.reach.clone(),
        text: one.text.clone(),
        before: (Screen::Folders, before),
        asked: None,
        asks_rest: false,
        list: Some(list.clone()),
        found: None,
        snippet: None,
        then: None,
        here: Arc::default(),
        far: Far::default(),
        kept: Some((one.key, one.name.clone())),
    });
    app.index.open(View::of(list));
    app.message = None;
    app.parts = None;
    app.started = true;
    ask(app, false);
}

/// The search that is kept and shown.
pub fn kept(app: &App) -> Option<SearchKey> {
    let search = app.search.as_ref().filter(|_| is_shown(app))?;
    search.kept.as_ref().map(|(key, _)| *key)
}

/// What was found is looked for anew: mail may have come since.
pub fn again(app: &mut App) {
    let can = app
        .search
        .as_ref()
        .is_some_and(|search| search.asked.is_none());
    if can && is_shown(app) {
        ask(app, true);
    }
}

/// Whether the index shows what was found.
pub fn is_shown(app: &App) -> bool {
    let list = app.search.as_ref().and_then(|search| search.list.as_ref());
    list.is_some_and(|list| app.index.shows(list))
}

fn question(app: &App, reach: &Reach) -> String {
    format!("Search {}", place(app, reach))
}

fn place(app: &App, reach: &Reach) -> String {
    match reach {
        Reach::Mailbox(key) => app.list_name(&List::Mailbox(*key)),
        Reach::Account(id) => format!("all of {id}"),
        Reach::All => "all mail".to_owned(),
    }
}

/// A key in the prompt that is not for its line; false when it is.
pub fn press(app: &mut App, prompt: &mut Prompt, key: Key) -> bool {
    if prompt.purpose != Purpose::Search {
        return false;
    }
    match key.code {
        Code::Char('/') if prompt.line().is_empty() || prompt.is_proposed() => {
            widen(app, prompt);
            return true;
        }
        Code::Up | Code::Down | Code::PageUp | Code::PageDown if !prompt.offers.is_empty() => {
            return false;
        }
        // What an arrow has put into the line is taken, and typing goes on behind it.
        Code::Enter if prompt.keep_offer() => return true,
        Code::Char('t') | Code::Char('T') if key.ctrl => {
            prompt.offer(fields(prompt.line()));
            return true;
        }
        _ => {}
    }
    let page = isize::try_from(app.index_height().max(1)).unwrap_or(1);
    let by = match key.code {
        Code::Up => -1,
        Code::Down => 1,
        Code::PageUp => -page,
        Code::PageDown => page,
        _ => return false,
    };
    if is_shown(app) {
        app.index.step(by);
        prompt.notes.clear();
        ask_snippet(app);
        ask_rest(app);
    }
    true
}

/// Whether the key keeps the search.
pub fn keeps(prompt: &Prompt, key: Key) -> bool {
    let is_it = key.ctrl && key.folded().code == Code::Char('s');
    prompt.purpose == Purpose::Search && is_it
}

/// Whether the key selects all that was found; then the prompt closes.
pub fn selects_all(app: &mut App, prompt: &Prompt, key: Key) -> bool {
    let is_it = prompt.purpose == Purpose::Search
        && key.ctrl
        && key.folded().code == Code::Char('a')
        && is_shown(app);
    if is_it {
        select_all(app);
    }
    is_it
}

/// The line with each field behind it, and what may follow that.
fn fields(line: &str) -> Vec<(String, String)> {
    let gap = match line.is_empty() || line.ends_with([' ', '(', '-']) {
        true => "",
        false => " ",
    };
    let one = |(field, what): &(&str, &str)| {
        (
            format!("{line}{gap}{field}:"),
            format!("{:<10}  {what}", format!("{field}:")),
        )
    };
    FIELDS.iter().map(one).collect()
}

/// Selects everything that was found, also what is not read yet.
pub fn select_all(app: &mut App) {
    let Some(search) = &mut app.search else {
        return;
    };
    if search.asked.is_some() || search.found.as_ref().is_some_and(|found| found.more) {
        search.then = Some(Then::SelectAll);
        return ask(app, true);
    }
    if let Some(List::Keys(keys)) = search.list.clone() {
        commands::selected(app, keys.keys.to_vec(), 0, commands::Mode::Broaden);
    }
}

/// From the folder to all mail, then to the account, and back to the folder.
fn widen(app: &mut App, prompt: &mut Prompt) {
    let account = app.mailbox().map(|(account, _)| account.id.clone());
    let several = app.accounts.len() > 1;
    let Some(search) = &mut app.search else {
        return;
    };
    let here = search.before.1.as_ref().and_then(View::one_mailbox);
    search.reach = match (&search.reach, account, here) {
        (Reach::All, Some(id), _) if several => Reach::Account(id),
        (Reach::All | Reach::Account(_), _, Some(mailbox)) => Reach::Mailbox(mailbox),
        (Reach::Mailbox(_) | Reach::Account(_) | Reach::All, _, _) => Reach::All,
    };
    search.kept = None;
    let (reach, is_asked) = (search.reach.clone(), !search.text.is_empty());
    prompt.question = question(app, &reach);
    far::withdraw(app);
    if is_asked {
        ask(app, false);
    }
}

/// The line has changed.
pub fn typed(app: &mut App, line: &str) {
    let Some(search) = &mut app.search else {
        return;
    };
    if search.text == line {
        return;
    }
    search.text = line.to_owned();
    search.kept = None;
    far::withdraw(app);
    let typed = Query::typed(line);
    if !typed.query.is_everything() {
        return ask(app, false);
    }
    // What is still too short says nothing: the list stands as it was, or what was found so far.
    if let Some(search) = &mut app.search {
        search.asked = None;
    }
    if line.trim().is_empty() {
        show_before(app);
    }
}

fn ask(app: &mut App, whole: bool) {
    let Some(search) = &app.search else {
        return;
    };
    let query = MailQuery {
        text: search.text.clone(),
        reach: search.reach.clone(),
        whole,
    };
    let ticket = app.ask(Question::Search(Box::new(query)));
    if let Some(search) = &mut app.search {
        // While what was typed last has no answer, nothing of it is shown.
        search.asks_rest = whole && (search.asked.is_none() || search.asks_rest);
        search.asked = Some(ticket);
    }
}

/// Near the end of what was read, the rest is asked for.
fn ask_rest(app: &mut App) {
    let near = app.index.rows.len().saturating_sub(app.index.selected) < 60;
    let Some(search) = &app.search else {
        return;
    };
    let more = search.found.as_ref().is_some_and(|found| found.more);
    if near && more && app.index.at_end && search.asked.is_none() {
        ask(app, true);
    }
}

/// What was found.
pub fn came(app: &mut App, ticket: Ticket, found: FoundMail, keys: Vec<MessageKey>) {
    let Some(search) = app
        .search
        .as_mut()
        .filter(|search| search.asked == Some(ticket))
    else {
        return;
    };
    search.asked = None;
    let goal = match found.whole {
        true => Goal::Keep,
        false => {
            search.far.plan(&search.text, app.now.mono);
            Goal::First
        }
    };
    let cut = found.cut;
    search.found = Some(found);
    search.here = Arc::from(keys);
    let selects = search
        .then
        .take_if(|then| *then == Then::SelectAll)
        .is_some();
    let keys = put(app, goal);
    if selects {
        commands::selected(app, keys, 0, commands::Mode::Broaden);
    } else if cut {
        ask(app, true);
    }
}

/// Servers found more: it comes behind what stands there.
pub(super) fn show(app: &mut App) {
    let none = app.index.rows.is_empty();
    if is_shown(app) && app.search.as_ref().is_some_and(|s| !s.is_partial()) {
        put(app, if none { Goal::First } else { Goal::Keep });
    }
}

/// Lists what was found, here and by servers.
fn put(app: &mut App, goal: Goal) -> Vec<MessageKey> {
    let Some(search) = &mut app.search else {
        return Vec::new();
    };
    let apart = search.found.as_ref().is_some_and(|found| found.apart);
    let of = match &search.reach {
        Reach::Mailbox(key) => List::Mailbox(*key),
        Reach::Account(_) | Reach::All => List::Searched { apart },
    };
    let mut keys = search.here.to_vec();
    // As long as more was found here than was read, nothing can stand behind that.
    match search.is_partial() {
        true => search.far.clear(),
        false => keys.extend(search.far.behind(&search.here)),
    }
    let list = List::Keys(Keys {
        keys: Arc::from(keys.as_slice()),
        of: Box::new(of),
        in_order: true,
    });
    search.list = Some(list.clone());
    app.index.refine(View::of(list), goal);
    keys
}

/// The question failed; what stands there stays.
pub fn failed(app: &mut App, ticket: Ticket) {
    far::not_looked(app, ticket);
    if let Some(search) = app
        .search
        .as_mut()
        .filter(|search| search.asked == Some(ticket))
    {
        search.asked = None;
        search.then = None;
    }
}

/// The rows of what was found are there.
pub fn page_came(app: &mut App) {
    if !is_shown(app) {
        return;
    }
    let opens = app.search.as_mut().and_then(|search| search.then.take());
    if opens == Some(Then::Open) && app.prompt.is_none() && app.index.row().is_some() {
        return commands::open_message(app);
    }
    ask_snippet(app);
}

fn ask_snippet(app: &mut App) {
    let is_open = app
        .prompt
        .as_ref()
        .is_some_and(|prompt| prompt.purpose == Purpose::Search);
    let row = app.index.row().map(|row| row.key);
    let (Some(message), true) = (row, is_open) else {
        return;
    };
    let text = app.search.as_ref().map(|search| search.text.clone());
    let Some(text) = text else { return };
    let ticket = app.ask(Question::Snippet(message, text));
    if let Some(search) = &mut app.search {
        search.snippet = Some((ticket, message));
    }
}

/// The words around what was found in the message at the cursor.
pub fn snippet_came(app: &mut App, ticket: Ticket, words: Option<String>) {
    let asked = app.search.as_ref().and_then(|search| search.snippet);
    let here = app.index.row().map(|row| row.key);
    let is_it = asked.is_some_and(|(asked, message)| asked == ticket && Some(message) == here);
    let Some(prompt) = app
        .prompt
        .as_mut()
        .filter(|p| is_it && p.purpose == Purpose::Search)
    else {
        return;
    };
    if prompt.offers.is_empty() {
        prompt.notes = words
            .map(|words| format!("Words found: {words}"))
            .into_iter()
            .collect();
    }
}

/// Enter: the message at the cursor, as soon as its row is there.
pub fn given(app: &mut App) {
    let Some(search) = &mut app.search else {
        return;
    };
    if search.text.trim().is_empty() {
        return cancel(app);
    }
    if search.asked.is_some() && !search.asks_rest || app.index.awaits() {
        search.then = Some(Then::Open);
        return;
    }
    if !is_shown(app) || app.index.row().is_none() {
        app.hint("Nothing was found. / searches again, and at the beginning of the line wider.");
        return;
    }
    commands::open_message(app);
}

/// Esc and ^C in the prompt: back to where the search began.
pub fn cancel(app: &mut App) {
    far::withdraw(app);
    show_before(app);
    let screen = app.search.take().map(|search| search.before.0);
    if let Some(screen) = screen {
        app.go(screen);
    }
}

/// Esc in what was found.
pub fn leave(app: &mut App) {
    far::withdraw(app);
    let screen = match kept(app) {
        Some(_) => Screen::Folders,
        None => Screen::Index,
    };
    show_before(app);
    app.search = None;
    app.go(screen);
}

fn show_before(app: &mut App) {
    if !is_shown(app) {
        return;
    }
    let before = app
        .search
        .as_ref()
        .and_then(|search| search.before.1.clone());
    if let Some(view) = before {
        app.index.open(view);
    }
    if let Some(search) = &mut app.search {
        search.list = None;
        search.found = None;
    }
}

/// The title over what was found: where, and how much in which time.
pub fn title(app: &App) -> Option<(String, String)> {
    let search = app.search.as_ref().filter(|_| is_shown(app))?;
    let kept = search.kept.as_ref().map(|(_, name)| name);
    let Some(found) = search.found.as_ref() else {
        return kept.map(|name| (format!("SEARCH   {name}"), String::new()));
    };
    let accounts = app.accounts.len();
    let place = match &search.reach {
        Reach::All if accounts > 1 => format!("all mail, {accounts} accounts"),
        reach => place(app, reach),
    };
    let behind = u64::try_from(search.far.count()).unwrap_or(0);
    let count = match (app.index.total.saturating_sub(behind), found.more) {
        (0, _) => "nothing found".to_owned(),
        (count, true) => format!("more than {count} found in {} ms", found.millis),
        (count, false) => format!("{count} found in {} ms", found.millis),
    };
    let count = match search.far.found() {
        0 => count,
        more => format!("{count}, {more} on the server"),
    };
    let marked = app.index.marked.len();
    let count = match marked {
        0 => count,
        marked => format!("{marked} selected   {count}"),
    };
    let unread = match found.unindexed {
        0 => String::new(),
        left => format!("{left} not read yet   "),
    };
    let place = match kept {
        Some(name) => format!("{name}: {place}"),
        None => place,
    };
    Some((format!("SEARCH   {place}"), format!("{unread}{count}")))
}

/// What is said where nothing was found.
pub fn empty_words(app: &App) -> Option<String> {
    let search = app.search.as_ref().filter(|_| is_shown(app))?;
    if search.found.is_none() {
        return Some("Searching…".to_owned());
    }
    let trouble = search
        .found
        .as_ref()
        .and_then(|found| found.trouble.clone());
    Some(match trouble {
        Some(trouble) => format!("Nothing found: {trouble}."),
        None => "Nothing found.".to_owned(),
    })
}

/// The whole line with its last word completed, in every way that fits.
pub fn complete(app: &App, line: &str) -> Vec<String> {
    let at = line.rfind([' ', '(', '-']).map_or(0, |at| at + 1);
    let (before, word) = line.split_at_checked(at).unwrap_or(("", line));
    let names: Vec<String> = match word.split_once(':') {
        None => FIELDS
            .iter()
            .map(|(field, _)| format!("{field}:"))
            .collect(),
        Some((field, typed)) => {
            let values = match field.to_ascii_lowercase().as_str() {
                "is" => Is::ALL
                    .iter()
                    .map(|state| state.word().to_owned())
                    .collect(),
                "has" => vec!["attachment".to_owned()],
                "account" => app
                    .accounts
                    .iter()
                    .map(|account| account.id.clone())
                    .collect(),
                "in" => mailboxes(app),
                _ => Vec::new(),
            };
            let quote = if typed.starts_with('"') { "\"" } else { "" };
            let named = |value: String| match value.contains([' ', '(', ')']) || !quote.is_empty() {
                true => format!("{field}:\"{value}\""),
                false => format!("{field}:{value}"),
            };
            values.into_iter().map(named).collect()
        }
    };
    let folded = word.to_lowercase();
    let fits = |name: &String| {
        let name = name.to_lowercase();
        name.starts_with(&folded) || name.replace('"', "").starts_with(&folded)
    };
    names
        .into_iter()
        .filter(fits)
        .map(|name| format!("{before}{name}"))
        .collect()
}

fn mailboxes(app: &App) -> Vec<String> {
    let first = app.accounts.first().map(|account| account.id.as_str());
    let mut all = Vec::new();
    for account in &app.accounts {
        for mailbox in account.listed() {
            all.push(match first == Some(account.id.as_str()) {
                true => mailbox.name.clone(),
                false => format!("{}:{}", account.id, mailbox.name),
            });
        }
    }
    all
}
