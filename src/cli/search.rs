//! `search`: what fits, newest first, from this machine; what servers find beside it comes last.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::args;
use super::error::Failure;
use super::gauge::Gauge;
use super::output::{self, Head};
use super::start::Start;
use super::{json, list, places, servers, time};
use crate::mime::sanitize::Shown;
use crate::model::{MailboxKey, Query};
use crate::ops::search::{self, Ask, Scope, Stop};
use crate::store::lists::IndexRow;
use crate::store::search::{Hit, Searcher};
use crate::store::{Reader, Store, accounts, mailboxes};

/// For so long a search brings the index up to the mail before it answers.
const CATCH_UP: Duration = Duration::from_secs(5);
/// The same of `sync`, whose work it is.
const FINISH: Duration = Duration::from_secs(600);

const HEADS: [Head; 6] = [
    Head::right("ID"),
    Head::left("FLAGS"),
    Head::left("DATE"),
    Head::left("FROM").at_most(24),
    Head::left("MAILBOX").at_most(20),
    Head::left("SUBJECT"),
];

/// `search`.
pub fn run(start: &mut Start, arguments: &args::Search) -> Result<(), Failure> {
    let text = arguments.query.join(" ");
    let query = read(&text)?;
    let store = start.store()?;
    let path = start.paths.search_db();
    let mut searcher = Searcher::open(&store, &path)?;
    let left = match searcher.is_current()? {
        true => 0,
        false => catch_up(&store, start, CATCH_UP),
    };
    let ask = Ask {
        query: &query,
        is_typing: false,
        scope: scope(start, searcher.reader(), arguments)?,
        now: store.now(),
        zone: &|at| time::offset_at(at) * 60,
        is_enough: &|| false,
    };
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut hits = Vec::new();
    let found = searcher.find(&ask, &Stop::default(), &mut |hit| {
        hits.push(hit);
        if hits.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    if let Some(name) = found.unknown.first() {
        return Err(unknown(name));
    }
    let unindexed = left.max(found.unindexed);
    let far = match arguments.server {
        true => servers::search(start, ask.scope, &query)?,
        false => servers::Far::default(),
    };
    for hit in far.hits {
        let known = hits.iter().any(|one| one.content == hit.content);
        if !known && hits.len() < limit {
            hits.push(hit);
        }
    }
    print(start, &searcher, &hits, unindexed)?;
    if unindexed > 0 {
        output::warn(&format!(
            "about {unindexed} messages are not searched yet: `lacebark sync` goes on reading them"
        ));
    }
    for note in far.notes {
        output::warn(&note);
    }
    far.failure.map_or(Ok(()), Err)
}

fn read(text: &str) -> Result<Query, Failure> {
    let query = Query::parse(text).map_err(|error| {
        let width = Shown::line(
            &text
                .chars()
                .take(error.at.saturating_sub(1))
                .collect::<String>(),
        );
        Failure::usage(format!("The query is not understood: {error}"))
            .cause(Shown::line(text).as_str())
            .hint(format!("{}^", " ".repeat(width.width())))
    })?;
    if query.is_everything() {
        return Err(Failure::usage("The query holds no word to look for")
            .hint("`lacebark search --help` tells what can be asked."));
    }
    Ok(query)
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!(
        "There is no mailbox or account \"{}\"",
        Shown::line(name).as_str()
    ))
    .hint("`lacebark mailbox list` names the mailboxes, `lacebark account list` the accounts.")
}

fn scope(start: &Start, reader: &Reader, asked: &args::Search) -> Result<Scope, Failure> {
    if let Some(mailbox) = &asked.mailbox {
        let place = places::place(&start.settings, asked.account.as_deref(), mailbox)?;
        return Ok(Scope::Mailbox(list::find(reader, &place)?.key));
    }
    let Some(id) = &asked.account else {
        return Ok(Scope::All);
    };
    match accounts::find(reader, id)? {
        Some(account) => Ok(Scope::Account(account.key)),
        None => Err(places::unknown_account(&start.settings, id)),
    }
}

fn print(
    start: &mut Start,
    searcher: &Searcher,
    hits: &[Hit],
    unindexed: u64,
) -> Result<(), Failure> {
    let reader = searcher.reader();
    let mut names: BTreeMap<MailboxKey, (String, String)> = BTreeMap::new();
    let ids: BTreeMap<_, _> = accounts::all(reader)?
        .into_iter()
        .map(|account| (account.key, account.id))
        .collect();
    let those: BTreeSet<MailboxKey> = hits.iter().map(|hit| hit.mailbox).collect();
    for key in those {
        let mailbox = mailboxes::get(reader, key)?;
        let id = ids.get(&mailbox.account).cloned().unwrap_or_default();
        names.insert(key, (id, mailbox.name.unwrap_or_default()));
    }
    let rows = search::rows(searcher, hits)?;
    let name = |hit: &Hit| names.get(&hit.mailbox).cloned().unwrap_or_default();
    if start.out.json {
        let mut messages = Vec::with_capacity(rows.len());
        for (hit, row) in &rows {
            let (account, mailbox) = name(hit);
            messages.push(list::message(reader, row, &account, &mailbox)?);
        }
        return start.out.object(&json::FoundMessages {
            messages,
            unindexed,
        });
    }
    let several = ids.len() > 1;
    let line = |(hit, row): &(Hit, IndexRow)| {
        let (account, mailbox) = name(hit);
        let mailbox = match several {
            true => format!("{account}:{mailbox}"),
            false => mailbox,
        };
        let mut columns = list::columns(row, None);
        let at = columns.len().saturating_sub(1);
        columns.insert(at, Shown::line(&mailbox));
        columns
    };
    let rows: Vec<Vec<Shown>> = rows.iter().map(line).collect();
    start.out.table(&HEADS, &rows)
}

/// Brings the index up to the mail; what keeps it from that is no failure of a command. Answers how
/// much is left.
pub fn catch_up(store: &Store, start: &Start, limit: Duration) -> u64 {
    let begun = Instant::now();
    let mut gauge = Gauge::new();
    let mut total = 0;
    let told = io::stderr().is_terminal();
    let left = search::catch_up(store, &start.paths.search_db(), &mut |left| {
        total = total.max(left);
        if told && begun.elapsed() > Duration::from_millis(300) {
            gauge.tell("reading mail for the search", total - left, total);
        }
        begun.elapsed() < limit
    });
    left.unwrap_or_else(|error| {
        tracing::warn!(%error, "the search index cannot be written");
        0
    })
}

/// What `sync` does at its end.
pub fn finish(store: &Store, start: &Start) {
    let left = catch_up(store, start, FINISH);
    if left > 0 {
        output::warn(&format!(
            "about {left} messages are not read for the search yet: the next sync goes on"
        ));
    }
}
