//! What waits, in the words of the Queue and of what needs the user.

use crate::model::journal::Cause as Failure;
use crate::model::{Delivery, FlagChange, Flags, OperationKind, OperationState};
use crate::ops::queue::Line;
use crate::store::outgoing::Addressee;
use crate::tui::app::view::{Cause, Need, Waiting};
use crate::tui::screen::queue::state::{UNSURE, conflict};

/// One line of the Queue.
pub(super) fn waiting(line: Line) -> Waiting {
    Waiting {
        id: line.first.id,
        action: line.first.action,
        kind: line.first.kind.word(),
        what: what(&line),
        detail: detail(&line),
        account: line.account,
        state: line.first.state,
        count: line.count,
        tries: line.first.tries,
        asked: line.first.asked,
    }
}

/// The same as something that needs the user; `None` while it needs nobody. `title` is what the
/// account is called.
pub(super) fn need(line: &Line, title: String) -> Option<Need> {
    let id = line.first.id;
    let what = what(line);
    let inner = lower(&what);
    let sends = matches!(line.first.kind, OperationKind::Submit { .. });
    let (cause, text, hint) = match &line.first.state {
        OperationState::Queued { .. } | OperationState::InFlight { .. } => return None,
        OperationState::Unsure if sends => (
            Cause::Unsure(id),
            format!("Unsure: {inner}. The link broke after its end had left: it may have arrived."),
            "It goes by itself once it is found in the folder for sent mail. R sends it again: who \
             has it gets it twice. X gives it up."
                .to_owned(),
        ),
        OperationState::Failed { why, .. } if sends => (
            Cause::Operation(id),
            format!("Refused: {inner}{}. The answer was: \"{why}\"", reached(line)),
            "E makes a draft of it again, to be mended. R sends it again as it is, to who does not \
             have it. X gives it up."
                .to_owned(),
        ),
        OperationState::Unsure => (
            Cause::Unsure(id),
            format!("Unsure: {inner}. {UNSURE}"),
            "R sends it again now; X takes it back, whether or not it was done.".to_owned(),
        ),
        OperationState::Failed { why, cause } => match conflict(*cause) {
            Some(words) => (
                Cause::Conflict(id, *cause),
                format!("Conflict: {inner}. {words}"),
                answers(*cause, &line.first.kind).to_owned(),
            ),
            None => (
                Cause::Operation(id),
                format!("Refused: {inner}. The answer was: \"{why}\""),
                "R sends it again; X takes it back: then what the server has is shown.".to_owned(),
            ),
        },
    };
    let mut detail = detail(line);
    if let OperationState::Failed { why, cause } = &line.first.state
        && cause.is_conflict()
    {
        detail.insert(0, format!("It was noted: {why}"));
    }
    Some(Need {
        cause,
        account: line.account.clone(),
        what,
        title,
        is_submission: matches!(line.first.kind, OperationKind::Submit { .. }),
        text,
        hint,
        detail: detail.join("\n"),
    })
}

/// What the two answers to a conflict do.
fn answers(cause: Failure, kind: &OperationKind) -> &'static str {
    match (cause, kind) {
        (Failure::Gone, OperationKind::Move { .. } | OperationKind::Copy { .. }) => {
            "K does it from where the message is now, or uploads it again if it is gone and kept \
             here. T leaves it as the other program has it."
        }
        (Failure::Arrived, _) => {
            "K deletes the folder all the same, with that mail. T keeps the folder."
        }
        (Failure::MailboxGone, _) => {
            "K makes the folder again and goes on. T takes the change back."
        }
        (Failure::Renumbered, _) => {
            "K sends it for the message as it is numbered now. T takes the change back."
        }
        (Failure::Gone | Failure::Refused, _) => {
            "K sends it again. T leaves it as the other program has it."
        }
    }
}

/// How many of several have it, where somebody has.
fn reached(line: &Line) -> String {
    let all = line.recipients.len();
    let taken = |one: &&Addressee| one.delivery == Delivery::Taken;
    match line.recipients.iter().filter(taken).count() {
        0 => String::new(),
        some => format!(" ({some} of {all} have it)"),
    }
}

/// What became of it for one recipient, in the server's words.
fn result(one: &Addressee) -> String {
    let said = match &one.delivery {
        Delivery::Waiting => "waits".to_owned(),
        Delivery::Taken => "taken".to_owned(),
        Delivery::Deferred(reply) => format!("later: \"{reply}\""),
        Delivery::Refused(reply) => format!("refused: \"{reply}\""),
    };
    format!("{}: {said}", one.address)
}

fn detail(line: &Line) -> Vec<String> {
    let mut detail: Vec<String> = line.recipients.iter().map(result).collect();
    if let Some(from) = &line.from {
        detail.push(format!("From: {from}"));
    }
    if let Some(to) = &line.to {
        detail.push(format!("To: {to}"));
    }
    detail.push(format!("Account: {}", line.account));
    let operations = match line.count {
        1 => "operation".to_owned(),
        count => format!("{count} operations, the first"),
    };
    detail.push(format!(
        "In the queue as {operations} {} (`lacebark queue` knows it by that number).",
        line.first.id
    ));
    detail
}

