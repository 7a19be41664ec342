//! The Outbox as the screen shows it, and one of its messages to read.

use crate::mime::document::{Document, View};
use crate::mime::{sanitize, wrap};
use crate::model::{Address, OperationId, Recipient};
use crate::ops::send;
use crate::store::outgoing::Outgoing;
use crate::store::{Reader, Refusal, Store, StoreError, accounts, contents};
use crate::tui::app::event::{Answer, Ended};
use crate::tui::app::view::{Leaving, OutgoingText};

use super::files;

/// Octets of a message that are looked at: its text is its first part.
const HEAD: u64 = 1 << 20;
/// Lines of its text.
const LINES: usize = 20_000;

/// Everything that has not left, in the order in which it was queued.
pub fn list(reader: &Reader) -> Result<Answer, StoreError> {
    let known = accounts::all(reader)?;
    let all = send::list(reader)?;
    let lines = all.into_iter().map(|out| {
        let account = known.iter().find(|one| one.key == out.account);
        leaving(out, account.map_or("", |one| one.id.as_str()))
    });
    Ok(Answer::Outbox(lines.collect()))
}

fn leaving(out: Outgoing, account: &str) -> Leaving {
    Leaving {
        id: out.operation,
        account: account.to_owned(),
        to: to(&out),
        subject: out.subject.clone(),
        queued: out.queued,
        later: out.later,
        held: out.why.clone(),
        done: out.done,
        size: out.size,
        recipients: out
            .recipients
            .into_iter()
            .map(|one| (one.address, one.delivery))
            .collect(),
        state: out.state,
    }
}

/// The first whom it goes to, as a list names them.
fn to(out: &Outgoing) -> String {
    let named = out.draft.as_ref().and_then(|draft| {
        let fields = [&draft.to, &draft.cc, &draft.bcc];
        let first = fields.into_iter().flatten().next()?;
        Some(match first {
            Recipient::One(one) => sanitize::sender(std::slice::from_ref(one)).into_string(),
            Recipient::Group { name, .. } => name.clone(),
        })
    });
    let bare = || out.recipients.first().map(|one| one.address.clone());
    named.or_else(bare).unwrap_or_default()
}

/// Header and text of a message as they were frozen.
pub fn read(reader: &Reader, id: OperationId, width: u16) -> Result<Answer, StoreError> {
    let Some(out) = send::find(reader, id)? else {
        return Ok(Answer::Outgoing(None));
    };
    let about = contents::get(reader, out.copy)?;
    let list = |all: &[Address]| {
        let all: Vec<String> = all
            .iter()
            .map(|one| sanitize::full(one).into_string())
            .collect();
        all.join(", ")
    };
    let envelope = &about.envelope;
    let attached: Vec<String> = about.structure.as_ref().map_or(Vec::new(), |tree| {
        let parts = tree.attachments();
        parts.iter().map(|part| part.filename.clone()).collect()
    });
    let mut head = vec![
        ("From", list(&envelope.from)),
        ("To", list(&envelope.to)),
        ("Cc", list(&envelope.cc)),
        ("Bcc", list(&envelope.bcc)),
        ("Attach", attached.join(", ")),
    ];
    head.retain(|(_, text)| !text.is_empty());
    head.push(("Subject", out.subject.clone()));
    let octets = send::head(reader, &out, HEAD)?;
    let view = View {
        width: usize::from(width),
        offset_at: Some(files::offset_at),
        ..View::default()
    };
    let document = Document::of_message(&octets, &view);
    let unfolded = (0..document.folds.len()).collect();
    let mut layout = wrap::Layout::new(usize::from(width.min(100)), unfolded);
    let rows = layout.rows(&document, LINES);
    let body = rows
        .iter()
        .map(|row| row.spans.iter().map(|span| span.text.as_str()).collect())
        .collect();
    Ok(Answer::Outgoing(Some(Box::new(OutgoingText {
        head,
        body,
    }))))
}

/// Throws a message away; called on the waiting thread.
pub fn discard(store: &Store, id: OperationId) -> Ended {
    match send::discard(store, id).wait() {
        Ok(subject) => Ended::Done(match subject.trim() {
            "" => "The message is discarded; it was not sent.".to_owned(),
            subject => format!("\"{subject}\" is discarded."),
        }),
        Err(StoreError::Refused(Refusal::UnderWay)) => {
            Ended::Failed("It is with the server just now: nothing was changed.".to_owned())
        }
        Err(StoreError::Missing { .. }) => {
            Ended::Done("It is not in the Outbox any more.".to_owned())
        }
        Err(error) => Ended::Failed(format!("Not discarded: {error}.")),
    }
}
