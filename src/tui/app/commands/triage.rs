//! What a person does with messages: delete, file, copy, junk, archive, keywords, and take it back.

use crate::model::{FlagChange, Flags, MailboxKey, MessageKey, Role};
use crate::tui::app::command::Screen;
use crate::tui::app::event::{Action, Into, Question};
use crate::tui::app::pick::{Choice, Target};
use crate::tui::app::prompt::{Prompt, Purpose};
use crate::tui::app::wish::Destination;
use crate::tui::app::wished_folders::is_being_made;
use crate::tui::app::{App, palette};

use super::many::meant;
use super::reading::open_message;
use super::threads::{self, counted};

/// What a command does with the messages that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// They go to another mailbox.
    Move,
    /// They stay, and others like them come into another mailbox.
    Copy,
}

impl Filing {
    fn done(self) -> &'static str {
        match self {
            Filing::Move => "Moved",
            Filing::Copy => "Copied",
        }
    }

    fn asked(self) -> &'static str {
        match self {
            Filing::Move => "Move",
            Filing::Copy => "Copy",
        }
    }
}

/// `3 messages`.
pub(in crate::tui) fn messages(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} message{plural}")
}

fn role_here(app: &App) -> Option<Role> {
    app.mailbox().and_then(|(_, mailbox)| mailbox.role)
}

/// `D`: to Trash; from Trash for good, after asking.
pub(in crate::tui::app) fn delete(app: &mut App) {
    if app.screen == Screen::Folders {
        return super::mailboxes::ask_delete(app);
    }
    if role_here(app) == Some(Role::Trash) {
        let Some(keys) = meant(app) else { return };
        let what = counted(app, keys.len());
        let question = format!("Delete {what} for good? There is no undo");
        return ask(app, Purpose::DeleteForGood(keys), question);
    }
    to_role(app, Role::Trash, "Trash");
}

/// `Y`.
pub(in crate::tui::app) fn archive(app: &mut App) {
    to_role(app, Role::Archive, "Archive");
}

/// `!`: to Junk; from Junk back to INBOX.
pub(in crate::tui::app) fn junk(app: &mut App) {
    if role_here(app) == Some(Role::Junk) {
        to_role(app, Role::Inbox, "INBOX");
    } else {
        to_role(app, Role::Junk, "Junk");
    }
}

fn ask(app: &mut App, purpose: Purpose, question: String) {
    let options = vec![('y', "Yes"), ('n', "No")];
    app.open_prompt(Prompt::choice(purpose, question, options, 1));
}

fn to_role(app: &mut App, role: Role, usual: &'static str) {
    let Some(keys) = meant(app) else { return };
    if let Some(without) = account_without(app, &keys, role) {
        return app.hint(format!(
            "{without} has no folder for this yet: use it once on a message of that account."
        ));
    }
    if role_here(app) == Some(role) {
        let name = app.mailbox().map(|(_, mailbox)| mailbox.name.clone());
        let name = name.unwrap_or_default();
        app.hint(format!("This is in {name} already."));
        return;
    }
    let found = app.mailbox().map(|(account, _)| {
        let mailbox = account.role(role);
        let mailbox = mailbox.map(|mailbox| (mailbox.key, mailbox.name.clone()));
        (account.id.clone(), account.address.clone(), mailbox)
    });
    match found {
        Some((_, _, Some((key, name)))) => {
            let words = match role {
                Role::Trash if app.of_thread => {
                    format!("Deleted {}.  U undoes.", counted(app, keys.len()))
                }
                _ => done_words(app, Filing::Move, keys.len(), &name),
            };
            file(app, keys, Into::Role(role), key, words);
        }
        Some((account, address, None)) => {
            let question = format!("{address} has no folder for this. Make \"{usual}\"?");
            let purpose = Purpose::MakeRole {
                account,
                role,
                name: usual.to_owned(),
                messages: keys,
            };
            ask(app, purpose, question);
        }
        None => app.hint("No folder is open."),
    }
}

/// Of messages of several accounts, one that has no mailbox of that role.
fn account_without(app: &App, keys: &[MessageKey], role: Role) -> Option<String> {
    if app.index.one_mailbox().is_some() || keys.len() < 2 {
        return None;
    }
    let rows = keys.iter().filter_map(|key| app.index.find(*key));
    let mut accounts = rows.filter_map(|row| app.find_mailbox(row.mailbox));
    let without = accounts.find(|(account, _)| account.role(role).is_none());
    without.map(|(account, _)| account.address.clone())
}

fn done_words(app: &App, filing: Filing, count: usize, name: &str) -> String {
    let done = filing.done();
    format!("{done} {} to {name}.  U undoes.", counted(app, count))
}

