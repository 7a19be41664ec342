//! What a person does with mailboxes in the folder list: make, rename, delete, subscribe.

use crate::model::journal::is_within;
use crate::model::{MailboxKey, Role};
use crate::tui::app::event::MailboxChange;
use crate::tui::app::pick::{Choice, Target};
use crate::tui::app::prompt::{Asking, Prompt, Purpose};
use crate::tui::app::view::{Account, Mailbox};
use crate::tui::app::wished_folders::is_being_made;
use crate::tui::app::{App, kept};

use super::triage::messages;

/// What is said of a folder whose row is a frame ahead of the store.
pub(super) const BEING_MADE: &str = "This folder is being made just now.";

/// The account of the selected row.
fn account_here(app: &App) -> Option<(String, String)> {
    let (id, _) = app.folders.target(&app.accounts)?;
    let account = app.accounts.iter().find(|account| account.id == id)?;
    Some((account.id.clone(), account.address.clone()))
}

/// The selected mailbox.
fn mailbox_here(app: &mut App) -> Option<MailboxKey> {
    let key = app.folders.target(&app.accounts).and_then(|(_, key)| key);
    if app.folders.search().is_some() {
        app.hint(kept::NO_FOLDER);
        return None;
    }
    if app.folders.outbox_of(&app.accounts).is_some() {
        app.hint("The Outbox is no folder of the server; Enter shows what is in it.");
        return None;
    }
    if key.is_none() {
        app.hint("This is an account; choose one of its folders.");
    }
    if key.is_some_and(is_being_made) {
        app.hint(BEING_MADE);
        return None;
    }
    key
}

/// `+`.
pub(in crate::tui::app) fn ask_new(app: &mut App) {
    let Some((account, address)) = account_here(app) else {
        app.hint(match app.accounts.is_empty() {
            true => "There is no account yet.",
            false => "Choose an account or one of its folders first: the new one comes there.",
        });
        return;
    };
    let above = beside(app);
    let question = format!("Name of the new folder of {address}");
    app.open_prompt(line(Purpose::NewMailbox(account), question, &above));
}

/// A line that holds `value`, ready to be gone on with.
fn line(purpose: Purpose, question: String, value: &str) -> Prompt {
    let mut prompt = Prompt::text(purpose, question, value);
    if let Asking::Text(field) = &mut prompt.asking {
        field.proposed = false;
    }
    prompt
}

/// What the name of a new folder begins with: it comes below the selected one if that holds
/// folders, else beside it.
fn beside(app: &App) -> String {
    let key = app.folders.target(&app.accounts).and_then(|(_, key)| key);
    let found = key.and_then(|key| app.find_mailbox(key));
    let Some((account, mailbox, delimiter)) = found.and_then(|(a, m)| Some((a, m, m.delimiter?)))
    else {
        return String::new();
    };
    if (holds_folders(account, mailbox) || !mailbox.selectable) && mailbox.role != Some(Role::Inbox)
    {
        return format!("{}{delimiter}", mailbox.name);
    }
    let end = mailbox.name.rfind(delimiter);
    let end = end.map_or(0, |at| at + delimiter.len_utf8());
    mailbox.name.get(..end).unwrap_or_default().to_owned()
}

fn holds_folders(account: &Account, mailbox: &Mailbox) -> bool {
    let below = |other: &Mailbox| is_within(&other.name, &mailbox.name, mailbox.delimiter);
    account.mailboxes.iter().any(below)
}

/// `R`.
pub(in crate::tui::app) fn ask_rename(app: &mut App) {
    if kept::ask_rename(app) {
        return;
    }
    let Some(key) = mailbox_here(app) else { return };
    let Some(name) = app.find_mailbox(key).map(|(_, m)| m.name.clone()) else {
        return;
    };
    if is_inbox(app, key) {
        app.hint("INBOX cannot be renamed.");
        return;
    }
    let question = format!("New name of {name}");
    app.open_prompt(Prompt::text(Purpose::RenameMailbox(key), question, &name));
}

fn is_inbox(app: &App, key: MailboxKey) -> bool {
    app.find_mailbox(key)
        .is_some_and(|(_, mailbox)| mailbox.role == Some(Role::Inbox))
}

