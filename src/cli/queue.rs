//! `queue …`: what waits for a server, was refused, or has an unknown end.

use std::collections::BTreeSet;

use super::args::QueueSelection;
use super::error::Failure;
use super::output::Head;
use super::start::Start;
use super::{flag, json, time};
use crate::mime::sanitize::Shown;
use crate::model::{FlagChange, Flags, MessageKey, OperationId, OperationState};
use crate::ops::queue::{self, Group, Touched, Which};
use crate::store::{Reader, accounts};

/// `queue list`.
pub fn list(start: &mut Start) -> Result<(), Failure> {
    let reader = start.store()?.reader()?;
    let operations = groups(&reader, |_| true)?;
    if start.out.json {
        return start.out.object(&json::Operations { operations });
    }
    let heads = [
        Head::right("ID"),
        Head::left("STATE"),
        Head::left("ACCOUNT"),
        Head::left("ASKED"),
        Head::left("WHAT").at_most(40),
        Head::left("WHY"),
    ];
    let rows: Vec<Vec<Shown>> = operations
        .iter()
        .map(|operation| {
            [
                operation.id.to_string().as_str(),
                operation.state,
                &operation.account,
                operation.asked.get(..16).unwrap_or_default(),
                &what(operation),
                operation.why.as_deref().unwrap_or("-"),
            ]
            .map(Shown::line)
            .to_vec()
        })
        .collect();
    start.out.table(&heads, &rows)
}

/// `flag \Seen on 3 messages`.
fn what(operation: &json::Operation) -> String {
    let mut changes = operation.add.clone();
    changes.extend(operation.remove.iter().map(|flag| format!("not {flag}")));
    let on = match operation.messages.as_slice() {
        [one] => format!("message {one}"),
        many => format!("{} messages", many.len()),
    };
    format!("{} {} on {on}", operation.kind, changes.join(" "))
}

/// The groups of the queue that `chosen` takes, as `--json` has them.
pub fn groups(
    reader: &Reader,
    chosen: impl Fn(&Group) -> bool,
) -> Result<Vec<json::Operation>, Failure> {
    let mut found = Vec::new();
    for group in queue::list(reader)?.into_iter().filter(|g| chosen(g)) {
        let account = accounts::get(reader, group.account)?.id;
        let FlagChange { add, remove } = group.change.unwrap_or_default();
        let names = |flags: &Flags| flags.names().map(str::to_owned).collect();
        found.push(json::Operation {
            id: group.id.0,
            ids: group.ids.iter().map(|id| id.0).collect(),
            account,
            kind: group.kind,
            state: group.state.word(),
            messages: group.messages.iter().map(|key| key.0).collect(),
            to: None,
            add: names(&add),
            remove: names(&remove),
            why: match group.state {
                OperationState::Failed { why, .. } => Some(why),
                OperationState::Queued { .. }
                | OperationState::InFlight { .. }
                | OperationState::Unsure => None,
            },
            asked: time::rfc3339(group.asked),
        });
    }
    Ok(found)
}

/// The failure when the server refused what was just asked of these messages.
pub fn refuse_failed(reader: &Reader, keys: &[MessageKey]) -> Result<(), Failure> {
    let refused = queue::list(reader)?.into_iter().find_map(|group| {
        let ours = group.messages.iter().any(|key| keys.contains(key));
        match group.state {
            OperationState::Failed { why, .. } if ours => Some((group.id, why)),
            _ => None,
        }
    });
    match refused {
        Some((id, why)) => Err(Failure::new("The server refused the change")
            .cause(why)
            .hint(format!(
                "`lacebark queue retry {id}` tries again, `lacebark queue drop {id}` takes it back."
            ))),
        None => Ok(()),
    }
}

/// `queue retry`.
pub fn retry(start: &mut Start, selection: &QueueSelection) -> Result<(), Failure> {
    let store = start.store()?;
    let reader = store.reader()?;
    let which = which(&reader, selection)?;
    let touched = queue::retry(&store, which).wait()?;
    tell(start, &touched, "will be sent again")?;
    let ids: BTreeSet<String> = accounts::all(&reader)?
        .into_iter()
        .map(|account| account.id)
        .collect();
    if touched.operations > 0 {
        flag::push(start, &ids)?;
    }
    Ok(())
}

/// `queue drop`.
pub fn withdraw(start: &mut Start, selection: &QueueSelection) -> Result<(), Failure> {
    let store = start.store()?;
    let which = which(&store.reader()?, selection)?;
    let touched = queue::withdraw(&store, which).wait()?;
    tell(start, &touched, "taken back")
}

/// `--unsure` alone names the unsure ones; `--all` has them among all, as no kind that must not be
/// sent twice is in the queue yet.
fn which(reader: &Reader, selection: &QueueSelection) -> Result<Which, Failure> {
    if selection.all {
        return Ok(Which::All);
    }
    let groups = queue::list(reader)?;
    if selection.unsure {
        let unsure = groups
            .into_iter()
            .filter(|group| group.state == OperationState::Unsure);
        return Ok(Which::Ids(unsure.map(|group| group.id).collect()));
    }
    let known: BTreeSet<OperationId> = groups.into_iter().flat_map(|group| group.ids).collect();
    let ids: Vec<OperationId> = selection.ids.iter().map(|id| id.0).collect();
    match ids.iter().find(|id| !known.contains(id)) {
        Some(id) => Err(Failure::new(format!("There is no operation {id}"))
            .hint("Nothing was changed; `lacebark queue list` prints the IDs.")),
        None => Ok(Which::Ids(ids)),
    }
}

fn tell(start: &mut Start, touched: &Touched, done: &str) -> Result<(), Failure> {
    if start.out.json {
        start.out.object(&json::Touched {
            changed: touched.operations,
            in_flight: touched.in_flight,
        })?;
    } else {
        start
            .out
            .line(&format!("Operations {done}: {}", touched.operations))?;
    }
    if touched.in_flight > 0 {
        return Err(Failure::new(format!(
            "{} operations are with the server just now and were left alone",
            touched.in_flight
        )));
    }
    Ok(())
}
