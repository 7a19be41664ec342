//! `account …` and `status`: what is configured and how it stands.

use super::error::{Failure, sentence};
use super::output::{self, Head};
use super::start::Start;
use super::{json, places, prompt, time};
use crate::config::{AccountSettings, Auth, Keep, SecretError, edit};
use crate::mime::sanitize::Shown;
use crate::model::{AccountKey, AccountKind, Link, LinkState, OperationState};
use crate::ops;
use crate::store::{Reader, accounts, journal, links, mailboxes};
use crate::sync::owner;

/// `account list`.
pub fn list(start: &mut Start) -> Result<(), Failure> {
    let mut listed: Vec<json::Account> = start.settings.accounts.iter().map(of_settings).collect();
    let known = accounts::all(&start.store()?.reader()?)?;
    let strange = known.into_iter().filter(|row| {
        let faulty = start.settings.faulty.contains(&row.id);
        start.settings.account(&row.id).is_none() && !faulty
    });
    listed.extend(strange.map(|row| json::Account {
        configured: false,
        kind: row.kind.word(),
        ..of_settings(&AccountSettings::local(&row.id))
    }));
    if start.out.json {
        return start.out.object(&json::Accounts { accounts: listed });
    }
    let heads = [
        Head::left("ACCOUNT"),
        Head::left("ADDRESS"),
        Head::left("OFFLINE"),
        Head::left("SERVER"),
    ];
    let rows: Vec<Vec<Shown>> = listed
        .iter()
        .map(|account| {
            let server = match (
                account.imap.as_ref().or(account.pop3.as_ref()),
                account.configured,
            ) {
                (Some(url), _) => url.as_str(),
                (None, true) => "none: local mail",
                (None, false) => "not configured: its mail is kept",
            };
            [
                account.id.as_str(),
                &account.address,
                &account.offline,
                server,
            ]
            .map(Shown::line)
            .to_vec()
        })
        .collect();
    start.out.table(&heads, &rows)?;
    for id in &start.settings.faulty {
        output::warn(&format!(
            "the account {id} is left out: its settings have a fault"
        ));
    }
    Ok(())
}

/// One account as `--json` has it.
pub fn of_settings(account: &AccountSettings) -> json::Account {
    let endpoint = account.endpoint();
    let maildrop = account.maildrop();
    json::Account {
        id: account.id.clone(),
        configured: true,
        name: account.name.clone(),
        address: account.address.clone(),
        kind: account.stored_kind().word(),
        imap: endpoint
            .filter(|_| maildrop.is_none())
            .map(ToString::to_string),
        pop3: maildrop.map(|maildrop| maildrop.endpoint.to_string()),
        on_server: maildrop.map(|maildrop| maildrop.on_server.to_string()),
        smtp: account.smtp.as_ref().map(ToString::to_string),
        login: account.login.clone(),
        auth: match account.auth {
            Auth::Password => "password",
            Auth::XOAuth2 => "xoauth2",
        },
        keep: match account.keep {
            Keep::Keyring => "keyring",
            Keep::Ask => "ask",
            Keep::Command(_) => "command",
        },
        offline: account.offline.to_string(),
    }
}

/// `account show`.
pub fn show(start: &mut Start, id: &str) -> Result<(), Failure> {
    let account = of_settings(places::account(&start.settings, id)?);
    if start.out.json {
        let accounts = vec![account];
        return start.out.object(&json::Accounts { accounts });
    }
    let none = || "-".to_owned();
    for (label, value) in [
        ("Account", account.id),
        ("Name", account.name),
        ("Address", account.address),
        if account.pop3.is_some() {
            ("POP3", account.pop3.unwrap_or_default())
        } else {
            ("IMAP", account.imap.unwrap_or_else(none))
        },
        ("SMTP", account.smtp.unwrap_or_else(none)),
        ("Login", account.login),
        ("Sign-in", account.auth.to_owned()),
        ("Password", account.keep.to_owned()),
        ("Offline", account.offline),
    ]
    .into_iter()
    .chain(account.on_server.map(|policy| ("On server", policy)))
    {
        let value = if value.is_empty() { none() } else { value };
        start.out.line(&format!("{label:<10}{value}"))?;
    }
    Ok(())
}