/// `D` in the folder list.
pub(in crate::tui::app) fn ask_delete(app: &mut App) {
    if kept::delete(app) {
        return;
    }
    let Some(key) = mailbox_here(app) else { return };
    let found = app.find_mailbox(key);
    let found = found.map(|(a, m)| (m.clone(), holds_folders(a, m), a.link.is_some()));
    let Some((mailbox, has_inferiors, on_server)) = found else {
        return;
    };
    if is_inbox(app, key) {
        app.hint("INBOX cannot be deleted.");
        return;
    }
    if has_inferiors {
        let name = &mailbox.name;
        app.hint(format!("{name} has folders below it: delete those first."));
        return;
    }
    let holds = match mailbox.total {
        Some(0) => String::new(),
        Some(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            format!(" with {}", messages(count))
        }
        None => " with what is in it".to_owned(),
    };
    let question = format!("Delete the folder {}{holds}?", mailbox.name);
    let options = vec![('y', "Yes"), ('n', "No")];
    let mut prompt = Prompt::choice(Purpose::DeleteMailbox(key), question, options, 1);
    let note = match on_server {
        true => "U takes it back until the server has done it; then its messages are gone.",
        false => "Its messages are gone then: U does not bring them back.",
    };
    prompt.notes = vec![note.to_owned()];
    app.open_prompt(prompt);
}

/// A new mailbox is wished.
pub(in crate::tui::app) fn create(app: &mut App, account: String, name: &str) {
    let name = name.trim();
    if name.is_empty() {
        app.hint("No name was given; nothing was made.");
        return;
    }
    app.change_mailbox(MailboxChange::Create {
        account,
        name: name.to_owned(),
    });
}

/// Another name is wished.
pub(in crate::tui::app) fn rename(app: &mut App, key: MailboxKey, to: &str) {
    let to = to.trim();
    let same = app.find_mailbox(key).is_some_and(|(_, m)| m.name == to);
    if to.is_empty() || same {
        app.hint("The name stays.");
        return;
    }
    app.change_mailbox(MailboxChange::Rename {
        mailbox: key,
        to: to.to_owned(),
    });
}

/// The mailbox is to go: the question was answered.
pub(in crate::tui::app) fn remove(app: &mut App, key: MailboxKey) {
    app.change_mailbox(MailboxChange::Remove(key));
}

/// Asks which mailbox is to be shown again, or hides the selected one.
pub(in crate::tui::app) fn ask_subscribe(app: &mut App) {
    let choices = hidden(app);
    if choices.is_empty() {
        app.hint("No folder is hidden: all are subscribed.");
        return;
    }
    app.open_prompt(Prompt::pick(
        Purpose::Subscribe,
        "Folder to subscribe",
        choices,
    ));
}

/// The mailboxes that are not subscribed.
pub(in crate::tui::app) fn hidden(app: &App) -> Vec<Choice> {
    let several = app.accounts.len() > 1;
    let all = app.accounts.iter().flat_map(|account| {
        let unlisted = account.mailboxes.iter().filter(|m| !m.listed);
        unlisted.map(move |mailbox| Choice {
            text: match several {
                true => format!("{}:{}", account.id, mailbox.name),
                false => mailbox.name.clone(),
            },
            key: String::new(),
            detail: account.address.clone(),
            target: Target::Mailbox(mailbox.key),
        })
    });
    all.collect()
}

/// Subscribes, or unsubscribes, a mailbox.
pub(in crate::tui::app) fn subscribe(app: &mut App, mailbox: MailboxKey, subscribed: bool) {
    if is_inbox(app, mailbox) {
        app.hint("INBOX is always listed and kept.");
        return;
    }
    app.change_mailbox(MailboxChange::Subscribe {
        mailbox,
        subscribed,
    });
}

/// Subscribes the selected mailbox or, when it is subscribed, unsubscribes it.
pub(in crate::tui::app) fn toggle_subscribed(app: &mut App) {
    let Some(key) = mailbox_here(app) else { return };
    let subscribed = app.find_mailbox(key).is_some_and(|(_, m)| m.subscribed);
    subscribe(app, key, !subscribed);
}

/// Shows the folders that are not subscribed too, or hides them again.
pub(in crate::tui::app) fn show_all(app: &mut App) {
    app.folders.all = !app.folders.all;
    app.folders.rebuild(&app.accounts);
    let unlisted = hidden(app).len();
    app.hint(match (app.folders.all, unlisted) {
        (_, 0) => "There is no folder that is not subscribed.".to_owned(),
        (true, 1) => "1 folder that is not subscribed is shown too.".to_owned(),
        (true, count) => format!("{count} folders that are not subscribed are shown too."),
        (false, _) => "Only subscribed folders are shown.".to_owned(),
    });
}

/// Unsubscribes the selected mailbox, which hides it.
pub(in crate::tui::app) fn unsubscribe(app: &mut App) {
    if let Some(key) = mailbox_here(app) {
        subscribe(app, key, false);
    }
}