/// Moves messages out of the open mailbox, whose rows go at once.
fn file(app: &mut App, keys: Vec<MessageKey>, into: Into, to: MailboxKey, words: String) {
    let destination = match &into {
        Into::Role(role) => Destination::Role(*role),
        Into::Mailbox(_) | Into::New { .. } => Destination::Mailbox(to),
    };
    let ticket = app.act(Action::Move {
        messages: keys.clone(),
        into,
    });
    app.leave(ticket, keys, Some(destination));
    after_leaving(app);
    app.say(words);
}

/// The message that was open has left: the next one is read.
fn after_leaving(app: &mut App) {
    if app.screen != Screen::Message {
        return;
    }
    if threads::is_reading(app) {
        return threads::read_next(app);
    }
    if app.index.row().is_some() {
        open_message(app);
    } else {
        app.message = None;
        app.go(Screen::Index);
    }
}

/// Messages are deleted for good: the question was answered.
pub(in crate::tui::app) fn delete_for_good(app: &mut App, keys: Vec<MessageKey>) {
    let words = format!("Deleted {} for good.", counted(app, keys.len()));
    let ticket = app.act(Action::Expunge(keys.clone()));
    app.leave(ticket, keys, None);
    after_leaving(app);
    app.say(words);
}

/// The mailbox for a role is made, and the messages go there: the question was answered.
pub(in crate::tui::app) fn make_role(
    app: &mut App,
    account: String,
    role: Role,
    name: String,
    keys: Vec<MessageKey>,
) {
    make_and_file(app, Filing::Move, account, name, Some(role), keys);
}

fn make_and_file(
    app: &mut App,
    filing: Filing,
    account: String,
    name: String,
    role: Option<Role>,
    keys: Vec<MessageKey>,
) {
    let words = done_words(app, filing, keys.len(), &name);
    let into = Into::New {
        account,
        name,
        role,
    };
    let messages = keys.clone();
    match filing {
        Filing::Move => {
            let ticket = app.act(Action::Move { messages, into });
            app.leave(ticket, keys, None);
            after_leaving(app);
        }
        Filing::Copy => {
            app.act(Action::Copy { messages, into });
        }
    }
    app.say(words);
}

/// `S`: asks for the mailbox; that of mail like this is proposed as soon as a reader knows it.
pub(in crate::tui::app) fn ask_file(app: &mut App, filing: Filing) {
    let Some(keys) = meant(app) else { return };
    let choices = targets(app);
    let what = counted(app, keys.len());
    let question = format!("{} {what} to folder", filing.asked());
    let like = keys.first().copied();
    let mut prompt = Prompt::pick(Purpose::File(filing, keys), question, choices);
    if let Some(like) = like {
        app.asked_proposal = app.ask(Question::Proposal(like));
        prompt.is_proposing = true;
    }
    app.open_prompt(prompt);
}

/// The mailboxes that messages of the open one can go to.
pub(in crate::tui::app) fn targets(app: &App) -> Vec<Choice> {
    // In a conversation the message may lie in another one than is listed.
    let open = match app.screen {
        Screen::Thread => app.mailbox().map(|(_, mailbox)| mailbox.key),
        _ => app.index.one_mailbox(),
    };
    let mut choices = palette::mailboxes(app);
    choices.retain(|choice| choice.target != Target::Mailbox(open.unwrap_or(MailboxKey(0))));
    let filed = app.filed;
    choices.sort_by_key(|choice| match choice.target {
        Target::Mailbox(key) => Some(key) != filed,
        Target::Command(_)
        | Target::Identity(_)
        | Target::Address(_)
        | Target::Mute(_)
        | Target::Outbox
        | Target::Search(_) => true,
    });
    choices
}

/// A mailbox was chosen.
pub(in crate::tui::app) fn file_into(
    app: &mut App,
    filing: Filing,
    keys: Vec<MessageKey>,
    to: MailboxKey,
) {
    app.filed = Some(to);
    let own = app.mailbox().map(|(account, _)| account.id.clone());
    let name = app.find_mailbox(to).map(|(account, mailbox)| {
        if Some(&account.id) == own.as_ref() {
            mailbox.name.clone()
        } else {
            format!("{}:{}", account.id, mailbox.name)
        }
    });
    let words = done_words(app, filing, keys.len(), &name.unwrap_or_default());
    match filing {
        Filing::Move => file(app, keys, Into::Mailbox(to), to, words),
        Filing::Copy => {
            app.act(Action::Copy {
                messages: keys,
                into: Into::Mailbox(to),
            });
            app.say(words);
        }
    }
}

