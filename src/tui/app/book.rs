//! The address book: looking for somebody, writing to them, and changing what it says.

use crate::mime::sanitize;
use crate::model::{Address, Contact, ContactKey, Envelope, MessageKey, Recipient};
use crate::tui::screen::book::Form;
use crate::tui::screen::book::state::Back;
use crate::tui::screen::compose::{Kind, Spot, keys};

use super::command::{Command, Screen, lookup};
use super::event::{Action, Question, Ticket};
use super::key::{Code, Key};
use super::pick::{Choice, Target};
use super::prompt::{Prompt, Purpose};
use super::view::Opened;
use super::{App, commands, writing};

/// What is to change in the address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookChange {
    /// Write an entry down; a new one without a key.
    Keep {
        /// Which one.
        key: Option<ContactKey>,
        /// What it says.
        contact: Box<Contact>,
    },
    /// Strike an entry out.
    Drop(ContactKey),
    /// Take an address from a message.
    Take(Address),
    /// Take the senders of these messages.
    TakeFrom(Vec<MessageKey>),
}

/// What became of a change of the address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookEnd {
    /// An entry was written down.
    Kept(ContactKey),
    /// It was struck out; this is what it said.
    Gone(Box<Contact>),
    /// An address is in the book; whether it was there before.
    Taken {
        /// Its entry.
        key: ContactKey,
        /// Whose address it is.
        who: Address,
        /// It was there.
        known: bool,
    },
    /// The senders of several messages are in the book.
    ManyTaken {
        /// How many entries are new.
        new: usize,
        /// How many were there.
        known: usize,
    },
}

/// Shows the address book.
pub fn open(app: &mut App) {
    app.book.filter.clear();
    app.book.again = true;
    app.go(Screen::Book);
}

fn name_of(contact: &Contact) -> String {
    let name = contact.name.trim();
    let first = contact.addresses.first().map_or("", String::as_str);
    let name = if name.is_empty() { first } else { name };
    sanitize::Shown::name(name).into_string()
}

/// `C` and Enter: a message to the selected entry; which address is asked where it has several.
pub fn write_to(app: &mut App) {
    let Some(card) = app.book.card() else {
        app.hint("Nobody is selected; + adds somebody.");
        return;
    };
    let contact = &card.contact;
    let all: Vec<Address> = contact
        .addresses
        .iter()
        .map(|address| Address {
            name: contact.name.clone(),
            address: address.clone(),
        })
        .collect();
    if let [one] = all.as_slice() {
        let one = one.clone();
        return write(app, one);
    }
    let question = format!("Write to {} at", name_of(contact));
    let choices = choices(all.iter().map(|one| (one, one.address.clone(), "")));
    app.open_prompt(Prompt::pick(Purpose::WriteTo(all), question, choices));
}

fn choices<'a>(all: impl Iterator<Item = (&'a Address, String, &'static str)>) -> Vec<Choice> {
    all.enumerate()
        .map(|(at, (_, text, detail))| Choice {
            text,
            key: String::new(),
            detail: detail.to_owned(),
            target: Target::Address(at),
        })
        .collect()
}

/// A message to that address.
pub fn write(app: &mut App, to: Address) {
    let Some(identity) = app.identity() else {
        return writing::compose(app);
    };
    let mut draft = writing::blank(&identity);
    draft.to.push(Recipient::One(to));
    app.write_on(draft, Kind::New);
    keys::go(app, Spot::Subject);
}

/// `/`: what is typed narrows the list at once.
pub fn ask_search(app: &mut App) {
    let before = app.book.filter.clone();
    app.open_prompt(Prompt::text(
        Purpose::SearchBook(before.clone()),
        "Look for",
        &before,
    ));
}

/// A key that walks the list while the line is typed; false when it is not one.
pub fn walk_while_searching(app: &mut App, purpose: &Purpose, code: Code) -> bool {
    if !matches!(purpose, Purpose::SearchBook(_)) {
        return false;
    }
    let by = match code {
        Code::Up => -1,
        Code::Down => 1,
        Code::PageUp => -10,
        Code::PageDown => 10,
        _ => return false,
    };
    crate::tui::screen::book::step(app, by);
    true
}

/// Esc in the list: everybody is shown again.
pub fn clear(app: &mut App) -> bool {
    let narrowed = !app.book.filter.is_empty();
    app.book.look_for("");
    narrowed
}

/// `+`: a form for somebody new. What was looked for and is not there begins it.
pub fn add(app: &mut App) {
    let mut form = Form::on(None, Contact::default());
    let typed = app.book.filter.trim();
    match typed.contains('@') {
        true => form.addresses.set(typed),
        false if app.book.cards.is_empty() => form.name.set(typed),
        false => {}
    }
    app.book.form = Some(form);
    app.go(Screen::Card);
}

