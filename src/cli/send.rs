//! `send`: a message into the outbox and on its way, as a script or a program that expects sendmail
//! wants it.
//!
//! With `-t` or a recipient behind the options standard input is a whole message; without them the
//! options compose one. Either way its bytes are frozen first, it is in the outbox before anything is
//! sent, and exit code 0 means that the server took it for everybody (or, with `--queue-only`, that
//! it is in the outbox).

pub(super) mod letter;

use std::io::{self, IsTerminal};
use std::time::Duration;

use self::letter::Written;
use super::args::Send;
use super::error::{Failure, sentence};
use super::start::Start;
use super::{json, online};
use crate::model::{AccountKey, Delivery, OperationId, OperationState};
use crate::ops;
use crate::ops::send::{When, freeze_letter, submit};
use crate::store::outgoing::{self, Fresh, Outgoing};

/// How long a send is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same with `--wait`.
const LONG: Duration = Duration::from_secs(600);
/// From so many octets on it is shown how far the reading is.
const MANY: u64 = 4 << 20;

/// `send`.
pub fn run(start: &mut Start, arguments: &Send) -> Result<(), Failure> {
    let written = letter::written(start, arguments)?;
    let account = written.account.clone();
    if account.smtp.is_none() {
        return Err(
            Failure::new(format!("The account {} has no outgoing server", account.id))
                .hint("Name it in the settings: smtp = \"smtps://HOST\"."),
        );
    }
    let store = start.store()?;
    let key = ops::accounts::ensure(&store, &account.id, account.stored_kind()).wait()?;
    let (id, subject) = queued(start, key, &written)?;
    if arguments.queue_only {
        return told(start, id, "queued", "In the outbox.");
    }
    let patience = if arguments.wait { LONG } else { PATIENCE };
    let delivered = online::submit(start, &account, id, patience);
    match outgoing::find(&store.reader()?, id)? {
        None => told(start, id, "sent", ""),
        Some(out) => {
            if start.out.json {
                told(start, id, out.state.word(), "")?;
            }
            Err(not_sent(&out, &subject, delivered.err()))
        }
    }
}

fn told(
    start: &mut Start,
    id: OperationId,
    state: &'static str,
    line: &str,
) -> Result<(), Failure> {
    if start.out.json {
        return start.out.object(&json::SentMessage { id: id.0, state });
    }
    // A sendmail that did its work says nothing.
    match line.is_empty() {
        true => Ok(()),
        false => start.out.line(line),
    }
}

/// Why a message still stands in the outbox.
fn not_sent(out: &Outgoing, subject: &str, failed: Option<Failure>) -> Failure {
    let id = out.operation;
    let each = |mut failure: Failure| {
        for one in &out.recipients {
            failure = match &one.delivery {
                Delivery::Refused(reply) | Delivery::Deferred(reply) => {
                    failure.cause(format!("{}: the server says \"{reply}\"", one.address))
                }
                Delivery::Waiting | Delivery::Taken => failure,
            };
        }
        failure
    };
    let taken = out
        .recipients
        .iter()
        .filter(|one| one.delivery == Delivery::Taken)
        .count();
    let whom = match taken {
        0 => String::new(),
        some => format!(" to all: {some} of {} have it", out.recipients.len()),
    };
    match &out.state {
        OperationState::Failed { why, .. } => {
            let failure = each(Failure::new(format!("\"{subject}\" was not sent{whom}")));
            let failure = match failure.causes.is_empty() {
                true => failure.cause(why),
                false => failure,
            };
            failure.hint(format!(
                "It waits in the outbox: `lacebark queue retry {id}` tries again, `drop {id}` gives it \
                 up; E in the Outbox of the screen mends it."
            ))
        }
        OperationState::Unsure => Failure::new(format!(
            "It is not known whether \"{subject}\" was sent"
        ))
        .cause("the link was lost after its end had left")
        .hint(format!(
            "It is not sent again by itself; `lacebark queue retry {id}` does, `drop {id}` gives it up."
        )),
        OperationState::Queued { .. } | OperationState::InFlight { .. } => {
            let mut failure = each(Failure::queued(format!("Queued: \"{subject}\" waits{whom}")));
            if !out.why.is_empty() {
                failure = failure.cause(sentence(&out.why));
            }
            if let Some(failed) = failed {
                if failed.exit == super::error::Exit::SignIn {
                    failure.exit = failed.exit;
                }
                if failure.causes.is_empty() {
                    failure = failure.cause(failed.error);
                }
            }
            failure.hint("It is sent when the server takes it; `lacebark sync` tries now.")
        }
    }
}

/// Freezes the octets and puts the message into the outbox.
fn queued(
    start: &Start,
    account: AccountKey,
    written: &Written,
) -> Result<(OperationId, String), Failure> {
    let store = start.store()?;
    let letter = &written.letter;
    let terminal = io::stderr().is_terminal();
    let mut progress = |octets: u64| {
        if terminal && octets > MANY {
            show(octets, letter.size);
        }
    };
    let mut open = |at: usize| written.open(at);
    let frozen = freeze_letter(&store, account, letter, &mut open, &mut progress);
    let (wire, copy) = frozen
        .map_err(|error| Failure::new("The message was not put into the outbox").cause(error))?;
    let subject = letter.envelope.subject.clone();
    let fresh = Fresh {
        account,
        wire,
        copy,
        sender: letter.sender.clone(),
        recipients: letter.recipients.clone(),
        eight_bit: letter.eight_bit,
        utf8: letter.utf8,
        message_id: letter.message_id.clone(),
        subject: subject.clone(),
        bcc: Vec::new(),
        draft: None,
        later: None,
    };
    let queued = submit(&store, fresh, None, When::Now).wait()?;
    Ok((queued.operation, subject))
}

fn show(done: u64, all: u64) {
    use io::Write as _;
    let percent = done.saturating_mul(100) / all.max(1);
    // What is shown on the way is no result.
    let _ = write!(io::stderr().lock(), "\rreading {} %\r", percent.min(100));
}
