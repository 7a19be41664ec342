//! Asking servers for what they find of a search, as requests to the owners of their accounts.

use std::time::Duration;

use crate::model::{AccountKind, Query};
use crate::ops::requests;
use crate::store::{StoreError, accounts, mailboxes};
use crate::tui::app::event::{Ended, Ticket};
use crate::tui::app::far::Asked;
use crate::tui::app::search::{MailQuery, Reach};

use super::{Running, World};

/// After this nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(600);

/// Asks the owners of all accounts that are meant. Each answers as it comes.
pub(super) fn ask(world: &World, ticket: Ticket, query: &MailQuery, networked: bool) -> Ended {
    if !networked {
        return Ended::ServersAsked(Vec::new());
    }
    match asked(world, ticket, query) {
        Ok(asked) => Ended::ServersAsked(asked),
        Err(error) => Ended::Failed(error.to_string()),
    }
}

fn asked(world: &World, ticket: Ticket, query: &MailQuery) -> Result<Vec<Asked>, StoreError> {
    // It was looked through before it came here.
    let Ok(text) = Query::parse(&query.text) else {
        return Ok(Vec::new());
    };
    let reader = world.store.reader()?;
    let (mut only, mut mailbox) = (None, None);
    match &query.reach {
        Reach::All => {}
        Reach::Account(id) => only = accounts::find(&reader, id)?.map(|one| one.key),
        Reach::Mailbox(key) => {
            only = Some(mailboxes::get(&reader, *key)?.account);
            mailbox = Some(*key);
        }
    }
    let settings = world.settings().clone();
    let (mut asked, mut running) = (Vec::new(), Vec::new());
    for account in &settings.accounts {
        let Some(row) = accounts::find(&reader, &account.id)? else {
            continue;
        };
        if account.stored_kind() != AccountKind::Imap || only.is_some_and(|key| key != row.key) {
            continue;
        }
        // Where everything is here a server that is gone is no news.
        if !requests::is_worth_searching(&reader, row.key, mailbox)? {
            continue;
        }
        let request = requests::search(&world.store, row.key, mailbox, &text, PATIENCE).wait()?;
        running.push((row.key, request));
        let account = account.id.clone();
        asked.push(Asked { account, request });
    }
    world
        .running()
        .insert(ticket, Running::Searching(running.clone()));
    for (key, _) in running {
        world.wake(key);
    }
    Ok(asked)
}