/// `account remove`: mail, queue, password and settings of the account go, on this machine alone
/// (SAFETY S7). The settings go last, so that a remove that broke off can be repeated.
pub fn remove(start: &mut Start, id: &str, yes: bool) -> Result<(), Failure> {
    let row = accounts::find(&start.store()?.reader()?, id)?;
    let configured = start.settings.account(id).is_some()
        || start.settings.faulty.iter().any(|faulty| faulty == id);
    if row.is_none() && !configured {
        return Err(places::unknown_account(&start.settings, id));
    }
    refuse_owned(start, id)?;
    if !yes && !confirmed(start, id, row.as_ref())? {
        return Err(Failure::new(format!("The account {id} stays")));
    }
    forget(start, id)?;
    let store = start.store()?;
    if let Some(row) = row {
        ops::accounts::remove(&store, row.key)?;
        ops::search::forget(&start.paths.search_db())?;
    }
    edit::remove_account(&start.paths.config, id)?;
    let copies = store.copies();
    if start.out.json {
        return start.out.object(&json::Removed { copies });
    }
    start
        .out
        .line(&format!("The account {id} is removed from this machine."))?;
    if copies.is_empty() {
        return Ok(());
    }
    // They are the only copy of what could not be saved, of other accounts too.
    start.out.line(
        "These files were set aside before, when the mail store was damaged or changed, and may \
         still hold its mail. Delete them when nothing in them is needed any more:",
    )?;
    for copy in copies {
        let name = Shown::line(&copy.display().to_string());
        start.out.line(&format!("  {}", name.as_str()))?;
    }
    Ok(())
}

fn confirmed(start: &Start, id: &str, row: Option<&accounts::Account>) -> Result<bool, Failure> {
    if !prompt::possible() {
        return Err(
            Failure::usage(format!("Not removing the account {id} without being asked"))
                .hint("`--yes` answers where there is no terminal."),
        );
    }
    let (mut messages, mut waiting) = (0, 0);
    let mut rest = "The server keeps its mail.";
    if let Some(row) = row {
        let reader = start.store()?.reader()?;
        let all = mailboxes::all(&reader, row.key)?;
        messages = all.iter().map(|m| m.total).sum();
        waiting = counts(&reader, row.key)?.0;
        rest = match row.kind {
            AccountKind::Imap => rest,
            AccountKind::Pop3 => {
                "What its server does not have any more, and what you filed, is lost with it: \
                 `lacebark export` saves it first."
            }
            AccountKind::Local => {
                "It is on no server, and lost with it: `lacebark export` saves it first."
            }
        };
    }
    prompt::confirm(&format!(
        "Remove the account {id} with {messages} messages kept here, {waiting} changes that wait, \
         and its password? {rest}"
    ))
}

/// An account that another process works for is not to be pulled away under it.
fn refuse_owned(start: &Start, id: &str) -> Result<(), Failure> {
    match owner::of(&start.paths.data, id)? {
        Some(pid) => Err(
            Failure::new(format!("Process {pid} works for the account {id}")).hint("End it first."),
        ),
        None => Ok(()),
    }
}

