//! `queue …`: what waits for a server, was refused, or has an unknown end.

use std::collections::BTreeSet;

use super::args::QueueSelection;
use super::error::Failure;
use super::output::Head;
use super::start::Start;
use super::{json, outcome, time};
use crate::mime::sanitize::Shown;
use crate::model::journal::PutOff;
use crate::model::{ActionId, Delivery, FlagChange, Flags, OperationId, OperationState};
use crate::ops::queue::{self, Group, Touched, Which};
use crate::store::outgoing::Addressee;
use crate::store::{Reader, accounts, journal, mailboxes};

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
        Head::left("ACCOUNT").at_most(12),
        Head::left("ASKED"),
        Head::left("WHAT"),
    ];
    let rows: Vec<(Vec<Shown>, String)> = operations
        .iter()
        .map(|operation| {
            let cells = vec![
                Shown::line(&operation.id.to_string()),
                Shown::line(operation.state),
                Shown::line(&operation.account),
                Shown::line(&asked(operation)),
                Shown::line(&what(operation)),
            ];
            (cells, why(operation))
        })
        .collect();
    start.out.table_with_notes(&heads, &rows)
}

/// `11-21 08:02`: what waits is seldom a year old.
fn asked(operation: &json::Operation) -> String {
    let local = time::local_of(&operation.asked);
    local.get(5..).unwrap_or_default().to_owned()
}

/// Why it does not go on by itself, or not now.
fn why(operation: &json::Operation) -> String {
    match (operation.cause, &operation.why, &operation.next) {
        (Some(cause), Some(why), _) => format!("{cause}: {why}"),
        (None, why, Some(next)) => {
            let why = why.as_ref().map(|why| format!(": {why}"));
            format!(
                "{}, next at {}{}",
                tried(operation.tries),
                time::second_of_day(next),
                why.unwrap_or_default()
            )
        }
        _ if operation.state == OperationState::Unsure.word() && operation.kind == "submit" => {
            "it may have been sent: `queue retry ID` sends it again, `queue drop ID` gives it up"
                .to_owned()
        }
        _ if operation.state == OperationState::Unsure.word() => {
            "handed over, and the answer was lost: the next sync finds out".to_owned()
        }
        _ => String::new(),
    }
}

/// `not tried yet`, `tried once`, `tried 2 times`.
fn tried(count: u32) -> String {
    match count {
        0 => "not tried yet".to_owned(),
        1 => "tried once".to_owned(),
        count => format!("tried {count} times"),
    }
}

/// `flag \Seen on 3 messages`, `move message 17 to Trips`, `rename Trips to Journeys`.
fn what(operation: &json::Operation) -> String {
    let messages = match operation.messages.as_slice() {
        [one] => format!("message {one}"),
        many => format!("{} messages", many.len()),
    };
    let to = operation.to.as_deref().unwrap_or("?");
    let mailbox = operation.mailbox.as_deref().unwrap_or("?");
    match operation.kind {
        "flag" => {
            let mut changes = operation.add.clone();
            changes.extend(operation.remove.iter().map(|flag| format!("not {flag}")));
            format!("flag {} on {messages}", changes.join(" "))
        }
        "move" | "copy" | "append" => format!("{} {messages} to {to}", operation.kind),
        "create" => format!("create the mailbox {mailbox}"),
        "rename" => format!("rename the mailbox {mailbox} to {to}"),
        "remove" => format!("delete the mailbox {mailbox}"),
        "subscribe" if operation.subscribed == Some(false) => {
            format!("unsubscribe the mailbox {mailbox}")
        }
        "subscribe" => format!("subscribe the mailbox {mailbox}"),
        "submit" => match operation.subject.as_deref() {
            Some("") | None => "send a message without a subject".to_owned(),
            Some(subject) => format!("send \"{subject}\""),
        },
        "expunge" if operation.remains => {
            format!("delete what {messages} left behind here")
        }
        kind => format!("{kind} {messages}"),
    }
}

/// The groups of the queue that `chosen` takes, as `--json` has them.
pub fn groups(
    reader: &Reader,
    chosen: impl Fn(&Group) -> bool,
) -> Result<Vec<json::Operation>, Failure> {
    let groups = queue::list(reader)?.into_iter();
    groups
        .filter(|group| chosen(group))
        .map(|group| operation(reader, group))
        .collect()
}