/// `>`: the form of the selected entry.
pub fn edit(app: &mut App) {
    let Some(card) = app.book.card().cloned() else {
        app.hint("Nobody is selected; + adds somebody.");
        return;
    };
    app.book.form = Some(Form::on(Some(card.key), card.contact));
    app.go(Screen::Card);
}

/// `D`: the entry goes; `U` brings it back.
pub fn delete(app: &mut App) {
    match app.book.card().map(|card| card.key) {
        Some(key) => {
            app.act(Action::Book(BookChange::Drop(key)));
        }
        None => app.hint("Nobody is selected."),
    }
}

/// `U`: takes back the last change of the address book.
pub fn undo(app: &mut App) {
    if app.book.undoing.is_some() {
        return;
    }
    let Some(change) = app.book.back.pop() else {
        app.hint("Nothing was changed here since the program was started.");
        return;
    };
    let change = match change {
        Back::Gone(contact) => BookChange::Keep {
            key: None,
            contact: Box::new(contact),
        },
        Back::Was(key, contact) => BookChange::Keep {
            key: Some(key),
            contact: Box::new(contact),
        },
        Back::New(key) => BookChange::Drop(key),
    };
    app.book.undoing = Some(app.act(Action::Book(change)));
}

/// `T`: which address of the message goes into the book?
pub fn ask_take(app: &mut App) {
    let many = app.screen == Screen::Index && !app.index.marked.is_empty();
    if let Some(keys) = many.then(|| commands::meant(app)).flatten()
        && keys.len() > 1
    {
        app.act(Action::Book(BookChange::TakeFrom(keys)));
        return;
    }
    match commands::target(app) {
        Some(key) => {
            let ticket = app.ask(Question::Opened(key));
            app.book.taking = Some((ticket, app.presses));
        }
        None => app.hint("There is no message here."),
    }
}

/// The message came from which an address is to be taken; false when it was asked for another end.
pub fn opened_came(app: &mut App, ticket: Ticket, opened: Option<&Opened>) -> bool {
    let Some((_, presses)) = app.book.taking.take_if(|(asked, _)| *asked == ticket) else {
        return false;
    };
    match opened {
        // A key since then says that something else is wanted.
        Some(_) if presses != app.presses => {}
        Some(opened) => choose(app, &opened.envelope),
        None => app.hint("This message is gone."),
    }
    true
}

fn choose(app: &mut App, envelope: &Envelope) {
    let all = named(app, envelope);
    if all.is_empty() {
        app.hint("Nobody but you is named in this message.");
        return;
    }
    let choices = choices(all.iter().map(|(one, field)| {
        let shown = sanitize::full(one).into_string();
        (one, shown, *field)
    }));
    let all = all.into_iter().map(|(one, _)| one).collect();
    let question = "Take into the address book";
    app.open_prompt(Prompt::pick(Purpose::TakeAddress(all), question, choices));
}