/// A name was typed that no mailbox has: it is made, after asking.
pub(in crate::tui::app) fn ask_make(
    app: &mut App,
    filing: Filing,
    keys: Vec<MessageKey>,
    typed: &str,
) {
    let typed = typed.trim();
    if app.folders.searches.iter().any(|one| one.name == typed) {
        app.hint(format!(
            "\"{typed}\" is a search, not a folder: no mail can be put there. Nothing was changed."
        ));
        return;
    }
    let named = typed.split_once(':').filter(|(id, name)| {
        !name.is_empty() && app.accounts.iter().any(|account| account.id == *id)
    });
    let own = app.mailbox().map(|(account, _)| account.id.clone());
    let (account, name) = match (named, own) {
        (Some((id, name)), _) => (id.to_owned(), name.to_owned()),
        (None, Some(own)) => (own, typed.to_owned()),
        (None, None) => return,
    };
    if name.is_empty() {
        app.hint("No folder was named; nothing was changed.");
        return;
    }
    let there = app.accounts.iter().find(|a| a.id == account);
    let there = there.and_then(|account| account.mailboxes.iter().find(|m| m.name == name));
    match there.map(|mailbox| (mailbox.key, mailbox.selectable)) {
        // It is shown already, and its commit stands before this one.
        Some((key, _)) if is_being_made(key) => {
            return make_and_file(app, filing, account, name, None, keys);
        }
        // It was made after the question stood there; or it is the one that is open.
        Some((key, true)) if app.index.one_mailbox() != Some(key) => {
            return file_into(app, filing, keys, key);
        }
        Some((_, true)) => {
            return app.hint(format!("This is in {name} already; nothing was changed."));
        }
        Some((_, false)) => {
            return app.hint(format!(
                "{name} only holds other folders; nothing was changed."
            ));
        }
        None => {}
    }
    let address = app.accounts.iter().find(|a| a.id == account);
    let address = address.map_or(String::new(), |account| account.address.clone());
    let question = format!("{address} has no folder \"{name}\". Make it?");
    let purpose = Purpose::MakeAndFile {
        filing,
        account,
        name,
        messages: keys,
    };
    ask(app, purpose, question);
}

/// The new mailbox is made and takes the messages: the question was answered.
pub(in crate::tui::app) fn made(
    app: &mut App,
    filing: Filing,
    account: String,
    name: String,
    keys: Vec<MessageKey>,
) {
    make_and_file(app, filing, account, name, None, keys);
}

/// `X`: what another program marked `\Deleted` here goes for good, after asking.
pub(in crate::tui::app) fn ask_expunge(app: &mut App) {
    match app.mailbox().map(|(_, mailbox)| mailbox.key) {
        Some(mailbox) => {
            let ticket = app.ask(Question::MarkedDeleted(mailbox));
            app.asked_marked = Some((ticket, app.presses));
        }
        None => app.hint("No folder is open."),
    }
}

/// The messages that are marked `\Deleted` are known.
pub(in crate::tui::app) fn marked_found(app: &mut App, keys: Vec<MessageKey>) {
    if keys.is_empty() {
        app.hint("No message here is marked as deleted; X has nothing to do.");
        return;
    }
    let question = format!(
        "Delete {} marked D for good? There is no undo",
        messages(keys.len())
    );
    ask(app, Purpose::DeleteForGood(keys), question);
}

/// Sets a keyword of the message, or clears it.
pub(in crate::tui::app) fn ask_keyword(app: &mut App) {
    if let Some(keys) = meant(app) {
        app.open_prompt(Prompt::text(
            Purpose::Keyword(keys),
            "Keyword to set or clear",
            "",
        ));
    }
}

/// Sets a keyword of messages where one lacks it, else clears it.
pub(in crate::tui::app) fn keyword(app: &mut App, keys: Vec<MessageKey>, word: &str) {
    let word = word.trim();
    let odd = |c: char| !c.is_ascii_graphic() || "(){%*\"\\]".contains(c);
    if word.is_empty() || word.chars().any(odd) {
        app.hint(format!(
            "\"{word}\" is no keyword: letters, digits and most signs, no blanks."
        ));
        return;
    }
    let mut flags = Flags::none();
    flags.insert(word);
    let mut known = keys.iter().filter_map(|key| app.flags_of(*key));
    let lacking = known.any(|own| !own.has_keyword(word));
    let (done, change) = match lacking {
        true => ("Set", FlagChange::add(flags)),
        false => ("Cleared", FlagChange::remove(flags)),
    };
    let of = match keys.len() {
        1 => String::new(),
        count => format!(" of {}", counted(app, count)),
    };
    app.change_flags(keys, change, false);
    app.say(format!("{done} the keyword {word}{of}.  U undoes."));
}

/// `U`.
pub(in crate::tui::app) fn undo(app: &mut App) {
    let now = app.now.wall;
    match app.outgoing.take_if(|one| one.at > now && !one.later) {
        Some(one) => {
            app.act(Action::TakeBack(one.operations));
        }
        None => {
            app.act(Action::Undo);
            app.hint("Taking it back.");
        }
    }
}
