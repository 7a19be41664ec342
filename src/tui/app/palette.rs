//! The list of commands, the list of mailboxes, and what choosing from them does.

use super::App;
use super::command::{COMMANDS, Command, Entry, Screen, on_screen};
use super::commands::{self, Filing};
use super::key::{Code, Key};
use super::outbox;
use super::pick::{Choice, Pick, Target};
use super::prompt::{Asking, Prompt, Purpose};
use super::view::{Account, Mailbox};
use crate::model::MailboxKey;
use crate::tui::screen::{compose, setup};

/// What may stand behind the name of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Mailbox,
    Hidden,
    Number,
    Words,
}

/// What a command takes, if it takes anything.
fn argument(command: Command) -> Option<Argument> {
    match command {
        Command::Goto | Command::Save | Command::Copy => Some(Argument::Mailbox),
        Command::Subscribe => Some(Argument::Hidden),
        Command::Keyword => Some(Argument::Words),
        Command::Jump | Command::Account => Some(Argument::Number),
        Command::Find => Some(Argument::Words),
        _ => None,
    }
}

/// Opens the list of commands that are possible here.
pub fn open(app: &mut App) {
    let choices = here(app.screen);
    app.open_prompt(Prompt::pick(Purpose::Palette, "Command", choices));
}

/// Asks which mailbox to open: those opened lately first, the open one last.
pub fn ask_goto(app: &mut App) {
    let choices = places(app);
    if choices.is_empty() {
        app.hint("There is no folder yet.");
        return;
    }
    app.open_prompt(Prompt::pick(Purpose::Goto, "Go to folder", choices));
}

/// The commands of a screen as rows; those that walk a list are left to their keys.
fn here(screen: Screen) -> Vec<Choice> {
    on_screen(screen)
        .filter(|entry| {
            !matches!(
                entry.command,
                Command::Palette | Command::OtherKeys | Command::NextField | Command::PreviousField
            )
        })
        .map(|entry| Choice {
            text: entry.name.to_owned(),
            key: entry.key().to_owned(),
            detail: entry.help.to_owned(),
            target: Target::Command(entry.command),
        })
        .collect()
}

/// Where `G` leads: the mailboxes, and the Outbox while something is in it.
fn places(app: &App) -> Vec<Choice> {
    let mut choices = mailboxes(app);
    let all: u64 = app.accounts.iter().map(|one| one.outbox.all).sum();
    if all > 0 {
        choices.push(Choice {
            text: "Outbox".to_owned(),
            key: String::new(),
            detail: outbox::count_words(all),
            target: Target::Outbox,
        });
    }
    choices.extend(app.folders.searches.iter().map(|one| Choice {
        text: one.name.clone(),
        key: String::new(),
        detail: format!("search: {}", one.text),
        target: Target::Search(one.key),
    }));
    choices
}

/// The mailboxes that hold messages, of all accounts.
pub fn mailboxes(app: &App) -> Vec<Choice> {
    let open = app.index.one_mailbox();
    let own = app.mailbox().map(|(account, _)| account.id.clone());
    let all = app.accounts.iter().flat_map(|account| {
        let rows = account.listed().filter(|m| m.selectable);
        rows.map(move |mailbox| (account, mailbox))
    });
    let mut all: Vec<(&Account, &Mailbox)> = all.collect();
    let lately = |mailbox: &Mailbox| {
        let at = app.visited.iter().position(|key| *key == mailbox.key);
        match at {
            _ if Some(mailbox.key) == open => usize::MAX,
            Some(at) => at,
            None => usize::MAX - 1,
        }
    };
    all.sort_by_key(|(_, mailbox)| lately(mailbox));
    all.into_iter()
        .map(|(account, mailbox)| {
            let other = own.as_ref() != Some(&account.id);
            Choice {
                text: match other {
                    true => format!("{}:{}", account.id, mailbox.name),
                    false => mailbox.name.clone(),
                },
                key: String::new(),
                detail: match mailbox.unread {
                    0 => account.address.clone(),
                    unread => format!("{unread} unread  {}", account.address),
                },
                target: Target::Mailbox(mailbox.key),
            }
        })
        .collect()
}

/// A line of the list of commands: the command that it begins with, and what stands behind it.
fn parsed(screen: Screen, line: &str) -> Option<(&'static Entry, Argument, &str)> {
    let (name, rest) = line.split_once(' ')?;
    let entry = on_screen(screen).find(|entry| entry.name == name)?;
    Some((entry, argument(entry.command)?, rest))
}