fn operation(reader: &Reader, group: Group) -> Result<json::Operation, Failure> {
    let account = accounts::get(reader, group.account)?.id;
    let FlagChange { add, remove } = group.change.unwrap_or_default();
    let names = |flags: &Flags| flags.names().map(str::to_owned).collect();
    let to = match group.to {
        Some(key) => match mailboxes::get(reader, key)?.name {
            Some(name) => Some(name),
            None => mailboxes::called(reader, key)?,
        },
        None => None,
    };
    let recipients = match journal::find(reader, group.id)? {
        Some(operation) => queue::recipients(reader, &operation)?,
        None => Vec::new(),
    };
    let is_new = group.kind == "create";
    let mailbox = match group.mailbox {
        Some(_) if is_new => group.name.clone(),
        Some(key) => mailboxes::called(reader, key)?,
        None => None,
    };
    let (why, cause, next) = match &group.state {
        OperationState::Failed { why, cause } => (Some(why.clone()), Some(cause.word()), None),
        OperationState::Queued {
            put_off: Some(PutOff { until, why }),
        } => (
            Some(why.clone()).filter(|why| !why.is_empty()),
            None,
            Some(time::rfc3339(*until)),
        ),
        OperationState::Queued { put_off: None }
        | OperationState::InFlight { .. }
        | OperationState::Unsure => (None, None, None),
    };
    Ok(json::Operation {
        id: group.id.0,
        ids: group.ids.iter().map(|id| id.0).collect(),
        action: group.action.0,
        account,
        kind: group.kind,
        state: group.state.word(),
        messages: group.messages.iter().map(|key| key.0).collect(),
        remains: group.remains,
        to: to.or_else(|| group.name.filter(|_| !is_new)),
        mailbox,
        subscribed: group.subscribed,
        subject: group.subject,
        recipients: recipients.into_iter().map(result).collect(),
        add: names(&add),
        remove: names(&remove),
        why,
        tries: group.tries,
        next,
        cause,
        asked: time::rfc3339(group.asked),
    })
}

fn result(one: Addressee) -> json::SendResult {
    let (state, why) = match one.delivery {
        Delivery::Waiting => ("waiting", None),
        Delivery::Taken => ("taken", None),
        Delivery::Deferred(reply) => ("deferred", Some(reply.to_string())),
        Delivery::Refused(reply) => ("refused", Some(reply.to_string())),
    };
    json::SendResult {
        address: one.address,
        state,
        why,
    }
}

/// `queue retry`.
pub fn retry(start: &mut Start, selection: &QueueSelection) -> Result<(), Failure> {
    let store = start.store()?;
    let reader = store.reader()?;
    let chosen = chosen(&reader, selection)?;
    let touched = queue::retry(&store, chosen.which).wait()?;
    let sent = outcome::send(start, &chosen.actions);
    let told = tell(start, &touched, "sent again");
    match outcome::refused(&reader, &chosen.actions)? {
        Some(refused) => Err(refused),
        None => sent.and(told),
    }
}

/// `queue drop`.
pub fn withdraw(start: &mut Start, selection: &QueueSelection) -> Result<(), Failure> {
    let store = start.store()?;
    let chosen = chosen(&store.reader()?, selection)?;
    let touched = queue::withdraw(&store, chosen.which).wait()?;
    tell(start, &touched, "taken back")
}

/// The operations that a call means, and the actions that they belong to.
struct Chosen {
    which: Which,
    actions: Vec<ActionId>,
}

/// `--unsure` alone names the unsure ones; `--all` leaves messages alone that may have been sent.
fn chosen(reader: &Reader, selection: &QueueSelection) -> Result<Chosen, Failure> {
    let mut groups = queue::list(reader)?;
    let which = if selection.all {
        Which::All
    } else if selection.unsure {
        groups.retain(|group| group.state == OperationState::Unsure);
        Which::Ids(groups.iter().map(|group| group.id).collect())
    } else {
        let ids: Vec<OperationId> = selection.ids.iter().map(|id| id.0).collect();
        let known: BTreeSet<OperationId> = groups
            .iter()
            .flat_map(|group| &group.ids)
            .copied()
            .collect();
        if let Some(id) = ids.iter().find(|id| !known.contains(id)) {
            return Err(Failure::new(format!("There is no operation {id}"))
                .hint("Nothing was changed; `lacebark queue list` prints the IDs."));
        }
        groups.retain(|group| group.ids.iter().any(|id| ids.contains(id)));
        Which::Ids(ids)
    };
    let actions: BTreeSet<ActionId> = groups.iter().map(|group| group.action).collect();
    Ok(Chosen {
        which,
        actions: actions.into_iter().collect(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_off_says_how_often_it_was_tried() {
        let check = |count: u32, words: &str| assert_eq!(tried(count), words);
        check(0, "not tried yet");
        check(1, "tried once");
        check(2, "tried 2 times");
    }
}
