//! What a person does with mailboxes in the folder list: make, rename, delete, subscribe.

use crate::model::MailboxKey;
use crate::tui::app::App;
use crate::tui::app::event::{Action, MailboxChange};
use crate::tui::app::pick::{Choice, Target};
use crate::tui::app::prompt::{Prompt, Purpose};

use super::triage::messages;

/// The account of the selected row.
fn account_here(app: &App) -> Option<(String, String)> {
    let (id, _) = app.folders.target(&app.accounts)?;
    let account = app.accounts.iter().find(|account| account.id == id)?;
    Some((account.id.clone(), account.address.clone()))
}

/// The selected mailbox.
fn mailbox_here(app: &mut App) -> Option<MailboxKey> {
    let key = app.folders.target(&app.accounts).and_then(|(_, key)| key);
    if key.is_none() {
        app.hint("This is an account; choose one of its folders.");
    }
    key
}

/// `+`.
pub(in crate::tui::app) fn ask_new(app: &mut App) {
    let Some((account, address)) = account_here(app) else {
        app.hint("There is no account yet.");
        return;
    };
    let question = format!("Name of the new folder of {address}");
    app.open_prompt(Prompt::text(Purpose::NewMailbox(account), question, ""));
}

/// `R`.
pub(in crate::tui::app) fn ask_rename(app: &mut App) {
    let Some(key) = mailbox_here(app) else { return };
    let Some(name) = app.find_mailbox(key).map(|(_, m)| m.name.clone()) else {
        return;
    };
    let question = format!("New name of {name}");
    app.open_prompt(Prompt::text(Purpose::RenameMailbox(key), question, &name));
}

/// `D` in the folder list.
pub(in crate::tui::app) fn ask_delete(app: &mut App) {
    let Some(key) = mailbox_here(app) else { return };
    let Some(mailbox) = app.find_mailbox(key).map(|(_, m)| m.clone()) else {
        return;
    };
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
    app.open_prompt(Prompt::choice(
        Purpose::DeleteMailbox(key),
        question,
        options,
        1,
    ));
}

/// A new mailbox is wished.
pub(in crate::tui::app) fn create(app: &mut App, account: String, name: &str) {
    let name = name.trim();
    if name.is_empty() {
        app.hint("No name was given; nothing was made.");
        return;
    }
    app.act(Action::Mailbox(MailboxChange::Create {
        account,
        name: name.to_owned(),
    }));
}

/// Another name is wished.
pub(in crate::tui::app) fn rename(app: &mut App, key: MailboxKey, to: &str) {
    let to = to.trim();
    let same = app.find_mailbox(key).is_some_and(|(_, m)| m.name == to);
    if to.is_empty() || same {
        app.hint("The name stays.");
        return;
    }
    app.act(Action::Mailbox(MailboxChange::Rename {
        mailbox: key,
        to: to.to_owned(),
    }));
}

/// The mailbox is to go: the question was answered.
pub(in crate::tui::app) fn remove(app: &mut App, key: MailboxKey) {
    app.act(Action::Mailbox(MailboxChange::Remove(key)));
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
        account.hidden.iter().map(move |(key, name)| Choice {
            text: match several {
                true => format!("{}:{name}", account.id),
                false => name.clone(),
            },
            key: String::new(),
            detail: account.address.clone(),
            target: Target::Mailbox(*key),
        })
    });
    all.collect()
}

/// Subscribes, or unsubscribes, a mailbox.
pub(in crate::tui::app) fn subscribe(app: &mut App, mailbox: MailboxKey, subscribed: bool) {
    app.act(Action::Mailbox(MailboxChange::Subscribe {
        mailbox,
        subscribed,
    }));
}

/// Unsubscribes the selected mailbox, which hides it.
pub(in crate::tui::app) fn unsubscribe(app: &mut App) {
    if let Some(key) = mailbox_here(app) {
        subscribe(app, key, false);
    }
}