/// The line of the list of commands changed: behind a command stands what it takes.
pub fn refresh(app: &App, prompt: &mut Prompt) {
    if prompt.purpose != Purpose::Palette {
        return;
    }
    let line = prompt.line().to_owned();
    let behind = parsed(app.screen, &line);
    let listed = prompt.list.as_ref().and_then(|list| list.rows().next());
    let of_commands = listed.is_none_or(|row| matches!(row.target, Target::Command(_)));
    match behind {
        Some((entry, Argument::Mailbox | Argument::Hidden, rest)) => {
            let at = prompt.list.as_ref().map_or(0, Pick::place);
            let mut list = Pick::of(match entry.command {
                Command::Subscribe => commands::hidden(app),
                Command::Goto => places(app),
                _ => commands::targets(app),
            });
            list.narrow(rest);
            if !of_commands && prompt.narrowed.as_deref() == Some(rest) {
                list.step(isize::try_from(at).unwrap_or(0));
            }
            prompt.narrowed = Some(rest.to_owned());
            prompt.list = Some(list);
        }
        Some((_, Argument::Number | Argument::Words, _)) => {
            prompt.list = Some(Pick::of(Vec::new()));
        }
        None if !of_commands || listed.is_none() => {
            let mut list = Pick::of(here(app.screen));
            list.narrow(&line);
            prompt.list = Some(list);
        }
        None => {}
    }
}

/// Tab in the list of commands: the chosen name stands in the line, ready for what it takes.
pub fn completed(app: &App, prompt: &mut Prompt) {
    let behind = parsed(app.screen, prompt.line()).map(|(entry, _, _)| entry.name);
    let chosen = prompt.list.as_ref().and_then(Pick::current).cloned();
    let (Some(chosen), Asking::Text(field)) = (chosen, &mut prompt.asking) else {
        return;
    };
    match (behind, chosen.target) {
        (Some(name), _) => field.set(&format!("{name} {}", chosen.text)),
        (None, Target::Command(command)) if argument(command).is_some() => {
            field.set(&format!("{} ", chosen.text));
        }
        (None, _) => field.set(&chosen.text),
    }
}

/// A row of the list of commands was taken.
pub fn chosen(app: &mut App, line: &str, choice: &Choice) {
    match choice.target {
        Target::Command(command) => run(app, command),
        Target::Identity(at) => super::writing::compose_as(app, at),
        Target::Address(_) | Target::Mute(_) => {}
        Target::Outbox => outbox::open(app, None),
        Target::Search(key) => super::kept::open(app, key),
        Target::Mailbox(key) => {
            let command = parsed(app.screen, line).map(|(entry, _, _)| entry.command);
            match command {
                Some(Command::Goto) => app.open_mailbox(key),
                Some(Command::Subscribe) => commands::subscribe(app, key, true),
                Some(Command::Save) => file(app, Filing::Move, key),
                Some(Command::Copy) => file(app, Filing::Copy, key),
                Some(_) | None => {}
            }
        }
    }
}

fn file(app: &mut App, filing: Filing, to: MailboxKey) {
    if let Some(keys) = commands::meant(app) {
        commands::file_into(app, filing, keys, to);
    }
}

/// A line that fits no row: a command with a number or a word behind it.
pub fn typed(app: &mut App, line: &str) {
    let Some((entry, argument, rest)) = parsed(app.screen, line) else {
        app.hint(format!("No command here is called \"{}\".", line.trim()));
        return;
    };
    let rest = rest.trim();
    let (command, name) = (entry.command, entry.name);
    match (argument, command) {
        _ if rest.is_empty() => run(app, command),
        (Argument::Mailbox, Command::Save) => make(app, Filing::Move, rest),
        (Argument::Mailbox, Command::Copy) => make(app, Filing::Copy, rest),
        (Argument::Mailbox | Argument::Hidden, _) => {
            app.hint(format!("No folder is called \"{rest}\"."))
        }
        (Argument::Words, Command::Keyword) => {
            if let Some(keys) = commands::meant(app) {
                commands::keyword(app, keys, rest);
            }
        }
        (Argument::Words, _) => commands::find(app, rest),
        (Argument::Number, _) => match (rest.parse::<u64>(), command) {
            (Ok(number), Command::Account) => commands::account(app, number),
            (Ok(number), _) => commands::jump(app, number),
            (Err(_), _) => app.hint(format!("{name} takes a number, \"{rest}\" is none.")),
        },
    }
}

fn make(app: &mut App, filing: Filing, name: &str) {
    if let Some(keys) = commands::meant(app) {
        commands::ask_make(app, filing, keys, name);
    }
}

/// Runs a command as its key does.
fn run(app: &mut App, command: Command) {
    let entry = COMMANDS.iter().find(|entry| entry.command == command);
    let key = entry.and_then(|entry| entry.pressed().next());
    let key = key.unwrap_or(Key::plain(Code::Enter));
    match app.screen {
        Screen::Setup => setup::run(app, command, key),
        Screen::Compose | Screen::ComposeHead => compose::keys::run(app, command, key),
        _ => commands::run(app, command, key),
    }
}
