//! What waits in the world: needs of every kind, and a queue in every state.

use crate::model::journal::{Cause as Failure, PutOff};
use crate::model::{ActionId, OperationId, OperationState};
use crate::tui::app::view::{Cause, Need, Waiting};

use super::world::NOW;

pub fn needs() -> Vec<Need> {
    vec![
        Need {
            cause: Cause::SignIn,
            account: "bob".to_owned(),
            what: String::new(),
            title: "bob@example.test".to_owned(),
            is_submission: false,
            text: "Sign-in to imap.example.test refused: \"[AUTHENTICATIONFAILED] Invalid credentials\""
                .to_owned(),
            hint: "Not retried before a new password is given.".to_owned(),
            detail: String::new(),
        },
        Need {
            cause: Cause::Operation(OperationId(3)),
            account: "alice".to_owned(),
            what: "Mark 2 messages read".to_owned(),
            title: "alice@example.test".to_owned(),
            is_submission: false,
            text: "Refused: mark 2 messages read. The answer was: \"Mailbox is read-only\""
                .to_owned(),
            hint: String::new(),
            detail: String::new(),
        },
        Need {
            cause: Cause::Conflict(OperationId(9), Failure::Gone),
            account: "alice".to_owned(),
            what: "Move \"Train tickets\" to Receipts".to_owned(),
            title: "alice@example.test".to_owned(),
            is_submission: false,
            text: "Conflict: move \"Train tickets\" to Receipts. Another program moved or \
                   deleted it first."
                .to_owned(),
            hint: "K does it from where the message is now. T leaves it.".to_owned(),
            detail: "From: INBOX\nTo: Receipts".to_owned(),
        },
        Need {
            cause: Cause::Unsure(OperationId(12)),
            account: "alice".to_owned(),
            what: "Copy 4 messages to Work".to_owned(),
            title: "alice@example.test".to_owned(),
            is_submission: false,
            text: "Unsure: copy 4 messages to Work. The link broke before the answer came. The \
                   next connection looks whether it was done."
                .to_owned(),
            hint: String::new(),
            detail: String::new(),
        },
    ]
}

pub fn waits(id: i64, what: &str, count: u64, state: OperationState) -> Waiting {
    Waiting {
        tries: u32::from(id == 32) * 2,
        id: OperationId(id),
        action: ActionId(id),
        kind: "move",
        account: if id == 40 { "bob" } else { "alice" }.to_owned(),
        state,
        count,
        asked: NOW - 60 * id,
        what: what.to_owned(),
        detail: vec!["From: INBOX".to_owned(), "To: Receipts".to_owned()],
    }
}

pub fn failed(why: &str, cause: Failure) -> OperationState {
    OperationState::Failed {
        why: why.to_owned(),
        cause,
    }
}

pub fn queue() -> Vec<Waiting> {
    let now = OperationState::Queued { put_off: None };
    let later = OperationState::Queued {
        put_off: Some(PutOff {
            until: NOW + 45,
            why: "[LIMIT] Too many connections".to_owned(),
        }),
    };
    vec![
        waits(
            3,
            "Mark 2 messages read",
            2,
            failed("Mailbox is read-only", Failure::Refused),
        ),
        waits(
            9,
            "Move \"Train tickets\" to Receipts",
            1,
            failed("the message is not there any more", Failure::Gone),
        ),
        waits(12, "Copy 4 messages to Work", 4, OperationState::Unsure),
        waits(
            20,
            "Move 1000 messages to Work/Projects",
            1000,
            OperationState::InFlight { attempt: 1 },
        ),
        waits(31, "Make the folder Receipts/2026", 1, now.clone()),
        waits(32, "Delete the folder Old", 1, later),
        waits(40, "Delete \"Password reset\" for good", 1, now),
    ]
}