/// Takes the password out of the keyring. Where no keyring answers there is none to take.
fn forget(start: &Start, id: &str) -> Result<(), Failure> {
    match start.env()?.secrets.delete(id).wait() {
        Ok(()) => Ok(()),
        Err(SecretError::Absent { why }) => {
            output::warn(&format!("no keyring answers, so none was asked: {why}"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// `account prune`: drops bodies outside of the window of each mailbox.
pub fn prune(start: &mut Start, account: Option<&str>) -> Result<(), Failure> {
    let chosen: Vec<AccountSettings> = match account {
        Some(id) => vec![places::account(&start.settings, id)?.clone()],
        None => start.settings.accounts.clone(),
    };
    let store = start.store()?;
    let reader = store.reader()?;
    let mut dropped = 0;
    for account in chosen.iter().filter(|a| a.endpoint().is_some()) {
        if let Some(row) = accounts::find(&reader, &account.id)? {
            let policy = |name: &str| account.offline_of(name);
            dropped += ops::accounts::prune_all(&store, row.key, policy)?.messages;
        }
    }
    if start.out.json {
        return start.out.object(&json::Pruned { dropped });
    }
    start.out.line(&format!("{dropped} bodies dropped."))
}

/// A sentence for a person; `--json` has nothing to add to the exit code.
pub fn say(start: &mut Start, text: &str) -> Result<(), Failure> {
    if start.out.json {
        return start.out.object(&json::Done {});
    }
    start.out.line(text)
}

/// `status`.
pub fn status(start: &mut Start) -> Result<(), Failure> {
    let reader = start.store()?.reader()?;
    let mut ids: Vec<(String, bool)> = start
        .settings
        .accounts
        .iter()
        .map(|account| (account.id.clone(), true))
        .collect();
    for row in accounts::all(&reader)? {
        if !ids.iter().any(|(id, _)| *id == row.id) {
            ids.push((row.id, false));
        }
    }
    let statuses = ids
        .into_iter()
        .map(|(id, configured)| account_status(start, &reader, id, configured))
        .collect::<Result<Vec<_>, _>>()?;
    let keyring = keyring(start)?;
    if start.out.json {
        return start.out.object(&json::Status {
            accounts: statuses,
            keyring,
            version: env!("CARGO_PKG_VERSION"),
        });
    }
    print_status(start, &statuses, &keyring)
}

fn account_status(
    start: &Start,
    reader: &Reader,
    id: String,
    configured: bool,
) -> Result<json::AccountStatus, Failure> {
    let pid = owner::of(&start.paths.data, &id)?;
    let key = accounts::find(reader, &id)?.map(|row| row.key);
    // A link row is the word of its owner: without one it says nothing any more.
    let link: Option<Link> = match (key, pid) {
        (Some(key), Some(_)) => owner::link_now(&start.paths.data, &id, links::get(reader, key)?),
        _ => None,
    };
    let (mut unread, mut total, mut waiting) = (0, 0, (0, 0));
    if let Some(key) = key {
        for mailbox in mailboxes::all(reader, key)? {
            unread += mailbox.unread;
            total += mailbox.total;
        }
        waiting = counts(reader, key)?;
    }
    let link = link.as_ref();
    Ok(json::AccountStatus {
        id,
        configured,
        state: link.map_or(LinkState::Idle, |link| link.state).word(),
        pid,
        since: link.map(|link| time::rfc3339(link.since)),
        next_try: link.and_then(|link| link.next_try).map(time::rfc3339),
        why: link
            .map(|link| link.why.clone())
            .filter(|why| !why.is_empty()),
        unread,
        total,
        queued: waiting.0,
        failed: waiting.1,
    })
}

/// Operations of an account that wait, and those that need a person.
fn counts(reader: &Reader, key: AccountKey) -> Result<(u64, u64), Failure> {
    let mut counts = (0, 0);
    for operation in journal::all(reader)? {
        if operation.account != key {
            continue;
        }
        match operation.state {
            OperationState::Queued { .. } | OperationState::InFlight { .. } => counts.0 += 1,
            OperationState::Unsure | OperationState::Failed { .. } => counts.1 += 1,
        }
    }
    Ok(counts)
}

fn keyring(start: &Start) -> Result<json::Keyring, Failure> {
    let asked = start
        .settings
        .accounts
        .iter()
        .find(|account| account.keep == Keep::Keyring)
        .map_or("lacebark", |account| account.id.as_str());
    Ok(match start.env()?.secrets.status(asked).wait() {
        Ok(backend) => json::Keyring {
            backend: Some(backend),
            available: true,
            why: None,
        },
        Err(error) => json::Keyring {
            backend: None,
            available: false,
            why: Some(error.to_string()),
        },
    })
}

fn print_status(
    start: &mut Start,
    statuses: &[json::AccountStatus],
    keyring: &json::Keyring,
) -> Result<(), Failure> {
    let heads = [
        Head::left("ACCOUNT"),
        Head::left("STATE"),
        Head::right("UNREAD"),
        Head::right("TOTAL"),
        Head::right("QUEUED"),
        Head::right("FAILED"),
        Head::left("NOTE"),
    ];
    let rows: Vec<Vec<Shown>> = statuses
        .iter()
        .map(|account| {
            [
                account.id.as_str(),
                account.state,
                &account.unread.to_string(),
                &account.total.to_string(),
                &account.queued.to_string(),
                &account.failed.to_string(),
                &note(account),
            ]
            .map(Shown::line)
            .to_vec()
        })
        .collect();
    if rows.is_empty() {
        start
            .out
            .line("No account yet: `lacebark setup` adds one.")?;
    } else {
        start.out.table(&heads, &rows)?;
    }
    let line = match (&keyring.backend, &keyring.why) {
        (Some(backend), _) => format!("Keyring: {backend}"),
        (None, why) => format!(
            "Keyring: not available: {}",
            why.as_deref().unwrap_or("no reason given")
        ),
    };
    start.out.line("")?;
    start.out.line(&line)
}

fn note(account: &json::AccountStatus) -> String {
    let mut notes = Vec::new();
    if !account.configured {
        notes.push("not configured; its mail is kept".to_owned());
    }
    if let Some(pid) = account.pid {
        notes.push(format!("process {pid}"));
    }
    if let Some(why) = &account.why {
        notes.push(sentence(why));
    }
    if let Some(next) = &account.next_try {
        notes.push(format!("next try {next}"));
    }
    if notes.is_empty() {
        notes.push("-".to_owned());
    }
    notes.join("; ")
}
