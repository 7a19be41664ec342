//! `sync`: store and servers made equal once, account by account.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::error::Failure;
use super::start::Start;
use super::{json, list, online, places, search};
use crate::config::AccountSettings;
use crate::mime::sanitize::Shown;
use crate::sync::{Progress, Tally, Work};

/// A first sync of a large account over a slow line takes its time.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// `sync`. At its end all mail is read for the search. Every account is tried; the first failure
/// decides the exit code.
pub fn run(start: &mut Start, ids: &[String], mailbox: Option<&str>) -> Result<(), Failure> {
    let mut failures = Vec::new();
    let mut synced = Vec::new();
    for (account, work) in chosen(start, ids, mailbox)? {
        let outcome = online::session(start, &account, &work, LONGEST, &progress());
        clear_progress();
        synced.push(json::SyncedAccount {
            done: outcome.is_ok(),
            why: outcome.as_ref().err().map(reason),
            ..tallied(
                &account.id,
                outcome.as_ref().ok().copied().unwrap_or_default(),
            )
        });
        failures.extend(outcome.err());
    }
    if start.out.json {
        start.out.object(&json::Synced { accounts: synced })?;
    } else {
        for account in synced.iter().filter(|account| account.done) {
            start.out.line(&summary(account))?;
        }
        if synced.is_empty() && failures.is_empty() {
            // Their mail is read for the search all the same.
            start
                .out
                .line("No account here has a server to sync with")?;
        }
    }
    search::finish(&start.store()?, start);
    let mut failures = failures.into_iter();
    let first = failures.next();
    for more in failures {
        // Each account that failed is told; the first one decides the code.
        let _ = io::stderr().lock().write_all(more.text().as_bytes());
    }
    first.map_or(Ok(()), Err)
}

fn chosen(
    start: &Start,
    ids: &[String],
    mailbox: Option<&str>,
) -> Result<Vec<(AccountSettings, Work)>, Failure> {
    if let Some(name) = mailbox {
        let account = match ids {
            [] => None,
            [id] => Some(id.as_str()),
            _ => {
                return Err(Failure::usage("--mailbox goes with one account"));
            }
        };
        let place = places::place(&start.settings, account, name)?;
        let found = list::find(&start.store()?.reader()?, &place);
        let name = match found {
            Ok(mailbox) => mailbox.name.unwrap_or(place.name),
            // It may be new on the server: the sync knows.
            Err(_) => place.name,
        };
        let account = places::with_server(&start.settings, &place.account.id)?;
        return Ok(vec![(account.clone(), Work::Mailbox(name))]);
    }
    if ids.is_empty() {
        let with_server = start.settings.accounts.iter().filter(|a| a.has_server());
        let all: Vec<_> = with_server.map(|a| (a.clone(), Work::All)).collect();
        if let (true, Some(id)) = (all.is_empty(), start.settings.faulty.first()) {
            return Err(places::unknown_account(&start.settings, id));
        }
        if start.settings.accounts.is_empty() {
            return Err(places::no_server());
        }
        return Ok(all);
    }
    ids.iter()
        .map(|id| Ok((places::with_server(&start.settings, id)?.clone(), Work::All)))
        .collect()
}

fn tallied(id: &str, tally: Tally) -> json::SyncedAccount {
    json::SyncedAccount {
        id: id.to_owned(),
        done: true,
        new: tally.new,
        flags: tally.flags,
        expunged: tally.expunged,
        bodies: tally.bodies,
        sent: tally.pushed,
        refused: tally.refused,
        left: tally.left,
        why: None,
    }
}

fn reason(failure: &Failure) -> String {
    failure.causes.last().unwrap_or(&failure.error).clone()
}

fn summary(account: &json::SyncedAccount) -> String {
    let mut parts = vec![format!("{} new", account.new)];
    for (count, word) in [
        (account.flags, "flags changed"),
        (account.expunged, "removed"),
        (account.bodies, "bodies"),
        (account.sent, "changes sent"),
        (account.refused, "changes refused"),
        (account.left, "deleted on the server"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    format!("{}: {}", account.id, parts.join(", "))
}

/// Progress on standard error, where a terminal shows it, at most once for each percent.
fn progress() -> online::Show {
    let terminal = io::stderr().is_terminal();
    let last = Mutex::new(String::new());
    Arc::new(move |now: &Progress| {
        if !terminal {
            return;
        }
        let line = match now.total {
            0 => format!("{} {}", now.account, now.mailbox),
            total => {
                let percent = now.done.saturating_mul(100) / total;
                format!("{} {} {percent} %", now.account, now.mailbox)
            }
        };
        let Ok(mut last) = last.lock() else { return };
        if *last != line {
            let shown = Shown::line(&line).truncate(78);
            // Progress that nobody can read is no failure.
            let _ = write!(io::stderr().lock(), "\r\u{1b}[K{shown}");
            *last = line;
        }
    })
}

fn clear_progress() {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
    }
}