/// Everybody whom an envelope names but the user, the sender first, with the field's name.
fn named(app: &App, envelope: &Envelope) -> Vec<(Address, &'static str)> {
    let fields = [
        (&envelope.from, "From"),
        (&envelope.reply_to, "Reply-To"),
        (&envelope.to, "To"),
        (&envelope.cc, "Cc"),
        (&envelope.bcc, "Bcc"),
    ];
    let mut all: Vec<(Address, &'static str)> = Vec::new();
    for (one, field) in fields
        .into_iter()
        .flat_map(|(list, field)| list.iter().map(move |one| (one, field)))
    {
        let is_it = |(other, _): &(Address, &str)| other.address.eq_ignore_ascii_case(&one.address);
        let mine = app.is_own(&one.address)
            || app
                .identities()
                .iter()
                .any(|own| own.address.address.eq_ignore_ascii_case(&one.address));
        if one.address.contains('@') && !mine && !all.iter().any(is_it) {
            all.push((one.clone(), field));
        }
    }
    all
}

/// Which address is taken was chosen.
pub fn take(app: &mut App, who: Address) {
    app.act(Action::Book(BookChange::Take(who)));
}

/// A key in the form of an entry.
pub fn press(app: &mut App, key: Key) {
    if key.text().is_none()
        && let Some(entry) = lookup(Screen::Card, key)
    {
        commands::run(app, entry.command, key);
        return;
    }
    let Some(form) = &mut app.book.form else {
        return app.go(Screen::Book);
    };
    if key.code == Code::Esc {
        return leave(app);
    }
    if form.field().press(key) {
        form.refused = None;
    } else {
        app.hint(format!("{key} does nothing in this field. Tab goes on."));
    }
}

/// Takes a pasted line.
pub fn paste(app: &mut App, line: &str) {
    if let Some(form) = &mut app.book.form {
        form.field().paste(line);
        form.refused = None;
    }
}

/// Runs a command of the form.
pub fn run(app: &mut App, command: Command, key: Key) {
    match command {
        Command::NextField => {
            let last = app.book.form.as_mut().is_some_and(|form| !form.walk(true));
            match (last, key.code) {
                (true, Code::Enter) => keep(app),
                (true, _) => app.hint("This is the last field. ^X keeps the entry."),
                (false, _) => {}
            }
        }
        Command::PreviousField => {
            if app.book.form.as_mut().is_some_and(|form| !form.walk(false)) {
                app.hint("This is the first field.");
            }
        }
        Command::KeepCard => keep(app),
        _ => leave(app),
    }
}

fn keep(app: &mut App) {
    let Some(form) = &app.book.form else { return };
    if form.keeping.is_some() {
        return;
    }
    if form.key.is_some() && !form.is_touched() {
        return close(app, "Nothing was changed.");
    }
    let change = BookChange::Keep {
        key: form.key,
        contact: Box::new(form.contact()),
    };
    let ticket = app.act(Action::Book(change));
    if let Some(form) = &mut app.book.form {
        form.keeping = Some(ticket);
    }
}

/// `^C` in the form: asks where something would be lost.
fn leave(app: &mut App) {
    if !app.book.form.as_ref().is_some_and(Form::is_touched) {
        return close(app, "Nothing was changed.");
    }
    let options = vec![('k', "Keep"), ('d', "Discard"), ('e', "Edit on")];
    let question = "Keep what you changed?";
    app.open_prompt(Prompt::choice(Purpose::LeaveCard, question, options, 2));
}

/// What becomes of the form was chosen.
pub fn left(app: &mut App, letter: char) {
    match letter {
        'k' => keep(app),
        'd' => close(app, "Nothing was changed."),
        _ => {}
    }
}

fn close(app: &mut App, words: &str) {
    app.book.form = None;
    app.go(Screen::Book);
    app.hint(words);
}

/// A change of the address book is done.
pub fn ended(app: &mut App, ticket: Ticket, end: BookEnd) {
    app.book.again = true;
    let undone = app.book.undoing.take_if(|asked| *asked == ticket).is_some();
    match end {
        BookEnd::Kept(key) => kept(app, ticket, key, undone),
        BookEnd::Gone(contact) => {
            let name = name_of(&contact);
            if undone {
                return app.say(format!("{name} is not in the address book any more."));
            }
            app.book.remember(Back::Gone(*contact));
            app.say(format!("Deleted {name}.  U brings the entry back."));
        }
        BookEnd::Taken { key, who, known } => {
            let who = sanitize::full(&who);
            app.book.wanted = Some(key);
            if known {
                return app.say(format!("{who} is in the address book already."));
            }
            app.book.remember(Back::New(key));
            app.say(format!(
                "{who} is in the address book now.  Alt-t shows it."
            ));
        }
        BookEnd::ManyTaken { new, known } => app.say(match (new, known) {
            (0, _) => "All of them are in the address book already.".to_owned(),
            (1, 0) => "1 address is in the address book now.".to_owned(),
            (new, 0) => format!("{new} addresses are in the address book now."),
            (new, known) => format!("{new} are in the address book now, {known} were already."),
        }),
    }
}

fn kept(app: &mut App, ticket: Ticket, key: ContactKey, undone: bool) {
    app.book.wanted = Some(key);
    // It may have been found by what it said before.
    let kept = |form: &mut Form| form.keeping == Some(ticket);
    let Some(form) = app.book.form.take_if(kept) else {
        return app.say(match undone {
            true => "Taken back.",
            false => "The entry is kept.",
        });
    };
    let (words, back) = match form.key {
        Some(key) => ("changed", Back::Was(key, form.was.clone())),
        None => ("added", Back::New(key)),
    };
    app.book.remember(back);
    let name = name_of(&form.contact());
    if app.screen == Screen::Card {
        app.go(Screen::Book);
    }
    if form.key.is_none() {
        app.book.look_for("");
    }
    app.say(format!("{name} is {words}.  U takes it back."));
}

/// A change of the address book failed; false when the ticket is not of one.
pub fn failed(app: &mut App, ticket: Ticket, why: &str) -> bool {
    if app.book.undoing.take_if(|asked| *asked == ticket).is_some() {
        app.say(why.to_owned());
        return true;
    }
    let keeping = |form: &&mut Form| form.keeping == Some(ticket);
    let Some(form) = app.book.form.as_mut().filter(keeping) else {
        return false;
    };
    form.keeping = None;
    form.refused = Some(why.to_owned());
    app.log.remember(app.now.wall, why);
    app.hint("Nothing was kept.");
    true
}
