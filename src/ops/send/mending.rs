//! A draft of a message that a command handed over whole, so that a person can mend what was refused.
//!
//! Its text is what is read of it, its attachments are parts of the frozen bytes. It goes to whom the
//! envelope named and who does not have it yet; whom the header names besides is left out, because
//! the message was never meant to go there now, and whom only the envelope named stands in Bcc.

use crate::mime::document::{Document, View};
use crate::mime::{content, envelope, reply, structure};
use crate::model::{Address, Delivery, Draft, Recipient};
use crate::ops::message;
use crate::store::outgoing::Outgoing;
use crate::store::{Rows, StoreError, accounts};

/// The draft; `None` where the bytes are not here.
pub(super) fn draft(rows: &impl Rows, out: &Outgoing) -> Result<Option<Draft>, StoreError> {
    let Some(raw) = message::raw(rows, out.copy)? else {
        return Ok(None);
    };
    let (tree, _) = structure::of_message(&raw);
    let mut head = envelope::of_message(&raw);
    let open = |one: &Address| {
        out.recipients.iter().any(|to| {
            to.delivery != Delivery::Taken && to.address.eq_ignore_ascii_case(&one.address)
        })
    };
    for field in [&mut head.to, &mut head.cc, &mut head.bcc] {
        field.retain(open);
    }
    if head.from.is_empty() {
        head.from = vec![bare(&out.sender)];
    }
    let typed = reply::typed_part(&tree).and_then(|part| {
        let (_, bytes) = content::of_part(&raw, &part.path)?;
        Some(reply::typed(part, &bytes))
    });
    let text = typed.unwrap_or_else(|| Document::of_message(&raw, &View::default()).text());
    let mut draft = reply::pattern(&head, out.copy, Some(&tree), &text);
    let named = |address: &str| {
        let mut all = head.to.iter().chain(&head.cc).chain(&head.bcc);
        all.any(|one| one.address.eq_ignore_ascii_case(address))
    };
    let blind = out
        .recipients
        .iter()
        .filter(|to| to.delivery != Delivery::Taken && !named(&to.address))
        .map(|to| Recipient::One(bare(&to.address)));
    draft.bcc.extend(blind);
    draft.account = accounts::get(rows, out.account)?.id;
    Ok(Some(draft))
}

fn bare(address: &str) -> Address {
    Address {
        name: String::new(),
        address: address.to_owned(),
    }
}