/// `Move 3 messages to Receipts`.
pub(super) fn what(line: &Line) -> String {
    let whom = match (&line.subject, line.count) {
        (Some(subject), 1) if !subject.trim().is_empty() => format!("\"{}\"", subject.trim()),
        (_, 1) => "a message".to_owned(),
        (_, count) => format!("{count} messages"),
    };
    let to = line.to.as_deref().unwrap_or("a folder that is gone");
    let mailbox = line.mailbox.as_deref().unwrap_or("that is gone");
    match &line.first.kind {
        OperationKind::Flag { change, .. } => flags(change, &whom),
        OperationKind::Move { .. } => format!("Move {whom} to {to}"),
        OperationKind::Copy { .. } => format!("Copy {whom} to {to}"),
        OperationKind::Append { .. } => format!("Upload {whom} to {to}"),
        OperationKind::Expunge { after: None, .. } => format!("Delete {whom} for good"),
        OperationKind::Expunge { after: Some(_), .. } => {
            format!("Delete {whom} here, once uploaded to the other account")
        }
        OperationKind::Create { name, .. } => format!("Make the folder {name}"),
        OperationKind::Rename { to, .. } => {
            let from = line.known_as.as_deref().unwrap_or(mailbox);
            format!("Rename the folder {from} to {to}")
        }
        OperationKind::Remove { .. } => format!("Delete the folder {mailbox}"),
        OperationKind::Subscribe {
            subscribed: true, ..
        } => format!("Subscribe the folder {mailbox}"),
        OperationKind::Subscribe {
            subscribed: false, ..
        } => format!("Unsubscribe the folder {mailbox}"),
        OperationKind::Submit { subject, .. } => match subject.trim() {
            "" => "Send a message without a subject".to_owned(),
            subject => format!("Send \"{subject}\""),
        },
    }
}

fn flags(change: &FlagChange, whom: &str) -> String {
    let only = |set: &Flags, bit: u8, rest: &Flags| *set == Flags::of(bit) && rest.is_empty();
    let (add, remove) = (&change.add, &change.remove);
    if only(add, Flags::SEEN, remove) {
        return format!("Mark {whom} read");
    }
    if only(remove, Flags::SEEN, add) {
        return format!("Mark {whom} unread");
    }
    if only(add, Flags::FLAGGED, remove) {
        return format!("Mark {whom} important");
    }
    if only(remove, Flags::FLAGGED, add) {
        return format!("Mark {whom} not important");
    }
    let names = |flags: &Flags| flags.names().collect::<Vec<_>>().join(" ");
    match (add.is_empty(), remove.is_empty()) {
        (_, true) => format!("Set {} on {whom}", names(add)),
        (true, false) => format!("Clear {} on {whom}", names(remove)),
        (false, false) => format!("Set {} and clear {} on {whom}", names(add), names(remove)),
    }
}

/// The same to go on with behind a colon.
pub(super) fn lower(what: &str) -> String {
    let mut letters = what.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountKey, ActionId, Operation, OperationId, Reply};

    fn line(state: OperationState, deliveries: &[Delivery]) -> Line {
        let recipients = deliveries
            .iter()
            .enumerate()
            .map(|(at, delivery)| Addressee {
                address: format!("r{at}@example.test"),
                delivery: delivery.clone(),
            });
        Line {
            first: Operation {
                id: OperationId(7),
                action: ActionId(1),
                account: AccountKey(1),
                mailbox: None,
                kind: OperationKind::Submit {
                    message_id: "a@b".to_owned(),
                    subject: "Photos".to_owned(),
                },
                state,
                tries: 1,
                asked: 0,
            },
            count: 1,
            account: "work".to_owned(),
            from: None,
            to: None,
            mailbox: None,
            known_as: None,
            subject: Some("Photos".to_owned()),
            recipients: recipients.collect(),
        }
    }

    #[test]
    fn r2_what_was_refused_is_told_with_the_servers_words_for_each() {
        let no = Reply {
            code: 550,
            status: Some("5.1.1".to_owned()),
            text: "no such user".to_owned(),
        };
        let state = OperationState::Failed {
            why: no.to_string(),
            cause: Failure::Refused,
        };
        let refused = line(state, &[Delivery::Taken, Delivery::Refused(no)]);
        let told = need(&refused, "alice@x".to_owned()).unwrap();
        assert!(told.is_urgent() && told.is_submission);
        assert_eq!(
            told.text,
            "Refused: send \"Photos\" (1 of 2 have it). The answer was: \"550 5.1.1 no such user\""
        );
        assert!(told.detail.starts_with(
            "r0@example.test: taken\nr1@example.test: refused: \"550 5.1.1 no such user\"\n"
        ));
        // What may have left waits for a person too, though it is looked for.
        let unsure = line(OperationState::Unsure, &[Delivery::Waiting]);
        let told = need(&unsure, "alice@x".to_owned()).unwrap();
        assert!(told.is_urgent() && told.text.contains("may have arrived"));
        let waits = line(OperationState::Queued { put_off: None }, &[]);
        assert_eq!(need(&waits, String::new()), None);
    }
}
