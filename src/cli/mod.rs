//! The command line: a face for scripts, and for people who read line by line.
//!
//! Every command is a plain function over `ops` (what is in the store) and `sync` (what needs a
//! server). Text from outside is sanitised before it is printed; `--json` is a contract with its
//! own types in `json`; an error is three kinds of line and an exit code. Nothing here draws a
//! screen: `main.rs` hands `demo`, `open` and a bare start to `tui`.

pub mod account;
pub mod args;
pub mod compose;
pub mod conversations;

pub mod demo;
pub mod error;
pub mod export;
pub mod fetch;
pub mod flag;
pub mod gauge;
pub mod ids;
pub mod import;
pub mod json;
pub mod list;
pub mod local;
pub mod log;
pub mod mailbox;
pub mod maildrop;
pub mod manual;
pub mod mute;
pub mod online;
pub mod outcome;
pub mod output;
pub mod places;
pub mod prompt;
pub mod publish;
pub mod queue;
pub mod refusal;
pub mod save;
pub mod search;
pub mod send;
mod servers;
pub mod setup;
pub mod shelf;
pub mod show;
pub mod start;
pub mod sync;
pub mod text;
pub mod time;
pub mod triage;
pub mod watch;

use args::{Account, Command, Global, Mailbox, Mute, NewRole, Queue};
use error::Failure;
use start::Start;

use crate::config::Settings;
use crate::model::{Draft, Notice, Severity};
use crate::ops;

/// Runs one command to its end and returns the exit code.
pub fn run(global: &Global, command: Command) -> u8 {
    let ended = match command {
        Command::Completions { shell } => manual::completions(shell),
        Command::Man => manual::man(),
        command => attempt(global, command),
    };
    match ended {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

/// What the screen starts from. What is wrong with the settings goes into its Log.
pub fn screen(global: &Global) -> Result<Start, Failure> {
    log::start(global, true)?;
    let start = Start::new(global)?;
    start.need_readable()?;
    let store = start.store()?;
    for warning in &start.warnings {
        let notice = Notice {
            severity: Severity::Warning,
            account: String::new(),
            topic: "settings".to_owned(),
            text: warning.to_string(),
            hint: "Correct the file and start again.".to_owned(),
            detail: String::new(),
        };
        ops::notices::tell(&store, notice).wait()?;
    }
    Ok(start)
}

/// The person's own settings for a screen over other mail; a file that cannot be read is told and
/// its defaults hold.
pub fn own_settings(global: &Global) -> Result<Settings, Failure> {
    log::start(global, true)?;
    let start = Start::new(global)?;
    start.tell_warnings();
    Ok(start.settings)
}

/// What `compose` opens the composer with.
pub fn draft(start: &Start, arguments: &args::Compose) -> Result<Draft, Failure> {
    if start
        .settings
        .accounts
        .iter()
        .all(|one| one.address.is_empty())
    {
        return Err(Failure::new("No account has an address to write from")
            .hint("`lacebark setup` adds an account."));
    }
    compose::draft(&start.settings, arguments)
}

/// A fault of the program is told in the same three kinds of line, without what it was working on:
/// that may be private.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(
            || "an unknown place".to_owned(),
            |place| format!("{}:{}", place.file(), place.line()),
        );
        tracing::error!(%place, "a fault of the program");
        Failure::new(format!("A fault in lacebark at {place}"))
            .hint(
                "Nothing that was confirmed is lost. Start again; report the place if it repeats.",
            )
            .report();
    }));
}

fn attempt(global: &Global, command: Command) -> Result<(), Failure> {
    log::start(global, false)?;
    let mut start = Start::new(global)?;
    start.tell_warnings();
    dispatch(&mut start, command)?;
    start.out.finish()
}

fn dispatch(start: &mut Start, command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo | Command::Open { .. } | Command::Compose(_) => {
            Err(Failure::new("This command has a screen"))
        }
        Command::Completions { shell } => manual::completions(shell),
        Command::Man => manual::man(),
        Command::Setup(arguments) => setup::run(start, &arguments),
        Command::Login {
            account,
            password_stdin,
        } => setup::login(start, &account, password_stdin),
        Command::Logout { account } => setup::logout(start, &account),
        Command::Send(arguments) => send::run(start, &arguments),
        Command::Status => account::status(start),
        Command::Account(Account::List) => account::list(start),
        Command::Account(Account::Show { account }) => account::show(start, &account),
        Command::Account(Account::Test { account }) => setup::test(start, &account),
        Command::Account(Account::Remove { account, yes }) => account::remove(start, &account, yes),
        Command::Account(Account::OnServer {
            account,
            policy,
            yes,
        }) => maildrop::set_policy(start, &account, policy, yes),
        Command::Account(Account::Prune { account }) => account::prune(start, account.as_deref()),
        Command::Sync {
            accounts,
            watch: true,
            ..
        } => watch::run(start, &accounts),
        Command::Sync {
            accounts,
            mailbox,
            watch: false,
        } => sync::run(start, &accounts, mailbox.as_deref()),
        Command::Mailbox(Mailbox::List { account }) => list::mailboxes(start, account.as_deref()),
        Command::Mailbox(Mailbox::Create { name, role }) => {
            mailbox::create(start, &name, role.map(NewRole::role))
        }
        Command::Mailbox(Mailbox::Rename { mailbox, to }) => mailbox::rename(start, &mailbox, &to),
        Command::Mailbox(Mailbox::Delete { mailbox, yes }) => mailbox::delete(start, &mailbox, yes),
        Command::Mailbox(Mailbox::Subscribe { mailbox }) => {
            mailbox::subscribe(start, &mailbox, true)
        }
        Command::Mailbox(Mailbox::Unsubscribe { mailbox }) => {
            mailbox::subscribe(start, &mailbox, false)
        }
        Command::List {
            mailbox,
            account,
            limit,
            unread,
            threads,
        } => {
            let place = (mailbox.as_str(), account.as_deref());
            match threads {
                false => list::messages(start, place.0, place.1, limit, unread),
                true => conversations::list(start, place, limit, unread),
            }
        }
        Command::Search(arguments) => search::run(start, &arguments),
        Command::Show(arguments) => show::show(start, &arguments),
        Command::Save { id, part, to } => show::save_file(start, id.0, part.as_ref(), &to),
        Command::Flag(arguments) => flag::change(start, &arguments, flag::Value::Set),
        Command::Unflag(arguments) => flag::change(start, &arguments, flag::Value::Clear),
        Command::Move(arguments) => triage::transfer(start, &arguments, triage::Way::Move),
        Command::Copy(arguments) => triage::transfer(start, &arguments, triage::Way::Copy),
        Command::Archive { ids } => triage::archive(start, &ids),
        Command::Delete(arguments) => triage::delete(start, &arguments),
        Command::Expunge { mailbox, yes } => triage::expunge(start, &mailbox, yes),
        Command::Undo => triage::undo(start),
        Command::Import(what) => import::run(start, &what),
        Command::Export(what) => export::run(start, &what),
        Command::Mute {
            what: None | Some(Mute::List),
        } => mute::list(start),
        Command::Mute {
            what: Some(Mute::Add(what)),
        } => mute::add(start, &what),
        Command::Mute {
            what: Some(Mute::Remove(what)),
        } => mute::remove(start, &what),
        Command::Queue(Queue::List) => queue::list(start),
        Command::Queue(Queue::Retry(selection)) => queue::retry(start, &selection),
        Command::Queue(Queue::Drop(selection)) => queue::withdraw(start, &selection),
    }
}
