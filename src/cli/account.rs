//! `account …`, `logout` and `status`: what is configured and how it stands.

use super::error::Failure;
use super::output::{self, Head};
use super::start::Start;
use super::{json, places};
use crate::config::{AccountSettings, Auth, Keep};
use crate::mime::sanitize::Shown;
use crate::store::accounts;

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
            let server = match (&account.imap, account.configured) {
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
    json::Account {
        id: account.id.clone(),
        configured: true,
        name: account.name.clone(),
        address: account.address.clone(),
        kind: if endpoint.is_some() { "imap" } else { "local" },
        imap: endpoint.map(ToString::to_string),
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
        ("IMAP", account.imap.unwrap_or_else(none)),
        ("SMTP", account.smtp.unwrap_or_else(none)),
        ("Login", account.login),
        ("Sign-in", account.auth.to_owned()),
        ("Password", account.keep.to_owned()),
        ("Offline", account.offline),
    ] {
        start.out.line(&format!("{label:<10}{value}"))?;
    }
    Ok(())
}

/// `logout`.
pub fn logout(start: &mut Start, id: &str) -> Result<(), Failure> {
    let account = places::account(&start.settings, id)?;
    match &account.keep {
        Keep::Keyring => {}
        Keep::Ask => {
            return say(start, &format!("No password of {id} is kept anywhere."));
        }
        Keep::Command(_) => {
            return say(
                start,
                &format!("The password of {id} is printed by a command; nothing is kept."),
            );
        }
    }
    start.env()?.secrets.delete(id).wait()?;
    say(start, &format!("The password of {id} is forgotten."))
}

/// A sentence for a person; `--json` has nothing to add to the exit code.
pub fn say(start: &mut Start, text: &str) -> Result<(), Failure> {
    if start.out.json {
        return start.out.object(&json::Done {});
    }
    start.out.line(text)
}
